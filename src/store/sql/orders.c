/* SPDX-License-Identifier: MIT */
/*
 * orders.c - what an order refers to: customers, who are upserted, and products and SKUs, which are
 * shown as they are stored, and written where an item says `override` (reference 4.7, 3.21).
 */
#include "domain/order.h"
#include "domain/product.h"
#include "domain/record_read.h"
#include "domain/sku.h"
#include "store/sql/records.h"

/* A writer of another table, with the number of the order's. */
static int writer_beside(const struct record_applier *ap, enum resource_type resource,
                         struct record_applier *out, struct err *err)
{
    *out = *ap;
    out->table = record_table_of(resource);
    out->keys = (struct key_range){ 0 };
    out->created = 0;
    out->alone = false;
    return record_begin(out, err);
}

static int refused(struct record_applier *ap, enum failure_kind kind, const struct err *why,
                   struct applied *out, struct err *err)
{
    const struct str reason = arena_str(ap->arena, str_of(why->msg));
    return reason.p == NULL ? err_nomem(err) : record_refused(out, kind, reason);
}

/* Errors of a neighbour that are the row's; any other is ours. */
static int pass_on(struct record_applier *ap, const struct err *why, struct applied *out,
                   struct err *err)
{
    switch (why->code) {
    case ERR_INVALID_PAYLOAD:
        return refused(ap, FAILURE_INVALID, why, out, err);
    case ERR_DUPLICATE:
        return refused(ap, FAILURE_DUPLICATE, why, out, err);
    case ERR_IN_USE:
        return refused(ap, FAILURE_IN_USE, why, out, err);
    case ERR_NOT_FOUND:
        return refused(ap, FAILURE_NOT_FOUND, why, out, err);
    default:
        *err = *why;
        return -1;
    }
}

/* Saves a record beside the order, by the rules of its own resource. */
static int save(struct record_applier *ap, enum resource_type resource, const struct record *given,
                struct record *stored, struct applied *out, struct err *err)
{
    const bool is_customer = resource == RESOURCE_CUSTOMER;
    struct record_applier writer;
    struct metadata_gate gate;
    struct err why = { 0 };
    if (writer_beside(ap, resource, &writer, err) < 0 ||
        metadata_gate_of(ap->db, ap->project_id, is_customer ? STR("customer") : STR("product"),
                         ap->arena, &gate, err) < 0)
        return -1;
    if (record_save(&writer, given, &gate, stored, &why) == 0)
        return 0;
    if (why.code == ERR_METADATA)
        return record_refused(out, FAILURE_METADATA, gate.reason);
    return pass_on(ap, &why, out, err);
}

/* ---- customers ---- */

static int find_customer(struct record_applier *ap, struct str id, int64_t *key, struct err *err)
{
    struct customer c;
    const int got = id.p != NULL ? record_find(ap->db, &ap->tx->store->base.secret,
                                               record_table_of(RESOURCE_CUSTOMER), ap->project_id,
                                               id, ap->arena, &c.record, err)
                                 : 0;
    if (got > 0)
        *key = c.key;
    return got;
}

static int resolve_customer(struct record_applier *ap, const struct customer *given, int64_t *key,
                            struct applied *out, struct err *err)
{
    struct customer stored;
    struct err why = { 0 };
    bool erased;
    if (given == NULL || out->outcome == OUTCOME_FAILED)
        return 0;
    if (erased_record_after(ap, record_table_of(RESOURCE_CUSTOMER), given->id, given->source_id,
                            &erased, err) < 0)
        return -1;
    if (erased) /* the order is nobody's */
        return 0;
    const int got = find_customer(ap, given->id, key, err);
    if (got < 0)
        return -1;
    if (got == 0 && given->id.p != NULL && given->source_id.p == NULL) {
        err_set(&why, ERR_NOT_FOUND, "Cannot find customer with id %.*s", STR_FMT(given->id));
        return pass_on(ap, &why, out, err);
    }
    if (ap->dry_run)
        return got > 0 ? 0 : find_customer(ap, given->source_id, key, err) < 0 ? -1 : 0;
    if (save(ap, RESOURCE_CUSTOMER, &given->record, &stored.record, out, err) < 0)
        return -1;
    if (out->outcome != OUTCOME_FAILED)
        *key = stored.key;
    return 0;
}

