/* SPDX-License-Identifier: MIT */
/*
 * main.c - the table of commands. A command is a row here, a struct for the values of its flags and
 * a function (both in commands.h); --help and the manual are made of the same rows.
 */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#include "actions/registry.h"
#include "base/str.h"
#include "commands/columns.h"
#include "commands/commands.h"
#include "commands/manual.h"
#include "commands/options.h"

#define SERVE(field)    offsetof(struct serve_options, field)
#define MIGRATE(field)  offsetof(struct migrate_options, field)
#define COPY(field)     offsetof(struct copy_options, field)
#define CREATE(field)   offsetof(struct project_create_options, field)
#define PROJECTS(field) offsetof(struct project_list_options, field)
#define DELETE(field)   offsetof(struct project_delete_options, field)
#define KEYS(field)     offsetof(struct project_keys_list_options, field)
#define KEY_ADD(field)  offsetof(struct project_keys_add_options, field)
#define REVOKE(field)   offsetof(struct project_keys_revoke_options, field)
#define IMPORT(field)   offsetof(struct import_vouchers_options, field)
#define EXPORT(field)   offsetof(struct export_options, field)
#define GENERATE(field) offsetof(struct generate_options, field)
#define PURGE(field)    offsetof(struct purge_options, field)
#define SCHEMA(field)   offsetof(struct schema_options, field)
#define SET(field)      offsetof(struct schema_set_options, field)
#define LIST(field)     offsetof(struct actions_list_options, field)
#define SHOW(field)     offsetof(struct actions_show_options, field)
#define WATCH(field)    offsetof(struct actions_watch_options, field)
#define CANCEL(field)   offsetof(struct actions_cancel_options, field)
#define REPORT(field)   offsetof(struct actions_report_options, field)

/* ---- rows that several commands share ---- */

#define STORE_OPTION(OF)                                                                           \
    {                                                                                              \
        .name = "store", .value = "URL", .fallback = STORE_DEFAULT, .offset = OF(store),           \
        .help = "sqlite:PATH or postgresql://..."                                                  \
    }

#define PROJECT_OPTION(OF)                                                                         \
    {                                                                                              \
        .name = "project", .value = "ID", .required = true, .no_env = true, .offset = OF(project), \
        .help = "like proj_4mQ0Xy1b; `longshore project list` shows them"                          \
    }

#define PRINT_JSON_OPTION(OF)                                                                      \
    {                                                                                              \
        .name = "json", .kind = OPTION_SWITCH, .offset = OF(json), .help = "as one JSON array"     \
    }

#define URL_OPTION(OF)                                                                             \
    {                                                                                              \
        .name = "url", .value = "URL", .fallback = CLIENT_URL_DEFAULT, .offset = OF(server.url),   \
        .help = "where the server is"                                                              \
    }

#define APP_ID_OPTION(OF)                                                                          \
    {                                                                                              \
        .name = "app-id", .value = "ID", .required = true, .offset = OF(server.app_id),            \
        .help = "the project's application id"                                                     \
    }

#define APP_TOKEN_OPTION(OF)                                                                       \
    {                                                                                              \
        .name = "app-token", .value = "TOKEN", .required = true, .offset = OF(server.app_token),   \
        .help = "its secret; better in the environment, as every user sees command lines"          \
    }

#define SERVER_OPTIONS(OF) URL_OPTION(OF), APP_ID_OPTION(OF), APP_TOKEN_OPTION(OF)

#define ACTION_ID_OPTION(OF)                                                                       \
    {                                                                                              \
        .name = "ACTION_ID", .kind = OPTION_ARGUMENT, .required = true, .offset = OF(id),          \
        .help = "like aa_0adad13d6f057f088e"                                                       \
    }

#define JSON_OPTION(OF)                                                                            \
    {                                                                                              \
        .name = "json", .kind = OPTION_SWITCH, .offset = OF(json),                                 \
        .help = "the server's answer on standard output, as it came"                               \
    }

#define RETRY_OPTION(OF)                                                                           \
    {                                                                                              \
        .name = "retry", .value = "SECONDS", .fallback = "60", .offset = OF(retry),                \
        .help = "try so long to reach a server that is gone while following"                       \
    }

#define NO_WAIT_OPTION(OF, WHAT)                                                                   \
    {                                                                                              \
        .name = "no-wait", .kind = OPTION_SWITCH, .offset = OF(no_wait),                           \
        .help = "print the action's id once the " WHAT " is accepted, and leave"                   \
    }

#define CUSTOM_OPTION(OF)                                                                          \
    {                                                                                              \
        .name = "custom", .kind = OPTION_SWITCH, .offset = OF(custom),                             \
        .help = "RESOURCE is an object of the project's own; make a schema of that name"           \
    }

#define RESOURCE_OPTION(OF)                                                                        \
    {                                                                                              \
        .name = "RESOURCE", .kind = OPTION_ARGUMENT, .required = true, .offset = OF(resource),     \
        .help = "like voucher, customer or order; or the id of a schema"                           \
    }

