/* SPDX-License-Identifier: MIT */
/*
 * campaigns.c - the campaigns table.
 *
 * A campaign is small and rarely written, so it is read, changed in memory and written whole. How
 * many vouchers it has is a counter of `totals`, read with it.
 */
#include "base/time_iso.h"
#include "store/sql/filter_sql.h"

/* Numbered as CAMPAIGN_COLUMNS. Texts are copied into the arena. */
static int read_campaign(struct stmt *st, struct arena *a, struct campaign *c, struct err *err)
{
    struct voucher *v = &c->voucher;
    *c = (struct campaign){
        .key = column_int(st, 0),
        .name = column_str(st, 2),
        .version = column_int(st, 3),
        .campaign_type = (uint8_t)(int)column_int(st, 4),
        .codes = (uint8_t)(int)column_int(st, 5),
        .active = (int)column_int(st, 6) != 0,
        .join_once = (int)column_int(st, 7) != 0,
        .auto_join = (int)column_int(st, 8) != 0,
        .voucher_schema = (int)column_int(st, 9) != 0,
        .creation = (uint8_t)(int)column_int(st, 10),
        .description = column_str(st, 23),
        .code_config = column_str(st, 24),
        .extra = column_str(st, 25),
        .created_ms = column_int(st, 26),
        .updated_ms = column_time(st, 27),
        .binned_ms = column_time(st, 28),
        .vouchers_count = column_int(st, 30),
    };
    const int64_t busy = column_int(st, 29);
    const bool generates = (busy & 2) != 0, modifies = (busy & 4) != 0;
    if (modifies)
        c->creation = CAMPAIGN_MODIFYING;
    else if (c->creation == CAMPAIGN_IN_PROGRESS && !generates)
        c->creation = CAMPAIGN_DONE;
    c->generation = generates ? CAMPAIGN_IN_PROGRESS : CAMPAIGN_DONE;
    c->busy = busy > 0;
    voucher_init(v);
    v->type = (uint8_t)(int)column_int(st, 11);
    v->discount_type = (uint8_t)(int)column_int(st, 12);
    v->effect = (uint8_t)(int)column_int(st, 13);
    if (!column_is_null(st, 14)) {
        v->value = column_num(st, 14);
        v->set |= VF_VALUE;
    }
    v->start_ms = column_time(st, 15);
    v->expiration_ms = column_time(st, 16);
    v->quantity = column_is_null(st, 17) ? -1 : column_int(st, 17);
    v->category = column_str(st, 18);
    v->category_id = column_int(st, 19);
    v->validity = column_str(st, 20);
    v->discount_extra = column_str(st, 21);
    v->metadata = column_str(st, 22);
    v->rule = column_str(st, 31);
    struct str *texts[] = { &c->name,           &c->description, &c->code_config,
                            &c->extra,          &v->category,    &v->validity,
                            &v->discount_extra, &v->metadata,    &v->rule };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? row_check(st, err) : err_nomem(err);
}

/* ---- finding ---- */

/* 1: *c is it, 0: there is none. */
static int find_by(struct db *db, enum statement which, int64_t project_id, int64_t key,
                   struct str name, struct arena *a, struct campaign *c, struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    if (which == STATEMENT_CAMPAIGN_BY_KEY)
        bind_int(st, 2, key);
    else
        bind_str(st, 2, name);
    int got = db_step(db, st, err);
    if (got > 0 && read_campaign(st, a, c, err) < 0)
        got = -1;
    stmt_reset(st);
    return got;
}

int campaign_find(struct db *db, const struct id_secret *secret, int64_t project_id,
                  struct str name_or_id, struct arena *a, struct campaign *c, struct err *err)
{
    int64_t key;
    if (id_decode(secret, ID_CAMPAIGN, name_or_id, &key)) {
        const int got =
            find_by(db, STATEMENT_CAMPAIGN_BY_KEY, project_id, key, name_or_id, a, c, err);
        if (got != 0)
            return got;
    }
    return find_by(db, STATEMENT_CAMPAIGN_BY_NAME, project_id, 0, name_or_id, a, c, err);
}

/* ---- writing ---- */

static int name_is_taken(struct db *db, int64_t project_id, struct str name, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_CAMPAIGN_NAMED, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, name);
    const int got = db_step(db, st, err);
    stmt_reset(st);
    return got;
}

static int refuse(struct campaign_write *w, enum err_code code, const char *why)
{
    w->refused = true;
    err_set(&w->why, code, "%s", why);
    return 0;
}

