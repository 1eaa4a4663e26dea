/* Resuming after a wave in which nobody succeeded, and pauses that stop downloads, on a real database. */
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

#define GATE                                                                                                 \
    "'gate':{'type':'threshold','success_percent':90,'finished_percent':100,'failure_percent':20,'min_"      \
    "sample':1}"
#define POLICY(more)                                                                                         \
    "{'name':'p','waves':[{'name':'canary','size':{'count':1}," GATE                                         \
    "},{'name':'wide','size':{'rest':true}," GATE                                                            \
    "}],'rate':{'per_minute':0},'in_flight':4,'timeouts':{'offer_seconds':30,'download_seconds':60,"         \
    "'confirm_seconds':40},'offline':{'wait_seconds':100,'then':'skip'}" more "}"

static enum status order(struct fixture *fixture, struct campaign_order order, struct campaign_done *done,
                         struct error *error)
{
    *error = (struct error){0};
    return operate_campaign_order(fixture->store, &fixture->actor, "c", &order, done, error);
}

static void canary(struct fixture *fixture, char device[65])
{
    char last[65];
    fixture_canary_devices(fixture, device, last);
}

/* A campaign whose canary, the device, has ended so. */
static void canary_says(struct fixture *fixture, char device[65], const char *report)
{
    fixture_campaign(fixture, "c", POLICY(""));
    fixture_tick(fixture);
    canary(fixture, device);
    fixture_reports(fixture, device, report);
    fixture_tick(fixture);
}

static void says(const struct campaign_done *done, const char *words)
{
    if (strstr(done->plan, words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, done->plan);
}

/* The plan changes nothing; the order does what it said. */
static void resume_says(struct fixture *fixture, const char *words)
{
    struct campaign_done plan, done;
    struct error error;
    assert_int_equal(
        order(fixture, (struct campaign_order){.command = CAMPAIGN_RESUME, .only_plan = true}, &plan, &error),
        STATUS_OK);
    assert_false(plan.changed);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(order(fixture, (struct campaign_order){.command = CAMPAIGN_RESUME}, &done, &error),
                     STATUS_OK);
    assert_true(done.changed);
    assert_string_equal(plan.plan, done.plan);
    says(&done, words);
    fixture_tick(fixture);
}

static void completes(struct fixture *fixture)
{
    fixture_state_is(fixture, "c", "running");
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
}

static void who_was_rejected_is_tried_again(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    char device[65];
    canary_says(fixture, device, "rejected");
    fixture_state_is(fixture, "c", "halted");
    resume_says(fixture,
                "wave canary: 0 succeeded, so 1 members that were rejected or skipped are tried again");
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    completes(fixture);
    fixture_release(fixture);
}

/* It is waited for once more, as long as the policy says, and not given up at once. */
static void who_was_offline_is_waited_for_anew(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_campaign(fixture, "c", POLICY(""));
    fixture_tick(fixture);
    fixture_later(fixture, 110);
    fixture_state_is(fixture, "c", "halted");
    fixture_passes(fixture, 1000);
    resume_says(fixture, "1 members that were rejected or skipped are tried again");
    fixture_later(fixture, 50);
    fixture_state_is(fixture, "c", "running");
    assert_int_equal(fixture_targets(fixture, "skipped"), 0);
    fixture_later(fixture, 60);
    fixture_state_is(fixture, "c", "halted");
    resume_says(fixture, "1 members that were rejected or skipped are tried again");
    fixture_sql(fixture, "UPDATE presence SET online = true");
    fixture_tick(fixture);
    completes(fixture);
    fixture_release(fixture);
}

static void who_failed_is_tried_again_where_nobody_else_is_there(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    char device[65];
    canary_says(fixture, device, "failed");
    fixture_state_is(fixture, "c", "halted");
    resume_says(fixture, "wave canary: 0 succeeded, so 1 members that failed are tried again; wave canary: 1 "
                         "failures so far are excused");
    fixture_reports(fixture, device, "failed"); /* and it is a failure again */
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    resume_says(fixture, "1 members that failed are tried again");
    completes(fixture);
    fixture_release(fixture);
}

static void no_success_is_accepted_when_it_is_said(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    struct campaign_done done;
    struct error error;
    char device[65];
    canary_says(fixture, device, "failed");
    assert_int_equal(order(fixture,
                           (struct campaign_order){.command = CAMPAIGN_RESUME,
                                                   .accepts_no_success = true,
                                                   .reason = "a broken lamp"},
                           &done, &error),
                     STATUS_OK);
    says(&done, "wave canary passes with 0 successes, as accepted");
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    completes(fixture);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM audit WHERE action = 'accept_no_success' AND "
                                     "actor = 'tester' AND reason = 'a broken lamp' AND "
                                     "detail ->> 'wave' = 'canary'"),
                     1);
    fixture_release(fixture);
}

