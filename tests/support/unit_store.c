/* SPDX-License-Identifier: MIT */
/* unit_store.c - see unit_store.h. */
#include <errno.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/num.h"
#include "base/time_iso.h"
#include "support/unit_store.h"

void unit_work(struct store *s, int (*run)(struct store_tx *, void *, struct err *), void *arg)
{
    MUST(store_work_wait(s, run, arg, must));
}

/* ---- which store ---- */

bool unit_on_postgres(void)
{
    const char *store = getenv("LONGSHORE_TEST_STORE");
    return store != NULL && strcmp(store, "postgresql") == 0;
}

#define DATABASES_MOST 1024
static char databases[DATABASES_MOST][64];
static size_t n_databases;

static const char *cluster(void)
{
    const char *url = getenv("LONGSHORE_TEST_POSTGRES");
    if (url == NULL)
        fail_msg("LONGSHORE_TEST_POSTGRES is not set; ./dev test does that");
    return url;
}

/* A connection for each of the databases that a test looks into in turn. */
static PGconn *pg_connection(const char *url)
{
    static struct {
        char url[640];
        PGconn *conn;
    } kept[4];
    static size_t next;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        if (kept[i].conn != NULL && strcmp(kept[i].url, url) == 0 &&
            PQstatus(kept[i].conn) == CONNECTION_OK)
            return kept[i].conn;
    const size_t i = next++ % ARRAY_LEN(kept);
    PQfinish(kept[i].conn);
    snprintf(kept[i].url, sizeof(kept[i].url), "%s", url);
    kept[i].conn = PQconnectdb(url);
    if (PQstatus(kept[i].conn) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(kept[i].conn));
    PQclear(PQexec(kept[i].conn, "SET client_min_messages = warning")); /* not what CASCADE took */
    return kept[i].conn;
}

static const char *pg_text(struct arena *a, const char *url, const char *text)
{
    PGconn *conn = pg_connection(url);
    PGresult *r = PQexec(conn, text);
    if (PQstatus(conn) != CONNECTION_OK) { /* the test ended it, or the database */
        PQclear(r);
        PQreset(conn);
        r = PQexec(conn, text);
    }
    const ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQerrorMessage(conn));
    const char *value = PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "";
    value = arena_printf(a, "%s", value);
    PQclear(r);
    return value;
}

/* One number, or 0. */
static int64_t pg_number(const char *url, const char *text)
{
    struct arena a;
    arena_init(&a, KIB, 0);
    const int64_t number = atoll(pg_text(&a, url, text));
    arena_release(&a);
    return number;
}

static void admin(const char *before, const char *name, const char *after)
{
    char url[512], text[256];
    snprintf(url, sizeof(url), "%s/postgres", cluster());
    snprintf(text, sizeof(text), "%s %s %s", before, name, after);
    pg_number(url, text);
}

static void drop_databases(void)
{
    while (n_databases > 0)
        admin("DROP DATABASE IF EXISTS", databases[--n_databases], "WITH (FORCE)");
}

const char *unit_store_url(const char *dir, const char *name, char *out, size_t n)
{
    if (!unit_on_postgres()) {
        snprintf(out, n, "sqlite:%s/%s.db", dir, name);
        return out;
    }
    unsigned hash = 5381;
    for (const char *p = dir; *p != '\0'; p++)
        hash = hash * 33 + (unsigned char)*p;
    char database[64];
    snprintf(database, sizeof(database), "unit_%d_%08x_%.20s", (int)getpid(), hash, name);
    for (char *p = database; *p != '\0'; p++)
        *p = *p == '-' ? '_' : *p;
    size_t i = 0;
    while (i < n_databases && strcmp(databases[i], database) != 0)
        i++;
    if (i == n_databases) {
        assert_true(n_databases < DATABASES_MOST);
        if (n_databases == 0)
            atexit(drop_databases);
        admin("CREATE DATABASE", database, "TEMPLATE template0 STRATEGY file_copy");
        memcpy(databases[n_databases++], database, sizeof(database));
    }
    snprintf(out, n, "%s/%s", cluster(), database);
    return out;
}

void unit_store_clear(const char *url)
{
    if (unit_on_postgres()) {
        pg_number(url, "DROP SCHEMA public CASCADE");
        pg_number(url, "CREATE SCHEMA public");
        return;
    }
    static const char *const files[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[700];
        snprintf(path, sizeof(path), "%s%s", strchr(url, ':') + 1, files[i]);
        assert_true(unlink(path) == 0 || errno == ENOENT);
    }
}

