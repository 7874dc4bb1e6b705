/* SPDX-License-Identifier: MIT */
/*
 * enqueue.c - new actions, written together at the end of their transaction.
 *
 * A small action is two INSERTs; each would cost a round trip, and a thousand may share a
 * transaction. So their rows wait in memory, in the form that COPY takes, until the commit, or
 * until any other statement runs that might ask for them. A unit of work that fails takes its own
 * back: they are behind a mark. What earlier units have left is written before a savepoint is made,
 * since it would be undone with it otherwise.
 */
#include <stdio.h>

#include "store/postgres/copy.h"

#define PENDING_BYTES (64 * MIB)
#define ENOUGH_BYTES  (1 * MIB)

static const char copy_actions[] =
    "COPY actions (seq, project_id, kind, status, created_ms, updated_ms, request_id, input, "
    "input_bytes, params, queue, discipline, dry_run, records, campaign_id) FROM STDIN (FORMAT "
    "binary)";
static const char copy_inputs[] = "COPY inputs (action_seq, data) FROM STDIN (FORMAT binary)";

void pg_pending_init(struct pg_pending *p)
{
    buf_init(&p->actions, PENDING_BYTES);
    buf_init(&p->inputs, PENDING_BYTES);
}

void pg_pending_release(struct pg_pending *p)
{
    buf_release(&p->actions);
    buf_release(&p->inputs);
}

void pg_pending_reset(struct pg_pending *p)
{
    buf_reset(&p->actions);
    buf_reset(&p->inputs);
    p->mark_actions = p->mark_inputs = 0;
}

void pg_pending_mark(struct pg_pending *p)
{
    p->mark_actions = p->actions.len;
    p->mark_inputs = p->inputs.len;
}

void pg_pending_undo(struct pg_pending *p)
{
    if (p->actions.len > p->mark_actions)
        p->actions.len = p->mark_actions;
    if (p->inputs.len > p->mark_inputs)
        p->inputs.len = p->mark_inputs;
}

static int flush_one(struct pg_db *db, const char *sql, struct buf *rows, size_t n, struct err *err)
{
    bool ignored;
    if (n == 0)
        return 0;
    if (buf_ok(rows, err) < 0 || copy_begin(db, sql, err) < 0)
        return -1;
    int rc = 0;
    if (PQputCopyData(db->conn, COPY_HEADER, COPY_HEADER_LEN) != 1 ||
        PQputCopyData(db->conn, rows->p, (int)n) != 1 ||
        PQputCopyData(db->conn, COPY_TRAILER, COPY_TRAILER_LEN) != 1)
        rc = pg_send_error(db, "cannot copy rows", err);
    memmove(rows->p, rows->p + n, rows->len - n);
    rows->len -= n;
    return copy_end(db, rc, &ignored, err);
}

int pg_pending_flush(struct pg_db *db, bool only_earlier, struct err *err)
{
    struct pg_pending *p = db->pending;
    const size_t actions = only_earlier ? p->mark_actions : p->actions.len;
    const size_t inputs = only_earlier ? p->mark_inputs : p->inputs.len;
    p->mark_actions -= p->mark_actions < actions ? p->mark_actions : actions;
    p->mark_inputs -= p->mark_inputs < inputs ? p->mark_inputs : inputs;
    if (flush_one(db, copy_actions, &p->actions, actions, err) < 0)
        return -1;
    return flush_one(db, copy_inputs, &p->inputs, inputs, err);
}

bool pg_pending_is_enough(const struct pg_pending *p)
{
    return p->actions.len + p->inputs.len > ENOUGH_BYTES;
}

int pg_action_put(struct store_tx *tx, const struct action *ac, struct err *err)
{
    struct pg_db *db = pg_db_of(tx->db);
    struct pg_pending *p = db->pending;
    struct buf *b = &p->actions;
    copy_be16(b, 15);
    field_int(b, ac->seq);
    field_int(b, ac->project_id);
    field_int(b, ac->kind);
    field_int(b, ACTION_ENQUEUED);
    field_int(b, ac->created_ms);
    field_int(b, ac->created_ms);
    field_text(b, ac->request_id);
    field_text(b, ac->input);
    field_int(b, ac->input_bytes);
    field_text(b, ac->params);
    field_int(b, ac->queue);
    field_int(b, ac->discipline);
    field_int(b, ac->dry_run);
    field_int_or_null(b, ac->records, ac->records < 0);
    field_int_or_null(b, ac->campaign_id, ac->campaign_id == 0);
    if (ac->data.p != NULL) {
        copy_be16(&p->inputs, 2);
        field_int(&p->inputs, ac->seq);
        field_text(&p->inputs, ac->data);
    }
    db->announces = true;
    return buf_ok(b, err) < 0 ? -1 : buf_ok(&p->inputs, err);
}
