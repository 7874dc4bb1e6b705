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

#include "store/sql/sql_priv.h"

#define DB_KEPT 8

/* Statements of this store alone. */
#define SQLITE_STATEMENTS(X)                                                                       \
    X(MERGE_METADATA,                                                                              \
      "UPDATE vouchers SET metadata = merged_metadata(), version = ?3, updated_ms = ?4 "           \
      "WHERE project_id = ?1 AND code = ?2 "                                                       \
      "AND merges_metadata(metadata, version, binned_ms, recent)")

enum sqlite_statement {
#define X(name, sql) SQLITE_##name##_STATEMENT,
    SQLITE_STATEMENTS(X)
#undef X
        SQLITE_OWN_COUNT
};

struct sqlite_stmt {
    struct stmt base; /* first */
    sqlite3_stmt *raw;
};

/* A connection and its prepared statements. */
struct sqlite_db {
    struct db base; /* first */
    sqlite3 *handle;
    struct sqlite_stmt statements[STATEMENT_COUNT]; /* prepared when first used */
    struct sqlite_stmt own[SQLITE_OWN_COUNT];       /* those that PostgreSQL does not have */

    /* dynamic.c */
    struct sqlite_stmt kept[DB_KEPT]; /* statements that were put together lately */
    size_t next_kept;
    bool has_functions;
    int64_t until_us; /* 0: statements may take any time */
    bool too_slow;    /* the last one was ended for it */
};

enum db_mode { DB_WRITER, DB_READER };

struct bulk_job { /* a slice that the committer waits for */
    struct store_chunk *chunks;
    size_t n; /* more than one: a batch */
    struct err *err;
    int rc;
    bool done;
};

/* What the SQL functions of metadata_update.c work on. [w] */
struct merging {
    const struct voucher *change;
    struct arena *arena;
    int64_t seq;
    enum {
        MERGING_NOT_FOUND, /* there is no such voucher */
        MERGING_UNCHANGED,
        MERGING_UPDATED,
        MERGING_OTHERWISE, /* a row that is not as simple: by the general way */
        MERGING_TOO_LARGE,
        MERGING_FAILED
    } result;
    struct str text; /* MERGING_UPDATED: the new metadata */
    struct err err;  /* MERGING_FAILED */
};

struct sqlite_store {
    struct sql_store base; /* first */
    char *path;            /* resolved: two names of one file are one store */
    int64_t page_bytes;    /* of the database file */
    int lock_fd;           /* of PATH-serve.lock; -1: not serving */

    struct sqlite_db writer; /* [w] */
    struct store_tx tx;      /* [w] */
    struct arena scratch;    /* [w] of one slice */
    struct merging merging;  /* [w] */

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
    struct sqlite_db *readers;
    bool *reader_taken;
    unsigned n_readers;

    pthread_t checkpointer_thread;
    pthread_mutex_t checkpoint_lock;
    pthread_cond_t checkpoint_wake;
    struct sqlite_db checkpointer;
    bool checkpointer_runs, checkpoint_stop, checkpoint_asked;
    _Atomic int64_t wal_bytes;   /* in the log */
    int64_t wal_commits;         /* [w] since it began anew */
    int64_t wal_pages;           /* [w] after the last commit */
    bool wal_no_room;            /* [w] the disk would not take zeros behind it */
    _Atomic int64_t wal_backlog; /* of them not copied back by the last checkpoint; -1: not known */

    _Atomic int64_t busy_us, commit_us, commits, checkpoints;
};

/* ---- db.c ---- */

extern const struct db_driver sqlite_driver;

int db_open(struct sqlite_db *db, const char *path, enum db_mode mode, size_t cache_bytes,
            struct err *err) MUST_CHECK;
void db_close(struct sqlite_db *db);
int db_exec(struct sqlite_db *db, const char *sql, struct err *err) MUST_CHECK;

/* One of this store's own statements, as db_statement(). */
struct stmt *db_own_statement(struct sqlite_db *db, enum sqlite_statement which,
                              struct err *err) MUST_CHECK;

/* The number that a PRAGMA answers; *out stays when it answers nothing. */
int db_pragma(struct sqlite_db *db, const char *sql, int64_t *out, struct err *err) MUST_CHECK;

/* Our error from SQLite's; `what` was being done. */
int db_error(struct sqlite_db *db, int rc, const char *what, struct err *err);

/* ---- dynamic.c ---- */

struct stmt *dynamic_prepare(struct db *db, const char *text, bool streams, struct err *err);
void dynamic_done(struct stmt *st);
void dynamic_put_condition(struct stmt *st, int at, const struct filter_condition *c);
void dynamic_put_json_match(struct sql *q, const struct filter_condition *c,
                            const char *expression);
int dynamic_limit_time(struct db *db, int64_t until_us, struct err *err);

/* Lets go of a connection's statements, before it is closed. */
void dynamic_forget(struct sqlite_db *db);

/* ---- schema.c ---- */

/* The versions found and made go to *out. */
int schema_migrate(struct sqlite_db *db, struct store_base *out, struct err *err) MUST_CHECK;

/* ---- writer.c ---- */

int writer_start(struct sqlite_store *s, struct err *err) MUST_CHECK;
void writer_stop(struct sqlite_store *s);
void writer_submit(struct store *s, struct store_work *w);
int writer_slice(struct store *s, struct store_chunk *chunks, size_t n, struct err *err);

/* As struct sql_backend has it. */
bool writer_wants_room(struct sql_store *s, size_t rows, int64_t elapsed_us);

/* ---- checkpointer.c ---- */

int checkpointer_start(struct sqlite_store *s, struct err *err) MUST_CHECK;
void checkpointer_stop(struct sqlite_store *s);
void checkpointer_note(struct sqlite_store *s, int64_t wal_pages,
                       bool idle); /* after a commit, or when idle */

/* Called by the writer between transactions: makes room in the log's file while commits are small.
 */
void checkpointer_make_room(struct sqlite_store *s);

/* Called by the writer between transactions: ends what the checkpointer has nearly done. */
void checkpointer_finish(struct sqlite_store *s);

/* ---- metadata_update.c ---- */

int metadata_functions_add(struct sqlite_store *s, struct err *err) MUST_CHECK;

/* As struct sql_backend has it. */
int metadata_update(struct voucher_applier *ap, const struct voucher *v, struct applied *out,
                    struct err *err) MUST_CHECK;

static inline struct sqlite_store *sqlite_of(struct store *s)
{
    return (struct sqlite_store *)(void *)s;
}

static inline struct sqlite_db *sqlite_db_of(struct db *db)
{
    return (struct sqlite_db *)(void *)db;
}

#endif
