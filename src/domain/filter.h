/* SPDX-License-Identifier: MIT */
/*
 * filter.h - which rows of a list are wanted: conditions on fields (reference 1.5).
 *
 * A filter is data: the API reads it from a query or a body, a store turns it into its own query.
 * What fields a resource can be filtered by is a table (struct filter_fields: voucher_filter.c,
 * campaign_filter.c, bin.c); the conditions are the same for every resource. A condition that does
 * not fit its field is refused when it is read, never ignored.
 *
 * A condition that says "not" is the exact opposite of the one without: what has no value at all
 * passes it.
 */
#ifndef DOMAIN_FILTER_H
#define DOMAIN_FILTER_H

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

enum filter_op {
    FILTER_IS,
    FILTER_IS_NOT,
    FILTER_IN,
    FILTER_NOT_IN,
    FILTER_CONTAINS,
    FILTER_NOT_CONTAIN,
    FILTER_STARTS_WITH,
    FILTER_ENDS_WITH,
    FILTER_HAS_VALUE,
    FILTER_IS_UNKNOWN,
    FILTER_MORE_THAN, /* of a time: so many days ago, or longer */
    FILTER_LESS_THAN, /* of a time: since so many days ago, and not in the future */
    FILTER_MORE_THAN_EQUAL,
    FILTER_LESS_THAN_EQUAL,
    FILTER_AFTER,
    FILTER_BEFORE,
    FILTER_ACTIVE,   /* enabled, begun, and not expired */
    FILTER_ENABLED,  /* the flag is set */
    FILTER_DISABLED, /* the flag is not set */
    FILTER_EXPIRED,  /* the end is over */
    FILTER_FAILED,
    FILTER_IN_PROGRESS,
    FILTER_BEFORE_START, /* the beginning is still to come */
    FILTER_OP_COUNT
};

enum filter_kind {
    FILTER_TEXT,
    FILTER_ID, /* public ids; what they mean, the store knows */
    FILTER_NUMBER,
    FILTER_TIME,
    FILTER_BOOL,
    FILTER_STATE,    /* `active`: a flag, and $active, $enabled, $disabled, $expired */
    FILTER_PROGRESS, /* `status`: $active, $failed, $in_progress, $expired, $before_start */
    FILTER_CHOICE,   /* one of `names` */
    FILTER_OBJECT,   /* is there or not */
    FILTER_ANYTHING, /* a JSON value: text, number, boolean, or a list of them */
    FILTER_KIND_COUNT
};

struct filter_field {
    const char *name; /* ends with a dot: every name that begins so, and the rest is the key */
    int id;           /* what a store knows it by: enum voucher_filter_field, … */
    enum filter_kind kind;
    const char *key;          /* FILTER_OBJECT, FILTER_ANYTHING: member of a JSON object */
    const char *const *names; /* FILTER_CHOICE: NULL-terminated */
};

struct filter_fields {
    const struct filter_field *rows;
    size_t n;
};

struct filter_value {
    struct str text;   /* as given; UTF-8 without NUL */
    bool is_number;    /* the text is a number */
    struct num number; /* while is_number */
    int64_t value;     /* FILTER_TIME: ms; FILTER_BOOL: 0 or 1; FILTER_CHOICE: index of the name */
};

struct filter_condition {
    const struct filter_field *field;
    struct str key; /* FILTER_OBJECT, FILTER_ANYTHING: member of the JSON object */
    enum filter_op op;
    struct filter_value *values;
    size_t n; /* of the values; 0 where the condition takes none */
    struct filter_condition *next;
};

/* No condition: everything. */
struct filter {
    bool any; /* one condition is enough; otherwise all must hold */
    struct filter_condition *first;
    struct filter_condition **end; /* where the next one is linked */
    size_t n, n_values;
    const struct filter *and; /* holds besides; NULL: none */
    int64_t now_ms;           /* FILTER_ACTIVE, FILTER_EXPIRED, and of times FILTER_LESS_THAN */
};

#define FILTER_CONDITIONS_MAX 100
#define FILTER_VALUES_MAX     10000

void filter_init(struct filter *f, int64_t now_ms);

/* ---- reading ---- */

/* Where conditions come from, and how bad ones are spoken of. */
struct filter_reader {
    const struct filter_fields *fields;
    struct arena *arena; /* conditions live there; texts stay where they are */
    const char *path;    /* ".filters": how messages begin */
    enum err_code code;  /* of all errors but ERR_NOMEM */
    bool plain;          /* it reads parameters that are one condition each: messages name none */
    bool malformed;      /* out: it failed because it has another shape, or a condition that the API
                            does not know */
};

/* One condition: `[field][conditions][op]` with its values, in any spelling that a query or a body
 * has for them. Messages name field and condition. */
int filter_add(struct filter_reader *r, struct filter *f, struct str field, struct str op,
               const struct str *values, size_t n, struct err *err) MUST_CHECK;

/* A condition of our own making, whose field and operator fit; `name`: of the parameter that it
 * stands for. */
int filter_add_known(struct filter_reader *r, struct filter *f, int field_id, enum filter_op op,
                     const char *name, const struct str *values, size_t n,
                     struct err *err) MUST_CHECK;

/* "and" or "or" in any case. */
int filter_set_junction(struct filter_reader *r, struct filter *f, struct str text,
                        struct err *err) MUST_CHECK;

/* { "junction": …, "<field>": { "conditions": { "<op>": value or [values] } }, … }; texts point
 * into the tree. */
int filter_from_json(struct filter_reader *r, struct filter *f, const struct json *object,
                     struct err *err) MUST_CHECK;

/* The API's own text of a malformed filter, behind "Property <path> ". */
extern const char filter_malformed_text[];

/* "$is", …, with what it takes; NULL: it does not fit fields of the kind. */
enum filter_takes { FILTER_TAKES_NONE, FILTER_TAKES_ONE, FILTER_TAKES_SOME };
const char *filter_op_name(enum filter_kind kind, enum filter_op op, enum filter_takes *takes);

/* ---- using ---- */

/* FILTER_IS_NOT, FILTER_NOT_IN, FILTER_NOT_CONTAIN: the condition that they are the opposite of. */
bool filter_op_negates(enum filter_op op, enum filter_op *positive);

/* Does the member of the JSON object (NULL: there is none) meet a condition of kind FILTER_OBJECT
 * or FILTER_ANYTHING? Of a list it is enough that one element does. Numbers are equal by value, and
 * to a text that reads the same; a text that is a number, as a CSV file brings it, is more or less
 * than another; a text that is a time is before or after. */
bool filter_matches_json(const struct filter_condition *c, const struct json *object);

#endif
