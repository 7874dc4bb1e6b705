/* SPDX-License-Identifier: MIT */
/* promotions.c - /v1/promotions, and the tiers of a campaign that is printed (reference 4.1). */
#include <assert.h>

#include "api/api_priv.h"
#include "domain/tier.h"

#define TIER_PAGE_MAX 1000

/* Public id of the campaign's category, into `room`; NULL: it has none. */
static int category_of(struct request *rq, const struct campaign *c, struct api_name_ids *room,
                       const char **out, struct err *err)
{
    struct api_names names;
    struct voucher_names of_c;
    if (api_names_read(api_of(rq)->store, rq->project->id, &c->voucher, 1, sizeof(*c), &rq->arena,
                       &names, err) < 0)
        return -1;
    api_names_of(&names, &c->voucher, room, &of_c);
    *out = of_c.category_id;
    return 0;
}

static int put_tiers(struct request *rq, struct json_out *o, const struct campaign *c,
                     const struct tier *tiers, size_t n, struct err *err)
{
    struct api_name_ids of_campaign;
    struct api_names names;
    const char *category = NULL;
    assert(c != NULL);
    if (n == 0)
        return 0;
    if (category_of(rq, c, &of_campaign, &category, err) < 0 ||
        api_names_read(api_of(rq)->store, rq->project->id, &tiers->terms, n, sizeof(*tiers),
                       &rq->arena, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct api_name_ids ids;
        struct voucher_names of_t;
        id_encode(store_secret(names.store), ID_PROMOTION_TIER, tiers[i].key, ids.own);
        api_names_of(&names, &tiers[i].terms, &ids, &of_t);
        id_encode(store_secret(names.store), ID_CAMPAIGN, c->key, ids.campaign);
        of_t.campaign_id = ids.campaign;
        tier_put_json(o, &tiers[i], &of_t, c, category);
    }
    return 0;
}

static int put_list(struct request *rq, struct json_out *o, const struct campaign *c,
                    int64_t offset, size_t limit, struct err *err)
{
    struct tier *tiers = NULL;
    size_t n = 0;
    int64_t total = 0;
    if (store_list_tiers(api_of(rq)->store, &rq->arena, c, offset, limit, &tiers, &n, &total, err) <
        0)
        return err_wrap(err, "cannot list the tiers of a promotion");
    api_list_head(o, "tiers");
    json_array(o);
    if (put_tiers(rq, o, c, tiers, n, err) < 0)
        return -1;
    json_array_end(o);
    json_key(o, "total");
    json_int(o, total);
    json_key(o, "has_more");
    json_bool(o, offset + (int64_t)n < total);
    json_object_end(o);
    return 0;
}

int api_put_promotion(struct request *rq, const struct campaign *c, struct str *out,
                      struct err *err)
{
    struct buf b;
    buf_init(&b, RESPONSE_MAX_BYTES);
    if (put_list(rq, &(struct json_out){ .b = &b }, c, 0, TIERS_MAX, err) < 0) {
        buf_release(&b);
        return -1;
    }
    return buf_keep(&b, &rq->arena, out, err);
}

/* ---- endpoints ---- */

int api_promotions_list(struct request *rq, struct response *rs, struct err *err)
{
    static const char *const later[] = { "is_available", NULL };
    struct campaign *c = NULL;
    int limit, page;
    if (query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &limit, err) < 0 ||
        query_int(rq, "page", 1, TIER_PAGE_MAX, 1, &page, err) < 0 ||
        query_refuse(rq, later, err) < 0)
        return -1;
    if (store_find_campaign(api_of(rq)->store, &rq->arena, rq->project->id, rq->args[0], &c, err) <
        0)
        return err_wrap(err, "cannot look up a campaign");
    if (c == NULL || c->campaign_type != CAMPAIGN_PROMOTION)
        return reply_not_found(rq, "campaign", rq->args[0], err);
    if (put_list(rq, &(struct json_out){ .b = &rs->body }, c, (int64_t)(page - 1) * limit,
                 (size_t)limit, err) < 0)
        return -1;
    return reply_json(rs, HTTP_OK, err);
}

/* The tier of the path, with its campaign; NULL: there is none. */
static int find_tier(struct request *rq, struct tier **out, struct campaign **c, struct err *err)
{
    struct store *s = api_of(rq)->store;
    char id[ID_MAX_LEN];
    int64_t key;
    *out = NULL;
    if (!id_decode(store_secret(s), ID_PROMOTION_TIER, rq->args[0], &key))
        return 0;
    if (store_find_tier(s, &rq->arena, rq->project->id, key, out, err) < 0)
        return err_wrap(err, "cannot look up a tier");
    if (*out == NULL)
        return 0;
    id_encode(store_secret(s), ID_CAMPAIGN, (*out)->terms.campaign_id, id);
    if (store_find_campaign(s, &rq->arena, rq->project->id, str_of(id), c, err) < 0)
        return err_wrap(err, "cannot look up a campaign");
    if (*c == NULL) /* it has gone since */
        *out = NULL;
    return 0;
}

int api_promotions_get_tier(struct request *rq, struct response *rs, struct err *err)
{
    struct tier *t;
    struct campaign *c = NULL;
    if (find_tier(rq, &t, &c, err) < 0)
        return -1;
    if (t == NULL)
        return reply_not_found(rq, "promotion_tier", rq->args[0], err);
    if (put_tiers(rq, &(struct json_out){ .b = &rs->body }, c, t, 1, err) < 0)
        return -1;
    return reply_json(rs, HTTP_OK, err);
}
