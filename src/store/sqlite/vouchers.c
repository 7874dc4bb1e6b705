/* SPDX-License-Identifier: MIT */
/*
 * vouchers.c - the vouchers table: applying rows, reading one, listing.
 *
 * Rows come sorted by code, so the unique index is walked from left to right and a page of it is
 * touched once per slice. A new row costs one INSERT; only when that does nothing is the stored row
 * read and merged. When the last code existed the next one probably does too (the same file sent
 * again): then it is read first.
 */
#include "base/time_iso.h"
#include "store/sqlite/sqlite_priv.h"

static int64_t key_base(int64_t project_id)
{
    return project_id << VOUCHER_KEY_BITS;
}

static void bind_time(sqlite3_stmt *st, int at, int64_t ms)
{
    if (ms == TIME_NONE)
        sqlite3_bind_null(st, at);
    else
        sqlite3_bind_int64(st, at, ms);
}

static int64_t column_time(sqlite3_stmt *st, int at)
{
    return sqlite3_column_type(st, at) == SQLITE_NULL ? TIME_NONE : sqlite3_column_int64(st, at);
}

static void bind_num(sqlite3_stmt *st, int at, struct num n)
{
    if (n.is_int)
        sqlite3_bind_int64(st, at, n.i);
    else
        sqlite3_bind_double(st, at, n.d);
}

static struct num column_num(sqlite3_stmt *st, int at)
{
    if (sqlite3_column_type(st, at) == SQLITE_FLOAT)
        return (struct num){ .d = sqlite3_column_double(st, at) };
    return num_int(sqlite3_column_int64(st, at));
}

/* Numbered as VOUCHER_COLUMNS. VOUCHER_UPDATE takes those that can change. */
static void bind_changeable(sqlite3_stmt *st, const struct voucher *v)
{
    sqlite3_bind_int64(st, 8, v->effect);
    sqlite3_bind_int64(st, 9, v->active);
    if ((v->set & VF_VALUE) != 0)
        bind_num(st, 10, v->value);
    else
        sqlite3_bind_null(st, 10);
    bind_time(st, 11, v->start_ms);
    bind_time(st, 12, v->expiration_ms);
    if (v->quantity < 0)
        sqlite3_bind_null(st, 13);
    else
        sqlite3_bind_int64(st, 13, v->quantity);
    sqlite3_bind_int64(st, 14, v->redeemed_quantity);
    sqlite3_bind_int64(st, 15, v->redeemed_amount);
    bind_str(st, 16, v->category);
    bind_str(st, 17, v->additional_info);
    bind_str(st, 18, v->rule);
    bind_str(st, 19, v->discount_extra);
    bind_str(st, 20, v->metadata);
}

/* What all new rows of a transaction share. A statement keeps its bindings when it is reset. */
static void bind_shared(const struct voucher_applier *ap, sqlite3_stmt *st)
{
    sqlite3_bind_int64(st, 2, ap->project_id);
    sqlite3_bind_int64(st, 4, ap->seq);
    sqlite3_bind_null(st, 5); /* standalone */
    sqlite3_bind_int64(st, 21, ap->now_ms);
}

/* Texts point into the statement until its next step. */
static int read_row(sqlite3_stmt *st, struct voucher *v, struct err *err)
{
    voucher_init(v);
    v->key = sqlite3_column_int64(st, 0);
    v->code = column_str(st, 2);
    v->version = sqlite3_column_int64(st, 3);
    v->campaign_id = sqlite3_column_int64(st, 4);
    v->type = (uint8_t)sqlite3_column_int(st, 5);
    v->discount_type = (uint8_t)sqlite3_column_int(st, 6);
    v->effect = (uint8_t)sqlite3_column_int(st, 7);
    v->active = sqlite3_column_int(st, 8) != 0;
    if (sqlite3_column_type(st, 9) != SQLITE_NULL) {
        v->value = column_num(st, 9);
        v->set |= VF_VALUE;
    }
    v->start_ms = column_time(st, 10);
    v->expiration_ms = column_time(st, 11);
    v->quantity = sqlite3_column_type(st, 12) == SQLITE_NULL ? -1 : sqlite3_column_int64(st, 12);
    v->redeemed_quantity = sqlite3_column_int64(st, 13);
    v->redeemed_amount = sqlite3_column_int64(st, 14);
    v->category = column_str(st, 15);
    v->additional_info = column_str(st, 16);
    v->rule = column_str(st, 17);
    v->discount_extra = column_str(st, 18);
    v->metadata = column_str(st, 19);
    v->created_ms = sqlite3_column_int64(st, 20);
    v->updated_ms = column_time(st, 21);
    return row_check(st, err);
}

