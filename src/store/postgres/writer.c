/* SPDX-License-Identifier: MIT */
/*
 * writer.c - the thread that runs units of work, and the slices beside it.
 *
 * Units of work that have come share a transaction and its COMMIT; each has a savepoint, made when
 * it runs its first statement, so its failure is its own. A slice is a transaction on a connection
 * of its own, in the thread of the engine's committer: single writes do not wait for it, unless
 * they want the very rows that it has changed. So while somebody writes interactively, slices are
 * short; otherwise one goes to the end of its chunk.
 *
 * A transaction that the database gave up (a deadlock), or that was lost with its connection, is
 * repeated here; only what lasts longer is told to the caller, as ERR_BUSY.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/sync.h"
#include "base/time_iso.h"
#include "store/postgres/pg_priv.h"

#define HOLD_MAX_US           15000 /* of the rows of a slice, while somebody writes; then comes COMMIT */
#define HOLD_ALONE_US         500000
#define INTERACTIVE_WINDOW_US 2000000
#define WORKS_PER_COMMIT      1024

bool pg_wants_room(struct sql_store *store, size_t rows, int64_t elapsed_us)
{
    const struct pg_store *s = pg_of_sql(store);
    const int64_t last = atomic_load_explicit(&s->interactive_us, memory_order_relaxed);
    (void)rows;
    if (last != 0 && time_monotonic_us() - last < INTERACTIVE_WINDOW_US)
        return elapsed_us >= HOLD_MAX_US;
    return elapsed_us >= HOLD_ALONE_US;
}

void pg_tx_begin(struct pg_store *s, struct store_tx *tx, struct pg_db *db, struct arena *scratch)
{
    *tx = (struct store_tx){ .base.store = (struct store *)(void *)s,
                             .store = &s->base,
                             .db = &db->base,
                             .scratch = scratch };
}

int pg_tx_commit(struct store_tx *tx, struct pg_db *db, struct err *err)
{
    if (tx->broken) {
        *err = tx->why;
        return -1;
    }
    if (db->pending != NULL && pg_pending_flush(db, false, err) < 0)
        return -1;
    if (tx_store_seq(tx, err) < 0)
        return -1;
    return pg_commit(db, err);
}

/* ---- units of work ---- */

static int run_work(struct pg_store *s, struct store_work *w, bool alone)
{
    struct pg_db *db = &s->works;
    const int64_t seq_before = s->works_tx.next_seq;
    struct err err = { 0 };
    db->wants_savepoint = !alone;
    pg_pending_mark(&s->pending);
    const int rc = w->run(&s->works_tx, w->arg, &w->err);
    const bool untouched = db->wants_savepoint;
    db->wants_savepoint = false;
    if (rc < 0)
        pg_pending_undo(&s->pending);
    if (rc == 0 || untouched)
        return rc;
    s->works_tx.checked_project = 0; /* its lock goes with the savepoint */
    if (db->lost || db->again || alone || pg_exec(db, "ROLLBACK TO work", &err) < 0) {
        s->works_tx.broken = true;
        s->works_tx.why = w->err;
    } else if (seq_before == 0) {
        s->works_tx.next_seq = s->works_tx.next_seq_stored = 0; /* the row is not ours any more */
    }
    return rc;
}

static void run_works(struct pg_store *s, struct store_work *first)
{
    for (struct store_work *w = first; w != NULL; w = w->next) {
        w->err = s->works_tx.why;
        w->rc = s->works_tx.broken ? -1 : run_work(s, w, first->next == NULL);
        if (!s->works_tx.broken && pg_pending_is_enough(&s->pending) &&
            pg_pending_flush(&s->works, false, &s->works_tx.why) < 0)
            s->works_tx.broken = true;
    }
}

/* One try. False: the transaction has not been committed, and may be repeated. */
static bool commit_once(struct pg_store *s, struct store_work *works, struct err *err)
{
    struct pg_db *db = &s->works;
    pg_tx_begin(s, &s->works_tx, db, &s->works_scratch);
    pg_pending_reset(&s->pending);
    int rc = pg_begin(db, err);
    if (rc == 0) {
        run_works(s, works);
        const int64_t from_us = time_monotonic_us();
        rc = pg_tx_commit(&s->works_tx, db, err);
        atomic_fetch_add(&s->commit_us, time_monotonic_us() - from_us);
    } else {
        for (struct store_work *w = works; w != NULL; w = w->next)
            w->rc = 0; /* none has run */
    }
    if (rc == 0)
        return true;
    const bool repeat = db->again || db->lost;
    pg_rollback(db);
    if (works->next == NULL && works->rc < 0 && !repeat)
        return true; /* alone, and its failure is its own */
    works_fail(works, err);
    return !repeat;
}

static void commit_works(struct pg_store *s, struct store_work *works)
{
    struct err err = { 0 };
    unsigned tries = 0;
    while (!commit_once(s, works, &err)) {
        if (!pg_try_again(&s->works, &tries))
            break;
    }
    atomic_fetch_add(&s->commits, 1);
    works_finish(works);
}

static struct store_work *take_works(struct pg_store *s)
{
    struct store_work *first = NULL, **tail = &first;
    for (size_t n = 0; s->first != NULL && n < WORKS_PER_COMMIT; n++) {
        struct store_work *w = s->first;
        s->first = w->next;
        if (s->first == NULL)
            s->last = &s->first;
        if (w->interactive)
            atomic_store(&s->interactive_us, time_monotonic_us());
        w->next = NULL;
        *tail = w;
        tail = &w->next;
    }
    return first;
}

