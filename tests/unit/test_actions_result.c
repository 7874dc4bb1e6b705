/* SPDX-License-Identifier: MIT */
/*
 * test_actions_result.c - the Async Action object word for word (reference 2.1, 3.16 to 3.19), the
 * names of the types, and the table of types.
 */
#include "actions/registry.h"
#include "support/unit.h"

/* The times of the reference's own example: 1217 ms. */
#define CREATED_MS INT64_C(1655983305578)
#define UPDATED_MS INT64_C(1655983306795)
#define HEAD_OF(type, status, operation)                                                           \
    "{\"id\":\"aa_0adad13d6f057f088e\",\"type\":\"" type "\",\"status\":\"" status                 \
    "\",\"operation_status\":\"" operation "\","
#define HEAD(status, operation) HEAD_OF("VOUCHERS.IMPORT_CSV", status, operation)
#define TIMES                                                                                      \
    "\"created_at\":\"2022-06-23T11:21:45.578Z\",\"updated_at\":\"2022-06-23T11:21:46.795Z\","     \
    "\"request_id\":\"v-0b45cee140c3c9b5ca\","
#define TAIL(progress) "\"progress\":" progress ",\"object\":\"async_action\"}"
#define END(progress)                                                                              \
    "\"progress\":" progress ",\"processing_time\":1217,\"object\":\"async_action\"}"
/* Two links, good till then. */
#define TILL_MS INT64_C(1730881573304)
#define REPORTS                                                                                    \
    "\"reports\":[\"http://h/1\",\"http://h/2\"],\"reports_available_till\":"                      \
    "\"2024-11-06T08:26:13.304Z\","

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

static const struct str links[] = { STR_INIT("http://h/1"), STR_INIT("http://h/2") };

static struct action_view make_view(const struct failure_row *rows, size_t n)
{
    return (struct action_view){ .id = "aa_0adad13d6f057f088e",
                                 .failures = rows,
                                 .n_failures = n,
                                 .reports = links,
                                 .n_reports = ARRAY_LEN(links),
                                 .reports_till_ms = TILL_MS };
}

static void assert_object(const struct action *ac, const struct failure_row *rows, size_t n,
                          const char *want)
{
    struct buf b;
    const struct action_view view = make_view(rows, n);
    buf_init(&b, 64 * KIB);
    action_put_json(&(struct json_out){ .b = &b }, ac, &view);
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
                       "\"done_count\":10,\"failed_count\":2}," TIMES END("100"));
}

static void failed_is_an_empty_list_when_nothing_failed(void **state)
{
    (void)state;
    const struct action ac = make_action(ACTION_DONE, (struct counts){ 4 }, 100);
    assert_object(
        &ac, failures, 0,
        HEAD("DONE",
             "SUCCESS") "\"result\":{\"message\":\"4 voucher(s) imported successfully, 0 failed.\","
                        "\"failed\":[],\"done_count\":4,\"failed_count\":0}," TIMES END("100"));
}

static void finished_action_of_a_list_has_no_result(void **state)
{
    (void)state;
    const struct action ac = make_action(ACTION_DONE, (struct counts){ 4 }, 100);
    assert_object(&ac, NULL, 0, HEAD("DONE", "SUCCESS") TIMES END("100"));
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
                       "\"done_count\":3,\"failed_count\":1}," TIMES END("61"));
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
    const struct action_view view = make_view(failures, 2);
    struct buf b;
    buf_init(&b, 100);
    action_put_json(&(struct json_out){ .b = &b }, &ac, &view);
    assert_true(b.too_large);
    buf_release(&b);
}

/* ---- the other types ---- */

