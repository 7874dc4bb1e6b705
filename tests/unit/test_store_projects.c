/* SPDX-License-Identifier: MIT */
/*
 * test_store_projects.c - projects, their keys and access tokens, and what is left of a project
 * that was deleted: nothing, in whatever portions it goes.
 */
#include <stdio.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "support/unit_store.h"

#define T0 INT64_C(1700000000000)

/* ---- units of work ---- */

struct call {
    struct project_key key;
    struct oauth_token token;
    struct action action;
    size_t most;
    int64_t project_id;
    struct str id; /* of a project or key */
    int64_t deleted_id;
    bool found;
    size_t budget;
    struct arena *arena;
    struct purged purged;
};

static int key_insert(struct store_tx *tx, void *arg, struct err *err)
{
    const struct call *c = arg;
    return store_tx_key_insert(tx, &c->key, err);
}

static int key_delete(struct store_tx *tx, void *arg, struct err *err)
{
    const struct call *c = arg;
    return store_tx_key_delete(tx, c->project_id, c->id, err);
}

static int token_insert(struct store_tx *tx, void *arg, struct err *err)
{
    const struct call *c = arg;
    return store_tx_oauth_insert(tx, &c->token, c->most, err);
}

static int token_delete(struct store_tx *tx, void *arg, struct err *err)
{
    struct call *c = arg;
    return store_tx_oauth_delete(tx, c->project_id, c->token.hash, &c->found, err);
}

static int action_insert(struct store_tx *tx, void *arg, struct err *err)
{
    struct call *c = arg;
    return store_tx_action_insert(tx, &c->action, err);
}

static int write_voucher(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_voucher_write(tx, arg, err);
}

static int project_delete(struct store_tx *tx, void *arg, struct err *err)
{
    struct call *c = arg;
    return store_tx_project_delete(tx, c->id, T0 + 5, &c->deleted_id, err);
}

static int project_purge(struct store_tx *tx, void *arg, struct err *err)
{
    struct call *c = arg;
    return store_tx_project_purge(tx, c->project_id, c->budget, c->arena, &c->purged, err);
}

/* The code of the error that the unit must end with. */
static enum err_code refused(struct unit_world *w,
                             int (*run)(struct store_tx *, void *, struct err *), struct call *c)
{
    struct err err = { 0 };
    assert_int_equal(store_work_wait(w->store, run, c, &err), -1);
    return err.code;
}

static void delete_project(struct unit_world *w, const char *public_id)
{
    struct call c = { .id = str_of(public_id) };
    unit_work(w->store, project_delete, &c);
}

/* ---- keys ---- */

static struct call new_key(int64_t project_id, const char *app_id)
{
    struct call c = { .key = { .project_id = project_id,
                               .kind = KEY_APP,
                               .app_id = str_of(app_id),
                               .name = STR("nightly job"),
                               .created_ms = T0 } };
    id_hash_token(str_of(app_id), c.key.token_hash);
    return c;
}

static struct project_key *find_key(struct unit_world *w, const char *app_id, struct project **p)
{
    struct project_key *key = NULL;
    MUST(store_find_key(w->store, &w->arena, str_of(app_id), &key, p, must));
    return key;
}

static void key_is_found_with_its_project_until_it_is_revoked(void **state)
{
    struct unit_world *w = *state;
    struct call c = new_key(w->project, "extra");
    struct call gone = { .project_id = w->project, .id = STR("extra") };
    struct project *p = NULL;
    unit_work(w->store, key_insert, &c);
    const struct project_key *key = find_key(w, "extra", &p);
    assert_non_null(key);
    assert_int_equal(key->project_id, w->project);
    assert_int_equal(key->kind, KEY_APP);
    assert_int_equal(key->created_ms, T0);
    assert_memory_equal(key->token_hash, c.key.token_hash, ID_HASH_BYTES);
    assert_str(key->name, "nightly job");
    assert_str(p->public_id, "proj_one");
    unit_work(w->store, key_delete, &gone);
    assert_null(find_key(w, "extra", &p));
    assert_null(p);
    assert_non_null(find_key(w, "app-one", &p));
    assert_int_equal(refused(w, key_delete, &gone), ERR_NOT_FOUND);
}

