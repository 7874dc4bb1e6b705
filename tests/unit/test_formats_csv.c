/* SPDX-License-Identifier: MIT */
/*
 * test_formats_csv.c - the CSV reader against tables, against itself in other windows, and against
 * libcsv where the two dialects are the same.
 *
 * What a reading yields is rendered as text, one line per record: cells in brackets, control bytes
 * escaped, then the flaw if there is one. Every window is a block of its own, so that
 * AddressSanitizer sees a byte read too far.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <csv.h>

#include "base/fault.h"
#include "formats/csv.h"

static const char *const flaw_names[] = {
    [CSV_FINE] = "fine",
    [CSV_TEXT_AFTER_QUOTE] = "text after quote",
    [CSV_BAD_UTF8] = "bad UTF-8",
    [CSV_NUL] = "NUL",
    [CSV_FIELD_TOO_LONG] = "field too long",
    [CSV_TOO_MANY_CELLS] = "too many cells",
};

struct reading {
    struct buf text;   /* cells and flaws */
    struct buf bounds; /* `start-pos ` of every record, in the file */
    enum csv_result end;
    size_t end_at; /* in the file */
    size_t n_records;
};

static void reading_release(struct reading *rd)
{
    buf_release(&rd->text);
    buf_release(&rd->bounds);
}

static void render_cell(struct buf *b, struct str cell)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < cell.len; i++) {
        const char c = cell.p[i];
        if (c == '\n' || c == '\r' || c == '\t' || c == '\0')
            buf_printf(b, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : '0');
        else
            buf_putc(b, c);
    }
    buf_putc(b, ']');
}

static void render_record(struct reading *rd, const struct csv_reader *r, size_t base)
{
    for (size_t i = 0; i < r->n_cells; i++)
        render_cell(&rd->text, r->cells[i]);
    if (r->flaw != CSV_FINE)
        buf_printf(&rd->text, " %s at %zu.%zu", flaw_names[r->flaw], r->flaw_cell, r->flaw_byte);
    buf_putc(&rd->text, '\n');
    buf_printf(&rd->bounds, "%zu-%zu ", base + r->record_start, base + r->pos);
    rd->n_records++;
}

static char *window_of(struct str s)
{
    char *window = malloc(s.len > 0 ? s.len : 1);
    assert_non_null(window);
    if (s.len > 0)
        memcpy(window, s.p, s.len);
    return window;
}

/* Reads one window to its end. The bytes from pos on must be as they were. */
static enum csv_result read_window(struct csv_reader *r, struct str part, size_t base, bool at_end,
                                   struct reading *rd)
{
    enum csv_result rc;
    char *window = window_of(part);
    csv_reader_load(r, window, part.len, at_end);
    while ((rc = csv_next(r)) == CSV_RECORD)
        render_record(rd, r, base);
    assert_int_equal(r->n_cells, 0);
    if (part.len > r->pos)
        assert_memory_equal(window + r->pos, part.p + r->pos, part.len - r->pos);
    free(window);
    return rc;
}

/* As an importer does it: windows of `window` bytes, and twice as much whenever a record does not
 * fit. The first window has `first` bytes. */
static void read_windows(struct str file, char delimiter, size_t first, size_t window,
                         struct reading *rd)
{
    struct csv_reader r;
    size_t base = 0, want = first;
    *rd = (struct reading){ 0 };
    buf_init(&rd->text, 64 * MIB);
    buf_init(&rd->bounds, 64 * MIB);
    csv_reader_init(&r);
    r.delimiter = delimiter;
    for (;;) {
        const size_t left = file.len - base;
        const struct str part = { file.p + base, want < left ? want : left };
        rd->end = read_window(&r, part, base, part.len == left, rd);
        base += r.pos;
        if (rd->end != CSV_MORE)
            break;
        assert_true(part.len < left); /* CSV_MORE never comes at the end */
        want = r.pos > 0 ? window : 2 * part.len + 1;
    }
    rd->end_at = base;
    csv_reader_release(&r);
}

static void read_at_once(struct str file, char delimiter, struct reading *rd)
{
    read_windows(file, delimiter, file.len, file.len, rd);
}

static void assert_text(const struct buf *b, const char *want)
{
    const struct str got = buf_str(b);
    assert_false(b->failed);
    if (!str_is(got, want))
        print_error("got:  %.*s\nwant: %.*s\n", STR_FMT(got), STR_FMT(str_of(want)));
    assert_true(str_is(got, want));
}

static void assert_same(const struct reading *a, const struct reading *b)
{
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->end_at, b->end_at);
    assert_true(str_eq(buf_str(&a->text), buf_str(&b->text)));
    assert_true(str_eq(buf_str(&a->bounds), buf_str(&b->bounds)));
}

/* ---- what is a record, what is a cell ---- */

struct read_case {
    const char *label;
    struct str in;
    const char *want;
    char delimiter; /* 0: comma */
};

static void run_cases(const struct read_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct reading rd;
        print_message("  %s\n", cases[i].label);
        read_at_once(cases[i].in, cases[i].delimiter == 0 ? ',' : cases[i].delimiter, &rd);
        assert_text(&rd.text, cases[i].want);
        assert_int_equal(rd.end, CSV_END);
        reading_release(&rd);
    }
}

