/* SPDX-License-Identifier: MIT */
/* manual.h - the table of commands as text: `longshore --help`, and longshore(1). */
#ifndef COMMANDS_MANUAL_H
#define COMMANDS_MANUAL_H

#include "commands/options.h"

void manual_print_usage(FILE *out, const struct command *commands, size_t n);
void manual_print_line(FILE *out, const struct command *c); /* one line of it */

/* The commands whose first word it is, with their notes; false: there are none. */
bool manual_print_group(FILE *out, const struct command *commands, size_t n, const char *word);

/* The manual page, for man's macros. */
void manual_print_roff(FILE *out, const struct command *commands, size_t n);

#endif
