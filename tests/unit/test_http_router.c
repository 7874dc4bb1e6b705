/* SPDX-License-Identifier: MIT */
/* test_http_router.c - fixed words shadow parameters, and a wrong method is told the right ones. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "http/router.h"
#include "http/url.h"

/* The parameter stands before the fixed word on purpose. */
static const struct route routes[] = {
    { "GET", "/v1/things/{code}", AUTH_PROJECT, BODY_NONE, NULL },
    { "POST", "/v1/things/{code}", AUTH_PROJECT, BODY_NONE, NULL },
    { "POST", "/v1/things/import", AUTH_PROJECT, BODY_NONE, NULL },
    { "GET", "/v1/things", AUTH_PROJECT, BODY_NONE, NULL },
    { "GET", "/v1/{kind}/{id}/parts/{part}", AUTH_PROJECT, BODY_NONE, NULL },
    { "GET", "/v1/things/{id}/parts/{part}", AUTH_PROJECT, BODY_NONE, NULL },
};

static int find(struct arena *a, const char *method, const char *path, struct route_match *out,
                struct err *err)
{
    struct str segments[URL_SEGMENTS_MAX];
    const int n = url_split(a, str_of(path), segments);
    assert_in_range(n, 0, URL_SEGMENTS_MAX);
    return route_find(routes, ARRAY_LEN(routes), method, segments, (size_t)n, a, out, err);
}

static void route_find_prefers_fixed_words(void **state)
{
    static const struct {
        const char *method, *path;
        size_t want;
        const char *args[2];
    } cases[] = {
        { "GET", "/v1/things", 3, { 0 } },
        { "HEAD", "/v1/things", 3, { 0 } },
        { "GET", "/v1/things/", 3, { 0 } },
        { "GET", "/v1/things/A", 0, { "A" } },
        { "GET", "/v1/things/a%2Fb", 0, { "a/b" } },
        { "POST", "/v1/things/A", 1, { "A" } },
        { "POST", "/v1/things/import", 2, { 0 } },
        { "POST", "/v1/things/%69mport", 2, { 0 } },
        { "GET", "/v1/things/import", 0, { "import" } },
        { "GET", "/v1/things/A/parts/B", 5, { "A", "B" } },
        { "GET", "/v1/others/A/parts/B", 4, { "others", "A" } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct route_match m = { 0 };
        struct err err = { 0 };
        print_message("  %s %s\n", cases[i].method, cases[i].path);
        arena_init(&a, KIB, 0);
        assert_int_equal(find(&a, cases[i].method, cases[i].path, &m, &err), 0);
        assert_ptr_equal(m.route, &routes[cases[i].want]);
        for (size_t n = 0; n < 2 && cases[i].args[n] != NULL; n++)
            assert_true(str_is(m.args[n], cases[i].args[n]));
        arena_release(&a);
    }
}

static void route_find_refuses_unknown_paths_and_methods(void **state)
{
    static const struct {
        const char *method, *path;
        enum err_code code;
        const char *allow, *msg;
    } cases[] = {
        { "GET", "/", ERR_NOT_FOUND, "", NULL },
        { "GET", "/v1", ERR_NOT_FOUND, "", NULL },
        { "GET", "/v1/things/A/parts", ERR_NOT_FOUND, "", NULL },
        { "GET", "/v1/things//parts/B", ERR_NOT_FOUND, "", NULL },
        { "PUT", "/v1/things", ERR_METHOD, "GET",
          "PUT is not supported by this endpoint. Did you mean GET?" },
        { "PUT", "/v1/things/A", ERR_METHOD, "GET, POST",
          "PUT is not supported by this endpoint. Did you mean GET or POST?" },
        { "DELETE", "/v1/things/import", ERR_METHOD, "GET, POST", NULL },
        { "HEAD", "/v1/nothing", ERR_NOT_FOUND, "", NULL },
        { "AMETHODWITHAVERYLONGNAME", "/v1/things", ERR_METHOD, "GET", NULL },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct route_match m = { 0 };
        struct err err = { 0 };
        print_message("  %s %s\n", cases[i].method, cases[i].path);
        arena_init(&a, KIB, 0);
        assert_int_equal(find(&a, cases[i].method, cases[i].path, &m, &err), -1);
        assert_null(m.route);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(m.allow, cases[i].allow);
        if (cases[i].msg != NULL)
            assert_string_equal(err.msg, cases[i].msg);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(route_find_prefers_fixed_words),
        cmocka_unit_test(route_find_refuses_unknown_paths_and_methods),
    };
    return cmocka_run_group_tests_name("http/router", tests, NULL, NULL);
}
