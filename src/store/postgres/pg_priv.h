/* SPDX-License-Identifier: MIT */
/*
 * pg_priv.h - what the files of the PostgreSQL store share, and nobody else sees.
 *
 * Connections: `works` belongs to the thread that runs units of work, `bulk` to whoever commits a
 * slice (one at a time), `beside` to the thread that does the next slice meanwhile, `keys` gives
 * key ranges in transactions of its own, `listener` waits for notifications and holds the lock of
 * the serving process; readers form a pool.
 *
 * A connection that breaks is made anew when it is next used. What its transaction was about is
 * repeated, unless it broke at COMMIT: then the database is asked whether that happened (tx.c).
 */
#ifndef STORE_POSTGRES_PG_PRIV_H
#define STORE_POSTGRES_PG_PRIV_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/sql/sql_priv.h"

/* Of PostgreSQL's catalogue. */
enum pg_type {
    PG_ANY = 0,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_TEXT = 25,
    PG_NUMERIC = 1700,
    PG_JSONB = 3802
};

/* Where new actions are announced, by the node that has queued them. */
#define ACTIONS_CHANNEL "longshore_actions"

struct pg_db;

struct pg_param {
    const char *p; /* NULL: null */
    bool in_small; /* it is in `small`, wherever the array has moved to since */
    int n;
    int format; /* 1: binary */
    enum pg_type type;
    bool touched;   /* a number that the text leaves out has no type by itself */
    char small[32]; /* a number */
};

struct pg_stmt {
    struct stmt base; /* first */
    struct pg_db *db;
    char *text;   /* with $1, $2 … */
    char name[8]; /* on the server; "": not prepared there */
    bool prepared;
    bool streams; /* fetched by a cursor */
    struct pg_param *params;
    int n_params, cap_params; /* n_params -1: there was no memory for one */
    uint64_t unused;          /* parameters that the text leaves out, as bits */

    PGresult *rows; /* NULL: not stepped */
    int at, n_rows;
    bool open;   /* the cursor is */
    char *owned; /* text of a condition */
};

/* Rows of new actions that wait for the end of their transaction: see enqueue.c. */
struct pg_pending {
    struct buf actions, inputs;
    size_t mark_actions, mark_inputs; /* where those of the unit of work that runs begin */
};

/* A connection. */
struct pg_db {
    struct db base; /* first */
    const struct pg_store *store;
    PGconn *conn;                  /* NULL: not connected */
    unsigned generation;           /* how often it has been connected */
    int slot;                      /* of its counters in `totals`, and of its commit mark */
    int64_t mark;                  /* of its transactions, counted; see tx.c */
    int pid, old_pid;              /* of the session, and of the one before */
    char start[40], old_start[40]; /* when they began: a pid may be given again */
    bool locks;                    /* it writes: rows that it reads to change them are locked */
    bool async;                    /* commits need not be on the disk */
    bool for_slices;               /* statements over thousands of rows, always the same ones */
    struct pg_stmt statements[STATEMENT_COUNT];
    struct pg_stmt dynamic;
    int64_t changes;
    bool in_tx;

    /* of the last failure */
    bool lost;     /* the connection is gone */
    bool bad_text; /* a value was no text of this encoding */
    bool again;    /* the transaction may be repeated: a deadlock, a serialization failure */

    bool announces; /* the transaction has new actions: others are woken by its COMMIT */
    struct pg_pending *pending; /* NULL: of another connection than that of units of work */

    /* savepoints of units of work, made when the first statement comes */
    bool wants_savepoint, has_savepoint;
};

/* What a slice is done with. */
struct pg_lane {
    struct pg_db db;
    struct store_tx tx;
    struct arena scratch;
    struct pg_bulk *fast;   /* see bulk.c; NULL: none yet */
    size_t until;           /* of the mapped rows: where its slice ends; 0: where it likes */
    struct pg_ahead *ahead; /* see ahead.c; NULL: none yet */
};

struct pg_listener;

struct pg_store {
    struct sql_store base; /* first */
    char *url;
    char *place; /* without a password */
    char *node;  /* lease_owner */
    bool serving;

    /* units of work */
    pthread_t writer_thread;
    bool writer_runs;
    pthread_mutex_t lock; /* of the queue below */
    pthread_cond_t wake;
    struct store_work *first, **last;
    bool stopping;
    struct pg_db works;
    struct store_tx works_tx;
    struct arena works_scratch;
    struct pg_pending pending;
    _Atomic int64_t interactive_us; /* when somebody wrote last who waits for it; 0: never */

    /* slices */
    pthread_mutex_t bulk_lock;
    struct pg_lane bulk;
    struct pg_lane beside; /* the next slice, meanwhile */
    /* Slices that are under way in threads of their own; NULL: none. All before the head is in; the
     * other one waits for the head, or for the slice that this call does. */
    struct pg_ahead *head, *after;

