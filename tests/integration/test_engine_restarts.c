/* An attempt whose device boots in the middle of it: the device's own time begins anew, and so does the
 * server's. What a trial without a connection comes to. */
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

#define OLD "5555555555555555555555555555555555555555555555555555555555555555"
#define ALL_AT_ONCE                                                                                          \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold','success_percent':"  \
    "1,'finished_percent':100,'failure_percent':100,'min_sample':1}}],'rate':{'per_minute':600000},"         \
    "'in_flight':10,'timeouts':{'offer_seconds':30,'download_seconds':60,'confirm_seconds':40},'offline':{"  \
    "'wait_seconds':100,'then':'skip'}}"

/* A hello of the old image in this session; `activity` is a state, or NULL. */
static void hello(struct fixture *fixture, const char *session, const char *activity)
{
    char json[700], work[160] = "", says[40] = "";
    if (session != NULL)
        snprintf(says, sizeof says, "'session':'%s',", session);
    if (activity != NULL)
        snprintf(work, sizeof work, "'activity':{'campaign':1,'attempt':1,'nonce':'%%NONCE','state':'%s'},",
                 activity);
    snprintf(json, sizeof json,
             "{'report':'hello',%s%s'version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':"
             "'power_on','sha256':'" OLD "'}",
             says, work);
    fixture_report(fixture, "lamp-1", json);
}

/* The same of the new one, on trial. */
static void trial_hello(struct fixture *fixture, const char *session)
{
    char json[700], says[40] = "";
    if (session != NULL)
        snprintf(says, sizeof says, "'session':'%s',", session);
    snprintf(
        json, sizeof json,
        "{'report':'hello',%s'activity':{'campaign':1,'attempt':1,'nonce':'%%NONCE','state':'trial'},'version':"
        "'%%VERSION','slot':2,'boot':'trial','reset_reason':'software','sha256':'%%SHA'}",
        says);
    fixture_report(fixture, "lamp-1", json);
}

static void says(struct fixture *fixture, const char *report)
{
    fixture_reports(fixture, "lamp-1", report);
}

static const char *state_of(struct fixture *fixture)
{
    static char text[40];
    char *state = services_query(fixture->url, "SELECT state FROM targets");
    snprintf(text, sizeof text, "%s", state);
    free(state);
    return text;
}

static struct fixture *taken(const char *session)
{
    struct fixture *fixture = fixture_make(1);
    if (session != NULL)
        hello(fixture, session, NULL);
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture_report(fixture, "lamp-1", "{'report':'accepted','campaign':1,'attempt':1}");
    assert_string_equal(state_of(fixture), "accepted");
    return fixture;
}

/* It says that it has nothing in work, and is sent its offer again. */
static void boots_and_takes_it_anew(struct fixture *fixture, const char *session)
{
    int64_t before = fixture->updates;
    hello(fixture, session, NULL);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, before + 1);
    fixture_report(fixture, "lamp-1", "{'report':'accepted','campaign':1,'attempt':1}");
}

/* Firmware without sessions is believed, too. */
static const char *const second_boots[] = {"0000000b.1", NULL};
static const char *const third_boots[] = {"0000000c.1", NULL};
static const char *const first_boots[] = {"0000000a.1", NULL};

static void an_attempt_taken_anew_has_its_time_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fixture *fixture = taken(first_boots[i]);
        fixture_report(fixture, "lamp-1", "{'report':'downloading','campaign':1,'attempt':1,'progress':50}");
        fixture_later(fixture, 55);
        boots_and_takes_it_anew(fixture, second_boots[i]);
        fixture_later(fixture, 55);
        assert_string_equal(state_of(fixture), "downloading");
        boots_and_takes_it_anew(fixture, third_boots[i]);
        fixture_later(fixture, 55);
        assert_string_equal(state_of(fixture), "downloading");
        assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets"), 1);
        says(fixture, "confirmed");
        fixture_tick(fixture);
        fixture_state_is(fixture, "c", "completed");
        fixture_release(fixture);
    }
}

