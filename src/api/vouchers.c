/* SPDX-License-Identifier: MIT */
/* vouchers.c - /v1/vouchers (reference 4.3.3, 4.3.4). */
#include "api/api_priv.h"

#define VOUCHER_PAGE_MAX 99

static void put_voucher(struct request *rq, struct json_out *o, const struct voucher *v,
                        enum voucher_json_flags flags)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), ID_VOUCHER, v->key, id);
    voucher_put_json(o, v, id, flags);
}

static int reply_voucher(struct request *rq, struct response *rs, const struct voucher *v,
                         struct err *err)
{
    struct json_out o = { .b = &rs->body };
    put_voucher(rq, &o, v, VOUCHER_JSON_SINGLE);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- list ---- */

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
    for (size_t i = 0; i < n; i++)
        put_voucher(rq, &o, &vouchers[i], 0);
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, total);
    json_key(&o, "has_more");
    json_bool(&o, more);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- one ---- */

int api_vouchers_get(struct request *rq, struct response *rs, struct err *err)
{
    const struct str code = rq->args[0];
    struct voucher *v = NULL;
    if (store_find_voucher(api_of(rq)->store, &rq->arena, rq->project->id, code, &v, err) < 0)
        return err_wrap(err, "cannot look up a voucher");
    if (v == NULL)
        return reply_not_found(rq, "voucher", code, err);
    return reply_voucher(rq, rs, v, err);
}

/* ---- create ---- */

/* Lives in the request's arena. */
struct voucher_create {
    struct request *rq;
    struct voucher wanted;
    struct voucher stored;
    struct voucher_write write;
    struct store_work work;
    int rc;
    struct err err;
};

/* In the store's transaction; maybe more than once, so it starts from `wanted` each time. */
static int write_voucher(struct store_tx *tx, void *arg, struct err *err)
{
    struct voucher_create *vc = arg;
    vc->stored = vc->wanted;
    vc->write = (struct voucher_write){ .project_id = vc->rq->project->id,
                                        .voucher = &vc->stored,
                                        .mode = VOUCHER_CREATE_ONLY };
    return store_tx_voucher_write(tx, &vc->write, err);
}

static void voucher_written(void *arg, int rc, const struct err *err)
{
    struct voucher_create *vc = arg;
    vc->rc = rc;
    if (rc < 0)
        vc->err = *err;
    request_resume(vc->rq);
}

static int answer_create(struct request *rq, struct response *rs, struct err *err)
{
    const struct voucher_create *vc = rq->state;
    if (vc->rc < 0) {
        *err = vc->err;
        return -1;
    }
    if (vc->write.outcome == OUTCOME_FAILED)
        return reply_duplicate(rq, "voucher", rq->args[0], err);
    return reply_voucher(rq, rs, &vc->stored, err);
}

static int check_code(struct str code, struct err *err)
{
    if (code.len > VOUCHER_CODE_MAX_BYTES)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .code must NOT be longer than %d bytes",
                       VOUCHER_CODE_MAX_BYTES);
    if (str_utf8_invalid_at(code) != code.len || memchr(code.p, '\0', code.len) != NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .code must be UTF-8 text without NUL");
    return 0;
}

static int read_voucher(struct request *rq, struct voucher *v, struct err *err)
{
    static const struct json nothing = { .type = JSON_OBJECT };
    const struct json *body = NULL;
    if (check_code(rq->args[0], err) < 0 || request_json(rq, &body, err) < 0 ||
        voucher_from_json(body != NULL ? body : &nothing, &rq->arena, v, err) < 0)
        return -1;
    v->code = rq->args[0];
    v->set |= VF_CODE;
    return 0;
}

int api_vouchers_create(struct request *rq, struct response *rs, struct err *err)
{
    struct voucher_create *vc = arena_calloc(&rq->arena, sizeof(*vc));
    (void)rs;
    if (vc == NULL)
        return err_nomem(err);
    if (read_voucher(rq, &vc->wanted, err) < 0)
        return -1;
    vc->rq = rq;
    vc->work = (struct store_work){
        .run = write_voucher, .done = voucher_written, .arg = vc, .interactive = true
    };
    rq->state = vc;
    rq->finish = answer_create;
    request_suspend(rq);
    store_submit(api_of(rq)->store, &vc->work);
    return HTTP_LATER;
}

int api_vouchers_import_csv(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return csv_import_start(rq, ACTION_VOUCHERS_IMPORT_CSV, HTTP_ACCEPTED, err);
}