#define KEY_OPTION(OF, HELP)                                                                       \
    {                                                                                              \
        .name = "KEY", .kind = OPTION_ARGUMENT, .required = true, .offset = OF(key), .help = HELP  \
    }

#define UNREACHED "refused, not found, wrong usage, or the server was not reached"

static const struct exit_status serve_exits[] = {
    { "0", "stopped by a signal" },
    { "1", "could not start" },
    { "2", "wrong usage" },
};

static const struct exit_status store_exits[] = {
    { "0", "done" },
    { "1", "failed" },
    { "2", "wrong usage" },
};

static const struct exit_status delete_exits[] = {
    { "0", "done" },
    { "1", "failed" },
    { "2", "wrong usage, or it was not said with --yes" },
};

static const struct exit_status follow_exits[] = {
    { "0", "done, every row is fine" },
    { "1", "done, some rows have failed" },
    { "2", "the action FAILED; or " UNREACHED },
    { "130", "stopped by Ctrl-C; an action that has begun goes on" },
};

static const struct exit_status generate_exits[] = {
    { "0", "done" },
    { "2", "the action FAILED; or " UNREACHED },
    { "130", "stopped by Ctrl-C; an action that has begun goes on" },
};

static const struct exit_status purge_exits[] = {
    { "0", "done" },
    { "2", "the action FAILED; it was not said with --yes; or " UNREACHED },
    { "130", "stopped by Ctrl-C; an action that has begun goes on" },
};

static const struct exit_status clear_exits[] = {
    { "0", "done" },
    { "2", "it was not said with --yes; or " UNREACHED },
};

static const struct exit_status answer_exits[] = {
    { "0", "done" },
    { "2", UNREACHED },
};

static const struct exit_status cancel_exits[] = {
    { "0", "the action is cancelled" },
    { "1", "too late, it had ended already" },
    { "2", UNREACHED },
};

/* ---- the flags of each command ---- */

static const struct option serve_options[] = {
    { .name = "listen",
      .value = "ADDRESS:PORT",
      .fallback = "127.0.0.1:8080",
      .offset = SERVE(listen),
      .help = "where to listen; port 0 takes a free one" },
    { .name = "store",
      .value = "URL",
      .fallback = STORE_DEFAULT,
      .offset = SERVE(store),
      .help = "sqlite:PATH or postgresql://..." },
    { .name = "spool",
      .value = "DIRECTORY",
      .offset = SERVE(spool),
      .help = "where uploads are kept; PATH-spool when not given" },
    { .name = "public-url",
      .value = "URL",
      .offset = SERVE(public_url),
      .help = "what links begin with; when not given, as the client has called us" },
    { .name = "log-level",
      .value = "LEVEL",
      .fallback = "info",
      .offset = SERVE(log_level),
      .help = "debug, info, warn or error" },
    { .name = "json-max-bytes",
      .value = "N",
      .fallback = "10485760",
      .offset = SERVE(json_max_bytes),
      .help = "largest JSON body of a bulk action; 0: any" },
    { .name = "csv-max-bytes",
      .value = "N",
      .fallback = "0",
      .offset = SERVE(csv_max_bytes),
      .help = "largest CSV upload, its form included; 0: any" },
    { .name = "campaign-codes-max",
      .value = "N",
      .fallback = "0",
      .offset = SERVE(campaign_codes_max),
      .help = "vouchers that a campaign may have; 0: any number" },
    { .name = "retention-days",
      .value = "DAYS",
      .fallback = "7",
      .offset = SERVE(retention_days),
      .help = "how long inputs and reports live after the end of their action" },
    { .name = "retention-interval",
      .value = "SECONDS",
      .fallback = "60",
      .offset = SERVE(retention_interval),
      .help = "how often to look for what has had its time" },
};

static const struct option migrate_options[] = {
    STORE_OPTION(MIGRATE),
};

static const struct option copy_options[] = {
    { .name = "from",
      .value = "URL",
      .required = true,
      .no_env = true,
      .offset = COPY(from),
      .help = "the store that has it" },
    { .name = "to",
      .value = "URL",
      .required = true,
      .no_env = true,
      .offset = COPY(to),
      .help = "the store that gets it; a SQLite file is made when missing" },
    { .name = "project",
      .value = "ID",
      .no_env = true,
      .offset = COPY(project),
      .help = "this one; all when not given" },
    { .name = "from-spool",
      .value = "DIRECTORY",
      .no_env = true,
      .offset = COPY(from_spool),
      .help = "where uploads of a SQLite store are kept; PATH-spool when not given" },
    { .name = "to-spool",
      .value = "DIRECTORY",
      .no_env = true,
      .offset = COPY(to_spool),
      .help = "where a SQLite store is to keep them; PATH-spool when not given" },
};

