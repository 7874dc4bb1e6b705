/* SPDX-License-Identifier: MIT */
/* product.c - see product.h. The order of printed members is that of the public API. */
#include "domain/product.h"

#include "domain/record_read.h"

#define BIT_ATTRIBUTES RECORD_FIELD(3)

enum product_row {
    ROW_ID,
    ROW_SOURCE_ID,
    ROW_NAME,
    ROW_PRICE,
    ROW_ATTRIBUTES,
    ROW_IMAGE_URL,
    PRODUCT_ROWS
};

static const struct field fields[PRODUCT_ROWS] = {
    [ROW_ID] = RECORD_ROW(product, NULL, id, ".id", FIELD_TEXT, 0),
    [ROW_SOURCE_ID] =
        RECORD_ROW(product, "source_id", source_id, ".source_id", FIELD_TEXT, RECORD_SOURCE_ID),
    [ROW_NAME] = RECORD_ROW(product, "name", name, ".name", FIELD_TEXT, RECORD_FIELD(0)),
    [ROW_PRICE] = RECORD_ROW(product, "price", price, ".price", FIELD_MONEY, RECORD_FIELD(1)),
    [ROW_IMAGE_URL] =
        RECORD_ROW(product, "image_url", image_url, ".image_url", FIELD_TEXT, RECORD_FIELD(2)),
    /* a list in a body, and a text of names with commas between in a cell */
    [ROW_ATTRIBUTES] = { .heading = "attributes",
                         .path = ".attributes",
                         .kind = FIELD_TEXT,
                         .flags = FIELD_BY_STEP,
                         .bit = BIT_ATTRIBUTES,
                         .offset = offsetof(struct product, attributes) },
};
const struct field_table product_fields = { fields, PRODUCT_ROWS };

#define FIELD_BITS (RECORD_FIELD(0) | RECORD_FIELD(1) | RECORD_FIELD(2))

static void init(struct product *p)
{
    *p = (struct product){ .price = FIELD_NONE };
    record_init(&p->record);
}

/* ---- reading ---- */

static int check_attributes(const struct json *body, struct err *err)
{
    const struct json *list = json_member(body, "attributes");
    if (list == NULL || list->type != JSON_ARRAY)
        return list == NULL || list->type == JSON_NULL
                   ? 0
                   : err_set(err, ERR_INVALID_PAYLOAD, "Property .attributes must be array");
    size_t i = 0;
    for (const struct json *name = list->child; name != NULL; name = name->next, i++) {
        if (name->type != JSON_STRING)
            return err_set(err, ERR_INVALID_PAYLOAD, "Property .attributes[%zu] must be string", i);
    }
    return 0;
}

int product_from_json(const struct json *body, struct arena *a, struct product *p, struct err *err)
{
    const struct record_body b = { .json = body, .path = "" };
    init(p);
    if (record_take_fields(&product_fields, &b, &p->record, err) < 0 ||
        check_attributes(body, err) < 0 ||
        record_take_tree(&b, ".attributes", JSON_ARRAY, BIT_ATTRIBUTES, &p->record, &p->attributes,
                         a, err) < 0)
        return -1;
    return record_take_tree(&b, ".metadata", JSON_OBJECT, RECORD_METADATA, &p->record, &p->metadata,
                            a, err);
}

int product_check_update_item(const struct json *item, struct err *err)
{
    return record_check_fields(&product_fields, &(struct record_body){ item, "", false }, err) < 0
               ? -1
               : check_attributes(item, err);
}

int product_from_update_item(const struct json *item, struct arena *a, struct product *p,
                             struct str *reason, struct err *err)
{
    struct err why = { 0 };
    if (product_from_json(item, a, p, &why) < 0)
        return record_fails(&why, a, reason, err);
    p->id = (struct str){ NULL, 0 };
    if (p->source_id.p != NULL)
        return 0;
    *reason = STR("Payload should have required property 'source_id'");
    return 1;
}

/* "color, size": a list of names. */
static int list_names(struct str cell, struct arena *a, struct str *out, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, 8 * (size_t)FIELD_TEXT_MAX_BYTES);
    json_array(&o);
    while (cell.p != NULL) {
        const struct str name = str_trim(str_cut(cell, ',', &cell));
        if (name.len > 0)
            json_str(&o, name);
    }
    json_array_end(&o);
    return buf_keep(&b, a, out, err);
}

int product_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                       struct arena *a, struct product *p, struct str *reason, struct err *err)
{
    struct str given[PRODUCT_ROWS];
    init(p);
    const int rc =
        record_take_cells(&product_fields, map, cells, n_cells, &p->record, given, a, reason, err);
    if (rc != 0)
        return rc;
    if (p->name.p == NULL) {
        *reason = STR("Name is required");
        return 1;
    }
    if (p->attributes.p != NULL && list_names(p->attributes, a, &p->attributes, err) < 0)
        return -1;
    p->spared = ~fields[ROW_NAME].bit;
    return 0;
}

int product_merge(struct record *stored, const struct record *given, struct arena *a, bool *changed,
                  struct str *reason, struct err *err)
{
    struct product *p = (struct product *)(void *)stored;
    const struct product *g = (const struct product *)(const void *)given;
    const int rc =
        record_merge_fields(&product_fields, FIELD_BITS, stored, given, a, changed, reason, err);
    if (rc != 0)
        return rc;
    if ((given->set & BIT_ATTRIBUTES) != 0 && record_assign_text(&p->attributes, g->attributes))
        *changed = true;
    return 0;
}

int product_has_attribute(const struct product *p, struct str name, struct arena *a, bool *has,
                          struct err *err)
{
    struct json *list = NULL;
    *has = false;
    if (p->attributes.p == NULL)
        return 0;
    if (json_parse(a, p->attributes, &list, err) < 0)
        return err_wrap(err, "stored attributes of a product cannot be read");
    for (const struct json *m = list->child; m != NULL && !*has; m = m->next)
        *has = str_eq(m->text, name);
    return 0;
}

/* ---- printing ---- */

void product_put_members(struct json_out *o, const struct product *p, const char *id)
{
    json_object(o);
    record_put_text(o, "id", str_of(id));
    record_put_text(o, "source_id", p->source_id);
    record_put_text(o, "name", p->name);
    record_put_price(o, p->price);
    record_put_raw(o, "attributes", p->attributes, "[]");
    record_put_raw(o, "metadata", p->metadata, "{}");
    record_put_text(o, "image_url", p->image_url);
    record_put_times(o, &p->record);
    record_put_text(o, "object", STR("product"));
}
