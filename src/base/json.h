/* SPDX-License-Identifier: MIT */
/*
 * json.h - JSON out, and a strict reader that keeps the text of numbers.
 *
 * Why not jansson: it prints 29.99 as 29.989999999999998, refuses a whole body because of one
 * integer above 2^63, and makes an object for every value of a record we only pass on. This reader
 * makes nodes in an arena whose texts point into the input; tests use jansson as its oracle.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"

/* ---- out ---- */

/* Writes into a buffer and puts the commas. Errors: see buf.h. */
struct json_out {
    struct buf *b;
    bool comma; /* the next value needs one in front */
};

void json_object(struct json_out *o);
void json_object_end(struct json_out *o);
void json_array(struct json_out *o);
void json_array_end(struct json_out *o);
void json_key(struct json_out *o, const char *key); /* plain ASCII, no escaping needed */
void json_key_str(struct json_out *o, struct str key);
void json_str(struct json_out *o, struct str s); /* {NULL,0}: null; must be valid UTF-8 */
void json_int(struct json_out *o, int64_t v);
void json_num(struct json_out *o, struct num n);
void json_bool(struct json_out *o, bool v);
void json_null(struct json_out *o);
void json_time(struct json_out *o, int64_t ms);     /* TIME_NONE: null */
void json_raw(struct json_out *o, struct str json); /* a value that is JSON text already */
/* The members of a compact object that is JSON text already, into the object that is open. */
void json_members(struct json_out *o, struct str object);

/* Just the quoted, escaped text. */
void json_put_quoted(struct buf *b, struct str s);

/* ---- in ---- */

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json {
    enum json_type type;
    struct str key;     /* decoded; of a member of an object */
    struct str text;    /* STRING: decoded; NUMBER: as it stood, of any size */
    struct json *child; /* first element or member */
    struct json *next;  /* next sibling */
};

#define JSON_MAX_DEPTH 64
#define JSON_MAX_VALUES                                                                            \
    250000 /* of 64 bytes each: a body of 10 MB of [0,0,…] must not become 400 */

/* RFC 8259, the whole text (an optional BOM and blanks around it). Refused besides bad syntax:
 * invalid UTF-8, lone surrogates, NUL (\u0000), nesting beyond JSON_MAX_DEPTH, more than
 * JSON_MAX_VALUES values. Of a repeated key the last value wins. Error: ERR_INVALID_JSON with the
 * byte offset, or ERR_NOMEM. Texts point into `in` or the arena; both must outlive the tree. */
int json_parse(struct arena *a, struct str in, struct json **out, struct err *err) MUST_CHECK;

/* The member, or NULL (also when `object` is no object or NULL). */
const struct json *json_member(const struct json *object, const char *key);

/* The text of a member; {NULL,0}: there is none, or it is no text. */
struct str json_text(const struct json *object, const char *key);

/* Writes the tree as compact JSON; numbers as they came in. */
void json_put_tree(struct json_out *o, const struct json *v);

#endif
