/* SPDX-License-Identifier: MIT */
/*
 * bulk_priv.h - slices by sets of rows: what bulk.c (one chunk), batch.c (many small ones), sets.c
 * (what both do with rows) and rows.c (how they are sent) share.
 */
#ifndef STORE_POSTGRES_BULK_PRIV_H
#define STORE_POSTGRES_BULK_PRIV_H

#include "store/postgres/copy.h"

#define TID_BYTES 6

#define STAGE_COLUMNS                                                                              \
    "tid, id, seen, version, effect, active, value, start_ms, expiration_ms, quantity, "           \
    "redeemed_quantity, "                                                                          \
    "redeemed_amount, category, additional_info, rule, discount_extra, metadata, updated_ms, "     \
    "category_id, validity, recent"

/* Of a slice. */
#define ROWS_NEW     40960 /* when it finds no stored ones */
#define ROWS_STORED  10240 /* the query brings them all into memory: 1 KB and more each */
#define ROWS_BY_ONES 4     /* fewer are cheaper one by one */

/* How many rows a slice shall have, learned from those before. */
struct pace {
    double us_per_row; /* running estimate, without COMMIT; 0: none yet */
};

/* What slices keep from one to the next. */
struct pg_bulk {
    struct buf fresh, changed, failures, codes;
    size_t n_changed, n_failures;
    struct pg_merging merging;
    struct pg_batch *batch; /* see batch.c; NULL: none yet */
    unsigned staged;        /* the generation of the connection that has the temporary table */
    bool expect_new;        /* the last slice found no stored row */
    bool expect_new_records;
    struct pg_record_sql *records[RESOURCE_TYPES]; /* see records.c; NULL: none yet */
    bool careful; /* somebody has changed a row meanwhile: rows are locked this time */
    struct pace pace;
};

/* A slice on its way. */
struct slice {
    struct pg_store *s;
    struct pg_lane *lane;
    struct pg_bulk *bulk; /* of the lane */
    struct store_chunk *chunks;
    size_t n_chunks;
    const uint32_t *owners; /* whose the vouchers are, of chunks; NULL: all of the first */
    struct voucher *
        *vouchers;   /* sorted by code; those of one code in the order in which they apply */
    size_t from, to; /* of them */
    struct voucher_applier ap;
    bool whole;               /* it cannot end before its last row */
    bool streams;             /* new rows are sent while further ones are decided */
    struct copy_stream fresh; /* new rows, while further ones are decided */
    bool wants_query;         /* a row cannot be decided without */
    bool by_query;            /* stored rows are known */
    bool merges;              /* some rows are done already: bulk->merging */
    struct stmt *stored;
    bool stored_row; /* the statement is at a row that no code has met yet */
    int64_t next_key;

    /* of the code under way */
    struct voucher now;
    bool there, is_new, dirty;
    char tid[TID_BYTES]; /* where the row is: a change by anybody else moves it */
    int64_t seen;        /* its version then */
};

/* ---- rows.c ---- */

/* VOUCHER_COLUMNS of a new row. */
void put_fresh(struct buf *b, const struct voucher *v, int64_t project_id);
/* STAGE_COLUMNS. */
void put_changed(struct buf *b, const struct voucher *v, const char *tid, int64_t seen);
void put_failure(struct buf *b, const struct store_chunk *c, const struct failure *f);

/* ---- sets.c ---- */

/* Decides all rows of the slice, and writes them but for what sql/slice.c calls the end of a slice:
 * outcomes, totals, checkpoint. `merge_first`: by pg_metadata_update(). 1: a code exists that was
 * taken for a new one. */
int set_run(struct slice *sl, bool merge_first, struct err *err) MUST_CHECK;

/* After it, whatever it returned, when the end of the slice is written: stored rows, whose texts
 * counters of categories may wait for, go. */
void set_end(struct slice *sl);

/* What set_run() has met in spite of the query: a racing writer. The transaction is to be repeated.
 */
int set_raced(struct slice *sl, struct err *err);

/* The applier of the slice shows what it changes instead of writing it. */
void set_applier(struct slice *sl);

/* ---- bulk.c ---- */

/* Nobody has written interactively for a while. */
bool is_quiet(const struct pg_store *s);

/* Rows of a slice that take some milliseconds, if somebody writes beside it; at most `most`. */
size_t pace_rows(const struct pg_store *s, const struct pace *p, size_t most);
void pace_learn(struct pace *p, size_t rows, int64_t us);

/* Rows without a key are each their own. */
bool same_key(const struct store_chunk *c, size_t a, size_t b);

/* The first of the mapped rows that is not in yet; and which ones the next slice is to have, all of
 * a key together. */
size_t first_left(const struct store_chunk *c);
void choose_rows(const struct pg_store *s, const struct pg_lane *lane, const struct store_chunk *c,
                 bool by_query, size_t *from, size_t *to);

/* What the lane keeps; NULL: no memory. */
struct pg_bulk *pg_bulk_of(struct pg_lane *lane);

/* What a slice that is ahead of its turn cannot do: it is given up, and done when it is its turn.
 */
int pg_ahead_cannot(struct err *err);

/* ---- records.c ---- */

/* Of pg_bulk_prepare(). A temporary table that a transaction makes would go with it. */
int pg_records_prepare(struct pg_lane *lane, const struct store_chunk *c,
                       struct err *err) MUST_CHECK;
/* pg_bulk_slice() of a chunk of records. */
int pg_records_slice(struct pg_store *s, struct pg_lane *lane, struct store_chunk *c,
                     struct err *err) MUST_CHECK;
void pg_records_free(struct pg_bulk *bulk);

/* ---- batch.c ---- */

void pg_batch_free(struct pg_batch *b);

#endif
