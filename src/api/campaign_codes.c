/* SPDX-License-Identifier: MIT */
/*
 * campaign_codes.c - POST /v1/campaigns/{id}/vouchers: one voucher at once, or an action that
 * generates many (reference 3.5).
 */
#include <assert.h>
#include <inttypes.h>
#include <limits.h>

#include "api/api_priv.h"
#include "base/time_iso.h"

int api_find_campaign_for_codes(struct request *rq, const char *verb, struct campaign **out,
                                struct err *err)
{
    struct campaign *c = NULL;
    if (store_find_campaign(api_of(rq)->store, &rq->arena, rq->project->id, rq->args[0], &c, err) <
        0)
        return err_wrap(err, "cannot look up a campaign");
    if (c == NULL)
        return reply_not_found(rq, "campaign", rq->args[0], err);
    *out = c;
    if (c->campaign_type != CAMPAIGN_PROMOTION && c->codes != CODES_STANDALONE)
        return 0;
    return err_set(err, ERR_INVALID_CAMPAIGN, "You can not %s for %s type campaign.", verb,
                   c->codes == CODES_STANDALONE ? "STANDALONE" : "PROMOTION");
}

/* A name that a category has means the oldest of them; they come newest first. */
static int link_category(struct request *rq, struct voucher *v, struct err *err)
{
    struct category *categories = NULL;
    size_t n = 0;
    if (v->category.p == NULL)
        return 0;
    if (store_list_categories(api_of(rq)->store, &rq->arena, rq->project->id, &categories, &n,
                              err) < 0)
        return err_wrap(err, "cannot list categories");
    for (size_t i = n; i > 0; i--) {
        if (str_eq(categories[i - 1].name, v->category)) {
            v->category_id = categories[i - 1].key;
            v->category = (struct str){ NULL, 0 };
            return 0;
        }
    }
    return 0;
}

/* The campaign becomes what all the new codes are to have. */
static int take_given(struct request *rq, const struct json *body, struct campaign *c,
                      struct err *err)
{
    struct voucher v;
    struct metadata_gate gate;
    assert(c != NULL);
    if (voucher_member_from_json(body, &rq->arena, &v, err) < 0 ||
        api_read_category_id(rq, body, &v, err) < 0 ||
        campaign_fill_voucher(c, &v, time_now_ms(), &rq->arena, err) < 0 ||
        link_category(rq, &v, err) < 0 || api_gate_open(rq, "voucher", &gate, err) < 0)
        return -1;
    if (metadata_gate_check(&gate, v.metadata, METADATA_CREATE, &rq->arena, err) < 0)
        return api_gate_result(rq, &gate, -1, err);
    c->voucher = v;
    c->voucher_schema = true; /* its metadata is complete, whose ever it was */
    c->active = v.active;
    return 0;
}

/* The request's own code_config, or the campaign's; it must be able to make so many. */
static int take_codes(struct request *rq, const struct json *body, int64_t n, struct campaign *c,
                      struct err *err)
{
    struct json *own = NULL;
    const struct json *config = json_member(body, "code_config");
    struct code_config codes;
    struct buf b;
    if (config == NULL || config->type == JSON_NULL) {
        if (json_parse(&rq->arena, c->code_config, &own, err) < 0)
            return err_wrap(err, "the code_config of a campaign cannot be read");
        config = own;
    }
    if (code_config_read(config, n, &rq->arena, &codes, err) < 0)
        return -1;
    buf_init(&b, 8 * KIB);
    code_config_put_json(&(struct json_out){ .b = &b }, &codes);
    return buf_keep(&b, &rq->arena, &c->code_config, err);
}

/* Whoever comes in between is met by the action itself. */
static int check_room(struct request *rq, const struct campaign *c, int64_t n, struct err *err)
{
    const int64_t most = store_campaign_codes_max(api_of(rq)->store);
    assert(c != NULL);
    if (most == 0 || n <= most - c->vouchers_count)
        return 0;
    return err_set(err, ERR_INVALID_CAMPAIGN, CAMPAIGN_FULL, most);
}

static int freeze(struct request *rq, const struct action_start *how,
                  const struct action_kind *kind, struct action *ac, struct err *err)
{
    const struct json *body;
    struct campaign *c = NULL;
    (void)kind;
    if (api_read_object(rq, &body, err) < 0 ||
        api_find_campaign_for_codes(rq, "generate vouchers", &c, err) < 0 ||
        check_room(rq, c, how->codes, err) < 0 || take_given(rq, body, c, err) < 0 ||
        take_codes(rq, body, how->codes, c, err) < 0)
        return -1;
    ac->campaign_id = c->key;
    return action_freeze_codes(c, how->codes, &rq->arena, &ac->params, err);
}

int api_campaigns_add_vouchers(struct request *rq, struct response *rs, struct err *err)
{
    struct action_start how = { .kind = ACTION_CAMPAIGN_VOUCHERS_GENERATE,
                                .status = HTTP_ACCEPTED,
                                .file = &rq->form.file,
                                .records = -1,
                                .freeze = freeze };
    int n = 1;
    if (query_int(rq, "vouchers_count", 1, INT_MAX, 1, &n, err) < 0)
        return -1;
    if (n == 1)
        return api_campaigns_add_random(rq, rs, err);
    how.codes = n;
    if (fingerprint_of_body(rq, err) < 0)
        return -1;
    return action_start(rq, &how, err);
}
