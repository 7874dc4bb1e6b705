/* SPDX-License-Identifier: MIT */
/* dir.c - see dir.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dir.h"

#define PATH_BYTES 4096

/* The directory of "a/b" and of "a/b/" is "a", that of "b" is ".", that of "/b" is "/". */
static void parent_of(const char *path, char out[PATH_BYTES])
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    snprintf(out, PATH_BYTES, "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
}

int dir_sync_of(const char *path, struct err *err)
{
    char dir[PATH_BYTES];
    parent_of(path, dir);
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, "cannot open the directory '%s'", dir);
    const int rc = fsync(fd) < 0 ? err_sys(err, "cannot sync the directory '%s'", dir) : 0;
    close(fd);
    return rc;
}

int dir_make(const char *path, struct err *err)
{
    const bool made = mkdir(path, 0700) == 0;
    if (!made && errno != EEXIST)
        return err_sys(err, "cannot make the directory '%s'", path);
    /* Of one that was there we cannot know whether it was synced; but the directory around it may
     * be none of ours to open. */
    return dir_sync_of(path, err) < 0 && made ? -1 : 0;
}
