/* SPDX-License-Identifier: MIT */
/*
 * test_store_ahead.c - slices of new rows that begin on another connection of PostgreSQL before it
 * is their turn: what comes of it is what one slice after the other would make. Skipped on SQLite.
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "support/unit_store.h"

#define ROWS  20000
#define FIRST 1000  /* a row of the first half */
#define LATER 15000 /* and one of the second */

#define POSTGRES_ONLY()                                                                            \
    do {                                                                                           \
        if (!unit_on_postgres())                                                                   \
            skip();                                                                                \
    } while (0)

struct work {
    struct unit_world *w;
    struct unit_row *rows;
    struct action ac;
    struct unit_chunk c;
};

/* A project whose imports expect new codes, and an action with one chunk of V00000, V00001, … */
static void setup(struct work *t, void **state)
{
    static const struct unit_row few[] = {
        { "A", 1 }, { "B", 1 }, { "C", 1 }, { "D", 1 }, { "E", 1 }
    };
    *t = (struct work){ .w = *state };
    struct arena *a = &t->w->arena;
    t->rows = arena_alloc(a, ROWS * sizeof(*t->rows));
    assert_non_null(t->rows);
    for (int i = 0; i < ROWS; i++)
        t->rows[i] = (struct unit_row){ .code = arena_printf(a, "V%05d", i), .amount = 5 };
    const struct action ac = unit_claimed_action(t->w->store, t->w->project);
    assert_string_equal(UNIT_IMPORT(t->w->store, &ac, few), "ccccc");
}

static void chunk(struct work *t)
{
    t->ac = unit_claimed_action(t->w->store, t->w->project);
    unit_chunk_init(&t->c, &t->ac, t->rows, ROWS, NULL, true);
}

static int64_t commits(struct work *t)
{
    struct store_stats stats;
    store_stats(t->w->store, &stats);
    return stats.commits;
}

static size_t count(const struct work *t, enum outcome outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < ROWS; i++)
        n += outcome_get(t->c.outcomes, i) == outcome;
    return n;
}

/* All rows have an outcome, and rows, totals, action and blob agree. */
static void assert_in(struct work *t, size_t created, size_t updated, size_t failed)
{
    char sql[400];
    assert_true(t->c.chunk.finished);
    assert_int_equal(count(t, OUTCOME_CREATED), created);
    assert_int_equal(count(t, OUTCOME_UPDATED), updated);
    assert_int_equal(count(t, OUTCOME_FAILED), failed);
    const struct action now = unit_reload(t->w->store, &t->w->arena, &t->ac);
    assert_int_equal(now.status, ACTION_DONE);
    assert_int_equal(now.counts[OUTCOME_CREATED], created);
    assert_int_equal(now.counts[OUTCOME_UPDATED], updated);
    assert_int_equal(now.counts[OUTCOME_FAILED], failed);
    assert_int_equal(unit_sql(t->w->url, "SELECT count(*) FROM failures"), failed);
    assert_int_equal(unit_sql(t->w->url,
                              "SELECT (SELECT sum(n) FROM totals WHERE resource = 'voucher') - "
                              "(SELECT count(*) FROM vouchers)"),
                     0);
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM vouchers v WHERE code LIKE 'V%%' AND version = %lld",
             (long long)t->ac.seq);
    assert_int_equal(unit_sql(t->w->url, sql), created + updated);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM outcomes WHERE action_seq = %lld",
             (long long)t->ac.seq);
    assert_int_equal(unit_sql(t->w->url, sql), 1);
    unit_chunk_release(&t->c);
}

static void each_half_is_in_by_a_call_and_a_commit(void **state)
{
    POSTGRES_ONLY();
    struct work t;
    setup(&t, state);
    chunk(&t);
    const int64_t before = commits(&t);
    assert_int_equal(unit_commit(t.w->store, &t.c.chunk), 2);
    assert_int_equal(commits(&t) - before, 2);
    assert_in(&t, ROWS, 0, 0);
}

static void what_exists_is_updated_in_either_half(void **state)
{
    static const int at[][2] = { { FIRST, FIRST }, { LATER, LATER }, { FIRST, LATER } };
    POSTGRES_ONLY();
    for (size_t k = 0; k < ARRAY_LEN(at); k++) {
        struct work t;
        setup(&t, state);
        struct voucher one = unit_voucher(t.rows[at[k][0]].code, 1);
        struct voucher two = unit_voucher(t.rows[at[k][1]].code, 1);
        const size_t there = at[k][0] != at[k][1] ? 2 : 1;
        unit_create(t.w->store, t.w->project, &one);
        if (there > 1)
            unit_create(t.w->store, t.w->project, &two);
        chunk(&t);
        unit_commit(t.w->store, &t.c.chunk);
        assert_int_equal(outcome_get(t.c.outcomes, (size_t)at[k][0]), OUTCOME_UPDATED);
        assert_int_equal(outcome_get(t.c.outcomes, (size_t)at[k][1]), OUTCOME_UPDATED);
        assert_in(&t, ROWS - there, there, 0);
        unit_world_teardown(state);
        unit_world_setup(state);
    }
}

