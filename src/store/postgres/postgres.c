/* SPDX-License-Identifier: MIT */
/* postgres.c - opening and closing the PostgreSQL store, its connections, and its table of calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/sync.h"
#include "base/time_iso.h"
#include "store/postgres/pg_priv.h"

#define READERS_DEFAULT 8
#define SCRATCH_BYTES   (256 * KIB)

/* Counters of `totals` by who adds: the two connections of a server, and commands beside it. */
enum { SLOT_WORKS = 0, SLOT_BULK = 1, SLOT_COMMAND = 2, SLOT_BESIDE = 4 };

/* ---- readers ---- */

static struct pg_db *free_reader(struct pg_store *s)
{
    for (unsigned i = 0; i < s->n_readers; i++) {
        if (!s->reader_taken[i]) {
            s->reader_taken[i] = true;
            return &s->readers[i];
        }
    }
    return NULL;
}

/* One that cannot connect is given all the same: its first statement says so. */
static struct db *take_reader(struct sql_store *store)
{
    struct pg_store *s = pg_of_sql(store);
    struct pg_db *db;
    struct err ignored;
    pthread_mutex_lock(&s->readers_lock);
    while ((db = free_reader(s)) == NULL)
        pthread_cond_wait(&s->reader_free, &s->readers_lock);
    pthread_mutex_unlock(&s->readers_lock);
    pg_db_look(db);
    (void)!pg_db_connect(db, &ignored);
    return &db->base;
}

static void give_reader(struct sql_store *store, struct db *db)
{
    struct pg_store *s = pg_of_sql(store);
    pthread_mutex_lock(&s->readers_lock);
    s->reader_taken[pg_db_of(db) - s->readers] = false;
    pthread_cond_signal(&s->reader_free);
    pthread_mutex_unlock(&s->readers_lock);
}

/* ---- keys of new rows ---- */

/*
 * By a connection of its own, in a transaction of its own that need not wait for the disk: the rows
 * that get these keys commit later in the log. A slice that is rolled back leaves a gap. In the
 * rows' own transaction the sequence would be locked until the slice is in, and no request could
 * create a voucher meanwhile. 1, -1; 0: the project is deleted. A slice learns of that only at its
 * end, but keys that it took behind the purge would bring the sequence back. (Who writes a single
 * row has the project's lock: the purge waits for him.)
 */
static int take_range(struct pg_store *s, bool slice, int64_t project_id, const char *name,
                      int64_t want, struct key_range *out, struct err *err)
{
    struct db *db = &s->keys.base;
    struct stmt *st =
        db_statement(db, slice ? STATEMENT_SEQUENCE_TAKE_ALIVE : STATEMENT_SEQUENCE_TAKE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, str_of(name));
    bind_int(st, 3, want);
    const int got = db_step(db, st, err);
    if (got > 0)
        *out = (struct key_range){ .end = column_int(st, 0) };
    stmt_reset(st);
    out->first = out->next = out->end - want;
    return got;
}

static int keys_take(struct store_tx *tx, int64_t project_id, const char *name, int64_t want,
                     struct key_range *out, struct err *err)
{
    struct pg_store *s = pg_of_sql(tx->store);
    const bool slice = tx->db != &s->works.base;
    int got = -1;
    pthread_mutex_lock(&s->keys_lock);
    for (int tries = 0; got < 0 && tries < 3; tries++) {
        pg_db_look(&s->keys);
        if (pg_db_connect(&s->keys, err) == 0)
            got = take_range(s, slice, project_id, name, want, out, err);
        if (got < 0 && !s->keys.lost && !s->keys.again)
            break;
    }
    if (got < 0 && s->keys.lost) /* the transaction that wanted them can be repeated as well */
        pg_db_of(tx->db)->again = true;
    pthread_mutex_unlock(&s->keys_lock);
    if (got == 0)
        return err_set(err, ERR_LEASE_LOST, "the project is deleted");
    return got < 0 ? -1 : 0;
}

static int keys_used(struct store_tx *tx, int64_t project_id, const char *name,
                     const struct key_range *range, struct err *err)
{
    (void)tx, (void)project_id, (void)name, (void)range, (void)err;
    return 0;
}

/* ---- who erases, and who applies ---- */

