/* SPDX-License-Identifier: MIT */
/*
 * project_delete.c - `longshore project delete`.
 *
 * (1) One unit of work takes the keys and tokens away, ends the actions and marks the project: from
 * then on nobody gets in, and whoever runs one of its actions drops it. (2) Its rows go in portions
 * that are short enough for a running server to write in between. (3) The uploaded files go once
 * the portion that named them has committed. A command that is killed in between leaves nothing but
 * work: a server goes on with (2) and (3), and so does the same command once more.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time_iso.h"
#include "client/text.h"
#include "commands/commands.h"
#include "commands/project_priv.h"
#include "inputs/spool.h"

#define PORTION_FIRST     500 /* rows */
#define PORTION_LEAST     50
#define PORTION_MOST      8000
#define PORTION_TARGET_US INT64_C(10000) /* of work; the commit comes on top */
#define PAUSE_US          2000           /* a writer that waits for the file looks every 500 us */

/* ---- without --yes ---- */

struct extent {
    const struct project *project;
    size_t n_keys;
    int64_t n_vouchers;
    size_t n_actions, n_unfinished;
    bool more_actions; /* than were counted */
};

static int count_actions(struct store *s, struct arena *a, struct extent *x, struct err *err)
{
    const struct action_page page = {
        .before_ms = INT64_MAX, .before_seq = INT64_MAX, .before_seq_ms = INT64_MAX, .limit = 1000
    };
    struct action *actions = NULL;
    if (store_list_actions(s, a, x->project->id, &page, &actions, &x->n_actions, &x->more_actions,
                           err) < 0)
        return -1;
    for (size_t i = 0; i < x->n_actions; i++)
        x->n_unfinished += !action_is_finished(&actions[i]);
    return 0;
}

static int measure(struct store *s, struct arena *a, struct extent *x, struct err *err)
{
    const struct voucher_page page = { .limit = 1 };
    struct project_key *keys = NULL;
    struct voucher *vouchers = NULL;
    size_t n;
    bool more;
    if (store_list_keys(s, a, x->project->id, &keys, &x->n_keys, err) < 0 ||
        store_list_vouchers(s, a, x->project->id, &page, &vouchers, &n, &x->n_vouchers, &more,
                            err) < 0)
        return -1;
    return count_actions(s, a, x, err);
}

static void put_count(struct buf *b, int64_t n, const char *thing)
{
    text_put_count(b, n);
    buf_printf(b, " %s%s", thing, n == 1 ? "" : "s");
}

static int print_extent(struct arena *a, const struct extent *x, struct err *err)
{
    struct buf b;
    const struct str name = print_safe(a, x->project->name);
    const struct str created = print_time(a, x->project->created_ms);
    buf_init(&b, 64 * KIB);
    buf_printf(&b, "this would delete project %.*s (%.*s), created %.*s, for good, with\n",
               STR_FMT(x->project->public_id), STR_FMT(name), STR_FMT(created));
    buf_puts(&b, STR("  "));
    put_count(&b, (int64_t)x->n_keys, "key");
    buf_puts(&b, STR(" and their access tokens\n  "));
    put_count(&b, x->n_vouchers, "voucher");
    buf_puts(&b, STR(" and their transactions\n  "));
    put_count(&b, (int64_t)x->n_actions, "async action");
    buf_printf(&b, "%s with uploads and reports; %zu would be stopped\n",
               x->more_actions ? " or more" : "", x->n_unfinished);
    buf_puts(&b, STR("  its categories, exports and bin\n"));
    buf_puts(&b, STR("nothing was deleted; say --yes to do it\n"));
    return print_buf(&b, err);
}

static int describe(struct store *s, struct arena *a, const struct project *p, struct err *err)
{
    struct extent x = { .project = p };
    if (measure(s, a, &x, err) < 0 || print_extent(a, &x, err) < 0)
        return -1;
    return 2;
}

/* ---- deleting ---- */

struct deletion {
    struct store *store;
    struct str public_id;
    int64_t project_id;
    char spool_dir[4096];
    struct spool *spool; /* NULL: not reached, so far */
    bool no_spool;

    /* the portion under way */
    struct arena arena;
    size_t budget;
    int64_t took_us;
    struct purged purged;

    /* all so far */
    int64_t rows, inputs, inputs_left;
};

static int delete_project(struct store_tx *tx, void *arg, struct err *err)
{
    struct deletion *d = arg;
    return store_tx_project_delete(tx, d->public_id, time_now_ms(), &d->project_id, err);
}

