/* SPDX-License-Identifier: MIT */
/*
 * bulk.c - a slice of a chunk by sets of rows: a few statements for thousands of rows.
 *
 * One query finds the stored rows; what becomes of each row is decided here, by the
 * same code as for a single one (sql/vouchers.c); then new rows go by COPY into the table, changed
 * ones by COPY into a temporary table and one UPDATE, failures by COPY. Rows come sorted by code,
 * so both sides are walked once, and a code that is repeated meets what its predecessors have made
 * of it.
 *
 * While an import finds nothing but new codes the query is left out: COPY itself tells when a code
 * exists, and the slice is done again with the query. A unique violation in spite of it comes from
 * a racing writer; then the transaction is repeated.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "store/postgres/copy.h"

#define ROWS_NEW     40960 /* of a slice */
#define ROWS_STORED  10240 /* the query brings them all into memory: 1 KB and more each */
#define ROWS_LEAST   64
#define ROWS_BY_ONES 4 /* fewer are cheaper one by one */
#define BUF_BYTES    (16 * MIB)
#define BUF_ENOUGH   (6 * MIB) /* then the slice ends */
#define SEND_BYTES   (64 * KIB)
#define TARGET_US    12000 /* of a slice while somebody writes; COMMIT comes on top */

#define TID_BYTES  6
#define TID_COLUMN 27 /* behind VOUCHER_COLUMNS */

#define STAGE_COLUMNS                                                                              \
    "tid, id, seen, version, effect, active, value, start_ms, expiration_ms, quantity, "           \
    "redeemed_quantity, "                                                                          \
    "redeemed_amount, category, additional_info, rule, discount_extra, metadata, updated_ms, "     \
    "category_id, validity, recent"

static const char copy_new[] = "COPY vouchers (" VOUCHER_COLUMNS ") FROM STDIN (FORMAT binary)";
static const char copy_changed[] = "COPY stage (" STAGE_COLUMNS ") FROM STDIN (FORMAT binary)";
static const char copy_failures[] =
    "COPY failures (project_id, action_seq, \"row\", key, reason, kind) FROM STDIN (FORMAT binary)";

static const char make_stage[] =
    "CREATE TEMP TABLE IF NOT EXISTS stage (tid tid, id bigint, seen bigint, version bigint, "
    "effect smallint, "
    "active smallint, value numeric, start_ms bigint, expiration_ms bigint, quantity bigint, "
    "redeemed_quantity bigint, redeemed_amount bigint, category text, additional_info text, "
    "rule text, discount_extra text, metadata jsonb, updated_ms bigint, category_id bigint, "
    "validity text, recent bytea) ON COMMIT DELETE ROWS;"
    /* It has no statistics: whatever it holds, its rows lead to those of the table by their place.
     * And thousands of codes lead there by the index, also when the table was empty as the plan was
     * made: one plan for all slices, as making one for thousands of codes takes as long as finding
     * them. */
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; "
    "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan";

static const char update_from_stage[] =
    "UPDATE vouchers v SET version = s.version, effect = s.effect, active = s.active, "
    "value = s.value, start_ms = s.start_ms, expiration_ms = s.expiration_ms, "
    "quantity = s.quantity, redeemed_quantity = s.redeemed_quantity, "
    "redeemed_amount = s.redeemed_amount, category = s.category, "
    "additional_info = s.additional_info, rule = s.rule, discount_extra = s.discount_extra, "
    "metadata = s.metadata, updated_ms = s.updated_ms, category_id = s.category_id, "
    "validity = s.validity, recent = s.recent FROM stage s WHERE v.ctid = s.tid AND "
    "v.id = s.id AND v.version = s.seen"; /* a place may be given again */

struct pg_bulk {
    struct buf fresh, changed, failures, codes;
    size_t n_changed, n_failures;
    struct pg_merging merging;
    unsigned staged;   /* the generation of the connection that has the temporary table */
    bool expect_new;   /* the last slice found no stored row */
    bool careful;      /* somebody has changed a row meanwhile: rows are locked this time */
    double us_per_row; /* running estimate, without COMMIT */
};

