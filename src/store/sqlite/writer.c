/* SPDX-License-Identifier: MIT */
/*
 * writer.c - the one thread that writes, and how it divides its time.
 *
 * A transaction holds a slice of a chunk, if one is waiting, and then every unit of work that has
 * arrived by then: one COMMIT, one fsync for all. Each unit runs in a savepoint, so its failure is
 * its own. The slice looks up every 64 rows whether it should make room:
 *   - somebody waits: it ends at once (after 2 ms at least, so that bulk work goes on under any
 * load);
 *   - somebody wrote in the last two seconds, and will again: it ends before apply and commit
 * together hold the writer for 20 ms;
 *   - nobody does: it goes on to the end of the chunk, which costs least per row.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/sync.h"
#include "base/time_iso.h"
#include "store/sqlite/sqlite_priv.h"

#define HOLD_MAX_US           20000 /* design: a slice holds the writer for 20 ms at most */
#define SLICE_MIN_US          2000
#define INTERACTIVE_WINDOW_US 2000000
#define WORKS_PER_COMMIT      1024 /* bounds the time to the first answer */
#define IDLE_FIRST_MS         250  /* then the log is copied back */
#define IDLE_AGAIN_MS         2000 /* and again, when that was not possible */
#define BREATH_EVERY_US       500000
#define BREATH_US             2000

bool writer_wants_room(struct sql_store *store, size_t rows, int64_t elapsed_us)
{
    const struct sqlite_store *s = (const struct sqlite_store *)(void *)store;
    if (atomic_load_explicit(&s->n_waiting, memory_order_relaxed) > 0)
        return elapsed_us >= SLICE_MIN_US;
    if (s->interactive_us == 0 || time_monotonic_us() - s->interactive_us > INTERACTIVE_WINDOW_US)
        return false;
    return (double)elapsed_us + (double)rows * s->commit_us_per_row >= HOLD_MAX_US;
}

/* ---- a transaction ---- */

static void roll_back(struct sqlite_store *s)
{
    struct err ignored;
    if (!sqlite3_get_autocommit(s->writer.handle))
        (void)!db_run_plain(&s->writer.base, STATEMENT_ROLLBACK, &ignored);
}

static int begin(struct sqlite_store *s, struct err *err)
{
    s->tx = (struct store_tx){ .base.store = (struct store *)(void *)s,
                               .store = &s->base,
                               .db = &s->writer.base,
                               .scratch = &s->scratch };
    roll_back(s); /* what could not be undone when it failed, is undone now or the trouble lasts */
    return db_run_plain(&s->writer.base, STATEMENT_BEGIN, err);
}

static int commit(struct sqlite_store *s, struct err *err)
{
    const int64_t from_us = time_monotonic_us();
    fault_point("commit.before");
    if (s->tx.broken) {
        *err = s->tx.why;
        return -1;
    }
    if (tx_store_seq(&s->tx, err) < 0)
        return -1;
    if (db_run_plain(&s->writer.base, STATEMENT_COMMIT, err) < 0)
        return -1;
    fault_point("commit.after");
    atomic_fetch_add(&s->commit_us, time_monotonic_us() - from_us);
    atomic_fetch_add(&s->commits, 1);
    return 0;
}

/* Nothing of this transaction can be kept; everyone in it gets this error, the first one. */
static void break_tx(struct sqlite_store *s, const struct err *why)
{
    if (!s->tx.broken)
        s->tx.why = *why;
    s->tx.broken = true;
}

/* Undoes a unit of work that failed, or keeps one that did not. */
static int end_savepoint(struct sqlite_store *s, bool undo, struct err *err)
{
    if (undo && db_run_plain(&s->writer.base, STATEMENT_ROLLBACK_TO, err) < 0)
        return -1;
    return db_run_plain(&s->writer.base, STATEMENT_RELEASE, err);
}

static int run_in_savepoint(struct sqlite_store *s, struct store_work *w)
{
    struct err err = { 0 };
    if (db_run_plain(&s->writer.base, STATEMENT_SAVEPOINT, &w->err) < 0)
        return -1;
    const int rc = w->run(&s->tx, w->arg, &w->err);
    if (sqlite3_get_autocommit(s->writer.handle)) { /* a full disk, for one, ends it all */
        if (rc == 0)
            err_set(&w->err, ERR_STORE, "the transaction was rolled back");
        break_tx(s, &w->err);
        return -1;
    }
    if (end_savepoint(s, rc < 0, &err) < 0)
        break_tx(s, &err);
    return rc;
}

