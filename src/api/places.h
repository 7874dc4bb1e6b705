/* SPDX-License-Identifier: MIT */
/*
 * places.h - so many of a kind at a time: a request waits for a place, without a thread.
 */
#ifndef API_PLACES_H
#define API_PLACES_H

#include <stdatomic.h>

#include "http/request.h"

/* Lives in the request's arena. */
struct place_wait {
    atomic_int *running; /* how many have a place */
    int most;
    const char *busy;       /* text of the ERR_BUSY after some seconds of waiting */
    request_handler *start; /* has a place, and gives it back by lowering *running */
    void *state;            /* rq->state of start */
    int64_t until_us;       /* set by place_take */
};

/* Calls w->start when there is a place, now or later. A handler returns what this returns. */
int place_take(struct request *rq, struct response *rs, struct place_wait *w,
               struct err *err) MUST_CHECK;

#endif
