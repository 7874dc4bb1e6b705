/* SPDX-License-Identifier: MIT */
/*
 * api_priv.h - what several resources of the API share.
 */
#ifndef API_API_PRIV_H
#define API_API_PRIV_H

#include "api/api.h"

/* The process behind a request. */
static inline struct api *api_of(const struct request *rq)
{
    return rq->app;
}

/* ---- query parameters (query.c) ---- */

#define LIST_LIMIT_MAX     100
#define LIST_LIMIT_DEFAULT 10

/* An integer parameter; `fallback` when it was not given. ERR_INVALID_QUERY with
 * `Property .limit must be integer`, `must be >= 1`, `must be <= 100`. */
int query_int(const struct request *rq, const char *name, int least, int most, int fallback,
              int *out, struct err *err) MUST_CHECK;

/* ERR_INVALID_QUERY when one of these parameters was given, also as `name[…]` or `[name][…]`: a
 * filter that is not there yet must never be ignored in silence. NULL-terminated. */
int query_refuse(const struct request *rq, const char *const *names, struct err *err) MUST_CHECK;

/* ---- async actions (async_actions.c) ---- */

/* The action of a path, or the 404 of reference 2.4. It lives in `a`. */
int api_get_action(struct request *rq, struct arena *a, struct str id, struct action **out,
                   struct err *err) MUST_CHECK;

/* ---- CSV imports (csv_import.c) ---- */

/*
 * Starts an import of the form's file as an action of this kind. The request is suspended and
 * answered with `status` once the action is durable: a handler returns what this returns
 * (HTTP_LATER, or -1 with the error).
 */
int csv_import_start(struct request *rq, int action_kind, int status, struct err *err) MUST_CHECK;

#endif
