/* SPDX-License-Identifier: MIT */
/*
 * test_store_voucher_write.c - single writes: what each mode does to the voucher, the counters, the
 * bin and the transactions, who wins against an import that began earlier, and the nth failure.
 */
#include <stdio.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "support/unit_store.h"

/* ---- in short ---- */

static int run_write(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_voucher_write(tx, arg, err);
}

/* Every result into `v`. */
static void write_voucher(struct unit_world *w, struct voucher_write *write, struct voucher *v)
{
    write->project_id = w->project;
    write->voucher = v;
    write->arena = &w->arena;
    unit_work(w->store, run_write, write);
}

static struct voucher_write written(struct unit_world *w, enum voucher_write_mode mode,
                                    const char *code, struct voucher *v)
{
    struct voucher_write write = { .mode = mode, .code_or_id = str_of(code) };
    write_voucher(w, &write, v);
    return write;
}

static struct voucher change_of(uint32_t set)
{
    struct voucher v;
    voucher_init(&v);
    v.set = set;
    return v;
}

static void create(struct unit_world *w, struct voucher v)
{
    assert_int_equal(written(w, VOUCHER_CREATE, NULL, &v).outcome, OUTCOME_CREATED);
}

static struct voucher gift(const char *code, int64_t amount)
{
    struct voucher v = unit_voucher(code, amount);
    v.type = VOUCHER_GIFT;
    v.discount_type = DISCOUNT_NONE;
    v.set = VF_CODE | VF_TYPE | VF_VALUE;
    return v;
}

static struct voucher tagged(const char *code, const char *category)
{
    struct voucher v = unit_voucher(code, 1);
    v.category = str_of(category);
    v.set |= VF_CATEGORY;
    return v;
}

static struct voucher find(struct unit_world *w, const char *code)
{
    return *unit_find(w->store, &w->arena, w->project, code);
}

static bool is_there(struct unit_world *w, const char *code)
{
    struct voucher *v = NULL;
    MUST(store_find_voucher(w->store, &w->arena, w->project, str_of(code), &v, must));
    return v != NULL;
}

static int run_category(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_category_write(tx, arg, err);
}

static int64_t new_category(struct unit_world *w, const char *name)
{
    struct category_write c = { .project_id = w->project,
                                .mode = CATEGORY_CREATE,
                                .category.name = str_of(name) };
    unit_work(w->store, run_category, &c);
    return c.category.key;
}

/* One text that a query answers; "" for none. */
static const char *ask(struct unit_world *w, const char *sql)
{
    return unit_sql_text(&w->arena, w->url, sql);
}

/* "voucher=2 voucher/tag/x=1" */
static const char *totals(struct unit_world *w)
{
    return ask(w, arena_printf(&w->arena,
                               "SELECT %s(resource || '=' || n, ' ') FROM (SELECT resource, sum(n) "
                               "AS n FROM totals GROUP BY project_id, resource HAVING sum(n) <> 0 "
                               "ORDER BY project_id, resource) t",
                               unit_on_postgres() ? "string_agg" : "group_concat"));
}

static const char *joined(struct unit_world *w, const char *column, const char *table)
{
    char text[200];
    snprintf(text, sizeof(text),
             unit_on_postgres() ? "SELECT string_agg(%s::text, ',' ORDER BY id) FROM %s"
                                : "SELECT group_concat(%s) FROM %s",
             column, table);
    return ask(w, text);
}

static const char *dump(struct unit_world *w)
{
    return arena_printf(&w->arena, "%s%s\n%s\n%s\n",
                        unit_dump(w->store, &w->arena, w->project, UNIT_DUMP_EXACT), totals(w),
                        joined(w, "resource_name", "bin"), joined(w, "amount", "transactions"));
}

/* ---- create ---- */

