/* The engine on a real database: pausing, withdrawing, cancelling and going back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "engine_fixture.h"
#include "ingest.h"
#include "services.h"
#include "tick.h"

static void a_pause_withdraws_what_nobody_took(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "accepted");
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    fixture_state_is(fixture, "c", "paused");
    assert_int_equal(fixture->cancels, 1);
    assert_non_null(strstr(fixture->last_topic, "lamp-2"));
    fixture_reports(fixture, "lamp-2", "cancelled");
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_reports(fixture, "lamp-1", "confirmed"); /* what was taken goes on */
    fixture_later(fixture, 1000);
    assert_int_equal(fixture->updates, 2); /* a paused campaign sends no offer */
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    assert_int_equal(fixture->updates, 3);
    assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets WHERE device_id = 'lamp-2'"), 2);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM audit WHERE action = 'pause'"), 1);
    fixture_release(fixture);
}

static void a_withdrawn_offer_that_nobody_answers_is_no_outcome(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_later(fixture, 31);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_release(fixture);
}

/* It is online, and may have taken the offer: another attempt would only be in its way. */
static void a_withdrawn_offer_is_not_made_again_while_its_device_may_be_at_it(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    fixture_later(fixture, 31);
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    assert_int_equal(fixture->updates, 2);
    assert_true(fixture->cancels > 2); /* they are asked again and again */
    fixture_reports(fixture, "lamp-1", "confirmed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    fixture_later(fixture, 101); /* by now the other one's own deadlines are over */
    assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets WHERE device_id = 'lamp-2'"), 2);
    fixture_release(fixture);
}

/* Neither the cancel nor what the device said about it got through. */
static void a_withdrawn_offer_that_was_taken_all_the_same_counts(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_later(fixture, 31);
    assert_int_equal(fixture_targets(fixture, "pending"), 2);
    fixture_reports(fixture, "lamp-1", "trial"); /* only an offer takes a target into flight */
    assert_int_equal(fixture_rejected(fixture, "out_of_order"), 1);
    fixture_reports(fixture, "lamp-1", "confirmed");
    fixture_reports(fixture, "lamp-2", "reverted");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(fixture_targets(fixture, "reverted"), 1);
    assert_int_equal(fixture->acks, 2);
    fixture_tick(fixture);
    fixture_release(fixture);
}

static void a_cancel_ends_everything(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    char first[65], second[65];
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    fixture_reports(fixture, first, "downloading");
    fixture_reports(fixture, second, "trial");
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    fixture_state_is(fixture, "c", "cancelled");
    assert_int_equal(fixture_targets(fixture, "cancelled"), 8);
    assert_int_equal(fixture->cancels, 1); /* the one on trial cannot be stopped any more */
    fixture_reports(fixture, first, "cancelled");
    assert_int_equal(fixture_targets(fixture, "cancelled"), 9);
    fixture_reports(fixture, second, "confirmed");
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE settled"), 1);
    fixture_release(fixture);
}

/* One report, stored on a connection of its own. */
static void *ingest_on_its_own(void *context)
{
    struct fixture *fixture = context;
    static const char json[] = "{\"report\":\"cancelled\",\"campaign\":1,\"attempt\":1}";
    struct store *store = store_create(fixture->url, "ingest");
    struct report report;
    struct ingest_summary summary;
    struct error error;
    report_parse("fota/v1/lamp-1/report", json, strlen(json), &report);
    enum status status = ingest_batch(&fixture->engine, store, &report, 1, &summary, &error);
    store_destroy(store);
    return (void *)(intptr_t)status;
}

/* Its transaction has seen the campaign paused; before it commits, the campaign is cancelled. */
static void a_withdrawal_that_meets_the_cancel_leaves_nothing_pending(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct store *holder = store_create(fixture->url, "holder");
    struct error error;
    pthread_t ingest;
    void *status;
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    /* Let go by PostgreSQL, once the cancel waits too. */
    assert_int_equal(store_run_script(holder, "SET idle_in_transaction_session_timeout = '1s'", &error),
                     STATUS_OK);
    assert_int_equal(store_begin(holder, &error), STATUS_OK);
    assert_int_equal(store_run_script(holder, "SELECT FROM waves FOR UPDATE", &error), STATUS_OK);
    assert_int_equal(pthread_create(&ingest, NULL, ingest_on_its_own, fixture), 0);
    while (fixture_integer(fixture, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ingest' "
                                    "AND wait_event_type = 'Lock' AND datname = current_database()") == 0)
        continue;
    bool changed;
    assert_int_equal(operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_CANCEL, NULL,
                                              &changed, &error),
                     STATUS_OK);
    store_rollback(holder);
    pthread_join(ingest, &status);
    assert_int_equal((intptr_t)status, STATUS_OK);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "pending"), 0); /* or the device could never be updated again */
    assert_int_equal(fixture_targets(fixture, "cancelled"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE settled"), 1);
    store_destroy(holder);
    fixture_release(fixture);
}

static void what_was_updated_before_a_cancel_goes_back(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    char first[65], second[65];
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    fixture_updates_itself(fixture, first);
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM waves WHERE state IN ('open', 'soaking')"), 0);
    fixture_reports(fixture, second, "cancelled");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_state_is(fixture, "c", "rolling_back");
    assert_int_equal(fixture->rollbacks, 1);
    assert_non_null(strstr(fixture->last_topic, first));
    fixture_report(
        fixture, first,
        "{'report':'confirmed','campaign':2,'attempt':1,'nonce':'%NONCE','version':'v1.0.5t45772(a)',"
        "'slot':1,'sha256':'5555555555555555555555555555555555555555555555555555555555555555'}");
    fixture_tick(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "rolled_back");
    fixture_release(fixture);
}

static void devices_go_back_after_promotion(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_state_is(fixture, "c", "rolling_back");
    fixture_state_is(fixture, "c.rollback", "running");
    assert_int_equal(fixture->rollbacks, 4);
    assert_non_null(strstr(fixture->last_payload, "\"sha256\":\"5555555555"));
    for (int i = 1; i <= 4; i++) {
        char device[16];
        snprintf(device, sizeof device, "lamp-%d", i);
        fixture_reports(fixture, device, "accepted");
        fixture_report(
            fixture, device,
            "{'report':'confirmed','campaign':2,'attempt':1,'nonce':'%NONCE','version':'v1.0.5t45772(a)',"
            "'slot':1,'sha256':'5555555555555555555555555555555555555555555555555555555555555555'}");
    }
    fixture_tick(fixture);
    fixture_state_is(fixture, "c.rollback", "completed");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "rolled_back");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM devices WHERE version = 'v1.0.5t45772(a)'"), 4);
    fixture_release(fixture);
}

