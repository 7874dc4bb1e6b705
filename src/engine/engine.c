/* SPDX-License-Identifier: MIT */
/* engine.c - the two threads, and what the rest of the program asks of the engine. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/sync.h"
#include "base/time_iso.h"
#include "engine/engine_priv.h"

#define PREPARER_NICE  10 /* it is ahead of the writer anyway: answers to requests go first */
#define RETRY_FIRST_MS 100
#define RETRY_GROWTH   20 /* the longest pause, in first ones */
/* Of a chunk that fails for another reason than a full disk: some 15 seconds */
#define TRIES_MAX 12

static void action_id(const struct engine *e, const struct action *ac, char out[ID_MAX_LEN])
{
    id_encode_action(store_secret(e->store), ac->seq, ac->created_ms, out);
}

/* ---- waiting ---- */

/* Sleeps, unless the engine is stopped meanwhile. */
static void pause_ms(struct engine *e, int64_t ms)
{
    const int64_t until_us = time_monotonic_us() + ms * 1000;
    pthread_mutex_lock(&e->lock);
    while (!e->stopping && time_monotonic_us() < until_us)
        sync_wait_ms(&e->changed, &e->lock, (until_us - time_monotonic_us()) / 1000 + 1);
    pthread_mutex_unlock(&e->lock);
}

/* After a pause of ms (0: none yet). */
static int64_t next_pause(const struct engine *e, int64_t ms)
{
    const int64_t first = e->config.retry_ms > 0 ? e->config.retry_ms : RETRY_FIRST_MS;
    if (ms == 0)
        return first;
    return ms * 2 > first * RETRY_GROWTH ? first * RETRY_GROWTH : ms * 2;
}

static void log_trouble(const struct engine *e, const struct run *run, const char *event,
                        const struct err *err)
{
    char id[ID_MAX_LEN];
    action_id(e, &run->ac, id);
    log_event(LOG_WARN, event, LOG_STR("action_id", id),
              LOG_STR("request_id", run->ac.request_id.p), LOG_STR("error", err->msg));
}

/* ---- the preparer ---- */

static struct slot *free_slot(struct engine *e)
{
    for (size_t i = 0; i < CHUNK_SLOTS; i++) {
        if (!e->slots[i].taken)
            return &e->slots[i];
    }
    return NULL;
}

static struct turn turn_of(const struct slot *slot)
{
    if (slot->run != NULL)
        return (struct turn){ .queue = slot->run->queue, .run = slot->run };
    return (struct turn){ .queue = slot->queue };
}

static void take_slot(struct slot *slot, const struct turn *turn)
{
    slot->taken = true;
    slot->ready = false;
    slot->run = turn->run;
    slot->queue = turn->run == NULL ? turn->queue : NULL;
    if (turn->run != NULL)
        turn->run->in_flight++;
    else
        turn->queue->in_flight++;
}

/* Waits for a turn and a slot for it. False: it is time to leave, or (turn->queue is NULL) to ask
 * the store which queues there are. */
static bool next_turn(struct engine *e, struct turn *turn, struct slot **slot, int64_t *waited_us)
{
    const int64_t from_us = time_monotonic_us();
    *turn = (struct turn){ 0 };
    pthread_mutex_lock(&e->lock);
    while (!e->stopping && !e->reload) {
        int64_t wait_us = 0;
        *slot = free_slot(e);
        if (*slot != NULL && schedule_pick(e, time_monotonic_us(), turn, &wait_us)) {
            take_slot(*slot, turn);
            break;
        }
        if (wait_us > 0)
            sync_wait_ms(&e->changed, &e->lock, wait_us / 1000 + 1);
        else
            pthread_cond_wait(&e->changed, &e->lock);
    }
    const bool stopping = e->stopping;
    pthread_mutex_unlock(&e->lock);
    *waited_us = time_monotonic_us() - from_us;
    return !stopping;
}

