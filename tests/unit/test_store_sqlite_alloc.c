/* SPDX-License-Identifier: MIT */
/*
 * test_store_sqlite_alloc.c - SQLite's own allocations fail, one after the other.
 *
 * SQLite answers some of them in odd ways: a column's text is NULL, which reads as "not there". So
 * it is not enough that errors come back; whatever reports success must have done the right thing.
 */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "domain/voucher_filter.h"
#include "support/unit_store.h"

static sqlite3_mem_methods real;
static atomic_long left; /* until the one that fails; 0: none does */
static atomic_long fired;

static bool fails(void)
{
    long n = atomic_load(&left);
    while (n > 0) {
        if (atomic_compare_exchange_weak(&left, &n, n - 1)) {
            atomic_fetch_add(&fired, n == 1);
            return n == 1;
        }
    }
    return false;
}

static void *failing_malloc(int n)
{
    return fails() ? NULL : real.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
    return fails() ? NULL : real.xRealloc(p, n);
}

static void arm(long nth)
{
    atomic_store(&fired, 0);
    atomic_store(&left, nth);
}

static long disarm(void)
{
    atomic_store(&left, 0);
    return atomic_load(&fired);
}

/* Without lookaside memory, every small allocation is one of those that can fail. */
static int install(void **state)
{
    (void)state;
    sqlite3_mem_methods failing;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real), SQLITE_OK);
    failing = real;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing), SQLITE_OK);
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
    return 0;
}

struct world {
    char *dir;
    char url[600];
    struct store *store;
    struct arena arena;
};

static void world_open(struct world *w)
{
    const struct store_config config = { .serving = true, .readers = 1 };
    MUST(store_open(w->url, &config, &w->store, must));
}

static int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->dir = unit_dir_make();
    snprintf(w->url, sizeof(w->url), "sqlite:%s/store.db", w->dir);
    arena_init(&w->arena, 64 * KIB, 0);
    world_open(w);
    *state = w;
    return 0;
}

static int world_teardown(void **state)
{
    struct world *w = *state;
    store_close(w->store);
    arena_release(&w->arena);
    unit_dir_remove(w->dir);
    free(w);
    return 0;
}

/* New connections: their statements have to be prepared again, which allocates most. */
static void world_reopen(struct world *w)
{
    store_close(w->store);
    world_open(w);
}

static void opening_out_of_memory_is_an_error(void **state)
{
    struct world *w = *state;
    const struct store_config config = { .serving = true, .readers = 1 };
    long nth = 1, went_off = 1;
    store_close(w->store);
    for (; went_off; nth += 1 + nth / 16) {
        struct err err = { 0 };
        struct store *s = NULL;
        arm(nth);
        const int rc = store_open(w->url, &config, &s, &err);
        went_off = disarm();
        if (rc == 0) /* SQLite does without some of its memory, a cache for one */
            store_close(s);
        else
            assert_true(went_off && strlen(err.msg) > 0);
    }
    print_message("  %ld allocations\n", nth);
    assert_true(nth > 50);
    world_open(w);
}

static const struct unit_row rows[] = {
    { "A", 1, NULL }, { "", 0, "bad" }, { "OLD1", 9, NULL }, { "A", 2, NULL }, { "OLD2", 5, NULL },
};
#define LONG_TEXT "0123456789012345678901234567890123456789012345678901234567890123456789"

static const char *longer_than_a_page(void)
{
    static char text[20000];
    memset(text, 'x', sizeof(text) - 1);
    return text;
}

static int64_t prepare_project(struct world *w, const char *name)
{
    const int64_t project = unit_project(w->store, name);
    struct voucher old1 = unit_voucher("OLD1", 5), old2 = unit_voucher("OLD2", 5);
    old1.metadata = STR("{\"a\":\"" LONG_TEXT "\"}");
    old1.additional_info = str_of(longer_than_a_page());
    old2.category = STR(LONG_TEXT);
    unit_create(w->store, project, &old1);
    unit_create(w->store, project, &old2);
    return project;
}

static void assert_imported(struct world *w, int64_t project)
{
    const struct voucher *old1 = unit_find(w->store, &w->arena, project, "OLD1");
    const struct voucher *old2 = unit_find(w->store, &w->arena, project, "OLD2");
    assert_int_equal(old1->value.i, 9);
    assert_str(old1->metadata, "{\"a\":\"" LONG_TEXT "\",\"b\":\"2\"}");
    assert_str(old1->additional_info, longer_than_a_page());
    assert_str(old2->category, LONG_TEXT);
    assert_str(old2->metadata, "{\"b\":\"2\"}");
    assert_int_equal(unit_find(w->store, &w->arena, project, "A")->value.i, 2);
}

