/* SPDX-License-Identifier: MIT */
/*
 * openapi_requests.c - what bodies may hold: the fields of the resources, and beside them what no
 * field is (objects that are kept as they come, lists, what a step of its own reads).
 */
#include "api/openapi_priv.h"
#include "domain/campaign.h"
#include "domain/category.h"
#include "domain/code_config.h"
#include "domain/customer.h"
#include "domain/order.h"
#include "domain/product.h"
#include "domain/publication.h"
#include "domain/sku.h"

#define NULLABLE MEMBER_NULLABLE
#define NEEDED   MEMBER_NEEDED

#define ROWS(table) .members = (table), .n = ARRAY_LEN(table)
#define METADATA                                                                                   \
    {                                                                                              \
        "metadata", MEMBER_OBJECT, NULLABLE                                                        \
    }

/* Dates that come round: of vouchers, campaigns, tiers. */
#define VALIDITY                                                                                   \
    { "validity_timeframe.interval", MEMBER_TEXT, NULLABLE, .note = "ISO 8601 duration." },        \
        { "validity_timeframe.duration", MEMBER_TEXT, NULLABLE, .note = "ISO 8601 duration." },    \
        { "validity_day_of_week", MEMBER_DAYS, NULLABLE },                                         \
    {                                                                                              \
        "validity_hours.daily", MEMBER_LIST, NULLABLE, "ValidityPeriod"                            \
    }

#define FORMULAS                                                                                   \
    { "discount.amount_off_formula", MEMBER_TEXT, NULLABLE },                                      \
        { "discount.percent_off_formula", MEMBER_TEXT, NULLABLE },                                 \
        { "discount.fixed_amount_formula", MEMBER_TEXT, NULLABLE },                                \
    {                                                                                              \
        "discount.unit_off_formula", MEMBER_TEXT, NULLABLE                                         \
    }

#define CATEGORY                                                                                   \
    {                                                                                              \
        "category_id", MEMBER_TEXT, NULLABLE, .note = "Counts more than a name in `category`."     \
    }

static const struct member period[] = {
    { "start_time", MEMBER_TEXT, NULLABLE },
    { "days_of_week", MEMBER_DAYS, NULLABLE },
    { "expiration_time", MEMBER_TEXT, NULLABLE },
};

static const struct member voucher[] = {
    CATEGORY,
    { "validation_rules", MEMBER_TEXTS, NULLABLE, .note = "The first one counts." },
    METADATA,
    VALIDITY,
    FORMULAS,
    { "campaign", MEMBER_TEXT, NULLABLE, .note = "Name of the campaign it is to belong to." },
    { "campaign_id", MEMBER_TEXT, NULLABLE, .note = "Counts more than a name." },
};

static const struct member voucher_change[] = {
    CATEGORY,
    METADATA,
    VALIDITY,
    FORMULAS,
    { "code", MEMBER_ANY, 0, .note = "A code never changes; skipped." },
};

static const struct member voucher_item[] = {
    { "code", MEMBER_FIELD, NEEDED },
    METADATA,
    VALIDITY,
    FORMULAS,
};

static const struct member voucher_update[] = {
    { "code", MEMBER_TEXT, NEEDED },
    { "metadata", MEMBER_OBJECT, NEEDED, .note = "Keys that are given; others stay." },
};

static const struct member template[] = {
    VALIDITY,
    FORMULAS,
    { "type", MEMBER_NAMES, 0, "DISCOUNT_VOUCHER GIFT_VOUCHER LOYALTY_CARD" },
};

static const struct member campaign[] = {
    { "name", MEMBER_FIELD, NEEDED },
    { "voucher", MEMBER_REF, NULLABLE, "VoucherTemplateRequest" },
    CATEGORY,
    { "category", MEMBER_TEXT, NULLABLE },
    { "start_date", MEMBER_TIME, NULLABLE },
    { "expiration_date", MEMBER_TIME, NULLABLE },
    { "validation_rules", MEMBER_TEXTS, NULLABLE, .note = "The first one counts." },
    METADATA,
    VALIDITY,
    { "promotion.tiers", MEMBER_LIST, NULLABLE, "PromotionTierRequest" },
    { "activity_duration_after_publishing", MEMBER_ANY },
    { "referral_program", MEMBER_ANY },
    { "loyalty_tiers_expiration", MEMBER_ANY },
};

