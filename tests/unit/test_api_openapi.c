/* SPDX-License-Identifier: MIT */
/* test_api_openapi.c - nothing that a table has is missing in the document. */
#include <ctype.h>
#include <stdio.h>

#include "support/unit.h"

#include "api/export_resource.h"
#include "api/openapi_priv.h"
#include "domain/campaign.h"
#include "domain/category.h"
#include "domain/code_config.h"
#include "domain/customer.h"
#include "domain/order.h"
#include "domain/product.h"
#include "domain/sku.h"

struct document {
    struct openapi doc;
    struct arena arena;
    struct json *tree;
    const struct route *routes;
    size_t n_routes;
};

static int make_document(void **state)
{
    struct document *d = mem_calloc(1, sizeof(*d));
    assert_non_null(d);
    api_routes(&d->routes, &d->n_routes);
    arena_init(&d->arena, 64 * KIB, 0);
    MUST(openapi_init(&d->doc, d->routes, d->n_routes, "https://example.com", must));
    MUST(json_parse(&d->arena, buf_str(&d->doc.text), &d->tree, must));
    *state = d;
    return 0;
}

static int drop_document(void **state)
{
    struct document *d = *state;
    openapi_release(&d->doc);
    arena_release(&d->arena);
    mem_free(d);
    return 0;
}

/* The member of that name, or the test fails. */
static const struct json *must_have(const struct json *object, const char *name)
{
    const struct json *m = json_member(object, name);
    if (m == NULL)
        fail_msg("there is no '%s'", name);
    return m;
}

static const struct json *schema_of(const struct document *d, const char *name)
{
    return must_have(must_have(must_have(d->tree, "components"), "schemas"), name);
}

static void lower(const char *method, char out[16])
{
    size_t n = 0;
    for (; method[n] != '\0'; n++)
        out[n] = (char)tolower((unsigned char)method[n]);
    out[n] = '\0';
}

static size_t count(const struct json *object)
{
    size_t n = 0;
    for (const struct json *m = object->child; m != NULL; m = m->next)
        n++;
    return n;
}

/* ---- routes ---- */

static void every_route_is_an_operation_and_no_other(void **state)
{
    const struct document *d = *state;
    const struct json *paths = must_have(d->tree, "paths");
    size_t n = 0;
    for (size_t i = 0; i < d->n_routes; i++) {
        char method[16];
        print_message("  %s %s\n", d->routes[i].method, d->routes[i].pattern);
        lower(d->routes[i].method, method);
        const struct json *op = must_have(must_have(paths, d->routes[i].pattern), method);
        assert_non_null(openapi_operation_find(&d->routes[i])); /* its row of text */
        assert_true(must_have(op, "operationId")->text.len > 0);
        assert_true(must_have(op, "summary")->text.len > 0);
        must_have(op, "responses");
    }
    for (const struct json *path = paths->child; path != NULL; path = path->next)
        n += count(path);
    assert_int_equal(n, d->n_routes);
}

static void every_row_of_text_belongs_to_a_route(void **state)
{
    const struct document *d = *state;
    for (size_t i = 0; i < openapi_operations.n; i++) {
        const struct operation *op = &openapi_operations.rows[i];
        bool found = false;
        for (size_t k = 0; k < d->n_routes && !found; k++)
            found = openapi_operation_find(&d->routes[k]) == op;
        if (!found)
            fail_msg("no route: %s %s", op->method, op->pattern);
    }
}

static void operations_have_names_of_their_own_and_known_tags(void **state)
{
    (void)state;
    for (size_t i = 0; i < openapi_operations.n; i++) {
        const struct operation *op = &openapi_operations.rows[i];
        const struct openapi_tag *tag = openapi_tags;
        while (tag->name != NULL && strcmp(tag->name, op->tag) != 0)
            tag++;
        assert_non_null(tag->name);
        for (size_t k = i + 1; k < openapi_operations.n; k++)
            assert_string_not_equal(op->id, openapi_operations.rows[k].id);
    }
}

static void bodies_and_credentials_are_as_the_route_has_them(void **state)
{
    const struct document *d = *state;
    for (size_t i = 0; i < d->n_routes; i++) {
        const struct route *r = &d->routes[i];
        char method[16];
        lower(r->method, method);
        const struct json *op =
            must_have(must_have(must_have(d->tree, "paths"), r->pattern), method);
        assert_true((json_member(op, "requestBody") != NULL) == (r->body != BODY_NONE));
        if (r->body == BODY_JSON || r->body == BODY_FORM)
            assert_non_null(openapi_operation_find(r)->body);
        assert_true((must_have(op, "security")->child == NULL) == (r->auth == AUTH_NONE));
        assert_true((json_member(must_have(op, "responses"), "401") != NULL) ==
                    (r->auth != AUTH_NONE));
    }
}

