/* SPDX-License-Identifier: MIT */
/*
 * export_csv.c - the file of an export.
 *
 * A page of records is read on an offload thread, its lines are written in the event thread as the
 * client takes them, then the next page is read: no store transaction is open while something is
 * sent. Memory of an export: a page, and some lines; of all: EXPORTS_MAX times that.
 *
 * A cell is never changed to keep a spreadsheet from calculating: codes have to come back as they
 * are.
 */
#include "api/export_csv.h"

#include "api/api_priv.h"
#include "api/export_plan.h"
#include "api/places.h"
#include "api/signing.h"
#include "base/log.h"
#include "base/time_iso.h"
#include "formats/csv.h"

#define EXPORTS_MAX     2
#define PAGE_KEEP_BYTES (8 * MIB)
#define TEXT_BYTES      (32 * KIB)              /* lines made at a time */
#define TEXT_MAX_BYTES  (TEXT_BYTES + 64 * MIB) /* and one line of any length */

struct download {
    struct request *rq;
    struct api *api;
    struct export_plan plan;
    struct export_reader *reader; /* the page is there */
    struct place_wait place;
    struct offload_job job;
    enum { EXPORT_NEEDS_PAGE, EXPORT_HAS_ROWS, EXPORT_DONE, EXPORT_BROKEN } state;
    size_t next_row; /* of the page */

    struct arena row_arena;
    struct buf cell;
    struct buf text; /* lines to be sent, from `sent` on */
    size_t sent;
};

/* ---- loading, in an offload thread ---- */

static int load_page(struct download *x, struct err *err)
{
    struct export_reader *r = x->reader;
    arena_reset(&r->page);
    x->next_row = 0;
    if (x->plan.resource->load(r, err) < 0)
        return -1;
    if (r->n > 0)
        x->state = EXPORT_HAS_ROWS;
    else if (r->done)
        x->state = EXPORT_DONE;
    return 0;
}

static void download_break(struct download *x, const struct err *err)
{
    log_event(LOG_ERROR, "stream_failed", LOG_STR("request_id", x->rq->id),
              LOG_STR("error", err->msg));
    x->state = EXPORT_BROKEN;
}

static void run_load(void *arg)
{
    struct download *x = arg;
    struct err err = { 0 };
    if (load_page(x, &err) < 0)
        download_break(x, &err);
    request_resume(x->rq);
}

/* ---- lines ---- */

static void end_cell(struct download *x, size_t column)
{
    csv_put_cell(&x->text, buf_str(&x->cell));
    buf_putc(&x->text, column + 1 < x->plan.n_columns ? ',' : '\n');
    buf_reset(&x->cell);
}

static int put_headings(struct download *x, struct err *err)
{
    for (size_t i = 0; i < x->plan.n_columns; i++) {
        export_put_heading(&x->cell, &x->plan.columns[i]);
        end_cell(x, i);
    }
    return buf_ok(&x->text, err);
}

static int put_line(struct download *x, size_t at, struct err *err)
{
    struct export_row *row = x->plan.resource->row(x->reader, at);
    row->arena = &x->row_arena;
    arena_reset(&x->row_arena);
    for (size_t i = 0; i < x->plan.n_columns; i++) {
        if (export_put_cell(&x->cell, &x->plan.columns[i], row, err) < 0 ||
            buf_ok(&x->cell, err) < 0)
            return -1;
        end_cell(x, i);
    }
    return buf_ok(&x->text, err);
}

/* Some lines, as far as the page goes. */
static int put_lines(struct download *x, struct err *err)
{
    buf_reset(&x->text);
    x->sent = 0;
    while (x->text.len < TEXT_BYTES && x->next_row < x->reader->n) {
        if (put_line(x, x->next_row++, err) < 0)
            return -1;
    }
    if (x->next_row == x->reader->n)
        x->state = x->reader->done ? EXPORT_DONE : EXPORT_NEEDS_PAGE;
    return 0;
}

/* ---- the stream ---- */

static ssize_t send_text(struct download *x, char *out, size_t max)
{
    const size_t left = x->text.len - x->sent;
    const size_t n = left < max ? left : max;
    memcpy(out, x->text.p + x->sent, n);
    x->sent += n;
    return (ssize_t)n;
}