static void a_code_is_made_and_made_again_until_one_is_free(void **state)
{
    struct unit_world *w = *state;
    struct json *json;
    struct code_config config;
    MUST(json_parse(&w->arena, STR("{\"charset\":\"AB\",\"length\":1}"), &json, must));
    MUST(code_config_read(json, 1, &w->arena, &config, must));
    for (int i = 0; i < 2; i++) {
        struct voucher_write write = { .mode = VOUCHER_CREATE, .codes = &config };
        struct voucher v = unit_voucher(NULL, 1);
        write_voucher(w, &write, &v);
        assert_int_equal(write.outcome, OUTCOME_CREATED);
        assert_true(v.code.len == 1 && (v.code.p[0] == 'A' || v.code.p[0] == 'B'));
    }
    assert_true(is_there(w, "A") && is_there(w, "B"));
    const char *before = dump(w);
    struct voucher_write write = { .mode = VOUCHER_CREATE, .codes = &config };
    struct voucher v = unit_voucher(NULL, 1);
    write_voucher(w, &write, &v);
    assert_int_equal(write.outcome, OUTCOME_FAILED);
    assert_int_equal(write.why.code, ERR_INVALID_CODE_CONFIG);
    assert_string_equal(dump(w), before);
}

static void a_taken_code_fails_and_writes_nothing(void **state)
{
    struct unit_world *w = *state;
    struct voucher v = tagged("A", "x"), result;
    create(w, v);
    for (int i = 0; i < 2; i++) {
        const char *before = dump(w);
        struct voucher again = tagged("A", "y");
        const struct voucher_write write = written(w, VOUCHER_CREATE, NULL, &again);
        assert_int_equal(write.outcome, OUTCOME_FAILED);
        assert_int_equal(write.why.code, ERR_DUPLICATE);
        assert_string_equal(write.why.msg, "Duplicated voucher exists with id A");
        assert_string_equal(dump(w), before);
        written(w, VOUCHER_TO_BIN, "A", &result); /* taken in the bin as well */
    }
}

/* ---- change ---- */

static void a_change_is_written_and_answered(void **state)
{
    struct unit_world *w = *state;
    char text[] = "spring";
    create(w, tagged("A", "x"));
    const struct voucher before = find(w, "A");
    struct voucher v = change_of(VF_CATEGORY | VF_ACTIVE);
    v.category = str_of(text);
    v.active = false;
    const struct voucher_write write = written(w, VOUCHER_CHANGE, "A", &v);
    assert_true(write.found);
    assert_int_equal(write.outcome, OUTCOME_UPDATED);
    memset(text, '-', sizeof(text) - 1); /* the answer has texts of its own */
    const struct voucher after = find(w, "A");
    assert_str(v.category, "spring");
    assert_str(after.category, "spring");
    assert_str(v.code, "A");
    assert_false(after.active);
    assert_true(after.key == before.key && v.key == before.key);
    assert_true(after.version > before.version);
    assert_true(before.updated_ms == TIME_NONE && after.updated_ms == v.updated_ms);
    assert_true(after.updated_ms != TIME_NONE && after.created_ms == before.created_ms);
    assert_int_equal(after.value.i, 1);
}

static void a_change_of_nothing_is_not_written(void **state)
{
    struct unit_world *w = *state;
    create(w, tagged("A", "x"));
    const char *before = dump(w);
    struct voucher v = tagged("A", "x");
    assert_int_equal(written(w, VOUCHER_CHANGE, "A", &v).outcome, OUTCOME_UNCHANGED);
    assert_true(v.updated_ms == TIME_NONE);
    assert_string_equal(dump(w), before);
}