static int by_length(const void *a, const void *b)
{
    const struct json *x = *(struct json *const *)a, *y = *(struct json *const *)b;
    if (x->key.len != y->key.len)
        return x->key.len < y->key.len ? -1 : 1;
    return str_cmp(x->key, y->key);
}

static void sort_keys(struct json *v)
{
    struct json *members[64];
    size_t n = 0;
    for (struct json *m = v->child; m != NULL; m = m->next) {
        sort_keys(m);
        assert_true(n < ARRAY_LEN(members));
        members[n++] = m;
    }
    if (v->type != JSON_OBJECT || n == 0)
        return;
    qsort(members, n, sizeof(*members), by_length);
    for (size_t i = 0; i < n; i++)
        members[i]->next = i + 1 < n ? members[i + 1] : NULL;
    v->child = members[0];
}

const char *unit_metadata(struct arena *a, const char *json)
{
    struct json *tree = NULL;
    struct buf b;
    if (!unit_on_postgres())
        return json;
    MUST(json_parse(a, str_of(json), &tree, must));
    sort_keys(tree);
    buf_init(&b, MIB);
    json_put_tree(&(struct json_out){ .b = &b }, tree);
    const char *text = arena_printf(a, "%.*s", (int)b.len, b.p);
    buf_release(&b);
    return text;
}

/* ---- a store of one's own ---- */

static const struct store_config serving = { .serving = true, .readers = 2 };

int unit_world_setup(void **state)
{
    struct unit_world *w = calloc(1, sizeof(*w));
    w->dir = unit_dir_make();
    unit_store_url(w->dir, "store", w->url, sizeof(w->url));
    arena_init(&w->arena, 64 * KIB, 0);
    MUST(store_open(w->url, &serving, &w->store, must));
    w->project = unit_project(w->store, "one");
    w->other = unit_project(w->store, "two");
    *state = w;
    return 0;
}

int unit_world_teardown(void **state)
{
    struct unit_world *w = *state;
    fault_disarm();
    store_close(w->store);
    arena_release(&w->arena);
    unit_dir_remove(w->dir);
    free(w);
    return 0;
}

void unit_world_reopen(struct unit_world *w)
{
    store_close(w->store);
    MUST(store_open(w->url, &serving, &w->store, must));
}

static int keep_number(void *arg, int n, char **values, char **names)
{
    (void)n, (void)names;
    *(int64_t *)arg = values[0] != NULL ? atoll(values[0]) : 0;
    return 0;
}

int64_t unit_sql(const char *url, const char *text)
{
    if (unit_on_postgres())
        return pg_number(url, text);
    const char *path = strchr(url, ':') + 1;
    sqlite3 *db = NULL;
    int64_t number = 0;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_exec(db, text, keep_number, &number, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    sqlite3_close(db);
    return number;
}

const char *unit_sql_text(struct arena *a, const char *url, const char *text)
{
    if (unit_on_postgres())
        return pg_text(a, url, text);
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_open(strchr(url, ':') + 1, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    const char *value =
        sqlite3_step(st) == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
    value = arena_printf(a, "%s", value != NULL ? value : "");
    sqlite3_finalize(st);
    sqlite3_close(db);
    return value;
}

/* ---- projects and actions ---- */

struct new_project {
    struct project project;
    struct project_key app, management;
};

static int insert_project(struct store_tx *tx, void *arg, struct err *err)
{
    struct new_project *n = arg;
    if (store_tx_project_insert(tx, &n->project, err) < 0)
        return -1;
    n->app.project_id = n->project.id;
    n->management.project_id = n->project.id;
    return store_tx_key_insert(tx, &n->app, err) < 0 ? -1
                                                     : store_tx_key_insert(tx, &n->management, err);
}

int64_t unit_project(struct store *s, const char *name)
{
    char texts[3][100];
    struct new_project n = { .project = { .name = str_of(name), .created_ms = 1000 },
                             .app = { .kind = KEY_APP, .name = STR("k"), .created_ms = 1000 },
                             .management = {
                                 .kind = KEY_MANAGEMENT, .name = STR("m"), .created_ms = 1000 } };
    static const char *const prefixes[] = { "proj_", "app-", "management-" };
    struct str *fields[] = { &n.project.public_id, &n.app.app_id, &n.management.app_id };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        snprintf(texts[i], sizeof(texts[i]), "%s%s", prefixes[i], name);
        *fields[i] = str_of(texts[i]);
    }
    id_hash_token(str_of(name), n.app.token_hash);
    id_hash_token(n.app.app_id, n.management.token_hash);
    unit_work(s, insert_project, &n);
    return n.project.id;
}

static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_action_insert(tx, arg, err);
}

