/* SPDX-License-Identifier: MIT */
/*
 * draft.c - the memory of a slot, and chunks while they are made in it.
 *
 * A slot's arrays hold the rows, failures and outcomes of all its chunks, one behind the other.
 * They may move while they grow; so a chunk's pointers into them are set by draft_finish(), and a
 * batch reserves for all its chunks before it begins.
 */
#include "base/time_iso.h"
#include "engine/engine_priv.h"

#define ROWS_BY_BYTES 256 /* from here on sorting by the byte is faster than by comparing */

struct sort_key {
    uint64_t prefix; /* eight bytes of the key, behind what all have in common: most comparisons end
                      * here, without a look at the text; big-endian */
    uint32_t row;    /* index in slot->rows */
};

/* ---- memory of a slot ---- */

/* Room for n elements; what is in the array stays. */
static int reserve(void *array, size_t *cap, size_t n, size_t element, struct err *err)
{
    void **p = array;
    if (n <= *cap)
        return 0;
    size_t grown_cap = *cap < 1024 ? 1024 : *cap * 2;
    if (grown_cap < n)
        grown_cap = n;
    void *grown = mem_grow(*p, *cap * element, grown_cap * element);
    if (grown == NULL)
        return err_nomem(err);
    *p = grown;
    *cap = grown_cap;
    return 0;
}

void slot_release(struct slot *slot)
{
    mem_free(slot->chunks);
    mem_free(slot->window);
    mem_free(slot->rows);
    mem_free(slot->sorted);
    mem_free(slot->failures);
    mem_free(slot->outcomes);
    mem_free(slot->keys);
    arena_release(&slot->arena);
}

/* What the last chunk used little of is given back: another kind of file needs its memory
 * elsewhere. */
static void trim(struct slot *slot)
{
    const size_t used = slot->n_rows * slot->row_bytes;
    if (slot->cap_rows <= CHUNK_ROWS_MAX / 16 * slot->row_bytes || used * 4 > slot->cap_rows)
        return;
    mem_free(slot->rows);
    slot->rows = NULL;
    slot->cap_rows = 0;
}

void slot_begin(struct slot *slot)
{
    trim(slot);
    arena_reset(&slot->arena);
    slot->n_chunks = slot->n_rows = slot->n_failures = slot->n_outcomes = 0;
    slot->row_bytes = 0;
}

/* A row of the slot's array. */
static struct row_head *row_at(const struct slot *slot, size_t i)
{
    return (struct row_head *)(void *)(slot->rows + i * slot->row_bytes);
}

int slot_reserve(struct slot *slot, size_t n, size_t row_bytes, struct err *err)
{
    if (reserve(&slot->chunks, &slot->cap_chunks, BATCH_ACTIONS, sizeof(*slot->chunks), err) < 0 ||
        reserve(&slot->rows, &slot->cap_rows, n * row_bytes, 1, err) < 0 ||
        reserve(&slot->failures, &slot->cap_failures, n, sizeof(*slot->failures), err) < 0 ||
        reserve(&slot->keys, &slot->cap_keys, 2 * n, sizeof(*slot->keys), err) < 0 ||
        reserve(&slot->sorted, &slot->cap_sorted, n, sizeof(struct row_head *), err) < 0)
        return -1;
    /* an odd number of rows leaves half a byte of each chunk free */
    return reserve(&slot->outcomes, &slot->cap_outcomes, n + BATCH_ACTIONS, 1, err);
}

/* ---- a draft ---- */

