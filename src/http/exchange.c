/* SPDX-License-Identifier: MIT */
/*
 * exchange.c - the way of one request through libmicrohttpd.
 *
 * The library calls exchange_access() with the headers, with each piece of the body, and when the
 * body is complete; after a resume it repeats the last kind of call. So: headers are judged (path,
 * credentials, type of the body) before a byte of the body is asked for, and handlers run only in
 * the last kind.
 *
 * The library can not queue a response in the middle of a body, and closing there resets the
 * connection: the client would never see why. A request that is refused while its body is in flight
 * is therefore read on and dropped, within bounds, and answered at its end. Where much is left, the
 * answer is written past the library at once (answer_early), and the dropping gives the client
 * time to read it; such a connection is closed.
 */
#include <sys/socket.h>

#include "base/log.h"
#include "base/num.h"
#include "base/time_iso.h"
#include "http/errors.h"
#include "http/http_priv.h"
#include "http/url.h"

#define DROP_MAX_BYTES      (64 * MIB)
#define WAIT_FOR_END_BYTES  MIB /* with less than this to come, the answer waits for the end */
#define DROP_MAX_US         ((int64_t)5 * 1000 * 1000)
#define CLOSED_TIMEOUT_S    2 /* for what has arrived of a chunked body whose client has closed */
#define FORM_MAX_BYTES      (64 * KIB)
#define REQUEST_BLOCK_BYTES (4 * KIB) /* of the arena: most requests need one block */

/* ---- headers ---- */

static const char *const known_methods[] = { "GET",   "POST",    "PUT", "DELETE",
                                             "PATCH", "OPTIONS", "HEAD" };

/* A text of ours for the client's method, which may be anything. */
static const char *method_name(const char *method)
{
    for (size_t i = 0; i < ARRAY_LEN(known_methods); i++) {
        if (strcmp(method, known_methods[i]) == 0)
            return known_methods[i];
    }
    return "other";
}

struct query_reader {
    struct request *rq;
    struct query_param **end;
    bool failed;
};

/* The library has turned each + into a blank; the rest is still encoded. */
static enum MHD_Result read_param(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    struct query_reader *q = cls;
    struct query_param *p = arena_calloc(&q->rq->arena, sizeof(*p));
    (void)kind;
    if (p != NULL) {
        p->name = url_decode(&q->rq->arena, (struct str){ name, name_len });
        p->value = url_decode(&q->rq->arena, (struct str){ value != NULL ? value : "",
                                                           value != NULL ? value_len : 0 });
    }
    if (p == NULL || p->name.p == NULL || p->value.p == NULL) {
        q->failed = true;
        return MHD_NO;
    }
    *q->end = p;
    q->end = &p->next;
    return MHD_YES;
}

static int read_query(struct exchange *x, struct err *err)
{
    struct query_param *first = NULL;
    struct query_reader q = { .rq = &x->rq, .end = &first };
    MHD_get_connection_values_n(x->con, MHD_GET_ARGUMENT_KIND, read_param, &q);
    x->rq.query = first;
    return q.failed ? err_nomem(err) : 0;
}

static int find_route(struct exchange *x, const char *url, const char *method, struct err *err)
{
    struct request *rq = &x->rq;
    struct str segments[URL_SEGMENTS_MAX];
    struct route_match match = { 0 };
    rq->path = str_of(url);
    const int n = url_split(&rq->arena, rq->path, segments);
    if (n < 0)
        return err_nomem(err);
    if (n > URL_SEGMENTS_MAX)
        return err_set(err, ERR_NOT_FOUND, "no endpoint has this path");
    const int rc = route_find(x->server->routes, x->server->n_routes, method, segments, (size_t)n,
                              &rq->arena, &match, err);
    rq->route = match.route;
    rq->allow = match.allow;
    memcpy(rq->args, match.args, sizeof(rq->args));
    return rc;
}

static int64_t content_length(const struct exchange *x)
{
    int64_t n;
    return num_parse_i64(request_header(&x->rq, "Content-Length"), &n) ? n : -1;
}