static const struct member campaign_change[] = {
    { "description", MEMBER_TEXT, NULLABLE },
    { "join_once", MEMBER_BOOLEAN, NULLABLE },
    { "auto_join", MEMBER_BOOLEAN, NULLABLE },
    { "type", MEMBER_NAMES, 0, .names = &campaign_codes_names[1] },
    CATEGORY,
    METADATA,
    VALIDITY,
    FORMULAS,
    { "unset_metadata_fields", MEMBER_TEXTS, NULLABLE, .note = "Keys that go." },
    { "activity_duration_after_publishing", MEMBER_ANY },
    { "referral_program", MEMBER_ANY },
    { "loyalty_tiers_expiration", MEMBER_ANY },
};

static const struct member tier[] = {
    { "name", MEMBER_FIELD, NEEDED },
    { "action", MEMBER_OBJECT, NULLABLE, .note = "A discount, or an object with one." },
    { "active", MEMBER_BOOLEAN, NULLABLE },
    { "start_date", MEMBER_TIME, NULLABLE },
    { "expiration_date", MEMBER_TIME, NULLABLE },
    { "category", MEMBER_TEXT, NULLABLE },
    CATEGORY,
    { "validation_rules", MEMBER_TEXTS, NULLABLE, .note = "The first one counts." },
    METADATA,
    VALIDITY,
};

static const struct member customer[] = { METADATA };
static const struct member customer_item[] = { { "source_id", MEMBER_FIELD, NEEDED }, METADATA };
static const struct member product[] = { { "attributes", MEMBER_TEXTS, NULLABLE }, METADATA };
static const struct member product_item[] = {
    { "source_id", MEMBER_FIELD, NEEDED },
    { "attributes", MEMBER_TEXTS, NULLABLE },
    METADATA,
};
static const struct member sku[] = { { "attributes", MEMBER_OBJECT, NULLABLE }, METADATA };

static const struct member order[] = {
    { "items", MEMBER_LIST, NULLABLE, "OrderItemRequest", .most = ORDER_ITEMS_MAX },
    METADATA,
    { "customer", MEMBER_REF, NULLABLE, "CustomerRequest" },
    { "referrer", MEMBER_REF, NULLABLE, "CustomerRequest" },
    { "referrer_id", MEMBER_TEXT, NULLABLE },
};

static const struct member category[] = {
    { "name", MEMBER_FIELD, NEEDED },
    { "hierarchy", MEMBER_FIELD, NEEDED },
};

static const struct member rule[] = {
    { "name", MEMBER_TEXT, NEEDED },
    { "rules", MEMBER_OBJECT, NULLABLE },
    { "applicable_to", MEMBER_OBJECT, NULLABLE },
    { "error", MEMBER_OBJECT, NULLABLE },
    { "type", MEMBER_TEXT, NULLABLE },
    { "context_type", MEMBER_TEXT, NULLABLE, .note = "global, unless it is given." },
};

static const struct member publication_campaign[] = {
    { "name", MEMBER_TEXT, NEEDED, .note = "Or its id." },
    { "count", MEMBER_INTEGER, NULLABLE, .most = PUBLISH_MOST },
};

static const struct member publication[] = {
    { "customer", MEMBER_REF, NEEDED, "CustomerRequest" },
    { "voucher", MEMBER_TEXT, NULLABLE, .note = "The code to hand out; or `campaign`." },
    { "campaign", MEMBER_REF, NULLABLE | MEMBER_OR_TEXT, "PublicationCampaign" },
    { "source_id", MEMBER_TEXT, NULLABLE },
    { "channel", MEMBER_TEXT, NULLABLE },
    { "join_once", MEMBER_BOOLEAN, NULLABLE },
    METADATA,
};

static const struct member schema_v1[] = {
    { "related_object", MEMBER_TEXT, NULLABLE, .note = "Unless the path names it." },
    { "allow_defined_only", MEMBER_BOOLEAN, NULLABLE },
    { "properties", MEMBER_BY_KEY, NEEDED, "MetadataDefinition" },
};
static const struct member schema_management[] = {
    { "related_object", MEMBER_TEXT, NULLABLE },
    { "allow_defined_only", MEMBER_BOOLEAN, NULLABLE },
    { "properties", MEMBER_BY_KEY, NEEDED, "ManagementMetadataDefinition" },
};
static const struct member change_v1[] = {
    { "allow_defined_only", MEMBER_BOOLEAN, NULLABLE },
    { "properties", MEMBER_BY_KEY, 0, "MetadataDefinition" },
};
static const struct member change_management[] = {
    { "allow_defined_only", MEMBER_BOOLEAN, NULLABLE },
    { "properties", MEMBER_BY_KEY, 0, "ManagementMetadataDefinition" },
};

