/* SPDX-License-Identifier: MIT */
/*
 * store.h - the contract of a store, and the data model.
 *
 * A store keeps projects, actions and promotion data. It speaks in batches: a change to vouchers is
 * a slice of sorted rows in, an outcome per row out, and a single REST write is a slice of one. The
 * rows of a slice, its failures, the action's counters and its checkpoint commit in one transaction
 * or not at all: that is what makes a killed process go on exactly where it was.
 *
 * Writing goes through two doors only:
 *   store_submit()       small units of work (a new action, one voucher), grouped: many share one
 *                        durable commit. Asynchronous: a handler never waits in an event thread.
 *   store_slice_commit() a slice of a chunk, called by the engine's committer, which waits.
 * Reading is synchronous, on a connection of the pool that no writer holds up; no read transaction
 * outlives its call.
 *
 * Texts that a find or list call returns live in the arena that the caller passed. "Absent" is
 * success with NULL. Errors besides those named: ERR_STORE, ERR_DISK_FULL, ERR_NOMEM, ERR_BUSY.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "base/ids.h"
#include "base/mem.h"
#include "domain/campaign.h"
#include "domain/category.h"
#include "domain/code_config.h"
#include "domain/filter.h"
#include "domain/metadata_schema.h"
#include "domain/outcome.h"
#include "domain/publication.h"
#include "domain/validation_rule.h"
#include "domain/voucher.h"

struct store;    /* a backend's own struct; begins with struct store_base */
struct store_tx; /* an open write transaction, valid inside a unit of work */

/* ---- what is stored ---- */

struct project {
    int64_t id;
    struct str public_id; /* proj_… */
    struct str name;
    int64_t created_ms;
    int64_t deleted_ms; /* TIME_NONE: it lives; else its rows are being purged, or it is: */
};
#define PROJECT_COPYING INT64_C(-1) /* on its way here, for nobody to see: store/sql/copy.h */

/* Stored values: never renumber. */
enum key_kind { KEY_APP = 1, KEY_MANAGEMENT = 2 };

/* A key pair of a project: the hash of the token, never the token. */
struct project_key {
    int64_t project_id;
    enum key_kind kind;
    struct str app_id; /* public half, unique in the store */
    unsigned char token_hash[ID_HASH_BYTES];
    struct str name; /* for people */
    int64_t created_ms;
};

/* An OAuth 2.0 access token: its hash. Dies with the key that it was asked for with. */
struct oauth_token {
    int64_t project_id;
    struct str app_id; /* the key */
    unsigned char hash[ID_HASH_BYTES];
    struct str scope; /* names with one blank between */
    int64_t created_ms;
    int64_t expires_ms;
};

/* Stored values: never renumber. What the bin and exports speak of. */
enum resource_type {
    RESOURCE_VOUCHER = 1,
    RESOURCE_CAMPAIGN = 2,
    RESOURCE_PRODUCT = 3,
    RESOURCE_SKU = 4,
    RESOURCE_CUSTOMER = 5,
    RESOURCE_ORDER = 6,
    RESOURCE_TYPES
};

/* "voucher", "campaign", …; NULL for any other value. */
const char *resource_name(enum resource_type resource);

/* Whose metadata schema its metadata is checked by: SKUs have their products'. */
static inline const char *resource_schema(enum resource_type resource)
{
    return resource_name(resource == RESOURCE_SKU ? RESOURCE_PRODUCT : resource);
}

struct bin_entry {
    int64_t key;
    enum resource_type resource_type;
    int64_t resource_key;
    struct str resource_name;
    int64_t parent_key; /* 0: none */
    int64_t created_ms;
};

/* A change of a gift's balance, minor units. */
struct transaction {
    int64_t key;
    int64_t voucher_key;
    int64_t amount;  /* added; below 0: taken */
    int64_t balance; /* available afterwards */
    int64_t total;   /* lifetime income afterwards */
    struct str source_id, reason;
    int64_t created_ms;
    int64_t campaign_id; /* 0: the voucher is standalone */
};

/* Of one voucher, or of all vouchers of a campaign. */
struct transaction_page {
    int64_t voucher_key, campaign_key; /* one of them; 0: the other */
    int64_t after_key;                 /* cursor: the last one of the page before; 0: none */
    bool newest_first;
    size_t limit;
};

struct stored_export {
    int64_t key;
    enum resource_type resource;
    struct str params; /* JSON, frozen when asked for */
    int64_t created_ms;
};

/* Actions wait by the kind of resource that they work on. Stored values: never renumber. */
enum action_queue {
    QUEUE_VOUCHERS = 1,
    QUEUE_CUSTOMERS = 2,
    QUEUE_PRODUCTS = 3,
    QUEUE_ORDERS = 4,
    QUEUE_CAMPAIGNS = 5,
    QUEUE_COUNT
};

/* How actions share a queue of a project. Stored values: never renumber. */
enum discipline {
    DISCIPLINE_SHARED = 0,  /* in slices, round robin */
    DISCIPLINE_ORDERED = 1, /* after every earlier action of the queue */
    DISCIPLINE_SINGLE = 2,  /* one at a time, in order */
    DISCIPLINE_COUNT
};

/* Stored values: never renumber. */
enum action_status {
    ACTION_ENQUEUED,
    ACTION_IN_PROGRESS,
    ACTION_DONE,
    ACTION_FAILED,
    ACTION_STATUS_COUNT
};

struct action {
    /* given at the start, never changed */
    int64_t seq; /* key, and the order of everything: who wrote later wins */
    int64_t project_id;
    int kind; /* enum action_kind_id, see actions/registry.h */
    enum action_queue queue;
    enum discipline discipline;
    int64_t campaign_id; /* whose vouchers it works on; 0: of none; not read back */
    bool ends_campaign;  /* to the insert: that is deleted already */
    bool dry_run;        /* promotion data stays as it is; everything else is real */
    int64_t created_ms;  /* when it was accepted; also the action's frozen "now" */
    struct str request_id;
    struct str input; /* name of the spooled input; {NULL,0}: none, or `data` */
    struct str data;  /* a small input, stored with the action: given to the insert, read by
                         store_list_queue and store_find_input only; {NULL,0}: none */
    int64_t input_bytes;
    int64_t records;   /* of the input; -1: not known before its end */
    struct str params; /* JSON: all that decides an outcome, frozen (delimiter, column map, …) */

