/* SPDX-License-Identifier: MIT */
/* test_domain_voucher_export.c - headings and cells of an export, where HTTP does not reach. */
#include "base/fault.h"
#include "domain/voucher_export.h"
#include "support/unit.h"

struct world {
    struct arena arena;
    struct buf text;
    struct voucher v;
};

static int setup(void **state)
{
    static struct world w;
    arena_init(&w.arena, 4 * KIB, 0);
    buf_init(&w.text, MIB);
    voucher_init(&w.v);
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

static int put(struct world *w, const char *field, struct err *err)
{
    struct export_column c;
    struct voucher_export_row row = { .head = { .item = &w->v, .arena = &w->arena },
                                      .names = { .id = "v_1" } };
    assert_true(export_column(&voucher_export, str_of(field), &c));
    buf_reset(&w->text);
    return export_put_cell(&w->text, &c, &row.head, err);
}

static void assert_cell(struct world *w, const char *field, const char *want)
{
    MUST(put(w, field, must));
    assert_str(buf_str(&w->text), want);
}

static void money_is_in_major_units(void **state)
{
    static const struct {
        int64_t minor;
        const char *want;
    } cases[] = {
        { 0, "0.00" },
        { 5, "0.05" },
        { 200000, "2000.00" },
        { -150, "-1.50" },
        { INT64_MIN, "-92233720368547758.08" },
    };
    struct world *w = *state;
    w->v.type = VOUCHER_GIFT;
    w->v.set = VF_VALUE;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        w->v.value = num_int(cases[i].minor);
        assert_cell(w, "value", cases[i].want);
        assert_cell(w, "gift_balance", cases[i].want);
    }
    w->v.value = num_int(1000);
    w->v.redeemed_amount = 300;
    w->v.subtracted = 50;
    assert_cell(w, "value", "6.50");
    assert_cell(w, "loyalty_balance", "");
}

static void what_is_no_money_stays_as_it_is(void **state)
{
    struct world *w = *state;
    w->v.type = VOUCHER_DISCOUNT;
    w->v.discount_type = DISCOUNT_PERCENT;
    assert_cell(w, "value", ""); /* a formula takes its place */
    w->v.set = VF_VALUE;
    w->v.value = (struct num){ .d = 12.5 };
    assert_cell(w, "value", "12.5");
    w->v.discount_type = DISCOUNT_AMOUNT;
    w->v.value = (struct num){ .d = 1050.5 };
    assert_cell(w, "value", "10.505");
    w->v.type = VOUCHER_LOYALTY;
    w->v.discount_type = DISCOUNT_NONE;
    w->v.value = num_int(1000);
    w->v.redeemed_amount = 1;
    assert_cell(w, "value", "999");
    assert_cell(w, "loyalty_balance", "999");
    assert_cell(w, "gift_balance", "");
}

static void headings_are_the_words_of_a_name(void **state)
{
    static const char *const cases[][2] = {
        { "id", "ID" },
        { "code", "Code" },
        { "voucher_type", "Voucher Type" },
        { "qr_code", "QR Code" },
        { "customer_source_id", "Customer Source ID" },
        { "metadata", "Metadata" },
        { "metadata.seq_number", "metadata.seq_number" },
        { "metadata.a b", "metadata.a b" },
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct export_column c;
        buf_reset(&w->text);
        assert_true(export_column(&voucher_export, str_of(cases[i][0]), &c));
        export_put_heading(&w->text, &c);
        assert_str(buf_str(&w->text), cases[i][1]);
    }
}

static void every_name_that_is_told_is_a_field(void **state)
{
    struct world *w = *state;
    struct export_column c;
    export_put_names(&w->text, &voucher_export);
    struct str rest = buf_str(&w->text);
    size_t n = 0;
    for (; rest.p != NULL; n++)
        assert_true(export_column(&voucher_export, str_trim(str_cut(rest, ',', &rest)), &c));
    assert_int_equal(n, 35);
    assert_false(export_column(&voucher_export, STR("nope"), &c));
    assert_false(export_column(&voucher_export, STR("metadata."), &c));
    assert_false(export_column(&voucher_export, STR(""), &c));
}

static void a_cell_of_metadata_is_its_value(void **state)
{
    static const char *const cases[][2] = {
        { "metadata.text", "a,\"b\"" },     { "metadata.number", "1.50" },
        { "metadata.yes", "true" },         { "metadata.null", "" },
        { "metadata.list", "1,b,," },       { "metadata.lists", "[[1],2]" },
        { "metadata.object", "{\"a\":1}" }, { "metadata.none", "" },
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_cell(w, cases[i][0], "");
    w->v.metadata = STR("{\"text\":\"a,\\\"b\\\"\",\"number\":1.50,\"yes\":true,\"null\":null,"
                        "\"list\":[1,\"b\",null,\"\"],\"lists\":[[1],2],\"object\":{\"a\":1}}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_cell(w, cases[i][0], cases[i][1]);
}

static void a_broken_text_of_the_store_is_an_error(void **state)
{
    static const char *const fields[] = { "metadata.a",
                                          "formula",
                                          "discount_amount_limit",
                                          "discount_unit_type",
                                          "validity_day_of_week",
                                          "validity_timeframe_interval" };
    struct world *w = *state;
    w->v.metadata = w->v.validity = w->v.discount_extra = STR("{");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        struct err err = { 0 };
        assert_int_equal(put(w, fields[i], &err), -1);
        assert_int_equal(err.code, ERR_STORE);
    }
    w->v.metadata = STR("{\"a\":1}");
    struct err err = { 0 };
    arena_release(&w->arena);
    arena_init(&w->arena, 4 * KIB, 0);
    fault_arm(FAULT_ALLOC, 1, true);
    const int rc = put(w, "metadata.a", &err);
    fault_disarm();
    assert_int_equal(rc, -1);
    assert_int_equal(err.code, ERR_NOMEM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(money_is_in_major_units),          TEST(what_is_no_money_stays_as_it_is),
        TEST(headings_are_the_words_of_a_name), TEST(every_name_that_is_told_is_a_field),
        TEST(a_cell_of_metadata_is_its_value),  TEST(a_broken_text_of_the_store_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