static void run_works(struct sqlite_store *s, struct store_work *first)
{
    for (struct store_work *w = first; w != NULL; w = w->next) {
        w->err = s->tx.why;
        w->rc = s->tx.broken ? -1 : run_in_savepoint(s, w);
    }
}

/* Takes what waits, at most WORKS_PER_COMMIT, to the end of the list at *tail. */
static size_t take_works(struct sqlite_store *s, struct store_work **tail)
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    while (s->first != NULL && n < WORKS_PER_COMMIT) {
        struct store_work *w = s->first;
        s->first = w->next;
        if (s->first == NULL)
            s->last = &s->first;
        if (w->interactive)
            s->interactive_us = time_monotonic_us();
        w->next = NULL;
        *tail = w;
        tail = &w->next;
        n++;
    }
    pthread_mutex_unlock(&s->lock);
    if (n > 0) {
        atomic_fetch_sub(&s->n_waiting, n);
    }
    return n;
}

static void end_bulk(struct sqlite_store *s, struct bulk_job *job, int rc)
{
    pthread_mutex_lock(&s->lock);
    job->rc = rc;
    job->done = true;
    s->bulk = NULL;
    pthread_cond_broadcast(&s->bulk_done);
    pthread_mutex_unlock(&s->lock);
}

static void note_commit_cost(struct sqlite_store *s, size_t rows, int64_t us)
{
    if (rows == 0)
        return;
    const double per_row = (double)us / (double)rows;
    s->commit_us_per_row =
        s->commit_us_per_row == 0 ? per_row : 0.7 * s->commit_us_per_row + 0.3 * per_row;
}

/* Units of work alone. */
static void commit_works(struct sqlite_store *s)
{
    struct err err = { 0 };
    struct store_work *works = NULL;
    if (take_works(s, &works) == 0)
        return;
    if (begin(s, &err) < 0) {
        for (struct store_work *w = works; w != NULL; w = w->next)
            w->rc = 0;
        works_fail(works, &err);
    } else {
        run_works(s, works);
        if (commit(s, &err) < 0) {
            roll_back(s);
            works_fail(works, &err);
        }
    }
    works_finish(works);
}

/* One action of a batch. Somebody else may have taken it: then it is left, and the batch goes on.
 */
static int run_in_batch(struct sqlite_store *s, struct store_chunk *c, int64_t from_us,
                        struct err *err)
{
    if (db_run_plain(&s->writer.base, STATEMENT_SAVEPOINT, err) < 0)
        return -1;
    if (slice_run(&s->tx, c, true, from_us, err) < 0) {
        if (err->code != ERR_LEASE_LOST)
            return -1;
        slice_undo(c);
        c->reached = c->slice_done;
        c->lost = true;
    }
    fault_point("batch.action");
    return end_savepoint(s, c->lost, err);
}

/* Chunks from the first unfinished one on; *end is the first that was not touched. */
static int run_chunks(struct sqlite_store *s, const struct bulk_job *job, size_t *first,
                      size_t *end)
{
    const int64_t from_us = time_monotonic_us();
    int rc = 0;
    for (*first = 0; *first < job->n && job->chunks[*first].finished; (*first)++)
        ;
    for (*end = *first; rc == 0 && *end < job->n; (*end)++) {
        struct store_chunk *c = &job->chunks[*end];
        const size_t rows = *end - *first;
        if (rows > 0 && writer_wants_room(&s->base, rows, time_monotonic_us() - from_us))
            break;
        rc = job->n > 1 ? run_in_batch(s, c, from_us, job->err)
                        : slice_run(&s->tx, c, false, from_us, job->err);
    }
    return rc;
}

static size_t rows_of(const struct bulk_job *job, size_t first, size_t end)
{
    size_t rows = 0;
    for (size_t i = first; i < end; i++)
        rows += job->chunks[i].reached - job->chunks[i].slice_done;
    return rows;
}

