/* SPDX-License-Identifier: MIT */
/*
 * registry.h - the table of action types.
 *
 * A type is a row: what it reads, how it queues, how a record becomes a row, how its result reads.
 * Everything common (queue, chunks, checkpoint, progress, report, recovery) is written once and
 * asks the row. Delete the row and the type is gone.
 */
#ifndef ACTIONS_REGISTRY_H
#define ACTIONS_REGISTRY_H

#include "base/json.h"
#include "domain/campaign.h"
#include "domain/code_draw.h"
#include "domain/voucher.h"
#include "store/store.h"

/* Stored values: never renumber. The 22 types of the API; a type without a row in the table does
 * not exist. */
enum action_kind_id {
    ACTION_CAMPAIGN_VOUCHERS_IMPORT = 1,
    ACTION_CAMPAIGN_VOUCHERS_IMPORT_CSV = 2,
    ACTION_CAMPAIGN_VOUCHERS_UPDATE = 3,
    ACTION_CAMPAIGN_VOUCHERS_DELETE = 4,
    ACTION_CAMPAIGN_VOUCHERS_GENERATE = 5,
    ACTION_CAMPAIGNS_METADATA_KEY_PURGE = 6,
    ACTION_CUSTOMERS_IMPORT_CSV = 7,
    ACTION_CUSTOMERS_BULK_UPDATE = 8,
    ACTION_CUSTOMERS_METADATA_UPDATE = 9,
    ACTION_CUSTOMERS_METADATA_KEY_PURGE = 10,
    ACTION_PRODUCTS_BULK_UPDATE = 11,
    ACTION_PRODUCTS_METADATA_UPDATE = 12,
    ACTION_PRODUCTS_METADATA_KEY_PURGE = 13,
    ACTION_PRODUCTS_IMPORT_CSV = 14,
    ACTION_SKUS_IMPORT_CSV = 15,
    ACTION_VOUCHERS_IMPORT = 16,
    ACTION_VOUCHERS_IMPORT_CSV = 17,
    ACTION_VOUCHERS_BULK_UPDATE = 18,
    ACTION_VOUCHERS_METADATA_UPDATE = 19,
    ACTION_VOUCHERS_METADATA_KEY_PURGE = 20,
    ACTION_ORDERS_IMPORT = 21,
    ACTION_ORDERS_METADATA_KEY_PURGE = 22,
    ACTION_KIND_ID_COUNT = 23,
};

enum action_input {
    INPUT_NONE,
    INPUT_CSV,
    INPUT_RECORDS, /* JSON values, compact, one a line */
    INPUT_CODES,   /* nothing: codes are made, see engine/read_codes.c */
    INPUT_MEMBERS, /* nothing: the vouchers of a campaign, see store/sql/members.c */
    INPUT_STORED,  /* nothing: all resources of a kind, see store/sql/key_purge.c */
};

/* How a result reads (reference 8.1). */
enum result_style {
    RESULT_MESSAGE, /* message, failed[], done_count, failed_count */
    RESULT_ERRORS,  /* done_count, failed_count, reports, reports_available_till, errors[] */
    RESULT_COUNT,   /* message, done_count: of rows that were created or updated */
};

/* An action's frozen parameters, read once when it is taken up. Lives in the arena it was read
 * into. */
struct action_plan {
    char delimiter;
    int64_t data_start; /* first input byte behind the header */
    struct column_map columns;
    bool webhooks_enable;
    struct str metadata;       /* what every record is given, a JSON object; {NULL,0}: none */
    struct campaign *campaign; /* as it was when the action was queued; NULL: of no campaign */
    int64_t now_ms;            /* when that was */
    int64_t count;             /* INPUT_CODES: how many */
    struct code_config codes;
    struct code_draw draw;
    struct members members;                    /* INPUT_MEMBERS, INPUT_STORED */
    const struct metadata_schema *schema;      /* that metadata is checked by; NULL: none */
    const struct metadata_schema *item_schema; /* the same of the items of orders */
};

struct action_kind {
    const char *name;    /* VOUCHERS.IMPORT_CSV */
    const char *summary; /* one line for people */
    enum action_input input;
    enum action_queue queue;
    enum resource_type resource; /* of its rows */
    size_t row_bytes;            /* of that resource's struct */
    enum discipline discipline;
    enum apply_mode mode;
    enum result_style result;
    bool of_campaign;   /* it works on the vouchers of one campaign */
    const char *failed; /* RESULT_MESSAGE: what failed[] items tell before the reason, in order: 'k'
                           the key, 'n' the key, null where there is none, 'r' the row */
    bool keys_errors;   /* errors[] items tell the key */
    const struct field_table *fields;    /* INPUT_CSV: the columns it knows */
    const char *key_name;                /* of a failed[] item and of the report: "code" */
    const char *key_heading;             /* the CSV column that holds the key */
    const char *const *required_columns; /* NULL-terminated; a file without one is refused */

    /* INPUT_CSV: one record to a row. 0; 1: the row fails with *reason; -1: ERR_NOMEM. */
    int (*map_cells)(const struct action_plan *plan, const struct str *cells, size_t n_cells,
                     struct arena *a, struct row_head *row, struct str *reason, struct err *err);

    /* INPUT_RECORDS: the same of a JSON value. The row's key is set whenever the record has one
     * that can be shown, also when the row fails. */
    int (*map_record)(const struct action_plan *plan, const struct json *record, struct arena *a,
                      struct row_head *row, struct str *reason, struct err *err);

