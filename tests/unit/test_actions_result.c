/* SPDX-License-Identifier: MIT */
/*
 * test_actions_result.c - the Async Action object word for word (reference 2.1, 3.17), and the
 * table of types.
 */
#include "actions/registry.h"
#include "support/unit.h"

/* The times of the reference's own example: 1217 ms. */
#define CREATED_MS INT64_C(1655983305578)
#define UPDATED_MS INT64_C(1655983306795)
#define HEAD(status, operation)                                                                    \
    "{\"id\":\"aa_0adad13d6f057f088e\",\"type\":\"VOUCHERS.IMPORT_CSV\",\"status\":\"" status      \
    "\",\"operation_status\":\"" operation "\","
#define TIMES                                                                                      \
    "\"created_at\":\"2022-06-23T11:21:45.578Z\",\"updated_at\":\"2022-06-23T11:21:46.795Z\","     \
    "\"request_id\":\"v-0b45cee140c3c9b5ca\","
#define TAIL(progress) "\"progress\":" progress ",\"object\":\"async_action\"}"

static const struct failure_row failures[] = {
    { .row = 2, .key = STR_INIT("A\"1"), .reason = STR_INIT("Voucher Type is required") },
    { .row = 7, .reason = STR_INIT("Code is required") },
};

struct counts {
    int64_t created, updated, unchanged, superseded, failed;
};

static struct action make_action(enum action_status status, struct counts c, int progress)
{
    return (struct action){ .kind = ACTION_VOUCHERS_IMPORT_CSV,
                            .status = status,
                            .created_ms = CREATED_MS,
                            .updated_ms = UPDATED_MS,
                            .progress = progress,
                            .request_id = STR("v-0b45cee140c3c9b5ca"),
                            .counts = { 0, c.created, c.updated, c.unchanged, c.superseded,
                                        c.failed } };
}

