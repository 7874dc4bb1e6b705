/* SPDX-License-Identifier: MIT */
/*
 * reports.c - GET /v1/async-actions/{id}/report.csv: what became of every input row.
 *
 * Nothing is stored for a report. Chunk by chunk it takes the outcomes (a blob) and reads the same
 * bytes of the input that the engine read, and puts both side by side; reasons come from the
 * failures. Input is loaded by windows on an offload thread, lines are written in the event thread
 * as the client takes them; no store transaction is open meanwhile. Memory of a report: a window,
 * the outcomes of a chunk, a page of failures; of all: REPORTS_MAX times that.
 */
#include "actions/registry.h"
#include "api/api_priv.h"
#include "base/log.h"
#include "base/time_iso.h"
#include "formats/csv.h"

#define REPORTS_MAX      2
#define SLOT_WAIT_US     ((int64_t)10 * 1000 * 1000)
#define SLOT_POLL_MS     200
#define TEXT_BYTES       (32 * KIB)             /* lines made at a time */
#define TEXT_MAX_BYTES   (TEXT_BYTES + 8 * MIB) /* and one line of any length */
#define WINDOW_BYTES     (1 * MIB) /* of input at a time; more only for a record that is longer */
#define WINDOW_MAX_BYTES (2 * CSV_RECORD_MAX_BYTES)
#define FAILURES_PAGE    500

struct report {
    struct request *rq;
    struct api *api;
    int64_t seq;
    const struct action_kind *kind;
    struct action_plan plan;
    size_t key_column; /* plan.columns.n: the file has none */
    struct input *input;
    enum {
        REPORT_NEEDS_CHUNK,
        REPORT_NEEDS_INPUT,
        REPORT_HAS_ROWS,
        REPORT_DONE,
        REPORT_BROKEN
    } state;
    struct offload_job job;

    /* the chunk */
    struct arena chunk_arena;
    struct outcome_blob *blob; /* in chunk_arena */
    int64_t next_chunk;
    int64_t next_row; /* in the chunk, from 0 */

    /* the part of its input that is loaded */
    char *window;
    size_t window_len, window_cap;
    int64_t input_pos; /* first byte behind the window */
    struct csv_reader reader;

    /* a page of failures, ahead of the rows */
    struct arena failures_arena;
    struct failure_row *failures;
    size_t n_failures, nth_failure;

    struct buf text; /* lines to be sent, from `sent` on */
    size_t sent;
};

/* ---- loading, in an offload thread ---- */

/* The outcomes of the next chunk; blob is NULL when the action has not come that far. */
static int load_chunk(struct report *rp, struct err *err)
{
    arena_reset(&rp->chunk_arena);
    rp->blob = NULL;
    if (store_find_outcomes(rp->api->store, &rp->chunk_arena, rp->rq->project->id, rp->seq,
                            rp->next_chunk, &rp->blob, err) < 0)
        return err_wrap(err, "cannot read outcomes");
    if (rp->blob == NULL)
        return 0;
    rp->next_chunk++;
    rp->next_row = 0;
    rp->input_pos = rp->blob->start;
    rp->window_len = 0;
    rp->reader.pos = 0;
    return 0;
}

/* Room behind what is kept: a window, or twice as much as a record that did not fit. */
static int grow_window(struct report *rp, struct err *err)
{
    const size_t want = rp->window_cap == 0 ? WINDOW_BYTES : 2 * rp->window_cap;
    if (rp->window_len < rp->window_cap)
        return 0;
    if (want > WINDOW_MAX_BYTES)
        return err_set(err, ERR_STORE, "a record of the input is too long");
    char *window = mem_realloc(rp->window, want);
    if (window == NULL)
        return err_nomem(err);
    rp->window = window;
    rp->window_cap = want;
    return 0;
}

/* Keeps the record that has begun, and reads on behind it, up to the end of the chunk. */
static int load_input(struct report *rp, struct err *err)
{
    size_t got = 0;
    rp->window_len -= rp->reader.pos;
    if (rp->window_len > 0)
        memmove(rp->window, rp->window + rp->reader.pos, rp->window_len);
    if (grow_window(rp, err) < 0)
        return -1;
    const size_t room = rp->window_cap - rp->window_len;
    const int64_t left = rp->blob->end - rp->input_pos;
    const size_t n = left < (int64_t)room ? (size_t)left : room;
    if (input_read(rp->input, rp->input_pos, rp->window + rp->window_len, n, &got, err) < 0)
        return -1;
    rp->window_len += got;
    rp->input_pos += (int64_t)got;
    csv_reader_load(&rp->reader, rp->window, rp->window_len,
                    got < n || rp->input_pos == rp->blob->end);
    return 0;
}