static void every_parameter_of_a_path_is_described(void **state)
{
    const struct document *d = *state;
    for (size_t i = 0; i < d->n_routes; i++) {
        for (const char *p = strchr(d->routes[i].pattern, '{'); p != NULL; p = strchr(p, '{')) {
            const struct str name = { p + 1, (size_t)(strchr(p, '}') - p) - 1 };
            bool found = false;
            for (size_t k = 0; k < openapi_path_params.n && !found; k++)
                found = str_is(name, openapi_path_params.rows[k].path);
            if (!found)
                fail_msg("nobody describes {%.*s}", STR_FMT(name));
            p++;
        }
    }
}

/* ---- fields ---- */

/* Where the path leads to below an object's schema; NULL: nowhere. */
static const struct json *find_property(const struct json *schema, const char *path)
{
    struct str rest = { path + 1, strlen(path + 1) };
    while (schema != NULL && rest.p != NULL) {
        const struct str name = str_cut(rest, '.', &rest);
        const struct json *m = json_member(schema, "properties");
        for (m = m != NULL ? m->child : NULL; m != NULL && !str_eq(m->key, name);)
            m = m->next;
        schema = m;
    }
    return schema;
}

static bool has_name(const struct json *list, const char *name)
{
    for (const struct json *m = list != NULL ? list->child : NULL; m != NULL; m = m->next) {
        if (m->type == JSON_STRING && str_is(m->text, name))
            return true;
    }
    return false;
}

/* "string", or one of ["string", "null"]. */
static bool has_type(const struct json *schema, const char *name)
{
    const struct json *type = must_have(schema, "type");
    return type->type == JSON_STRING ? str_is(type->text, name) : has_name(type, name);
}

static void assert_field(const struct json *property, const struct field *f)
{
    static const char *const types[] = {
        [FIELD_TEXT] = "string",     [FIELD_ENUM] = "string",   [FIELD_BOOL] = "boolean",
        [FIELD_INTEGER] = "integer", [FIELD_MONEY] = "integer", [FIELD_NUMBER] = "number",
        [FIELD_TIME] = "string",
    };
    if ((f->flags & FIELD_BY_STEP) == 0 || f->kind == FIELD_ENUM)
        assert_true(has_type(property, types[f->kind]));
    if (f->kind == FIELD_TIME)
        assert_str(must_have(property, "format")->text, "date-time");
    if ((f->flags & FIELD_NULLABLE) != 0)
        assert_true(has_type(property, "null"));
    for (size_t i = 1; f->kind == FIELD_ENUM && f->names[i] != NULL; i++)
        assert_int_equal(has_name(must_have(property, "enum"), f->names[i]), field_accepts(f, i));
    if (f->heading != NULL)
        assert_str(must_have(property, "x-csv-heading")->text, f->heading);
}

static void every_field_of_a_body_is_in_its_schema(void **state)
{
    static const struct {
        const char *schema;
        const struct field_table *t;
        bool whole; /* a table of a body alone has no flags */
    } tables[] = {
        { "VoucherRequest", &voucher_fields, false },
        { "CustomerRequest", &customer_fields, false },
        { "ProductRequest", &product_fields, false },
        { "SkuRequest", &sku_fields, false },
        { "OrderRequest", &order_fields, false },
        { "CampaignRequest", &campaign_fields, true },
        { "CategoryRequest", &category_fields, true },
        { "PromotionTierRequest", &tier_fields, true },
        { "VoucherRequest", &code_config_fields, true },
    };
    const struct document *d = *state;
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < tables[t].t->n; i++) {
            const struct field *f = &tables[t].t->rows[i];
            if (f->path == NULL ||
                (!tables[t].whole && (f->flags & (FIELD_IN_JSON | FIELD_BY_STEP)) == 0))
                continue;
            print_message("  %s%s\n", tables[t].schema, f->path);
            const struct json *p = find_property(schema_of(d, tables[t].schema), f->path);
            assert_non_null(p);
            assert_field(p, f);
        }
    }
}

static void every_field_of_a_body_is_in_the_answer(void **state)
{
    static const struct {
        const char *schema;
        const struct field_table *t;
    } tables[] = {
        { "Voucher", &voucher_fields }, { "Customer", &customer_fields },
        { "Product", &product_fields }, { "Sku", &sku_fields },
        { "Order", &order_fields },
    };
    const struct document *d = *state;
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (size_t i = 0; i < tables[t].t->n; i++) {
            const struct field *f = &tables[t].t->rows[i];
            if ((f->flags & FIELD_IN_JSON) == 0)
                continue;
            print_message("  %s%s\n", tables[t].schema, f->path);
            assert_non_null(find_property(schema_of(d, tables[t].schema), f->path));
        }
    }
}

