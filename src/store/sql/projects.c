/* SPDX-License-Identifier: MIT */
/* projects.c - the projects table: making, finding, and the first half of deleting (purge.c has the
 * second). */
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

#define DELETED_MESSAGE "Project deleted"

int sql_tx_project_insert(struct store_tx *tx, struct project *p, struct err *err)
{
    struct db *db = tx->db;
    struct stmt *st = db_statement(db, STATEMENT_PROJECT_INSERT, err);
    if (st == NULL)
        return -1;
    bind_str(st, 1, p->public_id);
    bind_str(st, 2, p->name);
    bind_int(st, 3, p->created_ms);
    const int got = db_step(db, st, err);
    if (got <= 0)
        return got < 0 ? -1 : err_set(err, ERR_STORE, "a project was not stored");
    p->id = column_int(st, 0);
    stmt_reset(st);
    return 0;
}

/* ---- reading ---- */

struct project *project_read(struct stmt *st, int first, struct arena *a, struct err *err)
{
    struct project *p = arena_calloc(a, sizeof(*p));
    if (p == NULL) {
        err_nomem(err);
        return NULL;
    }
    *p =
        (struct project){ .id = column_int(st, first),
                          .public_id = column_str(st, first + 1),
                          .name = column_str(st, first + 2),
                          .created_ms = column_int(st, first + 3),
                          .deleted_ms = column_is_null(st, first + 4) ? TIME_NONE
                                                                      : column_int(st, first + 4) };
    struct str *texts[] = { &p->public_id, &p->name };
    if (row_check(st, err) < 0)
        return NULL;
    if (!arena_keep(a, texts, ARRAY_LEN(texts))) {
        err_nomem(err);
        return NULL;
    }
    return p;
}

/* On one connection; NULL with 0: there is none. */
static int find(struct db *db, struct arena *a, struct str public_id, struct project **out,
                struct err *err)
{
    *out = NULL;
    struct stmt *st = db_statement(db, STATEMENT_PROJECT_BY_PUBLIC_ID, err);
    if (st == NULL)
        return -1;
    bind_str(st, 1, public_id);
    int rc = db_step(db, st, err);
    if (rc > 0) {
        *out = project_read(st, 0, a, err);
        rc = *out != NULL ? 0 : -1;
    }
    stmt_reset(st);
    return rc;
}

int sql_find_project(struct store *store, struct arena *a, struct str public_id,
                     struct project **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    const int rc = find(db, a, public_id, out, err);
    reader_give(s, db);
    return rc;
}

static int list(struct db *db, struct arena *a, struct project **out, size_t *n, struct err *err)
{
    struct project *rows = NULL;
    size_t cap = 0;
    int got = 0;
    struct stmt *st = db_statement(db, STATEMENT_PROJECT_LIST, err);
    if (st == NULL)
        return -1;
    while ((got = db_step(db, st, err)) > 0) {
        const struct project *p = project_read(st, 0, a, err);
        rows = p != NULL ? arena_grow(a, rows, *n, &cap, sizeof(*rows)) : NULL;
        if (rows == NULL) {
            got = p != NULL ? err_nomem(err) : -1;
            break;
        }
        rows[(*n)++] = *p;
    }
    stmt_reset(st);
    *out = rows;
    return got;
}

int sql_list_projects(struct store *store, struct arena *a, struct project **out, size_t *n,
                      struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    *n = 0;
    const int rc = list(db, a, out, n, err);
    reader_give(s, db);
    return rc;
}

int project_check(struct db *db, int64_t project_id, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_PROJECT_DELETED, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    const int got = db_step(db, st, err);
    if (got < 0)
        return -1;
    const bool lives = got > 0 && column_is_null(st, 0);
    stmt_reset(st);
    return lives ? 0 : err_set(err, ERR_UNAUTHORIZED, "the project is deleted");
}

/* ---- deleting ---- */

/* With ?1 the project. */
static int run_for(struct db *db, enum statement which, int64_t project_id, struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    return db_run(db, st, err);
}

static int mark(struct db *db, int64_t project_id, int64_t now_ms, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_PROJECT_MARK, err);
    if (st == NULL)
        return -1;
    bind_int(st, 2, now_ms);
    return run_for(db, STATEMENT_PROJECT_MARK, project_id, err);
}

/* Whoever runs one of them finds a newer epoch, and drops it. */
static int end_actions(struct db *db, int64_t project_id, int64_t now_ms, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_PROJECT_END_ACTIONS, err);
    if (st == NULL)
        return -1;
    bind_str(st, 2, STR(DELETED_MESSAGE));
    bind_int(st, 3, now_ms);
    return run_for(db, STATEMENT_PROJECT_END_ACTIONS, project_id, err);
}

int sql_tx_project_delete(struct store_tx *tx, struct str public_id, int64_t now_ms, int64_t *id,
                          struct err *err)
{
    struct db *db = tx->db;
    struct arena a;
    struct project *p = NULL;
    tx->checked_project = 0;
    arena_init(&a, KIB, 0);
    int rc = find(db, &a, public_id, &p, err);
    const bool lives =
        p != NULL && (p->deleted_ms == TIME_NONE || p->deleted_ms == PROJECT_COPYING);
    if (p != NULL)
        *id = p->id;
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "there is no project '%.*s'", STR_FMT(public_id));
    arena_release(&a);
    if (rc < 0 || !lives)
        return rc;
    if (run_for(db, STATEMENT_PROJECT_KEYS_DELETE, *id, err) < 0 ||
        run_for(db, STATEMENT_PROJECT_TOKENS_DELETE, *id, err) < 0 ||
        end_actions(db, *id, now_ms, err) < 0 || copy_forget(db, *id, err) < 0)
        return -1;
    return mark(db, *id, now_ms, err);
}