static void failed_records_of_a_json_import_have_no_row(void **state)
{
    (void)state;
    struct action ac = make_action(ACTION_DONE, (struct counts){ .failed = 2 }, 100);
    ac.kind = ACTION_VOUCHERS_IMPORT;
    assert_object(
        &ac, failures, 2,
        HEAD_OF(
            "VOUCHERS.IMPORT", "DONE",
            "FAILED") "\"result\":{\"message\":"
                      "\"0 voucher(s) imported successfully, 2 failed.\","
                      "\"failed\":[{\"code\":\"A\\\"1\",\"reason\":\"Voucher Type is required\"},"
                      "{\"code\":\"\",\"reason\":\"Code is required\"}],"
                      "\"done_count\":0,\"failed_count\":2}," TIMES END("100"));
}

/* A failure of each kind, and one that the program does not know. */
static const struct failure_row refused[] = {
    { .row = 1,
      .kind = FAILURE_NOT_FOUND,
      .key = STR_INIT("N1"),
      .reason = STR_INIT("Cannot find voucher with id N1") },
    { .row = 2,
      .kind = FAILURE_INVALID,
      .reason = STR_INIT("Payload should have required property 'code'") },
    { .row = 3,
      .kind = FAILURE_DUPLICATE,
      .key = STR_INIT("D3"),
      .reason = STR_INIT("Duplicated voucher exists with id D3") },
    { .row = 4,
      .kind = FAILURE_METADATA,
      .key = STR_INIT("M4"),
      .reason = STR_INIT("age: must be a number (actual value is 'x')") },
    { .row = 5,
      .kind = FAILURE_REFUSED,
      .key = STR_INIT("R5"),
      .reason = STR_INIT("Property .metadata must NOT be longer than 262144 bytes") },
    { .row = 6,
      .kind = (enum failure_kind)99,
      .key = STR_INIT("X6"),
      .reason = STR_INIT("why ever") },
};

static void failures_of_a_bulk_update_speak_as_errors_do(void **state)
{
    (void)state;
    struct action ac = make_action(ACTION_DONE, (struct counts){ .updated = 3, .failed = 6 }, 100);
    ac.kind = ACTION_VOUCHERS_BULK_UPDATE;
    assert_object(
        &ac, refused, ARRAY_LEN(refused),
        HEAD_OF(
            "VOUCHERS.BULK_UPDATE", "DONE",
            "SUCCESS") "\"result\":{\"done_count\":3,"
                       "\"failed_count\":6," REPORTS "\"errors\":["
                       "{\"message\":\"Resource not found\",\"details\":\"Cannot find voucher with "
                       "id N1\","
                       "\"key\":\"not_found\",\"code\":\"N1\"},"
                       "{\"message\":\"Invalid payload\",\"details\":\"Payload should have "
                       "required property "
                       "'code'\",\"key\":\"invalid_payload\",\"code\":\"\"},"
                       "{\"message\":\"Duplicated resource found\",\"details\":\"Duplicated "
                       "voucher exists with id "
                       "D3\",\"key\":\"duplicate_found\",\"code\":\"D3\"},"
                       "{\"message\":\"Metadata validation failed\",\"details\":\"age: must be a "
                       "number (actual "
                       "value is 'x')\",\"key\":\"metadata_validation_failed\",\"code\":\"M4\"},"
                       "{\"message\":\"Invalid payload\",\"details\":\"Property .metadata must NOT "
                       "be longer than "
                       "262144 bytes\",\"key\":\"invalid_payload\",\"code\":\"R5\"},"
                       "{\"message\":\"Invalid payload\",\"details\":\"why "
                       "ever\",\"key\":\"invalid_payload\","
                       "\"code\":\"X6\"}]}," TIMES END("100"));
}