/* ---- products and SKUs ---- */

/* What a nested object says that is to be stored; its own source id, or that of the item. */
static int read_product(struct record_applier *ap, const struct json *data, struct str source_id,
                        struct product *p, struct err *err)
{
    if (product_from_json(data, ap->arena, p, err) < 0)
        return -1;
    if (p->source_id.p == NULL && p->id.p == NULL)
        p->source_id = source_id;
    p->set &= ~(uint32_t)RECORD_SOURCE_ID;
    p->replaces = (p->set & RECORD_METADATA) != 0;
    return 0;
}

static int read_sku(struct record_applier *ap, const struct json *data, struct str source_id,
                    int64_t product_key, struct sku *s, struct err *err)
{
    if (sku_from_json(data, ap->arena, s, err) < 0)
        return -1;
    if (s->source_id.p == NULL && s->id.p == NULL)
        s->source_id = source_id;
    s->product_key = product_key;
    s->set &= ~(uint32_t)RECORD_SOURCE_ID;
    s->replaces = (s->set & RECORD_METADATA) != 0;
    return 0;
}

/* Saves what an item overrides. 1: *stored is that; 0: there is none, as somebody has erased it
 * after the order was accepted, or the row fails. */
static int override(struct record_applier *ap, enum resource_type resource,
                    const struct record *given, struct record *stored, struct applied *out,
                    struct err *err)
{
    bool erased;
    if (erased_record_after(ap, record_table_of(resource), given->id, given->source_id, &erased,
                            err) < 0)
        return -1;
    if (erased)
        return 0;
    return save(ap, resource, given, stored, out, err) < 0 ? -1 : out->outcome != OUTCOME_FAILED;
}

/* 1: *stored is what the item is about; 0: nothing of the kind is stored. */
static int resolve_product(struct record_applier *ap, const struct order_item *item,
                           struct product *stored, struct applied *out, struct err *err)
{
    struct product given;
    struct err why = { 0 };
    if (item->product_override && !ap->dry_run) {
        if (read_product(ap, item->product_data, item->product, &given, &why) < 0)
            return pass_on(ap, &why, out, err);
        if (given.source_id.p != NULL || given.id.p != NULL)
            return override(ap, RESOURCE_PRODUCT, &given.record, &stored->record, out, err);
    }
    if (item->product.p == NULL)
        return 0;
    return record_find(ap->db, &ap->tx->store->base.secret, record_table_of(RESOURCE_PRODUCT),
                       ap->project_id, item->product, ap->arena, &stored->record, err);
}

static int resolve_sku(struct record_applier *ap, const struct order_item *item,
                       int64_t product_key, struct sku *stored, struct applied *out,
                       struct err *err)
{
    struct sku given;
    struct err why = { 0 };
    if (item->sku_override && !ap->dry_run && product_key != 0) {
        if (read_sku(ap, item->sku_data, item->sku, product_key, &given, &why) < 0)
            return pass_on(ap, &why, out, err);
        if (given.source_id.p != NULL || given.id.p != NULL)
            return override(ap, RESOURCE_SKU, &given.record, &stored->record, out, err);
    }
    if (item->sku.p == NULL)
        return 0;
    return record_find(ap->db, &ap->tx->store->base.secret, record_table_of(RESOURCE_SKU),
                       ap->project_id, item->sku, ap->arena, &stored->record, err);
}

/* ---- items ---- */

static void put_common(struct json_out *o, const char *id, struct str source_id, const char *name,
                       struct str value, struct str metadata, int64_t price)
{
    json_object(o);
    record_put_text(o, "id", str_of(id));
    record_put_text(o, "source_id", source_id);
    record_put_text(o, name, value);
    record_put_raw(o, "metadata", metadata, "{}");
    record_put_price(o, price);
    json_object_end(o);
}

