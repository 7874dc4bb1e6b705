/* SPDX-License-Identifier: MIT */
/* campaign.c - see campaign.h. The order of printed members is that of the public API. */
#include "domain/campaign.h"
#include "base/time_iso.h"
#include "domain/code_config.h"
#include "domain/field.h"
#include "domain/voucher_priv.h"

const char *const campaign_type_names[] = {
    [CAMPAIGN_NONE] = "none",
    [CAMPAIGN_DISCOUNT] = "DISCOUNT_COUPONS",
    [CAMPAIGN_GIFT] = "GIFT_VOUCHERS",
    [CAMPAIGN_LOYALTY] = "LOYALTY_PROGRAM",
    [CAMPAIGN_REFERRAL] = "REFERRAL_PROGRAM",
    [CAMPAIGN_PROMOTION] = "PROMOTION",
    [CAMPAIGN_TYPE_COUNT] = NULL,
};

const char *const campaign_codes_names[] = {
    [CODES_NONE] = "none",     [CODES_AUTO_UPDATE] = "AUTO_UPDATE",
    [CODES_STATIC] = "STATIC", [CODES_STANDALONE] = "STANDALONE",
    [CODES_COUNT] = NULL,
};

const char *const campaign_status_names[] = {
    [0] = "none",
    [CAMPAIGN_DONE] = "DONE",
    [CAMPAIGN_IN_PROGRESS] = "IN_PROGRESS",
    [CAMPAIGN_FAILED] = "FAILED",
    [CAMPAIGN_DRAFT] = "DRAFT",
    [CAMPAIGN_MODIFYING] = "MODIFYING",
    [CAMPAIGN_STATUS_COUNT] = NULL,
};

/* What vouchers of a campaign are, and the member of the template that says what they are worth. */
static const struct {
    enum voucher_type voucher;
    const char *worth;
} kinds[CAMPAIGN_TYPE_COUNT] = {
    [CAMPAIGN_DISCOUNT] = { VOUCHER_DISCOUNT, "discount" },
    [CAMPAIGN_GIFT] = { VOUCHER_GIFT, "gift" },
    [CAMPAIGN_LOYALTY] = { VOUCHER_LOYALTY, "loyalty_card" },
    [CAMPAIGN_REFERRAL] = { VOUCHER_DISCOUNT, "discount" },
};

static const enum campaign_type type_of_voucher[VOUCHER_TYPE_COUNT] = {
    [VOUCHER_DISCOUNT] = CAMPAIGN_DISCOUNT,
    [VOUCHER_GIFT] = CAMPAIGN_GIFT,
    [VOUCHER_LOYALTY] = CAMPAIGN_LOYALTY,
};

/* ---- reading ---- */

#define FIELD(path_, kind_, bit_, member)                                                          \
    {                                                                                              \
        .path = path_, .kind = kind_, .bit = bit_, .offset = offsetof(struct campaign, member)     \
    }
#define ENUM_FIELD(path_, bit_, member, names_, allowed_)                                          \
    {                                                                                              \
        .path = path_, .kind = FIELD_ENUM, .bit = bit_,                                            \
        .offset = offsetof(struct campaign, member), .names = names_, .allowed = (allowed_)        \
    }
#define NULLABLE(path_, kind_, bit_, member)                                                       \
    {                                                                                              \
        .path = path_, .kind = kind_, .flags = FIELD_NULLABLE, .bit = bit_,                        \
        .offset = offsetof(struct campaign, member)                                                \
    }

/* Those of a change come first. */
static const struct field fields[] = {
    NULLABLE(".description", FIELD_TEXT, CF_DESCRIPTION, description),
    FIELD(".join_once", FIELD_BOOL, CF_JOIN_ONCE, join_once),
    FIELD(".auto_join", FIELD_BOOL, CF_AUTO_JOIN, auto_join),
    ENUM_FIELD(".type", CF_CODES, codes, campaign_codes_names, 0),
    FIELD(".name", FIELD_TEXT, CF_NAME, name),
    ENUM_FIELD(".campaign_type", CF_CAMPAIGN_TYPE, campaign_type, campaign_type_names, 0),
    FIELD(".use_voucher_metadata_schema", FIELD_BOOL, CF_VOUCHER_SCHEMA, voucher_schema),
    FIELD(".active", FIELD_BOOL, CF_ACTIVE, active),
    FIELD(".vouchers_count", FIELD_INTEGER, CF_VOUCHERS_COUNT, vouchers_count),
};
const struct field_table campaign_fields = { fields, ARRAY_LEN(fields) };
#define FIELDS_OF_CHANGE 4