    /* wal.c */
    pthread_t nudger_thread;
    bool nudger_runs;
    pthread_mutex_t nudge_lock; /* of what follows */
    pthread_cond_t nudge_wake;
    unsigned loads;         /* under way; it is awake */
    int64_t nudge_until_us; /* and for so long */
    bool nudger_stops;

    /* keys */
    pthread_mutex_t keys_lock;
    struct pg_db keys;

    /* readers */
    pthread_mutex_t readers_lock;
    pthread_cond_t reader_free;
    struct pg_db *readers;
    bool *reader_taken;
    unsigned n_readers;

    /* listener.c */
    pthread_t listener_thread;
    bool listener_runs;
    struct pg_db listener;
    int stop_pipe[2];
    void (*on_wake)(void *arg);
    void *wake_arg;
    pthread_mutex_t wake_lock;

    _Atomic bool closing;
    _Atomic int64_t busy_us, commit_us, commits;
};

static inline struct pg_store *pg_of(struct store *s)
{
    return (struct pg_store *)(void *)s;
}

static inline struct pg_store *pg_of_sql(struct sql_store *s)
{
    return (struct pg_store *)(void *)s;
}

static inline struct pg_db *pg_db_of(struct db *db)
{
    return (struct pg_db *)(void *)db;
}

/* ---- db.c ---- */

extern const struct db_driver pg_driver;

void pg_db_init(struct pg_db *db, const struct pg_store *s, int slot);
/* Connects, or connects again. Nothing happens to one that lives. */
int pg_db_connect(struct pg_db *db, struct err *err) MUST_CHECK;
void pg_db_disconnect(struct pg_db *db);
void pg_db_release(struct pg_db *db);

/* Looks whether the server has closed an idle connection; drops it then. */
void pg_db_look(struct pg_db *db);

/* A simple command (or several), without parameters or rows. */
int pg_exec(struct pg_db *db, const char *sql, struct err *err) MUST_CHECK;
/* The first column of its first row, as text, in out; "" for none or NULL. */
int pg_query_text(struct pg_db *db, const char *sql, char *out, size_t n,
                  struct err *err) MUST_CHECK;
/* Our error from what the connection or the result says; sets db->lost and db->again. */
int pg_error(struct pg_db *db, const PGresult *r, const char *what, struct err *err);

/* Rows of a COPY could not be sent. That is the connection's end, also where libpq does not say so:
 * a server that goes down may have ended the COPY before the connection. */
int pg_send_error(struct pg_db *db, const char *what, struct err *err);

/* An array as it is sent; the server knows its type. */
void pg_bind_array(struct stmt *st, int at, struct str array);

/* ---- tx.c ---- */

int pg_begin(struct pg_db *db, struct err *err) MUST_CHECK;
void pg_rollback(struct pg_db *db);
/* ERR_BUSY with db->again: it has not been committed, and may be repeated. When the connection
 * breaks meanwhile, waits until the database can tell. */
int pg_commit(struct pg_db *db, struct err *err) MUST_CHECK;
/* Repeats are worth it: a little later each time. False when there were enough, or at the end. */
bool pg_try_again(struct pg_db *db, unsigned *tries);

/* ---- schema.c ---- */

/* The versions found and made go to *out. */
int pg_schema_migrate(struct pg_db *db, struct store_base *out, struct err *err) MUST_CHECK;
int pg_refuse_pooler(struct pg_store *s, struct pg_db *db, struct err *err) MUST_CHECK;

/* ---- writer.c ---- */

int pg_writer_start(struct pg_store *s, struct err *err) MUST_CHECK;
void pg_writer_stop(struct pg_store *s);
void pg_submit(struct store *s, struct store_work *w);
int pg_slice_commit(struct store *s, struct store_chunk *chunks, size_t n, struct err *err);
void pg_slices_leave(struct store *s);
bool pg_wants_room(struct sql_store *s, size_t rows, int64_t elapsed_us);
void pg_tx_begin(struct pg_store *s, struct store_tx *tx, struct pg_db *db, struct arena *scratch);
int pg_tx_commit(struct store_tx *tx, struct pg_db *db, struct err *err) MUST_CHECK;

/* ---- enqueue.c ---- */

void pg_pending_init(struct pg_pending *p);
void pg_pending_release(struct pg_pending *p);
void pg_pending_reset(struct pg_pending *p); /* a transaction begins */
void pg_pending_mark(struct pg_pending *p);  /* a unit of work begins */
void pg_pending_undo(struct pg_pending *p);  /* it has failed */
/* Writes them; `only_earlier`: those of units before the one that runs. */
int pg_pending_flush(struct pg_db *db, bool only_earlier, struct err *err) MUST_CHECK;
/* Whether they should be written before the next unit of work. */
bool pg_pending_is_enough(const struct pg_pending *p);
int pg_action_put(struct store_tx *tx, const struct action *ac, struct err *err);

/* ---- bulk.c ---- */

