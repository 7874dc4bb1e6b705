/* SPDX-License-Identifier: MIT */
/*
 * publications.c - vouchers handed to customers (reference 4.11).
 *
 * All of it is one unit of work: the customer, the vouchers, the publication. Those of a campaign
 * that nobody has yet stand in an index of their own, by their end, so handing out the last of a
 * million finds it as fast as the first did, however many have expired. A campaign that makes codes
 * on demand (AUTO_UPDATE) makes those that are missing.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/time_iso.h"
#include "store/sql/records.h"

/* One publication on its way. */
struct publishing {
    struct store_tx *tx;
    struct db *db;
    struct publish *p;
    struct voucher_applier ap;
    struct campaign campaign; /* key 0: none is named */
};

static int refuse(struct publishing *pb, enum err_code code, const char *text)
{
    pb->p->refused = true;
    err_set(&pb->p->why, code, "%s", text);
    return 0;
}

static int missing(struct publishing *pb, const char *type, struct str id)
{
    pb->p->refused = true;
    pb->p->missing_type = type;
    pb->p->missing_id = id;
    return 0;
}

/* ---- a voucher ---- */

/* As a request that changes nothing but who has it: what an earlier action brings still comes in.
 */
static int hand_over(struct publishing *pb, struct voucher *v, bool held, struct err *err)
{
    const struct voucher before = *v;
    const struct voucher given = { .set = 0 };
    if (applier_keep(&pb->ap, &before, v, &given, OUTCOME_UPDATED, err) < 0)
        return -1;
    struct stmt *st = db_statement(pb->db, STATEMENT_VOUCHER_PUBLISH, err);
    if (st == NULL)
        return -1;
    v->publish_count++;
    v->holder_id = held ? pb->p->customer.key : v->holder_id;
    bind_int(st, 1, v->key);
    bind_int_or_null(st, 2, v->holder_id, v->holder_id == 0);
    bind_int(st, 3, v->publish_count);
    return db_run(pb->db, st, err);
}

/* Room for one more in the answer. */
static struct voucher *next_room(struct publishing *pb)
{
    return &pb->p->vouchers[pb->p->n];
}

static int take(struct publishing *pb, const struct voucher *v, bool held, struct err *err)
{
    struct voucher *out = next_room(pb);
    *out = *v;
    if (hand_over(pb, out, held, err) < 0 || voucher_copy_texts(out, pb->p->arena, err) < 0)
        return -1;
    pb->p->n++;
    return 0;
}

static bool is_suitable(const struct voucher *v, int64_t now_ms)
{
    return v->active && (v->expiration_ms == TIME_NONE || v->expiration_ms >= now_ms);
}

static int already_published(struct publishing *pb, const struct voucher *v)
{
    char id[ID_MAX_LEN], text[120];
    id_encode(&pb->tx->store->base.secret, ID_VOUCHER, v->key, id);
    snprintf(text, sizeof(text), "Voucher '%s' has already been published", id);
    return refuse(pb, ERR_ALREADY_PUBLISHED, text);
}

/* The generic code of the campaign: everybody gets it, so nobody holds it. */
static bool is_generic(const struct campaign *c)
{
    return c->codes == CODES_STANDALONE;
}

/* ---- one that is named ---- */

static int find_campaign_of(struct publishing *pb, int64_t key, bool *generic, struct err *err)
{
    const struct id_secret *secret = &pb->tx->store->base.secret;
    char *id = arena_alloc(pb->p->arena, ID_MAX_LEN);
    if (id == NULL)
        return err_nomem(err);
    id_encode(secret, ID_CAMPAIGN, key, id);
    const int got = campaign_find(pb->db, secret, pb->p->project_id, str_of(id), pb->p->arena,
                                  &pb->campaign, err);
    *generic = got > 0 && is_generic(&pb->campaign);
    return got < 0 ? -1 : 0;
}

