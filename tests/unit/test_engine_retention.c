/* SPDX-License-Identifier: MIT */
/*
 * test_engine_retention.c - the thread that removes what has had its time: files with their rows,
 * deleted projects, and what it does when it cannot.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "engine/retention.h"
#include "support/unit_engine.h"

#define WAIT_MAX_US INT64_C(20000000)
#define DAY_MS      (24 * 3600 * INT64_C(1000))

static struct retention *start(struct unit_engine *w, int64_t keep_ms)
{
    const struct retention_config config = { .keep_ms = keep_ms,
                                             .interval_ms = 5,
                                             .portion_rows = 3 };
    struct retention *r = NULL;
    MUST(retention_start(w->store, w->spool, &config, &r, must));
    return r;
}

/* Is it true within the time? */
static bool until(bool (*holds)(void *arg), void *arg)
{
    const int64_t from_us = time_monotonic_us();
    while (!holds(arg)) {
        if (time_monotonic_us() - from_us > WAIT_MAX_US)
            return false;
        usleep(500);
    }
    return true;
}

static struct action import(struct unit_engine *w, int64_t project_id)
{
    return unit_import(w, project_id,
                       STR("Code,Voucher Type,Value\nA,GIFT_VOUCHER,1\n,GIFT_VOUCHER,1\n"), 40, 0);
}

struct watched {
    struct unit_engine *w;
    struct action ac;
};

static bool is_dropped(void *arg)
{
    struct watched *x = arg;
    return !unit_reload(x->w->store, &x->w->arena, &x->ac).kept;
}

static bool has_input(struct unit_engine *w, const struct action *ac)
{
    char path[700];
    if (unit_on_postgres()) {
        /* Behind the store's back, which may be broken on purpose right now. */
        char sql[160];
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM input_parts WHERE input = '%.*s'",
                 STR_FMT(ac->input));
        return unit_sql(w->url, sql) > 0;
    }
    unit_input_path(w, ac, path);
    return access(path, F_OK) == 0;
}

static bool has_no_input(void *arg)
{
    struct watched *x = arg;
    return !has_input(x->w, &x->ac);
}

/* ---- the spool's unlink, watched ---- */

static struct {
    const struct io_ops *real;
    struct unit_engine *w;
    _Atomic int calls;
    _Atomic int named; /* how often a file was removed that an action named */
    _Atomic bool fails;
} watch;

static int watched_unlink(const char *path)
{
    struct arena a;
    struct str *names = NULL;
    struct err err = { 0 };
    size_t n = 0;
    arena_init(&a, 4 * KIB, 0);
    if (store_list_inputs(watch.w->store, &a, &names, &n, &err) < 0)
        n = 1, names = NULL;
    for (size_t i = 0; names != NULL && i < n; i++)
        watch.named += strstr(path, arena_str(&a, names[i]).p) != NULL;
    arena_release(&a);
    watch.calls++;
    if (watch.fails) {
        errno = EIO;
        return -1;
    }
    return unlink(path);
}

static struct io_ops watching;

static int watch_setup(void **state)
{
    const int rc = unit_engine_setup(state);
    watch.real = io_ops;
    watch.w = *state;
    watch.calls = watch.named = 0;
    watch.fails = false;
    watching = *io_ops;
    watching.unlink = watched_unlink;
    io_ops = &watching;
    return rc;
}

static int watch_teardown(void **state)
{
    io_ops = watch.real;
    return unit_engine_teardown(state);
}

/* ---- tests ---- */

static void ended_action_loses_its_input_and_keeps_its_result(void **state)
{
    struct unit_engine *w = *state;
    struct watched x = { w, import(w, unit_engine_project(w)) };
    assert_true(has_input(w, &x.ac));
    struct retention *r = start(w, 0);
    assert_true(until(has_no_input, &x));
    assert_true(until(is_dropped, &x));
    retention_stop(r);
    const struct action after = unit_reload(w->store, &w->arena, &x.ac);
    assert_int_equal(after.status, ACTION_DONE);
    assert_int_equal(after.counts[OUTCOME_CREATED], 1);
    assert_int_equal(after.counts[OUTCOME_FAILED], 1);
    struct failure_row *failures;
    size_t n;
    MUST(store_list_failures(w->store, &w->arena, after.project_id, after.seq, 0, 10, &failures, &n,
                             must));
    assert_int_equal(n, 1);
    unit_find(w->store, &w->arena, after.project_id, "A");
    if (!unit_on_postgres())
        assert_int_equal(watch.calls, 1);
    assert_int_equal(watch.named, 0); /* the commit was before */
}

/* As if it had ended a day earlier. */
static void make_older(struct unit_engine *w, const struct action *ac)
{
    char sql[100];
    snprintf(sql, sizeof(sql), "UPDATE actions SET updated_ms = updated_ms - %lld WHERE seq = %lld",
             (long long)DAY_MS, (long long)ac->seq);
    unit_sql(w->url, sql);
}

