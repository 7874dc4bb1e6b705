/* SPDX-License-Identifier: MIT */
/*
 * records.c - slices of records (sql/records.h) by sets of rows, as bulk.c and sets.c do it for
 * vouchers: one query finds the stored ones, new ones go by COPY into the table, changed ones by
 * COPY into a temporary table and one UPDATE. While an import finds nothing but new ones the query
 * is left out, and COPY itself tells when one exists.
 */
#include <stdio.h>

#include "base/fault.h"
#include "store/postgres/bulk_priv.h"
#include "store/sql/records.h"

#define SEND_BYTES   (64 * KIB)
#define ENOUGH_BYTES (6 * MIB) /* then the slice ends */
#define SQL_BYTES    (4 * KIB)

static const char *const common_names[RECORD_COMMON] = { "id",        "version", "source_id",
                                                         "metadata",  "recent",  "created_ms",
                                                         "updated_ms" };

/* The statements of a table. */
struct pg_record_sql {
    struct buf make_stage, copy_new, copy_changed, update;
    unsigned staged; /* the generation of the connection that has the temporary table */
};

/* A slice on its way. */
struct set {
    struct pg_store *s;
    struct pg_lane *lane;
    struct pg_bulk *bulk; /* of the lane */
    struct pg_record_sql *sql;
    struct store_chunk *c;
    struct record_applier ap;
    size_t from, to;          /* of c->records */
    bool by_query;            /* stored rows are known */
    struct copy_stream fresh; /* new rows, while further ones are decided */
    bool wants_query;         /* a row cannot be decided without */
    struct stmt *stored;
    bool stored_row; /* the statement is at a row that no key has met yet */
    struct stmt *erased;
    int64_t erased_at; /* of the keys of the slice, the next that somebody erased later; 0: none */
    int64_t key_no;    /* of them, the one under way; the first is 1 */
    int64_t next_key;  /* n of project_id * 2^40 + n */

    /* of the key under way */
    struct record *now; /* in the applier's arena */
    bool there, is_new, dirty;
    char tid[TID_BYTES]; /* where the row is: a change by anybody else moves it */
    int64_t seen;        /* its version then */
};

/* ---- statements ---- */

static const char *column_name(const struct record_table *t, size_t i)
{
    return i < RECORD_COMMON ? common_names[i] : t->columns[i - RECORD_COMMON].name;
}

static void put_names(struct buf *b, const struct record_table *t)
{
    for (size_t i = 0; i < RECORD_COMMON + t->n_columns; i++)
        buf_printf(b, ", %s", column_name(t, i));
}

static void put_update(struct buf *b, const struct record_table *t)
{
    buf_printf(b, "UPDATE %s v SET version = s.version", t->name);
    for (size_t i = 2; i < RECORD_COMMON + t->n_columns; i++)
        buf_printf(b, ", %s = s.%s", column_name(t, i), column_name(t, i));
    buf_printf(b, " FROM stage_%s s WHERE v.ctid = s.tid AND v.id = s.id AND v.version = s.seen",
               t->name); /* a place may be given again */
}

static int make_sql(struct pg_record_sql *sql, const struct record_table *t, struct err *err)
{
    struct buf *all[] = { &sql->make_stage, &sql->copy_new, &sql->copy_changed, &sql->update };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buf_init(all[i], SQL_BYTES);
    buf_printf(&sql->make_stage,
               "CREATE TEMP TABLE IF NOT EXISTS stage_%s ON COMMIT DELETE ROWS AS SELECT ctid AS "
               "tid, version AS seen",
               t->name);
    put_names(&sql->make_stage, t);
    buf_printf(&sql->make_stage, " FROM %s WHERE false", t->name);
    buf_printf(&sql->copy_new, "COPY %s (project_id", t->name);
    put_names(&sql->copy_new, t);
    buf_puts(&sql->copy_new, STR(") FROM STDIN (FORMAT binary)"));
    buf_printf(&sql->copy_changed, "COPY stage_%s (tid, seen", t->name);
    put_names(&sql->copy_changed, t);
    buf_puts(&sql->copy_changed, STR(") FROM STDIN (FORMAT binary)"));
    put_update(&sql->update, t);
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        buf_putc(all[i], '\0');
        if (buf_ok(all[i], err) < 0)
            return -1;
    }
    return 0;
}

