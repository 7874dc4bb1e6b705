/* SPDX-License-Identifier: MIT */
/*
 * test_store_retention.c - what is removed when its time has come, and what stays for ever.
 *
 * At every moment between two portions an action's report must be whole or not there at all: that
 * is looked at after each of them, with the store closed and opened in between.
 */
#include <sqlite3.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "support/unit_store.h"

#define LATER    (INT64_MAX / 2) /* everything has ended before then */
#define ROWS_BIG 10020           /* of an action with more failures than are kept */

/* ---- behind the store's back ---- */

static int64_t sql(struct unit_world *w, const char *text)
{
    return unit_sql(w->url, text);
}

static int64_t count(struct unit_world *w, const char *table)
{
    return sql(w, arena_printf(&w->arena, "SELECT count(*) FROM %s", table));
}

/* ---- retention ---- */

struct portion {
    int64_t ended_before_ms, now_ms;
    size_t budget;
    struct arena *arena;
    struct purged purged;
};

static int run_portion(struct store_tx *tx, void *arg, struct err *err)
{
    struct portion *p = arg;
    return store_tx_retention(tx, p->ended_before_ms, p->now_ms, p->budget, p->arena, &p->purged,
                              err);
}

static struct purged step(struct unit_world *w, int64_t ended_before_ms, size_t budget)
{
    struct portion p = { .ended_before_ms = ended_before_ms,
                         .now_ms = time_now_ms(),
                         .budget = budget,
                         .arena = &w->arena };
    unit_work(w->store, run_portion, &p);
    return p.purged;
}

/* All that is due; the names of the inputs, with a blank behind each. */
static const char *sweep(struct unit_world *w, int64_t ended_before_ms)
{
    char *names = arena_printf(&w->arena, "%s", "");
    struct purged p = { .more = true };
    while (p.more) {
        p = step(w, ended_before_ms, 700);
        for (size_t i = 0; i < p.n_inputs; i++)
            names = arena_printf(&w->arena, "%s%.*s ", names, STR_FMT(p.inputs[i]));
    }
    return names;
}

/* ---- actions ---- */

static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_action_insert(tx, arg, err);
}

/* A claimed action with an input of this name, or without a name one that is stored with it. */
static struct action new_action(struct unit_world *w, int64_t project, const char *input,
                                bool dry_run)
{
    struct action ac = { .project_id = project,
                         .kind = UNIT_KIND,
                         .queue = QUEUE_VOUCHERS,
                         .records = -1,
                         .created_ms = time_now_ms(),
                         .request_id = STR("v-0b45cee140c3c9b5ca"),
                         .input = str_of(input),
                         .input_bytes = 1000,
                         .dry_run = dry_run,
                         .params = STR("{}") };
    if (input == NULL)
        ac.data = STR("{\"code\":\"A\"}\n");
    unit_work(w->store, insert_action, &ac);
    unit_claim(w->store, &ac);
    return ac;
}

/* Rows a, b, … of one chunk: 'f' fails, any other letter is an amount. */
static void put_chunk(struct unit_world *w, const struct action *ac, const char *letters, bool last)
{
    struct unit_row rows[40];
    struct unit_chunk c;
    const size_t n = strlen(letters);
    assert_true(n <= ARRAY_LEN(rows));
    for (size_t i = 0; i < n; i++) {
        char code[40];
        snprintf(code, sizeof(code), "C%lld-%zu", (long long)ac->project_id, i);
        rows[i] = (struct unit_row){ .code = arena_str(&w->arena, str_of(code)).p,
                                     .amount = letters[i],
                                     .reason = letters[i] == 'f' ? "no" : NULL };
    }
    unit_chunk_init(&c, ac, rows, n, NULL, last);
    c.chunk.dry_run = ac->dry_run;
    unit_commit(w->store, &c.chunk);
    unit_chunk_release(&c);
}

static struct action ended_action(struct unit_world *w, int64_t project, const char *input,
                                  const char *letters)
{
    const struct action ac = new_action(w, project, input, false);
    put_chunk(w, &ac, letters, true);
    return unit_reload(w->store, &w->arena, &ac);
}

