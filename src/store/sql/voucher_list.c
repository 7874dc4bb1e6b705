/* SPDX-License-Identifier: MIT */
/*
 * voucher_list.c - lists of vouchers, with filters and totals, and walks over all of them.
 *
 * Lists by age walk the table itself, lists by code the unique index: nothing is sorted, and with a
 * cursor a page costs the same wherever it is. There is no index by the time of change; a list by
 * it looks at everything, but keeps no more than the keys of one page.
 */
#include "base/time_iso.h"
#include "domain/voucher_filter.h"
#include "store/sql/filter_sql.h"

#define WALK_MS        150 /* of one call over rows that the filter may refuse */
#define WALK_LOOK_ROWS 64
#define WALK_SORT_MS   30000 /* of one call by the time of change, which cannot be cut */
#define VOUCHER_ROW    "SELECT " VOUCHER_READ_COLUMNS " FROM vouchers WHERE "

enum way { BY_KEY, BY_CODE, BY_CHANGE };

#define CHANGED "coalesce(updated_ms, created_ms)"

static const struct {
    enum way way;
    bool descending;
    const char *order_by;
} orders[] = {
    [VOUCHER_NEWEST_FIRST] = { BY_KEY, true, "id DESC" },
    [VOUCHER_OLDEST_FIRST] = { BY_KEY, false, "id" },
    [VOUCHER_BY_CODE] = { BY_CODE, false, "code" },
    [VOUCHER_BY_CODE_DESC] = { BY_CODE, true, "code DESC" },
    [VOUCHER_BY_CHANGE] = { BY_CHANGE, false, CHANGED ", id" },
    [VOUCHER_BY_CHANGE_DESC] = { BY_CHANGE, true, CHANGED " DESC, id DESC" },
};

/* The last voucher that was seen, in some order. */
struct place {
    enum voucher_order order;
    int64_t key; /* 0: at the start */
    struct str code;
    int64_t changed_ms;
};

/* One call. */
struct list {
    struct sql_store *s;
    struct db *db;
    struct arena *a; /* of the rows, and of what is bound */
    int64_t project_id;
    struct place after;
    const struct filter *filter;

    struct voucher *rows;
    size_t n;
};

static void list_sql(struct list *l, struct sql *q)
{
    sql_init(q, l->s, l->db, l->a, l->project_id);
}

/* ---- conditions ---- */

static void put_key_range(struct sql *q, const struct place *after)
{
    int64_t low = key_base(q->project_id), high = key_base(q->project_id + 1);
    if (orders[after->order].way == BY_KEY && after->key != 0)
        *(orders[after->order].descending ? &high : &low) = after->key;
    sql_put(q, "id > ");
    sql_int(q, low);
    sql_put(q, " AND id < ");
    sql_int(q, high);
}

/* Behind the last voucher, within the project: its keys are a range of the table, its codes one of
 * the index. Where the filter names a few vouchers they are looked up and sorted, and nothing may
 * look as if a walk along the index were another way: the + takes a column out of the index. */
static void put_range(struct sql *q, const struct list *l)
{
    const struct place *after = &l->after;
    const bool descending = orders[after->order].descending;
    const enum way way = orders[after->order].way;
    const bool narrow = voucher_filter_is_narrow(l->filter);
    if (way == BY_CODE && !narrow) {
        sql_put(q, "project_id = ");
        sql_int(q, q->project_id);
    } else {
        put_key_range(q, after);
    }
    if (after->key == 0)
        return;
    if (way == BY_CODE) {
        sql_put(q, " AND ");
        sql_put(q, narrow ? q->db->driver->off_index : "");
        sql_put(q, "code");
        sql_put(q, descending ? " < " : " > ");
        sql_str(q, after->code);
    } else if (way == BY_CHANGE) {
        sql_put(q, descending ? " AND (" CHANGED ", id) < (" : " AND (" CHANGED ", id) > (");
        sql_int(q, after->changed_ms);
        sql_put(q, ", ");
        sql_int(q, after->key);
        sql_put(q, ")");
    }
}

/* A list by code of those that begin with something is a range of the index too. A bound that the
 * cursor gives already is left out, or SQLite might begin at the other one. */
