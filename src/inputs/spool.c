/* SPDX-License-Identifier: MIT */
/* spool.c - see spool.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/fault.h"
#include "base/ids.h"
#include "base/time_iso.h"
#include "inputs/handover.h"
#include "inputs/recent.h"

#define WRITEBACK_STEP_BYTES ((int64_t)(8 * MIB)) /* start writing out early: fsync waits less */
#define PATH_BYTES           4096
#define PIECE_BYTES          MIB
#define HANDOVER_BYTES       ((int64_t)MIB) /* have come: it is begun */

struct spool {
    int dir_fd;
    int owner_fd; /* locked while we own the spool; -1: not claimed */
    char *dir;
    struct input_ops ops; /* put NULL: inputs are files here */

    /* of a store that keeps inputs */
    struct recent recent;
    atomic_bool hands_over; /* an upload, while it arrives; one at a time */
    atomic_uint left;       /* uploads that were broken off, which their handover still has */
};

struct upload {
    struct spool *spool;
    int fd;
    int64_t bytes;
    int64_t pushed; /* handed to the kernel for write-out */
    bool finished;
    int64_t begun_us;
    struct handover *handover; /* NULL: none is under way */
    bool tried_handover;
    char name[SPOOL_NAME_LEN + 1];
};

struct input {
    struct spool *spool;
    int fd;        /* -1: it lives elsewhere */
    int64_t bytes; /* of a recent upload; -1: it is none */
    char name[SPOOL_NAME_LEN + 1];
};

static ssize_t real_write(int fd, const void *data, size_t n, const char *path)
{
    (void)path;
    return write(fd, data, n);
}

static int real_fsync(int fd, const char *path)
{
    (void)path;
    return fsync(fd);
}

static const struct io_ops real_io = { .write = real_write,
                                       .fsync = real_fsync,
                                       .rename = rename,
                                       .fsync_dir = real_fsync,
                                       .unlink = unlink };
const struct io_ops *io_ops = &real_io;

static void file_path(const struct spool *s, const char *name, const char *suffix,
                      char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%s/%s%s", s->dir, name, suffix);
}

int spool_open(const char *dir, struct spool **out, struct err *err)
{
    if (strlen(dir) > PATH_BYTES - SPOOL_NAME_LEN - 16)
        return err_set(err, ERR_IO, "the path of the spool is too long");
    if (dir_make(dir, err) < 0)
        return err_wrap(err, "cannot make the spool");
    struct spool *s = mem_calloc(1, sizeof(*s));
    char *copy = mem_strdup(dir);
    if (s == NULL || copy == NULL) {
        mem_free(s);
        mem_free(copy);
        return err_nomem(err);
    }
    s->dir = copy;
    recent_init(&s->recent);
    s->owner_fd = -1;
    s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir_fd < 0) {
        err_sys(err, "cannot open spool '%s'", dir);
        spool_close(s);
        return -1;
    }
    *out = s;
    return 0;
}

void spool_keep_in(struct spool *s, const struct input_ops *ops)
{
    s->ops = *ops;
}

void spool_close(struct spool *s)
{
    if (s == NULL)
        return;
    while (atomic_load(&s->left) > 0) /* soon */
        usleep(1000);
    if (s->dir_fd >= 0)
        close(s->dir_fd);
    if (s->owner_fd >= 0)
        close(s->owner_fd);
    recent_release(&s->recent);
    mem_free(s->dir);
    mem_free(s);
}

static int write_owner(struct spool *s, const unsigned char *owner, struct err *err)
{
    if (pwrite(s->owner_fd, owner, ID_HASH_BYTES, 0) != ID_HASH_BYTES || fsync(s->owner_fd) < 0 ||
        fsync(s->dir_fd) < 0)
        return err_sys(err, "cannot write the owner of the spool '%s'", s->dir);
    return 0;
}

int spool_claim(struct spool *s, const unsigned char *owner, struct err *err)
{
    return spool_take_over(s, owner, owner, err);
}