/* An ended action of many chunks; of its ROWS_BIG rows, every one has failed. */
static struct action big_action(struct unit_world *w, const char *input)
{
    struct action ac = ended_action(w, w->project, input, "f");
    char text[700];
    const long long p = (long long)ac.project_id, seq = (long long)ac.seq;
    snprintf(text, sizeof(text),
             "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT "
             "INTO failures (project_id, action_seq, \"row\", key, reason, kind) "
             "SELECT %lld, %lld, i, 'K' || i, 'no', 0 FROM n;"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99) INSERT "
             "INTO outcomes SELECT %lld, %lld, i, i, 1, i, i + 1, %s FROM n;"
             "UPDATE actions SET failed = %d WHERE seq = %lld",
             ROWS_BIG, p, seq, p, seq, unit_on_postgres() ? "'\\x05'::bytea" : "x'05'", ROWS_BIG,
             seq);
    sql(w, text);
    return unit_reload(w->store, &w->arena, &ac);
}

static bool has_outcomes(struct unit_world *w, const struct action *ac, int64_t chunk_no)
{
    struct outcome_blob *blob = NULL;
    MUST(store_find_outcomes(w->store, &w->arena, ac->project_id, ac->seq, chunk_no, &blob, must));
    return blob != NULL;
}

static size_t failures_of(struct unit_world *w, const struct action *ac, struct failure_row **rows)
{
    size_t n;
    MUST(store_list_failures(w->store, &w->arena, ac->project_id, ac->seq, 0, 2 * ROWS_BIG, rows,
                             &n, must));
    return n;
}

/* Nobody is told of an input that the store still names, nor can an action have half a report. */
static void assert_whole_or_none(struct unit_world *w, const struct action *big)
{
    const struct action now = unit_reload(w->store, &w->arena, big);
    struct failure_row *rows;
    const size_t failures = failures_of(w, big, &rows);
    assert_true(failures >= FAILURES_KEPT);
    if (now.input.p != NULL) {
        assert_true(now.kept);
        assert_int_equal(failures, ROWS_BIG);
        for (int64_t i = 0; i < 100; i++)
            assert_true(has_outcomes(w, big, i));
    }
    if (!now.kept) {
        assert_null(now.input.p);
        assert_int_equal(failures, FAILURES_KEPT);
        assert_int_equal(count(w, "outcomes"), 0);
    }
}

/* ---- actions that ended long ago ---- */

static void ended_action_keeps_its_row_and_the_first_failures(void **state)
{
    struct unit_world *w = *state;
    const struct action before = big_action(w, "aaaaaaaaaaaaaaaaaaaaaaaa");
    assert_string_equal(sweep(w, LATER), "aaaaaaaaaaaaaaaaaaaaaaaa ");
    const struct action after = unit_reload(w->store, &w->arena, &before);
    assert_false(after.kept);
    assert_null(after.input.p);
    assert_int_equal(after.status, before.status);
    assert_int_equal(after.updated_ms, before.updated_ms);
    assert_int_equal(after.input_bytes, before.input_bytes);
    assert_memory_equal(after.counts, before.counts, sizeof(after.counts));
    assert_str(after.params, "{}");
    assert_int_equal(count(w, "outcomes"), 0);
    struct failure_row *rows;
    assert_int_equal(failures_of(w, &after, &rows), FAILURES_KEPT);
    for (size_t i = 0; i < FAILURES_KEPT; i++)
        assert_int_equal(rows[i].row, i + 1);
    assert_string_equal(sweep(w, LATER), "");
}

static void action_with_few_failures_keeps_them_all(void **state)
{
    struct unit_world *w = *state;
    const struct action ac = ended_action(w, w->project, "aaaaaaaaaaaaaaaaaaaaaaaa", "1f2f");
    struct failure_row *rows;
    sweep(w, LATER);
    assert_int_equal(failures_of(w, &ac, &rows), 2);
    assert_int_equal(rows[1].row, 4);
    assert_false(has_outcomes(w, &ac, 0));
    assert_int_equal(count(w, "vouchers"), 2);
}

static void action_stays_whole_until_its_time_has_come(void **state)
{
    struct unit_world *w = *state;
    const struct action ac = ended_action(w, w->project, "aaaaaaaaaaaaaaaaaaaaaaaa", "1f");
    assert_string_equal(sweep(w, ac.updated_ms), "");
    assert_true(has_outcomes(w, &ac, 0));
    assert_true(unit_reload(w->store, &w->arena, &ac).kept);
    assert_string_equal(sweep(w, ac.updated_ms + 1), "aaaaaaaaaaaaaaaaaaaaaaaa ");
    assert_false(has_outcomes(w, &ac, 0));
}

