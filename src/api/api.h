/* SPDX-License-Identifier: MIT */
/*
 * api.h - the HTTP API: one file per resource, each with its handlers; routes.c has the table.
 *
 * A handler reads the request, asks domain, store and engine, and writes the answer. What a file of
 * api/ needs from the process is in struct api, which main fills.
 */
#ifndef API_API_H
#define API_API_H

#include <stdatomic.h>

#include "api/schema_cache.h"
#include "engine/engine.h"
#include "http/request.h"
#include "inputs/spool.h"
#include "store/store.h"

struct auth_cache;
struct openapi;

struct api {
    struct store *store;
    struct spool *spool;
    struct engine *engine;
    struct auth_cache *auth; /* NULL: every request asks the store who it is */
    const char *public_url;  /* what links begin with, without a / at the end; NULL: as the client
                                called us (Host) */
    int64_t retention_ms;    /* inputs, outcomes and reports live that long after the end */
    atomic_int reports_running;    /* each holds a chunk of its input in memory; starts as 0 */
    atomic_int lists_running;      /* those with filters, which may read everything; starts as 0 */
    atomic_int exports_running;    /* each holds a page in memory; starts as 0 */
    struct schema_cache schemas;   /* starts as 0 */
    const struct openapi *openapi; /* what the API says of itself */
};

/* The table of all endpoints, for server_start(); it lives as long as the process. */
void api_routes(const struct route **routes, size_t *n);

/* False: the route is a word of the API that has no endpoint here, and always answers 404. */
bool api_route_is_there(const struct route *r);

/* For server_config.authenticate: X-App-Id and X-App-Token, or an access token, or X-Management-Id
 * and X-Management-Token where the route wants those, to rq->project, of which the id and public_id
 * are filled. A key that was revoked counts for one more second. ERR_UNAUTHORIZED; ERR_FORBIDDEN:
 * the token's scope does not cover the route. */
int api_authenticate(struct request *rq, struct err *err) MUST_CHECK;

/* ---- handlers ---- */

