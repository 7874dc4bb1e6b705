/* SPDX-License-Identifier: MIT */
/*
 * openapi_shape.c - objects as JSON Schema.
 *
 * Fields and members come with paths ("redemption.quantity"), and a schema nests. So all rows of a
 * schema are put into one list, and each level prints the next step of the paths that begin with
 * where it stands.
 */
#include <assert.h>
#include <stdio.h>

#include "api/openapi_priv.h"

#define PROPERTIES_MAX 160

/* ---- small things ---- */

void openapi_put_text(struct json_out *o, const char *key, const char *text)
{
    json_key(o, key);
    json_str(o, str_of(text));
}

void openapi_put_ref(struct json_out *o, const char *where, const char *name)
{
    json_object(o);
    json_key(o, "$ref");
    json_raw(o, STR("\"#/components/"));
    buf_printf(o->b, "%s/%s\"", where, name);
    json_object_end(o);
}

void openapi_put_names(struct json_out *o, const char *key, const char *const *names)
{
    json_key(o, key);
    json_array(o);
    for (; *names != NULL; names++)
        json_str(o, str_of(*names));
    json_array_end(o);
}

struct str openapi_next_word(struct str *rest)
{
    struct str word = { NULL, 0 };
    while (rest->p != NULL && word.len == 0)
        word = str_cut(*rest, ' ', rest);
    return word.len > 0 ? word : (struct str){ NULL, 0 };
}

void openapi_put_words(struct json_out *o, const char *key, const char *words)
{
    struct str rest = str_of(words);
    json_key(o, key);
    json_array(o);
    for (struct str w = openapi_next_word(&rest); w.p != NULL; w = openapi_next_word(&rest))
        json_str(o, w);
    json_array_end(o);
}

void openapi_put_enum(struct json_out *o, openapi_words *word)
{
    json_object(o);
    openapi_put_text(o, "type", "string");
    json_key(o, "enum");
    json_array(o);
    for (size_t i = 0; word(i) != NULL; i++)
        json_str(o, str_of(word(i)));
    json_array_end(o);
    json_object_end(o);
}

static void put_mapping(struct json_out *o, const char *name, const char *by, openapi_words *word)
{
    json_key(o, "discriminator");
    json_object(o);
    openapi_put_text(o, "propertyName", by);
    json_key(o, "mapping");
    json_object(o);
    for (size_t i = 0; word(i) != NULL; i++) {
        json_key(o, word(i));
        json_raw(o, STR("\"#/components/schemas/"));
        buf_printf(o->b, "%s.%s\"", name, word(i));
    }
    json_object_end(o);
    json_object_end(o);
}

void openapi_put_union(struct json_out *o, const char *name, const char *text, const char *by,
                       openapi_words *word)
{
    json_key(o, name);
    json_object(o);
    openapi_put_text(o, "description", text);
    json_key(o, "oneOf");
    json_array(o);
    for (size_t i = 0; word(i) != NULL; i++) {
        char part[96];
        snprintf(part, sizeof(part), "%s.%s", name, word(i));
        openapi_put_ref(o, "schemas", part);
    }
    json_array_end(o);
    put_mapping(o, name, by, word);
    json_object_end(o);
}

static void put_type(struct json_out *o, const char *type, bool nullable)
{
    json_key(o, "type");
    if (!nullable) {
        json_str(o, str_of(type));
        return;
    }
    json_array(o);
    json_str(o, str_of(type));
    json_str(o, STR("null"));
    json_array_end(o);
}

static void put_number(struct json_out *o, const char *key, int64_t n)
{
    json_key(o, key);
    json_int(o, n);
}

/* ---- fields ---- */

struct field_look {
    const char *type, *format, *note; /* NULL: none */
    bool not_below_0;
};

static const struct field_look in_json[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = { "string" },
    [FIELD_ENUM] = { "string" },
    [FIELD_BOOL] = { "boolean" },
    [FIELD_INTEGER] = { "integer", .not_below_0 = true },
    [FIELD_MONEY] = { "integer", .note = "In minor units: 1000 is 10.00.", .not_below_0 = true },
    [FIELD_NUMBER] = { "number", .not_below_0 = true },
    [FIELD_TIME] = { "string", "date-time" },
};

static const struct field_look in_cell[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = { "string" },
    [FIELD_ENUM] = { "string" },
    [FIELD_BOOL] = { "boolean", .note = "true or false, in any case." },
    [FIELD_INTEGER] = { "integer", .not_below_0 = true },
    [FIELD_MONEY] = { "number", .note = "In major units, with two decimals at most.",
                      .not_below_0 = true },
    [FIELD_NUMBER] = { "number", .not_below_0 = true },
    [FIELD_TIME] = { "string", "date-time" },
    [FIELD_IGNORED] = { .note = "Known to files of another kind: recognised, and no metadata." },
};

