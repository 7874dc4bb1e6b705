/* SPDX-License-Identifier: MIT */
/*
 * test_store_record_walk.c - walks over records: all that fit, once, in every order and by every
 * cut, whatever others write meanwhile, and exact or an error when the nth call fails.
 */
#include <stdio.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "domain/customer.h"
#include "domain/order.h"
#include "domain/record_filter.h"
#include "support/unit_store.h"

#define ROWS 40

struct world {
    struct unit_world *base;
    struct arena rows; /* what a call returns */
    struct filter filter;
};

/* ---- in short ---- */

static int run_write(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_record_write(tx, arg, err);
}

static int64_t save(struct unit_world *w, int64_t project, enum resource_type resource,
                    const struct record *given, struct record *stored)
{
    struct record_write write = { .project_id = project,
                                  .resource = resource,
                                  .mode = RECORD_SAVE,
                                  .given = given,
                                  .arena = &w->arena,
                                  .record = stored };
    unit_work(w->store, run_write, &write);
    return stored->key;
}

static struct customer customer_of(struct unit_world *w, const char *json)
{
    struct json *body = NULL;
    struct customer c;
    MUST(json_parse(&w->arena, str_of(json), &body, must));
    MUST(customer_from_json(body, "", &w->arena, &c, must));
    return c;
}

static int64_t save_customer(struct unit_world *w, int64_t project, const char *json)
{
    const struct customer given = customer_of(w, json);
    struct customer stored;
    return save(w, project, RESOURCE_CUSTOMER, &given.record, &stored.record);
}

static int64_t save_order(struct unit_world *w, const char *json)
{
    struct json *body = NULL;
    struct order given, stored;
    MUST(json_parse(&w->arena, str_of(json), &body, must));
    MUST(order_from_json(body, &w->arena, &given, must));
    return save(w, w->project, RESOURCE_ORDER, &given.record, &stored.record);
}

static void erase(struct unit_world *w, const char *source_id)
{
    struct customer stored;
    struct record_write write = { .project_id = w->project,
                                  .resource = RESOURCE_CUSTOMER,
                                  .mode = RECORD_ERASE,
                                  .id_or_source = str_of(source_id),
                                  .arena = &w->arena,
                                  .record = &stored.record };
    unit_work(w->store, run_write, &write);
    assert_true(write.found);
}

/* Forty, of which some have no name or e-mail, and names come several times, some very long. */
static void fill(struct unit_world *w)
{
    static char name[700], json[1200];
    memset(name, 'n', sizeof(name) - 1);
    save_customer(w, w->other, "{\"source_id\":\"s0\",\"name\":\"other\"}");
    for (int i = 0; i < ROWS; i++) {
        snprintf(name + 690, 10, "%d", i);
        if (i % 4 == 0)
            snprintf(json, sizeof(json), "{\"metadata\":{\"n\":%d},\"email\":\"E%d@x\"}", i, i);
        else if (i % 4 == 1)
            snprintf(json, sizeof(json), "{\"source_id\":\"s%d\",\"name\":\"%s\"}", i, name);
        else
            snprintf(json, sizeof(json),
                     "{\"source_id\":\"s%d\",\"name\":\"%c\xc3\xa4 %d\",\"email\":\"e\","
                     "\"address\":{\"city\":\"Bonn\"}}",
                     i, i % 4 == 2 ? 'a' : 'B', i % 3);
        save_customer(w, w->project, json);
    }
    save_customer(w, w->project, "{\"source_id\":\"s2\",\"phone\":\"1\"}"); /* a change */
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    void *base = NULL;
    unit_world_setup(&base);
    w->base = base;
    arena_init(&w->rows, 64 * KIB, MIB);
    fill(w->base);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    void *base = w->base;
    arena_release(&w->rows);
    free(w);
    return unit_world_teardown(&base);
}

/* ---- orders ---- */

static struct str sort_text(enum record_sort order, const struct record *r)
{
    const struct customer *c = (const struct customer *)(const void *)r;
    const struct str text = order == RECORD_BY_NAME    ? c->name
                            : order == RECORD_BY_EMAIL ? c->email
                                                       : c->source_id;
    return (struct str){ text.p, text.len < 512 ? text.len : 512 };
}

