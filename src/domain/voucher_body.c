/* SPDX-License-Identifier: MIT */
/*
 * voucher_body.c - JSON as a voucher: the bodies of a create and of an update, an item of a JSON
 * import and of a bulk update.
 *
 * Members that stand on their own come through the table of fields; what depends on the type (the
 * discount, the gift) has a step of its own. Each of the four is a list of steps; the first step
 * that finds something ends it. Whether the types are right is asked of an item earlier, see
 * voucher_check.c.
 */
#include <stdio.h>

#include "domain/voucher_priv.h"

struct body_reader {
    const struct json *body;
    struct arena *arena;
    struct voucher *v;
    bool null_clears; /* of an update */
    struct err *err;
};

typedef int body_step(struct body_reader *);

/* The member, or NULL when it is absent or null: null means not given. */
static const struct json *given_member(const struct json *object, const char *key)
{
    const struct json *m = json_member(object, key);
    return m != NULL && m->type != JSON_NULL ? m : NULL;
}

static int body_fails(struct body_reader *r, const struct field *f, const char *what)
{
    const struct str text = field_reason(f, what, r->arena);
    if (text.p == NULL)
        return err_nomem(r->err);
    return err_set(r->err, ERR_INVALID_PAYLOAD, "%.*s", STR_FMT(text));
}

static int missing(struct body_reader *r, const char *object, const char *member)
{
    if (object == NULL)
        return err_set(r->err, ERR_INVALID_PAYLOAD, "Payload should have required property '%s'",
                       member);
    return err_set(r->err, ERR_INVALID_PAYLOAD, "Property .%s should have required property '%s'",
                   object, member);
}

static int take(struct body_reader *r, const struct field *f, const struct json *value)
{
    const char *what = value != NULL ? field_from_json(f, value, r->v) : NULL;
    if (what != NULL)
        return body_fails(r, f, what);
    if (value != NULL)
        r->v->set |= f->bit;
    return 0;
}

static int step_shape(struct body_reader *r)
{
    if (r->body == NULL || r->body->type != JSON_OBJECT)
        return err_set(r->err, ERR_INVALID_PAYLOAD, "Payload must be object");
    return voucher_check_objects(r->body, r->err);
}

static int step_code(struct body_reader *r)
{
    const struct field *f = &voucher_fields.rows[ROW_CODE];
    const struct json *code = given_member(r->body, "code");
    if (take(r, f, code) < 0)
        return -1;
    const char *what = voucher_code_check(r->v->code);
    if (code != NULL && r->v->code.len == 0)
        what = "must NOT have fewer than 1 characters";
    return what != NULL ? body_fails(r, f, what) : 0;
}

/* The type as given, or as it follows from what the voucher is about. */
static int take_type(struct body_reader *r)
{
    const struct json *type = given_member(r->body, "type");
    if (type != NULL)
        return take(r, &voucher_fields.rows[ROW_TYPE], type);
    if (given_member(r->body, "discount") != NULL)
        r->v->type = VOUCHER_DISCOUNT;
    else if (given_member(r->body, "gift") != NULL)
        r->v->type = VOUCHER_GIFT;
    if (r->v->type != VOUCHER_NONE)
        r->v->set |= VF_TYPE;
    return 0;
}

static int step_type(struct body_reader *r)
{
    const int rc = take_type(r);
    return rc == 0 && r->v->type == VOUCHER_NONE ? missing(r, NULL, "type") : rc;
}

static const struct voucher_worth *worth_of(const struct body_reader *r)
{
    return r->v->type == VOUCHER_LOYALTY ? &voucher_card_worth
                                         : &voucher_worths[r->v->discount_type];
}

