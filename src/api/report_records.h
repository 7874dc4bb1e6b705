/* SPDX-License-Identifier: MIT */
/*
 * report_records.h - the records of an input, one after the other, with their keys.
 *
 * Two readers under one face: CSV records, and JSON values one a line. Both step over a window that
 * the caller loads and say how much of it they have used; a key is only read when asked for.
 */
#ifndef API_REPORT_RECORDS_H
#define API_REPORT_RECORDS_H

#include <assert.h>

#include "actions/registry.h"
#include "formats/csv.h"
#include "formats/json_records.h"

/* No record is longer. */
#define RECORD_MAX_BYTES CSV_RECORD_MAX_BYTES
static_assert(RECORD_MAX_BYTES >= JSON_RECORD_MAX_BYTES, "the longer one of both");

struct record_reader_ops;

struct record_reader {
    const struct record_reader_ops *ops;
    const struct action_kind *kind;
    size_t pos; /* in the window: the first byte that is not used */

    struct csv_reader csv; /* INPUT_CSV */
    size_t key_column;     /* the number of columns: the file has none */

    struct str window; /* INPUT_RECORDS */
    bool at_end;
    struct str line;
    struct arena scratch; /* of one key */

    const struct action_plan *plan; /* INPUT_CODES */
    int64_t place;                  /* the next one */
};

enum record_step {
    RECORD_ONE,   /* there is one; record_key() tells its key */
    RECORD_MORE,  /* the window ends within a record, from pos on */
    RECORD_NONE,  /* the input ends here, or cannot be read on */
    RECORD_NOMEM, /* the same call may be made again */
};

/* Of a kind of action that has an input. The plan is needed for INPUT_CODES only, afterwards. */
void record_reader_init(struct record_reader *r, const struct action_kind *kind,
                        const struct action_plan *plan);
void record_reader_release(struct record_reader *r); /* of a zeroed one, too */

/* The memory stays the caller's, and is changed by reading. at_end: nothing follows. */
void record_reader_load(struct record_reader *r, char *window, size_t len, bool at_end);

/* INPUT_CODES, instead of a window: the place of the next record. */
void record_reader_seek(struct record_reader *r, int64_t place);

enum record_step record_next(struct record_reader *r) MUST_CHECK;

/* Of the record that the last step found; valid until the next one. {NULL,0}: it has none. */
int record_key(struct record_reader *r, struct str *key, struct err *err) MUST_CHECK;

#endif
