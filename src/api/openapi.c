/* SPDX-License-Identifier: MIT */
/* openapi.c - see openapi.h: the document as a whole, made once, and how it is served. */
#include <stdio.h>

#include "api/openapi_priv.h"
#include "domain/order.h"

#define DOCUMENT_MAX_BYTES (16 * MIB)

static void put_info(struct json_out *o)
{
    json_key(o, "info");
    json_object(o);
    openapi_put_text(o, "title", "Longshore");
    openapi_put_text(o, "version", LONGSHORE_VERSION);
    openapi_put_text(o, "summary", "Bulk actions on promotion data");
    openapi_put_text(o, "description",
                     "An upload is answered with the id of an action, which works it off in the "
                     "background. Money is in minor units, but for CSV files; times are UTC.");
    json_key(o, "license");
    json_raw(o, STR("{\"name\":\"MIT\",\"identifier\":\"MIT\"}"));
    json_object_end(o);
}

static void put_servers(struct json_out *o, const char *url)
{
    json_key(o, "servers");
    json_array(o);
    json_object(o);
    openapi_put_text(o, "url", url != NULL ? url : "/");
    json_object_end(o);
    json_array_end(o);
}

static void put_tags(struct json_out *o)
{
    json_key(o, "tags");
    json_array(o);
    for (const struct openapi_tag *t = openapi_tags; t->name != NULL; t++) {
        json_object(o);
        openapi_put_text(o, "name", t->name);
        openapi_put_text(o, "description", t->text);
        json_object_end(o);
    }
    json_array_end(o);
}

static void put_table(struct json_out *o, const struct schemas *of)
{
    for (size_t i = 0; i < of->n; i++)
        openapi_put_schema(o, &of->rows[i]);
}

/* An item of an order has a table of its own. */
static void put_order_item(struct json_out *o, const char *name, bool answer)
{
    static const struct member others[] = {
        { "object", MEMBER_TEXT, MEMBER_ABSENT },
        { "id", MEMBER_TEXT, MEMBER_ABSENT | MEMBER_NULLABLE },
        { "source_id", MEMBER_TEXT, MEMBER_ABSENT | MEMBER_NULLABLE },
        { "related_object", MEMBER_TEXT, MEMBER_ABSENT | MEMBER_NULLABLE,
          .note = "What source_id is about: product or sku." },
        { "product_id", MEMBER_TEXT, MEMBER_ABSENT | MEMBER_NULLABLE },
        { "sku_id", MEMBER_TEXT, MEMBER_ABSENT | MEMBER_NULLABLE },
        { "subtotal_amount", MEMBER_INTEGER, MEMBER_ABSENT },
        { "product", MEMBER_OBJECT, MEMBER_ABSENT | MEMBER_NULLABLE },
        { "sku", MEMBER_OBJECT, MEMBER_ABSENT | MEMBER_NULLABLE },
        { "metadata", MEMBER_OBJECT, MEMBER_ABSENT | MEMBER_NULLABLE },
    };
    struct member rows[ARRAY_LEN(others) + 16];
    struct schema s = { name, "An item of an order.", .answer = answer, .members = rows };
    int64_t least;
    memcpy(rows, others, sizeof(others));
    s.n = ARRAY_LEN(others);
    for (size_t i = 0; s.n < ARRAY_LEN(rows); i++) {
        struct member *m = &rows[s.n];
        *m = (struct member){ NULL, MEMBER_INTEGER, MEMBER_ABSENT | MEMBER_NULLABLE };
        if (!order_item_number(i, &m->path, &least))
            break;
        s.n++;
    }
    openapi_put_schema(o, &s);
}

static void put_others(struct json_out *o)
{
    static const struct member range[] = { { "before", MEMBER_TIME }, { "after", MEMBER_TIME } };
    static const struct schema schemas[] = {
        { "TimeRange", "Between two times, or on one side of one.", .members = range, .n = 2 },
        { "Document", "An OpenAPI document.", .answer = true },
    };
    put_table(o, &(struct schemas){ schemas, ARRAY_LEN(schemas) });
    put_order_item(o, "OrderItemRequest", false);
    put_order_item(o, "OrderItem", true);
}

static void put_components(struct json_out *o)
{
    json_key(o, "components");
    json_object(o);
    json_key(o, "schemas");
    json_object(o);
    put_table(o, &openapi_requests);
    put_table(o, &openapi_answers);
    put_others(o);
    openapi_put_lists(o);
    openapi_put_actions(o);
    openapi_put_exports(o);
    openapi_put_definitions(o);
    openapi_put_filters(o);
    openapi_put_errors(o);
    json_object_end(o);
    json_key(o, "responses");
    json_object(o);
    openapi_put_error_responses(o);
    json_object_end(o);
    json_key(o, "securitySchemes");
    openapi_put_security(o);
    json_object_end(o);
}

static void put_etag(struct openapi *doc)
{
    unsigned char hash[ID_HASH_BYTES];
    size_t at = 0;
    id_hash_token(buf_str(&doc->text), hash);
    doc->etag[at++] = '"';
    for (size_t i = 0; i < ID_HASH_BYTES; i++)
        at += (size_t)snprintf(doc->etag + at, sizeof(doc->etag) - at, "%02x", hash[i]);
    doc->etag[at++] = '"';
    doc->etag[at] = '\0';
}

int openapi_init(struct openapi *doc, const struct route *routes, size_t n_routes, const char *url,
                 struct err *err)
{
    struct json_out o = { .b = &doc->text };
    buf_init(&doc->text, DOCUMENT_MAX_BYTES);
    json_object(&o);
    openapi_put_text(&o, "openapi", "3.1.0");
    put_info(&o);
    put_servers(&o, url);
    put_tags(&o);
    json_key(&o, "paths");
    openapi_put_paths(&o, routes, n_routes);
    put_components(&o);
    json_object_end(&o);
    if (buf_ok(&doc->text, err) < 0) {
        buf_release(&doc->text);
        return err_wrap(err, "cannot write the OpenAPI document");
    }
    put_etag(doc);
    return 0;
}

void openapi_release(struct openapi *doc)
{
    buf_release(&doc->text);
}

/* ---- GET /openapi.json ---- */

/* "*", or one of the tags of a list; weak or not is the same here. */
static bool is_known(struct str tags, const char *etag)
{
    if (str_is(str_trim(tags), "*"))
        return true;
    while (tags.p != NULL) {
        struct str tag = str_trim(str_cut(tags, ',', &tags));
        if (str_starts_with(tag, STR("W/")))
            tag = (struct str){ tag.p + 2, tag.len - 2 };
        if (str_is(tag, etag))
            return true;
    }
    return false;
}

int api_openapi(struct request *rq, struct response *rs, struct err *err)
{
    const struct openapi *doc = api_of(rq)->openapi;
    reply_header(rs, "ETag", doc->etag);
    reply_header(rs, "Cache-Control", "no-cache"); /* kept, and asked for by its tag */
    if (is_known(request_header(rq, "If-None-Match"), doc->etag))
        return reply_json(rs, 304, err);
    buf_puts(&rs->body, buf_str(&doc->text));
    return reply_json(rs, HTTP_OK, err);
}