static void a_repeat_moves_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    fixture_later(fixture, 50);
    fixture_report(fixture, "lamp-1", "{'report':'accepted','campaign':1,'attempt':1}");
    hello(fixture, "0000000a.2", "accepted"); /* it was only the connection */
    fixture_report(fixture, "lamp-1", "{'report':'accepted','campaign':1,'attempt':1}");
    fixture_later(fixture, 15);
    assert_string_equal(state_of(fixture), "silent");
    fixture_release(fixture);
}

static void one_boot_moves_it_once(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    fixture_later(fixture, 50);
    boots_and_takes_it_anew(fixture, "0000000b.1");
    fixture_later(fixture, 50);
    fixture_report(fixture, "lamp-1", "{'report':'accepted','campaign':1,'attempt':1}");
    fixture_later(fixture, 15);
    assert_string_equal(state_of(fixture), "silent");
    fixture_release(fixture);
}

static void three_times_at_most(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    for (int i = 0; i < 4; i++) {
        char session[20];
        snprintf(session, sizeof session, "0000001%d.1", i);
        fixture_later(fixture, 50);
        assert_string_equal(state_of(fixture), "accepted");
        boots_and_takes_it_anew(fixture, session);
    }
    fixture_later(fixture, 15);
    assert_string_equal(state_of(fixture), "silent");
    fixture_release(fixture);
}

/* Its report that it has taken it anew is lost; what its next hello says is the same. */
static void a_hello_at_work_says_it_too(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    fixture_later(fixture, 50);
    hello(fixture, "0000000b.1", NULL);
    hello(fixture, "0000000b.2", "downloading");
    fixture_later(fixture, 50);
    assert_string_equal(state_of(fixture), "accepted");
    fixture_release(fixture);
}

/* The power went between the last report and the flip. */
static void who_has_forgotten_what_it_installed_is_sent_it_again(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    says(fixture, "installed");
    fixture_later(fixture, 35);
    boots_and_takes_it_anew(fixture, "0000000b.1");
    fixture_later(fixture, 35);
    assert_string_equal(state_of(fixture), "installed");
    says(fixture, "confirmed");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

/* --- trials ------------------------------------------------------------------------------------------- */

static void each_boot_of_a_trial_has_its_time(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    says(fixture, "installed");
    for (int i = 0; i < 9; i++) {
        char session[20];
        snprintf(session, sizeof session, "0000001%d.1", i);
        fixture_later(fixture, 35);
        trial_hello(fixture, session);
        snprintf(session, sizeof session, "0000001%d.2", i);
        fixture_later(fixture, 2);
        trial_hello(fixture, session); /* it was only the connection */
        assert_string_equal(state_of(fixture), "trial");
    }
    fixture_later(fixture, 36);
    assert_string_equal(state_of(fixture), "trial");
    trial_hello(fixture, "00000024.1"); /* no attempt has more than three trials, of three boots */
    fixture_later(fixture, 10);
    assert_string_equal(state_of(fixture), "silent");
    fixture_release(fixture);
}

/* The hello of an earlier boot that comes late. */
static void an_older_boot_moves_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    says(fixture, "installed");
    trial_hello(fixture, "0000000b.1");
    trial_hello(fixture, "0000000c.1");
    fixture_later(fixture, 30);
    trial_hello(fixture, "0000000b.1"); /* or it is the other one that is late: it is asked, in vain */
    fixture_later(fixture, 15);
    fixture_later(fixture, 20);
    assert_string_equal(state_of(fixture), "silent");
    fixture_release(fixture);
}

/* --- retrials ----------------------------------------------------------------------------------------- */

/* From whatever was reported before. */
static void a_trial_without_a_verdict_is_made_again(void **state)
{
    (void)state;
    static const char *const before[] = {"accepted", "downloading", "installed", "trial"};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        struct fixture *fixture = taken("0000000a.1");
        says(fixture, before[i]);
        fixture_later(fixture, 35);
        hello(fixture, "0000000b.1", "retrial");
        assert_string_equal(state_of(fixture), "installed");
        assert_int_equal(fixture_integer(fixture, "SELECT failures FROM ops.campaign_progress"), 0);
        assert_int_equal(fixture_integer(fixture, "SELECT progress FROM targets"), 100);
        fixture_later(fixture, 35);
        trial_hello(fixture, "0000000c.1");
        assert_string_equal(state_of(fixture), "trial");
        says(fixture, "confirmed");
        fixture_tick(fixture);
        fixture_state_is(fixture, "c", "completed");
        fixture_release(fixture);
    }
}

