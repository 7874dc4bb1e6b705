/* SPDX-License-Identifier: MIT */
/* registry.c - the table of action types. Look here first when you change anything about one. */
#include "actions/registry.h"

static const char *const voucher_required_columns[] = { "Code", NULL };

static void put_voucher_message(struct buf *b, int64_t done, int64_t failed)
{
    buf_printf(b, "%lld voucher(s) imported successfully, %lld failed.", (long long)done,
               (long long)failed);
}

static void put_generated(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Generated %lld vouchers.", (long long)done);
}

static void put_updated(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Updated %lld vouchers.", (long long)done);
}

static void put_deleted(struct buf *b, int64_t done, int64_t failed)
{
    (void)failed;
    buf_printf(b, "Deleted %lld vouchers.", (long long)done);
}

static int map_import_cells(const struct action_plan *plan, const struct str *cells, size_t n_cells,
                            struct arena *a, struct voucher *row, struct str *reason,
                            struct err *err)
{
    return voucher_from_cells(&plan->columns, cells, n_cells, a, row, reason, err);
}

/* What is not given is the campaign's. */
static int fill_from_campaign(const struct action_plan *plan, struct arena *a, struct voucher *row,
                              struct str *reason, struct err *err)
{
    struct err why = { 0 };
    if (campaign_fill_voucher(plan->campaign, row, plan->now_ms, a, &why) == 0)
        return 0;
    if (why.code != ERR_INVALID_PAYLOAD) {
        *err = why;
        return -1;
    }
    *reason = arena_str(a, str_of(why.msg));
    return reason->p != NULL ? 1 : err_nomem(err);
}

static int map_member_item(const struct action_plan *plan, const struct json *record,
                           struct arena *a, struct voucher *row, struct str *reason,
                           struct err *err)
{
    const int rc = voucher_from_member_item(record, a, row, reason, err);
    return rc != 0 ? rc : fill_from_campaign(plan, a, row, reason, err);
}

static int map_member_cells(const struct action_plan *plan, const struct str *cells, size_t n_cells,
                            struct arena *a, struct voucher *row, struct str *reason,
                            struct err *err)
{
    const enum voucher_type type = plan->campaign->voucher.type;
    const int rc =
        voucher_member_from_cells(&plan->columns, type, cells, n_cells, a, row, reason, err);
    return rc != 0 ? rc : fill_from_campaign(plan, a, row, reason, err);
}

static int map_import_item(const struct action_plan *plan, const struct json *record,
                           struct arena *a, struct voucher *row, struct str *reason,
                           struct err *err)
{
    (void)plan;
    return voucher_from_import_item(record, a, row, reason, err);
}

static int map_update_item(const struct action_plan *plan, const struct json *record,
                           struct arena *a, struct voucher *row, struct str *reason,
                           struct err *err)
{
    (void)plan;
    return voucher_from_update_item(record, a, row, reason, err);
}

/* The record is a code; what it is given stands in the plan. */
static int map_code(const struct action_plan *plan, const struct json *record, struct arena *a,
                    struct voucher *row, struct str *reason, struct err *err)
{
    (void)a;
    (void)err;
    voucher_init(row);
    row->code = record->text;
    row->set = VF_CODE;
    if (plan->metadata.len > 2) { /* {} gives nothing */
        row->metadata = plan->metadata;
        row->set |= VF_METADATA;
    }
    if (record->text.len == 0) {
        *reason = STR("Property .codes must NOT have items of fewer than 1 characters");
        return 1;
    }
    return 0;
}

static int check_code(const struct json *record, struct err *err)
{
    if (record->type == JSON_STRING)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "Property .codes must be array of strings");
}

