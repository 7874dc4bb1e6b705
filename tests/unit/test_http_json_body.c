/* SPDX-License-Identifier: MIT */
/*
 * test_http_json_body.c - where the records of a body go, and that nothing of it stays behind.
 */
#include <stdio.h>

#include "base/fault.h"
#include "http/json_body.h"
#include "support/unit.h"

static int check_item(const struct records_shape *shape, const struct json *record, struct err *err)
{
    (void)shape;
    if (json_member(record, "bad") == NULL)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "Property .bad must be absent");
}

static const struct records_shape items = { .text = { .record_type = JSON_OBJECT },
                                            .check = check_item };
static const struct records_shape codes = {
    .text = { .member = "codes", .record_type = JSON_STRING, .also = "metadata" },
    .may_be_empty = true,
};

struct upload_test {
    char *dir;
    struct spool *spool;
    struct arena arena;
    struct json_body *body;
};

static int setup(void **state)
{
    struct upload_test *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->dir = unit_dir_make();
    MUST(spool_open(t->dir, &t->spool, must));
    arena_init(&t->arena, 4 * KIB, 0);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct upload_test *t = *state;
    arena_release(&t->arena);
    spool_close(t->spool);
    unit_dir_remove(t->dir);
    free(t);
    return 0;
}

/* In pieces of 1000 bytes. */
static int read_body(struct upload_test *t, const struct records_shape *shape, struct str text,
                     struct err *err)
{
    if (json_body_begin(&t->arena, t->spool, shape, &t->body, err) < 0)
        return -1;
    for (size_t at = 0; at < text.len; at += 1000) {
        const size_t n = text.len - at < 1000 ? text.len - at : 1000;
        if (json_body_feed(t->body, text.p + at, n, err) < 0)
            return -1;
    }
    return json_body_end(t->body, err);
}

static void assert_refused(struct upload_test *t, const struct records_shape *shape,
                           const char *text, const char *want)
{
    struct err err = { 0 };
    assert_int_equal(read_body(t, shape, str_of(text), &err), -1);
    assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
    assert_string_equal(err.msg, want);
    json_body_release(t->body);
}

/* [{"n":0},{"n":1},…]; its lines are as long, with a newline for each comma or bracket. */
static struct str many_items(struct buf *b, size_t n)
{
    buf_init(b, 64 * MIB);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s{\"n\":%zu}", i > 0 ? "," : "[", i);
    buf_putc(b, ']');
    return buf_str(b);
}

static void few_records_stay_in_memory(void **state)
{
    struct upload_test *t = *state;
    MUST(read_body(t, &items, STR(" [ {\"a\" : 1.50 } ,\n{\"b\":\"x\\ny\"}] "), must));
    assert_null(t->body->file);
    assert_str(buf_str(&t->body->lines), "{\"a\":1.50}\n{\"b\":\"x\\ny\"}\n");
    assert_int_equal(t->body->count, 2);
    assert_int_equal(t->body->bytes, t->body->lines.len);
    assert_int_equal(unit_count_files(t->dir), 0);
    json_body_release(t->body);
}

static void many_records_go_to_the_spool_all_of_them(void **state)
{
    struct upload_test *t = *state;
    struct buf b;
    const struct str text = many_items(&b, 50000);
    MUST(read_body(t, &items, text, must));
    assert_non_null(t->body->file);
    assert_int_equal(t->body->lines.len, 0);
    assert_true(t->body->lines.cap <= 64 * KIB);
    assert_int_equal(t->body->count, 50000);
    assert_int_equal(t->body->bytes, text.len - 1); /* without the opening bracket */
    assert_int_equal(upload_bytes(t->body->file), t->body->bytes);
    char *back = malloc(text.len);
    size_t got = 0;
    assert_non_null(back);
    MUST(upload_read(t->body->file, 0, back, text.len, &got, must));
    assert_int_equal(got, t->body->bytes);
    for (size_t i = 0; i < got; i++)
        assert_true(back[i] == text.p[i + 1] || (back[i] == '\n' && strchr(",]", text.p[i + 1])));
    free(back);
    buf_release(&b);
    json_body_release(t->body);
    json_body_release(t->body); /* once more is fine */
    assert_int_equal(unit_count_files(t->dir), 0);
}

