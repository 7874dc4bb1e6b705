/* SPDX-License-Identifier: MIT */
/*
 * test_store_copy.c - a project goes into another store with all that it has, whatever breaks on
 * the way, and nobody sees it there before it has come completely.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/time_iso.h"
#include "store/sql/copy.h"
#include "support/unit_store.h"

#define T0    INT64_C(1700000000000)
#define INPUT "0123456789abcdefghijABCD" /* of unit_action() */

static const struct store_config copying = { .copying = true };
static const struct store_config serving = { .serving = true, .readers = 2 };

/* ---- a project with something of everything ---- */

static int write_voucher(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_voucher_write(tx, arg, err);
}

static void write_one(struct unit_world *w, enum voucher_write_mode mode, const char *code,
                      struct voucher *v)
{
    struct voucher_write one = { .project_id = w->project,
                                 .mode = mode,
                                 .code_or_id = str_of(code),
                                 .voucher = v,
                                 .arena = &w->arena,
                                 .amount = 500,
                                 .source_id = STR("order-1"),
                                 .reason = STR("\xC3\xA9t\xC3\xA9\tor\\so") };
    unit_work(w->store, write_voucher, &one);
    assert_true(one.outcome != OUTCOME_FAILED);
}

struct some {
    struct category_write category;
    struct stored_export export;
    struct idempotency idempotency;
    struct oauth_token token;
    struct action action;
    int64_t project_id;
};

static int write_some(struct store_tx *tx, void *arg, struct err *err)
{
    struct some *s = arg;
    return store_tx_category_write(tx, &s->category, err) < 0 ||
                   store_tx_export_insert(tx, s->project_id, &s->export, err) < 0 ||
                   store_tx_idempotency_put(tx, &s->idempotency, err) < 0 ||
                   store_tx_oauth_insert(tx, &s->token, 10, err) < 0
               ? -1
               : 0;
}

static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_action_insert(tx, arg, err);
}

static int claim(struct store_tx *tx, void *arg, struct err *err)
{
    struct action *ac = arg;
    return store_tx_action_claim(tx, ac->seq, ac, err);
}

static void make_gift(struct unit_world *w)
{
    struct voucher gift = unit_voucher("gift", 0);
    gift.type = VOUCHER_GIFT;
    gift.discount_type = DISCOUNT_NONE;
    gift.value = num_int(10000);
    gift.metadata = STR("{\"a\":[1,29.99,\"x\\\\y\"],\"lang\":\"d\xC3\xA9\"}");
    assert_int_equal(unit_create(w->store, w->project, &gift), OUTCOME_CREATED);
    write_one(w, VOUCHER_ADD_BALANCE, "gift", &gift);
    write_one(w, VOUCHER_ADD_BALANCE, "gift", &gift);
}

static struct action waiting_action(struct unit_world *w, bool dry_run, const char *data)
{
    struct action ac = { .project_id = w->project,
                         .kind = UNIT_KIND,
                         .queue = QUEUE_VOUCHERS,
                         .records = 3,
                         .created_ms = T0 + 7,
                         .request_id = STR("v-1"),
                         .data = str_of(data),
                         .input_bytes = 30,
                         .dry_run = dry_run,
                         .params = STR("{}") };
    unit_work(w->store, insert_action, &ac);
    return ac;
}

/* Half of it is in. */
static void begin_action(struct unit_world *w, struct action *ac)
{
    const struct unit_row rows[] = { { ac->dry_run ? "dry-1" : "half-1", 100, NULL },
                                     { NULL, 0, "Line 3: it is bad" },
                                     { ac->dry_run ? "dry-2" : "half-2", 300, NULL },
                                     { ac->dry_run ? "dry-3" : "half-3", 300, NULL } };
    struct unit_chunk c;
    unit_work(w->store, claim, ac);
    unit_chunk_init(&c, ac, rows, ARRAY_LEN(rows), NULL, false);
    c.chunk.dry_run = ac->dry_run;
    unit_commit(w->store, &c.chunk);
    unit_chunk_release(&c);
}

