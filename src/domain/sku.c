/* SPDX-License-Identifier: MIT */
/* sku.c - see sku.h. The order of printed members is that of the public API. */
#include "domain/sku.h"

#include "domain/project.h"
#include "domain/record_read.h"

#define BIT_ATTRIBUTES RECORD_FIELD(4)

enum sku_row {
    ROW_ID,
    ROW_PRODUCT_ID,
    ROW_SOURCE_ID,
    ROW_SKU,
    ROW_PRICE,
    ROW_CURRENCY,
    ROW_ATTRIBUTES,
    ROW_IMAGE_URL,
    SKU_ROWS
};

static const struct field fields[SKU_ROWS] = {
    [ROW_ID] = RECORD_ROW(sku, NULL, id, ".id", FIELD_TEXT, 0),
    /* a column; in a request it stands in the path */
    [ROW_PRODUCT_ID] = { .heading = "product_id",
                         .path = ".product_id",
                         .kind = FIELD_TEXT,
                         .offset = offsetof(struct sku, product) },
    [ROW_SOURCE_ID] =
        RECORD_ROW(sku, "source_id", source_id, ".source_id", FIELD_TEXT, RECORD_SOURCE_ID),
    [ROW_SKU] = RECORD_ROW(sku, "sku", sku, ".sku", FIELD_TEXT, RECORD_FIELD(0)),
    [ROW_PRICE] = RECORD_ROW(sku, "price", price, ".price", FIELD_MONEY, RECORD_FIELD(1)),
    [ROW_CURRENCY] = RECORD_ROW(sku, NULL, currency, ".currency", FIELD_TEXT, RECORD_FIELD(2)),
    [ROW_IMAGE_URL] =
        RECORD_ROW(sku, "image_url", image_url, ".image_url", FIELD_TEXT, RECORD_FIELD(3)),
    [ROW_ATTRIBUTES] = { .heading = "attributes",
                         .path = ".attributes",
                         .kind = FIELD_TEXT,
                         .flags = FIELD_BY_STEP,
                         .bit = BIT_ATTRIBUTES,
                         .offset = offsetof(struct sku, attributes) },
};
const struct field_table sku_fields = { fields, SKU_ROWS };

#define FIELD_BITS (RECORD_FIELD(0) | RECORD_FIELD(1) | RECORD_FIELD(2) | RECORD_FIELD(3))

static void init(struct sku *s)
{
    *s = (struct sku){ .price = FIELD_NONE };
    record_init(&s->record);
}

/* ---- attributes of a cell ---- */

struct quotes {
    struct str in;
    size_t at;
    struct buf *out;
};

static char at(const struct quotes *q, size_t i)
{
    return i < q->in.len ? q->in.p[i] : '\0';
}

/* A text in single quotes. */
static void put_single(struct quotes *q)
{
    buf_putc(q->out, '"');
    for (q->at++; q->at < q->in.len; q->at++) {
        const char c = at(q, q->at), next = at(q, q->at + 1);
        if (c == '\'' && next != '\'')
            break;
        if ((c == '\'' || c == '\\') && next == '\'') { /* '' or \' */
            buf_putc(q->out, '\'');
            q->at++;
        } else if (c == '\\') {
            buf_putc(q->out, c);
            buf_putc(q->out, next);
            q->at++;
        } else {
            if (c == '"')
                buf_putc(q->out, '\\');
            buf_putc(q->out, c);
        }
    }
    buf_putc(q->out, '"');
    q->at++;
}

