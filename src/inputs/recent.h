/* SPDX-License-Identifier: MIT */
/*
 * recent.h - files of the last uploads, beside a store that keeps inputs itself.
 *
 * Who has received an upload mostly works it off as well, soon: then it is read from here, where
 * the pages of the file still are in memory, and not from the store. The files have no name any
 * more: they are gone with the process, and with whoever has them open last.
 */
#ifndef INPUTS_RECENT_H
#define INPUTS_RECENT_H

#include <pthread.h>

#include "base/base.h"

#define RECENT_FILES 8
#define RECENT_LEAST ((int64_t)MIB) /* of a file: a smaller one is soon read from the store */
#define RECENT_BYTES ((int64_t)(512 * MIB)) /* of all files together */
#define RECENT_NAME  32

struct recent {
    pthread_mutex_t lock;
    struct recent_file {
        char name[RECENT_NAME]; /* "": none */
        int fd;
        int64_t bytes;
    } files[RECENT_FILES]; /* newest first */
};

void recent_init(struct recent *r);
void recent_release(struct recent *r);

/* Keeps a duplicate of the descriptor of a large file; the oldest go when it is too much. */
void recent_add(struct recent *r, const char *name, int fd, int64_t bytes);
/* A descriptor of one's own, or -1. */
int recent_open(struct recent *r, const char *name, int64_t *bytes);
/* Nobody will ask for it any more; fine when it is not there. */
void recent_drop(struct recent *r, const char *name);

#endif
