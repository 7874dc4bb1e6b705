/* SPDX-License-Identifier: MIT */
/*
 * copy.c - see copy.h. One way for all tables: a portion is read by the table's key, kept in
 * memory, and stored in a transaction with the note of how far it goes. So rows are there exactly
 * if the note says so, and need not be looked for.
 *
 * What is small, or would let somebody in, comes in the last transaction: sequences, keys, tokens.
 */
#include <inttypes.h>

#include "store/sql/copy_priv.h"

#define PORTION_ROWS 5000
#define ARENA_BYTES  (256 * KIB)
#define ARENA_KEEP   (32 * MIB)
#define TEXT_MAX     (16 * KIB)
#define PURGE_ROWS   8000

/* ---- beginning ---- */

/* Rows of an earlier try that cannot be gone on with. */
static int purge_some(struct store_tx *tx, void *arg, struct err *err)
{
    struct copying *k = arg;
    arena_reset(&k->scratch);
    return sql_tx_project_purge(tx, k->c->project_id, PURGE_ROWS, &k->scratch, &k->purged, err);
}

static int purge_half(struct copying *k, struct err *err)
{
    do {
        if (store_work_wait(k->c->to, purge_some, k, err) < 0)
            return -1;
        for (size_t i = 0; k->c->drop_input != NULL && i < k->purged.n_inputs; i++) {
            if (k->c->drop_input(k->c->arg, k->purged.inputs[i], err) < 0)
                return -1;
        }
    } while (k->purged.more);
    return 0;
}

static int put_project(struct copying *k, struct db *db, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_COPY_PROJECT_INSERT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, k->project->id);
    bind_str(st, 2, k->project->public_id);
    bind_str(st, 3, k->project->name);
    bind_int(st, 4, k->project->created_ms);
    bind_int(st, 5, PROJECT_COPYING);
    if (db_run(db, st, err) < 0)
        return -1;
    const struct sql_backend *backend = k->to->backend;
    return backend->project_id_used != NULL ? backend->project_id_used(db, k->project->id, err) : 0;
}

/* Numbers that are drawn from now on are behind all those that come. */
static int raise_seq(struct copying *k, struct db *db, struct err *err)
{
    int64_t next;
    if (sequence_get(db, 0, "seq", &next, err) < 0)
        return -1;
    return next < k->next_seq ? sequence_set(db, 0, "seq", k->next_seq, err) : 0;
}

static int take_secret(struct copying *k, struct db *db, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_PROJECT_LIST, err);
    const int got = st != NULL ? db_step(db, st, err) : -1;
    if (got < 0)
        return -1;
    stmt_reset(st);
    if (got > 0)
        return copy_conflict(k, err, "somebody has just made another project there");
    return copy_meta_put(
        db, STR("id_secret"),
        (struct str){ (const char *)store_secret(k->c->from)->key, ID_SECRET_BYTES }, err);
}

static int begin(struct store_tx *tx, void *arg, struct err *err)
{
    struct copying *k = arg;
    if (k->c->takes_secret && take_secret(k, tx->db, err) < 0)
        return -1;
    if (put_project(k, tx->db, err) < 0 || raise_seq(k, tx->db, err) < 0)
        return -1;
    return copy_note_put(k, tx->db, err);
}

static int start(struct copying *k, struct err *err)
{
    k->at = (struct position){ 0 };
    if (k->c->state == COPY_BEGINS_AGAIN && purge_half(k, err) < 0)
        return -1;
    arena_reset(&k->scratch);
    if (copy_note_write(k, &k->at, err) < 0 || store_work_wait(k->c->to, begin, k, err) < 0)
        return -1;
    if (k->c->takes_secret)
        k->to->base.secret = *store_secret(k->c->from);
    return 0;
}

/* ---- portions ---- */

/* One prepared statement, row after row. */
static int insert_bound(struct db *db, struct stmt *st, const struct copy_rows *r, struct err *err)
{
    for (size_t i = 0; i < r->n_rows; i++) {
        for (size_t c = 0; c < r->n_columns; c++) {
            const struct copy_value *v = &r->values[i * r->n_columns + c];
            const int at = (int)c + 1;
            if (v->kind == VALUE_NULL)
                bind_null(st, at);
            else if (v->kind == VALUE_INT)
                bind_int(st, at, v->as.i);
            else if (v->kind == VALUE_DOUBLE)
                bind_num(st, at, (struct num){ .d = v->as.d });
            else if (r->columns[c].kind == COLUMN_BLOB)
                bind_blob(st, at, v->as.s.p, v->as.s.len);
            else
                bind_str(st, at, v->as.s);
        }
        if (db_run(db, st, err) < 0)
            return -1;
    }
    return 0;
}