static void csv_splits_records_into_cells(void **state)
{
    static const struct read_case cases[] = {
        { "no input", STR_INIT(""), "" },
        { "one cell", STR_INIT("abc\n"), "[abc]\n" },
        { "two cells", STR_INIT("abc,def\n"), "[abc][def]\n" },
        { "last without newline", STR_INIT("a\nb,c"), "[a]\n[b][c]\n" },
        { "last ends with a delimiter", STR_INIT("a,"), "[a][]\n" },
        { "empty cells", STR_INIT(",x,\n"), "[][x][]\n" },
        { "delimiters only", STR_INIT(",,\n"), "[][][]\n" },
        { "one delimiter is the file", STR_INIT(","), "[][]\n" },
        { "records of other widths", STR_INIT("a\nb,c\nd\n"), "[a]\n[b][c]\n[d]\n" },
        { "blanks are kept", STR_INIT(" a ,\t\n  \n"), "[ a ][\\t]\n[  ]\n" },
        { "UTF-8", STR_INIT("za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87,\xF0\x9F\x8E\x81\n"),
          "[za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87][\xF0\x9F\x8E\x81]\n" },
        { "semicolon", STR_INIT("a,b;c\n"), "[a,b][c]\n", ';' },
        { "tab", STR_INIT("a,b\tc;d\t\n"), "[a,b][c;d][]\n", '\t' },
        { "comma leaves the others", STR_INIT("a;b\tc,d"), "[a;b\\tc][d]\n", ',' },
    };
    (void)state;
    run_cases(cases, ARRAY_LEN(cases));
}

static void csv_takes_every_line_end(void **state)
{
    static const struct read_case cases[] = {
        { "LF", STR_INIT("a\nb\n"), "[a]\n[b]\n" },
        { "CRLF", STR_INIT("a\r\nb\r\n"), "[a]\n[b]\n" },
        { "CR", STR_INIT("a\rb\r"), "[a]\n[b]\n" },
        { "mixed", STR_INIT("a\r\nb\nc\rd\n\re"), "[a]\n[b]\n[c]\n[d]\n[e]\n" },
        { "behind a quote", STR_INIT("\"a\"\r\n\"b\"\n\"c\"\r\"d\""), "[a]\n[b]\n[c]\n[d]\n" },
        { "behind a delimiter", STR_INIT("a,\r\nb,\n,\r"), "[a][]\n[b][]\n[][]\n" },
        { "blank lines", STR_INIT("\n\r\n\r\ra\n\n\r\n\rb\n\n"), "[a]\n[b]\n" },
        { "blank lines only", STR_INIT("\n\r\n\r\n"), "" },
    };
    (void)state;
    run_cases(cases, ARRAY_LEN(cases));
}

static void csv_undoes_quotes(void **state)
{
    static const struct read_case cases[] = {
        { "quoted", STR_INIT("\"a\",\"b\"\n"), "[a][b]\n" },
        { "delimiter inside", STR_INIT("\"a,b\",c"), "[a,b][c]\n" },
        { "newlines inside", STR_INIT("\"a\nb\",\"\r\n\"\nc"), "[a\\nb][\\r\\n]\n[c]\n" },
        { "blank lines inside", STR_INIT("\"\n\n\na\n\"\n"), "[\\n\\n\\na\\n]\n" },
        { "doubled quote", STR_INIT("\"a\"\"b\""), "[a\"b]\n" },
        { "doubled at both ends", STR_INIT("\"\"\"a\"\"\",x"), "[\"a\"][x]\n" },
        { "doubled only", STR_INIT("\"\"\"\",\"\"\"\"\"\"\n"), "[\"][\"\"]\n" },
        { "many runs", STR_INIT("\"ab\"\"cde\"\"\"\"f\"\"gh\",i\n"), "[ab\"cde\"\"f\"gh][i]\n" },
        { "empty", STR_INIT("\"\"\n\"\",\"\"\n"), "[]\n[][]\n" },
        { "empty, end of input", STR_INIT("\"\""), "[]\n" },
        { "blanks inside are kept", STR_INIT("\" a \""), "[ a ]\n" },
        { "quote within a cell is literal", STR_INIT("a\"b,5\"\",\"c\"\n"), "[a\"b][5\"\"][c]\n" },
        { "quote behind a blank is literal", STR_INIT(" \"a,b\"\n"), "[ \"a][b\"]\n" },
        { "JSON", STR_INIT("1,\"{\"\"size\"\":\"\"XS\"\"}\",2"), "[1][{\"size\":\"XS\"}][2]\n" },
    };
    (void)state;
    run_cases(cases, ARRAY_LEN(cases));
}

static void csv_flaws_fail_one_record_only(void **state)
{
    static const struct read_case cases[] = {
        { "text after quote", STR_INIT("\"a\"b,c\nd\n"), "[a][c] text after quote at 0.0\n[d]\n" },
        { "blank after quote", STR_INIT("x,\"a\" \r\nd"), "[x][a] text after quote at 1.0\n[d]\n" },
        { "a quote in that text is literal", STR_INIT("\"a\"b\"c,\"\"\"\"\"d\"\ne"),
          "[a][\"\"d] text after quote at 0.0\n[e]\n" },
        { "that text ends with the input", STR_INIT("\"a\"bc"), "[a] text after quote at 0.0\n" },
        { "NUL", STR_INIT("a,b\0c\nd"), "[a][b\\0c] NUL at 1.1\n[d]\n" },
        { "NUL in quotes", STR_INIT("\"\"\"\0\"\nd"), "[\"\\0] NUL at 0.1\n[d]\n" },
        { "bad UTF-8", STR_INIT("a,bc\xFF,d\ne"), "[a][bc\xFF][d] bad UTF-8 at 1.2\n[e]\n" },
        { "the offset is that of the text", STR_INIT("\"\"\"\"\"\xC3\",d\ne"),
          "[\"\"\xC3][d] bad UTF-8 at 0.2\n[e]\n" },
        { "cut off by a delimiter", STR_INIT("\xE2\x82,\xAC\n"),
          "[\xE2\x82][\xAC] bad UTF-8 at 0.0\n" },
        { "surrogate", STR_INIT("\xED\xA0\x80"), "[\xED\xA0\x80] bad UTF-8 at 0.0\n" },
        { "the first bad byte counts", STR_INIT("a\0\xFF,b\n"), "[a\\0\xFF][b] NUL at 0.1\n" },
        { "in whichever order", STR_INIT("a\xFF\0,b\n"), "[a\xFF\\0][b] bad UTF-8 at 0.1\n" },
        { "shape before bytes", STR_INIT("\xFF,\"b\"c\n"), "[\xFF][b] text after quote at 1.0\n" },
        { "the first of two", STR_INIT("\"a\"b,\"c\"d\n"), "[a][c] text after quote at 0.0\n" },
    };
    (void)state;
    run_cases(cases, ARRAY_LEN(cases));
}

