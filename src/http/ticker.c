/* SPDX-License-Identifier: MIT */
/* ticker.c - see ticker.h. */
#include <pthread.h>

#include "base/mem.h"
#include "base/time_iso.h"
#include "http/ticker.h"

struct ticker {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct ticker_entry *sleepers; /* under lock, in no order: a walk over 1,024 is nothing */
    bool hurrying;
    bool stopping;
    pthread_t thread;
};

/* Unlinks what is due; *next_us: when the next one is (INT64_MAX: none). */
static struct ticker_entry *take_due(struct ticker *t, int64_t now_us, int64_t *next_us)
{
    struct ticker_entry *due = NULL;
    struct ticker_entry **at = &t->sleepers;
    *next_us = INT64_MAX;
    while (*at != NULL) {
        struct ticker_entry *e = *at;
        if (t->hurrying || e->due_us <= now_us) {
            *at = e->next;
            e->next = due;
            due = e;
        } else {
            *next_us = e->due_us < *next_us ? e->due_us : *next_us;
            at = &e->next;
        }
    }
    return due;
}

static void wake_all(struct ticker_entry *e)
{
    while (e != NULL) {
        struct ticker_entry *next = e->next;
        e->wake(e->arg);
        e = next;
    }
}

static void wait_until(struct ticker *t, int64_t us)
{
    if (us == INT64_MAX) {
        pthread_cond_wait(&t->wake, &t->lock);
        return;
    }
    const struct timespec at = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    pthread_cond_timedwait(&t->wake, &t->lock, &at);
}

static void *tick(void *arg)
{
    struct ticker *t = arg;
    pthread_mutex_lock(&t->lock);
    while (!t->stopping || t->sleepers != NULL) {
        int64_t next_us;
        struct ticker_entry *due = take_due(t, time_monotonic_us(), &next_us);
        if (due == NULL) {
            wait_until(t, next_us);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        wake_all(due);
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

int ticker_start(struct ticker **out, struct err *err)
{
    struct ticker *t = mem_calloc(1, sizeof(*t));
    pthread_condattr_t monotonic;
    if (t == NULL)
        return err_nomem(err);
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&t->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&t->thread, NULL, tick, t) != 0) {
        mem_free(t);
        return err_set(err, ERR_NOMEM, "cannot start the ticker's thread");
    }
    *out = t;
    return 0;
}

void ticker_add(struct ticker *t, struct ticker_entry *e)
{
    pthread_mutex_lock(&t->lock);
    e->next = t->sleepers;
    t->sleepers = e;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void ticker_hurry(struct ticker *t)
{
    pthread_mutex_lock(&t->lock);
    t->hurrying = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void ticker_stop(struct ticker *t)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    t->hurrying = true;
    t->stopping = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}
