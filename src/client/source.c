/* SPDX-License-Identifier: MIT */
/* source.c - see source.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time_iso.h"
#include "client/interrupt.h"
#include "client/source.h"

static const char *without_directories(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int open_path(struct source *s, struct err *err)
{
    if (str_is(str_of(s->path), "-")) {
        s->fd = STDIN_FILENO;
        s->name = "standard input";
        return 0;
    }
    s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
    s->name = without_directories(s->path);
    return s->fd >= 0 ? 0 : err_sys(err, "cannot open '%s'", s->path);
}

int source_open(struct source *s, const char *path, struct err *err)
{
    struct stat st;
    *s = (struct source){ .path = path, .fd = -1, .bytes = -1 };
    if (open_path(s, err) < 0)
        return -1;
    if (fstat(s->fd, &st) < 0) {
        err_sys(err, "cannot read '%s'", path);
        source_close(s);
        return -1;
    }
    if (S_ISDIR(st.st_mode)) {
        source_close(s);
        return err_set(err, ERR_INVALID_PAYLOAD, "'%s' is a directory", path);
    }
    /* Standard input may be a file that somebody has read a part of. */
    const off_t at = S_ISREG(st.st_mode) ? lseek(s->fd, 0, SEEK_CUR) : -1;
    if (at >= 0)
        s->bytes = st.st_size > at ? st.st_size - at : 0;
    return 0;
}

void source_close(struct source *s)
{
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    s->fd = -1;
}

static ssize_t fail(struct source *s)
{
    s->failed = true;
    return -1;
}

static ssize_t read_some(struct source *s, char *out, size_t n)
{
    for (;;) {
        const ssize_t got = read(s->fd, out, n);
        if (got >= 0)
            return got;
        if (errno == EINTR && interrupt_seen())
            return -1;
        if (errno != EINTR) {
            err_sys(&s->err, "cannot read '%s'", s->path);
            return fail(s);
        }
    }
}

/* Behind what was said to be its end. */
static bool has_grown(struct source *s)
{
    char more;
    return s->sent == s->bytes && read(s->fd, &more, 1) > 0;
}

ssize_t source_read(struct source *s, char *out, size_t n)
{
    if (s->started_us == 0)
        s->started_us = time_monotonic_us();
    if (s->bytes >= 0 && (int64_t)n > s->bytes - s->sent)
        n = (size_t)(s->bytes - s->sent);
    const ssize_t got = n > 0 ? read_some(s, out, n) : 0;
    if (got < 0)
        return -1;
    s->sent += got;
    if ((got == 0 && s->sent < s->bytes) || (got > 0 && has_grown(s))) {
        err_set(&s->err, ERR_IO, "'%s' has changed while it was read", s->path);
        return fail(s);
    }
    return got;
}
