/* SPDX-License-Identifier: MIT */
/*
 * records.c - rows of the tables of records.h: reading one, writing one, and what becomes of one.
 *
 * Rows come sorted by source id, as vouchers do by code: a new one costs one INSERT, and only when
 * that does nothing is the stored one read and merged.
 */
#include "store/sql/records.h"

/* ---- columns ---- */

/* Numbered as RECORD_COLUMNS from 2 on: 1 is the project. */
static void bind_record(const struct record_table *t, struct stmt *st, const struct record *r)
{
    bind_int(st, 2, r->key);
    bind_int(st, 3, r->version);
    bind_str(st, 4, r->source_id);
    bind_str(st, 5, r->metadata);
    if (r->recent.len > 0)
        bind_blob(st, 6, r->recent.p, r->recent.len);
    else
        bind_null(st, 6);
    bind_int(st, 7, r->created_ms);
    bind_time(st, 8, r->updated_ms);
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct record_column *c = &t->columns[i];
        const int place = RECORD_COMMON + 2 + (int)i;
        if (c->kind == RECORD_TEXT)
            bind_str(st, place, *record_text(r, c));
        else
            bind_int_or_null(st, place, *record_number(r, c),
                             record_is_none(c, *record_number(r, c)));
    }
}

int record_read_row(const struct record_table *t, struct stmt *st, struct record *r,
                    struct err *err)
{
    memset(r, 0, t->bytes);
    r->key = column_int(st, 0);
    r->version = column_int(st, 1);
    r->source_id = column_str(st, 2);
    r->metadata = column_str(st, 3);
    r->recent = column_blob(st, 4);
    r->created_ms = column_int(st, 5);
    r->updated_ms = column_time(st, 6);
    r->binned_ms = TIME_NONE;
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct record_column *c = &t->columns[i];
        const int place = RECORD_COMMON + (int)i;
        if (c->kind == RECORD_TEXT)
            *record_text(r, c) = column_str(st, place);
        else if (c->kind == RECORD_TIME)
            *record_number(r, c) = column_time(st, place);
        else
            *record_number(r, c) = column_is_null(st, place) ? FIELD_NONE : column_int(st, place);
    }
    return row_check(st, err);
}

int record_keep_texts(const struct record_table *t, struct record *r, struct arena *a,
                      struct err *err)
{
    struct str *common[] = { &r->source_id, &r->metadata, &r->recent };
    if (!arena_keep(a, common, ARRAY_LEN(common)))
        return err_nomem(err);
    for (size_t i = 0; i < t->n_columns; i++) {
        struct str *text = record_text(r, &t->columns[i]);
        if (t->columns[i].kind == RECORD_TEXT && !arena_keep(a, &text, 1))
            return err_nomem(err);
    }
    return 0;
}

/* ---- finding ---- */

static int find_bound(struct db *db, const struct record_table *t, struct stmt *st, struct arena *a,
                      struct record *r, struct err *err)
{
    int got = db_step(db, st, err);
    if (got > 0 && (record_read_row(t, st, r, err) < 0 || record_keep_texts(t, r, a, err) < 0))
        got = -1;
    stmt_reset(st);
    return got;
}

int record_by_key(struct db *db, const struct record_table *t, int64_t project_id, int64_t key,
                  struct arena *a, struct record *r, struct err *err)
{
    struct stmt *st = db_statement(db, t->by_key, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, key);
    return find_bound(db, t, st, a, r, err);
}

int record_by_source(struct db *db, const struct record_table *t, int64_t project_id,
                     struct str source_id, struct arena *a, struct record *r, struct err *err)
{
    struct stmt *st = db_statement(db, t->by_source, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, source_id);
    return find_bound(db, t, st, a, r, err);
}

int record_find(struct db *db, const struct id_secret *secret, const struct record_table *t,
                int64_t project_id, struct str id_or_source, struct arena *a, struct record *r,
                struct err *err)
{
    int64_t key;
    int got = 0;
    if (id_decode(secret, t->id, id_or_source, &key))
        got = record_by_key(db, t, project_id, key, a, r, err);
    if (got == 0 || (got > 0 && r->binned_ms != TIME_NONE))
        got = record_by_source(db, t, project_id, id_or_source, a, r, err);
    return got > 0 && r->binned_ms != TIME_NONE ? 0 : got;
}

