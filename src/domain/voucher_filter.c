/* SPDX-License-Identifier: MIT */
/* voucher_filter.c - see voucher_filter.h. */
#include "domain/voucher_filter.h"

static const char *const redemption_names[REDEMPTION_STATUS_COUNT + 1] = {
    [REDEMPTION_REDEEMED] = "redeemed",
    [REDEMPTION_NOT_REDEEMED] = "not_redeemed",
    [REDEMPTION_FULLY_REDEEMED] = "fully_redeemed",
};

/* The first row of an id is what filter_add_known takes. */
static const struct filter_field voucher_rows[] = {
    { .name = "code", VFILTER_CODE, FILTER_TEXT },
    { .name = "id", VFILTER_ID, FILTER_ID },
    { .name = "vouchers", VFILTER_ID, FILTER_ID },
    { .name = "campaigns", VFILTER_CAMPAIGN, FILTER_TEXT },
    { .name = "campaign", VFILTER_CAMPAIGN, FILTER_TEXT },
    { .name = "campaign_ids", VFILTER_CAMPAIGN_ID, FILTER_ID },
    { .name = "campaign_id", VFILTER_CAMPAIGN_ID, FILTER_ID },
    { .name = "categories", VFILTER_CATEGORY, FILTER_TEXT },
    { .name = "category", VFILTER_CATEGORY, FILTER_TEXT },
    { .name = "category_ids", VFILTER_CATEGORY_ID, FILTER_ID },
    { .name = "category_id", VFILTER_CATEGORY_ID, FILTER_ID },
    { .name = "active", VFILTER_ACTIVE, FILTER_STATE },
    { .name = "redemption.redeemed_quantity", VFILTER_REDEEMED_QUANTITY, FILTER_NUMBER },
    { .name = "redemption.quantity", VFILTER_QUANTITY, FILTER_NUMBER },
    { .name = "redemption.redeemed_amount", VFILTER_REDEEMED_AMOUNT, FILTER_NUMBER },
    { .name = "redemption_status",
      VFILTER_REDEMPTION_STATUS,
      FILTER_CHOICE,
      .names = redemption_names },
    { .name = "is_referral_code", VFILTER_IS_REFERRAL_CODE, FILTER_BOOL },
    { .name = "created_at", VFILTER_CREATED_AT, FILTER_TIME },
    { .name = "created_date", VFILTER_CREATED_AT, FILTER_TIME },
    { .name = "updated_at", VFILTER_UPDATED_AT, FILTER_TIME },
    { .name = "start_date", VFILTER_START_DATE, FILTER_TIME },
    { .name = "expiration_date", VFILTER_EXPIRATION_DATE, FILTER_TIME },
    { .name = "validity_timeframe",
      VFILTER_VALIDITY_TIMEFRAME,
      FILTER_OBJECT,
      .key = "validity_timeframe" },
    { .name = "validity_day_of_week",
      VFILTER_VALIDITY_DAY_OF_WEEK,
      FILTER_ANYTHING,
      .key = "validity_day_of_week" },
    { .name = "holder_id", VFILTER_HOLDER_ID, FILTER_ID },
    { .name = "published_for_customer_id", VFILTER_PUBLISHED_FOR_CUSTOMER_ID, FILTER_ID },
    { .name = "type", VFILTER_TYPE, FILTER_TEXT },
    { .name = "voucher_type", VFILTER_TYPE, FILTER_TEXT },
    { .name = "metadata.", VFILTER_METADATA, FILTER_ANYTHING },
};

const struct filter_fields voucher_filter_fields = { voucher_rows, ARRAY_LEN(voucher_rows) };

bool voucher_filter_is_narrow(const struct filter *f)
{
    for (; f != NULL; f = f->and) {
        for (const struct filter_condition *c = f->first; c != NULL; c = c->next) {
            const bool name = c->field->id == VFILTER_CODE || c->field->id == VFILTER_ID;
            if (name && (c->op == FILTER_IS || c->op == FILTER_IN) && (!f->any || f->n == 1))
                return true;
        }
    }
    return false;
}
