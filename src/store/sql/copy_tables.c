/* SPDX-License-Identifier: MIT */
/* copy_tables.c - the tables that a project has rows in, with all columns: what a copy consists of.
 */
#include "store/sql/copy_rows.h"

#define INT(name)                                                                                  \
    {                                                                                              \
        name, COLUMN_INT, NULL                                                                     \
    }
#define TEXT(name)                                                                                 \
    {                                                                                              \
        name, COLUMN_TEXT, NULL                                                                    \
    }
#define BLOB(name)                                                                                 \
    {                                                                                              \
        name, COLUMN_BLOB, NULL                                                                    \
    }

#define VOUCHER                                                                                    \
    INT("id"), INT("project_id"), TEXT("code"), INT("version"), INT("campaign_id"), INT("type"),   \
        INT("discount_type"), INT("effect"), INT("active"), { "value", COLUMN_NUM, NULL },         \
        INT("start_ms"), INT("expiration_ms"), INT("quantity"), INT("redeemed_quantity"),          \
        INT("redeemed_amount"), TEXT("category"), TEXT("additional_info"), TEXT("rule"),           \
        TEXT("discount_extra"), { "metadata", COLUMN_JSON, NULL }, INT("created_ms"),              \
        INT("updated_ms"), INT("category_id"), TEXT("validity"), INT("subtracted"),                \
        INT("binned_ms"), BLOB("recent")

static const struct copy_column vouchers[] = { VOUCHER, INT("holder_id"), INT("publish_count") };
static const struct copy_column dry_vouchers[] = { VOUCHER, INT("action_seq") };
static const struct copy_column transactions[] = {
    INT("id"),    INT("project_id"), INT("voucher_key"), INT("amount"),     INT("balance"),
    INT("total"), TEXT("source_id"), TEXT("reason"),     INT("created_ms"), INT("campaign_id")
};
static const struct copy_column campaigns[] = { INT("id"),
                                                INT("project_id"),
                                                TEXT("name"),
                                                INT("version"),
                                                INT("campaign_type"),
                                                INT("codes"),
                                                INT("active"),
                                                INT("join_once"),
                                                INT("auto_join"),
                                                INT("voucher_schema"),
                                                INT("creation"),
                                                INT("type"),
                                                INT("discount_type"),
                                                INT("effect"),
                                                { "value", COLUMN_NUM, NULL },
                                                INT("start_ms"),
                                                INT("expiration_ms"),
                                                INT("quantity"),
                                                TEXT("category"),
                                                INT("category_id"),
                                                TEXT("validity"),
                                                TEXT("discount_extra"),
                                                TEXT("metadata"),
                                                TEXT("description"),
                                                TEXT("code_config"),
                                                TEXT("extra"),
                                                INT("created_ms"),
                                                INT("updated_ms"),
                                                INT("binned_ms"),
                                                TEXT("rule") };
static const struct copy_column promotion_tiers[] = { INT("id"),
                                                      INT("project_id"),
                                                      INT("campaign_id"),
                                                      INT("hierarchy"),
                                                      TEXT("name"),
                                                      TEXT("banner"),
                                                      INT("active"),
                                                      INT("type"),
                                                      INT("discount_type"),
                                                      INT("effect"),
                                                      { "value", COLUMN_NUM, NULL },
                                                      INT("start_ms"),
                                                      INT("expiration_ms"),
                                                      TEXT("category"),
                                                      INT("category_id"),
                                                      TEXT("validity"),
                                                      TEXT("discount_extra"),
                                                      TEXT("rule"),
                                                      TEXT("metadata"),
                                                      INT("created_ms") };
