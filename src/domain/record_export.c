/* SPDX-License-Identifier: MIT */
/* record_export.c - see record_export.h. Rows are in the order of the API's lists. */
#include "domain/record_export.h"

#include "domain/customer.h"
#include "domain/order.h"

/* ---- customers ---- */

/* What customer_put_json() says of it: nothing is summed up for a customer yet. */
static int put_none(struct buf *b, struct export_row *row, struct err *err)
{
    (void)row;
    (void)err;
    export_put_int(b, 0);
    return 0;
}

static int put_nothing(struct buf *b, struct export_row *row, struct err *err)
{
    (void)b;
    (void)row;
    (void)err;
    return 0;
}

#define ADDRESS(part) EXPORT_IN(EXPORT_MEMBER, customer, address), .member = (part)

static const struct export_field customer_rows[] = {
    { "name", EXPORT_FIELD },
    { "id", EXPORT_IN(EXPORT_ID, customer, key), .id = ID_CUSTOMER },
    { "description", EXPORT_FIELD },
    { "email", EXPORT_FIELD },
    { "source_id", EXPORT_FIELD },
    { "created_at", EXPORT_IN(EXPORT_TIME, customer, created_ms) },
    { "address_city", ADDRESS("city") },
    { "address_state", ADDRESS("state") },
    { "address_line_1", ADDRESS("line_1") },
    { "address_line_2", ADDRESS("line_2") },
    { "address_country", ADDRESS("country") },
    { "address_postal_code", ADDRESS("postal_code") },
    { "redemptions_total_redeemed", EXPORT_BY(put_none) },
    { "redemptions_total_failed", EXPORT_BY(put_none) },
    { "redemptions_total_succeeded", EXPORT_BY(put_none) },
    { "redemptions_total_rolled_back", EXPORT_BY(put_none) },
    { "redemptions_total_rollback_failed", EXPORT_BY(put_none) },
    { "redemptions_total_rollback_succeeded", EXPORT_BY(put_none) },
    { "orders_total_amount", EXPORT_BY(put_none) },
    { "orders_total_count", EXPORT_BY(put_none) },
    { "orders_average_amount", EXPORT_BY(put_none) },
    { "orders_last_order_amount", EXPORT_BY(put_none) },
    { "orders_last_order_date", EXPORT_BY(put_nothing) },
    { "loyalty_points", EXPORT_BY(put_none) },
    { "loyalty_referred_customers", EXPORT_BY(put_none) },
    { "updated_at", EXPORT_IN(EXPORT_TIME, customer, updated_ms) },
    { "phone", EXPORT_FIELD },
    { "birthday", EXPORT_FIELD },
    { "metadata", EXPORT_IN(EXPORT_METADATA, customer, metadata) },
    { "birthdate", EXPORT_FIELD },
};
static const struct str customer_defaults[] = { STR_INIT("name"), STR_INIT("source_id") };

const struct export_table customer_export = { .rows = customer_rows,
                                              .n = ARRAY_LEN(customer_rows),
                                              .fields = &customer_fields,
                                              .defaults = customer_defaults,
                                              .n_defaults = ARRAY_LEN(customer_defaults) };

/* ---- orders ---- */

static int put_status(struct buf *b, struct export_row *row, struct err *err)
{
    const struct order *o = row->item;
    (void)err;
    buf_puts(b, str_of(order_status_names[o->status]));
    return 0;
}

static void put_amount(struct buf *b, int64_t n)
{
    if (n != FIELD_NONE)
        export_put_int(b, n);
}

static int put_items_discount(struct buf *b, struct export_row *row, struct err *err)
{
    int64_t off;
    if (order_items_discount(row->item, row->arena, &off, err) < 0)
        return -1;
    put_amount(b, off);
    return 0;
}

static int put_total(struct buf *b, struct export_row *row, struct err *err)
{
    int64_t off;
    if (order_items_discount(row->item, row->arena, &off, err) < 0)
        return -1;
    put_amount(b, order_total_amount(row->item, off));
    return 0;
}

static int put_total_discount(struct buf *b, struct export_row *row, struct err *err)
{
    int64_t off;
    if (order_items_discount(row->item, row->arena, &off, err) < 0)
        return -1;
    put_amount(b, order_total_discount(row->item, off));
    return 0;
}

static const struct export_field order_rows[] = {
    { "id", EXPORT_IN(EXPORT_ID, order, key), .id = ID_ORDER },
    { "source_id", EXPORT_FIELD },
    { "created_at", EXPORT_IN(EXPORT_TIME, order, created_ms) },
    { "updated_at", EXPORT_IN(EXPORT_TIME, order, updated_ms) },
    { "status", EXPORT_BY(put_status) },
    { "amount", EXPORT_FIELD },
    { "discount_amount", EXPORT_FIELD },
    { "items_discount_amount", EXPORT_BY(put_items_discount) },
    { "total_discount_amount", EXPORT_BY(put_total_discount) },
    { "total_amount", EXPORT_BY(put_total) },
    { "customer_id", EXPORT_IN(EXPORT_ID, order, customer_key), .id = ID_CUSTOMER },
    { "referrer_id", EXPORT_IN(EXPORT_ID, order, referrer_key), .id = ID_CUSTOMER },
    { "metadata", EXPORT_IN(EXPORT_METADATA, order, metadata) },
};
static const struct str order_defaults[] = { STR_INIT("id"), STR_INIT("source_id"),
                                             STR_INIT("status") };

const struct export_table order_export = { .rows = order_rows,
                                           .n = ARRAY_LEN(order_rows),
                                           .fields = &order_fields,
                                           .defaults = order_defaults,
                                           .n_defaults = ARRAY_LEN(order_defaults) };
