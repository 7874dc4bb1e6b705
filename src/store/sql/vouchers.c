/* SPDX-License-Identifier: MIT */
/*
 * vouchers.c - the vouchers table: applying rows, reading one, listing.
 *
 * Rows come sorted by code, so the unique index is walked from left to right and a page of it is
 * touched once per slice. A new row costs one INSERT; only when that does nothing is the stored row
 * read and merged. When the last code existed the next one probably does too (the same file sent
 * again): then it is read first.
 */
#include <inttypes.h>

#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

/* Numbered as VOUCHER_COLUMNS. VOUCHER_UPDATE takes those that can change. */
static void bind_changeable(struct stmt *st, const struct voucher *v)
{
    bind_int(st, 8, v->effect);
    bind_int(st, 9, v->active);
    if ((v->set & VF_VALUE) != 0)
        bind_num(st, 10, v->value);
    else
        bind_null(st, 10);
    bind_time(st, 11, v->start_ms);
    bind_time(st, 12, v->expiration_ms);
    if (v->quantity < 0)
        bind_null(st, 13);
    else
        bind_int(st, 13, v->quantity);
    bind_int(st, 14, v->redeemed_quantity);
    bind_int(st, 15, v->redeemed_amount);
    bind_str(st, 16, v->category);
    bind_str(st, 17, v->additional_info);
    bind_str(st, 18, v->rule);
    bind_str(st, 19, v->discount_extra);
    bind_str(st, 20, v->metadata);
    if (v->category_id != 0)
        bind_int(st, 23, v->category_id);
    else
        bind_null(st, 23);
    bind_str(st, 24, v->validity);
    if (v->recent.p != NULL)
        bind_blob(st, 27, v->recent.p, v->recent.len);
    else
        bind_null(st, 27);
}

/* What all new rows of a transaction share. A statement keeps its bindings when it is reset. */
static void bind_shared(const struct voucher_applier *ap, struct stmt *st)
{
    bind_int(st, 2, ap->project_id);
    bind_int(st, 4, ap->seq);
    bind_int(st, 21, ap->now_ms);
}

int voucher_read_row(struct stmt *st, struct voucher *v, struct err *err)
{
    voucher_init(v);
    v->key = column_int(st, 0);
    v->code = column_str(st, 2);
    v->version = column_int(st, 3);
    v->campaign_id = column_int(st, 4);
    v->type = (uint8_t)(int)column_int(st, 5);
    v->discount_type = (uint8_t)(int)column_int(st, 6);
    v->effect = (uint8_t)(int)column_int(st, 7);
    v->active = (int)column_int(st, 8) != 0;
    if (!column_is_null(st, 9)) {
        v->value = column_num(st, 9);
        v->set |= VF_VALUE;
    }
    v->start_ms = column_time(st, 10);
    v->expiration_ms = column_time(st, 11);
    v->quantity = column_is_null(st, 12) ? -1 : column_int(st, 12);
    v->redeemed_quantity = column_int(st, 13);
    v->redeemed_amount = column_int(st, 14);
    v->category = column_str(st, 15);
    v->additional_info = column_str(st, 16);
    v->rule = column_str(st, 17);
    v->discount_extra = column_str(st, 18);
    v->metadata = column_str(st, 19);
    v->created_ms = column_int(st, 20);
    v->updated_ms = column_time(st, 21);
    v->category_id = column_int(st, 22);
    v->validity = column_str(st, 23);
    v->subtracted = column_int(st, 24);
    v->binned_ms = column_time(st, 25);
    v->recent = column_blob(st, 26);
    v->holder_id = column_int(st, 27);
    v->publish_count = column_int(st, 28);
    return row_check(st, err);
}

int voucher_copy_texts(struct voucher *v, struct arena *a, struct err *err)
{
    struct str *texts[] = { &v->code,           &v->category, &v->additional_info, &v->rule,
                            &v->discount_extra, &v->metadata, &v->validity,        &v->recent };
    return arena_keep(a, texts, ARRAY_LEN(texts)) ? 0 : err_nomem(err);
}

/* ---- what becomes of a row ---- */

