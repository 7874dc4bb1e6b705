/* SPDX-License-Identifier: MIT */
/* schema.h - reading back what action_freeze_schema() has written; for plan.c. */
#ifndef ACTIONS_SCHEMA_H
#define ACTIONS_SCHEMA_H

#include "actions/registry.h"

int action_thaw_schema(const struct json *frozen, struct arena *a, struct metadata_schema **out,
                       struct err *err) MUST_CHECK;

#endif
