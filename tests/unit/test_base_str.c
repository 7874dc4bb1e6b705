/* SPDX-License-Identifier: MIT */
/* test_base_str.c - text as pointer and length; UTF-8 against a decoder written the long way. */
#include "support/unit.h"

static void str_not_given_and_empty_are_equal_as_texts(void **state)
{
    (void)state;
    const struct str none = { 0 }, empty = STR("");
    assert_true(str_eq(none, empty));
    assert_true(str_is(none, ""));
    assert_null(str_of(NULL).p);
    assert_int_equal(str_of(NULL).len, 0);
    assert_true(str_starts_with(none, empty));
    assert_true(str_starts_with(STR("abc"), STR("ab")));
    assert_false(str_starts_with(STR("ab"), STR("abc")));
}

static void str_cmp_is_byte_order_shorter_first(void **state)
{
    (void)state;
    static const struct {
        struct str a, b;
        int sign;
    } cases[] = {
        { STR_INIT(""), STR_INIT(""), 0 },           { STR_INIT(""), STR_INIT("a"), -1 },
        { STR_INIT("a"), STR_INIT("a"), 0 },         { STR_INIT("a"), STR_INIT("ab"), -1 },
        { STR_INIT("b"), STR_INIT("ab"), 1 },        { STR_INIT("Z"), STR_INIT("a"), -1 },
        { STR_INIT("z"), STR_INIT("\xC3\xA9"), -1 }, { STR_INIT("a\0b"), STR_INIT("a\0c"), -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const int there = str_cmp(cases[i].a, cases[i].b), back = str_cmp(cases[i].b, cases[i].a);
        assert_int_equal((there > 0) - (there < 0), cases[i].sign);
        assert_int_equal((back > 0) - (back < 0), -cases[i].sign);
    }
}

static void str_nocase_folds_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Voucher Type"), STR("vOUCHER tYPE")));
    assert_false(str_eq_nocase(STR("[a"), STR("{a")));
    assert_false(str_eq_nocase(STR("\xC3\x84"), STR("\xC3\xA4"))); /* A-umlaut and its small one */
    assert_false(str_eq_nocase(STR("ab"), STR("abc")));
}

static void str_trim_takes_blanks_and_tabs_only(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "", "" },           { " \t ", "" }, { "a", "a" }, { "\t a b \t", "a b" },
        { "\na\n", "\na\n" }, { "  a", "a" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_str(str_trim(str_of(cases[i].in)), cases[i].want);
}

static void str_cut_gives_parts_until_there_are_none(void **state)
{
    (void)state;
    struct str rest = STR("a,,b,");
    static const char *const want[] = { "a", "", "b", "" };
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_non_null(rest.p);
        assert_str(str_cut(rest, ',', &rest), want[i]);
    }
    assert_null(rest.p);
    assert_str(str_cut((struct str){ 0 }, ',', &rest), "");
    assert_null(rest.p);
}

/* Bytes of the valid sequence at p, by the definition: decode it, then see whether it may be. */
static size_t plain_utf8(const unsigned char *p, size_t left)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const size_t n = p[0] < 0x80   ? 1
                     : p[0] < 0xC0 ? 0
                     : p[0] < 0xE0 ? 2
                     : p[0] < 0xF0 ? 3
                     : p[0] < 0xF8 ? 4
                                   : 0;
    uint32_t cp = n == 1 ? p[0] : n == 0 ? 0 : p[0] & (0xFFu >> (n + 1));
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        cp = cp << 6 | (p[i] & 0x3F);
    }
    const bool surrogate = cp >= 0xD800 && cp <= 0xDFFF;
    return cp >= least[n] && cp <= 0x10FFFF && !surrogate ? n : 0;
}

static size_t plain_invalid_at(struct str s)
{
    size_t i = 0;
    while (i < s.len) {
        const size_t n = plain_utf8((const unsigned char *)s.p + i, s.len - i);
        if (n == 0)
            return i;
        i += n;
    }
    return s.len;
}

static void assert_same_verdict(const unsigned char *bytes, size_t n)
{
    const struct str s = { (const char *)bytes, n };
    if (str_utf8_invalid_at(s) != plain_invalid_at(s))
        fail_msg("bytes %02x %02x %02x %02x of %zu", bytes[0], bytes[1], bytes[2], bytes[3], n);
}

static void utf8_every_pair_of_lead_and_second_byte_is_judged_right(void **state)
{
    (void)state;
    static const unsigned char tails[] = { 0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xFF };
    unsigned char b[4];
    for (unsigned lead = 0; lead < 65536; lead++) {
        b[0] = (unsigned char)(lead >> 8);
        b[1] = (unsigned char)lead;
        for (size_t i = 0; i < ARRAY_LEN(tails) * ARRAY_LEN(tails); i++) {
            b[2] = tails[i / ARRAY_LEN(tails)];
            b[3] = tails[i % ARRAY_LEN(tails)];
            for (size_t n = 1; n <= sizeof(b); n++)
                assert_same_verdict(b, n);
        }
    }
}

/* The reader takes eight ASCII bytes at a time: a bad byte at every place around that step. */
static void utf8_a_bad_byte_is_found_wherever_it_stands(void **state)
{
    (void)state;
    char text[40];
    for (size_t len = 1; len <= sizeof(text); len++) {
        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', len);
            text[at] = (char)0x80;
            assert_int_equal(str_utf8_invalid_at((struct str){ text, len }), at);
        }
    }
    assert_int_equal(str_utf8_invalid_at((struct str){ 0 }), 0);
}

static void utf8_cut_never_splits_a_character(void **state)
{
    (void)state;
    const struct str s = STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"); /* 1, 2, 3, 4, 1 bytes */
    static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
    for (size_t max = 0; max < ARRAY_LEN(want); max++)
        assert_int_equal(str_utf8_cut(s, max).len, want[max]);
    assert_int_equal(str_utf8_cut(STR("\x80\x80\x80\x80\x80\x80"), 5).len, 5); /* no character */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str_not_given_and_empty_are_equal_as_texts),
        cmocka_unit_test(str_cmp_is_byte_order_shorter_first),
        cmocka_unit_test(str_nocase_folds_ascii_letters_only),
        cmocka_unit_test(str_trim_takes_blanks_and_tabs_only),
        cmocka_unit_test(str_cut_gives_parts_until_there_are_none),
        cmocka_unit_test(utf8_every_pair_of_lead_and_second_byte_is_judged_right),
        cmocka_unit_test(utf8_a_bad_byte_is_found_wherever_it_stands),
        cmocka_unit_test(utf8_cut_never_splits_a_character),
    };
    return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
