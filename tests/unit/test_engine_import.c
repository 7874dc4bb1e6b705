/* SPDX-License-Identifier: MIT */
/*
 * test_engine_import.c - whole imports in one process, with chunks so small that their ends fall
 * everywhere, and stopped wherever an import can be stopped.
 *
 * What an import leaves behind is compared as text (unit_dump): it may not depend on where chunks
 * and slices end, nor on how often the engine was stopped.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/time_iso.h"
#include "support/unit_engine.h"

#define HEADER "Code,Voucher Type,Value,Discount Type,Active,Region\r\n"

/* All that can happen to a row, all line ends, blank lines, quoted line ends. */
static const char mixed[] =
    HEADER "A1,DISCOUNT_VOUCHER,10,AMOUNT,TRUE,EU\r\n"
           "A2,GIFT_VOUCHER,25.50,,,\n"
           "\n\r\n\n"
           ",DISCOUNT_VOUCHER,10,AMOUNT,,\n"
           "A1,DISCOUNT_VOUCHER,20,AMOUNT,false,\r"
           "OLD,DISCOUNT_VOUCHER,5,AMOUNT,,US\r\n"
           "SAME,DISCOUNT_VOUCHER,7,AMOUNT,,\n"
           "\"Q\"\"1\",DISCOUNT_VOUCHER,12.5,PERCENT,,\"line\r\n\r\nline\"\n"
           "BAD,DISCOUNT_VOUCHER,x,AMOUNT,,\r\n"
           "GIFT,DISCOUNT_VOUCHER,1,AMOUNT,,\r\n"
           "\xFF,DISCOUNT_VOUCHER,1,AMOUNT,,\n"
           "SHORT\n"
           "\n"
           "LONG,GIFT_VOUCHER,1,,,EU,more,cells,than,headings\n"
           "A1,DISCOUNT_VOUCHER,20,AMOUNT,,\n"
           "\"T\"x,GIFT_VOUCHER,1,,,\n"
           "Z,GIFT_VOUCHER,0,,,"
           "\"0123456789012345678901234567890123456789012345678901234567890123456789\"\r\n"
           "\r\n\r\n"
           "A3,DISCOUNT_VOUCHER,1,UNIT,TRUE,EU\n"
           "A2,GIFT_VOUCHER,3,,,\n\n"
           "LAST,GIFT_VOUCHER,4,,,";

static int64_t mixed_project(struct unit_engine *w)
{
    const int64_t project = unit_engine_project(w);
    struct voucher old = unit_voucher("OLD", 1), same = unit_voucher("SAME", 700);
    struct voucher gift = unit_voucher("GIFT", 5);
    old.metadata = STR("{\"Kept\":\"x\"}");
    gift.type = VOUCHER_GIFT;
    gift.discount_type = DISCOUNT_NONE;
    unit_create(w->store, project, &old);
    unit_create(w->store, project, &same);
    unit_create(w->store, project, &gift);
    return project;
}

static const char *import_mixed(struct unit_engine *w, size_t chunk_bytes, size_t chunk_rows)
{
    const int64_t project = mixed_project(w);
    unit_import(w, project, str_of(mixed), chunk_bytes, chunk_rows);
    return unit_end_state(w, project);
}

static void import_does_to_each_row_what_the_reference_says(void **state)
{
    struct unit_engine *w = *state;
    const char *got = import_mixed(w, 0, 0);
    static const char *const parts[] = {
        "action status=2 kind=17 created=7 updated=3 unchanged=2 superseded=0 failed=6 ",
        " failed=6 progress=100\n",
        "  outcomes ccfuu=cffffc=fccuc\n",
        "  row 3 '': Code is required\n",
        "  row 8 'BAD': ",
        "  row 9 'GIFT': It is not possible to change Voucher discount type\n",
        "  row 10 '': Column 'Code' is not valid UTF-8 (byte 0)\n",
        "  row 11 'SHORT': Voucher Type is required\n",
        "metadata='{\"Kept\":\"x\",\"Region\":\"US\"}'",
        "metadata='{\"Region\":\"line\\r\\n\\r\\nline\"}'",
        "voucher A1 type=1 discount=1 effect=0 active=0 value=2000 ",
        "voucher A2 type=2 discount=0 effect=0 active=1 value=300 ",
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (strstr(got, parts[i]) == NULL)
            fail_msg("no '%s' in\n%s", parts[i], got);
    }
}

