/* SPDX-License-Identifier: MIT */
/* registry.c - the table of action types. Look here first when you change anything about one. */
#include "actions/registry.h"

static const char *const voucher_required_columns[] = { "Code", NULL };

static void put_voucher_message(struct buf *b, int64_t done, int64_t failed)
{
    buf_printf(b, "%lld voucher(s) imported successfully, %lld failed.", (long long)done,
               (long long)failed);
}

static int map_voucher(const struct action_plan *plan, const struct str *cells, size_t n_cells,
                       struct arena *a, struct voucher *row, struct str *reason, struct err *err)
{
    return voucher_from_cells(&plan->columns, cells, n_cells, a, row, reason, err);
}

static const struct action_kind action_kinds[ACTION_KIND_ID_COUNT] = {
    [ACTION_VOUCHERS_IMPORT_CSV] = {
        .name = "VOUCHERS.IMPORT_CSV",
        .summary = "Create or update standalone vouchers from a CSV file",
        .input = INPUT_CSV,
        .discipline = DISCIPLINE_SHARED,
        .fields = &voucher_fields,
        .key_name = "code",
        .key_heading = "Code",
        .required_columns = voucher_required_columns,
        .map_record = map_voucher,
        .put_message = put_voucher_message,
    },
};

const struct action_kind *action_kind_find(int kind)
{
    if (kind < 0 || kind >= ACTION_KIND_ID_COUNT || action_kinds[kind].name == NULL)
        return NULL;
    return &action_kinds[kind];
}
