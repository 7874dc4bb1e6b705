/* SPDX-License-Identifier: MIT */
/*
 * metadata_update.c - updates that give metadata alone: one statement for a slice.
 *
 * Most rows of such an action need nothing but "merge these keys", and what || does with jsonb is
 * the API's rule: whole keys are replaced, null is a value. So the rows are not read at all: the
 * database gets codes and what to merge, and tells which of them it has changed. Those that it has
 * left alone go the general way, which has the words: not there, in the bin, unchanged, written by
 * a later request, with notes for others, too large.
 */
#include "store/postgres/copy.h"

#define GIVEN_MOST   65536 /* bytes; the statement minds the stored part of the limit */
#define GIVEN_ENOUGH ((size_t)(6 * MIB)) /* of a slice */
#define JSONB_FORMAT 1                   /* as jsonb_recv() wants it: a byte, then the text */

static bool is_alone(struct voucher *const *vouchers, size_t i, size_t n)
{
    return (i == 0 || !str_eq(vouchers[i]->code, vouchers[i - 1]->code)) &&
           (i + 1 == n || !str_eq(vouchers[i]->code, vouchers[i + 1]->code));
}

static bool fits(const struct voucher *v)
{
    return v->set == (VF_CODE | VF_METADATA) && v->metadata.len > 0 &&
           v->metadata.len <= GIVEN_MOST && pg_fits(v);
}

static void array_begin(struct buf *b, enum pg_type type)
{
    buf_reset(b);
    copy_be32(b, 1); /* dimensions */
    copy_be32(b, 0); /* no nulls */
    copy_be32(b, (uint32_t)type);
    copy_be32(b, 0); /* how many: array_end() */
    copy_be32(b, 1); /* from 1 */
}

static void array_end(struct buf *b, uint32_t n)
{
    const unsigned char be[] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                 (unsigned char)(n >> 8), (unsigned char)n };
    if (!b->failed)
        memcpy(b->p + 12, be, sizeof(be));
}

/* Both arrays; merged[i] becomes MERGE_ASKED for what is in them. */
static uint32_t put_given(struct pg_merging *m, struct voucher *const *vouchers, size_t n)
{
    uint32_t asked = 0;
    array_begin(&m->codes, PG_TEXT);
    array_begin(&m->given, PG_JSONB);
    for (size_t i = 0; i < n && m->given.len < GIVEN_ENOUGH; i++) {
        const struct voucher *v = vouchers[i];
        if (!is_alone(vouchers, i, n) || !fits(v))
            continue;
        field_text(&m->codes, v->code);
        copy_be32(&m->given, (uint32_t)v->metadata.len + 1);
        buf_putc(&m->given, JSONB_FORMAT);
        buf_put(&m->given, v->metadata.p, v->metadata.len);
        m->asked[asked++] = (uint32_t)i;
    }
    array_end(&m->codes, asked);
    array_end(&m->given, asked);
    return asked;
}

static int make_room(struct pg_merging *m, size_t n, struct err *err)
{
    if (n > m->cap) {
        mem_free(m->merged);
        mem_free(m->asked);
        m->merged = mem_alloc(n);
        m->asked = mem_alloc(n * sizeof(*m->asked));
        m->cap = m->merged != NULL && m->asked != NULL ? n : 0;
    }
    if (n > m->cap)
        return err_nomem(err);
    memset(m->merged, 0, n);
    m->n_merged = 0;
    return 0;
}

int pg_metadata_update(struct pg_db *db, struct voucher_applier *ap, struct pg_merging *m,
                       struct voucher *const *vouchers, size_t n, struct err *err)
{
    if (make_room(m, n, err) < 0)
        return -1;
    const uint32_t asked = put_given(m, vouchers, n);
    if (buf_ok(&m->codes, err) < 0 || buf_ok(&m->given, err) < 0)
        return -1;
    struct stmt *st =
        asked > 0 ? db_statement(&db->base, STATEMENT_VOUCHERS_MERGE_METADATA, err) : NULL;
    if (st == NULL)
        return asked > 0 ? -1 : 0;
    bind_int(st, 1, ap->project_id);
    bind_int(st, 2, ap->seq);
    bind_int(st, 3, ap->now_ms);
    pg_bind_array(st, 4, buf_str(&m->codes));
    pg_bind_array(st, 5, buf_str(&m->given));
    int got;
    while ((got = db_step(&db->base, st, err)) > 0) {
        const int64_t at = column_int(st, 0) - 1;
        if (at < 0 || at >= asked)
            continue;
        m->merged[m->asked[at]] = 1;
        m->n_merged++;
    }
    stmt_reset(st);
    return got;
}

void pg_merging_init(struct pg_merging *m)
{
    *m = (struct pg_merging){ .promises = true };
    buf_init(&m->codes, 16 * MIB);
    buf_init(&m->given, 16 * MIB);
}

void pg_merging_release(struct pg_merging *m)
{
    buf_release(&m->codes);
    buf_release(&m->given);
    mem_free(m->merged);
    mem_free(m->asked);
}
