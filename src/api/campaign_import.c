/* SPDX-License-Identifier: MIT */
/*
 * campaign_import.c - POST /v1/campaigns/{id}/import: vouchers of a campaign as a JSON array
 * (reference 3.1).
 *
 * The body was checked for its shape as it arrived. Before it is queued its codes are looked at
 * once more, together: whether each record has one, and how many exist already. So they are read
 * back here from where the records lie, one a line.
 */
#include <inttypes.h>

#include "api/api_priv.h"

#define READ_BYTES (256 * KIB)

/* The codes of a body. */
struct codes {
    struct request *rq;
    struct arena scratch; /* of one record */
    struct str *codes;    /* in the request's arena */
    size_t n, cap;
    int64_t without; /* records that have none */
};

static int take_line(struct codes *c, struct str line, struct err *err)
{
    struct json *record = NULL;
    arena_reset(&c->scratch);
    if (json_parse(&c->scratch, line, &record, err) < 0)
        return err_wrap(err, "a record of the body cannot be read");
    const struct json *code = json_member(record, "code");
    if (code == NULL || code->type != JSON_STRING || code->text.len == 0) {
        c->without++;
        return 0;
    }
    struct str *grown = arena_grow(&c->rq->arena, c->codes, c->n, &c->cap, sizeof(*grown));
    if (grown == NULL)
        return err_nomem(err);
    c->codes = grown;
    c->codes[c->n] = arena_str(&c->rq->arena, code->text);
    return c->codes[c->n++].p != NULL ? 0 : err_nomem(err);
}

/* All whole lines of a text; what is behind the last newline is for later. */
static int take_lines(struct codes *c, struct str text, size_t *used, struct err *err)
{
    *used = 0;
    for (;;) {
        const char *from = text.p + *used;
        const char *end = *used < text.len ? memchr(from, '\n', text.len - *used) : NULL;
        if (end == NULL)
            return 0;
        if (take_line(c, (struct str){ from, (size_t)(end - from) }, err) < 0)
            return -1;
        *used += (size_t)(end - from) + 1;
    }
}

/* The records lie in the spool: window by window, a longer one when a record does not fit. */
static int take_file(struct codes *c, struct upload *file, struct err *err)
{
    struct buf window;
    const int64_t bytes = upload_bytes(file);
    int64_t at = 0;
    int rc = 0;
    buf_init(&window, 64 * MIB);
    for (size_t size = READ_BYTES; rc == 0 && at < bytes;) {
        size_t got = 0, used = 0;
        buf_reset(&window);
        if (!buf_reserve(&window, size)) {
            rc = err_nomem(err);
            break;
        }
        rc = upload_read(file, at, window.p, size, &got, err);
        if (rc == 0)
            rc = take_lines(c, (struct str){ window.p, got }, &used, err);
        if (rc == 0 && used == 0 && at + (int64_t)got >= bytes)
            break; /* nothing behind the last newline is a record */
        size = used == 0 ? 2 * size : READ_BYTES;
        at += (int64_t)used;
    }
    buf_release(&window);
    return rc;
}

static int cmp_codes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Codes that are not new: in the project already, or a second time in the body. */
static int count_taken(struct codes *c, int64_t *taken, struct err *err)
{
    const struct request *rq = c->rq;
    size_t kept = 0;
    if (c->n > 1)
        qsort(c->codes, c->n, sizeof(*c->codes), cmp_codes);
    for (size_t i = 0; i < c->n; i++)
        if (i == 0 || !str_eq(c->codes[i], c->codes[i - 1]))
            c->codes[kept++] = c->codes[i];
    *taken = (int64_t)(c->n - kept);
    int64_t stored = 0;
    if (store_count_codes(api_of(rq)->store, rq->project->id, c->codes, kept, &stored, err) < 0)
        return err_wrap(err, "cannot look up codes");
    *taken += stored;
    return 0;
}

static int check_codes(struct codes *c, struct err *err)
{
    struct json_body *body = c->rq->records;
    int64_t taken = 0;
    size_t used;
    const int rc = body->file != NULL ? take_file(c, body->file, err)
                                      : take_lines(c, buf_str(&body->lines), &used, err);
    if (rc < 0)
        return -1;
    if (c->without > 0)
        return err_set(err, ERR_INVALID_VOUCHER,
                       "Found %" PRId64 " voucher(s) without 'code' value", c->without);
    if (count_taken(c, &taken, err) < 0)
        return -1;
    if (taken > 0)
        return err_set(err, ERR_DUPLICATE_CODES, "%" PRId64 " voucher codes(s) already exist.",
                       taken);
    return 0;
}

static int freeze(struct request *rq, const struct action_start *how,
                  const struct action_kind *kind, struct action *ac, struct err *err)
{
    struct codes codes = { .rq = rq };
    struct campaign *campaign = NULL;
    if (api_find_campaign_for_codes(rq, "import vouchers", &campaign, err) < 0)
        return -1;
    arena_init(&codes.scratch, 64 * KIB, 0);
    const int rc = check_codes(&codes, err);
    arena_release(&codes.scratch);
    if (rc < 0)
        return -1;
    ac->campaign_id = campaign->key;
    return action_freeze_records(kind, (struct str){ NULL, 0 }, how->webhooks_enable, campaign,
                                 &rq->arena, &ac->params, err);
}

int api_campaigns_import(struct request *rq, struct response *rs, struct err *err)
{
    (void)rs;
    return api_records_start_with(rq, HTTP_ACCEPTED, freeze, err);
}
