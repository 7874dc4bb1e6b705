/* SPDX-License-Identifier: MIT */
/*
 * str.h - text as pointer and length, so that a field of the input needs no copy.
 *
 * A struct str owns nothing. {NULL, 0} means "not given"; {"", 0} is an empty text.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/base.h"

struct str {
    const char *p;
    size_t len;
};

#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    } /* in static tables */
#define STR(literal) ((struct str)STR_INIT(literal))
#define STR_FMT(s)   (int)(s).len, ((s).p != NULL ? (s).p : "") /* for "%.*s" */

static inline struct str str_of(const char *text)
{
    return (struct str){ text, text != NULL ? strlen(text) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool str_is(struct str a, const char *text)
{
    return str_eq(a, str_of(text));
}

static inline bool str_starts_with(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

/* Byte order, shorter first: the order of every key in both stores. */
int str_cmp(struct str a, struct str b);

bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */

/* Without leading and trailing blanks and tabs. */
struct str str_trim(struct str s);

/* The part before the first `sep`; *rest becomes what follows it ({NULL,0} when there was none). */
struct str str_cut(struct str s, char sep, struct str *rest);

/* Index of the first byte that does not belong to valid UTF-8 (RFC 3629: no surrogates, nothing
 * over-long, nothing above U+10FFFF); s.len when all of it is valid. */
size_t str_utf8_invalid_at(struct str s);

/* The longest beginning of at most max bytes that does not end inside a character. */
struct str str_utf8_cut(struct str s, size_t max);

/* The least text behind all that begin with s, byte by byte, written to out (s.len + 1 bytes): its
 * last character's successor, without what cannot be counted up. Empty: there is none. */
struct str str_utf8_next(struct str s, char *out);

#endif