static int insert_rows(struct db *db, const struct copy_rows *r, struct err *err)
{
    struct buf b;
    buf_init(&b, TEXT_MAX);
    buf_printf(&b, "INSERT INTO %s (", r->table);
    for (size_t i = 0; i < r->n_columns; i++)
        buf_printf(&b, "%s%s", i > 0 ? ", " : "", r->columns[i].name);
    buf_puts(&b, STR(") VALUES ("));
    for (size_t i = 0; i < r->n_columns; i++)
        buf_puts(&b, i > 0 ? STR(", ?") : STR("?"));
    buf_put(&b, ")", 2); /* with the NUL */
    int rc = buf_ok(&b, err);
    struct stmt *st = rc == 0 ? db->driver->prepare(db, b.p, false, err) : NULL;
    if (st != NULL) {
        rc = insert_bound(db, st, r, err);
        db->driver->done(st);
    } else {
        rc = -1;
    }
    buf_release(&b);
    return rc;
}

static int put_rows(struct copying *k, struct db *db, const struct copy_rows *r, struct err *err)
{
    const struct sql_backend *backend = k->to->backend;
    if (r->n_rows == 0)
        return 0;
    const int rc =
        backend->rows_put != NULL ? backend->rows_put(db, r, err) : insert_rows(db, r, err);
    return rc < 0 ? err_wrap(err, "storing %s", r->table) : 0;
}

/* Somebody may have given the copy up meanwhile. */
static int check_still_copying(struct copying *k, struct db *db, struct err *err)
{
    bool found = false;
    int64_t deleted_ms = 0;
    if (db_number(db, STATEMENT_PROJECT_DELETED, k->c->project_id, &found, &deleted_ms, err) < 0)
        return -1;
    return found && deleted_ms == PROJECT_COPYING
               ? 0
               : copy_conflict(k, err, "it has been deleted there meanwhile");
}

static int put_portion(struct store_tx *tx, void *arg, struct err *err)
{
    struct copying *k = arg;
    if (check_still_copying(k, tx->db, err) < 0 || copy_note_put(k, tx->db, err) < 0)
        return -1;
    return put_rows(k, tx->db, &k->rows, err);
}

static int check_fits(struct copying *k, struct err *err)
{
    const struct sql_backend *backend = k->to->backend;
    const struct copy_rows *r = &k->rows;
    for (size_t i = 0; backend->fits != NULL && i < r->n_rows * r->n_columns; i++) {
        const struct copy_value *v = &r->values[i];
        if (r->columns[i % r->n_columns].kind != COLUMN_JSON || v->kind != VALUE_BYTES ||
            backend->fits(v->as.s))
            continue;
        const struct copy_value *code = v - i % r->n_columns + VOUCHER_CODE_AT;
        return err_set(err, ERR_TOO_LARGE,
                       "voucher '%.*s' has a number in its metadata that is too long for '%s'; "
                       "change it first",
                       STR_FMT(code->as.s), store_place(k->c->to));
    }
    return 0;
}

/* The uploaded files of the portion's actions. */
static int carry_inputs(struct copying *k, struct position *next, struct err *err)
{
    const struct copy_rows *r = &k->rows;
    for (size_t i = 0; i < r->n_rows; i++) {
        const struct copy_value *row = &r->values[i * r->n_columns];
        bool carried = false;
        if (row[ACTION_INPUT_AT].kind != VALUE_BYTES)
            continue;
        if (k->c->carry_input(k->c->arg, row[ACTION_INPUT_AT].as.s,
                              row[ACTION_STATUS_AT].as.i >= ACTION_PARKED, &carried, err) < 0)
            return -1;
        next->inputs += carried;
    }
    return 0;
}

/* From the position, and with the counts so far, to behind the portion's last row. */
static void advance(const struct copying *k, bool end, struct position *next)
{
    const struct copy_rows *r = &k->rows;
    const struct copy_table *t = &copy_tables[next->table];
    next->rows[next->table] += (int64_t)r->n_rows;
    next->inside = !end;
    next->table += end;
    for (size_t i = 0; !end && i < t->n_keys; i++)
        next->after[i] = r->values[(r->n_rows - 1) * r->n_columns + t->keys[i]];
}

/* The text of a key lives in the portion: a place of its own for it. */
static int settle(struct copying *k, const struct position *next, struct err *err)
{
    k->at = *next;
    for (size_t i = 0; k->at.inside && i < copy_tables[k->at.table].n_keys; i++) {
        struct copy_value *v = &k->at.after[i];
        if (v->kind != VALUE_BYTES)
            continue;
        buf_reset(&k->after_text);
        buf_puts(&k->after_text, v->as.s);
        if (buf_ok(&k->after_text, err) < 0)
            return -1;
        v->as.s = buf_str(&k->after_text);
    }
    return 0;
}

static void tell(struct copying *k, size_t table)
{
    struct store_copy *c = k->c;
    memcpy(c->rows, k->at.rows, sizeof(c->rows));
    c->inputs = k->at.inputs;
    c->doing = copy_tables[table].shown;
    if (c->on_portion != NULL)
        c->on_portion(c->arg, c);
}

