/* SPDX-License-Identifier: MIT */
/* test_domain_metadata_schema.c - definitions read and printed, values checked, texts word for
 * word. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time_iso.h"
#include "domain/metadata_schema.h"
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

static const struct json *parse(struct arena *a, const char *text)
{
    struct json *tree = NULL;
    MUST(json_parse(a, str_of(text), &tree, must));
    return tree;
}

/* With this definition of `key`, written as /v1 has it, but for array and optional. */
static struct metadata_schema *of_one(struct arena *a, const char *key, const char *definition)
{
    struct metadata_schema *s = arena_calloc(a, sizeof(*s));
    const char *text = arena_printf(a, "{\"%s\":{\"array\":false,\"optional\":true,%s}}", key,
                                    definition); /* the last of a repeated member wins */
    MUST(metadata_schema_parse(str_of(text), a, s, must));
    return s;
}

static struct metadata_schema *of(struct arena *a, const char *properties)
{
    struct metadata_schema *s = arena_calloc(a, sizeof(*s));
    MUST(metadata_schema_parse(str_of(properties), a, s, must));
    return s;
}

/* NULL: it fits. */
static const char *check(struct arena *a, const struct metadata_schema *s, const char *metadata,
                         enum metadata_when when)
{
    struct str reason = { NULL, 0 };
    struct err err = { 0 };
    const int rc = metadata_check(s, parse(a, metadata), when, a, &reason, &err);
    assert_in_range(rc, 0, 1);
    return rc == 0 ? NULL : reason.p;
}

static const char *cell(struct arena *a, const struct metadata_definition *d, const char *text)
{
    struct buf b;
    struct str out;
    buf_init(&b, MIB);
    buf_puts(&b, STR("before"));
    const bool fine = metadata_coerce_cell(d, str_of(text), &b);
    if (!fine)
        assert_int_equal(b.len, strlen("before"));
    MUST(buf_keep(&b, a, &out, must));
    return fine ? out.p + strlen("before") : NULL;
}

static const char *print(struct arena *a, const struct metadata_schema *s,
                         enum metadata_spelling spelling)
{
    struct buf b;
    struct str out;
    buf_init(&b, MIB);
    metadata_schema_put_properties(&(struct json_out){ .b = &b }, s, spelling);
    MUST(buf_keep(&b, a, &out, must));
    return out.p;
}

/* ---- the wording of reference 1.7 ---- */

