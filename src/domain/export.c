/* SPDX-License-Identifier: MIT */
/* export.c - see export.h. */
#include "domain/export.h"

#include <assert.h>
#include <inttypes.h>

#include "base/time_iso.h"

#define MINOR_UNITS 100 /* 10^MONEY_DIGITS */

/* ---- values ---- */

static void put_text(struct buf *b, const char *text)
{
    buf_puts(b, str_of(text));
}

static void put_bool(struct buf *b, bool v)
{
    put_text(b, v ? "true" : "false");
}

void export_put_int(struct buf *b, int64_t n)
{
    buf_printf(b, "%" PRId64, n);
}

static void put_time(struct buf *b, int64_t ms)
{
    char text[TIME_ISO_LEN + 1];
    if (ms == TIME_NONE)
        return;
    time_iso_format(ms, text);
    put_text(b, text);
}

/* 200000 is 2000.00. */
void export_put_minor(struct buf *b, int64_t n)
{
    const uint64_t size = n < 0 ? -(uint64_t)n : (uint64_t)n;
    buf_printf(b, "%s%" PRIu64 ".%02u", n < 0 ? "-" : "", size / MINOR_UNITS,
               (unsigned)(size % MINOR_UNITS));
}

void export_put_money(struct buf *b, struct num n)
{
    if (n.is_int)
        export_put_minor(b, n.i);
    else
        num_put(b, (struct num){ .d = n.d / MINOR_UNITS });
}

/* A list without lists in it is written as imports read it, with commas; else it stays JSON. */
static bool is_plain_list(const struct json *v)
{
    if (v->type != JSON_ARRAY)
        return false;
    for (const struct json *e = v->child; e != NULL; e = e->next) {
        if (e->type == JSON_ARRAY || e->type == JSON_OBJECT)
            return false;
    }
    return true;
}

void export_put_json(struct buf *b, const struct json *v)
{
    struct json_out o = { .b = b };
    if (v == NULL || v->type == JSON_NULL)
        return;
    if (v->type == JSON_STRING) {
        buf_puts(b, v->text);
    } else if (is_plain_list(v)) {
        for (const struct json *e = v->child; e != NULL; e = e->next) {
            export_put_json(b, e);
            if (e->next != NULL)
                buf_putc(b, ',');
        }
    } else {
        json_put_tree(&o, v);
    }
}

/* ---- stored JSON ---- */

int export_parse(struct export_row *row, struct str text, struct json **out, struct err *err)
{
    if (json_parse(row->arena, text, out, err) == 0)
        return 0;
    if (err->code != ERR_NOMEM)
        err->code = ERR_STORE;
    return err_wrap(err, "a stored JSON text cannot be read");
}

int export_read_object(struct export_row *row, struct str text, const struct json **out,
                       struct err *err)
{
    static const struct json nothing = { .type = JSON_OBJECT };
    struct json *tree = NULL;
    if (*out != NULL)
        return 0;
    if (text.len > 0 && export_parse(row, text, &tree, err) < 0)
        return -1;
    *out = tree != NULL ? tree : &nothing;
    return 0;
}

static const struct json *find_member(const struct json *object, struct str key)
{
    const struct json *m = object->child;
    while (m != NULL && !str_eq(m->key, key))
        m = m->next;
    return m;
}

/* ---- columns ---- */

/* Of the resource's table: ".name" for name. */
static const struct field *find_field(const struct field_table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].path != NULL && strcmp(t->rows[i].path + 1, name) == 0)
            return &t->rows[i];
    }
    return NULL;
}

static void find_row(const struct export_table *t, struct str name, struct export_column *out)
{
    static const struct str prefix = STR_INIT("metadata.");
    const bool key = name.len > prefix.len && str_starts_with(name, prefix);
    for (size_t i = 0; i < t->n; i++) {
        const struct export_field *f = &t->rows[i];
        if (!str_is(name, f->name) && !(key && f->kind == EXPORT_METADATA))
            continue;
        out->field = f;
        if (key)
            out->key = (struct str){ name.p + prefix.len, name.len - prefix.len };
        return;
    }
}

bool export_column(const struct export_table *t, struct str name, struct export_column *out)
{
    *out = (struct export_column){ 0 };
    find_row(t, name, out);
    if (out->field == NULL)
        return false;
    if (out->field->kind == EXPORT_FIELD) {
        out->in = find_field(t->fields, out->field->name);
        assert(out->in != NULL);
    }
    return true;
}