static void put_prefix_range(struct sql *q, const struct place *after, struct str prefix)
{
    const bool descending = orders[after->order].descending, begun = after->key != 0;
    char *end = arena_alloc(q->arena, prefix.len + 1);
    q->nomem = q->nomem || end == NULL;
    if (end == NULL)
        return;
    const struct str behind = str_utf8_next(prefix, end);
    if (descending || !begun) {
        sql_put(q, " AND code >= ");
        sql_str(q, prefix);
    }
    if ((!descending || !begun) && behind.len > 0) {
        sql_put(q, " AND code < ");
        sql_str(q, behind);
    }
}

static void put_prefixes(struct sql *q, const struct place *after, const struct filter *f)
{
    if (orders[after->order].way != BY_CODE || voucher_filter_is_narrow(f))
        return;
    for (; f != NULL; f = f->and) {
        for (const struct filter_condition *c = f->first; c != NULL; c = c->next) {
            if (c->field->id == VFILTER_CODE && c->op == FILTER_STARTS_WITH && c->n == 1 &&
                c->values[0].text.len > 0 && (!f->any || f->n == 1))
                put_prefix_range(q, after, c->values[0].text);
        }
    }
}

static void put_where(struct sql *q, const struct list *l)
{
    put_range(q, l);
    put_prefixes(q, &l->after, l->filter);
    sql_put(q, " AND binned_ms IS NULL");
}

static void put_order(struct sql *q, const struct list *l, int64_t limit, int64_t offset)
{
    sql_put(q, " ORDER BY ");
    sql_put(q, orders[l->after.order].order_by);
    sql_put(q, " LIMIT ");
    sql_int(q, limit);
    sql_put(q, " OFFSET ");
    sql_int(q, offset);
}

/* ---- rows ---- */

static size_t text_bytes(const struct voucher *v)
{
    return v->code.len + v->category.len + v->additional_info.len + v->rule.len +
           v->discount_extra.len + v->metadata.len + v->validity.len + v->recent.len;
}

static int take_row(struct list *l, struct stmt *st, struct err *err)
{
    struct voucher *v = &l->rows[l->n];
    if (voucher_read_row(st, v, err) < 0 || voucher_copy_texts(v, l->a, err) < 0)
        return -1;
    l->n++;
    return 0;
}

static int read_walked(struct list *l, int64_t limit, int64_t offset, struct err *err)
{
    struct sql q;
    int got = -1;
    list_sql(l, &q);
    sql_put(&q, VOUCHER_ROW);
    put_where(&q, l);
    sql_and_filter(&q, l->filter, voucher_columns);
    put_order(&q, l, limit, offset);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        while ((got = db_step(l->db, st, err)) > 0 && take_row(l, st, err) == 0)
            continue;
        sql_done(st);
    }
    sql_release(&q);
    return got == 0 ? 0 : -1;
}

/* What is sorted: keys first, so that it is small. */
struct changed {
    int64_t key;
    int64_t ms;
};

static int read_changed(struct list *l, int64_t limit, int64_t offset, struct changed *out,
                        size_t *n, struct err *err)
{
    struct sql q;
    int got = -1;
    list_sql(l, &q);
    sql_put(&q, "SELECT id, " CHANGED " FROM vouchers WHERE ");
    put_where(&q, l);
    sql_and_filter(&q, l->filter, voucher_columns);
    put_order(&q, l, limit, offset);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        for (; (got = db_step(l->db, st, err)) > 0; (*n)++)
            out[*n] = (struct changed){ .key = column_int(st, 0), .ms = column_int(st, 1) };
        sql_done(st);
    }
    sql_release(&q);
    return got < 0 ? -1 : 0;
}

/* One that has gone meanwhile is left out. */
static int read_by_key(struct list *l, int64_t key, struct err *err)
{
    struct stmt *st = db_statement(l->db, STATEMENT_VOUCHER_BY_KEY, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, l->project_id);
    bind_int(st, 2, key);
    int rc = db_step(l->db, st, err);
    if (rc > 0)
        rc = take_row(l, st, err);
    if (rc == 0 && l->n > 0 && l->rows[l->n - 1].binned_ms != TIME_NONE)
        l->n--;
    stmt_reset(st);
    return rc < 0 ? -1 : 0;
}

