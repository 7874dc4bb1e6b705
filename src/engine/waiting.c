/* SPDX-License-Identifier: MIT */
/* waiting.c - queues of actions, and the few of them that are in memory as runs. */
#include "engine/engine_priv.h"

/* ---- runs ---- */

void run_free(struct run *run)
{
    input_close(run->in);
    arena_release(&run->arena);
    mem_free(run);
}

struct run *run_new(const struct action *ac, struct err *err)
{
    struct run *run = mem_calloc(1, sizeof(*run));
    if (run == NULL) {
        err_nomem(err);
        return NULL;
    }
    arena_init(&run->arena, 4 * KIB, 0);
    run->ac = *ac;
    run->kind = action_kind_find(ac->kind);
    struct str *texts[] = { &run->ac.request_id, &run->ac.input, &run->ac.params, &run->ac.data };
    if (!arena_keep(&run->arena, texts, ARRAY_LEN(texts))) {
        err_nomem(err);
        run_free(run);
        return NULL;
    }
    run->ac.message = (struct str){ 0 };
    return run;
}

struct run *run_find(struct engine *e, int64_t seq)
{
    for (struct queue *q = e->queues; q != NULL; q = q->next) {
        for (struct run *run = q->runs; run != NULL; run = run->next) {
            if (run->ac.seq == seq)
                return run;
        }
    }
    return NULL;
}

/* ---- queues ---- */

struct queue *queue_get(struct engine *e, const struct queue_id *id, struct err *err)
{
    struct queue **link = &e->queues;
    for (; *link != NULL; link = &(*link)->next) {
        const struct queue_id *have = &(*link)->id;
        if (have->project_id == id->project_id && have->queue == id->queue &&
            have->discipline == id->discipline)
            return *link;
    }
    struct queue *q = mem_calloc(1, sizeof(*q));
    if (q == NULL) {
        err_nomem(err);
        return NULL;
    }
    q->id = *id;
    if (schedule_admit_queue(e, q, err) < 0) {
        mem_free(q);
        return NULL;
    }
    *link = q;
    return q;
}

void queue_append(struct engine *e, struct queue *q, struct run *run)
{
    struct run **link = &q->runs;
    schedule_admit_run(e, run);
    while (*link != NULL)
        link = &(*link)->next;
    *link = run;
    run->queue = q;
    q->n_runs++;
}

void queue_unblock(struct engine *e, int64_t project_id, enum action_queue queue)
{
    for (struct queue *q = e->queues; q != NULL; q = q->next) {
        if (q->id.project_id == project_id && q->id.queue == queue)
            q->blocked = false;
    }
}

void queue_remove(struct engine *e, struct run *run)
{
    struct queue *q = run->queue;
    for (struct run **link = &q->runs; *link != NULL; link = &(*link)->next) {
        if (*link == run) {
            *link = run->next;
            break;
        }
    }
    q->n_runs--;
    queue_unblock(e, q->id.project_id, q->id.queue);
    run_free(run);
}

/* ---- from the store ---- */

static size_t runs_wanted(const struct queue *q)
{
    return q->id.discipline == DISCIPLINE_SINGLE ? 1 : QUEUE_RUNS_MAX - q->n_runs;
}

/* Takes the actions up, in order, until one cannot be. */
static int take_up(struct engine *e, struct queue *q, const struct action *actions, size_t n,
                   struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        /* a type that this program does not know waits for one that does */
        struct run *run = NULL;
        if (action_kind_find(actions[i].kind) != NULL) {
            run = run_new(&actions[i], err);
            if (run == NULL)
                return -1;
        }
        pthread_mutex_lock(&e->lock);
        if (run != NULL)
            queue_append(e, q, run);
        q->last_seq = actions[i].seq;
        pthread_mutex_unlock(&e->lock);
    }
    return 0;
}

int queue_refill(struct engine *e, struct queue *q, struct err *err)
{
    struct arena a;
    struct action *actions = NULL;
    size_t n = 0;
    pthread_mutex_lock(&e->lock);
    const size_t wanted = runs_wanted(q);
    q->more = false; /* what comes from here on says so again */
    pthread_mutex_unlock(&e->lock);
    arena_init(&a, 64 * KIB, 0);
    int rc =
        store_list_queue(e->store, &a, &q->id, q->last_seq, wanted, BATCH_BYTES, &actions, &n, err);
    if (rc == 0)
        rc = take_up(e, q, actions, n, err);
    pthread_mutex_lock(&e->lock);
    q->more = q->more || rc < 0 || n > 0; /* until a look finds nothing */
    pthread_mutex_unlock(&e->lock);
    arena_release(&a);
    return rc;
}

int queues_load(struct engine *e, struct err *err)
{
    struct arena a;
    struct queue_id *ids = NULL;
    size_t n = 0;
    arena_init(&a, 4 * KIB, 0);
    pthread_mutex_lock(&e->lock);
    e->reload = false; /* what cannot be remembered from here on is asked for again */
    pthread_mutex_unlock(&e->lock);
    int rc = store_list_queues(e->store, &a, &ids, &n, err);
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct queue *q = queue_get(e, &ids[i], err);
        if (q == NULL)
            rc = -1;
        else
            q->more = true;
    }
    e->reload = e->reload || rc < 0;
    pthread_mutex_unlock(&e->lock);
    arena_release(&a);
    return rc;
}