int spool_take_over(struct spool *s, const unsigned char *owner, const unsigned char *before,
                    struct err *err)
{
    unsigned char found[ID_HASH_BYTES];
    s->owner_fd = openat(s->dir_fd, "owner", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->owner_fd < 0)
        return err_sys(err, "cannot open the owner of the spool '%s'", s->dir);
    if (flock(s->owner_fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, ERR_BUSY,
                       "another longshore process uses the spool '%s'; give each its own", s->dir);
    const ssize_t n = pread(s->owner_fd, found, sizeof(found), 0);
    if (n < 0)
        return err_sys(err, "cannot read the owner of the spool '%s'", s->dir);
    if (n < (ssize_t)sizeof(found)) /* new, or cut off while it was new */
        return write_owner(s, owner, err);
    if (memcmp(found, owner, sizeof(found)) == 0)
        return 0;
    if (memcmp(found, before, sizeof(found)) == 0)
        return write_owner(s, owner, err);
    return err_set(err, ERR_BUSY, "the spool '%s' belongs to another database; give each its own",
                   s->dir);
}

static int compare_names(const void *key, const void *name)
{
    return str_cmp(*(const struct str *)key, *(const struct str *)name);
}

static bool is_kept(const char *file, const struct str *names, size_t n)
{
    const size_t len = strlen(file);
    if (len != SPOOL_NAME_LEN + 3 || memcmp(file + SPOOL_NAME_LEN, ".in", 3) != 0 || n == 0)
        return false;
    const struct str name = { file, SPOOL_NAME_LEN };
    return bsearch(&name, names, n, sizeof(*names), compare_names) != NULL;
}

/* Only files that look like ours: name and ".in" or ".part". */
static bool is_ours(const char *file)
{
    const char *dot = strchr(file, '.');
    return dot != NULL && dot - file == SPOOL_NAME_LEN &&
           (strcmp(dot, ".in") == 0 || strcmp(dot, ".part") == 0);
}

size_t spool_sweep(struct spool *s, const struct str *names, size_t n)
{
    size_t removed = 0;
    DIR *d = opendir(s->dir);
    if (d == NULL)
        return 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char path[PATH_BYTES];
        if (!is_ours(e->d_name) || is_kept(e->d_name, names, n))
            continue;
        file_path(s, e->d_name, "", path);
        removed += io_ops->unlink(path) == 0;
    }
    closedir(d);
    return removed;
}

int64_t spool_bytes(struct spool *s)
{
    int64_t sum = 0;
    DIR *d = opendir(s->dir);
    if (d == NULL)
        return 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        struct stat st;
        if (is_ours(e->d_name) && fstatat(s->dir_fd, e->d_name, &st, 0) == 0)
            sum += st.st_size;
    }
    closedir(d);
    return sum;
}

/* `how`: O_EXCL, or O_TRUNC. */
static int begin_named(struct spool *s, const char *name, int how, struct upload **out,
                       struct err *err)
{
    char path[PATH_BYTES];
    struct upload *u = mem_calloc(1, sizeof(*u));
    if (u == NULL) {
        err_nomem(err);
        return -1;
    }
    u->spool = s;
    u->begun_us = time_monotonic_us();
    memcpy(u->name, name, SPOOL_NAME_LEN);
    file_path(s, u->name, ".part", path);
    u->fd = open(path, O_RDWR | O_CREAT | how | O_CLOEXEC, 0600);
    if (u->fd < 0) {
        err_sys(err, "cannot make an upload in the spool");
        mem_free(u);
        return -1;
    }
    *out = u;
    return 0;
}

int upload_begin(struct spool *s, struct upload **out, struct err *err)
{
    char name[SPOOL_NAME_LEN + 1];
    id_random_base62(name, SPOOL_NAME_LEN);
    return begin_named(s, name, O_EXCL, out, err);
}

static ssize_t write_or_fault(int fd, const void *data, size_t n, const char *path)
{
    if (fault_hit(FAULT_WRITE)) {
        errno = ENOSPC;
        return -1;
    }
    return io_ops->write(fd, data, n, path);
}

static int read_at(int fd, int64_t at, void *out, size_t n, size_t *got, struct err *err)
{
    char *p = out;
    *got = 0;
    while (*got < n) {
        const ssize_t r = pread(fd, p + *got, n - *got, at + (int64_t)*got);
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return err_sys(err, "cannot read the input");
        if (r == 0)
            break;
        *got += (size_t)r;
    }
    return 0;
}

static int read_back(void *arg, int64_t at, void *out, size_t n, size_t *got, struct err *err)
{
    const struct upload *u = arg;
    return read_at(u->fd, at, out, n, got, err);
}

/* More has come: the store can have it already. */
static void hand_over(struct upload *u)
{
    struct spool *s = u->spool;
    if (u->handover != NULL) {
        handover_tell(u->handover, u->bytes);
        return;
    }
    if (s->ops.put == NULL || u->bytes < HANDOVER_BYTES || u->tried_handover)
        return;
    u->tried_handover = true;
    if (!handover_is_fast(u->bytes, time_monotonic_us() - u->begun_us) ||
        atomic_exchange(&s->hands_over, true))
        return;
    u->handover = handover_begin(&s->ops, upload_name(u), read_back, u, u->bytes, &s->hands_over);
    if (u->handover == NULL)
        atomic_store(&s->hands_over, false);
}

