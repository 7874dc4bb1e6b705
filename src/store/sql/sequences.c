/* SPDX-License-Identifier: MIT */
/* sequences.c - numbers that are never used twice: of writers, and of keys. */
#include "store/sql/sql_priv.h"

int sequence_get(struct db *db, int64_t project_id, const char *name, int64_t *next,
                 struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_SEQUENCE_GET, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, str_of(name));
    const int got = db_step(db, st, err);
    if (got < 0)
        return -1;
    *next = got > 0 ? column_int(st, 0) : 1;
    stmt_reset(st);
    return 0;
}

int sequence_set(struct db *db, int64_t project_id, const char *name, int64_t next, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_SEQUENCE_SET, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, str_of(name));
    bind_int(st, 3, next);
    return db_run(db, st, err);
}

int sequence_next_key(struct store_tx *tx, int64_t project_id, const char *name, int64_t *key,
                      struct err *err)
{
    const struct sql_backend *backend = tx->store->backend;
    struct key_range range = { 0 };
    if (backend->keys_take(tx, project_id, name, 1, &range, err) < 0)
        return -1;
    *key = key_base(project_id) + range.next++;
    return backend->keys_used(tx, project_id, name, &range, err);
}

int tx_next_seq(struct store_tx *tx, int64_t *out, struct err *err)
{
    if (tx->next_seq == 0) {
        if (sequence_get(tx->db, 0, "seq", &tx->next_seq, err) < 0)
            return -1;
        tx->next_seq_stored = tx->next_seq;
    }
    *out = tx->next_seq++;
    return 0;
}

int tx_store_seq(struct store_tx *tx, struct err *err)
{
    if (tx->next_seq == tx->next_seq_stored)
        return 0;
    return sequence_set(tx->db, 0, "seq", tx->next_seq, err);
}
