/* SPDX-License-Identifier: MIT */
/* actions.c - the actions table, and what hangs on an action: failures and outcomes. */
#include "base/time_iso.h"
#include "store/sqlite/sqlite_priv.h"

/* Numbered as ACTION_COLUMNS. Texts are copied into the arena. */
static int read_action(sqlite3_stmt *st, struct arena *a, struct action *ac, struct err *err)
{
    *ac = (struct action){
        .seq = sqlite3_column_int64(st, 0),
        .project_id = sqlite3_column_int64(st, 1),
        .kind = sqlite3_column_int(st, 2),
        .created_ms = sqlite3_column_int64(st, 3),
        .request_id = column_str(st, 4),
        .input = column_str(st, 5),
        .input_bytes = sqlite3_column_int64(st, 6),
        .params = column_str(st, 7),
        .status = (enum action_status)sqlite3_column_int(st, 8),
        .updated_ms = sqlite3_column_int64(st, 9),
        .progress = sqlite3_column_int(st, 10),
        .chunk_start = sqlite3_column_int64(st, 11),
        .chunk_end = sqlite3_column_int64(st, 12),
        .chunk_row = sqlite3_column_int64(st, 13),
        .chunk_no = sqlite3_column_int64(st, 14),
        .chunk_rows = sqlite3_column_int64(st, 15),
        .slice_done = sqlite3_column_int64(st, 16),
        .message = column_str(st, 22),
        .lease_epoch = sqlite3_column_int64(st, 23),
    };
    for (int o = OUTCOME_CREATED; o < OUTCOME_COUNT; o++)
        ac->counts[o] = sqlite3_column_int64(st, 17 + o - OUTCOME_CREATED);
    struct str *texts[] = { &ac->request_id, &ac->input, &ac->params, &ac->message };
    if (!arena_keep(a, texts, ARRAY_LEN(texts)))
        return err_nomem(err);
    return row_check(st, err);
}

int actions_tx_insert(struct store_tx *tx, struct action *ac, struct err *err)
{
    struct db *db = &tx->store->writer;
    sqlite3_stmt *st = db_statement(db, STATEMENT_ACTION_INSERT, err);
    if (st == NULL || tx_next_seq(tx, &ac->seq, err) < 0)
        return -1;
    sqlite3_bind_int64(st, 1, ac->seq);
    sqlite3_bind_int64(st, 2, ac->project_id);
    sqlite3_bind_int64(st, 3, ac->kind);
    sqlite3_bind_int64(st, 4, ac->created_ms);
    bind_str(st, 5, ac->request_id);
    bind_str(st, 6, ac->input);
    sqlite3_bind_int64(st, 7, ac->input_bytes);
    bind_str(st, 8, ac->params);
    ac->updated_ms = ac->created_ms;
    return db_run(db, st, err);
}

static int action_by_seq(struct db *db, int64_t seq, struct arena *a, struct action *ac,
                         struct err *err)
{
    sqlite3_stmt *st = db_statement(db, STATEMENT_ACTION_BY_SEQ, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, seq);
    int rc = db_step(db, st, err);
    if (rc > 0)
        rc = read_action(st, a, ac, err);
    else if (rc == 0)
        rc = err_set(err, ERR_NOT_FOUND, "there is no action %lld", (long long)seq);
    sqlite3_reset(st);
    return rc;
}

int actions_tx_claim(struct store_tx *tx, int64_t seq, struct action *ac, struct err *err)
{
    struct db *db = &tx->store->writer;
    struct action now;
    sqlite3_stmt *st = db_statement(db, STATEMENT_ACTION_CLAIM, err);
    if (st == NULL)
        return -1;
    sqlite3_bind_int64(st, 1, seq);
    sqlite3_bind_int64(st, 2, time_now_ms());
    if (db_run(db, st, err) < 0)
        return -1;
    if (sqlite3_changes(db->handle) == 0)
        return err_set(err, ERR_NOT_FOUND, "action %lld is not there to be run", (long long)seq);
    arena_reset(&tx->store->scratch);
    if (action_by_seq(db, seq, &tx->store->scratch, &now, err) < 0)
        return -1;
    now.request_id = ac->request_id; /* texts never change: the caller's stay */
    now.input = ac->input;
    now.params = ac->params;
    now.message = (struct str){ 0 };
    *ac = now;
    return 0;
}

