/* SPDX-License-Identifier: MIT */
/*
 * purge.c - `longshore purge RESOURCE KEY`: a metadata key is taken from all resources of a kind
 * (reference 3.23), then with the action to its end.
 */
#include <stdio.h>

#include "base/json.h"
#include "client/interrupt.h"
#include "client/text.h"
#include "commands/cli.h"
#include "commands/commands.h"
#include "commands/print.h"

#define DOING_BYTES    256
#define TEXT_MAX_BYTES (256 * KIB)

/* What it is taken from. */
static const struct purged {
    const char *name;
    const char *all;
} kinds[] = {
    { "voucher", "all vouchers" },   { "campaign", "all campaigns" },
    { "customer", "all customers" }, { "product", "all products and their SKUs" },
    { "order", "all orders" },
};

static const struct purged *find_kind(const char *given)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (cli_is_resource(given, kinds[i].name))
            return &kinds[i];
    }
    return NULL;
}

bool purge_has(const char *resource)
{
    return find_kind(resource) != NULL;
}

struct purge {
    const struct purge_options *o;
    const struct purged *kind;
    struct buf body;
    struct progress progress;
    struct client *client;
    struct call call;
    char doing[DOING_BYTES];
};

/* ---- what is asked for ---- */

static int refuse_kind(const char *given, struct err *err)
{
    struct buf names;
    buf_init(&names, KIB);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", kinds[i].name);
    err_set(err, ERR_INVALID_PAYLOAD, "RESOURCE '%.*s' is none of %.*s", DOING_BYTES / 2, given,
            STR_FMT(buf_str(&names)));
    buf_release(&names);
    return -1;
}

static int check(struct purge *p, struct err *err)
{
    p->kind = find_kind(p->o->resource);
    if (p->kind == NULL)
        return refuse_kind(p->o->resource, err);
    return cli_check_text("KEY", p->o->key, err) < 0 ? -1 : cli_check_retry(p->o->retry, err);
}

/* It cannot be taken back, so it has to be said. */
static int describe(const struct purge *p)
{
    struct buf b;
    struct err err = { 0 };
    buf_init(&b, TEXT_MAX_BYTES);
    buf_puts(&b, STR("this would remove the metadata key '"));
    text_put_safe(&b, str_of(p->o->key));
    buf_printf(&b,
               "' with its values from %s of the project, for good\n"
               "nothing was removed; say --yes to do it, or --dry-run to count who has it\n",
               p->kind->all);
    return print_buf(&b, &err) < 0 ? cli_fail(&err) : CLI_FAILED;
}

/* ---- the request ---- */

static int prepare(struct purge *p, struct err *err)
{
    struct call *k = &p->call;
    struct json_out out = { .b = &p->body };
    snprintf(p->doing, sizeof(p->doing), "cannot purge '%s'", p->o->key);
    call_init(k, p->doing, "/v1/metadata-schemas/");
    call_put_path(k, p->kind->name);
    call_put_path(k, "/purge");
    call_put_query(k, "dry_run", p->o->dry_run ? "true" : NULL);
    k->method = CALL_POST;
    k->silence_max_s = CLI_SILENCE_S;
    json_object(&out);
    json_key(&out, "key");
    json_str(&out, str_of(p->o->key));
    json_object_end(&out);
    k->json = buf_str(&p->body);
    return buf_ok(&p->body, err);
}

static int send(struct purge *p, struct err *err)
{
    progress_note(&p->progress, "purging '%s' from %s at %s%s", p->o->key, p->kind->all,
                  p->o->server.url, p->o->dry_run ? ", a dry run: nothing will be changed" : "");
    interrupt_catch();
    return client_run(p->client, &p->call, err);
}

static int not_started(const struct purge *p, const struct err *err)
{
    const int status = cli_not_started(
        &p->call, p->call.sent,
        "it is not known whether the server has taken the order; it can safely be sent again",
        "nothing was purged", err);
    if (strstr(err->msg, "still defined") != NULL)
        cli_advise("to remove it", "schema remove", p->kind->name, p->o->key);
    return status;
}

static int after_answer(struct purge *p)
{
    struct cli_order order = { .client = p->client,
                               .progress = &p->progress,
                               .url = p->o->server.url,
                               .retry = p->o->retry,
                               .json = p->o->json,
                               .no_wait = p->o->no_wait };
    return cli_started(&order, &p->call);
}

static int run(struct purge *p)
{
    struct err err = { 0 };
    if (check(p, &err) < 0)
        return cli_fail(&err);
    if (!p->o->yes && !p->o->dry_run)
        return describe(p);
    if (prepare(p, &err) < 0 || client_open(&p->o->server, &p->client, &err) < 0)
        return cli_fail(&err);
    return send(p, &err) < 0 ? not_started(p, &err) : after_answer(p);
}

int purge_run(const void *values)
{
    struct purge p = { .o = values };
    buf_init(&p.body, TEXT_MAX_BYTES);
    progress_init(&p.progress);
    const int status = run(&p);
    call_release(&p.call);
    client_close(p.client);
    buf_release(&p.body);
    return status;
}
