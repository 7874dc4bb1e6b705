/* SPDX-License-Identifier: MIT */
/* test_domain_campaign.c - the bodies that make and change a campaign, and how one is printed. */
#include <stdlib.h>

#include "base/time_iso.h"
#include "domain/campaign.h"
#include "support/unit.h"

#define DISCOUNT                                                                                   \
    "\"voucher\":{\"type\":\"DISCOUNT_VOUCHER\",\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":" \
    "1000}}"
#define CODES                                                                                      \
    "\"code_config\":{\"length\":8,\"charset\":"                                                   \
    "\"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\",\"pattern\":\"########\"}"

static int setup(void **state)
{
    struct arena *a = calloc(1, sizeof(*a));
    arena_init(a, 64 * KIB, 0);
    *state = a;
    return 0;
}

static int teardown(void **state)
{
    arena_release(*state);
    free(*state);
    return 0;
}

static const struct json *parse(struct arena *a, const char *text)
{
    struct json *tree = NULL;
    MUST(json_parse(a, str_of(text), &tree, must));
    return tree;
}

static struct campaign make(struct arena *a, const char *body)
{
    struct campaign c;
    MUST(campaign_from_json(parse(a, body), a, &c, must));
    c.created_ms = INT64_C(1663752349617);
    return c;
}

static const char *print(struct arena *a, const struct campaign *c, unsigned flags)
{
    const struct voucher_names names = { .id = "camp_1" };
    struct buf b;
    buf_init(&b, MIB);
    campaign_put_json(&(struct json_out){ .b = &b }, c, &names, flags);
    const char *text = arena_printf(a, "%.*s", (int)b.len, b.p);
    buf_release(&b);
    return text;
}

static void campaign_is_printed_with_its_defaults(void **state)
{
    struct arena *a = *state;
    struct campaign c = make(a, "{\"name\":\"C\"," DISCOUNT "}");
    assert_string_equal(
        print(a, &c, CAMPAIGN_JSON_SINGLE),
        "{\"id\":\"camp_1\",\"name\":\"C\",\"campaign_type\":\"DISCOUNT_COUPONS\",\"type\":"
        "\"STATIC\","
        "\"voucher\":{\"type\":\"DISCOUNT_VOUCHER\",\"discount\":{\"type\":\"AMOUNT\",\"amount_"
        "off\":1000},"
        "\"redemption\":{\"quantity\":null}," CODES ",\"is_referral_code\":false},"
        "\"auto_join\":false,\"join_once\":false,\"use_voucher_metadata_schema\":true,"
        "\"vouchers_count\":0,\"active\":true,\"created_at\":\"2022-09-21T09:25:49.617Z\","
        "\"creation_status\":\"DONE\",\"vouchers_generation_status\":\"DONE\",\"protected\":false,"
        "\"category_id\":null,\"categories\":[],\"validation_rules_assignments\":{\"object\":"
        "\"list\","
        "\"data_ref\":\"data\",\"data\":[],\"total\":0},\"object\":\"campaign\"}");
}

