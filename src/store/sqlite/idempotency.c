/* SPDX-License-Identifier: MIT */
/* idempotency.c - requests that have been here before. */
#include "store/sqlite/sqlite_priv.h"

static int read_first(sqlite3_stmt *st, struct idempotency *i, struct err *err)
{
    const void *hash = sqlite3_column_blob(st, 0);
    if (hash == NULL || sqlite3_column_bytes(st, 0) != ID_HASH_BYTES)
        return err_set(err, ERR_STORE, "the fingerprint of a request is damaged");
    memcpy(i->fingerprint, hash, ID_HASH_BYTES);
    i->action_seq = sqlite3_column_int64(st, 1);
    i->created_ms = sqlite3_column_int64(st, 2);
    return 0;
}

int sqlite_tx_idempotency_find(struct store_tx *tx, struct idempotency *i, int64_t now_ms,
                               bool *found, struct err *err)
{
    struct db *db = &tx->store->writer;
    sqlite3_stmt *st = db_statement(db, STATEMENT_IDEMPOTENCY_GET, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, i->project_id);
    bind_str(st, 2, i->key);
    sqlite3_bind_int64(st, 3, now_ms - IDEMPOTENCY_KEPT_MS);
    int rc = db_step(db, st, err);
    *found = rc > 0;
    if (rc > 0)
        rc = read_first(st, i, err);
    sqlite3_reset(st);
    return rc;
}

/* One that has had its day is replaced. */
int sqlite_tx_idempotency_put(struct store_tx *tx, const struct idempotency *i, struct err *err)
{
    struct db *db = &tx->store->writer;
    sqlite3_stmt *st = db_statement(db, STATEMENT_IDEMPOTENCY_PUT, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, i->project_id);
    bind_str(st, 2, i->key);
    sqlite3_bind_blob(st, 3, i->fingerprint, ID_HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, i->action_seq);
    sqlite3_bind_int64(st, 5, i->created_ms);
    return db_run(db, st, err);
}
