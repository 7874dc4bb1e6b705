/* SPDX-License-Identifier: MIT */
/*
 * test_store_contract.c - what store.h promises, for every backend.
 *
 * Every test runs once for each row of `backends`; a difference is a bug in one of them. What
 * differs by nature (how to make a store with a newer schema) is a function in the row.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/time_iso.h"
#include "support/unit_store.h"

#define T0 INT64_C(1700000000000) /* a time; ids of actions begin with 2015 */

struct backend {
    const char *name;
    void (*make_url)(const char *dir, const char *name, char *url, size_t size);
    const char *knows;                   /* versions of the schema */
    void (*make_newer)(const char *url); /* gives a closed store a schema of the future */
};

static void make_url(const char *dir, const char *name, char *url, size_t size)
{
    unit_store_url(dir, name, url, size);
}

static void sqlite_make_newer(const char *url)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(strchr(url, ':') + 1, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 4711", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void postgres_make_newer(const char *url)
{
    unit_sql(url, "INSERT INTO schema_versions VALUES (4711, 0)");
}

static const struct backend sqlite = {
    .name = "sqlite", .knows = "14", .make_url = make_url, .make_newer = sqlite_make_newer
};
static const struct backend postgres = {
    .name = "postgresql", .knows = "14", .make_url = make_url, .make_newer = postgres_make_newer
};

/* ---- a store of its own for every test ---- */

struct world {
    const struct backend *backend;
    char *dir;
    char url[600];
    struct store *store;
    struct arena arena;
    int64_t project, other; /* two projects */
};

static const struct store_config serving = { .serving = true, .readers = 3 };
static const struct store_config beside = { .serving = false };

static int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->backend = *state;
    w->dir = unit_dir_make();
    w->backend->make_url(w->dir, "store", w->url, sizeof(w->url));
    arena_init(&w->arena, 64 * KIB, 0);
    MUST(store_open(w->url, &serving, &w->store, must));
    w->project = unit_project(w->store, "one");
    w->other = unit_project(w->store, "two");
    *state = w;
    return 0;
}

static int world_teardown(void **state)
{
    struct world *w = *state;
    store_close(w->store);
    arena_release(&w->arena);
    unit_dir_remove(w->dir);
    free(w);
    return 0;
}

static void world_reopen(struct world *w)
{
    store_close(w->store);
    w->store = NULL;
    MUST(store_open(w->url, &serving, &w->store, must));
}

static struct action reload(struct world *w, const struct action *ac)
{
    return unit_reload(w->store, &w->arena, ac);
}

static const char *dump(struct world *w, int64_t project, unsigned flags)
{
    return unit_dump(w->store, &w->arena, project, flags);
}

/* ---- opening ---- */

static void store_url_that_names_no_store_is_refused(void **state)
{
    (void)state;
    static const char *const urls[] = { "", "sqlite", "sqlite:", "mysql:x", "SQLITE:x", ":x" };
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct store *s = NULL;
        struct err err = { 0 };
        assert_int_equal(store_open(urls[i], &serving, &s, &err), -1);
        assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
        assert_null(s);
    }
    store_close(NULL);
}

static void store_that_cannot_be_made_says_so(void **state)
{
    UNIT_SQLITE_ONLY(); /* a database server makes no databases */
    struct world *w = *state;
    struct store *s = NULL;
    struct err err = { 0 };
    char url[600];
    w->backend->make_url(w->dir, "no/such/parent/store", url, sizeof(url));
    assert_int_equal(store_open(url, &beside, &s, &err), -1);
    assert_non_null(strstr(err.msg, "no/such/parent/store"));
}

static void store_makes_its_own_directory(void **state)
{
    UNIT_SQLITE_ONLY();
    struct world *w = *state;
    struct store *s = NULL;
    char url[600];
    w->backend->make_url(w->dir, "data/store", url, sizeof(url));
    MUST(store_open(url, &serving, &s, must));
    MUST(store_ping(s, must));
    store_close(s);
}

static void store_of_a_newer_program_is_refused_and_left_alone(void **state)
{
    struct world *w = *state;
    struct store *s = NULL;
    struct err err = { 0 };
    store_close(w->store);
    w->store = NULL;
    w->backend->make_newer(w->url);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_open(w->url, i == 0 ? &serving : &beside, &s, &err), -1);
        assert_int_equal(err.code, ERR_STORE);
        assert_non_null(strstr(
            err.msg, arena_printf(&w->arena,
                                  "has schema version 4711, this program knows %s; use a newer "
                                  "longshore",
                                  w->backend->knows)));
    }
}

