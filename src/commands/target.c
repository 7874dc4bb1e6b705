/* SPDX-License-Identifier: MIT */
/* target.c - see target.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/interrupt.h"
#include "commands/target.h"

int target_open(struct target *t, const char *path, struct err *err)
{
    struct stat st;
    *t = (struct target){ .path = path, .fd = STDOUT_FILENO };
    if (path == NULL)
        return 0;
    t->in_place = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
    if (snprintf(t->part, sizeof(t->part), t->in_place ? "%s" : "%s.part", path) >=
        TARGET_PATH_BYTES)
        return err_set(err, ERR_INVALID_PAYLOAD, "the path '%.100s...' is too long", path);
    t->fd = open(t->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return t->fd >= 0 ? 0 : err_sys(err, "cannot write '%s'", t->part);
}

int target_write(void *arg, const char *p, size_t n, struct err *err)
{
    const struct target *t = arg;
    while (n > 0) {
        const ssize_t done = write(t->fd, p, n);
        if (done < 0 && errno == EINTR && !interrupt_seen())
            continue;
        if (done < 0)
            return err_sys(err, "cannot write '%s'", t->path != NULL ? t->part : "standard output");
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

/* (1) It reaches the disk, (2) under its name. The other way round a power cut could leave an empty
 * file under the name. */
int target_finish(struct target *t, struct err *err)
{
    if (t->path == NULL)
        return 0;
    const bool synced = t->in_place || fsync(t->fd) == 0;
    const bool closed = close(t->fd) == 0;
    t->fd = -1;
    if (!synced || !closed)
        return err_sys(err, "cannot write '%s'", t->part);
    if (!t->in_place && rename(t->part, t->path) < 0)
        return err_sys(err, "cannot rename '%s' to '%s'", t->part, t->path);
    return 0;
}

void target_abandon(struct target *t)
{
    if (t->path == NULL)
        return;
    if (t->fd >= 0)
        close(t->fd);
    if (!t->in_place)
        unlink(t->part);
}
