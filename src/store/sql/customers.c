/* SPDX-License-Identifier: MIT */
/* customers.c - one customer at a time; as records they are kept by records.c. */
#include "base/time_iso.h"
#include "domain/customer.h"
#include "store/sql/records.h"

static const struct record_table *customers(void)
{
    return record_table_of(RESOURCE_CUSTOMER);
}

int customer_find(struct db *db, const struct id_secret *secret, int64_t project_id,
                  struct str id_or_source, struct arena *a, struct customer *c, struct err *err)
{
    return record_find(db, secret, customers(), project_id, id_or_source, a, &c->record, err);
}

int sql_find_customer(struct store *store, struct arena *a, int64_t project_id,
                      struct str id_or_source, struct customer **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct customer *c = arena_alloc(a, sizeof(*c));
    *out = NULL;
    if (c == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    const int got = customer_find(db, &s->base.secret, project_id, id_or_source, a, c, err);
    reader_give(s, db);
    if (got > 0)
        *out = c;
    return got < 0 ? -1 : 0;
}

/* ---- writing ---- */

/* A request is a writer like an action, with a number of its own. */
static int begin(struct record_applier *ap, struct store_tx *tx, int64_t project_id,
                 struct arena *a, struct err *err)
{
    *ap = (struct record_applier){ .table = customers(),
                                   .tx = tx,
                                   .db = tx->db,
                                   .arena = a,
                                   .project_id = project_id,
                                   .now_ms = time_now_ms(),
                                   .mode = APPLY_UPSERT };
    return tx_next_seq(tx, &ap->seq, err) < 0 ? -1 : record_begin(ap, err);
}

static int change(struct record_applier *ap, struct customer *c, const struct customer *given,
                  struct err *err)
{
    struct applied applied;
    bool write;
    if (record_change(ap, &c->record, &given->record, &applied, &write, err) < 0)
        return -1;
    if (applied.outcome == OUTCOME_FAILED)
        return err_set(err, ERR_INVALID_PAYLOAD, "%.*s", STR_FMT(applied.reason));
    return write ? record_update(ap, &c->record, err) : 0;
}

/* Reference 4.4: a known id or source id is the customer that there is, and the id wins. */
static int find_meant(struct store_tx *tx, int64_t project_id, const struct customer *given,
                      struct arena *a, struct customer *c, struct err *err)
{
    const struct id_secret *secret = &tx->store->base.secret;
    int got = 0;
    if (given->id.p != NULL)
        got = customer_find(tx->db, secret, project_id, given->id, a, c, err);
    if (got == 0 && given->source_id.p != NULL)
        got =
            record_by_source(tx->db, customers(), project_id, given->source_id, a, &c->record, err);
    return got;
}

int customer_save(struct store_tx *tx, int64_t project_id, const struct customer *given,
                  struct arena *a, struct customer *c, struct err *err)
{
    struct record_applier ap;
    bool exists;
    if (begin(&ap, tx, project_id, a, err) < 0)
        return -1;
    for (int tries = 0; tries < 2; tries++) { /* somebody may be faster */
        const int got = find_meant(tx, project_id, given, a, c, err);
        if (got != 0)
            return got < 0 ? -1 : change(&ap, c, given, err);
        *c = *given;
        if (record_insert(&ap, &c->record, &exists, err) < 0)
            return -1;
        if (!exists)
            return record_end(&ap, err);
    }
    return err_set(err, ERR_STORE, "a customer is neither there nor can it be inserted");
}

static int erase(struct store_tx *tx, int64_t project_id, int64_t key, struct err *err)
{
    static const enum statement statements[] = { STATEMENT_VOUCHERS_UNHOLD,
                                                 STATEMENT_CUSTOMER_DELETE };
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        struct stmt *st = db_statement(tx->db, statements[i], err);
        if (st == NULL)
            return -1;
        bind_int(st, 1, key);
        if (db_run(tx->db, st, err) < 0)
            return -1;
    }
    return totals_add(tx->db, project_id, STR("customer"), -1, err);
}

int sql_tx_customer_write(struct store_tx *tx, struct customer_write *w, struct err *err)
{
    struct customer *c = &w->customer;
    struct record_applier ap;
    w->found = true;
    if (project_check(tx->db, w->project_id, err) < 0)
        return -1;
    if (w->mode == CUSTOMER_SAVE)
        return customer_save(tx, w->project_id, w->given, w->arena, c, err);
    const int got = customer_find(tx->db, &tx->store->base.secret, w->project_id, w->id_or_source,
                                  w->arena, c, err);
    w->found = got > 0;
    if (got <= 0)
        return got;
    if (w->mode == CUSTOMER_ERASE)
        return erase(tx, w->project_id, c->key, err);
    return begin(&ap, tx, w->project_id, w->arena, err) < 0 ? -1 : change(&ap, c, w->given, err);
}
