/* SPDX-License-Identifier: MIT */
/*
 * http_priv.h - what the files of http/ share, and nobody else sees: libmicrohttpd's side.
 */
#ifndef HTTP_HTTP_PRIV_H
#define HTTP_HTTP_PRIV_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http/acceptor.h"
#include "http/offload.h"
#include "http/server.h"
#include "http/ticker.h"

struct server {
    struct server_config config;
    const struct route *routes;
    size_t n_routes;
    int listen_fd;
    uint16_t port;
    unsigned connections_most;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor; /* NULL: does not listen any more */
    struct offload *offload;
    struct ticker *ticker;
    atomic_bool draining;
    atomic_int n_active;    /* requests between their first line and their end */
    atomic_int n_suspended; /* of them, those that another thread will resume */
};

/* A request and its way through libmicrohttpd. Freed when both the library's request and the
 * response's stream have ended: in which order they do depends on the library's version. */
struct exchange {
    struct request rq; /* first: the handlers' view of it */
    struct server *server;
    struct MHD_Connection *con;
    int refs;          /* event thread only */
    struct buf body;   /* BODY_JSON and BODY_FORM, while it arrives */
    bool form_is_json; /* BODY_FORM */
    struct stream stream;
    struct ticker_entry sleep;

    bool refused;   /* the answer is an error; the body is read and dropped */
    bool answered;  /* by answer_raw: the library must not answer too */
    bool started;   /* the route's handler has been called */
    struct err err; /* valid while refused */
    int64_t drop_until_us;
    size_t dropped_bytes;

    /* for the log */
    int64_t begun_us;
    size_t bytes_in, bytes_out;
    int status; /* 0: no answer was sent */
};

/* Callbacks of the library; cls is the server. */
enum MHD_Result exchange_access(void *cls, struct MHD_Connection *con, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *n, void **slot);
void exchange_completed(void *cls, struct MHD_Connection *con, void **slot,
                        enum MHD_RequestTerminationCode how);

/* Makes a response of the library and queues it; takes rs over (buffer and stream). */
enum MHD_Result answer_queue(struct exchange *x, struct response *rs);

/* Writes an error past the library, straight to the socket, while its body is still coming in; the
 * connection must be closed afterwards. rs stays the caller's. */
void answer_raw(struct exchange *x, const struct response *rs);

void exchange_unref(struct exchange *x);

#endif
