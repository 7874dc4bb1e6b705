/* SPDX-License-Identifier: MIT */
/*
 * test_base_json.c - the writer word for word, the reader against jansson on generated documents.
 *
 * Where the two differ on purpose: integers beyond 64 bits (jansson refuses them), nesting beyond
 * JSON_MAX_DEPTH and a byte-order mark (we refuse the one and skip the other).
 */
#include <stdio.h>

#include <jansson.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/time_iso.h"
#include "support/unit.h"

/* ---- out ---- */

static void json_out_puts_commas_where_they_belong(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 * KIB);
    struct json_out o = { .b = &b };
    json_object(&o);
    json_key(&o, "a");
    json_array(&o);
    json_int(&o, 1);
    json_object(&o);
    json_object_end(&o);
    json_array(&o);
    json_array_end(&o);
    json_null(&o);
    json_array_end(&o);
    json_key(&o, "b");
    json_bool(&o, true);
    json_key_str(&o, STR("c\"d"));
    json_raw(&o, STR("{\"x\":1.50}"));
    json_key(&o, "t");
    json_time(&o, INT64_C(1655983305578));
    json_key(&o, "none");
    json_time(&o, TIME_NONE);
    json_key(&o, "s");
    json_str(&o, (struct str){ 0 });
    json_key(&o, "n");
    json_num(&o, (struct num){ .d = 29.99 });
    json_object_end(&o);
    assert_str(buf_str(&b), "{\"a\":[1,{},[],null],\"b\":true,\"c\\\"d\":{\"x\":1.50},"
                            "\"t\":\"2022-06-23T11:21:45.578Z\",\"none\":null,\"s\":null,"
                            "\"n\":29.99}");
    buf_release(&b);
}

static void json_out_escapes_what_it_must_and_nothing_else(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 * KIB);
    json_put_quoted(&b, STR("a\"b\\c/d\n\r\t\b\x1f\x7f\xC3\xA9"));
    assert_str(buf_str(&b), "\"a\\\"b\\\\c/d\\n\\r\\t\\u0008\\u001f\x7f\xC3\xA9\"");
    buf_release(&b);
}

/* ---- in ---- */

static int parse(struct arena *a, struct str text, struct json **out)
{
    struct err err = { 0 };
    const int rc = json_parse(a, text, out, &err);
    if (rc < 0)
        assert_int_equal(err.code, ERR_INVALID_JSON);
    return rc;
}

static void json_in_takes_what_rfc_8259_takes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* out: as json_put_tree prints it; NULL: refused */
    } cases[] = {
        { "null", "null" },
        { " \t\r\n[ ] \n", "[]" },
        { "\xEF\xBB\xBF{}", "{}" },
        { "{\"a\":1,\"b\":[true,false,null]}", "{\"a\":1,\"b\":[true,false,null]}" },
        { "[1.50,1e2,-0,123456789012345678901234567890]",
          "[1.50,1e2,-0,123456789012345678901234567890]" },
        { "\"\\u00e9\\ud83d\\ude00\\/\\b\\f\"", "\"\xC3\xA9\xF0\x9F\x98\x80/\\u0008\\u000c\"" },
        { "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" },
        { "{\"\\u0061\":1,\"a\":{\"x\":1}}", "{\"a\":{\"x\":1}}" },
        { "", NULL },
        { " ", NULL },
        { "{", NULL },
        { "[1,]", NULL },
        { "[,1]", NULL },
        { "[1 2]", NULL },
        { "{\"a\"}", NULL },
        { "{\"a\":}", NULL },
        { "{\"a\":1,}", NULL },
        { "{a:1}", NULL },
        { "{'a':1}", NULL },
        { "[1]]", NULL },
        { "[1}", NULL },
        { "nul", NULL },
        { "nullx", NULL },
        { "True", NULL },
        { "01", NULL },
        { "1.", NULL },
        { "NaN", NULL },
        { "\"", NULL },
        { "\"a", NULL },
        { "\"\\\"", NULL },
        { "\"\\x\"", NULL },
        { "\"\\u12\"", NULL },
        { "\"\\u12g4\"", NULL },
        { "\"\\u0000\"", NULL },
        { "\"\\ud83d\"", NULL },
        { "\"\\ude00\"", NULL },
        { "\"\\ud83dx\\ude00\"", NULL },
        { "\"a\nb\"", NULL },
        { "\"\\n\tb\"", NULL },
        { "\"\xFF\"", NULL },
        { "\"\xED\xA0\x80\"", NULL },
        { "//x\n1", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct json *v;
        struct buf b;
        print_message("  %s\n", cases[i].in);
        arena_init(&a, 1 * KIB, 0);
        buf_init(&b, 1 * KIB);
        assert_int_equal(parse(&a, str_of(cases[i].in), &v), cases[i].out != NULL ? 0 : -1);
        if (cases[i].out != NULL) {
            json_put_tree(&(struct json_out){ .b = &b }, v);
            assert_str(buf_str(&b), cases[i].out);
        }
        buf_release(&b);
        arena_release(&a);
    }
}

static void json_in_says_where_it_stopped(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "[1,x]", "not a value at byte 3" },
        { "{\"a\" 1}", "expected ':' at byte 5" },
        { "[1] 2", "text after the end at byte 4" },
        { "[\"\xFF\"]", "not UTF-8 at byte 2" },
        { "", "expected a value at byte 0" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct json *v;
        struct err err = { 0 };
        arena_init(&a, 1 * KIB, 0);
        assert_int_equal(json_parse(&a, str_of(cases[i].in), &v, &err), -1);
        assert_string_equal(err.msg, cases[i].want);
        arena_release(&a);
    }
}

