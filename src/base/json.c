/* SPDX-License-Identifier: MIT */
/* json.c - see json.h. */
#include <stdio.h>

#include "base/json.h"
#include "base/time_iso.h"

/* ---- out ---- */

static void before_value(struct json_out *o)
{
    if (o->comma)
        buf_putc(o->b, ',');
    o->comma = true;
}

static void put_token(struct json_out *o, struct str token)
{
    before_value(o);
    buf_puts(o->b, token);
}

void json_object(struct json_out *o)
{
    put_token(o, STR("{"));
    o->comma = false;
}

void json_object_end(struct json_out *o)
{
    buf_putc(o->b, '}');
    o->comma = true;
}

void json_array(struct json_out *o)
{
    put_token(o, STR("["));
    o->comma = false;
}

void json_array_end(struct json_out *o)
{
    buf_putc(o->b, ']');
    o->comma = true;
}

void json_key(struct json_out *o, const char *key)
{
    json_key_str(o, str_of(key));
}

void json_key_str(struct json_out *o, struct str key)
{
    before_value(o);
    json_put_quoted(o->b, key);
    buf_putc(o->b, ':');
    o->comma = false;
}

void json_str(struct json_out *o, struct str s)
{
    if (s.p == NULL) {
        json_null(o);
        return;
    }
    before_value(o);
    json_put_quoted(o->b, s);
}

void json_int(struct json_out *o, int64_t v)
{
    json_num(o, num_int(v));
}

void json_num(struct json_out *o, struct num n)
{
    before_value(o);
    num_put(o->b, n);
}

void json_bool(struct json_out *o, bool v)
{
    put_token(o, v ? STR("true") : STR("false"));
}

void json_null(struct json_out *o)
{
    put_token(o, STR("null"));
}

void json_time(struct json_out *o, int64_t ms)
{
    if (ms == TIME_NONE) {
        json_null(o);
        return;
    }
    char text[TIME_ISO_LEN + 1];
    time_iso_format(ms, text);
    json_str(o, (struct str){ text, TIME_ISO_LEN });
}

void json_raw(struct json_out *o, struct str json)
{
    put_token(o, json);
}

void json_members(struct json_out *o, struct str object)
{
    if (object.len > 2) /* more than its braces */
        put_token(o, (struct str){ object.p + 1, object.len - 2 });
}

static void put_escape(struct buf *b, unsigned char c)
{
    switch (c) {
    case '"':
        buf_puts(b, STR("\\\""));
        break;
    case '\\':
        buf_puts(b, STR("\\\\"));
        break;
    case '\n':
        buf_puts(b, STR("\\n"));
        break;
    case '\r':
        buf_puts(b, STR("\\r"));
        break;
    case '\t':
        buf_puts(b, STR("\\t"));
        break;
    default:
        buf_printf(b, "\\u%04x", c);
    }
}

void json_put_quoted(struct buf *b, struct str s)
{
    buf_putc(b, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(b, s.p + from, i - from);
        put_escape(b, c);
        from = i + 1;
    }
    buf_put(b, s.p + from, s.len - from);
    buf_putc(b, '"');
}

/* ---- in ---- */

struct reader {
    struct arena *arena;
    const char *begin, *p, *end;
    struct err *err;
    size_t n_values;
};

static int syntax(struct reader *r, const char *what)
{
    return err_set(r->err, ERR_INVALID_JSON, "%s at byte %zu", what, (size_t)(r->p - r->begin));
}

static void skip_blanks(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

static bool hex4(const char *p, const char *end, unsigned *out)
{
    unsigned v = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        const char c = p[i];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (unsigned)((c | 0x20) - 'a' + 10);
        else
            return false;
        v = v * 16 + digit;
    }
    *out = v;
    return true;
}

static char *put_utf8(char *out, unsigned cp)
{
    if (cp < 0x80) {
        *out++ = (char)cp;
    } else if (cp < 0x800) {
        *out++ = (char)(0xC0 | cp >> 6);
        *out++ = (char)(0x80 | (cp & 0x3F));
    } else if (cp < 0x10000) {
        *out++ = (char)(0xE0 | cp >> 12);
        *out++ = (char)(0x80 | (cp >> 6 & 0x3F));
        *out++ = (char)(0x80 | (cp & 0x3F));
    } else {
        *out++ = (char)(0xF0 | cp >> 18);
        *out++ = (char)(0x80 | (cp >> 12 & 0x3F));
        *out++ = (char)(0x80 | (cp >> 6 & 0x3F));
        *out++ = (char)(0x80 | (cp & 0x3F));
    }
    return out;
}

