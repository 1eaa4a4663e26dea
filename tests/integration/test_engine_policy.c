/* The engine on a real database: what the members of a policy do. */
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

/* A canary of 12 that is judged by evidence, then the rest. Five successes in a row are enough for a
 * promotion, two failures for a halt. */
#define SEQUENTIAL                                                                                           \
    "{'name':'p','waves':[{'name':'canary','size':{'count':12},'gate':{'type':'sequential','acceptable_"     \
    "percent':5,'unacceptable_percent':50}},{'name':'wide','size':{'rest':true}," FIXTURE_GATE               \
    "}],'rate':{'per_minute':0},'in_flight':4}"

/* The device that was offered first and is not done yet. */
static char *offered(struct fixture *fixture)
{
    return services_query(fixture->url,
                          "SELECT device_id FROM targets WHERE state = 'offered' ORDER BY position LIMIT 1");
}

static void one_updates_itself(struct fixture *fixture)
{
    char *device = offered(fixture);
    assert_non_null(device);
    fixture_updates_itself(fixture, device);
    free(device);
    fixture_tick(fixture);
}

static void a_sequential_gate_waits_for_those_in_flight(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(20);
    fixture_campaign(fixture, "c", SEQUENTIAL);
    fixture_tick(fixture);
    for (int i = 0; i < 4; i++)
        one_updates_itself(fixture);
    assert_int_equal(fixture->updates, 8);
    one_updates_itself(fixture); /* the fifth success is enough, but three are in flight */
    assert_int_equal(fixture->updates, 8);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE state = 'pending'"), 1);
    for (int i = 0; i < 2; i++)
        one_updates_itself(fixture);
    assert_int_equal(fixture->updates, 8);
    one_updates_itself(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE state = 'passed'"), 1);
    assert_int_equal(fixture->updates, 12);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 20);
    fixture_release(fixture);
}

static void a_sequential_gate_counts_the_silent_ones(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(20);
    fixture_campaign(fixture, "c", SEQUENTIAL);
    fixture_tick(fixture);
    for (int i = 0; i < 5; i++)
        one_updates_itself(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE deadline IS NOT NULL"), 3);
    fixture_later(fixture, 200); /* the three in flight are silent: five of eight is no promotion */
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE verdict LIKE "
                                              "'halt: 3 failures in 8 outcomes%'"),
                     1);
    assert_int_equal(fixture->updates, 8);
    fixture_release(fixture);
}

/* First sendings only. */
static int64_t offers(struct fixture *fixture)
{
    return fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'offered'");
}

/* Two offers a minute at first, twice as many for every two confirmed, at most five. */
static void the_rate_grows_with_every_success(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(20);
    fixture_campaign(fixture, "c",
                     "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE
                     "}],'rate':{'per_minute':2,'growth_factor':2,'growth_every':2,'ceiling_per_minute':5},"
                     "'in_flight':20,'timeouts':{'offer_seconds':3600}}");
    for (int i = 0; i < 3; i++) /* time alone does not make it grow */
        fixture_later(fixture, 60);
    int64_t before = offers(fixture);
    fixture_later(fixture, 60);
    assert_in_range(offers(fixture) - before, 1, 2);
    for (int i = 0; i < 4; i++) {
        char *device = offered(fixture);
        fixture_updates_itself(fixture, device);
        free(device);
    }
    before = offers(fixture);
    for (int i = 0; i < 12; i++)
        fixture_later(fixture, 5);
    assert_in_range(offers(fixture) - before, 4, 5);
    assert_int_equal(fixture_integer(fixture, "SELECT rate_now FROM campaigns"), 5);
    fixture_release(fixture);
}

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
    assert_int_equal(fixture_targets(fixture, "skipped"), 1);
    fixture_reports(fixture, "lamp-1", "reverted");
    assert_int_equal(fixture_targets(fixture, "skipped"), 1);
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

#define APPROVED                                                                                             \
    "{'name':'p','waves':[{'name':'canary','size':{'count':1}," FIXTURE_GATE                                 \
    "},{'name':'wide','size':{'rest':true}," FIXTURE_GATE                                                    \
    "}],'rate':{'per_minute':0},'approval':{'approvers':2,'before':['start','wide']}}"

/* Approves as somebody; returns what the engine answered. */
static enum status approve(struct fixture *fixture, const char *who, const char *wave, int64_t *missing)
{
    struct actor actor = {.role = ROLE_OPERATOR};
    struct error error = {0};
    bool changed;
    snprintf(actor.name, sizeof actor.name, "%s", who);
    enum status status =
        operate_campaign_approve(fixture->store, &actor, "c", wave, "looks good", &changed, missing, &error);
    fixture_tick(fixture);
    return status;
}

