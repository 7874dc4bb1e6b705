/* SPDX-License-Identifier: MIT */
/* outcome.c - see outcome.h. */
#include <assert.h>

#include "domain/outcome.h"

const char *outcome_name(enum outcome o)
{
    static const char *const names[] = {
        [OUTCOME_PENDING] = "pending",       [OUTCOME_CREATED] = "created",
        [OUTCOME_UPDATED] = "updated",       [OUTCOME_UNCHANGED] = "unchanged",
        [OUTCOME_SUPERSEDED] = "superseded", [OUTCOME_FAILED] = "failed",
    };
    static_assert(ARRAY_LEN(names) == OUTCOME_COUNT, "every outcome has a name");
    return (unsigned)o < OUTCOME_COUNT ? names[o] : "unknown";
}
