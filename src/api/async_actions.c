/* SPDX-License-Identifier: MIT */
/* async_actions.c - /v1/async-actions: list, get, wait (reference 2.3, 2.4). */
#include "api/api_priv.h"
#include "base/time_iso.h"

#define WAIT_MAX_S   60
#define WAIT_POLL_MS 100
#define WAIT_RUNS_MS 20 /* while it runs here, a look costs next to nothing */

int api_get_action(struct request *rq, struct arena *a, struct str id, struct action **out,
                   struct err *err)
{
    if (store_find_action(api_of(rq)->store, a, rq->project->id, id, out, err) < 0)
        return err_wrap(err, "cannot look up an action");
    return *out != NULL ? 0 : reply_not_found(rq, "async_action", id, err);
}

/* ---- list ---- */

static int read_end_date(const struct request *rq, int64_t *before_ms, struct err *err)
{
    const struct str text = request_query(rq, "end_date");
    *before_ms = INT64_MAX;
    if (text.p == NULL || time_iso_parse(text, before_ms))
        return 0;
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .end_date cannot be recognized as a ISO-8601 compliant date");
}

/* starting_after: the id of the last action of the page before. */
static int read_cursor(struct request *rq, struct action_page *page, struct err *err)
{
    const struct str id = request_query(rq, "starting_after");
    struct action *ac = NULL;
    page->before_seq = INT64_MAX;
    page->before_seq_ms = INT64_MAX;
    if (id.p == NULL)
        return 0;
    if (store_find_action(api_of(rq)->store, &rq->arena, rq->project->id, id, &ac, err) < 0)
        return err_wrap(err, "cannot look up the cursor");
    if (ac == NULL)
        return err_set(err, ERR_INVALID_QUERY,
                       "Property .starting_after must be id of an async action");
    page->before_seq = ac->seq;
    page->before_seq_ms = ac->created_ms;
    return 0;
}

/* Also a type of which there is nothing here. */
static int read_type(const struct request *rq, struct action_page *page, struct err *err)
{
    const struct str name = request_query(rq, "type");
    if (name.p == NULL)
        return 0;
    page->kind = action_kind_number(name);
    if (page->kind != 0)
        return 0;
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .type must be a type of async actions, not '%.*s'", STR_FMT(name));
}

static int read_status(const struct request *rq, struct action_page *page, struct err *err)
{
    static const enum action_status all[] = { ACTION_ENQUEUED, ACTION_IN_PROGRESS, ACTION_DONE,
                                              ACTION_FAILED };
    const struct str name = request_query(rq, "status");
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (str_is(name, action_status_name(all[i])))
            page->status = &all[i];
    }
    if (name.p == NULL || page->status != NULL)
        return 0;
    return err_set(err, ERR_INVALID_QUERY,
                   "Property .status must be equal to one of the allowed values "
                   "[ ENQUEUED, IN_PROGRESS, DONE, FAILED ]");
}

static int read_page(struct request *rq, struct action_page *page, struct err *err)
{
    if (query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &page->limit, err) < 0 ||
        read_end_date(rq, &page->before_ms, err) < 0 || read_cursor(rq, page, err) < 0 ||
        read_type(rq, page, err) < 0)
        return -1;
    return read_status(rq, page, err);
}

/* Without their results. */
static void put_actions(struct request *rq, struct json_out *o, const struct action *actions,
                        size_t n)
{
    json_array(o);
    for (size_t i = 0; i < n; i++) {
        char id[ID_MAX_LEN];
        const struct action_view view = { .id = id };
        id_encode_action(store_secret(api_of(rq)->store), actions[i].seq, actions[i].created_ms,
                         id);
        action_put_json(o, &actions[i], &view);
    }
    json_array_end(o);
}

