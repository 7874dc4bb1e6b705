/* SPDX-License-Identifier: MIT */
/* sync.h - waiting for a condition for so long, by a clock that nobody sets back. */
#ifndef BASE_SYNC_H
#define BASE_SYNC_H

#include <pthread.h>

#include "base/base.h"

/* A condition for sync_wait_ms(); destroyed with pthread_cond_destroy. */
void sync_cond_init(pthread_cond_t *cond);

/* Waits at most so long; false when the time is over. With the lock held; may wake up early. */
bool sync_wait_ms(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t ms);

#endif
