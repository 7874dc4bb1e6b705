/* SPDX-License-Identifier: MIT */
/*
 * batch.c - many small actions of one queue as one set: see bulk_priv.h.
 *
 * One by one, each would cost half a dozen answers of the database. Here their rows are put
 * together in the order of codes, and of one code in the order of the actions, so that each meets
 * what those before it have made of the voucher; then a dozen statements do for all of them. First
 * the actions are locked: one that somebody else has taken or ended is left out.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "store/postgres/bulk_priv.h"

#define ROWS_MOST 10240
#define BUF_BYTES (16 * MIB)

static const char copy_outcomes[] =
    "COPY outcomes (project_id, action_seq, chunk_no, first_row, n_rows, chunk_start, chunk_end, "
    "packed) FROM STDIN (FORMAT binary)";

/* The checkpoints of actions that are done as a whole, by column. */
enum checkpoint_column {
    COLUMN_SEQ,
    COLUMN_STATUS,
    COLUMN_PROGRESS,
    COLUMN_INPUT_END,
    COLUMN_ROWS,
    COLUMN_CHUNKS,
    COLUMN_CREATED,
    COLUMN_UPDATED,
    COLUMN_UNCHANGED,
    COLUMN_SUPERSEDED,
    COLUMN_FAILED,
    COLUMN_COUNT
};

struct row {
    struct voucher *voucher;
    uint32_t owner, at; /* of the chunks, and of its vouchers */
};

struct pg_batch {
    struct buf columns[COLUMN_COUNT], messages, outcomes;
    struct row *rows;
    struct voucher **vouchers; /* as a slice wants them */
    uint32_t *owners;
    size_t cap, n;
    struct pace pace;
};

/* ---- which ---- */

static bool goes_together(const struct store_chunk *c)
{
    return !c->dry_run && c->ordered && c->slice_done == 0 && !c->finished;
}

/* How many of them make one transaction. */
static size_t count_chunks(const struct pg_store *s, const struct pg_batch *b,
                           const struct store_chunk *chunks, size_t n)
{
    const size_t most = pace_rows(s, &b->pace, ROWS_MOST);
    size_t rows = 0, i = 0;
    for (; i < n && goes_together(&chunks[i]); i++) {
        rows += chunks[i].n_mapped + chunks[i].n_failures;
        if (i > 0 && rows > most)
            break;
    }
    return i;
}

static int by_code(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const int order = str_cmp(x->voucher->code, y->voucher->code);
    if (order != 0)
        return order;
    if (x->owner != y->owner)
        return x->owner < y->owner ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int reserve(struct pg_batch *b, size_t n, struct err *err)
{
    if (n <= b->cap)
        return 0;
    mem_free(b->rows);
    mem_free(b->vouchers);
    mem_free(b->owners);
    b->rows = mem_alloc(n * sizeof(*b->rows));
    b->vouchers = mem_alloc(n * sizeof(struct voucher *));
    b->owners = mem_alloc(n * sizeof(*b->owners));
    b->cap = b->rows != NULL && b->vouchers != NULL && b->owners != NULL ? n : 0;
    return b->cap > 0 ? 0 : err_nomem(err);
}

/* The rows of those that are ours, sorted. */
static int gather(struct pg_batch *b, const struct store_chunk *chunks, size_t n, struct err *err)
{
    size_t rows = 0;
    for (size_t k = 0; k < n; k++)
        rows += chunks[k].n_mapped;
    if (reserve(b, rows, err) < 0)
        return -1;
    b->n = 0;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; !chunks[k].lost && i < chunks[k].n_mapped; i++)
            b->rows[b->n++] = (struct row){ chunks[k].vouchers[i], (uint32_t)k, (uint32_t)i };
    if (b->n > 1)
        qsort(b->rows, b->n, sizeof(*b->rows), by_code);
    for (size_t i = 0; i < b->n; i++) {
        b->vouchers[i] = b->rows[i].voucher;
        b->owners[i] = b->rows[i].owner;
    }
    return 0;
}

/* ---- begin ---- */

