/* SPDX-License-Identifier: MIT */
/*
 * schema.c - schema versions, and what a database has to be.
 *
 * The table schema_versions has a row per migration that has run. They run in one transaction under
 * an advisory lock, so of several processes that start at once one migrates and the others find it
 * done.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/time_iso.h"
#include "pg_schema_sql.h" /* pg_schema_sql[]: the files of schema/, in order */
#include "store/postgres/pg_priv.h"

#define LOCK_MIGRATE "7593264110264033" /* any number, the same in all of us */

static int number(struct pg_db *db, const char *sql, int64_t *out, struct err *err)
{
    char text[32];
    if (pg_query_text(db, sql, text, sizeof(text), err) < 0)
        return -1;
    return num_parse_i64(str_of(text), out) ? 0
                                            : err_set(err, ERR_STORE, "'%s' is no number", text);
}

static int run_from(struct pg_db *db, size_t version, struct err *err)
{
    char sql[128];
    for (size_t v = version; v < ARRAY_LEN(pg_schema_sql); v++) {
        snprintf(sql, sizeof(sql), "INSERT INTO schema_versions VALUES (%zu, %lld)", v + 1,
                 (long long)time_now_ms());
        if (pg_exec(db, pg_schema_sql[v], err) < 0)
            return err_wrap(err, "schema %zu", v + 1);
        if (pg_exec(db, sql, err) < 0)
            return -1;
    }
    return 0;
}

static int read_version(struct pg_db *db, int64_t *version, struct err *err)
{
    int64_t exists;
    if (number(db, "SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_versions')::oid",
               &exists, err) < 0)
        return -1;
    *version = 0;
    if (exists == 0)
        return 0;
    return number(db, "SELECT coalesce(max(version), 0) FROM schema_versions", version, err);
}

static int check_version(int64_t version, struct err *err)
{
    if (version <= (int64_t)ARRAY_LEN(pg_schema_sql))
        return 0;
    return err_set(
        err, ERR_STORE,
        "the database has schema version %lld, this program knows %zu; use a newer longshore",
        (long long)version, ARRAY_LEN(pg_schema_sql));
}

static int migrate(struct pg_db *db, int64_t *before, struct err *err)
{
    if (pg_exec(db,
                "SELECT pg_advisory_xact_lock(" LOCK_MIGRATE ");"
                "CREATE TABLE IF NOT EXISTS schema_versions"
                " (version bigint PRIMARY KEY, applied_ms bigint NOT NULL)",
                err) < 0 ||
        read_version(db, before, err) < 0 || check_version(*before, err) < 0)
        return -1;
    return run_from(db, (size_t)*before, err);
}

/* What would not work, or not as it must. */
static int check_server(struct pg_db *db, struct err *err)
{
    char encoding[32];
    if (PQserverVersion(db->conn) < 130000)
        return err_set(err, ERR_STORE,
                       "the database server is PostgreSQL %d; 13 or newer is needed",
                       PQserverVersion(db->conn) / 10000);
    if (pg_query_text(db, "SHOW server_encoding", encoding, sizeof(encoding), err) < 0)
        return -1;
    if (strcmp(encoding, "UTF8") != 0)
        return err_set(err, ERR_STORE,
                       "the database has the encoding %s; make one with ENCODING 'UTF8'", encoding);
    return 0;
}

int pg_schema_migrate(struct pg_db *db, struct store_base *out, struct err *err)
{
    if (check_server(db, err) < 0 || read_version(db, &out->schema_before, err) < 0 ||
        check_version(out->schema_before, err) < 0)
        return -1;
    out->schema = ARRAY_LEN(pg_schema_sql);
    if (out->schema_before == out->schema)
        return 0;
    if (pg_begin(db, err) < 0)
        return -1;
    if (migrate(db, &out->schema_before, err) < 0) {
        pg_rollback(db);
        return -1;
    }
    const int rc = pg_exec(db, "COMMIT", err);
    db->in_tx = false;
    return rc;
}

/* ---- poolers ---- */

/*
 * Behind a transaction pooler a session is not ours: prepared statements, settings and locks land
 * in the sessions of others. It shows when one connection is in a transaction: either it has the
 * very session that another of ours was told, or that one is given another session now.
 */
int pg_refuse_pooler(struct pg_store *s, struct pg_db *db, struct err *err)
{
    static const char ask[] = "SELECT pg_backend_pid()";
    char before[32], other[32] = "", after[32] = "";
    struct pg_db second;
    pg_db_init(&second, s, 0);
    int rc = pg_query_text(db, ask, before, sizeof(before), err);
    if (rc == 0)
        rc = pg_db_connect(&second, err);
    if (rc == 0)
        rc = pg_exec(&second, "BEGIN", err);
    if (rc == 0)
        rc = pg_query_text(&second, ask, other, sizeof(other), err);
    if (rc == 0 && strcmp(before, other) != 0)
        rc = pg_query_text(db, ask, after, sizeof(after), err);
    pg_db_release(&second);
    if (rc < 0)
        return -1;
    if (strcmp(before, other) == 0 || strcmp(before, after) != 0)
        return err_set(err, ERR_STORE,
                       "the URL leads to a transaction pooler, which would mix our sessions with "
                       "those of others; connect directly, or let it pool sessions");
    return 0;
}
