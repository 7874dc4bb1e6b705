/* SPDX-License-Identifier: MIT */
/* test_domain_voucher_item.c - items of a JSON import and of a bulk update, asked and read. */
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

struct shape {
    const char *item;
    const char *want; /* NULL: fine */
};

static void assert_shapes(struct arena *a, const struct shape *cases, size_t n,
                          int (*check)(const struct json *, struct err *))
{
    for (size_t i = 0; i < n; i++) {
        struct err err = { 0 };
        print_message("  %s\n", cases[i].item);
        const int rc = check(parse(a, cases[i].item), &err);
        assert_int_equal(rc, cases[i].want != NULL ? -1 : 0);
        if (rc < 0) {
            assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
            assert_string_equal(err.msg, cases[i].want);
        }
    }
}

static void an_import_is_refused_for_types_only(void **state)
{
    static const struct shape cases[] = {
        { "{}", NULL },
        { "{\"code\":\"\",\"type\":\"?\",\"start_date\":\"soon\",\"redemption\":{\"quantity\":-1},"
          "\"discount\":{\"type\":\"?\",\"percent_off\":1000,\"effect\":\"?\"},\"gift\":{\"amount\""
          ":-1},\"validity_day_of_week\":[9]}",
          NULL },
        { "{\"code\":null,\"type\":null,\"discount\":null,\"gift\":null,\"redemption\":null,"
          "\"metadata\":null,\"active\":null,\"category\":null,\"start_date\":null}",
          NULL },
        { "{\"redemption\":{\"quantity\":null}}", NULL },
        { "{\"redemption\":{\"quantity\":10.0,\"redeemed_quantity\":\"x\"},\"unknown\":[1]}",
          NULL },
        { "{\"validation_rules\":7,\"category_id\":7}", NULL }, /* nothing that is imported */
        { "{\"code\":7}", "Property .code must be string" },
        { "{\"type\":true}", "Property .type must be string" },
        { "{\"discount\":\"x\"}", "Property .discount must be object,null" },
        { "{\"gift\":[]}", "Property .gift must be object,null" },
        { "{\"redemption\":5}", "Property .redemption must be object,null" },
        { "{\"metadata\":\"x\"}", "Property .metadata must be object,null" },
        { "{\"redemption\":{\"quantity\":\"5\"}}",
          "Property .redemption.quantity must be integer,null" },
        { "{\"redemption\":{\"quantity\":1.5}}",
          "Property .redemption.quantity must be integer,null" },
        { "{\"category\":{}}", "Property .category must be string,null" },
        { "{\"active\":\"true\"}", "Property .active must be boolean,null" },
        { "{\"start_date\":20220101}", "Property .start_date must be string,null" },
        { "{\"expiration_date\":{}}", "Property .expiration_date must be string,null" },
        { "{\"additional_info\":1}", "Property .additional_info must be string,null" },
        { "{\"discount\":{\"type\":1}}", "Property .discount.type must be string" },
        { "{\"discount\":{\"amount_off\":\"1\"}}", "Property .discount.amount_off must be number" },
        { "{\"discount\":{\"percent_off\":[]}}", "Property .discount.percent_off must be number" },
        { "{\"discount\":{\"fixed_amount\":{}}}",
          "Property .discount.fixed_amount must be number" },
        { "{\"discount\":{\"unit_off\":1.5}}", "Property .discount.unit_off must be integer" },
        { "{\"discount\":{\"effect\":1}}", "Property .discount.effect must be string" },
        { "{\"gift\":{\"amount\":\"1\"}}", "Property .gift.amount must be number" },
        { "{\"gift\":{\"amount\":10.5}}", NULL },
        { "{\"gift\":{\"effect\":1}}", "Property .gift.effect must be string" },
        { "{\"validity_timeframe\":1}", "Property .validity_timeframe must be object,null" },
        { "{\"validity_day_of_week\":[\"1\"]}",
          "Property .validity_day_of_week[0] must be integer" },
    };
    assert_shapes(*state, cases, ARRAY_LEN(cases), voucher_check_import_item);
}

static void an_update_is_refused_for_types_only(void **state)
{
    static const struct shape cases[] = {
        { "{}", NULL },
        { "{\"code\":\"A\",\"metadata\":{\"a\":1},\"active\":7}", NULL },
        { "{\"code\":null,\"metadata\":null}", NULL },
        { "{\"code\":7,\"metadata\":{}}", "Property .code must be string" },
        { "{\"code\":\"A\",\"metadata\":[]}", "Property .metadata must be object" },
        { "{\"code\":\"A\",\"metadata\":\"\"}", "Property .metadata must be object" },
    };
    assert_shapes(*state, cases, ARRAY_LEN(cases), voucher_check_update_item);
}

struct row {
    const char *item;
    const char *reason; /* NULL: a row */
    const char *code;   /* as known afterwards; NULL: none */
};

static void assert_rows(struct arena *a, const struct row *cases, size_t n,
                        int (*read)(const struct json *, struct arena *, struct voucher *,
                                    struct str *, struct err *))
{
    for (size_t i = 0; i < n; i++) {
        struct voucher v;
        struct str reason = { 0 };
        struct err err = { 0 };
        print_message("  %s\n", cases[i].item);
        const int rc = read(parse(a, cases[i].item), a, &v, &reason, &err);
        assert_int_equal(rc, cases[i].reason != NULL ? 1 : 0);
        if (rc > 0)
            assert_str(reason, cases[i].reason);
        if (cases[i].code == NULL)
            assert_null(v.code.p);
        else
            assert_str(v.code, cases[i].code);
    }
}

