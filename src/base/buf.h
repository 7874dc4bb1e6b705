/* SPDX-License-Identifier: MIT */
/*
 * buf.h - a growing buffer with a ceiling.
 *
 * Appending never returns an error: the first failure (ceiling or memory) makes the buffer
 * `failed`, later appends do nothing, and the one who uses the result asks buf_ok() once.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct buf {
    char *p; /* owned; NULL while empty */
    size_t len;
    size_t cap;
    size_t max_bytes; /* ceiling */
    bool failed;
    bool too_large; /* failed because of the ceiling, not of memory */
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_release(struct buf *b);
void buf_reset(struct buf *b); /* empty and not failed; keeps its memory */

/* Of buf_reserve(), when the room is not there yet. */
char *buf_grow(struct buf *b, size_t n);

/* Room for n more bytes at the returned place, or NULL; the caller adds to b->len what it used. */
static inline char *buf_reserve(struct buf *b, size_t n)
{
    return !b->failed && n <= b->cap - b->len ? b->p + b->len : buf_grow(b, n);
}

static inline void buf_put(struct buf *b, const void *data, size_t n)
{
    char *at = n > 0 ? buf_reserve(b, n) : NULL;
    if (at == NULL)
        return;
    memcpy(at, data, n);
    b->len += n;
}

static inline void buf_putc(struct buf *b, char c)
{
    char *at = buf_reserve(b, 1);
    if (at == NULL)
        return;
    *at = c;
    b->len++;
}

static inline void buf_puts(struct buf *b, struct str s)
{
    buf_put(b, s.p, s.len);
}

void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){ b->p != NULL ? b->p : "", b->len };
}

/* 0, or -1 with ERR_TOO_LARGE or ERR_NOMEM. */
int buf_ok(const struct buf *b, struct err *err) MUST_CHECK;

/* The text, copied to the arena; the buffer is released, also on failure. Errors: as buf_ok. */
struct arena;
int buf_keep(struct buf *b, struct arena *a, struct str *out, struct err *err) MUST_CHECK;

#endif
