/* SPDX-License-Identifier: MIT */
/* customer.c - see customer.h. The order of printed members is that of the public API. */
#include <stdio.h>

#include "base/time_iso.h"
#include "domain/customer.h"
#include "domain/voucher.h"

/* ---- fields ---- */

#define TEXT(member, n)                                                                            \
    {                                                                                              \
        .path = "." #member, .kind = FIELD_TEXT, .bit = 1u << (n),                                 \
        .offset = offsetof(struct customer, member)                                                \
    }

enum { ROW_ID, ROW_SOURCE_ID, ROW_NAME, ROW_BIRTHDATE = 6, ROW_BIRTHDAY };

static const struct field fields[] = {
    [ROW_ID] = TEXT(id, 0),
    [ROW_SOURCE_ID] = TEXT(source_id, 1),
    [ROW_NAME] = TEXT(name, 2),
    TEXT(description, 3),
    TEXT(email, 4),
    TEXT(phone, 5),
    [ROW_BIRTHDATE] = TEXT(birthdate, 6),
    [ROW_BIRTHDAY] = TEXT(birthday, 7),
};
#define BIT_ADDRESS  (1u << 8)
#define BIT_METADATA (1u << 9)

/* ---- reading ---- */

static int invalid(struct err *err, const char *path, const char *member, const char *what)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "Property %s%s %s", path, member, what);
}

static int take_texts(const struct json *body, const char *path, struct customer *c,
                      struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct json *value = field_in_json(&fields[i], body);
        if (value == NULL || value->type == JSON_NULL)
            continue;
        const char *what = field_from_json(&fields[i], value, c);
        if (what != NULL)
            return invalid(err, path, fields[i].path, what);
        c->set |= fields[i].bit;
    }
    return 0;
}

static int take_object(const struct json *body, const char *path, const char *member, uint32_t bit,
                       struct str *out, struct customer *c, struct arena *a, struct err *err)
{
    const struct json *value = json_member(body, member + 1);
    struct buf b;
    if (value == NULL || value->type == JSON_NULL)
        return 0;
    if (value->type != JSON_OBJECT)
        return invalid(err, path, member, "must be object");
    buf_init(&b, FIELD_OBJECT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, value);
    if (b.failed) {
        buf_release(&b);
        return invalid(err, path, member, "must NOT be longer than 262144 bytes");
    }
    c->set |= bit;
    return buf_keep(&b, a, out, err);
}

static bool is_date(struct str text)
{
    int64_t ms;
    return text.len == 10 && time_iso_parse(text, &ms);
}

static int check(const struct customer *c, const char *path, struct err *err)
{
    if (c->source_id.len > CUSTOMER_SOURCE_ID_MAX_BYTES)
        return invalid(err, path, ".source_id", "must NOT be longer than 512 bytes");
    if ((c->birthdate.p != NULL && !is_date(c->birthdate)) ||
        (c->birthday.p != NULL && !is_date(c->birthday)))
        return invalid(err, path, c->birthdate.p != NULL ? ".birthdate" : ".birthday",
                       "cannot be recognized as a ISO-8601 compliant date");
    return 0;
}

int customer_from_json(const struct json *body, const char *path, struct arena *a,
                       struct customer *c, struct err *err)
{
    *c = (struct customer){ .updated_ms = TIME_NONE };
    if (body == NULL || body->type != JSON_OBJECT)
        return path[0] == '\0' ? err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object")
                               : invalid(err, path, "", "must be object");
    if (take_texts(body, path, c, err) < 0 ||
        take_object(body, path, ".address", BIT_ADDRESS, &c->address, c, a, err) < 0 ||
        take_object(body, path, ".metadata", BIT_METADATA, &c->metadata, c, a, err) < 0)
        return -1;
    if (c->source_id.len == 0) /* "" names nobody */
        c->source_id = (struct str){ NULL, 0 };
    if (c->id.len == 0)
        c->id = (struct str){ NULL, 0 };
    return check(c, path, err);
}

int customer_merge(struct customer *c, const struct customer *given, struct arena *a, bool *changed,
                   struct err *err)
{
    struct str reason;
    bool merged = false;
    *changed = false;
    if ((given->set & BIT_METADATA) != 0) {
        const int rc =
            voucher_merge_metadata(&c->metadata, given->metadata, a, &merged, &reason, err);
        if (rc != 0)
            return rc < 0 ? -1 : err_set(err, ERR_INVALID_PAYLOAD, "%.*s", STR_FMT(reason));
        *changed = merged;
    }
    for (size_t i = ROW_NAME; i < ARRAY_LEN(fields); i++)
        if ((given->set & fields[i].bit) != 0 && field_assign(&fields[i], c, given))
            *changed = true;
    if ((given->set & BIT_ADDRESS) != 0 && !str_eq(c->address, given->address)) {
        c->address = given->address;
        *changed = true;
    }
    return 0;
}

/* ---- printing ---- */

static void put_str(struct json_out *o, const char *key, struct str value)
{
    if (value.p == NULL)
        return;
    json_key(o, key);
    json_str(o, value);
}

static void put_object(struct json_out *o, const char *key, struct str value)
{
    if (value.len <= 2) /* {} */
        return;
    json_key(o, key);
    json_raw(o, value);
}

/* Nothing is redeemed or ordered here yet. */
static const char summary[] =
    "{\"redemptions\":{\"total_redeemed\":0,\"total_failed\":0,\"total_succeeded\":0,"
    "\"total_rolled_back\":0,\"total_rollback_failed\":0,\"total_rollback_succeeded\":0,"
    "\"gift\":{\"redeemed_amount\":0,\"amount_to_go\":0},"
    "\"loyalty_card\":{\"redeemed_points\":0,\"points_to_go\":0}},"
    "\"orders\":{\"total_amount\":0,\"total_count\":0,\"average_amount\":0,"
    "\"last_order_amount\":0}}";

void customer_put_json(struct json_out *o, const struct customer *c, const char *id)
{
    json_object(o);
    put_str(o, "id", str_of(id));
    for (size_t i = ROW_SOURCE_ID; i < ARRAY_LEN(fields); i++)
        put_str(o, fields[i].path + 1,
                *(const struct str *)(const void *)((const char *)c + fields[i].offset));
    put_object(o, "address", c->address);
    json_key(o, "summary");
    json_raw(o, str_of(summary));
    json_key(o, "loyalty");
    json_raw(o, STR("{\"points\":0,\"referred_customers\":0,\"campaigns\":{}}"));
    json_key(o, "referrals");
    json_raw(o, STR("{\"total\":0,\"campaigns\":[]}"));
    put_object(o, "metadata", c->metadata);
    json_key(o, "system_metadata");
    json_raw(o, STR("{}"));
    json_key(o, "created_at");
    json_time(o, c->created_ms);
    if (c->updated_ms != TIME_NONE) {
        json_key(o, "updated_at");
        json_time(o, c->updated_ms);
    }
    put_str(o, "object", STR("customer"));
    json_object_end(o);
}

void customer_put_short(struct json_out *o, const struct customer *c, const char *id)
{
    json_object(o);
    put_str(o, "id", str_of(id));
    put_str(o, "source_id", c->source_id);
    put_str(o, "name", c->name);
    put_str(o, "email", c->email);
    put_object(o, "metadata", c->metadata);
    put_str(o, "object", STR("customer"));
    json_object_end(o);
}