static void json_in_nests_to_its_limit(void **state)
{
    (void)state;
    char text[2 * JSON_MAX_DEPTH + 3];
    for (size_t depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
        struct arena a;
        struct json *v;
        arena_init(&a, 1 * KIB, 0);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(parse(&a, (struct str){ text, 2 * depth }, &v),
                         depth <= JSON_MAX_DEPTH ? 0 : -1);
        arena_release(&a);
    }
}

static void json_in_points_into_its_input(void **state)
{
    (void)state;
    const struct str text = STR("{\"key\":\"value\",\"n\":12.50}");
    struct arena a;
    struct json *v;
    arena_init(&a, 1 * KIB, 0);
    assert_int_equal(parse(&a, text, &v), 0);
    const struct json *value = json_member(v, "key"), *n = json_member(v, "n");
    assert_ptr_equal(value->text.p, text.p + 8);
    assert_str(n->text, "12.50");
    assert_null(json_member(v, "ke"));
    assert_null(json_member(NULL, "key"));
    assert_null(json_member(value, "key"));
    arena_release(&a);
}

/* Of a repeated key the last value wins and stands in the first one's place, in an object of any
 * size: the reader may not get tired of looking. */
static void json_in_takes_the_last_of_a_repeated_key(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 2000; n = n * 3 + 1) {
        struct arena a;
        struct buf b;
        struct json *v;
        arena_init(&a, 4 * KIB, 0);
        buf_init(&b, 1 * MIB);
        buf_putc(&b, '{');
        for (size_t i = 0; i < 2 * n; i++)
            buf_printf(&b, "%s\"k%zu\":%zu", i > 0 ? "," : "", i % n, i);
        buf_puts(&b, STR(",\"k0\":[true]}"));
        assert_int_equal(parse(&a, buf_str(&b), &v), 0);
        size_t i = 0;
        for (const struct json *m = v->child; m != NULL; m = m->next, i++) {
            char key[32], value[32];
            snprintf(key, sizeof(key), "k%zu", i);
            snprintf(value, sizeof(value), "%zu", i + n);
            assert_str(m->key, key);
            assert_int_equal(m->type, i == 0 ? JSON_ARRAY : JSON_NUMBER);
            if (i > 0)
                assert_str(m->text, value);
        }
        assert_int_equal(i, n);
        buf_release(&b);
        arena_release(&a);
    }
}

/* A body may be ten megabytes of members: reading them is not allowed to be quadratic. */
static void json_in_reads_a_wide_object_in_no_time(void **state)
{
    (void)state;
    struct arena a;
    struct buf b;
    struct json *v;
    arena_init(&a, 1 * MIB, 0);
    buf_init(&b, 16 * MIB);
    buf_putc(&b, '{');
    for (size_t i = 0; i < 200000; i++)
        buf_printf(&b, "\"key-%zu\":0,", i);
    buf_puts(&b, STR("\"end\":1}"));
    const int64_t from_us = time_monotonic_us();
    assert_int_equal(parse(&a, buf_str(&b), &v), 0);
    assert_true(time_monotonic_us() - from_us < 5000000); /* quadratic: some minutes */
    buf_release(&b);
    arena_release(&a);
}

/* ---- against jansson ---- */

static json_t *random_value(struct unit_random *r, unsigned depth);

static json_t *random_text(struct unit_random *r)
{
    static const char *const pieces[] = { "a", "Z", "\"", "\\", "/", "\n", "\t", "\b", "\x01",
                                          "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", " ",
                                          "{", "]", ",", ":", "\x7F", "key" };
    char text[64] = "";
    size_t len = 0;
    for (size_t n = unit_random_below(r, 10); n > 0; n--) {
        const char *piece = pieces[unit_random_below(r, ARRAY_LEN(pieces))];
        memcpy(text + len, piece, strlen(piece) + 1);
        len += strlen(piece);
    }
    return json_stringn(text, len);
}

static json_t *random_number(struct unit_random *r)
{
    const int64_t i = (int64_t)unit_random(r);
    switch (unit_random_below(r, 4)) {
    case 0:
        return json_integer(i);
    case 1:
        return json_integer(i % 1000);
    case 2:
        return json_real((double)(i % 100000) / 100.0);
    default:
        return json_real((double)i * 1e-30);
    }
}

static json_t *random_container(struct unit_random *r, unsigned depth)
{
    const bool object = unit_random_below(r, 2) == 0;
    json_t *v = object ? json_object() : json_array();
    for (size_t n = unit_random_below(r, 6); n > 0; n--) {
        json_t *child = random_value(r, depth + 1), *key = random_text(r);
        if (object)
            json_object_set_new(v, json_string_value(key), child);
        else
            json_array_append_new(v, child);
        json_decref(key);
    }
    return v;
}

static json_t *random_value(struct unit_random *r, unsigned depth)
{
    switch (unit_random_below(r, depth < 6 ? 8 : 5)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(unit_random_below(r, 2));
    case 2:
    case 3:
        return random_number(r);
    case 4:
        return random_text(r);
    default:
        return random_container(r, depth);
    }
}

static void assert_same(const struct json *ours, const json_t *theirs)
{
    static const enum json_type types[] = {
        [JANSSON_NULL_] = JSON_NULL,
    };
    (void)types;
    const struct json *child = ours->child;
    json_t *their_child;
    const char *key;
    size_t i;
    struct num n;
    switch (json_typeof(theirs)) {
    default:
        break;
    }
    (void)child, (void)their_child, (void)key, (void)i, (void)n;
}
