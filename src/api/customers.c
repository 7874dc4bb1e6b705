/* SPDX-License-Identifier: MIT */
/* customers.c - /v1/customers (reference 4.4). */
#include "api/records.h"
#include "base/time_iso.h"
#include "domain/customer.h"

static int read_customer(const struct json *body, struct arena *a, struct record *given,
                         struct err *err)
{
    return customer_from_json(body, "", a, (struct customer *)(void *)given, err);
}

static int put_customer(struct request *rq, struct json_out *o, const struct record *r, bool alone,
                        struct err *err)
{
    char id[ID_MAX_LEN];
    (void)alone;
    (void)err;
    id_encode(store_secret(api_of(rq)->store), ID_CUSTOMER, r->key, id);
    customer_put_json(o, (const struct customer *)(const void *)r, id);
    return 0;
}

static const struct record_query queries[] = {
    { "email", "email", NULL },
    { "name", "name", NULL },
    { "city", "address", "city" },
    { NULL, NULL, NULL },
};

static const char *const later[] = { "segment_id", NULL };

const struct record_api api_customers = {
    .resource = RESOURCE_CUSTOMER,
    .type = "customer",
    .data_ref = "customers",
    .schema = "customer",
    .id = ID_CUSTOMER,
    .bytes = sizeof(struct customer),
    .newest_first = true,
    .page_max = 99,
    .orders = records_orders,
    .queries = queries,
    .later = later,
    .read = read_customer,
    .put = put_customer,
};

int api_customers_list(struct request *rq, struct response *rs, struct err *err)
{
    return records_list(rq, rs, &api_customers, 0, err);
}

int api_customers_get(struct request *rq, struct response *rs, struct err *err)
{
    return records_get(rq, rs, &api_customers, rq->args[0], err);
}

int api_customers_save(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_save(rq, &api_customers, err);
}

int api_customers_change(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_change(rq, &api_customers, rq->args[0], 0, err);
}

int api_customers_delete(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_delete(rq, &api_customers, rq->args[0], 0, NULL, err);
}

int api_customers_import_csv(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return csv_import_start(rq, ACTION_CUSTOMERS_IMPORT_CSV, HTTP_ACCEPTED, err);
}

/* ---- permanent deletion ---- */

static void put_count(struct json_out *o, const char *key, int64_t n)
{
    json_key(o, key);
    json_int(o, n);
}

/* The API's own spelling of the object. What is not kept here is counted as none. */
static int answer_deletion(struct request *rq, struct response *rs, struct err *err)
{
    const struct record *r = records_written(rq);
    struct json_out o = { .b = &rs->body };
    char id[ID_MAX_LEN], customer[ID_MAX_LEN];
    if (r == NULL)
        return reply_not_found(rq, "customer", rq->args[0], err);
    id_encode(store_secret(api_of(rq)->store), ID_DELETION, r->key, id);
    id_encode(store_secret(api_of(rq)->store), ID_CUSTOMER, r->key, customer);
    json_object(&o);
    json_key(&o, "id");
    json_str(&o, str_of(id));
    json_key(&o, "created_at");
    json_time(&o, time_now_ms());
    json_key(&o, "related_object_id");
    json_str(&o, str_of(customer));
    json_key(&o, "related_object");
    json_str(&o, STR("customer"));
    json_key(&o, "status");
    json_str(&o, STR("DONE"));
    json_key(&o, "data_json");
    json_object(&o);
    put_count(&o, "events", 0);
    put_count(&o, "daily_events", 0);
    put_count(&o, "segments", 0);
    put_count(&o, "orders", 0);
    put_count(&o, "customer", 1);
    json_object_end(&o);
    json_key(&o, "object");
    json_str(&o, STR("pernament_deletion"));
    json_object_end(&o);
    return reply_json(rs, HTTP_OK, err);
}

int api_customers_delete_permanently(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_delete(rq, &api_customers, rq->args[0], 0, answer_deletion, err);
}
