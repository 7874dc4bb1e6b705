/* SPDX-License-Identifier: MIT */
/*
 * retention.c - see retention.h.
 *
 * A portion is one transaction; the inputs that it took from their actions are removed after it.
 * Whoever is killed in between leaves files that no action names: the sweep at the next start takes
 * them. Trouble of any kind (a full disk, a busy store) ends the round, and the next one goes on.
 */
#include <assert.h>

#include "actions/registry.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/sync.h"
#include "base/time_iso.h"
#include "engine/retention.h"

#define NAMES_BYTES (16 * KIB)
#define PAUSE_MS    10 /* behind a portion: about as long as one takes */

static_assert(RESULT_FAILED_MAX <= FAILURES_KEPT, "results never need more than what is kept");

struct retention {
    struct store *store;
    struct spool *spool;
    struct retention_config config;
    struct arena arena; /* of a portion */

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopping; /* by the lock */
};

/* What went in a round. */
struct round {
    int64_t rows;
    int64_t inputs;
    int64_t projects;
};

/* ---- portions ---- */

struct portion {
    struct retention *r;
    int64_t project_id; /* deleted; 0: it is about what is too old */
    struct purged purged;
};

static int run_portion(struct store_tx *tx, void *arg, struct err *err)
{
    struct portion *p = arg;
    const struct retention_config *config = &p->r->config;
    const int64_t now_ms = time_now_ms();
    arena_reset(&p->r->arena);
    p->purged = (struct purged){ 0 };
    if (p->project_id != 0)
        return store_tx_project_purge(tx, p->project_id, config->portion_rows, &p->r->arena,
                                      &p->purged, err);
    return store_tx_retention(tx, now_ms - config->keep_ms, now_ms, config->portion_rows,
                              &p->r->arena, &p->purged, err);
}

/* A file that cannot be removed now goes with the sweep at the next start. */
static void remove_inputs(struct retention *r, const struct purged *purged, struct round *round)
{
    for (size_t i = 0; i < purged->n_inputs; i++) {
        struct err err = { 0 };
        if (input_remove(r->spool, purged->inputs[i], &err) == 0)
            round->inputs++;
        else
            log_event(LOG_WARN, "input_not_removed", LOG_STR("error", err.msg));
    }
}

/* False: it is time to leave. */
static bool pause_ms(struct retention *r, int64_t ms)
{
    const int64_t until_us = time_monotonic_us() + ms * 1000;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && time_monotonic_us() < until_us)
        sync_wait_ms(&r->changed, &r->lock, (until_us - time_monotonic_us()) / 1000 + 1);
    const bool stopping = r->stopping;
    pthread_mutex_unlock(&r->lock);
    return !stopping;
}

/* Portion after portion. 1: nothing is left; 0: it is time to leave; -1. */
static int remove_all(struct retention *r, int64_t project_id, struct round *round, struct err *err)
{
    struct portion p = { .r = r, .project_id = project_id };
    for (;;) {
        if (store_work_wait(r->store, run_portion, &p, err) < 0)
            return -1;
        fault_point("retention.committed");
        round->rows += (int64_t)p.purged.rows;
        remove_inputs(r, &p.purged, round);
        fault_point("retention.removed");
        if (!p.purged.more)
            return 1;
        if (!pause_ms(r, PAUSE_MS))
            return 0;
    }
}

/* ---- rounds ---- */

static int remove_projects(struct retention *r, struct round *round, struct err *err)
{
    struct arena a;
    struct project *projects = NULL;
    size_t n = 0;
    arena_init(&a, 64 * KIB, 0);
    int rc = store_list_projects(r->store, &a, &projects, &n, err) < 0 ? -1 : 1;
    for (size_t i = 0; rc > 0 && i < n; i++) {
        if (projects[i].deleted_ms == TIME_NONE || projects[i].deleted_ms == PROJECT_COPYING)
            continue;
        rc = remove_all(r, projects[i].id, round, err);
        round->projects += rc > 0;
    }
    arena_release(&a);
    return rc;
}

static void run_round(struct retention *r)
{
    struct round round = { 0 };
    struct err err = { 0 };
    int rc = remove_all(r, 0, &round, &err);
    if (rc > 0)
        rc = remove_projects(r, &round, &err);
    if (round.rows > 0)
        log_event(LOG_INFO, "retention", LOG_INT("rows", round.rows),
                  LOG_INT("inputs", round.inputs), LOG_INT("projects", round.projects));
    if (rc < 0)
        log_event(LOG_WARN, "retention_failed", LOG_STR("error", err.msg));
}

static void *retention_main(void *arg)
{
    struct retention *r = arg;
    do {
        run_round(r);
    } while (pause_ms(r, r->config.interval_ms));
    return NULL;
}

/* ---- life ---- */

static void retention_free(struct retention *r)
{
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    arena_release(&r->arena);
    mem_free(r);
}

int retention_start(struct store *store, struct spool *spool, const struct retention_config *config,
                    struct retention **out, struct err *err)
{
    struct retention *r = mem_calloc(1, sizeof(*r));
    if (r == NULL)
        return err_nomem(err);
    r->store = store;
    r->spool = spool;
    r->config = *config;
    if (r->config.interval_ms == 0)
        r->config.interval_ms = RETENTION_INTERVAL_MS;
    if (r->config.portion_rows == 0)
        r->config.portion_rows = RETENTION_PORTION_ROWS;
    arena_init(&r->arena, NAMES_BYTES, NAMES_BYTES);
    pthread_mutex_init(&r->lock, NULL);
    sync_cond_init(&r->changed);
    if (pthread_create(&r->thread, NULL, retention_main, r) != 0) {
        retention_free(r);
        return err_set(err, ERR_NOMEM, "cannot start the retention thread");
    }
    pthread_setname_np(r->thread, "ls-retention");
    *out = r;
    return 0;
}

void retention_stop(struct retention *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    retention_free(r);
}
