/* SPDX-License-Identifier: MIT */
/*
 * test_engine_bulk.c - actions with records: JSON imports and bulk updates, alone and in order, dry
 * runs, cancelling, and what overlapping writers leave of each other.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/time_iso.h"
#include "support/unit_engine.h"

#define GIFT(code, amount)                                                                         \
    "{\"code\":\"" code "\",\"type\":\"GIFT_VOUCHER\",\"gift\":{\"amount\":" amount "}}\n"
#define UPDATE(code, metadata) "{\"code\":\"" code "\",\"metadata\":" metadata "}\n"

static struct action queue(struct unit_engine *w, int64_t project, int kind, const char *lines,
                           const char *metadata)
{
    const struct unit_records r = { .kind = kind, .lines = lines, .metadata = metadata };
    struct action ac = unit_queue_records(w, project, &r);
    if (w->engine != NULL)
        engine_add(w->engine, &ac);
    return ac;
}

static const char *metadata_of(struct unit_engine *w, int64_t project, const char *code)
{
    const struct str m = unit_find(w->store, &w->arena, project, code)->metadata;
    return m.p != NULL ? arena_str(&w->arena, m).p : "";
}

static int64_t create(struct unit_engine *w, int64_t project, const char *code,
                      const char *metadata)
{
    struct voucher v = unit_voucher(code, 1);
    if (metadata != NULL) {
        v.metadata = str_of(metadata);
        v.set |= VF_METADATA;
    }
    assert_int_equal(unit_create(w->store, project, &v), OUTCOME_CREATED);
    return v.version;
}

static void assert_counts(const struct action *ac, int64_t created, int64_t updated,
                          int64_t unchanged, int64_t superseded, int64_t failed)
{
    const int64_t want[] = { 0, created, updated, unchanged, superseded, failed };
    for (int o = OUTCOME_CREATED; o < OUTCOME_COUNT; o++)
        assert_int_equal(ac->counts[o], want[o]);
}

static struct failure_row *failures_of(struct unit_engine *w, const struct action *ac, size_t want)
{
    struct failure_row *rows = NULL;
    size_t n = 0;
    MUST(
        store_list_failures(w->store, &w->arena, ac->project_id, ac->seq, 0, 100, &rows, &n, must));
    assert_int_equal(n, want);
    return rows;
}

/* ---- one at a time ---- */

static void import_of_records_creates_and_fails_by_row(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    create(w, project, "TAKEN", NULL);
    for (int large = 0; large < 2; large++) {
        const struct unit_records r = {
            .kind = ACTION_VOUCHERS_IMPORT,
            .large = large,
            .lines = large ? GIFT("A", "1") GIFT("TAKEN", "1") GIFT("B\\n2", "700")
                                 GIFT("A", "9") "{\"code\":\"C\"}\n"
                                                "{\"type\":\"GIFT_VOUCHER\"}\n"
                           : GIFT("D", "5")
        };
        struct action ac = unit_queue_records(w, project, &r);
        unit_engine_start(w, 0, 2);
        ac = unit_wait_end(w, &ac);
        unit_engine_stop(w);
        assert_int_equal(ac.status, ACTION_DONE);
        if (!large) {
            assert_counts(&ac, 1, 0, 0, 0, 0);
            continue;
        }
        assert_counts(&ac, 2, 0, 0, 0, 4);
        const struct failure_row *f = failures_of(w, &ac, 4);
        assert_str(f[0].reason, "Duplicated voucher exists with id TAKEN");
        assert_int_equal(f[0].kind, FAILURE_DUPLICATE);
        assert_str(f[1].key, "A");
        assert_int_equal(f[1].row, 4);
        assert_str(f[1].reason, "Duplicated voucher exists with id A");
        assert_str(f[2].key, "C");
        assert_str(f[2].reason, "Voucher Type is required");
        assert_str(f[3].reason, "Code is required");
    }
    assert_int_equal(unit_find(w->store, &w->arena, project, "A")->value.i, 1);
    assert_int_equal(unit_find(w->store, &w->arena, project, "B\n2")->value.i, 700);
}