/* INT64_MAX: unknown, the body is chunked. */
static int64_t body_left(const struct exchange *x)
{
    const int64_t n = content_length(x);
    return n >= 0 ? n - (int64_t)x->bytes_in : INT64_MAX;
}

static bool has_body(const struct exchange *x)
{
    return content_length(x) > 0 || request_header(&x->rq, "Transfer-Encoding").p != NULL;
}

static bool is_type(struct str type, struct str wanted)
{
    struct str rest;
    return str_eq_nocase(str_trim(str_cut(type, ';', &rest)), wanted);
}

/* A body whose type is not said is taken for what the route expects. */
static int check_type(struct exchange *x, struct str type, struct err *err)
{
    const enum route_body body = x->rq.route->body;
    if (type.p == NULL || !has_body(x))
        return 0;
    const bool json = is_type(type, STR("application/json"));
    x->form_is_json = body == BODY_FORM && json;
    if ((body == BODY_JSON || body == BODY_RECORDS) && !json)
        return err_set(err, ERR_MEDIA_TYPE, "Content-Type should be application/json");
    if (body == BODY_FORM && !json && !is_type(type, STR("application/x-www-form-urlencoded")))
        return err_set(err, ERR_MEDIA_TYPE,
                       "Content-Type should be application/x-www-form-urlencoded");
    return 0;
}

/* How many bytes the body may have; 0: any number. */
static size_t body_limit(const struct exchange *x)
{
    const struct server_config *c = &x->server->config;
    const bool whole = c->json_max_bytes == 0 || c->json_max_bytes > JSON_WHOLE_MAX_BYTES;
    switch (x->rq.route != NULL ? x->rq.route->body : BODY_NONE) {
    case BODY_JSON:
        return whole ? JSON_WHOLE_MAX_BYTES : c->json_max_bytes;
    case BODY_RECORDS:
        return c->json_max_bytes;
    case BODY_MULTIPART:
        return c->csv_max_bytes;
    case BODY_FORM:
        return FORM_MAX_BYTES;
    case BODY_NONE:
        break;
    }
    return 0;
}

static int check_length(const struct exchange *x, int64_t bytes, struct err *err)
{
    const size_t limit = body_limit(x);
    if (limit > 0 && bytes > (int64_t)limit)
        return err_set(err, ERR_TOO_LARGE, "the body is too large");
    return 0;
}

static int begin_body(struct exchange *x, struct str type, struct err *err)
{
    struct request *rq = &x->rq;
    struct spool *spool = x->server->config.spool;
    switch (rq->route->body) {
    case BODY_MULTIPART:
        if (fingerprint_begin(rq, err) < 0)
            return -1;
        return form_begin(&rq->form, &rq->arena, spool, rq->fingerprint, type, err);
    case BODY_RECORDS:
        if (fingerprint_begin(rq, err) < 0)
            return -1;
        return json_body_begin(&rq->arena, spool, rq->route->records, &rq->records, err);
    case BODY_JSON:
    case BODY_FORM:
        buf_init(&x->body, body_limit(x));
        break;
    case BODY_NONE:
        break;
    }
    return 0;
}

/* Refuses what need not be read. */
static int check_body(struct exchange *x, struct err *err)
{
    const struct str type = request_header(&x->rq, "Content-Type");
    if (check_type(x, type, err) < 0 || check_length(x, content_length(x), err) < 0)
        return -1;
    return begin_body(x, type, err);
}

static int read_headers(struct exchange *x, const char *url, const char *method, struct err *err)
{
    if (find_route(x, url, method, err) < 0 || read_query(x, err) < 0)
        return -1;
    if (request_is_draining(&x->rq) && x->rq.route->auth != AUTH_NONE)
        return err_set(err, ERR_BUSY, "the server is stopping");
    if (x->rq.route->auth != AUTH_NONE && x->server->config.authenticate(&x->rq, err) < 0)
        return -1;
    return check_body(x, err);
}

/* ---- answers ---- */

