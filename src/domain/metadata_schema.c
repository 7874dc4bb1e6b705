/* SPDX-License-Identifier: MIT */
/*
 * metadata_schema.c - see metadata_schema.h.
 *
 * What a definition may say is one table (members): it reads bodies and what is stored, prints both
 * spellings, writes the text of the rules, and checks values, in its order.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "base/time_iso.h"
#include "domain/metadata_schema.h"

/* A value to be checked: of JSON, or of a cell. */
struct actual {
    enum json_type type;
    struct str text; /* of a text; of a number as it stands */
    struct num num;
    const struct json *tree; /* NULL: of a cell */
};

static struct num number_of(struct str text)
{
    struct num n;
    if (num_parse(text, &n))
        return n;
    return (struct num){ .d = text.p[0] == '-' ? -HUGE_VAL : HUGE_VAL }; /* beyond a double */
}

static int num_cmp(struct num a, struct num b)
{
    if (a.is_int && b.is_int)
        return (a.i > b.i) - (a.i < b.i);
    const double x = num_as_double(a), y = num_as_double(b);
    return (x > y) - (x < y);
}

/* ---- types ---- */

static bool is_type_text(struct str text)
{
    (void)text;
    return true;
}

static bool is_date(struct str text)
{
    int64_t ms;
    return text.len == 10 && time_iso_parse(text, &ms);
}

static bool is_datetime(struct str text)
{
    int64_t ms;
    return text.len > 10 && time_iso_parse(text, &ms);
}

static bool is_coordinate(struct str text, double most)
{
    struct num n;
    return num_parse(str_trim(text), &n) && fabs(num_as_double(n)) <= most;
}

/* "37.786971, -122.399677" */
static bool is_geopoint(struct str text)
{
    struct str longitude;
    const struct str latitude = str_cut(text, ',', &longitude);
    return longitude.p != NULL && is_coordinate(latitude, 90) && is_coordinate(longitude, 180);
}

static bool ends_with_nocase(struct str s, struct str end)
{
    return s.len >= end.len && str_eq_nocase((struct str){ s.p + s.len - end.len, end.len }, end);
}

/* http or https, a host, and a path that names such a file. */
static bool is_image_url(struct str text)
{
    static const struct str schemes[] = { STR_INIT("http://"), STR_INIT("https://") };
    static const struct str ends[] = { STR_INIT(".jpg"), STR_INIT(".jpeg"), STR_INIT(".png") };
    struct str rest = { NULL, 0 }, behind;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        const size_t n = schemes[i].len;
        if (text.len > n && str_eq_nocase((struct str){ text.p, n }, schemes[i]))
            rest = (struct str){ text.p + n, text.len - n };
    }
    rest = str_cut(str_cut(rest, '#', &behind), '?', &behind);
    const char *slash = rest.len > 0 ? memchr(rest.p, '/', rest.len) : NULL;
    if (slash == NULL || slash == rest.p || memchr(rest.p, ' ', rest.len) != NULL)
        return false;
    const struct str path = { slash, rest.len - (size_t)(slash - rest.p) };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (ends_with_nocase(path, ends[i]))
            return true;
    }
    return false;
}

enum metadata_type {
    TYPE_STRING,
    TYPE_NUMBER,
    TYPE_OBJECT,
    TYPE_DATE,
    TYPE_DATETIME,
    TYPE_GEOPOINT,
    TYPE_BOOLEAN,
    TYPE_IMAGE_URL,
    TYPE_COUNT
};

static const struct {
    const char *name;
    const char *rule;
    bool (*is)(struct str text); /* of those that are texts */
} types[] = {
    [TYPE_STRING] = { "string", "must be a string", is_type_text },
    [TYPE_NUMBER] = { "number", "must be a number", NULL },
    [TYPE_OBJECT] = { "object", "must be an object of type ", NULL },
    [TYPE_DATE] = { "date", "must be a date in ISO 8601 format", is_date },
    [TYPE_DATETIME] = { "datetime", "must be a date and time in ISO 8601 format", is_datetime },
    [TYPE_GEOPOINT] = { "geopoint", "must be a geopoint", is_geopoint },
    [TYPE_BOOLEAN] = { "boolean", "must be a boolean", NULL },
    [TYPE_IMAGE_URL] = { "image_url", "must be a URL pointing to JPG/JPEG or PNG resource",
                         is_image_url },
};
static_assert(ARRAY_LEN(types) == TYPE_COUNT, "every type has a row");

static bool fits_nested(const struct metadata_schema *s, const struct json *object);

/* Objects within objects are none that a definition could describe. */
static bool is_flat(const struct json *object)
{
    for (const struct json *m = object->child; m != NULL; m = m->next) {
        if (m->type == JSON_OBJECT)
            return false;
    }
    return true;
}

