/* SPDX-License-Identifier: MIT */
/*
 * export_resource.h - what can be exported: a row for each resource.
 *
 * A row says what an export of it may ask for (export_plan.h) and how it is read, page by page
 * (export_csv.c does the rest).
 */
#ifndef API_EXPORT_RESOURCE_H
#define API_EXPORT_RESOURCE_H

#include "domain/export.h"
#include "domain/filter.h"
#include "store/store.h"

struct export_plan;

/* A value of the parameter `order`, and of it with a dash. */
struct export_order {
    const char *name;
    int up, down; /* as the store knows it; the same where it is told of the dash */
};

/* Reads an export; in the arena of its request, the struct of a resource begins with it. Nothing
 * but `load` may block. */
struct export_reader {
    struct store *store;
    int64_t project_id;
    const struct export_plan *plan;

    struct arena page; /* what load has read */
    size_t n;          /* lines of it */
    bool done;         /* there is no page behind it */
};

struct export_resource {
    const char *name; /* "voucher" */
    enum resource_type resource;
    const struct export_table *table;
    const struct filter_fields *filters;
    const struct export_order *orders;
    size_t n_orders;
    bool in_campaigns; /* it has the parameter campaign_id */

    size_t reader_bytes;
    /* The reader is zero but for what it begins with. */
    void (*init)(struct export_reader *r);
    /* The next page; none before the end when nothing has fitted for a while. In an offload
     * thread, with an empty arena. */
    int (*load)(struct export_reader *r, struct err *err);
    /* A line of it; valid until the next one. Its arena is the caller's to set. */
    struct export_row *(*row)(struct export_reader *r, size_t i);
};

extern const struct export_resource export_vouchers;                 /* export_vouchers.c */
extern const struct export_resource export_customers, export_orders; /* export_records.c */

/* NULL: there are no more. */
const struct export_resource *export_resource_at(size_t i);
/* NULL: it cannot be exported. */
const struct export_resource *export_resource_by_name(struct str name);
const struct export_resource *export_resource_of(enum resource_type resource);

/* "voucher, customer, …", for a message; in the arena, NULL: no memory. */
const char *export_resource_names(struct arena *a);

#endif
