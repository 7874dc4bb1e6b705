/* SPDX-License-Identifier: MIT */
/*
 * db.c - a connection: opening, statements, values, errors. The fault point of the store is
 * drive_step.
 *
 * Everything goes in binary: texts need no end then, and blobs and numbers no printing. A statement
 * of the shared table is prepared on the server when it is first used, with the types of what is
 * bound; a text that names no type for a parameter leaves it to the server.
 */
#include <assert.h>
#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/time_iso.h"
#include "store/postgres/pg_priv.h"
#include "store/sql/filter_sql.h"

#define CURSOR_ROWS "64" /* of up to 300 KB: a fetch must stay small */

/* Statements that are not the same as on SQLite. */
#define NEW_VOUCHER_PG                                                                             \
    "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "           \
    "?20::text::jsonb, ?21, NULL, ?23, ?24, 0, NULL, ?27"

/* First all places, then the writing: a scan of the index would meet the entries of what it has
 * written. One that somebody changes in between is left: it is a later one's then. */
#define STEP_PLACES(where) "ctid = ANY(ARRAY(SELECT ctid FROM vouchers WHERE " where "))"

#define RENEWED_METADATA                                                                           \
    "nullif((coalesce(metadata, '{}') || (SELECT ?22::text::jsonb)) - (SELECT "                    \
    "coalesce(array_agg(k), '{}') FROM jsonb_object_keys(?23::text::jsonb) k), '{}')"

#define PG_HAS_KEY     "jsonb_exists(metadata, ?3::text)"
#define PG_WITHOUT_KEY "nullif(metadata - ?3::text, '{}')"

