/* SPDX-License-Identifier: MIT */
/*
 * openapi_paths.c - the routes as OpenAPI's paths. How a body is sent, who may ask, what is started
 * and which errors follow from that is the route's; the rest is its row in openapi_operations.c.
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>

#include "api/openapi_priv.h"
#include "api/scope.h"

/* ---- parameters ---- */

static void begin_param(struct json_out *o, const char *name, const char *in, bool required)
{
    json_object(o);
    openapi_put_text(o, "name", name);
    openapi_put_text(o, "in", in);
    if (required) {
        json_key(o, "required");
        json_bool(o, true);
    }
}

static void put_param(struct json_out *o, const struct member *m, const char *in, bool required)
{
    begin_param(o, m->path, in, required);
    json_key(o, "schema");
    openapi_put_member(o, m);
    json_object_end(o);
}

static const struct member *find_member(const struct member_table *of, struct str name)
{
    for (size_t i = 0; i < of->n; i++) {
        if (str_is(name, of->rows[i].path))
            return &of->rows[i];
    }
    return NULL;
}

/* A name that nobody has described is a text; a test forbids it. */
static void put_path_params(struct json_out *o, const char *pattern)
{
    for (const char *p = strchr(pattern, '{'); p != NULL; p = strchr(p, '{')) {
        const char *end = strchr(++p, '}');
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)(end - p), p);
        const struct member *m = find_member(&openapi_path_params, str_of(name));
        put_param(o, m != NULL ? m : &(struct member){ name, MEMBER_TEXT }, "path", true);
    }
}

static void put_range(struct json_out *o, const char *name, int most, int fallback)
{
    begin_param(o, name, "query", false);
    json_key(o, "schema");
    json_object(o);
    openapi_put_text(o, "type", "integer");
    json_key(o, "minimum");
    json_int(o, 1);
    json_key(o, "maximum");
    json_int(o, most);
    json_key(o, "default");
    json_int(o, fallback);
    json_object_end(o);
    json_object_end(o);
}

static void put_words_params(struct json_out *o, const char *words)
{
    struct str rest = str_of(words);
    for (struct str w = openapi_next_word(&rest); w.p != NULL; w = openapi_next_word(&rest)) {
        const struct member *m = find_member(&openapi_params, w);
        if (str_is(w, "limit"))
            put_range(o, "limit", LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT);
        else if (m != NULL)
            put_param(o, m, "query", str_is(w, "token"));
        assert(m != NULL || str_is(w, "limit"));
    }
}

static void put_order(struct json_out *o, const char *names)
{
    const struct member m = { "order", MEMBER_NAMES, 0, names, .note = "With a dash: descending." };
    if (names != NULL)
        put_param(o, &m, "query", false);
}

/* `name[before]=…`, `filters[code][conditions][$is]=…` */
static void put_deep(struct json_out *o, const char *name, const char *schema)
{
    begin_param(o, name, "query", false);
    openapi_put_text(o, "style", "deepObject");
    json_key(o, "explode");
    json_bool(o, true);
    json_key(o, "schema");
    openapi_put_ref(o, "schemas", schema);
    json_object_end(o);
}

static void put_filters(struct json_out *o, const struct filter_fields *fields)
{
    if (fields != NULL)
        put_deep(o, "filters", openapi_filters_name(fields));
}

/* A parameter that stands for one condition on a field takes what the field does. */
static struct member narrowing_member(const struct list_filters *of, const struct list_param *p)
{
    struct member m = { p->name, p->kind == LIST_PARAM_IN ? MEMBER_TEXTS : MEMBER_TEXT };
    for (size_t i = 0; i < of->fields->n; i++) {
        const struct filter_field *f = &of->fields->rows[i];
        if (f->id != p->field)
            continue;
        if (f->kind == FILTER_CHOICE) {
            m.type = MEMBER_NAMES;
            m.names = f->names;
        } else if (f->kind == FILTER_BOOL) {
            m.type = MEMBER_BOOLEAN;
        }
    }
    return m;
}