static void free_sql(struct pg_record_sql *sql)
{
    if (sql == NULL)
        return;
    buf_release(&sql->make_stage);
    buf_release(&sql->copy_new);
    buf_release(&sql->copy_changed);
    buf_release(&sql->update);
    mem_free(sql);
}

/* NULL: no memory. */
static struct pg_record_sql *sql_of(struct pg_bulk *bulk, enum resource_type resource,
                                    struct err *err)
{
    if (bulk->records[resource] != NULL)
        return bulk->records[resource];
    struct pg_record_sql *sql = mem_calloc(1, sizeof(*sql));
    if (sql == NULL) {
        (void)!err_nomem(err);
        return NULL;
    }
    if (make_sql(sql, record_table_of(resource), err) < 0) {
        free_sql(sql);
        return NULL;
    }
    bulk->records[resource] = sql;
    return sql;
}

void pg_records_free(struct pg_bulk *bulk)
{
    for (size_t i = 0; i < ARRAY_LEN(bulk->records); i++)
        free_sql(bulk->records[i]);
}

/* ---- rows as COPY takes them ---- */

static void put_columns(struct buf *b, const struct record_table *t, const struct record *r)
{
    field_int(b, r->key);
    field_int(b, r->version);
    field_text(b, r->source_id);
    field_jsonb(b, r->metadata);
    field_blob(b, r->recent);
    field_int(b, r->created_ms);
    field_int_or_null(b, r->updated_ms, r->updated_ms == TIME_NONE);
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct record_column *c = &t->columns[i];
        if (c->kind == RECORD_TEXT)
            field_text(b, *record_text(r, c));
        else
            field_int_or_null(b, *record_number(r, c), record_is_none(c, *record_number(r, c)));
    }
}

static void put_new(struct set *set)
{
    struct buf *b = &set->bulk->fresh;
    copy_be16(b, (uint16_t)(1 + RECORD_COMMON + set->ap.table->n_columns));
    field_int(b, set->ap.project_id);
    put_columns(b, set->ap.table, set->now);
}

static void put_changed_record(struct set *set)
{
    struct buf *b = &set->bulk->changed;
    copy_be16(b, (uint16_t)(2 + RECORD_COMMON + set->ap.table->n_columns));
    field_text(b, (struct str){ set->tid, TID_BYTES });
    field_int(b, set->seen);
    put_columns(b, set->ap.table, set->now);
    set->bulk->n_changed++;
}

/* ---- stored rows ---- */

static struct str key_at(const struct set *set, size_t i)
{
    return set->c->mapped[i]->key;
}

static bool begins_key(const struct set *set, size_t i)
{
    return i == set->from || !same_key(set->c, i, i - 1);
}

static size_t count_keys(const struct set *set)
{
    size_t n = 0;
    for (size_t i = set->from; i < set->to; i++)
        n += key_at(set, i).p != NULL && begins_key(set, i);
    return n;
}

static int next_erased(struct set *set, struct err *err)
{
    const int got = db_step(&set->lane->db.base, set->erased, err);
    if (got < 0)
        return -1;
    set->erased_at = got > 0 ? column_int(set->erased, 0) : 0;
    return 0;
}

/* Which keys of the slice were erased by somebody later. */
static int query_erased(struct set *set, struct err *err)
{
    struct record_applier *ap = &set->ap;
    struct buf *b = &set->bulk->codes;
    const size_t n = ap->has_erased ? count_keys(set) : 0;
    if (n == 0)
        return 0;
    struct stmt *st = db_statement(&set->lane->db.base, STATEMENT_ERASED_RECORDS_AMONG, err);
    if (st == NULL)
        return -1;
    array_begin(b, PG_TEXT, n);
    for (size_t i = set->from; i < set->to; i++) {
        struct str name;
        if (key_at(set, i).p == NULL || !begins_key(set, i))
            continue;
        arena_reset(ap->arena);
        if (erased_source_name(&set->s->base.base.secret, ap->project_id, ap->table, key_at(set, i),
                               ap->arena, &name, err) < 0)
            return -1;
        field_text(b, name);
    }
    if (buf_ok(b, err) < 0)
        return -1;
    bind_int(st, 1, ap->project_id);
    bind_int(st, 2, ap->table->resource);
    pg_bind_array(st, 3, buf_str(b));
    bind_int(st, 4, ap->seq);
    set->erased = st;
    return next_erased(set, err);
}

