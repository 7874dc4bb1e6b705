/* SPDX-License-Identifier: MIT */
/* unit_engine.c - see unit_engine.h. */
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time_iso.h"
#include "support/unit_engine.h"

#define WAIT_MAX_US INT64_C(20000000)

int unit_engine_setup(void **state)
{
    const struct store_config config = { .serving = true, .readers = 2 };
    struct unit_engine *w = calloc(1, sizeof(*w));
    log_set_level((enum log_level)(LOG_ERROR + 1));
    w->dir = unit_dir_make();
    unit_store_url(w->dir, "store", w->url, sizeof(w->url));
    snprintf(w->spool_dir, sizeof(w->spool_dir), "%s/spool", w->dir);
    arena_init(&w->arena, 64 * KIB, 0);
    MUST(store_open(w->url, &config, &w->store, must));
    MUST(spool_open(w->spool_dir, &w->spool, must));
    engine_keep_inputs(w->store, w->spool);
    *state = w;
    return 0;
}

int unit_engine_teardown(void **state)
{
    struct unit_engine *w = *state;
    unit_engine_stop(w);
    store_close(w->store);
    spool_close(w->spool);
    arena_release(&w->arena);
    unit_dir_remove(w->dir);
    free(w);
    return 0;
}

void unit_engine_start(struct unit_engine *w, size_t chunk_bytes, size_t chunk_rows)
{
    const struct engine_config config = { .chunk_bytes = chunk_bytes,
                                          .chunk_rows = chunk_rows,
                                          .retry_ms = 1 };
    MUST(engine_start(w->store, w->spool, &config, &w->engine, must));
}

void unit_engine_stop(struct unit_engine *w)
{
    engine_stop(w->engine);
    w->engine = NULL;
}

int64_t unit_engine_project(struct unit_engine *w)
{
    char name[32];
    snprintf(name, sizeof(name), "p%zu", w->n_projects++);
    return unit_project(w->store, name);
}

static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_action_insert(tx, arg, err);
}

struct action unit_upload(struct unit_engine *w, int64_t project_id, struct str text)
{
    struct upload *u = NULL;
    struct action ac = { .project_id = project_id,
                         .kind = ACTION_VOUCHERS_IMPORT_CSV,
                         .queue = QUEUE_VOUCHERS,
                         .records = -1,
                         .created_ms = time_now_ms(),
                         .request_id = STR("v-0b45cee140c3c9b5ca"),
                         .input_bytes = (int64_t)text.len };
    MUST(upload_begin(w->spool, &u, must));
    MUST(upload_write(u, text.p, text.len, must));
    MUST(action_freeze_csv(action_kind_find(ac.kind), text, true, false, NULL, &w->arena,
                           &ac.params, must));
    MUST(upload_finish(u, must));
    ac.input = arena_str(&w->arena, upload_name(u));
    upload_close(u);
    unit_work(w->store, insert_action, &ac);
    return ac;
}

static int64_t count_lines(const char *lines)
{
    int64_t n = 0;
    for (const char *p = lines; *p != '\0'; p++)
        n += *p == '\n';
    return n;
}

struct action unit_queue_records(struct unit_engine *w, int64_t project_id,
                                 const struct unit_records *r)
{
    const struct action_kind *kind = action_kind_find(r->kind);
    struct action ac = { .project_id = project_id,
                         .kind = r->kind,
                         .queue = kind->queue,
                         .discipline = kind->discipline,
                         .dry_run = r->dry_run,
                         .created_ms = time_now_ms(),
                         .request_id = STR("v-0b45cee140c3c9b5ca"),
                         .records = count_lines(r->lines),
                         .input_bytes = (int64_t)strlen(r->lines) };
    MUST(
        action_freeze_records(kind, str_of(r->metadata), false, NULL, &w->arena, &ac.params, must));
    if (r->large) {
        struct upload *u = NULL;
        MUST(upload_begin(w->spool, &u, must));
        MUST(upload_write(u, r->lines, strlen(r->lines), must));
        MUST(upload_finish(u, must));
        ac.input = arena_str(&w->arena, upload_name(u));
        upload_close(u);
    } else {
        ac.data = arena_str(&w->arena, str_of(r->lines));
    }
    unit_work(w->store, insert_action, &ac);
    return ac;
}

void unit_input_path(struct unit_engine *w, const struct action *ac, char path[700])
{
    snprintf(path, 700, "%s/%.*s.in", w->spool_dir, STR_FMT(ac->input));
}

bool unit_engine_is_idle(const struct engine *e)
{
    bool idle = !e->reload;
    for (const struct queue *q = e->queues; q != NULL; q = q->next)
        idle = idle && !q->more && q->n_runs == 0 && q->in_flight == 0;
    return idle;
}

bool unit_wait_idle(struct unit_engine *w)
{
    struct engine *e = w->engine;
    const int64_t from_us = time_monotonic_us();
    bool idle = false;
    while (!idle && time_monotonic_us() - from_us < WAIT_MAX_US) {
        pthread_mutex_lock(&e->lock);
        idle = unit_engine_is_idle(e);
        pthread_mutex_unlock(&e->lock);
        if (!idle)
            usleep(200);
    }
    return idle;
}

struct action unit_wait_end(struct unit_engine *w, const struct action *ac)
{
    const int64_t from_us = time_monotonic_us();
    for (;;) {
        const struct action now = unit_reload(w->store, &w->arena, ac);
        if (action_is_finished(&now) || time_monotonic_us() - from_us > WAIT_MAX_US)
            return now;
        usleep(500);
    }
}

struct action unit_import(struct unit_engine *w, int64_t project_id, struct str text,
                          size_t chunk_bytes, size_t chunk_rows)
{
    struct action ac = unit_upload(w, project_id, text);
    unit_engine_start(w, chunk_bytes, chunk_rows);
    ac = unit_wait_end(w, &ac);
    unit_engine_stop(w);
    return ac;
}

const char *unit_end_state(struct unit_engine *w, int64_t project_id)
{
    return unit_dump(w->store, &w->arena, project_id, UNIT_DUMP_BY_CODE);
}
