/* SPDX-License-Identifier: MIT */
/* copy_look.c - whether a project can be copied, and whether that has been begun. */
#include <inttypes.h>

#include "base/time_iso.h"
#include "store/sql/copy_priv.h"

#define SEQS_AT_ONCE 500
#define MARK_LEN     20

/* ---- the source ---- */

/* A number by ?1 the project. */
static int ask_of_project(struct sql_store *s, enum statement which, int64_t project_id,
                          int64_t *out, struct err *err)
{
    bool found;
    struct db *db = reader_take(s);
    const int rc = db_number(db, which, project_id, &found, out, err);
    reader_give(s, db);
    return rc;
}

static int put_mark(struct store_tx *tx, void *arg, struct err *err)
{
    return copy_meta_put(tx->db, STR(COPY_SOURCE_MARK), *(const struct str *)arg, err);
}

/* The mark that a server would take away, and two numbers that one which does not know it would
 * have moved. */
static int describe_source(struct copying *k, bool mark_it, struct err *err)
{
    struct str mark = { 0 };
    char fresh[MARK_LEN + 1];
    int64_t leases = 0;
    if (copy_meta_get(k->from, &k->arena, STR(COPY_SOURCE_MARK), &mark, err) < 0)
        return -1;
    if (mark.p == NULL && mark_it) {
        id_random_base62(fresh, MARK_LEN);
        mark = str_of(fresh);
        if (store_work_wait(k->c->from, put_mark, &mark, err) < 0)
            return -1;
    }
    struct db *db = reader_take(k->from);
    int rc = sequence_get(db, 0, "seq", &k->next_seq, err);
    reader_give(k->from, db);
    if (rc == 0)
        rc = ask_of_project(k->from, STATEMENT_COPY_LEASES, k->c->project_id, &leases, err);
    if (rc < 0)
        return -1;
    k->source = str_of(
        arena_printf(&k->arena, "%.*s/%" PRId64 "/%" PRId64, STR_FMT(mark), k->next_seq, leases));
    return k->source.p != NULL ? 0 : err_nomem(err);
}

int copy_find_source(struct copying *k, struct err *err)
{
    const struct str id = k->c->project;
    if (store_find_project(k->c->from, &k->arena, id, &k->project, err) < 0)
        return -1;
    if (k->project == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no project '%.*s' in '%s'", STR_FMT(id),
                       store_place(k->c->from));
    if (k->project->deleted_ms == PROJECT_COPYING)
        return err_set(err, ERR_NOT_FOUND,
                       "project '%.*s' has not come to '%s' completely: that copy was stopped",
                       STR_FMT(id), store_place(k->c->from));
    if (k->project->deleted_ms != TIME_NONE)
        return err_set(err, ERR_NOT_FOUND, "project '%.*s' is deleted", STR_FMT(id));
    k->c->project_id = k->project->id;
    return 0;
}

/* ---- the target ---- */

int copy_conflict(const struct copying *k, struct err *err, const char *what)
{
    return err_set(err, ERR_CONFLICT, "project '%.*s' cannot come into '%s': %s",
                   STR_FMT(k->c->project), store_place(k->c->to), what);
}

static int find_in_target(struct copying *k, struct err *err)
{
    struct store_copy *c = k->c;
    struct project *others = NULL;
    size_t n = 0;
    if (store_list_projects(c->to, &k->arena, &others, &n, err) < 0)
        return -1;
    const bool same =
        id_hash_equal(store_secret(c->from)->key, store_secret(c->to)->key); /* of 32 bytes too */
    c->takes_secret = !same && n == 0;
    c->state = COPY_NEW;
    if (!same && n > 0)
        return copy_conflict(
            k, err,
            "it has projects of its own, made with another secret, so that no id of a "
            "voucher or an action would be the same there; take an empty one");
    for (size_t i = 0; i < n; i++) {
        const bool it = str_eq(others[i].public_id, c->project);
        if (it != (others[i].id == c->project_id))
            return copy_conflict(k, err,
                                 it ? "it is there already, with another number"
                                    : "another project has its number there; take another store");
        if (!it)
            continue;
        if (others[i].deleted_ms == TIME_NONE)
            c->state = COPY_THERE;
        else if (others[i].deleted_ms == PROJECT_COPYING)
            c->state = COPY_BEGINS_AGAIN;
        else
            return copy_conflict(
                k, err,
                "it is being deleted there; `longshore project delete` once more ends "
                "that");
    }
    return 0;
}

