/* SPDX-License-Identifier: MIT */
/*
 * record_export.h - customers and orders as lines of a table; see export.h. Amounts are in minor
 * units, as in JSON. Rows are a struct export_row, the item is the record.
 */
#ifndef DOMAIN_RECORD_EXPORT_H
#define DOMAIN_RECORD_EXPORT_H

#include "domain/export.h"

extern const struct export_table customer_export, order_export;

#endif
