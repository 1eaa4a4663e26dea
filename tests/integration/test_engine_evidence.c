/* Deadlines and evidence: what a campaign judges, when, and what it takes back. */
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
#include "tick.h"

/* All at once, three devices; nobody may fail: any failure halts. */
#define STRICT                                                                                               \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold','success_percent':"  \
    "90,'finished_percent':100,'failure_percent':20,'min_sample':1}}],'rate':{'per_minute':600000},"         \
    "'in_flight':10,'timeouts':{'offer_seconds':30,'download_seconds':60,'confirm_seconds':40},'offline':{"  \
    "'wait_seconds':100,'then':'skip'}}"

/* The same, and only all of them together halt. */
#define LENIENT                                                                                              \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold','success_percent':"  \
    "1,'finished_percent':100,'failure_percent':100,'min_sample':1}}],'rate':{'per_minute':600000},"         \
    "'in_flight':10,'timeouts':{'offer_seconds':30,'download_seconds':60,'confirm_seconds':40},'offline':{"  \
    "'wait_seconds':100,'then':'skip'}}"

/* The watermark of the only orchestrator stands so many seconds ago. */
static void evidence_is_behind(struct fixture *fixture, int seconds)
{
    char sql[200];
    snprintf(sql, sizeof sql, "UPDATE orchestrators SET watermark = clock_timestamp() - interval '%d s'",
             seconds);
    fixture_sql(fixture, sql);
}

static void evidence_is_complete(struct fixture *fixture)
{
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = 'infinity'");
}

/* An outage of `part` begins now, and has ended so many seconds ago when this returns. All in flight have
 * been asked by then. */
static void outage(struct fixture *fixture, const char *part, int seconds, int ago)
{
    char sql[900];
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = NULL");
    fixture_later(fixture, seconds + ago);
    snprintf(
        sql, sizeof sql,
        "INSERT INTO outages (part, clock_stood_still, began, ended, service_at, asked_at, orchestrator_id) "
        "SELECT '%s', true, now() - interval '%d s', now() - interval '%d s', now() - interval '%d s' - "
        "make_interval(secs => away), now() - interval '%d s', 'fixture' FROM service;"
        "UPDATE service SET away = away + %d, outage_ended = now() - interval '%d s', heard_since = now() - "
        "interval '%d s';"
        "UPDATE orchestrators SET watermark = 'infinity'",
        part, seconds + ago, ago, seconds + ago, ago, seconds, ago, ago);
    struct error error;
    assert_int_equal(store_run_script(fixture->store, sql, &error), STATUS_OK);
}

static void hello(struct fixture *fixture, const char *device)
{
    fixture_report(fixture, device,
                   "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':"
                   "'power_on','sha256':'5555555555555555555555555555555555555555555555555555555555555555'}");
}

static struct fixture *three_in_flight(const char *policy)
{
    struct fixture *fixture = fixture_make(3);
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "offered"), 3);
    return fixture;
}

static void no_deadline_is_judged_beyond_the_evidence(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    evidence_is_behind(fixture, 100);
    fixture_later(fixture, 50); /* past the offer's 30 s: but what was said meanwhile is not known yet */
    assert_int_equal(fixture_targets(fixture, "offered"), 3);
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM ops.wave_progress WHERE verdict LIKE '%not stored yet'"),
        1);
    for (int i = 1; i <= 3; i++) {
        char device[16];
        snprintf(device, sizeof device, "lamp-%d", i);
        fixture_updates_itself(fixture, device);
    }
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

static void the_slowest_orchestrator_counts(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    fixture_sql(
        fixture,
        "INSERT INTO orchestrators VALUES ('slow', '{}', now() - interval '1 hour', now() - interval '100 s')");
    fixture_later(fixture, 50);
    assert_int_equal(fixture_targets(fixture, "offered"),
                     3); /* its lease is over: its place is not taken yet */
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = NULL WHERE orchestrator_id = 'slow'");
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "silent"), 3); /* it takes no reports */
    fixture_release(fixture);
}

static void without_an_orchestrator_nothing_is_judged(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = NULL");
    fixture_later(fixture, 3600);
    assert_int_equal(fixture_targets(fixture, "offered"), 3);
    fixture_release(fixture);
}

static void reports_that_may_be_lost_are_asked_for_first(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(LENIENT);
    fixture_sql(fixture,
                "INSERT INTO outages (part, clock_stood_still, began, ended, service_at, orchestrator_id) "
                "VALUES ('orchestrator', false, now(), now(), now(), 'other')");
    fixture_later(fixture, 50);
    assert_int_equal(fixture->asks, 3);
    assert_int_equal(fixture_targets(fixture, "silent"), 0);
    hello(fixture, "lamp-1"); /* it is there, and has nothing to say of the offer */
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "silent"), 1);
    fixture_later(fixture, 16);
    assert_int_equal(fixture_targets(fixture, "silent"), 3);
    fixture_release(fixture);
}

