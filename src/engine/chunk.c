/* SPDX-License-Identifier: MIT */
/*
 * chunk.c - turns an action's input into chunks the store can commit.
 *
 * A chunk ends at its byte budget or its row budget, always behind a record. It is mapped and
 * sorted whole, by code and then by row, so that a repeated code keeps its order in the input.
 *
 * Invariant: chunk.end is the first byte NOT covered by the chunk. It is stored with the rows, in
 * their transaction, and is where a restart begins. A chunk that was cut short by a restart is read
 * again with the same bounds, by the same frozen plan, and so has the same rows in the same order;
 * the items that are applied already are skipped by their number.
 */
#include "base/fault.h"
#include "base/time_iso.h"
#include "engine/engine_priv.h"

#define WINDOW_LEAST_BYTES (64 * KIB)

/* ---- taking up ---- */

static int claim_action(struct store_tx *tx, void *arg, struct err *err)
{
    struct action *ac = arg;
    return store_tx_action_claim(tx, ac->seq, ac, err);
}

static int lease_run(struct engine *e, struct run *run, struct err *err)
{
    struct action ac = run->ac;
    if (store_work_wait(e->store, claim_action, &ac, err) < 0)
        return -1;
    fault_point("recovery.claimed");
    pthread_mutex_lock(&e->lock); /* others look at run->ac */
    run->ac = ac;
    pthread_mutex_unlock(&e->lock);
    run->created = ac.counts[OUTCOME_CREATED];
    run->failed = ac.counts[OUTCOME_FAILED];
    run->next_start = run->codes_end = ac.chunk_start;
    run->next_row = ac.chunk_row;
    run->next_no = ac.chunk_no;
    run->rows_budget = CHUNK_ROWS_FIRST;
    run->queued_ms = time_now_ms() - ac.created_ms;
    run->leased = true;
    return 0;
}

int run_take_up(struct engine *e, struct run *run, struct err *err)
{
    if (!run->leased && lease_run(e, run, err) < 0)
        return -1;
    if (action_plan_of(run->kind, &run->ac, &run->arena, &run->plan, err) < 0)
        return -1;
    if (run->ac.chunk_no == 0 && run->ac.chunk_end == 0) /* nothing begun yet */
        run->next_start = run->plan.data_start;
    run->taken_up = true;
    return 0;
}

/* ---- reading ---- */

static int reserve_window(struct slot *slot, size_t n, struct err *err)
{
    if (n <= slot->window_cap)
        return 0;
    char *grown = mem_grow(slot->window, 0, n);
    if (grown == NULL)
        return err_nomem(err);
    slot->window = grown;
    slot->window_cap = n;
    return 0;
}

/* Up to n bytes of the input from the chunk's start on; *last: there are no more behind them. */
static int load_window(struct run *run, struct slot *slot, size_t n, struct str *out, bool *last,
                       struct err *err)
{
    const int64_t left = run->ac.input_bytes - run->next_start;
    size_t got = 0;
    if ((int64_t)n > left)
        n = (size_t)(left > 0 ? left : 0);
    *last = run->next_start + (int64_t)n >= run->ac.input_bytes;
    if (run->ac.data.p != NULL) {
        *out = (struct str){ run->ac.data.p + run->next_start, n };
        return 0;
    }
    if (reserve_window(slot, n > 0 ? n : 1, err) < 0 ||
        input_read(run->in, run->next_start, slot->window, n, &got, err) < 0)
        return -1;
    if (got < n)
        return err_set(err, ERR_IO, "input '%.*s' is shorter than it was", STR_FMT(run->ac.input));
    *out = (struct str){ slot->window, n };
    return 0;
}

struct reading {
    struct draft draft;
    enum read_end end;
    struct str why; /* READ_BROKEN */
    size_t pos;     /* in the window, where reading stopped */
};