static void unfinished_action_is_left_alone_however_old(void **state)
{
    struct unit_world *w = *state;
    const struct action running = new_action(w, w->project, "aaaaaaaaaaaaaaaaaaaaaaaa", false);
    put_chunk(w, &running, "1f", false);
    unit_action(w->store, w->project, 1);
    assert_string_equal(sweep(w, LATER), "");
    assert_true(has_outcomes(w, &running, 0));
    assert_int_equal(sql(w, "SELECT count(*) FROM actions WHERE kept = 1 AND input IS NOT NULL"),
                     2);
}

static void only_what_is_due_goes_in_any_project(void **state)
{
    struct unit_world *w = *state;
    const struct action a = ended_action(w, w->project, "aaaaaaaaaaaaaaaaaaaaaaaa", "1f");
    const struct action b = ended_action(w, w->other, "bbbbbbbbbbbbbbbbbbbbbbbb", "1f");
    const struct action c = ended_action(w, w->project, "cccccccccccccccccccccccc", "2f");
    sql(w, "UPDATE actions SET updated_ms = CASE input WHEN 'cccccccccccccccccccccccc' THEN 3000 "
           "WHEN 'bbbbbbbbbbbbbbbbbbbbbbbb' THEN 1000 ELSE 2000 END");
    assert_string_equal(sweep(w, 3000), "bbbbbbbbbbbbbbbbbbbbbbbb aaaaaaaaaaaaaaaaaaaaaaaa ");
    assert_false(has_outcomes(w, &a, 0));
    assert_false(has_outcomes(w, &b, 0));
    assert_true(has_outcomes(w, &c, 0));
    assert_str(unit_reload(w->store, &w->arena, &c).input, "cccccccccccccccccccccccc");
}

static void input_that_is_stored_with_its_action_goes_too(void **state)
{
    struct unit_world *w = *state;
    const struct action ac = ended_action(w, w->project, NULL, "1");
    struct str data;
    MUST(store_find_input(w->store, &w->arena, w->project, ac.seq, &data, must));
    assert_true(data.len > 0);
    assert_string_equal(sweep(w, LATER), "");
    MUST(store_find_input(w->store, &w->arena, w->project, ac.seq, &data, must));
    assert_null(data.p);
    assert_int_equal(count(w, "inputs"), 0);
}

/* ---- portions ---- */

static void portion_removes_no_more_than_its_budget(void **state)
{
    struct unit_world *w = *state;
    const struct action big = big_action(w, "aaaaaaaaaaaaaaaaaaaaaaaa");
    size_t portions = 0, inputs = 0;
    struct purged p = { .more = true };
    while (p.more) {
        p = step(w, LATER, 10);
        assert_true(p.rows <= 10);
        inputs += p.n_inputs;
        assert_int_equal(inputs, 1); /* it goes first */
        assert_true(++portions < 1000);
    }
    assert_true(portions >= 100 + (ROWS_BIG - FAILURES_KEPT) / 10);
    assert_false(unit_reload(w->store, &w->arena, &big).kept);
}

static void budget_of_nothing_is_one_row(void **state)
{
    struct unit_world *w = *state;
    ended_action(w, w->project, "aaaaaaaaaaaaaaaaaaaaaaaa", "1");
    const struct purged p = step(w, LATER, 0);
    assert_int_equal(p.rows, 1);
    assert_true(p.more);
}

static void kill_between_any_two_portions_leaves_all_or_nothing(void **state)
{
    struct unit_world *w = *state;
    const struct action big = big_action(w, "aaaaaaaaaaaaaaaaaaaaaaaa");
    struct purged p = { .more = true };
    size_t inputs = 0;
    assert_whole_or_none(w, &big);
    for (size_t portions = 0; p.more; portions++) {
        struct str *names;
        size_t n;
        assert_true(portions < 100);
        p = step(w, LATER, 160);
        inputs += p.n_inputs;
        unit_world_reopen(w);
        MUST(store_list_inputs(w->store, &w->arena, &names, &n, must));
        assert_int_equal(n + inputs, 1); /* whose file the sweep at the start keeps */
        assert_whole_or_none(w, &big);
    }
    assert_false(unit_reload(w->store, &w->arena, &big).kept);
}

