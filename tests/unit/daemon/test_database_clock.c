/* The database's clock by readings that took a while. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "database_clock.h"

enum { SECOND = 1000, HOUR = 3600 * SECOND };
static const int64_t NOON = 1796126400000; /* Unix milliseconds */

static int64_t read_at(const struct database_clock *clock, int64_t at)
{
    int64_t now;
    assert_true(database_clock_read(clock, at, &now));
    return now;
}

static void nothing_is_known_before_the_first_reading(void **state)
{
    (void)state;
    struct database_clock clock = {0};
    int64_t now;
    assert_false(database_clock_read(&clock, 5 * SECOND, &now));
    database_clock_note(&clock, NOON * 1000, 5 * SECOND, 5 * SECOND);
    assert_int_equal(read_at(&clock, 5 * SECOND), NOON);
    assert_int_equal(read_at(&clock, 5 * SECOND + HOUR), NOON + HOUR); /* it goes on while nobody reads it */
}

/* The statement has waited before or after it read the clock: nobody knows where. */
static void the_first_reading_is_wrong_by_half_its_time_at_most(void **state)
{
    (void)state;
    struct database_clock clock = {0};
    database_clock_note(&clock, NOON * 1000, 5 * SECOND, 7 * SECOND);
    assert_int_equal(read_at(&clock, 6 * SECOND), NOON);
}

static void a_slow_answer_does_not_spoil_what_is_known(void **state)
{
    (void)state;
    struct database_clock clock = {0};
    database_clock_note(&clock, NOON * 1000, 5 * SECOND, 5 * SECOND);
    database_clock_note(&clock, (NOON + SECOND) * 1000, 6 * SECOND, 18 * SECOND);
    database_clock_note(&clock, (NOON + 33 * SECOND) * 1000, 26 * SECOND, 38 * SECOND);
    assert_int_equal(read_at(&clock, 40 * SECOND), NOON + 35 * SECOND);
}

static void a_quick_answer_mends_a_slow_one(void **state)
{
    (void)state;
    struct database_clock clock = {0};
    database_clock_note(&clock, NOON * 1000, 5 * SECOND, 17 * SECOND); /* read at once: 6 s wrong */
    database_clock_note(&clock, (NOON + 13 * SECOND) * 1000, 18 * SECOND - 2, 18 * SECOND + 2);
    assert_in_range(read_at(&clock, 18 * SECOND), NOON + 13 * SECOND - 2, NOON + 13 * SECOND + 2);
}

/* Somebody sets it, or another server has taken the database's place. */
static void a_step_is_followed_at_the_next_reading(void **state)
{
    (void)state;
    struct database_clock clock = {0};
    database_clock_note(&clock, NOON * 1000, 5 * SECOND, 5 * SECOND);
    database_clock_note(&clock, (NOON + 3 * HOUR) * 1000, 6 * SECOND, 6 * SECOND + 4);
    assert_in_range(read_at(&clock, 6 * SECOND + 4), NOON + 3 * HOUR, NOON + 3 * HOUR + 4);
    database_clock_note(&clock, (NOON - 3 * HOUR) * 1000, 7 * SECOND, 7 * SECOND + 4);
    assert_in_range(read_at(&clock, 7 * SECOND + 4), NOON - 3 * HOUR, NOON - 3 * HOUR + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_before_the_first_reading),
        cmocka_unit_test(the_first_reading_is_wrong_by_half_its_time_at_most),
        cmocka_unit_test(a_slow_answer_does_not_spoil_what_is_known),
        cmocka_unit_test(a_quick_answer_mends_a_slow_one),
        cmocka_unit_test(a_step_is_followed_at_the_next_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
