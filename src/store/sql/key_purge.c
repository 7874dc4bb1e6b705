/* SPDX-License-Identifier: MIT */
/*
 * key_purge.c - takes a metadata key from all resources of a kind that a project has.
 *
 * Such an action has no input: a slice goes on behind the key that the one before has come to, by
 * ranges of keys, each one statement, as members.c does it. Who has written a resource later than
 * the purge was asked for keeps what they gave, and that may be this very key: those rows are
 * looked at one by one, by their notes (recent.c). So rows that are made meanwhile do no harm.
 */
#include "base/fault.h"
#include "domain/metadata.h"
#include "store/sql/records.h"

#define STEP_FIRST 2000
#define STEP_MOST  64000
#define STEP_LEAST 250
#define STEP_US    INT64_C(8000)
#define SLICE_ROWS 250000

/* In the checkpoint: it is at the SKUs, which go along with their products and are not counted. */
#define AT_SKUS (INT64_C(1) << 62)

struct purge;

/* What the kinds of resources differ in. */
struct purged_table {
    enum statement range, purge, with_key, later;
    /* A row of `later`. *changed: it has lost the key. */
    int (*purge_later)(struct purge *p, struct stmt *st, bool *changed, struct err *err);
    /* Not NULL: all of a step one by one, instead of `purge`. */
    int (*purge_step)(struct purge *p, int64_t *changed, struct err *err);
};

/* A slice on its way. */
struct purge {
    struct store_tx *tx;
    struct store_chunk *c;
    const struct purged_table *table;
    enum resource_type resource;
    struct str key;
    int64_t now_ms;
    int64_t low, high, end; /* the step: keys behind low, up to high; and the last there is */
    int64_t keys;           /* that a step has */
    bool last;              /* there is none behind it */
};

/* ---- rows that somebody has written later ---- */

/* {"key":null}, as one would give it. */
static int key_as_metadata(struct purge *p, struct arena *a, struct str *out, struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, 8 * MIB);
    json_object(&o);
    json_key_str(&o, p->key);
    json_null(&o);
    json_object_end(&o);
    return buf_keep(&b, a, out, err);
}

static int later_voucher(struct purge *p, struct stmt *st, bool *changed, struct err *err)
{
    struct arena *a = p->tx->scratch;
    struct voucher_applier ap = { .tx = p->tx,
                                  .db = p->tx->db,
                                  .arena = a,
                                  .project_id = p->c->project_id,
                                  .seq = p->c->action_seq,
                                  .now_ms = p->now_ms,
                                  .mode = APPLY_UPDATE_ONLY,
                                  .alone = true };
    struct voucher stored, change = { .set = VF_METADATA };
    if (voucher_read_row(st, &stored, err) < 0 || voucher_copy_texts(&stored, a, err) < 0 ||
        key_as_metadata(p, a, &change.metadata, err) < 0 || applier_begin(&ap, err) < 0 ||
        voucher_leaves(&stored, ap.seq, &change, a, changed, err) < 0)
        return -1;
    if (!*changed)
        return 0;
    const struct voucher before = stored;
    if (metadata_remove_key(&stored.metadata, p->key, a, err) < 0)
        return -1;
    return applier_keep(&ap, &before, &stored, &change, OUTCOME_UPDATED, err);
}

static int later_record(struct purge *p, struct stmt *st, bool *changed, struct err *err)
{
    struct arena *a = p->tx->scratch;
    struct record_applier ap = record_applier_of(p->tx, p->c);
    ap.table = record_table_of(p->resource);
    struct record *stored = arena_alloc(a, ap.table->bytes);
    struct noted noted = { .set = RECORD_METADATA, .metadata_bit = RECORD_METADATA };
    if (stored == NULL)
        return err_nomem(err);
    if (record_read_row(ap.table, st, stored, err) < 0 ||
        record_keep_texts(ap.table, stored, a, err) < 0 ||
        key_as_metadata(p, a, &noted.metadata, err) < 0 ||
        recent_leaves(stored->recent, ap.seq, &noted, a, changed, err) < 0)
        return -1;
    if (!*changed)
        return 0;
    stored->updated_ms = p->now_ms;
    if (metadata_remove_key(&stored->metadata, p->key, a, err) < 0)
        return -1;
    return record_update(&ap, stored, err); /* version and notes stay the later one's */
}

/* ---- campaigns: few, and their requests leave no notes ---- */

