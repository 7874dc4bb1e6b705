/* SPDX-License-Identifier: MIT */
/*
 * voucher_filter.c - the fields that vouchers are filtered by, in SQL.
 *
 * A condition on the code names the project, which makes it a search in the unique index; nothing
 * else may, or that index would look like a way to everything of a project.
 */
#include <assert.h>

#include "store/sql/filter_sql.h"

/* The columns without a value: there are no customers and publications yet. */
#define NOTHING "NULL"

/* A category that has been deleted since is none. */
#define CATEGORY_ID "(SELECT id FROM categories WHERE categories.id = category_id)"
#define CATEGORY_NAME                                                                              \
    "coalesce((SELECT name FROM categories WHERE categories.id = category_id), category)"

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

/* Which categories have the name is asked once, not for each row. */
static bool put_category(struct sql *q, const struct filter_condition *c, enum filter_op op,
                         int64_t now_ms)
{
    (void)now_ms;
    if (op != FILTER_IS && op != FILTER_IN)
        return false;
    sql_put(q, "(");
    for (size_t i = 0; i < c->n; i++) {
        sql_put(q, i > 0 ? " OR category = " : "category = ");
        sql_str(q, c->values[i].text);
        sql_put(q, " OR category_id IN (SELECT id FROM categories WHERE project_id = ");
        sql_int(q, q->project_id);
        sql_put(q, " AND name = ");
        sql_str(q, c->values[i].text);
        sql_put(q, ")");
    }
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

/* A voucher is good up to and including its end. */
static bool put_state(struct sql *q, const struct filter_condition *c, enum filter_op op,
                      int64_t now_ms)
{
    (void)c;
    switch (op) {
    case FILTER_ENABLED:
        sql_put(q, "active = 1");
        return true;
    case FILTER_DISABLED:
        sql_put(q, "active = 0");
        return true;
    case FILTER_EXPIRED:
        sql_put(q, "expiration_ms < ");
        sql_int(q, now_ms);
        return true;
    case FILTER_ACTIVE:
        sql_put(q, "(active = 1 AND coalesce(start_ms <= ");
        sql_int(q, now_ms);
        sql_put(q, ", TRUE) AND coalesce(expiration_ms >= ");
        sql_int(q, now_ms);
        sql_put(q, ", TRUE))");
        return true;
    default:
        return false;
    }
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

const struct filter_column voucher_columns[VFILTER_COUNT] = {
    [VFILTER_CODE] = { .sql = "code", .put = put_code },
    [VFILTER_ID] = { .sql = "id", .put = put_id },
    [VFILTER_CAMPAIGN] = { .sql = OF_CAMPAIGN("name"), .put = put_campaign },
    [VFILTER_CAMPAIGN_ID] = { .sql = "campaign_id", .id_kind = ID_CAMPAIGN },
    [VFILTER_CATEGORY] = { .sql = CATEGORY_NAME, .put = put_category },
    [VFILTER_CATEGORY_ID] = { .sql = CATEGORY_ID, .id_kind = ID_CATEGORY },
    [VFILTER_ACTIVE] = { .sql = "active", .put = put_state },
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
    [VFILTER_HOLDER_ID] = { .sql = NOTHING },
    [VFILTER_PUBLISHED_FOR_CUSTOMER_ID] = { .sql = NOTHING },
    [VFILTER_TYPE] = { .sql = "CASE type WHEN 1 THEN 'DISCOUNT_VOUCHER' WHEN 2 THEN 'GIFT_VOUCHER' "
                              "WHEN 3 THEN 'LOYALTY_CARD' END" },
    [VFILTER_METADATA] = { .sql = "metadata" },
};

static_assert(VOUCHER_DISCOUNT == 1 && VOUCHER_GIFT == 2 && VOUCHER_LOYALTY == 3,
              "VFILTER_TYPE knows the stored values");
static_assert(CAMPAIGN_REFERRAL == 4, "VFILTER_IS_REFERRAL_CODE knows the stored value");