static void put_narrowing(struct json_out *o, const struct list_filters *of)
{
    if (of == NULL)
        return;
    for (const struct list_param *p = of->params; p->name != NULL; p++) {
        const struct member m = narrowing_member(of, p);
        if (p->kind == LIST_PARAM_TIMES)
            put_deep(o, p->name, "TimeRange");
        else
            put_param(o, &m, "query", false);
    }
    put_filters(o, of->fields);
}

/* What all lists of records have: see records.c. */
static void put_record_list(struct json_out *o, const struct record_api *ra)
{
    static const struct member dates[] = {
        { "start_date", MEMBER_TIME, .note = "Created then or later." },
        { "end_date", MEMBER_TIME, .note = "Created then or before." },
        { "starting_after", MEMBER_TEXT,
          .note = "Id of the last one of the page before, or a time." },
    };
    struct buf names;
    if (ra == NULL)
        return;
    buf_init(&names, 4 * KIB);
    for (const struct record_order *by = ra->orders; by->name != NULL; by++)
        buf_printf(&names, "%s -%s ", by->name, by->name);
    buf_putc(&names, '\0');
    o->b->failed = o->b->failed || names.failed;
    put_range(o, "limit", LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT);
    put_range(o, "page", ra->page_max, 1);
    put_order(o, names.failed ? NULL : names.p);
    buf_release(&names);
    for (size_t i = 0; i < ARRAY_LEN(dates); i++)
        put_param(o, &dates[i], "query", false);
    put_deep(o, "created_at", "TimeRange");
    put_deep(o, "updated_at", "TimeRange");
    for (const struct record_query *q = ra->queries; q != NULL && q->param != NULL; q++)
        put_param(o, &(struct member){ q->param, MEMBER_TEXT }, "query", false);
    put_filters(o, ra->filters);
}

/* A body with a fingerprint may be sent again. */
static bool is_repeatable(const struct route *r, const struct operation *op)
{
    return r->body == BODY_MULTIPART || r->body == BODY_RECORDS ||
           (op->query != NULL && strstr(op->query, "vouchers_count") != NULL);
}

static void put_params(struct json_out *o, const struct route *r, const struct operation *op)
{
    static const struct member key = { "Idempotency-Key", MEMBER_TEXT,
                                       .note = "Sent again with the same request: the action of "
                                               "the first one, and no other." };
    json_key(o, "parameters");
    json_array(o);
    put_path_params(o, r->pattern);
    if (op->page_max > 0) {
        put_range(o, "limit", LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT);
        put_range(o, "page", op->page_max, 1);
    }
    put_order(o, op->order);
    put_words_params(o, op->query);
    put_narrowing(o, op->narrows);
    put_filters(o, op->filters);
    put_record_list(o, op->list);
    if (is_repeatable(r, op))
        put_param(o, &key, "header", false);
    json_array_end(o);
}

/* ---- bodies ---- */

static void begin_content(struct json_out *o, const char *media)
{
    json_key(o, media);
    json_object(o);
    json_key(o, "schema");
}

/* `schema` NULL: anything. */
static void put_content(struct json_out *o, const char *media, const char *schema)
{
    begin_content(o, media);
    if (schema != NULL)
        openapi_put_ref(o, "schemas", schema);
    else
        json_raw(o, STR("{}"));
    json_object_end(o);
}

static void put_json_content(struct json_out *o, const char *schema)
{
    put_content(o, "application/json", schema);
}

static void put_list_of(struct json_out *o, const char *schema)
{
    json_object(o);
    openapi_put_text(o, "type", "array");
    json_key(o, "items");
    if (schema != NULL)
        openapi_put_ref(o, "schemas", schema);
    else
        json_raw(o, STR("{\"type\":\"string\"}"));
    json_object_end(o);
}