/* From `value` to `description`, as both statements have them from a number on. */
static void bind_terms(struct stmt *st, int at, const struct campaign *c)
{
    const struct voucher *v = &c->voucher;
    bind_num_or_null(st, at, v->value, (v->set & VF_VALUE) == 0);
    bind_time(st, at + 1, v->start_ms);
    bind_time(st, at + 2, v->expiration_ms);
    bind_int_or_null(st, at + 3, v->quantity, v->quantity < 0);
    bind_str(st, at + 4, v->category);
    bind_int_or_null(st, at + 5, v->category_id, v->category_id == 0);
    bind_str(st, at + 6, v->validity);
    bind_str(st, at + 7, v->discount_extra);
    bind_str(st, at + 8, v->metadata);
    bind_str(st, at + 9, c->description);
}

static int insert(struct store_tx *tx, const struct campaign_write *w, struct err *err)
{
    const struct campaign *c = &w->campaign;
    const struct voucher *v = &c->voucher;
    struct stmt *st = db_statement(tx->db, STATEMENT_CAMPAIGN_INSERT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, c->key);
    bind_int(st, 2, w->project_id);
    bind_str(st, 3, c->name);
    const int64_t numbers[] = { c->version,   c->campaign_type, c->codes,          c->active,
                                c->join_once, c->auto_join,     c->voucher_schema, c->creation,
                                v->type,      v->discount_type, v->effect };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        bind_int(st, (int)i + 4, numbers[i]);
    bind_terms(st, 15, c);
    bind_str(st, 25, c->code_config);
    bind_str(st, 26, c->extra);
    bind_int(st, 27, c->created_ms);
    bind_str(st, 28, v->rule);
    return db_run(tx->db, st, err);
}

/* 1, with ERR_INVALID_PAYLOAD: the database could not keep its vouchers' metadata. */
static int unfit(struct store_tx *tx, const struct campaign *c, struct err *err)
{
    const struct sql_backend *backend = tx->store->backend;
    struct str metadata = c->voucher.metadata;
    int rc = backend->fits != NULL && !backend->fits(metadata) ? 1 : 0;
    if (rc == 0 && backend->canonical != NULL)
        rc = backend->canonical(&metadata, tx->scratch, err);
    if (rc > 0)
        err_set(err, ERR_INVALID_PAYLOAD, METADATA_UNFIT);
    return rc;
}

/* What is sent, by the schema that the campaign's metadata has. */
static int check_metadata(struct campaign_write *w, enum metadata_when when, struct err *err)
{
    struct metadata_gate *gate = w->campaign.voucher_schema ? &w->voucher_gate : &w->own_gate;
    return metadata_gate_check(gate, w->given->voucher.metadata, when, w->arena, err);
}

static int check_tiers(struct campaign_write *w, struct err *err)
{
    for (size_t i = 0; i < w->given->n_tiers; i++)
        if (metadata_gate_check(&w->tier_gate, w->given->tiers[i].terms.metadata, METADATA_CREATE,
                                w->arena, err) < 0)
            return -1;
    return 0;
}

static int create(struct store_tx *tx, struct campaign_write *w, int64_t now_ms, struct err *err)
{
    struct campaign *c = &w->campaign;
    *c = *w->given;
    w->found = true;
    if (check_metadata(w, METADATA_CREATE, err) < 0 || check_tiers(w, err) < 0)
        return -1;
    if (unfit(tx, c, err) != 0)
        return err->code == ERR_INVALID_PAYLOAD ? refuse(w, err->code, err->msg) : -1;
    if (c->voucher.rule.p != NULL) {
        bool exists;
        if (validation_rule_exists(tx, w->project_id, c->voucher.rule, &exists, err) < 0)
            return -1;
        w->no_rule = !exists;
        if (!exists)
            return refuse(w, ERR_NOT_FOUND, "there is no such validation rule");
    }
    const int taken = name_is_taken(tx->db, w->project_id, c->name, err);
    if (taken != 0)
        return taken < 0 ? -1 : refuse(w, ERR_DUPLICATE, "the name is taken");
    if (category_link(tx->db, w->project_id, &c->voucher, err) < 0 ||
        tx_next_seq(tx, &c->version, err) < 0 ||
        sequence_next_key(tx, w->project_id, "campaign", &c->key, err) < 0)
        return -1;
    c->vouchers_count = 0;
    c->created_ms = now_ms;
    c->updated_ms = TIME_NONE;
    return insert(tx, w, err) < 0 ? -1 : tiers_insert(tx, w->project_id, c, err);
}

static int update(struct store_tx *tx, struct campaign *c, int64_t now_ms, struct err *err)
{
    struct stmt *st = db_statement(tx->db, STATEMENT_CAMPAIGN_UPDATE, err);
    if (st == NULL || tx_next_seq(tx, &c->version, err) < 0)
        return -1;
    c->updated_ms = now_ms;
    const int64_t numbers[] = { c->key,       c->version,   c->codes,         c->active,
                                c->join_once, c->auto_join, c->voucher.effect };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        bind_int(st, (int)i + 1, numbers[i]);
    bind_terms(st, 8, c);
    bind_str(st, 18, c->extra);
    bind_int(st, 19, c->updated_ms);
    return db_run(tx->db, st, err);
}