static void bulk_update_merges_metadata_and_nothing_else(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    create(w, project, "A", "{\"x\":1,\"keep\":[1]}");
    create(w, project, "B", NULL);
    unit_engine_start(w, 0, 0);
    struct action ac = queue(w, project, ACTION_VOUCHERS_BULK_UPDATE,
                             UPDATE("A", "{\"x\":29.990,\"n\":null}") UPDATE("NONE", "{\"a\":1}")
                                 UPDATE("B", "{\"x\":12345678901234567890}")
                                     UPDATE("B", "{\"x\":12345678901234567890}"),
                             NULL);
    ac = unit_wait_end(w, &ac);
    assert_int_equal(ac.status, ACTION_DONE);
    assert_counts(&ac, 0, 2, 1, 0, 1);
    assert_string_equal(metadata_of(w, project, "A"),
                        unit_metadata(&w->arena, "{\"x\":29.990,\"keep\":[1],\"n\":null}"));
    assert_string_equal(metadata_of(w, project, "B"),
                        unit_metadata(&w->arena, "{\"x\":12345678901234567890}"));
    const struct failure_row *f = failures_of(w, &ac, 1);
    assert_str(f->reason, "Cannot find voucher with id NONE");
    assert_int_equal(f->kind, FAILURE_NOT_FOUND);
    assert_int_equal(f->row, 2);
}

static void metadata_update_gives_all_codes_the_same(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    create(w, project, "A", "{\"a\":1}");
    create(w, project, "B\"q", NULL);
    unit_engine_start(w, 0, 0);
    struct action ac = queue(w, project, ACTION_VOUCHERS_METADATA_UPDATE,
                             "\"A\"\n\"B\\\"q\"\n\"NONE\"\n", "{\"b\":{\"c\":2}}");
    ac = unit_wait_end(w, &ac);
    assert_counts(&ac, 0, 2, 0, 0, 1);
    assert_string_equal(metadata_of(w, project, "A"),
                        unit_metadata(&w->arena, "{\"a\":1,\"b\":{\"c\":2}}"));
    assert_string_equal(metadata_of(w, project, "B\"q"), "{\"b\":{\"c\":2}}");
}

static void action_without_records_is_done(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    static const int kinds[] = { ACTION_VOUCHERS_IMPORT, ACTION_VOUCHERS_BULK_UPDATE,
                                 ACTION_VOUCHERS_METADATA_UPDATE };
    unit_engine_start(w, 0, 0);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct action ac = queue(w, project, kinds[i], "", NULL);
        ac = unit_wait_end(w, &ac);
        assert_int_equal(ac.status, ACTION_DONE);
        assert_int_equal(ac.progress, 100);
        assert_counts(&ac, 0, 0, 0, 0, 0);
    }
}

/* ---- order ---- */

static void last_of_many_small_updates_stands(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 1500 }; /* several batches */
    const int64_t project = unit_engine_project(w);
    struct action last = { 0 };
    create(w, project, "A", NULL);
    unit_engine_start(w, 0, 0);
    for (int i = 0; i < N; i++) {
        char line[100];
        snprintf(line, sizeof(line), UPDATE("A", "{\"n\":%d}"), i);
        last = queue(w, project, ACTION_VOUCHERS_BULK_UPDATE, line, NULL);
    }
    last = unit_wait_end(w, &last);
    assert_int_equal(last.status, ACTION_DONE);
    assert_counts(&last, 0, 1, 0, 0, 0);
    assert_string_equal(metadata_of(w, project, "A"), unit_metadata(&w->arena, "{\"n\":1499}"));
    assert_true(unit_wait_idle(w));
    struct queue_id *queues;
    size_t n;
    MUST(store_list_queues(w->store, &w->arena, &queues, &n, must));
    assert_int_equal(n, 0); /* all have ended */
}