/* A slice may look once whether codes were erased, if nobody erases until it is in. */
static int lock_in_tx(struct store_tx *tx, int64_t project_id, bool alone, struct err *err)
{
    struct stmt *st = db_statement(
        tx->db, alone ? STATEMENT_PROJECT_LOCK_ALONE : STATEMENT_PROJECT_LOCK_SHARED, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    return db_run(tx->db, st, err);
}

static const struct sql_backend backend = {
    .reader_take = take_reader,
    .reader_give = give_reader,
    .keys_take = keys_take,
    .keys_used = keys_used,
    .wants_room = pg_wants_room,
    .action_put = pg_action_put,
    .canonical = pg_canonical,
    .fits = pg_fits,
    .lock_project = lock_in_tx,
    .rows_put = pg_rows_put,
    .project_id_used = pg_project_id_used,
    .totals_in_slots = true,
};

/* ---- life ---- */

/* Nobody will ask for them. A process that is killed leaves two short rows. */
static void forget_marks(struct pg_store *s)
{
    char sql[128];
    struct err ignored;
    snprintf(sql, sizeof(sql), "DELETE FROM commit_marks WHERE node = '%s'", s->node);
    if (s->works.conn != NULL)
        (void)!pg_exec(&s->works, sql, &ignored);
}

static void pg_close(struct store *store)
{
    struct pg_store *s = pg_of(store);
    atomic_store(&s->closing, true);
    pg_ahead_drop(s);
    pg_nudger_stop(s);
    pg_listener_stop(s);
    pg_writer_stop(s);
    forget_marks(s);
    pg_db_release(&s->works);
    pg_db_release(&s->bulk.db);
    pg_db_release(&s->beside.db);
    pg_db_release(&s->keys);
    pg_db_release(&s->listener);
    for (unsigned i = 0; i < s->n_readers; i++)
        pg_db_release(&s->readers[i]);
    pg_ahead_free(&s->bulk);
    pg_ahead_free(&s->beside);
    pg_bulk_free(&s->bulk);
    pg_bulk_free(&s->beside);
    pg_pending_release(&s->pending);
    arena_release(&s->works_scratch);
    arena_release(&s->bulk.scratch);
    arena_release(&s->beside.scratch);
    mem_free(s->readers);
    mem_free(s->reader_taken);
    mem_free(s->url);
    mem_free(s->place);
    mem_free(s->node);
    mem_free(s);
}

static char *copy_text(const char *text)
{
    const size_t n = strlen(text) + 1;
    char *p = mem_alloc(n);
    if (p != NULL)
        memcpy(p, text, n);
    return p;
}

/* The database as it can be shown: hosts and name, no password. */
static char *place_of(const char *url)
{
    char text[1024], *why = NULL;
    const char *parts[3] = { "", "", "" }; /* host, port, dbname */
    static const char *const names[] = { "host", "port", "dbname" };
    PQconninfoOption *options = PQconninfoParse(url, &why);
    for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            if (strcmp(o->keyword, names[i]) == 0 && o->val != NULL)
                parts[i] = o->val;
        }
    }
    snprintf(text, sizeof(text), "postgresql://%s%s%s/%s", parts[0], parts[1][0] != '\0' ? ":" : "",
             parts[1], parts[2]);
    PQconninfoFree(options);
    PQfreemem(why);
    return copy_text(text);
}

/* Who leases: random, as a process may come and go on any machine. */
static char *make_node(void)
{
    char text[17] = "";
    id_random_base62(text, sizeof(text) - 1);
    return copy_text(text);
}

/* libpq's own words may quote the URL, and with it a password. */
static int check_url(const char *url, struct err *err)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &why);
    const bool fine = options != NULL;
    PQconninfoFree(options);
    PQfreemem(why);
    return fine ? 0
                : err_set(err, ERR_INVALID_PAYLOAD,
                          "the store's URL is not one that libpq can read; say "
                          "postgresql://USER@HOST:PORT/DATABASE, with other characters as %%XX");
}

static int init(struct pg_store *s, const char *rest, const struct store_config *config,
                struct err *err)
{
    char url[4096];
    if (snprintf(url, sizeof(url), "postgresql:%s", rest) >= (int)sizeof(url))
        return err_set(err, ERR_INVALID_PAYLOAD, "the store's URL is longer than %zu bytes",
                       sizeof(url) - 1);
    if (check_url(url, err) < 0)
        return -1;
    s->url = copy_text(url);
    s->place = place_of(url);
    s->node = make_node();
    if (s->url == NULL || s->place == NULL || s->node == NULL)
        return err_nomem(err);
    s->base.base.place = s->place;
    s->serving = config->serving;
    const unsigned readers = !config->serving      ? 2
                             : config->readers > 0 ? config->readers
                                                   : READERS_DEFAULT;
    s->readers = mem_calloc(readers, sizeof(*s->readers));
    s->reader_taken = mem_calloc(readers, sizeof(*s->reader_taken));
    if (s->readers == NULL || s->reader_taken == NULL)
        return err_nomem(err);
    for (; s->n_readers < readers; s->n_readers++)
        pg_db_init(&s->readers[s->n_readers], s, 0);
    const int slot = s->serving ? 0 : SLOT_COMMAND;
    pg_db_init(&s->works, s, slot + SLOT_WORKS);
    pg_db_init(&s->bulk.db, s, slot + SLOT_BULK);
    pg_db_init(&s->beside.db, s, SLOT_BESIDE);
    pg_db_init(&s->keys, s, 0);
    pg_db_init(&s->listener, s, 0);
    s->works.locks = s->bulk.db.locks = s->beside.db.locks = true;
    s->works.pending = &s->pending;
    s->bulk.db.for_slices = s->beside.db.for_slices = true;
    s->keys.async = true;
    return 0;
}

