/* SPDX-License-Identifier: MIT */
/* test_api_scope.c - names of scopes, and which routes they cover. */
#include "api/scope.h"
#include "support/unit.h"

static void scope_names_are_parsed_and_unknown_ones_listed(void **state)
{
    static const struct {
        const char *in, *unknown, *out;
    } cases[] = {
        { "api", "", "api" },
        { "vouchers campaigns async-actions", "", "vouchers campaigns async-actions" },
        { "  vouchers   vouchers exports  ", "", "vouchers exports" },
        { "vouchers,campaigns", "vouchers,campaigns", "" },
        { "x vouchers y", "x,y", "vouchers" },
        { "API Vouchers", "API,Vouchers", "" },
        { "api\tvouchers", "api\tvouchers", "" },
        { "", "", "" },
        { "   ", "", "" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf unknown, out;
        buf_init(&unknown, KIB);
        buf_init(&out, KIB);
        print_message("  '%s'\n", cases[i].in);
        const scope_set set = scope_parse(str_of(cases[i].in), &unknown);
        scope_put(&out, str_of(cases[i].in));
        assert_str(buf_str(&unknown), cases[i].unknown);
        assert_str(buf_str(&out), cases[i].out);
        assert_int_equal(set != 0, cases[i].out[0] != '\0');
        assert_true(scope_parse(buf_str(&out), NULL) == set);
        buf_release(&unknown);
        buf_release(&out);
    }
}

static void scope_covers_the_path_of_its_name(void **state)
{
    static const struct {
        const char *scope, *pattern;
        bool covers;
    } cases[] = {
        { "vouchers", "/v1/vouchers", true },
        { "vouchers", "/v1/vouchers/{code}/balance", true },
        { "vouchers", "/v1/async-actions", false },
        { "exports vouchers", "/v1/vouchers", true },
        { "async-actions", "/v1/async-actions/{id}/reports/{part}", true },
        { "trash-bin", "/v1/trash-bin/{id}", true },
        { "campaigns", "/v1/vouchers", false },
        { "api", "/v1/vouchers", true },
        { "api", "/v1/whatever-comes", true },
        { "vouchers exports", "/v1/whatever-comes", false },
        { "vouchers", "/metrics", false },
        { "", "/v1/vouchers", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s %s\n", cases[i].scope, cases[i].pattern);
        const scope_set set = scope_parse(str_of(cases[i].scope), NULL);
        assert_int_equal(scope_covers(set, cases[i].pattern), cases[i].covers);
        assert_true(scope_covers(SCOPE_ALL, cases[i].pattern));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scope_names_are_parsed_and_unknown_ones_listed),
        cmocka_unit_test(scope_covers_the_path_of_its_name),
    };
    return cmocka_run_group_tests_name("api/scope", tests, NULL, NULL);
}
