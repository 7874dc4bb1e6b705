/* SPDX-License-Identifier: MIT */
/* url.c - see url.h. */
#include "http/url.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that %XX at p stands for, or -1. */
static int escaped_byte(const char *p, size_t left)
{
    if (left < 3 || p[0] != '%' || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
        return -1;
    return hex_digit(p[1]) * 16 + hex_digit(p[2]);
}

static struct str decode(struct arena *a, struct str raw, char plus)
{
    char *out = arena_alloc(a, raw.len + 1);
    size_t n = 0;
    if (out == NULL)
        return (struct str){ NULL, 0 };
    for (size_t i = 0; i < raw.len; i++) {
        const int byte = escaped_byte(raw.p + i, raw.len - i);
        out[n++] = byte >= 0 ? (char)byte : raw.p[i] == '+' ? plus : raw.p[i];
        i += byte >= 0 ? 2 : 0;
    }
    out[n] = '\0';
    return (struct str){ out, n };
}

struct str url_decode(struct arena *a, struct str raw)
{
    return decode(a, raw, '+');
}

int url_form_field(struct arena *a, struct str form, const char *name, struct str *out)
{
    *out = (struct str){ NULL, 0 };
    while (form.p != NULL && out->p == NULL) {
        struct str value;
        const struct str raw = str_cut(str_cut(form, '&', &form), '=', &value);
        const struct str decoded = decode(a, raw, ' ');
        if (decoded.p == NULL)
            return -1;
        if (!str_is(decoded, name))
            continue;
        *out = decode(a, value, ' ');
        if (out->p == NULL)
            return -1;
    }
    return 0;
}

int url_split(struct arena *a, struct str path, struct str segments[URL_SEGMENTS_MAX])
{
    int n = 0;
    if (path.len == 0 || path.p[0] != '/')
        return 0;
    struct str rest = { path.p + 1, path.len - 1 };
    while (rest.p != NULL && rest.len > 0) {
        const struct str raw = str_cut(rest, '/', &rest);
        if (n == URL_SEGMENTS_MAX)
            return URL_SEGMENTS_MAX + 1;
        segments[n] = url_decode(a, raw);
        if (segments[n].p == NULL)
            return -1;
        n++;
    }
    return n;
}
