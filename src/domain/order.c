/* SPDX-License-Identifier: MIT */
/* order.c - see order.h. The order of printed members is that of the public API. */
#include "domain/order.h"

#include <string.h>

#include "base/time_iso.h"
#include "domain/record_read.h"

const char *const order_status_names[] = { "", "CREATED", "PAID", "CANCELED", "FULFILLED", NULL };

#define BIT_STATUS RECORD_FIELD(0)
#define MONEY_BITS (RECORD_FIELD(1) | RECORD_FIELD(2) | RECORD_FIELD(3))

static const struct field fields[] = {
    RECORD_ROW(order, NULL, id, ".id", FIELD_TEXT, 0),
    RECORD_ROW(order, NULL, source_id, ".source_id", FIELD_TEXT, RECORD_SOURCE_ID),
    { .path = ".status",
      .kind = FIELD_ENUM,
      .flags = FIELD_IN_JSON,
      .bit = BIT_STATUS,
      .offset = offsetof(struct order, status_name),
      .names = order_status_names },
    RECORD_ROW(order, NULL, amount, ".amount", FIELD_MONEY, RECORD_FIELD(1)),
    RECORD_ROW(order, NULL, initial_amount, ".initial_amount", FIELD_MONEY, RECORD_FIELD(2)),
    RECORD_ROW(order, NULL, discount_amount, ".discount_amount", FIELD_MONEY, RECORD_FIELD(3)),
};
const struct field_table order_fields = { fields, ARRAY_LEN(fields) };

/* ---- items ---- */

/* Numbers of an item, and what is the least of each. */
static const struct {
    const char *name;
    int64_t least;
} item_numbers[] = {
    { "quantity", 0 }, { "initial_quantity", 1 }, { "discount_quantity", 0 },
    { "amount", 0 },   { "discount_amount", 0 },  { "initial_amount", 0 },
    { "price", 0 },
};

bool order_item_number(size_t i, const char **name, int64_t *least)
{
    if (i >= ARRAY_LEN(item_numbers))
        return false;
    *name = item_numbers[i].name;
    *least = item_numbers[i].least;
    return true;
}

#define TOO_MUCH "must be <= 9007199254740991" /* ORDER_NUMBER_MAX */

static int check_number(const struct json *item, size_t at, size_t number, struct err *err)
{
    const char *name = item_numbers[number].name;
    const struct json *value = json_member(item, name);
    struct field f = { .kind = FIELD_INTEGER };
    int64_t n = 0;
    if (value == NULL || value->type == JSON_NULL)
        return 0;
    const char *what = field_from_json(&f, value, &n);
    if (what == NULL && n > ORDER_NUMBER_MAX)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .items[%zu].%s " TOO_MUCH, at, name);
    if (what == NULL && n >= item_numbers[number].least)
        return 0;
    if (field_json_type(&f, value) != NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .items[%zu].%s must be integer", at,
                       name);
    return err_set(err, ERR_INVALID_PAYLOAD, "Property .items[%zu].%s cannot be lower than %lld",
                   at, name, (long long)item_numbers[number].least);
}

static int check_related(const struct json *item, size_t at, struct err *err)
{
    const struct json *value = json_member(item, "related_object");
    if (value == NULL || value->type == JSON_NULL ||
        (value->type == JSON_STRING &&
         (str_is(value->text, "product") || str_is(value->text, "sku"))))
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "Property .items[%zu].related_object must be equal to one of the allowed values "
                   "[ product, sku ]",
                   at);
}

static int check_item(const struct json *item, size_t at, struct err *err)
{
    static const char *const objects[] = { "product", "sku", "metadata" };
    if (item->type != JSON_OBJECT)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .items[%zu] must be object", at);
    for (size_t i = 0; i < ARRAY_LEN(item_numbers); i++)
        if (check_number(item, at, i, err) < 0)
            return -1;
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        const struct json *value = json_member(item, objects[i]);
        if (value != NULL && value->type != JSON_NULL && value->type != JSON_OBJECT)
            return err_set(err, ERR_INVALID_PAYLOAD, "Property .items[%zu].%s must be object", at,
                           objects[i]);
    }
    return check_related(item, at, err);
}

static int check_items(const struct json *body, struct err *err)
{
    const struct json *items = json_member(body, "items");
    size_t n = 0;
    if (items == NULL || items->type == JSON_NULL)
        return 0;
    if (items->type != JSON_ARRAY)
        return err_set(err, ERR_INVALID_PAYLOAD, "Property .items must be array");
    for (const struct json *item = items->child; item != NULL; item = item->next)
        if (check_item(item, n++, err) < 0)
            return -1;
    return n <= ORDER_ITEMS_MAX
               ? 0
               : err_set(err, ERR_INVALID_PAYLOAD,
                         "Property .items must NOT have more than %d items", ORDER_ITEMS_MAX);
}

