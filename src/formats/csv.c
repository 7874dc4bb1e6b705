/* SPDX-License-Identifier: MIT */
/*
 * csv.c - see csv.h.
 *
 * A record is read in two steps. scan_record() finds its cells and its end and changes nothing: it
 * may find that the window is too short, and then the caller has to be able to load the same bytes
 * again. Only a complete record is finished: doubled quotes are undone where they stand, and the
 * bytes are checked.
 *
 * Whether the answer is "more", "unclosed" or "too long" depends on the bytes alone, never on
 * where the window happens to end: the scan sees at most CSV_RECORD_MAX_BYTES + 1 bytes of a
 * record (struct scan, limit), and a quoted cell at most CSV_FIELD_MAX_BYTES + 1 of them.
 */
#include <assert.h>

#include "base/err.h"
#include "formats/csv.h"

void csv_reader_init(struct csv_reader *r)
{
    *r = (struct csv_reader){ .delimiter = ',' };
}

void csv_reader_release(struct csv_reader *r)
{
    mem_free(r->cells);
    mem_free(r->marks);
    csv_reader_init(r);
}

static void forget_record(struct csv_reader *r)
{
    r->n_cells = 0;
    r->flaw = CSV_FINE;
    r->flaw_cell = r->flaw_byte = 0;
}

void csv_reader_load(struct csv_reader *r, char *window, size_t len, bool at_end)
{
    r->window = window;
    r->window_len = len;
    r->pos = r->record_start = 0;
    r->at_end = at_end;
    forget_record(r);
}

/* ---- where cells end ---- */

/* What scan_record() moves along the bytes of one record. */
struct scan {
    const char *p; /* next byte */
    const char *start;
    const char *limit; /* end of the window, or one byte behind the longest record */
    bool at_end;       /* the input ends with the window */
    char delimiter;
};

/* One cell as it stands in the window. */
struct span {
    struct str text; /* without the quotes around it */
    bool doubled;    /* has doubled quotes to undo */
    bool tail;       /* has text behind its closing quote */
};

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

/*
 * The first delimiter or line end from p on, or limit.
 *
 * The hot loop of the reader, byte by byte on purpose. With it csv_next() reads rows of twelve
 * cells at 1240 MB/s, and at 770 when every cell has another width (AMD EPYC, gcc 12 -O2), which
 * is far more than a store takes. A table of byte classes gave 1770 and 780, eight bytes at a time
 * 1680 and 950, SSE2 2050 and 1150: not worth their lines here.
 */
static inline const char *unquoted_end(const char *p, const char *limit, char delimiter)
{
    while (p < limit && *p != delimiter && !is_line_end(*p))
        p++;
    return p;
}

/* What it means that the scan has come to its limit outside quotes. */
static enum csv_result result_at_limit(const struct scan *s)
{
    if ((size_t)(s->limit - s->start) > CSV_RECORD_MAX_BYTES)
        return CSV_TOO_LONG;
    return s->at_end ? CSV_RECORD : CSV_MORE;
}

/* Finds the closing quote of the cell that opens at s->p and goes behind it; CSV_RECORD when there
 * is one. */
static enum csv_result scan_quoted(struct scan *s, struct span *out)
{
    const char *text = s->p + 1;
    const size_t left = (size_t)(s->limit - text);
    const bool at_ceiling = left > CSV_FIELD_MAX_BYTES;
    const char *last = text + (at_ceiling ? CSV_FIELD_MAX_BYTES + 1 : left);
    const char *quote = text;

    while (quote < last && (quote = memchr(quote, '"', (size_t)(last - quote))) != NULL) {
        const bool in_sight = quote + 1 < s->limit;
        if (in_sight && quote[1] == '"') {
            out->doubled = true;
            quote += 2;
            continue;
        }
        out->text = (struct str){ text, (size_t)(quote - text) };
        s->p = quote + 1;
        return in_sight ? CSV_RECORD : result_at_limit(s); /* the next byte may double it */
    }
    if (at_ceiling)
        return CSV_UNCLOSED;
    const enum csv_result rc = result_at_limit(s);
    return rc == CSV_RECORD ? CSV_UNCLOSED : rc;
}

/* Finds the end of the cell at s->p and stays there: at a delimiter, a line end or the limit. */
static inline enum csv_result scan_cell(struct scan *s, struct span *out)
{
    const char *from = s->p;
    *out = (struct span){ 0 };
    if (from < s->limit && *from == '"') {
        const enum csv_result rc = scan_quoted(s, out);
        if (rc != CSV_RECORD)
            return rc;
        from = s->p;
        s->p = unquoted_end(from, s->limit, s->delimiter);
        out->tail = s->p > from;
    } else {
        s->p = unquoted_end(from, s->limit, s->delimiter);
        out->text = (struct str){ from, (size_t)(s->p - from) };
    }
    return s->p < s->limit ? CSV_RECORD : result_at_limit(s);
}