    /* INPUT_RECORDS: whether a record has the right shape to be queued at all: JSON types, not
     * meaning. 0, or ERR_INVALID_PAYLOAD with the property's path. Called while the body arrives.
     */
    int (*check_record)(const struct json *record, struct err *err);

    /* RESULT_MESSAGE: the `message` of the result. */
    void (*put_message)(struct buf *b, int64_t done, int64_t failed);
};

/* Does it work on what is stored, not on an input? */
static inline bool action_kind_walks(const struct action_kind *kind)
{
    return kind->input == INPUT_MEMBERS || kind->input == INPUT_STORED;
}

/* NULL when the table has no such row. */
const struct action_kind *action_kind_find(int kind);

/* The same for somebody who needs it: ERR_NOT_FOUND names the type. */
int action_kind_get(int kind, const struct action_kind **out, struct err *err) MUST_CHECK;

/* Name of one of the API's 22 types, with or without a row; "UNKNOWN" for any other number. */
const char *action_kind_name(int kind);

/* The number of one of the API's 22 types, with or without a row; 0: there is no such type. */
int action_kind_number(struct str name);

/* The first FAILED_MAX failures stand in the result (reference 7, 23); the report has all of them.
 */
#define RESULT_FAILED_MAX 10000

/*
 * Checks the head of an upload and freezes what decides the outcomes, as JSON text in the arena.
 * `whole`: head is all of the file. `campaign`: whose vouchers they are; NULL: standalone. Errors:
 * ERR_INVALID_PAYLOAD with the details of reference 7 (45, 46).
 */
int action_freeze_csv(const struct action_kind *kind, struct str head, bool whole,
                      bool webhooks_enable, const struct campaign *campaign, struct arena *a,
                      struct str *params, struct err *err) MUST_CHECK;

/* The same for codes of a campaign, which has what the new vouchers are to have: `count` of its
 * code_config, by a new random key. */
int action_freeze_codes(const struct campaign *campaign, int64_t count, struct arena *a,
                        struct str *params, struct err *err) MUST_CHECK;

/* The same for what is done to all vouchers of a campaign (order, terms, unset; how many there are
 * is the campaign's to say). */
int action_freeze_members(const struct campaign *campaign, const struct members *members,
                          struct arena *a, struct str *params, struct err *err) MUST_CHECK;

/* The same for a metadata key that all resources of a kind lose. */
int action_freeze_key(struct str key, struct arena *a, struct str *params,
                      struct err *err) MUST_CHECK;

/* The same for records. `metadata`: what every record is given, {NULL,0}: none; ERR_INVALID_JSON
 * when it is nested too deeply. */
int action_freeze_records(const struct action_kind *kind, struct str metadata, bool webhooks_enable,
                          const struct campaign *campaign, struct arena *a, struct str *params,
                          struct err *err) MUST_CHECK;

/* The name of the metadata schema that a type's rows are checked by; NULL: none are. */
const char *action_schema_name(const struct action_kind *kind);
/* The same of what its rows consist of. */
const char *action_item_schema_name(const struct action_kind *kind);

/* Adds the schema to the parameters, as this member. */
#define ACTION_SCHEMA      "schema"
#define ACTION_ITEM_SCHEMA "item_schema"
int action_freeze_schema(const char *member, const struct metadata_schema *schema, struct arena *a,
                         struct str *params, struct err *err) MUST_CHECK;

/* Is there anything to check? */
static inline bool action_checks_metadata(const struct action_plan *plan)
{
    return plan->schema != NULL || plan->item_schema != NULL;
}

/* Checks the metadata of a row that was mapped. 0; 1: it fails, with *reason in the arena; -1. Of a
 * row that may change something that is there, or be new, only what it gives; what else a new one
 * would need is noted in it (unfit_new). `scratch` is of this record. */
int action_check_metadata(const struct action_kind *kind, const struct action_plan *plan,
                          struct row_head *row, struct arena *scratch, struct arena *a,
                          struct str *reason, struct err *err) MUST_CHECK;

/* Bytes of an upload that action_freeze_csv wants to see; a header line must fit. */
#define ACTION_HEAD_BYTES (1 * MIB)

/* Reads frozen parameters back. */
int action_plan_read(const struct action_kind *kind, struct str params, struct arena *a,
                     struct action_plan *out, struct err *err) MUST_CHECK;

/* The same, of a queued action: with its frozen "now". */
int action_plan_of(const struct action_kind *kind, const struct action *ac, struct arena *a,
                   struct action_plan *out, struct err *err) MUST_CHECK;

/* Rows that count as done (all but failed), and those that failed. */
int64_t action_done_count(const struct action *ac);
int64_t action_failed_count(const struct action *ac);

/* Lines of one report file of a bulk update (reference 2.6). */
#define REPORT_LINES 100000

/* How many report files a finished action of RESULT_ERRORS has: one at least. A file has the lines
 * of its rows, by number; of a cancelled action there are rows without one. */
int64_t action_report_count(const struct action *ac);

/* What an action's JSON needs besides the action. */
struct action_view {
    const char *id; /* public */
    const struct failure_row
        *failures; /* of a finished action; NULL leaves `result` out, as in lists */
    size_t n_failures;
    const struct str *reports; /* RESULT_ERRORS: URLs of its report files */
    size_t n_reports;
    int64_t reports_till_ms; /* TIME_NONE: not known */
};

/* The object of reference 2.1. */
void action_put_json(struct json_out *o, const struct action *ac, const struct action_view *view);

/* Its end: what status and operation_status a finished action has. */
const char *action_status_name(enum action_status s);
const char *action_operation_status(const struct action *ac);

#endif
