/* SPDX-License-Identifier: MIT */
/* test_store_metadata_schemas.c - schemas are made, changed, found and listed, one a resource. */
#include <stdio.h>

#include "base/time_iso.h"
#include "support/unit_store.h"

#define TEXT(rest) "{\"type\":\"string\",\"array\":false,\"optional\":true" rest "}"

static int write_schema(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_metadata_schema_write(tx, arg, err);
}

static struct metadata_schema_write asked(struct unit_world *w, int mode, const char *object_or_id,
                                          const char *body)
{
    struct json *tree;
    struct metadata_schema_write write = { .project_id = w->project,
                                           .object_or_id = str_of(object_or_id),
                                           .arena = &w->arena };
    MUST(json_parse(&w->arena, str_of(body), &tree, must));
    write.body = tree;
    switch (mode) {
    case METADATA_SCHEMA_CHANGE:
        write.mode = METADATA_SCHEMA_CHANGE;
        break;
    case METADATA_SCHEMA_ERASE:
        write.mode = METADATA_SCHEMA_ERASE;
        break;
    case METADATA_SCHEMA_REMOVE_KEY:
        write.mode = METADATA_SCHEMA_REMOVE_KEY;
        break;
    default:
        write.mode = METADATA_SCHEMA_CREATE;
    }
    return write;
}

static struct metadata_schema_write run(struct unit_world *w, int mode, const char *object_or_id,
                                        const char *body)
{
    struct metadata_schema_write write = asked(w, mode, object_or_id, body);
    unit_work(w->store, write_schema, &write);
    return write;
}

static struct err fails(struct unit_world *w, struct metadata_schema_write *write)
{
    struct err err = { 0 };
    assert_int_equal(store_work_wait(w->store, write_schema, write, &err), -1);
    assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
    return err;
}

static bool remove_key(struct unit_world *w, const char *object, const char *key)
{
    struct metadata_schema_write write = asked(w, METADATA_SCHEMA_REMOVE_KEY, object, "{}");
    write.removed_key = str_of(key);
    unit_work(w->store, write_schema, &write);
    return write.found;
}

static const struct metadata_schema *find(struct unit_world *w, int64_t project, const char *name)
{
    struct metadata_schema *s;
    MUST(store_find_metadata_schema(w->store, &w->arena, project, str_of(name), &s, must));
    return s;
}

static const char *properties(struct unit_world *w, const struct metadata_schema *s)
{
    struct buf b;
    struct str out;
    buf_init(&b, MIB);
    metadata_schema_put_properties(&(struct json_out){ .b = &b }, s, METADATA_CAMEL);
    MUST(buf_keep(&b, &w->arena, &out, must));
    return out.p;
}

static void a_schema_is_kept_as_it_was_written(void **state)
{
    struct unit_world *w = *state;
    char id[ID_MAX_LEN];
    const struct metadata_schema_write made =
        run(w, METADATA_SCHEMA_CREATE, "voucher",
            "{\"allow_defined_only\":true,\"properties\":{\"z\":" TEXT(
                ",\"eq\":[\"x\"]") ",\"a\":" TEXT("") "}}");
    assert_false(made.found);
    unit_world_reopen(w);
    const struct metadata_schema *s = find(w, w->project, "voucher");
    assert_non_null(s);
    assert_str(s->related_object, "voucher");
    assert_true(s->allow_defined_only);
    assert_int_equal(s->created_ms, made.schema.created_ms);
    assert_true(s->updated_ms == TIME_NONE);
    assert_string_equal(properties(w, s), properties(w, &made.schema));
    assert_string_equal(properties(w, s),
                        "{\"z\":{\"type\":\"string\",\"array\":false,\"optional\":true,"
                        "\"objectType\":null,\"eq\":[\"x\"]},\"a\":{\"type\":\"string\",\"array\":"
                        "false,\"optional\":true,\"objectType\":null}}");
    id_encode(store_secret(w->store), ID_METADATA_SCHEMA, s->key, id);
    assert_int_equal(find(w, w->project, id)->key, s->key);
    assert_null(find(w, w->other, id));
    assert_null(find(w, w->other, "voucher"));
    assert_null(find(w, w->project, "customer"));
}

static void a_resource_has_one_schema(void **state)
{
    struct unit_world *w = *state;
    run(w, METADATA_SCHEMA_CREATE, NULL,
        "{\"related_object\":\"voucher\",\"properties\":{\"a\":" TEXT("") "}}");
    assert_true(run(w, METADATA_SCHEMA_CREATE, "voucher", "{\"properties\":{}}").found);
    assert_int_equal(find(w, w->project, "voucher")->n, 1);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM metadata_schemas"), 1);
}

static void a_change_is_applied_to_what_is_stored(void **state)
{
    struct unit_world *w = *state;
    run(w, METADATA_SCHEMA_CREATE, "voucher", "{\"properties\":{\"a\":" TEXT("") "}}");
    run(w, METADATA_SCHEMA_CHANGE, "voucher", "{\"properties\":{\"b\":" TEXT("") "}}");
    const struct metadata_schema_write changed =
        run(w, METADATA_SCHEMA_CHANGE, "voucher", "{\"properties\":{\"a\":{\"deleted\":true}}}");
    assert_true(changed.found);
    const struct metadata_schema *s = find(w, w->project, "voucher");
    assert_string_equal(properties(w, s), properties(w, &changed.schema));
    assert_int_equal(s->n, 2);
    assert_int_equal(s->updated_ms, changed.schema.updated_ms);
    assert_true(s->updated_ms >= s->created_ms);
    assert_false(run(w, METADATA_SCHEMA_CHANGE, "customer", "{}").found);
}

