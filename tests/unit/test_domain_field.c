/* SPDX-License-Identifier: MIT */
/*
 * test_domain_field.c - headings, coercion of every kind from cells and from JSON, and the columns
 * of a file, over a small table of our own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "domain/column.h"

struct thing {
    uint32_t set;
    struct str name;
    uint8_t colour;
    bool hot;
    int64_t count;
    int64_t price;
    struct num rate;
    int64_t at;
};

static const char *const colours[] = { "none", "RED", "GREEN", "BLUE", NULL };

#define AT(member) offsetof(struct thing, member)

enum { NAME, COLOUR, HOT, COUNT, PRICE, RATE, WHEN, OTHER, CODE, THING_ROWS };

static const struct field thing_rows[] = {
    [NAME] = { .heading = "Full Name",
               .path = ".name",
               .kind = FIELD_TEXT,
               .flags = FIELD_NULLABLE,
               .offset = AT(name) },
    [COLOUR] = { .heading = "Colour",
                 .path = ".colour",
                 .kind = FIELD_ENUM,
                 .names = colours,
                 .allowed = 1u << 1 | 1u << 3,
                 .offset = AT(colour) },
    [HOT] = { .heading = "Hot",
              .path = ".hot",
              .kind = FIELD_BOOL,
              .flags = FIELD_NULLABLE,
              .offset = AT(hot) },
    [COUNT] = { .heading = "Count",
                .path = ".stock.count",
                .kind = FIELD_INTEGER,
                .flags = FIELD_NULLABLE,
                .offset = AT(count) },
    [PRICE] = { .heading = "Price", .path = ".price", .kind = FIELD_MONEY, .offset = AT(price) },
    [RATE] = { .heading = "Rate", .path = ".rate", .kind = FIELD_NUMBER, .offset = AT(rate) },
    [WHEN] = { .heading = "When", .path = ".when", .kind = FIELD_TIME, .offset = AT(at) },
    [OTHER] = { .heading = "Other", .kind = FIELD_IGNORED },
    [CODE] = { .heading = "Code", .path = ".code", .kind = FIELD_TEXT, .offset = AT(name) },
};
static const struct field_table things = { thing_rows, THING_ROWS };

static int setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, KIB, 0);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    fault_disarm();
    arena_release(*state);
    return 0;
}

/* Everything in a thing, so that a table can say what a cell made of it. */
static struct str describe(struct arena *a, const struct thing *t)
{
    struct buf b;
    buf_init(&b, 4 * KIB);
    buf_printf(&b, "%.*s %s %d %lld %lld ", STR_FMT(t->name), colours[t->colour], t->hot,
               (long long)t->count, (long long)t->price);
    num_put(&b, t->rate);
    buf_printf(&b, " %lld", (long long)t->at);
    const struct str text = arena_str(a, buf_str(&b));
    buf_release(&b);
    return text;
}

static const struct thing nothing = { .rate = { .is_int = true } };

