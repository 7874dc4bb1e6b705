/* SPDX-License-Identifier: MIT */
/* async_actions.c - /v1/async-actions: list, get, wait (reference 2.3, 2.4). */
#include "api/api_priv.h"
#include "base/time_iso.h"

#define WAIT_MAX_S   60
#define WAIT_POLL_MS 100

static void put_action(struct request *rq, struct json_out *o, const struct action *ac,
                       const struct failure_row *failures, size_t n_failures)
{
    char id[ID_MAX_LEN];
    id_encode_action(store_secret(api_of(rq)->store), ac->seq, ac->created_ms, id);
    action_put_json(o, ac, id, failures, n_failures);
}

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

int api_async_actions_list(struct request *rq, struct response *rs, struct err *err)
{
    static const char *const not_yet[] = { "type", "status", NULL };
    struct action_page page = { 0 };
    struct action *actions = NULL;
    size_t n = 0;
    bool more = false;
    if (query_refuse(rq, not_yet, err) < 0 ||
        query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &page.limit, err) < 0 ||
        read_end_date(rq, &page.before_ms, err) < 0 || read_cursor(rq, &page, err) < 0)
        return -1;
    if (store_list_actions(api_of(rq)->store, &rq->arena, rq->project->id, &page, &actions, &n,
                           &more, err) < 0)
        return err_wrap(err, "cannot list actions");

    struct json_out o = { .b = &rs->body };
    json_object(&o);
    json_key(&o, "object");
    json_str(&o, STR("list"));
    json_key(&o, "data_ref");
    json_str(&o, STR("async_actions"));
    json_key(&o, "async_actions");
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_action(rq, &o, &actions[i], NULL, 0);
    json_array_end(&o);
    json_key(&o, "has_more");
    json_bool(&o, more);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- get ---- */

/* The action with its result; the failures only when it has ended and there are some. */
static int reply_action(struct request *rq, struct response *rs, const struct action *ac,
                        struct err *err)
{
    static const struct failure_row none;
    struct failure_row *failures = NULL;
    size_t n = 0;
    if (action_is_finished(ac) && action_failed_count(ac) > 0 &&
        store_list_failures(api_of(rq)->store, &rq->arena, rq->project->id, ac->seq, 0,
                            RESULT_FAILED_MAX, &failures, &n, err) < 0)
        return err_wrap(err, "cannot list the failures of an action");
    const struct failure_row *shown = failures != NULL ? failures : &none;
    struct json_out o = { .b = &rs->body };
    put_action(rq, &o, ac, action_is_finished(ac) ? shown : NULL, n);
    return reply_json(rs, HTTP_OK, err);
}

/* Lives in the request's arena. */
struct action_wait {
    int64_t seq; /* 0: not known yet */
    int64_t until_us;
};

/* Answers when the action has ended or the time is over; otherwise sleeps and looks again. */
static int reply_or_wait(struct request *rq, struct response *rs, struct err *err)
{
    struct action_wait *w = rq->state;
    struct engine_progress progress;
    struct action *ac = NULL;
    const bool patient = time_monotonic_us() < w->until_us && !request_is_draining(rq);
    /* While the engine runs it there is no need to ask the store. */
    if (!patient || w->seq == 0 || !engine_progress_find(api_of(rq)->engine, w->seq, &progress)) {
        if (api_get_action(rq, &rq->arena, rq->args[0], &ac, err) < 0)
            return -1;
        if (!patient || action_is_finished(ac))
            return reply_action(rq, rs, ac, err);
        w->seq = ac->seq;
    }
    rq->finish = reply_or_wait;
    request_sleep(rq, WAIT_POLL_MS);
    return HTTP_LATER;
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
