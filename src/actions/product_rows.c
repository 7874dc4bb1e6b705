/* SPDX-License-Identifier: MIT */
/* product_rows.c - records of the actions of products and SKUs as rows; see domain/product.h and
 * domain/sku.h. */
#include "actions/rows.h"
#include "base/time_iso.h"
#include "domain/product.h"
#include "domain/sku.h"

static struct product *product_of(struct row_head *head)
{
    return (struct product *)(void *)head;
}

CELLS_TO_ROW(product_row_import_cells)
{
    return product_from_cells(&plan->columns, cells, n_cells, a, product_of(head), reason, err);
}

RECORD_TO_ROW(product_row_update_item)
{
    (void)plan;
    return product_from_update_item(record, a, product_of(head), reason, err);
}

RECORD_TO_ROW(product_row_source_id)
{
    struct product *row = product_of(head);
    (void)a;
    (void)err;
    *row = (struct product){ .price = FIELD_NONE, .updated_ms = TIME_NONE, .binned_ms = TIME_NONE };
    return record_of_source_id(&row->record, record, plan, reason);
}

CELLS_TO_ROW(sku_row_import_cells)
{
    return sku_from_cells(&plan->columns, cells, n_cells, a, (struct sku *)(void *)head, reason,
                          err);
}