static struct str text_member(const struct json *object, const char *name)
{
    const struct json *m = json_member(object, name);
    return m != NULL && m->type == JSON_STRING && m->text.len > 0 ? m->text
                                                                  : (struct str){ NULL, 0 };
}

static bool is_true(const struct json *object, const char *name)
{
    const struct json *m = json_member(object, name);
    return m != NULL && m->type == JSON_TRUE;
}

static struct str first_of(struct str a, struct str b, struct str c)
{
    return a.p != NULL ? a : b.p != NULL ? b : c;
}

void order_read_item(const struct json *item, struct order_item *out)
{
    const struct json *product = json_member(item, "product"), *sku = json_member(item, "sku");
    const struct str source = text_member(item, "source_id");
    const bool is_sku = str_is(text_member(item, "related_object"), "sku");
    const struct str none = { NULL, 0 };
    *out = (struct order_item){
        .product_data = product != NULL && product->type == JSON_OBJECT ? product : NULL,
        .sku_data = sku != NULL && sku->type == JSON_OBJECT ? sku : NULL,
    };
    out->product = first_of(text_member(item, "product_id"), text_member(product, "id"),
                            text_member(product, "source_id"));
    out->sku = first_of(text_member(item, "sku_id"), text_member(sku, "id"),
                        text_member(sku, "source_id"));
    if (out->sku.p == NULL && is_sku)
        out->sku = source;
    if (out->product.p == NULL && !is_sku)
        out->product = out->sku.p == NULL ? source : none;
    out->product_override = is_true(out->product_data, "override");
    out->sku_override = is_true(out->sku_data, "override");
}

static int64_t number_member(const struct json *item, const char *name)
{
    const struct json *m = json_member(item, name);
    const struct field f = { .kind = FIELD_INTEGER };
    int64_t n;
    return m != NULL && m->type == JSON_NUMBER && field_from_json(&f, m, &n) == NULL ? n
                                                                                     : FIELD_NONE;
}

static void put_number(struct json_out *o, const char *key, int64_t n)
{
    if (n == FIELD_NONE)
        return;
    json_key(o, key);
    json_int(o, n);
}

static void put_known(struct json_out *o, const char *key, struct str value)
{
    if (value.p == NULL)
        return;
    json_key(o, key);
    json_str(o, value);
}

/* What is stored, or what was given. */
static void put_object(struct json_out *o, const char *key, struct str known,
                       const struct json *given)
{
    if (known.p == NULL && given == NULL)
        return;
    json_key(o, key);
    if (known.p != NULL)
        json_raw(o, known);
    else
        json_put_tree(o, given);
}

static bool multiply(int64_t price, int64_t quantity, int64_t *amount)
{
    return price != FIELD_NONE && quantity != FIELD_NONE &&
           !__builtin_mul_overflow(price, quantity, amount);
}

void order_put_item(struct json_out *o, const struct json *item, const struct order_known *known,
                    int64_t *amount)
{
    static const char *const texts[] = { "id", "source_id", "related_object" };
    static const char *const quantities[] = { "quantity", "initial_quantity", "discount_quantity" };
    struct order_item read;
    int64_t price = number_member(item, "price");
    const int64_t discount = number_member(item, "discount_amount");
    const int64_t quantity = number_member(item, "quantity");
    order_read_item(item, &read);
    if (price == FIELD_NONE)
        price = known->price;
    *amount = number_member(item, "amount");
    if (*amount == FIELD_NONE && !multiply(price, quantity, amount))
        *amount = FIELD_NONE;
    json_object(o);
    json_key(o, "object");
    json_str(o, STR("order_item"));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        put_known(o, texts[i], text_member(item, texts[i]));
    put_known(o, "product_id",
              known->product_id.p != NULL ? known->product_id : text_member(item, "product_id"));
    put_known(o, "sku_id", known->sku_id.p != NULL ? known->sku_id : text_member(item, "sku_id"));
    for (size_t i = 0; i < ARRAY_LEN(quantities); i++)
        put_number(o, quantities[i], number_member(item, quantities[i]));
    put_number(o, "amount", *amount);
    put_number(o, "discount_amount", discount);
    put_number(o, "price", price);
    put_number(o, "initial_amount", number_member(item, "initial_amount"));
    if (*amount != FIELD_NONE)
        put_number(o, "subtotal_amount", discount != FIELD_NONE ? *amount - discount : *amount);
    put_object(o, "product", known->product, read.product_data);
    put_object(o, "sku", known->sku, read.sku_data);
    const struct json *metadata = json_member(item, "metadata");
    if (metadata != NULL && metadata->type == JSON_OBJECT)
        put_object(o, "metadata", (struct str){ NULL, 0 }, metadata);
    json_object_end(o);
}

