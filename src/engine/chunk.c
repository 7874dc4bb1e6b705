/* SPDX-License-Identifier: MIT */
/*
 * chunk.c - turns an action's input into chunks the store can commit.
 *
 * A chunk ends at its byte budget or its row budget, always behind a record. It is mapped and
 * sorted whole, by code and then by row, so that a repeated code keeps its file order.
 *
 * Invariant: chunk.end is the first byte NOT covered by the chunk. It is stored with the rows, in
 * their transaction, and is where a restart begins. A chunk that was cut short by a restart is read
 * again with the same bounds, by the same frozen plan, and so has the same rows in the same order;
 * the items that are applied already are skipped by their number.
 */
#include <stdio.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "engine/engine_priv.h"

#define HEADING_SHOWN_BYTES 100 /* in a reason */

struct sort_key {
    uint64_t prefix; /* first eight bytes of the code, big-endian: most comparisons end here */
    uint32_t row;    /* index in slot->rows */
};

/* ---- memory of a slot ---- */

/* Room for n elements; what is in the array stays. */
static int reserve(void *array, size_t *cap, size_t n, size_t element, struct err *err)
{
    void **p = array;
    if (n <= *cap)
        return 0;
    size_t grown_cap = *cap < 1024 ? 1024 : *cap * 2;
    if (grown_cap < n)
        grown_cap = n;
    void *grown = mem_realloc(*p, grown_cap * element);
    if (grown == NULL)
        return err_nomem(err);
    *p = grown;
    *cap = grown_cap;
    return 0;
}

void slot_release(struct slot *slot)
{
    mem_free(slot->window);
    mem_free(slot->rows);
    mem_free(slot->sorted);
    mem_free(slot->failures);
    mem_free(slot->outcomes);
    mem_free(slot->keys);
    arena_release(&slot->arena);
}

/* ---- taking up ---- */

static int claim_action(struct store_tx *tx, void *arg, struct err *err)
{
    struct action *ac = arg;
    return store_tx_action_claim(tx, ac->seq, ac, err);
}

static int lease_run(struct engine *e, struct run *run, struct err *err)
{
    struct action ac = run->ac;
    if (store_work_wait(e->store, claim_action, &ac, err) < 0)
        return -1;
    fault_point("recovery.claimed");
    pthread_mutex_lock(&e->lock); /* others look at run->ac */
    run->ac = ac;
    pthread_mutex_unlock(&e->lock);
    run->next_start = ac.chunk_start;
    run->next_row = ac.chunk_row;
    run->next_no = ac.chunk_no;
    run->rows_budget = CHUNK_ROWS_FIRST;
    run->queued_ms = time_now_ms() - ac.created_ms;
    run->leased = true;
    return 0;
}

int run_take_up(struct engine *e, struct run *run, struct err *err)
{
    if (!run->leased && lease_run(e, run, err) < 0)
        return -1;
    if (action_plan_read(run->kind, run->ac.params, &run->arena, &run->plan, err) < 0)
        return -1;
    if (run->ac.chunk_no == 0 && run->ac.chunk_end == 0) /* nothing begun yet */
        run->next_start = run->plan.data_start;
    run->taken_up = true;
    return 0;
}

/* ---- reading ---- */

/* Loads up to n bytes from the chunk's start into the window. */
static int load_window(struct engine *e, struct run *run, struct slot *slot, size_t n,
                       struct err *err)
{
    const int64_t left = run->ac.input_bytes - run->next_start;
    size_t got = 0;
    if ((int64_t)n > left)
        n = (size_t)(left > 0 ? left : 0);
    if (reserve(&slot->window, &slot->window_cap, n > 0 ? n : 1, 1, err) < 0 ||
        input_read(run->in, run->next_start, slot->window, n, &got, err) < 0)
        return -1;
    if (got < n)
        return err_set(err, ERR_IO, "input '%.*s' is shorter than it was", STR_FMT(run->ac.input));
    csv_reader_load(&e->csv, slot->window, n, run->next_start + (int64_t)n >= run->ac.input_bytes);
    return 0;
}

static int add_failure(struct slot *slot, uint32_t row, struct str key, struct str reason,
                       struct err *err)
{
    struct store_chunk *c = &slot->chunk;
    if (reserve(&slot->failures, &slot->cap_failures, c->n_failures + 1, sizeof(*slot->failures),
                err) < 0)
        return -1;
    slot->failures[c->n_failures++] = (struct failure){ .row = row, .key = key, .reason = reason };
    return 0;
}

