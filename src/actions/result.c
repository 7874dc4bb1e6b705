/* SPDX-License-Identifier: MIT */
/*
 * result.c - the Async Action object as clients see it (reference 2.1, 3).
 *
 * processing_time is updated_at - created_at, queue time included, as in every public example;
 * nothing touches updated_at after the end.
 */
#include <assert.h>

#include "actions/registry.h"

static const char *const status_names[] = {
    [ACTION_ENQUEUED] = "ENQUEUED",
    [ACTION_IN_PROGRESS] = "IN_PROGRESS",
    [ACTION_DONE] = "DONE",
    [ACTION_FAILED] = "FAILED",
};
static_assert(ARRAY_LEN(status_names) == ACTION_STATUS_COUNT, "every status has a name");

const char *action_status_name(enum action_status s)
{
    return status_names[s];
}

int64_t action_failed_count(const struct action *ac)
{
    return ac->counts[OUTCOME_FAILED];
}

/* Codes that somebody had already are nothing that was done. */
static bool counts_changes(const struct action *ac)
{
    const struct action_kind *kind = action_kind_find(ac->kind);
    return kind != NULL && kind->result == RESULT_COUNT;
}

int64_t action_done_count(const struct action *ac)
{
    if (counts_changes(ac))
        return ac->counts[OUTCOME_CREATED] + ac->counts[OUTCOME_UPDATED];
    return action_rows(ac) - action_failed_count(ac);
}

const char *action_operation_status(const struct action *ac)
{
    if (!action_is_finished(ac))
        return "UNKNOWN";
    const bool every_row_failed = action_done_count(ac) == 0 && action_failed_count(ac) > 0;
    return ac->status == ACTION_FAILED || every_row_failed ? "FAILED" : "SUCCESS";
}

/* Files are cut by row number, and what an ended chunk has left out may lie before what it has in.
 */
int64_t action_report_count(const struct action *ac)
{
    int64_t rows = ac->chunk_row + ac->chunk_rows;
    if (action_rows(ac) > rows) /* the chunk was given up, and its size with it */
        rows = ac->records > action_rows(ac) ? ac->records : action_rows(ac);
    return rows > 0 ? (rows - 1) / REPORT_LINES + 1 : 1;
}

/* ---- members ---- */

static void put_count(struct json_out *o, const char *key, int64_t n)
{
    json_key(o, key);
    json_int(o, n);
}

static void put_text(struct json_out *o, const char *key, struct str text)
{
    json_key(o, key);
    json_str(o, text.p != NULL ? text : STR("")); /* always a string */
}

static void put_counts(struct json_out *o, const struct action *ac)
{
    put_count(o, "done_count", action_done_count(ac));
    put_count(o, "failed_count", action_failed_count(ac));
}

/* ---- RESULT_MESSAGE ---- */

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

static void put_failed_member(struct json_out *o, const struct action_kind *kind,
                              const struct failure_row *f, char what)
{
    if (what == 'r') {
        put_count(o, "row", f->row);
    } else if (what == 'n' && f->key.len == 0) {
        json_key(o, kind->key_name);
        json_null(o);
    } else {
        put_text(o, kind->key_name, f->key);
    }
}

static void put_failed(struct json_out *o, const struct action_kind *kind,
                       const struct action_view *view)
{
    json_key(o, "failed");
    json_array(o);
    for (size_t i = 0; i < view->n_failures; i++) {
        const struct failure_row *f = &view->failures[i];
        json_object(o);
        for (const char *what = kind->failed; *what != '\0'; what++)
            put_failed_member(o, kind, f, *what);
        put_text(o, "reason", f->reason);
        json_object_end(o);
    }
    json_array_end(o);
}

static void put_message_result(struct json_out *o, const struct action_kind *kind,
                               const struct action *ac, const struct action_view *view)
{
    put_message(o, kind, ac);
    put_failed(o, kind, view);
    put_counts(o, ac);
}

/* ---- RESULT_ERRORS ---- */

/* An item of errors[] speaks as an error of the API does. */
static const struct {
    enum err_code code;
    const char *key, *message; /* NULL: those of the code */
    bool names_key;            /* the reason tells which resource it is about */
} error_kinds[] = {
    [FAILURE_INVALID] = { .code = ERR_INVALID_PAYLOAD },
    [FAILURE_NOT_FOUND] = { .code = ERR_NOT_FOUND, .names_key = true },
    [FAILURE_DUPLICATE] = { .code = ERR_DUPLICATE, .names_key = true },
    [FAILURE_METADATA] = { .key = "metadata_validation_failed",
                           .message = "Metadata validation failed" },
    [FAILURE_REFUSED] = { .code = ERR_INVALID_PAYLOAD },
    [FAILURE_IN_USE] = { .code = ERR_IN_USE, .names_key = true },
};
static_assert(ARRAY_LEN(error_kinds) == FAILURE_KIND_COUNT, "every kind of failure has a row");

