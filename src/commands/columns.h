/* SPDX-License-Identifier: MIT */
/* columns.h - which columns of a CSV file an import knows, as notes to its command. */
#ifndef COMMANDS_COLUMNS_H
#define COMMANDS_COLUMNS_H

#include "commands/options.h"

/* Of the action that imports the file: an enum action_kind_id. */
extern const struct command_notes columns_notes;

#endif
