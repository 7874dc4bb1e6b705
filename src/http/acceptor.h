/* SPDX-License-Identifier: MIT */
/*
 * acceptor.h - the thread that accepts connections and gives them to the library.
 *
 * The library could accept by itself, but cannot be told to stop that while it has work: its
 * quiesce takes the socket out of an epoll set at the same time as the event thread does, and ends
 * the process when the thread was first (0.9.75).
 */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include "base/err.h"

struct acceptor;

/* Takes connections from the listening, non-blocking socket while `has_room(arg)`; gives each to
 * take(arg), which closes it in the end. The socket stays the caller's. */
struct acceptor_config {
    int listen_fd;
    bool (*has_room)(void *arg);
    void (*take)(void *arg, int fd, const struct sockaddr *addr, socklen_t addr_len);
    void *arg;
};

int acceptor_start(const struct acceptor_config *config, struct acceptor **out,
                   struct err *err) MUST_CHECK;
/* Nothing is taken from here on. NULL: nothing happens. */
void acceptor_stop(struct acceptor *a);

#endif
