/* SPDX-License-Identifier: MIT */
/*
 * voucher_write.c - one voucher at a time: create, change, delete, balance; and its transactions.
 *
 * A create is a slice of one. The others find their voucher by id or code, change it in the
 * store's scratch memory and write it as a slice would (applier_keep), so that an import that runs
 * meanwhile and has begun earlier learns what it must leave alone.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

/* Random codes that may be taken: with a space twice as large as what is stored, 2^-100 remains. */
#define CODE_TRIES 100

/* A write on its way. */
struct writing {
    struct store_tx *tx;
    struct db *db;
    struct voucher_write *w;
    struct voucher_applier ap;
    struct voucher *stored; /* not of a create; in the scratch memory */
};

/* What was asked for cannot be; nothing is written. */
static int refuse(struct writing *wr, enum err_code code, struct str why)
{
    wr->w->outcome = OUTCOME_FAILED;
    err_set(&wr->w->why, code, "%.*s", STR_FMT(why));
    return 0;
}

/* The stored voucher is the answer. */
static int keep_result(struct writing *wr, const struct voucher *v, struct err *err)
{
    struct voucher_write *w = wr->w;
    assert(w->arena != NULL && w->voucher != NULL);
    *w->voucher = *v;
    return voucher_copy_texts(w->voucher, w->arena, err);
}

/* ---- create ---- */

static enum err_code code_of(enum failure_kind kind)
{
    return kind == FAILURE_DUPLICATE ? ERR_DUPLICATE : ERR_INVALID_VOUCHER;
}

/* Tries codes until one is free. */
static int apply_with_codes(struct writing *wr, struct applied *applied, struct err *err)
{
    struct voucher_write *w = wr->w;
    for (int i = 0; i < CODE_TRIES; i++) {
        w->voucher->code = code_config_make(w->codes, w->arena);
        if (w->voucher->code.p == NULL)
            return err_nomem(err);
        if (applier_apply(&wr->ap, w->voucher, applied, err) < 0)
            return -1;
        if (applied->outcome != OUTCOME_FAILED || applied->kind != FAILURE_DUPLICATE)
            return 0;
    }
    return 0;
}

static int run_plain_create(struct writing *wr, struct err *err)
{
    struct voucher_write *w = wr->w;
    struct applied applied = { 0 };
    if (metadata_gate_check(&w->gate, w->voucher->metadata, METADATA_CREATE, w->arena, err) < 0)
        return -1;
    const int rc = w->codes != NULL ? apply_with_codes(wr, &applied, err)
                                    : applier_apply(&wr->ap, w->voucher, &applied, err);
    if (rc < 0)
        return -1;
    w->outcome = applied.outcome;
    if (applied.outcome != OUTCOME_FAILED)
        return applier_end(&wr->ap, err) < 0 ? -1 : keep_result(wr, w->voucher, err);
    if (w->codes == NULL || applied.kind != FAILURE_DUPLICATE)
        return refuse(wr, code_of(applied.kind), applied.reason);
    w->outcome = OUTCOME_FAILED;
    err_set(&w->why, ERR_INVALID_CODE_CONFIG,
            "Property .code_config makes %" PRId64 " different codes only, and %d random ones "
            "were taken already",
            code_config_space(w->codes), CODE_TRIES);
    return 0;
}

/* The campaign's codes, unless the voucher has its own. */
static int read_codes(const struct campaign *c, struct arena *a, struct code_config *codes,
                      struct err *err)
{
    struct json *config = NULL;
    if (json_parse(a, c->code_config, &config, err) < 0)
        return err_wrap(err, "the code_config of a campaign cannot be read");
    return code_config_read(config, 1, a, codes, err);
}