static int fails(const char *text, enum failure_kind kind, struct applied *out, struct err *err)
{
    *out = (struct applied){ .outcome = OUTCOME_FAILED, .kind = kind, .reason = str_of(text) };
    return text == NULL ? err_nomem(err) : 0;
}

/* The code is taken: reference 7, 12 and 49. */
int applier_duplicate(struct voucher_applier *ap, const struct voucher *v, struct applied *out,
                      struct err *err)
{
    if (ap->mode == APPLY_NEW_ONLY) {
        *out = (struct applied){ .outcome = OUTCOME_UNCHANGED };
        return 0;
    }
    return fails(
        arena_printf(ap->arena, "Duplicated voucher exists with id %.*s", STR_FMT(v->code)),
        FAILURE_DUPLICATE, out, err);
}

int applier_full(struct voucher_applier *ap, struct applied *out, struct err *err)
{
    return fails(arena_printf(ap->arena, CAMPAIGN_FULL, ap->tx->store->base.campaign_codes_max),
                 FAILURE_REFUSED, out, err);
}

int applier_unfit(const struct voucher *v, struct applied *out)
{
    *out = (struct applied){ .outcome = OUTCOME_FAILED,
                             .kind = FAILURE_METADATA,
                             .reason = v->unfit_new };
    return 0;
}

int applier_missing(struct voucher_applier *ap, const struct voucher *v, struct applied *out,
                    struct err *err)
{
    return fails(arena_printf(ap->arena, "Cannot find voucher with id %.*s", STR_FMT(v->code)),
                 FAILURE_NOT_FOUND, out, err);
}

/* ---- counters of categories ---- */

static int flush_counts(struct voucher_applier *ap, struct err *err)
{
    for (size_t i = 0; i < ap->n_counts; i++) {
        const struct voucher v = { .category_id = ap->counts[i].category_id,
                                   .category = ap->counts[i].tag };
        if (totals_add_category(ap->db, ap->project_id, &v, ap->counts[i].n, err) < 0)
            return -1;
    }
    ap->n_counts = 0;
    return 0;
}

int applier_count(struct voucher_applier *ap, const struct voucher *v, int64_t n, struct err *err)
{
    if (v->category_id == 0 && v->category.p == NULL)
        return 0;
    for (size_t i = 0; i < ap->n_counts; i++) {
        struct category_count *c = &ap->counts[i];
        if (c->category_id == v->category_id && str_eq(c->tag, v->category)) {
            c->n += n;
            return 0;
        }
    }
    if (ap->n_counts == APPLIER_COUNTS && flush_counts(ap, err) < 0)
        return -1;
    ap->counts[ap->n_counts++] =
        (struct category_count){ .category_id = v->category_id, .tag = v->category, .n = n };
    return 0;
}

/* ---- beginning ---- */

/* A dry run has to remember what it would have made. */
static int find_room(struct voucher_applier *ap, struct err *err)
{
    bool found;
    int64_t made;
    ap->room = INT64_MAX;
    if (ap->campaign_id == 0)
        return 0;
    if (campaign_room(ap->tx, ap->project_id, ap->campaign_id, &ap->room, err) < 0)
        return -1;
    if (ap->room == INT64_MAX || !ap->dry_run)
        return 0;
    if (db_number(ap->db, STATEMENT_ACTION_CREATED, ap->seq, &found, &made, err) < 0)
        return -1;
    ap->room -= made;
    return 0;
}

int applier_begin(struct voucher_applier *ap, struct err *err)
{
    ap->first_unfinished = INT64_MAX;
    if (find_room(ap, err) < 0)
        return -1;
    if (!ap->alone && queue_first_unfinished(ap->db, ap->project_id, QUEUE_VOUCHERS, -1,
                                             &ap->first_unfinished, err) < 0)
        return -1;
    if (ap->mode == APPLY_UPDATE_ONLY)
        return 0;
    if (erased_any(ap->db, ap->project_id, &ap->has_erased, err) < 0)
        return -1;
    int64_t one;
    if (db_number(ap->db, STATEMENT_CAMPAIGNS_GONE, ap->project_id, &ap->has_gone, &one, err) < 0)
        return -1;
    return db_number(ap->db, STATEMENT_CATEGORY_ANY, ap->project_id, &ap->has_categories, &one,
                     err);
}

