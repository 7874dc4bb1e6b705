/* SPDX-License-Identifier: MIT */
/*
 * sets.c - the rows of a slice by sets: a few statements for thousands of rows; see bulk_priv.h.
 *
 * One query finds the stored rows; what becomes of each row is decided here, by the same code as
 * for a single one (sql/vouchers.c); then new rows go by COPY into the table, changed ones by COPY
 * into a temporary table and one UPDATE, failures by COPY. Rows come sorted by code, so both sides
 * are walked once, and a code that is repeated meets what its predecessors have made of it.
 */
#include <stdio.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "store/postgres/bulk_priv.h"

#define BUF_ENOUGH (6 * MIB) /* then the slice ends */
#define SEND_BYTES (64 * KIB)
#define TID_COLUMN 29 /* behind VOUCHER_READ_COLUMNS */

static const char copy_new[] = "COPY vouchers (" VOUCHER_COLUMNS ") FROM STDIN (FORMAT binary)";
static const char copy_changed[] = "COPY stage (" STAGE_COLUMNS ") FROM STDIN (FORMAT binary)";
static const char copy_failures[] =
    "COPY failures (project_id, action_seq, \"row\", key, reason, kind) FROM STDIN (FORMAT binary)";

static const char update_from_stage[] =
    "UPDATE vouchers v SET version = s.version, effect = s.effect, active = s.active, "
    "value = s.value, start_ms = s.start_ms, expiration_ms = s.expiration_ms, "
    "quantity = s.quantity, redeemed_quantity = s.redeemed_quantity, "
    "redeemed_amount = s.redeemed_amount, category = s.category, "
    "additional_info = s.additional_info, rule = s.rule, discount_extra = s.discount_extra, "
    "metadata = s.metadata, updated_ms = s.updated_ms, category_id = s.category_id, "
    "validity = s.validity, recent = s.recent FROM stage s WHERE v.ctid = s.tid AND "
    "v.id = s.id AND v.version = s.seen"; /* a place may be given again */

/* ---- stored rows ---- */

static bool same_code(const struct slice *sl, size_t a, size_t b)
{
    return str_eq(sl->vouchers[a]->code, sl->vouchers[b]->code);
}

static struct store_chunk *chunk_of(const struct slice *sl, size_t i)
{
    return &sl->chunks[sl->owners != NULL ? sl->owners[i] : 0];
}

/* Merged by one statement, before. */
static bool is_merged(const struct slice *sl, size_t i)
{
    return sl->merges && sl->bulk->merging.merged[i - sl->from] != 0;
}

/* The first row of its code that is still to do. */
static bool begins_code(const struct slice *sl, size_t i)
{
    return (i == sl->from || !same_code(sl, i, i - 1)) && !is_merged(sl, i);
}

static size_t count_codes(const struct slice *sl)
{
    size_t n = 0;
    for (size_t i = sl->from; i < sl->to; i++)
        n += begins_code(sl, i);
    return n;
}

/* text[] as it is sent. */
static int put_codes(struct slice *sl, struct err *err)
{
    struct buf *b = &sl->bulk->codes;
    const size_t n = count_codes(sl);
    array_begin(b, PG_TEXT, n);
    for (size_t i = sl->from; i < sl->to; i++) {
        if (begins_code(sl, i))
            field_text(b, sl->vouchers[i]->code);
    }
    return buf_ok(b, err);
}

static int query_stored(struct slice *sl, struct err *err)
{
    struct db *db = &sl->lane->db.base;
    if (count_codes(sl) == 0)
        return 0;
    sl->stored = db_statement(
        db, sl->bulk->careful ? STATEMENT_VOUCHERS_BY_CODES_LOCKED : STATEMENT_VOUCHERS_BY_CODES,
        err);
    if (sl->stored == NULL || put_codes(sl, err) < 0)
        return -1;
    bind_int(sl->stored, 1, sl->ap.project_id);
    pg_bind_array(sl->stored, 2, buf_str(&sl->bulk->codes));
    const int got = db_step(db, sl->stored, err);
    sl->stored_row = got > 0;
    return got < 0 ? -1 : 0;
}

/* Both sides are sorted by byte. */
static int find_stored(struct slice *sl, struct str code, struct err *err)
{
    struct db *db = &sl->lane->db.base;
    sl->there = false;
    while (sl->stored_row) {
        const int order = str_cmp(column_str(sl->stored, 2), code);
        if (order > 0)
            return 0;
        sl->there = order == 0;
        if (sl->there && voucher_read_row(sl->stored, &sl->now, err) < 0)
            return -1;
        const struct str tid = column_blob(sl->stored, TID_COLUMN);
        if (sl->there && tid.len == TID_BYTES)
            memcpy(sl->tid, tid.p, TID_BYTES);
        sl->seen = sl->now.version;
        const int got = db_step(db, sl->stored, err);
        if (got < 0)
            return -1;
        sl->stored_row = got > 0;
        if (sl->there)
            return 0;
    }
    return 0;
}

/* ---- a row ---- */

