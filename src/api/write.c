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
    bool of_schemas;
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
    if (w->of_schemas)
        schema_cache_forget(&api_of(w->rq)->schemas);
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

/* NULL: out of memory. */
static struct write *write_new(struct request *rq,
                               int (*run)(struct store_tx *tx, void *arg, struct err *err),
                               void *arg, request_handler *answer, struct err *err)
{
    struct write *w = arena_calloc(&rq->arena, sizeof(*w));
    if (w == NULL) {
        err_nomem(err);
        return NULL;
    }
    w->rq = rq;
    w->run = run;
    w->arg = arg;
    w->answer = answer;
    w->work =
        (struct store_work){ .run = run_write, .done = write_done, .arg = w, .interactive = true };
    return w;
}

static int submit(struct write *w)
{
    struct request *rq = w->rq;
    rq->state = w;
    rq->finish = answer_write;
    request_suspend(rq);
    store_submit(api_of(rq)->store, &w->work);
    return HTTP_LATER;
}

int api_write(struct request *rq, int (*run)(struct store_tx *tx, void *arg, struct err *err),
              void *arg, request_handler *answer, struct err *err)
{
    struct write *w = write_new(rq, run, arg, answer, err);
    return w != NULL ? submit(w) : -1;
}

int api_write_order(struct request *rq, int (*run)(struct store_tx *tx, void *arg, struct err *err),
                    void *arg, request_handler *answer, struct err *err)
{
    struct write *w = write_new(rq, run, arg, answer, err);
    if (w == NULL)
        return -1;
    w->work.interactive = false;
    return submit(w);
}

int api_write_schemas(struct request *rq,
                      int (*run)(struct store_tx *tx, void *arg, struct err *err), void *arg,
                      request_handler *answer, struct err *err)
{
    struct write *w = write_new(rq, run, arg, answer, err);
    if (w == NULL)
        return -1;
    w->of_schemas = true;
    return submit(w);
}