static void headings_match_loosely_but_not_more(void **state)
{
    (void)state;
    static const struct {
        const char *heading;
        int want;
    } cases[] = {
        { "Full Name", NAME },
        { "full_name", NAME },
        { " FULL NAME\t", NAME },
        { "Full__Name", -1 },
        { "Full  Name", -1 },
        { "FullName", -1 },
        { "Full Nam", -1 },
        { "Full Names", -1 },
        { "Colour", COLOUR },
        { "other", OTHER },
        { "", -1 },
        { "  ", -1 },
        { "\xC3\x9C"
          "ber",
          -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  '%s'\n", cases[i].heading);
        assert_int_equal(field_find(&things, str_of(cases[i].heading)), cases[i].want);
    }
    assert_int_equal(field_find(&things, (struct str){ "Code\0", 5 }), -1);
}

struct coercion {
    int row;
    const char *in;
    const char *want; /* describe() of the thing, or the sentence */
};

static void check_coercion(struct arena *a, const struct coercion *c, const char *what,
                           const struct thing *t)
{
    const struct field *f = &thing_rows[c->row];
    const struct str got = what != NULL ? field_reason(f, what, a) : describe(a, t);
    print_message("  %s: %s\n", f->heading, c->in);
    assert_string_equal(got.p, c->want);
    if (what != NULL)
        assert_string_equal(describe(a, t).p, describe(a, &nothing).p);
}

static const char not_a_colour[] =
    "Property .colour must be equal to one of the allowed values [ RED, BLUE ]";
static const char not_a_time[] = "Property .when cannot be recognized as a ISO-8601 compliant date";

static void cells_become_what_their_kind_says(void **state)
{
    static const struct coercion cases[] = {
        { NAME, " 007 ", " 007  none 0 0 0 0 0" },
        { COLOUR, "RED", " RED 0 0 0 0 0" },
        { COLOUR, "GREEN", not_a_colour }, /* exists, is not allowed */
        { COLOUR, "red", not_a_colour },
        { COLOUR, "none", not_a_colour },
        { COLOUR, "REDDER", not_a_colour },
        { HOT, "TRUE", " none 1 0 0 0 0" },
        { HOT, "tRue", " none 1 0 0 0 0" },
        { HOT, "False", " none 0 0 0 0 0" },
        { HOT, "yes", "Property .hot must be boolean" },
        { HOT, "1", "Property .hot must be boolean" },
        { COUNT, "0", " none 0 0 0 0 0" },
        { COUNT, "0012", " none 0 12 0 0 0" },
        { COUNT, "9223372036854775807", " none 0 9223372036854775807 0 0 0" },
        { COUNT, "9223372036854775808", "Property .stock.count must be integer" },
        { COUNT, "1.0", "Property .stock.count must be integer" },
        { COUNT, "1e3", "Property .stock.count must be integer" },
        { COUNT, "ten", "Property .stock.count must be integer" },
        { COUNT, "-1", "Property .stock.count must be >= 0" },
        { PRICE, "13", " none 0 0 1300 0 0" },
        { PRICE, "14.5", " none 0 0 1450 0 0" },
        { PRICE, "0.01", " none 0 0 1 0 0" },
        { PRICE, ".5", " none 0 0 50 0 0" },
        { PRICE, "1.234", "Property .price must have at most 2 decimals" },
        { PRICE, "-1", "Property .price must be >= 0" },
        { PRICE, "-1.234", "Property .price must be >= 0" },
        { PRICE, "1,50", "Property .price must be number" },
        { PRICE, "92233720368547758.08", "Property .price must be number" },
        { RATE, "12.5", " none 0 0 0 12.5 0" },
        { RATE, "10", " none 0 0 0 10 0" },
        { RATE, "1e2", " none 0 0 0 100 0" },
        { RATE, "10%", "Property .rate must be number" },
        { RATE, "-0.5", "Property .rate must be >= 0" },
        { RATE, "NaN", "Property .rate must be number" },
        { WHEN, "1970-01-02", " none 0 0 0 0 86400000" },
        { WHEN, "1970-01-01T00:00:01.5Z", " none 0 0 0 0 1500" },
        { WHEN, "1970-01-01T02:00:00+02:00", " none 0 0 0 0 0" },
        { WHEN, "2023-02-29", not_a_time },
        { WHEN, "01.02.2023", not_a_time },
        { OTHER, "anything", " none 0 0 0 0 0" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct thing t = nothing;
        const char *what = field_from_cell(&thing_rows[cases[i].row], str_of(cases[i].in), &t);
        check_coercion(*state, &cases[i], what, &t);
    }
}

static void json_values_become_what_their_kind_says(void **state)
{
    static const struct coercion cases[] = {
        { NAME, "\" a\"", " a none 0 0 0 0 0" },
        { NAME, "5", "Property .name must be string,null" },
        { CODE, "true", "Property .code must be string" },
        { COLOUR, "\"BLUE\"", " BLUE 0 0 0 0 0" },
        { COLOUR, "\"GREEN\"", not_a_colour },
        { COLOUR, "3", not_a_colour },
        { HOT, "true", " none 1 0 0 0 0" },
        { HOT, "false", " none 0 0 0 0 0" },
        { HOT, "\"true\"", "Property .hot must be boolean,null" },
        { COUNT, "10", " none 0 10 0 0 0" },
        { COUNT, "10.0", " none 0 10 0 0 0" },
        { COUNT, "1e1", " none 0 10 0 0 0" },
        { COUNT, "10.5", "Property .stock.count must be integer,null" },
        { COUNT, "1e300", "Property .stock.count must be integer,null" },
        { COUNT, "-1e300", "Property .stock.count must be integer,null" },
        { COUNT, "\"10\"", "Property .stock.count must be integer,null" },
        { COUNT, "-1", "Property .stock.count must be >= 0" },
        { PRICE, "1300", " none 0 0 1300 0 0" }, /* minor units */
        { PRICE, "13.5", "Property .price must be integer" },
        { RATE, "12.5", " none 0 0 0 12.5 0" },
        { RATE, "[]", "Property .rate must be number" },
        { RATE, "-1", "Property .rate must be >= 0" },
        { WHEN, "\"1970-01-02\"", " none 0 0 0 0 86400000" },
        { WHEN, "\"\"", not_a_time },
        { WHEN, "86400000", not_a_time },
        { WHEN, "{}", not_a_time },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct thing t = nothing;
        struct json *v;
        struct err err;
        assert_int_equal(json_parse(*state, str_of(cases[i].in), &v, &err), 0);
        const char *what = field_from_json(&thing_rows[cases[i].row], v, &t);
        check_coercion(*state, &cases[i], what, &t);
    }
}

static void json_member_is_found_along_its_path(void **state)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        { "{\"stock\":{\"x\":1,\"count\":7}}", "7" },
        { "{\"stock\":{\"x\":1}}", NULL },
        { "{\"stock\":7}", NULL },
        { "{\"count\":7}", NULL },
        { "{\"stock\":[7]}", NULL },
        { "[]", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *body;
        struct err err;
        assert_int_equal(json_parse(*state, str_of(cases[i].body), &body, &err), 0);
        const struct json *v = field_in_json(&thing_rows[COUNT], body);
        assert_true((v == NULL) == (cases[i].want == NULL));
        assert_true(v == NULL || str_is(v->text, cases[i].want));
    }
    assert_null(field_in_json(&thing_rows[COUNT], NULL));
}

static void assigning_tells_whether_it_changed_anything(void **state)
{
    const struct thing from = { .name = STR_INIT("n"),
                                .colour = 1,
                                .hot = true,
                                .count = 2,
                                .price = 3,
                                .rate = { .d = 4.5 },
                                .at = 5 };
    struct thing to = nothing;
    (void)state;
    for (size_t i = NAME; i <= WHEN; i++) {
        assert_true(field_assign(&thing_rows[i], &to, &from));
        assert_false(field_assign(&thing_rows[i], &to, &from));
    }
    assert_false(field_assign(&thing_rows[OTHER], &to, &from));
    assert_true(str_is(to.name, "n") && to.colour == 1 && to.hot && to.count == 2);
    assert_true(to.price == 3 && num_eq(to.rate, from.rate) && to.at == 5);
    to.rate = num_int(7);
    assert_false(field_assign(&thing_rows[RATE], &to, &(struct thing){ .rate = { .d = 7.0 } }));
}

/* ---- columns ---- */

/* "a|b||c" */
static size_t split(const char *text, struct str *out)
{
    size_t n = 0;
    for (struct str rest = str_of(text); rest.p != NULL;)
        out[n++] = str_cut(rest, '|', &rest);
    return n;
}

static struct column_map build(struct arena *a, const char *header)
{
    struct str headings[32];
    struct column_map m;
    struct err err;
    assert_int_equal(column_map_build(&things, headings, split(header, headings), a, &m, &err), 0);
    return m;
}

static struct str map_json(struct arena *a, const struct column_map *m)
{
    struct buf b;
    buf_init(&b, MIB);
    column_map_put_json(&(struct json_out){ .b = &b }, &things, m);
    const struct str text = arena_str(a, buf_str(&b));
    buf_release(&b);
    return text;
}

static void header_lines_become_maps_and_survive_freezing(void **state)
{
    static const struct {
        const char *label, *header, *want;
    } cases[] = {
        { "fields and metadata", "full_name|Region| count ",
          "[{\"field\":\"Full Name\"},{\"metadata\":\"Region\"},{\"field\":\"Count\"}]" },
        { "empty headings", "Hot|| |Region",
          "[{\"field\":\"Hot\"},null,null,{\"metadata\":\"Region\"}]" },
        { "the last field wins", "Hot|HOT|x|hot",
          "[null,null,{\"metadata\":\"x\"},{\"field\":\"Hot\"}]" },
        { "the last key wins", "x|y|x|X|x",
          "[null,{\"metadata\":\"y\"},null,{\"metadata\":\"X\"},{\"metadata\":\"x\"}]" },
        { "keys as written", " Region |a_b|q\"\\\n",
          "[{\"metadata\":\" Region \"},{\"metadata\":\"a_b\"},{\"metadata\":\"q\\\"\\\\\\n\"}]" },
        { "known to others", "Other", "[{\"field\":\"Other\"}]" },
        { "one empty heading", "", "[null]" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s\n", cases[i].label);
        const struct column_map m = build(*state, cases[i].header);
        const struct str frozen = map_json(*state, &m);
        assert_string_equal(frozen.p, cases[i].want);

        struct column_map again;
        struct json *array;
        struct err err;
        assert_int_equal(json_parse(*state, frozen, &array, &err), 0);
        assert_int_equal(column_map_from_json(&things, array, *state, &again, &err), 0);
        assert_string_equal(map_json(*state, &again).p, cases[i].want);
        for (size_t c = 0; c < m.n; c++)
            assert_true(m.columns[c].field != COLUMN_METADATA ||
                        str_eq(m.columns[c].key_quoted, again.columns[c].key_quoted));
    }
}

static void no_header_is_a_map_without_columns(void **state)
{
    struct column_map m;
    struct err err;
    assert_int_equal(column_map_build(&things, NULL, 0, *state, &m, &err), 0);
    assert_string_equal(map_json(*state, &m).p, "[]");
}

static void keys_outlive_the_header_they_came_from(void **state)
{
    char header[] = "Region";
    const struct column_map m = build(*state, header);
    memset(header, 'x', sizeof(header) - 1);
    assert_true(str_is(m.columns[0].key, "Region"));
    assert_true(str_is(m.columns[0].key_quoted, "\"Region\""));
}

static void stored_maps_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *json, *want;
    } cases[] = {
        { "{}", "stored column map is not an array" },
        { "[7]", "stored column is neither a field nor metadata" },
        { "[{}]", "stored column is neither a field nor metadata" },
        { "[{\"field\":1}]", "stored column is neither a field nor metadata" },
        { "[{\"metadata\":null}]", "stored column is neither a field nor metadata" },
        { "[null,{\"field\":\"Gone\"}]", "stored column 'Gone' is unknown" },
    };
    struct column_map m;
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json *array;
        assert_int_equal(json_parse(*state, str_of(cases[i].json), &array, &err), 0);
        assert_int_equal(column_map_from_json(&things, array, *state, &m, &err), -1);
        assert_int_equal(err.code, ERR_STORE);
        assert_string_equal(err.msg, cases[i].want);
    }
    assert_int_equal(column_map_from_json(&things, NULL, *state, &m, &err), -1);
}

