/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - POST /v1/async-actions/{id}/cancel: an action that has not ended ends now.
 *
 * It is one unit of work between two slices: what is in stays in, the counts are exact, and whoever
 * runs the action finds its lease gone. Only then does the engine hear of it, which drops what it
 * has prepared. To cancel twice is to cancel once.
 */
#include "api/api_priv.h"
#include "base/time_iso.h"

/* Lives in the request's arena. */
struct cancel {
    struct request *rq;
    int64_t seq;
    struct action action; /* as it is afterwards */
    struct store_work work;
    int rc;
    struct err err;
};

/* By this request or an earlier one. */
static bool is_cancelled(const struct action *ac)
{
    return ac->status == ACTION_FAILED && str_starts_with(ac->message, STR(CANCELLED_MESSAGE));
}

/* In the store's transaction; maybe more than once. */
static int cancel_action(struct store_tx *tx, void *arg, struct err *err)
{
    struct cancel *c = arg;
    return store_tx_action_cancel(tx, c->rq->project->id, c->seq, time_now_ms(), &c->rq->arena,
                                  &c->action, err);
}

/* In a thread of the store, after the commit. */
static void action_cancelled(void *arg, int rc, const struct err *err)
{
    struct cancel *c = arg;
    struct request *rq = c->rq;
    c->rc = rc;
    if (rc < 0)
        c->err = *err;
    else if (is_cancelled(&c->action))
        engine_ended(api_of(rq)->engine, &c->action);
    request_resume(rq);
}

static int answer_cancel(struct request *rq, struct response *rs, struct err *err)
{
    const struct cancel *c = rq->state;
    if (c->rc < 0) {
        *err = c->err;
        return err->code == ERR_NOT_FOUND ? reply_not_found(rq, "async_action", rq->args[0], err)
                                          : err_wrap(err, "cannot cancel an action");
    }
    if (is_cancelled(&c->action))
        return api_reply_action(rq, rs, &c->action, err);
    return err_set(err, ERR_CONFLICT, "Async action with id %.*s has ended already with status %s",
                   STR_FMT(rq->args[0]), action_status_name(c->action.status));
}

int api_async_actions_cancel(struct request *rq, struct response *rs, struct err *err)
{
    struct cancel *c = arena_calloc(&rq->arena, sizeof(*c));
    struct action *ac = NULL;
    (void)rs;
    if (c == NULL)
        return err_nomem(err);
    if (api_get_action(rq, &rq->arena, rq->args[0], &ac, err) < 0)
        return -1;
    c->rq = rq;
    c->seq = ac->seq;
    c->work = (struct store_work){ .run = cancel_action, .done = action_cancelled, .arg = c };
    rq->state = c;
    rq->finish = answer_cancel;
    request_suspend(rq);
    store_submit(api_of(rq)->store, &c->work);
    return HTTP_LATER;
}
