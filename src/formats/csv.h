/* SPDX-License-Identifier: MIT */
/*
 * csv.h - bytes to records, with positions.
 *
 * The reader works on a window of the input that the caller loads (a chunk), splits it in place and
 * says where every record begins and ends, so that a restart can begin at a record. It never
 * allocates a byte per field: cells point into the window; doubled quotes are undone in place.
 *
 * The dialect is RFC 4180 and what spreadsheets make of it (reference 3.0): LF, CRLF and CR end a
 * record, mixed at will; blank lines are skipped and not counted; unquoted blanks are kept.
 */
#ifndef FORMATS_CSV_H
#define FORMATS_CSV_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define CSV_RECORD_MAX_BYTES (4 * MIB) /* a longer record ends the file as unreadable */
#define CSV_FIELD_MAX_BYTES  (1 * MIB) /* within which a quote must close */
#define CSV_COLUMNS_MAX      16384
#define CSV_SNIFF_BYTES      (4 * KIB) /* where NUL and UTF-16 are looked for (reference 7, 45) */

enum csv_result {
    CSV_RECORD,   /* reader->cells holds one */
    CSV_MORE,     /* the window ends inside a record: load more, from reader->pos on */
    CSV_END,      /* the input ends here */
    CSV_UNCLOSED, /* a quote of the record at pos is never closed (field ceiling or end of input) */
    CSV_TOO_LONG, /* the record at pos is longer than CSV_RECORD_MAX_BYTES */
    CSV_NOMEM,
};

/* What is wrong with a record whose bounds are known. It fails its row and no other. */
enum csv_flaw {
    CSV_FINE,
    CSV_TEXT_AFTER_QUOTE, /* "abc"def */
    CSV_BAD_UTF8,
    CSV_NUL,
    CSV_FIELD_TOO_LONG, /* a cell longer than CSV_FIELD_MAX_BYTES */
    CSV_TOO_MANY_CELLS, /* more than CSV_COLUMNS_MAX */
};

struct csv_reader {
    /* set by the caller */
    char *window; /* changed in place */
    size_t window_len;
    size_t pos;  /* next byte to read */
    bool at_end; /* the input ends with the window */
    char delimiter;

    /* the last record */
    size_t record_start; /* its first byte in the window, blank lines before it skipped */
    struct str *cells;   /* owned by the reader, valid until the window is reloaded */
    size_t n_cells;
    enum csv_flaw flaw;
    size_t flaw_cell; /* index of the cell, from 0 */
    size_t flaw_byte; /* offset in that cell, from 0 */

    size_t cap_cells;
    unsigned char *marks; /* per cell: needs unquoting */
};

void csv_reader_init(struct csv_reader *r);
void csv_reader_release(struct csv_reader *r);

/* Points the reader at a window; cells of the last record are gone. */
void csv_reader_load(struct csv_reader *r, char *window, size_t len, bool at_end);

/* The next record. On CSV_MORE, CSV_UNCLOSED and CSV_TOO_LONG the window from pos on is unchanged.
 */
enum csv_result csv_next(struct csv_reader *r) MUST_CHECK;

/* What the first bytes say about a file. */
struct csv_head {
    char delimiter;
    size_t data_offset;   /* first byte behind the header line, in the file */
    struct str *headings; /* in the arena */
    size_t n;
};

/* Reads BOM, encoding, delimiter (`,` `;` tab, whichever the header line has most of outside
 * quotes; comma when none) and headings from the first bytes of a file; `whole`: `head` is the
 * whole file. The header line must lie within `head`. Errors (ERR_INVALID_PAYLOAD, wording of
 * reference 7, 45): `CSV file is empty` (also: blanks and blank lines only), `CSV file has a NUL
 * byte at byte <n>; it must be UTF-8 text`, `CSV file is UTF-16; it must be UTF-8`, `CSV file has
 * an unclosed quote in its header`, a header longer than `head`, more than CSV_COLUMNS_MAX columns,
 * invalid UTF-8 in a heading. */
int csv_sniff(struct str head, bool whole, struct arena *a, struct csv_head *out,
              struct err *err) MUST_CHECK;

/* ---- out ---- */

/* A cell, quoted when it holds a delimiter, quote, CR, LF, or a blank at either end (RFC 4180). */
void csv_put_cell(struct buf *b, struct str s);

#endif
