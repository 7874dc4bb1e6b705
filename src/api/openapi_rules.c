/* SPDX-License-Identifier: MIT */
/* openapi_rules.c - errors, filters, and definitions of metadata, each from its own table. */
#include <stdio.h>

#include "api/openapi_priv.h"

#include "domain/bin.h"
#include "domain/campaign_filter.h"
#include "domain/publication_filter.h"
#include "domain/record_filter.h"
#include "domain/voucher_filter.h"

/* ---- errors ---- */

/* Does a code before this one have the same key, or, with `by_status`, the same status? */
static bool is_repeated(int code, bool by_status)
{
    const struct err_info *info = err_info((enum err_code)code);
    for (int i = ERR_OK + 1; i < code; i++) {
        const struct err_info *other = err_info((enum err_code)i);
        if (by_status ? other->status == info->status : strcmp(other->key, info->key) == 0)
            return true;
    }
    return false;
}

static void put_keys(struct json_out *o)
{
    json_key(o, "ErrorKey");
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("string"));
    json_key(o, "enum");
    json_array(o);
    for (int i = ERR_OK + 1; i < ERR_CODE_COUNT; i++) {
        if (!is_repeated(i, false))
            json_str(o, str_of(err_info((enum err_code)i)->key));
    }
    json_array_end(o);
    json_object_end(o);
}

void openapi_put_errors(struct json_out *o)
{
    static const struct member error[] = {
        { "code", MEMBER_INTEGER, .note = "The HTTP status." },
        { "message", MEMBER_TEXT },
        { "key", MEMBER_REF, 0, "ErrorKey" },
        { "details", MEMBER_TEXT, MEMBER_ABSENT },
        { "request_id", MEMBER_TEXT },
        { "resource_id", MEMBER_TEXT, MEMBER_ABSENT },
        { "resource_type", MEMBER_TEXT, MEMBER_ABSENT },
    };
    static const struct member transport[] = {
        { "statusCode", MEMBER_INTEGER },
        { "error", MEMBER_TEXT },
        { "message", MEMBER_TEXT },
    };
    static const struct schema schemas[] = {
        { "Error", "What went wrong. Programs go by `key`.", .answer = true, .members = error,
          .n = ARRAY_LEN(error) },
        { "TransportError", "A body that is too large, or no JSON.", .answer = true,
          .members = transport, .n = ARRAY_LEN(transport) },
        { "Nothing", "An empty object.", .answer = true },
    };
    put_keys(o);
    for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
        openapi_put_schema(o, &schemas[i]);
}

static const struct {
    int status;
    const char *name, *text;
} statuses[] = {
    { 400, "BadRequest", "The request is not right" },
    { 401, "Unauthorized", "No credentials, or wrong ones" },
    { 403, "Forbidden", "The credentials do not go so far, or it is not allowed" },
    { 404, "NotFound", "There is no such thing" },
    { 405, "WrongMethod", "The path has other methods" },
    { 409, "Conflict", "Something else is in the way" },
    { 413, "TooLarge", "The body is too large" },
    { 415, "WrongType", "The body has another type than it should" },
    { 500, "ServerError", "Something went wrong that the client cannot help" },
    { 503, "Unavailable", "Not now; later" },
    { 507, "Full", "The server's disk is full" },
};

const char *openapi_error_name(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (statuses[i].status == status)
            return statuses[i].name;
    }
    return NULL;
}

/* "The request is not right: invalid_payload, invalid_json, …" */
static void put_description(struct json_out *o, const char *text, int status)
{
    struct buf b;
    const char *between = ": ";
    buf_init(&b, 4 * KIB);
    buf_puts(&b, str_of(text));
    for (int i = ERR_OK + 1; i < ERR_CODE_COUNT; i++) {
        if (err_info((enum err_code)i)->status != status || is_repeated(i, false))
            continue;
        buf_printf(&b, "%s%s", between, err_info((enum err_code)i)->key);
        between = ", ";
    }
    o->b->failed = o->b->failed || b.failed;
    json_key(o, "description");
    json_str(o, buf_str(&b));
    buf_release(&b);
}

/* Of a body that is too large or no JSON the answer has another form. */
static void put_error_schema(struct json_out *o, int status)
{
    if (status != 400) {
        openapi_put_ref(o, "schemas", status == 413 ? "TransportError" : "Error");
        return;
    }
    json_object(o);
    json_key(o, "anyOf");
    json_array(o);
    openapi_put_ref(o, "schemas", "Error");
    openapi_put_ref(o, "schemas", "TransportError");
    json_array_end(o);
    json_object_end(o);
}

void openapi_put_error_responses(struct json_out *o)
{
    for (int i = ERR_OK + 1; i < ERR_CODE_COUNT; i++) {
        const int status = err_info((enum err_code)i)->status;
        const char *name = openapi_error_name(status);
        if (name == NULL || is_repeated(i, true))
            continue;
        json_key(o, name);
        json_object(o);
        for (size_t k = 0; k < ARRAY_LEN(statuses); k++) {
            if (statuses[k].status == status)
                put_description(o, statuses[k].text, status);
        }
        json_key(o, "content");
        json_object(o);
        json_key(o, "application/json");
        json_object(o);
        json_key(o, "schema");
        put_error_schema(o, status);
        json_object_end(o);
        json_object_end(o);
        json_object_end(o);
    }
}

/* ---- filters ---- */

