/* SPDX-License-Identifier: MIT */
/* fault.c - see fault.h. Counters are atomic: store and engine threads pass through here. */
#include "base/fault.h"

_Atomic int fault_armed;
void (*fault_point_hook)(const char *place);

static struct {
    atomic_size_t left; /* calls until it goes off */
    atomic_size_t fired;
    bool sticky;
} faults[FAULT_KIND_COUNT];

bool fault_hit_slow(enum fault_kind kind)
{
    if ((atomic_load(&fault_armed) & (1 << kind)) == 0)
        return false;
    size_t left = atomic_load(&faults[kind].left);
    while (left > 1) {
        if (atomic_compare_exchange_weak(&faults[kind].left, &left, left - 1))
            return false;
    }
    if (left == 1 && !faults[kind].sticky &&
        !atomic_compare_exchange_strong(&faults[kind].left, &left, 0))
        return false;
    if (left == 0)
        return false;
    atomic_fetch_add(&faults[kind].fired, 1);
    return true;
}

void fault_arm(enum fault_kind kind, size_t nth, bool sticky)
{
    atomic_store(&faults[kind].left, nth);
    atomic_store(&faults[kind].fired, 0);
    faults[kind].sticky = sticky;
    atomic_fetch_or(&fault_armed, 1 << kind);
}

size_t fault_disarm(void)
{
    size_t fired = 0;
    atomic_store(&fault_armed, 0);
    for (size_t i = 0; i < FAULT_KIND_COUNT; i++) {
        fired += atomic_exchange(&faults[i].fired, 0);
        atomic_store(&faults[i].left, 0);
    }
    return fired;
}