/* A slice on its way. */
struct slice {
    struct pg_store *s;
    struct pg_bulk *bulk;
    struct store_chunk *c;
    struct voucher_applier ap;
    size_t from, to; /* of c->vouchers */
    bool streams;    /* new rows are sent while further ones are decided */
    bool copying;    /* the COPY of new rows is open: nothing else can be asked */
    bool exists;     /* it has found one that is there */
    bool by_query;   /* stored rows are known */
    bool merges;     /* some rows are done already: bulk->merging */
    struct stmt *stored;
    bool stored_row; /* the statement is at a row that no code has met yet */
    int64_t next_key;

    /* of the code under way */
    struct voucher now;
    bool there, is_new, dirty;
    char tid[TID_BYTES]; /* where the row is: a change by anybody else moves it */
    int64_t seen;        /* its version then */
};

/* ---- rows ---- */

#define NUMERIC_GROUPS 100 /* of four digits: a double has 308 of them and 20 behind the point */

/* numeric: groups of four digits, aligned at the point. */
static void put_numeric(struct buf *b, struct num n)
{
    char text[400] = "0";
    uint16_t groups[NUMERIC_GROUPS];
    struct buf t;
    buf_init(&t, sizeof(text) - 1);
    num_put(&t, n);
    if (t.failed)
        b->failed = true; /* out of memory: nothing of this may be sent */
    else
        memcpy(text, t.p, t.len);
    text[t.len < sizeof(text) ? t.len : 0] = '\0';
    buf_release(&t);
    if (b->failed)
        return;
    /* As plain digits: 1.5e20 becomes 15 and zeros. */
    const bool negative = text[0] == '-';
    const char *p = text + negative;
    char digits[NUMERIC_GROUPS * 4];
    int count = 0, point = -1, exponent = 0;
    for (; *p != '\0' && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.')
            point = count;
        else if (count < (int)sizeof(digits))
            digits[count++] = *p;
    }
    if (*p != '\0')
        exponent = (int)strtol(p + 1, NULL, 10);
    if (point < 0)
        point = count;
    point += exponent; /* digits in front of the point; may be below 0 or beyond count */
    const int scale = count - point > 0 ? count - point : 0;
    const int whole = point > 0 ? (point + 3) / 4 : 0; /* groups in front */
    const int parts = (scale + 3) / 4;
    int n_groups = 0;
    for (int g = -whole; g < parts && n_groups < NUMERIC_GROUPS; g++) {
        int v = 0;
        for (int k = 0; k < 4; k++) {
            const int at = point + g * 4 + k;
            v = v * 10 + (at >= 0 && at < count ? digits[at] - '0' : 0);
        }
        groups[n_groups++] = (uint16_t)v;
    }
    int weight = whole - 1, first = 0;
    while (first < n_groups && groups[first] == 0) {
        first++;
        weight--;
    }
    while (n_groups > first && groups[n_groups - 1] == 0)
        n_groups--;
    const int left = n_groups - first;
    copy_be32(b, (uint32_t)(8 + 2 * left));
    copy_be16(b, (uint16_t)left);
    copy_be16(b, (uint16_t)(left > 0 ? weight : 0));
    copy_be16(b, negative && left > 0 ? 0x4000 : 0);
    copy_be16(b, (uint16_t)scale);
    for (int i = first; i < n_groups; i++)
        copy_be16(b, groups[i]);
}

static void put_value(struct buf *b, const struct voucher *v)
{
    if ((v->set & VF_VALUE) != 0)
        put_numeric(b, v->value);
    else
        field_null(b);
}

/* From `effect` to `metadata`, as both lists of columns have it. */
static void put_given(struct buf *b, const struct voucher *v)
{
    field_small(b, v->effect);
    field_small(b, v->active);
    put_value(b, v);
    field_int_or_null(b, v->start_ms, v->start_ms == TIME_NONE);
    field_int_or_null(b, v->expiration_ms, v->expiration_ms == TIME_NONE);
    field_int_or_null(b, v->quantity, v->quantity < 0);
    field_int(b, v->redeemed_quantity);
    field_int(b, v->redeemed_amount);
    field_text(b, v->category);
    field_text(b, v->additional_info);
    field_text(b, v->rule);
    field_text(b, v->discount_extra);
    field_jsonb(b, v->metadata);
}

/* VOUCHER_COLUMNS of a new row. */
static void put_fresh(struct buf *b, const struct voucher *v, int64_t project_id)
{
    copy_be16(b, 27);
    field_int(b, v->key);
    field_int(b, project_id);
    field_text(b, v->code);
    field_int(b, v->version);
    field_null(b); /* standalone */
    field_small(b, v->type);
    field_small(b, v->discount_type);
    put_given(b, v);
    field_int(b, v->created_ms);
    field_int_or_null(b, v->updated_ms, v->updated_ms == TIME_NONE);
    field_int_or_null(b, v->category_id, v->category_id == 0);
    field_text(b, v->validity);
    field_int(b, 0);
    field_null(b);
    field_blob(b, v->recent);
}

