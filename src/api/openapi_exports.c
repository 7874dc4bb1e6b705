/* SPDX-License-Identifier: MIT */
/* openapi_exports.c - what may be exported, and how: a schema for each row of export_resource.h. */
#include <stdio.h>

#include "api/export_plan.h"
#include "api/openapi_priv.h"

static const char *name_at(size_t i)
{
    const struct export_resource *resource = export_resource_at(i);
    return resource != NULL ? resource->name : NULL;
}

static bool has_keys(const struct export_table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].kind == EXPORT_METADATA)
            return true;
    }
    return false;
}

/* A column: one of the names, or a key of the metadata. */
static void put_field(struct json_out *o, const char *name, const struct export_table *t)
{
    json_key(o, name);
    json_object(o);
    json_key(o, "anyOf");
    json_array(o);
    json_object(o);
    json_key(o, "enum");
    json_array(o);
    for (size_t i = 0; i < t->n; i++)
        json_str(o, str_of(t->rows[i].name));
    json_array_end(o);
    json_object_end(o);
    if (has_keys(t))
        json_raw(o, STR("{\"type\":\"string\",\"pattern\":\"^metadata\\\\..\"}"));
    json_array_end(o);
    json_object_end(o);
}

/* "created_at -created_at …" */
static void put_orders(struct buf *b, const struct export_resource *resource)
{
    for (size_t i = 0; i < resource->n_orders; i++)
        buf_printf(b, "%s -%s ", resource->orders[i].name, resource->orders[i].name);
    buf_putc(b, '\0');
}

static void put_request(struct json_out *o, const struct export_resource *resource)
{
    char name[64], field[64];
    struct buf orders;
    buf_init(&orders, 4 * KIB);
    put_orders(&orders, resource);
    snprintf(name, sizeof(name), "ExportRequest.%s", resource->name);
    snprintf(field, sizeof(field), "ExportField.%s", resource->name);
    const struct member rows[] = {
        { "exported_object", MEMBER_WORD, MEMBER_NEEDED, resource->name },
        { "parameters.order", MEMBER_NAMES, 0, orders.p },
        { "parameters.fields", MEMBER_LIST, MEMBER_NULLABLE, field, .most = EXPORT_FIELDS_MAX,
          .note = "Columns, in this order." },
        { "parameters.filters", MEMBER_REF, MEMBER_NULLABLE,
          openapi_filters_name(resource->filters) },
        { "parameters.campaign_id", MEMBER_TEXT, MEMBER_NULLABLE },
    };
    o->b->failed = o->b->failed || orders.failed;
    if (!orders.failed) {
        put_field(o, field, resource->table);
        openapi_put_schema(
            o, &(struct schema){ name, "What to export.", .members = rows,
                                 .n = ARRAY_LEN(rows) - (resource->in_campaigns ? 0 : 1) });
    }
    buf_release(&orders);
}

void openapi_put_exports(struct json_out *o)
{
    json_key(o, "ExportedObject");
    openapi_put_enum(o, name_at);
    openapi_put_union(o, "ExportRequest", "What to export.", "exported_object", name_at);
    for (size_t i = 0; export_resource_at(i) != NULL; i++)
        put_request(o, export_resource_at(i));
}
