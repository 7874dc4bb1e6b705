/* SPDX-License-Identifier: MIT */
/*
 * customer.h - what a customer is: its fields and its JSON shape (reference 4.4).
 *
 * One struct serves as the stored customer and as what a body gives: `set` says which fields were
 * given. Texts belong to the arena that the caller passed, or are the body's own.
 */
#ifndef DOMAIN_CUSTOMER_H
#define DOMAIN_CUSTOMER_H

#include "domain/field.h"

#define CUSTOMER_SOURCE_ID_MAX_BYTES 512 /* an index entry must stay far below a page */

struct customer {
    uint32_t set;  /* bits of customer.c's table */
    struct str id; /* public, of a body: who is meant; {NULL,0}: not given */
    struct str source_id;
    struct str name, description, email, phone;
    struct str birthdate, birthday; /* YYYY-MM-DD; the second is the older name, kept apart */
    struct str address;             /* JSON object; {NULL,0}: none */
    struct str metadata;            /* JSON object, compact; {NULL,0}: none */

    /* Only of a stored customer. */
    int64_t key;
    int64_t version; /* sequence number of the request that wrote it last */
    int64_t created_ms;
    int64_t updated_ms; /* TIME_NONE: never changed */
};

/* A body that names and describes a customer; null means not given. `path` is where it stands in
 * the request (".customer"; "" for the body itself). ERR_INVALID_PAYLOAD names what is wrong. */
int customer_from_json(const struct json *body, const char *path, struct arena *a,
                       struct customer *c, struct err *err) MUST_CHECK;

/* Applies what is given to the stored customer, but who it is; metadata key by key.
 * ERR_INVALID_PAYLOAD when that grows too long. */
int customer_merge(struct customer *c, const struct customer *given, struct arena *a, bool *changed,
                   struct err *err) MUST_CHECK;

/* What the API prints; keys without a value are left out. The short form is that of a publication
 * (reference 6.6). Errors: see buf.h. */
void customer_put_json(struct json_out *o, const struct customer *c, const char *id);
void customer_put_short(struct json_out *o, const struct customer *c, const char *id);

#endif
