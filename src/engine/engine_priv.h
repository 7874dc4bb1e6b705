/* SPDX-License-Identifier: MIT */
/*
 * engine_priv.h - what the files of the engine share.
 *
 * Actions wait in queues: of one project, one kind of resource, one discipline. A queue remembers
 * only how far it has looked into the store, so a million waiting actions cost no memory. Of a
 * shared queue a few are in memory as runs, and take turns; of an ordered one, the next few small
 * actions make a batch, or a large one makes a run.
 *
 * The preparer owns a run's reading side, the committer its writing side; what both touch is under
 * engine.lock.
 */
#ifndef ENGINE_ENGINE_PRIV_H
#define ENGINE_ENGINE_PRIV_H

#include <pthread.h>

#include "engine/engine.h"
#include "formats/csv.h"

#define CHUNK_BYTES_DEFAULT (8 * MIB)
/* A chunk ends here as well: tiny rows, or long headings repeated in every row's metadata, make
 * more of a file than its bytes. */
#define CHUNK_ROWS_MAX     81920
#define CHUNK_MEMORY_BYTES (20 * MIB)
#define ARENA_BLOCK_BYTES  (2 * MIB - 4 * KIB) /* and its head: one large page */
/* Of the first chunk after a start: a process killed every 150 ms still advances. */
#define CHUNK_ROWS_FIRST  1000
#define CHUNK_ROWS_GROWTH 16
/* One is committed, or two while a store works ahead, and one prepared meanwhile. */
#define CHUNK_SLOTS 2

/* Of one queue in memory. A shared queue with more unfinished actions takes up the next ones as
 * these end. */
#define QUEUE_RUNS_MAX 64
/* Small actions that are committed together. */
#define BATCH_ACTIONS 512
#define BATCH_BYTES   (512 * KIB)
/* While small actions stream in, each batch waits until this long after the one before: what is
 * committed together shares pages of the log, and the writer is there for those who send. */
#define BATCH_PAUSE_US 20000

struct queue;

struct run {
    struct run *next; /* of the queue's list */
    struct queue *queue;
    struct action ac; /* texts in `arena` */
    const struct action_kind *kind;
    struct arena arena;

    /* the preparer's */
    bool leased;
    bool taken_up; /* leased and plan read */
    struct action_plan plan;
    struct input *in; /* while a chunk is read from the spool */
    int64_t next_start, next_row, next_no;
    size_t rows_budget; /* of the next chunk */
    int64_t codes_end;  /* INPUT_CODES: places that are planned so far */
    int64_t retry_ms;   /* last pause after trouble; 0: none */
    int64_t queued_ms;

    /* under engine.lock */
    bool read_to_end; /* nothing more to prepare */
    bool dropped;     /* leased by another, or gone: its chunks are not committed */
    bool waits;       /* for what it has in flight: what comes next depends on it */
    int64_t created;  /* rows, of all that is committed */
    int64_t failed;
    unsigned in_flight;
    int64_t spent_us; /* for fairness */
    struct engine_progress progress;
    int64_t first_us, first_rows; /* of this process, for the rate */
    int64_t first_bytes;

    /* for the bench: where the threads spent their time on this action */
    int64_t prepare_us, prepare_wait_us, commit_us, commit_wait_us;
};

struct queue {
    struct queue *next;
    struct queue_id id;
    struct run *runs; /* oldest first */
    unsigned n_runs;
    int64_t last_seq;      /* actions up to here have been taken up */
    bool more;             /* the store may have some behind it */
    bool blocked;          /* ordered: an earlier action of another discipline has not ended */
    unsigned in_flight;    /* batches */
    int64_t not_before_us; /* its next batch waits until then; 0: need not */
    int64_t spent_us;      /* of its batches, for fairness */
    int64_t retry_ms;
};