int upload_write(struct upload *u, const void *data, size_t n, struct err *err)
{
    char path[PATH_BYTES];
    const char *p = data;
    file_path(u->spool, u->name, ".part", path);
    while (n > 0) {
        const ssize_t got = write_or_fault(u->fd, p, n, path);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(err, "cannot write the upload");
        p += got;
        n -= (size_t)got;
        u->bytes += got;
    }
    /* what the store keeps is not for this disk */
    if (u->spool->ops.put == NULL && u->bytes - u->pushed >= WRITEBACK_STEP_BYTES) {
        sync_file_range(u->fd, u->pushed, u->bytes - u->pushed, SYNC_FILE_RANGE_WRITE);
        u->pushed = u->bytes;
    }
    hand_over(u);
    return 0;
}

int64_t upload_bytes(const struct upload *u)
{
    return u->bytes;
}

int upload_read(struct upload *u, int64_t at, void *out, size_t n, size_t *got, struct err *err)
{
    return read_at(u->fd, at, out, n, got, err);
}

static int sync_or_fault(int (*sync)(int, const char *), int fd, const char *path)
{
    if (fault_hit(FAULT_FSYNC)) {
        errno = EIO;
        return -1;
    }
    return sync(fd, path);
}

static int put_in_store(struct upload *u, const char *part, struct err *err)
{
    const struct input_ops *ops = &u->spool->ops;
    struct handover *h = u->handover;
    u->handover = NULL;
    if (h != NULL && handover_finish(h, u->bytes) == 0) {
        u->finished = true;
    } else if (h != NULL) { /* its COMMIT may have come through all the same */
        struct err ignored;
        (void)!ops->remove(ops->ctx, upload_name(u), &ignored);
    }
    if (!u->finished && ops->put(ops->ctx, upload_name(u), read_back, u, err) < 0)
        return err_wrap(err, "cannot store the upload");
    u->finished = true;
    recent_add(&u->spool->recent, u->name, u->fd, u->bytes);
    io_ops->unlink(part);
    return 0;
}

int upload_finish(struct upload *u, struct err *err)
{
    char part[PATH_BYTES], final[PATH_BYTES];
    file_path(u->spool, u->name, ".part", part);
    file_path(u->spool, u->name, ".in", final);
    fault_point("upload.written");
    if (u->spool->ops.put != NULL)
        return put_in_store(u, part, err);
    if (sync_or_fault(io_ops->fsync, u->fd, part) < 0)
        return err_sys(err, "cannot sync the upload");
    fault_point("upload.synced");
    if (io_ops->rename(part, final) < 0)
        return err_sys(err, "cannot rename the upload");
    u->finished = true;
    fault_point("upload.renamed");
    if (sync_or_fault(io_ops->fsync_dir, u->spool->dir_fd, u->spool->dir) < 0)
        return err_sys(err, "cannot sync the spool");
    return 0;
}

struct str upload_name(const struct upload *u)
{
    return (struct str){ u->name, SPOOL_NAME_LEN };
}

void upload_close(struct upload *u)
{
    close(u->fd);
    mem_free(u);
}

static void discard(struct upload *u)
{
    struct spool *s = u->spool;
    char path[PATH_BYTES];
    if (u->finished && s->ops.put != NULL) {
        struct err ignored;
        recent_drop(&s->recent, u->name);
        (void)!s->ops.remove(s->ops.ctx, upload_name(u), &ignored);
    }
    file_path(s, u->name, u->finished ? ".in" : ".part", path);
    io_ops->unlink(path);
    upload_close(u);
}

/* A thread of the store's may still be reading the file. */
static void handover_left(void *arg, int rc)
{
    struct upload *u = arg;
    struct spool *s = u->spool;
    char path[PATH_BYTES];
    file_path(s, u->name, ".part", path);
    io_ops->unlink(path);
    u->finished = rc == 0;
    discard(u);
    atomic_fetch_sub(&s->left, 1);
}

void upload_abort(struct upload *u)
{
    if (u == NULL)
        return;
    if (u->handover == NULL) {
        discard(u);
        return;
    }
    atomic_fetch_add(&u->spool->left, 1);
    handover_leave(u->handover, handover_left, u);
}

