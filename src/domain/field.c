/* SPDX-License-Identifier: MIT */
/*
 * field.c - see field.h. What differs by kind is a row of a table of functions; a value comes from
 * a cell or from JSON through the same row.
 */
#include <assert.h>

#include "base/time_iso.h"
#include "domain/field.h"

/* ---- headings ---- */

static char fold(char c)
{
    if (c == '_')
        return ' ';
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_heading(struct str got, const char *want)
{
    for (size_t i = 0; i < got.len; i++) {
        if (want[i] == '\0' || fold(want[i]) != fold(got.p[i]))
            return false;
    }
    return want[got.len] == '\0';
}

int field_find(const struct field_table *t, struct str heading)
{
    const struct str trimmed = str_trim(heading);
    for (size_t i = 0; i < t->n; i++) {
        const struct field *f = &t->rows[i];
        if ((f->heading != NULL && is_heading(trimmed, f->heading)) ||
            (f->alias != NULL && is_heading(trimmed, f->alias)))
            return (int)i;
    }
    return -1;
}

/* ---- coercion ---- */

static const char must_be_number[] = "must be number";
static const char must_be_integer[] = "must be integer";
static const char must_be_boolean[] = "must be boolean";
static const char must_be_allowed[] = "must be equal to one of the allowed values";
static const char must_not_be_negative[] = "must be >= 0";
static const char must_be_date[] = "cannot be recognized as a ISO-8601 compliant date";
static const char must_have_decimals[] = "must have at most 2 decimals";
static_assert(MONEY_DIGITS == 2, "the message says it too");

static const char *text_from_cell(const struct field *f, struct str cell, void *at)
{
    (void)f;
    static_assert(FIELD_TEXT_MAX_BYTES == 65536, "the message says it too");
    *(struct str *)at = cell;
    return cell.len > FIELD_TEXT_MAX_BYTES ? "must NOT be longer than 65536 bytes" : NULL;
}

bool field_accepts(const struct field *f, size_t i)
{
    return i > 0 && (f->allowed == 0 || (f->allowed >> i & 1) != 0);
}

static const char *enum_from_cell(const struct field *f, struct str cell, void *at)
{
    for (size_t i = 1; f->names[i] != NULL; i++) {
        if (field_accepts(f, i) && str_is(cell, f->names[i])) {
            *(uint8_t *)at = (uint8_t)i;
            return NULL;
        }
    }
    return must_be_allowed;
}

static const char *bool_from_cell(const struct field *f, struct str cell, void *at)
{
    (void)f;
    const bool yes = str_eq_nocase(cell, STR("true"));
    if (!yes && !str_eq_nocase(cell, STR("false")))
        return must_be_boolean;
    *(bool *)at = yes;
    return NULL;
}

static const char *put_integer(int64_t v, void *at)
{
    if (v < 0)
        return must_not_be_negative;
    *(int64_t *)at = v;
    return NULL;
}

static const char *integer_from_cell(const struct field *f, struct str cell, void *at)
{
    (void)f;
    int64_t v;
    return num_parse_i64(cell, &v) ? put_integer(v, at) : must_be_integer;
}

static const char *money_from_cell(const struct field *f, struct str cell, void *at)
{
    (void)f;
    int64_t v;
    bool cut;
    if (!num_parse_scaled(cell, MONEY_DIGITS, &v, &cut))
        return must_be_number;
    if (v >= 0 && cut)
        return must_have_decimals;
    return put_integer(v, at);
}

static const char *number_from_cell(const struct field *f, struct str cell, void *at)
{
    (void)f;
    struct num n;
    if (!num_parse(cell, &n))
        return must_be_number;
    if (num_as_double(n) < 0)
        return must_not_be_negative;
    *(struct num *)at = n;
    return NULL;
}

static const char *time_from_cell(const struct field *f, struct str cell, void *at)
{
    (void)f;
    int64_t ms;
    if (!time_iso_parse(cell, &ms))
        return must_be_date;
    *(int64_t *)at = ms;
    return NULL;
}

static const char *ignore_cell(const struct field *f, struct str cell, void *at)
{
    (void)f, (void)cell, (void)at;
    return NULL;
}

/* JSON has whole numbers in two spellings: 10 and 10.0. */
static const char *integer_from_json(const struct field *f, struct str text, void *at)
{
    (void)f;
    const double beyond = 9007199254740992.0; /* 2^53: a double above it is no exact integer */
    struct num n = { 0 };
    if (num_parse(text, &n) && !n.is_int && n.d >= -beyond && n.d <= beyond &&
        n.d == (double)(int64_t)n.d)
        n = num_int((int64_t)n.d);
    return n.is_int ? put_integer(n.i, at) : must_be_integer;
}

struct kind {
    size_t bytes; /* what the field takes in its struct */
    const char *(*from_cell)(const struct field *f, struct str cell, void *at);
    enum json_type json; /* the one it is read from */
    const char *(*from_json)(const struct field *f, struct str text, void *at); /* NULL: booleans */
    const char *wrong_json;     /* another type, or not coercible */
    const char *wrong_nullable; /* the same of a FIELD_NULLABLE */
};

static const struct kind kinds[] = {
    [FIELD_TEXT] = { sizeof(struct str), text_from_cell, JSON_STRING, text_from_cell,
                     "must be string", "must be string,null" },
    [FIELD_ENUM] = { sizeof(uint8_t), enum_from_cell, JSON_STRING, enum_from_cell, must_be_allowed,
                     must_be_allowed },
    [FIELD_BOOL] = { sizeof(bool), bool_from_cell, JSON_TRUE, NULL, must_be_boolean,
                     "must be boolean,null" },
    [FIELD_INTEGER] = { sizeof(int64_t), integer_from_cell, JSON_NUMBER, integer_from_json,
                        must_be_integer, "must be integer,null" },
    [FIELD_MONEY] = { sizeof(int64_t), money_from_cell, JSON_NUMBER, integer_from_json,
                      must_be_integer, "must be integer,null" },
    [FIELD_NUMBER] = { sizeof(struct num), number_from_cell, JSON_NUMBER, number_from_cell,
                       must_be_number, "must be number,null" },
    [FIELD_TIME] = { sizeof(int64_t), time_from_cell, JSON_STRING, time_from_cell, must_be_date,
                     must_be_date },
    [FIELD_IGNORED] = { 0, ignore_cell, JSON_NULL, ignore_cell, NULL, NULL },
};
static_assert(ARRAY_LEN(kinds) == FIELD_KIND_COUNT, "every kind has a row");

const char *field_from_cell(const struct field *f, struct str cell, void *base)
{
    return kinds[f->kind].from_cell(f, cell, (char *)base + f->offset);
}

const struct json *field_in_json(const struct field *f, const struct json *body)
{
    struct str path = { f->path + 1, strlen(f->path + 1) };
    const struct json *v = body;
    while (v != NULL && path.p != NULL) {
        const struct str key = str_cut(path, '.', &path);
        v = v->type == JSON_OBJECT ? v->child : NULL;
        while (v != NULL && !str_eq(v->key, key))
            v = v->next;
    }
    return v;
}

const char *field_from_json(const struct field *f, const struct json *value, void *base)
{
    const struct kind *k = &kinds[f->kind];
    const char *const wrong = (f->flags & FIELD_NULLABLE) != 0 ? k->wrong_nullable : k->wrong_json;
    void *at = (char *)base + f->offset;
    if (f->kind == FIELD_BOOL && (value->type == JSON_TRUE || value->type == JSON_FALSE)) {
        *(bool *)at = value->type == JSON_TRUE;
        return NULL;
    }
    if (k->from_json == NULL || value->type != k->json)
        return wrong;
    const char *what = k->from_json(f, value->text, at);
    return what == k->wrong_json ? wrong : what; /* the type is named with its ",null" */
}

/* "must be >= 0" and its like are about the value: of an integer only what is none is wrong. */
const char *field_json_type(const struct field *f, const struct json *value)
{
    const struct kind *k = &kinds[f->kind];
    const bool null_too = (f->flags & FIELD_NULLABLE) != 0;
    bool fits = value->type == k->json;
    int64_t ignored;
    if (f->kind == FIELD_BOOL)
        fits = value->type == JSON_TRUE || value->type == JSON_FALSE;
    else if (fits && k->from_json == integer_from_json)
        fits = integer_from_json(f, value->text, &ignored) != must_be_integer;
    if (fits)
        return NULL;
    if (k->json == JSON_STRING)
        return null_too ? "must be string,null" : "must be string";
    return null_too ? k->wrong_nullable : k->wrong_json;
}

static void put_allowed(struct buf *b, const struct field *f)
{
    const char *before = " [ ";
    for (size_t i = 1; f->names[i] != NULL; i++) {
        if (!field_accepts(f, i))
            continue;
        buf_puts(b, str_of(before));
        buf_puts(b, str_of(f->names[i]));
        before = ", ";
    }
    buf_puts(b, STR(" ]"));
}

struct str field_reason(const struct field *f, const char *what, struct arena *a)
{
    struct str reason = { 0 };
    struct buf b;
    buf_init(&b, 4 * KIB); /* a path and the names of one enum */
    buf_printf(&b, "Property %s %s", f->path, what);
    if (f->kind == FIELD_ENUM)
        put_allowed(&b, f);
    if (!b.failed)
        reason = arena_str(a, buf_str(&b));
    buf_release(&b);
    return reason;
}

static bool field_same(const struct field *f, const void *x, const void *y)
{
    if (f->kind == FIELD_TEXT) /* an empty text is not the same as none */
        return str_eq(*(const struct str *)x, *(const struct str *)y) &&
               (((const struct str *)x)->p == NULL) == (((const struct str *)y)->p == NULL);
    if (f->kind == FIELD_NUMBER)
        return num_eq(*(const struct num *)x, *(const struct num *)y);
    return memcmp(x, y, kinds[f->kind].bytes) == 0;
}

bool field_assign(const struct field *f, void *to, const void *from)
{
    void *x = (char *)to + f->offset;
    const void *y = (const char *)from + f->offset;
    if (field_same(f, x, y))
        return false;
    memcpy(x, y, kinds[f->kind].bytes);
    return true;
}
