/* SPDX-License-Identifier: MIT */
/*
 * test_inputs_spool.c - uploads on disk: what is kept, what is not, and in which order it becomes
 * durable.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/ids.h"
#include "inputs/spool.h"
#include "support/unit.h"

struct world {
    char *dir;
    struct spool *spool;
};

static int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->dir = unit_dir_make();
    MUST(spool_open(w->dir, &w->spool, must));
    *state = w;
    return 0;
}

static int world_teardown(void **state)
{
    struct world *w = *state;
    spool_close(w->spool);
    unit_dir_remove(w->dir);
    free(w);
    return 0;
}

/* A finished upload of these bytes; its name stays valid. */
static struct str put(struct world *w, struct str bytes, char name[SPOOL_NAME_LEN + 1])
{
    struct upload *u = NULL;
    MUST(upload_begin(w->spool, &u, must));
    MUST(upload_write(u, bytes.p, bytes.len, must));
    MUST(upload_finish(u, must));
    memcpy(name, upload_name(u).p, SPOOL_NAME_LEN);
    name[SPOOL_NAME_LEN] = '\0';
    upload_close(u);
    return (struct str){ name, SPOOL_NAME_LEN };
}

static void spool_gives_back_what_was_uploaded(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1], out[64];
    const struct str text = STR("Code,Value\nA\0,1\n");
    const struct str in_name = put(w, text, name);
    struct input *in = NULL;
    size_t got;
    MUST(input_open(w->spool, in_name, &in, must));
    for (size_t at = 0; at <= text.len; at++) {
        for (size_t n = 0; n <= text.len - at + 3; n++) {
            const size_t want = n < text.len - at ? n : text.len - at;
            MUST(input_read(in, (int64_t)at, out, n, &got, must));
            assert_int_equal(got, want);
            assert_memory_equal(out, text.p + at, want);
        }
    }
    input_close(in);
    assert_int_equal(spool_bytes(w->spool), text.len);
}

static void upload_can_be_read_before_it_is_finished(void **state)
{
    struct world *w = *state;
    struct upload *u = NULL;
    char out[16];
    size_t got;
    MUST(upload_begin(w->spool, &u, must));
    MUST(upload_write(u, "abc", 3, must));
    MUST(upload_write(u, "def", 3, must));
    MUST(upload_write(u, NULL, 0, must));
    assert_int_equal(upload_bytes(u), 6);
    MUST(upload_read(u, 1, out, sizeof(out), &got, must));
    assert_int_equal(got, 5);
    assert_memory_equal(out, "bcdef", 5);
    upload_abort(u);
    assert_int_equal(unit_count_files(w->dir), 0);
}

static void upload_larger_than_a_write_out_step_is_whole(void **state)
{
    struct world *w = *state;
    enum { PART = 3 * 1000 * 1000, PARTS = 7 };
    struct upload *u = NULL;
    char *part = malloc(PART), *back = malloc(PART);
    size_t got;
    MUST(upload_begin(w->spool, &u, must));
    for (int i = 0; i < PARTS; i++) {
        memset(part, 'a' + i, PART);
        MUST(upload_write(u, part, PART, must));
    }
    MUST(upload_finish(u, must));
    MUST(upload_read(u, (int64_t)PART * (PARTS - 1), back, PART, &got, must));
    assert_int_equal(got, PART);
    assert_memory_equal(back, part, PART);
    assert_int_equal(spool_bytes(w->spool), (int64_t)PART * PARTS);
    upload_close(u);
    free(part);
    free(back);
}

static void upload_aborted_leaves_nothing_finished_or_not(void **state)
{
    struct world *w = *state;
    for (int finish = 0; finish < 2; finish++) {
        struct upload *u = NULL;
        MUST(upload_begin(w->spool, &u, must));
        MUST(upload_write(u, "x", 1, must));
        if (finish)
            MUST(upload_finish(u, must));
        assert_int_equal(unit_count_files(w->dir), 1);
        upload_abort(u);
        assert_int_equal(unit_count_files(w->dir), 0);
    }
    upload_abort(NULL);
}

