/* SPDX-License-Identifier: MIT */
/*
 * voucher_json.c - a voucher as the API prints it. The order of the members is that of the public
 * API: recorded answers are compared as text.
 */
#include "base/time_iso.h"
#include "domain/voucher_priv.h"

static void put_member_str(struct json_out *o, const char *key, struct str value)
{
    json_key(o, key);
    json_str(o, value);
}

static void put_member_int(struct json_out *o, const char *key, int64_t value)
{
    json_key(o, key);
    json_int(o, value);
}

static void put_member_time(struct json_out *o, const char *key, int64_t ms)
{
    json_key(o, key);
    json_time(o, ms);
}

static void put_effect(struct json_out *o, const struct voucher *v)
{
    if (v->effect == EFFECT_NONE)
        return;
    json_key(o, "effect");
    json_str(o, str_of(voucher_fields.rows[ROW_EFFECT].names[v->effect]));
}

void voucher_put_discount(struct json_out *o, const struct voucher *v)
{
    json_key(o, "discount");
    if (v->type != VOUCHER_DISCOUNT) {
        json_null(o);
        return;
    }
    json_object(o);
    put_member_str(o, "type",
                   str_of(voucher_fields.rows[ROW_DISCOUNT_TYPE].names[v->discount_type]));
    if ((v->set & VF_VALUE) != 0) {
        json_key(o, voucher_worths[v->discount_type].member);
        json_num(o, v->value);
    }
    put_effect(o, v);
    json_members(o, v->discount_extra);
    json_object_end(o);
}

static struct num balance(const struct voucher *v)
{
    if (v->value.is_int)
        return num_int(voucher_available(v));
    return (struct num){ .d = v->value.d - (double)v->subtracted - (double)v->redeemed_amount };
}

/* What new codes of a campaign have: no balance yet. */
static void put_template_account(struct json_out *o, const char *key, const struct voucher *v,
                                 const char *total)
{
    json_key(o, key);
    json_object(o);
    json_key(o, total);
    json_num(o, v->value);
    put_effect(o, v);
    json_members(o, v->discount_extra);
    json_object_end(o);
}

void voucher_put_template(struct json_out *o, const struct voucher *v)
{
    put_member_str(o, "type", str_of(voucher_fields.rows[ROW_TYPE].names[v->type]));
    if (v->type == VOUCHER_DISCOUNT)
        voucher_put_discount(o, v);
    else if (v->type == VOUCHER_GIFT)
        put_template_account(o, "gift", v, "amount");
    else
        put_template_account(o, "loyalty_card", v, "points");
    json_key(o, "redemption");
    json_object(o);
    json_key(o, "quantity");
    if (v->quantity < 0)
        json_null(o);
    else
        json_int(o, v->quantity);
    json_object_end(o);
}

/* gift and loyalty_card: what was on it, and what is left. */
static void put_account(struct json_out *o, const char *key, const struct voucher *v,
                        enum voucher_type type, const char *total)
{
    json_key(o, key);
    if (v->type != type) {
        json_null(o);
        return;
    }
    json_object(o);
    json_key(o, total);
    json_num(o, v->value);
    if (v->subtracted > 0)
        put_member_int(o, "subtracted_amount", v->subtracted);
    json_key(o, "balance");
    json_num(o, balance(v));
    put_effect(o, v);
    json_members(o, v->discount_extra);
    json_object_end(o);
}

/* RFC 3986: what is not unreserved is encoded, so a code may hold anything. */
static void put_percent_encoded(struct buf *b, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.p[i];
        const bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (plain || (c != '\0' && strchr("-._~", c) != NULL))
            buf_putc(b, (char)c);
        else
            buf_put(b, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
    }
}

/* "/v1/vouchers/<code>/<list>?page=1&limit=10" */
static void put_list_url(struct json_out *o, struct str code, const char *list)
{
    json_key(o, "url");
    json_raw(o, STR("\"/v1/vouchers/"));
    put_percent_encoded(o->b, code);
    buf_printf(o->b, "/%s?page=1&limit=10\"", list);
}

static void put_asset(struct json_out *o, const char *kind, const char *id)
{
    json_key(o, kind);
    json_object(o);
    put_member_str(o, "id", str_of(id));
    json_key(o, "url");
    json_raw(o, STR("\"/api/v1/assets/"));
    buf_printf(o->b, "%s/%s\"", kind, id); /* an id is plain ASCII */
    json_object_end(o);
}

static void put_assets(struct json_out *o, const char *id)
{
    json_key(o, "assets");
    json_object(o);
    put_asset(o, "qr", id);
    put_asset(o, "barcode", id);
    json_object_end(o);
}

#define ASSIGNMENT_ID_CHARS 16

/* Each has one rule at most, so the end of its own id, which looks random, names it. */
static void put_assignment(struct json_out *o, const struct rule_of *r)
{
    const size_t n = strlen(r->id);
    json_object(o);
    json_key(o, "id");
    json_raw(o, STR("\"asgm_"));
    buf_printf(o->b, "%s\"", n > ASSIGNMENT_ID_CHARS ? r->id + n - ASSIGNMENT_ID_CHARS : r->id);
    put_member_str(o, "rule_id", r->rule);
    put_member_str(o, "related_object_id", str_of(r->id));
    put_member_str(o, "related_object_type", str_of(r->resource));
    put_member_time(o, "created_at", r->since_ms);
    put_member_str(o, "object", STR("validation_rules_assignment"));
    json_object_end(o);
}

