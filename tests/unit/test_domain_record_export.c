/* SPDX-License-Identifier: MIT */
/* test_domain_record_export.c - the columns of customers and orders. */
#include "base/fault.h"
#include "base/time_iso.h"
#include "domain/customer.h"
#include "domain/order.h"
#include "domain/record_export.h"
#include "support/unit.h"

static const struct id_secret secret;

struct world {
    struct arena arena;
    struct buf text;
    struct customer customer;
    struct order order;
};

static int setup(void **state)
{
    static struct world w;
    arena_init(&w.arena, 4 * KIB, 0);
    buf_init(&w.text, MIB);
    w.customer = (struct customer){ .key = 7, .updated_ms = TIME_NONE };
    w.order = (struct order){ .key = 8,
                              .status = ORDER_PAID,
                              .updated_ms = TIME_NONE,
                              .amount = FIELD_NONE,
                              .initial_amount = FIELD_NONE,
                              .discount_amount = FIELD_NONE,
                              .customer_key = FIELD_NONE,
                              .referrer_key = FIELD_NONE };
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    arena_release(&w->arena);
    buf_release(&w->text);
    return 0;
}

static int put(struct world *w, const struct export_table *t, const char *field, struct err *err)
{
    struct export_column c;
    struct export_row row = { .item = t == &order_export ? (void *)&w->order : &w->customer,
                              .secret = &secret,
                              .arena = &w->arena };
    assert_true(export_column(t, str_of(field), &c));
    buf_reset(&w->text);
    return export_put_cell(&w->text, &c, &row, err);
}

static void assert_cell(struct world *w, const struct export_table *t, const char *field,
                        const char *want)
{
    MUST(put(w, t, field, must));
    assert_str(buf_str(&w->text), want);
}

/* The names of the table are those of the official schema, in its order. */
static void the_names_are_those_of_the_api(void **state)
{
    struct world *w = *state;
    export_put_names(&w->text, &customer_export);
    assert_str(buf_str(&w->text),
               "name, id, description, email, source_id, created_at, address_city, address_state, "
               "address_line_1, address_line_2, address_country, address_postal_code, "
               "redemptions_total_redeemed, redemptions_total_failed, redemptions_total_succeeded, "
               "redemptions_total_rolled_back, redemptions_total_rollback_failed, "
               "redemptions_total_rollback_succeeded, orders_total_amount, orders_total_count, "
               "orders_average_amount, orders_last_order_amount, orders_last_order_date, "
               "loyalty_points, loyalty_referred_customers, updated_at, phone, birthday, metadata, "
               "birthdate, metadata.<key>");
    buf_reset(&w->text);
    export_put_names(&w->text, &order_export);
    assert_str(buf_str(&w->text),
               "id, source_id, created_at, updated_at, status, amount, discount_amount, "
               "items_discount_amount, total_discount_amount, total_amount, customer_id, "
               "referrer_id, metadata, metadata.<key>");
}

static void every_name_that_is_told_is_a_field(void **state)
{
    static const struct export_table *const tables[] = { &customer_export, &order_export };
    struct world *w = *state;
    struct export_column c;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        buf_reset(&w->text);
        export_put_names(&w->text, tables[i]);
        struct str rest = buf_str(&w->text);
        while (rest.p != NULL)
            assert_true(export_column(tables[i], str_trim(str_cut(rest, ',', &rest)), &c));
        for (size_t k = 0; k < tables[i]->n_defaults; k++)
            assert_true(export_column(tables[i], tables[i]->defaults[k], &c));
        assert_false(export_column(tables[i], STR("nope"), &c));
        assert_false(export_column(tables[i], STR("metadata."), &c));
        assert_false(export_column(tables[i], STR("code"), &c));
    }
}

/* What the import of customers has a column for, its own file heads so that it is found again. */
static void headings_are_those_that_an_import_reads(void **state)
{
    static const char *const cases[][3] = {
        { "id", "ID", ".id" },
        { "source_id", "Source ID", ".source_id" },
        { "name", "Name", ".name" },
        { "description", "Description", ".description" },
        { "email", "Email", ".email" },
        { "phone", "Phone", ".phone" },
        { "birthdate", "Birthdate", ".birthdate" },
        { "address_city", "Address City", ".address.city" },
        { "address_state", "Address State", ".address.state" },
        { "address_line_1", "Address Line 1", ".address.line_1" },
        { "address_line_2", "Address Line 2", ".address.line_2" },
        { "address_country", "Address Country", ".address.country" },
        { "address_postal_code", "Address Postal Code", ".address.postal_code" },
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct export_column c;
        buf_reset(&w->text);
        assert_true(export_column(&customer_export, str_of(cases[i][0]), &c));
        export_put_heading(&w->text, &c);
        assert_str(buf_str(&w->text), cases[i][1]);
        const int field = field_find(&customer_fields, buf_str(&w->text));
        assert_true(field >= 0);
        assert_string_equal(customer_fields.rows[field].path, cases[i][2]);
    }
}

