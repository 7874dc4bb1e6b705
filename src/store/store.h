/* SPDX-License-Identifier: MIT */
/*
 * store.h - the contract of a store, and the data model.
 *
 * A store keeps projects, actions and promotion data. It speaks in batches: a change to vouchers is
 * a slice of sorted rows in, an outcome per row out, and a single REST write is a slice of one. The
 * rows of a slice, its failures, the action's counters and its checkpoint commit in one transaction
 * or not at all: that is what makes a killed process go on exactly where it was.
 *
 * Writing goes through two doors only:
 *   store_submit()       small units of work (a new action, one voucher), grouped: many share one
 *                        durable commit. Asynchronous: a handler never waits in an event thread.
 *   store_slice_commit() a slice of a chunk, called by the engine's committer, which waits.
 * Reading is synchronous, on a connection of the pool that no writer holds up; no read transaction
 * outlives its call.
 *
 * Texts that a find or list call returns live in the arena that the caller passed. "Absent" is
 * success with NULL. Errors besides those named: ERR_STORE, ERR_DISK_FULL, ERR_NOMEM, ERR_BUSY.
 *
 * The second backend (PostgreSQL) has the same calls; at the end of this file stands the SQL of the
 * five calls that are hardest there, so that the interface fits both.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "base/ids.h"
#include "base/mem.h"
#include "domain/outcome.h"
#include "domain/voucher.h"

struct store;    /* a backend's own struct; begins with struct store_base */
struct store_tx; /* an open write transaction, valid inside a unit of work */

/* ---- what is stored ---- */

/* Two key pairs of a project: hashes of the tokens, never the tokens. */
struct project {
    int64_t id;
    struct str public_id; /* proj_… */
    struct str name;
    struct str app_id;
    struct str management_id;
    unsigned char app_token_hash[ID_HASH_BYTES];
    unsigned char management_token_hash[ID_HASH_BYTES];
    int64_t created_ms;
};

/* Stored values: never renumber. */
enum action_status {
    ACTION_ENQUEUED,
    ACTION_IN_PROGRESS,
    ACTION_DONE,
    ACTION_FAILED,
    ACTION_STATUS_COUNT
};

struct action {
    /* given at the start, never changed */
    int64_t seq; /* key, and the order of everything: who wrote later wins */
    int64_t project_id;
    int kind;           /* enum action_kind, see actions/registry.h */
    int64_t created_ms; /* when it was accepted; also the action's frozen "now" */
    struct str request_id;
    struct str input; /* name of the spooled input; {NULL,0}: none */
    int64_t input_bytes;
    struct str params; /* JSON: all that decides an outcome, frozen (delimiter, column map, …) */

    /* moves with every slice, in its transaction */
    enum action_status status;
    int64_t updated_ms;
    int progress;        /* percent */
    int64_t chunk_start; /* first input byte of the chunk being applied */
    int64_t chunk_end;   /* first byte behind it; == chunk_start: none begun */
    int64_t chunk_row;   /* number of rows before the chunk */
    int64_t chunk_no;
    int64_t chunk_rows; /* rows of the chunk, so that a restart finds the same */
    int64_t slice_done; /* items of the chunk that are applied, see struct store_chunk */
    int64_t counts[OUTCOME_COUNT];
    struct str message; /* why a FAILED action failed */

    /* ownership: every commit carries the epoch it was leased with */
    int64_t lease_epoch;
};

/* Sum of all outcomes so far. */
int64_t action_rows(const struct action *ac);
bool action_is_finished(const struct action *ac);

/* ---- a chunk on its way into the store ---- */

enum { OUTCOMES_PER_BYTE = 2 }; /* four bits a row */

struct store_chunk {
    /* who */
    int64_t project_id;
    int64_t action_seq;
    int64_t lease_epoch;

    /* which part of the input; stored as the checkpoint */
    int64_t no;          /* 0, 1, 2 … */
    int64_t start, end;  /* input bytes */
    int64_t first_row;   /* rows before it */
    int64_t n_rows;      /* rows in it, failed ones included */
    int64_t input_bytes; /* for the progress */

    /* what */
    struct voucher **vouchers; /* rows that passed the domain, sorted stably by code */
    size_t n_vouchers;
    struct failure *failures; /* rows that did not, in row order */
    size_t n_failures;        /* items of the chunk: its failures, then its vouchers */

    /* how it ends: with the last slice, in its transaction. ACTION_IN_PROGRESS: more chunks follow.
     */
    enum action_status end_status;
    struct str end_message;

