/* Members whose device changes between the start of the campaign and their offer. */
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

#define POLICY(pace)                                                                                         \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"                    \
    "'success_percent':1,'finished_percent':100,'failure_percent':100,'min_sample':1}}],"                    \
    "'timeouts':{'offer_seconds':30,'download_seconds':60,'confirm_seconds':40}," pace "}"
#define ONE_BY_ONE "'rate':{'per_minute':0},'in_flight':1"

/* The device at a place of the campaign's order, which is known before anything is offered. */
static void device_at(struct fixture *fixture, int place, char device[65])
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT device_id FROM targets WHERE campaign_id = 1 AND position = %d", place);
    char *text = services_query(fixture->url, sql);
    assert_non_null(text);
    snprintf(device, 65, "%s", text);
    free(text);
}

static void change(struct fixture *fixture, int place, const char *assignments)
{
    char device[65], sql[400];
    device_at(fixture, place, device);
    snprintf(sql, sizeof sql, "UPDATE devices SET %s WHERE device_id = '%s'", assignments, device);
    fixture_sql(fixture, sql);
}

static void runs(struct fixture *fixture, int place, const char *version, const char *order)
{
    char assignments[200];
    snprintf(assignments, sizeof assignments, "version = '%s', version_order = '%s', fota_class = '%c'",
             version, order, version[strlen(version) - 2]);
    change(fixture, place, assignments);
}

static void target_is(struct fixture *fixture, int place, const char *expected)
{
    char sql[200];
    snprintf(
        sql, sizeof sql,
        "SELECT state || ' ' || attempt || ' ' || reason FROM targets WHERE campaign_id = 1 AND position = "
        "%d",
        place);
    char *is = services_query(fixture->url, sql);
    assert_string_equal(is, expected);
    free(is);
}

static void first_updates_itself(struct fixture *fixture)
{
    char device[65];
    device_at(fixture, 1, device);
    fixture_updates_itself(fixture, device);
    fixture_tick(fixture);
}

static void who_fits_no_more_is_skipped_by_name(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    fixture_sql(
        fixture,
        "INSERT INTO products (name, ptype, max_version, max_version_order) VALUES ('old lamp', 45772, "
        "'v1.0.9', '109v');"
        "UPDATE firmware SET requires = 'v1.0.3t45772(a)'");
    fixture_campaign(fixture, "c", POLICY(ONE_BY_ONE));
    fixture_tick(fixture);
    target_is(fixture, 1, "offered 1 ");
    runs(fixture, 2, "v1.2.0t45772(a)", "120v");
    runs(fixture, 3, "v0.5.0t45772(a)", "050v");
    runs(fixture, 4, "v1.0.6t45772(l)", "106v");
    runs(fixture, 5, "v1.0.2t45772(a)", "102v");
    change(fixture, 6, "flash_kb = 512, flash_map = '512', image_max = 2");
    change(fixture, 7, "product_id = 2");
    runs(fixture, 8, "v1.1.0t45772(a)", "110v");
    runs(fixture, 9, "v1.1.0t45772(o)", "110v");
    first_updates_itself(fixture);
    target_is(fixture, 2, "skipped 0 not_newer");
    target_is(fixture, 3, "skipped 0 not_in_from");
    target_is(fixture, 4, "skipped 0 not_fota");
    target_is(fixture, 5, "skipped 0 no_path");
    target_is(fixture, 6, "skipped 0 too_large");
    target_is(fixture, 7, "skipped 0 above_ceiling");
    target_is(fixture, 8, "skipped 0 already_there");
    target_is(fixture, 9, "skipped 0 not_newer");
    target_is(fixture, 10, "offered 1 ");
    assert_int_equal(fixture->updates, 2);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

/* The budget of a minute is for offers: nobody who is passed over takes of it, nor waits for it. */
static void who_is_passed_over_takes_nothing_of_the_rate(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(60);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_campaign(fixture, "c", POLICY("'rate':{'per_minute':2},'in_flight':100"));
    fixture_tick(fixture);
    fixture_sql(fixture,
                "UPDATE devices SET version = 'v1.2.0t45772(a)', version_order = '120v' WHERE device_id "
                "IN (SELECT device_id FROM targets WHERE position < 60);"
                "UPDATE presence SET online = true");
    fixture_later(fixture, 60);
    assert_int_equal(fixture_targets(fixture, "skipped"), 59);
    target_is(fixture, 60, "offered 1 ");
    assert_int_equal(fixture->updates, 1);
    fixture_release(fixture);
}

static void what_was_to_be_tried_again_is_the_failure_that_it_was(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c",
                     POLICY(ONE_BY_ONE ",'retry':{'attempts':3,'on':['failed'],'backoff_seconds':60}"));
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "failed");
    fixture_tick(fixture);
    target_is(fixture, 1, "pending 1 flash_error");
    runs(fixture, 1, "v1.2.0t45772(a)", "120v");
    fixture_later(fixture, 70);
    target_is(fixture, 1, "failed 1 not_newer");
    fixture_later(fixture, 70); /* nor is it tried again and again */
    target_is(fixture, 1, "failed 1 not_newer");
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM events WHERE subject = 'target' AND to_state = 'failed'"),
        2);
    fixture_release(fixture);
}

