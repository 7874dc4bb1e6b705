/* SPDX-License-Identifier: MIT */
/*
 * num.h - numbers as text.
 *
 * A number that came in is printed so that it reads back the same: integers stay integers, a
 * fraction is printed in its shortest form (29.99, never 29.989999999999998).
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include "base/buf.h"
#include "base/str.h"

/* An integer when the text had no fraction and fits, otherwise a double. */
struct num {
    bool is_int;
    int64_t i; /* while is_int */
    double d;  /* while !is_int; always finite */
};

static inline struct num num_int(int64_t i)
{
    return (struct num){ .is_int = true, .i = i };
}

bool num_eq(struct num a, struct num b);
double num_as_double(struct num n);

/* Whether the text is a JSON number (RFC 8259 grammar), however large. */
bool num_is_json(struct str s);

/* A JSON number (RFC 8259 grammar) and nothing else; false for everything else, also for numbers
 * beyond a double. An integer beyond 64 bits becomes a double. */
bool num_parse(struct str s, struct num *out);

/* Decimal digits with an optional sign, the whole text; false when empty, wrong or out of range. */
bool num_parse_i64(struct str s, int64_t *out);

/* A decimal like "14.5" or "-3" times 10^digits, rounded half up (away from zero below it); false
 * when it is not a decimal or does not fit. `cut` (may be NULL): digits were lost by rounding. */
bool num_parse_scaled(struct str s, unsigned digits, int64_t *out, bool *cut);

void num_put(struct buf *b, struct num n);

#endif