static bool is_of_type(const struct metadata_definition *d, const struct actual *v)
{
    switch (d->type) {
    case TYPE_NUMBER:
        return v->type == JSON_NUMBER;
    case TYPE_BOOLEAN:
        return v->type == JSON_TRUE || v->type == JSON_FALSE;
    case TYPE_OBJECT:
        return v->type == JSON_OBJECT && is_flat(v->tree) && fits_nested(d->nested, v->tree);
    default:
        return v->type == JSON_STRING && types[d->type].is(v->text);
    }
}

/* ---- rules ---- */

static int cmp_texts(const void *x, const void *y)
{
    const struct metadata_value *a = x, *b = y;
    return str_cmp(a->text, b->text);
}

static int cmp_numbers(const void *x, const void *y)
{
    const struct metadata_value *a = x, *b = y;
    return num_cmp(a->num, b->num);
}

static bool is_among(const void *at, const struct actual *v)
{
    const struct metadata_values *values = at;
    const struct metadata_value wanted = { .text = v->text, .num = v->num };
    return values->n > 0 && bsearch(&wanted, values->sorted, values->n, sizeof(wanted),
                                    v->type == JSON_NUMBER ? cmp_numbers : cmp_texts) != NULL;
}

static bool is_not_among(const void *at, const struct actual *v)
{
    return !is_among(at, v);
}

static bool is_less(const void *at, const struct actual *v)
{
    return num_cmp(v->num, *(const struct num *)at) < 0;
}

static bool is_not_greater(const void *at, const struct actual *v)
{
    return num_cmp(v->num, *(const struct num *)at) <= 0;
}

static bool is_greater(const void *at, const struct actual *v)
{
    return num_cmp(v->num, *(const struct num *)at) > 0;
}

static bool is_not_less(const void *at, const struct actual *v)
{
    return num_cmp(v->num, *(const struct num *)at) >= 0;
}

static int64_t characters(struct str text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
    return n;
}

static bool is_not_longer(const void *at, const struct actual *v)
{
    return characters(v->text) <= *(const int64_t *)at;
}

static bool is_not_shorter(const void *at, const struct actual *v)
{
    return characters(v->text) >= *(const int64_t *)at;
}

static bool is_as_long(const void *at, const struct actual *v)
{
    return characters(v->text) == *(const int64_t *)at;
}

/* ---- what a definition may say ---- */

enum {
    M_TYPE,
    M_ARRAY,
    M_OPTIONAL,
    M_OBJECT_TYPE,
    M_EQ,
    M_NE,
    M_LT,
    M_LTE,
    M_GT,
    M_GTE,
    M_MAX_LENGTH,
    M_MIN_LENGTH,
    M_EXACT_LENGTH,
    M_DELETED,
    MEMBER_COUNT
};

#define AT(member) offsetof(struct metadata_definition, member)
#define BIT(n)     (1u << (n))
#define ALL_TYPES  (BIT(TYPE_COUNT) - 1)
#define NUMBERS    BIT(TYPE_NUMBER)
#define TEXTS      BIT(TYPE_STRING)
#define NUM(m)     { m, m }, METADATA_NUMBER
#define LEN(m, n)  { m, n }, METADATA_LENGTH

static const struct member {
    const char *names[2]; /* by enum metadata_spelling */
    enum metadata_member_kind kind;
    size_t offset;
    uint32_t types;   /* that it is about; of others it is skipped, as unknown members are */
    const char *rule; /* with its value behind it; NULL: it is no rule */
    bool (*holds)(const void *at, const struct actual *v);
} members[] = {
    [M_TYPE] = { { "type", "type" }, METADATA_TYPE, AT(type), ALL_TYPES, NULL, NULL },
    [M_ARRAY] = { { "array", "array" }, METADATA_FLAG, AT(array), ALL_TYPES, NULL, NULL },
    [M_OPTIONAL] = { { "optional", "optional" },
                     METADATA_FLAG,
                     AT(optional),
                     ALL_TYPES,
                     NULL,
                     NULL },
    [M_OBJECT_TYPE] = { { "objectType", "object_type" },
                        METADATA_NAME,
                        AT(object_type),
                        BIT(TYPE_OBJECT),
                        NULL,
                        NULL },
    [M_EQ] = { { "eq", "eq" },
               METADATA_VALUES,
               AT(eq),
               TEXTS | NUMBERS,
               "must be equal to one of ",
               is_among },
    [M_NE] = { { "ne", "ne" },
               METADATA_VALUES,
               AT(ne),
               NUMBERS,
               "must not be equal to any of ",
               is_not_among },
    [M_LT] = { NUM("lt"), AT(lt), NUMBERS, "must be less than ", is_less },
    [M_LTE] = { NUM("lte"), AT(lte), NUMBERS, "must be less than or equal to ", is_not_greater },
    [M_GT] = { NUM("gt"), AT(gt), NUMBERS, "must be greater than ", is_greater },
    [M_GTE] = { NUM("gte"), AT(gte), NUMBERS, "must be greater than or equal to ", is_not_less },
    [M_MAX_LENGTH] = { LEN("maxLength", "max_length"), AT(max_length), TEXTS,
                       "must have maximum length of ", is_not_longer },
    [M_MIN_LENGTH] = { LEN("minLength", "min_length"), AT(min_length), TEXTS,
                       "must have minimum length of ", is_not_shorter },
    [M_EXACT_LENGTH] = { LEN("exactLength", "exact_length"), AT(exact_length), TEXTS,
                         "must have exact length of ", is_as_long },
    [M_DELETED] = { { "deleted", "deleted" }, METADATA_FLAG, AT(deleted), ALL_TYPES, NULL, NULL },
};
static_assert(ARRAY_LEN(members) == MEMBER_COUNT, "every member has a row");

