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
#include "domain/field.h"
#include "domain/product.h"
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

/* ---- who erases waits for slices ---- */

static int write_record(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_record_write(tx, arg, err);
}

static int64_t shared_locks(struct unit_world *w)
{
    return unit_sql(w->url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = "
                            "'ShareLock' AND granted AND database = (SELECT oid FROM pg_database "
                            "WHERE datname = current_database())");
}

/* Another node is at work on a slice, which has asked what was erased already. */
static void erasing_a_record_waits_for_the_slices_of_its_project(void **state)
{
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    const enum record_write_mode modes[] = { RECORD_TO_BIN, RECORD_ERASE };
    char sql[160];
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct product given = { .source_id = i == 0 ? STR("p") : STR("q"), .price = FIELD_NONE };
        struct product product;
        struct record_write write = { .project_id = w->project,
                                      .resource = RESOURCE_PRODUCT,
                                      .mode = RECORD_SAVE,
                                      .id_or_source = given.source_id,
                                      .given = &given.record,
                                      .arena = &w->arena,
                                      .record = &product.record };
        unit_work(w->store, write_record, &write);
        PGconn *slice = other_session(w);
        snprintf(sql, sizeof(sql),
                 "BEGIN; SELECT pg_advisory_xact_lock_shared(%lld); SELECT pg_sleep(1); COMMIT",
                 (long long)w->project);
        assert_int_equal(PQsendQuery(slice, sql), 1);
        for (int tries = 0; shared_locks(w) == 0 && tries < 1000; tries++)
            usleep(1000);
        assert_int_equal(shared_locks(w), 1);
        write.mode = modes[i];
        unit_work(w->store, write_record, &write);
        assert_true(write.found);
        assert_int_equal(shared_locks(w), 0);
        PQfinish(slice);
    }
}

static int delete_project(struct store_tx *tx, void *arg, struct err *err)
{
    int64_t id;
    (void)arg;
    return store_tx_project_delete(tx, STR("proj_one"), 5, &id, err);
}

static int purge_project(struct store_tx *tx, void *arg, struct err *err)
{
    struct unit_world *w = arg;
    struct purged purged;
    return store_tx_project_purge(tx, w->project, 1000, &w->arena, &purged, err);
}

/* Another node has asked whether the project lives, and is about to write. */
static void purging_waits_for_who_has_found_the_project_alive(void **state)
{
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    char sql[300];
    PGconn *writer = other_session(w);
    assert_true(run(writer, "BEGIN"));
    assert_true(run(writer, "SELECT deleted_ms FROM projects FOR KEY SHARE"));
    unit_work(w->store, delete_project, NULL);
    snprintf(
        sql, sizeof(sql),
        "SELECT pg_sleep(0.5); INSERT INTO totals (project_id, resource, slot, n) VALUES (%lld, "
        "'sku', 0, 1); COMMIT",
        (long long)w->project);
    assert_int_equal(PQsendQuery(writer, sql), 1);
    unit_work(w->store, purge_project, w);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM projects WHERE id = 1"), 0);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM totals WHERE project_id = 1"), 0);
    PQfinish(writer);
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

/* ---- updates that give metadata alone ---- */

/* A chunk that updates these codes with this metadata, and its outcomes by row. */
static const char *update_metadata(struct unit_world *w, struct action *ac,
                                   const struct unit_row *given_rows, const char *const *metadata,
                                   size_t n)
{
    static char letters[64];
    struct unit_chunk c;
    *ac = unit_claimed_action(w->store, w->project);
    unit_chunk_init(&c, ac, given_rows, n, NULL, true);
    c.chunk.mode = APPLY_UPDATE_ONLY;
    for (size_t i = 0; i < c.chunk.n_mapped; i++) {
        struct voucher *v = c.sorted[i];
        v->metadata = str_of(metadata[v->row]);
        v->set = VF_CODE | VF_METADATA;
    }
    unit_commit(w->store, &c.chunk);
    snprintf(letters, sizeof(letters), "%s", unit_outcome_letters(c.outcomes, n < 60 ? n : 60));
    unit_chunk_release(&c);
    return letters;
}

static void assert_stored(struct unit_world *w, const char *code, const char *metadata)
{
    assert_str(unit_find(w->store, &w->arena, w->project, code)->metadata,
               unit_metadata(&w->arena, metadata));
}

