/* SPDX-License-Identifier: MIT */
/*
 * schema.c - schema versions. PRAGMA user_version is the number of migrations that have run; each
 * runs in a transaction of its own, so an interrupted one has not happened.
 */
#include <sodium.h>
#include <stdio.h>

#include "schema_sql.h" /* schema_sql[]: the files of schema/, in order */
#include "store/sqlite/sqlite_priv.h"

static int apply(struct db *db, size_t version, struct err *err)
{
    char set_version[64];
    snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %zu", version + 1);
    if (db_exec(db, schema_sql[version], err) < 0)
        return err_wrap(err, "schema %zu", version + 1);
    return db_exec(db, set_version, err);
}

static int migrate_in_transaction(struct db *db, struct err *err)
{
    int64_t version = 0;
    if (db_pragma(db, "PRAGMA user_version", &version, err) <
        0) /* again: another process may have been faster */
        return -1;
    if (version > (int64_t)ARRAY_LEN(schema_sql))
        return err_set(
            err, ERR_STORE,
            "the database has schema version %lld, this program knows %zu; use a newer longshore",
            (long long)version, ARRAY_LEN(schema_sql));
    for (size_t v = (size_t)version; v < ARRAY_LEN(schema_sql); v++) {
        if (apply(db, v, err) < 0)
            return -1;
    }
    return 0;
}

int schema_migrate(struct db *db, struct err *err)
{
    int64_t version = 0;
    if (db_pragma(db, "PRAGMA user_version", &version, err) < 0)
        return -1;
    if (version == (int64_t)ARRAY_LEN(schema_sql))
        return 0;
    if (db_run_plain(db, STATEMENT_BEGIN, err) < 0)
        return -1;
    if (migrate_in_transaction(db, err) < 0) {
        struct err ignored;
        (void)!db_run_plain(db, STATEMENT_ROLLBACK, &ignored);
        return -1;
    }
    return db_run_plain(db, STATEMENT_COMMIT, err);
}

/* Made once; two processes that open a new file at the same time agree on the first one's. */
int schema_read_secret(struct db *db, struct id_secret *out, struct err *err)
{
    sqlite3_stmt *put = NULL, *get = NULL;
    int rc = sqlite3_prepare_v2(db->handle, "INSERT OR IGNORE INTO meta VALUES ('id_secret', ?1)",
                                -1, &put, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db->handle, "SELECT value FROM meta WHERE name = 'id_secret'", -1,
                                &get, NULL);
    int result = -1;
    if (rc != SQLITE_OK) {
        db_error(db, rc, "cannot read the id secret", err);
        goto out;
    }
    int got = db_step(db, get, err);
    if (got == 0) {
        struct id_secret fresh;
        randombytes_buf(fresh.key, sizeof(fresh.key));
        sqlite3_bind_blob(put, 1, fresh.key, sizeof(fresh.key), SQLITE_TRANSIENT);
        sqlite3_reset(get);
        got = db_run(db, put, err) < 0 ? -1 : db_step(db, get, err);
    }
    if (got < 0)
        goto out;
    if (got == 0 || sqlite3_column_bytes(get, 0) != ID_SECRET_BYTES) {
        err_set(err, ERR_STORE, "the database holds no usable id secret");
        goto out;
    }
    memcpy(out->key, sqlite3_column_blob(get, 0), ID_SECRET_BYTES);
    result = 0;
out:
    sqlite3_finalize(put);
    sqlite3_finalize(get);
    return result;
}
