/* SPDX-License-Identifier: MIT */
/*
 * test_domain_voucher.c - a voucher from a CSV record, from a body, merged, and printed.
 *
 * Tables write a record as cells between bars and a voucher as text: its given fields in the order
 * of their bits. What is wrong is compared word for word.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "domain/voucher.h"

static int setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, 4 * KIB, 0);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    fault_disarm();
    arena_release(*state);
    return 0;
}

/* "a|b||c" */
static size_t split(const char *text, struct str *out)
{
    size_t n = 0;
    for (struct str rest = str_of(text); rest.p != NULL;)
        out[n++] = str_cut(rest, '|', &rest);
    return n;
}

static struct column_map map_of(struct arena *a, const char *header)
{
    struct str headings[32];
    struct column_map m;
    struct err err;
    const size_t n = split(header, headings);
    assert_int_equal(column_map_build(&voucher_fields, headings, n, a, &m, &err), 0);
    return m;
}

static struct json *parse(struct arena *a, const char *text)
{
    struct json *v;
    struct err err;
    assert_int_equal(json_parse(a, str_of(text), &v, &err), 0);
    return v;
}

static void put_text(struct buf *b, const void *at)
{
    buf_puts(b, *(const struct str *)at);
}

static void put_flag(struct buf *b, const void *at)
{
    buf_printf(b, "%d", *(const uint8_t *)at); /* an enum, or a bool */
}

static void put_integer(struct buf *b, const void *at)
{
    buf_printf(b, "%lld", (long long)*(const int64_t *)at);
}

static void put_number(struct buf *b, const void *at)
{
    num_put(b, *(const struct num *)at);
}

static void put_time(struct buf *b, const void *at)
{
    char text[TIME_ISO_LEN + 1];
    time_iso_format(*(const int64_t *)at, text);
    buf_puts(b, str_of(text));
}

/* What was given, "code=A type=1 value=1000 …". */
static const char *describe(struct arena *a, const struct voucher *v)
{
    const struct {
        uint32_t bit;
        const char *name;
        const void *at;
        void (*put)(struct buf *b, const void *at);
    } fields[] = {
        { VF_CODE, "code", &v->code, put_text },
        { VF_TYPE, "type", &v->type, put_flag },
        { VF_VALUE, "value", &v->value, put_number },
        { VF_DISCOUNT_TYPE, "discount", &v->discount_type, put_flag },
        { VF_EFFECT, "effect", &v->effect, put_flag },
        { VF_RULE, "rule", &v->rule, put_text },
        { VF_CATEGORY, "category", &v->category, put_text },
        { VF_ACTIVE, "active", &v->active, put_flag },
        { VF_START, "start", &v->start_ms, put_time },
        { VF_EXPIRATION, "end", &v->expiration_ms, put_time },
        { VF_QUANTITY, "limit", &v->quantity, put_integer },
        { VF_REDEEMED_QUANTITY, "redeemed", &v->redeemed_quantity, put_integer },
        { VF_REDEEMED_AMOUNT, "spent", &v->redeemed_amount, put_integer },
        { VF_ADDITIONAL_INFO, "info", &v->additional_info, put_text },
        { VF_DISCOUNT_EXTRA, "extra", &v->discount_extra, put_text },
        { VF_METADATA, "metadata", &v->metadata, put_text },
    };
    struct buf b;
    buf_init(&b, MIB);
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if ((v->set & fields[i].bit) == 0)
            continue;
        buf_printf(&b, "%s=", fields[i].name);
        fields[i].put(&b, fields[i].at);
        buf_putc(&b, ' ');
    }
    const struct str text = arena_str(a, buf_str(&b));
    buf_release(&b);
    return text.p;
}

/* The description of a row, or the reason why it failed. */
static const char *row(struct arena *a, const char *header, const char *record)
{
    struct str cells[32], reason = { 0 };
    struct voucher v;
    struct err err;
    const struct column_map m = map_of(a, header);
    const size_t n = split(record, cells);
    const int rc = voucher_from_cells(&m, cells, n, a, &v, &reason, &err);
    assert_true(rc == 0 || rc == 1);
    return rc == 0 ? describe(a, &v) : arena_str(a, reason).p;
}

struct row_case {
    const char *header, *record, *want;
};

static void check_rows(void **state, const struct row_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        print_message("  %s\n", cases[i].record);
        assert_string_equal(row(*state, cases[i].header, cases[i].record), cases[i].want);
    }
}

/* ---- CSV ---- */

static void every_documented_heading_is_known(void **state)
{
    static const char *const headings[] = {
        "Code",
        "Voucher Type",
        "Value",
        "Discount Type",
        "Discount effect",
        "Validation rule ID",
        "Category",
        "Active",
        "Start Date",
        "Expiration Date",
        "Redemption Limit",
        "Redeemed Quantity",
        "Redeemed Amount",
        "Additional Info",
        "Formula",
        "Gift Amount",
        "Loyalty Points",
    };
    (void)state;
    assert_int_equal(voucher_fields.n, ARRAY_LEN(headings));
    for (size_t i = 0; i < ARRAY_LEN(headings); i++)
        assert_string_equal(
            voucher_fields.rows[field_find(&voucher_fields, str_of(headings[i]))].heading,
            headings[i]);
    assert_true(field_find(&voucher_fields, STR(" redeemed_quantity")) >= 0);
    assert_int_equal(field_find(&voucher_fields, STR("Region")), -1);
}

static void a_new_voucher_has_its_defaults(void **state)
{
    struct voucher v;
    (void)state;
    voucher_init(&v);
    assert_int_equal(v.set, 0);
    assert_true(v.active && v.quantity == -1 && v.start_ms == TIME_NONE);
    assert_true(v.expiration_ms == TIME_NONE && v.updated_ms == TIME_NONE);
    assert_null(v.metadata.p);
}

#define COUPONS                                                                                    \
    "Code|Voucher Type|Active|Start Date|Expiration Date|Discount Type|Value|Category|"            \
    "Redemption Limit|Additional Info|Region"
#define GIFTS                                                                                      \
    "Code|Voucher Type|Active|Start Date|Expiration Date|Value|Category|Redemption Limit|"         \
    "Additional Info|Region"

static void records_of_the_public_templates_are_vouchers(void **state)
{
    static const struct row_case cases[] = {
        { COUPONS,
          "SPRING-1|DISCOUNT_VOUCHER|TRUE|2023-03-01T00:00:00.000Z|2023-05-31|AMOUNT|12.5|Old||"
          "For early birds|Asia",
          "code=SPRING-1 type=1 value=1250 discount=1 category=Old active=1 "
          "start=2023-03-01T00:00:00.000Z end=2023-05-31T00:00:00.000Z info=For early birds "
          "metadata={\"Region\":\"Asia\"} " },
        { GIFTS, "CARD-50|GIFT_VOUCHER|FALSE|||50|Cards|3||",
          "code=CARD-50 type=2 value=5000 category=Cards active=0 limit=3 " },
    };
    check_rows(state, cases, ARRAY_LEN(cases));
}