static void csv_unclosed_quote_ends_the_input(void **state)
{
    static const struct {
        const char *label;
        struct str in;
        size_t n_records, end_at;
    } cases[] = {
        { "at once", STR_INIT("\""), 0, 0 },
        { "first record", STR_INIT("\"abc\ndef\n"), 0, 0 },
        { "second cell", STR_INIT("a\n\r\nb,\"c\nd"), 1, 4 },
        { "doubled is not closed", STR_INIT("a\n\"b\"\"\n"), 1, 2 },
        { "doubled at the end", STR_INIT("a\n\"b\"\""), 1, 2 },
        { "opens anew", STR_INIT("a\n\"b\",\""), 1, 2 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading rd;
        print_message("  %s\n", cases[i].label);
        read_at_once(cases[i].in, ',', &rd);
        assert_int_equal(rd.end, CSV_UNCLOSED);
        assert_int_equal(rd.n_records, cases[i].n_records);
        assert_int_equal(rd.end_at, cases[i].end_at);
        reading_release(&rd);
    }
}

static void csv_says_where_records_are(void **state)
{
    static const struct {
        struct str in;
        const char *want;
    } cases[] = {
        { STR_INIT("a,b\nc\n"), "0-4 4-6 " },          { STR_INIT("a,b\r\nc\r\n"), "0-4 5-7 " },
        { STR_INIT("\n\na\n\n\nb"), "2-4 6-7 " },      { STR_INIT("\"a\n\"\"\"\rb"), "0-7 7-8 " },
        { STR_INIT("\"a\"bc\n\"d\"\n"), "0-6 6-10 " },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading rd;
        read_at_once(cases[i].in, ',', &rd);
        assert_text(&rd.bounds, cases[i].want);
        assert_int_equal(rd.end, CSV_END);
        assert_int_equal(rd.end_at, cases[i].in.len);
        reading_release(&rd);
    }
}

static void csv_empty_window_may_be_null(void **state)
{
    struct csv_reader r;
    (void)state;
    csv_reader_init(&r);
    csv_reader_load(&r, NULL, 0, false);
    assert_int_equal(csv_next(&r), CSV_MORE);
    csv_reader_load(&r, NULL, 0, true);
    assert_int_equal(csv_next(&r), CSV_END);
    assert_int_equal(csv_next(&r), CSV_END);
    csv_reader_release(&r);
}

static void csv_passes_blank_lines_before_it_asks_for_more(void **state)
{
    struct csv_reader r;
    char blank[] = "\n\r\n", begun[] = "\n\nab,\"";
    (void)state;
    csv_reader_init(&r);
    csv_reader_load(&r, blank, strlen(blank), false);
    assert_int_equal(csv_next(&r), CSV_MORE);
    assert_int_equal(r.pos, 3);
    csv_reader_load(&r, begun, strlen(begun), false);
    assert_int_equal(csv_next(&r), CSV_MORE);
    assert_int_equal(r.pos, 2);
    csv_reader_release(&r);
}

/* ---- windows ---- */

static const struct str tricky[] = {
    STR_INIT("Code,\"A \"\"b\"\"\",x\r\n\r\n\"l1\nl2\r\n,\"\"\"\"\",,\r\"\"\n,,\n\"t\"ail\"x,y\n"
             "za\xC5\xBC\xF0\x9F\x8E\x81,\"\xE2\x82\xAC\"\"\"\rbad\xFF,\"\0\"\n last "),
    STR_INIT("a,b\n\"c\",\"\"\"d\"\"\"\n\n\r\"never,closed\n\"\",x\n"),
    STR_INIT("\r\n\r\n\n\n\"\"\"\"\r\n\"a\"\r\n"),
};

static void csv_reads_the_same_through_any_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tricky); i++) {
        struct reading want;
        read_at_once(tricky[i], ',', &want);
        assert_true(want.n_records >= 2);
        for (size_t cut = 0; cut <= tricky[i].len; cut++) {
            struct reading got;
            read_windows(tricky[i], ',', cut, tricky[i].len, &got);
            assert_same(&got, &want);
            reading_release(&got);
            read_windows(tricky[i], ',', cut, cut, &got);
            assert_same(&got, &want);
            reading_release(&got);
        }
        reading_release(&want);
    }
}

/* Random bytes of the kind that matters; the same ones in every run. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void random_text(struct buf *b, uint32_t *seed, struct str alphabet, size_t max_len)
{
    const size_t len = next_random(seed) % (max_len + 1);
    for (size_t i = 0; i < len; i++)
        buf_putc(b, alphabet.p[next_random(seed) % alphabet.len]);
}

static void csv_reads_random_bytes_the_same_in_small_windows(void **state)
{
    uint32_t seed = 11;
    struct buf file;
    (void)state;
    buf_init(&file, MIB);
    for (int i = 0; i < 4000; i++) {
        struct reading want, got;
        buf_reset(&file);
        random_text(&file, &seed, STR("ab\"\"\",,\n\r\xC3\xA9;\t \0"), 40);
        read_at_once(buf_str(&file), ',', &want);
        const size_t window = 1 + next_random(&seed) % 12;
        read_windows(buf_str(&file), ',', window, window, &got);
        assert_same(&got, &want);
        reading_release(&got);
        reading_release(&want);
    }
    buf_release(&file);
}

/* ---- ceilings ---- */

