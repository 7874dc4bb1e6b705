/* SPDX-License-Identifier: MIT */
/* test_client_progress.c - the live line fits its terminal at any width; the plain one says it all.
 */
#include "client/progress.h"
#include "support/unit.h"

static const struct progress_view half = {
    .doing = "running", .percent = 50, .done = 1234567, .per_second = 250000, .seconds_left = 5
};

static void assert_live(const struct progress_view *v, size_t columns, bool color, const char *want)
{
    struct buf b;
    buf_init(&b, KIB);
    progress_put_live(&b, v, columns, color);
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

static void assert_plain(const struct progress_view *v, const char *want)
{
    struct buf b;
    buf_init(&b, KIB);
    progress_put_plain(&b, v);
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

static void the_live_line_leaves_out_what_does_not_fit(void **state)
{
    (void)state;
    assert_live(&half, 79, false,
                "running   50 % [######.......]  1,234,567 rows  250,000 rows/s  5 s left");
    assert_live(&half, 60, false, "running   50 % [#####.....]  1,234,567 rows  250,000 rows/s");
    assert_live(&half, 50, false, "running   50 % [####....]  1,234,567 rows");
    assert_live(&half, 47, false, "running   50 %  1,234,567 rows  250,000 rows/s");
    assert_live(&half, 20, false, "running   50 %");
    assert_live(&half, 8, false, "running");
    assert_live(&half, 3, false, "run");
    assert_live(&half, 0, false, "");
}

static void no_width_is_too_small_or_too_large(void **state)
{
    (void)state;
    for (size_t columns = 0; columns < 500; columns++) {
        for (int64_t percent = -1; percent <= 101; percent += 17) {
            struct buf b;
            struct progress_view v = half;
            v.percent = percent;
            buf_init(&b, KIB);
            progress_put_live(&b, &v, columns, false);
            assert_true(b.len <= columns);
            assert_false(b.failed);
            buf_release(&b);
        }
    }
}

static void what_is_not_known_is_not_shown(void **state)
{
    const struct progress_view nothing = { .doing = "waiting for its turn",
                                           .percent = -1,
                                           .done = -1,
                                           .per_second = -1,
                                           .seconds_left = -1 };
    const struct progress_view pipe = { .doing = "uploading",
                                        .percent = -1,
                                        .done = 1500000,
                                        .per_second = 500000,
                                        .seconds_left = -1,
                                        .bytes = true };
    (void)state;
    assert_live(&nothing, 79, false, "waiting for its turn");
    assert_live(&pipe, 79, false, "uploading  1.5 MB  500.0 kB/s");
}

static void the_bar_is_empty_at_0_and_full_at_100(void **state)
{
    struct progress_view v = { .doing = "x", .done = -1, .per_second = -1, .seconds_left = -1 };
    (void)state;
    assert_live(&v, 60, false, "x    0 % [..........]");
    v.percent = 9;
    assert_live(&v, 60, false, "x    9 % [..........]");
    v.percent = 99;
    assert_live(&v, 60, false, "x   99 % [#########.]");
    v.percent = 100;
    assert_live(&v, 60, false, "x  100 % [##########]");
    assert_live(&v, 60, true, "x  100 % [\033[32m##########\033[0m]");
}

static void a_plain_line_has_every_figure_that_is_known(void **state)
{
    struct progress_view v = half;
    (void)state;
    assert_plain(&v, "running: 50 %, 1,234,567 rows, 250,000 rows/s, 5 s left");
    v.per_second = v.seconds_left = -1;
    v.done = 1;
    assert_plain(&v, "running: 50 %, 1 row");
    v.done = -1;
    assert_plain(&v, "running: 50 %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_live_line_leaves_out_what_does_not_fit),
        cmocka_unit_test(no_width_is_too_small_or_too_large),
        cmocka_unit_test(what_is_not_known_is_not_shown),
        cmocka_unit_test(the_bar_is_empty_at_0_and_full_at_100),
        cmocka_unit_test(a_plain_line_has_every_figure_that_is_known),
    };
    return cmocka_run_group_tests_name("client/progress", tests, NULL, NULL);
}
