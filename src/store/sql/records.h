/* SPDX-License-Identifier: MIT */
/*
 * records.h - customers, and whatever else is kept like them: a table with the columns that all
 * records have, and its own behind them.
 *
 * A resource is a row of record_tables: its columns, and how a given record changes a stored one.
 * Reading, writing, upserting, who wins, dry runs and sets of rows are written once.
 */
#ifndef STORE_SQL_RECORDS_H
#define STORE_SQL_RECORDS_H

#include "domain/field.h"
#include "domain/record.h"
#include "store/sql/filter_sql.h"

enum record_column_kind {
    RECORD_TEXT,   /* struct str; NULL: {NULL,0} */
    RECORD_INT,    /* int64_t */
    RECORD_NUMBER, /* int64_t; NULL: FIELD_NONE */
    RECORD_TIME,   /* int64_t; NULL: TIME_NONE */
};

struct record_column {
    const char *name;
    enum record_column_kind kind;
    size_t offset; /* in the resource's struct */
};

/* id, version, source_id, metadata, recent, created_ms, updated_ms: see RECORD_COLUMNS. */
#define RECORD_COMMON 7

struct record_applier;

struct record_table {
    const char *name;  /* "customers" */
    const char *one;   /* "customer": in messages; the name of its key sequence and its counter */
    const char *names; /* of all its columns, in order */
    size_t bytes;      /* of its struct */
    enum resource_type resource;
    bool personal; /* its source ids tell who somebody is */
    enum action_queue queue;
    enum id_kind id;
    enum statement by_key, by_source, insert, update;
    enum statement by_sources, by_sources_locked; /* many, with their place: PostgreSQL's */
    const struct record_column *columns;          /* behind the common ones */
    size_t n_columns;

    bool in_bin;             /* it has binned_ms, and goes into the bin */
    const char *name_column; /* of the bin's entry; NULL: source_id */

    /* Optional. Finds what the given record refers to. *out: FAILED when that is not there. */
    int (*resolve)(struct record_applier *ap, struct record *given, struct applied *out,
                   struct err *err);
    /* Optional. *out: FAILED when the stored record cannot be the one that is meant. */
    int (*refuse)(struct record_applier *ap, const struct record *stored,
                  const struct record *given, struct applied *out, struct err *err);

    /* Applies what is given to the stored record. 0; 1: it cannot be, with *reason (static); -1. */
    int (*merge)(struct record *stored, const struct record *given, struct arena *a, bool *changed,
                 struct str *reason, struct err *err);
};

const struct record_table *record_table_of(enum resource_type resource);

/* One writer of records of one table and project within one transaction. */
struct record_applier {
    const struct record_table *table;
    struct store_tx *tx;
    struct db *db;       /* of tx */
    struct arena *arena; /* of one row at a time: reset for each */
    int64_t project_id;
    int64_t seq; /* who writes */
    int64_t now_ms;
    bool dry_run;    /* reads records, writes dry_records */
    bool alone;      /* known: no earlier action of the queue is unfinished */
    bool has_erased; /* of a slice: records were erased that an earlier action may still bring */

    int64_t first_unfinished; /* earlier than seq: INT64_MAX: none */
    bool expect_existing;     /* the last row was there: look first, insert second */
    struct key_range keys;    /* for new rows */
    int64_t created;
};

int record_begin(struct record_applier *ap, struct err *err) MUST_CHECK;
/* Applies one row; what it points to is changed. */
int record_apply(struct record_applier *ap, struct record *given, struct applied *out,
                 struct err *err) MUST_CHECK;
/* Stores the key sequence and the counter. */
int record_end(struct record_applier *ap, struct err *err) MUST_CHECK;

/* ---- its parts, for a backend that applies rows in sets, and for single writes ---- */

/* Makes `given` a new stored record, but for its key. */
int record_make(struct record_applier *ap, struct record *given, struct err *err) MUST_CHECK;

/* Brings what is given into the form in which it will be read back. *reason: it cannot be kept. */
int record_prepare(struct record_applier *ap, struct record *given, struct str *reason,
                   struct err *err) MUST_CHECK;

/* What becomes of a stored record. *write: it has changed, or who wrote it has, and must be
 * written. */
int record_change(struct record_applier *ap, struct record *stored, const struct record *given,
                  struct applied *out, bool *write, struct err *err) MUST_CHECK;

/* ---- record_write.c ---- */

/* A writer for one record, or a few, within a unit of work. */
int record_writer(struct record_applier *ap, const struct record_table *t, struct store_tx *tx,
                  int64_t project_id, struct arena *a, struct err *err) MUST_CHECK;
/* The one that is meant, with what is new; or a new one (reference 8.3). *r, a struct of the table,
 * is as it is stored then. ERR_METADATA: its metadata does not pass. */
int record_save(struct record_applier *ap, const struct record *given, struct metadata_gate *gate,
                struct record *r, struct err *err) MUST_CHECK;
/* With what hangs on it, by `seq`. The counter is the caller's. Nobody applies rows of the project
 * beside it: lock_project(). */
int record_erase(struct store_tx *tx, enum resource_type resource, int64_t project_id, int64_t key,
                 int64_t seq, struct err *err) MUST_CHECK;

