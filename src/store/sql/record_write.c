/* SPDX-License-Identifier: MIT */
/* record_write.c - one record at a time: a request is a writer like an action, with a number of its
 * own. */
#include "base/time_iso.h"
#include "domain/sku.h"
#include "store/sql/records.h"

int record_writer(struct record_applier *ap, const struct record_table *t, struct store_tx *tx,
                  int64_t project_id, struct arena *a, struct err *err)
{
    *ap = (struct record_applier){ .table = t,
                                   .tx = tx,
                                   .db = tx->db,
                                   .arena = a,
                                   .project_id = project_id,
                                   .now_ms = time_now_ms() };
    return tx_next_seq(tx, &ap->seq, err) < 0 ? -1 : record_begin(ap, err);
}

/* What the client is told of a row that fails. */
static const enum err_code codes[FAILURE_KIND_COUNT] = {
    [FAILURE_INVALID] = ERR_INVALID_PAYLOAD, [FAILURE_NOT_FOUND] = ERR_NOT_FOUND,
    [FAILURE_DUPLICATE] = ERR_DUPLICATE,     [FAILURE_METADATA] = ERR_METADATA,
    [FAILURE_REFUSED] = ERR_INVALID_PAYLOAD, [FAILURE_IN_USE] = ERR_IN_USE,
};

static int tell(const struct applied *applied, struct err *err)
{
    return applied->outcome != OUTCOME_FAILED
               ? 0
               : err_set(err, codes[applied->kind], "%.*s", STR_FMT(applied->reason));
}

static int change(struct record_applier *ap, struct record *r, const struct record *given,
                  struct metadata_gate *gate, struct err *err)
{
    struct applied applied;
    bool write;
    if (metadata_gate_check(gate, given->metadata, METADATA_CHANGE, ap->arena, err) < 0 ||
        record_change(ap, r, given, &applied, &write, err) < 0 || tell(&applied, err) < 0)
        return -1;
    return write ? record_update(ap, r, err) : 0;
}

/* A copy of what is given, with what it refers to. NULL: see err. */
static struct record *resolve(struct record_applier *ap, const struct record *given,
                              struct err *err)
{
    struct applied applied = { 0 };
    struct record *copy = arena_alloc(ap->arena, ap->table->bytes);
    if (copy == NULL) {
        err_nomem(err);
        return NULL;
    }
    memcpy(copy, given, ap->table->bytes);
    if (ap->table->resolve != NULL &&
        (ap->table->resolve(ap, copy, &applied, err) < 0 || tell(&applied, err) < 0))
        return NULL;
    return copy;
}

/* A known id or source id is the one that there is, and the id wins: reference 8.3. */
static int find_meant(struct record_applier *ap, const struct record *given, struct record *r,
                      struct err *err)
{
    int got = 0;
    if (given->id.p != NULL)
        got = record_find(ap->db, &ap->tx->store->base.secret, ap->table, ap->project_id, given->id,
                          ap->arena, r, err);
    if (got == 0 && given->source_id.p != NULL)
        got = record_by_source(ap->db, ap->table, ap->project_id, given->source_id, ap->arena, r,
                               err);
    return got;
}

int record_save(struct record_applier *ap, const struct record *given, struct metadata_gate *gate,
                struct record *r, struct err *err)
{
    const struct sql_backend *backend = ap->tx->store->backend;
    bool exists;
    if (backend->fits != NULL && !backend->fits(given->metadata))
        return err_set(err, ERR_INVALID_PAYLOAD, METADATA_UNFIT);
    struct record *copy = resolve(ap, given, err);
    if (copy == NULL)
        return -1;
    for (int tries = 0; tries < 2; tries++) { /* somebody may be faster */
        const int got = find_meant(ap, copy, r, err);
        if (got != 0)
            return got < 0 ? -1 : change(ap, r, copy, gate, err);
        memcpy(r, copy, ap->table->bytes);
        if (metadata_gate_check(gate, copy->metadata, METADATA_CREATE, ap->arena, err) < 0 ||
            record_insert(ap, r, &exists, err) < 0)
            return -1;
        if (!exists)
            return record_end(ap, err);
    }
    return err_set(err, ERR_STORE, "a %s is neither there nor can it be inserted", ap->table->one);
}

/* ---- the end of one ---- */

static int run_with_key(struct db *db, enum statement which, int64_t key, struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, key);
    return db_run(db, st, err);
}

/* What an earlier action may call it by. */
static int note_erased(struct store_tx *tx, enum resource_type resource, int64_t project_id,
                       int64_t key, int64_t seq, struct err *err)
{
    const struct record_table *t = record_table_of(resource);
    struct record *r = arena_alloc(tx->scratch, t->bytes);
    if (r == NULL)
        return err_nomem(err);
    const int got = record_by_key(tx->db, t, project_id, key, tx->scratch, r, err);
    return got > 0 ? erased_record_note(tx, project_id, t, r, seq, err) : got;
}