static void store_is_served_by_one_process_at_a_time(void **state)
{
    struct world *w = *state;
    struct store *second = NULL;
    struct err err = { 0 };
    assert_int_equal(store_open(w->url, &serving, &second, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(strstr(err.msg, "another longshore process is serving"));
    world_reopen(w);
}

static int find_project(struct store *s, struct arena *a, const char *app_id, struct project **p)
{
    struct project_key *key = NULL;
    MUST(store_find_key(s, a, str_of(app_id), &key, p, must));
    assert_int_equal(key != NULL, *p != NULL);
    return *p != NULL;
}

/* `longshore project create` beside the running server. */
static void store_shows_at_once_what_another_process_writes(void **state)
{
    struct world *w = *state;
    struct store *second = NULL;
    struct project *p = NULL;
    MUST(store_open(w->url, &beside, &second, must));
    assert_false(find_project(w->store, &w->arena, "app-three", &p));
    const int64_t id = unit_project(second, "three");
    assert_true(find_project(w->store, &w->arena, "app-three", &p));
    assert_int_equal(p->id, id);
    unit_project(w->store, "four");
    assert_true(find_project(second, &w->arena, "app-four", &p));
    assert_memory_equal(store_secret(second)->key, store_secret(w->store)->key, ID_SECRET_BYTES);
    store_close(second);
}

static void store_reopened_finds_everything(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = {
        { "A", 100, NULL }, { "", 0, "Code is required" }, { "B", 5, NULL }, { "A", 7, NULL }
    };
    const struct id_secret secret = *store_secret(w->store);
    struct action ac = unit_claimed_action(w->store, w->project);
    UNIT_IMPORT(w->store, &ac, rows);
    unit_claimed_action(w->store, w->other);
    const char *one = dump(w, w->project, UNIT_DUMP_EXACT);
    const char *two = dump(w, w->other, UNIT_DUMP_EXACT);
    world_reopen(w);
    assert_string_equal(dump(w, w->project, UNIT_DUMP_EXACT), one);
    assert_string_equal(dump(w, w->other, UNIT_DUMP_EXACT), two);
    assert_memory_equal(store_secret(w->store)->key, secret.key, sizeof(secret.key));
    const struct action next = unit_action(w->store, w->project, 1);
    assert_true(next.seq > ac.seq + 1); /* numbers are never used twice */
}

static void store_that_is_well_answers_a_ping(void **state)
{
    struct world *w = *state;
    struct store_stats before, after;
    MUST(store_ping(w->store, must));
    store_stats(w->store, &before);
    unit_action(w->store, w->project, 1);
    store_stats(w->store, &after);
    assert_int_equal(after.commits, before.commits + 1);
    assert_true(after.busy_us >= before.busy_us && after.commit_us >= before.commit_us);
}

/* ---- projects ---- */

static void project_is_found_by_its_application_id(void **state)
{
    struct world *w = *state;
    struct project *p = NULL;
    unsigned char hash[ID_HASH_BYTES];
    assert_true(find_project(w->store, &w->arena, "app-two", &p));
    assert_int_equal(p->id, w->other);
    assert_str(p->public_id, "proj_two");
    assert_str(p->name, "two");
    assert_int_equal(p->created_ms, 1000);
    assert_int_equal(p->deleted_ms, TIME_NONE);
    struct project_key *app = NULL, *management = NULL;
    MUST(store_find_key(w->store, &w->arena, STR("app-two"), &app, &p, must));
    assert_str(app->app_id, "app-two");
    assert_int_equal(app->kind, KEY_APP);
    id_hash_token(STR("two"), hash);
    assert_memory_equal(app->token_hash, hash, ID_HASH_BYTES);
    MUST(store_find_key(w->store, &w->arena, STR("management-two"), &management, &p, must));
    assert_int_equal(management->kind, KEY_MANAGEMENT);
    id_hash_token(STR("app-two"), hash);
    assert_memory_equal(management->token_hash, hash, ID_HASH_BYTES);
    static const char *const absent[] = { "", "two", "APP-TWO", "proj_two", "app-two " };
    for (size_t i = 0; i < ARRAY_LEN(absent); i++)
        assert_false(find_project(w->store, &w->arena, absent[i], &p));
}

struct project_and_key {
    struct project project;
    struct project_key key;
};

static int insert_project(struct store_tx *tx, void *arg, struct err *err)
{
    struct project_and_key *n = arg;
    if (store_tx_project_insert(tx, &n->project, err) < 0)
        return -1;
    n->key.project_id = n->project.id;
    return store_tx_key_insert(tx, &n->key, err);
}

static void project_with_a_taken_id_is_a_duplicate(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *public_id, *app_id;
    } cases[] = { { "proj_one", "new" },
                  { "proj_new", "app-one" },
                  { "proj_new", "management-one" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = { 0 };
        struct project *found = NULL;
        struct project_and_key n = {
            .project = { .public_id = str_of(cases[i].public_id), .name = STR("new") },
            .key = { .app_id = str_of(cases[i].app_id), .kind = KEY_APP, .name = STR("new") }
        };
        assert_int_equal(store_work_wait(w->store, insert_project, &n, &err), -1);
        assert_int_equal(err.code, ERR_DUPLICATE);
        assert_false(find_project(w->store, &w->arena, "new", &found));
        MUST(store_find_project(w->store, &w->arena, STR("proj_new"), &found, must));
        assert_null(found);
    }
}

/* ---- actions ---- */

static void action_is_stored_as_given_and_enqueued(void **state)
{
    struct world *w = *state;
    const struct action ac = unit_action(w->store, w->project, T0);
    const struct action got = reload(w, &ac);
    assert_int_equal(got.seq, ac.seq);
    assert_int_equal(got.project_id, w->project);
    assert_int_equal(got.kind, UNIT_KIND);
    assert_int_equal(got.created_ms, T0);
    assert_int_equal(got.updated_ms, T0);
    assert_int_equal(ac.updated_ms, T0);
    assert_int_equal(got.input_bytes, 1000);
    assert_int_equal(got.status, ACTION_ENQUEUED);
    assert_int_equal(got.progress, 0);
    assert_int_equal(action_rows(&got), 0);
    assert_false(action_is_finished(&got));
    assert_str(got.request_id, "v-0b45cee140c3c9b5ca");
    assert_str(got.input, "0123456789abcdefghijABCD");
    assert_str(got.params, "{}");
    assert_null(got.message.p);
}

static void action_numbers_rise_over_all_projects(void **state)
{
    struct world *w = *state;
    int64_t last = 0;
    for (int i = 0; i < 10; i++) {
        const struct action ac = unit_action(w->store, i % 2 ? w->project : w->other, T0 - i);
        assert_true(ac.seq > last);
        last = ac.seq;
    }
}

static void action_is_found_in_its_project_only(void **state)
{
    struct world *w = *state;
    const struct action ac = unit_action(w->store, w->project, T0);
    struct action *found = NULL;
    char id[ID_MAX_LEN], wrong_time[ID_MAX_LEN];
    unit_public_id(w->store, &ac, id);
    id_encode_action(store_secret(w->store), ac.seq, T0 + 1, wrong_time);
    const struct {
        int64_t project;
        const char *id;
        bool there;
    } cases[] = {
        { w->project, id, true },          { w->other, id, false },
        { w->project, wrong_time, false }, { w->project, "aa_0adad13d6f057f088e", false },
        { w->project, "", false },         { w->project, "nonsense", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        MUST(store_find_action(w->store, &w->arena, cases[i].project, str_of(cases[i].id), &found,
                               must));
        assert_int_equal(found != NULL, cases[i].there);
    }
}

static int claim(struct store_tx *tx, void *arg, struct err *err)
{
    struct action *ac = arg;
    return store_tx_action_claim(tx, ac->seq, ac, err);
}

static void claim_gives_a_new_epoch_each_time(void **state)
{
    struct world *w = *state;
    struct action ac = unit_action(w->store, w->project, T0);
    for (int64_t epoch = 1; epoch < 4; epoch++) {
        unit_claim(w->store, &ac);
        assert_int_equal(ac.lease_epoch, epoch);
        assert_int_equal(ac.status, ACTION_IN_PROGRESS);
        const struct action stored = reload(w, &ac);
        assert_int_equal(stored.lease_epoch, epoch);
        assert_int_equal(stored.status, ACTION_IN_PROGRESS);
        assert_true(stored.updated_ms >= T0 && stored.updated_ms == ac.updated_ms);
    }
    assert_str(ac.params, "{}");
}

static void claim_of_an_action_that_has_ended_or_never_was_is_not_found(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL } };
    struct action ended = unit_claimed_action(w->store, w->project);
    UNIT_IMPORT(w->store, &ended, rows);
    struct action unknown = { .seq = ended.seq + 100 };
    struct action *cases[] = { &ended, &unknown };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = { 0 };
        assert_int_equal(store_work_wait(w->store, claim, cases[i], &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
    }
}

static void list_page(struct world *w, struct action_page *page, struct action **out, size_t *n,
                      bool *more)
{
    MUST(store_list_actions(w->store, &w->arena, w->project, page, out, n, more, must));
}

static struct action_page first_page(int limit)
{
    return (struct action_page){
        .before_ms = INT64_MAX, .before_seq = INT64_MAX, .before_seq_ms = INT64_MAX, .limit = limit
    };
}

/* Times repeat and do not rise with the numbers: the order is by time, then by number. */
static void actions_are_listed_newest_first_without_gap_or_repeat(void **state)
{
    struct world *w = *state;
    enum { N = 23 };
    for (int i = 0; i < N; i++) {
        unit_action(w->store, w->project, T0 + i * 7 % 5);
        unit_action(w->store, w->other, T0);
    }
    for (int limit = 1; limit <= N + 1; limit++) {
        struct action_page page = first_page(limit);
        struct action *rows, last = { .created_ms = INT64_MAX };
        size_t n, seen = 0;
        bool more = true;
        while (more) {
            list_page(w, &page, &rows, &n, &more);
            assert_int_equal(n, more ? (size_t)limit : n);
            for (size_t i = 0; i < n; i++, seen++) {
                assert_true(rows[i].created_ms < last.created_ms ||
                            (rows[i].created_ms == last.created_ms && rows[i].seq < last.seq));
                assert_int_equal(rows[i].project_id, w->project);
                last = rows[i];
            }
            page.before_seq = last.seq;
            page.before_seq_ms = last.created_ms;
        }
        assert_int_equal(seen, N);
    }
}

static void actions_are_listed_before_a_time(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 5; i++)
        unit_action(w->store, w->project, T0 + i);
    for (int64_t before_ms = T0 - 1; before_ms <= T0 + 6; before_ms++) {
        struct action_page page = first_page(10);
        struct action *rows;
        size_t n;
        bool more;
        page.before_ms = before_ms;
        list_page(w, &page, &rows, &n, &more);
        const int64_t want = before_ms - T0;
        assert_int_equal(n, want < 0 ? 0 : want > 5 ? 5 : want);
        assert_false(more);
    }
}

static void unfinished_actions_are_listed_by_queue_oldest_first(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL } };
    const struct action first = unit_action(w->store, w->project, T0 + 4000);
    struct action ended = unit_claimed_action(w->store, w->project);
    const struct action running = unit_claimed_action(w->store, w->other);
    struct action *list = NULL;
    size_t n = 0;
    const struct action last = unit_action(w->store, w->project, T0 + 4000);
    struct queue_id q = { .project_id = w->project, .queue = QUEUE_VOUCHERS }, *queues = NULL;
    UNIT_IMPORT(w->store, &ended, rows);
    MUST(store_list_queue(w->store, &w->arena, &q, 0, 10, SIZE_MAX, &list, &n, must));
    assert_int_equal(n, 2);
    assert_int_equal(list[0].seq, first.seq);
    assert_int_equal(list[1].seq, last.seq);
    assert_str(list[1].params, "{}");
    MUST(store_list_queue(w->store, &w->arena, &q, first.seq, 10, SIZE_MAX, &list, &n, must));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].seq, last.seq);
    MUST(store_list_queue(w->store, &w->arena, &q, 0, 1, SIZE_MAX, &list, &n, must));
    assert_int_equal(n, 1);
    q.project_id = w->other;
    MUST(store_list_queue(w->store, &w->arena, &q, 0, 10, SIZE_MAX, &list, &n, must));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].seq, running.seq);
    MUST(store_list_queues(w->store, &w->arena, &queues, &n, must));
    assert_int_equal(n, 2);
}