static void campaign_wins_over_its_template(void **state)
{
    struct arena *a = *state;
    struct campaign c = make(
        a,
        "{\"name\":\"Gifts\",\"campaign_type\":\"GIFT_VOUCHERS\",\"type\":\"AUTO_UPDATE\","
        "\"description\":\"d\",\"start_date\":\"2020-08-16\",\"metadata\":{\"region\":\"APAC\"},"
        "\"validity_day_of_week\":[0,1],\"activity_duration_after_publishing\":\"P24D\","
        "\"category\":\"First\",\"voucher\":{\"type\":\"GIFT_VOUCHER\",\"gift\":{\"amount\":1000,"
        "\"effect\":\"APPLY_TO_ORDER\"},\"redemption\":{\"quantity\":10},\"start_date\":\"2019-01-"
        "01\","
        "\"expiration_date\":\"2023-12-26\",\"code_config\":{\"pattern\":\"GIFT-#######\","
        "\"postfix\":\"0\"}}}");
    assert_string_equal(
        print(a, &c, 0),
        "{\"id\":\"camp_1\",\"name\":\"Gifts\",\"description\":\"d\",\"campaign_type\":\"GIFT_"
        "VOUCHERS\","
        "\"type\":\"AUTO_UPDATE\",\"voucher\":{\"type\":\"GIFT_VOUCHER\",\"gift\":{\"amount\":1000,"
        "\"effect\":\"APPLY_TO_ORDER\"},\"redemption\":{\"quantity\":10},\"code_config\":{"
        "\"length\":7,"
        "\"charset\":\"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\","
        "\"postfix\":\"0\","
        "\"pattern\":\"GIFT-#######\"},\"is_referral_code\":false,\"start_date\":\"2020-08-16T00:"
        "00:00.000Z\","
        "\"expiration_date\":\"2023-12-26T00:00:00.000Z\",\"validity_day_of_week\":[0,1]},"
        "\"auto_join\":false,\"join_once\":false,\"use_voucher_metadata_schema\":true,"
        "\"start_date\":\"2020-08-16T00:00:00.000Z\",\"expiration_date\":\"2023-12-26T00:00:00."
        "000Z\","
        "\"validity_day_of_week\":[0,1],\"activity_duration_after_publishing\":\"P24D\",\"vouchers_"
        "count\":0,"
        "\"active\":true,\"metadata\":{\"region\":\"APAC\"},\"created_at\":\"2022-09-21T09:25:49."
        "617Z\","
        "\"creation_status\":\"DONE\",\"vouchers_generation_status\":\"DONE\",\"protected\":false,"
        "\"category\":\"First\",\"category_id\":null,\"categories\":[],\"object\":\"campaign\"}");
}

static void card_keeps_its_rules_and_joins_once(void **state)
{
    struct arena *a = *state;
    struct campaign c = make(
        a, "{\"name\":\"L\",\"join_once\":false,\"voucher\":{\"type\":\"LOYALTY_CARD\","
           "\"loyalty_card\":{\"points\":1000,\"expiration_rules\":{\"period_type\":\"MONTH\"}}}}");
    assert_int_equal(c.campaign_type, CAMPAIGN_LOYALTY);
    assert_true(c.join_once);
    assert_non_null(strstr(print(a, &c, 0),
                           "\"loyalty_card\":{\"points\":1000,\"expiration_rules\":"
                           "{\"period_type\":\"MONTH\"}}"));
    c = make(a, "{\"name\":\"S\",\"join_once\":true,\"type\":\"STANDALONE\"," DISCOUNT "}");
    assert_false(c.join_once);
}

static void promotion_has_no_codes(void **state)
{
    struct arena *a = *state;
    struct campaign c =
        make(a, "{\"name\":\"P\",\"campaign_type\":\"PROMOTION\",\"vouchers_count\":5}");
    const char *text = print(a, &c, 0);
    assert_null(strstr(text, "voucher\""));
    assert_null(strstr(text, "vouchers_count"));
    assert_false(c.voucher_schema);
}

static void referral_codes_say_so(void **state)
{
    struct arena *a = *state;
    struct campaign c =
        make(a, "{\"name\":\"R\",\"campaign_type\":\"REFERRAL_PROGRAM\","
                "\"referral_program\":{\"conversion_event_type\":\"redemption\"}," DISCOUNT "}");
    assert_non_null(strstr(print(a, &c, 0), "\"is_referral_code\":true"));
    assert_non_null(
        strstr(print(a, &c, 0), "\"referral_program\":{\"conversion_event_type\":\"redemption\"}"));
}