/* Nobody can be tried again: whoever was skipped runs it already. */
static void a_resume_that_would_change_nothing_is_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    struct campaign_done done;
    struct error error;
    char device[65], sql[200];
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_campaign(fixture, "c", POLICY(""));
    fixture_tick(fixture);
    canary(fixture, device);
    snprintf(sql, sizeof sql,
             "UPDATE devices SET version = '%s', version_order = '110v' WHERE device_id = '%s'",
             FIXTURE_VERSION, device);
    fixture_sql(fixture, sql);
    fixture_sql(fixture, "UPDATE presence SET online = true");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(order(fixture, (struct campaign_order){.command = CAMPAIGN_RESUME}, &done, &error),
                     STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "--accept-no-success"));
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(order(fixture,
                           (struct campaign_order){.command = CAMPAIGN_RESUME, .accepts_no_success = true},
                           &done, &error),
                     STATUS_OK);
    fixture_tick(fixture);
    completes(fixture);
    fixture_release(fixture);
}

/* They would be passed over at the next tick, and the campaign would halt again, every time. */
static void who_would_be_passed_over_is_not_tried_again(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "UPDATE devices SET version = 'v1.2.0t45772(a)', version_order = '120v'",
        "UPDATE products SET max_version = 'v1.0.9', max_version_order = '109v'",
        "INSERT INTO quarantines (device_id, until, campaign_id, failures) SELECT device_id, now() + interval '1 "
        "day', 1, 3 FROM devices",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct fixture *fixture = fixture_make(3);
        struct campaign_done done;
        struct error error;
        fixture_sql(fixture, "UPDATE presence SET online = false");
        fixture_campaign(fixture, "c", POLICY(""));
        fixture_tick(fixture);
        fixture_sql(fixture, changes[i]);
        fixture_sql(fixture, "UPDATE presence SET online = true");
        fixture_tick(fixture);
        fixture_state_is(fixture, "c", "halted");
        assert_int_equal(fixture_targets(fixture, "skipped"), 1);
        assert_int_equal(order(fixture, (struct campaign_order){.command = CAMPAIGN_RESUME}, &done, &error),
                         STATUS_CONFLICT);
        fixture_release(fixture);
    }
}

/* A campaign that has rolled nothing out must not end as completed. */
static void no_success_at_all_is_not_accepted(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct campaign_done done;
    struct error error;
    fixture_campaign(fixture, "c", POLICY(""));
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "failed");
    fixture_tick(fixture);
    assert_int_equal(order(fixture,
                           (struct campaign_order){.command = CAMPAIGN_RESUME, .accepts_no_success = true},
                           &done, &error),
                     STATUS_CONFLICT);
    resume_says(fixture, "1 members that failed are tried again");
    completes(fixture);
    fixture_release(fixture);
}

