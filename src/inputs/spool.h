/* SPDX-License-Identifier: MIT */
/*
 * spool.h - uploaded bytes on disk, never whole in memory.
 *
 * An upload is written to `NAME.part`; upload_finish() makes it an input. The order is what makes a
 * 202 durable: (1) write, (2) fsync the file, (3) rename to `NAME.in`, (4) fsync the directory,
 * (5) commit the action that names it, (6) answer. A file without an action is nobody's:
 * spool_sweep() removes it at start.
 *
 * The spool writes through struct io_ops, so that a test can lose what was not synced, or be full.
 */
#ifndef INPUTS_SPOOL_H
#define INPUTS_SPOOL_H

#include <sys/types.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#define SPOOL_NAME_LEN 24 /* random base62 */

struct spool;
struct upload;
struct input;

/* The system calls that decide about durability; tests put their own in front. */
struct io_ops {
    ssize_t (*write)(int fd, const void *data, size_t n, const char *path);
    int (*fsync)(int fd, const char *path);
    int (*rename)(const char *from, const char *to);
    int (*fsync_dir)(int fd, const char *path);
    int (*unlink)(const char *path);
};
extern const struct io_ops *io_ops; /* the real ones; set before threads run */

/* Gives up to n bytes from `at`; *got < n only at the end. */
typedef int input_reader(void *arg, int64_t at, void *out, size_t n, size_t *got, struct err *err);

/* Where finished inputs live, when that is not the spool's directory: a store that many processes
 * share. put() makes the input durable; read_back() gives the bytes of the upload. */
struct input_ops {
    int (*put)(void *ctx, struct str name, input_reader *read_back, void *arg, struct err *err);
    int (*find)(void *ctx, struct str name, bool *found, struct err *err);
    int (*read)(void *ctx, struct str name, int64_t at, void *out, size_t n, size_t *got,
                struct err *err);
    int (*remove)(void *ctx, struct str name, struct err *err);
    void *ctx;
};

/* Opens (and makes, mode 0700) the directory. */
int spool_open(const char *dir, struct spool **out, struct err *err) MUST_CHECK;
void spool_close(struct spool *s);

/* From now on finished inputs live there, and the directory holds uploads on their way only. */
void spool_keep_in(struct spool *s, const struct input_ops *ops);

/*
 * Makes the spool this owner's for as long as it is open; the owner (of ID_HASH_BYTES) is written
 * down in it the first time. ERR_BUSY: another process uses it, or it belongs to another store. Who
 * sweeps must own.
 */
int spool_claim(struct spool *s, const unsigned char *owner, struct err *err) MUST_CHECK;

/* The same for a directory that may have been `before`'s, who has handed it on. */
int spool_take_over(struct spool *s, const unsigned char *owner, const unsigned char *before,
                    struct err *err) MUST_CHECK;

/* Removes every file that is not the input of one of the n actions named; returns how many. The
 * names are sorted by byte. */
size_t spool_sweep(struct spool *s, const struct str *names, size_t n);

/* Bytes of all files in the spool right now; for tests and metrics. */
int64_t spool_bytes(struct spool *s);

/* Starts a file. The upload belongs to the caller until finish or abort. */
int upload_begin(struct spool *s, struct upload **out, struct err *err) MUST_CHECK;
int upload_write(struct upload *u, const void *data, size_t n, struct err *err) MUST_CHECK;
int64_t upload_bytes(const struct upload *u);

/* Reads back from the part written so far (for the header check). */
int upload_read(struct upload *u, int64_t at, void *out, size_t n, size_t *got,
                struct err *err) MUST_CHECK;

/* Steps 2 to 4 above; then the input is named by upload_name(). Blocks for as long as the disk
 * takes. */
int upload_finish(struct upload *u, struct err *err) MUST_CHECK;
struct str upload_name(const struct upload *u); /* valid while the upload is */

/* Frees the struct, keeps the finished input. */
void upload_close(struct upload *u);
/* Removes the file, finished or not, and frees the struct. NULL is fine. */
void upload_abort(struct upload *u);

/* Makes an input of this name of what `read` gives, durably, whatever is
 * left of an earlier try. */
int spool_put(struct spool *s, struct str name, input_reader *read, void *arg,
              struct err *err) MUST_CHECK;

/* ERR_NOT_FOUND when there is no such input. */
int input_open(struct spool *s, struct str name, struct input **out, struct err *err) MUST_CHECK;
void input_close(struct input *in); /* NULL is fine */

/*
 * Removes the input of an action that does not name it any more; fine when it is gone. Who has it
 * open reads on. The directory is not synced: a file that a power cut brings back belongs to
 * nobody, and spool_sweep() takes it at the next start.
 */
int input_remove(struct spool *s, struct str name, struct err *err) MUST_CHECK;

/* Up to n bytes from `at`; *got < n only at the end of the input. */
int input_read(struct input *in, int64_t at, void *out, size_t n, size_t *got,
               struct err *err) MUST_CHECK;

#endif