/* Public id and data of what was found, in the arena. */
static int tell(struct record_applier *ap, enum id_kind kind, int64_t key, struct str source_id,
                const char *name, struct str value, struct str metadata, int64_t price,
                struct str *id_out, struct str *data, struct err *err)
{
    char id[ID_MAX_LEN];
    struct buf b;
    id_encode(&ap->tx->store->base.secret, kind, key, id);
    *id_out = arena_str(ap->arena, str_of(id));
    if (id_out->p == NULL)
        return err_nomem(err);
    buf_init(&b, 8 * MIB);
    put_common(&(struct json_out){ .b = &b }, id, source_id, name, value, metadata, price);
    return buf_keep(&b, ap->arena, data, err);
}

static int put_item(struct record_applier *ap, struct json_out *o, const struct json *item,
                    int64_t *amount, struct applied *out, struct err *err)
{
    struct order_known known = { .price = FIELD_NONE };
    struct order_item read;
    struct product product = { 0 };
    struct sku sku = { 0 };
    order_read_item(item, &read);
    int has_product = resolve_product(ap, &read, &product, out, err);
    if (has_product < 0 || out->outcome == OUTCOME_FAILED)
        return has_product < 0 ? -1 : 0;
    const int has_sku = resolve_sku(ap, &read, has_product > 0 ? product.key : 0, &sku, out, err);
    if (has_sku < 0 || out->outcome == OUTCOME_FAILED)
        return has_sku < 0 ? -1 : 0;
    if (has_sku > 0 && has_product == 0) {
        has_product = record_by_key(ap->db, record_table_of(RESOURCE_PRODUCT), ap->project_id,
                                    sku.product_key, ap->arena, &product.record, err);
        if (has_product < 0)
            return -1;
    }
    if (has_product > 0) {
        known.price = product.price;
        if (tell(ap, ID_PRODUCT, product.key, product.source_id, "name", product.name,
                 product.metadata, product.price, &known.product_id, &known.product, err) < 0)
            return -1;
    }
    if (has_sku > 0) {
        known.price = sku.price != FIELD_NONE ? sku.price : known.price;
        if (tell(ap, ID_SKU, sku.key, sku.source_id, "sku", sku.sku, sku.metadata, sku.price,
                 &known.sku_id, &known.sku, err) < 0)
            return -1;
    }
    /* Ids where they were given; and of a SKU, whose product it is. */
    if (has_sku <= 0 && json_member(item, "product_id") == NULL)
        known.product_id = (struct str){ NULL, 0 };
    if (json_member(item, "sku_id") == NULL)
        known.sku_id = (struct str){ NULL, 0 };
    order_put_item(o, item, &known, amount);
    return 0;
}

/* Items as they are stored, and the amount when the order gives none. */
static int resolve_items(struct record_applier *ap, struct order *order, struct applied *out,
                         struct err *err)
{
    struct buf b;
    struct json_out o = { .b = &b };
    int64_t sum = 0, amount = FIELD_NONE;
    struct json *given = NULL;
    bool priced = false;
    if (order->item_text.p == NULL || out->outcome == OUTCOME_FAILED)
        return 0;
    if (json_parse(ap->arena, order->item_text, &given, err) < 0)
        return err_wrap(err, "items on their way cannot be read");
    buf_init(&b, 16 * MIB);
    json_array(&o);
    for (const struct json *item = given->child; item != NULL; item = item->next) {
        if (put_item(ap, &o, item, &amount, out, err) < 0 || out->outcome == OUTCOME_FAILED) {
            buf_release(&b);
            return out->outcome == OUTCOME_FAILED ? 0 : -1;
        }
        priced = priced || amount != FIELD_NONE;
        if (amount != FIELD_NONE && __builtin_add_overflow(sum, amount, &sum))
            sum = INT64_MAX;
    }
    json_array_end(&o);
    if (priced && (order->set & ORDER_AMOUNT) == 0) {
        order->amount = sum;
        order->set |= ORDER_AMOUNT;
    }
    return buf_keep(&b, ap->arena, &order->items, err);
}

int order_resolve(struct record_applier *ap, struct record *given, struct applied *out,
                  struct err *err)
{
    struct order *order = (struct order *)(void *)given;
    if (resolve_customer(ap, order->customer, &order->customer_key, out, err) < 0 ||
        resolve_customer(ap, order->referrer, &order->referrer_key, out, err) < 0)
        return -1;
    return resolve_items(ap, order, out, err);
}