/* An array of records, or an object with one. */
static void put_records(struct json_out *o, const struct route *r, const struct operation *op)
{
    assert(r->records != NULL);
    const struct json_records_shape *shape = &r->records->text;
    begin_content(o, "application/json");
    if (shape->member == NULL) {
        put_list_of(o, op->body);
        json_object_end(o);
        return;
    }
    json_object(o);
    openapi_put_text(o, "type", "object");
    json_key(o, "properties");
    json_object(o);
    json_key(o, shape->member);
    put_list_of(o, shape->record_type == JSON_STRING ? NULL : op->body);
    if (shape->also != NULL) {
        json_key(o, shape->also);
        json_raw(o, STR("{\"type\":[\"object\",\"null\"]}"));
    }
    json_object_end(o);
    openapi_put_words(o, "required", shape->member);
    json_object_end(o);
    json_object_end(o);
}

static void put_form(struct json_out *o, const struct route *r)
{
    const struct action_kind *kind = action_kind_find(r->kind);
    char name[64];
    begin_content(o, "multipart/form-data");
    json_object(o);
    openapi_put_text(o, "type", "object");
    json_key(o, "properties");
    json_object(o);
    json_key(o, "file");
    json_object(o);
    openapi_put_text(o, "type", "string");
    openapi_put_text(o, "description", "UTF-8; columns are found by their headings.");
    openapi_put_text(o, "contentMediaType", "text/csv");
    if (kind != NULL) {
        json_key(o, "contentSchema");
        put_list_of(o, openapi_row_name(kind, name));
    }
    json_object_end(o);
    json_key(o, "dry_run");
    json_raw(o, STR("{\"type\":\"boolean\"}"));
    json_key(o, "webhooks_enable");
    json_raw(o, STR("{\"type\":\"boolean\"}"));
    json_object_end(o);
    openapi_put_words(o, "required", "file");
    json_object_end(o);
    json_key(o, "encoding");
    json_raw(o, STR("{\"file\":{\"contentType\":\"text/csv\"}}"));
    json_object_end(o);
}

static void put_fields(struct json_out *o, const struct operation *op)
{
    put_content(o, "application/x-www-form-urlencoded", op->body);
    put_json_content(o, op->body);
}

static void put_body(struct json_out *o, const struct route *r, const struct operation *op)
{
    const bool optional = op->body_optional || (r->records != NULL && r->records->may_be_empty);
    if (r->body == BODY_NONE)
        return;
    json_key(o, "requestBody");
    json_object(o);
    json_key(o, "required");
    json_bool(o, !optional);
    json_key(o, "content");
    json_object(o);
    if (r->body == BODY_MULTIPART)
        put_form(o, r);
    else if (r->body == BODY_RECORDS)
        put_records(o, r, op);
    else if (r->body == BODY_FORM)
        put_fields(o, op);
    else
        put_json_content(o, op->body);
    json_object_end(o);
    json_object_end(o);
}

/* ---- responses ---- */

static void begin_response(struct json_out *o, int status)
{
    char key[16];
    snprintf(key, sizeof(key), "%d", status);
    json_key(o, key);
}

static void put_action_header(struct json_out *o)
{
    json_key(o, "headers");
    json_raw(o, STR("{\"X-Async-Action-Id\":{\"schema\":{\"type\":\"string\"}}}"));
}

static void put_answer(struct json_out *o, int status, const char *schema, const char *media)
{
    begin_response(o, status);
    json_object(o);
    openapi_put_text(o, "description",
                     status == HTTP_ACCEPTED     ? "Started, and durable"
                     : status == HTTP_NO_CONTENT ? "Done"
                     : status == HTTP_OK         ? "OK"
                                                 : "It is not so");
    if (schema != NULL && strcmp(schema, "ActionId") == 0)
        put_action_header(o);
    if (schema != NULL || media != NULL) {
        json_key(o, "content");
        json_object(o);
        if (schema != NULL)
            put_json_content(o, schema);
        if (media != NULL) {
            begin_content(o, media);
            json_raw(o, STR("{\"type\":\"string\"}"));
            json_object_end(o);
        }
        json_object_end(o);
    }
    json_object_end(o);
}

