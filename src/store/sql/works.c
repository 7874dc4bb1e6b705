/* SPDX-License-Identifier: MIT */
/* works.c - the ends of units of work that share a transaction. */
#include "store/sql/sql_priv.h"

void works_fail(struct store_work *first, const struct err *err)
{
    for (struct store_work *w = first; w != NULL; w = w->next) {
        if (w->rc >= 0) {
            w->rc = -1;
            w->err = *err;
        }
    }
}

void works_finish(struct store_work *first)
{
    while (first != NULL) {
        struct store_work *w = first;
        first = w->next; /* done() may free w */
        w->done(w->arg, w->rc, &w->err);
    }
}
