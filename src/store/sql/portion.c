/* SPDX-License-Identifier: MIT */
/* portion.c - removing a little at a time: what a unit of work may still remove, and what it has.
 */
#include "store/sql/sql_priv.h"

void portion_begin(struct portion *p, struct store_tx *tx, size_t budget, struct arena *a,
                   struct purged *out)
{
    *out = (struct purged){ 0 };
    *p = (struct portion){ .db = tx->db, .arena = a, .out = out, .left = budget > 0 ? budget : 1 };
}

void portion_charge(struct portion *p, size_t cost)
{
    p->left -= cost < p->left ? cost : p->left;
}

int64_t portion_rows(const struct portion *p, size_t cost)
{
    return (int64_t)((p->left + cost - 1) / cost);
}

int portion_run(struct portion *p, struct stmt *st, size_t cost, struct err *err)
{
    if (db_run(p->db, st, err) < 0)
        return -1;
    const size_t n = (size_t)db_changes(p->db);
    p->out->rows += n;
    portion_charge(p, n * cost);
    return 0;
}

int portion_note_input(struct portion *p, struct str name, struct err *err)
{
    struct purged *out = p->out;
    struct str *names =
        arena_grow(p->arena, out->inputs, out->n_inputs, &p->inputs_cap, sizeof(*names));
    if (names == NULL)
        return err_nomem(err);
    out->inputs = names;
    out->inputs[out->n_inputs] = name;
    if (!arena_keep(p->arena, (struct str *[]){ &out->inputs[out->n_inputs] }, 1))
        return err_nomem(err);
    out->n_inputs++;
    return 0;
}

int portion_drop_dry(struct portion *p, int64_t seq, struct err *err)
{
    static const enum statement tables[] = { STATEMENT_PURGE_DRY_VOUCHERS,
                                             STATEMENT_PURGE_DRY_RECORDS };
    for (size_t i = 0; i < ARRAY_LEN(tables) && p->left > 0; i++) {
        struct stmt *st = db_statement(p->db, tables[i], err);
        if (st == NULL)
            return -1;
        bind_int(st, 1, seq);
        bind_int(st, 2, portion_rows(p, 1));
        if (portion_run(p, st, 1, err) < 0)
            return -1;
    }
    return 0;
}
