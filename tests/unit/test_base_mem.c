/* SPDX-License-Identifier: MIT */
/* test_base_mem.c - malloc with a fault point, and the arena. */
#include <stdalign.h>

#include "base/fault.h"
#include "base/mem.h"
#include "support/unit.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

/* Sizes that cannot be are asked for on purpose here. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}
#endif

static void mem_of_no_bytes_is_memory_too(void **state)
{
    (void)state;
    void *p = mem_alloc(0), *q = mem_calloc(0, 8), *r = mem_realloc(NULL, 0);
    assert_non_null(p);
    assert_non_null(q);
    assert_non_null(r);
    mem_free(p);
    mem_free(q);
    mem_free(r);
    mem_free(NULL);
}

/* Volatile: the compiler would warn of the very sizes that are tested here. */
static void mem_sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    volatile size_t most = SIZE_MAX;
    struct arena a;
    arena_init(&a, 64, 0);
    assert_null(mem_calloc(most / 2, 3));
    assert_null(mem_grow(NULL, 0, most));
    assert_null(arena_alloc(&a, most));
    assert_null(arena_alloc(&a, most - 16));
    arena_release(&a);
}

static void mem_realloc_that_fails_leaves_the_old_block(void **state)
{
    (void)state;
    char *p = mem_strdup("kept");
    fault_arm(FAULT_ALLOC, 1, false);
    assert_null(mem_realloc(p, 4096));
    assert_int_equal(fault_disarm(), 1);
    assert_string_equal(p, "kept");
    mem_free(p);
}

static void mem_grow_keeps_what_is_used(void **state)
{
    static const size_t sizes[] = { 100, 5000, MIB, MIB + 1, 2 * MIB, 3 * MIB, 9 * MIB };
    (void)state;
    unsigned char *p = NULL;
    size_t used = 0;
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        fault_arm(FAULT_ALLOC, 1, false);
        assert_null(mem_grow(p, used, sizes[k]));
        assert_int_equal(fault_disarm(), 1);
        p = mem_grow(p, used, sizes[k]);
        assert_non_null(p);
        for (size_t i = 0; i < used; i++)
            assert_int_equal(p[i], i % 251);
        for (size_t i = used; i < sizes[k]; i++)
            p[i] = (unsigned char)(i % 251);
        used = sizes[k];
    }
    mem_free(p);
}

static void arena_gives_aligned_blocks_that_do_not_overlap(void **state)
{
    (void)state;
    struct arena a;
    unsigned char *blocks[200];
    arena_init(&a, 256, 0);
    for (size_t n = 1; n < ARRAY_LEN(blocks); n++) {
        blocks[n] = arena_alloc(&a, n * 3);
        assert_non_null(blocks[n]);
        assert_int_equal((uintptr_t)blocks[n] % alignof(max_align_t), 0);
        memset(blocks[n], (int)n, n * 3);
    }
    for (size_t n = 1; n < ARRAY_LEN(blocks); n++) {
        for (size_t i = 0; i < n * 3; i++)
            assert_int_equal(blocks[n][i], n);
    }
    arena_release(&a);
    assert_null(a.head);
}

static void arena_calloc_is_zeroed_also_after_a_reset(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1024, 1 * MIB);
    memset(arena_alloc(&a, 500), 0xAB, 500);
    arena_reset(&a);
    const unsigned char *p = arena_calloc(&a, 500);
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(p[i], 0);
    arena_release(&a);
}

/* A worker that does the same again and again asks for no memory any more. */
static void arena_reaches_a_steady_state_without_malloc(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 * KIB, 1 * MIB);
    for (int round = 0; round < 10; round++) {
        if (round >= 2)
            fault_arm(FAULT_ALLOC, 1, true);
        for (size_t i = 0; i < 300; i++)
            assert_non_null(arena_alloc(&a, 1 + i * 7 % 900));
        assert_int_equal(fault_disarm(), 0);
        arena_reset(&a);
    }
    arena_release(&a);
}

static void arena_reset_keeps_no_more_than_it_may(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 * KIB, 8 * KIB);
    for (size_t i = 0; i < 100; i++)
        assert_non_null(arena_alloc(&a, 1000));
    assert_non_null(arena_alloc(&a, 1 * MIB)); /* the newest is the largest */
    arena_reset(&a);
    fault_arm(FAULT_ALLOC, 1, true);
    size_t n = 0;
    while (arena_alloc(&a, 1000) != NULL)
        n++;
    fault_disarm();
    assert_int_equal(n, 8);
    arena_release(&a);
}

static void arena_texts_are_copies_with_a_nul(void **state)
{
    (void)state;
    struct arena a;
    char text[] = "abc";
    arena_init(&a, 16, 0);
    const struct str copy = arena_str(&a, str_of(text));
    const struct str empty = arena_str(&a, (struct str){ 0 });
    text[0] = 'X';
    assert_string_equal(copy.p, "abc");
    assert_int_equal(copy.len, 3);
    assert_string_equal(empty.p, "");
    assert_string_equal(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
    arena_release(&a);
}

static void arena_out_of_memory_leaves_what_was_given(void **state)
{
    (void)state;
    for (size_t nth = 1, fired = 1; fired; nth++) {
        struct arena a;
        size_t failed = 0;
        char *last = NULL;
        arena_init(&a, 128, 0);
        fault_arm(FAULT_ALLOC, nth, false);
        for (int i = 0; i < 50; i++) {
            char *p = arena_printf(&a, "text number %d", i);
            failed += p == NULL;
            last = p != NULL ? p : last;
        }
        fired = fault_disarm();
        assert_int_equal(failed, fired);
        assert_string_equal(last, "text number 49");
        arena_release(&a);
    }
}

static void arena_poisons_what_it_has_not_given(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    struct arena a;
    arena_init(&a, 1024, 4096);
    char *p = arena_alloc(&a, 5);
    assert_false(__asan_address_is_poisoned(p + 4));
    assert_true(__asan_address_is_poisoned(p + 5));
    arena_reset(&a);
    assert_true(__asan_address_is_poisoned(p));
    arena_release(&a);
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mem_of_no_bytes_is_memory_too),
        cmocka_unit_test(mem_sizes_that_overflow_are_refused),
        cmocka_unit_test(mem_realloc_that_fails_leaves_the_old_block),
        cmocka_unit_test(mem_grow_keeps_what_is_used),
        cmocka_unit_test(arena_gives_aligned_blocks_that_do_not_overlap),
        cmocka_unit_test(arena_calloc_is_zeroed_also_after_a_reset),
        cmocka_unit_test(arena_reaches_a_steady_state_without_malloc),
        cmocka_unit_test(arena_reset_keeps_no_more_than_it_may),
        cmocka_unit_test(arena_texts_are_copies_with_a_nul),
        cmocka_unit_test(arena_out_of_memory_leaves_what_was_given),
        cmocka_unit_test(arena_poisons_what_it_has_not_given),
    };
    return cmocka_run_group_tests_name("base/mem", tests, NULL, NULL);
}