/* Too few outcomes halt as well: 1 of 3 succeeded, and the gate wants 3. */
static void too_few_outcomes_are_made_good(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    fixture_campaign(fixture, "c",
                     "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"
                     "'success_percent':90,'finished_percent':100,'failure_percent':50,'min_sample':3}}],"
                     "'rate':{'per_minute':0},'in_flight':4}");
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "confirmed");
    fixture_reports(fixture, "lamp-2", "rejected");
    fixture_reports(fixture, "lamp-3", "rejected");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    resume_says(fixture, "wave all: 1 succeeded, so 2 members that were rejected or skipped are tried again");
    completes(fixture);
    fixture_release(fixture);
}

static void what_is_not_for_a_command_is_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct campaign_done done;
    struct error error;
    fixture_campaign(fixture, "c", POLICY(""));
    assert_int_equal(order(fixture,
                           (struct campaign_order){.command = CAMPAIGN_PAUSE, .accepts_no_success = true},
                           &done, &error),
                     STATUS_INVALID);
    assert_int_equal(
        order(fixture, (struct campaign_order){.command = CAMPAIGN_RESUME, .downloads = DOWNLOADS_STOPPED},
              &done, &error),
        STATUS_INVALID);
    assert_int_equal(
        order(fixture, (struct campaign_order){.command = CAMPAIGN_CANCEL, .only_plan = true}, &done, &error),
        STATUS_INVALID);
    fixture_release(fixture);
}

/* --- pauses ----------------------------------------------------------------------------------------- */

#define ALL_AT_ONCE(more)                                                                                    \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," GATE                                          \
    "}],'rate':{'per_minute':0},'in_flight':9,'timeouts':{'offer_seconds':30,'download_seconds':60,"         \
    "'confirm_seconds':40}" more "}"

/* lamp-1 is offered it, 2 has taken it, 3 and 4 download it, 5 has installed it. */
static struct fixture *fixture_at_work(const char *policy)
{
    struct fixture *fixture = fixture_make(5);
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-2", "accepted");
    fixture_reports(fixture, "lamp-3", "downloading");
    fixture_reports(fixture, "lamp-4", "downloading");
    fixture_reports(fixture, "lamp-5", "installed");
    return fixture;
}

static void says_that_it_cannot_download(struct fixture *fixture, const char *device, const char *reason)
{
    char json[200];
    snprintf(json, sizeof json, "{'report':'failed','campaign':1,'attempt':1,'reason':'%s'}", reason);
    fixture_report(fixture, device, json);
}

static void a_pause_stops_downloads_when_told_to(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_at_work(ALL_AT_ONCE(""));
    struct campaign_order stop = {.command = CAMPAIGN_PAUSE, .downloads = DOWNLOADS_STOPPED};
    struct campaign_order plan = stop;
    struct campaign_done done;
    struct error error;
    plan.only_plan = true;
    assert_int_equal(order(fixture, plan, &done, &error), STATUS_OK);
    fixture_state_is(fixture, "c", "running");
    says(&done, "1 offers without an answer are withdrawn; 3 downloads are stopped, and offered anew after a "
                "resume; 1 devices that have installed it go on");
    assert_int_equal(order(fixture, stop, &done, &error), STATUS_OK);
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 4);
    assert_int_equal(fixture_integer(fixture, "SELECT not_answered FROM ops.stopped_downloads"), 4);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_reports(fixture, "lamp-2", "cancelled");
    /* The image server was faster than the cancel: that is no failure, and is acknowledged. */
    says_that_it_cannot_download(fixture, "lamp-3", "http_status");
    assert_int_equal(fixture->acks, 1);
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c", "pending pending pending downloading installed");
    assert_int_equal(fixture_integer(fixture, "SELECT stopped FROM ops.stopped_downloads"), 3);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 0);
    assert_int_equal(order(fixture, stop, &done, &error), STATUS_OK);
    assert_false(done.changed);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM audit WHERE action = 'stop_downloads'"),
                     1);
    /* What the device did wrong itself it did. */
    says_that_it_cannot_download(fixture, "lamp-4", "flash_error");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c", "pending pending pending failed installed");
    fixture_release(fixture);
}

