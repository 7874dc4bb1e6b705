/* SPDX-License-Identifier: MIT */
/* report_rows.c - see report_rows.h. */
#include "api/report_rows.h"

#define WINDOW_BYTES     (1 * MIB) /* of input at a time; more only for a record that is longer */
#define WINDOW_MAX_BYTES (2 * RECORD_MAX_BYTES)
#define FAILURES_PAGE    500

/* ---- opening ---- */

static int not_available(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "There is no such report, or it is no longer available");
}

static int open_input(struct report_rows *r, struct arena *a, struct err *err)
{
    const struct action *ac = r->action;
    if (ac->input.p != NULL) {
        if (input_open(r->api->spool, ac->input, &r->input, err) == 0)
            return 0;
        return err->code == ERR_NOT_FOUND ? not_available(err) : -1;
    }
    if (store_find_input(r->api->store, a, ac->project_id, ac->seq, &r->data, err) < 0)
        return err_wrap(err, "cannot read an input");
    return (int64_t)r->data.len == ac->input_bytes ? 0 : not_available(err);
}

int rows_open(struct report_rows *r, struct api *api, const struct action *ac, int64_t first,
              int64_t end, struct arena *a, struct err *err)
{
    *r = (struct report_rows){ .api = api, .action = ac, .next = first, .end = end };
    r->needs_chunk = true;
    r->kind = action_kind_find(ac->kind);
    arena_init(&r->chunk_arena, 64 * KIB, 4 * MIB);
    arena_init(&r->failures_arena, 64 * KIB, MIB);
    if (r->kind == NULL || r->kind->input == INPUT_NONE || action_kind_walks(r->kind))
        return err_set(err, ERR_NOT_FOUND, "Actions of this type have no report");
    if (!ac->kept)
        return not_available(err);
    if (action_plan_read(r->kind, ac->params, a, &r->plan, err) < 0)
        return err_wrap(err, "cannot read an action's parameters");
    record_reader_init(&r->reader, r->kind, &r->plan);
    return r->kind->input == INPUT_CODES ? 0 : open_input(r, a, err);
}

void rows_close(struct report_rows *r)
{
    input_close(r->input);
    record_reader_release(&r->reader);
    mem_free(r->window);
    arena_release(&r->chunk_arena);
    arena_release(&r->failures_arena);
}

/* ---- loading ---- */

/* An action that is done has outcomes of all its rows: if not, they went while we read. */
static int check_end(const struct report_rows *r, struct err *err)
{
    const bool cut = r->action->status == ACTION_DONE && r->next < r->action->chunk_row;
    return cut ? err_set(err, ERR_STORE, "outcomes from row %lld on are gone", (long long)r->next)
               : 0;
}

/* The outcomes of the chunk that the next row is in; blob is NULL when the action has not come that
 * far. */
static int load_chunk(struct report_rows *r, struct err *err)
{
    arena_reset(&r->chunk_arena);
    r->blob = NULL;
    if (store_find_outcomes_of_row(r->api->store, &r->chunk_arena, r->action->project_id,
                                   r->action->seq, r->next, &r->blob, err) < 0)
        return err_wrap(err, "cannot read outcomes");
    r->needs_chunk = false;
    if (r->blob == NULL) {
        r->end = r->next;
        return check_end(r, err);
    }
    r->chunk_next = r->blob->first_row;
    record_reader_seek(&r->reader, r->blob->start);
    r->input_pos = r->blob->start;
    r->window_len = 0;
    r->reader.pos = 0;
    return 0;
}

/* Room behind what is kept: a window, or twice as much as a record that did not fit. */
static int grow_window(struct report_rows *r, struct err *err)
{
    const size_t want = r->window_cap == 0 ? WINDOW_BYTES : 2 * r->window_cap;
    if (r->window_len < r->window_cap)
        return 0;
    if (want > WINDOW_MAX_BYTES)
        return err_set(err, ERR_STORE, "a record of the input is too long");
    char *window = mem_realloc(r->window, want);
    if (window == NULL)
        return err_nomem(err);
    r->window = window;
    r->window_cap = want;
    return 0;
}

static int read_input(struct report_rows *r, void *out, size_t n, size_t *got, struct err *err)
{
    if (r->input != NULL)
        return input_read(r->input, r->input_pos, out, n, got, err);
    const size_t at = (size_t)r->input_pos;
    const size_t left = at < r->data.len ? r->data.len - at : 0;
    *got = n < left ? n : left;
    if (*got > 0)
        memcpy(out, r->data.p + at, *got);
    return 0;
}

