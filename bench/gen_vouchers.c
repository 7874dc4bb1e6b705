/* SPDX-License-Identifier: MIT */
/*
 * gen_vouchers.c - writes a CSV file of vouchers, as large as asked for, with bad rows where asked
 * for.
 *
 *     gen_vouchers ROWS [--bad N] [--seed S] [--out FILE] [--bad-list FILE]
 *
 * The same arguments give the same bytes, on every machine: bench, demo and tests can rely on them.
 * The bad rows lie in the middle of N equal stretches and take the defects of one table in turn, so
 * a test that knows ROWS and N knows which rows have to fail; --bad-list writes them as `row,code`
 * lines (rows count from 1 behind the header). The header line ends with CRLF and the rows with LF,
 * as in the template files that users start from.
 *
 * A row is built in a fixed buffer out of constant texts and numbers; a million takes well under a
 * second, so that a bench measures the importer and not this.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define ROWS_MAX UINT64_C(1000000000) /* squared and doubled it still fits into 64 bits */

enum { CODE_CHARS = 12, CELL_BYTES = 64, ROW_BYTES = 1024, OUT_BUFFER_BYTES = 1 << 20 };

static const char usage[] =
    "usage: gen_vouchers ROWS [--bad N] [--seed S] [--out FILE] [--bad-list FILE]\n";

enum column {
    COL_CODE,
    COL_TYPE,
    COL_ACTIVE,
    COL_START,
    COL_EXPIRATION,
    COL_DISCOUNT_TYPE,
    COL_VALUE,
    COL_CATEGORY,
    COL_LIMIT,
    COL_INFO,
    COL_REGION,
    COL_SEASON,
    COLUMN_COUNT
};

static const char header[] =
    "Code,Voucher Type,Active,Start Date,Expiration Date,Discount Type,Value,Category,"
    "Redemption Limit,Additional Info,Region,Season\r\n";

/* Values are drawn by index, so an entry that stands twice is drawn twice as often. Texts with a
 * comma are written with their quotes. */
static const char *const actives[] = { "TRUE", "TRUE", "TRUE", "TRUE", "TRUE", "FALSE" };
static const char *const categories[] = { "New", "Returning", "Loyal", "Partner", "Staff", "" };
static const char *const limits[] = { "", "", "1", "1", "5", "100" };
static const char *const infos[] = {
    "", "", "", "", "Planned release", "\"Second wave, by e-mail\"", "\"Called \"\"early bird\"\"\""
};
static const char *const regions[] = {
    "Europe", "Europe", "Americas", "Asia", "Africa", "Oceania"
};
static const char *const seasons[] = { "Spring", "Summer", "Autumn", "Winter" };
static const char *const cents[] = { "", "", "", ".50", ".99" };

struct row {
    const char *cells[COLUMN_COUNT]; /* constant texts, or one of the buffers below */
    char code[CODE_CHARS + 1];
    char start[CELL_BYTES];
    char expiration[CELL_BYTES];
    char value[CELL_BYTES];
};

struct options {
    uint64_t rows;
    uint64_t bad;
    uint64_t seed;
    const char *out_path;      /* NULL: standard output */
    const char *bad_list_path; /* NULL: none */
};

/* ---- random numbers: splitmix64, one word of state ---- */

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* 0 .. n-1. Slightly uneven for an n that is no power of two, which no test data minds. */
static unsigned random_below(uint64_t *state, unsigned n)
{
    return (unsigned)(random_next(state) % n);
}

#define PICK(state, list) ((list)[random_below((state), ARRAY_LEN(list))])

/* ---- one row ---- */

static void set_code(struct row *r, uint64_t *state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint64_t bits = random_next(state); /* 36^12 is a quarter of 2^64: ten million rarely meet */

    for (size_t i = 0; i < CODE_CHARS; i++) {
        r->code[i] = alphabet[bits % 36];
        bits /= 36;
    }
    r->code[CODE_CHARS] = '\0';
    r->cells[COL_CODE] = r->code;
}

/* Both dates, a start alone, or none. The end lies in the year after the start. */
static void set_dates(struct row *r, uint64_t *state)
{
    unsigned kind = random_below(state, 4);
    unsigned year = 2024 + random_below(state, 3);
    unsigned month = 1 + random_below(state, 12);
    unsigned day = 1 + random_below(state, 28);

    r->cells[COL_START] = r->cells[COL_EXPIRATION] = "";
    if (kind > 0) {
        (void)snprintf(r->start, sizeof(r->start), "%u-%02u-%02u%s", year, month, day,
                       kind == 1 ? "" : "T00:00:00.000Z");
        r->cells[COL_START] = r->start;
    }
    if (kind > 1) {
        (void)snprintf(r->expiration, sizeof(r->expiration), "%u-%02u-%02uT23:59:00.000Z", year + 1,
                       month, day);
        r->cells[COL_EXPIRATION] = r->expiration;
    }
}

/* Six of ten take an amount off, three a percentage, one is a gift. One draw a statement: the order
 * in which arguments are evaluated differs between compilers. */
static void set_kind(struct row *r, uint64_t *state)
{
    unsigned kind = random_below(state, 10);
    unsigned value = random_below(state, 500);
    const char *fraction = PICK(state, cents);

    bool percent = kind >= 6 && kind < 9;

    (void)snprintf(r->value, sizeof(r->value), "%u%s", percent ? 1 + value % 100 : 1 + value,
                   percent ? "" : fraction);
    r->cells[COL_TYPE] = kind == 9 ? "GIFT_VOUCHER" : "DISCOUNT_VOUCHER";
    r->cells[COL_DISCOUNT_TYPE] = kind == 9 ? "" : percent ? "PERCENT" : "AMOUNT";
    r->cells[COL_VALUE] = r->value;
}

