/* SPDX-License-Identifier: MIT */
/*
 * category.h - a category of a project (reference 4.8): what vouchers are sorted into.
 *
 * Vouchers refer to it by its key, so a new name shows at once. Names need not be unique: a voucher
 * that names one gets the oldest of that name.
 */
#ifndef DOMAIN_CATEGORY_H
#define DOMAIN_CATEGORY_H

#include "base/err.h"
#include "base/json.h"
#include "domain/field.h"

/* A list has no pages, so what it can become is bounded here: the names of a project's categories
 * take no more than that together, and six times as much as JSON. A name: FIELD_TEXT_MAX_BYTES. */
#define CATEGORIES_MAX           10000
#define CATEGORY_NAMES_MAX_BYTES (8 * MIB)

struct category {
    int64_t key;
    struct str name;
    int64_t hierarchy; /* lower ones go first; not below 0 */
    int64_t created_ms;
    int64_t updated_ms; /* TIME_NONE: never changed */
};

/* The members of a body. */
extern const struct field_table category_fields;

/* Name and hierarchy of a body, both required; what else it has is skipped. NULL: an empty body.
 * ERR_INVALID_PAYLOAD (`Payload should have required property 'name'`, `Property .hierarchy must be
 * integer`). The name points into the body or its arena. */
int category_from_json(const struct json *body, struct category *c, struct arena *a,
                       struct err *err) MUST_CHECK;

/* The object as the API prints it. Errors: see buf.h. */
void category_put_json(struct json_out *o, const struct category *c, const char *id);

#endif
