/* SPDX-License-Identifier: MIT */
/*
 * members.c - all vouchers of a campaign: given new terms, put into the bin, or erased.
 *
 * Such an action has no input. A slice goes on behind the key that the one before has come to, in
 * steps of some keys each, and a step is one statement over a range of keys: it costs what the
 * statement over all of them would, and cannot be caught with half of its work done. Vouchers that
 * are made meanwhile have what the campaign has now, and larger keys.
 *
 * Who changed a voucher later than this action was asked for keeps what they gave: such rows are
 * merged one by one, by the notes that they have (recent.c).
 */
#include "base/fault.h"
#include "base/time_iso.h"
#include "store/sql/sql_priv.h"

/* A step grows, or shrinks, until it takes a few milliseconds: somebody may wait for the writer. */
#define STEP_FIRST 1000
#define STEP_MOST  32000
#define STEP_LEAST 250
#define STEP_US    INT64_C(8000)
#define SLICE_ROWS 250000 /* each writes the index by code almost whole, when it erases */

/* A slice on its way. */
struct walk {
    struct store_chunk *c;
    const struct members *members;
    struct voucher_applier ap;
    int64_t low, high;     /* the step: keys behind low, up to high */
    int64_t keys;          /* that a step has, unless it is the last */
    int64_t end;           /* the last key */
    int64_t gone;          /* live ones that the slice has removed */
    bool last;             /* there is none behind it */
    bool has_categories;   /* some counter of a category or a tag exists */
    bool has_transactions; /* the project has some */
};

/* ---- a step ---- */

static struct stmt *step_statement(const struct walk *w, enum statement which, struct err *err)
{
    struct stmt *st = db_statement(w->ap.db, which, err);
    if (st == NULL)
        return NULL;
    bind_int(st, 1, w->c->campaign_id);
    bind_int(st, 2, w->low);
    bind_int(st, 3, w->high);
    return st;
}

/* Behind `low`: the first key that is there, and the last. Ranges of keys cost no looking, but
 * those of a campaign may have gaps as wide as another one. */