static void log_broken(const struct report *rp, const struct err *err)
{
    log_event(LOG_ERROR, "stream_failed", LOG_STR("request_id", rp->rq->id),
              LOG_STR("error", err->msg));
}

static int load(struct report *rp, struct err *err)
{
    if (rp->state == REPORT_NEEDS_CHUNK && load_chunk(rp, err) < 0)
        return -1;
    if (rp->blob != NULL && load_input(rp, err) < 0)
        return -1;
    rp->state = rp->blob != NULL ? REPORT_HAS_ROWS : REPORT_DONE;
    return 0;
}

static void run_load(void *arg)
{
    struct report *rp = arg;
    struct err err = { 0 };
    if (load(rp, &err) < 0) {
        log_broken(rp, &err);
        rp->state = REPORT_BROKEN;
    }
    request_resume(rp->rq);
}

/* ---- lines ---- */

/* The failure of a row, NULL when there is none; rows are asked for in ascending order. */
static int find_failure(struct report *rp, int64_t row, const struct failure_row **out,
                        struct err *err)
{
    *out = NULL;
    while (rp->nth_failure < rp->n_failures && rp->failures[rp->nth_failure].row < row)
        rp->nth_failure++;
    if (rp->nth_failure == rp->n_failures) {
        arena_reset(&rp->failures_arena);
        rp->nth_failure = 0;
        if (store_list_failures(rp->api->store, &rp->failures_arena, rp->rq->project->id, rp->seq,
                                row - 1, FAILURES_PAGE, &rp->failures, &rp->n_failures, err) < 0)
            return err_wrap(err, "cannot list failures");
    }
    if (rp->nth_failure < rp->n_failures && rp->failures[rp->nth_failure].row == row)
        *out = &rp->failures[rp->nth_failure];
    return 0;
}

static int put_line(struct report *rp, int64_t row, enum outcome outcome, struct err *err)
{
    const struct failure_row *failure = NULL;
    struct str key = { NULL, 0 };
    if (rp->key_column < rp->reader.n_cells)
        key = rp->reader.cells[rp->key_column];
    if (outcome == OUTCOME_FAILED && find_failure(rp, row, &failure, err) < 0)
        return -1;
    if (failure != NULL)
        key = failure->key; /* the cell may be no valid text */
    buf_printf(&rp->text, "%lld,", (long long)row);
    csv_put_cell(&rp->text, key);
    buf_putc(&rp->text, ',');
    buf_puts(&rp->text, str_of(outcome_name(outcome)));
    buf_putc(&rp->text, ',');
    if (failure != NULL)
        csv_put_cell(&rp->text, failure->reason);
    buf_putc(&rp->text, '\n');
    return buf_ok(&rp->text, err);
}

/* Steps to the next row of the chunk; without one, the state says what is needed. */
static int next_row(struct report *rp, struct err *err)
{
    if (rp->next_row == rp->blob->n_rows) {
        rp->state = REPORT_NEEDS_CHUNK;
        return 0;
    }
    switch (csv_next(&rp->reader)) {
    case CSV_RECORD:
        rp->next_row++;
        return 0;
    case CSV_MORE:
        rp->state = REPORT_NEEDS_INPUT;
        return 0;
    case CSV_NOMEM:
        return err_nomem(err);
    default: /* the engine has read these bytes as rows */
        return err_set(err, ERR_STORE, "chunk %lld of the input has fewer rows than outcomes",
                       (long long)rp->blob->chunk_no);
    }
}

