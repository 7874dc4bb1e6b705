/* SPDX-License-Identifier: MIT */
/*
 * openapi_answers.c - what answers hold. What their printers write beside the fields of the tables
 * is said once more here; tests hold the answers of a server against it.
 */
#include "api/openapi_priv.h"
#include "domain/campaign.h"
#include "domain/category.h"
#include "domain/code_config.h"
#include "domain/customer.h"
#include "domain/order.h"
#include "domain/product.h"
#include "domain/sku.h"

#define NULLABLE MEMBER_NULLABLE
#define ABSENT   MEMBER_ABSENT

#define ROWS(table) .answer = true, .members = (table), .n = ARRAY_LEN(table)
#define OBJECT(name)                                                                               \
    {                                                                                              \
        "object", MEMBER_WORD, 0, name                                                             \
    }
#define TIMES                                                                                      \
    { "created_at", MEMBER_TIME },                                                                 \
    {                                                                                              \
        "updated_at", MEMBER_TIME, NULLABLE                                                        \
    }

/* A discount keeps what else it was given. */
#define DISCOUNT                                                                                   \
    { "discount", MEMBER_OBJECT, NULLABLE | ABSENT }, { "discount.type", MEMBER_FIELD },           \
        { "discount.effect", MEMBER_FIELD, ABSENT },                                               \
        { "discount.amount_off", MEMBER_FIELD, ABSENT },                                           \
        { "discount.percent_off", MEMBER_FIELD, ABSENT },                                          \
        { "discount.fixed_amount", MEMBER_FIELD, ABSENT },                                         \
    {                                                                                              \
        "discount.unit_off", MEMBER_FIELD, ABSENT                                                  \
    }

/* What is left on a gift, and on a card. */
#define ACCOUNTS(flags)                                                                            \
    { "gift", MEMBER_OBJECT, flags }, { "gift.amount", MEMBER_FIELD },                             \
        { "gift.subtracted_amount", MEMBER_INTEGER, ABSENT }, { "gift.balance", MEMBER_NUMBER },   \
        { "gift.effect", MEMBER_FIELD, ABSENT }, { "loyalty_card", MEMBER_OBJECT, flags },         \
        { "loyalty_card.points", MEMBER_FIELD },                                                   \
        { "loyalty_card.subtracted_amount", MEMBER_INTEGER, ABSENT },                              \
        { "loyalty_card.balance", MEMBER_NUMBER },                                                 \
    {                                                                                              \
        "loyalty_card.effect", MEMBER_FIELD, ABSENT                                                \
    }

static const struct member voucher[] = {
    { "id", MEMBER_TEXT },
    { "code", MEMBER_FIELD },
    { "campaign", MEMBER_TEXT, NULLABLE },
    { "campaign_id", MEMBER_TEXT, NULLABLE },
    { "category", MEMBER_FIELD, NULLABLE },
    { "category_id", MEMBER_TEXT, NULLABLE },
    { "categories", MEMBER_LIST, 0, "Category" },
    { "type", MEMBER_FIELD },
    DISCOUNT,
    ACCOUNTS(NULLABLE),
    { "start_date", MEMBER_FIELD, NULLABLE },
    { "expiration_date", MEMBER_FIELD, NULLABLE },
    { "validity_timeframe", MEMBER_OBJECT, NULLABLE },
    { "validity_day_of_week", MEMBER_DAYS, NULLABLE },
    { "validity_hours", MEMBER_OBJECT, NULLABLE | ABSENT },
    { "active", MEMBER_FIELD },
    { "additional_info", MEMBER_FIELD, NULLABLE },
    { "metadata", MEMBER_OBJECT },
    { "assets", MEMBER_OBJECT },
    { "is_referral_code", MEMBER_BOOLEAN },
    TIMES,
    { "holder_id", MEMBER_TEXT, ABSENT },
    { "validation_rules_assignments", MEMBER_REF, ABSENT, "RuleAssignmentList" },
    { "redemption.quantity", MEMBER_FIELD, NULLABLE },
    { "redemption.redeemed_quantity", MEMBER_INTEGER },
    { "redemption.redeemed_amount", MEMBER_INTEGER, ABSENT },
    { "redemption.redeemed_points", MEMBER_INTEGER, ABSENT },
    { "redemption.object", MEMBER_WORD, 0, "list" },
    { "redemption.url", MEMBER_TEXT },
    { "publish.object", MEMBER_WORD, 0, "list" },
    { "publish.count", MEMBER_INTEGER },
    { "publish.url", MEMBER_TEXT },
    OBJECT("voucher"),
};

