/* SPDX-License-Identifier: MIT */
/*
 * test_domain_voucher_change.c - the body of an update, validity, categories, and a gift's account.
 *
 * Each case is a body, applied to the voucher that another body made, and compared with what is
 * printed afterwards.
 */
#include <stdio.h>

#include "base/time_iso.h"
#include "domain/voucher.h"
#include "support/unit.h"

static int setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, 4 * KIB, 0);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    arena_release(*state);
    return 0;
}

static struct json *parse(struct arena *a, const char *text)
{
    struct json *v;
    MUST(json_parse(a, str_of(text), &v, must));
    return v;
}

static struct voucher created(struct arena *a, const char *body)
{
    struct voucher v;
    MUST(voucher_from_json(parse(a, body), a, &v, must));
    return v;
}

static enum outcome change(struct arena *a, struct voucher *v, const char *body)
{
    struct voucher c;
    struct str reason = { 0 };
    enum outcome out = OUTCOME_PENDING;
    MUST(voucher_change_from_json(parse(a, body), a, &c, must));
    MUST(voucher_merge(v, &c, a, &out, &reason, must));
    if (out == OUTCOME_FAILED)
        assert_str(reason, "It is not possible to change Voucher discount type");
    return out;
}

static const char *print(struct arena *a, const struct voucher *v,
                         const struct voucher_names *names)
{
    struct buf b;
    buf_init(&b, MIB);
    voucher_put_json(&(struct json_out){ .b = &b }, v, names, 0);
    assert_false(b.failed);
    const struct str text = arena_str(a, buf_str(&b));
    buf_release(&b);
    parse(a, text.p); /* is JSON */
    return text.p;
}

static void assert_prints(struct arena *a, const struct voucher *v, const char *want)
{
    static const struct voucher_names names = { .id = "v_1" };
    const char *text = print(a, v, &names);
    if (strstr(text, want) == NULL)
        fail_msg("%s\nis not in\n%s", want, text);
}

#define FULL                                                                                       \
    "{\"code\":\"A\",\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,\"effect\":"              \
    "\"APPLY_TO_ORDER\",\"is_dynamic\":true,\"aggregated_amount_limit\":5},\"category\":\"New\","  \
    "\"start_date\":\"2022-01-01\",\"expiration_date\":\"2022-02-01\",\"active\":false,"           \
    "\"validity_timeframe\":{\"duration\":\"PT1H\",\"interval\":\"P2D\"},"                         \
    "\"validity_day_of_week\":[1,2],\"validity_hours\":{\"daily\":[{\"expiration_time\":"          \
    "\"14:00\",\"days_of_week\":[1,2],\"start_time\":\"12:00\"}]},\"redemption\":{\"quantity\":5}" \
    ",\"additional_info\":\"i\",\"metadata\":{\"a\":1,\"b\":2}}"

/* What is absent stays, null clears what can be cleared. */
static void an_update_changes_what_it_names(void **state)
{
    static const struct {
        const char *body;
        const char *want; /* NULL: nothing changes */
    } cases[] = {
        { "{}", NULL },
        { FULL, NULL },
        { "{\"unknown\":[{}],\"code\":\"B\",\"id\":7,\"validation_rules\":[\"val_9\"]}", NULL },
        { "{\"gift\":{\"amount\":7},\"loyalty_card\":{\"points\":1}}", NULL },
        { "{\"active\":null,\"metadata\":null,\"discount\":null,\"type\":null}", NULL },
        { "{\"active\":true}", "\"active\":true," },
        { "{\"start_date\":null}", "\"start_date\":null,\"expiration_date\":\"2022-02-01T" },
        { "{\"expiration_date\":null}", "T00:00:00.000Z\",\"expiration_date\":null," },
        { "{\"category\":null}", "\"category\":null,\"category_id\":null,\"categories\":[]," },
        { "{\"category\":\"Old\"}", "\"category\":\"Old\",\"category_id\":null," },
        { "{\"additional_info\":null}", "\"additional_info\":null," },
        { "{\"additional_info\":\"\"}", "\"additional_info\":\"\"," },
        { "{\"redemption\":{\"quantity\":null}}", "\"redemption\":{\"quantity\":null," },
        { "{\"redemption\":{\"quantity\":9,\"redeemed_quantity\":3}}",
          "\"redemption\":{\"quantity\":9,\"redeemed_quantity\":0," },
        { "{\"metadata\":{\"a\":null,\"c\":{\"d\":[]}}}",
          "\"metadata\":{\"a\":null,\"b\":2,\"c\":{\"d\":[]}}," },
        { "{\"validity_timeframe\":null}",
          "\"validity_timeframe\":null,\"validity_day_of_week\":[1,2],\"validity_hours\":{" },
        { "{\"validity_day_of_week\":null}", "\"validity_day_of_week\":null,\"validity_hours\":" },
        { "{\"validity_day_of_week\":[0,6]}", "\"validity_day_of_week\":[0,6]," },
        { "{\"validity_hours\":null}", "\"validity_day_of_week\":[1,2],\"active\":false," },
        { "{\"validity_timeframe\":null,\"validity_day_of_week\":null,\"validity_hours\":null}",
          "\"validity_timeframe\":null,\"validity_day_of_week\":null,\"active\":false," },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":11}}",
          "\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":11,\"effect\":\"APPLY_TO_ORDER\","
          "\"is_dynamic\":true,\"aggregated_amount_limit\":5}," },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"effect\":null,\"is_dynamic\":null}}",
          "\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,\"aggregated_amount_limit\":5}," },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"is_dynamic\":null,\"aggregated_amount_limit\":"
          "null}}",
          "\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,\"effect\":\"APPLY_TO_ORDER\"}," },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct voucher v = created(*state, FULL);
        const struct voucher before = v;
        print_message("  %s\n", cases[i].body);
        assert_int_equal(change(*state, &v, cases[i].body),
                         cases[i].want != NULL ? OUTCOME_UPDATED : OUTCOME_UNCHANGED);
        if (cases[i].want == NULL) {
            assert_memory_equal(&v, &before, sizeof(v));
            continue;
        }
        assert_prints(*state, &v, cases[i].want);
        assert_int_equal(change(*state, &v, cases[i].body), OUTCOME_UNCHANGED);
    }
}