static void *writer_main(void *arg)
{
    struct pg_store *s = arg;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        while (s->first == NULL && !s->stopping)
            pthread_cond_wait(&s->wake, &s->lock);
        struct store_work *works = take_works(s);
        pthread_mutex_unlock(&s->lock);
        if (works == NULL)
            return NULL;
        const int64_t from_us = time_monotonic_us();
        commit_works(s, works);
        atomic_fetch_add(&s->busy_us, time_monotonic_us() - from_us);
    }
}

int pg_writer_start(struct pg_store *s, struct err *err)
{
    if (pthread_create(&s->writer_thread, NULL, writer_main, s) != 0)
        return err_set(err, ERR_NOMEM, "cannot start the writer thread");
    pthread_setname_np(s->writer_thread, "ls-writer");
    s->writer_runs = true;
    return 0;
}

void pg_writer_stop(struct pg_store *s)
{
    if (!s->writer_runs)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->writer_thread, NULL);
    s->writer_runs = false;
}

void pg_submit(struct store *store, struct store_work *w)
{
    struct pg_store *s = pg_of(store);
    w->next = NULL;
    pthread_mutex_lock(&s->lock);
    *s->last = w;
    s->last = &w->next;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

/* ---- slices ---- */

/* One action of a batch that cannot go as a set. Somebody else may have taken it: then it is left,
 * and the batch goes on.
 */
static int run_in_batch(struct pg_store *s, struct store_chunk *c, int64_t from_us, struct err *err)
{
    struct pg_db *db = &s->bulk.db;
    db->wants_savepoint = true;
    const int rc = slice_run(&s->bulk.tx, c, true, from_us, err);
    db->wants_savepoint = false;
    if (rc < 0) {
        if (err->code != ERR_LEASE_LOST)
            return -1;
        slice_undo(c);
        c->reached = c->slice_done;
        c->lost = true;
        if (pg_exec(db, "ROLLBACK TO work", err) < 0)
            return -1;
    }
    fault_point("batch.action");
    return 0;
}

/* As run_chunks(), one after the other. */
static int run_one_by_one(struct pg_store *s, struct store_chunk *chunks, size_t n, size_t first,
                          size_t *end, struct err *err)
{
    const int64_t from_us = time_monotonic_us();
    int rc = 0;
    for (*end = first; rc == 0 && *end < n; (*end)++) {
        const size_t rows = *end - first;
        if (rows > 0 && pg_wants_room(&s->base, rows, time_monotonic_us() - from_us))
            break;
        rc = run_in_batch(s, &chunks[*end], from_us, err);
    }
    return rc;
}

/* Chunks from the first unfinished one on; *end is the first that was not touched. */
static int run_chunks(struct pg_store *s, struct store_chunk *chunks, size_t n, size_t *first,
                      size_t *end, struct err *err)
{
    for (*first = 0; *first < n && chunks[*first].finished; (*first)++)
        ;
    *end = n;
    if (*first == n)
        return 0;
    if (n == 1)
        return pg_bulk_slice(s, &s->bulk, chunks, err);
    size_t together = 0;
    int rc = 0;
    if (chunks[*first].resource == RESOURCE_VOUCHER) {
        together = n - *first;
        rc = pg_batch_slice(s, &chunks[*first], &together, err);
    }
    *end = *first + together;
    return rc == 0 && together == 0 ? run_one_by_one(s, chunks, n, *first, end, err) : rc;
}

/* One try. */
static int slice_once(struct pg_store *s, struct store_chunk *chunks, size_t n, struct err *err)
{
    struct pg_db *db = &s->bulk.db;
    size_t first = 0, end = 0;
    pg_tx_begin(s, &s->bulk.tx, db, &s->bulk.scratch);
    s->bulk.until = 0;
    if (pg_bulk_prepare(&s->bulk, chunks, err) < 0 || pg_begin(db, err) < 0)
        return -1;
    int rc = run_chunks(s, chunks, n, &first, &end, err);
    if (rc == 0) {
        const int64_t from_us = time_monotonic_us();
        fault_point("slice.before_commit");
        rc = pg_tx_commit(&s->bulk.tx, db, err);
        atomic_fetch_add(&s->commit_us, time_monotonic_us() - from_us);
    }
    for (size_t i = first; i < end; i++) {
        if (rc < 0)
            slice_undo(&chunks[i]);
        else
            slice_done(&chunks[i]);
    }
    if (rc < 0)
        pg_rollback(db);
    else
        fault_point("slice.after_commit");
    pg_ahead_first_done(s, chunks, rc);
    return rc;
}

int pg_slice_commit(struct store *store, struct store_chunk *chunks, size_t n, struct err *err)
{
    struct pg_store *s = pg_of(store);
    unsigned tries = 0;
    int rc;
    pthread_mutex_lock(&s->bulk_lock);
    pg_load_begins(s);
    const int64_t from_us = time_monotonic_us();
    while ((rc = pg_ahead_take(s, chunks) ? 0 : slice_once(s, chunks, n, err)) < 0) {
        if (!pg_try_again(&s->bulk.db, &tries))
            break;
    }
    atomic_fetch_add(&s->busy_us, time_monotonic_us() - from_us);
    atomic_fetch_add(&s->commits, 1);
    pg_load_ends(s);
    pthread_mutex_unlock(&s->bulk_lock);
    return rc;
}

void pg_slices_leave(struct store *store)
{
    struct pg_store *s = pg_of(store);
    pthread_mutex_lock(&s->bulk_lock);
    pg_ahead_drop(s);
    pthread_mutex_unlock(&s->bulk_lock);
}