static const char *const pg_texts[STATEMENT_COUNT] = {
    [STATEMENT_MEMBERS_RENEW] = RENEW_STEP(
        "CASE WHEN metadata IS NULL OR (pg_column_size(metadata) < 1000 AND "
        "octet_length(?22::text) < 65536) OR octet_length((metadata || (SELECT "
        "?22::text::jsonb))::text) <= 262144 THEN " RENEWED_METADATA " ELSE metadata END",
        STEP_PLACES(STEP_FRESH " AND version <= ?4")),
    [STATEMENT_MEMBERS_TO_BIN] =
        ("UPDATE vouchers SET binned_ms = ?4, version = ?5, recent = NULL WHERE " STEP_PLACES(
            STEP_VOUCHERS " AND binned_ms IS NULL")),
    /* Nobody else changes one between the counting and the writing. */
    [STATEMENT_MEMBERS_CATEGORIES] =
        ("SELECT category_id, category, count(*) FROM (SELECT category_id, category FROM vouchers "
         "WHERE " STEP_VOUCHERS " AND binned_ms IS NULL AND (?4 = 0 OR (" FRESH
         " AND version <= ?4)) FOR UPDATE) v GROUP BY category_id, category"),
    [STATEMENT_TOTAL_ADD] =
        ("INSERT INTO totals VALUES (?1, ?2, current_setting('longshore.slot')::bigint, ?3) "
         "ON CONFLICT (project_id, resource, slot) DO UPDATE SET n = totals.n + excluded.n"),
    [STATEMENT_CATEGORY_SIZE] = ("SELECT count(*), sum(octet_length(name)) FROM categories "
                                 "WHERE id > ?1 AND id < ?2 AND id <> ?3"),
    [STATEMENT_PRODUCT_INSERT] = PRODUCT_INSERT_SQL("?5::text::jsonb"),
    [STATEMENT_PRODUCT_UPDATE] = PRODUCT_UPDATE_SQL("?5::text::jsonb"),
    [STATEMENT_SKU_INSERT] = SKU_INSERT_SQL("?5::text::jsonb"),
    [STATEMENT_SKU_UPDATE] = SKU_UPDATE_SQL("?5::text::jsonb"),
    [STATEMENT_PRODUCTS_PURGE_KEY] =
        PURGE_KEY("products", PG_WITHOUT_KEY, KEY_LIVE " AND " PG_HAS_KEY),
    [STATEMENT_PRODUCTS_WITH_KEY] = WITH_KEY("products", "count(*)", KEY_LIVE " AND " PG_HAS_KEY),
    [STATEMENT_PRODUCTS_KEY_LATER] =
        WITH_KEY("products", PRODUCT_COLUMNS, KEY_LIVE " AND " PG_HAS_KEY) " AND version > ?4",
    [STATEMENT_SKUS_PURGE_KEY] = PURGE_KEY("skus", PG_WITHOUT_KEY, KEY_LIVE " AND " PG_HAS_KEY),
    [STATEMENT_SKUS_WITH_KEY] = WITH_KEY("skus", "count(*)", KEY_LIVE " AND " PG_HAS_KEY),
    [STATEMENT_SKUS_KEY_LATER] =
        WITH_KEY("skus", SKU_COLUMNS, KEY_LIVE " AND " PG_HAS_KEY) " AND version > ?4",
    [STATEMENT_ORDER_INSERT] = ORDER_INSERT_SQL("?5::text::jsonb"),
    [STATEMENT_ORDER_UPDATE] = ORDER_UPDATE_SQL("?5::text::jsonb"),
    [STATEMENT_ORDERS_PURGE_KEY] = PURGE_KEY("orders", PG_WITHOUT_KEY, PG_HAS_KEY),
    [STATEMENT_ORDERS_WITH_KEY] = WITH_KEY("orders", "count(*)", PG_HAS_KEY),
    [STATEMENT_ORDERS_KEY_LATER] =
        WITH_KEY("orders", ORDER_COLUMNS, PG_HAS_KEY) " AND version > ?4",
    [STATEMENT_METADATA_SCHEMA_SIZE] = ("SELECT count(*), sum(octet_length(properties)) FROM "
                                        "metadata_schemas WHERE project_id = ?1"),
    [STATEMENT_CUSTOMER_INSERT] = CUSTOMER_INSERT_SQL("?5::text::jsonb"),
    [STATEMENT_CUSTOMER_UPDATE] = CUSTOMER_UPDATE_SQL("?5::text::jsonb"),
    [STATEMENT_VOUCHERS_PURGE_KEY] =
        PURGE_KEY("vouchers", PG_WITHOUT_KEY, KEY_LIVE " AND " PG_HAS_KEY),
    [STATEMENT_CUSTOMERS_PURGE_KEY] = PURGE_KEY("customers", PG_WITHOUT_KEY, PG_HAS_KEY),
    [STATEMENT_VOUCHERS_WITH_KEY] = WITH_KEY("vouchers", "count(*)", KEY_LIVE " AND " PG_HAS_KEY),
    [STATEMENT_CUSTOMERS_WITH_KEY] = WITH_KEY("customers", "count(*)", PG_HAS_KEY),
    [STATEMENT_VOUCHERS_KEY_LATER] =
        WITH_KEY("vouchers", VOUCHER_READ_COLUMNS, KEY_LIVE " AND " PG_HAS_KEY) " AND version > ?4",
    [STATEMENT_CUSTOMERS_KEY_LATER] =
        WITH_KEY("customers", CUSTOMER_COLUMNS, PG_HAS_KEY) " AND version > ?4",
    [STATEMENT_VOUCHER_INSERT] = ("INSERT INTO vouchers (" VOUCHER_COLUMNS
                                  ") VALUES (?1, " NEW_VOUCHER_PG ") ON CONFLICT DO NOTHING"),
    [STATEMENT_VOUCHER_UPDATE] =
        ("UPDATE vouchers SET version = ?4, effect = ?8, active = ?9, value = ?10, start_ms = ?11, "
         "expiration_ms = ?12, quantity = ?13, redeemed_quantity = ?14, redeemed_amount = ?15, "
         "category = ?16, additional_info = ?17, rule = ?18, discount_extra = ?19, "
         "metadata = ?20::text::jsonb, updated_ms = ?22, category_id = ?23, validity = ?24, "
         "recent = ?27 WHERE id = ?1"),
    [STATEMENT_VOUCHER_STAMP] = ("UPDATE vouchers SET version = ?4, recent = ?27 WHERE id = ?1"),
    [STATEMENT_DRY_PUT] =
        ("INSERT INTO dry_vouchers (action_seq, " VOUCHER_COLUMNS
         ") VALUES (?28, ?1, " NEW_VOUCHER_PG
         ") ON CONFLICT (action_seq, code) DO UPDATE SET id = excluded.id, "
         "version = excluded.version, type = excluded.type, discount_type = "
         "excluded.discount_type, "
         "effect = excluded.effect, active = excluded.active, value = excluded.value, "
         "start_ms = excluded.start_ms, expiration_ms = excluded.expiration_ms, "
         "quantity = excluded.quantity, redeemed_quantity = excluded.redeemed_quantity, "
         "redeemed_amount = excluded.redeemed_amount, category = excluded.category, "
         "additional_info = excluded.additional_info, rule = excluded.rule, "
         "discount_extra = excluded.discount_extra, metadata = excluded.metadata, "
         "created_ms = excluded.created_ms, updated_ms = excluded.updated_ms, "
         "category_id = excluded.category_id, validity = excluded.validity, "
         "recent = excluded.recent"),
    [STATEMENT_SEQUENCE_GET] =
        ("SELECT next FROM sequences WHERE project_id = ?1 AND name = ?2 FOR UPDATE"),
    [STATEMENT_ACTION_CLAIM] =
        ("UPDATE actions SET status = 1, lease_epoch = lease_epoch + 1, "
         "lease_owner = current_setting('longshore.node'), "
         "lease_until = clock_timestamp() + interval '15 s', "
         "updated_ms = greatest(updated_ms, ?2) WHERE seq = ?1 AND status < 2 AND "
         "(lease_owner IS NULL OR lease_owner = current_setting('longshore.node') OR "
         "lease_until < clock_timestamp())"),
    [STATEMENT_ACTION_CHECKPOINT] =
        ("UPDATE actions SET status = ?3, updated_ms = greatest(updated_ms, ?4), progress = ?5, "
         "chunk_start = ?6, chunk_end = ?7, chunk_row = ?8, chunk_no = ?9, chunk_rows = ?10, "
         "slice_done = ?11, created = created + ?12, updated = updated + ?13, "
         "unchanged = unchanged + ?14, superseded = superseded + ?15, failed = failed + ?16, "
         "message = ?17, lease_until = clock_timestamp() + interval '15 s' "
         "WHERE seq = ?1 AND lease_epoch = ?2 AND status < 2"),
};

