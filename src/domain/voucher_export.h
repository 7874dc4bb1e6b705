/* SPDX-License-Identifier: MIT */
/*
 * voucher_export.h - a voucher as a line of a table; see export.h. Money is in major units with two
 * decimals, as in every CSV file that comes in; all else is as in JSON.
 */
#ifndef DOMAIN_VOUCHER_EXPORT_H
#define DOMAIN_VOUCHER_EXPORT_H

#include "domain/export.h"
#include "domain/voucher.h"

extern const struct export_table voucher_export;

/* Its rows. Beside the head the caller sets the next three members. */
struct voucher_export_row {
    struct export_row head;
    struct voucher_names names;
    struct str holder_id, holder_source_id; /* who has it; {NULL,0}: nobody, or not asked for */

    /* JSON texts of the voucher, read when a column asks for one */
    const struct json *validity, *extra;
};

/* Does it tell who has the voucher? */
bool voucher_export_is_holder(const struct export_column *c);

#endif
