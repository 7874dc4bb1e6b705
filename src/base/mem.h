/* SPDX-License-Identifier: MIT */
/*
 * mem.h - malloc and friends with a fault point, and the arena.
 *
 * An arena is an owner: a request, or a chunk. What lives in it is never freed one by one. Blocks
 * are kept by arena_reset() up to `keep_bytes`, so a worker reaches a steady state without malloc.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/base.h"
#include "base/str.h"

void *mem_alloc(size_t n) MUST_CHECK;                /* NULL when out of memory */
void *mem_calloc(size_t count, size_t n) MUST_CHECK; /* zeroed; checks the product */
void *mem_realloc(void *p, size_t n) MUST_CHECK;     /* p stays valid when it returns NULL */
char *mem_strdup(const char *text) MUST_CHECK;
void mem_free(void *p);

/* As mem_realloc, for what is soon filled; of p, `used` bytes are kept. From 1 MiB on it is made of
 * pages of 2 MiB, if the system has them: a page costs microseconds when it is touched first,
 * whatever its size. */
void *mem_grow(void *p, size_t used, size_t n) MUST_CHECK;

struct arena_block;

struct arena {
    struct arena_block *head;  /* in use, newest first */
    struct arena_block *spare; /* empty, kept by arena_reset */
    size_t block_bytes;        /* smallest block to ask for */
    size_t keep_bytes;         /* what arena_reset keeps at most */
    size_t used_bytes;         /* of the blocks in use */
};

void arena_init(struct arena *a, size_t block_bytes, size_t keep_bytes);
void arena_release(struct arena *a);
void arena_reset(struct arena *a);

/* Aligned for any type, not zeroed; NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
void *arena_calloc(struct arena *a, size_t n) MUST_CHECK;

/* A copy with a NUL behind it (not counted in len); .p is NULL when out of memory. */
struct str arena_str(struct arena *a, struct str s) MUST_CHECK;

/* Replaces each text by such a copy; what is not given stays so. False when out of memory. */
bool arena_keep(struct arena *a, struct str *const *texts, size_t n) MUST_CHECK;

/* An array of n elements of `size` bytes with room for one more: `rows` itself, or a larger copy;
 * *cap (0 at first, rows NULL) is how many it holds. NULL when out of memory. */
void *arena_grow(struct arena *a, void *rows, size_t n, size_t *cap, size_t size) MUST_CHECK;

char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

#endif