/* Two breaks in a row: the devices were being asked because of the first. */
static void a_question_that_may_be_lost_is_no_question(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(LENIENT);
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = NULL");
    fixture_later(fixture, 50);
    fixture_sql(fixture, "UPDATE presence SET probed_at = now() - interval '1 s'");
    fixture_sql(fixture,
                "INSERT INTO outages (part, clock_stood_still, began, ended, service_at, orchestrator_id) "
                "VALUES ('orchestrator', false, now(), now(), now(), 'other')");
    fixture_sql(fixture, "UPDATE service SET heard_since = now()");
    evidence_is_complete(fixture);
    int64_t asks = fixture->asks;
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asks + 3);
    assert_int_equal(fixture_targets(fixture, "silent"), 0);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "silent"), 0); /* the answers may be on their way */
    fixture_release(fixture);
}

static void an_outage_moves_every_deadline(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    outage(fixture, "orchestrator", 100, 0);
    for (int i = 1; i <= 3; i++) {
        char device[16];
        snprintf(device, sizeof device, "lamp-%d", i);
        hello(fixture, device); /* their clock goes on */
    }
    fixture_later(fixture, 20);
    assert_int_equal(fixture_targets(fixture, "silent"), 0); /* 20 s of its 30 are over */
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM ops.stuck_devices WHERE why = 'past its deadline'"),
        0);
    fixture_later(fixture, 15);
    assert_int_equal(fixture_targets(fixture, "silent"), 3);
    fixture_release(fixture);
}

static void the_clock_of_a_device_goes_on_at_its_hello_or_after_ninety_seconds(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(LENIENT);
    outage(fixture, "broker", 20, 0);
    hello(fixture, "lamp-1");
    fixture_later(fixture, 35); /* past the offer's 30 */
    assert_int_equal(fixture_targets(fixture, "silent"), 1);
    fixture_later(fixture, 30);
    hello(fixture, "lamp-2"); /* 65 s after the end */
    fixture_later(fixture, 27);
    assert_int_equal(fixture_targets(fixture, "silent"), 1); /* lamp-3: 92 s, two of its own */
    fixture_later(fixture, 10);
    assert_int_equal(fixture_targets(fixture, "silent"), 2); /* lamp-2: 37 of its own; lamp-3: 12 */
    fixture_later(fixture, 20);
    assert_int_equal(fixture_targets(fixture, "silent"), 3);
    fixture_release(fixture);
}

/* A retry and a gate would both have seen it otherwise: the policy has neither left. */
/* A broken connection is recorded twice, one outage behind the other. A step that was taken before the first
 * was known begins later than both, by a clock that was put back since. */
static void outages_in_a_row_have_the_same_beginning(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    outage(fixture, "broker", 61, 0);
    outage(fixture, "broker", 0, 0);
    fixture_sql(fixture, "UPDATE outages SET ended = ended + interval '50 ms' WHERE outage_id = 2");
    fixture_sql(fixture, "UPDATE service SET outage_ended = (SELECT max(ended) FROM outages)");
    fixture_sql(fixture,
                "UPDATE targets SET deadline = (SELECT min(service_at) FROM outages) + interval '30.3 s'");
    fixture_later(fixture, 40);
    assert_int_equal(fixture_targets(fixture, "offered"), 3);
    fixture_later(fixture, 85);
    assert_int_equal(fixture_targets(fixture, "silent"), 3);
    fixture_release(fixture);
}

static void ends(struct fixture *fixture, const char *device, const char *report, const char *reason)
{
    char json[400];
    char *campaign = services_query(fixture->url, "SELECT max(campaign_id) FROM campaigns");
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT attempt FROM targets WHERE device_id = '%s'", device);
    fixture_reports(fixture, device, strcmp(report, "failed") == 0 ? "accepted" : "trial");
    snprintf(json, sizeof json,
             "{'report':'%s','campaign':%s,'attempt':%lld,'reason':'%s','version':'v1.0.5t45772(a)','slot':1,"
             "'sha256':'5555555555555555555555555555555555555555555555555555555555555555'}",
             report, campaign, (long long)fixture_integer(fixture, sql), reason);
    fixture_report(fixture, device, json);
    free(campaign);
}

