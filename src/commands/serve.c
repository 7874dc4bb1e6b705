/* SPDX-License-Identifier: MIT */
/*
 * serve.c - `longshore serve`: wiring only. Opens the store, the spool, the engine and the server,
 * waits for a signal, and stops them in reverse: no new requests, the current slice commits, the
 * store closes.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "api/api.h"
#include "api/auth_cache.h"
#include "api/openapi.h"
#include "base/dir.h"
#include "base/log.h"
#include "base/num.h"
#include "commands/commands.h"
#include "engine/retention.h"
#include "http/server.h"

struct parts {
    struct store *store;
    struct spool *spool;
    struct engine *engine;
    struct retention *retention;
    struct server *server;
    struct api api;
    struct openapi openapi;
    char public_url[1024];
    char host[256];
};

/* "127.0.0.1:8080", "[::1]:8080", ":8080" is refused: an address is always said. */
static int split_listen(const char *listen, char *host, size_t host_bytes, uint16_t *port,
                        struct err *err)
{
    const char *colon = strrchr(listen, ':');
    int64_t number;
    if (colon == NULL || colon == listen || !num_parse_i64(str_of(colon + 1), &number) ||
        number < 0 || number > UINT16_MAX)
        return err_set(err, ERR_INVALID_PAYLOAD, "--listen '%s' is not ADDRESS:PORT", listen);
    struct str name = { listen, (size_t)(colon - listen) };
    if (name.len > 2 && name.p[0] == '[' && name.p[name.len - 1] == ']')
        name = (struct str){ name.p + 1, name.len - 2 };
    if (name.len >= host_bytes)
        return err_set(err, ERR_INVALID_PAYLOAD, "--listen '%s' is too long", listen);
    memcpy(host, name.p, name.len);
    host[name.len] = '\0';
    *port = (uint16_t)number;
    return 0;
}

/* A ceiling; 0: none. */
static bool read_most(const char *flag, const char *text, const char *of, int64_t *out)
{
    if (num_parse_i64(str_of(text), out) && *out >= 0)
        return true;
    fprintf(stderr, "longshore: --%s '%s' is not a number of %s\n", flag, text, of);
    return false;
}

static bool read_bytes(const char *flag, const char *text, size_t *out)
{
    int64_t n;
    if (!read_most(flag, text, "bytes", &n))
        return false;
    *out = (size_t)n;
    return true;
}

/* Where uploads are received when the store keeps them afterwards. */
#define UPLOADS_DIRECTORY "data/uploads"

/* The spool lies beside the database, unless said otherwise. It is the store's alone. */
static int open_spool(struct parts *p, const struct serve_options *o, struct err *err)
{
    char beside[4096];
    unsigned char owner[ID_HASH_BYTES];
    const struct str secret = { (const char *)store_secret(p->store)->key, ID_SECRET_BYTES };
    const bool on_its_way = store_keeps_inputs(p->store);
    if (on_its_way)
        snprintf(beside, sizeof(beside), "%s", UPLOADS_DIRECTORY);
    else
        snprintf(beside, sizeof(beside), "%s-spool", store_place(p->store));
    /* What is only on its way may be received in the same place for any database, but never among
     * the inputs that a SQLite store has there. */
    id_hash_token(on_its_way ? STR("uploads") : secret, owner);
    if (o->spool == NULL && on_its_way && dir_make("data", err) < 0)
        return -1;
    if (spool_open(o->spool != NULL ? o->spool : beside, &p->spool, err) < 0)
        return -1;
    return spool_claim(p->spool, owner, err);
}

/* Uploads that never became an action are nobody's. */
static int sweep_spool(struct parts *p, struct err *err)
{
    struct arena a;
    struct str *names = NULL;
    size_t n = 0;
    arena_init(&a, 64 * KIB, 0);
    const int rc = store_list_inputs(p->store, &a, &names, &n, err);
    const size_t removed = rc == 0 ? spool_sweep(p->spool, names, n) : 0;
    if (removed > 0)
        log_event(LOG_INFO, "spool_swept", LOG_INT("files", removed));
    arena_release(&a);
    return rc;
}

/* As many files as the system lets us: connections, inputs and the database need them. */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* A flag in units of so many milliseconds, with a fraction if it likes. */
static bool read_ms(const char *flag, const char *text, double least, int64_t unit_ms, int64_t *out)
{
    struct num n;
    const double most = 36500; /* a hundred years, if these are days */
    if (!num_parse(str_of(text), &n) || num_as_double(n) < least || num_as_double(n) > most) {
        fprintf(stderr, "longshore: --%s '%s' is not a number from %g to %g\n", flag, text, least,
                most);
        return false;
    }
    *out = (int64_t)(num_as_double(n) * (double)unit_ms);
    return true;
}

