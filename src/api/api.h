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

#include "engine/engine.h"
#include "http/request.h"
#include "inputs/spool.h"
#include "store/store.h"

struct api {
    struct store *store;
    struct spool *spool;
    struct engine *engine;
    atomic_int reports_running; /* each holds a chunk of its input in memory; starts as 0 */
};

/* The table of all endpoints, for server_start(); it lives as long as the process. */
void api_routes(const struct route **routes, size_t *n);

/* For server_config.authenticate: X-App-Id and X-App-Token to the project. ERR_UNAUTHORIZED. */
int api_authenticate(struct request *rq, struct err *err) MUST_CHECK;

/* ---- handlers ---- */

int api_vouchers_list(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_get(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_create(struct request *rq, struct response *rs, struct err *err);
int api_vouchers_import_csv(struct request *rq, struct response *rs, struct err *err);

int api_async_actions_list(struct request *rq, struct response *rs, struct err *err);
int api_async_actions_get(struct request *rq, struct response *rs, struct err *err);
int api_async_actions_events(struct request *rq, struct response *rs, struct err *err);
int api_async_actions_report(struct request *rq, struct response *rs, struct err *err);

int api_health_live(struct request *rq, struct response *rs, struct err *err);
int api_health_ready(struct request *rq, struct response *rs, struct err *err);

#endif
