/* SPDX-License-Identifier: MIT */
/* db.c - a connection: opening, statements, errors. The fault point of the store is db_step. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "store/sqlite/sqlite_priv.h"

static const char *const own_texts[] = {
#define X(name, sql) [SQLITE_##name##_STATEMENT] = sql,
    SQLITE_STATEMENTS(X)
#undef X
};

#define BUSY_STEP_US    500
#define BUSY_TIMEOUT_US 60000000

int db_error(struct sqlite_db *db, int rc, const char *what, struct err *err)
{
    const int sys = db->handle != NULL ? sqlite3_system_errno(db->handle) : 0;
    enum err_code code = ERR_STORE;
    switch (rc & 0xFF) {
    case SQLITE_FULL:
        code = ERR_DISK_FULL;
        break;
    case SQLITE_IOERR:
        if (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)
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

static int configure(struct sqlite_db *db, enum db_mode mode, size_t cache_bytes, struct err *err)
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

int db_open(struct sqlite_db *db, const char *path, enum db_mode mode, size_t cache_bytes,
            struct err *err)
{
    *db = (struct sqlite_db){ .base.driver = &sqlite_driver };
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

void db_close(struct sqlite_db *db)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(db->statements[i].raw);
    for (size_t i = 0; i < SQLITE_OWN_COUNT; i++)
        sqlite3_finalize(db->own[i].raw);
    dynamic_forget(db);
    sqlite3_close(db->handle);
    *db = (struct sqlite_db){ 0 };
}

int db_exec(struct sqlite_db *db, const char *sql, struct err *err)
{
    const int rc =
        fault_hit(FAULT_STORE) ? SQLITE_IOERR : sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_error(db, rc, "cannot run a statement", err);
}

static struct stmt *prepared(struct sqlite_db *db, struct sqlite_stmt *st, const char *text,
                             struct err *err)
{
    if (st->raw == NULL) {
        const int rc =
            sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &st->raw, NULL);
        if (rc != SQLITE_OK) {
            db_error(db, rc, "cannot prepare a statement", err);
            return NULL;
        }
        st->base.driver = &sqlite_driver;
    }
    return &st->base;
}

struct stmt *db_own_statement(struct sqlite_db *db, enum sqlite_statement which, struct err *err)
{
    return prepared(db, &db->own[which], own_texts[which], err);
}

int db_pragma(struct sqlite_db *db, const char *sql, int64_t *out, struct err *err)
{
    struct sqlite_stmt st = { .base.driver = &sqlite_driver };
    const int rc = sqlite3_prepare_v2(db->handle, sql, -1, &st.raw, NULL);
    if (rc != SQLITE_OK)
        return db_error(db, rc, "cannot ask the database", err);
    const int got = db_step(&db->base, &st.base, err);
    if (got > 0)
        *out = column_int(&st.base, 0);
    sqlite3_finalize(st.raw);
    return got < 0 ? -1 : 0;
}

/* ---- the driver ---- */

static sqlite3_stmt *raw(struct stmt *st)
{
    return ((struct sqlite_stmt *)(void *)st)->raw;
}

static struct stmt *drive_statement(struct db *db, enum statement which, struct err *err)
{
    struct sqlite_db *d = sqlite_db_of(db);
    return prepared(d, &d->statements[which], sql_texts[which], err);
}

static int drive_step(struct db *db, struct stmt *st, struct err *err)
{
    struct sqlite_db *d = sqlite_db_of(db);
    const int rc = fault_hit(FAULT_STORE) ? SQLITE_IOERR : sqlite3_step(raw(st));
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    if (rc == SQLITE_INTERRUPT && d->too_slow)
        err_set(err, ERR_TOO_SLOW, "it takes too long");
    else
        db_error(d, rc, "cannot run a statement", err);
    sqlite3_reset(raw(st));
    return -1;
}

static void drive_reset(struct stmt *st)
{
    sqlite3_reset(raw(st));
}

static int64_t drive_changes(struct db *db)
{
    return sqlite3_changes(sqlite_db_of(db)->handle);
}

static void put_null(struct stmt *st, int at)
{
    sqlite3_bind_null(raw(st), at);
}

static void put_int(struct stmt *st, int at, int64_t v)
{
    sqlite3_bind_int64(raw(st), at, v);
}

static void put_num(struct stmt *st, int at, struct num v)
{
    if (v.is_int)
        sqlite3_bind_int64(raw(st), at, v.i);
    else
        sqlite3_bind_double(raw(st), at, v.d);
}

static void put_text(struct stmt *st, int at, struct str v)
{
    sqlite3_bind_text64(raw(st), at, v.p, v.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void put_blob(struct stmt *st, int at, const void *p, size_t n)
{
    sqlite3_bind_blob64(raw(st), at, p, n, SQLITE_STATIC);
}

static int columns(struct stmt *st)
{
    return sqlite3_column_count(raw(st));
}

static bool is_null(struct stmt *st, int at)
{
    return sqlite3_column_type(raw(st), at) == SQLITE_NULL;
}

static int64_t get_int(struct stmt *st, int at)
{
    return sqlite3_column_int64(raw(st), at);
}

static struct num get_num(struct stmt *st, int at)
{
    if (sqlite3_column_type(raw(st), at) == SQLITE_FLOAT)
        return (struct num){ .d = sqlite3_column_double(raw(st), at) };
    return num_int(sqlite3_column_int64(raw(st), at));
}

static struct str get_text(struct stmt *st, int at)
{
    const char *p = (const char *)sqlite3_column_text(raw(st), at);
    return (struct str){ p, p != NULL ? (size_t)sqlite3_column_bytes(raw(st), at) : 0 };
}

static struct str get_blob(struct stmt *st, int at)
{
    const char *p = sqlite3_column_blob(raw(st), at);
    return (struct str){ p, (size_t)sqlite3_column_bytes(raw(st), at) };
}

static int check(struct stmt *st, struct err *err)
{
    return (sqlite3_errcode(sqlite3_db_handle(raw(st))) & 0xFF) == SQLITE_NOMEM ? err_nomem(err)
                                                                                : 0;
}

#define ITEMS_DISCOUNT                                                                             \
    "(SELECT sum(json_extract(value, '$.discount_amount')) FROM json_each(items))"

const struct db_driver sqlite_driver = {
    .statement = drive_statement,
    .prepare = dynamic_prepare,
    .done = dynamic_done,
    .step = drive_step,
    .reset = drive_reset,
    .changes = drive_changes,
    .put_null = put_null,
    .put_int = put_int,
    .put_num = put_num,
    .put_text = put_text,
    .put_blob = put_blob,
    .put_condition = dynamic_put_condition,
    .columns = columns,
    .is_null = is_null,
    .get_int = get_int,
    .get_num = get_num,
    .get_text = get_text,
    .get_blob = get_blob,
    .check = check,
    .limit_time = dynamic_limit_time,
    .put_json_match = dynamic_put_json_match,
    .instr = "instr(",
    .ends_with = "substr(",
    .ends_minus = true,
    .off_index = "+",
    .by_byte = "",
    .items_discount = ITEMS_DISCOUNT,
    .total_discount = SQL_TOTAL_DISCOUNT(ITEMS_DISCOUNT),
    .total_amount = SQL_TOTAL_AMOUNT(ITEMS_DISCOUNT),
};