static int purge_portion(struct store_tx *tx, void *arg, struct err *err)
{
    struct deletion *d = arg;
    const int64_t from_us = time_monotonic_us();
    arena_reset(&d->arena);
    const int rc = store_tx_project_purge(tx, d->project_id, d->budget, &d->arena, &d->purged, err);
    d->took_us = time_monotonic_us() - from_us;
    return rc;
}

/* So that the next portion takes about as long as it should. */
static void adapt(struct deletion *d)
{
    if (d->took_us > 2 * PORTION_TARGET_US)
        d->budget = d->budget / 2 > PORTION_LEAST ? d->budget / 2 : PORTION_LEAST;
    else if (d->took_us < PORTION_TARGET_US)
        d->budget = d->budget * 2 < PORTION_MOST ? d->budget * 2 : PORTION_MOST;
}

/* Only one that is there: this command does not make a spool. */
static struct spool *reach_spool(struct deletion *d)
{
    struct stat st;
    struct err err = { 0 };
    if (d->spool == NULL && !d->no_spool &&
        (stat(d->spool_dir, &st) < 0 || spool_open(d->spool_dir, &d->spool, &err) < 0)) {
        d->spool = NULL;
        d->no_spool = true;
    }
    return d->spool;
}

static void remove_inputs(struct deletion *d)
{
    for (size_t i = 0; i < d->purged.n_inputs; i++) {
        struct err err = { 0 };
        const struct str name = d->purged.inputs[i];
        struct spool *spool = store_keeps_inputs(d->store) ? NULL : reach_spool(d);
        if ((store_keeps_inputs(d->store) && store_input_remove(d->store, name, &err) == 0) ||
            (spool != NULL && input_remove(spool, name, &err) == 0))
            d->inputs++;
        else
            d->inputs_left++;
    }
}

static int purge_all(struct deletion *d, struct err *err)
{
    do {
        if (store_work_wait(d->store, purge_portion, d, err) < 0)
            return err_wrap(err, "its keys are gone, some of its rows are not; a server goes on "
                                 "with them, and so does this command");
        d->rows += (int64_t)d->purged.rows;
        remove_inputs(d);
        adapt(d);
        usleep(PAUSE_US);
    } while (d->purged.more);
    return 0;
}

static int print_deleted(struct arena *a, const struct deletion *d, const struct project *p,
                         struct err *err)
{
    struct buf b;
    const struct str name = print_safe(a, p->name);
    buf_init(&b, 64 * KIB);
    buf_printf(&b, "deleted project %.*s (%.*s): ", STR_FMT(p->public_id), STR_FMT(name));
    put_count(&b, d->rows, "row");
    buf_puts(&b, STR(", "));
    put_count(&b, d->inputs, "uploaded file");
    buf_putc(&b, '\n');
    if (d->inputs_left > 0) {
        put_count(&b, d->inputs_left, "more file");
        buf_printf(&b,
                   " could not be removed from '%s': the server does that when it starts next\n",
                   d->spool_dir);
    }
    return print_buf(&b, err);
}

static int delete_all(struct store *s, struct arena *a, const struct project *p,
                      const char *spool_dir, struct err *err)
{
    struct deletion d = { .store = s, .public_id = p->public_id, .budget = PORTION_FIRST };
    if (spool_dir != NULL)
        snprintf(d.spool_dir, sizeof(d.spool_dir), "%s", spool_dir);
    else
        snprintf(d.spool_dir, sizeof(d.spool_dir), "%s-spool", store_place(s));
    arena_init(&d.arena, 64 * KIB, MIB);
    int rc = store_work_wait(s, delete_project, &d, err);
    if (rc == 0)
        rc = purge_all(&d, err);
    if (rc == 0)
        rc = print_deleted(a, &d, p, err);
    spool_close(d.spool);
    arena_release(&d.arena);
    return rc;
}

static int run(struct store *s, struct arena *a, const void *options, struct err *err)
{
    const struct project_delete_options *o = options;
    struct project *p = NULL;
    if (project_get(s, a, o->project, PROJECT_ANY, &p, err) < 0)
        return -1;
    return o->yes ? delete_all(s, a, p, o->spool, err) : describe(s, a, p, err);
}

int project_delete_run(const void *values)
{
    const struct project_delete_options *o = values;
    return project_run(o->store, STORE_THERE, "delete the project", o, run);
}
