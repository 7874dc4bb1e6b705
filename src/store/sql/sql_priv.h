/* SPDX-License-Identifier: MIT */
/*
 * sql_priv.h - what the two stores share, and nobody else sees: the calls of store.h that are the
 * same on both, and what a backend gives for them (struct sql_backend).
 *
 * Threads: units of work run in one thread, with one transaction at a time; slices run in another
 * transaction, or in the same (SQLite); any thread may read, on a connection of the pool.
 */
#ifndef STORE_SQL_SQL_PRIV_H
#define STORE_SQL_SQL_PRIV_H

#include "base/time_iso.h"
#include "store/sql/sql.h"
#include "store/store.h"

#define VOUCHER_KEY_BITS 40 /* of a voucher's key; the bits above are the project */

struct sql_store;
struct applied;
struct copy_rows;
struct voucher_applier;

/* An open write transaction. */
struct store_tx {
    struct store_tx_base base; /* first */
    struct sql_store *store;
    struct db *db;
    struct arena *scratch; /* of one call, or one row of a slice */
    int64_t next_seq;      /* 0: not read in this transaction */
    int64_t next_seq_stored;
    int64_t checked_project; /* one that lives, and is kept from being deleted; 0: none yet */
    bool broken;             /* the whole transaction is, or will be, rolled back */
    struct err why;          /* while broken */
};

/* Keys that a transaction may give to new rows of a project: n of project_id * 2^40 + n. */
struct key_range {
    int64_t first, next, end; /* next == end: no more */
};

struct sql_backend {
    /* A connection for reading; blocks until one is free. It has to be given back. */
    struct db *(*reader_take)(struct sql_store *s);
    void (*reader_give)(struct sql_store *s, struct db *db);

    /* Keys for about `want` new rows; keys_used() comes with the last of them, in the same
     * transaction. A key is never used twice. */
    int (*keys_take)(struct store_tx *tx, int64_t project_id, const char *name, int64_t want,
                     struct key_range *out, struct err *err);
    int (*keys_used)(struct store_tx *tx, int64_t project_id, const char *name,
                     const struct key_range *range, struct err *err);

    /* Should the slice end after so many rows in so many microseconds? */
    bool (*wants_room)(struct sql_store *s, size_t rows, int64_t elapsed_us);

    /* Optional. New vouchers are appended by SQLite's own rule for keys when the table ends with
     * ours: the key of the row inserted last. */
    int64_t (*last_key)(struct db *db);

    /* Optional. Merges the metadata of one voucher by its code in one statement. 1: done, *out
     * tells; 0: the general way has to do it. Only where no earlier action is unfinished. */
    int (*metadata_update)(struct voucher_applier *ap, const struct voucher *v, struct applied *out,
                           struct err *err);

    /* Optional. Keeps a new action, with its small input, until the end of the transaction. */
    int (*action_put)(struct store_tx *tx, const struct action *ac, struct err *err);

    /* Optional. Metadata as the database would give it back, so that "the same" is one comparison
     * of texts. In the arena. 1: it cannot keep them. */
    int (*canonical)(struct str *metadata, struct arena *a, struct err *err);

    /* Optional. Can the database keep it? Cheap. */
    bool (*fits)(struct str metadata);

    /* Optional. Nobody erases vouchers of the project, and no slice is at work on it, beside this
     * transaction. */
    int (*lock_project)(struct store_tx *tx, int64_t project_id, bool alone, struct err *err);

    /* Optional. Stores rows that are not there yet (copy_rows.h), faster than one by one. */
    int (*rows_put)(struct db *db, const struct copy_rows *rows, struct err *err);

    /* Optional. A project with this key has been stored: the next one gets a larger one. */
    int (*project_id_used)(struct db *db, int64_t id, struct err *err);

    bool totals_in_slots; /* the counters are the sums over `slot` */
};

/* What a backend's struct begins with. */
struct sql_store {
    struct store_base base; /* first */
    const struct sql_backend *backend;
};

static inline struct sql_store *sql_store_of(struct store *s)
{
    return (struct sql_store *)(void *)s;
}

static inline struct db *reader_take(struct sql_store *s)
{
    return s->backend->reader_take(s);
}

static inline void reader_give(struct sql_store *s, struct db *db)
{
    s->backend->reader_give(s, db);
}

