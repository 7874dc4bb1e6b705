/* SPDX-License-Identifier: MIT */
/* test_base_time_iso.c - times as text, against libc's calendar. */
#include <stdio.h>
#include <time.h>

#include "base/time_iso.h"
#include "support/unit.h"

#define DAY_MS    INT64_C(86400000)
#define FIRST_DAY INT64_C(-719528) /* 0000-01-01 */
#define LAST_DAY  INT64_C(2932896) /* 9999-12-31 */

static void time_accepted_forms_mean_what_the_reference_says(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "2022-06-23", "2022-06-23T00:00:00.000Z" },
        { "2022-06-23T11", "2022-06-23T11:00:00.000Z" },
        { "2022-06-23T11:21", "2022-06-23T11:21:00.000Z" },
        { "2022-06-23T11:21:45", "2022-06-23T11:21:45.000Z" },
        { "2022-06-23T11:21:45Z", "2022-06-23T11:21:45.000Z" },
        { "2022-06-23t11:21:45z", "2022-06-23T11:21:45.000Z" },
        { "2022-06-23T11:21:45.5Z", "2022-06-23T11:21:45.500Z" },
        { "2022-06-23T11:21:45.578Z", "2022-06-23T11:21:45.578Z" },
        { "2022-06-23T11:21:45.578999999Z", "2022-06-23T11:21:45.578Z" },
        { "2022-06-23T11:21:45.000000001", "2022-06-23T11:21:45.000Z" },
        { "2022-06-23T00:30:00+02:00", "2022-06-22T22:30:00.000Z" },
        { "2022-06-23T00:30:00+0200", "2022-06-22T22:30:00.000Z" },
        { "2022-06-23T00:30+02", "2022-06-22T22:30:00.000Z" },
        { "2022-06-23T23:30:00.25-05:30", "2022-06-24T05:00:00.250Z" },
        { "2024-02-29", "2024-02-29T00:00:00.000Z" },
        { "2000-02-29", "2000-02-29T00:00:00.000Z" },
        { "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z" },
        { "0000-01-01", "0000-01-01T00:00:00.000Z" },
        { "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms;
        char out[TIME_ISO_LEN + 1];
        print_message("  %s\n", cases[i].in);
        assert_true(time_iso_parse(str_of(cases[i].in), &ms));
        time_iso_format(ms, out);
        assert_string_equal(out, cases[i].want);
    }
}

static void time_everything_else_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2022",
        "2022-06",
        "2022-6-3",
        "22-06-23",
        "2022/06/23",
        "2022-06-23 11:21",
        "2022-06-23T",
        "2022-06-23T1",
        "2022-06-23T11:",
        "2022-06-23T11:2",
        "2022-06-23T11:21:",
        "2022-06-23T11:21:4",
        "2022-06-23T11:21:45.",
        "2022-06-23T11:21:45.Z",
        "2022-06-23T11:21:45.1234567890Z",
        "2022-06-23T11:21:45ZZ",
        "2022-06-23T11:21:45 Z",
        "2022-06-23T11:21:45+",
        "2022-06-23T11:21:45+2",
        "2022-06-23T11:21:45+02:",
        "2022-06-23T11:21:45+02:0",
        "2022-06-23T11:21:45+15:00",
        "2022-06-23T11:21:45+02:60",
        "2022-06-23T11:21:45+02:000",
        "2022-06-23T24:00:00Z",
        "2022-06-23T11:60:00Z",
        "2022-06-23T11:21:60Z",
        "2022-00-10",
        "2022-13-10",
        "2022-01-00",
        "2022-01-32",
        "2022-04-31",
        "2023-02-29",
        "1900-02-29",
        "2022-06-23Z",
        "-022-06-23",
        "2022-06-23T-1:00",
        " 2022-06-23",
        "2022-06-23 ",
        "+2022-06-23",
        "1655983305578",
        "soon",
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t ms;
        print_message("  %s\n", cases[i]);
        assert_false(time_iso_parse(str_of(cases[i]), &ms));
    }
    int64_t ms;
    assert_false(time_iso_parse((struct str){ 0 }, &ms));
}

static void time_every_day_of_ten_thousand_years_reads_back(void **state)
{
    (void)state;
    for (int64_t day = FIRST_DAY; day <= LAST_DAY; day++) {
        char out[TIME_ISO_LEN + 1];
        int64_t back;
        const int64_t ms = day * DAY_MS + (day & 1 ? DAY_MS - 1 : 0);
        time_iso_format(ms, out);
        if (!time_iso_parse((struct str){ out, TIME_ISO_LEN }, &back) || back != ms)
            fail_msg("%s", out);
    }
}

static void time_agrees_with_the_calendar_of_libc(void **state)
{
    (void)state;
    struct unit_random r = { 2 };
    for (int i = 0; i < 100000; i++) {
        const int64_t span = (LAST_DAY - FIRST_DAY) * DAY_MS;
        const int64_t ms = FIRST_DAY * DAY_MS + (int64_t)(unit_random(&r) % (uint64_t)span);
        const time_t s = (time_t)((ms - (ms % 1000 + 1000) % 1000) / 1000);
        char out[TIME_ISO_LEN + 1], want[160];
        struct tm tm;
        gmtime_r(&s, &tm);
        snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 (int)((ms % 1000 + 1000) % 1000));
        time_iso_format(ms, out);
        assert_string_equal(out, want);
    }
}

static void time_outside_the_years_is_written_as_the_nearest(void **state)
{
    (void)state;
    char out[TIME_ISO_LEN + 1];
    time_iso_format(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    time_iso_format(INT64_MIN, out);
    assert_string_equal(out, "0000-01-01T00:00:00.000Z");
}

static void time_clocks_go_forward(void **state)
{
    (void)state;
    const int64_t us = time_monotonic_us();
    assert_true(time_monotonic_us() >= us);
    assert_true(time_now_ms() / 1000 - (int64_t)time(NULL) <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_accepted_forms_mean_what_the_reference_says),
        cmocka_unit_test(time_everything_else_is_refused),
        cmocka_unit_test(time_every_day_of_ten_thousand_years_reads_back),
        cmocka_unit_test(time_agrees_with_the_calendar_of_libc),
        cmocka_unit_test(time_outside_the_years_is_written_as_the_nearest),
        cmocka_unit_test(time_clocks_go_forward),
    };
    return cmocka_run_group_tests_name("base/time_iso", tests, NULL, NULL);
}