static void others_must_approve_the_start_and_a_wave(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    int64_t missing = 0;
    fixture_campaign(fixture, "c", APPROVED);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "awaiting_approval");
    assert_int_equal(approve(fixture, fixture->actor.name, NULL, &missing), STATUS_DENIED);
    assert_int_equal(approve(fixture, "ann", "canary", &missing), STATUS_INVALID);
    assert_int_equal(approve(fixture, "ann", "no-wave", &missing), STATUS_INVALID);
    assert_int_equal(approve(fixture, "ann", NULL, &missing), STATUS_OK);
    assert_int_equal(missing, 1);
    assert_int_equal(approve(fixture, "ann", NULL, &missing), STATUS_OK); /* counts once */
    assert_int_equal(missing, 1);
    fixture_state_is(fixture, "c", "awaiting_approval");
    assert_int_equal(fixture->updates, 0);
    assert_int_equal(approve(fixture, "bob", NULL, &missing), STATUS_OK);
    fixture_state_is(fixture, "c", "running");
    fixture_everybody_updates(fixture);

    /* the canary is done; the next wave waits, and says for what */
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(fixture_targets(fixture, "pending"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE name = 'wide' AND verdict = "
                                              "'waits for 2 more approvals'"),
                     1);
    assert_int_equal(approve(fixture, "ann", "wide", &missing), STATUS_OK);
    fixture_everybody_updates(fixture);
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(approve(fixture, "carl", "wide", &missing), STATUS_OK);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(approve(fixture, "dora", "wide", &missing), STATUS_CONFLICT);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM audit WHERE action = 'approve'"), 4);
    fixture_release(fixture);
}

static void approval_may_come_before_the_start(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    int64_t missing = 0;
    fixture_draft(fixture, "c", APPROVED);
    assert_int_equal(approve(fixture, "ann", NULL, &missing), STATUS_OK);
    assert_int_equal(approve(fixture, "bob", NULL, &missing), STATUS_OK);
    fixture_state_is(fixture, "c", "draft");
    fixture_command(fixture, "c", CAMPAIGN_START);
    fixture_state_is(fixture, "c", "running");
    fixture_release(fixture);
}

static void a_campaign_starts_and_ends_by_the_clock(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    fixture_draft(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_sql(
        fixture,
        "UPDATE campaigns SET start_at = now() + interval '1 hour', end_at = now() + interval '2 hours'");
    fixture_command(fixture, "c", CAMPAIGN_START);
    fixture_state_is(fixture, "c", "scheduled");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE state_reason LIKE 'starts at %UTC'"),
        1);
    fixture_sql(fixture, "UPDATE campaigns SET start_at = now() - interval '1 second'");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running");
    assert_int_equal(fixture->updates, 2);
    fixture_sql(fixture, "UPDATE campaigns SET end_at = now() - interval '0.5 seconds'");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "cancelled");
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM campaigns WHERE state_reason = 'its end time has come'"),
        1);
    assert_int_equal(fixture_targets(fixture, "pending"), 0);
    assert_int_equal(fixture->cancels, 2);
    fixture_release(fixture);
}

static void at_its_end_it_may_pause_and_be_resumed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE campaigns SET end_at = now() - interval '1 second', at_end = 'pause'");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "paused");
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running"); /* and stays so */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE end_at IS NULL"), 1);
    fixture_release(fixture);
}

/* Quarantined after the plan was made: skipped when its wave opens. */
static void a_member_that_is_quarantined_meanwhile_is_skipped(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    char first[65], second[65], sql[300];
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    snprintf(
        sql, sizeof sql,
        "INSERT INTO quarantines (device_id, until, campaign_id, failures) SELECT device_id, now() + interval '1 day', "
        "campaign_id, 3 FROM targets WHERE wave = 1 ORDER BY position LIMIT 1");
    fixture_sql(fixture, sql);
    fixture_everybody_updates(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 3);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE state = 'skipped' AND reason = "
                                     "'quarantined'"),
                     1);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequential_gate_waits_for_those_in_flight),
        cmocka_unit_test(a_sequential_gate_counts_the_silent_ones),
        cmocka_unit_test(the_rate_grows_with_every_success),
        cmocka_unit_test(failures_are_tried_again_after_a_while),
        cmocka_unit_test(a_revert_that_is_said_again_after_giving_up_is_counted_once),
        cmocka_unit_test(a_trial_that_goes_on_after_a_silence_is_waited_for),
        cmocka_unit_test(a_trial_without_an_end_is_not_waited_for_for_ever),
        cmocka_unit_test(the_last_failure_counts),
        cmocka_unit_test(an_excused_failure_that_is_tried_again_counts_anew),
        cmocka_unit_test(what_the_policy_does_not_name_is_final),
        cmocka_unit_test(a_result_that_comes_late_is_taken_while_it_waits),
        cmocka_unit_test(a_device_that_flaps_is_left_alone_by_all_campaigns),
        cmocka_unit_test(a_member_that_is_quarantined_meanwhile_is_skipped),
        cmocka_unit_test(others_must_approve_the_start_and_a_wave),
        cmocka_unit_test(approval_may_come_before_the_start),
        cmocka_unit_test(a_campaign_starts_and_ends_by_the_clock),
        cmocka_unit_test(at_its_end_it_may_pause_and_be_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
