/* SPDX-License-Identifier: MIT */
/*
 * listener.c - waking up for what other processes have queued, and the lock of the serving one.
 *
 * A connection waits for notifications. While it is broken, and once in a while anyway, whoever
 * listens is woken all the same: a notification is a shortcut, never the only way.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "store/postgres/pg_priv.h"

#define POLL_MS    5000
#define RETRY_MS   500
#define SERVE_LOCK "7593264110264034" /* any number, the same in all of us */

static void wake(struct pg_store *s)
{
    pthread_mutex_lock(&s->wake_lock);
    if (s->on_wake != NULL)
        s->on_wake(s->wake_arg);
    pthread_mutex_unlock(&s->wake_lock);
}

/* Connected, listening, and holding the lock; a second server is told to go. */
static int attach(struct pg_store *s, struct err *err)
{
    char got[8];
    if (s->listener.conn != NULL && PQstatus(s->listener.conn) == CONNECTION_OK)
        return 0;
    if (pg_db_connect(&s->listener, err) < 0)
        return -1;
    if (pg_query_text(&s->listener, "SELECT pg_try_advisory_lock(" SERVE_LOCK ")", got, sizeof(got),
                      err) < 0)
        return -1;
    if (got[0] != 't') {
        pg_db_disconnect(&s->listener);
        return err_set(err, ERR_BUSY,
                       "another longshore process is serving '%s'; stop it, or name another store",
                       s->place);
    }
    return pg_exec(&s->listener, "LISTEN " ACTIONS_CHANNEL, err);
}

/* What has come; what this process has sent itself it knows already. */
static void take_notifications(struct pg_store *s)
{
    PGnotify *n;
    bool others = false;
    if (PQconsumeInput(s->listener.conn) == 0)
        return;
    while ((n = PQnotifies(s->listener.conn)) != NULL) {
        others = others || strcmp(n->extra, s->node) != 0;
        PQfreemem(n);
    }
    if (others)
        wake(s);
}

static void *listener_main(void *arg)
{
    struct pg_store *s = arg;
    bool told = false;
    for (;;) {
        struct err err = { 0 };
        const bool attached = attach(s, &err) == 0;
        if (!attached && !told)
            log_event(LOG_WARN, "database_away", LOG_STR("error", err.msg));
        if (attached && told) {
            log_event(LOG_INFO, "database_back", LOG_STR("place", s->place));
            wake(s); /* what was announced meanwhile nobody has heard */
        }
        told = !attached;
        struct pollfd fds[] = { { .fd = s->stop_pipe[0], .events = POLLIN },
                                { .fd = attached ? PQsocket(s->listener.conn) : -1,
                                  .events = POLLIN } };
        const int ready = poll(fds, 2, attached ? POLL_MS : RETRY_MS);
        if (fds[0].revents != 0)
            return NULL;
        if (ready > 0 && fds[1].revents != 0)
            take_notifications(s);
        else
            wake(s);
        if (s->listener.conn != NULL && PQstatus(s->listener.conn) != CONNECTION_OK)
            pg_db_disconnect(&s->listener);
    }
}

int pg_listener_start(struct pg_store *s, struct err *err)
{
    if (attach(s, err) < 0)
        return -1;
    if (pipe2(s->stop_pipe, O_CLOEXEC) < 0)
        return err_sys(err, "cannot make a pipe");
    if (pthread_create(&s->listener_thread, NULL, listener_main, s) != 0)
        return err_set(err, ERR_NOMEM, "cannot start the listener thread");
    pthread_setname_np(s->listener_thread, "ls-listener");
    s->listener_runs = true;
    return 0;
}

void pg_listener_stop(struct pg_store *s)
{
    if (s->listener_runs) {
        (void)!write(s->stop_pipe[1], "", 1);
        pthread_join(s->listener_thread, NULL);
        s->listener_runs = false;
    }
    for (int i = 0; i < 2; i++) {
        if (s->stop_pipe[i] > 0)
            close(s->stop_pipe[i]);
        s->stop_pipe[i] = 0;
    }
}

void pg_listen(struct store *store, void (*on_wake)(void *arg), void *arg)
{
    struct pg_store *s = pg_of(store);
    pthread_mutex_lock(&s->wake_lock);
    s->on_wake = on_wake;
    s->wake_arg = arg;
    pthread_mutex_unlock(&s->wake_lock);
}