static void assert_object(const struct action *ac, const struct failure_row *rows, size_t n,
                          const char *want)
{
    struct buf b;
    buf_init(&b, 64 * KIB);
    action_put_json(&(struct json_out){ .b = &b }, ac, "aa_0adad13d6f057f088e", rows, n);
    MUST(buf_ok(&b, must));
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

static void action_on_its_way_has_no_result_and_no_processing_time(void **state)
{
    (void)state;
    const struct action queued = make_action(ACTION_ENQUEUED, (struct counts){ 0 }, 0);
    const struct action running = make_action(ACTION_IN_PROGRESS, (struct counts){ 5 }, 42);
    assert_object(&queued, failures, 0, HEAD("ENQUEUED", "UNKNOWN") TIMES TAIL("0"));
    assert_object(&running, NULL, 0, HEAD("IN_PROGRESS", "UNKNOWN") TIMES TAIL("42"));
}

/* Created, updated, unchanged and superseded rows all count as done. */
static void finished_import_has_message_failures_and_counts(void **state)
{
    (void)state;
    const struct action ac = make_action(ACTION_DONE, (struct counts){ 3, 2, 1, 4, 2 }, 100);
    assert_object(
        &ac, failures, 2,
        HEAD(
            "DONE",
            "SUCCESS") "\"result\":{\"message\":\"10 voucher(s) imported successfully, 2 failed.\","
                       "\"failed\":[{\"code\":\"A\\\"1\",\"row\":2,\"reason\":\"Voucher Type is "
                       "required\"},"
                       "{\"code\":\"\",\"row\":7,\"reason\":\"Code is required\"}],"
                       "\"done_count\":10,\"failed_count\":2}," TIMES
                       "\"processing_time\":1217," TAIL("100"));
}

static void failed_is_an_empty_list_when_nothing_failed(void **state)
{
    (void)state;
    const struct action ac = make_action(ACTION_DONE, (struct counts){ 4 }, 100);
    assert_object(
        &ac, failures, 0,
        HEAD("DONE",
             "SUCCESS") "\"result\":{\"message\":\"4 voucher(s) imported successfully, 0 failed.\","
                        "\"failed\":[],\"done_count\":4,\"failed_count\":0}," TIMES
                        "\"processing_time\":1217," TAIL("100"));
}

static void finished_action_of_a_list_has_no_result(void **state)
{
    (void)state;
    const struct action ac = make_action(ACTION_DONE, (struct counts){ 4 }, 100);
    assert_object(&ac, NULL, 0,
                  HEAD("DONE", "SUCCESS") TIMES "\"processing_time\":1217," TAIL("100"));
}

static void aborted_import_tells_the_cause_and_its_counts_so_far(void **state)
{
    (void)state;
    struct action ac = make_action(ACTION_FAILED, (struct counts){ 3, 0, 0, 0, 1 }, 61);
    ac.message = STR("Invalid CSV file: quote opened at row 5 is never closed");
    assert_object(
        &ac, failures, 1,
        HEAD("FAILED",
             "FAILED") "\"result\":{\"message\":\"Invalid CSV file: quote opened at row 5 "
                       "is never closed\",\"failed\":[{\"code\":\"A\\\"1\",\"row\":2,"
                       "\"reason\":\"Voucher Type is required\"}],"
                       "\"done_count\":3,\"failed_count\":1}," TIMES
                       "\"processing_time\":1217," TAIL("61"));
}

static void operation_status_is_that_of_the_reference(void **state)
{
    (void)state;
    static const struct {
        enum action_status status;
        struct counts counts;
        const char *want;
    } cases[] = {
        { ACTION_ENQUEUED, { 0 }, "UNKNOWN" },
        { ACTION_IN_PROGRESS, { .failed = 5 }, "UNKNOWN" },
        { ACTION_DONE, { 0 }, "SUCCESS" }, /* nothing to do */
        { ACTION_DONE, { .created = 1, .failed = 5 }, "SUCCESS" },
        { ACTION_DONE, { .unchanged = 1, .failed = 5 }, "SUCCESS" },
        { ACTION_DONE, { .superseded = 1 }, "SUCCESS" },
        { ACTION_DONE, { .failed = 5 }, "FAILED" },
        { ACTION_FAILED, { .created = 1 }, "FAILED" },
        { ACTION_FAILED, { 0 }, "FAILED" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct action ac = make_action(cases[i].status, cases[i].counts, 0);
        assert_string_equal(action_operation_status(&ac), cases[i].want);
    }
}

static void action_out_of_room_fails_its_buffer(void **state)
{
    (void)state;
    const struct action ac = make_action(ACTION_DONE, (struct counts){ 3 }, 100);
    struct buf b;
    buf_init(&b, 100);
    action_put_json(&(struct json_out){ .b = &b }, &ac, "aa_0adad13d6f057f088e", failures, 2);
    assert_true(b.too_large);
    buf_release(&b);
}

/* ---- the table ---- */

static void every_type_in_the_table_is_whole(void **state)
{
    (void)state;
    size_t found = 0;
    for (int kind = -1; kind <= ACTION_KIND_ID_COUNT; kind++) {
        const struct action_kind *k = action_kind_find(kind);
        if (k == NULL)
            continue;
        found++;
        assert_non_null(strchr(k->name, '.'));
        assert_non_null(k->summary);
        assert_non_null(k->key_name);
        assert_non_null(k->put_message);
        if (k->input != INPUT_CSV)
            continue;
        assert_non_null(k->map_record);
        assert_true(field_find(k->fields, str_of(k->key_heading)) >= 0);
        for (const char *const *name = k->required_columns; *name != NULL; name++)
            assert_true(field_find(k->fields, str_of(*name)) >= 0);
    }
    assert_true(found >= 1);
    assert_string_equal(action_kind_find(ACTION_VOUCHERS_IMPORT_CSV)->name, "VOUCHERS.IMPORT_CSV");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(action_on_its_way_has_no_result_and_no_processing_time),
        cmocka_unit_test(finished_import_has_message_failures_and_counts),
        cmocka_unit_test(failed_is_an_empty_list_when_nothing_failed),
        cmocka_unit_test(finished_action_of_a_list_has_no_result),
        cmocka_unit_test(aborted_import_tells_the_cause_and_its_counts_so_far),
        cmocka_unit_test(operation_status_is_that_of_the_reference),
        cmocka_unit_test(action_out_of_room_fails_its_buffer),
        cmocka_unit_test(every_type_in_the_table_is_whole),
    };
    return cmocka_run_group_tests_name("actions/result", tests, NULL, NULL);
}
