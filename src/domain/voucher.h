/* SPDX-License-Identifier: MIT */
/*
 * voucher.h - what a voucher is: its fields, its rules, its JSON shape (reference 4.3, 3.17).
 *
 * One struct serves as the stored voucher and as a change to one: `set` says which fields were
 * given. A field that was not given holds its "none" (TIME_NONE, -1, {NULL,0}, the zero enum).
 * A number has no "none", and a discount by formula or of many units may have no amount: so also of
 * a stored voucher VF_VALUE must say whether there is a value (not NULL in the store).
 * Texts belong to the arena that the caller passed, or are the caller's own cells and JSON texts.
 */
#ifndef DOMAIN_VOUCHER_H
#define DOMAIN_VOUCHER_H

#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "domain/column.h"
#include "domain/record.h"

/* Stored values: never renumber. */
enum voucher_type {
    VOUCHER_NONE,
    VOUCHER_DISCOUNT,
    VOUCHER_GIFT,
    VOUCHER_LOYALTY,
    VOUCHER_TYPE_COUNT
};

enum discount_type {
    DISCOUNT_NONE,
    DISCOUNT_AMOUNT,
    DISCOUNT_PERCENT,
    DISCOUNT_FIXED,
    DISCOUNT_UNIT,
    DISCOUNT_TYPE_COUNT
};

enum discount_effect {
    EFFECT_NONE,
    EFFECT_ORDER,
    EFFECT_ITEMS,
    EFFECT_ITEMS_PROPORTIONALLY,
    EFFECT_ITEMS_PROPORTIONALLY_BY_QUANTITY,
    EFFECT_ITEMS_BY_QUANTITY,
    EFFECT_ADD_MISSING_ITEMS,
    EFFECT_ADD_NEW_ITEMS,
    EFFECT_ADD_SAME_ITEMS,
    EFFECT_ADD_MANY_ITEMS,
    EFFECT_COUNT
};

/* Bits of voucher.set. */
enum voucher_field {
    VF_CODE = 1u << 0,
    VF_TYPE = 1u << 1,
    VF_VALUE = 1u << 2,
    VF_DISCOUNT_TYPE = 1u << 3,
    VF_EFFECT = 1u << 4,
    VF_RULE = 1u << 5,
    VF_CATEGORY = 1u << 6,
    VF_ACTIVE = 1u << 7,
    VF_START = 1u << 8,
    VF_EXPIRATION = 1u << 9,
    VF_QUANTITY = 1u << 10,
    VF_REDEEMED_QUANTITY = 1u << 11,
    VF_REDEEMED_AMOUNT = 1u << 12,
    VF_ADDITIONAL_INFO = 1u << 13,
    VF_DISCOUNT_EXTRA = 1u << 14, /* formula and the rare members of a discount */
    VF_METADATA = 1u << 15,
    VF_VALIDITY = 1u << 16, /* validity_timeframe, validity_day_of_week, validity_hours */
};

#define VOUCHER_CODE_MAX_BYTES 512 /* an index entry must stay far below a page */

struct voucher {
    union {
        struct row_head head;
        struct {
            struct str code;
            uint32_t set; /* enum voucher_field */
            uint32_t row;
        };
    };
    uint8_t type; /* enum voucher_type */
    uint8_t discount_type;
    uint8_t effect;
    bool active;
    /* amount_off, percent_off, fixed_amount or unit_off by discount type; gift.amount; points of a
     * card. Money is in minor units. */
    struct num value;
    int64_t start_ms;      /* TIME_NONE: no start */
    int64_t expiration_ms; /* TIME_NONE: no end */
    int64_t quantity;      /* redemption limit; -1: unlimited */
    int64_t redeemed_quantity;
    int64_t redeemed_amount; /* of a gift, minor units */
    struct str category;     /* a tag, or on its way in the name of a category; see category_id */
    int64_t category_id;     /* key of a category; 0: none, or only a tag */
    struct str additional_info;
    struct str rule; /* id of a validation rule */
    struct str
        validity; /* JSON object with the validity_… members that are given; {NULL,0}: none */
    struct str
        discount_extra;  /* JSON object of the discount's other members, e.g. amount_off_formula */
    struct str metadata; /* JSON object, compact; {NULL,0}: none given / empty */
    struct str
        unfit_new; /* of a row: why the schema refuses it as a new one; {NULL,0}: it does not */

