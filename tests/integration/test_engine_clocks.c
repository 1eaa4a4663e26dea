/* The clocks by which a campaign goes (docs/architecture.md, "Clocks"): soaks, retries, and for how long an
 * offline device is waited for. */
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

#define WAVES                                                                                                \
    "'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE "}],'rate':{'per_minute':0},"     \
    "'timeouts':{'offer_seconds':30,'download_seconds':60,'confirm_seconds':40}"
#define SOAKING                                                                                              \
    "{'name':'p','waves':[{'name':'canary','soak_seconds':100,'size':{'count':1}," FIXTURE_GATE              \
    "},{'name':'wide','size':{'rest':true}," FIXTURE_GATE "}],'rate':{'per_minute':0}}"
#define TRIED_AGAIN                                                                                          \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold','failure_percent':"  \
    "100,'success_percent':1}}],'rate':{'per_minute':0},'retry':{'attempts':2,'backoff_seconds':100,'on':["  \
    "'failed']}}"

static void goes_offline(struct fixture *fixture, const char *device)
{
    char sql[160];
    snprintf(sql, sizeof sql, "UPDATE presence SET online = false, changed_at = now() WHERE device_id = '%s'",
             device);
    fixture_sql(fixture, sql);
}

static void comes_back(struct fixture *fixture, const char *device)
{
    char sql[160];
    snprintf(sql, sizeof sql, "UPDATE presence SET online = true, changed_at = now() WHERE device_id = '%s'",
             device);
    fixture_sql(fixture, sql);
    fixture_tick(fixture);
}

/* Nobody was served for so long, until just now. */
static void outage(struct fixture *fixture, int seconds)
{
    char sql[700];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO outages (part, clock_stood_still, began, ended, service_at, asked_at, orchestrator_id) "
        "SELECT 'broker', true, now() - interval '%d s', now(), now() - interval '%d s' - "
        "make_interval(secs => away), now(), 'fixture' FROM service",
        seconds, seconds);
    /* Without a tick: nobody looks in an outage. */
    fixture->broker_is_down = true;
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = NULL");
    fixture_passes(fixture, seconds);
    fixture_sql(fixture, sql);
    snprintf(sql, sizeof sql, "UPDATE service SET away = away + %d, outage_ended = now()", seconds);
    fixture_sql(fixture, sql);
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = 'infinity'");
    fixture->broker_is_down = false;
}

static void pause_for(struct fixture *fixture, int seconds)
{
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    fixture_later(fixture, seconds);
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
}

static void halt_for(struct fixture *fixture, int seconds)
{
    fixture_sql(fixture, "UPDATE campaigns SET state = 'halted', stands_since = service_clock()");
    fixture_later(fixture, seconds);
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
}

static void (*const rests[])(struct fixture *fixture, int seconds) = {pause_for, halt_for, outage};
enum { RESTS = sizeof rests / sizeof rests[0] };

/* --- soak --------------------------------------------------------------------------------------------- */

static void a_soak_stands_still_while_nothing_is_watched(void **state)
{
    (void)state;
    for (int i = 0; i < RESTS; i++) {
        char first[65], last[65];
        struct fixture *fixture = fixture_make(3);
        fixture_campaign(fixture, "c", SOAKING);
        fixture_tick(fixture);
        fixture_canary_devices(fixture, first, last);
        fixture_updates_itself(fixture, first);
        fixture_tick(fixture);
        fixture_later(fixture, 60);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE state = 'soaking'"), 1);
        rests[i](fixture, 1000);
        fixture_tick(fixture);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE state = 'soaking'"), 1);
        /* What is shown is when it will end: 40 seconds are left. */
        assert_in_range(fixture_integer(fixture, "SELECT round(extract(epoch FROM soak_until - now())) FROM "
                                                 "ops.wave_progress WHERE state = 'soaking'"),
                        30, 41);
        fixture_later(fixture, 41);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE state = 'passed'"), 1);
        fixture_release(fixture);
    }
}

/* --- retry -------------------------------------------------------------------------------------------- */