/* Before the transaction: connected, with the temporary tables of slices of such a chunk. */
int pg_bulk_prepare(struct pg_lane *lane, const struct store_chunk *c, struct err *err) MUST_CHECK;
/* A slice of a chunk by sets of rows, in a transaction that is open. */
int pg_bulk_slice(struct pg_store *s, struct pg_lane *lane, struct store_chunk *c,
                  struct err *err) MUST_CHECK;
void pg_bulk_free(struct pg_lane *lane);

/* ---- ahead.c ---- */

/* A slice of new rows begins, in its transaction, and has the locks of slices: the rows that are
 * left of the chunk are shared with another connection, if that is worth it; s->bulk.until says
 * where the slice ends then. */
void pg_ahead_start(struct pg_store *s, struct store_chunk *c);
/* That slice goes another way: what is behind it is not to be. It is not waited for while a
 * transaction is open here, which it may be waiting for in turn. */
void pg_ahead_call_off(struct pg_store *s);
/* How that slice has ended: 0, it is committed, and what is behind it may be. */
void pg_ahead_first_done(struct pg_store *s, const struct store_chunk *c, int rc);
/* The slice that this chunk goes on with is under way: waits until it is in, and counts it in the
 * chunk; what comes behind it begins meanwhile. False: it is not, or has been given up. */
bool pg_ahead_take(struct pg_store *s, struct store_chunk *c);
/* Gives up whatever is under way. The head may be in all the same: its chunk is not to be gone on
 * with. */
void pg_ahead_drop(struct pg_store *s);
void pg_ahead_free(struct pg_lane *lane);

/* For the slice. Whether it is ahead, and one whose rows need not be sent any more. */
bool pg_is_ahead(const struct pg_lane *lane);
bool pg_ahead_is_off(const struct pg_lane *lane);
/* It has the locks of slices. */
void pg_ahead_begun(struct pg_lane *lane);
/* Before its end is written: if it is ahead, waits until the slice before it is in, and takes over
 * the outcomes of its chunk. -1: it is not wanted. */
int pg_ahead_turn(struct pg_lane *lane, struct store_chunk *own, struct err *err) MUST_CHECK;

/* ---- wal.c ---- */

int pg_nudger_start(struct pg_store *s, struct err *err) MUST_CHECK;
void pg_nudger_stop(struct pg_store *s);
/* Around whatever writes a lot. */
void pg_load_begins(struct pg_store *s);
void pg_load_ends(struct pg_store *s);

/* ---- batch.c ---- */

/* Of n chunks that are whole small actions of one queue, the first ones as one set, in a
 * transaction that is open; *n tells how many they are. 0: they have to go one by one. */
int pg_batch_slice(struct pg_store *s, struct store_chunk *chunks, size_t *n,
                   struct err *err) MUST_CHECK;

/* ---- metadata.c ---- */

/* Metadata as jsonb prints it, compact. */
int pg_canonical(struct str *metadata, struct arena *a, struct err *err) MUST_CHECK;
/* No number in it has more digits, or a larger exponent, than we let unfold. */
bool pg_fits(struct str metadata);

/* ---- metadata_update.c ---- */

/* What one statement has merged, of the vouchers that were shown to it. */
struct pg_merging {
    struct buf codes; /* an array, as it is sent */
    uint32_t *asked;  /* which voucher each of its elements is */
    uint32_t n_asked;
    unsigned char *merged; /* by voucher: 1, it is done, and was changed */
    size_t cap, n_merged;
    bool promises; /* most rows of the last slice were changed: worth asking */
};

void pg_merging_init(struct pg_merging *m);
void pg_merging_release(struct pg_merging *m);
/* Of these n vouchers, sorted by code, merges those that give nothing but the metadata of the first
 * one, as far as the stored rows need nothing else. For an applier that no earlier action can
 * overlap. */
int pg_metadata_update(struct pg_db *db, struct voucher_applier *ap, struct pg_merging *m,
                       struct voucher *const *vouchers, size_t n, struct err *err) MUST_CHECK;

/* ---- inputs.c ---- (as store.h has them) */

int pg_input_put(struct store *s, struct str name, const struct input_source *from,
                 struct err *err);
int pg_input_find(struct store *s, struct str name, bool *found, struct err *err);
int pg_input_read(struct store *s, struct str name, int64_t at, void *out, size_t n, size_t *got,
                  struct err *err);
int pg_input_remove(struct store *s, struct str name, struct err *err);

/* ---- copy_in.c ---- (as struct sql_backend has them) */

int pg_rows_put(struct db *db, const struct copy_rows *rows, struct err *err);
int pg_project_id_used(struct db *db, int64_t id, struct err *err);

/* ---- listener.c ---- */

int pg_listener_start(struct pg_store *s, struct err *err) MUST_CHECK;
void pg_listener_stop(struct pg_store *s);
void pg_listen(struct store *s, void (*on_wake)(void *arg), void *arg);

#endif
