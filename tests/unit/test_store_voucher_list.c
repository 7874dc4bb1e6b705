/* SPDX-License-Identifier: MIT */
/*
 * test_store_voucher_list.c - lists and walks of vouchers with filters: the same ones in every
 * order and by every cut, bounded in time, and exact or an error when the nth call fails.
 */
#include <stdio.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "domain/voucher_filter.h"
#include "support/unit_store.h"

#define ROWS   60
#define ORDERS 6

struct world {
    char *dir;
    char url[600];
    struct store *store;
    struct arena arena, rows; /* of filters, and of what a call returns */
    int64_t project;
    struct filter filter;
};

static void world_open(struct world *w)
{
    static const struct store_config config = { .serving = true, .readers = 1 };
    MUST(store_open(w->url, &config, &w->store, must));
}

/* n vouchers that begin so, numbered in their metadata; in an order that is not that of the codes.
 */
static void import_rows(struct world *w, int64_t project, const char *prefix, size_t n,
                        int64_t amount)
{
    struct unit_row *rows = calloc(n, sizeof(*rows));
    char(*texts)[2][32] = calloc(n, sizeof(*texts));
    struct action ac = unit_claimed_action(w->store, project);
    struct unit_chunk c;
    for (size_t i = 0; i < n; i++) {
        snprintf(texts[i][0], 32, "%s%06zu", prefix, i * 7919 % n);
        snprintf(texts[i][1], 32, "{\"n\":\"%zu\"}", i);
        rows[i] = (struct unit_row){ .code = texts[i][0], .amount = amount };
    }
    unit_chunk_init(&c, &ac, rows, n, NULL, true);
    for (size_t i = 0; i < n; i++) {
        c.rows[i].metadata = str_of(texts[c.rows[i].row][1]);
        c.rows[i].set |= VF_METADATA;
    }
    unit_commit(w->store, &c.chunk);
    unit_chunk_release(&c);
    free(texts);
    free(rows);
}

static int run_write(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_voucher_write(tx, arg, err);
}

static void to_bin(struct world *w, const char *code)
{
    struct voucher v;
    struct voucher_write write = { .project_id = w->project,
                                   .mode = VOUCHER_TO_BIN,
                                   .code_or_id = str_of(code),
                                   .voucher = &v,
                                   .arena = &w->arena };
    unit_work(w->store, run_write, &write);
    assert_true(write.found);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->dir = unit_dir_make();
    unit_store_url(w->dir, "store", w->url, sizeof(w->url));
    arena_init(&w->arena, 64 * KIB, 0);
    arena_init(&w->rows, 64 * KIB, MIB);
    world_open(w);
    const int64_t before = unit_project(w->store, "before");
    w->project = unit_project(w->store, "this");
    const int64_t behind = unit_project(w->store, "behind");
    import_rows(w, before, "A", 20, 1);
    import_rows(w, w->project, "A", ROWS / 2, 1);
    import_rows(w, behind, "A", 20, 1);
    import_rows(w, w->project, "B", ROWS / 2, 1);
    import_rows(w, w->project, "A", 10, 2); /* these are changed */
    to_bin(w, "A000003");
    to_bin(w, "B000029");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    fault_disarm();
    store_close(w->store);
    arena_release(&w->arena);
    arena_release(&w->rows);
    unit_dir_remove(w->dir);
    free(w);
    return 0;
}

#define LISTED (ROWS - 2)

/* ---- filters ---- */

/* NULL, or the filter of one condition. */
static const struct filter *filter_of(struct world *w, const char *field, const char *op,
                                      const char *value)
{
    struct filter_reader r = { .fields = &voucher_filter_fields, .arena = &w->arena, .path = "" };
    const struct str text = str_of(value);
    if (field == NULL)
        return NULL;
    filter_init(&w->filter, time_now_ms());
    MUST(filter_add(&r, &w->filter, str_of(field), str_of(op), &text, 1, must));
    return &w->filter;
}

static const struct {
    const char *field, *op, *value;
    size_t n; /* that it fits */
} filters[] = {
    { NULL, NULL, NULL, LISTED },
    { "code", "$starts_with", "A", ROWS / 2 - 1 },
    { "code", "$starts_with", "A00001", 10 },
    { "code", "$is", "B000007", 1 },
    { "code", "$is", "A000003", 0 },
    { "vouchers", "$is", "B000008", 1 },
    { "campaign_ids", "$is", "nothing", 0 },
    { "metadata.n", "$less_than", "5", 13 },
    { "metadata.n", "$has_value", "", LISTED },
    { "updated_at", "$has_value", "", 9 },
    { "category", "$is", "none", 0 },
};

/* ---- lists ---- */