/* "Column 'Region'" as in the header, or "Cell 5" where no heading names it. */
static const char *flawed_cell(const struct run *run, const struct csv_reader *csv, struct arena *a)
{
    const struct column_map *map = &run->plan.columns;
    const struct column *c = csv->flaw_cell < map->n ? &map->columns[csv->flaw_cell] : NULL;
    if (c == NULL || c->field == COLUMN_UNUSED)
        return arena_printf(a, "Cell %zu", csv->flaw_cell + 1);
    const struct str name =
        c->field >= 0 ? str_of(run->kind->fields->rows[c->field].heading) : c->key;
    return arena_printf(a, "Column '%.*s'", STR_FMT(str_utf8_cut(name, HEADING_SHOWN_BYTES)));
}

/* Why a record that was read cannot be a row. */
static int flaw_reason(const struct run *run, const struct csv_reader *csv, struct arena *a,
                       struct str *out, struct err *err)
{
    static const char *const texts[] = {
        [CSV_TEXT_AFTER_QUOTE] = "has text after its closing quote",
        [CSV_BAD_UTF8] = "is not valid UTF-8",
        [CSV_NUL] = "has a NUL byte",
        [CSV_FIELD_TOO_LONG] = "is longer than 1048576 bytes",
    };
    const bool has_byte = csv->flaw == CSV_BAD_UTF8 || csv->flaw == CSV_NUL;
    char *text;
    if (csv->flaw == CSV_TOO_MANY_CELLS) {
        text = arena_printf(a, "Row has more than %d cells", CSV_COLUMNS_MAX);
    } else {
        const char *cell = flawed_cell(run, csv, a);
        if (cell == NULL)
            return err_nomem(err);
        text = has_byte
                   ? arena_printf(a, "%s %s (byte %zu)", cell, texts[csv->flaw], csv->flaw_byte)
                   : arena_printf(a, "%s %s", cell, texts[csv->flaw]);
    }
    *out = str_of(text);
    return text == NULL ? err_nomem(err) : 0;
}

/* The key of a record that did not become a row, as far as it can be shown. */
static struct str key_of_record(const struct run *run, const struct csv_reader *csv)
{
    const int field = field_find(run->kind->fields, str_of(run->kind->key_heading));
    for (size_t i = 0; i < run->plan.columns.n && i < csv->n_cells; i++) {
        if (run->plan.columns.columns[i].field != field)
            continue;
        const struct str cell = csv->cells[i];
        const bool readable =
            str_utf8_invalid_at(cell) == cell.len && memchr(cell.p, '\0', cell.len) == NULL;
        return readable && cell.len <= VOUCHER_CODE_MAX_BYTES ? cell : (struct str){ 0 };
    }
    return (struct str){ 0 };
}

static int map_record(struct engine *e, struct run *run, struct slot *slot, size_t n_rows,
                      uint32_t row, bool *mapped, struct err *err)
{
    const struct csv_reader *csv = &e->csv;
    struct str reason = { 0 };
    int rc = 1;
    if (csv->flaw != CSV_FINE) {
        if (flaw_reason(run, csv, &slot->arena, &reason, err) < 0)
            return -1;
    } else {
        if (reserve(&slot->rows, &slot->cap_rows, n_rows + 1, sizeof(*slot->rows), err) < 0)
            return -1;
        rc = run->kind->map_record(&run->plan, csv->cells, csv->n_cells, &slot->arena,
                                   &slot->rows[n_rows], &reason, err);
    }
    *mapped = rc == 0;
    if (rc == 0)
        slot->rows[n_rows].row = row;
    return rc <= 0 ? rc : add_failure(slot, row, key_of_record(run, csv), reason, err);
}

static size_t memory_of(const struct slot *slot, size_t n_rows)
{
    return n_rows * sizeof(*slot->rows) + slot->chunk.n_failures * sizeof(*slot->failures) +
           slot->arena.used_bytes;
}

/* Reads records into rows and failures until a budget or the window ends. The chunk ends right
 * behind its last record: what the reader skips after it (the LF of a CRLF, blank lines) depends on
 * why it stopped, and a restart may stop for another reason. */
