/* SPDX-License-Identifier: MIT */
/* test_domain_product.c - products and SKUs: bodies, CSV records, merges, and what is printed. */
#include "base/fault.h"
#include "base/time_iso.h"
#include "domain/product.h"
#include "domain/sku.h"
#include "support/unit.h"

static int setup(void **state)
{
    static struct arena arena;
    arena_init(&arena, 4 * KIB, 0);
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    arena_release(*state);
    return 0;
}

static struct json *parse(struct arena *a, const char *text)
{
    struct json *v;
    MUST(json_parse(a, str_of(text), &v, must));
    return v;
}

/* A line of a file whose cells have no bars. */
static size_t split(const char *line, struct str cells[16])
{
    struct str rest = str_of(line);
    size_t n = 0;
    while (rest.p != NULL)
        cells[n++] = str_cut(rest, '|', &rest);
    return n;
}

static struct column_map map_of(struct arena *a, const struct field_table *t, const char *header)
{
    struct str headings[16];
    struct column_map m;
    const size_t n = split(header, headings);
    MUST(column_map_build(t, headings, n, a, &m, must));
    return m;
}

/* ---- printing ---- */

static const char *print_product(struct arena *a, const struct product *p)
{
    struct buf b;
    struct json_out o = { .b = &b };
    struct str text;
    buf_init(&b, MIB);
    product_put_members(&o, p, "prod_1");
    json_object_end(&o);
    MUST(buf_keep(&b, a, &text, must));
    return text.p;
}

static const char *print_sku(struct arena *a, const struct sku *s)
{
    struct buf b;
    struct str text;
    buf_init(&b, MIB);
    sku_put_json(&(struct json_out){ .b = &b }, s, "sku_1", "prod_1");
    MUST(buf_keep(&b, a, &text, must));
    return text.p;
}

/* As a store hands it out. */
static void stored(struct record *r)
{
    r->set = 0;
    r->created_ms = 0;
}

/* ---- products ---- */

#define PRODUCT_HEADER "name|source_id|price|attributes|image_url|Fashion"

static struct product product_row(struct arena *a, const char *line, const char *reason_wanted)
{
    const struct column_map m = map_of(a, &product_fields, PRODUCT_HEADER);
    struct str cells[16], reason = { NULL, 0 };
    struct product p;
    struct err err = { 0 };
    const size_t n = split(line, cells);
    const int rc = product_from_cells(&m, cells, n, a, &p, &reason, &err);
    assert_int_equal(rc, reason_wanted != NULL ? 1 : 0);
    if (reason_wanted != NULL)
        assert_str(reason, reason_wanted);
    return p;
}

static void the_line_of_the_product_template_is_a_product(void **state)
{
    struct product p = product_row(
        *state,
        "T-Shirt|productSourceID11|21|color,size,ranking|https://images.com/original.jpg|slim",
        NULL);
    stored(&p.record);
    assert_string_equal(
        print_product(*state, &p),
        "{\"id\":\"prod_1\",\"source_id\":\"productSourceID11\",\"name\":\"T-Shirt\",\"price\":"
        "2100,"
        "\"attributes\":[\"color\",\"size\",\"ranking\"],\"metadata\":{\"Fashion\":\"slim\"},"
        "\"image_url\":\"https://images.com/original.jpg\",\"created_at\":\"1970-01-01T00:00:00."
        "000Z\",\"updated_at\":null,\"object\":\"product\"}");
}