/* Small, large, small: a large one runs by itself, and what is behind it waits. */
static void small_and_large_updates_keep_their_order(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    struct buf lines;
    struct action first, large, last;
    buf_init(&lines, 4 * MIB);
    create(w, project, "A", NULL);
    for (int i = 0; i < 3000; i++)
        buf_printf(&lines, UPDATE("A", "{\"large\":%d,\"n\":%d}"), i, i);
    buf_putc(&lines, '\0');
    const struct unit_records r = { .kind = ACTION_VOUCHERS_BULK_UPDATE,
                                    .lines = lines.p,
                                    .large = true };
    first = queue(w, project, r.kind, UPDATE("A", "{\"n\":\"first\",\"f\":1}"), NULL);
    large = unit_queue_records(w, project, &r);
    last = queue(w, project, r.kind, UPDATE("A", "{\"n\":\"last\"}"), NULL);
    unit_engine_start(w, 0, 100);
    last = unit_wait_end(w, &last);
    first = unit_reload(w->store, &w->arena, &first);
    large = unit_reload(w->store, &w->arena, &large);
    assert_int_equal(first.status, ACTION_DONE);
    assert_int_equal(large.status, ACTION_DONE);
    assert_int_equal(large.counts[OUTCOME_UPDATED], 3000);
    assert_string_equal(metadata_of(w, project, "A"),
                        unit_metadata(&w->arena, "{\"n\":\"last\",\"f\":1,\"large\":2999}"));
    buf_release(&lines);
}

static void put_import(struct buf *b, int n)
{
    buf_puts(b, STR("Code,Voucher Type,Value\n"));
    for (int i = 0; i < n; i++)
        buf_printf(b, "C%d,GIFT_VOUCHER,1\n", i);
}

static void update_behind_an_import_finds_every_row(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 3000 };
    const int64_t project = unit_engine_project(w), other = unit_engine_project(w);
    struct buf csv, lines;
    buf_init(&csv, 1 * MIB);
    buf_init(&lines, 1 * MIB);
    put_import(&csv, N);
    for (int i = N - 1; i >= 0; i--)
        buf_printf(&lines, "\"C%d\"\n", i);
    buf_putc(&lines, '\0');
    struct action import = unit_upload(w, project, buf_str(&csv));
    struct action update =
        queue(w, project, ACTION_VOUCHERS_METADATA_UPDATE, lines.p, "{\"found\":true}");
    struct action foreign = queue(w, other, ACTION_VOUCHERS_METADATA_UPDATE, "\"C1\"\n", "{}");
    unit_engine_start(w, 0, 50);
    update = unit_wait_end(w, &update);
    import = unit_reload(w->store, &w->arena, &import);
    assert_true(action_is_finished(&import));
    assert_counts(&update, 0, N, 0, 0, 0);
    foreign = unit_wait_end(w, &foreign);
    assert_counts(&foreign, 0, 0, 0, 0, 1); /* another project's codes are not there */
    buf_release(&csv);
    buf_release(&lines);
}

static void shared_action_does_not_wait_for_an_ordered_one(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 20000 };
    const int64_t project = unit_engine_project(w);
    struct buf csv;
    buf_init(&csv, 4 * MIB);
    put_import(&csv, N);
    struct action large = unit_upload(w, project, buf_str(&csv));
    struct action update =
        queue(w, project, ACTION_VOUCHERS_BULK_UPDATE, UPDATE("C1", "{\"u\":1}"), NULL);
    unit_engine_start(w, 0, 100);
    struct action small = queue(w, project, ACTION_VOUCHERS_IMPORT, GIFT("NEW", "1"), NULL);
    small = unit_wait_end(w, &small);
    assert_int_equal(small.status, ACTION_DONE);
    update = unit_reload(w->store, &w->arena, &update);
    assert_int_equal(update.status, ACTION_ENQUEUED); /* still behind the large import */
    update = unit_wait_end(w, &update);
    assert_counts(&update, 0, 1, 0, 0, 0);
    large = unit_reload(w->store, &w->arena, &large);
    assert_int_equal(large.status, ACTION_DONE);
    buf_release(&csv);
}