static int look_ahead(struct walk *w, struct err *err)
{
    struct stmt *st = db_statement(w->ap.db, STATEMENT_MEMBERS_RANGE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, w->c->campaign_id);
    bind_int(st, 2, w->low);
    const int got = db_step(w->ap.db, st, err);
    w->last = got > 0 && column_is_null(st, 0);
    if (got > 0 && !w->last) {
        w->low = column_int(st, 0) - 1;
        w->end = column_int(st, 1);
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

static void choose_step(struct walk *w)
{
    w->high = w->low + w->keys < w->end ? w->low + w->keys : w->end;
    w->last = w->high == w->end;
}

/* n of the step were written: that is all of it, and none is there that was not. */
static bool is_all(const struct walk *w, int64_t n)
{
    return n == w->high - w->low;
}

static int run_step(struct walk *w, struct stmt *st, int64_t *changed, struct err *err)
{
    if (st == NULL || db_run(w->ap.db, st, err) < 0)
        return -1;
    *changed = db_changes(w->ap.db);
    return 0;
}

/* Takes those that the step is about to write from the counters of their categories. before_seq:
 * only those that a renewal writes; 0: all that are not in the bin. *counted: how many. */
static int uncount_categories(struct walk *w, int64_t before_seq, int64_t *counted, struct err *err)
{
    struct stmt *st = step_statement(w, STATEMENT_MEMBERS_CATEGORIES, err);
    int got;
    *counted = 0;
    if (st == NULL)
        return -1;
    bind_int(st, 4, before_seq);
    while ((got = db_step(w->ap.db, st, err)) > 0) {
        const struct voucher v = { .category_id = column_int(st, 0),
                                   .category = column_str(st, 1) };
        const int64_t n = column_int(st, 2);
        *counted += n;
        if (totals_add_category(w->ap.db, w->c->project_id, &v, -n, err) < 0) {
            got = -1;
            break;
        }
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

/* ---- new terms ---- */

static void bind_given(struct stmt *st, int at, const struct voucher *terms, uint32_t bit)
{
    bind_int(st, at, (terms->set & bit) != 0);
}

/* Numbered as STATEMENT_MEMBERS_RENEW. */
static void bind_terms(struct stmt *st, const struct walk *w)
{
    const struct voucher *t = &w->members->terms;
    bind_int(st, 4, w->c->action_seq);
    bind_int(st, 5, w->ap.now_ms);
    bind_given(st, 6, t, VF_START);
    bind_time(st, 7, t->start_ms);
    bind_given(st, 8, t, VF_EXPIRATION);
    bind_time(st, 9, t->expiration_ms);
    bind_given(st, 10, t, VF_VALIDITY);
    bind_str(st, 11, t->validity);
    bind_given(st, 12, t, VF_VALUE);
    bind_num(st, 13, t->value);
    bind_given(st, 14, t, VF_EFFECT);
    bind_int(st, 15, t->effect);
    bind_given(st, 16, t, VF_DISCOUNT_EXTRA);
    bind_str(st, 17, t->discount_extra);
    bind_given(st, 18, t, VF_CATEGORY);
    bind_str(st, 19, t->category);
    if (t->category_id != 0)
        bind_int(st, 20, t->category_id);
    else
        bind_null(st, 20);
    bind_given(st, 21, t, VF_METADATA);
    bind_str(st, 22, t->metadata.p != NULL ? t->metadata : STR("{}"));
    bind_str(st, 23, w->members->unset);
}

/* One that somebody has written later. */
static int renew_later(struct walk *w, struct stmt *st, int64_t *renewed, struct err *err)
{
    struct voucher_applier *ap = &w->ap;
    const struct members *m = w->members;
    struct voucher stored, change = m->terms;
    struct voucher unset = { .set = VF_METADATA, .metadata = m->unset };
    bool left, left_unset = false;
    arena_reset(ap->arena);
    if (voucher_read_row(st, &stored, err) < 0 || voucher_copy_texts(&stored, ap->arena, err) < 0 ||
        voucher_leaves(&stored, ap->seq, &change, ap->arena, &left, err) < 0)
        return -1;
    if (m->unset.p != NULL &&
        voucher_leaves(&stored, ap->seq, &unset, ap->arena, &left_unset, err) < 0)
        return -1;
    if (!left && !left_unset)
        return 0;
    if (left_unset && (change.set & VF_METADATA) == 0) {
        change.set |= VF_METADATA;
        change.metadata = (struct str){ NULL, 0 };
    }
    const struct voucher before = stored;
    if (campaign_renew_voucher(&stored, &change,
                               left_unset ? unset.metadata : (struct str){ NULL, 0 }, ap->arena,
                               err) < 0 ||
        applier_keep(ap, &before, &stored, &change, OUTCOME_UPDATED, err) < 0)
        return -1;
    (*renewed)++;
    return 0;
}

static int renew_all_later(struct walk *w, int64_t *renewed, struct err *err)
{
    struct stmt *st = step_statement(w, STATEMENT_MEMBERS_LATER, err);
    int got;
    if (st == NULL)
        return -1;
    bind_int(st, 4, w->c->action_seq);
    while ((got = db_step(w->ap.db, st, err)) > 0) {
        if (renew_later(w, st, renewed, err) < 0) {
            got = -1;
            break;
        }
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

static int renew(struct walk *w, int64_t *changed, struct err *err)
{
    const bool moves = (w->members->terms.set & VF_CATEGORY) != 0;
    int64_t counted = 0, later = 0;
    if (moves && uncount_categories(w, w->c->action_seq, &counted, err) < 0)
        return -1;
    struct stmt *st = step_statement(w, STATEMENT_MEMBERS_RENEW, err);
    if (st != NULL)
        bind_terms(st, w);
    if (run_step(w, st, changed, err) < 0)
        return -1;
    if (moves && *changed != counted)
        return err_set(err, ERR_STORE, "vouchers of a campaign changed while they were counted");
    if (moves &&
        totals_add_category(w->ap.db, w->c->project_id, &w->members->terms, counted, err) < 0)
        return -1;
    /* All of the step are written: none is left that somebody changed later. */
    if (!is_all(w, *changed) && renew_all_later(w, &later, err) < 0)
        return -1;
    *changed += later;
    return 0;
}

/* ---- the end of vouchers ---- */

static int remove_live(struct walk *w, struct stmt *st, int64_t *changed, struct err *err)
{
    if (run_step(w, st, changed, err) < 0)
        return -1;
    w->gone += *changed; /* of their categories the step knows already */
    return 0;
}

/* At the end of a slice. */
static int uncount_gone(struct walk *w, struct err *err)
{
    const struct store_chunk *c = w->c;
    if (totals_add_campaign(w->ap.db, c->project_id, c->campaign_id, -w->gone, err) < 0)
        return -1;
    return totals_add(w->ap.db, c->project_id, STR("voucher"), -w->gone, err);
}

static int to_bin(struct walk *w, int64_t *changed, struct err *err)
{
    int64_t counted;
    if (w->has_categories && uncount_categories(w, 0, &counted, err) < 0)
        return -1;
    struct stmt *st = step_statement(w, STATEMENT_MEMBERS_TO_BIN, err);
    if (st != NULL) {
        bind_int(st, 4, w->ap.now_ms);
        bind_int(st, 5, w->c->action_seq);
    }
    return remove_live(w, st, changed, err);
}

static int erase(struct walk *w, int64_t *changed, struct err *err)
{
    int64_t counted, live, binned = 0;
    if ((w->has_categories && uncount_categories(w, 0, &counted, err) < 0) ||
        (w->has_transactions &&
         run_step(w, step_statement(w, STATEMENT_MEMBERS_FORGET_TRANSACTIONS, err), &counted, err) <
             0) ||
        remove_live(w, step_statement(w, STATEMENT_MEMBERS_ERASE_LIVE, err), &live, err) < 0)
        return -1;
    if (!is_all(w, live) &&
        run_step(w, step_statement(w, STATEMENT_MEMBERS_ERASE_BINNED, err), &binned, err) < 0)
        return -1;
    *changed = live + binned;
    return 0;
}

/* ---- a slice ---- */

static int (*const steps[])(struct walk *w, int64_t *changed, struct err *err) = {
    [MEMBERS_UPDATE] = renew,
    [MEMBERS_TO_BIN] = to_bin,
    [MEMBERS_ERASE] = erase,
};

static void pace(struct walk *w, int64_t us)
{
    if (us < STEP_US / 2 && w->keys < STEP_MOST)
        w->keys *= 2;
    else if (us > STEP_US * 2 && w->keys > STEP_LEAST)
        w->keys /= 2;
}

static int take_step(struct walk *w, struct err *err)
{
    struct store_chunk *c = w->c;
    int64_t changed = 0;
    const int64_t from_us = time_monotonic_us();
    choose_step(w);
    if (steps[w->members->order](w, &changed, err) < 0)
        return -1;
    c->adding[OUTCOME_UPDATED] += changed;
    c->n_rows += changed;
    w->low = c->end = w->high;
    pace(w, time_monotonic_us() - from_us);
    fault_point("members.step");
    return changed == 0 && !w->last ? look_ahead(w, err) : 0;
}

static int finish(struct walk *w, struct err *err)
{
    struct store_chunk *c = w->c;
    c->end_status = ACTION_DONE;
    return w->members->order == MEMBERS_ERASE
               ? campaign_forget(w->ap.db, c->project_id, c->campaign_id, err)
               : 0;
}

static int look_for_transactions(struct walk *w, struct err *err)
{
    struct stmt *st = db_statement(w->ap.db, STATEMENT_TRANSACTIONS_ANY, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, key_base(w->c->project_id));
    bind_int(st, 2, key_base(w->c->project_id + 1));
    const int got = db_step(w->ap.db, st, err);
    stmt_reset(st);
    w->has_transactions = got > 0;
    return got < 0 ? -1 : 0;
}

static int walk(struct walk *w, bool whole, int64_t from_us, struct err *err)
{
    struct sql_store *s = w->ap.tx->store;
    struct store_chunk *c = w->c;
    int64_t any;
    if (db_number(w->ap.db, STATEMENT_TOTALS_OF_CATEGORIES, c->project_id, &w->has_categories, &any,
                  err) < 0)
        return -1;
    if (look_for_transactions(w, err) < 0 || look_ahead(w, err) < 0)
        return -1;
    bool enough = w->last;
    while (!enough) { /* one step at least, or nobody would ever come through */
        if (take_step(w, err) < 0)
            return -1;
        enough =
            w->last || c->n_rows >= SLICE_ROWS ||
            (!whole && s->backend->wants_room(s, (size_t)c->n_rows, time_monotonic_us() - from_us));
    }
    if (uncount_gone(w, err) < 0)
        return -1;
    return w->last ? finish(w, err) : 0;
}

int members_slice(struct store_tx *tx, struct store_chunk *c, bool whole, int64_t from_us,
                  struct err *err)
{
    if (c->members->order == MEMBERS_PURGE_KEY)
        return key_purge_slice(tx, c, whole, from_us, err);
    struct walk w = { .c = c, .members = c->members, .low = c->start, .keys = STEP_FIRST };
    if (slice_begin(tx, c, &w.ap, err) < 0)
        return -1;
    c->n_rows = 0; /* of a try before */
    c->end = c->start;
    if (c->end_status != ACTION_FAILED) {
        c->end_status = ACTION_IN_PROGRESS;
        if (walk(&w, whole, from_us, err) < 0)
            return -1;
    }
    return slice_finish(tx, c, &w.ap, err);
}
