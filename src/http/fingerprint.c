/* SPDX-License-Identifier: MIT */
/* fingerprint.c - see fingerprint.h. */
#include "http/fingerprint.h"
#include "http/request.h"

static bool is_visible(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (key.p[i] <= ' ' || key.p[i] > '~')
            return false;
    }
    return key.len > 0 && key.len <= IDEMPOTENCY_KEY_MAX_BYTES;
}

int fingerprint_begin(struct request *rq, struct err *err)
{
    const struct str key = request_header(rq, "Idempotency-Key");
    if (key.p == NULL)
        return 0;
    if (!is_visible(key))
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Header Idempotency-Key must be 1 to %d visible ASCII characters",
                       IDEMPOTENCY_KEY_MAX_BYTES);
    rq->fingerprint = arena_calloc(&rq->arena, sizeof(*rq->fingerprint));
    if (rq->fingerprint == NULL)
        return err_nomem(err);
    rq->fingerprint->key = key;
    id_digest_begin(&rq->fingerprint->body);
    return 0;
}

void fingerprint_add(struct fingerprint *f, const void *data, size_t n)
{
    if (f != NULL)
        id_digest_add(&f->body, data, n);
}

static void add_query(struct id_digest *d, const struct query_param *first)
{
    for (const struct query_param *p = first; p != NULL; p = p->next) {
        id_digest_add_text(d, p->name);
        id_digest_add_text(d, p->value);
    }
    id_digest_add_text(d, STR("body"));
}

static void add_form(struct id_digest *d, const struct form *f)
{
    for (size_t i = 0; i < f->n_fields; i++) {
        id_digest_add_text(d, str_of(f->fields[i].name));
        id_digest_add_text(d, buf_str(&f->fields[i].value));
    }
}

void fingerprint_end(struct request *rq)
{
    struct fingerprint *f = rq->fingerprint;
    struct id_digest d;
    if (f == NULL)
        return;
    id_digest_end(&f->body, f->hash);
    id_digest_begin(&d);
    id_digest_add_text(&d, str_of(rq->project_id));
    id_digest_add_text(&d, str_of(rq->method));
    id_digest_add_text(&d, rq->path);
    id_digest_add(&d, f->hash, sizeof(f->hash));
    add_form(&d, &rq->form);
    id_digest_add_text(&d, STR("query"));
    add_query(&d, rq->query);
    id_digest_end(&d, f->hash);
}

int fingerprint_of_body(struct request *rq, struct err *err)
{
    if (fingerprint_begin(rq, err) < 0)
        return -1;
    fingerprint_add(rq->fingerprint, rq->body.p, rq->body.len);
    fingerprint_end(rq);
    return 0;
}