/* Where the items have no code, the details have it. */
static void failures_of_a_metadata_update_name_the_voucher_in_their_details(void **state)
{
    (void)state;
    struct action ac = make_action(ACTION_DONE, (struct counts){ .failed = 3 }, 100);
    const struct failure_row rows[] = { refused[0], refused[1], refused[4] };
    ac.kind = ACTION_VOUCHERS_METADATA_UPDATE;
    assert_object(
        &ac, rows, ARRAY_LEN(rows),
        HEAD_OF("VOUCHERS.METADATA_UPDATE", "DONE",
                "FAILED") "\"result\":{\"done_count\":0,"
                          "\"failed_count\":3," REPORTS "\"errors\":["
                          "{\"message\":\"Resource not found\",\"details\":\"Cannot find voucher "
                          "with id N1\","
                          "\"key\":\"not_found\"},"
                          "{\"message\":\"Invalid payload\",\"details\":\"Payload should have "
                          "required property "
                          "'code'\",\"key\":\"invalid_payload\"},"
                          "{\"message\":\"Invalid payload\",\"details\":\"Property .metadata must "
                          "NOT be longer than "
                          "262144 bytes (code R5)\",\"key\":\"invalid_payload\"}]}," TIMES END(
                              "100"));
}

static void errors_are_an_empty_list_when_nothing_failed(void **state)
{
    (void)state;
    struct action ac = make_action(ACTION_DONE, (struct counts){ .updated = 3 }, 100);
    ac.kind = ACTION_VOUCHERS_METADATA_UPDATE;
    assert_object(&ac, refused, 0,
                  HEAD_OF("VOUCHERS.METADATA_UPDATE", "DONE",
                          "SUCCESS") "\"result\":{"
                                     "\"done_count\":3,\"failed_count\":0," REPORTS
                                     "\"errors\":[]}," TIMES END("100"));
}

static void aborted_bulk_update_tells_the_cause(void **state)
{
    (void)state;
    struct action ac = make_action(ACTION_FAILED, (struct counts){ .updated = 3 }, 30);
    ac.kind = ACTION_VOUCHERS_BULK_UPDATE;
    ac.message = STR("Cancelled: 3 of 9 rows are in, 0 failed, 6 were not reached.");
    assert_object(
        &ac, refused, 0,
        HEAD_OF("VOUCHERS.BULK_UPDATE", "FAILED",
                "FAILED") "\"result\":{\"message\":"
                          "\"Cancelled: 3 of 9 rows are in, 0 failed, 6 were not reached.\","
                          "\"done_count\":3,\"failed_count\":0," REPORTS
                          "\"errors\":[]}," TIMES END("30"));
}

static void only_a_dry_run_says_so(void **state)
{
    (void)state;
    struct action ac = make_action(ACTION_ENQUEUED, (struct counts){ 0 }, 0);
    ac.dry_run = true;
    assert_object(&ac, NULL, 0,
                  HEAD("ENQUEUED", "UNKNOWN") TIMES
                  "\"progress\":0,\"dry_run\":true,\"object\":\"async_action\"}");
}

/* Rows are known by the input's own number, so the files go as far as the last row that may be in.
 */
static void report_files_cover_every_row_that_is_in(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        int64_t chunk_row, chunk_rows, records, done, want;
    } cases[] = {
        { "nothing", 0, 0, 0, 0, 1 },
        { "one", 1, 0, 1, 1, 1 },
        { "a full file", 100000, 0, 100000, 100000, 1 },
        { "one more", 100001, 0, 100001, 100001, 2 },
        { "cut in a chunk", 90000, 20000, 500000, 90010, 2 },
        { "cut between two chunks", 90000, 0, 500000, 90000, 1 },
        { "given up in a chunk", 90000, 0, 150000, 90010, 2 },
        { "given up, records not known", 90000, 0, -1, 100010, 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct action ac = make_action(ACTION_DONE, (struct counts){ cases[i].done }, 100);
        ac.chunk_row = cases[i].chunk_row;
        ac.chunk_rows = cases[i].chunk_rows;
        ac.records = cases[i].records;
        print_message("  %s\n", cases[i].label);
        assert_int_equal(action_report_count(&ac), cases[i].want);
    }
}

/* ---- the names ---- */