static void a_voucher_is_found_by_id_or_code_in_its_project(void **state)
{
    struct unit_world *w = *state;
    char id[ID_MAX_LEN];
    create(w, unit_voucher("A", 1));
    id_encode(store_secret(w->store), ID_VOUCHER, find(w, "A").key, id);
    static const enum voucher_write_mode modes[] = { VOUCHER_CHANGE, VOUCHER_ADD_BALANCE,
                                                     VOUCHER_TO_BIN, VOUCHER_ERASE };
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct voucher v = change_of(VF_ACTIVE);
        struct voucher_write write = {
            .project_id = w->other, .mode = modes[i], .voucher = &v, .arena = &w->arena
        };
        const char *names[] = { "A", id, "B", "v_" };
        for (size_t j = 0; j < ARRAY_LEN(names); j++) {
            write.code_or_id = str_of(names[j]);
            unit_work(w->store, run_write, &write);
            assert_false(write.found);
        }
    }
    struct voucher v = change_of(VF_ACTIVE);
    v.active = false;
    assert_int_equal(written(w, VOUCHER_CHANGE, id, &v).outcome, OUTCOME_UPDATED);
    assert_false(find(w, "A").active);
}

/* ---- counters ---- */

static void counters_follow_every_write(void **state)
{
    struct unit_world *w = *state;
    const int64_t c = new_category(w, "C");
    char want[200];
    struct voucher v;

    create(w, tagged("A", "C"));
    assert_true(find(w, "A").category_id == c && find(w, "A").category.p == NULL);
    create(w, tagged("B", "x"));
    create(w, unit_voucher("D", 1));
    snprintf(want, sizeof(want), "voucher=3 voucher/category/%lld=1 voucher/tag/x=1", (long long)c);
    assert_string_equal(totals(w), want);

    v = tagged("A", "x");
    written(w, VOUCHER_CHANGE, "A", &v);
    assert_string_equal(totals(w), "voucher=3 voucher/tag/x=2");
    v = change_of(VF_CATEGORY);
    v.category_id = c;
    written(w, VOUCHER_CHANGE, "D", &v);
    v = change_of(VF_CATEGORY); /* none */
    written(w, VOUCHER_CHANGE, "B", &v);
    snprintf(want, sizeof(want), "voucher=3 voucher/category/%lld=1 voucher/tag/x=1", (long long)c);
    assert_string_equal(totals(w), want);

    v = tagged("B", ""); /* is a tag as well */
    written(w, VOUCHER_CHANGE, "B", &v);
    v = change_of(VF_CATEGORY);
    written(w, VOUCHER_CHANGE, "B", &v);
    assert_string_equal(totals(w), want);

    written(w, VOUCHER_TO_BIN, "A", &v);
    written(w, VOUCHER_ERASE, "D", &v);
    assert_string_equal(totals(w), "voucher=1");
    written(w, VOUCHER_ERASE, "B", &v);
    assert_string_equal(totals(w), "");
}

/* ---- delete ---- */

static void a_binned_voucher_is_hidden_and_has_an_entry(void **state)
{
    struct unit_world *w = *state;
    struct voucher v, x;
    struct bin_entry *entries;
    size_t n;
    bool more;
    create(w, unit_voucher("A", 1));
    v = find(w, "A");
    assert_true(written(w, VOUCHER_TO_BIN, "A", &x).found);
    assert_false(is_there(w, "A"));
    MUST(store_list_bin(w->store, &w->arena, w->project, 0, true, NULL, 10, &entries, &n, &more,
                        must));
    assert_int_equal(n, 1);
    assert_true(entries[0].resource_type == RESOURCE_VOUCHER && entries[0].resource_key == v.key);
    assert_str(entries[0].resource_name, "A");
    assert_false(written(w, VOUCHER_TO_BIN, "A", &x).found);
    assert_false(written(w, VOUCHER_ERASE, "A", &x).found);
}

static void an_erased_voucher_leaves_nothing(void **state)
{
    struct unit_world *w = *state;
    struct voucher v;
    create(w, gift("A", 10));
    struct voucher_write booking = { .mode = VOUCHER_ADD_BALANCE,
                                     .code_or_id = STR("A"),
                                     .amount = 5 };
    write_voucher(w, &booking, &v);
    assert_true(written(w, VOUCHER_ERASE, "A", &v).found);
    assert_false(is_there(w, "A"));
    assert_string_equal(ask(w, "SELECT count(*) FROM vouchers"), "0");
    assert_string_equal(ask(w, "SELECT count(*) FROM transactions"), "0");
    assert_string_equal(ask(w, "SELECT count(*) FROM bin"), "0");
    create(w, gift("A", 10));
}