static int set_campaign(struct purge *p, int64_t id, struct str metadata, struct err *err)
{
    struct stmt *st = db_statement(p->tx->db, STATEMENT_CAMPAIGN_SET_METADATA, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, id);
    bind_str(st, 2, metadata);
    bind_int(st, 3, p->c->action_seq);
    bind_int(st, 4, p->now_ms);
    return db_run(p->tx->db, st, err);
}

static int purge_campaigns(struct purge *p, int64_t *changed, struct err *err)
{
    struct arena *a = p->tx->scratch;
    struct stmt *st = db_statement(p->tx->db, STATEMENT_CAMPAIGNS_METADATA, err);
    int got;
    *changed = 0;
    if (st == NULL)
        return -1;
    bind_int(st, 1, p->low);
    bind_int(st, 2, p->high);
    while ((got = db_step(p->tx->db, st, err)) > 0) {
        struct str metadata = column_str(st, 1);
        if (!metadata_has_key(metadata, p->key))
            continue;
        (*changed)++;
        if (p->c->dry_run)
            continue;
        arena_reset(a);
        if (metadata_remove_key(&metadata, p->key, a, err) < 0 ||
            set_campaign(p, column_int(st, 0), metadata, err) < 0) {
            got = -1;
            break;
        }
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

/* ---- a step ---- */

static const struct purged_table tables[RESOURCE_TYPES] = {
    [RESOURCE_VOUCHER] = { .range = STATEMENT_VOUCHERS_KEY_RANGE,
                           .purge = STATEMENT_VOUCHERS_PURGE_KEY,
                           .with_key = STATEMENT_VOUCHERS_WITH_KEY,
                           .later = STATEMENT_VOUCHERS_KEY_LATER,
                           .purge_later = later_voucher },
    [RESOURCE_CAMPAIGN] = { .range = STATEMENT_CAMPAIGNS_KEY_RANGE, .purge_step = purge_campaigns },
    [RESOURCE_PRODUCT] = { .range = STATEMENT_PRODUCTS_KEY_RANGE,
                           .purge = STATEMENT_PRODUCTS_PURGE_KEY,
                           .with_key = STATEMENT_PRODUCTS_WITH_KEY,
                           .later = STATEMENT_PRODUCTS_KEY_LATER,
                           .purge_later = later_record },
    [RESOURCE_SKU] = { .range = STATEMENT_SKUS_KEY_RANGE,
                       .purge = STATEMENT_SKUS_PURGE_KEY,
                       .with_key = STATEMENT_SKUS_WITH_KEY,
                       .later = STATEMENT_SKUS_KEY_LATER,
                       .purge_later = later_record },
    [RESOURCE_ORDER] = { .range = STATEMENT_ORDERS_KEY_RANGE,
                         .purge = STATEMENT_ORDERS_PURGE_KEY,
                         .with_key = STATEMENT_ORDERS_WITH_KEY,
                         .later = STATEMENT_ORDERS_KEY_LATER,
                         .purge_later = later_record },
    [RESOURCE_CUSTOMER] = { .range = STATEMENT_CUSTOMERS_KEY_RANGE,
                            .purge = STATEMENT_CUSTOMERS_PURGE_KEY,
                            .with_key = STATEMENT_CUSTOMERS_WITH_KEY,
                            .later = STATEMENT_CUSTOMERS_KEY_LATER,
                            .purge_later = later_record },
};

static struct stmt *step_statement(struct purge *p, enum statement which, struct err *err)
{
    struct stmt *st = db_statement(p->tx->db, which, err);
    if (st == NULL)
        return NULL;
    bind_int(st, 1, p->low);
    bind_int(st, 2, p->high);
    bind_str(st, 3, p->key);
    return st;
}

static int count_step(struct purge *p, int64_t *n, struct err *err)
{
    struct stmt *st = step_statement(p, p->table->with_key, err);
    if (st == NULL)
        return -1;
    const int got = db_step(p->tx->db, st, err);
    *n = got > 0 ? column_int(st, 0) : 0;
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

static int purge_all_later(struct purge *p, int64_t *changed, struct err *err)
{
    struct stmt *st = step_statement(p, p->table->later, err);
    int got;
    if (st == NULL)
        return -1;
    bind_int(st, 4, p->c->action_seq);
    while ((got = db_step(p->tx->db, st, err)) > 0) {
        bool lost = false;
        arena_reset(p->tx->scratch);
        if (p->table->purge_later(p, st, &lost, err) < 0) {
            got = -1;
            break;
        }
        *changed += lost;
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

static int purge_step(struct purge *p, int64_t *changed, struct err *err)
{
    if (p->table->purge_step != NULL)
        return p->table->purge_step(p, changed, err);
    if (p->c->dry_run)
        return count_step(p, changed, err);
    struct stmt *st = step_statement(p, p->table->purge, err);
    if (st == NULL)
        return -1;
    bind_int(st, 4, p->c->action_seq);
    bind_int(st, 5, p->now_ms);
    if (db_run(p->tx->db, st, err) < 0)
        return -1;
    *changed = db_changes(p->tx->db);
    /* All keys of the step: none is left that somebody wrote later. */
    return *changed == p->high - p->low ? 0 : purge_all_later(p, changed, err);
}

/* ---- a slice ---- */

/* Behind `low`: the first key that is there, and the last. */
static int look_ahead(struct purge *p, struct err *err)
{
    struct stmt *st = db_statement(p->tx->db, p->table->range, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, p->low);
    bind_int(st, 2, key_base(p->c->project_id + 1) - 1);
    const int got = db_step(p->tx->db, st, err);
    p->last = got > 0 && column_is_null(st, 0);
    if (got > 0 && !p->last) {
        p->low = column_int(st, 0) - 1;
        p->end = column_int(st, 1);
        p->c->input_bytes = p->end - key_base(p->c->project_id); /* for the progress */
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

static int take_step(struct purge *p, struct err *err)
{
    int64_t changed = 0;
    const int64_t from_us = time_monotonic_us();
    p->high = p->low + p->keys < p->end ? p->low + p->keys : p->end;
    p->last = p->high == p->end;
    if (purge_step(p, &changed, err) < 0)
        return -1;
    if (p->resource == p->c->resource) {
        p->c->adding[OUTCOME_UPDATED] += changed;
        p->c->n_rows += changed;
    }
    p->low = p->high;
    p->c->end = p->high | (p->resource == RESOURCE_SKU ? AT_SKUS : 0);
    const int64_t us = time_monotonic_us() - from_us;
    if (us < STEP_US / 2 && p->keys < STEP_MOST)
        p->keys *= 2;
    else if (us > STEP_US * 2 && p->keys > STEP_LEAST)
        p->keys /= 2;
    fault_point("members.step");
    return 0;
}

/* The definition goes with the last of the values, if it is still a removed one. */
static int finish(struct purge *p, struct err *err)
{
    struct metadata_schema_write w = { .project_id = p->c->project_id,
                                       .mode = METADATA_SCHEMA_REMOVE_KEY,
                                       .object_or_id = str_of(resource_schema(p->c->resource)),
                                       .removed_key = p->key,
                                       .arena = p->tx->scratch };
    p->c->end_status = ACTION_DONE;
    arena_reset(p->tx->scratch);
    return p->c->dry_run ? 0 : sql_tx_metadata_schema_write(p->tx, &w, err);
}

static int walk(struct purge *p, bool whole, int64_t from_us, struct err *err)
{
    struct sql_store *s = p->tx->store;
    if (p->low < key_base(p->c->project_id))
        p->low = key_base(p->c->project_id) - 1;
    if (look_ahead(p, err) < 0)
        return -1;
    bool enough = p->last;
    while (!enough) { /* one step at least, or nobody would ever come through */
        if (take_step(p, err) < 0)
            return -1;
        enough =
            p->last || p->c->n_rows >= SLICE_ROWS ||
            (!whole && s->backend->wants_room(s, (size_t)(p->keys), time_monotonic_us() - from_us));
    }
    if (p->last && p->resource == RESOURCE_PRODUCT)
        p->c->end = AT_SKUS;
    else if (p->last)
        return finish(p, err);
    return 0;
}

int key_purge_slice(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
                    struct err *err)
{
    const enum resource_type resource = (c->start & AT_SKUS) != 0 ? RESOURCE_SKU : c->resource;
    struct purge p = { .tx = tx,
                       .c = c,
                       .resource = resource,
                       .table = &tables[resource],
                       .key = c->members->key,
                       .now_ms = time_now_ms(),
                       .low = c->start & ~AT_SKUS,
                       .keys = STEP_FIRST };
    if (slice_open(tx, c, err) < 0)
        return -1;
    c->n_rows = 0; /* of a try before */
    c->end = c->start;
    if (c->end_status != ACTION_FAILED) {
        c->end_status = ACTION_IN_PROGRESS;
        if (walk(&p, whole, from_us, err) < 0)
            return -1;
    }
    return slice_put_checkpoint(tx, c, p.now_ms, err);
}
