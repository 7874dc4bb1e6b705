/* SPDX-License-Identifier: MIT */
/* schema.c - `longshore schema list` and `show` (reference 4.9); what changes one is in
 * schema_change.c. */
#include <stdio.h>

#include "client/text.h"
#include "commands/commands.h"
#include "commands/schema_priv.h"

/* ---- list ---- */

enum { COLUMN_RESOURCE, COLUMN_DEFINITIONS, COLUMN_REMOVED, COLUMN_OTHERS, COLUMNS };

static bool only_defined(const struct json *schema)
{
    const struct json *only = json_member(schema, "allow_defined_only");
    return only != NULL && only->type == JSON_TRUE;
}

static int fill_row(struct arena *a, const struct json *schema, struct str *cells, struct err *err)
{
    const struct json *name = json_member(schema, "related_object");
    const struct json *properties = json_member(schema, "properties");
    size_t n = 0, removed = 0;
    for (const struct json *d = properties != NULL ? properties->child : NULL; d != NULL;
         d = d->next) {
        n += !schema_is_removed(d);
        removed += schema_is_removed(d);
    }
    cells[COLUMN_RESOURCE] = print_safe(a, name != NULL ? name->text : STR(""));
    cells[COLUMN_DEFINITIONS] = str_of(arena_printf(a, "%zu", n));
    cells[COLUMN_REMOVED] = str_of(arena_printf(a, "%zu", removed));
    cells[COLUMN_OTHERS] = only_defined(schema) ? STR("refused") : STR("allowed");
    for (size_t i = 0; i < COLUMNS; i++) {
        if (cells[i].p == NULL)
            return err_nomem(err);
    }
    return 0;
}

static int print_list(struct schema *s, struct err *err)
{
    static const char *const headings[COLUMNS] = { "RESOURCE", "DEFINITIONS", "REMOVED",
                                                   "OTHER KEYS" };
    const struct json *list = json_member(s->json, "schemas");
    size_t n = 0, i = 0;
    if (list == NULL || list->type != JSON_ARRAY)
        return err_set(err, ERR_INVALID_JSON, "the answer is no list of metadata schemas");
    for (const struct json *item = list->child; item != NULL; item = item->next)
        n++;
    struct str *cells = arena_calloc(&s->arena, (n + 1) * COLUMNS * sizeof(*cells));
    if (cells == NULL)
        return err_nomem(err);
    for (const struct json *item = list->child; item != NULL; item = item->next) {
        if (fill_row(&s->arena, item, &cells[i++ * COLUMNS], err) < 0)
            return -1;
    }
    if (n == 0)
        fprintf(stderr, "no metadata schemas\n");
    return n == 0 ? 0 : print_table(&(struct print_table){ headings, COLUMNS, cells, n }, err);
}

static int list(struct schema *s, const void *options, struct err *err)
{
    const struct schema_options *o = options;
    if (schema_get(s, "cannot list metadata schemas", SCHEMA_THERE, err) < 0)
        return -1;
    if (o->json)
        return cli_print_json(&s->call.body, CLI_OK);
    return print_list(s, err) < 0 ? -1 : CLI_OK;
}

int schema_list_run(const void *values)
{
    const struct schema_options *o = values;
    return schema_run(&o->server, NULL, o, list);
}

/* ---- show ---- */

static int print_schema(struct schema *s, struct err *err)
{
    const struct json *properties = json_member(s->json, "properties");
    fprintf(stderr, "keys that are not defined are %s\n",
            only_defined(s->json) ? "refused" : "allowed");
    if (properties != NULL && properties->child != NULL)
        return schema_print(s, NULL, err);
    fprintf(stderr, "no definitions\n");
    return 0;
}

static int show(struct schema *s, const void *options, struct err *err)
{
    const struct schema_options *o = options;
    if (schema_get(s, "cannot show the metadata schema", SCHEMA_THERE, err) < 0)
        return -1;
    if (o->json)
        return cli_print_json(&s->call.body, CLI_OK);
    return print_schema(s, err) < 0 ? -1 : CLI_OK;
}

int schema_show_run(const void *values)
{
    const struct schema_options *o = values;
    return schema_run(&o->server, o->resource, o, show);
}
