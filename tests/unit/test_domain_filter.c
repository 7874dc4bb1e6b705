/* SPDX-License-Identifier: MIT */
/*
 * test_domain_filter.c - filters: which conditions fit which fields, what is said of the others,
 * and what a condition means for a JSON value.
 */
#include "base/fault.h"
#include "base/time_iso.h"
#include "domain/filter.h"
#include "domain/voucher_filter.h"
#include "support/unit.h"

#define NOW_MS INT64_C(1700000000000)
#define DAY_MS INT64_C(86400000)

static const char *const choices[] = { "hot", "cold", NULL };

/* A field of each kind, its id the kind. */
static const struct filter_field rows[] = {
    { .name = "text", FILTER_TEXT, FILTER_TEXT },
    { .name = "id", FILTER_ID, FILTER_ID },
    { .name = "number", FILTER_NUMBER, FILTER_NUMBER },
    { .name = "time", FILTER_TIME, FILTER_TIME },
    { .name = "bool", FILTER_BOOL, FILTER_BOOL },
    { .name = "state", FILTER_STATE, FILTER_STATE },
    { .name = "progress", FILTER_PROGRESS, FILTER_PROGRESS },
    { .name = "choice", FILTER_CHOICE, FILTER_CHOICE, .names = choices },
    { .name = "object", FILTER_OBJECT, FILTER_OBJECT, .key = "member" },
    { .name = "any.", FILTER_ANYTHING, FILTER_ANYTHING },
};
static const struct filter_fields fields = { rows, ARRAY_LEN(rows) };

struct world {
    struct arena arena;
    struct filter_reader reader;
    struct filter filter;
};

static int setup(void **state)
{
    static struct world w;
    arena_init(&w.arena, 4 * KIB, 0);
    w.reader = (struct filter_reader){
        .fields = &fields, .arena = &w.arena, .path = ".filters", .code = ERR_INVALID_QUERY
    };
    filter_init(&w.filter, NOW_MS);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    arena_release(&w->arena);
    return 0;
}

static int add(struct world *w, const char *field, const char *op, const char *const *values,
               size_t n, struct err *err)
{
    struct str texts[8];
    for (size_t i = 0; i < n; i++)
        texts[i] = str_of(values[i]);
    return filter_add(&w->reader, &w->filter, str_of(field), str_of(op), texts, n, err);
}

static int add_one(struct world *w, const char *field, const char *op, const char *value,
                   struct err *err)
{
    return add(w, field, op, &value, 1, err);
}

/* ---- what fits ---- */

static const char *const op_names[FILTER_OP_COUNT] = {
    "$is",
    "$is_not",
    "$in",
    "$not_in",
    "$contains",
    "$not_contain",
    "$starts_with",
    "$ends_with",
    "$has_value",
    "$is_unknown",
    "$more_than",
    "$less_than",
    "$more_than_equal",
    "$less_than_equal",
    "$after",
    "$before",
    "$active",
    "$enabled",
    "$disabled",
    "$expired",
    "$failed",
    "$in_progress",
    "$before_start",
};

static void every_condition_fits_the_kinds_that_it_means_something_for(void **state)
{
    static const struct {
        const char *field;
        const char *fits; /* a letter for each of op_names */
        const char *value;
    } kinds[] = {
        { "text", "yyyyyyyyyy-------------", "a" },
        { "id", "yyyy----yy-------------", "v_1" },
        { "number", "yyyy----yyyyyy---------", "1" },
        { "time", "yyyy----yyyy--yy-------", "2024-01-01" },
        { "bool", "yyyy----yy-------------", "true" },
        { "state", "yyyy----yy------yyyy---", "true" },
        { "progress", "----------------y--yyyy", "" },
        { "choice", "yyyy----yy-------------", "hot" },
        { "object", "--------yy-------------", "" },
        { "any.key", "yyyyyyyyyyyyyyyy-------", "1" },
    };
    struct world *w = *state;
    assert_int_equal(ARRAY_LEN(kinds), FILTER_KIND_COUNT);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t op = 0; op < FILTER_OP_COUNT; op++) {
            struct err err = { 0 };
            const char *value = kinds[k].value;
            const bool flag =
                op == FILTER_HAS_VALUE || op == FILTER_IS_UNKNOWN || op >= FILTER_ACTIVE;
            const bool days =
                k == FILTER_TIME && (op == FILTER_MORE_THAN || op == FILTER_LESS_THAN);
            const bool moment = op == FILTER_AFTER || op == FILTER_BEFORE;
            value = flag ? "" : days ? "3" : moment ? "2024-01-01" : value;
            const bool ok = add_one(w, kinds[k].field, op_names[op], value, &err) == 0;
            if (ok != (kinds[k].fits[op] == 'y'))
                fail_msg("%s %s: %s", kinds[k].field, op_names[op], ok ? "accepted" : err.msg);
        }
    }
}

