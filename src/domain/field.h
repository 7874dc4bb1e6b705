/* SPDX-License-Identifier: MIT */
/*
 * field.h - one table per resource says what its fields are.
 *
 * The CSV reader finds columns by it, coercion and messages follow from it; later JSON readers,
 * exports and the API document walk the same rows. A new field is one row.
 */
#ifndef DOMAIN_FIELD_H
#define DOMAIN_FIELD_H

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

enum field_kind {
    FIELD_TEXT,    /* struct str, kept to the byte */
    FIELD_ENUM,    /* uint8_t: index into `names` */
    FIELD_BOOL,    /* bool: true/false in any case */
    FIELD_INTEGER, /* int64_t, not below 0 */
    FIELD_MONEY,  /* int64_t in minor units, not below 0; a cell holds major units (MONEY_DIGITS) */
    FIELD_NUMBER, /* struct num as it stands, not below 0 */
    FIELD_TIME,   /* int64_t, ms */
    FIELD_IGNORED, /* known to another kind of file: recognised, never metadata */
    FIELD_KIND_COUNT
};

/* CSV cells with money are in major units and stored × 10^2 (reference 3.0, Money). The one place.
 */
#define MONEY_DIGITS 2

/* A text, and an object kept as text (metadata), of one resource. They bound what a row makes of a
 * file, and a page of a list: without them a heading of 1 MiB would be copied into every row. */
#define FIELD_TEXT_MAX_BYTES   65536
#define FIELD_OBJECT_MAX_BYTES 262144

#define FIELD_NONE INT64_MIN /* of an integer, or money, that may be missing */

enum field_flags {
    FIELD_IN_JSON = 1u << 0,  /* a body may have it at `path` */
    FIELD_NULLABLE = 1u << 1, /* null is among the types that a message about a body names */
    FIELD_BY_STEP = 1u << 2,  /* a body may have it at `path`, where a step of its own reads it */
};

struct field {
    const char *heading; /* the CSV heading as documented; NULL: no column */
    const char *alias;   /* another spelling of it; NULL: none */
    const char *path;    /* of the JSON member, for messages too: ".redemption.quantity" */
    enum field_kind kind;
    uint32_t flags;           /* enum field_flags */
    uint32_t bit;             /* in the struct's `set`; 0: not tracked */
    size_t offset;            /* in the struct */
    const char *const *names; /* FIELD_ENUM: names[0] is "none", NULL-terminated */
    uint32_t allowed;         /* FIELD_ENUM: bits of the names to accept; 0: all but names[0] */
};

struct field_table {
    const struct field *rows;
    size_t n;
};

/* Headings are equal when they agree after trimming, without regard to case, with `_` and blanks
 * the same (`Voucher Type` = `voucher_type`): reference 3.0. -1: not in the table. */
int field_find(const struct field_table *t, struct str heading);

/* Coerces `cell` (neither empty nor, but for texts, with blanks around it: see column_map_pick)
 * into the struct at `base`. NULL, or what is wrong, as the end of a sentence: "must be integer".
 * The struct is changed only on NULL. Texts keep pointing into the cell. */
const char *field_from_cell(const struct field *f, struct str cell, void *base);

/* The member of `body` at the field's path; NULL when it or an object above it is not there. */
const struct json *field_in_json(const struct field *f, const struct json *body);

/* Like field_from_cell, from a JSON value that is not null. Money is in minor units here. */
const char *field_from_json(const struct field *f, const struct json *value, void *base);

/* Is the value (not null) of a JSON type that the field is read from? NULL, or what is wrong: "must
 * be integer,null". An enum and a date are strings here: what they say is not looked at. */
const char *field_json_type(const struct field *f, const struct json *value);

/* FIELD_ENUM: may a value be names[i]? */
bool field_accepts(const struct field *f, size_t i);

/* The whole sentence, in the arena: "Property <path> <what>", with the allowed values behind it for
 * a FIELD_ENUM. {NULL,0}: out of memory. */
struct str field_reason(const struct field *f, const char *what, struct arena *a) MUST_CHECK;

/* Copies the field from one struct to another; false when it was the same already. */
bool field_assign(const struct field *f, void *to, const void *from);

#endif
