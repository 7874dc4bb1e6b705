/* SPDX-License-Identifier: MIT */
/*
 * oauth.c - /v1/oauth (reference 1.2): OAuth 2.0 client credentials. A key pair asks for a token
 * that may do less than itself and lives for fifteen minutes; the token is said once, only its hash
 * is kept. A project sees its own tokens only: to anybody else they are no tokens.
 */
#include "api/api_priv.h"
#include "api/auth_cache.h"
#include "base/time_iso.h"

#define TOKEN_CHARS       64 /* random base62: more than 380 bits */
#define TOKEN_LIFE_S      INT64_C(900)
#define TOKENS_MOST       1000 /* of a project; the oldest go */
#define SCOPE_MAX_BYTES   (4 * KIB)
#define UNKNOWN_MAX_BYTES 400 /* of what an error repeats */

/* Lives in the request's arena. */
struct oauth_call {
    struct request *rq;
    struct oauth_token token;
    char text[TOKEN_CHARS + 1];
    bool found;
};

/* An answer with a token in it is nobody else's. */
static void keep_out_of_caches(struct response *rs)
{
    reply_header(rs, "Cache-Control", "no-store");
    reply_header(rs, "Pragma", "no-cache");
}

static void put_token(struct json_out *o, struct str text, const struct oauth_token *t,
                      int64_t now_ms)
{
    json_object(o);
    json_key(o, "access_token");
    json_str(o, text);
    json_key(o, "client_id");
    json_str(o, t->app_id);
    json_key(o, "expires_at");
    json_int(o, t->expires_ms / 1000);
    json_key(o, "expires_in");
    json_int(o, (t->expires_ms - now_ms) / 1000);
    json_key(o, "scope");
    json_str(o, t->scope);
    json_key(o, "token_type");
    json_str(o, STR("Bearer"));
}

/* ---- POST /v1/oauth/token ---- */

static int refuse_scope(struct buf *unknown, struct err *err)
{
    const struct str cut = str_utf8_cut(buf_str(unknown), UNKNOWN_MAX_BYTES);
    if (unknown->failed)
        return err_nomem(err);
    if (cut.len == 0)
        return err_set(err, ERR_INVALID_SCOPE, "Invalid scope");
    return err_set(err, ERR_INVALID_SCOPE, "Invalid scope: %.*s", STR_FMT(cut));
}

/* What was asked for, as it is stored. */
static int read_scope(struct request *rq, struct str asked, struct str *out, struct err *err)
{
    struct buf unknown, scope;
    int rc = 0;
    buf_init(&unknown, 64 * KIB);
    buf_init(&scope, SCOPE_MAX_BYTES);
    if (scope_parse(asked, &unknown) == 0 || unknown.len > 0)
        rc = refuse_scope(&unknown, err);
    else
        scope_put(&scope, asked);
    if (rc == 0 && buf_ok(&scope, err) == 0)
        *out = arena_str(&rq->arena, buf_str(&scope));
    if (rc == 0 && out->p == NULL)
        rc = err_nomem(err);
    buf_release(&unknown);
    buf_release(&scope);
    return rc;
}

/* In the store's transaction. */
static int insert_token(struct store_tx *tx, void *arg, struct err *err)
{
    const struct oauth_call *c = arg;
    return store_tx_oauth_insert(tx, &c->token, TOKENS_MOST, err);
}

static int answer_token(struct request *rq, struct response *rs, struct err *err)
{
    const struct oauth_call *c = rq->state;
    struct json_out o = { .b = &rs->body };
    put_token(&o, str_of(c->text), &c->token, c->token.created_ms);
    json_object_end(&o);
    keep_out_of_caches(rs);
    return reply_json(rs, HTTP_OK, err);
}

static struct oauth_call *call_new(struct request *rq, struct err *err)
{
    struct oauth_call *c = arena_calloc(&rq->arena, sizeof(*c));
    if (c == NULL) {
        err_nomem(err);
        return NULL;
    }
    c->rq = rq;
    c->token.project_id = rq->project->id;
    return c;
}

int api_oauth_token(struct request *rq, struct response *rs, struct err *err)
{
    static const char *const names[] = { "grant_type", "scope" };
    struct str values[ARRAY_LEN(names)];
    struct oauth_call *c = call_new(rq, err);
    (void)rs;
    if (c == NULL || request_fields(rq, names, values, ARRAY_LEN(names), err) < 0)
        return -1;
    if (!str_is(values[0], "client_credentials"))
        return err_set(err, ERR_INVALID_GRANT, "the grant type is not client_credentials");
    if (read_scope(rq, values[1], &c->token.scope, err) < 0)
        return -1;
    id_random_base62(c->text, TOKEN_CHARS);
    id_hash_token(str_of(c->text), c->token.hash);
    c->token.app_id = request_header(rq, "X-App-Id");
    c->token.created_ms = time_now_ms();
    c->token.expires_ms = c->token.created_ms + TOKEN_LIFE_S * 1000;
    return api_write(rq, insert_token, c, answer_token, err);
}

/* ---- POST /v1/oauth/introspect ---- */

static int read_access_token(struct request *rq, struct str *out, struct err *err)
{
    static const char *const names[] = { "access_token" };
    if (request_fields(rq, names, out, ARRAY_LEN(names), err) < 0)
        return -1;
    return out->len > 0 ? 0 : err_set(err, ERR_MISSING_PARAMETERS, "there is no access_token");
}

int api_oauth_introspect(struct request *rq, struct response *rs, struct err *err)
{
    unsigned char hash[ID_HASH_BYTES];
    struct oauth_token *t = NULL;
    struct project *project = NULL;
    struct json_out o = { .b = &rs->body };
    struct str text;
    if (read_access_token(rq, &text, err) < 0)
        return -1;
    id_hash_token(text, hash);
    if (store_find_oauth(api_of(rq)->store, &rq->arena, hash, &t, &project, err) < 0)
        return err_wrap(err, "cannot look up an access token");
    const bool active = t != NULL && t->project_id == rq->project->id;
    if (active)
        put_token(&o, text, t, time_now_ms());
    else
        json_object(&o);
    json_key(&o, "active");
    json_bool(&o, active);
    json_object_end(&o);
    keep_out_of_caches(rs);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- POST /v1/oauth/token/revoke ---- */

static int delete_token(struct store_tx *tx, void *arg, struct err *err)
{
    struct oauth_call *c = arg;
    return store_tx_oauth_delete(tx, c->token.project_id, c->token.hash, &c->found, err);
}

static int answer_revoke(struct request *rq, struct response *rs, struct err *err)
{
    const struct oauth_call *c = rq->state;
    struct json_out o = { .b = &rs->body };
    if (c->found) {
        auth_cache_forget(api_of(rq)->auth, (struct str){ NULL, 0 }, c->token.hash);
        return reply_json(rs, HTTP_NO_CONTENT, err);
    }
    json_object(&o); /* the reference: "an empty error" */
    json_object_end(&o);
    return reply_json(rs, HTTP_NOT_FOUND, err);
}

int api_oauth_revoke(struct request *rq, struct response *rs, struct err *err)
{
    struct str text;
    struct oauth_call *c = call_new(rq, err);
    (void)rs;
    if (c == NULL || read_access_token(rq, &text, err) < 0)
        return -1;
    id_hash_token(text, c->token.hash);
    return api_write(rq, delete_token, c, answer_revoke, err);
}