int api_async_actions_list(struct request *rq, struct response *rs, struct err *err)
{
    struct action_page page = { 0 };
    struct action *actions = NULL;
    size_t n = 0;
    bool more = false;
    if (read_page(rq, &page, err) < 0)
        return -1;
    if (store_list_actions(api_of(rq)->store, &rq->arena, rq->project->id, &page, &actions, &n,
                           &more, err) < 0)
        return err_wrap(err, "cannot list actions");

    struct json_out o = { .b = &rs->body };
    api_list_head(&o, "async_actions");
    put_actions(rq, &o, actions, n);
    json_key(&o, "has_more");
    json_bool(&o, more);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- get ---- */

/* What the result of an action that has ended is made of. */
static int fill_view(struct request *rq, const struct action *ac, struct action_view *view,
                     struct err *err)
{
    static const struct failure_row none;
    const struct action_kind *kind = action_kind_find(ac->kind);
    struct failure_row *failures = NULL;
    if (action_failed_count(ac) > 0 &&
        store_list_failures(api_of(rq)->store, &rq->arena, rq->project->id, ac->seq, 0,
                            RESULT_FAILED_MAX, &failures, &view->n_failures, err) < 0)
        return err_wrap(err, "cannot list the failures of an action");
    view->failures = failures != NULL ? failures : &none;
    if (kind == NULL || kind->result != RESULT_ERRORS)
        return 0;
    return api_report_links(rq, ac, view, err);
}

int api_reply_action(struct request *rq, struct response *rs, const struct action *ac,
                     struct err *err)
{
    char id[ID_MAX_LEN];
    struct action_view view = { .id = id };
    id_encode_action(store_secret(api_of(rq)->store), ac->seq, ac->created_ms, id);
    if (action_is_finished(ac) && fill_view(rq, ac, &view, err) < 0)
        return -1;
    action_put_json(&(struct json_out){ .b = &rs->body }, ac, &view);
    return reply_json(rs, HTTP_OK, err);
}

/* Lives in the request's arena. */
struct action_wait {
    int64_t seq; /* 0: not known yet */
    int64_t until_us;
    bool runs;
};

/* A look that leaves nothing in the request's arena: there may be hundreds. */
static int look(struct request *rq, struct action_wait *w, bool *finished, struct err *err)
{
    struct engine_progress progress;
    struct arena a;
    struct action *ac = NULL;
    *finished = w->runs = false;
    /* While the engine runs it there is no need to ask the store. Small ones never are seen here.
     */
    if (w->seq != 0 && engine_progress_find(api_of(rq)->engine, w->seq, &progress)) {
        w->runs = true;
        return 0;
    }
    arena_init(&a, 4 * KIB, 0);
    const int rc = api_get_action(rq, &a, rq->args[0], &ac, err);
    if (rc == 0) {
        w->seq = ac->seq;
        *finished = action_is_finished(ac);
    }
    arena_release(&a);
    return rc;
}

/* Answers when the action has ended or the time is over; otherwise sleeps and looks again. */
static int reply_or_wait(struct request *rq, struct response *rs, struct err *err)
{
    struct action_wait *w = rq->state;
    struct action *ac = NULL;
    const bool patient = time_monotonic_us() < w->until_us && !request_is_draining(rq);
    bool finished = false;
    if (patient && look(rq, w, &finished, err) < 0)
        return -1;
    if (patient && !finished) {
        rq->finish = reply_or_wait;
        request_sleep(rq, w->runs ? WAIT_RUNS_MS : WAIT_POLL_MS);
        return HTTP_LATER;
    }
    if (api_get_action(rq, &rq->arena, rq->args[0], &ac, err) < 0)
        return -1;
    return api_reply_action(rq, rs, ac, err);
}

int api_async_actions_get(struct request *rq, struct response *rs, struct err *err)
{
    struct action_wait *w = arena_calloc(&rq->arena, sizeof(*w));
    int wait_s = 0;
    if (w == NULL)
        return err_nomem(err);
    if (query_int(rq, "wait", 0, WAIT_MAX_S, 0, &wait_s, err) < 0)
        return -1;
    w->until_us = time_monotonic_us() + (int64_t)wait_s * 1000000;
    rq->state = w;
    return reply_or_wait(rq, rs, err);
}
