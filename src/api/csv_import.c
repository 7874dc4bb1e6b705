/* SPDX-License-Identifier: MIT */
/*
 * csv_import.c - from an uploaded file to a durable action.
 *
 * The order of steps, none of them in an event thread (1 and 2 may wait for the disk):
 *   (1) freeze: check the head of the file and fix what decides the outcomes; a bad file is refused
 *       here, before anything is synced;
 *   (2) upload_finish: the file would survive a power cut;
 *   (3) the action that names it commits;
 *   (4) the engine hears of it;
 *   (5) 202.
 * The form owns the upload until (3) is done, so whatever fails before, the file goes with the
 * request. After (3) the action exists, whether the client is still there or not.
 */
#include "api/api_priv.h"
#include "base/fault.h"
#include "base/time_iso.h"

/* Lives in the request's arena. */
struct csv_import {
    struct request *rq;
    const struct action_kind *kind;
    bool webhooks_enable;
    int status; /* HTTP, of the success */
    struct action action;
    struct offload_job job;
    struct store_work work;
    int rc; /* of all steps; with err */
    struct err err;
};

static int read_flag(const struct form *f, const char *name, bool *out, struct err *err)
{
    const struct str text = form_value(f, name);
    if (str_eq_nocase(text, STR("true")))
        *out = true;
    else if (text.len > 0 && !str_eq_nocase(text, STR("false")))
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .%s should be boolean", name);
    return 0;
}

/* Step 1. */
static int freeze(struct csv_import *im, struct err *err)
{
    struct upload *u = im->rq->form.file;
    size_t got = 0;
    char *head = mem_alloc(ACTION_HEAD_BYTES);
    if (head == NULL)
        return err_nomem(err);
    int rc = upload_read(u, 0, head, ACTION_HEAD_BYTES, &got, err);
    if (rc == 0)
        rc = action_freeze_csv(im->kind, (struct str){ head, got }, upload_bytes(u) == (int64_t)got,
                               im->webhooks_enable, &im->rq->arena, &im->action.params, err);
    mem_free(head);
    return rc;
}

static int prepare(struct csv_import *im, struct err *err)
{
    struct request *rq = im->rq;
    if (freeze(im, err) < 0)
        return -1;
    if (upload_finish(rq->form.file, err) < 0)
        return err_wrap(err, "cannot keep the upload");
    im->action.project_id = rq->project->id;
    im->action.created_ms = time_now_ms();
    im->action.request_id = str_of(rq->id);
    im->action.input = arena_str(&rq->arena, upload_name(rq->form.file));
    im->action.input_bytes = upload_bytes(rq->form.file);
    return im->action.input.p != NULL ? 0 : err_nomem(err);
}

/* Step 3, in the store's transaction; maybe more than once. */
static int insert_action(struct store_tx *tx, void *arg, struct err *err)
{
    struct csv_import *im = arg;
    return store_tx_action_insert(tx, &im->action, err);
}

/* In a thread of the store, after the commit. */
static void action_inserted(void *arg, int rc, const struct err *err)
{
    struct csv_import *im = arg;
    struct request *rq = im->rq;
    im->rc = rc;
    if (rc < 0) {
        im->err = *err;
    } else {
        upload_close(rq->form.file); /* the input is the action's now */
        rq->form.file = NULL;
        fault_point("import.committed");
        engine_add(api_of(rq)->engine, &im->action);
    }
    request_resume(rq);
}

/* Steps 1 to 3, in an offload thread. */
static void run_import(void *arg)
{
    struct csv_import *im = arg;
    im->rc = prepare(im, &im->err);
    if (im->rc < 0) {
        request_resume(im->rq);
        return;
    }
    im->work = (struct store_work){ .run = insert_action, .done = action_inserted, .arg = im };
    store_submit(api_of(im->rq)->store, &im->work);
}

/* Step 5. */
static int answer_import(struct request *rq, struct response *rs, struct err *err)
{
    struct csv_import *im = rq->state;
    char id[ID_MAX_LEN];
    if (im->rc < 0) {
        *err = im->err;
        return -1;
    }
    id_encode_action(store_secret(api_of(rq)->store), im->action.seq, im->action.created_ms, id);
    const struct str kept = arena_str(&rq->arena, str_of(id));
    if (kept.p == NULL)
        return err_nomem(err);
    struct json_out o = { .b = &rs->body };
    json_object(&o);
    json_key(&o, "async_action_id");
    json_str(&o, kept);
    json_object_end(&o);
    reply_header(rs, "X-Async-Action-Id", kept.p);
    return reply_json(rs, im->status, err);
}

int csv_import_start(struct request *rq, int action_kind, int status, struct err *err)
{
    static const char *const not_yet[] = { "dry_run", NULL };
    struct csv_import *im = arena_calloc(&rq->arena, sizeof(*im));
    if (im == NULL)
        return err_nomem(err);
    if (query_refuse(rq, not_yet, err) < 0 ||
        read_flag(&rq->form, "webhooks_enable", &im->webhooks_enable, err) < 0 ||
        read_flag(&rq->form, "webhooks_enabled", &im->webhooks_enable, err) < 0)
        return -1;
    im->rq = rq;
    im->kind = action_kind_find(action_kind);
    im->status = status;
    if (im->kind == NULL)
        return err_set(err, ERR_INTERNAL, "action kind %d has no row", action_kind);
    im->action.kind = action_kind;
    im->job = (struct offload_job){ .run = run_import, .arg = im };
    rq->state = im;
    rq->finish = answer_import;
    request_offload(rq, &im->job);
    return HTTP_LATER;
}
