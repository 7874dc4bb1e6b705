/* SPDX-License-Identifier: MIT */
/*
 * voucher.c - see voucher.h: the table of fields, and a CSV record as a voucher.
 *
 * The path of a million rows: a record is sorted by field once, then a fixed list of steps takes
 * the fields that depend on each other, and a loop over the table takes the others. Nothing is
 * allocated for a row but its metadata, a formula, and the reason of a bad one.
 */
#include <assert.h>

#include "base/time_iso.h"
#include "domain/voucher_priv.h"

static const char *const type_names[] = {
    [VOUCHER_NONE] = "none",         [VOUCHER_DISCOUNT] = "DISCOUNT_VOUCHER",
    [VOUCHER_GIFT] = "GIFT_VOUCHER", [VOUCHER_LOYALTY] = "LOYALTY_CARD",
    [VOUCHER_TYPE_COUNT] = NULL,
};

static const char *const discount_type_names[] = {
    [DISCOUNT_NONE] = "none",   [DISCOUNT_AMOUNT] = "AMOUNT", [DISCOUNT_PERCENT] = "PERCENT",
    [DISCOUNT_FIXED] = "FIXED", [DISCOUNT_UNIT] = "UNIT",     [DISCOUNT_TYPE_COUNT] = NULL,
};

static const char *const effect_names[] = {
    [EFFECT_NONE] = "none",
    [EFFECT_ORDER] = "APPLY_TO_ORDER",
    [EFFECT_ITEMS] = "APPLY_TO_ITEMS",
    [EFFECT_ITEMS_PROPORTIONALLY] = "APPLY_TO_ITEMS_PROPORTIONALLY",
    [EFFECT_ITEMS_PROPORTIONALLY_BY_QUANTITY] = "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY",
    [EFFECT_ITEMS_BY_QUANTITY] = "APPLY_TO_ITEMS_BY_QUANTITY",
    [EFFECT_ADD_MISSING_ITEMS] = "ADD_MISSING_ITEMS",
    [EFFECT_ADD_NEW_ITEMS] = "ADD_NEW_ITEMS",
    [EFFECT_ADD_SAME_ITEMS] = "ADD_SAME_ITEMS",
    [EFFECT_ADD_MANY_ITEMS] = "ADD_MANY_ITEMS",
    [EFFECT_COUNT] = NULL,
};

#define AT(member) offsetof(struct voucher, member)
#define BIT(n)     (1u << (n))

/* A loyalty card needs a campaign: the entrances we have make standalone vouchers only. */
#define STANDALONE_TYPES (BIT(VOUCHER_DISCOUNT) | BIT(VOUCHER_GIFT))

#define IN_JSON_OR_NULL (FIELD_IN_JSON | FIELD_NULLABLE)

#define ROW(heading_, path_, kind_, flags_, bit_, member)                                          \
    {                                                                                              \
        .heading = heading_, .path = path_, .kind = kind_, .flags = flags_, .bit = bit_,           \
        .offset = AT(member)                                                                       \
    }
#define ENUM_ROW(heading_, path_, bit_, member, names_, allowed_)                                  \
    {                                                                                              \
        .heading = heading_, .path = path_, .kind = FIELD_ENUM, .flags = FIELD_BY_STEP,            \
        .bit = bit_, .offset = AT(member), .names = names_, .allowed = allowed_                    \
    }

