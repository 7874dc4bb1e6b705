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
#include "domain/voucher.h"
#include "store/store.h"

/* Stored values: never renumber. The 22 types of the API; a type without a row in the table does
 * not exist. */
enum action_kind_id {
    ACTION_VOUCHERS_IMPORT_CSV = 17,
    ACTION_KIND_ID_COUNT = 23,
};

enum action_input { INPUT_NONE, INPUT_CSV };

enum discipline {
    DISCIPLINE_SHARED,  /* slices, round robin */
    DISCIPLINE_ORDERED, /* after every earlier action on the same kind of resource */
    DISCIPLINE_SINGLE,  /* one at a time per project */
};

/* An action's frozen parameters, read once when it is taken up. Lives in the arena it was read
 * into. */
struct action_plan {
    char delimiter;
    int64_t data_start; /* first input byte behind the header */
    struct column_map columns;
    bool webhooks_enable;
};

struct action_kind {
    const char *name;    /* VOUCHERS.IMPORT_CSV */
    const char *summary; /* one line for people */
    enum action_input input;
    enum discipline discipline;
    const struct field_table *fields;    /* INPUT_CSV: the columns it knows */
    const char *key_name;                /* of a failed[] item and of the report: "code" */
    const char *key_heading;             /* the CSV column that holds the key */
    const char *const *required_columns; /* NULL-terminated; a file without one is refused */

    /* One record to a row. 0; 1: the row fails with *reason; -1: ERR_NOMEM. */
    int (*map_record)(const struct action_plan *plan, const struct str *cells, size_t n_cells,
                      struct arena *a, struct voucher *row, struct str *reason, struct err *err);

    /* The `message` of the result. */
    void (*put_message)(struct buf *b, int64_t done, int64_t failed);
};

/* NULL when the table has no such row. */
const struct action_kind *action_kind_find(int kind);

/* The first FAILED_MAX failures stand in the result (reference 7, 23); the report has all of them.
 */
#define RESULT_FAILED_MAX 10000

/*
 * Checks the head of an upload and freezes what decides the outcomes, as JSON text in the arena.
 * `whole`: head is all of the file. Errors: ERR_INVALID_PAYLOAD with the details of reference 7
 * (45, 46).
 */
int action_freeze_csv(const struct action_kind *kind, struct str head, bool whole,
                      bool webhooks_enable, struct arena *a, struct str *params,
                      struct err *err) MUST_CHECK;

/* Bytes of an upload that action_freeze_csv wants to see; a header line must fit. */
#define ACTION_HEAD_BYTES (1 * MIB)

/* Reads frozen parameters back. */
int action_plan_read(const struct action_kind *kind, struct str params, struct arena *a,
                     struct action_plan *out, struct err *err) MUST_CHECK;

/* Rows that count as done (all but failed), and those that failed. */
int64_t action_done_count(const struct action *ac);
int64_t action_failed_count(const struct action *ac);

/* The object of reference 2.1. `failures`: of a finished action; NULL leaves `result` out, as in
 * lists. */
void action_put_json(struct json_out *o, const struct action *ac, const char *id,
                     const struct failure_row *failures, size_t n_failures);

/* Its end: what status and operation_status a finished action has. */
const char *action_status_name(enum action_status s);
const char *action_operation_status(const struct action *ac);

#endif
