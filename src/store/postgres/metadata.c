/* SPDX-License-Identifier: MIT */
/*
 * metadata.c - metadata as jsonb keeps it: keys by length, then by byte; numbers as numeric prints
 * them (1e2 is 100, 29.990 stays).
 *
 * Whether a row has to be written is one comparison of texts (voucher_merge), so what is given has
 * to look as what is stored will look when it comes back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/postgres/pg_priv.h"

#define DIGITS_MOST 1000 /* of a number: numeric could do more, but an exponent unfolds */

static int by_key(const void *a, const void *b)
{
    const struct json *x = *(struct json *const *)a, *y = *(struct json *const *)b;
    if (x->key.len != y->key.len)
        return x->key.len < y->key.len ? -1 : 1;
    return str_cmp(x->key, y->key);
}

static int sort_members(struct json *object, struct arena *a, struct err *err)
{
    size_t n = 0;
    for (const struct json *m = object->child; m != NULL; m = m->next)
        n++;
    struct json **members = arena_alloc(a, (n + 1) * sizeof(struct json *));
    if (members == NULL)
        return err_nomem(err);
    n = 0;
    for (struct json *m = object->child; m != NULL; m = m->next)
        members[n++] = m;
    qsort(members, n, sizeof(struct json *), by_key);
    for (size_t i = 0; i < n; i++)
        members[i]->next = i + 1 < n ? members[i + 1] : NULL;
    object->child = n > 0 ? members[0] : NULL;
    return 0;
}

/* [-]digits[.digits][e[+-]digits] as numeric prints it. 1: it does not fit. */
static int put_number(struct str text, struct arena *a, struct str *out, struct err *err)
{
    struct buf b;
    const bool negative = text.p[0] == '-';
    size_t i = negative, first, digits = 0, fraction = 0, exponent_at;
    long exponent = 0;
    for (first = i; i < text.len && text.p[i] != 'e' && text.p[i] != 'E'; i++) {
        digits += text.p[i] != '.';
        if (text.p[i] == '.')
            fraction = text.len; /* from here on */
    }
    exponent_at = i;
    if (fraction != 0)
        fraction = exponent_at - (size_t)((const char *)memchr(text.p, '.', text.len) - text.p) - 1;
    for (i = exponent_at + 1; i < text.len; i++) {
        if (text.p[i] != '+' && text.p[i] != '-')
            exponent = exponent * 10 + (text.p[i] - '0');
        if (exponent > DIGITS_MOST)
            return 1;
    }
    if (exponent_at + 1 < text.len && text.p[exponent_at + 1] == '-')
        exponent = -exponent;
    if (digits > DIGITS_MOST)
        return 1;
    const long point = (long)(digits - fraction) + exponent; /* digits in front of it */
    const long scale = (long)fraction - exponent > 0 ? (long)fraction - exponent : 0;
    char all[DIGITS_MOST + 1] = "";
    size_t n = 0;
    bool zero = true;
    for (i = first; i < exponent_at; i++) {
        if (text.p[i] == '.')
            continue;
        zero = zero && text.p[i] == '0';
        all[n++] = text.p[i];
    }
    buf_init(&b, 8 * KIB);
    if (negative && !zero)
        buf_putc(&b, '-');
    bool begun = false;
    for (long k = 0; k < point; k++) {
        const char d = k < (long)n ? all[k] : '0';
        begun = begun || d != '0';
        if (begun)
            buf_putc(&b, d);
    }
    if (!begun)
        buf_putc(&b, '0');
    if (scale > 0)
        buf_putc(&b, '.');
    for (long k = point; k < point + scale; k++)
        buf_putc(&b, k >= 0 && k < (long)n ? all[k] : '0');
    return buf_keep(&b, a, out, err) < 0 ? -1 : 0;
}

/* 0, 1: a number does not fit, -1. */
static int settle(struct json *v, struct arena *a, struct err *err)
{
    if (v->type == JSON_NUMBER)
        return put_number(v->text, a, &v->text, err);
    for (struct json *m = v->child; m != NULL; m = m->next) {
        const int rc = settle(m, a, err);
        if (rc != 0)
            return rc;
    }
    return v->type == JSON_OBJECT ? sort_members(v, a, err) : 0;
}

int pg_canonical(struct str *metadata, struct arena *a, struct err *err)
{
    struct json *tree;
    struct buf b;
    if (metadata->len == 0)
        return 0;
    if (json_parse(a, *metadata, &tree, err) < 0)
        return err_wrap(err, "metadata on its way cannot be read");
    const int rc = settle(tree, a, err);
    if (rc != 0)
        return rc;
    buf_init(&b, 2 * (size_t)FIELD_OBJECT_MAX_BYTES);
    json_put_tree(&(struct json_out){ .b = &b }, tree);
    return buf_keep(&b, a, metadata, err);
}

/* Digits and exponent of the number that begins at *i, which moves behind it. */
static bool number_fits(struct str text, size_t *i)
{
    size_t digits = 0;
    long exponent = 0;
    for (; *i < text.len && ((text.p[*i] >= '0' && text.p[*i] <= '9') || text.p[*i] == '.'); (*i)++)
        digits++;
    if (*i < text.len && (text.p[*i] == 'e' || text.p[*i] == 'E')) {
        for ((*i)++; *i < text.len && (text.p[*i] == '+' || text.p[*i] == '-'); (*i)++)
            ;
        for (; *i < text.len && text.p[*i] >= '0' && text.p[*i] <= '9'; (*i)++)
            exponent = exponent > DIGITS_MOST ? exponent : exponent * 10 + (text.p[*i] - '0');
    }
    return digits <= DIGITS_MOST && exponent <= DIGITS_MOST;
}

bool pg_fits(struct str text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.len;) {
        const char c = text.p[i];
        if (quoted && c == '\\') {
            i += 2;
        } else if (!quoted && c >= '0' && c <= '9') {
            if (!number_fits(text, &i))
                return false;
        } else {
            quoted = quoted != (c == '"');
            i++;
        }
    }
    return true;
}
