/* SPDX-License-Identifier: MIT */
/*
 * schema_priv.h - what the commands of metadata schemas (schema*.c) share: one schema, asked for
 * and changed over HTTP, and the rules that a definition may have.
 */
#ifndef COMMANDS_SCHEMA_PRIV_H
#define COMMANDS_SCHEMA_PRIV_H

#include "base/json.h"
#include "client/client.h"
#include "commands/cli.h"
#include "commands/print.h"

struct schema {
    const char *resource; /* as the path names it, or an id; NULL: all of them */
    struct client *client;
    struct arena arena;
    struct call call;        /* the last one */
    const struct json *json; /* what the server says it is; NULL: there is none */
};

/* Runs a command on the schema of a resource: what `run` returns is the exit status; -1: it has
 * failed, which is told here. */
int schema_run(const struct client_options *server, const char *resource, const void *options,
               int (*run)(struct schema *s, const void *options, struct err *err));

enum schema_want { SCHEMA_THERE, SCHEMA_ANY /* NULL when it is not */ };
int schema_get(struct schema *s, const char *doing, enum schema_want want,
               struct err *err) MUST_CHECK;

/* The body is a JSON object, {NULL,0}: none. s->json is what it has become; NULL: gone. */
int schema_send(struct schema *s, const char *doing, enum call_method method, struct str body,
                struct err *err) MUST_CHECK;

/* The name of the resource as people say it. */
struct str schema_name(const struct schema *s);

/* Also a removed one; NULL: there is none. */
const struct json *schema_definition(const struct schema *s, const char *key);
bool schema_is_removed(const struct json *definition);

/* A line each on stdout; `key` NULL: all of them. */
int schema_print(struct schema *s, const char *key, struct err *err) MUST_CHECK;

/* ---- rules of definitions ---- */

enum schema_rule_kind { RULE_NAME, RULE_VALUES, RULE_NUMBER, RULE_LENGTH };

struct schema_rule {
    const char *member; /* in a definition: "lte" */
    const char *flag;   /* of `schema set`: "at-most" */
    enum schema_rule_kind kind;
    const char *types[2]; /* it is for; the second may be NULL */
    const char *phrase;   /* the value stands behind it */
    size_t offset;        /* in struct schema_set_options */
};
extern const struct schema_rule schema_rules[];
extern const size_t schema_rules_n;

#endif
