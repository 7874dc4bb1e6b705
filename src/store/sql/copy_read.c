/* SPDX-License-Identifier: MIT */
/* copy_read.c - rows of a project out of any table, in the order of their keys. */
#include "store/sql/copy_priv.h"

#define PORTION_BYTES (4 * MIB) /* of texts and blobs; the last row may go beyond it */

void copy_put_filter(struct sql *q, const struct copy_table *t, int64_t project_id)
{
    switch (t->filter) {
    case BY_KEY:
        sql_put(q, "id >= ");
        sql_int(q, key_base(project_id));
        sql_put(q, " AND id < ");
        sql_int(q, key_base(project_id + 1));
        break;
    case BY_PROJECT:
    case BY_COUNTER:
    case BY_SEQ:
        sql_put(q, t->filter == BY_SEQ ? q->db->driver->off_index : "");
        sql_put(q, "project_id = ");
        sql_int(q, project_id);
        break;
    case OF_ACTIONS:
    case OF_UNFINISHED:
        sql_put(q, "EXISTS (SELECT 1 FROM actions WHERE seq = action_seq AND project_id = ");
        sql_int(q, project_id);
        sql_put(q, t->filter == OF_UNFINISHED ? " AND status < 2)" : ")");
        break;
    }
}

static void put_names(struct sql *q, const struct copy_table *t)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        sql_put(q, i > 0 ? ", " : "");
        sql_put(q, t->columns[t->keys[i]].name);
    }
}

static void put_after(struct sql *q, const struct copy_table *t, const struct position *at)
{
    sql_put(q, " AND (");
    put_names(q, t);
    sql_put(q, ") > (");
    for (size_t i = 0; i < t->n_keys; i++) {
        sql_put(q, i > 0 ? ", " : "");
        if (at->after[i].kind == VALUE_INT)
            sql_int(q, at->after[i].as.i);
        else
            sql_str(q, at->after[i].as.s);
    }
    sql_put(q, ")");
}

static void put_select(struct sql *q, const struct copy_table *t, size_t n_columns,
                       const struct position *at, int64_t project_id, size_t limit)
{
    for (size_t i = 0; i < n_columns; i++) {
        sql_put(q, i > 0 ? ", " : "SELECT ");
        sql_put(q, t->columns[i].from != NULL ? t->columns[i].from : t->columns[i].name);
    }
    sql_put(q, " FROM ");
    sql_put(q, t->name);
    sql_put(q, " WHERE ");
    copy_put_filter(q, t, project_id);
    if (at->inside)
        put_after(q, t, at);
    sql_put(q, t->filter == BY_COUNTER ? " GROUP BY resource" : "");
    sql_put(q, " ORDER BY ");
    put_names(q, t);
    sql_put(q, " LIMIT ");
    sql_int(q, (int64_t)limit);
}

static int read_value(struct stmt *st, int at, enum column_kind kind, struct arena *a,
                      struct copy_value *v, size_t *bytes, struct err *err)
{
    *v = (struct copy_value){ .kind = VALUE_NULL };
    if (column_is_null(st, at))
        return 0;
    if (kind == COLUMN_INT) {
        *v = (struct copy_value){ .kind = VALUE_INT, .as.i = column_int(st, at) };
        return 0;
    }
    if (kind == COLUMN_NUM) {
        const struct num n = column_num(st, at);
        *v = n.is_int ? (struct copy_value){ .kind = VALUE_INT, .as.i = n.i }
                      : (struct copy_value){ .kind = VALUE_DOUBLE, .as.d = n.d };
        return 0;
    }
    const struct str s = kind == COLUMN_BLOB ? column_blob(st, at) : column_str(st, at);
    if (row_check(st, err) < 0)
        return -1;
    const struct str copy = arena_str(a, s);
    if (copy.p == NULL && s.len > 0)
        return err_nomem(err);
    *v = (struct copy_value){ .kind = VALUE_BYTES,
                              .as.s = { copy.p != NULL ? copy.p : "", copy.len } };
    *bytes += s.len;
    return 0;
}

static int read_some(struct db *db, struct stmt *st, size_t limit, struct arena *a,
                     struct copy_rows *out, bool *end, struct err *err)
{
    struct copy_value *rows = NULL;
    size_t cap = 0, bytes = 0;
    int got = 0;
    while (out->n_rows < limit && bytes < PORTION_BYTES && (got = db_step(db, st, err)) > 0) {
        rows = arena_grow(a, rows, out->n_rows, &cap, out->n_columns * sizeof(*rows));
        if (rows == NULL)
            return err_nomem(err);
        for (size_t i = 0; i < out->n_columns; i++) {
            if (read_value(st, (int)i, out->columns[i].kind, a,
                           &rows[out->n_rows * out->n_columns + i], &bytes, err) < 0)
                return -1;
        }
        out->n_rows++;
    }
    out->values = rows;
    *end = got == 0;
    return got < 0 ? -1 : 0;
}

int copy_read_rows(struct copying *k, const struct copy_table *t, const struct position *at,
                   size_t limit, struct arena *a, struct copy_rows *out, bool *end, struct err *err)
{
    struct db *db = reader_take(k->from);
    const bool slots = t->filter == BY_COUNTER && !k->to->backend->totals_in_slots;
    struct sql q;
    int rc = -1;
    *out = (struct copy_rows){ .table = t->name,
                               .columns = t->columns,
                               .n_columns = t->n_columns - slots };
    sql_init(&q, k->from, db, a, k->c->project_id);
    q.streams = true;
    put_select(&q, t, out->n_columns, at, k->c->project_id, limit);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        rc = read_some(db, st, limit, a, out, end, err);
        sql_done(st);
    }
    sql_release(&q);
    reader_give(k->from, db);
    return rc < 0 ? err_wrap(err, "reading %s", t->shown) : 0;
}

int copy_ask(struct sql *q, int64_t *out, struct err *err)
{
    struct stmt *st = sql_prepare(q, err);
    int got = -1;
    *out = 0;
    if (st != NULL) {
        got = db_step(q->db, st, err);
        if (got > 0)
            *out = column_int(st, 0);
        sql_done(st);
    }
    return got;
}

int copy_count(struct copying *k, const struct copy_table *t, int64_t *n, struct err *err)
{
    struct db *db = reader_take(k->from);
    struct sql q;
    sql_init(&q, k->from, db, &k->arena, k->c->project_id);
    sql_put(&q, t->filter == BY_COUNTER ? "SELECT count(DISTINCT resource) FROM "
                                        : "SELECT count(*) FROM ");
    sql_put(&q, t->name);
    sql_put(&q, " WHERE ");
    copy_put_filter(&q, t, k->c->project_id);
    const int got = copy_ask(&q, n, err);
    sql_release(&q);
    reader_give(k->from, db);
    return got < 0 ? err_wrap(err, "counting %s", t->shown) : 0;
}
