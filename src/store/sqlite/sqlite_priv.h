/* SPDX-License-Identifier: MIT */
/*
 * sqlite_priv.h - what the files of the SQLite store share, and nobody else sees.
 *
 * Threads: one writer owns the write connection and everything marked [w]; any thread may read
 * through the pool of readers; a checkpointer copies the log back into the database beside the
 * writer.
 */
#ifndef STORE_SQLITE_SQLITE_PRIV_H
#define STORE_SQLITE_SQLITE_PRIV_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "store/sqlite/statements.h"
#include "store/store.h"

/* A connection and its prepared statements. */
struct db {
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared when first used */
};

enum db_mode { DB_WRITER, DB_READER };

#define VOUCHER_KEY_BITS 40 /* of a voucher's key; the bits above are the project */

/* State of the open write transaction. [w] */
struct store_tx {
    struct store_tx_base base; /* first */
    struct sqlite_store *store;
    int64_t next_seq; /* 0: not read in this transaction */
    int64_t next_seq_stored;
    bool broken;    /* the whole transaction is, or will be, rolled back */
    struct err why; /* while broken */
};

struct bulk_job { /* a slice that the committer waits for */
    struct store_chunk *chunk;
    struct err *err;
    int rc;
    bool done;
};

struct sqlite_store {
    struct store_base base; /* first */
    char *path;             /* resolved: two names of one file are one store */
    int64_t page_bytes;     /* of the database file */
    int lock_fd;            /* of PATH-serve.lock; -1: not serving */

    struct db writer;     /* [w] */
    struct store_tx tx;   /* [w] */
    struct arena scratch; /* [w] of one slice */

    pthread_t writer_thread;
    pthread_mutex_t lock; /* of the queue below */
    pthread_cond_t wake;  /* the writer: there is work */
    pthread_cond_t bulk_done;
    struct store_work *first, **last;
    struct bulk_job *bulk;
    bool stopping;
    bool writer_runs;
    atomic_size_t n_waiting; /* units of work in the queue; a slice ends early when there are any */
    int64_t interactive_us;  /* [w] when somebody wrote last who waits for it; 0: never */
    int64_t breath_us;       /* [w] when other processes had a chance last */
    double commit_us_per_row; /* [w] running estimate, so that a slice can foresee its commit */

    pthread_mutex_t readers_lock;
    pthread_cond_t reader_free;
    struct db *readers;
    bool *reader_taken;
    unsigned n_readers;

    pthread_t checkpointer_thread;
    pthread_mutex_t checkpoint_lock;
    pthread_cond_t checkpoint_wake;
    struct db checkpointer;
    bool checkpointer_runs, checkpoint_stop, checkpoint_asked;
    _Atomic int64_t wal_bytes;   /* in the log */
    _Atomic int64_t wal_backlog; /* of them not copied back by the last checkpoint; -1: not known */

    _Atomic int64_t busy_us, commit_us, commits, checkpoints;
};

/* ---- db.c ---- */

int db_open(struct db *db, const char *path, enum db_mode mode, size_t cache_bytes,
            struct err *err) MUST_CHECK;
void db_close(struct db *db);
int db_exec(struct db *db, const char *sql, struct err *err) MUST_CHECK;

/* The prepared statement, reset, bindings as they were; NULL with err. */
sqlite3_stmt *db_statement(struct db *db, enum statement st, struct err *err) MUST_CHECK;

/* 1: a row, 0: done, -1: failed (the statement is reset). */
int db_step(struct db *db, sqlite3_stmt *st, struct err *err) MUST_CHECK;

/* Steps a statement that returns no row, and resets it. */
int db_run(struct db *db, sqlite3_stmt *st, struct err *err) MUST_CHECK;
int db_run_plain(struct db *db, enum statement st,
                 struct err *err) MUST_CHECK; /* without bindings */

/* The number that a PRAGMA answers; *out stays when it answers nothing. */
int db_pragma(struct db *db, const char *sql, int64_t *out, struct err *err) MUST_CHECK;

/* Our error from SQLite's; `what` was being done. */
int db_error(struct db *db, int rc, const char *what, struct err *err);

void bind_str(sqlite3_stmt *st, int at,
              struct str s); /* {NULL,0}: NULL; the text must outlive the step */
struct str column_str(sqlite3_stmt *st, int at); /* valid until the next step or reset */

/* Behind the reading of a row's columns: a text or blob that SQLite found no memory for reads as
 * NULL, which would be taken for "none". -1: ERR_NOMEM. */
int row_check(sqlite3_stmt *st, struct err *err) MUST_CHECK;

/* ---- schema.c ---- */

int schema_migrate(struct db *db, struct err *err) MUST_CHECK;
int schema_read_secret(struct db *db, struct id_secret *out, struct err *err) MUST_CHECK;

