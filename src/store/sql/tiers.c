/* SPDX-License-Identifier: MIT */
/* tiers.c - the promotion_tiers table. They come with their campaign, and go with it. */
#include "domain/tier.h"
#include "store/sql/sql_priv.h"

/* Numbered as TIER_COLUMNS. Texts are copied into the arena. */
static int read_tier(struct stmt *st, struct arena *a, struct tier *t, struct err *err)
{
    struct voucher *v = &t->terms;
    *t = (struct tier){ .key = column_int(st, 0),
                        .hierarchy = column_int(st, 2),
                        .name = column_str(st, 3),
                        .banner = column_str(st, 4) };
    voucher_init(v);
    v->campaign_id = column_int(st, 1);
    v->active = (int)column_int(st, 5) != 0;
    v->type = (uint8_t)(int)column_int(st, 6);
    v->discount_type = (uint8_t)(int)column_int(st, 7);
    v->effect = (uint8_t)(int)column_int(st, 8);
    if (!column_is_null(st, 9)) {
        v->value = column_num(st, 9);
        v->set |= VF_VALUE;
    }
    v->start_ms = column_time(st, 10);
    v->expiration_ms = column_time(st, 11);
    v->category = column_str(st, 12);
    v->category_id = column_int(st, 13);
    v->validity = column_str(st, 14);
    v->discount_extra = column_str(st, 15);
    v->rule = column_str(st, 16);
    v->metadata = column_str(st, 17);
    v->created_ms = column_int(st, 18);
    struct str *texts[] = { &t->name,     &t->banner,         &v->category, &v->validity,
                            &v->metadata, &v->discount_extra, &v->rule };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? row_check(st, err) : err_nomem(err);
}

/* ---- writing ---- */

static int insert(struct db *db, int64_t project_id, const struct tier *t, struct err *err)
{
    const struct voucher *v = &t->terms;
    struct stmt *st = db_statement(db, STATEMENT_TIER_INSERT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, t->key);
    bind_int(st, 3, v->campaign_id);
    bind_int(st, 4, t->hierarchy);
    bind_str(st, 5, t->name);
    bind_str(st, 6, t->banner);
    bind_int(st, 7, v->active);
    bind_int(st, 8, v->type);
    bind_int(st, 9, v->discount_type);
    bind_int(st, 10, v->effect);
    bind_num_or_null(st, 11, v->value, (v->set & VF_VALUE) == 0);
    bind_time(st, 12, v->start_ms);
    bind_time(st, 13, v->expiration_ms);
    bind_str(st, 14, v->category);
    bind_int_or_null(st, 15, v->category_id, v->category_id == 0);
    bind_str(st, 16, v->validity);
    bind_str(st, 17, v->discount_extra);
    bind_str(st, 18, v->rule);
    bind_str(st, 19, v->metadata);
    bind_int(st, 20, v->created_ms);
    return db_run(db, st, err);
}

int tiers_insert(struct store_tx *tx, int64_t project_id, const struct campaign *c, struct err *err)
{
    for (size_t i = 0; i < c->n_tiers; i++) {
        struct tier t = c->tiers[i]; /* a unit may run again */
        t.terms.campaign_id = c->key;
        t.terms.created_ms = c->created_ms;
        if (category_link(tx->db, project_id, &t.terms, err) < 0 ||
            sequence_next_key(tx, project_id, "tier", &t.key, err) < 0 ||
            insert(tx->db, project_id, &t, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- reading ---- */

int sql_find_tier(struct store *store, struct arena *a, int64_t project_id, int64_t key,
                  struct tier **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct tier *t = arena_alloc(a, sizeof(*t));
    int got = -1;
    *out = NULL;
    if (t == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    struct stmt *st = db_statement(db, STATEMENT_TIER_BY_KEY, err);
    if (st != NULL) {
        bind_int(st, 1, project_id);
        bind_int(st, 2, key);
        got = db_step(db, st, err);
        if (got > 0 && read_tier(st, a, t, err) < 0)
            got = -1;
        stmt_reset(st);
    }
    reader_give(s, db);
    if (got > 0)
        *out = t;
    return got < 0 ? -1 : 0;
}

static int read_page(struct db *db, struct arena *a, int64_t campaign, int64_t offset, size_t limit,
                     struct tier *out, size_t *n, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_TIERS_OF_CAMPAIGN, err);
    int got;
    if (st == NULL)
        return -1;
    bind_int(st, 1, campaign);
    bind_int(st, 2, (int64_t)limit);
    bind_int(st, 3, offset);
    while ((got = db_step(db, st, err)) > 0 && read_tier(st, a, &out[*n], err) == 0)
        (*n)++;
    stmt_reset(st);
    return got == 0 ? 0 : -1;
}

static int count(struct db *db, int64_t campaign, int64_t *total, struct err *err)
{
    bool found;
    return db_number(db, STATEMENT_TIERS_COUNT, campaign, &found, total, err);
}

int sql_list_tiers(struct store *store, struct arena *a, const struct campaign *c, int64_t offset,
                   size_t limit, struct tier **out, size_t *n, int64_t *total, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    *out = arena_alloc(a, limit * sizeof(**out));
    *n = 0;
    if (*out == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    int rc = read_page(db, a, c->key, offset, limit, *out, n, err);
    if (rc == 0)
        rc = count(db, c->key, total, err);
    reader_give(s, db);
    return rc;
}
