/* SPDX-License-Identifier: MIT */
/* order_rows.c - records of the order import as rows; see domain/order.h. */
#include "actions/rows.h"
#include "domain/order.h"

RECORD_TO_ROW(order_row_item)
{
    (void)plan;
    return order_from_item(record, a, (struct order *)(void *)head, reason, err);
}
