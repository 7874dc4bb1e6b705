/* SPDX-License-Identifier: MIT */
/* json_body.c - see json_body.h. */
#include "http/json_body.h"

#define LINES_KEEP_BYTES (64 * KIB) /* a line that needed more is the exception */

/* What is in memory goes to the spool. */
static int move_lines(struct json_body *b, struct err *err)
{
    if (b->file == NULL && upload_begin(b->spool, &b->file, err) < 0)
        return -1;
    if (upload_write(b->file, b->lines.p, b->lines.len, err) < 0)
        return -1;
    if (b->lines.cap > LINES_KEEP_BYTES)
        buf_release(&b->lines);
    buf_reset(&b->lines);
    return 0;
}

/* Says which record it is about. */
static int name_item(int64_t index, struct err *err)
{
    char text[sizeof(err->msg)];
    memcpy(text, err->msg, sizeof(text));
    return err_set(err, err->code, "%s (item %lld)", text, (long long)index);
}

static int take_record(void *arg, int64_t index, const struct json *record, struct err *err)
{
    struct json_body *b = arg;
    const size_t before = b->lines.len;
    if (b->shape->check != NULL && b->shape->check(b->shape, record, err) < 0)
        return name_item(index, err);
    if (json_records_put(&b->reader, index, record, &b->lines, err) < 0)
        return -1;
    b->count++;
    b->bytes += (int64_t)(b->lines.len - before);
    return b->lines.len > JSON_BODY_KEPT_BYTES ? move_lines(b, err) : 0;
}

/* Null is not given. */
static int take_also(void *arg, const struct json *value, struct err *err)
{
    struct json_body *b = arg;
    struct buf text;
    b->also = (struct str){ NULL, 0 };
    if (value->type == JSON_NULL)
        return 0;
    if (value->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s must be object",
                       b->shape->text.also);
    buf_init(&text, JSON_BODY_ALSO_BYTES);
    json_put_tree(&(struct json_out){ .b = &text }, value);
    if (text.too_large)
        err_set(err, ERR_INVALID_PAYLOAD, "Property .%s must NOT be longer than %d bytes",
                b->shape->text.also, JSON_BODY_ALSO_BYTES);
    else if (text.failed || (b->also = arena_str(b->arena, buf_str(&text))).p == NULL)
        err_nomem(err);
    buf_release(&text);
    return b->also.p != NULL ? 0 : -1;
}

static const struct json_records_sink body_sink = { .record = take_record, .also = take_also };

int json_body_begin(struct arena *a, struct spool *spool, const struct records_shape *shape,
                    struct json_body **out, struct err *err)
{
    struct json_body *b = arena_calloc(a, sizeof(*b));
    if (b == NULL)
        return err_nomem(err);
    b->shape = shape;
    b->spool = spool;
    b->arena = a;
    json_records_init(&b->reader, &shape->text, &body_sink, b);
    buf_init(&b->lines, JSON_BODY_KEPT_BYTES + 2 * JSON_RECORD_MAX_BYTES);
    *out = b;
    return 0;
}

int json_body_feed(struct json_body *b, const char *data, size_t n, struct err *err)
{
    return json_records_feed(&b->reader, data, n, err);
}

int json_body_end(struct json_body *b, struct err *err)
{
    const bool empty = b->shape->may_be_empty && json_records_is_empty(&b->reader);
    if (!empty && json_records_end(&b->reader, err) < 0)
        return -1;
    json_records_release(&b->reader);
    return b->file != NULL ? move_lines(b, err) : 0;
}

void json_body_release(struct json_body *b)
{
    if (b == NULL)
        return;
    json_records_release(&b->reader);
    buf_release(&b->lines);
    upload_abort(b->file);
    b->file = NULL;
}