static const struct member voucher_short[] = {
    { "code", MEMBER_FIELD },
    OBJECT("voucher"),
    { "campaign", MEMBER_TEXT, NULLABLE },
    DISCOUNT,
    ACCOUNTS(ABSENT),
    { "is_referral_code", MEMBER_BOOLEAN },
};

static const struct member template[] = {
    { "type", MEMBER_FIELD },
    DISCOUNT,
    { "gift", MEMBER_OBJECT, ABSENT },
    { "gift.amount", MEMBER_FIELD },
    { "gift.effect", MEMBER_FIELD, ABSENT },
    { "loyalty_card", MEMBER_OBJECT, ABSENT },
    { "loyalty_card.points", MEMBER_FIELD },
    { "loyalty_card.effect", MEMBER_FIELD, ABSENT },
    { "redemption.quantity", MEMBER_FIELD, NULLABLE },
    { "code_config", MEMBER_OBJECT, ABSENT },
    { "is_referral_code", MEMBER_BOOLEAN },
    { "start_date", MEMBER_TIME, ABSENT },
    { "expiration_date", MEMBER_TIME, ABSENT },
    { "validity_timeframe", MEMBER_OBJECT, NULLABLE | ABSENT },
    { "validity_day_of_week", MEMBER_DAYS, NULLABLE | ABSENT },
    { "validity_hours", MEMBER_OBJECT, NULLABLE | ABSENT },
};

static const struct member campaign[] = {
    { "id", MEMBER_TEXT },
    { "name", MEMBER_TEXT },
    { "description", MEMBER_TEXT, ABSENT },
    { "campaign_type", MEMBER_NAMES, 0, .names = &campaign_type_names[1] },
    { "type", MEMBER_NAMES, 0, .names = &campaign_codes_names[1] },
    { "voucher", MEMBER_REF, ABSENT, "VoucherTemplate" },
    { "auto_join", MEMBER_BOOLEAN },
    { "join_once", MEMBER_BOOLEAN },
    { "use_voucher_metadata_schema", MEMBER_BOOLEAN },
    { "start_date", MEMBER_TIME, ABSENT },
    { "expiration_date", MEMBER_TIME, ABSENT },
    { "validity_timeframe", MEMBER_OBJECT, NULLABLE | ABSENT },
    { "validity_day_of_week", MEMBER_DAYS, NULLABLE | ABSENT },
    { "validity_hours", MEMBER_OBJECT, NULLABLE | ABSENT },
    { "activity_duration_after_publishing", MEMBER_ANY, ABSENT },
    { "referral_program", MEMBER_ANY, ABSENT },
    { "loyalty_tiers_expiration", MEMBER_ANY, ABSENT },
    { "promotion", MEMBER_REF, ABSENT, "PromotionTierList" },
    { "vouchers_count", MEMBER_INTEGER, ABSENT },
    { "active", MEMBER_BOOLEAN },
    { "metadata", MEMBER_OBJECT, ABSENT },
    { "created_at", MEMBER_TIME },
    { "updated_at", MEMBER_TIME, ABSENT },
    { "creation_status", MEMBER_NAMES, 0, .names = &campaign_status_names[1] },
    { "vouchers_generation_status", MEMBER_NAMES, 0, .names = &campaign_status_names[1] },
    { "protected", MEMBER_BOOLEAN },
    { "category", MEMBER_TEXT, ABSENT },
    { "category_id", MEMBER_TEXT, NULLABLE },
    { "categories", MEMBER_LIST, 0, "Category" },
    { "validation_rules_assignments", MEMBER_REF, ABSENT, "RuleAssignmentList" },
    OBJECT("campaign"),
};

