/* SPDX-License-Identifier: MIT */
/*
 * schema_change.c - `longshore schema set`, `remove`, `restore`, `allow` and `clear` (reference
 * 4.9).
 *
 * A definition that is sent takes the place of the whole one, so what is removed or restored is
 * read first and sent back with its mark; the other definitions are not sent, and stay as they are.
 */
#include <stdio.h>

#include "client/text.h"
#include "commands/commands.h"
#include "commands/schema_priv.h"
#include "domain/metadata_schema.h"

#define BODY_MAX_BYTES ((size_t)METADATA_SCHEMA_MAX_BYTES * 2)
#define FILE_MAX_BYTES METADATA_SCHEMA_MAX_BYTES
#define SHOWN_BYTES    100

/* ---- the new definition ---- */

static const char *given(const struct schema_set_options *o, const struct schema_rule *r)
{
    return *(const char *const *)(const void *)((const char *)o + r->offset);
}

static bool is_for(const struct schema_rule *r, const char *type)
{
    return str_is(str_of(type), r->types[0]) ||
           (r->types[1] != NULL && str_is(str_of(type), r->types[1]));
}

static int refuse(const struct schema_rule *r, struct str value, const char *what, struct err *err)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "--%s '%.*s' is %s", r->flag,
                   STR_FMT(str_utf8_cut(value, SHOWN_BYTES)), what);
}

static int put_number(struct json_out *out, const struct schema_rule *r, struct str text,
                      struct err *err)
{
    struct num n;
    if (!num_parse(text, &n))
        return refuse(r, text, "no number", err);
    json_num(out, n);
    return 0;
}

static int put_values(struct json_out *out, const struct schema_rule *r, const char *value,
                      bool numbers, struct err *err)
{
    struct str rest = str_of(value);
    json_array(out);
    while (rest.p != NULL) {
        const struct str one = str_trim(str_cut(rest, ',', &rest));
        if (!numbers)
            json_str(out, one);
        else if (put_number(out, r, one, err) < 0)
            return -1;
    }
    json_array_end(out);
    return 0;
}

static int put_rule(struct json_out *out, const struct schema_rule *r, const char *value,
                    const char *type, struct err *err)
{
    int64_t length;
    if (!is_for(r, type))
        return err_set(err, ERR_INVALID_PAYLOAD, "--%s is for %s%s%s, not for %.*s", r->flag,
                       r->types[0], r->types[1] != NULL ? " and " : "",
                       r->types[1] != NULL ? r->types[1] : "", SHOWN_BYTES, type);
    if (str_utf8_invalid_at(str_of(value)) != strlen(value))
        return err_set(err, ERR_INVALID_PAYLOAD, "--%s is no UTF-8", r->flag);
    json_key(out, r->member);
    switch (r->kind) {
    case RULE_NAME:
        json_str(out, str_of(value));
        return 0;
    case RULE_VALUES:
        return put_values(out, r, value, str_is(str_of(type), "number"), err);
    case RULE_NUMBER:
        return put_number(out, r, str_of(value), err);
    case RULE_LENGTH:
        if (!num_parse_i64(str_of(value), &length) || length < 0)
            return refuse(r, str_of(value), "no number of characters", err);
        json_int(out, length);
        return 0;
    }
    return 0;
}

static int put_definition(struct json_out *out, const struct schema_set_options *o, struct err *err)
{
    json_object(out);
    json_key(out, "type");
    json_str(out, str_of(o->type));
    json_key(out, "array");
    json_bool(out, o->array);
    json_key(out, "optional");
    json_bool(out, !o->required);
    for (size_t i = 0; i < schema_rules_n; i++) {
        const char *value = given(o, &schema_rules[i]);
        if (value != NULL && put_rule(out, &schema_rules[i], value, o->type, err) < 0)
            return -1;
    }
    json_object_end(out);
    return 0;
}

/* ---- from a file ---- */

static int read_all(struct source *src, struct buf *b, struct err *err)
{
    char piece[4096];
    for (;;) {
        const ssize_t n = source_read(src, piece, sizeof(piece));
        if (n < 0) {
            *err = src->err;
            return -1;
        }
        if (n == 0)
            return buf_ok(b, err);
        buf_put(b, piece, (size_t)n);
    }
}

static int parse_file(struct arena *a, const char *path, struct buf *text, struct json **out,
                      struct err *err)
{
    const struct str kept = arena_str(a, buf_str(text));
    if (kept.p == NULL)
        return err_nomem(err);
    if (json_parse(a, kept, out, err) < 0)
        return err_wrap(err, "'%s' is no JSON", path);
    if (json_text(*out, "type").p != NULL)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "'%s' is no definition: it has to be like "
                   "{\"type\":\"string\",\"array\":false,\"optional\":true}",
                   path);
}

static int read_file(struct arena *a, const char *path, struct json **out, struct err *err)
{
    struct source src;
    struct buf text;
    if (source_open(&src, path, err) < 0)
        return -1;
    buf_init(&text, FILE_MAX_BYTES);
    int rc = read_all(&src, &text, err);
    if (rc == 0)
        rc = parse_file(a, path, &text, out, err);
    buf_release(&text);
    source_close(&src);
    return rc;
}