/* ---- records ---- */

static void note_flaw(struct csv_reader *r, enum csv_flaw flaw, size_t cell, size_t byte)
{
    if (r->flaw != CSV_FINE)
        return;
    r->flaw = flaw;
    r->flaw_cell = cell;
    r->flaw_byte = byte;
}

/* Room for one more cell. Both arrays only ever grow, and stay with the reader. */
static bool grow_cells(struct csv_reader *r)
{
    const size_t cap = r->cap_cells == 0 ? 64 : r->cap_cells * 2;
    struct str *cells = mem_realloc(r->cells, cap * sizeof(*cells));
    if (cells == NULL)
        return false;
    r->cells = cells;
    unsigned char *marks = mem_realloc(r->marks, cap);
    if (marks == NULL)
        return false;
    r->marks = marks;
    r->cap_cells = cap;
    return true;
}

/* CSV_RECORD, or CSV_NOMEM. A cell too many is noted and not stored. */
static inline enum csv_result store_cell(struct csv_reader *r, const struct span *cell)
{
    if (r->n_cells == CSV_COLUMNS_MAX) {
        note_flaw(r, CSV_TOO_MANY_CELLS, CSV_COLUMNS_MAX, 0);
        return CSV_RECORD;
    }
    if (r->n_cells == r->cap_cells && !grow_cells(r))
        return CSV_NOMEM;
    if (cell->tail)
        note_flaw(r, CSV_TEXT_AFTER_QUOTE, r->n_cells, 0);
    else if (cell->text.len > CSV_FIELD_MAX_BYTES)
        note_flaw(r, CSV_FIELD_TOO_LONG, r->n_cells, 0);
    r->marks[r->n_cells] = cell->doubled;
    r->cells[r->n_cells++] = cell->text;
    return CSV_RECORD;
}

/* Finds all cells of the record at s->p and stays at its line end, or at the end of the input. */
static enum csv_result scan_record(struct csv_reader *r, struct scan *s, bool *doubled)
{
    for (;;) {
        struct span cell;
        enum csv_result rc = scan_cell(s, &cell);
        if (rc == CSV_RECORD)
            rc = store_cell(r, &cell);
        if (rc != CSV_RECORD)
            return rc;
        *doubled |= cell.doubled;
        if (s->p == s->limit || *s->p != s->delimiter)
            return CSV_RECORD;
        s->p++;
    }
}

/* Turns every "" into " and returns the new length. */
static size_t undo_doubled(char *text, size_t len)
{
    const char *end = text + len;
    const char *in = text;
    char *out = text;
    while (in < end) {
        const char *quote = memchr(in, '"', (size_t)(end - in));
        const size_t run = (size_t)((quote != NULL ? quote + 1 : end) - in);
        memmove(out, in, run);
        out += run;
        in += run + (quote != NULL ? 1 : 0);
    }
    return (size_t)(out - text);
}

static void undo_quotes(struct csv_reader *r)
{
    for (size_t i = 0; i < r->n_cells; i++) {
        if (r->marks[i]) {
            char *text = r->window + (r->cells[i].p - r->window);
            r->cells[i].len = undo_doubled(text, r->cells[i].len);
        }
    }
}

static bool is_clean_text(struct str s)
{
    return memchr(s.p, '\0', s.len) == NULL && str_utf8_invalid_at(s) == s.len;
}

/* Notes the first NUL or bad byte of the cells. */
static void note_bad_byte(struct csv_reader *r)
{
    for (size_t i = 0; i < r->n_cells && r->flaw == CSV_FINE; i++) {
        const struct str cell = r->cells[i];
        const size_t valid = str_utf8_invalid_at(cell);
        const char *nul = memchr(cell.p, '\0', valid);
        if (nul != NULL)
            note_flaw(r, CSV_NUL, i, (size_t)(nul - cell.p));
        else if (valid < cell.len)
            note_flaw(r, CSV_BAD_UTF8, i, valid);
    }
}

static void skip_blank_lines(struct csv_reader *r)
{
    while (r->pos < r->window_len && is_line_end(r->window[r->pos]))
        r->pos++;
}

enum csv_result csv_next(struct csv_reader *r)
{
    assert(r->delimiter != '"' && !is_line_end(r->delimiter));
    forget_record(r);
    skip_blank_lines(r);
    r->record_start = r->pos;
    const size_t left = r->window_len - r->pos;
    if (left == 0)
        return r->at_end ? CSV_END : CSV_MORE;