static inline int lock_project(struct store_tx *tx, int64_t project_id, bool alone, struct err *err)
{
    const struct sql_backend *backend = tx->store->backend;
    return backend->lock_project != NULL ? backend->lock_project(tx, project_id, alone, err) : 0;
}

/* The calls of store_ops that are the same on both stores. */
#define SQL_STORE_OPS                                                                              \
    .tx_project_insert = sql_tx_project_insert, .tx_project_delete = sql_tx_project_delete,        \
    .tx_project_purge = sql_tx_project_purge, .tx_key_insert = sql_tx_key_insert,                  \
    .tx_key_delete = sql_tx_key_delete, .tx_oauth_insert = sql_tx_oauth_insert,                    \
    .tx_oauth_delete = sql_tx_oauth_delete, .tx_action_insert = sql_tx_action_insert,              \
    .tx_action_claim = sql_tx_action_claim, .tx_action_cancel = sql_tx_action_cancel,              \
    .tx_idempotency_find = sql_tx_idempotency_find, .tx_idempotency_put = sql_tx_idempotency_put,  \
    .tx_voucher_write = sql_tx_voucher_write, .tx_category_write = sql_tx_category_write,          \
    .tx_bin_erase = sql_tx_bin_erase, .tx_export_insert = sql_tx_export_insert,                    \
    .tx_export_erase = sql_tx_export_erase, .tx_retention = sql_tx_retention,                      \
    .find_key = sql_find_key, .find_oauth = sql_find_oauth, .find_project = sql_find_project,      \
    .list_projects = sql_list_projects, .list_keys = sql_list_keys,                                \
    .find_action = sql_find_action, .find_input = sql_find_input,                                  \
    .list_actions = sql_list_actions, .list_queues = sql_list_queues,                              \
    .list_queue = sql_list_queue, .first_unfinished = sql_first_unfinished,                        \
    .list_inputs = sql_list_inputs, .find_voucher = sql_find_voucher,                              \
    .list_vouchers = sql_list_vouchers, .walk_vouchers = sql_walk_vouchers,                        \
    .list_transactions = sql_list_transactions, .find_category = sql_find_category,                \
    .tx_record_write = sql_tx_record_write, .tx_publish = sql_tx_publish,                          \
    .find_record = sql_find_record, .list_records = sql_list_records,                              \
    .walk_records = sql_walk_records, .find_metadata_schema = sql_find_metadata_schema,            \
    .list_metadata_schemas = sql_list_metadata_schemas,                                            \
    .tx_metadata_schema_write = sql_tx_metadata_schema_write, .tx_rule_write = sql_tx_rule_write,  \
    .find_rule = sql_find_rule, .list_rules = sql_list_rules,                                      \
    .list_publications = sql_list_publications, .tx_campaign_write = sql_tx_campaign_write,        \
    .count_codes = sql_count_codes, .find_campaign = sql_find_campaign,                            \
    .list_campaigns = sql_list_campaigns, .find_tier = sql_find_tier,                              \
    .list_tiers = sql_list_tiers, .list_categories = sql_list_categories,                          \
    .find_bin_entry = sql_find_bin_entry, .list_bin = sql_list_bin,                                \
    .find_export = sql_find_export, .list_exports = sql_list_exports,                              \
    .list_failures = sql_list_failures, .find_outcomes = sql_find_outcomes,                        \
    .find_outcomes_of_row = sql_find_outcomes_of_row

/* A time, or NULL for TIME_NONE. */
static inline void bind_int_or_null(struct stmt *st, int at, int64_t v, bool null)
{
    if (null)
        bind_null(st, at);
    else
        bind_int(st, at, v);
}

static inline void bind_num_or_null(struct stmt *st, int at, struct num v, bool null)
{
    if (null)
        bind_null(st, at);
    else
        bind_num(st, at, v);
}

static inline void bind_time(struct stmt *st, int at, int64_t ms)
{
    if (ms == TIME_NONE)
        bind_null(st, at);
    else
        bind_int(st, at, ms);
}

static inline int64_t column_time(struct stmt *st, int at)
{
    return column_is_null(st, at) ? TIME_NONE : column_int(st, at);
}

/* ---- secret.c ---- */

