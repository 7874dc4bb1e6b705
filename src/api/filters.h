/* SPDX-License-Identifier: MIT */
/*
 * filters.h - filters as clients spell them (reference 1.5), for every list and export.
 */
#ifndef API_FILTERS_H
#define API_FILTERS_H

#include "api/api.h"
#include "domain/filter.h"

/* All `filters…` parameters of the query. f is initialised. Everything that is found lives in the
 * request's arena. ERR_INVALID_QUERY names what is wrong. */
int filters_from_query(struct request *rq, const struct filter_fields *fields, struct filter *f,
                       struct err *err) MUST_CHECK;

/* The same from a body; `path` is where in it: ".parameters.filters". ERR_INVALID_PAYLOAD, with the
 * API's own words for what is malformed. */
int filters_from_body(struct request *rq, const struct filter_fields *fields, const char *path,
                      const struct json *object, struct filter *f, struct err *err) MUST_CHECK;

/* All that narrows GET /v1/vouchers: its own parameters, and `filters`. *out is NULL when nothing
 * does. ERR_INVALID_QUERY. */
int filters_of_vouchers(struct request *rq, const struct filter **out, struct err *err) MUST_CHECK;

#endif