static void input_that_is_not_there_is_not_found(void **state)
{
    struct world *w = *state;
    static const char *const names[] = { "", "short", "0123456789abcdefghijABCD",
                                         "../../../../etc/passwdXY", "0123456789abcdefghijABCDE" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct input *in = NULL;
        struct err err = { 0 };
        assert_int_equal(input_open(w->spool, str_of(names[i]), &in, &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_null(in);
    }
    input_close(NULL);
}

static void input_is_removed_once_and_read_on_by_who_has_it_open(void **state)
{
    struct world *w = *state;
    struct input *in = NULL;
    struct err err = { 0 };
    char name[SPOOL_NAME_LEN + 1], got[4];
    size_t n;
    const struct str input = put(w, STR("kept"), name);
    MUST(input_open(w->spool, input, &in, must));
    MUST(input_remove(w->spool, input, must));
    assert_int_equal(spool_bytes(w->spool), 0);
    MUST(input_read(in, 0, got, sizeof(got), &n, must));
    assert_memory_equal(got, "kept", 4);
    input_close(in);
    assert_int_equal(input_open(w->spool, input, &in, &err), -1);
    MUST(input_remove(w->spool, input, must)); /* somebody else was faster */
    static const char *const strange[] = { "", "short", "../../../../etc/passwdXY",
                                           "0123456789abcdefghijABCDE" };
    for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
        assert_int_equal(input_remove(w->spool, str_of(strange[i]), &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
    }
}

static void upload_that_is_not_finished_is_no_input(void **state)
{
    struct world *w = *state;
    struct upload *u = NULL;
    struct input *in = NULL;
    struct err err = { 0 };
    MUST(upload_begin(w->spool, &u, must));
    assert_int_equal(input_open(w->spool, upload_name(u), &in, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    upload_abort(u);
}

static void sweep_keeps_inputs_of_actions_and_strangers_files(void **state)
{
    struct world *w = *state;
    char kept[SPOOL_NAME_LEN + 1], lost[SPOOL_NAME_LEN + 1];
    const struct str names[] = { STR("0123456789abcdefghijABCD"), put(w, STR("kept"), kept) };
    struct upload *u = NULL;
    put(w, STR("lost"), lost);
    MUST(upload_begin(w->spool, &u, must));
    upload_close(u); /* as a crash leaves it */
    unit_write_file(unit_path(w->dir, "README"), STR("not ours"));
    unit_write_file(unit_path(w->dir, "short.in"), STR("not ours"));
    assert_int_equal(spool_sweep(w->spool, names, ARRAY_LEN(names)), 2);
    assert_int_equal(unit_count_files(w->dir), 3);
    assert_int_equal(spool_bytes(w->spool), 4);
    assert_int_equal(spool_sweep(w->spool, NULL, 0), 1);
}

static void spool_directory_is_made_for_its_owner_alone(void **state)
{
    struct world *w = *state;
    struct stat st;
    struct spool *s = NULL;
    struct err err = { 0 };
    const char *path = unit_path(w->dir, "new");
    MUST(spool_open(path, &s, must));
    spool_close(s);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(spool_open(unit_path(w->dir, "no/such/parent"), &s, &err), -1);
    assert_non_null(strstr(err.msg, "cannot make the spool"));
    spool_close(NULL);
}

/* ---- through struct io_ops ---- */

static char calls[256]; /* one letter a call */
static const struct io_ops *real;
static int fails; /* letter of the call that fails */

static int note(char letter)
{
    const size_t len = strlen(calls);
    if (len + 1 < sizeof(calls)) {
        calls[len] = letter;
        calls[len + 1] = '\0';
    }
    errno = EIO;
    return fails == letter ? -1 : 0;
}

/* Three bytes at a time, with an interruption before each: both are allowed to write(2). */
static ssize_t slow_write(int fd, const void *data, size_t n, const char *path)
{
    static bool interrupted;
    interrupted = !interrupted;
    if (interrupted) {
        errno = EINTR;
        return -1;
    }
    return note('w') < 0 ? -1 : real->write(fd, data, n < 3 ? n : 3, path);
}

static int noted_fsync(int fd, const char *path)
{
    return note('s') < 0 ? -1 : real->fsync(fd, path);
}

static int noted_rename(const char *from, const char *to)
{
    return note('r') < 0 ? -1 : real->rename(from, to);
}

static int noted_fsync_dir(int fd, const char *path)
{
    return note('d') < 0 ? -1 : real->fsync_dir(fd, path);
}

static int noted_unlink(const char *path)
{
    note('u');
    return real->unlink(path);
}

static const struct io_ops noted = { slow_write, noted_fsync, noted_rename, noted_fsync_dir,
                                     noted_unlink };

static void take_notes(int failing)
{
    real = io_ops;
    io_ops = &noted;
    calls[0] = '\0';
    fails = failing;
}

static void upload_is_durable_in_this_order(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1];
    struct input *in = NULL;
    char out[16];
    size_t got;
    take_notes(0);
    const struct str in_name = put(w, STR("0123456"), name);
    io_ops = real;
    assert_string_equal(calls, "wwwsrd");
    MUST(input_open(w->spool, in_name, &in, must));
    MUST(input_read(in, 0, out, sizeof(out), &got, must));
    assert_int_equal(got, 7);
    assert_memory_equal(out, "0123456", 7);
    input_close(in);
}

static void upload_whose_step_fails_leaves_nothing(void **state)
{
    struct world *w = *state;
    for (const char *step = "wsrd"; *step != '\0'; step++) {
        struct upload *u = NULL;
        struct err err = { 0 };
        take_notes(*step);
        MUST(upload_begin(w->spool, &u, must));
        const int rc = upload_write(u, "abc", 3, &err) < 0 ? -1 : upload_finish(u, &err);
        upload_abort(u);
        io_ops = real;
        assert_int_equal(rc, -1);
        assert_int_equal(err.code, ERR_IO);
        assert_int_equal(unit_count_files(w->dir), 0);
    }
}

/* ---- the nth failure ---- */

static int upload_all(struct world *w, struct upload **u, struct err *err)
{
    *u = NULL;
    if (upload_begin(w->spool, u, err) < 0 || upload_write(*u, "Code\n", 5, err) < 0 ||
        upload_write(*u, "A\n", 2, err) < 0)
        return -1;
    return upload_finish(*u, err);
}

static void upload_with_any_failure_is_refused_and_leaves_nothing(void **state)
{
    struct world *w = *state;
    static const struct {
        enum fault_kind kind;
        enum err_code code;
    } cases[] = { { FAULT_ALLOC, ERR_NOMEM },
                  { FAULT_WRITE, ERR_DISK_FULL },
                  { FAULT_FSYNC, ERR_IO } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t nth, fired = 1;
        for (nth = 1; fired; nth++) {
            struct upload *u;
            struct err err = { 0 };
            fault_arm(cases[i].kind, nth, false);
            const int rc = upload_all(w, &u, &err);
            fired = fault_disarm();
            assert_int_equal(rc, fired ? -1 : 0);
            assert_int_equal(err.code, fired ? cases[i].code : ERR_OK);
            upload_abort(u);
            assert_int_equal(unit_count_files(w->dir), 0);
        }
        assert_true(nth > 2); /* it has gone off at least once */
    }
}

static void spool_and_input_out_of_memory_are_errors(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1];
    const struct str in_name = put(w, STR("x"), name);
    for (size_t nth = 1, fired = 1; fired; nth++) {
        struct spool *s = NULL;
        struct input *in = NULL;
        struct err err = { 0 };
        fault_arm(FAULT_ALLOC, nth, false);
        const int rc = spool_open(w->dir, &s, &err) < 0 ? -1 : input_open(s, in_name, &in, &err);
        fired = fault_disarm();
        assert_int_equal(rc, fired ? -1 : 0);
        input_close(in);
        spool_close(s);
    }
}

static void spool_belongs_to_one_store_and_one_process(void **state)
{
    struct world *w = *state;
    unsigned char ours[ID_HASH_BYTES], theirs[ID_HASH_BYTES];
    struct spool *other = NULL;
    struct err err = { 0 };
    memset(ours, 1, sizeof(ours));
    memset(theirs, 2, sizeof(theirs));
    MUST(spool_claim(w->spool, ours, must));
    MUST(spool_open(w->dir, &other, must));
    assert_int_equal(spool_claim(other, ours, &err), -1); /* while the first is open */
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(strstr(err.msg, "another longshore process uses the spool"));
    spool_close(w->spool);
    spool_close(other);
    MUST(spool_open(w->dir, &w->spool, must));
    assert_int_equal(spool_claim(w->spool, theirs, &err), -1);
    assert_non_null(strstr(err.msg, "belongs to another database"));
    spool_close(w->spool);
    MUST(spool_open(w->dir, &w->spool, must));
    MUST(spool_claim(w->spool, ours, must));
    assert_int_equal(spool_sweep(w->spool, NULL, 0), 0); /* the owner's name is no upload */
}

static void spool_is_taken_over_from_the_owner_that_was(void **state)
{
    struct world *w = *state;
    unsigned char old[ID_HASH_BYTES], new[ID_HASH_BYTES], other[ID_HASH_BYTES];
    struct err err = { 0 };
    memset(old, 1, sizeof(old));
    memset(new, 2, sizeof(new));
    memset(other, 3, sizeof(other));
    MUST(spool_claim(w->spool, old, must));
    spool_close(w->spool);
    MUST(spool_open(w->dir, &w->spool, must));
    assert_int_equal(spool_take_over(w->spool, new, other, &err), -1);
    assert_non_null(strstr(err.msg, "belongs to another database"));
    for (int again = 0; again < 2; again++) {
        spool_close(w->spool);
        MUST(spool_open(w->dir, &w->spool, must));
        MUST(spool_take_over(w->spool, new, old, must));
    }
    spool_close(w->spool);
    MUST(spool_open(w->dir, &w->spool, must));
    MUST(spool_claim(w->spool, new, must));
}

/* ---- inputs from elsewhere ---- */

#define NAME "0123456789abcdefghijABCD"

/* So many bytes; -1 where one of them is asked for that is broken. */
struct elsewhere {
    int64_t bytes, broken_at;
};

static int read_elsewhere(void *arg, int64_t at, void *out, size_t n, size_t *got, struct err *err)
{
    const struct elsewhere *e = arg;
    const int64_t left = e->bytes - at;
    *got = (int64_t)n < left ? n : (size_t)left;
    for (size_t i = 0; i < *got; i++)
        ((char *)out)[i] = (char)((at + (int64_t)i) % 251);
    return e->broken_at >= at && e->broken_at < at + (int64_t)n ? err_set(err, ERR_IO, "broken")
                                                                : 0;
}

static void input_from_elsewhere_has_its_name_and_is_whole(void **state)
{
    struct world *w = *state;
    const int64_t sizes[] = { 0, 1, 1048575, 1048576, 1048577, 3 * 1048576 };
    unit_write_file(unit_path(w->dir, NAME ".part"), STR("left of an earlier try"));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct elsewhere e = { .bytes = sizes[i], .broken_at = -1 };
        struct input *in = NULL;
        unsigned char last[2];
        size_t got;
        MUST(spool_put(w->spool, STR(NAME), read_elsewhere, &e, must));
        assert_int_equal(spool_bytes(w->spool), sizes[i]);
        MUST(input_open(w->spool, STR(NAME), &in, must));
        MUST(input_read(in, sizes[i] > 0 ? sizes[i] - 1 : 0, last, sizeof(last), &got, must));
        assert_int_equal(got, sizes[i] > 0);
        if (got > 0)
            assert_int_equal(last[0], (sizes[i] - 1) % 251);
        input_close(in);
    }
    assert_int_equal(unit_count_files(w->dir), 1);
}

static void input_that_cannot_be_fetched_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct elsewhere e = { .bytes = 3 * 1048576, .broken_at = 2000000 };
    struct err err = { 0 };
    assert_int_equal(spool_put(w->spool, STR(NAME), read_elsewhere, &e, &err), -1);
    assert_string_equal(err.msg, "broken");
    assert_int_equal(spool_put(w->spool, STR("../x"), read_elsewhere, &e, &err), -1);
    e.broken_at = -1;
    for (enum fault_kind kind = FAULT_ALLOC; kind <= FAULT_FSYNC; kind++) {
        fault_arm(kind, 1, false);
        assert_int_equal(spool_put(w->spool, STR(NAME), read_elsewhere, &e, &err), -1);
        assert_int_equal(fault_disarm(), 1);
        assert_int_equal(unit_count_files(w->dir), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(spool_gives_back_what_was_uploaded),
        TEST(spool_belongs_to_one_store_and_one_process),
        TEST(spool_is_taken_over_from_the_owner_that_was),
        TEST(input_from_elsewhere_has_its_name_and_is_whole),
        TEST(input_that_cannot_be_fetched_leaves_nothing),
        TEST(upload_can_be_read_before_it_is_finished),
        TEST(upload_larger_than_a_write_out_step_is_whole),
        TEST(upload_aborted_leaves_nothing_finished_or_not),
        TEST(input_that_is_not_there_is_not_found),
        TEST(input_is_removed_once_and_read_on_by_who_has_it_open),
        TEST(upload_that_is_not_finished_is_no_input),
        TEST(sweep_keeps_inputs_of_actions_and_strangers_files),
        TEST(spool_directory_is_made_for_its_owner_alone),
        TEST(upload_is_durable_in_this_order),
        TEST(upload_whose_step_fails_leaves_nothing),
        TEST(upload_with_any_failure_is_refused_and_leaves_nothing),
        TEST(spool_and_input_out_of_memory_are_errors),
    };
    return cmocka_run_group_tests_name("inputs/spool", tests, NULL, NULL);
}