static void make_some(struct unit_world *w)
{
    struct some s = {
        .project_id = w->project,
        .category = { .project_id = w->project,
                      .mode = CATEGORY_CREATE,
                      .category = { .name = STR("News"), .created_ms = T0 } },
        .export = { .resource = RESOURCE_VOUCHER, .params = STR("{\"x\":1}"), .created_ms = T0 },
        .idempotency = { .project_id = w->project,
                         .key = STR("once"),
                         .action_seq = 1,
                         .created_ms = T0 },
        .token = { .project_id = w->project,
                   .app_id = STR("app-one"),
                   .scope = STR("api"),
                   .created_ms = T0,
                   .expires_ms = INT64_C(99999999999999) },
    };
    memset(s.token.hash, 7, sizeof(s.token.hash));
    memset(s.idempotency.fingerprint, 0, sizeof(s.idempotency.fingerprint));
    unit_work(w->store, write_some, &s);
}

static int write_campaign(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_campaign_write(tx, arg, err);
}

static void make_campaign(struct unit_world *w)
{
    struct campaign given = { .name = STR("Spring"),
                              .campaign_type = CAMPAIGN_GIFT,
                              .codes = CODES_STATIC,
                              .active = true,
                              .creation = CAMPAIGN_DONE,
                              .generation = CAMPAIGN_DONE,
                              .voucher = unit_voucher(NULL, 500),
                              .code_config = STR("{\"length\":8}") };
    struct campaign_write write = {
        .project_id = w->project, .mode = CAMPAIGN_CREATE, .given = &given, .arena = &w->arena
    };
    given.voucher.metadata = STR("{\"z\":1e2,\"a\":{}}");
    given.voucher.start_ms = T0;
    unit_work(w->store, write_campaign, &write);
    assert_false(write.refused);
}

static void make_promotion(struct unit_world *w)
{
    struct tier tiers[2];
    struct campaign given = { .name = STR("Tiers"),
                              .campaign_type = CAMPAIGN_PROMOTION,
                              .codes = CODES_STATIC,
                              .creation = CAMPAIGN_DONE,
                              .tiers = tiers,
                              .n_tiers = ARRAY_LEN(tiers) };
    struct campaign_write write = {
        .project_id = w->project, .mode = CAMPAIGN_CREATE, .given = &given, .arena = &w->arena
    };
    voucher_init(&given.voucher);
    for (size_t i = 0; i < ARRAY_LEN(tiers); i++) {
        tiers[i] = (struct tier){ .name = STR("T"),
                                  .banner = STR("B"),
                                  .hierarchy = (int64_t)i + 1,
                                  .terms = unit_voucher(NULL, 500 + (int)i) };
        tiers[i].terms.metadata = STR("{\"z\":1e2}");
    }
    unit_work(w->store, write_campaign, &write);
    assert_false(write.refused);
}

static int write_publication(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_publish(tx, arg, err);
}

/* A customer who has a voucher. */
static void make_publication(struct unit_world *w)
{
    const struct publication given = { .customer = { .source_id = STR("ann"),
                                                     .email = STR("ann@example.com"),
                                                     .address = STR("{\"city\":\"Oslo\"}"),
                                                     .metadata = STR("{\"z\":1e2}"),
                                                     .updated_ms = TIME_NONE },
                                       .voucher = STR("c"),
                                       .count = 1,
                                       .source_id = STR("p-1"),
                                       .channel = STR("API"),
                                       .metadata = STR("{\"m\":1}") };
    struct publish publish = { .project_id = w->project, .given = &given, .arena = &w->arena };
    unit_work(w->store, write_publication, &publish);
    assert_int_equal(publish.n, 1);
}

static int write_rule(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_rule_write(tx, arg, err);
}

static void make_rule(struct unit_world *w)
{
    const struct validation_rule given = { .body = STR("{\"name\":\"R\",\"rules\":{}}") };
    struct rule_write write = { .project_id = w->project, .given = &given };
    unit_work(w->store, write_rule, &write);
}

static int write_schema(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_metadata_schema_write(tx, arg, err);
}

