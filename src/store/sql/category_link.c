/* SPDX-License-Identifier: MIT */
/* category_link.c - the name of a category, as a row gives it, to the category itself. */
#include "store/sql/sql_priv.h"

/* 1: found, and *key is it; 0: there is none; -1. */
static int find(struct db *db, struct stmt *st, int64_t *key, struct err *err)
{
    if (st == NULL)
        return -1;
    const int got = db_step(db, st, err);
    if (got > 0)
        *key = column_int(st, 0);
    stmt_reset(st);
    return got;
}

static int find_by_key(struct db *db, int64_t project_id, int64_t *key, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_BY_KEY, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, *key);
    return find(db, st, key, err);
}

static int find_by_name(struct db *db, int64_t project_id, struct str name, int64_t *key,
                        struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_BY_NAME, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, name);
    return find(db, st, key, err);
}

int category_link(struct db *db, int64_t project_id, struct voucher *v, struct err *err)
{
    int64_t key = v->category_id;
    if ((v->set & VF_CATEGORY) == 0 || v->category.p == NULL)
        return 0;
    int got = key != 0 ? find_by_key(db, project_id, &key, err) : 0;
    if (got == 0)
        got = find_by_name(db, project_id, v->category, &key, err);
    if (got < 0)
        return -1;
    v->category_id = got > 0 ? key : 0;
    if (got > 0)
        v->category = (struct str){ NULL, 0 };
    return 0;
}

int applier_link(struct voucher_applier *ap, struct voucher *v, struct err *err)
{
    if (ap->has_categories)
        return category_link(ap->db, ap->project_id, v, err);
    if (v->category.p != NULL)
        v->category_id = 0; /* whatever it may have been the id of */
    return 0;
}