static void portion_with_any_failure_changes_nothing(void **state)
{
    struct unit_world *w = *state;
    const struct action big = big_action(w, "aaaaaaaaaaaaaaaaaaaaaaaa");
    static const char *const tables[] = { "actions WHERE input IS NOT NULL", "outcomes", "failures",
                                          "actions WHERE kept = 1" };
    bool more = true;
    for (size_t nth = 1; more; nth++) {
        struct portion p = { .ended_before_ms = LATER, .budget = 600, .arena = &w->arena };
        struct err err = { 0 };
        int64_t before[ARRAY_LEN(tables)];
        assert_true(nth < 200);
        for (size_t i = 0; i < ARRAY_LEN(tables); i++)
            before[i] = count(w, tables[i]);
        fault_arm(FAULT_STORE, nth, false);
        const int rc = store_work_wait(w->store, run_portion, &p, &err);
        assert_int_equal(fault_disarm() > 0, rc < 0);
        if (rc == 0) { /* on with the next portion, from its first step */
            nth = 0;
            more = p.purged.more;
            continue;
        }
        for (size_t i = 0; i < ARRAY_LEN(tables); i++)
            assert_int_equal(count(w, tables[i]), before[i]);
    }
    assert_whole_or_none(w, &big);
    assert_false(unit_reload(w->store, &w->arena, &big).kept);
}

static void portion_out_of_memory_changes_nothing(void **state)
{
    struct unit_world *w = *state;
    int rc = -1;
    ended_action(w, w->project, "aaaaaaaaaaaaaaaaaaaaaaaa", "1f");
    for (size_t nth = 1; rc < 0; nth++) {
        struct arena a;
        struct err err = { 0 };
        struct portion p = { .ended_before_ms = LATER, .budget = 600, .arena = &a };
        assert_true(nth < (unit_on_postgres() ? 500 : 50));
        arena_init(&a, KIB, 0);
        fault_arm(FAULT_ALLOC, nth, false);
        rc = store_work_wait(w->store, run_portion, &p, &err);
        fault_disarm();
        if (rc < 0) {
            assert_int_equal(err.code, ERR_NOMEM);
            assert_int_equal(count(w, "actions WHERE kept = 1 AND input IS NOT NULL"), 1);
            assert_int_equal(count(w, "outcomes"), 1);
        } else {
            assert_int_equal(p.purged.n_inputs, 1);
        }
        arena_release(&a);
    }
}

/* ---- what goes at once ---- */

static void remains_of_dry_runs_go_when_they_have_ended(void **state)
{
    struct unit_world *w = *state;
    const struct action running = new_action(w, w->project, "aaaaaaaaaaaaaaaaaaaaaaaa", true);
    const struct action ended = new_action(w, w->project, "bbbbbbbbbbbbbbbbbbbbbbbb", true);
    const struct action gone = new_action(w, w->other, "cccccccccccccccccccccccc", true);
    put_chunk(w, &running, "123", false);
    put_chunk(w, &ended, "1234", true);
    put_chunk(w, &gone, "12345", true);
    sql(w, arena_printf(&w->arena, "DELETE FROM actions WHERE seq = %lld", (long long)gone.seq));
    assert_int_equal(count(w, "dry_vouchers"), 12);
    assert_int_equal(count(w, "vouchers"), 0);
    const struct purged p = step(w, 0, 4);
    assert_int_equal(p.rows, 4);
    assert_true(p.more);
    assert_string_equal(sweep(w, 0), "");
    assert_int_equal(count(w, "dry_vouchers"), 3);
    assert_int_equal(sql(w, "SELECT sum(DISTINCT action_seq) FROM dry_vouchers"), running.seq);
    assert_true(has_outcomes(w, &ended, 0)); /* its report has its full time */
}

static void an_erased_code_is_forgotten_when_nobody_can_bring_it_back(void **state)
{
    struct unit_world *w = *state;
    const struct action running = new_action(w, w->project, NULL, false);
    for (int i = 0; i < 5; i++)
        sql(w, arena_printf(&w->arena, "INSERT INTO erased VALUES (%lld, 'c%d', %lld)",
                            (long long)w->project, i, (long long)running.seq + (i < 3 ? -1 : 1)));
    sql(w, arena_printf(&w->arena, "INSERT INTO erased VALUES (%lld, 'c', %lld)",
                        (long long)w->other, (long long)running.seq + 1));
    const struct purged p = step(w, 0, 2);
    assert_int_equal(p.rows, 2);
    assert_true(p.more);
    assert_string_equal(sweep(w, 0), "");
    assert_int_equal(sql(w, "SELECT count(*) FROM erased WHERE code IN ('c3', 'c4')"), 2);
    assert_int_equal(count(w, "erased"), 2);
    put_chunk(w, &running, "1", true);
    assert_string_equal(sweep(w, 0), "");
    assert_int_equal(count(w, "erased"), 0);
}