static void make_schema(struct unit_world *w)
{
    struct json *body;
    struct metadata_schema_write write = { .project_id = w->project,
                                           .mode = METADATA_SCHEMA_CREATE,
                                           .object_or_id = STR("voucher"),
                                           .arena = &w->arena };
    MUST(json_parse(&w->arena,
                    STR("{\"allow_defined_only\":true,\"properties\":{\"a\":{\"type\":\"date\","
                        "\"array\":false,\"optional\":true}}}"),
                    &body, must));
    write.body = body;
    unit_work(w->store, write_schema, &write);
    write.mode = METADATA_SCHEMA_CHANGE; /* so that it has a time of that */
    unit_work(w->store, write_schema, &write);
}

static void fill(struct unit_world *w)
{
    static const struct unit_row rows[] = { { "a", 100, NULL },
                                            { "b", 2950, NULL },
                                            { NULL, 0, "Line 4: no code" },
                                            { "c", 300, NULL },
                                            { "d", 400, NULL } };
    const struct action done = unit_claimed_action(w->store, w->project);
    make_some(w);
    UNIT_IMPORT(w->store, &done, rows);
    make_gift(w);
    make_campaign(w);
    make_promotion(w);
    make_publication(w);
    make_rule(w);
    make_schema(w);
    struct action unfinished = waiting_action(w, false, "{\"code\":\"half-1\"}\n");
    struct action dry = waiting_action(w, true, "{}");
    begin_action(w, &unfinished);
    begin_action(w, &dry);
    struct voucher v = unit_voucher("a", 0);
    write_one(w, VOUCHER_TO_BIN, "a", &v);
    write_one(w, VOUCHER_ERASE, "b", &v); /* noted: an action before it is unfinished */
    unit_sql(w->url,
             arena_printf(&w->arena, "INSERT INTO erased_records VALUES (%lld, 5, 'h0a', %lld)",
                          (long long)w->project, (long long)dry.seq + 1));
    const struct action other = unit_claimed_action(w->store, w->other);
    UNIT_IMPORT(w->store, &other, rows);
}

/* ---- what is compared ---- */

/* Sums that would not be the same if a row, or a number in it, were not. */
static const char *const sums[] = {
    "SELECT sum(next) FROM sequences WHERE project_id = 1",
    "SELECT count(*) FROM sequences WHERE project_id = 1",
    "SELECT sum(n * length(resource)) FROM totals WHERE project_id = 1",
    "SELECT sum(id + version + subtracted) FROM vouchers WHERE project_id = 1",
    "SELECT count(recent) FROM vouchers WHERE project_id = 1",
    "SELECT sum(length(recent)) FROM vouchers WHERE project_id = 1",
    "SELECT sum(id + action_seq) FROM dry_vouchers WHERE project_id = 1",
    "SELECT sum(id + action_seq + length(body)) FROM dry_records",
    "SELECT sum(seq * length(code)) FROM erased WHERE project_id = 1",
    "SELECT sum(seq * resource * length(name)) FROM erased_records WHERE project_id = 1",
    "SELECT sum(length(fingerprint) + length(key) + action_seq) FROM idempotency",
    "SELECT sum(action_seq * length(data)) FROM inputs",
    "SELECT sum(id + amount + balance + total + length(reason)) FROM transactions",
    "SELECT sum(id + resource_key + length(resource_name)) FROM bin",
    "SELECT sum(id + length(name) + created_ms) FROM categories",
    "SELECT sum(id + version + length(name) + length(metadata) + length(code_config) + "
    "campaign_type "
    "* 7 + codes * 5 + active * 3 + creation * 2 + start_ms + value) FROM campaigns",
    "SELECT sum(id + campaign_id + hierarchy * 7 + active + type + value) FROM promotion_tiers",
    "SELECT sum(length(name) + length(banner) + length(metadata)) FROM promotion_tiers",
    "SELECT sum(id + version + length(source_id) + length(email) + length(address) + "
    "length(CAST(metadata AS TEXT))) FROM customers",
    "SELECT sum(id + customer_id + length(source_id) + length(metadata) + length(vouchers)) FROM "
    "publications",
    "SELECT sum(holder_id + publish_count) FROM vouchers",
    "SELECT sum(id + created_ms + updated_ms + allow_defined_only + length(related_object) + "
    "length(properties)) FROM "
    "metadata_schemas",
    "SELECT sum(id + created_ms + length(body)) FROM validation_rules",
    "SELECT sum(id + length(params)) FROM exports",
    "SELECT sum(length(token_hash) + length(name) + kind) FROM keys WHERE project_id = 1",
    "SELECT sum(length(token_hash) + expires_ms) FROM oauth_tokens",
    "SELECT sum(seq + kept + queue + lease_epoch + status * 9) FROM actions WHERE project_id = 1",
    "SELECT sum(\"row\" + length(reason)) FROM failures WHERE project_id = 1",
};