/* ---- bodies ---- */

/* Everything of the definition but its mark; then that. */
static void put_marked(struct json_out *out, const struct json *definition, bool deleted)
{
    json_object(out);
    for (const struct json *m = definition->child; m != NULL; m = m->next) {
        if (str_is(m->key, "deleted"))
            continue;
        json_key_str(out, m->key);
        json_put_tree(out, m);
    }
    if (deleted) {
        json_key(out, "deleted");
        json_bool(out, true);
    }
    json_object_end(out);
}

static void begin_body(struct json_out *out, const char *key)
{
    json_object(out);
    json_key(out, "properties");
    json_object(out);
    json_key_str(out, str_of(key));
}

static void end_body(struct json_out *out)
{
    json_object_end(out);
    json_object_end(out);
}

/* ---- set ---- */

static bool has_flags(const struct schema_set_options *o)
{
    bool any = o->type != NULL || o->required || o->array;
    for (size_t i = 0; i < schema_rules_n; i++)
        any = any || given(o, &schema_rules[i]) != NULL;
    return any;
}

static int check_set(const struct schema_set_options *o, struct err *err)
{
    if (o->file != NULL && has_flags(o))
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "the definition comes from --file, or from TYPE and flags, not from both");
    if (o->file == NULL && o->type == NULL)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "TYPE is missing (or --file); see longshore schema set --help");
    if (o->type != NULL && str_is(str_of(o->type), "object") && o->object_type == NULL)
        return err_set(
            err, ERR_INVALID_PAYLOAD,
            "an object needs --object-type NAME: the schema that it has to fit, made with "
            "`longshore schema set NAME KEY TYPE --custom`");
    if (o->type != NULL && cli_check_text("TYPE", o->type, err) < 0)
        return -1;
    return cli_check_text("KEY", o->key, err);
}

/* *type: what the definition says. */
static int put_set(struct schema *s, const struct schema_set_options *o, struct json_out *out,
                   struct str *type, struct err *err)
{
    struct json *definition = NULL;
    begin_body(out, o->key);
    if (o->file != NULL && read_file(&s->arena, o->file, &definition, err) < 0)
        return -1;
    if (definition != NULL)
        json_put_tree(out, definition);
    else if (put_definition(out, o, err) < 0)
        return -1;
    end_body(out);
    *type = definition != NULL ? json_text(definition, "type") : str_of(o->type);
    return buf_ok(out->b, err);
}

static int refuse_type(const struct schema *s, const char *key, struct str type, struct err *err)
{
    return err_set(
        err, ERR_CONFLICT,
        "'%.*s' of %.*s is of type %.*s, which can never change; `longshore schema remove` "
        "and `longshore purge` make the key free, with all its values",
        SHOWN_BYTES, key, STR_FMT(schema_name(s)), STR_FMT(type));
}

static int check_type(const struct schema *s, const char *key, struct str type, struct err *err)
{
    const struct json *old = schema_definition(s, key);
    const struct str is = json_text(old, "type");
    return is.p == NULL || str_eq(is, type) ? 0 : refuse_type(s, key, is, err);
}

/* A name that is mistyped would otherwise become a schema of its own, which nothing is checked by.
 */
