/* SPDX-License-Identifier: MIT */
/*
 * batch.c - many small ordered actions at once.
 *
 * Ordered actions wait for each other. One transaction each would cost a disk write each; so the
 * next small ones of a queue become one chunk each, which the store applies in order and commits
 * together. An action is in a batch as a whole or not at all, so there is no checkpoint within it,
 * and none of it is leased: it is ended where it stands, if nobody else has touched it.
 */
#include "base/time_iso.h"
#include "engine/engine_priv.h"

static bool fits_batch(const struct action *ac)
{
    const struct action_kind *kind = action_kind_find(ac->kind);
    return kind != NULL && kind->input == INPUT_RECORDS && ac->data.p != NULL &&
           ac->status == ACTION_ENQUEUED && ac->lease_epoch == 0 && ac->records >= 0;
}

/* How many of the actions, from the first on, can go together: not more rows than a chunk has. */
static size_t count_batch(const struct action *actions, size_t n, int64_t before_seq,
                          size_t *records)
{
    size_t i = 0;
    *records = 0;
    for (; i < n && actions[i].seq < before_seq && fits_batch(&actions[i]); i++) {
        const size_t with = *records + (size_t)actions[i].records;
        if (i > 0 && with > CHUNK_ROWS_MAX)
            break;
        *records = with;
    }
    return i;
}

static int put_action(struct engine *e, struct slot *slot, const struct action *ac, struct err *err)
{
    static const struct chunk_at start = { 0 };
    const struct action_kind *kind = action_kind_find(ac->kind);
    struct action_plan *plan = arena_alloc(&slot->arena, sizeof(*plan));
    const struct lines lines = { .text = ac->data, .last = true };
    struct draft d;
    enum read_end end;
    if (plan == NULL)
        return err_nomem(err);
    if (action_plan_of(kind, ac, &slot->arena, plan, err) < 0 ||
        draft_begin(&d, slot, ac, kind, plan, &start, err) < 0 ||
        read_lines(&d, lines, &e->scratch, (size_t)ac->records, true, &end, err) < 0)
        return -1;
    if (d.c->n_rows != ac->records)
        return err_set(err, ERR_STORE, "the input of an action has %lld records, not %lld",
                       (long long)d.c->n_rows, (long long)ac->records);
    d.c->end = ac->input_bytes;
    d.c->end_status = ACTION_DONE;
    return draft_finish(&d, err);
}

static void note_taken(struct engine *e, struct queue *q, int64_t seq)
{
    pthread_mutex_lock(&e->lock);
    q->last_seq = seq;
    pthread_mutex_unlock(&e->lock);
}

/* A large action, or one that was begun before a restart, runs by itself, chunk by chunk. */
static int make_run(struct engine *e, struct queue *q, const struct action *ac, struct err *err)
{
    if (action_kind_find(ac->kind) == NULL) {
        note_taken(e, q, ac->seq); /* waits for a program that knows its type */
        return 0;
    }
    struct run *run = run_new(ac, err);
    if (run == NULL)
        return -1;
    pthread_mutex_lock(&e->lock);
    queue_append(e, q, run);
    q->last_seq = ac->seq;
    pthread_mutex_unlock(&e->lock);
    return 0;
}

static void set_blocked(struct engine *e, struct queue *q, bool blocked)
{
    pthread_mutex_lock(&e->lock);
    q->blocked = blocked;
    pthread_mutex_unlock(&e->lock);
}

/* Puts actions into the slot until one cannot be: an own input that cannot be read is for a run of
 * its own to report. Returns how many; -1 when memory is short. */
static int put_actions(struct engine *e, struct slot *slot, const struct action *actions, size_t n,
                       struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const size_t rows = slot->n_rows, failures = slot->n_failures;
        if (put_action(e, slot, &actions[i], err) == 0)
            continue;
        if (err->code == ERR_NOMEM)
            return -1;
        slot->n_chunks = i;
        slot->n_rows = rows;
        slot->n_failures = failures;
        return (int)i;
    }
    return (int)n;
}

/* What to do with the actions that wait. */
static int take_actions(struct engine *e, struct queue *q, struct slot *slot,
                        const struct action *actions, size_t n, struct err *err)
{
    int64_t before_seq;
    size_t records;
    set_blocked(e, q, true); /* before we look: what ends meanwhile takes it back */
    if (store_first_unfinished(e->store, &q->id, &before_seq, err) < 0) {
        set_blocked(e, q, false);
        return -1;
    }
    if (actions[0].seq > before_seq)
        return 0;
    set_blocked(e, q, false);
    const size_t batch = count_batch(actions, n, before_seq, &records);
    if (batch > 0 &&
        slot_reserve(slot, records, action_kind_find(actions[0].kind)->row_bytes, err) < 0)
        return -1;
    const int put = put_actions(e, slot, actions, batch, err);
    if (put < 0)
        return -1;
    if (put == 0)
        return make_run(e, q, &actions[0], err);
    note_taken(e, q, actions[put - 1].seq);
    return 0;
}

int batch_prepare(struct engine *e, struct queue *q, struct slot *slot, struct err *err)
{
    struct action *actions = NULL;
    size_t n = 0;
    slot_begin(slot);
    pthread_mutex_lock(&e->lock);
    q->more = false; /* what comes from here on says so again */
    pthread_mutex_unlock(&e->lock);
    int rc = store_list_queue(e->store, &slot->arena, &q->id, q->last_seq, BATCH_ACTIONS,
                              BATCH_BYTES, &actions, &n, err);
    if (rc == 0 && n > 0)
        rc = take_actions(e, q, slot, actions, n, err);
    /* A full batch means a backlog; one that is not, and not the first after a rest, means a
     * stream. */
    const int64_t now_us = time_monotonic_us();
    const bool streams = n > 0 && n < BATCH_ACTIONS && q->not_before_us + BATCH_PAUSE_US > now_us;
    pthread_mutex_lock(&e->lock);
    q->more = q->more || rc < 0 || n > 0; /* until a look finds nothing */
    q->not_before_us = n == 0 ? 0 : streams ? now_us + BATCH_PAUSE_US : now_us;
    pthread_mutex_unlock(&e->lock);
    return rc;
}