/* The key under way was: nothing becomes of its rows. */
static int is_erased(struct set *set, struct str key, bool *erased, struct err *err)
{
    *erased = false;
    if (set->erased == NULL || key.p == NULL)
        return 0;
    *erased = set->erased_at == ++set->key_no;
    return *erased ? next_erased(set, err) : 0;
}

static int query_stored(struct set *set, struct err *err)
{
    struct db *db = &set->lane->db.base;
    struct buf *b = &set->bulk->codes;
    const size_t n = count_keys(set);
    if (n == 0)
        return 0;
    set->stored = db_statement(
        db, set->bulk->careful ? set->ap.table->by_sources_locked : set->ap.table->by_sources, err);
    if (set->stored == NULL)
        return -1;
    array_begin(b, PG_TEXT, n);
    for (size_t i = set->from; i < set->to; i++)
        if (key_at(set, i).p != NULL && begins_key(set, i))
            field_text(b, key_at(set, i));
    if (buf_ok(b, err) < 0)
        return -1;
    bind_int(set->stored, 1, set->ap.project_id);
    pg_bind_array(set->stored, 2, buf_str(b));
    const int got = db_step(db, set->stored, err);
    set->stored_row = got > 0;
    return got < 0 ? -1 : 0;
}

/* Both sides are sorted by byte. */
static int find_stored(struct set *set, struct str key, struct err *err)
{
    const struct record_table *t = set->ap.table;
    struct db *db = &set->lane->db.base;
    while (set->stored_row && !set->there) {
        const int order = str_cmp(column_str(set->stored, 2), key);
        if (order > 0)
            return 0;
        set->there = order == 0;
        if (set->there && record_read_row(t, set->stored, set->now, err) < 0)
            return -1;
        const struct str tid = column_blob(set->stored, RECORD_COMMON + (int)t->n_columns);
        if (set->there && tid.len == TID_BYTES)
            memcpy(set->tid, tid.p, TID_BYTES);
        set->seen = set->now->version;
        const int got = db_step(db, set->stored, err);
        if (got < 0)
            return -1;
        set->stored_row = got > 0;
    }
    return 0;
}

/* ---- a row ---- */

static int apply(struct set *set, const struct record *given, bool repeated, struct applied *out,
                 struct err *err)
{
    struct record_applier *ap = &set->ap;
    bool write;
    *out = (struct applied){ .outcome = OUTCOME_CREATED };
    if (!pg_fits(given->metadata)) {
        *out = (struct applied){ .outcome = OUTCOME_FAILED,
                                 .kind = FAILURE_INVALID,
                                 .reason = STR(METADATA_UNFIT) };
        return 0;
    }
    if (set->there) {
        if (record_change(ap, set->now, given, out, &write, err) < 0)
            return -1;
        set->dirty = set->dirty || write;
        return 0;
    }
    if (given->unfit_new.p != NULL) {
        set->wants_query = !set->by_query;
        return set->by_query ? record_unfit(given, out) : -1;
    }
    memcpy(set->now, given, ap->table->bytes);
    set->now->key = key_base(ap->project_id) + set->next_key++;
    set->there = set->is_new = true;
    ap->created++;
    if (repeated && record_prepare(ap, set->now, &out->reason, err) < 0)
        return -1;
    return record_make(ap, set->now, err);
}

static void note(struct set *set, const struct failure *f, enum outcome outcome)
{
    struct store_chunk *c = set->c;
    if (outcome == OUTCOME_FAILED) {
        put_failure(&set->bulk->failures, c, f);
        set->bulk->n_failures++;
    }
    outcome_put(c->outcomes, f->row, outcome);
    c->adding[outcome]++;
    c->reached++;
}