int sql_read_secret(struct db *db, struct id_secret *out, struct err *err) MUST_CHECK;

/* ---- works.c ---- */

/* The whole transaction failed: what had succeeded in it gets the transaction's error. */
void works_fail(struct store_work *first, const struct err *err);
void works_finish(struct store_work *first); /* calls done() of each */

/* ---- sequences.c ---- */

/* The next sequence number, inside the transaction; and at its end, before the commit. Numbers are
 * in the order of commits: who has read one holds the row. */
int tx_next_seq(struct store_tx *tx, int64_t *out, struct err *err) MUST_CHECK;
int tx_store_seq(struct store_tx *tx, struct err *err) MUST_CHECK;
int sequence_get(struct db *db, int64_t project_id, const char *name, int64_t *next,
                 struct err *err) MUST_CHECK;
int sequence_set(struct db *db, int64_t project_id, const char *name, int64_t next,
                 struct err *err) MUST_CHECK;

/* Takes the next key of a table of the project. */
int sequence_next_key(struct store_tx *tx, int64_t project_id, const char *name, int64_t *key,
                      struct err *err) MUST_CHECK;

/* Why a row fails that the backend does not keep (fits, canonical). */
#define METADATA_UNFIT "Property .metadata has a number that the database cannot keep"

/* ---- slice.c ---- */

/* Applies rows of the chunk from slice_done on, inside a transaction that began at from_us, until
 * it is done or (unless `whole`) the writer wants room. c->reached is how far it came; outcomes are
 * in the chunk, counts in c->adding. */
int slice_run(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
              struct err *err) MUST_CHECK;

/* The same in parts: the applier of a chunk; and, when rows and failures are written, the rest, in
 * this order: outcomes, totals, checkpoint. */
int slice_begin(struct store_tx *tx, struct store_chunk *c, struct voucher_applier *ap,
                struct err *err) MUST_CHECK;
int slice_finish(struct store_tx *tx, struct store_chunk *c, struct voucher_applier *ap,
                 struct err *err) MUST_CHECK;

/* And smaller ones: at the beginning; the failures and rows, each by apply(); outcomes; and, when
 * totals are written, the checkpoint. */
typedef int slice_apply(void *arg, struct row_head *row, struct applied *out, struct err *err);
int slice_open(struct store_tx *tx, struct store_chunk *c, struct err *err) MUST_CHECK;
int slice_rows(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
               slice_apply *apply, void *arg, struct err *err) MUST_CHECK;
int slice_put_outcomes(struct store_tx *tx, const struct store_chunk *c,
                       struct err *err) MUST_CHECK;
int slice_put_checkpoint(struct store_tx *tx, const struct store_chunk *c, int64_t now_ms,
                         struct err *err) MUST_CHECK;

int slice_progress(const struct store_chunk *c); /* of the action, in percent */
bool slice_is_last(const struct store_chunk *c); /* it came to the end of the chunk */
void slice_undo(struct store_chunk *c);          /* the transaction failed */
void slice_done(struct store_chunk *c);          /* it is in */

/* ---- vouchers.c ---- */

/* What became of a row. */
struct applied {
    enum outcome outcome;
    enum failure_kind kind; /* FAILED */
    struct str reason;      /* FAILED; in the applier's arena, or static */
};

/* Counters of one category, or tag, that wait to be written. */
struct category_count {
    int64_t category_id;
    struct str tag; /* in `tags` of the applier */
    int64_t n;
};
#define APPLIER_COUNTS 16

/* One writer of vouchers of one project within one transaction. */
struct voucher_applier {
    struct store_tx *tx;
    struct db *db;       /* of tx */
    struct arena *arena; /* of one row at a time: reset for each that is merged */
    int64_t project_id;
    int64_t seq; /* who writes */
    int64_t now_ms;
    int64_t campaign_id; /* of new rows; 0: standalone */
    enum apply_mode mode;
    bool dry_run; /* reads vouchers, writes dry_vouchers */
    bool alone;   /* known: no earlier action of the queue is unfinished */

