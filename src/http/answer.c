/* SPDX-License-Identifier: MIT */
/* answer.c - responses: what handlers say, and what libmicrohttpd makes of it. */
#include <stdio.h>
#include <sys/socket.h>

#include "base/time_iso.h"
#include "http/http_priv.h"

#define STREAM_BLOCK_BYTES (32 * KIB)

/* Nobody is limited here; the headers are there for clients that read them (reference 1.8). */
#define RATE_LIMIT "1000000"

#define JSON_TYPE "application/json; charset=utf-8"

int reply_json(struct response *rs, int status, struct err *err)
{
    rs->status = status;
    if (buf_ok(&rs->body, err) == 0)
        return 0;
    if (err->code == ERR_TOO_LARGE) /* that is for requests */
        err->code = ERR_INTERNAL;
    return err_wrap(err, "cannot write the response");
}

void reply_stream(struct response *rs, const char *content_type, struct stream stream)
{
    rs->status = HTTP_OK;
    rs->content_type = content_type;
    rs->stream = stream;
}

void reply_header(struct response *rs, const char *name, const char *value)
{
    if (rs->n_headers == RESPONSE_HEADERS_MAX)
        return;
    rs->headers[rs->n_headers].name = name;
    rs->headers[rs->n_headers].value = value;
    rs->n_headers++;
}

static int reply_resource(struct request *rq, enum err_code code, const char *type, struct str id,
                          struct err *err)
{
    rq->resource_type = type;
    rq->resource_id = id;
    return err_set(err, code, "%s", type);
}

int reply_not_found(struct request *rq, const char *type, struct str id, struct err *err)
{
    return reply_resource(rq, ERR_NOT_FOUND, type, id, err);
}

int reply_duplicate(struct request *rq, const char *type, struct str id, struct err *err)
{
    return reply_resource(rq, ERR_DUPLICATE, type, id, err);
}

/* ---- the library's side ---- */

static ssize_t pull_stream(void *cls, uint64_t pos, char *out, size_t max)
{
    struct exchange *x = cls;
    (void)pos;
    const ssize_t n = x->stream.pull(x->stream.arg, out, max);
    if (n == STREAM_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    x->bytes_out += (size_t)n;
    return n;
}

static void free_stream(void *cls)
{
    struct exchange *x = cls;
    if (x->stream.free != NULL)
        x->stream.free(x->stream.arg);
    exchange_unref(x);
}

static struct MHD_Response *response_of_stream(struct exchange *x, const struct response *rs)
{
    x->stream = rs->stream;
    x->refs++;
    struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES,
                                                               pull_stream, x, free_stream);
    if (r == NULL)
        free_stream(x);
    return r;
}

/* The buffer's memory goes over to the library. */
static struct MHD_Response *response_of_body(struct exchange *x, struct response *rs)
{
    struct MHD_Response *r = NULL;
    x->bytes_out = rs->body.len;
    if (rs->body.p != NULL)
        r = MHD_create_response_from_buffer_with_free_callback(rs->body.len, rs->body.p, mem_free);
    else
        r = MHD_create_response_from_buffer(0, (char[1]){ 0 }, MHD_RESPMEM_MUST_COPY);
    if (r == NULL)
        buf_release(&rs->body);
    return r;
}

static bool put_headers(struct MHD_Response *r, const struct exchange *x, const struct response *rs)
{
    char now[24];
    snprintf(now, sizeof(now), "%lld", (long long)(time_now_ms() / 1000));
    bool ok = MHD_add_response_header(r, "Content-Type",
                                      rs->content_type != NULL ? rs->content_type : JSON_TYPE) &&
              MHD_add_response_header(r, "X-Request-Id", x->rq.id) &&
              MHD_add_response_header(r, "X-Rate-Limit-Limit", RATE_LIMIT) &&
              MHD_add_response_header(r, "X-Rate-Limit-Remaining", RATE_LIMIT) &&
              MHD_add_response_header(r, "X-Rate-Limit-Retry", now);
    for (size_t i = 0; ok && i < rs->n_headers; i++)
        ok = MHD_add_response_header(r, rs->headers[i].name, rs->headers[i].value);
    return ok;
}

void answer_raw(struct exchange *x, const struct response *rs)
{
    struct buf text;
    const int fd = MHD_get_connection_info(x->con, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    buf_init(&text, 64 * KIB);
    buf_printf(&text,
               "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: %s\r\n"
               "X-Request-Id: %s\r\nContent-Length: %zu\r\n\r\n",
               rs->status, MHD_get_reason_phrase_for((unsigned)rs->status), JSON_TYPE, x->rq.id,
               rs->body.len);
    buf_puts(&text, buf_str(&rs->body));
    /* Nothing was sent on this connection for this request, so its buffer takes this much. */
    if (!text.failed && send(fd, text.p, text.len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
        x->status = rs->status;
        x->bytes_out = rs->body.len;
    }
    buf_release(&text);
}

enum MHD_Result answer_queue(struct exchange *x, struct response *rs)
{
    struct MHD_Response *r = NULL;
    enum MHD_Result result = MHD_NO;
    if (rs->stream.pull != NULL) {
        buf_release(&rs->body);
        r = response_of_stream(x, rs);
    } else {
        r = response_of_body(x, rs);
    }
    if (r == NULL)
        return MHD_NO;
    if (put_headers(r, x, rs)) {
        x->status = rs->status;
        result = MHD_queue_response(x->con, (unsigned)rs->status, r);
    }
    MHD_destroy_response(r);
    return result;
}