    /* moves with every slice, in its transaction */
    enum action_status status;
    int64_t updated_ms;
    int progress;        /* percent */
    int64_t chunk_start; /* first input byte of the chunk being applied */
    int64_t chunk_end;   /* first byte behind it; == chunk_start: none begun */
    int64_t chunk_row;   /* number of rows before the chunk */
    int64_t chunk_no;
    int64_t chunk_rows; /* rows of the chunk, so that a restart finds the same */
    int64_t slice_done; /* items of the chunk that are applied, see struct store_chunk */
    int64_t counts[OUTCOME_COUNT];
    struct str message; /* why a FAILED action failed */
    bool kept;          /* input, outcomes and report are still there */

    /* ownership: every commit carries the epoch it was leased with */
    int64_t lease_epoch;
};

/* Sum of all outcomes so far. */
int64_t action_rows(const struct action *ac);
bool action_is_finished(const struct action *ac);

/* ---- a chunk on its way into the store ---- */

enum { OUTCOMES_PER_BYTE = 2 }; /* four bits a row */

/* What a row does to a stored voucher, and when there is none. */
enum apply_mode {
    APPLY_UPSERT,      /* creates, or changes what is given */
    APPLY_CREATE_ONLY, /* fails when the code exists */
    APPLY_UPDATE_ONLY, /* fails when the code does not exist */
    APPLY_NEW_ONLY,    /* leaves what exists alone: "unchanged" */
};

/* What is done to all vouchers of a campaign, or all of a project. Frozen in parameters of actions:
 * never renumber. */
enum members_order {
    MEMBERS_UPDATE = 1, /* those that are neither published nor redeemed get new terms */
    MEMBERS_TO_BIN = 2,
    MEMBERS_ERASE = 3,     /* also those in the bin; at the end the campaign itself */
    MEMBERS_PURGE_KEY = 4, /* all resources of the project: they lose a metadata key */
};

/* An action that has no rows, but the vouchers of a campaign, by key (store/sql/members.c). */
struct members {
    enum members_order order;
    int64_t expected; /* how many there were when it was asked for: for the progress */

    /* MEMBERS_UPDATE */
    struct voucher terms; /* the fields in terms.set; metadata is merged key by key */
    struct str unset;     /* JSON object with the keys that metadata loses; {NULL,0}: none */

    /* MEMBERS_PURGE_KEY */
    struct str key;
};

struct store_chunk {
    enum resource_type resource; /* what its rows are */

    /* who */
    int64_t project_id;
    int64_t action_seq;
    int64_t lease_epoch;
    int64_t campaign_id; /* whose vouchers they are; 0: standalone */
    enum apply_mode mode;
    bool dry_run;
    bool ordered; /* every earlier action of the queue has ended: nothing can come in between */

    /* which part of the input; stored as the checkpoint */
    int64_t no;          /* 0, 1, 2 … */
    int64_t start, end;  /* input bytes */
    int64_t first_row;   /* rows before it */
    int64_t n_rows;      /* rows in it, failed ones included */
    int64_t input_bytes; /* for the progress */

    /* Not NULL: no rows of an input. `start` is the key behind which it goes on; a slice is a
     * chunk, and tells `end`, `n_rows` and `end_status`. */
    const struct members *members;

    /* what */
    union { /* rows that passed the domain, sorted stably by key */
        struct row_head **mapped;
        struct voucher **vouchers; /* RESOURCE_VOUCHER */
        struct record **records;   /* the others */
    };
    size_t n_mapped;
    bool unsorted;            /* some rows mean theirs by id: all are in the order of the input */
    struct failure *failures; /* rows that did not, in row order */
    size_t n_failures;        /* items of the chunk: its failures, then its rows */

    /* how it ends: with the last slice, in its transaction. ACTION_IN_PROGRESS: more chunks follow.
     */
    enum action_status end_status;
    struct str end_message;

    /* state; moved only by a successful store_slice_commit */
    size_t slice_done;             /* items applied */
    unsigned char *outcomes;       /* packed, (n_rows + 1) / 2 bytes, by row; 0 = not reached */
    int64_t counts[OUTCOME_COUNT]; /* what the slices of this chunk have added so far */
    bool finished;                 /* the last slice is in */
    bool lost;                     /* of a batch: another worker, or a cancel, has the action */

    /* Optional: what is called next, when this one is finished; NULL: not known yet. The store may
     * begin it. */
    struct store_chunk *(*next)(void *arg);
    void *next_arg;

    /* the backend's, during a call */
    size_t reached;
    int64_t adding[OUTCOME_COUNT];
};

void outcome_put(unsigned char *packed, size_t row, enum outcome o);
enum outcome outcome_get(const unsigned char *packed, size_t row);

/* ---- calls ---- */

struct store_config {
    size_t cache_bytes; /* page cache of the writer */
    bool serving;       /* this process will run actions: take the exclusive lock of the file */
    bool copying;       /* so that nobody serves meanwhile: takes that lock, and nothing else */
    unsigned readers;   /* connections for reading */
    bool existing;      /* none is made: ERR_NOT_FOUND when it is not there */
    int64_t campaign_codes_max; /* vouchers that a campaign may have; 0: any number */
};

/* An uploaded file that is to be stored: up to n bytes from `at`, fewer only at the end. */
struct input_source {
    int (*read)(void *arg, int64_t at, void *out, size_t n, size_t *got, struct err *err);
    void *arg;
};

/* A unit of work. run() is called inside a transaction, possibly together with others, and possibly
 * more than once (a serialization failure); what it returns -1 for is undone and reaches done() as
 * the error, without harm to its neighbours. done() is called after the commit is durable, from a
 * thread of the store, and must not block. */
struct store_work {
    int (*run)(struct store_tx *tx, void *arg, struct err *err);
    void (*done)(void *arg, int rc, const struct err *err);
    void *arg;
    bool interactive; /* a single write that somebody waits for, and probably more: slices are short
                         for a while */

    /* the store's, while queued */
    struct store_work *next;
    int rc;
    struct err err;
};

enum voucher_write_mode {
    VOUCHER_CREATE,      /* FAILED: the code is taken, also by one in the bin */
    VOUCHER_CHANGE,      /* the given fields of `voucher` */
    VOUCHER_TO_BIN,      /* invisible from now on, its code stays taken */
    VOUCHER_ERASE,       /* gone, its code is free */
    VOUCHER_ADD_BALANCE, /* of a gift: `amount`, below 0 takes */
};

