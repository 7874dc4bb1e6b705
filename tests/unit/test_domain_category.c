/* SPDX-License-Identifier: MIT */
/* test_domain_category.c - what a category's body must be, and how one is printed. */
#include <stdlib.h>

#include "base/time_iso.h"
#include "domain/category.h"
#include "domain/field.h"
#include "support/unit.h"

static int setup(void **state)
{
    struct arena *a = calloc(1, sizeof(*a));
    arena_init(a, 64 * KIB, 0);
    *state = a;
    return 0;
}

static int teardown(void **state)
{
    arena_release(*state);
    free(*state);
    return 0;
}

static const char *refusal(struct arena *a, const char *body)
{
    struct category c = { .hierarchy = -7 };
    struct json *tree = NULL;
    struct err err = { 0 };
    MUST(json_parse(a, str_of(body), &tree, must));
    if (category_from_json(tree, &c, a, &err) == 0)
        return NULL;
    assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
    return arena_str(a, str_of(err.msg)).p;
}

static void body_needs_name_and_hierarchy_of_their_types(void **state)
{
    static const struct {
        const char *body, *refusal;
    } cases[] = {
        { "{\"name\":\"a\",\"hierarchy\":0}", NULL },
        { "{\"hierarchy\":2.0,\"more\":[],\"name\":\" \"}", NULL },
        { "{\"name\":\"a\",\"hierarchy\":9223372036854775807}", NULL },
        { "{}", "Payload should have required property 'name'" },
        { "{\"hierarchy\":1}", "Payload should have required property 'name'" },
        { "{\"name\":\"a\"}", "Payload should have required property 'hierarchy'" },
        { "{\"name\":1,\"hierarchy\":1}", "Property .name must be string" },
        { "{\"name\":null,\"hierarchy\":1}", "Property .name must be string" },
        { "{\"name\":\"\",\"hierarchy\":1}",
          "Property .name must NOT have fewer than 1 characters" },
        { "{\"name\":\"a\",\"hierarchy\":null}", "Property .hierarchy must be integer" },
        { "{\"name\":\"a\",\"hierarchy\":\"1\"}", "Property .hierarchy must be integer" },
        { "{\"name\":\"a\",\"hierarchy\":0.5}", "Property .hierarchy must be integer" },
        { "{\"name\":\"a\",\"hierarchy\":9223372036854775808}",
          "Property .hierarchy must be integer" },
        { "{\"name\":\"a\",\"hierarchy\":-1}", "Property .hierarchy must be >= 0" },
        { "[]", "Payload must be object" },
        { "\"name\"", "Payload must be object" },
        { "null", "Payload must be object" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s\n", cases[i].body);
        const char *got = refusal(*state, cases[i].body);
        if (cases[i].refusal == NULL)
            assert_null(got);
        else
            assert_string_equal(got, cases[i].refusal);
    }
}

static void empty_body_is_one_without_members(void **state)
{
    struct category c;
    struct err err = { 0 };
    assert_int_equal(category_from_json(NULL, &c, *state, &err), -1);
    assert_string_equal(err.msg, "Payload should have required property 'name'");
}

static void name_has_a_ceiling_in_bytes(void **state)
{
    struct arena *a = *state;
    struct category c;
    struct err err = { 0 };
    char *name = arena_alloc(a, FIELD_TEXT_MAX_BYTES + 1);
    assert_non_null(name);
    memset(name, 'x', FIELD_TEXT_MAX_BYTES + 1);
    struct json hierarchy = { .type = JSON_NUMBER, .key = STR("hierarchy"), .text = STR("3") };
    struct json text = { .type = JSON_STRING,
                         .key = STR("name"),
                         .text = { name, FIELD_TEXT_MAX_BYTES },
                         .next = &hierarchy };
    const struct json body = { .type = JSON_OBJECT, .child = &text };
    assert_int_equal(category_from_json(&body, &c, a, &err), 0);
    assert_int_equal(c.name.len, FIELD_TEXT_MAX_BYTES);
    assert_int_equal(c.hierarchy, 3);
    text.text.len++;
    assert_int_equal(category_from_json(&body, &c, a, &err), -1);
    assert_string_equal(err.msg, "Property .name must NOT be longer than 65536 bytes");
}

static void category_is_printed_with_its_change_if_there_was_one(void **state)
{
    (void)state;
    struct category c = {
        .name = STR("Six\"th"), .hierarchy = 6, .created_ms = 1657693296852, .updated_ms = TIME_NONE
    };
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, KIB);
    category_put_json(&o, &c, "cat_0b5f49fb31c3bf6ab0");
    assert_str(buf_str(&b),
               "{\"id\":\"cat_0b5f49fb31c3bf6ab0\",\"name\":\"Six\\\"th\",\"hierarchy\":6,"
               "\"created_at\":\"2022-07-13T06:21:36.852Z\",\"object\":\"category\"}");
    buf_reset(&b);
    o.comma = false;
    c.updated_ms = 1657693296853;
    category_put_json(&o, &c, "cat_0b5f49fb31c3bf6ab0");
    assert_str(buf_str(&b),
               "{\"id\":\"cat_0b5f49fb31c3bf6ab0\",\"name\":\"Six\\\"th\",\"hierarchy\":6,"
               "\"created_at\":\"2022-07-13T06:21:36.852Z\","
               "\"updated_at\":\"2022-07-13T06:21:36.853Z\",\"object\":\"category\"}");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_needs_name_and_hierarchy_of_their_types),
        cmocka_unit_test(empty_body_is_one_without_members),
        cmocka_unit_test(name_has_a_ceiling_in_bytes),
        cmocka_unit_test(category_is_printed_with_its_change_if_there_was_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
