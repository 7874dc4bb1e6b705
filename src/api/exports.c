/* SPDX-License-Identifier: MIT */
/*
 * exports.c - /v1/exports (reference 4.12).
 *
 * An export is only written down: there is no file. Whoever follows its link gets the records as
 * they are then (export_csv.c). So it is DONE as soon as it is asked for again; the answer to its
 * creation says SCHEDULED because clients wait for that.
 */
#include <assert.h>

#include "api/api_priv.h"
#include "api/export_csv.h"
#include "api/export_plan.h"
#include "api/signing.h"
#include "base/time_iso.h"

#define EXPORT_PAGE_MAX 100

/* ---- the object ---- */

/* A link that works from now on as long as any link does. */
static void put_link(struct request *rq, struct json_out *o, struct str base, int64_t key,
                     const char *id)
{
    char token[LINK_TOKEN_CHARS + 1];
    const struct link link = { .purpose = EXPORT_LINK,
                               .id = key,
                               .project_id = rq->project->id,
                               .expires_ms = time_now_ms() + api_of(rq)->retention_ms };
    struct buf url;
    link_sign(store_secret(api_of(rq)->store), &link, token);
    buf_init(&url, 4 * KIB);
    buf_printf(&url, "%.*s/v1/exports/%s?token=%s", STR_FMT(base), id, token);
    json_object(o);
    json_key(o, "url");
    json_str(o, buf_str(&url));
    json_object_end(o);
    o->b->failed = o->b->failed || url.failed;
    buf_release(&url);
}

static void put_export(struct request *rq, struct json_out *o, const struct stored_export *e,
                       const struct str *base)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), ID_EXPORT, e->key, id);
    json_object(o);
    json_key(o, "id");
    json_str(o, str_of(id));
    json_key(o, "object");
    json_str(o, STR("export"));
    json_key(o, "created_at");
    json_time(o, e->created_ms);
    json_key(o, "status");
    json_str(o, base != NULL ? STR("DONE") : STR("SCHEDULED"));
    json_key(o, "channel");
    json_str(o, STR("API"));
    json_key(o, "exported_object");
    json_str(o, str_of(export_resource_of(e->resource)->name));
    json_key(o, "parameters");
    json_raw(o, e->params);
    json_key(o, "result");
    if (base != NULL)
        put_link(rq, o, *base, e->key, id);
    else
        json_null(o);
    json_key(o, "user_id");
    json_null(o);
    json_object_end(o);
}

/* ---- reading ---- */

static int not_found(struct request *rq, struct err *err)
{
    return reply_not_found(rq, "export", rq->args[0], err);
}

int api_exports_get(struct request *rq, struct response *rs, struct err *err)
{
    struct stored_export *e = NULL;
    struct str base;
    int64_t key;
    if (rq->project == NULL) /* came with a token instead of keys */
        return export_download(rq, rs, err);
    if (!id_decode(store_secret(api_of(rq)->store), ID_EXPORT, rq->args[0], &key))
        return not_found(rq, err);
    if (store_find_export(api_of(rq)->store, &rq->arena, rq->project->id, key, &e, err) < 0)
        return err_wrap(err, "cannot look up an export");
    if (e == NULL)
        return not_found(rq, err);
    if (link_base(rq, &base, err) < 0)
        return -1;
    struct json_out o = { .b = &rs->body };
    put_export(rq, &o, e, &base);
    return reply_json(rs, HTTP_OK, err);
}

/* All are DONE, so the orders by status are those by time. */
static int read_order(const struct request *rq, bool *newest_first, struct err *err)
{
    static const char *const names[] = { "created_at", "status", "-created_at", "-status" };
    const struct str order = request_query(rq, "order");
    *newest_first = true;
    for (size_t i = 0; order.p != NULL && i < ARRAY_LEN(names); i++) {
        if (!str_is(order, names[i]))
            continue;
        *newest_first = i >= 2;
        return 0;
    }
    if (order.p == NULL)
        return 0;
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .order must be equal to one of the allowed values "
                   "[ created_at, -created_at, status, -status ]");
}