/* The slot is handed to the committer. */
static void hand_over(struct engine *e, struct slot *slot, bool last, int64_t spent_us,
                      int64_t waited_us)
{
    const struct turn turn = turn_of(slot);
    pthread_mutex_lock(&e->lock);
    if (slot->run != NULL) {
        slot->run->read_to_end = last;
        slot->run->prepare_us += spent_us;
        slot->run->prepare_wait_us += waited_us;
    }
    schedule_charge(e, &turn, spent_us);
    slot->order = e->next_order++;
    slot->ready = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

/* The slot is given back; a run that has nothing in flight and no future is gone. */
static void give_back(struct engine *e, struct slot *slot, bool drop)
{
    pthread_mutex_lock(&e->lock);
    struct run *run = slot->run;
    if (run != NULL) {
        run->in_flight--;
        run->dropped = run->dropped || drop;
        if (run->in_flight == 0 && (run->dropped || run->read_to_end))
            queue_remove(e, run);
    } else {
        slot->queue->in_flight--;
    }
    slot->run = NULL;
    slot->queue = NULL;
    slot->taken = slot->ready = false;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

/* What an action that cannot be run says: its own trouble in words, ours as the reference's
 * catch-all. */
static struct str message_for(const struct err *err)
{
    if (err->code == ERR_NOT_FOUND)
        return STR("The input of this action is gone");
    return STR("Internal error");
}

static int prepare(struct engine *e, struct run *run, struct slot *slot, bool *last,
                   struct err *err)
{
    if (!run->taken_up && run_take_up(e, run, err) < 0)
        return -1;
    return chunk_prepare(e, run, slot, last, err);
}

/* Trouble that passes (memory, a full disk, a busy store) is waited for; anything else ends the
 * action. */
static bool passes(const struct err *err)
{
    return err->code == ERR_NOMEM || err->code == ERR_DISK_FULL || err->code == ERR_BUSY;
}

/* A turn that came to nothing: trouble that lasts is not picked first for ever. */
static void wait_after(struct engine *e, const struct turn *turn, int64_t *retry_ms)
{
    *retry_ms = next_pause(e, *retry_ms);
    pause_ms(e, *retry_ms);
    pthread_mutex_lock(&e->lock);
    schedule_charge(e, turn, *retry_ms * 1000);
    pthread_mutex_unlock(&e->lock);
}

static void run_turn(struct engine *e, const struct turn *turn, struct slot *slot,
                     int64_t waited_us)
{
    struct run *run = turn->run;
    struct err err = { 0 };
    bool last = false;
    const int64_t from_us = time_monotonic_us();
    if (prepare(e, run, slot, &last, &err) < 0) {
        log_trouble(e, run, "prepare_failed", &err);
        const bool gone = !run->leased && err.code == ERR_NOT_FOUND; /* somebody has ended it */
        /* without a lease nobody can say that it has failed */
        const bool ends = run->leased && !passes(&err);
        if (!ends || chunk_fail(run, slot, message_for(&err), &err) < 0) {
            if (!gone)
                wait_after(e, turn, &run->retry_ms);
            give_back(e, slot, gone);
            return;
        }
        last = true;
    }
    run->retry_ms = 0;
    hand_over(e, slot, last, time_monotonic_us() - from_us, waited_us);
}

/* The queue's own turn: its next small actions, or more of a shared queue. */
static void queue_turn(struct engine *e, const struct turn *turn, struct slot *slot,
                       int64_t waited_us)
{
    struct queue *q = turn->queue;
    struct err err = { 0 };
    const int64_t from_us = time_monotonic_us();
    const bool ordered = q->id.discipline == DISCIPLINE_ORDERED;
    slot_begin(slot);
    const int rc = ordered ? batch_prepare(e, q, slot, &err) : queue_refill(e, q, &err);
    if (rc < 0) {
        log_event(LOG_WARN, "queue_failed", LOG_INT("queue", q->id.queue),
                  LOG_STR("error", err.msg));
        wait_after(e, turn, &q->retry_ms);
    } else {
        q->retry_ms = 0;
        if (slot->n_chunks > 0) {
            hand_over(e, slot, true, time_monotonic_us() - from_us, waited_us);
            return;
        }
    }
    give_back(e, slot, false);
}

static void *preparer_main(void *arg)
{
    struct engine *e = arg;
    setpriority(PRIO_PROCESS, (id_t)gettid(), PREPARER_NICE); /* of this thread, on Linux */
    struct turn turn;
    struct slot *slot = NULL;
    int64_t waited_us;
    while (next_turn(e, &turn, &slot, &waited_us)) {
        struct err err = { 0 };
        if (turn.run != NULL)
            run_turn(e, &turn, slot, waited_us);
        else if (turn.queue != NULL)
            queue_turn(e, &turn, slot, waited_us);
        else if (queues_load(e, &err) < 0)
            pause_ms(e, next_pause(e, 0));
    }
    return NULL;
}

/* ---- the committer ---- */

static struct slot *first_ready(struct engine *e)
{
    struct slot *first = NULL;
    for (size_t i = 0; i < CHUNK_SLOTS; i++) {
        struct slot *slot = &e->slots[i];
        if (slot->ready && (first == NULL || slot->order < first->order))
            first = slot;
    }
    return first;
}

static struct slot *next_ready(struct engine *e, int64_t *waited_us)
{
    const int64_t from_us = time_monotonic_us();
    struct slot *slot = NULL;
    pthread_mutex_lock(&e->lock);
    while (!e->stopping && (slot = first_ready(e)) == NULL)
        pthread_cond_wait(&e->changed, &e->lock);
    const bool stopping = e->stopping;
    pthread_mutex_unlock(&e->lock);
    *waited_us = time_monotonic_us() - from_us;
    return stopping ? NULL : slot;
}

/* How far the chunk has come, in bytes of the input, or in whatever stands for them. */
static double position(const struct store_chunk *c)
{
    const size_t items = c->n_failures + c->n_mapped;
    const double part = items == 0 ? 1.0 : (double)c->slice_done / (double)items;
    if (c->members != NULL)
        return (double)(c->first_row + c->n_rows);
    return (double)c->start + (double)(c->end - c->start) * part;
}

/* With the lock held. */
static void note_progress(struct run *run, const struct store_chunk *c, int64_t applied)
{
    struct engine_progress *p = &run->progress;
    const int64_t now_us = time_monotonic_us();
    const double bytes = position(c);
    p->rows_done += applied;
    p->waiting_for_disk = false;
    const double seconds = (double)(now_us - run->first_us) / 1e6;
    const double bytes_here = bytes - (double)run->first_bytes;
    p->rows_per_second =
        seconds > 0 ? (int64_t)((double)(p->rows_done - run->first_rows) / seconds) : 0;
    p->seconds_left =
        bytes_here > 0 && seconds > 0
            ? (int64_t)(((double)run->ac.input_bytes - bytes) * seconds / bytes_here + 0.999)
            : -1;
    p->progress = run->ac.input_bytes > 0 ? (int)(bytes * 100.0 / (double)run->ac.input_bytes) : 0;
    if (p->progress > 99)
        p->progress = 99;
}

static void start_progress(struct run *run, const struct store_chunk *c)
{
    if (run->first_us != 0)
        return;
    run->first_us = time_monotonic_us();
    run->first_rows = run->progress.rows_done = action_rows(&run->ac);
    run->first_bytes = c->members != NULL ? c->first_row : c->start;
    run->progress.seconds_left = -1;
}

/* The committer's way through a slot. */
struct commit {
    struct slot *slot;
    bool one_by_one; /* a batch that cannot be committed together: to find out which one it is */
    int tries;
    int64_t pause_ms;
};

static struct store_chunk *first_open(const struct slot *slot)
{
    for (size_t i = 0; i < slot->n_chunks; i++) {
        if (!slot->chunks[i].finished)
            return &slot->chunks[i];
    }
    return NULL;
}

static size_t chunks_from(const struct commit *cm, const struct store_chunk *c)
{
    const size_t left = cm->slot->n_chunks - (size_t)(c - cm->slot->chunks);
    return cm->one_by_one ? 1 : left;
}

/* Nothing helps: the action ends as FAILED, or the batch goes on one by one. */
static void give_up(struct engine *e, struct commit *cm, struct store_chunk *c)
{
    cm->tries = 0;
    if (cm->slot->run == NULL && !cm->one_by_one) {
        cm->one_by_one = true;
        return;
    }
    chunk_give_up(c, STR("Internal error"));
    if (cm->slot->run == NULL)
        return;
    pthread_mutex_lock(&e->lock);
    /* what is prepared behind it loses its lease: the action is FAILED */
    cm->slot->run->read_to_end = true;
    pthread_mutex_unlock(&e->lock);
}

/* A slice went wrong. True: try again. */
static bool after_trouble(struct engine *e, struct commit *cm, struct store_chunk *c,
                          const struct err *err)
{
    struct run *run = cm->slot->run;
    if (run == NULL)
        log_event(LOG_WARN, "batch_failed", LOG_INT("actions", cm->slot->n_chunks),
                  LOG_STR("error", err->msg));
    else
        log_trouble(e, run, err->code == ERR_LEASE_LOST ? "lease_lost" : "slice_failed", err);
    if (err->code == ERR_LEASE_LOST) {
        c->finished = c->lost = true;
        return run == NULL;
    }
    if (run != NULL) {
        pthread_mutex_lock(&e->lock);
        run->progress.waiting_for_disk = err->code == ERR_DISK_FULL;
        pthread_mutex_unlock(&e->lock);
    }
    if (!passes(err) && ++cm->tries == TRIES_MAX)
        give_up(e, cm, c);
    cm->pause_ms = next_pause(e, cm->pause_ms);
    pause_ms(e, cm->pause_ms);
    return true;
}

/* The chunk behind that which is committed, of the same action, if it is ready. */
static struct store_chunk *next_chunk(void *arg)
{
    struct engine *e = arg;
    struct store_chunk *found = NULL;
    pthread_mutex_lock(&e->lock);
    const struct slot *now = e->committing;
    for (size_t i = 0; i < CHUNK_SLOTS; i++) {
        const struct slot *next = &e->slots[i];
        if (next->ready && next->order == now->order + 1 && next->run == now->run)
            found = next->chunks;
    }
    pthread_mutex_unlock(&e->lock);
    return found;
}

/* The store may ask for what comes behind a run's chunk. */
static void show_next(struct engine *e, const struct slot *slot)
{
    if (slot->run == NULL)
        return;
    pthread_mutex_lock(&e->lock);
    e->committing = slot;
    pthread_mutex_unlock(&e->lock);
    slot->chunks[0].next = next_chunk;
    slot->chunks[0].next_arg = e;
}

static bool must_leave(struct engine *e, const struct slot *slot, const struct store_chunk *c)
{
    pthread_mutex_lock(&e->lock);
    if (slot->run != NULL)
        start_progress(slot->run, c);
    const bool leave = e->stopping || (slot->run != NULL && slot->run->dropped);
    pthread_mutex_unlock(&e->lock);
    return leave;
}

/* What had become of the chunk's rows before a slice. */
struct before {
    size_t slice_done;
    int64_t created, failed;
};

static void note_slice(struct engine *e, const struct slot *slot, const struct store_chunk *c,
                       const struct before *before, int64_t us)
{
    const struct turn turn = turn_of(slot);
    pthread_mutex_lock(&e->lock);
    schedule_charge(e, &turn, us);
    if (slot->run != NULL) {
        slot->run->commit_us += us;
        slot->run->created += c->counts[OUTCOME_CREATED] - before->created;
        slot->run->failed += c->counts[OUTCOME_FAILED] - before->failed;
        note_progress(slot->run, c,
                      c->members != NULL ? c->n_rows
                                         : (int64_t)(c->slice_done - before->slice_done));
        if (c->members != NULL)
            run_learn(slot->run, c);
    }
    pthread_mutex_unlock(&e->lock);
}

/* Commits slice after slice. True when all is in; false when it was left (stop, lease lost). */
static bool commit_slot(struct engine *e, struct slot *slot)
{
    struct commit cm = { .slot = slot };
    struct store_chunk *c;
    show_next(e, slot);
    while ((c = first_open(slot)) != NULL) {
        struct err err = { 0 };
        const struct before before = { .slice_done = c->slice_done,
                                       .created = c->counts[OUTCOME_CREATED],
                                       .failed = c->counts[OUTCOME_FAILED] };
        const int64_t from_us = time_monotonic_us();
        if (must_leave(e, slot, c))
            return false;
        if (store_slice_commit(e->store, c, chunks_from(&cm, c), &err) < 0) {
            if (!after_trouble(e, &cm, c, &err))
                return false;
            continue;
        }
        cm.tries = 0;
        cm.pause_ms = 0;
        note_slice(e, slot, c, &before, time_monotonic_us() - from_us);
    }
    return true;
}

static void log_end(const struct engine *e, const struct run *run, const struct store_chunk *c)
{
    char id[ID_MAX_LEN];
    struct store_stats stats;
    action_id(e, &run->ac, id);
    store_stats(e->store, &stats);
    log_event(LOG_INFO, "action_end", LOG_STR("action_id", id),
              LOG_STR("request_id", run->ac.request_id.p), LOG_STR("type", run->kind->name),
              LOG_STR("status", action_status_name(c->end_status)),
              LOG_INT("rows", run->progress.rows_done), LOG_INT("input_bytes", run->ac.input_bytes),
              LOG_INT("queued_ms", run->queued_ms), LOG_INT("prepare_ms", run->prepare_us / 1000),
              LOG_INT("prepare_wait_ms", run->prepare_wait_us / 1000),
              LOG_INT("commit_ms", run->commit_us / 1000),
              LOG_INT("commit_wait_ms", run->commit_wait_us / 1000),
              LOG_INT("store_commit_ms", stats.commit_us / 1000),
              LOG_INT("store_commits", stats.commits));
}

static void log_slot(const struct engine *e, const struct slot *slot)
{
    if (slot->run == NULL)
        log_event(LOG_INFO, "batch_end", LOG_INT("actions", slot->n_chunks),
                  LOG_INT("rows", slot->n_rows + slot->n_failures));
    else if (slot->chunks[0].end_status != ACTION_IN_PROGRESS)
        log_end(e, slot->run, &slot->chunks[0]);
}

static void *committer_main(void *arg)
{
    struct engine *e = arg;
    struct slot *slot;
    int64_t waited_us;
    while ((slot = next_ready(e, &waited_us)) != NULL) {
        if (slot->run != NULL)
            slot->run->commit_wait_us += waited_us;
        const bool in = commit_slot(e, slot);
        if (in)
            log_slot(e, slot);
        else
            store_slices_leave(e->store);
        give_back(e, slot, !in);
    }
    store_slices_leave(e->store);
    return NULL;
}

/* ---- life ---- */

static int start_threads(struct engine *e, struct err *err)
{
    if (pthread_create(&e->preparer, NULL, preparer_main, e) != 0)
        return err_set(err, ERR_NOMEM, "cannot start the preparer thread");
    e->preparer_runs = true;
    pthread_setname_np(e->preparer, "ls-prepare");
    if (pthread_create(&e->committer, NULL, committer_main, e) != 0)
        return err_set(err, ERR_NOMEM, "cannot start the committer thread");
    e->committer_runs = true;
    pthread_setname_np(e->committer, "ls-commit");
    return 0;
}

/* Another process may have queued something. */
static void on_wake(void *arg)
{
    struct engine *e = arg;
    pthread_mutex_lock(&e->lock);
    e->reload = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

int engine_start(struct store *store, struct spool *spool, const struct engine_config *config,
                 struct engine **out, struct err *err)
{
    struct engine *e = mem_calloc(1, sizeof(*e));
    if (e == NULL)
        return err_nomem(err);
    e->store = store;
    e->spool = spool;
    e->config = *config;
    pthread_mutex_init(&e->lock, NULL);
    sync_cond_init(&e->changed);
    csv_reader_init(&e->csv);
    arena_init(&e->scratch, 64 * KIB, 4 * MIB);
    for (size_t i = 0; i < CHUNK_SLOTS; i++)
        arena_init(&e->slots[i].arena, ARENA_BLOCK_BYTES, 8 * MIB);
    engine_keep_inputs(store, spool);
    if (queues_load(e, err) < 0 || start_threads(e, err) < 0) {
        engine_stop(e);
        return -1;
    }
    store_listen(store, on_wake, e);
    *out = e;
    return 0;
}

static void free_queue(struct engine *e)
{
    struct queue *q = e->queues;
    e->queues = q->next;
    while (q->runs != NULL) {
        struct run *next = q->runs->next;
        run_free(q->runs);
        q->runs = next;
    }
    mem_free(q);
}

void engine_stop(struct engine *e)
{
    if (e == NULL)
        return;
    store_listen(e->store, NULL, NULL);
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    if (e->preparer_runs)
        pthread_join(e->preparer, NULL);
    if (e->committer_runs)
        pthread_join(e->committer, NULL);
    for (size_t i = 0; i < CHUNK_SLOTS; i++)
        slot_release(&e->slots[i]);
    while (e->queues != NULL)
        free_queue(e);
    arena_release(&e->scratch);
    csv_reader_release(&e->csv);
    mem_free(e->projects);
    mem_free(e);
}

void engine_add(struct engine *e, const struct action *ac)
{
    const struct queue_id id = { .project_id = ac->project_id,
                                 .queue = ac->queue,
                                 .discipline = ac->discipline };
    struct err err = { 0 };
    pthread_mutex_lock(&e->lock);
    struct queue *q = queue_get(e, &id, &err);
    const bool known = q != NULL && q->more;
    if (q == NULL)
        e->reload = true;
    else if (!q->more && schedule_admit_queue(e, q, &err) == 0)
        q->more = true;
    if (!known)
        pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

void engine_ended(struct engine *e, const struct action *ac)
{
    pthread_mutex_lock(&e->lock);
    struct run *run = run_find(e, ac->seq);
    if (run != NULL) {
        run->dropped = true;
        if (run->in_flight == 0)
            queue_remove(e, run);
    }
    queue_unblock(e, ac->project_id, ac->queue);
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

bool engine_progress_find(struct engine *e, int64_t seq, struct engine_progress *out)
{
    pthread_mutex_lock(&e->lock);
    const struct run *run = run_find(e, seq);
    const bool found = run != NULL && run->first_us != 0;
    if (found)
        *out = run->progress;
    pthread_mutex_unlock(&e->lock);
    return found;
}
