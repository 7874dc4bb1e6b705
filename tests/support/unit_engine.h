/* SPDX-License-Identifier: MIT */
/*
 * unit_engine.h - a store, a spool and an engine in one process, and texts imported through them.
 *
 * The engine's inside is looked at (engine_priv.h) where waiting through the store would be in the
 * way of the test: a test that makes the nth read fail must not read to see whether it is over.
 */
#ifndef TESTS_SUPPORT_UNIT_ENGINE_H
#define TESTS_SUPPORT_UNIT_ENGINE_H

#include "engine/engine_priv.h"
#include "support/unit_store.h"

struct unit_engine {
    char *dir;
    char url[600];
    char spool_dir[600];
    struct store *store;
    struct spool *spool;
    struct engine *engine; /* NULL: not started */
    struct arena arena;
    size_t n_projects;
};

/* cmocka fixtures; *state is the struct. The engine is not started. */
int unit_engine_setup(void **state);
int unit_engine_teardown(void **state);

void unit_engine_start(struct unit_engine *w, size_t chunk_bytes, size_t chunk_rows);
void unit_engine_stop(struct unit_engine *w);

/* A project that nobody has used yet. */
int64_t unit_engine_project(struct unit_engine *w);

/* What POST importCSV does: the text is an input, the action is queued. The engine is not told. */
struct action unit_upload(struct unit_engine *w, int64_t project_id, struct str text);
/* What the bulk endpoints do: `lines` are records, one a line; `metadata` (NULL: none) is given to
 * all. `large`: in the spool, not with the action. */
struct unit_records {
    int kind;
    const char *lines;
    const char *metadata;
    bool large, dry_run;
};
struct action unit_queue_records(struct unit_engine *w, int64_t project_id,
                                 const struct unit_records *r);

void unit_input_path(struct unit_engine *w, const struct action *ac, char path[700]);

/* With the engine's lock held: has it nothing to do? */
bool unit_engine_is_idle(const struct engine *e);

/* Waits until the engine has nothing to do, without asking the store. False after 20 seconds. */
bool unit_wait_idle(struct unit_engine *w);

/* The action once it has ended, or as it is after 20 seconds. */
struct action unit_wait_end(struct unit_engine *w, const struct action *ac);

/* Upload, engine, wait, engine stopped: the action at its end. */
struct action unit_import(struct unit_engine *w, int64_t project_id, struct str text,
                          size_t chunk_bytes, size_t chunk_rows);

/* unit_dump without what depends on where chunks end: the order in which vouchers were made. */
const char *unit_end_state(struct unit_engine *w, int64_t project_id);

#endif
