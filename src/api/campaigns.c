/* SPDX-License-Identifier: MIT */
/* campaigns.c - /v1/campaigns (reference 4.1). */
#include <inttypes.h>

#include "api/api_priv.h"
#include "api/filters.h"
#include "base/time_iso.h"

#define CAMPAIGN_PAGE_MAX 100
#define LIST_MS           5000 /* page and total together, with a filter that refuses many */

/* ---- printing ---- */

static int put_campaigns(struct request *rq, struct json_out *o, const struct campaign *campaigns,
                         size_t n, unsigned flags, struct err *err)
{
    struct api_names names;
    if (n == 0)
        return 0;
    if (api_names_read(api_of(rq)->store, rq->project->id, &campaigns->voucher, n,
                       sizeof(*campaigns), &rq->arena, &names, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct api_name_ids ids;
        struct voucher_names of_c;
        id_encode(store_secret(names.store), ID_CAMPAIGN, campaigns[i].key, ids.own);
        api_names_of(&names, &campaigns[i].voucher, &ids, &of_c);
        campaign_put_json(o, &campaigns[i], &of_c, flags);
    }
    return 0;
}

static int reply_campaign(struct request *rq, struct response *rs, const struct campaign *c,
                          struct err *err)
{
    struct json_out o = { .b = &rs->body };
    struct campaign shown = *c;
    if (c->campaign_type == CAMPAIGN_PROMOTION &&
        api_put_promotion(rq, c, &shown.promotion, err) < 0)
        return -1;
    if (put_campaigns(rq, &o, &shown, 1, CAMPAIGN_JSON_SINGLE | CAMPAIGN_JSON_CATEGORY, err) < 0)
        return -1;
    return reply_json(rs, HTTP_OK, err);
}

/* ---- reading ---- */

int api_campaigns_get(struct request *rq, struct response *rs, struct err *err)
{
    struct campaign *c = NULL;
    if (store_find_campaign(api_of(rq)->store, &rq->arena, rq->project->id, rq->args[0], &c, err) <
        0)
        return err_wrap(err, "cannot look up a campaign");
    return c != NULL ? reply_campaign(rq, rs, c, err)
                     : reply_not_found(rq, "campaign", rq->args[0], err);
}

/* One of the names, or an error that lists them; *out stays when the parameter was not given. */
static int query_name(const struct request *rq, const char *parameter, const char *const *names,
                      int *out, struct err *err)
{
    const struct str given = request_query(rq, parameter);
    struct buf b;
    if (given.p == NULL)
        return 0;
    for (int i = 0; names[i] != NULL; i++) {
        if (str_is(given, names[i])) {
            *out = i;
            return 0;
        }
    }
    buf_init(&b, KIB);
    for (int i = 0; names[i] != NULL; i++)
        buf_printf(&b, "%s%s", i > 0 ? ", " : "", names[i]);
    err_set(err, ERR_INVALID_QUERY,
            "Property .%s must be equal to one of the allowed values [ %.*s ]", parameter,
            (int)b.len, b.p);
    buf_release(&b);
    return -1;
}

static int read_page(struct request *rq, struct campaign_page *page, bool *with_category,
                     struct err *err)
{
    static const char *const orders[] = { "created_at", "-created_at", "updated_at", "-updated_at",
                                          NULL };
    const struct filter *filter;
    int limit, number, order = CAMPAIGNS_BY_CREATION_DESC;
    const struct str expand = request_query(rq, "expand");
    if (query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &limit, err) < 0 ||
        query_int(rq, "page", 1, CAMPAIGN_PAGE_MAX, 1, &number, err) < 0 ||
        query_name(rq, "order", orders, &order, err) < 0 ||
        filters_of_list(rq, &campaign_list_filters, &filter, err) < 0)
        return -1;
    *with_category = str_is(expand, "category");
    *page = (struct campaign_page){
        .limit = (size_t)limit,
        .offset = (size_t)(number - 1) * (size_t)limit,
        .order = (enum campaign_order)order,
        .filter = filter,
        .time_ms = LIST_MS,
    };
    return 0;
}

