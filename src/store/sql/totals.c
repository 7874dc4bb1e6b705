/* SPDX-License-Identifier: MIT */
/*
 * totals.c - counters of lists, kept in the transactions that change them.
 *
 * A project has 'voucher', and one of each category that vouchers are in: 'voucher/category/KEY'
 * for a stored category, 'voucher/tag/TEXT' for a name that none has, 'voucher/campaign/KEY'.
 * Vouchers in the bin do not count.
 */
#include <inttypes.h>
#include <stdio.h>

#include "store/sql/sql_priv.h"

#define NAME_MAX_BYTES (FIELD_TEXT_MAX_BYTES + 64)

int totals_get(struct db *db, int64_t project_id, struct str resource, int64_t *n, struct err *err)
{
    struct stmt *st = db_statement(db, STATEMENT_TOTAL_GET, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, resource);
    const int got = db_step(db, st, err);
    *n = got > 0 ? column_int(st, 0) : 0;
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}

int totals_add(struct db *db, int64_t project_id, struct str resource, int64_t n, struct err *err)
{
    struct stmt *st = n != 0 ? db_statement(db, STATEMENT_TOTAL_ADD, err) : NULL;
    if (st == NULL)
        return n != 0 ? -1 : 0;
    bind_int(st, 1, project_id);
    bind_str(st, 2, resource);
    bind_int(st, 3, n);
    return db_run(db, st, err);
}

void totals_category(const struct voucher *v, struct buf *b)
{
    if (v->category_id != 0) {
        buf_printf(b, "voucher/category/%" PRId64, v->category_id);
    } else if (v->category.p != NULL) {
        buf_puts(b, STR("voucher/tag/"));
        buf_puts(b, v->category);
    }
}

int totals_add_category(struct db *db, int64_t project_id, const struct voucher *v, int64_t n,
                        struct err *err)
{
    struct buf name;
    buf_init(&name, NAME_MAX_BYTES);
    totals_category(v, &name);
    int rc = buf_ok(&name, err);
    if (rc == 0 && name.len > 0)
        rc = totals_add(db, project_id, buf_str(&name), n, err);
    buf_release(&name);
    return rc;
}

void totals_campaign(int64_t campaign, char *name, size_t size)
{
    snprintf(name, size, "voucher/campaign/%" PRId64, campaign);
}

int totals_add_campaign(struct db *db, int64_t project_id, int64_t campaign, int64_t n,
                        struct err *err)
{
    char name[64];
    if (campaign == 0)
        return 0;
    totals_campaign(campaign, name, sizeof(name));
    return totals_add(db, project_id, str_of(name), n, err);
}

int totals_add_voucher(struct db *db, int64_t project_id, const struct voucher *v, int64_t n,
                       struct err *err)
{
    if (totals_add(db, project_id, STR("voucher"), n, err) < 0 ||
        totals_add_campaign(db, project_id, v->campaign_id, n, err) < 0)
        return -1;
    return totals_add_category(db, project_id, v, n, err);
}