/* It says so only after the campaign goes on. */
static void a_stopped_download_is_no_failure_later_either(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_at_work(ALL_AT_ONCE(""));
    struct campaign_order stop = {.command = CAMPAIGN_PAUSE, .downloads = DOWNLOADS_STOPPED};
    struct campaign_done done;
    struct error error;
    assert_int_equal(order(fixture, stop, &done, &error), STATUS_OK);
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE downloads_stopped"), 0);
    says_that_it_cannot_download(fixture, "lamp-3", "connection_lost");
    /* Nor is the silence of one that is gone: nobody knows whether it could have downloaded it. */
    fixture_sql(fixture, "UPDATE presence SET online = false WHERE device_id = 'lamp-4'");
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_reports(fixture, "lamp-2", "cancelled");
    fixture_reports(fixture, "lamp-5", "confirmed");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c", "offered offered offered downloading confirmed");
    fixture_updates_itself(fixture, "lamp-1");
    fixture_updates_itself(fixture, "lamp-2");
    fixture_updates_itself(fixture, "lamp-3");
    fixture_later(fixture, 70);
    fixture_targets_are(fixture, "c", "confirmed confirmed confirmed pending confirmed");
    fixture_sql(fixture, "UPDATE presence SET online = true");
    fixture_tick(fixture);
    /* A failure of the next attempt is one. */
    char json[200];
    snprintf(json, sizeof json, "{'report':'failed','campaign':1,'attempt':2,'reason':'http_status'}");
    fixture_report(fixture, "lamp-4", json);
    fixture_targets_are(fixture, "c", "confirmed confirmed confirmed failed confirmed");
    fixture_release(fixture);
}

static void the_policy_says_what_a_pause_does(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_at_work(ALL_AT_ONCE(",'on_pause':'stop_downloads'"));
    struct campaign_done done;
    struct error error;
    struct campaign_order keep = {.command = CAMPAIGN_PAUSE, .downloads = DOWNLOADS_KEPT};
    assert_int_equal(order(fixture, keep, &done, &error), STATUS_OK);
    says(&done, "3 downloads go on");
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 1);
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE withdrawn"), 4);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE downloads_stopped"), 1);
    fixture_release(fixture);
}

/* As an afterthought. */
static void a_paused_campaign_stops_its_downloads(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_at_work(ALL_AT_ONCE(""));
    struct campaign_order stop = {.command = CAMPAIGN_PAUSE, .downloads = DOWNLOADS_STOPPED};
    struct campaign_done done;
    struct error error;
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    assert_int_equal(fixture->cancels, 1);
    assert_int_equal(order(fixture, stop, &done, &error), STATUS_OK);
    assert_true(done.changed);
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE withdrawn"), 4);
    fixture_state_is(fixture, "c", "paused");
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_rejected_is_tried_again),
        cmocka_unit_test(who_was_offline_is_waited_for_anew),
        cmocka_unit_test(who_failed_is_tried_again_where_nobody_else_is_there),
        cmocka_unit_test(no_success_is_accepted_when_it_is_said),
        cmocka_unit_test(a_resume_that_would_change_nothing_is_refused),
        cmocka_unit_test(who_would_be_passed_over_is_not_tried_again),
        cmocka_unit_test(no_success_at_all_is_not_accepted),
        cmocka_unit_test(too_few_outcomes_are_made_good),
        cmocka_unit_test(what_is_not_for_a_command_is_refused),
        cmocka_unit_test(a_pause_stops_downloads_when_told_to),
        cmocka_unit_test(a_stopped_download_is_no_failure_later_either),
        cmocka_unit_test(the_policy_says_what_a_pause_does),
        cmocka_unit_test(a_paused_campaign_stops_its_downloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
