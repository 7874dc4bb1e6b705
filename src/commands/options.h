/* SPDX-License-Identifier: MIT */
/*
 * options.h - what a command takes, from one table: parsing, environment, --help, the manual.
 *
 * A flag `--app-id ID` (or `--app-id=ID`) can also be given as LONGSHORE_APP_ID; the command line
 * wins over the environment, which wins over the default. Flags and arguments may stand in any
 * order; what follows `--` is an argument even when it begins with a dash.
 */
#ifndef COMMANDS_OPTIONS_H
#define COMMANDS_OPTIONS_H

#include <stdio.h>

#include "base/err.h"

enum option_kind {
    OPTION_VALUE,    /* --name VALUE; its target is a `const char *` */
    OPTION_SWITCH,   /* --name; a `bool` */
    OPTION_ARGUMENT, /* a word without a dash, taken in the order of the rows; a `const char *` */
};

struct option {
    const char *name; /* "app-id"; of an argument what --help calls it, "FILE" */
    enum option_kind kind;
    const char *value;    /* OPTION_VALUE: what the value is called in --help */
    const char *fallback; /* NULL: none */
    const char *help;
    bool required;
    bool no_env;   /* an OPTION_VALUE about this one call: the environment is not asked */
    size_t offset; /* in the target struct */
};

struct exit_status {
    const char *status; /* "0" */
    const char *meaning;
};

/* What else belongs to a command's help, a row each: the columns of a file. */
struct note {
    char name[96];
    char text[512];
};

struct command_notes {
    const char *heading;                             /* "CSV columns" */
    bool (*row)(int of, size_t i, struct note *out); /* false: there is no such row */
    const char *end;                                 /* the last line, or NULL */
};

struct command {
    const char *name;    /* "project create" */
    const char *group;   /* the heading it stands under; the rows of a group stand together */
    const char *summary; /* one line */
    const char *details; /* more for --help, or NULL */
    const char *example; /* a command line, or NULL */
    const struct option *options;
    size_t n_options;
    const struct exit_status *exits; /* what its exit status says, in ascending order, or NULL */
    size_t n_exits;
    int (*run)(const void *values); /* exit status */
    size_t values_size;
    const struct command_notes *notes; /* NULL: none */
    int notes_of;                      /* what its rows are of */
};

/* Is it the first word of the command's name? */
bool command_begins_with(const struct command *c, const char *word);

/* Fills the struct at `values` from argv[0..argc). Values point into argv, the environment or the
 * table. ERR_INVALID_PAYLOAD with a text for people: an unknown flag, a missing value, a missing
 * flag or argument that is required, an argument too many. */
int options_parse(const struct command *c, int argc, char **argv, void *values,
                  struct err *err) MUST_CHECK;

#define OPTION_ENV_BYTES 64

/* Whether the environment is asked for it, and by which name; out is "" when it is not. */
bool option_env(const struct option *o, char out[OPTION_ENV_BYTES]);

/* "actions show ACTION_ID"; returns how many columns that took. */
int options_print_synopsis(const struct command *c, FILE *out);

void options_print_help(const struct command *c); /* to stdout */
void options_print_notes(const struct command *c, FILE *out);

#endif
