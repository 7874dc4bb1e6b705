/* SPDX-License-Identifier: MIT */
/*
 * signing.h - links that need no key: whoever has one may read what it names, until it expires.
 *
 * A link carries a token: project and expiry in clear, and a keyed BLAKE2b of them and of all else
 * that the link means. The key is derived from the store's secret, so nothing is stored, every
 * process of a store makes and takes the same links, and a link cannot be turned into one of
 * another resource, project, part or time. There is no way to call one back but to remove what it
 * names: a handler looks that up as usual, behind the token.
 *
 *   https://host/v1/exports/exp_…?token=…
 */
#ifndef API_SIGNING_H
#define API_SIGNING_H

#include "api/api.h"

#define LINK_TOKEN_CHARS 56 /* 42 bytes in base64url: may stand in a URL as they are */

struct link {
    /* what the path says */
    const char *purpose; /* kind of resource, "export" or the like: a constant of the caller */
    int64_t id;          /* key of the resource */
    int64_t part;        /* 0 where a resource has none */

    /* what the token says */
    int64_t project_id; /* 0 to 2^32 - 1 */
    int64_t expires_ms; /* after 1970 */
};

/* Writes LINK_TOKEN_CHARS characters and a NUL. */
void link_sign(const struct id_secret *s, const struct link *link,
               char token[LINK_TOKEN_CHARS + 1]);

/* Is it a token for what the path says, and now_ms before its expiry? Then project_id and
 * expires_ms are set. Takes the same time wherever a wrong token differs from the right one. */
bool link_verify(const struct id_secret *s, struct link *link, struct str token, int64_t now_ms);

/* What a link begins with, in the request's arena and without a / at its end: the configured public
 * URL; otherwise as the client called us, that is the Host with http, or with https where
 * X-Forwarded-Proto says so; "" (the link begins with the path) when no host was given. In an event
 * thread. ERR_NOMEM. */
int link_base(struct request *rq, struct str *out, struct err *err) MUST_CHECK;

#endif
