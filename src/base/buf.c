/* SPDX-License-Identifier: MIT */
/* buf.c - see buf.h. */
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){ .max_bytes = max_bytes };
}

void buf_release(struct buf *b)
{
    mem_free(b->p);
    *b = (struct buf){ .max_bytes = b->max_bytes };
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = b->too_large = false;
}

char *buf_grow(struct buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    if (n > b->max_bytes - b->len) {
        b->failed = b->too_large = true;
        return NULL;
    }
    size_t cap = b->cap < 64 ? 64 : b->cap;
    if (cap > b->max_bytes)
        cap = b->max_bytes;
    while (cap - b->len < n)
        cap = cap > b->max_bytes / 2 ? b->max_bytes : cap * 2;
    char *p = mem_realloc(b->p, cap);
    if (p == NULL) {
        b->failed = true;
        return NULL;
    }
    b->p = p;
    b->cap = cap;
    return b->p + b->len;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *at = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
    if (at == NULL)
        return;
    va_start(args, fmt);
    vsnprintf(at, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
}

int buf_ok(const struct buf *b, struct err *err)
{
    if (!b->failed)
        return 0;
    if (b->too_large)
        return err_set(err, ERR_TOO_LARGE, "more than %zu bytes", b->max_bytes);
    return err_nomem(err);
}

int buf_keep(struct buf *b, struct arena *a, struct str *out, struct err *err)
{
    int rc = buf_ok(b, err);
    if (rc == 0) {
        *out = arena_str(a, buf_str(b));
        if (out->p == NULL)
            rc = err_nomem(err);
    }
    buf_release(b);
    return rc;
}
