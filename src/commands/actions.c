/* SPDX-License-Identifier: MIT */
/* actions.c - `longshore actions …`: list, show, watch, cancel, report. */
#include <stdio.h>

#include "client/action_info.h"
#include "client/interrupt.h"
#include "commands/cli.h"
#include "commands/commands.h"

#define TEXT_MAX_BYTES (16 * MIB)
#define ARENA_BLOCK    (64 * KIB)

static void init_action_call(struct call *k, const char *doing, const char *id, const char *below)
{
    call_init(k, doing, "/v1/async-actions/");
    call_put_path(k, id);
    call_put_path(k, below);
}

/* ---- list ---- */

static int read_list(struct arena *a, struct str body, struct action_info **out, size_t *n,
                     bool *more, struct err *err)
{
    struct json *v = NULL;
    if (json_parse(a, body, &v, err) < 0)
        return err_wrap(err, "the answer is no list");
    const struct json *has_more = json_member(v, "has_more");
    const struct json *list = json_member(v, "async_actions");
    if (list == NULL || list->type != JSON_ARRAY)
        return err_set(err, ERR_INVALID_JSON, "the answer is no list of actions");
    *more = has_more != NULL && has_more->type == JSON_TRUE;
    for (const struct json *item = list->child; item != NULL; item = item->next)
        ++*n;
    *out = arena_calloc(a, (*n + 1) * sizeof(**out));
    if (*out == NULL)
        return err_nomem(err);
    size_t i = 0;
    for (const struct json *item = list->child; item != NULL; item = item->next) {
        if (action_info_of(item, &(*out)[i++], err) < 0)
            return -1;
    }
    return 0;
}

static int print_list(struct str body)
{
    struct arena a;
    struct buf text;
    struct action_info *v = NULL;
    struct err err = { 0 };
    size_t n = 0;
    bool more = false;
    int status = CLI_OK;
    arena_init(&a, ARENA_BLOCK, 0);
    buf_init(&text, TEXT_MAX_BYTES);
    if (read_list(&a, body, &v, &n, &more, &err) < 0) {
        status = cli_fail(&err);
    } else if (n == 0) {
        fprintf(stderr, "no actions\n");
    } else {
        action_info_put_table(&text, v, n);
        status = cli_print(&text, CLI_OK);
    }
    if (more && status == CLI_OK)
        fprintf(stderr, "there are older ones; --limit N shows up to 100\n");
    buf_release(&text);
    arena_release(&a);
    return status;
}

int actions_list_run(const void *values)
{
    const struct actions_list_options *o = values;
    struct call k;
    struct err err = { 0 };
    int status;
    call_init(&k, "cannot list actions", "/v1/async-actions");
    call_put_query(&k, "limit", o->limit);
    call_put_query(&k, "type", o->type);
    call_put_query(&k, "status", o->status);
    if (cli_request(&o->server, &k, &err) < 0)
        status = cli_fail(&err);
    else
        status = o->json ? cli_print_json(&k.body, CLI_OK) : print_list(buf_str(&k.body));
    call_release(&k);
    return status;
}

/* ---- show, cancel ---- */

/* `put` writes what people see of it. */
static int print_action(struct str body, void (*put)(struct buf *, const struct action_info *))
{
    struct arena a;
    struct buf text;
    struct action_info ac;
    struct err err = { 0 };
    int status;
    arena_init(&a, ARENA_BLOCK, 0);
    buf_init(&text, TEXT_MAX_BYTES);
    if (action_info_read(&a, body, &ac, &err) < 0) {
        status = cli_fail(&err);
    } else {
        put(&text, &ac);
        status = cli_print(&text, CLI_OK);
    }
    buf_release(&text);
    arena_release(&a);
    return status;
}

int actions_show_run(const void *values)
{
    const struct actions_show_options *o = values;
    struct call k;
    struct err err = { 0 };
    int status;
    init_action_call(&k, "cannot show the action", o->id, "");
    if (cli_check_id(o->id, &err) < 0 || cli_request(&o->server, &k, &err) < 0)
        status = cli_fail(&err);
    else
        status = o->json ? cli_print_json(&k.body, CLI_OK)
                         : print_action(buf_str(&k.body), action_info_put_all);
    call_release(&k);
    return status;
}

#define HTTP_CONFLICT 409 /* it had ended before */

static int fail_cancel(const struct call *k, const struct err *err)
{
    const int status = cli_fail(err);
    return k->status == HTTP_CONFLICT ? CLI_PARTLY : status;
}

int actions_cancel_run(const void *values)
{
    const struct actions_cancel_options *o = values;
    struct call k;
    struct err err = { 0 };
    int status;
    init_action_call(&k, "cannot cancel the action", o->id, "/cancel");
    k.method = CALL_POST;
    if (cli_check_id(o->id, &err) < 0 || cli_request(&o->server, &k, &err) < 0)
        status = fail_cancel(&k, &err);
    else
        status = o->json ? cli_print_json(&k.body, CLI_OK)
                         : print_action(buf_str(&k.body), action_info_put_end);
    call_release(&k);
    return status;
}

/* ---- watch ---- */

int actions_watch_run(const void *values)
{
    const struct actions_watch_options *o = values;
    const struct cli_watch watch = { .id = o->id, .retry = o->retry, .json = o->json };
    struct client *c = NULL;
    struct progress progress;
    struct err err = { 0 };
    progress_init(&progress);
    if (cli_check_id(o->id, &err) < 0 || cli_check_retry(o->retry, &err) < 0 ||
        client_open(&o->server, &c, &err) < 0)
        return cli_fail(&err);
    const int status = cli_watch(c, &progress, &watch);
    client_close(c);
    return status;
}

/* ---- report ---- */

static int fetch_report(const struct actions_report_options *o, struct err *err)
{
    struct call k;
    interrupt_catch(); /* before there is a file to remove */
    if (cli_check_id(o->id, err) < 0)
        return -1;
    init_action_call(&k, "cannot fetch the report", o->id, "/report.csv");
    const int rc = cli_fetch(&o->server, &k, o->output, err);
    call_release(&k);
    return rc;
}

int actions_report_run(const void *values)
{
    struct err err = { 0 };
    if (fetch_report(values, &err) == 0)
        return CLI_OK;
    if (interrupt_seen())
        return INTERRUPT_EXIT;
    return cli_fail(&err);
}
