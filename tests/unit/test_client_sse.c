/* SPDX-License-Identifier: MIT */
/* test_client_sse.c - server-sent events come out the same, however their bytes are cut. */
#include "client/sse.h"
#include "support/unit.h"

/* What was heard, as `name=data;` each. */
static int note(void *arg, struct str name, struct str data, struct err *err)
{
    struct buf *heard = arg;
    if (str_is(data, "refuse"))
        return err_set(err, ERR_IO, "refused");
    buf_printf(heard, "%.*s=%.*s;", STR_FMT(name), STR_FMT(data));
    return 0;
}

/* Feeds in pieces of `piece` bytes. */
static int feed(struct sse *s, struct str in, size_t piece, struct err *err)
{
    for (size_t at = 0; at < in.len; at += piece) {
        const size_t n = in.len - at < piece ? in.len - at : piece;
        if (sse_feed(s, in.p + at, n, err) < 0)
            return -1;
    }
    return 0;
}

static void events_do_not_depend_on_how_bytes_are_cut(void **state)
{
    static const struct {
        const char *label;
        struct str in;
        const char *want;
    } cases[] = {
        { "one", STR_INIT("event: end\ndata: {\"a\":1}\n\n"), "end={\"a\":1};" },
        { "no name", STR_INIT("data: x\n\n"), "message=x;" },
        { "CRLF", STR_INIT("event: a\r\ndata: 1\r\n\r\nevent: b\r\ndata: 2\r\n\r\n"), "a=1;b=2;" },
        { "CR", STR_INIT("event: a\rdata: 1\r\rdata: 2\r\r"), "a=1;message=2;" },
        { "a name is for one event", STR_INIT("event: a\ndata: 1\n\ndata: 2\n\n"),
          "a=1;message=2;" },
        { "comments", STR_INIT(": still here\n\ndata: 1\n: in between\n\n"), "message=1;" },
        { "lines are joined", STR_INIT("data: 1\ndata:2\ndata\n\n"), "message=1\n2\n;" },
        { "one blank goes", STR_INIT("data:  two\n\n"), "message= two;" },
        { "colons in it", STR_INIT("data: a:b: c\n\n"), "message=a:b: c;" },
        { "other fields", STR_INIT("id: 7\nretry: 10\nnews: x\ndata: 1\n\n"), "message=1;" },
        { "no data, no event", STR_INIT("event: a\n\ndata: 1\n\n"), "message=1;" },
        { "the last one is cut off", STR_INIT("data: 1\n\ndata: 2\n"), "message=1;" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s\n", cases[i].label);
        for (size_t piece = 1; piece <= cases[i].in.len; piece++) {
            struct sse s;
            struct buf heard;
            buf_init(&heard, KIB);
            sse_init(&s, note, &heard);
            MUST(feed(&s, cases[i].in, piece, must));
            assert_str(buf_str(&heard), cases[i].want);
            sse_release(&s);
            buf_release(&heard);
        }
    }
}

static void a_refused_event_ends_the_feeding(void **state)
{
    struct sse s;
    struct buf heard;
    struct err err = { 0 };
    (void)state;
    buf_init(&heard, KIB);
    sse_init(&s, note, &heard);
    assert_int_equal(feed(&s, STR("data: 1\n\ndata: refuse\n\ndata: 3\n\n"), 100, &err), -1);
    assert_string_equal(err.msg, "refused");
    assert_str(buf_str(&heard), "message=1;");
    sse_release(&s);
    buf_release(&heard);
}

static void a_line_without_end_has_a_ceiling(void **state)
{
    struct sse s;
    struct buf heard;
    struct err err = { 0 };
    size_t fed = 0;
    (void)state;
    buf_init(&heard, KIB);
    sse_init(&s, note, &heard);
    while (sse_feed(&s, "data: xx", 8, &err) == 0)
        fed += 8;
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_true(fed <= SSE_LINE_MAX_BYTES);
    sse_release(&s);
    buf_release(&heard);
}

static void many_lines_of_one_event_have_a_ceiling(void **state)
{
    struct sse s;
    struct buf heard;
    struct err err = { 0 };
    (void)state;
    buf_init(&heard, KIB);
    sse_init(&s, note, &heard);
    for (size_t i = 0; i < SSE_LINE_MAX_BYTES; i++)
        MUST(sse_feed(&s, "data: 1\n", 8, must));
    assert_int_equal(sse_feed(&s, "\n", 1, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    sse_release(&s);
    buf_release(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_do_not_depend_on_how_bytes_are_cut),
        cmocka_unit_test(a_refused_event_ends_the_feeding),
        cmocka_unit_test(a_line_without_end_has_a_ceiling),
        cmocka_unit_test(many_lines_of_one_event_have_a_ceiling),
    };
    return cmocka_run_group_tests_name("client/sse", tests, NULL, NULL);
}
