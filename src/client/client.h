/* SPDX-License-Identifier: MIT */
/*
 * client.h - requests to a Longshore server, and its refusals as texts for people.
 *
 * One thread, one request at a time, over one connection that is kept. No texts of this module, and
 * no log of libcurl's, ever hold the keys. Redirects are not followed: the keys would go along.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "base/buf.h"
#include "client/source.h"

#define CLIENT_URL_DEFAULT "http://127.0.0.1:8080"

/* Where the server is and who asks, as the command line gives it. */
struct client_options {
    const char *url;
    const char *app_id, *app_token;
};

struct client;

/* Options are kept by reference. ERR_INVALID_PAYLOAD: one of them cannot be right. */
int client_open(const struct client_options *o, struct client **out, struct err *err) MUST_CHECK;
void client_close(struct client *c); /* NULL is fine */

/* Takes a piece of the body of a success. -1 ends the call. */
typedef int (*call_sink)(void *arg, const char *p, size_t n, struct err *err);

enum call_method { CALL_GET, CALL_POST, CALL_PUT, CALL_DELETE };

struct call {
    /* the request */
    const char *doing; /* "cannot list actions": what its errors begin with */
    enum call_method method;
    struct buf path;
    bool has_query;
    struct source *source;       /* the body of a POST; NULL: `json` is */
    struct str json;             /* the body of a POST or PUT; {NULL,0}: it has none */
    const char *idempotency_key; /* NULL: none */
    int silence_max_s;           /* nothing moves for so long: lost; 0: for ever */
    call_sink sink;              /* NULL: the body is kept in `body` */
    void *sink_arg;
    void (*tick)(void *arg); /* several times a second during the call, or NULL */
    void *tick_arg;

    /* the answer */
    int status; /* HTTP; 0: there was none */
    struct buf body;
    bool sent; /* the server may have it, whatever came back */
    bool lost; /* it failed because of the connection or the server's state: try again */
};

void call_init(struct call *k, const char *doing, const char *path);
void call_release(struct call *k);
void call_put_path(struct call *k, const char *part);                     /* as it is */
void call_put_name(struct call *k, const char *name);                     /* escaped */
void call_put_query(struct call *k, const char *name, const char *value); /* NULL: left out */

/* 0: an answer of the 200s has come, all of it. -1: everything else; the error says what was tried,
 * what the server says about it, and what to do. Interrupted: interrupt_seen(), and -1. */
int client_run(struct client *c, struct call *k, struct err *err) MUST_CHECK;

/* What is sent as a header must not break out of its line; the value is not repeated in the error.
 */
int client_check_header(const char *flag, const char *value, struct err *err) MUST_CHECK;

/* Whether requests to this host never leave the machine, so that no proxy is to see them. */
bool client_is_loopback(const char *host);

#endif
