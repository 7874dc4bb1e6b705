/* SPDX-License-Identifier: MIT */
/*
 * column.c - see column.h. The map keeps a metadata key quoted as JSON, so that the metadata text
 * of a row is put together by copying.
 */
#include "domain/column.h"

/* ---- quoting into memory that is counted before ---- */

/* Bytes that the escape of c takes beyond c itself; escapes are those of json_put_quoted. */
static size_t escape_extra(unsigned char c)
{
    if (c >= 0x20)
        return c == '"' || c == '\\';
    return c == '\n' || c == '\r' || c == '\t' ? 1 : 5;
}

static size_t quoted_len(struct str s)
{
    size_t n = s.len + 2;
    for (size_t i = 0; i < s.len; i++)
        n += escape_extra((unsigned char)s.p[i]);
    return n;
}

static char *put_escape(char *at, unsigned char c)
{
    static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt", hex[] = "0123456789abcdef";
    const char *known = c != '\0' ? strchr(from, c) : NULL;
    *at++ = '\\';
    if (known != NULL) {
        *at++ = to[known - from];
        return at;
    }
    memcpy(at, "u00", 3);
    at[3] = hex[c >> 4];
    at[4] = hex[c & 15];
    return at + 5;
}

static char *put_quoted(char *at, struct str s)
{
    *at++ = '"';
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.p[i];
        if (escape_extra(c) == 0)
            *at++ = (char)c;
        else
            at = put_escape(at, c);
    }
    *at++ = '"';
    return at;
}

static char *put_text(char *at, struct str s)
{
    memcpy(at, s.p, s.len);
    return at + s.len;
}

/* ---- the map ---- */

static int column_set_key(struct column *c, struct str key, struct arena *a, struct err *err)
{
    const size_t n = quoted_len(key);
    char *quoted = arena_alloc(a, n);
    c->field = COLUMN_METADATA;
    c->key = arena_str(a, key);
    c->key_quoted = (struct str){ quoted, n };
    if (quoted == NULL || c->key.p == NULL)
        return err_nomem(err);
    put_quoted(quoted, key);
    return 0;
}

/* By key, and a later column before an earlier one. */
static int cmp_columns(const void *x, const void *y)
{
    const struct column *const *a = x, *const *b = y;
    const int c = str_cmp((*a)->key, (*b)->key);
    return c != 0 ? c : (*a < *b) - (*a > *b);
}

/* Sorted rather than each with each: a hostile header has some ten thousand columns. */
static int drop_repeated_keys(struct column_map *m, struct arena *a, struct err *err)
{
    struct column **sorted = arena_alloc(a, m->n * sizeof(struct column *));
    size_t n = 0;
    if (sorted == NULL)
        return err_nomem(err);
    for (size_t i = 0; i < m->n; i++) {
        if (m->columns[i].field == COLUMN_METADATA)
            sorted[n++] = &m->columns[i];
    }
    if (n > 1)
        qsort(sorted, n, sizeof(struct column *), cmp_columns);
    for (size_t i = 1; i < n; i++) {
        if (str_eq(sorted[i]->key, sorted[i - 1]->key))
            sorted[i]->field = COLUMN_UNUSED;
    }
    return 0;
}

static int drop_repeated_fields(struct column_map *m, size_t n_fields, struct arena *a,
                                struct err *err)
{
    bool *seen = arena_calloc(a, n_fields * sizeof(bool));
    if (seen == NULL)
        return err_nomem(err);
    for (size_t i = m->n; i-- > 0;) {
        struct column *c = &m->columns[i];
        if (c->field < 0)
            continue;
        if (seen[c->field])
            c->field = COLUMN_UNUSED;
        else
            seen[c->field] = true;
    }
    return 0;
}

static int column_init(struct column *c, const struct field_table *t, struct str heading,
                       struct arena *a, struct err *err)
{
    *c = (struct column){ .field = COLUMN_UNUSED };
    if (str_trim(heading).len == 0)
        return 0;
    c->field = field_find(t, heading);
    return c->field >= 0 ? 0 : column_set_key(c, heading, a, err);
}

static int column_map_alloc(struct column_map *m, size_t n, struct arena *a, struct err *err)
{
    *m = (struct column_map){ .columns = arena_alloc(a, n * sizeof(struct column)), .n = n };
    return m->columns != NULL ? 0 : err_nomem(err);
}

