/* SPDX-License-Identifier: MIT */
/* test_base_num.c - numbers as text: what came in comes out. */
#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "support/unit.h"

static void assert_prints(struct num n, const char *want)
{
    struct buf b;
    buf_init(&b, 100);
    num_put(&b, n);
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

static void num_parse_takes_json_numbers_only(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* out NULL: refused */
    } cases[] = {
        { "0", "0" },
        { "-0", "0" },
        { "7", "7" },
        { "-12", "-12" },
        { "29.99", "29.99" },
        { "0.1", "0.1" },
        { "1.0", "1" },
        { "1e2", "100" },
        { "1E+2", "100" },
        { "-1.5e-3", "-0.0015" },
        { "9223372036854775807", "9223372036854775807" },
        { "-9223372036854775808", "-9223372036854775808" },
        { "9223372036854775808", "9.223372036854776e+18" },
        { "123456789012345678901234567890", "1.2345678901234568e+29" },
        { "0.30000000000000004", "0.30000000000000004" },
        { "5e-324", "4.94065645841247e-324" },
        { "", NULL },
        { "-", NULL },
        { "+1", NULL },
        { "01", NULL },
        { "-01", NULL },
        { "1.", NULL },
        { ".5", NULL },
        { "1e", NULL },
        { "1e+", NULL },
        { "1 ", NULL },
        { " 1", NULL },
        { "0x10", NULL },
        { "1,5", NULL },
        { "1e400", NULL },
        { "nan", NULL },
        { "inf", NULL },
        { "1.2.3", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct num n;
        print_message("  %s\n", cases[i].in);
        assert_int_equal(num_parse(str_of(cases[i].in), &n), cases[i].out != NULL);
        if (cases[i].out != NULL)
            assert_prints(n, cases[i].out);
    }
}

static void num_text_of_any_double_reads_back_the_same(void **state)
{
    (void)state;
    struct unit_random r = { 1 };
    for (int i = 0; i < 200000; i++) {
        const uint64_t bits = unit_random(&r);
        struct num n = { .is_int = false }, back;
        struct buf b;
        memcpy(&n.d, &bits, sizeof(n.d));
        if (!isfinite(n.d))
            continue;
        buf_init(&b, 100);
        num_put(&b, n);
        assert_true(num_parse(buf_str(&b), &back));
        assert_true(num_eq(n, back));
        buf_release(&b);
    }
}

static void num_integers_print_as_printf_prints_them(void **state)
{
    (void)state;
    static const int64_t edges[] = { 0, 1, -1, 9, 10, -10, INT64_MAX, INT64_MIN, INT64_MIN + 1 };
    struct unit_random r = { 2 };
    char want[32];
    for (size_t i = 0; i < 100000; i++) {
        const int64_t any = (int64_t)(unit_random(&r) >> unit_random_below(&r, 64));
        const int64_t v = i < ARRAY_LEN(edges) ? edges[i] : any;
        snprintf(want, sizeof(want), "%lld", (long long)v);
        assert_prints(num_int(v), want);
    }
}

static void num_prices_print_as_they_were_written(void **state)
{
    (void)state;
    for (int cents = 0; cents < 100000; cents++) {
        char text[32];
        struct num n;
        snprintf(text, sizeof(text), "%d.%d%d", cents / 100, cents / 10 % 10, cents % 10);
        if (cents % 10 == 0)
            continue; /* 1.50 is printed as 1.5 */
        assert_true(num_parse(str_of(text), &n));
        assert_prints(n, text);
    }
}

static void num_parse_i64_takes_its_range_and_no_more(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        bool ok;
        int64_t want;
    } cases[] = {
        { "0", true, 0 },
        { "-0", true, 0 },
        { "+5", true, 5 },
        { "007", true, 7 },
        { "9223372036854775807", true, INT64_MAX },
        { "-9223372036854775808", true, INT64_MIN },
        { "9223372036854775808", false, 0 },
        { "-9223372036854775809", false, 0 },
        { "99999999999999999999", false, 0 },
        { "", false, 0 },
        { "-", false, 0 },
        { "+-1", false, 0 },
        { "1.0", false, 0 },
        { "1e3", false, 0 },
        { " 1", false, 0 },
        { "1a", false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t v = 0;
        print_message("  %s\n", cases[i].in);
        assert_int_equal(num_parse_i64(str_of(cases[i].in), &v), cases[i].ok);
        if (cases[i].ok)
            assert_true(v == cases[i].want);
    }
    int64_t v;
    assert_false(num_parse_i64((struct str){ 0 }, &v));
}

static void num_scaled_is_rounded_half_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        unsigned digits;
        bool ok;
        int64_t want;
        bool cut;
    } cases[] = {
        { "14.5", 2, true, 1450, false },
        { "13", 2, true, 1300, false },
        { "0.01", 2, true, 1, false },
        { "-3", 2, true, -300, false },
        { "12.345", 2, true, 1235, true },
        { "12.344", 2, true, 1234, true },
        { "-12.345", 2, true, -1235, true },
        { "0.00499", 2, true, 0, true },
        { "0.999", 2, true, 100, true },
        { "1.5", 0, true, 2, true },
        { ".5", 2, true, 50, false },
        { "92233720368547758.07", 2, true, INT64_MAX, false },
        { "92233720368547758.08", 2, false, 0, false },
        { "92233720368547758.075", 2, false, 0, false },
        { "-92233720368547758.08", 2, true, INT64_MIN, false },
        { "1.", 2, false, 0, false },
        { ".", 2, false, 0, false },
        { "", 2, false, 0, false },
        { "1.2.3", 2, false, 0, false },
        { "1,5", 2, false, 0, false },
        { "1e2", 2, false, 0, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t v = 0;
        bool cut = false;
        print_message("  %s\n", cases[i].in);
        assert_int_equal(num_parse_scaled(str_of(cases[i].in), cases[i].digits, &v, &cut),
                         cases[i].ok);
        if (!cases[i].ok)
            continue;
        assert_true(v == cases[i].want);
        assert_int_equal(cut, cases[i].cut);
        assert_true(num_parse_scaled(str_of(cases[i].in), cases[i].digits, &v, NULL));
    }
}

static void num_integer_and_fraction_of_the_same_worth_are_equal(void **state)
{
    (void)state;
    assert_true(num_eq(num_int(5), (struct num){ .d = 5.0 }));
    assert_false(num_eq(num_int(5), (struct num){ .d = 5.5 }));
    assert_false(num_eq(num_int(INT64_MAX), num_int(INT64_MAX - 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(num_parse_takes_json_numbers_only),
        cmocka_unit_test(num_text_of_any_double_reads_back_the_same),
        cmocka_unit_test(num_integers_print_as_printf_prints_them),
        cmocka_unit_test(num_prices_print_as_they_were_written),
        cmocka_unit_test(num_parse_i64_takes_its_range_and_no_more),
        cmocka_unit_test(num_scaled_is_rounded_half_away_from_zero),
        cmocka_unit_test(num_integer_and_fraction_of_the_same_worth_are_equal),
    };
    return cmocka_run_group_tests_name("base/num", tests, NULL, NULL);
}
