/* SPDX-License-Identifier: MIT */
/* validation_rules.c - the validation_rules table. Whom they are assigned to stands with those. */
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

static int read_rule(struct stmt *st, struct arena *a, struct validation_rule *r, struct err *err)
{
    *r = (struct validation_rule){ .key = column_int(st, 0),
                                   .body = column_str(st, 1),
                                   .created_ms = column_int(st, 2) };
    struct str *texts[] = { &r->body };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? row_check(st, err) : err_nomem(err);
}

/* 1: *r is it, 0: the project has none with this key. */
static int find(struct db *db, int64_t project_id, int64_t key, struct arena *a,
                struct validation_rule *r, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_RULE_BY_KEY, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, key);
    int got = db_step(db, st, err);
    if (got > 0 && read_rule(st, a, r, err) < 0)
        got = -1;
    stmt_reset(st);
    return got;
}

int validation_rule_exists(struct store_tx *tx, int64_t project_id, struct str id, bool *exists,
                           struct err *err)
{
    struct validation_rule r;
    int64_t key;
    *exists = false;
    if (!id_decode(&tx->store->base.secret, ID_VALIDATION_RULE, id, &key))
        return 0;
    const int got = find(tx->db, project_id, key, tx->scratch, &r, err);
    *exists = got > 0;
    return got < 0 ? -1 : 0;
}

static int create(struct store_tx *tx, struct rule_write *w, struct err *err)
{
    struct validation_rule *r = &w->rule;
    struct stmt *st = db_statement(tx->db, STATEMENT_RULE_INSERT, err);
    *r = *w->given;
    r->created_ms = time_now_ms();
    if (st == NULL || sequence_next_key(tx, w->project_id, "validation_rule", &r->key, err) < 0)
        return -1;
    bind_int(st, 1, r->key);
    bind_int(st, 2, w->project_id);
    bind_str(st, 3, r->body);
    bind_int(st, 4, r->created_ms);
    return db_run(tx->db, st, err);
}

int sql_tx_rule_write(struct store_tx *tx, struct rule_write *w, struct err *err)
{
    w->found = true;
    if (project_check(tx->db, w->project_id, err) < 0)
        return -1;
    if (w->given != NULL)
        return create(tx, w, err);
    struct stmt *st = db_statement(tx->db, STATEMENT_RULE_DELETE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, w->project_id);
    bind_int(st, 2, w->key);
    if (db_run(tx->db, st, err) < 0)
        return -1;
    w->found = db_changes(tx->db) > 0;
    return 0;
}

int sql_find_rule(struct store *store, struct arena *a, int64_t project_id, int64_t key,
                  struct validation_rule **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct validation_rule *r = arena_alloc(a, sizeof(*r));
    *out = NULL;
    if (r == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    const int got = find(db, project_id, key, a, r, err);
    reader_give(s, db);
    if (got > 0)
        *out = r;
    return got < 0 ? -1 : 0;
}

static int read_page(struct db *db, int64_t project_id, int64_t offset, size_t limit,
                     struct arena *a, struct validation_rule *out, size_t *n, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_RULES_PAGE, err);
    int got;
    if (st == NULL)
        return -1;
    bind_int(st, 1, key_base(project_id));
    bind_int(st, 2, key_base(project_id + 1));
    bind_int(st, 3, (int64_t)limit);
    bind_int(st, 4, offset);
    while ((got = db_step(db, st, err)) > 0 && read_rule(st, a, &out[*n], err) == 0)
        (*n)++;
    stmt_reset(st);
    return got == 0 ? 0 : -1;
}

static int count(struct db *db, int64_t project_id, int64_t *total, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_RULES_COUNT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, key_base(project_id));
    bind_int(st, 2, key_base(project_id + 1));
    const int got = db_step(db, st, err);
    *total = got > 0 ? column_int(st, 0) : 0;
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

int sql_list_rules(struct store *store, struct arena *a, int64_t project_id, int64_t offset,
                   size_t limit, struct validation_rule **out, size_t *n, int64_t *total,
                   struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    *out = arena_alloc(a, limit * sizeof(**out));
    *n = 0;
    if (*out == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    int rc = read_page(db, project_id, offset, limit, a, *out, n, err);
    if (rc == 0)
        rc = count(db, project_id, total, err);
    reader_give(s, db);
    return rc;
}