static void a_back_off_stands_still_too(void **state)
{
    (void)state;
    for (int i = 0; i < RESTS; i++) {
        struct fixture *fixture = fixture_make(1);
        fixture_campaign(fixture, "c", TRIED_AGAIN);
        fixture_tick(fixture);
        fixture_reports(fixture, "lamp-1", "failed");
        fixture_tick(fixture);
        assert_int_equal(fixture_targets(fixture, "pending"), 1);
        rests[i](fixture, 1000);
        fixture_tick(fixture);
        assert_int_equal(fixture->updates, 1);
        fixture_later(fixture, 101);
        assert_int_equal(fixture->updates, 2);
        fixture_release(fixture);
    }
}

/* --- offline ------------------------------------------------------------------------------------------ */

static void nobody_is_given_up_for_time_without_offers(void **state)
{
    (void)state;
    for (int i = 0; i < RESTS; i++) {
        struct fixture *fixture = fixture_make(2);
        goes_offline(fixture, "lamp-2");
        fixture_campaign(fixture, "c", "{" WAVES ",'offline':{'wait_seconds':100,'then':'fail'}}");
        fixture_tick(fixture);
        fixture_updates_itself(fixture, "lamp-1");
        fixture_later(fixture, 60);
        rests[i](fixture, 1000);
        fixture_tick(fixture);
        if (rests[i] == outage)
            fixture_later(fixture, 61); /* in which devices connect again */
        fixture_later(fixture, 30);
        assert_int_equal(fixture_targets(fixture, "pending"), 1);
        fixture_later(fixture, 11);
        fixture_later(fixture, 1);
        assert_int_equal(fixture_targets(fixture, "failed"), 1);
        fixture_release(fixture);
    }
}

static void who_comes_back_after_a_rest_is_offered_it(void **state)
{
    (void)state;
    for (int i = 0; i < RESTS; i++) {
        struct fixture *fixture = fixture_make(2);
        goes_offline(fixture, "lamp-2");
        fixture_campaign(fixture, "c", "{" WAVES ",'offline':{'wait_seconds':10,'then':'fail'}}");
        fixture_tick(fixture);
        fixture_updates_itself(fixture, "lamp-1");
        rests[i](fixture, 1000);
        fixture_tick(fixture);
        assert_int_equal(fixture_targets(fixture, "pending"), 1);
        comes_back(fixture, "lamp-2");
        fixture_updates_itself(fixture, "lamp-2");
        assert_int_equal(fixture_targets(fixture, "confirmed"), 2);
        fixture_release(fixture);
    }
}

/* Minutes from now as a window says them. */
static void window(struct fixture *fixture, int from, int to, char *text, size_t size)
{
    char sql[200];
    snprintf(
        sql, sizeof sql,
        "SELECT to_char((now() + interval '%d min') AT TIME ZONE 'UTC', 'HH24:MI') || '-' || to_char((now() + "
        "interval '%d min') AT TIME ZONE 'UTC', 'HH24:MI')",
        from, to);
    char *words = services_query(fixture->url, sql);
    snprintf(text, size, "{'from':'%.5s','to':'%.5s'}", words, words + 6);
    free(words);
}

