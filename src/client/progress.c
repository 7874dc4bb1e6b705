/* SPDX-License-Identifier: MIT */
/* progress.c - see progress.h. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/num.h"
#include "base/time_iso.h"
#include "client/progress.h"
#include "client/text.h"

#define LINE_MAX_BYTES  (2 * KIB)
#define NOTE_MAX_BYTES  (2 * KIB)
#define COLUMNS_DEFAULT 80
#define COLUMNS_MAX     1000
#define BAR_LEAST       8 /* columns; below, figures alone say more */
#define BAR_MOST        40
#define BAR_SHARE       6      /* one column in so many: at 80, all figures fit beside the bar */
#define LIVE_PAUSE_US   100000 /* ten times a second looks fluent */
#define BAR_ON          "\033[32m"
#define COLOR_OFF       "\033[0m"
#define CLEAR_LINE      "\r\033[K"

/* ---- texts ---- */

static void put_percent(struct buf *b, const struct progress_view *v)
{
    if (v->percent >= 0)
        buf_printf(b, "%3lld %%", (long long)v->percent); /* so that the bar stands still */
}

static void put_done(struct buf *b, const struct progress_view *v)
{
    if (v->done >= 0 && v->bytes) {
        text_put_bytes(b, v->done);
    } else if (v->done >= 0) {
        text_put_count(b, v->done);
        buf_puts(b, v->done == 1 ? STR(" row") : STR(" rows"));
    }
}

static void put_rate(struct buf *b, const struct progress_view *v)
{
    if (v->per_second <= 0)
        return;
    if (v->bytes)
        text_put_bytes(b, v->per_second);
    else
        text_put_count(b, v->per_second);
    buf_puts(b, v->bytes ? STR("/s") : STR(" rows/s"));
}

static void put_left(struct buf *b, const struct progress_view *v)
{
    if (v->seconds_left <= 0)
        return;
    text_put_seconds(b, v->seconds_left);
    buf_puts(b, STR(" left"));
}

static void (*const figures[])(struct buf *b, const struct progress_view *v) = { put_percent,
                                                                                 put_done, put_rate,
                                                                                 put_left };

static void put_bar(struct buf *b, int64_t percent, size_t width, bool color)
{
    const size_t full = width * (size_t)(percent > 100 ? 100 : percent) / 100;
    buf_puts(b, color ? STR(" [" BAR_ON) : STR(" ["));
    for (size_t i = 0; i < full; i++)
        buf_putc(b, '#');
    buf_puts(b, color ? STR(COLOR_OFF) : STR(""));
    for (size_t i = full; i < width; i++)
        buf_putc(b, '.');
    buf_putc(b, ']');
}

/* 0: no bar. */
static size_t bar_width(const struct progress_view *v, size_t columns)
{
    const size_t width = columns / BAR_SHARE;
    if (v->percent < 0 || width < BAR_LEAST)
        return 0;
    return width < BAR_MOST ? width : BAR_MOST;
}

/* Figures as long as they fit, the bar behind the percents; its width depends on the terminal's
 * alone. */
void progress_put_live(struct buf *b, const struct progress_view *v, size_t columns, bool color)
{
    size_t used = strlen(v->doing);
    const size_t bar = bar_width(v, columns);
    buf_puts(b, (struct str){ v->doing, used < columns ? used : columns });
    for (size_t i = 0; i < ARRAY_LEN(figures) && used < columns; i++) {
        const size_t start = b->len;
        buf_puts(b, STR("  "));
        figures[i](b, v);
        const size_t len = b->len - start;
        if (len <= 2 || used + len > columns) {
            b->len = start;
            used += len <= 2 ? 0 : columns;
            continue;
        }
        used += len;
        if (figures[i] == put_percent && bar > 0) {
            put_bar(b, v->percent, bar, color);
            used += bar + 3;
        }
    }
}

void progress_put_plain(struct buf *b, const struct progress_view *v)
{
    buf_printf(b, "%s: %lld %%", v->doing, (long long)v->percent);
    for (size_t i = 1; i < ARRAY_LEN(figures); i++) {
        const size_t start = b->len;
        buf_puts(b, STR(", "));
        figures[i](b, v);
        if (b->len == start + 2)
            b->len = start;
    }
}

/* ---- the screen ---- */

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0';
}

/* One is left free: a terminal that is filled to its edge may begin another line. */
static size_t free_columns(void)
{
    struct winsize size;
    int64_t columns = 0;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    if (columns == 0 && (!num_parse_i64(str_of(getenv("COLUMNS")), &columns) || columns <= 0))
        columns = COLUMNS_DEFAULT;
    return (size_t)(columns < COLUMNS_MAX ? columns : COLUMNS_MAX) - 1;
}

void progress_init(struct progress *p)
{
    const char *term = getenv("TERM");
    *p = (struct progress){ .tenth = -1 };
    p->live = isatty(STDERR_FILENO) && term != NULL && !str_is(str_of(term), "dumb");
    p->color = p->live && !is_set("NO_COLOR");
}

void progress_begin(struct progress *p, int64_t pause_ms)
{
    p->tenth = -1;
    p->pause_us = p->live ? LIVE_PAUSE_US : pause_ms * 1000;
    p->shown_us = p->live ? 0 : time_monotonic_us();
}

static void write_out(const struct buf *b)
{
    if (!b->failed)
        fwrite(b->p, 1, b->len, stderr);
    fflush(stderr);
}

static void show_live(struct progress *p, const struct progress_view *v)
{
    struct buf b;
    buf_init(&b, LINE_MAX_BYTES);
    buf_puts(&b, STR("\r"));
    progress_put_live(&b, v, free_columns(), p->color);
    buf_puts(&b, STR("\033[K"));
    write_out(&b);
    buf_release(&b);
    p->line_open = true;
}

static void show_plain(struct progress *p, const struct progress_view *v)
{
    struct buf b;
    p->tenth = v->percent / 10;
    buf_init(&b, LINE_MAX_BYTES);
    progress_put_plain(&b, v);
    buf_putc(&b, '\n');
    write_out(&b);
    buf_release(&b);
}

void progress_show(struct progress *p, const struct progress_view *v)
{
    const int64_t now_us = time_monotonic_us();
    if (now_us - p->shown_us < p->pause_us)
        return;
    if (p->live)
        show_live(p, v);
    else if (v->percent >= 0 && v->percent / 10 > p->tenth)
        show_plain(p, v);
    else
        return;
    p->shown_us = now_us;
}

void progress_clear(struct progress *p)
{
    if (!p->line_open)
        return;
    fputs(CLEAR_LINE, stderr);
    fflush(stderr);
    p->line_open = false;
}

void progress_note(struct progress *p, const char *fmt, ...)
{
    char text[NOTE_MAX_BYTES];
    struct buf b;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    progress_clear(p);
    buf_init(&b, NOTE_MAX_BYTES);
    text_put_safe(&b, str_of(text));
    buf_putc(&b, '\n');
    write_out(&b);
    buf_release(&b);
}
