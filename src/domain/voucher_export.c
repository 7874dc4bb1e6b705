/* SPDX-License-Identifier: MIT */
/* voucher_export.c - see voucher_export.h. */
#include <inttypes.h>

#include "base/time_iso.h"
#include "domain/voucher_export.h"
#include "domain/voucher_priv.h"

#define MINOR_UNITS 100 /* 10^MONEY_DIGITS */

/* ---- values ---- */

static void put_text(struct buf *b, const char *text)
{
    buf_puts(b, str_of(text));
}

static void put_bool(struct buf *b, bool v)
{
    put_text(b, v ? "true" : "false");
}

static void put_int(struct buf *b, int64_t n)
{
    buf_printf(b, "%" PRId64, n);
}

static void put_time(struct buf *b, int64_t ms)
{
    char text[TIME_ISO_LEN + 1];
    if (ms == TIME_NONE)
        return;
    time_iso_format(ms, text);
    put_text(b, text);
}

/* 200000 is 2000.00. */
static void put_minor(struct buf *b, int64_t n)
{
    const uint64_t size = n < 0 ? -(uint64_t)n : (uint64_t)n;
    buf_printf(b, "%s%" PRIu64 ".%02u", n < 0 ? "-" : "", size / MINOR_UNITS,
               (unsigned)(size % MINOR_UNITS));
}

static void put_money(struct buf *b, struct num n)
{
    if (n.is_int)
        put_minor(b, n.i);
    else
        num_put(b, (struct num){ .d = n.d / MINOR_UNITS });
}

/* A list without lists in it is written as imports read it, with commas; else it stays JSON. */
static bool is_plain_list(const struct json *v)
{
    if (v->type != JSON_ARRAY)
        return false;
    for (const struct json *e = v->child; e != NULL; e = e->next) {
        if (e->type == JSON_ARRAY || e->type == JSON_OBJECT)
            return false;
    }
    return true;
}

static void put_json(struct buf *b, const struct json *v)
{
    struct json_out o = { .b = b };
    if (v == NULL || v->type == JSON_NULL)
        return;
    if (v->type == JSON_STRING) {
        buf_puts(b, v->text);
    } else if (is_plain_list(v)) {
        for (const struct json *e = v->child; e != NULL; e = e->next) {
            put_json(b, e);
            if (e->next != NULL)
                buf_putc(b, ',');
        }
    } else {
        json_put_tree(&o, v);
    }
}

/* ---- JSON of a voucher ---- */

static int read_object(struct voucher_export_row *row, struct str text, const struct json **out,
                       struct err *err)
{
    static const struct json nothing = { .type = JSON_OBJECT };
    struct json *tree = NULL;
    if (*out != NULL)
        return 0;
    if (text.len > 0 && json_parse(row->arena, text, &tree, err) < 0) {
        if (err->code != ERR_NOMEM)
            err->code = ERR_STORE;
        return err_wrap(err, "a stored JSON text cannot be read");
    }
    *out = tree != NULL ? tree : &nothing;
    return 0;
}

static const struct json *find_member(const struct json *object, struct str key)
{
    const struct json *m = object->child;
    while (m != NULL && !str_eq(m->key, key))
        m = m->next;
    return m;
}

static int read_extra(struct voucher_export_row *row, struct err *err)
{
    return read_object(row, row->v->discount_extra, &row->extra, err);
}

/* ---- fields that are made up ---- */

typedef int cell_writer(struct buf *b, struct voucher_export_row *row, struct err *err);

static int put_id(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    put_text(b, row->names.id);
    return 0;
}

static int put_type(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    put_text(b, voucher_fields.rows[ROW_TYPE].names[row->v->type]);
    return 0;
}

static int put_discount_type(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    if (row->v->type == VOUCHER_DISCOUNT)
        put_text(b, voucher_fields.rows[ROW_DISCOUNT_TYPE].names[row->v->discount_type]);
    return 0;
}

static int put_gift_balance(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    if (row->v->type == VOUCHER_GIFT)
        put_minor(b, voucher_available(row->v));
    return 0;
}

static int put_loyalty_balance(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    if (row->v->type == VOUCHER_LOYALTY)
        put_int(b, voucher_available(row->v));
    return 0;
}