/* Kept as they came, and printed at their place. */
static const char *const extras[] = { "activity_duration_after_publishing", "referral_program",
                                      "loyalty_tiers_expiration" };

static int take_fields(const struct json *body, size_t n, bool change, struct arena *a,
                       struct campaign *c, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &fields[i];
        const struct json *value = field_in_json(f, body);
        if (value == NULL || (value->type == JSON_NULL && f->bit != CF_DESCRIPTION))
            continue;
        const char *what = NULL;
        if (value->type != JSON_NULL)
            what = field_from_json(f, value, c);
        else if (!change)
            continue;
        if (what != NULL) {
            const struct str reason = field_reason(f, what, a);
            return reason.p == NULL ? err_nomem(err)
                                    : err_set(err, ERR_INVALID_PAYLOAD, "%.*s", STR_FMT(reason));
        }
        c->set |= f->bit;
    }
    return 0;
}

static int keep_json(struct buf *b, struct arena *a, const char *name, struct str *out,
                     struct err *err)
{
    if (buf_keep(b, a, out, err) < 0)
        return -1;
    const char *what = voucher_object_check(*out);
    return what != NULL ? err_set(err, ERR_INVALID_PAYLOAD, "Property .%s %s", name, what) : 0;
}

static int take_extras(const struct json *body, bool change, struct arena *a, struct campaign *c,
                       struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, 2 * (size_t)FIELD_OBJECT_MAX_BYTES);
    json_object(&o);
    for (size_t i = 0; i < ARRAY_LEN(extras); i++) {
        const struct json *m = json_member(body, extras[i]);
        if (m == NULL || (m->type == JSON_NULL && !change))
            continue;
        c->set |= CF_EXTRA;
        json_key(&o, extras[i]);
        json_put_tree(&o, m);
    }
    json_object_end(&o);
    if ((c->set & CF_EXTRA) != 0)
        return keep_json(&b, a, "referral_program", &c->extra, err);
    const int rc = buf_ok(&b, err);
    buf_release(&b);
    return rc;
}

static int require_object(const struct json *body, struct err *err)
{
    if (body != NULL && body->type == JSON_OBJECT)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object");
}

/* ---- a new one ---- */

static int check_name(const struct campaign *c, struct err *err)
{
    if ((c->set & CF_NAME) == 0)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload should have required property 'name'");
    if (c->name.len == 0)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .name must NOT have fewer than 1 characters");
    if (c->name.len > CAMPAIGN_NAME_MAX_BYTES)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .name must NOT be longer than %d bytes",
                       CAMPAIGN_NAME_MAX_BYTES);
    return 0;
}

/* What a campaign of the type cannot do without is there. */
static int check_worth(const struct json *body, const struct campaign *c, struct err *err)
{
    const char *worth = kinds[c->campaign_type].worth;
    const struct json *given = json_member(json_member(body, "voucher"), worth);
    if (given != NULL && given->type != JSON_NULL)
        return 0;
    return err_set(err, ERR_INVALID_CAMPAIGN, "Property '%s' is required for %s campaign", worth,
                   campaign_type_names[c->campaign_type]);
}

static int check_kind(const struct campaign *c, struct err *err)
{
    if (c->voucher.type != kinds[c->campaign_type].voucher)
        return err_set(err, ERR_INVALID_CAMPAIGN, "A %s campaign cannot have vouchers of type %s",
                       campaign_type_names[c->campaign_type],
                       voucher_fields.rows[ROW_TYPE].names[c->voucher.type]);
    if (c->codes == CODES_STANDALONE && c->campaign_type != CAMPAIGN_DISCOUNT &&
        c->campaign_type != CAMPAIGN_GIFT)
        return err_set(err, ERR_INVALID_CAMPAIGN, "A %s campaign cannot be of type STANDALONE",
                       campaign_type_names[c->campaign_type]);
    return 0;
}

static int take_codes(const struct json *body, struct arena *a, struct campaign *c, struct err *err)
{
    const struct json *template = json_member(body, "voucher");
    struct code_config config;
    struct buf b;
    if (code_config_read(json_member(template, "code_config"), c->vouchers_count, a, &config, err) <
        0)
        return -1;
    buf_init(&b, 8 * KIB);
    code_config_put_json(&(struct json_out){ .b = &b }, &config);
    return keep_json(&b, a, "voucher.code_config", &c->code_config, err);
}

