/* SPDX-License-Identifier: MIT */
/* actions.c - the actions table, and what hangs on an action: failures and outcomes. */
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

#define ACTION_DATA_COLUMN 29 /* behind ACTION_COLUMNS, where a statement has it */

/* Numbered as ACTION_COLUMNS. Texts are copied into the arena. */
static int read_action(struct stmt *st, struct arena *a, struct action *ac, struct err *err)
{
    *ac = (struct action){
        .seq = column_int(st, 0),
        .project_id = column_int(st, 1),
        .kind = (int)column_int(st, 2),
        .created_ms = column_int(st, 3),
        .request_id = column_str(st, 4),
        .input = column_str(st, 5),
        .input_bytes = column_int(st, 6),
        .params = column_str(st, 7),
        .status = (enum action_status)(int)column_int(st, 8),
        .updated_ms = column_int(st, 9),
        .progress = (int)column_int(st, 10),
        .chunk_start = column_int(st, 11),
        .chunk_end = column_int(st, 12),
        .chunk_row = column_int(st, 13),
        .chunk_no = column_int(st, 14),
        .chunk_rows = column_int(st, 15),
        .slice_done = column_int(st, 16),
        .message = column_str(st, 22),
        .lease_epoch = column_int(st, 23),
        .queue = (enum action_queue)(int)column_int(st, 24),
        .discipline = (enum discipline)(int)column_int(st, 25),
        .dry_run = (int)column_int(st, 26) != 0,
        .records = column_is_null(st, 27) ? -1 : column_int(st, 27),
        .kept = (int)column_int(st, 28) != 0,
    };
    if (column_count(st) > ACTION_DATA_COLUMN && !column_is_null(st, ACTION_DATA_COLUMN)) {
        ac->data = column_blob(st, ACTION_DATA_COLUMN);
        if (ac->data.len == 0) /* which SQLite gives as no blob at all */
            ac->data = STR("");
    }
    for (int o = OUTCOME_CREATED; o < OUTCOME_COUNT; o++)
        ac->counts[o] = column_int(st, 17 + o - OUTCOME_CREATED);
    struct str *texts[] = { &ac->request_id, &ac->input, &ac->params, &ac->message, &ac->data };
    if (!arena_keep(a, texts, ARRAY_LEN(texts)))
        return err_nomem(err);
    return row_check(st, err);
}

static int insert_input(struct db *db, const struct action *ac, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_INPUT_INSERT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, ac->seq);
    bind_blob(st, 2, ac->data.p, ac->data.len);
    return db_run(db, st, err);
}

/* It may have been deleted since the request has looked it up. */
static int check_campaign(struct db *db, const struct action *ac, struct err *err)
{
    bool lives;
    if (campaign_lives(db, ac->project_id, ac->campaign_id, &lives, err) < 0)
        return -1;
    return lives ? 0 : err_set(err, ERR_NOT_FOUND, "The campaign has been deleted");
}

int sql_tx_action_insert(struct store_tx *tx, struct action *ac, struct err *err)
{
    struct db *db = tx->db;
    if (tx->checked_project != ac->project_id && project_check(db, ac->project_id, err) < 0)
        return -1;
    tx->checked_project = ac->project_id;
    if (ac->campaign_id != 0 && !ac->ends_campaign && check_campaign(db, ac, err) < 0)
        return -1;
    if (tx_next_seq(tx, &ac->seq, err) < 0)
        return -1;
    ac->updated_ms = ac->created_ms;
    ac->kept = true;
    if (tx->store->backend->action_put != NULL)
        return tx->store->backend->action_put(tx, ac, err);
    struct stmt *st = db_statement(db, STATEMENT_ACTION_INSERT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, ac->seq);
    bind_int(st, 2, ac->project_id);
    bind_int(st, 3, ac->kind);
    bind_int(st, 4, ac->created_ms);
    bind_str(st, 5, ac->request_id);
    bind_str(st, 6, ac->input);
    bind_int(st, 7, ac->input_bytes);
    bind_str(st, 8, ac->params);
    bind_int(st, 9, ac->queue);
    bind_int(st, 10, ac->discipline);
    bind_int(st, 11, ac->dry_run);
    if (ac->records < 0)
        bind_null(st, 12);
    else
        bind_int(st, 12, ac->records);
    if (ac->campaign_id != 0)
        bind_int(st, 13, ac->campaign_id);
    else
        bind_null(st, 13);
    if (db_run(db, st, err) < 0)
        return -1;
    return ac->data.p != NULL ? insert_input(db, ac, err) : 0;
}

static int action_by_seq(struct db *db, int64_t seq, struct arena *a, struct action *ac,
                         struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_ACTION_BY_SEQ, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, seq);
    int rc = db_step(db, st, err);
    if (rc > 0)
        rc = read_action(st, a, ac, err);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "there is no action %lld", (long long)seq);
    stmt_reset(st);
    return rc;
}