static void an_empty_text_is_cleared_too(void **state)
{
    struct voucher v = created(*state, "{\"gift\":{\"amount\":1},\"additional_info\":\"\"}");
    assert_int_equal(change(*state, &v, "{\"additional_info\":null}"), OUTCOME_UPDATED);
    assert_null(v.additional_info.p);
}

static void another_kind_of_voucher_is_refused(void **state)
{
    static const char *const bodies[] = {
        "{\"discount\":{\"type\":\"PERCENT\",\"percent_off\":10}}",
        "{\"discount\":{\"type\":\"UNIT\"}}",
        "{\"type\":\"GIFT_VOUCHER\"}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct voucher v = created(*state, FULL);
        assert_int_equal(change(*state, &v, bodies[i]), OUTCOME_FAILED);
    }
    struct voucher gift = created(*state, "{\"gift\":{\"amount\":1}}");
    assert_int_equal(change(*state, &gift, "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":1}}"),
                     OUTCOME_FAILED);
    assert_int_equal(change(*state, &gift, "{\"type\":\"GIFT_VOUCHER\"}"), OUTCOME_UNCHANGED);
}

static void a_bad_update_names_what_is_wrong(void **state)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        { "[]", "Payload must be object" },
        { "{\"discount\":{\"amount_off\":1}}",
          "Property .discount should have required property 'type'" },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":\"1\"}}",
          "Property .discount.amount_off must be number" },
        { "{\"discount\":[]}", "Property .discount must be object,null" },
        { "{\"metadata\":\"x\"}", "Property .metadata must be object,null" },
        { "{\"active\":1}", "Property .active must be boolean,null" },
        { "{\"category\":1}", "Property .category must be string,null" },
        { "{\"additional_info\":{}}", "Property .additional_info must be string,null" },
        { "{\"start_date\":\"soon\"}",
          "Property .start_date cannot be recognized as a ISO-8601 compliant date" },
        { "{\"redemption\":{\"quantity\":1.5}}",
          "Property .redemption.quantity must be integer,null" },
        { "{\"type\":\"LOYALTY_CARD\"}", "Property .type must be equal to one of the allowed "
                                         "values [ DISCOUNT_VOUCHER, GIFT_VOUCHER ]" },
        { "{\"validity_timeframe\":[]}", "Property .validity_timeframe must be object,null" },
        { "{\"validity_timeframe\":{\"interval\":1}}",
          "Property .validity_timeframe.interval must be string,null" },
        { "{\"validity_day_of_week\":{}}", "Property .validity_day_of_week must be array,null" },
        { "{\"validity_day_of_week\":[1,\"2\"]}",
          "Property .validity_day_of_week[1] must be integer" },
        { "{\"validity_day_of_week\":[1.5]}", "Property .validity_day_of_week[0] must be integer" },
        { "{\"validity_day_of_week\":[7]}", "Property .validity_day_of_week[0] must be equal to "
                                            "one of the allowed values [ 0, 1, 2, 3, 4, 5, 6 ]" },
        { "{\"validity_day_of_week\":[-1]}", "Property .validity_day_of_week[0] must be equal to "
                                             "one of the allowed values [ 0, 1, 2, 3, 4, 5, 6 ]" },
        { "{\"validity_hours\":1}", "Property .validity_hours must be object,null" },
        { "{\"validity_hours\":{\"daily\":{}}}",
          "Property .validity_hours.daily must be array,null" },
        { "{\"validity_hours\":{\"daily\":[[]]}}",
          "Property .validity_hours.daily[0] must be object" },
        { "{\"validity_hours\":{\"daily\":[{},{\"start_time\":12}]}}",
          "Property .validity_hours.daily[1].start_time must be string,null" },
        { "{\"validity_hours\":{\"daily\":[{\"days_of_week\":[1,true]}]}}",
          "Property .validity_hours.daily[0].days_of_week[1] must be integer" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct voucher v;
        struct err err = { 0 };
        print_message("  %s\n", cases[i].body);
        assert_int_equal(voucher_change_from_json(parse(*state, cases[i].body), *state, &v, &err),
                         -1);
        assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
        assert_string_equal(err.msg, cases[i].want);
    }
}

