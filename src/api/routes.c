/* SPDX-License-Identifier: MIT */
/* routes.c - every endpoint, one row each. */
#include "actions/registry.h"
#include "api/api.h"

/* A fixed word of the API that has no endpoint here: it must not be taken for a code. */
static int not_there(struct request *rq, struct response *rs, struct err *err)
{
    (void)rq;
    (void)rs;
    return err_set(err, ERR_NOT_FOUND, "this endpoint is not supported yet");
}

#define MANAGEMENT         "/management/v1/projects"
#define MANAGEMENT_SCHEMAS MANAGEMENT "/{projectId}/metadata-schemas"

static const struct route routes[] = {
    { "GET", "/healthz", AUTH_NONE, BODY_NONE, api_health_live },
    { "GET", "/readyz", AUTH_NONE, BODY_NONE, api_health_ready },
    { "GET", "/openapi.json", AUTH_NONE, BODY_NONE, api_openapi },

    { "GET", "/v1/vouchers", AUTH_PROJECT, BODY_NONE, api_vouchers_list },
    { "POST", "/v1/vouchers/importCSV", AUTH_PROJECT, BODY_MULTIPART, api_vouchers_import_csv,
      .kind = ACTION_VOUCHERS_IMPORT_CSV },
    { "POST", "/v1/vouchers", AUTH_PROJECT, BODY_JSON, api_vouchers_create_any },
    { "POST", "/v1/vouchers/import", AUTH_PROJECT, BODY_RECORDS, api_records_start,
      &api_vouchers_import_body },
    { "POST", "/v1/vouchers/bulk/async", AUTH_PROJECT, BODY_RECORDS, api_records_start,
      &api_vouchers_bulk_update_body },
    { "POST", "/v1/vouchers/metadata/async", AUTH_PROJECT, BODY_RECORDS, api_records_start,
      &api_vouchers_metadata_update_body },
    { "POST", "/v1/vouchers/bulk", AUTH_PROJECT, BODY_NONE, not_there },
    { "POST", "/v1/vouchers/metadata", AUTH_PROJECT, BODY_NONE, not_there },
    { "POST", "/v1/vouchers/qualification", AUTH_PROJECT, BODY_NONE, not_there },
    { "GET", "/v1/vouchers/{code}", AUTH_PROJECT, BODY_NONE, api_vouchers_get },
    { "POST", "/v1/vouchers/{code}", AUTH_PROJECT, BODY_JSON, api_vouchers_create },
    { "PUT", "/v1/vouchers/{code}", AUTH_PROJECT, BODY_JSON, api_vouchers_update },
    { "DELETE", "/v1/vouchers/{code}", AUTH_PROJECT, BODY_NONE, api_vouchers_delete },
    { "POST", "/v1/vouchers/{code}/enable", AUTH_PROJECT, BODY_NONE, api_vouchers_enable },
    { "POST", "/v1/vouchers/{code}/disable", AUTH_PROJECT, BODY_NONE, api_vouchers_disable },
    { "POST", "/v1/vouchers/{code}/balance", AUTH_PROJECT, BODY_JSON, api_vouchers_balance },
    { "GET", "/v1/vouchers/{code}/transactions", AUTH_PROJECT, BODY_NONE,
      api_vouchers_transactions },

    { "POST", "/v1/loyalties/members/{memberId}/balance", AUTH_PROJECT, BODY_JSON,
      api_loyalties_balance },

    { "GET", "/v1/campaigns", AUTH_PROJECT, BODY_NONE, api_campaigns_list },
    { "POST", "/v1/campaigns", AUTH_PROJECT, BODY_JSON, api_campaigns_create },
    { "POST", "/v1/campaigns/qualification", AUTH_PROJECT, BODY_NONE, not_there },
    { "GET", "/v1/campaigns/{campaignId}", AUTH_PROJECT, BODY_NONE, api_campaigns_get },
    { "PUT", "/v1/campaigns/{campaignId}", AUTH_PROJECT, BODY_JSON, api_campaigns_update },
    { "DELETE", "/v1/campaigns/{campaignId}", AUTH_PROJECT, BODY_NONE, api_campaigns_delete,
      .kind = ACTION_CAMPAIGN_VOUCHERS_DELETE },
    { "POST", "/v1/campaigns/{campaignId}/vouchers", AUTH_PROJECT, BODY_JSON,
      api_campaigns_add_vouchers },
    { "POST", "/v1/campaigns/{campaignId}/vouchers/{code}", AUTH_PROJECT, BODY_JSON,
      api_campaigns_add_voucher },
    { "POST", "/v1/campaigns/{campaignId}/import", AUTH_PROJECT, BODY_RECORDS, api_campaigns_import,
      &api_campaigns_import_body },
    { "POST", "/v1/campaigns/{campaignId}/importCSV", AUTH_PROJECT, BODY_MULTIPART,
      api_campaigns_import_csv, .kind = ACTION_CAMPAIGN_VOUCHERS_IMPORT_CSV },
    { "GET", "/v1/campaigns/{campaignId}/transactions", AUTH_PROJECT, BODY_NONE,
      api_campaigns_transactions },
    { "POST", "/v1/campaigns/{campaignId}/enable", AUTH_PROJECT, BODY_NONE, api_campaigns_enable },
    { "POST", "/v1/campaigns/{campaignId}/disable", AUTH_PROJECT, BODY_NONE,
      api_campaigns_disable },

    { "POST", "/v1/validation-rules", AUTH_PROJECT, BODY_JSON, api_rules_create },
    { "GET", "/v1/validation-rules", AUTH_PROJECT, BODY_NONE, api_rules_list },
    { "GET", "/v1/validation-rules/{validationRuleId}", AUTH_PROJECT, BODY_NONE, api_rules_get },
    { "DELETE", "/v1/validation-rules/{validationRuleId}", AUTH_PROJECT, BODY_NONE,
      api_rules_delete },
    { "GET", "/v1/metadata-schemas", AUTH_PROJECT, BODY_NONE, api_schemas_list },
    { "POST", "/v1/metadata-schemas", AUTH_PROJECT, BODY_JSON, api_schemas_create },
    { "GET", "/v1/metadata-schemas/{resource}", AUTH_PROJECT, BODY_NONE, api_schemas_get },
    { "POST", "/v1/metadata-schemas/{resource}", AUTH_PROJECT, BODY_JSON, api_schemas_create },
    { "PUT", "/v1/metadata-schemas/{resource}", AUTH_PROJECT, BODY_JSON, api_schemas_change },
    { "DELETE", "/v1/metadata-schemas/{resource}", AUTH_PROJECT, BODY_NONE, api_schemas_delete },
    { "GET", MANAGEMENT, AUTH_MANAGEMENT, BODY_NONE, api_management_projects },
    { "GET", MANAGEMENT_SCHEMAS, AUTH_MANAGEMENT, BODY_NONE, api_schemas_list },
    { "POST", MANAGEMENT_SCHEMAS, AUTH_MANAGEMENT, BODY_JSON, api_schemas_create },
    { "GET", MANAGEMENT_SCHEMAS "/{metadataSchemaId}", AUTH_MANAGEMENT, BODY_NONE,
      api_schemas_get },
    { "PUT", MANAGEMENT_SCHEMAS "/{metadataSchemaId}", AUTH_MANAGEMENT, BODY_JSON,
      api_schemas_change },
    { "DELETE", MANAGEMENT_SCHEMAS "/{metadataSchemaId}", AUTH_MANAGEMENT, BODY_NONE,
      api_schemas_delete },
    { "POST", "/v1/metadata-schemas/{resource}/purge", AUTH_PROJECT, BODY_JSON,
      api_metadata_key_purge },
    { "GET", "/v1/products", AUTH_PROJECT, BODY_NONE, api_products_list },
    { "POST", "/v1/products", AUTH_PROJECT, BODY_JSON, api_products_save },
    { "POST", "/v1/products/importCSV", AUTH_PROJECT, BODY_MULTIPART, api_products_import_csv,
      .kind = ACTION_PRODUCTS_IMPORT_CSV },
    { "POST", "/v1/products/bulk/async", AUTH_PROJECT, BODY_RECORDS, api_records_start,
      &api_products_bulk_update_body },
    { "POST", "/v1/products/metadata/async", AUTH_PROJECT, BODY_RECORDS, api_records_start,
      &api_products_metadata_update_body },
    { "GET", "/v1/products/{productId}", AUTH_PROJECT, BODY_NONE, api_products_get },
    { "PUT", "/v1/products/{productId}", AUTH_PROJECT, BODY_JSON, api_products_change },
    { "DELETE", "/v1/products/{productId}", AUTH_PROJECT, BODY_NONE, api_products_delete },
    { "GET", "/v1/products/{productId}/skus", AUTH_PROJECT, BODY_NONE, api_skus_list },
    { "POST", "/v1/products/{productId}/skus", AUTH_PROJECT, BODY_JSON, api_skus_save },
    { "PUT", "/v1/products/{productId}/skus/{skuId}", AUTH_PROJECT, BODY_JSON, api_skus_change },
    { "DELETE", "/v1/products/{productId}/skus/{skuId}", AUTH_PROJECT, BODY_NONE, api_skus_delete },
    { "POST", "/v1/skus/importCSV", AUTH_PROJECT, BODY_MULTIPART, api_skus_import_csv,
      .kind = ACTION_SKUS_IMPORT_CSV },
    { "GET", "/v1/skus/{skuId}", AUTH_PROJECT, BODY_NONE, api_skus_get },
    { "GET", "/v1/orders", AUTH_PROJECT, BODY_NONE, api_orders_list },
    { "POST", "/v1/orders", AUTH_PROJECT, BODY_JSON, api_orders_save },
    { "POST", "/v1/orders/import", AUTH_PROJECT, BODY_RECORDS, api_orders_import,
      &api_orders_import_body },
    { "GET", "/v1/orders/{orderId}", AUTH_PROJECT, BODY_NONE, api_orders_get },
    { "PUT", "/v1/orders/{orderId}", AUTH_PROJECT, BODY_JSON, api_orders_change },
    { "GET", "/v1/customers", AUTH_PROJECT, BODY_NONE, api_customers_list },
    { "POST", "/v1/customers/{customerId}/permanent-deletion", AUTH_PROJECT, BODY_NONE,
      api_customers_delete_permanently },
    { "POST", "/v1/customers", AUTH_PROJECT, BODY_JSON, api_customers_save },
    { "POST", "/v1/customers/importCSV", AUTH_PROJECT, BODY_MULTIPART, api_customers_import_csv,
      .kind = ACTION_CUSTOMERS_IMPORT_CSV },
    { "POST", "/v1/customers/bulk/async", AUTH_PROJECT, BODY_RECORDS, api_records_start,
      &api_customers_bulk_update_body },
    { "POST", "/v1/customers/metadata/async", AUTH_PROJECT, BODY_RECORDS, api_records_start,
      &api_customers_metadata_update_body },
    { "GET", "/v1/customers/{customerId}", AUTH_PROJECT, BODY_NONE, api_customers_get },
    { "PUT", "/v1/customers/{customerId}", AUTH_PROJECT, BODY_JSON, api_customers_change },
    { "DELETE", "/v1/customers/{customerId}", AUTH_PROJECT, BODY_NONE, api_customers_delete },
    { "GET", "/v1/publications", AUTH_PROJECT, BODY_NONE, api_publications_list },
    { "POST", "/v1/publications", AUTH_PROJECT, BODY_JSON, api_publications_create },
    { "GET", "/v1/promotions/{campaignId}/tiers", AUTH_PROJECT, BODY_NONE, api_promotions_list },
    { "GET", "/v1/promotions/tiers/{tierId}", AUTH_PROJECT, BODY_NONE, api_promotions_get_tier },

    { "GET", "/v1/categories", AUTH_PROJECT, BODY_NONE, api_categories_list },
    { "POST", "/v1/categories", AUTH_PROJECT, BODY_JSON, api_categories_create },
    { "GET", "/v1/categories/{id}", AUTH_PROJECT, BODY_NONE, api_categories_get },
    { "PUT", "/v1/categories/{id}", AUTH_PROJECT, BODY_JSON, api_categories_update },
    { "DELETE", "/v1/categories/{id}", AUTH_PROJECT, BODY_NONE, api_categories_delete },

    { "GET", "/v1/trash-bin", AUTH_PROJECT, BODY_NONE, api_bin_list },
    { "DELETE", "/v1/trash-bin/{id}", AUTH_PROJECT, BODY_NONE, api_bin_delete },

    { "GET", "/v1/exports", AUTH_PROJECT, BODY_NONE, api_exports_list },
    { "POST", "/v1/exports", AUTH_PROJECT, BODY_JSON, api_exports_create },
    { "GET", "/v1/exports/{id}", AUTH_LINK, BODY_NONE, api_exports_get },
    { "DELETE", "/v1/exports/{id}", AUTH_PROJECT, BODY_NONE, api_exports_delete },

    { "POST", "/v1/oauth/token", AUTH_KEYS, BODY_FORM, api_oauth_token },
    { "POST", "/v1/oauth/introspect", AUTH_KEYS, BODY_FORM, api_oauth_introspect },
    { "POST", "/v1/oauth/token/revoke", AUTH_KEYS, BODY_FORM, api_oauth_revoke },

    { "GET", "/v1/async-actions", AUTH_PROJECT, BODY_NONE, api_async_actions_list },
    { "GET", "/v1/async-actions/{id}", AUTH_PROJECT, BODY_NONE, api_async_actions_get },
    { "GET", "/v1/async-actions/{id}/events", AUTH_PROJECT, BODY_NONE, api_async_actions_events },
    { "GET", "/v1/async-actions/{id}/report.csv", AUTH_PROJECT, BODY_NONE,
      api_async_actions_report },
    { "GET", "/v1/async-actions/{id}/reports/{part}", AUTH_NONE, BODY_NONE,
      api_async_actions_report_link },
    { "POST", "/v1/async-actions/{id}/cancel", AUTH_PROJECT, BODY_NONE, api_async_actions_cancel },
};

bool api_route_is_there(const struct route *r)
{
    return r->handler != not_there;
}

/* What the endpoint is there to start; 0: nothing. */
static int kind_of(const struct route *r)
{
    return r->records != NULL ? r->records->kind : r->kind;
}

/* An endpoint that starts actions of a type without a row (registry.c) is none; nobody sends it a
 * body in vain. */
void api_routes(const struct route **out, size_t *n)
{
    static struct route served[ARRAY_LEN(routes)];
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        const int kind = kind_of(&routes[i]);
        served[i] = routes[i];
        if (kind == 0 || action_kind_find(kind) != NULL)
            continue;
        served[i].body = BODY_NONE;
        served[i].records = NULL;
        served[i].handler = not_there;
    }
    *out = served;
    *n = ARRAY_LEN(served);
}