    /* Only of a stored voucher. */
    int64_t key;         /* integer key; the public id is made of it */
    int64_t subtracted;  /* of a gift: taken by hand, minor units */
    int64_t binned_ms;   /* TIME_NONE: not in the bin */
    struct str recent;   /* who wrote what lately; the store's */
    int64_t campaign_id; /* 0: standalone */
    int64_t holder_id;   /* key of a customer; 0: nobody */
    int64_t publish_count;
    int64_t created_ms;
    int64_t updated_ms; /* TIME_NONE: never changed */
    int64_t version;    /* sequence number of the action or request that wrote it last */
};

void voucher_init(struct voucher *v); /* nothing given; defaults of a new voucher (active) */

/* The table of CSV columns and of JSON members; see field.h. `Value` has no
 * path of its own: what it is depends on the type. */
extern const struct field_table voucher_fields;

/* What a voucher is worth, by discount type. DISCOUNT_NONE is the row of gifts. */
struct voucher_worth {
    struct field value;  /* into a struct num, by its kind: see voucher.c */
    struct field effect; /* with the effects that the type allows */
    const char *member;  /* of the value, in the discount or gift object */
    bool required;       /* `member`, where no formula takes its place */
    double most;
    const char *too_much;      /* what is wrong with a value above `most`; NULL: no bound */
    const char *formula;       /* member; NULL: has none */
    struct str formula_quoted; /* the same as JSON */
};

extern const struct voucher_worth voucher_worths[DISCOUNT_TYPE_COUNT];
extern const struct voucher_worth voucher_card_worth; /* points of a loyalty card */

/* A CSV record as a voucher row. `cells` in column order, n_cells may be smaller or larger than the
 * map; they are valid UTF-8 without NUL (a record with a flaw never gets here). Fills *v (texts
 * that need no change keep pointing at the cells). Returns 0; 1 when the row fails, with *reason in
 * the arena; -1 (ERR_NOMEM). Standalone import rules: reference 3.17. What is reported is the first
 * of: code, type, discount type, value, effect, then the other fields in the table's order. */
int voucher_from_cells(const struct column_map *map, const struct str *cells, size_t n_cells,
                       struct arena *a, struct voucher *v, struct str *reason,
                       struct err *err) MUST_CHECK;

/* The same of a file that is imported into a campaign whose vouchers are of this type: only the
 * code is needed, and what the campaign decides (type, discount, value) is skipped: reference 3.2.
 */
int voucher_member_from_cells(const struct column_map *map, enum voucher_type type,
                              const struct str *cells, size_t n_cells, struct arena *a,
                              struct voucher *v, struct str *reason, struct err *err) MUST_CHECK;

/* The body of `POST /v1/vouchers[/{code}]`. Unknown members are skipped, null means not given (but
 * `redemption.quantity`: null is "unlimited", and given), type is derived from `discount`/`gift`
 * when absent. Standalone vouchers only: a loyalty card needs a campaign and is refused. Of
 * `category_id` it looks at nothing: public ids are not known here.
 * ERR_INVALID_PAYLOAD with the reference's details (`Property .discount.amount_off must be
 * number`), or ERR_NOMEM. Texts point into the body's tree or the arena. */
int voucher_from_json(const struct json *body, struct arena *a, struct voucher *v,
                      struct err *err) MUST_CHECK;

/* What a campaign gives its codes, from the body of `POST /v1/campaigns`: its member `voucher`
 * (type, discount, gift or card, limit; a discount is needed, or a gift, or points), and the
 * campaign's own dates, validity_…, category and metadata, which win. Errors as above. */
int voucher_template_from_json(const struct json *body, struct arena *a, struct voucher *v,
                               struct err *err) MUST_CHECK;

/* The body of `POST /v1/campaigns/{id}/vouchers[/{code}]`: what is given instead of what the
 * campaign says. v->type is that of the balance that is given, if one is. */
int voucher_member_from_json(const struct json *body, struct arena *a, struct voucher *v,
                             struct err *err) MUST_CHECK;

/* Only the latter: of a campaign without codes; or, as a `change`, of `PUT /v1/campaigns/{id}`,
 * where null clears, with a discount or a gift of its own (v->type says which, and is not given).
 */
int voucher_terms_from_json(const struct json *body, bool change, struct arena *a,
                            struct voucher *v, struct err *err) MUST_CHECK;

/* The body of `PUT /v1/vouchers/{code}` as a change. What is absent is not given; null is given and
 * clears dates, category, additional_info, validity_…, the redemption limit, and what a discount
 * holds besides its value; elsewhere null means not given. A gift is skipped: its balance is not
 * changed here. Errors as above. */
int voucher_change_from_json(const struct json *body, struct arena *a, struct voucher *v,
                             struct err *err) MUST_CHECK;

/* An item of a JSON import or of a bulk update, before anything is queued: are its members of the
 * right JSON type? (null: not given.) ERR_INVALID_PAYLOAD: `Property .redemption.quantity must be
 * integer,null`; members that are missing are no matter here. That the item is an object is the
 * caller's business. */