static int take_voucher(const struct json *body, struct arena *a, struct campaign *c,
                        struct err *err)
{
    const struct json *template = json_member(body, "voucher");
    if (template == NULL || template->type == JSON_NULL) {
        if (c->campaign_type != CAMPAIGN_NONE)
            return check_worth(body, c, err);
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload should have required property 'voucher'");
    }
    if (c->campaign_type != CAMPAIGN_NONE && template->type == JSON_OBJECT &&
        check_worth(body, c, err) < 0)
        return -1;
    if (voucher_template_from_json(body, a, &c->voucher, err) < 0)
        return -1;
    if (c->campaign_type == CAMPAIGN_NONE)
        c->campaign_type = (uint8_t)type_of_voucher[c->voucher.type];
    return check_kind(c, err) < 0 ? -1 : take_codes(body, a, c, err);
}

int campaign_from_json(const struct json *body, struct arena *a, struct campaign *c,
                       struct err *err)
{
    *c = (struct campaign){ .codes = CODES_STATIC,
                            .active = true,
                            .voucher_schema = true,
                            .updated_ms = TIME_NONE,
                            .binned_ms = TIME_NONE,
                            .creation = CAMPAIGN_DONE,
                            .generation = CAMPAIGN_DONE };
    if (require_object(body, err) < 0 ||
        take_fields(body, ARRAY_LEN(fields), false, a, c, err) < 0 || check_name(c, err) < 0 ||
        take_extras(body, false, a, c, err) < 0)
        return -1;
    if (c->campaign_type != CAMPAIGN_PROMOTION) {
        if (take_voucher(body, a, c, err) < 0)
            return -1;
    } else {
        if (voucher_terms_from_json(body, false, a, &c->voucher, err) < 0 ||
            tiers_from_json(body, a, &c->tiers, &c->n_tiers, err) < 0)
            return -1;
        c->vouchers_count = 0;
        if ((c->set & CF_VOUCHER_SCHEMA) == 0)
            c->voucher_schema = false;
    }
    if (c->campaign_type == CAMPAIGN_LOYALTY) {
        c->join_once = true; /* whatever was given: reference 7, 29 */
        c->voucher.rule = (struct str){ NULL, 0 };
    }
    if (c->codes == CODES_STANDALONE)
        c->join_once = false;
    return 0;
}

/* ---- a change ---- */

static int take_unset(const struct json *body, struct arena *a, struct campaign *c, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    const struct json *keys = json_member(body, "unset_metadata_fields");
    if (keys == NULL || keys->type == JSON_NULL)
        return 0;
    bool fine = keys->type == JSON_ARRAY;
    for (const struct json *k = fine ? keys->child : NULL; k != NULL; k = k->next)
        fine = fine && k->type == JSON_STRING;
    if (!fine)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .unset_metadata_fields must be array of strings");
    if (keys->child == NULL)
        return 0;
    buf_init(&b, FIELD_OBJECT_MAX_BYTES);
    json_object(&o);
    for (const struct json *k = keys->child; k != NULL; k = k->next) {
        json_key_str(&o, k->text);
        json_null(&o);
    }
    json_object_end(&o);
    return keep_json(&b, a, "unset_metadata_fields", &c->unset_metadata, err);
}

int campaign_change_from_json(const struct json *body, struct arena *a, struct campaign *c,
                              struct err *err)
{
    *c = (struct campaign){ .updated_ms = TIME_NONE, .binned_ms = TIME_NONE };
    if (require_object(body, err) < 0 || take_fields(body, FIELDS_OF_CHANGE, true, a, c, err) < 0 ||
        take_extras(body, true, a, c, err) < 0 || take_unset(body, a, c, err) < 0)
        return -1;
    return voucher_terms_from_json(body, true, a, &c->voucher, err);
}

