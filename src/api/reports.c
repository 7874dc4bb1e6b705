/* SPDX-License-Identifier: MIT */
/* reports.c - GET /v1/async-actions/{id}/report.csv: what became of every input row. */
#include "api/api_priv.h"
#include "api/report.h"

static void put_head(struct buf *b, const char *key_name)
{
    buf_printf(b, "row,%s,outcome,reason\n", key_name);
}

static void put_row(struct buf *b, const struct report_row *row)
{
    buf_printf(b, "%lld,", (long long)row->no);
    csv_put_cell(b, row->key);
    buf_putc(b, ',');
    buf_puts(b, str_of(outcome_name(row->outcome)));
    buf_putc(b, ',');
    csv_put_cell(b, row->reason);
    buf_putc(b, '\n');
}

int api_async_actions_report(struct request *rq, struct response *rs, struct err *err)
{
    static const struct report_layout layout = { put_head, put_row };
    struct report_order order = { .layout = &layout, .end = INT64_MAX };
    struct action *ac = NULL;
    if (api_get_action(rq, &rq->arena, rq->args[0], &ac, err) < 0)
        return -1;
    order.action = ac;
    order.file_name = arena_printf(&rq->arena, "report-%.*s.csv", STR_FMT(rq->args[0]));
    if (order.file_name == NULL)
        return err_nomem(err);
    return report_send(rq, rs, &order, err);
}