int sql_tx_action_claim(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err)
{
    struct db *db = tx->db;
    struct action now;
    struct stmt *st = db_statement(db, STATEMENT_ACTION_CLAIM, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, seq);
    bind_int(st, 2, time_now_ms());
    if (db_run(db, st, err) < 0)
        return -1;
    if (db_changes(db) == 0)
        return err_set(err, ERR_NOT_FOUND, "action %lld is not there to be run", (long long)seq);
    arena_reset(tx->scratch);
    if (action_by_seq(db, seq, tx->scratch, &now, err) < 0)
        return -1;
    now.request_id = ac->request_id; /* texts never change: the caller's stay */
    now.input = ac->input;
    now.params = ac->params;
    now.data = ac->data;
    now.message = (struct str){ 0 };
    *ac = now;
    return 0;
}

/* What a cancelled action says: rows that are in, and those that are not, as far as they are known.
 */
static char *cancel_message(const struct action *ac, struct arena *a)
{
    const long long failed = (long long)ac->counts[OUTCOME_FAILED];
    const long long done = (long long)action_rows(ac) - failed;
    const char *ran = ac->dry_run ? CANCELLED_MESSAGE " (dry run)" : CANCELLED_MESSAGE;
    if (ac->records >= 0)
        return arena_printf(a, "%s: %lld of %lld rows are in, %lld failed, %lld were not reached.",
                            ran, done, (long long)ac->records, failed,
                            (long long)(ac->records - action_rows(ac)));
    return arena_printf(a, "%s: %lld rows are in, %lld failed, the rest of the file was not read.",
                        ran, done, failed);
}

int sql_tx_action_cancel(struct store_tx *tx, int64_t project_id, int64_t seq, int64_t now_ms,
                         struct arena *a, struct action *ac, struct err *err)
{
    struct db *db = tx->db;
    if (action_by_seq(db, seq, a, ac, err) < 0)
        return -1;
    if (ac->project_id != project_id)
        return err_set(err, ERR_NOT_FOUND, "there is no action %lld", (long long)seq);
    if (action_is_finished(ac))
        return 0;
    struct stmt *st = db_statement(db, STATEMENT_ACTION_CANCEL, err);
    const char *message = cancel_message(ac, a);
    if (st == NULL)
        return -1;
    if (message == NULL)
        return err_nomem(err);
    bind_int(st, 1, seq);
    bind_str(st, 2, str_of(message));
    bind_int(st, 3, now_ms);
    if (db_run(db, st, err) < 0 || campaign_keep(db, seq, err) < 0)
        return -1;
    return action_by_seq(db, seq, a, ac, err);
}