static int copy_portion(struct copying *k, struct err *err)
{
    const size_t table = k->at.table;
    const size_t limit = k->c->portion_rows > 0 ? k->c->portion_rows : PORTION_ROWS;
    struct position next = k->at;
    bool end = false;
    arena_reset(&k->scratch);
    if (copy_read_rows(k, &copy_tables[table], &k->at, limit, &k->scratch, &k->rows, &end, err) <
            0 ||
        check_fits(k, err) < 0 || (table == TABLE_ACTIONS && carry_inputs(k, &next, err) < 0))
        return -1;
    advance(k, end, &next);
    if (k->rows.n_rows > 0 &&
        (copy_note_write(k, &next, err) < 0 || store_work_wait(k->c->to, put_portion, k, err) < 0))
        return -1;
    if (settle(k, &next, err) < 0)
        return -1;
    tell(k, table);
    return 0;
}

/* ---- the end ---- */

static int make_live(struct copying *k, struct db *db, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_COPY_ACTIONS_LIVE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, k->c->project_id);
    if (db_run(db, st, err) < 0)
        return -1;
    st = db_statement(db, STATEMENT_COPY_PROJECT_LIVES, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, k->c->project_id);
    bind_str(st, 2, k->project->name);
    return db_run(db, st, err);
}

static int put_end(struct store_tx *tx, void *arg, struct err *err)
{
    struct copying *k = arg;
    if (check_still_copying(k, tx->db, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(k->late); i++) {
        if (put_rows(k, tx->db, &k->late[i], err) < 0)
            return -1;
    }
    if (make_live(k, tx->db, err) < 0)
        return -1;
    return copy_forget(tx->db, k->c->project_id, err);
}

static int read_late(struct copying *k, struct err *err)
{
    static const struct position from_the_first = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(k->late); i++) {
        bool end = false;
        if (copy_read_rows(k, &copy_tables[TABLE_LATE + i], &from_the_first, INT64_MAX, &k->scratch,
                           &k->late[i], &end, err) < 0)
            return -1;
        if (!end)
            return err_set(err, ERR_TOO_LARGE, "the project has too many %s",
                           copy_tables[TABLE_LATE + i].shown);
        k->at.rows[TABLE_LATE + i] = k->c->of[TABLE_LATE + i] = (int64_t)k->late[i].n_rows;
    }
    return 0;
}

static int drop_mark(struct store_tx *tx, void *arg, struct err *err)
{
    (void)arg;
    return db_run_plain(tx->db, STATEMENT_COPY_SOURCE_DROP, err);
}

/* Not by a server, but by whoever else can. */
static int check_complete(struct copying *k, struct err *err)
{
    struct err ignored;
    for (size_t i = 0; i < TABLE_LATE; i++) {
        if (k->at.rows[i] == k->c->of[i])
            continue;
        (void)!store_work_wait(k->c->from, drop_mark, NULL,
                               &ignored); /* the next one begins again */
        return err_set(err, ERR_CONFLICT,
                       "the project has been changed meanwhile: of %" PRId64
                       " %s there came %" PRId64 "; once more, and it is copied from the beginning",
                       k->c->of[i], copy_tables[i].shown, k->at.rows[i]);
    }
    return 0;
}

static int finish(struct copying *k, struct err *err)
{
    struct str id = k->c->project;
    if (check_complete(k, err) < 0)
        return -1;
    arena_reset(&k->scratch);
    if (read_late(k, err) < 0)
        return -1;
    if (copy_find_source(k, err) < 0) /* again: deleting one begins with its keys */
        return -1;
    if (store_work_wait(k->c->to, put_end, k, err) < 0)
        return err->code == ERR_DUPLICATE
                   ? err_wrap(err, "a key of project '%.*s' is there already", STR_FMT(id))
                   : -1;
    tell(k, TABLE_LATE);
    return 0;
}

static int run(struct copying *k, struct err *err)
{
    if (copy_look(k, true, err) < 0 || k->c->state == COPY_THERE)
        return k->c->state == COPY_THERE ? 0 : -1;
    for (size_t i = 0; i < TABLE_LATE; i++) {
        if (copy_count(k, &copy_tables[i], &k->c->of[i], err) < 0)
            return -1;
    }
    if (k->c->state != COPY_GOES_ON && start(k, err) < 0)
        return -1;
    while (k->at.table < TABLE_LATE) {
        if (copy_portion(k, err) < 0)
            return -1;
    }
    return finish(k, err);
}

static void init(struct copying *k, struct store_copy *c)
{
    *k = (struct copying){ .c = c, .from = sql_store_of(c->from), .to = sql_store_of(c->to) };
    arena_init(&k->arena, 64 * KIB, 0);
    arena_init(&k->scratch, ARENA_BYTES, ARENA_KEEP);
    buf_init(&k->after_text, COPY_NOTE_MAX);
}

static void release(struct copying *k)
{
    arena_release(&k->arena);
    arena_release(&k->scratch);
    buf_release(&k->after_text);
}

int store_copy_look(struct store_copy *c, struct err *err)
{
    struct copying k;
    init(&k, c);
    const int rc = copy_look(&k, false, err);
    release(&k);
    return rc;
}

int store_copy_run(struct store_copy *c, struct err *err)
{
    struct copying k;
    init(&k, c);
    const int rc = run(&k, err);
    release(&k);
    return rc;
}