static void what_is_young_stays(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    struct watched young = { w, import(w, project) };
    struct watched old = { w, import(w, project) };
    make_older(w, &old.ac);
    struct retention *r = start(w, DAY_MS / 2);
    assert_true(until(is_dropped, &old));
    retention_stop(r);
    assert_false(has_input(w, &old.ac));
    assert_true(has_input(w, &young.ac));
    assert_true(unit_reload(w->store, &w->arena, &young.ac).kept);
}

static bool no_project(void *arg)
{
    struct unit_engine *w = arg;
    struct project *projects;
    size_t n;
    MUST(store_list_projects(w->store, &w->arena, &projects, &n, must));
    return n == 1;
}

static int delete_project(struct store_tx *tx, void *arg, struct err *err)
{
    const struct str *public_id = arg;
    int64_t id;
    return store_tx_project_delete(tx, *public_id, time_now_ms(), &id, err);
}

static void deleted_project_goes_with_its_inputs_however_young(void **state)
{
    struct unit_engine *w = *state;
    const struct watched doomed = { w, import(w, unit_engine_project(w)) };
    const struct watched other = { w, import(w, unit_engine_project(w)) };
    struct str first = STR("proj_p0");
    struct retention *r = start(w, 7 * DAY_MS);
    unit_work(w->store, delete_project, &first);
    assert_true(until(no_project, w));
    retention_stop(r);
    assert_false(has_input(w, &doomed.ac));
    assert_true(has_input(w, &other.ac));
    if (!unit_on_postgres())
        assert_int_equal(watch.calls, 1);
    assert_int_equal(watch.named, 0);
    unit_find(w->store, &w->arena, other.ac.project_id, "A");
}

static void file_that_cannot_be_removed_is_left_to_the_sweep(void **state)
{
    UNIT_SQLITE_ONLY(); /* inputs are files there */
    struct unit_engine *w = *state;
    struct watched x = { w, import(w, unit_engine_project(w)) };
    watch.fails = true;
    struct retention *r = start(w, 0);
    assert_true(until(is_dropped, &x));
    retention_stop(r);
    assert_true(has_input(w, &x.ac));
    watch.fails = false;
    struct str *names;
    size_t n;
    MUST(store_list_inputs(w->store, &w->arena, &names, &n, must));
    assert_int_equal(spool_sweep(w->spool, names, n), 1);
    assert_false(has_input(w, &x.ac));
}

static bool it_has_failed(void *arg)
{
    (void)arg;
    const bool failed = fault_disarm() > 0;
    fault_arm(FAULT_STORE, 1, true);
    return failed;
}

static void trouble_of_the_store_is_waited_for(void **state)
{
    struct unit_engine *w = *state;
    struct watched x = { w, import(w, unit_engine_project(w)) };
    fault_arm(FAULT_STORE, 1, true);
    struct retention *r = start(w, 0);
    assert_true(until(it_has_failed, NULL));
    assert_true(has_input(w, &x.ac));
    fault_disarm();
    assert_true(until(has_no_input, &x));
    assert_true(until(is_dropped, &x));
    retention_stop(r);
}

static void stop_comes_between_portions_and_the_next_start_goes_on(void **state)
{
    struct unit_engine *w = *state;
    struct watched x[6];
    const int64_t project = unit_engine_project(w);
    for (size_t i = 0; i < ARRAY_LEN(x); i++)
        x[i] = (struct watched){ w, import(w, project) };
    size_t rounds = 0;
    while (!is_dropped(&x[5])) {
        assert_true(++rounds < 100000);
        retention_stop(start(w, 0));
    }
    for (size_t i = 0; i < ARRAY_LEN(x); i++)
        assert_false(has_input(w, &x[i].ac));
    assert_int_equal(watch.calls, 6);
    retention_stop(NULL);
}

static void retention_out_of_memory_is_an_error(void **state)
{
    struct unit_engine *w = *state;
    const struct retention_config config = { 0 };
    struct retention *r = NULL;
    struct err err = { 0 };
    fault_arm(FAULT_ALLOC, 1, false);
    assert_int_equal(retention_start(w->store, w->spool, &config, &r, &err), -1);
    assert_int_equal(fault_disarm(), 1);
    assert_int_equal(err.code, ERR_NOMEM);
    assert_null(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, watch_setup, watch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ended_action_loses_its_input_and_keeps_its_result),
        TEST(what_is_young_stays),
        TEST(deleted_project_goes_with_its_inputs_however_young),
        TEST(file_that_cannot_be_removed_is_left_to_the_sweep),
        TEST(trouble_of_the_store_is_waited_for),
        TEST(stop_comes_between_portions_and_the_next_start_goes_on),
        TEST(retention_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
