/* SPDX-License-Identifier: MIT */
/* unit.c - see unit.h. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/unit.h"

char *unit_dir_make(void)
{
    const char *root = getenv("TMPDIR");
    char path[512];
    if (root == NULL)
        root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(path, sizeof(path), "%s/longshore-unit-XXXXXX", root);
    assert_non_null(mkdtemp(path));
    return strdup(path);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void unit_dir_remove(char *dir)
{
    assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(dir);
}

int unit_dir_setup(void **state)
{
    *state = unit_dir_make();
    return 0;
}

int unit_dir_teardown(void **state)
{
    unit_dir_remove(*state);
    return 0;
}

const char *unit_path(const char *dir, const char *name)
{
    static char paths[4][1024];
    static size_t next;
    char *path = paths[next++ % ARRAY_LEN(paths)];
    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

void unit_write_file(const char *path, struct str content)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.p, content.len), content.len);
    close(fd);
}

char *unit_read_file(const char *path)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    char *text = malloc((size_t)st.st_size + 1);
    assert_non_null(text);
    assert_int_equal(read(fd, text, (size_t)st.st_size), st.st_size);
    text[st.st_size] = '\0';
    close(fd);
    return text;
}

size_t unit_count_files(const char *dir)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* xorshift64*: short, and good enough to shake code with. */
uint64_t unit_random(struct unit_random *r)
{
    if (r->x == 0)
        r->x = 88172645463325252u;
    r->x ^= r->x >> 12;
    r->x ^= r->x << 25;
    r->x ^= r->x >> 27;
    return r->x * 2685821657736338717u;
}

size_t unit_random_below(struct unit_random *r, size_t n)
{
    return (size_t)(unit_random(r) >> 16) % n;
}

void assert_str(struct str got, const char *want)
{
    if (!str_is(got, want))
        fail_msg("got '%.*s', want '%s'", STR_FMT(got), want);
}