/* `every`: also names that an input may not have, as a campaign may have given them. */
static void put_field_names(struct json_out *o, const struct field *f, bool every, bool nullable)
{
    json_key(o, "enum");
    json_array(o);
    for (size_t i = 1; f->names[i] != NULL; i++) {
        if (every || field_accepts(f, i))
            json_str(o, str_of(f->names[i]));
    }
    if (nullable)
        json_null(o);
    json_array_end(o);
}

static void put_look(struct json_out *o, const struct field_look *look, const struct field *f,
                     bool answer, bool nullable)
{
    if (look->type != NULL)
        put_type(o, look->type, nullable);
    if (look->format != NULL)
        openapi_put_text(o, "format", look->format);
    if (f->kind == FIELD_ENUM)
        put_field_names(o, f, answer, nullable);
    if (look->not_below_0 && !answer)
        put_number(o, "minimum", 0);
    if (look->note != NULL)
        openapi_put_text(o, "description", look->note);
}

/* A value of money that a body gives to a voucher is kept as it came, with decimals too. */
static void put_field(struct json_out *o, const struct schema *s, const struct field *f,
                      unsigned flags)
{
    static const struct field_look as_given = { "number", .note = "In minor units." };
    const bool of_worth = s->answer && s->worths && f->heading == NULL && f->kind == FIELD_MONEY;
    json_object(o);
    put_look(o, of_worth ? &as_given : &in_json[f->kind], f, s->answer,
             (flags & MEMBER_NULLABLE) != 0);
    if (f->heading != NULL && !s->answer)
        openapi_put_text(o, "x-csv-heading", f->heading);
    json_object_end(o);
}

void openapi_put_cell(struct json_out *o, const struct field *f)
{
    json_object(o);
    put_look(o, &in_cell[f->kind], f, false, false);
    if (f->alias != NULL)
        openapi_put_text(o, "x-csv-alias", f->alias);
    if (f->path != NULL)
        openapi_put_text(o, "x-json-path", f->path);
    json_object_end(o);
}

/* ---- members ---- */

static void put_listed(struct json_out *o, const struct member *m)
{
    json_key(o, "items");
    openapi_put_ref(o, "schemas", m->of);
    if (m->most != 0)
        put_number(o, "maxItems", m->most);
}

static void put_by_key(struct json_out *o, const struct member *m)
{
    json_key(o, "additionalProperties");
    openapi_put_ref(o, "schemas", m->of);
}

static void put_most(struct json_out *o, const struct member *m)
{
    if (m->most != 0)
        put_number(o, "maximum", m->most);
}

static void put_texts(struct json_out *o, const struct member *m)
{
    (void)m;
    json_key(o, "items");
    json_raw(o, STR("{\"type\":\"string\"}"));
}

static void put_days(struct json_out *o, const struct member *m)
{
    (void)m;
    json_key(o, "items");
    json_raw(o, STR("{\"type\":\"integer\",\"minimum\":0,\"maximum\":6}"));
}

static void put_word(struct json_out *o, const struct member *m)
{
    openapi_put_text(o, "const", m->of);
}

static void put_choice(struct json_out *o, const struct member *m)
{
    if (m->names != NULL)
        openapi_put_names(o, "enum", m->names);
    else
        openapi_put_words(o, "enum", m->of);
}

static const struct {
    const char *type, *format;
    void (*more)(struct json_out *o, const struct member *m);
} looks[MEMBER_TYPE_COUNT] = {
    [MEMBER_TEXT] = { "string", NULL, NULL },
    [MEMBER_INTEGER] = { "integer", NULL, put_most },
    [MEMBER_NUMBER] = { "number", NULL, NULL },
    [MEMBER_BOOLEAN] = { "boolean", NULL, NULL },
    [MEMBER_TIME] = { "string", "date-time", NULL },
    [MEMBER_DATE] = { "string", "date", NULL },
    [MEMBER_OBJECT] = { "object", NULL, NULL },
    [MEMBER_TEXTS] = { "array", NULL, put_texts },
    [MEMBER_DAYS] = { "array", NULL, put_days },
    [MEMBER_LIST] = { "array", NULL, put_listed },
    [MEMBER_BY_KEY] = { "object", NULL, put_by_key },
    [MEMBER_WORD] = { "string", NULL, put_word },
    [MEMBER_NAMES] = { "string", NULL, put_choice },
};