static void open_windows(struct fixture *fixture, int from, int to)
{
    char text[60], sql[400];
    window(fixture, from, to, text, sizeof text);
    for (char *c = text; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    snprintf(sql, sizeof sql,
             "UPDATE campaigns SET policy = jsonb_set(policy::jsonb, '{windows,open,0}', (policy::jsonb #> "
             "'{windows,open,0}') || '%s')::json",
             text);
    fixture_sql(fixture, sql);
    fixture_tick(fixture);
}

static void nobody_is_given_up_outside_the_windows(void **state)
{
    (void)state;
    char hours[60], policy[700];
    struct fixture *fixture = fixture_make(2);
    window(fixture, 300, 400, hours, sizeof hours);
    snprintf(policy, sizeof policy,
             "{" WAVES ",'offline':{'wait_seconds':100,'then':'fail'},'windows':{'zone':'UTC','open':[%s]}}",
             hours);
    goes_offline(fixture, "lamp-2");
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    fixture_later(fixture, 3600);
    fixture_later(fixture, 3600);
    assert_int_equal(fixture_targets(fixture, "pending"), 2);
    open_windows(fixture, -10, 100);
    fixture_updates_itself(fixture, "lamp-1");
    fixture_later(fixture, 60);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    open_windows(fixture, 300, 400);
    fixture_passes(fixture, 3600);
    fixture_tick(fixture);
    open_windows(fixture, -10, 100);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    char *verdict = services_query(fixture->url, "SELECT verdict FROM waves");
    assert_non_null(strstr(verdict, "1 offline, given up after 0:01 h more of open windows"));
    free(verdict);
    fixture_later(fixture, 50);
    fixture_later(fixture, 1);
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    fixture_release(fixture);
}

/* Each by the hours of its own zone: the window is open in UTC, and closed six hours west of it. */
static void each_zone_has_its_own_time(void **state)
{
    (void)state;
    char hours[60], policy[700];
    struct fixture *fixture = fixture_make(3);
    fixture_sql(fixture, "UPDATE devices SET tags = '{tz:Etc/GMT+6}' WHERE device_id = 'lamp-3'");
    window(fixture, -30, 60, hours, sizeof hours);
    snprintf(policy, sizeof policy,
             "{" WAVES
             ",'offline':{'wait_seconds':100,'then':'skip'},'windows':{'zone':'device','open':[%s]}}",
             hours);
    goes_offline(fixture, "lamp-2");
    goes_offline(fixture, "lamp-3");
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-1");
    fixture_later(fixture, 101);
    fixture_later(fixture, 1);
    fixture_targets_are(fixture, "c", "confirmed skipped pending");
    fixture_release(fixture);
}

/* The ticker was away, and nothing says so: no orchestrator could reach its database's campaigns. */
static void nobody_is_given_up_for_time_in_which_nobody_looked(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    goes_offline(fixture, "lamp-1");
    fixture_campaign(fixture, "c", "{" WAVES ",'offline':{'wait_seconds':100,'then':'fail'}}");
    fixture_tick(fixture);
    fixture_passes(fixture, 90);
    fixture_tick(fixture);
    fixture_later(fixture, 60);
    fixture_later(fixture, 1);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_later(fixture, 41);
    fixture_later(fixture, 1);
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    fixture_release(fixture);
}

/* The broker stands still with its connections open: nobody knows yet, and the ticker goes on. */
static void time_in_which_nobody_is_served_does_not_count(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    goes_offline(fixture, "lamp-1");
    fixture_sql(fixture, "UPDATE service SET served_until = clock_timestamp()");
    fixture_campaign(fixture, "c", "{" WAVES ",'offline':{'wait_seconds':30,'then':'fail'}}");
    fixture_tick(fixture);
    for (int i = 0; i < 10; i++) {
        fixture_passes(fixture, 10);
        fixture_sql(fixture,
                    "UPDATE service SET served_until = served_until - interval '10 s'; UPDATE campaigns "
                    "SET state_at = state_at - interval '10 s'");
        fixture_tick(fixture);
    }
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    outage(fixture, 1);
    fixture_sql(fixture, "UPDATE service SET served_until = clock_timestamp()");
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    char *verdict = services_query(fixture->url, "SELECT verdict FROM waves");
    char *when = services_query(fixture->url, "SELECT to_char((now() + interval '80 s') AT TIME ZONE 'UTC', "
                                              "'YYYY-MM-DD HH24:MI:SS')");
    assert_non_null(strstr(verdict, "1 offline, given up from "));
    assert_true(strcmp(strstr(verdict, "given up from ") + strlen("given up from "), when) > 0);
    free(verdict);
    free(when);
    fixture_release(fixture);
}

/* A sweep of a large fleet takes its time. */
static void looks_that_are_far_apart_count(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    goes_offline(fixture, "lamp-1");
    fixture_campaign(fixture, "c", "{" WAVES ",'offline':{'wait_seconds':100,'then':'skip'}}");
    fixture_tick(fixture);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(fixture_targets(fixture, "pending"), 1);
        fixture_passes(fixture, 14);
        fixture_sql(fixture, "UPDATE campaigns SET state_at = state_at - interval '14 s'");
        fixture_tick(fixture);
    }
    fixture_later(fixture, 1);
    assert_int_equal(fixture_targets(fixture, "skipped"), 1);
    fixture_release(fixture);
}