/* Rows that could not be read come first; others are refused by the store, in both halves. */
static void failures_of_both_halves_are_told_once(void **state)
{
    POSTGRES_ONLY();
    struct work t;
    size_t unfit = 0;
    setup(&t, state);
    for (int i = 7; i < ROWS; i += 1000)
        t.rows[i].reason = "unreadable";
    chunk(&t);
    for (size_t i = 0; i < t.c.chunk.n_mapped; i += 500, unfit++) {
        t.c.sorted[i]->metadata = STR("{\"n\":1e999999}");
        t.c.sorted[i]->set |= VF_METADATA;
    }
    assert_int_equal(unit_commit(t.w->store, &t.c.chunk), 2);
    assert_int_equal(
        unit_sql(t.w->url, "SELECT count(*) FROM failures WHERE reason = 'unreadable'"),
        ROWS / 1000);
    assert_in(&t, ROWS - ROWS / 1000 - unfit, 0, ROWS / 1000 + unfit);
}

static void code_that_is_repeated_around_the_middle_stays_in_one_half(void **state)
{
    POSTGRES_ONLY();
    struct work t;
    setup(&t, state);
    for (int i = ROWS / 2 - 20; i < ROWS / 2 + 20; i++) {
        t.rows[i].code = t.rows[ROWS / 2].code;
        t.rows[i].amount = i;
    }
    chunk(&t);
    const int64_t before = commits(&t);
    assert_int_equal(unit_commit(t.w->store, &t.c.chunk), 2);
    assert_int_equal(commits(&t) - before, 2);
    assert_int_equal(outcome_get(t.c.outcomes, ROWS / 2 - 20), OUTCOME_CREATED);
    assert_int_equal(outcome_get(t.c.outcomes, ROWS / 2 + 19), OUTCOME_UPDATED);
    assert_int_equal(count(&t, OUTCOME_CREATED), ROWS - 39);
    assert_int_equal(count(&t, OUTCOME_UPDATED), 39);
    assert_int_equal(
        unit_find(t.w->store, &t.w->arena, t.w->project, t.rows[ROWS / 2].code)->value.i,
        ROWS / 2 + 19);
    unit_chunk_release(&t.c);
}

/* ---- trouble ---- */

/* The first attempt at this code does `what`; a sequence counts, which no rollback turns back. */
static void once_at(struct unit_world *w, int row, const char *what)
{
    char sql[700];
    snprintf(sql, sizeof(sql),
             "CREATE SEQUENCE tried; CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$ "
             "BEGIN IF new.code = 'V%05d' AND nextval('tried') = 1 THEN %s; END IF; RETURN new; "
             "END $$; CREATE TRIGGER once BEFORE INSERT ON vouchers FOR EACH ROW EXECUTE FUNCTION "
             "once()",
             row, what);
    unit_sql(w->url, sql);
}

static void half_that_fails_is_done_again(void **state)
{
    static const char *const whats[] = {
        "RAISE 'given up' USING ERRCODE = '40001'",
        "RAISE 'given up' USING ERRCODE = '40P01'",
        "PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1)",
    };
    POSTGRES_ONLY();
    for (size_t k = 0; k < 2 * ARRAY_LEN(whats); k++) {
        struct work t;
        setup(&t, state);
        once_at(t.w, k % 2 == 0 ? LATER : FIRST, whats[k / 2]);
        chunk(&t);
        unit_commit(t.w->store, &t.c.chunk);
        assert_in(&t, ROWS, 0, 0);
        unit_world_teardown(state);
        unit_world_setup(state);
    }
}

/* Somebody who has taken codes, and lets go after a while. */
struct rival {
    PGconn *conn;
    const char *later; /* a statement after half a second; NULL: none */
    const char *end;
};

static void *rival_main(void *arg)
{
    struct rival *r = arg;
    usleep(500000);
    if (r->later != NULL)
        PQclear(PQexec(r->conn, r->later));
    PQclear(PQexec(r->conn, r->end));
    return NULL;
}

static void with_rival(struct work *t, const char *first, struct rival *r)
{
    pthread_t thread;
    r->conn = PQconnectdb(t->w->url);
    assert_int_equal(PQstatus(r->conn), CONNECTION_OK);
    PQclear(PQexec(r->conn, "BEGIN"));
    PQclear(PQexec(r->conn, first));
    assert_int_equal(PQtransactionStatus(r->conn), PQTRANS_INTRANS);
    assert_int_equal(pthread_create(&thread, NULL, rival_main, r), 0);
    unit_commit(t->w->store, &t->c.chunk);
    pthread_join(thread, NULL);
    PQfinish(r->conn);
}

