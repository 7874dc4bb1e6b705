/* SPDX-License-Identifier: MIT */
/* products.c - /v1/products, and their SKUs below them and by id (reference 4.5, 4.6). */
#include "api/records.h"
#include "base/time_iso.h"
#include "domain/product.h"
#include "domain/record_filter.h"
#include "domain/sku.h"

/* Of a product: as many as its list of SKUs has in all of its pages, but no more text than a
 * response takes with ease; of each product of a list fewer. `total` tells how many there are. */
#define SKUS_SHOWN        10000
#define SKUS_SHOWN_BYTES  (16 * MIB)
#define SKUS_SHOWN_LISTED 100
#define SKUS_AT_ONCE      1000

/* The API has one list of orders for several resources. */
static const struct record_order orders[] = {
    { "created_at", RECORD_BY_AGE },
    { "updated_at", RECORD_BY_CHANGE },
    { "source_id", RECORD_BY_SOURCE_ID }, /* not the API's, but of use */
    { "type", RECORD_BY_AGE },            /* the others are nothing that a product has */
    { "code", RECORD_BY_AGE },
    { "campaign", RECORD_BY_AGE },
    { "category", RECORD_BY_AGE },
    { NULL, 0 },
};

/* ---- SKUs ---- */

static int read_sku(const struct json *body, struct arena *a, struct record *given, struct err *err)
{
    return sku_from_json(body, a, (struct sku *)(void *)given, err);
}

static int put_sku(struct request *rq, struct json_out *o, const struct record *r, bool alone,
                   struct err *err)
{
    const struct sku *s = (const struct sku *)(const void *)r;
    const struct id_secret *secret = store_secret(api_of(rq)->store);
    char id[ID_MAX_LEN], product[ID_MAX_LEN];
    (void)alone;
    (void)err;
    id_encode(secret, ID_SKU, s->key, id);
    id_encode(secret, ID_PRODUCT, s->product_key, product);
    sku_put_json(o, s, id, product);
    return 0;
}

const struct record_api api_skus = {
    .resource = RESOURCE_SKU,
    .type = "sku",
    .data_ref = "skus",
    .schema = "product",
    .id = ID_SKU,
    .bytes = sizeof(struct sku),
    .page_max = 100,
    .orders = orders,
    .read = read_sku,
    .put = put_sku,
};

/* The product of the path. */
static int find_product(struct request *rq, struct record **out, struct err *err)
{
    return records_find(rq, RESOURCE_PRODUCT, "product", rq->args[0], out, err);
}

int api_skus_list(struct request *rq, struct response *rs, struct err *err)
{
    struct record *product;
    return find_product(rq, &product, err) < 0 ? -1
                                               : records_list(rq, rs, &api_skus, product->key, err);
}

int api_skus_get(struct request *rq, struct response *rs, struct err *err)
{
    return records_get(rq, rs, &api_skus, rq->args[0], err);
}

int api_skus_save(struct request *rq, struct response *rs, struct err *err)
{
    struct record *product;
    const struct json *body;
    struct sku *given = arena_calloc(&rq->arena, sizeof(*given));
    (void)rs;
    if (given == NULL)
        return err_nomem(err);
    if (find_product(rq, &product, err) < 0 || api_read_object(rq, &body, err) < 0 ||
        sku_from_json(body, &rq->arena, given, err) < 0)
        return -1;
    given->product = rq->args[0];
    given->product_key = product->key;
    return records_save_with(rq, &api_skus, &given->record, err);
}

int api_skus_change(struct request *rq, struct response *rs, struct err *err)
{
    struct record *product;
    (void)rs;
    return find_product(rq, &product, err) < 0
               ? -1
               : records_change(rq, &api_skus, rq->args[1], product->key, err);
}

int api_skus_delete(struct request *rq, struct response *rs, struct err *err)
{
    struct record *product;
    (void)rs;
    return find_product(rq, &product, err) < 0
               ? -1
               : records_delete(rq, &api_skus, rq->args[1], product->key, NULL, err);
}

