/* SPDX-License-Identifier: MIT */
/* publication_filter.h - what publications can be filtered by (reference 4.11). */
#ifndef DOMAIN_PUBLICATION_FILTER_H
#define DOMAIN_PUBLICATION_FILTER_H

#include "domain/filter.h"

/* The ids of publication_filter_fields. */
enum publication_filter_field {
    PFILTER_CUSTOMER_ID,
    PFILTER_CAMPAIGN_NAME,
    PFILTER_SOURCE_ID,
    PFILTER_RESULT,       /* what fails leaves no publication: 0, the first name, for all */
    PFILTER_FAILURE_CODE, /* so nobody has one */
    PFILTER_VOUCHER_TYPE, /* enum voucher_type - 1 */
    PFILTER_IS_REFERRAL_CODE,
    PFILTER_COUNT
};

extern const struct filter_fields publication_filter_fields;

#endif
