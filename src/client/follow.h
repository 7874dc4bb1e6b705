/* SPDX-License-Identifier: MIT */
/*
 * follow.h - stays with an action to its end, over restarts of the server and cuts of the network.
 *
 * The stream of events gives the live view; where it does not get through, a question that waits
 * for up to half a minute takes its place. Whatever breaks is tried again until the server has not
 * been reached for `retry_ms`: the action does not depend on who looks.
 */
#ifndef CLIENT_FOLLOW_H
#define CLIENT_FOLLOW_H

#include "base/mem.h"
#include "client/action_info.h"
#include "client/client.h"
#include "client/progress.h"

struct follow {
    struct client *client;
    const char *id;
    struct progress *progress;
    int64_t retry_ms;

    /* its own */
    int64_t lost_us;  /* since when the server cannot be reached; 0: it can */
    int64_t pause_ms; /* before the next try */
    struct arena scratch;
};

/* Until the action has ended; its JSON is then in *json, which the caller has made and releases.
 * -1: it does not exist, these keys are wrong, the server is gone for too long, or interrupted. */
int follow_to_end(struct follow *f, struct buf *json, struct err *err) MUST_CHECK;

#endif
