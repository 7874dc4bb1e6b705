/* SPDX-License-Identifier: MIT */
/* request.c - see request.h; the calls of handlers. */
#include "base/time_iso.h"
#include "http/http_priv.h"
#include "http/url.h"

static struct exchange *exchange_of(struct request *rq)
{
    return (struct exchange *)rq; /* its first member */
}

struct str request_query(const struct request *rq, const char *name)
{
    for (const struct query_param *p = rq->query; p != NULL; p = p->next) {
        if (str_is(p->name, name))
            return p->value;
    }
    return (struct str){ NULL, 0 };
}

struct str request_header(const struct request *rq, const char *name)
{
    const struct exchange *x = (const struct exchange *)rq;
    return str_of(MHD_lookup_connection_value(x->con, MHD_HEADER_KIND, name));
}

int request_json(struct request *rq, const struct json **out, struct err *err)
{
    struct json *tree = NULL;
    if (rq->body.len > 0 && json_parse(&rq->arena, rq->body, &tree, err) < 0)
        return -1;
    *out = tree;
    return 0;
}

static int json_fields(struct request *rq, const char *const *names, struct str *values, size_t n,
                       struct err *err)
{
    const struct json *object = NULL;
    if (request_json(rq, &object, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const struct json *member = json_member(object, names[i]);
        if (member != NULL && member->type == JSON_STRING)
            values[i] = member->text;
    }
    return 0;
}

int request_fields(struct request *rq, const char *const *names, struct str *values, size_t n,
                   struct err *err)
{
    const struct exchange *x = exchange_of(rq);
    memset(values, 0, n * sizeof(*values));
    if (x->form_is_json)
        return json_fields(rq, names, values, n, err);
    for (size_t i = 0; i < n; i++) {
        if (url_form_field(&rq->arena, rq->body, names[i], &values[i]) < 0)
            return err_nomem(err);
    }
    return 0;
}

bool request_is_draining(const struct request *rq)
{
    const struct exchange *x = (const struct exchange *)rq;
    return atomic_load(&x->server->draining);
}

void request_suspend(struct request *rq)
{
    struct exchange *x = exchange_of(rq);
    atomic_fetch_add(&x->server->n_suspended, 1);
    MHD_suspend_connection(x->con);
}

void request_resume(struct request *rq)
{
    struct exchange *x = exchange_of(rq);
    struct server *s = x->server;
    MHD_resume_connection(x->con); /* x may be gone from here on */
    atomic_fetch_sub(&s->n_suspended, 1);
}

static void wake(void *arg)
{
    request_resume(arg);
}

void request_sleep(struct request *rq, int ms)
{
    struct exchange *x = exchange_of(rq);
    x->sleep.due_us = time_monotonic_us() + (int64_t)ms * 1000;
    x->sleep.wake = wake;
    x->sleep.arg = rq;
    request_suspend(rq);
    ticker_add(x->server->ticker, &x->sleep);
}

void request_offload(struct request *rq, struct offload_job *job)
{
    struct exchange *x = exchange_of(rq);
    request_suspend(rq);
    offload_run(x->server->offload, job);
}