/* A chunk's memory, or that of a batch of small chunks; reused for the next one. */
struct slot {
    bool taken;
    struct run *run;     /* whose chunk it is; NULL: a batch */
    struct queue *queue; /* whose batch it is; NULL: a run's chunk */
    bool ready;
    int64_t order; /* of preparing: committed in the same order */

    struct store_chunk *chunks;
    size_t n_chunks, cap_chunks;
    size_t n_rows, n_failures, n_outcomes; /* of all chunks, in the arrays below */

    char *window;
    size_t window_cap;
    struct arena arena; /* texts of the rows; a batch's actions */
    char *rows;         /* of row_bytes each: structs of one resource */
    size_t row_bytes;   /* 0: none yet */
    size_t cap_rows;    /* bytes */
    struct row_head **sorted;
    size_t cap_sorted;
    struct failure *failures;
    size_t cap_failures;
    unsigned char *outcomes;
    size_t cap_outcomes;
    struct sort_key *keys;
    size_t cap_keys;
};

struct project_time {
    int64_t project_id;
    int64_t spent_us;
};

struct engine {
    struct store *store;
    struct spool *spool;
    struct engine_config config;
    struct csv_reader csv; /* the preparer's */
    struct arena scratch;  /* the preparer's, of one record */

    pthread_t preparer, committer;
    bool preparer_runs, committer_runs;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* anything below */
    bool stopping;
    bool reload; /* a queue could not be remembered: ask the store which there are */
    struct queue *queues;
    struct project_time *projects;
    size_t n_projects, cap_projects;
    struct slot slots[CHUNK_SLOTS];
    const struct slot *committing; /* a run's */
    int64_t next_order;
};

/* ---- schedule.c ---- */

/* Whose turn it is. */
struct turn {
    struct queue *queue;
    struct run *run; /* NULL: the queue's: a batch, or taking up more of a shared queue */
};

/* False: nobody's, or (*wait_us > 0) not before so many microseconds. Call with the lock held. */
bool schedule_pick(struct engine *e, int64_t now_us, struct turn *out, int64_t *wait_us);

/* Books time spent on a turn, for it and its project. Call with the lock held. */
void schedule_charge(struct engine *e, const struct turn *turn, int64_t us);

/* A new run or queue starts level with the others, not with a credit for the time before it came.
 */
void schedule_admit_run(struct engine *e, struct run *run);
int schedule_admit_queue(struct engine *e, struct queue *q, struct err *err) MUST_CHECK;

/* ---- waiting.c ---- */

/* The queue, made when there is none. Call with the lock held. */
struct queue *queue_get(struct engine *e, const struct queue_id *id, struct err *err) MUST_CHECK;
struct run *run_find(struct engine *e, int64_t seq); /* with the lock held */
struct run *run_new(const struct action *ac, struct err *err) MUST_CHECK;
void run_free(struct run *run);

/* Puts the run at the end of its queue, or takes it out and frees it. Call with the lock held. */
void queue_append(struct engine *e, struct queue *q, struct run *run);
void queue_remove(struct engine *e, struct run *run);

/* What ended may have been what others waited for. Call with the lock held. */
void queue_unblock(struct engine *e, int64_t project_id, enum action_queue queue);

/* Takes up waiting actions of a shared queue as runs, from the store. */
int queue_refill(struct engine *e, struct queue *q, struct err *err) MUST_CHECK;

/* Asks the store for all queues that have unfinished actions. */
int queues_load(struct engine *e, struct err *err) MUST_CHECK;

/* ---- draft.c ---- */

/* A chunk that is being made in a slot. */
struct draft {
    struct slot *slot;
    struct store_chunk *c;
    const struct action_kind *kind;
    const struct action_plan *plan;
    size_t first_row, first_failure; /* of this chunk in the slot's arrays */
    size_t n_mapped;                 /* rows of this chunk that passed the domain */
};

/* A position in an action's input. */
struct chunk_at {
    int64_t start, row, no;
};

