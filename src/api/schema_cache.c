/* SPDX-License-Identifier: MIT */
/*
 * schema_cache.c - see schema_cache.h.
 *
 * A slot is one number: 24 bits of the project, 32 of the stamp, 8 of what it has. A stamp is the
 * sum of two numbers that only grow, the generation and the seconds: it is the same only while both
 * are.
 */
#include <assert.h>

#include "api/schema_cache.h"

#define PROJECTS_MAX (INT64_C(1) << 24) /* as many as keys of 2^40 leave room for, and more */

static const char *const kinds[] = { "campaign", "customer",       "order",       "order_item",
                                     "product",  "promotion_tier", "publication", "voucher" };
static_assert(ARRAY_LEN(kinds) <= 8 * sizeof(schema_set), "a set has a bit for every kind");

schema_set schema_bit(struct str related_object)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_is(related_object, kinds[i]))
            return (schema_set)(1u << i);
    }
    return 0;
}

static _Atomic uint64_t *slot_of(struct schema_cache *c, int64_t project_id)
{
    return &c->slots[(uint64_t)project_id % ARRAY_LEN(c->slots)];
}

static uint64_t pack(int64_t project_id, unsigned stamp, schema_set set)
{
    return (uint64_t)project_id << 40 | (uint64_t)stamp << 8 | set;
}

unsigned schema_cache_stamp(struct schema_cache *c, int64_t now_us)
{
    return atomic_load(&c->generation) + (unsigned)(now_us / 1000000);
}

bool schema_cache_get(struct schema_cache *c, int64_t project_id, unsigned stamp, schema_set *out)
{
    const uint64_t slot = atomic_load(slot_of(c, project_id));
    *out = (schema_set)slot;
    return project_id < PROJECTS_MAX && slot == pack(project_id, stamp, *out);
}

void schema_cache_put(struct schema_cache *c, int64_t project_id, unsigned stamp, schema_set set)
{
    if (project_id < PROJECTS_MAX)
        atomic_store(slot_of(c, project_id), pack(project_id, stamp, set));
}

void schema_cache_forget(struct schema_cache *c)
{
    atomic_fetch_add(&c->generation, 1);
}