static void put_times(struct buf *b, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_puts(b, str_of(text));
}

/* The first answer for `file`, read in one window; and the same from a window that ends early. */
static void assert_first(const struct buf *file, bool at_end, enum csv_result want,
                         enum csv_flaw flaw)
{
    struct csv_reader r;
    char *window = window_of(buf_str(file));
    assert_false(file->failed);
    csv_reader_init(&r);
    csv_reader_load(&r, window, file->len, at_end);
    assert_int_equal(csv_next(&r), want);
    assert_int_equal(r.flaw, flaw);
    if (want != CSV_RECORD) {
        assert_int_equal(r.pos, 0);
        assert_memory_equal(window, file->p, file->len);
    }
    free(window);
    csv_reader_release(&r);
}

static void csv_quote_must_close_within_the_field_ceiling(void **state)
{
    static const struct {
        const char *label;
        size_t plain, doubled; /* bytes and pairs of quotes between the outer quotes */
        const char *behind;
        bool at_end;
        enum csv_result want;
    } cases[] = {
        { "just fits", CSV_FIELD_MAX_BYTES, 0, "\"\n", false, CSV_RECORD },
        { "just fits, end of input", CSV_FIELD_MAX_BYTES, 0, "\"", true, CSV_RECORD },
        { "may yet be doubled", CSV_FIELD_MAX_BYTES, 0, "\"", false, CSV_MORE },
        { "is doubled", CSV_FIELD_MAX_BYTES, 0, "\"\"\"", true, CSV_UNCLOSED },
        { "pairs fit", CSV_FIELD_MAX_BYTES - 2, 1, "\"", true, CSV_RECORD },
        { "pair across the ceiling", CSV_FIELD_MAX_BYTES - 1, 1, "\"", true, CSV_UNCLOSED },
        { "one too long", CSV_FIELD_MAX_BYTES + 1, 0, "\"", true, CSV_UNCLOSED },
        { "not known yet", CSV_FIELD_MAX_BYTES, 0, "", false, CSV_MORE },
        { "known before the end", CSV_FIELD_MAX_BYTES + 1, 0, "", false, CSV_UNCLOSED },
        { "all pairs", 0, CSV_FIELD_MAX_BYTES / 2, "\"", true, CSV_RECORD },
        { "one pair more", 0, CSV_FIELD_MAX_BYTES / 2 + 1, "\"", true, CSV_UNCLOSED },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf file;
        print_message("  %s\n", cases[i].label);
        buf_init(&file, 8 * MIB);
        buf_putc(&file, '"');
        put_times(&file, "x", cases[i].plain);
        put_times(&file, "\"\"", cases[i].doubled);
        put_times(&file, cases[i].behind, 1);
        assert_first(&file, cases[i].at_end, cases[i].want, CSV_FINE);
        buf_release(&file);
    }
}

static void csv_record_must_end_within_its_ceiling(void **state)
{
    static const struct {
        const char *label;
        size_t bytes; /* of the record, as short cells */
        const char *behind;
        bool at_end;
        enum csv_result want;
    } cases[] = {
        { "just fits", CSV_RECORD_MAX_BYTES, "\n", false, CSV_RECORD },
        { "just fits, CR", CSV_RECORD_MAX_BYTES, "\r", false, CSV_RECORD },
        { "just fits, end of input", CSV_RECORD_MAX_BYTES, "", true, CSV_RECORD },
        { "not known yet", CSV_RECORD_MAX_BYTES, "", false, CSV_MORE },
        { "one too long", CSV_RECORD_MAX_BYTES + 1, "\n", false, CSV_TOO_LONG },
        { "one too long, end of input", CSV_RECORD_MAX_BYTES + 1, "", true, CSV_TOO_LONG },
        { "known before the end", CSV_RECORD_MAX_BYTES + 1, "", false, CSV_TOO_LONG },
        { "in quotes", CSV_RECORD_MAX_BYTES - 4, ",\"bcdef\"\n", true, CSV_TOO_LONG },
        { "the quote just fits", CSV_RECORD_MAX_BYTES - 4, ",\"b\"", true, CSV_RECORD },
        { "the quote does not fit", CSV_RECORD_MAX_BYTES - 4, ",\"bc\"\n", true, CSV_TOO_LONG },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf file;
        print_message("  %s\n", cases[i].label);
        buf_init(&file, 8 * MIB);
        for (size_t k = 0; k < cases[i].bytes; k++)
            buf_putc(&file, k % (100 * KIB) == 99 ? ',' : 'a');
        put_times(&file, cases[i].behind, 1);
        assert_first(&file, cases[i].at_end, cases[i].want, CSV_FINE);
        buf_release(&file);
    }
}

static void csv_long_unquoted_cell_is_a_flaw(void **state)
{
    struct buf file;
    struct reading rd;
    (void)state;
    buf_init(&file, 8 * MIB);
    put_times(&file, "x", CSV_FIELD_MAX_BYTES);
    put_times(&file, ",a\nb,", 1);
    put_times(&file, "y", CSV_FIELD_MAX_BYTES + 1);
    put_times(&file, "\nc\n", 1);
    read_windows(buf_str(&file), ',', 64 * KIB, 64 * KIB, &rd);
    assert_int_equal(rd.n_records, 3);
    const struct str text = buf_str(&rd.text);
    const struct str want = STR("] field too long at 1.0\n[c]\n");
    assert_true(str_eq((struct str){ text.p + text.len - want.len, want.len }, want));
    assert_null(memmem(text.p, text.len - want.len, "field", 5));
    reading_release(&rd);
    buf_release(&file);
}

