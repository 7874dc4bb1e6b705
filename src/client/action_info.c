/* SPDX-License-Identifier: MIT */
/* action_info.c - see action_info.h. */
#include "client/action_info.h"
#include "client/text.h"

#define TEXT_SHOWN_BYTES 300

/* ---- reading ---- */

/* Counts and percents: never negative, so -1 is free for "not said". */
static int64_t count_of(const struct json *object, const char *key)
{
    const struct json *v = json_member(object, key);
    int64_t n;
    if (v == NULL || v->type != JSON_NUMBER || !num_parse_i64(v->text, &n) || n < 0)
        return -1;
    return n;
}

static const struct json *failures_of(const struct json *result)
{
    static const char *const keys[] = { "failed", "errors" };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const struct json *list = json_member(result, keys[i]);
        if (list != NULL && list->type == JSON_ARRAY && list->child != NULL)
            return list->child;
    }
    return NULL;
}

int action_info_of(const struct json *v, struct action_info *out, struct err *err)
{
    const struct json *result = json_member(v, "result");
    const struct json *dry_run = json_member(v, "dry_run");
    *out = (struct action_info){
        .id = json_text(v, "id"),
        .type = json_text(v, "type"),
        .status = json_text(v, "status"),
        .operation_status = json_text(v, "operation_status"),
        .created_at = json_text(v, "created_at"),
        .updated_at = json_text(v, "updated_at"),
        .message = json_text(result, "message"),
        .progress = count_of(v, "progress"),
        .processing_ms = count_of(v, "processing_time"),
        .done = count_of(result, "done_count"),
        .failed = count_of(result, "failed_count"),
        .failures = failures_of(result),
        .dry_run = dry_run != NULL && dry_run->type == JSON_TRUE,
    };
    if (out->id.len == 0 || out->status.len == 0)
        return err_set(err, ERR_INVALID_JSON, "the answer is no async action");
    return 0;
}

int action_info_read(struct arena *a, struct str json, struct action_info *out, struct err *err)
{
    struct json *v = NULL;
    if (json_parse(a, json, &v, err) < 0)
        return err_wrap(err, "the answer is no async action");
    return action_info_of(v, out, err);
}

int action_event_read(struct arena *a, struct str json, struct action_event *out, struct err *err)
{
    struct json *v = NULL;
    if (json_parse(a, json, &v, err) < 0)
        return err_wrap(err, "an event is not readable");
    *out = (struct action_event){
        .status = json_text(v, "status"),
        .progress = count_of(v, "progress"),
        .rows = count_of(v, "rows_done"),
        .rows_per_second = count_of(v, "rows_per_second"),
        .seconds_left = count_of(v, "seconds_left"),
    };
    return 0;
}

bool action_info_has_ended(const struct action_info *ac)
{
    return str_is(ac->status, "DONE") || str_is(ac->status, "FAILED");
}

int action_info_exit_status(const struct action_info *ac)
{
    if (!str_is(ac->status, "DONE"))
        return 2;
    return ac->failed > 0 || ac->failures != NULL ? 1 : 0;
}

/* ---- text ---- */

static void put_counts(struct buf *b, const struct action_info *ac)
{
    if (ac->done >= 0) {
        text_put_count(b, ac->done);
        buf_puts(b, ac->done == 1 ? STR(" row done") : STR(" rows done"));
    }
    if (ac->failed >= 0) {
        buf_puts(b, ac->done >= 0 ? STR(", ") : STR(""));
        text_put_count(b, ac->failed);
        buf_puts(b, STR(" failed"));
    }
}

static struct str first_text(const struct json *object, const char *const *keys)
{
    struct str text = { NULL, 0 };
    for (; *keys != NULL && text.len == 0; keys++)
        text = json_text(object, *keys);
    return text;
}

/* A cell of a file may be 64 KiB long; whoever wants all of it reads the report. */
static void put_short(struct buf *b, struct str s)
{
    const struct str shown = str_utf8_cut(s, TEXT_SHOWN_BYTES);
    text_put_safe(b, shown);
    buf_puts(b, shown.len < s.len ? STR("...") : STR(""));
}

static void put_failure(struct buf *b, const struct json *failure)
{
    static const char *const keys[] = { "code", "source_id", "id", NULL };
    static const char *const reasons[] = { "reason", "details", "message", NULL };
    const struct str key = first_text(failure, keys);
    const int64_t row = count_of(failure, "row");
    buf_puts(b, STR("  "));
    if (row >= 0)
        buf_printf(b, "row %lld  ", (long long)row);
    put_short(b, key.len > 0 ? key : STR("-"));
    buf_puts(b, STR("  "));
    put_short(b, first_text(failure, reasons));
    buf_putc(b, '\n');
}

static void put_failures(struct buf *b, const struct action_info *ac)
{
    int64_t shown = 0;
    const struct json *f = ac->failures;
    for (; f != NULL && shown < FAILURES_SHOWN; f = f->next, shown++)
        put_failure(b, f);
    if (f != NULL || ac->failed > shown) {
        buf_puts(b, STR("  and "));
        if (ac->failed > shown) {
            text_put_count(b, ac->failed - shown);
            buf_putc(b, ' ');
        }
        buf_puts(b, STR("more\n"));
    }
    if (shown > 0 || ac->failed > 0)
        buf_printf(b, "every row and what became of it: longshore actions report %.*s\n",
                   STR_FMT(ac->id));
}