/* A single write, by the same rules as a slice. */
struct voucher_write {
    int64_t project_id;
    enum voucher_write_mode mode;
    struct str code_or_id; /* of an existing voucher: id first, then code; not for VOUCHER_CREATE */
    /* CREATE, CHANGE: what is wanted. After success of these and of ADD_BALANCE: the stored one. */
    struct voucher *voucher;
    struct arena *arena;   /* its texts live there */
    struct voucher wanted; /* the store's: as it came, since a unit may run again */
    bool has_wanted;
    const struct code_config *codes; /* CREATE: makes the code; NULL: the voucher has one */
    struct str campaign; /* CREATE: name or id of the one it belongs to, which says what it was not
                            given, its code too; {NULL,0}: standalone */
    int64_t amount;      /* ADD_BALANCE, minor units */
    struct str source_id, reason;   /* of the transaction */
    struct transaction transaction; /* ADD_BALANCE: what was booked */
    struct metadata_gate gate;      /* CREATE, CHANGE: ERR_METADATA fails the unit */

    bool found;           /* the voucher; CREATE: the campaign */
    enum outcome outcome; /* FAILED: with why */
    struct err why;       /* FAILED: what the client is told */
};

struct category_write {
    int64_t project_id;
    enum { CATEGORY_CREATE, CATEGORY_CHANGE, CATEGORY_ERASE } mode;
    struct category category; /* in: key (CHANGE, ERASE), name, hierarchy; out: all */
    bool found;               /* CHANGE, ERASE */
};

/* A list of schemas has no pages, so what it can become is bounded: in number, and all definitions
 * of a project together. */
#define METADATA_SCHEMAS_MAX       500
#define METADATA_SCHEMAS_MAX_BYTES (4 * MIB)

/* One metadata schema. What comes out is in `arena`, and in the body while that is given. */
struct metadata_schema_write {
    int64_t project_id;
    enum {
        METADATA_SCHEMA_CREATE,
        METADATA_SCHEMA_CHANGE,
        METADATA_SCHEMA_ERASE,     /* with all definitions; values stay */
        METADATA_SCHEMA_REMOVE_KEY /* the definition goes for good, if it is a removed one */
    } mode;
    struct str object_or_id; /* CREATE: the related object; {NULL,0}: the body says it */
    const struct json *body; /* CREATE, CHANGE: for metadata_schema_apply(), whose refusal fails the
                                unit */
    enum metadata_spelling spelling;
    struct str removed_key; /* REMOVE_KEY */
    struct arena *arena;

    struct metadata_schema schema; /* as it is stored then; ERASE: as it was */
    bool found; /* CREATE: there is one already, nothing was written; REMOVE_KEY: such a definition
                 */
};

/* A validation rule: made of `given`, or, without, erased. */
struct rule_write {
    int64_t project_id;
    int64_t key;                         /* to be erased */
    const struct validation_rule *given; /* NULL: erase */

    struct validation_rule rule; /* as it is stored then; the body is the given one */
    bool found;
};

/* One record. */
enum record_write_mode {
    RECORD_SAVE,   /* the one that `given` means, or a new one */
    RECORD_CHANGE, /* what `given` gives */
    RECORD_TO_BIN, /* invisible from now on; what knows no bin is erased */
    RECORD_ERASE
};

struct record_write {
    int64_t project_id;
    enum resource_type resource;
    enum record_write_mode mode;
    struct str id_or_source; /* all but SAVE */
    int64_t parent_key;      /* of a SKU, all but SAVE: of this product only; 0: of any */
    const struct record *given;
    struct arena *arena;
    struct metadata_gate gate; /* SAVE, CHANGE: ERR_METADATA fails the unit */

    struct record
        *record; /* as it is stored then, or was; the caller's, a struct of the resource */
    bool found;
};

struct record_equal {
    const char *column; /* a constant */
    const char *member; /* of the object that it holds; NULL: the column itself */
    struct str value;
};

enum record_sort {
    RECORD_BY_AGE,
    RECORD_BY_CHANGE,
    RECORD_BY_SOURCE_ID, /* lists go up to here; the others are of walks */
    RECORD_BY_NAME,      /* of customers */
    RECORD_BY_EMAIL,
    RECORD_BY_STATUS, /* of orders, by the status's name */
    RECORD_ORDERS
};

struct record_page {
    enum record_sort order;
    bool descending;
    size_t limit;
    int64_t offset;
    int64_t after_key;  /* cursor of RECORD_BY_AGE; 0: none */
    int64_t parent_key; /* SKUs of this product; 0: of all */
    const struct record_equal *equals;
    size_t n_equals;
    const struct filter *filter;                 /* of the resource; see domain/record_filter.h */
    int64_t created_before_ms, created_after_ms; /* TIME_NONE: any */
    int64_t updated_before_ms, updated_after_ms;
};

#define RECORD_WALK_TEXT_BYTES 2048

/* Reads all records that fit, in many short calls, for an export. What has no name, source id or
 * e-mail sorts as if that were empty; texts are sorted by their first 512 characters. */
struct record_walk {
    enum record_sort order;
    bool descending;
    const struct filter *filter; /* of the resource; NULL: all */
    size_t limit;                /* records of a call */
    size_t max_bytes;            /* of their texts; the last one may go beyond it */

    /* where it is; zero at the start, moved by every call */
    int64_t after_key;
    int64_t after_n;
    char after_text[RECORD_WALK_TEXT_BYTES];
    size_t after_text_len;
    bool done;
};

/* Vouchers for a customer. When it is refused the unit fails, and nothing of it stays. */
struct publish {
    int64_t project_id;
    const struct publication *given;
    bool join_once; /* who has a voucher of the campaign gets that one again */
    struct arena *arena;
    struct metadata_gate customer_gate; /* ERR_METADATA fails the unit */
    struct metadata_gate voucher_gate;  /* the same of a voucher that is made for it */

    int64_t key;
    int64_t created_ms;
    struct customer customer;
    struct voucher *vouchers; /* as they are stored then */
    size_t n;
    bool refused;
    struct err why;           /* what the client is told */
    const char *missing_type; /* not NULL: there is no such voucher, or campaign */
    struct str missing_id;
};

enum publication_order {
    PUBLICATIONS_BY_AGE,
    PUBLICATIONS_BY_CODE, /* those of several vouchers have none */
    PUBLICATIONS_BY_TRACKING_ID,
    PUBLICATIONS_BY_CUSTOMER, /* those of one stand together */
    PUBLICATIONS_BY_CHANNEL,
    PUBLICATION_ORDER_COUNT
};

