/* SPDX-License-Identifier: MIT */
/*
 * project.c - `longshore project create`. Works on the store of a running server, which sees the
 * keys with the next request. The tokens are printed once; only their hashes are stored.
 */
#include <stdio.h>

#include "base/json.h"
#include "base/time_iso.h"
#include "commands.h"
#include "store/store.h"

#define NAME_MAX_BYTES 200

struct keys {
    char project_id[5 + 8 + 1];
    char app_id[37], app_token[37];
    char management_id[37], management_token[37];
};

static void make_keys(struct keys *k)
{
    memcpy(k->project_id, "proj_", 5);
    id_random_base62(k->project_id + 5, 8);
    id_random_uuid(k->app_id);
    id_random_uuid(k->app_token);
    id_random_uuid(k->management_id);
    id_random_uuid(k->management_token);
}

static int insert(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_project_insert(tx, arg, err);
}

static int check(const struct project_create_options *o, struct err *err)
{
    const struct str name = str_of(o->name);
    if ((o->app_id == NULL) != (o->app_token == NULL))
        return err_set(err, ERR_INVALID_PAYLOAD, "--app-id and --app-token go together");
    if (name.len > NAME_MAX_BYTES || str_utf8_invalid_at(name) != name.len)
        return err_set(err, ERR_INVALID_PAYLOAD, "--name must be UTF-8 of at most %d bytes",
                       NAME_MAX_BYTES);
    return 0;
}

static int create(const struct project_create_options *o, struct project *p, struct err *err)
{
    struct store *store;
    const struct store_config config = { .cache_bytes = 1 * MIB };
    if (check(o, err) < 0 || store_open(o->store, &config, &store, err) < 0)
        return -1;
    int rc = store_work_wait(store, insert, p, err);
    store_close(store);
    if (rc < 0 && err->code == ERR_DUPLICATE)
        err_set(err, ERR_DUPLICATE, "a project with the application id '%s' exists already",
                o->app_id);
    return rc;
}

static int print_created(const struct project *p, const char *app_token,
                         const char *management_token)
{
    struct buf b;
    struct err err;
    buf_init(&b, 64 * KIB);
    struct json_out o = { .b = &b };
    const struct {
        const char *key;
        struct str value;
    } members[] = {
        { "project_id", p->public_id },
        { "name", p->name },
        { "app_id", p->app_id },
        { "app_token", str_of(app_token) },
        { "management_id", p->management_id },
        { "management_token", str_of(management_token) },
    };
    json_object(&o);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        json_key(&o, members[i].key);
        json_str(&o, members[i].value);
    }
    json_object_end(&o);
    const int rc = buf_ok(&b, &err);
    if (rc == 0)
        printf("%.*s\n", (int)b.len, b.p);
    buf_release(&b);
    return rc;
}

int project_create_run(const void *values)
{
    const struct project_create_options *o = values;
    struct err err = { 0 };
    struct keys keys;
    make_keys(&keys);
    const char *app_token = o->app_token != NULL ? o->app_token : keys.app_token;
    struct project p = {
        .public_id = str_of(keys.project_id),
        .name = str_of(o->name),
        .app_id = str_of(o->app_id != NULL ? o->app_id : keys.app_id),
        .management_id = str_of(keys.management_id),
        .created_ms = time_now_ms(),
    };
    id_hash_token(str_of(app_token), p.app_token_hash);
    id_hash_token(str_of(keys.management_token), p.management_token_hash);
    if (create(o, &p, &err) < 0) {
        fprintf(stderr, "longshore: cannot create the project: %s\n", err.msg);
        return err.code == ERR_INVALID_PAYLOAD ? 2 : 1;
    }
    return print_created(&p, app_token, keys.management_token) < 0 ? 1 : 0;
}
