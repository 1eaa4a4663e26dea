#include "device_rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Of a device's number: 64 bits, evenly spread. */
static uint64_t hash(uint64_t device)
{
    device = (device + 1) * 0x9E3779B97F4A7C15u;
    device = (device ^ device >> 32) * 0xD6E8FEB86659FD93u;
    return device ^ device >> 32;
}

static void a_device_alone_is_counted_exactly_and_anew_each_minute(void **state)
{
    (void)state;
    struct device_rate *rate = device_rate_create();
    for (int64_t minute = 0; minute < 3; minute++) {
        for (uint32_t i = 1; i <= 1000; i++)
            assert_int_equal(device_rate_count(rate, hash(7), minute), i);
    }
    device_rate_destroy(rate);
}

static void no_count_is_too_high_however_large_the_fleet(void **state)
{
    (void)state;
    enum { FLEET = 300000, REPORTS = 3 };
    struct device_rate *rate = device_rate_create();
    for (uint32_t i = 1; i <= REPORTS; i++) {
        for (uint64_t device = 0; device < FLEET; device++)
            assert_true(device_rate_count(rate, hash(device), 5) <= i);
    }
    device_rate_destroy(rate);
}

/* A bucket gets about 50 reports of the fleet, and the count is low by a fifth of those. */
static void a_device_that_floods_is_found_in_a_large_fleet(void **state)
{
    (void)state;
    enum { FLEET = 200000, FLOOD = 200, LOW_BY = 60 };
    struct device_rate *rate = device_rate_create();
    uint32_t count = 0;
    for (uint64_t device = 0; device < FLEET; device++) {
        device_rate_count(rate, hash(device), 5);
        if (device % (FLEET / FLOOD) == 0)
            count = device_rate_count(rate, hash(FLEET), 5);
    }
    assert_in_range(count, FLOOD - LOW_BY, FLOOD);
    device_rate_destroy(rate);
}

/* Of one bucket: all have the same low bits. */
static void devices_that_flood_at_once_do_not_hide_one_another(void **state)
{
    (void)state;
    enum { FLOODS = 4, REPORTS = 1000 };
    struct device_rate *rate = device_rate_create();
    for (uint32_t i = 1; i <= REPORTS; i++) {
        for (uint64_t flood = 0; flood < FLOODS; flood++)
            assert_int_equal(device_rate_count(rate, flood << 32, 5), i);
    }
    for (uint64_t other = 0; other < REPORTS / 2; other++)
        assert_int_equal(device_rate_count(rate, (FLOODS + other) << 32, 5), 0);
    assert_int_equal(device_rate_count(rate, 0, 5), REPORTS / 2 + 1);
    device_rate_destroy(rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_alone_is_counted_exactly_and_anew_each_minute),
        cmocka_unit_test(no_count_is_too_high_however_large_the_fleet),
        cmocka_unit_test(a_device_that_floods_is_found_in_a_large_fleet),
        cmocka_unit_test(devices_that_flood_at_once_do_not_hide_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
