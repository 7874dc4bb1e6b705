/* SPDX-License-Identifier: MIT */
/* test_store_categories.c - categories, and the bin: small tables of a project. */
#include <sqlite3.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "domain/bin.h"
#include "support/unit_store.h"

/* ---- behind the store's back ---- */

static int64_t sql(struct unit_world *w, const char *text)
{
    return unit_sql(w->url, text);
}

/* ---- categories ---- */

static int write_category(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_category_write(tx, arg, err);
}

static struct category create(struct unit_world *w, int64_t project, const char *name,
                              int64_t hierarchy)
{
    struct category_write cw = { .project_id = project,
                                 .mode = CATEGORY_CREATE,
                                 .category = { .name = str_of(name), .hierarchy = hierarchy } };
    unit_work(w->store, write_category, &cw);
    return cw.category;
}

static bool change(struct unit_world *w, int64_t project, int64_t key, const char *name,
                   int64_t hierarchy, struct category *out)
{
    struct category_write cw = { .project_id = project,
                                 .mode = CATEGORY_CHANGE,
                                 .category = {
                                     .key = key, .name = str_of(name), .hierarchy = hierarchy } };
    unit_work(w->store, write_category, &cw);
    *out = cw.category;
    return cw.found;
}

static bool erase(struct unit_world *w, int64_t project, int64_t key)
{
    struct category_write cw = { .project_id = project,
                                 .mode = CATEGORY_ERASE,
                                 .category = { .key = key } };
    unit_work(w->store, write_category, &cw);
    return cw.found;
}

static struct category *find(struct unit_world *w, int64_t project, int64_t key)
{
    struct category *c = NULL;
    MUST(store_find_category(w->store, &w->arena, project, key, &c, must));
    return c;
}

/* Their names, newest first. */
static const char *names(struct unit_world *w, int64_t project)
{
    struct category *rows;
    size_t n;
    char *text = arena_printf(&w->arena, "%s", "");
    MUST(store_list_categories(w->store, &w->arena, project, &rows, &n, must));
    for (size_t i = 0; i < n; i++)
        text = arena_printf(&w->arena, "%s%.*s ", text, STR_FMT(rows[i].name));
    return text;
}

static void category_is_kept_as_it_was_written(void **state)
{
    struct unit_world *w = *state;
    const int64_t before_ms = time_now_ms();
    const struct category made = create(w, w->project, "First", 3);
    unit_world_reopen(w);
    const struct category *c = find(w, w->project, made.key);
    assert_non_null(c);
    assert_str(c->name, "First");
    assert_int_equal(c->hierarchy, 3);
    assert_int_equal(c->created_ms, made.created_ms);
    assert_true(c->created_ms >= before_ms && c->created_ms <= time_now_ms());
    assert_true(c->updated_ms == TIME_NONE);
}

static void categories_of_a_project_are_listed_newest_first(void **state)
{
    struct unit_world *w = *state;
    assert_string_equal(names(w, w->project), "");
    for (int i = 0; i < 40; i++) {
        char name[20];
        snprintf(name, sizeof(name), "c%d", i);
        create(w, i % 2 == 0 ? w->project : w->other, name, 0);
    }
    assert_string_equal(names(w, w->project),
                        "c38 c36 c34 c32 c30 c28 c26 c24 c22 c20 c18 c16 c14 c12 c10 c8 c6 c4 c2 "
                        "c0 ");
}

static void category_changes_all_but_its_key_and_birth(void **state)
{
    struct unit_world *w = *state;
    const struct category made = create(w, w->project, "Old", 1);
    struct category changed;
    assert_true(change(w, w->project, made.key, "New", 2, &changed));
    const struct category *c = find(w, w->project, made.key);
    assert_str(c->name, "New");
    assert_int_equal(c->hierarchy, 2);
    assert_int_equal(c->created_ms, made.created_ms);
    assert_true(c->updated_ms >= made.created_ms);
    assert_int_equal(changed.created_ms, c->created_ms);
    assert_int_equal(changed.updated_ms, c->updated_ms);
}

static void key_of_an_erased_category_is_never_used_again(void **state)
{
    struct unit_world *w = *state;
    const struct category made = create(w, w->project, "One", 1);
    assert_true(erase(w, w->project, made.key));
    assert_false(erase(w, w->project, made.key));
    assert_null(find(w, w->project, made.key));
    unit_world_reopen(w);
    assert_true(create(w, w->project, "Two", 1).key > made.key);
}

