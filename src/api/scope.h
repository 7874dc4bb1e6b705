/* SPDX-License-Identifier: MIT */
/*
 * scope.h - what an access token may do: a set of names of the API's parts (reference 1.2).
 *
 * A scope covers every method under the path of its name; `api` covers them all. Every name that
 * clients know is taken, also those of parts that this server does not have.
 */
#ifndef API_SCOPE_H
#define API_SCOPE_H

#include "base/buf.h"
#include "base/str.h"

/* A set of scopes, a bit each. Never stored: the names are. */
typedef uint64_t scope_set;

#define SCOPE_ALL UINT64_MAX /* what a key pair may */

/* Names with blanks between to a set. What is not known is appended to `unknown`, with commas
 * between; NULL: it is left out. */
scope_set scope_parse(struct str names, struct buf *unknown);

/* The same set as text again: known names in the order given, each once, one blank between. */
void scope_put(struct buf *b, struct str names);

/* Each name; NULL: there are no more. */
const char *scope_name(size_t i);

/* Whether one of them covers the routes of this pattern ("/v1/vouchers/{code}"). */
bool scope_covers(scope_set set, const char *pattern);

#endif
