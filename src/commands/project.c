/* SPDX-License-Identifier: MIT */
/*
 * project.c - `longshore project create` and `project list`. Like all commands of projects they
 * work on the store of a running server, which sees new keys with the next request. The tokens are
 * printed once; only their hashes are stored.
 */
#include "base/time_iso.h"
#include "commands/commands.h"
#include "commands/project_priv.h"

/* ---- create ---- */

struct new_project {
    char project_id[5 + 8 + 1];
    struct key_pair app_pair, management_pair;
    struct project project;
    struct project_key app, management;
};

/* The project and its keys, or nothing. */
static int insert(struct store_tx *tx, void *arg, struct err *err)
{
    struct new_project *n = arg;
    if (store_tx_project_insert(tx, &n->project, err) < 0)
        return -1;
    n->app.project_id = n->project.id;
    n->management.project_id = n->project.id;
    if (store_tx_key_insert(tx, &n->app, err) < 0)
        return -1;
    return store_tx_key_insert(tx, &n->management, err);
}

static void make(struct new_project *n, const struct project_create_options *o)
{
    memcpy(n->project_id, "proj_", 5);
    id_random_base62(n->project_id + 5, 8);
    n->project = (struct project){ .public_id = str_of(n->project_id),
                                   .name = str_of(o->name),
                                   .created_ms = time_now_ms() };
    n->app = key_make(&n->app_pair, KEY_APP, STR(FIRST_KEY_NAME), o->app_id, o->app_token);
    n->management = key_make(&n->management_pair, KEY_MANAGEMENT, STR(FIRST_KEY_NAME), NULL, NULL);
}

static int print_created(const struct new_project *n, struct err *err)
{
    const struct print_member members[] = {
        { "project_id", n->project.public_id },
        { "name", n->project.name },
        { "app_id", n->app_pair.id },
        { "app_token", n->app_pair.token },
        { "management_id", n->management_pair.id },
        { "management_token", n->management_pair.token },
    };
    return print_object(members, ARRAY_LEN(members), err);
}

static int create(struct store *s, struct arena *a, const void *options, struct err *err)
{
    const struct project_create_options *o = options;
    struct new_project n;
    (void)a;
    make(&n, o);
    if (store_work_wait(s, insert, &n, err) == 0)
        return print_created(&n, err);
    if (err->code == ERR_DUPLICATE)
        err_set(err, ERR_DUPLICATE, "a project with the application id '%s' exists already",
                o->app_id);
    return -1;
}

static int check(const struct project_create_options *o, struct err *err)
{
    if ((o->app_id == NULL) != (o->app_token == NULL))
        return err_set(err, ERR_INVALID_PAYLOAD, "--app-id and --app-token go together");
    return project_check_name(o->name, err);
}

int project_create_run(const void *values)
{
    const struct project_create_options *o = values;
    struct err err = { 0 };
    if (check(o, &err) < 0)
        return project_refused("create the project", &err);
    return project_run(o->store, STORE_MADE, "create the project", o, create);
}

/* ---- list ---- */

static void put_project(struct json_out *o, const struct project *p)
{
    json_object(o);
    json_key(o, "project_id");
    json_str(o, p->public_id);
    json_key(o, "name");
    json_str(o, p->name);
    json_key(o, "created_at");
    json_time(o, p->created_ms);
    json_key(o, "deleted_at");
    json_time(o, p->deleted_ms != PROJECT_COPYING ? p->deleted_ms : TIME_NONE);
    if (p->deleted_ms == PROJECT_COPYING) {
        json_key(o, "being_copied");
        json_bool(o, true);
    }
    json_object_end(o);
}

static int print_json(const struct project *projects, size_t n, struct err *err)
{
    struct buf b;
    buf_init(&b, 64 * MIB);
    struct json_out o = { .b = &b };
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_project(&o, &projects[i]);
    json_array_end(&o);
    buf_putc(&b, '\n');
    return print_buf(&b, err);
}

enum { COLUMNS = 4 };

/* False when out of memory. */
static bool fill_cells(struct arena *a, const struct project *p, struct str cells[COLUMNS])
{
    cells[0] = p->public_id;
    cells[1] = print_time(a, p->created_ms);
    if (p->deleted_ms == TIME_NONE)
        cells[2] = STR("-");
    else if (p->deleted_ms == PROJECT_COPYING)
        cells[2] = STR("being copied here");
    else
        cells[2] = print_time(a, p->deleted_ms);
    cells[3] = print_safe(a, p->name);
    return cells[1].p != NULL && cells[2].p != NULL && cells[3].p != NULL;
}

static int list(struct store *s, struct arena *a, const void *options, struct err *err)
{
    static const char *const headings[COLUMNS] = { "PROJECT", "CREATED", "DELETED", "NAME" };
    const struct project_list_options *o = options;
    struct project *projects = NULL;
    size_t n = 0;
    if (store_list_projects(s, a, &projects, &n, err) < 0)
        return -1;
    if (o->json)
        return print_json(projects, n, err);
    struct str *cells = arena_alloc(a, (n * COLUMNS + 1) * sizeof(*cells));
    if (cells == NULL)
        return err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!fill_cells(a, &projects[i], cells + i * COLUMNS))
            return err_nomem(err);
    }
    return print_table(&(struct print_table){ headings, COLUMNS, cells, n }, err);
}

int project_list_run(const void *values)
{
    const struct project_list_options *o = values;
    return project_run(o->store, STORE_THERE, "list projects", o, list);
}
