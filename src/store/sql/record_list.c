/* SPDX-License-Identifier: MIT */
/* record_list.c - pages of records: by age along the table itself, by anything else within a time
 * limit. */
#include "store/sql/records.h"

#define LIST_MAX_MS 5000

/* One call. */
struct list {
    const struct record_table *t;
    const struct record_page *page;
    struct arena *a;
    struct db *db;
    int64_t low, high; /* keys between them */
};

static const char *const orders[] = {
    [RECORD_BY_AGE] = "id",
    [RECORD_BY_CHANGE] = "coalesce(updated_ms, created_ms)",
    [RECORD_BY_SOURCE_ID] = "source_id",
};

static void put_time(struct sql *q, const char *column, const char *op, int64_t ms)
{
    if (ms == TIME_NONE)
        return;
    sql_put(q, " AND ");
    sql_put(q, column);
    sql_put(q, op);
    sql_int(q, ms);
}

/* Objects are stored as compact text, so a member with its value is a piece of it. */
static void put_equal(struct sql *q, struct arena *a, const struct record_equal *e)
{
    struct buf b;
    struct str piece = { NULL, 0 };
    struct err ignored = { 0 };
    sql_put(q, " AND ");
    if (e->member == NULL) {
        sql_put(q, e->column);
        sql_put(q, " = ");
        sql_str(q, e->value);
        return;
    }
    buf_init(&b, 8 * MIB);
    buf_printf(&b, "\"%s\":", e->member);
    json_put_quoted(&b, e->value);
    q->nomem = buf_keep(&b, a, &piece, &ignored) < 0 || q->nomem;
    sql_put(q, "replace(");
    sql_put(q, e->column);
    sql_put(q, ", ");
    sql_str(q, piece);
    sql_put(q, ", '') <> ");
    sql_put(q, e->column);
}

/* Everything but the place of the page. */
static void put_where(struct sql *q, const struct list *l)
{
    const struct record_page *p = l->page;
    sql_put(q, " FROM ");
    sql_put(q, l->t->name);
    sql_put(q, " WHERE id > ");
    sql_int(q, l->low);
    sql_put(q, " AND id < ");
    sql_int(q, l->high);
    if (l->t->in_bin)
        sql_put(q, " AND binned_ms IS NULL");
    if (p->parent_key != 0) {
        sql_put(q, " AND product_id = ");
        sql_int(q, p->parent_key);
    }
    for (size_t i = 0; i < p->n_equals; i++)
        put_equal(q, l->a, &p->equals[i]);
    put_time(q, "created_ms", " < ", p->created_before_ms);
    put_time(q, "created_ms", " > ", p->created_after_ms);
    put_time(q, "updated_ms", " < ", p->updated_before_ms);
    put_time(q, "updated_ms", " > ", p->updated_after_ms);
    sql_and_filter(q, p->filter, record_filter_columns);
}

static int read_rows(struct list *l, struct sql *q, char *rows, size_t *n, struct err *err)
{
    struct stmt *st = sql_prepare(q, err);
    int got = -1;
    if (st == NULL)
        return -1;
    while (*n <= l->page->limit && (got = db_step(l->db, st, err)) > 0) {
        struct record *r = (struct record *)(void *)(rows + *n * l->t->bytes);
        if (record_read_row(l->t, st, r, err) < 0 || record_keep_texts(l->t, r, l->a, err) < 0) {
            got = -1;
            break;
        }
        (*n)++;
    }
    sql_done(st);
    return got < 0 ? -1 : 0;
}

static int read_page(struct list *l, struct sql_store *s, int64_t project_id, char *rows, size_t *n,
                     struct err *err)
{
    const struct record_page *p = l->page;
    struct sql q;
    sql_init(&q, s, l->db, l->a, project_id);
    sql_put(&q, "SELECT ");
    sql_put(&q, l->t->names);
    put_where(&q, l);
    sql_put_page(&q, orders[p->order], p->order != RECORD_BY_AGE ? "id" : NULL, p->descending,
                 p->limit, p->offset);
    const int rc = read_rows(l, &q, rows, n, err);
    sql_release(&q);
    return rc;
}

static bool is_filtered(const struct record_page *p)
{
    return p->parent_key != 0 || p->n_equals > 0 || p->filter != NULL ||
           p->created_before_ms != TIME_NONE || p->created_after_ms != TIME_NONE ||
           p->updated_before_ms != TIME_NONE || p->updated_after_ms != TIME_NONE;
}

/* Need nothing be counted? The SKUs of most products are such a page. */
static bool is_all(const struct record_page *p, bool more)
{
    return is_filtered(p) && !more && p->offset == 0 && p->after_key == 0;
}

static int count(struct list *l, struct sql_store *s, int64_t project_id, int64_t *total,
                 struct err *err)
{
    struct sql q;
    int got = -1;
    if (!is_filtered(l->page))
        return totals_get(l->db, project_id, str_of(l->t->one), total, err);
    l->low = key_base(project_id);
    l->high = key_base(project_id + 1);
    sql_init(&q, s, l->db, l->a, project_id);
    sql_put(&q, "SELECT count(*)");
    put_where(&q, l);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        got = db_step(l->db, st, err);
        *total = got > 0 ? column_int(st, 0) : 0;
        sql_done(st);
    }
    sql_release(&q);
    return got < 0 ? -1 : 0;
}

int sql_list_records(struct store *store, struct arena *a, int64_t project_id,
                     enum resource_type resource, const struct record_page *page,
                     struct record **out, size_t *n, int64_t *total, bool *more, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct list l = { .t = record_table_of(resource),
                      .page = page,
                      .a = a,
                      .low = key_base(project_id),
                      .high = key_base(project_id + 1) };
    char *rows = arena_alloc(a, (page->limit + 1) * l.t->bytes);
    *n = 0;
    if (rows == NULL)
        return err_nomem(err);
    if (page->after_key > l.low && page->after_key < l.high) /* of another project it is none */
        *(page->descending ? &l.high : &l.low) = page->after_key;
    int rc = list_reader_take(s, LIST_MAX_MS, &l.db, err);
    if (rc == 0 && read_page(&l, s, project_id, rows, n, err) < 0)
        rc = -1;
    *more = *n > page->limit;
    if (*more)
        *n = page->limit;
    *total = (int64_t)*n;
    if (rc == 0 && !is_all(page, *more))
        rc = count(&l, s, project_id, total, err);
    rc = list_reader_give(s, l.db, LIST_MAX_MS, rc, err);
    *out = (struct record *)(void *)rows;
    return rc;
}

struct record *record_at(enum resource_type resource, struct record *rows, size_t i)
{
    return (struct record *)(void *)((char *)rows + i * record_table_of(resource)->bytes);
}
