/* SPDX-License-Identifier: MIT */
/*
 * test_formats_json_records.c - a text gives the same records however it is cut into pieces.
 *
 * What a reader says of a text is rendered: the lines that it writes, the other member behind a
 * '+', at the end the error's text behind a '!', or only '!' for JSON that does not parse. Every
 * text is fed whole, in small steps, and in two pieces cut at each place, each piece a block of its
 * own for AddressSanitizer.
 */
#include <stdio.h>

#include "base/fault.h"
#include "formats/json_records.h"
#include "support/unit.h"

static const struct json_records_shape array = { .record_type = JSON_OBJECT };
static const struct json_records_shape codes = { .member = "codes",
                                                 .record_type = JSON_STRING,
                                                 .also = "metadata" };

struct rendering {
    struct json_records reader;
    struct buf text;
    size_t held; /* the most that was held of a value */
};

static int see_record(void *arg, int64_t index, const struct json *record, struct err *err)
{
    struct rendering *r = arg;
    if (json_member(record, "refuse") != NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "refused %lld", (long long)index);
    if (json_member(record, "break") != NULL)
        return err_set(err, ERR_IO, "broken %lld", (long long)index);
    return json_records_put(&r->reader, index, record, &r->text, err);
}

static int see_also(void *arg, const struct json *value, struct err *err)
{
    struct rendering *r = arg;
    buf_putc(&r->text, '+');
    json_put_tree(&(struct json_out){ .b = &r->text }, value);
    return buf_ok(&r->text, err);
}

static const struct json_records_sink sink = { .record = see_record, .also = see_also };

static int feed_copy(struct rendering *r, struct str piece, struct err *err)
{
    char *copy = malloc(piece.len);
    assert_non_null(copy);
    memcpy(copy, piece.p, piece.len);
    const int rc = json_records_feed(&r->reader, copy, piece.len, err);
    free(copy);
    if (r->reader.held.cap > r->held)
        r->held = r->reader.held.cap;
    return rc;
}

/* Pieces of `step` bytes behind a first one of `first`. */
static int read_text(struct rendering *r, const struct json_records_shape *shape, struct str text,
                     size_t first, size_t step, struct err *err)
{
    int rc = 0;
    r->held = 0;
    buf_init(&r->text, 64 * MIB);
    json_records_init(&r->reader, shape, &sink, r);
    for (size_t at = 0; rc == 0 && at < text.len;) {
        const size_t want = at == 0 ? first : step;
        const size_t n = want < text.len - at ? want : text.len - at;
        rc = feed_copy(r, (struct str){ text.p + at, n }, err);
        at += n;
    }
    if (rc == 0)
        rc = json_records_end(&r->reader, err);
    json_records_release(&r->reader);
    return rc;
}

static void render(struct rendering *r, const struct json_records_shape *shape, struct str text,
                   size_t first, size_t step)
{
    struct err err = { 0 };
    if (read_text(r, shape, text, first, step, &err) == 0)
        return;
    buf_reset(&r->text);
    buf_printf(&r->text, "!%s", err.code == ERR_INVALID_JSON ? "" : err.msg);
}

static void check(const struct json_records_shape *shape, struct str text, struct str want,
                  size_t first, size_t step)
{
    struct rendering r;
    render(&r, shape, text, first, step);
    if (!str_eq(buf_str(&r.text), want))
        fail_msg("%.*s\ncut %zu, %zu: %.*s", STR_FMT(text), first, step, STR_FMT(buf_str(&r.text)));
    buf_release(&r.text);
}

static void check_cuts(const struct json_records_shape *shape, struct str text, struct str want)
{
    for (size_t step = 1; step <= 4; step++)
        check(shape, text, want, step, step);
    for (size_t first = 1; first <= text.len; first++)
        check(shape, text, want, first, text.len);
}

struct sample {
    const char *in, *want;
};

