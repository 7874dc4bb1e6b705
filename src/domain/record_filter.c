/* SPDX-License-Identifier: MIT */
/* record_filter.c - see record_filter.h. */
#include "domain/record_filter.h"

static const struct filter_field rows[] = {
    { .name = "created_at", RFILTER_CREATED_AT, FILTER_TIME },
    { .name = "updated_at", RFILTER_UPDATED_AT, FILTER_TIME },
};

const struct filter_fields record_filter_fields = { rows, ARRAY_LEN(rows) };
