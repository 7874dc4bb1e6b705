/* SPDX-License-Identifier: MIT */
/* routes.c - every endpoint, one row each. */
#include "api/api.h"

/* A fixed word of the API that has no endpoint here yet: it must not be taken for a code. */
static int not_there(struct request *rq, struct response *rs, struct err *err)
{
    (void)rq;
    (void)rs;
    return err_set(err, ERR_NOT_FOUND, "this endpoint is not supported yet");
}

static const struct route routes[] = {
    { "GET", "/healthz", AUTH_NONE, BODY_NONE, api_health_live },
    { "GET", "/readyz", AUTH_NONE, BODY_NONE, api_health_ready },

    { "GET", "/v1/vouchers", AUTH_PROJECT, BODY_NONE, api_vouchers_list },
    { "POST", "/v1/vouchers/importCSV", AUTH_PROJECT, BODY_MULTIPART, api_vouchers_import_csv },
    { "POST", "/v1/vouchers/import", AUTH_PROJECT, BODY_NONE, not_there },
    { "POST", "/v1/vouchers/bulk", AUTH_PROJECT, BODY_NONE, not_there },
    { "POST", "/v1/vouchers/metadata", AUTH_PROJECT, BODY_NONE, not_there },
    { "POST", "/v1/vouchers/qualification", AUTH_PROJECT, BODY_NONE, not_there },
    { "GET", "/v1/vouchers/{code}", AUTH_PROJECT, BODY_NONE, api_vouchers_get },
    { "POST", "/v1/vouchers/{code}", AUTH_PROJECT, BODY_JSON, api_vouchers_create },

    { "GET", "/v1/async-actions", AUTH_PROJECT, BODY_NONE, api_async_actions_list },
    { "GET", "/v1/async-actions/{id}", AUTH_PROJECT, BODY_NONE, api_async_actions_get },
    { "GET", "/v1/async-actions/{id}/events", AUTH_PROJECT, BODY_NONE, api_async_actions_events },
    { "GET", "/v1/async-actions/{id}/report.csv", AUTH_PROJECT, BODY_NONE,
      api_async_actions_report },
};

void api_routes(const struct route **out, size_t *n)
{
    *out = routes;
    *n = ARRAY_LEN(routes);
}
