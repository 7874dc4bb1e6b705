/* SPDX-License-Identifier: MIT */
/* test_store_erased.c - records that are erased while an earlier action is unfinished: that one
 * does not bring them back, nor what goes with them. */
#include <stdlib.h>

#include "domain/customer.h"
#include "domain/order.h"
#include "domain/product.h"
#include "domain/sku.h"
#include "support/unit_store.h"

#define ROWS_MOST 16

/* ---- records ---- */

/* One of any kind. */
union any {
    struct record record;
    struct customer customer;
    struct product product;
    struct sku sku;
    struct order order;
};

static const enum action_queue queues[RESOURCE_TYPES] = {
    [RESOURCE_PRODUCT] = QUEUE_PRODUCTS,
    [RESOURCE_SKU] = QUEUE_PRODUCTS,
    [RESOURCE_CUSTOMER] = QUEUE_CUSTOMERS,
    [RESOURCE_ORDER] = QUEUE_ORDERS,
};

/* What the JSON says, as an import of such records has it. A SKU is one of the product P. */
static void make(struct unit_world *w, enum resource_type resource, const char *json, union any *r)
{
    struct json *tree;
    struct str reason;
    MUST(json_parse(&w->arena, str_of(json), &tree, must));
    memset(r, 0, sizeof(*r));
    switch (resource) {
    case RESOURCE_CUSTOMER:
        MUST(customer_from_json(tree, "", &w->arena, &r->customer, must));
        break;
    case RESOURCE_PRODUCT:
        MUST(product_from_json(tree, &w->arena, &r->product, must));
        break;
    case RESOURCE_SKU:
        MUST(sku_from_json(tree, &w->arena, &r->sku, must));
        r->sku.product = STR("P");
        break;
    default:
        MUST(order_from_item(tree, &w->arena, &r->order, &reason, must));
    }
}

static int write_record(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_record_write(tx, arg, err);
}

static union any save(struct unit_world *w, enum resource_type resource, const char *json)
{
    union any given, stored;
    struct record_write write = { .project_id = w->project,
                                  .resource = resource,
                                  .mode = RECORD_SAVE,
                                  .given = &given.record,
                                  .arena = &w->arena,
                                  .record = &stored.record };
    make(w, resource, json, &given);
    unit_work(w->store, write_record, &write);
    return stored;
}

static void end_one(struct unit_world *w, enum resource_type resource, enum record_write_mode mode,
                    const char *id_or_source)
{
    union any stored;
    struct record_write write = { .project_id = w->project,
                                  .resource = resource,
                                  .mode = mode,
                                  .id_or_source = str_of(id_or_source),
                                  .arena = &w->arena,
                                  .record = &stored.record };
    unit_work(w->store, write_record, &write);
    assert_true(write.found);
}

static bool is_there(struct unit_world *w, enum resource_type resource, const char *id_or_source)
{
    struct record *r;
    MUST(store_find_record(w->store, &w->arena, w->project, resource, str_of(id_or_source), &r,
                           must));
    return r != NULL;
}

/* ---- actions ---- */

/* One that is on its way, of the queue of these records. */
static struct action begin(struct unit_world *w, enum resource_type resource)
{
    const struct action ac = unit_claimed_action(w->store, w->project);
    unit_sql(w->url, arena_printf(&w->arena, "UPDATE actions SET queue = %d WHERE seq = %lld",
                                  (int)queues[resource], (long long)ac.seq));
    return ac;
}

static int by_source(const void *a, const void *b)
{
    const struct record *const *x = a, *const *y = b;
    return str_cmp((*x)->source_id, (*y)->source_id);
}

/* Brings its rows, JSON texts up to NULL, and ends. Their outcomes: see unit_outcome_letters(). */
static const char *run(struct unit_world *w, const struct action *ac, enum resource_type resource,
                       bool dry_run, const char *const *rows)
{
    union any given[ROWS_MOST];
    struct record *records[ROWS_MOST];
    struct unit_chunk c;
    size_t n = 0;
    unit_chunk_init(&c, ac, NULL, 0, NULL, true);
    for (; rows[n] != NULL; n++) {
        assert_true(n < ROWS_MOST);
        make(w, resource, rows[n], &given[n]);
        given[n].record.row = (uint32_t)n;
        records[n] = &given[n].record;
        c.chunk.unsorted = c.chunk.unsorted || given[n].record.id.p != NULL;
    }
    if (!c.chunk.unsorted)
        qsort(records, n, sizeof(records[0]), by_source);
    unsigned char outcomes[ROWS_MOST] = { 0 };
    c.chunk.resource = resource;
    c.chunk.dry_run = dry_run;
    c.chunk.mode = APPLY_UPSERT;
    c.chunk.records = records;
    c.chunk.n_mapped = n;
    c.chunk.n_rows = (int64_t)n;
    c.chunk.outcomes = outcomes;
    unit_commit(w->store, &c.chunk);
    unit_chunk_release(&c);
    return unit_outcome_letters(outcomes, n);
}