static void what_a_voucher_is_worth_is_in_its_schemas(void **state)
{
    static const char *const schemas[] = { "VoucherRequest", "Voucher", "VoucherTemplateRequest",
                                           "VoucherTemplate" };
    const struct document *d = *state;
    for (size_t s = 0; s < ARRAY_LEN(schemas); s++) {
        for (size_t i = 0; i <= DISCOUNT_TYPE_COUNT; i++) {
            const struct voucher_worth *w =
                i < DISCOUNT_TYPE_COUNT ? &voucher_worths[i] : &voucher_card_worth;
            assert_non_null(find_property(schema_of(d, schemas[s]), w->value.path));
            assert_non_null(find_property(schema_of(d, schemas[s]), w->effect.path));
        }
    }
}

static void every_formula_is_in_the_schema_of_a_new_voucher(void **state)
{
    const struct document *d = *state;
    for (size_t i = 0; i < DISCOUNT_TYPE_COUNT; i++) {
        char path[64];
        if (voucher_worths[i].formula == NULL)
            continue;
        snprintf(path, sizeof(path), ".discount.%s", voucher_worths[i].formula);
        assert_non_null(find_property(schema_of(d, "VoucherRequest"), path));
    }
}

/* ---- files ---- */

static void every_column_is_in_the_row_of_its_file(void **state)
{
    const struct document *d = *state;
    size_t files = 0;
    for (int id = 1; id < ACTION_KIND_ID_COUNT; id++) {
        const struct action_kind *kind = action_kind_find(id);
        char name[64];
        if (kind == NULL || kind->fields == NULL)
            continue;
        const struct json *row = schema_of(d, openapi_row_name(kind, name));
        files++;
        for (size_t i = 0; i < kind->fields->n; i++) {
            const struct field *f = &kind->fields->rows[i];
            if (f->heading != NULL)
                must_have(must_have(row, "properties"), f->heading);
        }
        for (const char *const *column = kind->required_columns; *column != NULL; column++)
            assert_true(has_name(must_have(row, "required"), *column));
    }
    assert_int_equal(files, 5);
}

static void an_upload_names_the_rows_of_its_file(void **state)
{
    const struct document *d = *state;
    for (size_t i = 0; i < d->n_routes; i++) {
        const struct route *r = &d->routes[i];
        char name[64], ref[128];
        if (r->body != BODY_MULTIPART)
            continue;
        const struct json *op =
            must_have(must_have(must_have(d->tree, "paths"), r->pattern), "post");
        const struct json *content =
            must_have(must_have(must_have(op, "requestBody"), "content"), "multipart/form-data");
        const struct json *file = find_property(must_have(content, "schema"), ".file");
        snprintf(ref, sizeof(ref), "#/components/schemas/%s",
                 openapi_row_name(action_kind_find(r->kind), name));
        const struct json *items = must_have(must_have(file, "contentSchema"), "items");
        assert_str(must_have(items, "$ref")->text, ref);
    }
}

/* ---- actions ---- */

static const struct json *result_of(const struct document *d, int id)
{
    char name[64];
    snprintf(name, sizeof(name), "AsyncAction.%s", action_kind_name(id));
    const struct json *own = must_have(schema_of(d, name), "allOf")->child->next;
    assert_str(must_have(find_property(own, ".type"), "const")->text, action_kind_name(id));
    return must_have(find_property(own, ".result"), "allOf");
}

/* In one of the parts that a result is made of. */
static const struct json *find_in_parts(const struct json *parts, const char *path)
{
    const struct json *found = NULL;
    for (const struct json *part = parts->child; part != NULL && found == NULL; part = part->next)
        found = find_property(part, path);
    return found;
}

static void results_have_the_members_that_their_types_print(void **state)
{
    static const struct {
        enum result_style style;
        const char *members[6]; /* NULL ends them */
    } styles[] = {
        { RESULT_MESSAGE, { ".message", ".failed", ".done_count", ".failed_count" } },
        { RESULT_ERRORS,
          { ".done_count", ".failed_count", ".reports", ".reports_available_till", ".errors" } },
        { RESULT_COUNT, { ".message", ".done_count" } },
    };
    const struct document *d = *state;
    size_t n = 0;
    for (int id = 1; id < ACTION_KIND_ID_COUNT; id++, n++) {
        const struct action_kind *kind = action_kind_find(id);
        const struct json *parts = result_of(d, id);
        assert_true(has_name(must_have(schema_of(d, "AsyncActionType"), "enum"), kind->name));
        for (size_t s = 0; s < ARRAY_LEN(styles); s++) {
            for (const char *const *m = styles[s].members; *m != NULL; m++)
                if (styles[s].style == kind->result)
                    assert_non_null(find_in_parts(parts, *m));
        }
    }
    assert_int_equal(n, 22);
}