static int on_changed(struct voucher_applier *ap, struct voucher *stored, struct err *err)
{
    struct slice *sl = ap->sink_arg;
    (void)stored;
    (void)err;
    sl->dirty = true;
    return 0;
}

static int create(struct slice *sl, const struct voucher *v, bool repeated, struct applied *out,
                  struct err *err)
{
    struct voucher_applier *ap = &sl->ap;
    sl->now = *v;
    sl->now.key = key_base(sl->ap.project_id) + sl->next_key++;
    sl->now.version = ap->seq;
    sl->now.created_ms = ap->now_ms;
    sl->now.updated_ms = TIME_NONE;
    sl->now.recent = (struct str){ 0 };
    sl->now.binned_ms = TIME_NONE;
    sl->now.subtracted = 0;
    if (repeated && applier_prepare(ap, &sl->now, &out->reason, err) < 0)
        return -1;
    if (applier_overlaps(ap) &&
        voucher_note(&sl->now, v, ap->seq, ap->first_unfinished, ap->arena, err) < 0)
        return -1;
    sl->there = sl->is_new = true;
    ap->created++;
    ap->room--;
    out->outcome = OUTCOME_CREATED;
    if (sl->fresh.open && ap->n_counts == APPLIER_COUNTS && copy_stream_end(&sl->fresh, 0, err) < 0)
        return -1; /* the counters that wait will be written */
    return applier_count(ap, v, 1, err);
}

static int apply(struct slice *sl, struct voucher *v, bool repeated, struct applied *out,
                 struct err *err)
{
    struct voucher_applier *ap = &sl->ap;
    *out = (struct applied){ 0 };
    if (!pg_fits(v->metadata)) {
        *out = (struct applied){ .outcome = OUTCOME_FAILED,
                                 .kind = FAILURE_INVALID,
                                 .reason = STR(METADATA_UNFIT) };
        return 0;
    }
    if (applier_link(ap, v, err) < 0)
        return -1;
    if (!sl->there && ap->mode == APPLY_UPDATE_ONLY)
        return applier_missing(ap, v, out, err);
    if (!sl->there && v->unfit_new.p != NULL) {
        sl->wants_query = sl->wants_query || !sl->by_query;
        return sl->by_query ? applier_unfit(v, out) : -1;
    }
    if (!sl->there)
        return ap->room <= 0 ? applier_full(ap, out, err) : create(sl, v, repeated, out, err);
    return applier_refuses(ap) ? applier_duplicate(ap, v, out, err)
                               : applier_merge(ap, &sl->now, v, out, err);
}

static void note(struct slice *sl, struct store_chunk *c, const struct failure *f,
                 enum outcome outcome)
{
    if (outcome == OUTCOME_FAILED) {
        put_failure(&sl->bulk->failures, c, f);
        sl->bulk->n_failures++;
    }
    outcome_put(c->outcomes, f->row, outcome);
    c->adding[outcome]++;
    c->reached++;
}

/* All rows of one code; *at is the first behind them then. */
static int apply_code(struct slice *sl, size_t *at, struct err *err)
{
    size_t end = *at + 1;
    while (end < sl->to && same_code(sl, *at, end))
        end++;
    sl->there = sl->is_new = sl->dirty = false;
    arena_reset(sl->ap.arena);
    if (sl->by_query && find_stored(sl, sl->vouchers[*at]->code, err) < 0)
        return -1;
    for (size_t i = *at; i < end; i++) {
        struct voucher *v = sl->vouchers[i];
        struct store_chunk *c = chunk_of(sl, i);
        struct applied applied;
        sl->ap.seq = c->action_seq;
        sl->ap.mode = c->mode;
        if (apply(sl, v, end - *at > 1, &applied, err) < 0)
            return -1;
        note(sl, c,
             &(struct failure){
                 .row = v->row, .kind = applied.kind, .key = v->code, .reason = applied.reason },
             applied.outcome);
        fault_point("slice.row");
    }
    if (sl->is_new) {
        put_fresh(&sl->bulk->fresh, &sl->now, sl->ap.project_id);
        if (sl->streams && sl->bulk->fresh.len > SEND_BYTES &&
            copy_stream_send(&sl->fresh, err) < 0)
            return -1;
    } else if (sl->dirty) {
        put_changed(&sl->bulk->changed, &sl->now, sl->tid, sl->seen);
        sl->bulk->n_changed++;
    }
    *at = end;
    return 0;
}

/* ---- all of them ---- */

static bool may_create(const struct slice *sl)
{
    for (size_t k = 0; k < sl->n_chunks; k++)
        if (sl->chunks[k].mode != APPLY_UPDATE_ONLY)
            return true;
    return false;
}

static int take_keys(struct slice *sl, struct err *err)
{
    struct key_range range = { 0 };
    if (!may_create(sl))
        return 0;
    const size_t n = count_codes(sl);
    if (sl->s->base.backend->keys_take(&sl->lane->tx, sl->ap.project_id, "voucher", (int64_t)n,
                                       &range, err) < 0)
        return -1;
    sl->next_key = range.next;
    return 0;
}