static int64_t notes(struct unit_world *w)
{
    return unit_sql(w->url, "SELECT count(*) FROM erased_records");
}

#define SOURCE(name) "{\"source_id\":\"" name "\",\"metadata\":{\"k\":1}}"
#define ROWS(...)    ((const char *const[]){ __VA_ARGS__, NULL })

/* ---- a record ---- */

/* Few rows are applied one by one, many as a set (PostgreSQL). */
static void stays_gone(struct unit_world *w, enum resource_type kind)
{
    save(w, RESOURCE_PRODUCT, SOURCE("P"));
    save(w, kind, SOURCE("a@1"));
    save(w, kind, "{\"source_id\":\"b@1\"}");
    save(w, kind, SOURCE("a@2"));
    save(w, kind, SOURCE("e@2"));
    save(w, kind, "{\"source_id\":\"b@2\"}");
    const struct action few = begin(w, kind), many = begin(w, kind), dry = begin(w, kind);
    end_one(w, kind, RECORD_ERASE, "a@1");
    end_one(w, kind, RECORD_ERASE, "a@2");
    end_one(w, kind, RECORD_ERASE, "e@2");
    assert_int_equal(notes(w), 6); /* keys, and source ids */

    const char *const *rows = ROWS(SOURCE("c@1"), SOURCE("a@1"), SOURCE("b@1"));
    assert_string_equal(run(w, &dry, kind, true, rows), "csu");
    assert_string_equal(run(w, &few, kind, false, rows), "csu");
    rows = ROWS(SOURCE("g@2"), SOURCE("a@2"), SOURCE("f@2"), SOURCE("a@2"), SOURCE("b@2"),
                SOURCE("c@2"), SOURCE("d@2"), SOURCE("e@2"), SOURCE("h@2"));
    assert_string_equal(run(w, &many, kind, false, rows), "cscsuccsc");
    assert_false(is_there(w, kind, "a@1") || is_there(w, kind, "a@2") || is_there(w, kind, "e@2"));
    assert_true(is_there(w, kind, "c@1") && is_there(w, kind, "h@2"));

    const struct action late = begin(w, kind);
    assert_string_equal(run(w, &late, kind, false, ROWS(SOURCE("a@1"))), "c");
}

static void erased_customer_stays_gone(void **state)
{
    stays_gone(*state, RESOURCE_CUSTOMER);
}

static void erased_product_stays_gone(void **state)
{
    stays_gone(*state, RESOURCE_PRODUCT);
}

static void erased_sku_stays_gone(void **state)
{
    stays_gone(*state, RESOURCE_SKU);
}

static void slices_of_new_rows_alone_leave_out_what_was_erased(void **state)
{
    struct unit_world *w = *state;
    const struct action before = begin(w, RESOURCE_CUSTOMER);
    assert_string_equal(run(w, &before, RESOURCE_CUSTOMER, false,
                            ROWS(SOURCE("1"), SOURCE("2"), SOURCE("3"), SOURCE("4"), SOURCE("5"))),
                        "ccccc"); /* from here on only new ones are expected */
    const struct action early = begin(w, RESOURCE_CUSTOMER);
    save(w, RESOURCE_CUSTOMER, SOURCE("b"));
    end_one(w, RESOURCE_CUSTOMER, RECORD_ERASE, "b");
    save(w, RESOURCE_CUSTOMER, SOURCE("e"));
    end_one(w, RESOURCE_CUSTOMER, RECORD_ERASE, "e");
    assert_string_equal(
        run(w, &early, RESOURCE_CUSTOMER, false,
            ROWS(SOURCE("a"), SOURCE("b"), SOURCE("c"), SOURCE("d"), SOURCE("e"), SOURCE("f"))),
        "csccsc");
}

static void nothing_is_noted_when_nobody_can_bring_it_back(void **state)
{
    struct unit_world *w = *state;
    const struct action other = begin(w, RESOURCE_PRODUCT);
    save(w, RESOURCE_CUSTOMER, SOURCE("a"));
    end_one(w, RESOURCE_CUSTOMER, RECORD_ERASE, "a");
    assert_int_equal(notes(w), 0);
    run(w, &other, RESOURCE_PRODUCT, false, ROWS(SOURCE("p")));
    end_one(w, RESOURCE_PRODUCT, RECORD_ERASE, "p");
    assert_int_equal(notes(w), 0);
}