/* ---- dry runs ---- */

/* What a dry run remembers a record by. */
static int dry_name(const struct record_applier *ap, const struct record *r, struct str *out,
                    struct err *err)
{
    const char *text = r->source_id.p != NULL
                           ? arena_printf(ap->arena, "s%.*s", STR_FMT(r->source_id))
                           : arena_printf(ap->arena, "k%lld", (long long)r->key);
    *out = str_of(text);
    return text == NULL ? err_nomem(err) : 0;
}

static void put_dry_text(struct buf *b, struct str s)
{
    const int64_t len = s.p != NULL ? (int64_t)s.len : -1;
    buf_put(b, (const char *)&len, sizeof(len));
    buf_puts(b, s);
}

static bool get_dry_text(struct str *from, struct str *out)
{
    int64_t len;
    *out = (struct str){ NULL, 0 };
    if (from->len < sizeof(len))
        return false;
    memcpy(&len, from->p, sizeof(len));
    *from = (struct str){ from->p + sizeof(len), from->len - sizeof(len) };
    if (len < 0)
        return true;
    if ((uint64_t)len > from->len)
        return false;
    *out = (struct str){ from->p, (size_t)len };
    *from = (struct str){ from->p + len, from->len - (size_t)len };
    return true;
}

static void put_dry_column(struct buf *b, const struct record *r, const struct record_column *c)
{
    if (c->kind == RECORD_TEXT)
        put_dry_text(b, *record_text(r, c));
    else
        put_dry_text(b, (struct str){ (const char *)record_number(r, c), sizeof(int64_t) });
}

static bool get_dry_column(struct str *from, struct record *r, const struct record_column *c)
{
    struct str number;
    if (c->kind == RECORD_TEXT)
        return get_dry_text(from, record_text(r, c));
    if (!get_dry_text(from, &number) || number.len != sizeof(int64_t))
        return false;
    memcpy(record_number(r, c), number.p, sizeof(int64_t));
    return true;
}

static int put_dry(struct record_applier *ap, const struct record *r, struct err *err)
{
    struct str name;
    struct buf b;
    struct stmt *st = db_statement(ap->db, STATEMENT_DRY_RECORD_PUT, err);
    if (st == NULL || dry_name(ap, r, &name, err) < 0)
        return -1;
    buf_init(&b, 4 * MIB);
    put_dry_text(&b, r->source_id);
    put_dry_text(&b, r->metadata);
    for (size_t i = 0; i < ap->table->n_columns; i++)
        put_dry_column(&b, r, &ap->table->columns[i]);
    int rc = buf_ok(&b, err);
    if (rc == 0) {
        bind_int(st, 1, ap->seq);
        bind_str(st, 2, name);
        bind_int(st, 3, r->key);
        bind_blob(st, 4, b.p, b.len);
        rc = db_run(ap->db, st, err);
    }
    buf_release(&b);
    return rc;
}

/* 1: the dry run has made this of the record that is named, 0: nothing yet. */
static int get_dry(struct record_applier *ap, struct str name, struct record *r, struct err *err)
{
    struct stmt *st = db_statement(ap->db, STATEMENT_DRY_RECORD, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, ap->seq);
    bind_str(st, 2, name);
    int got = db_step(ap->db, st, err);
    if (got > 0) {
        struct str body = column_blob(st, 1);
        memset(r, 0, ap->table->bytes);
        r->key = column_int(st, 0);
        r->version = ap->seq;
        r->updated_ms = r->binned_ms = TIME_NONE;
        bool whole = get_dry_text(&body, &r->source_id) && get_dry_text(&body, &r->metadata);
        for (size_t i = 0; whole && i < ap->table->n_columns; i++)
            whole = get_dry_column(&body, r, &ap->table->columns[i]);
        if (!whole)
            got = err_set(err, ERR_STORE, "a record of a dry run cannot be read");
        else if (row_check(st, err) < 0 || record_keep_texts(ap->table, r, ap->arena, err) < 0)
            got = -1;
    }
    stmt_reset(st);
    return got;
}

/* ---- one record ---- */

/* Is an earlier action unfinished? Then it has to learn what this one has written. */
static bool overlaps(const struct record_applier *ap)
{
    return ap->first_unfinished < ap->seq;
}

