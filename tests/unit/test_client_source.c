/* SPDX-License-Identifier: MIT */
/* test_client_source.c - a file on its way out is sent as it was, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client.h"
#include "client/source.h"
#include "support/unit.h"

static void a_file_is_read_in_any_pieces(void **state)
{
    const char *path = unit_path(*state, "a.csv");
    unit_write_file(path, STR("0123456789"));
    for (size_t piece = 1; piece <= 12; piece++) {
        struct source s;
        char out[16];
        size_t n = 0;
        MUST(source_open(&s, path, must));
        assert_int_equal(s.bytes, 10);
        assert_string_equal(s.name, "a.csv");
        for (ssize_t got = 1; got > 0; n += (size_t)got) {
            assert_true(n + piece <= sizeof(out) + piece);
            got = source_read(&s, out + n, n + piece < sizeof(out) ? piece : sizeof(out) - n);
            assert_true(got >= 0);
        }
        assert_int_equal(n, 10);
        assert_memory_equal(out, "0123456789", 10);
        source_close(&s);
    }
}

static void a_file_that_changes_meanwhile_is_refused(void **state)
{
    static const off_t sizes[] = { 5, 20 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const char *path = unit_path(*state, "a.csv");
        struct source s;
        char out[16];
        ssize_t got = 0;
        unit_write_file(path, STR("0123456789"));
        MUST(source_open(&s, path, must));
        assert_int_equal(source_read(&s, out, 4), 4);
        assert_int_equal(truncate(path, sizes[i]), 0);
        do
            got = source_read(&s, out, 4);
        while (got > 0);
        assert_int_equal(got, -1);
        assert_true(s.failed);
        assert_non_null(strstr(s.err.msg, "has changed while it was read"));
        source_close(&s);
    }
}

static void what_is_no_file_is_refused(void **state)
{
    struct source s;
    struct err err = { 0 };
    assert_int_equal(source_open(&s, unit_path(*state, "none"), &err), -1);
    assert_non_null(strstr(err.msg, "cannot open '"));
    assert_int_equal(source_open(&s, *state, &err), -1);
    assert_non_null(strstr(err.msg, "is a directory"));
}

static void a_pipe_has_no_size(void **state)
{
    const char *path = unit_path(*state, "pipe");
    struct source s;
    char out[16];
    assert_int_equal(mkfifo(path, 0600), 0);
    const int writer = open(path, O_RDWR);
    assert_true(writer >= 0);
    assert_int_equal(write(writer, "abc", 3), 3);
    MUST(source_open(&s, path, must));
    assert_int_equal(s.bytes, -1);
    close(writer);
    assert_int_equal(source_read(&s, out, sizeof(out)), 3);
    assert_int_equal(source_read(&s, out, sizeof(out)), 0);
    source_close(&s);
}

/* No proxy hears of what stays on this machine, and of nothing that does not. */
static void loopback_is_told_from_the_world(void **state)
{
    static const struct {
        const char *host;
        bool want;
    } cases[] = {
        { "127.0.0.1", true },
        { "127.1.2.3", true },
        { "localhost", true },
        { "LocalHost", true },
        { "[::1]", true },
        { "::1", true },
        { "10.0.0.1", false },
        { "127.example.org", false },
        { "localhost.example.org", false },
        { "1.127.0.0", false },
        { "[::2]", false },
        { "", false },
        { "128.0.0.1", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s\n", cases[i].host);
        assert_int_equal(client_is_loopback(cases[i].host), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_read_in_any_pieces, unit_dir_setup,
                                        unit_dir_teardown),
        cmocka_unit_test_setup_teardown(a_file_that_changes_meanwhile_is_refused, unit_dir_setup,
                                        unit_dir_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, unit_dir_setup,
                                        unit_dir_teardown),
        cmocka_unit_test_setup_teardown(a_pipe_has_no_size, unit_dir_setup, unit_dir_teardown),
        cmocka_unit_test(loopback_is_told_from_the_world),
    };
    return cmocka_run_group_tests_name("client/source", tests, NULL, NULL);
}