const char *metadata_type_name(size_t i)
{
    return i < TYPE_COUNT ? types[i].name : NULL;
}

const char *metadata_member_name(size_t i, enum metadata_spelling spelling,
                                 enum metadata_member_kind *kind)
{
    if (i >= MEMBER_COUNT)
        return NULL;
    *kind = members[i].kind;
    return members[i].names[spelling];
}

static const void *value_at(const struct metadata_definition *d, size_t i)
{
    return (const char *)d + members[i].offset;
}

static bool has_rule(const struct metadata_definition *d, size_t i)
{
    return members[i].rule != NULL && (d->set & BIT(i)) != 0;
}

/* ---- reading definitions ---- */

struct reading {
    struct arena *arena;
    enum metadata_spelling spelling;
    bool standard; /* may have nested objects */
    struct err *err;
};

static int invalid(const struct reading *rd, const struct metadata_definition *d, size_t i,
                   const char *what)
{
    return err_set(rd->err, ERR_INVALID_PAYLOAD, "Property .properties.%.*s.%s %s", STR_FMT(d->key),
                   members[i].names[rd->spelling], what);
}

static int lacks(const struct reading *rd, const struct metadata_definition *d, size_t i)
{
    return err_set(rd->err, ERR_INVALID_PAYLOAD,
                   "Property .properties.%.*s should have required property '%s'", STR_FMT(d->key),
                   members[i].names[rd->spelling]);
}

static int refuse_type(const struct reading *rd, const struct metadata_definition *d)
{
    char list[160] = "";
    size_t n = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (i == TYPE_OBJECT && !rd->standard)
            continue;
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n > 0 ? ", " : "", types[i].name);
        assert(n < sizeof(list));
    }
    return err_set(
        rd->err, ERR_INVALID_PAYLOAD,
        "Property .properties.%.*s.type must be equal to one of the allowed values [ %s ]",
        STR_FMT(d->key), list);
}

/* Nested objects do not nest further. */
static int read_type(const struct reading *rd, struct metadata_definition *d, const struct json *v,
                     const struct metadata_definition *old)
{
    if (v->type != JSON_STRING)
        return invalid(rd, d, M_TYPE, "must be string");
    uint8_t type = 0;
    while (type < TYPE_COUNT && !str_is(v->text, types[type].name))
        type++;
    if (type == TYPE_COUNT || (type == TYPE_OBJECT && !rd->standard))
        return refuse_type(rd, d);
    if (old != NULL && old->type != type)
        return invalid(rd, d, M_TYPE, "cannot be changed");
    d->type = type;
    return 0;
}

static int refuse_value(const struct reading *rd, const struct metadata_definition *d, size_t i,
                        size_t at)
{
    return err_set(rd->err, ERR_INVALID_PAYLOAD, "Property .properties.%.*s.%s.%zu must be %s",
                   STR_FMT(d->key), members[i].names[rd->spelling], at, types[d->type].name);
}

static int read_values(const struct reading *rd, struct metadata_definition *d, size_t i,
                       const struct json *v, struct metadata_values *out)
{
    const bool numbers = d->type == TYPE_NUMBER;
    size_t n = 0;
    if (v->type != JSON_ARRAY)
        return invalid(rd, d, i, "must be array");
    for (const struct json *item = v->child; item != NULL; item = item->next)
        n++;
    out->n = 0;
    out->values = arena_alloc(rd->arena, n * sizeof(*out->values) + 1);
    out->sorted = arena_alloc(rd->arena, n * sizeof(*out->sorted) + 1);
    if (out->values == NULL || out->sorted == NULL)
        return err_nomem(rd->err);
    for (const struct json *item = v->child; item != NULL; item = item->next) {
        struct metadata_value *value = &out->values[out->n];
        *value = (struct metadata_value){ .text = item->text };
        if (item->type != (numbers ? JSON_NUMBER : JSON_STRING) ||
            (numbers && !num_parse(item->text, &value->num)))
            return refuse_value(rd, d, i, out->n);
        out->n++;
    }
    if (n > 0) {
        memcpy(out->sorted, out->values, n * sizeof(*out->values));
        qsort(out->sorted, n, sizeof(*out->sorted), numbers ? cmp_numbers : cmp_texts);
    }
    return 0;
}