    int64_t first_unfinished; /* earlier than seq: INT64_MAX: none */
    int64_t room;             /* for new rows in the campaign; INT64_MAX: it has no limit */
    bool expect_existing;     /* the last row was there: look first, insert second */
    bool has_categories;      /* the project has some: names may mean one */
    bool has_gone;            /* campaigns of the project were deleted, and have vouchers yet */
    bool has_erased;          /* codes were erased that an earlier action may still bring */
    struct key_range keys;    /* for new rows */
    const struct stmt
        *bound;  /* the insert that has what all rows share; a statement keeps its bindings */
    bool append; /* the table ends with our last key: SQLite finds the next one fastest itself */
    int64_t created;

    /* NULL: a stored row that has changed is written at once. Otherwise it is only shown; texts of
     * rows must live until the end then, since counters of categories wait. */
    int (*sink)(struct voucher_applier *ap, struct voucher *stored, struct err *err);
    void *sink_arg;
    struct category_count counts[APPLIER_COUNTS];
    size_t n_counts;
};

int applier_begin(struct voucher_applier *ap, struct err *err) MUST_CHECK;
int applier_apply(struct voucher_applier *ap, struct voucher *v, struct applied *out,
                  struct err *err) MUST_CHECK;

/* ---- its parts, for a backend that applies rows in sets ---- */

/* Is an earlier action unfinished? Then it has to learn what this one has written. */
bool applier_overlaps(const struct voucher_applier *ap);

/* What becomes of a stored row, and whatever has to be written of it (applier_keep). */
int applier_merge(struct voucher_applier *ap, struct voucher *stored, const struct voucher *v,
                  struct applied *out, struct err *err) MUST_CHECK;

/* Is a code that exists none for it? */
static inline bool applier_refuses(const struct voucher_applier *ap)
{
    return ap->mode == APPLY_CREATE_ONLY || ap->mode == APPLY_NEW_ONLY;
}

/* The row fails: the code is taken (reference 7, 12 and 49), or there is none. */
int applier_duplicate(struct voucher_applier *ap, const struct voucher *v, struct applied *out,
                      struct err *err) MUST_CHECK;
int applier_full(struct voucher_applier *ap, struct applied *out,
                 struct err *err) MUST_CHECK; /* the campaign has no room for it */
/* The schema refuses it as a new one. */
int applier_unfit(const struct voucher *v, struct applied *out) MUST_CHECK;
int applier_missing(struct voucher_applier *ap, const struct voucher *v, struct applied *out,
                    struct err *err) MUST_CHECK;

/* n more in the category that the row names. Its text must outlive the slice. */
int applier_count(struct voucher_applier *ap, const struct voucher *v, int64_t n,
                  struct err *err) MUST_CHECK;

/* Brings what is given into the form in which it will be read back. *reason: it cannot be kept. */
int applier_prepare(struct voucher_applier *ap, struct voucher *given, struct str *reason,
                    struct err *err) MUST_CHECK;
int applier_end(struct voucher_applier *ap,
                struct err *err) MUST_CHECK; /* stores key sequence and totals */

/* Writes what a merge of `given` has made of the stored row, if it has to be written: version, note
 * for earlier actions, time of change, the counters of categories. */
int applier_keep(struct voucher_applier *ap, const struct voucher *before, struct voucher *stored,
                 const struct voucher *given, enum outcome outcome, struct err *err) MUST_CHECK;

/* By public id first, then by code; NULL for none, or one in the bin. */
int voucher_find(struct db *db, const struct id_secret *secret, struct arena *a, int64_t project_id,
                 struct str code_or_id, struct voucher **out, struct err *err) MUST_CHECK;

/* A row of VOUCHER_READ_COLUMNS. Texts point into the statement until its next step. */
int voucher_read_row(struct stmt *st, struct voucher *v, struct err *err) MUST_CHECK;
int voucher_copy_texts(struct voucher *v, struct arena *a, struct err *err) MUST_CHECK;

/* The keys of a project: project_id * 2^40 + n. */
static inline int64_t key_base(int64_t project_id)
{
    return project_id << VOUCHER_KEY_BITS;
}

int sql_find_voucher(struct store *s, struct arena *a, int64_t project_id, struct str code_or_id,
                     struct voucher **out, struct err *err);
int sql_count_codes(struct store *s, int64_t project_id, const struct str *codes, size_t n,
                    int64_t *out, struct err *err);
