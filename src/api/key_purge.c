/* SPDX-License-Identifier: MIT */
/* key_purge.c - POST /v1/metadata-schemas/{resource}/purge: an action that takes a metadata key
 * from all resources of a kind (reference 3.23). */
#include "api/api_priv.h"
#include "base/time_iso.h"

/* Lives in the request's arena. */
struct purging {
    struct request *rq;
    enum action_kind_id kind;
    struct action action;
};

static const enum action_kind_id purges[] = {
    ACTION_VOUCHERS_METADATA_KEY_PURGE,  ACTION_CAMPAIGNS_METADATA_KEY_PURGE,
    ACTION_CUSTOMERS_METADATA_KEY_PURGE, ACTION_PRODUCTS_METADATA_KEY_PURGE,
    ACTION_ORDERS_METADATA_KEY_PURGE,
};

/* 0: there is no such resource. */
static int kind_of(struct str resource)
{
    for (size_t i = 0; i < ARRAY_LEN(purges); i++) {
        const struct action_kind *kind = action_kind_find(purges[i]);
        if (kind != NULL && str_is(resource, resource_name(kind->resource)))
            return purges[i];
    }
    return 0;
}

static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    struct purging *p = arg;
    return action_insert(tx, p->rq, p->kind, &p->action, err);
}

static int answer(struct request *rq, struct response *rs, struct err *err)
{
    struct purging *p = rq->state;
    engine_add(api_of(rq)->engine, &p->action);
    return reply_action_id(rq, rs, p->action.seq, p->action.created_ms, HTTP_ACCEPTED, err);
}

static int read_key(struct request *rq, struct str *key, struct err *err)
{
    const struct json *body;
    if (api_read_object(rq, &body, err) < 0 || api_read_text(body, "key", key, err) < 0)
        return -1;
    return key->len > 0
               ? 0
               : err_set(err, ERR_INVALID_PAYLOAD, "Payload should have required property 'key'");
}

/* Reference 7, 37: values that a definition still asks for are not taken away. */
static int check_removed(struct request *rq, struct str key, struct err *err)
{
    struct metadata_schema *s = NULL;
    if (store_find_metadata_schema(api_of(rq)->store, &rq->arena, rq->project->id, rq->args[0], &s,
                                   err) < 0)
        return err_wrap(err, "cannot look up a metadata schema");
    if (metadata_definition_find(s, key) == NULL)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "Property %.*s is still defined; remove its definition first", STR_FMT(key));
}

int api_metadata_key_purge(struct request *rq, struct response *rs, struct err *err)
{
    const int kind = kind_of(rq->args[0]);
    struct purging *p = arena_calloc(&rq->arena, sizeof(*p));
    struct str key = { NULL, 0 };
    (void)rs;
    if (p == NULL)
        return err_nomem(err);
    if (kind == 0)
        return reply_not_found(rq, "metadata schema", rq->args[0], err);
    p->rq = rq;
    p->kind = (enum action_kind_id)kind;
    p->action.created_ms = time_now_ms();
    if (read_key(rq, &key, err) < 0 || check_removed(rq, key, err) < 0 ||
        query_flag(rq, "dry_run", &p->action.dry_run, err) < 0 ||
        action_freeze_key(key, &rq->arena, &p->action.params, err) < 0)
        return -1;
    return api_write_order(rq, insert_action, p, answer, err);
}