static int copy_texts(struct voucher *v, struct arena *a, struct err *err)
{
    struct str *texts[] = { &v->code, &v->category,       &v->additional_info,
                            &v->rule, &v->discount_extra, &v->metadata };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? 0 : err_nomem(err);
}

/* ---- applying ---- */

static int read_first_unfinished(struct voucher_applier *ap, int64_t *seq, struct err *err)
{
    sqlite3_stmt *st = db_statement(ap->db, STATEMENT_ACTION_FIRST_UNFINISHED, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, ap->project_id);
    const int got = db_step(ap->db, st, err);
    if (got < 0)
        return -1;
    *seq = got == 0 || sqlite3_column_type(st, 0) == SQLITE_NULL ? INT64_MAX
                                                                 : sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return 0;
}

int applier_begin(struct voucher_applier *ap, struct err *err)
{
    int64_t first_unfinished;
    if (read_first_unfinished(ap, &first_unfinished, err) < 0)
        return -1;
    ap->stamp = first_unfinished < ap->seq;
    if (sequence_get(ap->db, ap->project_id, "voucher", &ap->first_key, err) < 0)
        return -1;
    ap->next_key = ap->first_key;
    return 0;
}

/* Does the table end with this key? Then later keys of the project need no search (a tenth of the
 * writer's instructions). */
static int look_for_end(struct voucher_applier *ap, int64_t key, struct err *err)
{
    sqlite3_stmt *st = db_statement(ap->db, STATEMENT_VOUCHER_LAST_KEY, err);
    if (st == NULL || db_step(ap->db, st, err) < 0)
        return -1;
    ap->append = sqlite3_column_int64(st, 0) == key;
    sqlite3_reset(st);
    return 0;
}

static sqlite3_stmt *insert_statement(struct voucher_applier *ap, struct err *err)
{
    sqlite3_stmt *st =
        db_statement(ap->db, ap->append ? STATEMENT_VOUCHER_APPEND : STATEMENT_VOUCHER_INSERT, err);
    if (st != NULL && st != ap->bound) {
        bind_shared(ap, st);
        ap->bound = st;
    }
    return st;
}

/* 1: inserted, 0: the code exists. */
static int try_insert(struct voucher_applier *ap, struct voucher *v, struct err *err)
{
    sqlite3_stmt *st = insert_statement(ap, err);
    if (st == NULL)
        return -1;
    v->key = key_base(ap->project_id) + ap->next_key;
    v->version = ap->seq;
    v->created_ms = ap->now_ms;
    v->updated_ms = TIME_NONE;
    if (!ap->append)
        sqlite3_bind_int64(st, 1, v->key);
    bind_str(st, 3, v->code);
    sqlite3_bind_int64(st, 6, v->type);
    sqlite3_bind_int64(st, 7, v->discount_type);
    bind_changeable(st, v);
    if (db_run(ap->db, st, err) < 0)
        return -1;
    if (sqlite3_changes(ap->db->handle) == 0)
        return 0;
    if (ap->append && sqlite3_last_insert_rowid(ap->db->handle) != v->key)
        return err_set(err, ERR_STORE, "the table of vouchers does not end where it should");
    ap->next_key++;
    ap->created++;
    return ap->created == 1 && !ap->create_only && look_for_end(ap, v->key, err) < 0 ? -1 : 1;
}

static int write_stored(struct voucher_applier *ap, struct voucher *stored, enum outcome outcome,
                        struct err *err)
{
    const bool stamp = outcome == OUTCOME_UNCHANGED;
    sqlite3_stmt *st =
        db_statement(ap->db, stamp ? STATEMENT_VOUCHER_STAMP : STATEMENT_VOUCHER_UPDATE, err);
    if (st == NULL)
        return -1;
    stored->version = ap->seq;
    sqlite3_bind_int64(st, 1, stored->key);
    sqlite3_bind_int64(st, 4, ap->seq);
    if (!stamp) {
        stored->updated_ms = ap->now_ms;
        sqlite3_bind_int64(st, 22, ap->now_ms);
        bind_changeable(st, stored);
    }
    return db_run(ap->db, st, err);
}

