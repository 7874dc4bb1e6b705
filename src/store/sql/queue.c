/* SPDX-License-Identifier: MIT */
/*
 * queue.c - actions as they wait: by project, kind of resource and discipline.
 *
 * Every question here is a walk along the index of the unfinished actions, so it costs the same
 * behind ten and behind a million waiting actions.
 */
#include "store/sql/sql_priv.h"

static int first_of(struct db *db, int64_t project_id, enum action_queue queue, int discipline,
                    int64_t *seq, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_QUEUE_FIRST, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, queue);
    bind_int(st, 3, discipline);
    const int got = db_step(db, st, err);
    if (got < 0)
        return -1;
    if (got > 0 && !column_is_null(st, 0) && column_int(st, 0) < *seq)
        *seq = column_int(st, 0);
    stmt_reset(st);
    return 0;
}

int queue_first_unfinished(struct db *db, int64_t project_id, enum action_queue queue,
                           int except_discipline, int64_t *seq, struct err *err)
{
    *seq = INT64_MAX;
    for (int d = 0; d < DISCIPLINE_COUNT; d++) {
        if (d != except_discipline && first_of(db, project_id, queue, d, seq, err) < 0)
            return -1;
    }
    return 0;
}

int sql_first_unfinished(struct store *store, const struct queue_id *q, int64_t *seq,
                         struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    const int rc =
        queue_first_unfinished(db, q->project_id, q->queue, (int)q->discipline, seq, err);
    reader_give(s, db);
    return rc;
}

static int read_queues(struct db *db, struct stmt *st, struct arena *a, struct queue_id **out,
                       size_t *n, struct err *err)
{
    size_t cap = 0;
    int got;
    while ((got = db_step(db, st, err)) > 0) {
        if (*n == cap) {
            cap = cap == 0 ? 16 : cap * 2;
            struct queue_id *grown = arena_alloc(a, cap * sizeof(*grown));
            if (grown == NULL)
                return err_nomem(err);
            if (*n > 0)
                memcpy(grown, *out, *n * sizeof(*grown));
            *out = grown;
        }
        (*out)[(*n)++] = (struct queue_id){ .project_id = column_int(st, 0),
                                            .queue = (enum action_queue)(int)column_int(st, 1),
                                            .discipline = (enum discipline)(int)column_int(st, 2) };
    }
    return got;
}

int sql_list_queues(struct store *store, struct arena *a, struct queue_id **out, size_t *n,
                    struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = NULL;
    *n = 0;
    struct stmt *st = db_statement(db, STATEMENT_QUEUES, err);
    if (st != NULL) {
        rc = read_queues(db, st, a, out, n, err);
        stmt_reset(st);
    }
    reader_give(s, db);
    return rc;
}

int sql_list_queue(struct store *store, struct arena *a, const struct queue_id *q,
                   int64_t after_seq, size_t limit, size_t max_bytes, struct action **out,
                   size_t *n, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    bool more;
    int rc = -1;
    struct stmt *st = db_statement(db, STATEMENT_QUEUE_PAGE, err);
    if (st != NULL) {
        bind_int(st, 1, q->project_id);
        bind_int(st, 2, q->queue);
        bind_int(st, 3, q->discipline);
        bind_int(st, 4, after_seq);
        bind_int(st, 5, (int64_t)limit);
        rc = actions_read_rows(db, st, a, limit, max_bytes, out, n, &more, err);
    }
    reader_give(s, db);
    return rc;
}

int sql_find_input(struct store *store, struct arena *a, int64_t project_id, int64_t seq,
                   struct str *out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = (struct str){ 0 };
    struct stmt *st = db_statement(db, STATEMENT_INPUT_GET, err);
    if (st != NULL) {
        bind_int(st, 1, seq);
        bind_int(st, 2, project_id);
        rc = db_step(db, st, err);
        if (rc > 0) {
            *out = arena_str(a, column_blob(st, 0));
            rc = out->p == NULL ? err_nomem(err) : row_check(st, err);
        }
        stmt_reset(st);
    }
    reader_give(s, db);
    return rc;
}
