/* SPDX-License-Identifier: MIT */
/* validation_rules.c - /v1/validation-rules: stored, and assigned to campaigns and vouchers. */
#include "api/api_priv.h"

#define RULES_PAGE_MAX 1000

static void put_rule(struct request *rq, struct json_out *o, const struct validation_rule *r)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), ID_VALIDATION_RULE, r->key, id);
    validation_rule_put_json(o, r, id);
}

static int reply_rule(struct request *rq, struct response *rs, const struct validation_rule *r,
                      struct err *err)
{
    put_rule(rq, &(struct json_out){ .b = &rs->body }, r);
    return reply_json(rs, HTTP_OK, err);
}

static int not_found(struct request *rq, struct err *err)
{
    return reply_not_found(rq, "validation_rules", rq->args[0], err);
}

int api_rules_get(struct request *rq, struct response *rs, struct err *err)
{
    struct store *s = api_of(rq)->store;
    struct validation_rule *r = NULL;
    int64_t key;
    if (id_decode(store_secret(s), ID_VALIDATION_RULE, rq->args[0], &key) &&
        store_find_rule(s, &rq->arena, rq->project->id, key, &r, err) < 0)
        return err_wrap(err, "cannot look up a validation rule");
    return r != NULL ? reply_rule(rq, rs, r, err) : not_found(rq, err);
}

int api_rules_list(struct request *rq, struct response *rs, struct err *err)
{
    struct validation_rule *rules = NULL;
    size_t n = 0;
    int64_t total = 0;
    int limit, page;
    struct json_out o = { .b = &rs->body };
    if (query_int(rq, "limit", 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT, &limit, err) < 0 ||
        query_int(rq, "page", 1, RULES_PAGE_MAX, 1, &page, err) < 0)
        return -1;
    if (store_list_rules(api_of(rq)->store, &rq->arena, rq->project->id,
                         (int64_t)(page - 1) * limit, (size_t)limit, &rules, &n, &total, err) < 0)
        return err_wrap(err, "cannot list validation rules");
    api_list_head(&o, "data");
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_rule(rq, &o, &rules[i]);
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, total);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* ---- writing ---- */

/* Lives in the request's arena. */
struct writing {
    struct validation_rule given;
    struct rule_write write;
};

static int write_rule(struct store_tx *tx, void *arg, struct err *err)
{
    struct writing *wr = arg;
    return store_tx_rule_write(tx, &wr->write, err);
}

static int answer_rule(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    return reply_rule(rq, rs, &wr->write.rule, err);
}

static int answer_deleted(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    return wr->write.found ? reply_json(rs, HTTP_NO_CONTENT, err) : not_found(rq, err);
}

int api_rules_create(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct writing *wr = arena_calloc(&rq->arena, sizeof(*wr));
    (void)rs;
    if (wr == NULL)
        return err_nomem(err);
    if (api_read_object(rq, &body, err) < 0 ||
        validation_rule_from_json(body, &rq->arena, &wr->given, err) < 0)
        return -1;
    wr->write = (struct rule_write){ .project_id = rq->project->id, .given = &wr->given };
    return api_write(rq, write_rule, wr, answer_rule, err);
}

int api_rules_delete(struct request *rq, struct response *rs, struct err *err)
{
    struct writing *wr = arena_calloc(&rq->arena, sizeof(*wr));
    (void)rs;
    if (wr == NULL)
        return err_nomem(err);
    wr->write = (struct rule_write){ .project_id = rq->project->id };
    if (!id_decode(store_secret(api_of(rq)->store), ID_VALIDATION_RULE, rq->args[0],
                   &wr->write.key))
        return not_found(rq, err);
    return api_write(rq, write_rule, wr, answer_deleted, err);
}