static int run_create(struct writing *wr, struct err *err)
{
    struct voucher_write *w = wr->w;
    struct campaign c;
    struct code_config codes;
    struct err why = { 0 };
    if (w->campaign.p == NULL)
        return run_plain_create(wr, err);
    const int got = campaign_find(wr->db, &wr->tx->store->base.secret, w->project_id, w->campaign,
                                  w->arena, &c, err);
    w->found = got > 0;
    if (got <= 0)
        return got;
    const bool full = c.codes == CODES_STANDALONE && c.vouchers_count > 0; /* it has one code */
    if (c.campaign_type == CAMPAIGN_PROMOTION || full) {
        const char *type = c.codes == CODES_STANDALONE ? "STANDALONE" : "PROMOTION";
        char text[80];
        snprintf(text, sizeof(text), "You can not generate vouchers for %s type campaign.", type);
        return refuse(wr, ERR_INVALID_CAMPAIGN, str_of(text));
    }
    int64_t room;
    if (campaign_room(wr->tx, w->project_id, c.key, &room, err) < 0)
        return -1;
    if (room <= 0) {
        char text[80];
        snprintf(text, sizeof(text), CAMPAIGN_FULL, wr->tx->store->base.campaign_codes_max);
        return refuse(wr, ERR_INVALID_CAMPAIGN, str_of(text));
    }
    if (campaign_fill_voucher(&c, w->voucher, wr->ap.now_ms, w->arena, &why) < 0) {
        if (why.code == ERR_INVALID_PAYLOAD)
            return refuse(wr, why.code, str_of(why.msg));
        *err = why;
        return -1;
    }
    if ((w->voucher->set & VF_CODE) == 0 && w->codes == NULL) {
        if (read_codes(&c, w->arena, &codes, err) < 0)
            return -1;
        w->codes = &codes;
    }
    wr->ap.campaign_id = c.key;
    const int rc = run_plain_create(wr, err);
    if (w->codes == &codes)
        w->codes = NULL;
    return rc;
}

/* ---- change ---- */

static int run_change(struct writing *wr, struct err *err)
{
    struct voucher_write *w = wr->w;
    const struct voucher before = *wr->stored;
    struct voucher change = *w->voucher;
    struct str reason = { NULL, 0 };
    if (metadata_gate_check(&w->gate, change.metadata, METADATA_CHANGE, w->arena, err) < 0 ||
        category_link(wr->db, w->project_id, &change, err) < 0 ||
        applier_prepare(&wr->ap, &change, &reason, err) < 0)
        return -1;
    if (reason.p != NULL)
        return refuse(wr, ERR_INVALID_VOUCHER, reason);
    if (voucher_merge(wr->stored, &change, wr->ap.arena, &w->outcome, &reason, err) < 0)
        return -1;
    if (w->outcome == OUTCOME_FAILED)
        return refuse(wr, ERR_INVALID_VOUCHER, reason);
    if (applier_keep(&wr->ap, &before, wr->stored, &change, w->outcome, err) < 0)
        return -1;
    return keep_result(wr, wr->stored, err);
}

/* ---- delete ---- */

static int run_with_keys(struct db *db, enum statement which, const int64_t *keys, int n,
                         struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    for (int i = 0; i < n; i++)
        bind_int(st, i + 1, keys[i]);
    return db_run(db, st, err);
}

static int run_to_bin(struct writing *wr, struct err *err)
{
    const struct voucher *v = wr->stored;
    const int64_t values[] = { v->key, wr->ap.now_ms, wr->ap.seq };
    if (run_with_keys(wr->db, STATEMENT_VOUCHER_TO_BIN, values, ARRAY_LEN(values), err) < 0 ||
        bin_insert(wr->tx, wr->w->project_id, RESOURCE_VOUCHER, v->key, v->code, v->campaign_id,
                   wr->ap.now_ms, err) < 0)
        return -1;
    wr->w->outcome = OUTCOME_UPDATED;
    return totals_add_voucher(wr->db, wr->w->project_id, v, -1, err);
}

