/* SPDX-License-Identifier: MIT */
/*
 * test_engine_draft.c - the rows of a chunk come in the order of their keys, and rows of one key in
 * the order of the input, whatever the keys have in common and however many there are.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/unit_engine.h"

enum { ROWS = 3000 };

struct drafting {
    struct slot slot;
    struct draft d;
    struct arena keys;
    struct str key[ROWS];
    size_t n;
};

static int by_key_and_row(const void *a, const void *b, void *arg)
{
    const struct drafting *t = arg;
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const int order = str_cmp(t->key[x], t->key[y]);
    return order != 0 ? order : (x > y) - (x < y);
}

/* A chunk behind what the slot has already, of n rows with these keys. */
static void draft(struct drafting *t, size_t n)
{
    const struct action ac = { .kind = ACTION_VOUCHERS_IMPORT_CSV };
    const struct action_plan plan = { 0 };
    const struct chunk_at at = { 0 };
    struct err err = { 0 };
    t->n = n;
    MUST(draft_begin(&t->d, &t->slot, &ac, action_kind_find(ac.kind), &plan, &at, must));
    for (size_t i = 0; i < n; i++) {
        struct voucher *v = draft_room(&t->d, &err);
        assert_non_null(v);
        *v = (struct voucher){ .head.key = t->key[i] };
        draft_keep(&t->d);
    }
    MUST(draft_finish(&t->d, must));
}

static void assert_sorted(struct drafting *t)
{
    static uint32_t rows[ROWS];
    const struct store_chunk *c = t->d.c;
    for (uint32_t i = 0; i < t->n; i++)
        rows[i] = i;
    qsort_r(rows, t->n, sizeof(*rows), by_key_and_row, t);
    assert_int_equal(c->n_mapped, t->n);
    for (size_t i = 0; i < t->n; i++) {
        if (c->mapped[i]->row != rows[i])
            fail_msg("%zu rows: %zu is row %u, not %u", t->n, i, c->mapped[i]->row, rows[i]);
        assert_true(str_eq(c->mapped[i]->key, t->key[rows[i]]));
    }
}

/* n keys of a kind; each about three times where they are random. */
static void make_keys(struct drafting *t, int kind, size_t n)
{
    unsigned noise = (unsigned)n;
    for (size_t i = 0; i < n; i++) {
        noise = noise * 1103515245 + 12345;
        const unsigned number = noise / 65536 % ((unsigned)n / 3 + 1);
        char text[80];
        switch (kind) {
        case 0: /* short, of any length */
            snprintf(text, sizeof(text), "%u", number * 7919);
            break;
        case 1: /* what differs is behind the eight bytes that are sorted first */
            snprintf(text, sizeof(text), "%cSUMMER-2026-%08u", "ab"[number % 2], number);
            break;
        case 2: /* all begin with the same */
            snprintf(text, sizeof(text), "CAMPAIGN-%06u-%u", number, number % 3);
            break;
        case 3: /* one key is where another goes on */
            snprintf(text, sizeof(text), "%.*s", (int)(number % 40),
                     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
            break;
        default: /* bytes beyond 127, and the other way round */
            snprintf(text, sizeof(text), "\xC3%c%u", (char)(0x80 + (n - i) % 64), number % 5);
        }
        t->key[i] = arena_str(&t->keys, str_of(text));
        assert_non_null(t->key[i].p);
    }
}

static void rows_are_sorted_by_key_and_then_as_they_came(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, 17, 255, 256, 257, ROWS };
    static struct drafting t;
    (void)state;
    arena_init(&t.keys, 64 * KIB, 0);
    arena_init(&t.slot.arena, 64 * KIB, 0);
    for (int kind = 0; kind < 5; kind++) {
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            slot_begin(&t.slot);
            arena_reset(&t.keys);
            make_keys(&t, kind, sizes[i]);
            draft(&t, sizes[i]);
            assert_sorted(&t);
        }
    }
    slot_release(&t.slot);
    arena_release(&t.keys);
}

/* A batch: many chunks in one slot, each sorted by itself. */
static void chunks_of_one_slot_are_sorted_each_by_itself(void **state)
{
    static const size_t sizes[] = { 3, 300, 0, 1000, 20, 256 };
    static struct drafting t;
    (void)state;
    arena_init(&t.keys, 64 * KIB, 0);
    arena_init(&t.slot.arena, 64 * KIB, 0);
    slot_begin(&t.slot);
    MUST(slot_reserve(&t.slot, ROWS, sizeof(struct voucher), must));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        make_keys(&t, 1, sizes[i]);
        draft(&t, sizes[i]);
        assert_sorted(&t);
    }
    slot_release(&t.slot);
    arena_release(&t.keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_by_key_and_then_as_they_came),
        cmocka_unit_test(chunks_of_one_slot_are_sorted_each_by_itself),
    };
    return cmocka_run_group_tests_name("engine/draft", tests, NULL, NULL);
}