/* What an ordered action waits for: the first unfinished one of another discipline. */
static void first_unfinished_action_of_another_discipline_is_found(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL } };
    const struct queue_id ordered = { w->project, QUEUE_VOUCHERS, DISCIPLINE_ORDERED };
    const struct queue_id shared = { w->project, QUEUE_VOUCHERS, DISCIPLINE_SHARED };
    int64_t seq = 0;
    MUST(store_first_unfinished(w->store, &ordered, &seq, must));
    assert_true(seq == INT64_MAX);
    struct action running = unit_claimed_action(w->store, w->project);
    unit_action(w->store, w->other, T0);
    MUST(store_first_unfinished(w->store, &ordered, &seq, must));
    assert_int_equal(seq, running.seq);
    MUST(store_first_unfinished(w->store, &shared, &seq, must));
    assert_true(seq == INT64_MAX);
    UNIT_IMPORT(w->store, &running, rows);
    MUST(store_first_unfinished(w->store, &ordered, &seq, must));
    assert_true(seq == INT64_MAX);
}

static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_action_insert(tx, arg, err);
}

static void inputs_of_all_actions_are_listed_finished_or_not(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL } };
    struct action ac = unit_claimed_action(w->store, w->project);
    struct action none = { .project_id = w->other, .request_id = STR("v-1"), .params = STR("{}") };
    struct str *names = NULL;
    size_t n = 0;
    UNIT_IMPORT(w->store, &ac, rows);
    unit_work(w->store, insert_action, &none);
    MUST(store_list_inputs(w->store, &w->arena, &names, &n, must));
    assert_int_equal(n, 1);
    assert_str(names[0], "0123456789abcdefghijABCD");
}

/* ---- single vouchers ---- */

static struct voucher full_voucher(void)
{
    struct voucher v = unit_voucher("FULL \"quoted\" \xC3\xA9/%", 0);
    v.value = (struct num){ .d = 12.5 };
    v.discount_type = DISCOUNT_PERCENT;
    v.effect = EFFECT_ITEMS;
    v.active = false;
    v.start_ms = 0;
    v.expiration_ms = INT64_C(253402300799999);
    v.quantity = 0;
    v.redeemed_quantity = 3;
    v.redeemed_amount = INT64_C(1) << 60;
    v.category = STR("");
    v.additional_info = STR("line\nline");
    v.rule = STR("val_1");
    v.discount_extra = STR("{\"percent_off_formula\":\"X\"}");
    v.metadata = STR("{\"a.b\":\"\xE2\x82\xAC\"}");
    v.set = ~0u;
    return v;
}

static void voucher_keeps_every_field_as_it_was_given(void **state)
{
    struct world *w = *state;
    struct voucher full = full_voucher(), plain = unit_voucher("PLAIN", 29900);
    plain.set &= ~(uint32_t)VF_VALUE; /* no value at all, which is not 0 */
    const int64_t before_ms = time_now_ms();
    assert_int_equal(unit_create(w->store, w->project, &full), OUTCOME_CREATED);
    assert_int_equal(unit_create(w->store, w->project, &plain), OUTCOME_CREATED);
    assert_string_equal(
        dump(w, w->project, UNIT_DUMP_VALUES),
        "voucher FULL \"quoted\" \xC3\xA9/% type=1 discount=2 effect=2 active=0 value=12.5 start=0 "
        "end=253402300799999 quantity=0 redeemed=3 amount=1152921504606846976 category='' "
        "info='line\nline' rule='val_1' extra='{\"percent_off_formula\":\"X\"}' "
        "metadata='{\"a.b\":\"\xE2\x82\xAC\"}' changed=0\n"
        "voucher PLAIN type=1 discount=1 effect=0 active=1 value= start=-9223372036854775808 "
        "end=-9223372036854775808 quantity=-1 redeemed=0 amount=0 changed=0\n"
        "total 2, listed 2\n");
    const struct voucher *v = unit_find(w->store, &w->arena, w->project, "PLAIN");
    assert_true(v->created_ms >= before_ms && v->created_ms <= time_now_ms());
    assert_int_equal(v->key, plain.key);
    assert_int_equal(v->created_ms, plain.created_ms);
    assert_int_equal(v->version, plain.version);
}

/* An integer stays one, a fraction keeps its digits, whatever the column's type makes of them. */
static void voucher_value_is_the_same_number(void **state)
{
    struct world *w = *state;
    static const char *const numbers[] = {
        "0",   "1",     "9007199254740993",   "9223372036854775807",
        "0.1", "29.99", "33.333333333333336", "1e-7"
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        struct num n;
        struct voucher v = unit_voucher(numbers[i], 0);
        assert_true(num_parse(str_of(numbers[i]), &n));
        v.value = n;
        unit_create(w->store, w->project, &v);
        const struct num got = unit_find(w->store, &w->arena, w->project, numbers[i])->value;
        assert_int_equal(got.is_int, n.is_int);
        assert_true(num_eq(got, n));
    }
}

static void voucher_whose_code_is_taken_fails_and_changes_nothing(void **state)
{
    struct world *w = *state;
    struct voucher first = unit_voucher("A", 100), second = unit_voucher("A", 200);
    assert_int_equal(unit_create(w->store, w->project, &first), OUTCOME_CREATED);
    const char *before = dump(w, w->project, UNIT_DUMP_EXACT);
    assert_int_equal(unit_create(w->store, w->project, &second), OUTCOME_FAILED);
    assert_string_equal(dump(w, w->project, UNIT_DUMP_EXACT), before);
    struct voucher elsewhere = unit_voucher("A", 300), other_case = unit_voucher("a", 300);
    assert_int_equal(unit_create(w->store, w->other, &elsewhere), OUTCOME_CREATED);
    assert_int_equal(unit_create(w->store, w->project, &other_case), OUTCOME_CREATED);
}

static struct voucher *look_for(struct world *w, int64_t project, const char *code_or_id)
{
    struct voucher *v = NULL;
    MUST(store_find_voucher(w->store, &w->arena, project, str_of(code_or_id), &v, must));
    return v;
}

static void voucher_is_found_by_id_and_by_code_in_its_project_only(void **state)
{
    struct world *w = *state;
    struct voucher a = unit_voucher("A", 1), b;
    char id[ID_MAX_LEN];
    unit_create(w->store, w->project, &a);
    id_encode(store_secret(w->store), ID_VOUCHER, a.key, id);
    assert_int_equal(look_for(w, w->project, id)->key, a.key);
    assert_int_equal(look_for(w, w->project, "A")->key, a.key);
    assert_null(look_for(w, w->other, id));
    assert_null(look_for(w, w->other, "A"));
    assert_null(look_for(w, w->project, ""));
    assert_null(look_for(w, w->project, "a"));

    b = unit_voucher(id, 2); /* a code that is another one's id: the id comes first */
    unit_create(w->store, w->project, &b);
    assert_int_equal(look_for(w, w->project, id)->key, a.key);
    b = unit_voucher(id, 3);
    unit_create(w->store, w->other, &b);
    assert_int_equal(look_for(w, w->other, id)->key, b.key);
}

/* ---- lists of vouchers ---- */

static const char *const listed_codes[] = { "b", "B",  "10", "9", "\xC3\xA9", "a b",
                                            "a", "aa", "A",  "z", "~",        "b\xC3\xA9" };

static void create_listed(struct world *w)
{
    for (size_t i = 0; i < ARRAY_LEN(listed_codes); i++) {
        struct voucher v = unit_voucher(listed_codes[i], 1), same = v;
        unit_create(w->store, w->project, &v);
        unit_create(w->store, w->other, &same);
    }
}

/* "a precedes b" in this order. */
static bool precedes(enum voucher_order order, const struct voucher *a, const struct voucher *b)
{
    switch (order) {
    case VOUCHER_OLDEST_FIRST:
        return a->key < b->key;
    case VOUCHER_NEWEST_FIRST:
        return a->key > b->key;
    case VOUCHER_BY_CODE:
        return str_cmp(a->code, b->code) < 0;
    case VOUCHER_BY_CODE_DESC:
        return str_cmp(a->code, b->code) > 0;
    default: /* by change: see the tests of filters */
        break;
    }
    return false;
}

static void walk_list(struct world *w, enum voucher_order order, int limit, bool by_cursor)
{
    struct voucher_page page = { .order = order, .limit = limit };
    struct voucher *rows, *last = NULL;
    size_t n, seen = 0;
    int64_t total = 0;
    bool more = true;
    while (more) {
        MUST(store_list_vouchers(w->store, &w->arena, w->project, &page, &rows, &n, &total, &more,
                                 must));
        assert_int_equal(total, ARRAY_LEN(listed_codes));
        for (size_t i = 0; i < n; i++, seen++) {
            assert_true(last == NULL || precedes(order, last, &rows[i]));
            last = &rows[i];
        }
        page.offset = by_cursor ? 0 : (int64_t)seen;
        page.after_key = by_cursor ? last->key : 0;
        page.after_code = last->code;
    }
    assert_int_equal(seen, ARRAY_LEN(listed_codes));
}

