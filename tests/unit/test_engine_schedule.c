/* SPDX-License-Identifier: MIT */
/* test_engine_schedule.c - whose turn it is, with runs that do nothing but take time. */
#include "base/fault.h"
#include "support/unit_engine.h"

enum { RUNS = 16 };

/* An engine without threads. Runs are added with a project; each turn costs `cost_us`. */
struct world {
    struct engine e;
    struct run runs[RUNS];
    int64_t cost_us[RUNS];
    int64_t turns[RUNS];
    size_t n;
};

static struct queue *queue_of(struct world *w, int64_t project)
{
    const struct queue_id id = { .project_id = project, .queue = QUEUE_VOUCHERS };
    struct err err = { 0 };
    struct queue *q = queue_get(&w->e, &id, &err);
    assert_non_null(q);
    if (q->n_runs == 0) /* as when an action is told */
        MUST(schedule_admit_queue(&w->e, q, must));
    return q;
}

static struct run *add_run(struct world *w, int64_t project, int64_t cost_us)
{
    struct run *run = &w->runs[w->n];
    w->cost_us[w->n++] = cost_us;
    run->ac.project_id = project;
    run->ac.seq = (int64_t)w->n;
    queue_append(&w->e, queue_of(w, project), run);
    return run;
}

static void remove_run(struct run *run)
{
    struct run **link = &run->queue->runs;
    while (*link != run)
        link = &(*link)->next;
    *link = run->next;
    run->queue->n_runs--;
}

static struct run *take_turn(struct world *w)
{
    struct turn turn;
    int64_t wait_us;
    if (!schedule_pick(&w->e, 0, &turn, &wait_us))
        return NULL;
    assert_non_null(turn.run);
    schedule_charge(&w->e, &turn, w->cost_us[turn.run - w->runs]);
    w->turns[turn.run - w->runs]++;
    return turn.run;
}

static void take_turns(struct world *w, size_t n)
{
    while (n-- > 0)
        assert_non_null(take_turn(w));
}

static int64_t spent(const struct world *w, int64_t project)
{
    for (size_t i = 0; i < w->e.n_projects; i++) {
        if (w->e.projects[i].project_id == project)
            return w->e.projects[i].spent_us;
    }
    return -1;
}

static void drop(struct world *w)
{
    while (w->e.queues != NULL) {
        struct queue *next = w->e.queues->next;
        mem_free(w->e.queues);
        w->e.queues = next;
    }
    mem_free(w->e.projects);
}

static void nobody_has_a_turn_when_there_is_nothing_to_do(void **state)
{
    (void)state;
    struct world w = { 0 };
    assert_null(take_turn(&w));
    struct run *read = add_run(&w, 1, 10), *dropped = add_run(&w, 1, 10);
    read->read_to_end = true;
    dropped->dropped = true;
    assert_null(take_turn(&w));
    drop(&w);
}

static void actions_of_a_project_take_turns(void **state)
{
    (void)state;
    struct world w = { 0 };
    for (int i = 0; i < 4; i++)
        add_run(&w, 1, 10);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 4; i++)
            assert_ptr_equal(take_turn(&w), &w.runs[i]);
    }
    drop(&w);
}

static void small_import_behind_a_huge_one_waits_for_one_turn_at_most(void **state)
{
    (void)state;
    struct world w = { 0 };
    add_run(&w, 1, 100000);
    take_turns(&w, 1000);
    struct run *late = add_run(&w, 1, 10);
    take_turns(&w, 2);
    assert_int_equal(w.turns[late - w.runs], 1);
    drop(&w);
}

static void newcomers_do_not_starve_those_who_were_there(void **state)
{
    (void)state;
    struct world w = { 0 };
    add_run(&w, 1, 1000);
    take_turns(&w, 100);
    struct run *late = add_run(&w, 1, 1000);
    take_turns(&w, 20);
    assert_int_equal(w.turns[0], 110); /* the first has gone on, not waited for the other's 100 */
    assert_int_equal(w.turns[late - w.runs], 10);
    drop(&w);
}

