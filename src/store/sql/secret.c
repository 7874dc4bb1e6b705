/* SPDX-License-Identifier: MIT */
/* secret.c - what public ids are made with. */
#include <sodium.h>

#include "store/sql/sql_priv.h"

/* Made once; two processes that open a new store at the same time agree on the first one's. */
int sql_read_secret(struct db *db, struct id_secret *out, struct err *err)
{
    struct id_secret fresh;
    randombytes_buf(fresh.key, sizeof(fresh.key));
    struct stmt *put = db_statement(db, STATEMENT_SECRET_PUT, err);
    struct stmt *get = db_statement(db, STATEMENT_SECRET_GET, err);
    if (put == NULL || get == NULL)
        return -1;
    bind_blob(put, 1, fresh.key, sizeof(fresh.key));
    int got = db_step(db, get, err);
    if (got == 0) {
        stmt_reset(get);
        got = db_run(db, put, err) < 0 ? -1 : db_step(db, get, err);
    }
    if (got < 0)
        return -1;
    const struct str secret = got > 0 ? column_blob(get, 0) : (struct str){ 0 };
    const bool usable = secret.len == ID_SECRET_BYTES;
    if (usable)
        memcpy(out->key, secret.p, ID_SECRET_BYTES);
    stmt_reset(get);
    return usable ? 0 : err_set(err, ERR_STORE, "the database holds no usable id secret");
}