/* ---- chunks ---- */

static void import_ends_the_same_for_every_number_of_rows_a_chunk(void **state)
{
    struct unit_engine *w = *state;
    const char *want = import_mixed(w, 0, 0);
    for (size_t rows = 1; rows <= 24; rows++)
        assert_string_equal(import_mixed(w, 0, rows), want);
}

static void import_ends_the_same_for_every_number_of_bytes_a_chunk(void **state)
{
    struct unit_engine *w = *state;
    const char *want = import_mixed(w, 0, 0);
    for (size_t bytes = 1; bytes <= sizeof(mixed); bytes += bytes < 160 ? 1 : 37)
        assert_string_equal(import_mixed(w, bytes, 0), want);
}

static void import_ends_the_same_for_rows_and_bytes_together(void **state)
{
    struct unit_engine *w = *state;
    const char *want = import_mixed(w, 0, 0);
    for (size_t i = 1; i < 40; i++)
        assert_string_equal(import_mixed(w, i * 11 % 300, 1 + i % 5), want);
}

/* A window is as large as the chunk or its largest record, not as what lies between records. */
static void blank_lines_need_no_memory(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    struct buf text;
    buf_init(&text, 4 * MIB);
    buf_puts(&text, STR(HEADER));
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 100000; k++)
            buf_puts(&text, STR("\r\n"));
        if (i < 3)
            buf_printf(&text, "A%d,GIFT_VOUCHER,1,,,\n", i);
    }
    struct action ac = unit_upload(w, project, buf_str(&text));
    unit_engine_start(w, 4096, 0);
    ac = unit_wait_end(w, &ac);
    assert_int_equal(ac.status, ACTION_DONE);
    assert_int_equal(ac.counts[OUTCOME_CREATED], 3);
    for (size_t i = 0; i < CHUNK_SLOTS; i++)
        assert_true(w->engine->slots[i].window_cap <= 16 * KIB);
    unit_engine_stop(w);
    buf_release(&text);
}

/* ---- ends ---- */

static void unclosed_quote_ends_the_action_behind_the_rows_before_it(void **state)
{
    struct unit_engine *w = *state;
    static const size_t chunk_bytes[] = { 0, 1, 30, 64, 100 };
    for (size_t i = 0; i < ARRAY_LEN(chunk_bytes); i++) {
        const int64_t project = unit_engine_project(w);
        const struct action ac =
            unit_import(w, project,
                        STR(HEADER "A,GIFT_VOUCHER,1,,,\nB,GIFT_VOUCHER,x,,,\nC,GIFT_VOUCHER,1,,,\n"
                                   "D,\"GIFT_VOUCHER,1,,,\nE,GIFT_VOUCHER,1,,,\n"),
                        chunk_bytes[i], 0);
        assert_int_equal(ac.status, ACTION_FAILED);
        assert_str(ac.message, "Invalid CSV file: quote opened at row 4 is never closed");
        assert_int_equal(ac.counts[OUTCOME_CREATED], 2);
        assert_int_equal(ac.counts[OUTCOME_FAILED], 1);
        assert_int_equal(action_rows(&ac), 3);
        assert_non_null(strstr(unit_end_state(w, project), "total 2, listed 2\n"));
    }
}

static void record_beyond_the_ceiling_ends_the_action(void **state)
{
    struct unit_engine *w = *state;
    struct buf text;
    buf_init(&text, 2 * CSV_RECORD_MAX_BYTES);
    buf_puts(&text, STR(HEADER "A,GIFT_VOUCHER,1,,,\nB"));
    for (size_t i = 0; i < CSV_RECORD_MAX_BYTES / 10; i++)
        buf_puts(&text, STR(",123456789"));
    buf_puts(&text, STR("0123456789\nC,GIFT_VOUCHER,1,,,\n"));
    const struct action ac = unit_import(w, unit_engine_project(w), buf_str(&text), 1000, 0);
    assert_int_equal(ac.status, ACTION_FAILED);
    assert_str(ac.message, "Invalid CSV file: row 2 is longer than 4194304 bytes");
    assert_int_equal(action_rows(&ac), 1);
    buf_release(&text);
}