/* Is an earlier action unfinished? Then it has to learn what this one has written. */
bool applier_overlaps(const struct voucher_applier *ap)
{
    return ap->first_unfinished < ap->seq;
}

/* ---- new rows ---- */

/* Does the table end with this key? Then later keys of the project need no search (a tenth of the
 * writer's instructions). */
static int look_for_end(struct voucher_applier *ap, int64_t key, struct err *err)
{
    struct stmt *st = db_statement(ap->db, STATEMENT_VOUCHER_LAST_KEY, err);
    if (st == NULL || db_step(ap->db, st, err) < 0)
        return -1;
    ap->append = column_int(st, 0) == key;
    stmt_reset(st);
    return 0;
}

static struct stmt *insert_statement(struct voucher_applier *ap, struct err *err)
{
    struct stmt *st =
        db_statement(ap->db, ap->append ? STATEMENT_VOUCHER_APPEND : STATEMENT_VOUCHER_INSERT, err);
    if (st != NULL && st != ap->bound) {
        bind_shared(ap, st);
        ap->bound = st;
    }
    return st;
}

static int next_key(struct voucher_applier *ap, int64_t *key, struct err *err)
{
    struct key_range *keys = &ap->keys;
    if (keys->next == keys->end &&
        ap->tx->store->backend->keys_take(ap->tx, ap->project_id, "voucher", 1, keys, err) < 0)
        return -1;
    *key = key_base(ap->project_id) + keys->next;
    return 0;
}

static void bind_new(struct stmt *st, const struct voucher *v)
{
    bind_str(st, 3, v->code);
    if (v->campaign_id != 0)
        bind_int(st, 5, v->campaign_id);
    else
        bind_null(st, 5); /* standalone */
    bind_int(st, 6, v->type);
    bind_int(st, 7, v->discount_type);
    bind_changeable(st, v);
}

/* 1: inserted, 0: the code exists. */
static int try_insert(struct voucher_applier *ap, struct voucher *v, struct err *err)
{
    struct stmt *st = insert_statement(ap, err);
    if (st == NULL || next_key(ap, &v->key, err) < 0)
        return -1;
    v->version = ap->seq;
    v->created_ms = ap->now_ms;
    v->updated_ms = TIME_NONE;
    v->recent = (struct str){ 0 };
    if (applier_overlaps(ap) &&
        voucher_note(v, v, ap->seq, ap->first_unfinished, ap->arena, err) < 0)
        return -1;
    if (!ap->append)
        bind_int(st, 1, v->key);
    bind_new(st, v);
    if (db_run(ap->db, st, err) < 0)
        return -1;
    if (db_changes(ap->db) == 0)
        return 0;
    if (ap->append && ap->tx->store->backend->last_key(ap->db) != v->key)
        return err_set(err, ERR_STORE, "the table of vouchers does not end where it should");
    ap->keys.next++;
    ap->created++;
    ap->room--;
    if (applier_count(ap, v, 1, err) < 0)
        return -1;
    if (ap->created > 1 || ap->tx->store->backend->last_key == NULL)
        return 1;
    return look_for_end(ap, v->key, err) < 0 ? -1 : 1;
}

/* ---- stored rows ---- */

/* A dry run's own memory of what it would have made of the row. */
static int put_dry(struct voucher_applier *ap, const struct voucher *v, struct err *err)
{
    struct stmt *st = db_statement(ap->db, STATEMENT_DRY_PUT, err);
    if (st == NULL)
        return -1;
    bind_int(st, 28, ap->seq);
    bind_int(st, 1, v->key);
    bind_shared(ap, st);
    bind_int(st, 4, v->version);
    bind_new(st, v);
    return db_run(ap->db, st, err);
}

static int write_stored(struct voucher_applier *ap, struct voucher *stored, enum outcome outcome,
                        struct err *err)
{
    const bool stamp = outcome == OUTCOME_UNCHANGED;
    if (!stamp)
        stored->updated_ms = ap->now_ms;
    if (ap->sink != NULL)
        return ap->sink(ap, stored, err);
    struct stmt *st =
        db_statement(ap->db, stamp ? STATEMENT_VOUCHER_STAMP : STATEMENT_VOUCHER_UPDATE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, stored->key);
    bind_int(st, 4, stored->version);
    if (!stamp)
        bind_int(st, 22, ap->now_ms);
    bind_changeable(st, stored);
    return db_run(ap->db, st, err);
}

