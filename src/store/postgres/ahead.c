/* SPDX-License-Identifier: MIT */
/*
 * ahead.c - the next slice of new rows, on another connection, while one is on its way.
 *
 * The database spends a few microseconds on each new row, in one process a connection, and a COMMIT
 * waits for the disk. So while an import finds nothing but new keys its slices take turns on two
 * connections, each in a thread of its own: a slice goes to the middle of its chunk, the next one
 * has the rest, the one after that is the first of the next chunk, if the engine has it ready. Only
 * the end of a slice (outcomes, totals, checkpoint, COMMIT) waits for the slice before it: nobody
 * ever sees a later slice without the earlier ones, and a process that is killed in between goes on
 * behind the last that is in.
 *
 * At most two are under way. The first of them is the head: all before it is in. It is what the
 * next call of the engine asks for. Whatever is not as expected (a slice ends elsewhere, or fails;
 * a key exists; codes were erased; the engine goes on elsewhere) gives up the slices behind it
 * without a trace: they are done again when it is their turn, and never repaired.
 *
 * Nobody joins a slice's thread while he has a transaction open himself: it may be waiting for
 * somebody who waits for that transaction, a ring that the database cannot see.
 *
 * Locks: a slice begins when the one before it has the lock that slices share. So whoever wants
 * that alone waits for the earlier one, which waits for nobody. No key is in both: each would wait
 * for the other. And as the database cannot see that the later one waits for the earlier, it gives
 * up when that takes long: somebody may wait for its rows while the earlier one waits for his.
 */
#include <stdio.h>

#include "base/sync.h"
#include "store/postgres/bulk_priv.h"

#define ROWS_LEAST   8192 /* of a chunk that is shared */
#define TURN_MOST_MS 3000
#define LOOK_MS      3 /* between looks for the next chunk */

enum turn { TURN_WAITS, TURN_NOW, TURN_NEVER };

struct pg_ahead {
    struct pg_store *s;
    struct pg_lane *lane;
    struct store_chunk *chunk; /* NULL: nothing is under way */
    struct store_chunk own;    /* the same chunk, with what this slice makes of it */
    unsigned char *outcomes;   /* of own */
    size_t cap;
    size_t from; /* the item that it begins with */
    pthread_t thread;
    pthread_mutex_t lock; /* of turn, begun, ended */
    pthread_cond_t told;
    enum turn turn;
    bool begun; /* it has the lock that slices share */
    bool ended;
    atomic_bool off;
    int rc; /* 0: committed. Read when the thread has ended */
};

static struct pg_ahead *ahead_of(struct pg_store *s, struct pg_lane *lane)
{
    struct pg_ahead *a = lane->ahead;
    if (a != NULL)
        return a;
    a = mem_calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->s = s;
    a->lane = lane;
    pthread_mutex_init(&a->lock, NULL);
    sync_cond_init(&a->told);
    lane->ahead = a;
    return a;
}

void pg_ahead_free(struct pg_lane *lane)
{
    struct pg_ahead *a = lane->ahead;
    if (a == NULL)
        return;
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->told);
    mem_free(a->outcomes);
    mem_free(a);
    lane->ahead = NULL;
}

bool pg_is_ahead(const struct pg_lane *lane)
{
    return lane->ahead != NULL && lane->ahead->chunk != NULL;
}

/* ---- its thread ---- */

bool pg_ahead_is_off(const struct pg_lane *lane)
{
    return pg_is_ahead(lane) && atomic_load_explicit(&lane->ahead->off, memory_order_relaxed);
}

static void tell(struct pg_ahead *a, bool *what)
{
    pthread_mutex_lock(&a->lock);
    *what = true;
    pthread_cond_broadcast(&a->told);
    pthread_mutex_unlock(&a->lock);
}

void pg_ahead_begun(struct pg_lane *lane)
{
    if (pg_is_ahead(lane))
        tell(lane->ahead, &lane->ahead->begun);
}

int pg_ahead_turn(struct pg_lane *lane, struct store_chunk *own, struct err *err)
{
    struct pg_ahead *a = lane->ahead;
    if (!pg_is_ahead(lane))
        return 0;
    pthread_mutex_lock(&a->lock);
    while (a->turn == TURN_WAITS) {
        if (!sync_wait_ms(&a->told, &a->lock, TURN_MOST_MS) && a->turn == TURN_WAITS)
            a->turn = TURN_NEVER;
    }
    const bool now = a->turn == TURN_NOW;
    pthread_mutex_unlock(&a->lock);
    if (!now)
        return pg_ahead_cannot(err);
    /* The blob is of the whole chunk, to which the slices before this one add no more. */
    const size_t bytes = (size_t)(own->n_rows + 1) / OUTCOMES_PER_BYTE;
    for (size_t i = 0; i < bytes; i++)
        own->outcomes[i] |= a->chunk->outcomes[i];
    return 0;
}