static void key_id_belongs_to_one_project(void **state)
{
    struct unit_world *w = *state;
    struct call taken = new_key(w->other, "app-one");
    struct call foreign = { .project_id = w->other, .id = STR("app-one") };
    struct project *p = NULL;
    assert_int_equal(refused(w, key_insert, &taken), ERR_DUPLICATE);
    assert_int_equal(refused(w, key_delete, &foreign), ERR_NOT_FOUND);
    assert_int_equal(find_key(w, "app-one", &p)->project_id, w->project);
}

static void keys_are_listed_oldest_first(void **state)
{
    struct unit_world *w = *state;
    struct project_key *keys;
    size_t n;
    for (int i = 0; i < 40; i++) {
        char id[20];
        snprintf(id, sizeof(id), "key%02d", 39 - i);
        struct call c = new_key(w->project, id);
        c.key.created_ms = T0 - i;
        unit_work(w->store, key_insert, &c);
    }
    MUST(store_list_keys(w->store, &w->arena, w->project, &keys, &n, must));
    assert_int_equal(n, 42);
    assert_str(keys[0].app_id, "app-one");
    assert_str(keys[1].app_id, "management-one");
    assert_str(keys[2].app_id, "key00");
    assert_str(keys[41].app_id, "key39");
    MUST(store_list_keys(w->store, &w->arena, 4711, &keys, &n, must));
    assert_int_equal(n, 0);
}

/* ---- access tokens ---- */

static struct call new_token(int64_t project_id, const char *app_id, const char *token,
                             int64_t created_ms)
{
    struct call c = { .project_id = project_id,
                      .most = 3,
                      .token = { .project_id = project_id,
                                 .app_id = str_of(app_id),
                                 .scope = STR("vouchers exports"),
                                 .created_ms = created_ms,
                                 .expires_ms = created_ms + 900000 } };
    id_hash_token(str_of(token), c.token.hash);
    return c;
}

static void add_token(struct unit_world *w, const char *token, int64_t created_ms)
{
    struct call c = new_token(w->project, "app-one", token, created_ms);
    unit_work(w->store, token_insert, &c);
}

static struct oauth_token *find_token(struct unit_world *w, const char *token)
{
    unsigned char hash[ID_HASH_BYTES];
    struct oauth_token *t = NULL;
    struct project *p = NULL;
    id_hash_token(str_of(token), hash);
    MUST(store_find_oauth(w->store, &w->arena, hash, &t, &p, must));
    assert_int_equal(t != NULL, p != NULL);
    if (t != NULL)
        assert_int_equal(p->id, t->project_id);
    return t;
}

static void token_is_found_until_it_expires(void **state)
{
    struct unit_world *w = *state;
    const int64_t now = time_now_ms();
    add_token(w, "fresh", now);
    add_token(w, "stale", now - 900000);
    const struct oauth_token *t = find_token(w, "fresh");
    assert_non_null(t);
    assert_int_equal(t->project_id, w->project);
    assert_str(t->app_id, "app-one");
    assert_str(t->scope, "vouchers exports");
    assert_int_equal(t->created_ms, now);
    assert_int_equal(t->expires_ms, now + 900000);
    assert_null(find_token(w, "stale"));
    assert_null(find_token(w, "unknown"));
}

static void token_is_removed_by_its_own_project_only(void **state)
{
    struct unit_world *w = *state;
    const int64_t now = time_now_ms();
    struct call own = new_token(w->project, "app-one", "t", now);
    struct call foreign = new_token(w->other, "app-two", "t", now);
    struct call stale = new_token(w->project, "app-one", "stale", now - 900000);
    add_token(w, "t", now);
    add_token(w, "stale", now - 900000);
    unit_work(w->store, token_delete, &foreign);
    assert_false(foreign.found);
    unit_work(w->store, token_delete, &stale);
    assert_false(stale.found);
    assert_non_null(find_token(w, "t"));
    unit_work(w->store, token_delete, &own);
    assert_true(own.found);
    assert_null(find_token(w, "t"));
    unit_work(w->store, token_delete, &own);
    assert_false(own.found);
}