static void an_item_of_an_import_is_a_row_or_a_reason(void **state)
{
    static const struct row cases[] = {
        { "{}", "Code is required", NULL },
        { "{\"code\":null,\"gift\":{\"amount\":1}}", "Code is required", NULL },
        { "{\"code\":\"\",\"gift\":{\"amount\":1}}",
          "Property .code must NOT have fewer than 1 characters", "" },
        { "{\"code\":\"A\"}", "Voucher Type is required", "A" },
        { "{\"code\":\"A\",\"gift\":{\"amount\":1}}", NULL, "A" },
        { "{\"code\":\"A\",\"type\":\"LOYALTY_CARD\"}",
          "Property .type must be equal to one of the allowed values "
          "[ DISCOUNT_VOUCHER, GIFT_VOUCHER ]",
          "A" },
        { "{\"code\":\"A\",\"type\":\"GIFT_VOUCHER\"}",
          "Payload should have required property 'gift'", "A" },
        { "{\"code\":\"A\",\"gift\":{}}", "Property .gift should have required property 'amount'",
          "A" },
        { "{\"code\":\"A\",\"gift\":{\"amount\":-1}}", "Property .gift.amount must be >= 0", "A" },
        { "{\"code\":\"A\",\"discount\":{\"type\":\"PERCENT\",\"percent_off\":101}}",
          "Property .discount.percent_off must be <= 100", "A" },
        { "{\"code\":\"A\",\"discount\":{\"type\":\"UNIT\",\"effect\":\"ADD_MANY_ITEMS\"}}", NULL,
          "A" },
        { "{\"code\":\"A\",\"gift\":{\"amount\":1},\"start_date\":\"soon\"}",
          "Property .start_date cannot be recognized as a ISO-8601 compliant date", "A" },
        { "{\"code\":\"A\",\"gift\":{\"amount\":1},\"redemption\":{\"quantity\":-1}}",
          "Property .redemption.quantity must be >= 0", "A" },
        { "{\"code\":\"A\",\"gift\":{\"amount\":1},\"validity_day_of_week\":[9]}",
          "Property .validity_day_of_week[0] must be equal to one of the allowed values "
          "[ 0, 1, 2, 3, 4, 5, 6 ]",
          "A" },
        { "{\"code\":\"A\",\"gift\":5}", "Property .gift must be object,null", "A" },
    };
    assert_rows(*state, cases, ARRAY_LEN(cases), voucher_from_import_item);
}

static void what_is_not_imported_is_skipped(void **state)
{
    struct voucher v;
    struct str reason;
    struct err err;
    assert_int_equal(
        voucher_from_import_item(
            parse(*state, "{\"code\":\"A\",\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,"
                          "\"is_dynamic\":true},\"redemption\":{\"quantity\":2,"
                          "\"redeemed_quantity\":1,\"redeemed_amount\":7},\"validation_rules\":"
                          "[\"val_1\"],\"category\":\"New\",\"metadata\":{\"a\":1},"
                          "\"validity_day_of_week\":[1],\"start_date\":null,\"x\":1}"),
            *state, &v, &reason, &err),
        0);
    assert_int_equal(v.set, VF_CODE | VF_TYPE | VF_DISCOUNT_TYPE | VF_VALUE | VF_DISCOUNT_EXTRA |
                                VF_QUANTITY | VF_CATEGORY | VF_METADATA | VF_VALIDITY);
    assert_true(v.redeemed_quantity == 0 && v.redeemed_amount == 0 && v.rule.p == NULL);
    assert_true(v.quantity == 2 && v.value.i == 10 && v.active);
    assert_str(v.discount_extra, "{\"is_dynamic\":true}");
    assert_str(v.metadata, "{\"a\":1}");
    assert_str(v.category, "New");
    assert_str(v.validity, "{\"validity_day_of_week\":[1]}");
}

static void an_item_of_an_update_has_code_and_metadata(void **state)
{
    static const struct row cases[] = {
        { "{}", "Payload should have required property 'code'", NULL },
        { "{\"metadata\":{}}", "Payload should have required property 'code'", NULL },
        { "{\"code\":\"A\"}", "Payload should have required property 'metadata'", "A" },
        { "{\"code\":\"A\",\"metadata\":null}", "Payload should have required property 'metadata'",
          "A" },
        { "{\"code\":\"\",\"metadata\":{}}", "Property .code must NOT have fewer than 1 characters",
          "" },
        { "{\"code\":\"A\",\"metadata\":{}}", NULL, "A" },
        { "{\"code\":\"A\",\"metadata\":{\"a\":null},\"type\":\"?\",\"active\":false}", NULL, "A" },
    };
    assert_rows(*state, cases, ARRAY_LEN(cases), voucher_from_update_item);

    struct voucher v;
    struct str reason;
    struct err err;
    assert_int_equal(voucher_from_update_item(
                         parse(*state, "{\"code\":\"A\",\"active\":false,\"category\":\"x\","
                                       "\"metadata\":{\"a\":null}}"),
                         *state, &v, &reason, &err),
                     0);
    assert_int_equal(v.set, VF_CODE | VF_METADATA);
    assert_str(v.metadata, "{\"a\":null}");
    assert_int_equal(voucher_from_update_item(parse(*state, "{\"code\":\"A\",\"metadata\":{}}"),
                                              *state, &v, &reason, &err),
                     0);
    assert_int_equal(v.set, VF_CODE | VF_METADATA); /* nothing to change, but it must exist */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_import_is_refused_for_types_only, setup, teardown),
        cmocka_unit_test_setup_teardown(an_update_is_refused_for_types_only, setup, teardown),
        cmocka_unit_test_setup_teardown(an_item_of_an_import_is_a_row_or_a_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_imported_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(an_item_of_an_update_has_code_and_metadata, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