/* The lock of the serving process proves that former owners are dead, and that nobody is about to
 * name an input that no action has. */
static int void_leases(struct pg_store *s, struct err *err)
{
    return pg_exec(&s->works,
                   "DELETE FROM meta WHERE name = 'copy_source';"
                   "UPDATE actions SET lease_owner = NULL, lease_until = NULL "
                   "WHERE status < 2 AND lease_owner IS NOT NULL;"
                   "DELETE FROM input_parts p WHERE NOT EXISTS "
                   "(SELECT 1 FROM actions a WHERE a.input = p.input)",
                   err);
}

/* Now, and not when the first import waits for them. One that fails says so then. */
static void connect_early(struct pg_store *s)
{
    struct pg_db *const dbs[] = { &s->bulk.db, &s->beside.db, &s->keys };
    struct err ignored;
    for (size_t i = 0; i < ARRAY_LEN(dbs); i++)
        (void)!pg_db_connect(dbs[i], &ignored);
}

static int open_all(struct pg_store *s, const char *rest, const struct store_config *config,
                    struct err *err)
{
    if (init(s, rest, config, err) < 0 || pg_db_connect(&s->works, err) < 0 ||
        pg_refuse_pooler(s, &s->works, err) < 0 ||
        pg_schema_migrate(&s->works, &s->base.base, err) < 0 ||
        sql_read_secret(&s->works.base, &s->base.base.secret, err) < 0)
        return -1;
    if ((config->serving || config->copying) && pg_listener_start(s, err) < 0)
        return -1;
    if (config->serving && (void_leases(s, err) < 0 || pg_nudger_start(s, err) < 0))
        return -1;
    if (config->serving)
        connect_early(s);
    return pg_writer_start(s, err);
}

static int pg_open(const char *rest, const struct store_config *config, struct store **out,
                   struct err *err)
{
    struct pg_store *s = mem_calloc(1, sizeof(*s));
    if (s == NULL)
        return err_nomem(err);
    s->base.base.ops = &store_postgres;
    s->base.backend = &backend;
    s->last = &s->first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    pthread_mutex_init(&s->bulk_lock, NULL);
    pthread_mutex_init(&s->keys_lock, NULL);
    pthread_mutex_init(&s->nudge_lock, NULL);
    sync_cond_init(&s->nudge_wake);
    pthread_mutex_init(&s->readers_lock, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    pthread_mutex_init(&s->wake_lock, NULL);
    pg_pending_init(&s->pending);
    arena_init(&s->works_scratch, SCRATCH_BYTES, 4 * MIB);
    arena_init(&s->bulk.scratch, SCRATCH_BYTES, 4 * MIB);
    arena_init(&s->beside.scratch, SCRATCH_BYTES, 4 * MIB);
    if (open_all(s, rest, config, err) < 0) {
        pg_close((struct store *)(void *)s);
        return -1;
    }
    *out = (struct store *)(void *)s;
    return 0;
}

static int pg_ping(struct store *store, struct err *err)
{
    struct pg_store *s = pg_of(store);
    struct db *db = reader_take(&s->base);
    struct stmt *st = db_statement(db, STATEMENT_PING, err);
    const int got = st == NULL ? -1 : db_step(db, st, err);
    if (got >= 0)
        stmt_reset(st);
    reader_give(&s->base, db);
    return got < 0 ? -1 : 0;
}

static void pg_stats(struct store *store, struct store_stats *out)
{
    struct pg_store *s = pg_of(store);
    *out = (struct store_stats){ .busy_us = atomic_load(&s->busy_us),
                                 .commit_us = atomic_load(&s->commit_us),
                                 .commits = atomic_load(&s->commits) };
}

const struct store_ops store_postgres = {
    .scheme = "postgresql",
    .open = pg_open,
    .close = pg_close,
    .submit = pg_submit,
    .slice_commit = pg_slice_commit,
    .slices_leave = pg_slices_leave,
    SQL_STORE_OPS,
    .ping = pg_ping,
    .stats = pg_stats,
    .listen = pg_listen,
    .input_put = pg_input_put,
    .input_find = pg_input_find,
    .input_read = pg_input_read,
    .input_remove = pg_input_remove,
};
