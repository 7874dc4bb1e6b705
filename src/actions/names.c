/* SPDX-License-Identifier: MIT */
/*
 * names.c - the names of the API's action types, by number (reference 2.2).
 *
 * All of them, also those that have no row in registry.c: a list may be asked for any, and then has
 * none of it.
 */
#include "actions/registry.h"

static const char *const kind_names[ACTION_KIND_ID_COUNT] = {
    [1] = "CAMPAIGN.VOUCHERS_IMPORT",
    [2] = "CAMPAIGN.VOUCHERS_IMPORT_CSV",
    [3] = "CAMPAIGN.VOUCHERS_UPDATE",
    [4] = "CAMPAIGN.VOUCHERS_DELETE",
    [5] = "CAMPAIGN.VOUCHERS_GENERATE",
    [6] = "CAMPAIGNS.METADATA_KEY_PURGE",
    [7] = "CUSTOMERS.IMPORT_CSV",
    [8] = "CUSTOMERS.BULK_UPDATE",
    [9] = "CUSTOMERS.METADATA_UPDATE",
    [10] = "CUSTOMERS.METADATA_KEY_PURGE",
    [11] = "PRODUCTS.BULK_UPDATE",
    [12] = "PRODUCTS.METADATA_UPDATE",
    [13] = "PRODUCTS.METADATA_KEY_PURGE",
    [14] = "PRODUCTS.IMPORT_CSV",
    [15] = "SKUS.IMPORT_CSV",
    [ACTION_VOUCHERS_IMPORT] = "VOUCHERS.IMPORT",
    [ACTION_VOUCHERS_IMPORT_CSV] = "VOUCHERS.IMPORT_CSV",
    [ACTION_VOUCHERS_BULK_UPDATE] = "VOUCHERS.BULK_UPDATE",
    [ACTION_VOUCHERS_METADATA_UPDATE] = "VOUCHERS.METADATA_UPDATE",
    [20] = "VOUCHERS.METADATA_KEY_PURGE",
    [21] = "ORDERS.IMPORT",
    [22] = "ORDERS.METADATA_KEY_PURGE",
};

const char *action_kind_name(int kind)
{
    return kind > 0 && kind < ACTION_KIND_ID_COUNT ? kind_names[kind] : "UNKNOWN";
}

int action_kind_get(int kind, const struct action_kind **out, struct err *err)
{
    *out = action_kind_find(kind);
    return *out != NULL ? 0
                        : err_set(err, ERR_NOT_FOUND, "this server has no actions of type %s",
                                  action_kind_name(kind));
}

int action_kind_number(struct str name)
{
    for (int kind = 1; kind < ACTION_KIND_ID_COUNT; kind++) {
        if (str_is(name, kind_names[kind]))
            return kind;
    }
    return 0;
}
