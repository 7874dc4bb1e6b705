/* SPDX-License-Identifier: MIT */
/*
 * bulk.c - slices of one chunk: which rows, and with which of the ways of sets.c.
 *
 * While an import finds nothing but new codes the query is left out: COPY itself tells when a code
 * exists, and the slice is done again with the query. A unique violation in spite of it comes from
 * a racing writer; then the transaction is repeated.
 */
#include <stdio.h>

#include "base/time_iso.h"
#include "store/postgres/bulk_priv.h"

#define ROWS_LEAST 64
#define BUF_BYTES  (16 * MIB)
#define TARGET_US  12000 /* of a slice while somebody writes; COMMIT comes on top */

static const char make_stage[] =
    "CREATE TEMP TABLE IF NOT EXISTS stage (tid tid, id bigint, seen bigint, version bigint, "
    "effect smallint, "
    "active smallint, value numeric, start_ms bigint, expiration_ms bigint, quantity bigint, "
    "redeemed_quantity bigint, redeemed_amount bigint, category text, additional_info text, "
    "rule text, discount_extra text, metadata jsonb, updated_ms bigint, category_id bigint, "
    "validity text, recent bytea) ON COMMIT DELETE ROWS";

/* ---- a slice ---- */

bool is_quiet(const struct pg_store *s)
{
    const int64_t last = atomic_load(&s->interactive_us);
    return last == 0 || time_monotonic_us() - last > 2000000;
}

size_t pace_rows(const struct pg_store *s, const struct pace *p, size_t most)
{
    if (is_quiet(s))
        return most;
    const double n = p->us_per_row > 0 ? TARGET_US / p->us_per_row : 256;
    return n < ROWS_LEAST ? ROWS_LEAST : n > (double)most ? most : (size_t)n;
}

void pace_learn(struct pace *p, size_t rows, int64_t us)
{
    const double per_row = rows > 0 ? (double)us / (double)rows : 0;
    p->us_per_row = p->us_per_row == 0 ? per_row : 0.7 * p->us_per_row + 0.3 * per_row;
}

bool same_key(const struct store_chunk *c, size_t a, size_t b)
{
    const struct str key = c->mapped[a]->key;
    return key.p != NULL && str_eq(key, c->mapped[b]->key);
}

size_t first_left(const struct store_chunk *c)
{
    return c->slice_done > c->n_failures ? c->slice_done - c->n_failures : 0;
}

void choose_rows(const struct pg_store *s, const struct pg_lane *lane, const struct store_chunk *c,
                 bool by_query, size_t *from, size_t *to)
{
    *from = first_left(c);
    *to = *from + pace_rows(s, &lane->fast->pace, by_query ? ROWS_STORED : ROWS_NEW);
    if (*to > c->n_mapped)
        *to = c->n_mapped;
    if (lane->until > 0 && *to > lane->until)
        *to = lane->until;
    while (*to > *from && *to < c->n_mapped && same_key(c, *to - 1, *to))
        ++*to;
}

static int run(struct slice *sl, struct err *err)
{
    choose_rows(sl->s, sl->lane, sl->chunks, sl->by_query, &sl->from, &sl->to);
    sl->whole = false;
    int rc = set_run(sl, true, err);
    if (rc == 0)
        rc = pg_ahead_turn(sl->lane, sl->chunks, err);
    if (rc == 0)
        rc = slice_finish(&sl->lane->tx, sl->chunks, &sl->ap, err);
    set_end(sl);
    return rc;
}

/* Once without the query; when that meets a stored code, all over again with it. */
static int run_expecting_new(struct slice *sl, struct err *err)
{
    struct pg_db *db = &sl->lane->db;
    if (pg_exec(db, "SAVEPOINT fresh", err) < 0)
        return -1;
    /* A campaign with a limit is locked: the next slice could not even begin. */
    if (!pg_is_ahead(sl->lane) && !sl->ap.has_categories && !sl->ap.has_gone &&
        sl->ap.room == INT64_MAX)
        pg_ahead_start(sl->s, sl->chunks);
    const int rc = run(sl, err);
    if (rc <= 0)
        return rc;
    if (pg_is_ahead(sl->lane))
        return pg_ahead_cannot(err);
    pg_ahead_call_off(sl->s);
    if (pg_exec(db, "ROLLBACK TO fresh", err) < 0)
        return -1;
    slice_undo(sl->chunks);
    sl->bulk->expect_new = false;
    sl->by_query = true;
    if (slice_begin(&sl->lane->tx, sl->chunks, &sl->ap, err) < 0)
        return -1;
    set_applier(sl);
    return run(sl, err);
}

