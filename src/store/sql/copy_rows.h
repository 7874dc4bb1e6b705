/* SPDX-License-Identifier: MIT */
/* copy_rows.h - rows of any table in memory, on their way from one store into another (copy.c), and
 * the tables that a project has rows in (copy_tables.c). */
#ifndef STORE_SQL_COPY_ROWS_H
#define STORE_SQL_COPY_ROWS_H

#include "base/str.h"
#include "store/sql/copy.h"

enum column_kind { COLUMN_INT, COLUMN_NUM, COLUMN_TEXT, COLUMN_JSON, COLUMN_BLOB };

struct copy_column {
    const char *name;
    enum column_kind kind;
    const char *from; /* the expression it is read by; NULL: its name */
};

struct copy_value {
    enum { VALUE_NULL, VALUE_INT, VALUE_DOUBLE, VALUE_BYTES } kind;
    union {
        int64_t i;
        double d;
        struct str s; /* a text or a blob; .p is never NULL */
    } as;
};

struct copy_rows {
    const char *table;
    const struct copy_column *columns;
    size_t n_columns;
    const struct copy_value *values; /* row by row */
    size_t n_rows;
};

/* ---- the tables ---- */

/* Which rows of a table are the project's. */
enum copy_filter {
    BY_KEY,        /* id is project * 2^40 + n */
    BY_PROJECT,    /* the key begins with the project */
    BY_SEQ,        /* it does not */
    BY_COUNTER,    /* it does, and there may be several of one name, to be added up */
    OF_ACTIONS,    /* of action_seq */
    OF_UNFINISHED, /* the same; of those that have ended they are nobody's */
};

enum { COPY_KEYS_MOST = 2 };

struct copy_table {
    const char *name, *shown;
    const struct copy_column *columns;
    size_t n_columns;
    enum copy_filter filter;
    /* columns that the rows of a project are told apart by */
    size_t keys[COPY_KEYS_MOST], n_keys;
};

/* Places in copy_tables, and of columns in them. */
enum { TABLE_ACTIONS = 21, TABLE_LATE = 24 /* from here on: in the last transaction */ };
enum { VOUCHER_CODE_AT = 2, ACTION_INPUT_AT = 5, ACTION_STATUS_AT = 8 };

/* In the order in which they go: actions behind what would be taken for remains without them, and
 * before what would be with them; see ACTION_PARKED. */
extern const struct copy_table copy_tables[COPY_TABLES];

#endif
