/* SPDX-License-Identifier: MIT */
/* record_filter.h - what records can be filtered by (reference 4.5; exports: 4.12). */
#ifndef DOMAIN_RECORD_FILTER_H
#define DOMAIN_RECORD_FILTER_H

#include "domain/filter.h"

/* The ids of the tables below; those behind the first two are of some resources only. */
enum record_filter_field {
    RFILTER_CREATED_AT,
    RFILTER_UPDATED_AT,
    RFILTER_SOURCE_ID,
    RFILTER_METADATA,
    RFILTER_NAME,
    RFILTER_EMAIL,
    RFILTER_PHONE,
    RFILTER_BIRTHDAY,
    RFILTER_ADDRESS,
    RFILTER_STATUS,
    RFILTER_AMOUNT,
    RFILTER_DISCOUNT_AMOUNT,
    RFILTER_ITEMS_DISCOUNT_AMOUNT,
    RFILTER_TOTAL_DISCOUNT_AMOUNT,
    RFILTER_TOTAL_AMOUNT,
    RFILTER_COUNT
};

extern const struct filter_fields record_filter_fields; /* of any record */
extern const struct filter_fields customer_filter_fields, order_filter_fields;

#endif