/* What a writer reads to change it, nobody else may change meanwhile. */
static const struct {
    enum statement which;
    const char *lock;
} locking[] = {
    { STATEMENT_VOUCHER_BY_CODE, " FOR UPDATE" },
    { STATEMENT_VOUCHER_BY_KEY, " FOR UPDATE" },
    { STATEMENT_ACTION_BY_SEQ, " FOR UPDATE" },
    { STATEMENT_PROJECT_DELETED, " FOR KEY SHARE" },
    { STATEMENT_PROJECT_PURGEABLE, " FOR UPDATE" },
    { STATEMENT_BIN_BY_KEY, " FOR UPDATE" },
    { STATEMENT_VOUCHERS_TO_PUBLISH, " FOR UPDATE" },
    { STATEMENT_PRODUCT_BY_KEY, " FOR UPDATE" },
    { STATEMENT_PRODUCT_BY_SOURCE, " FOR UPDATE" },
    { STATEMENT_SKU_BY_KEY, " FOR UPDATE" },
    { STATEMENT_SKU_BY_SOURCE, " FOR UPDATE" },
    { STATEMENT_ORDER_BY_KEY, " FOR UPDATE" },
    { STATEMENT_ORDER_BY_SOURCE, " FOR UPDATE" },
    { STATEMENT_CUSTOMER_BY_KEY, " FOR UPDATE" },
    { STATEMENT_CUSTOMER_BY_SOURCE, " FOR UPDATE" },
    { STATEMENT_METADATA_SCHEMA_BY_KEY, " FOR UPDATE" },
    { STATEMENT_METADATA_SCHEMA_BY_OBJECT, " FOR UPDATE" },
    { STATEMENT_VOUCHER_HELD, " FOR UPDATE" },
    { STATEMENT_VOUCHER_GENERIC, " FOR UPDATE" },
    { STATEMENT_VOUCHERS_ENDLESS, " FOR UPDATE" },
    { STATEMENT_CAMPAIGN_LOCK, " FOR UPDATE" },
};

/* ---- errors ---- */

static bool is_state(const char *state, const char *const *states, size_t n)
{
    for (size_t i = 0; state != NULL && i < n; i++) {
        if (strncmp(state, states[i], strlen(states[i])) == 0)
            return true;
    }
    return false;
}

int pg_error(struct pg_db *db, const PGresult *r, const char *what, struct err *err)
{
    static const char *const agains[] = { "40001", "40P01" };
    static const char *const gone[] = { "57P", "08", "25006" };
    static const struct {
        const char *state;
        enum err_code code;
    } codes[] = { { "53100", ERR_DISK_FULL }, { "53200", ERR_NOMEM },     { "53300", ERR_BUSY },
                  { "57014", ERR_TOO_SLOW },  { "23505", ERR_DUPLICATE }, { "55P03", ERR_BUSY } };
    const char *state = r != NULL ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    const char *text = r != NULL ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    enum err_code code = ERR_STORE;
    if (text == NULL)
        text = db->conn != NULL ? PQerrorMessage(db->conn) : "out of memory";
    for (size_t i = 0; state != NULL && i < ARRAY_LEN(codes); i++) {
        if (strcmp(state, codes[i].state) == 0)
            code = codes[i].code;
    }
    db->bad_text = state != NULL && strcmp(state, "22021") == 0;
    db->again = is_state(state, agains, ARRAY_LEN(agains));
    db->lost = db->conn == NULL || PQstatus(db->conn) != CONNECTION_OK ||
               is_state(state, gone, ARRAY_LEN(gone));
    if (db->again || db->lost)
        code = ERR_BUSY;
    return err_set(err, code, "%s: %.*s (SQLSTATE %s)", what, (int)strcspn(text, "\n"), text,
                   state != NULL ? state : "none");
}

int pg_send_error(struct pg_db *db, const char *what, struct err *err)
{
    pg_error(db, NULL, what, err);
    db->lost = true;
    err->code = ERR_BUSY;
    return -1;
}

/* ---- connecting ---- */

void pg_db_init(struct pg_db *db, const struct pg_store *s, int slot)
{
    *db = (struct pg_db){ .base.driver = &pg_driver, .store = s, .slot = slot };
}

static void forget_rows(struct pg_stmt *st)
{
    PQclear(st->rows);
    st->rows = NULL;
    st->at = st->n_rows = 0;
    st->open = false;
}

void pg_db_disconnect(struct pg_db *db)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        db->statements[i].prepared = false;
        forget_rows(&db->statements[i]);
    }
    forget_rows(&db->dynamic);
    PQfinish(db->conn);
    db->conn = NULL;
    db->in_tx = db->wants_savepoint = db->has_savepoint = false;
}

static void stmt_release(struct pg_stmt *st)
{
    forget_rows(st);
    mem_free(st->text);
    mem_free(st->params);
    mem_free(st->owned);
    *st = (struct pg_stmt){ 0 };
}