/* Ten actions of one project have no more of the time than the one of the other. */
static void projects_share_the_time_however_many_actions_they_have(void **state)
{
    (void)state;
    struct world w = { 0 };
    for (int i = 0; i < 10; i++)
        add_run(&w, 1, 300);
    add_run(&w, 2, 500);
    take_turns(&w, 1000);
    const int64_t difference = spent(&w, 1) - spent(&w, 2);
    assert_true(difference >= -500 && difference <= 500);
    for (int i = 1; i < 10; i++)
        assert_in_range(w.turns[i] - w.turns[0] + 1, 0, 2);
    drop(&w);
}

static void project_that_comes_late_starts_level(void **state)
{
    (void)state;
    struct world w = { 0 };
    add_run(&w, 1, 100);
    add_run(&w, 2, 100);
    take_turns(&w, 1000);
    struct run *late = add_run(&w, 3, 100);
    take_turns(&w, 30);
    assert_int_equal(w.turns[late - w.runs], 10);
    assert_int_equal(w.turns[0] + w.turns[1], 1020);
    drop(&w);
}

static void expensive_turns_come_less_often(void **state)
{
    (void)state;
    struct world w = { 0 };
    add_run(&w, 1, 100);
    add_run(&w, 1, 300);
    add_run(&w, 2, 100);
    take_turns(&w, 800);
    assert_in_range(w.turns[2], 478, 482); /* half of the time, the other project's is shared */
    assert_in_range(w.turns[0], 238, 242);
    assert_in_range(w.turns[1], 78, 82);
    drop(&w);
}

static void what_a_project_had_before_it_was_idle_does_not_count(void **state)
{
    (void)state;
    struct world w = { 0 };
    struct run *a = add_run(&w, 1, 100);
    take_turns(&w, 1000);
    remove_run(a);
    add_run(&w, 2, 100);
    take_turns(&w, 10);
    const struct run *again = add_run(&w, 1, 100);
    take_turns(&w, 20);
    assert_int_equal(w.turns[again - w.runs], 10);
    assert_int_equal(w.turns[1], 20);
    drop(&w);
}

/* ---- turns of a queue itself ---- */

static struct queue *add_queue(struct world *w, int64_t project, enum discipline discipline)
{
    const struct queue_id id = { project, QUEUE_VOUCHERS, discipline };
    struct err err = { 0 };
    struct queue *q = queue_get(&w->e, &id, &err);
    assert_non_null(q);
    MUST(schedule_admit_queue(&w->e, q, must));
    q->more = true;
    return q;
}

static struct queue *pick_queue(struct world *w)
{
    struct turn turn;
    int64_t wait_us;
    return schedule_pick(&w->e, 0, &turn, &wait_us) && turn.run == NULL ? turn.queue : NULL;
}

static void waiting_actions_are_looked_for_before_others_go_on(void **state)
{
    (void)state;
    struct world w = { 0 };
    add_run(&w, 1, 100);
    struct queue *q = add_queue(&w, 1, DISCIPLINE_SHARED);
    assert_ptr_equal(pick_queue(&w), q);
    q->more = false;
    assert_null(pick_queue(&w));
    q->more = true;
    q->n_runs = QUEUE_RUNS_MAX; /* enough of it is in memory */
    assert_null(pick_queue(&w));
    drop(&w);
}

static void ordered_queue_waits_while_it_is_blocked_or_runs_a_large_action(void **state)
{
    (void)state;
    struct world w = { 0 };
    struct queue *q = add_queue(&w, 1, DISCIPLINE_ORDERED);
    assert_ptr_equal(pick_queue(&w), q);
    q->blocked = true;
    assert_null(pick_queue(&w));
    queue_unblock(&w.e, 2, QUEUE_VOUCHERS); /* another project's */
    assert_null(pick_queue(&w));
    queue_unblock(&w.e, 1, QUEUE_CUSTOMERS); /* another kind of resource */
    assert_null(pick_queue(&w));
    queue_unblock(&w.e, 1, QUEUE_VOUCHERS);
    assert_ptr_equal(pick_queue(&w), q);
    q->in_flight = CHUNK_SLOTS;
    assert_null(pick_queue(&w));
    q->in_flight = 0;
    q->n_runs = 1;
    assert_null(pick_queue(&w));
    drop(&w);
}

