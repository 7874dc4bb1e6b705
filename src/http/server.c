/* SPDX-License-Identifier: MIT */
/* server.c - see server.h. */
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time_iso.h"
#include "http/http_priv.h"

#define THREADS_LEAST   2
#define THREADS_MOST    8
#define CONNECTIONS_MAX 1024
#define IDLE_TIMEOUT_S  60
/* Of a connection: half of it is the read buffer of an upload. The library zeroes it for every
 * request: 64 KiB cost 2 us more of each, 32 KiB some 30 ms more of an upload of 70 MB. */
#define MEMORY_BYTES     (32 * KIB)
#define MEMORY_STEP      (16 * KIB)
#define OFFLOAD_THREADS  6 /* lists with filters and exports, two of each, never hold up all */
#define LISTEN_BACKLOG   511
#define STOP_PATIENCE_US ((int64_t)10 * 1000 * 1000)

/* ---- listening ---- */

static int bind_one(const struct addrinfo *ai)
{
    const int on = 1;
    const int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int read_port(struct server *s, struct err *err)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    char port[8];
    if (getsockname(s->listen_fd, (struct sockaddr *)&at, &len) < 0 ||
        getnameinfo((struct sockaddr *)&at, len, NULL, 0, port, sizeof(port), NI_NUMERICSERV) != 0)
        return err_sys(err, "cannot tell the port");
    s->port = (uint16_t)strtoul(port, NULL, 10);
    return 0;
}

static int listen_on(struct server *s, struct err *err)
{
    const struct server_config *c = &s->config;
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof(port), "%u", c->port);
    const int rc = getaddrinfo(c->host, port, &hints, &found);
    if (rc != 0)
        return err_set(err, ERR_IO, "cannot listen on '%s': %s", c->host, gai_strerror(rc));
    for (struct addrinfo *ai = found; ai != NULL && s->listen_fd < 0; ai = ai->ai_next)
        s->listen_fd = bind_one(ai);
    if (s->listen_fd < 0)
        err_sys(err, "cannot listen on '%s' port %u", c->host, c->port);
    freeaddrinfo(found);
    return s->listen_fd < 0 ? -1 : read_port(s, err);
}

/* ---- the library ---- */

/* As many as there are cores, within bounds: more would only take turns. */
static unsigned threads_default(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < THREADS_LEAST ? THREADS_LEAST
                                 : (unsigned)(cores > THREADS_MOST ? THREADS_MOST : cores);
}

/* Path and query stay as they came: url.h splits first and decodes then. */
static size_t keep_encoded(void *cls, struct MHD_Connection *con, char *text)
{
    (void)cls;
    (void)con;
    return strlen(text);
}

PRINTF_LIKE(2, 0) static void log_library(void *cls, const char *format, va_list args)
{
    char text[256];
    (void)cls;
    vsnprintf(text, sizeof(text), format, args);
    text[strcspn(text, "\r\n")] = '\0';
    const bool valid = str_utf8_invalid_at(str_of(text)) == strlen(text);
    log_event(LOG_DEBUG, "http_library", LOG_STR("text", valid ? text : "(not UTF-8)"));
}

/* Below what the process may open: with no file left, accepting would spin and inputs could not be
 * read. */
static unsigned connection_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == RLIM_INFINITY ||
        files.rlim_cur / 2 > CONNECTIONS_MAX)
        return CONNECTIONS_MAX;
    return (unsigned)(files.rlim_cur / 2);
}

/* Those that wait in the backlog meanwhile are better off than those that are closed. */
static bool has_room(void *arg)
{
    const struct server *s = arg;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info != NULL && info->num_connections < s->connections_most;
}

static void take_connection(void *arg, int fd, const struct sockaddr *addr, socklen_t addr_len)
{
    const struct server *s = arg;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    MHD_add_connection(s->daemon, fd, addr, addr_len); /* closes it when it cannot */
}

static int start_daemon(struct server *s, struct err *err)
{
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                           MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    s->connections_most = connection_limit();
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_access, s, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, s->config.threads, MHD_OPTION_CONNECTION_LIMIT,
        s->connections_most, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)MEMORY_STEP, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_encoded, NULL, MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, s, MHD_OPTION_END);
    if (s->daemon == NULL)
        return err_set(err, ERR_IO, "cannot start the event threads");
    const struct acceptor_config accepts = {
        .listen_fd = s->listen_fd, .has_room = has_room, .take = take_connection, .arg = s
    };
    if (acceptor_start(&accepts, &s->acceptor, err) == 0)
        return 0;
    MHD_stop_daemon(s->daemon);
    return -1;
}

/* ---- life ---- */

static void server_free(struct server *s)
{
    ticker_stop(s->ticker);
    offload_stop(s->offload);
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    mem_free(s);
}

int server_start(const struct server_config *config, const struct route *routes, size_t n_routes,
                 struct server **out, struct err *err)
{
    struct server *s = mem_calloc(1, sizeof(*s));
    if (s == NULL)
        return err_nomem(err);
    s->config = *config;
    s->routes = routes;
    s->n_routes = n_routes;
    s->listen_fd = -1;
    if (s->config.threads == 0)
        s->config.threads = threads_default();
    if (offload_start(OFFLOAD_THREADS, &s->offload, err) < 0 || ticker_start(&s->ticker, err) < 0 ||
        listen_on(s, err) < 0 || start_daemon(s, err) < 0) {
        server_free(s);
        return -1;
    }
    s->config.host = NULL; /* was the caller's */
    *out = s;
    return 0;
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static void stop_listening(struct server *s)
{
    acceptor_stop(s->acceptor);
    s->acceptor = NULL;
    close(s->listen_fd); /* whoever comes now is refused, and need not wait */
    s->listen_fd = -1;
}

/*
 * The library must not be stopped while a connection is suspended. So: (1) no new requests, those
 * that sleep wake up; (2) requests under way end; (3) whatever is still suspended is resumed by the
 * one who works for it; (4) stop.
 */
void server_stop(struct server *s)
{
    if (s == NULL)
        return;
    const int64_t until_us = time_monotonic_us() + STOP_PATIENCE_US;
    atomic_store(&s->draining, true);
    stop_listening(s);
    ticker_hurry(s->ticker);
    while (atomic_load(&s->n_active) > 0 && time_monotonic_us() < until_us)
        sleep_ms(5);
    while (atomic_load(&s->n_suspended) > 0)
        sleep_ms(5);
    MHD_stop_daemon(s->daemon);
    server_free(s);
}