static int read_length(const struct reading *rd, struct metadata_definition *d, size_t i,
                       const struct json *v, int64_t *out)
{
    struct num n = { 0 };
    if (v->type != JSON_NUMBER || !num_parse(v->text, &n))
        return invalid(rd, d, i, "must be integer");
    if (!n.is_int && n.d >= 0 && n.d <= 9e15 && n.d == (double)(int64_t)n.d)
        n = num_int((int64_t)n.d); /* 10.0 */
    if (!n.is_int)
        return invalid(rd, d, i, "must be integer");
    if (n.i < 0)
        return invalid(rd, d, i, "must be >= 0");
    *out = n.i;
    return 0;
}

static int read_member(const struct reading *rd, struct metadata_definition *d, size_t i,
                       const struct json *v, const struct metadata_definition *old)
{
    void *at = (char *)d + members[i].offset;
    switch (members[i].kind) {
    case METADATA_TYPE:
        return read_type(rd, d, v, old);
    case METADATA_FLAG:
        *(bool *)at = v->type == JSON_TRUE;
        return v->type == JSON_TRUE || v->type == JSON_FALSE ? 0
                                                             : invalid(rd, d, i, "must be boolean");
    case METADATA_NAME:
        *(struct str *)at = v->text;
        return v->type == JSON_STRING ? 0 : invalid(rd, d, i, "must be string,null");
    case METADATA_VALUES:
        return read_values(rd, d, i, v, at);
    case METADATA_NUMBER:
        return v->type == JSON_NUMBER && num_parse(v->text, at)
                   ? 0
                   : invalid(rd, d, i, "must be number");
    case METADATA_LENGTH:
        return read_length(rd, d, i, v, at);
    }
    return 0;
}

/* What a new definition must say; one that replaces another keeps the type. */
static int check_complete(const struct reading *rd, const struct metadata_definition *d,
                          const struct metadata_definition *old)
{
    for (size_t i = M_TYPE; i <= M_OPTIONAL; i++) {
        if (old == NULL && (d->set & BIT(i)) == 0)
            return lacks(rd, d, i);
    }
    if (d->type != TYPE_OBJECT)
        return 0;
    if (d->object_type.len == 0)
        return lacks(rd, d, M_OBJECT_TYPE);
    if (metadata_is_standard(d->object_type))
        return invalid(rd, d, M_OBJECT_TYPE, "must be the name of a custom schema");
    return 0;
}

/* `old`: the one that it replaces, or NULL. */
static int read_definition(const struct reading *rd, const struct json *body,
                           const struct metadata_definition *old, struct metadata_definition *d)
{
    *d = (struct metadata_definition){ .key = body->key,
                                       .type = old != NULL ? old->type : TYPE_STRING,
                                       .optional = true };
    if (body->type != JSON_OBJECT)
        return err_set(rd->err, ERR_INVALID_PAYLOAD, "Property .properties.%.*s must be object",
                       STR_FMT(body->key));
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const struct json *v = json_member(body, members[i].names[rd->spelling]);
        if (v == NULL || v->type == JSON_NULL || (members[i].types & BIT(d->type)) == 0)
            continue;
        if (read_member(rd, d, i, v, old) < 0)
            return -1;
        d->set |= BIT(i);
    }
    return check_complete(rd, d, old);
}

/* ---- the text of the rules ---- */

static void put_values_text(struct buf *b, const struct metadata_definition *d,
                            const struct metadata_values *values)
{
    for (size_t i = 0; i < values->n && b->len <= METADATA_RULES_MAX_BYTES; i++) {
        if (i > 0)
            buf_putc(b, ',');
        if (d->type == TYPE_NUMBER)
            num_put(b, values->values[i].num);
        else
            buf_puts(b, values->values[i].text);
    }
}

static void put_rule_text(struct buf *b, const struct metadata_definition *d, size_t i)
{
    const void *at = value_at(d, i);
    buf_puts(b, STR(", "));
    buf_puts(b, str_of(members[i].rule));
    if (members[i].kind == METADATA_VALUES)
        put_values_text(b, d, at);
    else
        num_put(b, members[i].kind == METADATA_NUMBER ? *(const struct num *)at
                                                      : num_int(*(const int64_t *)at));
}

static struct str cut_text(struct str text, size_t max)
{
    return text.len > max ? str_utf8_cut(text, max) : text;
}

static int make_rules(struct metadata_definition *d, struct arena *a, struct err *err)
{
    struct buf b;
    buf_init(&b, (size_t)METADATA_SCHEMA_MAX_BYTES * 2);
    if (d->array)
        buf_puts(&b, STR("must be an array, and every element: "));
    buf_puts(&b, str_of(types[d->type].rule));
    buf_puts(&b, d->type == TYPE_OBJECT ? d->object_type : STR(""));
    if (!d->optional)
        buf_puts(&b, STR(", property is required"));
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (has_rule(d, i))
            put_rule_text(&b, d, i);
    }
    if (!b.failed)
        b.len = cut_text(buf_str(&b), METADATA_RULES_MAX_BYTES).len;
    return buf_keep(&b, a, &d->rules, err);
}

