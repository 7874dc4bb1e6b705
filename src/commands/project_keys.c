/* SPDX-License-Identifier: MIT */
/*
 * project_keys.c - `longshore project keys …`. A running server takes a new key at once, and a
 * revoked one for one more second at most (api/auth_cache.h).
 */
#include <stdio.h>

#include "base/time_iso.h"
#include "commands/commands.h"
#include "commands/project_priv.h"

static const char *kind_name(enum key_kind kind)
{
    return kind == KEY_MANAGEMENT ? "management" : "app";
}

/* ---- list ---- */

static void put_key(struct json_out *o, const struct project_key *k)
{
    json_object(o);
    json_key(o, "app_id");
    json_str(o, k->app_id);
    json_key(o, "kind");
    json_str(o, str_of(kind_name(k->kind)));
    json_key(o, "name");
    json_str(o, k->name);
    json_key(o, "created_at");
    json_time(o, k->created_ms);
    json_object_end(o);
}

static int print_json(const struct project_key *keys, size_t n, struct err *err)
{
    struct buf b;
    buf_init(&b, 64 * MIB);
    struct json_out o = { .b = &b };
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_key(&o, &keys[i]);
    json_array_end(&o);
    buf_putc(&b, '\n');
    return print_buf(&b, err);
}

enum { COLUMNS = 4 };

/* False when out of memory. */
static bool fill_cells(struct arena *a, const struct project_key *k, struct str cells[COLUMNS])
{
    cells[0] = print_safe(a, k->app_id);
    cells[1] = str_of(kind_name(k->kind));
    cells[2] = print_time(a, k->created_ms);
    cells[3] = print_safe(a, k->name);
    return cells[0].p != NULL && cells[2].p != NULL && cells[3].p != NULL;
}

static int list(struct store *s, struct arena *a, const void *options, struct err *err)
{
    static const char *const headings[COLUMNS] = { "ID", "KIND", "CREATED", "NAME" };
    const struct project_keys_list_options *o = options;
    struct project *p = NULL;
    struct project_key *keys = NULL;
    size_t n = 0;
    if (project_get(s, a, o->project, PROJECT_LIVING, &p, err) < 0 ||
        store_list_keys(s, a, p->id, &keys, &n, err) < 0)
        return -1;
    if (o->json)
        return print_json(keys, n, err);
    struct str *cells = arena_alloc(a, (n * COLUMNS + 1) * sizeof(*cells));
    if (cells == NULL)
        return err_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!fill_cells(a, &keys[i], cells + i * COLUMNS))
            return err_nomem(err);
    }
    return print_table(&(struct print_table){ headings, COLUMNS, cells, n }, err);
}

int project_keys_list_run(const void *values)
{
    const struct project_keys_list_options *o = values;
    return project_run(o->store, STORE_THERE, "list the keys", o, list);
}

/* ---- add ---- */

static int insert(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_key_insert(tx, arg, err);
}

static int print_added(const struct project *p, const struct project_key *k,
                       const struct key_pair *pair, struct err *err)
{
    const bool management = k->kind == KEY_MANAGEMENT;
    const struct print_member members[] = {
        { "project_id", p->public_id },
        { "name", k->name },
        { management ? "management_id" : "app_id", pair->id },
        { management ? "management_token" : "app_token", pair->token },
    };
    return print_object(members, ARRAY_LEN(members), err);
}

static int add(struct store *s, struct arena *a, const void *options, struct err *err)
{
    const struct project_keys_add_options *o = options;
    struct project *p = NULL;
    struct key_pair pair;
    if (project_get(s, a, o->project, PROJECT_LIVING, &p, err) < 0)
        return -1;
    struct project_key key =
        key_make(&pair, o->management ? KEY_MANAGEMENT : KEY_APP, str_of(o->name), NULL, NULL);
    key.project_id = p->id;
    if (store_work_wait(s, insert, &key, err) < 0)
        return -1;
    return print_added(p, &key, &pair, err);
}

int project_keys_add_run(const void *values)
{
    const struct project_keys_add_options *o = values;
    struct err err = { 0 };
    if (project_check_name(o->name, &err) < 0)
        return project_refused("add a key", &err);
    return project_run(o->store, STORE_THERE, "add a key", o, add);
}

/* ---- revoke ---- */

struct revocation {
    int64_t project_id;
    struct str app_id;
};

static int revoke_key(struct store_tx *tx, void *arg, struct err *err)
{
    const struct revocation *r = arg;
    return store_tx_key_delete(tx, r->project_id, r->app_id, err);
}

static int print_revoked(struct arena *a, const struct project_key *k, const struct project *p,
                         struct err *err)
{
    struct buf b;
    const struct str id = print_safe(a, k->app_id), name = print_safe(a, p->name);
    buf_init(&b, 64 * KIB);
    buf_printf(
        &b,
        "revoked %s key %.*s of project %.*s (%.*s), and its access tokens; a running server "
        "may take them for one more second\n",
        kind_name(k->kind), STR_FMT(id), STR_FMT(p->public_id), STR_FMT(name));
    return print_buf(&b, err);
}

static int revoke(struct store *s, struct arena *a, const void *options, struct err *err)
{
    const struct project_keys_revoke_options *o = options;
    const struct str id = str_of(o->app_id != NULL ? o->app_id : o->id);
    struct project *p = NULL;
    struct project_key *k = NULL;
    if (store_find_key(s, a, id, &k, &p, err) < 0)
        return -1;
    if (k == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no key '%.*s'", STR_FMT(id));
    struct revocation r = { .project_id = p->id, .app_id = id };
    if (store_work_wait(s, revoke_key, &r, err) < 0)
        return -1;
    return print_revoked(a, k, p, err);
}

int project_keys_revoke_run(const void *values)
{
    const struct project_keys_revoke_options *o = values;
    struct err err = { 0 };
    if ((o->id != NULL) != (o->app_id != NULL))
        return project_run(o->store, STORE_THERE, "revoke the key", o, revoke);
    err_set(&err, ERR_INVALID_PAYLOAD,
            o->id != NULL ? "the key was given twice" : "which one? Say --app-id ID");
    return project_refused("revoke the key", &err);
}