/* Moves the count of a row from one category to another. */
static int recount(struct voucher_applier *ap, const struct voucher *before,
                   const struct voucher *after, struct err *err)
{
    if (before->category_id == after->category_id && str_eq(before->category, after->category) &&
        (before->category.p == NULL) == (after->category.p == NULL)) /* "" is a tag */
        return 0;
    if (ap->sink != NULL)
        return applier_count(ap, before, -1, err) < 0 ? -1 : applier_count(ap, after, 1, err);
    if (totals_add_category(ap->db, ap->project_id, before, -1, err) < 0)
        return -1;
    return totals_add_category(ap->db, ap->project_id, after, 1, err);
}

int applier_keep(struct voucher_applier *ap, const struct voucher *before, struct voucher *stored,
                 const struct voucher *given, enum outcome outcome, struct err *err)
{
    const bool later = stored->version > ap->seq; /* stays the later one's */
    if (ap->dry_run)
        return outcome == OUTCOME_UPDATED ? put_dry(ap, stored, err) : 0;
    if (outcome == OUTCOME_UNCHANGED && !applier_overlaps(ap))
        return 0;
    /* Also behind a later one: somebody earlier than both may still come. */
    if (applier_overlaps(ap)) {
        if (voucher_note(stored, given, ap->seq, ap->first_unfinished, ap->arena, err) < 0)
            return -1;
    } else if (!later) {
        stored->recent = (struct str){ 0 };
    }
    if (!later)
        stored->version = ap->seq;
    if (outcome == OUTCOME_UNCHANGED && stored->version == before->version &&
        str_eq(stored->recent, before->recent))
        return 0;
    if (outcome == OUTCOME_UPDATED && recount(ap, before, stored, err) < 0)
        return -1;
    return write_stored(ap, stored, outcome, err);
}

/* Its campaign has been deleted, so it is on its way to the bin, or out. */
static int campaign_is_gone(struct voucher_applier *ap, const struct voucher *stored, bool *gone,
                            struct err *err)
{
    bool lives = true;
    if (ap->has_gone && stored->campaign_id != 0 &&
        campaign_lives(ap->db, ap->project_id, stored->campaign_id, &lives, err) < 0)
        return -1;
    *gone = !lives;
    return 0;
}

int applier_merge(struct voucher_applier *ap, struct voucher *stored, const struct voucher *v,
                  struct applied *out, struct err *err)
{
    const struct voucher before = *stored;
    struct voucher given = *v;
    bool gone = stored->binned_ms != TIME_NONE;
    if (!gone && campaign_is_gone(ap, stored, &gone, err) < 0)
        return -1;
    bool left = !gone || stored->version < ap->seq;
    if (left && gone)
        return ap->mode == APPLY_UPDATE_ONLY ? applier_missing(ap, v, out, err)
                                             : applier_duplicate(ap, v, out, err);
    if (ap->campaign_id != 0 && stored->campaign_id != ap->campaign_id)
        return applier_duplicate(ap, v, out, err); /* somebody else's code */
    if (stored->campaign_id != 0 && ap->mode == APPLY_UPSERT)
        given.set &= VOUCHER_MEMBER_IMPORT;
    struct voucher change = given;
    if (left && stored->version > ap->seq &&
        voucher_leaves(stored, ap->seq, &change, ap->arena, &left, err) < 0)
        return -1;
    if (!left) {
        out->outcome = OUTCOME_SUPERSEDED;
        return 0;
    }
    if (applier_prepare(ap, &change, &out->reason, err) < 0)
        return -1;
    if (out->reason.p != NULL)
        return fails(out->reason.p, FAILURE_INVALID, out, err);
    if (voucher_merge(stored, &change, ap->arena, &out->outcome, &out->reason, err) < 0)
        return -1;
    if (out->outcome == OUTCOME_FAILED) {
        out->kind = FAILURE_REFUSED;
        return 0;
    }
    if (applier_keep(ap, &before, stored, &given, out->outcome, err) < 0)
        return -1;
    if (out->outcome == OUTCOME_UNCHANGED && before.version > ap->seq)
        out->outcome = OUTCOME_SUPERSEDED;
    return 0;
}