/* ---- balance ---- */

static struct voucher_write booked(struct unit_world *w, const char *code, int64_t amount)
{
    struct voucher v;
    struct voucher_write write = { .mode = VOUCHER_ADD_BALANCE,
                                   .code_or_id = str_of(code),
                                   .amount = amount,
                                   .source_id = STR("s"),
                                   .reason = STR("r") };
    write_voucher(w, &write, &v);
    return write;
}

static void a_booking_is_kept_with_its_transaction(void **state)
{
    struct unit_world *w = *state;
    create(w, gift("A", 100));
    create(w, gift("B", 100));
    booked(w, "B", 1);
    for (int i = 1; i <= 5; i++) {
        const struct voucher_write write = booked(w, "A", i % 2 == 0 ? -i : 10 * i);
        assert_int_equal(write.outcome, OUTCOME_UPDATED);
    }
    const struct voucher v = find(w, "A");
    assert_true(v.value.i == 190 && v.subtracted == 6);

    struct transaction *rows;
    size_t n;
    bool more;
    struct transaction_page page = { .voucher_key = v.key, .newest_first = true, .limit = 2 };
    MUST(store_list_transactions(w->store, &w->arena, w->project, &page, &rows, &n, &more, must));
    assert_true(n == 2 && more);
    assert_true(rows[0].amount == 50 && rows[0].balance == 184 && rows[0].total == 184);
    assert_true(rows[1].amount == -4 && rows[1].balance == 134);
    assert_true(rows[0].voucher_key == v.key);
    assert_str(rows[0].source_id, "s");
    assert_str(rows[0].reason, "r");
    page.after_key = rows[1].key;
    page.limit = 10;
    MUST(store_list_transactions(w->store, &w->arena, w->project, &page, &rows, &n, &more, must));
    assert_true(n == 3 && !more && rows[2].amount == 10);
    page.after_key = rows[2].key;
    page.newest_first = false;
    MUST(store_list_transactions(w->store, &w->arena, w->project, &page, &rows, &n, &more, must));
    assert_true(n == 4 && rows[0].amount == -2);
    page.after_key = 0;
    MUST(store_list_transactions(w->store, &w->arena, w->other, &page, &rows, &n, &more, must));
    assert_int_equal(n, 0);
}

static void a_booking_that_cannot_be_writes_nothing(void **state)
{
    struct unit_world *w = *state;
    create(w, gift("A", 100));
    create(w, unit_voucher("D", 1));
    const char *before = dump(w);
    struct voucher_write write = booked(w, "A", -101);
    assert_int_equal(write.outcome, OUTCOME_FAILED);
    assert_int_equal(write.why.code, ERR_GIFT_EXCEEDED);
    write = booked(w, "D", 1);
    assert_int_equal(write.outcome, OUTCOME_FAILED);
    assert_int_equal(write.why.code, ERR_INVALID_BALANCE);
    assert_string_equal(dump(w), before);
}

/* ---- who wins ---- */

/* An import that was accepted before the requests brings its row after them. */
static void an_earlier_import_leaves_alone_what_requests_have_given(void **state)
{
    struct unit_world *w = *state;
    static const struct unit_row rows[] = { { "A", 5, NULL }, { "G", 5, NULL }, { "U", 5, NULL } };
    struct unit_chunk c;
    struct voucher v;
    create(w, unit_voucher("A", 1));
    create(w, gift("G", 100));
    create(w, unit_voucher("U", 1));
    const struct action ac = unit_claimed_action(w->store, w->project);

    v = change_of(VF_ACTIVE);
    v.active = false;
    written(w, VOUCHER_CHANGE, "A", &v); /* another field: the import's value goes in as well */
    booked(w, "G", -30);
    v = unit_voucher("U", 1); /* changes nothing, and still it is the later one */
    assert_int_equal(written(w, VOUCHER_CHANGE, "U", &v).outcome, OUTCOME_UNCHANGED);

    unit_chunk_init(&c, &ac, rows, ARRAY_LEN(rows), NULL, true);
    c.rows[1] = gift("G", 5);
    c.rows[1].row = 1;
    unit_commit(w->store, &c.chunk);
    assert_string_equal(unit_outcome_letters(c.outcomes, ARRAY_LEN(rows)), "uss");
    unit_chunk_release(&c);
    v = find(w, "A");
    assert_true(v.value.i == 5 && !v.active);
    v = find(w, "G");
    assert_true(v.value.i == 100 && v.subtracted == 30);
    assert_int_equal(find(w, "U").value.i, 1);
}

