/* SPDX-License-Identifier: MIT */
/*
 * bin.c - what was deleted without force.
 *
 * An entry names a resource that is hidden but still there, so that its key stays taken. Erasing
 * the entry erases the resource; nothing else leads out of the bin.
 */
#include <assert.h>

#include "base/time_iso.h"
#include "domain/bin.h"
#include "store/sql/filter_sql.h"
#include "store/sql/records.h"

#define LIST_MAX_MS 5000 /* a filter may refuse entries for so long */

const char *resource_name(enum resource_type resource)
{
    static const char *const names[RESOURCE_TYPES] = {
        [RESOURCE_VOUCHER] = "voucher",   [RESOURCE_CAMPAIGN] = "campaign",
        [RESOURCE_PRODUCT] = "product",   [RESOURCE_SKU] = "sku",
        [RESOURCE_CUSTOMER] = "customer", [RESOURCE_ORDER] = "order",
    };
    return (size_t)resource < ARRAY_LEN(names) ? names[resource] : NULL;
}

/* ---- into the bin, and out of it ---- */

int bin_insert(struct store_tx *tx, int64_t project_id, enum resource_type type, int64_t key,
               struct str name, int64_t parent, int64_t now_ms, struct err *err)
{
    struct db *db = tx->db;
    int64_t entry_key;
    struct stmt *st = db_statement(db, STATEMENT_BIN_INSERT, err);
    if (st == NULL || sequence_next_key(tx, project_id, "bin", &entry_key, err) < 0)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, entry_key);
    bind_int(st, 3, type);
    bind_int(st, 4, key);
    bind_str(st, 5, name);
    if (parent != 0)
        bind_int(st, 6, parent);
    else
        bind_null(st, 6);
    bind_int(st, 7, now_ms);
    return db_run(db, st, err);
}

static int run_with_key(struct db *db, enum statement which, int64_t key, struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, key);
    return db_run(db, st, err);
}

/* No counter knows a voucher in the bin. */
static int erase_voucher(struct store_tx *tx, int64_t project_id, const struct bin_entry *e,
                         struct err *err)
{
    struct db *db = tx->db;
    int64_t seq;
    if (tx_next_seq(tx, &seq, err) < 0 || lock_project(tx, project_id, true, err) < 0)
        return -1;
    return voucher_erase(db, project_id, e->resource_key, e->resource_name, seq, err);
}

static int erase_record(struct store_tx *tx, int64_t project_id, const struct bin_entry *e,
                        struct err *err)
{
    int64_t seq;
    if (tx_next_seq(tx, &seq, err) < 0 || lock_project(tx, project_id, true, err) < 0)
        return -1;
    return record_erase(tx, e->resource_type, project_id, e->resource_key, seq, err);
}

static int (*const erasers[])(struct store_tx *tx, int64_t project_id, const struct bin_entry *e,
                              struct err *err) = {
    [RESOURCE_VOUCHER] = erase_voucher,
    [RESOURCE_PRODUCT] = erase_record,
    [RESOURCE_SKU] = erase_record,
};

/* ---- reading ---- */

/* Numbered as BIN_COLUMNS. The name is copied into the arena. */
static int read_entry(struct stmt *st, struct arena *a, struct bin_entry *e, struct err *err)
{
    *e = (struct bin_entry){
        .key = column_int(st, 0),
        .resource_type = (enum resource_type)(int)column_int(st, 1),
        .resource_key = column_int(st, 2),
        .resource_name = column_str(st, 3),
        .parent_key = column_int(st, 4),
        .created_ms = column_int(st, 5),
    };
    struct str *texts[] = { &e->resource_name };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? row_check(st, err) : err_nomem(err);
}

/* 1: *e is the entry; 0: the project has no such entry. */
static int find(struct db *db, struct arena *a, int64_t project_id, int64_t key,
                struct bin_entry *e, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_BIN_BY_KEY, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, key);
    int got = db_step(db, st, err);
    if (got > 0 && read_entry(st, a, e, err) < 0)
        got = -1;
    stmt_reset(st);
    return got;
}

int sql_tx_bin_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                     int64_t *campaign, struct err *err)
{
    struct db *db = tx->db;
    struct bin_entry e;
    arena_reset(tx->scratch);
    const int got = find(db, tx->scratch, project_id, key, &e, err);
    *found = got > 0;
    *campaign = 0;
    if (got <= 0)
        return got;
    if (e.resource_type == RESOURCE_CAMPAIGN) {
        *campaign = e.resource_key;
        return 0;
    }
    if ((size_t)e.resource_type >= ARRAY_LEN(erasers) || erasers[e.resource_type] == NULL)
        return err_set(err, ERR_STORE, "the bin holds a resource of type %d, which is not known",
                       (int)e.resource_type);
    if (erasers[e.resource_type](tx, project_id, &e, err) < 0)
        return -1;
    return run_with_key(db, STATEMENT_BIN_DELETE, key, err);
}

