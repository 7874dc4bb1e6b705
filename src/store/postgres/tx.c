/* SPDX-License-Identifier: MIT */
/*
 * tx.c - the ends of a transaction.
 *
 * A connection that breaks before COMMIT was sent has committed nothing, and the transaction can be
 * repeated. When it breaks at COMMIT nobody can know from here: so the transaction's number is read
 * before, and afterwards the database is asked what became of it (pg_xact_status), for as long as
 * it takes. An answer is never guessed.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/time_iso.h"
#include "store/postgres/pg_priv.h"

#define TRIES_MOST     40 /* together some 30 s */
#define PAUSE_FIRST_US 2000
#define PAUSE_MOST_US  1000000

int pg_begin(struct pg_db *db, struct err *err)
{
    for (int i = 0;; i++) {
        if (pg_db_connect(db, err) < 0)
            return -1;
        if (db->in_tx) /* what could not be undone when it failed */
            pg_rollback(db);
        db->again = db->wants_savepoint = db->has_savepoint = false;
        if (pg_exec(db, "BEGIN", err) == 0)
            break;
        if (!db->lost || i > 0) /* an idle connection may have been closed long ago */
            return -1;
    }
    db->in_tx = true;
    return 0;
}

void pg_rollback(struct pg_db *db)
{
    struct err ignored;
    if (db->conn != NULL && db->in_tx && pg_exec(db, "ROLLBACK", &ignored) < 0)
        pg_db_disconnect(db);
    db->in_tx = db->wants_savepoint = db->has_savepoint = false;
}

bool pg_try_again(struct pg_db *db, unsigned *tries)
{
    if (!(db->again || db->lost) || ++*tries > TRIES_MOST || atomic_load(&db->store->closing))
        return false;
    const unsigned shift = *tries < 10 ? *tries : 10;
    const useconds_t us = PAUSE_FIRST_US << shift;
    usleep(us < PAUSE_MOST_US ? us : PAUSE_MOST_US);
    return true;
}

/* 1: committed, 0: not, -1: cannot tell before the end. */
static int ask_what_became(struct pg_db *db, const char *xid)
{
    char sql[128], status[32] = "";
    unsigned tries = 0;
    struct err err = { 0 };
    snprintf(sql, sizeof(sql), "SELECT pg_xact_status('%s'::xid8)", xid);
    log_event(LOG_WARN, "commit_unknown", LOG_STR("xid", xid));
    for (;;) {
        if (pg_db_connect(db, &err) == 0 &&
            pg_query_text(db, sql, status, sizeof(status), &err) == 0 &&
            strcmp(status, "in progress") != 0)
            break;
        if (atomic_load(&db->store->closing) && ++tries > 20)
            return -1;
        usleep(100000);
    }
    log_event(LOG_WARN, "commit_known", LOG_STR("xid", xid), LOG_STR("status", status));
    return strcmp(status, "committed") == 0;
}

static int commit_lost(struct pg_db *db, const char *xid, struct err *err)
{
    const int got = xid[0] != '\0' ? ask_what_became(db, xid) : 0;
    if (got > 0)
        return 0;
    db->lost = got == 0; /* may be repeated */
    db->again = got == 0;
    return got == 0 ? -1
                    : err_set(err, ERR_BUSY,
                              "the connection broke at COMMIT and the database cannot be asked");
}

int pg_commit(struct pg_db *db, struct err *err)
{
    char xid[32] = "";
    if (pg_query_text(db, "SELECT pg_current_xact_id_if_assigned()", xid, sizeof(xid), err) < 0)
        return -1;
    fault_point("commit.before");
    if (pg_exec(db, "COMMIT", err) == 0) {
        db->in_tx = db->wants_savepoint = db->has_savepoint = false;
        fault_point("commit.after");
        return 0;
    }
    if (!db->lost)
        return -1;
    db->in_tx = false;
    return commit_lost(db, xid, err);
}
