/* SPDX-License-Identifier: MIT */
/*
 * report_rows.h - the rows of an action once more: each record, and what became of it.
 *
 * Nothing is stored for this. Chunk by chunk the outcomes (a blob) are laid beside the same bytes
 * of the input that the engine has read; reasons come from the failures. Loading may wait for the
 * disk and belongs on an offload thread; no store transaction is open between two calls. Memory: a
 * window of the input, the outcomes of a chunk, a page of failures.
 */
#ifndef API_REPORT_ROWS_H
#define API_REPORT_ROWS_H

#include "api/api.h"
#include "api/report_records.h"

struct report_row {
    int64_t no; /* from 1, as shown */
    struct str key;
    enum outcome outcome;
    struct str reason; /* FAILED */
    enum failure_kind why;
};

struct report_rows {
    struct api *api;
    const struct action *action; /* its project, input and parameters */
    const struct action_kind *kind;
    struct action_plan plan;
    struct input *input; /* NULL: all of it is in `data` */
    struct str data;
    int64_t next; /* row, from 0 */
    int64_t end;  /* first row that is not wanted */

    /* the chunk */
    struct arena chunk_arena;
    struct outcome_blob *blob; /* in chunk_arena; NULL: none yet */
    int64_t chunk_next;        /* row of the action that the reader gives next */

    /* the part of its input that is loaded */
    char *window;
    size_t window_len, window_cap;
    int64_t input_pos; /* first byte behind the window */
    struct record_reader reader;
    bool needs_chunk;

    /* a page of failures, ahead of the rows */
    struct arena failures_arena;
    struct failure_row *failures;
    size_t n_failures, nth_failure;
};

enum rows_step {
    ROWS_BROKEN = -1, /* err is set */
    ROWS_ONE,
    ROWS_LOAD, /* rows_load() is needed first */
    ROWS_END,
};

/* Rows first to end - 1 of the action, from 0; those that are not reached (yet) are left out.
 * ERR_NOT_FOUND: of this kind of action, or this action by now, there is nothing to be read.
 * The action and the arena live as long as the rows; rows_close() in any case. */
int rows_open(struct report_rows *r, struct api *api, const struct action *ac, int64_t first,
              int64_t end, struct arena *a, struct err *err) MUST_CHECK;
void rows_close(struct report_rows *r); /* of a zeroed one, too */

/* Loads what comes next. */
int rows_load(struct report_rows *r, struct err *err) MUST_CHECK;

/* The next row; its texts are valid until the next call. */
enum rows_step rows_next(struct report_rows *r, struct report_row *out, struct err *err) MUST_CHECK;

#endif
