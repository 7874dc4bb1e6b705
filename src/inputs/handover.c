/* SPDX-License-Identifier: MIT */
/* handover.c - see handover.h. */
#include <pthread.h>
#include <stdio.h>

#include "base/sync.h"
#include "base/time_iso.h"
#include "inputs/handover.h"

#define STALL_MS     250    /* nothing comes */
#define HEADSTART_US 500000 /* and then: */
#define BYTES_PER_US 16

struct handover {
    const struct input_ops *ops;
    struct str name;
    input_reader *read_back;
    void *arg;
    atomic_bool *busy;
    int64_t from_us, from_bytes;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t told;
    int64_t bytes, wanted; /* that the thread waits for */
    bool complete, off, ended;
    void (*left)(void *arg, int rc); /* not NULL: the thread is alone */
    void *left_arg;
    int rc; /* read when the thread has ended */
};

bool handover_is_fast(int64_t bytes, int64_t us)
{
    return us <= HEADSTART_US + bytes / BYTES_PER_US;
}

static void handover_free(struct handover *h)
{
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->told);
    mem_free(h);
}

/* Waits until n bytes from `at` are there, or all are. */
static int wait_for(struct handover *h, int64_t end, struct err *err)
{
    pthread_mutex_lock(&h->lock);
    h->wanted = end;
    while (!h->off && !h->complete && h->bytes < end) {
        const int64_t before = h->bytes;
        const bool woken = sync_wait_ms(&h->told, &h->lock, STALL_MS);
        h->off = h->off || (!woken && h->bytes == before && !h->complete) ||
                 !handover_is_fast(h->bytes - h->from_bytes, time_monotonic_us() - h->from_us);
    }
    const bool off = h->off;
    pthread_mutex_unlock(&h->lock);
    return off ? err_set(err, ERR_IO, "the upload is not handed over while it arrives") : 0;
}

static int read_arriving(void *arg, int64_t at, void *out, size_t n, size_t *got, struct err *err)
{
    struct handover *h = arg;
    *got = 0;
    return wait_for(h, at + (int64_t)n, err) < 0 ? -1 : h->read_back(h->arg, at, out, n, got, err);
}

static void *put_main(void *arg)
{
    struct handover *h = arg;
    struct err ignored = { 0 }; /* it is put again, and fails again if it must */
    h->rc = h->ops->put(h->ops->ctx, h->name, read_arriving, h, &ignored);
    atomic_store(h->busy, false);
    pthread_mutex_lock(&h->lock);
    h->ended = true;
    const bool alone = h->left != NULL;
    pthread_mutex_unlock(&h->lock);
    if (alone) {
        h->left(h->left_arg, h->rc);
        handover_free(h);
    }
    return NULL;
}

struct handover *handover_begin(const struct input_ops *ops, struct str name,
                                input_reader *read_back, void *arg, int64_t bytes,
                                atomic_bool *busy)
{
    struct handover *h = mem_calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    *h = (struct handover){ .ops = ops,
                            .name = name,
                            .read_back = read_back,
                            .arg = arg,
                            .busy = busy,
                            .from_us = time_monotonic_us(),
                            .from_bytes = bytes,
                            .bytes = bytes };
    pthread_mutex_init(&h->lock, NULL);
    sync_cond_init(&h->told);
    if (pthread_create(&h->thread, NULL, put_main, h) != 0) {
        handover_free(h);
        return NULL;
    }
    pthread_setname_np(h->thread, "ls-handover");
    return h;
}

static void set(struct handover *h, int64_t bytes, bool complete)
{
    pthread_mutex_lock(&h->lock);
    h->bytes = bytes;
    h->complete = complete;
    if (complete || bytes >= h->wanted)
        pthread_cond_signal(&h->told);
    pthread_mutex_unlock(&h->lock);
}

void handover_tell(struct handover *h, int64_t bytes)
{
    set(h, bytes, false);
}

int handover_finish(struct handover *h, int64_t bytes)
{
    set(h, bytes, true);
    pthread_join(h->thread, NULL);
    const int rc = h->rc;
    handover_free(h);
    return rc;
}

void handover_leave(struct handover *h, void (*left)(void *arg, int rc), void *arg)
{
    pthread_mutex_lock(&h->lock);
    const bool ended = h->ended;
    h->off = true;
    if (!ended) {
        h->left = left;
        h->left_arg = arg;
        pthread_detach(h->thread);
        pthread_cond_signal(&h->told);
    }
    pthread_mutex_unlock(&h->lock);
    if (!ended)
        return;
    pthread_join(h->thread, NULL);
    left(arg, h->rc);
    handover_free(h);
}
