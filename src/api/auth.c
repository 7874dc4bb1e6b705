/* SPDX-License-Identifier: MIT */
/*
 * auth.c - who asks, and what he may do (reference 1.2): the key pair of a project, or an access
 * token that was made with it; for /management/v1 a key pair of another kind. In an event thread,
 * for every request: see auth_cache.h.
 *
 * What is compared are hashes, in constant time; an unknown application costs the same as a wrong
 * token. Why somebody is refused is never said.
 */
#include "api/api_priv.h"
#include "api/auth_cache.h"
#include "base/time_iso.h"

static int refuse(struct err *err)
{
    return err_set(err, ERR_UNAUTHORIZED, "no credentials, or wrong ones");
}

static int fill_grant(struct auth_grant *g, const struct project *p, scope_set scopes,
                      struct err *err)
{
    if (p->public_id.len > AUTH_PROJECT_ID_MAX)
        return err_set(err, ERR_STORE, "project %lld has too long an id", (long long)p->id);
    *g = (struct auth_grant){ .project_id = p->id, .scopes = scopes };
    memcpy(g->public_id, p->public_id.p, p->public_id.len);
    return 0;
}

/* ---- the two ways in ---- */

static int find_key(struct request *rq, enum key_kind kind, struct str app_id,
                    const unsigned char *hash, struct auth_grant *g, struct err *err)
{
    static const unsigned char nobody[ID_HASH_BYTES] = { 0 };
    struct project *project = NULL;
    struct project_key *key = NULL;
    if (store_find_key(api_of(rq)->store, &rq->arena, app_id, &key, &project, err) < 0)
        return err_wrap(err, "cannot look up a key");
    if (!id_hash_equal(hash, key != NULL ? key->token_hash : nobody) || key == NULL ||
        key->kind != kind)
        return refuse(err);
    return fill_grant(g, project, SCOPE_ALL, err);
}

static int grant_to_key(struct request *rq, struct str app_id, struct str token,
                        struct auth_grant *g, struct err *err)
{
    struct auth_cache *cache = api_of(rq)->auth;
    const int64_t now_us = time_monotonic_us();
    unsigned char hash[ID_HASH_BYTES];
    if (app_id.len == 0 || token.len == 0)
        return refuse(err);
    id_hash_token(token, hash);
    if (auth_cache_get(cache, app_id, hash, now_us, g))
        return 0;
    if (find_key(rq, KEY_APP, app_id, hash, g, err) < 0)
        return -1;
    auth_cache_put(cache, app_id, hash, now_us, AUTH_CACHE_US, g);
    return 0;
}

/* Seldom asked for, so it is not remembered: what is remembered opens /v1. */
static int grant_to_management(struct request *rq, struct auth_grant *g, struct err *err)
{
    const struct str id = request_header(rq, "X-Management-Id");
    const struct str token = request_header(rq, "X-Management-Token");
    unsigned char hash[ID_HASH_BYTES];
    if (id.len == 0 || token.len == 0)
        return refuse(err);
    id_hash_token(token, hash);
    return find_key(rq, KEY_MANAGEMENT, id, hash, g, err);
}

/* The token of `Authorization: Bearer TOKEN`; {NULL,0}: there is none. */
static struct str bearer_of(const struct request *rq)
{
    struct str rest;
    const struct str header = request_header(rq, "Authorization");
    const struct str scheme = str_cut(str_trim(header), ' ', &rest);
    return str_eq_nocase(scheme, STR("Bearer")) ? str_trim(rest) : (struct str){ NULL, 0 };
}

static int grant_to_bearer(struct request *rq, struct str bearer, struct auth_grant *g,
                           struct err *err)
{
    struct auth_cache *cache = api_of(rq)->auth;
    const int64_t now_us = time_monotonic_us(), now_ms = time_now_ms();
    unsigned char hash[ID_HASH_BYTES];
    struct oauth_token *token = NULL;
    struct project *project = NULL;
    if (bearer.len == 0)
        return refuse(err);
    id_hash_token(bearer, hash);
    if (auth_cache_get(cache, (struct str){ NULL, 0 }, hash, now_us, g))
        return 0;
    if (store_find_oauth(api_of(rq)->store, &rq->arena, hash, &token, &project, err) < 0)
        return err_wrap(err, "cannot look up an access token");
    if (token == NULL)
        return refuse(err);
    if (fill_grant(g, project, scope_parse(token->scope, NULL), err) < 0)
        return -1;
    auth_cache_put(cache, (struct str){ NULL, 0 }, hash, now_us,
                   (token->expires_ms - now_ms) * 1000, g);
    return 0;
}

/* ---- a request ---- */

static int set_project(struct request *rq, const struct auth_grant *g, struct err *err)
{
    struct project *p = arena_calloc(&rq->arena, sizeof(*p));
    const struct str public_id = arena_str(&rq->arena, str_of(g->public_id));
    if (p == NULL || public_id.p == NULL)
        return err_nomem(err);
    *p = (struct project){ .id = g->project_id, .public_id = public_id, .deleted_ms = TIME_NONE };
    rq->project = p;
    rq->project_id = public_id.p;
    return 0;
}

int api_authenticate(struct request *rq, struct err *err)
{
    const struct str app_id = request_header(rq, "X-App-Id");
    const struct str token = request_header(rq, "X-App-Token");
    struct auth_grant g;
    if (rq->route->auth == AUTH_LINK && request_query(rq, "token").p != NULL)
        return 0; /* the token is all that counts: the handler looks at it */
    if (rq->route->auth == AUTH_MANAGEMENT) {
        if (grant_to_management(rq, &g, err) < 0)
            return -1;
    } else if (app_id.p != NULL || token.p != NULL || rq->route->auth == AUTH_KEYS) {
        if (grant_to_key(rq, app_id, token, &g, err) < 0)
            return -1;
    } else if (grant_to_bearer(rq, bearer_of(rq), &g, err) < 0) {
        return -1;
    }
    if (set_project(rq, &g, err) < 0)
        return -1;
    if (scope_covers(g.scopes, rq->route->pattern))
        return 0;
    return err_set(err, ERR_FORBIDDEN,
                   "User does not have a required permission to perform this operation.");
}
