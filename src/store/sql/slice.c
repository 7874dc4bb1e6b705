/* SPDX-License-Identifier: MIT */
/*
 * slice.c - a part of a chunk, inside the writer's transaction.
 *
 * Order, and why: (1) the failures and rows of the slice; (2) the chunk's outcomes; (3) the key
 * sequence and totals; (4) the action: counters, checkpoint and lease in one UPDATE that hits
 * nothing when another worker holds the action, which undoes all of the above.
 */
#include "base/fault.h"
#include "base/time_iso.h"
#include "store/sql/records.h"

#define ROWS_BETWEEN_LOOKS 64

static int put_failure(struct store_tx *tx, const struct store_chunk *c, const struct failure *f,
                       struct err *err)
{
    struct stmt *st = db_statement(tx->db, STATEMENT_FAILURE_INSERT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, c->project_id);
    bind_int(st, 2, c->action_seq);
    bind_int(st, 3, c->first_row + (int64_t)f->row + 1);
    bind_str(st, 4, f->key);
    bind_str(st, 5, f->reason);
    bind_int(st, 6, f->kind);
    return db_run(tx->db, st, err);
}

static int apply_item(struct store_tx *tx, struct store_chunk *c, slice_apply *apply, void *arg,
                      struct err *err)
{
    struct applied applied = { .outcome = OUTCOME_FAILED };
    struct failure failure;
    if (c->reached < c->n_failures) {
        failure = c->failures[c->reached];
    } else {
        struct row_head *row = c->mapped[c->reached - c->n_failures];
        if (apply(arg, row, &applied, err) < 0)
            return -1;
        failure = (struct failure){
            .row = row->row, .kind = applied.kind, .key = row->key, .reason = applied.reason
        };
    }
    if (applied.outcome == OUTCOME_FAILED && put_failure(tx, c, &failure, err) < 0)
        return -1;
    outcome_put(c->outcomes, failure.row, applied.outcome);
    c->adding[applied.outcome]++;
    return 0;
}

