/* SPDX-License-Identifier: MIT */
/* err.c - see err.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/str.h"

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

/* Behind a printf into text[size] that returned n: what was cut in the middle of a character loses
 * the beginning of it as well, so that the text stays UTF-8. */
static void mend_cut(char *text, size_t size, int n)
{
    if (n < 0 || (size_t)n < size)
        return;
    const size_t bad = str_utf8_invalid_at(str_of(text));
    if (size - 1 - bad < 4)
        text[bad] = '\0';
}

static void PRINTF_LIKE(3, 0) put_text(char *text, size_t size, const char *fmt, va_list args)
{
    mend_cut(text, size, vsnprintf(text, size, fmt, args));
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    err->code = code;
    put_text(err->msg, sizeof(err->msg), fmt, args);
    va_end(args);
    return -1;
}

static enum err_code code_of_errno(int sys)
{
    switch (sys) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a limit on the size of files */
        return ERR_DISK_FULL;
    case ENOMEM:
        return ERR_NOMEM;
    case EMFILE: /* passes, when other files are closed */
    case ENFILE:
        return ERR_BUSY;
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
    put_text(what, sizeof(what), fmt, args);
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
    put_text(what, sizeof(what) - 2, fmt, args);
    va_end(args);
    const size_t n = strlen(what);
    memcpy(what + n, ": ", 3);
    const size_t room = sizeof(err->msg) - (n + 2) - 1;
    const size_t inner = strlen(err->msg);
    memmove(err->msg + n + 2, err->msg, inner < room ? inner : room);
    memcpy(err->msg, what, n + 2);
    err->msg[n + 2 + (inner < room ? inner : room)] = '\0';
    mend_cut(err->msg, sizeof(err->msg), (int)(n + 2 + inner));
    return -1;
}

int err_nomem(struct err *err)
{
    return err_set(err, ERR_NOMEM, "out of memory");
}
