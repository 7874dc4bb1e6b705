/* SPDX-License-Identifier: MIT */
/*
 * openapi_actions.c - the Async Action object, a schema for each of the API's types, and the rows
 * of the CSV files that types read: all of it as the registry has it.
 */
#include <stdio.h>

#include "api/openapi_priv.h"

#define NAME_MAX_BYTES 64

/* ---- results ---- */

#define COUNT(name)                                                                                \
    {                                                                                              \
        name, MEMBER_INTEGER                                                                       \
    }

static void put_members(struct json_out *o, const struct member *rows, size_t n)
{
    json_key(o, "properties");
    json_object(o);
    for (size_t i = 0; i < n; i++) {
        json_key(o, rows[i].path);
        openapi_put_member(o, &rows[i]);
    }
    json_object_end(o);
    json_key(o, "required");
    json_array(o);
    for (size_t i = 0; i < n; i++) {
        if ((rows[i].flags & MEMBER_ABSENT) == 0)
            json_str(o, str_of(rows[i].path));
    }
    json_array_end(o);
}

static void put_object(struct json_out *o, const struct member *rows, size_t n)
{
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("object"));
    put_members(o, rows, n);
    json_object_end(o);
}

/* An array of such objects. */
static void put_array(struct json_out *o, const char *key, const struct member *rows, size_t n)
{
    json_key(o, key);
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("array"));
    json_key(o, "items");
    put_object(o, rows, n);
    json_object_end(o);
}

/* An item of failed[], as kind->failed spells it. */
static size_t failed_members(const struct action_kind *kind, struct member *rows)
{
    size_t n = 0;
    for (const char *what = kind->failed; *what != '\0'; what++) {
        if (*what == 'r')
            rows[n++] = (struct member){ "row", MEMBER_INTEGER };
        else
            rows[n++] =
                (struct member){ kind->key_name, MEMBER_TEXT, *what == 'n' ? MEMBER_NULLABLE : 0 };
    }
    rows[n++] = (struct member){ "reason", MEMBER_TEXT };
    return n;
}

static void put_message_result(struct json_out *o, const struct action_kind *kind)
{
    static const struct member counts[] = { { "message", MEMBER_TEXT },
                                            COUNT("done_count"),
                                            COUNT("failed_count") };
    struct member rows[4];
    put_object(o, counts, ARRAY_LEN(counts));
    json_object(o);
    json_key(o, "required");
    json_raw(o, STR("[\"failed\"]"));
    json_key(o, "properties");
    json_object(o);
    put_array(o, "failed", rows, failed_members(kind, rows));
    json_object_end(o);
    json_object_end(o);
}

static void put_errors_result(struct json_out *o, const struct action_kind *kind)
{
    static const struct member counts[] = {
        { "message", MEMBER_TEXT, MEMBER_ABSENT },
        COUNT("done_count"),
        COUNT("failed_count"),
        { "reports", MEMBER_TEXTS, .note = "URLs of CSV files; they need no keys." },
        { "reports_available_till", MEMBER_TIME, MEMBER_NULLABLE },
    };
    const struct member rows[] = {
        { "message", MEMBER_TEXT },
        { "details", MEMBER_TEXT },
        { "key", MEMBER_TEXT },
        { kind->key_name, MEMBER_TEXT },
    };
    put_object(o, counts, ARRAY_LEN(counts));
    json_object(o);
    json_key(o, "required");
    json_raw(o, STR("[\"errors\"]"));
    json_key(o, "properties");
    json_object(o);
    put_array(o, "errors", rows, ARRAY_LEN(rows) - (kind->keys_errors ? 0 : 1));
    json_object_end(o);
    json_object_end(o);
}

static void put_count_result(struct json_out *o, const struct action_kind *kind)
{
    static const struct member counts[] = { { "message", MEMBER_TEXT }, COUNT("done_count") };
    (void)kind;
    put_object(o, counts, ARRAY_LEN(counts));
}

static void (*const put_result[])(struct json_out *o, const struct action_kind *kind) = {
    [RESULT_MESSAGE] = put_message_result,
    [RESULT_ERRORS] = put_errors_result,
    [RESULT_COUNT] = put_count_result,
};

/* ---- the object ---- */

static const char *status_at(size_t i)
{
    return i < ACTION_STATUS_COUNT ? action_status_name((enum action_status)i) : NULL;
}