static const struct field field_rows[] = {
    [ROW_CODE] = ROW("Code", ".code", FIELD_TEXT, FIELD_IN_JSON, VF_CODE, code),
    [ROW_TYPE] = ENUM_ROW("Voucher Type", ".type", VF_TYPE, type, type_names, STANDALONE_TYPES),
    [ROW_DISCOUNT_TYPE] = ENUM_ROW("Discount Type", ".discount.type", VF_DISCOUNT_TYPE,
                                   discount_type, discount_type_names, 0),
    [ROW_VALUE] = ROW("Value", NULL, FIELD_NUMBER, 0, VF_VALUE, value),
    [ROW_EFFECT] =
        ENUM_ROW("Discount effect", ".discount.effect", VF_EFFECT, effect, effect_names, 0),
    [ROW_FORMULA] = ROW("Formula", NULL, FIELD_TEXT, 0, VF_DISCOUNT_EXTRA, discount_extra),
    [ROW_RULE] =
        ROW("Validation rule ID", ".validation_rules", FIELD_TEXT, FIELD_BY_STEP, VF_RULE, rule),
    [ROW_CATEGORY] =
        ROW("Category", ".category", FIELD_TEXT, IN_JSON_OR_NULL, VF_CATEGORY, category),
    [ROW_ACTIVE] = ROW("Active", ".active", FIELD_BOOL, IN_JSON_OR_NULL, VF_ACTIVE, active),
    [ROW_START] = ROW("Start Date", ".start_date", FIELD_TIME, IN_JSON_OR_NULL, VF_START, start_ms),
    [ROW_EXPIRATION] = ROW("Expiration Date", ".expiration_date", FIELD_TIME, IN_JSON_OR_NULL,
                           VF_EXPIRATION, expiration_ms),
    [ROW_QUANTITY] = ROW("Redemption Limit", ".redemption.quantity", FIELD_INTEGER, IN_JSON_OR_NULL,
                         VF_QUANTITY, quantity),
    [ROW_REDEEMED_QUANTITY] = ROW("Redeemed Quantity", ".redemption.redeemed_quantity",
                                  FIELD_INTEGER, 0, VF_REDEEMED_QUANTITY, redeemed_quantity),
    [ROW_REDEEMED_AMOUNT] = ROW("Redeemed Amount", ".redemption.redeemed_amount", FIELD_MONEY, 0,
                                VF_REDEEMED_AMOUNT, redeemed_amount),
    [ROW_ADDITIONAL_INFO] = ROW("Additional Info", ".additional_info", FIELD_TEXT, IN_JSON_OR_NULL,
                                VF_ADDITIONAL_INFO, additional_info),
    [ROW_GIFT_AMOUNT] = { .heading = "Gift Amount", .kind = FIELD_IGNORED },
    [ROW_LOYALTY_POINTS] = { .heading = "Loyalty Points", .kind = FIELD_IGNORED },
};
static_assert(ARRAY_LEN(field_rows) == VOUCHER_ROWS, "every row is there");

const struct field_table voucher_fields = { field_rows, VOUCHER_ROWS };

#define ORDER_OR_ITEMS (BIT(EFFECT_ORDER) | BIT(EFFECT_ITEMS))
#define EFFECTS(at, bits)                                                                          \
    .effect = { .path = at,                                                                        \
                .kind = FIELD_ENUM,                                                                \
                .bit = VF_EFFECT,                                                                  \
                .offset = AT(effect),                                                              \
                .names = effect_names,                                                             \
                .allowed = (bits) }
#define FORMULA(name) .formula = name, .formula_quoted = STR_INIT("\"" name "\"")

#define PROPORTIONAL                                                                               \
    (BIT(EFFECT_ITEMS_PROPORTIONALLY) | BIT(EFFECT_ITEMS_PROPORTIONALLY_BY_QUANTITY) |             \
     BIT(EFFECT_ITEMS_BY_QUANTITY))
#define ADD_ITEMS                                                                                  \
    (BIT(EFFECT_ADD_MISSING_ITEMS) | BIT(EFFECT_ADD_NEW_ITEMS) | BIT(EFFECT_ADD_SAME_ITEMS) |      \
     BIT(EFFECT_ADD_MANY_ITEMS))

/* Reference 4.3.2. A value lands in a struct num at 0, or as an integer in its `i`. */
const struct voucher_worth voucher_worths[] = {
    [DISCOUNT_NONE] = {
        .value = { .path = ".gift.amount", .kind = FIELD_MONEY },
        EFFECTS(".gift.effect", ORDER_OR_ITEMS),
        .member = "amount", .required = true,
    },
    [DISCOUNT_AMOUNT] = {
        .value = { .path = ".discount.amount_off", .kind = FIELD_MONEY },
        EFFECTS(".discount.effect", ORDER_OR_ITEMS | PROPORTIONAL),
        .member = "amount_off", .required = true, FORMULA("amount_off_formula"),
    },
    [DISCOUNT_PERCENT] = {
        .value = { .path = ".discount.percent_off", .kind = FIELD_NUMBER },
        EFFECTS(".discount.effect", ORDER_OR_ITEMS),
        .member = "percent_off", .required = true, FORMULA("percent_off_formula"),
        .most = 100, .too_much = "must be <= 100",
    },
    [DISCOUNT_FIXED] = {
        .value = { .path = ".discount.fixed_amount", .kind = FIELD_MONEY },
        EFFECTS(".discount.effect", ORDER_OR_ITEMS),
        .member = "fixed_amount", .required = true, FORMULA("fixed_amount_formula"),
    },
    [DISCOUNT_UNIT] = { /* not required: several units have theirs in `units` */
        .value = { .path = ".discount.unit_off", .kind = FIELD_INTEGER },
        EFFECTS(".discount.effect", ADD_ITEMS),
        .member = "unit_off", FORMULA("unit_off_formula"),
    },
};

