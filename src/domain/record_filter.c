/* SPDX-License-Identifier: MIT */
/* record_filter.c - see record_filter.h. */
#include "domain/record_filter.h"

#define EVERY_RECORD                                                                               \
    { .name = "created_at", RFILTER_CREATED_AT, FILTER_TIME },                                     \
    {                                                                                              \
        .name = "updated_at", RFILTER_UPDATED_AT, FILTER_TIME                                      \
    }
#define EXPORTED_RECORD                                                                            \
    EVERY_RECORD, { .name = "source_id", RFILTER_SOURCE_ID, FILTER_TEXT },                         \
    {                                                                                              \
        .name = "metadata.", RFILTER_METADATA, FILTER_ANYTHING                                     \
    }

static const struct filter_field rows[] = { EVERY_RECORD };
const struct filter_fields record_filter_fields = { rows, ARRAY_LEN(rows) };

static const struct filter_field customer_rows[] = {
    EXPORTED_RECORD,
    { .name = "name", RFILTER_NAME, FILTER_TEXT },
    { .name = "email", RFILTER_EMAIL, FILTER_TEXT },
    { .name = "phone", RFILTER_PHONE, FILTER_TEXT },
    { .name = "birthday", RFILTER_BIRTHDAY, FILTER_TEXT },
    { .name = "city", RFILTER_ADDRESS, FILTER_ANYTHING, .key = "city" },
    { .name = "address.", RFILTER_ADDRESS, FILTER_ANYTHING },
};
const struct filter_fields customer_filter_fields = { customer_rows, ARRAY_LEN(customer_rows) };

static const struct filter_field order_rows[] = {
    EXPORTED_RECORD,
    { .name = "status", RFILTER_STATUS, FILTER_TEXT },
    { .name = "amount", RFILTER_AMOUNT, FILTER_NUMBER },
    { .name = "discount_amount", RFILTER_DISCOUNT_AMOUNT, FILTER_NUMBER },
    { .name = "items_discount_amount", RFILTER_ITEMS_DISCOUNT_AMOUNT, FILTER_NUMBER },
    { .name = "total_discount_amount", RFILTER_TOTAL_DISCOUNT_AMOUNT, FILTER_NUMBER },
    { .name = "total_amount", RFILTER_TOTAL_AMOUNT, FILTER_NUMBER },
};
const struct filter_fields order_filter_fields = { order_rows, ARRAY_LEN(order_rows) };
