/* SPDX-License-Identifier: MIT */
/* vouchers.c - how vouchers are printed, and GET /v1/vouchers/{code} (reference 4.3). */
#include "api/api_priv.h"
#include "base/time_iso.h"

/* ---- printing ---- */

/* What the vouchers of one answer refer to. */
struct names {
    const struct category *categories; /* newest first: by key, descending */
    size_t n;
};

static int read_names(struct request *rq, const struct voucher *vouchers, size_t n,
                      struct names *out, struct err *err)
{
    struct store *s = api_of(rq)->store;
    struct category *categories = NULL;
    const struct voucher *first = vouchers, *end = vouchers + n;
    *out = (struct names){ 0 };
    while (first < end && first->category_id == 0)
        first++;
    if (first == end)
        return 0;
    if (n > 1) {
        if (store_list_categories(s, &rq->arena, rq->project->id, &categories, &out->n, err) < 0)
            return err_wrap(err, "cannot list categories");
    } else {
        if (store_find_category(s, &rq->arena, rq->project->id, first->category_id, &categories,
                                err) < 0)
            return err_wrap(err, "cannot look up a category");
        out->n = categories != NULL;
    }
    out->categories = categories;
    return 0;
}

/* bsearch takes the key as the first argument. */
static int cmp_key(const void *key, const void *category)
{
    const int64_t a = *(const int64_t *)key, b = ((const struct category *)category)->key;
    return (a < b) - (a > b);
}

static void put_voucher(struct request *rq, struct json_out *o, const struct voucher *v,
                        const struct names *names, enum voucher_json_flags flags)
{
    const struct id_secret *secret = store_secret(api_of(rq)->store);
    char id[ID_MAX_LEN], category_id[ID_MAX_LEN];
    struct voucher_names of_v = { .id = id };
    const struct category *c =
        v->category_id != 0 && names->n > 0
            ? bsearch(&v->category_id, names->categories, names->n, sizeof(*c), cmp_key)
            : NULL;
    id_encode(secret, ID_VOUCHER, v->key, id);
    if (c != NULL) { /* a category that has been deleted since is none */
        id_encode(secret, ID_CATEGORY, c->key, category_id);
        of_v = (struct voucher_names){ .id = id,
                                       .category_id = category_id,
                                       .category = c->name,
                                       .hierarchy = c->hierarchy,
                                       .created_ms = c->created_ms,
                                       .updated_ms = c->updated_ms };
    }
    voucher_put_json(o, v, &of_v, flags);
}

int api_put_vouchers(struct request *rq, struct json_out *o, const struct voucher *vouchers,
                     size_t n, enum voucher_json_flags flags, struct err *err)
{
    struct names names;
    if (read_names(rq, vouchers, n, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        put_voucher(rq, o, &vouchers[i], &names, flags);
    return 0;
}

int api_reply_voucher(struct request *rq, struct response *rs, const struct voucher *v,
                      struct err *err)
{
    struct json_out o = { .b = &rs->body };
    if (api_put_vouchers(rq, &o, v, 1, VOUCHER_JSON_SINGLE, err) < 0)
        return -1;
    return reply_json(rs, HTTP_OK, err);
}

/* ---- reading ---- */

int api_get_voucher(struct request *rq, struct str code, struct voucher **out, struct err *err)
{
    if (store_find_voucher(api_of(rq)->store, &rq->arena, rq->project->id, code, out, err) < 0)
        return err_wrap(err, "cannot look up a voucher");
    return *out != NULL ? 0 : reply_not_found(rq, "voucher", code, err);
}

int api_vouchers_get(struct request *rq, struct response *rs, struct err *err)
{
    struct voucher *v = NULL;
    if (api_get_voucher(rq, rq->args[0], &v, err) < 0)
        return -1;
    return api_reply_voucher(rq, rs, v, err);
}

int api_vouchers_import_csv(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return csv_import_start(rq, ACTION_VOUCHERS_IMPORT_CSV, HTTP_ACCEPTED, err);
}