/* Three writers of one voucher: what the second gives must hold against the first as well, although
 * the third has written the row last. */
static void what_lies_between_a_first_and_a_last_writer_holds_against_the_first(void **state)
{
    static const struct unit_row row[] = { { "A", 1, NULL } };
    struct unit_world *w = *state;
    struct unit_chunk c;
    struct voucher v;
    create(w, unit_voucher("A", 1));
    const struct action first = unit_claimed_action(w->store, w->project);
    const struct action second = unit_claimed_action(w->store, w->project);
    v = change_of(VF_ACTIVE);
    v.active = false;
    written(w, VOUCHER_CHANGE, "A", &v);

    unit_chunk_init(&c, &second, row, 1, NULL, true);
    c.rows[0].set |= VF_CATEGORY | VF_METADATA; /* its value is what is there already */
    c.rows[0].category = STR("second");
    c.rows[0].metadata = STR("{\"both\":2}");
    unit_commit(w->store, &c.chunk);
    assert_string_equal(unit_outcome_letters(c.outcomes, 1), "u");
    unit_chunk_release(&c);

    unit_chunk_init(&c, &first, row, 1, NULL, true);
    c.rows[0].set |= VF_CATEGORY | VF_METADATA;
    c.rows[0].value = num_int(7);
    c.rows[0].category = STR("first");
    c.rows[0].metadata = STR("{\"both\":1,\"own\":1}");
    unit_commit(w->store, &c.chunk);
    unit_chunk_release(&c);
    v = find(w, "A");
    assert_str(v.category, "second");
    assert_str(v.metadata, unit_metadata(&w->arena, "{\"both\":2,\"own\":1}"));
    assert_true(v.value.i == 1 && !v.active);
}

/* {} in a bulk update: the row is there to be found, and gives nothing. */
static void metadata_that_gives_nothing_meets_later_metadata(void **state)
{
    static const struct unit_row row[] = { { "A", 1, NULL } };
    struct unit_world *w = *state;
    struct unit_chunk c;
    struct voucher v;
    create(w, unit_voucher("A", 1));
    const struct action ac = unit_claimed_action(w->store, w->project);
    v = change_of(VF_METADATA);
    v.metadata = STR("{\"a\":1}");
    written(w, VOUCHER_CHANGE, "A", &v);
    unit_chunk_init(&c, &ac, row, 1, NULL, true);
    c.rows[0].set = VF_CODE | VF_METADATA;
    c.chunk.mode = APPLY_UPDATE_ONLY;
    c.chunk.ordered = true;
    unit_commit(w->store, &c.chunk);
    assert_string_equal(unit_outcome_letters(c.outcomes, 1), "s");
    unit_chunk_release(&c);
    assert_str(find(w, "A").metadata, "{\"a\":1}");
}

static int run_bin_erase(struct store_tx *tx, void *arg, struct err *err)
{
    struct unit_world *w = arg;
    struct bin_entry *rows;
    size_t n;
    bool more, found;
    if (store_list_bin(w->store, &w->arena, w->project, 0, true, NULL, 1, &rows, &n, &more, err) <
        0)
        return -1;
    assert_int_equal(n, 1);
    int64_t campaign;
    return store_tx_bin_erase(tx, w->project, rows[0].key, &found, &campaign, err);
}

