/* SPDX-License-Identifier: MIT */
/* places.c - see places.h. */
#include "api/places.h"

#include "base/time_iso.h"

#define WAIT_US ((int64_t)10 * 1000 * 1000)
#define POLL_MS 50

static int start_or_wait(struct request *rq, struct response *rs, struct err *err)
{
    const struct place_wait *w = rq->state;
    if (atomic_fetch_add(w->running, 1) < w->most) {
        rq->state = w->state;
        return w->start(rq, rs, err);
    }
    atomic_fetch_sub(w->running, 1);
    if (time_monotonic_us() >= w->until_us || request_is_draining(rq))
        return err_set(err, ERR_BUSY, "%s", w->busy);
    rq->finish = start_or_wait;
    request_sleep(rq, POLL_MS);
    return HTTP_LATER;
}

int place_take(struct request *rq, struct response *rs, struct place_wait *w, struct err *err)
{
    w->until_us = time_monotonic_us() + WAIT_US;
    rq->state = w;
    return start_or_wait(rq, rs, err);
}
