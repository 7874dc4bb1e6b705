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

#define CSV_RECORD_MAX_BYTES  (4 * MIB) /* a longer record ends the file as unreadable */
#define CSV_FIELD_MAX_BYTES   (1 * MIB) /* within which a quote must close */
#define CSV_HEADING_MAX_BYTES 1024      /* it becomes the key of metadata in every row */
#define CSV_COLUMNS_MAX       16384
#define CSV_SNIFF_BYTES       (4 * KIB) /* where NUL and UTF-16 are looked for (reference 7, 45) */

/* All but CSV_MORE depend on the bytes of the input only, not on where windows end. */
enum csv_result {
    CSV_RECORD,   /* reader->cells holds one */
    CSV_MORE,     /* the window ends inside a record: load more, from reader->pos on */
    CSV_END,      /* the input ends here */
    CSV_UNCLOSED, /* a quote of the record at pos is never closed (field ceiling or end of input) */
    CSV_TOO_LONG, /* the record at pos is longer than CSV_RECORD_MAX_BYTES */
    CSV_NOMEM,    /* no room for the cells; the same call may be made again */
};

/*
 * What is wrong with a record whose bounds are known. It fails its row and no other.
 *
 * A record has one flaw: the first of its shape (text after a quote, a long cell, too many cells),
 * or else the first of its bytes (UTF-8, NUL).
 */
enum csv_flaw {
    CSV_FINE,
    CSV_TEXT_AFTER_QUOTE, /* "abc"def; the cell's text is then of no use */
    CSV_BAD_UTF8,
    CSV_NUL,
    CSV_FIELD_TOO_LONG, /* an unquoted cell longer than CSV_FIELD_MAX_BYTES */
    CSV_TOO_MANY_CELLS, /* more than CSV_COLUMNS_MAX; those in excess are left out of cells */
};

struct csv_reader {
    /* set by the caller; csv_reader_load() for a window, delimiter once after csv_reader_init() */
    char *window; /* changed in place */
    size_t window_len;
    size_t pos;     /* next byte to read */
    bool at_end;    /* the input ends with the window */
    char delimiter; /* ',' unless set; never a quote or a line end */

    /* the last record; none after any other answer than CSV_RECORD */
    size_t record_start; /* its first byte in the window, blank lines before it skipped */
    struct str *cells;   /* owned by the reader; texts point into the window, {p,0} when empty */
    size_t n_cells;
    enum csv_flaw flaw;
    size_t flaw_cell; /* index of the cell, from 0 */
    size_t flaw_byte; /* BAD_UTF8 and NUL: offset in that cell, without its quotes, from 0 */

    /* the reader's own */
    size_t cap_cells;
    unsigned char *marks; /* per cell: needs unquoting */
};

void csv_reader_init(struct csv_reader *r);
void csv_reader_release(struct csv_reader *r);

/* Points the reader at a window; cells of the last record are gone. The memory stays the caller's.
 * A window is read once, as reading changes it; with len 0 it may be NULL. */
void csv_reader_load(struct csv_reader *r, char *window, size_t len, bool at_end);

/*
 * The next record. The array of cells is valid until the next call, their texts until the window
 * is loaded again.
 *
 * On CSV_RECORD, pos is behind the CR or LF that ended it: a place to begin again from. An LF that
 * belongs to the CR is read as a blank line. On anything else blank lines have been passed, pos is
 * where the record begins, and the window from there on is unchanged.
 *
 * After CSV_MORE the record is read again from its start, so a caller that finds it at the
 * beginning of its window should load at least twice as much. CSV_RECORD_MAX_BYTES + 1 bytes are
 * always enough. CSV_MORE never comes when at_end is set.
 */
enum csv_result csv_next(struct csv_reader *r) MUST_CHECK;

/* What the first bytes say about a file. */
struct csv_head {
    char delimiter;
    size_t data_offset; /* in the file: first byte behind the header line and its LF, CR or CRLF */
    struct str *headings; /* in the arena, trimmed, quotes undone; may be empty or repeat */
    size_t n;             /* at least 1 */
};

/*
 * Reads BOM, encoding, delimiter (`,` `;` tab, whichever the header line has most of outside
 * quotes; comma when none) and headings from the first bytes of a file; `whole`: `head` is the
 * whole file. The header is the first line with more than blanks and tabs in it, and must lie
 * within `head`. Needs a copy of up to CSV_RECORD_MAX_BYTES of `head` while it runs.
 *
 * ERR_NOMEM, or ERR_INVALID_PAYLOAD with one of these; bytes count from 0 at the start of the file:
 *   CSV file is empty                             (also: BOM, blanks and blank lines only)
 *   CSV file is UTF-16; it must be UTF-8          (its BOM, or NULs at every other byte)
 *   CSV file has a NUL byte at byte <n>; it must be UTF-8 text
 *                                                 (in CSV_SNIFF_BYTES, or in the header)
 *   CSV file has an unclosed quote in its header
 *   CSV file has a header line longer than <n> bytes   (of `head`, or CSV_RECORD_MAX_BYTES)
 *   CSV file has more than 16384 columns
 *   CSV file has a heading longer than 1048576 bytes
 *   CSV file has invalid UTF-8 in its header at byte <n>
 *   CSV file has text after the closing quote of heading <n>   (from 1)
 */
int csv_sniff(struct str head, bool whole, struct arena *a, struct csv_head *out,
              struct err *err) MUST_CHECK;

/* ---- out ---- */

/* A cell, quoted (RFC 4180) when it holds a delimiter (any of the three), quote, CR or LF, or a
 * blank at either end. A record of one empty cell is a blank line, which a reader skips. */
void csv_put_cell(struct buf *b, struct str s);

#endif
