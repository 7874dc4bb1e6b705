/* SPDX-License-Identifier: MIT */
/*
 * metadata_update.c - bulk and metadata updates: one statement a row.
 *
 * Most rows of such an action need nothing but "merge these keys". Reading the row into C and
 * writing all of it back costs two searches and twice the columns; so SQLite does it with two
 * functions of ours. merges_metadata(), in the WHERE, looks at the row, merges aside, and says
 * whether it has to be written; merged_metadata() is what then is. json_patch would be no good: it
 * removes keys whose new value is null and merges nested objects, while the API stores null and
 * replaces whole keys.
 *
 * The vouchers of a campaign that get new terms are written by sets (sql/members.c), for which
 * renewed_metadata() does the same to one row.
 *
 * A row that a later request has written, that has notes for others, or that is in the bin goes the
 * general way.
 */
#include "domain/metadata.h"
#include "store/sqlite/sqlite_priv.h"

static struct str value_str(sqlite3_value *v)
{
    const char *text = (const char *)sqlite3_value_text(v);
    return (struct str){ text, text != NULL ? (size_t)sqlite3_value_bytes(v) : 0 };
}

static int merge(struct merging *m, sqlite3_value **row)
{
    struct str text = value_str(row[0]), reason;
    bool changed;
    if (text.p == NULL && sqlite3_value_type(row[0]) != SQLITE_NULL) {
        err_nomem(&m->err);
        return MERGING_FAILED;
    }
    if (sqlite3_value_int64(row[1]) > m->seq || sqlite3_value_type(row[2]) != SQLITE_NULL ||
        sqlite3_value_type(row[3]) != SQLITE_NULL)
        return MERGING_OTHERWISE;
    const int rc =
        voucher_merge_metadata(&text, m->change->metadata, m->arena, &changed, &reason, &m->err);
    if (rc != 0)
        return rc < 0 ? MERGING_FAILED : MERGING_TOO_LARGE;
    m->text = text;
    return changed ? MERGING_UPDATED : MERGING_UNCHANGED;
}

static void merges_metadata(sqlite3_context *context, int n, sqlite3_value **row)
{
    struct merging *m = sqlite3_user_data(context);
    (void)n;
    m->result = merge(m, row);
    sqlite3_result_int(context, m->result == MERGING_UPDATED);
}

static void merged_metadata(sqlite3_context *context, int n, sqlite3_value **none)
{
    const struct merging *m = sqlite3_user_data(context);
    (void)n;
    (void)none;
    sqlite3_result_text64(context, m->text.p, m->text.len, SQLITE_STATIC, SQLITE_UTF8);
}

/* renewed_metadata(TEXT, GIVEN, UNSET): voucher_renew_metadata(). NULL: none is left. */
static void renewed_metadata(sqlite3_context *context, int n, sqlite3_value **args)
{
    struct sqlite_store *s = sqlite3_user_data(context);
    struct str text = value_str(args[0]);
    struct err err = { 0 };
    (void)n;
    arena_reset(&s->scratch);
    if (text.p == NULL && sqlite3_value_type(args[0]) != SQLITE_NULL) {
        sqlite3_result_error_nomem(context);
        return;
    }
    if (voucher_renew_metadata(&text, value_str(args[1]), value_str(args[2]), &s->scratch, &err) <
        0) {
        if (err.code == ERR_NOMEM)
            sqlite3_result_error_nomem(context);
        else
            sqlite3_result_error(context, err.msg, -1);
        return;
    }
    if (text.len == 0)
        sqlite3_result_null(context);
    else
        sqlite3_result_text64(context, text.p, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* has_key(TEXT, KEY): does the object have the member? */
static void has_key(sqlite3_context *context, int n, sqlite3_value **args)
{
    (void)n;
    sqlite3_result_int(context, metadata_has_key(value_str(args[0]), value_str(args[1])));
}

/* without_key(TEXT, KEY): the object without that member. NULL: it has no other. */
static void without_key(sqlite3_context *context, int n, sqlite3_value **args)
{
    struct sqlite_store *s = sqlite3_user_data(context);
    struct str text = value_str(args[0]);
    struct err err = { 0 };
    (void)n;
    arena_reset(&s->scratch);
    if (metadata_remove_key(&text, value_str(args[1]), &s->scratch, &err) < 0)
        sqlite3_result_error(context, err.msg, -1);
    else if (text.len == 0)
        sqlite3_result_null(context);
    else
        sqlite3_result_text64(context, text.p, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

int metadata_functions_add(struct sqlite_store *s, struct err *err)
{
    sqlite3 *h = s->writer.handle;
    const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
    int rc = sqlite3_create_function(h, "merges_metadata", 4, flags, &s->merging, merges_metadata,
                                     NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(h, "merged_metadata", 0, flags, &s->merging, merged_metadata,
                                     NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(h, "renewed_metadata", 3, flags, s, renewed_metadata, NULL,
                                     NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(h, "has_key", 2, flags, s, has_key, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function(h, "without_key", 2, flags, s, without_key, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_error(&s->writer, rc, "cannot add the SQL functions", err);
}

static struct sqlite_store *store_of(const struct voucher_applier *ap)
{
    return (struct sqlite_store *)(void *)ap->tx->store;
}

static int run(struct voucher_applier *ap, const struct voucher *v, struct err *err)
{
    struct merging *m = &store_of(ap)->merging;
    struct stmt *st = db_own_statement(sqlite_db_of(ap->db), SQLITE_MERGE_METADATA_STATEMENT, err);
    if (st == NULL)
        return -1;
    arena_reset(ap->arena);
    *m = (struct merging){ .change = v, .arena = ap->arena, .seq = ap->seq };
    bind_int(st, 1, ap->project_id);
    bind_str(st, 2, v->code);
    bind_int(st, 3, ap->seq);
    bind_int(st, 4, ap->now_ms);
    if (db_run(ap->db, st, err) < 0)
        return -1;
    if (m->result == MERGING_FAILED)
        *err = m->err;
    return m->result == MERGING_FAILED ? -1 : 0;
}

int metadata_update(struct voucher_applier *ap, const struct voucher *v, struct applied *out,
                    struct err *err)
{
    if (v->set != (VF_CODE | VF_METADATA))
        return 0;
    if (run(ap, v, err) < 0)
        return -1;
    switch (store_of(ap)->merging.result) {
    case MERGING_UPDATED:
        out->outcome = OUTCOME_UPDATED;
        return 1;
    case MERGING_UNCHANGED:
        out->outcome = OUTCOME_UNCHANGED;
        return 1;
    default: /* not found and too large as well: the general way has the words */
        return 0;
    }
}
