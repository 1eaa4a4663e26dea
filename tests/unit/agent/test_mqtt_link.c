/* The back-off of devices that lose their broker: it starts small, grows, has an end, and is spread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mqtt_link.h"

#define ALLOWED_LAST 60000u /* milliseconds: docs/protocol.md, Sessions */

static void it_grows_to_its_last_and_never_past_60_seconds(void **state)
{
    static const uint32_t firsts[] = {0, 1, 300, 1000, MQTT_BACK_OFF_LAST - 1, MQTT_BACK_OFF_LAST};

    (void)state;
    for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
        uint32_t delay = firsts[i];
        for (int attempt = 0; attempt < 40; attempt++) {
            uint32_t before = delay;
            uint32_t wait = mqtt_link_back_off(&delay, UINT32_MAX - (uint32_t)attempt * 7919);
            assert_in_range(wait, before / 2, before);
            assert_true(wait <= ALLOWED_LAST);
            assert_true(delay > before || delay == MQTT_BACK_OFF_LAST);
        }
        assert_int_equal(delay, MQTT_BACK_OFF_LAST);
    }
}

static void devices_that_wait_equally_long_are_spread(void **state)
{
    unsigned in_half[2] = {0, 0};

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t delay = 1000;
        uint32_t wait = mqtt_link_back_off(&delay, i * 2654435761u);
        in_half[wait >= 750]++;
    }
    assert_true(in_half[0] > 400 && in_half[1] > 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_to_its_last_and_never_past_60_seconds),
        cmocka_unit_test(devices_that_wait_equally_long_are_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
