/* SPDX-License-Identifier: MIT */
/* bulk.c - a slice of a chunk by sets of rows. */
#include <stdio.h>

#include "base/time_iso.h"
#include "store/postgres/pg_priv.h"

int pg_bulk_slice(struct pg_store *s, struct store_chunk *c, struct err *err)
{
    return slice_run(&s->bulk_tx, c, false, time_monotonic_us(), err);
}

void pg_bulk_free(struct pg_store *s)
{
    (void)s;
}
