/* SPDX-License-Identifier: MIT */
/*
 * action_start.c - from a checked input to a durable action.
 *
 *   (1) freeze what decides the outcomes; a bad input is refused here, before anything is synced;
 *   (2) upload_finish: an input in the spool would survive a power cut;
 *   (3) the action that names it commits, or, when the input is small, has it; with it what is kept
 *       of an Idempotency-Key, so that the next request of that key finds this action, whenever it
 *       comes;
 *   (4) the engine hears of it;
 *   (5) 202.
 *
 * With a file, 1 and 2 wait for the disk, in an offload thread. Without one there is nothing to
 * wait for: the event thread does 1 and hands 3 to the store.
 *
 * The request owns the upload until 3 is done, so whatever fails before, the file goes with the
 * request; so does that of a request that was here before. After 3 the action exists, whether the
 * client is still there or not.
 */
#include "api/api_priv.h"
#include "base/fault.h"
#include "base/time_iso.h"

/* Lives in the request's arena. */
struct starting {
    struct request *rq;
    struct action_start how;
    const struct action_kind *kind;
    struct action action;
    struct idempotency first; /* the action to answer with: ours, or that of the first request */
    bool replayed;
    struct offload_job job;
    struct store_work work;
    int rc; /* of all steps; with err */
    struct err err;
};

/* If there is a name, and the project has such a metadata schema. */
static int freeze_schema(struct starting *st, const char *member, const char *name, struct err *err)
{
    struct request *rq = st->rq;
    struct metadata_schema *schema = NULL;
    if (name == NULL)
        return 0;
    if (api_find_schema(rq, name, &schema, err) < 0)
        return -1;
    return schema != NULL
               ? action_freeze_schema(member, schema, &rq->arena, &st->action.params, err)
               : 0;
}

/* Those that the rows are checked by. */
static int freeze_schemas(struct starting *st, struct err *err)
{
    if (freeze_schema(st, ACTION_SCHEMA, action_schema_name(st->kind), err) < 0)
        return -1;
    return freeze_schema(st, ACTION_ITEM_SCHEMA, action_item_schema_name(st->kind), err);
}

/* Steps 1 and 2. */
static int prepare(struct starting *st, struct err *err)
{
    struct request *rq = st->rq;
    struct action *ac = &st->action;
    struct upload *file = *st->how.file;
    if (st->how.freeze(rq, &st->how, st->kind, ac, err) < 0)
        return -1;
    if (freeze_schemas(st, err) < 0)
        return -1;
    ac->created_ms = time_now_ms();
    if (file == NULL)
        return 0;
    if (upload_finish(file, err) < 0)
        return err_wrap(err, "cannot keep the upload");
    ac->input = upload_name(file);
    ac->input_bytes = upload_bytes(file);
    return 0;
}

/* Was this key here before? *found: the first request said the same. */
static int find_first(struct starting *st, struct store_tx *tx, bool *found, struct err *err)
{
    const struct fingerprint *now = st->rq->fingerprint;
    st->first = (struct idempotency){ .project_id = st->action.project_id, .key = now->key };
    if (store_tx_idempotency_find(tx, &st->first, st->action.created_ms, found, err) < 0)
        return -1;
    if (*found && !id_hash_equal(st->first.fingerprint, now->hash))
        return err_set(err, ERR_CONFLICT,
                       "Idempotency-Key '%.*s' was used for another request: method, path, query "
                       "or body differ",
                       STR_FMT(now->key));
    return 0;
}

static int remember(struct starting *st, struct store_tx *tx, struct err *err)
{
    memcpy(st->first.fingerprint, st->rq->fingerprint->hash, ID_HASH_BYTES);
    return store_tx_idempotency_put(tx, &st->first, err);
}

/* Step 3, in the store's transaction; maybe more than once. */
static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    struct starting *st = arg;
    const bool keyed = st->rq->fingerprint != NULL;
    st->replayed = false;
    if (keyed && find_first(st, tx, &st->replayed, err) < 0)
        return -1;
    if (st->replayed)
        return 0;
    if (store_tx_action_insert(tx, &st->action, err) < 0)
        return -1;
    st->first.action_seq = st->action.seq;
    st->first.created_ms = st->action.created_ms;
    return keyed ? remember(st, tx, err) : 0;
}

