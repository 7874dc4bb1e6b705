/* SPDX-License-Identifier: MIT */
/* schema_common.c - see schema_priv.h. */
#include <stdio.h>

#include "client/text.h"
#include "commands/commands.h"
#include "commands/schema_priv.h"
#include "domain/metadata_schema.h"

#define CELL_MAX_BYTES (64 * KIB)
#define HTTP_NOT_FOUND 404

/* ---- over HTTP ---- */

/* "vouchers" is "voucher"; another name may be of a custom object, or an id. */
static const char *name_of(const char *resource)
{
    const char *name;
    for (size_t i = 0; resource != NULL && (name = metadata_standard_name(i)) != NULL; i++) {
        if (cli_is_resource(resource, name))
            return name;
    }
    return resource;
}

int schema_run(const struct client_options *server, const char *resource, const void *options,
               int (*run)(struct schema *s, const void *options, struct err *err))
{
    struct schema s = { .resource = name_of(resource) };
    struct err err = { 0 };
    arena_init(&s.arena, 64 * KIB, 0);
    int rc = client_open(server, &s.client, &err);
    if (rc == 0)
        rc = run(&s, options, &err);
    const int status = rc < 0 ? cli_fail(&err) : rc;
    if (rc < 0 && s.resource != NULL && s.call.status == HTTP_NOT_FOUND)
        fprintf(stderr, "  to see which there are:  longshore schema list\n");
    call_release(&s.call);
    client_close(s.client);
    arena_release(&s.arena);
    return status;
}

/* The answer outlives the call: the next one takes its place. */
static int take_answer(struct schema *s, struct err *err)
{
    struct json *v = NULL;
    s->json = NULL;
    if (s->call.body.len > 0 && cli_read(&s->call, "metadata schema", &s->arena, &v, err) < 0)
        return -1;
    s->json = v;
    return 0;
}

static int call(struct schema *s, const char *doing, enum call_method method, struct str body,
                struct err *err)
{
    call_release(&s->call);
    call_init(&s->call, doing, "/v1/metadata-schemas");
    if (s->resource != NULL) {
        call_put_path(&s->call, "/");
        call_put_name(&s->call, s->resource);
    }
    s->call.method = method;
    s->call.json = body;
    s->call.silence_max_s = CLI_SILENCE_S;
    return client_run(s->client, &s->call, err);
}

int schema_get(struct schema *s, const char *doing, enum schema_want want, struct err *err)
{
    if (call(s, doing, CALL_GET, (struct str){ NULL, 0 }, err) == 0)
        return take_answer(s, err);
    s->json = NULL;
    return want == SCHEMA_ANY && s->call.status == HTTP_NOT_FOUND ? 0 : -1;
}

int schema_send(struct schema *s, const char *doing, enum call_method method, struct str body,
                struct err *err)
{
    return call(s, doing, method, body, err) < 0 ? -1 : take_answer(s, err);
}

/* ---- what is in it ---- */

static bool is_true(const struct json *object, const char *key)
{
    const struct json *v = json_member(object, key);
    return v != NULL && v->type == JSON_TRUE;
}

struct str schema_name(const struct schema *s)
{
    const struct str name = json_text(s->json, "related_object");
    return name.len > 0 ? name : str_of(s->resource);
}

const struct json *schema_definition(const struct schema *s, const char *key)
{
    return json_member(json_member(s->json, "properties"), key);
}

bool schema_is_removed(const struct json *definition)
{
    return is_true(definition, "deleted");
}

/* ---- rules ---- */

#define AT(member) offsetof(struct schema_set_options, member)
#define OF_NUMBER                                                                                  \
    {                                                                                              \
        "number", NULL                                                                             \
    }
#define OF_STRING                                                                                  \
    {                                                                                              \
        "string", NULL                                                                             \
    }

