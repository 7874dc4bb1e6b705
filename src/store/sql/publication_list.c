/* SPDX-License-Identifier: MIT */
/*
 * publication_list.c - pages of publications, each with its customer and its vouchers as they are
 * now.
 *
 * All by age are read along the table, and counted by the counter. By customer and by source id
 * there are indexes; all else is looked for along the table, within a time limit. The vouchers of a
 * page are read by key, in a few statements.
 */
#include <inttypes.h>

#include "domain/publication_filter.h"
#include "store/sql/filter_sql.h"

#define LIST_MAX_MS  5000
#define KEYS_AT_ONCE 500 /* values of one statement */

/* One call. */
struct list {
    const struct publication_page *page;
    struct publication_list *out;
    struct sql_store *s;
    struct db *db;
    struct arena *a;
    int64_t project_id;
};

/* ---- publications ---- */

/* Their keys are a compact JSON array, "[1,2]"; NULL: there are several, or it is gone. */
#define OF_VOUCHER(column)                                                                         \
    "(SELECT v." column " FROM vouchers v WHERE v.id = CASE WHEN p.vouchers LIKE '%,%' THEN NULL " \
    "ELSE CAST(substr(p.vouchers, 2, length(p.vouchers) - 2) AS bigint) END)"
#define OF_CAMPAIGN(column) "(SELECT k." column " FROM campaigns k WHERE k.id = p.campaign_id)"

static const char *const orders[PUBLICATION_ORDER_COUNT] = {
    [PUBLICATIONS_BY_AGE] = "p.id",
    [PUBLICATIONS_BY_CODE] = "coalesce(" OF_VOUCHER("code") ", '')",
    [PUBLICATIONS_BY_TRACKING_ID] = "coalesce(c.source_id, '')",
    [PUBLICATIONS_BY_CUSTOMER] = "p.customer_id",
    [PUBLICATIONS_BY_CHANNEL] = "p.channel",
};

static const struct filter_column columns[] = {
    [PFILTER_CUSTOMER_ID] = { .sql = "p.customer_id", .id_kind = ID_CUSTOMER },
    [PFILTER_CAMPAIGN_NAME] = { .sql = OF_CAMPAIGN("name") },
    [PFILTER_SOURCE_ID] = { .sql = "p.source_id" },
    [PFILTER_RESULT] = { .sql = "0" },
    [PFILTER_FAILURE_CODE] = { .sql = "CAST(NULL AS text)" },
    [PFILTER_VOUCHER_TYPE] = { .sql = "coalesce(" OF_CAMPAIGN("type") ", " OF_VOUCHER(
                                   "type") ") - 1" },
    [PFILTER_IS_REFERRAL_CODE] = { .sql = "CASE WHEN " OF_CAMPAIGN(
                                       "campaign_type") " = 4 THEN 1 ELSE 0 END" },
};
static_assert(ARRAY_LEN(columns) == PFILTER_COUNT, "every field has a column");
static_assert(CAMPAIGN_REFERRAL == 4 && VOUCHER_DISCOUNT == 1 && VOUCHER_GIFT == 2 &&
                  VOUCHER_LOYALTY == 3,
              "as the columns have it");

static void put_key(struct sql *q, const char *condition, int64_t key)
{
    if (key == 0)
        return;
    sql_put(q, condition);
    sql_int(q, key);
}

static void put_voucher(struct sql *q, struct arena *a, int64_t key)
{
    if (key == 0)
        return;
    const char *piece = arena_printf(a, "%%,%" PRId64 ",%%", key);
    q->nomem = q->nomem || piece == NULL;
    sql_put(q, " AND ',' || substr(p.vouchers, 2, length(p.vouchers) - 2) || ',' LIKE ");
    sql_str(q, str_of(piece != NULL ? piece : ""));
}

static void put_where(struct sql *q, const struct list *l)
{
    const struct publication_page *p = l->page;
    sql_put(q, " WHERE p.project_id = ");
    sql_int(q, l->project_id);
    sql_put(q, " AND p.id > ");
    sql_int(q, key_base(l->project_id));
    sql_put(q, " AND p.id < ");
    sql_int(q, key_base(l->project_id + 1));
    put_key(q, " AND p.campaign_id = ", p->campaign_key);
    put_voucher(q, l->a, p->voucher_key);
    sql_and_filter(q, p->filter, columns);
}