static void put_ref(struct json_out *o, const struct member *m)
{
    if ((m->flags & (MEMBER_NULLABLE | MEMBER_OR_TEXT)) == 0) {
        openapi_put_ref(o, "schemas", m->of);
        return;
    }
    json_object(o);
    json_key(o, "anyOf");
    json_array(o);
    openapi_put_ref(o, "schemas", m->of);
    if ((m->flags & MEMBER_OR_TEXT) != 0)
        json_raw(o, STR("{\"type\":\"string\"}"));
    if ((m->flags & MEMBER_NULLABLE) != 0)
        json_raw(o, STR("{\"type\":\"null\"}"));
    json_array_end(o);
    json_object_end(o);
}

/* `heading` of its column; NULL: none. */
static void put_member(struct json_out *o, const struct member *m, const char *heading)
{
    const bool nullable = (m->flags & MEMBER_NULLABLE) != 0;
    if (m->type == MEMBER_REF) {
        put_ref(o, m);
        return;
    }
    json_object(o);
    if (looks[m->type].type != NULL)
        put_type(o, looks[m->type].type, nullable);
    if (looks[m->type].format != NULL)
        openapi_put_text(o, "format", looks[m->type].format);
    if (looks[m->type].more != NULL)
        looks[m->type].more(o, m);
    if (m->note != NULL)
        openapi_put_text(o, "description", m->note);
    if (heading != NULL)
        openapi_put_text(o, "x-csv-heading", heading);
    json_object_end(o);
}

void openapi_put_member(struct json_out *o, const struct member *m)
{
    put_member(o, m, NULL);
}

/* ---- one list of both ---- */

struct property {
    struct str path;             /* without the point in front */
    const struct field *field;   /* NULL: no table has it */
    const struct member *member; /* NULL: a table alone has it */
};

struct shape {
    const struct schema *schema;
    struct property rows[PROPERTIES_MAX];
    size_t n;
};

static const struct property *find_path(const struct shape *sh, struct str path)
{
    for (size_t i = 0; i < sh->n; i++) {
        if (str_eq(sh->rows[i].path, path))
            return &sh->rows[i];
    }
    return NULL;
}

static void add(struct shape *sh, struct str path, const struct field *f, const struct member *m)
{
    if (find_path(sh, path) != NULL)
        return;
    assert(sh->n < PROPERTIES_MAX);
    sh->rows[sh->n++] = (struct property){ path, f, m };
}

static struct str path_of(const struct field *f)
{
    return f->path != NULL ? str_of(f->path + 1) : (struct str){ NULL, 0 };
}

/* Types of discounts, a gift, a card: each has a value and an effect in the object of its own. */
static const struct voucher_worth *worth_at(size_t i)
{
    if (i == DISCOUNT_TYPE_COUNT)
        return &voucher_card_worth;
    return i < DISCOUNT_TYPE_COUNT ? &voucher_worths[i] : NULL;
}

static const struct field *find_worth(struct str path)
{
    const struct voucher_worth *w;
    for (size_t i = 0; (w = worth_at(i)) != NULL; i++) {
        if (str_eq(path_of(&w->value), path))
            return &w->value;
        if (str_eq(path_of(&w->effect), path))
            return &w->effect;
    }
    return NULL;
}

static const struct field *find_field(const struct schema *s, struct str path)
{
    for (size_t t = 0; t < SCHEMA_TABLES_MAX && s->tables[t] != NULL; t++) {
        for (size_t i = 0; i < s->tables[t]->n; i++) {
            const struct field *f = &s->tables[t]->rows[i];
            if (f->path != NULL && str_eq(path_of(f), path))
                return f;
        }
    }
    return s->worths ? find_worth(path) : NULL;
}

static void add_members(struct shape *sh)
{
    for (size_t i = 0; i < sh->schema->n; i++) {
        const struct member *m = &sh->schema->members[i];
        const struct str path = str_of(m->path);
        const struct field *f = find_field(sh->schema, path);
        assert(m->type != MEMBER_FIELD || f != NULL); /* otherwise its table has changed */
        add(sh, path, f, m);
    }
}

/* Tables of resources say which fields a body may have; those of parts have no such flags. */
static bool is_in_bodies(const struct field_table *t, const struct field *f, bool answer)
{
    const unsigned flags = answer ? FIELD_IN_JSON : FIELD_IN_JSON | FIELD_BY_STEP;
    bool flagged = false;
    for (size_t i = 0; i < t->n; i++)
        flagged = flagged || (t->rows[i].flags & FIELD_IN_JSON) != 0;
    return f->path != NULL && (!flagged || (f->flags & flags) != 0);
}

static void add_fields(struct shape *sh)
{
    const struct schema *s = sh->schema;
    for (size_t t = 0; !s->listed && t < SCHEMA_TABLES_MAX && s->tables[t] != NULL; t++) {
        for (size_t i = 0; i < s->tables[t]->n; i++) {
            const struct field *f = &s->tables[t]->rows[i];
            if (is_in_bodies(s->tables[t], f, s->answer))
                add(sh, path_of(f), f, NULL);
        }
    }
}