/* Whoever is not there as we know it is somebody else's, or has ended. */
static int lock_actions(struct pg_store *s, struct pg_batch *b, struct store_chunk *chunks,
                        size_t n, struct err *err)
{
    struct db *db = &s->bulk.db.base;
    struct buf *seqs = &b->columns[COLUMN_SEQ];
    struct stmt *st = db_statement(db, STATEMENT_ACTIONS_LOCK, err);
    if (st == NULL)
        return -1;
    array_begin(seqs, PG_INT8, n);
    for (size_t k = 0; k < n; k++) {
        field_int(seqs, chunks[k].action_seq);
        chunks[k].lost = true;
    }
    if (buf_ok(seqs, err) < 0)
        return -1;
    pg_bind_array(st, 1, buf_str(seqs));
    int got;
    for (size_t k = 0; (got = db_step(db, st, err)) > 0;) { /* both are in order */
        while (k < n && chunks[k].action_seq < column_int(st, 0))
            k++;
        if (k < n && chunks[k].action_seq == column_int(st, 0))
            chunks[k].lost = chunks[k].lease_epoch != column_int(st, 1);
    }
    stmt_reset(st);
    return got;
}

static int begin(struct slice *sl, struct store_chunk *chunks, size_t n, struct err *err)
{
    const struct store_chunk *may_create = NULL;
    for (size_t k = 0; k < n && may_create == NULL; k++)
        may_create = chunks[k].mode != APPLY_UPDATE_ONLY ? &chunks[k] : NULL;
    for (size_t k = 0; k < n; k++) {
        chunks[k].reached = chunks[k].slice_done;
        memset(chunks[k].adding, 0, sizeof(chunks[k].adding));
    }
    /* One applier for all: it is told whose row comes. What it looks up is that of the dearest. */
    struct store_chunk lead = may_create != NULL ? *may_create : chunks[0];
    return slice_begin(&sl->lane->tx, &lead, &sl->ap, err);
}

/* ---- end ---- */

static int put_outcomes(struct slice *sl, struct pg_batch *b, struct err *err)
{
    size_t n = 0;
    copy_rows_begin(&b->outcomes);
    for (size_t k = 0; k < sl->n_chunks; k++) {
        const struct store_chunk *c = &sl->chunks[k];
        if (c->lost || c->n_rows == 0)
            continue;
        const int64_t values[] = { c->project_id, c->action_seq, c->no, c->first_row,
                                   c->n_rows,     c->start,      c->end };
        copy_be16(&b->outcomes, ARRAY_LEN(values) + 1);
        for (size_t i = 0; i < ARRAY_LEN(values); i++)
            field_int(&b->outcomes, values[i]);
        field_text(&b->outcomes, (struct str){ (const char *)c->outcomes,
                                               (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE });
        n++;
    }
    return n == 0 ? 0 : copy_all(&sl->lane->db, copy_outcomes, &b->outcomes, err);
}

static void put_columns(struct pg_batch *b, const struct store_chunk *c)
{
    const int64_t values[COLUMN_COUNT] = {
        [COLUMN_SEQ] = c->action_seq,
        [COLUMN_STATUS] = c->end_status,
        [COLUMN_PROGRESS] = slice_progress(c),
        [COLUMN_INPUT_END] = c->end,
        [COLUMN_ROWS] = c->first_row + c->n_rows,
        [COLUMN_CHUNKS] = c->no + 1,
        [COLUMN_CREATED] = c->adding[OUTCOME_CREATED],
        [COLUMN_UPDATED] = c->adding[OUTCOME_UPDATED],
        [COLUMN_UNCHANGED] = c->adding[OUTCOME_UNCHANGED],
        [COLUMN_SUPERSEDED] = c->adding[OUTCOME_SUPERSEDED],
        [COLUMN_FAILED] = c->adding[OUTCOME_FAILED],
    };
    for (int i = 0; i < COLUMN_COUNT; i++)
        field_int(&b->columns[i], values[i]);
    field_text(&b->messages, c->end_message);
}

static int put_checkpoints(struct slice *sl, struct pg_batch *b, struct err *err)
{
    struct db *db = &sl->lane->db.base;
    size_t n = 0;
    for (size_t k = 0; k < sl->n_chunks; k++)
        n += !sl->chunks[k].lost;
    if (n == 0)
        return 0;
    for (int i = 0; i < COLUMN_COUNT; i++)
        array_begin(&b->columns[i], PG_INT8, n);
    array_begin(&b->messages, PG_TEXT, n);
    for (size_t k = 0; k < sl->n_chunks; k++) {
        if (!sl->chunks[k].lost)
            put_columns(b, &sl->chunks[k]);
        fault_point("batch.action");
    }
    struct stmt *st = db_statement(db, STATEMENT_ACTIONS_CHECKPOINT, err);
    if (st == NULL || buf_ok(&b->messages, err) < 0)
        return -1;
    bind_int(st, 1, sl->ap.now_ms);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (buf_ok(&b->columns[i], err) < 0)
            return -1;
        pg_bind_array(st, i + 2, buf_str(&b->columns[i]));
    }
    pg_bind_array(st, COLUMN_COUNT + 2, buf_str(&b->messages));
    if (db_run(db, st, err) < 0)
        return -1;
    if (db_changes(db) == (int64_t)n)
        return 0;
    sl->lane->db.again = true; /* they are locked: this cannot be */
    return err_set(err, ERR_BUSY, "actions of a batch have gone meanwhile");
}

