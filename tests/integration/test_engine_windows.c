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
        {"2026-03-28 00:59Z", "{} next sat 02:00 Europe/Berlin, 2026-03-28 01:00 UTC"},
        {"2026-03-28 01:00Z", "{\"Europe/Berlin\"}"},
        {"2026-03-28 01:59Z", "{\"Europe/Berlin\"}"},
        {"2026-03-28 02:00Z", "{} next mon 02:00 Europe/Berlin, 2026-03-30 00:00 UTC"},
        {"2026-03-29 00:59Z", "{} next mon 02:00 Europe/Berlin, 2026-03-30 00:00 UTC"}, /* 01:59, then ... */
        {"2026-03-29 01:00Z", "{} next mon 02:00 Europe/Berlin, 2026-03-30 00:00 UTC"}, /* ... it is 03:00 */
        {"2026-03-30 00:00Z", "{\"Europe/Berlin\"}"},
        {"2026-10-24 23:59Z", "{} next sun 02:00 Europe/Berlin, 2026-10-25 00:00 UTC"},
        {"2026-10-25 00:00Z", "{\"Europe/Berlin\"}"}, /* 02:00 in summer ... */
        {"2026-10-25 00:59Z", "{\"Europe/Berlin\"}"},
        {"2026-10-25 01:00Z", "{\"Europe/Berlin\"}"}, /* ... and again in winter */
        {"2026-10-25 01:59Z", "{\"Europe/Berlin\"}"},
        {"2026-10-25 02:00Z", "{} next mon 02:00 Europe/Berlin, 2026-10-26 01:00 UTC"},
    };
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++)
        assert_string_equal(open_at(fixture, moments[i][0]), moments[i][1]);
    fixture_release(fixture);
}

/* What is said of the next window of campaign 1, whose only zone and window are made these. */
static const char *said_at(struct fixture *fixture, const char *zone, const char *window, const char *moment)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "UPDATE campaign_zones SET time_zone = '%s';"
             "UPDATE campaigns SET policy = jsonb_set(policy::jsonb, '{windows,open}', '[{%s}]')::json",
             zone, window);
    fixture_sql(fixture, sql);
    return open_at(fixture, moment);
}

