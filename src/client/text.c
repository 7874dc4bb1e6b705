/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#include "client/text.h"

/* C0, DEL, and C1, which is C2 80 to C2 9F in UTF-8. */
static bool is_control(const unsigned char *p, size_t left)
{
    return p[0] < 0x20 || p[0] == 0x7F || (p[0] == 0xC2 && left > 1 && p[1] < 0xA0);
}

static void put_printable(struct buf *b, struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_control(p + i, s.len - i)) {
            buf_putc(b, s.p[i]);
            continue;
        }
        buf_putc(b, '?');
        if (p[i] == 0xC2)
            i++;
    }
}

void text_put_safe(struct buf *b, struct str s)
{
    while (s.len > 0) {
        const size_t good = str_utf8_invalid_at(s);
        put_printable(b, (struct str){ s.p, good });
        if (good == s.len)
            break;
        buf_putc(b, '?');
        s = (struct str){ s.p + good + 1, s.len - good - 1 };
    }
}

void text_put_count(struct buf *b, int64_t n)
{
    if (n >= 1000) {
        text_put_count(b, n / 1000);
        buf_printf(b, ",%03d", (int)(n % 1000));
    } else {
        buf_printf(b, "%d", (int)n);
    }
}

void text_put_bytes(struct buf *b, int64_t n)
{
    static const char *const units[] = { "kB", "MB", "GB", "TB" };
    double scaled = (double)n / 1000;
    size_t unit = 0;
    if (n < 1000) {
        buf_printf(b, "%d byte%s", (int)n, n == 1 ? "" : "s");
        return;
    }
    for (; scaled >= 999.95 && unit + 1 < ARRAY_LEN(units); unit++) /* never "1000.0 kB" */
        scaled /= 1000;
    buf_printf(b, "%.1f %s", scaled, units[unit]);
}

void text_put_seconds(struct buf *b, int64_t s)
{
    if (s < 60)
        buf_printf(b, "%lld s", (long long)s);
    else if (s < 3600)
        buf_printf(b, "%lld min %02d s", (long long)(s / 60), (int)(s % 60));
    else
        buf_printf(b, "%lld h %02d min", (long long)(s / 3600), (int)(s / 60 % 60));
}

void text_put_duration(struct buf *b, int64_t ms)
{
    if (ms < 1000)
        buf_printf(b, "%d ms", (int)ms);
    else if (ms < 9950)
        buf_printf(b, "%.1f s", (double)ms / 1000);
    else
        text_put_seconds(b, (ms + 500) / 1000);
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

void text_put_escaped(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_unreserved(s.p[i]))
            buf_putc(b, s.p[i]);
        else
            buf_printf(b, "%%%02X", (unsigned char)s.p[i]);
    }
}
