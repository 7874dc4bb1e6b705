/* SPDX-License-Identifier: MIT */
/*
 * voucher_export.h - a voucher as a line of a table (reference 4.12).
 *
 * A column is a field of the API's list, or `metadata.<key>`. Its heading is the field's name as
 * the API writes it, "Voucher Type" for voucher_type; a metadata column is headed by the field as
 * it was asked for. Money is in major units with two decimals, as in every CSV file that comes in;
 * all else is as in JSON. What a voucher has not is an empty cell.
 */
#ifndef DOMAIN_VOUCHER_EXPORT_H
#define DOMAIN_VOUCHER_EXPORT_H

#include "domain/voucher.h"

struct voucher_export_field;

struct voucher_export_column {
    const struct voucher_export_field *field;
    struct str key; /* of metadata; {NULL,0}: another field */
};

/* False when the API has no such field. */
bool voucher_export_column(struct str name, struct voucher_export_column *out);

/* Does it tell who has the voucher? */
bool voucher_export_is_holder(const struct voucher_export_column *c);

/* The names that there are, "a, b, c", for a message. */
void voucher_export_put_names(struct buf *b);

void voucher_export_put_heading(struct buf *b, const struct voucher_export_column *c);

/* One voucher. Zero but for the first three members, which the caller sets. */
struct voucher_export_row {
    const struct voucher *v;
    struct voucher_names names;
    struct arena *arena;                    /* of what is read for it */
    struct str holder_id, holder_source_id; /* who has it; {NULL,0}: nobody, or not asked for */

    /* JSON texts of the voucher, read when a column asks for one */
    const struct json *metadata, *validity, *extra;
};

/* Appends the text of a cell, not quoted. ERR_NOMEM, or a stored JSON text that cannot be read
 * (ERR_STORE). */
int voucher_export_put_cell(struct buf *b, const struct voucher_export_column *c,
                            struct voucher_export_row *row, struct err *err) MUST_CHECK;

#endif
