/* SPDX-License-Identifier: MIT */
/* print.h - tables and objects on standard output; -1 when they could not be written. */
#ifndef COMMANDS_PRINT_H
#define COMMANDS_PRINT_H

#include "base/buf.h"
#include "base/mem.h"

struct print_member {
    const char *key;
    struct str value;
};

/* One line on stdout: a JSON object of texts. */
int print_object(const struct print_member *members, size_t n, struct err *err) MUST_CHECK;

/* Columns as wide as their texts, on stdout. */
struct print_table {
    const char *const *headings;
    size_t n_columns;
    const struct str *cells; /* row by row; what comes from people went through print_safe() */
    size_t n_rows;
};
int print_table(const struct print_table *t, struct err *err) MUST_CHECK;

/* Without what a terminal would obey; in the arena. .p is NULL when out of memory. */
struct str print_safe(struct arena *a, struct str s) MUST_CHECK;

/* "2026-11-23T16:14:28.123Z", in the arena. .p is NULL when out of memory. */
struct str print_time(struct arena *a, int64_t ms) MUST_CHECK;

/* The text in the buffer, on stdout; releases it. */
int print_buf(struct buf *b, struct err *err) MUST_CHECK;

#endif
