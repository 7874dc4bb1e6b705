/* SPDX-License-Identifier: MIT */
/* category_link.c - the name of a category, as a row gives it, to the category itself. */
#include "store/sql/sql_priv.h"

int category_link(struct db *db, int64_t project_id, struct voucher *v, struct err *err)
{
    if ((v->set & VF_CATEGORY) == 0 || v->category.p == NULL)
        return 0;
    struct stmt *st = db_statement(db, STATEMENT_CATEGORY_BY_NAME, err);
    if (st == NULL)
        return -1;
    bind_int(st, 1, project_id);
    bind_str(st, 2, v->category);
    const int got = db_step(db, st, err);
    if (got > 0) {
        v->category_id = column_int(st, 0);
        v->category = (struct str){ NULL, 0 };
    }
    stmt_reset(st);
    return got < 0 ? -1 : 0;
}
