/* SPDX-License-Identifier: MIT */
/*
 * api_priv.h - what several resources of the API share.
 */
#ifndef API_API_PRIV_H
#define API_API_PRIV_H

#include "api/api.h"

/* The process behind a request. */
static inline struct api *api_of(const struct request *rq)
{
    return rq->app;
}

/* ---- query parameters (query.c) ---- */

#define LIST_LIMIT_MAX     100
#define LIST_LIMIT_DEFAULT 10

/* An integer parameter; `fallback` when it was not given. ERR_INVALID_QUERY with
 * `Property .limit must be integer`, `must be >= 1`, `must be <= 100`. */
int query_int(const struct request *rq, const char *name, int least, int most, int fallback,
              int *out, struct err *err) MUST_CHECK;

/* A yes or no; *out stays when it was not given. ERR_INVALID_QUERY with `Property .dry_run must be
 * boolean` for anything but true and false. */
int query_flag(const struct request *rq, const char *name, bool *out, struct err *err) MUST_CHECK;

/* ERR_INVALID_QUERY when one of these parameters was given, also as `name[…]` or `[name][…]`: a
 * filter that is not there yet must never be ignored in silence. NULL-terminated. */
/* `ids[0]`, `[filters][code]…` and `category` to `ids`, `filters` and `category`. */
struct str query_base_name(struct str param);
int query_refuse(const struct request *rq, const char *const *names, struct err *err) MUST_CHECK;

/* ---- writes (write.c) ---- */

/*
 * Suspends the request, runs `run` with `arg` (which lives in the request's arena) as an
 * interactive unit of work, and calls `answer` with rq->state = arg once that is durable; an error
 * of the unit is the answer otherwise. A handler returns what this returns.
 */
int api_write(struct request *rq, int (*run)(struct store_tx *tx, void *arg, struct err *err),
              void *arg, request_handler *answer, struct err *err) MUST_CHECK;

/* The same of a write that may start an action, and is not one of many: slices, which are short for
 * a while behind those, stay as they are. */
int api_write_order(struct request *rq, int (*run)(struct store_tx *tx, void *arg, struct err *err),
                    void *arg, request_handler *answer, struct err *err) MUST_CHECK;

/* api_write() of what changes the schemas of the project: what is known of them is forgotten. */
int api_write_schemas(struct request *rq,
                      int (*run)(struct store_tx *tx, void *arg, struct err *err), void *arg,
                      request_handler *answer, struct err *err) MUST_CHECK;

/* ---- metadata that has a schema (metadata_schemas.c) ---- */

/* The schema of a kind of resource in the request's project, ready to check with; NULL: it has
 * none, which costs nothing, as it is remembered. */
int api_find_schema(struct request *rq, const char *resource, struct metadata_schema **out,
                    struct err *err) MUST_CHECK;

/* The same for a single write, which has to pass it. */
int api_gate_open(struct request *rq, const char *resource, struct metadata_gate *g,
                  struct err *err) MUST_CHECK;

/* In a unit of work, and where a gate was asked otherwise: passes rc on, and takes care that the
 * client is told all of a refusal. */
int api_gate_result(struct request *rq, const struct metadata_gate *g, int rc,
                    const struct err *err);

/* ---- bodies (bodies.c) ---- */

/* The body, an empty object when there is none. */
int api_read_object(struct request *rq, const struct json **body, struct err *err) MUST_CHECK;

/* A member that is a text; {NULL,0} when it is absent or null. */
int api_read_text(const struct json *body, const char *name, struct str *out,
                  struct err *err) MUST_CHECK;

/* The member `category_id` counts more than a name; null without a name is no category. */
int api_read_category_id(struct request *rq, const struct json *body, struct voucher *v,
                         struct err *err) MUST_CHECK;

/* ---- names (names.c) ---- */

/* What the vouchers or campaigns of one answer refer to. */
struct api_names {
    struct store *store;
    int64_t project_id;
    const struct category *categories; /* newest first: by key, descending */
    size_t n_categories;
    const struct campaign **campaigns; /* that vouchers belong to, each once */
    size_t n_campaigns;
};

/* Of n vouchers, each of them `stride` bytes behind the one before: read once for all, into `a`. */
int api_names_read(struct store *store, int64_t project_id, const struct voucher *vouchers,
                   size_t n, size_t stride, struct arena *a, struct api_names *out,
                   struct err *err) MUST_CHECK;

/* The public ids of one. */
struct api_name_ids {
    char own[ID_MAX_LEN]; /* the caller writes it */
    char category[ID_MAX_LEN], campaign[ID_MAX_LEN], holder[ID_MAX_LEN];
};

/* The names of one: its own id, category, campaign. `ids` must live as long. */
void api_names_of(const struct api_names *names, const struct voucher *v, struct api_name_ids *ids,
                  struct voucher_names *out);

/* ---- publications (publications.c) ---- */

