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

static void the_rate_grows_with_success_to_its_ceiling(void **state)
{
    (void)state;
    const struct rate_policy rate = {
        .per_minute = 10, .growth_factor = 2, .growth_every = 50, .ceiling_per_minute = 100};
    static const int64_t expected[][2] = {{0, 10},   {49, 10},  {50, 20},   {99, 20},   {100, 40},
                                          {150, 80}, {199, 80}, {200, 100}, {250, 100}, {1000000000, 100}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(ramp_per_minute(&rate, expected[i][0]), expected[i][1]);
    const struct rate_policy constant = {.per_minute = 7, .growth_factor = 1}, none = {.growth_factor = 1};
    assert_int_equal(ramp_per_minute(&constant, 1000000), 7);
    assert_int_equal(ramp_per_minute(&none, 1000000), 0);
    /* 1.1^7 = 1.9487171 */
    const struct rate_policy slow = {
        .per_minute = 1000, .growth_factor = 1.1, .growth_every = 1, .ceiling_per_minute = 5000};
    assert_int_equal(ramp_per_minute(&slow, 7), 1948);
}

/* While the rate grows, no window holds more than the rate at its end allows. */
static void no_window_exceeds_a_growing_rate(void **state)
{
    (void)state;
    const struct rate_policy rate = {
        .per_minute = 60, .growth_factor = 1.7, .growth_every = 25, .ceiling_per_minute = 3000};
    for (unsigned seed = 1; seed <= 20; seed++) {
        static int64_t rate_at[TICKS_MAX];
        struct ramp ramp = {0};
        double now = 1000000;
        int64_t confirmed = 0;
        int ticks = 0;
        srand(seed);
        for (; now < 1000000 + SECONDS && ticks < TICKS_MAX; ticks++) {
            rate_at[ticks] = ramp_per_minute(&rate, confirmed);
            offered_at[ticks] = now;
            offered[ticks] = ramp_allowance(&ramp, rate_at[ticks], now, 1000000);
            ramp_take(&ramp, rate_at[ticks], offered[ticks]);
            confirmed += offered[ticks] * (rand() % 3) / 2;
            now += (double)(rand() % 1000) / 1000 * 0.8;
        }
        assert_int_equal(rate_at[ticks - 1], 3000);
        for (int i = 0; i < ticks; i++) {
            int64_t sum = 0, allowed = 0;
            for (int j = i; j < ticks && offered_at[j] < offered_at[i] + 60; j++) {
                sum += offered[j];
                allowed = rate_at[j];
            }
            assert_true(sum <= allowed);
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

/* The step itself refills nothing; else the offers would stand still until it shows again what it has shown.
 */
static void a_clock_that_was_set_back_does_not_stop_the_offers(void **state)
{
    (void)state;
    struct ramp ramp = {0};
    assert_int_equal(ramp_allowance(&ramp, 60, 10000, 5), 1);
    ramp_take(&ramp, 60, 1);
    assert_int_equal(ramp_allowance(&ramp, 60, 6400, 5), 0);
    assert_int_equal(ramp_allowance(&ramp, 60, 6402, 5), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_exceeds_the_rate),
        cmocka_unit_test(the_rate_grows_with_success_to_its_ceiling),
        cmocka_unit_test(no_window_exceeds_a_growing_rate),
        cmocka_unit_test(steady_ticks_use_nearly_all_of_it),
        cmocka_unit_test(no_limit_and_nothing_wanted),
        cmocka_unit_test(a_clock_that_was_set_back_does_not_stop_the_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
