/* SPDX-License-Identifier: MIT */
/*
 * dynamic.c - statements that were put together for one question (sql/filter_sql.h): kept for the
 * next page of the same list, bounded in time, and with our own comparison of JSON.
 */
#include "base/time_iso.h"
#include "store/sql/filter_sql.h"
#include "store/sqlite/sqlite_priv.h"

#define SCRATCH_BYTES  (64 * KIB) /* of the JSON of one row; kept */
#define POINTER_TYPE   "filter condition"
#define JSON_CONDITION "filter_json" /* name of our SQL function */
#define PROGRESS_STEPS 1000          /* of SQLite's machine between two looks at the clock */

static struct sqlite_stmt *find_kept(struct sqlite_db *db, const char *text)
{
    for (size_t i = 0; i < ARRAY_LEN(db->kept); i++) {
        if (db->kept[i].raw != NULL && strcmp(sqlite3_sql(db->kept[i].raw), text) == 0)
            return &db->kept[i];
    }
    return NULL;
}

/* In the place of the one that has been there longest. */
static struct sqlite_stmt *prepare(struct sqlite_db *db, const char *text, struct err *err)
{
    struct sqlite_stmt *place = &db->kept[db->next_kept];
    sqlite3_finalize(place->raw);
    *place = (struct sqlite_stmt){ .base.driver = &sqlite_driver };
    const int rc =
        sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &place->raw, NULL);
    if (rc != SQLITE_OK) {
        db_error(db, rc, "cannot prepare a statement", err);
        return NULL;
    }
    db->next_kept = (db->next_kept + 1) % ARRAY_LEN(db->kept);
    return place;
}

void dynamic_forget(struct sqlite_db *db)
{
    for (size_t i = 0; i < ARRAY_LEN(db->kept); i++) {
        sqlite3_finalize(db->kept[i].raw);
        db->kept[i].raw = NULL;
    }
}

static int add_functions(struct sqlite_db *db, struct err *err);

struct stmt *dynamic_prepare(struct db *base, const char *text, bool streams, struct err *err)
{
    struct sqlite_db *db = sqlite_db_of(base);
    (void)streams; /* rows come one by one anyway */
    if (add_functions(db, err) < 0)
        return NULL;
    struct sqlite_stmt *st = find_kept(db, text);
    if (st == NULL)
        st = prepare(db, text, err);
    return st != NULL ? &st->base : NULL;
}

void dynamic_done(struct stmt *st)
{
    sqlite3_stmt *raw = ((struct sqlite_stmt *)(void *)st)->raw;
    sqlite3_reset(raw);
    sqlite3_clear_bindings(raw); /* they point into a request */
}

/* ---- time ---- */

static int on_progress(void *arg)
{
    struct sqlite_db *db = arg;
    db->too_slow = db->until_us != 0 && time_monotonic_us() > db->until_us;
    return db->too_slow;
}

int dynamic_limit_time(struct db *base, int64_t until_us, struct err *err)
{
    struct sqlite_db *db = sqlite_db_of(base);
    (void)err;
    db->until_us = until_us;
    db->too_slow = false;
    sqlite3_progress_handler(db->handle, until_us != 0 ? PROGRESS_STEPS : 0,
                             until_us != 0 ? on_progress : NULL, db);
    return 0;
}

/* ---- JSON ---- */

/* filter_json(TEXT, CONDITION): a JSON value is compared by the rules of the domain, which SQL does
 * not have (a number that came as text, any element of a list), and a key may hold anything. */
static void match_json(sqlite3_context *context, int n, sqlite3_value **args)
{
    struct arena *scratch = sqlite3_user_data(context);
    const struct filter_condition *c = sqlite3_value_pointer(args[1], POINTER_TYPE);
    const char *text = (const char *)sqlite3_value_text(args[0]);
    struct json *tree = NULL;
    struct err err = { 0 };
    (void)n;
    arena_reset(scratch);
    if (text == NULL && sqlite3_value_type(args[0]) != SQLITE_NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    if (text != NULL &&
        json_parse(scratch, (struct str){ text, (size_t)sqlite3_value_bytes(args[0]) }, &tree,
                   &err) < 0) {
        if (err.code == ERR_NOMEM)
            sqlite3_result_error_nomem(context);
        else
            sqlite3_result_error(context, "a stored JSON text cannot be read", -1);
        return;
    }
    sqlite3_result_int(context, filter_matches_json(c, tree));
}

static void free_scratch(void *arg)
{
    struct arena *scratch = arg;
    arena_release(scratch);
    mem_free(scratch);
}

/* Once a connection; SQLite frees the scratch when it is closed, or when this fails. */
static int add_functions(struct sqlite_db *db, struct err *err)
{
    if (db->has_functions)
        return 0;
    struct arena *scratch = mem_alloc(sizeof(*scratch));
    if (scratch == NULL)
        return err_nomem(err);
    arena_init(scratch, SCRATCH_BYTES, SCRATCH_BYTES);
    const int rc = sqlite3_create_function_v2(
        db->handle, JSON_CONDITION, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
        scratch, match_json, NULL, NULL, free_scratch);
    db->has_functions = rc == SQLITE_OK;
    return rc == SQLITE_OK ? 0 : db_error(db, rc, "cannot add a function", err);
}

/* SQLite hands it on to our own function only, which does not write. */
void dynamic_put_condition(struct stmt *st, int at, const struct filter_condition *c)
{
    union {
        const struct filter_condition *condition;
        void *p;
    } pointer = { .condition = c };
    sqlite3_bind_pointer(((struct sqlite_stmt *)(void *)st)->raw, at, pointer.p, POINTER_TYPE,
                         NULL);
}

void dynamic_put_json_match(struct sql *q, const struct filter_condition *c, const char *expression)
{
    sql_put(q, JSON_CONDITION "(");
    sql_put(q, expression);
    sql_put(q, ", ");
    sql_condition(q, c);
    sql_put(q, ")");
}