/* STAGE_COLUMNS. */
static void put_changed(struct buf *b, const struct voucher *v, const char *tid, int64_t seen)
{
    copy_be16(b, 21);
    field_text(b, (struct str){ tid, TID_BYTES });
    field_int(b, v->key);
    field_int(b, seen);
    field_int(b, v->version);
    put_given(b, v);
    field_int_or_null(b, v->updated_ms, v->updated_ms == TIME_NONE);
    field_int_or_null(b, v->category_id, v->category_id == 0);
    field_text(b, v->validity);
    field_blob(b, v->recent);
}

static void put_failure(struct buf *b, const struct store_chunk *c, const struct failure *f)
{
    copy_be16(b, 6);
    field_int(b, c->project_id);
    field_int(b, c->action_seq);
    field_int(b, c->first_row + (int64_t)f->row + 1);
    field_text(b, f->key);
    field_text(b, f->reason);
    field_int(b, f->kind);
}

/* ---- stored rows ---- */

static bool same_code(const struct store_chunk *c, size_t a, size_t b)
{
    return str_eq(c->vouchers[a]->code, c->vouchers[b]->code);
}

/* Merged by one statement, before. */
static bool is_merged(const struct slice *sl, size_t i)
{
    return sl->merges && sl->bulk->merging.merged[i - sl->from] != 0;
}

/* The first row of its code that is still to do. */
static bool begins_code(const struct slice *sl, size_t i)
{
    return (i == sl->from || !same_code(sl->c, i, i - 1)) && !is_merged(sl, i);
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
    buf_reset(b);
    copy_be32(b, 1); /* dimensions */
    copy_be32(b, 0); /* no nulls */
    copy_be32(b, PG_TEXT);
    copy_be32(b, (uint32_t)n);
    copy_be32(b, 1); /* from 1 */
    for (size_t i = sl->from; i < sl->to; i++) {
        if (begins_code(sl, i))
            field_text(b, sl->c->vouchers[i]->code);
    }
    return buf_ok(b, err);
}

static int query_stored(struct slice *sl, struct err *err)
{
    struct db *db = &sl->s->bulk.base;
    if (count_codes(sl) == 0)
        return 0;
    sl->stored = db_statement(
        db, sl->bulk->careful ? STATEMENT_VOUCHERS_BY_CODES_LOCKED : STATEMENT_VOUCHERS_BY_CODES,
        err);
    if (sl->stored == NULL || put_codes(sl, err) < 0)
        return -1;
    bind_int(sl->stored, 1, sl->c->project_id);
    pg_bind_array(sl->stored, 2, buf_str(&sl->bulk->codes));
    const int got = db_step(db, sl->stored, err);
    sl->stored_row = got > 0;
    return got < 0 ? -1 : 0;
}

