/* SPDX-License-Identifier: MIT */
/* test_api_signing.c - a link is for one thing and one time, and for nothing else. */
#include "api/signing.h"
#include "support/unit.h"

#define NOW_MS INT64_C(1700000000000)

static const struct id_secret secret = { { 1, 2, 3 } };
static const struct link original = { .purpose = "export",
                                      .id = INT64_C(5) << 40 | 7,
                                      .part = 3,
                                      .project_id = 5,
                                      .expires_ms = NOW_MS };

static bool verify(struct link *link, const char *token, int64_t now_ms)
{
    return link_verify(&secret, link, str_of(token), now_ms);
}

static struct link named(void)
{
    return (struct link){ .purpose = original.purpose, .id = original.id, .part = original.part };
}

static void a_token_tells_project_and_expiry(void **state)
{
    char token[LINK_TOKEN_CHARS + 1];
    struct link link = named();
    (void)state;
    link_sign(&secret, &original, token);
    assert_int_equal(strlen(token), LINK_TOKEN_CHARS);
    assert_int_equal(
        strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
        LINK_TOKEN_CHARS);
    assert_true(verify(&link, token, NOW_MS - 1));
    assert_int_equal(link.project_id, original.project_id);
    assert_int_equal(link.expires_ms, original.expires_ms);
}

static void a_token_ends_with_its_time(void **state)
{
    char token[LINK_TOKEN_CHARS + 1];
    struct link link = named();
    (void)state;
    link_sign(&secret, &original, token);
    assert_true(verify(&link, token, 0));
    assert_false(verify(&link, token, NOW_MS));
    assert_false(verify(&link, token, NOW_MS + 1));
}

static void a_token_is_for_nothing_else(void **state)
{
    char token[LINK_TOKEN_CHARS + 1];
    static const struct id_secret other = { { 1, 2, 4 } };
    struct link link = named();
    (void)state;
    link_sign(&secret, &original, token);
    link.purpose = "report";
    assert_false(verify(&link, token, 0));
    link = named();
    link.id++;
    assert_false(verify(&link, token, 0));
    link = named();
    link.part++;
    assert_false(verify(&link, token, 0));
    link = named();
    assert_false(link_verify(&other, &link, str_of(token), 0));
}

static void every_changed_character_makes_it_wrong(void **state)
{
    char token[LINK_TOKEN_CHARS + 1];
    (void)state;
    link_sign(&secret, &original, token);
    for (size_t i = 0; i < LINK_TOKEN_CHARS; i++) {
        const char was = token[i];
        for (const char *c = "ABZaz09-_=+/ .%"; *c != '\0'; c++) {
            struct link link = named();
            token[i] = *c;
            assert_int_equal(verify(&link, token, 0), *c == was);
        }
        token[i] = was;
    }
}

static void a_token_of_another_length_is_none(void **state)
{
    char token[LINK_TOKEN_CHARS + 2];
    (void)state;
    link_sign(&secret, &original, token);
    token[LINK_TOKEN_CHARS] = 'A';
    for (size_t n = 0; n <= LINK_TOKEN_CHARS + 1; n++) {
        struct link link = named();
        assert_int_equal(link_verify(&secret, &link, (struct str){ token, n }, 0),
                         n == LINK_TOKEN_CHARS);
    }
    struct link link = named();
    assert_false(link_verify(&secret, &link, (struct str){ NULL, 0 }, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_tells_project_and_expiry),
        cmocka_unit_test(a_token_ends_with_its_time),
        cmocka_unit_test(a_token_is_for_nothing_else),
        cmocka_unit_test(every_changed_character_makes_it_wrong),
        cmocka_unit_test(a_token_of_another_length_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