static bool read_retention(const struct serve_options *o, struct retention_config *out)
{
    const int64_t second_ms = 1000, day_ms = (int64_t)24 * 3600 * second_ms;
    return read_ms("retention-days", o->retention_days, 0, day_ms, &out->keep_ms) &&
           read_ms("retention-interval", o->retention_interval, 0.01, second_ms, &out->interval_ms);
}

/* The URL without a / at its end, in the struct parts. */
static bool read_public_url(struct parts *p, const struct serve_options *o)
{
    if (o->public_url == NULL)
        return true;
    size_t len = strlen(o->public_url);
    while (len > 0 && o->public_url[len - 1] == '/')
        len--;
    const bool http = strncmp(o->public_url, "http://", 7) == 0;
    if ((!http && strncmp(o->public_url, "https://", 8) != 0) || len >= sizeof(p->public_url)) {
        fprintf(stderr, "longshore: --public-url '%s' does not begin with http:// or https://\n",
                o->public_url);
        return false;
    }
    memcpy(p->public_url, o->public_url, len);
    p->public_url[len] = '\0';
    p->api.public_url = p->public_url;
    return true;
}

static int start(struct parts *p, const struct serve_options *o, struct server_config *server,
                 const struct retention_config *retention, const struct store_config *store_config,
                 struct err *err)
{
    uint16_t port = 0;
    const struct route *routes = NULL;
    size_t n_routes = 0;
    const struct engine_config engine_config = { 0 };
    if (split_listen(o->listen, p->host, sizeof(p->host), &port, err) < 0 ||
        store_open(o->store, store_config, &p->store, err) < 0 || open_spool(p, o, err) < 0 ||
        sweep_spool(p, err) < 0 ||
        engine_start(p->store, p->spool, &engine_config, &p->engine, err) < 0)
        return -1;
    p->api.store = p->store;
    p->api.spool = p->spool;
    p->api.engine = p->engine;
    p->api.retention_ms = retention->keep_ms;
    p->api.auth = auth_cache_new();
    if (p->api.auth == NULL)
        return err_nomem(err);
    api_routes(&routes, &n_routes);
    if (openapi_init(&p->openapi, routes, n_routes, p->api.public_url, err) < 0)
        return -1;
    p->api.openapi = &p->openapi;
    server->host = p->host;
    server->port = port;
    server->spool = p->spool;
    server->app = &p->api;
    server->authenticate = api_authenticate;
    if (retention_start(p->store, p->spool, retention, &p->retention, err) < 0 ||
        server_start(server, routes, n_routes, &p->server, err) < 0)
        return -1;
    log_event(LOG_INFO, "listening", LOG_STR("address", p->host),
              LOG_INT("port", server_port(p->server)), LOG_STR("version", LONGSHORE_VERSION));
    return 0;
}

static void stop(struct parts *p)
{
    server_stop(p->server);
    engine_stop(p->engine);
    retention_stop(p->retention);
    spool_close(p->spool); /* waits for uploads that the store is still told of */
    store_close(p->store);
    auth_cache_free(p->api.auth);
    openapi_release(&p->openapi);
}

int serve_run(const void *values)
{
    const struct serve_options *o = values;
    struct parts parts = { 0 };
    struct server_config server = { 0 };
    struct retention_config retention = { 0 };
    struct store_config store = { .serving = true };
    struct err err = { 0 };
    enum log_level level;
    sigset_t signals;
    int signal_number = 0;
    if (!log_level_parse(str_of(o->log_level), &level)) {
        fprintf(stderr, "longshore: --log-level '%s' is not one of debug, info, warn, error\n",
                o->log_level);
        return 2;
    }
    if (!read_bytes("json-max-bytes", o->json_max_bytes, &server.json_max_bytes) ||
        !read_bytes("csv-max-bytes", o->csv_max_bytes, &server.csv_max_bytes) ||
        !read_most("campaign-codes-max", o->campaign_codes_max, "vouchers",
                   &store.campaign_codes_max) ||
        !read_retention(o, &retention) || !read_public_url(&parts, o))
        return 2;
    log_set_level(level);
    /* Big buffers come from mmap and are grown by mremap: a growing chunk leaves no holes behind.
     */
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_ARENA_MAX, 2);
    /* Answers of the database come and go by the MiB, in pieces: giving each piece back to the
     * system at once took a fifth of an import's CPU. */
    mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
    raise_file_limit();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread: only sigwait gets them */
    if (start(&parts, o, &server, &retention, &store, &err) < 0) {
        log_event(LOG_ERROR, "start_failed", LOG_STR("error", err.msg));
        stop(&parts);
        return 1;
    }
    sigwait(&signals, &signal_number);
    log_event(LOG_INFO, "draining", LOG_INT("signal", signal_number));
    stop(&parts);
    log_event(LOG_INFO, "stopped", LOG_INT("signal", signal_number));
    return 0;
}