static const struct option project_create_options[] = {
    { .name = "name",
      .value = "NAME",
      .required = true,
      .offset = CREATE(name),
      .help = "for people" },
    { .name = "app-id",
      .value = "ID",
      .no_env = true, /* there it is the pair that clients use */
      .offset = CREATE(app_id),
      .help = "application id; made when not given" },
    { .name = "app-token",
      .value = "TOKEN",
      .no_env = true, /* there it is the pair that clients use */
      .offset = CREATE(app_token),
      .help = "its secret key; made when not given" },
    { .name = "store",
      .value = "URL",
      .fallback = STORE_DEFAULT,
      .offset = CREATE(store),
      .help = "sqlite:PATH or postgresql://..." },
};

static const struct option project_list_options[] = {
    PRINT_JSON_OPTION(PROJECTS),
    STORE_OPTION(PROJECTS),
};

static const struct option project_delete_options[] = {
    PROJECT_OPTION(DELETE),
    { .name = "yes",
      .kind = OPTION_SWITCH,
      .offset = DELETE(yes),
      .help = "do it; without this it is only told what would go" },
    { .name = "spool",
      .value = "DIRECTORY",
      .offset = DELETE(spool),
      .help = "where the server keeps uploads; PATH-spool when not given" },
    STORE_OPTION(DELETE),
};

static const struct option project_keys_list_options[] = {
    PROJECT_OPTION(KEYS),
    PRINT_JSON_OPTION(KEYS),
    STORE_OPTION(KEYS),
};

static const struct option project_keys_add_options[] = {
    PROJECT_OPTION(KEY_ADD),
    { .name = "name",
      .value = "NAME",
      .fallback = "key",
      .no_env = true,
      .offset = KEY_ADD(name),
      .help = "for people: what it is used for" },
    { .name = "management",
      .kind = OPTION_SWITCH,
      .offset = KEY_ADD(management),
      .help = "a management key, which is not valid for /v1" },
    STORE_OPTION(KEY_ADD),
};

static const struct option project_keys_revoke_options[] = {
    { .name = "APP_ID",
      .kind = OPTION_ARGUMENT,
      .offset = REVOKE(id),
      .help = "the key's public half; or say --app-id" },
    { .name = "app-id",
      .value = "ID",
      .no_env = true,
      .offset = REVOKE(app_id),
      .help = "the same" },
    STORE_OPTION(REVOKE),
};

/* Of all imports. */
#define IMPORT_OPTIONS                                                                             \
    { .name = "FILE",                                                                              \
      .kind = OPTION_ARGUMENT,                                                                     \
      .required = true,                                                                            \
      .offset = IMPORT(file),                                                                      \
      .help = "the file to import; - is standard input" },                                         \
        { .name = "format",                                                                        \
          .value = "FORMAT",                                                                       \
          .no_env = true,                                                                          \
          .offset = IMPORT(format),                                                                \
          .help = "csv or json; json for a FILE that ends in .json, otherwise csv" },              \
        { .name = "dry-run",                                                                       \
          .kind = OPTION_SWITCH,                                                                   \
          .offset = IMPORT(dry_run),                                                               \
          .help = "check every row and report it, change nothing" },                               \
        { .name = "idempotency-key",                                                               \
          .value = "KEY",                                                                          \
          .no_env = true,                                                                          \
          .offset = IMPORT(idempotency_key),                                                       \
          .help = "the same file under the same KEY is imported once, however often it is sent" }, \
        NO_WAIT_OPTION(IMPORT, "file"), JSON_OPTION(IMPORT), RETRY_OPTION(IMPORT),                 \
        SERVER_OPTIONS(IMPORT)

static const struct option import_vouchers_options[] = {
    IMPORT_OPTIONS,
    { .name = "webhooks",
      .kind = OPTION_SWITCH,
      .offset = IMPORT(webhooks),
      .help = "send a webhook for every voucher that is created or updated (CSV only)" },
};
static const struct option import_options[] = { IMPORT_OPTIONS };

static const struct option export_options[] = {
    { .name = "RESOURCE",
      .kind = OPTION_ARGUMENT,
      .required = true,
      .offset = EXPORT(resource),
      .help = "vouchers, customers or orders" },
    { .name = "fields",
      .value = "FIELDS",
      .no_env = true,
      .offset = EXPORT(fields),
      .help = "columns of the file: code,value,metadata.key" },
    { .name = "order",
      .value = "FIELD",
      .no_env = true,
      .offset = EXPORT(order),
      .help = "what to sort by, with a dash in front the other way round; -created_at" },
    { .name = "output",
      .value = "FILE",
      .no_env = true,
      .offset = EXPORT(output),
      .help = "write to FILE, which appears when the export is complete" },
    SERVER_OPTIONS(EXPORT),
};

