/* Windows on a real database, which knows the time zones: daylight saving, devices all over the world, and
 * that a campaign waits for its hours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "policy_json.h"
#include "services.h"
#include "zones.h"

#define WAVES                                                                                                \
    "'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE "}],'rate':{'per_minute':0}"
#define AT_TWO "{" WAVES ",'windows':{'zone':'device','open':[{'from':'02:00','to':'03:00'}]}}"

/* The zones of campaign 1 that are open at a moment, as text. */
static char *open_at(struct fixture *fixture, const char *moment)
{
    static char text[200];
    struct campaign campaign = {.number = 1};
    struct zones zones;
    struct error error = {0};
    char sql[120];
    char *policy = services_query(fixture->url, "SELECT policy FROM campaigns");
    assert_int_equal(policy_json_parse(policy, strlen(policy), &campaign.policy, &error), STATUS_OK);
    free(policy);
    snprintf(sql, sizeof sql, "SELECT extract(epoch FROM timestamptz '%s')::bigint", moment);
    campaign.now = (double)fixture_integer(fixture, sql);
    assert_int_equal(zones_look(fixture->store, &campaign, &zones, &error), STATUS_OK);
    assert_true(zones.limited);
    snprintf(text, sizeof text, "%s%s%s", array_text(&zones.open), zones.open_count == 0 ? " next " : "",
             zones.open_count == 0 ? zones.next : "");
    array_release(&zones.open);
    return text;
}

/* Two in the morning in Berlin: not at all on the day the clocks go forward, twice on the day they go back.
 */
static void daylight_saving_is_handled_at_both_changes(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_sql(fixture, "UPDATE devices SET tags = '{tz:Europe/Berlin}'");
    fixture_campaign(fixture, "c", AT_TWO);
    fixture_tick(fixture);
    static const char *const moments[][2] = {
        {"2026-03-28 00:59Z", "{} next sat 02:00 Europe/Berlin"},
        {"2026-03-28 01:00Z", "{\"Europe/Berlin\"}"},
        {"2026-03-28 01:59Z", "{\"Europe/Berlin\"}"},
        {"2026-03-28 02:00Z", "{} next sun 02:00 Europe/Berlin"},
        {"2026-03-29 00:59Z", "{} next sun 02:00 Europe/Berlin"}, /* 01:59, and then ... */
        {"2026-03-29 01:00Z", "{} next mon 02:00 Europe/Berlin"}, /* ... it is 03:00 */
        {"2026-03-30 00:00Z", "{\"Europe/Berlin\"}"},
        {"2026-10-24 23:59Z", "{} next sun 02:00 Europe/Berlin"},
        {"2026-10-25 00:00Z", "{\"Europe/Berlin\"}"}, /* 02:00 in summer ... */
        {"2026-10-25 00:59Z", "{\"Europe/Berlin\"}"},
        {"2026-10-25 01:00Z", "{\"Europe/Berlin\"}"}, /* ... and again in winter */
        {"2026-10-25 01:59Z", "{\"Europe/Berlin\"}"},
        {"2026-10-25 02:00Z", "{} next mon 02:00 Europe/Berlin"},
    };
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
        assert_string_equal(open_at(fixture, moments[i][0]), moments[i][1]);
    fixture_release(fixture);
}

static void every_device_has_the_hours_of_its_zone(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    fixture_sql(fixture, "UPDATE devices SET tags = '{red,tz:America/New_York}' WHERE device_id = 'lamp-1';"
                         "UPDATE devices SET tags = '{tz:Asia/Kolkata}' WHERE device_id = 'lamp-2';"
                         "UPDATE devices SET tags = '{tz:Atlantis/Main}' WHERE device_id = 'lamp-3'");
    fixture_campaign(fixture, "c", AT_TWO);
    fixture_tick(fixture);
    assert_string_equal(open_at(fixture, "2026-01-15 02:30Z"),
                        "{\"\"}"); /* no zone, or none that there is: UTC */
    assert_string_equal(open_at(fixture, "2026-01-15 07:30Z"), "{\"America/New_York\"}");
    assert_string_equal(open_at(fixture, "2026-01-15 20:30Z"), "{\"Asia/Kolkata\"}");
    assert_string_equal(open_at(fixture, "2026-01-15 21:30Z"), "{} next fri 02:00 UTC");
    fixture_release(fixture);
}

/* A window around now in UTC is closed six hours west of it. */
static void only_devices_whose_window_is_open_are_offered(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    fixture_sql(fixture, "UPDATE devices SET tags = '{tz:Etc/GMT+6}' WHERE device_id = 'lamp-2'");
    int hour = (int)fixture_integer(fixture, "SELECT extract(hour FROM now() AT TIME ZONE 'UTC')");
    char policy[600];
    snprintf(policy, sizeof policy,
             "{" WAVES ",'windows':{'zone':'device','open':[{'from':'%02d:00','to':'%02d:00'}]}}",
             (hour + 23) % 24, (hour + 2) % 24);
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "offered"), 2);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE device_id = 'lamp-2' AND state = "
                                     "'pending'"),
                     1);
    fixture_release(fixture);
}

static void a_campaign_waits_for_its_hours_and_says_so(void **state)
{
    (void)state;
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct fixture *fixture = fixture_make(3);
    int today = (int)fixture_integer(fixture, "SELECT extract(isodow FROM now() AT TIME ZONE 'UTC') - 1");
    char policy[600];
    snprintf(policy, sizeof policy,
             "{" WAVES ",'windows':{'open':[{'days':['%s'],'from':'01:30','to':'03:00'}]}}",
             days[(today + 3) % 7]);
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 0);
    char *verdict = services_query(fixture->url, "SELECT verdict FROM waves");
    assert_non_null(strstr(verdict, "outside its windows, the next opens"));
    assert_non_null(strstr(verdict, "01:30 UTC"));
    free(verdict);
    fixture_sql(fixture, "UPDATE campaigns SET policy = jsonb_set(policy::jsonb, '{windows,open,0,days}', "
                         "'[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"]')::json");
    fixture_sql(fixture,
                "UPDATE campaigns SET policy = jsonb_set(jsonb_set(policy::jsonb, '{windows,open,0,from}', "
                "'\"00:00\"'), '{windows,open,0,to}', '\"24:00\"')::json");
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 3);
    fixture_release(fixture);
}

static void a_zone_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct error error = {0};
    assert_int_equal(fixture_try_campaign(fixture, "c",
                                          "{" WAVES
                                          ",'windows':{'zone':'Europe/Atlantis','open':[{'from':'01:00',"
                                          "'to':'02:00'}]}}",
                                          &error),
                     STATUS_INVALID);
    assert_string_equal(error.field, "policy.windows.zone");
    assert_non_null(strstr(error.message, "Europe/Atlantis is no time zone"));
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(daylight_saving_is_handled_at_both_changes),
        cmocka_unit_test(every_device_has_the_hours_of_its_zone),
        cmocka_unit_test(only_devices_whose_window_is_open_are_offered),
        cmocka_unit_test(a_campaign_waits_for_its_hours_and_says_so),
        cmocka_unit_test(a_zone_that_does_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
