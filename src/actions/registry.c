/* SPDX-License-Identifier: MIT */
/* registry.c - the table of action types. Look here first when you change anything about one. */
#include "actions/rows.h"
#include "domain/customer.h"
#include "domain/order.h"
#include "domain/product.h"
#include "domain/sku.h"

static const char *const voucher_required_columns[] = { "Code", NULL };
static const char *const product_required_columns[] = { "name", NULL };
static const char *const sku_required_columns[] = { "product_id", "source_id", NULL };
static const char *const no_columns[] = { NULL };

static void put_voucher_message(struct buf *b, int64_t done, int64_t failed)
{
    buf_printf(b, "%lld voucher(s) imported successfully, %lld failed.", (long long)done,
               (long long)failed);
}

static void put_customer_message(struct buf *b, int64_t done, int64_t failed)
{
    buf_printf(b, "%lld customer(s) imported successfully, %lld failed.", (long long)done,
               (long long)failed);
}

static void put_generated(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Generated %lld vouchers.", (long long)done);
}

static void put_updated(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Updated %lld vouchers.", (long long)done);
}

static void put_updated_campaigns(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Updated %lld campaigns.", (long long)done);
}

static void put_updated_customers(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Updated %lld customers.", (long long)done);
}

static void put_updated_products(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Updated %lld products.", (long long)done);
}

static void put_product_message(struct buf *b, int64_t done, int64_t failed)
{
    buf_printf(b, "%lld product(s) imported successfully, %lld failed.", (long long)done,
               (long long)failed);
}

static void put_sku_message(struct buf *b, int64_t done, int64_t failed)
{
    buf_printf(b, "%lld sku(s) imported successfully, %lld failed.", (long long)done,
               (long long)failed);
}

static void put_order_message(struct buf *b, int64_t done, int64_t failed)
{
    buf_printf(b, "%lld order(s) imported successfully, %lld failed.", (long long)done,
               (long long)failed);
}

static void put_updated_orders(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Updated %lld orders.", (long long)done);
}

static void put_deleted(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Deleted %lld vouchers.", (long long)done);
}

/* What a type works on. */
#define CAMPAIGN_ROWS                                                                              \
    .queue = QUEUE_CAMPAIGNS, .resource = RESOURCE_CAMPAIGN, .row_bytes = sizeof(struct row_head), \
    .key_name = "name"
#define CUSTOMER_ROWS                                                                              \
    .queue = QUEUE_CUSTOMERS, .resource = RESOURCE_CUSTOMER, .row_bytes = sizeof(struct customer), \
    .key_name = "source_id"
#define PRODUCT_ROWS                                                                               \
    .queue = QUEUE_PRODUCTS, .resource = RESOURCE_PRODUCT, .row_bytes = sizeof(struct product),    \
    .key_name = "source_id"
#define SKU_ROWS                                                                                   \
    .queue = QUEUE_PRODUCTS, .resource = RESOURCE_SKU, .row_bytes = sizeof(struct sku),            \
    .key_name = "source_id"
#define ORDER_ROWS                                                                                 \
    .queue = QUEUE_ORDERS, .resource = RESOURCE_ORDER, .row_bytes = sizeof(struct order),          \
    .key_name = "source_id"
#define VOUCHER_ROWS                                                                               \
    .queue = QUEUE_VOUCHERS, .resource = RESOURCE_VOUCHER, .row_bytes = sizeof(struct voucher),    \
    .key_name = "code"

