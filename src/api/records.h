/* SPDX-License-Identifier: MIT */
/*
 * records.h - what the endpoints of records have in common: get, save, change, delete, list.
 *
 * A resource says in a struct record_api how it is read and printed, and which filters its list
 * has; a handler is a line.
 */
#ifndef API_RECORDS_H
#define API_RECORDS_H

#include "api/api_priv.h"

struct record_query {
    const char *param;  /* of the query */
    const char *column; /* that is to be equal */
    const char *member; /* or this member of it; NULL: all of it */
};

/* A value of the parameter `order`, and of it with a dash. */
struct record_order {
    const char *name; /* NULL: there are no more */
    int order;        /* of struct record_page; RECORD_BY_AGE also where all have the same value */
};

extern const struct record_order records_orders[]; /* by what every record has */

struct record_api {
    enum resource_type resource;
    const char *type;     /* "customer" */
    const char *data_ref; /* "customers" */
    const char *schema;   /* of its metadata */
    enum id_kind id;
    size_t bytes; /* of its struct */
    bool newest_first;
    int page_max;
    const struct record_order *orders;   /* ends with NULL */
    const struct record_query *queries;  /* ends with NULL */
    const struct filter_fields *filters; /* NULL: the list has none */
    const char *const *later;            /* parameters that are refused; ends with NULL */

    int (*read)(const struct json *body, struct arena *a, struct record *given, struct err *err);
    /* Optional. What else the body has to pass. */
    int (*check)(struct request *rq, const struct record *given, struct err *err);
    /* `alone`: as the answer of a single read. */
    int (*put)(struct request *rq, struct json_out *o, const struct record *r, bool alone,
               struct err *err);
};

extern const struct record_api api_customers, api_products, api_skus, api_orders;

int records_get(struct request *rq, struct response *rs, const struct record_api *ra, struct str id,
                struct err *err);
/* parent: a product, of a SKU; NULL: none. */
int records_save(struct request *rq, const struct record_api *ra, struct err *err);
int records_save_with(struct request *rq, const struct record_api *ra, struct record *given,
                      struct err *err);
int records_change(struct request *rq, const struct record_api *ra, struct str id,
                   int64_t parent_key, struct err *err);
/* `force` in the query erases what would go into the bin. */
int records_delete(struct request *rq, const struct record_api *ra, struct str id,
                   int64_t parent_key, request_handler *answer, struct err *err);
int records_list(struct request *rq, struct response *rs, const struct record_api *ra,
                 int64_t parent_key, struct err *err);

/* What a write has made of it, for an answer of one's own. NULL: it was not there. */
const struct record *records_written(const struct request *rq);

/* ERR_NOT_FOUND, and that is the product. */
int records_find(struct request *rq, enum resource_type resource, const char *type, struct str id,
                 struct record **out, struct err *err);

#endif
