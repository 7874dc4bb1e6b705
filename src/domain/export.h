/* SPDX-License-Identifier: MIT */
/*
 * export.h - resources as lines of a table (reference 4.12).
 *
 * A resource is a table of fields: the API's list, in its order. A row says where the cell comes
 * from: a field of the resource's own table, a member of its struct, or a function. A column is a
 * field, or `metadata.<key>`. Its heading is the field's name as the API writes it, "Voucher Type"
 * for voucher_type; a metadata column is headed by the field as it was asked for. What a resource
 * has not is an empty cell.
 */
#ifndef DOMAIN_EXPORT_H
#define DOMAIN_EXPORT_H

#include "base/ids.h"
#include "base/num.h"
#include "domain/field.h"

/* One line. Zero but for the first three members, which the caller sets; the struct of a resource
 * that needs more begins with it. */
struct export_row {
    const void *item;               /* the voucher, or record */
    const struct id_secret *secret; /* of public ids */
    struct arena *arena;            /* of what is read for it */

    const struct json *metadata; /* read when a column asks for a key */
    const char *object_text;     /* the text that `object` is of */
    const struct json *object;
};

/* Appends the text of a cell. Errors as export_put_cell(). */
typedef int export_cell(struct buf *b, struct export_row *row, struct err *err);

enum export_cell_kind {
    EXPORT_FIELD,    /* the field of the resource's table with this name */
    EXPORT_TEXT,     /* struct str */
    EXPORT_TIME,     /* int64_t, ms */
    EXPORT_INT,      /* int64_t; -1: none */
    EXPORT_BOOL,     /* bool */
    EXPORT_ID,       /* int64_t: a key of `id`; FIELD_NONE: none */
    EXPORT_MEMBER,   /* struct str: `member` of a JSON object */
    EXPORT_MADE,     /* by `put` */
    EXPORT_METADATA, /* struct str: a JSON object, all of it, or a key */
};

struct export_field {
    const char *name;
    enum export_cell_kind kind;
    size_t offset; /* in the resource's struct */
    enum id_kind id;
    const char *member;
    export_cell *put;
};

/* Rows of such a table. */
#define EXPORT_IN(kind_, type, member_) .kind = (kind_), .offset = offsetof(struct type, member_)
#define EXPORT_BY(function)             .kind = EXPORT_MADE, .put = (function)

struct export_table {
    const struct export_field *rows;
    size_t n;
    const struct field_table *fields; /* of EXPORT_FIELD; NULL: none */
    const struct str *defaults;       /* names of the columns when none are asked for */
    size_t n_defaults;
};

struct export_column {
    const struct export_field *field;
    const struct field *in; /* of EXPORT_FIELD */
    struct str key;         /* of metadata; {NULL,0}: another field, or all of it */
};

/* False when the API has no such field. */
bool export_column(const struct export_table *t, struct str name, struct export_column *out);

/* The names that there are, "a, b, c", for a message. */
void export_put_names(struct buf *b, const struct export_table *t);

void export_put_heading(struct buf *b, const struct export_column *c);

/* Appends the text of a cell, not quoted. ERR_NOMEM, or a stored JSON text that cannot be read
 * (ERR_STORE). */
int export_put_cell(struct buf *b, const struct export_column *c, struct export_row *row,
                    struct err *err) MUST_CHECK;

/* ---- for cells that are made ---- */

void export_put_int(struct buf *b, int64_t n);
void export_put_minor(struct buf *b, int64_t n);           /* 200000 is 2000.00 */
void export_put_money(struct buf *b, struct num n);        /* the same of any number */
void export_put_json(struct buf *b, const struct json *v); /* NULL, null: nothing */

/* What a stored text says. */
int export_parse(struct export_row *row, struct str text, struct json **out,
                 struct err *err) MUST_CHECK;
/* The object that a stored text is, once: *out is NULL before. An empty text is an empty object. */
int export_read_object(struct export_row *row, struct str text, const struct json **out,
                       struct err *err) MUST_CHECK;

#endif