int draft_begin(struct draft *d, struct slot *slot, const struct action *ac,
                const struct action_kind *kind, const struct action_plan *plan,
                const struct chunk_at *at, struct err *err)
{
    if (reserve(&slot->chunks, &slot->cap_chunks, slot->n_chunks + 1, sizeof(*slot->chunks), err) <
        0)
        return -1;
    *d = (struct draft){ .slot = slot,
                         .c = &slot->chunks[slot->n_chunks++],
                         .kind = kind,
                         .plan = plan,
                         .first_row = slot->n_rows,
                         .first_failure = slot->n_failures };
    slot->row_bytes = kind->row_bytes; /* the kinds of one queue that are batched share it */
    *d->c = (struct store_chunk){
        .resource = kind->resource,
        .project_id = ac->project_id,
        .action_seq = ac->seq,
        .lease_epoch = ac->lease_epoch,
        .campaign_id = plan->campaign != NULL ? plan->campaign->key : 0,
        .mode = kind->mode,
        .dry_run = ac->dry_run,
        .ordered = kind->discipline == DISCIPLINE_ORDERED,
        .no = at->no,
        .start = at->start,
        .end = at->start,
        .first_row = at->row,
        .input_bytes = ac->input_bytes,
        .members = action_kind_walks(kind) ? &plan->members : NULL,
        .end_status = ACTION_IN_PROGRESS,
    };
    return 0;
}

void *draft_room(struct draft *d, struct err *err)
{
    struct slot *slot = d->slot;
    if (reserve(&slot->rows, &slot->cap_rows, (slot->n_rows + 1) * slot->row_bytes, 1, err) < 0)
        return NULL;
    return row_at(slot, slot->n_rows);
}

void draft_keep(struct draft *d)
{
    struct row_head *row = row_at(d->slot, d->slot->n_rows++);
    row->row = (uint32_t)d->c->n_rows++;
    if (d->kind->resource != RESOURCE_VOUCHER && ((const struct record *)(void *)row)->id.p != NULL)
        d->c->unsorted = true;
    d->n_mapped++;
}

int draft_check_and_keep(struct draft *d, struct row_head *row, struct arena *scratch,
                         struct err *err)
{
    struct arena *a = &d->slot->arena;
    struct str reason = { NULL, 0 };
    const int rc = !action_checks_metadata(d->plan)
                       ? 0
                       : action_check_metadata(d->kind, d->plan, row, scratch, a, &reason, err);
    if (rc < 0)
        return -1;
    if (rc > 0)
        return draft_fail(d, FAILURE_METADATA, row->key, reason, err);
    draft_keep(d);
    return 0;
}

int draft_fail(struct draft *d, enum failure_kind kind, struct str key, struct str reason,
               struct err *err)
{
    struct slot *slot = d->slot;
    if (reserve(&slot->failures, &slot->cap_failures, slot->n_failures + 1, sizeof(*slot->failures),
                err) < 0)
        return -1;
    slot->failures[slot->n_failures++] = (struct failure){
        .row = (uint32_t)d->c->n_rows++, .kind = kind, .key = key, .reason = reason
    };
    d->c->n_failures++;
    return 0;
}

size_t draft_memory(const struct draft *d)
{
    const struct slot *slot = d->slot;
    return slot->n_rows * slot->row_bytes + slot->n_failures * sizeof(*slot->failures) +
           slot->arena.used_bytes;
}

/* ---- sorting ---- */

/* Codes like SUMMER-0001 begin with the same bytes. */
static size_t common_bytes(const struct slot *slot, size_t first, size_t n)
{
    const struct str key = row_at(slot, first)->key;
    size_t common = key.p != NULL ? key.len : 0;
    for (size_t i = 1; i < n && common > 0; i++) {
        const struct str other = row_at(slot, first + i)->key;
        if (common > other.len)
            common = other.p != NULL ? other.len : 0;
        while (common > 0 && memcmp(key.p, other.p, common) != 0)
            common--;
    }
    return common;
}

