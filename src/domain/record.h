/* SPDX-License-Identifier: MIT */
/*
 * record.h - what the rows of all resources have in common.
 *
 * A row of an input becomes the struct of its resource. What the engine and the stores do with any
 * row needs only its head; what they do with all resources but vouchers needs a record. The
 * structs begin with these members, so that a pointer to one is a pointer to the other.
 */
#ifndef DOMAIN_RECORD_H
#define DOMAIN_RECORD_H

#include "domain/outcome.h"

/* The key that rows are sorted by, what is given, and the place in the chunk. */
struct row_head {
    struct str key; /* a voucher's code, a record's source id; {NULL,0}: it has none */
    uint32_t set;   /* bits of the resource's fields */
    uint32_t row;   /* index in its chunk; 0 for a single request */
};

/* In `set`, of every record; the others are the resource's own. Bit 31 is the store's. */
enum record_field {
    RECORD_SOURCE_ID = 1u << 0,
    RECORD_METADATA = 1u << 1,
};
#define RECORD_FIELD(n) (1u << (2 + (n)))

/* One struct serves as the stored record and as what a row or a body gives. */
#define RECORD_MEMBERS                                                                             \
    union {                                                                                        \
        struct row_head head;                                                                      \
        struct {                                                                                   \
            struct str source_id;                                                                  \
            uint32_t set;                                                                          \
            uint32_t row;                                                                          \
        };                                                                                         \
    };                                                                                             \
    struct str id;        /* public, as given: who is meant; {NULL,0}: not given */                \
    bool replaces;        /* all is given: what is not there is cleared, metadata too */           \
    uint32_t spared;      /* of `set`: left alone when there is such a record already */           \
    struct str metadata;  /* JSON object, compact; {NULL,0}: none */                               \
    struct str unfit_new; /* why the schema refuses it as a new one; {NULL,0}: it does not */      \
    /* Only of a stored record. */                                                                 \
    int64_t key;                                                                                   \
    int64_t version;   /* sequence number of who wrote it last */                                  \
    struct str recent; /* who wrote what lately; the store's */                                    \
    int64_t created_ms;                                                                            \
    int64_t updated_ms; /* TIME_NONE: never changed */                                             \
    int64_t binned_ms   /* TIME_NONE: not in the bin */

struct record {
    RECORD_MEMBERS;
};

#define SOURCE_ID_MAX_BYTES 512 /* an index entry must stay far below a page */

#endif
