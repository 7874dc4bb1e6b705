/* SPDX-License-Identifier: MIT */
/*
 * publication.h - vouchers handed to a customer: what a request asks for, and what it is answered
 * (reference 4.11).
 */
#ifndef DOMAIN_PUBLICATION_H
#define DOMAIN_PUBLICATION_H

#include "domain/customer.h"

#define PUBLISH_MOST 50 /* vouchers of one publication */

struct publication {
    struct customer customer; /* who it is, and what is new about them */
    struct str voucher;       /* code or id of this one; {NULL,0}: */
    struct str campaign;      /* one of this campaign, by name or id */
    int64_t count;            /* how many of it: 1 to PUBLISH_MOST */
    bool join_once; /* who has one of it gets that again; the official SDK's place for it */
    struct str source_id;
    struct str channel;
    struct str metadata; /* JSON object; {NULL,0}: none */
};

/* One that was made. */
struct stored_publication {
    int64_t key;
    int64_t created_ms;
    struct customer customer; /* as it is now; of one that is gone no more than the key */
    struct str source_id, channel, metadata;
    int64_t *vouchers; /* their keys; some may be gone */
    size_t n;
};

/* The body of `POST /v1/publications`; null means not given. ERR_INVALID_PAYLOAD names what is
 * wrong; ERR_MISSING_VOUCHERS: neither a voucher nor a campaign. */
int publication_from_json(const struct json *body, struct arena *a, struct publication *p,
                          struct err *err) MUST_CHECK;

#endif