static void what_is_refused_changes_nothing(void **state)
{
    struct unit_world *w = *state;
    run(w, METADATA_SCHEMA_CREATE, "voucher", "{\"properties\":{\"a\":" TEXT("") "}}");
    struct metadata_schema_write bad =
        asked(w, METADATA_SCHEMA_CHANGE, "voucher",
              "{\"allow_defined_only\":true,\"properties\":{\"a\":{\"type\":\"number\"}}}");
    const struct err err = fails(w, &bad);
    assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
    assert_string_equal(err.msg, "Property .properties.a.type cannot be changed");
    assert_false(find(w, w->project, "voucher")->allow_defined_only);
}

static void only_a_removed_definition_goes_for_good(void **state)
{
    struct unit_world *w = *state;
    run(w, METADATA_SCHEMA_CREATE, "voucher",
        "{\"properties\":{\"a\":" TEXT("") ",\"b\":" TEXT(",\"deleted\":true") "}}");
    assert_false(remove_key(w, "voucher", "a"));
    assert_false(remove_key(w, "voucher", "c"));
    assert_false(remove_key(w, "customer", "b"));
    assert_true(remove_key(w, "voucher", "b"));
    const struct metadata_schema *s = find(w, w->project, "voucher");
    assert_int_equal(s->n, 1);
    assert_str(s->definitions[0].key, "a");
    assert_true(s->updated_ms != TIME_NONE);
}

static void an_erased_schema_may_be_made_again(void **state)
{
    struct unit_world *w = *state;
    const struct metadata_schema_write made =
        run(w, METADATA_SCHEMA_CREATE, "voucher", "{\"properties\":{}}");
    assert_true(run(w, METADATA_SCHEMA_ERASE, "voucher", "{}").found);
    assert_false(run(w, METADATA_SCHEMA_ERASE, "voucher", "{}").found);
    assert_null(find(w, w->project, "voucher"));
    const struct metadata_schema_write again =
        run(w, METADATA_SCHEMA_CREATE, "voucher", "{\"properties\":{}}");
    assert_false(again.found);
    assert_true(again.schema.key != made.schema.key);
}

static void schemas_are_listed_by_resource(void **state)
{
    struct unit_world *w = *state;
    static const char *const names[] = { "voucher", "Payment", "campaign" };
    static const char *const order[] = { "Payment", "campaign", "voucher" };
    struct metadata_schema *rows;
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        run(w, METADATA_SCHEMA_CREATE, names[i], "{\"properties\":{}}");
    MUST(store_list_metadata_schemas(w->store, &w->arena, w->project, &rows, &n, must));
    assert_int_equal(n, ARRAY_LEN(order));
    for (size_t i = 0; i < n; i++)
        assert_str(rows[i].related_object, order[i]);
    MUST(store_list_metadata_schemas(w->store, &w->arena, w->other, &rows, &n, must));
    assert_int_equal(n, 0);
}

static void nested_objects_come_with_their_schema(void **state)
{
    struct unit_world *w = *state;
    run(w, METADATA_SCHEMA_CREATE, "order",
        "{\"properties\":{\"pay\":{\"type\":\"object\",\"objectType\":\"Payment\",\"array\":false,"
        "\"optional\":true},\"no\":{\"type\":\"object\",\"objectType\":\"Nowhere\",\"array\":false,"
        "\"optional\":true}}}");
    run(w, METADATA_SCHEMA_CREATE, "Payment", "{\"properties\":{\"a\":" TEXT("") "}}");
    const struct metadata_schema *s = find(w, w->project, "order");
    assert_non_null(s->definitions[0].nested);
    assert_str(s->definitions[0].nested->definitions[0].key, "a");
    assert_null(s->definitions[1].nested);
}

static void a_project_has_so_many_and_no_more(void **state)
{
    struct unit_world *w = *state;
    char fill[300];
    snprintf(fill, sizeof(fill),
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO metadata_schemas SELECT i, %lld, 'o' || i, 0, '{}', 1, NULL FROM n",
             METADATA_SCHEMAS_MAX, (long long)w->project);
    unit_sql(w->url, fill);
    struct metadata_schema_write more =
        asked(w, METADATA_SCHEMA_CREATE, "voucher", "{\"properties\":{}}");
    struct err err = fails(w, &more);
    assert_string_equal(err.msg, "Project must NOT have more than 500 metadata schemas");
    unit_sql(w->url, "DELETE FROM metadata_schemas WHERE id > 1");
    for (size_t bytes = 2; bytes <= METADATA_SCHEMAS_MAX_BYTES; bytes *= 2)
        unit_sql(w->url, "UPDATE metadata_schemas SET properties = properties || properties");
    err = fails(w, &more);
    assert_string_equal(err.msg, "Metadata schemas must NOT be longer than 4194304 bytes together");
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM metadata_schemas"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_schema_is_kept_as_it_was_written),      TEST(a_resource_has_one_schema),
        TEST(a_change_is_applied_to_what_is_stored),   TEST(what_is_refused_changes_nothing),
        TEST(only_a_removed_definition_goes_for_good), TEST(an_erased_schema_may_be_made_again),
        TEST(schemas_are_listed_by_resource),          TEST(nested_objects_come_with_their_schema),
        TEST(a_project_has_so_many_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