static void cells_of_a_product(void **state)
{
    static const struct {
        const char *line, *reason, *attributes;
        int64_t price;
    } cases[] = {
        { "A|a|14.5||", NULL, NULL, 1450 },
        { "A|a|0||", NULL, NULL, 0 },
        { "A||| a ,, b c ,\"d\"|", NULL, "[\"a\",\"b c\",\"\\\"d\\\"\"]", FIELD_NONE },
        { "A|a|| , |", NULL, "[]", FIELD_NONE },
        { "A", NULL, NULL, FIELD_NONE },
        { "|a|1||", "Name is required", NULL, 0 },
        { "A|a|x||", "Property .price must be number", NULL, 0 },
        { "A|a|-1||", "Property .price must be >= 0", NULL, 0 },
        { "A|a|1.005||", "Property .price must have at most 2 decimals", NULL, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s\n", cases[i].line);
        const struct product p = product_row(*state, cases[i].line, cases[i].reason);
        if (cases[i].reason != NULL)
            continue;
        assert_int_equal(p.price, cases[i].price);
        if (cases[i].attributes == NULL)
            assert_null(p.attributes.p);
        else
            assert_str(p.attributes, cases[i].attributes);
    }
}

static void an_id_is_no_column(void **state)
{
    const struct column_map m = map_of(*state, &product_fields, "Name|SOURCE ID|id|image url");
    assert_int_equal(m.columns[2].field, COLUMN_METADATA);
    assert_true(m.columns[0].field >= 0 && m.columns[1].field >= 0 && m.columns[3].field >= 0);
}

static void of_a_product_that_is_there_a_row_changes_the_name(void **state)
{
    struct product p = product_row(*state, "Old|a|1|x|u|slim", NULL);
    struct product row = product_row(*state, "New|a|2|y|v|wide", NULL);
    struct str reason;
    bool changed;
    row.set &= ~row.spared;
    MUST(product_merge(&p.record, &row.record, *state, &changed, &reason, must));
    assert_true(changed);
    assert_str(p.name, "New");
    assert_int_equal(p.price, 100);
    assert_str(p.attributes, "[\"x\"]");
    assert_str(p.image_url, "u");
    assert_str(p.metadata, "{\"Fashion\":\"slim\"}");
}

static struct product product_body(struct arena *a, const char *text)
{
    struct product p;
    MUST(product_from_json(parse(a, text), a, &p, must));
    return p;
}

static void a_body_that_says_nothing_is_a_product_of_nulls(void **state)
{
    struct product p = product_body(*state, "{\"unknown\":[1],\"object\":7}");
    assert_int_equal(p.set, 0);
    stored(&p.record);
    assert_string_equal(print_product(*state, &p),
                        "{\"id\":\"prod_1\",\"source_id\":null,\"name\":null,\"price\":null,"
                        "\"attributes\":[],\"metadata\":{},\"image_url\":null,\"created_at\":"
                        "\"1970-01-01T00:00:00.000Z\",\"updated_at\":null,\"object\":\"product\"}");
}

static void null_clears_and_what_is_not_given_stays(void **state)
{
    struct product p = product_body(
        *state, "{\"source_id\":\"a\",\"name\":\"A\",\"price\":5,\"attributes\":[\"x\"],"
                "\"image_url\":\"u\",\"metadata\":{\"k\":1,\"l\":2}}");
    struct product none = product_body(*state, "{\"name\":null,\"price\":null,\"attributes\":null,"
                                               "\"metadata\":null}");
    struct product more = product_body(*state, "{\"metadata\":{\"k\":null,\"m\":3}}");
    struct str reason;
    bool changed;
    MUST(product_merge(&p.record, &none.record, *state, &changed, &reason, must));
    assert_true(changed);
    assert_null(p.name.p);
    assert_int_equal(p.price, FIELD_NONE);
    assert_null(p.attributes.p);
    assert_str(p.image_url, "u");
    assert_str(p.metadata, "{\"k\":1,\"l\":2}");
    MUST(product_merge(&p.record, &none.record, *state, &changed, &reason, must));
    assert_false(changed);
    MUST(product_merge(&p.record, &more.record, *state, &changed, &reason, must));
    assert_true(changed);
    assert_str(p.metadata, "{\"k\":null,\"l\":2,\"m\":3}");
    assert_str(p.source_id, "a");
}

static void bad_bodies_of_products_are_named(void **state)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        { "[]", "Payload must be object" },
        { "\"x\"", "Payload must be object" },
        { "{\"name\":5}", "Property .name must be string" },
        { "{\"price\":\"5\"}", "Property .price must be integer" },
        { "{\"price\":1.5}", "Property .price must be integer" },
        { "{\"price\":-1}", "Property .price must be >= 0" },
        { "{\"attributes\":\"x\"}", "Property .attributes must be array" },
        { "{\"attributes\":[\"x\",1]}", "Property .attributes[1] must be string" },
        { "{\"metadata\":[]}", "Property .metadata must be object" },
        { "{\"image_url\":{}}", "Property .image_url must be string" },
        { "{\"source_id\":1}", "Property .source_id must be string" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct product p;
        struct err err = { 0 };
        print_message("  %s\n", cases[i].body);
        assert_int_equal(product_from_json(parse(*state, cases[i].body), *state, &p, &err), -1);
        assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
        assert_string_equal(err.msg, cases[i].want);
    }
}