static const struct action_kind action_kinds[ACTION_KIND_ID_COUNT] = {
    [ACTION_CAMPAIGN_VOUCHERS_IMPORT] = {
        .name = "CAMPAIGN.VOUCHERS_IMPORT",
        .summary = "Add vouchers to a campaign from a JSON array",
        .input = INPUT_RECORDS,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_CREATE_ONLY,
        .result = RESULT_MESSAGE,
        .failed = "k",
        .of_campaign = true,
        .map_record = voucher_row_member_item,
        .check_record = voucher_check_import_item,
        .put_message = put_voucher_message,
    },
    [ACTION_CAMPAIGN_VOUCHERS_IMPORT_CSV] = {
        .name = "CAMPAIGN.VOUCHERS_IMPORT_CSV",
        .summary = "Add vouchers to a campaign from a CSV file",
        .input = INPUT_CSV,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_UPSERT,
        .result = RESULT_MESSAGE,
        .failed = "kr",
        .of_campaign = true,
        .fields = &voucher_fields,
        .key_heading = "Code",
        .required_columns = voucher_required_columns,
        .map_cells = voucher_row_member_cells,
        .put_message = put_voucher_message,
    },
    [ACTION_CAMPAIGN_VOUCHERS_UPDATE] = {
        .name = "CAMPAIGN.VOUCHERS_UPDATE",
        .summary = "Give the vouchers of a campaign what has changed of it",
        .input = INPUT_MEMBERS,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .of_campaign = true,
        .put_message = put_updated,
    },
    [ACTION_CAMPAIGN_VOUCHERS_DELETE] = {
        .name = "CAMPAIGN.VOUCHERS_DELETE",
        .summary = "Delete the vouchers of a campaign that was deleted",
        .input = INPUT_MEMBERS,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .of_campaign = true,
        .put_message = put_deleted,
    },
    [ACTION_CAMPAIGN_VOUCHERS_GENERATE] = {
        .name = "CAMPAIGN.VOUCHERS_GENERATE",
        .summary = "Generate codes for a campaign",
        .input = INPUT_CODES,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_NEW_ONLY,
        .result = RESULT_COUNT,
        .of_campaign = true,
        .put_message = put_generated,
    },
    [ACTION_CAMPAIGNS_METADATA_KEY_PURGE] = {
        .name = "CAMPAIGNS.METADATA_KEY_PURGE",
        .summary = "Remove a metadata key from all campaigns",
        .input = INPUT_STORED,
        CAMPAIGN_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .put_message = put_updated_campaigns,
    },
    [ACTION_CUSTOMERS_IMPORT_CSV] = {
        .name = "CUSTOMERS.IMPORT_CSV",
        .summary = "Create or update customers from a CSV file",
        .input = INPUT_CSV,
        CUSTOMER_ROWS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_UPSERT,
        .result = RESULT_MESSAGE,
        .failed = "kr",
        .fields = &customer_fields,
        .key_heading = "Source_id",
        .required_columns = no_columns,
        .map_cells = customer_row_import_cells,
        .put_message = put_customer_message,
    },
    [ACTION_CUSTOMERS_BULK_UPDATE] = {
        .name = "CUSTOMERS.BULK_UPDATE",
        .summary = "Create or update customers, each with its own data",
        .input = INPUT_RECORDS,
        CUSTOMER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPSERT,
        .result = RESULT_ERRORS,
        .keys_errors = true,
        .map_record = customer_row_update_item,
        .check_record = customer_check_update_item,
    },
    [ACTION_CUSTOMERS_METADATA_UPDATE] = {
        .name = "CUSTOMERS.METADATA_UPDATE",
        .summary = "Update the metadata of customers, all with the same",
        .input = INPUT_RECORDS,
        CUSTOMER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPSERT,
        .result = RESULT_ERRORS,
        .map_record = customer_row_source_id,
        .check_record = check_source_id,
    },
    [ACTION_CUSTOMERS_METADATA_KEY_PURGE] = {
        .name = "CUSTOMERS.METADATA_KEY_PURGE",
        .summary = "Remove a metadata key from all customers",
        .input = INPUT_STORED,
        CUSTOMER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .put_message = put_updated_customers,
    },
    [ACTION_PRODUCTS_BULK_UPDATE] = {
        .name = "PRODUCTS.BULK_UPDATE",
        .summary = "Create or update products, each with its own data",
        .input = INPUT_RECORDS,
        PRODUCT_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPSERT,
        .result = RESULT_ERRORS,
        .keys_errors = true,
        .map_record = product_row_update_item,
        .check_record = product_check_update_item,
    },
    [ACTION_PRODUCTS_METADATA_UPDATE] = {
        .name = "PRODUCTS.METADATA_UPDATE",
        .summary = "Update the metadata of products, all with the same",
        .input = INPUT_RECORDS,
        PRODUCT_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPSERT,
        .result = RESULT_ERRORS,
        .map_record = product_row_source_id,
        .check_record = check_source_id,
    },
    [ACTION_PRODUCTS_METADATA_KEY_PURGE] = {
        .name = "PRODUCTS.METADATA_KEY_PURGE",
        .summary = "Remove a metadata key from all products and their SKUs",
        .input = INPUT_STORED,
        PRODUCT_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .put_message = put_updated_products,
    },
    [ACTION_PRODUCTS_IMPORT_CSV] = {
        .name = "PRODUCTS.IMPORT_CSV",
        .summary = "Create products, or rename them, from a CSV file",
        .input = INPUT_CSV,
        PRODUCT_ROWS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_UPSERT,
        .result = RESULT_MESSAGE,
        .failed = "rk",
        .fields = &product_fields,
        .key_heading = "source_id",
        .required_columns = product_required_columns,
        .map_cells = product_row_import_cells,
        .put_message = put_product_message,
    },
    [ACTION_SKUS_IMPORT_CSV] = {
        .name = "SKUS.IMPORT_CSV",
        .summary = "Create or update SKUs of products from a CSV file",
        .input = INPUT_CSV,
        SKU_ROWS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_UPSERT,
        .result = RESULT_MESSAGE,
        .failed = "r",
        .fields = &sku_fields,
        .key_heading = "source_id",
        .required_columns = sku_required_columns,
        .map_cells = sku_row_import_cells,
        .put_message = put_sku_message,
    },
    [ACTION_VOUCHERS_IMPORT] = {
        .name = "VOUCHERS.IMPORT",
        .summary = "Create standalone vouchers from a JSON array",
        .input = INPUT_RECORDS,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_CREATE_ONLY,
        .result = RESULT_MESSAGE,
        .failed = "k",
        .map_record = voucher_row_import_item,
        .check_record = voucher_check_import_item,
        .put_message = put_voucher_message,
    },
    [ACTION_VOUCHERS_IMPORT_CSV] = {
        .name = "VOUCHERS.IMPORT_CSV",
        .summary = "Create or update standalone vouchers from a CSV file",
        .input = INPUT_CSV,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_UPSERT,
        .result = RESULT_MESSAGE,
        .failed = "kr",
        .fields = &voucher_fields,
        .key_heading = "Code",
        .required_columns = voucher_required_columns,
        .map_cells = voucher_row_import_cells,
        .put_message = put_voucher_message,
    },
    [ACTION_VOUCHERS_BULK_UPDATE] = {
        .name = "VOUCHERS.BULK_UPDATE",
        .summary = "Update the metadata of vouchers, each with its own",
        .input = INPUT_RECORDS,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_ERRORS,
        .keys_errors = true,
        .map_record = voucher_row_update_item,
        .check_record = voucher_check_update_item,
    },
    [ACTION_VOUCHERS_METADATA_UPDATE] = {
        .name = "VOUCHERS.METADATA_UPDATE",
        .summary = "Update the metadata of vouchers, all with the same",
        .input = INPUT_RECORDS,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_ERRORS,
        .map_record = voucher_row_code,
        .check_record = voucher_check_code,
    },
    [ACTION_VOUCHERS_METADATA_KEY_PURGE] = {
        .name = "VOUCHERS.METADATA_KEY_PURGE",
        .summary = "Remove a metadata key from all vouchers",
        .input = INPUT_STORED,
        VOUCHER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .put_message = put_updated,
    },
    [ACTION_ORDERS_IMPORT] = {
        .name = "ORDERS.IMPORT",
        .summary = "Create or update orders from a JSON array",
        .input = INPUT_RECORDS,
        ORDER_ROWS,
        .discipline = DISCIPLINE_SINGLE,
        .mode = APPLY_UPSERT,
        .result = RESULT_MESSAGE,
        .failed = "n",
        .map_record = order_row_item,
        .check_record = order_check,
        .put_message = put_order_message,
    },
    [ACTION_ORDERS_METADATA_KEY_PURGE] = {
        .name = "ORDERS.METADATA_KEY_PURGE",
        .summary = "Remove a metadata key from all orders",
        .input = INPUT_STORED,
        ORDER_ROWS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .put_message = put_updated_orders,
    },
};

const struct action_kind *action_kind_find(int kind)
{
    if (kind < 0 || kind >= ACTION_KIND_ID_COUNT || action_kinds[kind].name == NULL)
        return NULL;
    return &action_kinds[kind];
}