int api_exports_list(struct request *rq, struct response *rs, struct err *err)
{
    struct stored_export *exports = NULL;
    struct str base;
    size_t n = 0;
    int64_t total = 0;
    bool newest_first;
    int limit, page;
    if (query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &limit, err) < 0 ||
        query_int(rq, "page", 1, EXPORT_PAGE_MAX, 1, &page, err) < 0 ||
        read_order(rq, &newest_first, err) < 0 || link_base(rq, &base, err) < 0)
        return -1;
    if (store_list_exports(api_of(rq)->store, &rq->arena, rq->project->id,
                           (int64_t)(page - 1) * limit, newest_first, (size_t)limit, &exports, &n,
                           &total, err) < 0)
        return err_wrap(err, "cannot list exports");
    struct json_out o = { .b = &rs->body };
    api_list_head(&o, "exports");
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_export(rq, &o, &exports[i], &base);
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, total);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- creating ---- */

/* Lives in the request's arena, as what follows. */
struct export_write {
    int64_t project_id;
    struct stored_export export;
    bool found; /* erasing */
};

/* What the API exports and we do not have is told apart from what nobody has. */
static int refuse_resource(struct request *rq, struct str name, struct err *err)
{
    static const char *const elsewhere[] = { "redemption",        "publication",
                                             "points_expiration", "voucher_transactions",
                                             "product",           "sku" };
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
        if (str_is(name, elsewhere[i]))
            return err_set(err, ERR_INVALID_PAYLOAD,
                           "Property .exported_object: exports of %s are not supported yet",
                           elsewhere[i]);
    }
    const char *names = export_resource_names(&rq->arena);
    if (names == NULL)
        return err_nomem(err);
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "Property .exported_object should be equal to one of the allowed values [ %s ]",
                   names);
}

static int read_resource(struct request *rq, const struct json *body,
                         const struct export_resource **out, struct err *err)
{
    const struct json *member = json_member(body, "exported_object");
    if (body != NULL && body->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object");
    if (member == NULL)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Payload should have required property 'exported_object'");
    const struct str name = member->type == JSON_STRING ? member->text : STR("");
    *out = export_resource_by_name(name);
    return *out != NULL ? 0 : refuse_resource(rq, name, err);
}

static int insert_export(struct store_tx *tx, void *arg, struct err *err)
{
    struct export_write *w = arg;
    return store_tx_export_insert(tx, w->project_id, &w->export, err);
}

static int answer_created(struct request *rq, struct response *rs, struct err *err)
{
    const struct export_write *w = rq->state;
    struct json_out o = { .b = &rs->body };
    put_export(rq, &o, &w->export, NULL);
    return reply_json(rs, HTTP_OK, err);
}

int api_exports_create(struct request *rq, struct response *rs, struct err *err)
{
    struct export_write *w = arena_calloc(&rq->arena, sizeof(*w));
    const struct export_resource *resource = NULL;
    const struct json *body = NULL;
    struct export_plan plan;
    (void)rs;
    if (w == NULL)
        return err_nomem(err);
    if (request_json(rq, &body, err) < 0 || read_resource(rq, body, &resource, err) < 0)
        return -1;
    assert(resource != NULL);
    const struct json *parameters = json_member(body, "parameters");
    if (parameters != NULL && parameters->type == JSON_NULL)
        parameters = NULL;
    w->project_id = rq->project->id;
    w->export.resource = resource->resource;
    w->export.created_ms = time_now_ms();
    if (export_plan_read(rq, resource, parameters, &plan, err) < 0 ||
        export_plan_freeze(rq, parameters, &plan, &w->export.params, err) < 0)
        return -1;
    return api_write(rq, insert_export, w, answer_created, err);
}

/* ---- deleting ---- */

static int erase_export(struct store_tx *tx, void *arg, struct err *err)
{
    struct export_write *w = arg;
    return store_tx_export_erase(tx, w->project_id, w->export.key, &w->found, err);
}

static int answer_erased(struct request *rq, struct response *rs, struct err *err)
{
    const struct export_write *w = rq->state;
    return w->found ? reply_json(rs, HTTP_NO_CONTENT, err) : not_found(rq, err);
}

int api_exports_delete(struct request *rq, struct response *rs, struct err *err)
{
    struct export_write *w = arena_calloc(&rq->arena, sizeof(*w));
    (void)rs;
    if (w == NULL)
        return err_nomem(err);
    w->project_id = rq->project->id;
    if (!id_decode(store_secret(api_of(rq)->store), ID_EXPORT, rq->args[0], &w->export.key))
        return not_found(rq, err);
    return api_write(rq, erase_export, w, answer_erased, err);
}
