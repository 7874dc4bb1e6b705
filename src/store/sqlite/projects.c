/* SPDX-License-Identifier: MIT */
/* projects.c - the projects table. */
#include "store/sqlite/sqlite_priv.h"

int projects_tx_insert(struct store_tx *tx, struct project *p, struct err *err)
{
    struct db *db = &tx->store->writer;
    sqlite3_stmt *st = db_statement(db, STATEMENT_PROJECT_INSERT, err);
    if (st == NULL)
        return -1;
    const struct str texts[] = { p->public_id, p->name, p->app_id, p->management_id };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        bind_str(st, (int)i + 1, texts[i]);
    sqlite3_bind_blob(st, 5, p->app_token_hash, ID_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(st, 6, p->management_token_hash, ID_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(st, 7, p->created_ms);
    if (db_run(db, st, err) < 0)
        return -1;
    p->id = sqlite3_last_insert_rowid(db->handle);
    return 0;
}

static int read_project(sqlite3_stmt *st, struct arena *a, struct project **out, struct err *err)
{
    struct project *p = arena_calloc(a, sizeof(*p));
    if (p == NULL)
        return err_nomem(err);
    struct str *texts[] = { &p->public_id, &p->name, &p->app_id, &p->management_id };
    p->id = sqlite3_column_int64(st, 0);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        *texts[i] = arena_str(a, column_str(st, (int)i + 1));
        if (texts[i]->p == NULL)
            return err_nomem(err);
    }
    if (row_check(st, err) < 0)
        return -1;
    if (sqlite3_column_bytes(st, 5) != ID_HASH_BYTES ||
        sqlite3_column_bytes(st, 6) != ID_HASH_BYTES)
        return err_set(err, ERR_STORE, "project %lld has no usable token hash", (long long)p->id);
    memcpy(p->app_token_hash, sqlite3_column_blob(st, 5), ID_HASH_BYTES);
    memcpy(p->management_token_hash, sqlite3_column_blob(st, 6), ID_HASH_BYTES);
    p->created_ms = sqlite3_column_int64(st, 7);
    *out = p;
    return 0;
}

int projects_find(struct store *store, struct arena *a, struct str app_id, struct project **out,
                  struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = NULL;
    sqlite3_stmt *st = db_statement(db, STATEMENT_PROJECT_BY_APP_ID, err);
    if (st == NULL)
        goto out;
    bind_str(st, 1, app_id);
    rc = db_step(db, st, err);
    if (rc > 0)
        rc = read_project(st, a, out, err);
    sqlite3_reset(st);
out:
    reader_give(s, db);
    return rc;
}
