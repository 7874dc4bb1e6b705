/* SPDX-License-Identifier: MIT */
/* test_http_url.c - paths are split first and decoded then. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "http/url.h"

static int make_arena(void **state)
{
    static struct arena a;
    arena_init(&a, KIB, 0);
    *state = &a;
    return 0;
}

static int drop_arena(void **state)
{
    arena_release(*state);
    return 0;
}

static void url_decode_undoes_percent_and_nothing_else(void **state)
{
    static const struct {
        const char *label;
        struct str in, want;
    } cases[] = {
        { "plain", STR_INIT("abc"), STR_INIT("abc") },
        { "empty", STR_INIT(""), STR_INIT("") },
        { "blank and slash", STR_INIT("a%20b%2Fc%2fd"), STR_INIT("a b/c/d") },
        { "a plus is a plus", STR_INIT("a+b%2B"), STR_INIT("a+b+") },
        { "percent sign", STR_INIT("10%25OFF"), STR_INIT("10%OFF") },
        { "no digits behind it", STR_INIT("10%OFF"), STR_INIT("10%OFF") },
        { "cut", STR_INIT("a%2"), STR_INIT("a%2") },
        { "cut to the percent sign", STR_INIT("a%"), STR_INIT("a%") },
        { "decoded once only", STR_INIT("%2541"), STR_INIT("%41") },
        { "UTF-8", STR_INIT("%C3%A4"), STR_INIT("\xC3\xA4") },
        { "NUL", STR_INIT("a%00b"), STR_INIT("a\0b") },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s\n", cases[i].label);
        const struct str got = url_decode(*state, cases[i].in);
        assert_non_null(got.p);
        assert_true(str_eq(got, cases[i].want));
    }
}

static void url_split_cuts_at_raw_slashes(void **state)
{
    static const struct {
        const char *path;
        int n;
        const char *want[URL_SEGMENTS_MAX];
    } cases[] = {
        { "/", 0, { 0 } },
        { "", 0, { 0 } },
        { "v1", 0, { 0 } },
        { "/v1", 1, { "v1" } },
        { "/v1/", 1, { "v1" } },
        { "/v1//x", 3, { "v1", "", "x" } },
        { "/v1/vouchers/a%2Fb", 3, { "v1", "vouchers", "a/b" } },
        { "/v1/vouchers/a b+c%20d", 3, { "v1", "vouchers", "a b+c d" } },
        { "/1/2/3/4/5/6/7/8", 8, { "1", "2", "3", "4", "5", "6", "7", "8" } },
        { "/1/2/3/4/5/6/7/8/9", URL_SEGMENTS_MAX + 1, { 0 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str segments[URL_SEGMENTS_MAX];
        print_message("  %s\n", cases[i].path);
        const int n = url_split(*state, str_of(cases[i].path), segments);
        assert_int_equal(n, cases[i].n);
        for (int s = 0; s < n && cases[i].want[s] != NULL; s++)
            assert_true(str_is(segments[s], cases[i].want[s]));
    }
}

static void url_form_field_is_the_first_of_its_name(void **state)
{
    static const struct {
        const char *form, *want; /* NULL: there is none */
    } cases[] = {
        { "name=v", "v" },
        { "a=1&name=v&name=w", "v" },
        { "name=a+b%20c%2Bd%26e", "a b c+d&e" },
        { "n%61me=v", "v" },
        { "name=", "" },
        { "name", "" },
        { "name=a=b", "a=b" },
        { "&&=&name=v&", "v" },
        { "name%=x&na+me=y", NULL },
        { "Name=v", NULL },
        { "names=v&nam=w", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got;
        print_message("  %s\n", cases[i].form);
        assert_int_equal(url_form_field(*state, str_of(cases[i].form), "name", &got), 0);
        assert_int_equal(got.p != NULL, cases[i].want != NULL);
        assert_true(str_is(got, cases[i].want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(url_decode_undoes_percent_and_nothing_else, make_arena,
                                        drop_arena),
        cmocka_unit_test_setup_teardown(url_split_cuts_at_raw_slashes, make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(url_form_field_is_the_first_of_its_name, make_arena,
                                        drop_arena),
    };
    return cmocka_run_group_tests_name("http/url", tests, NULL, NULL);
}