static int check_new(const struct schema *s, bool custom, struct err *err)
{
    struct buf names;
    const char *name;
    if (custom || metadata_is_standard(str_of(s->resource)))
        return 0;
    buf_init(&names, KIB);
    for (size_t i = 0; (name = metadata_standard_name(i)) != NULL; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", name);
    err_set(
        err, ERR_INVALID_PAYLOAD,
        "RESOURCE '%.*s' is none of %.*s, and no object that has a schema; --custom makes it one",
        SHOWN_BYTES, s->resource, STR_FMT(buf_str(&names)));
    buf_release(&names);
    return -1;
}

static int answer(struct schema *s, const char *key, bool json, struct err *err)
{
    if (json)
        return cli_print_json(&s->call.body, CLI_OK);
    return schema_print(s, key, err) < 0 ? -1 : CLI_OK;
}

static int send_set(struct schema *s, const struct schema_set_options *o, struct str body,
                    struct str type, struct err *err)
{
    static const char doing[] = "cannot define the key";
    if (schema_get(s, doing, SCHEMA_ANY, err) < 0)
        return -1;
    const bool there = s->json != NULL;
    if (there ? check_type(s, o->key, type, err) < 0 : check_new(s, o->custom, err) < 0) {
        s->call.status = 0; /* the refusal is ours */
        return -1;
    }
    if (schema_send(s, doing, there ? CALL_PUT : CALL_POST, body, err) < 0)
        return -1;
    return answer(s, o->key, o->json, err);
}

static int set(struct schema *s, const void *options, struct err *err)
{
    const struct schema_set_options *o = options;
    struct buf body;
    struct str type = { NULL, 0 };
    buf_init(&body, BODY_MAX_BYTES);
    int rc = check_set(o, err);
    if (rc == 0)
        rc = put_set(s, o, &(struct json_out){ .b = &body }, &type, err);
    if (rc == 0)
        rc = send_set(s, o, buf_str(&body), type, err);
    buf_release(&body);
    return rc;
}

int schema_set_run(const void *values)
{
    const struct schema_set_options *o = values;
    return schema_run(&o->server, o->resource, o, set);
}

/* ---- remove, restore ---- */

static int mark(struct schema *s, const struct schema_options *o, bool deleted, const char *doing,
                struct err *err)
{
    struct buf body;
    struct json_out out = { .b = &body };
    if (cli_check_text("KEY", o->key, err) < 0 || schema_get(s, doing, SCHEMA_THERE, err) < 0)
        return -1;
    const struct json *definition = schema_definition(s, o->key);
    if (definition == NULL)
        return err_set(
            err, ERR_NOT_FOUND,
            "%s: %.*s defines no '%.*s'; `longshore schema show %.*s` tells what it does", doing,
            STR_FMT(schema_name(s)), SHOWN_BYTES, o->key, STR_FMT(schema_name(s)));
    buf_init(&body, BODY_MAX_BYTES);
    begin_body(&out, o->key);
    put_marked(&out, definition, deleted);
    end_body(&out);
    int rc = buf_ok(&body, err);
    if (rc == 0)
        rc = schema_send(s, doing, CALL_PUT, buf_str(&body), err);
    buf_release(&body);
    return rc < 0 ? -1 : answer(s, o->key, o->json, err);
}

static int remove_definition(struct schema *s, const void *options, struct err *err)
{
    const struct schema_options *o = options;
    const int status = mark(s, o, true, "cannot remove the definition", err);
    if (status != CLI_OK)
        return status;
    fprintf(stderr, "it is no longer checked, its values stay\n");
    cli_advise("to restore it", "schema restore", s->resource, o->key);
    if (purge_has(s->resource))
        cli_advise("to purge them", "purge", s->resource, o->key);
    return status;
}

static int restore_definition(struct schema *s, const void *options, struct err *err)
{
    return mark(s, options, false, "cannot restore the definition", err);
}

int schema_remove_run(const void *values)
{
    const struct schema_options *o = values;
    return schema_run(&o->server, o->resource, o, remove_definition);
}

int schema_restore_run(const void *values)
{
    const struct schema_options *o = values;
    return schema_run(&o->server, o->resource, o, restore_definition);
}

/* ---- allow ---- */

static int allow(struct schema *s, const void *options, struct err *err)
{
    static const char doing[] = "cannot change the metadata schema";
    const struct schema_options *o = options;
    const bool only = str_is(str_of(o->keys), "defined");
    if (!only && !str_is(str_of(o->keys), "any"))
        return err_set(err, ERR_INVALID_PAYLOAD, "KEYS '%.*s' is neither any nor defined",
                       SHOWN_BYTES, o->keys);
    if (schema_get(s, doing, SCHEMA_ANY, err) < 0)
        return -1;
    const bool there = s->json != NULL;
    if (!there && check_new(s, o->custom, err) < 0) {
        s->call.status = 0;
        return -1;
    }
    const struct str body = only ? STR("{\"allow_defined_only\":true,\"properties\":{}}")
                                 : STR("{\"allow_defined_only\":false,\"properties\":{}}");
    if (schema_send(s, doing, there ? CALL_PUT : CALL_POST, body, err) < 0)
        return -1;
    if (o->json)
        return cli_print_json(&s->call.body, CLI_OK);
    fprintf(stderr, "keys that are not defined are %s\n", only ? "refused" : "allowed");
    return CLI_OK;
}

int schema_allow_run(const void *values)
{
    const struct schema_options *o = values;
    return schema_run(&o->server, o->resource, o, allow);
}

/* ---- clear ---- */

static size_t count_definitions(const struct schema *s)
{
    const struct json *properties = json_member(s->json, "properties");
    size_t n = 0;
    for (const struct json *d = properties != NULL ? properties->child : NULL; d != NULL;
         d = d->next)
        n++;
    return n;
}

static int clear(struct schema *s, const void *options, struct err *err)
{
    static const char doing[] = "cannot clear the metadata schema";
    const struct schema_options *o = options;
    struct buf b;
    if (schema_get(s, doing, SCHEMA_THERE, err) < 0)
        return -1;
    const size_t n = count_definitions(s);
    buf_init(&b, 64 * KIB);
    buf_puts(&b, o->yes ? STR("deleted") : STR("this would delete"));
    buf_puts(&b, STR(" the metadata schema of "));
    text_put_safe(&b, schema_name(s));
    buf_printf(&b, " with its %zu definition%s; values stay\n", n, n == 1 ? "" : "s");
    if (!o->yes)
        buf_puts(&b, STR("nothing was deleted; say --yes to do it\n"));
    if (o->yes && schema_send(s, doing, CALL_DELETE, (struct str){ NULL, 0 }, err) < 0) {
        buf_release(&b);
        return -1;
    }
    if (print_buf(&b, err) < 0)
        return -1;
    return o->yes ? CLI_OK : CLI_FAILED;
}

int schema_clear_run(const void *values)
{
    const struct schema_options *o = values;
    return schema_run(&o->server, o->resource, o, clear);
}