int pg_ahead_cannot(struct err *err)
{
    return err_set(err, ERR_BUSY, "not ahead of the slice before it");
}

struct pg_bulk *pg_bulk_of(struct pg_lane *lane)
{
    if (lane->fast != NULL)
        return lane->fast;
    struct pg_bulk *bulk = mem_calloc(1, sizeof(*bulk));
    if (bulk == NULL)
        return NULL;
    buf_init(&bulk->fresh, BUF_BYTES);
    buf_init(&bulk->changed, BUF_BYTES);
    buf_init(&bulk->failures, BUF_BYTES);
    buf_init(&bulk->codes, BUF_BYTES);
    pg_merging_init(&bulk->merging);
    lane->fast = bulk;
    return bulk;
}

static void learn(struct slice *sl, int64_t us)
{
    struct pg_bulk *bulk = sl->bulk;
    const struct store_chunk *c = sl->chunks;
    const size_t rows = c->reached - c->slice_done;
    pace_learn(&bulk->pace, rows, us);
    bulk->careful = false;
    if (sl->ap.mode == APPLY_UPDATE_ONLY)
        bulk->merging.promises = 2 * c->adding[OUTCOME_UPDATED] >= (int64_t)rows;
    if (sl->by_query)
        bulk->expect_new = c->adding[OUTCOME_CREATED] > 0 &&
                           c->adding[OUTCOME_CREATED] + c->adding[OUTCOME_FAILED] == (int64_t)rows;
}

int pg_bulk_prepare(struct pg_lane *lane, const struct store_chunk *c, struct err *err)
{
    struct pg_bulk *bulk = pg_bulk_of(lane);
    if (bulk == NULL)
        return err_nomem(err);
    if (pg_db_connect(&lane->db, err) < 0)
        return -1;
    if (pg_is_ahead(lane))
        return 0; /* new rows go where they belong */
    if (c->resource != RESOURCE_VOUCHER)
        return pg_records_prepare(lane, c, err);
    if (bulk->staged != lane->db.generation && pg_exec(&lane->db, make_stage, err) < 0)
        return -1;
    bulk->staged = lane->db.generation;
    return 0;
}

/* Row by row, for what sets cannot do. */
static int run_by_ones(struct slice *sl, int64_t from_us, struct err *err)
{
    return pg_is_ahead(sl->lane) ? pg_ahead_cannot(err)
                                 : slice_run(&sl->lane->tx, sl->chunks, false, from_us, err);
}

int pg_bulk_slice(struct pg_store *s, struct pg_lane *lane, struct store_chunk *c, struct err *err)
{
    struct slice sl = { .s = s, .lane = lane, .chunks = c, .n_chunks = 1, .vouchers = c->vouchers };
    const int64_t from_us = time_monotonic_us();
    const size_t left = c->n_failures + c->n_mapped - c->slice_done;
    sl.bulk = pg_bulk_of(lane);
    if (sl.bulk == NULL)
        return err_nomem(err);
    if (c->resource != RESOURCE_VOUCHER && c->members == NULL)
        return pg_records_slice(s, lane, c, err);
    if (c->dry_run || left <= ROWS_BY_ONES)
        return run_by_ones(&sl, from_us, err);
    if (slice_begin(&lane->tx, c, &sl.ap, err) < 0)
        return -1;
    pg_ahead_begun(lane);
    if (sl.ap.has_erased)
        return run_by_ones(&sl, from_us, err);
    set_applier(&sl);
    /* Which are new is to be known before when a campaign has not room for all. */
    sl.by_query =
        c->mode == APPLY_UPDATE_ONLY || !sl.bulk->expect_new || sl.ap.room < (int64_t)left;
    if ((sl.by_query || sl.ap.has_categories || sl.ap.has_gone) && pg_is_ahead(lane))
        return pg_ahead_cannot(err);
    const int rc = sl.by_query ? run(&sl, err) : run_expecting_new(&sl, err);
    if (rc == 0) {
        learn(&sl, time_monotonic_us() - from_us);
        return 0;
    }
    return rc > 0 ? set_raced(&sl, err) : -1;
}

void pg_bulk_free(struct pg_lane *lane)
{
    struct pg_bulk *bulk = lane->fast;
    if (bulk == NULL)
        return;
    buf_release(&bulk->fresh);
    buf_release(&bulk->changed);
    buf_release(&bulk->failures);
    buf_release(&bulk->codes);
    pg_merging_release(&bulk->merging);
    pg_batch_free(bulk->batch);
    pg_records_free(bulk);
    mem_free(bulk);
}
