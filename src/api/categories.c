/* SPDX-License-Identifier: MIT */
/* categories.c - /v1/categories (reference 4.8). */
#include "api/api_priv.h"

static void put_category(struct request *rq, struct json_out *o, const struct category *c)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), ID_CATEGORY, c->key, id);
    category_put_json(o, c, id);
}

static int reply_category(struct request *rq, struct response *rs, const struct category *c,
                          struct err *err)
{
    struct json_out o = { .b = &rs->body };
    put_category(rq, &o, c);
    return reply_json(rs, HTTP_OK, err);
}

static int not_found(struct request *rq, struct err *err)
{
    return reply_not_found(rq, "category", rq->args[0], err);
}

/* The key that the path's id stands for; the category may be another project's, or gone. */
static bool key_of_path(const struct request *rq, int64_t *key)
{
    return id_decode(store_secret(api_of(rq)->store), ID_CATEGORY, rq->args[0], key);
}

/* ---- reading ---- */

int api_categories_list(struct request *rq, struct response *rs, struct err *err)
{
    struct category *categories = NULL;
    size_t n = 0;
    if (store_list_categories(api_of(rq)->store, &rq->arena, rq->project->id, &categories, &n,
                              err) < 0)
        return err_wrap(err, "cannot list categories");
    struct json_out o = { .b = &rs->body };
    api_list_head(&o, "data");
    json_array(&o);
    for (size_t i = 0; i < n; i++)
        put_category(rq, &o, &categories[i]);
    json_array_end(&o);
    json_key(&o, "total");
    json_int(&o, (int64_t)n);
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

int api_categories_get(struct request *rq, struct response *rs, struct err *err)
{
    struct category *c = NULL;
    int64_t key;
    if (key_of_path(rq, &key) &&
        store_find_category(api_of(rq)->store, &rq->arena, rq->project->id, key, &c, err) < 0)
        return err_wrap(err, "cannot look up a category");
    return c != NULL ? reply_category(rq, rs, c, err) : not_found(rq, err);
}

/* ---- writing ---- */

static int write_category(struct store_tx *tx, void *arg, struct err *err)
{
    return store_tx_category_write(tx, arg, err);
}

static int answer_created(struct request *rq, struct response *rs, struct err *err)
{
    const struct category_write *w = rq->state;
    return reply_category(rq, rs, &w->category, err);
}

static int answer_changed(struct request *rq, struct response *rs, struct err *err)
{
    const struct category_write *w = rq->state;
    return w->found ? reply_category(rq, rs, &w->category, err) : not_found(rq, err);
}

static int answer_erased(struct request *rq, struct response *rs, struct err *err)
{
    const struct category_write *w = rq->state;
    return w->found ? reply_json(rs, HTTP_NO_CONTENT, err) : not_found(rq, err);
}

/* In the request's arena; NULL with err. */
static struct category_write *write_of(struct request *rq, struct err *err)
{
    struct category_write *w = arena_calloc(&rq->arena, sizeof(*w));
    if (w == NULL)
        err_nomem(err);
    else
        w->project_id = rq->project->id;
    return w;
}

static int read_body(struct request *rq, struct category *c, struct err *err)
{
    const struct json *body = NULL;
    if (request_json(rq, &body, err) < 0)
        return -1;
    return category_from_json(body, c, &rq->arena, err);
}

int api_categories_create(struct request *rq, struct response *rs, struct err *err)
{
    struct category_write *w = write_of(rq, err);
    (void)rs;
    if (w == NULL || read_body(rq, &w->category, err) < 0)
        return -1;
    w->mode = CATEGORY_CREATE;
    return api_write(rq, write_category, w, answer_created, err);
}

int api_categories_update(struct request *rq, struct response *rs, struct err *err)
{
    struct category_write *w = write_of(rq, err);
    (void)rs;
    if (w == NULL || read_body(rq, &w->category, err) < 0)
        return -1;
    w->mode = CATEGORY_CHANGE;
    if (!key_of_path(rq, &w->category.key))
        return not_found(rq, err);
    return api_write(rq, write_category, w, answer_changed, err);
}

int api_categories_delete(struct request *rq, struct response *rs, struct err *err)
{
    struct category_write *w = write_of(rq, err);
    (void)rs;
    if (w == NULL)
        return -1;
    w->mode = CATEGORY_ERASE;
    if (!key_of_path(rq, &w->category.key))
        return not_found(rq, err);
    return api_write(rq, write_category, w, answer_erased, err);
}