    const char *start = r->window + r->pos;
    const size_t seen = left > CSV_RECORD_MAX_BYTES ? CSV_RECORD_MAX_BYTES + 1 : left;
    struct scan s = { .p = start,
                      .start = start,
                      .limit = start + seen,
                      .at_end = r->at_end,
                      .delimiter = r->delimiter };
    bool doubled = false;
    const enum csv_result rc = scan_record(r, &s, &doubled);
    if (rc != CSV_RECORD) {
        forget_record(r);
        return rc;
    }

    const bool clean = is_clean_text((struct str){ start, (size_t)(s.p - start) });
    if (doubled)
        undo_quotes(r);
    if (!clean)
        note_bad_byte(r);
    r->pos += (size_t)(s.p - start) + (s.p < s.limit ? 1 : 0);
    return CSV_RECORD;
}

/* ---- the head of a file ---- */

static const char delimiters[] = { ',', ';', '\t' }; /* the first of equals wins */

/* Its place in delimiters; ARRAY_LEN(delimiters) when it is none of them. */
static size_t delimiter_index(char c)
{
    size_t i = 0;
    while (i < ARRAY_LEN(delimiters) && delimiters[i] != c)
        i++;
    return i;
}

static bool is_delimiter(char c)
{
    return delimiter_index(c) < ARRAY_LEN(delimiters);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int header_too_long(size_t bytes, struct err *err)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "CSV file has a header line longer than %zu bytes",
                   bytes);
}

static int nul_error(size_t at, struct err *err)
{
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "CSV file has a NUL byte at byte %zu; it must be UTF-8 text", at);
}

/* UTF-16 without a byte-order mark: characters below U+0100 have a NUL each, always on the same
 * side. Here: more than half of the bytes at even places, or at odd ones, and none at the others.
 */
static bool has_utf16_nuls(struct str s)
{
    size_t nuls[2] = { 0, 0 }; /* at even and at odd places */
    for (size_t i = 0; i < s.len; i++)
        nuls[i % 2] += s.p[i] == '\0';
    const size_t n = nuls[0] + nuls[1];
    return (nuls[0] == 0 || nuls[1] == 0) && n > 1 && n > s.len / 4;
}

static int check_encoding(struct str head, struct err *err)
{
    const struct str s = { head.p, head.len < CSV_SNIFF_BYTES ? head.len : CSV_SNIFF_BYTES };
    if (str_starts_with(s, STR("\xFF\xFE")) || str_starts_with(s, STR("\xFE\xFF")) ||
        has_utf16_nuls(s))
        return err_set(err, ERR_INVALID_PAYLOAD, "CSV file is UTF-16; it must be UTF-8");
    const char *nul = s.len > 0 ? memchr(s.p, '\0', s.len) : NULL;
    return nul == NULL ? 0 : nul_error((size_t)(nul - s.p), err);
}

/* Where the header line begins: behind the byte-order mark and behind lines of nothing but blanks,
 * which name no column. head.len when there is none. */
static size_t header_start(struct str head)
{
    const struct str bom = STR("\xEF\xBB\xBF");
    size_t line = str_starts_with(head, bom) ? bom.len : 0;
    for (size_t i = line; i < head.len; i++) {
        if (is_line_end(head.p[i]))
            line = i + 1;
        else if (!is_blank(head.p[i]))
            return line;
    }
    return head.len;
}

/* The delimiter that the first line of `text` has most of outside quotes. What separates cells is
 * not known yet, so a quote opens a cell behind any of the three. */
static char guess_delimiter(struct str text)
{
    size_t counts[ARRAY_LEN(delimiters)] = { 0 };
    bool quoted = false;
    bool may_open = true; /* a quote here would open a cell, or go on with the one just closed */
    for (size_t i = 0; i < text.len && (quoted || !is_line_end(text.p[i])); i++) {
        const size_t which = delimiter_index(text.p[i]);
        const bool turns = text.p[i] == '"' && (quoted || may_open);
        quoted = quoted != turns;
        if (!quoted && which < ARRAY_LEN(counts))
            counts[which]++;
        may_open = turns || which < ARRAY_LEN(counts);
    }
    size_t best = 0;
    for (size_t i = 1; i < ARRAY_LEN(delimiters); i++)
        best = counts[i] > counts[best] ? i : best;
    return delimiters[best];
}

/* A record with a flaw is one bad row; in the header it spoils every row. Both bytes are named by
 * their place in the file. */
