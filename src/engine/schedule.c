/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - whose turn it is.
 *
 * Fair by time spent: first between projects, then between the actions of the project. An action
 * that comes late starts level with the one that has had least, so a small import behind a huge one
 * waits for one turn at most and is done with the next. Of equals the older one goes first, so that
 * a stream of small ones cannot starve it.
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
    return !run->read_to_end && !run->dropped;
}

struct run *schedule_pick(struct engine *e)
{
    struct run *best = NULL;
    int64_t best_project_us = 0;
    for (struct run *run = e->runs; run != NULL; run = run->next) {
        if (!is_runnable(run))
            continue;
        const struct project_time *p = find_project(e, run->ac.project_id);
        const int64_t project_us = p != NULL ? p->spent_us : 0;
        if (best == NULL || project_us < best_project_us ||
            (project_us == best_project_us && run->ac.project_id == best->ac.project_id &&
             run->spent_us < best->spent_us)) {
            best = run;
            best_project_us = project_us;
        }
    }
    return best;
}

void schedule_charge(struct engine *e, struct run *run, int64_t us)
{
    struct project_time *p = find_project(e, run->ac.project_id);
    run->spent_us += us;
    if (p != NULL)
        p->spent_us += us;
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
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < e->n_projects; i++)
        least = e->projects[i].spent_us < least ? e->projects[i].spent_us : least;
    e->projects[e->n_projects++] =
        (struct project_time){ .project_id = project_id,
                               .spent_us = least == INT64_MAX ? 0 : least };
    return 0;
}

int schedule_admit(struct engine *e, struct run *run, struct err *err)
{
    int64_t least = INT64_MAX;
    for (const struct run *r = e->runs; r != NULL; r = r->next) {
        if (r->ac.project_id == run->ac.project_id && r->spent_us < least)
            least = r->spent_us;
    }
    run->spent_us = least == INT64_MAX ? 0 : least;
    return find_project(e, run->ac.project_id) != NULL ? 0
                                                       : add_project(e, run->ac.project_id, err);
}

void schedule_forget(struct engine *e, int64_t project_id)
{
    for (const struct run *r = e->runs; r != NULL; r = r->next) {
        if (r->ac.project_id == project_id)
            return;
    }
    struct project_time *p = find_project(e, project_id);
    if (p != NULL)
        *p = e->projects[--e->n_projects];
}