/* However it was sent; other members are skipped, and null is not given. */
static void validity_is_kept_in_one_form(void **state)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        { "\"validity_hours\":{\"daily\":[{\"x\":1,\"expiration_time\":\"14:00\",\"days_of_week\":"
          "[2.0],\"start_time\":\"1\\\"2\"}],\"y\":2}",
          "\"validity_timeframe\":null,\"validity_day_of_week\":null,\"validity_hours\":{\"daily\":"
          "[{\"start_time\":\"1\\\"2\",\"days_of_week\":[2],\"expiration_time\":\"14:00\"}]}," },
        { "\"validity_timeframe\":{\"duration\":\"PT1H\",\"interval\":\"P2D\",\"z\":null}",
          "\"validity_timeframe\":{\"interval\":\"P2D\",\"duration\":\"PT1H\"},"
          "\"validity_day_of_week\":null,\"active\":" },
        { "\"validity_timeframe\":{\"interval\":null}", "\"validity_timeframe\":{}," },
        { "\"validity_day_of_week\":[]", "\"validity_day_of_week\":[]," },
        { "\"validity_hours\":{}", "\"validity_hours\":{}," },
        { "\"validity_hours\":null", "\"validity_day_of_week\":null,\"active\":true" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *body =
            arena_printf(*state, "{\"code\":\"A\",\"gift\":{\"amount\":1},%s}", cases[i].body);
        const struct voucher v = created(*state, body);
        print_message("  %s\n", cases[i].body);
        assert_prints(*state, &v, cases[i].want);
    }
}

static void a_category_is_printed_with_its_object(void **state)
{
    struct voucher v = created(*state, "{\"code\":\"A\",\"gift\":{\"amount\":1}}");
    struct voucher_names names = { .id = "v_1",
                                   .category_id = "cat_1",
                                   .category = STR_INIT("New"),
                                   .hierarchy = 2,
                                   .created_ms = 1500,
                                   .updated_ms = TIME_NONE };
    v.category_id = 7;
    assert_non_null(strstr(
        print(*state, &v, &names),
        "\"category\":\"New\",\"category_id\":\"cat_1\",\"categories\":[{\"id\":\"cat_1\",\"name\":"
        "\"New\",\"hierarchy\":2,\"created_at\":\"1970-01-01T00:00:01.500Z\",\"object\":"
        "\"category\"}],\"type\":"));
    names.updated_ms = 2500;
    assert_non_null(strstr(print(*state, &v, &names),
                           "\"created_at\":\"1970-01-01T00:00:01.500Z\",\"updated_at\":"
                           "\"1970-01-01T00:00:02.500Z\",\"object\":\"category\"}]"));
}

static void a_category_takes_the_place_of_a_tag(void **state)
{
    struct voucher v = created(*state, FULL), c;
    struct str reason;
    enum outcome out;
    voucher_init(&c);
    c.set = VF_CATEGORY;
    c.category_id = 7;
    MUST(voucher_merge(&v, &c, *state, &out, &reason, must));
    assert_int_equal(out, OUTCOME_UPDATED);
    assert_true(v.category_id == 7 && v.category.p == NULL);
    MUST(voucher_merge(&v, &c, *state, &out, &reason, must));
    assert_int_equal(out, OUTCOME_UNCHANGED);
    assert_int_equal(change(*state, &v, "{\"category\":\"Tag\"}"), OUTCOME_UPDATED);
    assert_true(v.category_id == 0 && str_is(v.category, "Tag"));
}

/* ---- a gift's account ---- */