static const struct member tier[] = {
    { "id", MEMBER_TEXT },
    { "created_at", MEMBER_TIME },
    { "name", MEMBER_TEXT },
    { "banner", MEMBER_TEXT, ABSENT },
    { "action", MEMBER_OBJECT, ABSENT },
    { "metadata", MEMBER_OBJECT },
    { "hierarchy", MEMBER_INTEGER },
    { "promotion_id", MEMBER_TEXT },
    { "campaign.id", MEMBER_TEXT },
    { "campaign.start_date", MEMBER_TIME, NULLABLE },
    { "campaign.expiration_date", MEMBER_TIME, NULLABLE },
    { "campaign.validity_timeframe", MEMBER_OBJECT, NULLABLE | ABSENT },
    { "campaign.validity_day_of_week", MEMBER_DAYS, NULLABLE | ABSENT },
    { "campaign.validity_hours", MEMBER_OBJECT, NULLABLE | ABSENT },
    { "campaign.active", MEMBER_BOOLEAN },
    { "campaign.category_id", MEMBER_TEXT, ABSENT },
    { "campaign.object", MEMBER_WORD, 0, "campaign" },
    { "campaign_id", MEMBER_TEXT },
    { "active", MEMBER_BOOLEAN },
    { "start_date", MEMBER_TIME, ABSENT },
    { "expiration_date", MEMBER_TIME, ABSENT },
    { "validity_timeframe", MEMBER_OBJECT, NULLABLE | ABSENT },
    { "validity_day_of_week", MEMBER_DAYS, NULLABLE | ABSENT },
    { "validity_hours", MEMBER_OBJECT, NULLABLE | ABSENT },
    { "summary", MEMBER_OBJECT },
    OBJECT("promotion_tier"),
    { "validation_rule_assignments", MEMBER_REF, 0, "RuleAssignmentList" },
    { "category", MEMBER_TEXT, ABSENT },
    { "category_id", MEMBER_TEXT, NULLABLE },
    { "categories", MEMBER_LIST, 0, "Category" },
};

static const struct member customer[] = {
    { "id", MEMBER_TEXT },
    { "address", MEMBER_OBJECT, ABSENT },
    { "summary", MEMBER_OBJECT },
    { "loyalty", MEMBER_OBJECT },
    { "referrals", MEMBER_OBJECT },
    { "metadata", MEMBER_OBJECT, ABSENT },
    { "system_metadata", MEMBER_OBJECT },
    { "created_at", MEMBER_TIME },
    { "updated_at", MEMBER_TIME, ABSENT },
    OBJECT("customer"),
};

static const struct member customer_short[] = {
    { "id", MEMBER_TEXT },
    { "source_id", MEMBER_TEXT, ABSENT },
    { "name", MEMBER_TEXT, ABSENT },
    { "email", MEMBER_TEXT, ABSENT },
    { "metadata", MEMBER_OBJECT, ABSENT },
    OBJECT("customer"),
};

static const struct member customer_ref[] = { { "id", MEMBER_TEXT }, OBJECT("customer") };

static const struct member product[] = {
    { "id", MEMBER_TEXT },
    { "attributes", MEMBER_TEXTS },
    { "metadata", MEMBER_OBJECT },
    TIMES,
    OBJECT("product"),
    { "skus", MEMBER_REF, ABSENT, "ProductSkuList" },
};

static const struct member sku[] = {
    { "id", MEMBER_TEXT },
    { "product_id", MEMBER_TEXT },
    { "attributes", MEMBER_OBJECT },
    { "metadata", MEMBER_OBJECT },
    TIMES,
    OBJECT("sku"),
};

static const struct member order[] = {
    { "id", MEMBER_TEXT },
    { "source_id", MEMBER_FIELD, NULLABLE },
    { "status", MEMBER_FIELD },
    TIMES,
    { "items_discount_amount", MEMBER_INTEGER, ABSENT },
    { "total_discount_amount", MEMBER_INTEGER, ABSENT },
    { "total_amount", MEMBER_INTEGER, ABSENT },
    { "items", MEMBER_LIST, ABSENT, "OrderItem" },
    { "metadata", MEMBER_OBJECT, ABSENT },
    { "customer", MEMBER_REF, ABSENT, "CustomerId" },
    { "referrer", MEMBER_REF, ABSENT, "CustomerId" },
    { "customer_id", MEMBER_TEXT, NULLABLE },
    { "referrer_id", MEMBER_TEXT, NULLABLE },
    OBJECT("order"),
};

static const struct member category[] = {
    { "id", MEMBER_TEXT },
    { "created_at", MEMBER_TIME },
    { "updated_at", MEMBER_TIME, ABSENT },
    OBJECT("category"),
};

