/* SPDX-License-Identifier: MIT */
/*
 * test_inputs_handover.c - uploads for a store that keeps inputs itself: given to it while they
 * arrive, and read from their own file as long as that is there.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "inputs/recent.h"
#include "inputs/spool.h"
#include "support/unit.h"

#define LARGE     ((size_t)(6 * MIB + 12345))
#define INPUTS    (RECENT_FILES + 4)
#define PIECE     (96 * KIB)
#define STALL_US  400000
#define PUT_BYTES (256 * KIB)

/* A store in memory. */
struct keeper {
    pthread_mutex_t lock;
    struct kept {
        char name[SPOOL_NAME_LEN + 1];
        char *bytes;
        size_t len;
    } inputs[INPUTS];
    int puts, given_up, reads, removes;
    int64_t fails_at; /* the first put(), behind so many bytes; 0: it does not */
};

struct world {
    char *dir, *bytes;
    struct spool *spool;
    struct keeper keeper;
};

static struct kept *find_kept(struct keeper *k, struct str name)
{
    for (size_t i = 0; i < INPUTS; i++) {
        if (memcmp(k->inputs[i].name, name.p, SPOOL_NAME_LEN) == 0)
            return &k->inputs[i];
    }
    return NULL;
}

static struct kept *find_free(struct keeper *k)
{
    for (size_t i = 0; i < INPUTS; i++) {
        if (k->inputs[i].bytes == NULL)
            return &k->inputs[i];
    }
    return NULL;
}

static int take_all(struct keeper *k, struct kept *in, input_reader *read_back, void *arg,
                    bool fails, struct err *err)
{
    size_t got = PUT_BYTES;
    while (got > 0) {
        in->bytes = realloc(in->bytes, in->len + PUT_BYTES);
        if (read_back(arg, (int64_t)in->len, in->bytes + in->len, PUT_BYTES, &got, err) < 0)
            return -1;
        in->len += got;
        if (fails && (int64_t)in->len > k->fails_at)
            return err_set(err, ERR_STORE, "broken on purpose");
    }
    return 0;
}

static int keeper_put(void *ctx, struct str name, input_reader *read_back, void *arg,
                      struct err *err)
{
    struct keeper *k = ctx;
    struct kept in = { 0 };
    pthread_mutex_lock(&k->lock);
    const bool fails = k->puts++ == 0 && k->fails_at > 0;
    pthread_mutex_unlock(&k->lock);
    memcpy(in.name, name.p, SPOOL_NAME_LEN);
    const int rc = take_all(k, &in, read_back, arg, fails, err);
    pthread_mutex_lock(&k->lock);
    if (rc == 0) {
        struct kept *free_one = find_free(k);
        assert_non_null(free_one);
        *free_one = in;
    } else {
        k->given_up++;
        free(in.bytes);
    }
    pthread_mutex_unlock(&k->lock);
    return rc;
}

static int keeper_find(void *ctx, struct str name, bool *found, struct err *err)
{
    (void)err;
    *found = find_kept(ctx, name) != NULL;
    return 0;
}

static int keeper_read(void *ctx, struct str name, int64_t at, void *out, size_t n, size_t *got,
                       struct err *err)
{
    struct keeper *k = ctx;
    const struct kept *in = find_kept(k, name);
    (void)err;
    assert_non_null(in);
    k->reads++;
    const size_t left = (size_t)at < in->len ? in->len - (size_t)at : 0;
    *got = n < left ? n : left;
    if (*got > 0)
        memcpy(out, in->bytes + at, *got);
    return 0;
}

static int keeper_remove(void *ctx, struct str name, struct err *err)
{
    struct keeper *k = ctx;
    struct kept *in = find_kept(k, name);
    (void)err;
    k->removes++;
    if (in != NULL) {
        free(in->bytes);
        *in = (struct kept){ 0 };
    }
    return 0;
}

