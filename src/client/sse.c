/* SPDX-License-Identifier: MIT */
/* sse.c - see sse.h. */
#include "client/sse.h"

void sse_init(struct sse *s, sse_event event, void *arg)
{
    *s = (struct sse){ .event = event, .arg = arg };
    buf_init(&s->line, SSE_LINE_MAX_BYTES);
    buf_init(&s->name, SSE_LINE_MAX_BYTES);
    buf_init(&s->data, SSE_LINE_MAX_BYTES);
}

void sse_release(struct sse *s)
{
    buf_release(&s->line);
    buf_release(&s->name);
    buf_release(&s->data);
}

static void take_field(struct sse *s, struct str line)
{
    struct str value;
    const struct str field = str_cut(line, ':', &value);
    if (value.len > 0 && value.p[0] == ' ')
        value = (struct str){ value.p + 1, value.len - 1 };
    if (str_is(field, "event")) {
        buf_reset(&s->name);
        buf_puts(&s->name, value);
    } else if (str_is(field, "data")) {
        buf_puts(&s->data, value);
        buf_putc(&s->data, '\n');
    }
}

/* A blank line: an event without data is none. */
static int dispatch(struct sse *s, struct err *err)
{
    int rc = buf_ok(&s->name, err) < 0 || buf_ok(&s->data, err) < 0 ? -1 : 0;
    if (rc == 0 && s->data.len > 0) {
        const struct str name = s->name.len > 0 ? buf_str(&s->name) : STR("message");
        rc = s->event(s->arg, name, (struct str){ s->data.p, s->data.len - 1 }, err);
    }
    buf_reset(&s->name);
    buf_reset(&s->data);
    return rc;
}

static int end_line(struct sse *s, struct err *err)
{
    int rc = buf_ok(&s->line, err);
    if (rc == 0 && s->line.len == 0)
        rc = dispatch(s, err);
    else if (rc == 0)
        take_field(s, buf_str(&s->line));
    buf_reset(&s->line);
    return rc;
}

int sse_feed(struct sse *s, const char *p, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const bool second_half = s->after_cr && p[i] == '\n';
        s->after_cr = p[i] == '\r';
        if (second_half)
            continue;
        if (p[i] != '\n' && p[i] != '\r')
            buf_putc(&s->line, p[i]);
        else if (end_line(s, err) < 0)
            return -1;
    }
    return buf_ok(&s->line, err);
}