static int note(struct record_applier *ap, struct record *stored, const struct record *given,
                struct err *err)
{
    const struct noted noted = { .set = given->set | (given->replaces ? NOTED_EVERYTHING : 0),
                                 .metadata_bit = RECORD_METADATA,
                                 .metadata = given->metadata };
    return recent_note(&stored->recent, stored->version, &noted, ap->seq, ap->first_unfinished,
                       ap->arena, err);
}

int record_make(struct record_applier *ap, struct record *given, struct err *err)
{
    given->version = ap->seq;
    given->created_ms = ap->now_ms;
    given->updated_ms = given->binned_ms = TIME_NONE;
    given->recent = (struct str){ NULL, 0 };
    return overlaps(ap) ? note(ap, given, given, err) : 0;
}

/* What later writers have left of it. */
static int leave(struct record_applier *ap, const struct record *stored, struct record *change,
                 bool *left, struct err *err)
{
    struct noted noted = { .set = change->set,
                           .metadata_bit = RECORD_METADATA,
                           .identity = RECORD_SOURCE_ID,
                           .metadata = change->metadata };
    if (recent_leaves(stored->recent, ap->seq, &noted, ap->arena, left, err) < 0)
        return -1;
    change->set = noted.set;
    if (!str_eq(change->metadata, noted.metadata) || (noted.set & RECORD_METADATA) == 0)
        change->replaces = false; /* keys that a later one has given stay */
    change->metadata = noted.metadata;
    return 0;
}

/* Version and note of a stored record that has been written, or found the same. */
static int stamp(struct record_applier *ap, struct record *stored, const struct record *given,
                 bool changed, bool *write, struct err *err)
{
    const int64_t version = stored->version;
    const struct str recent = stored->recent;
    const bool later = version > ap->seq; /* stays the later one's */
    *write = changed;
    if (changed)
        stored->updated_ms = ap->now_ms;
    else if (!overlaps(ap))
        return 0;
    if (overlaps(ap)) {
        if (note(ap, stored, given, err) < 0)
            return -1;
    } else if (!later) {
        stored->recent = (struct str){ NULL, 0 };
    }
    if (!later)
        stored->version = ap->seq;
    *write = changed || stored->version != version || !str_eq(stored->recent, recent);
    return 0;
}

int record_prepare(struct record_applier *ap, struct record *given, struct str *reason,
                   struct err *err)
{
    const struct sql_backend *backend = ap->tx->store->backend;
    if (backend->canonical == NULL || (given->set & RECORD_METADATA) == 0)
        return 0;
    const int rc = backend->canonical(&given->metadata, ap->arena, err);
    if (rc > 0)
        *reason = STR(METADATA_UNFIT);
    return rc < 0 ? -1 : 0;
}

/* One in the bin keeps its source id: reference 4.10. Whoever put it there after this writer came
 * stands. */
static int in_the_way(struct record_applier *ap, const struct record *stored, struct applied *out,
                      struct err *err)
{
    const char *text = arena_printf(ap->arena, "Duplicated %s exists with id %.*s", ap->table->one,
                                    STR_FMT(stored->source_id));
    return text == NULL ? err_nomem(err) : record_refused(out, FAILURE_DUPLICATE, str_of(text));
}

int record_change(struct record_applier *ap, struct record *stored, const struct record *given,
                  struct applied *out, bool *write, struct err *err)
{
    const bool behind = stored->version > ap->seq;
    bool left = true, changed;
    struct str reason = { NULL, 0 };
    *out = (struct applied){ .outcome = OUTCOME_SUPERSEDED };
    *write = false;
    if (stored->binned_ms != TIME_NONE)
        return behind ? 0 : in_the_way(ap, stored, out, err);
    if (ap->table->refuse != NULL && ap->table->refuse(ap, stored, given, out, err) < 0)
        return -1;
    if (out->outcome == OUTCOME_FAILED)
        return 0;
    struct record *change = arena_alloc(ap->arena, ap->table->bytes);
    if (change == NULL)
        return err_nomem(err);
    memcpy(change, given, ap->table->bytes);
    change->set &= ~given->spared;
    if (behind && leave(ap, stored, change, &left, err) < 0)
        return -1;
    if (!left)
        return 0;
    if (record_prepare(ap, change, &reason, err) < 0)
        return -1;
    if (reason.p != NULL)
        return record_refused(out, FAILURE_INVALID, reason);
    const int rc = ap->table->merge(stored, change, ap->arena, &changed, &reason, err);
    if (rc != 0)
        return rc < 0 ? -1 : record_refused(out, FAILURE_REFUSED, reason);
    if (stamp(ap, stored, given, changed, write, err) < 0)
        return -1;
    out->outcome = changed ? OUTCOME_UPDATED : behind ? OUTCOME_SUPERSEDED : OUTCOME_UNCHANGED;
    return 0;
}