void export_put_names(struct buf *b, const struct export_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        buf_printf(b, "%s%s", i > 0 ? ", " : "", t->rows[i].name);
    buf_puts(b, STR(", metadata.<key>"));
}

/* ---- headings ---- */

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void put_word(struct buf *b, struct str word)
{
    const bool short_form = str_is(word, "id") || str_is(word, "qr");
    for (size_t i = 0; i < word.len; i++)
        buf_putc(b, i == 0 || short_form ? upper(word.p[i]) : word.p[i]);
}

void export_put_heading(struct buf *b, const struct export_column *c)
{
    struct str rest = str_of(c->field->name);
    if (c->key.p != NULL) {
        buf_puts(b, STR("metadata."));
        buf_puts(b, c->key);
        return;
    }
    while (rest.p != NULL) {
        put_word(b, str_cut(rest, '_', &rest));
        if (rest.p != NULL)
            buf_putc(b, ' ');
    }
}

/* ---- cells ---- */

/* Amounts stay in minor units: what is in major ones is made by a function. */
static void put_field(struct buf *b, const struct field *f, const void *item)
{
    const void *at = (const char *)item + f->offset;
    int64_t n;
    switch (f->kind) {
    case FIELD_TEXT:
        buf_puts(b, *(const struct str *)at);
        break;
    case FIELD_ENUM:
        put_text(b, f->names[*(const uint8_t *)at]);
        break;
    case FIELD_BOOL:
        put_bool(b, *(const bool *)at);
        break;
    case FIELD_INTEGER:
    case FIELD_MONEY:
        n = *(const int64_t *)at;
        if (n != FIELD_NONE)
            export_put_int(b, n);
        break;
    case FIELD_NUMBER:
        num_put(b, *(const struct num *)at);
        break;
    case FIELD_TIME:
        put_time(b, *(const int64_t *)at);
        break;
    case FIELD_IGNORED:
    case FIELD_KIND_COUNT:
        break;
    }
}

static void put_id(struct buf *b, enum id_kind kind, int64_t key, const struct id_secret *secret)
{
    char id[ID_MAX_LEN];
    if (key == FIELD_NONE)
        return;
    id_encode(secret, kind, key, id);
    put_text(b, id);
}

/* Members of one object are mostly asked for together: it is read once. */
static int put_member(struct buf *b, struct str text, const char *member, struct export_row *row,
                      struct err *err)
{
    if (row->object_text != text.p)
        row->object = NULL;
    row->object_text = text.p;
    if (export_read_object(row, text, &row->object, err) < 0)
        return -1;
    export_put_json(b, json_member(row->object, member));
    return 0;
}

static int put_metadata(struct buf *b, struct str text, struct str key, struct export_row *row,
                        struct err *err)
{
    if (key.p == NULL) {
        buf_puts(b, text);
        return 0;
    }
    if (export_read_object(row, text, &row->metadata, err) < 0)
        return -1;
    export_put_json(b, find_member(row->metadata, key));
    return 0;
}

int export_put_cell(struct buf *b, const struct export_column *c, struct export_row *row,
                    struct err *err)
{
    const struct export_field *f = c->field;
    const void *at = (const char *)row->item + f->offset;
    switch (f->kind) {
    case EXPORT_FIELD:
        put_field(b, c->in, row->item);
        break;
    case EXPORT_TEXT:
        buf_puts(b, *(const struct str *)at);
        break;
    case EXPORT_TIME:
        put_time(b, *(const int64_t *)at);
        break;
    case EXPORT_INT:
        if (*(const int64_t *)at >= 0)
            export_put_int(b, *(const int64_t *)at);
        break;
    case EXPORT_BOOL:
        put_bool(b, *(const bool *)at);
        break;
    case EXPORT_ID:
        put_id(b, f->id, *(const int64_t *)at, row->secret);
        break;
    case EXPORT_MEMBER:
        return put_member(b, *(const struct str *)at, f->member, row, err);
    case EXPORT_MADE:
        return f->put(b, row, err);
    case EXPORT_METADATA:
        return put_metadata(b, *(const struct str *)at, c->key, row, err);
    }
    return 0;
}