struct publication_page {
    enum publication_order order;
    bool descending;
    size_t limit;
    int64_t offset;
    int64_t campaign_key, voucher_key; /* 0: any */
    const struct filter *filter;       /* by publication_filter_fields; NULL: all */
};

struct publication_list {
    struct stored_publication *rows;
    size_t n;
    struct voucher *vouchers; /* of all rows, each once, by key; what voucher_put_short() prints */
    size_t n_vouchers;
    int64_t total;
    bool more;
};

/* One campaign. Texts that come out are in `arena`; w->campaign comes in anew for each try. */
struct campaign_write {
    int64_t project_id;
    enum { CAMPAIGN_CREATE, CAMPAIGN_CHANGE, CAMPAIGN_ACTIVATE, CAMPAIGN_DELETE } mode;
    struct str name_or_id; /* all but CREATE */
    bool active;           /* ACTIVATE */
    bool force;            /* DELETE: not into the bin */
    int64_t now_ms;        /* DELETE: creation of the action that deletes; another one's failure is
                              known by it */
    const struct campaign *given;
    struct arena *arena;
    /* CREATE, CHANGE, by what the campaign says of its schema; ERR_METADATA fails the unit. */
    struct metadata_gate own_gate, voucher_gate;
    struct metadata_gate tier_gate; /* CREATE: the same of its tiers */

    struct campaign campaign; /* as it is stored then; DELETE: as it was */
    uint32_t terms; /* CHANGE: what it gives to vouchers that there are, or will be: an action is
                       needed; enum voucher_field */
    bool found;
    bool refused;   /* `why` is what the client is told; nothing was written */
    struct err why; /* ERR_DUPLICATE: the name is taken; ERR_INVALID_… of campaign_merge() */
    bool no_rule;   /* CREATE: its validation rule is what was not found */
};

enum campaign_order {
    CAMPAIGNS_BY_CREATION,
    CAMPAIGNS_BY_CREATION_DESC,
    CAMPAIGNS_BY_CHANGE,
    CAMPAIGNS_BY_CHANGE_DESC,
    CAMPAIGN_ORDER_COUNT
};

struct campaign_page {
    size_t limit, offset;
    enum campaign_order order;
    const struct filter *filter; /* by campaign_filter_fields; NULL: all */
    int64_t time_ms;             /* page and total together may take; 0: any time */
};

/* A request that has been here before; remembered for a day. */
#define IDEMPOTENCY_KEPT_MS INT64_C(86400000)
struct idempotency {
    int64_t project_id;
    struct str key;
    unsigned char fingerprint[ID_HASH_BYTES];
    int64_t action_seq;
    int64_t created_ms; /* of the action */
};

struct action_page {
    int64_t before_ms;  /* only actions created before; INT64_MAX: all */
    int64_t before_seq; /* cursor: behind this action, in list order; INT64_MAX: from the newest */
    int64_t before_seq_ms;            /* creation time of the cursor's action */
    int kind;                         /* 0: all */
    const enum action_status *status; /* NULL: all */
    int limit;
};

enum voucher_order {
    VOUCHER_NEWEST_FIRST,
    VOUCHER_OLDEST_FIRST,
    VOUCHER_BY_CODE,
    VOUCHER_BY_CODE_DESC,
    VOUCHER_BY_CHANGE, /* updated_at, those never changed by their creation */
    VOUCHER_BY_CHANGE_DESC
};

struct voucher_page {
    enum voucher_order order;
    int limit;
    int64_t offset;    /* of the API's page parameter */
    int64_t after_key; /* cursor (starting_after): the last voucher of the page before; 0: none */
    struct str after_code;       /* its code, for the orders by code */
    int64_t after_ms;            /* its time of change, for the orders by that */
    const struct filter *filter; /* NULL: all; see domain/filter.h */
    bool no_total;               /* *total is not wanted: nothing is counted */
    int64_t time_ms;             /* page and total together may take; 0: any time */
};

/* Reads all vouchers that fit, in many short calls, for an export. */
struct voucher_walk {
    enum voucher_order order;
    const struct filter *filter; /* NULL: all */
    size_t limit;                /* vouchers of a call */
    size_t max_bytes;            /* of their texts; the last one may go beyond it */

    /* where it is; zero at the start, moved by every call */
    int64_t after_key;
    int64_t after_ms;
    char after_code[VOUCHER_CODE_MAX_BYTES];
    size_t after_code_len;
    bool done;
};

struct failure_row {
    int64_t row; /* from 1, as shown */
    enum failure_kind kind;
    struct str key;
    struct str reason;
};

struct outcome_blob {
    int64_t chunk_no;
    int64_t first_row; /* rows before the chunk */
    int64_t n_rows;
    const unsigned char *packed;
    int64_t start, end; /* input bytes of the chunk */
};

/* Of all failures of an action, what retention leaves. */
#define FAILURES_KEPT 10000

/* Actions that wait for each other: of one project, one kind of resource, one discipline. */
struct queue_id {
    int64_t project_id;
    enum action_queue queue;
    enum discipline discipline;
};

/* What a step of retention did. */
struct purged {
    size_t rows;
    bool more;          /* there is more to remove now */
    struct str *inputs; /* spooled inputs that no action has any more; in the arena */
    size_t n_inputs;
};

/* How the committer and the writer spend their time; for the bench. */
struct store_stats {
    int64_t busy_us;   /* inside transactions */
    int64_t commit_us; /* of it, in COMMIT (write and fsync of the log) */
    int64_t commits;
    int64_t checkpoints;
};

struct store_ops {
    const char *scheme; /* of the URL, before ':' */

    /* Opens, creates or migrates. ERR_BUSY when config.serving and another process serves this
     * store; ERR_STORE with a clear text when the schema is newer than this program. */
    int (*open)(const char *rest, const struct store_config *config, struct store **out,
                struct err *err);
    void (*close)(struct store *s); /* commits what is queued, then lets go */

    void (*submit)(struct store *s, struct store_work *w);