static long break_slice(struct world *w, long nth)
{
    char name[32];
    struct unit_chunk c;
    struct err err = { 0 };
    snprintf(name, sizeof(name), "p%ld", nth);
    const int64_t project = prepare_project(w, name);
    struct action ac = unit_claimed_action(w->store, project);
    const char *before = unit_dump(w->store, &w->arena, project, UNIT_DUMP_EXACT);
    unit_chunk_init(&c, &ac, rows, ARRAY_LEN(rows), NULL, true);
    for (size_t i = 0; i < c.chunk.n_mapped; i++) {
        c.sorted[i]->metadata = STR("{\"b\":\"2\"}");
        c.sorted[i]->set |= VF_METADATA;
    }
    world_reopen(w);
    arm(nth);
    const int rc = store_slice_commit(w->store, &c.chunk, 1, &err);
    const long went_off = disarm();
    if (rc < 0) {
        assert_true(went_off && strlen(err.msg) > 0);
        assert_string_equal(unit_outcome_letters(c.outcomes, 5), "-----");
        assert_string_equal(unit_dump(w->store, &w->arena, project, UNIT_DUMP_EXACT), before);
        unit_commit(w->store, &c.chunk);
    }
    assert_string_equal(unit_outcome_letters(c.outcomes, 5), "cfuuu");
    assert_imported(w, project);
    assert_int_equal(unit_reload(w->store, &w->arena, &ac).counts[OUTCOME_UPDATED], 3);
    unit_chunk_release(&c);
    arena_reset(&w->arena);
    return went_off;
}

static void slice_out_of_memory_moves_nothing_or_does_it_all(void **state)
{
    struct world *w = *state;
    long nth = 1;
    while (break_slice(w, nth) > 0)
        nth += nth < 400 ? 1 : 7;
    print_message("  %ld allocations\n", nth);
    assert_true(nth > 50);
}

/* What is read is exact or an error; never a voucher without its texts. */
static void reading_out_of_memory_is_exact_or_an_error(void **state)
{
    struct world *w = *state;
    const int64_t project = prepare_project(w, "p");
    const struct voucher_page page = { .order = VOUCHER_OLDEST_FIRST, .limit = 10 };
    for (long nth = 1, went_off = 1; went_off; nth++) {
        struct err err = { 0 };
        struct voucher *v = NULL, *list = NULL;
        struct project *p = NULL;
        struct project_key *key = NULL;
        size_t n = 0;
        int64_t total = 0;
        bool more;
        world_reopen(w);
        arm(nth);
        int rc = store_find_key(w->store, &w->arena, STR("app-p"), &key, &p, &err);
        if (rc == 0)
            rc = store_find_voucher(w->store, &w->arena, project, STR("OLD1"), &v, &err);
        if (rc == 0)
            rc = store_list_vouchers(w->store, &w->arena, project, &page, &list, &n, &total, &more,
                                     &err);
        went_off = disarm();
        if (rc < 0) {
            assert_true(went_off);
            continue;
        }
        assert_str(p->name, "p");
        assert_str(key->app_id, "app-p");
        assert_str(key->name, "k");
        assert_str(v->metadata, "{\"a\":\"" LONG_TEXT "\"}");
        assert_str(v->additional_info, longer_than_a_page());
        assert_int_equal(n, 2);
        assert_int_equal(total, 2);
        assert_str(list[0].metadata, "{\"a\":\"" LONG_TEXT "\"}");
        assert_str(list[1].code, "OLD2");
        assert_str(list[1].category, LONG_TEXT);
    }
}

/* The same of lists and walks with a filter, which reads metadata for itself. */
static void filtering_out_of_memory_is_exact_or_an_error(void **state)
{
    struct world *w = *state;
    const int64_t project = prepare_project(w, "p");
    const struct str value = STR(LONG_TEXT);
    struct filter filter;
    struct filter_reader r = { .fields = &voucher_filter_fields, .arena = &w->arena, .path = "" };
    filter_init(&filter, 0);
    MUST(filter_add(&r, &filter, STR("metadata.a"), STR("$is_not"), &value, 1, must));
    const struct voucher_page page = { .order = VOUCHER_BY_CHANGE, .limit = 10, .filter = &filter };
    for (long nth = 1, went_off = 1; went_off; nth++) {
        struct voucher_walk walk = {
            .order = VOUCHER_BY_CODE, .filter = &filter, .limit = 10, .max_bytes = SIZE_MAX
        };
        struct err err = { 0 };
        struct voucher *list = NULL, *walked = NULL;
        size_t n = 0, n_walked = 0;
        int64_t total = 0;
        bool more;
        world_reopen(w);
        arm(nth);
        int rc = store_list_vouchers(w->store, &w->arena, project, &page, &list, &n, &total, &more,
                                     &err);
        if (rc == 0)
            rc = store_walk_vouchers(w->store, &w->arena, project, &walk, &walked, &n_walked, &err);
        went_off = disarm();
        if (rc < 0) {
            assert_true(went_off);
            continue;
        }
        assert_int_equal(total, 1);
        assert_int_equal(n, 1);
        assert_str(list[0].code, "OLD2");
        assert_int_equal(n_walked, 1);
        assert_str(walked[0].category, LONG_TEXT);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening_out_of_memory_is_an_error),
        TEST(slice_out_of_memory_moves_nothing_or_does_it_all),
        TEST(reading_out_of_memory_is_exact_or_an_error),
        TEST(filtering_out_of_memory_is_exact_or_an_error),
    };
    return cmocka_run_group_tests_name("store/sqlite_alloc", tests, install, NULL);
}