/* Members of `extra` that are given replace stored ones; null removes. */
static int merge_extra(struct campaign *c, struct str given, struct arena *a, struct err *err)
{
    struct json *stored = NULL, *change = NULL;
    struct buf b;
    struct json_out o = { .b = &b };
    if ((c->extra.len > 0 && json_parse(a, c->extra, &stored, err) < 0) ||
        json_parse(a, given, &change, err) < 0)
        return -1;
    buf_init(&b, 2 * (size_t)FIELD_OBJECT_MAX_BYTES);
    json_object(&o);
    for (size_t i = 0; i < ARRAY_LEN(extras); i++) {
        const struct json *m = json_member(change, extras[i]);
        if (m == NULL)
            m = json_member(stored, extras[i]);
        if (m == NULL || m->type == JSON_NULL)
            continue;
        json_key(&o, extras[i]);
        json_put_tree(&o, m);
    }
    json_object_end(&o);
    return keep_json(&b, a, "referral_program", &c->extra, err);
}

/* The fields of `fields` that a change may have. */
static bool assign_fields(struct campaign *c, const struct campaign *change)
{
    bool changed = false;
    for (size_t i = 0; i < FIELDS_OF_CHANGE; i++)
        if ((change->set & fields[i].bit) != 0 && field_assign(&fields[i], c, change))
            changed = true;
    return changed;
}

/* What of the vouchers a change gives: not the discount of a campaign of gifts, for one. */
static uint32_t given_to(const struct campaign *c, const struct campaign *change)
{
    const uint32_t worth = VF_VALUE | VF_EFFECT | VF_DISCOUNT_TYPE | VF_DISCOUNT_EXTRA;
    const uint32_t given = change->voucher.set & ~(uint32_t)VF_ACTIVE;
    return change->voucher.type == c->voucher.type ? given : given & ~worth;
}

/* What of it its codes have from it. */
static uint32_t terms_of(const struct campaign *c, const struct campaign *change)
{
    uint32_t terms = given_to(c, change) & CAMPAIGN_TERMS;
    if (change->unset_metadata.p != NULL)
        terms |= VF_METADATA;
    return c->voucher_schema ? terms : terms & ~(uint32_t)VF_METADATA;
}

int campaign_merge(struct campaign *c, const struct campaign *change, struct arena *a,
                   uint32_t *terms, bool *changed, struct err *err)
{
    struct voucher merged = c->voucher;
    struct voucher given = change->voucher;
    enum outcome outcome;
    struct str reason = { NULL, 0 };
    bool unset = false;
    given.set = given_to(c, change);
    if (voucher_merge(&merged, &given, a, &outcome, &reason, err) < 0)
        return -1;
    if (outcome == OUTCOME_FAILED)
        return err_set(err, ERR_INVALID_CAMPAIGN, "%.*s", STR_FMT(reason));
    c->voucher = merged;
    if (change->unset_metadata.p != NULL &&
        voucher_unset_metadata(&c->voucher.metadata, change->unset_metadata, a, &unset, err) < 0)
        return -1;
    *terms = terms_of(c, change);
    *changed = assign_fields(c, change) || unset || outcome == OUTCOME_UPDATED;
    if ((change->set & CF_EXTRA) != 0) {
        const struct str before = c->extra;
        if (merge_extra(c, change->extra, a, err) < 0)
            return -1;
        *changed = *changed || !str_eq(before, c->extra);
    }
    if (c->campaign_type == CAMPAIGN_LOYALTY)
        c->join_once = true;
    return 0;
}

/* ---- its vouchers ---- */

static int inherit_metadata(const struct campaign *c, struct voucher *v, struct arena *a,
                            struct err *err)
{
    struct str merged = c->voucher.metadata, reason = { NULL, 0 };
    bool changed;
    if (!c->voucher_schema || merged.len == 0)
        return 0;
    if (v->metadata.len > 0) {
        const int rc = voucher_merge_metadata(&merged, v->metadata, a, &changed, &reason, err);
        if (rc != 0)
            return rc < 0 ? -1 : err_set(err, ERR_INVALID_PAYLOAD, "%.*s", STR_FMT(reason));
    }
    v->metadata = merged;
    v->set |= VF_METADATA;
    return 0;
}