static int header_flaw_error(const struct csv_reader *r, struct str head, size_t start,
                             struct err *err)
{
    const struct str text = { head.p + start, head.len - start };
    const char *nul;
    switch (r->flaw) {
    case CSV_FINE:
        break;
    case CSV_TEXT_AFTER_QUOTE:
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "CSV file has text after the closing quote of heading %zu",
                       r->flaw_cell + 1);
    case CSV_BAD_UTF8:
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "CSV file has invalid UTF-8 in its header at byte %zu",
                       start + str_utf8_invalid_at(text));
    case CSV_NUL:
        nul = memchr(text.p, '\0', text.len);
        return nul_error(nul != NULL ? (size_t)(nul - head.p) : start, err);
    case CSV_FIELD_TOO_LONG:
        return err_set(err, ERR_INVALID_PAYLOAD, "CSV file has a heading longer than %d bytes",
                       CSV_HEADING_MAX_BYTES);
    case CSV_TOO_MANY_CELLS:
        return err_set(err, ERR_INVALID_PAYLOAD, "CSV file has more than %d columns",
                       CSV_COLUMNS_MAX);
    }
    return 0;
}

/* Copies what must outlive the reader. */
static int keep_headings(const struct csv_reader *r, struct arena *a, struct csv_head *out,
                         struct err *err)
{
    struct str *headings = arena_alloc(a, r->n_cells * sizeof(*headings));
    if (headings == NULL)
        return err_nomem(err);
    for (size_t i = 0; i < r->n_cells; i++) {
        if (r->cells[i].len > CSV_HEADING_MAX_BYTES)
            return err_set(err, ERR_INVALID_PAYLOAD, "CSV file has a heading longer than %d bytes",
                           CSV_HEADING_MAX_BYTES);
        headings[i] = arena_str(a, str_trim(r->cells[i]));
        if (headings[i].p == NULL)
            return err_nomem(err);
    }
    out->headings = headings;
    out->n = r->n_cells;
    return 0;
}

/* Reads the header, which is the next record and there for certain. */
static int read_header(struct csv_reader *r, size_t head_bytes, struct err *err)
{
    switch (csv_next(r)) {
    case CSV_RECORD:
        return 0;
    case CSV_UNCLOSED:
        return err_set(err, ERR_INVALID_PAYLOAD, "CSV file has an unclosed quote in its header");
    case CSV_TOO_LONG:
        return header_too_long(CSV_RECORD_MAX_BYTES, err);
    case CSV_NOMEM:
        return err_nomem(err);
    case CSV_MORE:
    case CSV_END:
        break;
    }
    return header_too_long(head_bytes, err);
}

/* The reader ends a record at its CR; an LF behind it is part of the header line too. */
static size_t behind_line_end(struct str head, size_t at)
{
    const bool crlf = at < head.len && head.p[at - 1] == '\r' && head.p[at] == '\n';
    return at + crlf;
}

int csv_sniff(struct str head, bool whole, struct arena *a, struct csv_head *out, struct err *err)
{
    if (check_encoding(head, err) < 0)
        return -1;
    const size_t start = header_start(head);
    if (start == head.len)
        return whole ? err_set(err, ERR_INVALID_PAYLOAD, "CSV file is empty")
                     : header_too_long(head.len, err);

    /* The reader changes its window, and the head is the caller's: work on a copy. */
    const size_t left = head.len - start;
    const size_t n = left > CSV_RECORD_MAX_BYTES ? CSV_RECORD_MAX_BYTES + 1 : left;
    char *copy = mem_alloc(n);
    if (copy == NULL)
        return err_nomem(err);
    memcpy(copy, head.p + start, n);

    struct csv_reader r;
    csv_reader_init(&r);
    r.delimiter = guess_delimiter((struct str){ head.p + start, n });
    csv_reader_load(&r, copy, n, whole && n == left);
    int rc = -1;
    if (read_header(&r, head.len, err) < 0 || header_flaw_error(&r, head, start, err) < 0 ||
        keep_headings(&r, a, out, err) < 0)
        goto out;
    out->delimiter = r.delimiter;
    out->data_offset = behind_line_end(head, start + r.pos);
    rc = 0;
out:
    csv_reader_release(&r);
    mem_free(copy);
    return rc;
}

/* ---- out ---- */

static bool needs_quotes(struct str s)
{
    if (s.len == 0)
        return false;
    if (is_blank(s.p[0]) || is_blank(s.p[s.len - 1]))
        return true;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '"' || is_delimiter(s.p[i]) || is_line_end(s.p[i]))
            return true;
    }
    return false;
}

void csv_put_cell(struct buf *b, struct str s)
{
    if (!needs_quotes(s)) {
        buf_puts(b, s);
        return;
    }
    buf_putc(b, '"');
    for (struct str rest = s; rest.p != NULL;) {
        buf_puts(b, str_cut(rest, '"', &rest));
        if (rest.p != NULL)
            buf_puts(b, STR("\"\""));
    }
    buf_putc(b, '"');
}