/* As it came in, but a whole number where the field is one. */
static int take_value(struct body_reader *r, const struct voucher_worth *w,
                      const struct json *value)
{
    struct field as_is = w->value;
    struct num n = num_int(0); /* stays an integer when only its `i` is written */
    as_is.kind = w->value.kind == FIELD_INTEGER ? FIELD_INTEGER : FIELD_NUMBER;
    void *at = as_is.kind == FIELD_NUMBER ? (void *)&n : (void *)&n.i;
    const char *what = field_from_json(&as_is, value, at);
    if (what == NULL)
        what = voucher_worth_check(w, n);
    if (what != NULL)
        return body_fails(r, &as_is, what);
    r->v->value = n;
    r->v->set |= VF_VALUE;
    return 0;
}

/* The value and the effect, members of the object that the type is about. */
static int take_worth(struct body_reader *r, const struct json *object)
{
    const struct voucher_worth *w = worth_of(r);
    const struct json *value = given_member(object, w->member);
    const struct json *effect = json_member(object, "effect");
    if (value != NULL && take_value(r, w, value) < 0)
        return -1;
    if (effect == NULL || effect->type != JSON_NULL)
        return take(r, &w->effect, effect);
    if (r->null_clears)
        r->v->set |= VF_EFFECT;
    return 0;
}

/* A new voucher has a value, unless a formula takes its place. */
static int require_worth(struct body_reader *r, const char *name, const struct json *object)
{
    const struct voucher_worth *w = worth_of(r);
    if (!w->required || given_member(object, w->member) != NULL ||
        (w->formula != NULL && given_member(object, w->formula) != NULL))
        return 0;
    return missing(r, name, w->member);
}

static bool is_extra(const struct body_reader *r, const struct json *m)
{
    return (m->type != JSON_NULL || r->null_clears) && !str_is(m->key, "type") &&
           !str_is(m->key, "effect") && !str_is(m->key, worth_of(r)->member);
}

static int keep_object(struct body_reader *r, const char *name, struct buf *b, struct str *out)
{
    if (buf_keep(b, r->arena, out, r->err) < 0)
        return -1;
    const char *what = voucher_object_check(*out);
    return what != NULL ? err_set(r->err, ERR_INVALID_PAYLOAD, "Property .%s %s", name, what) : 0;
}

/* What a discount may hold besides type, value and effect is kept as it is. */
static int take_extra(struct body_reader *r, const struct json *discount)
{
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, VOUCHER_TEXT_MAX_BYTES);
    json_object(&o);
    for (const struct json *m = discount->child; m != NULL; m = m->next) {
        if (!is_extra(r, m))
            continue;
        json_key_str(&o, m->key);
        json_put_tree(&o, m);
        r->v->set |= VF_DISCOUNT_EXTRA;
    }
    json_object_end(&o);
    if (b.failed || (r->v->set & VF_DISCOUNT_EXTRA) != 0)
        return keep_object(r, "discount", &b, &r->v->discount_extra);
    buf_release(&b);
    return 0;
}

static int take_discount(struct body_reader *r, const struct json *discount)
{
    const struct json *type = given_member(discount, "type");
    if (type == NULL)
        return missing(r, "discount", "type");
    if (take(r, &voucher_fields.rows[ROW_DISCOUNT_TYPE], type) < 0 || take_worth(r, discount) < 0)
        return -1;
    return take_extra(r, discount);
}

static int step_discount(struct body_reader *r)
{
    const struct json *discount = given_member(r->body, "discount");
    if (r->v->type != VOUCHER_DISCOUNT)
        return 0;
    if (discount == NULL)
        return missing(r, NULL, "discount");
    return take_discount(r, discount) < 0 ? -1 : require_worth(r, "discount", discount);
}

static int step_gift(struct body_reader *r)
{
    const struct json *gift = given_member(r->body, "gift");
    if (r->v->type != VOUCHER_GIFT)
        return 0;
    if (gift == NULL)
        return missing(r, NULL, "gift");
    return take_worth(r, gift) < 0 ? -1 : require_worth(r, "gift", gift);
}

/* A card's rules of expiration are kept as they are, as the rare members of a discount. */
static int step_card(struct body_reader *r)
{
    const struct json *card = given_member(r->body, "loyalty_card");
    if (r->v->type != VOUCHER_LOYALTY)
        return 0;
    if (card == NULL)
        return missing(r, NULL, "loyalty_card");
    if (take_worth(r, card) < 0 || require_worth(r, "loyalty_card", card) < 0)
        return -1;
    return take_extra(r, card);
}