int campaign_fill_voucher(const struct campaign *c, struct voucher *v, int64_t now_ms,
                          struct arena *a, struct err *err)
{
    const struct voucher *t = &c->voucher;
    const uint32_t given = v->set;
    const bool has_value = (given & VF_VALUE) != 0 && v->type == t->type;
    v->campaign_id = c->key;
    v->type = t->type;
    v->discount_type = t->discount_type;
    v->discount_extra = t->discount_extra;
    if (!has_value) {
        v->value = t->value;
        v->set = (v->set & ~(uint32_t)VF_VALUE) | (t->set & VF_VALUE);
    }
    if ((given & VF_EFFECT) == 0 || !has_value)
        v->effect = t->effect;
    if ((given & VF_QUANTITY) == 0)
        v->quantity = t->quantity;
    if ((given & VF_START) == 0)
        v->start_ms = t->start_ms;
    if ((given & VF_EXPIRATION) == 0)
        v->expiration_ms = t->expiration_ms;
    if ((given & VF_VALIDITY) == 0)
        v->validity = t->validity;
    if ((given & VF_CATEGORY) == 0) {
        v->category = t->category;
        v->category_id = t->category_id;
    }
    if ((given & VF_ADDITIONAL_INFO) == 0)
        v->additional_info = t->additional_info;
    if ((given & VF_ACTIVE) == 0)
        v->active = c->active && (t->expiration_ms == TIME_NONE || t->expiration_ms > now_ms);
    return inherit_metadata(c, v, a, err);
}

int campaign_renew_voucher(struct voucher *v, const struct voucher *terms, struct str unset,
                           struct arena *a, struct err *err)
{
    const uint32_t given = terms->set;
    if ((given & VF_START) != 0)
        v->start_ms = terms->start_ms;
    if ((given & VF_EXPIRATION) != 0)
        v->expiration_ms = terms->expiration_ms;
    if ((given & VF_VALIDITY) != 0)
        v->validity = terms->validity;
    if ((given & VF_VALUE) != 0) {
        v->value = terms->value;
        v->set |= VF_VALUE;
    }
    if ((given & VF_EFFECT) != 0)
        v->effect = terms->effect;
    if ((given & VF_DISCOUNT_EXTRA) != 0)
        v->discount_extra = terms->discount_extra;
    if ((given & VF_CATEGORY) != 0) {
        v->category = terms->category;
        v->category_id = terms->category_id;
    }
    if ((given & VF_METADATA) == 0)
        return 0;
    return voucher_renew_metadata(&v->metadata, terms->metadata, unset, a, err);
}

/* ---- frozen ---- */

static void freeze_int(struct json_out *o, const char *key, int64_t value)
{
    json_key(o, key);
    json_int(o, value);
}

static void freeze_text(struct json_out *o, const char *key, struct str value)
{
    json_key(o, key);
    json_str(o, value);
}

/* JSON texts as texts: they come back as they went. */
void campaign_freeze(struct json_out *o, const struct campaign *c)
{
    const struct voucher *v = &c->voucher;
    json_object(o);
    freeze_int(o, "key", c->key);
    freeze_int(o, "active", c->active);
    freeze_int(o, "voucher_schema", c->voucher_schema);
    freeze_int(o, "type", v->type);
    freeze_int(o, "discount_type", v->discount_type);
    freeze_int(o, "effect", v->effect);
    if ((v->set & VF_VALUE) != 0) {
        json_key(o, "value");
        json_num(o, v->value);
    }
    freeze_int(o, "start_ms", v->start_ms);
    freeze_int(o, "expiration_ms", v->expiration_ms);
    freeze_int(o, "quantity", v->quantity);
    freeze_int(o, "category_id", v->category_id);
    freeze_text(o, "category", v->category);
    freeze_text(o, "validity", v->validity);
    freeze_text(o, "discount_extra", v->discount_extra);
    freeze_text(o, "metadata", v->metadata);
    freeze_text(o, "additional_info", v->additional_info);
    freeze_text(o, "code_config", c->code_config);
    json_object_end(o);
}

static int64_t thaw_int(const struct json *frozen, const char *key, bool *fine)
{
    const struct json *m = json_member(frozen, key);
    int64_t value = 0;
    *fine = *fine && m != NULL && num_parse_i64(m->text, &value);
    return value;
}