static int broken(struct err *err)
{
    return err_set(err, ERR_STORE, "the vouchers of a publication cannot be read");
}

static int read_keys(struct list *l, struct str text, struct stored_publication *p, struct err *err)
{
    struct json *keys = NULL;
    if (json_parse(l->a, text, &keys, err) < 0)
        return err->code == ERR_NOMEM ? -1 : broken(err);
    for (const struct json *k = keys->child; k != NULL; k = k->next)
        p->n++;
    p->vouchers = arena_calloc(l->a, (p->n + 1) * sizeof(*p->vouchers));
    if (p->vouchers == NULL)
        return err_nomem(err);
    int64_t *out = p->vouchers;
    for (const struct json *k = keys->child; k != NULL; k = k->next)
        if (k->type != JSON_NUMBER || !num_parse_i64(k->text, out++))
            return broken(err);
    return 0;
}

static int read_row(struct list *l, struct stmt *st, struct stored_publication *p, struct err *err)
{
    struct str keys = column_str(st, 5);
    struct customer *c = &p->customer;
    *p = (struct stored_publication){ .key = column_int(st, 0),
                                      .customer = { .key = column_int(st, 1) },
                                      .source_id = column_str(st, 2),
                                      .channel = column_str(st, 3),
                                      .metadata = column_str(st, 4),
                                      .created_ms = column_int(st, 6) };
    c->source_id = column_str(st, 7);
    c->name = column_str(st, 8);
    c->email = column_str(st, 9);
    c->metadata = column_str(st, 10);
    struct str *texts[] = { &keys,         &p->source_id, &p->channel, &p->metadata,
                            &c->source_id, &c->name,      &c->email,   &c->metadata };
    if (row_check(st, err) < 0)
        return -1;
    return arena_keep(l->a, texts, ARRAY_LEN(texts)) ? read_keys(l, keys, p, err) : err_nomem(err);
}

static int read_rows(struct list *l, struct sql *q, struct err *err)
{
    struct publication_list *out = l->out;
    struct stmt *st = sql_prepare(q, err);
    int got = -1;
    if (st == NULL)
        return -1;
    while (out->n <= l->page->limit && (got = db_step(l->db, st, err)) > 0) {
        if (read_row(l, st, &out->rows[out->n], err) < 0) {
            got = -1;
            break;
        }
        out->n++;
    }
    sql_done(st);
    return got < 0 ? -1 : 0;
}

static int read_page(struct list *l, struct err *err)
{
    const struct publication_page *page = l->page;
    struct publication_list *out = l->out;
    struct sql q;
    out->rows = arena_alloc(l->a, (page->limit + 1) * sizeof(*out->rows));
    if (out->rows == NULL)
        return err_nomem(err);
    sql_init(&q, l->s, l->db, l->a, l->project_id);
    sql_put(&q, "SELECT p.id, p.customer_id, p.source_id, p.channel, p.metadata, p.vouchers, "
                "p.created_ms, c.source_id, c.name, c.email, c.metadata FROM publications p LEFT "
                "JOIN customers c ON c.id = p.customer_id");
    put_where(&q, l);
    sql_put_page(&q, orders[page->order], page->order != PUBLICATIONS_BY_AGE ? "p.id" : NULL,
                 page->descending, page->limit, page->offset);
    const int rc = read_rows(l, &q, err);
    sql_release(&q);
    out->more = out->n > page->limit;
    if (out->more)
        out->n = page->limit;
    return rc;
}

static int count(struct list *l, struct err *err)
{
    const struct publication_page *page = l->page;
    struct sql q;
    int got = -1;
    l->out->total = (int64_t)l->out->n;
    if (!l->out->more && page->offset == 0) /* the page is all there is */
        return 0;
    if (page->filter == NULL && page->campaign_key == 0 && page->voucher_key == 0)
        return totals_get(l->db, l->project_id, STR("publication"), &l->out->total, err);
    sql_init(&q, l->s, l->db, l->a, l->project_id);
    sql_put(&q, "SELECT count(*) FROM publications p");
    put_where(&q, l);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        got = db_step(l->db, st, err);
        l->out->total = got > 0 ? column_int(st, 0) : 0;
        sql_done(st);
    }
    sql_release(&q);
    return got < 0 ? -1 : 0;
}