/* Does null say something about the field? The limit is lifted by it, also of a new voucher. */
static bool takes_null(const struct body_reader *r, size_t row)
{
    return row == ROW_QUANTITY || (r->null_clears && row != ROW_ACTIVE);
}

static int step_others(struct body_reader *r)
{
    for (size_t i = ROW_CODE + 1; i < voucher_fields.n; i++) {
        const struct field *f = &voucher_fields.rows[i];
        const struct json *value =
            (f->flags & FIELD_IN_JSON) != 0 ? field_in_json(f, r->body) : NULL;
        if (value == NULL)
            continue;
        if (value->type != JSON_NULL) {
            if (take(r, f, value) < 0)
                return -1;
        } else if (takes_null(r, i)) {
            r->v->set |= f->bit; /* voucher_init has put "none" there */
        }
    }
    return 0;
}

static int step_rule(struct body_reader *r)
{
    const struct field list = { .path = ".validation_rules" };
    const struct field first = { .path = ".validation_rules[0]" };
    const struct json *rules = given_member(r->body, "validation_rules");
    if (rules == NULL)
        return 0;
    if (rules->type != JSON_ARRAY)
        return body_fails(r, &list, "must be array,null");
    if (rules->child == NULL)
        return 0;
    if (rules->child->type != JSON_STRING)
        return body_fails(r, &first, "must be string");
    r->v->rule = rules->child->text;
    r->v->set |= VF_RULE;
    return 0;
}

static int step_metadata(struct body_reader *r)
{
    const struct json *metadata = given_member(r->body, "metadata");
    if (metadata == NULL || metadata->child == NULL)
        return 0;
    struct buf b;
    buf_init(&b, VOUCHER_TEXT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, metadata);
    r->v->set |= VF_METADATA;
    return keep_object(r, "metadata", &b, &r->v->metadata);
}

static int step_validity(struct body_reader *r)
{
    const enum voucher_validity_flags flags = r->null_clears ? VALIDITY_KEEP_NULL : 0;
    struct buf b;
    bool given;
    buf_init(&b, VOUCHER_TEXT_MAX_BYTES);
    int rc = voucher_validity_put(&(struct json_out){ .b = &b }, r->body, flags, &given, r->err);
    if (rc == 0 && given) {
        r->v->set |= VF_VALIDITY;
        return keep_object(r, "validity_hours", &b, &r->v->validity);
    }
    if (rc == 0)
        rc = buf_ok(&b, r->err);
    buf_release(&b);
    return rc;
}

/* ---- the four lists ---- */

static int run_steps(struct body_reader *r, body_step *const *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (steps[i](r) < 0)
            return -1;
    }
    return 0;
}

static int run(struct body_reader *r, body_step *const *steps, size_t n)
{
    voucher_init(r->v);
    return run_steps(r, steps, n);
}

int voucher_from_json(const struct json *body, struct arena *a, struct voucher *v, struct err *err)
{
    static body_step *const steps[] = {
        step_shape,  step_code, step_type,     step_discount, step_gift,
        step_others, step_rule, step_validity, step_metadata,
    };
    struct body_reader r = { .body = body, .arena = a, .v = v, .err = err };
    return run(&r, steps, ARRAY_LEN(steps));
}

static int step_changed_discount(struct body_reader *r)
{
    const struct json *discount = given_member(r->body, "discount");
    return discount != NULL ? take_discount(r, discount) : 0;
}

/* ---- what a campaign gives its codes ---- */

/* Also a card, which exists in campaigns only. */
static int step_template_type(struct body_reader *r)
{
    const struct json *type = given_member(r->body, "type");
    struct field any = voucher_fields.rows[ROW_TYPE];
    any.allowed = 0;
    if (type != NULL)
        return take(r, &any, type);
    if (given_member(r->body, "loyalty_card") != NULL) {
        r->v->type = VOUCHER_LOYALTY;
        r->v->set |= VF_TYPE;
        return 0;
    }
    return step_type(r);
}

