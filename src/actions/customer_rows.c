/* SPDX-License-Identifier: MIT */
/* customer_rows.c - records of the customer actions as rows; see domain/customer.h. */
#include "actions/rows.h"
#include "base/time_iso.h"
#include "domain/customer.h"

static struct customer *customer_of(struct row_head *head)
{
    return (struct customer *)(void *)head;
}

CELLS_TO_ROW(customer_row_import_cells)
{
    return customer_from_cells(&plan->columns, cells, n_cells, a, customer_of(head), reason, err);
}

RECORD_TO_ROW(customer_row_update_item)
{
    (void)plan;
    return customer_from_update_item(record, a, customer_of(head), reason, err);
}

RECORD_TO_ROW(customer_row_source_id)
{
    struct customer *row = customer_of(head);
    (void)a;
    (void)err;
    *row = (struct customer){ .updated_ms = TIME_NONE, .binned_ms = TIME_NONE };
    return record_of_source_id(&row->record, record, plan, reason);
}
