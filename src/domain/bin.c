/* SPDX-License-Identifier: MIT */
/* bin.c - see bin.h. */
#include "domain/bin.h"

static const struct filter_field rows[] = {
    { "id", BFILTER_ID, FILTER_ID, NULL, NULL },
    { "resource_type", BFILTER_RESOURCE_TYPE, FILTER_TEXT, NULL, NULL },
    { "resource_name", BFILTER_RESOURCE_NAME, FILTER_TEXT, NULL, NULL },
    { "resource_id", BFILTER_RESOURCE_ID, FILTER_ID, NULL, NULL },
};

const struct filter_fields bin_filter_fields = { rows, ARRAY_LEN(rows) };