    /* inside a unit of work */
    int (*tx_project_insert)(struct store_tx *tx, struct project *p, struct err *err);
    int (*tx_project_delete)(struct store_tx *tx, struct str public_id, int64_t now_ms, int64_t *id,
                             struct err *err);
    int (*tx_project_purge)(struct store_tx *tx, int64_t id, size_t budget, struct arena *a,
                            struct purged *out, struct err *err);
    int (*tx_key_insert)(struct store_tx *tx, const struct project_key *k, struct err *err);
    int (*tx_key_delete)(struct store_tx *tx, int64_t project_id, struct str app_id,
                         struct err *err);
    int (*tx_oauth_insert)(struct store_tx *tx, const struct oauth_token *t, size_t most,
                           struct err *err);
    int (*tx_oauth_delete)(struct store_tx *tx, int64_t project_id, const unsigned char *hash,
                           bool *found, struct err *err);
    int (*tx_action_insert)(struct store_tx *tx, struct action *ac, struct err *err);
    int (*tx_action_claim)(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err);
    int (*tx_action_cancel)(struct store_tx *tx, int64_t project_id, int64_t seq, int64_t now_ms,
                            struct arena *a, struct action *ac, struct err *err);
    int (*tx_idempotency_find)(struct store_tx *tx, struct idempotency *i, int64_t now_ms,
                               bool *found, struct err *err);
    int (*tx_idempotency_put)(struct store_tx *tx, const struct idempotency *i, struct err *err);
    int (*tx_voucher_write)(struct store_tx *tx, struct voucher_write *w, struct err *err);
    int (*tx_category_write)(struct store_tx *tx, struct category_write *w, struct err *err);
    int (*tx_campaign_write)(struct store_tx *tx, struct campaign_write *w, struct err *err);
    int (*tx_record_write)(struct store_tx *tx, struct record_write *w, struct err *err);
    int (*tx_publish)(struct store_tx *tx, struct publish *p, struct err *err);
    int (*list_publications)(struct store *s, struct arena *a, int64_t project_id,
                             const struct publication_page *page, struct publication_list *out,
                             struct err *err);
    int (*find_record)(struct store *s, struct arena *a, int64_t project_id,
                       enum resource_type resource, struct str id_or_source, struct record **out,
                       struct err *err);
    int (*list_records)(struct store *s, struct arena *a, int64_t project_id,
                        enum resource_type resource, const struct record_page *page,
                        struct record **out, size_t *n, int64_t *total, bool *more,
                        struct err *err);
    int (*walk_records)(struct store *s, struct arena *a, int64_t project_id,
                        enum resource_type resource, struct record_walk *w, struct record **out,
                        size_t *n, struct err *err);
    int (*tx_rule_write)(struct store_tx *tx, struct rule_write *w, struct err *err);
    int (*tx_metadata_schema_write)(struct store_tx *tx, struct metadata_schema_write *w,
                                    struct err *err);
    int (*find_metadata_schema)(struct store *s, struct arena *a, int64_t project_id,
                                struct str object_or_id, struct metadata_schema **out,
                                struct err *err);
    int (*list_metadata_schemas)(struct store *s, struct arena *a, int64_t project_id,
                                 struct metadata_schema **out, size_t *n, struct err *err);
    int (*find_rule)(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                     struct validation_rule **out, struct err *err);
    int (*list_rules)(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                      size_t limit, struct validation_rule **out, size_t *n, int64_t *total,
                      struct err *err);
    int (*tx_bin_erase)(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                        int64_t *campaign, struct err *err);
    int (*tx_export_insert)(struct store_tx *tx, int64_t project_id, struct stored_export *e,
                            struct err *err);
    int (*tx_export_erase)(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                           struct err *err);
    int (*tx_retention)(struct store_tx *tx, int64_t ended_before_ms, int64_t now_ms, size_t budget,
                        struct arena *a, struct purged *out, struct err *err);

    int (*slice_commit)(struct store *s, struct store_chunk *chunks, size_t n, struct err *err);
    void (*slices_leave)(struct store *s); /* NULL: it does not work ahead */
    int (*find_key)(struct store *s, struct arena *a, struct str app_id, struct project_key **key,
                    struct project **project, struct err *err);
    int (*find_oauth)(struct store *s, struct arena *a, const unsigned char *hash,
                      struct oauth_token **token, struct project **project, struct err *err);
    int (*find_project)(struct store *s, struct arena *a, struct str public_id,
                        struct project **out, struct err *err);
    int (*list_projects)(struct store *s, struct arena *a, struct project **out, size_t *n,
                         struct err *err);
    int (*list_keys)(struct store *s, struct arena *a, int64_t project_id, struct project_key **out,
                     size_t *n, struct err *err);
    int (*find_action)(struct store *s, struct arena *a, int64_t project_id, struct str id,
                       struct action **out, struct err *err);
    int (*find_input)(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                      struct str *out, struct err *err);
    int (*list_actions)(struct store *s, struct arena *a, int64_t project_id,
                        const struct action_page *page, struct action **out, size_t *n, bool *more,
                        struct err *err);
    int (*list_queues)(struct store *s, struct arena *a, struct queue_id **out, size_t *n,
                       struct err *err);
    int (*list_queue)(struct store *s, struct arena *a, const struct queue_id *q, int64_t after_seq,
                      size_t limit, size_t max_bytes, struct action **out, size_t *n,
                      struct err *err);
    int (*first_unfinished)(struct store *s, const struct queue_id *q, int64_t *seq,
                            struct err *err);
    int (*list_inputs)(struct store *s, struct arena *a, struct str **out, size_t *n,
                       struct err *err);
    int (*find_voucher)(struct store *s, struct arena *a, int64_t project_id, struct str code_or_id,
                        struct voucher **out, struct err *err);
    int (*list_vouchers)(struct store *s, struct arena *a, int64_t project_id,
                         const struct voucher_page *page, struct voucher **out, size_t *n,
                         int64_t *total, bool *more, struct err *err);
    int (*walk_vouchers)(struct store *s, struct arena *a, int64_t project_id,
                         struct voucher_walk *w, struct voucher **out, size_t *n, struct err *err);
    int (*list_transactions)(struct store *s, struct arena *a, int64_t project_id,
                             const struct transaction_page *page, struct transaction **out,
                             size_t *n, bool *more, struct err *err);
    int (*count_codes)(struct store *s, int64_t project_id, const struct str *codes, size_t n,
                       int64_t *out, struct err *err);
    int (*find_campaign)(struct store *s, struct arena *a, int64_t project_id,
                         struct str name_or_id, struct campaign **out, struct err *err);
    int (*list_campaigns)(struct store *s, struct arena *a, int64_t project_id,
                          const struct campaign_page *page, struct campaign **out, size_t *n,
                          int64_t *total, struct err *err);
    int (*find_tier)(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                     struct tier **out, struct err *err);
    int (*list_tiers)(struct store *s, struct arena *a, const struct campaign *c, int64_t offset,
                      size_t limit, struct tier **out, size_t *n, int64_t *total, struct err *err);
    int (*find_category)(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                         struct category **out, struct err *err);
    int (*list_categories)(struct store *s, struct arena *a, int64_t project_id,
                           struct category **out, size_t *n, struct err *err);
    int (*find_bin_entry)(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                          struct bin_entry **out, struct err *err);
    int (*list_bin)(struct store *s, struct arena *a, int64_t project_id, int64_t after_key,
                    bool newest_first, const struct filter *filter, size_t limit,
                    struct bin_entry **out, size_t *n, bool *more, struct err *err);
    int (*find_export)(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                       struct stored_export **out, struct err *err);
    int (*list_exports)(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                        bool newest_first, size_t limit, struct stored_export **out, size_t *n,
                        int64_t *total, struct err *err);
    int (*list_failures)(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                         int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                         struct err *err);
    int (*find_outcomes)(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                         int64_t chunk_no, struct outcome_blob **out, struct err *err);
    int (*find_outcomes_of_row)(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                                int64_t row, struct outcome_blob **out, struct err *err);
    /* Optional, all or none. NULL: inputs lie in the spool's directory. */
    int (*input_put)(struct store *s, struct str name, const struct input_source *from,
                     struct err *err);
    int (*input_find)(struct store *s, struct str name, bool *found, struct err *err);
    int (*input_read)(struct store *s, struct str name, int64_t at, void *out, size_t n,
                      size_t *got, struct err *err);
    int (*input_remove)(struct store *s, struct str name, struct err *err);

