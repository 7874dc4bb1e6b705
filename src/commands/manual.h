/* SPDX-License-Identifier: MIT */
/* manual.h - the table of commands as text: `longshore --help`, and longshore(1). */
#ifndef COMMANDS_MANUAL_H
#define COMMANDS_MANUAL_H

#include "commands/options.h"

void manual_print_usage(FILE *out, const struct command *commands, size_t n);
void manual_print_line(FILE *out, const struct command *c); /* one line of it */

/* The manual page, for man's macros. */
void manual_print_roff(FILE *out, const struct command *commands, size_t n);

#endif