static void check_all(const struct json_records_shape *shape, const struct sample *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        print_message("  %s\n", cases[i].in);
        check_cuts(shape, str_of(cases[i].in), str_of(cases[i].want));
    }
}

static void an_array_gives_its_records(void **state)
{
    static const struct sample cases[] = {
        { "[]", "" },
        { " \r\n\t[ \n ] \n", "" },
        { "\xEF\xBB\xBF[{}]", "{}\n" },
        { "\xEF\xBB\xBF \n[{}]", "{}\n" },
        { "[{\"a\":1},{\"b\":[2,{\"c\":null}]}]", "{\"a\":1}\n{\"b\":[2,{\"c\":null}]}\n" },
        { "[\n  {\n    \"a\" : 1 ,\n    \"b\" : \"x\\ny\"\n  }\n , {} ]",
          "{\"a\":1,\"b\":\"x\\ny\"}\n{}\n" },
        { "[{\"n\":29.99,\"e\":1e400,\"i\":12345678901234567890,\"z\":-0.0}]",
          "{\"n\":29.99,\"e\":1e400,\"i\":12345678901234567890,\"z\":-0.0}\n" },
        { "[{\"a\":\"]}\\\"[{,\\\\\"},{\"\\\\\":\"\\\\\\\"\"}]",
          "{\"a\":\"]}\\\"[{,\\\\\"}\n{\"\\\\\":\"\\\\\\\"\"}\n" },
        { "[{\"\\u00e9\\ud83d\\ude00\":\"\xC3\xA9\"}]",
          "{\"\xC3\xA9\xF0\x9F\x98\x80\":\"\xC3\xA9\"}\n" },
    };
    (void)state;
    check_all(&array, cases, ARRAY_LEN(cases));
}

static void an_object_gives_the_records_of_its_member(void **state)
{
    static const struct sample cases[] = {
        { "{}", "" },
        { "{\"codes\":[]}", "" },
        { "{\"codes\":[\"A\",\"B\\\"\"],\"metadata\":{\"n\":1.50}}",
          "\"A\"\n\"B\\\"\"\n+{\"n\":1.50}" },
        { "{ \"metadata\" : { } , \"codes\" : [ \"A\" ] }", "+{}\"A\"\n" },
        { "{\"x\":[[{\"codes\":[1]}]],\"y\":\"codes\",\"z\":1,\"codes\":[\"A\"],\"u\":null}",
          "\"A\"\n" },
        { "{\"c\\u006fdes\":[\"A\"]}", "\"A\"\n" },
        { "{\"metadata\":1,\"metadata\":2}", "+1+2" },
    };
    (void)state;
    check_all(&codes, cases, ARRAY_LEN(cases));
}

