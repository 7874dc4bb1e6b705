/* SPDX-License-Identifier: MIT */
/* scope.c - see scope.h. */
#include <assert.h>

#include "api/scope.h"

#define API_PREFIX "/v1/"

/* The bit of a name is its place here. */
static const char *const names_of_api[] = {
    "api", /* must stay first: see scope_covers */
    "assets",
    "async-actions",
    "campaigns",
    "categories",
    "client_api",
    "client_consents",
    "client_customers",
    "client_events",
    "client_promotions",
    "client_publish",
    "client_qualifications",
    "client_redeem",
    "client_redemptions",
    "client_validate",
    "client_validations",
    "client_vouchers",
    "consents",
    "customers",
    "events",
    "exports",
    "locations",
    "loyalties",
    "metadata-schemas",
    "orders",
    "product-collections",
    "products",
    "promotions",
    "publications",
    "qualifications",
    "redemptions",
    "referrals",
    "rewards",
    "segments",
    "SKUs",
    "skus",
    "task-results",
    "templates",
    "trash-bin",
    "validation-rules",
    "validation-rules-assignments",
    "validations",
    "vouchers",
};
static_assert(ARRAY_LEN(names_of_api) <= 64, "a set has a bit for every name");

static scope_set bit_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(names_of_api); i++) {
        if (str_is(name, names_of_api[i]))
            return UINT64_C(1) << i;
    }
    return 0;
}

/* The next name; {NULL,0} behind the last. */
static struct str next_name(struct str *rest)
{
    struct str name = { NULL, 0 };
    while (rest->p != NULL && name.len == 0)
        name = str_cut(*rest, ' ', rest);
    return name.len > 0 ? name : (struct str){ NULL, 0 };
}

static void put_joined(struct buf *b, char between, struct str name)
{
    if (b->len > 0)
        buf_putc(b, between);
    buf_puts(b, name);
}

scope_set scope_parse(struct str names, struct buf *unknown)
{
    scope_set set = 0;
    for (struct str name = next_name(&names); name.p != NULL; name = next_name(&names)) {
        const scope_set bit = bit_of(name);
        set |= bit;
        if (bit == 0 && unknown != NULL)
            put_joined(unknown, ',', name);
    }
    return set;
}

void scope_put(struct buf *b, struct str names)
{
    scope_set seen = 0;
    for (struct str name = next_name(&names); name.p != NULL; name = next_name(&names)) {
        const scope_set bit = bit_of(name);
        if ((bit & ~seen) != 0)
            put_joined(b, ' ', name);
        seen |= bit;
    }
}

const char *scope_name(size_t i)
{
    return i < ARRAY_LEN(names_of_api) ? names_of_api[i] : NULL;
}

bool scope_covers(scope_set set, const char *pattern)
{
    struct str path = str_of(pattern), rest;
    if ((set & 1) != 0)
        return true;
    if (!str_starts_with(path, STR(API_PREFIX)))
        return false;
    path = (struct str){ path.p + strlen(API_PREFIX), path.len - strlen(API_PREFIX) };
    return (set & bit_of(str_cut(path, '/', &rest))) != 0;
}
