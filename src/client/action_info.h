/* SPDX-License-Identifier: MIT */
/*
 * action_info.h - an Async Action as a client reads it: from the API's JSON to a struct, and from
 * there to text for people and an exit status.
 *
 * All 22 types are read alike: their results list what has failed as `failed` (row, key, reason) or
 * as `errors` (key, details). What an answer lacks is marked as not said, never guessed.
 */
#ifndef CLIENT_ACTION_INFO_H
#define CLIENT_ACTION_INFO_H

#include <stdio.h>

#include "base/json.h"

#define FAILURES_SHOWN 10

/* Texts point into the JSON they were read from; {NULL,0}: not said. Numbers: -1. */
struct action_info {
    struct str id, type, status, operation_status, created_at, updated_at, message;
    int64_t progress; /* percent */
    int64_t processing_ms;
    int64_t done, failed;        /* rows */
    const struct json *failures; /* the first of them, in the order of the API; NULL: none */
    bool dry_run;
};

/* One of the server-sent events. */
struct action_event {
    struct str status;
    int64_t progress, rows, rows_per_second, seconds_left; /* -1: not said */
};

/* -1, ERR_INVALID_JSON: this is no async action. */
int action_info_read(struct arena *a, struct str json, struct action_info *out,
                     struct err *err) MUST_CHECK;
int action_info_of(const struct json *v, struct action_info *out, struct err *err) MUST_CHECK;
int action_event_read(struct arena *a, struct str json, struct action_event *out,
                      struct err *err) MUST_CHECK;

bool action_info_has_ended(const struct action_info *ac);

/* Of an action that has ended: 0 all rows are fine, 1 some have failed, 2 it FAILED. */
int action_info_exit_status(const struct action_info *ac);

/* How it ended: message, counts, the first FAILURES_SHOWN failures, and where to find the rest. */
void action_info_put_end(struct buf *b, const struct action_info *ac);

/* All that is known of it, a line each, and then how it ended. */
void action_info_put_all(struct buf *b, const struct action_info *ac);

/* A table of the actions v[0..n), a line each. */
void action_info_put_table(struct buf *b, const struct action_info *v, size_t n);

#endif
