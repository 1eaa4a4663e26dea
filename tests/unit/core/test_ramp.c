/* The rate is exact over every window of 60 seconds, whatever the ticks do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ramp.h"

enum { SECONDS = 600, TICKS_MAX = 200000 };

static double offered_at[TICKS_MAX];
static int64_t offered[TICKS_MAX];

/* Lets every allowance out, at irregular ticks; returns the most seen in any window [t, t + 60). */
static int64_t most_in_a_minute(int64_t per_minute, unsigned seed, int64_t *total)
{
    struct ramp ramp = {0};
    double now = 1000000;
    int ticks = 0;
    srand(seed);
    *total = 0;
    while (now < 1000000 + SECONDS && ticks < TICKS_MAX) {
        int64_t allowed = ramp_allowance(&ramp, per_minute, now, 1000000);
        ramp_take(&ramp, per_minute, allowed);
        offered_at[ticks] = now;
        offered[ticks++] = allowed;
        *total += allowed;
        now += (double)(rand() % 1000) / 1000 * ((rand() % 50) == 0 ? 90 : 0.4);
    }
    int64_t most = 0;
    for (int i = 0; i < ticks; i++) {
        int64_t sum = 0;
        for (int j = i; j < ticks && offered_at[j] < offered_at[i] + 60; j++)
            sum += offered[j];
        most = sum > most ? sum : most;
    }
    return most;
}

static void no_window_exceeds_the_rate(void **state)
{
    (void)state;
    static const int64_t rates[] = {1, 2, 3, 59, 60, 61, 119, 120, 121, 240, 600, 999, 6000, 100000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (unsigned seed = 1; seed <= 5; seed++) {
            int64_t total;
            assert_true(most_in_a_minute(rates[i], seed, &total) <= rates[i]);
            assert_true(total > 0);
        }
    }
}

static void steady_ticks_use_nearly_all_of_it(void **state)
{
    (void)state;
    static const int64_t rates[] = {1, 60, 600, 6000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct ramp ramp = {0};
        int64_t total = 0;
        for (int tick = 0; tick < 6000; tick++) { /* ten minutes of ticks of 0.1 s */
            int64_t allowed = ramp_allowance(&ramp, rates[i], 5000 + tick * 0.1, 1000000);
            ramp_take(&ramp, rates[i], allowed);
            total += allowed;
        }
        assert_true(total >= rates[i] * 10 * 98 / 100);
    }
}

static void no_limit_and_nothing_wanted(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    assert_int_equal(ramp_allowance(&ramp, 0, 100, 12345), 12345);
    assert_int_equal(ramp_allowance(&ramp, 60, 100, 0), 0);
    assert_int_equal(ramp_allowance(&ramp, 60, 100, -5), 0);
}

static void a_clock_that_steps_back_refills_nothing(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    assert_int_equal(ramp_allowance(&ramp, 60, 1000, 10), 1);
    ramp_take(&ramp, 60, 1);
    assert_int_equal(ramp_allowance(&ramp, 60, 500, 10), 0);
    assert_int_equal(ramp_allowance(&ramp, 60, 1000.5, 10), 0);
    assert_int_equal(ramp_allowance(&ramp, 60, 1001.01, 10), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_exceeds_the_rate),
        cmocka_unit_test(steady_ticks_use_nearly_all_of_it),
        cmocka_unit_test(no_limit_and_nothing_wanted),
        cmocka_unit_test(a_clock_that_steps_back_refills_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