static ssize_t download_pull(void *arg, char *out, size_t max)
{
    struct download *x = arg;
    struct err err = { 0 };
    while (x->sent == x->text.len) {
        if (x->state == EXPORT_DONE)
            return STREAM_END;
        if (x->state == EXPORT_BROKEN || request_is_draining(x->rq))
            return STREAM_BROKEN;
        if (x->state == EXPORT_NEEDS_PAGE) {
            request_offload(x->rq, &x->job);
            return 0;
        }
        if (put_lines(x, &err) < 0)
            download_break(x, &err);
    }
    return send_text(x, out, max);
}

static void download_free(void *arg)
{
    struct download *x = arg;
    arena_release(&x->reader->page);
    arena_release(&x->row_arena);
    buf_release(&x->cell);
    buf_release(&x->text);
    atomic_fetch_sub(&x->api->exports_running, 1);
}

/* ---- start ---- */

/* The export that the link names. NULL: its 404, or an error. */
static struct stored_export *find_export(struct request *rq, int64_t *project_id, struct err *err)
{
    struct link link = { .purpose = EXPORT_LINK };
    const struct id_secret *secret = store_secret(api_of(rq)->store);
    struct stored_export *e = NULL;
    if (id_decode(secret, ID_EXPORT, rq->args[0], &link.id) &&
        link_verify(secret, &link, request_query(rq, "token"), time_now_ms()) &&
        store_find_export(api_of(rq)->store, &rq->arena, link.project_id, link.id, &e, err) < 0) {
        err_wrap(err, "cannot look up an export");
        return NULL;
    }
    *project_id = link.project_id;
    if (e == NULL)
        reply_not_found(rq, "export", rq->args[0], err);
    return e;
}

static int read_plan(struct request *rq, const struct stored_export *e, struct download *x,
                     struct err *err)
{
    struct json *params = NULL;
    if (json_parse(&rq->arena, e->params, &params, err) == 0 &&
        export_plan_read(rq, export_resource_of(e->resource), params, &x->plan, err) == 0)
        return 0;
    if (err->code != ERR_NOMEM)
        err->code = ERR_STORE; /* they were checked when they came */
    return err_wrap(err, "cannot read an export's parameters");
}

static int make_reader(struct download *x, int64_t project_id, struct err *err)
{
    const struct export_resource *resource = x->plan.resource;
    struct export_reader *r = x->reader = arena_calloc(&x->rq->arena, resource->reader_bytes);
    if (r == NULL)
        return err_nomem(err);
    r->store = x->api->store;
    r->project_id = project_id;
    r->plan = &x->plan;
    resource->init(r);
    return 0;
}

static void download_init(struct download *x)
{
    x->job = (struct offload_job){ .run = run_load, .arg = x };
    arena_init(&x->reader->page, 64 * KIB, PAGE_KEEP_BYTES);
    arena_init(&x->row_arena, 4 * KIB, 64 * KIB);
    buf_init(&x->cell, TEXT_MAX_BYTES);
    buf_init(&x->text, TEXT_MAX_BYTES);
}

/* Has a place; download_free() gives it back. */
static int start_download(struct request *rq, struct response *rs, struct err *err)
{
    struct download *x = rq->state;
    const char *name =
        arena_printf(&rq->arena, "attachment; filename=\"%.*s.csv\"", STR_FMT(rq->args[0]));
    download_init(x);
    if (name == NULL || put_headings(x, err) < 0) {
        download_free(x);
        return name == NULL ? err_nomem(err) : -1;
    }
    reply_header(rs, "Content-Disposition", name);
    reply_header(rs, "Cache-Control", "no-store");
    reply_stream(rs, "text/csv; charset=utf-8",
                 (struct stream){ .pull = download_pull, .free = download_free, .arg = x });
    return 0;
}

int export_download(struct request *rq, struct response *rs, struct err *err)
{
    struct download *x = arena_calloc(&rq->arena, sizeof(*x));
    int64_t project_id = 0;
    if (x == NULL)
        return err_nomem(err);
    x->rq = rq;
    x->api = api_of(rq);
    const struct stored_export *e = find_export(rq, &project_id, err);
    if (e == NULL || read_plan(rq, e, x, err) < 0 || make_reader(x, project_id, err) < 0)
        return -1;
    x->place = (struct place_wait){ .running = &x->api->exports_running,
                                    .most = EXPORTS_MAX,
                                    .busy = "too many exports are being read",
                                    .start = start_download,
                                    .state = x };
    return place_take(rq, rs, &x->place, err);
}
