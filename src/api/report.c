/* SPDX-License-Identifier: MIT */
/*
 * report.c - see report.h.
 *
 * Input is loaded by windows on an offload thread; lines are written in the event thread as the
 * client takes them. Memory of a report: what report_rows.h says, and a block of lines; of all:
 * REPORTS_MAX times that.
 */
#include "api/report.h"
#include "api/api_priv.h"
#include "api/places.h"
#include "base/log.h"

#define REPORTS_MAX    2
#define TEXT_BYTES     (32 * KIB)             /* lines made at a time */
#define TEXT_MAX_BYTES (TEXT_BYTES + 8 * MIB) /* and one line of any length */

struct report {
    struct request *rq;
    struct api *api;
    struct report_order order;
    struct place_wait place;

    struct report_rows rows;
    enum { REPORT_NEEDS_LOAD, REPORT_HAS_ROWS, REPORT_DONE, REPORT_BROKEN } state;
    struct offload_job job;
    struct buf text; /* lines to be sent, from `sent` on */
    size_t sent;
};

static void break_off(struct report *rp, const struct err *err)
{
    log_event(LOG_ERROR, "stream_failed", LOG_STR("request_id", rp->rq->id),
              LOG_STR("error", err->msg));
    rp->state = REPORT_BROKEN;
}

/* In an offload thread. */
static void run_load(void *arg)
{
    struct report *rp = arg;
    struct err err = { 0 };
    rp->state = REPORT_HAS_ROWS;
    if (rows_load(&rp->rows, &err) < 0)
        break_off(rp, &err);
    request_resume(rp->rq);
}

/* ---- the stream ---- */

/* Some lines, as far as what is loaded goes. */
static int put_lines(struct report *rp, struct err *err)
{
    struct report_row row;
    enum rows_step step = ROWS_ONE;
    buf_reset(&rp->text);
    rp->sent = 0;
    while (rp->text.len < TEXT_BYTES && !rp->text.failed && step == ROWS_ONE) {
        step = rows_next(&rp->rows, &row, err);
        if (step == ROWS_BROKEN)
            return -1;
        if (step == ROWS_ONE)
            rp->order.layout->put_row(&rp->text, &row);
    }
    if (step == ROWS_LOAD)
        rp->state = REPORT_NEEDS_LOAD;
    if (step == ROWS_END)
        rp->state = REPORT_DONE;
    return buf_ok(&rp->text, err);
}

static ssize_t send_text(struct report *rp, char *out, size_t max)
{
    const size_t left = rp->text.len - rp->sent;
    const size_t n = left < max ? left : max;
    memcpy(out, rp->text.p + rp->sent, n);
    rp->sent += n;
    return (ssize_t)n;
}

static ssize_t report_pull(void *arg, char *out, size_t max)
{
    struct report *rp = arg;
    struct err err = { 0 };
    while (rp->sent == rp->text.len) {
        if (rp->state == REPORT_DONE)
            return STREAM_END;
        if (rp->state == REPORT_BROKEN || request_is_draining(rp->rq))
            return STREAM_BROKEN;
        if (rp->state == REPORT_NEEDS_LOAD) {
            request_offload(rp->rq, &rp->job);
            return 0;
        }
        if (put_lines(rp, &err) < 0) {
            buf_reset(&rp->text);
            break_off(rp, &err);
        }
    }
    return send_text(rp, out, max);
}

static void report_free(void *arg)
{
    struct report *rp = arg;
    rows_close(&rp->rows);
    buf_release(&rp->text);
    atomic_fetch_sub(&rp->api->reports_running, 1);
}

/* ---- start ---- */

static int reply_report(struct report *rp, struct response *rs, struct err *err)
{
    const struct report_order *o = &rp->order;
    const char *disposition =
        arena_printf(&rp->rq->arena, "attachment; filename=\"%s\"", o->file_name);
    if (disposition == NULL)
        return err_nomem(err);
    if (rows_open(&rp->rows, rp->api, o->action, o->first, o->end, &rp->rq->arena, err) < 0)
        return -1;
    o->layout->put_head(&rp->text, rp->rows.kind->key_name);
    if (buf_ok(&rp->text, err) < 0)
        return -1;
    reply_header(rs, "Content-Disposition", disposition);
    reply_stream(rs, "text/csv; charset=utf-8",
                 (struct stream){ .pull = report_pull, .free = report_free, .arg = rp });
    return 0;
}

/* The place is taken; report_free() gives it back. */
static int start_report(struct request *rq, struct response *rs, struct err *err)
{
    struct report *rp = rq->state;
    buf_init(&rp->text, TEXT_MAX_BYTES);
    rp->job = (struct offload_job){ .run = run_load, .arg = rp };
    const int rc = reply_report(rp, rs, err);
    if (rc < 0)
        report_free(rp);
    return rc;
}

int report_send(struct request *rq, struct response *rs, const struct report_order *order,
                struct err *err)
{
    struct report *rp = arena_calloc(&rq->arena, sizeof(*rp));
    if (rp == NULL)
        return err_nomem(err);
    rp->rq = rq;
    rp->api = api_of(rq);
    rp->order = *order;
    rp->place = (struct place_wait){ .running = &rp->api->reports_running,
                                     .most = REPORTS_MAX,
                                     .busy = "too many reports are being read",
                                     .start = start_report,
                                     .state = rp };
    return place_take(rq, rs, &rp->place, err);
}
