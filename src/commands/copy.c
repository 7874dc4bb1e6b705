/* SPDX-License-Identifier: MIT */
/*
 * copy.c - `longshore copy`: projects from one store into another. The rows are store/sql/copy.c's
 * work; here are the two stores, the uploaded files, and what people are told.
 *
 * First all projects are looked at, so that nothing is begun that cannot be done.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/time_iso.h"
#include "client/progress.h"
#include "client/text.h"
#include "commands/commands.h"
#include "commands/project_priv.h"
#include "inputs/spool.h"
#include "store/sql/copy.h"

#define CACHE_BYTES   (40 * MIB)
#define LINE_PAUSE_MS 2000

/* A store and where its uploaded files are. */
struct side {
    struct store *store;
    char dir[4096];
    struct spool *spool; /* NULL: the store keeps them itself; or of the source: there is none */
};

struct moving {
    struct side from, to;
    struct progress progress;
    int64_t began_us, began_rows; /* of the project under way, to tell the speed by; 0: not yet */
};

/* ---- uploaded files ---- */

static int has_input(struct side *side, struct str name, bool *found, struct err *err)
{
    struct input *in = NULL;
    *found = false;
    if (store_keeps_inputs(side->store))
        return store_input_find(side->store, name, found, err);
    if (side->spool == NULL)
        return 0;
    if (input_open(side->spool, name, &in, err) < 0)
        return err->code == ERR_NOT_FOUND ? 0 : -1;
    input_close(in);
    *found = true;
    return 0;
}

struct reading {
    struct side *side;
    struct str name;
    struct input *input; /* NULL: the store is asked */
};

static int read_input(void *arg, int64_t at, void *out, size_t n, size_t *got, struct err *err)
{
    const struct reading *r = arg;
    if (r->input != NULL)
        return input_read(r->input, at, out, n, got, err);
    return store_input_read(r->side->store, r->name, at, out, n, got, err);
}

static int put_input(struct moving *m, struct str name, struct err *err)
{
    struct reading r = { .side = &m->from, .name = name };
    const struct input_source source = { .read = read_input, .arg = &r };
    if (m->from.spool != NULL && input_open(m->from.spool, name, &r.input, err) < 0)
        return -1;
    const int rc = m->to.spool != NULL ? spool_put(m->to.spool, name, read_input, &r, err)
                                       : store_input_put(m->to.store, name, &source, err);
    input_close(r.input);
    return rc;
}

/* That a file of an action that has ended is gone costs its report, as it does in the source. */
static int miss_input(struct moving *m, struct str name, bool unfinished, struct err *err)
{
    const bool keeps = store_keeps_inputs(m->from.store);
    if (!keeps && (unfinished || m->from.spool == NULL))
        return err_set(err, ERR_NOT_FOUND,
                       "the uploaded file '%.*s' is not in '%s'; say with --from-spool where the "
                       "server keeps uploads",
                       STR_FMT(name), m->from.dir);
    if (unfinished)
        return err_set(err, ERR_NOT_FOUND,
                       "the uploaded file '%.*s' of an unfinished action is gone", STR_FMT(name));
    progress_note(&m->progress, "the uploaded file '%.*s' is gone: its action has no report",
                  STR_FMT(name));
    return 0;
}

static int carry_input(void *arg, struct str name, bool unfinished, bool *carried, struct err *err)
{
    struct moving *m = arg;
    bool there, arrived;
    if (has_input(&m->from, name, &there, err) < 0 || has_input(&m->to, name, &arrived, err) < 0)
        return -1;
    *carried = there || arrived;
    if (arrived)
        return 0;
    return there ? put_input(m, name, err) : miss_input(m, name, unfinished, err);
}

static int drop_input(void *arg, struct str name, struct err *err)
{
    struct moving *m = arg;
    return m->to.spool != NULL ? input_remove(m->to.spool, name, err)
                               : store_input_remove(m->to.store, name, err);
}

