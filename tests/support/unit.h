/* SPDX-License-Identifier: MIT */
/*
 * unit.h - what all unit tests share: cmocka in the order it wants, a directory of their own, and
 * errors that are shown when they were not expected.
 *
 * A test takes its directory from the pair unit_dir_setup / unit_dir_teardown, so tests run alone
 * and in any order, and leave nothing behind.
 */
#ifndef TESTS_SUPPORT_UNIT_H
#define TESTS_SUPPORT_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/str.h"

/* MUST(spool_open(dir, &spool, must)): fails the test with the error's text unless it returns 0. */
#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct err must_err = { 0 }, *must = &must_err;                                            \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, must_err.msg);                                               \
    } while (0)

/* A directory under TMPDIR, or else in memory where there is such a place: thousands of syncs wait
 * for no disk that way, and what a disk loses is the crash tests' business. unit_dir_remove() takes
 * what is in it along. */
char *unit_dir_make(void);
void unit_dir_remove(char *dir);

/* cmocka fixtures: *state is the directory. */
int unit_dir_setup(void **state);
int unit_dir_teardown(void **state);

/* "dir/name"; valid until the fourth call from now on. Main thread only. */
const char *unit_path(const char *dir, const char *name);

void unit_write_file(const char *path, struct str content);
/* The whole file and a NUL; the caller frees it with free(). */
char *unit_read_file(const char *path);
size_t unit_count_files(const char *dir);

/* The same numbers in every run: a test that found something finds it again. */
struct unit_random {
    uint64_t x;
};
uint64_t unit_random(struct unit_random *r);
size_t unit_random_below(struct unit_random *r, size_t n);

void assert_str(struct str got, const char *want);

#endif