static int64_t changed_ms(const struct voucher *v)
{
    return v->updated_ms != TIME_NONE ? v->updated_ms : v->created_ms;
}

static bool precedes(enum voucher_order order, const struct voucher *a, const struct voucher *b)
{
    const int by_code = str_cmp(a->code, b->code);
    const bool sooner =
        changed_ms(a) < changed_ms(b) || (changed_ms(a) == changed_ms(b) && a->key < b->key);
    const bool up[ORDERS] = {
        [VOUCHER_OLDEST_FIRST] = a->key<b->key, [VOUCHER_NEWEST_FIRST] = a->key> b->key,
        [VOUCHER_BY_CODE] = by_code<0, [VOUCHER_BY_CODE_DESC] = by_code> 0,
        [VOUCHER_BY_CHANGE] = sooner,
        [VOUCHER_BY_CHANGE_DESC] = !sooner,
    };
    return up[order];
}

static void list_all(struct world *w, enum voucher_order order, const struct filter *filter,
                     int limit, bool by_cursor, size_t want)
{
    struct voucher_page page = { .order = order, .limit = limit, .filter = filter };
    struct voucher *rows, *last = NULL;
    size_t n, seen = 0;
    int64_t total = 0;
    bool more = true;
    arena_reset(&w->rows);
    while (more) {
        MUST(store_list_vouchers(w->store, &w->rows, w->project, &page, &rows, &n, &total, &more,
                                 must));
        assert_int_equal(total, want);
        assert_true(!more || n == (size_t)limit);
        for (size_t i = 0; i < n; i++, seen++) {
            assert_true(last == NULL || precedes(order, last, &rows[i]));
            last = &rows[i];
        }
        page.offset = by_cursor ? 0 : (int64_t)seen;
        if (by_cursor && last != NULL) {
            page.after_key = last->key;
            page.after_code = last->code;
            page.after_ms = changed_ms(last);
        }
    }
    assert_int_equal(seen, want);
}

static void a_list_has_what_fits_once_in_every_order_by_every_cut(void **state)
{
    static const int limits[] = { 1, 7, LISTED - 1, LISTED, LISTED + 1 };
    struct world *w = *state;
    for (size_t f = 0; f < ARRAY_LEN(filters); f++) {
        const struct filter *filter =
            filter_of(w, filters[f].field, filters[f].op, filters[f].value);
        for (int order = 0; order < ORDERS; order++) {
            for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
                list_all(w, (enum voucher_order)order, filter, limits[i], false, filters[f].n);
                list_all(w, (enum voucher_order)order, filter, limits[i], true, filters[f].n);
            }
        }
    }
}

static void without_total_nothing_is_counted(void **state)
{
    struct world *w = *state;
    const struct voucher_page page = { .limit = 3,
                                       .filter = filter_of(w, "metadata.n", "$less_than", "5"),
                                       .no_total = true };
    struct voucher *rows;
    size_t n;
    int64_t total = -1;
    bool more;
    MUST(
        store_list_vouchers(w->store, &w->rows, w->project, &page, &rows, &n, &total, &more, must));
    assert_int_equal(n, 3);
    assert_int_equal(total, 0);
    assert_true(more);
}

/* A million steps of SQLite's machine and 20,000 readings of JSON take more than a millisecond. */
static void a_list_that_takes_too_long_is_given_up(void **state)
{
    static const enum voucher_order slow[] = { VOUCHER_NEWEST_FIRST, VOUCHER_BY_CODE,
                                               VOUCHER_BY_CHANGE };
    struct world *w = *state;
    import_rows(w, w->project, "C", 20000, 1);
    for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
        struct voucher_page page = { .order = slow[i],
                                     .limit = 10,
                                     .filter = filter_of(w, "metadata.n", "$is", "nothing"),
                                     .time_ms = 1 };
        struct voucher *rows;
        struct err err = { 0 };
        size_t n;
        int64_t total;
        bool more;
        assert_int_equal(store_list_vouchers(w->store, &w->rows, w->project, &page, &rows, &n,
                                             &total, &more, &err),
                         -1);
        assert_int_equal(err.code, ERR_TOO_SLOW);
        page.time_ms = 0; /* and the connection is as good as before */
        MUST(store_list_vouchers(w->store, &w->rows, w->project, &page, &rows, &n, &total, &more,
                                 must));
        assert_int_equal(total, 0);
    }
}

/* ---- walks ---- */

