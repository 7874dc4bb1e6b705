/* SPDX-License-Identifier: MIT */
/* publications.c - POST /v1/publications (reference 4.11). */
#include "api/api_priv.h"

/* Lives in the request's arena. */
struct publishing {
    struct request *rq;
    struct publication given;
    struct publish publish;
};

/* What is refused is undone with the customer that came with it. */
static int publish(struct store_tx *tx, void *arg, struct err *err)
{
    struct publishing *pb = arg;
    struct publish *p = &pb->publish;
    const int rc = store_tx_publish(tx, p, err);
    const bool by_voucher = p->customer_gate.reason.p == NULL;
    if (api_gate_result(pb->rq, by_voucher ? &p->voucher_gate : &p->customer_gate, rc, err) == 0)
        return 0;
    if (p->missing_type != NULL)
        return reply_not_found(pb->rq, p->missing_type, p->missing_id, err);
    return -1;
}

static void put_text(struct json_out *o, const char *key, struct str value)
{
    json_key(o, key);
    json_str(o, value); /* null when there is none */
}

void api_put_publication(struct request *rq, struct json_out *o, const struct stored_publication *p)
{
    const struct id_secret *secret = store_secret(api_of(rq)->store);
    char id[ID_MAX_LEN], customer[ID_MAX_LEN];
    id_encode(secret, ID_PUBLICATION, p->key, id);
    id_encode(secret, ID_CUSTOMER, p->customer.key, customer);
    json_object(o);
    put_text(o, "id", str_of(id));
    put_text(o, "object", STR("publication"));
    json_key(o, "created_at");
    json_time(o, p->created_ms);
    put_text(o, "customer_id", str_of(customer));
    put_text(o, "tracking_id", p->customer.source_id);
    json_key(o, "metadata");
    json_raw(o, p->metadata.len > 0 ? p->metadata : STR("{}"));
    put_text(o, "channel", p->channel);
    put_text(o, "source_id", p->source_id);
    put_text(o, "result", STR("SUCCESS"));
    json_key(o, "customer");
    customer_put_short(o, &p->customer, customer);
    json_key(o, "vouchers_id");
    json_array(o);
    for (size_t i = 0; i < p->n; i++) {
        id_encode(secret, ID_VOUCHER, p->vouchers[i], id);
        json_str(o, str_of(id));
    }
    json_array_end(o);
}

static int put_vouchers(struct request *rq, struct json_out *o, const struct publish *p,
                        struct err *err)
{
    if (p->given->count == 1) {
        json_key(o, "voucher");
        return api_put_vouchers(rq, o, p->vouchers, 1, 0, err);
    }
    json_key(o, "vouchers");
    json_array(o);
    for (size_t i = 0; i < p->n; i++)
        json_str(o, p->vouchers[i].code);
    json_array_end(o);
    return 0;
}

static int answer_publication(struct request *rq, struct response *rs, struct err *err)
{
    const struct publishing *pb = rq->state;
    const struct publish *p = &pb->publish;
    int64_t keys[PUBLISH_MOST];
    const struct stored_publication made = { .key = p->key,
                                             .created_ms = p->created_ms,
                                             .customer = p->customer,
                                             .source_id = p->given->source_id,
                                             .channel = p->given->channel,
                                             .metadata = p->given->metadata,
                                             .vouchers = keys,
                                             .n = p->n };
    struct json_out o = { .b = &rs->body };
    for (size_t i = 0; i < p->n; i++)
        keys[i] = p->vouchers[i].key;
    api_put_publication(rq, &o, &made);
    if (put_vouchers(rq, &o, p, err) < 0)
        return -1;
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

/* The customer's is checked when it is known whether there is one already. */
static int check_metadata(struct request *rq, struct publishing *pb, struct err *err)
{
    struct metadata_gate gate;
    if (api_gate_open(rq, "customer", &pb->publish.customer_gate, err) < 0 ||
        api_gate_open(rq, "voucher", &pb->publish.voucher_gate, err) < 0 ||
        api_gate_open(rq, "publication", &gate, err) < 0)
        return -1;
    return api_gate_result(
        rq, &gate, metadata_gate_check(&gate, pb->given.metadata, METADATA_CREATE, &rq->arena, err),
        err);
}

int api_publications_create(struct request *rq, struct response *rs, struct err *err)
{
    const struct json *body;
    struct publishing *pb = arena_calloc(&rq->arena, sizeof(*pb));
    (void)rs;
    if (pb == NULL)
        return err_nomem(err);
    pb->rq = rq;
    pb->publish =
        (struct publish){ .project_id = rq->project->id, .given = &pb->given, .arena = &rq->arena };
    if (api_read_object(rq, &body, err) < 0 ||
        publication_from_json(body, &rq->arena, &pb->given, err) < 0 ||
        query_flag(rq, "join_once", &pb->publish.join_once, err) < 0)
        return -1;
    if (check_metadata(rq, pb, err) < 0)
        return -1;
    pb->publish.join_once = pb->publish.join_once || pb->given.join_once;
    return api_write(rq, publish, pb, answer_publication, err);
}