static void what_an_outage_explains_is_tried_again_and_not_counted(void **state)
{
    (void)state;
    static const struct {
        const char *part, *report, *reason;
        bool is_explained;
    } cases[] = {
        {"broker", "reverted", "confirm_timeout", true},
        {"broker", "reverted", "no_connection", true},
        {"broker", "reverted", "health_check", false},
        {"broker", "failed", "download_timeout", false},
        {"database", "failed", "http_status", true},
        {"database", "failed", "connection_lost", true},
        {"database", "reverted", "confirm_timeout", false},
        {"orchestrator", "failed", "download_timeout", true},
        {"orchestrator", "reverted", "confirm_timeout", true},
        {"orchestrator", "failed", "flash_error", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture *fixture = three_in_flight(STRICT);
        outage(fixture, cases[i].part, 12, 0);
        ends(fixture, "lamp-1", cases[i].report, cases[i].reason);
        hello(fixture, "lamp-1");
        fixture_tick(fixture);
        if (fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE state = 'running'") !=
            cases[i].is_explained)
            fail_msg("outage of the %s, %s %s", cases[i].part, cases[i].report, cases[i].reason);
        if (cases[i].is_explained) {
            assert_int_equal(fixture_integer(fixture,
                                             "SELECT attempt FROM targets WHERE state = 'offered' AND "
                                             "device_id = 'lamp-1'"),
                             2);
            assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 0);
        }
        fixture_release(fixture);
    }
}

/* One was kept by its database, the other one by the broker: nobody was served by either. */
static void of_several_orchestrators_each_knows_what_was_in_its_way(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    outage(fixture, "database", 12, 0);
    fixture_sql(fixture,
                "INSERT INTO outages (part, clock_stood_still, began, ended, service_at, asked_at, "
                "orchestrator_id) SELECT 'broker', false, began, ended, service_at, asked_at, 'other' FROM "
                "outages");
    ends(fixture, "lamp-1", "reverted", "confirm_timeout");
    hello(fixture, "lamp-1");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running");
    assert_int_equal(
        fixture_integer(fixture, "SELECT outage_attempts FROM targets WHERE device_id = 'lamp-1'"), 1);
    fixture_release(fixture);
}

