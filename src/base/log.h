/* SPDX-License-Identifier: MIT */
/*
 * log.h - one JSON line per event on stderr.
 *
 * A line has ts, level, event and the fields given. Never log a key, a voucher code, or a path
 * that may hold one: name the route (`POST /v1/vouchers/{code}`) instead. A line is written with
 * one write(2), so lines of several threads do not mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    enum { LOG_TEXT, LOG_NUMBER } kind;
    const char *text;
    int64_t number;
};

#define LOG_STR(n, t) ((struct log_field){ .name = (n), .kind = LOG_TEXT, .text = (t) })
#define LOG_INT(n, v)                                                                              \
    ((struct log_field){ .name = (n), .kind = LOG_NUMBER, .number = (int64_t)(v) })

void log_set_level(enum log_level least);
bool log_level_parse(struct str name, enum log_level *out); /* debug, info, warn, error */

void log_fields(enum log_level level, const char *event, const struct log_field *fields, size_t n);

/* log_event(LOG_INFO, "action_done", LOG_STR("action_id", id), LOG_INT("rows", n)); at least one
 * field */
#define log_event(level, event, ...)                                                               \
    log_fields(level, event, (const struct log_field[]){ __VA_ARGS__ },                            \
               ARRAY_LEN(((const struct log_field[]){ __VA_ARGS__ })))

#endif