static int change(struct store_tx *tx, struct campaign_write *w, int64_t now_ms, struct err *err)
{
    struct campaign given = *w->given;
    bool changed;
    struct err why = { 0 };
    if (unfit(tx, &given, err) != 0)
        return err->code == ERR_INVALID_PAYLOAD ? refuse(w, err->code, err->msg) : -1;
    if (category_link(tx->db, w->project_id, &given.voucher, err) < 0)
        return -1;
    if (campaign_merge(&w->campaign, &given, w->arena, &w->terms, &changed, &why) < 0) {
        if (why.code == ERR_INVALID_CAMPAIGN || why.code == ERR_INVALID_PAYLOAD)
            return refuse(w, why.code, why.msg);
        *err = why;
        return -1;
    }
    if (check_metadata(w, METADATA_CHANGE, err) < 0)
        return -1;
    if (w->campaign.vouchers_count == 0 && !w->campaign.busy)
        w->terms = 0; /* nothing has them yet */
    return changed ? update(tx, &w->campaign, now_ms, err) : 0;
}

static int activate(struct store_tx *tx, struct campaign_write *w, int64_t now_ms, struct err *err)
{
    if (w->campaign.active == w->active)
        return 0;
    w->campaign.active = w->active;
    return update(tx, &w->campaign, now_ms, err);
}

static int run_with(struct db *db, enum statement which, const int64_t *numbers, size_t n,
                    struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    for (size_t i = 0; i < n; i++)
        bind_int(st, (int)i + 1, numbers[i]);
    return db_run(db, st, err);
}

/* Gone for readers. What it still has goes with the action that follows. */
static int remove_campaign(struct store_tx *tx, struct campaign_write *w, struct err *err)
{
    const struct campaign *c = &w->campaign;
    int64_t seq;
    if (tx_next_seq(tx, &seq, err) < 0)
        return -1;
    const int64_t numbers[] = { c->key, w->now_ms, seq };
    if (run_with(tx->db, STATEMENT_CAMPAIGN_TO_BIN, numbers, ARRAY_LEN(numbers), err) < 0)
        return -1;
    if (w->force)
        return 0;
    return bin_insert(tx, w->project_id, RESOURCE_CAMPAIGN, c->key, c->name, 0, w->now_ms, err);
}

int campaign_lives(struct db *db, int64_t project_id, int64_t key, bool *lives, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_CAMPAIGN_LIVES, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_int(st, 2, key);
    const int got = db_step(db, st, err);
    stmt_reset(st);
    *lives = got > 0;
    return got < 0 ? -1 : 0;
}

static int count_vouchers(struct db *db, int64_t project_id, int64_t key, int64_t *n,
                          struct err *err)
{
    char counter[64];
    totals_campaign(key, counter, sizeof(counter));
    return totals_get(db, project_id, str_of(counter), n, err);
}

int campaign_room(struct store_tx *tx, int64_t project_id, int64_t key, int64_t *room,
                  struct err *err)
{
    const int64_t most = tx->store->base.campaign_codes_max;
    int64_t n;
    *room = INT64_MAX;
    if (most == 0)
        return 0;
    if (run_with(tx->db, STATEMENT_CAMPAIGN_LOCK, &key, 1, err) < 0 ||
        count_vouchers(tx->db, project_id, key, &n, err) < 0)
        return -1;
    *room = most - n;
    return 0;
}

int campaign_forget(struct db *db, int64_t project_id, int64_t key, struct err *err)
{
    char counter[64];
    if (run_with(db, STATEMENT_CAMPAIGN_BIN_OF_VOUCHERS, &key, 1, err) < 0 ||
        run_with(db, STATEMENT_CAMPAIGN_BIN_DELETE, &key, 1, err) < 0 ||
        run_with(db, STATEMENT_TIERS_DELETE, &key, 1, err) < 0 ||
        run_with(db, STATEMENT_CAMPAIGN_DELETE, &key, 1, err) < 0)
        return -1;
    struct stmt *st = db_statement(db, STATEMENT_TOTAL_DELETE, err);
    if (st == NULL)
        return -1;
    totals_campaign(key, counter, sizeof(counter));
    bind_int(st, 1, project_id);
    bind_str(st, 2, str_of(counter));
    return db_run(db, st, err);
}

int campaign_keep(struct db *db, int64_t action_seq, struct err *err)
{
    if (run_with(db, STATEMENT_CAMPAIGN_KEEP, &action_seq, 1, err) < 0)
        return -1;
    return run_with(db, STATEMENT_CAMPAIGN_BIN_UNDO, &action_seq, 1, err);
}