static void what_does_not_fit_is_refused_by_name(void **state)
{
    static const struct {
        const char *field, *op, *value, *want;
        bool malformed;
    } cases[] = {
        { "nope", "$is", "a", "Property .filters.nope is not supported", false },
        { "any", "$is", "a", "Property .filters.any is not supported", false },
        { "any.", "$is", "a", "Property .filters.any. is not supported", false },
        { "text", "$foo", "a",
          "Property .filters.text.conditions.$foo is not supported, condition must be one of: $is, "
          "$is_not, $in, $not_in, $contains, $not_contain, $starts_with, $ends_with, $has_value, "
          "$is_unknown",
          true },
        { "object", "$this_year", "a",
          "Property .filters.object.conditions.$this_year is not supported, condition must be one "
          "of: $has_value, $is_unknown",
          false },
        { "number", "$is", "a", "Property .filters.number.conditions.$is must be number", false },
        { "number", "$more_than", "",
          "Property .filters.number.conditions.$more_than must be number", false },
        { "any.k", "$less_than", "x",
          "Property .filters.any.k.conditions.$less_than must be number", false },
        { "time", "$after", "yesterday",
          "Property .filters.time.conditions.$after cannot be recognized as a ISO-8601 compliant "
          "date",
          false },
        { "time", "$more_than", "1.5",
          "Property .filters.time.conditions.$more_than must be integer", false },
        { "time", "$less_than", "99999999",
          "Property .filters.time.conditions.$less_than must be integer", false },
        { "bool", "$is", "yes", "Property .filters.bool.conditions.$is must be boolean", false },
        { "choice", "$is", "warm",
          "Property .filters.choice.conditions.$is must be equal to one of the allowed values [ "
          "hot, "
          "cold ]",
          false },
        { "text", "$has_value", "false",
          "Property .filters.text.conditions.$has_value must be empty or true", false },
        { "text", "$is", "\xFF",
          "Property .filters.text.conditions.$is must be UTF-8 text without NUL", false },
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = { 0 };
        w->reader.malformed = false;
        assert_int_equal(add_one(w, cases[i].field, cases[i].op, cases[i].value, &err), -1);
        assert_string_equal(err.msg, cases[i].want);
        assert_int_equal(err.code, ERR_INVALID_QUERY);
        assert_int_equal(w->reader.malformed, cases[i].malformed);
        assert_null(w->filter.first);
    }
}

static void values_are_counted(void **state)
{
    static const char *const two[] = { "a", "b" };
    struct world *w = *state;
    struct err err = { 0 };
    assert_int_equal(add(w, "text", "$is", two, 2, &err), -1);
    assert_string_equal(err.msg,
                        "Property .filters.text.conditions.$is must have exactly one value");
    assert_int_equal(add(w, "text", "$in", two, 0, &err), -1);
    assert_string_equal(err.msg,
                        "Property .filters.text.conditions.$in must have at least one value");
    MUST(add(w, "text", "$in", two, 2, must));
    MUST(add(w, "text", "$contains", two, 2, must));
    MUST(add(w, "state", "$active", NULL, 0, must));
    MUST(add_one(w, "state", "$active", "TRUE", must));
    MUST(add_one(w, "state", "$active", "{}", must));
    assert_int_equal(w->filter.n, 5);
    assert_int_equal(w->filter.n_values, 4);
    assert_int_equal(w->filter.first->next->next->n, 0);
}