static void a_customer_is_its_fields(void **state)
{
    static const char *const cases[][3] = {
        { "name", "Ann, \"A\"", "" },
        { "source_id", "s-1", "" },
        { "email", "ann@example.com", "" },
        { "birthdate", "2000-02-29", "" },
        { "birthday", "1999-01-01", "" },
        { "address_city", "Bonn", "" },
        { "address_line_1", "", "" },
        { "address_country", "DE", "" },
        { "metadata", "{\"a\":[1,\"b\"],\"t\":null}", "" },
        { "metadata.a", "1,b", "" },
        { "metadata.t", "", "" },
        { "created_at", "1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.000Z" },
        { "updated_at", "1970-01-01T00:00:00.002Z", "" },
        { "redemptions_total_failed", "0", "0" },
        { "orders_total_amount", "0", "0" },
        { "orders_last_order_date", "", "" },
        { "loyalty_points", "0", "0" },
    };
    struct world *w = *state;
    struct customer *c = &w->customer;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_cell(w, &customer_export, cases[i][0], cases[i][2]);
    c->created_ms = 1;
    c->updated_ms = 2;
    c->name = STR("Ann, \"A\"");
    c->source_id = STR("s-1");
    c->email = STR("ann@example.com");
    c->birthdate = STR("2000-02-29");
    c->birthday = STR("1999-01-01");
    c->address = STR("{\"city\":\"Bonn\",\"line_1\":null,\"country\":\"DE\"}");
    c->metadata = STR("{\"a\":[1,\"b\"],\"t\":null}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_cell(w, &customer_export, cases[i][0], cases[i][1]);
}

static void an_order_is_its_fields(void **state)
{
    static const char *const cases[][3] = {
        { "status", "PAID", "PAID" },     { "amount", "7700", "" },
        { "discount_amount", "500", "" }, { "items_discount_amount", "130", "" },
        { "total_amount", "7070", "" },   { "total_discount_amount", "630", "" },
        { "metadata.k", "1.50", "" },
    };
    struct world *w = *state;
    struct order *o = &w->order;
    char id[ID_MAX_LEN];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_cell(w, &order_export, cases[i][0], cases[i][2]);
    assert_cell(w, &order_export, "customer_id", "");
    o->amount = 7700;
    o->discount_amount = 500;
    o->items = STR("[{\"discount_amount\":100},{\"amount\":7},{\"discount_amount\":30}]");
    o->metadata = STR("{\"k\":1.50}");
    o->customer_key = 7;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_cell(w, &order_export, cases[i][0], cases[i][1]);
    id_encode(&secret, ID_CUSTOMER, 7, id);
    assert_cell(w, &order_export, "customer_id", id);
    id_encode(&secret, ID_ORDER, 8, id);
    assert_cell(w, &order_export, "id", id);
    o->items = STR("[{\"amount\":7}]");
    assert_cell(w, &order_export, "items_discount_amount", "");
    assert_cell(w, &order_export, "total_amount", "7200");
}

static void a_broken_text_of_the_store_is_an_error(void **state)
{
    struct world *w = *state;
    static const struct {
        const struct export_table *table;
        const char *field;
    } cases[] = { { &customer_export, "address_city" },
                  { &customer_export, "metadata.a" },
                  { &order_export, "items_discount_amount" } };
    w->customer.address = w->customer.metadata = STR("{");
    w->order.items = STR("[{\"discount_amount\":1");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = { 0 };
        assert_int_equal(put(w, cases[i].table, cases[i].field, &err), -1);
        assert_int_equal(err.code, ERR_STORE);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_names_are_those_of_the_api),
        TEST(every_name_that_is_told_is_a_field),
        TEST(headings_are_those_that_an_import_reads),
        TEST(a_customer_is_its_fields),
        TEST(an_order_is_its_fields),
        TEST(a_broken_text_of_the_store_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
