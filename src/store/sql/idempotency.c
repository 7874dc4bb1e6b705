/* SPDX-License-Identifier: MIT */
/* idempotency.c - requests that have been here before. */
#include "store/sql/sql_priv.h"

static int read_first(struct stmt *st, struct idempotency *i, struct err *err)
{
    const struct str hash = column_blob(st, 0);
    if (hash.len != ID_HASH_BYTES)
        return err_set(err, ERR_STORE, "the fingerprint of a request is damaged");
    memcpy(i->fingerprint, hash.p, ID_HASH_BYTES);
    i->action_seq = column_int(st, 1);
    i->created_ms = column_int(st, 2);
    return 0;
}

int sql_tx_idempotency_find(struct store_tx *tx, struct idempotency *i, int64_t now_ms, bool *found,
                            struct err *err)
{
    struct db *db = tx->db;
    struct stmt *st = db_statement(db, STATEMENT_IDEMPOTENCY_GET, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, i->project_id);
    bind_str(st, 2, i->key);
    bind_int(st, 3, now_ms - IDEMPOTENCY_KEPT_MS);
    int rc = db_step(db, st, err);
    *found = rc > 0;
    if (rc > 0)
        rc = read_first(st, i, err);
    stmt_reset(st);
    return rc;
}

/* One that has had its day is replaced. */
int sql_tx_idempotency_put(struct store_tx *tx, const struct idempotency *i, struct err *err)
{
    struct db *db = tx->db;
    struct stmt *st = db_statement(db, STATEMENT_IDEMPOTENCY_PUT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, i->project_id);
    bind_str(st, 2, i->key);
    bind_blob(st, 3, i->fingerprint, ID_HASH_BYTES);
    bind_int(st, 4, i->action_seq);
    bind_int(st, 5, i->created_ms);
    return db_run(db, st, err);
}
