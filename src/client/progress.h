/* SPDX-License-Identifier: MIT */
/*
 * progress.h - shows how far something has come: one live line on a terminal, otherwise a plain
 * line for every tenth, so that a log of a nightly job stays readable.
 *
 * A live line is adapted to the terminal's width each time it is drawn; what does not fit is left
 * out, the least important first. All of it goes to standard error: standard output is for answers.
 */
#ifndef CLIENT_PROGRESS_H
#define CLIENT_PROGRESS_H

#include "base/buf.h"

/* One look at it. -1: not known. */
struct progress_view {
    const char *doing; /* "uploading" */
    int64_t percent;
    int64_t done, per_second, seconds_left;
    bool bytes; /* `done` counts them; otherwise rows */
};

struct progress {
    bool live, color;
    bool line_open;   /* a live line stands on the screen */
    int64_t tenth;    /* of the last plain line; -1: none */
    int64_t shown_us; /* when something was drawn or written last */
    int64_t pause_us; /* what to leave between two drawings */
};

/* Live when standard error is a terminal and TERM is not "dumb"; in colour unless NO_COLOR is set.
 */
void progress_init(struct progress *p);

/* Something else begins: plain lines start from 0 % again, `pause_ms` apart at least. */
void progress_begin(struct progress *p, int64_t pause_ms);

void progress_show(struct progress *p, const struct progress_view *v);

/* A line that stays; it takes the place of the live line. Control characters become '?'. */
void progress_note(struct progress *p, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Removes the live line, so that other output begins on an empty one. */
void progress_clear(struct progress *p);

/* The texts, without control sequences but for colour. `columns`: how many there is room for. A
 * plain line is for known percents only. */
void progress_put_live(struct buf *b, const struct progress_view *v, size_t columns, bool color);
void progress_put_plain(struct buf *b, const struct progress_view *v);

#endif
