/* SPDX-License-Identifier: MIT */
/* campaign_filter.c - the fields that campaigns are filtered by, in SQL. */
#include "domain/campaign_filter.h"

#include "store/sql/filter_sql.h"

/* What it shows, which is not what is stored: see read_campaign(). */
#define CREATION                                                                                   \
    "CASE WHEN " CAMPAIGN_MODIFIES " THEN 5 WHEN creation = 2 AND NOT " CAMPAIGN_GENERATES         \
    " THEN 1 ELSE creation END"

/* How far the codes are; dates as for `active`. */
static bool put_progress(struct sql *q, const struct filter_condition *c, enum filter_op op,
                         int64_t now_ms)
{
    switch (op) {
    case FILTER_ACTIVE:
        sql_put(q, "(creation <> 3 AND NOT " CAMPAIGN_GENERATES ")");
        return true;
    case FILTER_FAILED:
        sql_put(q, "creation = 3");
        return true;
    case FILTER_IN_PROGRESS:
        sql_put(q, CAMPAIGN_GENERATES);
        return true;
    default:
        return filter_put_state(q, c, op, now_ms);
    }
}

static bool put_codes(struct sql *q, const struct filter_condition *c, enum filter_op op,
                      int64_t now_ms)
{
    static const char *const meanings[CODES_CHOICE_COUNT] = {
        [CODES_CHOICE_AUTO_UPDATE] = "codes = 1",
        [CODES_CHOICE_BULK] = "codes IN (1, 2)",
        [CODES_CHOICE_STANDALONE] = "codes = 3",
        [CODES_CHOICE_STATIC] = "codes = 2",
    };
    (void)now_ms;
    if (op != FILTER_IS && op != FILTER_IN)
        return false;
    sql_put(q, "(");
    for (size_t i = 0; i < c->n; i++) {
        sql_put(q, i > 0 ? " OR " : "");
        sql_put(q, meanings[c->values[i].value]);
    }
    sql_put(q, ")");
    return true;
}

const struct filter_column campaign_columns[] = {
    [CFILTER_NAME] = { .sql = "name" },
    [CFILTER_ID] = { .sql = "id", .id_kind = ID_CAMPAIGN },
    [CFILTER_CAMPAIGN_TYPE] = { .sql = "campaign_type - 1" },
    [CFILTER_CREATION_STATUS] = { .sql = CREATION " - 1" },
    [CFILTER_STATUS] = { .sql = "creation", .put = put_progress },
    [CFILTER_ACTIVE] = { .sql = "active", .put = filter_put_state },
    [CFILTER_IS_REFERRAL_CODE] = { .sql = "CASE WHEN campaign_type = 4 THEN 1 ELSE 0 END" },
    [CFILTER_VOUCHER_TYPE] = { .sql = SQL_VOUCHER_TYPE },
    [CFILTER_CATEGORY] = { .sql = SQL_CATEGORY_NAME, .put = filter_put_category },
    [CFILTER_CATEGORY_ID] = { .sql = SQL_CATEGORY_ID, .id_kind = ID_CATEGORY },
    [CFILTER_CODES] = { .sql = "codes", .put = put_codes },
    [CFILTER_CREATED_AT] = { .sql = "created_ms" },
    [CFILTER_UPDATED_AT] = { .sql = "updated_ms" },
    [CFILTER_START_DATE] = { .sql = "start_ms" },
    [CFILTER_EXPIRATION_DATE] = { .sql = "expiration_ms" },
    [CFILTER_VALIDITY_TIMEFRAME] = { .sql = "validity" },
    [CFILTER_VALIDITY_DAY_OF_WEEK] = { .sql = "validity" },
    [CFILTER_METADATA] = { .sql = "metadata" },
};

static_assert(ARRAY_LEN(campaign_columns) == CFILTER_COUNT, "every field has a column");
static_assert(CAMPAIGN_REFERRAL == 4 && CAMPAIGN_DISCOUNT == 1, "as the columns have it");
static_assert(CAMPAIGN_DONE == 1 && CAMPAIGN_IN_PROGRESS == 2 && CAMPAIGN_FAILED == 3 &&
                  CAMPAIGN_MODIFYING == 5,
              "CREATION knows the stored values");
static_assert(CODES_AUTO_UPDATE == 1 && CODES_STATIC == 2 && CODES_STANDALONE == 3,
              "put_codes knows the stored values");
