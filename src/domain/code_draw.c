/* SPDX-License-Identifier: MIT */
/*
 * code_draw.c - see code_draw.h.
 *
 * The permutation is a Feistel network with SipHash as its round function, over the smallest even
 * number of bits that holds the space; a value outside is mapped again until it is inside (cycle
 * walking), four times on average at most. Ten rounds, as in NIST's FF1.
 */
#include <assert.h>
#include <sodium.h>

#include "domain/code_draw.h"
#include "domain/voucher_priv.h"

#define ROUNDS 10

void code_draw_init(struct code_draw *d, const struct code_config *config,
                    const unsigned char key[CODE_DRAW_KEY_BYTES])
{
    *d = (struct code_draw){ .config = config, .space = code_config_space(config) };
    memcpy(d->key, key, CODE_DRAW_KEY_BYTES);
    if (d->space >= INT64_C(1) << 62)
        d->space = INT64_MAX;
    for (d->half_bits = 1; d->half_bits < 31 && (INT64_C(1) << (2 * d->half_bits)) < d->space;)
        d->half_bits++;
}

static uint64_t round_value(const struct code_draw *d, uint64_t round, uint64_t half)
{
    const uint64_t in[2] = { round, half };
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t v;
    crypto_shorthash(out, (const unsigned char *)in, sizeof(in), d->key);
    memcpy(&v, out, sizeof(v));
    return v;
}

static uint64_t permute_once(const struct code_draw *d, uint64_t x)
{
    const uint64_t mask = (UINT64_C(1) << d->half_bits) - 1;
    uint64_t left = x >> d->half_bits, right = x & mask;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const uint64_t next = left ^ (round_value(d, round, right) & mask);
        left = right;
        right = next;
    }
    return left << d->half_bits | right;
}

static uint64_t permute(const struct code_draw *d, uint64_t x)
{
    do
        x = permute_once(d, x);
    while (x >= (uint64_t)d->space);
    return x;
}

/* ---- characters ---- */

/* Where the characters of one code come from: the digits of a number, or a stream of random bytes
 * of which those that would make some characters likelier are passed over. */
struct source {
    uint32_t base;
    uint64_t digits;
    bool streams;
    unsigned char bytes[4 * VOUCHER_CODE_MAX_BYTES];
    size_t at;
    uint32_t refills;
    const struct code_draw *d;
    uint64_t place;
};

static void refill(struct source *s)
{
    unsigned char nonce[crypto_stream_chacha20_NONCEBYTES] = { 0 };
    const uint64_t block = (uint64_t)s->refills++ << 32; /* far behind what was used */
    static const unsigned char zeros[sizeof(s->bytes)];
    memcpy(nonce, &s->place, sizeof(s->place));
    crypto_stream_chacha20_xor_ic(s->bytes, zeros, sizeof(s->bytes), nonce, block, s->d->key);
    s->at = 0;
}

static uint32_t stream_digit(struct source *s)
{
    const uint32_t limit = UINT32_MAX - UINT32_MAX % s->base;
    for (;;) {
        uint32_t v;
        if (s->at == sizeof(s->bytes))
            refill(s);
        memcpy(&v, s->bytes + s->at, sizeof(v));
        s->at += sizeof(v);
        if (v < limit)
            return v % s->base;
    }
}

static uint32_t next_digit(struct source *s)
{
    if (s->streams)
        return stream_digit(s);
    const uint32_t digit = (uint32_t)(s->digits % s->base);
    s->digits /= s->base;
    return digit;
}

static void source_init(struct source *s, const struct code_draw *d, int64_t place)
{
    s->base = d->config->n_characters;
    s->streams = d->space == INT64_MAX;
    s->d = d;
    s->place = (uint64_t)place;
    s->refills = 0;
    s->at = sizeof(s->bytes);
    s->digits = s->streams ? 0 : permute(d, (uint64_t)place);
}

static uint32_t draw_digit(void *arg)
{
    return next_digit(arg);
}

struct str code_draw_at(const struct code_draw *d, int64_t place, struct arena *a)
{
    struct source s;
    static_assert(crypto_stream_chacha20_KEYBYTES == CODE_DRAW_KEY_BYTES, "a key of that size");
    source_init(&s, d, place);
    return code_config_write(d->config, draw_digit, &s, a);
}