static int merge_with_stored(struct voucher_applier *ap, struct voucher *stored,
                             const struct voucher *v, enum outcome *out, struct str *reason,
                             struct err *err)
{
    if (stored->version > ap->seq) {
        *out = OUTCOME_SUPERSEDED;
        return 0;
    }
    if (voucher_merge(stored, v, ap->arena, out, reason, err) < 0)
        return -1;
    if (*out == OUTCOME_UPDATED ||
        (*out == OUTCOME_UNCHANGED && ap->stamp && stored->version < ap->seq))
        return write_stored(ap, stored, *out, err);
    return 0;
}

/* 1: there was one and *out says what became of it; 0: there is none. */
static int try_merge(struct voucher_applier *ap, struct voucher *v, enum outcome *out,
                     struct str *reason, struct err *err)
{
    sqlite3_stmt *st = db_statement(ap->db, STATEMENT_VOUCHER_BY_CODE, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, ap->project_id);
    bind_str(st, 2, v->code);
    const int got = db_step(ap->db, st, err);
    if (got <= 0) {
        sqlite3_reset(st);
        return got;
    }
    struct voucher stored;
    arena_reset(ap->arena);
    int rc = read_row(st, &stored, err);
    if (rc == 0) /* while the row's texts are valid */
        rc = merge_with_stored(ap, &stored, v, out, reason, err);
    sqlite3_reset(st);
    return rc < 0 ? -1 : 1;
}

int applier_apply(struct voucher_applier *ap, struct voucher *v, enum outcome *out,
                  struct str *reason, struct err *err)
{
    for (int tries = 0; tries < 2; tries++) { /* at most one of each */
        if (ap->expect_existing && !ap->create_only) {
            const int merged = try_merge(ap, v, out, reason, err);
            if (merged != 0)
                return merged < 0 ? -1 : 0;
            ap->expect_existing = false;
            continue;
        }
        const int inserted = try_insert(ap, v, err);
        if (inserted < 0)
            return -1;
        if (inserted > 0 || ap->create_only) {
            *out = inserted > 0 ? OUTCOME_CREATED : OUTCOME_FAILED;
            return 0;
        }
        ap->expect_existing = true;
    }
    return err_set(err, ERR_STORE, "a voucher is neither there nor can it be inserted");
}

static int add_total(struct voucher_applier *ap, struct err *err)
{
    sqlite3_stmt *st = db_statement(ap->db, STATEMENT_TOTAL_ADD, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, ap->project_id);
    sqlite3_bind_text(st, 2, "voucher", -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 3, ap->created);
    return db_run(ap->db, st, err);
}

int applier_end(struct voucher_applier *ap, struct err *err)
{
    if (ap->next_key != ap->first_key &&
        sequence_set(ap->db, ap->project_id, "voucher", ap->next_key, err) < 0)
        return -1;
    return ap->created == 0 ? 0 : add_total(ap, err);
}

int vouchers_tx_write(struct store_tx *tx, struct voucher_write *w, struct err *err)
{
    struct str reason;
    struct voucher_applier ap = { .store = tx->store,
                                  .db = &tx->store->writer,
                                  .arena = &tx->store->scratch,
                                  .project_id = w->project_id,
                                  .now_ms = time_now_ms(),
                                  .create_only = w->mode == VOUCHER_CREATE_ONLY };
    if (tx_next_seq(tx, &ap.seq, err) < 0 || applier_begin(&ap, err) < 0 ||
        applier_apply(&ap, w->voucher, &w->outcome, &reason, err) < 0)
        return -1;
    return applier_end(&ap, err);
}

/* ---- reading ---- */

static int find_with(struct db *db, enum statement which, int64_t project_id, struct str code,
                     int64_t key, struct arena *a, struct voucher **out, struct err *err)
{
    sqlite3_stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, project_id);
    if (which == STATEMENT_VOUCHER_BY_KEY)
        sqlite3_bind_int64(st, 2, key);
    else
        bind_str(st, 2, code);
    const int got = db_step(db, st, err);
    if (got <= 0) {
        sqlite3_reset(st);
        return got;
    }
    struct voucher *v = arena_alloc(a, sizeof(*v));
    int rc = -1;
    if (v == NULL) {
        err_nomem(err);
    } else {
        rc = read_row(st, v, err) < 0 ? -1 : copy_texts(v, a, err);
    }
    sqlite3_reset(st);
    *out = v;
    return rc;
}

