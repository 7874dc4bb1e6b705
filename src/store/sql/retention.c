/* SPDX-License-Identifier: MIT */
/*
 * retention.c - what has had its time is removed, a portion at a time.
 *
 * Of an action that ended long ago there stay its row, with the result, and the first
 * FAILURES_KEPT failures. The rest goes in this order, because a report must be whole or not there
 * at all: (1) its input, without which there is no report; (2) its outcomes; (3) its further
 * failures; (4) the mark that there is something left to remove. A portion goes on with the oldest
 * marked action, wherever the last one stopped: what is gone is gone, there is no checkpoint.
 */
#include "store/sql/sql_priv.h"

#define OUTCOMES_COST       16         /* a blob of up to 40 KB, in rows */
#define INPUT_BYTES_PER_ROW (64 * KIB) /* removing so many costs about as much as a row */

struct retention {
    struct portion portion;
    int64_t ended_before_ms;
    int64_t now_ms;
};

/* ---- actions ---- */

struct ended {
    int64_t seq;
    int64_t project_id;
    struct str
        input; /* in the spool; {NULL,0}: none, or noted already. Valid until the next step */
    int64_t input_bytes;
    int64_t failed;
};

static int bind_and_run(struct portion *p, enum statement which, const int64_t *values, int n,
                        size_t cost, struct err *err)
{
    struct stmt *st = db_statement(p->db, which, err);
    if (st == NULL)
        return -1;
    for (int i = 0; i < n; i++)
        bind_int(st, i + 1, values[i]);
    return portion_run(p, st, cost, err);
}

/* From here on the action has no report. */
static int drop_input(struct portion *p, const struct ended *e, struct err *err)
{
    if (e->input.p != NULL && portion_note_input(p, e->input, err) < 0)
        return -1;
    const size_t rows_before = p->out->rows;
    if (bind_and_run(p, STATEMENT_ACTION_FORGET_INPUT, &e->seq, 1, 1, err) < 0 ||
        bind_and_run(p, STATEMENT_PURGE_INPUT, &e->seq, 1, 1, err) < 0)
        return -1;
    if (e->input.p == NULL && p->out->rows > rows_before)
        portion_charge(p, (size_t)e->input_bytes / INPUT_BYTES_PER_ROW);
    return 0;
}

static int drop_outcomes(struct portion *p, const struct ended *e, struct err *err)
{
    const int64_t values[] = { e->project_id, e->seq, portion_rows(p, OUTCOMES_COST) };
    return bind_and_run(p, STATEMENT_OUTCOMES_DROP, values, ARRAY_LEN(values), OUTCOMES_COST, err);
}

/* The row of the last failure to be kept; 0: there are not that many. */
static int last_kept_failure(struct portion *p, const struct ended *e, int64_t *row,
                             struct err *err)
{
    struct stmt *st = db_statement(p->db, STATEMENT_FAILURE_NTH, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, e->project_id);
    bind_int(st, 2, e->seq);
    bind_int(st, 3, FAILURES_KEPT - 1);
    const int got = db_step(p->db, st, err);
    if (got < 0)
        return -1;
    *row = got > 0 ? column_int(st, 0) : 0;
    stmt_reset(st);
    return 0;
}

static int drop_failures(struct portion *p, const struct ended *e, struct err *err)
{
    int64_t row;
    if (e->failed <= FAILURES_KEPT)
        return 0;
    if (last_kept_failure(p, e, &row, err) < 0)
        return -1;
    if (row == 0)
        return 0;
    const int64_t values[] = { e->project_id, e->seq, row, portion_rows(p, 1) };
    return bind_and_run(p, STATEMENT_FAILURES_DROP, values, ARRAY_LEN(values), 1, err);
}

static int unmark(struct portion *p, const struct ended *e, struct err *err)
{
    return bind_and_run(p, STATEMENT_ACTION_NOT_KEPT, &e->seq, 1, 1, err);
}

