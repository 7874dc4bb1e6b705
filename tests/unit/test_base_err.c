/* SPDX-License-Identifier: MIT */
/* test_base_err.c - errors: the table, the texts, and that a cut text is still text. */
#include <errno.h>

#include "support/unit.h"

static void err_every_code_has_a_row(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        const struct err_info *info = err_info((enum err_code)code);
        assert_non_null(info->key);
        assert_non_null(info->message);
        assert_true(info->status >= 200 && info->status < 600);
    }
    assert_int_equal(err_info(ERR_CODE_COUNT)->status, 500);
    assert_int_equal(err_info((enum err_code) - 1)->status, 500);
}

/* Reference 1.6: what a client sees. */
static void err_keys_and_messages_are_the_references(void **state)
{
    (void)state;
    static const struct {
        enum err_code code;
        int status;
        const char *key, *message;
    } cases[] = {
        { ERR_INVALID_PAYLOAD, 400, "invalid_payload", "Invalid payload" },
        { ERR_INVALID_QUERY, 400, "invalid_query_params", "Invalid query params" },
        { ERR_UNAUTHORIZED, 401, "unauthorized", "Unauthorized" },
        { ERR_NOT_FOUND, 404, "not_found", "Resource not found" },
        { ERR_DUPLICATE, 409, "duplicate_found", "Duplicated resource found" },
        { ERR_DISK_FULL, 507, "insufficient_storage",
          "The server's disk is full, nothing was stored" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct err_info *info = err_info(cases[i].code);
        assert_int_equal(info->status, cases[i].status);
        assert_string_equal(info->key, cases[i].key);
        assert_string_equal(info->message, cases[i].message);
    }
}

static void err_wrap_puts_text_in_front_and_keeps_the_code(void **state)
{
    (void)state;
    struct err err = { 0 };
    assert_int_equal(err_set(&err, ERR_IO, "read %d", 5), -1);
    assert_int_equal(err_wrap(&err, "input '%s'", "a1"), -1);
    assert_int_equal(err_wrap(&err, "action"), -1);
    assert_int_equal(err.code, ERR_IO);
    assert_string_equal(err.msg, "action: input 'a1': read 5");
}

static void err_sys_knows_a_full_disk_and_no_memory(void **state)
{
    (void)state;
    static const struct {
        int sys;
        enum err_code code;
        const char *msg;
    } cases[] = {
        { ENOSPC, ERR_DISK_FULL, "cannot write 'x': No space left on device" },
        { EDQUOT, ERR_DISK_FULL, "cannot write 'x': Disk quota exceeded" },
        { EFBIG, ERR_DISK_FULL, "cannot write 'x': File too large" },
        { ENOMEM, ERR_NOMEM, "cannot write 'x': Cannot allocate memory" },
        { EACCES, ERR_IO, "cannot write 'x': Permission denied" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = { 0 };
        errno = cases[i].sys;
        assert_int_equal(err_sys(&err, "cannot write '%s'", "x"), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.msg, cases[i].msg);
    }
}

static void assert_is_cut_text(const struct err *err, size_t least)
{
    const struct str msg = str_of(err->msg);
    assert_true(msg.len < sizeof(err->msg) && msg.len >= least);
    assert_int_equal(str_utf8_invalid_at(msg), msg.len);
}

/* A message goes into JSON, which must be UTF-8: half a character may not be left at the end. */
static void err_text_that_is_too_long_is_cut_between_characters(void **state)
{
    (void)state;
    char text[2000];
    for (size_t shift = 0; shift < 4; shift++) {
        struct err err = { 0 };
        memset(text, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 4);
        err_set(&err, ERR_IO, "%s", text);
        assert_is_cut_text(&err, sizeof(err.msg) - 4);
        err_wrap(&err, "%s", "prefix");
        assert_is_cut_text(&err, sizeof(err.msg) - 8);
        err_wrap(&err, "%s", text);
        assert_is_cut_text(&err, sizeof(err.msg) / 2);
        errno = EACCES;
        err_sys(&err, "%s", text);
        assert_is_cut_text(&err, 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_every_code_has_a_row),
        cmocka_unit_test(err_keys_and_messages_are_the_references),
        cmocka_unit_test(err_wrap_puts_text_in_front_and_keeps_the_code),
        cmocka_unit_test(err_sys_knows_a_full_disk_and_no_memory),
        cmocka_unit_test(err_text_that_is_too_long_is_cut_between_characters),
    };
    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
