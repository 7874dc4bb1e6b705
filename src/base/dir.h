/* SPDX-License-Identifier: MIT */
/*
 * dir.h - entries of directories. A file or directory that was made is there after a power cut only
 * when the directory that holds it has been synced too.
 */
#ifndef BASE_DIR_H
#define BASE_DIR_H

#include "base/err.h"

/* Makes the directory (mode 0700) when it is missing, and its own entry durable. ERR_IO,
 * ERR_DISK_FULL. */
int dir_make(const char *path, struct err *err) MUST_CHECK;

/* Makes the entry of this file or directory durable, by an fsync of the directory it is in. */
int dir_sync_of(const char *path, struct err *err) MUST_CHECK;

#endif