static const struct option generate_options[] = {
    { .name = "CAMPAIGN",
      .kind = OPTION_ARGUMENT,
      .required = true,
      .offset = GENERATE(campaign),
      .help = "its name or id" },
    { .name = "COUNT",
      .kind = OPTION_ARGUMENT,
      .required = true,
      .offset = GENERATE(count),
      .help = "how many codes" },
    { .name = "pattern",
      .value = "PATTERN",
      .no_env = true,
      .offset = GENERATE(pattern),
      .help =
          "like SPRING-######, a random character for each #; not given: as the campaign has it" },
    { .name = "body",
      .value = "FILE",
      .no_env = true,
      .offset = GENERATE(body),
      .help = "JSON with what the new codes are to have of their own; - is standard input" },
    { .name = "dry-run",
      .kind = OPTION_SWITCH,
      .offset = GENERATE(dry_run),
      .help = "see whether so many can be made, change nothing" },
    { .name = "idempotency-key",
      .value = "KEY",
      .no_env = true,
      .offset = GENERATE(idempotency_key),
      .help = "the same order under the same KEY is done once, however often it is sent" },
    NO_WAIT_OPTION(GENERATE, "order"),
    JSON_OPTION(GENERATE),
    RETRY_OPTION(GENERATE),
    SERVER_OPTIONS(GENERATE),
};

static const struct option purge_options[] = {
    { .name = "RESOURCE",
      .kind = OPTION_ARGUMENT,
      .required = true,
      .offset = PURGE(resource),
      .help = "voucher, campaign, customer, product (with its SKUs) or order" },
    KEY_OPTION(PURGE, "the metadata key"),
    { .name = "yes",
      .kind = OPTION_SWITCH,
      .offset = PURGE(yes),
      .help = "do it; without this, and without --dry-run, it is only told what would go" },
    { .name = "dry-run",
      .kind = OPTION_SWITCH,
      .offset = PURGE(dry_run),
      .help = "count who has the key, change nothing" },
    NO_WAIT_OPTION(PURGE, "order"),
    JSON_OPTION(PURGE),
    RETRY_OPTION(PURGE),
    SERVER_OPTIONS(PURGE),
};

static const struct option schema_list_options[] = {
    JSON_OPTION(SCHEMA),
    SERVER_OPTIONS(SCHEMA),
};

static const struct option schema_show_options[] = {
    RESOURCE_OPTION(SCHEMA),
    JSON_OPTION(SCHEMA),
    SERVER_OPTIONS(SCHEMA),
};

static const struct option schema_key_options[] = {
    RESOURCE_OPTION(SCHEMA),
    KEY_OPTION(SCHEMA, "the metadata key"),
    JSON_OPTION(SCHEMA),
    SERVER_OPTIONS(SCHEMA),
};

static const struct option schema_allow_options[] = {
    RESOURCE_OPTION(SCHEMA),
    { .name = "KEYS",
      .kind = OPTION_ARGUMENT,
      .required = true,
      .offset = SCHEMA(keys),
      .help = "any, or defined: those that have a definition" },
    CUSTOM_OPTION(SCHEMA),
    JSON_OPTION(SCHEMA),
    SERVER_OPTIONS(SCHEMA),
};

static const struct option schema_clear_options[] = {
    RESOURCE_OPTION(SCHEMA),
    { .name = "yes",
      .kind = OPTION_SWITCH,
      .offset = SCHEMA(yes),
      .help = "do it; without this it is only told what would go" },
    SERVER_OPTIONS(SCHEMA),
};

/* A rule of a definition; schema_common.c has the same flags. */
#define RULE(NAME, VALUE, FIELD, HELP)                                                             \
    {                                                                                              \
        .name = NAME, .value = VALUE, .no_env = true, .offset = SET(FIELD), .help = HELP           \
    }

static const struct option schema_set_options[] = {
    RESOURCE_OPTION(SET),
    KEY_OPTION(SET, "the metadata key"),
    { .name = "TYPE",
      .kind = OPTION_ARGUMENT,
      .offset = SET(type),
      .help = "string, number, boolean, date, datetime, geopoint, image_url or object" },
    { .name = "required",
      .kind = OPTION_SWITCH,
      .offset = SET(required),
      .help = "a new resource must have it" },
    { .name = "array",
      .kind = OPTION_SWITCH,
      .offset = SET(array),
      .help = "a list of such values" },
    RULE("one-of", "VALUES", one_of, "string, number: these alone, like S,M,L"),
    RULE("none-of", "VALUES", none_of, "number: any but these"),
    RULE("more-than", "N", more_than, "number: above N"),
    RULE("at-least", "N", at_least, "number: N or above"),
    RULE("less-than", "N", less_than, "number: below N"),
    RULE("at-most", "N", at_most, "number: N or below"),
    RULE("length", "N", length, "string: N characters"),
    RULE("min-length", "N", min_length, "string: N characters or more"),
    RULE("max-length", "N", max_length, "string: N characters or fewer"),
    RULE("object-type", "NAME", object_type, "object: the schema that it has to fit"),
    { .name = "file",
      .value = "FILE",
      .no_env = true,
      .offset = SET(file),
      .help = "the definition as JSON, in place of TYPE and flags; - is standard input" },
    CUSTOM_OPTION(SET),
    JSON_OPTION(SET),
    SERVER_OPTIONS(SET),
};