static const struct member bin_entry[] = {
    { "id", MEMBER_TEXT },
    { "created_at", MEMBER_TIME },
    { "deleted_by_user_id", MEMBER_TEXT, NULLABLE },
    { "resource_id", MEMBER_TEXT, NULLABLE },
    { "resource_type", MEMBER_TEXT, NULLABLE },
    { "resource_name", MEMBER_TEXT, NULLABLE },
    { "resource_parent_id", MEMBER_TEXT, NULLABLE },
    { "object", MEMBER_TEXT, NULLABLE },
};

static const struct member export[] = {
    { "id", MEMBER_TEXT },
    OBJECT("export"),
    { "created_at", MEMBER_TIME },
    { "status", MEMBER_NAMES, 0, "SCHEDULED DONE" },
    { "channel", MEMBER_TEXT },
    { "exported_object", MEMBER_REF, 0, "ExportedObject" },
    { "parameters", MEMBER_OBJECT },
    { "result", MEMBER_OBJECT, NULLABLE },
    { "result.url", MEMBER_TEXT, .note = "Of the CSV file; needs no keys." },
    { "user_id", MEMBER_TEXT, NULLABLE },
};

#define PUBLICATION                                                                                \
    { "id", MEMBER_TEXT }, OBJECT("publication"), { "created_at", MEMBER_TIME },                   \
        { "customer_id", MEMBER_TEXT }, { "tracking_id", MEMBER_TEXT, NULLABLE },                  \
        { "metadata", MEMBER_OBJECT }, { "channel", MEMBER_TEXT, NULLABLE },                       \
        { "source_id", MEMBER_TEXT, NULLABLE }, { "result", MEMBER_WORD, 0, "SUCCESS" },           \
        { "customer", MEMBER_REF, 0, "CustomerSummary" }, { "vouchers_id", MEMBER_TEXTS },         \
    {                                                                                              \
        "vouchers", MEMBER_TEXTS, ABSENT, .note = "Codes, of several."                             \
    }

static const struct member publication[] = {
    PUBLICATION,
    { "voucher", MEMBER_REF, ABSENT, "Voucher" },
};
/* A voucher may be gone by then. */
static const struct member publication_item[] = {
    PUBLICATION,
    { "voucher", MEMBER_REF, ABSENT | NULLABLE, "VoucherSummary" },
};

#define RELATED_VOUCHER(at)                                                                        \
    { at "related_object.type", MEMBER_WORD, 0, "voucher" },                                       \
    {                                                                                              \
        at "related_object.id", MEMBER_TEXT                                                        \
    }

static const struct member balance[] = {
    { "amount", MEMBER_INTEGER },
    { "total", MEMBER_INTEGER },
    { "balance", MEMBER_INTEGER },
    { "type", MEMBER_NAMES, 0, "gift_voucher loyalty_card" },
    { "operation_type", MEMBER_TEXT },
    OBJECT("balance"),
    RELATED_VOUCHER(""),
};

static const struct member transaction[] = {
    { "id", MEMBER_TEXT },
    { "source_id", MEMBER_TEXT, NULLABLE },
    { "voucher_id", MEMBER_TEXT },
    { "campaign_id", MEMBER_TEXT, NULLABLE },
    { "source", MEMBER_TEXT },
    { "reason", MEMBER_TEXT, NULLABLE },
    { "type", MEMBER_NAMES, 0, "CREDITS_ADDITION CREDITS_REMOVAL POINTS_ADDITION POINTS_REMOVAL" },
    { "details.balance.type", MEMBER_NAMES, 0, "gift_voucher loyalty_card" },
    { "details.balance.total", MEMBER_INTEGER },
    { "details.balance.amount", MEMBER_INTEGER, ABSENT },
    { "details.balance.points", MEMBER_INTEGER, ABSENT },
    { "details.balance.object", MEMBER_WORD, 0, "balance" },
    { "details.balance.balance", MEMBER_INTEGER },
    { "details.balance.operation_type", MEMBER_TEXT, ABSENT },
    RELATED_VOUCHER("details.balance."),
    { "related_transaction_id", MEMBER_TEXT, NULLABLE },
    { "created_at", MEMBER_TIME },
};

