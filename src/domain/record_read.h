/* SPDX-License-Identifier: MIT */
/*
 * record_read.h - what the resources that are records have in common when they are read from
 * bodies and cells, by their tables of fields. The tables' offsets are from the record on.
 */
#ifndef DOMAIN_RECORD_READ_H
#define DOMAIN_RECORD_READ_H

#include "domain/column.h"
#include "domain/record.h"
#include "domain/voucher.h"

extern const char record_object_too_long[];

/* A field of a table: struct, CSV heading or NULL, member, kind, bit. */
#define RECORD_ROW(type, column, member, json_path, field_kind, field_bit)                         \
    {                                                                                              \
        .heading = (column), .path = (json_path), .kind = (field_kind), .flags = FIELD_IN_JSON,    \
        .bit = (field_bit), .offset = offsetof(struct type, member)                                \
    }

void record_init(struct record *r); /* of a struct that is zeroed */

/* What describes a record, and where it stands in a request, for messages: ".customer"; "" for the
 * body itself. */
struct record_body {
    const struct json *json;
    const char *path;
    bool skips_null; /* null is not given; otherwise it is given as none */
};

/* The members that the table has. ERR_INVALID_PAYLOAD. */
int record_take_fields(const struct field_table *t, const struct record_body *b, struct record *r,
                       struct err *err) MUST_CHECK;
/* A member that is kept as JSON text. Null is given as none, but of metadata: not given. */
int record_take_tree(const struct record_body *body, const char *path, enum json_type type,
                     uint32_t bit, struct record *r, struct str *out, struct arena *a,
                     struct err *err) MUST_CHECK;
/* The types alone, of an item that is to be queued. */
int record_check_fields(const struct field_table *t, const struct record_body *b,
                        struct err *err) MUST_CHECK;

/* The cells of a record, sorted by field into given[t->n], those fields, and the metadata. 0; 1:
 * the row fails, with *reason; -1. */
int record_take_cells(const struct field_table *t, const struct column_map *map,
                      const struct str *cells, size_t n_cells, struct record *r, struct str *given,
                      struct arena *a, struct str *reason, struct err *err) MUST_CHECK;

/* 1, with the reason of a row, of what was said of a body; -1: of other errors. */
int record_fails(const struct err *why, struct arena *a, struct str *reason,
                 struct err *err) MUST_CHECK;
int record_row_fails(const struct field *f, const char *what, struct arena *a, struct str *reason,
                     struct err *err) MUST_CHECK;

/* Metadata, and of the fields with `bits` those that are given. See customer_merge(). */
int record_merge_fields(const struct field_table *t, uint32_t bits, struct record *stored,
                        const struct record *given, struct arena *a, bool *changed,
                        struct str *reason, struct err *err) MUST_CHECK;
/* False when it was the same. */
bool record_assign_text(struct str *to, struct str from);

/* Members that several resources print; none as null, or as `none`. */
void record_put_text(struct json_out *o, const char *key, struct str value);
void record_put_raw(struct json_out *o, const char *key, struct str value, const char *none);
void record_put_price(struct json_out *o, int64_t price);
void record_put_times(struct json_out *o, const struct record *r);

#endif