static void the_documented_examples_come_word_for_word(void **state)
{
    struct arena *a = *state;
    static const struct {
        const char *key, *definition, *value, *want;
    } cases[] = {
        { "unit", "\"type\":\"number\",\"optional\":false", "\"EUR\"",
          "unit: must be a number, property is required (actual value is 'EUR')" },
        { "unit", "\"type\":\"number\",\"eq\":[1,2]", "\"EUR\"",
          "unit: must be a number, must be equal to one of 1,2 (actual value is 'EUR')" },
        { "acquisition_channel",
          "\"type\":\"string\",\"optional\":false,\"eq\":[\"Facebook\",\"Twitter\",\"Website\"]",
          "\"snap\"",
          "acquisition_channel: must be a string, property is required, must be equal to one of "
          "Facebook,Twitter,Website (actual value is 'snap')" },
        { "vendor", "\"type\":\"string\",\"optional\":false,\"eq\":[\"Vendor 1\",\"Vendor 2\"]",
          "\"Vendor 3\"",
          "vendor: must be a string, property is required, must be equal to one of Vendor "
          "1,Vendor 2 (actual value is 'Vendor 3')" },
        { "location_id", "\"type\":\"string\",\"array\":true,\"eq\":[\"L1\",\"L2\",\"L3\"]",
          "\"L1\"",
          "location_id: must be an array, and every element: must be a string, must be equal to "
          "one of L1,L2,L3 (actual value is 'L1')" },
        { "ImageURL", "\"type\":\"image_url\"", "\"http.com\"",
          "ImageURL: must be a URL pointing to JPG/JPEG or PNG resource (actual value is "
          "'http.com')" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct metadata_schema *s = of_one(a, cases[i].key, cases[i].definition);
        const char *metadata = arena_printf(a, "{\"%s\":%s}", cases[i].key, cases[i].value);
        assert_string_equal(check(a, s, metadata, METADATA_CREATE), cases[i].want);
        assert_string_equal(check(a, s, metadata, METADATA_CHANGE), cases[i].want);
    }
}

static void every_rule_has_its_text_and_its_order(void **state)
{
    struct arena *a = *state;
    static const struct {
        const char *definition, *value, *want;
    } cases[] = {
        { "\"type\":\"boolean\"", "1", "must be a boolean (actual value is '1')" },
        { "\"type\":\"date\"", "\"x\"", "must be a date in ISO 8601 format (actual value is 'x')" },
        { "\"type\":\"datetime\"", "true",
          "must be a date and time in ISO 8601 format (actual value is 'true')" },
        { "\"type\":\"geopoint\"", "\"1\"", "must be a geopoint (actual value is '1')" },
        { "\"type\":\"object\",\"objectType\":\"Payment\"", "[1, 2]",
          "must be an object of type Payment (actual value is '[1,2]')" },
        { "\"type\":\"number\",\"gte\":4,\"gt\":3.5,\"lte\":2,\"lt\":1,\"ne\":[5,6],\"eq\":[7]",
          "{\"a\": null}",
          "must be a number, must be equal to one of 7, must not be equal to any of 5,6, must be "
          "less than 1, must be less than or equal to 2, must be greater than 3.5, must be greater "
          "than or equal to 4 (actual value is '{\"a\":null}')" },
        { "\"type\":\"string\",\"exactLength\":3,\"minLength\":2,\"maxLength\":1", "\"abc\"",
          "must be a string, must have maximum length of 1, must have minimum length of 2, must "
          "have exact length of 3 (actual value is 'abc')" },
        { "\"type\":\"date\",\"array\":true,\"optional\":false", "null",
          "must be an array, and every element: must be a date in ISO 8601 format, property is "
          "required (actual value is 'null')" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct metadata_schema *s = of_one(a, "k", cases[i].definition);
        const char *got =
            check(a, s, arena_printf(a, "{\"k\":%s}", cases[i].value), METADATA_CREATE);
        assert_non_null(got);
        assert_string_equal(got, arena_printf(a, "k: %s", cases[i].want));
    }
}

static void a_value_fits_its_definition_or_not(void **state)
{
    struct arena *a = *state;
    static const struct {
        const char *definition, *value;
        bool fits;
    } cases[] = {
        { "\"type\":\"string\"", "\"\"", true },
        { "\"type\":\"string\"", "1", false },
        { "\"type\":\"string\"", "null", true },
        { "\"type\":\"string\",\"optional\":false", "null", false },
        { "\"type\":\"string\"", "[\"a\"]", false },
        { "\"type\":\"string\",\"array\":true", "[]", true },
        { "\"type\":\"string\",\"array\":true", "[\"a\",\"b\"]", true },
        { "\"type\":\"string\",\"array\":true", "[\"a\",1]", false },
        { "\"type\":\"string\",\"array\":true", "[\"a\",null]", false },
        { "\"type\":\"string\",\"array\":true", "null", true },
        { "\"type\":\"string\",\"eq\":[]", "\"a\"", false },
        { "\"type\":\"string\",\"eq\":[\"b\",\"a\",\"c\"]", "\"a\"", true },
        { "\"type\":\"string\",\"maxLength\":2", "\"\\u00e4\\u00f6\"", true },
        { "\"type\":\"string\",\"maxLength\":2", "\"abc\"", false },
        { "\"type\":\"string\",\"minLength\":2", "\"\\u00e4\"", false },
        { "\"type\":\"string\",\"exactLength\":4", "\"abcd\"", true },
        { "\"type\":\"string\",\"exactLength\":4", "\"abc\"", false },
        { "\"type\":\"number\"", "-1.5e3", true },
        { "\"type\":\"number\"", "1e999", true },
        { "\"type\":\"number\"", "\"1\"", false },
        { "\"type\":\"number\",\"eq\":[10,2,1]", "2.0", true },
        { "\"type\":\"number\",\"eq\":[10,2,1]", "3", false },
        { "\"type\":\"number\",\"ne\":[1,2]", "3", true },
        { "\"type\":\"number\",\"ne\":[1,2]", "1", false },
        { "\"type\":\"number\",\"lt\":5", "5", false },
        { "\"type\":\"number\",\"lt\":5", "4.9", true },
        { "\"type\":\"number\",\"lte\":5", "5", true },
        { "\"type\":\"number\",\"lte\":5", "1e999", false },
        { "\"type\":\"number\",\"gt\":5", "5", false },
        { "\"type\":\"number\",\"gte\":5", "5", true },
        { "\"type\":\"number\",\"gte\":9007199254740993", "9007199254740992", false },
        { "\"type\":\"boolean\"", "false", true },
        { "\"type\":\"boolean\"", "\"true\"", false },
        { "\"type\":\"date\"", "\"2024-02-29\"", true },
        { "\"type\":\"date\"", "\"2023-02-29\"", false },
        { "\"type\":\"date\"", "\"2024-02-29T00:00:00Z\"", false },
        { "\"type\":\"datetime\"", "\"2024-02-29T00:00:00Z\"", true },
        { "\"type\":\"datetime\"", "\"2024-02-29\"", false },
        { "\"type\":\"geopoint\"", "\"37.786971, -122.399677\"", true },
        { "\"type\":\"geopoint\"", "\"37.786971,-122.399677\"", true },
        { "\"type\":\"geopoint\"", "\"91, 0\"", false },
        { "\"type\":\"geopoint\"", "\"0, 181\"", false },
        { "\"type\":\"geopoint\"", "\"0, 0, 0\"", false },
        { "\"type\":\"image_url\"", "\"https://a.b/c/d.JPEG?x=1#y\"", true },
        { "\"type\":\"image_url\"", "\"http://a.b/c.png\"", true },
        { "\"type\":\"image_url\"", "\"http://a.png\"", false },
        { "\"type\":\"image_url\"", "\"http:///a.png\"", false },
        { "\"type\":\"image_url\"", "\"ftp://a.b/c.png\"", false },
        { "\"type\":\"image_url\"", "\"https://a.b/c.gif?x=.png\"", false },
        { "\"type\":\"object\",\"objectType\":\"T\"", "{\"a\":[1]}", true },
        { "\"type\":\"object\",\"objectType\":\"T\"", "{\"a\":{}}", false },
        { "\"type\":\"string\",\"deleted\":true,\"optional\":false", "1", true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct metadata_schema *s = of_one(a, "k", cases[i].definition);
        const char *got =
            check(a, s, arena_printf(a, "{\"k\":%s}", cases[i].value), METADATA_CREATE);
        print_message("  %s: %s\n", cases[i].definition, cases[i].value);
        assert_int_equal(got == NULL, cases[i].fits);
    }
}

static void required_keys_are_those_of_a_creation(void **state)
{
    struct arena *a = *state;
    const struct metadata_schema *s =
        of(a, "{\"o\":{\"type\":\"string\",\"array\":false,\"optional\":true},"
              "\"r\":{\"type\":\"number\",\"array\":false,\"optional\":false}}");
    struct str reason;
    struct err err = { 0 };
    assert_null(check(a, s, "{\"r\":1}", METADATA_CREATE));
    assert_null(check(a, s, "{\"x\":1,\"o\":\"t\"}", METADATA_CHANGE));
    assert_string_equal(check(a, s, "{\"o\":\"t\"}", METADATA_CREATE),
                        "r: must be a number, property is required (actual value is 'undefined')");
    assert_string_equal(check(a, s, "{\"o\":1}", METADATA_CREATE),
                        "o: must be a string (actual value is '1')");
    assert_int_equal(metadata_check(s, NULL, METADATA_CREATE, a, &reason, &err), 1);
    assert_int_equal(metadata_check(s, NULL, METADATA_CHANGE, a, &reason, &err), 0);
    assert_int_equal(metadata_check(NULL, NULL, METADATA_CREATE, NULL, NULL, NULL), 0);
}

static void the_first_in_the_order_of_the_schema_is_told(void **state)
{
    struct arena *a = *state;
    struct metadata_schema *s =
        of(a, "{\"a\":{\"type\":\"string\",\"array\":false,\"optional\":true},"
              "\"b\":{\"type\":\"string\",\"array\":false,\"optional\":false},"
              "\"c\":{\"type\":\"string\",\"array\":false,\"optional\":true}}");
    assert_string_equal(check(a, s, "{\"c\":1,\"b\":\"t\",\"a\":2}", METADATA_CREATE),
                        "a: must be a string (actual value is '2')");
    assert_string_equal(check(a, s, "{\"c\":1}", METADATA_CREATE),
                        "b: must be a string, property is required (actual value is 'undefined')");
    assert_string_equal(check(a, s, "{\"c\":1}", METADATA_CHANGE),
                        "c: must be a string (actual value is '1')");
    s->allow_defined_only = true;
    assert_string_equal(check(a, s, "{\"x\":\"v\",\"c\":1}", METADATA_CHANGE),
                        "c: must be a string (actual value is '1')");
    assert_string_equal(check(a, s, "{\"x\":\"v\",\"y\":1}", METADATA_CHANGE),
                        "x: property is not defined in the metadata schema (actual value is 'v')");
}

static void a_removed_definition_is_none(void **state)
{
    struct arena *a = *state;
    struct metadata_schema *s = of_one(a, "k", "\"type\":\"string\",\"deleted\":true");
    assert_null(metadata_definition_find(s, STR("k")));
    s->allow_defined_only = true;
    assert_string_equal(check(a, s, "{\"k\":\"v\"}", METADATA_CREATE),
                        "k: property is not defined in the metadata schema (actual value is 'v')");
}

static void a_nested_object_is_checked_as_a_whole(void **state)
{
    struct arena *a = *state;
    struct metadata_schema *s = of_one(a, "pay", "\"type\":\"object\",\"objectType\":\"Payment\"");
    struct metadata_schema *payment = of_one(a, "tax", "\"type\":\"number\",\"optional\":false");
    s->definitions[0].nested = payment;
    assert_null(check(a, s, "{\"pay\":{\"tax\":1,\"other\":\"x\"}}", METADATA_CHANGE));
    assert_string_equal(
        check(a, s, "{\"pay\":{\"tax\":\"1\"}}", METADATA_CHANGE),
        "pay: must be an object of type Payment (actual value is '{\"tax\":\"1\"}')");
    assert_non_null(check(a, s, "{\"pay\":{}}", METADATA_CHANGE));
    payment->allow_defined_only = true;
    assert_non_null(check(a, s, "{\"pay\":{\"tax\":1,\"other\":\"x\"}}", METADATA_CHANGE));
}

static void long_parts_of_a_reason_are_cut(void **state)
{
    struct arena *a = *state;
    char value[4 * METADATA_VALUE_MAX_BYTES];
    memset(value, 'x', sizeof(value));
    const struct metadata_schema *s = of_one(a, "k", "\"type\":\"number\"");
    const char *got = check(a, s, arena_printf(a, "{\"k\":\"%.*s\"}", (int)sizeof(value), value),
                            METADATA_CREATE);
    assert_int_equal(strlen(got),
                     strlen("k: must be a number (actual value is '')") + METADATA_VALUE_MAX_BYTES);
}

static struct str joined(struct arena *a, const char *format)
{
    struct buf b;
    struct str out;
    buf_init(&b, MIB);
    for (int i = 0; i < METADATA_DEFINITIONS_MAX; i++) {
        buf_printf(&b, "%c\"key%d\":", i == 0 ? '{' : ',', i);
        buf_puts(&b, str_of(format));
    }
    buf_putc(&b, '}');
    MUST(buf_keep(&b, a, &out, must));
    return out;
}

static void a_hundred_definitions_are_found(void **state)
{
    struct arena *a = *state;
    struct metadata_schema s;
    struct json *metadata;
    struct str reason;
    struct err err = { 0 };
    MUST(metadata_schema_parse(
        joined(a, "{\"type\":\"number\",\"array\":false,\"optional\":false}"), a, &s, must));
    MUST(json_parse(a, joined(a, "7"), &metadata, must));
    assert_int_equal(metadata_check(&s, metadata, METADATA_CREATE, a, &reason, &err), 0);
    metadata->child->next->next = NULL; /* key0 and key1 are left */
    assert_int_equal(metadata_check(&s, metadata, METADATA_CREATE, a, &reason, &err), 1);
    assert_string_equal(
        reason.p, "key2: must be a number, property is required (actual value is 'undefined')");
}

/* ---- cells ---- */

static void a_cell_becomes_what_the_definition_says(void **state)
{
    struct arena *a = *state;
    static const struct {
        const char *definition, *cell, *want; /* NULL: it does not fit */
    } cases[] = {
        { "\"type\":\"string\"", " a \"b\"", "\" a \\\"b\\\"\"" },
        { "\"type\":\"string\"", "12", "\"12\"" },
        { "\"type\":\"string\"", "null", "null" },
        { "\"type\":\"string\",\"optional\":false", "null", NULL },
        { "\"type\":\"string\",\"eq\":[\"a\"]", "b", NULL },
        { "\"type\":\"number\"", " 14.50 ", "14.50" },
        { "\"type\":\"number\"", "EUR", NULL },
        { "\"type\":\"number\"", "1,5", NULL },
        { "\"type\":\"number\",\"lte\":10", "11", NULL },
        { "\"type\":\"boolean\"", "TRUE", "true" },
        { "\"type\":\"boolean\"", "false", "false" },
        { "\"type\":\"boolean\"", "yes", NULL },
        { "\"type\":\"date\"", "2024-02-29", "\"2024-02-29\"" },
        { "\"type\":\"date\"", "29.02.2024", NULL },
        { "\"type\":\"datetime\"", "2024-02-29T12:00+02:00", "\"2024-02-29T10:00:00.000Z\"" },
        { "\"type\":\"datetime\"", "2024-02-29", "\"2024-02-29T00:00:00.000Z\"" },
        { "\"type\":\"datetime\"", "soon", NULL },
        { "\"type\":\"geopoint\"", "37.7, -122.4", "\"37.7, -122.4\"" },
        { "\"type\":\"image_url\"", "http.com", NULL },
        { "\"type\":\"object\",\"objectType\":\"T\"", "{}", NULL },
        { "\"type\":\"string\",\"array\":true", "Nike,Fenty, Reebok",
          "[\"Nike\",\"Fenty\",\"Reebok\"]" },
        { "\"type\":\"number\",\"array\":true", "123,234", "[123,234]" },
        { "\"type\":\"number\",\"array\":true", "7", "[7]" },
        { "\"type\":\"number\",\"array\":true", "7,x", NULL },
        { "\"type\":\"date\",\"array\":true", "2000-01-01,2000-01-02",
          "[\"2000-01-01\",\"2000-01-02\"]" },
        { "\"type\":\"boolean\",\"array\":true", "null", "null" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct metadata_schema *s = of_one(a, "k", cases[i].definition);
        const char *got = cell(a, metadata_definition_find(s, STR("k")), cases[i].cell);
        print_message("  %s: %s\n", cases[i].definition, cases[i].cell);
        assert_int_equal(got == NULL, cases[i].want == NULL);
        if (got != NULL)
            assert_string_equal(got, cases[i].want);
    }
}

static void a_cell_that_does_not_fit_is_told_as_it_stands(void **state)
{
    struct arena *a = *state;
    const struct metadata_schema *s =
        of_one(a, "k", "\"type\":\"number\",\"array\":true,\"optional\":false");
    const struct metadata_definition *d = metadata_definition_find(s, STR("k"));
    struct metadata_keys seen = { 0 };
    struct str reason;
    MUST(metadata_reason(d, d->key, STR(" 1,x "), a, &reason, must));
    assert_string_equal(reason.p, "k: must be an array, and every element: must be a number, "
                                  "property is required (actual value is ' 1,x ')");
    MUST(metadata_reason(NULL, STR("other"), STR("x"), a, &reason, must));
    assert_string_equal(
        reason.p, "other: property is not defined in the metadata schema (actual value is 'x')");
    assert_ptr_equal(metadata_missing(s, &seen), d);
    metadata_keys_add(&seen, s, d);
    assert_null(metadata_missing(s, &seen));
    assert_null(metadata_missing(NULL, &seen));
}

/* ---- bodies ---- */

#define DEFINITION(rest) "{\"type\":\"string\",\"array\":false,\"optional\":true" rest "}"

static struct metadata_schema apply(struct arena *a, struct metadata_schema s, const char *body,
                                    enum metadata_spelling spelling)
{
    MUST(metadata_schema_apply(&s, parse(a, body), spelling, a, must));
    return s;
}

static struct metadata_schema made(struct arena *a, const char *body)
{
    return apply(a, (struct metadata_schema){ .updated_ms = TIME_NONE }, body, METADATA_CAMEL);
}

static void a_schema_is_printed_in_both_spellings(void **state)
{
    struct arena *a = *state;
    const char *camel =
        "{\"a\":{\"type\":\"string\",\"array\":false,\"optional\":true,\"objectType\":null,"
        "\"eq\":[\"x\",\"y\"],\"maxLength\":3,\"minLength\":1,\"exactLength\":2},"
        "\"b\":{\"type\":\"number\",\"array\":true,\"optional\":false,\"objectType\":null,"
        "\"eq\":[1],\"ne\":[2.5],\"lt\":3,\"lte\":4,\"gt\":5,\"gte\":6,\"deleted\":true},"
        "\"c\":{\"type\":\"object\",\"array\":false,\"optional\":true,\"objectType\":\"T\"}}";
    const char *snake =
        "{\"a\":{\"type\":\"string\",\"array\":false,\"optional\":true,\"object_type\":null,"
        "\"eq\":[\"x\",\"y\"],\"max_length\":3,\"min_length\":1,\"exact_length\":2},"
        "\"b\":{\"type\":\"number\",\"array\":true,\"optional\":false,\"object_type\":null,"
        "\"eq\":[1],\"ne\":[2.5],\"lt\":3,\"lte\":4,\"gt\":5,\"gte\":6,\"deleted\":true},"
        "\"c\":{\"type\":\"object\",\"array\":false,\"optional\":true,\"object_type\":\"T\"}}";
    struct metadata_schema s =
        made(a, arena_printf(a, "{\"related_object\":\"order\",\"properties\":%s}", camel));
    assert_string_equal(print(a, &s, METADATA_CAMEL), camel);
    assert_string_equal(print(a, &s, METADATA_SNAKE), snake);
    s = apply(a, (struct metadata_schema){ 0 },
              arena_printf(a, "{\"related_object\":\"order\",\"properties\":%s}", snake),
              METADATA_SNAKE);
    assert_string_equal(print(a, &s, METADATA_CAMEL), camel);
    assert_string_equal(print(a, of(a, camel), METADATA_CAMEL), camel);

    struct buf b;
    s = made(a, "{\"related_object\":\"Own\",\"allow_defined_only\":true,\"properties\":{}}");
    s.created_ms = INT64_C(1646660461747);
    buf_init(&b, MIB);
    metadata_schema_put(&(struct json_out){ .b = &b }, &s, "ms_1", METADATA_CAMEL);
    assert_str(buf_str(&b),
               "{\"id\":\"ms_1\",\"related_object\":\"Own\",\"properties\":{},"
               "\"allow_defined_only\":true,\"created_at\":\"2022-03-07T13:41:01.747Z\","
               "\"updated_at\":null,\"object\":\"metadata_schema\"}");
    buf_release(&b);
}

static void a_change_replaces_what_it_sends(void **state)
{
    struct arena *a = *state;
    struct metadata_schema s =
        made(a, "{\"related_object\":\"voucher\",\"properties\":{"
                "\"a\":" DEFINITION(",\"minLength\":3") ",\"b\":" DEFINITION("") "}}");
    s = apply(a, s, "{\"properties\":{\"a\":{\"optional\":false},\"c\":" DEFINITION("") "}}",
              METADATA_CAMEL);
    assert_string_equal(
        print(a, &s, METADATA_CAMEL),
        "{\"a\":{\"type\":\"string\",\"array\":false,\"optional\":false,\"objectType\":null},"
        "\"b\":{\"type\":\"string\",\"array\":false,\"optional\":true,\"objectType\":null},"
        "\"c\":{\"type\":\"string\",\"array\":false,\"optional\":true,\"objectType\":null}}");
    s = apply(a, s, "{\"properties\":{\"a\":{\"deleted\":true}}}", METADATA_CAMEL);
    assert_null(metadata_definition_find(&s, STR("a")));
    assert_int_equal(s.n, 3);
    s = apply(a, s, "{\"allow_defined_only\":true,\"properties\":{\"a\":{}}}", METADATA_CAMEL);
    assert_non_null(metadata_definition_find(&s, STR("a")));
    assert_true(s.allow_defined_only);
    s = apply(a, s, "{\"related_object\":\"other\"}", METADATA_CAMEL);
    assert_str(s.related_object, "voucher");
    assert_true(metadata_schema_remove(&s, STR("a")));
    assert_false(metadata_schema_remove(&s, STR("a")));
    assert_int_equal(s.n, 2);
    assert_non_null(metadata_definition_find(&s, STR("c")));
    assert_null(metadata_definition_find(&s, STR("a")));
}

static void rules_of_other_types_are_skipped(void **state)
{
    struct arena *a = *state;
    struct metadata_schema s =
        made(a, "{\"related_object\":\"voucher\",\"properties\":{\"a\":{\"type\":\"boolean\","
                "\"array\":false,\"optional\":true,\"objectType\":\"x\",\"eq\":[1],\"lt\":2,"
                "\"minLength\":3,\"unheard\":4}}}");
    assert_string_equal(
        print(a, &s, METADATA_CAMEL),
        "{\"a\":{\"type\":\"boolean\",\"array\":false,\"optional\":true,\"objectType\":null}}");
}

static void what_a_body_cannot_say_is_told(void **state)
{
    struct arena *a = *state;
#define ONE(definition)   "{\"related_object\":\"voucher\",\"properties\":{\"Size\":" definition "}}"
#define TYPED(type, rest) ONE("{\"type\":\"" type "\",\"array\":false,\"optional\":true" rest "}")
    static const struct {
        const char *body, *want;
    } cases[] = {
        { "[]", "Payload must be object" },
        { "{}", "Payload should have required property 'related_object'" },
        { "{\"related_object\":1}", "Property .related_object must be string" },
        { "{\"related_object\":\"\"}",
          "Property .related_object must NOT have fewer than 1 characters" },
        { "{\"related_object\":\"x\"}", "Payload should have required property 'properties'" },
        { "{\"related_object\":\"x\",\"properties\":null}", "Property .properties must be object" },
        { "{\"related_object\":\"x\",\"allow_defined_only\":1,\"properties\":{}}",
          "Property .allow_defined_only must be boolean,null" },
        { ONE("1"), "Property .properties.Size must be object" },
        { ONE("{}"), "Property .properties.Size should have required property 'type'" },
        { ONE("{\"type\":\"string\"}"),
          "Property .properties.Size should have required property 'array'" },
        { ONE("{\"type\":\"string\",\"array\":false}"),
          "Property .properties.Size should have required property 'optional'" },
        { ONE("{\"type\":1}"), "Property .properties.Size.type must be string" },
        { TYPED("int", ""),
          "Property .properties.Size.type must be equal to one of the allowed values [ string, "
          "number, object, date, datetime, geopoint, boolean, image_url ]" },
        { TYPED("string", ",\"array\":1"), "Property .properties.Size.array must be boolean" },
        { TYPED("number", ",\"eq\":[\"1\"]"), "Property .properties.Size.eq.0 must be number" },
        { TYPED("number", ",\"eq\":[1,true]"), "Property .properties.Size.eq.1 must be number" },
        { TYPED("string", ",\"eq\":[\"1\",2]"), "Property .properties.Size.eq.1 must be string" },
        { TYPED("string", ",\"eq\":\"1\""), "Property .properties.Size.eq must be array" },
        { TYPED("number", ",\"lt\":\"1\""), "Property .properties.Size.lt must be number" },
        { TYPED("string", ",\"minLength\":1.5"),
          "Property .properties.Size.minLength must be integer" },
        { TYPED("string", ",\"minLength\":-1"),
          "Property .properties.Size.minLength must be >= 0" },
        { TYPED("object", ""),
          "Property .properties.Size should have required property 'objectType'" },
        { TYPED("object", ",\"objectType\":1"),
          "Property .properties.Size.objectType must be string,null" },
        { TYPED("object", ",\"objectType\":\"order\""),
          "Property .properties.Size.objectType must be the name of a custom schema" },
        { "{\"related_object\":\"Own\",\"properties\":{\"x\":{\"type\":\"object\"}}}",
          "Property .properties.x.type must be equal to one of the allowed values [ string, "
          "number, date, datetime, geopoint, boolean, image_url ]" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct metadata_schema s = { 0 };
        struct err err = { 0 };
        print_message("  %s\n", cases[i].body);
        assert_int_equal(
            metadata_schema_apply(&s, parse(a, cases[i].body), METADATA_CAMEL, a, &err), -1);
        assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
        assert_string_equal(err.msg, cases[i].want);
    }
}

static void a_type_never_changes_and_a_hundred_are_enough(void **state)
{
    struct arena *a = *state;
    struct err err = { 0 };
    struct metadata_schema s =
        made(a, "{\"related_object\":\"voucher\",\"properties\":{\"a\":" DEFINITION(
                    ",\"deleted\":true") "}}");
    struct metadata_schema changed = s;
    assert_int_equal(
        metadata_schema_apply(&changed, parse(a, "{\"properties\":{\"a\":{\"type\":\"number\"}}}"),
                              METADATA_SNAKE, a, &err),
        -1);
    assert_string_equal(err.msg, "Property .properties.a.type cannot be changed");
    for (int i = 1; i < METADATA_DEFINITIONS_MAX; i++)
        s = apply(a, s, arena_printf(a, "{\"properties\":{\"k%d\":" DEFINITION("") "}}", i),
                  METADATA_CAMEL);
    s = apply(a, s, "{\"properties\":{\"k1\":{\"deleted\":true}}}", METADATA_CAMEL);
    assert_int_equal(
        metadata_schema_apply(&s, parse(a, "{\"properties\":{\"more\":" DEFINITION("") "}}"),
                              METADATA_CAMEL, a, &err),
        -1);
    assert_string_equal(err.msg,
                        "Property .properties must NOT have more than 100 properties, with "
                        "the removed ones that are not purged yet");
}

static void what_cannot_be_read_from_the_store_is_an_error(void **state)
{
    struct arena *a = *state;
    static const char *const broken[] = { "", "[]", "{\"a\":1}", "{\"a\":{\"type\":\"x\"}}" };
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct metadata_schema s;
        struct err err = { 0 };
        assert_int_equal(metadata_schema_parse(str_of(broken[i]), a, &s, &err), -1);
        assert_int_equal(err.code, ERR_STORE);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_documented_examples_come_word_for_word),
        TEST(every_rule_has_its_text_and_its_order),
        TEST(a_value_fits_its_definition_or_not),
        TEST(required_keys_are_those_of_a_creation),
        TEST(the_first_in_the_order_of_the_schema_is_told),
        TEST(a_removed_definition_is_none),
        TEST(a_nested_object_is_checked_as_a_whole),
        TEST(long_parts_of_a_reason_are_cut),
        TEST(a_hundred_definitions_are_found),
        TEST(a_cell_becomes_what_the_definition_says),
        TEST(a_cell_that_does_not_fit_is_told_as_it_stands),
        TEST(a_schema_is_printed_in_both_spellings),
        TEST(a_change_replaces_what_it_sends),
        TEST(rules_of_other_types_are_skipped),
        TEST(what_a_body_cannot_say_is_told),
        TEST(a_type_never_changes_and_a_hundred_are_enough),
        TEST(what_cannot_be_read_from_the_store_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