static const struct option actions_list_options[] = {
    { .name = "limit",
      .value = "N",
      .fallback = "10",
      .no_env = true,
      .offset = LIST(limit),
      .help = "at most so many, the newest first; 100 at most" },
    { .name = "type",
      .value = "TYPE",
      .no_env = true,
      .offset = LIST(type),
      .help = "only those of this type, like VOUCHERS.IMPORT_CSV" },
    { .name = "status",
      .value = "STATUS",
      .no_env = true,
      .offset = LIST(status),
      .help = "only those that are ENQUEUED, IN_PROGRESS, DONE or FAILED" },
    JSON_OPTION(LIST),
    SERVER_OPTIONS(LIST),
};

static const struct option actions_show_options[] = {
    ACTION_ID_OPTION(SHOW),
    JSON_OPTION(SHOW),
    SERVER_OPTIONS(SHOW),
};

static const struct option actions_watch_options[] = {
    ACTION_ID_OPTION(WATCH),
    JSON_OPTION(WATCH),
    RETRY_OPTION(WATCH),
    SERVER_OPTIONS(WATCH),
};

static const struct option actions_cancel_options[] = {
    ACTION_ID_OPTION(CANCEL),
    JSON_OPTION(CANCEL),
    SERVER_OPTIONS(CANCEL),
};

static const struct option actions_report_options[] = {
    ACTION_ID_OPTION(REPORT),
    { .name = "output",
      .value = "FILE",
      .no_env = true,
      .offset = REPORT(output),
      .help = "write to FILE, which appears when the report is complete" },
    SERVER_OPTIONS(REPORT),
};

/* ---- the commands ---- */

#define ON_THE_SERVER "on the server's machine"
#define OVER_HTTP     "from anywhere, over HTTP"

#define EXITS(rows)   .exits = rows, .n_exits = ARRAY_LEN(rows)
#define COLUMNS(kind) .notes = &columns_notes, .notes_of = kind

