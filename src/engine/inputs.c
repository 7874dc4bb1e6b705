/* SPDX-License-Identifier: MIT */
/* inputs.c - a store that keeps inputs itself, as the place where the spool puts them. */
#include "engine/engine_priv.h"

static int put(void *ctx, struct str name, input_reader *read_back, void *arg, struct err *err)
{
    const struct input_source from = { .read = read_back, .arg = arg };
    return store_input_put(ctx, name, &from, err);
}

static int find(void *ctx, struct str name, bool *found, struct err *err)
{
    return store_input_find(ctx, name, found, err);
}

static int read_some(void *ctx, struct str name, int64_t at, void *out, size_t n, size_t *got,
                     struct err *err)
{
    return store_input_read(ctx, name, at, out, n, got, err);
}

static int remove_one(void *ctx, struct str name, struct err *err)
{
    return store_input_remove(ctx, name, err);
}

void engine_keep_inputs(struct store *store, struct spool *spool)
{
    const struct input_ops ops = {
        .put = put, .find = find, .read = read_some, .remove = remove_one, .ctx = store
    };
    if (store_keeps_inputs(store))
        spool_keep_in(spool, &ops);
}