static void token_dies_with_its_key(void **state)
{
    struct unit_world *w = *state;
    struct call key = new_key(w->project, "extra");
    struct call revoke = { .project_id = w->project, .id = STR("extra") };
    const int64_t now = time_now_ms();
    unit_work(w->store, key_insert, &key);
    struct call c = new_token(w->project, "extra", "of extra", now);
    unit_work(w->store, token_insert, &c);
    add_token(w, "of the first", now);
    unit_work(w->store, key_delete, &revoke);
    assert_null(find_token(w, "of extra"));
    assert_non_null(find_token(w, "of the first"));
    assert_int_equal(refused(w, token_insert, &c), ERR_UNAUTHORIZED);
    struct call foreign = new_token(w->other, "app-one", "x", now);
    assert_int_equal(refused(w, token_insert, &foreign), ERR_UNAUTHORIZED);
}

static void tokens_beyond_the_most_push_the_expired_out_and_then_the_oldest(void **state)
{
    struct unit_world *w = *state;
    const int64_t now = time_now_ms();
    struct call others = new_token(w->other, "app-two", "other", now - 5);
    unit_work(w->store, token_insert, &others);
    add_token(w, "stale", now - 900000);
    add_token(w, "a", now - 3);
    add_token(w, "b", now - 2); /* three: as many as there may be */
    add_token(w, "c", now - 1);
    assert_non_null(find_token(w, "a"));
    add_token(w, "d", now);
    assert_null(find_token(w, "a"));
    assert_non_null(find_token(w, "b"));
    assert_non_null(find_token(w, "c"));
    assert_non_null(find_token(w, "d"));
    assert_non_null(find_token(w, "other"));
}

/* ---- deleting ---- */

static void deleted_project_has_no_keys_and_no_tokens(void **state)
{
    struct unit_world *w = *state;
    struct project *p = NULL;
    struct call key = new_key(w->project, "late");
    struct call token = new_token(w->project, "app-one", "late", time_now_ms());
    add_token(w, "t", time_now_ms());
    delete_project(w, "proj_one");
    assert_null(find_key(w, "app-one", &p));
    assert_null(find_key(w, "management-one", &p));
    assert_null(find_token(w, "t"));
    assert_int_equal(refused(w, key_insert, &key), ERR_NOT_FOUND);
    assert_int_equal(refused(w, token_insert, &token), ERR_UNAUTHORIZED);
    assert_non_null(find_key(w, "app-two", &p));
}

static void deleted_project_is_marked_until_it_is_purged(void **state)
{
    struct unit_world *w = *state;
    struct project *p = NULL, *all;
    size_t n;
    struct call again = { .id = STR("proj_one") }, none = { .id = STR("proj_none") };
    delete_project(w, "proj_one");
    MUST(store_find_project(w->store, &w->arena, STR("proj_one"), &p, must));
    assert_int_equal(p->id, w->project);
    assert_int_equal(p->deleted_ms, T0 + 5);
    unit_work(w->store, project_delete, &again);
    assert_int_equal(again.deleted_id, w->project);
    MUST(store_list_projects(w->store, &w->arena, &all, &n, must));
    assert_int_equal(n, 2);
    assert_int_equal(all[0].deleted_ms, T0 + 5);
    assert_int_equal(all[1].deleted_ms, TIME_NONE);
    assert_int_equal(refused(w, project_delete, &none), ERR_NOT_FOUND);
}