void pg_db_release(struct pg_db *db)
{
    if (db->base.driver == NULL)
        return;
    pg_db_disconnect(db);
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        stmt_release(&db->statements[i]);
    stmt_release(&db->dynamic);
}

static void ignore_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

/* Of a connection of slices. A temporary table has no statistics: whatever it holds, its rows lead
 * to those of the table by their place. And thousands of codes lead there by the index, also when
 * the table was empty as the plan was made: one plan for all slices, as making one for thousands of
 * codes takes as long as finding them. */
static const char plans_of_slices[] =
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; "
    "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;";

/* What every session of ours relies on, whatever the server's defaults are. */
static int configure(struct pg_db *db, struct err *err)
{
    char sql[1024];
    snprintf(sql, sizeof(sql),
             "SET client_encoding = 'UTF8';"
             "SET TimeZone = 'UTC';"
             "SET standard_conforming_strings = on;"
             "SET client_min_messages = warning;"
             "SET synchronous_commit = %s;" /* 202 means durable */
             "SET statement_timeout = 0; SET lock_timeout = 0;"
             "SET idle_in_transaction_session_timeout = 0;"
             "SET default_transaction_isolation = 'read committed';"
             "SET jit = off;" /* worth it for reports, not for us: it costs 50 ms a statement */
             "%s SET longshore.slot = '%d'; SET longshore.node = '%s'",
             db->async ? "off" : "on", db->for_slices ? plans_of_slices : "", db->slot,
             db->store->node);
    return pg_exec(db, sql, err);
}

int pg_db_connect(struct pg_db *db, struct err *err)
{
    /* What stands behind dbname overrides what the URL says, what stands before it does not. */
    const char *const names[] = { "connect_timeout", "fallback_application_name", "dbname",
                                  "target_session_attrs", NULL };
    const char *const values[] = { "10", "longshore", db->store->url, "read-write", NULL };
    if (db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK && !db->lost)
        return 0;
    pg_db_disconnect(db);
    db->conn = PQconnectdbParams(names, values, 1);
    if (db->conn == NULL || PQstatus(db->conn) != CONNECTION_OK) {
        pg_error(db, NULL, "cannot connect to the database", err);
        err->code = ERR_BUSY;
        db->lost = true;
        return -1;
    }
    db->lost = db->again = false;
    db->generation++;
    PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
    if (configure(db, err) < 0) {
        db->lost = true; /* as it is, nobody may use it */
        return -1;
    }
    db->pid = PQbackendPID(db->conn);
    return pg_query_text(db,
                         "SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()",
                         db->start, sizeof(db->start), err);
}

void pg_db_look(struct pg_db *db)
{
    if (db->conn == NULL)
        return;
    struct pollfd fd = { .fd = PQsocket(db->conn), .events = POLLIN };
    /* A server that goes says so first: its end comes behind that. */
    while (PQstatus(db->conn) == CONNECTION_OK && poll(&fd, 1, 0) > 0 &&
           PQconsumeInput(db->conn) == 1)
        ;
    if (PQstatus(db->conn) != CONNECTION_OK)
        pg_db_disconnect(db);
}

int pg_exec(struct pg_db *db, const char *sql, struct err *err)
{
    if (db->conn == NULL)
        return pg_error(db, NULL, "not connected to the database", err);
    PGresult *r = PQexec(db->conn, sql);
    const ExecStatusType status = PQresultStatus(r);
    const bool fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    db->changes = 0;
    if (!fine)
        pg_error(db, r, "cannot run a command", err);
    else
        (void)num_parse_i64(str_of(PQcmdTuples(r)), &db->changes);
    PQclear(r);
    return fine ? 0 : -1;
}

