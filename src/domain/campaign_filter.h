/* SPDX-License-Identifier: MIT */
/* campaign_filter.h - what campaigns can be filtered by (reference 4.1). */
#ifndef DOMAIN_CAMPAIGN_FILTER_H
#define DOMAIN_CAMPAIGN_FILTER_H

#include "domain/filter.h"

/* The ids of campaign_filter_fields. */
enum campaign_filter_field {
    CFILTER_NAME,
    CFILTER_ID,
    CFILTER_CAMPAIGN_TYPE,   /* enum campaign_type - 1 */
    CFILTER_CREATION_STATUS, /* enum campaign_status - 1 */
    CFILTER_STATUS,          /* how far its codes are */
    CFILTER_ACTIVE,
    CFILTER_IS_REFERRAL_CODE,
    CFILTER_VOUCHER_TYPE,
    CFILTER_CATEGORY,    /* by name */
    CFILTER_CATEGORY_ID, /* by id */
    CFILTER_CODES,       /* enum campaign_codes_choice */
    CFILTER_CREATED_AT,
    CFILTER_UPDATED_AT,
    CFILTER_START_DATE,
    CFILTER_EXPIRATION_DATE,
    CFILTER_VALIDITY_TIMEFRAME,
    CFILTER_VALIDITY_DAY_OF_WEEK,
    CFILTER_METADATA,
    CFILTER_COUNT
};

/* Choices of `type`; BULK is two of the others. */
enum campaign_codes_choice {
    CODES_CHOICE_AUTO_UPDATE,
    CODES_CHOICE_BULK, /* has many codes: AUTO_UPDATE or STATIC */
    CODES_CHOICE_STANDALONE,
    CODES_CHOICE_STATIC,
    CODES_CHOICE_COUNT
};

extern const struct filter_fields campaign_filter_fields;

#endif
