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

/* A parameter of a list that stands for a condition. */
struct list_param {
    const char *name; /* NULL: there are no more */
    int field;        /* id in the fields of the list */
    enum {
        LIST_PARAM_IS,       /* `category=…` */
        LIST_PARAM_FLAG,     /* the same; "false" narrows nothing */
        LIST_PARAM_CUSTOMER, /* the same, by id or source id */
        LIST_PARAM_IN,       /* `ids[0]=…&ids[1]=…`, in any spelling of a list */
        LIST_PARAM_TIMES     /* `created_at[before]=…`, `created_at[after]=…` */
    } kind;
};

/* What narrows a list: its own parameters, and `filters` by its fields. */
struct list_filters {
    const struct filter_fields *fields;
    const struct list_param *params;
};
extern const struct list_filters voucher_list_filters, campaign_list_filters,
    publication_list_filters;

/* *out is NULL when nothing narrows the list. ERR_INVALID_QUERY. */
int filters_of_list(struct request *rq, const struct list_filters *of, const struct filter **out,
                    struct err *err) MUST_CHECK;

#endif