int sql_tx_campaign_write(struct store_tx *tx, struct campaign_write *w, struct err *err)
{
    const int64_t now_ms = time_now_ms();
    w->found = w->refused = false;
    w->terms = 0;
    w->no_rule = false;
    if (project_check(tx->db, w->project_id, err) < 0)
        return -1;
    if (w->mode == CAMPAIGN_CREATE)
        return create(tx, w, now_ms, err);
    const int got = campaign_find(tx->db, &tx->store->base.secret, w->project_id, w->name_or_id,
                                  w->arena, &w->campaign, err);
    w->found = got > 0;
    if (got <= 0)
        return got;
    if (w->mode == CAMPAIGN_DELETE)
        return remove_campaign(tx, w, err);
    return w->mode == CAMPAIGN_CHANGE ? change(tx, w, now_ms, err) : activate(tx, w, now_ms, err);
}

/* ---- reading ---- */

int sql_find_campaign(struct store *store, struct arena *a, int64_t project_id,
                      struct str name_or_id, struct campaign **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct campaign *c = arena_alloc(a, sizeof(*c));
    *out = NULL;
    if (c == NULL)
        return err_nomem(err);
    struct db *db = reader_take(s);
    const int got = campaign_find(db, &s->base.secret, project_id, name_or_id, a, c, err);
    reader_give(s, db);
    if (got > 0)
        *out = c;
    return got < 0 ? -1 : 0;
}

/* ---- lists ---- */

/* One call. */
struct list {
    struct sql_store *s;
    struct db *db;
    struct arena *a;
    int64_t project_id;
    const struct campaign_page *page;
    struct campaign *rows;
    size_t n;
};

/* "SELECT … FROM campaigns WHERE …" of what is listed. */
static void list_sql(const struct list *l, struct sql *q, const char *columns)
{
    sql_init(q, l->s, l->db, l->a, l->project_id);
    sql_put(q, columns);
    sql_put(q, " FROM campaigns WHERE id >= ");
    sql_int(q, key_base(l->project_id));
    sql_put(q, " AND id < ");
    sql_int(q, key_base(l->project_id + 1));
    sql_put(q, " AND binned_ms IS NULL");
    sql_and_filter(q, l->page->filter, campaign_columns);
}

static int read_page(struct list *l, struct err *err)
{
    static const char *const orders[CAMPAIGN_ORDER_COUNT] = {
        [CAMPAIGNS_BY_CREATION] = " ORDER BY id",
        [CAMPAIGNS_BY_CREATION_DESC] = " ORDER BY id DESC",
        [CAMPAIGNS_BY_CHANGE] = " ORDER BY coalesce(updated_ms, 0), id",
        [CAMPAIGNS_BY_CHANGE_DESC] = " ORDER BY coalesce(updated_ms, 0) DESC, id DESC",
    };
    struct sql q;
    int got = -1;
    list_sql(l, &q, "SELECT " CAMPAIGN_COLUMNS);
    sql_put(&q, orders[l->page->order]);
    sql_put(&q, " LIMIT ");
    sql_int(&q, (int64_t)l->page->limit);
    sql_put(&q, " OFFSET ");
    sql_int(&q, (int64_t)l->page->offset);
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        while ((got = db_step(l->db, st, err)) > 0 &&
               read_campaign(st, l->a, &l->rows[l->n], err) == 0)
            l->n++;
        sql_done(st);
    }
    sql_release(&q);
    return got == 0 ? 0 : -1;
}

static int count(struct list *l, int64_t *total, struct err *err)
{
    struct sql q;
    int got = -1;
    list_sql(l, &q, "SELECT count(*)");
    struct stmt *st = sql_prepare(&q, err);
    if (st != NULL) {
        got = db_step(l->db, st, err);
        *total = got > 0 ? column_int(st, 0) : 0;
        sql_done(st);
    }
    sql_release(&q);
    return got < 0 ? -1 : 0;
}

int sql_list_campaigns(struct store *store, struct arena *a, int64_t project_id,
                       const struct campaign_page *page, struct campaign **out, size_t *n,
                       int64_t *total, struct err *err)
{
    struct list l = { .s = sql_store_of(store), .a = a, .project_id = project_id, .page = page };
    *out = l.rows = arena_alloc(a, page->limit * sizeof(*l.rows));
    *n = 0;
    if (l.rows == NULL)
        return err_nomem(err);
    int rc = list_reader_take(l.s, page->time_ms, &l.db, err);
    if (rc == 0)
        rc = read_page(&l, err);
    if (rc == 0)
        rc = count(&l, total, err);
    rc = list_reader_give(l.s, l.db, page->time_ms, rc, err);
    *n = l.n;
    return rc;
}
