/* SPDX-License-Identifier: MIT */
/*
 * server.h - the HTTP server: listens, reads requests, calls handlers, sends what they answer.
 *
 * libmicrohttpd runs a few event threads (epoll); a connection stays with its thread. Beside them
 * are six offload threads for what blocks, and one ticker for what waits. Only this folder knows
 * libmicrohttpd.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "http/request.h"

struct server;

/* A JSON body that is read whole into memory has that many bytes at most, in any configuration. */
#define JSON_WHOLE_MAX_BYTES 10485760

struct server_config {
    const char *host;      /* address or name to listen on, IPv4 or IPv6, without brackets */
    uint16_t port;         /* 0: any free one, see server_port */
    unsigned threads;      /* 0: one per core, from 2 to 8 */
    size_t json_max_bytes; /* ceiling of a JSON body; 0: none, but for JSON_WHOLE_MAX_BYTES */
    size_t csv_max_bytes;  /* of an upload, its form included; 0: none */
    struct spool *spool;   /* where uploads go */
    void *app;             /* rq->app */

    /* Sets rq->project and rq->project_id, or ERR_UNAUTHORIZED; for all routes but AUTH_NONE (for
     * AUTH_LINK it may leave both NULL). In an event thread, before the body is read. */
    int (*authenticate)(struct request *rq, struct err *err);
};

/* Routes, spool and app outlive the server; host is read during the call. ERR_IO when the address
 * cannot be had. */
int server_start(const struct server_config *config, const struct route *routes, size_t n_routes,
                 struct server **out, struct err *err) MUST_CHECK;

uint16_t server_port(const struct server *s);

/*
 * Stops listening, lets requests under way end (streams and waiting ones end at once, new ones on
 * open connections get 503), for 10 seconds at most, then closes. Work that was handed to a store
 * is always waited for, so the store must still run. NULL is fine.
 */
void server_stop(struct server *s);

#endif