static int next_key(struct record_applier *ap, int64_t *key, struct err *err)
{
    struct key_range *keys = &ap->keys;
    if (keys->next == keys->end &&
        ap->tx->store->backend->keys_take(ap->tx, ap->project_id, ap->table->one, 1, keys, err) < 0)
        return -1;
    *key = key_base(ap->project_id) + keys->next;
    return 0;
}

int record_insert(struct record_applier *ap, struct record *r, bool *exists, struct err *err)
{
    struct stmt *st = db_statement(ap->db, ap->table->insert, err);
    if (st == NULL || next_key(ap, &r->key, err) < 0 || record_make(ap, r, err) < 0)
        return -1;
    bind_int(st, 1, ap->project_id);
    bind_record(ap->table, st, r);
    if (db_run(ap->db, st, err) < 0)
        return -1;
    *exists = db_changes(ap->db) == 0;
    if (*exists)
        return 0;
    ap->keys.next++;
    ap->created++;
    return 0;
}

int record_update(struct record_applier *ap, const struct record *r, struct err *err)
{
    struct stmt *st = db_statement(ap->db, ap->table->update, err);
    if (st == NULL)
        return -1;
    bind_record(ap->table, st, r);
    return db_run(ap->db, st, err);
}

/* ---- applying ---- */

int record_begin(struct record_applier *ap, struct err *err)
{
    ap->first_unfinished = INT64_MAX;
    return ap->alone ? 0
                     : queue_first_unfinished(ap->db, ap->project_id, ap->table->queue, -1,
                                              &ap->first_unfinished, err);
}

int record_end(struct record_applier *ap, struct err *err)
{
    if (ap->keys.next != ap->keys.first &&
        ap->tx->store->backend->keys_used(ap->tx, ap->project_id, ap->table->one, &ap->keys, err) <
            0)
        return -1;
    return totals_add(ap->db, ap->project_id, str_of(ap->table->one), ap->created, err);
}

/* Whom the row means: 1, 0: nobody yet. */
static int find_meant(struct record_applier *ap, const struct record *given, struct record *stored,
                      struct err *err)
{
    const struct id_secret *secret = &ap->tx->store->base.secret;
    int64_t key;
    int got = 0;
    if (given->id.p != NULL && id_decode(secret, ap->table->id, given->id, &key))
        got = record_by_key(ap->db, ap->table, ap->project_id, key, ap->arena, stored, err);
    if (got > 0 && stored->binned_ms != TIME_NONE && stored->version < ap->seq)
        got = 0;
    if (got == 0 && given->source_id.p != NULL)
        got = record_by_source(ap->db, ap->table, ap->project_id, given->source_id, ap->arena,
                               stored, err);
    return got;
}

/* The same, as the dry run has it so far. */
static int find_dry(struct record_applier *ap, const struct record *given, struct record *stored,
                    struct err *err)
{
    const int got = find_meant(ap, given, stored, err);
    struct str name;
    if (got < 0 || (got == 0 && given->source_id.p == NULL))
        return got;
    if (dry_name(ap, got > 0 ? stored : given, &name, err) < 0)
        return -1;
    const int dry = get_dry(ap, name, stored, err);
    return dry != 0 ? dry : got;
}

static int merge_found(struct record_applier *ap, struct record *stored, const struct record *given,
                       struct applied *out, struct err *err)
{
    bool write;
    if (record_change(ap, stored, given, out, &write, err) < 0)
        return -1;
    if (ap->dry_run)
        return out->outcome == OUTCOME_UPDATED ? put_dry(ap, stored, err) : 0;
    return write ? record_update(ap, stored, err) : 0;
}

