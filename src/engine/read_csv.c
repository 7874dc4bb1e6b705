/* SPDX-License-Identifier: MIT */
/*
 * read_csv.c - CSV records of a window as rows and failures of a chunk.
 *
 * The chunk ends right behind its last record: what the reader skips after it (the LF of a CRLF,
 * blank lines) depends on why it stopped, and a restart may stop for another reason.
 */
#include "engine/engine_priv.h"

#define HEADING_SHOWN_BYTES 100 /* in a reason */

/* "Column 'Region'" as in the header, or "Cell 5" where no heading names it. */
static const char *flawed_cell(const struct draft *d, const struct csv_reader *csv, struct arena *a)
{
    const struct column_map *map = &d->plan->columns;
    const struct column *c = csv->flaw_cell < map->n ? &map->columns[csv->flaw_cell] : NULL;
    if (c == NULL || c->field == COLUMN_UNUSED)
        return arena_printf(a, "Cell %zu", csv->flaw_cell + 1);
    const struct str name =
        c->field >= 0 ? str_of(d->kind->fields->rows[c->field].heading) : c->key;
    return arena_printf(a, "Column '%.*s'", STR_FMT(str_utf8_cut(name, HEADING_SHOWN_BYTES)));
}

/* Why a record that was read cannot be a row. */
static int flaw_reason(const struct draft *d, const struct csv_reader *csv, struct arena *a,
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
        const char *cell = flawed_cell(d, csv, a);
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
static struct str key_of_record(const struct draft *d, const struct csv_reader *csv)
{
    const int field = field_find(d->kind->fields, str_of(d->kind->key_heading));
    for (size_t i = 0; i < d->plan->columns.n && i < csv->n_cells; i++) {
        if (d->plan->columns.columns[i].field != field)
            continue;
        const struct str cell = csv->cells[i];
        const bool readable =
            str_utf8_invalid_at(cell) == cell.len && memchr(cell.p, '\0', cell.len) == NULL;
        return readable && cell.len <= VOUCHER_CODE_MAX_BYTES ? cell : (struct str){ 0 };
    }
    return (struct str){ 0 };
}

/* A cell may name a category by its public id (reference 7, 19); the store knows whether there is
 * one, and takes it as a name otherwise. */
static void read_category_id(const struct engine *e, const struct draft *d, void *mapped)
{
    struct voucher *row = mapped;
    if (d->kind->resource == RESOURCE_VOUCHER && (row->set & VF_CATEGORY) != 0 &&
        !id_decode(store_secret(e->store), ID_CATEGORY, row->category, &row->category_id))
        row->category_id = 0;
}

static int map_record(struct engine *e, struct draft *d, struct err *err)
{
    const struct csv_reader *csv = &e->csv;
    struct arena *a = &d->slot->arena;
    struct str reason = { 0 };
    if (csv->flaw != CSV_FINE) {
        if (flaw_reason(d, csv, a, &reason, err) < 0)
            return -1;
        return draft_fail(d, FAILURE_INVALID, key_of_record(d, csv), reason, err);
    }
    void *row = draft_room(d, err);
    if (row == NULL)
        return -1;
    const int rc = d->kind->map_cells(d->plan, csv->cells, csv->n_cells, a, row, &reason, err);
    if (rc < 0)
        return -1;
    if (rc > 0)
        return draft_fail(d, FAILURE_INVALID, key_of_record(d, csv), reason, err);
    read_category_id(e, d, row);
    if (action_checks_metadata(d->plan))
        arena_reset(&e->scratch);
    return draft_check_and_keep(d, row, &e->scratch, err);
}

/* Why the reader stopped, in words where the input is broken. */
static int judge_end(const struct draft *d, enum csv_result result, enum read_end *end,
                     struct str *why, struct err *err)
{
    const long long row = d->c->first_row + d->c->n_rows + 1;
    char *text;
    switch (result) {
    case CSV_END:
        *end = READ_END;
        return 0;
    case CSV_MORE:
        *end = READ_MORE;
        return 0;
    case CSV_UNCLOSED:
        text = arena_printf(&d->slot->arena,
                            "Invalid CSV file: quote opened at row %lld is never closed", row);
        break;
    case CSV_TOO_LONG:
        text = arena_printf(&d->slot->arena, "Invalid CSV file: row %lld is longer than %zu bytes",
                            row, CSV_RECORD_MAX_BYTES);
        break;
    default:
        return err_nomem(err);
    }
    *end = READ_BROKEN;
    *why = str_of(text);
    return text == NULL ? err_nomem(err) : 0;
}

int read_csv(struct engine *e, struct draft *d, size_t max_rows, bool exact, enum read_end *end,
             struct str *why, size_t *pos, struct err *err)
{
    *end = READ_BUDGET;
    while ((size_t)d->c->n_rows < max_rows && (exact || draft_memory(d) < CHUNK_MEMORY_BYTES)) {
        const enum csv_result result = csv_next(&e->csv);
        if (result != CSV_RECORD) {
            *pos = e->csv.pos;
            return judge_end(d, result, end, why, err);
        }
        if (map_record(e, d, err) < 0)
            return -1;
        d->c->end = d->c->start + (int64_t)e->csv.pos;
    }
    *pos = e->csv.pos;
    return 0;
}