#define ALL                                                                                        \
    "Code|Voucher Type|Value|Discount Type|Discount effect|Validation rule ID|Category|Active|"    \
    "Start Date|Expiration Date|Redemption Limit|Redeemed Quantity|Redeemed Amount|"               \
    "Additional Info|Formula|Gift Amount|Loyalty Points|Season"

static void every_column_of_a_record_lands_in_its_field(void **state)
{
    static const struct row_case cases[] = {
        { ALL,
          "007|DISCOUNT_VOUCHER|10|AMOUNT|APPLY_TO_ITEMS|val_1|C|false|2020|"
          "2021|5|2|x|I|F|y|z|S",
          "Property .start_date cannot be recognized as a ISO-8601 compliant date" },
        { ALL,
          "007|DISCOUNT_VOUCHER|10|AMOUNT|APPLY_TO_ITEMS|val_1|C|false|2020-01-02|2021-01-02|5|2|x|"
          " I |\"a\"|y|z|S|beyond",
          "code=007 type=1 value=1000 discount=1 effect=2 rule=val_1 category=C active=0 "
          "start=2020-01-02T00:00:00.000Z end=2021-01-02T00:00:00.000Z limit=5 redeemed=2 "
          "info= I  extra={\"amount_off_formula\":\"\\\"a\\\"\"} metadata={\"Season\":\"S\"} " },
        { ALL, "G|GIFT_VOUCHER|10|WRONG|WRONG||||||0|2|7.25||F|y|z|",
          "code=G type=2 value=1000 limit=0 redeemed=2 spent=725 " },
        { ALL, " G |\tGIFT_VOUCHER | 10 | | | | | TRUE | | | 4 | | | ",
          "code= G  type=2 value=1000 rule=  category=  active=1 limit=4 info=  " },
        { "code|VOUCHER_TYPE|value", "G|GIFT_VOUCHER|1", "code=G type=2 value=100 " },
        { "Code|Value|Value|Voucher Type", "G|wrong|2|GIFT_VOUCHER", "code=G type=2 value=200 " },
    };
    check_rows(state, cases, ARRAY_LEN(cases));
}

#define SHORT "Code|Voucher Type|Discount Type|Value|Discount effect|Formula"

static void values_are_read_by_type(void **state)
{
    static const struct row_case cases[] = {
        { SHORT, "A|DISCOUNT_VOUCHER|AMOUNT|10.01", "code=A type=1 value=1001 discount=1 " },
        { SHORT, "A|DISCOUNT_VOUCHER|FIXED|0", "code=A type=1 value=0 discount=3 " },
        { SHORT, "A|DISCOUNT_VOUCHER|PERCENT|10", "code=A type=1 value=10 discount=2 " },
        { SHORT, "A|DISCOUNT_VOUCHER|PERCENT|33.3", "code=A type=1 value=33.3 discount=2 " },
        { SHORT, "A|DISCOUNT_VOUCHER|PERCENT|100", "code=A type=1 value=100 discount=2 " },
        { SHORT, "A|DISCOUNT_VOUCHER|UNIT|3|ADD_NEW_ITEMS",
          "code=A type=1 value=3 discount=4 effect=7 " },
        { SHORT, "A|DISCOUNT_VOUCHER|PERCENT|1||f",
          "code=A type=1 value=1 discount=2 extra={\"percent_off_formula\":\"f\"} " },
        { SHORT, "A|DISCOUNT_VOUCHER|FIXED|1||f",
          "code=A type=1 value=100 discount=3 extra={\"fixed_amount_formula\":\"f\"} " },
        { SHORT, "A|DISCOUNT_VOUCHER|UNIT|1||f",
          "code=A type=1 value=1 discount=4 extra={\"unit_off_formula\":\"f\"} " },

        { SHORT, "A|DISCOUNT_VOUCHER|AMOUNT|ten", "Property .discount.amount_off must be number" },
        { SHORT, "A|DISCOUNT_VOUCHER|AMOUNT|-1", "Property .discount.amount_off must be >= 0" },
        { SHORT, "A|DISCOUNT_VOUCHER|AMOUNT|1.005",
          "Property .discount.amount_off must have at most 2 decimals" },
        { SHORT, "A|DISCOUNT_VOUCHER|FIXED|x", "Property .discount.fixed_amount must be number" },
        { SHORT, "A|DISCOUNT_VOUCHER|FIXED|-1", "Property .discount.fixed_amount must be >= 0" },
        { SHORT, "A|DISCOUNT_VOUCHER|PERCENT|x", "Property .discount.percent_off must be number" },
        { SHORT, "A|DISCOUNT_VOUCHER|PERCENT|-1", "Property .discount.percent_off must be >= 0" },
        { SHORT, "A|DISCOUNT_VOUCHER|PERCENT|100.1",
          "Property .discount.percent_off must be <= 100" },
        { SHORT, "A|DISCOUNT_VOUCHER|UNIT|1.5", "Property .discount.unit_off must be integer" },
        { SHORT, "A|DISCOUNT_VOUCHER|UNIT|-1", "Property .discount.unit_off must be >= 0" },
        { SHORT, "A|GIFT_VOUCHER||x", "Property .gift.amount must be number" },
        { SHORT, "A|GIFT_VOUCHER||-1", "Property .gift.amount must be >= 0" },
        { SHORT, "A|GIFT_VOUCHER||0.001", "Property .gift.amount must have at most 2 decimals" },
    };
    check_rows(state, cases, ARRAY_LEN(cases));
}

static void required_columns_are_missed_in_order(void **state)
{
    static const struct row_case cases[] = {
        { SHORT, "", "Code is required" },
        { SHORT, "|||", "Code is required" },
        { SHORT, "A", "Voucher Type is required" },
        { SHORT, "A| |AMOUNT|1", "Voucher Type is required" },
        { SHORT, "A|DISCOUNT_VOUCHER||", "Discount Type is required" },
        { SHORT, "A|DISCOUNT_VOUCHER|AMOUNT| ", "Value is required" },
        { SHORT, "A|DISCOUNT_VOUCHER|AMOUNT|||f", "Value is required" },
        { SHORT, "A|GIFT_VOUCHER|", "Value is required" },
        { "Voucher Type|Value", "GIFT_VOUCHER|1", "Code is required" },
    };
    check_rows(state, cases, ARRAY_LEN(cases));
}

#define TYPES_WANTED                                                                               \
    "Property .type must be equal to one of the allowed values [ DISCOUNT_VOUCHER, GIFT_VOUCHER ]"

