/* SPDX-License-Identifier: MIT */
/*
 * time_iso.h - times as the API writes and reads them (reference 1.1).
 *
 * Inside, a time is milliseconds since 1970-01-01T00:00:00Z; outside, always
 * `2022-06-23T11:21:45.578Z`. Years 0000 to 9999.
 */
#ifndef BASE_TIME_ISO_H
#define BASE_TIME_ISO_H

#include "base/str.h"

#define TIME_ISO_LEN 24
#define TIME_NONE    INT64_MIN /* "not given" in a field that holds a time */

/* The accepted input forms: YYYY-MM-DD, …THH, …THH:mm, …THH:mm:ss, …:ss.S to …:ss.SSSSSSSSS, each
 * time with an optional Z or ±HH:MM, ±HHMM, ±HH; without a zone it is UTC. Digits of a fraction
 * beyond milliseconds are dropped. Impossible dates (2023-02-29, 24:00) are refused. */
bool time_iso_parse(struct str s, int64_t *out_ms);

/* Writes TIME_ISO_LEN characters and a NUL. */
void time_iso_format(int64_t ms, char out[TIME_ISO_LEN + 1]);

int64_t time_now_ms(void);       /* wall clock */
int64_t time_monotonic_us(void); /* for durations */

#endif