int sql_list_vouchers(struct store *s, struct arena *a, int64_t project_id,
                      const struct voucher_page *page, struct voucher **out, size_t *n,
                      int64_t *total, bool *more, struct err *err);
int sql_walk_vouchers(struct store *s, struct arena *a, int64_t project_id, struct voucher_walk *w,
                      struct voucher **out, size_t *n, struct err *err);

/* ---- projects.c ---- */

int sql_tx_project_delete(struct store_tx *tx, struct str public_id, int64_t now_ms, int64_t *id,
                          struct err *err);
int sql_find_project(struct store *s, struct arena *a, struct str public_id, struct project **out,
                     struct err *err);
int sql_list_projects(struct store *s, struct arena *a, struct project **out, size_t *n,
                      struct err *err);

/* PROJECT_COLUMNS from this column on, copied into the arena; NULL with err. */
struct project *project_read(struct stmt *st, int first, struct arena *a,
                             struct err *err) MUST_CHECK;

/* ERR_UNAUTHORIZED when the project is deleted: nothing may be added to it any more, whatever a
 * request was allowed when it came. Inside a unit of work. */
int project_check(struct db *db, int64_t project_id, struct err *err) MUST_CHECK;

/* ---- copy.c ---- */

/* Added to the status of an unfinished action while its project is being copied: nobody runs it. */
#define ACTION_PARKED 16

/* A project that was being copied here is deleted. */
int copy_forget(struct db *db, int64_t project_id, struct err *err) MUST_CHECK;

/* ---- purge.c ---- */

int sql_tx_project_purge(struct store_tx *tx, int64_t id, size_t budget, struct arena *a,
                         struct purged *out, struct err *err);

/* ---- keys.c ---- */

int sql_tx_key_insert(struct store_tx *tx, const struct project_key *k, struct err *err);
int sql_tx_key_delete(struct store_tx *tx, int64_t project_id, struct str app_id, struct err *err);
int sql_find_key(struct store *s, struct arena *a, struct str app_id, struct project_key **key,
                 struct project **project, struct err *err);
int sql_list_keys(struct store *s, struct arena *a, int64_t project_id, struct project_key **out,
                  size_t *n, struct err *err);

/* ---- oauth.c ---- */

int sql_tx_oauth_insert(struct store_tx *tx, const struct oauth_token *t, size_t most,
                        struct err *err);
int sql_tx_oauth_delete(struct store_tx *tx, int64_t project_id, const unsigned char *hash,
                        bool *found, struct err *err);
int sql_find_oauth(struct store *s, struct arena *a, const unsigned char *hash,
                   struct oauth_token **token, struct project **project, struct err *err);

/* ---- idempotency.c ---- */

int sql_tx_idempotency_find(struct store_tx *tx, struct idempotency *i, int64_t now_ms, bool *found,
                            struct err *err);
int sql_tx_idempotency_put(struct store_tx *tx, const struct idempotency *i, struct err *err);

/* ---- campaigns.c ---- */

/* By public id first, then by name. 1: *c is it, texts in the arena; 0: there is none. */
int campaign_find(struct db *db, const struct id_secret *secret, int64_t project_id,
                  struct str name_or_id, struct arena *a, struct campaign *c,
                  struct err *err) MUST_CHECK;

/* How many more vouchers the campaign may have, below 0 if it has too many; INT64_MAX: there is no
 * limit. Nobody adds one beside this unit of work from then on, if there is. */
int campaign_room(struct store_tx *tx, int64_t project_id, int64_t key, int64_t *room,
                  struct err *err) MUST_CHECK;

int sql_tx_campaign_write(struct store_tx *tx, struct campaign_write *w, struct err *err);
int sql_find_campaign(struct store *s, struct arena *a, int64_t project_id, struct str name_or_id,
                      struct campaign **out, struct err *err);
int sql_list_campaigns(struct store *s, struct arena *a, int64_t project_id,
                       const struct campaign_page *page, struct campaign **out, size_t *n,
                       int64_t *total, struct err *err);

/* The project has a campaign with this key that is not in the bin, nor being deleted. */
int campaign_lives(struct db *db, int64_t project_id, int64_t key, bool *lives,
                   struct err *err) MUST_CHECK;