static const char *whole(struct store *s, struct arena *a, const char *url, int64_t project_id)
{
    struct buf b;
    buf_init(&b, 16 * MIB);
    buf_puts(&b, str_of(unit_dump(s, a, project_id, UNIT_DUMP_EXACT)));
    for (size_t i = 0; i < ARRAY_LEN(sums); i++)
        buf_printf(&b, "%s: %lld\n", sums[i], (long long)unit_sql(url, sums[i]));
    buf_putc(&b, '\0');
    const char *text = arena_printf(a, "%s", b.p);
    buf_release(&b);
    return text;
}

/* ---- copying ---- */

struct both {
    struct unit_world *w; /* the source */
    char url[640];
    struct store *to;
    struct store_copy copy;
    const char *want;
    bool in_target; /* the uploaded file */
    int carried, dropped;
};

static int carry(void *arg, struct str name, bool unfinished, bool *carried, struct err *err)
{
    struct both *b = arg;
    (void)err;
    (void)unfinished;
    assert_str(name, INPUT);
    b->carried++;
    b->in_target = true;
    *carried = true;
    return 0;
}

static int drop(void *arg, struct str name, struct err *err)
{
    struct both *b = arg;
    (void)err;
    assert_str(name, INPUT);
    b->dropped++;
    b->in_target = false;
    return 0;
}

static void close_both(struct both *b)
{
    store_close(b->w->store);
    store_close(b->to);
    b->w->store = b->to = NULL;
}

static void open_both(struct both *b)
{
    MUST(store_open(b->w->url, &copying, &b->w->store, must));
    MUST(store_open(b->url, &copying, &b->to, must));
    b->copy = (struct store_copy){ .from = b->w->store,
                                   .to = b->to,
                                   .project = STR("proj_one"),
                                   .portion_rows = 2,
                                   .carry_input = carry,
                                   .drop_input = drop,
                                   .arg = b };
}

static void reopen_both(struct both *b)
{
    close_both(b);
    open_both(b);
}

static void begin_at(struct both *b, struct unit_world *w, const char *name)
{
    *b = (struct both){ .w = w };
    unit_store_url(w->dir, name, b->url, sizeof(b->url));
    if (w->store != NULL)
        store_close(w->store);
    open_both(b);
    b->want = whole(w->store, &w->arena, w->url, w->project);
}

static void end(struct both *b)
{
    fault_disarm();
    close_both(b);
}

static enum copy_state look(struct both *b)
{
    MUST(store_copy_look(&b->copy, must));
    return b->copy.state;
}

/* To the end; and it is what it was there. */
static void copy_and_compare(struct both *b)
{
    MUST(store_copy_run(&b->copy, must));
    assert_string_equal(whole(b->to, &b->w->arena, b->url, b->w->project), b->want);
    assert_string_equal(whole(b->w->store, &b->w->arena, b->w->url, b->w->project), b->want);
    assert_true(b->in_target);
    assert_int_equal(look(b), COPY_THERE);
    assert_int_equal(unit_sql(b->url, "SELECT count(*) FROM meta WHERE name LIKE 'copy/%'"), 0);
}

/* One call fails; true when there was none to fail any more. */
static bool copy_until(struct both *b, enum fault_kind kind, size_t nth)
{
    struct err err = { 0 };
    fault_arm(kind, nth, false);
    const int rc = store_copy_run(&b->copy, &err);
    const size_t hits = fault_disarm();
    if (rc == 0)
        return hits == 0;
    assert_true(hits > 0);
    return false;
}

static void stop_at_dry_runs(void *arg, const struct store_copy *c)
{
    (void)arg;
    if (str_is(str_of(c->doing), "vouchers of dry runs"))
        fault_arm(FAULT_STORE, 1, false);
}