static void a_product_knows_its_attributes(void **state)
{
    const struct product p = product_body(*state, "{\"attributes\":[\"color\",\"a\\\"b\"]}");
    const struct product none = product_body(*state, "{}");
    static const struct {
        const char *name;
        bool has;
    } cases[] = { { "color", true }, { "a\"b", true }, { "colo", false }, { "", false } };
    bool has;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        MUST(product_has_attribute(&p, str_of(cases[i].name), *state, &has, must));
        assert_int_equal(has, cases[i].has);
    }
    MUST(product_has_attribute(&none, STR("color"), *state, &has, must));
    assert_false(has);
}

/* ---- SKUs ---- */

static void attributes_in_single_quotes_are_json(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: it is neither */
    } cases[] = {
        { "{'color':'blue','size':'XS','ranking':1}",
          "{\"color\":\"blue\",\"size\":\"XS\",\"ranking\":1}" },
        { "{\"color\":\"blue\",\"n\":1.50}", "{\"color\":\"blue\",\"n\":1.50}" },
        { "{color:'blue', $x_1 : true,a:null , b:-2e+3}",
          "{\"color\":\"blue\",\"$x_1\":true,\"a\":null,\"b\":-2e+3}" },
        { "{a\t:\n1,'b'\r\n:2}", "{\"a\":1,\"b\":2}" },
        { "{true:1,2:'x'}", "{\"true\":1,\"2\":\"x\"}" },
        { "{'a':'it\\'s','b':'it''s','c':'''','d':''}",
          "{\"a\":\"it's\",\"b\":\"it's\",\"c\":\"'\",\"d\":\"\"}" },
        { "{'a':'say \"x\"','b':\"it's {}:,\"}", "{\"a\":\"say \\\"x\\\"\",\"b\":\"it's {}:,\"}" },
        { "{'a':'back\\\\','b':'tab\\t','c':'\\u00e9','d':\"q\\\"\"}",
          "{\"a\":\"back\\\\\",\"b\":\"tab\\t\",\"c\":\"é\",\"d\":\"q\\\"\"}" },
        { "{'größe':'M',größe:'L'}", "{\"größe\":\"L\"}" },
        { "{'a':['x','y'],'b':{c:'z'}}", "{\"a\":[\"x\",\"y\"],\"b\":{\"c\":\"z\"}}" },
        { " {} ", "{}" },
        { "", NULL },
        { "[1]", NULL },
        { "blue", NULL },
        { "'blue'", NULL },
        { "{'a':blue}", NULL },
        { "{'a':'blue}", NULL },
        { "{'a':\"blue}", NULL },
        { "{'a':'blue\\", NULL },
        { "{'a':\"blue\\", NULL },
        { "{'a':1", NULL },
        { "{'a' 1}", NULL },
        { "{'a':01}", NULL },
        { "{'a':1}}", NULL },
        { "{'a':'\\x'}", NULL },
        { "'", NULL },
        { "{a:1,}", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str out = { NULL, 0 };
        struct err err = { 0 };
        print_message("  %s\n", cases[i].text);
        const int rc = sku_read_attributes(str_of(cases[i].text), *state, &out, &err);
        assert_int_equal(rc, cases[i].want != NULL ? 0 : 1);
        if (rc == 0)
            assert_str(out, cases[i].want);
    }
}

