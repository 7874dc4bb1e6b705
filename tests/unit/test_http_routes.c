/* SPDX-License-Identifier: MIT */
/* test_http_routes.c - the API's own table: every row can be reached, and only once. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "api/api.h"
#include "http/url.h"

/* The pattern with a word for each parameter that no route has. */
static struct str example_path(struct arena *a, const char *pattern)
{
    struct buf path;
    buf_init(&path, KIB);
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p != '{') {
            buf_putc(&path, *p);
            continue;
        }
        buf_puts(&path, STR("anything"));
        p = strchr(p, '}');
        assert_non_null(p);
    }
    const struct str kept = arena_str(a, buf_str(&path));
    buf_release(&path);
    return kept;
}

static void every_route_is_reached_by_its_own_path(void **state)
{
    const struct route *routes;
    size_t n_routes;
    (void)state;
    api_routes(&routes, &n_routes);
    for (size_t i = 0; i < n_routes; i++) {
        struct arena a;
        struct err err = { 0 };
        struct route_match m = { 0 };
        struct str segments[URL_SEGMENTS_MAX];
        print_message("  %s %s\n", routes[i].method, routes[i].pattern);
        arena_init(&a, KIB, 0);
        const int n = url_split(&a, example_path(&a, routes[i].pattern), segments);
        assert_in_range(n, 1, URL_SEGMENTS_MAX);
        assert_int_equal(
            route_find(routes, n_routes, routes[i].method, segments, (size_t)n, &a, &m, &err), 0);
        assert_ptr_equal(m.route, &routes[i]);
        arena_release(&a);
    }
}

static void no_route_stands_twice_and_every_one_has_a_handler(void **state)
{
    const struct route *routes;
    size_t n;
    (void)state;
    api_routes(&routes, &n);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(routes[i].handler);
        assert_true((routes[i].body == BODY_RECORDS) == (routes[i].records != NULL));
        for (size_t k = i + 1; k < n; k++)
            assert_false(strcmp(routes[i].pattern, routes[k].pattern) == 0 &&
                         strcmp(routes[i].method, routes[k].method) == 0);
    }
}

/* What a route that is not listed here asks for is the project. */
static enum route_auth wanted_auth(const struct route *r)
{
    static const struct {
        const char *method, *pattern;
        enum route_auth auth;
    } others[] = {
        { "GET", "/v1/exports/{id}", AUTH_LINK }, /* a signed link is its own key */
        { "GET", "/v1/async-actions/{id}/reports/{part}", AUTH_NONE }, /* the same */
        { "POST", "/v1/oauth/token", AUTH_KEYS },
        { "POST", "/v1/oauth/introspect", AUTH_KEYS },
        { "POST", "/v1/oauth/token/revoke", AUTH_KEYS },
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (strcmp(r->method, others[i].method) == 0 && strcmp(r->pattern, others[i].pattern) == 0)
            return others[i].auth;
    }
    if (str_starts_with(str_of(r->pattern), STR("/management/v1/")))
        return AUTH_MANAGEMENT;
    return str_starts_with(str_of(r->pattern), STR("/v1/")) ? AUTH_PROJECT : AUTH_NONE;
}

static void only_health_and_signed_links_are_open(void **state)
{
    const struct route *routes;
    size_t n;
    (void)state;
    api_routes(&routes, &n);
    for (size_t i = 0; i < n; i++) {
        print_message("  %s %s\n", routes[i].method, routes[i].pattern);
        assert_int_equal(routes[i].auth, wanted_auth(&routes[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_reached_by_its_own_path),
        cmocka_unit_test(no_route_stands_twice_and_every_one_has_a_handler),
        cmocka_unit_test(only_health_and_signed_links_are_open),
    };
    return cmocka_run_group_tests_name("http/routes", tests, NULL, NULL);
}