int voucher_check_import_item(const struct json *item, struct err *err) MUST_CHECK;
int voucher_check_update_item(const struct json *item, struct err *err) MUST_CHECK;

/* The same item as a row: as voucher_from_cells, with the texts of voucher_from_json in *reason
 * (but `Code is required` and `Voucher Type is required`). v->code is set whenever the item has a
 * text there. An update has code and metadata only; one without them fails with `Payload should
 * have required property 'code'`. Texts point into the item or the arena. */
int voucher_from_import_item(const struct json *item, struct arena *a, struct voucher *v,
                             struct str *reason, struct err *err) MUST_CHECK;
int voucher_from_update_item(const struct json *item, struct arena *a, struct voucher *v,
                             struct str *reason, struct err *err) MUST_CHECK;

/* An item that is imported into a campaign: type and discount are the campaign's. */
int voucher_from_member_item(const struct json *item, struct arena *a, struct voucher *v,
                             struct str *reason, struct err *err) MUST_CHECK;

/* What an import can change of a voucher that belongs to a campaign (reference 3.2, 3.17). */
#define VOUCHER_MEMBER_IMPORT (VF_CODE | VF_ACTIVE | VF_CATEGORY)

/* Applies the given fields of `change` to the stored voucher `v`: metadata, the rare members of a
 * discount and validity_… key by key, stored keys first; null is a value of metadata, and removes
 * the key elsewhere. A given category replaces both `category` and `category_id`. OUTCOME_UPDATED,
 * with the bits of what changed added to v->set, or OUTCOME_UNCHANGED in *out; OUTCOME_FAILED with
 * *reason (static text) when type or discount type would change. -1: ERR_NOMEM, or a stored JSON
 * text that cannot be read (ERR_STORE). Unless updated, v is as it was. */
int voucher_merge(struct voucher *v, const struct voucher *change, struct arena *a,
                  enum outcome *out, struct str *reason, struct err *err) MUST_CHECK;

/* Books `amount` minor units on a gift, or points on a card: added to its value, or, below 0, taken
 * by hand. ERR_INVALID_BALANCE when it is neither or the sum does not fit; ERR_GIFT_EXCEEDED or
 * ERR_POINTS_EXCEEDED when less is available. */
int voucher_book(struct voucher *v, int64_t amount, struct err *err) MUST_CHECK;

/* Of a gift, in minor units, or a card, in points: what came in and was not taken by hand, and what
 * is left of that. */
int64_t voucher_income(const struct voucher *v);
int64_t voucher_available(const struct voucher *v);

/* What a voucher knows by key only: looked up by who prints it. */
struct voucher_names {
    const char *id;           /* the voucher's public id */
    const char *campaign_id;  /* public; NULL: standalone */
    struct str campaign;      /* its name */
    const char *holder_id;    /* public; NULL: nobody has it */
    struct str campaign_rule; /* id of the campaign's validation rule, assigned then: */
    int64_t campaign_ms;
    bool is_referral;        /* a code of a referral program */
    const char *category_id; /* public; NULL: it has no category, or only a tag */
    struct str category;     /* the rest is of that category */
    int64_t hierarchy;
    int64_t created_ms;
    int64_t updated_ms; /* TIME_NONE: never changed */
};

/* The metadata part of voucher_merge alone: *metadata becomes the merged object, or stays the very
 * same text (*changed is false). 1: the result would be too large, with *reason (static text). */
int voucher_merge_metadata(struct str *metadata, struct str change, struct arena *a, bool *changed,
                           struct str *reason, struct err *err) MUST_CHECK;

/* Removes the keys of `unset`, a JSON object, from metadata; {NULL,0} when none is left. */
int voucher_unset_metadata(struct str *metadata, struct str unset, struct arena *a, bool *changed,
                           struct err *err) MUST_CHECK;

/* Both: `change` ({NULL,0}: nothing) merged, and then the keys of `unset` removed; it stays the
 * very same text when it would grow too long. */
int voucher_renew_metadata(struct str *metadata, struct str change, struct str unset,
                           struct arena *a, struct err *err) MUST_CHECK;

/* What the API prints.
 * Errors: see buf.h. */
enum voucher_json_flags { VOUCHER_JSON_SINGLE = 1u << 0 /* with validation_rules_assignments */ };
void voucher_put_json(struct json_out *o, const struct voucher *v,
                      const struct voucher_names *names, enum voucher_json_flags flags);
/* The simplified one of a list of publications. */
void voucher_put_short(struct json_out *o, const struct voucher *v,
                       const struct voucher_names *names);

#endif