static void vouchers_are_listed_in_any_order_without_gap_or_repeat(void **state)
{
    struct world *w = *state;
    create_listed(w);
    for (int order = VOUCHER_NEWEST_FIRST; order <= VOUCHER_BY_CODE_DESC; order++) {
        for (int limit = 1; limit <= (int)ARRAY_LEN(listed_codes) + 1; limit++) {
            walk_list(w, (enum voucher_order)order, limit, false);
            walk_list(w, (enum voucher_order)order, limit, true);
        }
    }
}

static void vouchers_behind_the_last_page_are_none(void **state)
{
    struct world *w = *state;
    const struct voucher_page page = { .order = VOUCHER_BY_CODE, .limit = 10, .offset = 1000 };
    struct voucher *rows;
    size_t n = 1;
    int64_t total = -1;
    bool more = true;
    MUST(store_list_vouchers(w->store, &w->arena, w->project, &page, &rows, &n, &total, &more,
                             must));
    assert_int_equal(n, 0);
    assert_int_equal(total, 0);
    assert_false(more);
}

/* ---- slices ---- */

static void chunk_keeps_outcomes_failures_counters_and_checkpoint(void **state)
{
    struct world *w = *state;
    static const struct unit_row one[] = { { "B", 100, NULL },
                                           { "", 0, "Code is required" },
                                           { "A", 200, NULL },
                                           { "X", 0, "Value is required" } };
    static const struct unit_row two[] = { { "C", 300, NULL },
                                           { "A", 200, NULL },
                                           { "B", 150, NULL } };
    struct unit_chunk first, second;
    struct action ac = unit_claimed_action(w->store, w->project);
    unit_chunk_init(&first, &ac, one, ARRAY_LEN(one), NULL, false);
    assert_int_equal(unit_commit(w->store, &first.chunk), 1);
    assert_string_equal(unit_outcome_letters(first.outcomes, 4), "cfcf");
    assert_int_equal(first.chunk.counts[OUTCOME_CREATED], 2);

    struct action now = reload(w, &ac);
    assert_int_equal(now.status, ACTION_IN_PROGRESS);
    assert_int_equal(now.chunk_start, 140); /* behind the chunk, none begun */
    assert_int_equal(now.chunk_end, 140);
    assert_int_equal(now.chunk_row, 4);
    assert_int_equal(now.chunk_no, 1);
    assert_int_equal(now.slice_done, 0);
    assert_int_equal(now.progress, 14);
    assert_true(now.updated_ms >= ac.updated_ms);

    unit_chunk_init(&second, &ac, two, ARRAY_LEN(two), &first.chunk, true);
    unit_commit(w->store, &second.chunk);
    now = reload(w, &ac);
    assert_int_equal(now.progress, 100);
    assert_int_equal(action_rows(&now), 7);
    assert_string_equal(dump(w, w->project, UNIT_DUMP_BY_CODE),
                        "action status=2 kind=17 created=3 updated=1 unchanged=1 superseded=0 "
                        "failed=2 progress=100\n"
                        "  outcomes cfcfc=u\n"
                        "  row 2 '': Code is required\n"
                        "  row 4 'X': Value is required\n"
                        "voucher A type=1 discount=1 effect=0 active=1 value=200 "
                        "start=-9223372036854775808 end=-9223372036854775808 quantity=-1 "
                        "redeemed=0 amount=0 changed=0\n"
                        "voucher B type=1 discount=1 effect=0 active=1 value=150 "
                        "start=-9223372036854775808 end=-9223372036854775808 quantity=-1 "
                        "redeemed=0 amount=0 changed=1\n"
                        "voucher C type=1 discount=1 effect=0 active=1 value=300 "
                        "start=-9223372036854775808 end=-9223372036854775808 quantity=-1 "
                        "redeemed=0 amount=0 changed=0\n"
                        "total 3, listed 3\n");
    unit_chunk_release(&first);
    unit_chunk_release(&second);
}

static void chunk_without_rows_ends_its_action(void **state)
{
    struct world *w = *state;
    static const enum action_status ends[] = { ACTION_DONE, ACTION_FAILED };
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct unit_chunk c;
        struct action ac = unit_claimed_action(w->store, w->project);
        unit_chunk_init(&c, &ac, NULL, 0, NULL, true);
        c.chunk.end_status = ends[i];
        c.chunk.end_message = ends[i] == ACTION_FAILED ? STR("why") : (struct str){ 0 };
        unit_commit(w->store, &c.chunk);
        const struct action now = reload(w, &ac);
        assert_int_equal(now.status, ends[i]);
        assert_str(now.message, ends[i] == ACTION_FAILED ? "why" : "");
        assert_true(ends[i] == ACTION_FAILED ? now.progress < 100 : now.progress == 100);
        unit_chunk_release(&c);
    }
}

static void repeated_code_in_a_chunk_is_an_update_of_the_earlier_row(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = {
        { "A", 1, NULL }, { "B", 1, NULL }, { "A", 2, NULL }, { "A", 2, NULL }, { "A", 1, NULL },
    };
    struct action ac = unit_claimed_action(w->store, w->project);
    assert_string_equal(UNIT_IMPORT(w->store, &ac, rows), "ccu=u");
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "A")->value.i, 1);
}

static void same_rows_again_are_unchanged_and_rewrite_nothing(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL }, { "B", 2, NULL }, { "C", 3, NULL } };
    struct action ac = unit_claimed_action(w->store, w->project);
    UNIT_IMPORT(w->store, &ac, rows);
    const struct voucher before = *unit_find(w->store, &w->arena, w->project, "B");
    struct action again = unit_claimed_action(w->store, w->project);
    assert_string_equal(UNIT_IMPORT(w->store, &again, rows), "===");
    const struct voucher *after = unit_find(w->store, &w->arena, w->project, "B");
    assert_int_equal(after->version, before.version);
    assert_int_equal(after->updated_ms, TIME_NONE);
}

static void type_of_a_stored_voucher_cannot_change(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "GIFT", 5, NULL }, { "NEW", 5, NULL } };
    struct voucher gift = unit_voucher("GIFT", 100);
    gift.type = VOUCHER_GIFT;
    gift.discount_type = DISCOUNT_NONE;
    unit_create(w->store, w->project, &gift);
    struct action ac = unit_claimed_action(w->store, w->project);
    assert_string_equal(UNIT_IMPORT(w->store, &ac, rows), "fc");
    struct failure_row *failures;
    size_t n;
    MUST(store_list_failures(w->store, &w->arena, w->project, ac.seq, 0, 10, &failures, &n, must));
    assert_int_equal(n, 1);
    assert_int_equal(failures[0].row, 1);
    assert_str(failures[0].key, "GIFT");
    assert_str(failures[0].reason, "It is not possible to change Voucher discount type");
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "GIFT")->value.i, 100);
}

static void what_a_later_action_wrote_supersedes_an_earlier_one(void **state)
{
    struct world *w = *state;
    static const struct unit_row early[] = { { "A", 1, NULL }, { "B", 1, NULL }, { "C", 1, NULL } };
    static const struct unit_row late[] = { { "A", 2, NULL }, { "D", 2, NULL } };
    struct action first = unit_claimed_action(w->store, w->project);
    struct action second = unit_claimed_action(w->store, w->project);
    struct voucher request = unit_voucher("B", 3);
    assert_string_equal(UNIT_IMPORT(w->store, &second, late), "cc");
    assert_int_equal(unit_create(w->store, w->project, &request), OUTCOME_CREATED);
    assert_string_equal(UNIT_IMPORT(w->store, &first, early), "ssc");
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "A")->value.i, 2);
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "B")->value.i, 3);
    const struct action now = reload(w, &first);
    assert_int_equal(now.counts[OUTCOME_SUPERSEDED], 2);
}

/* The later action finds its row as it should be already, and changes nothing; still the earlier
 * one, which is on its way, must not undo it. */
static void unchanged_row_is_stamped_while_an_earlier_action_is_unfinished(void **state)
{
    struct world *w = *state;
    static const struct unit_row wanted[] = { { "A", 1, NULL } }, undo[] = { { "A", 9, NULL } };
    struct voucher stored = unit_voucher("A", 1);
    unit_create(w->store, w->project, &stored);
    struct action first = unit_claimed_action(w->store, w->project);
    struct action second = unit_claimed_action(w->store, w->project);
    assert_string_equal(UNIT_IMPORT(w->store, &second, wanted), "=");
    const struct voucher *v = unit_find(w->store, &w->arena, w->project, "A");
    assert_int_equal(v->version, second.seq);
    assert_int_equal(v->updated_ms, TIME_NONE);
    assert_string_equal(UNIT_IMPORT(w->store, &first, undo), "s");
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "A")->value.i, 1);
}