static void the_next_window_said_is_one_that_comes(void **state)
{
    (void)state;
#define DAILY(from, to) "\"from\":\"" from "\",\"to\":\"" to "\""
#define ON(day, from, to) "\"days\":[\"" day "\"]," DAILY(from, to)
    static const struct {
        const char *zone, *window, *moment, *said;
    } cases[] = {
        /* 02:00 to 03:00 does not exist */
        {"Europe/Berlin", DAILY("02:10", "02:50"), "2025-03-30 00:30Z",
         "{} next mon 02:10 Europe/Berlin, 2025-03-31 00:10 UTC"},
        {"Europe/Berlin", DAILY("02:10", "02:50"), "2025-03-29 01:50Z",
         "{} next mon 02:10 Europe/Berlin, 2025-03-31 00:10 UTC"},
        {"Europe/Berlin", ON("sun", "02:10", "02:50"), "2025-03-23 02:00Z",
         "{} next sun 02:10 Europe/Berlin, 2025-04-06 00:10 UTC"},
        /* shortened */
        {"Europe/Berlin", DAILY("01:30", "02:30"), "2025-03-30 00:29Z",
         "{} next sun 01:30 Europe/Berlin, 2025-03-30 00:30 UTC"},
        {"Europe/Berlin", DAILY("01:30", "02:30"), "2025-03-30 00:59Z", "{\"Europe/Berlin\"}"},
        {"Europe/Berlin", DAILY("01:30", "02:30"), "2025-03-30 01:00Z",
         "{} next mon 01:30 Europe/Berlin, 2025-03-30 23:30 UTC"},
        {"Europe/Berlin", DAILY("02:10", "03:10"), "2025-03-30 00:30Z",
         "{} next sun 03:00 Europe/Berlin, 2025-03-30 01:00 UTC"},
        /* twice */
        {"Europe/Berlin", DAILY("02:10", "02:50"), "2025-10-26 00:00Z",
         "{} next sun 02:10 Europe/Berlin, 2025-10-26 00:10 UTC"},
        {"Europe/Berlin", DAILY("02:10", "02:50"), "2025-10-26 00:50Z",
         "{} next sun 02:10 Europe/Berlin, 2025-10-26 01:10 UTC"},
        {"Europe/Berlin", DAILY("02:10", "02:50"), "2025-10-26 01:50Z",
         "{} next mon 02:10 Europe/Berlin, 2025-10-27 01:10 UTC"},
        {"Europe/Berlin", DAILY("01:30", "02:30"), "2025-10-26 00:30Z",
         "{} next sun 02:00 Europe/Berlin, 2025-10-26 01:00 UTC"},
        /* by half an hour, and by a day */
        {"Australia/Lord_Howe", DAILY("02:05", "02:25"), "2025-10-04 15:00Z",
         "{} next mon 02:05 Australia/Lord_Howe, 2025-10-05 15:05 UTC"},
        {"Australia/Lord_Howe", DAILY("01:35", "01:40"), "2025-04-05 14:50Z",
         "{} next sun 01:35 Australia/Lord_Howe, 2025-04-05 15:05 UTC"},
        {"Pacific/Apia", ON("fri", "09:00", "10:00"), "2011-12-29 12:00Z",
         "{} next fri 09:00 Pacific/Apia, 2012-01-05 19:00 UTC"},
        {"Pacific/Apia", ON("fri", "09:00", "10:00"), "2011-12-24 00:00Z",
         "{} next fri 09:00 Pacific/Apia, 2012-01-05 19:00 UTC"},
        {"Pacific/Apia", DAILY("09:00", "10:00"), "2011-12-30 00:00Z",
         "{} next sat 09:00 Pacific/Apia, 2011-12-30 19:00 UTC"},
        /* changed, and changed back within a month */
        {"Africa/Casablanca", DAILY("02:10", "02:50"), "2025-02-22 12:00Z",
         "{} next sun 02:10 Africa/Casablanca, 2025-02-23 01:10 UTC"},
        {"Africa/Casablanca", DAILY("02:10", "02:50"), "2025-02-23 01:50Z",
         "{} next sun 02:10 Africa/Casablanca, 2025-02-23 02:10 UTC"},
        {"Africa/Casablanca", DAILY("02:10", "02:50"), "2025-04-06 01:00Z",
         "{} next mon 02:10 Africa/Casablanca, 2025-04-07 01:10 UTC"},
    };
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", AT_TWO);
    fixture_tick(fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(said_at(fixture, cases[i].zone, cases[i].window, cases[i].moment), cases[i].said);
    fixture_release(fixture);
}

/* Of the zones of all devices, the window that comes first: not that of Berlin, where the hour is skipped. */
static void of_all_zones_the_first_window_is_said(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    fixture_sql(fixture, "UPDATE devices SET tags = '{tz:Europe/Berlin}' WHERE device_id = 'lamp-1';"
                         "UPDATE devices SET tags = '{tz:America/New_York}' WHERE device_id = 'lamp-2';"
                         "UPDATE devices SET tags = '{tz:Europe/London}' WHERE device_id = 'lamp-3'");
    fixture_campaign(fixture, "c", AT_TWO);
    fixture_tick(fixture);
    assert_string_equal(open_at(fixture, "2025-03-30 00:30Z"),
                        "{} next sun 02:00 Europe/London, 2025-03-30 01:00 UTC");
    assert_string_equal(open_at(fixture, "2025-03-30 02:30Z"),
                        "{} next sun 02:00 America/New_York, 2025-03-30 06:00 UTC");
    assert_string_equal(open_at(fixture, "2025-03-30 07:30Z"),
                        "{} next mon 02:00 Europe/Berlin, 2025-03-31 00:00 UTC");
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
    assert_string_equal(open_at(fixture, "2026-01-15 21:30Z"), "{} next fri 02:00 UTC, 2026-01-16 02:00 UTC");
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
        cmocka_unit_test(the_next_window_said_is_one_that_comes),
        cmocka_unit_test(of_all_zones_the_first_window_is_said),
        cmocka_unit_test(every_device_has_the_hours_of_its_zone),
        cmocka_unit_test(only_devices_whose_window_is_open_are_offered),
        cmocka_unit_test(a_campaign_waits_for_its_hours_and_says_so),
        cmocka_unit_test(a_zone_that_does_not_exist_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
