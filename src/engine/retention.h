/* SPDX-License-Identifier: MIT */
/*
 * retention.h - a thread that removes what has had its time.
 *
 * Inputs, outcomes and further failures go some time after the end of their action; remains of dry
 * runs, old idempotency keys, expired tokens and the rows of deleted projects at once. It looks
 * when it is started and then once per interval, and removes in portions with a pause behind each,
 * so that whoever writes beside it waits for one portion at most.
 */
#ifndef ENGINE_RETENTION_H
#define ENGINE_RETENTION_H

#include "inputs/spool.h"
#include "store/store.h"

struct retention;

struct retention_config {
    int64_t keep_ms;     /* inputs and reports live so long after the end of their action */
    int64_t interval_ms; /* between two looks; 0: RETENTION_INTERVAL_MS */
    size_t portion_rows; /* removed in one unit of work; 0: RETENTION_PORTION_ROWS */
};

#define RETENTION_INTERVAL_MS  60000
#define RETENTION_PORTION_ROWS 500

/* Store and spool are the caller's and outlive the thread. */
int retention_start(struct store *store, struct spool *spool, const struct retention_config *config,
                    struct retention **out, struct err *err) MUST_CHECK;

/* Waits for the end of the current portion. NULL is fine. */
void retention_stop(struct retention *r);

#endif