static int compare(enum record_sort order, const struct record *a, const struct record *b)
{
    int c = 0;
    if (order == RECORD_BY_CHANGE) {
        const int64_t x = a->updated_ms != TIME_NONE ? a->updated_ms : a->created_ms;
        const int64_t y = b->updated_ms != TIME_NONE ? b->updated_ms : b->created_ms;
        c = (x > y) - (x < y);
    } else if (order != RECORD_BY_AGE) {
        c = str_cmp(sort_text(order, a), sort_text(order, b));
    }
    return c != 0 ? c : (a->key > b->key) - (a->key < b->key);
}

static const enum record_sort sorts[] = { RECORD_BY_AGE, RECORD_BY_CHANGE, RECORD_BY_SOURCE_ID,
                                          RECORD_BY_NAME, RECORD_BY_EMAIL };

static const struct filter *filter_of(struct world *w, const char *field, const char *op,
                                      const char *value)
{
    struct filter_reader r = { .fields = &customer_filter_fields,
                               .arena = &w->base->arena,
                               .path = "" };
    const struct str text = str_of(value);
    if (field == NULL)
        return NULL;
    filter_init(&w->filter, time_now_ms());
    MUST(filter_add(&r, &w->filter, str_of(field), str_of(op), &text, 1, must));
    return &w->filter;
}

static void walk_all(struct world *w, struct record_walk walk, size_t want)
{
    struct record *rows = NULL, *last = NULL;
    size_t n, seen = 0;
    arena_reset(&w->rows);
    while (!walk.done) {
        MUST(store_walk_records(w->base->store, &w->rows, w->base->project, RESOURCE_CUSTOMER,
                                &walk, &rows, &n, must));
        assert_true(n <= walk.limit);
        assert_true(walk.max_bytes > 1 || n <= 1);
        for (size_t i = 0; i < n; i++, seen++) {
            struct record *r = record_at(RESOURCE_CUSTOMER, rows, i);
            const int c = last != NULL ? compare(walk.order, last, r) : 0;
            assert_true(last == NULL || (walk.descending ? c > 0 : c < 0));
            last = r;
        }
    }
    assert_int_equal(seen, want);
}

static void a_walk_meets_what_fits_once_in_every_order_by_every_cut(void **state)
{
    static const size_t limits[] = { 3, ROWS, ROWS + 1 };
    static const size_t bytes[] = { 1, SIZE_MAX };
    static const struct {
        const char *field, *op, *value;
        size_t n;
    } filters[] = {
        { NULL, NULL, NULL, ROWS },
        { "email", "$is", "e", ROWS / 2 },
        { "name", "$has_value", "", ROWS * 3 / 4 },
        { "name", "$starts_with", "B", ROWS / 4 },
        { "city", "$is", "Bonn", ROWS / 2 },
        { "address.city", "$is_not", "Bonn", ROWS / 2 },
        { "metadata.n", "$less_than", "10", 3 },
        { "source_id", "$in", "s1", 1 },
        { "phone", "$is_unknown", "", ROWS - 1 },
        { "updated_at", "$is_unknown", "", ROWS - 1 },
        { "name", "$is", "nobody", 0 },
    };
    struct world *w = *state;
    for (size_t f = 0; f < ARRAY_LEN(filters); f++) {
        const struct filter *filter =
            filter_of(w, filters[f].field, filters[f].op, filters[f].value);
        for (size_t s = 0; s < ARRAY_LEN(sorts) * 2; s++) {
            for (size_t i = 0; i < ARRAY_LEN(limits) * ARRAY_LEN(bytes); i++)
                walk_all(w,
                         (struct record_walk){ .order = sorts[s / 2],
                                               .descending = s % 2 == 1,
                                               .filter = filter,
                                               .limit = limits[i / ARRAY_LEN(bytes)],
                                               .max_bytes = bytes[i % ARRAY_LEN(bytes)] },
                         filters[f].n);
        }
    }
}

/* ---- others write meanwhile ---- */

/* Rows are erased, changed and made behind every call: what was there all the time and is sorted as
 * before comes once, and nothing comes twice. */