int voucher_erase(struct db *db, int64_t project_id, int64_t key, struct str code, int64_t seq,
                  struct err *err)
{
    if (run_with_keys(db, STATEMENT_TRANSACTIONS_DELETE, &key, 1, err) < 0 ||
        run_with_keys(db, STATEMENT_VOUCHER_DELETE, &key, 1, err) < 0)
        return -1;
    return erased_note(db, project_id, code, seq, err);
}

static int run_erase(struct writing *wr, struct err *err)
{
    const struct voucher *v = wr->stored;
    if (voucher_erase(wr->db, wr->w->project_id, v->key, v->code, wr->ap.seq, err) < 0)
        return -1;
    wr->w->outcome = OUTCOME_UPDATED;
    return totals_add_voucher(wr->db, wr->w->project_id, v, -1, err);
}

/* ---- balance ---- */

/* Numbered as project_id, TRANSACTION_COLUMNS. */
static int insert_transaction(struct writing *wr, struct transaction *t, struct err *err)
{
    struct stmt *st = db_statement(wr->db, STATEMENT_TRANSACTION_INSERT, err);
    if (st == NULL || sequence_next_key(wr->tx, wr->w->project_id, "transaction", &t->key, err) < 0)
        return -1;
    const int64_t numbers[] = { wr->w->project_id, t->key,     t->voucher_key,
                                t->amount,         t->balance, t->total };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        bind_int(st, (int)i + 1, numbers[i]);
    bind_str(st, 7, t->source_id);
    bind_str(st, 8, t->reason);
    bind_int(st, 9, t->created_ms);
    bind_int_or_null(st, 10, t->campaign_id, t->campaign_id == 0);
    return db_run(wr->db, st, err);
}

static int run_add_balance(struct writing *wr, struct err *err)
{
    struct voucher_write *w = wr->w;
    struct voucher *v = wr->stored;
    const struct voucher before = *v;
    const struct voucher given = { .set = VF_VALUE };
    if (v->type == VOUCHER_LOYALTY && v->holder_id == 0) { /* reference 4.3.3 */
        err_set(&w->why, ERR_INVALID_BALANCE,
                "A loyalty card must have a holder: publish it to a customer first");
        w->outcome = OUTCOME_FAILED;
        return 0;
    }
    if (voucher_book(v, w->amount, &w->why) < 0) {
        w->outcome = OUTCOME_FAILED;
        return 0;
    }
    const int64_t subtracted[] = { v->key, v->subtracted };
    w->transaction = (struct transaction){ .voucher_key = v->key,
                                           .amount = w->amount,
                                           .balance = voucher_available(v),
                                           .total = voucher_income(v),
                                           .source_id = w->source_id,
                                           .reason = w->reason,
                                           .created_ms = wr->ap.now_ms,
                                           .campaign_id = v->campaign_id };
    w->outcome = OUTCOME_UPDATED;
    if (applier_keep(&wr->ap, &before, v, &given, w->outcome, err) < 0 ||
        run_with_keys(wr->db, STATEMENT_VOUCHER_SUBTRACT, subtracted, ARRAY_LEN(subtracted), err) <
            0 ||
        insert_transaction(wr, &w->transaction, err) < 0)
        return -1;
    return keep_result(wr, v, err);
}

/* ---- all ---- */

static int (*const runs[])(struct writing *wr, struct err *err) = {
    [VOUCHER_CREATE] = run_create,           [VOUCHER_CHANGE] = run_change,
    [VOUCHER_TO_BIN] = run_to_bin,           [VOUCHER_ERASE] = run_erase,
    [VOUCHER_ADD_BALANCE] = run_add_balance,
};

