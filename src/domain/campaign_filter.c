/* SPDX-License-Identifier: MIT */
/* campaign_filter.c - see campaign_filter.h. */
#include "domain/campaign_filter.h"

#include "domain/campaign.h"

static const char *const codes_names[CODES_CHOICE_COUNT + 1] = {
    [CODES_CHOICE_AUTO_UPDATE] = "AUTO_UPDATE",
    [CODES_CHOICE_BULK] = "BULK",
    [CODES_CHOICE_STANDALONE] = "STANDALONE",
    [CODES_CHOICE_STATIC] = "STATIC",
};

/* The first row of an id is what filter_add_known takes. */
static const struct filter_field rows[] = {
    { .name = "campaigns", CFILTER_NAME, FILTER_TEXT },
    { .name = "name", CFILTER_NAME, FILTER_TEXT },
    { .name = "campaigns_id", CFILTER_ID, FILTER_ID }, /* so spelled by the API */
    { .name = "campaign_ids", CFILTER_ID, FILTER_ID },
    { .name = "id", CFILTER_ID, FILTER_ID },
    { .name = "campaign_type",
      CFILTER_CAMPAIGN_TYPE,
      FILTER_CHOICE,
      .names = &campaign_type_names[1] },
    { .name = "campaign_status",
      CFILTER_CREATION_STATUS,
      FILTER_CHOICE,
      .names = &campaign_status_names[1] },
    { .name = "status", CFILTER_STATUS, FILTER_PROGRESS },
    { .name = "active", CFILTER_ACTIVE, FILTER_STATE },
    { .name = "is_referral_code", CFILTER_IS_REFERRAL_CODE, FILTER_BOOL },
    { .name = "voucher_type", CFILTER_VOUCHER_TYPE, FILTER_TEXT },
    { .name = "categories", CFILTER_CATEGORY, FILTER_TEXT },
    { .name = "category", CFILTER_CATEGORY, FILTER_TEXT },
    { .name = "category_ids", CFILTER_CATEGORY_ID, FILTER_ID },
    { .name = "category_id", CFILTER_CATEGORY_ID, FILTER_ID },
    { .name = "type", CFILTER_CODES, FILTER_CHOICE, .names = codes_names },
    { .name = "created_date", CFILTER_CREATED_AT, FILTER_TIME },
    { .name = "created_at", CFILTER_CREATED_AT, FILTER_TIME },
    { .name = "updated_at", CFILTER_UPDATED_AT, FILTER_TIME },
    { .name = "start_date", CFILTER_START_DATE, FILTER_TIME },
    { .name = "expiration_date", CFILTER_EXPIRATION_DATE, FILTER_TIME },
    { .name = "validity_timeframe",
      CFILTER_VALIDITY_TIMEFRAME,
      FILTER_OBJECT,
      .key = "validity_timeframe" },
    { .name = "validity_day_of_week",
      CFILTER_VALIDITY_DAY_OF_WEEK,
      FILTER_ANYTHING,
      .key = "validity_day_of_week" },
    { .name = "metadata.", CFILTER_METADATA, FILTER_ANYTHING },
};

const struct filter_fields campaign_filter_fields = { rows, ARRAY_LEN(rows) };
