/* SPDX-License-Identifier: MIT */
/* tier.c - see tier.h. The order of printed members is that of the public API. */
#include <stdio.h>

#include "base/time_iso.h"
#include "domain/campaign.h"
#include "domain/tier.h"
#include "domain/voucher_priv.h"

/* ---- reading ---- */

static const struct field fields[] = {
    { .path = ".name", .kind = FIELD_TEXT, .offset = offsetof(struct tier, name) },
    { .path = ".banner",
      .kind = FIELD_TEXT,
      .flags = FIELD_NULLABLE,
      .offset = offsetof(struct tier, banner) },
    { .path = ".hierarchy", .kind = FIELD_INTEGER, .offset = offsetof(struct tier, hierarchy) },
};
const struct field_table tier_fields = { fields, ARRAY_LEN(fields) };

static int take_fields(struct tier *t, struct arena *a, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct field *f = &fields[i];
        const struct json *value = field_in_json(f, t->in);
        if (value == NULL || value->type == JSON_NULL)
            continue;
        const char *what = field_from_json(f, value, t);
        if (what == NULL)
            continue;
        const struct str reason = field_reason(f, what, a);
        return reason.p == NULL ? err_nomem(err)
                                : err_set(err, ERR_INVALID_PAYLOAD, "%.*s", STR_FMT(reason));
    }
    return 0;
}

static int read_tier(struct tier *t, struct arena *a, struct err *err)
{
    if (t->in->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object");
    if (take_fields(t, a, err) < 0)
        return -1;
    if (t->name.p == NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload should have required property 'name'");
    if (t->name.len == 0)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .name must NOT have fewer than 1 characters");
    return voucher_tier_from_json(t->in, a, &t->terms, err);
}

static int read_tiers(const struct json *list, struct arena *a, struct tier *tiers, struct err *err)
{
    size_t i = 0;
    for (const struct json *m = list->child; m != NULL; m = m->next, i++) {
        char where[64];
        tiers[i] = (struct tier){ .hierarchy = (int64_t)i + 1, .in = m };
        if (read_tier(&tiers[i], a, err) == 0)
            continue;
        snprintf(where, sizeof(where), ".promotion.tiers[%zu]", i);
        voucher_move_path(err, where);
        return -1;
    }
    return 0;
}

static size_t count(const struct json *list)
{
    size_t n = 0;
    for (const struct json *m = list->child; m != NULL; m = m->next)
        n++;
    return n;
}

int tiers_from_json(const struct json *body, struct arena *a, struct tier **out, size_t *n,
                    struct err *err)
{
    const struct json *promotion = json_member(body, "promotion");
    const struct json *list = json_member(promotion, "tiers");
    *out = NULL;
    *n = 0;
    if (promotion != NULL && promotion->type != JSON_OBJECT && promotion->type != JSON_NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .promotion must be object");
    if (list == NULL || list->type == JSON_NULL)
        return 0;
    if (list->type != JSON_ARRAY)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .promotion.tiers must be array,null");
    *n = count(list);
    if (*n > TIERS_MAX)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .promotion.tiers must NOT have more than %d items", TIERS_MAX);
    *out = arena_alloc(a, (*n + 1) * sizeof(**out));
    return *out == NULL ? err_nomem(err) : read_tiers(list, a, *out, err);
}

/* ---- printing ---- */

static void put_str(struct json_out *o, const char *key, struct str value)
{
    json_key(o, key);
    json_str(o, value);
}

static void put_bool(struct json_out *o, const char *key, bool value)
{
    json_key(o, key);
    json_bool(o, value);
}

static void put_time(struct json_out *o, const char *key, int64_t ms)
{
    json_key(o, key);
    json_time(o, ms); /* null when there is none */
}

static void put_campaign(struct json_out *o, const struct campaign *c, const char *id,
                         const char *category)
{
    json_key(o, "campaign");
    json_object(o);
    put_str(o, "id", str_of(id));
    put_time(o, "start_date", c->voucher.start_ms);
    put_time(o, "expiration_date", c->voucher.expiration_ms);
    json_members(o, c->voucher.validity);
    put_bool(o, "active", c->active);
    if (category != NULL)
        put_str(o, "category_id", str_of(category));
    put_str(o, "object", STR("campaign"));
    json_object_end(o);
}

static void put_terms(struct json_out *o, const struct voucher *v)
{
    put_bool(o, "active", v->active);
    if (v->start_ms != TIME_NONE)
        put_time(o, "start_date", v->start_ms);
    if (v->expiration_ms != TIME_NONE)
        put_time(o, "expiration_date", v->expiration_ms);
    json_members(o, v->validity);
}

/* Nothing is redeemed here. */
static void put_summary(struct json_out *o)
{
    json_key(o, "summary");
    json_raw(o, STR("{\"redemptions\":{\"total_redeemed\":0},"
                    "\"orders\":{\"total_amount\":0,\"total_discount_amount\":0}}"));
}

void tier_put_json(struct json_out *o, const struct tier *t, const struct voucher_names *names,
                   const struct campaign *c, const char *campaign_category)
{
    const struct voucher *v = &t->terms;
    json_object(o);
    put_str(o, "id", str_of(names->id));
    put_time(o, "created_at", v->created_ms);
    put_str(o, "name", t->name);
    if (t->banner.p != NULL)
        put_str(o, "banner", t->banner);
    if (v->type == VOUCHER_DISCOUNT) {
        json_key(o, "action");
        json_object(o);
        voucher_put_discount(o, v);
        json_object_end(o);
    }
    json_key(o, "metadata");
    json_raw(o, v->metadata.len > 0 ? v->metadata : STR("{}"));
    json_key(o, "hierarchy");
    json_int(o, t->hierarchy);
    put_str(o, "promotion_id", str_of(names->campaign_id));
    put_campaign(o, c, names->campaign_id, campaign_category);
    put_str(o, "campaign_id", str_of(names->campaign_id));
    put_terms(o, v);
    put_summary(o);
    put_str(o, "object", STR("promotion_tier"));
    const struct rule_of rule = { "promotion_tier", v->rule, names->id, v->created_ms };
    voucher_put_assignments(o, "validation_rule_assignments", &rule, 1);
    voucher_put_category(o, v, names, true);
    json_object_end(o);
}
