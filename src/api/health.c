/* SPDX-License-Identifier: MIT */
/* health.c - /healthz: the process lives; /readyz: it can serve. */
#include "api/api_priv.h"
#include "base/log.h"

static int reply_status(struct response *rs, int http, const char *status, const char *reason,
                        struct err *err)
{
    struct json_out o = { .b = &rs->body };
    json_object(&o);
    json_key(&o, "status");
    json_str(&o, str_of(status));
    if (reason != NULL) {
        json_key(&o, "reason");
        json_str(&o, str_of(reason));
    }
    json_object_end(&o);
    return reply_json(rs, http, err);
}

int api_health_live(struct request *rq, struct response *rs, struct err *err)
{
    (void)rq;
    return reply_status(rs, HTTP_OK, "ok", NULL, err);
}

int api_health_ready(struct request *rq, struct response *rs, struct err *err)
{
    struct err why = { 0 };
    if (request_is_draining(rq))
        return reply_status(rs, HTTP_UNAVAILABLE, "unavailable", "the server is stopping", err);
    if (store_ping(api_of(rq)->store, &why) < 0) {
        log_event(LOG_WARN, "not_ready", LOG_STR("request_id", rq->id), LOG_STR("error", why.msg));
        const bool full = why.code == ERR_DISK_FULL;
        return reply_status(rs, HTTP_UNAVAILABLE, "unavailable",
                            full ? "the disk is full" : "the store does not answer", err);
    }
    return reply_status(rs, HTTP_OK, "ok", NULL, err);
}
