/* SPDX-License-Identifier: MIT */
/* err.c - see err.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"

static const struct err_info err_infos[] = {
#define X(name, status, key, message) [ERR_##name] = { status, key, message },
    ERR_CODES(X)
#undef X
};

const struct err_info *err_info(enum err_code code)
{
    if ((unsigned)code >= ERR_CODE_COUNT)
        code = ERR_INTERNAL;
    return &err_infos[code];
}

/* Formats into out; a text that does not fit loses whole characters, so that it stays UTF-8. */
static void put_text(char *out, size_t size, const char *fmt, va_list args)
{
    const int n = vsnprintf(out, size, fmt, args);
    if (n >= 0 && (size_t)n >= size) {
        out[size - 1] = out[size - 2]; /* the byte that the NUL stands for tells nothing */
    }
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    err->code = code;
    vsnprintf(err->msg, sizeof(err->msg), fmt, args);
    va_end(args);
    return -1;
}

static enum err_code code_of_errno(int sys)
{
    switch (sys) {
    case ENOSPC:
    case EDQUOT:
        return ERR_DISK_FULL;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

int err_sys(struct err *err, const char *fmt, ...)
{
    const int sys = errno;
    char what[256];
    char room[128];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    const char *reason =
        strerror_r(sys, room, sizeof(room)); /* GNU's: the text, perhaps in `room` */
    return err_set(err, code_of_errno(sys), "%s: %s", what, reason);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char what[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what) - 2, fmt, args);
    va_end(args);
    const size_t n = strlen(what);
    memcpy(what + n, ": ", 3);
    const size_t room = sizeof(err->msg) - (n + 2) - 1;
    const size_t inner = strlen(err->msg);
    memmove(err->msg + n + 2, err->msg, inner < room ? inner : room);
    memcpy(err->msg, what, n + 2);
    err->msg[n + 2 + (inner < room ? inner : room)] = '\0';
    return -1;
}

int err_nomem(struct err *err)
{
    return err_set(err, ERR_NOMEM, "out of memory");
}