/* Its vouchers are gone: the campaign with what hangs on it goes, and its name is free. */
int campaign_forget(struct db *db, int64_t project_id, int64_t key, struct err *err) MUST_CHECK;

/* The action has not come to its end. If it was to delete a campaign, that is back, with the
 * vouchers that it still has. */
int campaign_keep(struct db *db, int64_t action_seq, struct err *err) MUST_CHECK;

/* ---- record_write.c, record_list.c ---- */

int sql_tx_record_write(struct store_tx *tx, struct record_write *w, struct err *err);
int sql_find_record(struct store *s, struct arena *a, int64_t project_id,
                    enum resource_type resource, struct str id_or_source, struct record **out,
                    struct err *err);
int sql_list_records(struct store *s, struct arena *a, int64_t project_id,
                     enum resource_type resource, const struct record_page *page,
                     struct record **out, size_t *n, int64_t *total, bool *more, struct err *err);
int sql_walk_records(struct store *s, struct arena *a, int64_t project_id,
                     enum resource_type resource, struct record_walk *w, struct record **out,
                     size_t *n, struct err *err);

/* ---- metadata_schemas.c ---- */

int sql_tx_metadata_schema_write(struct store_tx *tx, struct metadata_schema_write *w,
                                 struct err *err);
/* What metadata of such a resource has to pass, within a unit of work; in the arena. */
int metadata_gate_of(struct db *db, int64_t project_id, struct str object, struct arena *a,
                     struct metadata_gate *gate, struct err *err) MUST_CHECK;
int sql_find_metadata_schema(struct store *s, struct arena *a, int64_t project_id,
                             struct str object_or_id, struct metadata_schema **out,
                             struct err *err);
int sql_list_metadata_schemas(struct store *s, struct arena *a, int64_t project_id,
                              struct metadata_schema **out, size_t *n, struct err *err);

/* ---- publication_list.c ---- */

int sql_list_publications(struct store *s, struct arena *a, int64_t project_id,
                          const struct publication_page *page, struct publication_list *out,
                          struct err *err);

/* ---- validation_rules.c ---- */

int validation_rule_exists(struct store_tx *tx, int64_t project_id, struct str id, bool *exists,
                           struct err *err) MUST_CHECK;
int sql_tx_rule_write(struct store_tx *tx, struct rule_write *w, struct err *err);
int sql_find_rule(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                  struct validation_rule **out, struct err *err);
int sql_list_rules(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                   size_t limit, struct validation_rule **out, size_t *n, int64_t *total,
                   struct err *err);

/* ---- publications.c ---- */

int sql_tx_publish(struct store_tx *tx, struct publish *p, struct err *err);

/* ---- members.c ---- */

/* slice_run() of a chunk with `members`. */
int members_slice(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
                  struct err *err) MUST_CHECK;

/* ---- key_purge.c ---- */

/* The same for MEMBERS_PURGE_KEY. */
int key_purge_slice(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
                    struct err *err) MUST_CHECK;

/* ---- tiers.c ---- */

/* Those of a new promotion, whose key is set. */
int tiers_insert(struct store_tx *tx, int64_t project_id, const struct campaign *c,
                 struct err *err) MUST_CHECK;

int sql_find_tier(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                  struct tier **out, struct err *err);
int sql_list_tiers(struct store *s, struct arena *a, const struct campaign *c, int64_t offset,
                   size_t limit, struct tier **out, size_t *n, int64_t *total, struct err *err);

/* ---- categories.c ---- */

int sql_tx_category_write(struct store_tx *tx, struct category_write *w, struct err *err);
int sql_find_category(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                      struct category **out, struct err *err);
int sql_list_categories(struct store *s, struct arena *a, int64_t project_id, struct category **out,
                        size_t *n, struct err *err);

/* ---- bin.c ---- */

/* An entry for a resource that is hidden from now on. parent: key of its campaign or product; 0:
 * none. */
int bin_insert(struct store_tx *tx, int64_t project_id, enum resource_type type, int64_t key,
               struct str name, int64_t parent, int64_t now_ms, struct err *err) MUST_CHECK;

int sql_tx_bin_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                     int64_t *campaign, struct err *err);
int sql_find_bin_entry(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                       struct bin_entry **out, struct err *err);
int sql_list_bin(struct store *s, struct arena *a, int64_t project_id, int64_t after_key,
                 bool newest_first, const struct filter *filter, size_t limit,
                 struct bin_entry **out, size_t *n, bool *more, struct err *err);

