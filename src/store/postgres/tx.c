/* SPDX-License-Identifier: MIT */
/*
 * tx.c - the ends of a transaction.
 *
 * A connection that breaks before COMMIT was sent has committed nothing, and the transaction can be
 * repeated. When it breaks at COMMIT nobody can know from here. So each transaction writes, as its
 * last statement, a number of its own into a row of this process and connection (commit_marks), and
 * afterwards the database is asked for it, for as long as it takes:
 *   1. the old session is ended, if it is still there: it might be about to commit;
 *   2. the row is locked, which waits for whoever has written it, and read.
 * An answer is never guessed. (pg_xact_status() would not do: after a crash of the database a
 * transaction's number can be given to another one, which then commits.)
 */
#include <stdio.h>
#include <stdlib.h>
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
        db->announces = db->again = db->wants_savepoint = db->has_savepoint = false;
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

/* 1: the mark is there, 0: it is not, -1: ask again. */
static int look_for_mark(struct pg_db *db, struct err *err)
{
    char sql[512], text[32];
    snprintf(sql, sizeof(sql),
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %d AND "
             "backend_start = '%s'",
             db->old_pid, db->old_start);
    for (int i = 0; db->old_pid != 0; i++) {
        if (pg_query_text(db, sql, text, sizeof(text), err) < 0)
            return -1;
        if (text[0] == '\0') /* it is gone */
            break;
        usleep(20000);
    }
    snprintf(sql, sizeof(sql),
             "SELECT n FROM commit_marks WHERE node = '%s' AND slot = %d FOR UPDATE",
             db->store->node, db->slot);
    if (pg_query_text(db, sql, text, sizeof(text), err) < 0)
        return -1;
    int64_t mark = 0; /* no row: none of this process has committed */
    return num_parse_i64(str_of(text), &mark) && mark == db->mark;
}

/* 1: committed, 0: not, -1: cannot tell before the end. */
static int ask_what_became(struct pg_db *db)
{
    struct err err = { 0 };
    int found = -1;
    log_event(LOG_WARN, "commit_unknown", LOG_INT("mark", db->mark));
    db->old_pid = db->pid;
    memcpy(db->old_start, db->start, sizeof(db->old_start));
    for (unsigned tries = 0; found < 0; tries++) {
        if (pg_db_connect(db, &err) == 0)
            found = look_for_mark(db, &err);
        if (found < 0 && atomic_load(&db->store->closing) && tries > 50)
            return -1;
        if (found < 0)
            usleep(100000);
    }
    log_event(LOG_WARN, "commit_known", LOG_STR("committed", found > 0 ? "yes" : "no"));
    return found;
}

static int commit_lost(struct pg_db *db, struct err *err)
{
    const int got = ask_what_became(db);
    db->again = got == 0; /* may be repeated */
    if (got > 0)
        return 0;
    return got == 0 ? -1
                    : err_set(err, ERR_BUSY,
                              "the connection broke at COMMIT and the database cannot be asked");
}

int pg_commit(struct pg_db *db, struct err *err)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "INSERT INTO commit_marks VALUES ('%s', %d, %lld) ON CONFLICT (node, slot) "
             "DO UPDATE SET n = excluded.n%s%s%s; COMMIT",
             db->store->node, db->slot, (long long)++db->mark,
             db->announces ? "; NOTIFY " ACTIONS_CHANNEL ", '" : "",
             db->announces ? db->store->node : "", db->announces ? "'" : "");
    fault_point("commit.before");
    if (pg_exec(db, sql, err) == 0) {
        db->in_tx = db->wants_savepoint = db->has_savepoint = false;
        fault_point("commit.after");
        return 0;
    }
    if (!db->lost)
        return -1;
    db->in_tx = false;
    return commit_lost(db, err);
}
