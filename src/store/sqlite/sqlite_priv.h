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

#define DB_KEPT 8

/* A connection and its prepared statements. */
struct db {
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared when first used */

    /* filter_sql.c */
    sqlite3_stmt *kept[DB_KEPT]; /* statements that were put together lately */
    size_t next_kept;
    bool has_functions;
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
    struct store_base base; /* first */
    char *path;             /* resolved: two names of one file are one store */
    int64_t page_bytes;     /* of the database file */
    int lock_fd;            /* of PATH-serve.lock; -1: not serving */

    struct db writer;       /* [w] */
    struct store_tx tx;     /* [w] */
    struct arena scratch;   /* [w] of one slice */
    struct merging merging; /* [w] */

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
    int64_t wal_commits;         /* [w] since it began anew */
    int64_t wal_pages;           /* [w] after the last commit */
    bool wal_no_room;            /* [w] the disk would not take zeros behind it */
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

/* A statement with ?1 the project: the number in its first row's first column. *found: there is a
 * row and the number is not NULL. */
int db_number(struct db *db, enum statement st, int64_t project_id, bool *found, int64_t *out,
              struct err *err) MUST_CHECK;

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
int writer_slice(struct store *s, struct store_chunk *chunks, size_t n, struct err *err);

/* The next sequence number, inside the transaction. */
int tx_next_seq(struct store_tx *tx, int64_t *out, struct err *err) MUST_CHECK;
int sequence_get(struct db *db, int64_t project_id, const char *name, int64_t *next,
                 struct err *err) MUST_CHECK;
int sequence_set(struct db *db, int64_t project_id, const char *name, int64_t next,
                 struct err *err) MUST_CHECK;

/* Takes the next key of a table of the project: project_id * 2^40 + n, n by the sequence. */
int sequence_next_key(struct db *db, int64_t project_id, const char *name, int64_t *key,
                      struct err *err) MUST_CHECK;

/* Should the slice end after so many rows in so many microseconds? */
bool writer_wants_room(struct sqlite_store *s, size_t rows, int64_t elapsed_us);

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

/* ---- slice.c ---- */

/* Applies rows of the chunk from slice_done on, inside a transaction that began at from_us, until
 * it is done or (unless `whole`) the writer wants room. c->reached is how far it came; outcomes are
 * in the chunk, counts in c->adding. */
int slice_run(struct sqlite_store *s, struct store_chunk *c, bool whole, int64_t from_us,
              struct err *err) MUST_CHECK;
bool slice_is_last(const struct store_chunk *c); /* it came to the end of the chunk */
void slice_undo(struct store_chunk *c);          /* the transaction failed */
void slice_done(struct store_chunk *c);          /* it is in */

/* ---- vouchers.c ---- */

/* What became of a row. */
struct applied {
    enum outcome outcome;
    enum failure_kind kind; /* FAILED */
    struct str reason;      /* FAILED; in the applier's arena, or static */
};

/* Counters of one category, or tag, that wait to be written. */
struct category_count {
    int64_t category_id;
    struct str tag; /* in `tags` of the applier */
    int64_t n;
};
#define APPLIER_COUNTS 16

/* One writer of vouchers of one project within one transaction. */
struct voucher_applier {
    struct sqlite_store *store;
    struct db *db;
    struct arena *arena; /* of one row at a time: reset for each that is merged */
    int64_t project_id;
    int64_t seq; /* who writes */
    int64_t now_ms;
    enum apply_mode mode;
    bool dry_run; /* reads vouchers, writes dry_vouchers */
    bool alone;   /* known: no earlier action of the queue is unfinished */