static int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    w->dir = unit_dir_make();
    w->bytes = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        w->bytes[i] = (char)(i * 2654435761u >> 13);
    pthread_mutex_init(&w->keeper.lock, NULL);
    MUST(spool_open(w->dir, &w->spool, must));
    const struct input_ops ops = { .put = keeper_put,
                                   .find = keeper_find,
                                   .read = keeper_read,
                                   .remove = keeper_remove,
                                   .ctx = &w->keeper };
    spool_keep_in(w->spool, &ops);
    *state = w;
    return 0;
}

static int world_teardown(void **state)
{
    struct world *w = *state;
    spool_close(w->spool);
    for (size_t i = 0; i < INPUTS; i++)
        free(w->keeper.inputs[i].bytes);
    unit_dir_remove(w->dir);
    free(w->bytes);
    free(w);
    return 0;
}

/* ---- uploads ---- */

static struct upload *begin(struct world *w)
{
    struct upload *u = NULL;
    MUST(upload_begin(w->spool, &u, must));
    return u;
}

static void send(struct world *w, struct upload *u, size_t from, size_t to)
{
    for (size_t at = from; at < to; at += PIECE)
        MUST(upload_write(u, w->bytes + at, to - at < PIECE ? to - at : PIECE, must));
}

static void finish(struct upload *u, char name[SPOOL_NAME_LEN + 1])
{
    MUST(upload_finish(u, must));
    snprintf(name, SPOOL_NAME_LEN + 1, "%.*s", STR_FMT(upload_name(u)));
    upload_close(u);
}

/* The input is the first n bytes; *reads: how often the store was asked for some. */
static void assert_input(struct world *w, const char *name, size_t n, int *reads)
{
    struct input *in = NULL;
    char *back = malloc(n + 1);
    size_t len = 0, got = 1;
    const int before = w->keeper.reads;
    MUST(input_open(w->spool, str_of(name), &in, must));
    for (; got > 0; len += got)
        MUST(input_read(in, (int64_t)len, back + len, n + 1 - len < MIB ? n + 1 - len : MIB, &got,
                        must));
    input_close(in);
    assert_int_equal(len, n);
    assert_memory_equal(back, w->bytes, n);
    free(back);
    *reads = w->keeper.reads - before;
}

static int puts_begun(struct world *w)
{
    pthread_mutex_lock(&w->keeper.lock);
    const int puts = w->keeper.puts;
    pthread_mutex_unlock(&w->keeper.lock);
    return puts;
}

static void large_upload_is_put_once_and_read_from_its_file(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1];
    int reads, tries = 0;
    do { /* a machine that stands still for a moment is a sender that stalls */
        w->keeper.puts = w->keeper.given_up = 0;
        struct upload *u = begin(w);
        send(w, u, 0, LARGE);
        finish(u, name);
    } while (w->keeper.given_up > 0 && ++tries < 3);
    assert_int_equal(w->keeper.puts, 1);
    assert_memory_equal(find_kept(&w->keeper, str_of(name))->bytes, w->bytes, LARGE);
    assert_int_equal(unit_count_files(w->dir), 0);
    assert_input(w, name, LARGE, &reads);
    assert_int_equal(reads, 0);
    assert_input(w, name, LARGE, &reads); /* its end has been read: the file is gone */
    assert_true(reads > 0);
}

/* What has come is taken before the rest is there. */
static void large_upload_is_put_while_it_arrives(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1];
    struct upload *u = begin(w);
    send(w, u, 0, 2 * MIB);
    for (int i = 0; i < 200 && puts_begun(w) == 0; i++)
        usleep(1000);
    assert_int_equal(puts_begun(w), 1);
    send(w, u, 2 * MIB, LARGE);
    finish(u, name);
    assert_int_equal(find_kept(&w->keeper, str_of(name))->len, LARGE);
}

