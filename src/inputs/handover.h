/* SPDX-License-Identifier: MIT */
/*
 * handover.h - gives an upload to a store that keeps inputs, while it arrives.
 *
 * The store's put() reads the upload in a thread of its own, and waits for what has not come yet.
 * So little is left to do when the last byte is there. It holds a connection and a transaction of
 * the store meanwhile, hardly longer than it would afterwards: the upload of a sender that is slow,
 * or stalls, is given up, and put when it is complete.
 */
#ifndef INPUTS_HANDOVER_H
#define INPUTS_HANDOVER_H

#include <stdatomic.h>

#include "inputs/spool.h"

struct handover;

/* Whether so many bytes in so many us are fast enough. */
bool handover_is_fast(int64_t bytes, int64_t us);

/* Puts what `read_back` gives of `arg`; so many bytes are there. *busy becomes false when the store
 * is done with it. NULL: it cannot be begun. */
struct handover *handover_begin(const struct input_ops *ops, struct str name,
                                input_reader *read_back, void *arg, int64_t bytes,
                                atomic_bool *busy);
/* More bytes are there. */
void handover_tell(struct handover *h, int64_t bytes);
/* These are all: waits until they are durable; frees it. -1: it has come to nothing. */
int handover_finish(struct handover *h, int64_t bytes);
/* The upload is broken off. Waits for nobody: `left` is called when it has come to its end, with 0
 * when the store has something of it, mostly in the thread of the handover; then it is freed. */
void handover_leave(struct handover *h, void (*left)(void *arg, int rc), void *arg);

#endif