static void names_must_be_allowed_ones(void **state)
{
    static const struct row_case cases[] = {
        { SHORT, "A|LOYALTY_CARD||1", TYPES_WANTED },
        { SHORT, "A|gift_voucher||1", TYPES_WANTED },
        { SHORT, "A|none||1", TYPES_WANTED },
        { SHORT, "A|DISCOUNT_VOUCHER|SHIPPING|1",
          "Property .discount.type must be equal to one of the allowed values [ AMOUNT, PERCENT, "
          "FIXED, UNIT ]" },
        { SHORT, "A|DISCOUNT_VOUCHER|AMOUNT|1|ADD_NEW_ITEMS",
          "Property .discount.effect must be equal to one of the allowed values [ APPLY_TO_ORDER, "
          "APPLY_TO_ITEMS, APPLY_TO_ITEMS_PROPORTIONALLY, "
          "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY, APPLY_TO_ITEMS_BY_QUANTITY ]" },
        { SHORT, "A|DISCOUNT_VOUCHER|PERCENT|1|APPLY_TO_ITEMS_BY_QUANTITY",
          "Property .discount.effect must be equal to one of the allowed values [ APPLY_TO_ORDER, "
          "APPLY_TO_ITEMS ]" },
        { SHORT, "A|DISCOUNT_VOUCHER|FIXED|1|x",
          "Property .discount.effect must be equal to one of the allowed values [ APPLY_TO_ORDER, "
          "APPLY_TO_ITEMS ]" },
        { SHORT, "A|DISCOUNT_VOUCHER|UNIT|1|APPLY_TO_ORDER",
          "Property .discount.effect must be equal to one of the allowed values [ "
          "ADD_MISSING_ITEMS, ADD_NEW_ITEMS, ADD_SAME_ITEMS, ADD_MANY_ITEMS ]" },
    };
    check_rows(state, cases, ARRAY_LEN(cases));
}

#define GIFT(column) "Code|Voucher Type|Value|" column

static void other_cells_are_checked_by_kind(void **state)
{
    static const struct row_case cases[] = {
        { GIFT("Active"), "A|GIFT_VOUCHER|1|maybe", "Property .active must be boolean" },
        { GIFT("Start Date"), "A|GIFT_VOUCHER|1|x",
          "Property .start_date cannot be recognized as a ISO-8601 compliant date" },
        { GIFT("Expiration Date"), "A|GIFT_VOUCHER|1|2022-13-01",
          "Property .expiration_date cannot be recognized as a ISO-8601 compliant date" },
        { GIFT("Redemption Limit"), "A|GIFT_VOUCHER|1|many",
          "Property .redemption.quantity must be integer" },
        { GIFT("Redemption Limit"), "A|GIFT_VOUCHER|1|-1",
          "Property .redemption.quantity must be >= 0" },
        { GIFT("Redeemed Quantity"), "A|GIFT_VOUCHER|1|1.5",
          "Property .redemption.redeemed_quantity must be integer" },
        { GIFT("Redeemed Amount"), "A|GIFT_VOUCHER|1|x",
          "Property .redemption.redeemed_amount must be number" },
        /* the first in the table's order, whatever the order of the columns */
        { "Redeemed Quantity|Active|Code|Voucher Type|Value", "x|x|A|GIFT_VOUCHER|1",
          "Property .active must be boolean" },
        /* an end before the start is the client's own business */
        { GIFT("Start Date|Expiration Date"), "A|GIFT_VOUCHER|1|2022-02-01|2022-01-01",
          "code=A type=2 value=100 start=2022-02-01T00:00:00.000Z end=2022-01-01T00:00:00.000Z " },
    };
    check_rows(state, cases, ARRAY_LEN(cases));
}

static void a_code_has_a_longest_length(void **state)
{
    char record[VOUCHER_CODE_MAX_BYTES + 64] = { 0 };
    memset(record, 'x', VOUCHER_CODE_MAX_BYTES);
    memcpy(record + VOUCHER_CODE_MAX_BYTES, "|GIFT_VOUCHER||1", sizeof("|GIFT_VOUCHER||1"));
    assert_memory_equal(row(*state, SHORT, record), "code=x", 6);
    memcpy(record + VOUCHER_CODE_MAX_BYTES, "x|GIFT_VOUCHER||1", sizeof("x|GIFT_VOUCHER||1"));
    assert_string_equal(row(*state, SHORT, record),
                        "Property .code must NOT be longer than 512 bytes");
}

static void a_failed_row_still_tells_its_code(void **state)
{
    struct str cells[4], reason;
    struct voucher v;
    struct err err;
    const struct column_map m = map_of(*state, SHORT);
    const size_t n = split("A|x", cells);
    assert_int_equal(voucher_from_cells(&m, cells, n, *state, &v, &reason, &err), 1);
    assert_true(str_is(v.code, "A"));
}

/* ---- bodies ---- */

/* The description, or the details of the refusal. */
static const char *body(struct arena *a, const struct json *json)
{
    struct voucher v;
    struct err err;
    if (voucher_from_json(json, a, &v, &err) == 0)
        return describe(a, &v);
    assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
    return arena_str(a, str_of(err.msg)).p;
}

struct body_case {
    const char *json, *want;
};

static void check_bodies(void **state, const struct body_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        print_message("  %s\n", cases[i].json);
        assert_string_equal(body(*state, parse(*state, cases[i].json)), cases[i].want);
    }
}

#define AMOUNT10 "\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10}"
#define IS10     "type=1 value=10 discount=1 "

static void bodies_become_vouchers(void **state)
{
    static const struct body_case cases[] = {
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":1000},\"redemption\":{\"quantity\":"
          "null}}",
          "type=1 value=1000 discount=1 limit=-1 " },
        { "{\"code\":\"00 %\",\"type\":\"DISCOUNT_VOUCHER\",\"category\":\"New\",\"start_date\":"
          "\"2016-01-01T00:00:00Z\",\"expiration_date\":\"2022-12-31\",\"active\":false,"
          "\"additional_info\":\"i\",\"redemption\":{\"quantity\":10,\"redeemed_quantity\":7},"
          "\"validation_rules\":[\"val_1\",\"val_2\"],\"metadata\":{\"a\":1.50,\"b\":null,\"c\":{"
          "\"d\":[ ]}},\"unknown\":[1],\"gift\":{},"
          "\"discount\":{\"effect\":\"APPLY_TO_ORDER\",\"percent_off\":12.5,\"type\":\"PERCENT\","
          "\"amount_limit\":1700.00,\"is_dynamic\":false,\"aggregated_amount_limit\":null,"
          "\"percent_off_formula\":\"x\"}}",
          "code=00 % type=1 value=12.5 discount=2 effect=1 rule=val_1 category=New active=0 "
          "start=2016-01-01T00:00:00.000Z end=2022-12-31T00:00:00.000Z limit=10 info=i "
          "extra={\"amount_limit\":1700.00,\"is_dynamic\":false,\"percent_off_formula\":\"x\"} "
          "metadata={\"a\":1.50,\"b\":null,\"c\":{\"d\":[]}} " },
        { "{\"gift\":{\"amount\":10000,\"balance\":5,\"effect\":\"APPLY_TO_ITEMS\"},\"discount\":"
          "null}",
          "type=2 value=10000 effect=2 " },
        { "{\"type\":\"GIFT_VOUCHER\",\"gift\":{\"amount\":99.5},\"discount\":{}}",
          "type=2 value=99.5 " },
        { "{\"discount\":{\"type\":\"FIXED\",\"fixed_amount\":0}}", "type=1 value=0 discount=3 " },
        { "{\"discount\":{\"type\":\"UNIT\",\"unit_off\":2.0,\"unit_type\":\"prod_1\",\"effect\":"
          "\"ADD_MISSING_ITEMS\"}}",
          "type=1 value=2 discount=4 effect=6 extra={\"unit_type\":\"prod_1\"} " },
        { "{\"discount\":{\"type\":\"UNIT\",\"effect\":\"ADD_MANY_ITEMS\",\"units\":[{\"unit_off\":"
          "1,\"effect\":null}]}}",
          "type=1 discount=4 effect=9 extra={\"units\":[{\"unit_off\":1,\"effect\":null}]} " },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off_formula\":\"f\"}}",
          "type=1 discount=1 extra={\"amount_off_formula\":\"f\"} " },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,\"effect\":null},\"code\":null,"
          "\"type\":null,\"category\":null,\"active\":null,\"start_date\":null,\"metadata\":null,"
          "\"redemption\":null,\"validation_rules\":null,\"additional_info\":null,\"gift\":null}",
          IS10 },
        { "{" AMOUNT10 ",\"metadata\":{},\"validation_rules\":[],\"redemption\":{}}", IS10 },
    };
    check_bodies(state, cases, ARRAY_LEN(cases));
}

