/* SPDX-License-Identifier: MIT */
/* exports.c - the exports table: what was asked for. The files are made when they are read. */
#include "store/sql/sql_priv.h"

/* ---- inside a unit of work ---- */

int sql_tx_export_insert(struct store_tx *tx, int64_t project_id, struct stored_export *e,
                         struct err *err)
{
    struct db *db = tx->db;
    if (project_check(db, project_id, err) < 0 ||
        sequence_next_key(tx, project_id, "export", &e->key, err) < 0)
        return -1;
    struct stmt *st = db_statement(db, STATEMENT_EXPORT_INSERT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, e->key);
    bind_int(st, 3, e->resource);
    bind_str(st, 4, e->params);
    bind_int(st, 5, e->created_ms);
    return db_run(db, st, err);
}

int sql_tx_export_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                        struct err *err)
{
    struct db *db = tx->db;
    struct stmt *st = db_statement(db, STATEMENT_EXPORT_DELETE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, key);
    if (db_run(db, st, err) < 0)
        return -1;
    *found = db_changes(db) > 0;
    return 0;
}

/* ---- reading ---- */

/* Numbered as EXPORT_COLUMNS. */
static int read_export(struct stmt *st, struct arena *a, struct stored_export *e, struct err *err)
{
    *e = (struct stored_export){ .key = column_int(st, 0),
                                 .resource = (enum resource_type)(int)column_int(st, 1),
                                 .params = arena_str(a, column_str(st, 2)),
                                 .created_ms = column_int(st, 3) };
    return e->params.p != NULL ? row_check(st, err) : err_nomem(err);
}

int sql_find_export(struct store *store, struct arena *a, int64_t project_id, int64_t key,
                    struct stored_export **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct stored_export *e = arena_alloc(a, sizeof(*e));
    int got = -1;
    *out = NULL;
    if (e == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    struct stmt *st = db_statement(db, STATEMENT_EXPORT_BY_KEY, err);
    if (st != NULL) {
        bind_int(st, 1, project_id);
        bind_int(st, 2, key);
        got = db_step(db, st, err);
        if (got > 0 && read_export(st, a, e, err) < 0)
            got = -1;
        stmt_reset(st);
    }
    reader_give(s, db);
    if (got > 0)
        *out = e;
    return got < 0 ? -1 : 0;
}

static int count_exports(struct db *db, int64_t project_id, int64_t *total, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_EXPORT_COUNT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, key_base(project_id));
    bind_int(st, 2, key_base(project_id + 1));
    const int got = db_step(db, st, err);
    *total = got > 0 ? column_int(st, 0) : 0;
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

static int read_page(struct db *db, struct stmt *st, struct arena *a, struct stored_export *rows,
                     size_t *n, struct err *err)
{
    int got;
    while ((got = db_step(db, st, err)) > 0) {
        if (read_export(st, a, &rows[*n], err) < 0) {
            got = -1;
            break;
        }
        (*n)++;
    }
    stmt_reset(st);
    return got;
}

int sql_list_exports(struct store *store, struct arena *a, int64_t project_id, int64_t offset,
                     bool newest_first, size_t limit, struct stored_export **out, size_t *n,
                     int64_t *total, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct stored_export *rows = arena_alloc(a, limit * sizeof(*rows));
    *out = rows;
    *n = 0;
    if (rows == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    int rc = count_exports(db, project_id, total, err);
    struct stmt *st =
        rc < 0 ? NULL
               : db_statement(
                     db, newest_first ? STATEMENT_EXPORTS_NEWEST : STATEMENT_EXPORTS_OLDEST, err);
    if (st != NULL) {
        bind_int(st, 1, key_base(project_id));
        bind_int(st, 2, key_base(project_id + 1));
        bind_int(st, 3, (int64_t)limit);
        bind_int(st, 4, offset);
    }
    rc = st == NULL ? -1 : read_page(db, st, a, rows, n, err);
    reader_give(s, db);
    return rc;
}