static bool is_name(struct str name)
{
    return name.len == SPOOL_NAME_LEN && memchr(name.p, '/', name.len) == NULL;
}

static int pour(struct upload *u, input_reader *read, void *arg, struct err *err)
{
    char *piece = mem_alloc(PIECE_BYTES);
    size_t got = PIECE_BYTES;
    int rc = piece != NULL ? 0 : err_nomem(err);
    while (rc == 0 && got == PIECE_BYTES) {
        rc = read(arg, u->bytes, piece, PIECE_BYTES, &got, err);
        if (rc == 0)
            rc = upload_write(u, piece, got, err);
    }
    mem_free(piece);
    return rc;
}

int spool_put(struct spool *s, struct str name, input_reader *read, void *arg, struct err *err)
{
    struct upload *u = NULL;
    if (!is_name(name))
        return err_set(err, ERR_IO, "no input can have such a name");
    if (begin_named(s, name.p, O_TRUNC, &u, err) < 0)
        return -1;
    int rc = pour(u, read, arg, err);
    if (rc == 0)
        rc = upload_finish(u, err);
    if (rc == 0)
        upload_close(u);
    else
        upload_abort(u);
    return rc;
}

static int open_in_store(struct spool *s, struct input *in, struct input **out, struct err *err)
{
    bool found = false;
    in->fd = recent_open(&s->recent, in->name, &in->bytes);
    if (in->fd >= 0) {
        *out = in;
        return 0;
    }
    int rc = s->ops.find(s->ops.ctx, (struct str){ in->name, SPOOL_NAME_LEN }, &found, err);
    if (rc == 0 && !found)
        rc = err_set(err, ERR_NOT_FOUND, "there is no input '%s'", in->name);
    if (rc < 0)
        mem_free(in);
    else
        *out = in;
    return rc;
}

int input_open(struct spool *s, struct str name, struct input **out, struct err *err)
{
    char path[PATH_BYTES];
    if (!is_name(name))
        return err_set(err, ERR_NOT_FOUND, "no input has such a name");
    struct input *in = mem_calloc(1, sizeof(*in));
    if (in == NULL)
        return err_nomem(err);
    memcpy(in->name, name.p, SPOOL_NAME_LEN);
    in->spool = s;
    in->fd = -1;
    in->bytes = -1;
    if (s->ops.find != NULL)
        return open_in_store(s, in, out, err);
    file_path(s, in->name, ".in", path);
    in->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0) {
        const bool gone = errno == ENOENT;
        err_sys(err, "cannot open input '%s'", in->name);
        if (gone)
            err->code = ERR_NOT_FOUND;
        mem_free(in);
        return -1;
    }
    *out = in;
    return 0;
}

void input_close(struct input *in)
{
    if (in == NULL)
        return;
    if (in->fd >= 0)
        close(in->fd);
    mem_free(in);
}

/* With its end read, it has served. What cannot be read here, the store has. */
static int read_recent(struct input *in, int64_t at, void *out, size_t n, size_t *got)
{
    struct err ignored;
    const int rc = read_at(in->fd, at, out, n, got, &ignored);
    if (rc < 0 || at + (int64_t)*got >= in->bytes)
        recent_drop(&in->spool->recent, in->name);
    if (rc < 0)
        in->bytes = -1;
    return rc;
}

int input_read(struct input *in, int64_t at, void *out, size_t n, size_t *got, struct err *err)
{
    const struct input_ops *ops = &in->spool->ops;
    if (in->bytes >= 0 && read_recent(in, at, out, n, got) == 0)
        return 0;
    const int rc = ops->read != NULL ? ops->read(ops->ctx, (struct str){ in->name, SPOOL_NAME_LEN },
                                                 at, out, n, got, err)
                                     : read_at(in->fd, at, out, n, got, err);
    if (rc < 0)
        return err_wrap(err, "input '%s'", in->name);
    return 0;
}

int input_remove(struct spool *s, struct str name, struct err *err)
{
    char path[PATH_BYTES], file[SPOOL_NAME_LEN + 1] = { 0 };
    if (!is_name(name))
        return err_set(err, ERR_NOT_FOUND, "no input has such a name");
    memcpy(file, name.p, SPOOL_NAME_LEN);
    if (s->ops.remove != NULL) {
        recent_drop(&s->recent, file);
        return s->ops.remove(s->ops.ctx, name, err);
    }
    file_path(s, file, ".in", path);
    if (io_ops->unlink(path) < 0 && errno != ENOENT)
        return err_sys(err, "cannot remove input '%s'", file);
    return 0;
}