static void deleting_ends_the_actions_of_the_project(void **state)
{
    struct unit_world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL } };
    struct action done = unit_claimed_action(w->store, w->project);
    UNIT_IMPORT(w->store, &done, rows);
    const struct action waiting = unit_action(w->store, w->project, T0);
    const struct action running = unit_claimed_action(w->store, w->project);
    const struct action foreign = unit_claimed_action(w->store, w->other);
    delete_project(w, "proj_one");
    const struct action ended[] = { unit_reload(w->store, &w->arena, &waiting),
                                    unit_reload(w->store, &w->arena, &running) };
    for (size_t i = 0; i < ARRAY_LEN(ended); i++) {
        assert_int_equal(ended[i].status, ACTION_FAILED);
        assert_str(ended[i].message, "Project deleted");
    }
    assert_int_equal(ended[0].lease_epoch, waiting.lease_epoch + 1);
    assert_int_equal(ended[1].lease_epoch, running.lease_epoch + 1);
    assert_int_equal(unit_reload(w->store, &w->arena, &done).status, ACTION_DONE);
    assert_int_equal(unit_reload(w->store, &w->arena, &foreign).status, ACTION_IN_PROGRESS);
}

/* A request that was let in before may still have something to add. */
static void deleted_project_takes_nothing_any_more(void **state)
{
    struct unit_world *w = *state;
    struct call c = { .action = { .project_id = w->project,
                                  .kind = UNIT_KIND,
                                  .request_id = STR("v-1"),
                                  .params = STR("{}") } };
    struct voucher v = unit_voucher("A", 1);
    struct call purge = { .project_id = w->project, .budget = 100, .arena = &w->arena };
    struct voucher_write write = {
        .project_id = w->project, .mode = VOUCHER_CREATE, .voucher = &v, .arena = &w->arena
    };
    struct err err = { 0 };
    delete_project(w, "proj_one");
    assert_int_equal(refused(w, action_insert, &c), ERR_UNAUTHORIZED);
    assert_int_equal(store_work_wait(w->store, write_voucher, &write, &err), -1);
    assert_int_equal(err.code, ERR_UNAUTHORIZED);
    unit_work(w->store, project_purge, &purge);
    assert_int_equal(refused(w, action_insert, &c), ERR_UNAUTHORIZED);
}

/* Whoever still has a chunk of it in hand cannot bring it in. */
static void chunk_of_a_deleted_project_is_lost(void **state)
{
    struct unit_world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL }, { "B", 1, NULL } };
    const struct action ac = unit_claimed_action(w->store, w->project);
    struct unit_chunk c;
    struct err err = { 0 };
    struct call purge = { .project_id = w->project, .budget = 100, .arena = &w->arena };
    unit_chunk_init(&c, &ac, rows, ARRAY_LEN(rows), NULL, false);
    delete_project(w, "proj_one");
    assert_int_equal(store_slice_commit(w->store, &c.chunk, 1, &err), -1);
    assert_int_equal(err.code, ERR_LEASE_LOST);
    unit_work(w->store, project_purge, &purge);
    assert_false(purge.purged.more);
    assert_int_equal(store_slice_commit(w->store, &c.chunk, 1, &err), -1);
    assert_int_equal(err.code, ERR_LEASE_LOST);
    assert_int_equal(unit_sql(w->url, "SELECT count(*) FROM sequences WHERE project_id <> 0"), 0);
    unit_chunk_release(&c);
}

/* ---- purging ---- */