/* All rows of one key; *at is the first behind them then. */
static int apply_key(struct set *set, size_t *at, struct err *err)
{
    size_t end = *at + 1;
    bool erased;
    while (end < set->to && same_key(set->c, *at, end))
        end++;
    if (is_erased(set, key_at(set, *at), &erased, err) < 0)
        return -1;
    set->there = set->is_new = set->dirty = false;
    arena_reset(set->ap.arena);
    set->now = arena_alloc(set->ap.arena, set->ap.table->bytes);
    if (set->now == NULL)
        return err_nomem(err);
    if (set->by_query && key_at(set, *at).p != NULL && find_stored(set, key_at(set, *at), err) < 0)
        return -1;
    for (size_t i = *at; i < end; i++) {
        const struct record *r = set->c->records[i];
        struct applied applied = { .outcome = OUTCOME_SUPERSEDED };
        if (!erased && apply(set, r, end - *at > 1, &applied, err) < 0)
            return -1;
        note(set,
             &(struct failure){ .row = r->row,
                                .kind = applied.kind,
                                .key = r->source_id,
                                .reason = applied.reason },
             applied.outcome);
        fault_point("slice.row");
    }
    if (set->is_new) {
        put_new(set);
        if (set->bulk->fresh.len > SEND_BYTES && copy_stream_send(&set->fresh, err) < 0)
            return -1;
    } else if (set->dirty) {
        put_changed_record(set);
    }
    *at = end;
    return 0;
}

/* ---- all of them ---- */

static int write_changed(struct set *set, struct err *err)
{
    struct pg_bulk *bulk = set->bulk;
    struct pg_db *db = &set->lane->db;
    if (bulk->n_changed == 0)
        return 0;
    if (copy_all(db, set->sql->copy_changed.p, &bulk->changed, err) < 0 ||
        pg_exec(db, set->sql->update.p, err) < 0)
        return -1;
    if (db->changes == (int64_t)bulk->n_changed)
        return 0;
    bulk->careful = true;
    db->again = true;
    return err_set(err, ERR_BUSY, "rows have been changed by somebody else meanwhile");
}

static int write_failures(struct set *set, struct err *err)
{
    static const char sql[] = "COPY failures (project_id, action_seq, \"row\", key, reason, kind) "
                              "FROM STDIN (FORMAT binary)";
    return set->bulk->n_failures == 0 ? 0
                                      : copy_all(&set->lane->db, sql, &set->bulk->failures, err);
}

static int decide(struct set *set, struct err *err)
{
    struct pg_bulk *bulk = set->bulk;
    struct store_chunk *c = set->c;
    buf_reset(&bulk->fresh);
    copy_rows_begin(&bulk->changed);
    copy_rows_begin(&bulk->failures);
    bulk->n_changed = bulk->n_failures = 0;
    while (c->reached < c->n_failures)
        note(set, &c->failures[c->reached], OUTCOME_FAILED);
    for (size_t at = set->from; at < set->to;) {
        if (pg_ahead_is_off(set->lane))
            return pg_ahead_cannot(err);
        if (apply_key(set, &at, err) < 0)
            return -1;
        if (bulk->changed.len + bulk->failures.len > ENOUGH_BYTES)
            break;
    }
    return 0;
}

static int take_keys(struct set *set, struct err *err)
{
    struct key_range range = { 0 };
    if (set->from == set->to)
        return 0;
    if (set->s->base.backend->keys_take(&set->lane->tx, set->ap.project_id, set->ap.table->one,
                                        (int64_t)(set->to - set->from), &range, err) < 0)
        return -1;
    set->next_key = range.next;
    return 0;
}

static int end_slice(struct set *set, struct err *err)
{
    struct store_tx *tx = &set->lane->tx;
    if (pg_ahead_turn(set->lane, set->c, err) < 0 || slice_put_outcomes(tx, set->c, err) < 0 ||
        record_end(&set->ap, err) < 0)
        return -1;
    return slice_put_checkpoint(tx, set->c, set->ap.now_ms, err);
}