    int64_t first_unfinished;    /* earlier than seq: INT64_MAX: none */
    bool expect_existing;        /* the last row was there: look first, insert second */
    bool has_categories;         /* the project has some: names may mean one */
    bool has_erased;             /* codes were erased that an earlier action may still bring */
    int64_t next_key, first_key; /* 0: not read yet */
    const sqlite3_stmt
        *bound;  /* the insert that has what all rows share; a statement keeps its bindings */
    bool append; /* the table ends with our last key: SQLite finds the next one fastest itself */
    int64_t created;
    struct category_count counts[APPLIER_COUNTS];
    size_t n_counts;
};

int applier_begin(struct voucher_applier *ap, struct err *err) MUST_CHECK;
int applier_apply(struct voucher_applier *ap, struct voucher *v, struct applied *out,
                  struct err *err) MUST_CHECK;
int applier_end(struct voucher_applier *ap,
                struct err *err) MUST_CHECK; /* stores key sequence and totals */

/* Writes what a merge of `given` has made of the stored row, if it has to be written: version, note
 * for earlier actions, time of change, the counters of categories. */
int applier_keep(struct voucher_applier *ap, const struct voucher *before, struct voucher *stored,
                 const struct voucher *given, enum outcome outcome, struct err *err) MUST_CHECK;

/* By public id first, then by code; NULL for none, or one in the bin. */
int voucher_find(struct db *db, const struct id_secret *secret, struct arena *a, int64_t project_id,
                 struct str code_or_id, struct voucher **out, struct err *err) MUST_CHECK;

/* A row of VOUCHER_COLUMNS. Texts point into the statement until its next step. */
int voucher_read_row(sqlite3_stmt *st, struct voucher *v, struct err *err) MUST_CHECK;
int voucher_copy_texts(struct voucher *v, struct arena *a, struct err *err) MUST_CHECK;

/* The keys of a project: project_id * 2^40 + n. */
static inline int64_t key_base(int64_t project_id)
{
    return project_id << VOUCHER_KEY_BITS;
}

int vouchers_find(struct store *s, struct arena *a, int64_t project_id, struct str code_or_id,
                  struct voucher **out, struct err *err);
int vouchers_list(struct store *s, struct arena *a, int64_t project_id,
                  const struct voucher_page *page, struct voucher **out, size_t *n, int64_t *total,
                  bool *more, struct err *err);
int vouchers_walk(struct store *s, struct arena *a, int64_t project_id, struct voucher_walk *w,
                  struct voucher **out, size_t *n, struct err *err);

/* ---- projects.c ---- */

int sqlite_tx_project_delete(struct store_tx *tx, struct str public_id, int64_t now_ms, int64_t *id,
                             struct err *err);
int sqlite_find_project(struct store *s, struct arena *a, struct str public_id,
                        struct project **out, struct err *err);
int sqlite_list_projects(struct store *s, struct arena *a, struct project **out, size_t *n,
                         struct err *err);

/* PROJECT_COLUMNS from this column on, copied into the arena; NULL with err. */
struct project *project_read(sqlite3_stmt *st, int first, struct arena *a,
                             struct err *err) MUST_CHECK;

/* ERR_UNAUTHORIZED when the project is deleted: nothing may be added to it any more, whatever a
 * request was allowed when it came. Inside a unit of work. */
int project_check(struct db *db, int64_t project_id, struct err *err) MUST_CHECK;

/* ---- purge.c ---- */

int sqlite_tx_project_purge(struct store_tx *tx, int64_t id, size_t budget, struct arena *a,
                            struct purged *out, struct err *err);

/* ---- keys.c ---- */

int sqlite_tx_key_insert(struct store_tx *tx, const struct project_key *k, struct err *err);
int sqlite_tx_key_delete(struct store_tx *tx, int64_t project_id, struct str app_id,
                         struct err *err);
int sqlite_find_key(struct store *s, struct arena *a, struct str app_id, struct project_key **key,
                    struct project **project, struct err *err);
int sqlite_list_keys(struct store *s, struct arena *a, int64_t project_id, struct project_key **out,
                     size_t *n, struct err *err);

/* ---- oauth.c ---- */

int sqlite_tx_oauth_insert(struct store_tx *tx, const struct oauth_token *t, size_t most,
                           struct err *err);
int sqlite_tx_oauth_delete(struct store_tx *tx, int64_t project_id, const unsigned char *hash,
                           bool *found, struct err *err);
int sqlite_find_oauth(struct store *s, struct arena *a, const unsigned char *hash,
                      struct oauth_token **token, struct project **project, struct err *err);

/* ---- idempotency.c ---- */

int sqlite_tx_idempotency_find(struct store_tx *tx, struct idempotency *i, int64_t now_ms,
                               bool *found, struct err *err);
int sqlite_tx_idempotency_put(struct store_tx *tx, const struct idempotency *i, struct err *err);

/* ---- categories.c ---- */

int sqlite_tx_category_write(struct store_tx *tx, struct category_write *w, struct err *err);
int sqlite_find_category(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                         struct category **out, struct err *err);
int sqlite_list_categories(struct store *s, struct arena *a, int64_t project_id,
                           struct category **out, size_t *n, struct err *err);

/* ---- bin.c ---- */

/* An entry for a resource that is hidden from now on. parent: key of its campaign or product; 0:
 * none. */
int bin_insert(struct store_tx *tx, int64_t project_id, enum resource_type type, int64_t key,
               struct str name, int64_t parent, int64_t now_ms, struct err *err) MUST_CHECK;

int sqlite_tx_bin_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                        struct err *err);
int sqlite_find_bin_entry(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                          struct bin_entry **out, struct err *err);
int sqlite_list_bin(struct store *s, struct arena *a, int64_t project_id, int64_t after_key,
                    bool newest_first, const struct filter *filter, size_t limit,
                    struct bin_entry **out, size_t *n, bool *more, struct err *err);