    /* state; moved only by a successful store_slice_commit */
    size_t slice_done;             /* items applied */
    unsigned char *outcomes;       /* packed, (n_rows + 1) / 2 bytes, by row; 0 = not reached */
    int64_t counts[OUTCOME_COUNT]; /* what the slices of this chunk have added so far */
    bool finished;                 /* the last slice is in */
};

void outcome_put(unsigned char *packed, size_t row, enum outcome o);
enum outcome outcome_get(const unsigned char *packed, size_t row);

/* ---- calls ---- */

struct store_config {
    size_t cache_bytes; /* page cache of the writer */
    bool serving;       /* this process will run actions: take the exclusive lock of the file */
    unsigned readers;   /* connections for reading */
};

/* A unit of work. run() is called inside a transaction, possibly together with others, and possibly
 * more than once (a serialization failure); what it returns -1 for is undone and reaches done() as
 * the error, without harm to its neighbours. done() is called after the commit is durable, from a
 * thread of the store, and must not block. */
struct store_work {
    int (*run)(struct store_tx *tx, void *arg, struct err *err);
    void (*done)(void *arg, int rc, const struct err *err);
    void *arg;
    bool interactive; /* a single write that somebody waits for, and probably more: slices are short
                         for a while */

    /* the store's, while queued */
    struct store_work *next;
    int rc;
    struct err err;
};

struct voucher_write {
    int64_t project_id;
    struct voucher *voucher; /* change in; after UPDATED/UNCHANGED/CREATED the stored voucher */
    enum { VOUCHER_CREATE_ONLY } mode;
    enum outcome outcome; /* FAILED: the code is taken */
};

struct action_page {
    int64_t before_ms;  /* only actions created before; INT64_MAX: all */
    int64_t before_seq; /* cursor: behind this action, in list order; INT64_MAX: from the newest */
    int64_t before_seq_ms; /* creation time of the cursor's action */
    int limit;
};

enum voucher_order {
    VOUCHER_NEWEST_FIRST,
    VOUCHER_OLDEST_FIRST,
    VOUCHER_BY_CODE,
    VOUCHER_BY_CODE_DESC
};

struct voucher_page {
    enum voucher_order order;
    int limit;
    int64_t offset;    /* of the API's page parameter */
    int64_t after_key; /* cursor (starting_after): the last voucher of the page before; 0: none */
    struct str after_code; /* its code, for the orders by code */
};

struct failure_row {
    int64_t row; /* from 1, as shown */
    struct str key;
    struct str reason;
};

struct outcome_blob {
    int64_t chunk_no;
    int64_t first_row; /* rows before the chunk */
    int64_t n_rows;
    const unsigned char *packed;
    int64_t start, end; /* input bytes of the chunk */
};

/* How the committer and the writer spend their time; for the bench. */
struct store_stats {
    int64_t busy_us;   /* inside transactions */
    int64_t commit_us; /* of it, in COMMIT (write and fsync of the log) */
    int64_t commits;
    int64_t checkpoints;
};

struct store_ops {
    const char *scheme; /* of the URL, before ':' */

    /* Opens, creates or migrates. ERR_BUSY when config.serving and another process serves this
     * store; ERR_STORE with a clear text when the schema is newer than this program. */
    int (*open)(const char *rest, const struct store_config *config, struct store **out,
                struct err *err);
    void (*close)(struct store *s); /* commits what is queued, then lets go */

    void (*submit)(struct store *s, struct store_work *w);

    /* inside a unit of work */
    int (*tx_project_insert)(struct store_tx *tx, struct project *p, struct err *err); /* sets id */
    int (*tx_action_insert)(struct store_tx *tx, struct action *ac, struct err *err); /* sets seq */
    int (*tx_action_claim)(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err);
    int (*tx_voucher_write)(struct store_tx *tx, struct voucher_write *w, struct err *err);

    int (*slice_commit)(struct store *s, struct store_chunk *c, struct err *err);

    int (*find_project)(struct store *s, struct arena *a, struct str app_id, struct project **out,
                        struct err *err);
    int (*find_action)(struct store *s, struct arena *a, int64_t project_id, struct str id,
                       struct action **out, struct err *err);
    int (*list_actions)(struct store *s, struct arena *a, int64_t project_id,
                        const struct action_page *page, struct action **out, size_t *n, bool *more,
                        struct err *err);
    int (*list_unfinished)(struct store *s, struct arena *a, struct action **out, size_t *n,
                           struct err *err);
    int (*list_inputs)(struct store *s, struct arena *a, struct str **out, size_t *n,
                       struct err *err);
    int (*find_voucher)(struct store *s, struct arena *a, int64_t project_id, struct str code_or_id,
                        struct voucher **out, struct err *err);
    int (*list_vouchers)(struct store *s, struct arena *a, int64_t project_id,
                         const struct voucher_page *page, struct voucher **out, size_t *n,
                         int64_t *total, bool *more, struct err *err);
    int (*list_failures)(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                         int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                         struct err *err);
    int (*find_outcomes)(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                         int64_t chunk_no, struct outcome_blob **out, struct err *err);
    int (*ping)(struct store *s, struct err *err);
    void (*stats)(struct store *s, struct store_stats *out);
};

