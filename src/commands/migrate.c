/* SPDX-License-Identifier: MIT */
/*
 * migrate.c - `longshore migrate`: the schema of a store as this program wants it. A server that
 * starts does the same; this is for those who want it done before, by somebody else.
 */
#include "commands/commands.h"
#include "commands/project_priv.h"

static int tell(struct store *s, struct arena *a, const void *options, struct err *err)
{
    struct buf b;
    int64_t before;
    const int64_t now = store_schema(s, &before);
    (void)a;
    (void)options;
    buf_init(&b, 8 * KIB);
    put_place(&b, s);
    if (before == now)
        buf_printf(&b, ": schema version %lld, up to date\n", (long long)now);
    else
        buf_printf(&b, ": migrated from %lld to %lld\n", (long long)before, (long long)now);
    return print_buf(&b, err);
}

int migrate_run(const void *values)
{
    const struct migrate_options *o = values;
    return project_run(o->store, STORE_MADE, "migrate the store", o, tell);
}