static void place_of_spool(struct side *side, const char *given)
{
    if (given != NULL)
        snprintf(side->dir, sizeof(side->dir), "%s", given);
    else
        snprintf(side->dir, sizeof(side->dir), "%s-spool", store_place(side->store));
}

/* One that is not there is not made: nothing has been uploaded then. */
static int open_source_spool(struct moving *m, const char *given, struct err *err)
{
    struct stat st;
    place_of_spool(&m->from, given);
    if (store_keeps_inputs(m->from.store))
        return 0;
    if (stat(m->from.dir, &st) < 0 && errno == ENOENT && given == NULL)
        return 0;
    if (stat(m->from.dir, &st) < 0)
        return err_sys(err, "cannot look at '%s'", m->from.dir);
    return spool_open(m->from.dir, &m->from.spool, err);
}

/* The owner of a spool is known by the secret of its store, which may be about to change. */
static int open_target_spool(struct moving *m, const char *given, struct err *err)
{
    unsigned char owner[ID_HASH_BYTES], before[ID_HASH_BYTES];
    const unsigned char *secret = store_secret(m->from.store)->key;
    const unsigned char *old = store_secret(m->to.store)->key;
    place_of_spool(&m->to, given);
    if (store_keeps_inputs(m->to.store))
        return 0;
    id_hash_token((struct str){ (const char *)secret, ID_SECRET_BYTES }, owner);
    id_hash_token((struct str){ (const char *)old, ID_SECRET_BYTES }, before);
    if (spool_open(m->to.dir, &m->to.spool, err) < 0)
        return -1;
    return spool_take_over(m->to.spool, owner, before, err);
}

/* ---- what is told ---- */

static void sum_rows(const struct store_copy *c, int64_t *rows, int64_t *of)
{
    *rows = *of = 0;
    for (size_t i = 0; i < COPY_TABLES; i++) {
        *rows += c->rows[i];
        *of += c->of[i];
    }
}

static void show(void *arg, const struct store_copy *c)
{
    struct moving *m = arg;
    const int64_t now_us = time_monotonic_us();
    char doing[64];
    int64_t rows, of;
    sum_rows(c, &rows, &of);
    if (m->began_us == 0) {
        m->began_us = now_us;
        m->began_rows = rows;
    }
    const double seconds = (double)(now_us - m->began_us) / 1e6;
    const double speed = seconds > 0.5 ? (double)(rows - m->began_rows) / seconds : 0;
    snprintf(doing, sizeof(doing), "copying %s", c->doing);
    progress_show(&m->progress,
                  &(struct progress_view){
                      .doing = doing,
                      .percent = of > 0 ? 100 * rows / of : 100,
                      .done = rows,
                      .per_second = (int64_t)speed,
                      .seconds_left = speed >= 1 ? (int64_t)((double)(of - rows) / speed) : 0,
                  });
}

static void put_row(struct buf *b, const char *what, int64_t n)
{
    buf_printf(b, "  %-20s ", what);
    text_put_count(b, n);
    buf_putc(b, '\n');
}

static int print_copied(const struct moving *m, const struct store_copy *c, struct err *err)
{
    struct buf b;
    buf_init(&b, 64 * KIB);
    buf_printf(&b, "copied project %.*s to ", STR_FMT(c->project));
    put_place(&b, m->to.store);
    buf_putc(&b, '\n');
    for (size_t i = 0; i < COPY_TABLES; i++) {
        if (c->rows[i] > 0)
            put_row(&b, store_copy_table(i), c->rows[i]);
    }
    if (c->inputs > 0)
        put_row(&b, "uploaded files", c->inputs);
    buf_puts(&b, STR("it is still in "));
    put_place(&b, m->from.store);
    buf_printf(&b,
               ", as it was: do not use it there any more, and delete it with\n"
               "  longshore project delete --project %.*s --yes --store ",
               STR_FMT(c->project));
    put_place(&b, m->from.store);
    buf_putc(&b, '\n');
    return print_buf(&b, err);
}

