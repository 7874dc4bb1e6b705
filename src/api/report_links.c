/* SPDX-License-Identifier: MIT */
/*
 * report_links.c - report files of a bulk update, by links that need no key (reference 2.6).
 *
 * GET /v1/async-actions/{id}/reports/{part}?token=…
 *
 * A file has the lines of REPORT_LINES rows. Whatever is wrong with a link, the answer is the same:
 * it tells nothing about what there is. An action names its links for good; when their time is over
 * they are not found.
 */
#include "api/api_priv.h"
#include "api/report.h"
#include "api/signing.h"
#include "base/time_iso.h"

/* Stands for the action: what its public id holds of its number. */
#define LINK_ID(seq) ((int64_t)(uint32_t)(seq))

static const char purpose[] = "report";

/* ---- links ---- */

static const char *put_link(struct request *rq, struct str base, const char *id,
                            const struct link *link)
{
    char token[LINK_TOKEN_CHARS + 1];
    link_sign(store_secret(api_of(rq)->store), link, token);
    return arena_printf(&rq->arena, "%.*s/v1/async-actions/%s/reports/%lld?token=%s", STR_FMT(base),
                        id, (long long)link->part, token);
}

int api_report_links(struct request *rq, const struct action *ac, struct action_view *view,
                     struct err *err)
{
    const size_t n = (size_t)action_report_count(ac);
    struct str *links = arena_alloc(&rq->arena, n * sizeof(*links));
    struct link link = { .purpose = purpose,
                         .id = LINK_ID(ac->seq),
                         .project_id = ac->project_id,
                         .expires_ms = ac->updated_ms + api_of(rq)->retention_ms };
    struct str base;
    if (links == NULL)
        return err_nomem(err);
    if (link_base(rq, &base, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        link.part = (int64_t)i + 1;
        links[i] = str_of(put_link(rq, base, view->id, &link));
        if (links[i].p == NULL)
            return err_nomem(err);
    }
    view->reports = links;
    view->n_reports = n;
    view->reports_till_ms = link.expires_ms;
    return 0;
}

/* ---- files ---- */

/* found, updated (reference 2.6). A row that was refused for itself has met no voucher. */
static struct str found_updated(const struct report_row *row)
{
    static const struct str by_outcome[OUTCOME_COUNT] = {
        [OUTCOME_CREATED] = STR_INIT("false,true"),  [OUTCOME_UPDATED] = STR_INIT("true,true"),
        [OUTCOME_UNCHANGED] = STR_INIT("true,true"), [OUTCOME_SUPERSEDED] = STR_INIT("true,true"),
        [OUTCOME_FAILED] = STR_INIT("false,false"),
    };
    const bool met = row->why == FAILURE_DUPLICATE || row->why == FAILURE_REFUSED;
    return row->outcome == OUTCOME_FAILED && met ? STR("true,false") : by_outcome[row->outcome];
}

static void put_head(struct buf *b, const char *key_name)
{
    buf_printf(b, "%s,found,updated\n", key_name);
}

static void put_row(struct buf *b, const struct report_row *row)
{
    csv_put_cell(b, row->key);
    buf_putc(b, ',');
    buf_puts(b, found_updated(row));
    buf_putc(b, '\n');
}

/* The project and the part that the request's token is for. */
static bool verify(struct request *rq, struct link *link)
{
    const struct id_secret *secret = store_secret(api_of(rq)->store);
    uint32_t seq_low;
    int64_t created_ms;
    *link = (struct link){ .purpose = purpose };
    if (!id_decode_action(secret, rq->args[0], &seq_low, &created_ms) ||
        !num_parse_i64(rq->args[1], &link->part))
        return false;
    link->id = LINK_ID(seq_low);
    return link_verify(secret, link, request_query(rq, "token"), time_now_ms());
}

/* The action of the path, when there is such a part of its report; otherwise NULL. */
static int find_action(struct request *rq, const struct link *link, struct action **out,
                       struct err *err)
{
    if (store_find_action(api_of(rq)->store, &rq->arena, link->project_id, rq->args[0], out, err) <
        0)
        return err_wrap(err, "cannot look up an action");
    if (*out != NULL && (link->part < 1 || link->part > action_report_count(*out)))
        *out = NULL;
    return 0;
}

int api_async_actions_report_link(struct request *rq, struct response *rs, struct err *err)
{
    static const struct report_layout layout = { put_head, put_row };
    struct report_order order = { .layout = &layout };
    struct action *ac = NULL;
    struct link link;
    if (verify(rq, &link) && find_action(rq, &link, &ac, err) < 0)
        return -1;
    if (ac == NULL)
        return err_set(err, ERR_NOT_FOUND, "There is no such report, or it is no longer available");
    order.action = ac;
    order.first = (link.part - 1) * REPORT_LINES;
    order.end = link.part * REPORT_LINES;
    order.file_name = arena_printf(&rq->arena, "report-%.*s-%lld.csv", STR_FMT(rq->args[0]),
                                   (long long)link.part);
    if (order.file_name == NULL)
        return err_nomem(err);
    return report_send(rq, rs, &order, err);
}