static void record_larger_than_a_chunk_is_a_row_like_any_other(void **state)
{
    struct unit_engine *w = *state;
    struct buf text;
    buf_init(&text, 8 * MIB);
    buf_puts(&text, STR(HEADER "A,GIFT_VOUCHER,1,,,\nB,GIFT_VOUCHER,2,,,\""));
    for (size_t i = 0; i < 40000; i++)
        buf_puts(&text, STR("long\n"));
    buf_puts(&text, STR("\"\nC,GIFT_VOUCHER,3,,,\n"));
    const int64_t project = unit_engine_project(w);
    const struct action ac = unit_import(w, project, buf_str(&text), 100, 0);
    assert_int_equal(ac.status, ACTION_DONE);
    assert_int_equal(ac.counts[OUTCOME_CREATED], 3);
    assert_true(unit_find(w->store, &w->arena, project, "B")->metadata.len > 240000);
    buf_release(&text);
}

static void file_with_a_header_alone_is_done_with_no_rows(void **state)
{
    struct unit_engine *w = *state;
    static const struct str texts[] = { STR_INIT("Code"), STR_INIT(HEADER),
                                        STR_INIT(HEADER "\n\r\n\n") };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct action ac = unit_import(w, unit_engine_project(w), texts[i], i, 0);
        assert_int_equal(ac.status, ACTION_DONE);
        assert_int_equal(action_rows(&ac), 0);
        assert_int_equal(ac.progress, 100);
        assert_string_equal(action_operation_status(&ac), "SUCCESS");
    }
}

static void file_whose_rows_all_fail_is_done(void **state)
{
    struct unit_engine *w = *state;
    const struct action ac =
        unit_import(w, unit_engine_project(w), STR(HEADER ",,,,,\n,,,,,\nX,,,,,\n"), 0, 2);
    assert_int_equal(ac.status, ACTION_DONE);
    assert_int_equal(ac.counts[OUTCOME_FAILED], 3);
    assert_int_equal(action_rows(&ac), 3);
    assert_string_equal(action_operation_status(&ac), "FAILED");
}

static void lost_input_ends_the_action_with_a_message(void **state)
{
    struct unit_engine *w = *state;
    char path[700];
    struct action ac = unit_upload(w, unit_engine_project(w), str_of(mixed));
    unit_input_path(w, &ac, path);
    if (unit_on_postgres())
        unit_sql(w->url, "DELETE FROM input_parts");
    else
        assert_int_equal(unlink(path), 0);
    unit_engine_start(w, 0, 0);
    ac = unit_wait_end(w, &ac);
    assert_int_equal(ac.status, ACTION_FAILED);
    assert_str(ac.message, "The input of this action is gone");
    assert_int_equal(action_rows(&ac), 0);
}

static void input_that_became_shorter_ends_the_action_with_exact_counts(void **state)
{
    struct unit_engine *w = *state;
    char path[700];
    struct action ac = unit_upload(w, mixed_project(w), str_of(mixed));
    unit_input_path(w, &ac, path);
    if (unit_on_postgres())
        unit_sql(w->url, "UPDATE input_parts SET data = substr(data, 1, length(data) / 2)");
    else
        assert_int_equal(truncate(path, (off_t)sizeof(mixed) / 2), 0);
    unit_engine_start(w, 64, 0);
    ac = unit_wait_end(w, &ac);
    assert_int_equal(ac.status, ACTION_FAILED);
    assert_str(ac.message, "Internal error");
    const char *state_now = unit_end_state(w, ac.project_id);
    const char *outcomes = strstr(state_now, "outcomes ") + strlen("outcomes ");
    assert_int_equal(strcspn(outcomes, "\n"), action_rows(&ac));
    assert_int_equal(strspn(outcomes, "cu=f"), action_rows(&ac));
}

static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_action_insert(tx, arg, err);
}

static void type_that_this_program_does_not_know_waits(void **state)
{
    struct unit_engine *w = *state;
    struct action ac = { .project_id = unit_engine_project(w),
                         .kind = ACTION_KIND_ID_COUNT, /* of a newer program */
                         .queue = QUEUE_VOUCHERS,
                         .records = -1,
                         .created_ms = time_now_ms(),
                         .request_id = STR("v-1"),
                         .params = STR("{}") };
    unit_work(w->store, insert_action, &ac);
    unit_engine_start(w, 0, 0);
    engine_add(w->engine, &ac);
    assert_true(unit_wait_idle(w));
    assert_int_equal(unit_reload(w->store, &w->arena, &ac).status, ACTION_ENQUEUED);
}