/* Reads a window of so many bytes into the slot, which is empty before. */
static int read_window(struct engine *e, struct run *run, struct slot *slot, size_t bytes,
                       size_t max_rows, struct reading *r, struct err *err)
{
    const struct chunk_at at = { run->next_start, run->next_row, run->next_no };
    const bool exact = run->ac.slice_done > 0; /* a chunk begun before a restart has its rows */
    struct str text = { 0 };
    bool last = false;
    slot_begin(slot);
    *r = (struct reading){ 0 };
    if (draft_begin(&r->draft, slot, &run->ac, run->kind, &run->plan, &at, err) < 0 ||
        load_window(run, slot, bytes, &text, &last, err) < 0)
        return -1;
    if (run->kind->input == INPUT_RECORDS) {
        const struct lines lines = { .text = text, .last = last };
        return read_lines(&r->draft, lines, &e->scratch, max_rows, exact, &r->end, err);
    }
    csv_reader_load(&e->csv, slot->window, text.len, last);
    e->csv.delimiter = run->plan.delimiter;
    return read_csv(e, &r->draft, max_rows, exact, &r->end, &r->why, &r->pos, err);
}

/* Bytes to load for so many rows. Of records the mean length is known: what is loaded and not read
 * would be loaded again with the next chunk. */
static size_t window_bytes(const struct engine *e, const struct run *run, size_t max_rows)
{
    const size_t most = e->config.chunk_bytes > 0 ? e->config.chunk_bytes : CHUNK_BYTES_DEFAULT;
    if (run->kind->input != INPUT_RECORDS || run->ac.records <= 0)
        return most;
    const int64_t mean = run->ac.input_bytes / run->ac.records + 1;
    const size_t bytes = (size_t)mean * max_rows * 5 / 4 + WINDOW_LEAST_BYTES;
    return bytes < most ? bytes : most;
}

/* Reads until there is a record, or the reason why there is none. */
static int read_chunk(struct engine *e, struct run *run, struct slot *slot, struct reading *r,
                      struct err *err)
{
    const bool resumed =
        run->ac.slice_done > 0; /* then: whatever the budgets were when it was cut */
    const size_t budget = e->config.chunk_rows > 0 ? e->config.chunk_rows : run->rows_budget;
    const size_t max_rows = resumed ? (size_t)run->ac.chunk_rows : budget;
    size_t bytes = window_bytes(e, run, max_rows);
    if (resumed)
        bytes = (size_t)(run->ac.chunk_end - run->ac.chunk_start);
    for (;;) {
        if (read_window(e, run, slot, bytes, max_rows, r, err) < 0)
            return -1;
        if (r->end != READ_MORE || r->draft.c->n_rows > 0)
            return 0;
        if (r->pos > 0)
            run->next_start += (int64_t)r->pos; /* blank lines: nothing of them is kept */
        else
            bytes *= 2; /* a single record is larger than the budget; its ceiling ends this */
    }
}

/* ---- a chunk ---- */

/* How the chunk ends the action, if it does. */
static void decide_end(struct store_chunk *c, const struct reading *r)
{
    if (r->end == READ_END)
        c->end_status = ACTION_DONE;
    if (r->end == READ_BROKEN) {
        c->end_status = ACTION_FAILED;
        c->end_message = r->why;
    }
}