static enum failure_kind kind_of(const struct failure_row *f)
{
    return (unsigned)f->kind < FAILURE_KIND_COUNT ? f->kind : FAILURE_INVALID;
}

/* Where an item has no member for the key, its details have to tell it. */
static void put_details(struct json_out *o, const struct action_kind *kind,
                        const struct failure_row *f)
{
    struct buf text;
    if (kind->keys_errors || error_kinds[kind_of(f)].names_key || f->key.len == 0) {
        put_text(o, "details", f->reason);
        return;
    }
    buf_init(&text, 64 * KIB);
    buf_printf(&text, "%.*s (%s %.*s)", STR_FMT(f->reason), kind->key_name, STR_FMT(f->key));
    if (text.failed)
        o->b->failed = true;
    put_text(o, "details", buf_str(&text));
    buf_release(&text);
}

static void put_error(struct json_out *o, const struct action_kind *kind,
                      const struct failure_row *f)
{
    const enum failure_kind why = kind_of(f);
    const struct err_info *info = err_info(error_kinds[why].code);
    const char *key = error_kinds[why].key, *message = error_kinds[why].message;
    json_object(o);
    put_text(o, "message", str_of(message != NULL ? message : info->message));
    put_details(o, kind, f);
    put_text(o, "key", str_of(key != NULL ? key : info->key));
    if (kind->keys_errors)
        put_text(o, kind->key_name, f->key);
    json_object_end(o);
}

static void put_reports(struct json_out *o, const struct action_view *view)
{
    json_key(o, "reports");
    json_array(o);
    for (size_t i = 0; i < view->n_reports; i++)
        json_str(o, view->reports[i]);
    json_array_end(o);
    json_key(o, "reports_available_till");
    json_time(o, view->reports_till_ms);
}

static void put_errors_result(struct json_out *o, const struct action_kind *kind,
                              const struct action *ac, const struct action_view *view)
{
    if (ac->message.p != NULL) /* an addition: there is no other place for the cause */
        put_text(o, "message", ac->message);
    put_counts(o, ac);
    put_reports(o, view);
    json_key(o, "errors");
    json_array(o);
    for (size_t i = 0; i < view->n_failures; i++)
        put_error(o, kind, &view->failures[i]);
    json_array_end(o);
}

/* ---- RESULT_COUNT ---- */

static void put_count_result(struct json_out *o, const struct action_kind *kind,
                             const struct action *ac, const struct action_view *view)
{
    (void)view;
    put_message(o, kind, ac);
    put_count(o, "done_count", action_done_count(ac));
}

/* ---- the object ---- */

static void (*const put_result[])(struct json_out *o, const struct action_kind *kind,
                                  const struct action *ac, const struct action_view *view) = {
    [RESULT_MESSAGE] = put_message_result,
    [RESULT_ERRORS] = put_errors_result,
    [RESULT_COUNT] = put_count_result,
};

static void put_state(struct json_out *o, const struct action *ac)
{
    put_text(o, "status", str_of(action_status_name(ac->status)));
    put_text(o, "operation_status", str_of(action_operation_status(ac)));
}

static void put_times(struct json_out *o, const struct action *ac)
{
    json_key(o, "created_at");
    json_time(o, ac->created_ms);
    json_key(o, "updated_at");
    json_time(o, ac->updated_ms);
}

void action_put_json(struct json_out *o, const struct action *ac, const struct action_view *view)
{
    const struct action_kind *kind = action_kind_find(ac->kind);
    const bool finished = action_is_finished(ac);
    json_object(o);
    put_text(o, "id", str_of(view->id));
    put_text(o, "type", str_of(action_kind_name(ac->kind)));
    put_state(o, ac);
    if (finished && kind != NULL && view->failures != NULL) {
        json_key(o, "result");
        json_object(o);
        put_result[kind->result](o, kind, ac, view);
        json_object_end(o);
    }
    put_times(o, ac);
    put_text(o, "request_id", ac->request_id);
    put_count(o, "progress", ac->progress);
    if (finished)
        put_count(o, "processing_time", ac->updated_ms - ac->created_ms);
    if (ac->dry_run) { /* an addition, and only then */
        json_key(o, "dry_run");
        json_bool(o, true);
    }
    put_text(o, "object", STR("async_action"));
    json_object_end(o);
}