int column_map_build(const struct field_table *t, const struct str *headings, size_t n,
                     struct arena *a, struct column_map *out, struct err *err)
{
    if (column_map_alloc(out, n, a, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (column_init(&out->columns[i], t, headings[i], a, err) < 0)
            return -1;
    }
    if (drop_repeated_fields(out, t->n, a, err) < 0)
        return -1;
    return drop_repeated_keys(out, a, err);
}

void column_map_define(struct column_map *m, const struct metadata_schema *s)
{
    m->defined = false;
    for (size_t i = 0; i < m->n; i++) {
        struct column *c = &m->columns[i];
        if (c->field == COLUMN_METADATA)
            c->definition = metadata_definition_find(s, c->key);
        m->defined = m->defined || c->definition != NULL;
    }
}

bool column_map_has(const struct column_map *m, const struct field_table *t, const char *heading)
{
    const int field = field_find(t, str_of(heading));
    for (size_t i = 0; i < m->n && field >= 0; i++) {
        if (m->columns[i].field == field)
            return true;
    }
    return false;
}

void column_map_put_json(struct json_out *o, const struct field_table *t,
                         const struct column_map *m)
{
    json_array(o);
    for (size_t i = 0; i < m->n; i++) {
        const struct column *c = &m->columns[i];
        if (c->field == COLUMN_UNUSED) {
            json_null(o);
            continue;
        }
        json_object(o);
        json_key(o, c->field >= 0 ? "field" : "metadata");
        json_str(o, c->field >= 0 ? str_of(t->rows[c->field].heading) : c->key);
        json_object_end(o);
    }
    json_array_end(o);
}

static int column_from_json(struct column *c, const struct field_table *t, const struct json *item,
                            struct arena *a, struct err *err)
{
    const struct json *field = json_member(item, "field"), *key = json_member(item, "metadata");
    *c = (struct column){ .field = COLUMN_UNUSED };
    if (item->type == JSON_NULL)
        return 0;
    if (key != NULL && key->type == JSON_STRING)
        return column_set_key(c, key->text, a, err);
    if (field == NULL || field->type != JSON_STRING)
        return err_set(err, ERR_STORE, "stored column is neither a field nor metadata");
    c->field = field_find(t, field->text);
    if (c->field < 0)
        return err_set(err, ERR_STORE, "stored column '%.*s' is unknown", STR_FMT(field->text));
    return 0;
}

int column_map_from_json(const struct field_table *t, const struct json *array, struct arena *a,
                         struct column_map *out, struct err *err)
{
    size_t n = 0;
    if (array == NULL || array->type != JSON_ARRAY)
        return err_set(err, ERR_STORE, "stored column map is not an array");
    for (const struct json *item = array->child; item != NULL; item = item->next)
        n++;
    if (column_map_alloc(out, n, a, err) < 0)
        return -1;
    struct column *c = out->columns;
    for (const struct json *item = array->child; item != NULL; item = item->next) {
        if (column_from_json(c++, t, item, a, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- a record ---- */

void column_map_pick(const struct column_map *m, const struct field_table *t,
                     const struct str *cells, size_t n_cells, struct str *given)
{
    const size_t n = n_cells < m->n ? n_cells : m->n;
    memset(given, 0, t->n * sizeof(*given));
    for (size_t i = 0; i < n; i++) {
        const int field = m->columns[i].field;
        if (field < 0)
            continue;
        const bool is_text = t->rows[field].kind == FIELD_TEXT;
        const struct str cell = is_text ? cells[i] : str_trim(cells[i]);
        if (cell.len > 0)
            given[field] = cell;
    }
}

static bool is_metadata(const struct column_map *m, const struct str *cells, size_t i)
{
    return m->columns[i].field == COLUMN_METADATA && cells[i].len > 0;
}

/* With cells that become something else than texts. */
static int put_defined(const struct column_map *m, const struct str *cells, size_t n,
                       struct arena *a, struct str *out, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    bool any = false;
    buf_init(&b, FIELD_OBJECT_MAX_BYTES);
    json_object(&o);
    for (size_t i = 0; i < n; i++) {
        const struct column *c = &m->columns[i];
        if (!is_metadata(m, cells, i))
            continue;
        any = true;
        json_key_str(&o, c->key);
        o.comma = true; /* behind the value, which is put as it stands */
        if (c->definition == NULL || !metadata_coerce_cell(c->definition, cells[i], &b))
            json_put_quoted(&b, cells[i]);
    }
    json_object_end(&o);
    if (b.failed || !any) {
        const bool too_long = b.failed;
        buf_release(&b);
        return too_long;
    }
    return buf_keep(&b, a, out, err);
}

int column_map_metadata(const struct column_map *m, const struct str *cells, size_t n_cells,
                        struct arena *a, struct str *out, struct err *err)
{
    const size_t n = n_cells < m->n ? n_cells : m->n;
    *out = (struct str){ 0 };
    if (m->defined)
        return put_defined(m, cells, n, a, out, err);
    size_t len = 1; /* the brace; each pair brings its ':' and the ',' or brace behind it */
    *out = (struct str){ 0 };
    for (size_t i = 0; i < n; i++) {
        if (is_metadata(m, cells, i))
            len += m->columns[i].key_quoted.len + quoted_len(cells[i]) + 2;
    }
    if (len == 1)
        return 0;
    if (len > FIELD_OBJECT_MAX_BYTES)
        return 1;
    char *text = arena_alloc(a, len), *at = text;
    if (text == NULL)
        return err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!is_metadata(m, cells, i))
            continue;
        *at = at == text ? '{' : ',';
        at = put_text(at + 1, m->columns[i].key_quoted);
        *at++ = ':';
        at = put_quoted(at, cells[i]);
    }
    *at = '}';
    *out = (struct str){ text, len };
    return 0;
}
