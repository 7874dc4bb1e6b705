/* SPDX-License-Identifier: MIT */
/*
 * fault.h - where tests break things on purpose.
 *
 * Every fallible primitive asks fault_hit() first. In production nobody arms a fault, and the
 * question is one load of a zero. fault_point() names a place in a durability-relevant order of
 * steps; a test program sets the hook and stops the process there.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdatomic.h>

#include "base/base.h"

enum fault_kind {
    FAULT_ALLOC, /* memory */
    FAULT_WRITE, /* write to an input or a file of ours */
    FAULT_FSYNC, /* fsync of the same */
    FAULT_STORE, /* a step of a statement of the store */
    FAULT_KIND_COUNT
};

extern _Atomic int fault_armed;                     /* kinds that are armed, as bits */
extern void (*fault_point_hook)(const char *place); /* NULL in production; set before threads run */

bool fault_hit_slow(enum fault_kind kind);

/* True when this call is the one that has to fail. */
static inline bool fault_hit(enum fault_kind kind)
{
    return atomic_load_explicit(&fault_armed, memory_order_relaxed) != 0 && fault_hit_slow(kind);
}

static inline void fault_point(const char *place)
{
    if (fault_point_hook != NULL)
        fault_point_hook(place);
}

/* Makes the nth call (from 1) of that kind fail, once; `sticky`: that one and all after it. */
void fault_arm(enum fault_kind kind, size_t nth, bool sticky);

/* Disarms everything; returns how often a fault went off since fault_arm. */
size_t fault_disarm(void);

#endif