/* More than are in memory at a time. */
static void queue_of_many_shared_actions_is_worked_off(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 3 * QUEUE_RUNS_MAX };
    const int64_t project = unit_engine_project(w);
    struct action actions[N];
    for (int i = 0; i < N; i++) {
        char line[100];
        snprintf(line, sizeof(line), GIFT("G%d", "%d"), i, i);
        actions[i] = queue(w, project, ACTION_VOUCHERS_IMPORT, line, NULL);
    }
    unit_engine_start(w, 0, 0);
    for (int i = 0; i < N; i++) {
        actions[i] = unit_wait_end(w, &actions[i]);
        assert_counts(&actions[i], 1, 0, 0, 0, 0);
    }
}

static void input_that_is_damaged_fails_its_own_action_only(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    create(w, project, "A", NULL);
    const int kind = ACTION_VOUCHERS_BULK_UPDATE;
    struct action before = queue(w, project, kind, UPDATE("A", "{\"a\":1}"), NULL);
    struct action bad = queue(w, project, kind, "{\"code\":\n", NULL);
    struct action after = queue(w, project, kind, UPDATE("A", "{\"b\":2}"), NULL);
    unit_engine_start(w, 0, 0);
    after = unit_wait_end(w, &after);
    before = unit_reload(w->store, &w->arena, &before);
    bad = unit_reload(w->store, &w->arena, &bad);
    assert_int_equal(before.status, ACTION_DONE);
    assert_int_equal(bad.status, ACTION_FAILED);
    assert_str(bad.message, "Internal error");
    assert_int_equal(after.status, ACTION_DONE);
    assert_string_equal(metadata_of(w, project, "A"),
                        unit_metadata(&w->arena, "{\"a\":1,\"b\":2}"));
}

/* ---- cancelling ---- */

struct cancel {
    struct action ac;
    struct arena *a;
};

static int cancel_action(struct store_tx *tx, void *arg, struct err *err)
{
    struct cancel *c = arg;
    return store_tx_action_cancel(tx, c->ac.project_id, c->ac.seq, time_now_ms(), c->a, &c->ac,
                                  err);
}

static struct action cancel(struct unit_engine *w, const struct action *ac)
{
    struct cancel c = { .ac = *ac, .a = &w->arena };
    unit_work(w->store, cancel_action, &c);
    if (w->engine != NULL)
        engine_ended(w->engine, &c.ac);
    return c.ac;
}

static void cancelled_before_it_began_does_nothing_and_lets_others_pass(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    const int kind = ACTION_VOUCHERS_BULK_UPDATE;
    create(w, project, "A", NULL);
    struct action first = queue(w, project, kind, UPDATE("A", "{\"first\":1}"), NULL);
    struct action second = queue(w, project, kind, UPDATE("A", "{\"second\":1}"), NULL);
    first = cancel(w, &first);
    assert_int_equal(first.status, ACTION_FAILED);
    assert_str(first.message, "Cancelled: 0 of 1 rows are in, 0 failed, 1 were not reached.");
    unit_engine_start(w, 0, 0);
    second = unit_wait_end(w, &second);
    assert_int_equal(second.status, ACTION_DONE);
    assert_string_equal(metadata_of(w, project, "A"), unit_metadata(&w->arena, "{\"second\":1}"));
    const struct action again = cancel(w, &second); /* has ended: stays as it is */
    assert_int_equal(again.status, ACTION_DONE);
}

