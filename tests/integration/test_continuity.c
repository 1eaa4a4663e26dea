/* A database that is another one than before: nothing is judged or stored by half of it, and the fleet makes
 * it true again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "continuity.h"
#include "engine_fixture.h"
#include "ingest.h"
#include "services.h"
#include "tick.h"

static const char hello[] =
    "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
    "'sha256':'5555555555555555555555555555555555555555555555555555555555555555'}";

/* As pg_restore or a promotion leave it. */
static void replace_database(struct fixture *fixture)
{
    fixture_sql(fixture, "UPDATE service SET identity = 'another'");
}

static struct fixture *one_in_flight(void)
{
    struct fixture *fixture = fixture_make(4);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_sql(fixture, "UPDATE presence SET online = false WHERE device_id <> 'lamp-1'");
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE presence SET online = true, hello_at = now(), last_seen = now()");
    return fixture;
}

static void a_new_database_is_taken_as_it_is(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(0);
    struct error error;
    fixture_sql(fixture, "UPDATE service SET identity = NULL, foreign_keys = NULL");
    assert_int_equal(continuity_check(fixture->store, &error), STATUS_OK);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM outages"), 0);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM service WHERE identity = "
                                     "database_identity() AND foreign_keys > 10 AND NOT offers_held"),
                     1);
    fixture_release(fixture);
}

/* First the devices in flight are asked, then the fleet; and nobody is offered anything before its hello. */
static void another_database_is_asked_about_first(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2);
    replace_database(fixture);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM outages WHERE part = 'database'"), 1);
    assert_int_equal(fixture->asks, 4);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM service WHERE offers_held"), 0);
    char first[65], second[65];
    fixture_canary_devices(fixture, first, second);
    fixture_updates_itself(fixture, first);
    fixture_updates_itself(fixture, second);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2); /* the others have not said hello yet */
    for (int i = 1; i <= 4; i++) {
        char device[16];
        snprintf(device, sizeof device, "lamp-%d", i);
        if (strcmp(device, first) != 0 && strcmp(device, second) != 0)
            fixture_report(fixture, device, hello);
    }
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 4);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

static void offers_wait_until_all_in_flight_are_asked(void **state)
{
    (void)state;
    struct fixture *fixture = one_in_flight();
    assert_int_equal(fixture->updates, 1);
    replace_database(fixture);
    struct error error;
    assert_int_equal(continuity_check(fixture->store, &error), STATUS_OK);
    fixture_sql(fixture, "UPDATE presence SET hello_at = now() + interval '1 minute'"); /* all have said it */
    assert_int_equal(continuity_ask_fleet(fixture->store, &error), STATUS_OK);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM service WHERE offers_held"), 1);
    fixture->engine.is_between_sweeps = true; /* asks nobody */
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture->engine.is_between_sweeps = false;
    fixture_tick(fixture);
    fixture_tick(fixture);
    assert_true(fixture->updates > 1);
    fixture_release(fixture);
}

/* As long as foreign keys are missing, which a restore makes last. */
static void nothing_is_done_in_the_middle_of_a_restore(void **state)
{
    (void)state;
    struct fixture *fixture = one_in_flight();
    struct error error;
    struct report report;
    struct ingest_summary summary;
    bool more;
    char text[400];
    snprintf(text, sizeof text, "%s", hello);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    report_parse("fota/v1/lamp-1/report", text, strlen(text), &report);
    fixture_sql(fixture, "UPDATE service SET identity = 'another', foreign_keys = foreign_keys + 1");
    assert_int_equal(tick(&fixture->engine, fixture->store, &more, &error), STATUS_UNAVAILABLE);
    assert_int_equal(ingest_batch(&fixture->engine, fixture->store, &report, 1, &summary, &error),
                     STATUS_UNAVAILABLE);
    fixture->engine.is_between_sweeps = true; /* does not look at the database first */
    assert_int_equal(tick(&fixture->engine, fixture->store, &more, &error), STATUS_OK);
    fixture->engine.is_between_sweeps = false;
    assert_int_equal(fixture->updates, 1);
    fixture_sql(fixture, "DELETE FROM service");
    assert_int_equal(tick(&fixture->engine, fixture->store, &more, &error), STATUS_UNAVAILABLE);
    assert_int_equal(ingest_batch(&fixture->engine, fixture->store, &report, 1, &summary, &error),
                     STATUS_UNAVAILABLE);
    fixture_sql(fixture,
                "INSERT INTO service (identity, foreign_keys) VALUES ('another', schema_foreign_keys())");
    fixture_tick(fixture);
    assert_int_equal(ingest_batch(&fixture->engine, fixture->store, &report, 1, &summary, &error), STATUS_OK);
    fixture_release(fixture);
}

