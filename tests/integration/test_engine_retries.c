/* The engine on a real database: what is tried again, and what counts of devices that come back late. */
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

/* One wave; three attempts, 60 s and then 120 s between them; after the third failure a device is
 * quarantined. */
#define RETRIES                                                                                              \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE                                  \
    "}],'rate':{'per_minute':0},'in_flight':4,'timeouts':{'offer_seconds':30,'download_seconds':60,"         \
    "'confirm_seconds':40},'retry':{'attempts':3,'backoff_seconds':60,'backoff_factor':2,'on':['failed',"    \
    "'silent']},'flapping':{'failures':3,'within_seconds':3600,'quarantine_seconds':500}}"

static int64_t attempt(struct fixture *fixture, const char *device)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT attempt FROM targets WHERE device_id = '%s'", device);
    return fixture_integer(fixture, sql);
}

static void fails(struct fixture *fixture, const char *device)
{
    fixture_reports(fixture, device, "accepted");
    fixture_reports(fixture, device, "failed");
    fixture_tick(fixture);
}

static void failures_are_tried_again_after_a_while(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", RETRIES);
    fixture_tick(fixture);
    fails(fixture, "lamp-1");
    assert_int_equal(fixture_targets(fixture, "pending"), 1); /* not a failure yet: the gate goes on */
    fixture_state_is(fixture, "c", "running");
    fixture_updates_itself(fixture, "lamp-2");
    fixture_later(fixture, 50);
    assert_int_equal(attempt(fixture, "lamp-1"), 1);
    fixture_later(fixture, 20);
    assert_int_equal(attempt(fixture, "lamp-1"), 2);
    fixture_later(fixture, 31); /* not a word: silent, and tried again later */
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_later(fixture, 100);
    assert_int_equal(attempt(fixture, "lamp-1"), 2);
    fixture_later(fixture, 30);
    assert_int_equal(attempt(fixture, "lamp-1"), 3);
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 2);
    fixture_release(fixture);
}

/* It was tried again, and given up while offline: that it went back is known already. */
static void a_revert_that_is_said_again_after_giving_up_is_counted_once(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(
        fixture, "c",
        "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE
        "}],'rate':{'per_minute':0},'retry':{'attempts':2,'backoff_seconds':600,'on':['reverted']},"
        "'offline':{'wait_seconds':100,'then':'skip'}}");
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_reports(fixture, "lamp-1", "reverted");
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE presence SET online = false WHERE device_id = 'lamp-1'");
    fixture_later(fixture, 1000);
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    fixture_reports(fixture, "lamp-1", "reverted");
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'reverted'"), 1);
    fixture_release(fixture);
}

/* Silent in the middle of its trial, and heard of again: it runs the image, and may yet go back. */
static struct fixture *one_that_is_still_on_trial(void)
{
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", RETRIES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_sql(fixture, "UPDATE devices SET version = '" FIXTURE_VERSION "', boot = 'trial'");
    fixture_later(fixture, 41);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'silent'"), 1);
    fixture_later(fixture, 61);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE reason = 'on_trial'"), 1);
    return fixture;
}

static void a_trial_that_goes_on_after_a_silence_is_waited_for(void **state)
{
    (void)state;
    struct fixture *fixture = one_that_is_still_on_trial();
    fixture_reports(fixture, "lamp-1", "confirmed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(attempt(fixture, "lamp-1"), 1);
    fixture_release(fixture);
}

static void a_trial_without_an_end_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    struct fixture *fixture = one_that_is_still_on_trial();
    fixture_later(fixture, 30);
    assert_int_equal(attempt(fixture, "lamp-1"), 1);
    fixture_later(fixture, 11);
    assert_int_equal(attempt(fixture, "lamp-1"), 2);
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    fixture_release(fixture);
}

