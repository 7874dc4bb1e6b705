/* SPDX-License-Identifier: MIT */
/* main.c - the table of commands. */
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"
#include "commands.h"
#include "options.h"

#define SERVE(field)  offsetof(struct serve_options, field)
#define CREATE(field) offsetof(struct project_create_options, field)

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
      .help = "sqlite:PATH" },
    { .name = "spool",
      .value = "DIRECTORY",
      .offset = SERVE(spool),
      .help = "where uploads are kept; PATH-spool when not given" },
    { .name = "log-level",
      .value = "LEVEL",
      .fallback = "info",
      .offset = SERVE(log_level),
      .help = "debug, info, warn or error" },
};

static const struct option project_create_options[] = {
    { .name = "name",
      .value = "NAME",
      .required = true,
      .offset = CREATE(name),
      .help = "for people" },
    { .name = "app-id",
      .value = "ID",
      .offset = CREATE(app_id),
      .help = "application id; made when not given" },
    { .name = "app-token",
      .value = "TOKEN",
      .offset = CREATE(app_token),
      .help = "its secret key; made when not given" },
    { .name = "store",
      .value = "URL",
      .fallback = STORE_DEFAULT,
      .offset = CREATE(store),
      .help = "sqlite:PATH" },
};

static const struct command commands[] = {
    { .name = "serve",
      .summary = "Serve the API and run the bulk actions.",
      .details = "SIGTERM drains: no new requests, the current slice commits, exit status 0.",
      .options = serve_options,
      .n_options = ARRAY_LEN(serve_options),
      .run = serve_run,
      .values_size = sizeof(struct serve_options) },
    { .name = "project create",
      .summary = "Create a project and print its keys, once, as one JSON object.",
      .details = "Works on the store of a running server.",
      .options = project_create_options,
      .n_options = ARRAY_LEN(project_create_options),
      .run = project_create_run,
      .values_size = sizeof(struct project_create_options) },
};

union values { /* room for the flags of any command */
    struct serve_options serve;
    struct project_create_options create;
};

static void print_usage(FILE *out)
{
    fprintf(out, "longshore %s - bulk actions on promotion data\n\ncommands:\n", LONGSHORE_VERSION);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  longshore %-16s %s\n", commands[i].name, commands[i].summary);
    fprintf(out,
            "\n`longshore COMMAND --help` tells its flags; `longshore --version` the version.\n");
}

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

static int run_command(const struct command *c, int argc, char **argv)
{
    union values values = { 0 };
    struct err err = { 0 };
    for (int i = 0; i < argc; i++) {
        if (str_is(str_of(argv[i]), "--help") || str_is(str_of(argv[i]), "-h")) {
            options_print_help(c);
            return 0;
        }
    }
    if (options_parse(c, argc, argv, &values, &err) < 0) {
        fprintf(stderr, "longshore: %s\n", err.msg);
        return 2;
    }
    return c->run(&values);
}

int main(int argc, char **argv)
{
    int words = 0;
    umask(077); /* codes and key hashes are nobody else's business */
    if (sodium_init() < 0) {
        fprintf(stderr, "longshore: cannot start the random generator\n");
        return 1;
    }
    if (argc > 1 && (str_is(str_of(argv[1]), "--help") || str_is(str_of(argv[1]), "-h"))) {
        print_usage(stdout);
        return 0;
    }
    if (argc > 1 && str_is(str_of(argv[1]), "--version")) {
        printf("longshore %s\n", LONGSHORE_VERSION);
        return 0;
    }
    const struct command *c = find_command(argc - 1, argv + 1, &words);
    if (c == NULL) {
        print_usage(stderr);
        return 2;
    }
    return run_command(c, argc - 1 - words, argv + 1 + words);
}