/* A foreign key that its operators had made, and dropped again while nobody was started. */
static void a_foreign_key_that_is_dropped_is_not_waited_for(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct error error;
    fixture_sql(fixture, "CREATE TABLE notes (device_id text COLLATE \"C\" REFERENCES devices)");
    assert_int_equal(continuity_check(fixture->store, &error), STATUS_OK);
    fixture_sql(fixture, "DROP TABLE notes");
    assert_int_equal(continuity_check(fixture->store, &error), STATUS_OK);
    replace_database(fixture);
    assert_int_equal(continuity_check(fixture->store, &error), STATUS_OK);
    fixture_release(fixture);
}

/* Of before hellos were noted: that it was heard of since says nothing of what it runs. */
static void a_device_without_any_hello_is_asked_first(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    replace_database(fixture);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE presence SET last_seen = now() + interval '1 s', probed_at = NULL");
    fixture_sql(fixture, "UPDATE service SET fleet_asked_to = NULL, fleet_asked_at = now() - interval '3 s'");
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 0);
    assert_true(fixture->asks > 4);
    fixture_release(fixture);
}

/* The database has lost how a trial ended: the device is offered the same attempt, and says again what it
 * came to. */
static void what_ended_unseen_is_sent_again(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_report(fixture, "lamp-1", hello);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1); /* in the normal course of things its result is to come */
    replace_database(fixture);
    fixture_tick(fixture);
    fixture_report(fixture, "lamp-1", hello);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2);
    assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets"), 1);
    fixture_reports(fixture, "lamp-1", "confirmed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    fixture_release(fixture);
}

/* Its members are chosen by what devices run. */
static void a_campaign_begins_when_the_fleet_has_been_asked(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    replace_database(fixture);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "scheduled");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE state_reason LIKE '%asked%'"), 1);
    fixture_sql(fixture, "UPDATE service SET fleet_asked_to = NULL, fleet_asked_at = now() - interval '3 s'");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running");
    fixture_release(fixture);
}

/* 1,000 a second, whoever asks. */
static void the_fleet_is_asked_page_by_page(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2500);
    fixture_sql(fixture,
                "UPDATE presence SET hello_at = now() + interval '1 minute' WHERE device_id = 'lamp-7'");
    replace_database(fixture);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 1000);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 1000);
    for (int i = 0; i < 4; i++) {
        fixture_sql(fixture, "UPDATE service SET fleet_asked_at = fleet_asked_at - interval '2 s'");
        fixture_tick(fixture);
    }
    assert_int_equal(fixture->asks, 2499);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM service WHERE fleet_asked_to IS NULL"),
                     1);
    fixture_release(fixture);
}

#define ALL_AT_ONCE                                                                                          \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold','success_percent':"  \
    "90,'finished_percent':100,'failure_percent':20,'min_sample':1}}],'rate':{'per_minute':600000},"         \
    "'in_flight':10,'timeouts':{'offer_seconds':30,'download_seconds':60,'confirm_seconds':40},'offline':{"  \
    "'wait_seconds':900,'then':'skip'}}"

