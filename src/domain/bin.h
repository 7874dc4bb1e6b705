/* SPDX-License-Identifier: MIT */
/* bin.h - what entries of the bin can be filtered by (reference 4.10). */
#ifndef DOMAIN_BIN_H
#define DOMAIN_BIN_H

#include "domain/filter.h"

/* The ids of bin_filter_fields. */
enum bin_filter_field {
    BFILTER_ID,
    BFILTER_RESOURCE_TYPE, /* by its name */
    BFILTER_RESOURCE_NAME,
    BFILTER_RESOURCE_ID,
    BFILTER_COUNT
};

extern const struct filter_fields bin_filter_fields;

#endif