/* Both sides are sorted by byte. */
static int find_stored(struct slice *sl, struct str code, struct err *err)
{
    struct db *db = &sl->s->bulk.base;
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

/* ---- new rows ---- */

static int send_fresh(struct slice *sl, struct err *err)
{
    struct pg_db *db = &sl->s->bulk;
    if (!sl->copying && copy_begin(db, copy_new, err) < 0)
        return -1;
    if (!sl->copying) {
        sl->copying = true;
        if (PQputCopyData(db->conn, COPY_HEADER, COPY_HEADER_LEN) != 1)
            return pg_error(db, NULL, "cannot copy rows", err);
    }
    return copy_send(db, &sl->bulk->fresh, err);
}

/* Whatever of them has not been sent, is; then other statements can run. rc < 0: given up. */
static int end_fresh(struct slice *sl, int rc, struct err *err)
{
    if (rc == 0 && sl->bulk->fresh.len > 0)
        rc = send_fresh(sl, err);
    if (!sl->copying)
        return rc;
    sl->copying = false;
    if (rc == 0 && PQputCopyData(sl->s->bulk.conn, "\377\377", 2) != 1)
        rc = pg_error(&sl->s->bulk, NULL, "cannot copy rows", err);
    return copy_end(&sl->s->bulk, rc, &sl->exists, err);
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
    sl->now.key = key_base(sl->c->project_id) + sl->next_key++;
    sl->now.version = ap->seq;
    sl->now.created_ms = ap->now_ms;
    sl->now.updated_ms = TIME_NONE;
    sl->now.recent = (struct str){ 0 };
    sl->now.binned_ms = TIME_NONE;
    sl->now.subtracted = 0;
    if (repeated && applier_prepare(ap, &sl->now, &out->reason, err) < 0)
        return -1;
    if (applier_overlaps(ap) &&
        recent_note(&sl->now, v, ap->seq, ap->first_unfinished, ap->arena, err) < 0)
        return -1;
    sl->there = sl->is_new = true;
    ap->created++;
    out->outcome = OUTCOME_CREATED;
    if (sl->copying && ap->n_counts == APPLIER_COUNTS && end_fresh(sl, 0, err) < 0)
        return -1; /* the counters that wait will be written */
    return applier_count(ap, v, 1, err);
}

static int apply(struct slice *sl, struct voucher *v, bool repeated, struct applied *out,
                 struct err *err)
{
    struct voucher_applier *ap = &sl->ap;
    *out = (struct applied){ 0 };
    if (!pg_fits(v)) {
        *out = (struct applied){ .outcome = OUTCOME_FAILED,
                                 .kind = FAILURE_INVALID,
                                 .reason = STR(METADATA_UNFIT) };
        return 0;
    }
    if (ap->has_categories && category_link(ap->db, ap->project_id, v, err) < 0)
        return -1;
    if (!sl->there)
        return ap->mode == APPLY_UPDATE_ONLY ? applier_missing(ap, v, out, err)
                                             : create(sl, v, repeated, out, err);
    return ap->mode == APPLY_CREATE_ONLY ? applier_duplicate(ap, v, out, err)
                                         : applier_merge(ap, &sl->now, v, out, err);
}

static void note(struct slice *sl, const struct failure *f, enum outcome outcome)
{
    struct store_chunk *c = sl->c;
    if (outcome == OUTCOME_FAILED) {
        put_failure(&sl->bulk->failures, c, f);
        sl->bulk->n_failures++;
    }
    outcome_put(c->outcomes, f->row, outcome);
    c->adding[outcome]++;
    c->reached++;
}

/* All rows of one code; returns the first behind them. */
static int apply_code(struct slice *sl, size_t *at, struct err *err)
{
    struct store_chunk *c = sl->c;
    size_t end = *at + 1;
    while (end < sl->to && same_code(c, *at, end))
        end++;
    sl->there = sl->is_new = sl->dirty = false;
    arena_reset(sl->ap.arena);
    if (sl->by_query && find_stored(sl, c->vouchers[*at]->code, err) < 0)
        return -1;
    for (size_t i = *at; i < end; i++) {
        struct voucher *v = c->vouchers[i];
        struct applied applied;
        if (apply(sl, v, end - *at > 1, &applied, err) < 0)
            return -1;
        note(sl,
             &(struct failure){
                 .row = v->row, .kind = applied.kind, .key = v->code, .reason = applied.reason },
             applied.outcome);
        fault_point("slice.row");
    }
    if (sl->is_new) {
        put_fresh(&sl->bulk->fresh, &sl->now, c->project_id);
        if (sl->streams && sl->bulk->fresh.len > SEND_BYTES && send_fresh(sl, err) < 0)
            return -1;
    } else if (sl->dirty) {
        put_changed(&sl->bulk->changed, &sl->now, sl->tid, sl->seen);
        sl->bulk->n_changed++;
    }
    *at = end;
    return 0;
}

/* ---- a slice ---- */

/* Rows of one slice: all that fit while nobody writes, some milliseconds' worth otherwise. */
static size_t rows_wanted(const struct pg_store *s, const struct pg_bulk *bulk, bool by_query)
{
    const int64_t last = atomic_load(&s->interactive_us);
    const size_t most = by_query ? ROWS_STORED : ROWS_NEW;
    if (last == 0 || time_monotonic_us() - last > 2000000)
        return most;
    const double n = bulk->us_per_row > 0 ? TARGET_US / bulk->us_per_row : 256;
    return n < ROWS_LEAST ? ROWS_LEAST : n > (double)most ? most : (size_t)n;
}

static void choose_rows(struct slice *sl)
{
    const struct store_chunk *c = sl->c;
    sl->from = c->slice_done > c->n_failures ? c->slice_done - c->n_failures : 0;
    sl->to = sl->from + rows_wanted(sl->s, sl->bulk, sl->by_query);
    if (sl->to > c->n_vouchers)
        sl->to = c->n_vouchers;
    while (sl->to > sl->from && sl->to < c->n_vouchers && same_code(c, sl->to - 1, sl->to))
        sl->to++;
}

static int take_keys(struct slice *sl, struct err *err)
{
    struct key_range range = { 0 };
    const size_t n = count_codes(sl);
    if (sl->ap.mode == APPLY_UPDATE_ONLY || n == 0)
        return 0;
    if (sl->s->base.backend->keys_take(&sl->s->bulk_tx, sl->c->project_id, "voucher", (int64_t)n,
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
    struct pg_db *db = &sl->s->bulk;
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
    return bulk->n_failures == 0 ? 0 : copy_all(&sl->s->bulk, copy_failures, &bulk->failures, err);
}

static void clear_decided(struct pg_bulk *bulk)
{
    buf_reset(&bulk->fresh);
    copy_rows_begin(&bulk->changed);
    copy_rows_begin(&bulk->failures);
    bulk->n_changed = bulk->n_failures = 0;
}

/* What was decided, into the database. */
static int write_rows(struct slice *sl, struct err *err)
{
    if ((sl->bulk->n_changed > 0 && write_changed(sl, err) < 0) || write_failures(sl, err) < 0)
        return -1;
    return slice_finish(&sl->s->bulk_tx, sl->c, &sl->ap, err);
}

/* Enough in memory. 1: the slice ends here. Behind rows that are merged already it can't: what has
 * been decided so far is written, and it goes on. */
static int make_room(struct slice *sl, struct err *err)
{
    struct pg_bulk *bulk = sl->bulk;
    struct pg_db *db = &sl->s->bulk;
    if (bulk->fresh.len + bulk->changed.len + bulk->failures.len <= BUF_ENOUGH)
        return 0;
    if (!sl->merges)
        return 1;
    if ((bulk->n_changed > 0 && write_changed(sl, err) < 0) || write_failures(sl, err) < 0)
        return -1;
    clear_decided(bulk);
    return pg_exec(db, "TRUNCATE stage", err);
}

static int decide(struct slice *sl, struct err *err)
{
    struct pg_bulk *bulk = sl->bulk;
    struct store_chunk *c = sl->c;
    clear_decided(bulk);
    while (c->reached < c->n_failures)
        note(sl, &c->failures[c->reached], OUTCOME_FAILED);
    int rc = 0;
    for (size_t at = sl->from; at < sl->to && rc == 0;) {
        if (is_merged(sl, at)) {
            note(sl, &(struct failure){ .row = c->vouchers[at++]->row }, OUTCOME_UPDATED);
            fault_point("slice.row");
        } else {
            rc = apply_code(sl, &at, err);
        }
        if (rc == 0)
            rc = make_room(sl, err);
    }
    return rc < 0 ? -1 : 0;
}

/* Updates that give nothing but metadata, of an action that nobody can overlap. */
static int merge_metadata(struct slice *sl, struct err *err)
{
    struct voucher *const *vouchers = sl->c->vouchers + sl->from;
    sl->merges = false;
    if (sl->ap.mode != APPLY_UPDATE_ONLY || applier_overlaps(&sl->ap) ||
        !sl->bulk->merging.promises || sl->from == sl->to)
        return 0;
    if (pg_metadata_update(&sl->s->bulk, &sl->ap, &sl->bulk->merging, vouchers, sl->to - sl->from,
                           err) < 0)
        return -1;
    sl->merges = sl->bulk->merging.n_merged > 0;
    return 0;
}

/* 1: a code exists that was taken for a new one. */
static int run(struct slice *sl, struct err *err)
{
    sl->exists = false;
    sl->streams = !sl->ap.has_categories;
    choose_rows(sl);
    if (merge_metadata(sl, err) < 0 || take_keys(sl, err) < 0 ||
        (sl->by_query && query_stored(sl, err) < 0))
        return -1;
    int rc = end_fresh(sl, decide(sl, err), err);
    if (rc == 0)
        rc = write_rows(sl, err);
    if (sl->stored != NULL)
        stmt_reset(sl->stored);
    return sl->exists ? 1 : rc;
}

/* Once without the query; when that meets a stored code, all over again with it. */
static int run_expecting_new(struct slice *sl, struct err *err)
{
    struct pg_db *db = &sl->s->bulk;
    if (pg_exec(db, "SAVEPOINT fresh", err) < 0)
        return -1;
    const int rc = run(sl, err);
    if (rc <= 0)
        return rc;
    if (pg_exec(db, "ROLLBACK TO fresh", err) < 0)
        return -1;
    slice_undo(sl->c);
    sl->bulk->expect_new = false;
    sl->by_query = true;
    if (slice_begin(&sl->s->bulk_tx, sl->c, &sl->ap, err) < 0)
        return -1;
    sl->ap.sink = on_changed;
    sl->ap.sink_arg = sl;
    return run(sl, err);
}

static struct pg_bulk *bulk_of(struct pg_store *s)
{
    if (s->fast != NULL)
        return s->fast;
    struct pg_bulk *bulk = mem_calloc(1, sizeof(*bulk));
    if (bulk == NULL)
        return NULL;
    buf_init(&bulk->fresh, BUF_BYTES);
    buf_init(&bulk->changed, BUF_BYTES);
    buf_init(&bulk->failures, BUF_BYTES);
    buf_init(&bulk->codes, BUF_BYTES);
    pg_merging_init(&bulk->merging);
    s->fast = bulk;
    return bulk;
}

static void learn(struct slice *sl, int64_t us)
{
    struct pg_bulk *bulk = sl->bulk;
    const size_t rows = sl->c->reached - sl->c->slice_done;
    const double per_row = rows > 0 ? (double)us / (double)rows : 0;
    bulk->us_per_row = bulk->us_per_row == 0 ? per_row : 0.7 * bulk->us_per_row + 0.3 * per_row;
    bulk->careful = false;
    if (sl->ap.mode == APPLY_UPDATE_ONLY)
        bulk->merging.promises = 2 * sl->c->adding[OUTCOME_UPDATED] >= (int64_t)rows;
    if (sl->by_query)
        bulk->expect_new =
            sl->c->adding[OUTCOME_CREATED] > 0 &&
            sl->c->adding[OUTCOME_CREATED] + sl->c->adding[OUTCOME_FAILED] == (int64_t)rows;
}

int pg_bulk_prepare(struct pg_store *s, struct err *err)
{
    struct pg_bulk *bulk = bulk_of(s);
    if (bulk == NULL)
        return err_nomem(err);
    if (pg_db_connect(&s->bulk, err) < 0)
        return -1;
    if (bulk->staged == s->bulk.generation)
        return 0;
    if (pg_exec(&s->bulk, make_stage, err) < 0)
        return -1;
    bulk->staged = s->bulk.generation;
    return 0;
}

int pg_bulk_slice(struct pg_store *s, struct store_chunk *c, struct err *err)
{
    struct slice sl = { .s = s, .c = c };
    const int64_t from_us = time_monotonic_us();
    const size_t left = c->n_failures + c->n_vouchers - c->slice_done;
    sl.bulk = bulk_of(s);
    if (sl.bulk == NULL)
        return err_nomem(err);
    if (c->dry_run || left <= ROWS_BY_ONES)
        return slice_run(&s->bulk_tx, c, false, from_us, err);
    if (slice_begin(&s->bulk_tx, c, &sl.ap, err) < 0)
        return -1;
    if (sl.ap.has_erased)
        return slice_run(&s->bulk_tx, c, false, from_us, err);
    sl.ap.sink = on_changed;
    sl.ap.sink_arg = &sl;
    sl.by_query = c->mode == APPLY_UPDATE_ONLY || !sl.bulk->expect_new;
    const int rc = sl.by_query ? run(&sl, err) : run_expecting_new(&sl, err);
    if (rc == 0) {
        learn(&sl, time_monotonic_us() - from_us);
        return 0;
    }
    if (rc > 0) { /* a racing writer */
        sl.bulk->expect_new = false;
        s->bulk.again = true;
        err->code = ERR_BUSY;
    }
    return -1;
}

void pg_bulk_free(struct pg_store *s)
{
    struct pg_bulk *bulk = s->fast;
    if (bulk == NULL)
        return;
    buf_release(&bulk->fresh);
    buf_release(&bulk->changed);
    buf_release(&bulk->failures);
    buf_release(&bulk->codes);
    pg_merging_release(&bulk->merging);
    mem_free(bulk);
}