const struct voucher_worth voucher_card_worth = {
    .value = { .path = ".loyalty_card.points", .kind = FIELD_INTEGER },
    EFFECTS(".loyalty_card.effect", ORDER_OR_ITEMS),
    .member = "points",
    .required = true,
};

void voucher_init(struct voucher *v)
{
    *v = (struct voucher){ .active = true,
                           .start_ms = TIME_NONE,
                           .expiration_ms = TIME_NONE,
                           .quantity = -1,
                           .value = num_int(0),
                           .updated_ms = TIME_NONE };
}

const char *voucher_worth_check(const struct voucher_worth *w, struct num value)
{
    static_assert(ARRAY_LEN(voucher_worths) == DISCOUNT_TYPE_COUNT, "every type has a row");
    return w->too_much != NULL && num_as_double(value) > w->most ? w->too_much : NULL;
}

const char *voucher_code_check(struct str code)
{
    static_assert(VOUCHER_CODE_MAX_BYTES == 512, "the message says it too");
    return code.len > VOUCHER_CODE_MAX_BYTES ? "must NOT be longer than 512 bytes" : NULL;
}

static const char object_too_long[] = "must NOT be longer than 262144 bytes";

const char *voucher_object_check(struct str object)
{
    static_assert(FIELD_OBJECT_MAX_BYTES == 262144, "the message says it too");
    return object.len > FIELD_OBJECT_MAX_BYTES ? object_too_long : NULL;
}

/* ---- a CSV record ---- */

static const struct field metadata_path = { .path = ".metadata" };
static const struct field discount_path = { .path = ".discount" };

/* Steps return what voucher_from_cells returns: 0, 1 with a reason, -1. */
struct row_reader {
    const struct column_map *map;
    const struct str *cells;
    size_t n_cells;
    struct str given[VOUCHER_ROWS]; /* the cells by field */
    struct arena *arena;
    struct voucher *v;
    struct str *reason;
    struct err *err;
};

static int row_fails(struct row_reader *r, const struct field *f, const char *what)
{
    *r->reason = field_reason(f, what, r->arena);
    return r->reason->p != NULL ? 1 : err_nomem(r->err);
}

static int require(struct row_reader *r, enum voucher_row row)
{
    if (r->given[row].len > 0)
        return 0;
    *r->reason = str_of(arena_printf(r->arena, "%s is required", field_rows[row].heading));
    return r->reason->p != NULL ? 1 : err_nomem(r->err);
}

static int take(struct row_reader *r, const struct field *f, struct str cell)
{
    const char *what = cell.len > 0 ? field_from_cell(f, cell, r->v) : NULL;
    if (what != NULL)
        return row_fails(r, f, what);
    if (cell.len > 0)
        r->v->set |= f->bit;
    return 0;
}

static int take_required(struct row_reader *r, enum voucher_row row)
{
    const int rc = require(r, row);
    return rc != 0 ? rc : take(r, &field_rows[row], r->given[row]);
}

static int step_code(struct row_reader *r)
{
    const int rc = take_required(r, ROW_CODE);
    const char *what = rc == 0 ? voucher_code_check(r->v->code) : NULL;
    return what != NULL ? row_fails(r, &field_rows[ROW_CODE], what) : rc;
}

static int step_type(struct row_reader *r)
{
    return take_required(r, ROW_TYPE);
}

static int step_discount_type(struct row_reader *r)
{
    return r->v->type == VOUCHER_DISCOUNT ? take_required(r, ROW_DISCOUNT_TYPE) : 0;
}

static int step_value(struct row_reader *r)
{
    const struct voucher_worth *w = &voucher_worths[r->v->discount_type];
    const int rc = require(r, ROW_VALUE);
    if (rc != 0)
        return rc;
    struct num n = num_int(0); /* stays an integer when only its `i` is written */
    void *at = w->value.kind == FIELD_NUMBER ? (void *)&n : (void *)&n.i;
    const char *what = field_from_cell(&w->value, r->given[ROW_VALUE], at);
    if (what == NULL)
        what = voucher_worth_check(w, n);
    if (what != NULL)
        return row_fails(r, &w->value, what);
    r->v->value = n;
    r->v->set |= VF_VALUE;
    return 0;
}

