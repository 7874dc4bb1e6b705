/* SPDX-License-Identifier: MIT */
/*
 * offload.h - a few threads for what may block: fsync, and reading large pieces of an input.
 *
 * First come, first served. The queue needs no ceiling of its own: a request has at most one job,
 * and connections are limited.
 */
#ifndef HTTP_OFFLOAD_H
#define HTTP_OFFLOAD_H

#include "base/err.h"

struct offload;

struct offload_job {
    void (*run)(void *arg);
    void *arg;
    struct offload_job *next; /* of the queue */
};

int offload_start(size_t n_threads, struct offload **out, struct err *err) MUST_CHECK;

/* The job stays the caller's, who keeps it valid until run() begins. */
void offload_run(struct offload *o, struct offload_job *job);

/* Runs what is queued, then ends the threads. NULL is fine. */
void offload_stop(struct offload *o);

#endif