void voucher_put_assignments(struct json_out *o, const char *key, const struct rule_of *rules,
                             size_t n)
{
    int64_t total = 0;
    json_key(o, key);
    json_object(o);
    put_member_str(o, "object", STR("list"));
    put_member_str(o, "data_ref", STR("data"));
    json_key(o, "data");
    json_array(o);
    for (size_t i = 0; i < n; i++) {
        if (rules[i].rule.len == 0 || rules[i].id == NULL)
            continue;
        put_assignment(o, &rules[i]);
        total++;
    }
    json_array_end(o);
    put_member_int(o, "total", total);
    json_object_end(o);
}

/* Its own, and its campaign's. */
static void put_rules(struct json_out *o, const struct voucher *v,
                      const struct voucher_names *names)
{
    const struct rule_of rules[] = {
        { "voucher", v->rule, names->id, v->created_ms },
        { "campaign", names->campaign_rule, names->campaign_id, names->campaign_ms },
    };
    voucher_put_assignments(o, "validation_rules_assignments", rules, ARRAY_LEN(rules));
}

static void put_redemption(struct json_out *o, const struct voucher *v)
{
    static const char *const redeemed[VOUCHER_TYPE_COUNT] = {
        [VOUCHER_GIFT] = "redeemed_amount",
        [VOUCHER_LOYALTY] = "redeemed_points",
    };
    json_key(o, "redemption");
    json_object(o);
    json_key(o, "quantity");
    if (v->quantity < 0)
        json_null(o);
    else
        json_int(o, v->quantity);
    put_member_int(o, "redeemed_quantity", v->redeemed_quantity);
    if (redeemed[v->type] != NULL)
        put_member_int(o, redeemed[v->type], v->redeemed_amount);
    put_member_str(o, "object", STR("list"));
    put_list_url(o, v->code, "redemptions");
    json_object_end(o);
}

static void put_publish(struct json_out *o, const struct voucher *v)
{
    json_key(o, "publish");
    json_object(o);
    put_member_str(o, "object", STR("list"));
    put_member_int(o, "count", v->publish_count);
    put_list_url(o, v->code, "publications");
    json_object_end(o);
}

static void put_category_object(struct json_out *o, const struct voucher_names *names)
{
    json_object(o);
    put_member_str(o, "id", str_of(names->category_id));
    put_member_str(o, "name", names->category);
    put_member_int(o, "hierarchy", names->hierarchy);
    put_member_time(o, "created_at", names->created_ms);
    if (names->updated_ms != TIME_NONE)
        put_member_time(o, "updated_at", names->updated_ms);
    put_member_str(o, "object", STR("category"));
    json_object_end(o);
}

/* A tag is a name without a category: reference 7, 19. */
static void put_category(struct json_out *o, const struct voucher *v,
                         const struct voucher_names *names)
{
    const bool linked = names->category_id != NULL;
    put_member_str(o, "category", linked ? names->category : v->category);
    put_member_str(o, "category_id", str_of(names->category_id));
    json_key(o, "categories");
    json_array(o);
    if (linked)
        put_category_object(o, names);
    json_array_end(o);
}

void voucher_put_category(struct json_out *o, const struct voucher *v,
                          const struct voucher_names *names, bool with_object)
{
    const bool linked = names->category_id != NULL;
    if (linked || v->category.p != NULL)
        put_member_str(o, "category", linked ? names->category : v->category);
    put_member_str(o, "category_id", str_of(names->category_id));
    json_key(o, "categories");
    json_array(o);
    if (linked && with_object)
        put_category_object(o, names);
    json_array_end(o);
}

void voucher_put_json(struct json_out *o, const struct voucher *v,
                      const struct voucher_names *names, enum voucher_json_flags flags)
{
    json_object(o);
    put_member_str(o, "id", str_of(names->id));
    put_member_str(o, "code", v->code);
    put_member_str(o, "campaign", names->campaign);
    put_member_str(o, "campaign_id", str_of(names->campaign_id));
    put_category(o, v, names);
    put_member_str(o, "type", str_of(voucher_fields.rows[ROW_TYPE].names[v->type]));
    voucher_put_discount(o, v);
    put_account(o, "gift", v, VOUCHER_GIFT, "amount");
    put_account(o, "loyalty_card", v, VOUCHER_LOYALTY, "points");
    put_member_time(o, "start_date", v->start_ms);
    put_member_time(o, "expiration_date", v->expiration_ms);
    voucher_validity_print(o, v->validity);
    json_key(o, "active");
    json_bool(o, v->active);
    put_member_str(o, "additional_info", v->additional_info);
    json_key(o, "metadata");
    json_raw(o, v->metadata.len > 0 ? v->metadata : STR("{}"));
    put_assets(o, names->id);
    json_key(o, "is_referral_code");
    json_bool(o, names->is_referral);
    put_member_time(o, "created_at", v->created_ms);
    put_member_time(o, "updated_at", v->updated_ms);
    if (names->holder_id != NULL)
        put_member_str(o, "holder_id", str_of(names->holder_id));
    if ((flags & VOUCHER_JSON_SINGLE) != 0)
        put_rules(o, v, names);
    put_redemption(o, v);
    put_publish(o, v);
    put_member_str(o, "object", STR("voucher"));
    json_object_end(o);
}

void voucher_put_short(struct json_out *o, const struct voucher *v,
                       const struct voucher_names *names)
{
    json_object(o);
    put_member_str(o, "code", v->code);
    put_member_str(o, "object", STR("voucher"));
    put_member_str(o, "campaign", names->campaign);
    if (v->type == VOUCHER_DISCOUNT)
        voucher_put_discount(o, v);
    else if (v->type == VOUCHER_GIFT)
        put_account(o, "gift", v, VOUCHER_GIFT, "amount");
    else
        put_account(o, "loyalty_card", v, VOUCHER_LOYALTY, "points");
    json_key(o, "is_referral_code");
    json_bool(o, names->is_referral);
    json_object_end(o);
}