/* ---- finding a definition ---- */

static unsigned slot_of(struct str key)
{
    uint32_t h = 2166136261u; /* FNV-1a: keys are short */
    for (size_t i = 0; i < key.len; i++)
        h = (h ^ (unsigned char)key.p[i]) * 16777619u;
    return (h ^ h >> 16) & 255;
}

/* Its place, also of a removed one; -1: none. */
static int place_of(const struct metadata_schema *s, struct str key)
{
    for (unsigned at = slot_of(key); s->slots[at] != 0; at = (at + 1) & 255) {
        if (str_eq(s->definitions[s->slots[at] - 1].key, key))
            return s->slots[at] - 1;
    }
    return -1;
}

static void keys_add(struct metadata_keys *keys, size_t i)
{
    keys->bits[i / 64] |= UINT64_C(1) << i % 64;
}

static void index_definition(struct metadata_schema *s, size_t i)
{
    const struct metadata_definition *d = &s->definitions[i];
    unsigned at = slot_of(d->key);
    static_assert(METADATA_DEFINITIONS_MAX < 128, "half of the slots stay free");
    while (s->slots[at] != 0)
        at = (at + 1) & 255;
    s->slots[at] = (uint8_t)(i + 1);
    if (!d->optional && !d->deleted)
        keys_add(&s->required, i);
}

static void index_all(struct metadata_schema *s)
{
    memset(s->slots, 0, sizeof(s->slots));
    s->required = (struct metadata_keys){ 0 };
    for (size_t i = 0; i < s->n; i++)
        index_definition(s, i);
}

const struct metadata_definition *metadata_definition_find(const struct metadata_schema *s,
                                                           struct str key)
{
    const int i = s != NULL ? place_of(s, key) : -1;
    return i >= 0 && !s->definitions[i].deleted ? &s->definitions[i] : NULL;
}

/* ---- reading a schema ---- */

static int take_definition(const struct reading *rd, struct metadata_schema *s,
                           const struct json *body)
{
    const int place = place_of(s, body->key);
    const struct metadata_definition *old = place >= 0 ? &s->definitions[place] : NULL;
    struct metadata_definition d;
    if (body->key.len == 0)
        return err_set(rd->err, ERR_INVALID_PAYLOAD,
                       "Property .properties must NOT have an empty key");
    if (read_definition(rd, body, old, &d) < 0 || make_rules(&d, rd->arena, rd->err) < 0)
        return -1;
    if (old == NULL && s->n == METADATA_DEFINITIONS_MAX)
        return err_set(rd->err, ERR_INVALID_PAYLOAD,
                       "Property .properties must NOT have more than %d properties, with the "
                       "removed ones that are not purged yet",
                       METADATA_DEFINITIONS_MAX);
    assert(s->definitions != NULL); /* make_room */
    s->definitions[place >= 0 ? (size_t)place : s->n++] = d;
    index_all(s);
    return 0;
}

/* Room for what there is and what comes. */
static int make_room(const struct reading *rd, struct metadata_schema *s,
                     const struct json *properties)
{
    struct metadata_definition *old = s->definitions;
    size_t n = s->n;
    for (const struct json *p = properties->child; p != NULL && n < METADATA_DEFINITIONS_MAX;
         p = p->next)
        n++;
    s->definitions = arena_alloc(rd->arena, (n + 1) * sizeof(*old));
    if (s->definitions == NULL)
        return err_nomem(rd->err);
    if (s->n > 0)
        memcpy(s->definitions, old, s->n * sizeof(*old));
    return 0;
}

static int take_definitions(const struct reading *rd, struct metadata_schema *s,
                            const struct json *properties)
{
    if (make_room(rd, s, properties) < 0)
        return -1;
    for (const struct json *p = properties->child; p != NULL; p = p->next) {
        if (take_definition(rd, s, p) < 0)
            return -1;
    }
    return 0;
}

int metadata_schema_parse(struct str json, struct arena *a, struct metadata_schema *out,
                          struct err *err)
{
    const struct reading rd = { .arena = a, .standard = true, .err = err };
    struct json *properties;
    *out = (struct metadata_schema){ .updated_ms = TIME_NONE };
    if (json_parse(a, json, &properties, err) == 0 && properties->type == JSON_OBJECT &&
        take_definitions(&rd, out, properties) == 0)
        return 0;
    if (err->code == ERR_NOMEM)
        return -1;
    return err_set(err, ERR_STORE, "a stored metadata schema cannot be read");
}

static int refuse(struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "%s", what);
}

static const struct json *given(const struct json *body, const char *member)
{
    const struct json *m = json_member(body, member);
    return m != NULL && m->type != JSON_NULL ? m : NULL;
}

static int take_name(struct metadata_schema *s, const struct json *body, struct err *err)
{
    const struct json *name = given(body, "related_object");
    if (s->related_object.p != NULL) /* it has one for ever */
        return 0;
    if (name == NULL)
        return refuse(err, "Payload should have required property 'related_object'");
    if (name->type != JSON_STRING)
        return refuse(err, "Property .related_object must be string");
    if (name->text.len == 0)
        return refuse(err, "Property .related_object must NOT have fewer than 1 characters");
    s->related_object = name->text;
    return 0;
}

