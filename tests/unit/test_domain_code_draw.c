/* SPDX-License-Identifier: MIT */
/* test_domain_code_draw.c - codes by their place: all of them, each once, in an order that shows
 * nothing. */
#include <stdlib.h>

#include "domain/code_draw.h"
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

static struct code_config *read_config(struct arena *a, const char *text)
{
    struct code_config *c = arena_alloc(a, sizeof(*c));
    struct json *tree = NULL;
    MUST(json_parse(a, str_of(text), &tree, must));
    MUST(code_config_read(tree, 1, a, c, must));
    return c;
}

static struct code_draw draw_of(const struct code_config *c, unsigned char first)
{
    unsigned char key[CODE_DRAW_KEY_BYTES] = { first, 7, 1 };
    struct code_draw d;
    code_draw_init(&d, c, key);
    return d;
}

static int cmp_str(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void every_code_comes_once(void **state)
{
    static const struct {
        const char *config;
        int64_t space;
    } cases[] = {
        { "{\"pattern\":\"#\",\"charset\":\"A\"}", 1 },
        { "{\"pattern\":\"A#\",\"charset\":\"AB\"}", 2 },
        { "{\"length\":2,\"charset\":\"012\"}", 9 },
        { "{\"pattern\":\"x#-#y#\",\"charset\":\"0123456789\",\"prefix\":\"<\",\"postfix\":\">\"}",
          1000 },
        { "{\"length\":4,\"charset\":\"abcdefghijk\"}", 14641 },
        { "{\"length\":1,\"charset\":\"\xC3\xA4\xC3\xB6z\"}", 3 },
    };
    struct arena *a = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct code_draw d = draw_of(read_config(a, cases[i].config), (unsigned char)i);
        struct str *codes = arena_alloc(a, (size_t)cases[i].space * sizeof(*codes));
        assert_int_equal(d.space, cases[i].space);
        for (int64_t k = 0; k < d.space; k++)
            codes[k] = code_draw_at(&d, k, a);
        assert_true(str_eq(codes[0], code_draw_at(&d, 0, a)));
        qsort(codes, (size_t)d.space, sizeof(*codes), cmp_str);
        for (int64_t k = 1; k < d.space; k++)
            assert_true(str_cmp(codes[k - 1], codes[k]) < 0);
    }
}

static void pattern_prefix_and_postfix_are_around_it(void **state)
{
    struct arena *a = *state;
    const struct code_draw d = draw_of(
        read_config(
            a, "{\"pattern\":\"x#-#y#\",\"charset\":\"A\",\"prefix\":\"<\",\"postfix\":\">\"}"),
        1);
    assert_str(code_draw_at(&d, 0, a), "<xA-AyA>");
}

/* Of 100,000 of a million, each digit at each place is as frequent as the others. */
static void characters_are_even(void **state)
{
    enum { DRAWN = 100000, DIGITS = 6 };
    struct arena *a = *state;
    const struct code_draw d =
        draw_of(read_config(a, "{\"length\":6,\"charset\":\"0123456789\"}"), 3);
    static int counts[DIGITS][10];
    memset(counts, 0, sizeof(counts));
    for (int64_t k = 0; k < DRAWN; k++) {
        struct arena scratch;
        arena_init(&scratch, KIB, 0);
        const struct str code = code_draw_at(&d, k, &scratch);
        for (size_t i = 0; i < DIGITS; i++)
            counts[i][code.p[i] - '0']++;
        arena_release(&scratch);
    }
    for (size_t i = 0; i < DIGITS; i++)
        for (size_t digit = 0; digit < 10; digit++)
            assert_in_range(counts[i][digit], DRAWN / 10 - 500, DRAWN / 10 + 500); /* 5 sigma */
}

static void another_key_is_another_order(void **state)
{
    struct arena *a = *state;
    const struct code_config *c = read_config(a, "{\"length\":6,\"charset\":\"0123456789\"}");
    const struct code_draw x = draw_of(c, 1), y = draw_of(c, 2);
    int same = 0;
    for (int64_t k = 0; k < 1000; k++)
        same += str_eq(code_draw_at(&x, k, a), code_draw_at(&y, k, a));
    assert_true(same < 5);
}

static void large_space_is_drawn_with_replacement(void **state)
{
    struct arena *a = *state;
    const struct code_draw d =
        draw_of(read_config(a, "{\"length\":500,\"charset\":\"abcdefg\"}"), 1);
    int counts[7] = { 0 };
    assert_int_equal(d.space, INT64_MAX);
    for (int64_t k = 0; k < 200; k++) {
        const struct str code = code_draw_at(&d, k, a);
        assert_int_equal(code.len, 500);
        assert_true(str_eq(code, code_draw_at(&d, k, a)));
        assert_true(k == 0 || !str_eq(code, code_draw_at(&d, k - 1, a)));
        for (size_t i = 0; i < code.len; i++)
            counts[code.p[i] - 'a']++;
    }
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        assert_in_range(counts[i], 100000 / 7 - 560, 100000 / 7 + 560); /* 5 sigma */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_code_comes_once),
        TEST(pattern_prefix_and_postfix_are_around_it),
        TEST(characters_are_even),
        TEST(another_key_is_another_order),
        TEST(large_space_is_drawn_with_replacement),
    };
    return cmocka_run_group_tests_name("domain/code_draw", tests, NULL, NULL);
}