int sql_tx_voucher_write(struct store_tx *tx, struct voucher_write *w, struct err *err)
{
    struct writing wr = { .tx = tx, .db = tx->db, .w = w };
    wr.ap = (struct voucher_applier){ .tx = tx,
                                      .db = tx->db,
                                      .arena = tx->scratch,
                                      .project_id = w->project_id,
                                      .now_ms = time_now_ms(),
                                      .mode = APPLY_CREATE_ONLY };
    arena_reset(wr.ap.arena);
    if (!w->has_wanted && w->voucher != NULL) {
        w->wanted = *w->voucher;
        w->has_wanted = true;
    } else if (w->has_wanted) {
        *w->voucher = w->wanted;
    }
    w->outcome = OUTCOME_PENDING;
    w->found = true;
    if (project_check(wr.db, w->project_id, err) < 0 || tx_next_seq(tx, &wr.ap.seq, err) < 0 ||
        (w->mode == VOUCHER_ERASE && lock_project(tx, w->project_id, true, err) < 0) ||
        applier_begin(&wr.ap, err) < 0)
        return -1;
    if (w->mode != VOUCHER_CREATE) {
        if (voucher_find(wr.db, &tx->store->base.secret, wr.ap.arena, w->project_id, w->code_or_id,
                         &wr.stored, err) < 0)
            return -1;
        w->found = wr.stored != NULL;
    }
    return w->found ? runs[w->mode](&wr, err) : 0;
}

/* ---- reading ---- */

static int read_transaction(struct stmt *st, struct transaction *t, struct arena *a,
                            struct err *err)
{
    *t = (struct transaction){ .key = column_int(st, 0),
                               .voucher_key = column_int(st, 1),
                               .amount = column_int(st, 2),
                               .balance = column_int(st, 3),
                               .total = column_int(st, 4),
                               .source_id = column_str(st, 5),
                               .reason = column_str(st, 6),
                               .created_ms = column_int(st, 7),
                               .campaign_id = column_int(st, 8) };
    struct str *texts[] = { &t->source_id, &t->reason };
    if (row_check(st, err) < 0)
        return -1;
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? 0 : err_nomem(err);
}

static int read_transactions(struct db *db, struct stmt *st, struct arena *a, size_t limit,
                             struct transaction *rows, size_t *n, bool *more, struct err *err)
{
    int got;
    while ((got = db_step(db, st, err)) > 0) {
        *more = *n == limit;
        if (*more)
            break;
        if (read_transaction(st, &rows[*n], a, err) < 0) {
            got = -1;
            break;
        }
        (*n)++;
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

/* Along the index of what they are listed by. */
static enum statement page_statement(const struct transaction_page *page)
{
    if (page->campaign_key != 0)
        return page->newest_first ? STATEMENT_CAMPAIGN_TRANSACTIONS_NEWEST
                                  : STATEMENT_CAMPAIGN_TRANSACTIONS_OLDEST;
    return page->newest_first ? STATEMENT_TRANSACTIONS_NEWEST : STATEMENT_TRANSACTIONS_OLDEST;
}

int sql_list_transactions(struct store *store, struct arena *a, int64_t project_id,
                          const struct transaction_page *page, struct transaction **out, size_t *n,
                          bool *more, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    const int64_t owner = page->campaign_key != 0 ? page->campaign_key : page->voucher_key;
    const bool from_newest = page->newest_first && page->after_key == 0;
    *out = arena_alloc(a, page->limit * sizeof(**out));
    *n = 0;
    *more = false;
    if (*out == NULL)
        return err_nomem(err);
    if (owner >> VOUCHER_KEY_BITS != project_id)
        return 0; /* of another project */
    struct db *db = reader_take(s);
    struct stmt *st = db_statement(db, page_statement(page), err);
    int rc = -1;
    if (st != NULL) {
        bind_int(st, 1, owner);
        bind_int(st, 2, from_newest ? INT64_MAX : page->after_key);
        bind_int(st, 3, (int64_t)page->limit + 1); /* one more tells whether there is more */
        rc = read_transactions(db, st, a, page->limit, *out, n, more, err);
    }
    reader_give(s, db);
    return rc;
}
