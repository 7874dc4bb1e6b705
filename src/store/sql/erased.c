/* SPDX-License-Identifier: MIT */
/*
 * erased.c - vouchers and records that are gone, for as long as an earlier writer may still come.
 *
 * A row that is erased takes its version and its note with it (recent.c), so an import that was
 * accepted before, and has it in its file, would bring it back after its owner was told that it is
 * gone. While an earlier action is unfinished, erasing therefore leaves what the row was called by,
 * and the sequence number. Retention removes what nobody can ask for any more.
 *
 * A record is called by its key, and by its source id if it has one. That of a customer is mostly a
 * mail address or a number of somebody's, and who deletes a customer for good must not leave it
 * behind: the note has a hash of it, keyed with the secret of the store, so that nobody who has the
 * table alone can try addresses.
 */
#include "store/sql/records.h"

/* ---- vouchers ---- */

int erased_note(struct db *db, int64_t project_id, struct str code, int64_t seq, struct err *err)
{
    int64_t first_unfinished;
    if (queue_first_unfinished(db, project_id, QUEUE_VOUCHERS, -1, &first_unfinished, err) < 0)
        return -1;
    if (first_unfinished > seq)
        return 0;
    struct stmt *st = db_statement(db, STATEMENT_ERASED_PUT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, code);
    bind_int(st, 3, seq);
    return db_run(db, st, err);
}

int erased_any(struct db *db, int64_t project_id, bool *any, struct err *err)
{
    int64_t one;
    return db_number(db, STATEMENT_ERASED_ANY, project_id, any, &one, err);
}

/* Is there a row at all? */
static int is_there(struct db *db, struct stmt *st, bool *there, struct err *err)
{
    const int got = db_step(db, st, err);
    if (got < 0)
        return -1;
    *there = got > 0;
    stmt_reset(st);
    return 0;
}

int erased_after(struct db *db, int64_t project_id, struct str code, int64_t seq, bool *later,
                 struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_ERASED_AFTER, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, code);
    bind_int(st, 3, seq);
    return is_there(db, st, later, err);
}

/* ---- names of records ---- */

#define HASH_SHOWN 16 /* bytes of the hash: two of a project never meet by chance */

static int hashed_name(const struct id_secret *secret, int64_t project_id, struct str source_id,
                       struct arena *a, struct str *out, struct err *err)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char hash[ID_HASH_BYTES];
    struct id_digest d;
    char *text = arena_alloc(a, 1 + 2 * HASH_SHOWN);
    if (text == NULL)
        return err_nomem(err);
    id_digest_begin(&d);
    id_digest_add(&d, secret->key, ID_SECRET_BYTES);
    id_digest_add(&d, &project_id, sizeof(project_id));
    id_digest_add_text(&d, source_id);
    id_digest_end(&d, hash);
    text[0] = 'h';
    for (size_t i = 0; i < HASH_SHOWN; i++) {
        text[1 + 2 * i] = hex[hash[i] >> 4];
        text[2 + 2 * i] = hex[hash[i] & 15];
    }
    *out = (struct str){ text, 1 + 2 * HASH_SHOWN };
    return 0;
}

int erased_source_name(const struct id_secret *secret, int64_t project_id,
                       const struct record_table *t, struct str source_id, struct arena *a,
                       struct str *out, struct err *err)
{
    if (t->personal)
        return hashed_name(secret, project_id, source_id, a, out, err);
    char *text = arena_alloc(a, 1 + source_id.len);
    if (text == NULL)
        return err_nomem(err);
    text[0] = 's';
    if (source_id.len > 0)
        memcpy(text + 1, source_id.p, source_id.len);
    *out = (struct str){ text, 1 + source_id.len };
    return 0;
}

static int key_name(int64_t key, struct arena *a, struct str *out, struct err *err)
{
    const char *text = arena_printf(a, "k%lld", (long long)key);
    *out = str_of(text);
    return text == NULL ? err_nomem(err) : 0;
}

/* ---- noting ---- */

/* Orders bring customers, products and SKUs as well. */
static int may_come(struct db *db, int64_t project_id, enum action_queue queue, int64_t seq,
                    bool *may, struct err *err)
{
    int64_t own, orders;
    if (queue_first_unfinished(db, project_id, queue, -1, &own, err) < 0 ||
        queue_first_unfinished(db, project_id, QUEUE_ORDERS, -1, &orders, err) < 0)
        return -1;
    *may = own < seq || orders < seq;
    return 0;
}

