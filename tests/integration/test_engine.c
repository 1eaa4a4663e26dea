/* The engine on a real database: how a campaign goes, what a report does, and what must never happen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "campaign_fsm.h"
#include "engine_fixture.h"
#include "ingest.h"
#include "services.h"
#include "tick.h"

static void names_are_those_of_the_database(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    static const char *const constraints[] = {"targets_state_check", "campaigns_state_check",
                                              "waves_state_check"};
    for (int kind = 0; kind < 3; kind++) {
        char sql[300];
        int count = kind == 0 ? TARGET_STATE_COUNT : kind == 1 ? CAMPAIGN_STATE_COUNT : WAVE_STATE_COUNT;
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM pg_constraint, regexp_matches(pg_get_constraintdef(oid), "
                 "'''([a-z_]+)''', 'g') "
                 "WHERE conname = '%s'",
                 constraints[kind]);
        assert_int_equal(fixture_integer(fixture, sql), count);
        for (int i = 0; i < count; i++) {
            const char *name = kind == 0   ? target_state_name((enum target_state)i)
                               : kind == 1 ? campaign_state_name((enum campaign_state)i)
                                           : wave_state_name((enum wave_state)i);
            snprintf(sql, sizeof sql,
                     "SELECT count(*) FROM pg_constraint WHERE conname = '%s' AND "
                     "pg_get_constraintdef(oid) LIKE '%%''%s''%%'",
                     constraints[kind], name);
            assert_int_equal(fixture_integer(fixture, sql), 1);
        }
    }
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM rejected_reports"), REJECTION_COUNT);
    for (int i = 0; i < REJECTION_COUNT; i++)
        assert_int_equal(fixture_rejected(fixture, rejection_name((enum rejection)i)), 0);
    fixture_release(fixture);
}

static void a_campaign_completes_wave_by_wave(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE wave = 1 AND state <> 'pending'"), 0);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 10);
    assert_int_equal(fixture->acks, 10);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM devices WHERE version = '" FIXTURE_VERSION "'"), 10);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE settled"), 1);
    /* One event a step, and the last offer still kept the cap. */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE subject = 'target'"), 60);
    fixture_release(fixture);
}

static void the_cap_is_never_exceeded(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(30);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    char *device;
    fixture_tick(fixture);
    while ((device = services_query(
                fixture->url, "SELECT device_id FROM targets WHERE state = 'offered' LIMIT 1")) != NULL) {
        assert_true(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE deadline IS NOT NULL") <= 4);
        fixture_updates_itself(fixture, device);
        fixture_tick(fixture);
        free(device);
    }
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

static void a_bad_canary_halts_and_leaves_the_rest_alone(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    char first[65], second[65];
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    fixture_reports(fixture, second, "accepted");
    fixture_reports(fixture, first, "trial");
    fixture_reports(fixture, first, "reverted");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(fixture->cancels, 1); /* the other canary device is told to stop */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE wave = 1 AND attempt > 0"),
                     0);
    fixture_reports(fixture, second, "cancelled");
    fixture_later(fixture, 3600);
    assert_int_equal(fixture->updates, 2); /* a halted campaign sends no offer */
    assert_int_equal(fixture_targets(fixture, "pending"), 9);

    /* Resumed over it: the failure is excused, the rest goes on. */
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 9);
    assert_int_equal(fixture_targets(fixture, "reverted"), 1);
    fixture_release(fixture);
}

static void silence_is_a_failure_and_can_be_corrected(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    char first[65], second[65];
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    fixture_reports(fixture, first, "accepted");
    fixture_later(fixture, 31); /* the offer timeout: one has answered, the other has not */
    assert_int_equal(fixture_targets(fixture, "silent"), 1);
    fixture_state_is(fixture, "c", "halted");
    fixture_later(fixture, 61); /* the download timeout */
    assert_int_equal(fixture_targets(fixture, "silent"), 2);
    fixture_reports(fixture, first, "confirmed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT confirmed * 10 + silent FROM waves WHERE wave = 0"),
                     11);
    fixture_tick(fixture);
    fixture_release(fixture);
}

