/* SPDX-License-Identifier: MIT */
/* voucher_list.c - GET /v1/vouchers (reference 4.3.4). */
#include "api/api_priv.h"

#define VOUCHER_PAGE_MAX 99

static const struct {
    const char *name;
    enum voucher_order order;
} list_orders[] = {
    { "created_at", VOUCHER_OLDEST_FIRST },
    { "-created_at", VOUCHER_NEWEST_FIRST },
    { "code", VOUCHER_BY_CODE },
    { "-code", VOUCHER_BY_CODE_DESC },
};

static const char *const filters_not_yet[] = { "category", "campaign",   "campaign_id",
                                               "customer", "created_at", "updated_at",
                                               "code",     "ids",        "filters",
                                               NULL };

static int read_order(const struct request *rq, enum voucher_order *out, struct err *err)
{
    const struct str name = request_query(rq, "order");
    *out = VOUCHER_NEWEST_FIRST;
    if (name.p == NULL)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(list_orders); i++) {
        if (str_is(name, list_orders[i].name)) {
            *out = list_orders[i].order;
            return 0;
        }
    }
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .order must be equal to one of the allowed values "
                   "[ created_at, -created_at, code, -code ]");
}

/* starting_after: the id of the last voucher of the page before. */
static int read_cursor(struct request *rq, struct voucher_page *page, struct err *err)
{
    const struct str id = request_query(rq, "starting_after");
    struct voucher *v = NULL;
    if (id.p == NULL)
        return 0;
    if (request_query(rq, "page").p != NULL)
        return err_set(err, ERR_INVALID_QUERY,
                       "Property .starting_after cannot be used together with .page");
    if (!id_decode(store_secret(api_of(rq)->store), ID_VOUCHER, id, &page->after_key))
        return err_set(err, ERR_INVALID_QUERY, "Property .starting_after must be id of a voucher");
    if (store_find_voucher(api_of(rq)->store, &rq->arena, rq->project->id, id, &v, err) < 0)
        return err_wrap(err, "cannot look up the cursor");
    if (v == NULL || v->key != page->after_key)
        return err_set(err, ERR_INVALID_QUERY, "Property .starting_after must be id of a voucher");
    page->after_code = v->code;
    return 0;
}

static int read_page(struct request *rq, struct voucher_page *page, struct err *err)
{
    int number = 1;
    if (query_refuse(rq, filters_not_yet, err) < 0 ||
        query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &page->limit, err) < 0 ||
        query_int(rq, "page", 1, VOUCHER_PAGE_MAX, 1, &number, err) < 0 ||
        read_order(rq, &page->order, err) < 0)
        return -1;
    page->offset = (int64_t)(number - 1) * page->limit;
    return read_cursor(rq, page, err);
}

int api_vouchers_list(struct request *rq, struct response *rs, struct err *err)
{
    struct voucher_page page = { 0 };
    struct voucher *vouchers = NULL;
    size_t n = 0;
    int64_t total = 0;
    bool more = false;
    if (read_page(rq, &page, err) < 0)
        return -1;
    if (store_list_vouchers(api_of(rq)->store, &rq->arena, rq->project->id, &page, &vouchers, &n,
                            &total, &more, err) < 0)
        return err_wrap(err, "cannot list vouchers");

    struct json_out o = { .b = &rs->body };
    json_object(&o);
    json_key(&o, "object");
    json_str(&o, STR("list"));
    json_key(&o, "data_ref");
    json_str(&o, STR("vouchers"));
    json_key(&o, "vouchers");
    json_array(&o);
    if (api_put_vouchers(rq, &o, vouchers, n, 0, err) < 0)
        return -1;
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, total);
    json_key(&o, "has_more");
    json_bool(&o, more);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}
