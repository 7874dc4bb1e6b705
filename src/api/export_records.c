/* SPDX-License-Identifier: MIT */
/* export_records.c - exports of records: a row each. Their reading is the same. */
#include "api/export_plan.h"
#include "api/export_resource.h"
#include "domain/record_export.h"
#include "domain/record_filter.h"
#include "store/store.h"

#define PAGE_ROWS        500
#define PAGE_ROWS_SORTED 5000 /* of an order that looks at everything for each page */
#define PAGE_BYTES       (4 * MIB)

struct records_reader {
    struct export_reader reader; /* first */
    struct record_walk walk;
    struct record *rows;
    struct export_row row;
};

static void init_reader(struct export_reader *reader)
{
    struct records_reader *r = (struct records_reader *)reader;
    const struct export_plan *plan = reader->plan;
    const bool sorted = plan->order != RECORD_BY_AGE;
    r->walk = (struct record_walk){ .order = (enum record_sort)plan->order,
                                    .descending = plan->descending,
                                    .filter = &plan->own,
                                    .limit = sorted ? PAGE_ROWS_SORTED : PAGE_ROWS,
                                    .max_bytes = PAGE_BYTES };
}

static int load_page(struct export_reader *reader, struct err *err)
{
    struct records_reader *r = (struct records_reader *)reader;
    if (store_walk_records(reader->store, &reader->page, reader->project_id,
                           reader->plan->resource->resource, &r->walk, &r->rows, &reader->n,
                           err) < 0)
        return err_wrap(err, "cannot read records");
    reader->done = r->walk.done;
    return 0;
}

static struct export_row *row_of(struct export_reader *reader, size_t i)
{
    struct records_reader *r = (struct records_reader *)reader;
    r->row = (struct export_row){ .item = record_at(reader->plan->resource->resource, r->rows, i),
                                  .secret = store_secret(reader->store) };
    return &r->row;
}

#define READING                                                                                    \
    .reader_bytes = sizeof(struct records_reader), .init = init_reader, .load = load_page,         \
    .row = row_of

#define ORDER(name, sort)                                                                          \
    {                                                                                              \
        name, sort, sort                                                                           \
    }

static const struct export_order customer_orders[] = {
    ORDER("name", RECORD_BY_NAME),
    ORDER("id", RECORD_BY_AGE), /* ids have no order that means more */
    ORDER("email", RECORD_BY_EMAIL),
    ORDER("source_id", RECORD_BY_SOURCE_ID),
    ORDER("created_at", RECORD_BY_AGE),
    ORDER("updated_at", RECORD_BY_CHANGE),
};

const struct export_resource export_customers = { .name = "customer",
                                                  .resource = RESOURCE_CUSTOMER,
                                                  .table = &customer_export,
                                                  .filters = &customer_filter_fields,
                                                  .orders = customer_orders,
                                                  .n_orders = ARRAY_LEN(customer_orders),
                                                  READING };

static const struct export_order order_orders[] = {
    ORDER("created_at", RECORD_BY_AGE),
    ORDER("updated_at", RECORD_BY_CHANGE),
    ORDER("status", RECORD_BY_STATUS),
};

const struct export_resource export_orders = { .name = "order",
                                               .resource = RESOURCE_ORDER,
                                               .table = &order_export,
                                               .filters = &order_filter_fields,
                                               .orders = order_orders,
                                               .n_orders = ARRAY_LEN(order_orders),
                                               READING };
