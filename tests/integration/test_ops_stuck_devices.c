/* ops.stuck_devices names who holds a campaign up, whichever way it looks for them (migrations/0018). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "services.h"

static void expect_stuck(struct fixture *fixture, const char *wanted)
{
    char *found = services_query(
        fixture->url, "SELECT coalesce(string_agg(t.position || ' ' || s.state || ': ' || s.why, ', ' "
                      "ORDER BY t.position), '') FROM ops.stuck_devices s "
                      "JOIN targets t ON t.device_id = s.device");
    assert_string_equal(found, wanted);
    free(found);
}

/* More members than there are: so many wait that those who are offline are looked for instead. */
static void pretend_that_very_many_wait(struct fixture *fixture)
{
    fixture_sql(fixture, "UPDATE waves SET members = members + 2000, pending = pending + 2000");
}

/* Two waves, 2 and 8; position 2 is past its deadline, 5, 7 and 9 are offline. */
static struct fixture *held_up(void)
{
    struct fixture *fixture = fixture_make(10);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "offered"), 2);
    fixture_sql(fixture, "UPDATE targets SET deadline = now() - interval '1 hour' WHERE position = 2");
    fixture_sql(fixture, "UPDATE presence SET online = false WHERE device_id IN "
                         "(SELECT device_id FROM targets WHERE position IN (5, 7, 9))");
    return fixture;
}

#define LATE "2 offered: past its deadline"
#define WAITING(position) position " pending: offline, waiting to be offered"

static void who_waits_counts_once_its_wave_is_open(void **state)
{
    (void)state;
    struct fixture *fixture = held_up();
    for (int very_many = 0; very_many < 2; very_many++) {
        expect_stuck(fixture, LATE);
        fixture_sql(fixture, "UPDATE waves SET state = 'open', opened_at = now() WHERE wave = 1");
        expect_stuck(fixture, LATE ", " WAITING("5") ", " WAITING("7") ", " WAITING("9"));
        fixture_sql(fixture, "UPDATE campaigns SET state = 'paused'");
        expect_stuck(fixture, LATE);
        fixture_sql(fixture, "UPDATE campaigns SET state = 'running';"
                             "UPDATE waves SET state = 'pending', opened_at = NULL WHERE wave = 1");
        pretend_that_very_many_wait(fixture);
    }
    fixture_release(fixture);
}

static void who_is_in_the_middle_of_an_update_counts_at_once(void **state)
{
    (void)state;
    struct fixture *fixture = held_up();
    for (int very_many = 0; very_many < 2; very_many++) {
        fixture_sql(fixture, "UPDATE targets SET withdrawn = true WHERE position = 1");
        expect_stuck(fixture, "1 offered: told to stop, not answered yet, " LATE);
        fixture_sql(fixture, "UPDATE targets SET withdrawn = false WHERE position = 1;"
                             "UPDATE presence SET online = false WHERE device_id = "
                             "(SELECT device_id FROM targets WHERE position = 1)");
        expect_stuck(fixture, "1 offered: offline in the middle of an update, " LATE);
        pretend_that_very_many_wait(fixture);
    }
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_counts_once_its_wave_is_open),
        cmocka_unit_test(who_is_in_the_middle_of_an_update_counts_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