static void put_double(struct quotes *q)
{
    buf_putc(q->out, '"');
    for (q->at++; q->at < q->in.len; q->at++) {
        const char c = at(q, q->at);
        buf_putc(q->out, c);
        if (c == '"')
            break;
        if (c == '\\')
            buf_putc(q->out, at(q, ++q->at));
    }
    q->at++;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

/* A key without quotes, or true, false, null, a number: before a colon it is a key. */
static void put_word(struct quotes *q)
{
    const size_t from = q->at;
    while (is_word(at(q, q->at)))
        q->at++;
    const struct str word = { q->in.p + from, q->at - from };
    size_t behind = q->at;
    while (behind < q->in.len && strchr(" \t\r\n", at(q, behind)) != NULL)
        behind++;
    const bool key = at(q, behind) == ':';
    if (key)
        buf_putc(q->out, '"');
    buf_puts(q->out, word);
    if (key)
        buf_putc(q->out, '"');
}

int sku_read_attributes(struct str text, struct arena *a, struct str *out, struct err *err)
{
    struct buf b, compact;
    struct quotes q = { .in = text, .out = &b };
    struct json *tree = NULL;
    struct err why = { 0 };
    struct str json = { NULL, 0 };
    buf_init(&b, 8 * (size_t)FIELD_TEXT_MAX_BYTES);
    while (q.at < text.len) {
        const char c = at(&q, q.at);
        if (c == '\'')
            put_single(&q);
        else if (c == '"')
            put_double(&q);
        else if (is_word(c))
            put_word(&q);
        else {
            buf_putc(&b, c);
            q.at++;
        }
    }
    if (buf_keep(&b, a, &json, err) < 0)
        return -1;
    if (json_parse(a, json, &tree, &why) < 0 || tree->type != JSON_OBJECT) {
        if (why.code == ERR_NOMEM)
            return err_nomem(err);
        return 1;
    }
    buf_init(&compact, 8 * (size_t)FIELD_TEXT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &compact }, tree);
    return buf_keep(&compact, a, out, err);
}

/* ---- reading ---- */

int sku_from_json(const struct json *body, struct arena *a, struct sku *s, struct err *err)
{
    const struct record_body b = { .json = body, .path = "" };
    init(s);
    if (record_take_fields(&sku_fields, &b, &s->record, err) < 0 ||
        record_take_tree(&b, ".attributes", JSON_OBJECT, BIT_ATTRIBUTES, &s->record, &s->attributes,
                         a, err) < 0)
        return -1;
    return record_take_tree(&b, ".metadata", JSON_OBJECT, RECORD_METADATA, &s->record, &s->metadata,
                            a, err);
}

/* An empty cell of this column is "", not nothing: reference 3.0, of empty cells. */
static void take_empty_url(const struct column_map *map, struct sku *s)
{
    for (size_t i = 0; i < map->n && s->image_url.p == NULL; i++) {
        if (map->columns[i].field == ROW_IMAGE_URL) {
            s->image_url = STR("");
            s->set |= fields[ROW_IMAGE_URL].bit;
        }
    }
}

int sku_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                   struct arena *a, struct sku *s, struct str *reason, struct err *err)
{
    struct str given[SKU_ROWS];
    init(s);
    int rc = record_take_cells(&sku_fields, map, cells, n_cells, &s->record, given, a, reason, err);
    if (rc != 0)
        return rc;
    if (s->source_id.p == NULL || s->product.p == NULL) {
        *reason =
            s->source_id.p == NULL ? STR("Source_id is required") : STR("Product_id is required");
        return 1;
    }
    if (s->attributes.p != NULL) {
        rc = sku_read_attributes(s->attributes, a, &s->attributes, err);
        if (rc != 0)
            return rc < 0 ? -1
                          : record_row_fails(&fields[ROW_ATTRIBUTES], "must be object", a, reason,
                                             err);
    }
    take_empty_url(map, s);
    s->currency = STR(PROJECT_CURRENCY); /* there is no column of it */
    s->set |= fields[ROW_CURRENCY].bit;
    s->spared = ~(fields[ROW_SKU].bit | fields[ROW_PRICE].bit);
    return 0;
}

int sku_merge(struct record *stored, const struct record *given, struct arena *a, bool *changed,
              struct str *reason, struct err *err)
{
    struct sku *s = (struct sku *)(void *)stored;
    const struct sku *g = (const struct sku *)(const void *)given;
    const int rc =
        record_merge_fields(&sku_fields, FIELD_BITS, stored, given, a, changed, reason, err);
    if (rc != 0)
        return rc;
    if ((given->set & BIT_ATTRIBUTES) != 0 && record_assign_text(&s->attributes, g->attributes))
        *changed = true;
    return 0;
}

/* ---- printing ---- */

void sku_put_json(struct json_out *o, const struct sku *s, const char *id, const char *product_id)
{
    json_object(o);
    record_put_text(o, "id", str_of(id));
    record_put_text(o, "source_id", s->source_id);
    record_put_text(o, "product_id", str_of(product_id));
    record_put_text(o, "sku", s->sku);
    record_put_price(o, s->price);
    record_put_text(o, "currency", s->currency);
    record_put_raw(o, "attributes", s->attributes, "{}");
    record_put_text(o, "image_url", s->image_url);
    record_put_raw(o, "metadata", s->metadata, "{}");
    record_put_times(o, &s->record);
    record_put_text(o, "object", STR("sku"));
    json_object_end(o);
}
