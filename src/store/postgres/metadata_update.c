/* SPDX-License-Identifier: MIT */
/*
 * metadata_update.c - updates that give the same metadata to many vouchers: one statement for a
 * slice.
 *
 * Most rows of such an action need nothing but "merge these keys", and what || does with jsonb is
 * the API's rule: whole keys are replaced, null is a value. So the rows are not read at all: the
 * database gets the codes and what to merge, and tells which of them it has changed. Those that it
 * has left alone go the general way, which has the words: not there, in the bin, unchanged, written
 * by a later request, with notes for others, too large.
 */
#include "store/postgres/copy.h"

#define GIVEN_MOST 65536 /* bytes; the statement minds the stored part of the limit */

static bool is_alone(struct voucher *const *vouchers, size_t i, size_t n)
{
    return (i == 0 || !str_eq(vouchers[i]->code, vouchers[i - 1]->code)) &&
           (i + 1 == n || !str_eq(vouchers[i]->code, vouchers[i + 1]->code));
}

static bool gives(const struct voucher *v, struct str metadata)
{
    return v->set == (VF_CODE | VF_METADATA) && v->metadata.len > 0 &&
           v->metadata.len <= GIVEN_MOST && str_eq(v->metadata, metadata);
}

/* The codes of those that give this metadata and nothing else, as a text[]; returns how many. */
static uint32_t put_codes(struct pg_merging *m, struct voucher *const *vouchers, size_t n,
                          struct str metadata)
{
    m->n_asked = 0;
    for (size_t i = 0; i < n; i++)
        if (gives(vouchers[i], metadata) && is_alone(vouchers, i, n))
            m->asked[m->n_asked++] = (uint32_t)i;
    array_begin(&m->codes, PG_TEXT, m->n_asked);
    for (uint32_t k = 0; k < m->n_asked; k++)
        field_text(&m->codes, vouchers[m->asked[k]]->code);
    return m->n_asked;
}

/* Which of the vouchers asked for has this code; they are sorted by it. */
static int64_t find_asked(const struct pg_merging *m, struct voucher *const *vouchers,
                          struct str code)
{
    size_t from = 0, to = m->n_asked;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int order = str_cmp(vouchers[m->asked[middle]]->code, code);
        if (order == 0)
            return m->asked[middle];
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return -1;
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
    if (n == 0 || !pg_fits(vouchers[0]->metadata) ||
        put_codes(m, vouchers, n, vouchers[0]->metadata) == 0)
        return 0;
    struct stmt *st = db_statement(&db->base, STATEMENT_VOUCHERS_MERGE_METADATA, err);
    if (st == NULL || buf_ok(&m->codes, err) < 0)
        return -1;
    bind_int(st, 1, ap->project_id);
    bind_int(st, 2, ap->seq);
    bind_int(st, 3, ap->now_ms);
    pg_bind_array(st, 4, buf_str(&m->codes));
    bind_str(st, 5, vouchers[0]->metadata);
    int got;
    while ((got = db_step(&db->base, st, err)) > 0) {
        const int64_t at = find_asked(m, vouchers, column_str(st, 0));
        if (at < 0)
            continue;
        m->merged[at] = 1;
        m->n_merged++;
    }
    stmt_reset(st);
    return got;
}

void pg_merging_init(struct pg_merging *m)
{
    *m = (struct pg_merging){ .promises = true };
    buf_init(&m->codes, 16 * MIB);
}

void pg_merging_release(struct pg_merging *m)
{
    buf_release(&m->codes);
    mem_free(m->merged);
    mem_free(m->asked);
}
