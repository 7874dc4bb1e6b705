/* SPDX-License-Identifier: MIT */
/*
 * tier.h - a tier of a promotion: a discount without a code (reference 4.1, 6.6).
 *
 * It begins as a voucher does: discount, active, dates, validity_…, category, rule, metadata; and
 * these are read, checked and printed by the voucher's own code.
 */
#ifndef DOMAIN_TIER_H
#define DOMAIN_TIER_H

#include "domain/voucher.h"

struct campaign;

#define TIERS_MAX 100 /* of a campaign: all of them are printed with it */

struct tier {
    struct str name;
    struct str banner;     /* {NULL,0}: none */
    int64_t hierarchy;     /* they apply in this order; not given: its place, from 1 */
    struct voucher terms;  /* type VOUCHER_NONE: it has no action */
    const struct json *in; /* of a body: where it was read from */

    /* Only of a stored tier; terms.campaign_id and terms.created_ms as well. */
    int64_t key;
};

/* Members of a tier in a body that vouchers do not have. */
extern const struct field_table tier_fields;

/* The member `promotion` of the body of `POST /v1/campaigns`; no tiers without it.
 * ERR_INVALID_PAYLOAD with where in the body: `Property .promotion.tiers[0].action.discount should
 * have required property 'type'`. Of `category_id` it looks at nothing: public ids are not known
 * here. */
int tiers_from_json(const struct json *body, struct arena *a, struct tier **out, size_t *n,
                    struct err *err) MUST_CHECK;

/* What the API prints; names as of a voucher: id, campaign, category. `campaign_category`: public
 * id of the campaign's category; NULL: it has none. Errors: see buf.h. */
void tier_put_json(struct json_out *o, const struct tier *t, const struct voucher_names *names,
                   const struct campaign *c, const char *campaign_category);

#endif
