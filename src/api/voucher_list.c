/* SPDX-License-Identifier: MIT */
/*
 * voucher_list.c - GET /v1/vouchers (reference 4.3.4).
 *
 * Most lists cost the same for 10 and for 10 million vouchers and are answered at once. One with
 * filters may have to look at every voucher (slow_list.h), and is given up after LIST_MS.
 */
#include "api/api_priv.h"
#include "api/filters.h"
#include "api/slow_list.h"
#include "base/time_iso.h"
#include "domain/voucher_filter.h"

#define VOUCHER_PAGE_MAX 99
#define LIST_MS          5000 /* page and total together */

/* Lives in the request's arena. */
struct list {
    struct slow_list slow; /* first */
    struct voucher_page page;

    struct voucher *vouchers;
    size_t n;
    int64_t total;
    bool more;
};

/* ---- what was asked ---- */

static const struct {
    const char *name;
    enum voucher_order order;
} list_orders[] = {
    { "created_at", VOUCHER_OLDEST_FIRST },
    { "-created_at", VOUCHER_NEWEST_FIRST },
    { "updated_at", VOUCHER_BY_CHANGE },
    { "-updated_at", VOUCHER_BY_CHANGE_DESC },
    { "code", VOUCHER_BY_CODE },
    { "-code", VOUCHER_BY_CODE_DESC },
};

static bool find_order(struct str name, enum voucher_order *out)
{
    for (size_t i = 0; i < ARRAY_LEN(list_orders); i++) {
        if (str_is(name, list_orders[i].name)) {
            *out = list_orders[i].order;
            return true;
        }
    }
    return false;
}

static int read_order(const struct request *rq, enum voucher_order *out, struct err *err)
{
    const struct str name = request_query(rq, "order");
    *out = VOUCHER_NEWEST_FIRST;
    if (name.p == NULL || find_order(name, out))
        return 0;
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .order must be equal to one of the allowed values "
                   "[ created_at, -created_at, updated_at, -updated_at, code, -code ]");
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
    page->after_ms = v->updated_ms != TIME_NONE ? v->updated_ms : v->created_ms;
    return 0;
}

static int read_page(struct request *rq, struct voucher_page *page, struct err *err)
{
    int number = 1;
    if (query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &page->limit, err) < 0 ||
        query_int(rq, "page", 1, VOUCHER_PAGE_MAX, 1, &number, err) < 0 ||
        read_order(rq, &page->order, err) < 0 ||
        filters_of_list(rq, &voucher_list_filters, &page->filter, err) < 0)
        return -1;
    page->offset = (int64_t)(number - 1) * page->limit;
    page->time_ms = LIST_MS;
    return read_cursor(rq, page, err);
}

static bool may_be_slow(const struct voucher_page *page)
{
    const bool sorted = page->order == VOUCHER_BY_CHANGE || page->order == VOUCHER_BY_CHANGE_DESC;
    return !voucher_filter_is_narrow(page->filter) && (sorted || page->filter != NULL);
}

/* ---- the list ---- */

static struct list *list_of(struct slow_list *slow)
{
    return (struct list *)(void *)slow;
}

static int read_list(struct slow_list *slow, struct err *err)
{
    struct list *l = list_of(slow);
    if (store_list_vouchers(api_of(slow->rq)->store, &slow->rq->arena, slow->rq->project->id,
                            &l->page, &l->vouchers, &l->n, &l->total, &l->more, err) == 0)
        return 0;
    if (err->code != ERR_TOO_SLOW)
        return err_wrap(err, "cannot list vouchers");
    return err_set(
        err, ERR_TOO_SLOW,
        "The list took longer than %d s. Ask for codes or ids, for a category without other "
        "filters, or leave the order by updated_at; an export has no such limit.",
        LIST_MS / 1000);
}

static int reply_list(struct slow_list *slow, struct response *rs, struct err *err)
{
    const struct list *l = list_of(slow);
    struct json_out o = { .b = &rs->body };
    api_list_head(&o, "vouchers");
    json_array(&o);
    if (api_put_vouchers(slow->rq, &o, l->vouchers, l->n, 0, err) < 0)
        return -1;
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, l->total);
    json_key(&o, "has_more");
    json_bool(&o, l->more);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

int api_vouchers_list(struct request *rq, struct response *rs, struct err *err)
{
    struct list *l = arena_calloc(&rq->arena, sizeof(*l));
    if (l == NULL)
        return err_nomem(err);
    l->slow = (struct slow_list){ .rq = rq, .read = read_list, .reply = reply_list };
    if (read_page(rq, &l->page, err) < 0)
        return -1;
    return slow_list_run(&l->slow, rs, may_be_slow(&l->page), err);
}
