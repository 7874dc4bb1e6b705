/* SPDX-License-Identifier: MIT */
/* errors.c - see errors.h. */
#include <stdio.h>

#include "http/errors.h"

/* A path may hold any bytes; what is no UTF-8 in a text we give back becomes U+FFFD. */
static void put_text(struct json_out *o, struct str s)
{
    struct buf clean;
    buf_init(&clean, 64 * KIB);
    while (s.len > 0) {
        const size_t good = str_utf8_invalid_at(s);
        buf_put(&clean, s.p, good);
        if (good == s.len)
            break;
        buf_puts(&clean, STR("\xEF\xBF\xBD"));
        s = (struct str){ s.p + good + 1, s.len - good - 1 };
    }
    json_str(o, buf_str(&clean));
    buf_release(&clean);
}

/* The two errors that come before the API proper. */
static void put_transport_error(struct json_out *o, const struct err_info *info, struct str message)
{
    json_object(o);
    json_key(o, "statusCode");
    json_int(o, info->status);
    json_key(o, "error");
    json_str(o, info->status == 413 ? str_of(info->message) : STR("Bad Request"));
    json_key(o, "message");
    json_str(o, message);
    json_object_end(o);
}

static struct str about_resource(struct request *rq, const char *before, const char *between)
{
    struct buf text;
    buf_init(&text, 64 * KIB);
    buf_printf(&text, "%s %s %s %.*s", before, rq->resource_type, between,
               STR_FMT(rq->resource_id));
    const struct str kept = arena_str(&rq->arena, buf_str(&text));
    buf_release(&text);
    return kept;
}

/* Errors that the reference shows without. */
static bool has_details(enum err_code code)
{
    return code != ERR_UNAUTHORIZED && code != ERR_INVALID_GRANT && code != ERR_INVALID_SCOPE &&
           code != ERR_MISSING_PARAMETERS;
}

/* What the details of an error are; {NULL,0}: none. */
static struct str details_of(struct request *rq, const struct err *err, const struct err_info *info)
{
    const bool ours = info->status >= 500 && err->code != ERR_TOO_SLOW; /* that says what to do */
    if (ours || !has_details(err->code))
        return (struct str){ NULL, 0 };
    if (rq->details.p != NULL)
        return rq->details;
    if (rq->resource_type != NULL && err->code == ERR_NOT_FOUND)
        return about_resource(rq, "Cannot find", "with id");
    if (rq->resource_type != NULL && err->code == ERR_DUPLICATE)
        return about_resource(rq, "Duplicated", "exists with id");
    return str_of(err->msg);
}

/* An unknown scope is named in the message itself. */
static struct str message_of(const struct err *err, const struct err_info *info)
{
    return str_of(err->code == ERR_INVALID_SCOPE ? err->msg : info->message);
}

static void put_api_error(struct json_out *o, struct request *rq, const struct err *err,
                          const struct err_info *info)
{
    const struct str details = details_of(rq, err, info);
    json_object(o);
    json_key(o, "code");
    json_int(o, info->status);
    json_key(o, "message");
    put_text(o, message_of(err, info));
    json_key(o, "key");
    json_str(o, str_of(info->key));
    if (details.len > 0) {
        json_key(o, "details");
        put_text(o, details);
    }
    json_key(o, "request_id");
    json_str(o, str_of(rq->id));
    if (rq->resource_type != NULL) {
        json_key(o, "resource_id");
        put_text(o, rq->resource_id);
        json_key(o, "resource_type");
        json_str(o, str_of(rq->resource_type));
    }
    json_object_end(o);
}

static void put_headers(struct request *rq, struct response *rs, const struct err_info *info)
{
    if (info->status == 405 && rq->allow != NULL)
        reply_header(rs, "Allow", rq->allow);
    if (info->status == HTTP_UNAVAILABLE)
        reply_header(rs, "Retry-After", "1");
}

void errors_reply(struct request *rq, struct response *rs, const struct err *err, size_t max_bytes)
{
    const struct err_info *info = err_info(err->code);
    struct json_out o = { .b = &rs->body };
    char too_large[96];
    snprintf(too_large, sizeof(too_large),
             "Payload content length greater than maximum allowed: %zu", max_bytes);
    buf_reset(&rs->body);
    rs->n_headers = 0;
    rs->status = info->status;
    if (err->code == ERR_TOO_LARGE)
        put_transport_error(&o, info, str_of(too_large));
    else if (err->code == ERR_INVALID_JSON)
        put_transport_error(&o, info, str_of(info->message));
    else
        put_api_error(&o, rq, err, info);
    if (rs->body.failed)
        buf_reset(&rs->body); /* better none than half a body */
    put_headers(rq, rs, info);
}