/* ---- reading ---- */

/* A customer object, or its id alone in another member. */
static int read_customer(const struct json *body, const char *path, const char *id_member,
                         struct arena *a, const struct customer **out, struct err *err)
{
    const struct json *object = json_member(body, path + 1);
    const struct str id =
        id_member != NULL ? text_member(body, id_member) : (struct str){ NULL, 0 };
    const bool given = object != NULL && object->type != JSON_NULL;
    if (!given && id.p == NULL)
        return 0;
    struct customer *c = arena_calloc(a, sizeof(*c));
    if (c == NULL)
        return err_nomem(err);
    *out = c;
    if (given)
        return customer_from_json(object, path, a, c, err);
    c->id = id;
    c->updated_ms = c->binned_ms = TIME_NONE;
    return 0;
}

static int check_customer(const struct json *body, const char *path, struct err *err)
{
    const struct json *c = json_member(body, path + 1);
    if (c == NULL || c->type == JSON_NULL)
        return 0;
    return c->type == JSON_OBJECT
               ? customer_check(c, path, err)
               : err_set(err, ERR_INVALID_PAYLOAD, "Property %s must be object", path);
}

/* NULL, or what is wrong with a member. */
static const char *wrong_value(const struct field *f, const struct json *body)
{
    struct order o = { .amount = 0 };
    const struct json *value = field_in_json(f, body);
    if (value == NULL || value->type == JSON_NULL)
        return NULL;
    const char *what = field_from_json(f, value, &o);
    if (what != NULL || f->kind != FIELD_MONEY)
        return what;
    const int64_t n = *(const int64_t *)(const void *)((const char *)&o + f->offset);
    return n > ORDER_NUMBER_MAX ? TOO_MUCH : NULL;
}