/* Some rows of project P in every table; %lld is P, %s what only PostgreSQL's table has. */
#define N_ROWS 25
static const char fill_sql[] =
    "CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 25) SELECT i, %lld AS p FROM n;"
    "INSERT INTO actions (project_id, seq, kind, status, created_ms, updated_ms, request_id, "
    "input, "
    "input_bytes, params) SELECT p, p * 1000 + i, 17, 2, i, i, 'v', "
    "CASE WHEN i %% 2 = 1 THEN 'input' || p || '-' || i END, i * 10000, '{}' FROM n;"
    "INSERT INTO inputs SELECT p * 1000 + i, zeroblob(i * 1000) FROM n WHERE i %% 2 = 0;"
    "INSERT INTO outcomes SELECT p, p * 1000 + 1, i, 0, 9, 0, 9, zeroblob(20000) FROM n;"
    "INSERT INTO failures SELECT p, p * 1000 + i, i, 'k', 'r', 0 FROM n;"
    "INSERT INTO totals SELECT p, 'voucher' || i, %s 1 FROM n;"
    "INSERT INTO sequences SELECT p, 'voucher' || i, 5 FROM n;"
    "INSERT INTO vouchers (project_id, id, code, version, type, discount_type, effect, active, "
    "redeemed_quantity, redeemed_amount, created_ms) "
    "SELECT p, p * 1099511627776 + i, 'c' || i, 1, 1, 1, 1, 1, 0, 0, 1 FROM n;"
    "INSERT INTO dry_vouchers (action_seq, code, id, project_id, version, type, discount_type, "
    "effect, active, redeemed_quantity, redeemed_amount, subtracted, created_ms) "
    "SELECT p * 1000 + 3, 'c' || i, i, p, 1, 1, 1, 1, 1, 0, 0, 0, 1 FROM n;"
    "INSERT INTO dry_records SELECT p * 1000 + 3, 's' || i, i, zeroblob(9) FROM n;"
    "INSERT INTO categories SELECT p, p * 1099511627776 + i, 'n', 0, 1, NULL FROM n;"
    "INSERT INTO campaigns (project_id, id, name, version, campaign_type, codes, active, "
    "join_once, "
    "auto_join, voucher_schema, creation, type, discount_type, effect, created_ms) "
    "SELECT p, p * 1099511627776 + i, 'n' || i, 1, 1, 2, 1, 0, 0, 1, 1, 1, 1, 0, 1 FROM n;"
    "INSERT INTO metadata_schemas SELECT p * 1099511627776 + i, p, 'o' || i, 0, '{}', 1, 2 FROM n;"
    "INSERT INTO validation_rules SELECT p * 1099511627776 + i, p, '{}', 1 FROM n;"
    "INSERT INTO customers (project_id, id, version, source_id, created_ms) SELECT p, "
    "p * 1099511627776 + i, 1, 's' || i, 1 FROM n;"
    "INSERT INTO products (project_id, id, version, source_id, created_ms) SELECT p, "
    "p * 1099511627776 + i, 1, 's' || i, 1 FROM n;"
    "INSERT INTO skus (project_id, id, version, source_id, created_ms, product_id) SELECT p, "
    "p * 1099511627776 + i, 1, 's' || i, 1, 1 FROM n;"
    "INSERT INTO orders (project_id, id, version, source_id, created_ms, status) SELECT p, "
    "p * 1099511627776 + i, 1, 's' || i, 1, 1 FROM n;"
    "INSERT INTO publications (project_id, id, customer_id, channel, vouchers, created_ms) SELECT "
    "p, p * 1099511627776 + i, i, 'API', '[]', 1 FROM n;"
    "INSERT INTO promotion_tiers (project_id, id, campaign_id, hierarchy, name, active, type, "
    "discount_type, effect, created_ms) SELECT p, p * 1099511627776 + i, p * 1099511627776 + 1, i, "
    "'t', 1, 1, 1, 0, 1 FROM n;"
    "INSERT INTO bin SELECT p, p * 1099511627776 + i, 1, i, 'n', NULL, 1 FROM n;"
    "INSERT INTO transactions SELECT p, p * 1099511627776 + i, 1, 1, 1, 1, NULL, NULL, 1, NULL "
    "FROM n;"
    "INSERT INTO erased SELECT p, 'c' || i, 1 FROM n;"
    "INSERT INTO erased_records SELECT p, 3, 's' || i, 1 FROM n;"
    "INSERT INTO exports SELECT p, p * 1099511627776 + i, 1, '{}', 1 FROM n;"
    "INSERT INTO idempotency SELECT p, 'k' || i, zeroblob(1), 1, 1 FROM n;"
    "INSERT INTO oauth_tokens SELECT randomblob(32), p, 'app-one', 'api', 1, 2 FROM n;"
    "DROP TABLE n;";

