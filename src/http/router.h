/* SPDX-License-Identifier: MIT */
/*
 * router.h - which handler a method and a path belong to.
 *
 * Routes are a table. A pattern is a path with `{name}` for a segment that may be anything but
 * empty. Fixed words shadow parameters, whatever the order of the rows:
 * `POST /v1/vouchers/importCSV` never creates a voucher of that code.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define ROUTE_ARGS_MAX 4

struct records_shape;
struct request;
struct response;

/* 0: the response is filled; -1: error; HTTP_LATER. See request.h. */
typedef int request_handler(struct request *rq, struct response *rs, struct err *err);

enum route_auth {
    AUTH_NONE,
    AUTH_PROJECT, /* whatever shows that the client acts for a project */
    AUTH_KEYS,    /* the project's own keys, no token made from them */
    AUTH_LINK,    /* AUTH_PROJECT, or a `token` in the query, which the handler checks; there is no
                     project then */
    AUTH_MANAGEMENT, /* a management key of the project, and nothing else */
};
enum route_body {
    BODY_NONE,
    BODY_JSON,    /* one object, whole in memory */
    BODY_RECORDS, /* JSON with many records, see json_body.h */
    BODY_MULTIPART,
    BODY_FORM, /* a few texts, url-encoded or as JSON, see request_fields */
};

struct route {
    const char *method;
    const char *pattern;
    enum route_auth auth;
    enum route_body body;
    request_handler *handler;
    const struct records_shape *records; /* BODY_RECORDS */
    int kind;                            /* the application's word for what it starts; 0: nothing */
};

struct route_match {
    const struct route *route;
    struct str args[ROUTE_ARGS_MAX];
    const char *allow; /* ERR_METHOD: "GET, POST", in the arena */
};

/* Finds the route of a split path; args point into the segments. HEAD is served by GET.
 * ERR_NOT_FOUND: no such path; ERR_METHOD: `PUT is not supported by this endpoint. Did you mean GET
 * or POST?`; ERR_NOMEM. */
int route_find(const struct route *routes, size_t n_routes, const char *method,
               const struct str *segments, size_t n_segments, struct arena *a,
               struct route_match *out, struct err *err) MUST_CHECK;

#endif