    /* Optional. NULL: no other process queues actions. */
    void (*listen)(struct store *s, void (*on_wake)(void *arg), void *arg);

    int (*ping)(struct store *s, struct err *err);
    void (*stats)(struct store *s, struct store_stats *out);
};

/* What every backend's struct begins with. */
struct store_base {
    const struct store_ops *ops;
    struct id_secret secret;    /* of this store; read when it is opened */
    const char *place;          /* see store_place; owned by the backend */
    int64_t schema;             /* version that it has now */
    int64_t schema_before;      /* the one it was opened with; 0: it was empty */
    int64_t campaign_codes_max; /* see struct store_config */
};

/* What every backend's transaction begins with. */
struct store_tx_base {
    struct store *store;
};

extern const struct store_ops store_sqlite, store_postgres;

/*
 * Opens `sqlite:PATH` or `postgresql://…` (whatever libpq takes). The file and the schema are made
 * when missing, older schemas are migrated.
 * ERR_INVALID_PAYLOAD when the URL names no store; else see store_ops.open.
 */
int store_open(const char *url, const struct store_config *config, struct store **out,
               struct err *err) MUST_CHECK;
void store_close(struct store *s); /* NULL is fine */

const struct id_secret *store_secret(const struct store *s);

/* Where the store is, resolved: the path of the database file. What lies beside it is named after
 * it. */
const char *store_place(const struct store *s);

/* How many vouchers a campaign may have; 0: any number. CAMPAIGN_FULL is what is said of more. */
int64_t store_campaign_codes_max(const struct store *s);
#define CAMPAIGN_FULL "Campaign vouchers limit exceeded: %" PRId64

/* The version of its schema, and the one that it had before it was opened; 0: none. */
int64_t store_schema(const struct store *s, int64_t *before);

/* Queues the work; w must stay valid until done() has been called. done() is always called, once.
 */
void store_submit(struct store *s, struct store_work *w);

/* The same, and waits for the end. For the engine and the command line; never for an event thread.
 */
int store_work_wait(struct store *s, int (*run)(struct store_tx *, void *, struct err *), void *arg,
                    struct err *err) MUST_CHECK;

/* ---- inside a unit of work ---- */

/* p->id is set. ERR_DUPLICATE. */
int store_tx_project_insert(struct store_tx *tx, struct project *p, struct err *err) MUST_CHECK;

/* Takes its keys and tokens away, ends its actions, and marks it; its rows go with
 * store_tx_project_purge. Once more changes nothing. ERR_NOT_FOUND; *id is set. */
int store_tx_project_delete(struct store_tx *tx, struct str public_id, int64_t now_ms, int64_t *id,
                            struct err *err) MUST_CHECK;

/* Removes about `budget` rows of a deleted project, at last the project (`more` is false then).
 * out->inputs are for the caller to remove once the unit has committed; in the arena. Nothing
 * happens to a project that lives, or is gone. */
int store_tx_project_purge(struct store_tx *tx, int64_t id, size_t budget, struct arena *a,
                           struct purged *out, struct err *err) MUST_CHECK;

/* ERR_DUPLICATE when the application id is taken; ERR_NOT_FOUND when the project is deleted. */
int store_tx_key_insert(struct store_tx *tx, const struct project_key *k,
                        struct err *err) MUST_CHECK;

/* With the tokens that were asked for with it. ERR_NOT_FOUND. */
int store_tx_key_delete(struct store_tx *tx, int64_t project_id, struct str app_id,
                        struct err *err) MUST_CHECK;

/* When the project has `most` already, the expired ones go first, then the oldest.
 * ERR_UNAUTHORIZED: the key has been revoked meanwhile. */
int store_tx_oauth_insert(struct store_tx *tx, const struct oauth_token *t, size_t most,
                          struct err *err) MUST_CHECK;

int store_tx_oauth_delete(struct store_tx *tx, int64_t project_id, const unsigned char *hash,
                          bool *found, struct err *err) MUST_CHECK;
/* Takes the next sequence number and stores the action as ENQUEUED; ac->seq is set. */
int store_tx_action_insert(struct store_tx *tx, struct action *ac, struct err *err) MUST_CHECK;

/* Leases an unfinished action to the caller: IN_PROGRESS, a new epoch; *ac (the parts that move) is
 * read afresh. ERR_NOT_FOUND when it is finished or gone. */
int store_tx_action_claim(struct store_tx *tx, int64_t seq, struct action *ac,
                          struct err *err) MUST_CHECK;

/* Ends an unfinished action as FAILED, with a message that begins with CANCELLED_MESSAGE and tells
 * what is in; whoever runs it loses its lease. *ac is read afresh in any case, its texts in the
 * arena. ERR_NOT_FOUND. */
#define CANCELLED_MESSAGE "Cancelled"
int store_tx_action_cancel(struct store_tx *tx, int64_t project_id, int64_t seq, int64_t now_ms,
                           struct arena *a, struct action *ac, struct err *err) MUST_CHECK;

/* *found: i's fingerprint, action and time are those of the first request. Those older than a day
 * do not count. */
