/* SPDX-License-Identifier: MIT */
/*
 * publication_list.c - GET /v1/publications (reference 1.4, 4.11).
 *
 * All of them by age cost the same for 10 and for 10 million; any other list may look at every
 * publication (slow_list.h).
 */
#include <limits.h>

#include "api/api_priv.h"
#include "api/filters.h"
#include "api/slow_list.h"

#define PUBLICATION_PAGE_MAX 1000

/* Lives in the request's arena. */
struct list {
    struct slow_list slow; /* first */
    struct publication_page page;
    bool nothing; /* is wanted of somebody who is not there */

    struct publication_list found;
    struct api_names names;
};

/* ---- what is asked for ---- */

static const struct {
    const char *name;
    enum publication_order order;
} orders[] = {
    { "id", PUBLICATIONS_BY_AGE },
    { "voucher_code", PUBLICATIONS_BY_CODE },
    { "tracking_id", PUBLICATIONS_BY_TRACKING_ID },
    { "customer_id", PUBLICATIONS_BY_CUSTOMER },
    { "created_at", PUBLICATIONS_BY_AGE },
    { "channel", PUBLICATIONS_BY_CHANNEL },
};

static int read_order(const struct request *rq, struct publication_page *page, struct err *err)
{
    struct str name = request_query(rq, "order");
    page->descending = name.p == NULL || (name.len > 0 && name.p[0] == '-');
    if (name.p == NULL)
        return 0;
    if (page->descending)
        name = (struct str){ name.p + 1, name.len - 1 };
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        page->order = orders[i].order;
        if (str_is(name, orders[i].name))
            return 0;
    }
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .order must be equal to one of the allowed values [ id, -id, "
                   "voucher_code, -voucher_code, tracking_id, -tracking_id, customer_id, "
                   "-customer_id, created_at, -created_at, channel, -channel ]");
}

static int read_campaign(struct list *l, struct err *err)
{
    struct request *rq = l->slow.rq;
    const struct str name = request_query(rq, "campaign");
    struct campaign *c = NULL;
    if (name.p == NULL)
        return 0;
    if (store_find_campaign(api_of(rq)->store, &rq->arena, rq->project->id, name, &c, err) < 0)
        return err_wrap(err, "cannot look up a campaign");
    l->nothing = l->nothing || c == NULL;
    l->page.campaign_key = c != NULL ? c->key : 0;
    return 0;
}

static int read_voucher(struct list *l, struct err *err)
{
    struct request *rq = l->slow.rq;
    const struct str code = request_query(rq, "voucher");
    struct voucher *v = NULL;
    if (code.p == NULL)
        return 0;
    if (store_find_voucher(api_of(rq)->store, &rq->arena, rq->project->id, code, &v, err) < 0)
        return err_wrap(err, "cannot look up a voucher");
    l->nothing = l->nothing || v == NULL;
    l->page.voucher_key = v != NULL ? v->key : 0;
    return 0;
}

static int read_page(struct list *l, struct err *err)
{
    struct request *rq = l->slow.rq;
    int number = 1, limit;
    if (query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &limit, err) < 0 ||
        query_int(rq, "page", 1, INT_MAX, 1, &number, err) < 0)
        return -1;
    if (number > PUBLICATION_PAGE_MAX)
        return err_set(err, ERR_PAGE_OVER_LIMIT, "Property .page cannot be higher than %d",
                       PUBLICATION_PAGE_MAX);
    l->page.limit = (size_t)limit;
    l->page.offset = (int64_t)(number - 1) * limit;
    return read_order(rq, &l->page, err) < 0 ||
                   filters_of_list(rq, &publication_list_filters, &l->page.filter, err) < 0 ||
                   read_campaign(l, err) < 0 || read_voucher(l, err) < 0
               ? -1
               : 0;
}

static bool may_be_slow(const struct publication_page *p)
{
    return p->order != PUBLICATIONS_BY_AGE || p->filter != NULL || p->campaign_key != 0 ||
           p->voucher_key != 0;
}

/* ---- printing ---- */

/* bsearch takes the key as the first argument. */
static int cmp_key(const void *key, const void *voucher)
{
    const int64_t a = *(const int64_t *)key, b = ((const struct voucher *)voucher)->key;
    return (a > b) - (a < b);
}

/* NULL: it has been deleted for good. */
static const struct voucher *find_voucher(const struct list *l, int64_t key)
{
    return bsearch(&key, l->found.vouchers, l->found.n_vouchers, sizeof(struct voucher), cmp_key);
}

static void put_voucher(const struct list *l, struct json_out *o, const struct voucher *v)
{
    struct api_name_ids ids;
    struct voucher_names names;
    json_key(o, "voucher");
    if (v == NULL) {
        json_null(o);
        return;
    }
    id_encode(store_secret(l->names.store), ID_VOUCHER, v->key, ids.own);
    api_names_of(&l->names, v, &ids, &names);
    voucher_put_short(o, v, &names);
}

static void put_codes(const struct list *l, struct json_out *o, const struct stored_publication *p)
{
    json_key(o, "vouchers");
    json_array(o);
    for (size_t i = 0; i < p->n; i++) {
        const struct voucher *v = find_voucher(l, p->vouchers[i]);
        if (v != NULL)
            json_str(o, v->code);
    }
    json_array_end(o);
}

/* ---- the list ---- */

static struct list *list_of(struct slow_list *slow)
{
    return (struct list *)(void *)slow;
}

static int read_list(struct slow_list *slow, struct err *err)
{
    struct list *l = list_of(slow);
    struct store *s = api_of(slow->rq)->store;
    struct arena *a = &slow->rq->arena;
    struct publication_list *f = &l->found;
    const int64_t project_id = slow->rq->project->id;
    if (l->nothing)
        return 0;
    if (store_list_publications(s, a, project_id, &l->page, f, err) < 0)
        return err_wrap(err, "cannot list publications");
    return api_names_read(s, project_id, f->vouchers, f->n_vouchers, sizeof(*f->vouchers), a,
                          &l->names, err);
}

static int reply_list(struct slow_list *slow, struct response *rs, struct err *err)
{
    const struct list *l = list_of(slow);
    struct json_out o = { .b = &rs->body };
    api_list_head(&o, "publications");
    json_array(&o);
    for (size_t i = 0; i < l->found.n; i++) {
        const struct stored_publication *p = &l->found.rows[i];
        api_put_publication(slow->rq, &o, p);
        if (p->n == 1)
            put_voucher(l, &o, find_voucher(l, p->vouchers[0]));
        else
            put_codes(l, &o, p);
        json_object_end(&o);
    }
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, l->found.total);
    json_key(&o, "has_more");
    json_bool(&o, l->found.more);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

int api_publications_list(struct request *rq, struct response *rs, struct err *err)
{
    struct list *l = arena_calloc(&rq->arena, sizeof(*l));
    if (l == NULL)
        return err_nomem(err);
    l->slow = (struct slow_list){ .rq = rq, .read = read_list, .reply = reply_list };
    if (read_page(l, err) < 0)
        return -1;
    return slow_list_run(&l->slow, rs, !l->nothing && may_be_slow(&l->page), err);
}
