/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json.c - what is accepted prints as JSON that is accepted and prints the same again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The tree of `in`, printed into b; false when it was refused. */
static bool reprint(struct arena *a, struct str in, struct buf *b)
{
    struct json *tree;
    struct err err = { 0 };
    if (json_parse(a, in, &tree, &err) < 0)
        return false;
    json_put_tree(&(struct json_out){ .b = b }, tree);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct buf once, twice;
    arena_init(&a, 4 * KIB, 0);
    buf_init(&once, MIB);
    buf_init(&twice, MIB);
    if (reprint(&a, (struct str){ (const char *)data, size }, &once) && !once.failed) {
        if (!reprint(&a, buf_str(&once), &twice) || !str_eq(buf_str(&once), buf_str(&twice)))
            abort();
    }
    buf_release(&once);
    buf_release(&twice);
    arena_release(&a);
    return 0;
}
