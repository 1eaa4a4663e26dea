/* Windows by the wall clock: every minute of a week, and of the days around changes of the clock. */
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

/* --- the next window, where clocks are changed ------------------------------------------------------- */

/* Of a zone around one change of its clocks, at `change`. */
struct zone {
    const char *name;
    int64_t change; /* Unix seconds */
    int before, after;
};

static const struct zone utc = {"UTC", 1800000000, 0, 0};
static const struct zone berlin_spring = {"Europe/Berlin", 1806195600, 3600,
                                          7200}; /* 2027-03-28 02:00 to 03:00 */
static const struct zone berlin_autumn = {"Europe/Berlin", 1824944400, 7200,
                                          3600};                             /* 2027-10-31 03:00 to 02:00 */
static const struct zone apia = {"Pacific/Apia", 1325239200, -36000, 50400}; /* no 2011-12-30 */
static const struct zone howe_autumn = {"Australia/Lord_Howe", 1806764400, 39600,
                                        37800}; /* 2027-04-04 02:00 to 01:30 */
static const struct zone howe_spring = {"Australia/Lord_Howe", 1822491000, 37800,
                                        39600}; /* 2027-10-03 02:00 to 02:30 */

static int offset_at(const struct zone *zone, int64_t moment)
{
    return moment < zone->change ? zone->before : zone->after;
}

static bool is_open_at(const struct windows_policy *windows, const struct zone *zone, int64_t moment)
{
    return windows_are_open(windows, wall_clock_at(moment, offset_at(zone, moment)));
}

/* As the caller knows the zone at `now`. */
static bool next_at(const struct windows_policy *windows, const struct zone *zone, int64_t now, int64_t until,
                    int64_t *opens)
{
    const struct zone_offset offsets[] = {{now, offset_at(zone, now)}, {zone->change, zone->after}};
    return windows_next(windows, offsets, now < zone->change && zone->change < until ? 2 : 1, until, opens);
}

static void a_wall_clock_shows_the_day_of_its_zone(void **state)
{
    (void)state;
    struct wall_clock shown = wall_clock_at(0, 0); /* a Thursday */
    assert_true(shown.day == 3 && shown.minute == 0);
    shown = wall_clock_at(berlin_spring.change - 1, 3600); /* Sunday 01:59:59 */
    assert_true(shown.day == 6 && shown.minute == 119);
    shown = wall_clock_at(apia.change - 1, apia.before);
    assert_true(shown.day == 3 && shown.minute == 1439);
    shown = wall_clock_at(apia.change, apia.after);
    assert_true(shown.day == 5 && shown.minute == 0);
}