/* ---- exports.c ---- */

int sqlite_tx_export_insert(struct store_tx *tx, int64_t project_id, struct stored_export *e,
                            struct err *err);
int sqlite_tx_export_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                           struct err *err);
int sqlite_find_export(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                       struct stored_export **out, struct err *err);
int sqlite_list_exports(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                        bool newest_first, size_t limit, struct stored_export **out, size_t *n,
                        int64_t *total, struct err *err);

/* ---- portion.c ---- */

/* A unit of work that removes rows, and may still remove `left` of them. */
struct portion {
    struct db *db;
    struct arena *arena; /* of the names of inputs */
    struct purged *out;
    size_t inputs_cap;
    size_t left; /* 0: enough for now */
};

/* Clears *out. */
void portion_begin(struct portion *p, struct store_tx *tx, size_t budget, struct arena *a,
                   struct purged *out);
void portion_charge(struct portion *p, size_t cost);

/* How many rows of this cost may go; removing that many leaves nothing of the budget. */
int64_t portion_rows(const struct portion *p, size_t cost);

/* Runs a bound statement that removes rows of this cost, and counts them. */
int portion_run(struct portion *p, sqlite3_stmt *st, size_t cost, struct err *err) MUST_CHECK;

/* The name is copied into the arena. */
int portion_note_input(struct portion *p, struct str name, struct err *err) MUST_CHECK;

/* ---- retention.c ---- */

int sqlite_tx_retention(struct store_tx *tx, int64_t ended_before_ms, int64_t now_ms, size_t budget,
                        struct arena *a, struct purged *out, struct err *err);

/* ---- metadata_update.c ---- */

int metadata_functions_add(struct sqlite_store *s, struct err *err) MUST_CHECK;

/* Merges the metadata of one voucher by its code in one statement. 1: done, *out tells; 0: the
 * general way has to do it. Only where no earlier action is unfinished. */
int metadata_update(struct voucher_applier *ap, const struct voucher *v, struct applied *out,
                    struct err *err) MUST_CHECK;

/* ---- voucher_write.c ---- */

/* Removes a voucher with what hangs on it; its counters are the caller's. `seq`: who erases. */
int voucher_erase(struct db *db, int64_t project_id, int64_t key, struct str code, int64_t seq,
                  struct err *err) MUST_CHECK;

/* ---- recent.c ---- */

/* Notes in stored->recent that `seq` has given the fields of `given`; forgets what no unfinished
 * action can ask for. The text lives in the arena. */
int recent_note(struct voucher *stored, const struct voucher *given, int64_t seq,
                int64_t first_unfinished, struct arena *a, struct err *err) MUST_CHECK;

/* Takes from `change`, which `seq` wants to make, what writers after it have given. *left: whether
 * something remains. */