int campaign_thaw(const struct json *frozen, struct arena *a, struct campaign *out, struct err *err)
{
    const struct json *value = json_member(frozen, "value");
    struct voucher *v = &out->voucher;
    bool fine = true;
    *out = (struct campaign){ .key = thaw_int(frozen, "key", &fine),
                              .active = thaw_int(frozen, "active", &fine) != 0,
                              .voucher_schema = thaw_int(frozen, "voucher_schema", &fine) != 0,
                              .code_config = json_text(frozen, "code_config") };
    voucher_init(v);
    v->type = (uint8_t)thaw_int(frozen, "type", &fine);
    v->discount_type = (uint8_t)thaw_int(frozen, "discount_type", &fine);
    v->effect = (uint8_t)thaw_int(frozen, "effect", &fine);
    v->start_ms = thaw_int(frozen, "start_ms", &fine);
    v->expiration_ms = thaw_int(frozen, "expiration_ms", &fine);
    v->quantity = thaw_int(frozen, "quantity", &fine);
    v->category_id = thaw_int(frozen, "category_id", &fine);
    v->category = json_text(frozen, "category");
    v->validity = json_text(frozen, "validity");
    v->discount_extra = json_text(frozen, "discount_extra");
    v->metadata = json_text(frozen, "metadata");
    v->additional_info = json_text(frozen, "additional_info");
    if (value != NULL) {
        fine = fine && num_parse(value->text, &v->value);
        v->set |= VF_VALUE;
    }
    if (!fine)
        return err_set(err, ERR_STORE, "the campaign in an action's parameters is not complete");
    struct str *texts[] = { &v->category, &v->validity,        &v->discount_extra,
                            &v->metadata, &v->additional_info, &out->code_config };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? 0 : err_nomem(err);
}

/* ---- printing ---- */

static void put_str(struct json_out *o, const char *key, struct str value)
{
    if (value.p == NULL)
        return;
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
    if (ms == TIME_NONE)
        return;
    json_key(o, key);
    json_time(o, ms);
}

/* Dates and validity_…, of the campaign and, once more, of its template. */
static void put_terms(struct json_out *o, const struct voucher *v)
{
    put_time(o, "start_date", v->start_ms);
    put_time(o, "expiration_date", v->expiration_ms);
    json_members(o, v->validity);
}

static void put_template(struct json_out *o, const struct campaign *c)
{
    json_key(o, "voucher");
    json_object(o);
    voucher_put_template(o, &c->voucher);
    if (c->code_config.len > 0) {
        json_key(o, "code_config");
        json_raw(o, c->code_config);
    }
    put_bool(o, "is_referral_code", c->campaign_type == CAMPAIGN_REFERRAL);
    put_terms(o, &c->voucher);
    json_object_end(o);
}

static void put_rule(struct json_out *o, const struct campaign *c, const char *id)
{
    const struct rule_of rule = { "campaign", c->voucher.rule, id, c->created_ms };
    voucher_put_assignments(o, "validation_rules_assignments", &rule, 1);
}

void campaign_put_json(struct json_out *o, const struct campaign *c,
                       const struct voucher_names *names, unsigned flags)
{
    const bool codes = c->campaign_type != CAMPAIGN_PROMOTION;
    json_object(o);
    put_str(o, "id", str_of(names->id));
    put_str(o, "name", c->name);
    put_str(o, "description", c->description);
    put_str(o, "campaign_type", str_of(campaign_type_names[c->campaign_type]));
    put_str(o, "type", str_of(campaign_codes_names[c->codes]));
    if (codes)
        put_template(o, c);
    put_bool(o, "auto_join", c->auto_join);
    put_bool(o, "join_once", c->join_once);
    put_bool(o, "use_voucher_metadata_schema", c->voucher_schema);
    put_terms(o, &c->voucher);
    json_members(o, c->extra);
    if (c->promotion.p != NULL) {
        json_key(o, "promotion");
        json_raw(o, c->promotion);
    }
    if (codes) {
        json_key(o, "vouchers_count");
        json_int(o, c->vouchers_count);
    }
    put_bool(o, "active", c->active);
    if (c->voucher.metadata.len > 0) {
        json_key(o, "metadata");
        json_raw(o, c->voucher.metadata);
    }
    put_time(o, "created_at", c->created_ms);
    put_time(o, "updated_at", c->updated_ms);
    put_str(o, "creation_status", str_of(campaign_status_names[c->creation]));
    put_str(o, "vouchers_generation_status", str_of(campaign_status_names[c->generation]));
    put_bool(o, "protected", false);
    voucher_put_category(o, &c->voucher, names, (flags & CAMPAIGN_JSON_CATEGORY) != 0);
    if ((flags & CAMPAIGN_JSON_SINGLE) != 0)
        put_rule(o, c, names->id);
    put_str(o, "object", STR("campaign"));
    json_object_end(o);
}
