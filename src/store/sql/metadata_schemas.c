/* SPDX-License-Identifier: MIT */
/*
 * metadata_schemas.c - the metadata_schemas table.
 *
 * A schema is one row, its definitions are one text: whoever needs it needs all of it. A change is
 * read, applied and written in the transaction, so that two of them never lose one.
 */
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

/* Numbered as METADATA_SCHEMA_COLUMNS. */
static int read_row(struct stmt *st, struct arena *a, struct metadata_schema *s, struct err *err)
{
    struct str related_object = column_str(st, 1), properties = column_str(st, 3);
    struct str *texts[] = { &related_object, &properties };
    if (!arena_keep(a, texts, ARRAY_LEN(texts)))
        return err_nomem(err);
    if (metadata_schema_parse(properties, a, s, err) < 0)
        return -1;
    s->key = column_int(st, 0);
    s->related_object = related_object;
    s->allow_defined_only = column_int(st, 2) != 0;
    s->created_ms = column_int(st, 4);
    s->updated_ms = column_is_null(st, 5) ? TIME_NONE : column_int(st, 5);
    return row_check(st, err);
}

/* 1: *s is it, 0: there is none, -1. The statement is bound already. */
static int read_one(struct db *db, struct stmt *st, struct arena *a, struct metadata_schema *s,
                    struct err *err)
{
    int got = db_step(db, st, err);
    if (got > 0 && read_row(st, a, s, err) < 0)
        got = -1;
    stmt_reset(st);
    return got;
}

static int find_by_key(struct db *db, int64_t project_id, int64_t key, struct arena *a,
                       struct metadata_schema *s, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_METADATA_SCHEMA_BY_KEY, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, key);
    return read_one(db, st, a, s, err);
}

static int find_by_object(struct db *db, int64_t project_id, struct str related_object,
                          struct arena *a, struct metadata_schema *s, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_METADATA_SCHEMA_BY_OBJECT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, related_object);
    return read_one(db, st, a, s, err);
}

static int find(struct db *db, const struct id_secret *secret, int64_t project_id,
                struct str object_or_id, struct arena *a, struct metadata_schema *s,
                struct err *err)
{
    int64_t key;
    int got = 0;
    if (id_decode(secret, ID_METADATA_SCHEMA, object_or_id, &key))
        got = find_by_key(db, project_id, key, a, s, err);
    return got != 0 ? got : find_by_object(db, project_id, object_or_id, a, s, err);
}

/* ---- reading ---- */

/* Nested objects do not nest further: one step is all. */
static int find_nested(struct db *db, int64_t project_id, struct arena *a,
                       struct metadata_schema *s, struct err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        struct metadata_definition *d = &s->definitions[i];
        struct metadata_schema *nested;
        if (d->object_type.len == 0 || d->deleted)
            continue;
        nested = arena_alloc(a, sizeof(*nested));
        if (nested == NULL)
            return err_nomem(err);
        const int got = find_by_object(db, project_id, d->object_type, a, nested, err);
        if (got < 0)
            return -1;
        d->nested = got > 0 ? nested : NULL;
    }
    return 0;
}

int metadata_gate_of(struct db *db, int64_t project_id, struct str object, struct arena *a,
                     struct metadata_gate *gate, struct err *err)
{
    struct metadata_schema *s = arena_alloc(a, sizeof(*s));
    *gate = (struct metadata_gate){ 0 };
    if (s == NULL)
        return err_nomem(err);
    const int got = find_by_object(db, project_id, object, a, s, err);
    if (got < 0 || (got > 0 && find_nested(db, project_id, a, s, err) < 0))
        return -1;
    gate->schema = got > 0 ? s : NULL;
    return 0;
}

int sql_find_metadata_schema(struct store *store, struct arena *a, int64_t project_id,
                             struct str object_or_id, struct metadata_schema **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct metadata_schema found = { 0 };
    *out = NULL;
    struct db *db = reader_take(s);
    int got = find(db, &s->base.secret, project_id, object_or_id, a, &found, err);
    if (got > 0 && find_nested(db, project_id, a, &found, err) < 0)
        got = -1;
    reader_give(s, db);
    if (got <= 0)
        return got;
    *out = arena_alloc(a, sizeof(**out));
    if (*out == NULL)
        return err_nomem(err);
    **out = found;
    return 0;
}

static int read_rows(struct db *db, struct stmt *st, struct arena *a, struct metadata_schema **out,
                     size_t *n, struct err *err)
{
    size_t cap = 0;
    int got;
    while ((got = db_step(db, st, err)) > 0) {
        struct metadata_schema *rows = arena_grow(a, *out, *n, &cap, sizeof(*rows));
        if (rows == NULL)
            return err_nomem(err);
        *out = rows;
        if (read_row(st, a, &rows[*n], err) < 0)
            return -1;
        (*n)++;
    }
    return got;
}

int sql_list_metadata_schemas(struct store *store, struct arena *a, int64_t project_id,
                              struct metadata_schema **out, size_t *n, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    int rc = -1;
    *out = NULL;
    *n = 0;
    struct stmt *st = db_statement(db, STATEMENT_METADATA_SCHEMA_LIST, err);
    if (st != NULL) {
        bind_int(st, 1, project_id);
        rc = read_rows(db, st, a, out, n, err);
        stmt_reset(st);
    }
    reader_give(s, db);
    return rc;
}