/* Some sequence numbers of the source's actions, ascending; 0: no more. */
static int read_seqs(struct copying *k, int64_t after, int64_t *seqs, size_t *n, struct err *err)
{
    struct db *db = reader_take(k->from);
    struct sql q;
    int got = -1;
    *n = 0;
    sql_init(&q, k->from, db, &k->scratch, k->c->project_id);
    sql_put(&q, "SELECT seq FROM actions WHERE ");
    copy_put_filter(&q, &copy_tables[TABLE_ACTIONS], k->c->project_id);
    sql_put(&q, " AND seq > ");
    sql_int(&q, after);
    sql_put(&q, " ORDER BY seq LIMIT ");
    sql_int(&q, SEQS_AT_ONCE);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        while (*n < SEQS_AT_ONCE && (got = db_step(db, st, err)) > 0)
            seqs[(*n)++] = column_int(st, 0);
        sql_done(st);
    }
    sql_release(&q);
    reader_give(k->from, db);
    return got < 0 ? -1 : 0;
}

static int check_some_seqs(struct copying *k, const int64_t *seqs, size_t n, struct err *err)
{
    struct db *db = reader_take(k->to);
    struct sql q;
    int64_t seq;
    sql_init(&q, k->to, db, &k->scratch, k->c->project_id);
    sql_put(&q, "SELECT seq FROM actions WHERE seq IN (");
    for (size_t i = 0; i < n; i++) {
        sql_put(&q, i > 0 ? ", " : "");
        sql_int(&q, seqs[i]);
    }
    sql_put(&q, ") AND project_id <> ");
    sql_int(&q, k->c->project_id);
    sql_put(&q, " LIMIT 1");
    const int got = copy_ask(&q, &seq, err);
    sql_release(&q);
    reader_give(k->to, db);
    return got <= 0 ? got
                    : copy_conflict(k, err,
                                    "actions of another project have the sequence numbers of its "
                                    "actions; take another store");
}

static int check_seqs(struct copying *k, struct err *err)
{
    int64_t seqs[SEQS_AT_ONCE], after = 0;
    size_t n = SEQS_AT_ONCE;
    while (n == SEQS_AT_ONCE) {
        arena_reset(&k->scratch);
        if (read_seqs(k, after, seqs, &n, err) < 0 ||
            (n > 0 && check_some_seqs(k, seqs, n, err) < 0))
            return -1;
        after = n > 0 ? seqs[n - 1] : after;
    }
    return 0;
}

static int check_app_ids(struct copying *k, struct err *err)
{
    struct project_key *own = NULL, *found = NULL;
    struct project *p = NULL;
    size_t n = 0;
    if (store_list_keys(k->c->from, &k->arena, k->c->project_id, &own, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (store_find_key(k->c->to, &k->arena, own[i].app_id, &found, &p, err) < 0)
            return -1;
        if (found != NULL && found->project_id != k->c->project_id)
            return copy_conflict(k, err, "another project has one of its application ids there");
    }
    return 0;
}

int copy_look(struct copying *k, bool mark_it, struct err *err)
{
    bool usable = false;
    if (copy_find_source(k, err) < 0 || find_in_target(k, err) < 0)
        return -1;
    if (k->c->state == COPY_THERE)
        return 0;
    if (check_seqs(k, err) < 0 || check_app_ids(k, err) < 0 || describe_source(k, mark_it, err) < 0)
        return -1;
    if (k->c->state == COPY_BEGINS_AGAIN && copy_note_read(k, &usable, err) < 0)
        return -1;
    if (usable)
        k->c->state = COPY_GOES_ON;
    return 0;
}