static void bad_bodies_are_refused(void **state)
{
    static const struct {
        const char *body;
        enum err_code code;
        const char *why;
    } cases[] = {
        { "[]", ERR_INVALID_PAYLOAD, "Payload must be object" },
        { "{" DISCOUNT "}", ERR_INVALID_PAYLOAD, "Payload should have required property 'name'" },
        { "{\"name\":\"\"," DISCOUNT "}", ERR_INVALID_PAYLOAD,
          "Property .name must NOT have fewer than 1 characters" },
        { "{\"name\":\"a\"}", ERR_INVALID_PAYLOAD,
          "Payload should have required property 'voucher'" },
        { "{\"name\":\"a\",\"voucher\":1}", ERR_INVALID_PAYLOAD,
          "Property .voucher must be object" },
        { "{\"name\":\"a\",\"voucher\":{}}", ERR_INVALID_PAYLOAD,
          "Property .voucher should have required property 'type'" },
        { "{\"name\":\"a\",\"voucher\":{\"type\":\"X\"}}", ERR_INVALID_PAYLOAD,
          "Property .voucher.type must be equal to one of the allowed values [ DISCOUNT_VOUCHER, "
          "GIFT_VOUCHER, LOYALTY_CARD ]" },
        { "{\"name\":\"a\",\"voucher\":{\"type\":\"GIFT_VOUCHER\",\"gift\":{\"amount\":\"1\"}}}",
          ERR_INVALID_PAYLOAD, "Property .voucher.gift.amount must be number" },
        { "{\"name\":\"a\",\"voucher\":{\"type\":\"LOYALTY_CARD\",\"loyalty_card\":{\"points\":0.5}"
          "}}",
          ERR_INVALID_PAYLOAD, "Property .voucher.loyalty_card.points must be integer" },
        { "{\"name\":\"a\",\"campaign_type\":\"REFERRAL_PROGRAM\",\"voucher\":{\"type\":"
          "\"GIFT_VOUCHER\",\"gift\":{\"amount\":1}}}",
          ERR_INVALID_CAMPAIGN, "Property 'discount' is required for REFERRAL_PROGRAM campaign" },
        { "{\"name\":\"a\",\"campaign_type\":\"GIFT_VOUCHERS\"}", ERR_INVALID_CAMPAIGN,
          "Property 'gift' is required for GIFT_VOUCHERS campaign" },
        { "{\"name\":\"a\",\"campaign_type\":\"X\"," DISCOUNT "}", ERR_INVALID_PAYLOAD,
          "Property .campaign_type must be equal to one of the allowed values [ "
          "DISCOUNT_COUPONS, "
          "GIFT_VOUCHERS, LOYALTY_PROGRAM, REFERRAL_PROGRAM, PROMOTION ]" },
        { "{\"name\":\"a\",\"vouchers_count\":-1," DISCOUNT "}", ERR_INVALID_PAYLOAD,
          "Property .vouchers_count must be >= 0" },
        { "{\"name\":\"a\",\"start_date\":\"soon\"," DISCOUNT "}", ERR_INVALID_PAYLOAD,
          "Property .start_date cannot be recognized as a ISO-8601 compliant date" },
        { "{\"name\":\"a\",\"vouchers_count\":101,\"voucher\":{\"type\":\"GIFT_VOUCHER\",\"gift\":"
          "{\"amount\":1},\"code_config\":{\"pattern\":\"A-##\",\"charset\":\"0123456789\"}}}",
          ERR_INVALID_CODE_CONFIG,
          "Property .code_config makes 100 different codes only, 101 are needed" },
        { "{\"name\":\"a\",\"type\":\"STANDALONE\",\"voucher\":{\"type\":\"LOYALTY_CARD\","
          "\"loyalty_card\":{\"points\":1}}}",
          ERR_INVALID_CAMPAIGN, "A LOYALTY_PROGRAM campaign cannot be of type STANDALONE" },
    };
    struct arena *a = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign c;
        struct err err = { 0 };
        print_message("%s\n", cases[i].body);
        assert_int_equal(campaign_from_json(parse(a, cases[i].body), a, &c, &err), -1);
        assert_string_equal(err.msg, cases[i].why);
        assert_int_equal(err.code, cases[i].code);
    }
}

/* ---- changes ---- */

#define STORED                                                                                     \
    "{\"name\":\"C\",\"description\":\"old\",\"expiration_date\":\"2090-10-08T12:57:09.386Z\","    \
    "\"metadata\":{\"a\":1,\"b\":2},\"referral_program\":{\"x\":1}," DISCOUNT "}"

