/* SPDX-License-Identifier: MIT */
/*
 * ids.c - see ids.h.
 *
 * The permutation is a Feistel network of SipHash rounds: four rounds of a good pseudo-random
 * function make a permutation that cannot be told from a random one (Luby and Rackoff, 1988).
 * A wide id is the permuted pair (key, kind) in base62, followed by check characters up to the
 * length that the API uses; a forged id fails the check or the kind. A short one, in hex, is the
 * key on two halves of 32 bits, permuted by rounds that the kind numbers apart, and a byte to
 * check.
 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "base/ids.h"
#include "base/time_iso.h"

#define FEISTEL_ROUNDS  4
#define BODY_CHARS      22                     /* 62^22 > 2^128 */
#define ACTION_EPOCH_MS INT64_C(1420070400000) /* 2015-01-01: 40 bits of ms last until 2049 */
#define ACTION_ID_HEX   18

__extension__ typedef unsigned __int128 u128; /* gcc and clang on every 64-bit machine */

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char hex[] = "0123456789abcdef";

static const struct {
    const char *prefix;
    size_t chars; /* behind the prefix */
    bool short_hex;
} id_kinds[] = {
    [ID_VOUCHER] = { "v_", 32, false },
    [ID_CATEGORY] = { "cat_", 18, true },
    [ID_BIN_ENTRY] = { "tbe_", 18, true },
    [ID_TRANSACTION] = { "vtx_", 18, true },
    [ID_EXPORT] = { "exp_", 24, false },
    [ID_CAMPAIGN] = { "camp_", 24, false },
    [ID_PROMOTION_TIER] = { "promo_", 24, false },
    [ID_CUSTOMER] = { "cust_", 24, false },
    [ID_PUBLICATION] = { "pub_", 32, false },
    [ID_VALIDATION_RULE] = { "val_", 24, false },
    [ID_PRODUCT] = { "prod_", 18, true },
    [ID_SKU] = { "sku_", 18, true },
    [ID_DELETION] = { "del_", 24, false },
    [ID_ORDER] = { "ord_", 24, false },
    [ID_METADATA_SCHEMA] = { "ms_", 24, false },
};

static_assert(crypto_shorthash_KEYBYTES == 16, "the secret holds two SipHash keys");

static uint64_t siphash(const unsigned char *key, const void *data, size_t n)
{
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t v;
    crypto_shorthash(out, data, n, key);
    memcpy(&v, out, sizeof(v));
    return v;
}

static uint64_t round_value(const struct id_secret *s, unsigned round, uint64_t half)
{
    const uint64_t in[2] = { half, round };
    return siphash(s->key, in, sizeof(in));
}

static uint64_t check_value(const struct id_secret *s, uint64_t hi, uint64_t lo)
{
    const uint64_t in[2] = { hi, lo };
    return siphash(s->key + crypto_shorthash_KEYBYTES, in, sizeof(in));
}

static void put_check(uint64_t v, char *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = base62[v % 62];
        v /= 62;
    }
}

static void put_hex(char *out, size_t digits, uint64_t v)
{
    for (size_t i = digits; i-- > 0; v >>= 4)
        out[i] = hex[v & 15];
}

static bool take_hex(const char *p, size_t digits, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < digits; i++) {
        const char *at = p[i] != '\0' ? strchr(hex, p[i]) : NULL;
        if (at == NULL)
            return false;
        v = v << 4 | (uint64_t)(at - hex);
    }
    *out = v;
    return true;
}

/* ---- short ids ---- */

#define SHORT_ROUNDS_FROM 1000 /* their rounds are numbered apart from all others */
#define SHORT_ROUNDS_KIND 16

static uint32_t short_round(const struct id_secret *s, enum id_kind kind, unsigned r, uint32_t half)
{
    return (uint32_t)round_value(s, SHORT_ROUNDS_FROM + SHORT_ROUNDS_KIND * (unsigned)kind + r,
                                 half);
}

static uint64_t permute64(const struct id_secret *s, enum id_kind kind, uint64_t v)
{
    uint32_t hi = (uint32_t)(v >> 32), lo = (uint32_t)v;
    for (unsigned r = 0; r < FEISTEL_ROUNDS; r++) {
        const uint32_t next = hi ^ short_round(s, kind, r, lo);
        hi = lo;
        lo = next;
    }
    return (uint64_t)hi << 32 | lo;
}

