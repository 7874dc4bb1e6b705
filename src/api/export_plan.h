/* SPDX-License-Identifier: MIT */
/*
 * export_plan.h - what an export is to have: the `parameters` of POST /v1/exports.
 *
 * They are checked when the export is asked for, and kept as they were asked for, with what was
 * left out filled in. The download reads them again.
 */
#ifndef API_EXPORT_PLAN_H
#define API_EXPORT_PLAN_H

#include "api/api.h"
#include "api/export_resource.h"

#define EXPORT_FIELDS_MAX 100

struct export_plan {
    const struct export_resource *resource;
    struct str order_name; /* as in the API */
    int order;             /* as the store knows it */
    bool descending;
    struct export_column *columns;
    size_t n_columns;
    struct filter own;     /* campaign_id */
    struct filter filters; /* of `filters`; own.and */
};

/* `parameters` may be NULL: all defaults. The plan lives in the request's arena and points into the
 * tree. ERR_INVALID_PAYLOAD and ERR_INVALID_EXPORT_FIELDS with the API's details. */
int export_plan_read(struct request *rq, const struct export_resource *resource,
                     const struct json *parameters, struct export_plan *out,
                     struct err *err) MUST_CHECK;

/* The JSON text to keep, in the request's arena. ERR_INVALID_PAYLOAD when it is too long. */
int export_plan_freeze(struct request *rq, const struct json *parameters,
                       const struct export_plan *plan, struct str *out, struct err *err) MUST_CHECK;

#endif
