/* SPDX-License-Identifier: MIT */
/* customer.c - see customer.h. The order of printed members is that of the public API. */
#include "domain/customer.h"
#include "base/time_iso.h"
#include "domain/voucher.h"

/* ---- fields ---- */

#define TEXT(column, spelling, member, json_path, flag, field_bit)                                 \
    {                                                                                              \
        .heading = (column), .alias = (spelling), .path = (json_path), .kind = FIELD_TEXT,         \
        .flags = (flag), .bit = (field_bit), .offset = offsetof(struct customer, member)           \
    }
/* A member of the body, and a part of its address. */
#define MEMBER(column, member, bit) TEXT(column, NULL, member, "." #member, FIELD_IN_JSON, bit)
#define PART(column, spelling, member)                                                             \
    TEXT(column, spelling, member, ".address." #member, 0, BIT_ADDRESS)

#define BIT_ADDRESS RECORD_FIELD(0)

enum customer_row {
    ROW_ID,
    ROW_SOURCE_ID,
    ROW_NAME,
    ROW_DESCRIPTION,
    ROW_EMAIL,
    ROW_PHONE,
    ROW_BIRTHDATE,
    ROW_BIRTHDAY,
    ROW_LINE_1,
    ROW_LINE_2,
    ROW_CITY,
    ROW_POSTAL_CODE,
    ROW_STATE,
    ROW_COUNTRY,
    CUSTOMER_ROWS
};

/* Parts of an address come in the order in which the API prints them. */
static const struct field fields[CUSTOMER_ROWS] = {
    [ROW_ID] = MEMBER("Id", id, 0),
    [ROW_SOURCE_ID] = MEMBER("Source_id", source_id, RECORD_SOURCE_ID),
    [ROW_NAME] = MEMBER("Name", name, RECORD_FIELD(1)),
    [ROW_DESCRIPTION] = MEMBER("Description", description, RECORD_FIELD(2)),
    [ROW_EMAIL] = MEMBER("Email", email, RECORD_FIELD(3)),
    [ROW_PHONE] = MEMBER("Phone", phone, RECORD_FIELD(4)),
    [ROW_BIRTHDATE] = MEMBER("Birthdate", birthdate, RECORD_FIELD(5)),
    [ROW_BIRTHDAY] = MEMBER(NULL, birthday, RECORD_FIELD(6)),
    [ROW_CITY] = PART("Address_City", "City", city),
    [ROW_STATE] = PART("Address_State", "State", state),
    [ROW_LINE_1] = PART("Address_line_1", NULL, line_1),
    [ROW_LINE_2] = PART("Address_line_2", NULL, line_2),
    [ROW_COUNTRY] = PART("Address_Country", "Country", country),
    [ROW_POSTAL_CODE] = PART("Address_Postal_Code", "Postal_Code", postal_code),
};
const struct field_table customer_fields = { fields, CUSTOMER_ROWS };

/* Of an address in the API's own order. */
static const enum customer_row address_rows[] = { ROW_CITY,   ROW_STATE,   ROW_LINE_1,
                                                  ROW_LINE_2, ROW_COUNTRY, ROW_POSTAL_CODE };

/* All that a row without an id says of its customer. */
#define EVERY_BIT                                                                                  \
    (RECORD_METADATA | RECORD_FIELD(0) | RECORD_FIELD(1) | RECORD_FIELD(2) | RECORD_FIELD(3) |     \
     RECORD_FIELD(4) | RECORD_FIELD(5) | RECORD_FIELD(6))

static const char too_long[] = "must NOT be longer than 262144 bytes";

static struct str text_of(const struct customer *c, enum customer_row row)
{
    return *(const struct str *)(const void *)((const char *)c + fields[row].offset);
}

/* ---- reading bodies ---- */

static int invalid(struct err *err, const char *path, const char *member, const char *what)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "Property %s%s %s", path, member, what);
}

static int take_texts(const struct json *body, const char *path, struct customer *c,
                      struct err *err)
{
    for (size_t i = 0; i < CUSTOMER_ROWS; i++) {
        if ((fields[i].flags & FIELD_IN_JSON) == 0)
            continue;
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
    if (value == NULL || (value->type == JSON_NULL && bit != BIT_ADDRESS))
        return 0;
    c->set |= bit;
    if (value->type == JSON_NULL)
        return 0;
    if (value->type != JSON_OBJECT)
        return invalid(err, path, member, "must be object");
    buf_init(&b, FIELD_OBJECT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, value);
    if (b.too_large) {
        buf_release(&b);
        return invalid(err, path, member, too_long);
    }
    return buf_keep(&b, a, out, err);
}

static bool is_date(struct str text)
{
    int64_t ms;
    return text.len == 10 && time_iso_parse(text, &ms);
}

/* NULL, or the field that is wrong, and what of it. */
static const struct field *find_wrong(const struct customer *c, const char **what)
{
    *what = "must NOT be longer than 512 bytes";
    if (c->source_id.len > SOURCE_ID_MAX_BYTES)
        return &fields[ROW_SOURCE_ID];
    *what = "cannot be recognized as a ISO-8601 compliant date";
    if (c->birthdate.p != NULL && !is_date(c->birthdate))
        return &fields[ROW_BIRTHDATE];
    if (c->birthday.p != NULL && !is_date(c->birthday))
        return &fields[ROW_BIRTHDAY];
    return NULL;
}

int customer_from_json(const struct json *body, const char *path, struct arena *a,
                       struct customer *c, struct err *err)
{
    const char *what;
    *c = (struct customer){ .updated_ms = TIME_NONE, .binned_ms = TIME_NONE };
    if (body == NULL || body->type != JSON_OBJECT)
        return path[0] == '\0' ? err_set(err, ERR_INVALID_PAYLOAD, "Payload must be object")
                               : invalid(err, path, "", "must be object");
    if (take_texts(body, path, c, err) < 0 ||
        take_object(body, path, ".address", BIT_ADDRESS, &c->address, c, a, err) < 0 ||
        take_object(body, path, ".metadata", RECORD_METADATA, &c->metadata, c, a, err) < 0)
        return -1;
    if (c->source_id.len == 0) /* "" names nobody */
        c->source_id = (struct str){ NULL, 0 };
    if (c->id.len == 0)
        c->id = (struct str){ NULL, 0 };
    const struct field *wrong = find_wrong(c, &what);
    return wrong != NULL ? invalid(err, path, wrong->path, what) : 0;
}

/* ---- rows ---- */

int customer_check_update_item(const struct json *item, struct err *err)
{
    static const char *const objects[] = { "address", "metadata" };
    for (size_t i = 0; i < CUSTOMER_ROWS; i++) {
        const struct field *f = &fields[i];
        const struct json *value = (f->flags & FIELD_IN_JSON) != 0 ? field_in_json(f, item) : NULL;
        const char *what =
            value != NULL && value->type != JSON_NULL ? field_json_type(f, value) : NULL;
        if (what != NULL)
            return invalid(err, "", f->path, what);
    }
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        const struct json *value = json_member(item, objects[i]);
        if (value != NULL && value->type != JSON_NULL && value->type != JSON_OBJECT)
            return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s must be object%s", objects[i],
                           i == 0 ? ",null" : "");
    }
    return 0;
}