static void json_that_does_not_parse_is_refused(void **state)
{
    static const struct sample in_array[] = {
        { "", "!" },
        { " \n", "!" },
        { "\xEF\xBB\xBF", "!" },
        { "\xEF\xBB", "!" },
        { "\xEF\xBB[]", "!" },
        { " \xEF\xBB\xBF[]", "!" },
        { "\xEF\xBB\xBF\xEF\xBB\xBF[]", "!" },
        { "[\xEF\xBB\xBF{}]", "!" },
        { "[", "!" },
        { "]", "!" },
        { "[{}", "!" },
        { "[{}}", "!" },
        { "[{},", "!" },
        { "[{},]", "!" },
        { "[,{}]", "!" },
        { "[{},,{}]", "!" },
        { "[{}{}]", "!" },
        { "[{} {}]", "!" },
        { "[{}:{}]", "!" },
        { "[{}]]", "!" },
        { "[{}] x", "!" },
        { "[{}],", "!" },
        { "[{}]\xEF\xBB\xBF", "!" },
        { "[{]}]", "!" },
        { "[{\"a\":1,}]", "!" },
        { "[{\"a\":01}]", "!" },
        { "[{\"a\":\"\\x\"}]", "!" },
        { "[{\"a\":\"\\u0000\"}]", "!" },
        { "[{\"a\":\"\\ud800\"}]", "!" },
        { "[{\"a\":\"\n\"}]", "!" },
        { "[{\"a\":\"\xFF\"}]", "!" },
        { "[{\"a", "!" },
        { "[{\"a\\", "!" },
        { "[nul]", "!" },
        { "[nullx]", "!" },
        { "[1 2]", "!" },
        { "[1\"a\"]", "!" },
        { "[1{}]", "!" },
        { "['a']", "!" },
        { "//\n[]", "!" },
        { "hello", "!" },
        { "nul", "!" },
        { "1 1", "!" },
        { "{\"a\":1", "!" },
        { "{\"a\":1}]", "!" },
    };
    static const struct sample in_object[] = {
        { "{", "!" },
        { "{,}", "!" },
        { "{\"codes\"}", "!" },
        { "{\"codes\":}", "!" },
        { "{\"codes\" [\"A\"]}", "!" },
        { "{\"codes\":[\"A\"]", "!" },
        { "{\"codes\":[\"A\"}", "!" },
        { "{\"codes\":[\"A\"],}", "!" },
        { "{\"codes\":[\"A\"]]", "!" },
        { "{\"codes\":[\"A\"]},", "!" },
        { "{codes:[]}", "!" },
        { "{1:[]}", "!" },
        { "{[]:[]}", "!" },
        { "{\"a\":1 \"b\":2}", "!" },
        { "{\"a\":[1,]}", "!" },
        { "[\"A\"", "!" },
    };
    (void)state;
    check_all(&array, in_array, ARRAY_LEN(in_array));
    check_all(&codes, in_object, ARRAY_LEN(in_object));
}

static void what_was_not_asked_for_is_named(void **state)
{
    static const struct sample in_array[] = {
        { "{}", "!Payload must be array" },
        { "{\"a\":[{}]} ", "!Payload must be array" },
        { "\"a\"", "!Payload must be array" },
        { " 12", "!Payload must be array" },
        { "12 ", "!Payload must be array" },
        { "null", "!Payload must be array" },
        { "[{},[],{}]", "!Property [1] must be object" },
        { "[{},{},null]", "!Property [2] must be object" },
        { "[1]", "!Property [0] must be object" },
        { "[\"a\", 1]", "!Property [0] must be object" },
        { "[{},{\"refuse\":1},{}]", "!refused 1" },
        { "[{},1,{\"refuse\":1}]", "!Property [1] must be object" },
        { "[{},{\"refuse\":1},1]", "!refused 1" },
        { "[{},{\"break\":1},1]", "!broken 1" },
    };
    static const struct sample in_object[] = {
        { "[]", "!Payload must be object" },
        { "[\"A\"]", "!Payload must be object" },
        { "true", "!Payload must be object" },
        { "{\"codes\":\"A\"}", "!Property .codes must be array" },
        { "{\"codes\":{}}", "!Property .codes must be array" },
        { "{\"codes\":null}", "!Property .codes must be array" },
        { "{\"codes\":1}", "!Property .codes must be array" },
        { "{\"codes\":[\"A\",\"B\",\"C\",4]}", "!Property .codes[3] must be string" },
        { "{\"codes\":[[\"A\"]]}", "!Property .codes[0] must be string" },
        { "{\"codes\":[\"A\"],\"codes\":[\"B\"]}", "!Property .codes must NOT be given twice" },
        { "{\"codes\":[],\"codes\":1}", "!Property .codes must be array" },
    };
    (void)state;
    check_all(&array, in_array, ARRAY_LEN(in_array));
    check_all(&codes, in_object, ARRAY_LEN(in_object));
}