static void a_map_knows_which_fields_it_has(void **state)
{
    const struct column_map m = build(*state, "Hot|Region");
    assert_true(column_map_has(&m, &things, "hot"));
    assert_false(column_map_has(&m, &things, "Count"));
    assert_false(column_map_has(&m, &things, "Region"));
}

static void picking_sorts_a_record_by_field(void **state)
{
    const struct column_map m = build(*state, "Region|Count|Full Name|Hot||Colour");
    struct str cells[16], given[THING_ROWS];

    column_map_pick(&m, &things, cells, split("EU|\t12 | a |  |x|RED|beyond", cells), given);
    assert_true(str_is(given[COUNT], "12"));
    assert_true(str_is(given[NAME], " a "));
    assert_true(str_is(given[COLOUR], "RED"));
    assert_null(given[HOT].p); /* blanks only */
    assert_null(given[RATE].p);

    column_map_pick(&m, &things, cells, split("EU|7", cells), given);
    assert_true(str_is(given[COUNT], "7"));
    assert_null(given[NAME].p);
    column_map_pick(&m, &things, cells, split("|| ", cells), given);
    assert_true(str_is(given[NAME], " ")); /* a text keeps its blanks */
    column_map_pick(&m, &things, NULL, 0, given);
    assert_null(given[COUNT].p);
}

