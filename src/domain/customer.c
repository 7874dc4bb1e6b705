/* SPDX-License-Identifier: MIT */
/* customer.c - see customer.h. The order of printed members is that of the public API. */
#include <assert.h>

#include "base/time_iso.h"
#include "domain/customer.h"
#include "domain/record_read.h"

/* ---- fields ---- */

/* A customer with the cells of its address, which become one object. */
struct row {
    union {
        struct customer customer;
        struct {
            RECORD_MEMBERS;
            CUSTOMER_TEXTS;
        };
    };
    struct str line_1, line_2, city, postal_code, state, country;
};

#define TEXT(column, spelling, member, json_path, flag, field_bit)                                 \
    {                                                                                              \
        .heading = (column), .alias = (spelling), .path = (json_path), .kind = FIELD_TEXT,         \
        .flags = (flag), .bit = (field_bit), .offset = offsetof(struct row, member)                \
    }
static_assert(offsetof(struct row, address) == offsetof(struct customer, address),
              "a row begins with its customer");

/* A member of the body, and a part of its address. */
#define MEMBER(column, member, bit) TEXT(column, NULL, member, "." #member, FIELD_IN_JSON, bit)
#define PART(column, spelling, member)                                                             \
    TEXT(column, spelling, member, ".address." #member, FIELD_BY_STEP, BIT_ADDRESS)

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

static struct str text_of(const void *customer_or_row, enum customer_row row)
{
    return *(const struct str *)(const void *)((const char *)customer_or_row + fields[row].offset);
}

/* ---- addresses ---- */

/* The parts that are given as one object. */
static int put_address(struct row *row, struct arena *a, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    if ((row->set & BIT_ADDRESS) == 0)
        return 0;
    buf_init(&b, ARRAY_LEN(address_rows) * 8 * (size_t)FIELD_TEXT_MAX_BYTES);
    json_object(&o);
    for (size_t i = 0; i < ARRAY_LEN(address_rows); i++) {
        const struct str part = text_of(row, address_rows[i]);
        if (part.p == NULL)
            continue;
        json_key(&o, fields[address_rows[i]].path + sizeof(".address.") - 1);
        json_str(&o, part);
    }
    json_object_end(&o);
    return buf_keep(&b, a, &row->address, err);
}

static int invalid_part(struct err *err, const struct record_body *b, size_t i, const char *what)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "Property %s%s %s", b->path,
                   fields[address_rows[i]].path, what);
}

/* The parts that the API knows, and that have a value; others are skipped, as all unknown members.
 */