static void code_that_a_rival_gives_back_is_new(void **state)
{
    POSTGRES_ONLY();
    struct work t;
    struct rival r = { .end = "ROLLBACK" };
    setup(&t, state);
    chunk(&t);
    with_rival(&t, "UPDATE vouchers SET code = 'V15000' WHERE code = 'A'", &r);
    assert_in(&t, ROWS, 0, 0);
}

static void code_that_a_rival_keeps_is_updated(void **state)
{
    POSTGRES_ONLY();
    struct work t;
    struct rival r = { .end = "COMMIT" };
    setup(&t, state);
    chunk(&t);
    with_rival(&t, "UPDATE vouchers SET code = 'V15000' WHERE code = 'A'", &r);
    assert_in(&t, ROWS - 1, 1, 0);
}

/* The rival waits for the second half, the first half for the rival: the database cannot know that
 * the second half waits for the first. */
static void waiting_in_a_ring_ends(void **state)
{
    POSTGRES_ONLY();
    struct work t;
    struct rival r = { .later = "UPDATE vouchers SET code = 'V15000' WHERE code = 'B'",
                       .end = "COMMIT" };
    setup(&t, state);
    chunk(&t);
    with_rival(&t, "UPDATE vouchers SET code = 'V01000' WHERE code = 'A'", &r);
    assert_in(&t, ROWS - 2, 2, 0);
}

/* ---- the next chunk ---- */

#define NEXT_FROM (ROWS / 2) /* its codes lie between those of the first chunk's second half */

/* Two chunks of an action: V00000, V00001, …, and V10000x, V10001x, … */
struct pair {
    struct work t;
    struct unit_row *rows;
    struct unit_chunk next;
};

static void setup_pair(struct pair *p, void **state)
{
    setup(&p->t, state);
    struct arena *a = &p->t.w->arena;
    p->rows = arena_alloc(a, ROWS * sizeof(*p->rows));
    assert_non_null(p->rows);
    for (int i = 0; i < ROWS; i++)
        p->rows[i] =
            (struct unit_row){ .code = arena_printf(a, "V%05dx", NEXT_FROM + i), .amount = 6 };
}

static struct store_chunk *next_chunk(void *arg)
{
    return arg;
}

static void make_chunks(struct pair *p)
{
    struct work *t = &p->t;
    t->ac = unit_claimed_action(t->w->store, t->w->project);
    unit_chunk_init(&t->c, &t->ac, t->rows, ROWS, NULL, false);
    unit_chunk_init(&p->next, &t->ac, p->rows, ROWS, &t->c.chunk, true);
    t->c.chunk.next = next_chunk;
    t->c.chunk.next_arg = &p->next.chunk;
}

static void commit_pair(struct pair *p)
{
    unit_commit(p->t.w->store, &p->t.c.chunk);
    unit_commit(p->t.w->store, &p->next.chunk);
}

static void assert_pair_in(struct pair *p, size_t created, size_t updated)
{
    struct work *t = &p->t;
    const struct action now = unit_reload(t->w->store, &t->w->arena, &t->ac);
    assert_int_equal(now.status, ACTION_DONE);
    assert_int_equal(now.counts[OUTCOME_CREATED], created);
    assert_int_equal(now.counts[OUTCOME_UPDATED], updated);
    assert_int_equal(unit_sql(t->w->url, "SELECT count(*) FROM vouchers WHERE code LIKE 'V%'"),
                     created);
    assert_int_equal(unit_sql(t->w->url,
                              "SELECT (SELECT sum(n) FROM totals WHERE resource = 'voucher') - "
                              "(SELECT count(*) FROM vouchers)"),
                     0);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_not_equal(outcome_get(t->c.outcomes, i), OUTCOME_PENDING);
        assert_int_not_equal(outcome_get(p->next.outcomes, i), OUTCOME_PENDING);
    }
    unit_chunk_release(&t->c);
    unit_chunk_release(&p->next);
}

/* A row of the first chunk's second half waits, for two seconds at most, until one of the next
 * chunk has come. */
static void next_chunk_begins_while_this_one_ends(void **state)
{
    POSTGRES_ONLY();
    struct pair p;
    setup_pair(&p, state);
    unit_sql(p.t.w->url,
             "CREATE SEQUENCE began; CREATE SEQUENCE met; CREATE FUNCTION meet() RETURNS trigger "
             "LANGUAGE plpgsql AS $$ BEGIN IF new.code = 'V10100x' THEN PERFORM nextval('began'); "
             "ELSIF new.code = 'V15000' THEN FOR i IN 1..200 LOOP IF (SELECT is_called FROM began) "
             "THEN PERFORM nextval('met'); EXIT; END IF; PERFORM pg_sleep(0.01); END LOOP; END IF; "
             "RETURN new; END $$; CREATE TRIGGER meet BEFORE INSERT ON vouchers FOR EACH ROW "
             "EXECUTE FUNCTION meet()");
    make_chunks(&p);
    commit_pair(&p);
    assert_int_equal(unit_sql(p.t.w->url, "SELECT is_called::int FROM met"), 1);
    assert_pair_in(&p, 2 * ROWS, 0);
}