static bool names_status(const struct operation *op, int status)
{
    char text[16];
    struct str rest = str_of(op->errors);
    snprintf(text, sizeof(text), "%d", status);
    for (struct str w = openapi_next_word(&rest); w.p != NULL; w = openapi_next_word(&rest)) {
        if (str_is(w, text))
            return true;
    }
    return false;
}

/* Which errors follow from how a route is asked. */
static bool may_fail(const struct route *r, const struct operation *op, int status)
{
    const bool has_query = op->query != NULL || op->order != NULL || op->list != NULL ||
                           op->narrows != NULL || op->filters != NULL || op->page_max > 0;
    switch (status) {
    case 400:
        return r->body != BODY_NONE || has_query;
    case 401:
        return r->auth != AUTH_NONE;
    case 403:
        return r->auth == AUTH_PROJECT || r->auth == AUTH_LINK;
    case 404:
        return strchr(r->pattern, '{') != NULL;
    case 409:
        return is_repeatable(r, op);
    case 413:
    case 415:
        return r->body != BODY_NONE;
    case 503:
        return r->auth != AUTH_NONE;
    default:
        return false;
    }
}

static void put_error(struct json_out *o, const struct operation *op, int status)
{
    if (op->own_error != NULL && names_status(op, status)) {
        put_answer(o, status, op->own_error, NULL);
        return;
    }
    begin_response(o, status);
    openapi_put_ref(o, "responses", openapi_error_name(status));
}

static void put_responses(struct json_out *o, const struct route *r, const struct operation *op)
{
    static const int errors[] = { 400, 401, 403, 404, 409, 413, 415, 503 };
    const bool there = api_route_is_there(r);
    json_key(o, "responses");
    json_object(o);
    if (there)
        put_answer(o, op->status != 0 ? op->status : HTTP_OK, op->answer, op->media);
    if (there && op->may_start)
        put_answer(o, HTTP_ACCEPTED, "ActionId", NULL);
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (may_fail(r, op, errors[i]) || names_status(op, errors[i]) ||
            (!there && errors[i] == HTTP_NOT_FOUND))
            put_error(o, op, errors[i]);
    }
    json_key(o, "default");
    openapi_put_ref(o, "responses", openapi_error_name(500));
    json_object_end(o);
}

/* ---- who may ask ---- */

static void put_scheme(struct json_out *o, const char *name, const char *scope)
{
    json_key(o, name);
    json_array(o);
    if (scope != NULL)
        json_str(o, str_of(scope));
    json_array_end(o);
}

static void put_pair(struct json_out *o, const char *id, const char *token)
{
    json_object(o);
    put_scheme(o, id, NULL);
    put_scheme(o, token, NULL);
    json_object_end(o);
}

/* Each scope that is enough. */
static void put_scopes(struct json_out *o, const struct route *r)
{
    const char *name;
    for (size_t i = 0; (name = scope_name(i)) != NULL; i++) {
        if (!scope_covers(scope_parse(str_of(name), NULL), r->pattern))
            continue;
        json_object(o);
        put_scheme(o, "oauth", name);
        json_object_end(o);
    }
}

static void put_route_security(struct json_out *o, const struct route *r)
{
    json_key(o, "security");
    json_array(o);
    if (r->auth == AUTH_PROJECT || r->auth == AUTH_KEYS || r->auth == AUTH_LINK)
        put_pair(o, "appId", "appToken");
    if (r->auth == AUTH_PROJECT || r->auth == AUTH_LINK)
        put_scopes(o, r);
    if (r->auth == AUTH_LINK) {
        json_object(o);
        put_scheme(o, "linkToken", NULL);
        json_object_end(o);
    }
    if (r->auth == AUTH_MANAGEMENT)
        put_pair(o, "managementId", "managementToken");
    json_array_end(o);
}

