/* SPDX-License-Identifier: MIT */
/*
 * openapi_priv.h - what the files that write the document share. Errors of printing: see buf.h.
 */
#ifndef API_OPENAPI_PRIV_H
#define API_OPENAPI_PRIV_H

#include "actions/registry.h"
#include "api/filters.h"
#include "api/openapi.h"
#include "api/records.h"

/* ---- schemas (openapi_shape.c) ---- */

enum member_type {
    MEMBER_TEXT,
    MEMBER_INTEGER,
    MEMBER_NUMBER,
    MEMBER_BOOLEAN,
    MEMBER_TIME,
    MEMBER_DATE,
    MEMBER_OBJECT, /* of any members, or of those whose paths go on behind it */
    MEMBER_ANY,
    MEMBER_TEXTS,
    MEMBER_DAYS,   /* of the week, 0 to 6 */
    MEMBER_REF,    /* a schema of the document */
    MEMBER_LIST,   /* of such */
    MEMBER_BY_KEY, /* an object of such by any keys */
    MEMBER_WORD,   /* always this text */
    MEMBER_NAMES,  /* one of these texts */
    MEMBER_FIELD,  /* as the tables of the schema have the field of this path */
    MEMBER_TYPE_COUNT
};

enum member_flags {
    MEMBER_NULLABLE = 1u << 0,
    MEMBER_ABSENT = 1u << 1,  /* of an answer: not always there */
    MEMBER_NEEDED = 1u << 2,  /* of a request: refused without */
    MEMBER_OR_TEXT = 1u << 3, /* MEMBER_REF: or a text */
};

/* A member of an object, or a parameter of a query. */
struct member {
    const char *path; /* "redemption.quantity" */
    enum member_type type;
    unsigned flags;
    const char *of;           /* MEMBER_REF, _LIST, _BY_KEY: name; _WORD: text; _NAMES: with blanks
                                 between */
    const char *const *names; /* MEMBER_NAMES: the same as a table, NULL-terminated */
    const char *note;         /* for people; NULL: none */
    int most;                 /* of an integer, or how many of a list; 0: no bound */
};

struct member_table {
    const struct member *rows;
    size_t n;
};

#define SCHEMA_TABLES_MAX 3

/* An object: what tables of fields have, and what they do not. A member takes the place of a field
 * of its path. */
struct schema {
    const char *name;
    const char *text;     /* for people */
    bool answer;          /* printed by us; otherwise read */
    bool worths;          /* what a voucher is worth, by type, is in it */
    bool listed;          /* its members are all that it has of its tables */
    unsigned field_flags; /* of all members that come from the tables */
    const struct field_table *tables[SCHEMA_TABLES_MAX];
    const struct member *members;
    size_t n;
};

struct schemas {
    const struct schema *rows;
    size_t n;
};

extern const struct schemas openapi_requests, openapi_answers;

void openapi_put_schema(struct json_out *o, const struct schema *s);

/* The schema of a member or parameter that is no MEMBER_FIELD and has no members of its own. */
void openapi_put_member(struct json_out *o, const struct member *m);

/* {"$ref":"#/components/<where>/<name>"} */
void openapi_put_ref(struct json_out *o, const char *where, const char *name);

/* "key": "text" */
void openapi_put_text(struct json_out *o, const char *key, const char *text);
/* "key": [names], of a table that NULL ends. */
void openapi_put_names(struct json_out *o, const char *key, const char *const *names);
/* "key": [names], of a text with blanks between. */
void openapi_put_words(struct json_out *o, const char *key, const char *words);
/* The next of such words; {NULL,0}: there are no more. */
struct str openapi_next_word(struct str *rest);

/* Words of a table: word(0), word(1), … up to NULL. */
typedef const char *openapi_words(size_t i);

/* {"type": "string", "enum": […]} */
void openapi_put_enum(struct json_out *o, openapi_words *word);
/* The schema `name`: one of the schemas `name.word`, which the member `by` tells. */
void openapi_put_union(struct json_out *o, const char *name, const char *text, const char *by,
                       openapi_words *word);

/* What a field is in a CSV file; in an object. */
void openapi_put_cell(struct json_out *o, const struct field *f);

/* ---- schemas that follow from other tables ---- */

void openapi_put_lists(struct json_out *o);   /* openapi_answers.c: envelopes of lists */
void openapi_put_actions(struct json_out *o); /* openapi_actions.c: actions, rows of their files */
void openapi_put_exports(struct json_out *o); /* openapi_exports.c: what may be exported */
void openapi_put_errors(struct json_out *o);  /* openapi_rules.c */
void openapi_put_filters(struct json_out *o);
void openapi_put_definitions(struct json_out *o); /* of metadata */

/* The schema of filters by these fields. */
const char *openapi_filters_name(const struct filter_fields *fields);

/* Name of the schema of a row of a CSV file that the type reads; `room` has 64 bytes. */
const char *openapi_row_name(const struct action_kind *kind, char *room);

/* The responses that errors are, by status, each with the keys that it may have. */
void openapi_put_error_responses(struct json_out *o);
/* Name of such a response; NULL: no error has this status. */
const char *openapi_error_name(int status);

/* ---- operations ---- */

/* What no other table knows of a route. */
struct operation {
    const char *method, *pattern; /* of its route */
    const char *id;
    const char *tag;
    const char *summary;

    /* the query */
    const char *query;             /* parameters by name, with blanks between */
    int page_max;                  /* `limit`, and `page` to this number */
    const char *order;             /* values of `order`, with blanks between */
    const struct record_api *list; /* a list that this makes; with the three above */
    const struct list_filters *narrows;
    const struct filter_fields *filters;

    const char *body; /* schema of the object, or of one record; NULL: by the route alone */
    bool body_optional;
    int status;            /* of the success; 0: 200 */
    const char *answer;    /* schema of its JSON; NULL: none */
    bool may_start;        /* or it starts an action: 202 */
    const char *media;     /* of what it answers besides, or instead; NULL: nothing else */
    const char *errors;    /* statuses that do not follow from the route, with blanks between */
    const char *own_error; /* schema of those answers; NULL: as other errors */
};

struct operations {
    const struct operation *rows;
    size_t n;
};
extern const struct operations openapi_operations;
extern const struct member_table openapi_params; /* of queries, by name */
extern const struct member_table openapi_path_params;

struct openapi_tag {
    const char *name, *text;
};
extern const struct openapi_tag openapi_tags[]; /* NULL ends it */

/* NULL: there is none, which a test forbids. */
const struct operation *openapi_operation_find(const struct route *r);

void openapi_put_paths(struct json_out *o, const struct route *routes, size_t n);
void openapi_put_security(struct json_out *o); /* the schemes */

#endif