static void json_that_does_not_parse_is_the_greater_fault(void **state)
{
    static const struct sample in_array[] = {
        { "[1,{}", "!" },
        { "[1,{}] x", "!" },
        { "[{\"refuse\":1},nul]", "!" },
        { "{\"a\":1}}", "!" },
    };
    static const struct sample in_object[] = {
        { "{\"codes\":1", "!" },
        { "{\"codes\":[1],\"codes\":[1}", "!" },
        { "[1,]", "!" },
    };
    (void)state;
    check_all(&array, in_array, ARRAY_LEN(in_array));
    check_all(&codes, in_object, ARRAY_LEN(in_object));
}

static void nesting_has_the_limit_of_a_value(void **state)
{
    (void)state;
    for (size_t depth = JSON_MAX_DEPTH - 1; depth <= JSON_MAX_DEPTH; depth++) {
        struct buf text, want;
        buf_init(&text, KIB);
        buf_init(&want, KIB);
        buf_puts(&text, STR("{\"a\":"));
        for (size_t i = 0; i < depth; i++)
            buf_putc(&text, '[');
        for (size_t i = 0; i < depth; i++)
            buf_putc(&text, ']');
        buf_putc(&text, '}');
        buf_puts(&want, depth < JSON_MAX_DEPTH ? buf_str(&text) : STR("!"));
        buf_puts(&want, depth < JSON_MAX_DEPTH ? STR("\n") : STR(""));
        char in[KIB];
        const int n = snprintf(in, sizeof(in), "[%.*s]", STR_FMT(buf_str(&text)));
        check_cuts(&array, (struct str){ in, (size_t)n }, buf_str(&want));
        buf_release(&text);
        buf_release(&want);
    }
}

/* A text of `n` times the byte between what is in front and behind. */
static struct str padded(struct buf *b, const char *before, char byte, size_t n, const char *behind)
{
    buf_init(b, 64 * MIB);
    buf_puts(b, str_of(before));
    char *at = buf_reserve(b, n);
    assert_non_null(at);
    memset(at, byte, n);
    b->len += n;
    buf_puts(b, str_of(behind));
    return buf_str(b);
}

static void a_value_has_a_ceiling(void **state)
{
    static const struct {
        const struct json_records_shape *shape;
        const char *before;
        char byte;
        size_t n;
        const char *behind, *want; /* NULL: accepted */
    } cases[] = {
        { &array, "[{},{\"a\":\"", 'x', JSON_RECORD_MAX_BYTES - 10, "\"}]", NULL },
        { &array, "[{},{\"a\":\"", 'x', JSON_RECORD_MAX_BYTES - 7, "\"}]",
          "!Property [1] must NOT be longer than 4194304 bytes" },
        { &array, "[{},{\"a\":1", ' ', JSON_RECORD_MAX_BYTES, "}]",
          "!Property [1] must NOT be longer than 4194304 bytes" },
        { &codes, "{\"codes\":[\"", 'x', JSON_RECORD_MAX_BYTES, "\"]}",
          "!Property .codes[0] must NOT be longer than 4194304 bytes" },
        { &codes, "{\"metadata\":\"", 'x', JSON_RECORD_MAX_BYTES, "\"}",
          "!Property .metadata must NOT be longer than 4194304 bytes" },
        { &codes, "{\"x\":\"", 'x', JSON_RECORD_MAX_BYTES, "\"}",
          "!Payload must NOT have members of more than 4194304 bytes" },
        { &codes, "{\"", 'x', JSON_RECORD_MAX_BYTES, "\":1}",
          "!Payload must NOT have members of more than 4194304 bytes" },
        { &array, "{\"x\":\"", 'x', JSON_RECORD_MAX_BYTES, "\"}", "!Payload must be array" },
        { &array, "", '1', JSON_RECORD_MAX_BYTES + 1, "", "!Payload must be array" },
        { &array, "[", ' ', 5 * MIB, "]", NULL },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b;
        const struct str text =
            padded(&b, cases[i].before, cases[i].byte, cases[i].n, cases[i].behind);
        for (size_t step = 7777; step <= text.len; step += text.len - 7777) {
            struct rendering r;
            render(&r, cases[i].shape, text, step, step);
            if (cases[i].want != NULL)
                assert_str(buf_str(&r.text), cases[i].want);
            else
                assert_true(r.text.len == 0 || r.text.p[0] != '!');
            buf_release(&r.text);
        }
        buf_release(&b);
    }
}

