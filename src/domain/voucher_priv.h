/* SPDX-License-Identifier: MIT */
/*
 * voucher_priv.h - what the files of the voucher share and nobody else needs.
 */
#ifndef DOMAIN_VOUCHER_PRIV_H
#define DOMAIN_VOUCHER_PRIV_H

#include "domain/voucher.h"

/* Rows of voucher_fields. What decides about others comes first: it is checked first. */
enum voucher_row {
    ROW_CODE,
    ROW_TYPE,
    ROW_DISCOUNT_TYPE,
    ROW_VALUE,
    ROW_EFFECT,
    ROW_FORMULA,
    ROW_RULE,
    ROW_CATEGORY,
    ROW_ACTIVE,
    ROW_START,
    ROW_EXPIRATION,
    ROW_QUANTITY,
    ROW_REDEEMED_QUANTITY,
    ROW_REDEEMED_AMOUNT,
    ROW_ADDITIONAL_INFO,
    ROW_GIFT_AMOUNT,
    ROW_LOYALTY_POINTS,
    VOUCHER_ROWS
};

/* "must be <= 100", or NULL. */
const char *voucher_worth_check(const struct voucher_worth *w, struct num value);

/* "must NOT be longer than 512 bytes", or NULL. */
const char *voucher_code_check(struct str code);

/* "must NOT be longer than 262144 bytes", or NULL; of metadata, or of a discount's other members.
 */
const char *voucher_object_check(struct str object);

/* What an error says of a body, as one about the member of another body that it is:
 * `Property .type must …` to `Property <where>.type must …`. Other errors stay. */
void voucher_move_path(struct err *err, const char *where);

/* What a tier of a promotion has in common with vouchers: `action` (a discount, or an object with
 * one), active, dates, validity_…, category, metadata, a rule. v->type stays VOUCHER_NONE without
 * an action. */
int voucher_tier_from_json(const struct json *body, struct arena *a, struct voucher *v,
                           struct err *err) MUST_CHECK;

/* Parts that others print as well: `discount`; validation rules as the list `key`. */
void voucher_put_discount(struct json_out *o, const struct voucher *v);
struct rule_of {
    const char *resource; /* what it is assigned to: "voucher" */
    struct str rule;      /* its id; {NULL,0}: none */
    const char *id;       /* of the resource */
    int64_t since_ms;
};
void voucher_put_assignments(struct json_out *o, const char *key, const struct rule_of *rules,
                             size_t n);

/* Parts that a campaign prints as well: `category`, `category_id`, `categories` (the first only
 * when there is one); and of its template type, worth and `redemption`. */
void voucher_put_category(struct json_out *o, const struct voucher *v,
                          const struct voucher_names *names, bool with_object);
void voucher_put_template(struct json_out *o, const struct voucher *v);

enum voucher_validity_flags {
    VALIDITY_KEEP_NULL = 1u << 0,  /* null stays: it shall clear what is stored */
    VALIDITY_TYPES_ONLY = 1u << 1, /* what is no weekday passes; the output is of no use */
};

/* Writes the validity_… members of the body as one object; *given: there were any.
 * ERR_INVALID_PAYLOAD: `Property .validity_day_of_week[2] must be integer`. */
int voucher_validity_put(struct json_out *o, const struct json *body,
                         enum voucher_validity_flags flags, bool *given,
                         struct err *err) MUST_CHECK;

/* Prints them as members of the voucher. */
void voucher_validity_print(struct json_out *o, struct str stored);

/* The members that are objects, are they? `Property .metadata must be object,null`. */
int voucher_check_objects(const struct json *body, struct err *err) MUST_CHECK;

/* A JSON text that we write has come in as a body or a cell; what is larger did not come from us.
 */
#define VOUCHER_TEXT_MAX_BYTES (256 * MIB)

#endif