static int end(struct slice *sl, struct pg_batch *b, struct err *err)
{
    if (put_outcomes(sl, b, err) < 0 || applier_end(&sl->ap, err) < 0)
        return -1;
    fault_point("slice.before_checkpoint");
    return put_checkpoints(sl, b, err);
}

/* ---- all ---- */

static struct pg_batch *batch_of(struct pg_bulk *bulk)
{
    if (bulk->batch != NULL)
        return bulk->batch;
    struct pg_batch *b = mem_calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    for (int i = 0; i < COLUMN_COUNT; i++)
        buf_init(&b->columns[i], BUF_BYTES);
    buf_init(&b->messages, BUF_BYTES);
    buf_init(&b->outcomes, BUF_BYTES);
    bulk->batch = b;
    return b;
}

void pg_batch_free(struct pg_batch *b)
{
    if (b == NULL)
        return;
    for (int i = 0; i < COLUMN_COUNT; i++)
        buf_release(&b->columns[i]);
    buf_release(&b->messages);
    buf_release(&b->outcomes);
    mem_free(b->rows);
    mem_free(b->vouchers);
    mem_free(b->owners);
    mem_free(b);
}

int pg_batch_slice(struct pg_store *s, struct store_chunk *chunks, size_t *n, struct err *err)
{
    const int64_t from_us = time_monotonic_us();
    struct pg_bulk *bulk = s->bulk.fast;
    struct pg_batch *b = batch_of(bulk);
    if (b == NULL)
        return err_nomem(err);
    *n = count_chunks(s, b, chunks, *n);
    if (*n == 0)
        return 0;
    struct slice sl = {
        .s = s, .lane = &s->bulk, .bulk = bulk, .chunks = chunks, .n_chunks = *n, .by_query = true
    };
    if (begin(&sl, chunks, *n, err) < 0)
        return -1;
    if (sl.ap.has_erased) {
        *n = 0; /* each code must be asked for */
        return 0;
    }
    if (lock_actions(s, b, chunks, *n, err) < 0 || gather(b, chunks, *n, err) < 0)
        return -1;
    sl.vouchers = b->vouchers;
    sl.owners = b->owners;
    sl.to = b->n;
    sl.whole = true;
    set_applier(&sl);
    int rc = set_run(&sl, false, err);
    if (rc == 0)
        rc = end(&sl, b, err);
    set_end(&sl);
    if (rc != 0)
        return rc > 0 ? set_raced(&sl, err) : -1;
    pace_learn(&b->pace, b->n, time_monotonic_us() - from_us);
    bulk->careful = false;
    return 0;
}
