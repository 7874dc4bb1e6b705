/* SPDX-License-Identifier: MIT */
/* signing.c - see signing.h. */
#include <assert.h>
#include <sodium.h>

#include "api/api_priv.h"
#include "api/signing.h"

#define EXPIRY_BYTES   6
#define PROJECT_BYTES  4
#define CLEAR_BYTES    (EXPIRY_BYTES + PROJECT_BYTES)
#define HASH_BYTES     32
#define TOKEN_BYTES    (CLEAR_BYTES + HASH_BYTES)
#define HOST_MAX_BYTES 255

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static_assert(LINK_TOKEN_CHARS * 6 == TOKEN_BYTES * 8, "no bit of the last character is unused");

static void put_number(unsigned char *out, size_t n, int64_t v)
{
    for (size_t i = n; i-- > 0; v >>= 8)
        out[i] = (unsigned char)v;
}

static int64_t take_number(const unsigned char *in, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | in[i];
    return (int64_t)v;
}

/* The secret itself makes ids; what else needs a key gets one of its own. */
static void derive_key(const struct id_secret *s, unsigned char key[HASH_BYTES])
{
    static const unsigned char use[] = "longshore signed links 1";
    crypto_generichash(key, HASH_BYTES, use, sizeof(use), s->key, sizeof(s->key));
}

/* Numbers come first and have a fixed width, so no two links read the same. */
static void make_token(const struct id_secret *s, const struct link *link,
                       unsigned char token[TOKEN_BYTES])
{
    crypto_generichash_state h;
    unsigned char key[HASH_BYTES], named[16];
    put_number(token, EXPIRY_BYTES, link->expires_ms);
    put_number(token + EXPIRY_BYTES, PROJECT_BYTES, link->project_id);
    put_number(named, 8, link->id);
    put_number(named + 8, 8, link->part);
    derive_key(s, key);
    crypto_generichash_init(&h, key, sizeof(key), HASH_BYTES);
    crypto_generichash_update(&h, token, CLEAR_BYTES);
    crypto_generichash_update(&h, named, sizeof(named));
    crypto_generichash_update(&h, (const unsigned char *)link->purpose, strlen(link->purpose));
    crypto_generichash_final(&h, token + CLEAR_BYTES, HASH_BYTES);
    sodium_memzero(key, sizeof(key));
}

void link_sign(const struct id_secret *s, const struct link *link, char token[LINK_TOKEN_CHARS + 1])
{
    unsigned char bytes[TOKEN_BYTES];
    make_token(s, link, bytes);
    sodium_bin2base64(token, LINK_TOKEN_CHARS + 1, bytes, sizeof(bytes), BASE64);
}

bool link_verify(const struct id_secret *s, struct link *link, struct str token, int64_t now_ms)
{
    unsigned char got[TOKEN_BYTES], want[TOKEN_BYTES];
    size_t n = 0;
    if (token.len != LINK_TOKEN_CHARS ||
        sodium_base642bin(got, sizeof(got), token.p, token.len, NULL, &n, NULL, BASE64) != 0 ||
        n != sizeof(got))
        return false;
    link->expires_ms = take_number(got, EXPIRY_BYTES);
    link->project_id = take_number(got + EXPIRY_BYTES, PROJECT_BYTES);
    make_token(s, link, want);
    return sodium_memcmp(got, want, sizeof(got)) == 0 && now_ms < link->expires_ms;
}

/* A name, an IPv4 address or [an IPv6 address], with or without a port. A client may send anything,
 * and what it sends stands in a link. */
static bool is_host(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.p[i];
        const bool alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!alnum && (c == '\0' || strchr(".-_:[]", c) == NULL))
            return false;
    }
    return s.len > 0 && s.len <= HOST_MAX_BYTES;
}

int link_base(struct request *rq, struct str *out, struct err *err)
{
    const char *configured = api_of(rq)->public_url;
    const struct str host = request_header(rq, "Host");
    const bool https = str_eq_nocase(request_header(rq, "X-Forwarded-Proto"), STR("https"));
    *out = configured != NULL ? str_of(configured) : STR("");
    if (configured != NULL || !is_host(host))
        return 0;
    *out = str_of(arena_printf(&rq->arena, "%s://%.*s", https ? "https" : "http", STR_FMT(host)));
    return out->p != NULL ? 0 : err_nomem(err);
}
