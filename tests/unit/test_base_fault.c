/* SPDX-License-Identifier: MIT */
/* test_base_fault.c - the tool the other tests break things with has to be exact itself. */
#include <pthread.h>

#include "base/fault.h"
#include "support/unit.h"

static void fault_goes_off_at_the_nth_call_once(void **state)
{
    (void)state;
    for (size_t nth = 1; nth < 10; nth++) {
        fault_arm(FAULT_WRITE, nth, false);
        for (size_t call = 1; call < 20; call++)
            assert_int_equal(fault_hit(FAULT_WRITE), call == nth);
        assert_int_equal(fault_disarm(), 1);
    }
}

static void fault_that_sticks_goes_off_from_the_nth_call_on(void **state)
{
    (void)state;
    fault_arm(FAULT_FSYNC, 3, true);
    for (size_t call = 1; call < 10; call++)
        assert_int_equal(fault_hit(FAULT_FSYNC), call >= 3);
    assert_int_equal(fault_disarm(), 7);
}

static void fault_of_one_kind_leaves_the_others_alone(void **state)
{
    (void)state;
    assert_false(fault_hit(FAULT_ALLOC));
    fault_arm(FAULT_ALLOC, 1, true);
    assert_false(fault_hit(FAULT_STORE));
    assert_true(fault_hit(FAULT_ALLOC));
    assert_int_equal(fault_disarm(), 1);
    assert_false(fault_hit(FAULT_ALLOC));
    assert_int_equal(fault_disarm(), 0);
}

enum { THREADS = 4, CALLS = 20000 };

static void *count_hits(void *arg)
{
    size_t *hits = arg;
    for (int i = 0; i < CALLS; i++)
        *hits += fault_hit(FAULT_ALLOC);
    return NULL;
}

static void fault_goes_off_once_among_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    size_t hits[THREADS] = { 0 }, sum = 0;
    fault_arm(FAULT_ALLOC, THREADS * CALLS / 2, false);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_hits, &hits[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        sum += hits[i];
    assert_int_equal(sum, 1);
    assert_int_equal(fault_disarm(), 1);
}

static size_t passed;

static void note_place(const char *place)
{
    passed += strcmp(place, "here") == 0;
}

static void fault_point_calls_the_hook_when_there_is_one(void **state)
{
    (void)state;
    fault_point("here");
    fault_point_hook = note_place;
    fault_point("here");
    fault_point("there");
    fault_point_hook = NULL;
    fault_point("here");
    assert_int_equal(passed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_goes_off_at_the_nth_call_once),
        cmocka_unit_test(fault_that_sticks_goes_off_from_the_nth_call_on),
        cmocka_unit_test(fault_of_one_kind_leaves_the_others_alone),
        cmocka_unit_test(fault_goes_off_once_among_threads),
        cmocka_unit_test(fault_point_calls_the_hook_when_there_is_one),
    };
    return cmocka_run_group_tests_name("base/fault", tests, NULL, NULL);
}