static const struct command commands[] = {
    { .name = "serve",
      .group = ON_THE_SERVER,
      .summary = "Serve the API and run the bulk actions.",
      .details = "SIGTERM drains: no new requests, the current slice commits, exit status 0.",
      .example = "longshore serve --listen 127.0.0.1:8080",
      .options = serve_options,
      .n_options = ARRAY_LEN(serve_options),
      EXITS(serve_exits),
      .run = serve_run,
      .values_size = sizeof(struct serve_options) },
    { .name = "migrate",
      .group = ON_THE_SERVER,
      .summary = "Bring a store's schema up to this program, or make a new one.",
      .details = "Says which version it has. A server that starts does the same by itself.",
      .example = "longshore migrate --store postgresql://longshore@db.internal/longshore",
      .options = migrate_options,
      .n_options = ARRAY_LEN(migrate_options),
      EXITS(store_exits),
      .run = migrate_run,
      .values_size = sizeof(struct migrate_options) },
    { .name = "copy",
      .group = ON_THE_SERVER,
      .summary = "Copy projects, with all that they have, from one store into another.",
      .details =
          "No server may use either store meanwhile. Keys, ids and links stay valid, unfinished\n"
          "actions go on where they are when the target is served. When the command is stopped\n"
          "in the middle, the same command once more goes on; until it has come to the end,\n"
          "nobody sees the project in the target. In the source all stays as it is: delete the\n"
          "project there, so that nobody goes on using it.",
      .example = "longshore copy --from sqlite:./data/longshore.db "
                 "--to postgresql://longshore@db.internal/longshore",
      .options = copy_options,
      .n_options = ARRAY_LEN(copy_options),
      EXITS(store_exits),
      .run = copy_run,
      .values_size = sizeof(struct copy_options) },
    { .name = "project create",
      .group = ON_THE_SERVER,
      .summary = "Create a project and print its keys, once, as one JSON object.",
      .details = "Works on the store of a running server.",
      .example = "longshore project create --name shop",
      .options = project_create_options,
      .n_options = ARRAY_LEN(project_create_options),
      EXITS(store_exits),
      .run = project_create_run,
      .values_size = sizeof(struct project_create_options) },
    { .name = "project list",
      .group = ON_THE_SERVER,
      .summary = "List the projects, the oldest first.",
      .example = "longshore project list --json",
      .options = project_list_options,
      .n_options = ARRAY_LEN(project_list_options),
      EXITS(store_exits),
      .run = project_list_run,
      .values_size = sizeof(struct project_list_options) },
    { .name = "project delete",
      .group = ON_THE_SERVER,
      .summary = "Delete a project with all that it has.",
      .details =
          "Works on the store of a running server, which goes on serving the others. Keys and\n"
          "tokens go first, unfinished actions end as FAILED, then all rows are removed. When\n"
          "the command is stopped in the middle, the server goes on with it, and so does the\n"
          "same command once more. Without --yes it only tells what would go.",
      .example = "longshore project delete --project proj_4mQ0Xy1b --yes",
      .options = project_delete_options,
      .n_options = ARRAY_LEN(project_delete_options),
      EXITS(delete_exits),
      .run = project_delete_run,
      .values_size = sizeof(struct project_delete_options) },
    { .name = "project keys list",
      .group = ON_THE_SERVER,
      .summary = "List the keys of a project, the oldest first.",
      .details = "Their secrets are not stored and cannot be shown.",
      .example = "longshore project keys list --project proj_4mQ0Xy1b",
      .options = project_keys_list_options,
      .n_options = ARRAY_LEN(project_keys_list_options),
      EXITS(store_exits),
      .run = project_keys_list_run,
      .values_size = sizeof(struct project_keys_list_options) },
    { .name = "project keys add",
      .group = ON_THE_SERVER,
      .summary = "Add a key pair to a project and print it, once, as one JSON object.",
      .details = "A running server takes it at once.",
      .example = "longshore project keys add --project proj_4mQ0Xy1b --name 'nightly import'",
      .options = project_keys_add_options,
      .n_options = ARRAY_LEN(project_keys_add_options),
      EXITS(store_exits),
      .run = project_keys_add_run,
      .values_size = sizeof(struct project_keys_add_options) },
    { .name = "project keys revoke",
      .group = ON_THE_SERVER,
      .summary = "Revoke a key, with the access tokens that were made with it.",
      .details =
          "A running server refuses them within a second. Actions that were started with the\n"
          "key go on: they belong to the project.",
      .example = "longshore project keys revoke c70a6f00-cf91-4756-9df5-47628850002b",
      .options = project_keys_revoke_options,
      .n_options = ARRAY_LEN(project_keys_revoke_options),
      EXITS(store_exits),
      .run = project_keys_revoke_run,
      .values_size = sizeof(struct project_keys_revoke_options) },
    { .name = "import vouchers",
      .group = OVER_HTTP,
      .summary = "Import vouchers from a CSV or JSON file and follow it to the end.",
      .details =
          "FILE is sent as it is read, of any size. On a terminal a live line shows how far the\n"
          "server has come; elsewhere a plain line does at every tenth. All of that is written\n"
          "to standard error, with the first failed rows at the end. When the server restarts,\n"
          "so does the following; the action itself does not depend on it. Ctrl-C ends the\n"
          "following, not the action.",
      .example = "longshore import vouchers vouchers.csv --dry-run",
      .options = import_vouchers_options,
      .n_options = ARRAY_LEN(import_vouchers_options),
      EXITS(follow_exits),
      .run = import_vouchers_run,
      .values_size = sizeof(struct import_vouchers_options),
      COLUMNS(ACTION_VOUCHERS_IMPORT_CSV) },
    { .name = "import customers",
      .group = OVER_HTTP,
      .summary = "Import customers from a CSV file, or update them from JSON.",
      .example = "longshore import customers customers.csv",
      .options = import_options,
      .n_options = ARRAY_LEN(import_options),
      EXITS(follow_exits),
      .run = import_customers_run,
      .values_size = sizeof(struct import_vouchers_options),
      COLUMNS(ACTION_CUSTOMERS_IMPORT_CSV) },
    { .name = "import products",
      .group = OVER_HTTP,
      .summary = "Import products from a CSV file, or update them from JSON.",
      .example = "longshore import products products.csv",
      .options = import_options,
      .n_options = ARRAY_LEN(import_options),
      EXITS(follow_exits),
      .run = import_products_run,
      .values_size = sizeof(struct import_vouchers_options),
      COLUMNS(ACTION_PRODUCTS_IMPORT_CSV) },
    { .name = "import skus",
      .group = OVER_HTTP,
      .summary = "Import SKUs of products from a CSV file.",
      .example = "longshore import skus skus.csv",
      .options = import_options,
      .n_options = ARRAY_LEN(import_options),
      EXITS(follow_exits),
      .run = import_skus_run,
      .values_size = sizeof(struct import_vouchers_options),
      COLUMNS(ACTION_SKUS_IMPORT_CSV) },
    { .name = "import orders",
      .group = OVER_HTTP,
      .summary = "Import orders from a JSON file.",
      .example = "longshore import orders orders.json",
      .options = import_options,
      .n_options = ARRAY_LEN(import_options),
      EXITS(follow_exits),
      .run = import_orders_run,
      .values_size = sizeof(struct import_vouchers_options) },
    { .name = "export",
      .group = OVER_HTTP,
      .summary = "Fetch all vouchers, customers or orders as CSV.",
      .details =
          "With --output it is written to FILE.part, which is renamed when all of it is there.\n"
          "FILE is for its owner's eyes only. The fields are those of the API's exports.",
      .example = "longshore export customers --fields source_id,name,email --output customers.csv",
      .options = export_options,
      .n_options = ARRAY_LEN(export_options),
      EXITS(answer_exits),
      .run = export_run,
      .values_size = sizeof(struct export_options) },
    { .name = "generate",
      .group = OVER_HTTP,
      .summary = "Generate random codes of a campaign and follow it to the end.",
      .details =
          "No code is there twice in a project. Two or more are made by an action, whose report\n"
          "has them; a single one is made at once, as the campaign has its codes, and printed.\n"
          "FILE is a JSON object like\n"
          "{\"code_config\": {\"length\": 12, \"prefix\": \"A-\"}, \"metadata\": {\"batch\": 7}}.",
      .example = "longshore generate 'Spring Sale' 100000 --pattern 'SPRING-########'",
      .options = generate_options,
      .n_options = ARRAY_LEN(generate_options),
      EXITS(generate_exits),
      .run = generate_run,
      .values_size = sizeof(struct generate_options) },
    { .name = "purge",
      .group = OVER_HTTP,
      .summary = "Remove a metadata key from all resources of a kind, for good.",
      .details =
          "What is written while it runs keeps the key that it gives. A key that the metadata\n"
          "schema defines is not purged: remove its definition first, with schema remove.",
      .example = "longshore purge voucher region --dry-run",
      .options = purge_options,
      .n_options = ARRAY_LEN(purge_options),
      EXITS(purge_exits),
      .run = purge_run,
      .values_size = sizeof(struct purge_options) },
    { .name = "schema list",
      .group = OVER_HTTP,
      .summary = "List the project's metadata schemas.",
      .details = "A schema says which metadata a kind of resource may and must have.",
      .example = "longshore schema list",
      .options = schema_list_options,
      .n_options = ARRAY_LEN(schema_list_options),
      EXITS(answer_exits),
      .run = schema_list_run,
      .values_size = sizeof(struct schema_options) },
    { .name = "schema show",
      .group = OVER_HTTP,
      .summary = "Show the definitions of a schema, removed ones among them.",
      .example = "longshore schema show voucher",
      .options = schema_show_options,
      .n_options = ARRAY_LEN(schema_show_options),
      EXITS(answer_exits),
      .run = schema_show_run,
      .values_size = sizeof(struct schema_options) },
    { .name = "schema set",
      .group = OVER_HTTP,
      .summary = "Define a metadata key, or define it anew.",
      .details =
          "The definition is what the command says, and nothing else: rules that it had before\n"
          "and that are not given are gone. Its type can never change. What is stored is not\n"
          "looked at: the definition holds for what is written from now on.",
      .example = "longshore schema set voucher size number --required --at-least 1 --at-most 60",
      .options = schema_set_options,
      .n_options = ARRAY_LEN(schema_set_options),
      EXITS(answer_exits),
      .run = schema_set_run,
      .values_size = sizeof(struct schema_set_options) },
    { .name = "schema remove",
      .group = OVER_HTTP,
      .summary = "Remove the definition of a key: nothing is checked by it any more.",
      .details = "It can be restored until the key is purged. Values stay.",
      .example = "longshore schema remove voucher size",
      .options = schema_key_options,
      .n_options = ARRAY_LEN(schema_key_options),
      EXITS(answer_exits),
      .run = schema_remove_run,
      .values_size = sizeof(struct schema_options) },
    { .name = "schema restore",
      .group = OVER_HTTP,
      .summary = "Bring a removed definition back, as it was.",
      .example = "longshore schema restore voucher size",
      .options = schema_key_options,
      .n_options = ARRAY_LEN(schema_key_options),
      EXITS(answer_exits),
      .run = schema_restore_run,
      .values_size = sizeof(struct schema_options) },
    { .name = "schema allow",
      .group = OVER_HTTP,
      .summary = "Say whether keys without a definition are allowed.",
      .example = "longshore schema allow voucher defined",
      .options = schema_allow_options,
      .n_options = ARRAY_LEN(schema_allow_options),
      EXITS(answer_exits),
      .run = schema_allow_run,
      .values_size = sizeof(struct schema_options) },
    { .name = "schema clear",
      .group = OVER_HTTP,
      .summary = "Delete a schema with all its definitions; values stay.",
      .example = "longshore schema clear voucher --yes",
      .options = schema_clear_options,
      .n_options = ARRAY_LEN(schema_clear_options),
      EXITS(clear_exits),
      .run = schema_clear_run,
      .values_size = sizeof(struct schema_options) },
    { .name = "actions list",
      .group = OVER_HTTP,
      .summary = "List the project's bulk actions, the newest first.",
      .example = "longshore actions list --status IN_PROGRESS",
      .options = actions_list_options,
      .n_options = ARRAY_LEN(actions_list_options),
      EXITS(answer_exits),
      .run = actions_list_run,
      .values_size = sizeof(struct actions_list_options) },
    { .name = "actions show",
      .group = OVER_HTTP,
      .summary = "Show an action, its result, and its first failed rows.",
      .example = "longshore actions show aa_0adad13d6f057f088e --json",
      .options = actions_show_options,
      .n_options = ARRAY_LEN(actions_show_options),
      EXITS(answer_exits),
      .run = actions_show_run,
      .values_size = sizeof(struct actions_show_options) },
    { .name = "actions watch",
      .group = OVER_HTTP,
      .summary = "Follow an action to its end, as `import` does.",
      .example = "longshore actions watch aa_0adad13d6f057f088e",
      .options = actions_watch_options,
      .n_options = ARRAY_LEN(actions_watch_options),
      EXITS(follow_exits),
      .run = actions_watch_run,
      .values_size = sizeof(struct actions_watch_options) },
    { .name = "actions cancel",
      .group = OVER_HTTP,
      .summary = "Stop an action; rows that are in stay in.",
      .example = "longshore actions cancel aa_0adad13d6f057f088e",
      .options = actions_cancel_options,
      .n_options = ARRAY_LEN(actions_cancel_options),
      EXITS(cancel_exits),
      .run = actions_cancel_run,
      .values_size = sizeof(struct actions_cancel_options) },
    { .name = "actions report",
      .group = OVER_HTTP,
      .summary = "Fetch an action's report: every row and what became of it, as CSV.",
      .details =
          "With --output it is written to FILE.part, which is renamed when all of it is there.\n"
          "FILE is for its owner's eyes only, as it holds codes.",
      .example = "longshore actions report aa_0adad13d6f057f088e --output report.csv",
      .options = actions_report_options,
      .n_options = ARRAY_LEN(actions_report_options),
      EXITS(answer_exits),
      .run = actions_report_run,
      .values_size = sizeof(struct actions_report_options) },
};

