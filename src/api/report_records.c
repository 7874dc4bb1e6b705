/* SPDX-License-Identifier: MIT */
/* report_records.c - see report_records.h. */
#include "api/report_records.h"

struct record_reader_ops {
    void (*load)(struct record_reader *r, char *window, size_t len, bool at_end);
    enum record_step (*next)(struct record_reader *r);
    int (*key)(struct record_reader *r, struct str *key, struct err *err);
};

/* ---- CSV ---- */

static size_t find_key_column(const struct action_kind *kind, const struct action_plan *plan)
{
    size_t i = 0;
    for (; i < plan->columns.n; i++) {
        const int f = plan->columns.columns[i].field;
        if (f >= 0 && strcmp(kind->fields->rows[f].heading, kind->key_heading) == 0)
            break;
    }
    return i;
}

static void load_csv(struct record_reader *r, char *window, size_t len, bool at_end)
{
    csv_reader_load(&r->csv, window, len, at_end);
}

static enum record_step next_csv(struct record_reader *r)
{
    static const enum record_step steps[] = {
        [CSV_RECORD] = RECORD_ONE,    [CSV_MORE] = RECORD_MORE,     [CSV_END] = RECORD_NONE,
        [CSV_UNCLOSED] = RECORD_NONE, [CSV_TOO_LONG] = RECORD_NONE, [CSV_NOMEM] = RECORD_NOMEM,
    };
    const enum csv_result result = csv_next(&r->csv);
    r->pos = r->csv.pos;
    return steps[result];
}

static int key_of_csv(struct record_reader *r, struct str *key, struct err *err)
{
    (void)err;
    *key = r->key_column < r->csv.n_cells ? r->csv.cells[r->key_column] : (struct str){ 0 };
    return 0;
}

/* ---- lines ---- */

static void load_lines(struct record_reader *r, char *window, size_t len, bool at_end)
{
    r->window = (struct str){ window, len };
    r->at_end = at_end;
}

static enum record_step next_line(struct record_reader *r)
{
    const size_t left = r->window.len - r->pos;
    if (left == 0)
        return r->at_end ? RECORD_NONE : RECORD_MORE;
    const char *from = r->window.p + r->pos;
    const char *end = memchr(from, '\n', left);
    if (end == NULL && !r->at_end)
        return RECORD_MORE;
    r->line = (struct str){ from, end != NULL ? (size_t)(end - from) : left };
    r->pos += r->line.len + (end != NULL);
    return RECORD_ONE;
}

static int key_of_line(struct record_reader *r, struct str *key, struct err *err)
{
    struct json *record;
    arena_reset(&r->scratch);
    if (json_parse(&r->scratch, r->line, &record, err) < 0) {
        if (err->code == ERR_INVALID_JSON)
            err->code = ERR_STORE; /* it was checked before it was stored */
        return err_wrap(err, "a record of the input cannot be read");
    }
    const struct json *v =
        record->type == JSON_OBJECT ? json_member(record, r->kind->key_name) : record;
    *key = v != NULL && v->type == JSON_STRING ? v->text : (struct str){ 0 };
    return 0;
}

/* ---- codes ---- */

static enum record_step next_code(struct record_reader *r)
{
    r->place++;
    return RECORD_ONE;
}

static int key_of_code(struct record_reader *r, struct str *key, struct err *err)
{
    arena_reset(&r->scratch);
    *key = code_draw_at(&r->plan->draw, r->place - 1, &r->scratch);
    return key->p == NULL ? err_nomem(err) : 0;
}

void record_reader_seek(struct record_reader *r, int64_t place)
{
    r->place = place;
}

/* ---- all ---- */

static const struct record_reader_ops readers[] = {
    [INPUT_CSV] = { .load = load_csv, .next = next_csv, .key = key_of_csv },
    [INPUT_RECORDS] = { .load = load_lines, .next = next_line, .key = key_of_line },
    [INPUT_CODES] = { .next = next_code, .key = key_of_code },
};

void record_reader_init(struct record_reader *r, const struct action_kind *kind,
                        const struct action_plan *plan)
{
    *r = (struct record_reader){ .ops = &readers[kind->input], .kind = kind, .plan = plan };
    csv_reader_init(&r->csv);
    arena_init(&r->scratch, 4 * KIB, 64 * KIB);
    if (kind->input == INPUT_CSV) {
        r->csv.delimiter = plan->delimiter;
        r->key_column = find_key_column(kind, plan);
    }
}

void record_reader_release(struct record_reader *r)
{
    if (r->ops == NULL)
        return;
    csv_reader_release(&r->csv);
    arena_release(&r->scratch);
}

void record_reader_load(struct record_reader *r, char *window, size_t len, bool at_end)
{
    r->pos = 0;
    r->ops->load(r, window, len, at_end);
}

enum record_step record_next(struct record_reader *r)
{
    return r->ops->next(r);
}

int record_key(struct record_reader *r, struct str *key, struct err *err)
{
    return r->ops->key(r, key, err);
}