static void parameters_that_cannot_be_read_end_the_action(void **state)
{
    struct unit_engine *w = *state;
    struct action ac = unit_upload(w, unit_engine_project(w), str_of(mixed));
    struct action bad = { .project_id = ac.project_id,
                          .kind = ac.kind,
                          .queue = QUEUE_VOUCHERS,
                          .records = -1,
                          .created_ms = time_now_ms(),
                          .request_id = STR("v-1"),
                          .input = ac.input,
                          .params = STR("{\"delimiter\":") };
    unit_work(w->store, insert_action, &bad);
    unit_engine_start(w, 0, 0);
    bad = unit_wait_end(w, &bad);
    assert_int_equal(bad.status, ACTION_FAILED);
    assert_str(bad.message, "Internal error");
    assert_int_equal(unit_wait_end(w, &ac).status, ACTION_DONE);
}

/* ---- several at once ---- */

static void put_rows(struct buf *b, size_t from, size_t n, size_t step, int value)
{
    buf_puts(b, STR(HEADER));
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "CODE%zu,GIFT_VOUCHER,%d,,,%s", (from + i * step) % 100000, value,
                   i % 3 == 0 ? "\r\n" : "\n");
}

static void later_of_two_imports_stands_for_every_common_code(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 400 };
    struct buf first, second;
    buf_init(&first, 1 * MIB);
    buf_init(&second, 1 * MIB);
    put_rows(&first, 0, N, 1, 1);
    put_rows(&second, 100, N, 1, 2); /* 300 codes are in both */
    const int64_t project = unit_engine_project(w);
    struct action a = unit_upload(w, project, buf_str(&first));
    struct action b = unit_upload(w, project, buf_str(&second));
    unit_engine_start(w, 0, 7);
    a = unit_wait_end(w, &a);
    b = unit_wait_end(w, &b);
    assert_int_equal(action_rows(&a), N);
    assert_int_equal(action_rows(&b), N);
    assert_int_equal(a.counts[OUTCOME_CREATED] + b.counts[OUTCOME_CREATED], 500);
    assert_int_equal(a.counts[OUTCOME_SUPERSEDED] + b.counts[OUTCOME_UPDATED], 300);
    for (int i = 0; i < 500; i++) {
        char code[32];
        snprintf(code, sizeof(code), "CODE%d", i);
        assert_int_equal(unit_find(w->store, &w->arena, project, code)->value.i,
                         i < 100 ? 100 : 200);
    }
    buf_release(&first);
    buf_release(&second);
}

static void small_import_behind_a_large_one_ends_first(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 20000 };
    struct buf large;
    buf_init(&large, 4 * MIB);
    put_rows(&large, 0, N, 7919, 1);
    const int64_t project = unit_engine_project(w);
    struct action big = unit_upload(w, project, buf_str(&large));
    unit_engine_start(w, 0, 100);
    struct action small = unit_upload(w, project, STR(HEADER "S,GIFT_VOUCHER,1,,,\n"));
    engine_add(w->engine, &small);
    small = unit_wait_end(w, &small);
    assert_int_equal(small.status, ACTION_DONE);
    assert_false(action_is_finished(
        &(struct action){ .status = unit_reload(w->store, &w->arena, &big).status }));
    big = unit_wait_end(w, &big);
    assert_int_equal(big.status, ACTION_DONE);
    assert_int_equal(action_rows(&big), N);
    buf_release(&large);
}

static void actions_of_many_projects_all_end(void **state)
{
    struct unit_engine *w = *state;
    enum { N = 12 };
    struct action actions[N];
    const char *want = import_mixed(w, 0, 0);
    unit_engine_start(w, 0, 3);
    for (int i = 0; i < N; i++) {
        actions[i] = unit_upload(w, mixed_project(w), str_of(mixed));
        engine_add(w->engine, &actions[i]);
        engine_add(w->engine, &actions[i]); /* told twice: still one run */
    }
    for (int i = 0; i < N; i++) {
        unit_wait_end(w, &actions[i]);
        assert_string_equal(unit_end_state(w, actions[i].project_id), want);
    }
    assert_true(unit_wait_idle(w));
}

/* ---- slices: the writer is made to end one every 63 rows ---- */

static struct {
    _Atomic bool on; /* the hook itself is set before any thread runs */
    struct unit_engine *w;
    struct engine *_Atomic engine; /* set when it has been started */
    struct store_work work;        /* somebody waits: the slice has to make room */
    _Atomic bool queued;
    size_t row;             /* of the slice */
    size_t slices, stop_at; /* stop_at 0: never */
    size_t partial;         /* slices that did not end their chunk */
    void (*after_slice)(void);
} slicer;