/* Until the texts have so many bytes; *passed is how many of the keys that were. */
static int read_sorted(struct list *l, int64_t limit, int64_t offset, size_t max_bytes,
                       struct changed **keys, size_t *n, size_t *passed, struct err *err)
{
    size_t bytes = 0;
    *keys = arena_alloc(l->a, (size_t)limit * sizeof(**keys));
    if (*keys == NULL)
        return err_nomem(err);
    if (read_changed(l, limit, offset, *keys, n, err) < 0)
        return -1;
    for (; *passed < *n && bytes < max_bytes; (*passed)++) {
        const size_t before = l->n;
        if (read_by_key(l, (*keys)[*passed].key, err) < 0)
            return -1;
        bytes += l->n > before ? text_bytes(&l->rows[before]) : 0;
    }
    return 0;
}

/* ---- totals ---- */

static int read_number(struct list *l, struct sql *q, int64_t *out, struct err *err)
{
    struct stmt *st = sql_prepare(q, err);
    const int got = st == NULL ? -1 : db_step(l->db, st, err);
    if (got > 0)
        *out = column_int(st, 0);
    if (st != NULL)
        sql_done(st);
    return got < 0 ? -1 : 0;
}

/* The condition of a filter that has no other. */
static const struct filter_condition *only_condition(const struct filter *f)
{
    const struct filter_condition *only = NULL;
    for (; f != NULL; f = f->and) {
        if (f->n > 1 || (f->n == 1 && only != NULL))
            return NULL;
        only = f->n == 1 ? f->first : only;
    }
    return only;
}

static bool is_empty(const struct filter *f)
{
    while (f != NULL && f->n == 0)
        f = f->and;
    return f == NULL;
}

/* A tag and the categories of that name. */
static void put_counters_of_name(struct sql *q, struct str name)
{
    sql_put(q, "SELECT 'voucher/tag/' || ");
    sql_str(q, name);
    sql_put(q, " UNION ALL SELECT 'voucher/category/' || id FROM categories WHERE project_id = ");
    sql_int(q, q->project_id);
    sql_put(q, " AND name = ");
    sql_str(q, name);
}

/* The counters that make up the total; false when there are none for this filter. */
static bool put_counters(struct sql *q, const struct filter *filter)
{
    const struct filter_condition *c = only_condition(filter);
    const bool equal = c != NULL && (c->op == FILTER_IS || c->op == FILTER_IN) && c->n == 1;
    if (is_empty(filter)) {
        sql_put(q, "'voucher'");
        return true;
    }
    if (equal && c->field->id == VFILTER_CATEGORY) {
        put_counters_of_name(q, c->values[0].text);
        return true;
    }
    if (equal && c->field->id == VFILTER_CAMPAIGN) {
        sql_put(q, "SELECT 'voucher/campaign/' || id FROM campaigns WHERE project_id = ");
        sql_int(q, q->project_id);
        sql_put(q, " AND name = ");
        sql_str(q, c->values[0].text);
        return true;
    }
    if (equal && c->field->id == VFILTER_CAMPAIGN_ID) {
        sql_put(q, "SELECT 'voucher/campaign/' || id FROM campaigns WHERE id IN ");
        sql_keys(q, c, ID_CAMPAIGN);
        return true;
    }
    if (equal && c->field->id == VFILTER_CATEGORY_ID) {
        sql_put(q, "SELECT 'voucher/category/' || id FROM categories WHERE id IN ");
        sql_keys(q, c, ID_CATEGORY);
        return true;
    }
    return false;
}

/* 1: *total is known without counting; 0: it is not. */
static int read_counters(struct list *l, int64_t *total, struct err *err)
{
    struct sql q;
    list_sql(l, &q);
    sql_put(&q, "SELECT sum(n) FROM totals WHERE project_id = ");
    sql_int(&q, l->project_id);
    sql_put(&q, " AND resource IN (");
    const bool known = put_counters(&q, l->filter);
    sql_put(&q, ")");
    const int rc = known ? read_number(l, &q, total, err) : 0;
    sql_release(&q);
    return rc < 0 ? -1 : known;
}

