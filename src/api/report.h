/* SPDX-License-Identifier: MIT */
/*
 * report.h - a report as the answer to a request: a line for each row of an action.
 *
 * What the lines look like is the caller's. Reports wait for each other: a few are sent at a time,
 * since each holds a window of its input in memory.
 */
#ifndef API_REPORT_H
#define API_REPORT_H

#include "api/report_rows.h"

struct report_layout {
    void (*put_head)(struct buf *b, const char *key_name);
    void (*put_row)(struct buf *b, const struct report_row *row);
};

/* All of it lives as long as the request. */
struct report_order {
    const struct action *action;
    const struct report_layout *layout;
    int64_t first, end;    /* rows, from 0; `end`: the first that is not wanted */
    const char *file_name; /* under which a browser saves it */
};

/* Answers with the report, perhaps later: a handler returns what this returns. ERR_NOT_FOUND: see
 * rows_open(); ERR_BUSY when no place has become free. */
int report_send(struct request *rq, struct response *rs, const struct report_order *order,
                struct err *err) MUST_CHECK;

#endif