/* It said nothing of that attempt itself: what it says of it later is believed. */
static void what_was_given_up_may_have_been_done(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c",
                     POLICY(ONE_BY_ONE ",'retry':{'attempts':3,'on':['silent'],'backoff_seconds':60}"));
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "accepted");
    fixture_later(fixture, 70);
    target_is(fixture, 1, "pending 1 download_timeout");
    fixture_sql(fixture, "UPDATE products SET max_version = 'v1.0.9', max_version_order = '109v'");
    fixture_later(fixture, 70);
    target_is(fixture, 1, "failed 1 above_ceiling");
    fixture_reports(fixture, "lamp-1", "confirmed");
    target_is(fixture, 1, "confirmed 1 ");
    fixture_release(fixture);
}

/* Nor is it left to install what was stopped since. */
static void what_was_given_up_is_stopped_with_its_campaign(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c",
                     POLICY("'rate':{'per_minute':0},'in_flight':2,'retry':{'attempts':3,'on':['silent'],"
                            "'backoff_seconds':60}"));
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "accepted");
    fixture_reports(fixture, "lamp-2", "installed");
    fixture_later(fixture, 70);
    fixture_sql(fixture, "UPDATE products SET max_version = 'v1.0.9', max_version_order = '109v'");
    fixture_later(fixture, 70);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE device_id = 'lamp-1' AND state = "
                                     "'failed' AND attempt = 1 AND reason = 'above_ceiling'"),
                     1);
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    int64_t cancels = fixture->cancels;
    fixture_report(fixture, "lamp-1", "{'report':'downloading','campaign':1,'attempt':1,'progress':50}");
    assert_int_equal(fixture->cancels, cancels + 1);
    fixture_release(fixture);
}

/* The offer was lost with the connection, and would be sent again to whatever runs by now. */
static void an_offer_that_fits_no_more_is_withdrawn(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", POLICY(ONE_BY_ONE));
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture_report(fixture, "lamp-1",
                   "{'report':'hello','version':'v1.2.0t45772(a)','slot':2,'boot':'confirmed','reset_reason':"
                   "'power_on','sha256':'7777777777777777777777777777777777777777777777777777777777777777'}");
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    assert_int_equal(fixture->cancels, 1);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_tick(fixture);
    target_is(fixture, 1, "skipped 1 not_newer");
    assert_int_equal(fixture->updates, 1);
    fixture_release(fixture);
}

/* It says hello as the one that it was offered to be: its result follows, and must not be cut off. */
static void an_offer_that_was_done_is_sent_again(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", POLICY(ONE_BY_ONE));
    fixture_tick(fixture);
    fixture_report(fixture, "lamp-1",
                   "{'report':'hello','version':'%VERSION','slot':2,'boot':'confirmed','reset_reason':"
                   "'power_on','sha256':'%SHA'}");
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 0);
    assert_int_equal(fixture->updates, 2);
    fixture_reports(fixture, "lamp-1", "confirmed");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

/* v1.0.5 -> v1.0.8 -> v1.1.0; --from takes only v1.0.5. */
static void a_way_with_stones_is_not_left(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct error error = {0};
    fixture_sql(
        fixture,
        "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by, requires) VALUES "
        "('v1.0.8t45772(a)', 45772, '108v', 'a', 'tester', 'v1.0.5t45772(a)');"
        "INSERT INTO images SELECT f.firmware_id, i.slot, i.sha256 FROM firmware f, images i "
        "WHERE f.firmware_id > 1 AND i.firmware_id = 1;"
        "UPDATE firmware SET requires = 'v1.0.8t45772(a)' WHERE firmware_id = 1");
    char json[700];
    snprintf(json, sizeof json, "%s", POLICY("'rate':{'per_minute':0},'in_flight':2"));
    for (char *c = json; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    struct campaign_new campaign = {.name = "c",
                                    .firmware = FIXTURE_VERSION,
                                    .from = "=v1.0.5",
                                    .tags = "",
                                    .policy_json = json,
                                    .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error), STATUS_OK);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-1");
    fixture_updates_itself(fixture, "lamp-2");
    /* On the stone it is not what --from takes, and goes on. The other one has been set to something above
     * the stone, which the plan has no way from. */
    fixture_sql(fixture, "UPDATE devices SET version = 'v1.0.2t45772(a)', version_order = '102v' WHERE "
                         "device_id = 'lamp-2'");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c", "offered skipped");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE reason = 'not_in_from' AND hop = 1"), 1);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

/* A rollback takes back what it was made for, and nothing else. */
static void a_rollback_leaves_what_runs_something_else(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", POLICY("'rate':{'per_minute':0},'in_flight':2"));
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_sql(fixture, "UPDATE presence SET online = false WHERE device_id = 'lamp-2'");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_targets_are(fixture, "c.rollback", "offered pending");
    fixture_sql(fixture,
                "UPDATE devices SET version = 'v1.2.0t45772(a)', version_order = '120v' WHERE device_id "
                "= 'lamp-2'; UPDATE presence SET online = true");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c.rollback", "offered skipped");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE reason = 'runs_another_version'"), 1);
    assert_int_equal(fixture->rollbacks, 1);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_fits_no_more_is_skipped_by_name),
        cmocka_unit_test(who_is_passed_over_takes_nothing_of_the_rate),
        cmocka_unit_test(what_was_to_be_tried_again_is_the_failure_that_it_was),
        cmocka_unit_test(what_was_given_up_may_have_been_done),
        cmocka_unit_test(what_was_given_up_is_stopped_with_its_campaign),
        cmocka_unit_test(an_offer_that_fits_no_more_is_withdrawn),
        cmocka_unit_test(an_offer_that_was_done_is_sent_again),
        cmocka_unit_test(a_way_with_stones_is_not_left),
        cmocka_unit_test(a_rollback_leaves_what_runs_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