/* "\b" is two bytes in the text and six in its line. */
static void a_line_has_a_ceiling(void **state)
{
    struct buf b;
    (void)state;
    buf_init(&b, 64 * MIB);
    buf_puts(&b, STR("[{},{\"a\":\""));
    for (size_t i = 0; i < MIB; i++)
        buf_puts(&b, STR("\\b"));
    buf_puts(&b, STR("\"}]"));
    check(&array, buf_str(&b), STR("!Property [1] must NOT be longer than 4194304 bytes"), b.len,
          b.len);
    buf_release(&b);
}

static void no_more_than_a_record_is_held(void **state)
{
    struct buf b;
    struct rendering r;
    struct err err = { 0 };
    (void)state;
    buf_init(&b, 64 * MIB);
    for (size_t i = 0; i < 100000; i++)
        buf_printf(&b, "%s {\"code\": \"C%zu\", \"metadata\": {\"n\": %zu}}", i > 0 ? "," : "[", i,
                   i);
    buf_putc(&b, ']');
    assert_int_equal(read_text(&r, &array, buf_str(&b), 1000, 1000, &err), 0);
    assert_int_equal(r.reader.index, 100000);
    assert_in_range(r.held, 1, 128);
    buf_release(&r.text);
    assert_int_equal(read_text(&r, &array, buf_str(&b), b.len, b.len, &err), 0);
    assert_int_equal(r.held, 0); /* in one piece nothing is copied */
    buf_release(&r.text);
    buf_release(&b);
}

static void it_can_be_told_whether_anything_was_there(void **state)
{
    static const struct {
        const char *in;
        bool empty;
    } cases[] = { { "", true },
                  { " \n", true },
                  { "\xEF\xBB\xBF", true },
                  { "\xEF\xBB\xBF ", true },
                  { "\xEF", false },
                  { "[", false },
                  { "1", false } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json_records r;
        struct err err = { 0 };
        json_records_init(&r, &array, &sink, NULL);
        assert_int_equal(json_records_feed(&r, cases[i].in, strlen(cases[i].in), &err), 0);
        assert_int_equal(json_records_is_empty(&r), cases[i].empty);
        json_records_release(&r);
    }
}

static void want_of_memory_is_an_error_and_no_leak(void **state)
{
    static const char text[] = "{\"metadata\":{\"a\":[1,2,3]},\"codes\":[\"A\\n\",\"B\"]}";
    (void)state;
    for (size_t nth = 1, fired = 1; fired > 0; nth++) {
        struct rendering r;
        struct err err = { 0 };
        fault_arm(FAULT_ALLOC, nth, false);
        const int rc = read_text(&r, &codes, str_of(text), 5, 5, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired > 0 ? -1 : 0);
        assert_int_equal(err.code, fired > 0 ? ERR_NOMEM : ERR_OK);
        buf_release(&r.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_gives_its_records),
        cmocka_unit_test(an_object_gives_the_records_of_its_member),
        cmocka_unit_test(json_that_does_not_parse_is_refused),
        cmocka_unit_test(what_was_not_asked_for_is_named),
        cmocka_unit_test(json_that_does_not_parse_is_the_greater_fault),
        cmocka_unit_test(nesting_has_the_limit_of_a_value),
        cmocka_unit_test(a_value_has_a_ceiling),
        cmocka_unit_test(a_line_has_a_ceiling),
        cmocka_unit_test(no_more_than_a_record_is_held),
        cmocka_unit_test(it_can_be_told_whether_anything_was_there),
        cmocka_unit_test(want_of_memory_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests_name("formats/json_records", tests, NULL, NULL);
}
