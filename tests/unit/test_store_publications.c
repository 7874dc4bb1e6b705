/* SPDX-License-Identifier: MIT */
/* test_store_publications.c - what is given first and how it is found, and what is listed of it. */
#include <sqlite3.h>
#include <stdio.h>

#include "store/sql/sql_priv.h"
#include "store/sql/statements.h"
#include "support/unit_store.h"

/* ---- publishing ---- */

static int publish_it(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_publish(tx, arg, err);
}

/* One with this code; the answer tells whether it was published. */
static bool publish(struct unit_world *w, const char *code, const char *who, int64_t *key)
{
    const struct publication given = { .customer = { .source_id = str_of(who),
                                                     .set = RECORD_SOURCE_ID },
                                       .voucher = str_of(code),
                                       .count = 1,
                                       .channel = STR("API") };
    struct publish p = { .project_id = w->project, .given = &given, .arena = &w->arena };
    struct err err = { 0 };
    const int rc = store_work_wait(w->store, publish_it, &p, &err);
    *key = p.key;
    return rc == 0;
}

static struct publication_list list(struct unit_world *w, int64_t project,
                                    const struct publication_page *page)
{
    struct publication_list out;
    MUST(store_list_publications(w->store, &w->arena, project, page, &out, must));
    return out;
}

/* ---- the list ---- */

static void publications_are_counted_and_come_with_what_they_are_about(void **state)
{
    struct unit_world *w = *state;
    const struct publication_page newest = { .descending = true, .limit = 2 };
    int64_t keys[4];
    for (size_t i = 0; i < 3; i++) {
        struct voucher v = unit_voucher((const char *[]){ "A", "B", "C" }[i], 100);
        assert_int_equal(unit_create(w->store, w->project, &v), OUTCOME_CREATED);
    }
    assert_true(publish(w, "A", "ann", &keys[0]));
    assert_true(publish(w, "B", "ben", &keys[1]));
    assert_true(publish(w, "C", "ann", &keys[2]));
    assert_false(publish(w, "C", "ann", &keys[3])); /* counts for nothing */

    struct publication_list l = list(w, w->project, &newest);
    assert_int_equal(l.total, 3);
    assert_true(l.more);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.rows[0].key, keys[2]);
    assert_str(l.rows[0].customer.source_id, "ann");
    assert_str(l.rows[0].channel, "API");
    assert_int_equal(l.rows[0].n, 1);
    assert_int_equal(l.n_vouchers, 2); /* by key, which is by age */
    assert_int_equal(l.rows[0].vouchers[0], l.vouchers[1].key);
    assert_str(l.vouchers[1].code, "C");

    struct publication_page page = newest;
    page.offset = 2;
    l = list(w, w->project, &page);
    assert_int_equal(l.n, 1);
    assert_false(l.more);
    assert_int_equal(l.rows[0].key, keys[0]);
    assert_int_equal(l.total, 3);

    page = newest;
    page.voucher_key = l.rows[0].vouchers[0];
    l = list(w, w->project, &page);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.total, 1);
    assert_int_equal(l.rows[0].key, keys[0]);

    assert_int_equal(list(w, w->other, &newest).total, 0);
}

/* ---- how a voucher is found ---- */

static const char *postgres_plan(struct unit_world *w, const char *statement)
{
    char *text = arena_printf(&w->arena, "EXPLAIN (FORMAT JSON) %s", statement);
    unit_sql(w->url, "SET enable_seqscan = off"); /* of an empty table it would be the best */
    return unit_sql_text(&w->arena, w->url, text);
}

static const char *sqlite_plan(struct unit_world *w, const char *statement)
{
    const char *all = "";
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open(w->url + strlen("sqlite:"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        arena_printf(&w->arena, "EXPLAIN QUERY PLAN %s", statement),
                                        -1, &st, NULL),
                     SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW)
        all = arena_printf(&w->arena, "%s%s\n", all, (const char *)sqlite3_column_text(st, 3));
    sqlite3_finalize(st);
    sqlite3_close(db);
    return all;
}

/* The statement with a number for each parameter, which a plan needs on PostgreSQL. */
static const char *with_numbers(struct unit_world *w, const char *statement)
{
    char *text = arena_printf(&w->arena, "%s", statement);
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++)
        if (*p != '?')
            text[n++] = *p;
    text[n] = '\0';
    return text;
}

/* Neither the expired nor the disabled nor the published are walked over, and nothing is sorted. */
static void what_can_be_published_is_found_along_an_index(void **state)
{
    static const char *const texts[] = {
#define TEXT(name, text) [STATEMENT_##name] = text,
        STATEMENTS(TEXT)
#undef TEXT
    };
    static const struct {
        enum statement which;
        const char *sqlite, *postgres;
    } cases[] = {
        { STATEMENT_VOUCHERS_TO_PUBLISH,
          "SEARCH vouchers USING INDEX vouchers_to_publish (campaign_id=? AND expiration_ms>?)\n",
          "\"Index Cond\": \"((campaign_id = 1) AND (expiration_ms >= 2))\"" },
        { STATEMENT_VOUCHERS_ENDLESS,
          "SEARCH vouchers USING INDEX vouchers_to_publish (campaign_id=? AND expiration_ms=?)\n",
          "\"Index Cond\": \"((campaign_id = 1) AND (expiration_ms IS NULL))\"" },
    };
    struct unit_world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *statement = with_numbers(w, texts[cases[i].which]);
        if (!unit_on_postgres()) {
            assert_string_equal(sqlite_plan(w, statement), cases[i].sqlite);
            continue;
        }
        const char *plan = postgres_plan(w, statement);
        assert_non_null(strstr(plan, "\"vouchers_to_publish\""));
        assert_non_null(strstr(plan, cases[i].postgres));
        assert_null(strstr(plan, "Sort"));
    }
}

/* An import of a million pays for none of them. */
static void a_voucher_without_a_campaign_is_in_no_index_but_that_of_codes(void **state)
{
    struct unit_world *w = *state;
    const char *found =
        unit_on_postgres()
            ? "SELECT count(*) FROM pg_index WHERE indrelid = CAST('vouchers' AS regclass) AND "
              "indpred IS NULL"
            : "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND tbl_name = 'vouchers' "
              "AND sql NOT LIKE '%WHERE%IS NOT NULL%'";
    assert_int_equal(unit_sql(w->url, found), unit_on_postgres() ? 2 : 1); /* with the key's */
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, unit_world_setup, unit_world_teardown)
    static const struct CMUnitTest tests[] = {
        WORLD(publications_are_counted_and_come_with_what_they_are_about),
        WORLD(what_can_be_published_is_found_along_an_index),
        WORLD(a_voucher_without_a_campaign_is_in_no_index_but_that_of_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