static void items_that_failed_are_as_the_registry_spells_them(void **state)
{
    const struct document *d = *state;
    const struct json *failed = find_in_parts(result_of(d, ACTION_VOUCHERS_IMPORT_CSV), ".failed");
    const struct json *item = must_have(failed, "items");
    assert_non_null(find_property(item, ".code"));
    assert_non_null(find_property(item, ".row"));
    assert_non_null(find_property(item, ".reason"));
    failed = find_in_parts(result_of(d, ACTION_ORDERS_IMPORT), ".failed");
    item = must_have(failed, "items");
    assert_null(find_property(item, ".row"));
    assert_true(has_type(find_property(item, ".source_id"), "null"));
    const struct json *errors =
        find_in_parts(result_of(d, ACTION_VOUCHERS_METADATA_UPDATE), ".errors");
    assert_null(find_property(must_have(errors, "items"), ".code"));
}

/* ---- exports ---- */

static const struct json *request_of(const struct document *d, const struct export_resource *x)
{
    char name[64];
    snprintf(name, sizeof(name), "ExportRequest.%s", x->name);
    return schema_of(d, name);
}

/* What a reference is to, by its last part. */
static const struct json *referred(const struct document *d, const struct json *schema)
{
    const struct str ref = must_have(schema, "$ref")->text;
    const char *slash = memrchr(ref.p, '/', ref.len);
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)(ref.p + ref.len - slash - 1), slash + 1);
    return schema_of(d, name);
}

static void every_resource_that_is_exported_is_a_request(void **state)
{
    const struct document *d = *state;
    const struct json *any = schema_of(d, "ExportRequest");
    const struct json *mapping = must_have(must_have(any, "discriminator"), "mapping");
    size_t n = 0;
    for (const struct export_resource *x; (x = export_resource_at(n)) != NULL; n++) {
        const struct json *word = find_property(request_of(d, x), ".exported_object");
        assert_str(must_have(word, "const")->text, x->name);
        assert_true(has_name(must_have(schema_of(d, "ExportedObject"), "enum"), x->name));
        must_have(mapping, x->name);
        assert_int_equal(find_property(request_of(d, x), ".parameters.campaign_id") != NULL,
                         x->in_campaigns);
    }
    assert_int_equal(count(must_have(any, "oneOf")), n);
    assert_int_equal(count(mapping), n);
}

static void every_field_of_an_export_can_be_asked_for(void **state)
{
    const struct document *d = *state;
    for (size_t r = 0; export_resource_at(r) != NULL; r++) {
        const struct export_resource *x = export_resource_at(r);
        const struct json *fields = find_property(request_of(d, x), ".parameters.fields");
        const struct json *kinds = must_have(referred(d, must_have(fields, "items")), "anyOf");
        const struct json *names = must_have(kinds->child, "enum");
        bool keys = false;
        for (size_t i = 0; i < x->table->n; i++) {
            print_message("  %s.%s\n", x->name, x->table->rows[i].name);
            assert_true(has_name(names, x->table->rows[i].name));
            keys = keys || x->table->rows[i].kind == EXPORT_METADATA;
        }
        assert_int_equal(count(names), x->table->n);
        assert_int_equal(count(kinds), keys ? 2 : 1);
    }
}

static void every_order_and_filter_of_an_export_is_named(void **state)
{
    const struct document *d = *state;
    for (size_t r = 0; export_resource_at(r) != NULL; r++) {
        const struct export_resource *x = export_resource_at(r);
        const struct json *orders =
            must_have(find_property(request_of(d, x), ".parameters.order"), "enum");
        for (size_t i = 0; i < x->n_orders; i++) {
            char down[64];
            snprintf(down, sizeof(down), "-%s", x->orders[i].name);
            assert_true(has_name(orders, x->orders[i].name) && has_name(orders, down));
        }
        assert_int_equal(count(orders), 2 * x->n_orders);
        const struct json *filters =
            must_have(find_property(request_of(d, x), ".parameters.filters"), "anyOf")->child;
        const struct json *known = must_have(referred(d, filters), "properties");
        for (size_t i = 0; i < x->filters->n; i++) {
            const char *name = x->filters->rows[i].name;
            if (name[strlen(name) - 1] != '.') /* the others are patterns */
                must_have(known, name);
        }
    }
}

