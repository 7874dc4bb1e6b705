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

/* ---- runs ---- */

static void run_free(struct run *run)
{
    input_close(run->in);
    arena_release(&run->arena);
    mem_free(run);
}

static struct run *run_new(const struct action *ac, struct err *err)
{
    struct run *run = mem_calloc(1, sizeof(*run));
    if (run == NULL) {
        err_nomem(err);
        return NULL;
    }
    arena_init(&run->arena, 4 * KIB, 0);
    run->ac = *ac;
    run->kind = action_kind_find(ac->kind);
    struct str *texts[] = { &run->ac.request_id, &run->ac.input, &run->ac.params };
    if (!arena_keep(&run->arena, texts, ARRAY_LEN(texts))) {
        err_nomem(err);
        run_free(run);
        return NULL;
    }
    run->ac.message = (struct str){ 0 };
    return run;
}

static struct run *find_run(struct engine *e, int64_t seq)
{
    for (struct run *run = e->runs; run != NULL; run = run->next) {
        if (run->ac.seq == seq)
            return run;
    }
    return NULL;
}

/* With the lock held. */
static int add_run(struct engine *e, const struct action *ac, struct err *err)
{
    if (find_run(e, ac->seq) != NULL || action_kind_find(ac->kind) == NULL)
        return 0; /* a type this program does not know waits for one that does */
    struct run *run = run_new(ac, err);
    if (run == NULL)
        return -1;
    if (schedule_admit(e, run, err) < 0) {
        run_free(run);
        return -1;
    }
    struct run **link = &e->runs;
    while (*link != NULL)
        link = &(*link)->next;
    *link = run;
    return 0;
}

/* With the lock held, when none of its chunks is in flight. */
static void remove_run(struct engine *e, struct run *run)
{
    for (struct run **link = &e->runs; *link != NULL; link = &(*link)->next) {
        if (*link == run) {
            *link = run->next;
            break;
        }
    }
    schedule_forget(e, run->ac.project_id);
    run_free(run);
}

static int load_unfinished(struct engine *e, struct err *err)
{
    struct arena a;
    struct action *actions;
    size_t n = 0;
    arena_init(&a, 64 * KIB, 0);
    pthread_mutex_lock(&e->lock);
    e->reload = false; /* what cannot be remembered from here on is asked for again */
    pthread_mutex_unlock(&e->lock);
    int rc = store_list_unfinished(e->store, &a, &actions, &n, err);
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_run(e, &actions[i], err);
    e->reload = e->reload || rc < 0;
    pthread_mutex_unlock(&e->lock);
    arena_release(&a);
    return rc;
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
        if (e->slots[i].run == NULL)
            return &e->slots[i];
    }
    return NULL;
}