static const struct member rule[] = {
    { "id", MEMBER_TEXT },
    { "name", MEMBER_TEXT },
    { "rules", MEMBER_OBJECT },
    { "applicable_to", MEMBER_OBJECT },
    { "error", MEMBER_OBJECT, ABSENT },
    { "type", MEMBER_TEXT, ABSENT },
    { "context_type", MEMBER_TEXT },
    { "created_at", MEMBER_TIME },
    OBJECT("validation_rules"),
};

static const struct member assignment[] = {
    { "id", MEMBER_TEXT },
    { "rule_id", MEMBER_TEXT },
    { "related_object_id", MEMBER_TEXT },
    { "related_object_type", MEMBER_TEXT },
    { "created_at", MEMBER_TIME },
    OBJECT("validation_rules_assignment"),
};

#define SCHEMA_MEMBERS(definition)                                                                 \
    { "id", MEMBER_TEXT }, { "related_object", MEMBER_TEXT },                                      \
        { "properties", MEMBER_BY_KEY, 0, definition }, { "allow_defined_only", MEMBER_BOOLEAN },  \
        TIMES, OBJECT("metadata_schema")
static const struct member schema_v1[] = { SCHEMA_MEMBERS("MetadataDefinition") };
static const struct member schema_management[] = { SCHEMA_MEMBERS("ManagementMetadataDefinition") };

static const struct member project[] = {
    { "id", MEMBER_TEXT },          { "name", MEMBER_TEXT, NULLABLE },
    { "currency", MEMBER_TEXT },    { "timezone", MEMBER_TEXT },
    { "api_version", MEMBER_TEXT }, { "case_sensitive_codes", MEMBER_BOOLEAN },
};

static const struct member deletion[] = {
    { "id", MEMBER_TEXT },
    { "created_at", MEMBER_TIME },
    { "related_object_id", MEMBER_TEXT },
    { "related_object", MEMBER_WORD, 0, "customer" },
    { "status", MEMBER_TEXT },
    { "data_json", MEMBER_OBJECT },
    { "object", MEMBER_TEXT },
};

#define TOKEN(flags)                                                                               \
    { "access_token", MEMBER_TEXT, flags }, { "client_id", MEMBER_TEXT, flags },                   \
        { "expires_at", MEMBER_INTEGER, flags, .note = "Unix time, in seconds." },                 \
        { "expires_in", MEMBER_INTEGER, flags, .note = "Seconds." },                               \
        { "scope", MEMBER_TEXT, flags },                                                           \
    {                                                                                              \
        "token_type", MEMBER_WORD, flags, "Bearer"                                                 \
    }
static const struct member token[] = { TOKEN(0) };
static const struct member token_state[] = { TOKEN(ABSENT), { "active", MEMBER_BOOLEAN } };

static const struct member action_id[] = { { "async_action_id", MEMBER_TEXT } };
static const struct member health[] = {
    { "status", MEMBER_TEXT },
    { "reason", MEMBER_TEXT, ABSENT },
};

static const struct schema rows[] = {
    { "Voucher", "A voucher.", .worths = true, .tables = { &voucher_fields }, ROWS(voucher) },
    { "VoucherSummary", "The voucher of a publication.", .worths = true, .listed = true,
      .tables = { &voucher_fields }, ROWS(voucher_short) },
    { "VoucherTemplate", "What the vouchers of a campaign are.", .worths = true,
      .field_flags = ABSENT | NULLABLE, .tables = { &voucher_fields }, ROWS(template) },
    { "Campaign", "A campaign.", ROWS(campaign) },
    { "PromotionTier", "A tier of a promotion.", ROWS(tier) },
    { "Customer", "A customer: what it does not have is left out.", .field_flags = ABSENT,
      .tables = { &customer_fields }, ROWS(customer) },
    { "CustomerSummary", "The customer of a publication.", ROWS(customer_short) },
    { "CustomerId", "The customer of an order.", ROWS(customer_ref) },
    { "Product", "A product; with its SKUs where it is read.", .field_flags = NULLABLE,
      .tables = { &product_fields }, ROWS(product) },
    { "Sku", "A SKU.", .field_flags = NULLABLE, .tables = { &sku_fields }, ROWS(sku) },
    { "Order", "An order: amounts that it does not have are left out.", .field_flags = ABSENT,
      .tables = { &order_fields }, ROWS(order) },
    { "Category", "A category.", .tables = { &category_fields }, ROWS(category) },
    { "BinEntry", "Something that was deleted, and keeps its name taken.", ROWS(bin_entry) },
    { "Export", "An export: the file is made when its link is followed.", ROWS(export) },
    { "Publication", "What a customer was given.", ROWS(publication) },
    { "PublicationItem", "A publication of a list.", ROWS(publication_item) },
    { "Balance", "What was booked, and what there is now.", ROWS(balance) },
    { "Transaction", "Something that was booked by hand.", ROWS(transaction) },
    { "ValidationRule", "A rule, which is stored and not evaluated.", ROWS(rule) },
    { "RuleAssignment", "That a rule is assigned to something.", ROWS(assignment) },
    { "MetadataSchema", "Which metadata a kind of resource may have.", ROWS(schema_v1) },
    { "ManagementMetadataSchema", "The same, spelled as the management API spells it.",
      ROWS(schema_management) },
    { "Project", "A project.", ROWS(project) },
    { "PermanentDeletion", "That a customer is gone for good.", ROWS(deletion) },
    { "AccessToken", "A token, said once.", ROWS(token) },
    { "TokenState", "What a token may do, or only that it is none.", ROWS(token_state) },
    { "ActionId", "Which action was started; the header X-Async-Action-Id says it too.",
      ROWS(action_id) },
    { "Health", "How the server is.", ROWS(health) },
};