static int publish_voucher(struct publishing *pb, struct err *err)
{
    struct publish *p = pb->p;
    struct voucher *v = NULL;
    if (voucher_find(pb->db, &pb->tx->store->base.secret, p->arena, p->project_id,
                     p->given->voucher, &v, err) < 0)
        return -1;
    bool generic = false;
    if (v == NULL)
        return missing(pb, "voucher", p->given->voucher);
    if (v->campaign_id != 0 && find_campaign_of(pb, v->campaign_id, &generic, err) < 0)
        return -1;
    if (generic) /* everybody gets it, so nobody holds it */
        return is_suitable(v, pb->ap.now_ms)
                   ? take(pb, v, false, err)
                   : refuse(pb, ERR_NO_VOUCHER, "The voucher is not active, or has expired");
    if (v->publish_count > 0 && p->join_once && v->holder_id == p->customer.key) {
        *next_room(pb) = *v; /* they have it */
        p->n++;
        return 0;
    }
    if (v->publish_count > 0)
        return already_published(pb, v);
    if (!is_suitable(v, pb->ap.now_ms))
        return refuse(pb, ERR_NO_VOUCHER, "The voucher is not active, or has expired");
    return take(pb, v, true, err);
}

/* ---- those of a campaign ---- */

/* The one that the customer has of it already; *out NULL: none. */
static int find_held(struct publishing *pb, struct voucher **out, struct err *err)
{
    struct arena *a = pb->p->arena;
    struct stmt *st = db_statement(pb->db, STATEMENT_VOUCHER_HELD, err);
    *out = NULL;
    if (st == NULL)
        return -1;
    bind_int(st, 1, pb->p->customer.key);
    bind_int(st, 2, pb->campaign.key);
    int got = db_step(pb->db, st, err);
    if (got > 0) {
        *out = arena_alloc(a, sizeof(**out));
        if (*out == NULL)
            got = err_nomem(err);
        else if (voucher_read_row(st, *out, err) < 0 || voucher_copy_texts(*out, a, err) < 0)
            got = -1;
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

/* The rows of a statement behind the first *n. */
static int read_free(struct publishing *pb, struct stmt *st, size_t count, struct voucher *out,
                     size_t *n, struct err *err)
{
    int got;
    while ((got = db_step(pb->db, st, err)) > 0 && *n < count) {
        if (voucher_read_row(st, &out[*n], err) < 0 ||
            voucher_copy_texts(&out[*n], pb->p->arena, err) < 0) {
            got = -1;
            break;
        }
        (*n)++;
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

/* Those that nobody has, up to `count`, into the answer: what ends first comes first, of the same
 * end the oldest. Nothing is written yet. */
static int find_free(struct publishing *pb, size_t count, struct voucher *out, size_t *n,
                     struct err *err)
{
    struct stmt *st = db_statement(pb->db, STATEMENT_VOUCHERS_TO_PUBLISH, err);
    *n = 0;
    if (st == NULL)
        return -1;
    bind_int(st, 1, pb->campaign.key);
    bind_int(st, 2, pb->ap.now_ms);
    bind_int(st, 3, (int64_t)count);
    if (read_free(pb, st, count, out, n, err) < 0)
        return -1;
    if (*n == count)
        return 0;
    st = db_statement(pb->db, STATEMENT_VOUCHERS_ENDLESS, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, pb->campaign.key);
    bind_int(st, 2, (int64_t)(count - *n));
    return read_free(pb, st, count, out, n, err);
}

static int create_one(struct publishing *pb, struct voucher *v, struct err *err)
{
    char *id = arena_alloc(pb->p->arena, ID_MAX_LEN);
    if (id == NULL)
        return err_nomem(err);
    id_encode(&pb->tx->store->base.secret, ID_CAMPAIGN, pb->campaign.key, id);
    voucher_init(v);
    struct voucher_write w = { .project_id = pb->p->project_id,
                               .mode = VOUCHER_CREATE,
                               .voucher = v,
                               .campaign = str_of(id),
                               .arena = pb->p->arena,
                               .gate = pb->p->voucher_gate };
    if (sql_tx_voucher_write(pb->tx, &w, err) < 0) {
        pb->p->voucher_gate.reason = w.gate.reason;
        return -1;
    }
    if (w.outcome != OUTCOME_FAILED)
        return 0;
    err_set(&pb->p->why, ERR_NO_VOUCHER, "Couldn't create new vouchers for publication: %s",
            w.why.msg);
    pb->p->refused = true;
    return 0;
}

/* Codes are made on demand by campaigns that are in force only. */
static bool makes_codes(const struct publishing *pb)
{
    const struct campaign *c = &pb->campaign;
    const int64_t end_ms = c->voucher.expiration_ms;
    return c->codes == CODES_AUTO_UPDATE && c->active &&
           (end_ms == TIME_NONE || end_ms >= pb->ap.now_ms);
}

static int too_few(struct publishing *pb, size_t n)
{
    char text[80];
    if (n == 0)
        return refuse(pb, ERR_NO_VOUCHER, "Couldn't create new vouchers for publication");
    snprintf(text, sizeof(text), "Only up to %zu can be published", n);
    return refuse(pb, ERR_TOO_MANY_VOUCHERS, text);
}

static int publish_some(struct publishing *pb, struct err *err)
{
    const size_t count = (size_t)pb->p->given->count;
    struct voucher *found = arena_alloc(pb->p->arena, count * sizeof(*found));
    size_t n;
    if (found == NULL)
        return err_nomem(err);
    if (find_free(pb, count, found, &n, err) < 0)
        return -1;
    if (n < count && !makes_codes(pb))
        return too_few(pb, n);
    for (; n < count; n++) {
        if (create_one(pb, &found[n], err) < 0)
            return -1;
        if (pb->p->refused) /* the unit is undone: see sql_tx_publish() */
            return 0;
    }
    for (size_t i = 0; i < count; i++)
        if (take(pb, &found[i], true, err) < 0)
            return -1;
    return 0;
}

static int publish_generic(struct publishing *pb, struct err *err)
{
    struct stmt *st = db_statement(pb->db, STATEMENT_VOUCHER_GENERIC, err);
    struct voucher v;
    if (st == NULL)
        return -1;
    bind_int(st, 1, pb->campaign.key);
    int got = db_step(pb->db, st, err);
    if (got > 0 &&
        (voucher_read_row(st, &v, err) < 0 || voucher_copy_texts(&v, pb->p->arena, err) < 0))
        got = -1;
    stmt_reset(st);
    if (got < 0)
        return -1;
    return got > 0 && is_suitable(&v, pb->ap.now_ms) ? take(pb, &v, false, err) : too_few(pb, 0);
}

static int publish_campaign(struct publishing *pb, struct err *err)
{
    struct publish *p = pb->p;
    struct voucher *held = NULL;
    const int got = campaign_find(pb->db, &pb->tx->store->base.secret, p->project_id,
                                  p->given->campaign, p->arena, &pb->campaign, err);
    if (got < 0)
        return -1;
    if (got == 0)
        return missing(pb, "campaign", p->given->campaign);
    if (is_generic(&pb->campaign))
        return p->given->count > 1 ? too_few(pb, 1) : publish_generic(pb, err);
    if ((p->join_once || pb->campaign.join_once) && find_held(pb, &held, err) < 0)
        return -1;
    if (held != NULL && !p->join_once)
        return refuse(pb, ERR_NOT_PUBLISHABLE,
                      "Voucher cannot be published. Customer already joined program.");
    if (held != NULL) {
        *next_room(pb) = *held;
        p->n++;
        return 0;
    }
    return publish_some(pb, err);
}

/* ---- the publication ---- */

static int source_is_taken(struct publishing *pb, bool *taken, struct err *err)
{
    struct stmt *st = db_statement(pb->db, STATEMENT_PUBLICATION_BY_SOURCE, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, pb->p->project_id);
    bind_str(st, 2, pb->p->given->source_id);
    const int got = db_step(pb->db, st, err);
    stmt_reset(st);
    *taken = got > 0;
    return got < 0 ? -1 : 0;
}

static int insert(struct publishing *pb, struct err *err)
{
    struct publish *p = pb->p;
    const int64_t campaign = p->vouchers[0].campaign_id;
    struct str keys;
    struct buf b;
    struct json_out o = { .b = &b };
    buf_init(&b, 4 * KIB);
    json_array(&o);
    for (size_t i = 0; i < p->n; i++)
        json_int(&o, p->vouchers[i].key);
    json_array_end(&o);
    struct stmt *st = db_statement(pb->db, STATEMENT_PUBLICATION_INSERT, err);
    if (buf_keep(&b, p->arena, &keys, err) < 0 || st == NULL ||
        sequence_next_key(pb->tx, p->project_id, "publication", &p->key, err) < 0)
        return -1;
    bind_int(st, 1, p->key);
    bind_int(st, 2, p->project_id);
    bind_int(st, 3, p->customer.key);
    bind_int_or_null(st, 4, campaign, campaign == 0);
    bind_str(st, 5, p->given->source_id);
    bind_str(st, 6, p->given->channel);
    bind_str(st, 7, p->given->metadata);
    bind_str(st, 8, keys);
    bind_int(st, 9, p->created_ms);
    return db_run(pb->db, st, err) < 0
               ? -1
               : totals_add(pb->db, p->project_id, STR("publication"), 1, err);
}

static int begin(struct publishing *pb, struct err *err)
{
    struct publish *p = pb->p;
    bool taken = false;
    p->n = 0;
    p->refused = false;
    p->missing_type = NULL;
    p->created_ms = pb->ap.now_ms;
    if (p->vouchers == NULL)
        p->vouchers = arena_alloc(p->arena, PUBLISH_MOST * sizeof(*p->vouchers));
    if (p->vouchers == NULL)
        return err_nomem(err);
    if (project_check(pb->db, p->project_id, err) < 0 ||
        (p->given->source_id.p != NULL && source_is_taken(pb, &taken, err) < 0))
        return -1;
    if (!taken)
        return 0;
    p->refused = true;
    err_set(&p->why, ERR_DUPLICATE_SOURCE_ID, "Publication with source_id: '%.*s' already exists",
            STR_FMT(p->given->source_id));
    return 0;
}

/* An id alone means somebody who is there. */
static int check_customer(struct publishing *pb, struct err *err)
{
    const struct customer *given = &pb->p->given->customer;
    struct customer c;
    if (given->id.p == NULL || given->source_id.p != NULL)
        return 0;
    const int got =
        record_find(pb->db, &pb->tx->store->base.secret, record_table_of(RESOURCE_CUSTOMER),
                    pb->p->project_id, given->id, pb->p->arena, &c.record, err);
    return got == 0 ? missing(pb, "customer", given->id) : got < 0 ? -1 : 0;
}

static int save_customer(struct store_tx *tx, struct publish *p, struct err *err)
{
    struct record_applier ap;
    return record_writer(&ap, record_table_of(RESOURCE_CUSTOMER), tx, p->project_id, p->arena,
                         err) < 0
               ? -1
               : record_save(&ap, &p->given->customer.record, &p->customer_gate,
                             &p->customer.record, err);
}

int sql_tx_publish(struct store_tx *tx, struct publish *p, struct err *err)
{
    struct publishing pb = { .tx = tx, .db = tx->db, .p = p };
    pb.ap = (struct voucher_applier){ .tx = tx,
                                      .db = tx->db,
                                      .arena = tx->scratch,
                                      .project_id = p->project_id,
                                      .now_ms = time_now_ms(),
                                      .mode = APPLY_CREATE_ONLY };
    if (begin(&pb, err) < 0 || (!p->refused && check_customer(&pb, err) < 0))
        return -1;
    if (!p->refused) {
        if (save_customer(tx, p, err) < 0 || tx_next_seq(tx, &pb.ap.seq, err) < 0 ||
            applier_begin(&pb.ap, err) < 0)
            return -1;
        const int rc =
            p->given->voucher.p != NULL ? publish_voucher(&pb, err) : publish_campaign(&pb, err);
        if (rc < 0)
            return -1;
    }
    if (!p->refused)
        return insert(&pb, err);
    /* Nothing of it stays, the customer neither: the unit fails, and the answer is in *p. */
    return err_set(err, p->missing_type != NULL ? ERR_NOT_FOUND : p->why.code, "%s",
                   p->missing_type != NULL ? "not found" : p->why.msg);
}
