/* SPDX-License-Identifier: MIT */
/*
 * openapi.h - the API's own description, an OpenAPI 3.1 document, at GET /openapi.json.
 *
 * It is written from the tables that drive the server: the routes say which operations there are,
 * the fields of the resources (domain/field.h) what bodies and CSV files may hold, the registry
 * what the results of actions are, the table of errors what their keys are. What no such table
 * knows stands in tables beside them: a text for each operation (openapi_operations.c), members
 * that answers have (openapi_answers.c).
 */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "base/buf.h"
#include "http/router.h"

struct openapi {
    struct buf text; /* the document */
    char etag[72];   /* quoted; of the text */
};

/* Writes the document of these routes. `url`: where clients find the server; NULL: where they found
 * the document. Does not change afterwards, so any thread may read it. ERR_NOMEM. */
int openapi_init(struct openapi *doc, const struct route *routes, size_t n_routes, const char *url,
                 struct err *err) MUST_CHECK;
void openapi_release(struct openapi *doc);

#endif