static void the_other_member_is_kept_compact(void **state)
{
    struct upload_test *t = *state;
    MUST(read_body(t, &codes, STR("{\"metadata\" : { \"n\" : 1.50 },\"codes\":[\"A\"]}"), must));
    assert_str(t->body->also, "{\"n\":1.50}");
    json_body_release(t->body);
    MUST(read_body(t, &codes, STR("{\"codes\":[\"A\"],\"metadata\":null}"), must));
    assert_null(t->body->also.p);
    json_body_release(t->body);
    assert_refused(t, &codes, "{\"codes\":[],\"metadata\":[]}",
                   "Property .metadata must be object");
}

static void an_empty_body_is_empty_where_it_may_be(void **state)
{
    struct upload_test *t = *state;
    struct err err = { 0 };
    MUST(read_body(t, &codes, STR(" \n"), must));
    assert_int_equal(t->body->count, 0);
    json_body_release(t->body);
    assert_int_equal(read_body(t, &items, STR(" \n"), &err), -1);
    assert_int_equal(err.code, ERR_INVALID_JSON);
    json_body_release(t->body);
}

static void a_record_that_is_refused_is_numbered(void **state)
{
    assert_refused(*state, &items, "[{},{},{\"bad\":1},{\"bad\":2}]",
                   "Property .bad must be absent (item 2)");
}

static void what_is_refused_leaves_nothing(void **state)
{
    struct upload_test *t = *state;
    struct buf b;
    struct err err = { 0 };
    many_items(&b, 20000);
    b.p[b.len - 1] = '}';
    assert_int_equal(read_body(t, &items, buf_str(&b), &err), -1);
    assert_int_equal(err.code, ERR_INVALID_JSON);
    assert_int_equal(unit_count_files(t->dir), 1);
    json_body_release(t->body);
    assert_int_equal(unit_count_files(t->dir), 0);
    buf_release(&b);
}

/* Each fallible call fails once: always a clear error, never a leak or a file. */
static void fails(struct upload_test *t, enum fault_kind kind, enum err_code code)
{
    struct buf b;
    const struct str text = many_items(&b, 5000);
    size_t nth = 1;
    for (size_t fired = 1; fired > 0; nth++) {
        struct err err = { 0 };
        t->body = NULL;
        fault_arm(kind, nth, false);
        const int rc = read_body(t, &items, text, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired > 0 ? -1 : 0);
        assert_int_equal(err.code, fired > 0 ? code : ERR_OK);
        json_body_release(t->body);
        assert_int_equal(unit_count_files(t->dir), 0);
    }
    assert_true(nth > 3);
    buf_release(&b);
}

static void want_of_memory_is_an_error_and_leaves_nothing(void **state)
{
    fails(*state, FAULT_ALLOC, ERR_NOMEM);
}

static void a_full_disk_is_an_error_and_leaves_nothing(void **state)
{
    fails(*state, FAULT_WRITE, ERR_DISK_FULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(few_records_stay_in_memory),
        TEST(many_records_go_to_the_spool_all_of_them),
        TEST(the_other_member_is_kept_compact),
        TEST(an_empty_body_is_empty_where_it_may_be),
        TEST(a_record_that_is_refused_is_numbered),
        TEST(what_is_refused_leaves_nothing),
        TEST(want_of_memory_is_an_error_and_leaves_nothing),
        TEST(a_full_disk_is_an_error_and_leaves_nothing),
    };
    return cmocka_run_group_tests_name("http/json_body", tests, NULL, NULL);
}