/* Reads all rows of a statement into an array that grows in the arena; at most `limit`. */
static int read_actions(struct db *db, sqlite3_stmt *st, struct arena *a, size_t limit,
                        struct action **out, size_t *n, bool *more, struct err *err)
{
    size_t cap = 0;
    int got;
    *out = NULL;
    *n = 0;
    while ((got = db_step(db, st, err)) > 0) {
        if (*n == limit) {
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
        (*n)++;
    }
    sqlite3_reset(st);
    return got < 0 ? -1 : 0;
}

int actions_find(struct store *store, struct arena *a, int64_t project_id, struct str id,
                 struct action **out, struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    uint32_t low;
    int64_t created_ms;
    size_t n = 0;
    bool more;
    *out = NULL;
    if (!id_decode_action(&s->base.secret, id, &low, &created_ms))
        return 0;
    struct db *db = reader_take(s);
    int rc = -1;
    sqlite3_stmt *st = db_statement(db, STATEMENT_ACTION_BY_ID, err);
    if (st != NULL) {
        sqlite3_bind_int64(st, 1, project_id);
        sqlite3_bind_int64(st, 2, created_ms);
        sqlite3_bind_int64(st, 3, low);
        rc = read_actions(db, st, a, 1, out, &n, &more, err);
    }
    reader_give(s, db);
    return rc;
}

int actions_list(struct store *store, struct arena *a, int64_t project_id,
                 const struct action_page *page, struct action **out, size_t *n, bool *more,
                 struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *more = false;
    sqlite3_stmt *st = db_statement(db, STATEMENT_ACTION_PAGE, err);
    if (st != NULL) {
        const bool cursor = page->before_seq != INT64_MAX;
        sqlite3_bind_int64(st, 1, project_id);
        sqlite3_bind_int64(st, 2, page->before_ms);
        sqlite3_bind_int64(st, 3, cursor ? page->before_seq_ms : INT64_MAX);
        sqlite3_bind_int64(st, 4, page->before_seq);
        sqlite3_bind_int64(st, 5, page->limit + 1);
        rc = read_actions(db, st, a, (size_t)page->limit, out, n, more, err);
    }
    reader_give(s, db);
    return rc;
}

int actions_list_unfinished(struct store *store, struct arena *a, struct action **out, size_t *n,
                            struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct db *db = reader_take(s);
    bool more;
    int rc = -1;
    sqlite3_stmt *st = db_statement(db, STATEMENT_ACTIONS_UNFINISHED, err);
    if (st != NULL)
        rc = read_actions(db, st, a, SIZE_MAX, out, n, &more, err);
    reader_give(s, db);
    return rc;
}

static int read_inputs(struct db *db, sqlite3_stmt *st, struct arena *a, struct str **out,
                       size_t *n, struct err *err)
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

int actions_list_inputs(struct store *store, struct arena *a, struct str **out, size_t *n,
                        struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = NULL;
    *n = 0;
    sqlite3_stmt *st = db_statement(db, STATEMENT_ACTION_INPUTS, err);
    if (st != NULL) {
        rc = read_inputs(db, st, a, out, n, err);
        sqlite3_reset(st);
    }
    reader_give(s, db);
    return rc;
}

static int read_failures(struct db *db, sqlite3_stmt *st, struct arena *a, struct failure_row *rows,
                         size_t limit, size_t *n, struct err *err)
{
    int got = 0;
    while (*n < limit && (got = db_step(db, st, err)) > 0) {
        struct failure_row *f = &rows[*n];
        const struct str key = column_str(st, 1);
        f->row = sqlite3_column_int64(st, 0);
        f->key = key.p != NULL ? arena_str(a, key) : key;
        f->reason = arena_str(a, column_str(st, 2));
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
    sqlite3_reset(st);
    return got < 0 ? -1 : 0;
}

int actions_list_failures(struct store *store, struct arena *a, int64_t project_id, int64_t seq,
                          int64_t after_row, size_t limit, struct failure_row **out, size_t *n,
                          struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct failure_row *rows = arena_alloc(a, limit * sizeof(*rows));
    if (rows == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = rows;
    *n = 0;
    sqlite3_stmt *st = db_statement(db, STATEMENT_FAILURE_PAGE, err);
    if (st != NULL) {
        sqlite3_bind_int64(st, 1, project_id);
        sqlite3_bind_int64(st, 2, seq);
        sqlite3_bind_int64(st, 3, after_row);
        sqlite3_bind_int64(st, 4, (int64_t)limit);
        rc = read_failures(db, st, a, rows, limit, n, err);
    }
    reader_give(s, db);
    return rc;
}

static int read_outcomes(sqlite3_stmt *st, struct arena *a, int64_t chunk_no,
                         struct outcome_blob **out, struct err *err)
{
    struct outcome_blob *b = arena_alloc(a, sizeof(*b));
    const struct str packed = { sqlite3_column_blob(st, 4), (size_t)sqlite3_column_bytes(st, 4) };
    const struct str copy = arena_str(a, packed);
    if (b == NULL || copy.p == NULL)
        return err_nomem(err);
    *b = (struct outcome_blob){
        .chunk_no = chunk_no,
        .first_row = sqlite3_column_int64(st, 0),
        .n_rows = sqlite3_column_int64(st, 1),
        .start = sqlite3_column_int64(st, 2),
        .end = sqlite3_column_int64(st, 3),
        .packed = (const unsigned char *)copy.p,
    };
    if (row_check(st, err) < 0)
        return -1;
    if ((int64_t)copy.len * OUTCOMES_PER_BYTE < b->n_rows)
        return err_set(err, ERR_STORE, "the outcomes of chunk %lld are cut", (long long)chunk_no);
    *out = b;
    return 0;
}

int actions_find_outcomes(struct store *store, struct arena *a, int64_t project_id, int64_t seq,
                          int64_t chunk_no, struct outcome_blob **out, struct err *err)
{
    struct sqlite_store *s = sqlite_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = NULL;
    sqlite3_stmt *st = db_statement(db, STATEMENT_OUTCOMES_GET, err);
    if (st != NULL) {
        sqlite3_bind_int64(st, 1, project_id);
        sqlite3_bind_int64(st, 2, seq);
        sqlite3_bind_int64(st, 3, chunk_no);
        rc = db_step(db, st, err);
        if (rc > 0)
            rc = read_outcomes(st, a, chunk_no, out, err);
        sqlite3_reset(st);
    }
    reader_give(s, db);
    return rc;
}
