/* SPDX-License-Identifier: MIT */
/*
 * columns.c - see columns.h.
 *
 * The rows are those by which the server itself finds columns (domain/field.h) and refuses files
 * without them (actions/registry.h): a new field is in the help as soon as it is read.
 */
#include <stdio.h>

#include "actions/registry.h"
#include "commands/columns.h"

static const char *const kind_texts[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = "text",
    [FIELD_ENUM] = "one of",
    [FIELD_BOOL] = "true or false",
    [FIELD_INTEGER] = "whole number",
    [FIELD_MONEY] = "money in major units, like 14.5",
    [FIELD_NUMBER] = "number; an amount in major units, like 14.5",
    [FIELD_TIME] = "date or time, like 2026-11-23 or 2026-11-23T10:00:00Z",
    [FIELD_IGNORED] = "known from other files, not used in this one",
};

/* What does not fit is cut. */
static void append(char *text, size_t size, const char *more)
{
    const size_t n = strlen(text);
    snprintf(text + n, size - n, "%s", more);
}

static void put_names(const struct field *f, struct note *out)
{
    bool first = true;
    for (size_t i = 1; f->names[i] != NULL; i++) { /* names[0] is "none" */
        if (!field_accepts(f, i))
            continue;
        append(out->text, sizeof(out->text), first ? " " : ", ");
        append(out->text, sizeof(out->text), f->names[i]);
        first = false;
    }
}

static bool is_required(const struct action_kind *kind, const struct field *f)
{
    for (const char *const *name = kind->required_columns; *name != NULL; name++) {
        if (str_is(str_of(f->heading), *name))
            return true;
    }
    return false;
}

static void describe(const struct action_kind *kind, const struct field *f, struct note *out)
{
    snprintf(out->name, sizeof(out->name), "%s%s%s", f->heading, f->alias != NULL ? " or " : "",
             f->alias != NULL ? f->alias : "");
    snprintf(out->text, sizeof(out->text), "%s", kind_texts[f->kind]);
    if (f->kind == FIELD_ENUM)
        put_names(f, out);
    if (is_required(kind, f))
        append(out->text, sizeof(out->text), " (required)");
}

/* The i-th field that is a column. */
static bool row(int of, size_t i, struct note *out)
{
    const struct action_kind *kind = action_kind_find(of);
    for (size_t at = 0; kind != NULL && at < kind->fields->n; at++) {
        const struct field *f = &kind->fields->rows[at];
        if (f->heading == NULL || i-- > 0)
            continue;
        describe(kind, f, out);
        return true;
    }
    return false;
}

const struct command_notes columns_notes = {
    .heading = "CSV columns",
    .row = row,
    .end = "every other column becomes metadata under its heading",
};