static const char *const kind_names[FILTER_KIND_COUNT] = {
    [FILTER_TEXT] = "TextConditions",         [FILTER_ID] = "IdConditions",
    [FILTER_NUMBER] = "NumberConditions",     [FILTER_TIME] = "TimeConditions",
    [FILTER_BOOL] = "BooleanConditions",      [FILTER_STATE] = "StateConditions",
    [FILTER_PROGRESS] = "ProgressConditions", [FILTER_CHOICE] = "ChoiceConditions",
    [FILTER_OBJECT] = "ObjectConditions",     [FILTER_ANYTHING] = "AnyConditions",
};

static const struct {
    const struct filter_fields *fields;
    const char *name;
} filters[] = {
    { &voucher_filter_fields, "VoucherFilters" },
    { &campaign_filter_fields, "CampaignFilters" },
    { &record_filter_fields, "RecordFilters" },
    { &customer_filter_fields, "CustomerFilters" },
    { &order_filter_fields, "OrderFilters" },
    { &publication_filter_fields, "PublicationFilters" },
    { &bin_filter_fields, "BinFilters" },
};

const char *openapi_filters_name(const struct filter_fields *fields)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        if (filters[i].fields == fields)
            return filters[i].name;
    }
    return NULL;
}

static void put_ops(struct json_out *o, enum filter_kind kind)
{
    static const char *const takes_names[] = {
        [FILTER_TAKES_NONE] = "{\"description\":\"Its value says nothing.\"}",
        [FILTER_TAKES_ONE] = "{}",
        [FILTER_TAKES_SOME] = "{\"description\":\"One value, or a list of them.\"}",
    };
    json_key(o, "properties");
    json_object(o);
    for (int op = 0; op < FILTER_OP_COUNT; op++) {
        enum filter_takes takes;
        const char *name = filter_op_name(kind, (enum filter_op)op, &takes);
        if (name == NULL)
            continue;
        json_key(o, name);
        json_raw(o, str_of(takes_names[takes]));
    }
    json_object_end(o);
    json_key(o, "additionalProperties");
    json_bool(o, false);
}

static void put_conditions(struct json_out *o, enum filter_kind kind)
{
    json_key(o, kind_names[kind]);
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("object"));
    json_key(o, "properties");
    json_object(o);
    json_key(o, "conditions");
    json_object(o);
    json_key(o, "type");
    json_str(o, STR("object"));
    put_ops(o, kind);
    json_object_end(o);
    json_object_end(o);
    json_key(o, "required");
    json_raw(o, STR("[\"conditions\"]"));
    json_object_end(o);
}

/* A name that ends with a dot stands for all that begin so. */
static bool is_prefix(const struct filter_field *f)
{
    return f->name[strlen(f->name) - 1] == '.';
}

static void put_fields(struct json_out *o, const struct filter_fields *fields, bool prefixes)
{
    json_object(o);
    if (!prefixes) {
        json_key(o, "junction");
        json_raw(o, STR("{\"type\":\"string\",\"enum\":[\"and\",\"or\",\"AND\",\"OR\"]}"));
    }
    for (size_t i = 0; i < fields->n; i++) {
        const struct filter_field *f = &fields->rows[i];
        char pattern[64];
        if (is_prefix(f) != prefixes)
            continue;
        snprintf(pattern, sizeof(pattern), "^%.*s\\.", (int)strlen(f->name) - 1, f->name);
        json_key(o, prefixes ? pattern : f->name);
        openapi_put_ref(o, "schemas", kind_names[f->kind]);
    }
    json_object_end(o);
}

void openapi_put_filters(struct json_out *o)
{
    for (int kind = 0; kind < FILTER_KIND_COUNT; kind++)
        put_conditions(o, (enum filter_kind)kind);
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        json_key(o, filters[i].name);
        json_object(o);
        json_key(o, "type");
        json_str(o, STR("object"));
        openapi_put_text(o, "description",
                         "Conditions by field, all of which must hold, or one (`junction`); what "
                         "is no field is refused.");
        json_key(o, "properties");
        put_fields(o, filters[i].fields, false);
        json_key(o, "patternProperties");
        put_fields(o, filters[i].fields, true);
        json_object_end(o);
    }
}

/* ---- metadata ---- */

static void put_definition(struct json_out *o, enum metadata_spelling spelling)
{
    static const char *const looks[] = {
        [METADATA_FLAG] = "{\"type\":\"boolean\"}",
        [METADATA_NAME] = "{\"type\":[\"string\",\"null\"]}",
        [METADATA_VALUES] = "{\"type\":\"array\",\"items\":{\"type\":[\"string\",\"number\"]}}",
        [METADATA_NUMBER] = "{\"type\":\"number\"}",
        [METADATA_LENGTH] = "{\"type\":\"integer\",\"minimum\":0}",
    };
    enum metadata_member_kind kind;
    const char *name;
    json_key(o, "properties");
    json_object(o);
    for (size_t i = 0; (name = metadata_member_name(i, spelling, &kind)) != NULL; i++) {
        json_key(o, name);
        if (kind == METADATA_TYPE)
            openapi_put_enum(o, metadata_type_name);
        else
            json_raw(o, str_of(looks[kind]));
    }
    json_object_end(o);
}

void openapi_put_definitions(struct json_out *o)
{
    static const char *const names[] = {
        [METADATA_CAMEL] = "MetadataDefinition", [METADATA_SNAKE] = "ManagementMetadataDefinition"
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        json_key(o, names[i]);
        json_object(o);
        json_key(o, "type");
        json_str(o, STR("object"));
        openapi_put_text(o, "description",
                         "What the values of a key must be. A new one says type, array and "
                         "optional.");
        put_definition(o, (enum metadata_spelling)i);
        json_object_end(o);
    }
}