/* ---- writing ---- */

static int print(const struct metadata_schema *s, struct arena *a, struct str *out, struct err *err)
{
    struct buf b;
    buf_init(&b, METADATA_SCHEMA_MAX_BYTES);
    metadata_schema_put_properties(&(struct json_out){ .b = &b }, s, METADATA_CAMEL);
    return buf_keep(&b, a, out, err);
}

/* A list has no pages, so what it can become is bounded here. */
static int check_room(struct db *db, int64_t project_id, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_METADATA_SCHEMA_SIZE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    if (db_step(db, st, err) < 0)
        return -1;
    const int64_t n = column_int(st, 0), bytes = column_int(st, 1);
    stmt_reset(st);
    if (n > METADATA_SCHEMAS_MAX)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Project must NOT have more than %d metadata schemas", METADATA_SCHEMAS_MAX);
    if (bytes > (int64_t)METADATA_SCHEMAS_MAX_BYTES)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Metadata schemas must NOT be longer than %lld bytes together",
                       (long long)METADATA_SCHEMAS_MAX_BYTES);
    return 0;
}

static int create(struct store_tx *tx, struct metadata_schema_write *w, struct err *err)
{
    struct metadata_schema *s = &w->schema;
    struct stmt *st = db_statement(tx->db, STATEMENT_METADATA_SCHEMA_INSERT, err);
    struct str properties;
    *s = (struct metadata_schema){ .related_object = w->object_or_id,
                                   .created_ms = time_now_ms(),
                                   .updated_ms = TIME_NONE };
    if (st == NULL || metadata_schema_apply(s, w->body, w->spelling, w->arena, err) < 0 ||
        print(s, w->arena, &properties, err) < 0 ||
        sequence_next_key(tx, w->project_id, "metadata_schema", &s->key, err) < 0)
        return -1;
    bind_int(st, 1, w->project_id);
    bind_int(st, 2, s->key);
    bind_str(st, 3, s->related_object);
    bind_int(st, 4, s->allow_defined_only);
    bind_str(st, 5, properties);
    bind_int(st, 6, s->created_ms);
    if (db_run(tx->db, st, err) < 0)
        return -1;
    w->found = db_changes(tx->db) == 0; /* one of this name was there */
    return w->found ? 0 : check_room(tx->db, w->project_id, err);
}

static int update(struct store_tx *tx, struct metadata_schema_write *w, struct err *err)
{
    struct metadata_schema *s = &w->schema;
    struct stmt *st = db_statement(tx->db, STATEMENT_METADATA_SCHEMA_UPDATE, err);
    struct str properties;
    if (st == NULL || print(s, w->arena, &properties, err) < 0)
        return -1;
    s->updated_ms = time_now_ms();
    bind_int(st, 1, w->project_id);
    bind_int(st, 2, s->key);
    bind_int(st, 3, s->allow_defined_only);
    bind_str(st, 4, properties);
    bind_int(st, 5, s->updated_ms);
    return db_run(tx->db, st, err);
}

static int change(struct store_tx *tx, struct metadata_schema_write *w, struct err *err)
{
    if (metadata_schema_apply(&w->schema, w->body, w->spelling, w->arena, err) < 0 ||
        update(tx, w, err) < 0)
        return -1;
    return check_room(tx->db, w->project_id, err); /* or it is undone */
}

static int erase(struct store_tx *tx, struct metadata_schema_write *w, struct err *err)
{
    struct stmt *st = db_statement(tx->db, STATEMENT_METADATA_SCHEMA_DELETE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, w->project_id);
    bind_int(st, 2, w->schema.key);
    return db_run(tx->db, st, err);
}

/* One that was restored meanwhile stays. */
static int remove_key(struct store_tx *tx, struct metadata_schema_write *w, struct err *err)
{
    w->found = metadata_definition_find(&w->schema, w->removed_key) == NULL &&
               metadata_schema_remove(&w->schema, w->removed_key);
    return w->found ? update(tx, w, err) : 0;
}

int sql_tx_metadata_schema_write(struct store_tx *tx, struct metadata_schema_write *w,
                                 struct err *err)
{
    static int (*const modes[])(struct store_tx * tx, struct metadata_schema_write * w,
                                struct err * err) = {
        [METADATA_SCHEMA_CREATE] = create,
        [METADATA_SCHEMA_CHANGE] = change,
        [METADATA_SCHEMA_ERASE] = erase,
        [METADATA_SCHEMA_REMOVE_KEY] = remove_key,
    };
    w->found = false;
    if (project_check(tx->db, w->project_id, err) < 0)
        return -1;
    if (w->mode != METADATA_SCHEMA_CREATE) {
        const int got = find(tx->db, &tx->store->base.secret, w->project_id, w->object_or_id,
                             w->arena, &w->schema, err);
        if (got <= 0)
            return got;
        w->found = true;
    }
    return modes[w->mode](tx, w, err);
}
