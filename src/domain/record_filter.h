/* SPDX-License-Identifier: MIT */
/* record_filter.h - what every record can be filtered by (reference 4.5). */
#ifndef DOMAIN_RECORD_FILTER_H
#define DOMAIN_RECORD_FILTER_H

#include "domain/filter.h"

/* The ids of record_filter_fields. */
enum record_filter_field { RFILTER_CREATED_AT, RFILTER_UPDATED_AT, RFILTER_COUNT };

extern const struct filter_fields record_filter_fields;

#endif