static const struct copy_column customers[] = {
    INT("id"),         INT("project_id"),   INT("version"),  TEXT("source_id"),
    TEXT("name"),      TEXT("description"), TEXT("email"),   TEXT("phone"),
    TEXT("birthdate"), TEXT("birthday"),    TEXT("address"), { "metadata", COLUMN_JSON, NULL },
    INT("created_ms"), INT("updated_ms"),   BLOB("recent")
};
#define RECORD                                                                                     \
    INT("id"), INT("project_id"), INT("version"), TEXT("source_id"),                               \
        { "metadata", COLUMN_JSON, NULL }, BLOB("recent"), INT("created_ms"), INT("updated_ms")
static const struct copy_column products[] = {
    RECORD, TEXT("name"), INT("price"), TEXT("attributes"), TEXT("image_url"), INT("binned_ms")
};
static const struct copy_column skus[] = {
    RECORD,           INT("product_id"),  TEXT("sku"),       INT("price"),
    TEXT("currency"), TEXT("attributes"), TEXT("image_url"), INT("binned_ms")
};
static const struct copy_column orders[] = { RECORD,
                                             INT("status"),
                                             INT("amount"),
                                             INT("initial_amount"),
                                             INT("discount_amount"),
                                             TEXT("items"),
                                             INT("customer_id"),
                                             INT("referrer_id") };
static const struct copy_column dry_records[] = { INT("action_seq"), TEXT("name"), INT("id"),
                                                  BLOB("body") };
static const struct copy_column validation_rules[] = { INT("id"), INT("project_id"), TEXT("body"),
                                                       INT("created_ms") };
static const struct copy_column metadata_schemas[] = {
    INT("id"),          INT("project_id"), TEXT("related_object"), INT("allow_defined_only"),
    TEXT("properties"), INT("created_ms"), INT("updated_ms")
};
static const struct copy_column publications[] = {
    INT("id"),       INT("project_id"), INT("customer_id"), INT("campaign_id"), TEXT("source_id"),
    TEXT("channel"), TEXT("metadata"),  TEXT("vouchers"),   INT("created_ms")
};
static const struct copy_column categories[] = { INT("id"),         INT("project_id"),
                                                 TEXT("name"),      INT("hierarchy"),
                                                 INT("created_ms"), INT("updated_ms") };
static const struct copy_column bin[] = {
    INT("id"),           INT("project_id"),     INT("resource_type"),
    INT("resource_key"), TEXT("resource_name"), INT("parent_key"),
    INT("created_ms")
};
static const struct copy_column exports[] = { INT("id"), INT("project_id"), INT("resource"),
                                              TEXT("params"), INT("created_ms") };
static const struct copy_column outcomes[] = { INT("project_id"), INT("action_seq"),
                                               INT("chunk_no"),   INT("first_row"),
                                               INT("n_rows"),     INT("chunk_start"),
                                               INT("chunk_end"),  BLOB("packed") };
static const struct copy_column failures[] = { INT("project_id"), INT("action_seq"), INT("\"row\""),
                                               TEXT("key"),       TEXT("reason"),    INT("kind") };
static const struct copy_column idempotency[] = { INT("project_id"), TEXT("key"),
                                                  BLOB("fingerprint"), INT("action_seq"),
                                                  INT("created_ms") };
static const struct copy_column erased[] = { INT("project_id"), TEXT("code"), INT("seq") };
static const struct copy_column erased_records[] = { INT("project_id"), INT("resource"),
                                                     TEXT("name"), INT("seq") };
/* The last column is for a store with slots only. */
static const struct copy_column totals[] = { { "project_id", COLUMN_INT, "max(project_id)" },
                                             TEXT("resource"),
                                             { "n", COLUMN_INT, "sum(n)" },
                                             { "slot", COLUMN_INT, "0" } };
