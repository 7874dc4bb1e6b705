/* SPDX-License-Identifier: MIT */
/*
 * erased.c - vouchers that are gone, for as long as an earlier writer may still come.
 *
 * A row that is erased takes its version and its note with it (recent.c), so an import that was
 * accepted before, and has the code in its file, would bring the voucher back after its owner was
 * told that it is gone. While an earlier action is unfinished, erasing therefore leaves the code
 * and the sequence number. Retention removes what nobody can ask for any more.
 */
#include "store/sql/sql_priv.h"

int erased_note(struct db *db, int64_t project_id, struct str code, int64_t seq, struct err *err)
{
    int64_t first_unfinished;
    if (queue_first_unfinished(db, project_id, QUEUE_VOUCHERS, -1, &first_unfinished, err) < 0)
        return -1;
    if (first_unfinished > seq)
        return 0;
    struct stmt *st = db_statement(db, STATEMENT_ERASED_PUT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, code);
    bind_int(st, 3, seq);
    return db_run(db, st, err);
}

int erased_any(struct db *db, int64_t project_id, bool *any, struct err *err)
{
    int64_t one;
    return db_number(db, STATEMENT_ERASED_ANY, project_id, any, &one, err);
}

int erased_after(struct db *db, int64_t project_id, struct str code, int64_t seq, bool *later,
                 struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_ERASED_AFTER, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, code);
    bind_int(st, 3, seq);
    const int got = db_step(db, st, err);
    if (got < 0)
        return -1;
    *later = got > 0;
    stmt_reset(st);
    return 0;
}
