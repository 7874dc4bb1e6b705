/* SPDX-License-Identifier: MIT */
/* log.c - see log.h. */
#include <stdatomic.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/time_iso.h"

#define LINE_MAX_BYTES (16 * KIB)

static _Atomic int log_least = LOG_INFO;
static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_set_level(enum log_level least)
{
    log_least = (int)least;
}

bool log_level_parse(struct str name, enum log_level *out)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (str_is(name, level_names[i])) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_fields(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    if ((int)level < log_least)
        return;
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    struct json_out o = { .b = &line };
    json_object(&o);
    json_key(&o, "ts");
    json_time(&o, time_now_ms());
    json_key(&o, "level");
    json_str(&o, str_of(level_names[level]));
    json_key(&o, "event");
    json_str(&o, str_of(event));
    for (size_t i = 0; i < n; i++) {
        json_key(&o, fields[i].name);
        if (fields[i].kind == LOG_TEXT)
            json_str(&o, str_of(fields[i].text));
        else
            json_int(&o, fields[i].number);
    }
    json_object_end(&o);
    buf_putc(&line, '\n');
    if (!line.failed && write(STDERR_FILENO, line.p, line.len) < 0) {
        /* nowhere left to say so */
    }
    buf_release(&line);
}