/* Opens its object, and prints all but its vouchers. */
void api_put_publication(struct request *rq, struct json_out *o,
                         const struct stored_publication *p);

/* ---- vouchers (vouchers.c) ---- */

/* Prints n vouchers of the request's project, one after the other: for an array, or one alone. The
 * categories that they are in are read once. Errors of printing: see buf.h. */
int api_put_vouchers(struct request *rq, struct json_out *o, const struct voucher *vouchers,
                     size_t n, enum voucher_json_flags flags, struct err *err) MUST_CHECK;

/* Answers 200 with one voucher. */
int api_reply_voucher(struct request *rq, struct response *rs, const struct voucher *v,
                      struct err *err) MUST_CHECK;

/* The voucher of a path, by id or code, or its 404. It lives in the request's arena. */
int api_get_voucher(struct request *rq, struct str code, struct voucher **out,
                    struct err *err) MUST_CHECK;

/* The member `related_object` of a balance (transactions.c). */
void api_put_related_voucher(struct request *rq, struct json_out *o, int64_t key);

/* ---- lists (query.c) ---- */

/* The head of a list's envelope (reference 1.4), up to the key of its array. */
void api_list_head(struct json_out *o, const char *data_ref);

/* ---- async actions (async_actions.c) ---- */

/* The action of a path, or the 404 of reference 2.4. It lives in `a`. */
int api_get_action(struct request *rq, struct arena *a, struct str id, struct action **out,
                   struct err *err) MUST_CHECK;

/* Answers with the action, and with its result when it has ended. In an event thread. */
int api_reply_action(struct request *rq, struct response *rs, const struct action *ac,
                     struct err *err) MUST_CHECK;

/* Fills what the view says of report files: their links, in the request's arena. view->id is set.
 * (report_links.c) */
int api_report_links(struct request *rq, const struct action *ac, struct action_view *view,
                     struct err *err) MUST_CHECK;

/* ---- starting an action (action_start.c) ---- */

struct action_start;

/* What decides the outcomes, as JSON in the request's arena, to ac->params, and the campaign that
 * it is about, if it is; refuses a bad input. May wait for the disk if there is a file. */
typedef int action_freeze(struct request *rq, const struct action_start *how,
                          const struct action_kind *kind, struct action *ac, struct err *err);

struct action_start {
    int kind;   /* enum action_kind_id */
    int status; /* HTTP, of the success */
    bool webhooks_enable;
    bool dry_run;
    struct upload **file; /* where the request keeps its input, until the action has it */
    struct str data;      /* when there is no file: the input, which lives as long as the request */
    int64_t records;      /* of the input; -1: not known before its end */
    int64_t codes;        /* to be generated, of an action without an input */

    action_freeze *freeze;
};

/*
 * Starts an action. The request is suspended and answered once the action is durable: a handler
 * returns what this returns (HTTP_LATER, or -1 with the error). The parameters dry_run and
 * webhooks_enable of the query count as well. A request that was here before, by its
 * Idempotency-Key, is answered with the action of then, and starts none; ERR_CONFLICT when it was
 * another one.
 */
int action_start(struct request *rq, const struct action_start *how, struct err *err) MUST_CHECK;

/* In a unit of work: an action of this kind that follows from the request, and exists with what it
 * does or not at all. What is its own (params, campaign, created_ms, input_bytes) is set already.
 * It has to be told to the engine after the commit. */
int action_insert(struct store_tx *tx, struct request *rq, enum action_kind_id id,
                  struct action *ac, struct err *err) MUST_CHECK;

/* {"async_action_id": …} */
int reply_action_id(struct request *rq, struct response *rs, int64_t seq, int64_t created_ms,
                    int status, struct err *err) MUST_CHECK;

/* ---- records (bulk.c) ---- */

/* Starts an action of the kind that the body's shape names, whose records have arrived. */
int api_records_start_with(struct request *rq, int status, action_freeze *freezes,
                           struct err *err) MUST_CHECK;

/* ---- codes of campaigns (campaign_codes.c) ---- */

/* The campaign of the path, which must be one that can have more codes: its 404, or
 * ERR_INVALID_CAMPAIGN (`You can not <verb> for PROMOTION type campaign.`). */
int api_find_campaign_for_codes(struct request *rq, const char *verb, struct campaign **out,
                                struct err *err) MUST_CHECK;

/* One voucher with a random code (voucher_writes.c). */
int api_campaigns_add_random(struct request *rq, struct response *rs, struct err *err) MUST_CHECK;

/* ---- promotions (promotions.c) ---- */

/* The member `promotion` of a promotion campaign, with all tiers; JSON in the request's arena. */
int api_put_promotion(struct request *rq, const struct campaign *c, struct str *out,
                      struct err *err) MUST_CHECK;

/* ---- CSV imports (csv_import.c) ---- */

/* Starts an import of the form's file as an action of this kind. */
int csv_import_start(struct request *rq, int action_kind, int status, struct err *err) MUST_CHECK;

#endif