/* ---- errors, metadata, scopes ---- */

static void every_error_key_is_named(void **state)
{
    const struct document *d = *state;
    const struct json *names = must_have(schema_of(d, "ErrorKey"), "enum");
    for (int i = ERR_OK + 1; i < ERR_CODE_COUNT; i++) {
        const struct err_info *info = err_info((enum err_code)i);
        assert_true(has_name(names, info->key));
        assert_non_null(openapi_error_name(info->status));
        must_have(must_have(must_have(d->tree, "components"), "responses"),
                  openapi_error_name(info->status));
    }
}

static void definitions_of_metadata_have_every_type_and_member(void **state)
{
    static const char *const schemas[] = {
        [METADATA_CAMEL] = "MetadataDefinition", [METADATA_SNAKE] = "ManagementMetadataDefinition"
    };
    const struct document *d = *state;
    size_t types = 0;
    for (size_t s = 0; s < ARRAY_LEN(schemas); s++) {
        const struct json *properties = must_have(schema_of(d, schemas[s]), "properties");
        const struct json *names = must_have(must_have(properties, "type"), "enum");
        enum metadata_member_kind kind;
        const char *name;
        for (size_t i = 0; metadata_type_name(i) != NULL; i++, types++)
            assert_true(has_name(names, metadata_type_name(i)));
        for (size_t i = 0;
             (name = metadata_member_name(i, (enum metadata_spelling)s, &kind)) != NULL; i++)
            must_have(properties, name);
    }
    assert_int_equal(types, 2 * 8);
    must_have(must_have(schema_of(d, schemas[METADATA_CAMEL]), "properties"), "maxLength");
    must_have(must_have(schema_of(d, schemas[METADATA_SNAKE]), "properties"), "max_length");
}

static void the_version_is_the_programs(void **state)
{
    const struct document *d = *state;
    assert_str(must_have(must_have(d->tree, "info"), "version")->text, LONGSHORE_VERSION);
    assert_str(must_have(must_have(d->tree, "servers")->child, "url")->text, "https://example.com");
}

/* A reference that leads nowhere. */
static void check_refs(const struct document *d, const struct json *v)
{
    for (const struct json *m = v->child; m != NULL; m = m->next) {
        if (!str_is(m->key, "$ref") || m->type != JSON_STRING) {
            check_refs(d, m);
            continue;
        }
        struct str rest;
        const struct json *at = d->tree;
        (void)str_cut(m->text, '/', &rest);
        while (rest.p != NULL) {
            struct str name = str_cut(rest, '/', &rest);
            name = arena_str(&((struct document *)(uintptr_t)d)->arena, name);
            at = must_have(at, name.p);
        }
    }
}

static void every_reference_leads_somewhere(void **state)
{
    const struct document *d = *state;
    check_refs(d, d->tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_an_operation_and_no_other),
        cmocka_unit_test(every_row_of_text_belongs_to_a_route),
        cmocka_unit_test(operations_have_names_of_their_own_and_known_tags),
        cmocka_unit_test(bodies_and_credentials_are_as_the_route_has_them),
        cmocka_unit_test(every_parameter_of_a_path_is_described),
        cmocka_unit_test(every_field_of_a_body_is_in_its_schema),
        cmocka_unit_test(every_field_of_a_body_is_in_the_answer),
        cmocka_unit_test(what_a_voucher_is_worth_is_in_its_schemas),
        cmocka_unit_test(every_formula_is_in_the_schema_of_a_new_voucher),
        cmocka_unit_test(every_column_is_in_the_row_of_its_file),
        cmocka_unit_test(an_upload_names_the_rows_of_its_file),
        cmocka_unit_test(results_have_the_members_that_their_types_print),
        cmocka_unit_test(items_that_failed_are_as_the_registry_spells_them),
        cmocka_unit_test(every_resource_that_is_exported_is_a_request),
        cmocka_unit_test(every_field_of_an_export_can_be_asked_for),
        cmocka_unit_test(every_order_and_filter_of_an_export_is_named),
        cmocka_unit_test(every_error_key_is_named),
        cmocka_unit_test(definitions_of_metadata_have_every_type_and_member),
        cmocka_unit_test(the_version_is_the_programs),
        cmocka_unit_test(every_reference_leads_somewhere),
    };
    return cmocka_run_group_tests_name("api/openapi", tests, make_document, drop_document);
}
