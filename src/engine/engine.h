/* SPDX-License-Identifier: MIT */
/*
 * engine.h - runs actions: queue, scheduler, chunks, checkpoints, progress.
 *
 * Two threads. The preparer picks an action, reads the next chunk of its input, maps and sorts it;
 * the committer puts the chunk before it into the store, slice by slice. They meet in two chunk
 * slots, so reading and mapping run while the store writes, and memory is two chunks, whatever the
 * input.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "actions/registry.h"
#include "inputs/spool.h"
#include "store/store.h"

struct engine;

struct engine_config {
    size_t chunk_bytes; /* input bytes of a chunk; 0: 8 MiB */
    size_t chunk_rows;  /* 0: no limit but the bytes */
    int64_t retry_ms; /* first pause after trouble, later ones are up to 20 times as long; 0: 100 */
};

/* Takes up all unfinished actions of the store and starts the threads. The store and spool outlive
 * it. */
int engine_start(struct store *store, struct spool *spool, const struct engine_config *config,
                 struct engine **out, struct err *err) MUST_CHECK;

/* Inputs go into the store from now on, when that keeps them itself. engine_start() does it. */
void engine_keep_inputs(struct store *store, struct spool *spool);

/* Stops at the next slice boundary; returns when the current slice has committed. NULL is fine. */
void engine_stop(struct engine *e);

/* Tells the engine of an action that has just been committed. Never blocks: the engine remembers
 * only that its queue has something, and reads it from the store when its turn comes. */
void engine_add(struct engine *e, const struct action *ac);

/* Tells the engine of an action that has been ended from outside (store_tx_action_cancel): what is
 * prepared of it is dropped, and who waited for it goes on. Without this it notices later. */
void engine_ended(struct engine *e, const struct action *ac);

/* How a running action moves, for live views. */
struct engine_progress {
    int64_t rows_done;
    int64_t rows_per_second;
    int64_t seconds_left;  /* -1: not known yet */
    int progress;          /* percent */
    bool waiting_for_disk; /* the disk is full; it goes on when there is room */
};

/* False when the action is not being run now. */
bool engine_progress_find(struct engine *e, int64_t seq, struct engine_progress *out);

#endif
