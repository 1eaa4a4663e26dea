/* How long the ticker rests: in proportion to what its looks take, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rest.h"

static void a_look_rests_ten_times_its_time_within_bounds(void **state)
{
    (void)state;
    assert_int_equal(rest_after_look(0), 10);
    assert_int_equal(rest_after_look(1), 10);
    assert_int_equal(rest_after_look(2), 20);
    assert_int_equal(rest_after_look(5), 50);
    assert_int_equal(rest_after_look(6), 50);
    assert_int_equal(rest_after_look(1LL << 40), 50);
}

/* The time that has passed since the beginning counts. */
static void a_quick_sweep_begins_again_after_the_configured_time(void **state)
{
    (void)state;
    assert_int_equal(rest_next_sweep(1000, 1000, 500, false), 1500);
    assert_int_equal(rest_next_sweep(1000, 1045, 500, false), 1500);
    assert_int_equal(rest_next_sweep(1000, 1004, 10, false), 1044);
}

static void a_slow_sweep_rests_ten_times_its_time(void **state)
{
    (void)state;
    assert_int_equal(rest_next_sweep(1000, 1046, 500, false), 1046 + 460);
    assert_int_equal(rest_next_sweep(1000, 1051, 500, false), 1051 + 510);
    assert_int_equal(rest_next_sweep(1000, 1200, 500, false), 1200 + 2000);
}

/* Deadlines are read in a sweep: however long one took, the next one comes. */
static void it_never_rests_more_than_the_bound(void **state)
{
    (void)state;
    assert_int_equal(rest_next_sweep(1000, 1201, 500, false), 1201 + 2000);
    assert_int_equal(rest_next_sweep(1000, 61000, 500, false), 61000 + 2000);
    assert_int_equal(rest_next_sweep(0, 1LL << 40, 10, false), (1LL << 40) + 2000);
}

static void with_more_to_do_it_rests_less(void **state)
{
    (void)state;
    assert_int_equal(rest_next_sweep(1000, 1000, 500, true), 1200);
    assert_int_equal(rest_next_sweep(1000, 1000, 60000, true), 1200);
    assert_int_equal(rest_next_sweep(1000, 1000, 100, true), 1100);
    assert_int_equal(rest_next_sweep(1000, 1030, 500, true), 1030 + 300);
    assert_int_equal(rest_next_sweep(1000, 1200, 500, true), 1200 + 500);
    assert_int_equal(rest_next_sweep(1000, 61000, 500, true), 61000 + 500);
}

/* Who configures long rests has them: the bound is of what a slow sweep adds. */
static void a_configured_rest_beyond_the_bound_stays(void **state)
{
    (void)state;
    assert_int_equal(rest_next_sweep(1000, 1300, 60000, false), 61000);
}

/* Else it would follow upon itself. */
static void a_sweep_that_outlasts_the_configured_rest_has_its_own(void **state)
{
    (void)state;
    assert_int_equal(rest_next_sweep(1000, 10000, 3000, false), 10000 + 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_rests_ten_times_its_time_within_bounds),
        cmocka_unit_test(a_quick_sweep_begins_again_after_the_configured_time),
        cmocka_unit_test(a_slow_sweep_rests_ten_times_its_time),
        cmocka_unit_test(it_never_rests_more_than_the_bound),
        cmocka_unit_test(with_more_to_do_it_rests_less),
        cmocka_unit_test(a_configured_rest_beyond_the_bound_stays),
        cmocka_unit_test(a_sweep_that_outlasts_the_configured_rest_has_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