/* A quarantine keeps updates away, not the way back from one. */
static void a_quarantined_device_goes_back_all_the_same(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    char policy[1200];
    snprintf(policy, sizeof policy, "{'retry':{'attempts':2,'backoff_seconds':0},%s", &FIXTURE_TWO_WAVES[1]);
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    fixture_sql(fixture, "INSERT INTO quarantines (device_id, until, campaign_id, failures) VALUES "
                         "('lamp-1', now() + interval '1 day', 1, 3)");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    assert_int_equal(fixture_targets(fixture, "skipped"), 0);
    assert_int_equal(fixture->rollbacks, 2);
    fixture_reports(fixture, "lamp-1", "failed"); /* and is tried again as any other */
    fixture_tick(fixture);
    fixture_tick(fixture);
    assert_int_equal(fixture->rollbacks, 3);
    fixture_release(fixture);
}

static void on_halt_rollback_needs_no_operator(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    char first[65], second[65], policy[1200];
    snprintf(policy, sizeof policy, "{'on_halt':'rollback',%s", &FIXTURE_TWO_WAVES[1]);
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    fixture_updates_itself(fixture, first);
    fixture_reports(fixture, second, "reverted");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "rolling_back");
    assert_int_equal(fixture_targets(fixture, "cancelled"), 8);
    assert_int_equal(fixture->rollbacks, 1);
    assert_non_null(strstr(fixture->last_topic, first));
    fixture_command(fixture, "c.rollback", CAMPAIGN_CANCEL);
    fixture_reports(fixture, first, "cancelled");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted"); /* its rollback was cancelled */
    struct error error = {0};
    bool changed;
    assert_int_equal(
        operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_RESUME, "", &changed, &error),
        STATUS_CONFLICT); /* the wave of cancelled members would halt, and so roll back again */
    assert_non_null(strstr(error.message, "8 members"));
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    fixture_release(fixture);
}

static void a_campaign_with_the_name_of_a_rollback_is_not_in_its_way(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "confirmed");
    fixture_sql(fixture, "INSERT INTO campaigns (name, firmware_id, ptype, policy, seed, created_by) SELECT "
                         "'c.rollback', 1, 45772, policy, 1, 'tester' FROM campaigns");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_reports(fixture, "lamp-2", "cancelled");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c.rollback-2", "running");
    fixture_release(fixture);
}

/* The pause's withdrawal and the failures that halt fall due in one tick, as after an orchestrator was away.
 */
static void a_halt_takes_back_what_was_withdrawn_in_the_same_tick(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    char first[65], second[65], policy[1200];
    snprintf(policy, sizeof policy, "{'on_halt':'rollback',%s", &FIXTURE_TWO_WAVES[1]);
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    fixture_reports(fixture, first, "accepted");
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_later(fixture, 61);
    assert_int_equal(fixture_targets(fixture, "silent"), 1);
    assert_int_equal(fixture_targets(fixture, "cancelled"), 1);
    fixture_state_is(fixture, "c", "rolled_back"); /* nobody runs the new firmware: nothing to take back */
    fixture_release(fixture);
}

/* Between two sweeps what was sent is not sent again; a device at work is told to stop all the same. */
static void a_halt_does_not_wait_for_the_next_sweep(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    char first[65], second[65];
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture->engine.is_between_sweeps = true;
    fixture_sql(fixture,
                "UPDATE targets SET sent_at = sent_at - interval '1 hour' WHERE deadline IS NOT NULL");
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2);
    fixture_canary_devices(fixture, first, second);
    fixture_reports(fixture, first, "accepted");
    fixture_reports(fixture, second, "accepted");
    fixture_report(fixture, second, "{'report':'failed','campaign':1,'attempt':1,'reason':'flash_error'}");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(fixture->cancels, 1);
    assert_non_null(strstr(fixture->last_topic, first));
    fixture_release(fixture);
}

