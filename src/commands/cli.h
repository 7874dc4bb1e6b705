/* SPDX-License-Identifier: MIT */
/* cli.h - what the commands that talk to a server share: how they fail, print and follow. */
#ifndef COMMANDS_CLI_H
#define COMMANDS_CLI_H

#include "base/json.h"
#include "client/client.h"
#include "client/progress.h"

enum cli_exit {
    CLI_OK = 0,
    CLI_PARTLY = 1, /* not what was asked for, or not all of it */
    CLI_FAILED = 2, /* failed, refused, not reached, or asked for in a wrong way */
};

/* Seconds without a sign of the server after which it is lost. */
#define CLI_SILENCE_S 60

/* Says it on standard error; the exit status of a command that ends so. */
int cli_fail(const struct err *err);

/* The text on standard output; CLI_FAILED when it does not get there, otherwise `status`. */
int cli_print(const struct buf *text, int status);
int cli_print_json(const struct buf *json, int status); /* and a newline */

/* One request over a connection of its own, its answer in *k, which the caller releases in any
 * case. */
int cli_request(const struct client_options *server, struct call *k, struct err *err) MUST_CHECK;

/* The answer of a call as an object, in the arena: it outlives the call. `what` it should be,
 * "voucher", for the error when it is none. */
int cli_read(const struct call *k, const char *what, struct arena *a, struct json **out,
             struct err *err) MUST_CHECK;

/* A file from the server, to `output`, which appears when all of it is there; NULL: to standard
 * output. The caller has made the call, and releases it. */
int cli_fetch(const struct client_options *server, struct call *k, const char *output,
              struct err *err) MUST_CHECK;

/* Whether it may stand in JSON; `name`: what the command line calls it. */
int cli_check_text(const char *name, const char *text, struct err *err) MUST_CHECK;

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

/* ---- commands that start an action ---- */

#define CLI_ID_BYTES 128

struct cli_order {
    struct client *client;
    struct progress *progress;
    const char *url;
    const char *retry; /* seconds, as given */
    bool json, no_wait;
    char id[CLI_ID_BYTES]; /* of the action, once it is known */
};

/* The server has answered: prints the id, or follows the action as cli_watch does. The exit status.
 */
int cli_started(struct cli_order *o, const struct call *k);

/* It has not, or has refused. `sent`: it may have got all of it; `again`: what to say to whoever
 * does not know then; `stopped`: when Ctrl-C came before. The exit status. */
int cli_not_started(const struct call *k, bool sent, const char *again, const char *stopped,
                    const struct err *err);

/* "  bring it back:  longshore schema restore voucher 'my key'": a line of advice on standard
 * error.
 */
void cli_advise(const char *to, const char *command, const char *resource, const char *key);

/* Is it the resource of this name, "voucher"? The API says one thing in its paths and `import`
 * another, so "vouchers" is right, too. */
bool cli_is_resource(const char *given, const char *name);

#endif
