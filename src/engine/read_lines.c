/* SPDX-License-Identifier: MIT */
/*
 * read_lines.c - records of an action as rows and failures of a chunk: one JSON value a line, as
 * http/json_body.c has written them.
 *
 * A value is parsed in a scratch arena, and what the row keeps of it points into the window. Only
 * where a text had to be decoded (it holds a backslash) does the tree live with the chunk.
 */
#include "engine/engine_priv.h"

static int map_line(struct draft *d, struct str line, struct arena *scratch, struct err *err)
{
    struct arena *a = &d->slot->arena;
    const bool decodes = memchr(line.p, '\\', line.len) != NULL;
    struct json *record;
    struct str reason = { 0 };
    arena_reset(scratch);
    if (json_parse(decodes ? a : scratch, line, &record, err) < 0) {
        if (err->code == ERR_INVALID_JSON)
            err->code = ERR_STORE; /* it was checked before it was stored */
        return err_wrap(err, "a record of the input cannot be read");
    }
    struct row_head *row = draft_room(d, err);
    if (row == NULL)
        return -1;
    const int rc = d->kind->map_record(d->plan, record, a, row, &reason, err);
    if (rc < 0)
        return -1;
    if (rc > 0)
        return draft_fail(d, FAILURE_INVALID, row->key, reason, err);
    return draft_check_and_keep(d, row, scratch, err);
}

/* The next line; false when the text ends within it. */
static bool next_line(const struct lines *lines, size_t *pos, struct str *line)
{
    const char *from = lines->text.p + *pos;
    const size_t left = lines->text.len - *pos;
    const char *end = memchr(from, '\n', left);
    if (end == NULL && !lines->last)
        return false;
    *line = (struct str){ from, end != NULL ? (size_t)(end - from) : left };
    *pos += line->len + (end != NULL);
    return true;
}

int read_lines(struct draft *d, struct lines lines, struct arena *scratch, size_t max_rows,
               bool exact, enum read_end *end, struct err *err)
{
    size_t pos = 0;
    *end = READ_BUDGET;
    while ((size_t)d->c->n_rows < max_rows && (exact || draft_memory(d) < CHUNK_MEMORY_BYTES)) {
        struct str line;
        if (pos == lines.text.len) {
            *end = lines.last ? READ_END : READ_MORE;
            return 0;
        }
        if (!next_line(&lines, &pos, &line)) {
            *end = READ_MORE;
            return 0;
        }
        if (map_line(d, line, scratch, err) < 0)
            return -1;
        d->c->end = d->c->start + (int64_t)pos;
    }
    if (lines.last && pos == lines.text.len)
        *end = READ_END;
    return 0;
}
