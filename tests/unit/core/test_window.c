/* Windows by the wall clock: every minute of a week. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "window.h"

enum { MON = 1, TUE = 2, WED = 4, THU = 8, FRI = 16, SAT = 32, SUN = 64, ALL = 127 };

static int open_minutes(const struct windows_policy *windows)
{
    int open = 0;
    for (int day = 0; day < DAYS_A_WEEK; day++)
        for (int minute = 0; minute < MINUTES_A_DAY; minute++)
            open += windows_are_open(windows, (struct wall_clock){day, minute});
    return open;
}

static void no_windows_are_always_open(void **state)
{
    (void)state;
    const struct windows_policy none = {0};
    assert_int_equal(open_minutes(&none), DAYS_A_WEEK * MINUTES_A_DAY);
}

static void a_window_has_its_hours_on_its_days(void **state)
{
    (void)state;
    const struct windows_policy work = {.windows = {{MON | FRI, 9 * 60, 17 * 60 + 30}}, .count = 1};
    assert_int_equal(open_minutes(&work), 2 * 510);
    assert_false(windows_are_open(&work, (struct wall_clock){0, 539}));
    assert_true(windows_are_open(&work, (struct wall_clock){0, 540}));
    assert_true(windows_are_open(&work, (struct wall_clock){4, 1049}));
    assert_false(windows_are_open(&work, (struct wall_clock){4, 1050}));
    assert_false(windows_are_open(&work, (struct wall_clock){2, 600}));
}

static void a_night_belongs_to_the_day_it_begins(void **state)
{
    (void)state;
    const struct windows_policy night = {.windows = {{SUN, 22 * 60, 5 * 60}}, .count = 1};
    assert_int_equal(open_minutes(&night), 7 * 60);
    assert_true(windows_are_open(&night, (struct wall_clock){6, 1320}));
    assert_true(windows_are_open(&night, (struct wall_clock){0, 299})); /* Monday, early */
    assert_false(windows_are_open(&night, (struct wall_clock){0, 300}));
    assert_false(windows_are_open(&night, (struct wall_clock){6, 100})); /* Sunday, early */
}

static void a_day_may_be_whole(void **state)
{
    (void)state;
    const struct windows_policy day = {.windows = {{SAT, 0, MINUTES_A_DAY}}, .count = 1};
    assert_int_equal(open_minutes(&day), MINUTES_A_DAY);
    const struct windows_policy until_midnight = {.windows = {{SAT, 1380, 0}}, .count = 1};
    assert_int_equal(open_minutes(&until_midnight), 60);
}

static void several_windows_add_up(void **state)
{
    (void)state;
    const struct windows_policy two = {.windows = {{ALL, 60, 120}, {MON, 100, 200}}, .count = 2};
    assert_int_equal(open_minutes(&two), 7 * 60 + 80);
}

/* Walks on minute by minute: what windows_next says is the first minute that is open. */
static void the_next_window_is_the_first_to_open(void **state)
{
    (void)state;
    static const struct windows_policy all[] = {
        {.windows = {{MON | FRI, 540, 1050}}, .count = 1},
        {.windows = {{SUN, 1320, 300}}, .count = 1},
        {.windows = {{WED, 0, 1}, {SAT, 1439, 0}}, .count = 2},
        {.windows = {{ALL, 120, 180}, {TUE, 600, 30}}, .count = 2},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (int start = 0; start < DAYS_A_WEEK * MINUTES_A_DAY; start++) {
            struct wall_clock now = {start / MINUTES_A_DAY, start % MINUTES_A_DAY};
            if (windows_are_open(&all[i], now))
                continue;
            int at = start;
            do
                at = (at + 1) % (DAYS_A_WEEK * MINUTES_A_DAY);
            while (!windows_are_open(&all[i], (struct wall_clock){at / MINUTES_A_DAY, at % MINUTES_A_DAY}));
            struct wall_clock next = windows_next(&all[i], now);
            assert_int_equal(next.day * MINUTES_A_DAY + next.minute, at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_windows_are_always_open),
        cmocka_unit_test(a_window_has_its_hours_on_its_days),
        cmocka_unit_test(a_night_belongs_to_the_day_it_begins),
        cmocka_unit_test(a_day_may_be_whole),
        cmocka_unit_test(several_windows_add_up),
        cmocka_unit_test(the_next_window_is_the_first_to_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
