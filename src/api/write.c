/* SPDX-License-Identifier: MIT */
/*
 * write.c - a write that somebody waits for: into the store's transaction, then the answer.
 *
 * The request is suspended meanwhile. When the client leaves, the write is done all the same.
 */
#include "api/api_priv.h"

/* Lives in the request's arena. */
struct write {
    struct request *rq;
    request_handler *answer;
    void *arg;
    struct store_work work;
    int (*run)(struct store_tx *tx, void *arg, struct err *err);
    int rc;
    struct err err;
};

static int run_write(struct store_tx *tx, void *arg, struct err *err)
{
    struct write *w = arg;
    return w->run(tx, w->arg, err);
}

/* In a thread of the store. */
static void write_done(void *arg, int rc, const struct err *err)
{
    struct write *w = arg;
    w->rc = rc;
    if (rc < 0)
        w->err = *err;
    request_resume(w->rq);
}

static int answer_write(struct request *rq, struct response *rs, struct err *err)
{
    const struct write *w = rq->state;
    if (w->rc < 0) {
        *err = w->err;
        return -1;
    }
    rq->state = w->arg;
    return w->answer(rq, rs, err);
}

static int submit(struct request *rq, int (*run)(struct store_tx *tx, void *arg, struct err *err),
                  void *arg, request_handler *answer, bool interactive, struct err *err)
{
    struct write *w = arena_calloc(&rq->arena, sizeof(*w));
    if (w == NULL)
        return err_nomem(err);
    w->rq = rq;
    w->run = run;
    w->arg = arg;
    w->answer = answer;
    w->work = (struct store_work){
        .run = run_write, .done = write_done, .arg = w, .interactive = interactive
    };
    rq->state = w;
    rq->finish = answer_write;
    request_suspend(rq);
    store_submit(api_of(rq)->store, &w->work);
    return HTTP_LATER;
}

int api_write(struct request *rq, int (*run)(struct store_tx *tx, void *arg, struct err *err),
              void *arg, request_handler *answer, struct err *err)
{
    return submit(rq, run, arg, answer, true, err);
}

int api_write_order(struct request *rq, int (*run)(struct store_tx *tx, void *arg, struct err *err),
                    void *arg, request_handler *answer, struct err *err)
{
    return submit(rq, run, arg, answer, false, err);
}