int slice_put_outcomes(struct store_tx *tx, const struct store_chunk *c, struct err *err)
{
    if (c->n_rows == 0 || c->members != NULL)
        return 0;
    struct stmt *st = db_statement(tx->db, STATEMENT_OUTCOMES_PUT, err);
    if (st == NULL)
        return -1;
    const int64_t values[] = { c->project_id, c->action_seq, c->no, c->first_row,
                               c->n_rows,     c->start,      c->end };
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        bind_int(st, (int)i + 1, values[i]);
    bind_blob(st, 8, c->outcomes, (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE);
    return db_run(tx->db, st, err);
}

static size_t items_of(const struct store_chunk *c)
{
    return c->n_failures + c->n_mapped;
}

static int percent(double part, int64_t all)
{
    const double percent = all > 0 ? part * 100.0 / (double)all : 0;
    return percent > 99 ? 99 : (int)percent;
}

int slice_progress(const struct store_chunk *c)
{
    const size_t items = items_of(c);
    const bool all = c->reached == items;
    if (all && c->end_status == ACTION_DONE)
        return 100;
    if (c->members != NULL && c->members->order == MEMBERS_PURGE_KEY)
        return percent((double)(c->end - key_base(c->project_id)), c->input_bytes);
    if (c->members != NULL)
        return percent((double)(c->first_row + c->n_rows), c->members->expected);
    const double part = items == 0 ? 1.0 : (double)c->reached / (double)items;
    const double bytes = (double)c->start + (double)(c->end - c->start) * part;
    return percent(bytes, c->input_bytes);
}

int slice_put_checkpoint(struct store_tx *tx, const struct store_chunk *c, int64_t now_ms,
                         struct err *err)
{
    struct stmt *st = db_statement(tx->db, STATEMENT_ACTION_CHECKPOINT, err);
    fault_point("slice.before_checkpoint");
    if (st == NULL)
        return -1;
    const bool all = c->reached == items_of(c);
    const int64_t values[] = {
        c->action_seq,
        c->lease_epoch,
        all ? (int64_t)c->end_status : ACTION_IN_PROGRESS,
        now_ms,
        slice_progress(c),
        all ? c->end : c->start,
        c->end,
        all ? c->first_row + c->n_rows : c->first_row,
        all ? c->no + 1 : c->no,
        all ? 0 : c->n_rows,
        all ? 0 : (int64_t)c->reached,
        c->adding[OUTCOME_CREATED],
        c->adding[OUTCOME_UPDATED],
        c->adding[OUTCOME_UNCHANGED],
        c->adding[OUTCOME_SUPERSEDED],
        c->adding[OUTCOME_FAILED],
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        bind_int(st, (int)i + 1, values[i]);
    bind_str(st, 17, all ? c->end_message : (struct str){ 0 });
    if (db_run(tx->db, st, err) < 0)
        return -1;
    if (db_changes(tx->db) == 0)
        return err_set(err, ERR_LEASE_LOST, "action %lld is leased to another worker",
                       (long long)c->action_seq);
    return all && c->end_status == ACTION_FAILED ? campaign_keep(tx->db, c->action_seq, err) : 0;
}

int slice_open(struct store_tx *tx, struct store_chunk *c, struct err *err)
{
    c->reached = c->slice_done;
    memset(c->adding, 0, sizeof(c->adding));
    return lock_project(tx, c->project_id, false, err);
}

int slice_begin(struct store_tx *tx, struct store_chunk *c, struct voucher_applier *ap,
                struct err *err)
{
    *ap = (struct voucher_applier){ .tx = tx,
                                    .db = tx->db,
                                    .arena = tx->scratch,
                                    .project_id = c->project_id,
                                    .seq = c->action_seq,
                                    .now_ms = time_now_ms(),
                                    .campaign_id = c->campaign_id,
                                    .mode = c->mode,
                                    .dry_run = c->dry_run,
                                    .alone = c->ordered };
    return slice_open(tx, c, err) < 0 ? -1 : applier_begin(ap, err);
}

int slice_finish(struct store_tx *tx, struct store_chunk *c, struct voucher_applier *ap,
                 struct err *err)
{
    if (slice_put_outcomes(tx, c, err) < 0 || applier_end(ap, err) < 0)
        return -1;
    return slice_put_checkpoint(tx, c, ap->now_ms, err);
}

int slice_rows(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
               slice_apply *apply, void *arg, struct err *err)
{
    const size_t items = items_of(c);
    for (size_t rows = 0; c->reached < items; c->reached++, rows++) {
        if (!whole && rows % ROWS_BETWEEN_LOOKS == ROWS_BETWEEN_LOOKS - 1 &&
            tx->store->backend->wants_room(tx->store, rows, time_monotonic_us() - from_us))
            break;
        if (apply_item(tx, c, apply, arg, err) < 0)
            return -1;
        fault_point("slice.row");
    }
    return 0;
}

static int apply_voucher(void *arg, struct row_head *row, struct applied *out, struct err *err)
{
    return applier_apply(arg, (struct voucher *)(void *)row, out, err);
}

int slice_run(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
              struct err *err)
{
    struct voucher_applier ap;
    if (c->members != NULL)
        return members_slice(tx, c, whole, from_us, err);
    if (c->resource != RESOURCE_VOUCHER)
        return records_slice(tx, c, whole, from_us, err);
    if (slice_begin(tx, c, &ap, err) < 0 ||
        slice_rows(tx, c, whole, from_us, apply_voucher, &ap, err) < 0)
        return -1;
    return slice_finish(tx, c, &ap, err);
}

bool slice_is_last(const struct store_chunk *c)
{
    return c->reached == items_of(c);
}

static size_t row_of_item(const struct store_chunk *c, size_t item)
{
    return item < c->n_failures ? c->failures[item].row : c->mapped[item - c->n_failures]->row;
}

void slice_undo(struct store_chunk *c)
{
    /* One more than reached: the row that failed may have its outcome already. */
    for (size_t i = c->slice_done; i <= c->reached && i < items_of(c); i++)
        outcome_put(c->outcomes, row_of_item(c, i), OUTCOME_PENDING);
    c->lost = false;
}

void slice_done(struct store_chunk *c)
{
    c->slice_done = c->reached;
    for (int o = 0; o < OUTCOME_COUNT; o++)
        c->counts[o] += c->adding[o];
    c->finished = slice_is_last(c) || c->lost;
}