/* 1: one exists that was taken for new. */
static int run(struct set *set, struct err *err)
{
    set->fresh = (struct copy_stream){ .db = &set->lane->db,
                                       .sql = set->sql->copy_new.p,
                                       .rows = &set->bulk->fresh };
    set->wants_query = set->stored_row = false;
    set->stored = set->erased = NULL;
    set->key_no = 0;
    choose_rows(set->s, set->lane, set->c, set->by_query, &set->from, &set->to);
    if (take_keys(set, err) < 0 || query_erased(set, err) < 0 ||
        (set->by_query && query_stored(set, err) < 0))
        return -1;
    int rc = copy_stream_end(&set->fresh, decide(set, err), err);
    if (set->stored != NULL)
        stmt_reset(set->stored);
    if (set->erased != NULL)
        stmt_reset(set->erased);
    if (rc == 0 && (write_changed(set, err) < 0 || write_failures(set, err) < 0))
        rc = -1;
    if (set->fresh.exists || set->wants_query)
        return 1;
    return rc < 0 ? -1 : end_slice(set, err);
}

static int begin(struct set *set, struct err *err)
{
    return record_slice_begin(&set->ap, &set->lane->tx, set->c, err);
}

/* Once without the query; when that meets a stored one, all over again with it. */
static int run_expecting_new(struct set *set, struct err *err)
{
    struct pg_db *db = &set->lane->db;
    if (pg_exec(db, "SAVEPOINT fresh", err) < 0)
        return -1;
    if (!pg_is_ahead(set->lane))
        pg_ahead_start(set->s, set->c);
    const int rc = run(set, err);
    if (rc <= 0)
        return rc;
    if (pg_is_ahead(set->lane))
        return pg_ahead_cannot(err);
    pg_ahead_call_off(set->s);
    if (pg_exec(db, "ROLLBACK TO fresh", err) < 0)
        return -1;
    slice_undo(set->c);
    set->bulk->expect_new_records = false;
    set->by_query = true;
    return begin(set, err) < 0 ? -1 : run(set, err);
}

/* Slices of it are sets. */
static bool goes_by_sets(const struct store_chunk *c)
{
    return c->resource != RESOURCE_VOUCHER && c->members == NULL && !c->dry_run && !c->unsorted &&
           record_table_of(c->resource)->resolve == NULL;
}

int pg_records_prepare(struct pg_lane *lane, const struct store_chunk *c, struct err *err)
{
    if (!goes_by_sets(c))
        return 0;
    struct pg_record_sql *sql = sql_of(lane->fast, c->resource, err);
    if (sql == NULL)
        return -1;
    if (sql->staged == lane->db.generation)
        return 0;
    if (pg_exec(&lane->db, sql->make_stage.p, err) < 0)
        return -1;
    sql->staged = lane->db.generation;
    return 0;
}

int pg_records_slice(struct pg_store *s, struct pg_lane *lane, struct store_chunk *c,
                     struct err *err)
{
    struct pg_bulk *bulk = pg_bulk_of(lane);
    struct set set = { .s = s, .lane = lane, .bulk = bulk, .c = c };
    const int64_t from_us = time_monotonic_us();
    const size_t left = c->n_failures + c->n_mapped - c->slice_done;
    if (!goes_by_sets(c) || left <= ROWS_BY_ONES)
        return pg_is_ahead(lane) ? pg_ahead_cannot(err)
                                 : slice_run(&lane->tx, c, false, from_us, err);
    set.sql = sql_of(bulk, c->resource, err);
    if (set.sql == NULL || begin(&set, err) < 0)
        return -1;
    pg_ahead_begun(lane);
    set.by_query = !bulk->expect_new_records;
    if (set.by_query && pg_is_ahead(lane))
        return pg_ahead_cannot(err);
    const int rc = set.by_query ? run(&set, err) : run_expecting_new(&set, err);
    if (rc != 0) {
        if (rc < 0)
            return -1;
        bulk->expect_new_records = false; /* a racing writer, in spite of the query */
        s->bulk.db.again = true;
        err->code = ERR_BUSY;
        return -1;
    }
    const size_t rows = c->reached - c->slice_done;
    pace_learn(&bulk->pace, rows, time_monotonic_us() - from_us);
    bulk->careful = false;
    if (set.by_query)
        bulk->expect_new_records =
            c->adding[OUTCOME_CREATED] > 0 &&
            c->adding[OUTCOME_CREATED] + c->adding[OUTCOME_FAILED] == (int64_t)rows;
    return 0;
}