/* Keeps the record that has begun, and reads on behind it, up to the end of the chunk. */
static int load_window(struct report_rows *r, struct err *err)
{
    size_t got = 0;
    r->window_len -= r->reader.pos;
    if (r->window_len > 0)
        memmove(r->window, r->window + r->reader.pos, r->window_len);
    if (grow_window(r, err) < 0)
        return -1;
    const size_t room = r->window_cap - r->window_len;
    const int64_t left = r->blob->end - r->input_pos;
    const size_t n = left < (int64_t)room ? (size_t)left : room;
    if (read_input(r, r->window + r->window_len, n, &got, err) < 0)
        return -1;
    r->window_len += got;
    r->input_pos += (int64_t)got;
    record_reader_load(&r->reader, r->window, r->window_len,
                       got < n || r->input_pos == r->blob->end);
    return 0;
}

int rows_load(struct report_rows *r, struct err *err)
{
    if (r->needs_chunk && load_chunk(r, err) < 0)
        return -1;
    return r->blob != NULL && r->kind->input != INPUT_CODES ? load_window(r, err) : 0;
}

/* ---- rows ---- */

/* The failure of a row, NULL when there is none; rows are asked for in ascending order. */
static int find_failure(struct report_rows *r, int64_t no, const struct failure_row **out,
                        struct err *err)
{
    *out = NULL;
    while (r->nth_failure < r->n_failures && r->failures[r->nth_failure].row < no)
        r->nth_failure++;
    if (r->nth_failure == r->n_failures) {
        arena_reset(&r->failures_arena);
        r->nth_failure = r->n_failures = 0;
        if (store_list_failures(r->api->store, &r->failures_arena, r->action->project_id,
                                r->action->seq, no - 1, FAILURES_PAGE, &r->failures, &r->n_failures,
                                err) < 0)
            return err_wrap(err, "cannot list failures");
    }
    if (r->nth_failure < r->n_failures && r->failures[r->nth_failure].row == no)
        *out = &r->failures[r->nth_failure];
    return 0;
}

/* A failed record is known by what its failure says: of itself it may be no valid text. */
static int fill_row(struct report_rows *r, struct report_row *out, struct err *err)
{
    const struct failure_row *failure = NULL;
    if (out->outcome == OUTCOME_FAILED && find_failure(r, out->no, &failure, err) < 0)
        return -1;
    if (failure == NULL && out->outcome == OUTCOME_FAILED) /* retention was faster */
        return err_set(err, ERR_STORE, "the failure of row %lld is gone", (long long)out->no);
    if (failure == NULL)
        return record_key(&r->reader, &out->key, err);
    out->key = failure->key;
    out->reason = failure->reason;
    out->why = failure->kind;
    return 0;
}

/* Steps to the next record of the chunk. */
static enum rows_step next_record(struct report_rows *r, struct err *err)
{
    switch (record_next(&r->reader)) {
    case RECORD_ONE:
        r->chunk_next++;
        return ROWS_ONE;
    case RECORD_MORE:
        return ROWS_LOAD;
    case RECORD_NOMEM:
        err_nomem(err);
        return ROWS_BROKEN;
    default: /* the engine has read these bytes as rows */
        err_set(err, ERR_STORE, "chunk %lld of the input has fewer rows than outcomes",
                (long long)r->blob->chunk_no);
        return ROWS_BROKEN;
    }
}

enum rows_step rows_next(struct report_rows *r, struct report_row *out, struct err *err)
{
    while (r->next < r->end) {
        if (r->blob == NULL || r->chunk_next == r->blob->first_row + r->blob->n_rows) {
            r->needs_chunk = true;
            return ROWS_LOAD;
        }
        const enum rows_step step = next_record(r, err);
        if (step != ROWS_ONE)
            return step;
        if (r->chunk_next <= r->next)
            continue; /* before the first one that is wanted */
        r->next = r->chunk_next;
        const size_t in_chunk = (size_t)(r->chunk_next - 1 - r->blob->first_row);
        *out = (struct report_row){ .no = r->chunk_next,
                                    .outcome = outcome_get(r->blob->packed, in_chunk) };
        if (out->outcome == OUTCOME_PENDING)
            continue; /* not applied yet, or never */
        if (r->kind->input == INPUT_CODES && out->outcome == OUTCOME_UNCHANGED)
            continue; /* a code that was taken */
        return fill_row(r, out, err) < 0 ? ROWS_BROKEN : ROWS_ONE;
    }
    return ROWS_END;
}