static void batches_share_the_time_with_runs_of_their_project(void **state)
{
    (void)state;
    struct world w = { 0 };
    struct turn turn;
    int64_t wait_us;
    struct run *run = add_run(&w, 1, 100);
    struct queue *q = add_queue(&w, 1, DISCIPLINE_ORDERED);
    size_t batches = 0;
    for (int i = 0; i < 100; i++) {
        assert_true(schedule_pick(&w.e, 0, &turn, &wait_us));
        batches += turn.run == NULL;
        schedule_charge(&w.e, &turn, 100);
    }
    assert_in_range(batches, 49, 51);
    assert_true(q->spent_us > 0 && run->spent_us > 0);
    drop(&w);
}

static void pause_between_batches_is_waited_for(void **state)
{
    (void)state;
    struct world w = { 0 };
    struct turn turn;
    int64_t wait_us;
    struct queue *q = add_queue(&w, 1, DISCIPLINE_ORDERED);
    struct queue *other = add_queue(&w, 2, DISCIPLINE_ORDERED);
    q->not_before_us = 1500;
    other->not_before_us = 1200;
    assert_false(schedule_pick(&w.e, 1000, &turn, &wait_us));
    assert_int_equal(wait_us, 200);
    assert_true(schedule_pick(&w.e, 1200, &turn, &wait_us));
    assert_ptr_equal(turn.queue, other);
    drop(&w);
}

static void single_queue_has_one_action_in_memory(void **state)
{
    (void)state;
    struct world w = { 0 };
    struct queue *q = add_queue(&w, 1, DISCIPLINE_SINGLE);
    assert_ptr_equal(pick_queue(&w), q);
    q->n_runs = 1;
    assert_null(pick_queue(&w));
    drop(&w);
}

static void projects_of_any_number_are_remembered(void **state)
{
    (void)state;
    struct world w = { 0 };
    for (int i = 0; i < RUNS; i++)
        add_run(&w, 100 + i, 10);
    take_turns(&w, (size_t)RUNS * 7);
    for (int i = 0; i < RUNS; i++)
        assert_int_equal(w.turns[i], 7);
    drop(&w);
}

static void admission_out_of_memory_is_an_error(void **state)
{
    (void)state;
    struct world w = { 0 };
    struct err err = { 0 };
    fault_arm(FAULT_ALLOC, 1, false);
    struct queue q = { .id = { .project_id = 1, .queue = QUEUE_VOUCHERS } };
    assert_int_equal(schedule_admit_queue(&w.e, &q, &err), -1);
    assert_int_equal(fault_disarm(), 1);
    assert_int_equal(err.code, ERR_NOMEM);
    assert_int_equal(w.e.n_projects, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_has_a_turn_when_there_is_nothing_to_do),
        cmocka_unit_test(actions_of_a_project_take_turns),
        cmocka_unit_test(small_import_behind_a_huge_one_waits_for_one_turn_at_most),
        cmocka_unit_test(newcomers_do_not_starve_those_who_were_there),
        cmocka_unit_test(projects_share_the_time_however_many_actions_they_have),
        cmocka_unit_test(project_that_comes_late_starts_level),
        cmocka_unit_test(expensive_turns_come_less_often),
        cmocka_unit_test(what_a_project_had_before_it_was_idle_does_not_count),
        cmocka_unit_test(waiting_actions_are_looked_for_before_others_go_on),
        cmocka_unit_test(ordered_queue_waits_while_it_is_blocked_or_runs_a_large_action),
        cmocka_unit_test(batches_share_the_time_with_runs_of_their_project),
        cmocka_unit_test(pause_between_batches_is_waited_for),
        cmocka_unit_test(single_queue_has_one_action_in_memory),
        cmocka_unit_test(projects_of_any_number_are_remembered),
        cmocka_unit_test(admission_out_of_memory_is_an_error),
    };
    return cmocka_run_group_tests_name("engine/schedule", tests, NULL, NULL);
}
