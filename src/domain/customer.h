/* SPDX-License-Identifier: MIT */
/*
 * customer.h - what a customer is: its fields, its CSV columns and its JSON shape (reference 4.4,
 * 3.7, 3.8).
 *
 * One struct serves as the stored customer and as what a body or a row gives: `set` says which
 * fields were given; a given field that is {NULL,0} is cleared. Texts belong to the arena that the
 * caller passed, or are the body's or the cells' own.
 */
#ifndef DOMAIN_CUSTOMER_H
#define DOMAIN_CUSTOMER_H

#include "domain/column.h"
#include "domain/record.h"

/* birthdate and birthday: YYYY-MM-DD; the second is the older name, kept apart. address: a JSON
 * object; {NULL,0}: none. */
#define CUSTOMER_TEXTS struct str name, description, email, phone, birthdate, birthday, address

struct customer {
    union {
        struct record record;
        struct {
            RECORD_MEMBERS;
        };
    };
    CUSTOMER_TEXTS;
};

/* The table of CSV columns and of JSON members. The parts of an address are columns; in a body it
 * is one object. Offsets are of a row, which begins with the customer. */
extern const struct field_table customer_fields;

/* A body that names and describes a customer; null means not given, but of `address`: it is
 * cleared. `path` is where it stands in the request (".customer"; "" for the body itself).
 * ERR_INVALID_PAYLOAD names what is wrong. */
int customer_from_json(const struct json *body, const char *path, struct arena *a,
                       struct customer *c, struct err *err) MUST_CHECK;

/* An item of a bulk update, before anything is queued: are its members of the right JSON type?
 * ERR_INVALID_PAYLOAD. That it is an object is the caller's business. */
int customer_check_update_item(const struct json *item, struct err *err) MUST_CHECK;
/* The same of one within a record (".customer"). */
int customer_check(const struct json *customer, const char *path, struct err *err) MUST_CHECK;

/* The same item as a row. 0; 1: it fails, with *reason in the arena; -1: ERR_NOMEM. Whom it means
 * is its source id; an `id` is skipped. */
int customer_from_update_item(const struct json *item, struct arena *a, struct customer *c,
                              struct str *reason, struct err *err) MUST_CHECK;

/* A CSV record as a row; returns as above. A row that means its customer by source id alone
 * replaces all of it (reference 7, 13); one with an id changes what it gives; one with neither is a
 * new customer. */
int customer_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                        struct arena *a, struct customer *c, struct str *reason,
                        struct err *err) MUST_CHECK;

/* Applies what is given to the stored customer, but who it is; metadata key by key, unless it
 * replaces. 0; 1: that grows too long, with *reason (static); -1: ERR_NOMEM. */
int customer_merge(struct record *stored, const struct record *given, struct arena *a,
                   bool *changed, struct str *reason, struct err *err) MUST_CHECK;

/* What the API prints; keys without a value are left out. The short form is that of a publication
 * (reference 6.6). Errors: see buf.h. */
void customer_put_json(struct json_out *o, const struct customer *c, const char *id);
void customer_put_short(struct json_out *o, const struct customer *c, const char *id);

#endif
