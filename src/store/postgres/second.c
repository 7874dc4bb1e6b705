/* SPDX-License-Identifier: MIT */
/*
 * second.c - the second half of a chunk of new rows, on a connection of its own, while the first
 * half is on its way.
 *
 * The database spends a few microseconds on each new row, in one process a connection. So while an
 * import finds nothing but new keys, a slice goes to the middle of its chunk, and another thread
 * sends the rest as the slice after it. Only the end of that slice (outcomes, totals, checkpoint,
 * COMMIT) waits for the first one: nobody ever sees a second half without the first, and a process
 * that is killed in between goes on from the middle.
 *
 * Whatever is not as expected (the first half ends elsewhere, or fails; a key exists; codes were
 * erased) ends the second half without a trace: it is done again when it is its turn.
 *
 * Locks: the second half begins when the first has the lock that slices share. So whoever wants
 * that alone waits for the first half, which waits for nobody. And as the database cannot see that
 * the second half waits for the first, it gives up when that takes long: somebody may wait for its
 * rows while the first half waits for his.
 */
#include <stdio.h>

#include "base/sync.h"
#include "store/postgres/bulk_priv.h"

#define ROWS_LEAST   8192 /* of both halves */
#define TURN_MOST_MS 3000

enum turn { TURN_WAITS, TURN_NOW, TURN_NEVER };

struct pg_second {
    struct pg_store *s;
    struct store_chunk *chunk; /* NULL: nothing is under way */
    struct store_chunk own;    /* the same chunk, with what this half makes of it */
    unsigned char *outcomes;   /* of own */
    size_t cap;
    pthread_t thread;
    pthread_mutex_t lock; /* of turn */
    pthread_cond_t told;
    enum turn turn;
    atomic_bool off;
    int rc; /* 0: committed. Read when the thread has ended */
};

static struct pg_second *second_of(struct pg_store *s)
{
    struct pg_second *b = s->second;
    if (b != NULL)
        return b;
    b = mem_calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->s = s;
    pthread_mutex_init(&b->lock, NULL);
    sync_cond_init(&b->told);
    s->second = b;
    return b;
}

void pg_second_free(struct pg_store *s)
{
    struct pg_second *b = s->second;
    if (b == NULL)
        return;
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->told);
    mem_free(b->outcomes);
    mem_free(b);
    s->second = NULL;
}

/* ---- its thread ---- */

bool pg_second_is_off(const struct pg_second *b)
{
    return b != NULL && atomic_load_explicit(&b->off, memory_order_relaxed);
}

int pg_second_turn(struct pg_second *b, struct store_chunk *own, struct err *err)
{
    pthread_mutex_lock(&b->lock);
    while (b->turn == TURN_WAITS) {
        if (!sync_wait_ms(&b->told, &b->lock, TURN_MOST_MS) && b->turn == TURN_WAITS)
            b->turn = TURN_NEVER;
    }
    const bool now = b->turn == TURN_NOW;
    pthread_mutex_unlock(&b->lock);
    if (!now)
        return second_cannot(err);
    /* The blob is of the whole chunk, which is the first half's no more. */
    const size_t bytes = (size_t)(own->n_rows + 1) / OUTCOMES_PER_BYTE;
    for (size_t i = 0; i < bytes; i++)
        own->outcomes[i] |= b->chunk->outcomes[i];
    return 0;
}

static int run(struct pg_second *b, struct err *err)
{
    struct pg_lane *lane = &b->s->beside;
    pg_tx_begin(b->s, &lane->tx, &lane->db, &lane->scratch);
    if (pg_bulk_prepare(lane, &b->own, err) < 0 || pg_begin(&lane->db, err) < 0)
        return -1;
    int rc = pg_bulk_slice(b->s, lane, &b->own, err);
    if (rc == 0)
        rc = pg_tx_commit(&lane->tx, &lane->db, err);
    if (rc < 0)
        pg_rollback(&lane->db);
    return rc;
}

static void *second_main(void *arg)
{
    struct pg_second *b = arg;
    struct err ignored = { 0 }; /* it is done again, and fails again if it must */
    b->rc = run(b, &ignored);
    return NULL;
}

/* ---- the first half's ---- */

static size_t middle(const struct store_chunk *c, size_t from, size_t to)
{
    size_t at = from + (to - from) / 2;
    while (at < to && same_key(c, at - 1, at))
        at++;
    return at;
}

static int take_chunk(struct pg_second *b, struct store_chunk *c, size_t from)
{
    const size_t bytes = (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE;
    if (bytes > b->cap) {
        mem_free(b->outcomes);
        b->outcomes = mem_alloc(bytes);
        b->cap = b->outcomes != NULL ? bytes : 0;
    }
    if (b->cap < bytes)
        return -1;
    memset(b->outcomes, 0, bytes);
    b->own = *c;
    b->own.outcomes = b->outcomes;
    b->own.slice_done = b->own.reached = c->n_failures + from;
    return 0;
}

/* It expects what the first half does. */
static int take_lane(struct pg_second *b, size_t to)
{
    const struct pg_bulk *first = b->s->bulk.fast;
    struct pg_lane *lane = &b->s->beside;
    struct pg_bulk *bulk = pg_bulk_of(lane);
    if (bulk == NULL)
        return -1;
    bulk->expect_new = first->expect_new;
    bulk->expect_new_records = first->expect_new_records;
    bulk->careful = false;
    lane->second = b;
    lane->until = to;
    return 0;
}

void pg_second_start(struct pg_store *s, struct store_chunk *c)
{
    struct pg_second *b = second_of(s);
    const size_t from = first_left(c);
    const size_t most = from + 2 * (size_t)ROWS_NEW;
    const size_t to = c->n_mapped < most ? c->n_mapped : most;
    if (b == NULL || to < from + ROWS_LEAST ||
        pace_rows(s, &s->bulk.fast->pace, ROWS_NEW) < ROWS_NEW) /* somebody waits for room */
        return;
    const size_t at = middle(c, from, to);
    if (at == to || take_chunk(b, c, at) < 0 || take_lane(b, to) < 0)
        return;
    b->turn = TURN_WAITS;
    b->rc = -1;
    b->chunk = c;
    atomic_store(&b->off, false);
    if (pthread_create(&b->thread, NULL, second_main, b) != 0) {
        b->chunk = NULL;
        return;
    }
    pthread_setname_np(b->thread, "ls-second");
    s->bulk.until = at;
}

void pg_second_end(struct pg_store *s, int rc)
{
    struct pg_second *b = s->second;
    struct store_chunk *c = b != NULL ? b->chunk : NULL;
    if (c == NULL)
        return;
    const bool goes_on = rc == 0 && !c->lost && c->slice_done == b->own.slice_done;
    atomic_store(&b->off, !goes_on);
    pthread_mutex_lock(&b->lock);
    if (b->turn == TURN_WAITS)
        b->turn = goes_on ? TURN_NOW : TURN_NEVER;
    pthread_cond_signal(&b->told);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    b->chunk = NULL;
    s->bulk.until = 0;
    if (b->rc < 0)
        return;
    memcpy(c->outcomes, b->own.outcomes, (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE);
    memcpy(c->adding, b->own.adding, sizeof(c->adding));
    c->reached = b->own.reached;
    slice_done(c);
    atomic_fetch_add(&s->commits, 1);
}