struct action unit_action(struct store *s, int64_t project_id, int64_t created_ms)
{
    struct action ac = { .project_id = project_id,
                         .kind = UNIT_KIND,
                         .queue = QUEUE_VOUCHERS,
                         .records = -1,
                         .created_ms = created_ms,
                         .request_id = STR("v-0b45cee140c3c9b5ca"),
                         .input = STR("0123456789abcdefghijABCD"),
                         .input_bytes = 1000,
                         .params = STR("{}") };
    unit_work(s, insert_action, &ac);
    return ac;
}

static int claim_action(struct store_tx *tx, void *arg, struct err *err)
{
    struct action *ac = arg;
    return store_tx_action_claim(tx, ac->seq, ac, err);
}

void unit_claim(struct store *s, struct action *ac)
{
    unit_work(s, claim_action, ac);
}

struct action unit_claimed_action(struct store *s, int64_t project_id)
{
    struct action ac = unit_action(s, project_id, time_now_ms());
    unit_claim(s, &ac);
    return ac;
}

void unit_public_id(struct store *s, const struct action *ac, char out[ID_MAX_LEN])
{
    id_encode_action(store_secret(s), ac->seq, ac->created_ms, out);
}

struct action unit_reload(struct store *s, struct arena *a, const struct action *ac)
{
    char id[ID_MAX_LEN];
    struct action *now = NULL;
    unit_public_id(s, ac, id);
    MUST(store_find_action(s, a, ac->project_id, str_of(id), &now, must));
    assert_non_null(now);
    return *now;
}

/* ---- vouchers and chunks ---- */

struct voucher unit_voucher(const char *code, int64_t amount)
{
    struct voucher v;
    voucher_init(&v);
    v.code = str_of(code);
    v.type = VOUCHER_DISCOUNT;
    v.discount_type = DISCOUNT_AMOUNT;
    v.value = num_int(amount);
    v.set = VF_CODE | VF_TYPE | VF_DISCOUNT_TYPE | VF_VALUE;
    return v;
}

static int compare_rows(const void *a, const void *b)
{
    const struct voucher *x = *(struct voucher *const *)a, *y = *(struct voucher *const *)b;
    const int c = str_cmp(x->code, y->code);
    return c != 0 ? c : (x->row > y->row) - (x->row < y->row);
}

static void add_row(struct unit_chunk *c, uint32_t row, const struct unit_row *r)
{
    struct store_chunk *k = &c->chunk;
    if (r->reason != NULL) {
        c->failures[k->n_failures++] =
            (struct failure){ .row = row, .key = str_of(r->code), .reason = str_of(r->reason) };
        return;
    }
    c->rows[k->n_mapped] = unit_voucher(r->code, r->amount);
    c->rows[k->n_mapped].row = row;
    c->sorted[k->n_mapped] = &c->rows[k->n_mapped];
    k->n_mapped++;
}

void unit_chunk_init(struct unit_chunk *c, const struct action *ac, const struct unit_row *rows,
                     size_t n, const struct store_chunk *after, bool last)
{
    *c = (struct unit_chunk){ .rows = calloc(n + 1, sizeof(struct voucher)),
                              .sorted = calloc(n + 1, sizeof(struct voucher *)),
                              .failures = calloc(n + 1, sizeof(struct failure)),
                              .outcomes = calloc(n / OUTCOMES_PER_BYTE + 1, 1) };
    const int64_t start = after != NULL ? after->end : 100;
    c->chunk =
        (struct store_chunk){ .resource = RESOURCE_VOUCHER,
                              .project_id = ac->project_id,
                              .action_seq = ac->seq,
                              .lease_epoch = ac->lease_epoch,
                              .no = after != NULL ? after->no + 1 : 0,
                              .start = start,
                              .end = start + 10 * (int64_t)n,
                              .first_row = after != NULL ? after->first_row + after->n_rows : 0,
                              .n_rows = (int64_t)n,
                              .input_bytes = ac->input_bytes,
                              .vouchers = c->sorted,
                              .failures = c->failures,
                              .outcomes = c->outcomes,
                              .end_status = last ? ACTION_DONE : ACTION_IN_PROGRESS };
    for (size_t i = 0; i < n; i++)
        add_row(c, (uint32_t)i, &rows[i]);
    if (c->chunk.n_mapped > 1)
        qsort(c->sorted, c->chunk.n_mapped, sizeof(struct voucher *), compare_rows);
}