int customer_from_update_item(const struct json *item, struct arena *a, struct customer *c,
                              struct str *reason, struct err *err)
{
    struct err why = { 0 };
    if (customer_from_json(item, "", a, c, &why) < 0) {
        if (why.code != ERR_INVALID_PAYLOAD) {
            *err = why;
            return -1;
        }
        *reason = arena_str(a, str_of(why.msg));
        return reason->p != NULL ? 1 : err_nomem(err);
    }
    c->id = (struct str){ NULL, 0 };
    if (c->source_id.p != NULL)
        return 0;
    *reason = STR("Payload should have required property 'source_id'");
    return 1;
}

static int row_fails(const struct field *f, const char *what, struct arena *a, struct str *reason,
                     struct err *err)
{
    *reason = field_reason(f, what, a);
    return reason->p != NULL ? 1 : err_nomem(err);
}

/* The parts that are given as one object. */
static int put_address(struct customer *c, struct arena *a, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    if ((c->set & BIT_ADDRESS) == 0)
        return 0;
    buf_init(&b, ARRAY_LEN(address_rows) * 8 * (size_t)FIELD_TEXT_MAX_BYTES);
    json_object(&o);
    for (size_t i = 0; i < ARRAY_LEN(address_rows); i++) {
        const struct str part = text_of(c, address_rows[i]);
        if (part.p == NULL)
            continue;
        json_key(&o, fields[address_rows[i]].path + sizeof(".address.") - 1);
        json_str(&o, part);
    }
    json_object_end(&o);
    return buf_keep(&b, a, &c->address, err);
}

int customer_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                        struct arena *a, struct customer *c, struct str *reason, struct err *err)
{
    static const struct field metadata = { .path = ".metadata" };
    struct str given[CUSTOMER_ROWS];
    const char *what = NULL;
    *c = (struct customer){ .updated_ms = TIME_NONE, .binned_ms = TIME_NONE };
    column_map_pick(map, &customer_fields, cells, n_cells, given);
    for (size_t i = 0; i < CUSTOMER_ROWS; i++) {
        if (given[i].p == NULL)
            continue;
        what = field_from_cell(&fields[i], given[i], c);
        if (what != NULL)
            return row_fails(&fields[i], what, a, reason, err);
        c->set |= fields[i].bit;
    }
    const struct field *wrong = find_wrong(c, &what);
    if (wrong != NULL)
        return row_fails(wrong, what, a, reason, err);
    const int rc = column_map_metadata(map, cells, n_cells, a, &c->metadata, err);
    if (rc != 0)
        return rc < 0 ? -1 : row_fails(&metadata, too_long, a, reason, err);
    if (c->metadata.p != NULL)
        c->set |= RECORD_METADATA;
    if (put_address(c, a, err) < 0)
        return -1;
    if (c->id.p == NULL && c->source_id.p != NULL) {
        c->replaces = true;
        c->set |= EVERY_BIT;
    }
    return 0;
}

/* ---- merging ---- */

static int merge_metadata(struct customer *c, const struct customer *given, struct arena *a,
                          bool *changed, struct str *reason, struct err *err)
{
    if (!given->replaces)
        return voucher_merge_metadata(&c->metadata, given->metadata, a, changed, reason, err);
    *changed = !str_eq(c->metadata, given->metadata);
    c->metadata = given->metadata;
    return 0;
}

int customer_merge(struct record *stored, const struct record *given_record, struct arena *a,
                   bool *changed, struct str *reason, struct err *err)
{
    struct customer *c = (struct customer *)(void *)stored;
    const struct customer *given = (const struct customer *)(const void *)given_record;
    *changed = false;
    if ((given->set & RECORD_METADATA) != 0) {
        const int rc = merge_metadata(c, given, a, changed, reason, err);
        if (rc != 0)
            return rc;
    }
    for (size_t i = ROW_NAME; i <= ROW_BIRTHDAY; i++)
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
    for (enum customer_row row = ROW_SOURCE_ID; row <= ROW_BIRTHDAY; row++)
        put_str(o, fields[row].path + 1, text_of(c, row));
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
