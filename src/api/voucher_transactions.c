/* SPDX-License-Identifier: MIT */
/* voucher_transactions.c - GET /v1/vouchers/{code}/transactions (reference 4.3.3). */
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

static void put_details(struct request *rq, struct json_out *o, const struct transaction *t)
{
    json_key(o, "details");
    json_object(o);
    json_key(o, "balance");
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("gift_voucher"));
    json_key(o, "total");
    json_int(o, t->total);
    json_key(o, "amount");
    json_int(o, t->amount);
    json_key(o, "object");
    json_str(o, STR("balance"));
    json_key(o, "balance");
    json_int(o, t->balance);
    api_put_related_voucher(rq, o, t->voucher_key);
    json_object_end(o);
    json_object_end(o);
}

static void put_transaction(struct request *rq, struct json_out *o, const struct transaction *t,
                            int64_t campaign)
{
    json_object(o);
    put_id(rq, o, "id", ID_TRANSACTION, t->key);
    json_key(o, "source_id");
    json_str(o, t->source_id);
    put_id(rq, o, "voucher_id", ID_VOUCHER, t->voucher_key);
    if (campaign != 0) {
        put_id(rq, o, "campaign_id", ID_CAMPAIGN, campaign);
    } else {
        json_key(o, "campaign_id");
        json_null(o);
    }
    json_key(o, "source");
    json_str(o, STR("API"));
    json_key(o, "reason");
    json_str(o, t->reason);
    json_key(o, "type");
    json_str(o, t->amount < 0 ? STR("CREDITS_REMOVAL") : STR("CREDITS_ADDITION"));
    put_details(rq, o, t);
    json_key(o, "related_transaction_id");
    json_null(o);
    json_key(o, "created_at");
    json_time(o, t->created_ms);
    json_object_end(o);
}

struct page {
    int limit;
    bool newest_first;
    int64_t after_key; /* 0: from the beginning */
};

static int read_order(const struct request *rq, bool *newest_first, struct err *err)
{
    const struct str order = request_query(rq, "order");
    *newest_first = order.p == NULL || str_is(order, "-id");
    if (*newest_first || str_is(order, "id"))
        return 0;
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .order must be equal to one of the allowed values [ id, -id ]");
}

static int read_page(struct request *rq, struct page *page, struct err *err)
{
    static const char *const not_yet[] = { "filters", NULL };
    const struct str after = request_query(rq, "starting_after_id");
    page->after_key = 0;
    if (query_refuse(rq, not_yet, err) < 0 ||
        query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &page->limit, err) < 0 ||
        read_order(rq, &page->newest_first, err) < 0)
        return -1;
    if (after.p != NULL &&
        !id_decode(store_secret(api_of(rq)->store), ID_TRANSACTION, after, &page->after_key))
        return err_set(err, ERR_INVALID_QUERY,
                       "Property .starting_after_id must be id of a transaction");
    return 0;
}

static void put_list(struct request *rq, struct json_out *o, int64_t campaign,
                     const struct transaction *rows, size_t n, bool more)
{
    json_object(o);
    json_key(o, "object");
    json_str(o, STR("list"));
    json_key(o, "data_ref");
    json_str(o, STR("data"));
    json_key(o, "data");
    json_array(o);
    for (size_t i = 0; i < n; i++)
        put_transaction(rq, o, &rows[i], campaign);
    json_array_end(o);
    json_key(o, "has_more");
    json_bool(o, more);
    if (more && n > 0)
        put_id(rq, o, "more_starting_after", ID_TRANSACTION, rows[n - 1].key);
    json_object_end(o);
}

int api_vouchers_transactions(struct request *rq, struct response *rs, struct err *err)
{
    struct page page;
    struct voucher *v = NULL;
    struct transaction *rows = NULL;
    size_t n = 0;
    bool more = false;
    if (read_page(rq, &page, err) < 0 || api_get_voucher(rq, rq->args[0], &v, err) < 0)
        return -1;
    if (store_list_transactions(api_of(rq)->store, &rq->arena, rq->project->id, v->key,
                                page.after_key, page.newest_first, (size_t)page.limit, &rows, &n,
                                &more, err) < 0)
        return err_wrap(err, "cannot list transactions");
    put_list(rq, &(struct json_out){ .b = &rs->body }, v->campaign_id, rows, n, more);
    return reply_json(rs, HTTP_OK, err);
}