/* 1: there is one and it is merged, or whatever the mode says of it; 0: there is none. */
static int try_merge_with(struct voucher_applier *ap, enum statement which, int64_t first,
                          struct voucher *v, struct applied *out, struct err *err)
{
    struct stmt *st = db_statement(ap->db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, first);
    bind_str(st, 2, v->code);
    const int got = db_step(ap->db, st, err);
    if (got <= 0) {
        stmt_reset(st);
        return got;
    }
    struct voucher stored;
    arena_reset(ap->arena);
    int rc = voucher_read_row(st, &stored, err);
    if (rc == 0) /* while the row's texts are valid */
        rc = applier_refuses(ap) ? applier_duplicate(ap, v, out, err)
                                 : applier_merge(ap, &stored, v, out, err);
    stmt_reset(st);
    return rc < 0 ? -1 : 1;
}

static int try_merge(struct voucher_applier *ap, struct voucher *v, struct applied *out,
                     struct err *err)
{
    const int dry =
        ap->dry_run ? try_merge_with(ap, STATEMENT_DRY_BY_CODE, ap->seq, v, out, err) : 0;
    return dry != 0 ? dry
                    : try_merge_with(ap, STATEMENT_VOUCHER_BY_CODE, ap->project_id, v, out, err);
}

/* ---- a row ---- */

static int apply_dry(struct voucher_applier *ap, struct voucher *v, struct applied *out,
                     struct err *err)
{
    const int merged = try_merge(ap, v, out, err);
    if (merged != 0)
        return merged < 0 ? -1 : 0;
    if (ap->mode == APPLY_UPDATE_ONLY)
        return applier_missing(ap, v, out, err);
    if (v->unfit_new.p != NULL)
        return applier_unfit(v, out);
    if (ap->room <= 0)
        return applier_full(ap, out, err);
    ap->room--;
    v->version = ap->seq;
    v->recent = (struct str){ 0 };
    out->outcome = OUTCOME_CREATED;
    return put_dry(ap, v, err);
}

static int apply_update(struct voucher_applier *ap, struct voucher *v, struct applied *out,
                        struct err *err)
{
    const struct sql_backend *backend = ap->tx->store->backend;
    const int updated = applier_overlaps(ap) || backend->metadata_update == NULL
                            ? 0
                            : backend->metadata_update(ap, v, out, err);
    const int merged = updated != 0 ? updated : try_merge(ap, v, out, err);
    if (merged != 0)
        return merged < 0 ? -1 : 0;
    arena_reset(ap->arena);
    return applier_missing(ap, v, out, err);
}

/* It cannot be added: either the code is there, or the row fails. */
static int apply_to_stored(struct voucher_applier *ap, struct voucher *v, struct applied *out,
                           struct err *err)
{
    const int merged = try_merge(ap, v, out, err);
    if (merged != 0)
        return merged < 0 ? -1 : 0;
    arena_reset(ap->arena);
    return v->unfit_new.p != NULL ? applier_unfit(v, out) : applier_full(ap, out, err);
}

static int apply_upsert(struct voucher_applier *ap, struct voucher *v, struct applied *out,
                        struct err *err)
{
    if (ap->room <= 0 || v->unfit_new.p != NULL)
        return apply_to_stored(ap, v, out, err);
    for (int tries = 0; tries < 2; tries++) { /* at most one of each */
        if (ap->expect_existing) {
            const int merged = try_merge(ap, v, out, err);
            if (merged != 0)
                return merged < 0 ? -1 : 0;
            ap->expect_existing = false;
            continue;
        }
        if (ap->arena->used_bytes > 0)
            arena_reset(ap->arena);
        const int inserted = try_insert(ap, v, err);
        if (inserted < 0)
            return -1;
        if (inserted > 0) {
            out->outcome = OUTCOME_CREATED;
            return 0;
        }
        if (applier_refuses(ap))
            return applier_duplicate(ap, v, out, err);
        ap->expect_existing = true;
    }
    return err_set(err, ERR_STORE, "a voucher is neither there nor can it be inserted");
}

