/* SPDX-License-Identifier: MIT */
/* customers.c - the customers table: small rows, read, changed in memory and written whole. */
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

/* Numbered as CUSTOMER_COLUMNS. Texts are copied into the arena. */
static int read_customer(struct stmt *st, struct arena *a, struct customer *c, struct err *err)
{
    *c = (struct customer){ .key = column_int(st, 0),
                            .version = column_int(st, 1),
                            .source_id = column_str(st, 2),
                            .name = column_str(st, 3),
                            .description = column_str(st, 4),
                            .email = column_str(st, 5),
                            .phone = column_str(st, 6),
                            .birthdate = column_str(st, 7),
                            .birthday = column_str(st, 8),
                            .address = column_str(st, 9),
                            .metadata = column_str(st, 10),
                            .created_ms = column_int(st, 11),
                            .updated_ms = column_time(st, 12) };
    struct str *texts[] = { &c->source_id, &c->name,     &c->description, &c->email,   &c->phone,
                            &c->birthdate, &c->birthday, &c->address,     &c->metadata };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? row_check(st, err) : err_nomem(err);
}

/* Numbered the same, from 2 on. */
static void bind_customer(struct stmt *st, const struct customer *c)
{
    bind_int(st, 3, c->version);
    bind_str(st, 4, c->source_id);
    bind_str(st, 5, c->name);
    bind_str(st, 6, c->description);
    bind_str(st, 7, c->email);
    bind_str(st, 8, c->phone);
    bind_str(st, 9, c->birthdate);
    bind_str(st, 10, c->birthday);
    bind_str(st, 11, c->address);
    bind_str(st, 12, c->metadata);
    bind_int(st, 13, c->created_ms);
    bind_time(st, 14, c->updated_ms);
}

/* ---- finding ---- */

/* 1: *c is it, 0: there is none. */
static int find_by(struct db *db, enum statement which, int64_t project_id, int64_t key,
                   struct str source_id, struct arena *a, struct customer *c, struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    if (which == STATEMENT_CUSTOMER_BY_KEY)
        bind_int(st, 2, key);
    else
        bind_str(st, 2, source_id);
    int got = db_step(db, st, err);
    if (got > 0 && read_customer(st, a, c, err) < 0)
        got = -1;
    stmt_reset(st);
    return got;
}

int customer_find(struct db *db, const struct id_secret *secret, int64_t project_id,
                  struct str id_or_source, struct arena *a, struct customer *c, struct err *err)
{
    const struct str none = { NULL, 0 };
    int64_t key;
    if (id_decode(secret, ID_CUSTOMER, id_or_source, &key)) {
        const int got = find_by(db, STATEMENT_CUSTOMER_BY_KEY, project_id, key, none, a, c, err);
        if (got != 0)
            return got;
    }
    return find_by(db, STATEMENT_CUSTOMER_BY_SOURCE, project_id, 0, id_or_source, a, c, err);
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

static int insert(struct store_tx *tx, int64_t project_id, struct customer *c, int64_t now_ms,
                  struct err *err)
{
    struct stmt *st = db_statement(tx->db, STATEMENT_CUSTOMER_INSERT, err);
    if (st == NULL || tx_next_seq(tx, &c->version, err) < 0 ||
        sequence_next_key(tx, project_id, "customer", &c->key, err) < 0)
        return -1;
    c->created_ms = now_ms;
    c->updated_ms = TIME_NONE;
    bind_int(st, 1, project_id);
    bind_int(st, 2, c->key);
    bind_customer(st, c);
    return db_run(tx->db, st, err);
}

static int change(struct store_tx *tx, struct customer *c, const struct customer *given,
                  struct arena *a, int64_t now_ms, struct err *err)
{
    bool changed;
    if (customer_merge(c, given, a, &changed, err) < 0)
        return -1;
    if (!changed)
        return 0;
    struct stmt *st = db_statement(tx->db, STATEMENT_CUSTOMER_UPDATE, err);
    if (st == NULL || tx_next_seq(tx, &c->version, err) < 0)
        return -1;
    c->updated_ms = now_ms;
    bind_int(st, 2, c->key);
    bind_customer(st, c);
    return db_run(tx->db, st, err);
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
        got = find_by(tx->db, STATEMENT_CUSTOMER_BY_SOURCE, project_id, 0, given->source_id, a, c,
                      err);
    return got;
}

int customer_save(struct store_tx *tx, int64_t project_id, const struct customer *given,
                  struct arena *a, struct customer *c, struct err *err)
{
    const int64_t now_ms = time_now_ms();
    const int got = find_meant(tx, project_id, given, a, c, err);
    if (got < 0)
        return -1;
    if (got > 0)
        return change(tx, c, given, a, now_ms, err);
    *c = *given;
    return insert(tx, project_id, c, now_ms, err);
}

static int erase(struct store_tx *tx, int64_t key, struct err *err)
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
    return 0;
}

int sql_tx_customer_write(struct store_tx *tx, struct customer_write *w, struct err *err)
{
    struct customer *c = &w->customer;
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
    return w->mode == CUSTOMER_ERASE ? erase(tx, c->key, err)
                                     : change(tx, c, w->given, w->arena, time_now_ms(), err);
}
