/* SPDX-License-Identifier: MIT */
/*
 * auth_cache.h - who was let in during the last second.
 *
 * Every request is authenticated in an event thread, and asking the store took 6 of the 26 us of
 * CPU time that a GET of one voucher costs (release build). So a positive answer is remembered for
 * AUTH_CACHE_US. A key or token that is revoked, by this process or another one, therefore works
 * for one second more at most. Refusals are not remembered: a new key works at once, and nobody can
 * push others out by guessing.
 *
 * What is remembered is the hash of the secret, never the secret. Thread-safe.
 */
#ifndef API_AUTH_CACHE_H
#define API_AUTH_CACHE_H

#include "api/scope.h"
#include "base/ids.h"

#define AUTH_CACHE_US INT64_C(1000000)

/* Longer ones are not remembered. */
#define AUTH_APP_ID_MAX     48 /* ours have 36 characters */
#define AUTH_PROJECT_ID_MAX 24 /* "proj_" and 8 */

struct auth_cache;

/* Whom a request acts for, and what it may do. */
struct auth_grant {
    int64_t project_id;
    char public_id[AUTH_PROJECT_ID_MAX + 1];
    scope_set scopes;
};

/* NULL when out of memory. */
struct auth_cache *auth_cache_new(void) MUST_CHECK;
void auth_cache_free(struct auth_cache *c); /* NULL is fine */

/* app_id {NULL,0}: an access token. The comparison takes the same time whatever differs. In all
 * three a NULL cache remembers nothing. */
bool auth_cache_get(struct auth_cache *c, struct str app_id, const unsigned char *hash,
                    int64_t now_us, struct auth_grant *out);

/* `now_us` is when the store was asked: monotonic, taken before. It counts until now_us + valid_us,
 * AUTH_CACHE_US at most. */
void auth_cache_put(struct auth_cache *c, struct str app_id, const unsigned char *hash,
                    int64_t now_us, int64_t valid_us, const struct auth_grant *grant);

/* Whoever revokes something himself need not wait. */
void auth_cache_forget(struct auth_cache *c, struct str app_id, const unsigned char *hash);

#endif