/* What is left of a gift or a card, and what a discount gives. */
static int put_value(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    const struct voucher *v = row->v;
    const bool money = v->discount_type == DISCOUNT_AMOUNT || v->discount_type == DISCOUNT_FIXED;
    if (v->type == VOUCHER_GIFT)
        return put_gift_balance(b, row, err);
    if (v->type == VOUCHER_LOYALTY)
        return put_loyalty_balance(b, row, err);
    if ((v->set & VF_VALUE) != 0)
        (money ? put_money : num_put)(b, v->value);
    return 0;
}

static int put_formula(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    const char *member = voucher_worths[row->v->discount_type].formula;
    if (read_extra(row, err) < 0)
        return -1;
    if (member != NULL)
        put_json(b, json_member(row->extra, member));
    return 0;
}

static int put_amount_limit(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    struct num n;
    if (read_extra(row, err) < 0)
        return -1;
    const struct json *limit = json_member(row->extra, "amount_limit");
    if (limit != NULL && limit->type == JSON_NUMBER && num_parse(limit->text, &n))
        put_money(b, n);
    return 0;
}

static int put_effect(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    if (row->v->type == VOUCHER_DISCOUNT && row->v->effect != EFFECT_NONE)
        put_text(b, voucher_fields.rows[ROW_EFFECT].names[row->v->effect]);
    return 0;
}

static int put_unit_effect(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    return row->v->discount_type == DISCOUNT_UNIT ? put_effect(b, row, err) : 0;
}

static int put_unit_type(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    if (read_extra(row, err) < 0)
        return -1;
    put_json(b, json_member(row->extra, "unit_type"));
    return 0;
}

static int put_category(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    buf_puts(b, row->names.category.p != NULL ? row->names.category : row->v->category);
    return 0;
}

static int put_referral(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    put_bool(b, row->names.is_referral);
    return 0;
}

static int put_campaign(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    buf_puts(b, row->names.campaign);
    return 0;
}

static int put_campaign_id(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    buf_puts(b, str_of(row->names.campaign_id));
    return 0;
}

static int put_holder(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    buf_puts(b, row->holder_id);
    return 0;
}

static int put_holder_source(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    buf_puts(b, row->holder_source_id);
    return 0;
}

static int put_qr(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    buf_printf(b, "/api/v1/assets/qr/%s", row->names.id);
    return 0;
}

static int put_barcode(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    (void)err;
    buf_printf(b, "/api/v1/assets/barcode/%s", row->names.id);
    return 0;
}

static int put_validity(struct buf *b, struct voucher_export_row *row, const char *key,
                        const char *below, struct err *err)
{
    if (read_object(row, row->v->validity, &row->validity, err) < 0)
        return -1;
    const struct json *member = json_member(row->validity, key);
    put_json(b, below != NULL ? json_member(member, below) : member);
    return 0;
}

static int put_interval(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    return put_validity(b, row, "validity_timeframe", "interval", err);
}

static int put_duration(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    return put_validity(b, row, "validity_timeframe", "duration", err);
}

static int put_days(struct buf *b, struct voucher_export_row *row, struct err *err)
{
    return put_validity(b, row, "validity_day_of_week", NULL, err);
}

/* ---- fields ---- */

enum cell_kind {
    CELL_TEXT, /* struct str */
    CELL_TIME, /* int64_t, ms */
    CELL_INT,  /* int64_t; -1: none */
    CELL_BOOL,
    CELL_MADE, /* by `put` */
    CELL_METADATA,
};

struct voucher_export_field {
    const char *name;
    enum cell_kind kind;
    size_t offset; /* in struct voucher */
    cell_writer *put;
};

#define IN(kind, member) (kind), .offset = offsetof(struct voucher, member)
#define MADE(function)   CELL_MADE, .put = (function)

/* In the order of the API's list, then ours: what imports call redeemed_quantity is
 * redemption_count there. The last row is metadata.<key> as well. */