int vouchers_find(struct store *store, struct arena *a, int64_t project_id, struct str code_or_id,
                  struct voucher **out, struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct db *db = reader_take(s);
    int64_t key;
    int rc = 0;
    *out = NULL;
    if (id_decode(&s->base.secret, ID_VOUCHER, code_or_id, &key))
        rc = find_with(db, STATEMENT_VOUCHER_BY_KEY, project_id, (struct str){ 0 }, key, a, out,
                       err);
    if (rc == 0 && *out == NULL)
        rc = find_with(db, STATEMENT_VOUCHER_BY_CODE, project_id, code_or_id, 0, a, out, err);
    reader_give(s, db);
    return rc;
}

static int read_total(struct db *db, int64_t project_id, int64_t *total, struct err *err)
{
    sqlite3_stmt *st = db_statement(db, STATEMENT_TOTAL_GET, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, project_id);
    sqlite3_bind_text(st, 2, "voucher", -1, SQLITE_STATIC);
    const int got = db_step(db, st, err);
    *total = got > 0 ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return got < 0 ? -1 : 0;
}

static sqlite3_stmt *page_statement(struct db *db, int64_t project_id,
                                    const struct voucher_page *page, struct err *err)
{
    static const enum statement by_code[2][2] = {
        { STATEMENT_VOUCHERS_BY_CODE, STATEMENT_VOUCHERS_BY_CODE_AFTER },
        { STATEMENT_VOUCHERS_BY_CODE_DESC, STATEMENT_VOUCHERS_BY_CODE_DESC_AFTER },
    };
    const bool after = page->after_key != 0;
    const int64_t low = key_base(project_id), high = key_base(project_id + 1);
    sqlite3_stmt *st;
    if (page->order == VOUCHER_NEWEST_FIRST || page->order == VOUCHER_OLDEST_FIRST) {
        const bool newest = page->order == VOUCHER_NEWEST_FIRST;
        st = db_statement(db, newest ? STATEMENT_VOUCHERS_NEWEST : STATEMENT_VOUCHERS_OLDEST, err);
        if (st == NULL)
            return NULL;
        sqlite3_bind_int64(st, 1, newest ? low : high);
        sqlite3_bind_int64(st, 4, after ? page->after_key : newest ? high : low);
    } else {
        st = db_statement(db, by_code[page->order == VOUCHER_BY_CODE_DESC][after], err);
        if (st == NULL)
            return NULL;
        sqlite3_bind_int64(st, 1, project_id);
        if (after)
            bind_str(st, 4, page->after_code);
    }
    sqlite3_bind_int64(st, 2, page->limit + 1); /* one more tells whether there is more */
    sqlite3_bind_int64(st, 3, page->offset);
    return st;
}

static int read_page(struct db *db, sqlite3_stmt *st, int limit, struct arena *a,
                     struct voucher *rows, size_t *n, bool *more, struct err *err)
{
    int got;
    while ((got = db_step(db, st, err)) > 0) {
        if (*n == (size_t)limit) {
            *more = true;
            break;
        }
        if (read_row(st, &rows[*n], err) < 0 || copy_texts(&rows[*n], a, err) < 0) {
            got = -1;
            break;
        }
        (*n)++;
    }
    sqlite3_reset(st);
    return got < 0 ? -1 : 0;
}

int vouchers_list(struct store *store, struct arena *a, int64_t project_id,
                  const struct voucher_page *page, struct voucher **out, size_t *n, int64_t *total,
                  bool *more, struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct voucher *rows = arena_alloc(a, (size_t)page->limit * sizeof(*rows));
    if (rows == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    *out = rows;
    *n = 0;
    *more = false;
    int rc = read_total(db, project_id, total, err);
    sqlite3_stmt *st = rc < 0 ? NULL : page_statement(db, project_id, page, err);
    rc = st == NULL ? -1 : read_page(db, st, page->limit, a, rows, n, more, err);
    reader_give(s, db);
    return rc;
}
