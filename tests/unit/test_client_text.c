/* SPDX-License-Identifier: MIT */
/* test_client_text.c - figures as people read them; texts that cannot steer a terminal. */
#include "client/text.h"
#include "support/unit.h"

static void assert_put(struct buf *b, const char *want)
{
    assert_str(buf_str(b), want);
    buf_release(b);
}

static void safe_text_has_no_control_characters(void **state)
{
    static const struct {
        const char *label;
        struct str in;
        const char *want;
    } cases[] = {
        { "plain", STR_INIT("SUMMER-10 %"), "SUMMER-10 %" },
        { "umlaut, euro, emoji", STR_INIT("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"),
          "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80" },
        { "escape", STR_INIT("\x1b[2J"), "?[2J" },
        { "line ends and tab", STR_INIT("a\r\nb\tc"), "a??b?c" },
        { "NUL and DEL", STR_INIT("a\0b\x7f"), "a?b?" },
        { "C1, which some terminals take for an escape",
          STR_INIT("a\xC2\x9B"
                   "31m"),
          "a?31m" },
        { "the first behind C1", STR_INIT("\xC2\xA0"), "\xC2\xA0" },
        { "no UTF-8",
          STR_INIT("a\x9B\xFF"
                   "b\xC3"),
          "a??b?" },
        { "not given", { NULL, 0 }, "" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b;
        print_message("  %s\n", cases[i].label);
        buf_init(&b, KIB);
        text_put_safe(&b, cases[i].in);
        assert_put(&b, cases[i].want);
    }
}

static void figures_read_well(void **state)
{
    static const struct {
        void (*put)(struct buf *b, int64_t n);
        int64_t n;
        const char *want;
    } cases[] = {
        { text_put_count, 0, "0" },
        { text_put_count, 999, "999" },
        { text_put_count, 1000, "1,000" },
        { text_put_count, 1234567, "1,234,567" },
        { text_put_count, 10000000001, "10,000,000,001" },
        { text_put_bytes, 0, "0 bytes" },
        { text_put_bytes, 1, "1 byte" },
        { text_put_bytes, 999, "999 bytes" },
        { text_put_bytes, 1000, "1.0 kB" },
        { text_put_bytes, 12345678, "12.3 MB" },
        { text_put_bytes, 999949, "999.9 kB" },
        { text_put_bytes, 999950, "1.0 MB" },
        { text_put_bytes, 10000000000, "10.0 GB" },
        { text_put_bytes, 9000000000000000, "9000.0 TB" },
        { text_put_seconds, 0, "0 s" },
        { text_put_seconds, 59, "59 s" },
        { text_put_seconds, 60, "1 min 00 s" },
        { text_put_seconds, 3599, "59 min 59 s" },
        { text_put_seconds, 3600, "1 h 00 min" },
        { text_put_seconds, 360000, "100 h 00 min" },
        { text_put_duration, 0, "0 ms" },
        { text_put_duration, 999, "999 ms" },
        { text_put_duration, 1000, "1.0 s" },
        { text_put_duration, 9949, "9.9 s" },
        { text_put_duration, 9950, "10 s" },
        { text_put_duration, 59600, "1 min 00 s" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b;
        print_message("  %s\n", cases[i].want);
        buf_init(&b, KIB);
        cases[i].put(&b, cases[i].n);
        assert_put(&b, cases[i].want);
    }
}

static void escaped_text_stays_within_its_part_of_a_url(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, KIB);
    text_put_escaped(&b, STR("aZ09-._~ /?&=#%+\xC3\xA4\0"));
    assert_put(&b, "aZ09-._~%20%2F%3F%26%3D%23%25%2B%C3%A4%00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safe_text_has_no_control_characters),
        cmocka_unit_test(figures_read_well),
        cmocka_unit_test(escaped_text_stays_within_its_part_of_a_url),
    };
    return cmocka_run_group_tests_name("client/text", tests, NULL, NULL);
}