void voucher_move_path(struct err *err, const char *where)
{
    static const char property[] = "Property .", payload[] = "Payload ";
    char text[sizeof(err->msg)];
    const char *rest = NULL;
    if (err->code != ERR_INVALID_PAYLOAD)
        return;
    if (strncmp(err->msg, property, sizeof(property) - 1) == 0)
        rest = err->msg + sizeof(property) - 2; /* with its point */
    else if (strncmp(err->msg, payload, sizeof(payload) - 1) == 0)
        rest = err->msg + sizeof(payload) - 2; /* with its blank */
    if (rest == NULL)
        return;
    snprintf(text, sizeof(text), "%s", rest);
    err_set(err, ERR_INVALID_PAYLOAD, "Property %s%s", where, text);
}

int voucher_template_from_json(const struct json *body, struct arena *a, struct voucher *v,
                               struct err *err)
{
    static body_step *const of_template[] = {
        step_shape, step_code, step_template_type, step_discount,
        step_gift,  step_card, step_others,        step_validity,
    };
    static body_step *const of_campaign[] = { step_others, step_rule, step_validity,
                                              step_metadata };
    struct body_reader r = { .body = json_member(body, "voucher"), .arena = a, .v = v, .err = err };
    if (run(&r, of_template, ARRAY_LEN(of_template)) < 0) {
        voucher_move_path(err, ".voucher");
        return -1;
    }
    r.body = body;
    return run_steps(&r, of_campaign, ARRAY_LEN(of_campaign));
}

/* The type is the campaign's: what is given of a balance tells which one was meant. */
static int step_member_worth(struct body_reader *r)
{
    const struct json *gift = given_member(r->body, "gift");
    const struct json *card = given_member(r->body, "loyalty_card");
    if (gift == NULL && card == NULL)
        return 0;
    r->v->type = card != NULL ? VOUCHER_LOYALTY : VOUCHER_GIFT;
    return take_worth(r, card != NULL ? card : gift);
}

int voucher_member_from_json(const struct json *body, struct arena *a, struct voucher *v,
                             struct err *err)
{
    static body_step *const steps[] = { step_shape,  step_code,     step_member_worth,
                                        step_others, step_validity, step_metadata };
    struct body_reader r = { .body = body, .arena = a, .v = v, .err = err };
    return run(&r, steps, ARRAY_LEN(steps));
}

/* Of a campaign: v->type says of which kind it is, but is not given. */
static int step_changed_worth(struct body_reader *r)
{
    const struct json *gift = given_member(r->body, "gift");
    if (given_member(r->body, "discount") != NULL) {
        r->v->type = VOUCHER_DISCOUNT;
        return step_changed_discount(r);
    }
    if (gift == NULL)
        return 0;
    r->v->type = VOUCHER_GIFT;
    return take_worth(r, gift);
}

int voucher_terms_from_json(const struct json *body, bool change, struct arena *a,
                            struct voucher *v, struct err *err)
{
    static body_step *const steps[] = { step_shape, step_others, step_validity, step_metadata };
    struct body_reader r = { .body = body, .arena = a, .v = v, .null_clears = change, .err = err };
    if (run(&r, steps, ARRAY_LEN(steps)) < 0)
        return -1;
    return change ? step_changed_worth(&r) : 0;
}

/* ---- a tier of a promotion ---- */

/* The discount, bare or in a member of its own. */
static int step_action(struct body_reader *r)
{
    const struct json *action = given_member(r->body, "action");
    if (action == NULL)
        return 0;
    if (action->type != JSON_OBJECT)
        return err_set(r->err, ERR_INVALID_PAYLOAD, "Property .action must be object");
    const struct json *discount = json_member(action, "discount");
    if (discount == NULL)
        discount = action;
    if (discount->type != JSON_OBJECT)
        return err_set(r->err, ERR_INVALID_PAYLOAD, "Property .action.discount must be object");
    r->v->type = VOUCHER_DISCOUNT;
    if (take_discount(r, discount) == 0 && require_worth(r, "discount", discount) == 0)
        return 0;
    voucher_move_path(r->err, ".action");
    return -1;
}