static void what_a_body_lacks_is_named(void **state)
{
    static const struct body_case cases[] = {
        { "[]", "Payload must be object" },
        { "null", "Payload must be object" },
        { "{}", "Payload should have required property 'type'" },
        { "{\"loyalty_card\":{\"points\":1}}", "Payload should have required property 'type'" },
        { "{\"type\":\"DISCOUNT_VOUCHER\"}", "Payload should have required property 'discount'" },
        { "{\"type\":\"GIFT_VOUCHER\"}", "Payload should have required property 'gift'" },
        { "{\"discount\":{}}", "Property .discount should have required property 'type'" },
        { "{\"discount\":{\"type\":\"AMOUNT\"}}",
          "Property .discount should have required property 'amount_off'" },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":null,\"amount_off_formula\":null}}",
          "Property .discount should have required property 'amount_off'" },
        { "{\"discount\":{\"type\":\"PERCENT\"}}",
          "Property .discount should have required property 'percent_off'" },
        { "{\"discount\":{\"type\":\"FIXED\"}}",
          "Property .discount should have required property 'fixed_amount'" },
        { "{\"gift\":{}}", "Property .gift should have required property 'amount'" },
    };
    check_bodies(state, cases, ARRAY_LEN(cases));
    assert_string_equal(body(*state, NULL), "Payload must be object");
}

#define DISCOUNT(members) "{\"discount\":{" members "}}"
#define WITH(member)      "{" AMOUNT10 "," member "}"

static void what_a_body_has_wrong_is_named(void **state)
{
    static const struct body_case cases[] = {
        { "{\"type\":\"LOYALTY_CARD\",\"loyalty_card\":{\"points\":1}}", TYPES_WANTED },
        { "{\"type\":7}", TYPES_WANTED },
        { "{\"discount\":5}", "Property .discount must be object,null" },
        { "{\"gift\":\"x\"}", "Property .gift must be object,null" },
        { WITH("\"redemption\":[]"), "Property .redemption must be object,null" },
        { WITH("\"metadata\":[]"), "Property .metadata must be object,null" },
        { WITH("\"code\":5"), "Property .code must be string" },
        { WITH("\"code\":\"\""), "Property .code must NOT have fewer than 1 characters" },
        { WITH("\"active\":\"true\""), "Property .active must be boolean,null" },
        { WITH("\"category\":1"), "Property .category must be string,null" },
        { WITH("\"additional_info\":{}"), "Property .additional_info must be string,null" },
        { WITH("\"start_date\":1"),
          "Property .start_date cannot be recognized as a ISO-8601 compliant date" },
        { WITH("\"expiration_date\":\"soon\""),
          "Property .expiration_date cannot be recognized as a ISO-8601 compliant date" },
        { WITH("\"redemption\":{\"quantity\":\"1\"}"),
          "Property .redemption.quantity must be integer,null" },
        { WITH("\"redemption\":{\"quantity\":-1}"), "Property .redemption.quantity must be >= 0" },
        { WITH("\"validation_rules\":\"val_1\""), "Property .validation_rules must be array,null" },
        { WITH("\"validation_rules\":[1]"), "Property .validation_rules[0] must be string" },
        { DISCOUNT("\"type\":\"X\""), "Property .discount.type must be equal to one of the allowed "
                                      "values [ AMOUNT, PERCENT, FIXED, UNIT ]" },
        { DISCOUNT("\"type\":\"AMOUNT\",\"amount_off\":\"10\""),
          "Property .discount.amount_off must be number" },
        { DISCOUNT("\"type\":\"AMOUNT\",\"amount_off\":-1"),
          "Property .discount.amount_off must be >= 0" },
        { DISCOUNT("\"type\":\"PERCENT\",\"percent_off\":101"),
          "Property .discount.percent_off must be <= 100" },
        { DISCOUNT("\"type\":\"FIXED\",\"fixed_amount\":true"),
          "Property .discount.fixed_amount must be number" },
        { DISCOUNT("\"type\":\"UNIT\",\"unit_off\":1.5"),
          "Property .discount.unit_off must be integer" },
        { DISCOUNT("\"type\":\"FIXED\",\"fixed_amount\":1,\"effect\":\"ADD_NEW_ITEMS\""),
          "Property .discount.effect must be equal to one of the allowed values [ APPLY_TO_ORDER, "
          "APPLY_TO_ITEMS ]" },
        { "{\"gift\":{\"amount\":\"1\"}}", "Property .gift.amount must be number" },
        { "{\"gift\":{\"amount\":-1}}", "Property .gift.amount must be >= 0" },
        { "{\"gift\":{\"amount\":1,\"effect\":1}}",
          "Property .gift.effect must be equal to one of the allowed values [ APPLY_TO_ORDER, "
          "APPLY_TO_ITEMS ]" },
    };
    check_bodies(state, cases, ARRAY_LEN(cases));
}

static void a_code_in_a_body_has_a_longest_length(void **state)
{
    char code[VOUCHER_CODE_MAX_BYTES + 1];
    memset(code, 'x', sizeof(code));
    struct json *json = parse(*state, WITH("\"code\":\"A\""));
    struct json *member = json->child->next;
    member->text = (struct str){ code, VOUCHER_CODE_MAX_BYTES };
    assert_memory_equal(body(*state, json), "code=x", 6);
    member->text.len++;
    assert_string_equal(body(*state, json), "Property .code must NOT be longer than 512 bytes");
}

/* ---- merging ---- */