union values { /* room for the flags of any command */
    struct serve_options serve;
    struct migrate_options migrate;
    struct copy_options copy;
    struct project_create_options create;
    struct project_list_options projects;
    struct project_delete_options delete;
    struct project_keys_list_options keys;
    struct project_keys_add_options key_add;
    struct project_keys_revoke_options revoke;
    struct import_vouchers_options import;
    struct export_options export;
    struct generate_options generate;
    struct purge_options purge;
    struct schema_options schema;
    struct schema_set_options schema_set;
    struct actions_list_options list;
    struct actions_show_options show;
    struct actions_watch_options watch;
    struct actions_cancel_options cancel;
    struct actions_report_options report;
};

/* ---- choosing one ---- */

/* How many words of argv are the command's name; 0: argv begins with something else. */
static int count_words(struct str name, int argc, char **argv)
{
    int n = 0;
    while (name.len > 0) {
        const struct str word = str_cut(name, ' ', &name);
        if (n == argc || !str_is(word, argv[n]))
            return 0;
        n++;
    }
    return n;
}

static const struct command *find_command(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        *words = count_words(str_of(commands[i].name), argc, argv);
        if (*words > 0)
            return &commands[i];
    }
    return NULL;
}

/* Says which commands there are behind argv[0], or in general. */
static int print_no_command(int argc, char **argv)
{
    bool any = false;
    if (argc == 0) {
        manual_print_usage(stderr, commands, ARRAY_LEN(commands));
        return 2;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (!command_begins_with(&commands[i], argv[0]))
            continue;
        if (!any)
            fprintf(stderr, "longshore: '%s' is one of these commands:\n", argv[0]);
        any = true;
        manual_print_line(stderr, &commands[i]);
    }
    if (!any)
        fprintf(stderr, "longshore: there is no command '%s'\n", argv[0]);
    fprintf(stderr, "see longshore --help\n");
    return 2;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (str_is(str_of(argv[i]), "--help") || str_is(str_of(argv[i]), "-h"))
            return true;
    }
    return false;
}

