/* SPDX-License-Identifier: MIT */
/* offload.c - see offload.h. */
#include <pthread.h>

#include "base/mem.h"
#include "http/offload.h"

#define OFFLOAD_THREADS_MAX 8

struct offload {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct offload_job *first; /* under lock */
    struct offload_job **end;  /* where the next one is linked */
    bool stopping;
    pthread_t threads[OFFLOAD_THREADS_MAX];
    size_t n_threads;
};

/* The next job; NULL when there is none and the threads shall end. */
static struct offload_job *take(struct offload *o)
{
    pthread_mutex_lock(&o->lock);
    while (o->first == NULL && !o->stopping)
        pthread_cond_wait(&o->wake, &o->lock);
    struct offload_job *job = o->first;
    if (job != NULL) {
        o->first = job->next;
        if (o->first == NULL)
            o->end = &o->first;
    }
    pthread_mutex_unlock(&o->lock);
    return job;
}

static void *work(void *arg)
{
    struct offload *o = arg;
    for (struct offload_job *job = take(o); job != NULL; job = take(o))
        job->run(job->arg);
    return NULL;
}

int offload_start(size_t n_threads, struct offload **out, struct err *err)
{
    struct offload *o = mem_calloc(1, sizeof(*o));
    if (o == NULL)
        return err_nomem(err);
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->wake, NULL);
    o->end = &o->first;
    while (o->n_threads < n_threads && o->n_threads < OFFLOAD_THREADS_MAX) {
        if (pthread_create(&o->threads[o->n_threads], NULL, work, o) != 0) {
            offload_stop(o);
            return err_set(err, ERR_NOMEM, "cannot start an offload thread");
        }
        o->n_threads++;
    }
    *out = o;
    return 0;
}

void offload_run(struct offload *o, struct offload_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&o->lock);
    *o->end = job;
    o->end = &job->next;
    pthread_cond_signal(&o->wake);
    pthread_mutex_unlock(&o->lock);
}

void offload_stop(struct offload *o)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->lock);
    o->stopping = true;
    pthread_cond_broadcast(&o->wake);
    pthread_mutex_unlock(&o->lock);
    for (size_t i = 0; i < o->n_threads; i++)
        pthread_join(o->threads[i], NULL);
    pthread_cond_destroy(&o->wake);
    pthread_mutex_destroy(&o->lock);
    mem_free(o);
}