static void walk_all(struct world *w, enum voucher_order order, const struct filter *filter,
                     size_t limit, size_t max_bytes, size_t want)
{
    struct voucher_walk walk = {
        .order = order, .filter = filter, .limit = limit, .max_bytes = max_bytes
    };
    struct voucher *rows, *last = NULL;
    size_t n, seen = 0;
    arena_reset(&w->rows);
    while (!walk.done) {
        MUST(store_walk_vouchers(w->store, &w->rows, w->project, &walk, &rows, &n, must));
        assert_true(n <= limit);
        assert_true(max_bytes > 1 || n <= 1);
        for (size_t i = 0; i < n; i++, seen++) {
            assert_true(last == NULL || precedes(order, last, &rows[i]));
            last = &rows[i];
        }
    }
    assert_int_equal(seen, want);
}

static void a_walk_meets_what_fits_once_in_every_order_by_every_cut(void **state)
{
    static const size_t limits[] = { 1, 7, LISTED, LISTED + 1 };
    static const size_t bytes[] = { 1, 100, SIZE_MAX };
    struct world *w = *state;
    for (size_t f = 0; f < ARRAY_LEN(filters); f++) {
        const struct filter *filter =
            filter_of(w, filters[f].field, filters[f].op, filters[f].value);
        for (int order = 0; order < ORDERS; order++) {
            for (size_t i = 0; i < ARRAY_LEN(limits) * ARRAY_LEN(bytes); i++)
                walk_all(w, (enum voucher_order)order, filter, limits[i / ARRAY_LEN(bytes)],
                         bytes[i % ARRAY_LEN(bytes)], filters[f].n);
        }
    }
}

static void a_walk_goes_on_behind_a_voucher_that_is_deleted_meanwhile(void **state)
{
    struct world *w = *state;
    for (int order = 0; order < ORDERS; order++) {
        struct voucher_walk walk = { .order = (enum voucher_order)order,
                                     .limit = 10,
                                     .max_bytes = SIZE_MAX };
        struct voucher *rows;
        char code[16];
        size_t n, seen = 0;
        MUST(store_walk_vouchers(w->store, &w->rows, w->project, &walk, &rows, &n, must));
        assert_int_equal(n, 10);
        snprintf(code, sizeof(code), "%.*s", STR_FMT(rows[9].code));
        to_bin(w, code);
        for (seen = n; !walk.done; seen += n)
            MUST(store_walk_vouchers(w->store, &w->rows, w->project, &walk, &rows, &n, must));
        assert_int_equal(seen, LISTED - order);
    }
}

/* ---- trouble ---- */

/* One list and one walk; what succeeds is right, what fails has not moved the walk. */
static int read_both(struct world *w, enum voucher_order order, struct err *err)
{
    const struct filter *filter = &w->filter;
    const struct voucher_page page = { .order = order, .limit = 3, .filter = filter };
    struct voucher_walk walk = {
        .order = order, .filter = filter, .limit = 4, .max_bytes = SIZE_MAX
    };
    struct voucher *rows;
    size_t n;
    int64_t total;
    bool more;
    if (store_list_vouchers(w->store, &w->rows, w->project, &page, &rows, &n, &total, &more, err) <
        0)
        return -1;
    assert_int_equal(n, 3);
    assert_int_equal(total, 13);
    assert_true(more);
    if (store_walk_vouchers(w->store, &w->rows, w->project, &walk, &rows, &n, err) < 0) {
        assert_int_equal(walk.after_key, 0);
        assert_false(walk.done);
        return -1;
    }
    assert_int_equal(n, 4);
    assert_int_equal(walk.after_key, rows[3].key);
    return 0;
}

static void break_reading(struct world *w, enum fault_kind kind, bool fresh)
{
    filter_of(w, "metadata.n", "$less_than", "5");
    for (int order = 0; order < ORDERS; order++) {
        for (size_t nth = 1, fired = 1; fired != 0; nth++) {
            struct err err = { 0 };
            arena_release(&w->rows);
            arena_init(&w->rows, 256, 0);
            if (fresh) { /* connections that know no statement yet */
                store_close(w->store);
                world_open(w);
            }
            fault_arm(kind, nth, false);
            const int rc = read_both(w, (enum voucher_order)order, &err);
            fired = fault_disarm();
            assert_true(rc == 0 || fired != 0); /* some things it can do without */
            assert_true(rc == 0 || strlen(err.msg) > 0);
        }
    }
}

static void the_nth_failure_is_an_error_and_nothing_else(void **state)
{
    struct world *w = *state;
    break_reading(w, FAULT_STORE, false);
    break_reading(w, FAULT_ALLOC, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_has_what_fits_once_in_every_order_by_every_cut),
        TEST(without_total_nothing_is_counted),
        TEST(a_list_that_takes_too_long_is_given_up),
        TEST(a_walk_meets_what_fits_once_in_every_order_by_every_cut),
        TEST(a_walk_goes_on_behind_a_voucher_that_is_deleted_meanwhile),
        TEST(the_nth_failure_is_an_error_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