/* Some lines, as far as the window goes. */
static int put_lines(struct report *rp, struct err *err)
{
    buf_reset(&rp->text);
    rp->sent = 0;
    while (rp->text.len < TEXT_BYTES) {
        if (next_row(rp, err) < 0)
            return -1;
        if (rp->state != REPORT_HAS_ROWS)
            break;
        const enum outcome outcome = outcome_get(rp->blob->packed, (size_t)rp->next_row - 1);
        if (outcome != OUTCOME_PENDING && /* not applied yet */
            put_line(rp, rp->blob->first_row + rp->next_row, outcome, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- the stream ---- */

static ssize_t send_text(struct report *rp, char *out, size_t max)
{
    const size_t left = rp->text.len - rp->sent;
    const size_t n = left < max ? left : max;
    memcpy(out, rp->text.p + rp->sent, n);
    rp->sent += n;
    return (ssize_t)n;
}

static ssize_t report_pull(void *arg, char *out, size_t max)
{
    struct report *rp = arg;
    struct err err = { 0 };
    while (rp->sent == rp->text.len) {
        if (rp->state == REPORT_DONE)
            return STREAM_END;
        if (rp->state == REPORT_BROKEN || request_is_draining(rp->rq))
            return STREAM_BROKEN;
        if (rp->state != REPORT_HAS_ROWS) {
            request_offload(rp->rq, &rp->job);
            return 0;
        }
        if (put_lines(rp, &err) < 0) {
            log_broken(rp, &err);
            rp->state = REPORT_BROKEN;
        }
    }
    return send_text(rp, out, max);
}

static void report_free(void *arg)
{
    struct report *rp = arg;
    input_close(rp->input);
    csv_reader_release(&rp->reader);
    mem_free(rp->window);
    arena_release(&rp->chunk_arena);
    arena_release(&rp->failures_arena);
    buf_release(&rp->text);
    atomic_fetch_sub(&rp->api->reports_running, 1);
}

/* ---- start ---- */

static size_t find_key_column(const struct report *rp)
{
    const struct field_table *fields = rp->kind->fields;
    size_t i = 0;
    for (; i < rp->plan.columns.n; i++) {
        const int f = rp->plan.columns.columns[i].field;
        if (f >= 0 && strcmp(fields->rows[f].heading, rp->kind->key_heading) == 0)
            break;
    }
    return i;
}

/* Everything but the input and what is read from it; report_free() undoes it. */
static void report_init(struct report *rp, struct request *rq)
{
    rp->rq = rq;
    rp->api = api_of(rq);
    rp->job = (struct offload_job){ .run = run_load, .arg = rp };
    csv_reader_init(&rp->reader);
    arena_init(&rp->chunk_arena, 64 * KIB, 4 * MIB);
    arena_init(&rp->failures_arena, 64 * KIB, MIB);
    buf_init(&rp->text, TEXT_MAX_BYTES);
}

static int report_open(struct report *rp, const struct action *ac, struct err *err)
{
    rp->seq = ac->seq;
    rp->kind = action_kind_find(ac->kind);
    if (rp->kind == NULL || rp->kind->input != INPUT_CSV)
        return err_set(err, ERR_NOT_FOUND, "Actions of this type have no report");
    if (input_open(rp->api->spool, ac->input, &rp->input, err) < 0)
        return err->code == ERR_NOT_FOUND
                   ? err_set(err, ERR_NOT_FOUND, "The report is no longer available")
                   : -1;
    if (action_plan_read(rp->kind, ac->params, &rp->rq->arena, &rp->plan, err) < 0)
        return err_wrap(err, "cannot read an action's parameters");
    rp->reader.delimiter = rp->plan.delimiter;
    rp->key_column = find_key_column(rp);
    buf_printf(&rp->text, "row,%s,outcome,reason\n", rp->kind->key_name);
    return buf_ok(&rp->text, err);
}

static int reply_report(struct request *rq, struct response *rs, struct report *rp, struct err *err)
{
    struct action *ac = NULL;
    const char *name =
        arena_printf(&rq->arena, "attachment; filename=\"report-%.*s.csv\"", STR_FMT(rq->args[0]));
    if (name == NULL)
        return err_nomem(err);
    if (api_get_action(rq, &rq->arena, rq->args[0], &ac, err) < 0 || report_open(rp, ac, err) < 0)
        return -1;
    reply_header(rs, "Content-Disposition", name);
    reply_stream(rs, "text/csv; charset=utf-8",
                 (struct stream){ .pull = report_pull, .free = report_free, .arg = rp });
    return 0;
}

/* The place is taken; report_free() gives it back. */
static int start_report(struct request *rq, struct response *rs, struct err *err)
{
    struct report *rp = arena_calloc(&rq->arena, sizeof(*rp));
    if (rp == NULL) {
        atomic_fetch_sub(&api_of(rq)->reports_running, 1);
        return err_nomem(err);
    }
    report_init(rp, rq);
    if (reply_report(rq, rs, rp, err) < 0) {
        report_free(rp);
        return -1;
    }
    return 0;
}

/* Starts when one of the places is free; gives up after a while. */
static int start_or_wait(struct request *rq, struct response *rs, struct err *err)
{
    const int64_t *until_us = rq->state;
    if (atomic_fetch_add(&api_of(rq)->reports_running, 1) < REPORTS_MAX)
        return start_report(rq, rs, err);
    atomic_fetch_sub(&api_of(rq)->reports_running, 1);
    if (time_monotonic_us() >= *until_us || request_is_draining(rq))
        return err_set(err, ERR_BUSY, "too many reports are being read");
    rq->finish = start_or_wait;
    request_sleep(rq, SLOT_POLL_MS);
    return HTTP_LATER;
}

int api_async_actions_report(struct request *rq, struct response *rs, struct err *err)
{
    int64_t *until_us = arena_alloc(&rq->arena, sizeof(*until_us));
    if (until_us == NULL)
        return err_nomem(err);
    *until_us = time_monotonic_us() + SLOT_WAIT_US;
    rq->state = until_us;
    return start_or_wait(rq, rs, err);
}