static void sender_that_stalls_is_put_when_all_is_there(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1];
    int reads;
    struct upload *u = begin(w);
    send(w, u, 0, 2 * MIB);
    usleep(STALL_US);
    send(w, u, 2 * MIB, LARGE);
    finish(u, name);
    assert_int_equal(w->keeper.puts, 2);
    assert_int_equal(w->keeper.given_up, 1);
    assert_input(w, name, LARGE, &reads);
    assert_memory_equal(find_kept(&w->keeper, str_of(name))->bytes, w->bytes, LARGE);
}

static void store_that_fails_meanwhile_is_asked_again(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1];
    int reads;
    w->keeper.fails_at = MIB;
    struct upload *u = begin(w);
    send(w, u, 0, LARGE);
    finish(u, name);
    assert_int_equal(w->keeper.puts, 2);
    assert_input(w, name, LARGE, &reads);
}

static void upload_that_is_broken_off_leaves_nothing(void **state)
{
    struct world *w = *state;
    for (size_t bytes = MIB / 2; bytes <= 4 * MIB; bytes *= 2) {
        struct upload *u = begin(w);
        send(w, u, 0, bytes);
        upload_abort(u);
    }
    struct upload *u = begin(w);
    send(w, u, 0, LARGE);
    MUST(upload_finish(u, must));
    upload_abort(u);       /* its action could not be stored */
    spool_close(w->spool); /* waits for what was broken off */
    w->spool = NULL;
    for (size_t i = 0; i < INPUTS; i++)
        assert_null(w->keeper.inputs[i].bytes);
    assert_int_equal(unit_count_files(w->dir), 0);
}

static void one_upload_at_a_time_is_handed_over(void **state)
{
    struct world *w = *state;
    char name[2][SPOOL_NAME_LEN + 1];
    int reads;
    struct upload *u[2] = { begin(w), begin(w) };
    for (size_t at = 0; at < LARGE; at += PIECE) {
        for (int i = 0; i < 2; i++)
            send(w, u[i], at, at + PIECE < LARGE ? at + PIECE : LARGE);
    }
    assert_true(puts_begun(w) <= 1);
    finish(u[1], name[1]);
    finish(u[0], name[0]);
    for (int i = 0; i < 2; i++)
        assert_input(w, name[i], LARGE, &reads);
}

static void small_upload_is_read_from_the_store(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1];
    int reads;
    struct upload *u = begin(w);
    send(w, u, 0, 1000);
    assert_int_equal(w->keeper.puts, 0);
    finish(u, name);
    assert_input(w, name, 1000, &reads);
    assert_true(reads > 0);
}

static void only_the_last_files_are_kept(void **state)
{
    struct world *w = *state;
    char names[RECENT_FILES + 1][SPOOL_NAME_LEN + 1];
    int reads;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct upload *u = begin(w);
        send(w, u, 0, MIB + i);
        finish(u, names[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_input(w, names[i], MIB + i, &reads);
        assert_int_equal(reads > 0, i == 0);
    }
}

static void input_that_is_removed_is_gone(void **state)
{
    struct world *w = *state;
    char name[SPOOL_NAME_LEN + 1];
    struct input *in = NULL;
    struct err err;
    struct upload *u = begin(w);
    send(w, u, 0, LARGE);
    finish(u, name);
    MUST(input_remove(w->spool, str_of(name), must));
    assert_int_equal(input_open(w->spool, str_of(name), &in, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(large_upload_is_put_once_and_read_from_its_file),
        TEST(large_upload_is_put_while_it_arrives),
        TEST(sender_that_stalls_is_put_when_all_is_there),
        TEST(store_that_fails_meanwhile_is_asked_again),
        TEST(upload_that_is_broken_off_leaves_nothing),
        TEST(one_upload_at_a_time_is_handed_over),
        TEST(small_upload_is_read_from_the_store),
        TEST(only_the_last_files_are_kept),
        TEST(input_that_is_removed_is_gone),
    };
    return cmocka_run_group_tests_name("inputs/handover", tests, NULL, NULL);
}