static int run_command(const struct command *c, int argc, char **argv)
{
    union values values = { 0 };
    struct err err = { 0 };
    if (wants_help(argc, argv)) {
        options_print_help(c);
        return 0;
    }
    if (options_parse(c, argc, argv, &values, &err) < 0) {
        fprintf(stderr, "longshore: %s\n", err.msg);
        return 2;
    }
    return c->run(&values);
}

/* What is no command of the table. `man` is for the build. */
static bool print_about(const char *word)
{
    const bool help = str_is(str_of(word), "--help") || str_is(str_of(word), "-h") ||
                      str_is(str_of(word), "help");
    if (help)
        manual_print_usage(stdout, commands, ARRAY_LEN(commands));
    else if (str_is(str_of(word), "--version"))
        printf("longshore %s\n", LONGSHORE_VERSION);
    else if (str_is(str_of(word), "man"))
        manual_print_roff(stdout, commands, ARRAY_LEN(commands));
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    int words = 0;
    umask(077);               /* codes and key hashes are nobody else's business */
    signal(SIGXFSZ, SIG_IGN); /* a limit on files is a disk that is full: write() says so */
    if (sodium_init() < 0) {
        fprintf(stderr, "longshore: cannot start the random generator\n");
        return 1;
    }
    if (argc > 1 && print_about(argv[1]))
        return 0;
    const struct command *c = find_command(argc - 1, argv + 1, &words);
    if (c != NULL)
        return run_command(c, argc - 1 - words, argv + 1 + words);
    if (wants_help(argc - 1, argv + 1)) { /* longshore actions --help */
        if (!manual_print_group(stdout, commands, ARRAY_LEN(commands), argv[1]))
            manual_print_usage(stdout, commands, ARRAY_LEN(commands));
        return 0;
    }
    return print_no_command(argc - 1, argv + 1);
}