/* ---- their vouchers ---- */

static int cmp_keys(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Of all rows, ascending, each once: a generic code may be in many. NULL: out of memory. */
static int64_t *keys_of(struct list *l, size_t *n)
{
    const struct publication_list *out = l->out;
    size_t all = 0, each = 0;
    for (size_t i = 0; i < out->n; i++)
        all += out->rows[i].n;
    int64_t *keys = arena_alloc(l->a, (all + 1) * sizeof(*keys));
    if (keys == NULL)
        return NULL;
    all = 0;
    for (size_t i = 0; i < out->n; i++)
        for (size_t k = 0; k < out->rows[i].n; k++)
            keys[all++] = out->rows[i].vouchers[k];
    qsort(keys, all, sizeof(*keys), cmp_keys);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || keys[i] != keys[i - 1])
            keys[each++] = keys[i];
    *n = each;
    return keys;
}

/* What is not printed of it is left behind. */
static int keep_voucher(struct list *l, struct stmt *st, struct voucher *v, struct err *err)
{
    static const struct str none = { NULL, 0 };
    struct str *texts[] = { &v->code, &v->discount_extra };
    if (voucher_read_row(st, v, err) < 0)
        return -1;
    v->category = v->additional_info = v->rule = v->metadata = v->validity = v->recent = none;
    return arena_keep(l->a, texts, ARRAY_LEN(texts)) ? 0 : err_nomem(err);
}

static int read_some_vouchers(struct list *l, const int64_t *keys, size_t n, struct err *err)
{
    struct publication_list *out = l->out;
    struct sql q;
    int got = -1;
    sql_init(&q, l->s, l->db, l->a, l->project_id);
    sql_put(&q, "SELECT " VOUCHER_READ_COLUMNS " FROM vouchers WHERE id IN (");
    for (size_t i = 0; i < n; i++)
        put_key(&q, i > 0 ? ", " : "", keys[i]);
    sql_put(&q, ") AND project_id = ");
    sql_int(&q, l->project_id);
    sql_put(&q, " ORDER BY id");
    struct stmt *st = sql_prepare(&q, err);
    while (st != NULL && (got = db_step(l->db, st, err)) > 0) {
        if (keep_voucher(l, st, &out->vouchers[out->n_vouchers], err) < 0) {
            got = -1;
            break;
        }
        out->n_vouchers++;
    }
    if (st != NULL)
        sql_done(st);
    sql_release(&q);
    return got < 0 ? -1 : 0;
}

static int read_vouchers(struct list *l, struct err *err)
{
    size_t n = 0;
    const int64_t *keys = keys_of(l, &n);
    l->out->vouchers = arena_alloc(l->a, (n + 1) * sizeof(*l->out->vouchers));
    if (keys == NULL || l->out->vouchers == NULL)
        return err_nomem(err);
    for (size_t done = 0; done < n; done += KEYS_AT_ONCE) {
        const size_t some = n - done < KEYS_AT_ONCE ? n - done : KEYS_AT_ONCE;
        if (read_some_vouchers(l, keys + done, some, err) < 0)
            return -1;
    }
    return 0;
}

int sql_list_publications(struct store *store, struct arena *a, int64_t project_id,
                          const struct publication_page *page, struct publication_list *out,
                          struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct list l = { .page = page, .out = out, .s = s, .a = a, .project_id = project_id };
    *out = (struct publication_list){ .n = 0 };
    int rc = list_reader_take(s, LIST_MAX_MS, &l.db, err);
    if (rc == 0 && (read_page(&l, err) < 0 || read_vouchers(&l, err) < 0 || count(&l, err) < 0))
        rc = -1;
    return list_reader_give(s, l.db, LIST_MAX_MS, rc, err);
}