/* ---- readers (sqlite.c) ---- */

struct db *reader_take(struct sqlite_store *s);
void reader_give(struct sqlite_store *s, struct db *db);

/* ---- writer.c ---- */

int writer_start(struct sqlite_store *s, struct err *err) MUST_CHECK;
void writer_stop(struct sqlite_store *s);
void writer_submit(struct store *s, struct store_work *w);
int writer_slice(struct store *s, struct store_chunk *c, struct err *err);

/* The next sequence number, inside the transaction. */
int tx_next_seq(struct store_tx *tx, int64_t *out, struct err *err) MUST_CHECK;
int sequence_get(struct db *db, int64_t project_id, const char *name, int64_t *next,
                 struct err *err) MUST_CHECK;
int sequence_set(struct db *db, int64_t project_id, const char *name, int64_t next,
                 struct err *err) MUST_CHECK;

/* Should the slice end after so many rows in so many microseconds? */
bool writer_wants_room(struct sqlite_store *s, size_t rows, int64_t elapsed_us);

/* ---- checkpointer.c ---- */

int checkpointer_start(struct sqlite_store *s, struct err *err) MUST_CHECK;
void checkpointer_stop(struct sqlite_store *s);
void checkpointer_note(struct sqlite_store *s, int64_t wal_pages,
                       bool idle); /* after a commit, or when idle */

/* Called by the writer between transactions: ends what the checkpointer has nearly done. */
void checkpointer_finish(struct sqlite_store *s);

/* ---- slice.c ---- */

/* Applies rows of the chunk until it is done or the writer wants room; inside a transaction.
 * *reached is the new slice_done. Outcomes of the rows are put into the chunk; counts into
 * `counts`. */
int slice_run(struct sqlite_store *s, struct store_chunk *c, size_t *reached,
              int64_t counts[OUTCOME_COUNT], struct err *err) MUST_CHECK;
void slice_undo(struct store_chunk *c, size_t reached); /* the transaction failed */
void slice_done(struct store_chunk *c, size_t reached,
                const int64_t counts[OUTCOME_COUNT]); /* it is in */

/* ---- vouchers.c ---- */

/* One writer of vouchers of one project within one transaction. */
struct voucher_applier {
    struct sqlite_store *store;
    struct db *db;
    struct arena *arena; /* of one row at a time: reset for each that is merged */
    int64_t project_id;
    int64_t seq; /* who writes */
    int64_t now_ms;
    bool create_only; /* an existing code fails */
    bool stamp; /* an earlier action is unfinished: mark unchanged rows too, or it would win */
    bool expect_existing; /* the last row was there: look first, insert second */
    int64_t next_key, first_key;
    const sqlite3_stmt
        *bound;  /* the insert that has what all rows share; a statement keeps its bindings */
    bool append; /* the table ends with our last key: SQLite finds the next one fastest itself */
    int64_t created;
};

int applier_begin(struct voucher_applier *ap, struct err *err) MUST_CHECK;
int applier_apply(struct voucher_applier *ap, struct voucher *v, enum outcome *out,
                  struct str *reason, struct err *err) MUST_CHECK;
int applier_end(struct voucher_applier *ap,
                struct err *err) MUST_CHECK; /* stores key sequence and total */

int vouchers_tx_write(struct store_tx *tx, struct voucher_write *w, struct err *err);
int vouchers_find(struct store *s, struct arena *a, int64_t project_id, struct str code_or_id,
                  struct voucher **out, struct err *err);
int vouchers_list(struct store *s, struct arena *a, int64_t project_id,
                  const struct voucher_page *page, struct voucher **out, size_t *n, int64_t *total,
                  bool *more, struct err *err);

/* ---- projects.c, actions.c ---- */

int projects_tx_insert(struct store_tx *tx, struct project *p, struct err *err);
int projects_find(struct store *s, struct arena *a, struct str app_id, struct project **out,
                  struct err *err);

int actions_tx_insert(struct store_tx *tx, struct action *ac, struct err *err);
int actions_tx_claim(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err);
int actions_find(struct store *s, struct arena *a, int64_t project_id, struct str id,
                 struct action **out, struct err *err);
int actions_list(struct store *s, struct arena *a, int64_t project_id,
                 const struct action_page *page, struct action **out, size_t *n, bool *more,
                 struct err *err);
int actions_list_unfinished(struct store *s, struct arena *a, struct action **out, size_t *n,
                            struct err *err);
int actions_list_inputs(struct store *s, struct arena *a, struct str **out, size_t *n,
                        struct err *err);
int actions_list_failures(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                          int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                          struct err *err);
int actions_find_outcomes(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                          int64_t chunk_no, struct outcome_blob **out, struct err *err);

static inline struct sqlite_store *sqlite_of(struct store *s)
{
    return (struct sqlite_store *)(void *)s;
}

#endif