/* Waits for a run that has a turn and a slot to put it in. False: it is time to leave. */
static bool next_turn(struct engine *e, struct run **run, struct slot **slot, int64_t *waited_us)
{
    const int64_t from_us = time_monotonic_us();
    pthread_mutex_lock(&e->lock);
    for (;;) {
        if (e->stopping || e->reload)
            break;
        *slot = free_slot(e);
        *run = *slot != NULL ? schedule_pick(e) : NULL;
        if (*run != NULL) {
            (*slot)->run = *run;
            (*run)->in_flight++;
            break;
        }
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
    pthread_mutex_lock(&e->lock);
    slot->run->read_to_end = last;
    slot->run->prepare_us += spent_us;
    slot->run->prepare_wait_us += waited_us;
    schedule_charge(e, slot->run, spent_us);
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
    slot->run = NULL;
    slot->ready = false;
    run->in_flight--;
    run->dropped = run->dropped || drop;
    if (run->in_flight == 0 && (run->dropped || run->read_to_end))
        remove_run(e, run);
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

static void charge(struct engine *e, struct run *run, int64_t us)
{
    pthread_mutex_lock(&e->lock);
    schedule_charge(e, run, us);
    pthread_mutex_unlock(&e->lock);
}

static void prepare_turn(struct engine *e, struct run *run, struct slot *slot, int64_t waited_us)
{
    struct err err = { 0 };
    bool last = false;
    const int64_t from_us = time_monotonic_us();
    if (prepare(e, run, slot, &last, &err) < 0) {
        log_trouble(e, run, "prepare_failed", &err);
        const bool gone = !run->leased && err.code == ERR_NOT_FOUND; /* somebody has ended it */
        if (!run->leased || passes(&err)) { /* without a lease nobody can say that it has failed */
            run->retry_ms = gone ? 0 : next_pause(e, run->retry_ms);
            pause_ms(e, run->retry_ms);
            /* trouble that lasts is not picked first for ever */
            charge(e, run, run->retry_ms * 1000);
            give_back(e, slot, gone);
            return;
        }
        chunk_fail(run, slot, message_for(&err));
        last = true;
    }
    run->retry_ms = 0;
    hand_over(e, slot, last, time_monotonic_us() - from_us, waited_us);
}

static void *preparer_main(void *arg)
{
    struct engine *e = arg;
    setpriority(PRIO_PROCESS, (id_t)gettid(), PREPARER_NICE); /* of this thread, on Linux */
    struct run *run = NULL;
    struct slot *slot = NULL;
    int64_t waited_us;
    while (next_turn(e, &run, &slot, &waited_us)) {
        struct err err = { 0 };
        if (run != NULL)
            prepare_turn(e, run, slot, waited_us);
        else if (load_unfinished(e, &err) < 0)
            pause_ms(e, next_pause(e, 0));
        run = NULL;
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

/* With the lock held. */
static void note_progress(struct run *run, const struct store_chunk *c, int64_t applied)
{
    struct engine_progress *p = &run->progress;
    const int64_t now_us = time_monotonic_us();
    const size_t items = c->n_failures + c->n_vouchers;
    const double part = items == 0 ? 1.0 : (double)c->slice_done / (double)items;
    const double bytes = (double)c->start + (double)(c->end - c->start) * part;
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
    run->first_bytes = c->start;
    run->progress.seconds_left = -1;
}

/* A slice went wrong. True: try again. */
static bool after_trouble(struct engine *e, struct slot *slot, const struct err *err, int *tries,
                          int64_t *pause)
{
    struct run *run = slot->run;
    if (err->code == ERR_LEASE_LOST) {
        log_trouble(e, run, "lease_lost", err);
        return false;
    }
    log_trouble(e, run, "slice_failed", err);
    pthread_mutex_lock(&e->lock);
    run->progress.waiting_for_disk = err->code == ERR_DISK_FULL;
    pthread_mutex_unlock(&e->lock);
    if (!passes(err) && ++*tries == TRIES_MAX) {
        chunk_give_up(&slot->chunk, STR("Internal error"));
        pthread_mutex_lock(&e->lock);
        /* what is prepared behind it loses its lease: the action is FAILED */
        run->read_to_end = true;
        pthread_mutex_unlock(&e->lock);
    }
    *pause = next_pause(e, *pause);
    pause_ms(e, *pause);
    return true;
}

/* Commits slice after slice. True when the chunk is in; false when it was left (stop, lease lost).
 */
static bool commit_chunk(struct engine *e, struct slot *slot)
{
    struct store_chunk *c = &slot->chunk;
    int tries = 0;
    int64_t pause = 0;
    while (!c->finished) {
        struct err err = { 0 };
        const size_t before = c->slice_done;
        const int64_t from_us = time_monotonic_us();
        pthread_mutex_lock(&e->lock);
        start_progress(slot->run, c);
        const bool leave = e->stopping || slot->run->dropped;
        pthread_mutex_unlock(&e->lock);
        if (leave)
            return false;
        if (store_slice_commit(e->store, c, &err) < 0) {
            if (!after_trouble(e, slot, &err, &tries, &pause))
                return false;
            continue;
        }
        tries = 0;
        pause = 0;
        pthread_mutex_lock(&e->lock);
        slot->run->commit_us += time_monotonic_us() - from_us;
        schedule_charge(e, slot->run, time_monotonic_us() - from_us);
        note_progress(slot->run, c, (int64_t)(c->slice_done - before));
        pthread_mutex_unlock(&e->lock);
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

static void *committer_main(void *arg)
{
    struct engine *e = arg;
    struct slot *slot;
    int64_t waited_us;
    while ((slot = next_ready(e, &waited_us)) != NULL) {
        slot->run->commit_wait_us += waited_us;
        const bool in = commit_chunk(e, slot);
        if (in && slot->chunk.end_status != ACTION_IN_PROGRESS)
            log_end(e, slot->run, &slot->chunk);
        give_back(e, slot, !in);
    }
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
    for (size_t i = 0; i < CHUNK_SLOTS; i++)
        arena_init(&e->slots[i].arena, 256 * KIB, 8 * MIB);
    if (load_unfinished(e, err) < 0 || start_threads(e, err) < 0) {
        engine_stop(e);
        return -1;
    }
    *out = e;
    return 0;
}

void engine_stop(struct engine *e)
{
    if (e == NULL)
        return;
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
    while (e->runs != NULL) {
        struct run *next = e->runs->next;
        run_free(e->runs);
        e->runs = next;
    }
    csv_reader_release(&e->csv);
    mem_free(e->projects);
    mem_free(e);
}

void engine_add(struct engine *e, const struct action *ac)
{
    struct err err = { 0 };
    pthread_mutex_lock(&e->lock);
    if (add_run(e, ac, &err) < 0)
        e->reload = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

bool engine_progress_find(struct engine *e, int64_t seq, struct engine_progress *out)
{
    pthread_mutex_lock(&e->lock);
    const struct run *run = find_run(e, seq);
    const bool found = run != NULL && run->first_us != 0;
    if (found)
        *out = run->progress;
    pthread_mutex_unlock(&e->lock);
    return found;
}
