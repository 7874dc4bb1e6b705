/* SPDX-License-Identifier: MIT */
/*
 * json_body.h - a JSON body of many records: each is checked and written down as it arrives.
 *
 * The records, compact and one a line, stay in memory while they are few (JSON_BODY_KEPT_BYTES) and
 * go to the spool from then on, so a body of any size costs some kilobytes and is never there
 * twice. The body owns the upload until somebody takes it (body->file = NULL); what it still owns
 * when the request ends is removed from the spool, so a client that leaves in the middle leaves
 * nothing.
 */
#ifndef HTTP_JSON_BODY_H
#define HTTP_JSON_BODY_H

#include "formats/json_records.h"
#include "inputs/spool.h"

#define JSON_BODY_KEPT_BYTES (16 * KIB)
#define JSON_BODY_ALSO_BYTES 262144 /* of the other member, compact */

/* What the body of a route is: one of the route's own tables. */
struct records_shape {
    struct json_records_shape text;
    bool may_be_empty; /* no body at all is an empty list */
    int kind;          /* the application's word for what the records are */

    /* Whether this is a record to accept: 0, or ERR_INVALID_PAYLOAD, which is told with ` (item 3)`
     * behind it, counted from 0. NULL: each of the right type is. */
    int (*check)(const struct records_shape *shape, const struct json *record, struct err *err);
};

struct json_body {
    const struct records_shape *shape;
    struct spool *spool;
    struct arena *arena; /* the request's */
    struct json_records reader;
    struct buf lines;    /* records that are not in the spool */
    struct upload *file; /* owned; NULL: all of them are in `lines`, or it was taken */
    int64_t count;       /* of records */
    int64_t bytes;       /* of their lines */
    struct str also;     /* the other member: a JSON object, compact, in the arena; {NULL,0}: not
                            given */
};

/* Before the body is read; *out lives in the arena. ERR_NOMEM. */
int json_body_begin(struct arena *a, struct spool *spool, const struct records_shape *shape,
                    struct json_body **out, struct err *err) MUST_CHECK;

/* The next bytes. Errors as json_records_feed's; `Property .metadata must be object`, and the
 * spool's. */
int json_body_feed(struct json_body *b, const char *data, size_t n, struct err *err) MUST_CHECK;

/* The body has ended: all records are in `lines`, or all in the file. Errors as json_records_end's.
 */
int json_body_end(struct json_body *b, struct err *err) MUST_CHECK;

/* Gives everything back but the struct. NULL, and a second time, are fine. */
void json_body_release(struct json_body *b);

#endif