void slot_begin(struct slot *slot);
void slot_release(struct slot *slot);
int slot_reserve(struct slot *slot, size_t n_rows, size_t row_bytes, struct err *err) MUST_CHECK;

/* The slot's next chunk, empty. */
int draft_begin(struct draft *d, struct slot *slot, const struct action *ac,
                const struct action_kind *kind, const struct action_plan *plan,
                const struct chunk_at *at, struct err *err) MUST_CHECK;

/* Room for the next row of the chunk, a struct of its resource; draft_keep() makes it one. NULL:
 * ERR_NOMEM. */
void *draft_room(struct draft *d, struct err *err) MUST_CHECK;
void draft_keep(struct draft *d);
/* The same of a row whose metadata has yet to be checked: it is kept, or fails. */
int draft_check_and_keep(struct draft *d, struct row_head *row, struct arena *scratch,
                         struct err *err) MUST_CHECK;
int draft_fail(struct draft *d, enum failure_kind kind, struct str key, struct str reason,
               struct err *err) MUST_CHECK;
size_t draft_memory(const struct draft *d); /* bytes that the slot's rows take so far */

/* Sorts the rows and fills the chunk. Nothing may be added to the slot's arrays afterwards but with
 * room that slot_reserve() has made. */
int draft_finish(struct draft *d, struct err *err) MUST_CHECK;

/* ---- read_csv.c, read_lines.c ---- */

enum read_end {
    READ_BUDGET, /* enough rows */
    READ_MORE,   /* the window ends within a record */
    READ_END,    /* of the input */
    READ_BROKEN  /* the input cannot be read on; the reason is in *why */
};

/* Reads records of the window into the draft until max_rows, or the memory of a chunk (unless
 * `exact`), is reached. The chunk's end moves behind the last record. */
int read_csv(struct engine *e, struct draft *d, size_t max_rows, bool exact, enum read_end *end,
             struct str *why, size_t *pos, struct err *err) MUST_CHECK;

/* read_codes.c: the next places of an action that generates codes, or how it ends. */
int read_codes(struct engine *e, struct run *run, struct draft *d, struct err *err) MUST_CHECK;

struct lines {
    struct str text;
    bool last; /* the input ends with the text */
};
int read_lines(struct draft *d, struct lines lines, struct arena *scratch, size_t max_rows,
               bool exact, enum read_end *end, struct err *err) MUST_CHECK;

/* ---- chunk.c ---- */

/* Leases the action and reads its plan. -1: see chunk_fail. */
int run_take_up(struct engine *e, struct run *run, struct err *err) MUST_CHECK;

/* Reads, maps and sorts the next chunk of the run into the slot, and moves the run behind it.
 * *last: the run has nothing more after it. -1: ERR_NOMEM, ERR_IO, ERR_STORE; the run has not
 * moved, but perhaps over blank lines. */
int chunk_prepare(struct engine *e, struct run *run, struct slot *slot, bool *last,
                  struct err *err) MUST_CHECK;

/* A chunk of INPUT_MEMBERS is committed: the next one goes on where it came to. With the lock held.
 */
void run_learn(struct run *run, const struct store_chunk *c);

/* Makes the slot an empty chunk at the run's position that ends the action as FAILED. The message
 * is not copied. */
int chunk_fail(struct run *run, struct slot *slot, struct str message, struct err *err) MUST_CHECK;

/* Drops what is left of a chunk and makes it end the action as FAILED; the slices that are in stay
 * in. */
void chunk_give_up(struct store_chunk *c, struct str message);

/* ---- batch.c ---- */

/* Takes the next small actions of an ordered queue into the slot, one chunk each. The slot stays
 * empty when there are none, when they must wait (queue.blocked), or when the next one is large and
 * has become a run of the queue. */
int batch_prepare(struct engine *e, struct queue *q, struct slot *slot, struct err *err) MUST_CHECK;

#endif
