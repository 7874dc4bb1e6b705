/* SPDX-License-Identifier: MIT */
/* oauth.c - access tokens, as hashes. They live as long as their key, and until they expire. */
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

static int count(struct db *db, int64_t project_id, size_t *n, struct err *err)
{
    bool found;
    int64_t number;
    if (db_number(db, STATEMENT_TOKEN_COUNT, project_id, &found, &number, err) < 0)
        return -1;
    *n = (size_t)number;
    return 0;
}

static int remove_some(struct db *db, enum statement which, int64_t project_id, int64_t bound,
                       struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, bound);
    return db_run(db, st, err);
}

/* So that with one more there are `most`. */
static int make_room(struct db *db, const struct oauth_token *t, size_t most, struct err *err)
{
    size_t n;
    if (count(db, t->project_id, &n, err) < 0)
        return -1;
    if (n < most)
        return 0;
    if (remove_some(db, STATEMENT_TOKEN_EXPIRE, t->project_id, t->created_ms, err) < 0 ||
        count(db, t->project_id, &n, err) < 0)
        return -1;
    if (n < most)
        return 0;
    return remove_some(db, STATEMENT_TOKEN_TRIM, t->project_id, (int64_t)(n - most + 1), err);
}

int sql_tx_oauth_insert(struct store_tx *tx, const struct oauth_token *t, size_t most,
                        struct err *err)
{
    struct db *db = tx->db;
    if (make_room(db, t, most, err) < 0)
        return -1;
    struct stmt *st = db_statement(db, STATEMENT_TOKEN_INSERT, err);
    if (st == NULL)
        return -1;
    bind_blob(st, 1, t->hash, ID_HASH_BYTES);
    bind_int(st, 2, t->project_id);
    bind_str(st, 3, t->app_id);
    bind_str(st, 4, t->scope);
    bind_int(st, 5, t->created_ms);
    bind_int(st, 6, t->expires_ms);
    if (db_run(db, st, err) < 0)
        return -1;
    if (db_changes(db) == 0)
        return err_set(err, ERR_UNAUTHORIZED, "the key has been revoked");
    return 0;
}

int sql_tx_oauth_delete(struct store_tx *tx, int64_t project_id, const unsigned char *hash,
                        bool *found, struct err *err)
{
    struct db *db = tx->db;
    struct stmt *st = db_statement(db, STATEMENT_TOKEN_DELETE, err);
    if (st == NULL)
        return -1;
    bind_blob(st, 1, hash, ID_HASH_BYTES);
    bind_int(st, 2, project_id);
    bind_int(st, 3, time_now_ms());
    if (db_run(db, st, err) < 0)
        return -1;
    *found = db_changes(db) > 0;
    return 0;
}

/* ---- reading ---- */

static struct oauth_token *read_token(struct stmt *st, struct arena *a, struct err *err)
{
    struct oauth_token *t = arena_calloc(a, sizeof(*t));
    if (t == NULL) {
        err_nomem(err);
        return NULL;
    }
    t->project_id = column_int(st, 0);
    t->app_id = column_str(st, 1);
    const struct str hash = column_blob(st, 2);
    t->scope = column_str(st, 3);
    t->created_ms = column_int(st, 4);
    t->expires_ms = column_int(st, 5);
    struct str *texts[] = { &t->app_id, &t->scope };
    if (row_check(st, err) < 0)
        return NULL;
    if (hash.len != ID_HASH_BYTES) {
        err_set(err, ERR_STORE, "a token of key '%.*s' has no usable hash", STR_FMT(t->app_id));
        return NULL;
    }
    memcpy(t->hash, hash.p, ID_HASH_BYTES);
    if (!arena_keep(a, texts, ARRAY_LEN(texts))) {
        err_nomem(err);
        return NULL;
    }
    return t;
}

int sql_find_oauth(struct store *store, struct arena *a, const unsigned char *hash,
                   struct oauth_token **token, struct project **project, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *token = NULL;
    *project = NULL;
    struct stmt *st = db_statement(db, STATEMENT_TOKEN_BY_HASH, err);
    if (st == NULL)
        goto out;
    bind_blob(st, 1, hash, ID_HASH_BYTES);
    bind_int(st, 2, time_now_ms());
    rc = db_step(db, st, err);
    if (rc > 0) {
        *token = read_token(st, a, err);
        *project = *token != NULL ? project_read(st, 6, a, err) : NULL;
        rc = *project != NULL ? 0 : -1;
    }
    stmt_reset(st);
out:
    reader_give(s, db);
    return rc;
}
