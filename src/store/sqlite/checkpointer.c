/* SPDX-License-Identifier: MIT */
/*
 * checkpointer.c - copies the log back into the database, beside the writer.
 *
 * The log is left to grow while an import runs (each page of the code index is written once per
 * chunk instead of once per commit) and copied back when the store is idle, or when it is large. A
 * passive checkpoint never holds up the writer. Measured in the design: checkpointing every 1,000
 * pages, SQLite's default, halves the rate.
 *
 * Many small commits are another matter: a commit that makes the file longer waits for the file
 * system's journal as well, ten times as long as one that writes into the file as it is. So while
 * commits are small, zeros are written ahead of the log, 4 MiB at a time, and the log is begun anew
 * when it has 48 MiB: then it is written over itself. (Zeros behind the log are no frames to
 * SQLite: their checksum is wrong.)
 */
#include "base/log.h"
#include "store/sqlite/sqlite_priv.h"

#define WAL_LARGE_BYTES     ((int64_t)(512 * MIB)) /* then copy back although the store is busy */
#define BACKLOG_UNKNOWN     -1
#define BACKLOG_SMALL_BYTES ((int64_t)(128 * MIB))
#define COMMIT_SMALL_BYTES  ((int64_t)(512 * KIB))
#define WAL_SMALL_BYTES     ((int64_t)(48 * MIB)) /* large enough, while commits are small */
#define WAL_SMALL_COMMITS   64                    /* fewer may be anything */
#define WAL_AHEAD_BYTES     ((int64_t)(1 * MIB))
#define WAL_ZEROS_BYTES     ((int64_t)(4 * MIB))
#define WAL_IDLE_BYTES      ((int64_t)(1 * MIB)) /* not worth waking up for less */

/* Copies what can be copied; what is left in the log goes to s->wal_backlog. */
static void run_checkpoint(struct sqlite_store *s, sqlite3 *handle)
{
    int log_pages = 0, copied = 0;
    atomic_store(&s->wal_backlog, BACKLOG_UNKNOWN);
    const int rc =
        sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &log_pages, &copied);
    if (rc == SQLITE_OK) {
        atomic_fetch_add(&s->checkpoints, 1);
        atomic_store(&s->wal_backlog, (log_pages - copied) * s->page_bytes);
        if (copied == log_pages)
            atomic_store(&s->wal_bytes, 0);
    } else if (rc != SQLITE_BUSY) {
        log_event(LOG_WARN, "checkpoint_failed", LOG_STR("error", sqlite3_errmsg(handle)),
                  LOG_INT("code", rc));
    }
}

/* Is the log made of small commits? */
static bool commits_are_small(const struct sqlite_store *s)
{
    return s->wal_commits >= WAL_SMALL_COMMITS &&
           atomic_load(&s->wal_bytes) / s->wal_commits < COMMIT_SMALL_BYTES;
}

static int64_t large_enough(const struct sqlite_store *s)
{
    return commits_are_small(s) ? WAL_SMALL_BYTES : WAL_LARGE_BYTES;
}

static int write_zeros(sqlite3_file *file, int64_t at)
{
    static const char zeros[256 * KIB];
    for (int64_t n = 0; n < WAL_ZEROS_BYTES; n += (int64_t)sizeof(zeros)) {
        const int rc = file->pMethods->xWrite(file, zeros, (int)sizeof(zeros), at + n);
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

void checkpointer_make_room(struct sqlite_store *s)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    const int64_t bytes = atomic_load(&s->wal_bytes);
    if (s->wal_no_room || !commits_are_small(s) || bytes >= WAL_SMALL_BYTES)
        return;
    if (sqlite3_file_control(s->writer.handle, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &file) !=
            SQLITE_OK ||
        file == NULL || file->pMethods == NULL ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return;
    if (size < bytes || bytes + WAL_AHEAD_BYTES <= size) /* unknown yet; or there is room */
        return;
    if (write_zeros(file, size) != SQLITE_OK)
        s->wal_no_room = true; /* it works without, only slower */
}

void checkpointer_finish(struct sqlite_store *s)
{
    const int64_t backlog = atomic_load(&s->wal_backlog);
    if (atomic_load(&s->wal_bytes) >= large_enough(s) && backlog != BACKLOG_UNKNOWN &&
        backlog <= BACKLOG_SMALL_BYTES)
        run_checkpoint(s, s->writer.handle);
}

static void *checkpointer_main(void *arg)
{
    struct sqlite_store *s = arg;
    pthread_mutex_lock(&s->checkpoint_lock);
    while (!s->checkpoint_stop) {
        if (!s->checkpoint_asked) {
            pthread_cond_wait(&s->checkpoint_wake, &s->checkpoint_lock);
            continue;
        }
        s->checkpoint_asked = false;
        pthread_mutex_unlock(&s->checkpoint_lock);
        run_checkpoint(s, s->checkpointer.handle);
        pthread_mutex_lock(&s->checkpoint_lock);
    }
    pthread_mutex_unlock(&s->checkpoint_lock);
    return NULL;
}

int checkpointer_start(struct sqlite_store *s, struct err *err)
{
    s->wal_backlog = BACKLOG_UNKNOWN;
    pthread_mutex_init(&s->checkpoint_lock, NULL);
    pthread_cond_init(&s->checkpoint_wake, NULL);
    if (db_open(&s->checkpointer, s->path, DB_READER, 1 * MIB, err) < 0)
        return -1;
    if (pthread_create(&s->checkpointer_thread, NULL, checkpointer_main, s) != 0)
        return err_set(err, ERR_NOMEM, "cannot start the checkpointer thread");
    pthread_setname_np(s->checkpointer_thread, "ls-checkpoint");
    s->checkpointer_runs = true;
    return 0;
}

void checkpointer_stop(struct sqlite_store *s)
{
    if (s->checkpointer_runs) {
        pthread_mutex_lock(&s->checkpoint_lock);
        s->checkpoint_stop = true;
        pthread_cond_signal(&s->checkpoint_wake);
        pthread_mutex_unlock(&s->checkpoint_lock);
        pthread_join(s->checkpointer_thread, NULL);
        s->checkpointer_runs = false;
    }
    db_close(&s->checkpointer);
}

void checkpointer_note(struct sqlite_store *s, int64_t wal_pages, bool idle)
{
    if (wal_pages >= 0) {
        s->wal_commits = wal_pages <= s->wal_pages ? 1 : s->wal_commits + 1;
        s->wal_pages = wal_pages;
        atomic_store(&s->wal_bytes, wal_pages * s->page_bytes);
    }
    const int64_t bytes = atomic_load(&s->wal_bytes);
    if (bytes < (idle ? WAL_IDLE_BYTES : large_enough(s)))
        return;
    pthread_mutex_lock(&s->checkpoint_lock);
    s->checkpoint_asked = true;
    pthread_cond_signal(&s->checkpoint_wake);
    pthread_mutex_unlock(&s->checkpoint_lock);
}