/* A stored voucher: as from a body, with nothing but its value marked as given. */
static struct voucher stored(struct arena *a, const char *json)
{
    struct voucher v;
    struct err err;
    assert_int_equal(voucher_from_json(parse(a, json), a, &v, &err), 0);
    v.set &= VF_VALUE;
    return v;
}

static enum outcome merge(struct arena *a, struct voucher *v, const struct voucher *change)
{
    struct str reason = { 0 };
    enum outcome out = OUTCOME_PENDING;
    struct err err;
    assert_int_equal(voucher_merge(v, change, a, &out, &reason, &err), 0);
    if (out == OUTCOME_FAILED)
        assert_true(str_is(reason, "It is not possible to change Voucher discount type"));
    else
        assert_null(reason.p);
    return out;
}

#define STORED                                                                                     \
    "{\"code\":\"A\",\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,\"effect\":"              \
    "\"APPLY_TO_ORDER\",\"amount_off_formula\":\"f\",\"is_dynamic\":true},\"category\":\"New\","   \
    "\"active\":true,\"start_date\":\"2022-01-01\",\"expiration_date\":\"2022-02-01\","            \
    "\"redemption\":{\"quantity\":5},\"additional_info\":\"i\",\"validation_rules\":[\"val_1\"],"  \
    "\"metadata\":{\"a\":\"1\",\"b\":{\"x\":1},\"c\":null}}"

static void a_change_touches_only_what_differs(void **state)
{
    static const struct {
        const char *change;
        enum outcome want;
        const char *changed; /* describe() of what it made of it; "" when unchanged */
    } cases[] = {
        { STORED, OUTCOME_UNCHANGED, "" },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10.0}}", OUTCOME_UNCHANGED, "" },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":11}}", OUTCOME_UPDATED, "value=11 " },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,\"effect\":\"APPLY_TO_ITEMS\"}}",
          OUTCOME_UPDATED, "effect=2 " },
        { WITH("\"code\":\"B\""), OUTCOME_UNCHANGED, "" },
        { WITH("\"category\":\"Old\""), OUTCOME_UPDATED, "category=Old " },
        { WITH("\"active\":false"), OUTCOME_UPDATED, "active=0 " },
        { WITH("\"start_date\":\"2022-01-02\""), OUTCOME_UPDATED,
          "start=2022-01-02T00:00:00.000Z " },
        { WITH("\"expiration_date\":\"2022-02-02\""), OUTCOME_UPDATED,
          "end=2022-02-02T00:00:00.000Z " },
        { WITH("\"redemption\":{\"quantity\":6}"), OUTCOME_UPDATED, "limit=6 " },
        { WITH("\"redemption\":{\"quantity\":null}"), OUTCOME_UPDATED, "limit=-1 " },
        { WITH("\"additional_info\":\"j\""), OUTCOME_UPDATED, "info=j " },
        { WITH("\"validation_rules\":[\"val_2\"]"), OUTCOME_UPDATED, "rule=val_2 " },
        { "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,\"amount_off_formula\":\"g\"}}",
          OUTCOME_UPDATED, "extra={\"amount_off_formula\":\"g\",\"is_dynamic\":true} " },
        { WITH("\"metadata\":{\"b\":{\"x\":1}}"), OUTCOME_UNCHANGED, "" },
        { WITH("\"metadata\":{\"c\":null,\"a\":\"1\"}"), OUTCOME_UNCHANGED, "" },
        { WITH("\"metadata\":{}"), OUTCOME_UNCHANGED, "" },
        { WITH("\"metadata\":{\"b\":{\"y\":2}}"), OUTCOME_UPDATED,
          "metadata={\"a\":\"1\",\"b\":{\"y\":2},\"c\":null} " },
        { WITH("\"metadata\":{\"b\":{\"x\":1,\"y\":2}}"), OUTCOME_UPDATED,
          "metadata={\"a\":\"1\",\"b\":{\"x\":1,\"y\":2},\"c\":null} " },
        { WITH("\"metadata\":{\"a\":1}"), OUTCOME_UPDATED,
          "metadata={\"a\":1,\"b\":{\"x\":1},\"c\":null} " },
        { WITH("\"metadata\":{\"z\":[],\"a\":null,\"\":\"e\"}"), OUTCOME_UPDATED,
          "metadata={\"a\":null,\"b\":{\"x\":1},\"c\":null,\"z\":[],\"\":\"e\"} " },
        { "{\"gift\":{\"amount\":1}}", OUTCOME_FAILED, "" },
        { "{\"discount\":{\"type\":\"PERCENT\",\"percent_off\":1}}", OUTCOME_FAILED, "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct voucher v = stored(*state, STORED);
        const struct voucher before = v;
        struct voucher change;
        struct err err;
        print_message("  %s\n", cases[i].change);
        assert_int_equal(voucher_from_json(parse(*state, cases[i].change), *state, &change, &err),
                         0);
        assert_int_equal(merge(*state, &v, &change), cases[i].want);
        if (cases[i].want != OUTCOME_UPDATED) {
            assert_memory_equal(&v, &before, sizeof(v));
            continue;
        }
        struct voucher changed = v;
        if (strncmp(cases[i].changed, "value=", 6) != 0)
            changed.set &= ~(uint32_t)VF_VALUE; /* was there before */
        assert_string_equal(describe(*state, &changed), cases[i].changed);
        assert_int_equal(merge(*state, &v, &change), OUTCOME_UNCHANGED);
    }
}

static void redeemed_amounts_of_a_file_are_applied(void **state)
{
    struct str cells[8], reason;
    struct voucher v = stored(*state, "{\"gift\":{\"amount\":1000}}"), change;
    struct err err;
    const struct column_map m =
        map_of(*state, "Code|Voucher Type|Value|Redeemed Quantity|Redeemed Amount|Region");
    const size_t n = split("A|GIFT_VOUCHER|10|1|2.5|EU", cells);
    assert_int_equal(voucher_from_cells(&m, cells, n, *state, &change, &reason, &err), 0);
    assert_int_equal(merge(*state, &v, &change), OUTCOME_UPDATED);
    assert_true(v.redeemed_quantity == 1 && v.redeemed_amount == 250);
    assert_true(str_is(v.metadata, "{\"Region\":\"EU\"}"));
    assert_int_equal(v.set, VF_VALUE | VF_REDEEMED_QUANTITY | VF_REDEEMED_AMOUNT | VF_METADATA);
    assert_int_equal(merge(*state, &v, &change), OUTCOME_UNCHANGED);
}

static void a_first_value_of_zero_is_a_change(void **state)
{
    struct voucher v =
        stored(*state, "{\"discount\":{\"type\":\"AMOUNT\",\"amount_off_formula\":\"f\"}}");
    const struct voucher change = { .set = VF_VALUE, .value = { .is_int = true } };
    assert_int_equal(v.set, 0);
    assert_int_equal(merge(*state, &v, &change), OUTCOME_UPDATED);
    assert_int_equal(v.set, VF_VALUE);
    assert_int_equal(merge(*state, &v, &change), OUTCOME_UNCHANGED);
}

