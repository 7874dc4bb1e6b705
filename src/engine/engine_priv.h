/* SPDX-License-Identifier: MIT */
/*
 * engine_priv.h - what the files of the engine share.
 *
 * A run is an action that is not finished, in memory. The preparer owns its reading side, the
 * committer its writing side; what both touch is under engine.lock.
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
#define CHUNK_MEMORY_BYTES (24 * MIB)
/* Of the first chunk after a start: a process killed every 150 ms still advances. */
#define CHUNK_ROWS_FIRST  1000
#define CHUNK_ROWS_GROWTH 4
#define CHUNK_SLOTS       2

struct run {
    struct run *next; /* of the engine's list */
    struct action ac; /* texts in `arena` */
    const struct action_kind *kind;
    struct arena arena;

    /* the preparer's */
    bool leased;
    bool taken_up; /* leased and plan read */
    struct action_plan plan;
    struct input *in; /* while a chunk is read */
    int64_t next_start, next_row, next_no;
    size_t rows_budget; /* of the next chunk */
    int64_t retry_ms;   /* last pause after trouble; 0: none */
    int64_t queued_ms;

    /* under engine.lock */
    bool read_to_end; /* nothing more to prepare */
    bool dropped;     /* leased by another, or gone: its chunks are not committed */
    unsigned in_flight;
    int64_t spent_us; /* for fairness */
    struct engine_progress progress;
    int64_t first_us, first_rows; /* of this process, for the rate */
    int64_t first_bytes;

    /* for the bench: where the threads spent their time on this action */
    int64_t prepare_us, prepare_wait_us, commit_us, commit_wait_us;
};

/* A chunk's memory, reused for the next one. */
struct slot {
    struct store_chunk chunk;
    struct run *run; /* NULL: free */
    bool ready;
    int64_t order; /* of preparing: committed in the same order */

    char *window;
    size_t window_cap;
    struct arena arena; /* texts of the chunk's rows */
    struct voucher *rows;
    size_t cap_rows;
    struct voucher **sorted;
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

    pthread_t preparer, committer;
    bool preparer_runs, committer_runs;

    pthread_mutex_t lock;
    pthread_cond_t changed; /* anything below */
    bool stopping;
    bool reload; /* an action could not be remembered: read the unfinished ones again */
    struct run *runs;
    struct project_time *projects;
    size_t n_projects, cap_projects;
    struct slot slots[CHUNK_SLOTS];
    int64_t next_order;
};

/* ---- schedule.c ---- */

/* The run whose turn it is, or NULL. Call with the lock held. */
struct run *schedule_pick(struct engine *e);

/* Books time spent on a run, for it and its project. Call with the lock held. */
void schedule_charge(struct engine *e, struct run *run, int64_t us);

/* A new run starts level with the others, not with a credit for the time before it came. */
int schedule_admit(struct engine *e, struct run *run, struct err *err) MUST_CHECK;
void schedule_forget(struct engine *e, int64_t project_id); /* when no run of it is left */

/* ---- chunk.c ---- */

/* Leases the action and reads its plan. -1: see chunk_fail. */
int run_take_up(struct engine *e, struct run *run, struct err *err) MUST_CHECK;

/* Reads, maps and sorts the next chunk of the run into the slot, and moves the run behind it.
 * *last: the run has nothing more after it. -1: ERR_NOMEM, ERR_IO, ERR_STORE; the run has not
 * moved, but perhaps over blank lines. */
int chunk_prepare(struct engine *e, struct run *run, struct slot *slot, bool *last,
                  struct err *err) MUST_CHECK;

/* Makes the slot an empty chunk at the run's position that ends the action as FAILED. The message
 * is not copied. */
void chunk_fail(struct run *run, struct slot *slot, struct str message);

/* Drops what is left of a chunk and makes it end the action as FAILED; the slices that are in stay
 * in. */
void chunk_give_up(struct store_chunk *c, struct str message);

void slot_release(struct slot *slot);

#endif
