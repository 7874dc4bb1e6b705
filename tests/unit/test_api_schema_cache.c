/* SPDX-License-Identifier: MIT */
/* test_api_schema_cache.c - what is remembered of a project counts until a schema is written. */
#include "api/schema_cache.h"
#include "support/unit.h"

#define SECOND INT64_C(1000000)

static void what_was_learnt_counts_until_it_is_forgotten(void **state)
{
    struct schema_cache c = { 0 };
    const schema_set voucher = schema_bit(STR("voucher"));
    schema_set set;
    (void)state;
    assert_int_not_equal(voucher, 0);
    assert_int_equal(schema_bit(STR("Payment")), 0);
    unsigned stamp = schema_cache_stamp(&c, 0);
    assert_false(schema_cache_get(&c, 7, stamp, &set));
    schema_cache_put(&c, 7, stamp, 0);
    assert_true(schema_cache_get(&c, 7, schema_cache_stamp(&c, SECOND - 1), &set));
    assert_int_equal(set, 0);
    schema_cache_put(&c, 7, stamp, voucher);
    assert_true(schema_cache_get(&c, 7, stamp, &set));
    assert_int_equal(set, voucher);
    schema_cache_forget(&c);
    assert_false(schema_cache_get(&c, 7, schema_cache_stamp(&c, 0), &set));
}

static void it_counts_for_a_second_at_most(void **state)
{
    struct schema_cache c = { 0 };
    schema_set set;
    (void)state;
    schema_cache_put(&c, 7, schema_cache_stamp(&c, 5 * SECOND), 0);
    assert_false(schema_cache_get(&c, 7, schema_cache_stamp(&c, 6 * SECOND), &set));
}

static void what_was_read_before_a_commit_counts_for_nothing(void **state)
{
    struct schema_cache c = { 0 };
    schema_set set;
    (void)state;
    const unsigned stamp = schema_cache_stamp(&c, 0);
    schema_cache_forget(&c); /* somebody has written one meanwhile */
    schema_cache_put(&c, 7, stamp, 0);
    for (int64_t s = 0; s < 3; s++)
        assert_false(schema_cache_get(&c, 7, schema_cache_stamp(&c, s * SECOND), &set));
}

static void projects_are_not_mistaken_for_each_other(void **state)
{
    struct schema_cache c = { 0 };
    const unsigned stamp = schema_cache_stamp(&c, 0);
    schema_set set;
    (void)state;
    schema_cache_put(&c, 7, stamp, 3);
    assert_false(schema_cache_get(&c, 7 + 256, stamp, &set)); /* of the same slot */
    assert_false(schema_cache_get(&c, 8, stamp, &set));
    schema_cache_put(&c, 7 + 256, stamp, 5);
    assert_false(schema_cache_get(&c, 7, stamp, &set));
    assert_true(schema_cache_get(&c, 7 + 256, stamp, &set));
    schema_cache_put(&c, INT64_C(1) << 24, stamp, 5);
    assert_false(schema_cache_get(&c, INT64_C(1) << 24, stamp, &set));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_learnt_counts_until_it_is_forgotten),
        cmocka_unit_test(it_counts_for_a_second_at_most),
        cmocka_unit_test(what_was_read_before_a_commit_counts_for_nothing),
        cmocka_unit_test(projects_are_not_mistaken_for_each_other),
    };
    return cmocka_run_group_tests_name("api/schema_cache", tests, NULL, NULL);
}