static void add_worths(struct shape *sh)
{
    const struct voucher_worth *w;
    for (size_t i = 0; sh->schema->worths && !sh->schema->listed && (w = worth_at(i)) != NULL;
         i++) {
        add(sh, path_of(&w->value), &w->value, NULL);
        add(sh, path_of(&w->effect), &w->effect, NULL);
    }
}

/* ---- levels ---- */

static bool is_below(struct str path, struct str above)
{
    return path.len > above.len && str_starts_with(path, above) && path.p[above.len] == '.';
}

static bool has_members(const struct shape *sh, struct str path)
{
    for (size_t i = 0; i < sh->n; i++) {
        if (is_below(sh->rows[i].path, path))
            return true;
    }
    return false;
}

/* The step that row i makes from `above` ({NULL,0}: the top), as a path; {NULL,0}: it does not lie
 * there, or a row before it made the same step. */
static struct str step_of(const struct shape *sh, size_t i, struct str above)
{
    const struct str path = sh->rows[i].path, none = { NULL, 0 };
    if (above.len > 0 && !is_below(path, above))
        return none;
    const size_t from = above.len > 0 ? above.len + 1 : 0;
    struct str rest;
    const struct str name = str_cut((struct str){ path.p + from, path.len - from }, '.', &rest);
    const struct str step = { path.p, from + name.len };
    for (size_t k = 0; k < i; k++) {
        if (str_eq(sh->rows[k].path, step) || is_below(sh->rows[k].path, step))
            return none;
    }
    return step;
}

static unsigned flags_of(const struct shape *sh, const struct property *p)
{
    if (p->member != NULL)
        return p->member->flags;
    const unsigned null_too = (p->field->flags & FIELD_NULLABLE) != 0 ? MEMBER_NULLABLE : 0;
    return sh->schema->field_flags | null_too;
}

/* An object that only stands around others is there when one of them is. */
static bool is_required(const struct shape *sh, struct str path)
{
    const struct property *p = find_path(sh, path);
    if (p != NULL && !sh->schema->answer)
        return (flags_of(sh, p) & MEMBER_NEEDED) != 0;
    if (p != NULL)
        return (flags_of(sh, p) & MEMBER_ABSENT) == 0;
    for (size_t i = 0; sh->schema->answer && i < sh->n; i++) {
        if (is_below(sh->rows[i].path, path) && is_required(sh, sh->rows[i].path))
            return true;
    }
    return false;
}

static struct str name_of(struct str path, struct str above)
{
    const size_t from = above.len > 0 ? above.len + 1 : 0;
    return (struct str){ path.p + from, path.len - from };
}

static void put_required(struct json_out *o, const struct shape *sh, struct str above)
{
    bool any = false;
    for (size_t i = 0; i < sh->n; i++) {
        const struct str step = step_of(sh, i, above);
        if (step.p == NULL || !is_required(sh, step))
            continue;
        if (!any) {
            json_key(o, "required");
            json_array(o);
        }
        any = true;
        json_str(o, name_of(step, above));
    }
    if (any)
        json_array_end(o);
}

static void put_level(struct json_out *o, const struct shape *sh, struct str above);

static void put_property(struct json_out *o, const struct shape *sh, struct str path)
{
    const struct property *p = find_path(sh, path);
    assert(p != NULL || has_members(sh, path));
    if (has_members(sh, path)) {
        const bool nullable =
            p != NULL ? (flags_of(sh, p) & MEMBER_NULLABLE) != 0 : !sh->schema->answer;
        json_object(o);
        put_type(o, "object", nullable);
        put_level(o, sh, path);
        json_object_end(o);
    } else if (p->member == NULL || p->member->type == MEMBER_FIELD) {
        assert(p->field != NULL); /* one of the two is there */
        put_field(o, sh->schema, p->field, flags_of(sh, p));
    } else {
        const bool column = p->field != NULL && !sh->schema->answer;
        put_member(o, p->member, column ? p->field->heading : NULL);
    }
}

static void put_level(struct json_out *o, const struct shape *sh, struct str above)
{
    json_key(o, "properties");
    json_object(o);
    for (size_t i = 0; i < sh->n; i++) {
        const struct str step = step_of(sh, i, above);
        if (step.p == NULL)
            continue;
        json_key_str(o, name_of(step, above));
        put_property(o, sh, step);
    }
    json_object_end(o);
    put_required(o, sh, above);
}

void openapi_put_schema(struct json_out *o, const struct schema *s)
{
    struct shape sh = { .schema = s };
    add_members(&sh);
    add_fields(&sh);
    add_worths(&sh);
    json_key(o, s->name);
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("object"));
    openapi_put_text(o, "description", s->text);
    put_level(o, &sh, (struct str){ NULL, 0 });
    json_object_end(o);
}