int api_campaigns_list(struct request *rq, struct response *rs, struct err *err)
{
    struct campaign_page page;
    struct campaign *campaigns = NULL;
    size_t n = 0;
    int64_t total = 0;
    bool with_category = false;
    if (read_page(rq, &page, &with_category, err) < 0)
        return -1;
    if (store_list_campaigns(api_of(rq)->store, &rq->arena, rq->project->id, &page, &campaigns, &n,
                             &total, err) < 0)
        return err_wrap(err, "cannot list campaigns");
    struct json_out o = { .b = &rs->body };
    api_list_head(&o, "campaigns");
    json_array(&o);
    if (put_campaigns(rq, &o, campaigns, n, with_category ? CAMPAIGN_JSON_CATEGORY : 0, err) < 0)
        return -1;
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, total);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- writing ---- */

/* Lives in the request's arena. */
struct writing {
    struct request *rq;
    struct campaign given;
    struct campaign_write write;
    bool with_voucher;    /* a new one gets its first voucher at once */
    struct action action; /* kind 0: none; generates its codes, or goes through its vouchers */
    struct voucher voucher;
    struct voucher_write first;
};

static int write_first_voucher(struct store_tx *tx, struct writing *wr, struct err *err)
{
    struct campaign *c = &wr->write.campaign;
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(wr->rq)->store), ID_CAMPAIGN, c->key, id);
    voucher_init(&wr->voucher);
    wr->voucher.code = wr->given.voucher.code;
    wr->voucher.set = wr->given.voucher.set & VF_CODE;
    wr->first = (struct voucher_write){ .project_id = wr->write.project_id,
                                        .mode = VOUCHER_CREATE,
                                        .voucher = &wr->voucher,
                                        .campaign = str_of(id),
                                        .arena = wr->write.arena,
                                        .gate = wr->write.voucher_gate };
    if (store_tx_voucher_write(tx, &wr->first, err) < 0)
        return api_gate_result(wr->rq, &wr->first.gate, -1, err);
    if (wr->first.outcome == OUTCOME_FAILED) { /* then the campaign is not made either */
        *err = wr->first.why;
        return -1;
    }
    c->vouchers_count = 1;
    return 0;
}

/* Its parameters are set already. */
static int write_action(struct store_tx *tx, struct writing *wr, enum action_kind_id id, int64_t n,
                        struct err *err)
{
    struct action *ac = &wr->action;
    ac->campaign_id = wr->write.campaign.key;
    ac->ends_campaign = wr->write.mode == CAMPAIGN_DELETE;
    ac->created_ms = wr->write.now_ms;
    ac->input_bytes = n;
    return action_insert(tx, wr->rq, id, ac, err);
}

/* What all its codes will have: their own schema, whatever that of the campaign is. */
static int check_generated(struct writing *wr, struct err *err)
{
    struct metadata_gate *gate = &wr->write.voucher_gate;
    struct voucher v;
    voucher_init(&v);
    if (campaign_fill_voucher(&wr->write.campaign, &v, wr->write.now_ms, wr->write.arena, err) < 0)
        return -1;
    return api_gate_result(
        wr->rq, gate, metadata_gate_check(gate, v.metadata, METADATA_CREATE, wr->write.arena, err),
        err);
}

static int write_generation(struct store_tx *tx, struct writing *wr, struct err *err)
{
    const int64_t n = wr->given.vouchers_count;
    if (check_generated(wr, err) < 0)
        return -1;
    if (action_freeze_codes(&wr->write.campaign, n, wr->write.arena, &wr->action.params, err) < 0)
        return -1;
    return write_action(tx, wr, ACTION_CAMPAIGN_VOUCHERS_GENERATE, n, err);
}