static void a_bad_image_gets_no_pass_by_outages(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    for (int i = 0; i < 3; i++) {
        outage(fixture, "broker", 5, 0);
        fixture_state_is(fixture, "c", "running");
        ends(fixture, "lamp-1", "reverted", "confirm_timeout");
        hello(fixture, "lamp-1");
        fixture_tick(fixture);
    }
    fixture_state_is(fixture, "c", "halted"); /* the third time it counts */
    assert_int_equal(fixture_targets(fixture, "reverted"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 1);
    fixture_release(fixture);
}

static void an_outage_of_another_time_explains_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    outage(fixture, "broker", 20, 5);
    fixture_sql(fixture, "UPDATE presence SET hello_at = now()");
    fixture_campaign(fixture, "c", STRICT);
    fixture_tick(fixture);
    ends(fixture, "lamp-1", "reverted", "confirm_timeout");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

/* The outage that explains it may not be recorded yet. */
static void nothing_is_decided_before_the_evidence_is_complete(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    evidence_is_behind(fixture, 10);
    ends(fixture, "lamp-1", "reverted", "confirm_timeout");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running");
    assert_int_equal(fixture_targets(fixture, "reverted"), 1);
    evidence_is_complete(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

/* Until it is known whether an outage explains them nothing more goes out that they would have stopped. */
static void failures_that_an_outage_may_explain_stop_the_offers(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(20);
    fixture_campaign(
        fixture, "c",
        "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"
        "'success_percent':90,'finished_percent':100,'failure_percent':20,'min_sample':1}}],'rate':{"
        "'per_minute':600000},'in_flight':5,'timeouts':{'offer_seconds':30,'download_seconds':60,"
        "'confirm_seconds':40},'offline':{'wait_seconds':100,'then':'skip'}}");
    fixture_tick(fixture);
    evidence_is_behind(fixture, 10);
    for (int i = 0; i < 4; i++) {
        char *device =
            services_query(fixture->url, "SELECT min(device_id) FROM targets WHERE state = 'offered'");
        ends(fixture, device, "failed", "http_status");
        free(device);
    }
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running");
    assert_int_equal(fixture->updates, 5);
    char *device = services_query(fixture->url, "SELECT min(device_id) FROM targets WHERE state = 'offered'");
    ends(fixture, device, "failed", "http_status");
    free(device);
    evidence_is_complete(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(fixture->updates, 5);
    fixture_release(fixture);
}

/* Nor does the policy's retry take one: it would count, and the outage would be forgotten. */
static void a_retry_waits_for_the_evidence_too(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(
        fixture, "c",
        "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE
        "}],'rate':{'per_minute':0},'retry':{'attempts':2,'on':['failed']},'timeouts':{'offer_seconds':30,"
        "'download_seconds':60,'confirm_seconds':40}}");
    fixture_tick(fixture);
    evidence_is_behind(fixture, 10);
    ends(fixture, "lamp-1", "failed", "http_status");
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    outage(fixture, "database", 5, 0);
    hello(fixture, "lamp-1");
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT outage_attempts FROM targets WHERE attempt = 2"), 1);
    ends(fixture, "lamp-1", "failed", "flash_error");
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "pending"), 1); /* its one retry is left to it */
    fixture_release(fixture);
}

static void a_hello_says_what_lost_reports_would_have_said(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    fixture_report(
        fixture, "lamp-1",
        "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
        "'sha256':'5555555555555555555555555555555555555555555555555555555555555555',"
        "'activity':{'campaign':1,'attempt':1,'state':'downloading'}}");
    assert_int_equal(fixture_targets(fixture, "accepted"), 1);
    fixture_report(
        fixture, "lamp-2",
        "{'report':'hello','version':'v1.1.0t45772(a)','slot':2,'boot':'trial','reset_reason':'software',"
        "'sha256':'%SHA','activity':{'campaign':1,'attempt':1,'state':'trial'}}");
    assert_int_equal(fixture_targets(fixture, "trial"), 1);
    fixture_release(fixture);
}

/* Whoever may be explained is in flight for the gate, and hides nobody else. */
static void others_halt_it_all_the_same(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    evidence_is_behind(fixture, 10);
    ends(fixture, "lamp-1", "failed", "http_status");
    ends(fixture, "lamp-2", "failed", "flash_error");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

/* The database's clock, before anybody has recorded that nobody was there. */
static void deadlines_that_are_set_before_the_outage_is_recorded_are_right_after_it(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    fixture_sql(fixture, "UPDATE service SET served_until = clock_timestamp() - interval '1 hour'");
    fixture_reports(fixture, "lamp-1", "accepted");
    fixture_sql(fixture, "UPDATE service SET away = 3600, served_until = clock_timestamp()");
    assert_in_range(
        fixture_integer(fixture,
                        "SELECT extract(epoch FROM wall_clock(deadline) - clock_timestamp())::bigint FROM "
                        "targets WHERE device_id = 'lamp-1'"),
        55, 60);
    fixture_release(fixture);
}

static void a_failure_that_no_outage_could_explain_is_judged_at_once(void **state)
{
    (void)state;
    struct fixture *fixture = three_in_flight(STRICT);
    evidence_is_behind(fixture, 10);
    ends(fixture, "lamp-1", "reverted", "health_check");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

static void what_fails_for_one_campaign_is_shown_there(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    struct error error = {0};
    fixture_campaign(fixture, "bad", STRICT);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE campaigns SET policy = '{\"name\":1}' WHERE name = 'bad'");
    for (int i = 0; i < 2; i++) {
        bool more;
        assert_int_equal(tick(&fixture->engine, fixture->store, &more, &error), STATUS_OK);
    }
    char *shown = services_query(fixture->url, "SELECT tick_error FROM campaigns WHERE name = 'bad'");
    assert_non_null(shown);
    assert_non_null(strstr(shown, "policy"));
    free(shown);
    fixture_sql(fixture,
                "UPDATE campaigns SET policy = (SELECT policy FROM plans LIMIT 1) WHERE name = 'bad'");
    fixture_tick(fixture); /* which finds no error any more */
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_deadline_is_judged_beyond_the_evidence),
        cmocka_unit_test(the_slowest_orchestrator_counts),
        cmocka_unit_test(without_an_orchestrator_nothing_is_judged),
        cmocka_unit_test(reports_that_may_be_lost_are_asked_for_first),
        cmocka_unit_test(a_question_that_may_be_lost_is_no_question),
        cmocka_unit_test(an_outage_moves_every_deadline),
        cmocka_unit_test(the_clock_of_a_device_goes_on_at_its_hello_or_after_ninety_seconds),
        cmocka_unit_test(outages_in_a_row_have_the_same_beginning),
        cmocka_unit_test(what_an_outage_explains_is_tried_again_and_not_counted),
        cmocka_unit_test(of_several_orchestrators_each_knows_what_was_in_its_way),
        cmocka_unit_test(a_bad_image_gets_no_pass_by_outages),
        cmocka_unit_test(an_outage_of_another_time_explains_nothing),
        cmocka_unit_test(nothing_is_decided_before_the_evidence_is_complete),
        cmocka_unit_test(failures_that_an_outage_may_explain_stop_the_offers),
        cmocka_unit_test(a_retry_waits_for_the_evidence_too),
        cmocka_unit_test(a_hello_says_what_lost_reports_would_have_said),
        cmocka_unit_test(others_halt_it_all_the_same),
        cmocka_unit_test(deadlines_that_are_set_before_the_outage_is_recorded_are_right_after_it),
        cmocka_unit_test(a_failure_that_no_outage_could_explain_is_judged_at_once),
        cmocka_unit_test(what_fails_for_one_campaign_is_shown_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