static uint64_t unpermute64(const struct id_secret *s, enum id_kind kind, uint64_t v)
{
    uint32_t hi = (uint32_t)(v >> 32), lo = (uint32_t)v;
    for (unsigned r = FEISTEL_ROUNDS; r-- > 0;) {
        const uint32_t before = lo ^ short_round(s, kind, r, hi);
        lo = hi;
        hi = before;
    }
    return (uint64_t)hi << 32 | lo;
}

static void encode_short(const struct id_secret *s, enum id_kind kind, int64_t key, char *out)
{
    const uint64_t v = permute64(s, kind, (uint64_t)key);
    put_hex(out, 16, v);
    put_hex(out + 16, 2, check_value(s, v, (uint64_t)kind) & 0xFF);
    out[18] = '\0';
}

static bool decode_short(const struct id_secret *s, enum id_kind kind, const char *p, int64_t *key)
{
    uint64_t v, check;
    if (!take_hex(p, 16, &v) || !take_hex(p + 16, 2, &check) ||
        check != (check_value(s, v, (uint64_t)kind) & 0xFF))
        return false;
    v = unpermute64(s, kind, v);
    *key = (int64_t)v;
    return v <= INT64_MAX;
}

/* ---- all kinds ---- */

void id_encode(const struct id_secret *s, enum id_kind kind, int64_t key, char out[ID_MAX_LEN])
{
    const size_t prefix = strlen(id_kinds[kind].prefix);
    memcpy(out, id_kinds[kind].prefix, prefix);
    if (id_kinds[kind].short_hex) {
        encode_short(s, kind, key, out + prefix);
        return;
    }
    uint64_t hi = (uint64_t)kind, lo = (uint64_t)key;
    for (unsigned r = 0; r < FEISTEL_ROUNDS; r++) {
        const uint64_t next = hi ^ round_value(s, r, lo);
        hi = lo;
        lo = next;
    }
    u128 v = (u128)hi << 64 | lo;
    for (size_t i = BODY_CHARS; i-- > 0;) {
        out[prefix + i] = base62[(unsigned)(v % 62)];
        v /= 62;
    }
    put_check(check_value(s, hi, lo), out + prefix + BODY_CHARS, id_kinds[kind].chars - BODY_CHARS);
    out[prefix + id_kinds[kind].chars] = '\0';
}

bool id_decode(const struct id_secret *s, enum id_kind kind, struct str id, int64_t *key)
{
    const size_t prefix = strlen(id_kinds[kind].prefix);
    if (id.len != prefix + id_kinds[kind].chars || memcmp(id.p, id_kinds[kind].prefix, prefix) != 0)
        return false;
    if (id_kinds[kind].short_hex)
        return decode_short(s, kind, id.p + prefix, key);
    u128 v = 0;
    for (size_t i = 0; i < BODY_CHARS; i++) {
        const char c = id.p[prefix + i];
        const char *at = c != '\0' ? strchr(base62, c) : NULL;
        if (at == NULL)
            return false;
        const unsigned digit = (unsigned)(at - base62);
        if (v > (~(u128)0 - digit) / 62) /* 22 digits reach beyond 128 bits: another spelling */
            return false;
        v = v * 62 + digit;
    }
    uint64_t hi = (uint64_t)(v >> 64), lo = (uint64_t)v;
    char check[ID_MAX_LEN];
    const size_t n_check = id_kinds[kind].chars - BODY_CHARS;
    put_check(check_value(s, hi, lo), check, n_check);
    if (memcmp(check, id.p + prefix + BODY_CHARS, n_check) != 0)
        return false;
    for (unsigned r = FEISTEL_ROUNDS; r-- > 0;) {
        const uint64_t before = lo ^ round_value(s, r, hi);
        lo = hi;
        hi = before;
    }
    *key = (int64_t)lo;
    return hi == (uint64_t)kind && lo <= INT64_MAX;
}

/* The same network on two halves of 16 bits; the rounds are numbered apart from those above. */
static uint32_t permute32(const struct id_secret *s, uint32_t v, bool back)
{
    uint32_t hi = v >> 16, lo = v & 0xFFFF;
    for (unsigned i = 0; i < FEISTEL_ROUNDS; i++) {
        const unsigned r = back ? FEISTEL_ROUNDS - 1 - i : i;
        const uint32_t mixed = back ? lo ^ (uint32_t)(round_value(s, 100 + r, hi) & 0xFFFF)
                                    : hi ^ (uint32_t)(round_value(s, 100 + r, lo) & 0xFFFF);
        if (back) {
            lo = hi;
            hi = mixed;
        } else {
            hi = lo;
            lo = mixed;
        }
    }
    return hi << 16 | lo;
}

