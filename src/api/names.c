/* SPDX-License-Identifier: MIT */
/* names.c - what vouchers and campaigns know by key only, looked up for printing; see api_priv.h.
 */
#include "api/api_priv.h"

static const struct voucher *voucher_at(const struct voucher *first, size_t i, size_t stride)
{
    return (const struct voucher *)(const void *)((const char *)first + i * stride);
}

static int read_categories(const struct voucher *vouchers, size_t n, size_t stride, struct arena *a,
                           struct api_names *out, struct err *err)
{
    struct category *categories = NULL;
    size_t first = 0;
    while (first < n && voucher_at(vouchers, first, stride)->category_id == 0)
        first++;
    if (first == n)
        return 0;
    if (n > 1) {
        if (store_list_categories(out->store, a, out->project_id, &categories, &out->n_categories,
                                  err) < 0)
            return err_wrap(err, "cannot list categories");
    } else {
        if (store_find_category(out->store, a, out->project_id, vouchers->category_id, &categories,
                                err) < 0)
            return err_wrap(err, "cannot look up a category");
        out->n_categories = categories != NULL;
    }
    out->categories = categories;
    return 0;
}

static const struct campaign *find_campaign(const struct api_names *names, int64_t key)
{
    for (size_t i = 0; i < names->n_campaigns; i++)
        if (names->campaigns[i]->key == key)
            return names->campaigns[i];
    return NULL;
}

static int read_campaigns(const struct voucher *vouchers, size_t n, size_t stride, struct arena *a,
                          struct api_names *out, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const int64_t key = voucher_at(vouchers, i, stride)->campaign_id;
        struct campaign *c = NULL;
        char id[ID_MAX_LEN];
        if (key == 0 || find_campaign(out, key) != NULL)
            continue;
        if (out->campaigns == NULL)
            out->campaigns = arena_alloc(a, n * sizeof(struct campaign *));
        if (out->campaigns == NULL)
            return err_nomem(err);
        id_encode(store_secret(out->store), ID_CAMPAIGN, key, id);
        if (store_find_campaign(out->store, a, out->project_id, str_of(id), &c, err) < 0)
            return err_wrap(err, "cannot look up a campaign");
        if (c != NULL)
            out->campaigns[out->n_campaigns++] = c;
    }
    return 0;
}

int api_names_read(struct store *store, int64_t project_id, const struct voucher *vouchers,
                   size_t n, size_t stride, struct arena *a, struct api_names *out, struct err *err)
{
    *out = (struct api_names){ .store = store, .project_id = project_id };
    return read_categories(vouchers, n, stride, a, out, err) < 0
               ? -1
               : read_campaigns(vouchers, n, stride, a, out, err);
}

/* bsearch takes the key as the first argument. */
static int cmp_key(const void *key, const void *category)
{
    const int64_t a = *(const int64_t *)key, b = ((const struct category *)category)->key;
    return (a < b) - (a > b);
}

static void put_category(const struct api_names *names, const struct category *c, char *id,
                         struct voucher_names *out)
{
    id_encode(store_secret(names->store), ID_CATEGORY, c->key, id);
    out->category_id = id;
    out->category = c->name;
    out->hierarchy = c->hierarchy;
    out->created_ms = c->created_ms;
    out->updated_ms = c->updated_ms;
}

void api_names_of(const struct api_names *names, const struct voucher *v, struct api_name_ids *ids,
                  struct voucher_names *out)
{
    *out = (struct voucher_names){ .id = ids->own };
    const struct category *category = v->category_id != 0 && names->n_categories > 0
                                          ? bsearch(&v->category_id, names->categories,
                                                    names->n_categories, sizeof(*category), cmp_key)
                                          : NULL;
    const struct campaign *campaign =
        v->campaign_id != 0 ? find_campaign(names, v->campaign_id) : NULL;
    if (v->holder_id != 0) {
        id_encode(store_secret(names->store), ID_CUSTOMER, v->holder_id, ids->holder);
        out->holder_id = ids->holder;
    }
    if (category != NULL) /* one that has been deleted since is none */
        put_category(names, category, ids->category, out);
    if (campaign == NULL)
        return;
    id_encode(store_secret(names->store), ID_CAMPAIGN, campaign->key, ids->campaign);
    out->campaign_id = ids->campaign;
    out->campaign = campaign->name;
    out->campaign_rule = campaign->voucher.rule;
    out->campaign_ms = campaign->created_ms;
    out->is_referral = campaign->campaign_type == CAMPAIGN_REFERRAL;
}
