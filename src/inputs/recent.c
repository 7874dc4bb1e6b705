/* SPDX-License-Identifier: MIT */
/* recent.c - see recent.h. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "inputs/recent.h"

void recent_init(struct recent *r)
{
    *r = (struct recent){ 0 };
    pthread_mutex_init(&r->lock, NULL);
}

/* With the lock held, as below. */
static void forget(struct recent *r, size_t i)
{
    if (r->files[i].name[0] == '\0')
        return;
    close(r->files[i].fd);
    memmove(&r->files[i], &r->files[i + 1], (RECENT_FILES - i - 1) * sizeof(r->files[0]));
    r->files[RECENT_FILES - 1] = (struct recent_file){ 0 };
}

static size_t find(const struct recent *r, const char *name)
{
    size_t i = 0;
    while (i < RECENT_FILES && strcmp(r->files[i].name, name) != 0)
        i++;
    return i;
}

void recent_release(struct recent *r)
{
    for (size_t i = RECENT_FILES; i > 0; i--)
        forget(r, i - 1);
    pthread_mutex_destroy(&r->lock);
}

void recent_add(struct recent *r, const char *name, int fd, int64_t bytes)
{
    const bool fits = bytes >= RECENT_LEAST && bytes <= RECENT_BYTES;
    const int own = fits ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (own < 0)
        return;
    pthread_mutex_lock(&r->lock);
    int64_t sum = bytes;
    for (size_t i = 0; i < RECENT_FILES; i++)
        sum += r->files[i].bytes;
    forget(r, RECENT_FILES - 1);
    for (size_t i = RECENT_FILES - 1; i > 0 && sum > RECENT_BYTES; i--) {
        sum -= r->files[i - 1].bytes;
        forget(r, i - 1);
    }
    memmove(&r->files[1], &r->files[0], (RECENT_FILES - 1) * sizeof(r->files[0]));
    r->files[0] = (struct recent_file){ .fd = own, .bytes = bytes };
    snprintf(r->files[0].name, sizeof(r->files[0].name), "%s", name);
    pthread_mutex_unlock(&r->lock);
}

int recent_open(struct recent *r, const char *name, int64_t *bytes)
{
    int fd = -1;
    pthread_mutex_lock(&r->lock);
    const size_t i = find(r, name);
    if (i < RECENT_FILES) {
        fd = fcntl(r->files[i].fd, F_DUPFD_CLOEXEC, 0);
        *bytes = r->files[i].bytes;
    }
    pthread_mutex_unlock(&r->lock);
    return fd;
}

void recent_drop(struct recent *r, const char *name)
{
    pthread_mutex_lock(&r->lock);
    const size_t i = find(r, name);
    if (i < RECENT_FILES)
        forget(r, i);
    pthread_mutex_unlock(&r->lock);
}