static struct voucher gift(const char *amount)
{
    struct voucher v;
    voucher_init(&v);
    v.type = VOUCHER_GIFT;
    v.set = VF_VALUE;
    v.code = STR("G");
    assert_true(num_parse(str_of(amount), &v.value));
    return v;
}

static void bookings_move_the_balance(void **state)
{
    static const struct {
        const char *amount;
        int64_t redeemed;
        int64_t bookings[3];
        int64_t income, available;
        const char *want;
    } cases[] = {
        { "1000", 0, { 500 }, 1500, 1500, "\"gift\":{\"amount\":1500,\"balance\":1500}," },
        { "1000",
          100,
          { 500, -400 },
          1100,
          1000,
          "\"gift\":{\"amount\":1500,\"subtracted_amount\":400,\"balance\":1000}," },
        { "1000",
          0,
          { -1000 },
          0,
          0,
          "\"gift\":{\"amount\":1000,\"subtracted_amount\":1000,\"balance\":0}," },
        { "10.5",
          0,
          { 1, -2 },
          9,
          9,
          "\"gift\":{\"amount\":11.5,\"subtracted_amount\":2,\"balance\":9.5}," },
        { "0", 0, { 0 }, 0, 0, "\"gift\":{\"amount\":0,\"balance\":0}," },
        { "0", 0, { INT64_MAX }, INT64_MAX, INT64_MAX, "\"balance\":9223372036854775807}," },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct voucher v = gift(cases[i].amount);
        v.redeemed_amount = cases[i].redeemed;
        for (size_t j = 0; j < ARRAY_LEN(cases[i].bookings); j++)
            MUST(voucher_book(&v, cases[i].bookings[j], must));
        assert_int_equal(voucher_income(&v), cases[i].income);
        assert_int_equal(voucher_available(&v), cases[i].available);
        assert_prints(*state, &v, cases[i].want);
    }
}

static void a_booking_that_cannot_be_changes_nothing(void **state)
{
    static const struct {
        const char *amount;
        int64_t redeemed, booking;
        enum err_code code;
        const char *want;
    } cases[] = {
        { "1000", 0, -1001, ERR_GIFT_EXCEEDED, "Cannot subtract more than is available: 1000" },
        { "1000", 900, -101, ERR_GIFT_EXCEEDED, "Cannot subtract more than is available: 100" },
        { "0", 5, -1, ERR_GIFT_EXCEEDED, "Cannot subtract more than is available: -5" },
        { "1", 0, INT64_MIN, ERR_GIFT_EXCEEDED, "Cannot subtract more than is available: 1" },
        { "1", 0, INT64_MAX, ERR_INVALID_BALANCE, "Property .amount is too large for this gift" },
        { "1e300", 0, 1, ERR_INVALID_BALANCE, "Property .amount is too large for this gift" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct voucher v = gift(cases[i].amount);
        struct err err = { 0 };
        v.redeemed_amount = cases[i].redeemed;
        const struct voucher before = v;
        assert_int_equal(voucher_book(&v, cases[i].booking, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.msg, cases[i].want);
        assert_memory_equal(&v, &before, sizeof(v));
    }
    struct voucher v = created(*state, FULL);
    struct err err = { 0 };
    assert_int_equal(voucher_book(&v, 1, &err), -1);
    assert_int_equal(err.code, ERR_INVALID_BALANCE);
    assert_string_equal(
        err.msg, "Only a gift voucher or a loyalty card has a balance; this is a DISCOUNT_VOUCHER");
}

/* A file may say that more was redeemed than there ever was. */
static void an_account_stops_at_the_end_of_numbers(void **state)
{
    struct voucher v = gift("0");
    (void)state;
    v.subtracted = INT64_MAX;
    v.redeemed_amount = INT64_MAX;
    assert_int_equal(voucher_available(&v), INT64_MIN);
    struct err err = { 0 };
    assert_int_equal(voucher_book(&v, -1, &err), -1);
    assert_int_equal(err.code, ERR_GIFT_EXCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_update_changes_what_it_names, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_text_is_cleared_too, setup, teardown),
        cmocka_unit_test_setup_teardown(another_kind_of_voucher_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_update_names_what_is_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(validity_is_kept_in_one_form, setup, teardown),
        cmocka_unit_test_setup_teardown(a_category_is_printed_with_its_object, setup, teardown),
        cmocka_unit_test_setup_teardown(a_category_takes_the_place_of_a_tag, setup, teardown),
        cmocka_unit_test_setup_teardown(bookings_move_the_balance, setup, teardown),
        cmocka_unit_test_setup_teardown(a_booking_that_cannot_be_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_account_stops_at_the_end_of_numbers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
