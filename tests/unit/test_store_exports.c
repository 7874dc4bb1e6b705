/* SPDX-License-Identifier: MIT */
/* test_store_exports.c - exports are kept, found, listed and erased, each in its own project. */
#include <stdio.h>

#include "base/fault.h"
#include "support/unit_store.h"

/* ---- in short ---- */

struct write {
    int64_t project_id;
    struct stored_export e;
    bool found;
};

static int run_insert(struct store_tx *tx, void *arg, struct err *err)
{
    struct write *w = arg;
    return store_tx_export_insert(tx, w->project_id, &w->e, err);
}

static int run_erase(struct store_tx *tx, void *arg, struct err *err)
{
    struct write *w = arg;
    return store_tx_export_erase(tx, w->project_id, w->e.key, &w->found, err);
}

static int run_delete_project(struct store_tx *tx, void *arg, struct err *err)
{
    int64_t *id = arg;
    return store_tx_project_delete(tx, STR("proj_one"), 1, id, err);
}

static int64_t insert(struct unit_world *w, int64_t project, const char *params, int64_t created_ms)
{
    struct write write = {
        .project_id = project,
        .e = { .resource = RESOURCE_VOUCHER, .params = str_of(params), .created_ms = created_ms }
    };
    unit_work(w->store, run_insert, &write);
    return write.e.key;
}

static bool erase(struct unit_world *w, int64_t project, int64_t key)
{
    struct write write = { .project_id = project, .e = { .key = key } };
    unit_work(w->store, run_erase, &write);
    return write.found;
}

static const struct stored_export *find(struct unit_world *w, int64_t project, int64_t key)
{
    struct stored_export *e;
    MUST(store_find_export(w->store, &w->arena, project, key, &e, must));
    return e;
}

/* Keys of a page as "1,2,3", counted from the first of the project, and the total. */
static void assert_listed(struct unit_world *w, int64_t offset, bool newest_first, size_t limit,
                          const char *want)
{
    char got[128] = "";
    struct stored_export *rows;
    size_t n;
    int64_t total;
    MUST(store_list_exports(w->store, &w->arena, w->project, offset, newest_first, limit, &rows, &n,
                            &total, must));
    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(got);
        snprintf(got + len, sizeof(got) - len, "%lld ", (long long)rows[i].created_ms);
    }
    const size_t len = strlen(got);
    snprintf(got + len, sizeof(got) - len, "of %lld", (long long)total);
    assert_string_equal(got, want);
}

/* ---- tests ---- */

static void an_export_is_what_was_inserted(void **state)
{
    struct unit_world *w = *state;
    const int64_t key = insert(w, w->project, "{\"order\":\"code\"}", 7);
    const struct stored_export *e = find(w, w->project, key);
    assert_int_equal(e->key, key);
    assert_int_equal(e->resource, RESOURCE_VOUCHER);
    assert_int_equal(e->created_ms, 7);
    assert_str(e->params, "{\"order\":\"code\"}");
    assert_null(find(w, w->project, key + 1));
}

static void exports_belong_to_their_project(void **state)
{
    struct unit_world *w = *state;
    const int64_t key = insert(w, w->project, "{}", 1);
    insert(w, w->other, "{}", 2);
    assert_null(find(w, w->other, key));
    assert_false(erase(w, w->other, key));
    assert_listed(w, 0, true, 10, "1 of 1");
    assert_true(erase(w, w->project, key));
    assert_false(erase(w, w->project, key));
    assert_null(find(w, w->project, key));
    assert_listed(w, 0, true, 10, "of 0");
    assert_true(insert(w, w->project, "{}", 3) != key); /* an id means one thing for ever */
}

static void exports_are_listed_by_age(void **state)
{
    struct unit_world *w = *state;
    for (int64_t i = 1; i <= 5; i++)
        insert(w, w->project, "{}", i);
    assert_listed(w, 0, true, 10, "5 4 3 2 1 of 5");
    assert_listed(w, 0, false, 10, "1 2 3 4 5 of 5");
    assert_listed(w, 2, true, 2, "3 2 of 5");
    assert_listed(w, 4, false, 2, "5 of 5");
    assert_listed(w, 5, false, 2, "of 5");
}

/* Until its rows are purged, a link must not read what its owner has thrown away. */
static void exports_of_a_deleted_project_are_not_found(void **state)
{
    struct unit_world *w = *state;
    const int64_t key = insert(w, w->project, "{}", 1);
    int64_t id = 0;
    unit_work(w->store, run_delete_project, &id);
    assert_int_equal(id, w->project);
    assert_null(find(w, w->project, key));
    struct write write = { .project_id = w->project, .e = { .params = STR("{}") } };
    struct err err = { 0 };
    assert_int_equal(store_work_wait(w->store, run_insert, &write, &err), -1);
    assert_int_equal(err.code, ERR_UNAUTHORIZED);
}

static void the_nth_failure_is_an_error(void **state)
{
    static const enum fault_kind kinds[] = { FAULT_STORE, FAULT_ALLOC };
    struct unit_world *w = *state;
    const int64_t key = insert(w, w->project, "{}", 1);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t nth = 1, fired = 1; fired != 0; nth++) {
            struct stored_export *e = NULL, *rows = NULL;
            struct err err = { 0 };
            size_t n = 0;
            int64_t total = 0;
            arena_release(&w->arena);
            arena_init(&w->arena, 16, 0);
            fault_arm(kinds[k], nth, false);
            int rc = store_find_export(w->store, &w->arena, w->project, key, &e, &err);
            if (rc == 0)
                rc = store_list_exports(w->store, &w->arena, w->project, 0, true, 3, &rows, &n,
                                        &total, &err);
            fired = fault_disarm();
            assert_int_equal(rc, fired != 0 ? -1 : 0);
            assert_true(rc < 0 || (e != NULL && n == 1 && total == 1));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_export_is_what_was_inserted), TEST(exports_belong_to_their_project),
        TEST(exports_are_listed_by_age),      TEST(exports_of_a_deleted_project_are_not_found),
        TEST(the_nth_failure_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