static void put_key_scheme(struct json_out *o, const char *name, const char *in, const char *field,
                           const char *text)
{
    json_key(o, name);
    json_object(o);
    openapi_put_text(o, "type", "apiKey");
    openapi_put_text(o, "in", in);
    openapi_put_text(o, "name", field);
    openapi_put_text(o, "description", text);
    json_object_end(o);
}

static void put_oauth(struct json_out *o)
{
    const char *name;
    json_key(o, "oauth");
    json_object(o);
    openapi_put_text(o, "type", "oauth2");
    openapi_put_text(o, "description",
                     "Authorization: Bearer TOKEN; a token is made with the keys of a project.");
    json_key(o, "flows");
    json_object(o);
    json_key(o, "clientCredentials");
    json_object(o);
    openapi_put_text(o, "tokenUrl", "/v1/oauth/token");
    json_key(o, "scopes");
    json_object(o);
    for (size_t i = 0; (name = scope_name(i)) != NULL; i++)
        openapi_put_text(o, name, i == 0 ? "Everything" : "Every method below the path so named");
    json_object_end(o);
    json_object_end(o);
    json_object_end(o);
    json_object_end(o);
}

void openapi_put_security(struct json_out *o)
{
    static const struct {
        const char *name, *in, *field, *text;
    } keys[] = {
        { "appId", "header", "X-App-Id", "Id of a key of the project." },
        { "appToken", "header", "X-App-Token", "Its secret." },
        { "managementId", "header", "X-Management-Id", "Id of a management key." },
        { "managementToken", "header", "X-Management-Token", "Its secret." },
        { "linkToken", "query", "token", "As a link has it." },
    };
    json_object(o);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        put_key_scheme(o, keys[i].name, keys[i].in, keys[i].field, keys[i].text);
    put_oauth(o);
    json_object_end(o);
}

/* ---- operations ---- */

/* What it starts: the type and what that is, as the registry says. */
static void put_description(struct json_out *o, const struct route *r)
{
    const struct action_kind *kind =
        action_kind_find(r->records != NULL ? r->records->kind : r->kind);
    struct buf text;
    if (!api_route_is_there(r))
        openapi_put_text(o, "description", "This server has no such endpoint.");
    if (kind == NULL)
        return;
    buf_init(&text, KIB);
    buf_printf(&text, "Starts an action of type %s: %s.", kind->name, kind->summary);
    o->b->failed = o->b->failed || text.failed;
    json_key(o, "description");
    json_str(o, buf_str(&text));
    buf_release(&text);
    openapi_put_text(o, "x-async-action-type", kind->name);
}

static void put_operation(struct json_out *o, const struct route *r)
{
    static const struct operation untold = { .id = "untold", .tag = "Server", .summary = "" };
    const struct operation *found = openapi_operation_find(r); /* NULL: which a test forbids */
    const struct operation *op = found != NULL ? found : &untold;
    char method[16];
    size_t n = 0;
    for (; n < sizeof(method) - 1 && r->method[n] != '\0'; n++)
        method[n] = (char)tolower((unsigned char)r->method[n]);
    method[n] = '\0';
    json_key(o, method);
    json_object(o);
    openapi_put_text(o, "operationId", op->id);
    json_key(o, "tags");
    json_array(o);
    json_str(o, str_of(op->tag));
    json_array_end(o);
    openapi_put_text(o, "summary", op->summary);
    put_description(o, r);
    put_params(o, r, op);
    put_body(o, r, op);
    put_responses(o, r, op);
    put_route_security(o, r);
    json_object_end(o);
}

void openapi_put_paths(struct json_out *o, const struct route *routes, size_t n)
{
    json_object(o);
    for (size_t i = 0; i < n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(routes[k].pattern, routes[i].pattern) == 0;
        if (seen)
            continue;
        json_key(o, routes[i].pattern);
        json_object(o);
        for (size_t k = i; k < n; k++) {
            if (strcmp(routes[k].pattern, routes[i].pattern) == 0)
                put_operation(o, &routes[k]);
        }
        json_object_end(o);
    }
    json_object_end(o);
}
