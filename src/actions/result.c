/* SPDX-License-Identifier: MIT */
/*
 * result.c - the Async Action object as clients see it (reference 2.1, 3).
 *
 * processing_time is updated_at - created_at, queue time included, as in every public example;
 * nothing touches updated_at after the end.
 */
#include "actions/registry.h"

static const char *const status_names[] = {
    [ACTION_ENQUEUED] = "ENQUEUED",
    [ACTION_IN_PROGRESS] = "IN_PROGRESS",
    [ACTION_DONE] = "DONE",
    [ACTION_FAILED] = "FAILED",
};

const char *action_status_name(enum action_status s)
{
    return status_names[s];
}

int64_t action_failed_count(const struct action *ac)
{
    return ac->counts[OUTCOME_FAILED];
}

int64_t action_done_count(const struct action *ac)
{
    return action_rows(ac) - action_failed_count(ac);
}

const char *action_operation_status(const struct action *ac)
{
    if (!action_is_finished(ac))
        return "UNKNOWN";
    const bool every_row_failed = action_done_count(ac) == 0 && action_failed_count(ac) > 0;
    return ac->status == ACTION_FAILED || every_row_failed ? "FAILED" : "SUCCESS";
}

static void put_failed(struct json_out *o, const struct action_kind *kind,
                       const struct failure_row *failures, size_t n)
{
    json_key(o, "failed");
    json_array(o);
    for (size_t i = 0; i < n; i++) {
        json_object(o);
        json_key(o, kind->key_name);
        json_str(o, failures[i].key.p != NULL ? failures[i].key : STR("")); /* always a string */
        json_key(o, "row");
        json_int(o, failures[i].row);
        json_key(o, "reason");
        json_str(o, failures[i].reason);
        json_object_end(o);
    }
    json_array_end(o);
}

static void put_message(struct json_out *o, const struct action_kind *kind, const struct action *ac)
{
    struct buf text;
    json_key(o, "message");
    if (ac->message.p != NULL) {
        json_str(o, ac->message);
        return;
    }
    buf_init(&text, 1 * KIB);
    kind->put_message(&text, action_done_count(ac), action_failed_count(ac));
    if (text.failed)
        o->b->failed = true;
    json_str(o, buf_str(&text));
    buf_release(&text);
}

static void put_result(struct json_out *o, const struct action_kind *kind, const struct action *ac,
                       const struct failure_row *failures, size_t n_failures)
{
    json_key(o, "result");
    json_object(o);
    put_message(o, kind, ac);
    put_failed(o, kind, failures, n_failures);
    json_key(o, "done_count");
    json_int(o, action_done_count(ac));
    json_key(o, "failed_count");
    json_int(o, action_failed_count(ac));
    json_object_end(o);
}

void action_put_json(struct json_out *o, const struct action *ac, const char *id,
                     const struct failure_row *failures, size_t n_failures)
{
    const struct action_kind *kind = action_kind_find(ac->kind);
    const bool finished = action_is_finished(ac);
    json_object(o);
    json_key(o, "id");
    json_str(o, str_of(id));
    json_key(o, "type");
    json_str(o, str_of(kind != NULL ? kind->name : "UNKNOWN"));
    json_key(o, "status");
    json_str(o, str_of(action_status_name(ac->status)));
    json_key(o, "operation_status");
    json_str(o, str_of(action_operation_status(ac)));
    if (finished && kind != NULL && failures != NULL)
        put_result(o, kind, ac, failures, n_failures);
    json_key(o, "created_at");
    json_time(o, ac->created_ms);
    json_key(o, "updated_at");
    json_time(o, ac->updated_ms);
    json_key(o, "request_id");
    json_str(o, ac->request_id);
    if (finished) {
        json_key(o, "processing_time");
        json_int(o, ac->updated_ms - ac->created_ms);
    }
    json_key(o, "progress");
    json_int(o, ac->progress);
    json_key(o, "object");
    json_str(o, STR("async_action"));
    json_object_end(o);
}