/* ---- records.c ---- */

int record_insert(struct record_applier *ap, struct record *r, bool *exists,
                  struct err *err) MUST_CHECK;
int record_update(struct record_applier *ap, const struct record *r, struct err *err) MUST_CHECK;

/* The row that a statement of all columns is at. Texts point into it until its next step. */
int record_read_row(const struct record_table *t, struct stmt *st, struct record *r,
                    struct err *err) MUST_CHECK;
/* Copies them into the arena. */
int record_keep_texts(const struct record_table *t, struct record *r, struct arena *a,
                      struct err *err) MUST_CHECK;

/* The one with this key, or source id. 1: *r is it, texts in the arena; 0: there is none. */
int record_by_key(struct db *db, const struct record_table *t, int64_t project_id, int64_t key,
                  struct arena *a, struct record *r, struct err *err) MUST_CHECK;
int record_by_source(struct db *db, const struct record_table *t, int64_t project_id,
                     struct str source_id, struct arena *a, struct record *r,
                     struct err *err) MUST_CHECK;
/* By public id first, then by source id. */
int record_find(struct db *db, const struct id_secret *secret, const struct record_table *t,
                int64_t project_id, struct str id_or_source, struct arena *a, struct record *r,
                struct err *err) MUST_CHECK;

/* slice_run() of a chunk of records. */
int records_slice(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
                  struct err *err) MUST_CHECK;
struct record_applier record_applier_of(struct store_tx *tx, const struct store_chunk *c);
/* Opens the slice, and makes the writer of its rows. */
int record_slice_begin(struct record_applier *ap, struct store_tx *tx, struct store_chunk *c,
                       struct err *err) MUST_CHECK;

static inline struct str *record_text(const struct record *r, const struct record_column *c)
{
    return (struct str *)(void *)((char *)(uintptr_t)r + c->offset);
}

static inline int64_t *record_number(const struct record *r, const struct record_column *c)
{
    return (int64_t *)(void *)((char *)(uintptr_t)r + c->offset);
}

/* Is the number of a column none? */
static inline bool record_is_none(const struct record_column *c, int64_t v)
{
    return (c->kind == RECORD_NUMBER && v == FIELD_NONE) ||
           (c->kind == RECORD_TIME && v == TIME_NONE);
}

/* The row fails. */
static inline int record_refused(struct applied *out, enum failure_kind kind, struct str reason)
{
    *out = (struct applied){ .outcome = OUTCOME_FAILED, .kind = kind, .reason = reason };
    return 0;
}

/* The schema refuses it as a new one. */
static inline int record_unfit(const struct record *r, struct applied *out)
{
    return record_refused(out, FAILURE_METADATA, r->unfit_new);
}

/* ---- record_filter.c ---- */

extern const struct filter_column record_filter_columns[];

/* By its name, to be filtered and sorted by. */
#define SQL_ORDER_STATUS                                                                           \
    "CASE status WHEN 1 THEN 'CREATED' WHEN 2 THEN 'PAID' WHEN 3 THEN 'CANCELED' WHEN 4 THEN "     \
    "'FULFILLED' END"

/* ---- orders.c ---- */

int order_resolve(struct record_applier *ap, struct record *given, struct applied *out,
                  struct err *err) MUST_CHECK;

/* ---- skus.c ---- */

int sku_resolve(struct record_applier *ap, struct record *given, struct applied *out,
                struct err *err) MUST_CHECK;
int sku_refuse(struct record_applier *ap, const struct record *stored, const struct record *given,
               struct applied *out, struct err *err) MUST_CHECK;
/* Those of a product follow it into the bin (now_ms), or out (TIME_NONE). `seq`: who does that. */
int skus_follow(struct store_tx *tx, int64_t project_id, int64_t product, int64_t now_ms,
                int64_t seq, struct err *err) MUST_CHECK;

/* ---- erased.c ---- */

/* The record is erased by `seq`: noted, if an earlier action that may bring it is unfinished. */
int erased_record_note(struct store_tx *tx, int64_t project_id, const struct record_table *t,
                       const struct record *r, int64_t seq, struct err *err) MUST_CHECK;
/* The same of all SKUs of a product. */
int erased_skus_note(struct store_tx *tx, int64_t project_id, int64_t product, int64_t seq,
                     struct err *err) MUST_CHECK;
/* Whether there are such notes in the project at all. */
int erased_records_any(struct db *db, int64_t project_id, bool *any, struct err *err) MUST_CHECK;

/* Whether the record that an id (as given; {NULL,0}: none) or a source id (the same) means was
 * erased by somebody later than the writer. Asks nothing when nothing is noted. */
int erased_record_after(struct record_applier *ap, const struct record_table *t, struct str id,
                        struct str source_id, bool *later, struct err *err) MUST_CHECK;
/* The same of a text that may be either. */
int erased_named_after(struct record_applier *ap, const struct record_table *t, struct str name,
                       bool *later, struct err *err) MUST_CHECK;
/* What the note of a source id is found by, for those who ask for many; in the arena. */
int erased_source_name(const struct id_secret *secret, int64_t project_id,
                       const struct record_table *t, struct str source_id, struct arena *a,
                       struct str *out, struct err *err) MUST_CHECK;

#endif