static const struct voucher_export_field fields[] = {
    { "code", IN(CELL_TEXT, code) },
    { "voucher_type", MADE(put_type) },
    { "value", MADE(put_value) },
    { "formula", MADE(put_formula) },
    { "discount_type", MADE(put_discount_type) },
    { "campaign", MADE(put_campaign) },
    { "category", MADE(put_category) },
    { "start_date", IN(CELL_TIME, start_ms) },
    { "expiration_date", IN(CELL_TIME, expiration_ms) },
    { "gift_balance", MADE(put_gift_balance) },
    { "loyalty_balance", MADE(put_loyalty_balance) },
    { "redemption_quantity", IN(CELL_INT, quantity) },
    { "redemption_count", IN(CELL_INT, redeemed_quantity) },
    { "active", IN(CELL_BOOL, active) },
    { "qr_code", MADE(put_qr) },
    { "bar_code", MADE(put_barcode) },
    { "id", MADE(put_id) },
    { "is_referral_code", MADE(put_referral) },
    { "created_at", IN(CELL_TIME, created_ms) },
    { "updated_at", IN(CELL_TIME, updated_ms) },
    { "validity_timeframe_interval", MADE(put_interval) },
    { "validity_timeframe_duration", MADE(put_duration) },
    { "validity_day_of_week", MADE(put_days) },
    { "discount_amount_limit", MADE(put_amount_limit) },
    { "campaign_id", MADE(put_campaign_id) },
    { "additional_info", IN(CELL_TEXT, additional_info) },
    { "customer_id", MADE(put_holder) },
    { "discount_effect", MADE(put_effect) },
    { "discount_unit_type", MADE(put_unit_type) },
    { "discount_unit_effect", MADE(put_unit_effect) },
    { "validation_rules_id", IN(CELL_TEXT, rule) },
    { "customer_source_id", MADE(put_holder_source) },
    { "redeemed_quantity", IN(CELL_INT, redeemed_quantity) },
    { "metadata", CELL_METADATA },
};
static const struct voucher_export_field *const metadata_field = &fields[ARRAY_LEN(fields) - 1];

bool voucher_export_is_holder(const struct voucher_export_column *c)
{
    return c->field->kind == CELL_MADE &&
           (c->field->put == put_holder || c->field->put == put_holder_source);
}

bool voucher_export_column(struct str name, struct voucher_export_column *out)
{
    static const struct str prefix = STR_INIT("metadata.");
    *out = (struct voucher_export_column){ 0 };
    for (size_t i = 0; i < ARRAY_LEN(fields) && out->field == NULL; i++) {
        if (str_is(name, fields[i].name))
            out->field = &fields[i];
    }
    if (out->field == NULL && name.len > prefix.len && str_starts_with(name, prefix)) {
        out->field = metadata_field;
        out->key = (struct str){ name.p + prefix.len, name.len - prefix.len };
    }
    return out->field != NULL;
}

void voucher_export_put_names(struct buf *b)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        buf_printf(b, "%s%s", i > 0 ? ", " : "", fields[i].name);
    buf_puts(b, STR(", metadata.<key>"));
}

/* ---- headings ---- */

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void put_word(struct buf *b, struct str word)
{
    const bool short_form = str_is(word, "id") || str_is(word, "qr");
    for (size_t i = 0; i < word.len; i++)
        buf_putc(b, i == 0 || short_form ? upper(word.p[i]) : word.p[i]);
}

void voucher_export_put_heading(struct buf *b, const struct voucher_export_column *c)
{
    struct str rest = str_of(c->field->name);
    if (c->key.p != NULL) {
        buf_puts(b, STR("metadata."));
        buf_puts(b, c->key);
        return;
    }
    while (rest.p != NULL) {
        put_word(b, str_cut(rest, '_', &rest));
        if (rest.p != NULL)
            buf_putc(b, ' ');
    }
}

/* ---- cells ---- */

static int put_metadata(struct buf *b, struct voucher_export_row *row, struct str key,
                        struct err *err)
{
    if (key.p == NULL) {
        buf_puts(b, row->v->metadata);
        return 0;
    }
    if (read_object(row, row->v->metadata, &row->metadata, err) < 0)
        return -1;
    put_json(b, find_member(row->metadata, key));
    return 0;
}

int voucher_export_put_cell(struct buf *b, const struct voucher_export_column *c,
                            struct voucher_export_row *row, struct err *err)
{
    const struct voucher_export_field *f = c->field;
    const void *at = (const char *)row->v + f->offset;
    switch (f->kind) {
    case CELL_TEXT:
        buf_puts(b, *(const struct str *)at);
        break;
    case CELL_TIME:
        put_time(b, *(const int64_t *)at);
        break;
    case CELL_INT:
        if (*(const int64_t *)at >= 0)
            put_int(b, *(const int64_t *)at);
        break;
    case CELL_BOOL:
        put_bool(b, *(const bool *)at);
        break;
    case CELL_MADE:
        return f->put(b, row, err);
    case CELL_METADATA:
        return put_metadata(b, row, c->key, err);
    }
    return 0;
}