static void category_belongs_to_its_project_alone(void **state)
{
    struct unit_world *w = *state;
    const struct category made = create(w, w->project, "Mine", 1);
    struct category changed;
    assert_null(find(w, w->other, made.key));
    assert_false(change(w, w->other, made.key, "Yours", 2, &changed));
    assert_false(erase(w, w->other, made.key));
    assert_string_equal(names(w, w->project), "Mine ");
}

static void counter_of_a_category_goes_with_it(void **state)
{
    struct unit_world *w = *state;
    const struct category one = create(w, w->project, "One", 1);
    const struct category two = create(w, w->project, "Two", 1);
    struct voucher a = unit_voucher("A", 1), b = unit_voucher("B", 1), c = unit_voucher("C", 1);
    a.category = c.category = STR("One");
    b.category = STR("Two");
    struct voucher *vouchers[] = { &a, &b, &c };
    for (size_t i = 0; i < ARRAY_LEN(vouchers); i++) {
        vouchers[i]->set |= VF_CATEGORY;
        assert_int_equal(unit_create(w->store, w->project, vouchers[i]), OUTCOME_CREATED);
    }
    static const char counters[] = "SELECT count(*) FROM totals WHERE resource LIKE '%category%'";
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "A")->category_id, one.key);
    assert_int_equal(sql(w, counters), 2);
    assert_true(erase(w, w->project, one.key));
    assert_int_equal(sql(w, counters), 1);
    assert_true(erase(w, w->project, two.key));
    assert_int_equal(sql(w, counters), 0);
    assert_int_equal(sql(w, "SELECT n FROM totals WHERE resource = 'voucher'"), 3);
}

static void number_of_categories_has_a_ceiling(void **state)
{
    struct unit_world *w = *state;
    struct err err = { 0 };
    struct category last = create(w, w->project, "x", 0), changed;
    char many[400];
    snprintf(many, sizeof(many),
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO categories SELECT project_id, id + i, 'n' || i, 0, 0, NULL "
             "FROM categories, n",
             CATEGORIES_MAX - 1);
    sql(w, many);
    struct category_write one_more = { .project_id = w->project, .category = { .name = STR("y") } };
    assert_int_equal(store_work_wait(w->store, write_category, &one_more, &err), -1);
    assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
    assert_string_equal(err.msg, "Project must NOT have more than 10000 categories");
    assert_true(change(w, w->project, last.key, "z", 0, &changed));
    create(w, w->other, "theirs", 0);
    struct category *rows;
    size_t n;
    MUST(store_list_categories(w->store, &w->arena, w->project, &rows, &n, must));
    assert_int_equal(n, CATEGORIES_MAX);
}

static void category_write_that_fails_changes_nothing(void **state)
{
    struct unit_world *w = *state;
    const struct category kept = create(w, w->project, "Kept", 1);
    const char *before = names(w, w->project);
    struct category_write writes[] = {
        { .mode = CATEGORY_CREATE, .category = { .name = STR("x") } },
        { .mode = CATEGORY_CHANGE, .category = { .key = kept.key, .name = STR("x") } },
        { .mode = CATEGORY_ERASE, .category = { .key = kept.key } },
    };
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        writes[i].project_id = w->project;
        int rc = -1;
        for (size_t nth = 1; rc < 0; nth++) {
            struct err err = { 0 };
            assert_true(nth < 100);
            assert_string_equal(names(w, w->project), before);
            fault_arm(FAULT_STORE, nth, false);
            rc = store_work_wait(w->store, write_category, &writes[i], &err);
            assert_int_equal(fault_disarm(), rc < 0);
        }
        assert_string_not_equal(names(w, w->project), before);
        before = names(w, w->project);
    }
}

/* ---- the bin ---- */

struct erase_entry {
    int64_t project_id, key;
    bool found;
};

static int erase_entry(struct store_tx *tx, void *arg, struct err *err)
{
    struct erase_entry *e = arg;
    int64_t campaign;
    return store_tx_bin_erase(tx, e->project_id, e->key, &e->found, &campaign, err);
}

static bool empty_from(struct unit_world *w, int64_t project, int64_t key)
{
    struct erase_entry e = { .project_id = project, .key = key };
    unit_work(w->store, erase_entry, &e);
    return e.found;
}

static int write_voucher(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_voucher_write(tx, arg, err);
}

