/* SPDX-License-Identifier: MIT */
/* customers.c - /v1/customers, one at a time (reference 4.4). */
#include "api/api_priv.h"

static int reply_customer(struct request *rq, struct response *rs, const struct customer *c,
                          struct err *err)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), ID_CUSTOMER, c->key, id);
    customer_put_json(&(struct json_out){ .b = &rs->body }, c, id);
    return reply_json(rs, HTTP_OK, err);
}

int api_customers_get(struct request *rq, struct response *rs, struct err *err)
{
    struct customer *c = NULL;
    if (store_find_customer(api_of(rq)->store, &rq->arena, rq->project->id, rq->args[0], &c, err) <
        0)
        return err_wrap(err, "cannot look up a customer");
    return c != NULL ? reply_customer(rq, rs, c, err)
                     : reply_not_found(rq, "customer", rq->args[0], err);
}

/* ---- importing ---- */

int api_customers_import_csv(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return csv_import_start(rq, ACTION_CUSTOMERS_IMPORT_CSV, HTTP_ACCEPTED, err);
}

/* ---- writing ---- */

/* Lives in the request's arena. */
struct writing {
    struct customer given;
    struct customer_write write;
};

static int write_customer(struct store_tx *tx, void *arg, struct err *err)
{
    struct writing *wr = arg;
    return store_tx_customer_write(tx, &wr->write, err);
}

static int answer_customer(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    return wr->write.found ? reply_customer(rq, rs, &wr->write.customer, err)
                           : reply_not_found(rq, "customer", rq->args[0], err);
}

static int answer_nothing(struct request *rq, struct response *rs, struct err *err)
{
    const struct writing *wr = rq->state;
    return wr->write.found ? reply_json(rs, HTTP_NO_CONTENT, err)
                           : reply_not_found(rq, "customer", rq->args[0], err);
}

/* NULL: out of memory. */
static struct writing *writing_new(struct request *rq, int mode, struct err *err)
{
    struct writing *wr = arena_calloc(&rq->arena, sizeof(*wr));
    if (wr == NULL) {
        err_nomem(err);
        return NULL;
    }
    wr->write = (struct customer_write){ .project_id = rq->project->id,
                                         .given = &wr->given,
                                         .arena = &rq->arena };
    switch (mode) {
    case CUSTOMER_CHANGE:
    case CUSTOMER_ERASE:
        wr->write.mode = mode;
        wr->write.id_or_source = rq->args[0];
        break;
    default:
        wr->write.mode = CUSTOMER_SAVE;
    }
    return wr;
}

static int save(struct request *rq, int mode, struct err *err)
{
    const struct json *body;
    struct writing *wr = writing_new(rq, mode, err);
    if (wr == NULL || api_read_object(rq, &body, err) < 0 ||
        customer_from_json(body, "", &rq->arena, &wr->given, err) < 0)
        return -1;
    return api_write(rq, write_customer, wr, answer_customer, err);
}

int api_customers_save(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return save(rq, CUSTOMER_SAVE, err);
}

int api_customers_change(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return save(rq, CUSTOMER_CHANGE, err);
}

int api_customers_delete(struct request *rq, struct response *rs, struct err *err)
{
    struct writing *wr = writing_new(rq, CUSTOMER_ERASE, err);
    (void)rs;
    return wr == NULL ? -1 : api_write(rq, write_customer, wr, answer_nothing, err);
}