static int do_nothing(struct store_tx *tx, void *arg, struct err *err)
{
    (void)tx;
    (void)arg;
    (void)err;
    return 0;
}

static void nothing_done(void *arg, int rc, const struct err *err)
{
    (void)arg;
    (void)rc;
    (void)err;
    slicer.queued = false;
}

/* The first slice may be in before engine_start() has returned. */
static struct engine *sliced_engine(void)
{
    while (slicer.engine == NULL)
        usleep(100);
    return slicer.engine;
}

static void ask_engine_to_stop(void)
{
    struct engine *e = sliced_engine();
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static void at_place(const char *place)
{
    if (!slicer.on)
        return;
    if (strcmp(place, "slice.row") == 0 && ++slicer.row == 63 && !slicer.queued) {
        slicer.queued = true;
        slicer.work = (struct store_work){ .run = do_nothing, .done = nothing_done };
        store_submit(slicer.w->store, &slicer.work);
        usleep(2100); /* a slice is not cut before 2 ms */
    }
    if (strcmp(place, "slice.after_commit") != 0)
        return;
    slicer.row = 0;
    slicer.slices++;
    if (slicer.after_slice != NULL)
        slicer.after_slice();
    if (slicer.slices == slicer.stop_at)
        ask_engine_to_stop();
}

/* Starts the engine; the caller stops it with stop_sliced(). */
static void start_sliced(struct unit_engine *w, size_t chunk_bytes, size_t stop_at,
                         void (*after_slice)(void))
{
    slicer.w = w;
    slicer.engine = NULL;
    slicer.row = slicer.slices = 0;
    slicer.stop_at = stop_at;
    slicer.after_slice = after_slice;
    slicer.on = true;
    unit_engine_start(w, chunk_bytes, 0);
    slicer.engine = w->engine;
}

static void stop_sliced(struct unit_engine *w)
{
    unit_engine_stop(w);
    slicer.on = false;
}

/* Rows in no order, repeated codes, bad rows, and all line ends. */
static void put_shuffled(struct buf *b, size_t n)
{
    static const char *const ends[] = { "\n", "\r\n", "\r", "\n\n\n", "\r\n\r\n" };
    buf_puts(b, STR(HEADER));
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%s%zu,GIFT_VOUCHER,%zu,,,%s%s", i % 17 == 3 ? "," : "C", i * 7919 % 211,
                   i % 9, i % 4 == 1 ? "Region" : "", ends[i % ARRAY_LEN(ends)]);
}

/* Runs the action on engines of these chunk sizes in turn until it has ended; each one is stopped
 * behind `slices` slices, but for the last of `stops`. */
static struct action run_with_stops(struct unit_engine *w, struct action ac, size_t slices,
                                    size_t stops, const size_t *chunk_bytes, size_t n_sizes)
{
    struct action now = ac;
    for (size_t life = 0; !action_is_finished(&now); life++) {
        assert_true(life < 200);
        start_sliced(w, chunk_bytes[life % n_sizes], life < stops ? slices : 0, NULL);
        if (life < stops) {
            struct engine *e = w->engine;
            pthread_mutex_lock(&e->lock);
            while (!e->stopping && !unit_engine_is_idle(e))
                pthread_cond_wait(&e->changed, &e->lock);
            pthread_mutex_unlock(&e->lock);
        } else {
            unit_wait_end(w, &ac);
        }
        stop_sliced(w);
        now = unit_reload(w->store, &w->arena, &ac);
        slicer.partial += now.slice_done > 0;
    }
    return now;
}

/* Ends of chunks behind every kind of line end. */
static const size_t cuts[] = { 5000, 5003, 5006, 5011, 5015, 5022 };