int api_skus_import_csv(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return csv_import_start(rq, ACTION_SKUS_IMPORT_CSV, HTTP_OK, err);
}

/* ---- products ---- */

/* One page of them, behind page->after_key. */
static int put_some_skus(struct request *rq, struct json_out *o, struct record_page *page,
                         size_t *n, int64_t *total, bool *more, struct err *err)
{
    struct record *rows;
    if (store_list_records(api_of(rq)->store, &rq->arena, rq->project->id, RESOURCE_SKU, page,
                           &rows, n, total, more, err) < 0)
        return err_wrap(err, "cannot list the SKUs of a product");
    for (size_t i = 0; i < *n; i++) {
        const struct record *sku = record_at(RESOURCE_SKU, rows, i);
        page->after_key = sku->key;
        if (put_sku(rq, o, sku, false, err) < 0)
            return -1;
    }
    return 0;
}

static int put_skus(struct request *rq, struct json_out *o, int64_t product, size_t most,
                    struct err *err)
{
    struct record_page page = { .parent_key = product,
                                .created_before_ms = TIME_NONE,
                                .created_after_ms = TIME_NONE,
                                .updated_before_ms = TIME_NONE,
                                .updated_after_ms = TIME_NONE };
    size_t shown = 0, n;
    int64_t total;
    bool more;
    json_key(o, "skus");
    api_list_head(o, "data");
    json_array(o);
    do {
        page.limit = most - shown < SKUS_AT_ONCE ? most - shown : SKUS_AT_ONCE;
        if (put_some_skus(rq, o, &page, &n, &total, &more, err) < 0)
            return -1;
        shown += n;
    } while (more && shown < most && o->b->len < SKUS_SHOWN_BYTES);
    json_array_end(o);
    json_key(o, "total");
    json_int(o, total);
    json_object_end(o);
    return 0;
}

static int read_product(const struct json *body, struct arena *a, struct record *given,
                        struct err *err)
{
    return product_from_json(body, a, (struct product *)(void *)given, err);
}

/* With so many of its SKUs; 0: without the list of them. */
static int put_with_skus(struct request *rq, struct json_out *o, const struct record *r,
                         size_t skus_shown, struct err *err)
{
    char id[ID_MAX_LEN];
    id_encode(store_secret(api_of(rq)->store), ID_PRODUCT, r->key, id);
    product_put_members(o, (const struct product *)(const void *)r, id);
    if (skus_shown > 0 && put_skus(rq, o, r->key, skus_shown, err) < 0)
        return -1;
    json_object_end(o);
    return 0;
}

static int put_product(struct request *rq, struct json_out *o, const struct record *r, bool alone,
                       struct err *err)
{
    return put_with_skus(rq, o, r, alone ? SKUS_SHOWN_LISTED : 0, err);
}

const struct record_api api_products = {
    .resource = RESOURCE_PRODUCT,
    .type = "product",
    .data_ref = "products",
    .schema = "product",
    .id = ID_PRODUCT,
    .bytes = sizeof(struct product),
    .page_max = 100,
    .orders = orders,
    .filters = &record_filter_fields,
    .read = read_product,
    .put = put_product,
};

int api_products_list(struct request *rq, struct response *rs, struct err *err)
{
    return records_list(rq, rs, &api_products, 0, err);
}

int api_products_get(struct request *rq, struct response *rs, struct err *err)
{
    struct json_out o = { .b = &rs->body };
    struct record *product;
    return find_product(rq, &product, err) < 0 ||
                   put_with_skus(rq, &o, product, SKUS_SHOWN, err) < 0
               ? -1
               : reply_json(rs, HTTP_OK, err);
}

int api_products_save(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_save(rq, &api_products, err);
}

int api_products_change(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_change(rq, &api_products, rq->args[0], 0, err);
}

int api_products_delete(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return records_delete(rq, &api_products, rq->args[0], 0, NULL, err);
}

int api_products_import_csv(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return csv_import_start(rq, ACTION_PRODUCTS_IMPORT_CSV, HTTP_OK, err);
}
