/* SPDX-License-Identifier: MIT */
/*
 * purge.c - what is left of a deleted project, removed in portions.
 *
 * A portion is a unit of work with a budget of rows, so that nobody who writes beside it waits for
 * more than that. There is no checkpoint: what is gone is gone, and the next portion begins with
 * whatever it finds first. The project's own row goes last; until then everybody can see that there
 * is something left to do (project.deleted_ms). Nothing is added meanwhile: project_check().
 * Whoever asked that before the mark was there, in a transaction of another process, is waited for.
 */
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

#define INPUT_BYTES_PER_ROW (64 * KIB) /* removing so many costs about as much as a row */

/* Tables in the order of their removal; actions come behind them, since they name inputs. */
static const struct step {
    enum statement statement;
    bool by_key; /* see PURGE_BY_KEY */
    size_t cost; /* of a row, in rows of vouchers */
} steps[] = {
    { STATEMENT_PURGE_VOUCHERS, true, 1 },
    { STATEMENT_PURGE_TRANSACTIONS, true, 1 },
    { STATEMENT_PURGE_BIN, true, 1 },
    { STATEMENT_PURGE_RULES, true, 1 },
    { STATEMENT_PURGE_SCHEMAS, true, 64 }, /* a text of up to 256 KB */
    { STATEMENT_PURGE_PRODUCTS, true, 1 },
    { STATEMENT_PURGE_SKUS, true, 1 },
    { STATEMENT_PURGE_ORDERS, true, 1 },
    { STATEMENT_PURGE_CUSTOMERS, true, 1 },
    { STATEMENT_PURGE_PUBLICATIONS, true, 1 },
    { STATEMENT_PURGE_CAMPAIGNS, true, 1 },
    { STATEMENT_PURGE_TIERS, true, 1 },
    { STATEMENT_PURGE_CATEGORIES, true, 1 },
    { STATEMENT_PURGE_EXPORTS, true, 1 },
    { STATEMENT_PURGE_OUTCOMES, false, 16 }, /* a blob of up to 40 KB */
    { STATEMENT_PURGE_FAILURES, false, 1 },
    { STATEMENT_PURGE_IDEMPOTENCY, false, 1 },
    { STATEMENT_PURGE_ERASED, false, 1 },
    { STATEMENT_PURGE_ERASED_RECORDS, false, 1 },
    { STATEMENT_PURGE_TOTALS, false, 1 },
};

/* One table. What is left of the budget afterwards is for the next one. */
static int run_step(struct portion *p, int64_t project_id, const struct step *step, struct err *err)
{
    struct stmt *st = db_statement(p->db, step->statement, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, step->by_key ? key_base(project_id) : project_id);
    bind_int(st, 2, portion_rows(p, step->cost));
    if (step->by_key)
        bind_int(st, 3, key_base(project_id + 1));
    return portion_run(p, st, step->cost, err);
}

/* ---- actions ---- */

struct doomed {
    int64_t seq;
    struct str input; /* {NULL,0}: none in the spool; in the arena */
    int64_t input_bytes;
};

/* 1: found, 0: the project has none left, -1. */
static int next_action(struct portion *p, int64_t project_id, struct doomed *d, struct err *err)
{
    struct stmt *st = db_statement(p->db, STATEMENT_PURGE_NEXT_ACTION, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    int got = db_step(p->db, st, err);
    if (got > 0) {
        *d = (struct doomed){ .seq = column_int(st, 0),
                              .input = column_str(st, 1),
                              .input_bytes = column_int(st, 2) };
        if (row_check(st, err) < 0)
            got = -1;
        else if (!arena_keep(p->arena, (struct str *[]){ &d->input }, 1))
            got = err_nomem(err);
    }
    stmt_reset(st);
    return got;
}

static int remove_row(struct portion *p, enum statement which, int64_t key, struct err *err)
{
    struct stmt *st = db_statement(p->db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, key);
    return portion_run(p, st, 1, err);
}

static int remove_action(struct portion *p, const struct doomed *d, struct err *err)
{
    if (remove_row(p, STATEMENT_PURGE_INPUT, d->seq, err) < 0 ||
        remove_row(p, STATEMENT_PURGE_ACTION, d->seq, err) < 0)
        return -1;
    if (d->input.p != NULL)
        return portion_note_input(p, d->input, err);
    portion_charge(p, (size_t)d->input_bytes / INPUT_BYTES_PER_ROW);
    return 0;
}

static int remove_actions(struct portion *p, int64_t project_id, struct err *err)
{
    while (p->left > 0) {
        struct doomed d;
        const int got = next_action(p, project_id, &d, err);
        if (got <= 0)
            return got;
        if (portion_drop_dry(p, d.seq, err) < 0 || (p->left > 0 && remove_action(p, &d, err) < 0))
            return -1;
    }
    return 0;
}

/* ---- all of it ---- */

/* 1: it is deleted, and still there; 0: nothing to do; -1. */
static int is_purgeable(struct db *db, int64_t id, struct err *err)
{
    bool deleted;
    int64_t deleted_ms;
    if (db_number(db, STATEMENT_PROJECT_PURGEABLE, id, &deleted, &deleted_ms, err) < 0)
        return -1;
    return deleted;
}

static int purge(struct portion *p, int64_t id, struct err *err)
{
    static const struct step sequences = { STATEMENT_PURGE_SEQUENCES, false, 1 };
    for (size_t i = 0; i < ARRAY_LEN(steps) && p->left > 0; i++) {
        if (run_step(p, id, &steps[i], err) < 0)
            return -1;
    }
    if (remove_actions(p, id, err) < 0 || (p->left > 0 && run_step(p, id, &sequences, err) < 0))
        return -1;
    p->out->more = p->left == 0;
    return p->out->more ? 0 : remove_row(p, STATEMENT_PURGE_PROJECT, id, err);
}

int sql_tx_project_purge(struct store_tx *tx, int64_t id, size_t budget, struct arena *a,
                         struct purged *out, struct err *err)
{
    struct portion p;
    portion_begin(&p, tx, budget, a, out);
    const int yes = is_purgeable(p.db, id, err);
    return yes > 0 ? purge(&p, id, err) : yes;
}
