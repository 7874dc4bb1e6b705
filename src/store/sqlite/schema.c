/* SPDX-License-Identifier: MIT */
/*
 * schema.c - schema versions. PRAGMA user_version is the number of migrations that have run; each
 * runs in a transaction of its own, so an interrupted one has not happened.
 */
#include <stdio.h>

#include "schema_sql.h" /* schema_sql[]: the files of schema/, in order */
#include "store/sqlite/sqlite_priv.h"

static int apply(struct sqlite_db *db, size_t version, struct err *err)
{
    char set_version[64];
    snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %zu", version + 1);
    if (db_exec(db, schema_sql[version], err) < 0)
        return err_wrap(err, "schema %zu", version + 1);
    return db_exec(db, set_version, err);
}

static int migrate_in_transaction(struct sqlite_db *db, int64_t *before, struct err *err)
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
    *before = version;
    for (size_t v = (size_t)version; v < ARRAY_LEN(schema_sql); v++) {
        if (apply(db, v, err) < 0)
            return -1;
    }
    return 0;
}

int schema_migrate(struct sqlite_db *db, struct store_base *out, struct err *err)
{
    int64_t version = 0;
    if (db_pragma(db, "PRAGMA user_version", &version, err) < 0)
        return -1;
    out->schema = ARRAY_LEN(schema_sql);
    out->schema_before = version;
    if (version == out->schema)
        return 0;
    if (db_run_plain(&db->base, STATEMENT_BEGIN, err) < 0)
        return -1;
    if (migrate_in_transaction(db, &out->schema_before, err) < 0) {
        struct err ignored;
        (void)!db_run_plain(&db->base, STATEMENT_ROLLBACK, &ignored);
        return -1;
    }
    return db_run_plain(&db->base, STATEMENT_COMMIT, err);
}
