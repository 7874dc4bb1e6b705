/* SPDX-License-Identifier: MIT */
/* copy_priv.h - what the files of a copy share (copy*.c). */
#ifndef STORE_SQL_COPY_PRIV_H
#define STORE_SQL_COPY_PRIV_H

#include "store/sql/copy.h"
#include "store/sql/copy_rows.h"
#include "store/sql/filter_sql.h"

#define COPY_SOURCE_MARK "copy_source" /* in `meta`, see copy.h */
#define COPY_NOTE_MAX    (64 * KIB)

/* How far the copy is: what the note holds. */
struct position {
    size_t table;
    bool inside; /* behind `after`; otherwise at the table's beginning */
    struct copy_value after[COPY_KEYS_MOST];
    int64_t rows[COPY_TABLES];
    int64_t inputs;
};

struct copying {
    struct store_copy *c;
    struct sql_store *from, *to;
    struct arena arena;   /* of the call */
    struct arena scratch; /* of a portion */
    struct project *project;
    struct str source; /* the state of the source, as far as that can be told in a line */
    int64_t next_seq;  /* of the source */
    struct position at;
    struct buf after_text; /* of at.after */

    /* the portion under way */
    struct copy_rows rows;
    struct copy_rows late[COPY_TABLES - TABLE_LATE];
    struct str note;
    struct purged purged;
};

/* ---- copy_read.c ---- */

/* "it is a row of the project", of this table. */
void copy_put_filter(struct sql *q, const struct copy_table *t, int64_t project_id);

/* The number in the first column of the first row. 1; 0: there is no row; -1. */
int copy_ask(struct sql *q, int64_t *out, struct err *err) MUST_CHECK;

/* Rows of the source's table behind the position, up to `limit`, or fewer when they are large;
 * *end: those were the last. */
int copy_read_rows(struct copying *k, const struct copy_table *t, const struct position *at,
                   size_t limit, struct arena *a, struct copy_rows *out, bool *end,
                   struct err *err) MUST_CHECK;
int copy_count(struct copying *k, const struct copy_table *t, int64_t *n,
               struct err *err) MUST_CHECK;

/* ---- copy_note.c ---- */

/* {NULL,0}: there is none. In the arena. */
int copy_meta_get(struct sql_store *s, struct arena *a, struct str name, struct str *out,
                  struct err *err) MUST_CHECK;
int copy_meta_put(struct db *db, struct str name, struct str value, struct err *err) MUST_CHECK;

/* The position as k->note; then into the target, in a unit of work. */
int copy_note_write(struct copying *k, const struct position *at, struct err *err) MUST_CHECK;
int copy_note_put(struct copying *k, struct db *db, struct err *err) MUST_CHECK;

/* Whether the target's note is about the source as it is now; then k->at is where to go on. */
int copy_note_read(struct copying *k, bool *usable, struct err *err) MUST_CHECK;

/* ---- copy_look.c ---- */

int copy_find_source(struct copying *k, struct err *err) MUST_CHECK;

/* All of store_copy_look(), and where to go on. `mark`: the source is marked if it is not. */
int copy_look(struct copying *k, bool mark, struct err *err) MUST_CHECK;

/* ERR_CONFLICT; -1. */
int copy_conflict(const struct copying *k, struct err *err, const char *what);

#endif