static uint64_t key_prefix(struct str key, size_t skip)
{
    unsigned char bytes[8] = { 0 };
    uint64_t v = 0;
    const size_t len = key.p != NULL ? key.len - skip : 0;
    if (len > 0)
        memcpy(bytes, key.p + skip, len < sizeof(bytes) ? len : sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        v = v << 8 | bytes[i];
    return v;
}

static unsigned char prefix_byte(const struct sort_key *key, size_t k)
{
    return (unsigned char)(key->prefix >> 8 * k);
}

static int compare_keys(const void *a, const void *b, void *arg)
{
    const struct sort_key *x = a, *y = b;
    const struct slot *slot = arg;
    if (x->prefix != y->prefix)
        return x->prefix < y->prefix ? -1 : 1;
    const int c = str_cmp(row_at(slot, x->row)->key, row_at(slot, y->row)->key);
    return c != 0 ? c : (x->row > y->row) - (x->row < y->row);
}

/* One byte of the prefix after the other, the last one first; what is equal keeps its order.
 * `spare` has room for n as well, and either of the two holds the result. */
static struct sort_key *sort_by_prefix(struct sort_key *keys, struct sort_key *spare, size_t n)
{
    uint32_t counts[sizeof(keys->prefix)][UINT8_MAX + 1] = { 0 };
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < ARRAY_LEN(counts); k++)
            counts[k][prefix_byte(&keys[i], k)]++;
    }
    for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
        uint32_t *at = counts[k], next = 0;
        if (at[prefix_byte(&keys[0], k)] == n)
            continue; /* it is the same in all */
        for (size_t i = 0; i < ARRAY_LEN(counts[k]); i++) {
            const uint32_t count = at[i];
            at[i] = next;
            next += count;
        }
        for (size_t i = 0; i < n; i++)
            spare[at[prefix_byte(&keys[i], k)]++] = keys[i];
        struct sort_key *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    return keys;
}

static struct sort_key *sort(struct slot *slot, struct sort_key *keys, struct sort_key *spare,
                             size_t n)
{
    const bool many = n >= ROWS_BY_BYTES;
    if (many)
        keys = sort_by_prefix(keys, spare, n);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && (!many || keys[to].prefix == keys[from].prefix); to++)
            ;
        if (to - from > 1)
            qsort_r(keys + from, to - from, sizeof(*keys), compare_keys, slot);
    }
    return keys;
}

/* By key and then by row, so that a repeated key keeps its order in the input. */
static int sort_rows(struct draft *d, struct err *err)
{
    struct slot *slot = d->slot;
    const size_t first = d->first_row, n = d->n_mapped;
    if (n == 0)
        return 0; /* the arrays may not be there yet, which qsort_r does not take */
    if (reserve(&slot->keys, &slot->cap_keys, 2 * n, sizeof(*slot->keys), err) < 0 ||
        reserve(&slot->sorted, &slot->cap_sorted, slot->n_rows, sizeof(struct row_head *), err) < 0)
        return -1;
    struct sort_key *keys = slot->keys;
    const size_t common = common_bytes(slot, first, n);
    for (size_t i = 0; i < n; i++)
        keys[i] = (struct sort_key){ .prefix = key_prefix(row_at(slot, first + i)->key, common),
                                     .row = (uint32_t)(first + i) };
    if (!d->c->unsorted)
        keys = sort(slot, keys, keys + n, n);
    for (size_t i = 0; i < n; i++)
        slot->sorted[first + i] = row_at(slot, keys[i].row);
    return 0;
}

int draft_finish(struct draft *d, struct err *err)
{
    struct slot *slot = d->slot;
    struct store_chunk *c = d->c;
    const size_t bytes = (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE;
    const size_t end = slot->n_outcomes + bytes;
    if (sort_rows(d, err) < 0 ||
        reserve(&slot->outcomes, &slot->cap_outcomes, end > 0 ? end : 1, 1, err) < 0)
        return -1;
    c->outcomes = slot->outcomes + slot->n_outcomes;
    memset(c->outcomes, 0, bytes);
    slot->n_outcomes = end;
    c->mapped = d->n_mapped > 0 ? slot->sorted + d->first_row : NULL;
    c->n_mapped = d->n_mapped;
    c->failures = c->n_failures > 0 ? slot->failures + d->first_failure : NULL;
    return 0;
}