void unit_chunk_release(struct unit_chunk *c)
{
    free(c->rows);
    free(c->sorted);
    free(c->failures);
    free(c->outcomes);
}

size_t unit_commit(struct store *s, struct store_chunk *c)
{
    size_t slices = 0;
    for (; !c->finished; slices++)
        MUST(store_slice_commit(s, c, 1, must));
    return slices;
}

const char *unit_outcome_letters(const unsigned char *packed, size_t n)
{
    static char letters[4096];
    if (n > sizeof(letters) - 1)
        n = sizeof(letters) - 1;
    for (size_t i = 0; i < n; i++)
        letters[i] = "-cu=sf"[outcome_get(packed, i)];
    letters[n] = '\0';
    return letters;
}

const char *unit_import_rows(struct store *s, const struct action *ac, const struct unit_row *rows,
                             size_t n)
{
    struct unit_chunk c;
    unit_chunk_init(&c, ac, rows, n, NULL, true);
    unit_commit(s, &c.chunk);
    const char *letters = unit_outcome_letters(c.outcomes, n);
    unit_chunk_release(&c);
    return letters;
}

static int create_voucher(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_voucher_write(tx, arg, err);
}

enum outcome unit_create(struct store *s, int64_t project_id, struct voucher *v)
{
    struct arena a;
    struct voucher stored = *v;
    struct voucher_write write = {
        .project_id = project_id, .voucher = &stored, .arena = &a, .mode = VOUCHER_CREATE
    };
    arena_init(&a, 4 * KIB, 0);
    unit_work(s, create_voucher, &write);
    v->key = stored.key; /* texts stay the caller's */
    v->version = stored.version;
    v->created_ms = stored.created_ms;
    arena_release(&a);
    return write.outcome;
}

struct voucher *unit_find(struct store *s, struct arena *a, int64_t project_id, const char *code)
{
    struct voucher *v = NULL;
    MUST(store_find_voucher(s, a, project_id, str_of(code), &v, must));
    if (v == NULL)
        fail_msg("there is no voucher '%s'", code);
    return v;
}

/* ---- the dump ---- */

static void dump_text(struct buf *b, const char *name, struct str s)
{
    if (s.p != NULL)
        buf_printf(b, " %s='%.*s'", name, STR_FMT(s));
}

static void dump_number(struct buf *b, const char *name, int64_t n)
{
    buf_printf(b, " %s=%lld", name, (long long)n);
}

static void dump_voucher(struct buf *b, const struct voucher *v, unsigned flags)
{
    buf_printf(b, "voucher %.*s", STR_FMT(v->code));
    dump_number(b, "type", v->type);
    dump_number(b, "discount", v->discount_type);
    dump_number(b, "effect", v->effect);
    dump_number(b, "active", v->active);
    buf_puts(b, STR(" value="));
    if ((v->set & VF_VALUE) != 0)
        num_put(b, v->value);
    dump_number(b, "start", v->start_ms);
    dump_number(b, "end", v->expiration_ms);
    dump_number(b, "quantity", v->quantity);
    dump_number(b, "redeemed", v->redeemed_quantity);
    dump_number(b, "amount", v->redeemed_amount);
    dump_text(b, "category", v->category);
    dump_text(b, "info", v->additional_info);
    dump_text(b, "rule", v->rule);
    dump_text(b, "extra", v->discount_extra);
    dump_text(b, "metadata", v->metadata);
    dump_number(b, "changed", v->updated_ms != TIME_NONE);
    if ((flags & UNIT_DUMP_EXACT) != 0) {
        dump_number(b, "key", v->key);
        dump_number(b, "version", v->version);
        dump_number(b, "created", v->created_ms);
        dump_number(b, "updated", v->updated_ms);
    }
    buf_putc(b, '\n');
}

