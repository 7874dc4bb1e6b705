/* SPDX-License-Identifier: MIT */
/*
 * sse.h - server-sent events: bytes in any pieces to events (the WHATWG's text/event-stream).
 *
 * Lines end with LF, CR or CRLF; `data` lines of one event are joined by LF; comments, `id` and
 * `retry` are passed over, as nothing here reconnects by them.
 */
#ifndef CLIENT_SSE_H
#define CLIENT_SSE_H

#include "base/buf.h"

#define SSE_LINE_MAX_BYTES (64 * KIB)

/* An event with data; `name` is "message" when the stream gave none. Texts are valid during the
 * call. -1 ends the feeding. */
typedef int (*sse_event)(void *arg, struct str name, struct str data, struct err *err);

struct sse {
    sse_event event;
    void *arg;
    struct buf line; /* what has come of the line that is open */
    struct buf name, data;
    bool after_cr; /* an LF that comes now belongs to the line before */
};

void sse_init(struct sse *s, sse_event event, void *arg);
void sse_release(struct sse *s);

/* -1: the event function said so, or ERR_TOO_LARGE for a line or an event beyond the ceiling. */
int sse_feed(struct sse *s, const char *p, size_t n, struct err *err) MUST_CHECK;

#endif