/* Outcomes stored by the slices before a restart. */
static int restore_outcomes(struct engine *e, struct run *run, struct slot *slot,
                            struct store_chunk *c, struct err *err)
{
    struct outcome_blob *blob = NULL;
    if (store_find_outcomes(e->store, &slot->arena, c->project_id, c->action_seq, c->no, &blob,
                            err) < 0)
        return -1;
    if (blob == NULL || blob->n_rows != c->n_rows || blob->end != c->end ||
        c->n_rows != run->ac.chunk_rows || c->end != run->ac.chunk_end)
        return err_set(err, ERR_STORE, "chunk %lld reads differently than before the restart",
                       (long long)c->no);
    memcpy(c->outcomes, blob->packed, (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE);
    c->slice_done = (size_t)run->ac.slice_done;
    fault_point("recovery.restored");
    return 0;
}

/* A chunk begun before a restart ends where it did then; whether the input does too, the next one
 * tells. */
static int finish_chunk(struct engine *e, struct run *run, struct slot *slot, struct reading *r,
                        struct err *err)
{
    struct store_chunk *c = r->draft.c;
    if (draft_finish(&r->draft, err) < 0)
        return -1;
    if (run->ac.slice_done > 0)
        return restore_outcomes(e, run, slot, c, err);
    decide_end(c, r);
    return 0;
}

static void move_run(struct run *run, const struct store_chunk *c)
{
    run->next_start = c->end;
    run->next_row = c->first_row + c->n_rows;
    run->next_no = c->no + 1;
    run->ac.slice_done = 0;
    run->rows_budget *= CHUNK_ROWS_GROWTH;
    if (run->rows_budget > CHUNK_ROWS_MAX)
        run->rows_budget = CHUNK_ROWS_MAX;
}

/* Where it ends, and whether it is the last, the store finds out: run_learn(). */
static int make_members_chunk(struct run *run, struct slot *slot, struct err *err)
{
    const struct chunk_at at = { run->next_start, run->next_row, run->next_no };
    struct draft d;
    slot_begin(slot);
    if (draft_begin(&d, slot, &run->ac, run->kind, &run->plan, &at, err) < 0)
        return -1;
    return draft_finish(&d, err);
}

void run_learn(struct run *run, const struct store_chunk *c)
{
    run->next_start = c->end;
    run->next_row = c->first_row + c->n_rows;
    run->next_no = c->no + 1;
    run->read_to_end = c->end_status != ACTION_IN_PROGRESS;
}

/* A chunk of an action that makes its codes. */
static int make_codes_chunk(struct engine *e, struct run *run, struct slot *slot, struct err *err)
{
    const struct chunk_at at = { run->next_start, run->next_row, run->next_no };
    struct draft d;
    slot_begin(slot);
    if (draft_begin(&d, slot, &run->ac, run->kind, &run->plan, &at, err) < 0 ||
        read_codes(e, run, &d, err) < 0 || draft_finish(&d, err) < 0)
        return -1;
    return run->ac.slice_done > 0 ? restore_outcomes(e, run, slot, d.c, err) : 0;
}

static int read_input(struct engine *e, struct run *run, struct slot *slot, struct err *err)
{
    struct reading r;
    /* Opened for each chunk: thousands of waiting actions hold no file. */
    if (run->ac.data.p == NULL && input_open(e->spool, run->ac.input, &run->in, err) < 0)
        return -1;
    const int rc = read_chunk(e, run, slot, &r, err);
    input_close(run->in);
    run->in = NULL;
    return rc < 0 ? -1 : finish_chunk(e, run, slot, &r, err);
}

int chunk_prepare(struct engine *e, struct run *run, struct slot *slot, bool *last, struct err *err)
{
    const bool makes = run->kind->input == INPUT_CODES;
    if (action_kind_walks(run->kind)) {
        pthread_mutex_lock(&e->lock);
        run->waits = true;
        pthread_mutex_unlock(&e->lock);
        *last = false;
        return make_members_chunk(run, slot, err);
    }
    if ((makes ? make_codes_chunk(e, run, slot, err) : read_input(e, run, slot, err)) < 0)
        return -1;
    const struct store_chunk *c = &slot->chunks[0];
    move_run(run, c);
    *last = c->end_status != ACTION_IN_PROGRESS;
    if (makes) {
        pthread_mutex_lock(&e->lock);
        run->waits = run->next_start >= run->codes_end;
        pthread_mutex_unlock(&e->lock);
    }
    return 0;
}

int chunk_fail(struct run *run, struct slot *slot, struct str message, struct err *err)
{
    const struct chunk_at at = { run->next_start, run->next_row, run->next_no };
    struct draft d;
    slot_begin(slot);
    if (draft_begin(&d, slot, &run->ac, run->kind, &run->plan, &at, err) < 0)
        return -1;
    chunk_give_up(d.c, message);
    return 0;
}

void chunk_give_up(struct store_chunk *c, struct str message)
{
    c->end = c->start;
    c->n_rows = 0;
    c->n_mapped = c->n_failures = 0;
    c->slice_done = 0;
    c->end_status = ACTION_FAILED;
    c->end_message = message;
}
