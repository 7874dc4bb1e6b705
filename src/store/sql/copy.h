/* SPDX-License-Identifier: MIT */
/*
 * copy.h - a project, with all that belongs to it, from one store into another.
 *
 * Both stores are opened with config.copying. Rows go in portions, table by table in the order of
 * their keys; each portion is one transaction of the target, which also notes how far it has come
 * (`meta`, 'copy/ID'). Whoever is killed in between is followed by the same call, which goes on
 * there.
 *
 * Until the end nobody sees the project in the target: its row has deleted_ms = PROJECT_COPYING, it
 * has no keys, and its unfinished actions have a status that no worker looks for (ACTION_PARKED).
 * The last transaction changes all three at once. A server on the target may run between two tries;
 * `project delete` gives a half copy up.
 *
 * One on the source may have run, too: then what was copied may be old. So the source is marked
 * ('copy_source' in `meta`), a server that starts takes the mark away, and a copy that finds
 * another mark than it has begun with removes what is there and begins again.
 */
#ifndef STORE_SQL_COPY_H
#define STORE_SQL_COPY_H

#include "store/store.h"

enum { COPY_TABLES = 27 };

enum copy_state {
    COPY_NEW,
    COPY_GOES_ON,      /* where it was stopped */
    COPY_BEGINS_AGAIN, /* the source has been served since */
    COPY_THERE,        /* the target has it already; nothing is done */
};

struct store_copy {
    /* given */
    struct store *from, *to;
    struct str project;  /* public id */
    size_t portion_rows; /* at most; 0: as many as are good */

    /* An uploaded file is needed in the target, before the action that names it is; it may be there
     * already. `unfinished`: the action cannot do without. *carried: it was there to be copied. */
    int (*carry_input)(void *arg, struct str name, bool unfinished, bool *carried, struct err *err);
    /* A half copy that named it has been removed from the target. NULL: it may lie there. */
    int (*drop_input)(void *arg, struct str name, struct err *err);
    /* After every portion. NULL: nobody wants to know. */
    void (*on_portion)(void *arg, const struct store_copy *c);
    void *arg;

    /* of store_copy_look() */
    enum copy_state state;
    int64_t project_id;
    bool takes_secret; /* the target's public ids will be made as the source's: it had no project */

    /* of store_copy_run() */
    const char *doing; /* the table that the last portion was of, for people */
    int64_t rows[COPY_TABLES], of[COPY_TABLES]; /* so far, in all tries; and in the source */
    int64_t inputs;                             /* uploaded files, so far */
};

const char *store_copy_table(size_t i); /* "vouchers", … */

/*
 * Can it be copied, and has it been begun? Changes nothing. c->project and its texts outlive the
 * copy. ERR_NOT_FOUND: the source has no such project, or is deleting it; ERR_CONFLICT: the target
 * has other projects and another secret, or something else has its number, an application id, or a
 * sequence number of one of its actions.
 */
int store_copy_look(struct store_copy *c, struct err *err) MUST_CHECK;

/* Copies it, or the rest of it, unless it is there. Fails: the same once more goes on.
 * Besides the errors of the stores: ERR_CONFLICT, something has changed in between; ERR_TOO_LARGE,
 * a voucher has metadata that the target cannot keep. */
int store_copy_run(struct store_copy *c, struct err *err) MUST_CHECK;

#endif
