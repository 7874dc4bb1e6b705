/* SPDX-License-Identifier: MIT */
/* mem.c - see mem.h. Under AddressSanitizer what the arena has not handed out is poisoned. */
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif
#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define LARGE_PAGE (2 * MIB)
#define GROW_FROM  16 /* elements, of arena_grow */

void *mem_alloc(size_t n)
{
    return fault_hit(FAULT_ALLOC) ? NULL : malloc(n > 0 ? n : 1);
}

void *mem_calloc(size_t count, size_t n)
{
    size_t product; /* checked here: a sanitizer's calloc ends the program instead */
    if (__builtin_mul_overflow(count, n, &product) || fault_hit(FAULT_ALLOC))
        return NULL;
    return calloc(1, product > 0 ? product : 1);
}

void *mem_realloc(void *p, size_t n)
{
    return fault_hit(FAULT_ALLOC) ? NULL : realloc(p, n > 0 ? n : 1);
}

char *mem_strdup(const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = mem_alloc(n);
    if (copy != NULL)
        memcpy(copy, text, n);
    return copy;
}

void mem_free(void *p)
{
    free(p);
}

static void *in_large_pages(size_t n)
{
    const size_t bytes = (n + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    void *p = NULL;
    if (bytes < n || fault_hit(FAULT_ALLOC) || posix_memalign(&p, LARGE_PAGE, bytes) != 0)
        return NULL;
    (void)!madvise(p, bytes, MADV_HUGEPAGE); /* the system may have none */
    return p;
}

void *mem_grow(void *p, size_t used, size_t n)
{
    if (n <= LARGE_PAGE / 2)
        return mem_realloc(p, n);
    void *grown = in_large_pages(n);
    if (grown == NULL)
        return NULL;
    if (used > 0)
        memcpy(grown, p, used);
    mem_free(p);
    return grown;
}

struct arena_block {
    struct arena_block *next;
    size_t size; /* of data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *a, size_t block_bytes, size_t keep_bytes)
{
    *a = (struct arena){ .block_bytes = block_bytes, .keep_bytes = keep_bytes };
}

static void block_free(struct arena_block *b)
{
    ASAN_UNPOISON_MEMORY_REGION(b->data, b->size);
    mem_free(b);
}

static void free_blocks(struct arena_block *b)
{
    while (b != NULL) {
        struct arena_block *next = b->next;
        block_free(b);
        b = next;
    }
}

void arena_release(struct arena *a)
{
    free_blocks(a->head);
    free_blocks(a->spare);
    a->head = a->spare = NULL;
    a->used_bytes = 0;
}

void arena_reset(struct arena *a)
{
    size_t kept = 0;
    a->used_bytes = 0;
    for (const struct arena_block *b = a->spare; b != NULL; b = b->next)
        kept += b->size;
    while (a->head != NULL) {
        struct arena_block *b = a->head;
        a->head = b->next;
        if (kept + b->size > a->keep_bytes) {
            block_free(b);
            continue;
        }
        kept += b->size;
        b->used = 0;
        ASAN_POISON_MEMORY_REGION(b->data, b->size);
        b->next = a->spare;
        a->spare = b;
    }
}

/* A spare block that fits, or a new one, becomes the head. */
static struct arena_block *block_with_room(struct arena *a, size_t n)
{
    struct arena_block **link = &a->spare;
    while (*link != NULL && (*link)->size < n)
        link = &(*link)->next;
    struct arena_block *b = *link;
    if (b != NULL) {
        *link = b->next;
    } else {
        const size_t size = n > a->block_bytes ? n : a->block_bytes;
        b = mem_grow(NULL, 0, sizeof(*b) + size);
        if (b == NULL)
            return NULL;
        b->size = size;
        b->used = 0;
        ASAN_POISON_MEMORY_REGION(b->data, size);
    }
    b->next = a->head;
    a->head = b;
    a->used_bytes += b->size;
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    if (n > SIZE_MAX - sizeof(struct arena_block) - align)
        return NULL;
    const size_t want = (n + align - 1) / align * align;
    struct arena_block *b = a->head;
    if (b == NULL || b->size - b->used < want)
        b = block_with_room(a, want);
    if (b == NULL)
        return NULL;
    void *p = b->data + b->used;
    b->used += want;
    ASAN_UNPOISON_MEMORY_REGION(p, n);
    return p;
}

void *arena_calloc(struct arena *a, size_t n)
{
    void *p = arena_alloc(a, n);
    if (p != NULL)
        memset(p, 0, n);
    return p;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.len + 1);
    if (p == NULL)
        return (struct str){ 0 };
    if (s.len > 0)
        memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    return (struct str){ p, s.len };
}

bool arena_keep(struct arena *a, struct str *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (texts[i]->p == NULL)
            continue;
        *texts[i] = arena_str(a, *texts[i]);
        if (texts[i]->p == NULL)
            return false;
    }
    return true;
}

void *arena_grow(struct arena *a, void *rows, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return rows;
    const size_t want = *cap == 0 ? GROW_FROM : *cap * 2;
    if (want > SIZE_MAX / size)
        return NULL;
    void *grown = arena_alloc(a, want * size);
    if (grown == NULL)
        return NULL;
    if (n > 0)
        memcpy(grown, rows, n * size);
    *cap = want;
    return grown;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (p == NULL)
        return NULL;
    va_start(args, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, args);
    va_end(args);
    return p;
}
