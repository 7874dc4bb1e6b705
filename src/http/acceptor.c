/* SPDX-License-Identifier: MIT */
/* acceptor.c - see acceptor.h. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/acceptor.h"

#define PAUSE_MS 10 /* until there may be room again */

struct acceptor {
    struct acceptor_config config;
    int stop_fd; /* readable: the end */
    pthread_t thread;
    bool short_of; /* files or memory; said once */
};

/* What befell the one connection that was accepted; another one may be fine. */
static bool is_of_connection(int why)
{
    switch (why) {
    case ECONNABORTED:
    case EINTR:
    case EPERM: /* a firewall */
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
        return true;
    default:
        return false;
    }
}

/* All that have come, while there is room. False: wait a little. */
static bool accept_all(struct acceptor *a)
{
    const struct acceptor_config *c = &a->config;
    while (c->has_room(c->arg)) {
        struct sockaddr_storage from;
        socklen_t len = sizeof(from);
        const int fd =
            accept4(c->listen_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            a->short_of = false;
            c->take(c->arg, fd, (const struct sockaddr *)&from, len);
            continue;
        }
        if (errno == EAGAIN)
            return true;
        if (is_of_connection(errno))
            continue;
        if (!a->short_of) {
            struct err err = { 0 };
            err_sys(&err, "cannot accept connections, and tries on");
            log_event(LOG_WARN, "accept_failed", LOG_STR("error", err.msg));
        }
        a->short_of = true;
        return false;
    }
    return false;
}

static void *accept_main(void *arg)
{
    struct acceptor *a = arg;
    struct pollfd fds[] = { { .fd = a->stop_fd, .events = POLLIN },
                            { .fd = a->config.listen_fd, .events = POLLIN } };
    bool eager = true;
    for (;;) {
        /* Without room only for the end, for a while. */
        if (poll(fds, eager ? 2 : 1, eager ? -1 : PAUSE_MS) < 0 && errno != EINTR)
            return NULL;
        if (fds[0].revents != 0)
            return NULL;
        eager = accept_all(a);
    }
}

int acceptor_start(const struct acceptor_config *config, struct acceptor **out, struct err *err)
{
    struct acceptor *a = mem_calloc(1, sizeof(*a));
    if (a == NULL)
        return err_nomem(err);
    a->config = *config;
    a->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (a->stop_fd < 0) {
        mem_free(a);
        return err_sys(err, "cannot make an event");
    }
    if (pthread_create(&a->thread, NULL, accept_main, a) != 0) {
        close(a->stop_fd);
        mem_free(a);
        return err_set(err, ERR_NOMEM, "cannot start the accepting thread");
    }
    pthread_setname_np(a->thread, "ls-accept");
    *out = a;
    return 0;
}

void acceptor_stop(struct acceptor *a)
{
    if (a == NULL)
        return;
    const uint64_t one = 1;
    while (write(a->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
    pthread_join(a->thread, NULL);
    close(a->stop_fd);
    mem_free(a);
}
