/* SPDX-License-Identifier: MIT */
/*
 * metadata_schema.h - which metadata a kind of resource may and must have (reference 4.9, 1.7).
 *
 * A schema is a list of definitions by key, in the order in which they were made. A removed one
 * stays, marked as deleted, until its key is purged: it counts, but nothing is checked by it. A
 * schema lives in the arena and the JSON that it was read from, and does not change while it is
 * used to check.
 */
#ifndef DOMAIN_METADATA_SCHEMA_H
#define DOMAIN_METADATA_SCHEMA_H

#include "base/json.h"
#include "base/mem.h"

#define METADATA_DEFINITIONS_MAX 100 /* removed ones among them */

/* Of all definitions as text, and of the resource's name, which an index has. */
#define METADATA_SCHEMA_MAX_BYTES   262144
#define METADATA_RESOURCE_MAX_BYTES 512

/* A reason is a failure of a row, of which there may be millions: longer parts of it are cut. */
#define METADATA_RULES_MAX_BYTES 2048
#define METADATA_VALUE_MAX_BYTES 512

/* The same members are written in two ways (reference 7, 39). */
enum metadata_spelling {
    METADATA_CAMEL, /* /v1, and as it is stored */
    METADATA_SNAKE, /* /management/v1 */
};

enum metadata_when {
    METADATA_CREATE, /* every key that is not optional must be there */
    METADATA_CHANGE, /* what is sent is checked, nothing is required */
};

struct metadata_value {
    struct str text;
    struct num num;
};

struct metadata_values {
    struct metadata_value *values; /* as they were given */
    struct metadata_value *sorted;
    size_t n;
};

struct metadata_definition {
    struct str key;
    uint32_t set; /* which members were given: bits of the table in metadata_schema.c */
    uint8_t type; /* index into the names of types there */
    bool array, optional, deleted;
    struct str object_type; /* of type object; {NULL,0}: none */
    struct metadata_values eq, ne;
    struct num lt, lte, gt, gte;
    int64_t max_length, min_length, exact_length; /* in characters */

    struct str rules; /* all of them as a text, cut */

    /* Of type object: what its objects are checked against. The store sets it where the project has
     * the schema; NULL: any object fits. */
    const struct metadata_schema *nested;
};

/* A bit for each definition of a schema, by its place. */
struct metadata_keys {
    uint64_t bits[(METADATA_DEFINITIONS_MAX + 63) / 64];
};

struct metadata_schema {
    int64_t key;
    struct str related_object;
    bool allow_defined_only;
    struct metadata_definition *definitions;
    size_t n;
    int64_t created_ms;
    int64_t updated_ms; /* TIME_NONE: never changed */

    /* What follows is made of the above. */
    struct metadata_keys required;
    uint8_t slots[256]; /* place of a definition + 1, by a hash of its key; 0: free */
};

/* ---- what there is to say, for those who describe it ---- */

enum metadata_member_kind {
    METADATA_TYPE, /* one of the names of types */
    METADATA_FLAG,
    METADATA_NAME,   /* of the schema of an object */
    METADATA_VALUES, /* texts or numbers, as the type is */
    METADATA_NUMBER,
    METADATA_LENGTH,
};

/* "string", "number", …; NULL: there are no more. */
const char *metadata_type_name(size_t i);

/* A member of a definition, as it is spelled; NULL: there are no more. */
const char *metadata_member_name(size_t i, enum metadata_spelling spelling,
                                 enum metadata_member_kind *kind);

/* ---- schemas ---- */

/* One of the kinds of resources that the API has; other names are of nested objects. */
bool metadata_is_standard(struct str related_object);
const char *metadata_standard_name(size_t i); /* the i-th of them; NULL: there are no more */

/* The definitions as they are stored ("{}" for none): the rest of *out is empty. ERR_STORE when
 * they cannot be read. */
int metadata_schema_parse(struct str json, struct arena *a, struct metadata_schema *out,
                          struct err *err) MUST_CHECK;

/*
 * Applies a body to a schema: to the stored one, or to an empty one (all zero but related_object),
 * of which it may give the name as well. Definitions that are sent are added or replaced, members
 * that one leaves out return to their defaults; a type cannot be changed. ERR_INVALID_PAYLOAD
 * names what is wrong (`Property .properties.Size.eq.0 must be number`): *s is of no use then.
 */
int metadata_schema_apply(struct metadata_schema *s, const struct json *body,
                          enum metadata_spelling spelling, struct arena *a,
                          struct err *err) MUST_CHECK;

/* The definition goes for good; false: there is none of this key. Values are not touched. */
bool metadata_schema_remove(struct metadata_schema *s, struct str key);

/* The definitions as an object: what is stored (METADATA_CAMEL). Errors: see buf.h. */
void metadata_schema_put_properties(struct json_out *o, const struct metadata_schema *s,
                                    enum metadata_spelling spelling);

/* What the API prints. Errors: see buf.h. */
void metadata_schema_put(struct json_out *o, const struct metadata_schema *s, const char *id,
                         enum metadata_spelling spelling);

/* The definition of a key that is in force; NULL: there is none, or a removed one. */
const struct metadata_definition *metadata_definition_find(const struct metadata_schema *s,
                                                           struct str key);

/* ---- checks: without a schema (NULL) they cost nothing, and no memory while all is well ---- */

/*
 * 0: the metadata (an object; NULL: none) fits. 1: it does not, and *reason, in the arena, is the
 * text of reference 1.7 about the first definition in the schema's order that is violated, then
 * about the first key that is not defined while only defined ones are allowed. -1: ERR_NOMEM.
 */
int metadata_check(const struct metadata_schema *s, const struct json *metadata,
                   enum metadata_when when, struct arena *a, struct str *reason,
                   struct err *err) MUST_CHECK;

/* What a single write has to pass. */
struct metadata_gate {
    const struct metadata_schema *schema; /* NULL: nothing */
    struct str reason; /* why it did not, in the arena: longer than an error's text may be */
};

/* `metadata`: an object as text; {NULL,0}: none. ERR_METADATA with the reason, also in the gate. */
int metadata_gate_check(struct metadata_gate *g, struct str metadata, enum metadata_when when,
                        struct arena *a, struct err *err) MUST_CHECK;

/*
 * A cell of a CSV file, not empty, as the value that the definition asks for, appended to `out` as
 * JSON (see there for errors): the text is converted to the type, or cut at commas and each part
 * is; `null` is JSON's. False, and `out` as it was: the cell, or what it says, violates the
 * definition (metadata_reason tells with the cell as it stands).
 */
bool metadata_coerce_cell(const struct metadata_definition *d, struct str cell,
                          struct buf *out) MUST_CHECK;

/* Notes that the row has the key, for metadata_missing(). */
void metadata_keys_add(struct metadata_keys *seen, const struct metadata_schema *s,
                       const struct metadata_definition *d);

/* The first definition that a new resource must have and is not among the keys; NULL: none. */
const struct metadata_definition *metadata_missing(const struct metadata_schema *s,
                                                   const struct metadata_keys *seen);

#define METADATA_UNDEFINED STR("undefined") /* the actual value of what is not there */

/* The text of reference 1.7: `<key>: <rules> (actual value is '<actual>')`, in the arena. d NULL:
 * the key is not defined, and would have to be. */
int metadata_reason(const struct metadata_definition *d, struct str key, struct str actual,
                    struct arena *a, struct str *reason, struct err *err) MUST_CHECK;

#endif