static void dump_vouchers(struct buf *b, struct store *s, int64_t project_id, unsigned flags)
{
    struct voucher_page page = { .order = (flags & UNIT_DUMP_BY_CODE) != 0 ? VOUCHER_BY_CODE
                                                                           : VOUCHER_OLDEST_FIRST,
                                 .limit = 100 };
    bool more = true;
    int64_t total = 0, seen = 0;
    while (more) {
        struct arena a;
        struct voucher *rows;
        size_t n;
        arena_init(&a, 64 * KIB, 0);
        MUST(store_list_vouchers(s, &a, project_id, &page, &rows, &n, &total, &more, must));
        for (size_t i = 0; i < n; i++)
            dump_voucher(b, &rows[i], flags);
        page.offset += (int64_t)n;
        seen += (int64_t)n;
        arena_release(&a);
    }
    buf_printf(b, "total %lld, listed %lld\n", (long long)total, (long long)seen);
}

static void dump_failures(struct buf *b, struct store *s, const struct action *ac)
{
    struct arena a;
    struct failure_row *rows;
    size_t n;
    arena_init(&a, 64 * KIB, 0);
    MUST(store_list_failures(s, &a, ac->project_id, ac->seq, 0, 100000, &rows, &n, must));
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "  row %lld '%.*s': %.*s\n", (long long)rows[i].row, STR_FMT(rows[i].key),
                   STR_FMT(rows[i].reason));
    arena_release(&a);
}

/* All rows' outcomes in a line: where chunks end makes no difference. */
static void dump_outcomes(struct buf *b, struct store *s, const struct action *ac)
{
    struct arena a;
    struct outcome_blob *blob = NULL;
    int64_t rows = 0;
    arena_init(&a, 64 * KIB, 0);
    buf_puts(b, STR("  outcomes "));
    for (int64_t no = 0; no == 0 || blob != NULL; no++) {
        MUST(store_find_outcomes(s, &a, ac->project_id, ac->seq, no, &blob, must));
        if (blob == NULL)
            break;
        assert_int_equal(blob->first_row, rows);
        rows += blob->n_rows;
        for (int64_t i = 0; i < blob->n_rows; i++)
            buf_putc(b, "-cu=sf"[outcome_get(blob->packed, (size_t)i)]);
    }
    buf_putc(b, '\n');
    arena_release(&a);
}

static void dump_action(struct buf *b, struct store *s, const struct action *ac, unsigned flags)
{
    buf_puts(b, STR("action"));
    dump_number(b, "status", ac->status);
    dump_number(b, "kind", ac->kind);
    for (int o = OUTCOME_CREATED; o < OUTCOME_COUNT; o++)
        dump_number(b, outcome_name((enum outcome)o), ac->counts[o]);
    dump_text(b, "message", ac->message);
    if (ac->status == ACTION_DONE)
        dump_number(b, "progress", ac->progress);
    if ((flags & UNIT_DUMP_EXACT) != 0) {
        const int64_t numbers[] = { ac->seq,         ac->created_ms, ac->updated_ms, ac->progress,
                                    ac->chunk_start, ac->chunk_end,  ac->chunk_row,  ac->chunk_no,
                                    ac->chunk_rows,  ac->slice_done, ac->lease_epoch };
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
            dump_number(b, "", numbers[i]);
    }
    buf_putc(b, '\n');
    dump_outcomes(b, s, ac);
    dump_failures(b, s, ac);
}

static void dump_actions(struct buf *b, struct store *s, int64_t project_id, unsigned flags)
{
    const struct action_page page = {
        .before_ms = INT64_MAX, .before_seq = INT64_MAX, .before_seq_ms = INT64_MAX, .limit = 1000
    };
    struct arena a;
    struct action *actions;
    size_t n;
    bool more;
    arena_init(&a, 64 * KIB, 0);
    MUST(store_list_actions(s, &a, project_id, &page, &actions, &n, &more, must));
    assert_false(more);
    for (size_t i = 0; i < n; i++)
        dump_action(b, s, &actions[i], flags);
    arena_release(&a);
}

const char *unit_dump(struct store *s, struct arena *a, int64_t project_id, unsigned flags)
{
    struct buf b;
    buf_init(&b, 64 * MIB);
    dump_actions(&b, s, project_id, flags);
    dump_vouchers(&b, s, project_id, flags);
    MUST(buf_ok(&b, must));
    const struct str copy = arena_str(a, buf_str(&b));
    assert_non_null(copy.p);
    buf_release(&b);
    return copy.p;
}
