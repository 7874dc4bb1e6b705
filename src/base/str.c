/* SPDX-License-Identifier: MIT */
/* str.c - see str.h. */
#include "base/str.h"

int str_cmp(struct str a, struct str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (c != 0)
        return c;
    return (a.len > b.len) - (a.len < b.len);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.p[0])) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

struct str str_cut(struct str s, char sep, struct str *rest)
{
    const char *at = s.len > 0 ? memchr(s.p, sep, s.len) : NULL;
    if (at == NULL) {
        *rest = (struct str){ 0 };
        return s;
    }
    const size_t n = (size_t)(at - s.p);
    *rest = (struct str){ at + 1, s.len - n - 1 };
    return (struct str){ s.p, n };
}

/* Bytes of the sequence that starts at p, or 0 when it is not valid UTF-8. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char first, last; /* range of the lead byte */
        unsigned char lo, hi;      /* range of the second byte */
        unsigned char len;
    } rows[] = {
        { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
        { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 },
        { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    }; /* RFC 3629, section 4 */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (p[0] < rows[i].first || p[0] > rows[i].last)
            continue;
        if (left < rows[i].len || p[1] < rows[i].lo || p[1] > rows[i].hi)
            return 0;
        for (size_t k = 2; k < rows[i].len; k++) {
            if ((p[k] & 0xC0) != 0x80)
                return 0;
        }
        return rows[i].len;
    }
    return 0;
}

size_t str_utf8_invalid_at(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.len) {
        while (i + 8 <= s.len) { /* eight ASCII bytes at a time: nearly all of real input */
            uint64_t word;
            memcpy(&word, p + i, sizeof(word));
            if ((word & 0x8080808080808080u) != 0)
                break;
            i += 8;
        }
        if (i == s.len)
            break;
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        const size_t n = utf8_sequence(p + i, s.len - i);
        if (n == 0)
            return i;
        i += n;
    }
    return s.len;
}

struct str str_utf8_cut(struct str s, size_t max)
{
    size_t n = max;
    if (s.len <= max)
        return s;
    while (n > 0 && max - n < 4 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n--;
    return (struct str){ s.p, max - n < 4 ? n : max }; /* four bytes on: it was no character */
}

/* The code point at the end of s, which is valid; *at is where it begins. */
static uint32_t last_code_point(struct str s, size_t *at)
{
    static const unsigned char first_bits[] = { 0x7F, 0x7F, 0x1F, 0x0F, 0x07 };
    *at = s.len - 1;
    while (*at > 0 && ((unsigned char)s.p[*at] & 0xC0) == 0x80)
        (*at)--;
    const size_t n = s.len - *at;
    uint32_t c = (unsigned char)s.p[*at] & first_bits[n < 4 ? n : 4];
    for (size_t i = *at + 1; i < s.len; i++)
        c = c << 6 | ((unsigned char)s.p[i] & 0x3F);
    return c;
}

static size_t put_code_point(char *out, uint32_t c)
{
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[n] | c);
    return n;
}

struct str str_utf8_next(struct str s, char *out)
{
    while (s.len > 0) {
        size_t at;
        const uint32_t c = last_code_point(s, &at);
        s.len = at;
        if (c == 0x10FFFF)
            continue;
        if (at > 0)
            memcpy(out, s.p, at);
        return (struct str){ out, at + put_code_point(out + at, c == 0xD7FF ? 0xE000 : c + 1) };
    }
    return (struct str){ out, 0 };
}