static int put_name(struct db *db, int64_t project_id, const struct record_table *t,
                    struct str name, int64_t seq, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_ERASED_RECORD_PUT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, t->resource);
    bind_str(st, 3, name);
    bind_int(st, 4, seq);
    return db_run(db, st, err);
}

int erased_record_note(struct store_tx *tx, int64_t project_id, const struct record_table *t,
                       const struct record *r, int64_t seq, struct err *err)
{
    struct str name;
    bool may;
    if (may_come(tx->db, project_id, t->queue, seq, &may, err) < 0)
        return -1;
    if (!may)
        return 0;
    if (key_name(r->key, tx->scratch, &name, err) < 0 ||
        put_name(tx->db, project_id, t, name, seq, err) < 0)
        return -1;
    if (r->source_id.p == NULL)
        return 0;
    return erased_source_name(&tx->store->base.secret, project_id, t, r->source_id, tx->scratch,
                              &name, err) < 0
               ? -1
               : put_name(tx->db, project_id, t, name, seq, err);
}

int erased_skus_note(struct store_tx *tx, int64_t project_id, int64_t product, int64_t seq,
                     struct err *err)
{
    bool may;
    if (may_come(tx->db, project_id, QUEUE_PRODUCTS, seq, &may, err) < 0)
        return -1;
    if (!may)
        return 0;
    struct stmt *st = db_statement(tx->db, STATEMENT_ERASED_SKUS_PUT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, product);
    bind_int(st, 2, seq);
    return db_run(tx->db, st, err);
}

/* ---- asking ---- */

int erased_records_any(struct db *db, int64_t project_id, bool *any, struct err *err)
{
    int64_t one;
    return db_number(db, STATEMENT_ERASED_RECORDS_ANY, project_id, any, &one, err);
}

static int name_after(struct record_applier *ap, const struct record_table *t, struct str name,
                      bool *later, struct err *err)
{
    struct stmt *st = db_statement(ap->db, STATEMENT_ERASED_RECORD_AFTER, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, ap->project_id);
    bind_int(st, 2, t->resource);
    bind_str(st, 3, name);
    bind_int(st, 4, ap->seq);
    return is_there(ap->db, st, later, err);
}

static int key_after(struct record_applier *ap, const struct record_table *t, int64_t key,
                     bool *later, struct err *err)
{
    struct str name = { NULL, 0 };
    return key_name(key, ap->arena, &name, err) < 0 ? -1 : name_after(ap, t, name, later, err);
}

static int source_after(struct record_applier *ap, const struct record_table *t,
                        struct str source_id, bool *later, struct err *err)
{
    struct str name = { NULL, 0 };
    return erased_source_name(&ap->tx->store->base.secret, ap->project_id, t, source_id, ap->arena,
                              &name, err) < 0
               ? -1
               : name_after(ap, t, name, later, err);
}

/* 1: there is one with this key, so that its source id does not matter. */
static int lives(struct record_applier *ap, const struct record_table *t, int64_t key,
                 struct err *err)
{
    struct record *r = arena_alloc(ap->arena, t->bytes);
    if (r == NULL)
        return err_nomem(err);
    return record_by_key(ap->db, t, ap->project_id, key, ap->arena, r, err);
}

int erased_record_after(struct record_applier *ap, const struct record_table *t, struct str id,
                        struct str source_id, bool *later, struct err *err)
{
    int64_t key;
    *later = false;
    if (!ap->has_erased)
        return 0;
    if (id.p != NULL && id_decode(&ap->tx->store->base.secret, t->id, id, &key)) {
        if (key_after(ap, t, key, later, err) < 0)
            return -1;
        const int alive = *later ? 1 : lives(ap, t, key, err);
        if (alive != 0)
            return alive < 0 ? -1 : 0;
    }
    return source_id.p != NULL ? source_after(ap, t, source_id, later, err) : 0;
}

int erased_named_after(struct record_applier *ap, const struct record_table *t, struct str name,
                       bool *later, struct err *err)
{
    return erased_record_after(ap, t, name, name, later, err);
}