/* A slice, and the units of work that came while it ran. */
static void commit_slice(struct sqlite_store *s, struct bulk_job *job)
{
    struct store_work *works = NULL;
    size_t first = 0, end = 0;
    int rc = begin(s, job->err);
    if (rc == 0)
        rc = run_chunks(s, job, &first, &end);
    if (rc == 0) {
        take_works(s, &works);
        run_works(s, works);
        const int64_t commit_from_us = time_monotonic_us();
        fault_point("slice.before_commit");
        rc = commit(s, job->err);
        note_commit_cost(s, rows_of(job, first, end), time_monotonic_us() - commit_from_us);
    }
    for (size_t i = first; i < end; i++) {
        if (rc < 0)
            slice_undo(&job->chunks[i]);
        else
            slice_done(&job->chunks[i]);
    }
    if (rc < 0) {
        roll_back(s);
        works_fail(works, job->err);
    } else {
        fault_point("slice.after_commit");
    }
    end_bulk(s, job, rc);
    works_finish(works);
}

/* ---- the thread ---- */

static bool has_work(const struct sqlite_store *s)
{
    return s->first != NULL || s->bulk != NULL;
}

/* True when there is something to do; false when it is time to leave. */
static bool wait_for_work(struct sqlite_store *s, struct bulk_job **bulk)
{
    int64_t idle_ms = IDLE_FIRST_MS;
    pthread_mutex_lock(&s->lock);
    while (!has_work(s) && !s->stopping) {
        if (atomic_load(&s->wal_bytes) == 0) {
            pthread_cond_wait(&s->wake, &s->lock);
        } else if (!sync_wait_ms(&s->wake, &s->lock, idle_ms)) {
            checkpointer_note(s, -1, true);
            idle_ms = IDLE_AGAIN_MS;
        }
    }
    *bulk = s->bulk;
    const bool more = has_work(s);
    pthread_mutex_unlock(&s->lock);
    return more;
}

/* Another process that waits for the file (`project create`) polls for it, and a busy writer leaves
 * it free for microseconds only. */
static void take_breath(struct sqlite_store *s)
{
    if (time_monotonic_us() - s->breath_us < BREATH_EVERY_US)
        return;
    usleep(BREATH_US);
    s->breath_us = time_monotonic_us();
}

static void *writer_main(void *arg)
{
    struct sqlite_store *s = arg;
    struct bulk_job *bulk;
    while (wait_for_work(s, &bulk)) {
        const int64_t from_us = time_monotonic_us();
        if (bulk != NULL) {
            take_breath(s);
            commit_slice(s, bulk);
        } else {
            commit_works(s);
        }
        checkpointer_finish(s);
        checkpointer_make_room(s);
        atomic_fetch_add(&s->busy_us, time_monotonic_us() - from_us);
    }
    return NULL;
}

static int on_commit(void *arg, sqlite3 *handle, const char *schema, int wal_pages)
{
    (void)handle;
    (void)schema;
    checkpointer_note(arg, wal_pages, false);
    return SQLITE_OK;
}

int writer_start(struct sqlite_store *s, struct err *err)
{
    pthread_mutex_init(&s->lock, NULL);
    sync_cond_init(&s->wake);
    pthread_cond_init(&s->bulk_done, NULL);
    s->last = &s->first;
    arena_init(&s->scratch, 256 * KIB, 4 * MIB);
    sqlite3_wal_hook(s->writer.handle, on_commit, s);
    if (pthread_create(&s->writer_thread, NULL, writer_main, s) != 0)
        return err_set(err, ERR_NOMEM, "cannot start the writer thread");
    pthread_setname_np(s->writer_thread, "ls-writer");
    s->writer_runs = true;
    return 0;
}

void writer_stop(struct sqlite_store *s)
{
    if (!s->writer_runs)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->writer_thread, NULL);
    s->writer_runs = false;
    arena_release(&s->scratch);
}

void writer_submit(struct store *store, struct store_work *w)
{
    struct sqlite_store *s = sqlite_of(store);
    w->next = NULL;
    pthread_mutex_lock(&s->lock);
    *s->last = w;
    s->last = &w->next;
    atomic_fetch_add(&s->n_waiting, 1);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

int writer_slice(struct store *store, struct store_chunk *chunks, size_t n, struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct bulk_job job = { .chunks = chunks, .n = n, .err = err };
    pthread_mutex_lock(&s->lock);
    while (s->bulk != NULL) /* the engine has one committer, but nothing breaks with two */
        pthread_cond_wait(&s->bulk_done, &s->lock);
    s->bulk = &job;
    pthread_cond_signal(&s->wake);
    while (!job.done)
        pthread_cond_wait(&s->bulk_done, &s->lock);
    pthread_mutex_unlock(&s->lock);
    return job.rc;
}
