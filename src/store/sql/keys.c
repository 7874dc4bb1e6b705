/* SPDX-License-Identifier: MIT */
/* keys.c - the keys table: key pairs of projects, as hashes. */
#include "store/sql/sql_priv.h"

int sql_tx_key_insert(struct store_tx *tx, const struct project_key *k, struct err *err)
{
    struct db *db = tx->db;
    struct err dead = { 0 };
    if (project_check(db, k->project_id, &dead) < 0)
        return err_set(err, dead.code == ERR_UNAUTHORIZED ? ERR_NOT_FOUND : dead.code, "%s",
                       dead.msg);
    struct stmt *st = db_statement(db, STATEMENT_KEY_INSERT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, k->project_id);
    bind_int(st, 2, (int)k->kind);
    bind_str(st, 3, k->app_id);
    bind_blob(st, 4, k->token_hash, ID_HASH_BYTES);
    bind_str(st, 5, k->name);
    bind_int(st, 6, k->created_ms);
    return db_run(db, st, err);
}

static int delete_of_key(struct db *db, enum statement which, int64_t project_id, struct str app_id,
                         struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_str(st, 1, app_id);
    bind_int(st, 2, project_id);
    return db_run(db, st, err);
}

int sql_tx_key_delete(struct store_tx *tx, int64_t project_id, struct str app_id, struct err *err)
{
    struct db *db = tx->db;
    if (delete_of_key(db, STATEMENT_KEY_DELETE, project_id, app_id, err) < 0)
        return -1;
    if (db_changes(db) == 0)
        return err_set(err, ERR_NOT_FOUND, "the project has no key '%.*s'", STR_FMT(app_id));
    return delete_of_key(db, STATEMENT_KEY_TOKENS_DELETE, project_id, app_id, err);
}

/* ---- reading ---- */

static struct project_key *read_key(struct stmt *st, struct arena *a, struct err *err)
{
    struct project_key *k = arena_calloc(a, sizeof(*k));
    if (k == NULL) {
        err_nomem(err);
        return NULL;
    }
    k->project_id = column_int(st, 0);
    k->kind = (enum key_kind)(int)column_int(st, 1);
    k->app_id = column_str(st, 2);
    const struct str hash = column_blob(st, 3);
    k->name = column_str(st, 4);
    k->created_ms = column_int(st, 5);
    struct str *texts[] = { &k->app_id, &k->name };
    if (row_check(st, err) < 0)
        return NULL;
    if (hash.len != ID_HASH_BYTES) {
        err_set(err, ERR_STORE, "key '%.*s' has no usable token hash", STR_FMT(k->app_id));
        return NULL;
    }
    memcpy(k->token_hash, hash.p, ID_HASH_BYTES);
    if (!arena_keep(a, texts, ARRAY_LEN(texts))) {
        err_nomem(err);
        return NULL;
    }
    return k;
}

int sql_find_key(struct store *store, struct arena *a, struct str app_id, struct project_key **key,
                 struct project **project, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *key = NULL;
    *project = NULL;
    struct stmt *st = db_statement(db, STATEMENT_KEY_BY_APP_ID, err);
    if (st == NULL)
        goto out;
    bind_str(st, 1, app_id);
    rc = db_step(db, st, err);
    if (rc > 0) {
        *key = read_key(st, a, err);
        *project = *key != NULL ? project_read(st, 6, a, err) : NULL;
        rc = *project != NULL ? 0 : -1;
    }
    stmt_reset(st);
out:
    reader_give(s, db);
    return rc;
}

static int list(struct db *db, struct arena *a, int64_t project_id, struct project_key **out,
                size_t *n, struct err *err)
{
    struct project_key *rows = NULL;
    size_t cap = 0;
    int got = 0;
    struct stmt *st = db_statement(db, STATEMENT_KEY_LIST, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    while ((got = db_step(db, st, err)) > 0) {
        const struct project_key *k = read_key(st, a, err);
        rows = k != NULL ? arena_grow(a, rows, *n, &cap, sizeof(*rows)) : NULL;
        if (rows == NULL) {
            got = k != NULL ? err_nomem(err) : -1;
            break;
        }
        rows[(*n)++] = *k;
    }
    stmt_reset(st);
    *out = rows;
    return got;
}

int sql_list_keys(struct store *store, struct arena *a, int64_t project_id,
                  struct project_key **out, size_t *n, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    *n = 0;
    const int rc = list(db, a, project_id, out, n, err);
    reader_give(s, db);
    return rc;
}