static void values_are_read_by_the_kind_of_their_field(void **state)
{
    struct world *w = *state;
    MUST(add_one(w, "time", "$is", "1970-01-02", must));
    MUST(add_one(w, "time", "$more_than", "2", must));
    MUST(add_one(w, "bool", "$is", "TRUE", must));
    MUST(add_one(w, "choice", "$is", "COLD", must));
    MUST(add_one(w, "any.a.b]'\"", "$is", "1e3", must));
    MUST(add_one(w, "object", "$has_value", "", must));
    const struct filter_condition *c = w->filter.first;
    assert_int_equal(c->values[0].value, DAY_MS);
    assert_int_equal((c = c->next)->values[0].value, NOW_MS - 2 * DAY_MS);
    assert_int_equal((c = c->next)->values[0].value, 1);
    assert_int_equal((c = c->next)->values[0].value, 1);
    assert_str((c = c->next)->key, "a.b]'\"");
    assert_true(c->values[0].is_number);
    assert_str(c->values[0].text, "1e3");
    assert_str(c->next->key, "member");
}

static void a_filter_has_a_ceiling(void **state)
{
    struct world *w = *state;
    struct err err = { 0 };
    for (int i = 0; i < FILTER_CONDITIONS_MAX; i++)
        MUST(add_one(w, "text", "$is", "a", must));
    assert_int_equal(add_one(w, "text", "$is", "a", &err), -1);
    assert_string_equal(err.msg,
                        "Property .filters must NOT have more than 100 conditions or 10000 values");
    filter_init(&w->filter, NOW_MS);
    static struct str many[FILTER_VALUES_MAX];
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = STR("x");
    MUST(filter_add(&w->reader, &w->filter, STR("text"), STR("$in"), many, ARRAY_LEN(many), must));
    assert_int_equal(add_one(w, "text", "$is", "a", &err), -1);
}

static void a_junction_is_read_in_any_case(void **state)
{
    struct world *w = *state;
    struct err err = { 0 };
    MUST(filter_set_junction(&w->reader, &w->filter, STR("OR"), must));
    assert_true(w->filter.any);
    MUST(filter_set_junction(&w->reader, &w->filter, STR("And"), must));
    assert_false(w->filter.any);
    assert_int_equal(filter_set_junction(&w->reader, &w->filter, STR("xor"), &err), -1);
    assert_string_equal(err.msg, "Property .filters.junction must be equal to one of the allowed "
                                 "values [ and, or ]");
}

/* ---- bodies ---- */

static int from_json(struct world *w, const char *text, struct err *err)
{
    struct json *tree = NULL;
    MUST(json_parse(&w->arena, str_of(text), &tree, must));
    filter_init(&w->filter, NOW_MS);
    w->reader.malformed = false;
    return filter_from_json(&w->reader, &w->filter, tree, err);
}

static void a_body_holds_the_same_filters(void **state)
{
    struct world *w = *state;
    MUST(from_json(w,
                   "{\"junction\":\"or\",\"text\":{\"conditions\":{\"$in\":[\"a\",\"b\"],"
                   "\"$has_value\":\"\"}},\"number\":{\"conditions\":{\"$is\":7}},"
                   "\"state\":{\"conditions\":{\"$active\":{}}},"
                   "\"bool\":{\"conditions\":{\"$is\":[true]}}}",
                   must));
    assert_true(w->filter.any);
    assert_int_equal(w->filter.n, 5);
    const struct filter_condition *c = w->filter.first;
    assert_int_equal(c->op, FILTER_IN);
    assert_int_equal(c->n, 2);
    assert_str(c->values[1].text, "b");
    assert_int_equal((c = c->next)->op, FILTER_HAS_VALUE);
    assert_int_equal((c = c->next)->values[0].number.i, 7);
    assert_int_equal((c = c->next)->op, FILTER_ACTIVE);
    assert_int_equal((c = c->next)->values[0].value, 1);
    MUST(from_json(w, "{}", must));
    assert_int_equal(w->filter.n, 0);
}