static const struct copy_column inputs[] = { INT("action_seq"), BLOB("data") };
static const struct copy_column actions[] = {
    INT("seq"),
    INT("project_id"),
    INT("kind"),
    INT("created_ms"),
    TEXT("request_id"),
    TEXT("input"),
    INT("input_bytes"),
    TEXT("params"),
    { "status", COLUMN_INT, "CASE WHEN status < 2 THEN status + 16 ELSE status END" },
    INT("updated_ms"),
    INT("progress"),
    INT("chunk_start"),
    INT("chunk_end"),
    INT("chunk_row"),
    INT("chunk_no"),
    INT("chunk_rows"),
    INT("slice_done"),
    INT("created"),
    INT("updated"),
    INT("unchanged"),
    INT("superseded"),
    INT("failed"),
    TEXT("message"),
    INT("lease_epoch"),
    INT("queue"),
    INT("discipline"),
    INT("dry_run"),
    INT("records"),
    { "kept", COLUMN_INT, "CASE WHEN status < 2 THEN 0 ELSE kept END" }, /* retention passes by */
    INT("campaign_id"),
};
static const struct copy_column sequences[] = { INT("project_id"), TEXT("name"), INT("next") };
static const struct copy_column keys[] = {
    TEXT("app_id"),     INT("project_id"), INT("kind"),
    BLOB("token_hash"), TEXT("name"),      INT("created_ms")
};
static const struct copy_column oauth_tokens[] = { BLOB("token_hash"), INT("project_id"),
                                                   TEXT("app_id"),     TEXT("scope"),
                                                   INT("created_ms"),  INT("expires_ms") };

#define TABLE(table, text, filter_kind, n, ...)                                                    \
    {                                                                                              \
        .name = #table, .shown = text, .columns = table, .n_columns = ARRAY_LEN(table),            \
        .filter = filter_kind, .keys = { __VA_ARGS__ }, .n_keys = n                                \
    }

const struct copy_table copy_tables[COPY_TABLES] = {
    TABLE(vouchers, "vouchers", BY_KEY, 1, 0),
    TABLE(transactions, "transactions", BY_KEY, 1, 0),
    TABLE(campaigns, "campaigns", BY_KEY, 1, 0),
    TABLE(promotion_tiers, "tiers of promotions", BY_KEY, 1, 0),
    TABLE(customers, "customers", BY_KEY, 1, 0),
    TABLE(products, "products", BY_KEY, 1, 0),
    TABLE(skus, "SKUs", BY_KEY, 1, 0),
    TABLE(orders, "orders", BY_KEY, 1, 0),
    TABLE(publications, "publications", BY_KEY, 1, 0),
    TABLE(validation_rules, "validation rules", BY_KEY, 1, 0),
    TABLE(metadata_schemas, "metadata schemas", BY_KEY, 1, 0),
    TABLE(categories, "categories", BY_KEY, 1, 0),
    TABLE(bin, "bin entries", BY_KEY, 1, 0),
    TABLE(exports, "exports", BY_KEY, 1, 0),
    TABLE(outcomes, "outcomes of chunks", BY_PROJECT, 2, 1, 2),
    TABLE(failures, "failed rows", BY_PROJECT, 2, 1, 2),
    TABLE(idempotency, "idempotency keys", BY_PROJECT, 1, 1),
    TABLE(erased, "erased codes", BY_PROJECT, 1, 1),
    TABLE(erased_records, "erased records", BY_PROJECT, 2, 1, 2),
    TABLE(totals, "counters", BY_COUNTER, 1, 1),
    TABLE(inputs, "small inputs", OF_ACTIONS, 1, 0),
    TABLE(actions, "async actions", BY_SEQ, 1, 0),
    TABLE(dry_vouchers, "vouchers of dry runs", OF_UNFINISHED, 2, 27, 2),
    TABLE(dry_records, "records of dry runs", OF_UNFINISHED, 2, 0, 1),
    TABLE(sequences, "sequences", BY_PROJECT, 1, 1),
    TABLE(keys, "keys", BY_PROJECT, 1, 0),
    TABLE(oauth_tokens, "access tokens", BY_PROJECT, 1, 0),
};

const char *store_copy_table(size_t i)
{
    return copy_tables[i].shown;
}