static int print_there(const struct moving *m, const struct store_copy *c, struct err *err)
{
    struct buf b;
    buf_init(&b, 64 * KIB);
    buf_printf(&b, "project %.*s is in ", STR_FMT(c->project));
    put_place(&b, m->to.store);
    buf_puts(&b, STR(" already; nothing was copied\n"));
    return print_buf(&b, err);
}

/* ---- one project, or all ---- */

static int copy_one(struct moving *m, struct store_copy *c, struct err *err)
{
    if (c->state == COPY_THERE)
        return print_there(m, c, err);
    if (c->state == COPY_GOES_ON)
        progress_note(&m->progress, "project %.*s: going on where the last copy was stopped",
                      STR_FMT(c->project));
    if (c->state == COPY_BEGINS_AGAIN)
        progress_note(&m->progress,
                      "project %.*s: the source has been used since the last copy was stopped, "
                      "so it begins again",
                      STR_FMT(c->project));
    m->began_us = 0;
    progress_begin(&m->progress, LINE_PAUSE_MS);
    const int rc = store_copy_run(c, err);
    progress_clear(&m->progress);
    if (rc < 0 && err->code != ERR_CONFLICT && err->code != ERR_NOT_FOUND)
        fprintf(stderr, "what has been copied stays: the same command once more goes on\n");
    return rc < 0 ? -1 : print_copied(m, c, err);
}

static int copy_these(struct moving *m, struct store_copy *copies, size_t n,
                      const struct copy_options *o, struct err *err)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        copies[i].from = m->from.store;
        copies[i].to = m->to.store;
        copies[i].carry_input = carry_input;
        copies[i].drop_input = drop_input;
        copies[i].on_portion = show;
        copies[i].arg = m;
        if (store_copy_look(&copies[i], err) < 0)
            return -1;
        any = any || copies[i].state != COPY_THERE;
    }
    if (any && (open_source_spool(m, o->from_spool, err) < 0 ||
                open_target_spool(m, o->to_spool, err) < 0))
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (copy_one(m, &copies[i], err) < 0)
            return -1;
    }
    return 0;
}

static int choose(struct moving *m, struct arena *a, const struct copy_options *o, struct err *err)
{
    struct project *all = NULL;
    size_t n_all = 0, n = 0;
    if (store_list_projects(m->from.store, a, &all, &n_all, err) < 0)
        return -1;
    struct store_copy *copies = arena_calloc(a, (n_all + 1) * sizeof(*copies));
    if (copies == NULL)
        return err_nomem(err);
    if (o->project != NULL)
        copies[n++].project = str_of(o->project);
    for (size_t i = 0; o->project == NULL && i < n_all; i++) {
        if (all[i].deleted_ms == TIME_NONE)
            copies[n++].project = all[i].public_id;
    }
    if (n == 0)
        return err_set(err, ERR_NOT_FOUND, "there is no project in '%s'",
                       store_place(m->from.store));
    return copy_these(m, copies, n, o, err);
}

static int open_stores(struct moving *m, const struct copy_options *o, struct err *err)
{
    const struct store_config from = { .copying = true, .existing = true };
    const struct store_config to = { .copying = true, .cache_bytes = CACHE_BYTES };
    if (str_is(str_of(o->from), o->to))
        return err_set(err, ERR_INVALID_PAYLOAD, "--from and --to are the same store");
    if (store_open(o->from, &from, &m->from.store, err) < 0)
        return err_wrap(err, "--from");
    if (store_open(o->to, &to, &m->to.store, err) < 0)
        return err_wrap(err, "--to");
    return 0;
}

int copy_run(const void *values)
{
    const struct copy_options *o = values;
    struct moving m = { 0 };
    struct err err = { 0 };
    struct arena a;
    arena_init(&a, 64 * KIB, 0);
    progress_init(&m.progress);
    int rc = open_stores(&m, o, &err);
    if (rc == 0)
        rc = choose(&m, &a, o, &err);
    spool_close(m.from.spool);
    spool_close(m.to.spool);
    store_close(m.to.store);
    store_close(m.from.store);
    arena_release(&a);
    return rc == 0 ? 0 : project_refused("copy", &err);
}
