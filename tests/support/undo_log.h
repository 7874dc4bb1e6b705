/* SPDX-License-Identifier: MIT */
/*
 * undo_log.h - what a power cut would take away.
 *
 * While it records, every change to a file is noted, with what it takes to undo it, before it is
 * made; and every sync is noted after it has returned. A note is one append, so the log outlives
 * SIGKILL. When the process is dead, undo_apply() takes back what no sync had made durable: then
 * the files are as a disk that had lost its power would have them.
 *
 * The rules are POSIX's, which are harder than those of any one file system:
 *   - what was written to a file is durable when an fsync of that file began after it;
 *   - an entry of a directory (a file that was made, renamed, removed) when one of the directory
 *     did.
 */
#ifndef TESTS_SUPPORT_UNDO_LOG_H
#define TESTS_SUPPORT_UNDO_LOG_H

#include "base/base.h"

/* A file that is about to be changed; it is read through the caller's own handle, as closing
 * another one would drop SQLite's locks. */
struct undo_file {
    const char *path;
    int64_t size;
    void *handle;
    /* Reads exactly n bytes; false: it cannot. */
    bool (*read)(void *handle, void *out, size_t n, int64_t at);
};

void undo_start(const char *log_path); /* before threads run; the log must not be there yet */
bool undo_is_on(void);

/* Around a note and the change it is about, so that no sync gets between the two. Cheap when off.
 */
void undo_lock(void);
void undo_unlock(void);

/* With the lock held, before the change. */
void undo_note_write(const struct undo_file *f, int64_t at, size_t n);
void undo_note_truncate(const struct undo_file *f, int64_t size);
void undo_note_create(const char *path); /* of a file or a directory */
void undo_note_rename(const char *from, const char *to);
void undo_note_remove(const char *path); /* keeps the file under another name */

/* A sync: `begun` before it, one of the others after it. `begun` takes the lock itself. */
int64_t undo_sync_begun(void);
void undo_note_synced(const char *path, int64_t begun);
void undo_note_dir_synced(const char *dir, int64_t begun);

/*
 * Undoes what was not synced, and removes the log. seed 0: all of it. Any other seed: some of it,
 * as a disk with a cache does: of the writes any subset, in sectors; of the entries of directories
 * all up to some moment. Returns 0, or 1 after a message to stderr.
 */
int undo_apply(const char *log_path, uint64_t seed);

#endif
