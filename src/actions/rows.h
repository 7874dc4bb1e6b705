/* SPDX-License-Identifier: MIT */
/*
 * rows.h - how a record of an input becomes a row: the functions that the rows of registry.c name,
 * with the signatures of struct action_kind. One file per resource.
 */
#ifndef ACTIONS_ROWS_H
#define ACTIONS_ROWS_H

#include "actions/registry.h"

#define CELLS_TO_ROW(name)                                                                         \
    int name(const struct action_plan *plan, const struct str *cells, size_t n_cells,              \
             struct arena *a, struct row_head *head, struct str *reason, struct err *err)
#define RECORD_TO_ROW(name)                                                                        \
    int name(const struct action_plan *plan, const struct json *record, struct arena *a,           \
             struct row_head *head, struct str *reason, struct err *err)
#define RECORD_CHECK(name) int name(const struct json *record, struct err *err)

/* ---- voucher_rows.c ---- */

CELLS_TO_ROW(voucher_row_import_cells);
CELLS_TO_ROW(voucher_row_member_cells);
RECORD_TO_ROW(voucher_row_member_item);
RECORD_TO_ROW(voucher_row_import_item);
RECORD_TO_ROW(voucher_row_update_item);
RECORD_TO_ROW(voucher_row_code);
RECORD_CHECK(voucher_check_code);

/* ---- customer_rows.c ---- */

CELLS_TO_ROW(customer_row_import_cells);
RECORD_TO_ROW(customer_row_update_item);
RECORD_TO_ROW(customer_row_source_id);

/* ---- product_rows.c ---- */

CELLS_TO_ROW(product_row_import_cells);
RECORD_TO_ROW(product_row_update_item);
RECORD_TO_ROW(product_row_source_id);
CELLS_TO_ROW(sku_row_import_cells);

/* ---- order_rows.c ---- */

RECORD_TO_ROW(order_row_item);

/* ---- record_rows.c ---- */

/* Item and plan of a metadata update as an otherwise empty row. 0, or 1 with *reason, which is
 * empty before. */
int record_of_source_id(struct record *row, const struct json *item, const struct action_plan *plan,
                        struct str *reason) MUST_CHECK;
RECORD_CHECK(check_source_id); /* a text among source_ids */

#endif
