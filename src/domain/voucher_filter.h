/* SPDX-License-Identifier: MIT */
/* voucher_filter.h - what vouchers can be filtered by (reference 4.3.4). */
#ifndef DOMAIN_VOUCHER_FILTER_H
#define DOMAIN_VOUCHER_FILTER_H

#include "domain/filter.h"

/* The ids of voucher_filter_fields. */
enum voucher_filter_field {
    VFILTER_CODE,
    VFILTER_ID,       /* ids, or codes */
    VFILTER_CAMPAIGN, /* by name */
    VFILTER_CAMPAIGN_ID,
    VFILTER_CATEGORY,    /* by name */
    VFILTER_CATEGORY_ID, /* by id */
    VFILTER_ACTIVE,
    VFILTER_REDEEMED_QUANTITY,
    VFILTER_QUANTITY,
    VFILTER_REDEEMED_AMOUNT,
    VFILTER_REDEMPTION_STATUS,
    VFILTER_IS_REFERRAL_CODE,
    VFILTER_CREATED_AT,
    VFILTER_UPDATED_AT,
    VFILTER_START_DATE,
    VFILTER_EXPIRATION_DATE,
    VFILTER_VALIDITY_TIMEFRAME,
    VFILTER_VALIDITY_DAY_OF_WEEK,
    VFILTER_HOLDER_ID,
    VFILTER_PUBLISHED_FOR_CUSTOMER_ID,
    VFILTER_TYPE,
    VFILTER_METADATA,
    VFILTER_COUNT
};

/* Choices of redemption_status; the last is one of the first as well. */
enum redemption_status {
    REDEMPTION_REDEEMED,       /* at least once */
    REDEMPTION_NOT_REDEEMED,   /* never */
    REDEMPTION_FULLY_REDEEMED, /* as often as it may be */
    REDEMPTION_STATUS_COUNT
};

extern const struct filter_fields voucher_filter_fields;

/* Does it ask for certain ids or codes only, so that nothing else need be looked at? */
bool voucher_filter_is_narrow(const struct filter *f); /* NULL: no */

#endif
