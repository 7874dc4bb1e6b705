/* SPDX-License-Identifier: MIT */
/*
 * categories.c - the categories table.
 *
 * Vouchers have the key of their category, so a change touches no voucher. One that is erased
 * leaves its key in them: keys are never used twice, and a key without a category prints as none.
 */
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

/* Numbered as CATEGORY_COLUMNS. The name is copied into the arena. */
static int read_category(struct stmt *st, struct arena *a, struct category *c, struct err *err)
{
    *c = (struct category){
        .key = column_int(st, 0),
        .name = column_str(st, 1),
        .hierarchy = column_int(st, 2),
        .created_ms = column_int(st, 3),
        .updated_ms = column_is_null(st, 4) ? TIME_NONE : column_int(st, 4),
    };
    struct str *texts[] = { &c->name };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? row_check(st, err) : err_nomem(err);
}

/* ---- writing ---- */

/* Room for one more of that name, beside all but `except`. */
static int check_room(struct db *db, int64_t project_id, int64_t except, struct str name,
                      struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_SIZE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, key_base(project_id));
    bind_int(st, 2, key_base(project_id + 1));
    bind_int(st, 3, except);
    if (db_step(db, st, err) < 0)
        return -1;
    const int64_t n = column_int(st, 0);
    const int64_t bytes = column_int(st, 1) + (int64_t)name.len;
    stmt_reset(st);
    if (n >= CATEGORIES_MAX)
        return err_set(err, ERR_INVALID_PAYLOAD, "Project must NOT have more than %d categories",
                       CATEGORIES_MAX);
    if (bytes > (int64_t)CATEGORY_NAMES_MAX_BYTES)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Names of categories must NOT be longer than %lld bytes together",
                       (long long)CATEGORY_NAMES_MAX_BYTES);
    return 0;
}

static int create(struct store_tx *tx, struct category_write *w, int64_t now_ms, struct err *err)
{
    struct db *db = tx->db;
    struct category *c = &w->category;
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_INSERT, err);
    if (st == NULL || check_room(db, w->project_id, 0, c->name, err) < 0 ||
        sequence_next_key(tx, w->project_id, "category", &c->key, err) < 0)
        return -1;
    c->created_ms = now_ms;
    c->updated_ms = TIME_NONE;
    bind_int(st, 1, w->project_id);
    bind_int(st, 2, c->key);
    bind_str(st, 3, c->name);
    bind_int(st, 4, c->hierarchy);
    bind_int(st, 5, c->created_ms);
    return db_run(db, st, err);
}

static int change(struct store_tx *tx, struct category_write *w, int64_t now_ms, struct err *err)
{
    struct db *db = tx->db;
    struct category *c = &w->category;
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_UPDATE, err);
    if (st == NULL)
        return -1;
    c->updated_ms = now_ms;
    bind_int(st, 1, w->project_id);
    bind_int(st, 2, c->key);
    bind_str(st, 3, c->name);
    bind_int(st, 4, c->hierarchy);
    bind_int(st, 5, c->updated_ms);
    const int got = db_step(db, st, err); /* its creation time, if it is there */
    if (got < 0)
        return -1;
    if (got == 0) {
        stmt_reset(st);
        return 0;
    }
    w->found = true;
    c->created_ms = column_int(st, 0);
    stmt_reset(st);
    return check_room(db, w->project_id, c->key, c->name, err); /* or it is undone */
}

/* Nobody can ask any more how many vouchers are in it. */
static int drop_total(struct db *db, const struct category_write *w, struct err *err)
{
    const struct voucher in_it = { .category_id = w->category.key };
    struct buf name;
    struct stmt *st = db_statement(db, STATEMENT_TOTAL_DELETE, err);
    buf_init(&name, KIB);
    totals_category(&in_it, &name);
    int rc = st == NULL ? -1 : buf_ok(&name, err);
    if (rc == 0) {
        bind_int(st, 1, w->project_id);
        bind_str(st, 2, buf_str(&name));
        rc = db_run(db, st, err);
    }
    buf_release(&name);
    return rc;
}

static int erase(struct store_tx *tx, struct category_write *w, int64_t now_ms, struct err *err)
{
    struct db *db = tx->db;
    (void)now_ms;
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_DELETE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, w->project_id);
    bind_int(st, 2, w->category.key);
    if (db_run(db, st, err) < 0)
        return -1;
    w->found = db_changes(db) > 0;
    return w->found ? drop_total(db, w, err) : 0;
}

int sql_tx_category_write(struct store_tx *tx, struct category_write *w, struct err *err)
{
    static int (*const modes[])(struct store_tx * tx, struct category_write * w, int64_t now_ms,
                                struct err * err) = {
        [CATEGORY_CREATE] = create,
        [CATEGORY_CHANGE] = change,
        [CATEGORY_ERASE] = erase,
    };
    w->found = false;
    if (project_check(tx->db, w->project_id, err) < 0)
        return -1;
    return modes[w->mode](tx, w, time_now_ms(), err);
}

/* ---- reading ---- */

int sql_find_category(struct store *store, struct arena *a, int64_t project_id, int64_t key,
                      struct category **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct category *c = arena_alloc(a, sizeof(*c));
    int got = -1;
    *out = NULL;
    if (c == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_BY_KEY, err);
    if (st != NULL) {
        bind_int(st, 1, project_id);
        bind_int(st, 2, key);
        got = db_step(db, st, err);
        if (got > 0 && read_category(st, a, c, err) < 0)
            got = -1;
        stmt_reset(st);
    }
    reader_give(s, db);
    if (got > 0)
        *out = c;
    return got < 0 ? -1 : 0;
}

static int read_rows(struct db *db, struct stmt *st, struct arena *a, struct category **out,
                     size_t *n, struct err *err)
{
    size_t cap = 0;
    int got;
    while ((got = db_step(db, st, err)) > 0) {
        struct category *rows = arena_grow(a, *out, *n, &cap, sizeof(*rows));
        if (rows == NULL)
            return err_nomem(err);
        *out = rows;
        if (read_category(st, a, &rows[*n], err) < 0)
            return -1;
        (*n)++;
    }
    return got;
}

int sql_list_categories(struct store *store, struct arena *a, int64_t project_id,
                        struct category **out, size_t *n, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = NULL;
    *n = 0;
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_LIST, err);
    if (st != NULL) {
        bind_int(st, 1, key_base(project_id));
        bind_int(st, 2, key_base(project_id + 1));
        rc = read_rows(db, st, a, out, n, err);
        stmt_reset(st);
    }
    reader_give(s, db);
    return rc;
}