static int step_effect(struct row_reader *r)
{
    if (r->v->type != VOUCHER_DISCOUNT)
        return 0;
    return take(r, &voucher_worths[r->v->discount_type].effect, r->given[ROW_EFFECT]);
}

/* A formula is written as metadata is: a record of one column with its key quoted already. */
static int step_formula(struct row_reader *r)
{
    struct column column = { .field = COLUMN_METADATA };
    const struct column_map one = { &column, 1 };
    if (r->v->type != VOUCHER_DISCOUNT || r->given[ROW_FORMULA].len == 0)
        return 0;
    column.key_quoted = voucher_worths[r->v->discount_type].formula_quoted;
    r->v->set |= VF_DISCOUNT_EXTRA;
    const int rc = column_map_metadata(&one, &r->given[ROW_FORMULA], 1, r->arena,
                                       &r->v->discount_extra, r->err);
    return rc <= 0 ? rc : row_fails(r, &discount_path, object_too_long);
}

static int step_others(struct row_reader *r)
{
    for (size_t i = ROW_FORMULA + 1; i < VOUCHER_ROWS; i++) {
        if (r->given[i].len == 0 || (i == ROW_REDEEMED_AMOUNT && r->v->type != VOUCHER_GIFT))
            continue;
        const int rc = take(r, &field_rows[i], r->given[i]);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int step_metadata(struct row_reader *r)
{
    const int rc =
        column_map_metadata(r->map, r->cells, r->n_cells, r->arena, &r->v->metadata, r->err);
    if (rc != 0)
        return rc < 0 ? -1 : row_fails(r, &metadata_path, object_too_long);
    if (r->v->metadata.p != NULL)
        r->v->set |= VF_METADATA;
    return 0;
}

/* What is on a gift or a card; of other campaigns the columns say nothing. */
static int step_balance(struct row_reader *r)
{
    const bool gift = r->v->type == VOUCHER_GIFT;
    const enum voucher_row row = gift ? ROW_GIFT_AMOUNT : ROW_LOYALTY_POINTS;
    const struct voucher_worth *w = gift ? &voucher_worths[DISCOUNT_NONE] : &voucher_card_worth;
    struct num n = num_int(0);
    if ((!gift && r->v->type != VOUCHER_LOYALTY) || r->given[row].len == 0)
        return 0;
    const char *what = field_from_cell(&w->value, r->given[row], &n.i);
    if (what != NULL)
        return row_fails(r, &w->value, what);
    r->v->value = n;
    r->v->set |= VF_VALUE;
    return 0;
}

static int run_steps(struct row_reader *r, int (*const *steps)(struct row_reader *), size_t n)
{
    column_map_pick(r->map, &voucher_fields, r->cells, r->n_cells, r->given);
    for (size_t i = 0; i < n; i++) {
        const int rc = steps[i](r);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int voucher_member_from_cells(const struct column_map *map, enum voucher_type type,
                              const struct str *cells, size_t n_cells, struct arena *a,
                              struct voucher *v, struct str *reason, struct err *err)
{
    static int (*const steps[])(struct row_reader *) = { step_code, step_balance, step_others,
                                                         step_metadata };
    struct row_reader r = { .map = map,
                            .cells = cells,
                            .n_cells = n_cells,
                            .arena = a,
                            .v = v,
                            .reason = reason,
                            .err = err };
    voucher_init(v);
    v->type = (uint8_t)type;
    return run_steps(&r, steps, ARRAY_LEN(steps));
}

int voucher_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                       struct arena *a, struct voucher *v, struct str *reason, struct err *err)
{
    static int (*const steps[])(struct row_reader *) = {
        step_code,   step_type,    step_discount_type, step_value,
        step_effect, step_formula, step_others,        step_metadata,
    };
    struct row_reader r;
    r.map = map;
    r.cells = cells;
    r.n_cells = n_cells;
    r.arena = a;
    r.v = v;
    r.reason = reason;
    r.err = err;
    voucher_init(v);
    return run_steps(&r, steps, ARRAY_LEN(steps));
}