static void every_type_of_the_api_has_its_number(void **state)
{
    (void)state;
    static const char *const names[] = {
        "CAMPAIGN.VOUCHERS_IMPORT",
        "CAMPAIGN.VOUCHERS_IMPORT_CSV",
        "CAMPAIGN.VOUCHERS_UPDATE",
        "CAMPAIGN.VOUCHERS_DELETE",
        "CAMPAIGN.VOUCHERS_GENERATE",
        "CAMPAIGNS.METADATA_KEY_PURGE",
        "CUSTOMERS.IMPORT_CSV",
        "CUSTOMERS.BULK_UPDATE",
        "CUSTOMERS.METADATA_UPDATE",
        "CUSTOMERS.METADATA_KEY_PURGE",
        "PRODUCTS.BULK_UPDATE",
        "PRODUCTS.METADATA_UPDATE",
        "PRODUCTS.METADATA_KEY_PURGE",
        "PRODUCTS.IMPORT_CSV",
        "SKUS.IMPORT_CSV",
        "VOUCHERS.IMPORT",
        "VOUCHERS.IMPORT_CSV",
        "VOUCHERS.BULK_UPDATE",
        "VOUCHERS.METADATA_UPDATE",
        "VOUCHERS.METADATA_KEY_PURGE",
        "ORDERS.IMPORT",
        "ORDERS.METADATA_KEY_PURGE",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(action_kind_number(str_of(names[i])), i + 1);
    assert_int_equal(ARRAY_LEN(names) + 1, ACTION_KIND_ID_COUNT);
}

static void other_names_have_none(void **state)
{
    (void)state;
    static const char *const names[] = { "",  "VOUCHERS", "vouchers.import", "VOUCHERS.IMPORT ",
                                         "*", "UNKNOWN" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(action_kind_number(str_of(names[i])), 0);
    assert_int_equal(action_kind_number((struct str){ 0 }), 0);
}

/* ---- the table ---- */

static void assert_reads_csv(const struct action_kind *k)
{
    assert_non_null(k->map_cells);
    assert_true(field_find(k->fields, str_of(k->key_heading)) >= 0);
    for (const char *const *name = k->required_columns; *name != NULL; name++)
        assert_true(field_find(k->fields, str_of(*name)) >= 0);
}

static void assert_reads_records(const struct action_kind *k)
{
    assert_non_null(k->map_record);
    assert_non_null(k->check_record);
}

static void every_type_in_the_table_is_whole(void **state)
{
    (void)state;
    size_t found = 0;
    for (int kind = -1; kind <= ACTION_KIND_ID_COUNT; kind++) {
        const struct action_kind *k = action_kind_find(kind);
        if (k == NULL)
            continue;
        found++;
        assert_int_equal(action_kind_number(str_of(k->name)), kind);
        assert_non_null(k->summary);
        assert_non_null(k->key_name);
        assert_true(k->queue >= QUEUE_VOUCHERS && k->queue < QUEUE_COUNT);
        assert_true(k->result == RESULT_ERRORS || k->put_message != NULL);
        if (k->input == INPUT_CSV)
            assert_reads_csv(k);
        if (k->input == INPUT_RECORDS)
            assert_reads_records(k);
    }
    assert_int_equal(found, 22);
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
        cmocka_unit_test(failed_records_of_a_json_import_have_no_row),
        cmocka_unit_test(failures_of_a_bulk_update_speak_as_errors_do),
        cmocka_unit_test(failures_of_a_metadata_update_name_the_voucher_in_their_details),
        cmocka_unit_test(errors_are_an_empty_list_when_nothing_failed),
        cmocka_unit_test(aborted_bulk_update_tells_the_cause),
        cmocka_unit_test(only_a_dry_run_says_so),
        cmocka_unit_test(report_files_cover_every_row_that_is_in),
        cmocka_unit_test(every_type_of_the_api_has_its_number),
        cmocka_unit_test(other_names_have_none),
        cmocka_unit_test(every_type_in_the_table_is_whole),
    };
    return cmocka_run_group_tests_name("actions/result", tests, NULL, NULL);
}
