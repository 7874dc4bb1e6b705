/* SPDX-License-Identifier: MIT */
/*
 * import.c - `longshore import vouchers` and its like: a file to the server, then with the action
 * to its end.
 *
 * The file is sent once: a second try after a lost connection could make a second action. What
 * comes after the server's 202 is tried again as long as it takes, see follow.h.
 */
#include <stdio.h>

#include "base/time_iso.h"
#include "client/interrupt.h"
#include "client/text.h"
#include "commands/cli.h"
#include "commands/commands.h"

#define UPLOAD_SILENCE_S 300  /* a large file is synced to the disk before the answer comes */
#define UPLOAD_LINES_MS  2000 /* between plain lines; a small file is sent without any */
#define WHERE_BYTES      512

/* Where files of a resource go; NULL: it takes none of the kind. */
struct imported {
    const char *name;
    const char *csv, *json;
};

struct import {
    const struct import_vouchers_options *o;
    const struct imported *what;
    struct source source;
    struct progress progress;
    struct client *client;
    struct call call;
    char doing[WHERE_BYTES];
};

/* ---- what is asked for ---- */

static bool ends_in(const char *path, struct str ending)
{
    const size_t n = strlen(path);
    return n > ending.len && str_eq_nocase(str_of(path + n - ending.len), ending);
}

/* By the file's name, if that says it; it may say one that the resource does not take. */
static const char *guess_format(const struct import *im)
{
    if (ends_in(im->o->file, STR(".json")))
        return "json";
    return im->what->csv != NULL || ends_in(im->o->file, STR(".csv")) ? "csv" : "json";
}

static int choose_format(struct import *im, struct err *err)
{
    const char *format = im->o->format;
    if (format == NULL)
        format = guess_format(im);
    im->source.json = str_is(str_of(format), "json");
    im->source.webhooks = im->o->webhooks;
    if (!im->source.json && !str_is(str_of(format), "csv"))
        return err_set(err, ERR_INVALID_PAYLOAD, "--format '%s' is neither csv nor json", format);
    if ((im->source.json ? im->what->json : im->what->csv) == NULL)
        return err_set(err, ERR_INVALID_PAYLOAD, "%s are imported from %s files only",
                       im->what->name, im->source.json ? "CSV" : "JSON");
    if (im->source.json && im->source.webhooks)
        return err_set(err, ERR_INVALID_PAYLOAD, "--webhooks is for CSV files only");
    return 0;
}

static int check(struct import *im, struct err *err)
{
    const char *key = im->o->idempotency_key;
    if (cli_check_retry(im->o->retry, err) < 0 ||
        (key != NULL && client_check_header("idempotency-key", key, err) < 0) ||
        source_open(&im->source, im->o->file, err) < 0)
        return -1;
    return choose_format(im, err);
}

/* ---- upload ---- */

static void show_upload(void *arg)
{
    struct import *im = arg;
    const struct source *u = &im->source;
    const int64_t took_us = u->started_us > 0 ? time_monotonic_us() - u->started_us : 0;
    if (took_us <= 0)
        return;
    const int64_t rate = (int64_t)((double)u->sent * 1e6 / (double)took_us);
    const bool sized = u->bytes > 0;
    progress_show(&im->progress,
                  &(struct progress_view){
                      .doing = "uploading",
                      .percent = sized ? u->sent * 100 / u->bytes : -1,
                      .done = u->sent,
                      .per_second = rate,
                      .seconds_left = sized && rate > 0 ? (u->bytes - u->sent) / rate : -1,
                      .bytes = true,
                  });
}

static void announce(struct import *im)
{
    struct buf size;
    buf_init(&size, KIB);
    if (im->source.bytes >= 0) {
        buf_puts(&size, STR(" ("));
        text_put_bytes(&size, im->source.bytes);
        buf_putc(&size, ')');
    }
    progress_note(&im->progress, "importing %s%.*s into %s%s", im->source.name,
                  STR_FMT(buf_str(&size)), im->o->server.url,
                  im->o->dry_run ? ", a dry run: nothing will be changed" : "");
    buf_release(&size);
    progress_begin(&im->progress, UPLOAD_LINES_MS);
}

static int send_file(struct import *im, struct err *err)
{
    struct call *k = &im->call;
    snprintf(im->doing, sizeof(im->doing), "cannot import %s", im->source.name);
    call_init(k, im->doing, im->source.json ? im->what->json : im->what->csv);
    call_put_query(k, "dry_run", im->o->dry_run ? "true" : NULL);
    k->method = CALL_POST;
    k->source = &im->source;
    k->idempotency_key = im->o->idempotency_key;
    k->silence_max_s = im->source.bytes >= 0 ? UPLOAD_SILENCE_S : 0; /* a pipe may take its time */
    k->tick = show_upload;
    k->tick_arg = im;
    announce(im);
    interrupt_catch();
    const int rc = client_run(im->client, k, err);
    progress_clear(&im->progress);
    return rc;
}

/* It was not accepted, as far as is known here. */
static int upload_failed(const struct import *im, const struct err *err)
{
    const struct source *u = &im->source;
    const bool all_sent = u->sent > 0 && u->bytes <= u->sent; /* of a pipe it is not known */
    return cli_not_started(
        &im->call, all_sent && !u->failed,
        "it is not known whether the server has taken the file; `longshore actions list` tells. "
        "With --idempotency-key it can safely be sent again",
        "the upload was stopped; nothing is imported", err);
}

/* ---- run ---- */

static int after_upload(struct import *im)
{
    struct cli_order order = { .client = im->client,
                               .progress = &im->progress,
                               .url = im->o->server.url,
                               .retry = im->o->retry,
                               .json = im->o->json,
                               .no_wait = im->o->no_wait };
    return cli_started(&order, &im->call);
}

static int run(const void *values, const struct imported *what)
{
    struct import im = { .o = values, .what = what, .source = { .fd = -1 } };
    struct err err = { 0 };
    int status;
    progress_init(&im.progress);
    if (check(&im, &err) < 0 || client_open(&im.o->server, &im.client, &err) < 0)
        status = cli_fail(&err);
    else if (send_file(&im, &err) < 0)
        status = upload_failed(&im, &err);
    else
        status = after_upload(&im);
    call_release(&im.call);
    client_close(im.client);
    source_close(&im.source);
    return status;
}

int import_vouchers_run(const void *values)
{
    static const struct imported vouchers = { "vouchers", "/v1/vouchers/importCSV",
                                              "/v1/vouchers/import" };
    return run(values, &vouchers);
}

int import_customers_run(const void *values)
{
    static const struct imported customers = { "customers", "/v1/customers/importCSV",
                                               "/v1/customers/bulk/async" };
    return run(values, &customers);
}

int import_products_run(const void *values)
{
    static const struct imported products = { "products", "/v1/products/importCSV",
                                              "/v1/products/bulk/async" };
    return run(values, &products);
}

int import_skus_run(const void *values)
{
    static const struct imported skus = { "SKUs", "/v1/skus/importCSV", NULL };
    return run(values, &skus);
}

int import_orders_run(const void *values)
{
    static const struct imported orders = { "orders", NULL, "/v1/orders/import" };
    return run(values, &orders);
}
