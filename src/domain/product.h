/* SPDX-License-Identifier: MIT */
/*
 * product.h - products: fields, CSV columns, JSON shape (reference 4.5, 3.11, 3.14).
 *
 * As customer.h: one struct for what is stored and for what is given; a given field that is none
 * is cleared. Texts belong to the arena that the caller passed, or are the body's or the cells'.
 */
#ifndef DOMAIN_PRODUCT_H
#define DOMAIN_PRODUCT_H

#include "domain/column.h"
#include "domain/record.h"

struct product {
    union {
        struct record record;
        struct {
            RECORD_MEMBERS;
        };
    };
    struct str name, image_url;
    struct str attributes; /* JSON array of texts; {NULL,0}: none */
    int64_t price;         /* minor units; FIELD_NONE: none */
};

extern const struct field_table product_fields;

/* The body of a POST or PUT; null clears. ERR_INVALID_PAYLOAD names what is wrong. */
int product_from_json(const struct json *body, struct arena *a, struct product *p,
                      struct err *err) MUST_CHECK;

/* An item of a bulk update: its types, before it is queued; and as a row: 0; 1: it fails, with
 * *reason; -1: ERR_NOMEM. */
int product_check_update_item(const struct json *item, struct err *err) MUST_CHECK;
int product_from_update_item(const struct json *item, struct arena *a, struct product *p,
                             struct str *reason, struct err *err) MUST_CHECK;

/* A CSV record as a row, which of a product that is there changes the name alone (reference 3.14).
 */
int product_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                       struct arena *a, struct product *p, struct str *reason,
                       struct err *err) MUST_CHECK;

/* See customer_merge(). */
int product_merge(struct record *stored, const struct record *given, struct arena *a, bool *changed,
                  struct str *reason, struct err *err) MUST_CHECK;

/* Is the text among the product's attributes? -1: ERR_NOMEM, or what is stored is no list. */
int product_has_attribute(const struct product *p, struct str name, struct arena *a, bool *has,
                          struct err *err) MUST_CHECK;

/* All members, but the list of SKUs, which the caller may append: the object stays open. */
void product_put_members(struct json_out *o, const struct product *p, const char *id);

#endif
