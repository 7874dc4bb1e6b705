/* SPDX-License-Identifier: MIT */
/* code_config.c - see code_config.h. */
#include <inttypes.h>
#include <sodium.h>

#include "domain/code_config.h"
#include "domain/voucher_priv.h"

#define PLACEHOLDER '#'

static const char default_charset[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* ---- reading ---- */

struct given {
    struct str charset, prefix, postfix, pattern;
    int64_t length, initial_count;
};

#define MEMBER(name, kind_, member)                                                                \
    {                                                                                              \
        .path = ".code_config." name, .kind = kind_, .offset = offsetof(struct given, member)      \
    }

static const struct field members[] = {
    MEMBER("length", FIELD_INTEGER, length), MEMBER("charset", FIELD_TEXT, charset),
    MEMBER("prefix", FIELD_TEXT, prefix),    MEMBER("postfix", FIELD_TEXT, postfix),
    MEMBER("pattern", FIELD_TEXT, pattern),  MEMBER("initial_count", FIELD_INTEGER, initial_count),
};
const struct field_table code_config_fields = { members, ARRAY_LEN(members) };

static int read_members(const struct json *config, struct given *g, struct err *err)
{
    if (config->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .code_config must be object,null");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *name = strrchr(members[i].path, '.') + 1;
        const struct json *value = json_member(config, name);
        if (value == NULL || value->type == JSON_NULL)
            continue;
        const char *what = field_from_json(&members[i], value, g);
        if (what != NULL)
            return err_set(err, ERR_INVALID_PAYLOAD, "Property %s %s", members[i].path, what);
    }
    return 0;
}

/* The characters of a text that is UTF-8, one by one. */
static struct str next_character(struct str *rest)
{
    size_t n = 1;
    while (n < rest->len && ((unsigned char)rest->p[n] & 0xC0) == 0x80)
        n++;
    const struct str c = { rest->p, n };
    *rest = (struct str){ rest->p + n, rest->len - n };
    return c;
}

static int cmp_characters(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* A character that is named twice is not twice as likely. */
static void keep_each_once(struct code_config *c)
{
    uint32_t kept = 1;
    qsort(c->characters, c->n_characters, sizeof(struct str), cmp_characters);
    for (uint32_t i = 1; i < c->n_characters; i++) {
        if (!str_eq(c->characters[i], c->characters[kept - 1]))
            c->characters[kept++] = c->characters[i];
    }
    c->n_characters = kept;
}

static int split_charset(struct code_config *c, struct str charset, struct arena *a,
                         struct err *err)
{
    if (charset.len == 0)
        return err_set(err, ERR_INVALID_CODE_CONFIG,
                       "Property .code_config.charset must NOT have fewer than 1 characters");
    if (charset.len > CODE_CHARSET_MAX)
        return err_set(err, ERR_INVALID_CODE_CONFIG,
                       "Property .code_config.charset must NOT be longer than %d bytes",
                       CODE_CHARSET_MAX);
    c->characters = arena_alloc(a, charset.len * sizeof(struct str));
    if (c->characters == NULL)
        return err_nomem(err);
    while (charset.len > 0)
        c->characters[c->n_characters++] = next_character(&charset);
    keep_each_once(c);
    return 0;
}

static size_t count_placeholders(struct str pattern)
{
    size_t n = 0;
    for (size_t i = 0; i < pattern.len; i++)
        n += pattern.p[i] == PLACEHOLDER;
    return n;
}

static size_t n_random(const struct code_config *c)
{
    return c->pattern.p != NULL ? count_placeholders(c->pattern) : c->length;
}

/* Of the longest code; texts are far below what a size holds, a length is bounded first. */
static size_t longest_code(const struct code_config *c)
{
    size_t widest = 1;
    for (uint32_t i = 0; i < c->n_characters; i++)
        widest = c->characters[i].len > widest ? c->characters[i].len : widest;
    const size_t fixed = c->prefix.len + c->postfix.len + c->pattern.len;
    return fixed + n_random(c) * (c->pattern.p != NULL ? widest - 1 : widest);
}

static int check_length(const struct code_config *c, struct err *err)
{
    if (n_random(c) == 0 && c->pattern.p != NULL)
        return err_set(err, ERR_INVALID_CODE_CONFIG,
                       "Property .code_config.pattern must have a # for a random character");
    if (n_random(c) == 0)
        return err_set(err, ERR_INVALID_CODE_CONFIG, "Property .code_config.length must be >= 1");
    if (n_random(c) > VOUCHER_CODE_MAX_BYTES || longest_code(c) > VOUCHER_CODE_MAX_BYTES)
        return err_set(err, ERR_INVALID_CODE_CONFIG,
                       "Property .code_config must NOT make codes longer than %d bytes",
                       VOUCHER_CODE_MAX_BYTES);
    return 0;
}

int code_config_read(const struct json *config, int64_t needed, struct arena *a,
                     struct code_config *out, struct err *err)
{
    struct given g = { .charset = str_of(default_charset), .length = CODE_CONFIG_LENGTH };
    if (config != NULL && config->type != JSON_NULL && read_members(config, &g, err) < 0)
        return -1;
    *out = (struct code_config){
        .prefix = g.prefix,
        .postfix = g.postfix,
        .pattern = g.pattern,
        .length = (size_t)g.length,
        .charset = g.charset,
    };
    if (split_charset(out, g.charset, a, err) < 0 || check_length(out, err) < 0)
        return -1;
    if (code_config_space(out) < needed)
        return err_set(err, ERR_INVALID_CODE_CONFIG,
                       "Property .code_config makes %" PRId64 " different codes only, %" PRId64
                       " are needed",
                       code_config_space(out), needed);
    return 0;
}

static void put_text(struct json_out *o, const char *key, struct str value)
{
    if (value.len == 0)
        return;
    json_key(o, key);
    json_str(o, value);
}

void code_config_put_json(struct json_out *o, const struct code_config *c)
{
    char pattern[VOUCHER_CODE_MAX_BYTES];
    memset(pattern, PLACEHOLDER, sizeof(pattern));
    json_object(o);
    json_key(o, "length");
    json_int(o, (int64_t)n_random(c));
    put_text(o, "charset", c->charset);
    put_text(o, "prefix", c->prefix);
    put_text(o, "postfix", c->postfix);
    put_text(o, "pattern", c->pattern.p != NULL ? c->pattern : (struct str){ pattern, c->length });
    json_object_end(o);
}

int64_t code_config_space(const struct code_config *c)
{
    int64_t space = 1;
    for (size_t i = n_random(c); i > 0; i--) {
        if (__builtin_mul_overflow(space, (int64_t)c->n_characters, &space))
            return INT64_MAX;
    }
    return space;
}

/* ---- making ---- */

/* Prefix, body, postfix; `digit` chooses the characters, 0 to n_characters - 1. */
static void put_code(const struct code_config *c, uint32_t (*digit)(void *arg), void *arg,
                     struct buf *b)
{
    const struct str pattern = c->pattern;
    buf_puts(b, c->prefix);
    if (pattern.p == NULL) {
        for (size_t i = 0; i < c->length; i++)
            buf_puts(b, c->characters[digit(arg)]);
    } else {
        for (const char *p = pattern.p; p < pattern.p + pattern.len; p++) {
            if (*p == PLACEHOLDER)
                buf_puts(b, c->characters[digit(arg)]);
            else
                buf_putc(b, *p);
        }
    }
    buf_puts(b, c->postfix);
}

struct str code_config_write(const struct code_config *c, uint32_t (*digit)(void *arg), void *arg,
                             struct arena *a)
{
    struct str code = { NULL, 0 };
    struct buf b;
    buf_init(&b, VOUCHER_CODE_MAX_BYTES);
    put_code(c, digit, arg, &b);
    if (!b.failed)
        code = arena_str(a, buf_str(&b));
    buf_release(&b);
    return code;
}

/* randombytes_uniform has no modulo bias. */
static uint32_t random_digit(void *arg)
{
    const struct code_config *c = arg;
    return randombytes_uniform(c->n_characters);
}

struct str code_config_make(const struct code_config *c, struct arena *a)
{
    struct code_config shown = *c; /* the callback's argument is not const */
    return code_config_write(c, random_digit, &shown, a);
}