const struct schemas openapi_answers = { rows, ARRAY_LEN(rows) };

/* ---- lists ---- */

enum list_members { LIST_TOTAL = 1u << 0, LIST_MORE = 1u << 1, LIST_CURSOR = 1u << 2 };

static const struct {
    const char *name, *data_ref, *item;
    unsigned members;
} lists[] = {
    { "VoucherList", "vouchers", "Voucher", LIST_TOTAL | LIST_MORE },
    { "CampaignList", "campaigns", "Campaign", LIST_TOTAL },
    { "CustomerList", "customers", "Customer", LIST_TOTAL | LIST_MORE },
    { "ProductList", "products", "Product", LIST_TOTAL | LIST_MORE },
    { "SkuList", "skus", "Sku", LIST_TOTAL | LIST_MORE },
    { "ProductSkuList", "data", "Sku", LIST_TOTAL },
    { "OrderList", "orders", "Order", LIST_TOTAL | LIST_MORE },
    { "CategoryList", "data", "Category", LIST_TOTAL },
    { "BinEntryList", "data", "BinEntry", LIST_TOTAL | LIST_MORE | LIST_CURSOR },
    { "PublicationList", "publications", "PublicationItem", LIST_TOTAL | LIST_MORE },
    { "ExportList", "exports", "Export", LIST_TOTAL },
    { "TransactionList", "data", "Transaction", LIST_MORE | LIST_CURSOR },
    { "PromotionTierList", "tiers", "PromotionTier", LIST_TOTAL | LIST_MORE },
    { "ValidationRuleList", "data", "ValidationRule", LIST_TOTAL },
    { "RuleAssignmentList", "data", "RuleAssignment", LIST_TOTAL },
    { "MetadataSchemaList", "schemas", "MetadataSchema", LIST_TOTAL },
    { "ManagementMetadataSchemaList", "data", "ManagementMetadataSchema", LIST_TOTAL },
    { "ProjectList", "data", "Project", 0 },
    { "AsyncActionList", "async_actions", "AsyncAction", LIST_MORE },
};

void openapi_put_lists(struct json_out *o)
{
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const unsigned has = lists[i].members;
        struct member members[] = {
            { "object", MEMBER_WORD, 0, "list" },
            { "data_ref", MEMBER_WORD, 0, lists[i].data_ref, .note = "Where the items are." },
            { lists[i].data_ref, MEMBER_LIST, 0, lists[i].item },
            { "total", MEMBER_INTEGER, (has & LIST_TOTAL) != 0 ? 0 : ABSENT },
            { "has_more", MEMBER_BOOLEAN, (has & LIST_MORE) != 0 ? 0 : ABSENT },
            { "more_starting_after", MEMBER_TEXT, ABSENT },
        };
        const struct schema s = { lists[i].name, "A page of a list.", .answer = true,
                                  .members = members, .n = (has & LIST_CURSOR) != 0 ? 6 : 5 };
        openapi_put_schema(o, &s);
    }
}