#define SKU_HEADER "product_id|sku|source_id|price|image_url|attributes"

static struct sku sku_row(struct arena *a, const char *line, const char *reason_wanted)
{
    const struct column_map m = map_of(a, &sku_fields, SKU_HEADER);
    struct str cells[16], reason = { NULL, 0 };
    struct sku s;
    struct err err = { 0 };
    const size_t n = split(line, cells);
    const int rc = sku_from_cells(&m, cells, n, a, &s, &reason, &err);
    assert_int_equal(rc, reason_wanted != NULL ? 1 : 0);
    if (reason_wanted != NULL)
        assert_str(reason, reason_wanted);
    return s;
}

static void the_lines_of_the_sku_template_are_skus(void **state)
{
    static const struct {
        const char *line, *source_id, *sku, *attributes;
        int64_t price;
    } cases[] = {
        { "productSourceID11|Extra Small Blue Shirt|sku_source_id_1|13||"
          "{'color':'blue','size':'XS','ranking':1}",
          "sku_source_id_1", "Extra Small Blue Shirt",
          "{\"color\":\"blue\",\"size\":\"XS\",\"ranking\":1}", 1300 },
        { "productSourceID11|Small Red Shirt|sku_source_id_2|14||"
          "{'color':'red','size':'S','ranking':2}",
          "sku_source_id_2", "Small Red Shirt", "{\"color\":\"red\",\"size\":\"S\",\"ranking\":2}",
          1400 },
        { "productSourceID11|Medium Yellow Shirt|sku_source_id_3|14.5||"
          "{'color':'yellow','size':'M','ranking':3}",
          "sku_source_id_3", "Medium Yellow Shirt",
          "{\"color\":\"yellow\",\"size\":\"M\",\"ranking\":3}", 1450 },
        { "productSourceID11|Large Pink Shirt|sku_source_id_4|17||"
          "{'color':'pink','size':'L','ranking':4}",
          "sku_source_id_4", "Large Pink Shirt",
          "{\"color\":\"pink\",\"size\":\"L\",\"ranking\":4}", 1700 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct sku s = sku_row(*state, cases[i].line, NULL);
        assert_str(s.product, "productSourceID11");
        assert_str(s.source_id, cases[i].source_id);
        assert_str(s.sku, cases[i].sku);
        assert_str(s.attributes, cases[i].attributes);
        assert_int_equal(s.price, cases[i].price);
        assert_str(s.currency, "USD"); /* the project's */
        assert_str(s.image_url, "");
        assert_null(s.metadata.p);
    }
}

static void bad_rows_of_skus_are_named(void **state)
{
    static const struct {
        const char *line, *reason;
    } cases[] = {
        { "p|A||1", "Source_id is required" },
        { "|A|s|1", "Product_id is required" },
        { "|A||1", "Source_id is required" },
        { "p|A|s|x", "Property .price must be number" },
        { "p|A|s|1||blue", "Property .attributes must be object" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s\n", cases[i].line);
        sku_row(*state, cases[i].line, cases[i].reason);
    }
}

static void of_a_sku_that_is_there_a_row_changes_name_and_price(void **state)
{
    struct sku s = sku_row(*state, "p|Old|s|1|u|{'a':1}", NULL);
    struct sku row = sku_row(*state, "p|New|s|2|v|{'a':2}", NULL);
    struct str reason;
    bool changed;
    row.set &= ~row.spared;
    MUST(sku_merge(&s.record, &row.record, *state, &changed, &reason, must));
    assert_true(changed);
    assert_str(s.sku, "New");
    assert_int_equal(s.price, 200);
    assert_str(s.image_url, "u");
    assert_str(s.attributes, "{\"a\":1}");
}

static void a_sku_prints_all_its_keys(void **state)
{
    struct sku s;
    MUST(sku_from_json(parse(*state, "{\"name\":\"skipped\",\"product_id\":\"other\"}"), *state, &s,
                       must));
    assert_int_equal(s.set, 0);
    assert_null(s.product.p);
    stored(&s.record);
    assert_string_equal(
        print_sku(*state, &s),
        "{\"id\":\"sku_1\",\"source_id\":null,\"product_id\":\"prod_1\",\"sku\":null,"
        "\"price\":null,\"currency\":null,\"attributes\":{},\"image_url\":null,"
        "\"metadata\":{},\"created_at\":\"1970-01-01T00:00:00.000Z\",\"updated_at\":"
        "null,\"object\":\"sku\"}");
}

static void bad_bodies_of_skus_are_named(void **state)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        { "[]", "Payload must be object" },
        { "{\"sku\":5}", "Property .sku must be string" },
        { "{\"currency\":5}", "Property .currency must be string" },
        { "{\"price\":\"5\"}", "Property .price must be integer" },
        { "{\"attributes\":[]}", "Property .attributes must be object" },
        { "{\"metadata\":1}", "Property .metadata must be object" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sku s;
        struct err err = { 0 };
        print_message("  %s\n", cases[i].body);
        assert_int_equal(sku_from_json(parse(*state, cases[i].body), *state, &s, &err), -1);
        assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
        assert_string_equal(err.msg, cases[i].want);
    }
}

/* ---- memory ---- */

static int read_all(struct arena *a, struct err *err)
{
    struct str cells[16], reason;
    struct column_map m;
    struct product p, q;
    struct sku s;
    struct json *body;
    bool changed, has;
    size_t n = split(PRODUCT_HEADER, cells);
    if (column_map_build(&product_fields, cells, n, a, &m, err) < 0)
        return -1;
    n = split("A|a|1|x,y|u|slim", cells);
    if (product_from_cells(&m, cells, n, a, &p, &reason, err) < 0 ||
        json_parse(a, STR("{\"attributes\":[\"z\"],\"metadata\":{\"k\":1}}"), &body, err) < 0 ||
        product_from_json(body, a, &q, err) < 0 ||
        product_merge(&p.record, &q.record, a, &changed, &reason, err) < 0 ||
        product_has_attribute(&p, STR("z"), a, &has, err) < 0)
        return -1;
    n = split(SKU_HEADER, cells);
    if (column_map_build(&sku_fields, cells, n, a, &m, err) < 0)
        return -1;
    n = split("p|A|s|1||{'a':'b'}", cells);
    return sku_from_cells(&m, cells, n, a, &s, &reason, err);
}

static void lack_of_memory_is_an_error(void **state)
{
    (void)state;
    for (size_t nth = 1, fired = 1; fired; nth++) {
        struct arena a;
        struct err err = { 0 };
        arena_init(&a, 64, 0);
        fault_arm(FAULT_ALLOC, nth, false);
        const int rc = read_all(&a, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired ? -1 : 0);
        if (fired)
            assert_int_equal(err.code, ERR_NOMEM);
        arena_release(&a);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_of_the_product_template_is_a_product),
        cmocka_unit_test(cells_of_a_product),
        cmocka_unit_test(an_id_is_no_column),
        cmocka_unit_test(of_a_product_that_is_there_a_row_changes_the_name),
        cmocka_unit_test(a_body_that_says_nothing_is_a_product_of_nulls),
        cmocka_unit_test(null_clears_and_what_is_not_given_stays),
        cmocka_unit_test(bad_bodies_of_products_are_named),
        cmocka_unit_test(a_product_knows_its_attributes),
        cmocka_unit_test(attributes_in_single_quotes_are_json),
        cmocka_unit_test(the_lines_of_the_sku_template_are_skus),
        cmocka_unit_test(bad_rows_of_skus_are_named),
        cmocka_unit_test(of_a_sku_that_is_there_a_row_changes_name_and_price),
        cmocka_unit_test(a_sku_prints_all_its_keys),
        cmocka_unit_test(bad_bodies_of_skus_are_named),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
