/* SPDX-License-Identifier: MIT */
/*
 * voucher_filter.c - the fields that vouchers are filtered by, in SQL.
 *
 * A condition on the code names the project, which makes it a search in the unique index; nothing
 * else may, or that index would look like a way to everything of a project.
 */
#include "domain/voucher_filter.h"
#include "store/sql/filter_sql.h"

#define OF_CAMPAIGN(column) "(SELECT " column " FROM campaigns WHERE campaigns.id = campaign_id)"

static void put_code_in(struct sql *q, const struct filter_condition *c)
{
    sql_put(q, "(project_id = ");
    sql_int(q, q->project_id);
    sql_put(q, " AND code IN (");
    for (size_t i = 0; i < c->n; i++) {
        sql_put(q, i > 0 ? ", " : "");
        sql_str(q, c->values[i].text);
    }
    sql_put(q, "))");
}

static bool put_code(struct sql *q, const struct filter_condition *c, enum filter_op op,
                     int64_t now_ms)
{
    (void)now_ms;
    if (op != FILTER_IS && op != FILTER_IN)
        return false;
    put_code_in(q, c);
    return true;
}

/* Each value is an id, or else a code. */
static bool put_id(struct sql *q, const struct filter_condition *c, enum filter_op op,
                   int64_t now_ms)
{
    (void)now_ms;
    if (op != FILTER_IS && op != FILTER_IN)
        return false;
    const size_t n = sql_count_keys(q, c, ID_VOUCHER);
    if (n == c->n) {
        sql_put(q, "id IN ");
        sql_keys(q, c, ID_VOUCHER);
        return true;
    }
    sql_put(q, "(");
    if (n > 0) {
        sql_put(q, "id IN ");
        sql_keys(q, c, ID_VOUCHER);
        sql_put(q, " OR ");
    }
    put_code_in(q, c);
    sql_put(q, ")");
    return true;
}

/* Which campaign has the name is asked once, not for each row. */
static bool put_campaign(struct sql *q, const struct filter_condition *c, enum filter_op op,
                         int64_t now_ms)
{
    (void)now_ms;
    if (op != FILTER_IS && op != FILTER_IN)
        return false;
    sql_put(q, "campaign_id IN (SELECT id FROM campaigns WHERE project_id = ");
    sql_int(q, q->project_id);
    sql_put(q, " AND name IN (");
    for (size_t i = 0; i < c->n; i++) {
        sql_put(q, i > 0 ? ", " : "");
        sql_str(q, c->values[i].text);
    }
    sql_put(q, "))");
    return true;
}

static bool put_redemption_status(struct sql *q, const struct filter_condition *c,
                                  enum filter_op op, int64_t now_ms)
{
    static const char *const meanings[REDEMPTION_STATUS_COUNT] = {
        [REDEMPTION_REDEEMED] = "redeemed_quantity > 0",
        [REDEMPTION_NOT_REDEEMED] = "redeemed_quantity = 0",
        [REDEMPTION_FULLY_REDEEMED] = "redeemed_quantity >= quantity",
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

const struct filter_column voucher_columns[] = {
    [VFILTER_CODE] = { .sql = "code", .put = put_code },
    [VFILTER_ID] = { .sql = "id", .put = put_id },
    [VFILTER_CAMPAIGN] = { .sql = OF_CAMPAIGN("name"), .put = put_campaign },
    [VFILTER_CAMPAIGN_ID] = { .sql = "campaign_id", .id_kind = ID_CAMPAIGN },
    [VFILTER_CATEGORY] = { .sql = SQL_CATEGORY_NAME, .put = filter_put_category },
    [VFILTER_CATEGORY_ID] = { .sql = SQL_CATEGORY_ID, .id_kind = ID_CATEGORY },
    [VFILTER_ACTIVE] = { .sql = "active", .put = filter_put_state },
    [VFILTER_REDEEMED_QUANTITY] = { .sql = "redeemed_quantity" },
    [VFILTER_QUANTITY] = { .sql = "quantity" },
    [VFILTER_REDEEMED_AMOUNT] = { .sql = "redeemed_amount" },
    [VFILTER_REDEMPTION_STATUS] = { .sql = "redeemed_quantity", .put = put_redemption_status },
    [VFILTER_IS_REFERRAL_CODE] = { .sql = "coalesce(" OF_CAMPAIGN(
                                       "CASE WHEN campaign_type = 4 THEN 1 ELSE 0 END") ", 0)" },
    [VFILTER_CREATED_AT] = { .sql = "created_ms" },
    [VFILTER_UPDATED_AT] = { .sql = "updated_ms" },
    [VFILTER_START_DATE] = { .sql = "start_ms" },
    [VFILTER_EXPIRATION_DATE] = { .sql = "expiration_ms" },
    [VFILTER_VALIDITY_TIMEFRAME] = { .sql = "validity" },
    [VFILTER_VALIDITY_DAY_OF_WEEK] = { .sql = "validity" },
    [VFILTER_HOLDER_ID] = { .sql = "holder_id", .id_kind = ID_CUSTOMER },
    [VFILTER_PUBLISHED_FOR_CUSTOMER_ID] = { .sql = "holder_id", .id_kind = ID_CUSTOMER },
    [VFILTER_TYPE] = { .sql = SQL_VOUCHER_TYPE },
    [VFILTER_METADATA] = { .sql = "metadata" },
};

static_assert(ARRAY_LEN(voucher_columns) == VFILTER_COUNT, "every field has a column");
static_assert(CAMPAIGN_REFERRAL == 4, "VFILTER_IS_REFERRAL_CODE knows the stored value");