void action_info_put_end(struct buf *b, const struct action_info *ac)
{
    text_put_safe(b, ac->status);
    if (ac->processing_ms >= 0) {
        buf_puts(b, STR(" after "));
        text_put_duration(b, ac->processing_ms);
    }
    if (ac->done >= 0 || ac->failed >= 0) {
        buf_puts(b, STR(": "));
        put_counts(b, ac);
    }
    buf_putc(b, '\n');
    if (ac->message.len > 0) {
        text_put_safe(b, ac->message);
        buf_putc(b, '\n');
    }
    if (ac->dry_run)
        buf_puts(b, STR("dry run: nothing was changed, this is what would have been\n"));
    put_failures(b, ac);
}

static void put_row(struct buf *b, const char *name, struct str value)
{
    if (value.len == 0)
        return;
    buf_printf(b, "%-10s ", name);
    text_put_safe(b, value);
    buf_putc(b, '\n');
}

void action_info_put_all(struct buf *b, const struct action_info *ac)
{
    put_row(b, "action", ac->id);
    put_row(b, "type", ac->type);
    put_row(b, "status", ac->status);
    put_row(b, "outcome", ac->operation_status);
    if (ac->progress >= 0)
        buf_printf(b, "%-10s %lld %%\n", "progress", (long long)ac->progress);
    put_row(b, "created", ac->created_at);
    put_row(b, action_info_has_ended(ac) ? "ended" : "updated", ac->updated_at);
    if (!action_info_has_ended(ac))
        return;
    buf_putc(b, '\n');
    action_info_put_end(b, ac);
}

/* ---- the table ---- */

enum { COLUMN_MAX_BYTES = 64 }; /* a longer cell is cut */

struct column {
    const char *heading;
    void (*put)(struct buf *b, const struct action_info *ac);
    bool right;    /* figures */
    bool optional; /* left out when no action says it */
    int width;
};

static void put_id(struct buf *b, const struct action_info *ac)
{
    text_put_safe(b, ac->id);
}

static void put_type(struct buf *b, const struct action_info *ac)
{
    text_put_safe(b, ac->type);
    buf_puts(b, ac->dry_run ? STR(" (dry run)") : STR(""));
}

static void put_status(struct buf *b, const struct action_info *ac)
{
    text_put_safe(b, ac->status);
}

static void put_created(struct buf *b, const struct action_info *ac)
{
    text_put_safe(b, ac->created_at);
}

static void put_progress(struct buf *b, const struct action_info *ac)
{
    if (ac->progress >= 0)
        buf_printf(b, "%lld %%", (long long)ac->progress);
}

static void put_done(struct buf *b, const struct action_info *ac)
{
    if (ac->done >= 0)
        text_put_count(b, ac->done);
}

static void put_failed(struct buf *b, const struct action_info *ac)
{
    if (ac->failed >= 0)
        text_put_count(b, ac->failed);
}

/* The cell's text in `cell`, which is emptied first. */
static struct str cell_of(const struct column *c, const struct action_info *ac, struct buf *cell)
{
    buf_reset(cell);
    c->put(cell, ac);
    return str_utf8_cut(buf_str(cell), COLUMN_MAX_BYTES);
}

/* 0 for a column that is left out. */
static int width_of(const struct column *c, const struct action_info *v, size_t n, struct buf *cell)
{
    size_t width = c->optional ? 0 : strlen(c->heading);
    for (size_t i = 0; i < n; i++) {
        const size_t len = cell_of(c, &v[i], cell).len;
        width = len > width ? len : width;
    }
    return (int)(width > 0 && width < strlen(c->heading) ? strlen(c->heading) : width);
}

static void put_line(struct buf *b, const struct column *columns, size_t n_columns,
                     const struct action_info *ac, struct buf *cell)
{
    const size_t start = b->len;
    for (size_t i = 0; i < n_columns; i++) {
        const struct column *c = &columns[i];
        const struct str text = ac != NULL ? cell_of(c, ac, cell) : str_of(c->heading);
        if (c->width == 0)
            continue;
        buf_puts(b, b->len > start ? STR("  ") : STR(""));
        buf_printf(b, c->right ? "%*.*s" : "%-*.*s", c->width, STR_FMT(text));
    }
    while (b->len > start && b->p[b->len - 1] == ' ')
        b->len--;
    buf_putc(b, '\n');
}

void action_info_put_table(struct buf *b, const struct action_info *v, size_t n)
{
    struct column columns[] = {
        { .heading = "ID", .put = put_id },
        { .heading = "TYPE", .put = put_type },
        { .heading = "STATUS", .put = put_status },
        { .heading = "PROGRESS", .put = put_progress, .right = true },
        { .heading = "CREATED", .put = put_created },
        { .heading = "DONE", .put = put_done, .right = true, .optional = true },
        { .heading = "FAILED", .put = put_failed, .right = true, .optional = true },
    };
    struct buf cell;
    buf_init(&cell, MIB);
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        columns[i].width = width_of(&columns[i], v, n, &cell);
    put_line(b, columns, ARRAY_LEN(columns), NULL, &cell);
    for (size_t i = 0; i < n; i++)
        put_line(b, columns, ARRAY_LEN(columns), &v[i], &cell);
    if (cell.failed)
        b->failed = true;
    buf_release(&cell);
}