static void a_body_of_another_shape_is_malformed(void **state)
{
    static const char *const cases[] = {
        "[]",
        "\"text\"",
        "{\"text\":1}",
        "{\"text\":{}}",
        "{\"text\":{\"conditions\":{}}}",
        "{\"text\":{\"conditions\":[]}}",
        "{\"text\":{\"$is\":\"a\"}}",
        "{\"text\":{\"conditions\":{\"$is\":\"a\"},\"more\":1}}",
        "{\"text\":{\"conditions\":{\"$is\":null}}}",
        "{\"text\":{\"conditions\":{\"$is\":{\"a\":1}}}}",
        "{\"text\":{\"conditions\":{\"$in\":[[1]]}}}",
        "{\"text\":{\"conditions\":{\"is\":\"a\"}}}",
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = { 0 };
        print_message("  %s\n", cases[i]);
        assert_int_equal(from_json(w, cases[i], &err), -1);
        assert_true(w->reader.malformed);
        assert_int_equal(err.code, ERR_INVALID_QUERY);
    }
    struct err err = { 0 };
    assert_int_equal(from_json(w, "{\"nope\":{\"conditions\":{\"$is\":\"a\"}}}", &err), -1);
    assert_false(w->reader.malformed);
    assert_string_equal(err.msg, "Property .filters.nope is not supported");
    assert_int_equal(from_json(w, "{\"junction\":1}", &err), -1);
    assert_false(w->reader.malformed);
}

/* ---- JSON values ---- */

static const char *const values_of_k[] = {
    "{}",
    "{\"k\":null}",
    "{\"k\":\"\"}",
    "{\"k\":\"abc\"}",
    "{\"k\":\"1\"}",
    "{\"k\":1}",
    "{\"k\":1.0}",
    "{\"k\":10}",
    "{\"k\":-2.5}",
    "{\"k\":\"7\"}",
    "{\"k\":true}",
    "{\"k\":false}",
    "{\"k\":[]}",
    "{\"k\":[\"abc\",1,true]}",
    "{\"k\":[null,[1],{\"a\":1}]}",
    "{\"k\":{\"a\":1}}",
    "{\"k\":\"2024-05-01\"}",
    "{\"k\":\"2024-05-01T12:00:00Z\"}",
    "{\"other\":\"abc\"}",
};

static bool matches(struct world *w, const char *op, const char *value, const char *json)
{
    struct json *tree = NULL;
    filter_init(&w->filter, NOW_MS);
    MUST(add_one(w, "any.k", op, value, must));
    MUST(json_parse(&w->arena, str_of(json), &tree, must));
    return filter_matches_json(w->filter.first, tree);
}

static void a_condition_means_the_same_for_text_number_boolean_and_lists(void **state)
{
    static const struct {
        const char *op, *value;
        const char *want; /* a letter for each of values_of_k */
    } cases[] = {
        { "$is", "1", "----yyy------y-----" },
        { "$is", "1.0", "-----yy------y-----" },
        { "$is", "abc", "---y---------y-----" },
        { "$is", "ABC", "-------------------" },
        { "$is", "true", "----------y--y-----" },
        { "$is", "", "--y----------------" },
        { "$in", "abc", "---y---------y-----" },
        { "$contains", "b", "---y---------y-----" },
        { "$contains", "1", "----yyyy-----y--yy-" },
        { "$contains", "", "--yyyyyyyyyy-y--yy-" },
        { "$starts_with", "ab", "---y---------y-----" },
        { "$starts_with", "1", "----yyyy-----y-----" },
        { "$ends_with", "bc", "---y---------y-----" },
        { "$ends_with", "0", "------yy-----------" },
        { "$more_than", "1", "-------y-y---------" },
        { "$more_than", "0.5", "----yyyy-y---y-----" },
        { "$more_than_equal", "1", "----yyyy-y---y-----" },
        { "$less_than", "1", "--------y----------" },
        { "$less_than_equal", "1", "----yyy-y----y-----" },
        { "$after", "2024-05-01", "-----------------y-" },
        { "$before", "2024-05-01T12:00", "----------------y--" },
        { "$has_value", "", "--yyyyyyyyyyyyyyyy-" },
        { "$is_unknown", "", "yy----------------y" },
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t v = 0; v < ARRAY_LEN(values_of_k); v++) {
            const bool want = cases[i].want[v] == 'y';
            if (matches(w, cases[i].op, cases[i].value, values_of_k[v]) != want)
                fail_msg("%s '%s' of %s should be %d", cases[i].op, cases[i].value, values_of_k[v],
                         want);
        }
    }
}