/* The offer expires after 30 s, and the orchestrator would send it again after 40. */
static void a_lost_offer_is_sent_again_before_it_expires(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture->engine.offer_resend_seconds = 40;
    fixture_campaign(fixture, "c",
                     "{'name':'p','waves':[{'name':'all','size':{'percent':100}," FIXTURE_GATE
                     "}],'timeouts':{'offer_seconds':30}}");
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture_later(fixture, 9);
    assert_int_equal(fixture->updates, 1);
    fixture_later(fixture, 2);
    assert_int_equal(fixture->updates, 2);
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    fixture_release(fixture);
}

/* What was sent as the broker went away is lost: it is sent again to whoever says hello, at work or not. */
static void a_lost_cancel_is_sent_again_at_the_next_hello(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    static const char at_work[] =
        "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
        "'sha256':'%SHA','activity':{'campaign':1,'attempt':1,'state':'downloading','progress':10}}";
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "downloading");
    fixture_report(fixture, "lamp-1", at_work);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1); /* it is at work: no offer again */
    fixture->broker_is_down = true;
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    fixture_tick(fixture);
    fixture->broker_is_down = false;
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 0);
    fixture_report(fixture, "lamp-1", at_work);
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 1);
    assert_int_equal(fixture->updates, 1);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "cancelled"), 1);
    fixture_release(fixture);
}

/* Nobody heard that it had taken the offer, nor it that the campaign was cancelled: it must not install what
 * may be bad. */
static void who_is_at_work_on_what_was_stopped_is_told_so(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    static const char at_work[] =
        "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
        "'sha256':'%SHA','activity':{'campaign':1,'attempt':1,'state':'downloading'}}";
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture->broker_is_down = true;
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    fixture_later(fixture, 40);
    assert_int_equal(fixture_targets(fixture, "cancelled"), 1);
    fixture->broker_is_down = false;
    fixture_report(fixture, "lamp-1", at_work);
    assert_int_equal(fixture->cancels, 1);
    assert_non_null(strstr(fixture->last_payload, "\"campaign\":1,\"attempt\":1"));
    fixture_reports(fixture, "lamp-1", "downloading");
    assert_int_equal(fixture->cancels, 2);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 2);
    assert_int_equal(fixture_targets(fixture, "cancelled"), 1);

    /* what comes late of one that has done it all the same is no work */
    fixture_reports(fixture, "lamp-1", "confirmed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    fixture_reports(fixture, "lamp-1", "downloading");
    assert_int_equal(fixture->cancels, 2);
    fixture_release(fixture);
}

/* It is slow, and the campaign goes on: what becomes of it counts. */
static void who_is_slow_in_a_running_campaign_is_let_go_on(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    fixture_campaign(fixture, "c",
                     "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"
                     "'failure_percent':50,'min_sample':1}}],'timeouts':{'offer_seconds':30}}");
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-3", "trial");
    fixture_later(fixture, 40);
    assert_int_equal(fixture_targets(fixture, "silent"), 2);
    fixture_state_is(fixture, "c", "halted");
    fixture_reports(fixture, "lamp-1", "accepted");
    assert_int_equal(fixture->cancels, 1);
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    fixture_state_is(fixture, "c", "running");
    fixture_reports(fixture, "lamp-2", "accepted");
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 1);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pause_withdraws_what_nobody_took),
        cmocka_unit_test(a_withdrawn_offer_that_nobody_answers_is_no_outcome),
        cmocka_unit_test(a_withdrawn_offer_is_not_made_again_while_its_device_may_be_at_it),
        cmocka_unit_test(a_withdrawn_offer_that_was_taken_all_the_same_counts),
        cmocka_unit_test(a_cancel_ends_everything),
        cmocka_unit_test(a_withdrawal_that_meets_the_cancel_leaves_nothing_pending),
        cmocka_unit_test(what_was_updated_before_a_cancel_goes_back),
        cmocka_unit_test(devices_go_back_after_promotion),
        cmocka_unit_test(a_quarantined_device_goes_back_all_the_same),
        cmocka_unit_test(on_halt_rollback_needs_no_operator),
        cmocka_unit_test(a_campaign_with_the_name_of_a_rollback_is_not_in_its_way),
        cmocka_unit_test(a_halt_takes_back_what_was_withdrawn_in_the_same_tick),
        cmocka_unit_test(a_halt_does_not_wait_for_the_next_sweep),
        cmocka_unit_test(a_lost_offer_is_sent_again_before_it_expires),
        cmocka_unit_test(a_lost_cancel_is_sent_again_at_the_next_hello),
        cmocka_unit_test(who_is_at_work_on_what_was_stopped_is_told_so),
        cmocka_unit_test(who_is_slow_in_a_running_campaign_is_let_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