static int check_size(const struct metadata_schema *s, struct err *err)
{
    struct buf b;
    int rc;
    if (s->related_object.len > METADATA_RESOURCE_MAX_BYTES)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Property .related_object must NOT be longer than %d bytes",
                       METADATA_RESOURCE_MAX_BYTES);
    buf_init(&b, METADATA_SCHEMA_MAX_BYTES);
    metadata_schema_put_properties(&(struct json_out){ .b = &b }, s, METADATA_CAMEL);
    rc = buf_ok(&b, err);
    if (b.too_large)
        rc = err_set(err, ERR_INVALID_PAYLOAD,
                     "Property .properties must NOT be longer than %d bytes",
                     METADATA_SCHEMA_MAX_BYTES);
    buf_release(&b);
    return rc;
}

int metadata_schema_apply(struct metadata_schema *s, const struct json *body,
                          enum metadata_spelling spelling, struct arena *a, struct err *err)
{
    const bool is_new = s->definitions == NULL;
    const struct json *flag, *properties;
    if (body->type != JSON_OBJECT)
        return refuse(err, "Payload must be object");
    if (take_name(s, body, err) < 0)
        return -1;
    flag = given(body, "allow_defined_only");
    if (flag != NULL && flag->type != JSON_TRUE && flag->type != JSON_FALSE)
        return refuse(err, "Property .allow_defined_only must be boolean,null");
    if (flag != NULL)
        s->allow_defined_only = flag->type == JSON_TRUE;
    properties = json_member(body, "properties");
    if (properties == NULL)
        return is_new ? refuse(err, "Payload should have required property 'properties'") : 0;
    if (properties->type != JSON_OBJECT)
        return refuse(err, "Property .properties must be object");
    const struct reading rd = { .arena = a,
                                .spelling = spelling,
                                .standard = metadata_is_standard(s->related_object),
                                .err = err };
    return take_definitions(&rd, s, properties) < 0 ? -1 : check_size(s, err);
}

bool metadata_schema_remove(struct metadata_schema *s, struct str key)
{
    const int place = place_of(s, key);
    if (place < 0)
        return false;
    struct metadata_definition *d = &s->definitions[place];
    memmove(d, d + 1, (s->n - (size_t)place - 1) * sizeof(*d));
    s->n--;
    index_all(s);
    return true;
}

const char *metadata_standard_name(size_t i)
{
    static const char *const names[] = { "campaign",     "customer",       "earning_rule",
                                         "loyalty_tier", "order",          "order_item",
                                         "product",      "promotion_tier", "publication",
                                         "redemption",   "reward",         "voucher" };
    return i < ARRAY_LEN(names) ? names[i] : NULL;
}

bool metadata_is_standard(struct str related_object)
{
    const char *name;
    for (size_t i = 0; (name = metadata_standard_name(i)) != NULL; i++) {
        if (str_is(related_object, name))
            return true;
    }
    return false;
}

/* ---- printing ---- */

static void put_values(struct json_out *o, const struct metadata_definition *d,
                       const struct metadata_values *values)
{
    json_array(o);
    for (size_t i = 0; i < values->n; i++) {
        if (d->type == TYPE_NUMBER)
            json_num(o, values->values[i].num);
        else
            json_str(o, values->values[i].text);
    }
    json_array_end(o);
}

static void put_member(struct json_out *o, const struct metadata_definition *d, size_t i)
{
    const void *at = value_at(d, i);
    switch (members[i].kind) {
    case METADATA_TYPE:
        json_str(o, str_of(types[d->type].name));
        break;
    case METADATA_FLAG:
        json_bool(o, *(const bool *)at);
        break;
    case METADATA_NAME:
        json_str(o, *(const struct str *)at);
        break;
    case METADATA_VALUES:
        put_values(o, d, at);
        break;
    case METADATA_NUMBER:
        json_num(o, *(const struct num *)at);
        break;
    case METADATA_LENGTH:
        json_int(o, *(const int64_t *)at);
        break;
    }
}

/* The first four are always there; `deleted` of a removed one only. */
static bool is_printed(const struct metadata_definition *d, size_t i)
{
    return i <= M_OBJECT_TYPE || (i == M_DELETED ? d->deleted : (d->set & BIT(i)) != 0);
}

static void put_definition(struct json_out *o, const struct metadata_definition *d,
                           enum metadata_spelling spelling)
{
    json_object(o);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        if (!is_printed(d, i))
            continue;
        json_key(o, members[i].names[spelling]);
        put_member(o, d, i);
    }
    json_object_end(o);
}

void metadata_schema_put_properties(struct json_out *o, const struct metadata_schema *s,
                                    enum metadata_spelling spelling)
{
    json_object(o);
    for (size_t i = 0; i < s->n; i++) {
        json_key_str(o, s->definitions[i].key);
        put_definition(o, &s->definitions[i], spelling);
    }
    json_object_end(o);
}

