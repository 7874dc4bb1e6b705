/* SPDX-License-Identifier: MIT */
/*
 * inputs.c - uploaded files in the database, in parts, so that any node can go on with any action.
 *
 * A part has 8,000 bytes: one tuple on one page, without TOAST and its second index. They are
 * stored in one transaction before the action that names them; what a crash leaves in between
 * belongs to nobody and is swept when it is old.
 */
#include <stdio.h>

#include "store/postgres/copy.h"

#define PART_BYTES     8000
#define PUT_TRIES      12 /* some 10 s */
#define PARTS_PER_READ 128
#define COPY_BYTES     (256 * KIB)
#define COPY_SQL       "COPY input_parts (input, part_no, data) FROM STDIN (FORMAT binary)"

static void put_part(struct buf *b, struct str name, int64_t no, const char *data, size_t n)
{
    copy_be16(b, 3);
    field_text(b, name);
    field_int(b, no);
    field_text(b, (struct str){ data, n });
}

/* Everything that `read` gives, as rows of the COPY. */
static int copy_parts(struct pg_db *db, struct str name, const struct input_source *from,
                      struct err *err)
{
    struct buf b;
    char part[PART_BYTES];
    size_t got = 0;
    int rc = 0;
    buf_init(&b, 2 * COPY_BYTES);
    copy_rows_begin(&b);
    for (int64_t no = 0; rc == 0; no++) {
        rc = from->read(from->arg, no * PART_BYTES, part, sizeof(part), &got, err);
        if (rc < 0 || (got == 0 && no > 0))
            break;
        put_part(&b, name, no, part, got);
        if (b.len > COPY_BYTES)
            rc = copy_send(db, &b, err);
        if (got < sizeof(part))
            break;
    }
    buf_put(&b, COPY_TRAILER, COPY_TRAILER_LEN);
    if (rc == 0)
        rc = copy_send(db, &b, err);
    buf_release(&b);
    return rc;
}

static int copy_in(struct pg_db *db, struct str name, const struct input_source *from,
                   struct err *err)
{
    bool ignored;
    if (copy_begin(db, COPY_SQL, err) < 0)
        return -1;
    return copy_end(db, copy_parts(db, name, from, err), &ignored, err);
}

int pg_input_put(struct store *store, struct str name, const struct input_source *from,
                 struct err *err)
{
    struct pg_store *s = pg_of(store);
    struct db *db = reader_take(&s->base);
    struct pg_db *pg = pg_db_of(db);
    unsigned tries = 0;
    int rc;
    do { /* a copy that was cut has stored nothing, and the upload is still there */
        rc = pg_db_connect(pg, err);
        if (rc == 0)
            rc = copy_in(pg, name, from, err);
    } while (rc < 0 && tries < PUT_TRIES && pg_try_again(pg, &tries));
    reader_give(&s->base, db);
    return rc;
}

/* Some parts from `at` on; *got 0 only at the end. */
static int read_some(struct db *db, struct str name, int64_t at, char *out, size_t n, size_t *got,
                     struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_PARTS_READ, err);
    size_t skip = (size_t)(at % PART_BYTES);
    int rc = 1;
    *got = 0;
    if (st == NULL)
        return -1;
    bind_str(st, 1, name);
    bind_int(st, 2, at / PART_BYTES);
    bind_int(st, 3, PARTS_PER_READ);
    while (*got < n && (rc = db_step(db, st, err)) > 0) {
        struct str data = column_blob(st, 0);
        const size_t from = skip < data.len ? skip : data.len;
        size_t take = data.len - from;
        skip = 0;
        if (take > n - *got)
            take = n - *got;
        if (take > 0)
            memcpy(out + *got, data.p + from, take);
        *got += take;
    }
    stmt_reset(st);
    return rc < 0 ? -1 : 0;
}

int pg_input_read(struct store *store, struct str name, int64_t at, void *out, size_t n,
                  size_t *got, struct err *err)
{
    struct pg_store *s = pg_of(store);
    struct db *db = reader_take(&s->base);
    struct err why = { 0 };
    int rc = 0;
    *got = 0;
    for (size_t some = 1; rc == 0 && *got < n && some > 0; *got += some)
        rc = read_some(db, name, at + (int64_t)*got, (char *)out + *got, n - *got, &some, &why);
    reader_give(&s->base, db);
    if (rc < 0)
        *err = why;
    return rc;
}

static int run_named(struct pg_store *s, enum statement which, struct str name, bool *found,
                     struct err *err)
{
    struct db *db = reader_take(&s->base);
    struct stmt *st = db_statement(db, which, err);
    int rc = -1;
    if (st != NULL) {
        bind_str(st, 1, name);
        rc = db_step(db, st, err);
        *found = rc > 0;
        stmt_reset(st);
    }
    reader_give(&s->base, db);
    return rc < 0 ? -1 : 0;
}

int pg_input_find(struct store *store, struct str name, bool *found, struct err *err)
{
    return run_named(pg_of(store), STATEMENT_PARTS_ANY, name, found, err);
}

int pg_input_remove(struct store *store, struct str name, struct err *err)
{
    bool found;
    return run_named(pg_of(store), STATEMENT_PARTS_DELETE, name, &found, err);
}