static void three_trials_at_most(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    says(fixture, "installed");
    for (int i = 0; i < 5; i++) {
        char session[20];
        snprintf(session, sizeof session, "0000001%d.1", i);
        fixture_later(fixture, 35);
        hello(fixture, session, "retrial");
        snprintf(session, sizeof session, "0000001%d.2", i);
        hello(fixture, session, "retrial"); /* it was only the connection */
        if (i < 3)
            assert_string_equal(state_of(fixture), "installed");
    }
    assert_string_equal(state_of(fixture), "silent");
    fixture_release(fixture);
}

static void no_connection_is_a_verdict(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    says(fixture, "installed");
    hello(fixture, "0000000b.1", "retrial");
    fixture_report(fixture, "lamp-1",
                   "{'report':'hello','session':'0000000c.1','version':'v1.0.5t45772(a)','slot':1,'boot':"
                   "'confirmed','reset_reason':'software','sha256':'" OLD "','result':{'report':'reverted',"
                   "'campaign':1,'attempt':1,'nonce':'%NONCE','reason':'no_connection','version':"
                   "'v1.0.5t45772(a)','slot':1,'sha256':'" OLD "'}}");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(fixture_integer(fixture, "SELECT devices FROM ops.failures_by_reason WHERE reason = "
                                              "'no_connection'"),
                     1);
    fixture_release(fixture);
}

/* What was stopped meanwhile is not booted once more; nor in a pause is anything stopped. */
static void what_was_stopped_is_not_booted_again(void **state)
{
    (void)state;
    static const struct {
        enum campaign_command command;
        const char *ends;
    } cases[] = {{CAMPAIGN_CANCEL, "cancelled"}, {CAMPAIGN_PAUSE, "installed"}};
    for (size_t i = 0; i < 2; i++) {
        struct fixture *fixture = taken("0000000a.1");
        says(fixture, "trial");
        fixture_command(fixture, "c", cases[i].command);
        int64_t before = fixture->cancels;
        hello(fixture, "0000000b.1", "retrial");
        fixture_tick(fixture);
        assert_int_equal(fixture->cancels - before, cases[i].command == CAMPAIGN_CANCEL ? 1 : 0);
        if (cases[i].command == CAMPAIGN_CANCEL)
            fixture_report(fixture, "lamp-1",
                           "{'report':'cancelled','campaign':1,'attempt':1,'nonce':'%NONCE'}");
        assert_string_equal(state_of(fixture), cases[i].ends);
        fixture_release(fixture);
    }
}

/* Nor what a gate has halted; it may go on later. */
static void what_was_halted_goes_back_to_wait(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    says(fixture, "trial");
    fixture_sql(fixture, "UPDATE campaigns SET state = 'halted'");
    hello(fixture, "0000000b.1", "retrial");
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 1);
    fixture_report(fixture, "lamp-1", "{'report':'cancelled','campaign':1,'attempt':1,'nonce':'%NONCE'}");
    assert_string_equal(state_of(fixture), "pending");
    fixture_release(fixture);
}

/* Whatever it says, in whatever order: all ways to begin its time anew have an end, and so have its events.
 */
static void boots_and_says_everything(struct fixture *fixture, int *boot)
{
    char session[20];
    snprintf(session, sizeof session, "%08x.1", (unsigned)++*boot);
    trial_hello(fixture, session);
    fixture_later(fixture, 30);
    snprintf(session, sizeof session, "%08x.1", (unsigned)++*boot);
    hello(fixture, session, "retrial");
    snprintf(session, sizeof session, "%08x.1", (unsigned)++*boot);
    hello(fixture, session, NULL);
    fixture_report(fixture, "lamp-1", "{'report':'accepted','campaign':1,'attempt':1}");
    fixture_later(fixture, 30);
}

static void no_device_keeps_its_place_for_ever(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    int boot = 0x100;
    says(fixture, "installed");
    for (int i = 0; i < 30; i++)
        boots_and_says_everything(fixture, &boot);
    assert_string_equal(state_of(fixture), "silent");
    assert_in_range(fixture_integer(fixture, "SELECT count(*) FROM events WHERE subject = 'target'"), 5, 15);
    fixture_release(fixture);
}

