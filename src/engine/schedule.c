/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - whose turn it is.
 *
 * Fair by time spent: first between projects, then between the actions of the project, where all
 * small ordered actions of a queue count as one. What comes late starts level with the one that has
 * had least, so a small import behind a huge one waits for one turn at most and is done with the
 * next. Of equals the older one goes first, so that a stream of small ones cannot starve it.
 */
#include "engine/engine_priv.h"

static struct project_time *find_project(struct engine *e, int64_t project_id)
{
    for (size_t i = 0; i < e->n_projects; i++) {
        if (e->projects[i].project_id == project_id)
            return &e->projects[i];
    }
    return NULL;
}

static bool is_runnable(const struct run *run)
{
    return !run->read_to_end && !run->dropped && !(run->waits && run->in_flight > 0);
}

/* Does the queue itself have a turn to take? */
static bool queue_is_ready(const struct queue *q)
{
    if (!q->more)
        return false;
    switch (q->id.discipline) {
    case DISCIPLINE_ORDERED: /* one batch may be prepared while the one before it commits */
        return !q->blocked && q->n_runs == 0 && q->in_flight < CHUNK_SLOTS;
    case DISCIPLINE_SINGLE:
        return q->n_runs == 0;
    default:
        return q->n_runs < QUEUE_RUNS_MAX;
    }
}

/* The best turn so far, and what it has cost. */
struct candidate {
    struct turn turn;
    int64_t project_us;
    int64_t spent_us;
};

static void consider(struct candidate *best, const struct turn *turn, int64_t project_us,
                     int64_t spent_us)
{
    const bool first = best->turn.queue == NULL;
    const bool same_project =
        !first && turn->queue->id.project_id == best->turn.queue->id.project_id;
    if (first || project_us < best->project_us ||
        (project_us == best->project_us && same_project && spent_us < best->spent_us))
        *best = (struct candidate){ .turn = *turn, .project_us = project_us, .spent_us = spent_us };
}

/* A queue that is ready, but for the pause between two batches: how long that still takes. */
static bool pauses(const struct queue *q, int64_t now_us, int64_t *wait_us)
{
    const int64_t left = q->not_before_us - now_us;
    if (left <= 0)
        return false;
    if (*wait_us == 0 || left < *wait_us)
        *wait_us = left;
    return true;
}

bool schedule_pick(struct engine *e, int64_t now_us, struct turn *out, int64_t *wait_us)
{
    struct candidate best = { 0 };
    *wait_us = 0;
    for (struct queue *q = e->queues; q != NULL; q = q->next) {
        const struct project_time *p = find_project(e, q->id.project_id);
        const int64_t project_us = p != NULL ? p->spent_us : 0;
        if (queue_is_ready(q) && !pauses(q, now_us, wait_us)) {
            /* looking into the store is nobody's time: it only shows who waits */
            const bool looks = q->id.discipline != DISCIPLINE_ORDERED;
            consider(&best, &(struct turn){ .queue = q }, project_us, looks ? -1 : q->spent_us);
        }
        for (struct run *run = q->runs; run != NULL; run = run->next) {
            if (is_runnable(run))
                consider(&best, &(struct turn){ .queue = q, .run = run }, project_us,
                         run->spent_us);
        }
    }
    *out = best.turn;
    return best.turn.queue != NULL;
}

void schedule_charge(struct engine *e, const struct turn *turn, int64_t us)
{
    struct project_time *p = find_project(e, turn->queue->id.project_id);
    if (turn->run != NULL)
        turn->run->spent_us += us;
    else
        turn->queue->spent_us += us;
    if (p != NULL)
        p->spent_us += us;
}

/* ---- coming in ---- */

/* The least that a run or a batching queue of the project has had; INT64_MAX: it has none. */
static int64_t least_of_project(const struct engine *e, int64_t project_id)
{
    int64_t least = INT64_MAX;
    for (const struct queue *q = e->queues; q != NULL; q = q->next) {
        if (q->id.project_id != project_id)
            continue;
        const bool batching = q->id.discipline == DISCIPLINE_ORDERED && (q->more || q->in_flight);
        if (batching && q->spent_us < least)
            least = q->spent_us;
        for (const struct run *r = q->runs; r != NULL; r = r->next)
            least = r->spent_us < least ? r->spent_us : least;
    }
    return least;
}

static bool project_is_busy(const struct engine *e, int64_t project_id)
{
    return least_of_project(e, project_id) != INT64_MAX;
}

/* A project that had nothing to do starts level with the one that has had least, whatever it had
 * long ago. */
static void level_project(struct engine *e, struct project_time *project)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < e->n_projects; i++) {
        const struct project_time *p = &e->projects[i];
        if (p != project && p->spent_us < least && project_is_busy(e, p->project_id))
            least = p->spent_us;
    }
    if (least != INT64_MAX)
        project->spent_us = least;
}

static int add_project(struct engine *e, int64_t project_id, struct err *err)
{
    if (e->n_projects == e->cap_projects) {
        const size_t cap = e->cap_projects == 0 ? 8 : e->cap_projects * 2;
        struct project_time *grown = mem_realloc(e->projects, cap * sizeof(*grown));
        if (grown == NULL)
            return err_nomem(err);
        e->projects = grown;
        e->cap_projects = cap;
    }
    e->projects[e->n_projects++] = (struct project_time){ .project_id = project_id };
    return 0;
}

int schedule_admit_queue(struct engine *e, struct queue *q, struct err *err)
{
    const int64_t project_id = q->id.project_id;
    if (find_project(e, project_id) == NULL && add_project(e, project_id, err) < 0)
        return -1;
    if (!project_is_busy(e, project_id))
        level_project(e, find_project(e, project_id));
    const int64_t least = least_of_project(e, project_id);
    if (least != INT64_MAX && q->spent_us < least)
        q->spent_us = least;
    return 0;
}

void schedule_admit_run(struct engine *e, struct run *run)
{
    const int64_t least = least_of_project(e, run->ac.project_id);
    run->spent_us = least == INT64_MAX ? 0 : least;
}
