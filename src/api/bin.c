/* SPDX-License-Identifier: MIT */
/* bin.c - /v1/trash-bin (reference 4.10). */
#include "domain/bin.h"
#include "api/api_priv.h"
#include "api/filters.h"
#include "base/time_iso.h"

/* ---- list ---- */

/* What the ids of a resource look like; ID_KIND_COUNT: it has none here. */
static const struct resource {
    enum id_kind ids, parent_ids;
} resources[] = {
    [0] = { ID_KIND_COUNT, ID_KIND_COUNT },
    [RESOURCE_VOUCHER] = { ID_VOUCHER, ID_CAMPAIGN },
    [RESOURCE_CAMPAIGN] = { ID_CAMPAIGN, ID_KIND_COUNT },
    [RESOURCE_PRODUCT] = { ID_PRODUCT, ID_KIND_COUNT },
    [RESOURCE_SKU] = { ID_SKU, ID_PRODUCT },
};

/* A type that is not known here prints as null. */
static const struct resource *resource_of(enum resource_type type)
{
    return &resources[(size_t)type < ARRAY_LEN(resources) ? type : 0];
}

/* An id of that kind, or null. */
static void put_id(struct request *rq, struct json_out *o, enum id_kind kind, int64_t key)
{
    char id[ID_MAX_LEN];
    if (kind == ID_KIND_COUNT || key == 0) {
        json_null(o);
        return;
    }
    id_encode(store_secret(api_of(rq)->store), kind, key, id);
    json_str(o, str_of(id));
}

static void put_entry(struct request *rq, struct json_out *o, const struct bin_entry *e)
{
    const struct resource *r = resource_of(e->resource_type);
    const struct str name = str_of(resource_name(e->resource_type));
    json_object(o);
    json_key(o, "id");
    put_id(rq, o, ID_BIN_ENTRY, e->key);
    json_key(o, "created_at");
    json_time(o, e->created_ms);
    json_key(o, "deleted_by_user_id");
    json_null(o);
    json_key(o, "resource_id");
    put_id(rq, o, r->ids, e->resource_key);
    json_key(o, "resource_type");
    json_str(o, name);
    json_key(o, "resource_name");
    json_str(o, e->resource_name);
    json_key(o, "resource_parent_id");
    put_id(rq, o, r->parent_ids, e->parent_key);
    json_key(o, "object");
    json_str(o, name);
    json_object_end(o);
}

struct bin_page {
    int limit;
    bool newest_first;
    int64_t after_key; /* 0: none */
    struct filter filter;
};

static int read_order(const struct request *rq, bool *newest_first, struct err *err)
{
    const struct str order = request_query(rq, "order");
    *newest_first = str_is(order, "-id");
    if (order.p == NULL || *newest_first || str_is(order, "id"))
        return 0;
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .order must be equal to one of the allowed values [ id, -id ]");
}

/* The last entry of the page before; it may be erased by now. */
static int read_cursor(const struct request *rq, int64_t *after_key, struct err *err)
{
    static const char *const names[] = { "starting_after_id", "starting_after" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct str id = request_query(rq, names[i]);
        if (id.p == NULL)
            continue;
        if (id_decode(store_secret(api_of(rq)->store), ID_BIN_ENTRY, id, after_key))
            return 0;
        return err_set(err, ERR_INVALID_QUERY, "Property .%s must be id of a bin entry", names[i]);
    }
    return 0;
}

static int read_page(struct request *rq, struct bin_page *page, struct err *err)
{
    if (filters_from_query(rq, &bin_filter_fields, &page->filter, err) < 0 ||
        query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &page->limit, err) < 0 ||
        read_order(rq, &page->newest_first, err) < 0)
        return -1;
    return read_cursor(rq, &page->after_key, err);
}

static int reply_list(struct request *rq, struct response *rs, const struct bin_entry *entries,
                      size_t n, bool more, struct err *err)
{
    struct json_out o = { .b = &rs->body };
    api_list_head(&o, "data");
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_entry(rq, &o, &entries[i]);
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, (int64_t)n); /* of this page: so says the reference */
    json_key(&o, "has_more");
    json_bool(&o, more);
    if (more) {
        json_key(&o, "more_starting_after");
        put_id(rq, &o, ID_BIN_ENTRY, entries[n - 1].key);
    }
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

int api_bin_list(struct request *rq, struct response *rs, struct err *err)
{
    struct bin_page page = { 0 };
    struct bin_entry *entries = NULL;
    size_t n = 0;
    bool more = false;
    if (read_page(rq, &page, err) < 0)
        return -1;
    if (store_list_bin(api_of(rq)->store, &rq->arena, rq->project->id, page.after_key,
                       page.newest_first, &page.filter, (size_t)page.limit, &entries, &n, &more,
                       err) < 0)
        return err_wrap(err, "cannot list the bin");
    return reply_list(rq, rs, entries, n, more, err);
}

/* ---- delete ---- */

/* Lives in the request's arena. */
struct bin_erase {
    int64_t project_id;
    int64_t key;
    bool found;
    struct request *rq;
    struct action action; /* kind 0: none; erases the vouchers of a campaign, and then it */
};

static int erase_campaign(struct store_tx *tx, struct bin_erase *be, int64_t key, struct err *err)
{
    const struct members members = { .order = MEMBERS_ERASE };
    struct campaign c = { .key = key };
    voucher_init(&c.voucher);
    be->action =
        (struct action){ .campaign_id = key, .ends_campaign = true, .created_ms = time_now_ms() };
    if (action_freeze_members(&c, &members, &be->rq->arena, &be->action.params, err) < 0)
        return -1;
    return action_insert(tx, be->rq, ACTION_CAMPAIGN_VOUCHERS_DELETE, &be->action, err);
}

static int erase_entry(struct store_tx *tx, void *arg, struct err *err)
{
    struct bin_erase *be = arg;
    int64_t campaign;
    be->action.kind = 0;
    if (store_tx_bin_erase(tx, be->project_id, be->key, &be->found, &campaign, err) < 0)
        return -1;
    return campaign != 0 ? erase_campaign(tx, be, campaign, err) : 0;
}

static int not_found(struct request *rq, struct err *err)
{
    return reply_not_found(rq, "trash_bin_entry", rq->args[0], err);
}

static int answer_erased(struct request *rq, struct response *rs, struct err *err)
{
    const struct bin_erase *be = rq->state;
    if (be->action.kind != 0)
        engine_add(api_of(rq)->engine, &be->action);
    return be->found ? reply_json(rs, HTTP_NO_CONTENT, err) : not_found(rq, err);
}

int api_bin_delete(struct request *rq, struct response *rs, struct err *err)
{
    struct bin_erase *be = arena_calloc(&rq->arena, sizeof(*be));
    (void)rs;
    if (be == NULL)
        return err_nomem(err);
    be->project_id = rq->project->id;
    be->rq = rq;
    if (!id_decode(store_secret(api_of(rq)->store), ID_BIN_ENTRY, rq->args[0], &be->key))
        return not_found(rq, err);
    return api_write_order(rq, erase_entry, be, answer_erased, err);
}