static const char *type_at(size_t i)
{
    return i + 1 < ACTION_KIND_ID_COUNT ? action_kind_name((int)i + 1) : NULL;
}

static void put_base(struct json_out *o)
{
    static const struct member rows[] = {
        { "id", MEMBER_TEXT },
        { "type", MEMBER_REF, 0, "AsyncActionType" },
        { "status", MEMBER_REF, 0, "AsyncActionStatus" },
        { "operation_status", MEMBER_NAMES, 0, "SUCCESS FAILED UNKNOWN" },
        { "created_at", MEMBER_TIME },
        { "updated_at", MEMBER_TIME },
        { "request_id", MEMBER_TEXT },
        { "progress", MEMBER_INTEGER, .note = "Per cent.", .most = 100 },
        { "processing_time", MEMBER_INTEGER, MEMBER_ABSENT,
          .note = "Milliseconds, with the time in the queue; when it has ended." },
        { "dry_run", MEMBER_BOOLEAN, MEMBER_ABSENT },
        { "object", MEMBER_WORD, 0, "async_action" },
    };
    const struct schema s = { "AsyncActionBase", "What actions of all types have.", .answer = true,
                              .members = rows, .n = ARRAY_LEN(rows) };
    openapi_put_schema(o, &s);
}

static const char *action_name(int id, char room[NAME_MAX_BYTES])
{
    snprintf(room, NAME_MAX_BYTES, "AsyncAction.%s", action_kind_name(id));
    return room;
}

/* Neither lists nor actions that have not ended have a result. */
static void put_properties(struct json_out *o, int id, const struct action_kind *kind)
{
    json_key(o, "properties");
    json_object(o);
    json_key(o, "type");
    json_object(o);
    openapi_put_text(o, "const", action_kind_name(id));
    json_object_end(o);
    if (kind != NULL) {
        json_key(o, "result");
        json_object(o);
        json_key(o, "allOf");
        json_array(o);
        put_result[kind->result](o, kind);
        json_array_end(o);
        json_object_end(o);
    }
    json_object_end(o);
}

static void put_action(struct json_out *o, int id)
{
    const struct action_kind *kind = action_kind_find(id);
    char name[NAME_MAX_BYTES];
    json_key(o, action_name(id, name));
    json_object(o);
    openapi_put_text(o, "description",
                     kind != NULL ? kind->summary : "This server has no such actions");
    json_key(o, "allOf");
    json_array(o);
    openapi_put_ref(o, "schemas", "AsyncActionBase");
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("object"));
    put_properties(o, id, kind);
    openapi_put_words(o, "required", "type");
    json_object_end(o);
    json_array_end(o);
    json_object_end(o);
}

/* ---- rows of CSV files ---- */

const char *openapi_row_name(const struct action_kind *kind, char *room)
{
    snprintf(room, NAME_MAX_BYTES, "CsvRow.%s", kind->name);
    return room;
}

static void put_columns(struct json_out *o, const struct field_table *t)
{
    json_key(o, "properties");
    json_object(o);
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].heading == NULL)
            continue;
        json_key(o, t->rows[i].heading);
        openapi_put_cell(o, &t->rows[i]);
    }
    json_object_end(o);
}

static void put_row(struct json_out *o, const struct action_kind *kind)
{
    char name[NAME_MAX_BYTES];
    json_key(o, openapi_row_name(kind, name));
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("object"));
    openapi_put_text(
        o, "description",
        "A row of the file, by its headings: upper and lower case are the same there, "
        "and so are _ and a blank. A cell may be empty; any other column is metadata.");
    put_columns(o, kind->fields);
    openapi_put_names(o, "required", kind->required_columns);
    json_key(o, "additionalProperties");
    json_raw(o, STR("{\"type\":\"string\"}"));
    json_object_end(o);
}

void openapi_put_actions(struct json_out *o)
{
    json_key(o, "AsyncActionStatus");
    openapi_put_enum(o, status_at);
    json_key(o, "AsyncActionType");
    openapi_put_enum(o, type_at);
    put_base(o);
    openapi_put_union(o, "AsyncAction",
                      "A bulk action: what it is, how far it is, and, read alone when it has "
                      "ended, its result.",
                      "type", type_at);
    for (int id = 1; id < ACTION_KIND_ID_COUNT; id++) {
        const struct action_kind *kind = action_kind_find(id);
        put_action(o, id);
        if (kind != NULL && kind->fields != NULL)
            put_row(o, kind);
    }
}