static void note_of_a_customer_does_not_tell_who_it_was(void **state)
{
    struct unit_world *w = *state;
    begin(w, RESOURCE_CUSTOMER);
    save(w, RESOURCE_CUSTOMER, SOURCE("ann@example.com"));
    end_one(w, RESOURCE_CUSTOMER, RECORD_ERASE, "ann@example.com");
    assert_int_equal(notes(w), 2);
    assert_int_equal(
        unit_sql(w->url, "SELECT count(*) FROM erased_records WHERE name LIKE '%example%'"), 0);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM erased_records WHERE name LIKE 'h%' "
                                      "AND length(name) = 33"),
                     1);
}

/* A row may mean its record by id, and then it is not made anew either. */
static void row_with_the_id_of_an_erased_record_is_superseded(void **state)
{
    struct unit_world *w = *state;
    char id[ID_MAX_LEN], other[ID_MAX_LEN];
    const union any gone = save(w, RESOURCE_CUSTOMER, SOURCE("a"));
    const union any lives = save(w, RESOURCE_CUSTOMER, SOURCE("b"));
    const struct action early = begin(w, RESOURCE_CUSTOMER);
    end_one(w, RESOURCE_CUSTOMER, RECORD_ERASE, "a");
    id_encode(store_secret(w->store), ID_CUSTOMER, gone.record.key, id);
    id_encode(store_secret(w->store), ID_CUSTOMER, lives.record.key, other);
    const char *const rows[] = {
        arena_printf(&w->arena, "{\"id\":\"%s\",\"name\":\"A\"}", id),
        arena_printf(&w->arena, "{\"id\":\"%s\",\"source_id\":\"c\"}", id),
        arena_printf(&w->arena, "{\"id\":\"%s\",\"source_id\":\"a\",\"name\":\"B\"}", other),
        SOURCE("a"),
        NULL,
    };
    assert_string_equal(run(w, &early, RESOURCE_CUSTOMER, false, rows), "ssus");
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM customers"), 1);
}

/* ---- the bin ---- */

static void product_in_the_bin_stays_there_with_its_skus(void **state)
{
    struct unit_world *w = *state;
    char id[ID_MAX_LEN];
    const union any p = save(w, RESOURCE_PRODUCT, SOURCE("P"));
    save(w, RESOURCE_SKU, SOURCE("s"));
    const struct action products = begin(w, RESOURCE_PRODUCT), skus = begin(w, RESOURCE_SKU);
    const struct action by_id = begin(w, RESOURCE_PRODUCT);
    end_one(w, RESOURCE_PRODUCT, RECORD_TO_BIN, "P");
    id_encode(store_secret(w->store), ID_PRODUCT, p.record.key, id);
    const char *const rows[] = { arena_printf(&w->arena, "{\"id\":\"%s\",\"name\":\"A\"}", id),
                                 NULL };
    assert_string_equal(run(w, &products, RESOURCE_PRODUCT, false, ROWS(SOURCE("P"), SOURCE("Q"))),
                        "sc");
    assert_string_equal(run(w, &by_id, RESOURCE_PRODUCT, false, rows), "s");
    assert_string_equal(run(w, &skus, RESOURCE_SKU, false, ROWS(SOURCE("s"), SOURCE("new"))), "ss");
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM products"), 2);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM skus"), 1);
    const struct action late = begin(w, RESOURCE_PRODUCT);
    assert_string_equal(run(w, &late, RESOURCE_PRODUCT, false, ROWS(SOURCE("P"))), "f");
}

static void sku_in_the_bin_stays_there(void **state)
{
    struct unit_world *w = *state;
    save(w, RESOURCE_PRODUCT, SOURCE("P"));
    save(w, RESOURCE_SKU, SOURCE("s"));
    const struct action early = begin(w, RESOURCE_SKU);
    end_one(w, RESOURCE_SKU, RECORD_TO_BIN, "s");
    assert_string_equal(run(w, &early, RESOURCE_SKU, false, ROWS(SOURCE("s"), SOURCE("t"))), "sc");
}

