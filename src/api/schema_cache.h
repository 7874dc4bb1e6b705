/* SPDX-License-Identifier: MIT */
/*
 * schema_cache.h - which kinds of resources of a project have a metadata schema.
 *
 * Every write has to know whether there is one, and nearly always there is none. So that is
 * remembered for a second at most, and the store is asked for a schema only when there is one. What
 * this process writes holds at once (schema_cache_forget(), behind the commit), also against those
 * who have read what there was before and remember it later; what another one writes after that
 * second. Zeroed is empty. Without locks, thread-safe.
 */
#ifndef API_SCHEMA_CACHE_H
#define API_SCHEMA_CACHE_H

#include <stdatomic.h>

#include "base/str.h"

typedef uint8_t schema_set; /* a bit for each kind of resource that metadata is checked of */

struct schema_cache {
    atomic_uint generation;
    _Atomic uint64_t slots[256]; /* project, stamp, set */
};

/* 0: no such kind. */
schema_set schema_bit(struct str related_object);

/* What holds now; taken before the store is read. It changes each second, and when something is
 * forgotten. */
unsigned schema_cache_stamp(struct schema_cache *c, int64_t now_us);

/* False: nothing is known of the project. */
bool schema_cache_get(struct schema_cache *c, int64_t project_id, unsigned stamp, schema_set *out);
void schema_cache_put(struct schema_cache *c, int64_t project_id, unsigned stamp, schema_set set);
void schema_cache_forget(struct schema_cache *c);

#endif
