/* SPDX-License-Identifier: MIT */
/*
 * read_codes.c - the codes of an action that generates some, as rows of a chunk.
 *
 * A place of the order that the codes have (domain/code_draw.h) is what a byte of an input is to
 * other actions: a chunk is the places from `start` to `end`, and read again it has the same codes.
 * A code that somebody has already is left out, so there may be fewer in than places; when all that
 * was planned is committed, as many places as codes are missing are planned, until none is missing
 * or there is no place left.
 */
#include <inttypes.h>

#include "base/time_iso.h"
#include "engine/engine_priv.h"

static int put_code(struct draft *d, int64_t place, int64_t now_ms, struct err *err)
{
    const struct action_plan *plan = d->plan;
    struct arena *a = &d->slot->arena;
    struct voucher *row = draft_room(d, err);
    if (row == NULL)
        return -1;
    voucher_init(row);
    row->code = code_draw_at(&plan->draw, place, a);
    row->set = VF_CODE;
    if (row->code.p == NULL)
        return err_nomem(err);
    if (campaign_fill_voucher(plan->campaign, row, now_ms, a, err) < 0)
        return -1;
    draft_keep(d);
    return 0;
}

static int put_places(struct run *run, struct draft *d, int64_t end, struct err *err)
{
    for (int64_t place = run->next_start; place < end; place++)
        if (put_code(d, place, run->plan.now_ms, err) < 0)
            return -1;
    d->c->end = end;
    return 0;
}

static int fail(struct draft *d, const char *why, struct err *err)
{
    if (why == NULL)
        return err_nomem(err);
    d->c->end_status = ACTION_FAILED;
    d->c->end_message = str_of(why);
    return 0;
}

/* Nothing is under way: how the action ends, or what comes next. Rows fail for one reason only. */
static int plan_on(struct engine *e, struct run *run, struct draft *d, struct err *err)
{
    struct arena *a = &d->slot->arena;
    const int64_t missing = run->plan.count - run->created;
    const int64_t left = run->plan.draw.space - run->next_start;
    if (missing <= 0) {
        d->c->end_status = ACTION_DONE;
        return 0;
    }
    if (run->failed > 0)
        return fail(d,
                    arena_printf(a, "Generated %" PRId64 " of %" PRId64 " vouchers: " CAMPAIGN_FULL,
                                 run->created, run->plan.count, store_campaign_codes_max(e->store)),
                    err);
    if (left > 0) {
        run->codes_end = run->next_start + (missing < left ? missing : left);
        return 0;
    }
    return fail(d,
                arena_printf(a,
                             "Generated %" PRId64 " of %" PRId64 " vouchers: all %" PRId64
                             " codes that the code_config makes are taken.",
                             run->created, run->plan.count, run->plan.draw.space),
                err);
}

int read_codes(struct engine *e, struct run *run, struct draft *d, struct err *err)
{
    const size_t budget = e->config.chunk_rows > 0 ? e->config.chunk_rows : run->rows_budget;
    const bool resumed = run->ac.slice_done > 0;
    if (!resumed && run->next_start >= run->codes_end && plan_on(e, run, d, err) < 0)
        return -1;
    if (d->c->end_status != ACTION_IN_PROGRESS)
        return 0;
    int64_t end = run->codes_end;
    if (end > run->next_start + (int64_t)budget)
        end = run->next_start + (int64_t)budget;
    if (resumed) /* the chunk that was under way has the bounds that it had */
        end = run->codes_end = run->ac.chunk_end;
    return put_places(run, d, end, err);
}
