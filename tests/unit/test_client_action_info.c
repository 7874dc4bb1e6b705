/* SPDX-License-Identifier: MIT */
/* test_client_action_info.c - an action's JSON as people read it, and the exit status it gives. */
#include "client/action_info.h"
#include "support/unit.h"

#define HEAD "{\"id\":\"aa_1\",\"type\":\"VOUCHERS.IMPORT_CSV\",\"status\":"
#define DONE HEAD "\"DONE\",\"progress\":100,\"processing_time\":1200,\"result\":"

static int make_arena(void **state)
{
    static struct arena a;
    arena_init(&a, KIB, 0);
    *state = &a;
    return 0;
}

static int drop_arena(void **state)
{
    arena_release(*state);
    return 0;
}

static void assert_end(struct arena *a, const char *json, const char *want)
{
    struct action_info ac;
    struct buf b;
    MUST(action_info_read(a, str_of(json), &ac, must));
    buf_init(&b, 64 * KIB);
    action_info_put_end(&b, &ac);
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

static void the_end_is_told_for_every_kind_of_result(void **state)
{
    assert_end(*state,
               DONE "{\"message\":\"2 voucher(s) imported successfully, 0 failed.\",\"failed\":[],"
                    "\"done_count\":2,\"failed_count\":0}}",
               "DONE after 1.2 s: 2 rows done, 0 failed\n"
               "2 voucher(s) imported successfully, 0 failed.\n");
    assert_end(*state,
               DONE "{\"message\":\"m\",\"failed\":[{\"code\":\"B\\u001b[2J\",\"row\":2,\"reason\":"
                    "\"Value is required\"}],\"done_count\":1,\"failed_count\":1}}",
               "DONE after 1.2 s: 1 row done, 1 failed\nm\n  row 2  B?[2J  Value is required\n"
               "every row and what became of it: longshore actions report aa_1\n");
    assert_end(*state,
               DONE
               "{\"errors\":[{\"code\":\"B\",\"message\":\"Resource not found\",\"key\":"
               "\"not_found\",\"details\":\"Cannot find voucher with id B\"}],\"done_count\":1,"
               "\"failed_count\":1}}",
               "DONE after 1.2 s: 1 row done, 1 failed\n  B  Cannot find voucher with id B\n"
               "every row and what became of it: longshore actions report aa_1\n");
    assert_end(*state, DONE "{\"message\":\"Deleted 2 vouchers.\",\"done_count\":2}}",
               "DONE after 1.2 s: 2 rows done\nDeleted 2 vouchers.\n");
    assert_end(*state, HEAD "\"FAILED\"}", "FAILED\n");
}

static void the_first_ten_failures_are_shown_and_the_rest_counted(void **state)
{
    struct buf json, want;
    buf_init(&json, 64 * KIB);
    buf_init(&want, 64 * KIB);
    buf_puts(&json, STR(DONE "{\"failed\":["));
    buf_puts(&want, STR("DONE after 1.2 s: 0 rows done, 1,234 failed\n"));
    for (int i = 1; i <= 12; i++) {
        buf_printf(&json, "%s{\"code\":\"\",\"row\":%d,\"reason\":\"r\"}", i > 1 ? "," : "", i);
        if (i <= FAILURES_SHOWN)
            buf_printf(&want, "  row %d  -  r\n", i);
    }
    buf_puts(&json, STR("],\"done_count\":0,\"failed_count\":1234}}"));
    buf_puts(&want, STR("  and 1,224 more\n"
                        "every row and what became of it: longshore actions report aa_1\n"));
    buf_putc(&json, '\0');
    buf_putc(&want, '\0');
    assert_end(*state, json.p, want.p);
    buf_release(&json);
    buf_release(&want);
}

static void a_long_reason_is_cut(void **state)
{
    struct action_info ac;
    struct buf json, text;
    buf_init(&json, 64 * KIB);
    buf_init(&text, 64 * KIB);
    buf_puts(&json, STR(DONE "{\"failed\":[{\"row\":1,\"reason\":\""));
    for (int i = 0; i < 10000; i++)
        buf_putc(&json, 'x');
    buf_puts(&json, STR("\"}]}}"));
    MUST(action_info_read(*state, buf_str(&json), &ac, must));
    action_info_put_end(&text, &ac);
    assert_true(text.len < 500);
    assert_non_null(memmem(text.p, text.len, "xxx...\n", 7));
    buf_release(&json);
    buf_release(&text);
}

static void the_exit_status_follows_rows_and_status(void **state)
{
    static const struct {
        const char *json;
        bool ended;
        int want; /* once it has ended */
    } cases[] = {
        { DONE "{\"failed\":[],\"done_count\":2,\"failed_count\":0}}", true, 0 },
        { DONE "{\"failed\":[],\"done_count\":0,\"failed_count\":0}}", true, 0 },
        { DONE "{\"done_count\":2}}", true, 0 },
        { DONE "{\"failed\":[{}],\"done_count\":1,\"failed_count\":1}}", true, 1 },
        { DONE "{\"errors\":[{}]}}", true, 1 },
        { HEAD "\"FAILED\",\"result\":{\"failed\":[],\"done_count\":5,\"failed_count\":0}}", true,
          2 },
        { HEAD "\"IN_PROGRESS\"}", false, 2 },
        { HEAD "\"ENQUEUED\"}", false, 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct action_info ac;
        print_message("  %s\n", cases[i].json);
        MUST(action_info_read(*state, str_of(cases[i].json), &ac, must));
        assert_int_equal(action_info_has_ended(&ac), cases[i].ended);
        assert_int_equal(action_info_exit_status(&ac), cases[i].want);
    }
}

static void what_is_no_action_is_refused(void **state)
{
    static const char *const cases[] = { "",
                                         "[]",
                                         "null",
                                         "{}",
                                         "<html>",
                                         "{\"id\":\"aa_1\"}",
                                         "{\"id\":1,\"status\":\"DONE\"}",
                                         "{\"id\":\"aa_1\",\"status\":\"\"}" };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct action_info ac;
        struct err err = { 0 };
        assert_int_equal(action_info_read(*state, str_of(cases[i]), &ac, &err), -1);
        assert_int_equal(err.code, ERR_INVALID_JSON);
    }
}

/* Another server's, or a later one's. */
static void members_of_a_wrong_type_are_not_said(void **state)
{
    struct action_info ac;
    MUST(action_info_read(*state,
                          STR(HEAD "\"DONE\",\"progress\":\"x\",\"processing_time\":-5,\"result\":"
                                   "{\"message\":7,\"failed\":{},\"done_count\":1.5}}"),
                          &ac, must));
    assert_int_equal(ac.progress, -1);
    assert_int_equal(ac.processing_ms, -1);
    assert_int_equal(ac.done, -1);
    assert_int_equal(ac.failed, -1);
    assert_null(ac.message.p);
    assert_null(ac.failures);
}

static void the_table_is_aligned_and_leaves_out_what_nobody_says(void **state)
{
    struct action_info v[2];
    struct buf b;
    MUST(action_info_read(*state, STR(HEAD "\"DONE\",\"progress\":100,\"created_at\":\"today\"}"),
                          &v[0], must));
    MUST(action_info_read(*state,
                          STR("{\"id\":\"aa_1234\",\"type\":\"X\",\"status\":\"IN_PROGRESS\","
                              "\"progress\":7,\"created_at\":\"yesterday\"}"),
                          &v[1], must));
    buf_init(&b, 64 * KIB);
    action_info_put_table(&b, v, 2);
    assert_str(buf_str(&b), "ID       TYPE                 STATUS       PROGRESS  CREATED\n"
                            "aa_1     VOUCHERS.IMPORT_CSV  DONE            100 %  today\n"
                            "aa_1234  X                    IN_PROGRESS       7 %  yesterday\n");
    buf_reset(&b);
    v[0].done = 1500;
    v[0].failed = 2;
    action_info_put_table(&b, v, 1);
    assert_str(buf_str(&b),
               "ID    TYPE                 STATUS  PROGRESS  CREATED   DONE  FAILED\n"
               "aa_1  VOUCHERS.IMPORT_CSV  DONE       100 %  today    1,500       2\n");
    buf_release(&b);
}

static void events_are_read(void **state)
{
    struct action_event ev;
    MUST(action_event_read(*state,
                           STR("{\"status\":\"IN_PROGRESS\",\"progress\":42,\"rows_done\":7,"
                               "\"rows_per_second\":3,\"seconds_left\":null}"),
                           &ev, must));
    assert_str(ev.status, "IN_PROGRESS");
    assert_int_equal(ev.progress, 42);
    assert_int_equal(ev.rows, 7);
    assert_int_equal(ev.rows_per_second, 3);
    assert_int_equal(ev.seconds_left, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_end_is_told_for_every_kind_of_result, make_arena,
                                        drop_arena),
        cmocka_unit_test_setup_teardown(the_first_ten_failures_are_shown_and_the_rest_counted,
                                        make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(a_long_reason_is_cut, make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(the_exit_status_follows_rows_and_status, make_arena,
                                        drop_arena),
        cmocka_unit_test_setup_teardown(what_is_no_action_is_refused, make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(members_of_a_wrong_type_are_not_said, make_arena,
                                        drop_arena),
        cmocka_unit_test_setup_teardown(the_table_is_aligned_and_leaves_out_what_nobody_says,
                                        make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(events_are_read, make_arena, drop_arena),
    };
    return cmocka_run_group_tests_name("client/action_info", tests, NULL, NULL);
}
