/* SPDX-License-Identifier: MIT */
/*
 * wal.c - while much is written, by slices or uploads, the database's WAL writer is kept awake.
 *
 * Left alone it looks every 200 ms. Two slices fill the WAL buffers (16 MiB at most, unless
 * somebody has set more) in less; from then on each backend that needs a page of them writes some
 * out itself, a few KiB at a time, under a lock that all others wait for. An asynchronous commit
 * wakes the WAL writer, which writes all there is at once; and COMMIT finds most of it on disk
 * already.
 *
 * So a thread sends a tiny one now and then: a message to nobody, without a transaction number or a
 * row. That it fails changes nothing but the speed.
 */
#include <stdio.h>

#include "base/sync.h"
#include "base/time_iso.h"
#include "store/postgres/pg_priv.h"

#define PAUSE_MS      40 /* in which less than half of the buffers is filled */
#define PAUSE_LONG_MS 1000
#define AWAKE_MS      500 /* and then the next load may follow */

/* By the connection that gives keys: its commits are asynchronous. */
static int nudge(struct pg_store *s)
{
    struct err ignored;
    pthread_mutex_lock(&s->keys_lock);
    pg_db_look(&s->keys);
    int rc = pg_db_connect(&s->keys, &ignored);
    if (rc == 0)
        rc = pg_exec(&s->keys, "SELECT pg_logical_emit_message(false, 'longshore', '')", &ignored);
    pthread_mutex_unlock(&s->keys_lock);
    return rc;
}

static void *nudger_main(void *arg)
{
    struct pg_store *s = arg;
    pthread_mutex_lock(&s->nudge_lock);
    while (!s->nudger_stops) {
        if (s->loads == 0 && s->nudge_until_us < time_monotonic_us()) {
            pthread_cond_wait(&s->nudge_wake, &s->nudge_lock);
            continue;
        }
        pthread_mutex_unlock(&s->nudge_lock);
        const int64_t pause_ms = nudge(s) < 0 ? PAUSE_LONG_MS : PAUSE_MS;
        pthread_mutex_lock(&s->nudge_lock);
        if (!s->nudger_stops)
            sync_wait_ms(&s->nudge_wake, &s->nudge_lock, pause_ms);
    }
    pthread_mutex_unlock(&s->nudge_lock);
    return NULL;
}

void pg_load_begins(struct pg_store *s)
{
    pthread_mutex_lock(&s->nudge_lock);
    if (s->loads++ == 0 && s->nudge_until_us < time_monotonic_us())
        pthread_cond_signal(&s->nudge_wake);
    pthread_mutex_unlock(&s->nudge_lock);
}

void pg_load_ends(struct pg_store *s)
{
    pthread_mutex_lock(&s->nudge_lock);
    s->loads--;
    s->nudge_until_us = time_monotonic_us() + AWAKE_MS * 1000;
    pthread_mutex_unlock(&s->nudge_lock);
}

int pg_nudger_start(struct pg_store *s, struct err *err)
{
    if (pthread_create(&s->nudger_thread, NULL, nudger_main, s) != 0)
        return err_set(err, ERR_NOMEM, "cannot start the nudger thread");
    pthread_setname_np(s->nudger_thread, "ls-nudge");
    s->nudger_runs = true;
    return 0;
}

void pg_nudger_stop(struct pg_store *s)
{
    if (!s->nudger_runs)
        return;
    pthread_mutex_lock(&s->nudge_lock);
    s->nudger_stops = true;
    pthread_cond_signal(&s->nudge_wake);
    pthread_mutex_unlock(&s->nudge_lock);
    pthread_join(s->nudger_thread, NULL);
    s->nudger_runs = false;
}