/* ---- exports.c ---- */

int sql_tx_export_insert(struct store_tx *tx, int64_t project_id, struct stored_export *e,
                         struct err *err);
int sql_tx_export_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                        struct err *err);
int sql_find_export(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                    struct stored_export **out, struct err *err);
int sql_list_exports(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                     bool newest_first, size_t limit, struct stored_export **out, size_t *n,
                     int64_t *total, struct err *err);

/* ---- portion.c ---- */

/* A unit of work that removes rows, and may still remove `left` of them. */
struct portion {
    struct db *db;
    struct arena *arena; /* of the names of inputs */
    struct purged *out;
    size_t inputs_cap;
    size_t left; /* 0: enough for now */
};

/* Clears *out. */
void portion_begin(struct portion *p, struct store_tx *tx, size_t budget, struct arena *a,
                   struct purged *out);
void portion_charge(struct portion *p, size_t cost);

/* How many rows of this cost may go; removing that many leaves nothing of the budget. */
int64_t portion_rows(const struct portion *p, size_t cost);

/* Runs a bound statement that removes rows of this cost, and counts them. */
int portion_run(struct portion *p, struct stmt *st, size_t cost, struct err *err) MUST_CHECK;

/* Removes what a dry run has left; all of it when there is budget left afterwards. */
int portion_drop_dry(struct portion *p, int64_t seq, struct err *err) MUST_CHECK;

/* The name is copied into the arena. */
int portion_note_input(struct portion *p, struct str name, struct err *err) MUST_CHECK;

/* ---- retention.c ---- */

int sql_tx_retention(struct store_tx *tx, int64_t ended_before_ms, int64_t now_ms, size_t budget,
                     struct arena *a, struct purged *out, struct err *err);

/* ---- voucher_write.c ---- */

/* Removes a voucher with what hangs on it; its counters are the caller's. `seq`: who erases. */
int voucher_erase(struct db *db, int64_t project_id, int64_t key, struct str code, int64_t seq,
                  struct err *err) MUST_CHECK;

/* ---- recent.c ---- */

/* What a writer has given, of any resource. */
struct noted {
    uint32_t set;          /* bits of its fields; NOTED_EVERYTHING: all there is */
    uint32_t metadata_bit; /* which of them is metadata: that is noted key by key */
    uint32_t identity;     /* which of them change nothing */
    struct str metadata;   /* JSON object */
};
#define NOTED_EVERYTHING (1u << 31)

/* Notes in *recent, of a row that `version` wrote last, that `seq` has given this; forgets what no
 * unfinished action can ask for. The text lives in the arena. */
int recent_note(struct str *recent, int64_t version, const struct noted *given, int64_t seq,
                int64_t first_unfinished, struct arena *a, struct err *err) MUST_CHECK;

/* Takes from `change`, which `seq` wants to make, what writers after it have given. *left: whether
 * something remains. */
int recent_leaves(struct str recent, int64_t seq, struct noted *change, struct arena *a, bool *left,
                  struct err *err) MUST_CHECK;

/* The same of vouchers. */
int voucher_note(struct voucher *stored, const struct voucher *given, int64_t seq,
                 int64_t first_unfinished, struct arena *a, struct err *err) MUST_CHECK;
int voucher_leaves(const struct voucher *stored, int64_t seq, struct voucher *change,
                   struct arena *a, bool *left, struct err *err) MUST_CHECK;

/* ---- erased.c ---- */

/* The voucher with this code is erased by `seq`: noted, if an earlier action is unfinished. */
int erased_note(struct db *db, int64_t project_id, struct str code, int64_t seq,
                struct err *err) MUST_CHECK;
/* Whether there are such notes in the project at all. */
int erased_any(struct db *db, int64_t project_id, bool *any, struct err *err) MUST_CHECK;
/* Whether one with this code was erased by somebody later than seq. */
int erased_after(struct db *db, int64_t project_id, struct str code, int64_t seq, bool *later,
                 struct err *err) MUST_CHECK;

/* ---- category_link.c ---- */