static void note_of_an_erased_record_goes_in_the_same_way(void **state)
{
    struct unit_world *w = *state;
    const struct action running = new_action(w, w->project, NULL, false);
    for (int i = 0; i < 5; i++)
        sql(w, arena_printf(&w->arena, "INSERT INTO erased_records VALUES (%lld, %d, 'ka', %lld)",
                            (long long)w->project, i, (long long)running.seq + (i < 3 ? -1 : 1)));
    sql(w, arena_printf(&w->arena, "INSERT INTO erased_records VALUES (%lld, 3, 'ka', %lld)",
                        (long long)w->other, (long long)running.seq + 1));
    const struct purged p = step(w, 0, 2);
    assert_int_equal(p.rows, 2);
    assert_true(p.more);
    assert_string_equal(sweep(w, 0), "");
    assert_int_equal(sql(w, "SELECT count(*) FROM erased_records WHERE resource IN (3, 4)"), 2);
    assert_int_equal(count(w, "erased_records"), 2);
    put_chunk(w, &running, "1", true);
    assert_string_equal(sweep(w, 0), "");
    assert_int_equal(count(w, "erased_records"), 0);
}

static int put_idempotency(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_idempotency_put(tx, arg, err);
}

static void idempotency_keys_go_after_a_day(void **state)
{
    struct unit_world *w = *state;
    const int64_t now_ms = time_now_ms(), day_ms = 24 * 3600 * INT64_C(1000);
    const int64_t ages_ms[] = { 0, day_ms - 60000, day_ms + 1, day_ms + 2, 5 * day_ms };
    for (size_t i = 0; i < ARRAY_LEN(ages_ms); i++) {
        struct idempotency id = { .project_id = i % 2 == 0 ? w->project : w->other,
                                  .key = str_of(arena_printf(&w->arena, "key %zu", i)),
                                  .action_seq = 1,
                                  .created_ms = now_ms - ages_ms[i] };
        unit_work(w->store, put_idempotency, &id);
    }
    assert_true(step(w, 0, 1).more);
    assert_int_equal(count(w, "idempotency"), 4);
    sweep(w, 0);
    assert_int_equal(count(w, "idempotency"), 2);
    assert_int_equal(sql(w, "SELECT count(*) FROM idempotency WHERE key IN ('key 0', 'key 1')"), 2);
}

static int put_token(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_oauth_insert(tx, arg, 1000, err);
}

static void tokens_go_when_they_expire(void **state)
{
    struct unit_world *w = *state;
    const int64_t now_ms = time_now_ms();
    for (int i = 0; i < 6; i++) {
        struct oauth_token t = { .project_id = w->project,
                                 .app_id = STR("app-one"),
                                 .scope = STR("api"),
                                 .created_ms = now_ms - 900000,
                                 .expires_ms = now_ms + (i < 4 ? -i : 60000) };
        id_hash_token(str_of(arena_printf(&w->arena, "%d", i)), t.hash);
        unit_work(w->store, put_token, &t);
    }
    assert_true(step(w, 0, 3).more);
    assert_int_equal(count(w, "oauth_tokens"), 3);
    sweep(w, 0);
    assert_int_equal(count(w, "oauth_tokens"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ended_action_keeps_its_row_and_the_first_failures),
        TEST(action_with_few_failures_keeps_them_all),
        TEST(action_stays_whole_until_its_time_has_come),
        TEST(unfinished_action_is_left_alone_however_old),
        TEST(only_what_is_due_goes_in_any_project),
        TEST(input_that_is_stored_with_its_action_goes_too),
        TEST(portion_removes_no_more_than_its_budget),
        TEST(budget_of_nothing_is_one_row),
        TEST(kill_between_any_two_portions_leaves_all_or_nothing),
        TEST(portion_with_any_failure_changes_nothing),
        TEST(portion_out_of_memory_changes_nothing),
        TEST(remains_of_dry_runs_go_when_they_have_ended),
        TEST(an_erased_code_is_forgotten_when_nobody_can_bring_it_back),
        TEST(note_of_an_erased_record_goes_in_the_same_way),
        TEST(idempotency_keys_go_after_a_day),
        TEST(tokens_go_when_they_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
