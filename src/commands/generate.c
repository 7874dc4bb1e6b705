/* SPDX-License-Identifier: MIT */
/*
 * generate.c - `longshore generate CAMPAIGN COUNT`: random codes of a campaign, then with the
 * action to its end.
 *
 * One code is made at once, without an action (reference 3.5): what is about actions cannot be
 * asked for then, and is refused rather than left aside.
 */
#include <stdio.h>

#include "base/json.h"
#include "client/interrupt.h"
#include "client/text.h"
#include "commands/cli.h"
#include "commands/commands.h"

#define DOING_BYTES    256
#define BODY_MAX_BYTES (64 * KIB)
#define CODE_MAX_BYTES (64 * KIB)

struct generate {
    const struct generate_options *o;
    int64_t count;
    struct source source; /* --body */
    struct buf body;      /* --pattern */
    struct progress progress;
    struct client *client;
    struct call call;
    char doing[DOING_BYTES];
};

/* ---- what is asked for ---- */

/* What is only for actions, and given; NULL: nothing. */
static const char *flag_of_actions(const struct generate_options *o)
{
    if (o->dry_run)
        return "dry-run";
    if (o->idempotency_key != NULL)
        return "idempotency-key";
    return o->pattern != NULL ? "pattern" : NULL;
}

static int check_one(const struct generate *g, struct err *err)
{
    const char *flag = flag_of_actions(g->o);
    if (g->count > 1 || flag == NULL)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "--%s needs a COUNT of 2 or more: one code is made at once, not by an action",
                   flag);
}

static int check(struct generate *g, struct err *err)
{
    const struct generate_options *o = g->o;
    if (!num_parse_i64(str_of(o->count), &g->count) || g->count < 1)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "COUNT '%.*s' is no number of codes; say 1000 for a thousand",
                       DOING_BYTES / 2, o->count);
    if (o->pattern != NULL && o->body != NULL)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "--pattern and --body exclude each other: a body has "
                       "{\"code_config\":{\"pattern\":\"...\"}}");
    if (o->idempotency_key != NULL &&
        client_check_header("idempotency-key", o->idempotency_key, err) < 0)
        return -1;
    return check_one(g, err) < 0 ? -1 : cli_check_retry(o->retry, err);
}

/* ---- the request ---- */

static int put_pattern(struct generate *g, struct err *err)
{
    struct json_out out = { .b = &g->body };
    if (cli_check_text("--pattern", g->o->pattern, err) < 0)
        return -1;
    json_object(&out);
    json_key(&out, "code_config");
    json_object(&out);
    json_key(&out, "pattern");
    json_str(&out, str_of(g->o->pattern));
    json_object_end(&out);
    json_object_end(&out);
    g->call.json = buf_str(&g->body);
    return buf_ok(&g->body, err);
}

static int take_body(struct generate *g, struct err *err)
{
    if (g->o->pattern != NULL)
        return put_pattern(g, err);
    g->call.json = STR("{}");
    if (g->o->body == NULL)
        return 0;
    if (source_open(&g->source, g->o->body, err) < 0)
        return -1;
    g->source.json = true;
    g->call.source = &g->source;
    return 0;
}

static int prepare(struct generate *g, struct err *err)
{
    struct call *k = &g->call;
    char count[24];
    snprintf(g->doing, sizeof(g->doing), "cannot generate codes for '%s'", g->o->campaign);
    snprintf(count, sizeof(count), "%lld", (long long)g->count);
    call_init(k, g->doing, "/v1/campaigns/");
    call_put_name(k, g->o->campaign);
    call_put_path(k, "/vouchers");
    call_put_query(k, "vouchers_count", count);
    call_put_query(k, "dry_run", g->o->dry_run ? "true" : NULL);
    k->method = CALL_POST;
    k->idempotency_key = g->o->idempotency_key;
    k->silence_max_s = CLI_SILENCE_S;
    return take_body(g, err);
}

static int send(struct generate *g, struct err *err)
{
    struct buf count;
    buf_init(&count, KIB);
    text_put_count(&count, g->count);
    progress_note(&g->progress, "generating %.*s code%s for '%s' at %s%s", STR_FMT(buf_str(&count)),
                  g->count == 1 ? "" : "s", g->o->campaign, g->o->server.url,
                  g->o->dry_run ? ", a dry run: nothing will be changed" : "");
    buf_release(&count);
    interrupt_catch();
    return client_run(g->client, &g->call, err);
}

/* ---- the answer ---- */

/* The new voucher's code, on standard output. */
static int print_code(const struct generate *g)
{
    struct arena a;
    struct buf text;
    struct err err = { 0 };
    struct json *v = NULL;
    arena_init(&a, 64 * KIB, 0);
    buf_init(&text, CODE_MAX_BYTES);
    int rc = cli_read(&g->call, "voucher", &a, &v, &err);
    const struct str code = json_text(v, "code");
    if (rc == 0 && code.p == NULL)
        rc = err_set(&err, ERR_INVALID_JSON, "%s: the answer is no voucher", g->doing);
    text_put_safe(&text, code);
    const int status = rc < 0 ? cli_fail(&err) : cli_print_json(&text, CLI_OK);
    buf_release(&text);
    arena_release(&a);
    return status;
}

static int follow(struct generate *g)
{
    const struct generate_options *o = g->o;
    struct cli_order order = { .client = g->client,
                               .progress = &g->progress,
                               .url = o->server.url,
                               .retry = o->retry,
                               .json = o->json,
                               .no_wait = o->no_wait };
    const int status = cli_started(&order, &g->call);
    if (status == CLI_OK && !o->no_wait && !o->dry_run)
        fprintf(stderr, "the codes: longshore actions report %s\n", order.id);
    return status;
}

static int after_answer(struct generate *g)
{
    if (g->count > 1)
        return follow(g);
    return g->o->json ? cli_print_json(&g->call.body, CLI_OK) : print_code(g);
}

static int not_started(const struct generate *g, const struct err *err)
{
    return cli_not_started(
        &g->call, g->call.sent && !g->source.failed,
        g->count > 1
            ? "it is not known whether the server has taken the order; `longshore actions list` "
              "tells. With --idempotency-key it can safely be sent again"
            : "it is not known whether the server has made the code",
        "nothing was generated", err);
}

int generate_run(const void *values)
{
    struct generate g = { .o = values, .source = { .fd = -1 } };
    struct err err = { 0 };
    int status;
    buf_init(&g.body, BODY_MAX_BYTES);
    progress_init(&g.progress);
    if (check(&g, &err) < 0 || prepare(&g, &err) < 0 ||
        client_open(&g.o->server, &g.client, &err) < 0)
        status = cli_fail(&err);
    else if (send(&g, &err) < 0)
        status = not_started(&g, &err);
    else
        status = after_answer(&g);
    call_release(&g.call);
    client_close(g.client);
    source_close(&g.source);
    buf_release(&g.body);
    return status;
}