static void cancelled_import_has_exact_counts(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 30000 };
    const int64_t project = unit_engine_project(w);
    struct buf csv;
    buf_init(&csv, 4 * MIB);
    put_import(&csv, N);
    struct action ac = unit_upload(w, project, buf_str(&csv));
    struct action behind =
        queue(w, project, ACTION_VOUCHERS_BULK_UPDATE, UPDATE("C0", "{\"u\":1}"), NULL);
    unit_engine_start(w, 0, 200);
    struct action now = unit_reload(w->store, &w->arena, &ac);
    while (action_rows(&now) < 400 && !action_is_finished(&now))
        now = unit_reload(w->store, &w->arena, &ac);
    now = cancel(w, &ac);
    assert_int_equal(now.status, ACTION_FAILED);
    behind = unit_wait_end(w, &behind); /* waited for the import's end */
    assert_counts(&behind, 0, 1, 0, 0, 0);
    assert_true(unit_wait_idle(w));
    now = unit_reload(w->store, &w->arena, &ac);
    assert_int_equal(now.status, ACTION_FAILED);
    char want[200];
    snprintf(want, sizeof(want),
             "Cancelled: %lld rows are in, 0 failed, the rest of the file was not read.",
             (long long)now.counts[OUTCOME_CREATED]);
    assert_str(now.message, want);
    const struct voucher_page page = { .limit = 1 };
    struct voucher *rows;
    size_t n;
    int64_t total;
    bool more;
    MUST(store_list_vouchers(w->store, &w->arena, project, &page, &rows, &n, &total, &more, must));
    assert_int_equal(total, now.counts[OUTCOME_CREATED]);
    assert_true(total >= 400 && total < N);
    buf_release(&csv);
}

/* ---- dry runs ---- */

/* Everything of the project but the dry run itself. */
static const char *vouchers_of(struct unit_engine *w, int64_t project)
{
    const char *dump = unit_dump(w->store, &w->arena, project, UNIT_DUMP_EXACT);
    const char *at = strncmp(dump, "voucher ", 8) == 0 ? dump : strstr(dump, "\nvoucher ");
    return at == NULL ? "" : *at == '\n' ? at + 1 : at;
}

static const char *outcomes_of(struct unit_engine *w, const struct action *ac)
{
    struct outcome_blob *blob = NULL;
    struct buf b;
    buf_init(&b, 1 * MIB);
    for (int64_t no = 0;; no++) {
        MUST(store_find_outcomes(w->store, &w->arena, ac->project_id, ac->seq, no, &blob, must));
        if (blob == NULL)
            break;
        buf_puts(&b, str_of(unit_outcome_letters(blob->packed, (size_t)blob->n_rows)));
    }
    const char *text = arena_str(&w->arena, buf_str(&b)).p;
    buf_release(&b);
    return text;
}