/* An import that was accepted before brings the codes of vouchers that are gone since. */
static void an_earlier_import_does_not_bring_back_what_was_deleted(void **state)
{
    static const struct unit_row rows[] = {
        { "BINNED", 5, NULL }, { "ERASED", 5, NULL }, { "NEW", 5, NULL }, { "OUT", 5, NULL }
    };
    struct unit_world *w = *state;
    struct voucher v;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        create(w, unit_voucher(rows[i].code, 1));
    const struct action ac = unit_claimed_action(w->store, w->project);
    const struct action later = unit_claimed_action(w->store, w->project);
    written(w, VOUCHER_TO_BIN, "OUT", &v);
    unit_work(w->store, run_bin_erase, w);
    written(w, VOUCHER_TO_BIN, "BINNED", &v);
    written(w, VOUCHER_ERASE, "ERASED", &v);
    written(w, VOUCHER_ERASE, "NEW", &v);
    create(w, unit_voucher("NEW", 2)); /* another voucher */
    assert_string_equal(UNIT_IMPORT(w->store, &ac, rows), "ssss");
    assert_false(is_there(w, "BINNED") || is_there(w, "ERASED") || is_there(w, "OUT"));
    assert_int_equal(find(w, "NEW").value.i, 2);
    assert_string_equal(totals(w), "voucher=1");
    assert_string_equal(UNIT_IMPORT(w->store, &later, rows), "ssss");

    const struct action after = unit_claimed_action(w->store, w->project); /* is free to */
    assert_string_equal(UNIT_IMPORT(w->store, &after, rows), "fcuc");
    assert_string_equal(totals(w), "voucher=3");
}

/* ---- any order ---- */

#define OPS  9
#define ROWS 5

/* What one writer gives: an import all its rows, a request the first. */
struct op {
    enum { OP_IMPORT, OP_CHANGE, OP_ERASE } kind;
    struct voucher rows[ROWS];
    struct action ac;
    bool pending; /* an import that has begun and has not written yet */
    bool missed;  /* a request that found nothing */
};

static uint32_t draw(uint32_t *random, uint32_t n)
{
    *random = *random * 1103515245u + 12345u;
    return (*random >> 16) % n;
}

static struct voucher drawn_row(struct unit_world *w, uint32_t *random, size_t i)
{
    static const char *const codes[ROWS] = { "A", "B", "C", "D", "D" };
    struct voucher v = unit_voucher(codes[i], 1 + (int64_t)draw(random, 50));
    v.set = VF_CODE | VF_TYPE | VF_DISCOUNT_TYPE;
    if (draw(random, 2) != 0)
        v.set |= VF_VALUE;
    if (draw(random, 3) == 0) {
        v.set |= VF_ACTIVE;
        v.active = draw(random, 2) != 0;
    }
    if (draw(random, 3) == 0) {
        v.set |= VF_CATEGORY;
        v.category = str_of(arena_printf(&w->arena, "%u", draw(random, 3)));
    }
    if (draw(random, 2) != 0) {
        const uint32_t key = draw(random, 3);
        v.set |= VF_METADATA;
        v.metadata = str_of(arena_printf(&w->arena, "{\"k%u\":%u,\"k%u\":%u}", key, draw(random, 9),
                                         key + 1, draw(random, 9)));
    }
    if ((v.set & VF_VALUE) == 0)
        v.value = num_int(0);
    return v;
}

static void import_op(struct unit_world *w, struct op *op)
{
    struct unit_row rows[ROWS];
    struct unit_chunk c;
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = (struct unit_row){ .code = op->rows[i].code.p, .amount = 1 };
    unit_chunk_init(&c, &op->ac, rows, ROWS, NULL, true);
    for (size_t i = 0; i < ROWS; i++) {
        const uint32_t row = c.rows[i].row;
        c.rows[i] = op->rows[i];
        c.rows[i].row = row;
    }
    unit_commit(w->store, &c.chunk);
    unit_chunk_release(&c);
    op->pending = false;
}

