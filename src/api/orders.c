/* SPDX-License-Identifier: MIT */
/* orders.c - /v1/orders (reference 4.7). */
#include "api/records.h"
#include "domain/order.h"

static int read_order(const struct json *body, struct arena *a, struct record *given,
                      struct err *err)
{
    return order_from_json(body, a, (struct order *)(void *)given, err);
}

static int check_order(struct request *rq, const struct record *given, struct err *err)
{
    struct metadata_gate gate;
    if (api_gate_open(rq, "order_item", &gate, err) < 0)
        return -1;
    const int rc = order_check_items((const struct order *)(const void *)given, gate.schema,
                                     &rq->arena, &rq->arena, &gate.reason, err);
    if (rc <= 0)
        return rc;
    err_set(err, ERR_METADATA, "%.*s", STR_FMT(gate.reason));
    return api_gate_result(rq, &gate, -1, err);
}

/* NULL: nobody. */
static const char *customer_id(struct request *rq, int64_t key, char out[ID_MAX_LEN])
{
    if (key == FIELD_NONE)
        return NULL;
    id_encode(store_secret(api_of(rq)->store), ID_CUSTOMER, key, out);
    return out;
}

static int put_order(struct request *rq, struct json_out *o, const struct record *r, bool alone,
                     struct err *err)
{
    const struct order *order = (const struct order *)(const void *)r;
    char id[ID_MAX_LEN], customer[ID_MAX_LEN], referrer[ID_MAX_LEN];
    struct order_shown shown = { .id = id };
    struct arena scratch;
    (void)alone;
    arena_init(&scratch, 4096, 0);
    const int rc = order_items_discount(order, &scratch, &shown.items_discount, err);
    arena_release(&scratch);
    if (rc < 0)
        return -1;
    id_encode(store_secret(api_of(rq)->store), ID_ORDER, order->key, id);
    shown.customer_id = customer_id(rq, order->customer_key, customer);
    shown.referrer_id = customer_id(rq, order->referrer_key, referrer);
    order_put_json(o, order, &shown);
    return 0;
}

const struct record_api api_orders = {
    .resource = RESOURCE_ORDER,
    .type = "order",
    .data_ref = "orders",
    .schema = "order",
    .id = ID_ORDER,
    .bytes = sizeof(struct order),
    .newest_first = true,
    .page_max = 100,
    .orders = records_orders,
    .read = read_order,
    .check = check_order,
    .put = put_order,
};

int api_orders_list(struct request *rq, struct response *rs, struct err *err)
{
    return records_list(rq, rs, &api_orders, 0, err);
}

int api_orders_get(struct request *rq, struct response *rs, struct err *err)
{
    return records_get(rq, rs, &api_orders, rq->args[0], err);
}

int api_orders_save(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_save(rq, &api_orders, err);
}

int api_orders_change(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_change(rq, &api_orders, rq->args[0], 0, err);
}

/* ---- import ---- */

static int freeze(struct request *rq, const struct action_start *how,
                  const struct action_kind *kind, struct action *ac, struct err *err)
{
    (void)how;
    if (rq->records->count > ORDER_IMPORT_MAX)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must NOT have more than %d items",
                       ORDER_IMPORT_MAX);
    if (rq->records->count == 0)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload must NOT have fewer than 1 items");
    return action_freeze_records(kind, (struct str){ NULL, 0 }, false, NULL, &rq->arena,
                                 &ac->params, err);
}

int api_orders_import(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return api_records_start_with(rq, HTTP_OK, freeze, err);
}