int store_tx_idempotency_find(struct store_tx *tx, struct idempotency *i, int64_t now_ms,
                              bool *found, struct err *err) MUST_CHECK;

int store_tx_idempotency_put(struct store_tx *tx, const struct idempotency *i,
                             struct err *err) MUST_CHECK;
/* One voucher, by the same code that applies a slice. -1 only for trouble of ours, see
 * w->found and w->outcome. */
int store_tx_voucher_write(struct store_tx *tx, struct voucher_write *w,
                           struct err *err) MUST_CHECK;

/* Creates or changes a campaign, says in *w what became of it. */
int store_tx_campaign_write(struct store_tx *tx, struct campaign_write *w,
                            struct err *err) MUST_CHECK;

/* Saves, changes or erases a record, says in *w what became of it. ERR_INVALID_PAYLOAD,
 * ERR_DUPLICATE (one in the bin has the source id), ERR_IN_USE, ERR_NOT_FOUND (of what it refers
 * to). */
int store_tx_record_write(struct store_tx *tx, struct record_write *w, struct err *err) MUST_CHECK;

/* -1 also when it is refused: then *p says why. */
int store_tx_publish(struct store_tx *tx, struct publish *p, struct err *err) MUST_CHECK;

int store_tx_rule_write(struct store_tx *tx, struct rule_write *w, struct err *err) MUST_CHECK;

int store_tx_metadata_schema_write(struct store_tx *tx, struct metadata_schema_write *w,
                                   struct err *err) MUST_CHECK;

int store_tx_category_write(struct store_tx *tx, struct category_write *w,
                            struct err *err) MUST_CHECK;
/* The entry and its resource, for good. But a campaign has vouchers: *campaign is its key then, the
 * entry is still there, and an action has to erase them (MEMBERS_ERASE); else 0. */
int store_tx_bin_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                       int64_t *campaign, struct err *err) MUST_CHECK;

/* e->key is set. */
int store_tx_export_insert(struct store_tx *tx, int64_t project_id, struct stored_export *e,
                           struct err *err) MUST_CHECK;

int store_tx_export_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                          struct err *err) MUST_CHECK;
/* Removes up to `budget` rows that have had their time: outcomes, failures beyond the first
 * FAILURES_KEPT, and inputs of actions that ended before then; remains of dry runs; old idempotency
 * keys and tokens. */
int store_tx_retention(struct store_tx *tx, int64_t ended_before_ms, int64_t now_ms, size_t budget,
                       struct arena *a, struct purged *out, struct err *err) MUST_CHECK;

/* ---- the engine's door ---- */

/* Applies the next slice of the chunks and commits it with outcomes, failures, counters and
 * checkpoints. n > 1 is a batch: chunks of different actions of one project, in their order, each
 * small and the whole of its action. How much that is, the store decides: all that is left while
 * nobody else wants to write, about 20 ms worth otherwise. Moves slice_done, outcomes, counts; sets
 * `finished` with the last slice of a chunk. When it fails nothing has moved, in memory or on disk,
 * and the call can be repeated. ERR_LEASE_LOST: another worker holds a newer epoch (drop the
 * chunk); in a batch that one is `lost` and `finished`, and the others go on. ERR_DISK_FULL.
 * A store that works ahead may have begun what comes next in the chunk, or in chunk->next, when the
 * call succeeds: it is then to be called with that, or to be left. */
int store_slice_commit(struct store *s, struct store_chunk *chunks, size_t n,
                       struct err *err) MUST_CHECK;
/* A chunk is not gone on with, or not begun, though the call before it might have worked ahead. No
 * slice reads the memory of a chunk any more. How far the action has come, the database knows. */
void store_slices_leave(struct store *s);

/* ---- reading ---- */

/* A key of any kind, with its project; NULL and NULL when it is unknown or revoked. */
int store_find_key(struct store *s, struct arena *a, struct str app_id, struct project_key **key,
                   struct project **project, struct err *err) MUST_CHECK;
/* NULL also for an expired one. */
int store_find_oauth(struct store *s, struct arena *a, const unsigned char *hash,
                     struct oauth_token **token, struct project **project,
                     struct err *err) MUST_CHECK;

/* Deleted projects are found and listed until their last row is gone: see deleted_ms. */
int store_find_project(struct store *s, struct arena *a, struct str public_id, struct project **out,
                       struct err *err) MUST_CHECK;
int store_list_projects(struct store *s, struct arena *a, struct project **out, size_t *n,
                        struct err *err) MUST_CHECK;
int store_list_keys(struct store *s, struct arena *a, int64_t project_id, struct project_key **out,
                    size_t *n, struct err *err) MUST_CHECK;
int store_find_action(struct store *s, struct arena *a, int64_t project_id, struct str id,
                      struct action **out, struct err *err) MUST_CHECK;
/* A small input that is stored with its action; {NULL,0} when there is none. */
int store_find_input(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                     struct str *out, struct err *err) MUST_CHECK;

/* Newest first: (created_ms, seq) descending. *more: there are older ones. */
int store_list_actions(struct store *s, struct arena *a, int64_t project_id,
                       const struct action_page *page, struct action **out, size_t *n, bool *more,
                       struct err *err) MUST_CHECK;

/* Which queues have unfinished actions. */
int store_list_queues(struct store *s, struct arena *a, struct queue_id **out, size_t *n,
                      struct err *err) MUST_CHECK;

/* The queue's unfinished actions behind after_seq, in order, with their `data`; at most max_bytes
 * of that and of their params, but one action at least. */
int store_list_queue(struct store *s, struct arena *a, const struct queue_id *q, int64_t after_seq,
                     size_t limit, size_t max_bytes, struct action **out, size_t *n,
                     struct err *err) MUST_CHECK;

/* The first unfinished action of the project's queue with another discipline than q's; INT64_MAX:
 * none. One probe of an index per discipline. */
int store_first_unfinished(struct store *s, const struct queue_id *q, int64_t *seq,
                           struct err *err) MUST_CHECK;

/* Names of all inputs that an action still has, finished or not; sorted by byte. */
int store_list_inputs(struct store *s, struct arena *a, struct str **out, size_t *n,
                      struct err *err) MUST_CHECK;

/* By public id first, then by code. Those in the bin are not found. */
int store_find_voucher(struct store *s, struct arena *a, int64_t project_id, struct str code_or_id,
                       struct voucher **out, struct err *err) MUST_CHECK;

/* *total of all, or of one category, comes from a counter and costs the same for 10 and for 10
 * million vouchers. Any other filter is counted, and takes page->time_ms at most: ERR_TOO_SLOW. */