static void a_walk_is_not_led_astray_by_others(void **state)
{
    static const enum record_sort some[] = { RECORD_BY_AGE, RECORD_BY_SOURCE_ID, RECORD_BY_EMAIL };
    struct world *w = *state;
    char json[100];
    for (size_t s = 0; s < ARRAY_LEN(some) * 2; s++) {
        struct record_walk walk = {
            .order = some[s / 2], .descending = s % 2 == 1, .limit = 5, .max_bytes = SIZE_MAX
        };
        bool seen[4096] = { false };
        size_t n, calls = 0, met = 0;
        struct record *rows;
        while (!walk.done) {
            arena_reset(&w->rows);
            MUST(store_walk_records(w->base->store, &w->rows, w->base->project, RESOURCE_CUSTOMER,
                                    &walk, &rows, &n, must));
            for (size_t i = 0; i < n; i++) {
                const int64_t key = record_at(RESOURCE_CUSTOMER, rows, i)->key & 4095;
                assert_false(seen[key]);
                seen[key] = true;
                met++;
            }
            if (calls == 0 && n > 0) { /* the place of the walk goes */
                struct record *r = record_at(RESOURCE_CUSTOMER, rows, n - 1);
                char id[ID_MAX_LEN];
                id_encode(store_secret(w->base->store), ID_CUSTOMER, r->key, id);
                erase(w->base, id);
            }
            snprintf(json, sizeof(json), "{\"source_id\":\"s%zu\",\"phone\":\"%zu\"}",
                     (calls % 10) * 4 + 1, s);
            save_customer(w->base, w->base->project, json);
            calls++;
            assert_true(calls < 100);
        }
        assert_true(met >= 20);
    }
}

/* ---- orders by status ---- */

static void orders_are_walked_by_status(void **state)
{
    static const char *const names[] = { "PAID", "CREATED", "FULFILLED", "CANCELED", "PAID" };
    static const int64_t want[] = { ORDER_CANCELED, ORDER_CREATED, ORDER_FULFILLED, ORDER_PAID,
                                    ORDER_PAID };
    struct world *w = *state;
    char json[100];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(json, sizeof(json), "{\"status\":\"%s\",\"amount\":100}", names[i]);
        save_order(w->base, json);
    }
    for (int descending = 0; descending < 2; descending++) {
        struct record_walk walk = { .order = RECORD_BY_STATUS,
                                    .descending = descending != 0,
                                    .limit = 2,
                                    .max_bytes = SIZE_MAX };
        struct record *rows;
        size_t n, seen = 0;
        while (!walk.done) {
            MUST(store_walk_records(w->base->store, &w->rows, w->base->project, RESOURCE_ORDER,
                                    &walk, &rows, &n, must));
            for (size_t i = 0; i < n; i++, seen++) {
                const struct order *o =
                    (const struct order *)(void *)record_at(RESOURCE_ORDER, rows, i);
                assert_int_equal(o->status, want[descending != 0 ? 4 - seen : seen]);
            }
        }
        assert_int_equal(seen, ARRAY_LEN(names));
    }
}

/* ---- trouble ---- */

static void a_walk_that_fails_has_not_moved(void **state)
{
    static const enum fault_kind kinds[] = { FAULT_ALLOC, FAULT_STORE };
    struct world *w = *state;
    const struct filter *filter = filter_of(w, "city", "$is", "Bonn");
    for (size_t k = 0; k < ARRAY_LEN(kinds) * ARRAY_LEN(sorts); k++) {
        for (long nth = 1, went_off = 1; went_off; nth++) {
            struct record_walk walk = { .order = sorts[k % ARRAY_LEN(sorts)],
                                        .filter = filter,
                                        .limit = 4,
                                        .max_bytes = SIZE_MAX };
            struct record *rows = NULL;
            struct err err = { 0 };
            size_t n = 0;
            arena_release(&w->rows);
            arena_init(&w->rows, 64 * KIB, MIB);
            fault_arm(kinds[k / ARRAY_LEN(sorts)], nth, false);
            const int rc = store_walk_records(w->base->store, &w->rows, w->base->project,
                                              RESOURCE_CUSTOMER, &walk, &rows, &n, &err);
            went_off = fault_disarm();
            assert_true(rc == 0 || went_off);
            assert_true(rc == 0 || (walk.after_key == 0 && !walk.done));
            if (rc == 0)
                assert_int_equal(n, 4);
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_walk_meets_what_fits_once_in_every_order_by_every_cut),
        TEST(a_walk_is_not_led_astray_by_others),
        TEST(orders_are_walked_by_status),
        TEST(a_walk_that_fails_has_not_moved),
    };
    return cmocka_run_group_tests_name("store/record_walk", tests, NULL, NULL);
}