static void metadata_is_merged_in_one_statement_and_the_rest_as_ever(void **state)
{
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    const char *const same = "{\"k\":{\"b\":2},\"x\":null}";
    const struct unit_row stored[] = { { "A" }, { "B" }, { "C" }, { "D" }, { "E" }, { "F" } };
    const struct unit_row asked[] = { { "A" }, { "B" }, { "C" }, { "NONE" }, { "D" },
                                      { "D" }, { "E" }, { "E" }, { "F" } };
    const char *const given[] = { same,        same,        same,        same,       "{\"n\":1}",
                                  "{\"m\":2}", "{\"n\":1}", "{\"n\":1}", "{\"y\":1}" };
    const char *const before[] = {
        "{\"k\":{\"a\":1},\"l\":1}", "{\"x\":1}", same, NULL, NULL, NULL
    };
    for (size_t i = 0; i < ARRAY_LEN(stored); i++) {
        struct voucher v = unit_voucher(stored[i].code, 5);
        if (before[i] != NULL)
            v.metadata = str_of(before[i]);
        unit_create(w->store, w->project, &v);
    }
    struct action ac;
    /* whole keys are replaced, null is a value; C is as it was; D and E are there twice, F gets
     * another one */
    assert_string_equal(update_metadata(w, &ac, asked, given, ARRAY_LEN(asked)), "uu=fuuu=u");
    assert_stored(w, "A", "{\"k\":{\"b\":2},\"l\":1,\"x\":null}");
    assert_stored(w, "B", "{\"k\":{\"b\":2},\"x\":null}");
    assert_stored(w, "C", same);
    assert_stored(w, "D", "{\"n\":1,\"m\":2}");
    assert_stored(w, "E", "{\"n\":1}");
    assert_stored(w, "F", "{\"y\":1}");
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "A")->version, ac.seq);
    assert_true(unit_find(w->store, &w->arena, w->project, "A")->updated_ms != TIME_NONE);
    assert_true(unit_find(w->store, &w->arena, w->project, "C")->version < ac.seq);

    /* the same again: nothing has changed, and no row is written */
    assert_string_equal(update_metadata(w, &ac, asked, given, 4), "===f");
    assert_true(unit_find(w->store, &w->arena, w->project, "A")->version < ac.seq);
}

/* What is decided here for the rows that the statement has left grows beyond what a slice may hold
 * in memory, and the slice cannot end before them. */
static void rows_of_a_merged_slice_are_written_in_parts(void **state)
{
    enum { ROWS = 9000, LENGTH = 1000 };
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    struct unit_row *many = arena_alloc(&w->arena, ROWS * sizeof(*many));
    const char **texts = arena_alloc(&w->arena, ROWS * sizeof(*texts));
    struct action ac = unit_claimed_action(w->store, w->project);
    for (size_t i = 0; i < ROWS; i++)
        many[i] = (struct unit_row){ .code = arena_printf(&w->arena, "R%05zu", i), .amount = 1 };
    unit_import_rows(w->store, &ac, many, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        texts[i] =
            i % 100 == 0 ? "{\"same\":1}" : arena_printf(&w->arena, "{\"a\":\"%0*zu\"}", LENGTH, i);
    update_metadata(w, &ac, many, texts, ROWS);
    assert_int_equal(
        unit_sql(w->url, "SELECT count(*) FROM vouchers WHERE metadata ->> 'same' = '1'"),
        ROWS / 100);
    assert_int_equal(
        unit_sql(w->url,
                 "SELECT count(*) FROM vouchers WHERE 'R' || right(metadata ->> 'a', 5) = code"),
        ROWS - ROWS / 100);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM vouchers v, actions a WHERE a.seq = "
                                      "v.version AND v.updated_ms IS NOT NULL"),
                     ROWS);
    assert_int_equal(unit_sql(w->url, "SELECT sum(updated) FROM actions"), ROWS);
}

/* Of a limit that is about text, jsonb knows only its own size. */
static void metadata_that_becomes_too_long_is_refused(void **state)
{
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    const struct unit_row asked[] = { { "A" }, { "B" }, { "C" }, { "D" }, { "E" } };
    char *long_text = arena_alloc(&w->arena, 262144 + 64);
    struct voucher v = unit_voucher("A", 5);
    struct action ac;
    assert_non_null(long_text);
    /* compresses to almost nothing, and is just within the limit */
    memset(long_text, 'x', 262144);
    memcpy(long_text, "{\"a\":\"", 6);
    memcpy(long_text + 262144 - 2, "\"}", 3);
    v.metadata = str_of(long_text);
    unit_create(w->store, w->project, &v);
    for (size_t i = 1; i < ARRAY_LEN(asked); i++) {
        v = unit_voucher(asked[i].code, 5);
        unit_create(w->store, w->project, &v);
    }
    const char *const given[] = { "{\"b\":1}", "{\"b\":1}", "{\"b\":1}", "{\"b\":1}", "{\"b\":1}" };
    assert_string_equal(update_metadata(w, &ac, asked, given, ARRAY_LEN(asked)), "fuuuu");
    assert_stored(w, "A", long_text);
    assert_stored(w, "E", "{\"b\":1}");
}

/* ---- uploaded files ---- */

static int give_bytes(void *arg, int64_t at, void *out, size_t n, size_t *got, struct err *err)
{
    const struct str *file = arg;
    const size_t left = (size_t)at < file->len ? file->len - (size_t)at : 0;
    (void)err;
    *got = left < n ? left : n;
    if (*got > 777) /* a source may give less than it is asked for */
        *got -= 7;
    if (*got > 0)
        memcpy(out, file->p + at, *got);
    return 0;
}

