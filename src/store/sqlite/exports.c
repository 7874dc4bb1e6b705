/* SPDX-License-Identifier: MIT */
/* exports.c - the exports table. */
#include "store/sqlite/sqlite_priv.h"

int sqlite_tx_export_insert(struct store_tx *tx, int64_t project_id, struct stored_export *e,
                            struct err *err)
{
    (void)tx;
    (void)project_id;
    (void)e;
    return err_set(err, ERR_INTERNAL, "not there yet");
}

int sqlite_tx_export_erase(struct store_tx *tx, int64_t project_id, int64_t key, bool *found,
                           struct err *err)
{
    (void)tx;
    (void)project_id;
    (void)key;
    (void)found;
    return err_set(err, ERR_INTERNAL, "not there yet");
}

int sqlite_find_export(struct store *s, struct arena *a, int64_t project_id, int64_t key,
                       struct stored_export **out, struct err *err)
{
    (void)s;
    (void)a;
    (void)project_id;
    (void)key;
    (void)out;
    return err_set(err, ERR_INTERNAL, "not there yet");
}

int sqlite_list_exports(struct store *s, struct arena *a, int64_t project_id, int64_t offset,
                        bool newest_first, size_t limit, struct stored_export **out, size_t *n,
                        int64_t *total, struct err *err)
{
    (void)s;
    (void)a;
    (void)project_id;
    (void)offset;
    (void)newest_first;
    (void)limit;
    (void)out;
    (void)n;
    (void)total;
    return err_set(err, ERR_INTERNAL, "not there yet");
}