static void only_proof_confirms(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_sql(fixture, "UPDATE devices SET can = 'nonce'");
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_report(fixture, "lamp-1",
                   "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'0000000000000000',"
                   "'version':'" FIXTURE_VERSION "','slot':2,'sha256':'%SHA'}");
    assert_int_equal(fixture_rejected(fixture, "nonce_mismatch"), 1);
    fixture_report(fixture, "lamp-1",
                   "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'%NONCE',"
                   "'version':'v1.0.5t45772(a)','slot':2,'sha256':'%SHA'}");
    fixture_report(fixture, "lamp-1",
                   "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'%NONCE',"
                   "'version':'" FIXTURE_VERSION "','slot':1,'sha256':'%SHA'}");
    assert_int_equal(fixture_rejected(fixture, "image_mismatch"), 2);
    fixture_report(fixture, "lamp-1",
                   "{'report':'confirmed','campaign':1,'attempt':2,'nonce':'%NONCE',"
                   "'version':'" FIXTURE_VERSION "','slot':2,'sha256':'%SHA'}");
    assert_int_equal(fixture_rejected(fixture, "nonce_mismatch"), 2);
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    assert_int_equal(fixture->acks, 2); /* nothing will come of those with a foreign nonce */
    fixture_reports(fixture, "lamp-1", "confirmed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    fixture_release(fixture);
}

static void late_duplicate_and_reordered_reports_change_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial"); /* those before it were lost */
    fixture_reports(fixture, "lamp-1", "accepted");
    fixture_reports(fixture, "lamp-1", "installed");
    fixture_reports(fixture, "lamp-1", "trial");
    assert_int_equal(fixture_rejected(fixture, "out_of_order"), 3);
    fixture_reports(fixture, "lamp-1", "confirmed");
    fixture_reports(fixture, "lamp-1", "confirmed");
    fixture_reports(fixture, "lamp-1", "reverted");
    assert_int_equal(fixture_rejected(fixture, "out_of_order"), 5);
    assert_int_equal(fixture->acks, 3); /* each result is acknowledged, or the device would never stop */
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    fixture_report(fixture, "nobody", "{'report':'accepted','campaign':1,'attempt':1}");
    assert_int_equal(fixture_rejected(fixture, "unknown_device"), 1);
    fixture_report(fixture, "lamp-1", "{'report':'accepted','campaign':77,'attempt':1}");
    assert_int_equal(fixture_rejected(fixture, "unknown_target"), 1);
    fixture_report(fixture, "lamp-1", "not json");
    assert_int_equal(fixture_rejected(fixture, "not_json"), 1);
    fixture_tick(fixture);
    fixture_release(fixture);
}

static void offers_are_sent_again(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture->broker_is_down = true;
    fixture_tick(fixture);
    fixture->broker_is_down = false;
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 0);
    fixture_later(fixture, 11);
    assert_int_equal(fixture->updates, 1);
    fixture_report(fixture, "lamp-1",
                   "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed',"
                   "'reset_reason':'power_on','sha256':'%SHA'}");
    fixture_tick(fixture); /* it has just come back, and may have missed it */
    assert_int_equal(fixture->updates, 2);
    assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets"), 1);
    fixture_reports(fixture, "lamp-1", "accepted");
    fixture_later(fixture, 11);
    assert_int_equal(fixture->updates, 2);
    fixture_release(fixture);
}

static void devices_in_the_middle_are_asked_where_they_stand(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    static const char outage[] =
        "INSERT INTO outages (part, clock_stood_still, began, ended, service_at, orchestrator_id) "
        "VALUES ('broker', false, now(), now(), now(), 'fixture')";
    fixture_sql(fixture, outage);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 0);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    char *device = services_query(fixture->url, "SELECT max(device_id) FROM targets WHERE state = 'offered'");
    fixture_reports(fixture, device, "downloading");
    fixture_sql(fixture, outage);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 2); /* the other one may have missed its offer */
    assert_string_equal(fixture->last_payload, "{\"command\":\"report\"}");
    assert_non_null(strstr(fixture->last_topic, device));
    free(device);
    fixture_release(fixture);
}

static void offline_devices_hold_no_slot_and_are_skipped_in_the_end(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(20);
    char first[65], second[65];
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_sql(fixture,
                "UPDATE presence SET online = false WHERE device_id IN ('lamp-1', 'lamp-2', 'lamp-3')");
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    fixture_everybody_updates(fixture);
    assert_true(fixture_targets(fixture, "pending") >= 3);
    fixture_later(fixture, 101);
    fixture_everybody_updates(fixture);
    fixture_later(fixture, 101);
    assert_int_equal(fixture_targets(fixture, "offered"), 0);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE state = 'skipped' AND reason <> "
                                     "'offline'"),
                     0);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets t JOIN presence p USING (device_id) WHERE "
                                     "NOT p.online AND t.attempt > 0"),
                     0);
    fixture_release(fixture);
}

static void a_wave_that_waits_for_offline_devices_says_so(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_sql(fixture, "UPDATE presence SET online = false WHERE device_id = 'lamp-2'");
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    char *verdict = services_query(fixture->url, "SELECT verdict FROM waves WHERE wave = 0");
    assert_non_null(strstr(verdict, "; 1 offline, given up from 2"));
    free(verdict);
    /* A report is no connection: there is no last will behind it. */
    fixture_report(fixture, "lamp-2", "{'report':'accepted','campaign':1,'attempt':1}");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM presence WHERE online"), 1);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture_release(fixture);
}