/* SQLite's functions, for PostgreSQL. */
static const char blob_functions[] =
    "CREATE OR REPLACE FUNCTION zeroblob(n bigint) RETURNS bytea LANGUAGE sql AS "
    "$$ SELECT decode(repeat('00', n::int), 'hex') $$;"
    "CREATE OR REPLACE FUNCTION randomblob(n int) RETURNS bytea LANGUAGE sql VOLATILE AS "
    "$$ SELECT decode(md5(random()::text) || md5(random()::text), 'hex') $$;";

static void fill(const char *url, int64_t project)
{
    char sql[4096];
    assert_true(snprintf(sql, sizeof(sql), fill_sql, (long long)project,
                         unit_on_postgres() ? "0," : "") < (int)sizeof(sql));
    if (unit_on_postgres())
        unit_sql(url, blob_functions);
    unit_sql(url, sql);
}

/* The tables with a project_id, from the schema, so that a new one which is forgotten here or in
 * purge.c shows: "bin,categories,…,". */
static const char *project_tables(struct arena *a, const char *url)
{
    return unit_sql_text(
        a, url,
        unit_on_postgres()
            ? "SELECT string_agg(table_name || ',', '' ORDER BY table_name) FROM "
              "information_schema.columns WHERE table_schema = 'public' AND "
              "column_name = 'project_id'"
            : "SELECT group_concat(name || ',', '') FROM (SELECT m.name FROM sqlite_master m JOIN "
              "pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'project_id' "
              "ORDER BY 1)");
}

/* With how many rows of the project each of them has: "keys 2 vouchers 25 ". */
static void count_rows(struct unit_world *w, int64_t project, char *out, size_t size,
                       int64_t *least, int64_t *most)
{
    size_t len = 0;
    *least = INT64_MAX;
    *most = 0;
    for (const char *at = project_tables(&w->arena, w->url); *at != '\0';) {
        char sql[200];
        const int name_len = (int)strcspn(at, ",");
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM %.*s WHERE project_id = %lld", name_len,
                 at, (long long)project);
        const int64_t n = unit_sql(w->url, sql);
        *least = n < *least ? n : *least;
        *most = n > *most ? n : *most;
        len += (size_t)snprintf(out + len, size - len, "%.*s %lld ", name_len, at, (long long)n);
        at += name_len + 1;
    }
    assert_true(len > 0 && len < size);
}

struct portions {
    size_t n, most_rows, inputs;
};

static struct portions purge_all(struct unit_world *w, size_t budget)
{
    struct portions all = { 0 };
    struct call c = { .project_id = w->project, .budget = budget, .arena = &w->arena };
    do {
        unit_work(w->store, project_purge, &c);
        all.n++;
        all.most_rows = c.purged.rows > all.most_rows ? c.purged.rows : all.most_rows;
        for (size_t i = 0; i < c.purged.n_inputs; i++)
            assert_true(str_starts_with(c.purged.inputs[i], STR("input1-")));
        all.inputs += c.purged.n_inputs;
        assert_true(all.n < 2000);
    } while (c.purged.more);
    return all;
}

static void purging_removes_all_rows_of_the_project_and_no_others(void **state)
{
    static const size_t budgets[] = { 1, 7, 100, 5000 };
    char before[1000], after[1000];
    int64_t least, most;
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
        struct project *p = NULL;
        void *fresh = NULL;
        unit_world_setup(&fresh);
        struct unit_world *f = fresh;
        assert_int_equal(f->project, 1);
        fill(f->url, f->project);
        fill(f->url, f->other);
        count_rows(f, f->project, before, sizeof(before), &least, &most);
        if (least == 0)
            fail_msg("a table of projects is not filled by this test: %s", before);
        count_rows(f, f->other, before, sizeof(before), &least, &most);
        delete_project(f, "proj_one");
        const struct portions all = purge_all(f, budgets[i]);
        print_message("  budget %zu: %zu portions, %zu rows in the largest\n", budgets[i], all.n,
                      all.most_rows);
        assert_true(all.most_rows <= budgets[i] + 2);
        assert_int_equal(all.inputs, N_ROWS / 2 + 1);
        count_rows(f, f->project, after, sizeof(after), &least, &most);
        if (most > 0)
            fail_msg("rows are left: %s", after);
        count_rows(f, f->other, after, sizeof(after), &least, &most);
        assert_string_equal(before, after);
        assert_int_equal(unit_sql(f->url, "SELECT count(*) FROM inputs"), N_ROWS / 2);
        MUST(store_find_project(f->store, &f->arena, STR("proj_one"), &p, must));
        assert_null(p);
        unit_world_teardown(&fresh);
    }
    (void)state;
}

