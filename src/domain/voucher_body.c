/* SPDX-License-Identifier: MIT */
/*
 * voucher_body.c - the body of a request as a voucher.
 *
 * Members that stand on their own come through the table of fields; what depends on the type (the
 * discount, the gift) has a step of its own. The first step that finds something ends it.
 */
#include "domain/voucher_priv.h"

struct body_reader {
    const struct json *body;
    struct arena *arena;
    struct voucher *v;
    struct err *err;
};

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
    static const char *const objects[] = { "discount", "gift", "redemption", "metadata" };
    if (r->body == NULL || r->body->type != JSON_OBJECT)
        return err_set(r->err, ERR_INVALID_PAYLOAD, "Payload must be object");
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        const struct json *m = given_member(r->body, objects[i]);
        if (m != NULL && m->type != JSON_OBJECT)
            return err_set(r->err, ERR_INVALID_PAYLOAD, "Property .%s must be object,null",
                           objects[i]);
    }
    return 0;
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

static int step_type(struct body_reader *r)
{
    const struct json *type = given_member(r->body, "type");
    if (type != NULL)
        return take(r, &voucher_fields.rows[ROW_TYPE], type);
    if (given_member(r->body, "discount") != NULL)
        r->v->type = VOUCHER_DISCOUNT;
    else if (given_member(r->body, "gift") != NULL)
        r->v->type = VOUCHER_GIFT;
    else
        return missing(r, NULL, "type");
    r->v->set |= VF_TYPE;
    return 0;
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
static int take_worth(struct body_reader *r, const char *name, const struct json *object)
{
    const struct voucher_worth *w = &voucher_worths[r->v->discount_type];
    const struct json *value = given_member(object, w->member);
    if (value != NULL) {
        if (take_value(r, w, value) < 0)
            return -1;
    } else if (w->required && (w->formula == NULL || given_member(object, w->formula) == NULL)) {
        return missing(r, name, w->member);
    }
    return take(r, &w->effect, given_member(object, "effect"));
}

static bool is_extra(const struct json *m, const char *value)
{
    return m->type != JSON_NULL && !str_is(m->key, "type") && !str_is(m->key, "effect") &&
           !str_is(m->key, value);
}

static int keep_object(struct body_reader *r, const char *name, struct buf *b, struct str *out)
{
    if (voucher_keep_text(b, r->arena, out, r->err) < 0)
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
        if (!is_extra(m, voucher_worths[r->v->discount_type].member))
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

static int step_discount(struct body_reader *r)
{
    if (r->v->type != VOUCHER_DISCOUNT)
        return 0;
    const struct json *discount = given_member(r->body, "discount");
    const struct json *type = given_member(discount, "type");
    if (discount == NULL)
        return missing(r, NULL, "discount");
    if (type == NULL)
        return missing(r, "discount", "type");
    if (take(r, &voucher_fields.rows[ROW_DISCOUNT_TYPE], type) < 0 ||
        take_worth(r, "discount", discount) < 0)
        return -1;
    return take_extra(r, discount);
}

static int step_gift(struct body_reader *r)
{
    if (r->v->type != VOUCHER_GIFT)
        return 0;
    const struct json *gift = given_member(r->body, "gift");
    return gift != NULL ? take_worth(r, "gift", gift) : missing(r, NULL, "gift");
}

static int step_others(struct body_reader *r)
{
    for (size_t i = ROW_CODE + 1; i < voucher_fields.n; i++) {
        const struct field *f = &voucher_fields.rows[i];
        if ((f->flags & FIELD_IN_JSON) == 0)
            continue;
        const struct json *value = field_in_json(f, r->body);
        if (value == NULL)
            continue;
        if (value->type != JSON_NULL && take(r, f, value) < 0)
            return -1;
        if (i == ROW_QUANTITY)
            r->v->set |= VF_QUANTITY; /* null lifts the limit */
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

int voucher_from_json(const struct json *body, struct arena *a, struct voucher *v, struct err *err)
{
    static int (*const steps[])(struct body_reader *) = {
        step_shape, step_code,   step_type, step_discount,
        step_gift,  step_others, step_rule, step_metadata,
    };
    struct body_reader r = { .body = body, .arena = a, .v = v, .err = err };
    voucher_init(v);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (steps[i](&r) < 0)
            return -1;
    }
    return 0;
}
