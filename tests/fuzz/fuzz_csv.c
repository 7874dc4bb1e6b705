/* SPDX-License-Identifier: MIT */
/*
 * fuzz_csv.c - no bytes may break the CSV reader, nor make it depend on where windows end.
 *
 * Reads an input in one window and again in windows of random sizes; both must yield the same
 * records, flaws and end. What was read is written with csv_put_cell() and must read back the same.
 *
 * The first input byte chooses the delimiter, the second the window sizes; the rest is the file.
 * Every window is a block of its own, so that AddressSanitizer sees a byte read too far.
 */
#include "formats/csv.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything a reading yields: per record its place, its flaw and its cells, as bytes. */
struct reading {
    struct buf log;
    enum csv_result end;
    size_t end_at;
};

static void log_number(struct buf *b, size_t n)
{
    buf_put(b, &n, sizeof(n));
}

static void log_record(struct reading *out, const struct csv_reader *r, size_t base)
{
    log_number(&out->log, base + r->record_start);
    log_number(&out->log, base + r->pos);
    log_number(&out->log, (size_t)r->flaw);
    log_number(&out->log, r->flaw_cell);
    log_number(&out->log, r->flaw_byte);
    log_number(&out->log, r->n_cells);
    for (size_t i = 0; i < r->n_cells; i++) {
        log_number(&out->log, r->cells[i].len);
        buf_puts(&out->log, r->cells[i]);
    }
}

static char *window_of(struct str s)
{
    char *window = malloc(s.len > 0 ? s.len : 1);
    CHECK(window != NULL);
    if (s.len > 0)
        memcpy(window, s.p, s.len);
    return window;
}

/* Window sizes 1 to 64, the same ones for the same seed. */
static size_t next_size(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return 1 + (*seed >> 26);
}

/* seed 0: one window. */
static void read_all(struct str file, char delimiter, uint32_t seed, struct reading *out)
{
    struct csv_reader r;
    size_t base = 0, want = seed == 0 ? file.len : next_size(&seed);
    csv_reader_init(&r);
    r.delimiter = delimiter;
    buf_init(&out->log, SIZE_MAX / 2);
    do {
        const size_t left = file.len - base;
        const struct str part = { file.p + base, want < left ? want : left };
        char *window = window_of(part);
        csv_reader_load(&r, window, part.len, part.len == left);
        while ((out->end = csv_next(&r)) == CSV_RECORD)
            log_record(out, &r, base);
        CHECK(out->end != CSV_NOMEM);
        CHECK(out->end != CSV_MORE || part.len < left);
        CHECK(r.pos == part.len || memcmp(window + r.pos, part.p + r.pos, part.len - r.pos) == 0);
        base += r.pos;
        want = part.len - r.pos + next_size(&seed);
        free(window);
    } while (out->end == CSV_MORE);
    out->end_at = base;
    csv_reader_release(&r);
}

static void check_windows(struct str file, char delimiter, uint32_t seed)
{
    struct reading one, many;
    read_all(file, delimiter, 0, &one);
    read_all(file, delimiter, seed, &many);
    CHECK(one.end == many.end && one.end_at == many.end_at);
    CHECK(str_eq(buf_str(&one.log), buf_str(&many.log)));
    buf_release(&one.log);
    buf_release(&many.log);
}

/* The record as csv_put_cell() writes it has the same cells. */
static void check_written(const struct csv_reader *r)
{
    struct buf line;
    struct csv_reader again;
    buf_init(&line, SIZE_MAX / 2);
    for (size_t i = 0; i < r->n_cells; i++) {
        if (i > 0)
            buf_putc(&line, r->delimiter);
        csv_put_cell(&line, r->cells[i]);
    }
    csv_reader_init(&again);
    again.delimiter = r->delimiter;
    csv_reader_load(&again, line.p, line.len, true);
    CHECK(csv_next(&again) == (line.len > 0 ? CSV_RECORD : CSV_END));
    CHECK(line.len == 0 || again.n_cells == r->n_cells);
    for (size_t i = 0; i < again.n_cells; i++)
        CHECK(str_eq(again.cells[i], r->cells[i]));
    csv_reader_release(&again);
    buf_release(&line);
}

static void check_round_trip(struct str file, char delimiter)
{
    struct csv_reader r;
    char *window = window_of(file);
    csv_reader_init(&r);
    r.delimiter = delimiter;
    csv_reader_load(&r, window, file.len, true);
    while (csv_next(&r) == CSV_RECORD) {
        if (r.flaw == CSV_FINE)
            check_written(&r);
    }
    csv_reader_release(&r);
    free(window);
}

static void check_sniff(struct str file, bool whole)
{
    struct arena a;
    struct csv_head head;
    struct err err = { 0 };
    arena_init(&a, KIB, 0);
    if (csv_sniff(file, whole, &a, &head, &err) < 0) {
        CHECK(err.code == ERR_INVALID_PAYLOAD);
    } else {
        CHECK(head.n > 0 && head.data_offset <= file.len);
        for (size_t i = 0; i < head.n; i++)
            CHECK(str_utf8_invalid_at(head.headings[i]) == head.headings[i].len);
    }
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = { ',', ';', '\t' };
    if (size < 2)
        return 0;
    const char delimiter = delimiters[data[0] % ARRAY_LEN(delimiters)];
    char *bytes = window_of((struct str){ (const char *)data + 2, size - 2 });
    const struct str file = { bytes, size - 2 };
    check_windows(file, delimiter, 1u + data[1]);
    check_round_trip(file, delimiter);
    check_sniff(file, true);
    check_sniff(file, false);
    free(bytes);
    return 0;
}
