/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sse.c - a stream gives the same events whether it comes at once or in pieces; the first byte
 * says how long those are.
 */
#include <stdint.h>
#include <stdlib.h>

#include "client/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int note(void *arg, struct str name, struct str data, struct err *err)
{
    struct buf *heard = arg;
    (void)err;
    buf_printf(heard, "%zu:%zu:", name.len, data.len);
    buf_puts(heard, name);
    buf_puts(heard, data);
    return 0;
}

/* What is heard of a stream in such pieces, and whether all of it was taken. */
static bool feed(struct str in, size_t piece, struct buf *heard)
{
    struct sse s;
    struct err err = { 0 };
    bool taken = true;
    sse_init(&s, note, heard);
    for (size_t at = 0; at < in.len && taken; at += piece) {
        const size_t n = in.len - at < piece ? in.len - at : piece;
        taken = sse_feed(&s, in.p + at, n, &err) == 0;
    }
    sse_release(&s);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, pieces;
    if (size < 2)
        return 0;
    const struct str in = { (const char *)data + 1, size - 1 };
    buf_init(&whole, MIB);
    buf_init(&pieces, MIB);
    const bool taken = feed(in, in.len, &whole);
    if (feed(in, 1 + (size_t)data[0] % 64, &pieces) != taken ||
        !str_eq(buf_str(&whole), buf_str(&pieces)))
        abort();
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