static void request_op(struct unit_world *w, int64_t project, struct op *op)
{
    struct voucher v = op->rows[0];
    struct voucher_write write = { .mode = op->kind == OP_ERASE ? VOUCHER_ERASE : VOUCHER_CHANGE,
                                   .code_or_id = v.code,
                                   .project_id = project,
                                   .voucher = &v,
                                   .arena = &w->arena };
    unit_work(w->store, run_write, &write);
    op->missed = !write.found;
}

/* What is stored of A to D, metadata by key. */
static const char *state_of(struct unit_world *w, int64_t project)
{
    return ask(
        w,
        arena_printf(
            &w->arena,
            unit_on_postgres()
                ? "SELECT string_agg(code || ' ' || coalesce(value::text, '-') || active || "
                  "coalesce(category, '-') || coalesce((SELECT string_agg(key || value, ',' ORDER "
                  "BY key COLLATE \"C\") FROM jsonb_each_text(coalesce(metadata, '{}'))), ''), "
                  "'; ' ORDER BY code) FROM vouchers WHERE project_id = %lld"
                : "SELECT group_concat(code || ' ' || ifnull(value, '-') || active || "
                  "ifnull(category, '-') || (SELECT group_concat(key || value) FROM (SELECT key, "
                  "value "
                  "FROM json_each(ifnull(metadata, '{}')) ORDER BY key)), '; ') FROM "
                  "(SELECT * FROM vouchers WHERE project_id = %lld ORDER BY code)",
            (long long)project));
}

/* Imports overlap in any way, requests come in between: it ends as if each had run at its number.
 */
static void overlapping_writers_end_as_if_one_after_the_other(void **state)
{
    struct unit_world *w = *state;
    for (uint32_t seed = 1; seed <= 200; seed++) {
        char name[40];
        struct op ops[OPS] = { 0 };
        uint32_t random = seed;
        snprintf(name, sizeof(name), "mixed %u", seed);
        const int64_t mixed = unit_project(w->store, name);
        snprintf(name, sizeof(name), "single file %u", seed);
        const int64_t single = unit_project(w->store, name);
        for (size_t i = 0; i < OPS; i++) {
            struct op *op = &ops[i];
            const uint32_t kind = i == 0 ? 0 : draw(&random, 8);
            op->kind = kind < 5 ? OP_IMPORT : kind < 7 ? OP_CHANGE : OP_ERASE;
            for (size_t r = 0; r < ROWS; r++)
                op->rows[r] = drawn_row(w, &random, r);
            if (op->kind == OP_IMPORT) {
                op->ac = unit_claimed_action(w->store, mixed);
                op->pending = true;
            } else {
                op->rows[0].code = STR("D");
                request_op(w, mixed, op);
            }
            struct op *any = &ops[draw(&random, (uint32_t)i + 1)];
            if (any->pending)
                import_op(w, any);
        }
        for (size_t i = draw(&random, OPS), n = 0; n < OPS; n++, i = (i + 2) % OPS) {
            if (ops[i].pending)
                import_op(w, &ops[i]);
        }
        for (size_t i = 0; i < OPS; i++) {
            if (ops[i].kind == OP_IMPORT) {
                ops[i].ac = unit_claimed_action(w->store, single);
                import_op(w, &ops[i]);
            } else if (!ops[i].missed) {
                request_op(w, single, &ops[i]);
            }
        }
        if (strcmp(state_of(w, mixed), state_of(w, single)) != 0)
            print_error("seed %u\n", seed);
        assert_string_equal(state_of(w, mixed), state_of(w, single));
    }
}

/* ---- breaking things ---- */

static struct voucher_write attempt_of(enum voucher_write_mode mode, struct voucher *v)
{
    *v = mode == VOUCHER_CREATE ? tagged("NEW", "y") : change_of(VF_CATEGORY);
    v->category = STR("z");
    return (
        struct voucher_write){ .mode = mode, .code_or_id = STR("A"), .voucher = v, .amount = -1 };
}