static void row_fill(struct row *r, uint64_t *state)
{
    set_code(r, state);
    set_dates(r, state);
    set_kind(r, state);
    r->cells[COL_ACTIVE] = PICK(state, actives);
    r->cells[COL_CATEGORY] = PICK(state, categories);
    r->cells[COL_LIMIT] = PICK(state, limits);
    r->cells[COL_INFO] = PICK(state, infos);
    r->cells[COL_REGION] = PICK(state, regions);
    r->cells[COL_SEASON] = PICK(state, seasons);
}

/* ---- what can be wrong with one ---- */

static const struct defect {
    enum column column;
    const char *text;
    const char *discount_type;
} defects[] = {
    { COL_CODE, "", "AMOUNT" },
    { COL_TYPE, "", "AMOUNT" },
    { COL_START, "2024-13-45", "AMOUNT" },
    { COL_DISCOUNT_TYPE, "HALF", "AMOUNT" },
    { COL_VALUE, "", "AMOUNT" },
    { COL_VALUE, "-5", "AMOUNT" },
    { COL_ACTIVE, "MAYBE", "AMOUNT" },
    { COL_VALUE, "150", "PERCENT" },
};

/* Makes a plain discount of it, with exactly one bad cell: what fails it is never in doubt. */
static void row_spoil(struct row *r, const struct defect *d)
{
    r->cells[COL_TYPE] = "DISCOUNT_VOUCHER";
    r->cells[COL_DISCOUNT_TYPE] = d->discount_type;
    r->cells[COL_VALUE] = "10";
    r->cells[d->column] = d->text;
}

/* The middle of the nth of `bad` equal stretches, from 0; never reached when nth == bad. */
static uint64_t bad_row(const struct options *o, uint64_t nth)
{
    return nth < o->bad ? (2 * nth + 1) * o->rows / (2 * o->bad) + 1 : UINT64_MAX;
}

/* ---- the file ---- */

/* No cell is longer than CELL_BYTES, so the line fits. */
static size_t row_print(const struct row *r, char line[ROW_BYTES])
{
    char *p = line;

    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        size_t n = strlen(r->cells[i]);
        memcpy(p, r->cells[i], n);
        p += n;
        *p++ = i + 1 < COLUMN_COUNT ? ',' : '\n';
    }
    return (size_t)(p - line);
}

static void write_rows(const struct options *o, FILE *out, FILE *bad_list)
{
    uint64_t state = o->seed;
    uint64_t n_bad = 0;
    struct row r;
    char line[ROW_BYTES];

    (void)fputs(header, out); /* errors stick to the stream; file_close sees them */
    for (uint64_t i = 1; i <= o->rows; i++) {
        row_fill(&r, &state);
        if (i == bad_row(o, n_bad)) {
            row_spoil(&r, &defects[n_bad % ARRAY_LEN(defects)]);
            n_bad++;
            if (bad_list != NULL)
                (void)fprintf(bad_list, "%" PRIu64 ",%s\n", i, r.cells[COL_CODE]);
        }
        const size_t n = row_print(&r, line);
        (void)fwrite(line, 1, n, out);
    }
}

static FILE *file_open(const char *path)
{
    FILE *f = fopen(path, "wb");

    if (f == NULL) {
        (void)fprintf(stderr, "gen_vouchers: cannot write ");
        perror(path);
    }
    return f;
}

/* NULL is fine. */
static int file_close(FILE *f, const char *what)
{
    if (f == NULL)
        return 0;
    bool failed = ferror(f) != 0;
    if (fclose(f) == 0 && !failed)
        return 0;
    (void)fprintf(stderr, "gen_vouchers: cannot write %s completely\n", what);
    return -1;
}

static int generate(const struct options *o)
{
    int rc = -1;
    FILE *bad_list = NULL;
    FILE *out = o->out_path == NULL ? stdout : file_open(o->out_path);

    if (out == NULL)
        return -1;
    (void)setvbuf(out, NULL, _IOFBF, OUT_BUFFER_BYTES);
    if (o->bad_list_path != NULL && (bad_list = file_open(o->bad_list_path)) == NULL)
        goto out;
    write_rows(o, out, bad_list);
    rc = 0;
out:
    if (file_close(bad_list, o->bad_list_path) < 0)
        rc = -1;
    if (file_close(out, o->out_path == NULL ? "the output" : o->out_path) < 0)
        rc = -1;
    return rc;
}

/* ---- the command line ---- */

static int parse_number(const char *text, uint64_t *out)
{
    char *end = NULL;

    if (*text < '0' || *text > '9')
        return -1;
    *out = strtoull(text, &end, 10);
    return *end == '\0' ? 0 : -1;
}

static int parse_option(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--bad") == 0)
        return parse_number(value, &o->bad);
    if (strcmp(name, "--seed") == 0)
        return parse_number(value, &o->seed);
    if (strcmp(name, "--out") == 0)
        o->out_path = value;
    else if (strcmp(name, "--bad-list") == 0)
        o->bad_list_path = value;
    else
        return -1;
    return 0;
}

static int parse_options(int argc, char **argv, struct options *o)
{
    if (argc < 2 || argc % 2 != 0 || parse_number(argv[1], &o->rows) < 0)
        return -1;
    for (int i = 2; i + 1 < argc; i += 2)
        if (parse_option(o, argv[i], argv[i + 1]) < 0)
            return -1;
    return o->rows <= ROWS_MAX && o->bad <= o->rows ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options o = { .seed = 1 };

    if (parse_options(argc, argv, &o) < 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    return generate(&o) < 0 ? 1 : 0;
}
