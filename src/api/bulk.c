/* SPDX-License-Identifier: MIT */
/*
 * bulk.c - actions whose input are the records of a JSON body.
 *
 * The body was checked and written down as it arrived (http/json_body.h), by the shapes below; here
 * it becomes an action.
 */
#include "api/api_priv.h"

/* As the action's type checks a record of its input. */
static int check_record(const struct records_shape *shape, const struct json *record,
                        struct err *err)
{
    const struct action_kind *kind = action_kind_find(shape->kind);
    return kind != NULL && kind->check_record != NULL ? kind->check_record(record, err) : 0;
}

const struct records_shape api_vouchers_import_body = {
    .text = { .record_type = JSON_OBJECT },
    .kind = ACTION_VOUCHERS_IMPORT,
    .check = check_record,
};

const struct records_shape api_vouchers_bulk_update_body = {
    .text = { .record_type = JSON_OBJECT },
    .may_be_empty = true,
    .kind = ACTION_VOUCHERS_BULK_UPDATE,
    .check = check_record,
};

const struct records_shape api_vouchers_metadata_update_body = {
    .text = { .member = "codes", .record_type = JSON_STRING, .also = "metadata" },
    .may_be_empty = true,
    .kind = ACTION_VOUCHERS_METADATA_UPDATE,
    .check = check_record,
};

const struct records_shape api_customers_bulk_update_body = {
    .text = { .record_type = JSON_OBJECT },
    .may_be_empty = true,
    .kind = ACTION_CUSTOMERS_BULK_UPDATE,
    .check = check_record,
};

const struct records_shape api_customers_metadata_update_body = {
    .text = { .member = "source_ids", .record_type = JSON_STRING, .also = "metadata" },
    .may_be_empty = true,
    .kind = ACTION_CUSTOMERS_METADATA_UPDATE,
    .check = check_record,
};

const struct records_shape api_products_bulk_update_body = {
    .text = { .record_type = JSON_OBJECT },
    .may_be_empty = true,
    .kind = ACTION_PRODUCTS_BULK_UPDATE,
    .check = check_record,
};

const struct records_shape api_products_metadata_update_body = {
    .text = { .member = "source_ids", .record_type = JSON_STRING, .also = "metadata" },
    .may_be_empty = true,
    .kind = ACTION_PRODUCTS_METADATA_UPDATE,
    .check = check_record,
};

const struct records_shape api_orders_import_body = {
    .text = { .record_type = JSON_OBJECT },
    .kind = ACTION_ORDERS_IMPORT,
    .check = check_record,
};

const struct records_shape api_campaigns_import_body = {
    .text = { .record_type = JSON_OBJECT },
    .kind = ACTION_CAMPAIGN_VOUCHERS_IMPORT,
    .check = check_record,
};

static int freeze(struct request *rq, const struct action_start *how,
                  const struct action_kind *kind, struct action *ac, struct err *err)
{
    return action_freeze_records(kind, rq->records->also, how->webhooks_enable, NULL, &rq->arena,
                                 &ac->params, err);
}

int api_records_start(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return api_records_start_with(rq, HTTP_ACCEPTED, freeze, err);
}

int api_records_start_with(struct request *rq, int status, action_freeze *freezes, struct err *err)
{
    struct json_body *body = rq->records;
    struct action_start how = {
        .kind = body->shape->kind,
        .status = status,
        .file = &body->file,
        .records = body->count,
        .freeze = freezes,
    };
    if (body->file == NULL)
        how.data = buf_str(&body->lines);
    return action_start(rq, &how, err);
}