/* Rows were read without a lock: locking a million rows costs as much as changing them. A row that
 * somebody has changed since is not where it was, so it is missed, and the slice is done again. */
static int write_changed(struct slice *sl, struct err *err)
{
    struct pg_bulk *bulk = sl->bulk;
    struct pg_db *db = &sl->lane->db;
    if (copy_all(db, copy_changed, &bulk->changed, err) < 0 ||
        pg_exec(db, update_from_stage, err) < 0)
        return -1;
    if (db->changes == (int64_t)bulk->n_changed)
        return 0;
    bulk->careful = true;
    db->again = true;
    return err_set(err, ERR_BUSY, "rows have been changed by somebody else meanwhile");
}

static int write_failures(struct slice *sl, struct err *err)
{
    struct pg_bulk *bulk = sl->bulk;
    return bulk->n_failures == 0 ? 0 : copy_all(&sl->lane->db, copy_failures, &bulk->failures, err);
}

static void clear_decided(struct pg_bulk *bulk)
{
    buf_reset(&bulk->fresh);
    copy_rows_begin(&bulk->changed);
    copy_rows_begin(&bulk->failures);
    bulk->n_changed = bulk->n_failures = 0;
}

static int write_decided(struct slice *sl, struct err *err)
{
    return (sl->bulk->n_changed > 0 && write_changed(sl, err) < 0) || write_failures(sl, err) < 0
               ? -1
               : 0;
}

/* Enough in memory. 1: the slice ends here. One that cannot end before its last row writes what has
 * been decided so far, and goes on. */
static int make_room(struct slice *sl, struct err *err)
{
    struct pg_bulk *bulk = sl->bulk;
    if (bulk->fresh.len + bulk->changed.len + bulk->failures.len <= BUF_ENOUGH)
        return 0;
    if (!sl->whole)
        return 1;
    if (copy_stream_end(&sl->fresh, 0, err) < 0 || write_decided(sl, err) < 0)
        return -1;
    clear_decided(bulk);
    return pg_exec(&sl->lane->db, "TRUNCATE stage", err);
}

static int decide(struct slice *sl, struct err *err)
{
    clear_decided(sl->bulk);
    for (size_t k = 0; k < sl->n_chunks; k++) {
        struct store_chunk *c = &sl->chunks[k];
        while (!c->lost && c->reached < c->n_failures)
            note(sl, c, &c->failures[c->reached], OUTCOME_FAILED);
    }
    int rc = 0;
    for (size_t at = sl->from; at < sl->to && rc == 0;) {
        if (is_merged(sl, at)) {
            note(sl, chunk_of(sl, at), &(struct failure){ .row = sl->vouchers[at]->row },
                 OUTCOME_UPDATED);
            at++;
            fault_point("slice.row");
        } else {
            rc = pg_ahead_is_off(sl->lane) ? pg_ahead_cannot(err) : apply_code(sl, &at, err);
        }
        if (rc == 0)
            rc = make_room(sl, err);
    }
    return rc < 0 ? -1 : 0;
}

/* Updates that give nothing but metadata, of an action that nobody can overlap. */
static int merge_metadata(struct slice *sl, struct err *err)
{
    struct voucher *const *vouchers = sl->vouchers + sl->from;
    if (sl->ap.mode != APPLY_UPDATE_ONLY || applier_overlaps(&sl->ap) ||
        !sl->bulk->merging.promises || sl->from == sl->to)
        return 0;
    if (pg_metadata_update(&sl->lane->db, &sl->ap, &sl->bulk->merging, vouchers, sl->to - sl->from,
                           err) < 0)
        return -1;
    sl->merges = sl->bulk->merging.n_merged > 0;
    sl->whole = sl->whole || sl->merges;
    return 0;
}

int set_raced(struct slice *sl, struct err *err)
{
    sl->bulk->expect_new = false;
    sl->lane->db.again = true;
    err->code = ERR_BUSY;
    return -1;
}

void set_applier(struct slice *sl)
{
    sl->ap.sink = on_changed;
    sl->ap.sink_arg = sl;
}

int set_run(struct slice *sl, bool merge_first, struct err *err)
{
    sl->fresh =
        (struct copy_stream){ .db = &sl->lane->db, .sql = copy_new, .rows = &sl->bulk->fresh };
    sl->merges = sl->wants_query = false;
    sl->streams = !sl->ap.has_categories && !sl->ap.has_gone; /* which ask the database */
    sl->stored = NULL;
    sl->stored_row = false;
    if ((merge_first && merge_metadata(sl, err) < 0) || take_keys(sl, err) < 0 ||
        (sl->by_query && query_stored(sl, err) < 0))
        return -1;
    int rc = copy_stream_end(&sl->fresh, decide(sl, err), err);
    if (rc == 0)
        rc = write_decided(sl, err);
    return sl->fresh.exists || sl->wants_query ? 1 : rc;
}

void set_end(struct slice *sl)
{
    if (sl->stored != NULL)
        stmt_reset(sl->stored);
    sl->stored = NULL;
}