void metadata_schema_put(struct json_out *o, const struct metadata_schema *s, const char *id,
                         enum metadata_spelling spelling)
{
    json_object(o);
    json_key(o, "id");
    json_str(o, str_of(id));
    json_key(o, "related_object");
    json_str(o, s->related_object);
    json_key(o, "properties");
    metadata_schema_put_properties(o, s, spelling);
    json_key(o, "allow_defined_only");
    json_bool(o, s->allow_defined_only);
    json_key(o, "created_at");
    json_time(o, s->created_ms);
    json_key(o, "updated_at");
    json_time(o, s->updated_ms);
    json_key(o, "object");
    json_str(o, STR("metadata_schema"));
    json_object_end(o);
}

/* ---- checking ---- */

static bool fits_element(const struct metadata_definition *d, const struct actual *v)
{
    if (!is_of_type(d, v))
        return false;
    for (size_t i = M_EQ; i <= M_EXACT_LENGTH; i++) {
        if (has_rule(d, i) && !members[i].holds(value_at(d, i), v))
            return false;
    }
    return true;
}

static bool fits_tree(const struct metadata_definition *d, const struct json *v)
{
    const struct actual actual = { .type = v->type,
                                   .text = v->text,
                                   .num = v->type == JSON_NUMBER ? number_of(v->text) : num_int(0),
                                   .tree = v };
    return fits_element(d, &actual);
}

static bool fits(const struct metadata_definition *d, const struct json *v)
{
    if (v->type == JSON_NULL)
        return d->optional;
    if (!d->array)
        return fits_tree(d, v);
    if (v->type != JSON_ARRAY)
        return false;
    for (const struct json *element = v->child; element != NULL; element = element->next) {
        if (!fits_tree(d, element))
            return false;
    }
    return true;
}

/* What is wrong with an object: the first of its definitions, and the first key without one. */
struct verdict {
    size_t first;             /* place of the definition; SIZE_MAX: none */
    const struct json *value; /* NULL: it is missing */
    const struct json *unknown;
};

static void judge_member(const struct metadata_schema *s, const struct json *m,
                         struct metadata_keys *seen, struct verdict *v)
{
    const int place = place_of(s, m->key);
    if (place < 0 || s->definitions[place].deleted) {
        if (s->allow_defined_only && v->unknown == NULL)
            v->unknown = m;
        return;
    }
    keys_add(seen, (size_t)place);
    if ((size_t)place < v->first && !fits(&s->definitions[place], m)) {
        v->first = (size_t)place;
        v->value = m;
    }
}

/* The first of `required` that was not seen, before place `end`. */
static size_t first_missing(const struct metadata_keys *required, const struct metadata_keys *seen,
                            size_t end)
{
    for (size_t w = 0; w < ARRAY_LEN(required->bits); w++) {
        const uint64_t bits = required->bits[w] & ~seen->bits[w];
        if (bits != 0) {
            const size_t at = w * 64 + (size_t)__builtin_ctzll(bits);
            return at < end ? at : SIZE_MAX;
        }
    }
    return SIZE_MAX;
}

static struct verdict judge(const struct metadata_schema *s, const struct json *metadata,
                            enum metadata_when when)
{
    struct verdict v = { .first = SIZE_MAX };
    struct metadata_keys seen = { 0 };
    const struct json *m =
        metadata != NULL && metadata->type == JSON_OBJECT ? metadata->child : NULL;
    for (; m != NULL; m = m->next)
        judge_member(s, m, &seen, &v);
    if (when == METADATA_CREATE) {
        const size_t missing = first_missing(&s->required, &seen, v.first);
        if (missing != SIZE_MAX)
            v = (struct verdict){ .first = missing, .unknown = v.unknown };
    }
    return v;
}

/* An object is a value as a whole: all that it needs must be there. */
static bool fits_nested(const struct metadata_schema *s, const struct json *object)
{
    if (s == NULL)
        return true;
    const struct verdict v = judge(s, object, METADATA_CREATE);
    return v.first == SIZE_MAX && v.unknown == NULL;
}

int metadata_reason(const struct metadata_definition *d, struct str key, struct str actual,
                    struct arena *a, struct str *reason, struct err *err)
{
    const struct str rules =
        d != NULL ? d->rules : STR("property is not defined in the metadata schema");
    const struct str name = cut_text(key, METADATA_VALUE_MAX_BYTES);
    const struct str shown = cut_text(actual, METADATA_VALUE_MAX_BYTES);
    const char *text = arena_printf(a, "%.*s: %.*s (actual value is '%.*s')", STR_FMT(name),
                                    STR_FMT(rules), STR_FMT(shown));
    if (text == NULL)
        return err_nomem(err);
    *reason = str_of(text);
    return 0;
}