/* At the four digits behind \u; takes the second half of a pair as well. */
static int read_unicode_escape(struct reader *r, char **out)
{
    unsigned cp, low;
    if (!hex4(r->p, r->end, &cp))
        return syntax(r, "bad \\u escape");
    r->p += 4;
    if (cp == 0)
        return syntax(r, "NUL is not accepted");
    if (cp >= 0xDC00 && cp <= 0xDFFF)
        return syntax(r, "lone surrogate");
    if (cp >= 0xD800 && cp <= 0xDBFF) {
        if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u' ||
            !hex4(r->p + 2, r->end, &low) || low < 0xDC00 || low > 0xDFFF)
            return syntax(r, "lone surrogate");
        r->p += 6;
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
    }
    *out = put_utf8(*out, cp);
    return 0;
}

static int read_escape(struct reader *r, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->p == r->end)
        return syntax(r, "text is not closed");
    const char c = *r->p++;
    if (c == 'u')
        return read_unicode_escape(r, out);
    const char *at = c != '\0' ? strchr(from, c) : NULL;
    if (at == NULL)
        return syntax(r, "unknown escape");
    *(*out)++ = to[at - from];
    return 0;
}

/* At the opening quote. Without escapes the text stays where it is. */
static int read_text(struct reader *r, struct str *out)
{
    const char *from = ++r->p;
    while (r->p < r->end && *r->p != '"' && *r->p != '\\' && (unsigned char)*r->p >= 0x20)
        r->p++;
    if (r->p < r->end && *r->p == '"') {
        *out = (struct str){ from, (size_t)(r->p - from) };
        r->p++;
        return 0;
    }
    const char *close = r->p; /* an escaped text is never longer than its source */
    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= r->end)
        return syntax(r, "text is not closed");
    char *copy = arena_alloc(r->arena, (size_t)(close - from) + 1);
    if (copy == NULL)
        return err_nomem(r->err);
    char *at = copy;
    r->p = from;
    while (*r->p != '"') {
        if ((unsigned char)*r->p < 0x20)
            return syntax(r, "control character in a text");
        if (*r->p != '\\') {
            *at++ = *r->p++;
            continue;
        }
        r->p++;
        if (read_escape(r, &at) < 0)
            return -1;
    }
    r->p++;
    *out = (struct str){ copy, (size_t)(at - copy) };
    return 0;
}

static int read_number(struct reader *r, struct str *out)
{
    const char *from = r->p;
    while (r->p < r->end && *r->p != '\0' && strchr("+-.eE0123456789", *r->p) != NULL)
        r->p++;
    *out = (struct str){ from, (size_t)(r->p - from) };
    if (!num_is_json(*out)) {
        r->p = from;
        return syntax(r, "not a value");
    }
    return 0;
}

static int read_value(struct reader *r, unsigned depth, struct json *v);

/* A member with its place in the object. */
struct placed {
    struct json *member;
    size_t place;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    const int c = str_cmp(x->member->key, y->member->key);
    return c != 0 ? c : (x->place > y->place) - (x->place < y->place);
}

/* The last value of a repeated key wins; its place is the first one's. Of n sorted members, those
 * that are not the first of their key are marked by a NULL key text. True when there are any. */
static bool settle_repeats(struct placed *sorted, size_t n)
{
    bool any = false;
    for (size_t first = 0, i = 1; i < n; i++) {
        struct json *kept = sorted[first].member, *m = sorted[i].member;
        if (!str_eq(kept->key, m->key)) {
            first = i;
            continue;
        }
        struct json *next = kept->next;
        *kept = *m;
        kept->next = next;
        m->key.p = NULL;
        any = true;
    }
    return any;
}

static void unlink_marked(struct json *object)
{
    for (struct json **link = &object->child; *link != NULL;) {
        if ((*link)->key.p == NULL)
            *link = (*link)->next;
        else
            link = &(*link)->next;
    }
}

/* By sorting, as a body may be megabytes of keys; a small object needs no memory for it. */
static int drop_repeats(struct reader *r, struct json *object, size_t n)
{
    struct placed few[16], *sorted = few;
    if (n < 2)
        return 0;
    if (n > ARRAY_LEN(few)) {
        sorted = arena_alloc(r->arena, n * sizeof(*sorted));
        if (sorted == NULL)
            return err_nomem(r->err);
    }
    size_t i = 0;
    for (struct json *m = object->child; m != NULL; m = m->next, i++)
        sorted[i] = (struct placed){ m, i };
    qsort(sorted, n, sizeof(*sorted), compare_placed);
    if (settle_repeats(sorted, n))
        unlink_marked(object);
    return 0;
}

