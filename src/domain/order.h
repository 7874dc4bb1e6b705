/* SPDX-License-Identifier: MIT */
/*
 * order.h - orders: fields, items, amounts, JSON shape (reference 4.7, 3.21).
 *
 * See product.h. Items are kept as JSON text, as they are printed; what they say of products and
 * SKUs that are stored is filled in by the store.
 */
#ifndef DOMAIN_ORDER_H
#define DOMAIN_ORDER_H

#include "domain/customer.h"
#include "domain/field.h"
#include "domain/metadata_schema.h"
#include "domain/record.h"

#define ORDER_ITEMS_MAX  500
#define ORDER_IMPORT_MAX 2000
/* Of every number that is given: JSON clients read it exactly, and all items of an order add up. */
#define ORDER_NUMBER_MAX (((int64_t)1 << 53) - 1)

/* Stored values: never renumber. */
enum order_status {
    ORDER_NONE,
    ORDER_CREATED,
    ORDER_PAID,
    ORDER_CANCELED,
    ORDER_FULFILLED,
};

/* Bits of order.set that others than order.c ask for. */
enum order_field {
    ORDER_AMOUNT = RECORD_FIELD(1),
    ORDER_ITEMS = RECORD_FIELD(4),
    ORDER_CUSTOMER = RECORD_FIELD(5),
    ORDER_REFERRER = RECORD_FIELD(6),
};

struct order {
    union {
        struct record record;
        struct {
            RECORD_MEMBERS;
        };
    };
    uint8_t status_name;                             /* as given: enum order_status */
    int64_t status;                                  /* as stored */
    int64_t amount, initial_amount, discount_amount; /* minor units; FIELD_NONE: none */
    struct str items;                                /* JSON array; {NULL,0}: none */
    int64_t customer_key, referrer_key;              /* FIELD_NONE: nobody */

    /* Only as given. */
    const struct customer *customer, *referrer; /* NULL: not given */
    struct str item_text;                       /* JSON array; {NULL,0}: not given */
};

extern const char *const order_status_names[]; /* by enum order_status; NULL-terminated */

/* Its JSON members but items, metadata, customer and referrer; and the numbers that an item may
 * have, each with its least value (false: there are no more). */
extern const struct field_table order_fields;
bool order_item_number(size_t i, const char **name, int64_t *least);

/* The body of a POST or PUT, or an item of an import. ERR_INVALID_PAYLOAD names what is wrong. */
int order_from_json(const struct json *body, struct arena *a, struct order *o,
                    struct err *err) MUST_CHECK;
/* An item of an import, before it is queued: everything but the amounts. */
int order_check(const struct json *body, struct err *err) MUST_CHECK;
int order_from_item(const struct json *item, struct arena *a, struct order *o, struct str *reason,
                    struct err *err) MUST_CHECK;
int order_merge(struct record *stored, const struct record *given, struct arena *a, bool *changed,
                struct str *reason, struct err *err) MUST_CHECK;

/* Checks the metadata of the items that are given, each as a new one: an order's items are replaced
 * together. 0; 1: one does not fit, with *reason in the arena; -1. schema NULL: all fit. */
int order_check_items(const struct order *o, const struct metadata_schema *schema,
                      struct arena *scratch, struct arena *a, struct str *reason,
                      struct err *err) MUST_CHECK;

/* What an item says of the product, or SKU, that it is about; {NULL,0}: nothing. */
struct order_item {
    struct str product, sku;                    /* id or source id */
    const struct json *product_data, *sku_data; /* nested objects; NULL: none */
    bool product_override, sku_override;
};
void order_read_item(const struct json *item, struct order_item *out);

/* An item as it is printed. known: stored data of the product and the SKU, as JSON objects; a price
 * of FIELD_NONE is none. *amount: what it costs, FIELD_NONE when that cannot be told. */
struct order_known {
    struct str product_id, product, sku_id, sku;
    int64_t price;
};
void order_put_item(struct json_out *o, const struct json *item, const struct order_known *known,
                    int64_t *amount);

/* What is off the items of a stored order; FIELD_NONE: they do not say. Only items that do are
 * parsed, in the arena, and nothing of that is needed any more. */
int order_items_discount(const struct order *o, struct arena *scratch, int64_t *out,
                         struct err *err) MUST_CHECK;
/* What the API prints of its amounts: off the order and off its items. FIELD_NONE: nothing. */
int64_t order_total_discount(const struct order *o, int64_t items_discount);
int64_t order_total_amount(const struct order *o, int64_t items_discount);

/* What is not in the order itself. */
struct order_shown {
    const char *id, *customer_id, *referrer_id; /* the last two NULL: nobody */
    int64_t items_discount;
};
void order_put_json(struct json_out *o, const struct order *order, const struct order_shown *shown);

#endif
