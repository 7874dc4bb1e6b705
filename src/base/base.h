/* SPDX-License-Identifier: MIT */
/*
 * base.h - the few macros that every file may use, and the functions that no file may.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARRAY_LEN(a)           (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define KIB ((size_t)1024)
#define MIB (KIB * 1024)

/* The better one is named beside it; everything above is included first so that only our own
 * code is checked. */
#pragma GCC poison strcpy    /* struct str, or memcpy with a known length */
#pragma GCC poison strcat    /* struct buf */
#pragma GCC poison sprintf   /* snprintf, or buf_printf */
#pragma GCC poison strtok    /* str_cut */
#pragma GCC poison atoi      /* num_parse_i64 */
#pragma GCC poison localtime /* time_iso: times are UTC */

#endif
