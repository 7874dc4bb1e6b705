/* SPDX-License-Identifier: MIT */
/* record_tables.c - what is kept as records, a row each; see records.h. */
#include "domain/customer.h"
#include "domain/order.h"
#include "domain/product.h"
#include "domain/sku.h"
#include "store/sql/records.h"

#define FIELD(type, member, column_kind)                                                           \
    {                                                                                              \
#member, column_kind, offsetof(struct type, member)                                        \
    }
static const struct record_column customer_columns[] = {
    FIELD(customer, name, RECORD_TEXT),      FIELD(customer, description, RECORD_TEXT),
    FIELD(customer, email, RECORD_TEXT),     FIELD(customer, phone, RECORD_TEXT),
    FIELD(customer, birthdate, RECORD_TEXT), FIELD(customer, birthday, RECORD_TEXT),
    FIELD(customer, address, RECORD_TEXT),
};

static const struct record_table customers = {
    .name = "customers",
    .one = "customer",
    .names = CUSTOMER_COLUMNS,
    .bytes = sizeof(struct customer),
    .resource = RESOURCE_CUSTOMER,
    .personal = true,
    .queue = QUEUE_CUSTOMERS,
    .id = ID_CUSTOMER,
    .by_key = STATEMENT_CUSTOMER_BY_KEY,
    .by_source = STATEMENT_CUSTOMER_BY_SOURCE,
    .insert = STATEMENT_CUSTOMER_INSERT,
    .update = STATEMENT_CUSTOMER_UPDATE,
    .by_sources = STATEMENT_CUSTOMERS_BY_SOURCES,
    .by_sources_locked = STATEMENT_CUSTOMERS_BY_SOURCES_LOCKED,
    .columns = customer_columns,
    .n_columns = ARRAY_LEN(customer_columns),
    .merge = customer_merge,
};

static const struct record_column product_columns[] = {
    FIELD(product, name, RECORD_TEXT),       FIELD(product, price, RECORD_NUMBER),
    FIELD(product, attributes, RECORD_TEXT), FIELD(product, image_url, RECORD_TEXT),
    FIELD(product, binned_ms, RECORD_TIME),
};

static const struct record_table products = {
    .name = "products",
    .one = "product",
    .names = PRODUCT_COLUMNS,
    .bytes = sizeof(struct product),
    .resource = RESOURCE_PRODUCT,
    .queue = QUEUE_PRODUCTS,
    .id = ID_PRODUCT,
    .by_key = STATEMENT_PRODUCT_BY_KEY,
    .by_source = STATEMENT_PRODUCT_BY_SOURCE,
    .insert = STATEMENT_PRODUCT_INSERT,
    .update = STATEMENT_PRODUCT_UPDATE,
    .by_sources = STATEMENT_PRODUCTS_BY_SOURCES,
    .by_sources_locked = STATEMENT_PRODUCTS_BY_SOURCES_LOCKED,
    .columns = product_columns,
    .n_columns = ARRAY_LEN(product_columns),
    .in_bin = true,
    .name_column = "name",
    .merge = product_merge,
};

static const struct record_column sku_columns[] = {
    { "product_id", RECORD_INT, offsetof(struct sku, product_key) },
    FIELD(sku, sku, RECORD_TEXT),
    FIELD(sku, price, RECORD_NUMBER),
    FIELD(sku, currency, RECORD_TEXT),
    FIELD(sku, attributes, RECORD_TEXT),
    FIELD(sku, image_url, RECORD_TEXT),
    FIELD(sku, binned_ms, RECORD_TIME),
};

static const struct record_table skus = {
    .name = "skus",
    .one = "sku",
    .names = SKU_COLUMNS,
    .bytes = sizeof(struct sku),
    .resource = RESOURCE_SKU,
    .queue = QUEUE_PRODUCTS,
    .id = ID_SKU,
    .by_key = STATEMENT_SKU_BY_KEY,
    .by_source = STATEMENT_SKU_BY_SOURCE,
    .insert = STATEMENT_SKU_INSERT,
    .update = STATEMENT_SKU_UPDATE,
    .columns = sku_columns,
    .n_columns = ARRAY_LEN(sku_columns),
    .in_bin = true,
    .name_column = "sku",
    .resolve = sku_resolve,
    .refuse = sku_refuse,
    .merge = sku_merge,
};

static const struct record_column order_columns[] = {
    FIELD(order, status, RECORD_INT),
    FIELD(order, amount, RECORD_NUMBER),
    FIELD(order, initial_amount, RECORD_NUMBER),
    FIELD(order, discount_amount, RECORD_NUMBER),
    FIELD(order, items, RECORD_TEXT),
    { "customer_id", RECORD_NUMBER, offsetof(struct order, customer_key) },
    { "referrer_id", RECORD_NUMBER, offsetof(struct order, referrer_key) },
};

static const struct record_table orders = {
    .name = "orders",
    .one = "order",
    .names = ORDER_COLUMNS,
    .bytes = sizeof(struct order),
    .resource = RESOURCE_ORDER,
    .queue = QUEUE_ORDERS,
    .id = ID_ORDER,
    .by_key = STATEMENT_ORDER_BY_KEY,
    .by_source = STATEMENT_ORDER_BY_SOURCE,
    .insert = STATEMENT_ORDER_INSERT,
    .update = STATEMENT_ORDER_UPDATE,
    .columns = order_columns,
    .n_columns = ARRAY_LEN(order_columns),
    .resolve = order_resolve,
    .merge = order_merge,
};

const struct record_table *record_table_of(enum resource_type resource)
{
    static const struct record_table *const tables[] = { [RESOURCE_PRODUCT] = &products,
                                                         [RESOURCE_SKU] = &skus,
                                                         [RESOURCE_CUSTOMER] = &customers,
                                                         [RESOURCE_ORDER] = &orders };
    return (size_t)resource < ARRAY_LEN(tables) ? tables[resource] : NULL;
}
