/* SPDX-License-Identifier: MIT */
/* db.c - a connection: opening, statements, errors. The fault point of the store is db_step. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "store/sqlite/filter_sql.h"

static const char *const sql_texts[] = {
#define X(name, sql) [STATEMENT_##name] = sql,
    STATEMENTS(X)
#undef X
};

#define BUSY_STEP_US    500
#define BUSY_TIMEOUT_US 60000000

int db_error(struct db *db, int rc, const char *what, struct err *err)
{
    const int sys = db->handle != NULL ? sqlite3_system_errno(db->handle) : 0;
    enum err_code code = ERR_STORE;
    switch (rc & 0xFF) {
    case SQLITE_FULL:
        code = ERR_DISK_FULL;
        break;
    case SQLITE_IOERR:
        if (sys == ENOSPC || sys == EDQUOT)
            code = ERR_DISK_FULL;
        else if (rc == SQLITE_IOERR_NOMEM)
            code = ERR_NOMEM;
        break;
    case SQLITE_NOMEM:
        code = ERR_NOMEM;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        code = ERR_BUSY;
        break;
    case SQLITE_CONSTRAINT:
        code = ERR_DUPLICATE;
        break;
    default:
        break;
    }
    return err_set(err, code, "%s: %s (SQLite %d, errno %d)", what,
                   db->handle != NULL ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc), rc, sys);
}

/* SQLite's own handler sleeps up to 100 ms: it would sleep through every gap of a busy writer. */
static int wait_while_busy(void *arg, int tries)
{
    (void)arg;
    if (tries > BUSY_TIMEOUT_US / BUSY_STEP_US)
        return 0;
    usleep(BUSY_STEP_US);
    return 1;
}

static int configure(struct db *db, enum db_mode mode, size_t cache_bytes, struct err *err)
{
    char pragmas[512];
    snprintf(pragmas, sizeof(pragmas),
             "PRAGMA synchronous = FULL;"     /* 202 means durable */
             "PRAGMA wal_autocheckpoint = 0;" /* the checkpointer decides */
             "PRAGMA journal_size_limit = 67108864;"
             "PRAGMA secure_delete = OFF;" /* Debian builds with it on: doubles the writing of an
                                              update */
             "PRAGMA temp_store = MEMORY;"
             "PRAGMA cache_size = -%zu;",
             cache_bytes / KIB);
    sqlite3_busy_handler(db->handle, wait_while_busy, NULL);
    /* Pages of 8 KiB (of a new file): measured 15 % faster than 4 KiB on a million-row import. */
    if (mode == DB_WRITER &&
        db_exec(db, "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL", err) < 0)
        return -1;
    return db_exec(db, pragmas, err);
}

int db_open(struct db *db, const char *path, enum db_mode mode, size_t cache_bytes, struct err *err)
{
    *db = (struct db){ 0 };
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                      (mode == DB_WRITER ? SQLITE_OPEN_CREATE : 0);
    const int rc = sqlite3_open_v2(path, &db->handle, flags, NULL);
    if (rc != SQLITE_OK) {
        db_error(db, rc, "cannot open the database", err);
        err_wrap(err, "'%s'", path);
        db_close(db);
        return -1;
    }
    sqlite3_extended_result_codes(db->handle, 1);
    if (configure(db, mode, cache_bytes, err) < 0) {
        err_wrap(err, "'%s'", path);
        db_close(db);
        return -1;
    }
    return 0;
}

void db_close(struct db *db)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    sql_forget(db);
    sqlite3_close(db->handle);
    *db = (struct db){ 0 };
}

int db_exec(struct db *db, const char *sql, struct err *err)
{
    const int rc =
        fault_hit(FAULT_SQLITE) ? SQLITE_IOERR : sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, "cannot run a statement", err);
}

sqlite3_stmt *db_statement(struct db *db, enum statement st, struct err *err)
{
    if (db->statements[st] == NULL) {
        const int rc = sqlite3_prepare_v3(db->handle, sql_texts[st], -1, SQLITE_PREPARE_PERSISTENT,
                                          &db->statements[st], NULL);
        if (rc != SQLITE_OK) {
            db_error(db, rc, "cannot prepare a statement", err);
            return NULL;
        }
    }
    return db->statements[st];
}

int db_step(struct db *db, sqlite3_stmt *st, struct err *err)
{
    const int rc = fault_hit(FAULT_SQLITE) ? SQLITE_IOERR : sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    db_error(db, rc, "cannot run a statement", err);
    sqlite3_reset(st);
    return -1;
}

int db_run(struct db *db, sqlite3_stmt *st, struct err *err)
{
    if (db_step(db, st, err) < 0)
        return -1;
    sqlite3_reset(st);
    return 0;
}

int db_run_plain(struct db *db, enum statement st, struct err *err)
{
    sqlite3_stmt *stmt = db_statement(db, st, err);
    return stmt == NULL ? -1 : db_run(db, stmt, err);
}

int db_number(struct db *db, enum statement which, int64_t project_id, bool *found, int64_t *out,
              struct err *err)
{
    sqlite3_stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, project_id);
    const int got = db_step(db, st, err);
    if (got < 0)
        return -1;
    *found = got > 0 && sqlite3_column_type(st, 0) != SQLITE_NULL;
    *out = *found ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return 0;
}

int db_pragma(struct db *db, const char *sql, int64_t *out, struct err *err)
{
    sqlite3_stmt *st = NULL;
    const int rc = sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL);
    if (rc != SQLITE_OK)
        return db_error(db, rc, "cannot ask the database", err);
    const int got = db_step(db, st, err);
    if (got > 0)
        *out = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return got < 0 ? -1 : 0;
}

void bind_str(sqlite3_stmt *st, int at, struct str s)
{
    if (s.p == NULL)
        sqlite3_bind_null(st, at);
    else
        sqlite3_bind_text64(st, at, s.p, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

struct str column_str(sqlite3_stmt *st, int at)
{
    const char *p = (const char *)sqlite3_column_text(st, at);
    return (struct str){ p, p != NULL ? (size_t)sqlite3_column_bytes(st, at) : 0 };
}

int row_check(sqlite3_stmt *st, struct err *err)
{
    return (sqlite3_errcode(sqlite3_db_handle(st)) & 0xFF) == SQLITE_NOMEM ? err_nomem(err) : 0;
}
