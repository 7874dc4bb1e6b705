/* SPDX-License-Identifier: MIT */
/*
 * options.h - flags of a command, from one table: parsing, environment, --help.
 *
 * A flag `--app-id ID` (or `--app-id=ID`) can also be given as LONGSHORE_APP_ID; the command line
 * wins over the environment, which wins over the default.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "base/err.h"

struct option {
    const char *name;     /* "app-id" */
    const char *value;    /* what the value is called in --help */
    const char *fallback; /* NULL: none */
    const char *help;
    bool required;
    size_t offset; /* of a `const char *` in the target struct */
};

struct command {
    const char *name;    /* "project create" */
    const char *summary; /* one line */
    const char *details; /* more for --help, or NULL */
    const struct option *options;
    size_t n_options;
    int (*run)(const void *values); /* exit status */
    size_t values_size;
};

/* Fills the struct at `values` from argv[0..argc). Values point into argv, the environment or the
 * table. ERR_INVALID_PAYLOAD with a text for people: an unknown flag, a missing value, a missing
 * required flag. */
int options_parse(const struct command *c, int argc, char **argv, void *values,
                  struct err *err) MUST_CHECK;

void options_print_help(const struct command *c); /* to stdout */

#endif