/* In a thread of the store, after the commit. */
static void action_inserted(void *arg, int rc, const struct err *err)
{
    struct starting *st = arg;
    st->rc = rc;
    if (rc < 0) {
        st->err = *err;
    } else if (!st->replayed) {
        fault_point("import.committed");
        engine_add(api_of(st->rq)->engine, &st->action);
        if (*st->how.file != NULL)
            upload_close(*st->how.file); /* the input is the action's now */
        *st->how.file = NULL;
    }
    request_resume(st->rq);
}

static void submit(struct starting *st)
{
    st->work = (struct store_work){ .run = insert_action, .done = action_inserted, .arg = st };
    store_submit(api_of(st->rq)->store, &st->work);
}

/* In an offload thread. */
static void start_with_file(void *arg)
{
    struct starting *st = arg;
    st->rc = prepare(st, &st->err);
    if (st->rc < 0)
        request_resume(st->rq);
    else
        submit(st);
}

/* Step 5. */
static int answer_start(struct request *rq, struct response *rs, struct err *err)
{
    struct starting *st = rq->state;
    if (st->rc < 0) {
        *err = st->err;
        return -1;
    }
    if (st->replayed)
        reply_header(rs, "Idempotent-Replayed", "true");
    return reply_action_id(rq, rs, st->first.action_seq, st->first.created_ms, st->how.status, err);
}

int reply_action_id(struct request *rq, struct response *rs, int64_t seq, int64_t created_ms,
                    int status, struct err *err)
{
    char id[ID_MAX_LEN];
    id_encode_action(store_secret(api_of(rq)->store), seq, created_ms, id);
    const struct str kept = arena_str(&rq->arena, str_of(id));
    if (kept.p == NULL)
        return err_nomem(err);
    struct json_out o = { .b = &rs->body };
    json_object(&o);
    json_key(&o, "async_action_id");
    json_str(&o, kept);
    json_object_end(&o);
    reply_header(rs, "X-Async-Action-Id", kept.p);
    return reply_json(rs, status, err);
}

static int read_flags(struct starting *st, struct err *err)
{
    const struct request *rq = st->rq;
    if (query_flag(rq, "dry_run", &st->how.dry_run, err) < 0 ||
        query_flag(rq, "webhooks_enable", &st->how.webhooks_enable, err) < 0)
        return -1;
    return query_flag(rq, "webhooks_enabled", &st->how.webhooks_enable, err);
}

static int begin(struct starting *st, struct err *err)
{
    if (action_kind_get(st->how.kind, &st->kind, err) < 0 || read_flags(st, err) < 0)
        return -1;
    st->action = (struct action){
        .project_id = st->rq->project->id,
        .kind = st->how.kind,
        .queue = st->kind->queue,
        .discipline = st->kind->discipline,
        .dry_run = st->how.dry_run,
        .request_id = str_of(st->rq->id),
        .records = st->how.records,
        .data = st->how.data,
        .input_bytes = (int64_t)st->how.data.len + st->how.codes,
    };
    return 0;
}

int action_start(struct request *rq, const struct action_start *how, struct err *err)
{
    struct starting *st = arena_calloc(&rq->arena, sizeof(*st));
    if (st == NULL)
        return err_nomem(err);
    st->rq = rq;
    st->how = *how;
    if (begin(st, err) < 0)
        return -1;
    rq->state = st;
    rq->finish = answer_start;
    if (*how->file != NULL) {
        st->job = (struct offload_job){ .run = start_with_file, .arg = st };
        request_offload(rq, &st->job);
        return HTTP_LATER;
    }
    if (prepare(st, err) < 0)
        return -1;
    request_suspend(rq);
    submit(st);
    return HTTP_LATER;
}

int action_insert(struct store_tx *tx, struct request *rq, enum action_kind_id id,
                  struct action *ac, struct err *err)
{
    const struct action_kind *kind;
    if (action_kind_get(id, &kind, err) < 0)
        return -1;
    ac->project_id = rq->project->id;
    ac->kind = id;
    ac->queue = kind->queue;
    ac->discipline = kind->discipline;
    ac->request_id = str_of(rq->id);
    if (kind->input == INPUT_STORED) { /* as if the dashboard had asked: reference 3.23 */
        char *asked = arena_printf(&rq->arena, "w%s", rq->id + 1);
        if (asked == NULL)
            return err_nomem(err);
        ac->request_id = str_of(asked);
    }
    ac->records = -1;
    return store_tx_action_insert(tx, ac, err);
}