/* A voucher that was made and deleted; its key. */
static int64_t bin_voucher(struct unit_world *w, int64_t project, const char *code)
{
    struct voucher v = unit_voucher(code, 1);
    assert_int_equal(unit_create(w->store, project, &v), OUTCOME_CREATED);
    struct voucher_write vw = { .project_id = project,
                                .mode = VOUCHER_TO_BIN,
                                .code_or_id = str_of(code),
                                .arena = &w->arena };
    unit_work(w->store, write_voucher, &vw);
    assert_true(vw.found);
    return v.key;
}

struct listing {
    const char *names;
    int64_t last_key;
    bool more;
};

static struct listing list(struct unit_world *w, int64_t project, int64_t after, bool newest_first,
                           const struct filter *filter, size_t limit)
{
    struct bin_entry *rows;
    size_t n;
    struct listing l = { .names = arena_printf(&w->arena, "%s", "") };
    MUST(store_list_bin(w->store, &w->arena, project, after, newest_first, filter, limit, &rows, &n,
                        &l.more, must));
    assert_true(n <= limit);
    for (size_t i = 0; i < n; i++) {
        l.names = arena_printf(&w->arena, "%s%.*s ", l.names, STR_FMT(rows[i].resource_name));
        l.last_key = rows[i].key;
    }
    return l;
}

static void entry_names_the_voucher_it_is_about(void **state)
{
    struct unit_world *w = *state;
    const int64_t key = bin_voucher(w, w->project, "A");
    struct bin_entry *e = NULL;
    const int64_t entry = list(w, w->project, 0, false, NULL, 10).last_key;
    MUST(store_find_bin_entry(w->store, &w->arena, w->project, entry, &e, must));
    assert_non_null(e);
    assert_int_equal(e->key, entry);
    assert_int_equal(e->resource_type, RESOURCE_VOUCHER);
    assert_int_equal(e->resource_key, key);
    assert_str(e->resource_name, "A");
    assert_int_equal(e->parent_key, 0);
    assert_true(e->created_ms > 0);
    MUST(store_find_bin_entry(w->store, &w->arena, w->other, entry, &e, must));
    assert_null(e);
}

static void bin_is_read_in_pages_in_either_order(void **state)
{
    struct unit_world *w = *state;
    static const char *const codes[] = { "A", "B", "C", "D", "E" };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        bin_voucher(w, w->project, codes[i]);
        bin_voucher(w, w->other, "X");
        sql(w, "DELETE FROM vouchers WHERE code = 'X'"); /* so that there can be another one */
    }
    struct listing l = list(w, w->project, 0, false, NULL, 2);
    assert_string_equal(l.names, "A B ");
    assert_true(l.more);
    l = list(w, w->project, l.last_key, false, NULL, 3);
    assert_string_equal(l.names, "C D E ");
    assert_false(l.more);
    l = list(w, w->project, 0, true, NULL, 4);
    assert_string_equal(l.names, "E D C B ");
    assert_true(l.more);
    l = list(w, w->project, l.last_key, true, NULL, 4);
    assert_string_equal(l.names, "A ");
    assert_false(l.more);
}

static void cursor_of_another_project_is_none(void **state)
{
    struct unit_world *w = *state;
    bin_voucher(w, w->project, "A");
    bin_voucher(w, w->other, "B");
    const int64_t first = list(w, w->project, 0, false, NULL, 1).last_key;
    const int64_t second = list(w, w->other, 0, false, NULL, 1).last_key;
    for (int newest_first = 0; newest_first < 2; newest_first++) {
        assert_string_equal(list(w, w->project, second, newest_first, NULL, 9).names, "A ");
        assert_string_equal(list(w, w->other, first, newest_first, NULL, 9).names, "B ");
    }
}

static void erased_entry_takes_voucher_and_transactions_along(void **state)
{
    struct unit_world *w = *state;
    const int64_t key = bin_voucher(w, w->project, "A");
    bin_voucher(w, w->project, "B");
    const int64_t entry = list(w, w->project, 0, false, NULL, 1).last_key;
    char insert[200];
    snprintf(insert, sizeof(insert),
             "INSERT INTO transactions VALUES (1, 1, %lld, 1, 1, 1, NULL, NULL, 1, NULL), "
             "(1, 2, %lld, 1, 1, 1, NULL, NULL, 1, NULL)",
             (long long)key, (long long)key + 1);
    sql(w, insert);
    assert_false(empty_from(w, w->other, entry));
    assert_int_equal(sql(w, "SELECT count(*) FROM vouchers"), 2);
    assert_true(empty_from(w, w->project, entry));
    assert_false(empty_from(w, w->project, entry));
    assert_string_equal(list(w, w->project, 0, false, NULL, 9).names, "B ");
    assert_int_equal(sql(w, "SELECT count(*) FROM vouchers"), 1);
    assert_int_equal(sql(w, "SELECT sum(id) FROM transactions"), 2);
    struct voucher again = unit_voucher("A", 1);
    assert_int_equal(unit_create(w->store, w->project, &again), OUTCOME_CREATED);
    assert_int_equal(sql(w, "SELECT n FROM totals WHERE resource = 'voucher'"), 1);
}

