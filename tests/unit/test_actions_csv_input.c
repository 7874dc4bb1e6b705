/* SPDX-License-Identifier: MIT */
/* test_actions_csv_input.c - what an upload says about itself, frozen, and read back the same. */
#include <stdio.h>

#include "actions/registry.h"
#include "base/fault.h"
#include "support/unit.h"

static const struct action_kind *vouchers(void)
{
    return action_kind_find(ACTION_VOUCHERS_IMPORT_CSV);
}

static int freeze(struct arena *a, struct str head, bool webhooks, struct str *params,
                  struct err *err)
{
    return action_freeze_csv(vouchers(), head, true, webhooks, NULL, a, params, err);
}

static void head_is_frozen_by_name(void **state)
{
    (void)state;
    static const struct {
        struct str head;
        bool webhooks;
        const char *params;
    } cases[] = {
        { STR_INIT("Code,Value\nA,1\n"), false,
          "{\"delimiter\":\",\",\"data_start\":11,\"webhooks_enable\":false,"
          "\"columns\":[{\"field\":\"Code\"},{\"field\":\"Value\"}]}" },
        { STR_INIT("\xEF\xBB\xBF"
                   "code;VOUCHER_TYPE;Region;;\"a;\"\"b\"\r\nA;;;;\r\n"),
          true,
          "{\"delimiter\":\";\",\"data_start\":38,\"webhooks_enable\":true,"
          "\"columns\":[{\"field\":\"Code\"},{\"field\":\"Voucher "
          "Type\"},{\"metadata\":\"Region\"},"
          "null,{\"metadata\":\"a;\\\"b\"}]}" },
        { STR_INIT("Code\tCode"), false,
          "{\"delimiter\":\"\\t\",\"data_start\":9,\"webhooks_enable\":false,"
          "\"columns\":[null,{\"field\":\"Code\"}]}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct str params;
        arena_init(&a, 1 * KIB, 0);
        MUST(freeze(&a, cases[i].head, cases[i].webhooks, &params, must));
        assert_str(params, cases[i].params);
        arena_release(&a);
    }
}

static void plan_is_what_was_frozen(void **state)
{
    (void)state;
    struct arena a;
    struct str params;
    struct action_plan plan;
    arena_init(&a, 1 * KIB, 0);
    MUST(freeze(&a, STR(" Code ;Region;x\nA;B;C\n"), true, &params, must));
    MUST(action_plan_read(vouchers(), params, &a, &plan, must));
    assert_int_equal(plan.delimiter, ';');
    assert_int_equal(plan.data_start, 16);
    assert_true(plan.webhooks_enable);
    assert_int_equal(plan.columns.n, 3);
    assert_true(column_map_has(&plan.columns, vouchers()->fields, "Code"));
    assert_int_equal(plan.columns.columns[0].field, field_find(vouchers()->fields, STR("Code")));
    assert_int_equal(plan.columns.columns[1].field, COLUMN_METADATA);
    assert_str(plan.columns.columns[1].key, "Region");
    assert_str(plan.columns.columns[2].key_quoted, "\"x\"");
    arena_release(&a);
}

static void put_columns(struct json_out *o, const struct action_plan *plan)
{
    json_object(o);
    json_key(o, "delimiter");
    json_str(o, (struct str){ &plan->delimiter, 1 });
    json_key(o, "data_start");
    json_int(o, plan->data_start);
    json_key(o, "webhooks_enable");
    json_bool(o, plan->webhooks_enable);
    json_key(o, "columns");
    column_map_put_json(o, vouchers()->fields, &plan->columns);
    json_object_end(o);
}

/* Headings of random pieces: whatever is frozen reads back to the same text. */
static void any_head_survives_the_round_trip(void **state)
{
    (void)state;
    static const char *const pieces[] = { "Value",    "voucher type", "Region", "\xC3\xA9",
                                          "a b",      "\"q\"\"q\"",   "",       "Active",
                                          "\"l\nl\"", "\\",           "{}" };
    struct unit_random r = { 6 };
    for (int round = 0; round < 500; round++) {
        struct arena a;
        struct buf head, again;
        struct str params;
        struct action_plan plan;
        arena_init(&a, 1 * KIB, 0);
        buf_init(&head, 64 * KIB);
        buf_init(&again, 64 * KIB);
        buf_puts(&head, STR("Code"));
        for (size_t n = unit_random_below(&r, 30); n > 0; n--)
            buf_printf(&head, ",%s", pieces[unit_random_below(&r, ARRAY_LEN(pieces))]);
        buf_putc(&head, '\n');
        MUST(freeze(&a, buf_str(&head), round % 2 == 0, &params, must));
        MUST(action_plan_read(vouchers(), params, &a, &plan, must));
        assert_int_equal(plan.data_start, head.len);
        put_columns(&(struct json_out){ .b = &again }, &plan);
        assert_true(str_eq(buf_str(&again), params));
        buf_release(&head);
        buf_release(&again);
        arena_release(&a);
    }
}

/* Reference 7, 45 and 46. */
static void unusable_file_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        struct str head;
        const char *want;
    } cases[] = {
        { STR_INIT(""), "CSV file is empty" },
        { STR_INIT("\xEF\xBB\xBF\r\n \n"), "CSV file is empty" },
        { STR_INIT("\xFF\xFE"
                   "C\0o\0"),
          "CSV file is UTF-16; it must be UTF-8" },
        { STR_INIT("Code,Va\0lue\n"), "CSV file has a NUL byte at byte 7; it must be UTF-8 text" },
        { STR_INIT("Value,Region\n1,2\n"),
          "CSV file should have required column 'Code' (found: Value, Region)" },
        { STR_INIT("codes\n"), "CSV file should have required column 'Code' (found: codes)" },
        { STR_INIT("\"Code\n"), "CSV file has an unclosed quote in its header" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct str params;
        struct err err = { 0 };
        print_message("  %s\n", cases[i].want);
        arena_init(&a, 1 * KIB, 0);
        assert_int_equal(freeze(&a, cases[i].head, false, &params, &err), -1);
        assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
        assert_string_equal(err.msg, cases[i].want);
        arena_release(&a);
    }
}

