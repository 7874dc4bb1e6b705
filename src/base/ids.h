/* SPDX-License-Identifier: MIT */
/*
 * ids.h - public ids (reference 1.3) from integer keys, and back.
 *
 * A stored row is known by its integer key; what a client sees is that key under a keyed
 * permutation, so no second unique index is needed (measured in the design: such an index costs
 * more than all other work of an import). The secret is made once per store and never changes.
 *
 * An action's id starts with its time in hex, because the API's ids sort by time.
 */
#ifndef BASE_IDS_H
#define BASE_IDS_H

#include "base/str.h"

#define ID_SECRET_BYTES 32
#define ID_MAX_LEN      48 /* longest public id, with its NUL */

struct id_secret {
    unsigned char key[ID_SECRET_BYTES];
};

enum id_kind {
    ID_VOUCHER,
    ID_CATEGORY,
    ID_BIN_ENTRY,
    ID_TRANSACTION,
    ID_EXPORT,
    ID_CAMPAIGN,
    ID_PROMOTION_TIER,
    ID_CUSTOMER,
    ID_PUBLICATION,
    ID_VALIDATION_RULE,
    ID_PRODUCT,
    ID_SKU,
    ID_DELETION,
    ID_ORDER,
    ID_METADATA_SCHEMA,
    ID_KIND_COUNT
};

/* Writes prefix, then a fixed number of base62 or hex characters, as the kind has them; key must
 * not be negative. */
void id_encode(const struct id_secret *s, enum id_kind kind, int64_t key, char out[ID_MAX_LEN]);

/* False for everything that id_encode did not write with this secret and kind. */
bool id_decode(const struct id_secret *s, enum id_kind kind, struct str id, int64_t *key);

/* "aa_" + 10 hex digits of time + 8 hex digits of the permuted low half of the sequence number. */
void id_encode_action(const struct id_secret *s, int64_t seq, int64_t created_ms,
                      char out[ID_MAX_LEN]);

/* Gives the low 32 bits of the sequence number and the creation time; the caller looks the action
 * up and compares both (two actions agree in the low half only after 2^32 actions). */
bool id_decode_action(const struct id_secret *s, struct str id, uint32_t *seq_low,
                      int64_t *created_ms);

/* "v-" + 18 hex digits: time, then random. */
void id_new_request(char out[ID_MAX_LEN]);

/* n random base62 characters and a NUL; no modulo bias. */
void id_random_base62(char *out, size_t n);

/* A version-4 UUID, 36 characters and a NUL: the form of application ids and tokens. */
void id_random_uuid(char out[37]);

#define ID_HASH_BYTES 32

/* BLAKE2b-256 of a token: tokens are random, so no password hash is needed. */
void id_hash_token(struct str token, unsigned char out[ID_HASH_BYTES]);
bool id_hash_equal(const unsigned char *a, const unsigned char *b); /* constant time */

/* The same hash of what comes in pieces. It stays where it is while in use. */
struct id_digest {
    unsigned char room[384 + 64]; /* libsodium's state, and what its alignment takes */
};

void id_digest_begin(struct id_digest *d);
void id_digest_add(struct id_digest *d, const void *data, size_t n);

/* The length and then the text: two lists of texts never give the same bytes. {NULL,0} is empty. */
void id_digest_add_text(struct id_digest *d, struct str text);
void id_digest_end(struct id_digest *d, unsigned char out[ID_HASH_BYTES]);

#endif
