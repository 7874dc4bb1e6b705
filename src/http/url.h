/* SPDX-License-Identifier: MIT */
/*
 * url.h - the raw path and query of a request, split first and decoded then.
 *
 * A voucher code may hold `/`, `%`, `+` and blanks: the path is cut at its slashes while it is
 * still encoded, and in a path `+` is a plus. In a query `+` is a blank.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "base/mem.h"
#include "base/str.h"

#define URL_SEGMENTS_MAX 8 /* no route is that deep */

/* Undoes %XX; a `%` that no two hex digits follow stays as it is. The copy lives in the arena; .p
 * is NULL when out of memory. Any byte may come out, also NUL and invalid UTF-8. */
struct str url_decode(struct arena *a, struct str raw) MUST_CHECK;

/* The first field of that name of an application/x-www-form-urlencoded text, where + is a blank;
 * {NULL,0}: there is none. -1: out of memory. */
int url_form_field(struct arena *a, struct str form, const char *name, struct str *out) MUST_CHECK;

/* Decoded segments of a path that begins with `/`; one slash at the end does not count. Returns how
 * many there are, URL_SEGMENTS_MAX + 1 when too many, -1 when out of memory. */
int url_split(struct arena *a, struct str path, struct str segments[URL_SEGMENTS_MAX]) MUST_CHECK;

#endif