static void any_failure_writes_nothing_and_the_next_try_succeeds(void **state)
{
    static const enum fault_kind kinds[] = { FAULT_ALLOC, FAULT_STORE };
    struct unit_world *w = *state;
    struct voucher v;
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (int mode = VOUCHER_CREATE; mode <= VOUCHER_ADD_BALANCE; mode++) {
            create(w, gift("A", 100));
            size_t nth = 1;
            for (size_t fired = 1; fired != 0; nth++) {
                struct arena a;
                struct err err = { 0 };
                struct voucher_write write = attempt_of((enum voucher_write_mode)mode, &v);
                arena_init(&a, 16, 0);
                write.project_id = w->project;
                write.arena = &a;
                const char *before = dump(w);
                fault_arm(kinds[k], nth, false);
                const int rc = store_work_wait(w->store, run_write, &write, &err);
                fired = fault_disarm();
                if (rc < 0) {
                    assert_true(fired != 0 && err.code != ERR_OK && err.msg[0] != '\0');
                    assert_string_equal(dump(w), before);
                } else {
                    assert_true(write.outcome != OUTCOME_FAILED && write.found);
                    assert_string_not_equal(dump(w), before);
                    fired = 0;
                }
                arena_release(&a);
            }
            assert_true(kinds[k] == FAULT_ALLOC || nth > 5);
            struct voucher x;
            written(w, VOUCHER_ERASE, "A", &x);
            written(w, VOUCHER_ERASE, "NEW", &x);
            const char *purge = "DELETE FROM vouchers"; /* what is in the bin */
            unit_sql(w->url, purge);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_code_is_made_and_made_again_until_one_is_free,
                                        unit_world_setup, unit_world_teardown),
        cmocka_unit_test_setup_teardown(a_taken_code_fails_and_writes_nothing, unit_world_setup,
                                        unit_world_teardown),
        cmocka_unit_test_setup_teardown(a_change_is_written_and_answered, unit_world_setup,
                                        unit_world_teardown),
        cmocka_unit_test_setup_teardown(a_change_of_nothing_is_not_written, unit_world_setup,
                                        unit_world_teardown),
        cmocka_unit_test_setup_teardown(a_voucher_is_found_by_id_or_code_in_its_project,
                                        unit_world_setup, unit_world_teardown),
        cmocka_unit_test_setup_teardown(counters_follow_every_write, unit_world_setup,
                                        unit_world_teardown),
        cmocka_unit_test_setup_teardown(a_binned_voucher_is_hidden_and_has_an_entry,
                                        unit_world_setup, unit_world_teardown),
        cmocka_unit_test_setup_teardown(an_erased_voucher_leaves_nothing, unit_world_setup,
                                        unit_world_teardown),
        cmocka_unit_test_setup_teardown(a_booking_is_kept_with_its_transaction, unit_world_setup,
                                        unit_world_teardown),
        cmocka_unit_test_setup_teardown(a_booking_that_cannot_be_writes_nothing, unit_world_setup,
                                        unit_world_teardown),
        cmocka_unit_test_setup_teardown(an_earlier_import_leaves_alone_what_requests_have_given,
                                        unit_world_setup, unit_world_teardown),
        cmocka_unit_test_setup_teardown(
            what_lies_between_a_first_and_a_last_writer_holds_against_the_first, unit_world_setup,
            unit_world_teardown),
        cmocka_unit_test_setup_teardown(an_earlier_import_does_not_bring_back_what_was_deleted,
                                        unit_world_setup, unit_world_teardown),
        cmocka_unit_test_setup_teardown(overlapping_writers_end_as_if_one_after_the_other,
                                        unit_world_setup, unit_world_teardown),
        cmocka_unit_test_setup_teardown(metadata_that_gives_nothing_meets_later_metadata,
                                        unit_world_setup, unit_world_teardown),
        cmocka_unit_test_setup_teardown(any_failure_writes_nothing_and_the_next_try_succeeds,
                                        unit_world_setup, unit_world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