/* The headings in the message are cut, and the message is JSON later: it has to stay UTF-8. */
static void many_headings_are_cut_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 6; shift++) {
        struct arena a;
        struct buf head;
        struct str params;
        struct err err = { 0 };
        arena_init(&a, 1 * KIB, 0);
        buf_init(&head, 64 * KIB);
        buf_printf(&head, "%.*s", (int)shift, "xxxxxx");
        for (int i = 0; i < 300; i++)
            buf_puts(&head, i % 50 == 49 ? STR(",") : STR("\xE2\x82\xAC"));
        assert_int_equal(freeze(&a, buf_str(&head), false, &params, &err), -1);
        const struct str msg = str_of(err.msg);
        assert_int_equal(str_utf8_invalid_at(msg), msg.len);
        assert_true(msg.len > 300 && msg.p[msg.len - 1] == ')');
        buf_release(&head);
        arena_release(&a);
    }
}

static void parameters_that_are_not_ours_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "[]",
        "{}",
        "{\"delimiter\":\",\",\"data_start\":11}",
        "{\"delimiter\":\",,\",\"data_start\":11,\"columns\":[]}",
        "{\"delimiter\":\",\",\"data_start\":\"x\",\"columns\":[]}",
        "{\"delimiter\":\",\",\"data_start\":11,\"columns\":{}}",
        "{\"delimiter\":\",\",\"data_start\":11,\"columns\":[{\"field\":\"Colour\"}]}",
        "{\"delimiter\":\",\",\"data_start\":11,\"columns\":[7]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct action_plan plan;
        struct err err = { 0 };
        print_message("  %s\n", cases[i]);
        arena_init(&a, 1 * KIB, 0);
        assert_int_equal(action_plan_read(vouchers(), str_of(cases[i]), &a, &plan, &err), -1);
        assert_true(strlen(err.msg) > 0);
        arena_release(&a);
    }
}

static void freezing_and_reading_out_of_memory_are_errors(void **state)
{
    (void)state;
    for (size_t nth = 1, fired = 1; fired; nth++) {
        struct arena a;
        struct str params;
        struct action_plan plan;
        struct err err = { 0 };
        arena_init(&a, 32, 0);
        fault_arm(FAULT_ALLOC, nth, false);
        int rc = freeze(&a, STR("Code,Value,Region,a b\n"), false, &params, &err);
        if (rc == 0)
            rc = action_plan_read(vouchers(), params, &a, &plan, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired ? -1 : 0);
        assert_int_equal(err.code, fired ? ERR_NOMEM : ERR_OK);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_is_frozen_by_name),
        cmocka_unit_test(plan_is_what_was_frozen),
        cmocka_unit_test(any_head_survives_the_round_trip),
        cmocka_unit_test(unusable_file_is_refused_with_its_reason),
        cmocka_unit_test(many_headings_are_cut_between_characters),
        cmocka_unit_test(parameters_that_are_not_ours_are_refused),
        cmocka_unit_test(freezing_and_reading_out_of_memory_are_errors),
    };
    return cmocka_run_group_tests_name("actions/csv_input", tests, NULL, NULL);
}