int recent_leaves(const struct voucher *stored, int64_t seq, struct voucher *change,
                  struct arena *a, bool *left, struct err *err) MUST_CHECK;

/* ---- erased.c ---- */

/* The voucher with this code is erased by `seq`: noted, if an earlier action is unfinished. */
int erased_note(struct db *db, int64_t project_id, struct str code, int64_t seq,
                struct err *err) MUST_CHECK;
/* Whether there are such notes in the project at all. */
int erased_any(struct db *db, int64_t project_id, bool *any, struct err *err) MUST_CHECK;
/* Whether one with this code was erased by somebody later than seq. */
int erased_after(struct db *db, int64_t project_id, struct str code, int64_t seq, bool *later,
                 struct err *err) MUST_CHECK;

/* ---- category_link.c ---- */

/* A given category name that a category of the project has becomes its key: category_id is set,
 * category is {NULL,0} then. Other names stay: they are tags. */
int category_link(struct db *db, int64_t project_id, struct voucher *v, struct err *err) MUST_CHECK;

/* ---- totals.c ---- */

/* Adds n (0: nothing to do; below 0: takes) to a counter of the project. */
int totals_add(struct db *db, int64_t project_id, struct str resource, int64_t n,
               struct err *err) MUST_CHECK;

/* Appends the name of the counter of the voucher's category or tag; nothing when it has none. */
void totals_category(const struct voucher *v, struct buf *b);

/* The counter of the voucher's category or tag, if it has one; the same with that of all. */
int totals_add_category(struct db *db, int64_t project_id, const struct voucher *v, int64_t n,
                        struct err *err) MUST_CHECK;
int totals_add_voucher(struct db *db, int64_t project_id, const struct voucher *v, int64_t n,
                       struct err *err) MUST_CHECK;

/* ---- voucher_write.c ---- */

int sqlite_tx_voucher_write(struct store_tx *tx, struct voucher_write *w, struct err *err);
int sqlite_list_transactions(struct store *s, struct arena *a, int64_t project_id,
                             int64_t voucher_key, int64_t after_key, bool newest_first,
                             size_t limit, struct transaction **out, size_t *n, bool *more,
                             struct err *err);

/* ---- projects.c, actions.c ---- */

int projects_tx_insert(struct store_tx *tx, struct project *p, struct err *err);

int actions_tx_insert(struct store_tx *tx, struct action *ac, struct err *err);
int actions_tx_claim(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err);
int actions_tx_cancel(struct store_tx *tx, int64_t project_id, int64_t seq, int64_t now_ms,
                      struct arena *a, struct action *ac, struct err *err);
int actions_find_outcomes_of_row(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                                 int64_t row, struct outcome_blob **out, struct err *err);

/* Rows of ACTION_COLUMNS (with `data` behind them, or not) into an array that grows in the arena:
 * at most `limit`, and until their data and parameters are more than max_bytes. */
int actions_read_rows(struct db *db, sqlite3_stmt *st, struct arena *a, size_t limit,
                      size_t max_bytes, struct action **out, size_t *n, bool *more,
                      struct err *err) MUST_CHECK;

/* ---- queue.c ---- */

int actions_list_queues(struct store *s, struct arena *a, struct queue_id **out, size_t *n,
                        struct err *err);
int actions_list_queue(struct store *s, struct arena *a, const struct queue_id *q,
                       int64_t after_seq, size_t limit, size_t max_bytes, struct action **out,
                       size_t *n, struct err *err);
int actions_first_unfinished(struct store *s, const struct queue_id *q, int64_t *seq,
                             struct err *err);
int actions_find_input(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                       struct str *out, struct err *err);

/* The same question on a connection; except_discipline -1: of all disciplines. */
int queue_first_unfinished(struct db *db, int64_t project_id, enum action_queue queue,
                           int except_discipline, int64_t *seq, struct err *err) MUST_CHECK;

int actions_find(struct store *s, struct arena *a, int64_t project_id, struct str id,
                 struct action **out, struct err *err);
int actions_list(struct store *s, struct arena *a, int64_t project_id,
                 const struct action_page *page, struct action **out, size_t *n, bool *more,
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
