/* SPDX-License-Identifier: MIT */
/* commands.h - the commands behind main's table, and the values of their flags. */
#ifndef COMMANDS_COMMANDS_H
#define COMMANDS_COMMANDS_H

#include "client/client.h"

#define STORE_DEFAULT "sqlite:./data/longshore.db"

struct serve_options {
    const char *listen;
    const char *store;
    const char *spool;      /* NULL: beside the database */
    const char *public_url; /* NULL: by the request */
    const char *log_level;
    const char *json_max_bytes;
    const char *csv_max_bytes;
    const char *campaign_codes_max;
    const char *retention_days, *retention_interval; /* fractions are fine */
};
int serve_run(const void *values); /* exit status: 0 after a signal, 1 when it could not start, 2
                                      wrong flags */

struct migrate_options {
    const char *store;
};
int migrate_run(const void *values);

struct copy_options {
    const char *from, *to;
    const char *project;               /* NULL: all */
    const char *from_spool, *to_spool; /* NULL: beside the database */
};
int copy_run(const void *values);

struct project_create_options {
    const char *name;
    const char *app_id; /* NULL: made */
    const char *app_token;
    const char *store;
};
int project_create_run(const void *values);

struct project_list_options {
    const char *store;
    bool json;
};
int project_list_run(const void *values);

struct project_delete_options {
    const char *project;
    const char *store;
    const char *spool; /* NULL: beside the database */
    bool yes;
};
int project_delete_run(const void *values); /* 2 also without --yes */

struct project_keys_list_options {
    const char *project;
    const char *store;
    bool json;
};
int project_keys_list_run(const void *values);

struct project_keys_add_options {
    const char *project;
    const char *name;
    const char *store;
    bool management;
};
int project_keys_add_run(const void *values);

struct project_keys_revoke_options {
    const char *id, *app_id; /* one of them */
    const char *store;
};
int project_keys_revoke_run(const void *values);

/* ---- clients of a server; their exit statuses: cli.h ---- */

struct import_vouchers_options {
    struct client_options server;
    const char *file;            /* "-": standard input */
    const char *format;          /* NULL: by the file's name */
    const char *idempotency_key; /* NULL: none */
    const char *retry;           /* seconds */
    bool dry_run, webhooks, no_wait, json;
};
int import_vouchers_run(const void *values);
/* The same of other resources; --webhooks is not among their options. */
int import_customers_run(const void *values);
int import_products_run(const void *values);
int import_skus_run(const void *values);
int import_orders_run(const void *values);

struct export_options {
    struct client_options server;
    const char *resource;
    const char *fields, *order; /* NULL: as the server has them */
    const char *output;         /* NULL: standard output */
};
int export_run(const void *values);

struct generate_options {
    struct client_options server;
    const char *campaign, *count;
    const char *pattern;         /* NULL: the campaign's codes */
    const char *body;            /* a file, "-": standard input; NULL: what the campaign says */
    const char *idempotency_key; /* NULL: none */
    const char *retry;           /* seconds */
    bool dry_run, no_wait, json;
};
int generate_run(const void *values);

struct purge_options {
    struct client_options server;
    const char *resource, *key;
    const char *retry; /* seconds */
    bool yes, dry_run, no_wait, json;
};
int purge_run(const void *values);    /* 2 also without --yes */
bool purge_has(const char *resource); /* whether it is one of those */

/* What a command does not take stays NULL and false. */
struct schema_options {
    struct client_options server;
    const char *resource, *key;
    const char *keys; /* "any" or "defined" */
    bool yes, json, custom;
};
int schema_list_run(const void *values);
int schema_show_run(const void *values);
int schema_remove_run(const void *values);
int schema_restore_run(const void *values);
int schema_allow_run(const void *values);
int schema_clear_run(const void *values); /* 2 also without --yes */

struct schema_set_options {
    struct client_options server;
    const char *resource, *key;
    const char *type; /* or */
    const char *file; /* "-": standard input */
    const char *object_type, *one_of, *none_of, *less_than, *at_most, *more_than, *at_least;
    const char *length, *min_length, *max_length;
    bool required, array, json, custom;
};
int schema_set_run(const void *values);

struct actions_list_options {
    struct client_options server;
    const char *limit;
    const char *type, *status; /* NULL: all */
    bool json;
};
int actions_list_run(const void *values);

struct actions_show_options {
    struct client_options server;
    const char *id;
    bool json;
};
int actions_show_run(const void *values);

struct actions_watch_options {
    struct client_options server;
    const char *id;
    const char *retry; /* seconds */
    bool json;
};
int actions_watch_run(const void *values);

struct actions_cancel_options {
    struct client_options server;
    const char *id;
    bool json;
};
int actions_cancel_run(const void *values);

struct actions_report_options {
    struct client_options server;
    const char *id;
    const char *output; /* NULL: standard output */
};
int actions_report_run(const void *values);

#endif
