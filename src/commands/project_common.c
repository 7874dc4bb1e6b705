/* SPDX-License-Identifier: MIT */
/* project_common.c - see project_priv.h. */
#include <stdio.h>

#include "base/time_iso.h"
#include "client/text.h"
#include "commands/project_priv.h"

#define NAME_MAX_BYTES 200
#define CACHE_BYTES    (16 * MIB)

/* ---- the store ---- */

int project_refused(const char *what, const struct err *err)
{
    fprintf(stderr, "longshore: cannot %s: %s\n", what, err->msg);
    return err->code == ERR_INVALID_PAYLOAD ? 2 : 1;
}

void put_place(struct buf *b, const struct store *s)
{
    const char *place = store_place(s);
    buf_puts(b, place[0] == '/' ? STR("sqlite:") : STR(""));
    text_put_safe(b, str_of(place));
}

int project_run(const char *url, enum project_store want, const char *what, const void *options,
                int (*run)(struct store *s, struct arena *a, const void *options, struct err *err))
{
    const struct store_config config = { .cache_bytes = CACHE_BYTES,
                                         .existing = want == STORE_THERE };
    struct err err = { 0 };
    struct store *store = NULL;
    struct arena a;
    arena_init(&a, 64 * KIB, 0);
    int rc = store_open(url, &config, &store, &err);
    if (rc == 0)
        rc = run(store, &a, options, &err);
    store_close(store);
    arena_release(&a);
    return rc >= 0 ? rc : project_refused(what, &err);
}

int project_get(struct store *s, struct arena *a, const char *public_id, enum project_want want,
                struct project **out, struct err *err)
{
    if (store_find_project(s, a, str_of(public_id), out, err) < 0)
        return -1;
    if (*out == NULL)
        return err_set(err, ERR_NOT_FOUND, "there is no project '%s'", public_id);
    if (want == PROJECT_LIVING && (*out)->deleted_ms == PROJECT_COPYING)
        return err_set(err, ERR_CONFLICT, "project '%s' is still being copied here", public_id);
    if (want == PROJECT_LIVING && (*out)->deleted_ms != TIME_NONE)
        return err_set(err, ERR_NOT_FOUND, "project '%s' is deleted", public_id);
    return 0;
}

int project_check_name(const char *name, struct err *err)
{
    const struct str text = str_of(name);
    if (text.len > NAME_MAX_BYTES || str_utf8_invalid_at(text) != text.len)
        return err_set(err, ERR_INVALID_PAYLOAD, "--name must be UTF-8 of at most %d bytes",
                       NAME_MAX_BYTES);
    return 0;
}

/* ---- keys ---- */

struct project_key key_make(struct key_pair *pair, enum key_kind kind, struct str name,
                            const char *id, const char *token)
{
    id_random_uuid(pair->id_text);
    id_random_uuid(pair->token_text);
    pair->id = str_of(id != NULL ? id : pair->id_text);
    pair->token = str_of(token != NULL ? token : pair->token_text);
    struct project_key key = {
        .kind = kind, .app_id = pair->id, .name = name, .created_ms = time_now_ms()
    };
    id_hash_token(pair->token, key.token_hash);
    return key;
}