static void unfinished_action_of_another_project_makes_no_difference(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL } };
    struct voucher stored = unit_voucher("A", 1);
    unit_claimed_action(w->store, w->other);
    unit_create(w->store, w->project, &stored);
    struct action ac = unit_claimed_action(w->store, w->project);
    assert_string_equal(UNIT_IMPORT(w->store, &ac, rows), "=");
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "A")->version, stored.version);
}

static void chunk_of_a_lost_lease_changes_nothing(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL }, { "", 0, "bad" }, { "B", 1, NULL } };
    struct unit_chunk c;
    struct err err = { 0 };
    struct action ac = unit_claimed_action(w->store, w->project), thief = ac;
    unit_claim(w->store, &thief);
    const char *before = dump(w, w->project, UNIT_DUMP_EXACT);
    unit_chunk_init(&c, &ac, rows, ARRAY_LEN(rows), NULL, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_slice_commit(w->store, &c.chunk, 1, &err), -1);
        assert_int_equal(err.code, ERR_LEASE_LOST);
        assert_int_equal(c.chunk.slice_done, 0);
        assert_false(c.chunk.finished);
        assert_string_equal(unit_outcome_letters(c.outcomes, 3), "---");
        assert_int_equal(c.chunk.counts[OUTCOME_CREATED] + c.chunk.counts[OUTCOME_FAILED], 0);
        assert_string_equal(dump(w, w->project, UNIT_DUMP_EXACT), before);
    }
    c.chunk.lease_epoch = thief.lease_epoch;
    unit_commit(w->store, &c.chunk);
    assert_string_equal(unit_outcome_letters(c.outcomes, 3), "cfc");
    unit_chunk_release(&c);
}

static void action_that_has_ended_takes_no_more_chunks(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL } }, more[] = { { "B", 1, NULL } };
    struct unit_chunk c;
    struct err err = { 0 };
    struct action ac = unit_claimed_action(w->store, w->project);
    UNIT_IMPORT(w->store, &ac, rows);
    const char *before = dump(w, w->project, UNIT_DUMP_EXACT);
    unit_chunk_init(&c, &ac, more, 1, NULL, true);
    assert_int_equal(store_slice_commit(w->store, &c.chunk, 1, &err), -1);
    assert_int_equal(err.code, ERR_LEASE_LOST);
    assert_string_equal(dump(w, w->project, UNIT_DUMP_EXACT), before);
    unit_chunk_release(&c);
}

static void leave_out_what_is_taken(struct world *w, bool ordered)
{
    static const struct unit_row rows[][2] = { { { "A", 1, NULL }, { "B", 1, NULL } },
                                               { { "A", 2, NULL }, { "C", 2, NULL } },
                                               { { "A", 3, NULL }, { "D", 3, NULL } } };
    enum { N = ARRAY_LEN(rows), TAKEN = 1 };
    struct unit_chunk c[N];
    struct store_chunk batch[N];
    struct action actions[N];
    struct voucher *v;
    for (int i = 0; i < N; i++) {
        actions[i] = unit_action(w->store, w->project, T0);
        unit_chunk_init(&c[i], &actions[i], rows[i], 2, NULL, true);
        batch[i] = c[i].chunk;
        batch[i].ordered = ordered;
    }
    unit_claim(w->store, &actions[TAKEN]);
    MUST(store_slice_commit(w->store, batch, N, must));
    for (int i = 0; i < N; i++) {
        const struct action ac = unit_reload(w->store, &w->arena, &actions[i]);
        assert_true(batch[i].finished);
        assert_int_equal(batch[i].lost, i == TAKEN);
        assert_int_equal(ac.status, i == TAKEN ? ACTION_IN_PROGRESS : ACTION_DONE);
        assert_int_equal(action_rows(&ac), i == TAKEN ? 0 : 2);
        unit_chunk_release(&c[i]);
    }
    MUST(store_find_voucher(w->store, &w->arena, w->project, STR("C"), &v, must));
    assert_null(v);
    assert_int_equal(unit_find(w->store, &w->arena, w->project, "A")->value.i, 3);
    unit_find(w->store, &w->arena, w->project, "D");
}

static void batch_leaves_out_what_somebody_else_has_taken(void **state)
{
    leave_out_what_is_taken(*state, false);
}

static void ordered_batch_leaves_out_what_somebody_else_has_taken(void **state)
{
    leave_out_what_is_taken(*state, true);
}

/* Actions of few rows on few codes, some of them twice, that create or update or do both. */
enum { SMALL_ACTIONS = 60, SMALL_ROWS = 4 };

static void make_small(struct unit_chunk *c, const struct action *ac, int i)
{
    static const char *const codes[] = { "A", "B", "C", "D", "E", "F" };
    static const char *const metadata[] = { "{\"a\":1}", "{\"a\":2}", "{\"b\":null}",
                                            "{\"c\":{}}" };
    struct unit_row rows[SMALL_ROWS];
    const unsigned seed = (unsigned)i * 2654435761u;
    const size_t n = 1 + seed % SMALL_ROWS;
    for (size_t k = 0; k < n; k++)
        rows[k] = (struct unit_row){ .code = codes[(seed >> (8 + 3 * k)) % ARRAY_LEN(codes)],
                                     .amount = i,
                                     .reason = (seed >> k) % 11 == 0 ? "no good" : NULL };
    unit_chunk_init(c, ac, rows, n, NULL, true);
    c->chunk.ordered = true;
    c->chunk.mode =
        (enum apply_mode[]){ APPLY_UPSERT, APPLY_CREATE_ONLY, APPLY_UPDATE_ONLY }[(seed >> 5) % 3];
    for (size_t k = 0; k < c->chunk.n_mapped && (seed >> 7) % 2 == 0; k++) {
        struct voucher *v = c->sorted[k];
        v->metadata = str_of(metadata[(seed >> (9 + k)) % ARRAY_LEN(metadata)]);
        v->set |= VF_METADATA;
    }
}

static void ordered_batch_is_as_one_after_the_other(void **state)
{
    struct world *w = *state;
    struct unit_chunk c[SMALL_ACTIONS];
    struct store_chunk batch[SMALL_ACTIONS];
    int64_t outcomes[OUTCOME_COUNT] = { 0 };
    for (int i = 0; i < SMALL_ACTIONS; i++) {
        const struct action ac = unit_action(w->store, w->other, T0);
        make_small(&c[i], &ac, i);
        MUST(store_slice_commit(w->store, &c[i].chunk, 1, must));
        assert_true(c[i].chunk.finished);
        unit_chunk_release(&c[i]);
    }
    for (int i = 0; i < SMALL_ACTIONS; i++) {
        const struct action ac = unit_action(w->store, w->project, T0);
        make_small(&c[i], &ac, i);
        batch[i] = c[i].chunk;
    }
    for (bool all = false; !all;) {
        MUST(store_slice_commit(w->store, batch, SMALL_ACTIONS, must));
        all = true;
        for (int i = 0; i < SMALL_ACTIONS; i++)
            all = all && batch[i].finished;
    }
    assert_string_equal(dump(w, w->project, UNIT_DUMP_BY_CODE),
                        dump(w, w->other, UNIT_DUMP_BY_CODE));
    for (int i = 0; i < SMALL_ACTIONS; i++) {
        for (int o = 0; o < OUTCOME_COUNT; o++)
            outcomes[o] += batch[i].counts[o];
        unit_chunk_release(&c[i]);
    }
    assert_true(outcomes[OUTCOME_CREATED] > 0 && outcomes[OUTCOME_UPDATED] > 0 &&
                outcomes[OUTCOME_UNCHANGED] > 0 && outcomes[OUTCOME_FAILED] > 0);
}

static void failures_come_in_row_order_page_by_page(void **state)
{
    struct world *w = *state;
    enum { N = 25 };
    struct unit_row rows[N];
    char codes[N][8];
    for (int i = 0; i < N; i++) {
        snprintf(codes[i], sizeof(codes[i]), "%c%d", 'a' + N - i, i);
        rows[i] = (struct unit_row){ codes[i], 1, i % 2 ? "bad" : NULL };
    }
    struct action ac = unit_claimed_action(w->store, w->project);
    unit_import_rows(w->store, &ac, rows, N);
    for (size_t limit = 1; limit < N; limit++) {
        int64_t last = 0;
        size_t n = limit, seen = 0;
        while (n == limit) {
            struct failure_row *got;
            MUST(store_list_failures(w->store, &w->arena, w->project, ac.seq, last, limit, &got, &n,
                                     must));
            for (size_t i = 0; i < n; i++, seen++) {
                last = last + 2;
                assert_int_equal(got[i].row, last);
                assert_str(got[i].key, codes[last - 1]);
            }
        }
        assert_int_equal(seen, N / 2);
    }
}

