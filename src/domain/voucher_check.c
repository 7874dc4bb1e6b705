/* SPDX-License-Identifier: MIT */
/*
 * voucher_check.c - are the members of a JSON item of the right type?
 *
 * Asked of a whole request before anything of it is queued, so nothing is kept, and what a value
 * says is not looked at: a negative limit fails its row, a limit that is a text refuses the
 * request.
 */
#include "domain/voucher_priv.h"

static int wrong(struct err *err, const char *path, const char *what)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "Property %s %s", path, what);
}

/* Null is not given. */
static int check_field(const struct field *f, const struct json *value, struct err *err)
{
    const char *what = value != NULL && value->type != JSON_NULL ? field_json_type(f, value) : NULL;
    return what != NULL ? wrong(err, f->path, what) : 0;
}

static int check_object(const struct json *body, const char *member, const char *what,
                        struct err *err)
{
    const struct json *m = json_member(body, member);
    if (m == NULL || m->type == JSON_NULL || m->type == JSON_OBJECT)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s %s", member, what);
}

int voucher_check_objects(const struct json *body, struct err *err)
{
    static const char *const objects[] = { "discount", "gift", "loyalty_card", "redemption",
                                           "metadata" };
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        if (check_object(body, objects[i], "must be object,null", err) < 0)
            return -1;
    }
    return 0;
}

/* The value of each type of discount that is there, and of the gift. Money is a number in a body,
 * whole or not. */
static int check_worths(const struct json *item, struct err *err)
{
    for (size_t i = 0; i < DISCOUNT_TYPE_COUNT; i++) {
        const struct voucher_worth *w = &voucher_worths[i];
        struct field value = w->value;
        if (value.kind == FIELD_MONEY)
            value.kind = FIELD_NUMBER;
        if (check_field(&value, field_in_json(&value, item), err) < 0 ||
            check_field(&w->effect, field_in_json(&w->effect, item), err) < 0)
            return -1;
    }
    return 0;
}

static int check_validity(const struct json *item, struct err *err)
{
    struct buf b;
    bool given;
    buf_init(&b, VOUCHER_TEXT_MAX_BYTES);
    int rc =
        voucher_validity_put(&(struct json_out){ .b = &b }, item, VALIDITY_TYPES_ONLY, &given, err);
    if (rc == 0)
        rc = buf_ok(&b, err);
    buf_release(&b);
    return rc;
}

/* Fields that an import takes from the item itself or from one of its objects. */
static int check_fields(const struct json *item, struct err *err)
{
    for (size_t i = 0; i < voucher_fields.n; i++) {
        const struct field *f = &voucher_fields.rows[i];
        const bool in_body =
            (f->flags & FIELD_IN_JSON) != 0 || i == ROW_TYPE || i == ROW_DISCOUNT_TYPE;
        if (in_body && check_field(f, field_in_json(f, item), err) < 0)
            return -1;
    }
    return 0;
}

int voucher_check_import_item(const struct json *item, struct err *err)
{
    if (voucher_check_objects(item, err) < 0 || check_fields(item, err) < 0 ||
        check_worths(item, err) < 0)
        return -1;
    return check_validity(item, err);
}

int voucher_check_update_item(const struct json *item, struct err *err)
{
    const struct field *code = &voucher_fields.rows[ROW_CODE];
    if (check_field(code, field_in_json(code, item), err) < 0)
        return -1;
    return check_object(item, "metadata", "must be object", err);
}