static struct str metadata(struct arena *a, const struct column_map *m, const char *record)
{
    struct str cells[16], text;
    struct err err;
    assert_int_equal(column_map_metadata(m, cells, split(record, cells), a, &text, &err), 0);
    return text;
}

static void metadata_is_compact_json_in_column_order(void **state)
{
    static const struct {
        const char *record, *want;
    } cases[] = {
        { "1|b|2|a", "{\"b\":\"b\",\"a\\\"\":\"a\"}" },
        { "1||2|a|beyond", "{\"a\\\"\":\"a\"}" },
        { "1|null|2", "{\"b\":\"null\"}" },
        { "1| |2", "{\"b\":\" \"}" },
        { "1|\"\\\n\r\t\b\x1f\x7f\xC3\xA9|",
          "{\"b\":\"\\\"\\\\\\n\\r\\t\\u0008\\u001f\x7f\xC3\xA9\"}" },
        { "1||2|", NULL },
        { "1", NULL },
    };
    const struct column_map m = build(*state, "Count|b||a\"");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct str got = metadata(*state, &m, cases[i].record);
        assert_true(cases[i].want != NULL ? str_is(got, cases[i].want) : got.p == NULL);
    }
}

/* The quoting here counts first; the one of base/json.h grows a buffer. They must agree. */
static void quoting_is_that_of_the_json_writer(void **state)
{
    const struct column_map m = build(*state, "k");
    char cell[2] = { 0 };
    for (int c = 1; c < 0x80; c++) {
        struct buf b;
        cell[0] = (char)c;
        buf_init(&b, KIB);
        buf_puts(&b, STR("{\"k\":"));
        json_put_quoted(&b, str_of(cell));
        buf_putc(&b, '}');
        struct str got;
        struct err err;
        assert_int_equal(column_map_metadata(&m, &(struct str){ cell, 1 }, 1, *state, &got, &err),
                         0);
        assert_true(str_eq(got, buf_str(&b)));
        buf_release(&b);
    }
}