static void results_of_an_action_are_shown_to_its_project_only(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL }, { "", 0, "bad" } };
    struct failure_row *failures;
    struct outcome_blob *blob = NULL;
    size_t n = 1;
    struct action ac = unit_claimed_action(w->store, w->project);
    UNIT_IMPORT(w->store, &ac, rows);
    MUST(store_list_failures(w->store, &w->arena, w->other, ac.seq, 0, 10, &failures, &n, must));
    assert_int_equal(n, 0);
    MUST(store_find_outcomes(w->store, &w->arena, w->other, ac.seq, 0, &blob, must));
    assert_null(blob);
    MUST(store_find_outcomes(w->store, &w->arena, w->project, ac.seq, 1, &blob, must));
    assert_null(blob);
    MUST(store_find_outcomes(w->store, &w->arena, w->project, ac.seq, 0, &blob, must));
    assert_int_equal(blob->n_rows, 2);
    assert_int_equal(blob->start, 100);
    assert_int_equal(blob->end, 120);
    assert_int_equal(blob->first_row, 0);
}

static void project_sees_nothing_of_another(void **state)
{
    struct world *w = *state;
    static const struct unit_row rows[] = { { "A", 1, NULL }, { "", 0, "bad" } };
    const char *before = dump(w, w->other, UNIT_DUMP_EXACT);
    struct action ac = unit_claimed_action(w->store, w->project);
    UNIT_IMPORT(w->store, &ac, rows);
    assert_string_equal(dump(w, w->other, UNIT_DUMP_EXACT), before);
}

/* ---- units of work together ---- */

struct gate {
    sem_t entered, go;
};

/* Keeps the writer inside a transaction until the test lets it go: what is submitted meanwhile
 * shares the next one. */
static int wait_at_gate(struct store_tx *tx, void *arg, struct err *err)
{
    struct gate *g = arg;
    (void)tx;
    (void)err;
    sem_post(&g->entered);
    sem_wait(&g->go);
    return 0;
}

static void gate_done(void *arg, int rc, const struct err *err)
{
    (void)arg;
    (void)err;
    assert_int_equal(rc, 0);
}

static void gate_close(struct world *w, struct gate *g, struct store_work *work)
{
    sem_init(&g->entered, 0, 0);
    sem_init(&g->go, 0, 0);
    *work = (struct store_work){ .run = wait_at_gate, .done = gate_done, .arg = g };
    store_submit(w->store, work);
    sem_wait(&g->entered);
}

struct insert {
    struct store_work work;
    struct action ac;
    enum { INSERT_WELL, INSERT_AND_FAIL } kind;
    int rc;
    struct err err;
    int done; /* how often */
    sem_t *ended;
};

static int run_insert(struct store_tx *tx, void *arg, struct err *err)
{
    struct insert *in = arg;
    if (store_tx_action_insert(tx, &in->ac, err) < 0)
        return -1;
    return in->kind == INSERT_AND_FAIL ? err_set(err, ERR_INVALID_QUERY, "on purpose") : 0;
}

static void insert_done(void *arg, int rc, const struct err *err)
{
    struct insert *in = arg;
    in->rc = rc;
    in->err = *err;
    in->done++;
    sem_post(in->ended);
}

static void insert_init(struct insert *in, int64_t project, int64_t created_ms, sem_t *ended)
{
    *in = (struct insert){ .ac = { .project_id = project,
                                   .kind = UNIT_KIND,
                                   .created_ms = created_ms,
                                   .request_id = STR("v-1"),
                                   .params = STR("{}") },
                           .ended = ended };
    in->work = (struct store_work){ .run = run_insert, .done = insert_done, .arg = in };
}

static void works_that_wait_share_a_commit_and_a_failing_one_harms_nobody(void **state)
{
    struct world *w = *state;
    enum { N = 30 };
    struct insert works[N];
    struct gate gate;
    struct store_work at_gate;
    struct store_stats before, after;
    sem_t ended;
    size_t n;
    bool more;
    struct action *rows;
    sem_init(&ended, 0, 0);
    store_stats(w->store, &before);
    gate_close(w, &gate, &at_gate);
    for (int i = 0; i < N; i++) {
        insert_init(&works[i], w->project, T0 + i, &ended);
        works[i].kind = i % 3 == 1 ? INSERT_AND_FAIL : INSERT_WELL;
        store_submit(w->store, &works[i].work);
    }
    sem_post(&gate.go);
    for (int i = 0; i < N; i++)
        sem_wait(&ended);
    unit_action(w->store, w->other, 1); /* behind the statistics of the group */
    store_stats(w->store, &after);
    assert_int_equal(after.commits - before.commits, 3); /* the gate, the group, the last one */
    for (int i = 0; i < N; i++) {
        assert_int_equal(works[i].done, 1);
        assert_int_equal(works[i].rc, i % 3 == 1 ? -1 : 0);
        if (i % 3 == 1)
            assert_string_equal(works[i].err.msg, "on purpose");
    }
    struct action_page page = first_page(N);
    list_page(w, &page, &rows, &n, &more);
    assert_int_equal(n, N - N / 3);
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal((rows[i].created_ms - T0) % 3, 1);
}

/* A number that was drawn and given back must not take the sequence with it. */
static void numbers_go_on_behind_a_group_of_which_every_work_has_failed(void **state)
{
    struct world *w = *state;
    struct insert works[3];
    struct gate gate;
    struct store_work at_gate;
    sem_t ended;
    const int64_t before = unit_action(w->store, w->project, T0).seq;
    sem_init(&ended, 0, 0);
    gate_close(w, &gate, &at_gate);
    for (size_t i = 0; i < ARRAY_LEN(works); i++) {
        insert_init(&works[i], w->project, T0, &ended);
        works[i].kind = INSERT_AND_FAIL;
        store_submit(w->store, &works[i].work);
    }
    sem_post(&gate.go);
    for (size_t i = 0; i < ARRAY_LEN(works); i++)
        sem_wait(&ended);
    assert_true(unit_action(w->store, w->project, T0).seq > before);
    world_reopen(w);
    assert_true(unit_action(w->store, w->project, T0).seq > before + 1);
}

enum { THREADS = 8, WORKS = 40 };

struct submitter {
    struct world *w;
    int number;
    int64_t seqs[WORKS];
    int64_t keys[WORKS];
};

static void *submit_many(void *arg)
{
    struct submitter *sub = arg;
    for (int i = 0; i < WORKS; i++) {
        char code[32];
        snprintf(code, sizeof(code), "T%d-%d", sub->number, i);
        struct voucher v = unit_voucher(code, i);
        sub->seqs[i] = unit_action(sub->w->store, sub->w->project, T0 + i).seq;
        if (unit_create(sub->w->store, sub->w->project, &v) == OUTCOME_CREATED)
            sub->keys[i] = v.key;
    }
    return NULL;
}