int store_list_vouchers(struct store *s, struct arena *a, int64_t project_id,
                        const struct voucher_page *page, struct voucher **out, size_t *n,
                        int64_t *total, bool *more, struct err *err) MUST_CHECK;

/* The next vouchers of the walk; none before its end when nothing has fitted for a while. Each that
 * is there all the time and is not changed comes exactly once. Fails: the walk is where it was. */
int store_walk_vouchers(struct store *s, struct arena *a, int64_t project_id,
                        struct voucher_walk *w, struct voucher **out, size_t *n,
                        struct err *err) MUST_CHECK;

int store_list_transactions(struct store *s, struct arena *a, int64_t project_id,
                            const struct transaction_page *page, struct transaction **out,
                            size_t *n, bool *more, struct err *err) MUST_CHECK;
/* How many of these codes, all different, are taken: by vouchers, also by those in the bin. */
int store_count_codes(struct store *s, int64_t project_id, const struct str *codes, size_t n,
                      int64_t *out, struct err *err) MUST_CHECK;

/* By public id first, then by name; NULL for none, or one in the bin. */
int store_find_campaign(struct store *s, struct arena *a, int64_t project_id, struct str name_or_id,
                        struct campaign **out, struct err *err) MUST_CHECK;
int store_list_campaigns(struct store *s, struct arena *a, int64_t project_id,
                         const struct campaign_page *page, struct campaign **out, size_t *n,
                         int64_t *total, struct err *err) MUST_CHECK;

/* A tier, also of a campaign in the bin; NULL for none. */
int store_find_tier(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                    struct tier **out, struct err *err) MUST_CHECK;
/* Those of a stored promotion, in the order in which they apply. */
int store_list_tiers(struct store *s, struct arena *a, const struct campaign *c, int64_t offset,
                     size_t limit, struct tier **out, size_t *n, int64_t *total,
                     struct err *err) MUST_CHECK;

/* By public id first, then by related object; NULL for none. The schemas of its nested objects come
 * with it, so it is ready for metadata_check(). */
int store_find_metadata_schema(struct store *s, struct arena *a, int64_t project_id,
                               struct str object_or_id, struct metadata_schema **out,
                               struct err *err) MUST_CHECK;
/* All of the project, by related object; without those of nested objects. */
int store_list_metadata_schemas(struct store *s, struct arena *a, int64_t project_id,
                                struct metadata_schema **out, size_t *n,
                                struct err *err) MUST_CHECK;

int store_find_rule(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                    struct validation_rule **out, struct err *err) MUST_CHECK;
/* Newest first. *total: of the project. */
int store_list_rules(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                     size_t limit, struct validation_rule **out, size_t *n, int64_t *total,
                     struct err *err) MUST_CHECK;

/* Counts, and may look at every one: ERR_TOO_SLOW. */
int store_list_publications(struct store *s, struct arena *a, int64_t project_id,
                            const struct publication_page *page, struct publication_list *out,
                            struct err *err) MUST_CHECK;

/* By public id first, then by source id; NULL for none, or one in the bin. */
int store_find_record(struct store *s, struct arena *a, int64_t project_id,
                      enum resource_type resource, struct str id_or_source, struct record **out,
                      struct err *err) MUST_CHECK;
/* *out are n structs of the resource, see record_at(). *total of all comes from a counter; any
 * filter is counted: ERR_TOO_SLOW. */
int store_list_records(struct store *s, struct arena *a, int64_t project_id,
                       enum resource_type resource, const struct record_page *page,
                       struct record **out, size_t *n, int64_t *total, bool *more,
                       struct err *err) MUST_CHECK;
/* The next records of the walk, as store_walk_vouchers(). */
int store_walk_records(struct store *s, struct arena *a, int64_t project_id,
                       enum resource_type resource, struct record_walk *w, struct record **out,
                       size_t *n, struct err *err) MUST_CHECK;
struct record *record_at(enum resource_type resource, struct record *rows, size_t i);

int store_find_category(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                        struct category **out, struct err *err) MUST_CHECK;
/* All of the project, newest first. */
int store_list_categories(struct store *s, struct arena *a, int64_t project_id,
                          struct category **out, size_t *n, struct err *err) MUST_CHECK;

int store_find_bin_entry(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                         struct bin_entry **out, struct err *err) MUST_CHECK;
int store_list_bin(struct store *s, struct arena *a, int64_t project_id, int64_t after_key,
                   bool newest_first, const struct filter *filter, size_t limit,
                   struct bin_entry **out, size_t *n, bool *more, struct err *err) MUST_CHECK;
/* Not of a deleted project: the link to an export needs no key. */
int store_find_export(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                      struct stored_export **out, struct err *err) MUST_CHECK;
int store_list_exports(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                       bool newest_first, size_t limit, struct stored_export **out, size_t *n,
                       int64_t *total, struct err *err) MUST_CHECK;
/* In row order, rows above after_row (0: from the first). */
int store_list_failures(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                        int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                        struct err *err) MUST_CHECK;

/* The outcomes of one chunk; NULL when the action has not come that far. */
int store_find_outcomes(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                        int64_t chunk_no, struct outcome_blob **out, struct err *err) MUST_CHECK;

/* The same, of the chunk that row (from 0) is in. */
int store_find_outcomes_of_row(struct store *s, struct arena *a, int64_t project_id, int64_t seq,
                               int64_t row, struct outcome_blob **out, struct err *err) MUST_CHECK;

/* Does the store keep inputs itself? Then these are what inputs/spool.h has as struct input_ops;
 * otherwise they are not called. */
bool store_keeps_inputs(const struct store *s);
int store_input_put(struct store *s, struct str name, const struct input_source *from,
                    struct err *err) MUST_CHECK;
int store_input_find(struct store *s, struct str name, bool *found, struct err *err) MUST_CHECK;
int store_input_read(struct store *s, struct str name, int64_t at, void *out, size_t n, size_t *got,
                     struct err *err) MUST_CHECK;
int store_input_remove(struct store *s, struct str name, struct err *err) MUST_CHECK;

/* Calls on_wake, from a thread of the store, when another process may have queued an action. NULL:
 * no more; not after the return. */
void store_listen(struct store *s, void (*on_wake)(void *arg), void *arg);

/* 0 when the store can be read and takes writes. */
int store_ping(struct store *s, struct err *err) MUST_CHECK;
void store_stats(struct store *s, struct store_stats *out);

#endif
