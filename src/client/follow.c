/* SPDX-License-Identifier: MIT */
/* follow.c - see follow.h. */
#include <stdio.h>

#include "base/time_iso.h"
#include "client/follow.h"
#include "client/interrupt.h"
#include "client/sse.h"

#define STREAM_SILENCE_S 35 /* the server says something every ten seconds */
#define WAIT_S           "30"
#define WAIT_SILENCE_S   60
#define PAUSE_LEAST_MS   250
#define PAUSE_MOST_MS    2000

/* How a try has ended. */
enum step {
    STEP_ENDED, /* the action has */
    STEP_AGAIN, /* it has not, as far as is known */
    STEP_LOST,  /* the server was not reached; the error says why */
    STEP_ERROR
};

static enum step step_of_failure(const struct call *k)
{
    return k->lost && !interrupt_seen() ? STEP_LOST : STEP_ERROR;
}

static void heard(struct follow *f)
{
    if (f->lost_us != 0)
        progress_note(f->progress, "connected again");
    f->lost_us = 0;
}

static void show(struct follow *f, struct str status, const struct action_event *ev)
{
    const bool waits = str_is(status, "ENQUEUED");
    progress_show(f->progress, &(struct progress_view){
                                   .doing = waits ? "waiting for its turn" : "running",
                                   .percent = waits ? -1 : ev->progress,
                                   .done = waits ? -1 : ev->rows,
                                   .per_second = ev->rows_per_second,
                                   .seconds_left = ev->seconds_left,
                               });
}

/* ---- the stream ---- */

struct stream {
    struct follow *f;
    struct sse sse;
    bool heard, ended;
};

static int on_event(void *arg, struct str name, struct str data, struct err *err)
{
    struct stream *s = arg;
    struct action_event ev;
    arena_reset(&s->f->scratch);
    if (action_event_read(&s->f->scratch, data, &ev, err) < 0)
        return -1;
    heard(s->f);
    s->heard = true;
    s->ended = str_is(name, "end");
    if (!s->ended) /* how it ended is told in full soon */
        show(s->f, ev.status, &ev);
    return 0;
}

static int on_piece(void *arg, const char *p, size_t n, struct err *err)
{
    struct stream *s = arg;
    return sse_feed(&s->sse, p, n, err);
}

/* *live: it has told something, so it is worth another try when it breaks. */
static enum step try_stream(struct follow *f, bool *live, struct err *err)
{
    struct stream s = { .f = f };
    struct call k;
    call_init(&k, "cannot follow the action", "/v1/async-actions/");
    call_put_path(&k, f->id);
    call_put_path(&k, "/events");
    k.silence_max_s = STREAM_SILENCE_S;
    k.sink = on_piece;
    k.sink_arg = &s;
    sse_init(&s.sse, on_event, &s);
    const int rc = client_run(f->client, &k, err);
    sse_release(&s.sse);
    call_release(&k);
    *live = s.heard;
    if (s.ended)
        return STEP_ENDED;
    /* A stream that is not understood, or not there, is no reason to give up: the question is. */
    if (rc == 0 || (!interrupt_seen() && !k.lost))
        return STEP_AGAIN;
    return step_of_failure(&k);
}

/* ---- the question ---- */

/* The action as it is, in *json; `wait` lets the server answer when it has ended. */
static enum step ask(struct follow *f, const char *wait, struct buf *json, struct err *err)
{
    struct call k;
    struct action_info ac;
    enum step step = STEP_ERROR;
    call_init(&k, "cannot read the action", "/v1/async-actions/");
    call_put_path(&k, f->id);
    call_put_query(&k, "wait", wait);
    k.silence_max_s = WAIT_SILENCE_S;
    arena_reset(&f->scratch);
    if (client_run(f->client, &k, err) < 0) {
        step = step_of_failure(&k);
    } else if (action_info_read(&f->scratch, buf_str(&k.body), &ac, err) == 0) {
        heard(f);
        step = action_info_has_ended(&ac) ? STEP_ENDED : STEP_AGAIN;
        if (step == STEP_AGAIN)
            show(f, ac.status,
                 &(struct action_event){ .progress = ac.progress,
                                         .rows = -1,
                                         .rows_per_second = -1,
                                         .seconds_left = -1 });
    }
    buf_reset(json);
    buf_puts(json, buf_str(&k.body));
    call_release(&k);
    return step;
}

/* ---- both ---- */

/* -1: it has been gone for too long. Time runs from the first failure on, so that there is another
 * try in any case, also when it took long to notice. */
static int wait_for_server(struct follow *f, struct err *err)
{
    const int64_t now_us = time_monotonic_us();
    if (f->lost_us == 0) {
        f->lost_us = now_us;
        f->pause_ms = PAUSE_LEAST_MS;
        progress_note(f->progress, "%s; trying again", err->msg);
    } else if (now_us - f->lost_us >= f->retry_ms * 1000) {
        return -1;
    }
    interrupt_sleep_ms(f->pause_ms);
    f->pause_ms = f->pause_ms * 2 < PAUSE_MOST_MS ? f->pause_ms * 2 : PAUSE_MOST_MS;
    return interrupt_seen() ? -1 : 0;
}

/* Streams while streams get through. After one that did not, the question waits; otherwise it only
 * asks how the action has ended. */
static enum step try_once(struct follow *f, struct buf *json, struct err *err)
{
    bool live = false;
    const enum step streamed = try_stream(f, &live, err);
    if (streamed == STEP_LOST || streamed == STEP_ERROR)
        return streamed;
    return ask(f, live ? NULL : WAIT_S, json, err);
}

/* 0: the action has ended. */
static int try_all(struct follow *f, struct buf *json, struct err *err)
{
    for (;;) {
        const enum step step = try_once(f, json, err);
        if (step == STEP_ENDED)
            return 0;
        if (step == STEP_ERROR || (step == STEP_LOST && wait_for_server(f, err) < 0))
            return -1;
        if (step == STEP_AGAIN) /* something that cuts every stream is not to be kept busy */
            interrupt_sleep_ms(PAUSE_LEAST_MS);
    }
}

int follow_to_end(struct follow *f, struct buf *json, struct err *err)
{
    arena_init(&f->scratch, 64 * KIB, MIB);
    f->lost_us = 0;
    progress_begin(f->progress, 0);
    const int rc = try_all(f, json, err);
    progress_clear(f->progress);
    arena_release(&f->scratch);
    return rc < 0 ? -1 : buf_ok(json, err);
}