static void objects_that_were_empty_take_the_change_as_it_is(void **state)
{
    static const char *const empty[] = { NULL, "{}", "{ }" };
    const struct voucher change = { .set = VF_METADATA, .metadata = STR_INIT("{\"a\":1}") };
    const struct voucher nothing = { .set = VF_METADATA, .metadata = STR_INIT("{}") };
    for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
        struct voucher v = { .metadata = str_of(empty[i]) };
        assert_int_equal(merge(*state, &v, &nothing), OUTCOME_UNCHANGED);
        assert_int_equal(merge(*state, &v, &change), OUTCOME_UPDATED);
        assert_true(str_is(v.metadata, "{\"a\":1}"));
    }
}

/* A store may keep its JSON in a layout of its own: blanks are no difference. */
static void stored_blanks_make_no_difference(void **state)
{
    struct voucher v = { .metadata = STR_INIT("{\"a\": 1, \"b\": [1, 2]}") };
    const struct voucher change = { .set = VF_METADATA, .metadata = STR_INIT("{\"b\":[1,2]}") };
    assert_int_equal(merge(*state, &v, &change), OUTCOME_UNCHANGED);
    assert_true(str_is(v.metadata, "{\"a\": 1, \"b\": [1, 2]}"));
}

static void unreadable_stored_json_is_an_error(void **state)
{
    static const char *const bad[] = { "{", "[]" };
    const struct voucher change = { .set = VF_METADATA | VF_CATEGORY,
                                    .category = STR_INIT("New"),
                                    .metadata = STR_INIT("{\"a\":1}") };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct voucher v = { .metadata = str_of(bad[i]) };
        struct str reason;
        enum outcome out;
        struct err err;
        assert_int_equal(voucher_merge(&v, &change, *state, &out, &reason, &err), -1);
        assert_int_equal(err.code, ERR_STORE);
        assert_null(v.category.p); /* untouched */
    }
}

/* A body may bring as many keys as it has room for: the time must not grow with their square. */
static void many_keys_merge(void **state)
{
    enum { KEYS = 10000 };
    struct buf b;
    buf_init(&b, 64 * MIB);
    struct voucher v = { 0 }, change = { .set = VF_METADATA };
    for (int i = 0; i < KEYS; i++)
        buf_printf(&b, "%s\"k%d\":%d", i == 0 ? "{" : ",", i, i);
    buf_putc(&b, '}');
    v.metadata = arena_str(*state, buf_str(&b));
    buf_reset(&b);
    for (int i = 0; i < KEYS; i++)
        buf_printf(&b, "%s\"k%d\":%d", i == 0 ? "{" : ",", KEYS / 2 + i, KEYS / 2 + i);
    buf_putc(&b, '}');
    change.metadata = arena_str(*state, buf_str(&b));
    buf_release(&b);

    assert_int_equal(merge(*state, &v, &change), OUTCOME_UPDATED);
    assert_int_equal(merge(*state, &v, &change), OUTCOME_UNCHANGED);
}

static void metadata_that_grows_too_long_fails_and_changes_nothing(void **state)
{
    char text[FIELD_OBJECT_MAX_BYTES / 2 + 100];
    struct voucher v = { 0 }, change = { .set = VF_METADATA };
    memset(text, 'x', sizeof(text));
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + sizeof(text) - 2, "\"}", 2);
    v.metadata = arena_str(*state, (struct str){ text, sizeof(text) });
    text[2] = 'b';
    change.metadata = arena_str(*state, (struct str){ text, sizeof(text) });
    struct str reason = { 0 };
    struct err err = { 0 };
    enum outcome out = OUTCOME_PENDING;
    const struct str before = v.metadata;
    assert_int_equal(voucher_merge(&v, &change, *state, &out, &reason, &err), 0);
    assert_int_equal(out, OUTCOME_FAILED);
    assert_true(str_is(reason, "Property .metadata must NOT be longer than 262144 bytes"));
    assert_true(str_eq(v.metadata, before));
}

/* ---- out ---- */

static const char public_id[] = "v_0123456789ABCDEFGHIJKLMNOPQRSTUV";
static const struct voucher_names names = { .id = public_id };

static const char *print(struct arena *a, const struct voucher *v, enum voucher_json_flags flags)
{
    struct buf b;
    buf_init(&b, MIB);
    voucher_put_json(&(struct json_out){ .b = &b }, v, &names, flags);
    assert_false(b.failed);
    const struct str text = arena_str(a, buf_str(&b));
    buf_release(&b);
    parse(a, text.p); /* is JSON */
    return text.p;
}

#define ASSETS                                                                                     \
    "\"assets\":{\"qr\":{\"id\":\"v_0123456789ABCDEFGHIJKLMNOPQRSTUV\",\"url\":\"/api/v1/assets/"  \
    "qr/v_0123456789ABCDEFGHIJKLMNOPQRSTUV\"},\"barcode\":{\"id\":"                                \
    "\"v_0123456789ABCDEFGHIJKLMNOPQRSTUV\",\"url\":\"/api/v1/assets/barcode/"                     \
    "v_0123456789ABCDEFGHIJKLMNOPQRSTUV\"}},"
#define HEAD "{\"id\":\"v_0123456789ABCDEFGHIJKLMNOPQRSTUV\","

static void a_discount_voucher_prints_as_documented(void **state)
{
    struct voucher v = stored(*state, STORED);
    v.code = STR("10% \xC3\xA9/\"x\"");
    v.created_ms = 1500;
    v.updated_ms = 2500;
    assert_string_equal(
        print(*state, &v, VOUCHER_JSON_SINGLE),
        HEAD "\"code\":\"10% \xC3\xA9/\\\"x\\\"\",\"campaign\":null,\"campaign_id\":null,"
             "\"category\":\"New\",\"category_id\":null,\"categories\":[],"
             "\"type\":\"DISCOUNT_VOUCHER\",\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":10,"
             "\"effect\":\"APPLY_TO_ORDER\",\"amount_off_formula\":\"f\",\"is_dynamic\":true},"
             "\"gift\":null,\"loyalty_card\":null,\"start_date\":\"2022-01-01T00:00:00.000Z\","
             "\"expiration_date\":\"2022-02-01T00:00:00.000Z\",\"validity_timeframe\":null,"
             "\"validity_day_of_week\":null,\"active\":true,\"additional_info\":\"i\","
             "\"metadata\":{\"a\":\"1\",\"b\":{\"x\":1},\"c\":null}," ASSETS
             "\"is_referral_code\":false,\"created_at\":\"1970-01-01T00:00:01.500Z\","
             "\"updated_at\":\"1970-01-01T00:00:02.500Z\","
             "\"validation_rules_assignments\":{\"object\":\"list\",\"data_ref\":\"data\",\"data\":"
             "[{\"id\":\"asgm_GHIJKLMNOPQRSTUV\",\"rule_id\":\"val_1\",\"related_object_id\":"
             "\"v_0123456789ABCDEFGHIJKLMNOPQRSTUV\",\"related_object_type\":\"voucher\","
             "\"created_at\":\"1970-01-01T00:00:01.500Z\",\"object\":"
             "\"validation_rules_assignment\"}],\"total\":1},"
             "\"redemption\":{\"quantity\":5,\"redeemed_quantity\":0,\"object\":\"list\",\"url\":"
             "\"/v1/vouchers/10%25%20%C3%A9%2F%22x%22/redemptions?page=1&limit=10\"},"
             "\"publish\":{\"object\":\"list\",\"count\":0,\"url\":"
             "\"/v1/vouchers/10%25%20%C3%A9%2F%22x%22/publications?page=1&limit=10\"},"
             "\"object\":\"voucher\"}");
}