int actions_read_rows(struct db *db, struct stmt *st, struct arena *a, size_t limit,
                      size_t max_bytes, struct action **out, size_t *n, bool *more, struct err *err)
{
    size_t cap = 0, bytes = 0;
    int got;
    *out = NULL;
    *n = 0;
    while ((got = db_step(db, st, err)) > 0) {
        if (*n == limit || bytes > max_bytes) {
            *more = true;
            break;
        }
        if (*n == cap) {
            cap = cap == 0 ? 16 : cap * 2;
            struct action *grown = arena_alloc(a, cap * sizeof(*grown));
            if (grown == NULL) {
                got = err_nomem(err);
                break;
            }
            if (*n > 0)
                memcpy(grown, *out, *n * sizeof(*grown));
            *out = grown;
        }
        if (read_action(st, a, &(*out)[*n], err) < 0) {
            got = -1;
            break;
        }
        bytes += (*out)[*n].data.len + (*out)[*n].params.len;
        (*n)++;
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

int sql_find_action(struct store *store, struct arena *a, int64_t project_id, struct str id,
                    struct action **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    uint32_t low;
    int64_t created_ms;
    size_t n = 0;
    bool more;
    *out = NULL;
    if (!id_decode_action(&s->base.secret, id, &low, &created_ms))
        return 0;
    struct db *db = reader_take(s);
    int rc = -1;
    struct stmt *st = db_statement(db, STATEMENT_ACTION_BY_ID, err);
    if (st != NULL) {
        bind_int(st, 1, project_id);
        bind_int(st, 2, created_ms);
        bind_int(st, 3, low);
        rc = actions_read_rows(db, st, a, 1, SIZE_MAX, out, &n, &more, err);
    }
    reader_give(s, db);
    return rc;
}

int sql_list_actions(struct store *store, struct arena *a, int64_t project_id,
                     const struct action_page *page, struct action **out, size_t *n, bool *more,
                     struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *more = false;
    struct stmt *st = db_statement(db, STATEMENT_ACTION_PAGE, err);
    if (st != NULL) {
        const bool cursor = page->before_seq != INT64_MAX;
        bind_int(st, 1, project_id);
        bind_int(st, 2, page->before_ms);
        bind_int(st, 3, cursor ? page->before_seq_ms : INT64_MAX);
        bind_int(st, 4, page->before_seq);
        bind_int(st, 5, page->limit + 1);
        bind_int(st, 6, page->kind);
        bind_int(st, 7, page->status != NULL ? (int)*page->status : -1);
        rc = actions_read_rows(db, st, a, (size_t)page->limit, SIZE_MAX, out, n, more, err);
    }
    reader_give(s, db);
    return rc;
}

static int read_inputs(struct db *db, struct stmt *st, struct arena *a, struct str **out, size_t *n,
                       struct err *err)
{
    size_t cap = 0;
    int got;
    while ((got = db_step(db, st, err)) > 0) {
        if (*n == cap) {
            cap = cap == 0 ? 64 : cap * 2;
            struct str *grown = arena_alloc(a, cap * sizeof(*grown));
            if (grown == NULL)
                return err_nomem(err);
            if (*n > 0)
                memcpy(grown, *out, *n * sizeof(*grown));
            *out = grown;
        }
        (*out)[*n] = arena_str(a, column_str(st, 0));
        if ((*out)[*n].p == NULL)
            return err_nomem(err);
        if (row_check(st, err) < 0)
            return -1;
        (*n)++;
    }
    return got;
}

int sql_list_inputs(struct store *store, struct arena *a, struct str **out, size_t *n,
                    struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = NULL;
    *n = 0;
    struct stmt *st = db_statement(db, STATEMENT_ACTION_INPUTS, err);
    if (st != NULL) {
        rc = read_inputs(db, st, a, out, n, err);
        stmt_reset(st);
    }
    reader_give(s, db);
    return rc;
}

static int read_failures(struct db *db, struct stmt *st, struct arena *a, struct failure_row *rows,
                         size_t limit, size_t *n, struct err *err)
{
    int got = 0;
    while (*n < limit && (got = db_step(db, st, err)) > 0) {
        struct failure_row *f = &rows[*n];
        const struct str key = column_str(st, 1);
        f->row = column_int(st, 0);
        f->key = key.p != NULL ? arena_str(a, key) : key;
        f->reason = arena_str(a, column_str(st, 2));
        f->kind = (enum failure_kind)(int)column_int(st, 3);
        if ((key.p != NULL && f->key.p == NULL) || f->reason.p == NULL) {
            got = err_nomem(err);
            break;
        }
        if (row_check(st, err) < 0) {
            got = -1;
            break;
        }
        (*n)++;
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

int sql_list_failures(struct store *store, struct arena *a, int64_t project_id, int64_t seq,
                      int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                      struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct failure_row *rows = arena_alloc(a, limit * sizeof(*rows));
    if (rows == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = rows;
    *n = 0;
    struct stmt *st = db_statement(db, STATEMENT_FAILURE_PAGE, err);
    if (st != NULL) {
        bind_int(st, 1, project_id);
        bind_int(st, 2, seq);
        bind_int(st, 3, after_row);
        bind_int(st, 4, (int64_t)limit);
        rc = read_failures(db, st, a, rows, limit, n, err);
    }
    reader_give(s, db);
    return rc;
}

static int read_outcomes(struct stmt *st, struct arena *a, int64_t chunk_no,
                         struct outcome_blob **out, struct err *err)
{
    struct outcome_blob *b = arena_alloc(a, sizeof(*b));
    const struct str packed = column_blob(st, 4);
    const struct str copy = arena_str(a, packed);
    if (b == NULL || copy.p == NULL)
        return err_nomem(err);
    *b = (struct outcome_blob){
        .chunk_no = chunk_no,
        .first_row = column_int(st, 0),
        .n_rows = column_int(st, 1),
        .start = column_int(st, 2),
        .end = column_int(st, 3),
        .packed = (const unsigned char *)copy.p,
    };
    if (row_check(st, err) < 0)
        return -1;
    if ((int64_t)copy.len * OUTCOMES_PER_BYTE < b->n_rows)
        return err_set(err, ERR_STORE, "the outcomes of chunk %lld are cut", (long long)chunk_no);
    *out = b;
    return 0;
}

/* The first row of the statement, bound by the caller. */
static int find_outcomes(struct sql_store *s, enum statement which, struct arena *a,
                         int64_t project_id, int64_t seq, int64_t third, struct outcome_blob **out,
                         struct err *err)
{
    struct db *db = reader_take(s);
    int rc = -1;
    *out = NULL;
    struct stmt *st = db_statement(db, which, err);
    if (st != NULL) {
        bind_int(st, 1, project_id);
        bind_int(st, 2, seq);
        bind_int(st, 3, third);
        rc = db_step(db, st, err);
        if (rc > 0) {
            const int64_t chunk_no = which == STATEMENT_OUTCOMES_GET ? third : column_int(st, 5);
            rc = read_outcomes(st, a, chunk_no, out, err);
        }
        stmt_reset(st);
    }
    reader_give(s, db);
    return rc;
}

int sql_find_outcomes(struct store *store, struct arena *a, int64_t project_id, int64_t seq,
                      int64_t chunk_no, struct outcome_blob **out, struct err *err)
{
    return find_outcomes(sql_store_of(store), STATEMENT_OUTCOMES_GET, a, project_id, seq, chunk_no,
                         out, err);
}

int sql_find_outcomes_of_row(struct store *store, struct arena *a, int64_t project_id, int64_t seq,
                             int64_t row, struct outcome_blob **out, struct err *err)
{
    return find_outcomes(sql_store_of(store), STATEMENT_OUTCOMES_OF_ROW, a, project_id, seq, row,
                         out, err);
}
