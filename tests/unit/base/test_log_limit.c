#include "log_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct log_limit limit;

static int start_anew(void **state)
{
    (void)state;
    limit = (struct log_limit){0};
    return 0;
}

/* How many of `lines` are written. */
static int written(const char *event, const char *key, int lines, int64_t minute)
{
    int count = 0;
    int64_t suppressed;
    for (int i = 0; i < lines; i++)
        count += log_limit_pass(&limit, event, key, minute, &suppressed);
    return count;
}

static void a_key_has_ten_lines_a_minute(void **state)
{
    (void)state;
    int64_t suppressed = -1;
    assert_int_equal(written("rejected", "lamp-1", 100, 7), LOG_LIMIT_KEY);
    assert_int_equal(written("rejected", "lamp-2", 100, 7), LOG_LIMIT_KEY);
    assert_int_equal(written("left_out", "lamp-1", 100, 7), LOG_LIMIT_KEY);
    assert_true(log_limit_pass(&limit, "rejected", "lamp-1", 8, &suppressed));
    assert_int_equal(suppressed, 100 - LOG_LIMIT_KEY); /* since the first line of lamp-2 */
    assert_int_equal(written("rejected", "lamp-1", 100, 8), LOG_LIMIT_KEY - 1);
}

static void the_next_line_says_how_many_were_suppressed_once(void **state)
{
    (void)state;
    int64_t suppressed = -1;
    written("rejected", "lamp-1", LOG_LIMIT_KEY + 3, 7);
    assert_true(log_limit_pass(&limit, "left_out", "lamp-2", 7, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_true(log_limit_pass(&limit, "rejected", "lamp-2", 7, &suppressed));
    assert_int_equal(suppressed, 3);
    assert_true(log_limit_pass(&limit, "rejected", "lamp-2", 7, &suppressed));
    assert_int_equal(suppressed, 0);
}

static void an_event_has_three_hundred_lines_a_minute_over_all_keys(void **state)
{
    (void)state;
    for (int64_t minute = 7; minute < 9; minute++) {
        int count = 0;
        for (int device = 0; device < 5000; device++) {
            char key[32];
            snprintf(key, sizeof key, "lamp-%d", device);
            count += written("rejected", key, 2, minute);
        }
        assert_int_equal(count, LOG_LIMIT_EVENT);
    }
    assert_int_equal(written("left_out", "lamp-1", 1, 8), 1);
}

/* Devices that say little do not let one that says much begin anew. */
static void other_keys_do_not_lift_the_limit_of_a_loud_one(void **state)
{
    (void)state;
    int loud = written("rejected", "loud", 100, 7);
    for (int device = 0; device < LOG_LIMIT_EVENT / 2; device++) {
        char key[32];
        snprintf(key, sizeof key, "lamp-%d", device);
        written("rejected", key, 1, 7);
        loud += written("rejected", "loud", 1, 7);
    }
    assert_int_equal(loud, LOG_LIMIT_KEY);
}

static void more_events_than_fit_share_a_limit(void **state)
{
    (void)state;
    static char names[3 * LOG_LIMIT_EVENTS][16];
    int count = 0;
    for (int i = 0; i < 3 * LOG_LIMIT_EVENTS; i++) {
        snprintf(names[i], sizeof names[i], "event-%d", i);
        count += written(names[i], "lamp-1", 100, 7);
    }
    assert_int_equal(count, LOG_LIMIT_EVENTS * LOG_LIMIT_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_key_has_ten_lines_a_minute, start_anew),
        cmocka_unit_test_setup(the_next_line_says_how_many_were_suppressed_once, start_anew),
        cmocka_unit_test_setup(an_event_has_three_hundred_lines_a_minute_over_all_keys, start_anew),
        cmocka_unit_test_setup(other_keys_do_not_lift_the_limit_of_a_loud_one, start_anew),
        cmocka_unit_test_setup(more_events_than_fit_share_a_limit, start_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