int sql_find_bin_entry(struct store *store, struct arena *a, int64_t project_id, int64_t key,
                       struct bin_entry **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct bin_entry *e = arena_alloc(a, sizeof(*e));
    *out = NULL;
    if (e == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    const int got = find(db, a, project_id, key, e, err);
    reader_give(s, db);
    if (got > 0)
        *out = e;
    return got < 0 ? -1 : 0;
}

/* ---- list ---- */

/* One call. */
struct list {
    struct sql_store *s;
    struct db *db;
    struct arena *a;
    size_t limit;

    struct bin_entry *rows;
    size_t n;
    bool more;
};

/* An id tells by itself of what kind it is. */
static bool put_resource_id(struct sql *q, const struct filter_condition *c, enum filter_op op,
                            int64_t now_ms)
{
    static const struct {
        const char *sql;
        enum id_kind kind;
    } kinds[] = {
        { "((resource_type = 1 AND resource_key IN ", ID_VOUCHER },
        { ") OR (resource_type = 2 AND resource_key IN ", ID_CAMPAIGN },
        { ") OR (resource_type = 3 AND resource_key IN ", ID_PRODUCT },
        { ") OR (resource_type = 4 AND resource_key IN ", ID_SKU },
    };
    (void)now_ms;
    if (op != FILTER_IS && op != FILTER_IN)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        sql_put(q, kinds[i].sql);
        sql_keys(q, c, kinds[i].kind);
    }
    sql_put(q, "))");
    return true;
}

static const struct filter_column columns[BFILTER_COUNT] = {
    [BFILTER_ID] = { "id", ID_BIN_ENTRY, NULL },
    [BFILTER_RESOURCE_TYPE] = { "CASE resource_type WHEN 1 THEN 'voucher' WHEN 2 THEN 'campaign' "
                                "WHEN 3 THEN 'product' WHEN 4 THEN 'sku' END",
                                ID_KIND_COUNT, NULL },
    [BFILTER_RESOURCE_NAME] = { "resource_name", ID_KIND_COUNT, NULL },
    [BFILTER_RESOURCE_ID] = { .sql = "resource_key",
                              .id_kind = ID_KIND_COUNT,
                              .put = put_resource_id },
};
static_assert(RESOURCE_VOUCHER == 1 && RESOURCE_CAMPAIGN == 2 && RESOURCE_PRODUCT == 3 &&
                  RESOURCE_SKU == 4,
              "as the columns have it");

static int read_rows(struct list *l, struct stmt *st, struct err *err)
{
    int got;
    while ((got = db_step(l->db, st, err)) > 0) {
        l->more = l->n == l->limit;
        if (l->more)
            break;
        if (read_entry(st, l->a, &l->rows[l->n], err) < 0)
            return -1;
        l->n++;
    }
    return got < 0 ? -1 : 0;
}

static int read_page(struct list *l, int64_t project_id, int64_t after_key, bool newest_first,
                     const struct filter *filter, struct err *err)
{
    struct sql q;
    int rc = -1;
    int64_t low = key_base(project_id), high = key_base(project_id + 1);
    if (after_key > low && after_key < high) /* a cursor of another project is none */
        *(newest_first ? &high : &low) = after_key;
    sql_init(&q, l->s, l->db, l->a, project_id);
    sql_put(&q, "SELECT " BIN_COLUMNS " FROM bin WHERE id > ");
    sql_int(&q, low);
    sql_put(&q, " AND id < ");
    sql_int(&q, high);
    sql_put(&q, " AND " BIN_SHOWN);
    sql_and_filter(&q, filter, columns);
    sql_put(&q, newest_first ? " ORDER BY id DESC LIMIT " : " ORDER BY id LIMIT ");
    sql_int(&q, (int64_t)l->limit + 1);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        rc = read_rows(l, st, err);
        sql_done(st);
    }
    sql_release(&q);
    return rc;
}

int sql_list_bin(struct store *store, struct arena *a, int64_t project_id, int64_t after_key,
                 bool newest_first, const struct filter *filter, size_t limit,
                 struct bin_entry **out, size_t *n, bool *more, struct err *err)
{
    struct list l = { .s = sql_store_of(store), .a = a, .limit = limit };
    *out = l.rows = arena_alloc(a, limit * sizeof(*l.rows));
    if (l.rows == NULL)
        return err_nomem(err);
    int rc = list_reader_take(l.s, LIST_MAX_MS, &l.db, err);
    if (rc == 0)
        rc = read_page(&l, project_id, after_key, newest_first, filter, err);
    rc = list_reader_give(l.s, l.db, LIST_MAX_MS, rc, err);
    *n = l.n;
    *more = l.more;
    return rc;
}
