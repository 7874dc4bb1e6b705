/* SPDX-License-Identifier: MIT */
/*
 * outcome.h - what became of one row, and why a row failed.
 */
#ifndef DOMAIN_OUTCOME_H
#define DOMAIN_OUTCOME_H

#include "base/str.h"

/* The values are stored, four bits a row: never renumber. */
enum outcome {
    OUTCOME_PENDING = 0, /* not reached yet */
    OUTCOME_CREATED = 1,
    OUTCOME_UPDATED = 2,
    OUTCOME_UNCHANGED = 3,  /* it already was as the row says; nothing was written */
    OUTCOME_SUPERSEDED = 4, /* a later action or request has written it: left alone */
    OUTCOME_FAILED = 5,
    OUTCOME_COUNT
};

const char *outcome_name(enum outcome o); /* "created", …; "unknown" for any other value */

/* What kind of reason. Stored values: never renumber. */
enum failure_kind {
    FAILURE_INVALID = 0, /* the row itself */
    FAILURE_NOT_FOUND = 1,
    FAILURE_DUPLICATE = 2,
    FAILURE_METADATA = 3, /* against the metadata schema */
    FAILURE_REFUSED = 4,  /* the row is fine, but what is stored cannot take it */
    FAILURE_IN_USE = 5,   /* it is somebody else's */
    FAILURE_KIND_COUNT
};

/* One row that did not make it. Texts belong to the chunk. */
struct failure {
    uint32_t row; /* index in the chunk, from 0 */
    enum failure_kind kind;
    struct str key;
    struct str reason; /* the reference's wording */
};

#endif