static int compare_i64(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void assert_distinct(int64_t *values, size_t n)
{
    qsort(values, n, sizeof(*values), compare_i64);
    assert_true(values[0] > 0);
    for (size_t i = 1; i < n; i++)
        assert_true(values[i - 1] < values[i]);
}

static void works_of_eight_threads_all_get_in_once(void **state)
{
    struct world *w = *state;
    struct submitter subs[THREADS];
    pthread_t threads[THREADS];
    int64_t seqs[THREADS * WORKS], keys[THREADS * WORKS], total;
    struct voucher_page page = { .limit = 1 };
    struct voucher *rows;
    size_t n;
    bool more;
    for (int i = 0; i < THREADS; i++) {
        subs[i] = (struct submitter){ .w = w, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &subs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        memcpy(seqs + i * WORKS, subs[i].seqs, sizeof(subs[i].seqs));
        memcpy(keys + i * WORKS, subs[i].keys, sizeof(subs[i].keys));
    }
    assert_distinct(seqs, ARRAY_LEN(seqs));
    assert_distinct(keys, ARRAY_LEN(keys));
    MUST(store_list_vouchers(w->store, &w->arena, w->project, &page, &rows, &n, &total, &more,
                             must));
    assert_int_equal(total, THREADS * WORKS);
}

static void close_commits_what_is_queued_and_calls_done_once(void **state)
{
    struct world *w = *state;
    enum { N = 20 };
    struct insert works[N];
    struct gate gate;
    struct store_work at_gate;
    sem_t ended;
    struct action *rows;
    size_t n;
    bool more;
    sem_init(&ended, 0, 0);
    gate_close(w, &gate, &at_gate);
    for (int i = 0; i < N; i++) {
        insert_init(&works[i], w->project, T0 + i, &ended);
        store_submit(w->store, &works[i].work);
    }
    sem_post(&gate.go);
    world_reopen(w);
    for (int i = 0; i < N; i++) {
        assert_int_equal(works[i].done, 1);
        assert_int_equal(works[i].rc, 0);
    }
    struct action_page page = first_page(N + 1);
    list_page(w, &page, &rows, &n, &more);
    assert_int_equal(n, N);
}

/* ---- a long slice and interactive writes ---- */

struct long_chunk {
    struct world *w;
    const struct action *ac;
    struct unit_chunk c;
    size_t slices, wrong;
    _Atomic bool ended;
};

/* Is what is stored behind a slice what a restart would need? */
static bool checkpoint_is_right(struct store *s, const struct action *ac,
                                const struct store_chunk *c)
{
    struct arena a;
    struct outcome_blob *blob = NULL;
    arena_init(&a, 64 * KIB, 0);
    const struct action now = unit_reload(s, &a, ac);
    MUST(store_find_outcomes(s, &a, ac->project_id, ac->seq, 0, &blob, must));
    bool right =
        blob->n_rows == c->n_rows && now.counts[OUTCOME_CREATED] == (int64_t)c->slice_done &&
        memcmp(blob->packed, c->outcomes, (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE) == 0;
    if (c->finished)
        right = right && now.chunk_start == c->end && now.chunk_no == 1 && now.slice_done == 0;
    else
        right = right && now.chunk_start == c->start && now.chunk_end == c->end &&
                now.chunk_rows == c->n_rows && now.slice_done == (int64_t)c->slice_done &&
                now.chunk_no == 0 && now.progress < 100 && now.status == ACTION_IN_PROGRESS;
    arena_release(&a);
    return right;
}

static void *commit_long_chunk(void *arg)
{
    struct long_chunk *l = arg;
    for (; !l->c.chunk.finished; l->slices++) {
        MUST(store_slice_commit(l->w->store, &l->c.chunk, 1, must));
        l->wrong += !checkpoint_is_right(l->w->store, l->ac, &l->c.chunk);
    }
    l->ended = true;
    return NULL;
}

static void interactive_writes_get_in_between_the_slices_of_a_chunk(void **state)
{
    struct world *w = *state;
    enum { N = 30000 };
    struct unit_row *rows = calloc(N, sizeof(*rows));
    char(*codes)[16] = calloc(N, sizeof(*codes));
    struct long_chunk l = { .w = w };
    pthread_t thread;
    int64_t written = 0;
    for (int i = 0; i < N; i++) {
        snprintf(codes[i], sizeof(codes[i]), "BULK%06d", i);
        rows[i] = (struct unit_row){ codes[i], i, NULL };
    }
    struct action ac = unit_claimed_action(w->store, w->project);
    unit_chunk_init(&l.c, &ac, rows, N, NULL, true);
    l.ac = &ac;
    assert_int_equal(pthread_create(&thread, NULL, commit_long_chunk, &l), 0);
    for (; !l.ended; written++) {
        char code[32];
        snprintf(code, sizeof(code), "SINGLE%lld", (long long)written);
        struct voucher v = unit_voucher(code, 1);
        assert_int_equal(unit_create(w->store, w->project, &v), OUTCOME_CREATED);
    }
    pthread_join(thread, NULL);
    print_message("  %zu slices, %lld single writes\n", l.slices, (long long)written);
    assert_true(l.slices > 1 && written > 1);
    assert_int_equal(l.wrong, 0);
    const struct action now = reload(w, &ac);
    assert_int_equal(now.counts[OUTCOME_CREATED], N);
    assert_int_equal(now.status, ACTION_DONE);
    struct voucher_page page = { .limit = 1 };
    struct voucher *got;
    size_t n;
    int64_t total;
    bool more;
    MUST(
        store_list_vouchers(w->store, &w->arena, w->project, &page, &got, &n, &total, &more, must));
    assert_int_equal(total, N + written);
    unit_chunk_release(&l.c);
    free(rows);
    free(codes);
}

/* ---- the nth failure ---- */

static const enum fault_kind store_faults[] = { FAULT_ALLOC, FAULT_STORE };

static void assert_clear(const struct err *err)
{
    assert_int_not_equal(err->code, ERR_OK);
    assert_true(strlen(err->msg) > 0);
}

static void opening_with_any_failure_is_an_error_and_the_next_one_succeeds(void **state)
{
    struct world *w = *state;
    for (size_t k = 0; k < ARRAY_LEN(store_faults); k++) {
        char name[32], url[600];
        for (size_t nth = 1, fired = 1; fired; nth++) {
            struct store *s = NULL;
            struct err err = { 0 };
            snprintf(name, sizeof(name), "new-%zu-%zu", k, nth);
            w->backend->make_url(w->dir, name, url, sizeof(url));
            fault_arm(store_faults[k], nth, false);
            const int rc = store_open(url, &serving, &s, &err);
            fired = fault_disarm();
            assert_int_equal(rc, fired ? -1 : 0);
            if (fired) {
                assert_clear(&err);
                MUST(store_open(url, &serving, &s, must));
            }
            unit_project(s, "p");
            store_close(s);
        }
    }
}

static int try_work(struct world *w, int64_t number, struct err *err)
{
    struct insert in;
    insert_init(&in, w->project, number, NULL);
    return store_work_wait(w->store, run_insert, &in, err);
}

static void work_with_any_failure_is_undone_and_the_next_one_succeeds(void **state)
{
    struct world *w = *state;
    for (size_t k = 0; k < ARRAY_LEN(store_faults); k++) {
        for (size_t nth = 1, fired = 1; fired; nth++) {
            struct err err = { 0 };
            const char *before = dump(w, w->project, UNIT_DUMP_EXACT);
            fault_arm(store_faults[k], nth, false);
            const int rc = try_work(w, (int64_t)nth, &err);
            fired = fault_disarm();
            assert_int_equal(rc, fired ? -1 : 0);
            if (!fired)
                break;
            assert_clear(&err);
            assert_string_equal(dump(w, w->project, UNIT_DUMP_EXACT), before);
            MUST(try_work(w, (int64_t)nth, must));
        }
    }
}

static const struct unit_row fault_rows[] = {
    { "A", 1, NULL },    { "", 0, "bad" }, { "OLD1", 9, NULL }, { "A", 2, NULL },
    { "OLD2", 5, NULL }, { "B", 1, NULL }, { "GIFT", 1, NULL },
};
#define FAULT_OUTCOMES "cfuu=cf"

static void prepare_fault_project(struct store *s, int64_t project)
{
    struct voucher old1 = unit_voucher("OLD1", 5), old2 = unit_voucher("OLD2", 5);
    struct voucher gift = unit_voucher("GIFT", 5);
    old1.metadata = STR("{\"a\":\"1\"}");
    gift.type = VOUCHER_GIFT;
    unit_create(s, project, &old1);
    unit_create(s, project, &old2);
    unit_create(s, project, &gift);
}

/* The slice fails and nothing has moved, in memory or on disk; then it is repeated and gets in. */
static size_t break_slice(struct world *w, enum fault_kind kind, size_t nth, bool sticky)
{
    char name[32];
    struct unit_chunk c;
    struct err err = { 0 };
    snprintf(name, sizeof(name), "p-%d-%zu-%d", (int)kind, nth, sticky);
    const int64_t project = unit_project(w->store, name);
    prepare_fault_project(w->store, project);
    struct action ac = unit_claimed_action(w->store, project);
    const char *before = dump(w, project, UNIT_DUMP_EXACT);
    unit_chunk_init(&c, &ac, fault_rows, ARRAY_LEN(fault_rows), NULL, true);
    for (size_t i = 0; i < c.chunk.n_mapped; i++) {
        c.sorted[i]->metadata = STR("{\"b\":\"2\"}");
        c.sorted[i]->set |= VF_METADATA;
    }
    fault_arm(kind, nth, sticky);
    const int rc = store_slice_commit(w->store, &c.chunk, 1, &err);
    const size_t fired = fault_disarm();
    assert_int_equal(rc, fired ? -1 : 0);
    if (fired) {
        assert_clear(&err);
        assert_string_equal(unit_outcome_letters(c.outcomes, 7), "-------");
        assert_int_equal(c.chunk.slice_done, 0);
        assert_string_equal(dump(w, project, UNIT_DUMP_EXACT), before);
        unit_commit(w->store, &c.chunk);
    }
    assert_string_equal(unit_outcome_letters(c.outcomes, 7), "cfuuucf");
    assert_str(unit_find(w->store, &w->arena, project, "OLD1")->metadata,
               "{\"a\":\"1\",\"b\":\"2\"}");
    const struct action now = reload(w, &ac);
    assert_int_equal(action_rows(&now), 7);
    assert_int_equal(now.status, ACTION_DONE);
    unit_chunk_release(&c);
    return fired;
}

static void slice_with_any_failure_moves_nothing_and_can_be_repeated(void **state)
{
    struct world *w = *state;
    for (size_t k = 0; k < ARRAY_LEN(store_faults); k++) {
        size_t nth = 1;
        while (break_slice(w, store_faults[k], nth, false) > 0)
            nth++;
        print_message("  %zu places\n", nth - 1);
        assert_true(nth > 1);
    }
}

/* From the nth call on everything fails, the undoing too; when the trouble is over the store works
 * as before. */
static void slice_whose_undoing_fails_too_can_be_repeated(void **state)
{
    struct world *w = *state;
    for (size_t k = 0; k < ARRAY_LEN(store_faults); k++) {
        size_t nth = 1;
        while (break_slice(w, store_faults[k], nth, true) > 0)
            nth++;
    }
}

static void work_in_trouble_that_lasts_is_an_error_and_the_store_recovers(void **state)
{
    struct world *w = *state;
    for (size_t k = 0; k < ARRAY_LEN(store_faults); k++) {
        for (size_t nth = 1, fired = 1; fired; nth++) {
            struct err err = { 0 };
            fault_arm(store_faults[k], nth, true);
            const int rc = try_work(w, (int64_t)nth, &err);
            fired = fault_disarm();
            assert_int_equal(rc, fired ? -1 : 0);
            MUST(try_work(w, (int64_t)nth, must));
        }
    }
}

/* Every read, one after the other; -1 when one has failed. */
static int read_all(struct world *w, struct arena *a, const struct action *ac, struct err *err)
{
    struct project_key *key;
    struct project *project;
    struct action *actions;
    struct str *names;
    struct voucher *vouchers;
    struct failure_row *failures;
    struct outcome_blob *blob;
    struct action_page page = first_page(10);
    const struct voucher_page vpage = { .order = VOUCHER_BY_CODE, .limit = 10 };
    const struct queue_id q = { ac->project_id, QUEUE_VOUCHERS, DISCIPLINE_SHARED };
    struct queue_id *queues;
    char id[ID_MAX_LEN];
    size_t n;
    int64_t total;
    bool more;
    unit_public_id(w->store, ac, id);
    struct store *s = w->store;
    if (store_find_key(s, a, STR("app-one"), &key, &project, err) < 0 ||
        store_find_project(s, a, STR("proj_one"), &project, err) < 0 ||
        store_find_action(s, a, ac->project_id, str_of(id), &actions, err) < 0 ||
        store_list_actions(s, a, ac->project_id, &page, &actions, &n, &more, err) < 0 ||
        store_list_queue(s, a, &q, 0, 10, SIZE_MAX, &actions, &n, err) < 0 ||
        store_list_queues(s, a, &queues, &n, err) < 0 ||
        store_first_unfinished(s, &q, &total, err) < 0 ||
        store_list_inputs(s, a, &names, &n, err) < 0 ||
        store_find_voucher(s, a, ac->project_id, STR("OLD1"), &vouchers, err) < 0 ||
        store_list_vouchers(s, a, ac->project_id, &vpage, &vouchers, &n, &total, &more, err) < 0 ||
        store_list_failures(s, a, ac->project_id, ac->seq, 0, 10, &failures, &n, err) < 0 ||
        store_find_outcomes(s, a, ac->project_id, ac->seq, 0, &blob, err) < 0)
        return -1;
    assert_int_equal(n, 2);
    assert_int_equal(total, 5);
    return store_ping(s, err);
}

static void reading_with_any_failure_is_an_error_and_the_next_one_succeeds(void **state)
{
    struct world *w = *state;
    prepare_fault_project(w->store, w->project);
    struct action ac = unit_claimed_action(w->store, w->project);
    assert_string_equal(UNIT_IMPORT(w->store, &ac, fault_rows), FAULT_OUTCOMES);
    unit_action(w->store, w->project, 1);
    for (size_t k = 0; k < ARRAY_LEN(store_faults); k++) {
        for (size_t nth = 1, fired = 1; fired; nth++) {
            struct arena a;
            struct err err = { 0 };
            arena_init(&a, 16, 0);
            fault_arm(store_faults[k], nth, false);
            const int rc = read_all(w, &a, &ac, &err);
            fired = fault_disarm();
            assert_int_equal(rc, fired ? -1 : 0);
            if (fired)
                assert_clear(&err);
            MUST(read_all(w, &a, &ac, must));
            arena_release(&a);
        }
    }
}

/* ---- the list ---- */

static const struct test {
    const char *name;
    CMUnitTestFunction run;
} tests[] = {
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
    TEST(store_url_that_names_no_store_is_refused),
    TEST(store_that_cannot_be_made_says_so),
    TEST(store_makes_its_own_directory),
    TEST(store_of_a_newer_program_is_refused_and_left_alone),
    TEST(store_is_served_by_one_process_at_a_time),
    TEST(store_shows_at_once_what_another_process_writes),
    TEST(store_reopened_finds_everything),
    TEST(store_that_is_well_answers_a_ping),
    TEST(project_is_found_by_its_application_id),
    TEST(project_with_a_taken_id_is_a_duplicate),
    TEST(action_is_stored_as_given_and_enqueued),
    TEST(action_numbers_rise_over_all_projects),
    TEST(action_is_found_in_its_project_only),
    TEST(claim_gives_a_new_epoch_each_time),
    TEST(claim_of_an_action_that_has_ended_or_never_was_is_not_found),
    TEST(actions_are_listed_newest_first_without_gap_or_repeat),
    TEST(actions_are_listed_before_a_time),
    TEST(unfinished_actions_are_listed_by_queue_oldest_first),
    TEST(first_unfinished_action_of_another_discipline_is_found),
    TEST(inputs_of_all_actions_are_listed_finished_or_not),
    TEST(voucher_keeps_every_field_as_it_was_given),
    TEST(voucher_value_is_the_same_number),
    TEST(voucher_whose_code_is_taken_fails_and_changes_nothing),
    TEST(voucher_is_found_by_id_and_by_code_in_its_project_only),
    TEST(vouchers_are_listed_in_any_order_without_gap_or_repeat),
    TEST(vouchers_behind_the_last_page_are_none),
    TEST(chunk_keeps_outcomes_failures_counters_and_checkpoint),
    TEST(chunk_without_rows_ends_its_action),
    TEST(repeated_code_in_a_chunk_is_an_update_of_the_earlier_row),
    TEST(same_rows_again_are_unchanged_and_rewrite_nothing),
    TEST(type_of_a_stored_voucher_cannot_change),
    TEST(what_a_later_action_wrote_supersedes_an_earlier_one),
    TEST(unchanged_row_is_stamped_while_an_earlier_action_is_unfinished),
    TEST(unfinished_action_of_another_project_makes_no_difference),
    TEST(chunk_of_a_lost_lease_changes_nothing),
    TEST(action_that_has_ended_takes_no_more_chunks),
    TEST(batch_leaves_out_what_somebody_else_has_taken),
    TEST(ordered_batch_leaves_out_what_somebody_else_has_taken),
    TEST(ordered_batch_is_as_one_after_the_other),
    TEST(failures_come_in_row_order_page_by_page),
    TEST(results_of_an_action_are_shown_to_its_project_only),
    TEST(project_sees_nothing_of_another),
    TEST(works_that_wait_share_a_commit_and_a_failing_one_harms_nobody),
    TEST(numbers_go_on_behind_a_group_of_which_every_work_has_failed),
    TEST(works_of_eight_threads_all_get_in_once),
    TEST(close_commits_what_is_queued_and_calls_done_once),
    TEST(interactive_writes_get_in_between_the_slices_of_a_chunk),
    TEST(opening_with_any_failure_is_an_error_and_the_next_one_succeeds),
    TEST(work_with_any_failure_is_undone_and_the_next_one_succeeds),
    TEST(slice_with_any_failure_moves_nothing_and_can_be_repeated),
    TEST(slice_whose_undoing_fails_too_can_be_repeated),
    TEST(work_in_trouble_that_lasts_is_an_error_and_the_store_recovers),
    TEST(reading_with_any_failure_is_an_error_and_the_next_one_succeeds),
};

/* The group has the backend's name, so that the report tells. */
int main(void)
{
    struct CMUnitTest group[ARRAY_LEN(tests)];
    struct backend backend = unit_on_postgres() ? postgres : sqlite;
    for (size_t i = 0; i < ARRAY_LEN(tests); i++)
        group[i] = (struct CMUnitTest){ tests[i].name, tests[i].run, world_setup, world_teardown,
                                        &backend };
    return cmocka_run_group_tests_name(backend.name, group, NULL, NULL);
}