/* Something to do with all its vouchers. */
static int write_members(struct store_tx *tx, struct writing *wr, enum action_kind_id id,
                         const struct members *members, struct err *err)
{
    const struct campaign *c = &wr->write.campaign;
    if (action_freeze_members(c, members, wr->write.arena, &wr->action.params, err) < 0)
        return -1;
    return write_action(tx, wr, id, c->vouchers_count, err);
}

static int write_update(struct store_tx *tx, struct writing *wr, struct err *err)
{
    const struct members members = { .order = MEMBERS_UPDATE,
                                     .terms = { .set = wr->write.terms,
                                                .metadata = wr->given.voucher.metadata },
                                     .unset = wr->given.unset_metadata };
    wr->write.campaign.creation = CAMPAIGN_MODIFYING;
    return write_members(tx, wr, ACTION_CAMPAIGN_VOUCHERS_UPDATE, &members, err);
}

static int write_deletion(struct store_tx *tx, struct writing *wr, struct err *err)
{
    const struct members members = { .order = wr->write.force ? MEMBERS_ERASE : MEMBERS_TO_BIN };
    return write_members(tx, wr, ACTION_CAMPAIGN_VOUCHERS_DELETE, &members, err);
}

/* The one that was asked, if any was. */
static const struct metadata_gate *gate_of(const struct writing *wr)
{
    const struct campaign_write *w = &wr->write;
    if (w->tier_gate.reason.p != NULL)
        return &w->tier_gate;
    return w->own_gate.reason.p != NULL ? &w->own_gate : &w->voucher_gate;
}

static int write_campaign(struct store_tx *tx, void *arg, struct err *err)
{
    struct writing *wr = arg;
    wr->action = (struct action){ 0 };
    wr->write.now_ms = time_now_ms();
    if (store_tx_campaign_write(tx, &wr->write, err) < 0)
        return api_gate_result(wr->rq, gate_of(wr), -1, err);
    if (wr->write.refused || !wr->write.found)
        return 0;
    if (wr->write.mode == CAMPAIGN_DELETE)
        return write_deletion(tx, wr, err);
    if (wr->write.terms != 0)
        return write_update(tx, wr, err);
    if (wr->write.mode != CAMPAIGN_CREATE)
        return 0;
    if (wr->given.vouchers_count > 1)
        return write_generation(tx, wr, err);
    return wr->with_voucher ? write_first_voucher(tx, wr, err) : 0;
}

static int refused(struct request *rq, const struct writing *wr, struct err *err)
{
    *err = wr->write.why;
    if (wr->write.no_rule)
        return reply_not_found(rq, "validation_rules", wr->given.voucher.rule, err);
    if (err->code != ERR_DUPLICATE)
        return -1;
    reply_duplicate(rq, "campaign", wr->given.name, err);
    const char *details = arena_printf(&rq->arena, "Duplicated campaign exists with name %.*s",
                                       STR_FMT(wr->given.name));
    rq->details = str_of(details);
    return -1;
}

static int answer_campaign(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    if (wr->action.kind != 0)
        engine_add(api_of(rq)->engine, &wr->action);
    if (!wr->write.found)
        return reply_not_found(rq, "campaign", rq->args[0], err);
    return wr->write.refused ? refused(rq, wr, err)
                             : reply_campaign(rq, rs, &wr->write.campaign, err);
}

/* enable and disable say nothing: reference 4.1. */
static int answer_nothing(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    if (!wr->write.found)
        return reply_not_found(rq, "campaign", rq->args[0], err);
    buf_puts(&rs->body, STR("{}"));
    return reply_json(rs, HTTP_OK, err);
}

static int answer_action(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    if (!wr->write.found)
        return reply_not_found(rq, "campaign", rq->args[0], err);
    engine_add(api_of(rq)->engine, &wr->action);
    return reply_action_id(rq, rs, wr->action.seq, wr->action.created_ms, HTTP_ACCEPTED, err);
}

