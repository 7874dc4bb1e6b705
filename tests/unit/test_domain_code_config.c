/* SPDX-License-Identifier: MIT */
/* test_domain_code_config.c - which codes a code_config makes, and which configs make none. */
#include <stdio.h>

#include "base/fault.h"
#include "domain/code_config.h"
#include "support/unit.h"

static int setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, 4 * KIB, 0);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    fault_disarm();
    arena_release(*state);
    return 0;
}

static const struct json *parse(struct arena *a, const char *text)
{
    struct json *v = NULL;
    if (text != NULL)
        MUST(json_parse(a, str_of(text), &v, must));
    return v;
}

static struct code_config config(struct arena *a, const char *text)
{
    struct code_config c;
    MUST(code_config_read(parse(a, text), 1, a, &c, must));
    return c;
}

#define LETTERS "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* `shape`: a * for each random character. */
static void assert_code(struct str code, const char *shape, const char *charset)
{
    assert_int_equal(code.len, strlen(shape));
    for (size_t i = 0; i < code.len; i++) {
        if (shape[i] == '*')
            assert_non_null(strchr(charset, code.p[i]));
        else
            assert_int_equal(code.p[i], shape[i]);
    }
}

static void codes_have_the_shape_that_was_asked_for(void **state)
{
    static const struct {
        const char *config, *shape, *charset;
    } cases[] = {
        { NULL, "********", LETTERS },
        { "null", "********", LETTERS },
        { "{}", "********", LETTERS },
        { "{\"length\":null,\"charset\":null,\"pattern\":null,\"x\":[]}", "********", LETTERS },
        { "{\"length\":3}", "***", LETTERS },
        { "{\"length\":3.0,\"initial_count\":7}", "***", LETTERS },
        { "{\"charset\":\"AB\",\"length\":20}", "********************", "AB" },
        { "{\"prefix\":\"P-\",\"postfix\":\"-S\",\"length\":2}", "P-**-S", LETTERS },
        { "{\"pattern\":\"G-##-##\",\"prefix\":\"New-\",\"postfix\":\"0\",\"charset\":\"01\"}",
          "New-G-**-**0", "01" },
        { "{\"pattern\":\"#\",\"length\":100}", "*", LETTERS },
        { "{\"prefix\":\"#\",\"pattern\":\"#\",\"charset\":\"x\"}", "#x", "x" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct code_config c = config(*state, cases[i].config);
        print_message("  %s\n", cases[i].config != NULL ? cases[i].config : "absent");
        for (int n = 0; n < 50; n++)
            assert_code(code_config_make(&c, *state), cases[i].shape, cases[i].charset);
    }
}

static void a_character_may_have_several_bytes(void **state)
{
    const struct code_config c =
        config(*state, "{\"charset\":\"\xC3\xA9\xE2\x82\xAC\",\"length\":4}");
    assert_int_equal(code_config_space(&c), 16);
    for (int n = 0; n < 50; n++) {
        const struct str code = code_config_make(&c, *state);
        assert_int_equal(str_utf8_invalid_at(code), code.len);
        assert_in_range(code.len, 8, 12);
    }
}

static void the_space_is_known(void **state)
{
    static const struct {
        const char *config;
        int64_t want;
    } cases[] = {
        { NULL, INT64_C(218340105584896) }, /* 62^8 */
        { "{\"charset\":\"AAABBB\",\"length\":3}", 8 },
        { "{\"charset\":\"0123456789\",\"pattern\":\"A##-#\",\"length\":9}", 1000 },
        { "{\"length\":10}", INT64_C(839299365868340224) },
        { "{\"length\":11}", INT64_MAX },
        { "{\"length\":512}", INT64_MAX },
        { "{\"charset\":\"A\"}", 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct code_config c = config(*state, cases[i].config);
        assert_int_equal(code_config_space(&c), cases[i].want);
    }
}

/* Of 30,000 draws each of three letters comes about 10,000 times: 1,000 are 12 standard deviations.
 * A letter that is named twice comes no more often. */
static void every_code_is_as_likely_as_the_others(void **state)
{
    const struct code_config c = config(*state, "{\"charset\":\"ABCA\",\"length\":1}");
    int counts[3] = { 0 };
    for (int i = 0; i < 30000; i++) {
        const struct str code = code_config_make(&c, *state);
        counts[code.p[0] - 'A']++;
        if (i % 1000 == 0)
            assert_in_range(code.p[0], 'A', 'C');
    }
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        assert_in_range(counts[i], 9000, 11000);
}

static void a_config_that_makes_no_codes_is_refused(void **state)
{
    static const struct {
        const char *config;
        enum err_code code;
        const char *want;
    } cases[] = {
        { "[]", ERR_INVALID_PAYLOAD, "Property .code_config must be object,null" },
        { "{\"length\":\"8\"}", ERR_INVALID_PAYLOAD,
          "Property .code_config.length must be integer" },
        { "{\"length\":1.5}", ERR_INVALID_PAYLOAD, "Property .code_config.length must be integer" },
        { "{\"length\":-1}", ERR_INVALID_PAYLOAD, "Property .code_config.length must be >= 0" },
        { "{\"charset\":1}", ERR_INVALID_PAYLOAD, "Property .code_config.charset must be string" },
        { "{\"prefix\":{}}", ERR_INVALID_PAYLOAD, "Property .code_config.prefix must be string" },
        { "{\"postfix\":[]}", ERR_INVALID_PAYLOAD, "Property .code_config.postfix must be string" },
        { "{\"pattern\":true}", ERR_INVALID_PAYLOAD,
          "Property .code_config.pattern must be string" },
        { "{\"initial_count\":\"x\"}", ERR_INVALID_PAYLOAD,
          "Property .code_config.initial_count must be integer" },
        { "{\"length\":0}", ERR_INVALID_CODE_CONFIG, "Property .code_config.length must be >= 1" },
        { "{\"charset\":\"\"}", ERR_INVALID_CODE_CONFIG,
          "Property .code_config.charset must NOT have fewer than 1 characters" },
        { "{\"pattern\":\"ABC\"}", ERR_INVALID_CODE_CONFIG,
          "Property .code_config.pattern must have a # for a random character" },
        { "{\"pattern\":\"\"}", ERR_INVALID_CODE_CONFIG,
          "Property .code_config.pattern must have a # for a random character" },
        { "{\"length\":513}", ERR_INVALID_CODE_CONFIG,
          "Property .code_config must NOT make codes longer than 512 bytes" },
        { "{\"length\":9223372036854775807}", ERR_INVALID_CODE_CONFIG,
          "Property .code_config must NOT make codes longer than 512 bytes" },
        { "{\"length\":511,\"prefix\":\"ab\"}", ERR_INVALID_CODE_CONFIG,
          "Property .code_config must NOT make codes longer than 512 bytes" },
        { "{\"length\":257,\"charset\":\"\xC3\xA9\"}", ERR_INVALID_CODE_CONFIG,
          "Property .code_config must NOT make codes longer than 512 bytes" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct code_config c;
        struct err err = { 0 };
        print_message("  %s\n", cases[i].config);
        assert_int_equal(code_config_read(parse(*state, cases[i].config), 1, *state, &c, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.msg, cases[i].want);
    }
}

static void a_config_for_too_few_codes_is_refused(void **state)
{
    struct code_config c;
    struct err err = { 0 };
    const struct json *json = parse(*state, "{\"charset\":\"01\",\"pattern\":\"##\"}");
    MUST(code_config_read(json, 4, *state, &c, must));
    assert_int_equal(code_config_read(json, 5, *state, &c, &err), -1);
    assert_int_equal(err.code, ERR_INVALID_CODE_CONFIG);
    assert_string_equal(err.msg,
                        "Property .code_config makes 4 different codes only, 5 are needed");
}

static void a_charset_is_bounded(void **state)
{
    char text[CODE_CHARSET_MAX + 64];
    struct code_config c;
    struct err err = { 0 };
    snprintf(text, sizeof(text), "{\"charset\":\"%0*d\"}", CODE_CHARSET_MAX, 7);
    MUST(code_config_read(parse(*state, text), 1, *state, &c, must));
    assert_int_equal(c.n_characters, 2);
    snprintf(text, sizeof(text), "{\"charset\":\"%0*d\"}", CODE_CHARSET_MAX + 1, 7);
    assert_int_equal(code_config_read(parse(*state, text), 1, *state, &c, &err), -1);
    assert_string_equal(err.msg,
                        "Property .code_config.charset must NOT be longer than 1024 bytes");
}

static void running_out_of_memory_is_an_error(void **state)
{
    const struct json *json = parse(*state, "{\"pattern\":\"##\"}");
    size_t nth = 1;
    for (size_t fired = 1; fired != 0; nth++) {
        struct arena a;
        struct code_config c;
        struct err err = { 0 };
        arena_init(&a, 16, 0);
        fault_arm(FAULT_ALLOC, nth, false);
        const int rc = code_config_read(json, 1, &a, &c, &err);
        const bool made = rc == 0 && code_config_make(&c, &a).p != NULL;
        fired = fault_disarm();
        assert_int_equal(made, fired == 0);
        if (rc < 0)
            assert_int_equal(err.code, ERR_NOMEM);
        arena_release(&a);
    }
    assert_true(nth > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(codes_have_the_shape_that_was_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_character_may_have_several_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(the_space_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(every_code_is_as_likely_as_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_config_that_makes_no_codes_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_config_for_too_few_codes_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_charset_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(running_out_of_memory_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