void id_encode_action(const struct id_secret *s, int64_t seq, int64_t created_ms,
                      char out[ID_MAX_LEN])
{
    memcpy(out, "aa_", 3);
    put_hex(out + 3, 10, (uint64_t)(created_ms - ACTION_EPOCH_MS) & 0xFFFFFFFFFF);
    put_hex(out + 13, 8, permute32(s, (uint32_t)seq, false));
    out[3 + ACTION_ID_HEX] = '\0';
}

bool id_decode_action(const struct id_secret *s, struct str id, uint32_t *seq_low,
                      int64_t *created_ms)
{
    uint64_t time, low;
    if (id.len != 3 + ACTION_ID_HEX || memcmp(id.p, "aa_", 3) != 0 ||
        !take_hex(id.p + 3, 10, &time) || !take_hex(id.p + 13, 8, &low))
        return false;
    *seq_low = permute32(s, (uint32_t)low, true);
    *created_ms = (int64_t)time + ACTION_EPOCH_MS;
    return true;
}

/* Each call of the generator is a system call; a request needs no secret, so 64 share one. */
static uint32_t next_random(void)
{
    static _Thread_local uint32_t pool[64];
    static _Thread_local size_t left;
    if (left == 0) {
        randombytes_buf(pool, sizeof(pool));
        left = ARRAY_LEN(pool);
    }
    return pool[--left];
}

void id_new_request(char out[ID_MAX_LEN])
{
    memcpy(out, "v-", 2);
    put_hex(out + 2, 10, (uint64_t)(time_now_ms() - ACTION_EPOCH_MS) & 0xFFFFFFFFFF);
    put_hex(out + 12, 8, next_random());
    out[20] = '\0';
}

void id_random_base62(char *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = base62[randombytes_uniform(62)];
    out[n] = '\0';
}

void id_random_uuid(char out[37])
{
    unsigned char raw[16];
    randombytes_buf(raw, sizeof(raw));
    raw[6] = (unsigned char)((raw[6] & 0x0F) | 0x40);
    raw[8] = (unsigned char)((raw[8] & 0x3F) | 0x80);
    size_t at = 0;
    for (size_t i = 0; i < sizeof(raw); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        put_hex(out + at, 2, raw[i]);
        at += 2;
    }
    out[at] = '\0';
}

void id_hash_token(struct str token, unsigned char out[ID_HASH_BYTES])
{
    crypto_generichash(out, ID_HASH_BYTES, (const unsigned char *)token.p, token.len, NULL, 0);
}

bool id_hash_equal(const unsigned char *a, const unsigned char *b)
{
    return sodium_memcmp(a, b, ID_HASH_BYTES) == 0;
}

#define DIGEST_ALIGNMENT 64
static_assert(sizeof(((struct id_digest *)0)->room) >=
                  sizeof(crypto_generichash_state) + DIGEST_ALIGNMENT,
              "the state fits at any alignment");

/* An arena aligns for the language's own types only. */
static crypto_generichash_state *state_of(struct id_digest *d)
{
    const size_t beyond = (uintptr_t)d->room % DIGEST_ALIGNMENT;
    return (void *)(d->room + (beyond > 0 ? DIGEST_ALIGNMENT - beyond : 0));
}

void id_digest_begin(struct id_digest *d)
{
    crypto_generichash_init(state_of(d), NULL, 0, ID_HASH_BYTES);
}

void id_digest_add(struct id_digest *d, const void *data, size_t n)
{
    if (n > 0)
        crypto_generichash_update(state_of(d), data, n);
}

void id_digest_add_text(struct id_digest *d, struct str text)
{
    const uint64_t n = text.len;
    id_digest_add(d, &n, sizeof(n));
    id_digest_add(d, text.p, text.len);
}

void id_digest_end(struct id_digest *d, unsigned char out[ID_HASH_BYTES])
{
    crypto_generichash_final(state_of(d), out, ID_HASH_BYTES);
}