int applier_prepare(struct voucher_applier *ap, struct voucher *given, struct str *reason,
                    struct err *err)
{
    const struct sql_backend *backend = ap->tx->store->backend;
    const bool has = backend->canonical != NULL && (given->set & VF_METADATA) != 0;
    const int rc = has ? backend->canonical(&given->metadata, ap->arena, err) : 0;
    if (rc > 0)
        *reason = STR(METADATA_UNFIT);
    return rc < 0 ? -1 : 0;
}

int applier_apply(struct voucher_applier *ap, struct voucher *v, struct applied *out,
                  struct err *err)
{
    bool erased = false;
    *out = (struct applied){ 0 };
    if (ap->has_erased && erased_after(ap->db, ap->project_id, v->code, ap->seq, &erased, err) < 0)
        return -1;
    if (erased) {
        out->outcome = OUTCOME_SUPERSEDED;
        return 0;
    }
    if (applier_link(ap, v, err) < 0)
        return -1;
    if (ap->tx->store->backend->fits != NULL && !ap->tx->store->backend->fits(v->metadata))
        return fails(METADATA_UNFIT, FAILURE_INVALID, out, err);
    if (ap->dry_run)
        return apply_dry(ap, v, out, err);
    return ap->mode == APPLY_UPDATE_ONLY ? apply_update(ap, v, out, err)
                                         : apply_upsert(ap, v, out, err);
}

int applier_end(struct voucher_applier *ap, struct err *err)
{
    if (ap->keys.next != ap->keys.first &&
        ap->tx->store->backend->keys_used(ap->tx, ap->project_id, "voucher", &ap->keys, err) < 0)
        return -1;
    if (flush_counts(ap, err) < 0)
        return -1;
    if (totals_add_campaign(ap->db, ap->project_id, ap->campaign_id, ap->created, err) < 0)
        return -1;
    return totals_add(ap->db, ap->project_id, STR("voucher"), ap->created, err);
}

/* ---- reading ---- */

static int find_with(struct db *db, enum statement which, int64_t project_id, struct str code,
                     int64_t key, struct arena *a, struct voucher **out, struct err *err)
{
    struct stmt *st = db_statement(db, which, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    if (which == STATEMENT_VOUCHER_BY_KEY)
        bind_int(st, 2, key);
    else
        bind_str(st, 2, code);
    const int got = db_step(db, st, err);
    if (got <= 0) {
        stmt_reset(st);
        return got;
    }
    struct voucher *v = arena_alloc(a, sizeof(*v));
    int rc = -1;
    if (v == NULL) {
        err_nomem(err);
    } else {
        rc = voucher_read_row(st, v, err) < 0 ? -1 : voucher_copy_texts(v, a, err);
    }
    stmt_reset(st);
    *out = v;
    return rc;
}

int voucher_find(struct db *db, const struct id_secret *secret, struct arena *a, int64_t project_id,
                 struct str code_or_id, struct voucher **out, struct err *err)
{
    int64_t key;
    int rc = 0;
    *out = NULL;
    if (id_decode(secret, ID_VOUCHER, code_or_id, &key))
        rc = find_with(db, STATEMENT_VOUCHER_BY_KEY, project_id, (struct str){ 0 }, key, a, out,
                       err);
    if (*out != NULL && (*out)->binned_ms != TIME_NONE)
        *out = NULL;
    if (rc == 0 && *out == NULL)
        rc = find_with(db, STATEMENT_VOUCHER_BY_CODE, project_id, code_or_id, 0, a, out, err);
    if (*out != NULL && (*out)->binned_ms != TIME_NONE)
        *out = NULL;
    bool lives = true;
    if (rc == 0 && *out != NULL && (*out)->campaign_id != 0)
        rc = campaign_lives(db, project_id, (*out)->campaign_id, &lives, err);
    if (rc < 0 || !lives)
        *out = NULL;
    return rc;
}

int sql_find_voucher(struct store *store, struct arena *a, int64_t project_id,
                     struct str code_or_id, struct voucher **out, struct err *err)
{
    struct sql_store *s = sql_store_of(store);
    struct db *db = reader_take(s);
    const int rc = voucher_find(db, &s->base.secret, a, project_id, code_or_id, out, err);
    reader_give(s, db);
    return rc;
}