const struct schema_rule schema_rules[] = {
    { "objectType", "object-type", RULE_NAME, { "object", NULL }, "", AT(object_type) },
    { "eq", "one-of", RULE_VALUES, { "string", "number" }, "one of ", AT(one_of) },
    { "ne", "none-of", RULE_VALUES, OF_NUMBER, "none of ", AT(none_of) },
    { "gt", "more-than", RULE_NUMBER, OF_NUMBER, "more than ", AT(more_than) },
    { "gte", "at-least", RULE_NUMBER, OF_NUMBER, "at least ", AT(at_least) },
    { "lt", "less-than", RULE_NUMBER, OF_NUMBER, "less than ", AT(less_than) },
    { "lte", "at-most", RULE_NUMBER, OF_NUMBER, "at most ", AT(at_most) },
    { "exactLength", "length", RULE_LENGTH, OF_STRING, "length ", AT(length) },
    { "minLength", "min-length", RULE_LENGTH, OF_STRING, "length at least ", AT(min_length) },
    { "maxLength", "max-length", RULE_LENGTH, OF_STRING, "length at most ", AT(max_length) },
};
const size_t schema_rules_n = ARRAY_LEN(schema_rules);

static void put_value(struct buf *b, const struct json *v)
{
    if (v->type == JSON_STRING || v->type == JSON_NUMBER)
        text_put_safe(b, v->text);
    for (const struct json *item = v->child; item != NULL; item = item->next) {
        put_value(b, item);
        buf_puts(b, item->next != NULL ? STR(",") : STR(""));
    }
}

static void put_rules(struct buf *b, const struct json *d)
{
    if (schema_is_removed(d))
        buf_puts(b, STR("removed"));
    for (size_t i = 0; i < schema_rules_n; i++) {
        const struct json *v = json_member(d, schema_rules[i].member);
        if (v == NULL || v->type == JSON_NULL)
            continue;
        buf_puts(b, b->len > 0 ? STR("; ") : STR(""));
        buf_puts(b, str_of(schema_rules[i].phrase));
        put_value(b, v);
    }
}

/* ---- the table ---- */

enum { COLUMN_KEY, COLUMN_TYPE, COLUMN_REQUIRED, COLUMN_RULES, COLUMNS };

static int fill_row(struct arena *a, const struct json *d, struct str *cells, struct err *err)
{
    struct buf b;
    cells[COLUMN_KEY] = print_safe(a, d->key);
    cells[COLUMN_REQUIRED] = is_true(d, "optional") ? STR("no") : STR("yes");
    buf_init(&b, CELL_MAX_BYTES);
    text_put_safe(&b, json_text(d, "type"));
    buf_puts(&b, is_true(d, "array") ? STR("[]") : STR(""));
    if (buf_keep(&b, a, &cells[COLUMN_TYPE], err) < 0)
        return -1;
    buf_init(&b, MIB);
    put_rules(&b, d);
    if (buf_keep(&b, a, &cells[COLUMN_RULES], err) < 0)
        return -1;
    return cells[COLUMN_KEY].p != NULL ? 0 : err_nomem(err);
}

int schema_print(struct schema *s, const char *key, struct err *err)
{
    static const char *const headings[COLUMNS] = { "KEY", "TYPE", "REQUIRED", "RULES" };
    const struct json *properties = json_member(s->json, "properties");
    size_t n = 0, i = 0;
    for (const struct json *d = properties != NULL ? properties->child : NULL; d != NULL;
         d = d->next)
        n++;
    struct str *cells = arena_calloc(&s->arena, (n + 1) * COLUMNS * sizeof(*cells));
    if (cells == NULL)
        return err_nomem(err);
    for (const struct json *d = n > 0 ? properties->child : NULL; d != NULL; d = d->next) {
        if (key != NULL && !str_is(d->key, key))
            continue;
        if (fill_row(&s->arena, d, &cells[i++ * COLUMNS], err) < 0)
            return -1;
    }
    return print_table(&(struct print_table){ headings, COLUMNS, cells, i }, err);
}
