/* SPDX-License-Identifier: MIT */
/* voucher_rows.c - records of the voucher actions as rows; what they mean is domain/voucher.h's. */
#include "actions/rows.h"

static struct voucher *voucher_of(struct row_head *head)
{
    return (struct voucher *)(void *)head;
}

int voucher_row_import_cells(const struct action_plan *plan, const struct str *cells,
                             size_t n_cells, struct arena *a, struct row_head *head,
                             struct str *reason, struct err *err)
{
    return voucher_from_cells(&plan->columns, cells, n_cells, a, voucher_of(head), reason, err);
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

int voucher_row_member_item(const struct action_plan *plan, const struct json *record,
                            struct arena *a, struct row_head *head, struct str *reason,
                            struct err *err)
{
    const int rc = voucher_from_member_item(record, a, voucher_of(head), reason, err);
    return rc != 0 ? rc : fill_from_campaign(plan, a, voucher_of(head), reason, err);
}

int voucher_row_member_cells(const struct action_plan *plan, const struct str *cells,
                             size_t n_cells, struct arena *a, struct row_head *head,
                             struct str *reason, struct err *err)
{
    const enum voucher_type type = plan->campaign->voucher.type;
    const int rc = voucher_member_from_cells(&plan->columns, type, cells, n_cells, a,
                                             voucher_of(head), reason, err);
    return rc != 0 ? rc : fill_from_campaign(plan, a, voucher_of(head), reason, err);
}

int voucher_row_import_item(const struct action_plan *plan, const struct json *record,
                            struct arena *a, struct row_head *head, struct str *reason,
                            struct err *err)
{
    (void)plan;
    return voucher_from_import_item(record, a, voucher_of(head), reason, err);
}

int voucher_row_update_item(const struct action_plan *plan, const struct json *record,
                            struct arena *a, struct row_head *head, struct str *reason,
                            struct err *err)
{
    (void)plan;
    return voucher_from_update_item(record, a, voucher_of(head), reason, err);
}

/* The record is a code; what it is given stands in the plan. */
int voucher_row_code(const struct action_plan *plan, const struct json *record, struct arena *a,
                     struct row_head *head, struct str *reason, struct err *err)
{
    struct voucher *row = voucher_of(head);
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

int voucher_check_code(const struct json *record, struct err *err)
{
    if (record->type == JSON_STRING)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "Property .codes must be array of strings");
}
