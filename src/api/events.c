/* SPDX-License-Identifier: MIT */
/*
 * events.c - GET /v1/async-actions/{id}/events: an action as server-sent events.
 *
 * `progress` whenever something has moved, looked at four times a second; `end` when the action has
 * ended, then the stream ends too. In between a comment every ten seconds keeps proxies from
 * closing the connection, and shows us when the client has left. Between two looks the
 * connection sleeps: no thread belongs to a stream.
 */
#include <stdio.h>

#include "api/api_priv.h"
#include "base/log.h"
#include "base/time_iso.h"

#define LOOK_MS         250
#define HEARTBEAT_US    ((int64_t)10 * 1000 * 1000)
#define EVENT_MAX_BYTES KIB

/* What an event shows. */
struct view {
    enum action_status status;
    int progress;
    int64_t rows_done;
    int64_t rows_per_second;
    int64_t seconds_left; /* -1: not known */
};

struct watch {
    struct request *rq;
    struct arena scratch; /* of one look */
    int64_t seq;
    struct view shown; /* by the last event */
    bool ended;
    int64_t look_us; /* when the next look is due */
    int64_t sent_us; /* when something was sent last; 0: never */
    struct buf text; /* what is to be sent, from `sent` on */
    size_t sent;
};

static bool view_eq(const struct view *a, const struct view *b)
{
    return a->status == b->status && a->progress == b->progress && a->rows_done == b->rows_done &&
           a->rows_per_second == b->rows_per_second && a->seconds_left == b->seconds_left;
}

static int look(struct watch *w, struct view *out, struct err *err)
{
    struct engine_progress p;
    struct action *ac = NULL;
    if (engine_progress_find(api_of(w->rq)->engine, w->seq, &p)) {
        *out = (struct view){ .status = ACTION_IN_PROGRESS,
                              .progress = p.progress,
                              .rows_done = p.rows_done,
                              .rows_per_second = p.rows_per_second,
                              .seconds_left = p.seconds_left };
        return 0;
    }
    arena_reset(&w->scratch);
    if (api_get_action(w->rq, &w->scratch, w->rq->args[0], &ac, err) < 0)
        return -1;
    const int64_t took_ms = ac->updated_ms - ac->created_ms;
    *out = (struct view){ .status = ac->status,
                          .progress = ac->progress,
                          .rows_done = action_rows(ac),
                          .rows_per_second = took_ms > 0 ? action_rows(ac) * 1000 / took_ms : 0,
                          .seconds_left = action_is_finished(ac) ? 0 : -1 };
    return 0;
}

static void put_event(struct watch *w, const char *name, const struct view *v)
{
    struct json_out o = { .b = &w->text };
    buf_printf(&w->text, "event: %s\ndata: ", name);
    json_object(&o);
    json_key(&o, "status");
    json_str(&o, str_of(action_status_name(v->status)));
    json_key(&o, "progress");
    json_int(&o, v->progress);
    json_key(&o, "rows_done");
    json_int(&o, v->rows_done);
    json_key(&o, "rows_per_second");
    json_int(&o, v->rows_per_second);
    json_key(&o, "seconds_left");
    if (v->seconds_left >= 0)
        json_int(&o, v->seconds_left);
    else
        json_null(&o);
    json_object_end(&o);
    buf_puts(&w->text, STR("\n\n"));
}

/* Looks, and writes what is to be said now; maybe nothing. */
static int compose(struct watch *w, int64_t now_us, struct err *err)
{
    struct view v;
    buf_reset(&w->text);
    w->sent = 0;
    w->look_us = now_us + (int64_t)LOOK_MS * 1000;
    if (look(w, &v, err) < 0)
        return -1;
    w->ended = v.status == ACTION_DONE || v.status == ACTION_FAILED;
    if (w->ended)
        put_event(w, "end", &v);
    else if (w->sent_us == 0 || !view_eq(&v, &w->shown))
        put_event(w, "progress", &v);
    else if (now_us - w->sent_us >= HEARTBEAT_US)
        buf_puts(&w->text, STR(": still here\n\n"));
    if (w->text.len > 0)
        w->sent_us = now_us;
    w->shown = v;
    return buf_ok(&w->text, err);
}

static ssize_t send_text(struct watch *w, char *out, size_t max)
{
    const size_t left = w->text.len - w->sent;
    const size_t n = left < max ? left : max;
    memcpy(out, w->text.p + w->sent, n);
    w->sent += n;
    return (ssize_t)n;
}

static ssize_t watch_pull(void *arg, char *out, size_t max)
{
    struct watch *w = arg;
    struct err err = { 0 };
    while (w->sent == w->text.len) {
        const int64_t now_us = time_monotonic_us();
        if (w->ended || request_is_draining(w->rq))
            return STREAM_END;
        if (now_us < w->look_us) {
            request_sleep(w->rq, (int)((w->look_us - now_us) / 1000) + 1);
            return 0;
        }
        if (compose(w, now_us, &err) < 0) {
            log_event(LOG_ERROR, "stream_failed", LOG_STR("request_id", w->rq->id),
                      LOG_STR("error", err.msg));
            return STREAM_BROKEN;
        }
    }
    return send_text(w, out, max);
}

static void watch_free(void *arg)
{
    struct watch *w = arg;
    buf_release(&w->text);
    arena_release(&w->scratch);
}

int api_async_actions_events(struct request *rq, struct response *rs, struct err *err)
{
    struct watch *w = arena_calloc(&rq->arena, sizeof(*w));
    struct action *ac = NULL;
    if (w == NULL)
        return err_nomem(err);
    if (api_get_action(rq, &rq->arena, rq->args[0], &ac, err) < 0)
        return -1;
    w->rq = rq;
    w->seq = ac->seq;
    arena_init(&w->scratch, 4 * KIB, 4 * KIB);
    buf_init(&w->text, EVENT_MAX_BYTES);
    reply_header(rs, "Cache-Control", "no-store");
    reply_stream(rs, "text/event-stream",
                 (struct stream){ .pull = watch_pull, .free = watch_free, .arg = w });
    return 0;
}