static void log_failure(const struct exchange *x, const struct err *err)
{
    if (err_info(err->code)->status >= 500)
        log_event(LOG_ERROR, "request_failed", LOG_STR("request_id", x->rq.id),
                  LOG_STR("route", x->rq.route != NULL ? x->rq.route->pattern : ""),
                  LOG_STR("error", err->msg));
}

static enum MHD_Result answer_error(struct exchange *x, const struct err *err)
{
    struct response rs = { 0 };
    buf_init(&rs.body, RESPONSE_MAX_BYTES);
    log_failure(x, err);
    errors_reply(&x->rq, &rs, err, body_limit(x));
    return answer_queue(x, &rs);
}

/* From now on the answer is this error, and the body is dropped. */
static void refuse(struct exchange *x, const struct err *err)
{
    x->refused = true;
    x->err = *err;
    x->drop_until_us = time_monotonic_us() + DROP_MAX_US;
    form_release(&x->rq.form);
    json_body_release(x->rq.records);
    buf_release(&x->body);
}

/* The answer to an upload of which too much is left to wait for its end. */
static void answer_early(struct exchange *x)
{
    struct response rs = { 0 };
    buf_init(&rs.body, RESPONSE_MAX_BYTES);
    log_failure(x, &x->err);
    errors_reply(&x->rq, &rs, &x->err, body_limit(x));
    answer_raw(x, &rs);
    buf_release(&rs.body);
    x->answered = true;
}

/* Refused while its body is coming in, or about to. */
static enum MHD_Result refuse_body(struct exchange *x, const struct err *err)
{
    refuse(x, err);
    if (body_left(x) > (int64_t)WAIT_FOR_END_BYTES)
        answer_early(x);
    return MHD_YES;
}

/*
 * Refused by its headers. A client that waits for our word before it sends the body gets it now. A
 * request without a body is answered in its last call like any other: a response to the first one
 * makes the library close the connection.
 */
static enum MHD_Result refuse_headers(struct exchange *x, const struct err *err)
{
    if (has_body(x) && request_header(&x->rq, "Expect").p == NULL)
        return refuse_body(x, err);
    refuse(x, err);
    return has_body(x) ? answer_error(x, err) : MHD_YES;
}

/* ---- body ---- */

static int take_body(struct exchange *x, const char *data, size_t n, struct err *err)
{
    if (check_length(x, (int64_t)x->bytes_in, err) < 0)
        return -1;
    switch (x->rq.route->body) {
    case BODY_MULTIPART:
        return form_feed(&x->rq.form, data, n, err);
    case BODY_RECORDS:
        fingerprint_add(x->rq.fingerprint, data, n);
        return json_body_feed(x->rq.records, data, n, err);
    case BODY_JSON:
    case BODY_FORM:
        buf_put(&x->body, data, n);
        return buf_ok(&x->body, err);
    case BODY_NONE:
        break;
    }
    return 0;
}

/*
 * Whether the client has closed in the middle of its body. The library waits for an edge of epoll
 * that has come already when the end arrived together with the last data, and would keep the upload
 * until the idle timeout; so we look ourselves. Of a chunked body the rest may be in the library's
 * buffer still, and is read from there at once; if nothing of it comes, the timeout is a short one.
 */
static bool client_has_left(const struct exchange *x)
{
    char next;
    if (body_left(x) <= 0)
        return false;
    const int fd = MHD_get_connection_info(x->con, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
        return false;
    if (body_left(x) != INT64_MAX)
        return true;
    MHD_set_connection_option(x->con, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)CLOSED_TIMEOUT_S);
    return false;
}

static enum MHD_Result on_body(struct exchange *x, const char *data, size_t n)
{
    struct err err = { 0 };
    x->bytes_in += n;
    if (client_has_left(x))
        return MHD_NO;
    if (!x->refused)
        return take_body(x, data, n, &err) < 0 ? refuse_body(x, &err) : MHD_YES;
    x->dropped_bytes += n;
    if (x->dropped_bytes <= DROP_MAX_BYTES && time_monotonic_us() < x->drop_until_us)
        return MHD_YES;
    if (!x->answered)
        log_failure(x, &x->err);
    return MHD_NO; /* closes the connection */
}

