/* SPDX-License-Identifier: MIT */
/*
 * ticker.h - wakes what sleeps: one thread for all event streams and waiting requests.
 */
#ifndef HTTP_TICKER_H
#define HTTP_TICKER_H

#include "base/err.h"

struct ticker;

/* Embedded in what sleeps; linked by the ticker. */
struct ticker_entry {
    int64_t due_us;          /* on the monotonic clock */
    void (*wake)(void *arg); /* in the ticker's thread, once; the entry may be gone afterwards */
    void *arg;
    struct ticker_entry *next;
};

int ticker_start(struct ticker **out, struct err *err) MUST_CHECK;
void ticker_add(struct ticker *t, struct ticker_entry *e);

/* From now on every entry, old or new, is due at once. */
void ticker_hurry(struct ticker *t);

/* Wakes everybody and ends the thread. NULL is fine. */
void ticker_stop(struct ticker *t);

#endif