static int read_member(struct reader *r, unsigned depth, struct json *object, struct json **tail)
{
    struct str key = { 0 };
    if (object->type == JSON_OBJECT) {
        if (r->p == r->end || *r->p != '"')
            return syntax(r, "expected a key");
        if (read_text(r, &key) < 0)
            return -1;
        skip_blanks(r);
        if (r->p == r->end || *r->p != ':')
            return syntax(r, "expected ':'");
        r->p++;
        skip_blanks(r);
    }
    struct json *fresh = arena_calloc(r->arena, sizeof(*fresh));
    if (fresh == NULL)
        return err_nomem(r->err);
    fresh->key = key;
    if (*tail == NULL)
        object->child = fresh;
    else
        (*tail)->next = fresh;
    *tail = fresh;
    return read_value(r, depth + 1, fresh);
}

static int read_container(struct reader *r, unsigned depth, struct json *v)
{
    const char close = *r->p++ == '{' ? '}' : ']';
    struct json *tail = NULL;
    if (depth >= JSON_MAX_DEPTH)
        return syntax(r, "nested too deeply");
    v->type = close == '}' ? JSON_OBJECT : JSON_ARRAY;
    skip_blanks(r);
    if (r->p < r->end && *r->p == close) {
        r->p++;
        return 0;
    }
    for (size_t n = 1;; n++) {
        skip_blanks(r);
        if (read_member(r, depth, v, &tail) < 0)
            return -1;
        skip_blanks(r);
        if (r->p == r->end || (*r->p != ',' && *r->p != close))
            return syntax(r, "expected ',' or the end of the list");
        if (*r->p++ == close)
            return v->type == JSON_OBJECT ? drop_repeats(r, v, n) : 0;
    }
}

static int read_value(struct reader *r, unsigned depth, struct json *v)
{
    static const struct {
        struct str word;
        enum json_type type;
    } words[] = { { STR_INIT("null"), JSON_NULL },
                  { STR_INIT("true"), JSON_TRUE },
                  { STR_INIT("false"), JSON_FALSE } };
    if (r->p == r->end)
        return syntax(r, "expected a value");
    if (++r->n_values > JSON_MAX_VALUES)
        return syntax(r, "more than 250000 values");
    switch (*r->p) {
    case '{':
    case '[':
        return read_container(r, depth, v);
    case '"':
        v->type = JSON_STRING;
        return read_text(r, &v->text);
    default:
        break;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_starts_with((struct str){ r->p, (size_t)(r->end - r->p) }, words[i].word)) {
            r->p += words[i].word.len;
            v->type = words[i].type;
            return 0;
        }
    }
    v->type = JSON_NUMBER;
    return read_number(r, &v->text);
}

int json_parse(struct arena *a, struct str in, struct json **out, struct err *err)
{
    struct reader r = { .arena = a, .begin = in.p, .p = in.p, .end = in.p + in.len, .err = err };
    if (in.len > 0 && str_utf8_invalid_at(in) != in.len)
        return err_set(err, ERR_INVALID_JSON, "not UTF-8 at byte %zu", str_utf8_invalid_at(in));
    if (str_starts_with(in, STR("\xEF\xBB\xBF")))
        r.p += 3;
    *out = arena_calloc(a, sizeof(**out));
    if (*out == NULL)
        return err_nomem(err);
    skip_blanks(&r);
    if (read_value(&r, 0, *out) < 0)
        return -1;
    skip_blanks(&r);
    return r.p == r.end ? 0 : syntax(&r, "text after the end");
}

const struct json *json_member(const struct json *object, const char *key)
{
    if (object == NULL || object->type != JSON_OBJECT)
        return NULL;
    for (const struct json *m = object->child; m != NULL; m = m->next) {
        if (str_is(m->key, key))
            return m;
    }
    return NULL;
}

struct str json_text(const struct json *object, const char *key)
{
    const struct json *m = json_member(object, key);
    return m != NULL && m->type == JSON_STRING ? m->text : (struct str){ NULL, 0 };
}

void json_put_tree(struct json_out *o, const struct json *v)
{
    static const struct str words[] = { [JSON_NULL] = STR_INIT("null"),
                                        [JSON_FALSE] = STR_INIT("false"),
                                        [JSON_TRUE] = STR_INIT("true") };
    switch (v->type) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        json_raw(o, words[v->type]);
        break;
    case JSON_NUMBER:
        json_raw(o, v->text);
        break;
    case JSON_STRING:
        json_str(o, v->text);
        break;
    case JSON_ARRAY:
        json_array(o);
        for (const struct json *e = v->child; e != NULL; e = e->next)
            json_put_tree(o, e);
        json_array_end(o);
        break;
    case JSON_OBJECT:
        json_object(o);
        for (const struct json *m = v->child; m != NULL; m = m->next) {
            json_key_str(o, m->key);
            json_put_tree(o, m);
        }
        json_object_end(o);
        break;
    }
}
