/* SPDX-License-Identifier: MIT */
/* slow_list.c - see slow_list.h. */
#include "api/slow_list.h"

#include "api/api_priv.h"

#define SLOW_LISTS_MAX 2 /* at once: uploads need offload threads too */

static void run_slow(void *arg)
{
    struct slow_list *l = arg;
    struct api *api = api_of(l->rq);
    l->rc = l->read(l, &l->err);
    atomic_fetch_sub(&api->lists_running, 1);
    request_resume(l->rq);
}

static int answer_slow(struct request *rq, struct response *rs, struct err *err)
{
    struct slow_list *l = rq->state;
    if (l->rc == 0)
        return l->reply(l, rs, err);
    *err = l->err;
    return -1;
}

/* Has a place. */
static int start_slow(struct request *rq, struct response *rs, struct err *err)
{
    struct slow_list *l = rq->state;
    (void)rs;
    (void)err;
    rq->finish = answer_slow;
    request_offload(rq, &l->job);
    return HTTP_LATER;
}

int slow_list_run(struct slow_list *l, struct response *rs, bool slow, struct err *err)
{
    if (!slow)
        return l->read(l, err) < 0 ? -1 : l->reply(l, rs, err);
    l->job = (struct offload_job){ .run = run_slow, .arg = l };
    l->place = (struct place_wait){ .running = &api_of(l->rq)->lists_running,
                                    .most = SLOW_LISTS_MAX,
                                    .busy = "too many lists with filters are being made",
                                    .start = start_slow,
                                    .state = l };
    return place_take(l->rq, rs, &l->place, err);
}