static void purging_leaves_a_project_that_lives(void **state)
{
    struct unit_world *w = *state;
    struct call living = { .project_id = w->project, .budget = 100, .arena = &w->arena };
    struct call gone = { .project_id = 4711, .budget = 100, .arena = &w->arena };
    struct project *p = NULL;
    unit_action(w->store, w->project, T0);
    unit_work(w->store, project_purge, &living);
    unit_work(w->store, project_purge, &gone);
    assert_int_equal(living.purged.rows + gone.purged.rows, 0);
    assert_false(living.purged.more);
    assert_non_null(find_key(w, "app-one", &p));
}

/* A number of a project that is gone is never used again: keys of rows begin with it. */
static void project_numbers_are_not_used_twice(void **state)
{
    struct unit_world *w = *state;
    struct call purge = { .project_id = w->other, .budget = 100, .arena = &w->arena };
    delete_project(w, "proj_two");
    unit_work(w->store, project_purge, &purge);
    assert_true(unit_project(w->store, "three") > w->other);
}

/* ---- trouble ---- */

static void failure_anywhere_leaves_the_project_as_it_was_or_deletes_it(void **state)
{
    struct unit_world *w = *state;
    static const enum fault_kind kinds[] = { FAULT_STORE, FAULT_ALLOC };
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t nth = 1, fired = 1; fired; nth++) {
            char name[40], public_id[50], app_id[50];
            struct err err = { 0 };
            struct project *p = NULL;
            snprintf(name, sizeof(name), "f%zu-%zu", k, nth);
            snprintf(public_id, sizeof(public_id), "proj_%s", name);
            snprintf(app_id, sizeof(app_id), "app-%s", name);
            const int64_t id = unit_project(w->store, name);
            const struct action ac = unit_action(w->store, id, T0);
            struct call c = { .id = str_of(public_id) };
            fault_arm(kinds[k], nth, false);
            const int rc = store_work_wait(w->store, project_delete, &c, &err);
            fired = fault_disarm() > 0;
            const struct action now = unit_reload(w->store, &w->arena, &ac);
            assert_int_equal(find_key(w, app_id, &p) == NULL, rc == 0);
            assert_int_equal(now.status, rc == 0 ? ACTION_FAILED : ACTION_ENQUEUED);
            if (!fired)
                assert_int_equal(rc, 0);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_world_setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(key_is_found_with_its_project_until_it_is_revoked),
        TEST(key_id_belongs_to_one_project),
        TEST(keys_are_listed_oldest_first),
        TEST(token_is_found_until_it_expires),
        TEST(token_is_removed_by_its_own_project_only),
        TEST(token_dies_with_its_key),
        TEST(tokens_beyond_the_most_push_the_expired_out_and_then_the_oldest),
        TEST(deleted_project_has_no_keys_and_no_tokens),
        TEST(deleted_project_is_marked_until_it_is_purged),
        TEST(deleting_ends_the_actions_of_the_project),
        TEST(deleted_project_takes_nothing_any_more),
        TEST(chunk_of_a_deleted_project_is_lost),
        TEST(purging_removes_all_rows_of_the_project_and_no_others),
        TEST(purging_leaves_a_project_that_lives),
        TEST(project_numbers_are_not_used_twice),
        TEST(failure_anywhere_leaves_the_project_as_it_was_or_deletes_it),
    };
    return cmocka_run_group_tests_name("store/projects", tests, NULL, NULL);
}
