/* SPDX-License-Identifier: MIT */
/* voucher_export.c - see voucher_export.h. */
#include "domain/voucher_export.h"

#include "domain/voucher_priv.h"

static const struct voucher *voucher_of(const struct export_row *row)
{
    return row->item;
}

static struct voucher_export_row *more_of(struct export_row *row)
{
    return (struct voucher_export_row *)row;
}

static int read_extra(struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    return export_read_object(r, voucher_of(r)->discount_extra, &row->extra, err);
}

/* ---- fields that are made up ---- */

static int put_id(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_puts(b, str_of(row->names.id));
    return 0;
}

static int put_type(struct buf *b, struct export_row *r, struct err *err)
{
    (void)err;
    buf_puts(b, str_of(voucher_fields.rows[ROW_TYPE].names[voucher_of(r)->type]));
    return 0;
}

static int put_discount_type(struct buf *b, struct export_row *r, struct err *err)
{
    (void)err;
    if (voucher_of(r)->type == VOUCHER_DISCOUNT)
        buf_puts(
            b, str_of(voucher_fields.rows[ROW_DISCOUNT_TYPE].names[voucher_of(r)->discount_type]));
    return 0;
}

static int put_gift_balance(struct buf *b, struct export_row *r, struct err *err)
{
    (void)err;
    if (voucher_of(r)->type == VOUCHER_GIFT)
        export_put_minor(b, voucher_available(voucher_of(r)));
    return 0;
}

static int put_loyalty_balance(struct buf *b, struct export_row *r, struct err *err)
{
    (void)err;
    if (voucher_of(r)->type == VOUCHER_LOYALTY)
        export_put_int(b, voucher_available(voucher_of(r)));
    return 0;
}

/* What is left of a gift or a card, and what a discount gives. */
static int put_value(struct buf *b, struct export_row *r, struct err *err)
{
    const struct voucher *v = voucher_of(r);
    const bool money = v->discount_type == DISCOUNT_AMOUNT || v->discount_type == DISCOUNT_FIXED;
    if (v->type == VOUCHER_GIFT)
        return put_gift_balance(b, r, err);
    if (v->type == VOUCHER_LOYALTY)
        return put_loyalty_balance(b, r, err);
    if ((v->set & VF_VALUE) != 0)
        (money ? export_put_money : num_put)(b, v->value);
    return 0;
}

static int put_formula(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    const char *member = voucher_worths[voucher_of(r)->discount_type].formula;
    if (read_extra(r, err) < 0)
        return -1;
    if (member != NULL)
        export_put_json(b, json_member(row->extra, member));
    return 0;
}

static int put_amount_limit(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    struct num n;
    if (read_extra(r, err) < 0)
        return -1;
    const struct json *limit = json_member(row->extra, "amount_limit");
    if (limit != NULL && limit->type == JSON_NUMBER && num_parse(limit->text, &n))
        export_put_money(b, n);
    return 0;
}

static int put_effect(struct buf *b, struct export_row *r, struct err *err)
{
    (void)err;
    if (voucher_of(r)->type == VOUCHER_DISCOUNT && voucher_of(r)->effect != EFFECT_NONE)
        buf_puts(b, str_of(voucher_fields.rows[ROW_EFFECT].names[voucher_of(r)->effect]));
    return 0;
}

static int put_unit_effect(struct buf *b, struct export_row *r, struct err *err)
{
    return voucher_of(r)->discount_type == DISCOUNT_UNIT ? put_effect(b, r, err) : 0;
}

static int put_unit_type(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    if (read_extra(r, err) < 0)
        return -1;
    export_put_json(b, json_member(row->extra, "unit_type"));
    return 0;
}

static int put_category(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_puts(b, row->names.category.p != NULL ? row->names.category : voucher_of(r)->category);
    return 0;
}

static int put_referral(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_puts(b, row->names.is_referral ? STR("true") : STR("false"));
    return 0;
}

static int put_campaign(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_puts(b, row->names.campaign);
    return 0;
}

static int put_campaign_id(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_puts(b, str_of(row->names.campaign_id));
    return 0;
}

static int put_holder(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_puts(b, row->holder_id);
    return 0;
}

static int put_holder_source(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_puts(b, row->holder_source_id);
    return 0;
}

static int put_qr(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_printf(b, "/api/v1/assets/qr/%s", row->names.id);
    return 0;
}