static int count_all(struct list *l, int64_t *total, struct err *err)
{
    struct sql q;
    const struct list whole = { .filter = l->filter, .after = { .order = VOUCHER_NEWEST_FIRST } };
    list_sql(l, &q);
    sql_put(&q, "SELECT count(*) FROM vouchers WHERE ");
    put_where(&q, &whole);
    sql_and_filter(&q, l->filter, voucher_columns);
    const int rc = read_number(l, &q, total, err);
    sql_release(&q);
    return rc;
}

/* ---- a page ---- */

static int read_page(struct list *l, const struct voucher_page *page, int64_t most, bool *more,
                     struct err *err)
{
    const int64_t want = most < page->limit + 1 ? most : page->limit + 1; /* is there one more? */
    if (want <= 0)
        return 0;
    struct changed *keys;
    size_t n = 0, passed = 0;
    const bool sorted = orders[page->order].way == BY_CHANGE;
    const int rc = sorted ? read_sorted(l, want, page->offset, SIZE_MAX, &keys, &n, &passed, err)
                          : read_walked(l, want, page->offset, err);
    *more = l->n > (size_t)page->limit;
    l->n -= *more;
    return rc;
}

static int read_list(struct list *l, const struct voucher_page *page, int64_t *total, bool *more,
                     struct err *err)
{
    const bool from_start = page->after_key == 0;
    int64_t most = INT64_MAX;
    int known = 0;
    if (!page->no_total && (known = read_counters(l, total, err)) < 0)
        return -1;
    /* Nobody need look for more of a category than there are. */
    if (known > 0 && from_start)
        most = *total - page->offset;
    if (read_page(l, page, most, more, err) < 0)
        return -1;
    if (page->no_total || known > 0)
        return 0;
    if (from_start && !*more && (l->n > 0 || page->offset == 0)) {
        *total = page->offset + (int64_t)l->n; /* the page has the end of it */
        return 0;
    }
    return count_all(l, total, err);
}

int sql_list_vouchers(struct store *store, struct arena *a, int64_t project_id,
                      const struct voucher_page *page, struct voucher **out, size_t *n,
                      int64_t *total, bool *more, struct err *err)
{
    struct list l = { .s = sql_store_of(store),
                      .a = a,
                      .project_id = project_id,
                      .after = { .order = page->order,
                                 .key = page->after_key,
                                 .code = page->after_code,
                                 .changed_ms = page->after_ms },
                      .filter = page->filter };
    *out = l.rows = arena_alloc(a, ((size_t)page->limit + 1) * sizeof(*l.rows));
    *n = 0;
    *total = 0;
    *more = false;
    if (l.rows == NULL)
        return err_nomem(err);
    int rc = list_reader_take(l.s, page->time_ms, &l.db, err);
    if (rc == 0)
        rc = read_list(&l, page, total, more, err);
    rc = list_reader_give(l.s, l.db, page->time_ms, rc, err);
    *n = l.n;
    return rc;
}

/* ---- a walk ---- */

/* Moves the walk behind the row that the statement is at. */
static int walk_pass(struct voucher_walk *w, struct stmt *st, struct err *err)
{
    const struct str code = column_str(st, 2);
    w->after_key = column_int(st, 0);
    w->after_ms = column_int(st, !column_is_null(st, 21) ? 21 : 20);
    w->after_code_len = code.len < sizeof(w->after_code) ? code.len : sizeof(w->after_code);
    if (w->after_code_len > 0)
        memcpy(w->after_code, code.p, w->after_code_len);
    return row_check(st, err);
}

/* Rows that the filter refuses are looked at too, so a call over millions of them can be cut. */
static int walk_rows(struct list *l, struct voucher_walk *w, struct stmt *st, struct err *err)
{
    const int64_t until_us = time_monotonic_us() + (int64_t)WALK_MS * 1000;
    size_t seen = 0, bytes = 0;
    int got;
    while ((got = db_step(l->db, st, err)) > 0) {
        const bool fits = (int)column_int(st, column_count(st) - 1) != 0;
        if (walk_pass(w, st, err) < 0 || (fits && take_row(l, st, err) < 0))
            return -1;
        if (fits)
            bytes += text_bytes(&l->rows[l->n - 1]);
        if (l->n == w->limit || bytes >= w->max_bytes ||
            (++seen % WALK_LOOK_ROWS == 0 && time_monotonic_us() > until_us))
            return 0;
    }
    w->done = got == 0;
    return got;
}

