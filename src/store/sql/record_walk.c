/* SPDX-License-Identifier: MIT */
/*
 * record_walk.c - all records that fit, in many short calls, for an export.
 *
 * By age a walk goes along the table itself. Nothing else has an index: each call looks at
 * everything, but keeps no more than the keys of one page, and reads the rows by them.
 */
#include "store/sql/records.h"

#define WALK_MS        150 /* of one call over rows that the filter may refuse */
#define WALK_LOOK_ROWS 64
#define WALK_SORT_MS   30000 /* of one call in another order, which cannot be cut */

/* Texts are sorted by their beginning, which is what a cursor holds. */
#define BEGINNING(column)                                                                          \
    {                                                                                              \
        "substr(coalesce(" column ", ''), 1, 512)", true                                           \
    }
static_assert(512 * 4 <= RECORD_WALK_TEXT_BYTES, "a cursor holds it");

static const struct {
    const char *sql;
    bool is_text;
} orders[] = {
    [RECORD_BY_AGE] = { "id", false },
    [RECORD_BY_CHANGE] = { "coalesce(updated_ms, created_ms)", false },
    [RECORD_BY_SOURCE_ID] = BEGINNING("source_id"),
    [RECORD_BY_NAME] = BEGINNING("name"),
    [RECORD_BY_EMAIL] = BEGINNING("email"),
    [RECORD_BY_STATUS] = { SQL_ORDER_STATUS, true },
};
static_assert(ARRAY_LEN(orders) == RECORD_ORDERS, "every order has its column");

/* One call. */
struct walk {
    const struct record_table *t;
    struct sql_store *s;
    struct db *db;
    struct arena *a; /* of the rows, and of what is bound */
    int64_t project_id;
    struct record_walk *w;

    char *rows;
    size_t n;
};

/* ---- statements ---- */

static void put_table(struct sql *q, const struct walk *k, int64_t low, int64_t high)
{
    sql_put(q, " FROM ");
    sql_put(q, k->t->name);
    sql_put(q, " WHERE id > ");
    sql_int(q, low);
    sql_put(q, " AND id < ");
    sql_int(q, high);
    if (k->t->in_bin)
        sql_put(q, " AND binned_ms IS NULL");
}

static void put_sorted_by(struct sql *q, const struct walk *k)
{
    sql_put(q, orders[k->w->order].sql);
    if (orders[k->w->order].is_text)
        sql_put(q, q->db->driver->by_byte);
}

/* Behind the last one. */
static void put_place(struct sql *q, const struct walk *k)
{
    const struct record_walk *w = k->w;
    if (w->after_key == 0)
        return;
    sql_put(q, " AND (");
    put_sorted_by(q, k);
    sql_put(q, w->descending ? ", id) < (" : ", id) > (");
    if (orders[w->order].is_text)
        sql_str(q, (struct str){ w->after_text, w->after_text_len });
    else
        sql_int(q, w->after_n);
    sql_put(q, ", ");
    sql_int(q, w->after_key);
    sql_put(q, ")");
}

static struct record *row_at(const struct walk *k, size_t i)
{
    return (struct record *)(void *)(k->rows + i * k->t->bytes);
}

static size_t text_bytes(const struct record_table *t, const struct record *r)
{
    size_t n = r->source_id.len + r->metadata.len + r->recent.len;
    for (size_t i = 0; i < t->n_columns; i++)
        n += t->columns[i].kind == RECORD_TEXT ? record_text(r, &t->columns[i])->len : 0;
    return n;
}

/* ---- by age ---- */

static int take_row(struct walk *k, struct stmt *st, size_t *bytes, struct err *err)
{
    struct record *r = row_at(k, k->n);
    if (record_read_row(k->t, st, r, err) < 0 || record_keep_texts(k->t, r, k->a, err) < 0)
        return -1;
    *bytes += text_bytes(k->t, r);
    k->n++;
    return 0;
}

/* Rows that the filter refuses are looked at too, so a call over millions of them can be cut. */
static int walk_rows(struct walk *k, struct stmt *st, struct err *err)
{
    const int64_t until_us = time_monotonic_us() + (int64_t)WALK_MS * 1000;
    struct record_walk *w = k->w;
    size_t seen = 0, bytes = 0;
    int got;
    while ((got = db_step(k->db, st, err)) > 0) {
        const bool fits = column_int(st, column_count(st) - 1) != 0;
        const int64_t key = column_int(st, 0);
        if (row_check(st, err) < 0 || (fits && take_row(k, st, &bytes, err) < 0))
            return -1;
        w->after_key = key;
        if (k->n == w->limit || bytes >= w->max_bytes ||
            (++seen % WALK_LOOK_ROWS == 0 && time_monotonic_us() > until_us))
            return 0;
    }
    w->done = got == 0;
    return got;
}

