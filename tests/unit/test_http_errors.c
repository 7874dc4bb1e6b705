/* SPDX-License-Identifier: MIT */
/* test_http_errors.c - which errors show their text to the client, and where it comes from. */
#include "http/errors.h"
#include "support/unit.h"

/* The answer's body, for an error with this text. */
static const char *reply(struct request *rq, enum err_code code, const char *text)
{
    static char body[4096];
    struct response rs = { 0 };
    struct err err = { 0 };
    buf_init(&rs.body, sizeof(body) - 1);
    err_set(&err, code, "%s", text);
    errors_reply(rq, &rs, &err, 0);
    assert_int_equal(rs.status, err_info(code)->status);
    memcpy(body, rs.body.p, rs.body.len);
    body[rs.body.len] = '\0';
    buf_release(&rs.body);
    return body;
}

static void what_is_ours_to_mend_is_not_told(void **state)
{
    struct request rq = { .id = "v-1" };
    (void)state;
    assert_string_equal(reply(&rq, ERR_STORE, "secret"),
                        "{\"code\":500,\"message\":\"Internal Server Error\",\"key\":"
                        "\"internal_error\",\"request_id\":\"v-1\"}");
    assert_string_equal(reply(&rq, ERR_INVALID_QUERY, "Property .x"),
                        "{\"code\":400,\"message\":\"Invalid query params\",\"key\":"
                        "\"invalid_query_params\",\"details\":\"Property .x\",\"request_id\":"
                        "\"v-1\"}");
}

static void a_query_that_takes_too_long_is_told_what_to_do(void **state)
{
    struct request rq = { .id = "v-1" };
    (void)state;
    assert_string_equal(reply(&rq, ERR_TOO_SLOW, "ask for less"),
                        "{\"code\":503,\"message\":\"The query takes too long\",\"key\":"
                        "\"query_timeout\",\"details\":\"ask for less\",\"request_id\":\"v-1\"}");
}

static void details_of_the_request_stand_in_for_a_text_that_is_too_short(void **state)
{
    struct request rq = { .id = "v-1", .details = STR("a very long text") };
    (void)state;
    assert_string_equal(reply(&rq, ERR_INVALID_PAYLOAD, "cut"),
                        "{\"code\":400,\"message\":\"Invalid payload\",\"key\":\"invalid_payload\","
                        "\"details\":\"a very long text\",\"request_id\":\"v-1\"}");
    assert_null(strstr(reply(&rq, ERR_INTERNAL, "x"), "details"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_ours_to_mend_is_not_told),
        cmocka_unit_test(a_query_that_takes_too_long_is_told_what_to_do),
        cmocka_unit_test(details_of_the_request_stand_in_for_a_text_that_is_too_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
