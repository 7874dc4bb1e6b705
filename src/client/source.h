/* SPDX-License-Identifier: MIT */
/*
 * source.h - a file, or standard input, on its way to the server: read as it is sent, so that
 * memory does not grow with it.
 *
 * Of a regular file the size is said in advance and has to stay: a file that is still written to
 * would otherwise be imported up to some place in the middle of a row.
 */
#ifndef CLIENT_SOURCE_H
#define CLIENT_SOURCE_H

#include "base/err.h"

struct source {
    const char *path; /* "-": standard input */
    const char *name; /* for people, and for the server: without directories */
    int fd;           /* -1: not open */
    int64_t bytes;    /* -1: not known, it is no regular file */
    int64_t sent;
    bool json;          /* the body itself; otherwise the part `file` of a form */
    bool webhooks;      /* a form's field webhooks_enable */
    int64_t started_us; /* when its first byte was read; 0: not yet */
    bool failed;        /* reading has; the reason is in */
    struct err err;
};

/* What `s` has no word for yet (json, webhooks) is the caller's. */
int source_open(struct source *s, const char *path, struct err *err) MUST_CHECK;
void source_close(struct source *s);

/* Up to n more bytes; 0: that was all. -1: failed, or interrupted. */
ssize_t source_read(struct source *s, char *out, size_t n) MUST_CHECK;

#endif
