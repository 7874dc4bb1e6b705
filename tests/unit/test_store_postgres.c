/* SPDX-License-Identifier: MIT */
/*
 * test_store_postgres.c - what only the PostgreSQL store has: announcements, and a database that
 * gives a transaction up. It needs that store as the one under test; otherwise all is skipped.
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time_iso.h"
#include "support/unit_store.h"

#define POSTGRES_ONLY()                                                                            \
    do {                                                                                           \
        if (!unit_on_postgres())                                                                   \
            skip();                                                                                \
    } while (0)

/* A connection of somebody else. */
static PGconn *other_session(struct unit_world *w)
{
    PGconn *conn = PQconnectdb(w->url);
    if (PQstatus(conn) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(conn));
    return conn;
}

/* True: it went well. */
static bool run(PGconn *conn, const char *sql)
{
    PGresult *r = PQexec(conn, sql);
    const ExecStatusType status = PQresultStatus(r);
    PQclear(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* ---- announcements ---- */

static void new_action_is_announced_to_other_processes(void **state)
{
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    PGconn *conn = other_session(w);
    PGnotify *heard = NULL;
    assert_true(run(conn, "LISTEN longshore_actions"));
    unit_project(w->store, "quiet"); /* no action: nothing to announce */
    assert_true(run(conn, "SELECT 1"));
    assert_null(PQnotifies(conn));
    unit_action(w->store, w->project, 1000);
    for (int i = 0; heard == NULL && i < 1000; i++) { /* sent by the COMMIT, on its way here */
        usleep(10000);
        assert_int_equal(PQconsumeInput(conn), 1);
        heard = PQnotifies(conn);
    }
    assert_non_null(heard);
    assert_true(strlen(heard->extra) > 0); /* who: a node leaves its own alone */
    PQfreemem(heard);
    PQfinish(conn);
}

/* ---- transactions that the database gives up ---- */

/* The first three changes of vouchers fail with this state; a sequence counts, which no rollback
 * turns back. */
static void fail_three_times(struct unit_world *w, const char *sqlstate)
{
    char sql[800];
    snprintf(sql, sizeof(sql),
             "CREATE SEQUENCE tried; CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS "
             "$$ BEGIN IF nextval('tried') <= 3 THEN RAISE 'given up' USING ERRCODE = '%s'; END "
             "IF; RETURN new; END $$; CREATE TRIGGER give_up BEFORE INSERT OR UPDATE ON vouchers "
             "FOR EACH ROW EXECUTE FUNCTION give_up()",
             sqlstate);
    unit_sql(w->url, sql);
}

static void again_from_the_start(struct unit_world *w)
{
    unit_sql(w->url, "SELECT setval('tried', 1, false)");
}

static const struct unit_row rows[] = {
    { "A", 1, NULL }, { "B", 2, NULL }, { "BAD", 0, "no" }, { "C", 3, NULL },
    { "D", 4, NULL }, { "E", 5, NULL }, { "A", 9, NULL },
};

static void what_the_database_gives_up_is_repeated(void **state)
{
    POSTGRES_ONLY();
    static const char *const states[] = { "40001", "40P01" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        void *fresh = NULL;
        unit_world_setup(&fresh);
        struct unit_world *w = fresh;
        print_message("  %s\n", states[i]);
        fail_three_times(w, states[i]);
        struct voucher v = unit_voucher("SINGLE", 7);
        assert_int_equal(unit_create(w->store, w->project, &v), OUTCOME_CREATED);
        again_from_the_start(w);
        struct action ac = unit_claimed_action(w->store, w->project);
        assert_string_equal(UNIT_IMPORT(w->store, &ac, rows), "ccfcccu");
        again_from_the_start(w);
        ac = unit_claimed_action(w->store, w->project);
        static const struct unit_row changed[] = {
            { "A", 11, NULL }, { "B", 2, NULL },  { "C", 13, NULL },
            { "D", 14, NULL }, { "E", 15, NULL }, { "F", 16, NULL },
        };
        assert_string_equal(UNIT_IMPORT(w->store, &ac, changed), "u=uuuc");
        assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM vouchers"), 7);
        assert_int_equal(unit_sql(w->url, "SELECT sum(n) FROM totals WHERE resource = 'voucher'"),
                         7);
        assert_int_equal(unit_sql(w->url, "SELECT sum(created + updated + unchanged + failed) "
                                          "FROM actions"),
                         (int)(ARRAY_LEN(rows) + ARRAY_LEN(changed)));
        assert_true(unit_sql(w->url, "SELECT last_value FROM tried") > 3); /* it did give up */
        unit_world_teardown(&fresh);
    }
}

/* ---- a deadlock ---- */

static const struct unit_row changes[] = {
    { "A", 101, NULL }, { "B", 102, NULL }, { "C", 103, NULL },
    { "D", 104, NULL }, { "E", 105, NULL },
};

struct import {
    struct unit_world *w;
    struct action ac;
    const char *letters;
};

static void *import_main(void *arg)
{
    struct import *im = arg;
    im->letters = UNIT_IMPORT(im->w->store, &im->ac, changes);
    return NULL;
}

/* The import holds A and waits for E; somebody who holds E then wants A. Whoever is given up, in
 * the end both have happened, one after the other. */
static void a_deadlock_with_somebody_else_ends_and_nothing_is_lost(void **state)
{
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    struct action ac = unit_claimed_action(w->store, w->project);
    UNIT_IMPORT(w->store, &ac, rows);
    PGconn *conn = other_session(w);
    assert_true(run(conn, "SET deadlock_timeout = '20s'")); /* so that the import is given up */
    assert_true(run(conn, "BEGIN; UPDATE vouchers SET redeemed_quantity = 5 WHERE code = 'E'"));

    struct import im = { .w = w, .ac = unit_claimed_action(w->store, w->project) };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, import_main, &im), 0);
    while (unit_sql(w->url, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0)
        usleep(1000);
    const bool first = run(conn, "UPDATE vouchers SET redeemed_quantity = 6 WHERE code = 'A'");
    assert_true(run(conn, first ? "COMMIT" : "ROLLBACK"));
    pthread_join(thread, NULL);

    print_message("  given up: %s\n", first ? "the import" : "the other one");
    assert_string_equal(im.letters, "uuuuu");
    assert_int_equal(unit_sql(w->url, "SELECT sum(value) FROM vouchers"),
                     101 + 102 + 103 + 104 + 105);
    assert_int_equal(unit_sql(w->url, "SELECT sum(redeemed_quantity) FROM vouchers"),
                     first ? 11 : 0);
    PQfinish(conn);
}

/* ---- URLs ---- */

static void url_that_cannot_be_read_is_refused_without_its_password(void **state)
{
    (void)state;
    static const char *const urls[] = { "postgresql://u:hush@[bad/db",
                                        "postgresql://u:hush%zz@h/db",
                                        "postgresql://u:hush@h:port/db?nothing=1" };
    const struct store_config beside = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct store *s = NULL;
        struct err err = { 0 };
        print_message("  %s\n", urls[i]);
        assert_int_equal(store_open(urls[i], &beside, &s, &err), -1);
        assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
        assert_non_null(strstr(err.msg, "postgresql://USER@HOST:PORT/DATABASE"));
        assert_null(strstr(err.msg, "hush"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_action_is_announced_to_other_processes),
        TEST(what_the_database_gives_up_is_repeated),
        TEST(a_deadlock_with_somebody_else_ends_and_nothing_is_lost),
        TEST(url_that_cannot_be_read_is_refused_without_its_password),
    };
    return cmocka_run_group_tests_name("store/postgres", tests, NULL, NULL);
}