static const struct action_kind action_kinds[ACTION_KIND_ID_COUNT] = {
    [ACTION_CAMPAIGN_VOUCHERS_IMPORT] = {
        .name = "CAMPAIGN.VOUCHERS_IMPORT",
        .summary = "Add vouchers to a campaign from a JSON array",
        .input = INPUT_RECORDS,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_CREATE_ONLY,
        .result = RESULT_MESSAGE,
        .of_campaign = true,
        .key_name = "code",
        .map_record = map_member_item,
        .check_record = voucher_check_import_item,
        .put_message = put_voucher_message,
    },
    [ACTION_CAMPAIGN_VOUCHERS_IMPORT_CSV] = {
        .name = "CAMPAIGN.VOUCHERS_IMPORT_CSV",
        .summary = "Add vouchers to a campaign from a CSV file",
        .input = INPUT_CSV,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_UPSERT,
        .result = RESULT_MESSAGE,
        .of_campaign = true,
        .numbers_rows = true,
        .fields = &voucher_fields,
        .key_name = "code",
        .key_heading = "Code",
        .required_columns = voucher_required_columns,
        .map_cells = map_member_cells,
        .put_message = put_voucher_message,
    },
    [ACTION_CAMPAIGN_VOUCHERS_UPDATE] = {
        .name = "CAMPAIGN.VOUCHERS_UPDATE",
        .summary = "Give the vouchers of a campaign what has changed of it",
        .input = INPUT_MEMBERS,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .of_campaign = true,
        .key_name = "code",
        .put_message = put_updated,
    },
    [ACTION_CAMPAIGN_VOUCHERS_DELETE] = {
        .name = "CAMPAIGN.VOUCHERS_DELETE",
        .summary = "Delete the vouchers of a campaign that was deleted",
        .input = INPUT_MEMBERS,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_COUNT,
        .of_campaign = true,
        .key_name = "code",
        .put_message = put_deleted,
    },
    [ACTION_CAMPAIGN_VOUCHERS_GENERATE] = {
        .name = "CAMPAIGN.VOUCHERS_GENERATE",
        .summary = "Generate codes for a campaign",
        .input = INPUT_CODES,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_NEW_ONLY,
        .result = RESULT_COUNT,
        .of_campaign = true,
        .key_name = "code",
        .put_message = put_generated,
    },
    [ACTION_VOUCHERS_IMPORT] = {
        .name = "VOUCHERS.IMPORT",
        .summary = "Create standalone vouchers from a JSON array",
        .input = INPUT_RECORDS,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_CREATE_ONLY,
        .result = RESULT_MESSAGE,
        .key_name = "code",
        .map_record = map_import_item,
        .check_record = voucher_check_import_item,
        .put_message = put_voucher_message,
    },
    [ACTION_VOUCHERS_IMPORT_CSV] = {
        .name = "VOUCHERS.IMPORT_CSV",
        .summary = "Create or update standalone vouchers from a CSV file",
        .input = INPUT_CSV,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_SHARED,
        .mode = APPLY_UPSERT,
        .result = RESULT_MESSAGE,
        .numbers_rows = true,
        .fields = &voucher_fields,
        .key_name = "code",
        .key_heading = "Code",
        .required_columns = voucher_required_columns,
        .map_cells = map_import_cells,
        .put_message = put_voucher_message,
    },
    [ACTION_VOUCHERS_BULK_UPDATE] = {
        .name = "VOUCHERS.BULK_UPDATE",
        .summary = "Update the metadata of vouchers, each with its own",
        .input = INPUT_RECORDS,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_ERRORS,
        .keys_errors = true,
        .key_name = "code",
        .map_record = map_update_item,
        .check_record = voucher_check_update_item,
    },
    [ACTION_VOUCHERS_METADATA_UPDATE] = {
        .name = "VOUCHERS.METADATA_UPDATE",
        .summary = "Update the metadata of vouchers, all with the same",
        .input = INPUT_RECORDS,
        .queue = QUEUE_VOUCHERS,
        .discipline = DISCIPLINE_ORDERED,
        .mode = APPLY_UPDATE_ONLY,
        .result = RESULT_ERRORS,
        .key_name = "code",
        .map_record = map_code,
        .check_record = check_code,
    },
};

const struct action_kind *action_kind_find(int kind)
{
    if (kind < 0 || kind >= ACTION_KIND_ID_COUNT || action_kinds[kind].name == NULL)
        return NULL;
    return &action_kinds[kind];
}