static void csv_reads_jumbo_cells(void **state)
{
    struct buf file;
    struct csv_reader r;
    (void)state;
    buf_init(&file, 8 * MIB);
    put_times(&file, "\"", 1);
    put_times(&file, "ab\"\"\n,", 150 * KIB);
    put_times(&file, "\",", 1);
    put_times(&file, "xyz", 300 * KIB);
    char *window = window_of(buf_str(&file));
    csv_reader_init(&r);
    csv_reader_load(&r, window, file.len, true);
    assert_int_equal(csv_next(&r), CSV_RECORD);
    assert_int_equal(r.flaw, CSV_FINE);
    assert_int_equal(r.n_cells, 2);
    assert_int_equal(r.cells[0].len, 5 * 150 * KIB);
    for (size_t i = 0; i < r.cells[0].len; i += 5)
        assert_memory_equal(r.cells[0].p + i, "ab\"\n,", 5);
    assert_int_equal(r.cells[1].len, 3 * 300 * KIB);
    assert_int_equal(csv_next(&r), CSV_END);
    csv_reader_release(&r);
    free(window);
    buf_release(&file);
}

static void csv_has_a_ceiling_for_columns(void **state)
{
    static const struct {
        size_t columns, want;
        enum csv_flaw flaw;
        const char *behind;
    } cases[] = {
        { 10000, 10000, CSV_FINE, "\nnext\n" },
        { CSV_COLUMNS_MAX, CSV_COLUMNS_MAX, CSV_FINE, "\nnext\n" },
        { CSV_COLUMNS_MAX + 1, CSV_COLUMNS_MAX, CSV_TOO_MANY_CELLS, "\nnext\n" },
        { 100000, CSV_COLUMNS_MAX, CSV_TOO_MANY_CELLS, "\nnext\n" },
        { 20000, CSV_COLUMNS_MAX, CSV_TOO_MANY_CELLS, ",\"\n\"\"x\n\",\"y\"z\"\nnext\n" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf file;
        struct csv_reader r;
        buf_init(&file, 8 * MIB);
        for (size_t k = 0; k < cases[i].columns; k++)
            buf_printf(&file, k % 3 == 0 ? "%s\"%zu\"" : "%s%zu", k > 0 ? "," : "", k);
        put_times(&file, cases[i].behind, 1);
        csv_reader_init(&r);
        csv_reader_load(&r, file.p, file.len, true);
        assert_int_equal(csv_next(&r), CSV_RECORD);
        assert_int_equal(r.n_cells, cases[i].want);
        assert_int_equal(r.flaw, cases[i].flaw);
        assert_int_equal(r.flaw_cell, cases[i].flaw == CSV_FINE ? 0 : CSV_COLUMNS_MAX);
        for (size_t k = 0; k < r.n_cells; k++)
            assert_int_equal(strtoul(r.cells[k].p, NULL, 10), k);
        assert_int_equal(csv_next(&r), CSV_RECORD);
        assert_true(r.n_cells == 1 && str_is(r.cells[0], "next"));
        csv_reader_release(&r);
        buf_release(&file);
    }
}

/* ---- out of memory ---- */

static void csv_goes_on_after_a_failed_allocation(void **state)
{
    struct buf file;
    (void)state;
    buf_init(&file, MIB);
    put_times(&file, "\"a\"\"\",b,", 100);
    put_times(&file, "c\n", 1);
    for (size_t nth = 1, fired = 1; fired > 0; nth++) {
        struct csv_reader r;
        char *window = window_of(buf_str(&file));
        csv_reader_init(&r);
        csv_reader_load(&r, window, file.len, true);
        fault_arm(FAULT_ALLOC, nth, false);
        enum csv_result rc = csv_next(&r);
        fired = fault_disarm();
        assert_int_equal(rc, fired > 0 ? CSV_NOMEM : CSV_RECORD);
        if (fired > 0) {
            assert_int_equal(r.pos, 0);
            assert_memory_equal(window, file.p, file.len);
            rc = csv_next(&r);
        }
        assert_int_equal(rc, CSV_RECORD);
        assert_int_equal(r.n_cells, 201);
        assert_true(str_is(r.cells[198], "a\""));
        csv_reader_release(&r);
        free(window);
        assert_true(nth < 100);
    }
    buf_release(&file);
}

static void csv_allocates_for_its_widest_record_only(void **state)
{
    struct csv_reader r;
    char window[] = "a,b,c\nd,\"e\"\"\",f\ng\n";
    (void)state;
    csv_reader_init(&r);
    csv_reader_load(&r, window, strlen(window), true);
    assert_int_equal(csv_next(&r), CSV_RECORD);
    fault_arm(FAULT_ALLOC, 1, true);
    assert_int_equal(csv_next(&r), CSV_RECORD);
    assert_int_equal(csv_next(&r), CSV_RECORD);
    assert_int_equal(csv_next(&r), CSV_END);
    assert_int_equal(fault_disarm(), 0);
    csv_reader_release(&r);
}

/* ---- libcsv as oracle ---- */

static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void oracle_cell(void *text, size_t len, void *out)
{
    render_cell(out, (struct str){ text, len });
}

static void oracle_record(int end, void *out)
{
    (void)end;
    buf_putc(out, '\n');
}

/* Without its trimming of blanks libcsv differs in one thing only: text behind a closing quote. */
static void read_with_libcsv(struct str file, char delimiter, struct buf *out)
{
    struct csv_parser parser;
    assert_int_equal(csv_init(&parser, 0), 0);
    csv_set_delim(&parser, (unsigned char)delimiter);
    csv_set_space_func(&parser, never_space);
    assert_int_equal(csv_parse(&parser, file.p, file.len, oracle_cell, oracle_record, out),
                     file.len);
    assert_int_equal(csv_fini(&parser, oracle_cell, oracle_record, out), 0);
    csv_free(&parser);
}

/* False when the dialects do not agree on this input, by what our reader says. */
static bool agrees_with_libcsv(struct str file, char delimiter)
{
    struct reading rd;
    struct buf want;
    read_at_once(file, delimiter, &rd);
    const bool same_dialect = rd.end == CSV_END && memmem(rd.text.p != NULL ? rd.text.p : "",
                                                          rd.text.len, " at ", 4) == NULL;
    buf_init(&want, 8 * MIB);
    if (same_dialect) {
        read_with_libcsv(file, delimiter, &want);
        if (!str_eq(buf_str(&rd.text), buf_str(&want)))
            print_error("input: %.*s\ngot:  %.*s\nwant: %.*s\n", STR_FMT(file),
                        STR_FMT(buf_str(&rd.text)), STR_FMT(buf_str(&want)));
        assert_true(str_eq(buf_str(&rd.text), buf_str(&want)));
    }
    buf_release(&want);
    reading_release(&rd);
    return same_dialect;
}

static void csv_reads_random_bytes_as_libcsv_does(void **state)
{
    static const char delimiters[] = { ',', ';', '\t' };
    uint32_t seed = 7;
    size_t n_compared = 0;
    struct buf file;
    (void)state;
    buf_init(&file, MIB);
    for (int i = 0; i < 20000; i++) {
        buf_reset(&file);
        random_text(&file, &seed, STR("abc\"\",,;;\t\n\r d"), 24);
        n_compared += agrees_with_libcsv(buf_str(&file), delimiters[i % 3]);
    }
    assert_true(n_compared > 5000);
    buf_release(&file);
}

static void csv_reads_generated_tables_as_libcsv_does(void **state)
{
    static const char *const line_ends[] = { "\n", "\r\n", "\r", "\n\n" };
    uint32_t seed = 3;
    struct buf file, cell;
    (void)state;
    buf_init(&file, 8 * MIB);
    buf_init(&cell, MIB);
    for (int i = 0; i < 200; i++) {
        buf_reset(&file);
        for (uint32_t rows = next_random(&seed) % 30; rows > 0; rows--) {
            for (uint32_t cells = next_random(&seed) % 12; cells > 0; cells--) {
                buf_reset(&cell);
                random_text(&cell, &seed, STR("abcdefgh, \"\n\r\t\xC3\xA9"), 40);
                csv_put_cell(&file, str_utf8_invalid_at(buf_str(&cell)) == cell.len
                                        ? buf_str(&cell)
                                        : STR("\xE2\x82\xAC"));
                buf_puts(&file, cells > 1 ? STR(",") : STR(""));
            }
            buf_puts(&file, str_of(line_ends[next_random(&seed) % ARRAY_LEN(line_ends)]));
        }
        assert_true(agrees_with_libcsv(buf_str(&file), ','));
    }
    buf_release(&cell);
    buf_release(&file);
}

/* ---- the head of a file ---- */

static void csv_sniff_reads_the_header(void **state)
{
    static const struct {
        const char *label;
        struct str in;
        const char *want; /* headings, rendered */
        size_t data_offset;
        char delimiter;
    } cases[] = {
        { "commas", STR_INIT("Code,Value\nA,1\n"), "[Code][Value]", 11, ',' },
        { "CRLF", STR_INIT("Code,Value\r\nA,1\n"), "[Code][Value]", 12, ',' },
        { "CR", STR_INIT("Code,Value\rA,1\n"), "[Code][Value]", 11, ',' },
        { "header only", STR_INIT("Code,Value"), "[Code][Value]", 10, ',' },
        { "header only, CRLF", STR_INIT("Code,Value\r\n"), "[Code][Value]", 12, ',' },
        { "one column", STR_INIT("Code\nA;B;C\n"), "[Code]", 5, ',' },
        { "semicolons", STR_INIT("Code;Value\nA,,,,\n"), "[Code][Value]", 11, ';' },
        { "tabs", STR_INIT("Code\tValue, net\tb\n"), "[Code][Value, net][b]", 18, '\t' },
        { "most wins", STR_INIT("a,b;c;d\n"), "[a,b][c][d]", 8, ';' },
        { "comma wins a draw", STR_INIT("a;b,c\n"), "[a;b][c]", 6, ',' },
        { "semicolon wins a draw with tab", STR_INIT("a\tb;c\n"), "[a\\tb][c]", 6, ';' },
        { "quoted ones do not count", STR_INIT("\"a,b,c\";d\n"), "[a,b,c][d]", 10, ';' },
        { "nor behind a doubled quote", STR_INIT("\"a\"\",,\";d\n"), "[a\",,][d]", 10, ';' },
        { "nor in a later cell", STR_INIT("a;\"b,c,d,e\"\n"), "[a][b,c,d,e]", 12, ';' },
        { "a quote within a cell is literal", STR_INIT("5\",a,b;c\n"), "[5\"][a][b;c]", 9, ',' },
        { "newline in a heading", STR_INIT("\"a\nb\",c\nd"), "[a\\nb][c]", 8, ',' },
        { "BOM",
          STR_INIT("\xEF\xBB\xBF"
                   "Code,Value\n"),
          "[Code][Value]", 14, ',' },
        { "BOM and quote", STR_INIT("\xEF\xBB\xBF\"Code\"\n"), "[Code]", 10, ',' },
        { "trimmed", STR_INIT(" Code ,\tValue\t,\" x \"\n"), "[Code][Value][x]", 21, ',' },
        { "blank lines before", STR_INIT("\n \t\r\n\n Code,b\nx"), "[Code][b]", 14, ',' },
        { "empty headings", STR_INIT(",a,\n"), "[][a][]", 4, ',' },
        { "first heading empty, tabs", STR_INIT("\ta\tb\n"), "[][a][b]", 5, '\t' },
        { "same heading twice", STR_INIT("a,a\n"), "[a][a]", 4, ',' },
        { "UTF-8", STR_INIT("\xC3\x84,\xF0\x9F\x8E\x81\n"), "[\xC3\x84][\xF0\x9F\x8E\x81]", 8,
          ',' },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct csv_head head;
        struct err err = { 0 };
        struct buf got;
        print_message("  %s\n", cases[i].label);
        arena_init(&a, KIB, 0);
        buf_init(&got, MIB);
        assert_int_equal(csv_sniff(cases[i].in, true, &a, &head, &err), 0);
        for (size_t k = 0; k < head.n; k++)
            render_cell(&got, head.headings[k]);
        assert_text(&got, cases[i].want);
        assert_int_equal(head.data_offset, cases[i].data_offset);
        assert_int_equal(head.delimiter, cases[i].delimiter);
        buf_release(&got);
        arena_release(&a);
    }
}

static void assert_sniff_fails(struct str in, bool whole, const char *want)
{
    struct arena a;
    struct csv_head head;
    struct err err = { 0 };
    char *copy = window_of(in);
    arena_init(&a, KIB, 0);
    assert_int_equal(csv_sniff((struct str){ copy, in.len }, whole, &a, &head, &err), -1);
    assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
    assert_string_equal(err.msg, want);
    arena_release(&a);
    free(copy);
}

#define NUL_AT(n) "CSV file has a NUL byte at byte " n "; it must be UTF-8 text"
#define UTF16     "CSV file is UTF-16; it must be UTF-8"

static void csv_sniff_says_what_is_wrong(void **state)
{
    static const struct {
        const char *label;
        struct str in;
        bool whole;
        const char *want;
    } cases[] = {
        { "empty", STR_INIT(""), true, "CSV file is empty" },
        { "BOM only", STR_INIT("\xEF\xBB\xBF"), true, "CSV file is empty" },
        { "blanks only", STR_INIT("\xEF\xBB\xBF \r\n\t\n\n  "), true, "CSV file is empty" },
        { "UTF-16LE",
          STR_INIT("\xFF\xFE"
                   "C\0o\0d\0e\0\n\0"),
          true, UTF16 },
        { "UTF-16BE", STR_INIT("\xFE\xFF\0C\0o\0d\0e\0\n"), true, UTF16 },
        { "UTF-16 BOM only", STR_INIT("\xFF\xFE"), true, UTF16 },
        { "UTF-16LE without BOM", STR_INIT("C\0o\0d\0e\0\n\0A\0"), true, UTF16 },
        { "UTF-16BE without BOM", STR_INIT("\0C\0o\0d\0e\0\n\0A"), true, UTF16 },
        { "mostly Latin", STR_INIT("\0C\x01\x42\0o\0d\0\n"), true, UTF16 },
        { "NUL", STR_INIT("Code\0,b\n"), true, NUL_AT("4") },
        { "NUL behind the header",
          STR_INIT("\xEF\xBB\xBF"
                   "Code\nA\0B\n"),
          true, NUL_AT("9") },
        { "NULs on both sides", STR_INIT("a\0\0\0b\0\0\0"), true, NUL_AT("1") },
        { "one NUL is the file", STR_INIT("\0"), true, NUL_AT("0") },
        { "unclosed quote", STR_INIT("Code,\"Value\nA,1\n"), true,
          "CSV file has an unclosed quote in its header" },
        { "header not in the head", STR_INIT("Code,Val"), false,
          "CSV file has a header line longer than 8 bytes" },
        { "quote not in the head", STR_INIT("Code,\"V\n"), false,
          "CSV file has a header line longer than 8 bytes" },
        { "blanks for a head", STR_INIT(" \n \n"), false,
          "CSV file has a header line longer than 4 bytes" },
        { "no head at all", STR_INIT(""), false, "CSV file has a header line longer than 0 bytes" },
        { "bad UTF-8", STR_INIT("\xEF\xBB\xBF\nCode,Va\xE4lue\n"), true,
          "CSV file has invalid UTF-8 in its header at byte 11" },
        { "text after quote", STR_INIT("Code,\"Value\" x\n"), true,
          "CSV file has text after the closing quote of heading 2" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("  %s\n", cases[i].label);
        assert_sniff_fails(cases[i].in, cases[i].whole, cases[i].want);
    }
}

static void csv_sniff_has_ceilings(void **state)
{
    static const struct {
        const char *text;
        size_t times;
        const char *behind, *want;
    } cases[] = {
        { "a,", CSV_COLUMNS_MAX, "\n", "CSV file has more than 16384 columns" },
        { "a", CSV_HEADING_MAX_BYTES + 1, "\n", "CSV file has a heading longer than 1024 bytes" },
        { "a", CSV_FIELD_MAX_BYTES + 1, "\n", "CSV file has a heading longer than 1024 bytes" },
        { "aaaaaaa,", CSV_RECORD_MAX_BYTES / 8 + 1, "\n",
          "CSV file has a header line longer than 4194304 bytes" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf file;
        buf_init(&file, 8 * MIB);
        put_times(&file, cases[i].text, cases[i].times);
        put_times(&file, cases[i].behind, 1);
        assert_sniff_fails(buf_str(&file), true, cases[i].want);
        buf_release(&file);
    }
}

/* Only the first bytes are searched; a NUL further on fails its row, unless it is in the header. */
static void csv_sniff_looks_for_nul_at_the_beginning(void **state)
{
    struct arena a;
    struct csv_head head;
    struct err err = { 0 };
    struct buf file;
    (void)state;
    arena_init(&a, KIB, 0);
    buf_init(&file, MIB);
    put_times(&file, "Code\n", 1);
    put_times(&file, "x", CSV_SNIFF_BYTES - file.len);
    buf_putc(&file, '\0');
    assert_int_equal(csv_sniff(buf_str(&file), true, &a, &head, &err), 0);
    assert_int_equal(head.data_offset, 5);
    file.p[4] = 'x';
    assert_sniff_fails(buf_str(&file), true, NUL_AT("4096"));
    buf_release(&file);
    arena_release(&a);
}

static void csv_sniff_reports_out_of_memory(void **state)
{
    (void)state;
    for (size_t nth = 1, fired = 1; fired > 0; nth++) {
        struct arena a;
        struct csv_head head;
        struct err err = { 0 };
        arena_init(&a, 16, 0);
        fault_arm(FAULT_ALLOC, nth, false);
        const int rc = csv_sniff(STR("\"Co\"\"de\",Value\nA,1\n"), true, &a, &head, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired > 0 ? -1 : 0);
        if (fired > 0)
            assert_int_equal(err.code, ERR_NOMEM);
        else
            assert_true(nth > 4 && str_is(head.headings[0], "Co\"de"));
        arena_release(&a);
    }
}

/* ---- out ---- */

static void csv_quotes_what_needs_it(void **state)
{
    static const struct {
        struct str in;
        const char *want;
    } cases[] = {
        { { NULL, 0 }, "" },
        { STR_INIT(""), "" },
        { STR_INIT("abc"), "abc" },
        { STR_INIT("a b"), "a b" },
        { STR_INIT("a,b"), "\"a,b\"" },
        { STR_INIT("a;b"), "\"a;b\"" },
        { STR_INIT("a\tb"), "\"a\tb\"" },
        { STR_INIT("a\nb"), "\"a\nb\"" },
        { STR_INIT("a\r"), "\"a\r\"" },
        { STR_INIT(" a"), "\" a\"" },
        { STR_INIT("a "), "\"a \"" },
        { STR_INIT("\""), "\"\"\"\"" },
        { STR_INIT("\"a\"\"b\""), "\"\"\"a\"\"\"\"b\"\"\"" },
        { STR_INIT("5\""), "\"5\"\"\"" },
        { STR_INIT("\xC5\x82"), "\xC5\x82" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b;
        buf_init(&b, KIB);
        csv_put_cell(&b, cases[i].in);
        assert_text(&b, cases[i].want);
        buf_release(&b);
    }
}

static void csv_reads_back_what_it_writes(void **state)
{
    uint32_t seed = 5;
    struct buf line, want, cell;
    (void)state;
    buf_init(&line, MIB);
    buf_init(&want, MIB);
    buf_init(&cell, MIB);
    for (int i = 0; i < 2000; i++) {
        struct reading rd;
        buf_reset(&line);
        buf_reset(&want);
        for (int k = 0; k < 4; k++) {
            buf_reset(&cell);
            random_text(&cell, &seed, STR("ab ,;\t\"\r\n"), 8);
            buf_puts(&line, k > 0 ? STR(",") : STR(""));
            csv_put_cell(&line, buf_str(&cell));
            render_cell(&want, buf_str(&cell));
        }
        buf_puts(&line, STR("\r\n"));
        buf_puts(&want, STR("\n"));
        read_at_once(buf_str(&line), ',', &rd);
        assert_true(str_eq(buf_str(&rd.text), buf_str(&want)));
        reading_release(&rd);
    }
    buf_release(&cell);
    buf_release(&want);
    buf_release(&line);
}

static void csv_put_cell_respects_the_ceiling_of_its_buffer(void **state)
{
    struct buf b;
    struct err err = { 0 };
    (void)state;
    buf_init(&b, 128);
    for (int i = 0; i < 20; i++)
        csv_put_cell(&b, STR("a,\"b\""));
    assert_int_equal(buf_ok(&b, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_splits_records_into_cells),
        cmocka_unit_test(csv_takes_every_line_end),
        cmocka_unit_test(csv_undoes_quotes),
        cmocka_unit_test(csv_flaws_fail_one_record_only),
        cmocka_unit_test(csv_unclosed_quote_ends_the_input),
        cmocka_unit_test(csv_says_where_records_are),
        cmocka_unit_test(csv_empty_window_may_be_null),
        cmocka_unit_test(csv_passes_blank_lines_before_it_asks_for_more),
        cmocka_unit_test(csv_reads_the_same_through_any_split),
        cmocka_unit_test(csv_reads_random_bytes_the_same_in_small_windows),
        cmocka_unit_test(csv_quote_must_close_within_the_field_ceiling),
        cmocka_unit_test(csv_record_must_end_within_its_ceiling),
        cmocka_unit_test(csv_long_unquoted_cell_is_a_flaw),
        cmocka_unit_test(csv_reads_jumbo_cells),
        cmocka_unit_test(csv_has_a_ceiling_for_columns),
        cmocka_unit_test(csv_goes_on_after_a_failed_allocation),
        cmocka_unit_test(csv_allocates_for_its_widest_record_only),
        cmocka_unit_test(csv_reads_random_bytes_as_libcsv_does),
        cmocka_unit_test(csv_reads_generated_tables_as_libcsv_does),
        cmocka_unit_test(csv_sniff_reads_the_header),
        cmocka_unit_test(csv_sniff_says_what_is_wrong),
        cmocka_unit_test(csv_sniff_has_ceilings),
        cmocka_unit_test(csv_sniff_looks_for_nul_at_the_beginning),
        cmocka_unit_test(csv_sniff_reports_out_of_memory),
        cmocka_unit_test(csv_quotes_what_needs_it),
        cmocka_unit_test(csv_reads_back_what_it_writes),
        cmocka_unit_test(csv_put_cell_respects_the_ceiling_of_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
