/* SPDX-License-Identifier: MIT */
/* num.c - see num.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "base/num.h"

bool num_eq(struct num a, struct num b)
{
    if (a.is_int && b.is_int)
        return a.i == b.i;
    return num_as_double(a) == num_as_double(b);
}

double num_as_double(struct num n)
{
    return n.is_int ? (double)n.i : n.d;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(struct str s, size_t i)
{
    while (i < s.len && is_digit(s.p[i]))
        i++;
    return i;
}

/* RFC 8259, section 6. Sets *whole when there is neither fraction nor exponent. */
static bool is_json_number(struct str s, bool *whole)
{
    size_t i = s.len > 0 && s.p[0] == '-' ? 1 : 0;
    const size_t first = i;
    i = skip_digits(s, i);
    if (i == first || (i - first > 1 && s.p[first] == '0'))
        return false;
    *whole = i == s.len;
    if (i < s.len && s.p[i] == '.') {
        const size_t from = ++i;
        i = skip_digits(s, i);
        if (i == from)
            return false;
    }
    if (i < s.len && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.len && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        const size_t from = i;
        i = skip_digits(s, i);
        if (i == from)
            return false;
    }
    return i == s.len;
}

bool num_is_json(struct str s)
{
    bool whole;
    return is_json_number(s, &whole);
}

bool num_parse(struct str s, struct num *out)
{
    bool whole = false;
    char text[400]; /* longer than any double needs; a longer number is not a number we take */
    if (s.len == 0 || s.len >= sizeof(text) || !is_json_number(s, &whole))
        return false;
    int64_t i;
    if (whole && num_parse_i64(s, &i)) {
        *out = num_int(i);
        return true;
    }
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    const double d = strtod(text, NULL);
    if (!isfinite(d))
        return false;
    *out = (struct num){ .d = d };
    return true;
}

bool num_parse_i64(struct str s, int64_t *out)
{
    return num_parse_scaled(s, 0, out, NULL) && memchr(s.p, '.', s.len) == NULL;
}

bool num_parse_scaled(struct str s, unsigned digits, int64_t *out, bool *cut)
{
    size_t i = 0;
    const bool negative = s.len > 0 && s.p[0] == '-';
    if (s.len > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        i++;
    int64_t v = 0; /* counted below zero, where there is room for one more */
    size_t n_digits = 0;
    unsigned fraction = 0;
    bool in_fraction = false, round_up = false, lost = false;
    for (; i < s.len; i++) {
        if (s.p[i] == '.' && !in_fraction) {
            in_fraction = true;
            continue;
        }
        if (!is_digit(s.p[i]))
            return false;
        n_digits++;
        if (in_fraction && fraction == digits) {
            if (!lost)
                round_up = s.p[i] >= '5';
            lost = true;
            continue;
        }
        fraction += in_fraction;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s.p[i] - '0', &v))
            return false;
    }
    if (n_digits == 0 || (in_fraction && s.p[s.len - 1] == '.'))
        return false;
    for (; fraction < digits; fraction++) {
        if (__builtin_mul_overflow(v, 10, &v))
            return false;
    }
    if ((round_up && __builtin_sub_overflow(v, 1, &v)) || (!negative && v == INT64_MIN))
        return false;
    if (cut != NULL)
        *cut = lost;
    *out = negative ? v : -v;
    return true;
}

/* By hand: every line of the log and every answer has some, and printf takes ten times as long. */
static void put_integer(struct buf *b, int64_t i)
{
    char text[24], *at = text + sizeof(text);
    uint64_t left = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (i < 0)
        *--at = '-';
    buf_put(b, at, (size_t)(text + sizeof(text) - at));
}

void num_put(struct buf *b, struct num n)
{
    if (n.is_int) {
        put_integer(b, n.i);
        return;
    }
    char text[40];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof(text), "%.*g", precision, n.d);
        if (strtod(text, NULL) == n.d)
            break;
    }
    buf_puts(b, str_of(text));
}
