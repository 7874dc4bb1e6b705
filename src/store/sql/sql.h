/* SPDX-License-Identifier: MIT */
/*
 * sql.h - a connection and its statements, as both stores have them.
 *
 * Most of a store is the same on SQLite and on PostgreSQL: bind, step, read columns. That part is
 * written once, in this folder, against these few calls; a backend gives them in a table (struct
 * db_driver), and has for itself what is fast or peculiar: connections, transactions, the schema.
 *
 * A value that is bound is not copied: it must live until the statement has been stepped for the
 * first time. A text that a column gives lives until the next step or reset.
 */
#ifndef STORE_SQL_SQL_H
#define STORE_SQL_SQL_H

#include "base/err.h"
#include "base/num.h"
#include "base/str.h"
#include "store/sql/statements.h"

struct filter_condition;
struct sql;

/* The text of a statement as SQLite has it. */
extern const char *const sql_texts[STATEMENT_COUNT];

/* A connection; a backend's own struct begins with it. */
struct db {
    const struct db_driver *driver;
};

/* A prepared statement; a backend's own struct begins with it. */
struct stmt {
    const struct db_driver *driver;
};

struct db_driver {
    /* The prepared statement, reset, bindings as they were; NULL with err. */
    struct stmt *(*statement)(struct db *db, enum statement which, struct err *err);

    /* One that was put together, the connection's for as long as `done` has not been called. Its
     * parameters are `?`, by position. `streams`: its rows are many, and may be left unread. */
    struct stmt *(*prepare)(struct db *db, const char *text, bool streams, struct err *err);
    void (*done)(struct stmt *st);

    int (*step)(struct db *db, struct stmt *st, struct err *err); /* 1: a row, 0: none, -1 */
    void (*reset)(struct stmt *st);
    int64_t (*changes)(struct db *db); /* rows that the last statement has written */

    void (*put_null)(struct stmt *st, int at);
    void (*put_int)(struct stmt *st, int at, int64_t v);
    void (*put_num)(struct stmt *st, int at, struct num v);
    void (*put_text)(struct stmt *st, int at, struct str v);
    void (*put_blob)(struct stmt *st, int at, const void *p, size_t n);
    void (*put_condition)(struct stmt *st, int at, const struct filter_condition *c);

    int (*columns)(struct stmt *st);
    bool (*is_null)(struct stmt *st, int at);
    int64_t (*get_int)(struct stmt *st, int at);
    struct num (*get_num)(struct stmt *st, int at);
    struct str (*get_text)(struct stmt *st, int at);
    struct str (*get_blob)(struct stmt *st, int at);

    /* Behind the reading of a row's columns: a value that no memory was found for reads as NULL,
     * which would be taken for "none". -1: ERR_NOMEM. */
    int (*check)(struct stmt *st, struct err *err);

    /* From now on statements of this connection end with ERR_TOO_SLOW when it is later than
     * until_us (monotonic); 0: never. */
    int (*limit_time)(struct db *db, int64_t until_us, struct err *err);

    /* "EXPRESSION matches the condition", of a JSON text. */
    void (*put_json_match)(struct sql *q, const struct filter_condition *c, const char *expression);

    /* Functions that differ: position of ?2 in ?1; the last characters. */
    const char *instr, *ends_with;
    bool ends_minus; /* ends_with counts from the end by a negative number */

    /* In front of a column: not by its index (SQLite would believe that a walk along it is best).
     */
    const char *off_index;

    /* Behind a text that is sorted, or compared with > and <: by byte, whatever the database's
     * collation. */
    const char *by_byte;

    /* The sum of what is off an order's items, which are a JSON array (NULL: they do not say), and
     * the totals that follow from it. */
    const char *items_discount, *total_discount, *total_amount;
};

/* As order_total_discount() and order_total_amount() have them. */
#define SQL_TOTAL_DISCOUNT(items)                                                                  \
    "CASE WHEN amount IS NOT NULL THEN coalesce(discount_amount + coalesce(" items ", 0), " items  \
    ") END"
#define SQL_TOTAL_AMOUNT(items) "amount - coalesce(discount_amount, 0) - coalesce(" items ", 0)"

static inline struct stmt *db_statement(struct db *db, enum statement which, struct err *err)
{
    return db->driver->statement(db, which, err);
}

/* 1: a row, 0: done, -1: failed (the statement is reset). */
static inline MUST_CHECK int db_step(struct db *db, struct stmt *st, struct err *err)
{
    return db->driver->step(db, st, err);
}

static inline int64_t db_changes(struct db *db)
{
    return db->driver->changes(db);
}

static inline void stmt_reset(struct stmt *st)
{
    st->driver->reset(st);
}

/* Steps a statement that returns no row, and resets it. */
int db_run(struct db *db, struct stmt *st, struct err *err) MUST_CHECK;
int db_run_plain(struct db *db, enum statement which, struct err *err) MUST_CHECK;

/* A statement with ?1 the project: the number in its first row's first column. *found: there is a
 * row and the number is not NULL. */
int db_number(struct db *db, enum statement which, int64_t project_id, bool *found, int64_t *out,
              struct err *err) MUST_CHECK;

static inline void bind_null(struct stmt *st, int at)
{
    st->driver->put_null(st, at);
}

static inline void bind_int(struct stmt *st, int at, int64_t v)
{
    st->driver->put_int(st, at, v);
}

static inline void bind_num(struct stmt *st, int at, struct num v)
{
    st->driver->put_num(st, at, v);
}

/* {NULL,0}: NULL. */
static inline void bind_str(struct stmt *st, int at, struct str v)
{
    if (v.p == NULL)
        st->driver->put_null(st, at);
    else
        st->driver->put_text(st, at, v);
}

static inline void bind_blob(struct stmt *st, int at, const void *p, size_t n)
{
    st->driver->put_blob(st, at, p, n);
}

static inline int column_count(struct stmt *st)
{
    return st->driver->columns(st);
}

static inline bool column_is_null(struct stmt *st, int at)
{
    return st->driver->is_null(st, at);
}

/* 0 for NULL. */
static inline int64_t column_int(struct stmt *st, int at)
{
    return st->driver->get_int(st, at);
}

static inline struct num column_num(struct stmt *st, int at)
{
    return st->driver->get_num(st, at);
}

/* {NULL,0} for NULL. */
static inline struct str column_str(struct stmt *st, int at)
{
    return st->driver->get_text(st, at);
}

/* {NULL,0} for NULL, and perhaps for an empty one. */
static inline struct str column_blob(struct stmt *st, int at)
{
    return st->driver->get_blob(st, at);
}

static inline MUST_CHECK int row_check(struct stmt *st, struct err *err)
{
    return st->driver->check(st, err);
}

#endif