static int put_barcode(struct buf *b, struct export_row *r, struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    (void)err;
    buf_printf(b, "/api/v1/assets/barcode/%s", row->names.id);
    return 0;
}

static int put_validity(struct buf *b, struct export_row *r, const char *key, const char *below,
                        struct err *err)
{
    struct voucher_export_row *row = more_of(r);
    if (export_read_object(r, voucher_of(r)->validity, &row->validity, err) < 0)
        return -1;
    const struct json *member = json_member(row->validity, key);
    export_put_json(b, below != NULL ? json_member(member, below) : member);
    return 0;
}

static int put_interval(struct buf *b, struct export_row *r, struct err *err)
{
    return put_validity(b, r, "validity_timeframe", "interval", err);
}

static int put_duration(struct buf *b, struct export_row *r, struct err *err)
{
    return put_validity(b, r, "validity_timeframe", "duration", err);
}

static int put_days(struct buf *b, struct export_row *r, struct err *err)
{
    return put_validity(b, r, "validity_day_of_week", NULL, err);
}

/* ---- fields ---- */

/* In the order of the API's list, then ours: what imports call redeemed_quantity is
 * redemption_count there. */
static const struct export_field fields[] = {
    { "code", EXPORT_IN(EXPORT_TEXT, voucher, code) },
    { "voucher_type", EXPORT_BY(put_type) },
    { "value", EXPORT_BY(put_value) },
    { "formula", EXPORT_BY(put_formula) },
    { "discount_type", EXPORT_BY(put_discount_type) },
    { "campaign", EXPORT_BY(put_campaign) },
    { "category", EXPORT_BY(put_category) },
    { "start_date", EXPORT_IN(EXPORT_TIME, voucher, start_ms) },
    { "expiration_date", EXPORT_IN(EXPORT_TIME, voucher, expiration_ms) },
    { "gift_balance", EXPORT_BY(put_gift_balance) },
    { "loyalty_balance", EXPORT_BY(put_loyalty_balance) },
    { "redemption_quantity", EXPORT_IN(EXPORT_INT, voucher, quantity) },
    { "redemption_count", EXPORT_IN(EXPORT_INT, voucher, redeemed_quantity) },
    { "active", EXPORT_IN(EXPORT_BOOL, voucher, active) },
    { "qr_code", EXPORT_BY(put_qr) },
    { "bar_code", EXPORT_BY(put_barcode) },
    { "id", EXPORT_BY(put_id) },
    { "is_referral_code", EXPORT_BY(put_referral) },
    { "created_at", EXPORT_IN(EXPORT_TIME, voucher, created_ms) },
    { "updated_at", EXPORT_IN(EXPORT_TIME, voucher, updated_ms) },
    { "validity_timeframe_interval", EXPORT_BY(put_interval) },
    { "validity_timeframe_duration", EXPORT_BY(put_duration) },
    { "validity_day_of_week", EXPORT_BY(put_days) },
    { "discount_amount_limit", EXPORT_BY(put_amount_limit) },
    { "campaign_id", EXPORT_BY(put_campaign_id) },
    { "additional_info", EXPORT_IN(EXPORT_TEXT, voucher, additional_info) },
    { "customer_id", EXPORT_BY(put_holder) },
    { "discount_effect", EXPORT_BY(put_effect) },
    { "discount_unit_type", EXPORT_BY(put_unit_type) },
    { "discount_unit_effect", EXPORT_BY(put_unit_effect) },
    { "validation_rules_id", EXPORT_IN(EXPORT_TEXT, voucher, rule) },
    { "customer_source_id", EXPORT_BY(put_holder_source) },
    { "redeemed_quantity", EXPORT_IN(EXPORT_INT, voucher, redeemed_quantity) },
    { "metadata", EXPORT_IN(EXPORT_METADATA, voucher, metadata) },
};
static const struct str defaults[] = { STR_INIT("code"), STR_INIT("voucher_type"),
                                       STR_INIT("value"), STR_INIT("discount_type") };

const struct export_table voucher_export = {
    .rows = fields, .n = ARRAY_LEN(fields), .defaults = defaults, .n_defaults = ARRAY_LEN(defaults)
};

bool voucher_export_is_holder(const struct export_column *c)
{
    return c->field->put == put_holder || c->field->put == put_holder_source;
}
