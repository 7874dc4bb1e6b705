/* SPDX-License-Identifier: MIT */
/*
 * text.h - figures and texts as people read them.
 *
 * Codes, reasons and messages come from files and servers. text_put_safe() takes the control
 * characters out of them, so that a code in a file cannot steer the terminal of the one who reads
 * about it.
 */
#ifndef CLIENT_TEXT_H
#define CLIENT_TEXT_H

#include "base/buf.h"

void text_put_safe(struct buf *b, struct str s); /* what is no printable UTF-8 becomes '?' */
void text_put_count(struct buf *b, int64_t n);   /* "1,234,567" */
void text_put_bytes(struct buf *b, int64_t n);   /* "999 bytes", "12.3 MB" */
void text_put_seconds(struct buf *b, int64_t s); /* "9 s", "2 min 05 s", "1 h 02 min" */
void text_put_duration(struct buf *b,
                       int64_t ms); /* "400 ms", "2.3 s", then like text_put_seconds */

/* Everything but letters, digits and -._~ as %XX, for a part of a URL. */
void text_put_escaped(struct buf *b, struct str s);

#endif
