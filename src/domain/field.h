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
    FIELD_INTEGER, /* int64_t, not below `least` */
    FIELD_MONEY,   /* int64_t in minor units; a cell holds major units (MONEY_DIGITS) */
    FIELD_NUMBER,  /* struct num, as it stands */
    FIELD_TIME,    /* int64_t, ms */
    FIELD_IGNORED, /* known to another kind of file: recognised, never metadata */
};

/* CSV cells with money are in major units and stored × 10^2 (reference 3.0, Money). The one place.
 */
#define MONEY_DIGITS 2

struct field {
    const char *heading; /* the CSV heading as documented */
    const char *path;    /* of the JSON member, for messages: ".redemption.quantity" */
    enum field_kind kind;
    uint32_t bit;             /* in the struct's `set`; 0: not tracked */
    size_t offset;            /* in the struct */
    const char *const *names; /* FIELD_ENUM: names[0] is "none", NULL-terminated */
    int64_t least;            /* FIELD_INTEGER */
};

struct field_table {
    const struct field *rows;
    size_t n;
};

/* Headings are equal when they agree after trimming, without regard to case, with `_` and blanks
 * the same (`Voucher Type` = `voucher_type`): reference 3.0. -1: not in the table. */
int field_find(const struct field_table *t, struct str heading);

/* Coerces `cell` (not empty) into the struct at `base`. NULL, or what is wrong, as the end of a
 * sentence: "must be integer". Texts keep pointing into the cell. */
const char *field_from_cell(const struct field *f, struct str cell, void *base);

/* ---- columns of one file ---- */

enum { COLUMN_METADATA = -1, COLUMN_UNUSED = -2 };

struct column {
    int field;             /* row of the field table, or COLUMN_… */
    struct str key;        /* COLUMN_METADATA: the key, as written in the header */
    struct str key_quoted; /* the same, quoted and escaped as JSON */
};

struct column_map {
    struct column *columns;
    size_t n;
};

/* Maps a header line. Of a repeated heading (or metadata key) the last one wins, an empty heading
 * is unused. Everything lives in the arena; keys are copied. -1: ERR_NOMEM. */
int column_map_build(const struct field_table *t, const struct str *headings, size_t n,
                     struct arena *a, struct column_map *out, struct err *err) MUST_CHECK;

bool column_map_has(const struct column_map *m, const struct field_table *t, const char *heading);

/* The map as frozen in an action: a JSON array with an item a column: {"field":"Code"},
 * {"metadata":"Region"}, or null for an unused one. */
void column_map_put_json(struct json_out *o, const struct field_table *t,
                         const struct column_map *m);
int column_map_from_json(const struct field_table *t, const struct json *array, struct arena *a,
                         struct column_map *out, struct err *err) MUST_CHECK;

#endif