static void change_changes_what_is_given(void **state)
{
    static const struct {
        const char *body;
        bool changed;
        uint32_t terms;
        const char *shows, *hides;
    } cases[] = {
        { "{}", false, 0, "\"description\":\"old\"", NULL },
        { "{\"name\":\"other\",\"active\":false,\"vouchers_count\":7}", false, 0, "\"name\":\"C\"",
          "\"active\":false" },
        { "{\"description\":\"old\"}", false, 0, "\"description\":\"old\"", NULL },
        { "{\"description\":null}", true, 0, "\"name\":\"C\"", "description" },
        { "{\"type\":\"AUTO_UPDATE\",\"join_once\":true}", true, 0, "\"type\":\"AUTO_UPDATE\"",
          NULL },
        { "{\"expiration_date\":null}", true, VF_EXPIRATION, "\"name\"", "expiration_date" },
        { "{\"start_date\":\"2021-01-01\"}", true, VF_START,
          "\"start_date\":\"2021-01-01T00:00:00.000Z\"", NULL },
        { "{\"metadata\":{\"b\":3,\"c\":null}}", true, VF_METADATA,
          "\"metadata\":{\"a\":1,\"b\":3,\"c\":null}", NULL },
        { "{\"metadata\":{\"b\":2}}", false, VF_METADATA, "\"metadata\":{\"a\":1,\"b\":2}", NULL },
        { "{\"unset_metadata_fields\":[\"a\",\"z\"]}", true, VF_METADATA, "\"metadata\":{\"b\":2}",
          NULL },
        { "{\"unset_metadata_fields\":[\"a\",\"b\"]}", true, VF_METADATA, "\"name\"",
          "metadata\":" },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":2000}}", true, VF_VALUE,
          "\"amount_off\":2000", "1000" },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":1000}}", false, VF_VALUE,
          "\"amount_off\":1000", NULL },
        { "{\"category\":\"New\"}", true, VF_CATEGORY, "\"category\":\"New\"", NULL },
        { "{\"referral_program\":{\"y\":2}}", true, 0, "\"referral_program\":{\"y\":2}", "\"x\"" },
        { "{\"referral_program\":null}", true, 0, "\"name\"", "referral_program" },
    };
    struct arena *a = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign c = make(a, STORED), change;
        uint32_t terms = 77;
        bool changed = !cases[i].changed;
        print_message("%s\n", cases[i].body);
        MUST(campaign_change_from_json(parse(a, cases[i].body), a, &change, must));
        MUST(campaign_merge(&c, &change, a, &terms, &changed, must));
        assert_int_equal(changed, cases[i].changed);
        assert_int_equal(terms, cases[i].terms);
        assert_non_null(strstr(print(a, &c, 0), cases[i].shows));
        if (cases[i].hides != NULL)
            assert_null(strstr(print(a, &c, 0), cases[i].hides));
    }
}

static void bad_changes_are_refused(void **state)
{
    static const struct {
        const char *body, *why;
    } cases[] = {
        { "{\"discount\":{\"type\":\"PERCENT\",\"percent_off\":10}}",
          "It is not possible to change Voucher discount type" },
        { "{\"unset_metadata_fields\":\"a\"}",
          "Property .unset_metadata_fields must be array of strings" },
        { "{\"join_once\":1}", "Property .join_once must be boolean" },
        { "{\"description\":1}", "Property .description must be string,null" },
    };
    struct arena *a = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct campaign c = make(a, STORED), change;
        struct err err = { 0 };
        uint32_t terms;
        bool changed;
        print_message("%s\n", cases[i].body);
        if (campaign_change_from_json(parse(a, cases[i].body), a, &change, &err) == 0)
            assert_int_equal(campaign_merge(&c, &change, a, &terms, &changed, &err), -1);
        assert_string_equal(err.msg, cases[i].why);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(campaign_is_printed_with_its_defaults),
        TEST(campaign_wins_over_its_template),
        TEST(card_keeps_its_rules_and_joins_once),
        TEST(promotion_has_no_codes),
        TEST(referral_codes_say_so),
        TEST(bad_bodies_are_refused),
        TEST(change_changes_what_is_given),
        TEST(bad_changes_are_refused),
    };
    return cmocka_run_group_tests_name("domain/campaign", tests, NULL, NULL);
}