static void no_device_keeps_a_campaign_from_going_back(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    int boot = 0x100;
    says(fixture, "installed");
    boots_and_says_everything(fixture, &boot);
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    for (int i = 0; i < 20; i++)
        boots_and_says_everything(fixture, &boot);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE state = 'rolled_back' OR "
                                              "kind = 'rollback'"),
                     1);
    fixture_release(fixture);
}

/* It would be rejected as busy, and that may be counted. */
static void who_is_at_work_on_what_was_given_up_is_offered_nothing(void **state)
{
    (void)state;
    static const char *const at_work[] = {"retrial", "downloading"};
    for (int i = 0; i < 2; i++) {
        struct fixture *fixture = fixture_make(1);
        hello(fixture, "0000000a.1", NULL);
        fixture_campaign(
            fixture, "c",
            "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"
            "'failure_percent':20,'count_rejected':true}}],'rate':{'per_minute':0},'timeouts':{"
            "'offer_seconds':30,'download_seconds':60,'confirm_seconds':40},'retry':{'attempts':3,"
            "'backoff_seconds':1,'on':['silent']}}");
        fixture_tick(fixture);
        says(fixture, i == 0 ? "trial" : "downloading");
        fixture_sql(fixture, "UPDATE presence SET online = false");
        fixture_later(fixture, 61);
        fixture_tick(fixture);
        assert_string_equal(state_of(fixture), "pending");
        fixture_sql(fixture, "UPDATE presence SET online = true");
        hello(fixture, "0000000b.1", at_work[i]);
        fixture_later(fixture, 35);
        assert_int_equal(fixture->updates, 1);
        says(fixture, "confirmed");
        fixture_tick(fixture);
        fixture_state_is(fixture, "c", "completed");
        fixture_release(fixture);
    }
}

/* Given up as silent, it still says how it ends. */
static void a_retrial_after_silence_is_followed_to_its_end(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    says(fixture, "trial");
    fixture_later(fixture, 41);
    assert_string_equal(state_of(fixture), "silent");
    hello(fixture, "0000000b.1", "retrial");
    assert_string_equal(state_of(fixture), "silent");
    says(fixture, "confirmed");
    assert_string_equal(state_of(fixture), "confirmed");
    fixture_release(fixture);
}

/* The next attempt has all of its own time. */
static void a_new_attempt_begins_with_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = taken("0000000a.1");
    boots_and_takes_it_anew(fixture, "0000000b.1");
    says(fixture, "installed");
    hello(fixture, "0000000c.1", "retrial");
    fixture_sql(fixture,
                "UPDATE targets SET state = 'pending', deadline = NULL; UPDATE waves SET pending = 1, "
                "installed = 0");
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT attempt FROM targets WHERE state = 'offered' AND restarts "
                                     "= 0 AND retrials = 0 AND boot IS NULL AND NOT rebooted"),
                     2);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_taken_anew_has_its_time_anew),
        cmocka_unit_test(a_repeat_moves_nothing),
        cmocka_unit_test(one_boot_moves_it_once),
        cmocka_unit_test(three_times_at_most),
        cmocka_unit_test(a_hello_at_work_says_it_too),
        cmocka_unit_test(who_has_forgotten_what_it_installed_is_sent_it_again),
        cmocka_unit_test(each_boot_of_a_trial_has_its_time),
        cmocka_unit_test(an_older_boot_moves_nothing),
        cmocka_unit_test(a_trial_without_a_verdict_is_made_again),
        cmocka_unit_test(three_trials_at_most),
        cmocka_unit_test(no_connection_is_a_verdict),
        cmocka_unit_test(what_was_stopped_is_not_booted_again),
        cmocka_unit_test(what_was_halted_goes_back_to_wait),
        cmocka_unit_test(no_device_keeps_its_place_for_ever),
        cmocka_unit_test(no_device_keeps_a_campaign_from_going_back),
        cmocka_unit_test(who_is_at_work_on_what_was_given_up_is_offered_nothing),
        cmocka_unit_test(a_retrial_after_silence_is_followed_to_its_end),
        cmocka_unit_test(a_new_attempt_begins_with_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