static int walk_index(struct list *l, struct voucher_walk *w, struct err *err)
{
    const bool narrow = voucher_filter_is_narrow(l->filter); /* then no other row is looked at */
    struct sql q;
    int rc = -1;
    list_sql(l, &q);
    sql_put(&q, "SELECT " VOUCHER_READ_COLUMNS ", ");
    sql_filter(&q, narrow ? NULL : l->filter, voucher_columns);
    sql_put(&q, " FROM vouchers WHERE ");
    put_where(&q, l);
    sql_and_filter(&q, narrow ? l->filter : NULL, voucher_columns);
    sql_put(&q, " ORDER BY ");
    sql_put(&q, orders[l->after.order].order_by);
    q.streams = true;
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        rc = walk_rows(l, w, st, err);
        sql_done(st);
    }
    sql_release(&q);
    return rc;
}

/* The cursor is what the row was sorted by, whatever has become of it since. */
static int walk_sorted(struct list *l, struct voucher_walk *w, struct err *err)
{
    struct changed *keys = NULL;
    size_t n = 0, passed = 0;
    if (read_sorted(l, (int64_t)w->limit, 0, w->max_bytes, &keys, &n, &passed, err) < 0)
        return -1;
    w->done = passed == n && n < w->limit;
    if (passed > 0) {
        w->after_key = keys[passed - 1].key;
        w->after_ms = keys[passed - 1].ms;
    }
    return 0;
}

int sql_walk_vouchers(struct store *store, struct arena *a, int64_t project_id,
                      struct voucher_walk *w, struct voucher **out, size_t *n, struct err *err)
{
    const bool sorted = orders[w->order].way == BY_CHANGE;
    const int64_t time_ms = sorted ? WALK_SORT_MS : 0;
    struct list l = { .s = sql_store_of(store),
                      .a = a,
                      .project_id = project_id,
                      .after = { .order = w->order,
                                 .key = w->after_key,
                                 .code =
                                     arena_str(a, (struct str){ w->after_code, w->after_code_len }),
                                 .changed_ms = w->after_ms },
                      .filter = w->filter };
    *out = l.rows = arena_alloc(a, w->limit * sizeof(*l.rows));
    *n = 0;
    if (l.rows == NULL || l.after.code.p == NULL)
        return err_nomem(err);
    struct voucher_walk moved = *w;
    int rc = list_reader_take(l.s, time_ms, &l.db, err);
    if (rc == 0)
        rc = sorted ? walk_sorted(&l, &moved, err) : walk_index(&l, &moved, err);
    rc = list_reader_give(l.s, l.db, time_ms, rc, err);
    if (rc == 0)
        *w = moved;
    *n = l.n;
    return rc;
}

/* ---- codes that are taken ---- */

#define CODES_AT_A_TIME 500

static int count_some(struct list *l, const struct str *codes, size_t n, int64_t *out,
                      struct err *err)
{
    struct sql q;
    int64_t found = 0;
    list_sql(l, &q);
    sql_put(&q, "SELECT count(*) FROM vouchers WHERE project_id = ");
    sql_int(&q, l->project_id);
    sql_put(&q, " AND code IN (");
    for (size_t i = 0; i < n; i++) {
        sql_put(&q, i > 0 ? ", " : "");
        sql_str(&q, codes[i]);
    }
    sql_put(&q, ")");
    const int rc = read_number(l, &q, &found, err);
    sql_release(&q);
    *out += found;
    return rc;
}

int sql_count_codes(struct store *store, int64_t project_id, const struct str *codes, size_t n,
                    int64_t *out, struct err *err)
{
    struct arena a;
    struct list l = { .s = sql_store_of(store), .a = &a, .project_id = project_id };
    int rc = 0;
    *out = 0;
    arena_init(&a, 64 * KIB, 0);
    l.db = reader_take(l.s);
    for (size_t at = 0; rc == 0 && at < n; at += CODES_AT_A_TIME) {
        arena_reset(&a);
        rc = count_some(&l, codes + at, n - at < CODES_AT_A_TIME ? n - at : CODES_AT_A_TIME, out,
                        err);
    }
    reader_give(l.s, l.db);
    arena_release(&a);
    return rc;
}
