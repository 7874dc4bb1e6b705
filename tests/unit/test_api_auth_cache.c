/* SPDX-License-Identifier: MIT */
/* test_api_auth_cache.c - what is remembered of who was let in, and for how long. */
#include <pthread.h>
#include <stdio.h>

#include "api/auth_cache.h"
#include "support/unit.h"

#define NOW  INT64_C(5000000)
#define NONE ((struct str){ NULL, 0 })

struct secret {
    unsigned char hash[ID_HASH_BYTES];
};

static struct secret secret_of(const char *text)
{
    struct secret s;
    id_hash_token(str_of(text), s.hash);
    return s;
}

static struct auth_grant grant_of(int64_t project_id)
{
    return (struct auth_grant){ .project_id = project_id,
                                .public_id = "proj_abcdefgh",
                                .scopes = SCOPE_ALL };
}

static int setup(void **state)
{
    *state = auth_cache_new();
    return *state != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    auth_cache_free(*state);
    return 0;
}

static void answer_is_remembered_for_a_second_at_most(void **state)
{
    static const struct {
        int64_t valid_us, later_us;
        bool found;
    } cases[] = {
        { AUTH_CACHE_US, 0, true },
        { AUTH_CACHE_US, AUTH_CACHE_US - 1, true },
        { AUTH_CACHE_US, AUTH_CACHE_US, false },
        { 900 * AUTH_CACHE_US, AUTH_CACHE_US - 1, true },
        { 900 * AUTH_CACHE_US, AUTH_CACHE_US, false },
        { 300, 299, true },
        { 300, 300, false },
        { 0, 0, false },
        { -5, 0, false },
    };
    const struct secret s = secret_of("token");
    const struct auth_grant grant = grant_of(7);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct auth_grant got = { 0 };
        auth_cache_put(*state, STR("app"), s.hash, NOW, cases[i].valid_us, &grant);
        assert_int_equal(auth_cache_get(*state, STR("app"), s.hash, NOW + cases[i].later_us, &got),
                         cases[i].found);
        assert_int_equal(got.project_id, cases[i].found ? 7 : 0);
        if (cases[i].found)
            assert_string_equal(got.public_id, "proj_abcdefgh");
    }
}

static void nothing_else_is_let_in_by_it(void **state)
{
    const struct secret s = secret_of("token"), other = secret_of("other");
    const struct auth_grant grant = grant_of(7);
    struct auth_grant got;
    auth_cache_put(*state, STR("app"), s.hash, NOW, AUTH_CACHE_US, &grant);
    assert_true(auth_cache_get(*state, STR("app"), s.hash, NOW, &got));
    assert_false(auth_cache_get(*state, STR("app"), other.hash, NOW, &got));
    assert_false(auth_cache_get(*state, STR("apq"), s.hash, NOW, &got));
    assert_false(auth_cache_get(*state, STR("ap"), s.hash, NOW, &got));
    assert_false(auth_cache_get(*state, STR("appp"), s.hash, NOW, &got));
    assert_false(auth_cache_get(*state, NONE, s.hash, NOW, &got));
    auth_cache_put(*state, NONE, other.hash, NOW, AUTH_CACHE_US, &grant);
    assert_true(auth_cache_get(*state, NONE, other.hash, NOW, &got));
    assert_false(auth_cache_get(*state, STR("app"), other.hash, NOW, &got));
}

static void what_is_forgotten_is_asked_for_again(void **state)
{
    const struct secret s = secret_of("token"), other = secret_of("other");
    const struct auth_grant grant = grant_of(7);
    struct auth_grant got;
    auth_cache_put(*state, NONE, s.hash, NOW, AUTH_CACHE_US, &grant);
    auth_cache_forget(*state, NONE, other.hash);
    auth_cache_forget(*state, STR("app"), s.hash);
    assert_true(auth_cache_get(*state, NONE, s.hash, NOW, &got));
    auth_cache_forget(*state, NONE, s.hash);
    assert_false(auth_cache_get(*state, NONE, s.hash, NOW, &got));
}

static void long_application_ids_are_not_remembered(void **state)
{
    char id[AUTH_APP_ID_MAX + 1];
    const struct secret s = secret_of("token");
    const struct auth_grant grant = grant_of(7);
    struct auth_grant got;
    memset(id, 'x', sizeof(id));
    const struct str fits = { id, AUTH_APP_ID_MAX }, longer = { id, AUTH_APP_ID_MAX + 1 };
    auth_cache_put(*state, longer, s.hash, NOW, AUTH_CACHE_US, &grant);
    assert_false(auth_cache_get(*state, longer, s.hash, NOW, &got));
    auth_cache_put(*state, fits, s.hash, NOW, AUTH_CACHE_US, &grant);
    assert_true(auth_cache_get(*state, fits, s.hash, NOW, &got));
    assert_false(auth_cache_get(*state, longer, s.hash, NOW, &got));
}

static void without_a_cache_nothing_is_remembered(void **state)
{
    const struct secret s = secret_of("token");
    const struct auth_grant grant = grant_of(7);
    struct auth_grant got;
    (void)state;
    auth_cache_put(NULL, STR("app"), s.hash, NOW, AUTH_CACHE_US, &grant);
    assert_false(auth_cache_get(NULL, STR("app"), s.hash, NOW, &got));
    auth_cache_forget(NULL, STR("app"), s.hash);
    auth_cache_free(NULL);
}

/* More clients than places: each gets its own answer or none. */
static void *be_many_clients(void *cache)
{
    for (int i = 0; i < 20000; i++) {
        char text[32];
        struct auth_grant got;
        const int64_t n = i % 4000;
        snprintf(text, sizeof(text), "client %lld", (long long)n);
        const struct secret s = secret_of(text);
        if (auth_cache_get(cache, STR("app"), s.hash, NOW, &got)) {
            assert_int_equal(got.project_id, n);
            continue;
        }
        const struct auth_grant grant = grant_of(n);
        auth_cache_put(cache, STR("app"), s.hash, NOW, AUTH_CACHE_US, &grant);
    }
    return NULL;
}

static void many_clients_never_get_each_others_answer(void **state)
{
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_many_clients, *state), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answer_is_remembered_for_a_second_at_most),
        TEST(nothing_else_is_let_in_by_it),
        TEST(what_is_forgotten_is_asked_for_again),
        TEST(long_application_ids_are_not_remembered),
        TEST(without_a_cache_nothing_is_remembered),
        TEST(many_clients_never_get_each_others_answer),
    };
    return cmocka_run_group_tests_name("api/auth_cache", tests, NULL, NULL);
}