static void put_input(struct unit_world *w, struct str name, struct str file)
{
    struct str given = file;
    const struct input_source from = { give_bytes, &given };
    MUST(store_input_put(w->store, name, &from, must));
}

/* The file from `at` on is what is read, up to n bytes. */
static void assert_input(struct unit_world *w, struct str name, struct str file, size_t at,
                         size_t n)
{
    const size_t left = at < file.len ? file.len - at : 0;
    const size_t wanted = left < n ? left : n;
    size_t got = 0;
    char *out = malloc(n);
    assert_non_null(out);
    MUST(store_input_read(w->store, name, (int64_t)at, out, n, &got, must));
    assert_int_equal(got, wanted);
    assert_memory_equal(out, file.p + (at < file.len ? at : 0), wanted);
    free(out);
}

/* Rows as files have them, then a stretch that no packing makes smaller, then one letter. */
static void fill_mixed(char *file, size_t n)
{
    uint32_t noise = 1;
    for (size_t i = 0; i < n; i++) {
        noise = noise * 1664525 + 1013904223;
        file[i] = i < n / 3       ? "customer,Name,name@example.com,Ulm\n"[i % 34]
                  : i < 2 * n / 3 ? (char)(noise >> 24)
                                  : 'x';
    }
}

static void files_are_packed_and_read_from_anywhere(void **state)
{
    enum { BYTES = 3 * 1000 * 1000 };
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    char *bytes = arena_alloc(&w->arena, BYTES);
    assert_non_null(bytes);
    fill_mixed(bytes, BYTES);
    const struct str file = { bytes, BYTES };
    put_input(w, STR("mixed"), file);
    assert_input(w, STR("mixed"), file, 0, BYTES + 100);
    for (size_t at = 0; at < BYTES + 9000; at += 61234)
        assert_input(w, STR("mixed"), file, at, 1 + at % 200000);
    assert_input(w, STR("mixed"), file, BYTES, 10);
    /* a third of it costs next to nothing, a third its own size */
    assert_in_range(unit_sql(w->url, "SELECT sum(length(data)) FROM input_parts"), BYTES / 3,
                    BYTES / 3 + BYTES / 10);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM input_parts WHERE length(data) > 8000"),
                     0);
}

static void empty_file_is_there(void **state)
{
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    bool found = false;
    put_input(w, STR("empty"), STR(""));
    assert_input(w, STR("empty"), STR(""), 0, 100);
    MUST(store_input_find(w->store, STR("empty"), &found, must));
    assert_true(found);
}

static void damaged_and_missing_parts_are_no_other_file(void **state)
{
    enum { BYTES = 400 * 1000 };
    POSTGRES_ONLY();
    struct unit_world *w = *state;
    char *bytes = arena_alloc(&w->arena, BYTES);
    struct err err = { 0 };
    size_t got = 0;
    assert_non_null(bytes);
    fill_mixed(bytes, BYTES);
    put_input(w, STR("one"), (struct str){ bytes, BYTES });
    put_input(w, STR("two"), (struct str){ bytes, BYTES });
    unit_sql(w->url, "UPDATE input_parts SET data = substr(data, 1, length(data) / 2) WHERE input "
                     "= 'one' AND start = 0");
    assert_int_equal(store_input_read(w->store, STR("one"), 0, bytes, BYTES, &got, &err), -1);
    assert_int_equal(err.code, ERR_IO);
    assert_string_equal(err.msg, "a part of input 'one' is damaged");
    unit_sql(w->url, "DELETE FROM input_parts WHERE input = 'two' AND start = (SELECT min(start) "
                     "FROM input_parts WHERE input = 'two' AND start > 0)");
    MUST(store_input_read(w->store, STR("two"), 0, bytes, BYTES, &got, must));
    assert_in_range(got, 1, 100 * 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_action_is_announced_to_other_processes),
        TEST(erasing_a_record_waits_for_the_slices_of_its_project),
        TEST(purging_waits_for_who_has_found_the_project_alive),
        TEST(what_the_database_gives_up_is_repeated),
        TEST(a_deadlock_with_somebody_else_ends_and_nothing_is_lost),
        TEST(metadata_is_merged_in_one_statement_and_the_rest_as_ever),
        TEST(rows_of_a_merged_slice_are_written_in_parts),
        TEST(metadata_that_becomes_too_long_is_refused),
        TEST(files_are_packed_and_read_from_anywhere),
        TEST(empty_file_is_there),
        TEST(damaged_and_missing_parts_are_no_other_file),
        TEST(url_that_cannot_be_read_is_refused_without_its_password),
    };
    return cmocka_run_group_tests_name("store/postgres", tests, NULL, NULL);
}