/* It would wait for the slice before it, which must not be: the code is in both. */
static void code_of_both_chunks_is_updated(void **state)
{
    static const int at[] = { NEXT_FROM + 1, LATER, ROWS - 1 };
    POSTGRES_ONLY();
    for (size_t k = 0; k < ARRAY_LEN(at); k++) {
        struct pair p;
        setup_pair(&p, state);
        p.rows[7].code = p.t.rows[at[k]].code;
        make_chunks(&p);
        commit_pair(&p);
        assert_int_equal(outcome_get(p.next.outcomes, 7), OUTCOME_UPDATED);
        assert_pair_in(&p, 2 * ROWS - 1, 1);
        unit_world_teardown(state);
        unit_world_setup(state);
    }
}

static void what_exists_is_updated_in_the_next_chunk(void **state)
{
    POSTGRES_ONLY();
    struct pair p;
    setup_pair(&p, state);
    struct voucher one = unit_voucher(p.rows[FIRST].code, 1);
    unit_create(p.t.w->store, p.t.w->project, &one);
    make_chunks(&p);
    commit_pair(&p);
    assert_int_equal(outcome_get(p.next.outcomes, FIRST), OUTCOME_UPDATED);
    const struct action now = unit_reload(p.t.w->store, &p.t.w->arena, &p.t.ac);
    assert_int_equal(now.counts[OUTCOME_CREATED], 2 * ROWS - 1);
    assert_int_equal(now.counts[OUTCOME_UPDATED], 1);
    unit_chunk_release(&p.t.c);
    unit_chunk_release(&p.next);
}

/* The slice before it is given up, and it with that one. */
static void next_chunk_is_done_again_after_a_failure(void **state)
{
    POSTGRES_ONLY();
    for (int k = 0; k < 2; k++) {
        struct pair p;
        setup_pair(&p, state);
        once_at(p.t.w, LATER,
                k == 0 ? "RAISE 'given up' USING ERRCODE = '40P01'"
                       : "PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1)");
        make_chunks(&p);
        commit_pair(&p);
        assert_pair_in(&p, 2 * ROWS, 0);
        unit_world_teardown(state);
        unit_world_setup(state);
    }
}

/* After each slice: what is left behind is whole. */
static void chunk_that_is_left_leaves_whole_slices(void **state)
{
    POSTGRES_ONLY();
    for (size_t slices = 1; slices <= 3; slices++) {
        struct pair p;
        setup_pair(&p, state);
        struct work *t = &p.t;
        make_chunks(&p);
        for (size_t i = 0; i < slices; i++)
            MUST(store_slice_commit(t->w->store, t->c.chunk.finished ? &p.next.chunk : &t->c.chunk,
                                    1, must));
        store_slices_leave(t->w->store);
        unit_chunk_release(&t->c);
        unit_chunk_release(&p.next);
        const struct action now = unit_reload(t->w->store, &t->w->arena, &t->ac);
        const int64_t there =
            unit_sql(t->w->url, "SELECT count(*) FROM vouchers WHERE code LIKE 'V%'");
        assert_int_equal(now.status, there == 2 * ROWS ? ACTION_DONE : ACTION_IN_PROGRESS);
        assert_int_equal(now.counts[OUTCOME_CREATED], there);
        assert_int_equal(there % (ROWS / 2), 0);
        assert_true(there >= (int64_t)slices * ROWS / 2);
        unit_world_teardown(state);
        unit_world_setup(state);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_half_is_in_by_a_call_and_a_commit),
        TEST(what_exists_is_updated_in_either_half),
        TEST(failures_of_both_halves_are_told_once),
        TEST(code_that_is_repeated_around_the_middle_stays_in_one_half),
        TEST(half_that_fails_is_done_again),
        TEST(code_that_a_rival_gives_back_is_new),
        TEST(code_that_a_rival_keeps_is_updated),
        TEST(waiting_in_a_ring_ends),
        TEST(next_chunk_begins_while_this_one_ends),
        TEST(code_of_both_chunks_is_updated),
        TEST(what_exists_is_updated_in_the_next_chunk),
        TEST(next_chunk_is_done_again_after_a_failure),
        TEST(chunk_that_is_left_leaves_whole_slices),
    };
    return cmocka_run_group_tests_name("store/ahead", tests, NULL, NULL);
}
