/* SPDX-License-Identifier: MIT */
/* test_base_buf.c - the growing buffer: its ceiling, its failures, and that they stick. */
#include "base/buf.h"
#include "base/fault.h"
#include "support/unit.h"

static void buf_holds_what_was_put(void **state)
{
    (void)state;
    struct buf b;
    struct err err = { 0 };
    buf_init(&b, 1 * MIB);
    assert_str(buf_str(&b), "");
    buf_put(&b, NULL, 0);
    for (int i = 0; i < 1000; i++) {
        buf_putc(&b, 'a');
        buf_puts(&b, STR("bc"));
        buf_printf(&b, "%d", i % 10);
    }
    assert_int_equal(buf_ok(&b, &err), 0);
    assert_int_equal(b.len, 4000);
    assert_memory_equal(b.p + 3996, "abc9", 4);
    buf_release(&b);
    assert_null(b.p);
}

static void buf_reset_keeps_memory_and_forgets_failure(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_puts(&b, STR("text"));
    const char *p = b.p;
    assert_null(buf_reserve(&b, 1000));
    assert_true(b.failed);
    buf_reset(&b);
    assert_false(b.failed);
    assert_int_equal(b.len, 0);
    buf_puts(&b, STR("more"));
    assert_ptr_equal(b.p, p);
    buf_release(&b);
}

/* The ceiling is exact, by every way of putting. */
static void buf_takes_its_ceiling_and_not_a_byte_more(void **state)
{
    (void)state;
    for (size_t max = 1; max < 300; max++) {
        struct buf b;
        struct err err = { 0 };
        buf_init(&b, max);
        for (size_t i = 0; i < max; i++)
            buf_putc(&b, 'x');
        assert_int_equal(buf_ok(&b, &err), 0);
        buf_putc(&b, 'y');
        assert_int_equal(buf_ok(&b, &err), -1);
        assert_int_equal(err.code, ERR_TOO_LARGE);
        assert_int_equal(b.len, max);
        assert_true(b.cap <= max);
        buf_release(&b);
    }
}

static void buf_printf_counts_its_nul_toward_the_ceiling(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 6);
    buf_printf(&b, "%s", "hello");
    assert_false(b.failed);
    assert_str(buf_str(&b), "hello");
    buf_printf(&b, "%s", "!");
    assert_true(b.too_large);
    buf_release(&b);
}

static void buf_failure_sticks_and_keeps_what_was_there(void **state)
{
    (void)state;
    struct buf b;
    struct err err = { 0 };
    buf_init(&b, 10);
    buf_puts(&b, STR("12345678"));
    buf_puts(&b, STR("too long"));
    buf_putc(&b, '9'); /* would fit, but the text would have a hole */
    assert_str(buf_str(&b), "12345678");
    assert_int_equal(buf_ok(&b, &err), -1);
    assert_string_equal(err.msg, "more than 10 bytes");
    buf_release(&b);
}

static void buf_out_of_memory_is_an_error_and_loses_nothing(void **state)
{
    (void)state;
    for (size_t nth = 1, fired = 1; fired; nth++) {
        struct buf b;
        struct err err = { 0 };
        buf_init(&b, 1 * MIB);
        fault_arm(FAULT_ALLOC, nth, false);
        for (int i = 0; i < 500; i++)
            buf_puts(&b, STR("0123456789"));
        fired = fault_disarm();
        assert_int_equal(buf_ok(&b, &err), fired ? -1 : 0);
        assert_int_equal(b.len % 10, 0);
        if (fired)
            assert_int_equal(err.code, ERR_NOMEM);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_holds_what_was_put),
        cmocka_unit_test(buf_reset_keeps_memory_and_forgets_failure),
        cmocka_unit_test(buf_takes_its_ceiling_and_not_a_byte_more),
        cmocka_unit_test(buf_printf_counts_its_nul_toward_the_ceiling),
        cmocka_unit_test(buf_failure_sticks_and_keeps_what_was_there),
        cmocka_unit_test(buf_out_of_memory_is_an_error_and_loses_nothing),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