static void dry_run_has_the_outcomes_of_the_real_run_and_changes_nothing(void **state)
{
    struct unit_engine *w = *state;
    static const struct unit_records runs[] = {
        { .kind = ACTION_VOUCHERS_IMPORT,
          .lines = GIFT("N1", "1") GIFT("OLD", "2")
              GIFT("N1", "3") "{\"code\":\"X\"}\n" GIFT("N2", "4") },
        { .kind = ACTION_VOUCHERS_BULK_UPDATE,
          .lines = UPDATE("OLD", "{\"a\":1}") UPDATE("NONE", "{}") UPDATE("OLD", "{\"a\":1}")
              UPDATE("OLD", "{\"a\":2}") "{\"metadata\":{}}\n" UPDATE("OLD", "{\"k\":0}") },
        { .kind = ACTION_VOUCHERS_METADATA_UPDATE,
          .lines = "\"OLD\"\n\"OLD\"\n\"NONE\"\n",
          .metadata = "{\"m\":1}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
        for (int large = 0; large < 2; large++) {
            const int64_t project = unit_engine_project(w);
            struct unit_records r = runs[i];
            create(w, project, "OLD", "{\"k\":0}");
            const char *before = vouchers_of(w, project);
            r.large = large;
            r.dry_run = true;
            struct action dry = unit_queue_records(w, project, &r);
            unit_engine_start(w, 0, 2);
            dry = unit_wait_end(w, &dry);
            assert_int_equal(dry.status, ACTION_DONE);
            assert_string_equal(vouchers_of(w, project), before);
            r.dry_run = false;
            struct action real = unit_queue_records(w, project, &r);
            engine_add(w->engine, &real);
            real = unit_wait_end(w, &real);
            unit_engine_stop(w);
            assert_string_equal(outcomes_of(w, &dry), outcomes_of(w, &real));
            for (int o = 0; o < OUTCOME_COUNT; o++)
                assert_int_equal(dry.counts[o], real.counts[o]);
            assert_string_not_equal(vouchers_of(w, project), before);
        }
    }
}

/* ---- overlapping writers ---- */

struct change {
    struct voucher_write write;
    struct voucher voucher;
    struct arena *a;
};

static int change_voucher(struct store_tx *tx, void *arg, struct err *err)
{
    struct change *c = arg;
    struct voucher v = c->voucher;
    c->write.voucher = &v;
    return store_tx_voucher_write(tx, &c->write, err);
}

/* What PUT does with these fields. */
static void change(struct unit_engine *w, int64_t project, const char *code,
                   const struct voucher *v)
{
    struct change c = { .write = { .project_id = project,
                                   .mode = VOUCHER_CHANGE,
                                   .code_or_id = str_of(code),
                                   .arena = &w->arena },
                        .voucher = *v };
    unit_work(w->store, change_voucher, &c);
    assert_true(c.write.found);
    assert_int_equal(c.write.outcome, OUTCOME_UPDATED);
}

/* An update that waits (the engine is not started) is overtaken by a request. */
static void later_write_keeps_its_fields_and_the_earlier_action_gets_the_others(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    create(w, project, "A", "{\"both\":0,\"old\":0}");
    create(w, project, "B", NULL);
    struct action update =
        queue(w, project, ACTION_VOUCHERS_BULK_UPDATE,
              UPDATE("A", "{\"both\":1,\"mine\":1,\"old\":1}") UPDATE("B", "{\"both\":1}"), NULL);
    struct voucher later;
    voucher_init(&later);
    later.active = false;
    later.metadata = STR("{\"both\":2,\"later\":2}");
    later.set = VF_ACTIVE | VF_METADATA;
    change(w, project, "A", &later);
    change(w, project, "B", &later);
    unit_engine_start(w, 0, 0);
    update = unit_wait_end(w, &update);
    assert_counts(&update, 0, 1, 0, 1, 0);
    assert_string_equal(metadata_of(w, project, "A"),
                        unit_metadata(&w->arena, "{\"both\":2,\"old\":1,\"later\":2,\"mine\":1}"));
    assert_string_equal(metadata_of(w, project, "B"),
                        unit_metadata(&w->arena, "{\"both\":2,\"later\":2}"));
    assert_false(unit_find(w->store, &w->arena, project, "A")->active);
}

static void note_of_a_write_goes_when_nothing_earlier_is_unfinished(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    struct voucher later;
    create(w, project, "A", NULL);
    voucher_init(&later);
    later.active = false;
    later.set = VF_ACTIVE;
    struct action waits =
        queue(w, project, ACTION_VOUCHERS_BULK_UPDATE, UPDATE("NONE", "{\"x\":1}"), NULL);
    change(w, project, "A", &later);
    assert_true(unit_find(w->store, &w->arena, project, "A")->recent.p != NULL);
    unit_engine_start(w, 0, 0);
    unit_wait_end(w, &waits);
    later.active = true;
    change(w, project, "A", &later);
    assert_null(unit_find(w->store, &w->arena, project, "A")->recent.p);
}

/* Two imports with different columns of the same codes: as if the second had run after the first.
 */
static void overlapping_imports_end_as_if_one_ran_after_the_other(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 300 };
    const int64_t project = unit_engine_project(w);
    struct buf first, second;
    buf_init(&first, 1 * MIB);
    buf_init(&second, 1 * MIB);
    buf_puts(&first, STR("Code,Voucher Type,Value,Redemption Limit,Region,Season\n"));
    buf_puts(&second, STR("Code,Voucher Type,Value,Season,Extra\n"));
    for (int i = 0; i < N; i++) {
        buf_printf(&first, "C%d,GIFT_VOUCHER,1,7,EU,fall\n", i);
        buf_printf(&second, "C%d,GIFT_VOUCHER,2,spring,x\n", N - 1 - i);
    }
    struct action a = unit_upload(w, project, buf_str(&first));
    struct action b = unit_upload(w, project, buf_str(&second));
    unit_engine_start(w, 0, 7);
    a = unit_wait_end(w, &a);
    b = unit_wait_end(w, &b);
    assert_int_equal(action_rows(&a), N);
    assert_int_equal(action_rows(&b), N);
    assert_int_equal(a.counts[OUTCOME_CREATED] + b.counts[OUTCOME_CREATED], N);
    for (int i = 0; i < N; i++) {
        char code[32];
        snprintf(code, sizeof(code), "C%d", i);
        const struct voucher *v = unit_find(w->store, &w->arena, project, code);
        assert_int_equal(v->value.i, 200);
        assert_int_equal(v->quantity, 7); /* of the first alone */
        assert_non_null(strstr(metadata_of(w, project, code), "\"Season\":\"spring\""));
        assert_non_null(strstr(metadata_of(w, project, code), "\"Region\":\"EU\""));
        assert_non_null(strstr(metadata_of(w, project, code), "\"Extra\":\"x\""));
    }
    buf_release(&first);
    buf_release(&second);
}