/* A given category name that a category of the project has becomes its key: category_id is set,
 * category is {NULL,0} then. Other names stay: they are tags. A category_id beside a name is what
 * the name says if it is meant as a public id; such a category counts more than one of that name.
 */
int category_link(struct db *db, int64_t project_id, struct voucher *v, struct err *err) MUST_CHECK;
/* The same of a row; asks nothing when the project has no categories. */
int applier_link(struct voucher_applier *ap, struct voucher *v, struct err *err) MUST_CHECK;

/* ---- totals.c ---- */

int totals_get(struct db *db, int64_t project_id, struct str resource, int64_t *n,
               struct err *err) MUST_CHECK;

/* Adds n (0: nothing to do; below 0: takes) to a counter of the project. */
int totals_add(struct db *db, int64_t project_id, struct str resource, int64_t n,
               struct err *err) MUST_CHECK;

/* Appends the name of the counter of the voucher's category or tag; nothing when it has none. */
void totals_category(const struct voucher *v, struct buf *b);

/* The counter of the voucher's category or tag, if it has one; the same with that of all. */
int totals_add_category(struct db *db, int64_t project_id, const struct voucher *v, int64_t n,
                        struct err *err) MUST_CHECK;
/* The name of the counter of a campaign's vouchers. */
void totals_campaign(int64_t campaign, char *name, size_t size);
/* n more vouchers of the campaign; 0: of none. */
int totals_add_campaign(struct db *db, int64_t project_id, int64_t campaign, int64_t n,
                        struct err *err) MUST_CHECK;
int totals_add_voucher(struct db *db, int64_t project_id, const struct voucher *v, int64_t n,
                       struct err *err) MUST_CHECK;

/* ---- voucher_write.c ---- */

int sql_tx_voucher_write(struct store_tx *tx, struct voucher_write *w, struct err *err);
int sql_list_transactions(struct store *s, struct arena *a, int64_t project_id,
                          const struct transaction_page *page, struct transaction **out, size_t *n,
                          bool *more, struct err *err);

/* ---- projects.c, actions.c ---- */

int sql_tx_project_insert(struct store_tx *tx, struct project *p, struct err *err);

int sql_tx_action_insert(struct store_tx *tx, struct action *ac, struct err *err);
int sql_tx_action_claim(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err);
int sql_tx_action_cancel(struct store_tx *tx, int64_t project_id, int64_t seq, int64_t now_ms,
                         struct arena *a, struct action *ac, struct err *err);
int sql_find_outcomes_of_row(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                             int64_t row, struct outcome_blob **out, struct err *err);

/* Rows of ACTION_COLUMNS (with `data` behind them, or not) into an array that grows in the arena:
 * at most `limit`, and until their data and parameters are more than max_bytes. */
int actions_read_rows(struct db *db, struct stmt *st, struct arena *a, size_t limit,
                      size_t max_bytes, struct action **out, size_t *n, bool *more,
                      struct err *err) MUST_CHECK;

/* ---- queue.c ---- */

int sql_list_queues(struct store *s, struct arena *a, struct queue_id **out, size_t *n,
                    struct err *err);
int sql_list_queue(struct store *s, struct arena *a, const struct queue_id *q, int64_t after_seq,
                   size_t limit, size_t max_bytes, struct action **out, size_t *n, struct err *err);
int sql_first_unfinished(struct store *s, const struct queue_id *q, int64_t *seq, struct err *err);
int sql_find_input(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                   struct str *out, struct err *err);

/* The same question on a connection; except_discipline -1: of all disciplines. */
int queue_first_unfinished(struct db *db, int64_t project_id, enum action_queue queue,
                           int except_discipline, int64_t *seq, struct err *err) MUST_CHECK;

int sql_find_action(struct store *s, struct arena *a, int64_t project_id, struct str id,
                    struct action **out, struct err *err);
int sql_list_actions(struct store *s, struct arena *a, int64_t project_id,
                     const struct action_page *page, struct action **out, size_t *n, bool *more,
                     struct err *err);
int sql_list_inputs(struct store *s, struct arena *a, struct str **out, size_t *n, struct err *err);
int sql_list_failures(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                      int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                      struct err *err);
int sql_find_outcomes(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                      int64_t chunk_no, struct outcome_blob **out, struct err *err);

#endif