/* Those that are too far apart do not, and leave nothing behind. */
static void looks_that_count_nothing_leave_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    goes_offline(fixture, "lamp-1");
    fixture_campaign(fixture, "c", "{" WAVES ",'offline':{'wait_seconds':100,'then':'skip'}}");
    fixture_tick(fixture);
    for (int i = 0; i < 20; i++) {
        fixture_passes(fixture, 100);
        fixture_tick(fixture);
    }
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    assert_in_range(fixture_integer(fixture, "SELECT count(*) FROM offer_times"), 1, 2);
    fixture_release(fixture);
}

/* What fails for the campaign alone is no time for it either. */
static void time_in_which_its_tick_fails_does_not_count(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    goes_offline(fixture, "lamp-1");
    fixture_campaign(fixture, "c", "{" WAVES ",'offline':{'wait_seconds':30,'then':'skip'}}");
    fixture_tick(fixture);
    fixture_passes(fixture, 40);
    fixture_sql(fixture, "UPDATE campaigns SET state_at = state_at - interval '40 s', tick_error = 'failed', "
                         "tick_error_at = now() - interval '39 s'");
    fixture_tick(fixture);
    fixture_later(fixture, 1);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_release(fixture);
}

/* A back-off is no time in which it could be offered something. */
static void the_wait_begins_when_an_attempt_is_due(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(
        fixture, "c",
        "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"
        "'failure_percent':100,'success_percent':1}}],'rate':{'per_minute':0},'retry':{'attempts':"
        "2,'backoff_seconds':100,'on':['failed']},'offline':{'wait_seconds':50,'then':'skip'}}");
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "failed");
    goes_offline(fixture, "lamp-1");
    fixture_tick(fixture);
    fixture_later(fixture, 120);
    fixture_later(fixture, 20);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_later(fixture, 20);
    fixture_later(fixture, 1);
    assert_int_equal(fixture_targets(fixture, "pending"), 0);
    fixture_release(fixture);
}

/* Of what was noted only that is kept which somebody may still be waited for by. */
static void what_is_noted_does_not_grow(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    goes_offline(fixture, "lamp-1");
    fixture_campaign(fixture, "c", "{" WAVES ",'offline':{'wait_seconds':10,'then':'skip'}}");
    fixture_tick(fixture);
    fixture_sql(fixture,
                "UPDATE presence SET probed_at = now()"); /* it may answer yet, so it is not given up */
    for (int i = 0; i < 10; i++) {
        fixture_sql(fixture, "UPDATE presence SET probed_at = now()");
        fixture_later(fixture, 9);
        fixture_sql(fixture, "UPDATE presence SET probed_at = now()");
        pause_for(fixture, 10);
    }
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    assert_in_range(fixture_integer(fixture, "SELECT count(*) FROM offer_times"), 1, 4);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_soak_stands_still_while_nothing_is_watched),
        cmocka_unit_test(a_back_off_stands_still_too),
        cmocka_unit_test(nobody_is_given_up_for_time_without_offers),
        cmocka_unit_test(who_comes_back_after_a_rest_is_offered_it),
        cmocka_unit_test(nobody_is_given_up_outside_the_windows),
        cmocka_unit_test(each_zone_has_its_own_time),
        cmocka_unit_test(nobody_is_given_up_for_time_in_which_nobody_looked),
        cmocka_unit_test(time_in_which_nobody_is_served_does_not_count),
        cmocka_unit_test(looks_that_are_far_apart_count),
        cmocka_unit_test(looks_that_count_nothing_leave_nothing),
        cmocka_unit_test(time_in_which_its_tick_fails_does_not_count),
        cmocka_unit_test(the_wait_begins_when_an_attempt_is_due),
        cmocka_unit_test(what_is_noted_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
