/* SPDX-License-Identifier: MIT */
/*
 * target.h - where a file from the server goes: standard output, or FILE.part that becomes FILE
 * when all of it is there.
 *
 * What is created is for its owner alone, see the umask in main(): such files hold codes, and
 * customers.
 */
#ifndef COMMANDS_TARGET_H
#define COMMANDS_TARGET_H

#include "base/err.h"

#define TARGET_PATH_BYTES 4096

struct target {
    const char *path; /* NULL: standard output */
    char part[TARGET_PATH_BYTES];
    bool in_place; /* a device or a pipe: not to be replaced by a file */
    int fd;        /* -1: not open */
};

/* path: kept; NULL: standard output. */
int target_open(struct target *t, const char *path, struct err *err) MUST_CHECK;
int target_write(void *arg, const char *p, size_t n, struct err *err); /* a call_sink */

/* One of them ends it: all of it is written, or it is not (also when finishing has failed). */
int target_finish(struct target *t, struct err *err) MUST_CHECK;
void target_abandon(struct target *t);

#endif
