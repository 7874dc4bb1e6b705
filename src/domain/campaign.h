/* SPDX-License-Identifier: MIT */
/*
 * campaign.h - what a campaign is: its fields, its rules, its JSON shape (reference 4.1).
 *
 * Most of it is what its codes begin with, so that is a voucher: type and worth, limit, dates,
 * validity_…, category, metadata. The rest is here. Texts belong to the arena that the caller
 * passed, or are the body's own.
 */
#ifndef DOMAIN_CAMPAIGN_H
#define DOMAIN_CAMPAIGN_H

#include "domain/tier.h"
#include "domain/voucher.h"

/* Stored values: never renumber. */
enum campaign_type {
    CAMPAIGN_NONE,
    CAMPAIGN_DISCOUNT,
    CAMPAIGN_GIFT,
    CAMPAIGN_LOYALTY,
    CAMPAIGN_REFERRAL,
    CAMPAIGN_PROMOTION, /* has no codes */
    CAMPAIGN_TYPE_COUNT
};

/* Where its codes come from: the member `type`. Stored values: never renumber. */
enum campaign_codes {
    CODES_NONE,
    CODES_AUTO_UPDATE, /* a publication may make some */
    CODES_STATIC,
    CODES_STANDALONE, /* one code for everybody */
    CODES_COUNT
};

/* Of creation_status and vouchers_generation_status. Stored values: never renumber. */
enum campaign_status {
    CAMPAIGN_DONE = 1,
    CAMPAIGN_IN_PROGRESS,
    CAMPAIGN_FAILED,
    CAMPAIGN_DRAFT,
    CAMPAIGN_MODIFYING,
    CAMPAIGN_STATUS_COUNT
};

/* Bits of campaign.set: what a change gives besides voucher.set. */
enum campaign_field {
    CF_NAME = 1u << 0,
    CF_CAMPAIGN_TYPE = 1u << 1,
    CF_CODES = 1u << 2,
    CF_DESCRIPTION = 1u << 3,
    CF_JOIN_ONCE = 1u << 4,
    CF_AUTO_JOIN = 1u << 5,
    CF_VOUCHER_SCHEMA = 1u << 6,
    CF_EXTRA = 1u << 7,
    CF_ACTIVE = 1u << 8,
    CF_VOUCHERS_COUNT = 1u << 9,
};

/* Of enum voucher_field: what a change can give to vouchers that there are (reference 3.3). */
#define CAMPAIGN_TERMS                                                                             \
    (VF_VALUE | VF_EFFECT | VF_CATEGORY | VF_START | VF_EXPIRATION | VF_DISCOUNT_EXTRA |           \
     VF_METADATA | VF_VALIDITY)

#define CAMPAIGN_NAME_MAX_BYTES 512 /* an index entry must stay far below a page */

struct campaign {
    struct str name;
    uint32_t set;          /* enum campaign_field */
    uint8_t campaign_type; /* enum campaign_type */
    uint8_t codes;         /* enum campaign_codes */
    bool active, join_once, auto_join;
    bool voucher_schema; /* use_voucher_metadata_schema */
    struct str description;
    struct voucher voucher; /* what its codes begin with; its own code is of CODES_STANDALONE */
    struct str
        code_config;  /* JSON object, complete: pattern, length, charset …; {NULL,0}: no codes */
    struct str extra; /* JSON object of members that are kept as they came: referral_program … */
    struct str unset_metadata; /* of a change: JSON object with the keys; {NULL,0}: none */
    struct tier *tiers;        /* of a new promotion */
    size_t n_tiers;
    struct str promotion;   /* JSON of its tiers, for printing; {NULL,0}: they are left out */
    int64_t vouchers_count; /* asked for, in a body; how many it has, of a stored one */

    /* Only of a stored campaign. */
    int64_t key;
    uint8_t creation, generation; /* enum campaign_status */
    bool busy;                    /* an action works on its vouchers, or waits for its turn */
    int64_t created_ms;
    int64_t updated_ms; /* TIME_NONE: never changed */
    int64_t binned_ms;  /* TIME_NONE: not in the bin */
    int64_t version;    /* sequence number of the request that wrote it last */
};

/* The body of `POST /v1/campaigns`, with the defaults of reference 4.1. ERR_INVALID_PAYLOAD with
 * the reference's details; ERR_INVALID_CAMPAIGN when type and voucher do not fit together
 * (`Property 'discount' is required for REFERRAL_PROGRAM campaign`); ERR_INVALID_CODE_CONFIG when
 * its codes cannot be made, or not as many as asked for; ERR_NOMEM. Of `category_id` it looks at
 * nothing: public ids are not known here. */
int campaign_from_json(const struct json *body, struct arena *a, struct campaign *c,
                       struct err *err) MUST_CHECK;

/* The body of `PUT /v1/campaigns/{id}` as a change: what is absent is not given, null clears dates,
 * description, category and validity_…; what cannot change is skipped. Errors as above. */
int campaign_change_from_json(const struct json *body, struct arena *a, struct campaign *c,
                              struct err *err) MUST_CHECK;

/* Applies the given fields of a change to the stored campaign; metadata key by key. *terms: what is
 * given that its codes have from it, also when the campaign had it already; bits of enum
 * voucher_field. ERR_INVALID_PAYLOAD when metadata grows too long. */
int campaign_merge(struct campaign *c, const struct campaign *change, struct arena *a,
                   uint32_t *terms, bool *changed, struct err *err) MUST_CHECK;

/* Completes a new voucher of the campaign: whatever it was not given, it has from there
 * (reference 3.1); metadata key by key, if its codes have the campaign's. ERR_INVALID_PAYLOAD when
 * that grows too long. */
int campaign_fill_voucher(const struct campaign *c, struct voucher *v, int64_t now_ms,
                          struct arena *a, struct err *err) MUST_CHECK;

/* Gives a stored voucher new terms: those of terms->set, as the campaign has them now, but metadata
 * key by key, without the keys of `unset` (a JSON object; {NULL,0}: none). Metadata that would grow
 * too long stays as it is. */
int campaign_renew_voucher(struct voucher *v, const struct voucher *terms, struct str unset,
                           struct arena *a, struct err *err) MUST_CHECK;

/* What campaign_fill_voucher() needs of it, as a JSON object of our own, for the parameters of an
 * action; and back again. ERR_STORE when it cannot be read. */
void campaign_freeze(struct json_out *o, const struct campaign *c);
int campaign_thaw(const struct json *frozen, struct arena *a, struct campaign *out,
                  struct err *err) MUST_CHECK;

/* What the API prints; names as of a voucher, with the campaign's id. In a list without
 * validation_rules_assignments. Keys without a value are left out. Errors: see buf.h. */
enum campaign_json_flags {
    CAMPAIGN_JSON_SINGLE = 1u << 0,
    CAMPAIGN_JSON_CATEGORY = 1u << 1, /* with the category's object */
};
void campaign_put_json(struct json_out *o, const struct campaign *c,
                       const struct voucher_names *names, unsigned flags);

/* Members of a body that stand on their own. */
extern const struct field_table campaign_fields;

/* `DISCOUNT_COUPONS` …; NULL-terminated, by enum, [0] is "none". */
extern const char *const campaign_type_names[];
extern const char *const campaign_codes_names[];
extern const char *const campaign_status_names[];

#endif