static const struct member purge[] = {
    { "key", MEMBER_TEXT, NEEDED, .note = "A key that has no definition (any more)." },
};

static const struct member balance[] = {
    { "amount", MEMBER_INTEGER, NEEDED, .note = "In minor units; below 0: taken." },
    { "source_id", MEMBER_TEXT, NULLABLE },
    { "reason", MEMBER_TEXT, NULLABLE },
};
static const struct member points[] = {
    { "points", MEMBER_INTEGER, NEEDED, .note = "Below 0: taken." },
    { "source_id", MEMBER_TEXT, NULLABLE },
    { "reason", MEMBER_TEXT, NULLABLE },
};

static const struct member token_order[] = {
    { "grant_type", MEMBER_WORD, NEEDED, "client_credentials" },
    { "scope", MEMBER_TEXT, NEEDED, .note = "Names with blanks between; `api` is all of them." },
};
static const struct member token_name[] = { { "access_token", MEMBER_TEXT, NEEDED } };

static const struct schema rows[] = {
    { "ValidityPeriod", "Hours of some days of the week.", ROWS(period) },
    { "VoucherRequest", "A new voucher.", .worths = true,
      .tables = { &voucher_fields, &code_config_fields }, ROWS(voucher) },
    { "VoucherChangeRequest", "A change of a voucher: what is not given stays.", .worths = true,
      .tables = { &voucher_fields }, ROWS(voucher_change) },
    { "VoucherImportItem", "A voucher of an import.", .worths = true, .tables = { &voucher_fields },
      ROWS(voucher_item) },
    { "VoucherUpdateItem", "Metadata of one voucher.", ROWS(voucher_update) },
    { "VoucherTemplateRequest", "What the vouchers of a campaign are.", .worths = true,
      .tables = { &voucher_fields, &code_config_fields }, ROWS(template) },
    { "CampaignRequest", "A new campaign.", .tables = { &campaign_fields }, ROWS(campaign) },
    { "CampaignChangeRequest",
      "A change of a campaign, and of its vouchers: what is not given stays.", .worths = true,
      .tables = { &voucher_fields }, ROWS(campaign_change) },
    { "PromotionTierRequest", "A tier of a promotion.", .tables = { &tier_fields }, ROWS(tier) },
    { "CustomerRequest", "A customer; an `id` or `source_id` that is known means that one.",
      .field_flags = NULLABLE, .tables = { &customer_fields }, ROWS(customer) },
    { "CustomerUpdateItem", "A customer of a bulk update.", .field_flags = NULLABLE,
      .tables = { &customer_fields }, ROWS(customer_item) },
    { "ProductRequest", "A product; an `id` or `source_id` that is known means that one.",
      .field_flags = NULLABLE, .tables = { &product_fields }, ROWS(product) },
    { "ProductUpdateItem", "A product of a bulk update.", .field_flags = NULLABLE,
      .tables = { &product_fields }, ROWS(product_item) },
    { "SkuRequest", "A SKU; an `id` or `source_id` that is known means that one.",
      .field_flags = NULLABLE, .tables = { &sku_fields }, ROWS(sku) },
    { "OrderRequest", "An order; an `id` or `source_id` that is known means that one.",
      .field_flags = NULLABLE, .tables = { &order_fields }, ROWS(order) },
    { "CategoryRequest", "A category.", .tables = { &category_fields }, ROWS(category) },
    { "ValidationRuleRequest", "A rule, which is stored and not evaluated.", ROWS(rule) },
    { "PublicationCampaign", "Of which campaign, and how many vouchers.",
      ROWS(publication_campaign) },
    { "PublicationRequest", "Who is to get what.", ROWS(publication) },
    { "MetadataSchemaRequest", "A new schema.", ROWS(schema_v1) },
    { "MetadataSchemaChangeRequest", "Definitions to add or to replace.", ROWS(change_v1) },
    { "ManagementMetadataSchemaRequest", "A new schema.", ROWS(schema_management) },
    { "ManagementMetadataSchemaChangeRequest", "Definitions to add or to replace.",
      ROWS(change_management) },
    { "KeyPurgeRequest", "The metadata key to remove.", ROWS(purge) },
    { "BalanceRequest", "What to book on a gift.", ROWS(balance) },
    { "PointsRequest", "What to book on a card.", ROWS(points) },
    { "TokenRequest", "An access token, please.", ROWS(token_order) },
    { "TokenNameRequest", "Which token.", ROWS(token_name) },
};

const struct schemas openapi_requests = { rows, ARRAY_LEN(rows) };
