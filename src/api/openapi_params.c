/* SPDX-License-Identifier: MIT */
/* openapi_params.c - parameters, by name: of the query, and of paths. */
#include "api/openapi_priv.h"

static const struct member query[] = {
    { "force", MEMBER_BOOLEAN, .note = "Erased at once, not put into the bin." },
    { "dry_run", MEMBER_BOOLEAN,
      .note = "The action says what it would do, and nothing is changed." },
    { "webhooks_enable", MEMBER_BOOLEAN, .note = "Kept with the action; there are no webhooks." },
    { "wait", MEMBER_INTEGER, .note = "Seconds to wait for its end.", .most = 60 },
    { "end_date", MEMBER_TIME, .note = "Created before that." },
    { "type", MEMBER_REF, 0, "AsyncActionType" },
    { "status", MEMBER_REF, 0, "AsyncActionStatus" },
    { "starting_after", MEMBER_TEXT, .note = "Id of the last item of the page before." },
    { "starting_after_id", MEMBER_TEXT, .note = "Id of the last item of the page before." },
    { "expand", MEMBER_NAMES, 0, "category", .note = "Campaigns with their category." },
    { "vouchers_count", MEMBER_INTEGER,
      .note = "How many to make: one at once, more of them by an action." },
    { "join_once", MEMBER_BOOLEAN, .note = "Nobody is given a second one." },
    { "campaign", MEMBER_TEXT, .note = "Of this campaign, by name or id." },
    { "voucher", MEMBER_TEXT, .note = "Of this voucher, by code or id." },
    { "token", MEMBER_TEXT, .note = "As the link has it." },
};
const struct member_table openapi_params = { query, ARRAY_LEN(query) };

static const struct member path[] = {
    { "code", MEMBER_TEXT, .note = "Code of a voucher, or its id." },
    { "memberId", MEMBER_TEXT, .note = "Code of a loyalty card, or its id." },
    { "campaignId", MEMBER_TEXT, .note = "Name of a campaign, or its id." },
    { "validationRuleId", MEMBER_TEXT, .note = "Id of a validation rule." },
    { "resource", MEMBER_TEXT, .note = "A kind of resource (`voucher`), or the id of a schema." },
    { "projectId", MEMBER_TEXT, .note = "Id of the project that the key is for." },
    { "metadataSchemaId", MEMBER_TEXT, .note = "Id of a schema, or its kind of resource." },
    { "productId", MEMBER_TEXT, .note = "Source id of a product, or its id." },
    { "skuId", MEMBER_TEXT, .note = "Source id of a SKU, or its id." },
    { "orderId", MEMBER_TEXT, .note = "Source id of an order, or its id." },
    { "customerId", MEMBER_TEXT, .note = "Source id of a customer, or its id." },
    { "tierId", MEMBER_TEXT, .note = "Id of a tier." },
    { "id", MEMBER_TEXT, .note = "Its id." },
    { "part", MEMBER_INTEGER, .note = "Which file of the report, from 1." },
};
const struct member_table openapi_path_params = { path, ARRAY_LEN(path) };