/* What every backend's struct begins with. */
struct store_base {
    const struct store_ops *ops;
    struct id_secret secret; /* of this store; read when it is opened */
    const char *place;       /* see store_place; owned by the backend */
};

/* What every backend's transaction begins with. */
struct store_tx_base {
    struct store *store;
};

extern const struct store_ops store_sqlite;

/*
 * Opens `sqlite:PATH`. The file and its schema are made when missing, older schemas are migrated.
 * ERR_INVALID_PAYLOAD when the URL names no store; else see store_ops.open.
 */
int store_open(const char *url, const struct store_config *config, struct store **out,
               struct err *err) MUST_CHECK;
void store_close(struct store *s); /* NULL is fine */

const struct id_secret *store_secret(const struct store *s);

/* Where the store is, resolved: the path of the database file. What lies beside it is named after
 * it. */
const char *store_place(const struct store *s);

/* Queues the work; w must stay valid until done() has been called. done() is always called, once.
 */
void store_submit(struct store *s, struct store_work *w);

/* The same, and waits for the end. For the engine and the command line; never for an event thread.
 */
int store_work_wait(struct store *s, int (*run)(struct store_tx *, void *, struct err *), void *arg,
                    struct err *err) MUST_CHECK;

/* p->id is set. ERR_DUPLICATE when app_id or management_id is taken. */
int store_tx_project_insert(struct store_tx *tx, struct project *p, struct err *err) MUST_CHECK;

/* Takes the next sequence number and stores the action as ENQUEUED; ac->seq is set. */
int store_tx_action_insert(struct store_tx *tx, struct action *ac, struct err *err) MUST_CHECK;

/* Leases an unfinished action to the caller: IN_PROGRESS, a new epoch; *ac (the parts that move) is
 * read afresh. ERR_NOT_FOUND when it is finished or gone. */
int store_tx_action_claim(struct store_tx *tx, int64_t seq, struct action *ac,
                          struct err *err) MUST_CHECK;

/* One voucher, by the same code that applies a slice. */
int store_tx_voucher_write(struct store_tx *tx, struct voucher_write *w,
                           struct err *err) MUST_CHECK;

/*
 * Applies the next slice of the chunk and commits it with its outcomes, failures, counters and
 * checkpoint. How many rows that is, the store decides: all that are left while nobody else wants
 * to write, about 20 ms worth otherwise. Moves c->slice_done, c->outcomes, c->counts; sets
 * c->finished with the last one. When it fails nothing has moved, in memory or on disk, and the
 * call can be repeated. ERR_LEASE_LOST: another worker holds a newer epoch (drop the chunk).
 * ERR_DISK_FULL.
 */
int store_slice_commit(struct store *s, struct store_chunk *c, struct err *err) MUST_CHECK;

int store_find_project(struct store *s, struct arena *a, struct str app_id, struct project **out,
                       struct err *err) MUST_CHECK;
int store_find_action(struct store *s, struct arena *a, int64_t project_id, struct str id,
                      struct action **out, struct err *err) MUST_CHECK;
/* Newest first: (created_ms, seq) descending. *more: there are older ones. */
int store_list_actions(struct store *s, struct arena *a, int64_t project_id,
                       const struct action_page *page, struct action **out, size_t *n, bool *more,
                       struct err *err) MUST_CHECK;
/* Of all projects, oldest first: what the engine has to go on with. */
int store_list_unfinished(struct store *s, struct arena *a, struct action **out, size_t *n,
                          struct err *err) MUST_CHECK;
/* Names of all inputs that an action still has, finished or not; sorted by byte. */
int store_list_inputs(struct store *s, struct arena *a, struct str **out, size_t *n,
                      struct err *err) MUST_CHECK;
/* By public id first, then by code. */
int store_find_voucher(struct store *s, struct arena *a, int64_t project_id, struct str code_or_id,
                       struct voucher **out, struct err *err) MUST_CHECK;
/* *total comes from a counter and costs the same for 10 and for 10 million vouchers. */
int store_list_vouchers(struct store *s, struct arena *a, int64_t project_id,
                        const struct voucher_page *page, struct voucher **out, size_t *n,
                        int64_t *total, bool *more, struct err *err) MUST_CHECK;