static void import_stopped_at_any_slice_goes_on_exactly_there(void **state)
{
    struct unit_engine *w = *state;
    struct buf text;
    buf_init(&text, 1 * MIB);
    put_shuffled(&text, 700);
    int64_t project = unit_engine_project(w);
    struct action ac = unit_import(w, project, buf_str(&text), 0, 0);
    const char *want = unit_end_state(w, project);
    assert_int_equal(action_rows(&ac), 700);
    slicer.partial = 0;
    size_t k = 1;
    for (bool stopped = true; stopped; k++) {
        const size_t *cut = &cuts[k % ARRAY_LEN(cuts)];
        project = unit_engine_project(w);
        ac = run_with_stops(w, unit_upload(w, project, buf_str(&text)), k, 1, cut, 1);
        assert_int_equal(ac.status, ACTION_DONE);
        assert_string_equal(unit_end_state(w, project), want);
        stopped = ac.lease_epoch > 1; /* taken up a second time */
    }
    print_message("  %zu slices, %zu stops inside a chunk\n", k, slicer.partial);
    /* On PostgreSQL a slice ends within a chunk only while somebody writes interactively. */
    assert_true(k > (unit_on_postgres() ? 2 : 10) && (unit_on_postgres() || slicer.partial > 4));
    buf_release(&text);
}

static void import_stopped_at_every_slice_ends_the_same(void **state)
{
    struct unit_engine *w = *state;
    struct buf text;
    buf_init(&text, 1 * MIB);
    put_shuffled(&text, 700);
    int64_t project = unit_engine_project(w);
    unit_import(w, project, buf_str(&text), 0, 0);
    const char *want = unit_end_state(w, project);
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        project = unit_engine_project(w);
        const struct action ac =
            run_with_stops(w, unit_upload(w, project, buf_str(&text)), 1, 1000, &cuts[i], 1);
        assert_string_equal(unit_end_state(w, project), want);
        assert_true(ac.lease_epoch > (unit_on_postgres() ? 2 : 10));
    }
    buf_release(&text);
}

/* A newer program may cut other chunks: what was begun is ended as it was begun. */
static void import_goes_on_with_chunks_of_another_size(void **state)
{
    struct unit_engine *w = *state;
    static const size_t sizes[] = { 8000, 200, 3000, 1, 100000, 500 };
    struct buf text;
    buf_init(&text, 1 * MIB);
    put_shuffled(&text, 700);
    int64_t project = unit_engine_project(w);
    unit_import(w, project, buf_str(&text), 0, 0);
    const char *want = unit_end_state(w, project);
    for (size_t shift = 0; shift < ARRAY_LEN(sizes) - 1; shift++) {
        project = unit_engine_project(w);
        const struct action ac =
            run_with_stops(w, unit_upload(w, project, buf_str(&text)), 2, 1000, sizes + shift, 2);
        assert_int_equal(ac.status, ACTION_DONE);
        assert_string_equal(unit_end_state(w, project), want);
    }
    buf_release(&text);
}

static struct engine_progress seen_progress;
static size_t progress_seen, progress_back;
static int64_t progress_seq;

static void look_at_progress(void)
{
    struct engine_progress now;
    if (!engine_progress_find(sliced_engine(), progress_seq, &now))
        return;
    progress_back += now.rows_done < seen_progress.rows_done ||
                     now.progress < seen_progress.progress || now.progress > 99;
    seen_progress = now;
    progress_seen++;
}

static void progress_of_a_running_import_goes_forward(void **state)
{
    struct unit_engine *w = *state;
    struct buf text;
    struct engine_progress none;
    buf_init(&text, 1 * MIB);
    put_shuffled(&text, 700);
    struct action ac = unit_upload(w, unit_engine_project(w), buf_str(&text));
    progress_seq = ac.seq;
    start_sliced(w, 5000, 0, look_at_progress);
    ac = unit_wait_end(w, &ac);
    assert_true(unit_wait_idle(w));
    assert_false(engine_progress_find(w->engine, ac.seq, &none));
    stop_sliced(w);
    assert_int_equal(progress_back, 0);
    assert_true(progress_seen > 3 && seen_progress.rows_done > 300);
    buf_release(&text);
}

/* ---- the lease ---- */

static void take_lease_away(void)
{
    static const char sql[] = "UPDATE actions SET lease_epoch = lease_epoch + 1";
    if (slicer.slices == 3)
        unit_sql(slicer.w->url, sql);
}

