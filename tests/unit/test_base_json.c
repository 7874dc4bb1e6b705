/* SPDX-License-Identifier: MIT */
/*
 * test_base_json.c - the writer word for word, the reader against jansson on generated documents.
 *
 * Jansson has functions and constants of the same names, so it is neither included nor linked but
 * loaded: nothing of the one can be taken for the other.
 *
 * Where the two differ on purpose: integers beyond 64 bits and numbers beyond a double (jansson
 * refuses them), nesting beyond JSON_MAX_DEPTH and a byte-order mark (we refuse the one and skip
 * the other). A NUL behind a value is the end of the text to jansson 2.14, so no NUL is among the
 * damage that is done.
 */
#include <dlfcn.h>
#include <stdio.h>

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
        { "[1.50,1e2,-0,123456789012345678901234567890,-1e400]",
          "[1.50,1e2,-0,123456789012345678901234567890,-1e400]" },
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
        { "[1,x]", "not a value at byte 3" },        { "{\"a\" 1}", "expected ':' at byte 5" },
        { "[1] 2", "text after the end at byte 4" }, { "[\"\xFF\"]", "not UTF-8 at byte 2" },
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

static void json_in_refuses_a_nul_wherever_it_stands(void **state)
{
    (void)state;
    static const struct str cases[] = { STR_INIT("1\0"), STR_INIT("\0"), STR_INIT("[\0]"),
                                        STR_INIT("\"\0\""), STR_INIT("{\"a\0\":1}") };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct json *v;
        arena_init(&a, 1 * KIB, 0);
        assert_int_equal(parse(&a, cases[i], &v), -1);
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
    assert_str(json_text(v, "key"), "value");
    assert_null(json_text(v, "n").p);
    assert_null(json_text(NULL, "key").p);
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

struct oracle_error { /* json_error_t */
    int line, column, position;
    char source[80];
    char text[160];
};

enum { ORACLE_DECODE_ANY = 0x4 }; /* JSON_DECODE_ANY */

static struct {
    void *library;
    void *(*load)(const char *text, size_t n, size_t flags, struct oracle_error *error);
    int (*equal)(const void *a, const void *b);
    void (*free)(void *value);
} oracle;

static void *symbol(const char *name)
{
    void *p = dlsym(oracle.library, name);
    if (p == NULL)
        fail_msg("jansson has no %s", name);
    return p;
}

static int load_oracle(void **state)
{
    (void)state;
    oracle.library = dlopen("libjansson.so.4", RTLD_NOW | RTLD_LOCAL);
    if (oracle.library == NULL)
        fail_msg("%s", dlerror());
    *(void **)&oracle.load = symbol("json_loadb");
    *(void **)&oracle.equal = symbol("json_equal");
    *(void **)&oracle.free = symbol("json_delete");
    return 0;
}

static int drop_oracle(void **state)
{
    (void)state;
    return dlclose(oracle.library);
}

static void put_random_text(struct unit_random *r, struct buf *b)
{
    static const char *const pieces[] = {
        "a",
        "Z",
        "\\\"",
        "\\\\",
        "\\/",
        "/",
        "\\n",
        "\\t",
        "\\b",
        "\\f",
        "\\r",
        "\\u0001",
        "\\u00e9",
        "\\u20AC",
        "\\ud83d\\ude00",
        "\xC3\xA9",
        "\xE2\x82\xAC",
        "\xF0\x9F\x98\x80",
        " ",
        "{",
        "]",
        ",",
        ":",
        "\x7F",
        "key",
        "\\u007f",
        "\\uFFFF",
        "\xEF\xBF\xBF",
    };
    buf_putc(b, '"');
    for (size_t n = unit_random_below(r, 8); n > 0; n--)
        buf_puts(b, str_of(pieces[unit_random_below(r, ARRAY_LEN(pieces))]));
    buf_putc(b, '"');
}

static void put_random_number(struct unit_random *r, struct buf *b)
{
    const long long i = (long long)unit_random(r);
    switch (unit_random_below(r, 5)) {
    case 0:
        buf_printf(b, "%lld", i);
        break;
    case 1:
        buf_printf(b, "%lld", i % 1000);
        break;
    case 2:
        buf_printf(b, "%.2f", (double)(i % 100000) / 100.0);
        break;
    case 3:
        buf_printf(b, "%.17g", (double)i * 1e-30);
        break;
    default:
        buf_printf(b, "%lldE+%lld", i % 100, (i & 15));
        break;
    }
}

static void put_blanks(struct unit_random *r, struct buf *b)
{
    static const char *const blanks[] = { "", "", "", " ", "\n", "\t \r\n" };
    buf_puts(b, str_of(blanks[unit_random_below(r, ARRAY_LEN(blanks))]));
}

static void put_random_value(struct unit_random *r, struct buf *b, unsigned depth);

static void put_random_container(struct unit_random *r, struct buf *b, unsigned depth)
{
    const bool object = unit_random_below(r, 2) == 0;
    const size_t n = unit_random_below(r, depth == 0 ? 90 : 6);
    buf_putc(b, object ? '{' : '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(b, ',');
        put_blanks(r, b);
        if (object) {
            put_random_text(r, b);
            put_blanks(r, b);
            buf_putc(b, ':');
            put_blanks(r, b);
        }
        put_random_value(r, b, depth + 1);
        put_blanks(r, b);
    }
    buf_putc(b, object ? '}' : ']');
}

static void put_random_value(struct unit_random *r, struct buf *b, unsigned depth)
{
    static const char *const words[] = { "null", "true", "false" };
    const size_t which = depth == 0 ? 7 : unit_random_below(r, depth < 5 ? 9 : 6);
    if (which < 2)
        buf_puts(b, str_of(words[unit_random_below(r, ARRAY_LEN(words))]));
    else if (which < 4)
        put_random_number(r, b);
    else if (which < 6)
        put_random_text(r, b);
    else
        put_random_container(r, b, depth);
}

/* Jansson reads the text and what we make of the text: both must be the same value to it. When it
 * refuses the text so must we, but for numbers too large for it. */
static void assert_agrees(struct str text)
{
    struct arena a;
    struct json *ours = NULL;
    struct buf again;
    struct oracle_error error = { 0 };
    arena_init(&a, 8 * KIB, 0);
    buf_init(&again, 4 * MIB);
    void *theirs = oracle.load(text.p, text.len, ORACLE_DECODE_ANY, &error);
    const bool accepted = parse(&a, text, &ours) == 0;
    const bool too_big =
        strstr(error.text, "too big") != NULL || strstr(error.text, "real number overflow") != NULL;
    if (accepted != (theirs != NULL) && !(accepted && too_big))
        fail_msg("ours: %d, jansson: %s\n%.*s", accepted, error.text, STR_FMT(text));
    if (accepted && theirs != NULL) {
        json_put_tree(&(struct json_out){ .b = &again }, ours);
        void *back = oracle.load(again.p, again.len, ORACLE_DECODE_ANY, &error);
        if (back == NULL || !oracle.equal(theirs, back))
            fail_msg("%s\n%.*s\n%.*s", error.text, STR_FMT(text), STR_FMT(buf_str(&again)));
        oracle.free(back);
    }
    if (theirs != NULL)
        oracle.free(theirs);
    buf_release(&again);
    arena_release(&a);
}

static void json_in_reads_generated_documents_as_jansson_does(void **state)
{
    (void)state;
    struct unit_random r = { 4 };
    struct buf b;
    buf_init(&b, 4 * MIB);
    for (int i = 0; i < 3000; i++) {
        buf_reset(&b);
        put_random_value(&r, &b, 0);
        assert_agrees(buf_str(&b));
    }
    buf_release(&b);
}

static void json_in_judges_damaged_documents_as_jansson_does(void **state)
{
    (void)state;
    static const char bytes[] = "\"\\{}[],:0123456789+-.eEtfnu \n\x01\x80\xC3\xED\xF4\xFF";
    struct unit_random r = { 5 };
    struct buf b;
    buf_init(&b, 4 * MIB);
    for (int i = 0; i < 20000; i++) {
        buf_reset(&b);
        put_random_value(&r, &b, 3);
        for (size_t n = 1 + unit_random_below(&r, 2); n > 0; n--)
            b.p[unit_random_below(&r, b.len)] = bytes[unit_random_below(&r, sizeof(bytes) - 1)];
        assert_agrees(buf_str(&b));
        assert_agrees((struct str){ b.p, unit_random_below(&r, b.len) });
    }
    buf_release(&b);
}

static void json_in_out_of_memory_is_an_error(void **state)
{
    (void)state;
    const struct str text =
        STR("{\"a\":[1,\"x\\ny\",{\"b\":null}],\"c\":\"\\u00e9\",\"d\":[[[]]]}");
    for (size_t nth = 1, fired = 1; fired; nth++) {
        struct arena a;
        struct json *v;
        struct err err = { 0 };
        arena_init(&a, 16, 0);
        fault_arm(FAULT_ALLOC, nth, false);
        const int rc = json_parse(&a, text, &v, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired ? -1 : 0);
        if (fired)
            assert_int_equal(err.code, ERR_NOMEM);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_out_puts_commas_where_they_belong),
        cmocka_unit_test(json_out_escapes_what_it_must_and_nothing_else),
        cmocka_unit_test(json_in_takes_what_rfc_8259_takes),
        cmocka_unit_test(json_in_says_where_it_stopped),
        cmocka_unit_test(json_in_refuses_a_nul_wherever_it_stands),
        cmocka_unit_test(json_in_nests_to_its_limit),
        cmocka_unit_test(json_in_points_into_its_input),
        cmocka_unit_test(json_in_takes_the_last_of_a_repeated_key),
        cmocka_unit_test(json_in_reads_a_wide_object_in_no_time),
        cmocka_unit_test(json_in_reads_generated_documents_as_jansson_does),
        cmocka_unit_test(json_in_judges_damaged_documents_as_jansson_does),
        cmocka_unit_test(json_in_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("base/json", tests, load_oracle, drop_oracle);
}