static void the_last_failure_counts(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", RETRIES);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-2");
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(attempt(fixture, "lamp-1"), i);
        fixture_state_is(fixture, "c", "running");
        fails(fixture, "lamp-1");
        fixture_later(fixture, 130);
    }
    fixture_reports(fixture, "lamp-1", "confirmed"); /* it has said itself that it failed */
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    fixture_release(fixture);
}

/* Halted by a revert, and one fails while it is halted: both are excused by the resume. The second one is
 * tried again, so that its failure is none any more, and neither is the excuse. */
static void an_excused_failure_that_is_tried_again_counts_anew(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    fixture_campaign(fixture, "c", RETRIES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-2", "accepted");
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_reports(fixture, "lamp-1", "reverted");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    fails(fixture, "lamp-2");
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    fixture_state_is(fixture, "c", "running");
    assert_int_equal(fixture_targets(fixture, "failed"), 0);
    assert_int_equal(fixture_integer(fixture, "SELECT excused FROM waves"), 1);
    for (int i = 0; i < 2; i++) {
        fixture_later(fixture, 130);
        fails(fixture, "lamp-2");
    }
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

static void what_the_policy_does_not_name_is_final(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", RETRIES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_reports(fixture, "lamp-1", "reverted");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(fixture_targets(fixture, "reverted"), 1);
    fixture_release(fixture);
}

static void a_result_that_comes_late_is_taken_while_it_waits(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", RETRIES);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_later(fixture, 45);
    assert_int_equal(fixture_targets(fixture, "pending"), 1); /* silent, and to be tried again */
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets"), 1);
    fixture_release(fixture);
}

static void a_device_that_flaps_is_left_alone_by_all_campaigns(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", RETRIES);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-2");
    for (int i = 0; i < 3; i++) {
        fails(fixture, "lamp-1");
        fixture_later(fixture, 130);
    }
    assert_int_equal(fixture_integer(fixture, "SELECT failures FROM quarantines WHERE device_id = 'lamp-1'"),
                     3);
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    fixture_later(fixture, 0);
    fixture_sql(fixture, "UPDATE devices SET version = 'v1.0.5t45772(a)', version_order = '105v'");
    fixture_campaign(fixture, "d", RETRIES);
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT members FROM campaigns WHERE name = 'd'"), 1);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_tick(fixture);
    fixture_state_is(fixture, "d", "completed");

    /* and afterwards, or when it is released, it is taken again */
    struct error error = {0};
    bool changed = false;
    assert_int_equal(
        operate_device_release(fixture->store, &fixture->actor, "lamp-9", NULL, &changed, &error),
        STATUS_NOT_FOUND);
    assert_int_equal(
        operate_device_release(fixture->store, &fixture->actor, "lamp-1", "mended", &changed, &error),
        STATUS_OK);
    assert_true(changed);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 0);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM audit WHERE action = 'release_device' AND "
                                     "object = 'lamp-1' AND reason = 'mended'"),
                     1);
    assert_int_equal(
        operate_device_release(fixture->store, &fixture->actor, "lamp-1", NULL, &changed, &error), STATUS_OK);
    assert_false(changed);
    fixture_sql(fixture, "UPDATE devices SET version = 'v1.0.5t45772(a)', version_order = '105v'");
    fixture_campaign(fixture, "e", RETRIES);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "offered"), 2);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_are_tried_again_after_a_while),
        cmocka_unit_test(a_revert_that_is_said_again_after_giving_up_is_counted_once),
        cmocka_unit_test(a_trial_that_goes_on_after_a_silence_is_waited_for),
        cmocka_unit_test(a_trial_without_an_end_is_not_waited_for_for_ever),
        cmocka_unit_test(the_last_failure_counts),
        cmocka_unit_test(an_excused_failure_that_is_tried_again_counts_anew),
        cmocka_unit_test(what_the_policy_does_not_name_is_final),
        cmocka_unit_test(a_result_that_comes_late_is_taken_while_it_waits),
        cmocka_unit_test(a_device_that_flaps_is_left_alone_by_all_campaigns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