static int read_records(struct engine *e, struct run *run, struct slot *slot, size_t max_rows,
                        size_t *n_rows, enum csv_result *why, struct err *err)
{
    const bool exact = run->ac.slice_done > 0; /* a chunk begun before a restart has its rows */
    struct store_chunk *c = &slot->chunk;
    *n_rows = 0;
    *why = CSV_RECORD;
    while ((size_t)c->n_rows < max_rows &&
           (exact || memory_of(slot, *n_rows) < CHUNK_MEMORY_BYTES)) {
        bool mapped = false;
        *why = csv_next(&e->csv);
        if (*why == CSV_NOMEM)
            return err_nomem(err);
        if (*why != CSV_RECORD)
            break;
        if (map_record(e, run, slot, *n_rows, (uint32_t)c->n_rows, &mapped, err) < 0)
            return -1;
        *n_rows += mapped;
        c->n_rows++;
        c->end = run->next_start + (int64_t)e->csv.pos;
    }
    return 0;
}

/* ---- sorting ---- */

static uint64_t code_prefix(struct str code)
{
    unsigned char bytes[8] = { 0 };
    uint64_t v = 0;
    memcpy(bytes, code.p, code.len < sizeof(bytes) ? code.len : sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        v = v << 8 | bytes[i];
    return v;
}

static int compare_keys(const void *a, const void *b, void *arg)
{
    const struct sort_key *x = a, *y = b;
    const struct voucher *rows = arg;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    const int c = str_cmp(rows[x->row].code, rows[y->row].code);
    return c != 0 ? c : (x->row > y->row) - (x->row < y->row);
}

static int sort_rows(struct slot *slot, size_t n, struct err *err)
{
    if (n == 0)
        return 0; /* the arrays may not be there yet, which qsort_r does not take */
    if (reserve(&slot->keys, &slot->cap_keys, n, sizeof(*slot->keys), err) < 0 ||
        reserve(&slot->sorted, &slot->cap_sorted, n, sizeof(struct voucher *), err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        slot->keys[i] =
            (struct sort_key){ .prefix = code_prefix(slot->rows[i].code), .row = (uint32_t)i };
    qsort_r(slot->keys, n, sizeof(*slot->keys), compare_keys, slot->rows);
    for (size_t i = 0; i < n; i++)
        slot->sorted[i] = &slot->rows[slot->keys[i].row];
    return 0;
}

/* ---- a chunk ---- */

/* What the last chunk used little of is given back: another kind of file needs its memory
 * elsewhere. */
static void trim_slot(struct slot *slot)
{
    if (slot->cap_rows <= CHUNK_ROWS_MAX / 16 || slot->chunk.n_vouchers * 4 > slot->cap_rows)
        return;
    mem_free(slot->rows);
    slot->rows = NULL;
    slot->cap_rows = 0;
}

static void begin_chunk(struct run *run, struct slot *slot)
{
    trim_slot(slot);
    arena_reset(&slot->arena);
    slot->chunk = (struct store_chunk){
        .project_id = run->ac.project_id,
        .action_seq = run->ac.seq,
        .lease_epoch = run->ac.lease_epoch,
        .no = run->next_no,
        .start = run->next_start,
        .end = run->next_start,
        .first_row = run->next_row,
        .input_bytes = run->ac.input_bytes,
        .end_status = ACTION_IN_PROGRESS,
    };
}

/* How the chunk ends the action, if it does. */
static int decide_end(struct slot *slot, enum csv_result why, struct err *err)
{
    struct store_chunk *c = &slot->chunk;
    const long long row = c->first_row + c->n_rows + 1;
    char *text = NULL;
    switch (why) {
    case CSV_END:
        c->end_status = ACTION_DONE;
        return 0;
    case CSV_UNCLOSED:
        text = arena_printf(&slot->arena,
                            "Invalid CSV file: quote opened at row %lld is never closed", row);
        break;
    case CSV_TOO_LONG:
        text = arena_printf(&slot->arena, "Invalid CSV file: row %lld is longer than %zu bytes",
                            row, CSV_RECORD_MAX_BYTES);
        break;
    default:
        return 0;
    }
    c->end_status = ACTION_FAILED;
    c->end_message = str_of(text);
    return text == NULL ? err_nomem(err) : 0;
}

/* Outcomes stored by the slices before a restart. */
static int restore_outcomes(struct engine *e, struct run *run, struct slot *slot, struct err *err)
{
    struct store_chunk *c = &slot->chunk;
    struct outcome_blob *blob = NULL;
    if (store_find_outcomes(e->store, &slot->arena, c->project_id, c->action_seq, c->no, &blob,
                            err) < 0)
        return -1;
    if (blob == NULL || blob->n_rows != c->n_rows || blob->end != c->end ||
        c->n_rows != run->ac.chunk_rows || c->end != run->ac.chunk_end)
        return err_set(err, ERR_STORE, "chunk %lld reads differently than before the restart",
                       (long long)c->no);
    memcpy(c->outcomes, blob->packed, (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE);
    c->slice_done = (size_t)run->ac.slice_done;
    fault_point("recovery.restored");
    return 0;
}

static int finish_chunk(struct engine *e, struct run *run, struct slot *slot, size_t n_rows,
                        struct err *err)
{
    struct store_chunk *c = &slot->chunk;
    const size_t bytes = (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE;
    if (sort_rows(slot, n_rows, err) < 0 ||
        reserve(&slot->outcomes, &slot->cap_outcomes, bytes > 0 ? bytes : 1, 1, err) < 0)
        return -1;
    memset(slot->outcomes, 0, bytes);
    c->vouchers = slot->sorted;
    c->n_vouchers = n_rows;
    c->failures = slot->failures;
    c->outcomes = slot->outcomes;
    return run->ac.slice_done > 0 ? restore_outcomes(e, run, slot, err) : 0;
}

static void move_run(struct run *run, const struct store_chunk *c)
{
    run->next_start = c->end;
    run->next_row = c->first_row + c->n_rows;
    run->next_no = c->no + 1;
    run->ac.slice_done = 0;
    run->rows_budget *= CHUNK_ROWS_GROWTH;
    if (run->rows_budget > CHUNK_ROWS_MAX)
        run->rows_budget = CHUNK_ROWS_MAX;
}

/* Reads until there is a record, or the reason why there is none. */
static int read_chunk(struct engine *e, struct run *run, struct slot *slot, size_t *n_rows,
                      enum csv_result *why, struct err *err)
{
    const bool resumed =
        run->ac.slice_done > 0; /* then: whatever the budgets were when it was cut */
    const size_t budget = e->config.chunk_rows > 0 ? e->config.chunk_rows : run->rows_budget;
    const size_t max_rows = resumed ? (size_t)run->ac.chunk_rows : budget;
    size_t bytes = e->config.chunk_bytes > 0 ? e->config.chunk_bytes : CHUNK_BYTES_DEFAULT;
    if (resumed)
        bytes = (size_t)(run->ac.chunk_end - run->ac.chunk_start);
    e->csv.delimiter = run->plan.delimiter;
    for (;;) {
        begin_chunk(run, slot);
        if (load_window(e, run, slot, bytes, err) < 0 ||
            read_records(e, run, slot, max_rows, n_rows, why, err) < 0)
            return -1;
        if (*why != CSV_MORE || slot->chunk.n_rows > 0)
            return resumed ? 0 : decide_end(slot, *why, err);
        if (e->csv.pos > 0)
            run->next_start += (int64_t)e->csv.pos; /* blank lines: nothing of them is kept */
        else
            bytes *= 2; /* a single record is larger than the budget; CSV_TOO_LONG ends this */
    }
}

int chunk_prepare(struct engine *e, struct run *run, struct slot *slot, bool *last, struct err *err)
{
    size_t n_rows = 0;
    enum csv_result why;
    /* Opened for each chunk: thousands of waiting actions hold no file. */
    if (input_open(e->spool, run->ac.input, &run->in, err) < 0)
        return -1;
    const int rc = read_chunk(e, run, slot, &n_rows, &why, err);
    input_close(run->in);
    run->in = NULL;
    if (rc < 0 || finish_chunk(e, run, slot, n_rows, err) < 0)
        return -1;
    move_run(run, &slot->chunk);
    *last = slot->chunk.end_status != ACTION_IN_PROGRESS;
    return 0;
}

void chunk_fail(struct run *run, struct slot *slot, struct str message)
{
    begin_chunk(run, slot);
    chunk_give_up(&slot->chunk, message);
}

void chunk_give_up(struct store_chunk *c, struct str message)
{
    c->end = c->start;
    c->n_rows = 0;
    c->n_vouchers = c->n_failures = 0;
    c->slice_done = 0;
    c->end_status = ACTION_FAILED;
    c->end_message = message;
}
