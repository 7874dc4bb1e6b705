/* SPDX-License-Identifier: MIT */
/*
 * copy.h - rows for COPY, in binary: a count of fields, then each with its length.
 *
 * Appending to a buffer never fails, see buf.h; copy_send() says whether it did.
 */
#ifndef STORE_POSTGRES_COPY_H
#define STORE_POSTGRES_COPY_H

#include <endian.h>

#include "store/postgres/pg_priv.h"

#define COPY_HEADER      "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"
#define COPY_HEADER_LEN  19
#define COPY_TRAILER     "\377\377"
#define COPY_TRAILER_LEN 2

static inline void copy_be16(struct buf *b, uint16_t v)
{
    const uint16_t big = htobe16(v);
    buf_put(b, &big, sizeof(big));
}

static inline void copy_be32(struct buf *b, uint32_t v)
{
    const uint32_t big = htobe32(v);
    buf_put(b, &big, sizeof(big));
}

static inline void field_null(struct buf *b)
{
    copy_be32(b, UINT32_MAX);
}

static inline void field_int(struct buf *b, int64_t v)
{
    struct {
        uint32_t len;
        uint32_t high, low;
    } field = { htobe32(8), htobe32((uint32_t)((uint64_t)v >> 32)), htobe32((uint32_t)v) };
    buf_put(b, &field, sizeof(field));
}

static inline void field_small(struct buf *b, int v)
{
    copy_be32(b, 2);
    copy_be16(b, (uint16_t)v);
}

static inline void field_int_or_null(struct buf *b, int64_t v, bool null)
{
    if (null)
        field_null(b);
    else
        field_int(b, v);
}

static inline void field_text(struct buf *b, struct str s)
{
    if (s.p == NULL) {
        field_null(b);
        return;
    }
    copy_be32(b, (uint32_t)s.len);
    buf_puts(b, s);
}

static inline void field_jsonb(struct buf *b, struct str s)
{
    if (s.p == NULL) {
        field_null(b);
        return;
    }
    copy_be32(b, (uint32_t)s.len + 1);
    buf_putc(b, 1); /* its version */
    buf_puts(b, s);
}

static inline void field_blob(struct buf *b, struct str s)
{
    field_text(b, s.len > 0 ? s : (struct str){ 0 });
}

/* An array of one dimension, as a parameter is sent; its n elements follow as fields. The flag for
 * nulls is not looked at: the server sees them itself. */
static inline void array_begin(struct buf *b, enum pg_type type, size_t n)
{
    buf_reset(b);
    copy_be32(b, 1); /* dimensions */
    copy_be32(b, 0); /* nulls */
    copy_be32(b, (uint32_t)type);
    copy_be32(b, (uint32_t)n);
    copy_be32(b, 1); /* from 1 */
}

/* `sql`: COPY … FROM STDIN (FORMAT binary). */
int copy_begin(struct pg_db *db, const char *sql, struct err *err) MUST_CHECK;
/* What is in the buffer, which is empty then. */
int copy_send(struct pg_db *db, struct buf *rows, struct err *err) MUST_CHECK;
/* 0, or -1; *exists: a unique violation. rc < 0: it is given up, and err says why already. */
int copy_end(struct pg_db *db, int rc, bool *exists, struct err *err) MUST_CHECK;

/* New rows of a table that are sent while further ones are decided. */
struct copy_stream {
    struct pg_db *db;
    const char *sql;
    struct buf *rows; /* not sent yet, without a header */
    bool open;        /* nothing else can be asked of the connection */
    bool exists;      /* one of them was there: see copy_end() */
};
int copy_stream_send(struct copy_stream *s, struct err *err) MUST_CHECK;
/* Whatever has not been sent, is; then other statements can run. rc < 0: it is given up. */
int copy_stream_end(struct copy_stream *s, int rc, struct err *err) MUST_CHECK;

/* A buffer of rows that begins with the header; and all of it in one COPY. */
void copy_rows_begin(struct buf *rows);
int copy_all(struct pg_db *db, const char *sql, struct buf *rows, struct err *err) MUST_CHECK;

#endif