static void one_device_is_in_one_live_campaign_only(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(5);
    struct error error;
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    assert_int_equal(fixture_try_campaign(fixture, "d", FIXTURE_TWO_WAVES, &error), STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "no device is eligible"));
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE name = 'd'"), 0);
    assert_int_equal(fixture_try_campaign(fixture, "c", FIXTURE_TWO_WAVES, &error), STATUS_CONFLICT);
    assert_string_equal(error.field, "name");
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    fixture_later(fixture, 31);
    fixture_campaign(fixture, "d", FIXTURE_TWO_WAVES);
    fixture_release(fixture);
}

static void a_campaign_may_name_its_devices(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    struct error error;
    const char *devices[] = {"lamp-3", "lamp-7"};
    struct campaign_new campaign = {.name = "c",
                                    .firmware = FIXTURE_VERSION,
                                    .policy_json = "{\"name\":\"p\"}",
                                    .devices = devices,
                                    .device_count = 2,
                                    .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error), STATUS_OK);
    fixture_tick(fixture);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE device_id IN ('lamp-3', 'lamp-7')"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets"), 2);
    devices[1] = "lamp-77";
    campaign.name = "d";
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error),
                     STATUS_NOT_FOUND);
    assert_string_equal(error.field, "devices[1]");
    fixture_release(fixture);
}

static void commands_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct error error;
    bool changed;
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    assert_int_equal(operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_RESUME, NULL,
                                              &changed, &error),
                     STATUS_CONFLICT);
    assert_int_equal(operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_CANCEL, NULL,
                                              &changed, &error),
                     STATUS_OK);
    assert_false(changed);
    assert_int_equal(operate_campaign_command(fixture->store, &fixture->actor, "x", CAMPAIGN_PAUSE, NULL,
                                              &changed, &error),
                     STATUS_NOT_FOUND);
    fixture_release(fixture);
}

static void a_locked_campaign_is_left_to_whoever_holds_it(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    struct store *other = store_create(fixture->url, "other orchestrator");
    struct error error;
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    assert_int_equal(store_begin(other, &error), STATUS_OK);
    assert_int_equal(store_run_script(other, "SELECT FROM campaigns FOR NO KEY UPDATE", &error), STATUS_OK);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 0);
    store_rollback(other);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2);
    store_destroy(other);
    fixture_release(fixture);
}

/* A database that goes away at the last statement of a batch: the caller must see an outage and keep the
 * reports, not take them for refused. */
static void an_outage_at_the_end_of_a_batch_is_told_as_one(void **state)
{
    (void)state;
    static const char topic[] = "fota/v1/lamp-1/report", json[] = "{\"report\":\"unheard-of\"}";
    struct fixture *fixture = fixture_make(1);
    struct report report;
    struct ingest_summary summary;
    struct error error;
    fixture_sql(fixture, "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
                         "'shutting down' USING ERRCODE = '57P01'; END $$");
    fixture_sql(fixture, "CREATE TRIGGER leave BEFORE UPDATE ON rejected_reports FOR EACH ROW EXECUTE "
                         "FUNCTION leave()");
    report_parse(topic, json, sizeof json - 1, &report);
    assert_int_equal(report.kind, REPORT_REJECTED);
    assert_int_equal(ingest_batch(&fixture->engine, fixture->store, &report, 1, &summary, &error),
                     STATUS_UNAVAILABLE);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_database),
        cmocka_unit_test(a_campaign_completes_wave_by_wave),
        cmocka_unit_test(the_cap_is_never_exceeded),
        cmocka_unit_test(a_bad_canary_halts_and_leaves_the_rest_alone),
        cmocka_unit_test(silence_is_a_failure_and_can_be_corrected),
        cmocka_unit_test(only_proof_confirms),
        cmocka_unit_test(late_duplicate_and_reordered_reports_change_nothing),
        cmocka_unit_test(offers_are_sent_again),
        cmocka_unit_test(devices_in_the_middle_are_asked_where_they_stand),
        cmocka_unit_test(offline_devices_hold_no_slot_and_are_skipped_in_the_end),
        cmocka_unit_test(a_wave_that_waits_for_offline_devices_says_so),
        cmocka_unit_test(one_device_is_in_one_live_campaign_only),
        cmocka_unit_test(a_campaign_may_name_its_devices),
        cmocka_unit_test(commands_that_make_no_sense_are_refused),
        cmocka_unit_test(a_locked_campaign_is_left_to_whoever_holds_it),
        cmocka_unit_test(an_outage_at_the_end_of_a_batch_is_told_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