static int run(struct pg_ahead *a, struct err *err)
{
    struct pg_lane *lane = a->lane;
    pg_tx_begin(a->s, &lane->tx, &lane->db, &lane->scratch);
    if (pg_bulk_prepare(lane, &a->own, err) < 0 || pg_begin(&lane->db, err) < 0)
        return -1;
    int rc = pg_bulk_slice(a->s, lane, &a->own, err);
    if (rc == 0)
        rc = pg_tx_commit(&lane->tx, &lane->db, err);
    if (rc < 0)
        pg_rollback(&lane->db);
    return rc;
}

static void *ahead_main(void *arg)
{
    struct pg_ahead *a = arg;
    struct err ignored = { 0 }; /* it is done again, and fails again if it must */
    a->rc = run(a, &ignored);
    tell(a, &a->ended);
    return NULL;
}

/* ---- beginning one ---- */

/* Some rows of a chunk, in the order of its keys. */
struct range {
    struct store_chunk *chunk;
    size_t from, to; /* of the mapped rows */
};

/* The first row of the range whose key is not before this one. */
static size_t lower_bound(const struct range *r, struct str key)
{
    size_t from = r->from, to = r->to;
    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        if (str_cmp(r->chunk->mapped[mid]->key, key) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Both are sorted. Those without a key share none. */
static bool share_a_key(const struct range *a, const struct range *b)
{
    if (a->from == a->to || b->from == b->to)
        return false;
    size_t i = lower_bound(a, b->chunk->mapped[b->from]->key);
    if (i == a->to)
        return false;
    size_t k = lower_bound(b, a->chunk->mapped[i]->key);
    while (i < a->to && k < b->to) {
        const struct str x = a->chunk->mapped[i]->key, y = b->chunk->mapped[k]->key;
        const int order = str_cmp(x, y);
        if (order == 0 && x.p != NULL && y.p != NULL)
            return true;
        i += order <= 0;
        k += order >= 0;
    }
    return false;
}

/* Where a slice that begins at the range's start should end, for another to do the rest. */
static size_t middle(const struct range *r)
{
    size_t at = r->from + (r->to - r->from) / 2;
    while (at < r->to && same_key(r->chunk, at - 1, at))
        at++;
    return at;
}

/* What two slices do of the chunk, from here on. */
static struct range two_slices(struct store_chunk *c, size_t from)
{
    const size_t most = from + 2 * (size_t)ROWS_NEW;
    return (struct range){ c, from, c->n_mapped < most ? c->n_mapped : most };
}

static bool is_large(const struct range *r)
{
    return r->to >= r->from + ROWS_LEAST;
}

static int take_chunk(struct pg_ahead *a, const struct range *r)
{
    const struct store_chunk *c = r->chunk;
    const size_t bytes = (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE;
    if (bytes > a->cap) {
        mem_free(a->outcomes);
        a->outcomes = mem_alloc(bytes);
        a->cap = a->outcomes != NULL ? bytes : 0;
    }
    if (a->cap < bytes)
        return -1;
    memset(a->outcomes, 0, bytes);
    a->own = *c;
    a->own.outcomes = a->outcomes;
    if (r->from > first_left(c)) /* else what could not be read comes first */
        a->own.slice_done = c->n_failures + r->from;
    a->own.reached = a->from = a->own.slice_done;
    return 0;
}

/* It expects what the slices before it do. */
static int take_lane(struct pg_ahead *a, size_t to)
{
    const struct pg_bulk *first = a->s->bulk.fast;
    struct pg_bulk *bulk = pg_bulk_of(a->lane);
    if (bulk == NULL)
        return -1;
    bulk->expect_new = first->expect_new;
    bulk->expect_new_records = first->expect_new_records;
    bulk->careful = false;
    a->lane->until = to;
    return 0;
}

static struct pg_ahead *start(struct pg_store *s, struct pg_lane *lane, const struct range *r)
{
    struct pg_ahead *a = ahead_of(s, lane);
    if (a == NULL || take_chunk(a, r) < 0 || take_lane(a, r->to) < 0)
        return NULL;
    a->turn = TURN_WAITS;
    a->begun = a->ended = false;
    a->rc = -1;
    a->chunk = r->chunk;
    atomic_store(&a->off, false);
    if (pthread_create(&a->thread, NULL, ahead_main, a) != 0) {
        a->chunk = NULL;
        return NULL;
    }
    pthread_setname_np(a->thread, "ls-ahead");
    return a;
}

void pg_ahead_start(struct pg_store *s, struct store_chunk *c)
{
    const struct range both = two_slices(c, first_left(c));
    if (!is_large(&both) || c->unsorted || !is_quiet(s))
        return;
    const size_t at = middle(&both);
    if (at == both.to)
        return;
    s->after = start(s, &s->beside, &(struct range){ c, at, both.to });
    if (s->after != NULL)
        s->bulk.until = at;
}

/* What comes behind the head: the rest of its chunk, or the first rows of the next one. */
static bool behind(const struct pg_ahead *head, struct range *out)
{
    struct store_chunk *c = head->chunk;
    const size_t until = head->lane->until;
    if (until < c->n_mapped) {
        *out = (struct range){ c, until, c->n_mapped };
        if (out->to > until + ROWS_NEW)
            out->to = until + ROWS_NEW;
        return true;
    }
    struct store_chunk *next = c->next != NULL ? c->next(c->next_arg) : NULL;
    if (next == NULL || next->unsorted)
        return false;
    *out = two_slices(next, first_left(next));
    if (!is_large(out))
        return false;
    out->to = middle(out);
    return true;
}

static bool wait_for_begin(struct pg_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    while (!a->begun && !a->ended)
        pthread_cond_wait(&a->told, &a->lock);
    const bool begun = a->begun;
    pthread_mutex_unlock(&a->lock);
    return begun;
}

/* False: it has ended. */
static bool wait_a_little(struct pg_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    if (!a->ended)
        sync_wait_ms(&a->told, &a->lock, LOOK_MS);
    const bool ended = a->ended;
    pthread_mutex_unlock(&a->lock);
    return !ended;
}

/* The next chunk may still be prepared. */
static void start_behind(struct pg_store *s, struct pg_ahead *head)
{
    struct pg_lane *lane = head->lane == &s->bulk ? &s->beside : &s->bulk;
    struct range r;
    if (!is_quiet(s) || !wait_for_begin(head))
        return;
    while (!behind(head, &r)) {
        if (head->chunk->next == NULL || head->chunk->end_status != ACTION_IN_PROGRESS ||
            !wait_a_little(head))
            return;
    }
    const struct range now = { head->chunk, first_left(&head->own), head->lane->until };
    if (!share_a_key(&now, &r))
        s->after = start(s, lane, &r);
}

/* ---- ending one ---- */

static void set_turn(struct pg_ahead *a, enum turn turn)
{
    atomic_store(&a->off, turn == TURN_NEVER);
    pthread_mutex_lock(&a->lock);
    if (a->turn == TURN_WAITS)
        a->turn = turn;
    pthread_cond_broadcast(&a->told);
    pthread_mutex_unlock(&a->lock);
}

static int join(struct pg_ahead *a)
{
    pthread_join(a->thread, NULL);
    a->chunk = NULL;
    a->lane->until = 0;
    return a->rc;
}

static void drop(struct pg_ahead **a)
{
    if (*a == NULL)
        return;
    set_turn(*a, TURN_NEVER);
    (void)join(*a);
    *a = NULL;
}

void pg_ahead_call_off(struct pg_store *s)
{
    if (s->after != NULL)
        set_turn(s->after, TURN_NEVER);
}

void pg_ahead_drop(struct pg_store *s)
{
    drop(&s->after);
    drop(&s->head);
}

/* It has neither been called off nor given up. */
static bool may_have_turn(struct pg_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    const bool may = a->turn == TURN_WAITS && !a->ended;
    pthread_mutex_unlock(&a->lock);
    return may;
}

/* Everything of the chunk up to here is in: what comes behind it may be, if it is as expected. */
static void promote(struct pg_store *s, const struct store_chunk *c)
{
    struct pg_ahead *a = s->after;
    if (a == NULL)
        return;
    const bool fits = a->chunk == c ? c->slice_done == a->from
                                    : c->finished && c->end_status == ACTION_IN_PROGRESS;
    if (c->lost || !fits || !may_have_turn(a)) {
        drop(&s->after);
        return;
    }
    set_turn(a, TURN_NOW);
    s->head = a;
    s->after = NULL;
}

void pg_ahead_first_done(struct pg_store *s, const struct store_chunk *c, int rc)
{
    if (rc < 0)
        drop(&s->after);
    else
        promote(s, c);
}

bool pg_ahead_take(struct pg_store *s, struct store_chunk *c)
{
    struct pg_ahead *a = s->head;
    if (a == NULL)
        return false;
    if (a->chunk != c || a->from != c->slice_done) {
        pg_ahead_drop(s);
        return false;
    }
    start_behind(s, a);
    s->head = NULL;
    if (join(a) < 0) {
        drop(&s->after);
        return false;
    }
    memcpy(c->outcomes, a->own.outcomes, (size_t)(c->n_rows + 1) / OUTCOMES_PER_BYTE);
    memcpy(c->adding, a->own.adding, sizeof(c->adding));
    c->reached = a->own.reached;
    slice_done(c);
    promote(s, c);
    return true;
}