int record_erase(struct store_tx *tx, enum resource_type resource, int64_t project_id, int64_t key,
                 int64_t seq, struct err *err)
{
    static const enum statement deletes[RESOURCE_TYPES] = {
        [RESOURCE_PRODUCT] = STATEMENT_PRODUCT_DELETE,
        [RESOURCE_SKU] = STATEMENT_SKU_DELETE,
        [RESOURCE_CUSTOMER] = STATEMENT_CUSTOMER_DELETE,
    };
    if (note_erased(tx, resource, project_id, key, seq, err) < 0)
        return -1;
    if (resource == RESOURCE_CUSTOMER &&
        run_with_key(tx->db, STATEMENT_VOUCHERS_UNHOLD, key, err) < 0)
        return -1;
    if (resource == RESOURCE_PRODUCT && skus_follow(tx, project_id, key, TIME_NONE, seq, err) < 0)
        return -1;
    return run_with_key(tx->db, deletes[resource], key, err);
}

/* A product's name, or whatever it is known by; id[] is room for the last of that. */
static struct str name_of(const struct record_applier *ap, const struct record *r,
                          char id[ID_MAX_LEN])
{
    const struct record_table *t = ap->table;
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct record_column *c = &t->columns[i];
        if (t->name_column != NULL && str_is(str_of(t->name_column), c->name) &&
            record_text(r, c)->p != NULL)
            return *record_text(r, c);
    }
    if (r->source_id.p != NULL)
        return r->source_id;
    id_encode(&ap->tx->store->base.secret, t->id, r->key, id);
    return str_of(id);
}

static int to_bin(struct record_applier *ap, enum resource_type resource, struct record *r,
                  struct err *err)
{
    const struct record_table *t = ap->table;
    char id[ID_MAX_LEN];
    int64_t parent = 0;
    r->binned_ms = ap->now_ms;
    r->version = ap->seq;
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->columns[i].kind == RECORD_INT)
            parent = *record_number(r, &t->columns[i]);
    if (record_update(ap, r, err) < 0 ||
        bin_insert(ap->tx, ap->project_id, resource, r->key, name_of(ap, r, id), parent, ap->now_ms,
                   err) < 0)
        return -1;
    return resource == RESOURCE_PRODUCT
               ? skus_follow(ap->tx, ap->project_id, r->key, ap->now_ms, ap->seq, err)
               : 0;
}

int sql_tx_record_write(struct store_tx *tx, struct record_write *w, struct err *err)
{
    const struct record_table *t = record_table_of(w->resource);
    struct record_applier ap;
    w->found = true;
    arena_reset(tx->scratch);
    if (project_check(tx->db, w->project_id, err) < 0 ||
        record_writer(&ap, t, tx, w->project_id, w->arena, err) < 0)
        return -1;
    if ((w->mode == RECORD_TO_BIN || w->mode == RECORD_ERASE) &&
        lock_project(tx, w->project_id, true, err) < 0)
        return -1;
    if (w->mode == RECORD_SAVE)
        return record_save(&ap, w->given, &w->gate, w->record, err);
    const int got = record_find(tx->db, &tx->store->base.secret, t, w->project_id, w->id_or_source,
                                w->arena, w->record, err);
    w->found =
        got > 0 && (w->parent_key == 0 ||
                    ((const struct sku *)(const void *)w->record)->product_key == w->parent_key);
    if (got < 0 || !w->found)
        return got < 0 ? -1 : 0;
    if (w->mode == RECORD_CHANGE) {
        const struct record *given = resolve(&ap, w->given, err);
        return given == NULL ? -1 : change(&ap, w->record, given, &w->gate, err);
    }
    const int rc = w->mode == RECORD_TO_BIN && t->in_bin
                       ? to_bin(&ap, w->resource, w->record, err)
                       : record_erase(tx, w->resource, w->project_id, w->record->key, ap.seq, err);
    return rc < 0 ? -1 : totals_add(tx->db, w->project_id, str_of(t->one), -1, err);
}

int sql_find_record(struct store *store, struct arena *a, int64_t project_id,
                    enum resource_type resource, struct str id_or_source, struct record **out,
                    struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    const struct record_table *t = record_table_of(resource);
    struct record *r = arena_alloc(a, t->bytes);
    *out = NULL;
    if (r == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    const int got = record_find(db, &s->base.secret, t, project_id, id_or_source, a, r, err);
    reader_give(s, db);
    if (got > 0)
        *out = r;
    return got < 0 ? -1 : 0;
}