static int walk_by_age(struct walk *k, struct err *err)
{
    const struct record_walk *w = k->w;
    int64_t low = key_base(k->project_id), high = key_base(k->project_id + 1);
    struct sql q;
    int rc = -1;
    if (w->after_key != 0)
        *(w->descending ? &high : &low) = w->after_key;
    sql_init(&q, k->s, k->db, k->a, k->project_id);
    sql_put(&q, "SELECT ");
    sql_put(&q, k->t->names);
    sql_put(&q, ", CASE WHEN ");
    sql_filter(&q, w->filter, record_filter_columns);
    sql_put(&q, " THEN 1 ELSE 0 END");
    put_table(&q, k, low, high);
    sql_put(&q, w->descending ? " ORDER BY id DESC" : " ORDER BY id");
    q.streams = true;
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        rc = walk_rows(k, st, err);
        sql_done(st);
    }
    sql_release(&q);
    return rc;
}

/* ---- in another order ---- */

/* What is sorted: keys, so that it is small. */
struct place {
    int64_t key;
    int64_t n;
    struct str text; /* of the orders by texts */
};

static int read_place(struct walk *k, struct stmt *st, struct place *out, struct err *err)
{
    const bool is_text = orders[k->w->order].is_text;
    *out = (struct place){ .key = column_int(st, 0) };
    if (!is_text)
        out->n = column_int(st, 1);
    else if ((out->text = arena_str(k->a, column_str(st, 1))).p == NULL)
        return err_nomem(err);
    return row_check(st, err);
}

static int read_places(struct walk *k, struct place *out, size_t *n, struct err *err)
{
    struct sql q;
    int got = -1;
    sql_init(&q, k->s, k->db, k->a, k->project_id);
    sql_put(&q, "SELECT id, ");
    sql_put(&q, orders[k->w->order].sql);
    put_table(&q, k, key_base(k->project_id), key_base(k->project_id + 1));
    put_place(&q, k);
    sql_and_filter(&q, k->w->filter, record_filter_columns);
    sql_put(&q, " ORDER BY ");
    put_sorted_by(&q, k);
    sql_put(&q, k->w->descending ? " DESC, id DESC LIMIT " : ", id LIMIT ");
    sql_int(&q, (int64_t)k->w->limit);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        for (; (got = db_step(k->db, st, err)) > 0; (*n)++) {
            if (read_place(k, st, &out[*n], err) < 0) {
                got = -1;
                break;
            }
        }
        sql_done(st);
    }
    sql_release(&q);
    return got < 0 ? -1 : 0;
}

/* The cursor is what the row was sorted by, whatever has become of it since. */
static void move_to(struct record_walk *w, const struct place *p)
{
    w->after_key = p->key;
    w->after_n = p->n;
    w->after_text_len = p->text.len < sizeof(w->after_text) ? p->text.len : sizeof(w->after_text);
    if (w->after_text_len > 0)
        memcpy(w->after_text, p->text.p, w->after_text_len);
}

/* One that has gone meanwhile is left out. */
static int walk_sorted(struct walk *k, struct err *err)
{
    struct place *places = arena_alloc(k->a, k->w->limit * sizeof(*places));
    size_t n = 0, passed = 0, bytes = 0;
    if (places == NULL)
        return err_nomem(err);
    if (read_places(k, places, &n, err) < 0)
        return -1;
    for (; passed < n && bytes < k->w->max_bytes; passed++) {
        struct record *r = row_at(k, k->n);
        const int got = record_by_key(k->db, k->t, k->project_id, places[passed].key, k->a, r, err);
        if (got < 0)
            return -1;
        if (got == 0 || r->binned_ms != TIME_NONE)
            continue;
        bytes += text_bytes(k->t, r);
        k->n++;
    }
    k->w->done = passed == n && n < k->w->limit;
    if (passed > 0)
        move_to(k->w, &places[passed - 1]);
    return 0;
}

int sql_walk_records(struct store *store, struct arena *a, int64_t project_id,
                     enum resource_type resource, struct record_walk *w, struct record **out,
                     size_t *n, struct err *err)
{
    const bool sorted = w->order != RECORD_BY_AGE;
    const int64_t time_ms = sorted ? WALK_SORT_MS : 0;
    struct record_walk moved = *w;
    struct walk k = { .t = record_table_of(resource),
                      .s = sql_store_of(store),
                      .a = a,
                      .project_id = project_id,
                      .w = &moved };
    k.rows = arena_alloc(a, w->limit * k.t->bytes);
    *out = (struct record *)(void *)k.rows;
    *n = 0;
    if (k.rows == NULL)
        return err_nomem(err);
    int rc = list_reader_take(k.s, time_ms, &k.db, err);
    if (rc == 0)
        rc = sorted ? walk_sorted(&k, err) : walk_by_age(&k, err);
    rc = list_reader_give(k.s, k.db, time_ms, rc, err);
    if (rc == 0)
        *w = moved;
    *n = k.n;
    return rc;
}
