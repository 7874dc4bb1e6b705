/* SPDX-License-Identifier: MIT */
/* record_rows.c - what the metadata updates of all records have in common: an item is a source id,
 * and what it is given stands in the plan. */
#include "actions/rows.h"

int record_of_source_id(struct record *row, const struct json *item, const struct action_plan *plan,
                        struct str *reason)
{
    row->source_id = item->text;
    row->set = RECORD_SOURCE_ID;
    if (plan->metadata.len > 2) { /* {} gives nothing */
        row->metadata = plan->metadata;
        row->set |= RECORD_METADATA;
    }
    if (item->text.len == 0)
        *reason = STR("Property .source_ids must NOT have items of fewer than 1 characters");
    else if (item->text.len > SOURCE_ID_MAX_BYTES)
        *reason = STR("Property .source_ids must NOT have items of more than 512 bytes");
    return reason->p != NULL;
}

RECORD_CHECK(check_source_id)
{
    if (record->type == JSON_STRING)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "Property .source_ids must be array of strings");
}