static int take_address(const struct record_body *b, struct arena *a, struct customer *c,
                        struct err *err)
{
    const struct json *address = json_member(b->json, "address");
    struct row row = { .set = BIT_ADDRESS };
    if (address == NULL)
        return 0;
    c->set |= BIT_ADDRESS;
    if (address->type == JSON_NULL)
        return 0;
    if (address->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property %s.address must be object", b->path);
    for (size_t i = 0; i < ARRAY_LEN(address_rows); i++) {
        const struct field *f = &fields[address_rows[i]];
        const struct json *value = field_in_json(f, b->json);
        if (value == NULL || value->type == JSON_NULL)
            continue;
        const char *what = field_from_json(f, value, &row);
        if (what != NULL)
            return invalid_part(err, b, i, what);
    }
    if (put_address(&row, a, err) < 0)
        return -1;
    c->address = row.address;
    return 0;
}

/* The types alone. */
static int check_address(const struct record_body *b, struct err *err)
{
    const struct json *address = json_member(b->json, "address");
    if (address == NULL || address->type == JSON_NULL)
        return 0;
    if (address->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property %s.address must be object,null",
                       b->path);
    for (size_t i = 0; i < ARRAY_LEN(address_rows); i++) {
        const struct field *f = &fields[address_rows[i]];
        const struct json *value = field_in_json(f, b->json);
        const char *what =
            value != NULL && value->type != JSON_NULL ? field_json_type(f, value) : NULL;
        if (what != NULL)
            return invalid_part(err, b, i, what);
    }
    return 0;
}

/* ---- reading bodies ---- */

static bool is_date(struct str text)
{
    int64_t ms;
    return text.len == 10 && time_iso_parse(text, &ms);
}

static const char no_date[] = "cannot be recognized as a ISO-8601 compliant date";

/* NULL, or the field that should hold a date and does not. */
static const struct field *find_no_date(const struct customer *c)
{
    if (c->birthdate.p != NULL && !is_date(c->birthdate))
        return &fields[ROW_BIRTHDATE];
    if (c->birthday.p != NULL && !is_date(c->birthday))
        return &fields[ROW_BIRTHDAY];
    return NULL;
}

static void init(struct customer *c)
{
    *c = (struct customer){ 0 };
    record_init(&c->record);
}

int customer_from_json(const struct json *body, const char *path, struct arena *a,
                       struct customer *c, struct err *err)
{
    const struct record_body b = { .json = body, .path = path, .skips_null = true };
    init(c);
    if (record_take_fields(&customer_fields, &b, &c->record, err) < 0 ||
        take_address(&b, a, c, err) < 0 ||
        record_take_tree(&b, ".metadata", JSON_OBJECT, RECORD_METADATA, &c->record, &c->metadata, a,
                         err) < 0)
        return -1;
    const struct field *wrong = find_no_date(c);
    return wrong == NULL
               ? 0
               : err_set(err, ERR_INVALID_PAYLOAD, "Property %s%s %s", path, wrong->path, no_date);
}

/* ---- rows ---- */

int customer_check(const struct json *customer, const char *path, struct err *err)
{
    const struct record_body b = { .json = customer, .path = path };
    return record_check_fields(&customer_fields, &b, err) < 0 ? -1 : check_address(&b, err);
}

int customer_check_update_item(const struct json *item, struct err *err)
{
    return customer_check(item, "", err);
}

int customer_from_update_item(const struct json *item, struct arena *a, struct customer *c,
                              struct str *reason, struct err *err)
{
    struct err why = { 0 };
    if (customer_from_json(item, "", a, c, &why) < 0)
        return record_fails(&why, a, reason, err);
    c->id = (struct str){ NULL, 0 };
    if (c->source_id.p != NULL)
        return 0;
    *reason = STR("Payload should have required property 'source_id'");
    return 1;
}

int customer_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                        struct arena *a, struct customer *c, struct str *reason, struct err *err)
{
    struct str given[CUSTOMER_ROWS];
    struct row row = { .updated_ms = TIME_NONE, .binned_ms = TIME_NONE };
    int rc = record_take_cells(&customer_fields, map, cells, n_cells, &row.customer.record, given,
                               a, reason, err);
    const struct field *wrong = rc == 0 ? find_no_date(&row.customer) : NULL;
    if (rc == 0 && row.set == 0 && row.id.p == NULL && row.metadata.p == NULL) {
        *reason = STR("Source_id is required"); /* ",,,": what spreadsheets put below a table */
        rc = 1;
    }
    if (wrong != NULL)
        rc = record_row_fails(wrong, no_date, a, reason, err);
    if (rc == 0 && put_address(&row, a, err) < 0)
        rc = -1;
    *c = row.customer;
    if (rc == 0 && c->id.p == NULL && c->source_id.p != NULL) {
        c->replaces = true;
        c->set |= EVERY_BIT;
    }
    return rc;
}

/* ---- merging ---- */

int customer_merge(struct record *stored, const struct record *given, struct arena *a,
                   bool *changed, struct str *reason, struct err *err)
{
    struct customer *c = (struct customer *)(void *)stored;
    const struct customer *g = (const struct customer *)(const void *)given;
    const int rc = record_merge_fields(&customer_fields, EVERY_BIT & ~BIT_ADDRESS, stored, given, a,
                                       changed, reason, err);
    if (rc != 0)
        return rc;
    if ((given->set & BIT_ADDRESS) != 0 && record_assign_text(&c->address, g->address))
        *changed = true;
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
