/* SPDX-License-Identifier: MIT */
/*
 * metadata.h - one key of metadata as it is stored: an object as JSON text that was printed by
 * base/json.h, so that a key has but one spelling.
 */
#ifndef DOMAIN_METADATA_H
#define DOMAIN_METADATA_H

#include "base/err.h"
#include "base/mem.h"

/* {NULL,0} has none. Looks at the text only. */
bool metadata_has_key(struct str metadata, struct str key);

/* The object without that member, in the arena, or the very same text when it has none; {NULL,0}
 * when nothing else is left. */
int metadata_remove_key(struct str *metadata, struct str key, struct arena *a,
                        struct err *err) MUST_CHECK;

#endif
