/* SPDX-License-Identifier: MIT */
/* sql.c - see sql.h. */
#include "store/sql/sql.h"

const char *const sql_texts[STATEMENT_COUNT] = {
#define X(name, sql) [STATEMENT_##name] = sql,
    STATEMENTS(X)
#undef X
};

int db_run(struct db *db, struct stmt *st, struct err *err)
{
    if (db_step(db, st, err) < 0)
        return -1;
    stmt_reset(st);
    return 0;
}

int db_run_plain(struct db *db, enum statement which, struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    return st == NULL ? -1 : db_run(db, st, err);
}

int db_number(struct db *db, enum statement which, int64_t project_id, bool *found, int64_t *out,
              struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    const int got = db_step(db, st, err);
    if (got < 0)
        return -1;
    *found = got > 0 && !column_is_null(st, 0);
    *out = *found ? column_int(st, 0) : 0;
    stmt_reset(st);
    return 0;
}