/* NULL: out of memory. */
static struct writing *writing_new(struct request *rq, struct err *err)
{
    struct writing *wr = arena_calloc(&rq->arena, sizeof(*wr));
    if (wr == NULL) {
        err_nomem(err);
        return NULL;
    }
    wr->rq = rq;
    wr->write = (struct campaign_write){ .project_id = rq->project->id,
                                         .given = &wr->given,
                                         .arena = &rq->arena };
    return wr;
}

static int open_gates(struct request *rq, struct writing *wr, struct err *err)
{
    struct campaign_write *w = &wr->write;
    if (api_gate_open(rq, "campaign", &w->own_gate, err) < 0 ||
        api_gate_open(rq, "voucher", &w->voucher_gate, err) < 0)
        return -1;
    return wr->given.n_tiers > 0 ? api_gate_open(rq, "promotion_tier", &w->tier_gate, err) : 0;
}

static int read_tier_categories(struct request *rq, struct campaign *c, struct err *err)
{
    for (size_t i = 0; i < c->n_tiers; i++) {
        struct tier *t = &c->tiers[i];
        if (api_read_category_id(rq, t->in, &t->terms, err) < 0)
            return -1;
    }
    return 0;
}

int api_campaigns_create(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, err);
    (void)rs;
    if (wr == NULL || api_read_object(rq, &body, err) < 0 ||
        campaign_from_json(body, &rq->arena, &wr->given, err) < 0 ||
        api_read_category_id(rq, body, &wr->given.voucher, err) < 0 ||
        read_tier_categories(rq, &wr->given, err) < 0 || open_gates(rq, wr, err) < 0)
        return -1;
    if (wr->given.codes == CODES_STANDALONE)
        wr->given.vouchers_count = 1; /* it has one code */
    const int64_t most = store_campaign_codes_max(api_of(rq)->store);
    if (most > 0 && wr->given.vouchers_count > most)
        return err_set(err, ERR_INVALID_CAMPAIGN, CAMPAIGN_FULL, most);
    wr->with_voucher = wr->given.vouchers_count == 1;
    if (wr->given.vouchers_count > 1)
        wr->given.creation = wr->given.generation = CAMPAIGN_IN_PROGRESS;
    wr->write.mode = CAMPAIGN_CREATE;
    return api_write_order(rq, write_campaign, wr, answer_campaign, err);
}

int api_campaigns_update(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, err);
    (void)rs;
    if (wr == NULL || api_read_object(rq, &body, err) < 0 ||
        campaign_change_from_json(body, &rq->arena, &wr->given, err) < 0 ||
        api_read_category_id(rq, body, &wr->given.voucher, err) < 0 || open_gates(rq, wr, err) < 0)
        return -1;
    wr->write.mode = CAMPAIGN_CHANGE;
    wr->write.name_or_id = rq->args[0];
    return api_write_order(rq, write_campaign, wr, answer_campaign, err);
}

int api_campaigns_delete(struct request *rq, struct response *rs, struct err *err)
{
    struct writing *wr = writing_new(rq, err);
    (void)rs;
    if (wr == NULL || query_flag(rq, "force", &wr->write.force, err) < 0)
        return -1;
    wr->write.mode = CAMPAIGN_DELETE;
    wr->write.name_or_id = rq->args[0];
    return api_write_order(rq, write_campaign, wr, answer_action, err);
}

static int activate(struct request *rq, bool active, struct err *err)
{
    struct writing *wr = writing_new(rq, err);
    if (wr == NULL)
        return -1;
    wr->write.mode = CAMPAIGN_ACTIVATE;
    wr->write.active = active;
    wr->write.name_or_id = rq->args[0];
    return api_write_order(rq, write_campaign, wr, answer_nothing, err);
}

int api_campaigns_enable(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return activate(rq, true, err);
}

int api_campaigns_disable(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return activate(rq, false, err);
}
