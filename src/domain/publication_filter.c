/* SPDX-License-Identifier: MIT */
/* publication_filter.c - see publication_filter.h. */
#include "domain/publication_filter.h"

static const char *const results[] = { "SUCCESS", "FAILURE", NULL };
static const char *const voucher_types[] = { "discount", "gift", "loyalty", NULL };

static const struct filter_field rows[] = {
    { .name = "customer_id", PFILTER_CUSTOMER_ID, FILTER_ID },
    { .name = "campaign_name", PFILTER_CAMPAIGN_NAME, FILTER_TEXT },
    { .name = "source_id", PFILTER_SOURCE_ID, FILTER_TEXT },
    { .name = "result", PFILTER_RESULT, FILTER_CHOICE, .names = results },
    { .name = "failure_code", PFILTER_FAILURE_CODE, FILTER_TEXT },
    { .name = "voucher_type", PFILTER_VOUCHER_TYPE, FILTER_CHOICE, .names = voucher_types },
    { .name = "is_referral_code", PFILTER_IS_REFERRAL_CODE, FILTER_BOOL },
};

const struct filter_fields publication_filter_fields = { rows, ARRAY_LEN(rows) };