static void what_falls_into_a_change_is_not_promised(void **state)
{
    (void)state;
    enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
    const struct {
        const struct zone *zone;
        struct window window;
        int64_t now, opens; /* from the change */
    } cases[] = {
        /* 02:10 to 02:50 does not exist: the day after, 02:10 in summer */
        {&berlin_spring, {ALL, 130, 170}, -30 * MINUTE, DAY - HOUR + 10 * MINUTE},
        /* once a week: the Sunday after */
        {&berlin_spring, {SUN, 130, 170}, -30 * MINUTE, 7 * DAY - HOUR + 10 * MINUTE},
        {&berlin_spring, {SUN, 130, 170}, -6 * DAY, 7 * DAY - HOUR + 10 * MINUTE},
        /* 01:30 to 02:30 comes, shortened */
        {&berlin_spring, {ALL, 90, 150}, -40 * MINUTE, -30 * MINUTE},
        {&berlin_spring, {ALL, 90, 150}, 0, DAY - 90 * MINUTE},
        /* so does 02:10 to 03:10, from 03:00 on */
        {&berlin_spring, {ALL, 130, 190}, -30 * MINUTE, 0},
        {&berlin_spring, {ALL, 130, 190}, 10 * MINUTE, DAY - HOUR + 10 * MINUTE},
        /* 02:10 to 02:50 comes twice */
        {&berlin_autumn, {ALL, 130, 170}, -HOUR, -50 * MINUTE},
        {&berlin_autumn, {ALL, 130, 170}, -10 * MINUTE, 10 * MINUTE},
        {&berlin_autumn, {ALL, 130, 170}, 50 * MINUTE, DAY + 10 * MINUTE},
        /* 01:30 to 02:30: open again when the clock is put back */
        {&berlin_autumn, {ALL, 90, 150}, -30 * MINUTE, 0},
        /* Friday is left out in Apia: the next one; its night ends on Saturday, Thursday's at midnight */
        {&apia, {FRI, 540, 600}, -HOUR, 6 * DAY + 9 * HOUR},
        {&apia, {FRI, 1320, 300}, -HOUR, 0},
        {&apia, {THU, 1320, 300}, 0, 5 * DAY + 22 * HOUR},
        {&apia, {ALL, 540, 600}, -HOUR, 9 * HOUR},
        /* half an hour */
        {&howe_spring, {ALL, 125, 145}, -10 * MINUTE, DAY - 30 * MINUTE + 5 * MINUTE},
        {&howe_spring, {ALL, 110, 140}, -30 * MINUTE, -10 * MINUTE},
        {&howe_autumn, {ALL, 95, 100}, -20 * MINUTE, 5 * MINUTE},
        /* nothing changes */
        {&utc, {ALL, 0, 1440}, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct windows_policy windows = {.windows = {cases[i].window}, .count = 1};
        int64_t change = cases[i].zone->change, opens = 0;
        assert_true(next_at(&windows, cases[i].zone, change + cases[i].now, change + 15 * DAY, &opens));
        if (opens - change != cases[i].opens)
            fail_msg("case %zu, %s: %lld minutes after the change, not %lld", i, cases[i].zone->name,
                     (long long)(opens - change) / 60, (long long)cases[i].opens / 60);
    }
}

static void a_window_that_does_not_come_in_time_is_not_found(void **state)
{
    (void)state;
    const struct windows_policy windows = {.windows = {{SUN, 130, 170}}, .count = 1};
    int64_t opens, now = berlin_spring.change - 1800, comes = berlin_spring.change + 7 * 86400 - 3000;
    assert_false(next_at(&windows, &berlin_spring, now, comes, &opens));
    assert_true(next_at(&windows, &berlin_spring, now, comes + 1, &opens));
}

/* Walks back minute by minute through the 16 days around each change: what windows_next says is the first
 * moment that is open. */
static void the_next_window_is_the_first_to_open(void **state)
{
    (void)state;
    static const struct windows_policy all[] = {
        {.windows = {{MON | FRI, 540, 1050}}, .count = 1},
        {.windows = {{SUN, 1320, 300}}, .count = 1},
        {.windows = {{WED, 0, 1}, {SAT, 1439, 0}}, .count = 2},
        {.windows = {{ALL, 120, 180}, {TUE, 600, 30}}, .count = 2},
        {.windows = {{SUN, 130, 170}, {SUN, 95, 140}}, .count = 2},
        {.windows = {{FRI, 1320, 60}}, .count = 1},
    };
    const struct zone *const zones[] = {&utc,  &berlin_spring, &berlin_autumn,
                                        &apia, &howe_autumn,   &howe_spring};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
            int64_t until = zones[z]->change + 8 * 86400, first = until, opens = 0;
            for (int64_t now = until - 60; now >= zones[z]->change - 8 * 86400; now -= 60) {
                int seconds = (int)(now / 60 % 60); /* in the middle of a minute nothing changes */
                if (is_open_at(&all[i], zones[z], now))
                    first = now;
                bool found = next_at(&all[i], zones[z], now, until, &opens);
                assert_int_equal(found, first < until);
                if (found)
                    assert_int_equal(opens, first);
                if (found && first > now) {
                    assert_true(next_at(&all[i], zones[z], now + seconds, until, &opens));
                    assert_int_equal(opens, first);
                }
            }
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
        cmocka_unit_test(a_wall_clock_shows_the_day_of_its_zone),
        cmocka_unit_test(what_falls_into_a_change_is_not_promised),
        cmocka_unit_test(a_window_that_does_not_come_in_time_is_not_found),
        cmocka_unit_test(the_next_window_is_the_first_to_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