int api_vouchers_list(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_get(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_create(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_import_csv(struct request *rq, struct response *rs, struct err *err);

int api_vouchers_create_any(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_update(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_delete(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_enable(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_disable(struct request *rq, struct response *rs, struct err *err);
int api_loyalties_balance(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_balance(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_transactions(struct request *rq, struct response *rs, struct err *err);

/* Starts an action with the records of the body, whose shape says the action's type. */
int api_records_start(struct request *rq, struct response *rs, struct err *err);
extern const struct records_shape api_vouchers_import_body, api_vouchers_bulk_update_body,
    api_vouchers_metadata_update_body, api_customers_bulk_update_body,
    api_customers_metadata_update_body, api_products_bulk_update_body,
    api_products_metadata_update_body, api_orders_import_body;

int api_customers_list(struct request *rq, struct response *rs, struct err *err);
int api_customers_delete_permanently(struct request *rq, struct response *rs, struct err *err);
int api_products_list(struct request *rq, struct response *rs, struct err *err);
int api_products_get(struct request *rq, struct response *rs, struct err *err);
int api_products_save(struct request *rq, struct response *rs, struct err *err);
int api_products_change(struct request *rq, struct response *rs, struct err *err);
int api_products_delete(struct request *rq, struct response *rs, struct err *err);
int api_products_import_csv(struct request *rq, struct response *rs, struct err *err);
int api_skus_list(struct request *rq, struct response *rs, struct err *err);
int api_skus_get(struct request *rq, struct response *rs, struct err *err);
int api_skus_save(struct request *rq, struct response *rs, struct err *err);
int api_skus_change(struct request *rq, struct response *rs, struct err *err);
int api_skus_delete(struct request *rq, struct response *rs, struct err *err);
int api_skus_import_csv(struct request *rq, struct response *rs, struct err *err);
int api_orders_list(struct request *rq, struct response *rs, struct err *err);
int api_orders_get(struct request *rq, struct response *rs, struct err *err);
int api_orders_save(struct request *rq, struct response *rs, struct err *err);
int api_orders_change(struct request *rq, struct response *rs, struct err *err);
int api_orders_import(struct request *rq, struct response *rs, struct err *err);
int api_schemas_list(struct request *rq, struct response *rs, struct err *err);
int api_schemas_get(struct request *rq, struct response *rs, struct err *err);
int api_schemas_create(struct request *rq, struct response *rs, struct err *err);
int api_schemas_change(struct request *rq, struct response *rs, struct err *err);
int api_schemas_delete(struct request *rq, struct response *rs, struct err *err);
int api_management_projects(struct request *rq, struct response *rs, struct err *err);
int api_metadata_key_purge(struct request *rq, struct response *rs, struct err *err);

int api_customers_import_csv(struct request *rq, struct response *rs, struct err *err);
int api_customers_get(struct request *rq, struct response *rs, struct err *err);
int api_customers_save(struct request *rq, struct response *rs, struct err *err);
int api_customers_change(struct request *rq, struct response *rs, struct err *err);
int api_customers_delete(struct request *rq, struct response *rs, struct err *err);
int api_publications_list(struct request *rq, struct response *rs, struct err *err);
int api_publications_create(struct request *rq, struct response *rs, struct err *err);
int api_rules_create(struct request *rq, struct response *rs, struct err *err);
int api_rules_get(struct request *rq, struct response *rs, struct err *err);
int api_rules_list(struct request *rq, struct response *rs, struct err *err);
int api_rules_delete(struct request *rq, struct response *rs, struct err *err);
int api_promotions_list(struct request *rq, struct response *rs, struct err *err);
int api_promotions_get_tier(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_list(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_create(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_get(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_update(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_add_vouchers(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_add_voucher(struct request *rq, struct response *rs, struct err *err);
extern const struct records_shape api_campaigns_import_body;
int api_campaigns_import(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_import_csv(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_transactions(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_delete(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_enable(struct request *rq, struct response *rs, struct err *err);
int api_campaigns_disable(struct request *rq, struct response *rs, struct err *err);
int api_categories_list(struct request *rq, struct response *rs, struct err *err);
int api_categories_create(struct request *rq, struct response *rs, struct err *err);
int api_categories_get(struct request *rq, struct response *rs, struct err *err);
int api_categories_update(struct request *rq, struct response *rs, struct err *err);
int api_categories_delete(struct request *rq, struct response *rs, struct err *err);

int api_bin_list(struct request *rq, struct response *rs, struct err *err);
int api_bin_delete(struct request *rq, struct response *rs, struct err *err);

int api_exports_list(struct request *rq, struct response *rs, struct err *err);
int api_exports_create(struct request *rq, struct response *rs, struct err *err);
int api_exports_get(struct request *rq, struct response *rs, struct err *err);
int api_exports_delete(struct request *rq, struct response *rs, struct err *err);

int api_oauth_token(struct request *rq, struct response *rs, struct err *err);
int api_oauth_introspect(struct request *rq, struct response *rs, struct err *err);
int api_oauth_revoke(struct request *rq, struct response *rs, struct err *err);

int api_async_actions_cancel(struct request *rq, struct response *rs, struct err *err);
int api_async_actions_report_link(struct request *rq, struct response *rs, struct err *err);

int api_async_actions_list(struct request *rq, struct response *rs, struct err *err);
int api_async_actions_get(struct request *rq, struct response *rs, struct err *err);
int api_async_actions_events(struct request *rq, struct response *rs, struct err *err);
int api_async_actions_report(struct request *rq, struct response *rs, struct err *err);

int api_health_live(struct request *rq, struct response *rs, struct err *err);
int api_openapi(struct request *rq, struct response *rs, struct err *err);
int api_health_ready(struct request *rq, struct response *rs, struct err *err);

#endif
