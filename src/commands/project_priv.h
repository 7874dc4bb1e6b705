/* SPDX-License-Identifier: MIT */
/* project_priv.h - what the commands of projects (project*.c) share. */
#ifndef COMMANDS_PROJECT_PRIV_H
#define COMMANDS_PROJECT_PRIV_H

#include "base/json.h"
#include "commands/print.h"
#include "store/store.h"

#define FIRST_KEY_NAME "first key"

/* ---- the store ---- */

enum project_store { STORE_THERE, STORE_MADE /* when it is not there */ };

/* Opens the store, beside a running server or alone, and runs a command on it. What `run` returns
 * is the exit status; -1: it has failed, and `what` could not be done. */
int project_run(const char *url, enum project_store want, const char *what, const void *options,
                int (*run)(struct store *s, struct arena *a, const void *options, struct err *err));

/* The store, without a password: "sqlite:/var/lib/longshore/longshore.db". */
void put_place(struct buf *b, const struct store *s);

/* Says on stderr what could not be done and why; the exit status. */
int project_refused(const char *what, const struct err *err);

/* ERR_NOT_FOUND; of a deleted project too, unless the caller wants those. */
enum project_want { PROJECT_LIVING, PROJECT_ANY };
int project_get(struct store *s, struct arena *a, const char *public_id, enum project_want want,
                struct project **out, struct err *err) MUST_CHECK;

/* ERR_INVALID_PAYLOAD when a name is too long, or no text. */
int project_check_name(const char *name, struct err *err) MUST_CHECK;

/* ---- keys ---- */

#define KEY_TEXT_LEN 36

/* The texts of a key pair; valid while the struct stays where it is. */
struct key_pair {
    char id_text[KEY_TEXT_LEN + 1], token_text[KEY_TEXT_LEN + 1];
    struct str id, token;
};

/* A key with a new pair, or with the given one (both or none); its project is still to be set. */
struct project_key key_make(struct key_pair *pair, enum key_kind kind, struct str name,
                            const char *id, const char *token);

#endif