/* ---- failures ---- */

static void batch_with_any_failure_ends_exactly(void **state)
{
    struct unit_engine *w = *state;
    static const enum fault_kind kinds[] = { FAULT_ALLOC, FAULT_STORE };
    const int kind = ACTION_VOUCHERS_BULK_UPDATE;
    unit_engine_start(w, 0, 0);
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t nth = 1, fired = 1; fired; nth++) {
            const int64_t project = unit_engine_project(w);
            create(w, project, "A", NULL);
            struct action ac[3] = {
                unit_queue_records(w, project,
                                   &(struct unit_records){
                                       .kind = kind, .lines = UPDATE("A", "{\"n\":1,\"a\":1}") }),
                unit_queue_records(
                    w, project,
                    &(struct unit_records){ .kind = kind, .lines = UPDATE("NONE", "{\"n\":2}") }),
                unit_queue_records(
                    w, project,
                    &(struct unit_records){ .kind = kind, .lines = UPDATE("A", "{\"n\":3}") }),
            };
            fault_arm(kinds[k], nth, false);
            engine_add(w->engine, &ac[0]);
            const bool idle = unit_wait_idle(w);
            fired = fault_disarm();
            assert_true(idle);
            for (int i = 0; i < 3; i++)
                assert_int_equal(unit_wait_end(w, &ac[i]).status, ACTION_DONE);
            assert_string_equal(metadata_of(w, project, "A"),
                                unit_metadata(&w->arena, "{\"n\":3,\"a\":1}"));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_engine_setup, unit_engine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(import_of_records_creates_and_fails_by_row),
        TEST(bulk_update_merges_metadata_and_nothing_else),
        TEST(metadata_update_gives_all_codes_the_same),
        TEST(action_without_records_is_done),
        TEST(last_of_many_small_updates_stands),
        TEST(small_and_large_updates_keep_their_order),
        TEST(update_behind_an_import_finds_every_row),
        TEST(shared_action_does_not_wait_for_an_ordered_one),
        TEST(queue_of_many_shared_actions_is_worked_off),
        TEST(input_that_is_damaged_fails_its_own_action_only),
        TEST(cancelled_before_it_began_does_nothing_and_lets_others_pass),
        TEST(cancelled_import_has_exact_counts),
        TEST(dry_run_has_the_outcomes_of_the_real_run_and_changes_nothing),
        TEST(later_write_keeps_its_fields_and_the_earlier_action_gets_the_others),
        TEST(note_of_a_write_goes_when_nothing_earlier_is_unfinished),
        TEST(overlapping_imports_end_as_if_one_ran_after_the_other),
        TEST(batch_with_any_failure_ends_exactly),
    };
    return cmocka_run_group_tests_name("engine/bulk", tests, NULL, NULL);
}
