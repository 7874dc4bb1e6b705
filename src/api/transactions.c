/* SPDX-License-Identifier: MIT */
/* transactions.c - GET /v1/vouchers/{code}/transactions and /v1/campaigns/{id}/transactions
 * (reference 4.3.3, 4.1): what was booked by hand on gifts and cards. */
#include "api/api_priv.h"

void api_put_related_voucher(struct request *rq, struct json_out *o, int64_t key)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), ID_VOUCHER, key, id);
    json_key(o, "related_object");
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("voucher"));
    json_key(o, "id");
    json_str(o, str_of(id));
    json_object_end(o);
}

static void put_id(struct request *rq, struct json_out *o, const char *member, enum id_kind kind,
                   int64_t key)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), kind, key, id);
    json_key(o, member);
    json_str(o, str_of(id));
}

/* How the bookings of gifts and of cards are told apart. */
static const struct words {
    const char *of, *amount, *added, *removed;
    bool manual; /* operation_type is shown */
} gift_words = { "gift_voucher", "amount", "CREDITS_ADDITION", "CREDITS_REMOVAL", false },
  card_words = { "loyalty_card", "points", "POINTS_ADDITION", "POINTS_REMOVAL", true };

static void put_text(struct json_out *o, const char *member, const char *text)
{
    json_key(o, member);
    json_str(o, str_of(text)); /* NULL: null */
}

static void put_details(struct request *rq, struct json_out *o, const struct transaction *t,
                        const struct words *w)
{
    json_key(o, "details");
    json_object(o);
    json_key(o, "balance");
    json_object(o);
    put_text(o, "type", w->of);
    json_key(o, "total");
    json_int(o, t->total);
    json_key(o, w->amount);
    json_int(o, t->amount);
    put_text(o, "object", "balance");
    json_key(o, "balance");
    json_int(o, t->balance);
    if (w->manual)
        put_text(o, "operation_type", "MANUAL");
    api_put_related_voucher(rq, o, t->voucher_key);
    json_object_end(o);
    json_object_end(o);
}

static void put_transaction(struct request *rq, struct json_out *o, const struct transaction *t,
                            const struct words *w)
{
    json_object(o);
    put_id(rq, o, "id", ID_TRANSACTION, t->key);
    json_key(o, "source_id");
    json_str(o, t->source_id);
    put_id(rq, o, "voucher_id", ID_VOUCHER, t->voucher_key);
    if (t->campaign_id != 0)
        put_id(rq, o, "campaign_id", ID_CAMPAIGN, t->campaign_id);
    else
        put_text(o, "campaign_id", NULL);
    put_text(o, "source", "API");
    json_key(o, "reason");
    json_str(o, t->reason);
    put_text(o, "type", t->amount < 0 ? w->removed : w->added);
    put_details(rq, o, t, w);
    put_text(o, "related_transaction_id", NULL);
    json_key(o, "created_at");
    json_time(o, t->created_ms);
    json_object_end(o);
}

/* ---- lists ---- */

static int read_order(const struct request *rq, bool *newest_first, struct err *err)
{
    const struct str order = request_query(rq, "order");
    *newest_first = order.p == NULL || str_is(order, "-id");
    if (*newest_first || str_is(order, "id"))
        return 0;
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .order must be equal to one of the allowed values [ id, -id ]");
}

static int read_page(struct request *rq, struct transaction_page *page, struct err *err)
{
    static const char *const not_yet[] = { "filters", NULL };
    const struct str after = request_query(rq, "starting_after_id");
    int limit;
    *page = (struct transaction_page){ 0 };
    if (query_refuse(rq, not_yet, err) < 0 ||
        query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &limit, err) < 0 ||
        read_order(rq, &page->newest_first, err) < 0)
        return -1;
    page->limit = (size_t)limit;
    if (after.p != NULL &&
        !id_decode(store_secret(api_of(rq)->store), ID_TRANSACTION, after, &page->after_key))
        return err_set(err, ERR_INVALID_QUERY,
                       "Property .starting_after_id must be id of a transaction");
    return 0;
}

/* Of vouchers of one type. */
static int reply_page(struct request *rq, struct response *rs, const struct transaction_page *page,
                      enum voucher_type type, struct err *err)
{
    struct json_out o = { .b = &rs->body };
    struct transaction *rows = NULL;
    size_t n = 0;
    bool more = false;
    if (store_list_transactions(api_of(rq)->store, &rq->arena, rq->project->id, page, &rows, &n,
                                &more, err) < 0)
        return err_wrap(err, "cannot list transactions");
    api_list_head(&o, "data");
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_transaction(rq, &o, &rows[i], type == VOUCHER_LOYALTY ? &card_words : &gift_words);
    json_array_end(&o);
    json_key(&o, "has_more");
    json_bool(&o, more);
    if (more && n > 0)
        put_id(rq, &o, "more_starting_after", ID_TRANSACTION, rows[n - 1].key);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

int api_vouchers_transactions(struct request *rq, struct response *rs, struct err *err)
{
    struct transaction_page page;
    struct voucher *v = NULL;
    if (read_page(rq, &page, err) < 0 || api_get_voucher(rq, rq->args[0], &v, err) < 0)
        return -1;
    page.voucher_key = v->key;
    return reply_page(rq, rs, &page, v->type, err);
}

int api_campaigns_transactions(struct request *rq, struct response *rs, struct err *err)
{
    struct transaction_page page;
    struct campaign *c = NULL;
    if (read_page(rq, &page, err) < 0)
        return -1;
    if (store_find_campaign(api_of(rq)->store, &rq->arena, rq->project->id, rq->args[0], &c, err) <
        0)
        return err_wrap(err, "cannot look up a campaign");
    if (c == NULL)
        return reply_not_found(rq, "campaign", rq->args[0], err);
    if (c->campaign_type != CAMPAIGN_GIFT && c->campaign_type != CAMPAIGN_LOYALTY)
        return err_set(err, ERR_NOT_ALLOWED,
                       "Transactions are allowed only for loyalty or gift campaigns");
    page.campaign_key = c->key;
    return reply_page(rq, rs, &page, c->voucher.type, err);
}
