/* SPDX-License-Identifier: MIT */
/*
 * test_http_multipart.c - a body gives the same parts however it is cut into pieces.
 *
 * What the sink sees is rendered as `name=content;`; every body is fed whole, byte by byte, and in
 * two pieces cut at each place, each piece a block of its own for AddressSanitizer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/multipart.h"

#define TYPE "multipart/form-data; boundary=BB"

struct rendering {
    struct buf text;
    bool begun;
};

static int see_part(void *arg, struct str name, struct err *err)
{
    struct rendering *r = arg;
    (void)err;
    buf_puts(&r->text, r->begun ? STR(";") : STR(""));
    r->begun = true;
    buf_puts(&r->text, name);
    buf_putc(&r->text, '=');
    return 0;
}

static int see_data(void *arg, struct str piece, struct err *err)
{
    struct rendering *r = arg;
    assert_true(piece.len > 0);
    buf_puts(&r->text, piece);
    return buf_ok(&r->text, err);
}

static const struct multipart_sink sink = { .part = see_part, .data = see_data };

static int feed_copy(struct multipart *m, struct str piece, struct err *err)
{
    char *copy = mem_alloc(piece.len);
    assert_non_null(copy);
    memcpy(copy, piece.p, piece.len);
    const int rc = multipart_feed(m, copy, piece.len, err);
    mem_free(copy);
    return rc;
}

/* Pieces of `step` bytes after a first one of `first`. */
static int parse(struct str body, size_t first, size_t step, struct rendering *r, bool *complete)
{
    struct multipart m;
    struct err err = { 0 };
    int rc = 0;
    assert_true(multipart_init(&m, STR(TYPE), &sink, r));
    for (size_t at = 0; rc == 0 && at < body.len;) {
        const size_t want = at == 0 ? first : step;
        const size_t n = want < body.len - at ? want : body.len - at;
        rc = feed_copy(&m, (struct str){ body.p + at, n }, &err);
        at += n;
    }
    *complete = multipart_is_complete(&m);
    return rc;
}

static void check(struct str body, size_t first, size_t step, int want_rc, bool want_complete,
                  struct str want)
{
    struct rendering r = { 0 };
    bool complete = false;
    buf_init(&r.text, MIB);
    assert_int_equal(parse(body, first, step, &r, &complete), want_rc);
    if (want_rc == 0) {
        assert_int_equal(complete, want_complete);
        assert_int_equal(r.text.len, want.len);
        assert_true(str_eq(buf_str(&r.text), want));
    }
    buf_release(&r.text);
}

#define HEAD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"

static void multipart_gives_the_same_parts_however_it_is_cut(void **state)
{
    static const struct {
        const char *label;
        struct str body;
        int rc;
        bool complete;
        struct str want;
    } cases[] = {
        { "one part", STR_INIT("--BB\r\n" HEAD("file") "a,b\r\n1,2\r\n\r\n--BB--\r\n"), 0, true,
          STR_INIT("file=a,b\r\n1,2\r\n") },
        { "two parts, preamble, epilogue",
          STR_INIT("pre\r\n--BB\r\n" HEAD("a") "1\r\n--BB\r\n" HEAD("b") "2\r\n--BB--epi"), 0, true,
          STR_INIT("a=1;b=2") },
        { "empty part", STR_INIT("--BB\r\n" HEAD("a") "\r\n--BB--"), 0, true, STR_INIT("a=") },
        { "no part", STR_INIT("--BB--\r\n"), 0, true, STR_INIT("") },
        { "what looks like a boundary",
          STR_INIT("--BB\r\n" HEAD("a") "\r\n--B\r\n-\r\r\n--BX\r\n--BB--"), 0, true,
          STR_INIT("a=\r\n--B\r\n-\r\r\n--BX") },
        { "padding behind a boundary", STR_INIT("--BB \t\r\n" HEAD("a") "1\r\n--BB --"), 0, true,
          STR_INIT("a=1") },
        { "cut in the content", STR_INIT("--BB\r\n" HEAD("a") "1"), 0, false, STR_INIT("a=1") },
        { "cut in the closing boundary", STR_INIT("--BB\r\n" HEAD("a") "1\r\n--BB-"), 0, false,
          STR_INIT("a=1") },
        { "cut before the closing boundary", STR_INIT("--BB\r\n" HEAD("a") "1\r\n--B"), 0, false,
          STR_INIT("a=1") },
        { "empty body", STR_INIT(""), 0, false, STR_INIT("") },
        { "header names in any case",
          STR_INIT("--BB\r\nX: y\r\ncontent-DISPOSITION:form-data;NAME=x; filename=\"n;\\\"=\"\r\n"
                   "\r\n1\r\n--BB--"),
          0, true, STR_INIT("x=1") },
        { "no name", STR_INIT("--BB\r\n\r\n1\r\n--BB--"), 0, true, STR_INIT("=1") },
        { "text behind a boundary", STR_INIT("--BBx\r\n\r\n1\r\n--BB--"), -1, false, STR_INIT("") },
        { "a single dash", STR_INIT("--BB-\r\n"), -1, false, STR_INIT("") },
        { "NUL in the content", STR_INIT("--BB\r\n" HEAD("a") "\0\r\n\0\r\n--BB--"), 0, true,
          STR_INIT("a=\0\r\n\0") },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct str body = cases[i].body;
        print_message("  %s\n", cases[i].label);
        for (size_t step = 1; step <= 3; step++)
            check(body, step, step, cases[i].rc, cases[i].complete, cases[i].want);
        for (size_t first = 1; first <= body.len; first++)
            check(body, first, body.len, cases[i].rc, cases[i].complete, cases[i].want);
    }
}

static void multipart_head_has_a_ceiling(void **state)
{
    struct buf body;
    (void)state;
    buf_init(&body, MIB);
    buf_puts(&body, STR("--BB\r\nX: "));
    for (size_t i = 0; i < MULTIPART_HEAD_MAX; i++)
        buf_putc(&body, 'x');
    check(buf_str(&body), 100, 100, -1, false, STR(""));
    buf_release(&body);
}

static void multipart_takes_form_data_with_a_boundary_only(void **state)
{
    static const struct {
        const char *type;
        bool want;
    } cases[] = {
        { "multipart/form-data; boundary=x", true },
        { "Multipart/Form-Data;charset=utf-8;BOUNDARY=\"a b\"", true },
        { "multipart/form-data", false },
        { "multipart/form-data; boundary=", false },
        { "multipart/mixed; boundary=x", false },
        { "application/json", false },
        { "", false },
        { "multipart/form-data; "
          "boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
          false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct multipart m;
        print_message("  %s\n", cases[i].type);
        assert_int_equal(multipart_init(&m, str_of(cases[i].type), &sink, NULL), cases[i].want);
    }
    struct multipart m;
    assert_false(multipart_init(&m, (struct str){ NULL, 0 }, &sink, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multipart_gives_the_same_parts_however_it_is_cut),
        cmocka_unit_test(multipart_head_has_a_ceiling),
        cmocka_unit_test(multipart_takes_form_data_with_a_boundary_only),
    };
    return cmocka_run_group_tests_name("http/multipart", tests, NULL, NULL);
}
