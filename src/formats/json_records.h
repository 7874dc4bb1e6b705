/* SPDX-License-Identifier: MIT */
/*
 * json_records.h - a large JSON text, one record at a time.
 *
 * The text is an array of records, or an object of which one array member holds them. Its bytes
 * come in pieces of any size; what is held is the value under way, and nothing of it when it lies
 * within one piece. The grammar is checked to the end of the whole text: a byte-order mark and
 * blanks around it are all that may stand outside. Each value is read by json_parse(), so its rules
 * hold here.
 *
 * A record that is good JSON and yet not what was asked for does not end the reading: JSON that
 * does not parse is the greater fault, whichever comes first. So such an error waits for the end,
 * and until then no record is passed on.
 *
 * json_records_put() writes records the way actions keep them: compact JSON, one a line.
 */
#ifndef FORMATS_JSON_RECORDS_H
#define FORMATS_JSON_RECORDS_H

#include "base/json.h"

/* Of one value as it stands in the text, and as it is written. */
#define JSON_RECORD_MAX_BYTES (4 * MIB)

struct json_records_shape {
    const char *member; /* NULL: the text is an array; else the object's member that is it */
    enum json_type record_type; /* JSON_OBJECT or JSON_STRING */
    const char *also;           /* another member that is wanted; NULL: none */
};

/* Values are valid during the call. ERR_INVALID_PAYLOAD waits for the end of the text, any other
 * error ends the reading. */
struct json_records_sink {
    int (*record)(void *arg, int64_t index, const struct json *record, struct err *err);
    int (*also)(void *arg, const struct json *value, struct err *err); /* the last one counts */
};

/* What may come next, outside of a value. */
enum json_records_place {
    JSON_RECORDS_NOWHERE,
    JSON_RECORDS_TEXT,
    JSON_RECORDS_FIRST_RECORD,
    JSON_RECORDS_RECORD,
    JSON_RECORDS_AFTER_RECORD,
    JSON_RECORDS_FIRST_KEY,
    JSON_RECORDS_KEY,
    JSON_RECORDS_AFTER_KEY,
    JSON_RECORDS_MEMBER,
    JSON_RECORDS_AFTER_MEMBER,
    JSON_RECORDS_BEHIND,
    JSON_RECORDS_PLACE_COUNT
};

struct json_records {
    const struct json_records_shape *shape;
    const struct json_records_sink *sink;
    void *arg;
    struct arena arena; /* of the value that is being read */
    struct buf held;    /* its bytes so far, when they do not lie within one piece */

    enum json_records_place place;
    enum { JSON_RECORDS_OTHER, JSON_RECORDS_NAMED, JSON_RECORDS_ALSO } key; /* of this member */
    size_t bom;    /* bytes of the mark that were seen */
    int64_t index; /* of the next record */
    bool named;    /* the named member was there */
    bool refused;  /* with `why`: good JSON, but not what was asked for */
    struct err why;

    /* of a value that is not complete */
    bool in_value;
    bool in_scalar; /* a number or a word: it ends where something else begins */
    bool in_text;
    bool escaped;
    size_t depth;
};

void json_records_init(struct json_records *r, const struct json_records_shape *shape,
                       const struct json_records_sink *sink, void *arg);
void json_records_release(struct json_records *r);

/*
 * The next bytes. Errors: ERR_INVALID_JSON; ERR_INVALID_PAYLOAD for a value beyond
 * JSON_RECORD_MAX_BYTES (`Property [3] must NOT be longer than 4194304 bytes`); ERR_NOMEM; the
 * sink's. Behind an error the reader can only be released.
 */
int json_records_feed(struct json_records *r, const char *data, size_t n,
                      struct err *err) MUST_CHECK;

/*
 * The text has ended. ERR_INVALID_JSON when it is not complete, or empty. ERR_INVALID_PAYLOAD, the
 * first one of: `Payload must be array` (or object), `Property .codes must be array`, `Property
 * .codes must NOT be given twice`, `Property .codes[3] must be string`, or the sink's.
 */
int json_records_end(struct json_records *r, struct err *err) MUST_CHECK;

/* Nothing so far but blanks, and perhaps a byte-order mark. */
bool json_records_is_empty(const struct json_records *r);

/* Appends the record, compact, and a newline; numbers as they came in. ERR_INVALID_PAYLOAD when
 * that is more than JSON_RECORD_MAX_BYTES (nothing is appended then), ERR_NOMEM. The buffer's own
 * ceiling leaves room for one such line. */
int json_records_put(const struct json_records *r, int64_t index, const struct json *record,
                     struct buf *lines, struct err *err) MUST_CHECK;

#endif