int pg_query_text(struct pg_db *db, const char *sql, char *out, size_t n, struct err *err)
{
    if (db->conn == NULL)
        return pg_error(db, NULL, "not connected to the database", err);
    PGresult *r = PQexec(db->conn, sql);
    const bool fine = PQresultStatus(r) == PGRES_TUPLES_OK;
    if (!fine)
        pg_error(db, r, "cannot ask the database", err);
    else
        snprintf(out, n, "%s", PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return fine ? 0 : -1;
}

/* ---- texts ---- */

/* `?7` becomes `$7`, the n-th `?` without a number `$n`. */
static char *translate(const char *sql, const char *behind)
{
    struct buf b;
    int nth = 0;
    buf_init(&b, 2 * MIB);
    for (const char *p = sql; *p != '\0'; p++) {
        if (*p != '?')
            buf_putc(&b, *p);
        else if (p[1] >= '0' && p[1] <= '9')
            buf_putc(&b, '$');
        else
            buf_printf(&b, "$%d", ++nth);
    }
    buf_puts(&b, str_of(behind));
    buf_putc(&b, '\0');
    if (b.failed)
        buf_release(&b);
    return b.p;
}

static const char *lock_of(const struct pg_db *db, enum statement which)
{
    for (size_t i = 0; db->locks && i < ARRAY_LEN(locking); i++) {
        if (locking[i].which == which)
            return locking[i].lock;
    }
    return "";
}

static struct pg_stmt *stmt_of(struct stmt *st)
{
    return (struct pg_stmt *)(void *)st;
}

static struct stmt *drive_statement(struct db *base, enum statement which, struct err *err)
{
    struct pg_db *db = pg_db_of(base);
    struct pg_stmt *st = &db->statements[which];
    if (st->text == NULL) {
        const char *sql = pg_texts[which] != NULL ? pg_texts[which] : sql_texts[which];
        st->text = translate(sql, lock_of(db, which));
        if (st->text == NULL) {
            err_nomem(err);
            return NULL;
        }
        st->base.driver = &pg_driver;
        st->db = db;
        snprintf(st->name, sizeof(st->name), "s%d", (int)which);
    }
    forget_rows(st);
    if (st->n_params < 0) /* out of memory while values were bound; now they come again */
        st->n_params = 0;
    return &st->base;
}

static struct stmt *drive_prepare(struct db *base, const char *text, bool streams, struct err *err)
{
    struct pg_db *db = pg_db_of(base);
    struct pg_stmt *st = &db->dynamic;
    assert(st->rows == NULL); /* one at a time */
    mem_free(st->text);
    st->text = translate(text, "");
    if (st->text == NULL) {
        err_nomem(err);
        return NULL;
    }
    st->base.driver = &pg_driver;
    st->db = db;
    st->streams = streams;
    st->n_params = 0;
    return &st->base;
}

/* ---- values in ---- */

/* A parameter that no memory was found for stays unset, and the step says so. */
static struct pg_param *param(struct stmt *base, int at)
{
    static struct pg_param nowhere;
    struct pg_stmt *st = stmt_of(base);
    if (at > st->cap_params) {
        const int cap = at > 30 ? at * 2 : 30;
        struct pg_param *grown = mem_realloc(st->params, (size_t)cap * sizeof(*grown));
        if (grown == NULL) {
            st->n_params = -1;
            return &nowhere;
        }
        memset(grown + st->cap_params, 0, (size_t)(cap - st->cap_params) * sizeof(*grown));
        st->params = grown;
        st->cap_params = cap;
    }
    if (st->n_params >= 0 && at > st->n_params)
        st->n_params = at;
    return &st->params[at - 1];
}

static void put(struct stmt *st, int at, enum pg_type type, const void *p, size_t n, int format)
{
    struct pg_param *to = param(st, at);
    to->p = p;
    to->in_small = p == to->small;
    to->n = (int)n;
    to->format = format;
    to->type = type;
}

static void put_null(struct stmt *st, int at)
{
    struct pg_param *to = param(st, at);
    to->p = NULL;
    to->in_small = false;
    to->n = 0;
    to->format = 1;
}

static void put_int(struct stmt *st, int at, int64_t v)
{
    const uint64_t big = htobe64((uint64_t)v);
    struct pg_param *to = param(st, at);
    memcpy(to->small, &big, sizeof(big));
    put(st, at, PG_INT8, to->small, sizeof(big), 1);
}

static void put_num(struct stmt *st, int at, struct num v)
{
    struct pg_param *to = param(st, at);
    struct buf b;
    buf_init(&b, sizeof(to->small) - 1);
    num_put(&b, v);
    if (b.failed)
        stmt_of(st)->n_params = -1;
    else
        memcpy(to->small, b.p, b.len);
    to->small[b.failed ? 0 : b.len] = '\0';
    buf_release(&b);
    put(st, at, PG_NUMERIC, to->small, strlen(to->small), 0);
}

static void put_text(struct stmt *st, int at, struct str v)
{
    put(st, at, PG_TEXT, v.len > 0 ? v.p : "", v.len, 1);
}

static void put_blob(struct stmt *st, int at, const void *p, size_t n)
{
    put(st, at, PG_BYTEA, n > 0 ? p : "", n, 1);
}

void pg_bind_array(struct stmt *st, int at, struct str array)
{
    put(st, at, PG_ANY, array.p, array.len, 1);
}

/* ---- conditions on JSON: see longshore_matches in the schema ---- */

static const char *op_word(enum filter_op op)
{
    static const char *const words[FILTER_OP_COUNT] = {
        [FILTER_IS] = "is",
        [FILTER_IN] = "is",
        [FILTER_CONTAINS] = "contains",
        [FILTER_STARTS_WITH] = "starts",
        [FILTER_ENDS_WITH] = "ends",
        [FILTER_MORE_THAN] = "more",
        [FILTER_LESS_THAN] = "less",
        [FILTER_MORE_THAN_EQUAL] = "more_equal",
        [FILTER_LESS_THAN_EQUAL] = "less_equal",
        [FILTER_AFTER] = "after",
        [FILTER_BEFORE] = "before",
        [FILTER_HAS_VALUE] = "known",
        [FILTER_IS_UNKNOWN] = "known",
    };
    return words[op] != NULL ? words[op] : "never";
}

static void put_condition(struct stmt *base, int at, const struct filter_condition *c)
{
    struct pg_stmt *st = stmt_of(base);
    struct buf b;
    struct json_out o = { .b = &b };
    enum filter_op op = c->op;
    const bool negates = filter_op_negates(c->op, &op) || c->op == FILTER_IS_UNKNOWN;
    buf_init(&b, 16 * MIB);
    json_object(&o);
    json_key(&o, "key");
    json_str(&o, c->key);
    json_key(&o, "op");
    json_str(&o, str_of(op_word(op)));
    json_key(&o, "not");
    json_bool(&o, negates);
    json_key(&o, "values");
    json_array(&o);
    for (size_t i = 0; i < c->n; i++) {
        json_object(&o);
        json_key(&o, "text");
        json_str(&o, c->values[i].text);
        if (c->values[i].is_number) {
            json_key(&o, "number");
            json_num(&o, c->values[i].number);
        }
        json_key(&o, "time");
        json_int(&o, c->values[i].value);
        json_object_end(&o);
    }
    json_array_end(&o);
    json_object_end(&o);
    if (b.failed) {
        st->n_params = -1;
        buf_release(&b);
        return;
    }
    /* Several conditions share one chain of texts: each begins with a pointer to the one before. */
    char *kept = mem_alloc(sizeof(char *) + b.len);
    if (kept == NULL) {
        st->n_params = -1;
        buf_release(&b);
        return;
    }
    memcpy(kept, &st->owned, sizeof(st->owned));
    memcpy(kept + sizeof(char *), b.p, b.len);
    st->owned = kept;
    put(base, at, PG_TEXT, kept + sizeof(char *), b.len, 1);
    buf_release(&b);
}

static void forget_conditions(struct pg_stmt *st)
{
    while (st->owned != NULL) {
        char *next;
        memcpy(&next, st->owned, sizeof(next));
        mem_free(st->owned);
        st->owned = next;
    }
}

static void put_json_match(struct sql *q, const struct filter_condition *c, const char *expression)
{
    sql_put(q, "longshore_matches((");
    sql_put(q, expression);
    sql_put(q, ")::jsonb, ");
    sql_condition(q, c);
    sql_put(q, "::text::jsonb)");
}

/* ---- running ---- */

/* Of a unit of work the first statement makes its savepoint. */
static int make_savepoint(struct pg_db *db, struct err *err)
{
    if (!db->wants_savepoint)
        return 0;
    const bool had = db->has_savepoint;
    db->wants_savepoint = false;
    if (db->pending != NULL && pg_pending_flush(db, true, err) < 0)
        return -1;
    if (pg_exec(db, had ? "RELEASE work; SAVEPOINT work" : "SAVEPOINT work", err) < 0)
        return -1;
    db->has_savepoint = true;
    return 0;
}

enum { PARAMS_MOST = 65535 };

/* libpq wants its arrays apart. */
struct arrays {
    const char *values[64];
    int lengths[64];
    int formats[64];
    Oid types[64];
};

static bool arrays_fill(struct pg_stmt *st, struct arrays *a, char **more)
{
    const size_t n = (size_t)st->n_params;
    *more = NULL;
    const char **values = a->values;
    int *lengths = a->lengths, *formats = a->formats;
    Oid *types = a->types;
    if (n > ARRAY_LEN(a->values)) {
        *more = mem_alloc(n * (sizeof(*values) + 2 * sizeof(int) + sizeof(Oid)));
        if (*more == NULL)
            return false;
        values = (const char **)(void *)*more;
        lengths = (int *)(void *)(values + n);
        formats = lengths + n;
        types = (Oid *)(void *)(formats + n);
    }
    for (size_t i = 0; i < n; i++) {
        const bool unused = i < 64 && (st->unused >> i & 1) != 0;
        values[i] = unused ? NULL : st->params[i].in_small ? st->params[i].small : st->params[i].p;
        lengths[i] = st->params[i].n;
        formats[i] = st->params[i].format;
        types[i] = (Oid)(unused ? PG_INT8 : st->params[i].type);
    }
    return true;
}

/* Of a parameter that the text does not name nobody could tell the type: it is sent as no number.
 */
static void settle_types(struct pg_stmt *st, const char *text)
{
    for (int i = 0; i < st->n_params; i++) {
        char name[16];
        const int len = snprintf(name, sizeof(name), "$%d", i + 1);
        const char *p = strstr(text, name);
        while (p != NULL && p[len] >= '0' && p[len] <= '9')
            p = strstr(p + 1, name);
        if (p == NULL && i < 64)
            st->unused |= UINT64_C(1) << i;
    }
}

static PGresult *execute(struct pg_stmt *st, const char *text, struct err *err)
{
    struct pg_db *db = st->db;
    struct arrays few;
    char *more;
    PGresult *r = NULL;
    const size_t n = (size_t)st->n_params;
    if (st->name[0] != '\0' && !st->prepared)
        settle_types(st, text);
    if (!arrays_fill(st, &few, &more)) {
        err_nomem(err);
        return NULL;
    }
    const char *const *values = more != NULL ? (const char *const *)(void *)more : few.values;
    const int *lengths = more != NULL ? (const int *)(const void *)(values + n) : few.lengths;
    const int *formats = more != NULL ? lengths + n : few.formats;
    const Oid *types = more != NULL ? (const Oid *)(const void *)(formats + n) : few.types;
    if (st->name[0] == '\0') {
        r = PQexecParams(db->conn, text, (int)n, types, values, lengths, formats, 1);
    } else {
        if (!st->prepared) {
            PGresult *p = PQprepare(db->conn, st->name, text, (int)n, types);
            st->prepared = PQresultStatus(p) == PGRES_COMMAND_OK;
            if (!st->prepared) {
                mem_free(more);
                pg_error(db, p, "cannot prepare a statement", err);
                PQclear(p);
                return NULL;
            }
            PQclear(p);
        }
        r = PQexecPrepared(db->conn, st->name, (int)n, values, lengths, formats, 1);
    }
    mem_free(more);
    const ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return r;
    pg_error(db, r, "cannot run a statement", err);
    PQclear(r);
    return NULL;
}

/* A cursor lives in a transaction; a reader has none otherwise. */
static int open_cursor(struct pg_stmt *st, struct err *err)
{
    struct buf b;
    int rc = -1;
    buf_init(&b, 2 * MIB);
    buf_puts(&b, STR("DECLARE longshore_rows BINARY NO SCROLL CURSOR FOR "));
    buf_puts(&b, str_of(st->text));
    buf_putc(&b, '\0');
    if (buf_ok(&b, err) == 0 && pg_exec(st->db, "BEGIN READ ONLY", err) == 0) {
        PGresult *r = execute(st, b.p, err);
        rc = r != NULL ? 0 : -1;
        PQclear(r);
        st->open = true;
    }
    buf_release(&b);
    return rc;
}

static int fetch(struct pg_stmt *st, struct err *err)
{
    PQclear(st->rows);
    st->rows = PQexecParams(st->db->conn, "FETCH " CURSOR_ROWS " FROM longshore_rows", 0, NULL,
                            NULL, NULL, NULL, 1);
    if (PQresultStatus(st->rows) != PGRES_TUPLES_OK) {
        pg_error(st->db, st->rows, "cannot read on", err);
        return -1;
    }
    st->at = 0;
    st->n_rows = PQntuples(st->rows);
    return 0;
}

static int run(struct pg_stmt *st, struct err *err)
{
    struct pg_db *db = st->db;
    if (st->n_params < 0)
        return err_nomem(err);
    if (fault_hit(FAULT_STORE))
        return err_set(err, ERR_STORE, "cannot run a statement: broken on purpose");
    if (db->conn == NULL)
        return pg_error(db, NULL, "not connected to the database", err);
    if (make_savepoint(db, err) < 0)
        return -1;
    if (db->pending != NULL && db->pending->actions.len > 0 && pg_pending_flush(db, false, err) < 0)
        return -1;
    if (st->streams)
        return open_cursor(st, err) < 0 ? -1 : fetch(st, err);
    st->rows = execute(st, st->text, err);
    if (st->rows == NULL)
        return -1;
    st->n_rows = PQntuples(st->rows);
    const char *changed = PQcmdTuples(st->rows);
    db->changes = 0;
    (void)num_parse_i64(str_of(changed), &db->changes); /* "": it changes nothing */
    return 0;
}

static void drive_reset(struct stmt *base)
{
    struct pg_stmt *st = stmt_of(base);
    const bool open = st->open;
    forget_rows(st);
    if (open) {
        struct err ignored;
        (void)!pg_exec(st->db, "ROLLBACK", &ignored); /* of a reader: it has only read */
    }
}

static int drive_step(struct db *base_db, struct stmt *base, struct err *err)
{
    struct pg_stmt *st = stmt_of(base);
    struct pg_db *db = pg_db_of(base_db);
    db->bad_text = false;
    int rc = 0;
    if (st->rows == NULL)
        rc = run(st, err);
    else if (++st->at == st->n_rows && st->streams)
        rc = fetch(st, err);
    if (rc < 0) {
        drive_reset(base);
        /* A reader that asks for what is no text finds nothing, as on SQLite. */
        return db->bad_text && !db->locks && err->code == ERR_STORE ? 0 : -1;
    }
    return st->at < st->n_rows;
}

static void drive_done(struct stmt *base)
{
    struct pg_stmt *st = stmt_of(base);
    drive_reset(base);
    forget_conditions(st);
    for (int i = 0; i < st->n_params; i++)
        st->params[i] = (struct pg_param){ 0 };
    st->n_params = 0;
}

static int64_t drive_changes(struct db *db)
{
    return pg_db_of(db)->changes;
}

static int limit_time(struct db *base, int64_t until_us, struct err *err)
{
    struct pg_db *db = pg_db_of(base);
    char sql[64];
    const int64_t left_us = until_us - time_monotonic_us();
    if (db->conn == NULL && until_us == 0)
        return 0;
    snprintf(sql, sizeof(sql), "SET statement_timeout = %lld",
             until_us == 0    ? 0LL
             : left_us > 1000 ? (long long)(left_us / 1000)
                              : 1LL);
    return pg_exec(db, sql, err);
}

/* ---- values out ---- */

static int columns(struct stmt *st)
{
    return PQnfields(stmt_of(st)->rows);
}

static bool is_null(struct stmt *base, int at)
{
    const struct pg_stmt *st = stmt_of(base);
    return st->rows == NULL || st->at >= st->n_rows || PQgetisnull(st->rows, st->at, at);
}

static uint16_t be16_at(const char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return be16toh(v);
}

/* numeric as it is sent: digits to the base of 10,000, their weight, sign and scale. */
static struct num read_numeric(const char *p, int n)
{
    struct num out = num_int(0);
    char text[1024];
    size_t len = 0;
    if (n < 8)
        return out;
    const int digits = be16_at(p), weight = (int16_t)be16_at(p + 2), scale = be16_at(p + 6);
    const int first = weight > 0 ? weight : 0, last = scale > 0 ? -(scale + 3) / 4 : 0;
    if (be16_at(p + 4) == 0x4000)
        text[len++] = '-';
    for (int w = first; w >= last && len + 8 < sizeof(text); w--) {
        const int i = weight - w;
        const int d =
            i >= 0 && i < digits && 8 + 2 * i + 2 <= n ? be16_at(p + 8 + (ptrdiff_t)2 * i) : 0;
        if (w == -1)
            text[len++] = '.';
        len += (size_t)(w == first ? snprintf(text + len, 8, "%d", d)
                                   : snprintf(text + len, 8, "%04d", d));
    }
    if (!num_parse((struct str){ text, len }, &out))
        out = num_int(0);
    return out;
}

static struct num get_num(struct stmt *base, int at)
{
    const struct pg_stmt *st = stmt_of(base);
    if (is_null(base, at))
        return num_int(0);
    const char *p = PQgetvalue(st->rows, st->at, at);
    const int n = PQgetlength(st->rows, st->at, at);
    if (PQftype(st->rows, at) == PG_NUMERIC)
        return read_numeric(p, n);
    int64_t v = n > 0 && (p[0] & 0x80) != 0 ? -1 : 0;
    for (int i = 0; i < n && i < 8; i++)
        v = (int64_t)((uint64_t)v << 8 | (unsigned char)p[i]);
    return num_int(v);
}

static int64_t get_int(struct stmt *st, int at)
{
    const struct num n = get_num(st, at);
    return n.is_int ? n.i : (int64_t)n.d;
}

/* jsonb prints blanks behind : and , - ours has none. What is left over becomes blanks at the end,
 * so that doing it again gives the same. */
static size_t drop_blanks(char *p, size_t n)
{
    bool quoted = false;
    size_t to = 0;
    for (size_t i = 0; i < n; i++) {
        if (quoted && p[i] == '\\' && i + 1 < n) {
            p[to++] = p[i++];
        } else if (p[i] == '"') {
            quoted = !quoted;
        } else if (p[i] == ' ' && !quoted) {
            continue;
        }
        p[to++] = p[i];
    }
    memset(p + to, ' ', n - to);
    return to;
}

static struct str get_text(struct stmt *base, int at)
{
    const struct pg_stmt *st = stmt_of(base);
    if (is_null(base, at))
        return (struct str){ 0 };
    char *p = PQgetvalue(st->rows, st->at, at);
    const size_t n = (size_t)PQgetlength(st->rows, st->at, at);
    if (PQftype(st->rows, at) == PG_JSONB && n > 0) /* behind its version */
        return (struct str){ p + 1, drop_blanks(p + 1, n - 1) };
    return (struct str){ p, n };
}

static struct str get_blob(struct stmt *base, int at)
{
    const struct pg_stmt *st = stmt_of(base);
    if (is_null(base, at))
        return (struct str){ 0 };
    return (struct str){ PQgetvalue(st->rows, st->at, at),
                         (size_t)PQgetlength(st->rows, st->at, at) };
}

static int check(struct stmt *st, struct err *err)
{
    (void)st;
    (void)err;
    return 0; /* a result is whole, or there is none */
}

#define ITEMS_DISCOUNT                                                                             \
    "(SELECT CAST(sum(CAST(item ->> 'discount_amount' AS bigint)) AS bigint) "                     \
    "FROM jsonb_array_elements(CAST(items AS jsonb)) AS item)"

const struct db_driver pg_driver = {
    .statement = drive_statement,
    .prepare = drive_prepare,
    .done = drive_done,
    .step = drive_step,
    .reset = drive_reset,
    .changes = drive_changes,
    .put_null = put_null,
    .put_int = put_int,
    .put_num = put_num,
    .put_text = put_text,
    .put_blob = put_blob,
    .put_condition = put_condition,
    .columns = columns,
    .is_null = is_null,
    .get_int = get_int,
    .get_num = get_num,
    .get_text = get_text,
    .get_blob = get_blob,
    .check = check,
    .limit_time = limit_time,
    .put_json_match = put_json_match,
    .instr = "strpos(",
    .ends_with = "right(",
    .off_index = "",
    .by_byte = " COLLATE \"C\"",
    .items_discount = ITEMS_DISCOUNT,
    .total_discount = SQL_TOTAL_DISCOUNT(ITEMS_DISCOUNT),
    .total_amount = SQL_TOTAL_AMOUNT(ITEMS_DISCOUNT),
};
