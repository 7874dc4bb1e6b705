/* SPDX-License-Identifier: MIT */
/* names.c - what vouchers and campaigns know by key only, looked up for printing; see api_priv.h.
 */
#include "api/api_priv.h"

static const struct voucher *voucher_at(const struct voucher *first, size_t i, size_t stride)
{
    return (const struct voucher *)(const void *)((const char *)first + i * stride);
}

int api_names_read(struct request *rq, const struct voucher *vouchers, size_t n, size_t stride,
                   struct api_names *out, struct err *err)
{
    struct store *s = api_of(rq)->store;
    struct category *categories = NULL;
    size_t first = 0;
    *out = (struct api_names){ 0 };
    while (first < n && voucher_at(vouchers, first, stride)->category_id == 0)
        first++;
    if (first == n)
        return 0;
    if (n > 1) {
        if (store_list_categories(s, &rq->arena, rq->project->id, &categories, &out->n_categories,
                                  err) < 0)
            return err_wrap(err, "cannot list categories");
    } else {
        if (store_find_category(s, &rq->arena, rq->project->id, vouchers->category_id, &categories,
                                err) < 0)
            return err_wrap(err, "cannot look up a category");
        out->n_categories = categories != NULL;
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

void api_names_of(struct request *rq, const struct api_names *names, const struct voucher *v,
                  char id[ID_MAX_LEN], struct voucher_names *out)
{
    const struct category *c =
        v->category_id != 0 && names->n_categories > 0
            ? bsearch(&v->category_id, names->categories, names->n_categories, sizeof(*c), cmp_key)
            : NULL;
    if (c == NULL) /* a category that has been deleted since is none */
        return;
    id_encode(store_secret(api_of(rq)->store), ID_CATEGORY, c->key, id);
    out->category_id = id;
    out->category = c->name;
    out->hierarchy = c->hierarchy;
    out->created_ms = c->created_ms;
    out->updated_ms = c->updated_ms;
}