static void a_gift_voucher_prints_as_documented(void **state)
{
    struct voucher v = stored(*state, "{\"code\":\"G-1.a_~\",\"gift\":{\"amount\":1000}}");
    v.redeemed_amount = 250;
    v.redeemed_quantity = 2;
    assert_string_equal(
        print(*state, &v, 0),
        HEAD "\"code\":\"G-1.a_~\",\"campaign\":null,\"campaign_id\":null,\"category\":null,"
             "\"category_id\":null,\"categories\":[],\"type\":\"GIFT_VOUCHER\",\"discount\":null,"
             "\"gift\":{\"amount\":1000,\"balance\":750},\"loyalty_card\":null,"
             "\"start_date\":null,\"expiration_date\":null,\"validity_timeframe\":null,"
             "\"validity_day_of_week\":null,\"active\":true,\"additional_info\":null,"
             "\"metadata\":{}," ASSETS
             "\"is_referral_code\":false,\"created_at\":\"1970-01-01T00:00:00.000Z\","
             "\"updated_at\":null,"
             "\"redemption\":{\"quantity\":null,\"redeemed_quantity\":2,\"redeemed_amount\":250,"
             "\"object\":\"list\",\"url\":\"/v1/vouchers/G-1.a_~/redemptions?page=1&limit=10\"},"
             "\"publish\":{\"object\":\"list\",\"count\":0,\"url\":"
             "\"/v1/vouchers/G-1.a_~/publications?page=1&limit=10\"},\"object\":\"voucher\"}");
}

/* Only the members that differ between the kinds. */
static void worths_print_by_type(void **state)
{
    static const struct {
        const char *json, *want;
    } cases[] = {
        { DISCOUNT("\"type\":\"PERCENT\",\"percent_off\":29.99"),
          "\"discount\":{\"type\":\"PERCENT\",\"percent_off\":29.99},\"gift\":null," },
        { DISCOUNT("\"type\":\"FIXED\",\"fixed_amount\":5,\"effect\":\"APPLY_TO_ITEMS\""),
          "\"discount\":{\"type\":\"FIXED\",\"fixed_amount\":5,\"effect\":\"APPLY_TO_ITEMS\"}," },
        { DISCOUNT("\"type\":\"UNIT\",\"effect\":\"ADD_MANY_ITEMS\",\"units\":[]"),
          "\"discount\":{\"type\":\"UNIT\",\"effect\":\"ADD_MANY_ITEMS\",\"units\":[]}," },
        { DISCOUNT("\"type\":\"AMOUNT\",\"amount_off\":0"),
          "\"discount\":{\"type\":\"AMOUNT\",\"amount_off\":0}," },
        { "{\"gift\":{\"amount\":10.5,\"effect\":\"APPLY_TO_ORDER\"}}",
          "\"gift\":{\"amount\":10.5,\"balance\":10.5,\"effect\":\"APPLY_TO_ORDER\"}," },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct voucher v = stored(*state, cases[i].json);
        print_message("  %s\n", cases[i].json);
        assert_non_null(strstr(print(*state, &v, 0), cases[i].want));
    }
    struct voucher card;
    voucher_init(&card);
    card.code = STR("L");
    card.type = VOUCHER_LOYALTY;
    card.value = num_int(110);
    card.redeemed_amount = 10;
    const char *text = print(*state, &card, VOUCHER_JSON_SINGLE);
    assert_non_null(
        strstr(text, "\"gift\":null,\"loyalty_card\":{\"points\":110,\"balance\":100},"));
    assert_non_null(strstr(text, "\"redeemed_quantity\":0,\"redeemed_points\":10,"));
    assert_non_null(strstr(text, "\"data_ref\":\"data\",\"data\":[],\"total\":0}"));
}

static void a_full_buffer_is_found_by_the_caller(void **state)
{
    const struct voucher v = stored(*state, STORED);
    const size_t whole = strlen(print(*state, &v, VOUCHER_JSON_SINGLE));
    for (size_t max = 0; max < whole; max += 7) {
        struct buf b;
        struct err err;
        buf_init(&b, max);
        voucher_put_json(&(struct json_out){ .b = &b }, &v, &names, VOUCHER_JSON_SINGLE);
        assert_int_equal(buf_ok(&b, &err), -1);
        assert_int_equal(err.code, ERR_TOO_LARGE);
        buf_release(&b);
    }
}

static void outcomes_have_names(void **state)
{
    static const char *const want[] = { "pending",   "created",    "updated",
                                        "unchanged", "superseded", "failed" };
    (void)state;
    for (unsigned i = 0; i < OUTCOME_COUNT; i++)
        assert_string_equal(outcome_name((enum outcome)i), want[i]);
    assert_string_equal(outcome_name(OUTCOME_COUNT), "unknown");
}

/* ---- breaking things ---- */

/* A change that rebuilds what it can, a row that fails: their allocations. */
static int change_and_item(struct arena *a, struct voucher *v, struct err *err)
{
    static const char item[] = "{\"code\":\"A\",\"gift\":{\"amount\":-1}}";
    static const char changes[] =
        "{\"discount\":{\"type\":\"AMOUNT\",\"is_dynamic\":null},\"metadata\":{\"x\":1},"
        "\"validity_day_of_week\":[2,1],\"validity_timeframe\":null}";
    struct json *json;
    struct voucher change;
    struct str reason = { 0 };
    enum outcome out = OUTCOME_PENDING;
    if (json_parse(a, str_of(changes), &json, err) < 0 ||
        voucher_change_from_json(json, a, &change, err) < 0)
        return -1;
    v->validity = STR("{\"validity_timeframe\":{\"interval\":\"P2D\"}}");
    const struct voucher before = *v;
    if (voucher_merge(v, &change, a, &out, &reason, err) < 0) {
        assert_memory_equal(v, &before, sizeof(*v));
        return -1;
    }
    assert_true(str_is(v->validity, "{\"validity_day_of_week\":[2,1]}"));
    if (json_parse(a, str_of(item), &json, err) < 0 || voucher_check_import_item(json, err) < 0)
        return -1;
    const int rc = voucher_from_import_item(json, a, &change, &reason, err);
    assert_true(rc < 0 || str_is(reason, "Property .gift.amount must be >= 0"));
    return rc < 0 ? -1 : 0;
}