static int apply_dry(struct record_applier *ap, struct record *given, struct record *stored,
                     struct applied *out, struct err *err)
{
    const int got = find_dry(ap, given, stored, err);
    if (got != 0)
        return got < 0 ? -1 : merge_found(ap, stored, given, out, err);
    if (given->unfit_new.p != NULL)
        return record_unfit(given, out);
    out->outcome = OUTCOME_CREATED;
    return given->source_id.p != NULL ? put_dry(ap, given, err) : 0;
}

/* A copy, since the row may have to be applied again. */
static int resolve(struct record_applier *ap, struct record **given, struct applied *out,
                   struct err *err)
{
    struct record *copy = arena_alloc(ap->arena, ap->table->bytes);
    if (copy == NULL)
        return err_nomem(err);
    memcpy(copy, *given, ap->table->bytes);
    *given = copy;
    return ap->table->resolve(ap, copy, out, err);
}

int record_apply(struct record_applier *ap, struct record *given, struct applied *out,
                 struct err *err)
{
    const struct sql_backend *backend = ap->tx->store->backend;
    bool erased;
    *out = (struct applied){ 0 };
    arena_reset(ap->arena);
    if (erased_record_after(ap, ap->table, given->id, given->source_id, &erased, err) < 0)
        return -1;
    if (erased) {
        out->outcome = OUTCOME_SUPERSEDED;
        return 0;
    }
    if (backend->fits != NULL && !backend->fits(given->metadata))
        return record_refused(out, FAILURE_INVALID, STR(METADATA_UNFIT));
    if (ap->table->resolve != NULL && resolve(ap, &given, out, err) < 0)
        return -1;
    if (out->outcome != OUTCOME_PENDING)
        return 0;
    struct record *stored = arena_alloc(ap->arena, ap->table->bytes);
    if (stored == NULL)
        return err_nomem(err);
    if (ap->dry_run)
        return apply_dry(ap, given, stored, out, err);
    const bool named = given->id.p != NULL || given->source_id.p != NULL;
    const bool unfit = given->unfit_new.p != NULL;
    bool look = named && (ap->expect_existing || given->id.p != NULL || unfit);
    for (int tries = 0; tries < 3; tries++) { /* look, insert, look at what was in the way */
        if (look) {
            const int got = find_meant(ap, given, stored, err);
            if (got != 0)
                return got < 0 ? -1 : merge_found(ap, stored, given, out, err);
            ap->expect_existing = false;
        }
        if (unfit)
            return record_unfit(given, out);
        bool exists;
        if (record_insert(ap, given, &exists, err) < 0)
            return -1;
        if (!exists) {
            out->outcome = OUTCOME_CREATED;
            return 0;
        }
        ap->expect_existing = look = true;
    }
    return err_set(err, ERR_STORE, "a %s is neither there nor can it be inserted", ap->table->one);
}

/* ---- slices ---- */

struct record_applier record_applier_of(struct store_tx *tx, const struct store_chunk *c)
{
    return (struct record_applier){ .table = record_table_of(c->resource),
                                    .tx = tx,
                                    .db = tx->db,
                                    .arena = tx->scratch,
                                    .project_id = c->project_id,
                                    .seq = c->action_seq,
                                    .now_ms = time_now_ms(),
                                    .dry_run = c->dry_run,
                                    .alone = c->ordered };
}

int record_slice_begin(struct record_applier *ap, struct store_tx *tx, struct store_chunk *c,
                       struct err *err)
{
    *ap = record_applier_of(tx, c);
    if (slice_open(tx, c, err) < 0 || record_begin(ap, err) < 0)
        return -1;
    return erased_records_any(tx->db, c->project_id, &ap->has_erased, err);
}

static int apply_row(void *arg, struct row_head *row, struct applied *out, struct err *err)
{
    return record_apply(arg, (struct record *)(void *)row, out, err);
}

int records_slice(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
                  struct err *err)
{
    struct record_applier ap;
    if (record_slice_begin(&ap, tx, c, err) < 0 ||
        slice_rows(tx, c, whole, from_us, apply_row, &ap, err) < 0 ||
        slice_put_outcomes(tx, c, err) < 0 || record_end(&ap, err) < 0)
        return -1;
    return slice_put_checkpoint(tx, c, ap.now_ms, err);
}
