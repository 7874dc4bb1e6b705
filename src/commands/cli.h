/* SPDX-License-Identifier: MIT */
/* cli.h - what the commands that talk to a server share: how they fail, print and follow. */
#ifndef COMMANDS_CLI_H
#define COMMANDS_CLI_H

#include "client/client.h"
#include "client/progress.h"

enum cli_exit {
    CLI_OK = 0,
    CLI_PARTLY = 1, /* not what was asked for, or not all of it */
    CLI_FAILED = 2, /* failed, refused, not reached, or asked for in a wrong way */
};

/* Says it on standard error; the exit status of a command that ends so. */
int cli_fail(const struct err *err);

/* The text on standard output; CLI_FAILED when it does not get there, otherwise `status`. */
int cli_print(const struct buf *text, int status);
int cli_print_json(const struct buf *json, int status); /* and a newline */

/* One request over a connection of its own, its answer in *k, which the caller releases in any
 * case. */
int cli_request(const struct client_options *server, struct call *k, struct err *err) MUST_CHECK;

/* An id goes into a path as it is. */
int cli_check_id(const char *id, struct err *err) MUST_CHECK;

struct cli_watch {
    const char *id;
    const char *retry; /* seconds, as given */
    bool json;         /* the action goes to standard output */
};

/* Whether `retry` is one; to be asked before anything is started. */
int cli_check_retry(const char *retry, struct err *err) MUST_CHECK;

/* Follows the action to its end, before the eyes of whoever reads standard error, and tells how it
 * ended. The exit status. */
int cli_watch(struct client *c, struct progress *p, const struct cli_watch *w);

#endif
