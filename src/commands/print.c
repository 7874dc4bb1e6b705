/* SPDX-License-Identifier: MIT */
/* print.c - see print.h. */
#include <stdio.h>

#include "base/json.h"
#include "base/time_iso.h"
#include "client/text.h"
#include "commands/print.h"

#define PRINT_MAX (64 * MIB)

int print_buf(struct buf *b, struct err *err)
{
    int rc = buf_ok(b, err);
    if (rc == 0 && (fwrite(b->p, 1, b->len, stdout) != b->len || fflush(stdout) != 0))
        rc = err_sys(err, "cannot write to standard output");
    buf_release(b);
    return rc;
}

int print_object(const struct print_member *members, size_t n, struct err *err)
{
    struct buf b;
    buf_init(&b, PRINT_MAX);
    struct json_out o = { .b = &b };
    json_object(&o);
    for (size_t i = 0; i < n; i++) {
        json_key(&o, members[i].key);
        json_str(&o, members[i].value);
    }
    json_object_end(&o);
    buf_putc(&b, '\n');
    return print_buf(&b, err);
}

struct str print_safe(struct arena *a, struct str s)
{
    struct buf b;
    buf_init(&b, PRINT_MAX);
    text_put_safe(&b, s);
    const struct str safe = b.failed ? (struct str){ NULL, 0 } : arena_str(a, buf_str(&b));
    buf_release(&b);
    return safe;
}

struct str print_time(struct arena *a, int64_t ms)
{
    char text[TIME_ISO_LEN + 1];
    time_iso_format(ms, text);
    return arena_str(a, str_of(text));
}

/* Characters, not bytes; that some of them take two columns is left aside. */
static size_t width_of(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

static size_t column_width(const struct print_table *t, size_t column)
{
    size_t widest = strlen(t->headings[column]);
    for (size_t row = 0; row < t->n_rows; row++) {
        const size_t n = width_of(t->cells[row * t->n_columns + column]);
        widest = n > widest ? n : widest;
    }
    return widest;
}

static void put_cell(struct buf *b, struct str s, size_t width, bool last)
{
    buf_puts(b, s);
    for (size_t n = width_of(s); !last && n < width + 2; n++)
        buf_putc(b, ' ');
    while (last && s.len == 0 && b->len > 0 && b->p[b->len - 1] == ' ')
        b->len--;
    if (last)
        buf_putc(b, '\n');
}

int print_table(const struct print_table *t, struct err *err)
{
    struct buf b;
    buf_init(&b, PRINT_MAX);
    size_t *widths = mem_calloc(t->n_columns, sizeof(*widths));
    if (widths == NULL)
        return err_nomem(err);
    for (size_t i = 0; i < t->n_columns; i++) {
        widths[i] = column_width(t, i);
        put_cell(&b, str_of(t->headings[i]), widths[i], i + 1 == t->n_columns);
    }
    for (size_t i = 0; i < t->n_rows * t->n_columns; i++) {
        const size_t column = i % t->n_columns;
        put_cell(&b, t->cells[i], widths[column], column + 1 == t->n_columns);
    }
    mem_free(widths);
    return print_buf(&b, err);
}