/* All rows are there, and its actions; what makes them live is not. */
static void copy_half(struct both *b)
{
    struct err err = { 0 };
    b->copy.on_portion = stop_at_dry_runs;
    assert_int_equal(store_copy_run(&b->copy, &err), -1);
    assert_int_equal(fault_disarm(), 1);
    b->copy.on_portion = NULL;
}

struct removal {
    struct str public_id;
    int64_t id;
    struct arena *arena;
    struct purged purged;
};

static int delete_one(struct store_tx *tx, void *arg, struct err *err)
{
    struct removal *r = arg;
    return store_tx_project_delete(tx, r->public_id, T0, &r->id, err);
}

static int purge(struct store_tx *tx, void *arg, struct err *err)
{
    struct removal *r = arg;
    return store_tx_project_purge(tx, r->id, 1000, r->arena, &r->purged, err);
}

static void remove_from_target(struct both *b)
{
    struct removal r = { .public_id = STR("proj_one"), .arena = &b->w->arena };
    unit_work(b->to, delete_one, &r);
    do
        unit_work(b->to, purge, &r);
    while (r.purged.more);
    b->in_target = false;
}

/* ---- tests ---- */

static void copied_project_is_the_same_there(void **state)
{
    struct both b;
    begin_at(&b, *state, "to");
    assert_int_equal(look(&b), COPY_NEW);
    assert_true(b.copy.takes_secret);
    copy_and_compare(&b);
    assert_memory_equal(store_secret(b.to)->key, store_secret(b.w->store)->key, ID_SECRET_BYTES);
    assert_int_equal(b.copy.inputs, 1);
    assert_int_equal(b.copy.rows[0],
                     unit_sql(b.w->url, "SELECT count(*) FROM vouchers WHERE project_id = 1"));
    end(&b);
}

static void copied_project_goes_on_behind_its_numbers(void **state)
{
    struct both b;
    struct project_key *key = NULL;
    struct project *p = NULL;
    begin_at(&b, *state, "to");
    copy_and_compare(&b);
    const int64_t seq = unit_sql(b.w->url, "SELECT next FROM sequences WHERE name = 'seq'");
    const int64_t voucher = unit_sql(b.w->url, "SELECT max(id) FROM vouchers WHERE project_id = 1");
    close_both(&b);
    MUST(store_open(b.url, &serving, &b.to, must));
    MUST(store_find_key(b.to, &b.w->arena, STR("app-one"), &key, &p, must));
    assert_int_equal(p->id, b.w->project);
    assert_true(unit_action(b.to, p->id, T0).seq >= seq);
    struct voucher v = unit_voucher("new", 100);
    assert_int_equal(unit_create(b.to, p->id, &v), OUTCOME_CREATED);
    assert_true(unit_find(b.to, &b.w->arena, p->id, "new")->key > voucher);
    assert_true(unit_project(b.to, "third") > p->id);
    end(&b);
}

static void go_on_after_any(struct unit_world *w, enum fault_kind kind)
{
    struct both b;
    bool through = false;
    begin_at(&b, w, "to");
    for (size_t nth = 1; !through; nth++) {
        through = copy_until(&b, kind, nth);
        if (nth % 8 == 0)
            reopen_both(&b);
        if (!through && look(&b) != COPY_THERE)
            copy_and_compare(&b);
        if (unit_sql(b.url, "SELECT count(*) FROM projects") > 0)
            remove_from_target(&b);
    }
    end(&b);
}

static void copy_goes_on_after_any_failure(void **state)
{
    go_on_after_any(*state, FAULT_STORE);
}

static void copy_goes_on_when_memory_was_short(void **state)
{
    UNIT_SQLITE_ONLY(); /* thousands of allocations: each would be another connection's */
    go_on_after_any(*state, FAULT_ALLOC);
}

static void copy_into_an_empty_store_goes_on_after_any_failure(void **state)
{
    struct both b;
    bool begun = false;
    for (size_t nth = 1; !begun; nth++) {
        begin_at(&b, *state, "to");
        assert_false(copy_until(&b, FAULT_STORE, nth));
        begun = unit_sql(b.url, "SELECT count(*) FROM projects") > 0;
        reopen_both(&b);
        copy_and_compare(&b);
        end(&b);
        unit_store_clear(b.url);
    }
}