int voucher_tier_from_json(const struct json *body, struct arena *a, struct voucher *v,
                           struct err *err)
{
    static body_step *const steps[] = { step_shape, step_action,   step_others,
                                        step_rule,  step_validity, step_metadata };
    struct body_reader r = { .body = body, .arena = a, .v = v, .err = err };
    return run(&r, steps, ARRAY_LEN(steps));
}

/* ---- a change of a voucher ---- */

static int step_changed_type(struct body_reader *r)
{
    const struct json *type = given_member(r->body, "type");
    return take(r, &voucher_fields.rows[ROW_TYPE], type);
}

int voucher_change_from_json(const struct json *body, struct arena *a, struct voucher *v,
                             struct err *err)
{
    static body_step *const steps[] = {
        step_shape,  step_changed_type, step_changed_discount,
        step_others, step_validity,     step_metadata,
    };
    struct body_reader r = { .body = body, .arena = a, .v = v, .null_clears = true, .err = err };
    return run(&r, steps, ARRAY_LEN(steps));
}

/* ---- items ---- */

static int step_imported_code(struct body_reader *r)
{
    if (given_member(r->body, "code") == NULL)
        return err_set(r->err, ERR_INVALID_PAYLOAD, "Code is required");
    return step_code(r);
}

static int step_imported_type(struct body_reader *r)
{
    const int rc = take_type(r);
    if (rc < 0 || r->v->type != VOUCHER_NONE)
        return rc;
    return err_set(r->err, ERR_INVALID_PAYLOAD, "Voucher Type is required");
}

static int step_updated_members(struct body_reader *r)
{
    static const char *const members[] = { "code", "metadata" };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (given_member(r->body, members[i]) == NULL)
            return missing(r, NULL, members[i]);
    }
    return 0;
}

/* {} is given too: nothing changes then, but the voucher has to be there. */
static int step_updated_metadata(struct body_reader *r)
{
    r->v->set |= VF_METADATA;
    return step_metadata(r);
}

/* What the body of a request would be refused for fails the row. */
static int run_item(struct body_reader *r, body_step *const *steps, size_t n, struct str *reason)
{
    if (run(r, steps, n) == 0)
        return 0;
    const struct json *code = json_member(r->body, "code");
    if (code != NULL && code->type == JSON_STRING)
        r->v->code = code->text;
    if (r->err->code != ERR_INVALID_PAYLOAD)
        return -1;
    *reason = arena_str(r->arena, str_of(r->err->msg));
    return reason->p != NULL ? 1 : err_nomem(r->err);
}

int voucher_from_import_item(const struct json *item, struct arena *a, struct voucher *v,
                             struct str *reason, struct err *err)
{
    static body_step *const steps[] = {
        step_shape, step_imported_code, step_imported_type, step_discount,
        step_gift,  step_others,        step_validity,      step_metadata,
    };
    struct body_reader r = { .body = item, .arena = a, .v = v, .err = err };
    return run_item(&r, steps, ARRAY_LEN(steps), reason);
}

int voucher_from_member_item(const struct json *item, struct arena *a, struct voucher *v,
                             struct str *reason, struct err *err)
{
    static body_step *const steps[] = { step_shape,  step_imported_code, step_member_worth,
                                        step_others, step_validity,      step_metadata };
    struct body_reader r = { .body = item, .arena = a, .v = v, .err = err };
    return run_item(&r, steps, ARRAY_LEN(steps), reason);
}

int voucher_from_update_item(const struct json *item, struct arena *a, struct voucher *v,
                             struct str *reason, struct err *err)
{
    static body_step *const steps[] = {
        step_shape,
        step_updated_members,
        step_code,
        step_updated_metadata,
    };
    struct body_reader r = { .body = item, .arena = a, .v = v, .err = err };
    return run_item(&r, steps, ARRAY_LEN(steps), reason);
}