/* ---- out of memory ---- */

static int everything(struct arena *a, struct err *err)
{
    struct str headings[16], text;
    struct column_map m, again;
    struct json *array;
    const size_t n = split("Hot|Region|Season|Hot|Region", headings);
    if (column_map_build(&things, headings, n, a, &m, err) < 0 ||
        column_map_metadata(&m, headings, n, a, &text, err) < 0)
        return -1;
    if (json_parse(a, STR("[{\"field\":\"Hot\"},{\"metadata\":\"x\"}]"), &array, err) < 0 ||
        column_map_from_json(&things, array, a, &again, err) < 0)
        return -1;
    return field_reason(&thing_rows[COLOUR], "is odd", a).p != NULL ? 0 : err_nomem(err);
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
    assert_true(nth > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(headings_match_loosely_but_not_more),
        TEST(cells_become_what_their_kind_says),
        TEST(json_values_become_what_their_kind_says),
        TEST(json_member_is_found_along_its_path),
        TEST(assigning_tells_whether_it_changed_anything),
        TEST(header_lines_become_maps_and_survive_freezing),
        TEST(no_header_is_a_map_without_columns),
        TEST(keys_outlive_the_header_they_came_from),
        TEST(stored_maps_that_are_none_are_refused),
        TEST(a_map_knows_which_fields_it_has),
        TEST(picking_sorts_a_record_by_field),
        TEST(metadata_is_compact_json_in_column_order),
        TEST(quoting_is_that_of_the_json_writer),
        TEST(running_out_of_memory_is_an_error_and_no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
