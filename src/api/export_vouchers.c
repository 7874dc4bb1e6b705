/* SPDX-License-Identifier: MIT */
/* export_vouchers.c - exports of vouchers, with the names of what they belong to and who has
 * them. */
#include "api/api_priv.h"
#include "api/export_plan.h"
#include "api/export_resource.h"
#include "domain/voucher_export.h"
#include "domain/voucher_filter.h"

#define PAGE_ROWS      500
#define PAGE_ROWS_SLOW 5000 /* of an order that looks at everything for each page */
#define PAGE_BYTES     (4 * MIB)

/* Who has a voucher. */
struct holder {
    char id[ID_MAX_LEN];
    struct str source_id;
};

struct vouchers_reader {
    struct export_reader reader; /* first */
    struct voucher_walk walk;
    struct voucher *rows;
    struct api_names names;
    struct holder *holders; /* of the rows; NULL: no column tells them */
    struct api_name_ids ids;
    struct voucher_export_row row;
};

static void init_reader(struct export_reader *reader)
{
    struct vouchers_reader *r = (struct vouchers_reader *)reader;
    const enum voucher_order order = (enum voucher_order)reader->plan->order;
    const bool slow = order == VOUCHER_BY_CHANGE || order == VOUCHER_BY_CHANGE_DESC;
    r->walk = (struct voucher_walk){ .order = order,
                                     .filter = &reader->plan->own,
                                     .limit = slow ? PAGE_ROWS_SLOW : PAGE_ROWS,
                                     .max_bytes = PAGE_BYTES };
}

/* ---- loading ---- */

static bool tells_holders(const struct export_plan *plan)
{
    for (size_t i = 0; i < plan->n_columns; i++) {
        if (voucher_export_is_holder(&plan->columns[i]))
            return true;
    }
    return false;
}

static int load_holders(struct vouchers_reader *r, struct err *err)
{
    struct export_reader *x = &r->reader;
    r->holders = NULL;
    if (x->n == 0 || !tells_holders(x->plan))
        return 0;
    r->holders = arena_calloc(&x->page, x->n * sizeof(*r->holders));
    if (r->holders == NULL)
        return err_nomem(err);
    for (size_t i = 0; i < x->n; i++) {
        struct holder *h = &r->holders[i];
        struct record *customer = NULL;
        if (r->rows[i].holder_id == 0)
            continue;
        id_encode(store_secret(x->store), ID_CUSTOMER, r->rows[i].holder_id, h->id);
        if (store_find_record(x->store, &x->page, x->project_id, RESOURCE_CUSTOMER, str_of(h->id),
                              &customer, err) < 0)
            return -1;
        if (customer != NULL)
            h->source_id = customer->source_id;
    }
    return 0;
}

static int load_page(struct export_reader *reader, struct err *err)
{
    struct vouchers_reader *r = (struct vouchers_reader *)reader;
    if (store_walk_vouchers(reader->store, &reader->page, reader->project_id, &r->walk, &r->rows,
                            &reader->n, err) < 0 ||
        api_names_read(reader->store, reader->project_id, r->rows, reader->n, sizeof(*r->rows),
                       &reader->page, &r->names, err) < 0 ||
        load_holders(r, err) < 0)
        return err_wrap(err, "cannot read vouchers");
    reader->done = r->walk.done;
    return 0;
}

/* ---- lines ---- */

static struct export_row *row_of(struct export_reader *reader, size_t i)
{
    struct vouchers_reader *r = (struct vouchers_reader *)reader;
    const struct id_secret *secret = store_secret(reader->store);
    const struct voucher *v = &r->rows[i];
    r->row = (struct voucher_export_row){ .head = { .item = v, .secret = secret } };
    id_encode(secret, ID_VOUCHER, v->key, r->ids.own);
    api_names_of(&r->names, v, &r->ids, &r->row.names);
    if (r->holders != NULL) {
        r->row.holder_id = str_of(r->holders[i].id);
        r->row.holder_source_id = r->holders[i].source_id;
    }
    return &r->row.head;
}

static const struct export_order orders[] = {
    { "created_at", VOUCHER_OLDEST_FIRST, VOUCHER_NEWEST_FIRST },
    { "updated_at", VOUCHER_BY_CHANGE, VOUCHER_BY_CHANGE_DESC },
    { "code", VOUCHER_BY_CODE, VOUCHER_BY_CODE_DESC },
};

const struct export_resource export_vouchers = { .name = "voucher",
                                                 .resource = RESOURCE_VOUCHER,
                                                 .table = &voucher_export,
                                                 .filters = &voucher_filter_fields,
                                                 .orders = orders,
                                                 .n_orders = ARRAY_LEN(orders),
                                                 .in_campaigns = true,
                                                 .reader_bytes = sizeof(struct vouchers_reader),
                                                 .init = init_reader,
                                                 .load = load_page,
                                                 .row = row_of };