/* In row order, rows above after_row (0: from the first). */
int store_list_failures(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                        int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                        struct err *err) MUST_CHECK;
/* The outcomes of one chunk; NULL when the action has not come that far. */
int store_find_outcomes(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                        int64_t chunk_no, struct outcome_blob **out, struct err *err) MUST_CHECK;
/* 0 when the store can be read and takes writes. */
int store_ping(struct store *s, struct err *err) MUST_CHECK;
void store_stats(struct store *s, struct store_stats *out);

/*
 * ---- The five hardest calls on PostgreSQL ----
 *
 * Tables are the same; keys are COLLATE "C"; times are bigint milliseconds; metadata is jsonb.
 *
 * 1. store_slice_commit, new rows. One round trip finds which codes exist; the others are copied.
 *
 *      BEGIN;
 *      SELECT code, id, version, … FROM vouchers
 *       WHERE project_id = $1 AND code = ANY($2::text[]);                   -- $2: the slice's
 * codes, sorted SELECT min(seq) FROM actions WHERE project_id = $1 AND status < 2;    -- unfinished
 * earlier ones? COPY vouchers (project_id, id, code, …) FROM STDIN (FORMAT binary);   -- ids from a
 * reserved range of
 *                                                                            -- vouchers_id_seq
 *    A unique violation by a racing writer: ROLLBACK and repeat the slice through staging:
 *
 *      CREATE TEMP TABLE IF NOT EXISTS stage (row int, code text COLLATE "C", …) ON COMMIT DELETE
 * ROWS; COPY stage FROM STDIN (FORMAT binary); INSERT INTO vouchers (…) SELECT … FROM stage ORDER
 * BY code ON CONFLICT (project_id, code) DO NOTHING RETURNING code;           -- those are CREATED
 *
 *    Existing rows, whose merged values C has computed (domain/voucher.c, the same as on SQLite):
 *
 *      UPDATE vouchers v SET active = s.active, …, version = $3, updated_ms = $4 FROM stage s
 *       WHERE v.project_id = $1 AND v.code = s.code AND v.version <= $3      -- later writers win
 *         AND v.version = s.seen_version RETURNING v.code;                    -- else: read again,
 * repeat
 *
 * 2. The end of every slice: outcomes, failures, checkpoint, and the lease, in the same
 * transaction.
 *
 *      INSERT INTO outcomes (project_id, action_seq, chunk_no, first_row, n_rows, chunk_start,
 * chunk_end, packed) VALUES (…) ON CONFLICT (project_id, action_seq, chunk_no) DO UPDATE SET packed
 * = EXCLUDED.packed; COPY failures FROM STDIN (FORMAT binary); UPDATE actions SET chunk_no = $3, …,
 * created = created + $9, …, lease_until = clock_timestamp() + $20 WHERE seq = $1 AND lease_epoch =
 * $2 AND status = 1;                   -- 0 rows: ERR_LEASE_LOST, ROLLBACK INSERT INTO totals
 * (project_id, resource, slot, n) VALUES ($1, 'voucher', $node, $n) ON CONFLICT (project_id,
 * resource, slot) DO UPDATE SET n = totals.n + EXCLUDED.n;  -- last, in slots COMMIT; Connection
 * lost at COMMIT: read (chunk_no, slice_done, lease_epoch) of the action before repeating; if they
 *    are what this slice would have written, it has committed.
 *
 * 3. store_tx_action_claim, by one of many nodes.
 *
 *      UPDATE actions SET status = 1, lease_owner = $1, lease_epoch = lease_epoch + 1,
 *             lease_until = clock_timestamp() + interval '15 s', updated_ms = $2
 *       WHERE seq = (SELECT seq FROM actions
 *                     WHERE status = 0 OR (status = 1 AND lease_until < clock_timestamp())
 *                     ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED)
 *      RETURNING …;
 *
 * 4. store_tx_action_insert, durable with its input, and awake at once.
 *
 *      INSERT INTO inputs (input_id, part_no, data) VALUES …;                 -- parts of 1 MiB,
 * before INSERT INTO actions (seq, project_id, kind, …) VALUES (nextval('action_seq'), …) RETURNING
 * seq; SELECT pg_notify('longshore_actions', $project);                      -- sent at COMMIT
 *    nextval order is not commit order: an ordered action waits for every smaller seq that may
 * still appear, which is `seq < pg_snapshot_xmin`-guarded by keeping xmin beside seq (column
 * born_xmin xid8).
 *
 * 5. store_list_vouchers with its total, no scan.
 *
 *      SELECT … FROM vouchers WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3;   --
 * cursor SELECT coalesce(sum(n), 0) FROM totals WHERE project_id = $1 AND resource = 'voucher';
 */

#endif