static int retain(struct store_tx *tx, void *arg, struct err *err)
{
    struct removal *r = arg;
    return store_tx_retention(tx, INT64_MAX, 1, 1000, r->arena, &r->purged, err);
}

static void half_copied_project_is_seen_by_nobody_and_left_alone(void **state)
{
    struct both b;
    struct project_key *key = NULL;
    struct project *p = NULL;
    struct queue_id *queues = NULL;
    size_t n = 0;
    begin_at(&b, *state, "to");
    copy_half(&b);
    close_both(&b);
    MUST(store_open(b.url, &serving, &b.to, must));
    struct removal r = { .arena = &b.w->arena };
    MUST(store_find_key(b.to, &b.w->arena, STR("app-one"), &key, &p, must));
    assert_null(key);
    MUST(store_list_queues(b.to, &b.w->arena, &queues, &n, must));
    assert_int_equal(n, 0);
    MUST(store_find_project(b.to, &b.w->arena, STR("proj_one"), &p, must));
    assert_int_equal(p->deleted_ms, PROJECT_COPYING);
    assert_true(unit_project(b.to, "third") > p->id);
    const int64_t erased = unit_sql(b.url, "SELECT count(*) FROM erased");
    assert_int_equal(unit_sql(b.url, "SELECT count(*) FROM erased_records"), 1);
    const int64_t dry = unit_sql(b.url, "SELECT count(*) FROM dry_vouchers");
    assert_true(erased > 0 && dry > 0);
    unit_work(b.to, retain, &r);
    assert_int_equal(unit_sql(b.url, "SELECT count(*) FROM erased"), erased);
    assert_int_equal(unit_sql(b.url, "SELECT count(*) FROM erased_records"), 1);
    assert_int_equal(unit_sql(b.url, "SELECT count(*) FROM dry_vouchers"), dry);
    end(&b);
}

static void copy_begins_again_when_the_source_was_served(void **state)
{
    struct both b;
    struct voucher v = unit_voucher("late", 100);
    begin_at(&b, *state, "to");
    copy_half(&b);
    assert_int_equal(look(&b), COPY_GOES_ON);
    close_both(&b);
    MUST(store_open(b.w->url, &serving, &b.w->store, must));
    assert_int_equal(unit_create(b.w->store, b.w->project, &v), OUTCOME_CREATED);
    close_both(&b);
    open_both(&b);
    b.want = whole(b.w->store, &b.w->arena, b.w->url, b.w->project);
    assert_int_equal(look(&b), COPY_BEGINS_AGAIN);
    copy_and_compare(&b);
    assert_int_equal(b.dropped, 1);
    end(&b);
}

static void half_copied_project_can_be_deleted(void **state)
{
    struct both b;
    begin_at(&b, *state, "to");
    copy_half(&b);
    remove_from_target(&b);
    assert_int_equal(unit_sql(b.url, "SELECT count(*) FROM projects"), 0);
    assert_int_equal(unit_sql(b.url, "SELECT count(*) FROM actions"), 0);
    assert_int_equal(look(&b), COPY_NEW);
    copy_and_compare(&b);
    end(&b);
}

static void copy_of_one_that_is_deleted_meanwhile_ends(void **state)
{
    struct both b;
    struct err err = { 0 };
    begin_at(&b, *state, "to");
    copy_half(&b);
    struct removal r = { .public_id = STR("proj_one") };
    unit_work(b.to, delete_one, &r);
    assert_int_equal(store_copy_run(&b.copy, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "it is being deleted there"));
    end(&b);
}

/* The message of the refusal. */
static void refused(struct both *b, enum err_code code, const char *why)
{
    struct err err = { 0 };
    assert_int_equal(store_copy_look(&b->copy, &err), -1);
    assert_int_equal(err.code, code);
    if (strstr(err.msg, why) == NULL)
        fail_msg("'%s' is not in: %s", why, err.msg);
    assert_int_equal(store_copy_run(&b->copy, &err), -1);
    assert_int_equal(err.code, code);
}