/* Both entrances, a failing row, a merge that rebuilds both objects: every allocation there is. */
static int everything(struct arena *a, struct err *err)
{
    struct str cells[32], reason;
    struct column_map m;
    struct voucher v, w, gift;
    struct json *json;
    enum outcome out;
    size_t n = split("Code|Voucher Type|Discount Type|Value|Formula|Active|a", cells);

    if (column_map_build(&voucher_fields, cells, n, a, &m, err) < 0)
        return -1;
    n = split("A|DISCOUNT_VOUCHER|AMOUNT|1|f|", cells);
    if (voucher_from_cells(&m, cells, n, a, &v, &reason, err) < 0)
        return -1;
    n = split("A|DISCOUNT_VOUCHER|AMOUNT|1|f|x|2", cells);
    if (voucher_from_cells(&m, cells, n, a, &gift, &reason, err) < 0)
        return -1;
    n = split("A|DISCOUNT_VOUCHER|AMOUNT||f|x|2", cells);
    if (voucher_from_cells(&m, cells, n, a, &gift, &reason, err) < 0)
        return -1;
    n = split("A|DISCOUNT_VOUCHER|AMOUNT|2|g||2", cells);
    if (voucher_from_cells(&m, cells, n, a, &w, &reason, err) < 0 ||
        json_parse(a, STR(STORED), &json, err) < 0 || voucher_from_json(json, a, &v, err) < 0)
        return -1;
    const struct voucher before = v;
    if (voucher_merge(&v, &w, a, &out, &reason, err) < 0) {
        assert_memory_equal(&v, &before, sizeof(v));
        return -1;
    }
    if (change_and_item(a, &v, err) < 0)
        return -1;
    struct buf b;
    buf_init(&b, MIB);
    voucher_put_json(&(struct json_out){ .b = &b }, &v, &names, VOUCHER_JSON_SINGLE);
    const int rc = buf_ok(&b, err);
    buf_release(&b);
    if (rc < 0 || json_parse(a, STR("{\"gift\":1}"), &json, err) < 0)
        return -1;
    assert_int_equal(voucher_from_json(json, a, &v, err), -1);
    if (json_parse(a, STR("{\"code\":\"\"}"), &json, err) < 0)
        return -1;
    assert_int_equal(voucher_from_json(json, a, &v, err), -1);
    return err->code == ERR_INVALID_PAYLOAD ? 0 : -1;
}

static void running_out_of_memory_is_an_error_and_no_leak(void **state)
{
    (void)state;
    size_t nth = 1;
    for (size_t fired = 1; fired != 0; nth++) {
        struct arena a;
        struct err err = { 0 };
        arena_init(&a, 16, 0); /* a block an allocation: each of them can fail */
        fault_arm(FAULT_ALLOC, nth, false);
        const int rc = everything(&a, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired != 0 ? -1 : 0);
        if (fired != 0)
            assert_int_equal(err.code, ERR_NOMEM);
        arena_release(&a);
    }
    assert_true(nth > 60);
}

static uint32_t next_random(uint32_t *seed) /* xorshift: the same rows on every machine */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Half of the cells are likely ones, so that a good part of the rows gets far. */
static struct str random_cell(struct arena *a, uint32_t *seed)
{
    static const char *const likely[] = {
        "A",
        "DISCOUNT_VOUCHER",
        "GIFT_VOUCHER",
        "AMOUNT",
        "PERCENT",
        "UNIT",
        "10",
        "10.5",
        "-1",
        "TRUE",
        "2022-01-01",
        "",
        " ",
        "\"",
        "APPLY_TO_ORDER",
        "ADD_NEW_ITEMS",
        "9223372036854775807",
        "1e308",
        ".",
        "-",
        "0000",
    };
    if (next_random(seed) % 2 == 0)
        return str_of(likely[next_random(seed) % ARRAY_LEN(likely)]);
    const size_t n = next_random(seed) % 30;
    char *p = arena_alloc(a, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(next_random(seed) % 127 + 1); /* ASCII without NUL, as the reader promises */
    return (struct str){ p, n };
}

static void random_cells_make_a_row_or_a_reason(void **state)
{
    struct arena a;
    struct str cells[20];
    uint32_t seed = 20220919;
    size_t good = 0;
    const struct column_map m = map_of(*state, ALL "|more");
    arena_init(&a, 16 * KIB, 64 * KIB);
    for (int i = 0; i < 50000; i++) {
        struct voucher v;
        struct str reason = { 0 };
        struct err err;
        const size_t n = next_random(&seed) % (ARRAY_LEN(cells) + 1);
        arena_reset(&a);
        for (size_t c = 0; c < n; c++)
            cells[c] = random_cell(&a, &seed);
        if (i % 2 == 0 && n > 3) { /* give half of them a good start */
            cells[1] = STR("DISCOUNT_VOUCHER");
            cells[2] = STR("7");
            cells[3] = STR("PERCENT");
        }
        const int rc = voucher_from_cells(&m, cells, n, &a, &v, &reason, &err);
        assert_true(rc == 0 || (rc == 1 && reason.len > 0));
        if (rc != 0)
            continue;
        good++;
        const char *text = print(&a, &v, VOUCHER_JSON_SINGLE);
        assert_non_null(text);
        struct voucher again = v;
        assert_int_equal(merge(&a, &again, &v), OUTCOME_UNCHANGED);
    }
    arena_release(&a);
    assert_true(good > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_documented_heading_is_known),
        TEST(a_new_voucher_has_its_defaults),
        TEST(records_of_the_public_templates_are_vouchers),
        TEST(every_column_of_a_record_lands_in_its_field),
        TEST(values_are_read_by_type),
        TEST(required_columns_are_missed_in_order),
        TEST(names_must_be_allowed_ones),
        TEST(other_cells_are_checked_by_kind),
        TEST(a_code_has_a_longest_length),
        TEST(a_failed_row_still_tells_its_code),
        TEST(bodies_become_vouchers),
        TEST(what_a_body_lacks_is_named),
        TEST(what_a_body_has_wrong_is_named),
        TEST(a_code_in_a_body_has_a_longest_length),
        TEST(a_change_touches_only_what_differs),
        TEST(redeemed_amounts_of_a_file_are_applied),
        TEST(a_first_value_of_zero_is_a_change),
        TEST(objects_that_were_empty_take_the_change_as_it_is),
        TEST(stored_blanks_make_no_difference),
        TEST(unreadable_stored_json_is_an_error),
        TEST(many_keys_merge),
        TEST(metadata_that_grows_too_long_fails_and_changes_nothing),
        TEST(a_discount_voucher_prints_as_documented),
        TEST(a_gift_voucher_prints_as_documented),
        TEST(worths_print_by_type),
        TEST(a_full_buffer_is_found_by_the_caller),
        TEST(outcomes_have_names),
        TEST(running_out_of_memory_is_an_error_and_no_leak),
        TEST(random_cells_make_a_row_or_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
