/* SPDX-License-Identifier: MIT */
/* test_base_log.c - a line is JSON, is whole, and is one write. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/time_iso.h"
#include "support/unit.h"

/* stderr goes to a file while `say` runs; its text is freed by the caller. */
static char *captured(const char *dir, void (*say)(void))
{
    const char *path = unit_path(dir, "log");
    const int before = dup(STDERR_FILENO);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(before >= 0 && fd >= 0);
    dup2(fd, STDERR_FILENO);
    say();
    dup2(before, STDERR_FILENO);
    close(before);
    close(fd);
    return unit_read_file(path);
}

static void say_one(void)
{
    log_event(LOG_WARN, "something_done", LOG_STR("text", "a \"b\"\n\xC3\xA9"),
              LOG_INT("number", -5), LOG_STR("none", NULL));
}

static void log_line_is_one_json_object(void **state)
{
    struct arena a;
    struct json *v;
    int64_t ms;
    char *text = captured(*state, say_one);
    arena_init(&a, 1 * KIB, 0);
    const size_t len = strlen(text);
    assert_true(len > 0 && strchr(text, '\n') == text + len - 1);
    MUST(json_parse(&a, (struct str){ text, len }, &v, must));
    assert_true(time_iso_parse(json_member(v, "ts")->text, &ms));
    assert_str(json_member(v, "level")->text, "warn");
    assert_str(json_member(v, "event")->text, "something_done");
    assert_str(json_member(v, "text")->text, "a \"b\"\n\xC3\xA9");
    assert_str(json_member(v, "number")->text, "-5");
    assert_int_equal(json_member(v, "none")->type, JSON_NULL);
    arena_release(&a);
    free(text);
}

static void say_at_all_levels(void)
{
    for (int level = LOG_DEBUG; level <= LOG_ERROR; level++) {
        log_set_level((enum log_level)level);
        for (int at = LOG_DEBUG; at <= LOG_ERROR; at++)
            log_event((enum log_level)at, "e", LOG_INT("n", at));
    }
    log_set_level(LOG_INFO);
}

static void log_says_what_is_at_least_of_the_level(void **state)
{
    size_t lines = 0;
    char *text = captured(*state, say_at_all_levels);
    for (const char *p = text; *p != '\0'; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 4 + 3 + 2 + 1);
    free(text);
}

static void log_level_names_are_these_four(void **state)
{
    (void)state;
    static const char *const names[] = { "debug", "info", "warn", "error" };
    enum log_level level;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_true(log_level_parse(str_of(names[i]), &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse(STR("INFO"), &level));
    assert_false(log_level_parse(STR(""), &level));
}

enum { THREADS = 4, LINES = 250 };

static void *say_many(void *arg)
{
    char text[200];
    memset(text, *(const char *)arg, sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < LINES; i++)
        log_event(LOG_INFO, "e", LOG_STR("text", text));
    return NULL;
}

static void say_from_threads(void)
{
    static char letters[] = "abcd";
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say_many, &letters[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void log_lines_of_threads_do_not_mix(void **state)
{
    char *text = captured(*state, say_from_threads);
    size_t lines = 0;
    struct str rest = str_of(text);
    while (rest.len > 0) {
        struct arena a;
        struct json *v;
        const struct str line = str_cut(rest, '\n', &rest);
        arena_init(&a, 1 * KIB, 0);
        MUST(json_parse(&a, line, &v, must));
        const struct str t = json_member(v, "text")->text;
        assert_int_equal(t.len, 199);
        for (size_t i = 1; i < t.len; i++)
            assert_int_equal(t.p[i], t.p[0]);
        arena_release(&a);
        lines++;
    }
    assert_int_equal(lines, THREADS * LINES);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(log_line_is_one_json_object, unit_dir_setup,
                                        unit_dir_teardown),
        cmocka_unit_test_setup_teardown(log_says_what_is_at_least_of_the_level, unit_dir_setup,
                                        unit_dir_teardown),
        cmocka_unit_test(log_level_names_are_these_four),
        cmocka_unit_test_setup_teardown(log_lines_of_threads_do_not_mix, unit_dir_setup,
                                        unit_dir_teardown),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
