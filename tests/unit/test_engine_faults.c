/* SPDX-License-Identifier: MIT */
/*
 * test_engine_faults.c - a small import in which the nth fallible call fails, for every n.
 *
 * The engine tries again, so the import has to end all the same: DONE and exact, or FAILED with a
 * message and counts that agree with what is in the store. It may never hang.
 */
#include <stdio.h>

#include "base/fault.h"
#include "support/unit_engine.h"

static const char text[] = "Code,Voucher Type,Value,Discount Type,Region\n"
                           "A,GIFT_VOUCHER,1,,EU\r\n"
                           "B,DISCOUNT_VOUCHER,2,AMOUNT,\n"
                           ",GIFT_VOUCHER,1,,\n"
                           "OLD,DISCOUNT_VOUCHER,2,AMOUNT,\"U\"\"S\"\n"
                           "\n"
                           "A,GIFT_VOUCHER,5,,\n"
                           "\xFF,GIFT_VOUCHER,5,,\n"
                           "C,DISCOUNT_VOUCHER,12.5,PERCENT,\n"
                           "SAME,DISCOUNT_VOUCHER,7,AMOUNT,\n";

enum { ROWS = 8, CHUNK_ROWS = 3 };

static int64_t prepare_project(struct unit_engine *w)
{
    const int64_t project = unit_engine_project(w);
    struct voucher old = unit_voucher("OLD", 1), same = unit_voucher("SAME", 700);
    old.metadata = STR("{\"Kept\":\"x\"}");
    unit_create(w->store, project, &old);
    unit_create(w->store, project, &same);
    return project;
}

/* How the import ends when nothing fails. */
static const char *wanted(struct unit_engine *w)
{
    const int64_t project = prepare_project(w);
    const struct action ac = unit_import(w, project, str_of(text), 0, CHUNK_ROWS);
    assert_int_equal(ac.status, ACTION_DONE);
    assert_int_equal(action_rows(&ac), ROWS);
    return unit_end_state(w, project);
}

/* The counts of an action that was given up are those of its rows' outcomes. */
static void assert_counts_are_exact(const struct action *ac, const char *end_state)
{
    static const char letters[] = "-cu=sf";
    int64_t counts[OUTCOME_COUNT] = { 0 };
    char total[64];
    for (const char *p = strstr(end_state, "outcomes ") + 9; *p != '\n'; p++)
        counts[strchr(letters, *p) - letters]++;
    for (int o = OUTCOME_CREATED; o < OUTCOME_COUNT; o++)
        assert_int_equal(counts[o], ac->counts[o]);
    const long long vouchers = (long long)(2 + ac->counts[OUTCOME_CREATED]);
    snprintf(total, sizeof(total), "total %lld, listed %lld\n", vouchers, vouchers);
    assert_non_null(strstr(end_state, total));
}

static void assert_ended_well(struct unit_engine *w, const struct action *upload, const char *want)
{
    const struct action ac = unit_wait_end(w, upload);
    const char *got = unit_end_state(w, upload->project_id);
    if (!action_is_finished(&ac))
        fail_msg("the action hangs: %s", got);
    if (ac.status == ACTION_DONE) {
        assert_string_equal(got, want);
        return;
    }
    assert_true(ac.message.len > 0);
    assert_counts_are_exact(&ac, got);
}

/* One import with one failure; returns whether it went off. */
static size_t import_with_fault(struct unit_engine *w, enum fault_kind kind, size_t nth,
                                const char *want)
{
    const struct action ac = unit_upload(w, prepare_project(w), str_of(text));
    fault_arm(kind, nth, false);
    engine_add(w->engine, &ac);
    const bool idle = unit_wait_idle(w);
    const size_t fired = fault_disarm();
    if (!idle)
        fail_msg("hangs at %zu", nth);
    assert_ended_well(w, &ac, want);
    return fired;
}

static void import_with_any_failure_ends_exactly(void **state)
{
    struct unit_engine *w = *state;
    static const enum fault_kind kinds[] = { FAULT_ALLOC, FAULT_STORE }; /* it writes no file */
    const char *want = wanted(w);
    unit_engine_start(w, 0, CHUNK_ROWS);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        size_t nth = 1;
        while (import_with_fault(w, kinds[k], nth, want) > 0)
            nth++;
        print_message("  %zu places\n", nth - 1);
    }
}

/* A new engine each time: its own memory is asked for during the import as well. */
static void first_import_of_an_engine_with_any_failure_ends_exactly(void **state)
{
    struct unit_engine *w = *state;
    const char *want = wanted(w);
    for (size_t nth = 1, fired = 1; fired; nth++) {
        unit_engine_start(w, 0, CHUNK_ROWS);
        fired = import_with_fault(w, FAULT_ALLOC, nth, want);
        unit_engine_stop(w);
    }
}

static void engine_whose_start_fails_leaves_nothing_and_the_next_goes_on(void **state)
{
    struct unit_engine *w = *state;
    static const enum fault_kind kinds[] = { FAULT_ALLOC, FAULT_STORE };
    const char *want = wanted(w);
    const struct engine_config config = { .chunk_rows = CHUNK_ROWS, .retry_ms = 1 };
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t nth = 1, fired = 1; fired; nth++) {
            struct err err = { 0 };
            const struct action ac = unit_upload(w, prepare_project(w), str_of(text));
            fault_arm(kinds[k], nth, false);
            const int rc = engine_start(w->store, w->spool, &config, &w->engine, &err);
            if (rc == 0)
                unit_wait_idle(w); /* what did not fail in the start fails in the import */
            fired = fault_disarm();
            if (rc < 0) {
                assert_true(fired && strlen(err.msg) > 0);
                unit_engine_start(w, 0, CHUNK_ROWS);
            }
            assert_ended_well(w, &ac, want);
            unit_engine_stop(w);
        }
    }
}

/* From the nth call on everything fails for a while: longer than the engine tries, at times. */
static void import_in_trouble_that_lasts_ends_exactly_afterwards(void **state)
{
    struct unit_engine *w = *state;
    static const enum fault_kind kinds[] = { FAULT_ALLOC, FAULT_STORE };
    const char *want = wanted(w);
    unit_engine_start(w, 0, CHUNK_ROWS);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t nth = 1, fired = 1; fired; nth += 3) {
            const struct action ac = unit_upload(w, prepare_project(w), str_of(text));
            const struct timespec while_long = { .tv_nsec = nth % 2 * 50000000 + 3000000 };
            fault_arm(kinds[k], nth, true);
            engine_add(w->engine, &ac);
            nanosleep(&while_long, NULL);
            fired = fault_disarm();
            assert_ended_well(w, &ac, want);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_engine_setup, unit_engine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(import_with_any_failure_ends_exactly),
        TEST(first_import_of_an_engine_with_any_failure_ends_exactly),
        TEST(engine_whose_start_fails_leaves_nothing_and_the_next_goes_on),
        TEST(import_in_trouble_that_lasts_ends_exactly_afterwards),
    };
    return cmocka_run_group_tests_name("engine/faults", tests, NULL, NULL);
}