static void what_would_mix_projects_is_refused(void **state)
{
    struct both b;
    char sql[128];
    begin_at(&b, *state, "to");
    refused((b.copy.project = STR("proj_none"), &b), ERR_NOT_FOUND, "there is no project");
    b.copy.project = STR("proj_one");
    unit_project(b.to, "two");
    refused(&b, ERR_CONFLICT, "made with another secret");
    memcpy(((struct store_base *)(void *)b.to)->secret.key, store_secret(b.w->store)->key,
           ID_SECRET_BYTES);
    refused(&b, ERR_CONFLICT, "another project has its number");
    unit_sql(b.url, "UPDATE projects SET id = 77");
    unit_sql(b.url, "UPDATE keys SET project_id = 77");
    assert_int_equal(look(&b), COPY_NEW);
    unit_sql(b.url, "UPDATE keys SET app_id = 'app-one' WHERE kind = 1");
    refused(&b, ERR_CONFLICT, "application ids");
    unit_sql(b.url, "UPDATE keys SET app_id = 'app-two' WHERE kind = 1");
    unit_action(b.to, 77, T0);
    snprintf(sql, sizeof(sql), "UPDATE actions SET seq = %lld",
             (long long)unit_sql(b.w->url, "SELECT max(seq) FROM actions WHERE project_id = 1"));
    unit_sql(b.url, sql);
    refused(&b, ERR_CONFLICT, "sequence numbers");
    unit_sql(b.url, "UPDATE projects SET public_id = 'proj_one'");
    refused(&b, ERR_CONFLICT, "with another number");
    end(&b);
}

static void second_project_goes_beside_the_first(void **state)
{
    struct both b;
    begin_at(&b, *state, "to");
    copy_and_compare(&b);
    b.copy.project = STR("proj_two");
    assert_int_equal(look(&b), COPY_NEW);
    assert_false(b.copy.takes_secret);
    MUST(store_copy_run(&b.copy, must));
    assert_string_equal(unit_dump(b.to, &b.w->arena, b.w->other, UNIT_DUMP_EXACT),
                        unit_dump(b.w->store, &b.w->arena, b.w->other, UNIT_DUMP_EXACT));
    assert_string_equal(unit_dump(b.to, &b.w->arena, b.w->project, UNIT_DUMP_EXACT),
                        unit_dump(b.w->store, &b.w->arena, b.w->project, UNIT_DUMP_EXACT));
    end(&b);
}

static void store_is_copied_by_one_and_served_by_nobody_meanwhile(void **state)
{
    struct both b;
    struct store *second = NULL;
    struct err err = { 0 };
    begin_at(&b, *state, "to");
    assert_int_equal(store_open(b.w->url, &serving, &second, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    assert_int_equal(store_open(b.url, &copying, &second, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    end(&b);
}

static void store_tells_the_versions_of_its_schema(void **state)
{
    struct both b;
    int64_t before = -1;
    begin_at(&b, *state, "to");
    const int64_t now = store_schema(b.to, &before);
    assert_true(now > 0);
    assert_int_equal(before, 0);
    reopen_both(&b);
    assert_int_equal(store_schema(b.to, &before), now);
    assert_int_equal(before, now);
    end(&b);
}

static int setup(void **state)
{
    if (unit_world_setup(state) != 0)
        return -1;
    fill(*state);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, unit_world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(copied_project_is_the_same_there),
        TEST(copied_project_goes_on_behind_its_numbers),
        TEST(copy_goes_on_after_any_failure),
        TEST(copy_goes_on_when_memory_was_short),
        TEST(copy_into_an_empty_store_goes_on_after_any_failure),
        TEST(half_copied_project_is_seen_by_nobody_and_left_alone),
        TEST(copy_begins_again_when_the_source_was_served),
        TEST(half_copied_project_can_be_deleted),
        TEST(copy_of_one_that_is_deleted_meanwhile_ends),
        TEST(what_would_mix_projects_is_refused),
        TEST(second_project_goes_beside_the_first),
        TEST(store_is_copied_by_one_and_served_by_nobody_meanwhile),
        TEST(store_tells_the_versions_of_its_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