/* It may have said long ago how it ended, and gone: that was lost with what the database has lost. */
static void silence_that_a_lost_report_may_explain_is_no_failure(void **state)
{
    (void)state;
    static const char *const states[] = {NULL, "accepted", "installed", "trial"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct fixture *fixture = fixture_make(2);
        fixture_campaign(fixture, "c", ALL_AT_ONCE);
        fixture_tick(fixture);
        fixture_updates_itself(fixture, "lamp-2");
        if (states[i] != NULL)
            fixture_reports(fixture, "lamp-1", states[i]);
        fixture_sql(fixture, "UPDATE presence SET online = false WHERE device_id = 'lamp-1'");
        replace_database(fixture);
        fixture_tick(fixture);
        fixture_later(fixture, 200);
        fixture_later(fixture, 1);
        assert_int_equal(fixture_targets(fixture, "pending"), 1);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 0);
        fixture_later(fixture, 901);
        fixture_later(fixture, 1);
        assert_int_equal(fixture_targets(fixture, "skipped"), 1);
        fixture_state_is(fixture, "c", "completed");
        fixture_reports(fixture, "lamp-1", "confirmed");
        assert_int_equal(fixture_targets(fixture, "confirmed"), 2);
        fixture_release(fixture);
    }
}

/* A device that was heard of since, and then falls silent, has failed. */
static void silence_after_a_hello_counts(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-2");
    replace_database(fixture);
    fixture_tick(fixture);
    fixture_report(fixture, "lamp-1", hello);
    fixture_tick(fixture);
    fixture_passes(fixture, 250);
    fixture_sql(fixture, "UPDATE presence SET hello_at = now()"); /* it was heard of in that time */
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "silent"), 1);
    fixture_release(fixture);
}

/* The offer is lost with the old primary, and so is the broker for a while. The device went back for want of
 * it, and says so when it is offered the same attempt again. */
static void an_outcome_from_before_a_restore_is_held_against_the_time_before_it(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_tick(fixture);
    replace_database(fixture);
    fixture_sql(fixture, "UPDATE service SET served_until = now() - interval '30 s'");
    fixture_tick(fixture);
    fixture_sql(
        fixture,
        "INSERT INTO outages (part, clock_stood_still, began, ended, service_at, asked_at, orchestrator_id) "
        "SELECT 'broker', true, now() - interval '20 s', now(), now() - interval '20 s', now(), 'fixture'");
    fixture_sql(fixture, "UPDATE presence SET online = true");
    fixture_report(fixture, "lamp-1", hello);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture_report(
        fixture, "lamp-1",
        "{'report':'reverted','campaign':1,'attempt':1,'nonce':'%NONCE','reason':'confirm_timeout',"
        "'version':'v1.0.5t45772(a)','slot':1,'sha256':"
        "'5555555555555555555555555555555555555555555555555555555555555555'}");
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT outage_attempts FROM targets"), 1);
    assert_int_equal(fixture->updates, 2);
    fixture_state_is(fixture, "c", "running");
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_database_is_taken_as_it_is),
        cmocka_unit_test(another_database_is_asked_about_first),
        cmocka_unit_test(offers_wait_until_all_in_flight_are_asked),
        cmocka_unit_test(nothing_is_done_in_the_middle_of_a_restore),
        cmocka_unit_test(a_foreign_key_that_is_dropped_is_not_waited_for),
        cmocka_unit_test(a_device_without_any_hello_is_asked_first),
        cmocka_unit_test(what_ended_unseen_is_sent_again),
        cmocka_unit_test(a_campaign_begins_when_the_fleet_has_been_asked),
        cmocka_unit_test(the_fleet_is_asked_page_by_page),
        cmocka_unit_test(silence_that_a_lost_report_may_explain_is_no_failure),
        cmocka_unit_test(silence_after_a_hello_counts),
        cmocka_unit_test(an_outcome_from_before_a_restore_is_held_against_the_time_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