static void erasing_that_fails_changes_nothing(void **state)
{
    struct unit_world *w = *state;
    bin_voucher(w, w->project, "A");
    struct erase_entry e = { .project_id = w->project,
                             .key = list(w, w->project, 0, false, NULL, 1).last_key };
    int rc = -1;
    for (size_t nth = 1; rc < 0; nth++) {
        struct err err = { 0 };
        assert_true(nth < 100);
        assert_string_equal(list(w, w->project, 0, false, NULL, 9).names, "A ");
        assert_int_equal(sql(w, "SELECT count(*) FROM vouchers"), 1);
        fault_arm(FAULT_STORE, nth, false);
        rc = store_work_wait(w->store, erase_entry, &e, &err);
        assert_int_equal(fault_disarm(), rc < 0);
    }
    assert_int_equal(sql(w, "SELECT count(*) FROM vouchers"), 0);
}

static void bin_is_filtered(void **state)
{
    struct unit_world *w = *state;
    static const char *const codes[] = { "ALPHA", "BETA", "GAMMA" };
    char ids[ARRAY_LEN(codes)][ID_MAX_LEN], entries[ARRAY_LEN(codes)][ID_MAX_LEN];
    int64_t last = 0;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        id_encode(store_secret(w->store), ID_VOUCHER, bin_voucher(w, w->project, codes[i]), ids[i]);
        last = list(w, w->project, last, false, NULL, 1).last_key;
        id_encode(store_secret(w->store), ID_BIN_ENTRY, last, entries[i]);
    }
    const struct {
        const char *field, *op, *value, *want;
    } cases[] = {
        { "resource_name", "$is", "BETA", "BETA " },
        { "resource_name", "$is_not", "BETA", "ALPHA GAMMA " },
        { "resource_name", "$starts_with", "GA", "GAMMA " },
        { "resource_name", "$contains", "ET", "BETA " },
        { "resource_type", "$is", "voucher", "ALPHA BETA GAMMA " },
        { "resource_type", "$is", "campaign", "" },
        { "resource_type", "$not_in", "voucher", "" },
        { "resource_type", "$ends_with", "er", "ALPHA BETA GAMMA " },
        { "resource_id", "$is", ids[2], "GAMMA " },
        { "resource_id", "$not_in", ids[2], "ALPHA BETA " },
        { "resource_id", "$is", entries[2], "" },
        { "id", "$in", entries[0], "ALPHA " },
        { "id", "$is_not", entries[0], "BETA GAMMA " },
        { "id", "$is", ids[0], "" },
        { "id", "$has_value", "", "ALPHA BETA GAMMA " },
        { "resource_id", "$is_unknown", "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s %s %s\n", cases[i].field, cases[i].op, cases[i].value);
        struct filter f;
        struct filter_reader r = { .fields = &bin_filter_fields,
                                   .arena = &w->arena,
                                   .path = ".filters",
                                   .code = ERR_INVALID_QUERY };
        const struct str value = str_of(cases[i].value);
        filter_init(&f, time_now_ms());
        MUST(filter_add(&r, &f, str_of(cases[i].field), str_of(cases[i].op), &value, 1, must));
        assert_string_equal(list(w, w->project, 0, false, &f, 9).names, cases[i].want);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(category_is_kept_as_it_was_written),
        TEST(categories_of_a_project_are_listed_newest_first),
        TEST(category_changes_all_but_its_key_and_birth),
        TEST(key_of_an_erased_category_is_never_used_again),
        TEST(category_belongs_to_its_project_alone),
        TEST(counter_of_a_category_goes_with_it),
        TEST(number_of_categories_has_a_ceiling),
        TEST(category_write_that_fails_changes_nothing),
        TEST(entry_names_the_voucher_it_is_about),
        TEST(bin_is_read_in_pages_in_either_order),
        TEST(cursor_of_another_project_is_none),
        TEST(erased_entry_takes_voucher_and_transactions_along),
        TEST(erasing_that_fails_changes_nothing),
        TEST(bin_is_filtered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