/* A step that used up the budget may not have come to its end. */
static int drop_action(struct portion *p, const struct ended *e, struct err *err)
{
    static int (*const steps[])(struct portion *, const struct ended *,
                                struct err *) = { drop_input, drop_outcomes, drop_failures,
                                                  unmark };
    for (size_t i = 0; i < ARRAY_LEN(steps) && p->left > 0; i++) {
        if (steps[i](p, e, err) < 0)
            return -1;
    }
    return 0;
}

/* The oldest that is due, as far as the budget goes; more than one when there is budget left. */
static int drop_actions(struct retention *r, struct err *err)
{
    struct portion *p = &r->portion;
    struct stmt *st = db_statement(p->db, STATEMENT_ACTION_DUE, err);
    if (st == NULL)
        return -1;
    int got = 1;
    while (p->left > 0) {
        bind_int(st, 1, r->ended_before_ms);
        got = db_step(p->db, st, err);
        if (got <= 0)
            break;
        const struct ended e = { .seq = column_int(st, 0),
                                 .project_id = column_int(st, 1),
                                 .input = column_str(st, 2),
                                 .input_bytes = column_int(st, 3),
                                 .failed = column_int(st, 4) };
        got = row_check(st, err) < 0 ? -1 : drop_action(p, &e, err);
        stmt_reset(st);
        if (got < 0)
            break;
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

/* ---- what needs no time to pass ---- */

/* 1: *seq is the next dry run with rows, behind *seq; 0: there is none. *ended: nobody needs them.
 */
static int next_dry_run(struct portion *p, int64_t *seq, bool *ended, struct err *err)
{
    struct stmt *st = db_statement(p->db, STATEMENT_DRY_NEXT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, *seq);
    const int got = db_step(p->db, st, err);
    if (got > 0) {
        *seq = column_int(st, 0);
        const int64_t status = column_int(st, 1);
        *ended = column_is_null(st, 1) || status == ACTION_DONE || status == ACTION_FAILED;
    }
    if (got >= 0)
        stmt_reset(st);
    return got;
}

static int drop_dry_runs(struct retention *r, struct err *err)
{
    struct portion *p = &r->portion;
    int64_t seq = 0;
    while (p->left > 0) {
        bool ended = false;
        const int got = next_dry_run(p, &seq, &ended, err);
        if (got <= 0)
            return got;
        if (ended && portion_drop_dry(p, seq, err) < 0)
            return -1;
    }
    return 0;
}

static int drop_idempotency(struct retention *r, struct err *err)
{
    const int64_t values[] = { r->now_ms - IDEMPOTENCY_KEPT_MS, portion_rows(&r->portion, 1) };
    return bind_and_run(&r->portion, STATEMENT_IDEMPOTENCY_DROP, values, ARRAY_LEN(values), 1, err);
}

static int drop_tokens(struct retention *r, struct err *err)
{
    const int64_t values[] = { r->now_ms, portion_rows(&r->portion, 1) };
    return bind_and_run(&r->portion, STATEMENT_TOKENS_DROP, values, ARRAY_LEN(values), 1, err);
}

static int drop_erased(struct retention *r, struct err *err)
{
    static const enum statement drops[] = { STATEMENT_ERASED_DROP, STATEMENT_ERASED_RECORDS_DROP };
    for (size_t i = 0; i < ARRAY_LEN(drops) && r->portion.left > 0; i++) {
        const int64_t rows = portion_rows(&r->portion, 1);
        if (bind_and_run(&r->portion, drops[i], &rows, 1, 1, err) < 0)
            return -1;
    }
    return 0;
}

int sql_tx_retention(struct store_tx *tx, int64_t ended_before_ms, int64_t now_ms, size_t budget,
                     struct arena *a, struct purged *out, struct err *err)
{
    static int (*const steps[])(struct retention *, struct err *) = {
        drop_actions, drop_dry_runs, drop_erased, drop_idempotency, drop_tokens,
    };
    struct retention r = { .ended_before_ms = ended_before_ms, .now_ms = now_ms };
    portion_begin(&r.portion, tx, budget, a, out);
    for (size_t i = 0; i < ARRAY_LEN(steps) && r.portion.left > 0; i++) {
        if (steps[i](&r, err) < 0)
            return -1;
    }
    out->more = r.portion.left == 0;
    return 0;
}