/* ---- running ---- */

/* The body is complete: makes it ready for the handler. */
static int end_body(struct exchange *x, struct err *err)
{
    int rc = 0;
    if (x->rq.route->body == BODY_MULTIPART)
        rc = form_end(&x->rq.form, err);
    else if (x->rq.route->body == BODY_RECORDS)
        rc = json_body_end(x->rq.records, err);
    x->rq.body = buf_str(&x->body);
    fingerprint_end(&x->rq);
    return rc;
}

static int run_handler(struct exchange *x, struct response *rs, struct err *err)
{
    struct request *rq = &x->rq;
    if (x->started)
        return rq->finish(rq, rs, err);
    x->started = true;
    if (request_is_draining(rq) && rq->route->auth != AUTH_NONE)
        return err_set(err, ERR_BUSY, "the server is stopping");
    if (end_body(x, err) < 0)
        return -1;
    return rq->route->handler(rq, rs, err);
}

static enum MHD_Result run(struct exchange *x)
{
    struct response rs = { 0 };
    struct err err = { 0 };
    if (x->refused)
        return x->answered ? MHD_NO : answer_error(x, &x->err);
    buf_init(&rs.body, RESPONSE_MAX_BYTES);
    const int rc = run_handler(x, &rs, &err);
    if (rc == 0)
        return answer_queue(x, &rs);
    buf_release(&rs.body);
    return rc == HTTP_LATER ? MHD_YES : answer_error(x, &err);
}

/* ---- life ---- */

static struct exchange *exchange_new(struct server *s, struct MHD_Connection *con,
                                     const char *method)
{
    struct exchange *x = mem_calloc(1, sizeof(*x));
    if (x == NULL)
        return NULL;
    x->server = s;
    x->con = con;
    x->refs = 1;
    x->begun_us = time_monotonic_us();
    x->rq.method = method_name(method);
    x->rq.app = s->config.app;
    arena_init(&x->rq.arena, REQUEST_BLOCK_BYTES, 0);
    id_new_request(x->rq.id);
    atomic_fetch_add(&s->n_active, 1);
    return x;
}

void exchange_unref(struct exchange *x)
{
    if (--x->refs > 0)
        return;
    struct server *s = x->server;
    form_release(&x->rq.form);
    json_body_release(x->rq.records);
    buf_release(&x->body);
    arena_release(&x->rq.arena);
    mem_free(x);
    atomic_fetch_sub(&s->n_active, 1);
}

static void log_request(const struct exchange *x)
{
    const struct request *rq = &x->rq;
    log_event(LOG_INFO, "request", LOG_STR("request_id", rq->id), LOG_STR("method", rq->method),
              LOG_STR("route", rq->route != NULL ? rq->route->pattern : ""),
              LOG_INT("status", x->status),
              LOG_INT("duration_us", time_monotonic_us() - x->begun_us),
              LOG_INT("bytes_in", x->bytes_in), LOG_INT("bytes_out", x->bytes_out),
              LOG_STR("project", rq->project_id != NULL ? rq->project_id : ""));
}

void exchange_completed(void *cls, struct MHD_Connection *con, void **slot,
                        enum MHD_RequestTerminationCode how)
{
    struct exchange *x = *slot;
    (void)cls;
    (void)con;
    (void)how;
    if (x == NULL)
        return;
    *slot = NULL;
    log_request(x);
    exchange_unref(x);
}

enum MHD_Result exchange_access(void *cls, struct MHD_Connection *con, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *n, void **slot)
{
    struct exchange *x = *slot;
    struct err err = { 0 };
    (void)version;
    if (x == NULL) {
        x = exchange_new(cls, con, method);
        *slot = x;
        if (x == NULL)
            return MHD_NO;
        return read_headers(x, url, method, &err) < 0 ? refuse_headers(x, &err) : MHD_YES;
    }
    if (*n == 0)
        return run(x);
    const size_t got = *n;
    *n = 0;
    return on_body(x, data, got);
}
