/* SPDX-License-Identifier: MIT */
/*
 * request.h - a request, its response, and what a handler may do with them.
 *
 * A handler runs in an event thread and never blocks it. It fills the response and returns 0, or
 * returns -1 with an error (errors.h makes the answer of it), or it answers later:
 *
 *   (1) set rq->finish, (2) request_suspend(rq), (3) hand the work to another thread,
 *   (4) return HTTP_LATER; the other thread calls request_resume(rq) when it is done, and
 *   rq->finish runs in the event thread like a handler.
 *
 * Between (3) and request_resume() the request belongs to the other thread; after request_resume()
 * that thread must not touch it again. A client that leaves is noticed after the resume only, so
 * the arena lives as long as the work. But then `finish` does not run: what must be given back has
 * to hang on the request (form) or be given back by the worker.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <sys/types.h>

#include "base/err.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/mem.h"
#include "http/fingerprint.h"
#include "http/form.h"
#include "http/json_body.h"
#include "http/offload.h"
#include "http/router.h"

struct project; /* of the application; http only carries it */

enum {
    HTTP_OK = 200,
    HTTP_ACCEPTED = 202,
    HTTP_NO_CONTENT = 204,
    HTTP_NOT_FOUND = 404,
    HTTP_UNAVAILABLE = 503
};
enum { HTTP_LATER = 1 }; /* result of a handler */

struct query_param {
    struct str name; /* decoded */
    struct str value;
    struct query_param *next;
};

struct request {
    struct arena arena; /* dropped when the response has been sent */
    const char *method;
    struct str path;                 /* as it came, encoded */
    const struct route *route;       /* NULL: no such path */
    struct str args[ROUTE_ARGS_MAX]; /* of the path, decoded, in the order of the pattern */
    const struct query_param *query;
    char id[ID_MAX_LEN];       /* what logs and errors call it */
    struct project *project;   /* set by the application's authenticate; NULL on open routes */
    const char *project_id;    /* public id for the log; NULL while there is no project */
    struct str body;           /* BODY_JSON, BODY_FORM: all of it */
    struct json_body *records; /* BODY_RECORDS; in the arena */
    struct form form;          /* BODY_MULTIPART */
    struct fingerprint *fingerprint; /* of the last two; NULL: no Idempotency-Key was given */
    void *app;                       /* the application's context */

    /* of a handler that answers later; both set before the work is handed over */
    request_handler *finish;
    void *state;

    /* for the error object: what was not found or is there already */
    const char *resource_type;
    struct str resource_id;
    const char *allow;  /* methods of the path, for 405 */
    struct str details; /* of a 4xx error, in place of its text: one that is too long for it */
};

#define RESPONSE_HEADERS_MAX 4
#define RESPONSE_MAX_BYTES   (64 * MIB)

enum { STREAM_END = -1, STREAM_BROKEN = -2 };

/* A body that is made while it is sent. */
struct stream {
    /* Up to max bytes (max > 0) into out. 0: nothing now, and request_suspend() or request_sleep()
     * has been called; asked again after the resume. STREAM_END; STREAM_BROKEN: the client shall
     * see that it is cut. In an event thread. NULL: the response has no stream. */
    ssize_t (*pull)(void *arg, char *out, size_t max);
    void (*free)(void *arg); /* NULL: nothing to give back */
    void *arg;
};

struct response {
    int status;
    const char *content_type; /* NULL: application/json */
    struct buf body;
    struct stream stream;
    struct {
        const char *name;
        const char *value; /* lives as long as the request */
    } headers[RESPONSE_HEADERS_MAX];
    size_t n_headers;
};

/* ---- what was asked ---- */

/* The first parameter of that name; {NULL,0} when it was not given. */
struct str request_query(const struct request *rq, const char *name);

/* A header, its name in any case; {NULL,0} when it was not given. */
struct str request_header(const struct request *rq, const char *name);

/* The body as a tree; *out is NULL for an empty one. ERR_INVALID_JSON. */
int request_json(struct request *rq, const struct json **out, struct err *err) MUST_CHECK;

/* The named texts of a BODY_FORM body, which may also be a JSON object; {NULL,0}: not given, or no
 * text. ERR_INVALID_JSON. */
int request_fields(struct request *rq, const char *const *names, struct str *values, size_t n,
                   struct err *err) MUST_CHECK;

/* The server is stopping: whoever waits answers with what there is. */
bool request_is_draining(const struct request *rq);

/* ---- answering later ---- */

void request_suspend(struct request *rq);
void request_resume(struct request *rq);

/* Suspends now and resumes after about `ms` (at once while the server stops). */
void request_sleep(struct request *rq, int ms);

/* request_suspend(), then job->run(job->arg) on an offload thread, which resumes. The job lives in
 * the request's arena. */
void request_offload(struct request *rq, struct offload_job *job);

/* ---- answering ---- */

/* The JSON text in rs->body is the answer. 0, or -1 when writing it failed. */
int reply_json(struct response *rs, int status, struct err *err) MUST_CHECK;
void reply_stream(struct response *rs, const char *content_type, struct stream stream);
void reply_header(struct response *rs, const char *name, const char *value);

/* ERR_NOT_FOUND and ERR_DUPLICATE with the type and id of the resource; return -1. `id` lives as
 * long as the request. */
int reply_not_found(struct request *rq, const char *type, struct str id, struct err *err);
int reply_duplicate(struct request *rq, const char *type, struct str id, struct err *err);

#endif
