/* SPDX-License-Identifier: MIT */
/*
 * sku.h - the variants of products: fields, CSV columns, JSON shape (reference 4.6, 3.15).
 *
 * See product.h.
 */
#ifndef DOMAIN_SKU_H
#define DOMAIN_SKU_H

#include "domain/column.h"
#include "domain/record.h"

struct sku {
    union {
        struct record record;
        struct {
            RECORD_MEMBERS;
        };
    };
    struct str product; /* id or source id, as given */
    struct str sku, currency, image_url;
    struct str attributes; /* JSON object; {NULL,0}: none */
    int64_t price;         /* minor units; FIELD_NONE: none */
    int64_t product_key;   /* 0: not known yet */
};

extern const struct field_table sku_fields;

/* See product.h; of an existing SKU a row changes name and price (reference 3.15). */
int sku_from_json(const struct json *body, struct arena *a, struct sku *s,
                  struct err *err) MUST_CHECK;
int sku_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                   struct arena *a, struct sku *s, struct str *reason, struct err *err) MUST_CHECK;
int sku_merge(struct record *stored, const struct record *given, struct arena *a, bool *changed,
              struct str *reason, struct err *err) MUST_CHECK;

/* An object written with single quotes, or as JSON, as compact JSON (reference 3.15): `\'` and `''`
 * in a text are an apostrophe, keys need no quotes. 1: it is neither. */
int sku_read_attributes(struct str text, struct arena *a, struct str *out,
                        struct err *err) MUST_CHECK;

void sku_put_json(struct json_out *o, const struct sku *s, const char *id, const char *product_id);

#endif