static int reason_of_value(const struct metadata_definition *d, const struct json *v,
                           struct arena *a, struct str *reason, struct err *err)
{
    struct buf b;
    int rc = -1;
    if (v->type == JSON_STRING || v->type == JSON_NUMBER)
        return metadata_reason(d, v->key, v->text, a, reason, err);
    buf_init(&b, 16 * MIB); /* no body is longer */
    json_put_tree(&(struct json_out){ .b = &b }, v);
    if (buf_ok(&b, err) == 0)
        rc = metadata_reason(d, v->key, buf_str(&b), a, reason, err);
    buf_release(&b);
    return rc;
}

int metadata_check(const struct metadata_schema *s, const struct json *metadata,
                   enum metadata_when when, struct arena *a, struct str *reason, struct err *err)
{
    if (s == NULL)
        return 0;
    const struct verdict v = judge(s, metadata, when);
    const struct metadata_definition *d = v.first < s->n ? &s->definitions[v.first] : NULL;
    int rc;
    if (d == NULL && v.unknown == NULL)
        return 0;
    if (d != NULL && v.value == NULL)
        rc = metadata_reason(d, d->key, METADATA_UNDEFINED, a, reason, err);
    else
        rc = reason_of_value(d, d != NULL ? v.value : v.unknown, a, reason, err);
    return rc < 0 ? -1 : 1;
}

int metadata_gate_check(struct metadata_gate *g, struct str metadata, enum metadata_when when,
                        struct arena *a, struct err *err)
{
    struct json *tree = NULL;
    g->reason = (struct str){ NULL, 0 };
    if (g->schema == NULL)
        return 0;
    if (metadata.len > 0 && json_parse(a, metadata, &tree, err) < 0)
        return err_wrap(err, "metadata cannot be read");
    const int rc = metadata_check(g->schema, tree, when, a, &g->reason, err);
    return rc <= 0 ? rc : err_set(err, ERR_METADATA, "%.*s", STR_FMT(g->reason));
}

/* ---- cells ---- */

static bool read_boolean(struct str cell, struct actual *v)
{
    const bool yes = str_eq_nocase(cell, STR("true"));
    v->type = yes ? JSON_TRUE : JSON_FALSE;
    return yes || str_eq_nocase(cell, STR("false"));
}

/* A part of a cell to a value; `room` is for a text of its own. */
static bool read_cell(const struct metadata_definition *d, struct str cell,
                      char room[TIME_ISO_LEN + 1], struct actual *v)
{
    const struct str trimmed = str_trim(cell);
    int64_t ms;
    *v = (struct actual){ .type = JSON_STRING, .text = trimmed };
    switch (d->type) {
    case TYPE_STRING:
        v->text = cell;
        return true;
    case TYPE_NUMBER:
        v->type = JSON_NUMBER;
        return num_parse(trimmed, &v->num);
    case TYPE_BOOLEAN:
        return read_boolean(trimmed, v);
    case TYPE_DATETIME:
        if (!time_iso_parse(trimmed, &ms))
            return false;
        time_iso_format(ms, room);
        v->text = (struct str){ room, TIME_ISO_LEN };
        return true;
    case TYPE_OBJECT:
        return false;
    default:
        return true;
    }
}

static bool put_element(const struct metadata_definition *d, struct str cell, struct buf *out)
{
    char room[TIME_ISO_LEN + 1];
    struct actual v;
    if (!read_cell(d, cell, room, &v) || !fits_element(d, &v))
        return false;
    if (v.type == JSON_STRING)
        json_put_quoted(out, v.text);
    else if (v.type == JSON_NUMBER)
        buf_puts(out, v.text);
    else
        buf_puts(out, v.type == JSON_TRUE ? STR("true") : STR("false"));
    return true;
}

static bool put_elements(const struct metadata_definition *d, struct str cell, struct buf *out)
{
    buf_putc(out, '[');
    for (bool first = true; cell.p != NULL; first = false) {
        const struct str part = str_trim(str_cut(cell, ',', &cell));
        if (!first)
            buf_putc(out, ',');
        if (!put_element(d, part, out))
            return false;
    }
    buf_putc(out, ']');
    return true;
}

bool metadata_coerce_cell(const struct metadata_definition *d, struct str cell, struct buf *out)
{
    const size_t before = out->len;
    if (str_is(str_trim(cell), "null")) {
        if (d->optional)
            buf_puts(out, STR("null"));
        return d->optional;
    }
    const bool fine = d->array ? put_elements(d, cell, out) : put_element(d, cell, out);
    if (!fine)
        out->len = before;
    return fine;
}

void metadata_keys_add(struct metadata_keys *seen, const struct metadata_schema *s,
                       const struct metadata_definition *d)
{
    keys_add(seen, (size_t)(d - s->definitions));
}

const struct metadata_definition *metadata_missing(const struct metadata_schema *s,
                                                   const struct metadata_keys *seen)
{
    const size_t at = s != NULL ? first_missing(&s->required, seen, SIZE_MAX) : SIZE_MAX;
    return at != SIZE_MAX ? &s->definitions[at] : NULL;
}