static void skus_of_an_erased_product_stay_gone(void **state)
{
    struct unit_world *w = *state;
    save(w, RESOURCE_PRODUCT, SOURCE("P"));
    save(w, RESOURCE_SKU, SOURCE("s"));
    const struct action first = begin(w, RESOURCE_SKU), second = begin(w, RESOURCE_SKU);
    end_one(w, RESOURCE_PRODUCT, RECORD_ERASE, "P");
    assert_string_equal(run(w, &first, RESOURCE_SKU, false, ROWS(SOURCE("s"), SOURCE("new"))),
                        "ss");
    save(w, RESOURCE_PRODUCT, SOURCE("P")); /* another one */
    assert_string_equal(run(w, &second, RESOURCE_SKU, false, ROWS(SOURCE("s"), SOURCE("new"))),
                        "ss");
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM skus"), 0);
}

static int empty_bin(struct store_tx *tx, void *arg, struct err *err)
{
    struct unit_world *w = arg;
    struct bin_entry *entries;
    size_t n;
    bool more, found;
    int64_t campaign;
    if (store_list_bin(w->store, &w->arena, w->project, 0, true, NULL, 10, &entries, &n, &more,
                       err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (store_tx_bin_erase(tx, w->project, entries[i].key, &found, &campaign, err) < 0)
            return -1;
    return 0;
}

static void what_is_erased_from_the_bin_stays_gone(void **state)
{
    struct unit_world *w = *state;
    save(w, RESOURCE_PRODUCT, SOURCE("P"));
    save(w, RESOURCE_SKU, SOURCE("s"));
    save(w, RESOURCE_SKU, SOURCE("t"));
    const struct action products = begin(w, RESOURCE_PRODUCT), skus = begin(w, RESOURCE_SKU);
    const struct action later = begin(w, RESOURCE_SKU);
    end_one(w, RESOURCE_SKU, RECORD_TO_BIN, "t");
    unit_work(w->store, empty_bin, w);
    assert_string_equal(run(w, &skus, RESOURCE_SKU, false, ROWS(SOURCE("s"), SOURCE("t"))), "=s");
    end_one(w, RESOURCE_PRODUCT, RECORD_TO_BIN, "P");
    unit_work(w->store, empty_bin, w);
    assert_string_equal(run(w, &products, RESOURCE_PRODUCT, false, ROWS(SOURCE("P"))), "s");
    assert_string_equal(run(w, &later, RESOURCE_SKU, false, ROWS(SOURCE("s"), SOURCE("u"))), "ss");
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM products"), 0);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM skus"), 0);
}

/* ---- orders ---- */

static void earlier_order_brings_nobody_back(void **state)
{
    static const char *const rows[] = {
        "{\"source_id\":\"o1\",\"customer\":{\"source_id\":\"ann\",\"name\":\"Ann\"}}",
        "{\"source_id\":\"o2\",\"customer\":{\"source_id\":\"bob\",\"name\":\"Bob\"}}",
        "{\"source_id\":\"o3\",\"items\":[{\"source_id\":\"P\",\"quantity\":1,\"product\":"
        "{\"override\":true,\"name\":\"Pen\"}}]}",
        NULL,
    };
    struct unit_world *w = *state;
    save(w, RESOURCE_CUSTOMER, SOURCE("ann"));
    save(w, RESOURCE_PRODUCT, SOURCE("P"));
    const struct action early = begin(w, RESOURCE_ORDER);
    end_one(w, RESOURCE_CUSTOMER, RECORD_ERASE, "ann");
    end_one(w, RESOURCE_PRODUCT, RECORD_ERASE, "P");
    assert_string_equal(run(w, &early, RESOURCE_ORDER, false, rows), "ccc");
    assert_false(is_there(w, RESOURCE_CUSTOMER, "ann"));
    assert_false(is_there(w, RESOURCE_PRODUCT, "P"));
    assert_true(is_there(w, RESOURCE_CUSTOMER, "bob"));
    assert_int_equal(unit_sql(w->url, "SELECT count(customer_id) FROM orders"), 1);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM orders"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(erased_customer_stays_gone),
        TEST(erased_product_stays_gone),
        TEST(erased_sku_stays_gone),
        TEST(slices_of_new_rows_alone_leave_out_what_was_erased),
        TEST(nothing_is_noted_when_nobody_can_bring_it_back),
        TEST(note_of_a_customer_does_not_tell_who_it_was),
        TEST(row_with_the_id_of_an_erased_record_is_superseded),
        TEST(product_in_the_bin_stays_there_with_its_skus),
        TEST(sku_in_the_bin_stays_there),
        TEST(skus_of_an_erased_product_stay_gone),
        TEST(what_is_erased_from_the_bin_stays_gone),
        TEST(earlier_order_brings_nobody_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