static void worker_that_lost_its_lease_commits_nothing_more(void **state)
{
    const size_t rows = unit_on_postgres() ? 0 : 63; /* a slice there ends with its chunk */
    struct unit_engine *w = *state;
    struct buf text;
    buf_init(&text, 1 * MIB);
    put_shuffled(&text, 700);
    int64_t project = unit_engine_project(w);
    unit_import(w, project, buf_str(&text), 0, 0);
    const char *want = unit_end_state(w, project);
    project = unit_engine_project(w);
    struct action ac = unit_upload(w, project, buf_str(&text));
    start_sliced(w, unit_on_postgres() ? 2000 : 8000, 0, take_lease_away);
    assert_true(unit_wait_idle(w));
    stop_sliced(w);
    assert_int_equal(slicer.slices, 3);
    ac = unit_reload(w->store, &w->arena, &ac);
    assert_int_equal(ac.status, ACTION_IN_PROGRESS);
    if (rows > 0)
        assert_in_range(action_rows(&ac), rows * 3, rows * 3 + 3);
    unit_engine_start(w, 8000, 0);
    ac = unit_wait_end(w, &ac);
    assert_string_equal(unit_end_state(w, project), want);
    buf_release(&text);
}

/* ---- trouble that does not pass ---- */

static void forbid_code(struct unit_engine *w, const char *code)
{
    char sql[400];
    const char *trigger =
        unit_on_postgres()
            ? "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF new.code = "
              "'%s' THEN RAISE 'on purpose'; END IF; RETURN new; END $$; "
              "CREATE TRIGGER no BEFORE INSERT ON vouchers FOR EACH ROW EXECUTE FUNCTION no()"
            : "CREATE TRIGGER no BEFORE INSERT ON vouchers WHEN new.code = '%s' "
              "BEGIN SELECT raise(ABORT, 'on purpose'); END";
    const char *at = strstr(trigger, "%s");
    snprintf(sql, sizeof(sql), "%.*s%s%s", (int)(at - trigger), trigger, code, at + 2);
    unit_sql(w->url, sql);
}

/* A row that the store can never take: after some tries the action ends, with what is in counted
 * exactly, and the next one is not held up. */
static void chunk_that_can_never_be_committed_ends_its_action(void **state)
{
    struct unit_engine *w = *state;
    const int64_t project = unit_engine_project(w);
    forbid_code(w, "CODE25");
    struct buf text;
    buf_init(&text, 1 * MIB);
    put_rows(&text, 0, 50, 1, 1);
    struct action ac = unit_upload(w, project, buf_str(&text));
    struct action next =
        unit_upload(w, unit_engine_project(w), STR(HEADER "A,GIFT_VOUCHER,1,,,\n"));
    unit_engine_start(w, 0, 10);
    ac = unit_wait_end(w, &ac);
    assert_int_equal(ac.status, ACTION_FAILED);
    assert_str(ac.message, "Internal error");
    assert_int_equal(ac.counts[OUTCOME_CREATED], 20);
    assert_int_equal(action_rows(&ac), 20);
    assert_non_null(strstr(unit_end_state(w, project), "total 20, listed 20\n"));
    assert_int_equal(unit_wait_end(w, &next).status, ACTION_DONE);
    assert_true(unit_wait_idle(w));
    buf_release(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_engine_setup, unit_engine_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(import_does_to_each_row_what_the_reference_says),
        TEST(import_ends_the_same_for_every_number_of_rows_a_chunk),
        TEST(import_ends_the_same_for_every_number_of_bytes_a_chunk),
        TEST(import_ends_the_same_for_rows_and_bytes_together),
        TEST(blank_lines_need_no_memory),
        TEST(unclosed_quote_ends_the_action_behind_the_rows_before_it),
        TEST(record_beyond_the_ceiling_ends_the_action),
        TEST(record_larger_than_a_chunk_is_a_row_like_any_other),
        TEST(file_with_a_header_alone_is_done_with_no_rows),
        TEST(file_whose_rows_all_fail_is_done),
        TEST(lost_input_ends_the_action_with_a_message),
        TEST(input_that_became_shorter_ends_the_action_with_exact_counts),
        TEST(type_that_this_program_does_not_know_waits),
        TEST(parameters_that_cannot_be_read_end_the_action),
        TEST(later_of_two_imports_stands_for_every_common_code),
        TEST(small_import_behind_a_large_one_ends_first),
        TEST(actions_of_many_projects_all_end),
        TEST(import_stopped_at_any_slice_goes_on_exactly_there),
        TEST(import_stopped_at_every_slice_ends_the_same),
        TEST(import_goes_on_with_chunks_of_another_size),
        TEST(progress_of_a_running_import_goes_forward),
        TEST(worker_that_lost_its_lease_commits_nothing_more),
        TEST(chunk_that_can_never_be_committed_ends_its_action),
    };
    fault_point_hook = at_place;
    return cmocka_run_group_tests_name("engine/import", tests, NULL, NULL);
}