int order_check(const struct json *body, struct err *err)
{
    if (record_check_fields(&order_fields, &(struct record_body){ body, "", false }, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) { /* and the values, which end an import early */
        const char *what = wrong_value(&fields[i], body);
        if (what != NULL && fields[i].kind == FIELD_ENUM)
            return err_set(err, ERR_INVALID_PAYLOAD,
                           "Property .status must be equal to one of the allowed values [ CREATED, "
                           "PAID, CANCELED, FULFILLED ]");
        if (what != NULL)
            return err_set(err, ERR_INVALID_PAYLOAD, "Property %s %s", fields[i].path, what);
    }
    return check_customer(body, ".customer", err) < 0 || check_customer(body, ".referrer", err) < 0
               ? -1
               : check_items(body, err);
}

int order_from_json(const struct json *body, struct arena *a, struct order *o, struct err *err)
{
    const struct record_body b = { .json = body, .path = "" };
    *o = (struct order){ .status = ORDER_CREATED,
                         .amount = FIELD_NONE,
                         .initial_amount = FIELD_NONE,
                         .discount_amount = FIELD_NONE,
                         .customer_key = FIELD_NONE,
                         .referrer_key = FIELD_NONE };
    record_init(&o->record);
    if (order_check(body, err) < 0 || record_take_fields(&order_fields, &b, &o->record, err) < 0 ||
        record_take_tree(&b, ".metadata", JSON_OBJECT, RECORD_METADATA, &o->record, &o->metadata, a,
                         err) < 0 ||
        read_customer(body, ".customer", NULL, a, &o->customer, err) < 0 ||
        read_customer(body, ".referrer", "referrer_id", a, &o->referrer, err) < 0)
        return -1;
    if (o->status_name != ORDER_NONE)
        o->status = o->status_name;
    else
        o->set &= ~BIT_STATUS; /* null */
    if (record_take_tree(&b, ".items", JSON_ARRAY, ORDER_ITEMS, &o->record, &o->item_text, a, err) <
        0)
        return -1;
    o->set |=
        (o->customer != NULL ? ORDER_CUSTOMER : 0) | (o->referrer != NULL ? ORDER_REFERRER : 0);
    return 0;
}

int order_from_item(const struct json *item, struct arena *a, struct order *o, struct str *reason,
                    struct err *err)
{
    struct err why = { 0 };
    return order_from_json(item, a, o, &why) < 0 ? record_fails(&why, a, reason, err) : 0;
}

int order_check_items(const struct order *o, const struct metadata_schema *schema,
                      struct arena *scratch, struct arena *a, struct str *reason, struct err *err)
{
    struct json *items = NULL;
    if (schema == NULL || o->item_text.p == NULL)
        return 0;
    if (json_parse(scratch, o->item_text, &items, err) < 0)
        return err_wrap(err, "items on their way cannot be read");
    for (const struct json *item = items->child; item != NULL; item = item->next) {
        const struct json *metadata = json_member(item, "metadata");
        const bool given = metadata != NULL && metadata->type == JSON_OBJECT;
        const int rc =
            metadata_check(schema, given ? metadata : NULL, METADATA_CREATE, a, reason, err);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static bool assign(int64_t *to, int64_t from)
{
    const bool changed = *to != from;
    *to = from;
    return changed;
}

int order_merge(struct record *stored, const struct record *given, struct arena *a, bool *changed,
                struct str *reason, struct err *err)
{
    struct order *o = (struct order *)(void *)stored;
    const struct order *g = (const struct order *)(const void *)given;
    const int rc =
        record_merge_fields(&order_fields, MONEY_BITS, stored, given, a, changed, reason, err);
    if (rc != 0)
        return rc;
    if ((g->set & BIT_STATUS) != 0)
        *changed |= assign(&o->status, g->status);
    if ((g->set & ORDER_ITEMS) != 0)
        *changed |= record_assign_text(&o->items, g->items);
    if ((g->set & ORDER_CUSTOMER) != 0)
        *changed |= assign(&o->customer_key, g->customer_key);
    if ((g->set & ORDER_REFERRER) != 0)
        *changed |= assign(&o->referrer_key, g->referrer_key);
    return 0;
}

/* ---- amounts ---- */

int64_t order_total_discount(const struct order *o, int64_t items_discount)
{
    if (o->amount == FIELD_NONE || items_discount == FIELD_NONE)
        return o->amount == FIELD_NONE ? FIELD_NONE : o->discount_amount;
    return o->discount_amount == FIELD_NONE ? items_discount : o->discount_amount + items_discount;
}

int64_t order_total_amount(const struct order *o, int64_t items_discount)
{
    const int64_t discount = order_total_discount(o, items_discount);
    return discount == FIELD_NONE ? o->amount : o->amount - discount;
}

static int64_t sum_of_discounts(const struct json *items)
{
    int64_t sum = FIELD_NONE;
    for (const struct json *item = items->child; item != NULL; item = item->next) {
        const int64_t n = number_member(item, "discount_amount");
        if (n == FIELD_NONE)
            continue;
        if (sum == FIELD_NONE)
            sum = 0;
        if (__builtin_add_overflow(sum, n, &sum))
            return FIELD_NONE;
    }
    return sum;
}

int order_items_discount(const struct order *o, struct arena *scratch, int64_t *out,
                         struct err *err)
{
    static const char name[] = "\"discount_amount\"";
    struct json *items = NULL;
    *out = FIELD_NONE;
    if (o->items.len == 0 || memmem(o->items.p, o->items.len, name, sizeof(name) - 1) == NULL)
        return 0;
    if (json_parse(scratch, o->items, &items, err) < 0) {
        if (err->code != ERR_NOMEM)
            err->code = ERR_STORE;
        return err_wrap(err, "stored items cannot be read");
    }
    *out = sum_of_discounts(items);
    return 0;
}

/* ---- printing ---- */

static void put_customer(struct json_out *o, const char *key, const char *id)
{
    if (id == NULL)
        return;
    json_key(o, key);
    json_object(o);
    record_put_text(o, "id", str_of(id));
    record_put_text(o, "object", STR("customer"));
    json_object_end(o);
}

static void put_id(struct json_out *o, const char *key, const char *id)
{
    record_put_text(o, key, id != NULL ? str_of(id) : (struct str){ NULL, 0 });
}

void order_put_json(struct json_out *o, const struct order *order, const struct order_shown *shown)
{
    const int64_t items_discount = shown->items_discount;
    json_object(o);
    record_put_text(o, "id", str_of(shown->id));
    record_put_text(o, "source_id", order->source_id);
    record_put_times(o, &order->record);
    record_put_text(o, "status", str_of(order_status_names[order->status]));
    put_number(o, "amount", order->amount);
    put_number(o, "initial_amount", order->initial_amount);
    put_number(o, "discount_amount", order->discount_amount);
    put_number(o, "items_discount_amount", items_discount);
    put_number(o, "total_discount_amount", order_total_discount(order, items_discount));
    put_number(o, "total_amount", order_total_amount(order, items_discount));
    if (order->items.p != NULL)
        record_put_raw(o, "items", order->items, "[]");
    if (order->metadata.len > 2)
        record_put_raw(o, "metadata", order->metadata, "{}");
    put_customer(o, "customer", shown->customer_id);
    put_customer(o, "referrer", shown->referrer_id);
    put_id(o, "customer_id", shown->customer_id);
    put_id(o, "referrer_id", shown->referrer_id);
    record_put_text(o, "object", STR("order"));
    json_object_end(o);
}