static void not_is_the_opposite_for_every_value(void **state)
{
    static const char *const pairs[][2] = { { "$is", "$is_not" },
                                            { "$in", "$not_in" },
                                            { "$contains", "$not_contain" } };
    static const char *const values[] = { "1", "abc", "true", "", "x" };
    struct world *w = *state;
    for (size_t p = 0; p < ARRAY_LEN(pairs); p++) {
        for (size_t i = 0; i < ARRAY_LEN(values); i++) {
            for (size_t v = 0; v < ARRAY_LEN(values_of_k); v++)
                assert_true(matches(w, pairs[p][0], values[i], values_of_k[v]) !=
                            matches(w, pairs[p][1], values[i], values_of_k[v]));
        }
    }
}

static void without_any_json_a_member_is_unknown(void **state)
{
    struct world *w = *state;
    MUST(add_one(w, "any.k", "$is_unknown", "", must));
    assert_true(filter_matches_json(w->filter.first, NULL));
    filter_init(&w->filter, NOW_MS);
    MUST(add_one(w, "object", "$has_value", "", must));
    assert_false(filter_matches_json(w->filter.first, NULL));
}

/* ---- the rest ---- */

static void the_fields_of_vouchers_are_whole(void **state)
{
    bool seen[VFILTER_COUNT] = { false };
    (void)state;
    for (size_t i = 0; i < voucher_filter_fields.n; i++) {
        const struct filter_field *f = &voucher_filter_fields.rows[i];
        assert_in_range(f->id, 0, VFILTER_COUNT - 1);
        seen[f->id] = true;
        assert_int_equal(f->kind == FILTER_CHOICE, f->names != NULL);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(f->name, voucher_filter_fields.rows[k].name);
    }
    for (size_t i = 0; i < VFILTER_COUNT; i++)
        assert_true(seen[i]);
}

static void without_memory_it_says_so(void **state)
{
    static const char body[] = "{\"text\":{\"conditions\":{\"$in\":[\"a\",\"b\"],\"$is\":\"c\"}}}";
    struct world *w = *state;
    struct json *tree = NULL;
    MUST(json_parse(&w->arena, str_of(body), &tree, must));
    for (size_t nth = 1, fired = 1; fired != 0; nth++) {
        struct arena small;
        struct err err = { 0 };
        arena_init(&small, 64, 0);
        w->reader.arena = &small;
        filter_init(&w->filter, NOW_MS);
        fault_arm(FAULT_ALLOC, nth, false);
        const int rc = filter_from_json(&w->reader, &w->filter, tree, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired != 0 ? -1 : 0);
        if (fired != 0)
            assert_int_equal(err.code, ERR_NOMEM);
        arena_release(&small);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_condition_fits_the_kinds_that_it_means_something_for),
        TEST(what_does_not_fit_is_refused_by_name),
        TEST(values_are_counted),
        TEST(values_are_read_by_the_kind_of_their_field),
        TEST(a_filter_has_a_ceiling),
        TEST(a_junction_is_read_in_any_case),
        TEST(a_body_holds_the_same_filters),
        TEST(a_body_of_another_shape_is_malformed),
        TEST(a_condition_means_the_same_for_text_number_boolean_and_lists),
        TEST(not_is_the_opposite_for_every_value),
        TEST(without_any_json_a_member_is_unknown),
        TEST(the_fields_of_vouchers_are_whole),
        TEST(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
