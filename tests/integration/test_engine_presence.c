/* Who is offered something: only a device that is there, by its own word and lately. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "census.h"
#include "engine_fixture.h"
#include "ingest.h"
#include "services.h"

#define ALL_AT_ONCE                                                                                          \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE                                  \
    "}],'rate':{'per_minute':600000},'in_flight':10,'timeouts':{'offer_seconds':30,'download_seconds':60,"   \
    "'confirm_seconds':40},'offline':{'wait_seconds':100,'then':'skip'}}"

static void say(struct fixture *fixture, const char *device, const char *kind, const char *text)
{
    char json[600], topic[100];
    struct report report;
    struct ingest_summary summary;
    struct error error = {0};
    snprintf(json, sizeof json, "%s", text);
    for (char *c = json; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    snprintf(topic, sizeof topic, "fota/v1/%s/%s", device, kind);
    report_parse(topic, json, strlen(json), &report);
    if (ingest_batch(&fixture->engine, fixture->store, &report, 1, &summary, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

/* `session` is "" for firmware that knows none. */
static void presence(struct fixture *fixture, const char *device, bool online, const char *session)
{
    char json[200];
    snprintf(json, sizeof json, session[0] != '\0' ? "{'online':%s,'session':'%s'}" : "{'online':%s}",
             online ? "true" : "false", session);
    say(fixture, device, "presence", json);
}

static void hello(struct fixture *fixture, const char *device, const char *session)
{
    char json[500], member[60] = "";
    if (session[0] != '\0')
        snprintf(member, sizeof member, "'session':'%s',", session);
    snprintf(json, sizeof json,
             "{'report':'hello',%s'version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':"
             "'power_on','sha256':'5555555555555555555555555555555555555555555555555555555555555555'}",
             member);
    say(fixture, device, "report", json);
}

static bool is_online(struct fixture *fixture, const char *device)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT online::integer FROM presence WHERE device_id = '%s'", device);
    return fixture_integer(fixture, sql) != 0;
}

static struct fixture *one_that_is_away(void)
{
    struct fixture *fixture = fixture_make(1);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 0);
    return fixture;
}

static void no_offer_leaves_between_presence_and_hello(void **state)
{
    (void)state;
    static const char *const sessions[] = {"", "0123abcd.1"};
    for (int i = 0; i < 2; i++) {
        struct fixture *fixture = one_that_is_away();
        presence(fixture, "lamp-1", true, sessions[i]);
        fixture_tick(fixture);
        assert_true(is_online(fixture, "lamp-1"));
        assert_int_equal(fixture->updates, 0);
        hello(fixture, "lamp-1", sessions[i]);
        fixture_tick(fixture);
        assert_int_equal(fixture->updates, 1);
        fixture_release(fixture);
    }
}

/* What is out goes again only when the device has said where it stands. */
static void nor_is_anything_sent_again(void **state)
{
    (void)state;
    struct fixture *fixture = one_that_is_away();
    presence(fixture, "lamp-1", true, "0123abcd.1");
    hello(fixture, "lamp-1", "0123abcd.1");
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    presence(fixture, "lamp-1", false, "0123abcd.1");
    presence(fixture, "lamp-1", true, "0123abcd.2");
    fixture_later(fixture, 11);
    assert_int_equal(fixture->updates, 1);
    hello(fixture, "lamp-1", "0123abcd.2");
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2);
    assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets"), 1);
    fixture_release(fixture);
}

static void a_hello_that_does_not_come_is_asked_for(void **state)
{
    (void)state;
    struct fixture *fixture = one_that_is_away();
    presence(fixture, "lamp-1", true, "");
    fixture_later(fixture, 5);
    assert_int_equal(fixture->asks, 0);
    fixture_later(fixture, 6);
    assert_int_equal(fixture->asks, 1);
    fixture_later(fixture, 10);
    assert_true(is_online(fixture, "lamp-1"));
    assert_int_equal(fixture->asks, 1);
    fixture_later(fixture, 6); /* 15 s, and no answer */
    assert_false(is_online(fixture, "lamp-1"));
    fixture_release(fixture);
}

static struct fixture *one_that_is_a_stranger(void)
{
    struct fixture *fixture = fixture_make(2);
    hello(fixture, "lamp-1", "0123abcd.1");
    hello(fixture, "lamp-2", "");
    fixture->engine.probe_after_seconds = 3600;
    fixture_sql(
        fixture,
        "UPDATE presence SET last_seen = now() - interval '2 hours', changed_at = now() - interval '1 day', "
        "hello_at = now() - interval '2 hours' WHERE device_id = 'lamp-1'");
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1); /* lamp-2 */
    assert_int_equal(fixture->asks, 1);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 1); /* once */
    return fixture;
}

static void who_was_not_heard_of_for_long_is_asked_first(void **state)
{
    (void)state;
    struct fixture *fixture = one_that_is_a_stranger();
    hello(fixture, "lamp-1", "0123abcd.1");
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 2);
    fixture_release(fixture);
}

static void who_does_not_answer_is_not_online(void **state)
{
    (void)state;
    struct fixture *fixture = one_that_is_a_stranger();
    fixture_sql(fixture,
                "UPDATE orchestrators SET watermark = clock_timestamp()"); /* its answer may be here */
    fixture_sql(fixture, "UPDATE presence SET probed_at = probed_at - interval '16 s'");
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = watermark - interval '10 s'");
    fixture_tick(fixture);
    assert_true(is_online(fixture, "lamp-1"));
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = 'infinity'");
    fixture_tick(fixture);
    assert_false(is_online(fixture, "lamp-1"));
    assert_int_equal(fixture_targets(fixture, "silent"), 0);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_later(fixture, 101); /* the time to wait for it begins now */
    assert_int_equal(fixture_targets(fixture, "skipped"), 1);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

/* What was asked before a break with the broker may be lost; whatever evidence the dead hold back. */
static void it_is_asked_again_after_a_break(void **state)
{
    (void)state;
    struct fixture *fixture = one_that_is_a_stranger();
    fixture_sql(fixture, "INSERT INTO orchestrators (orchestrator_id, client_ids, lease_until, watermark) "
                         "VALUES ('dead', '{dead}', now() - interval '1 s', now() - interval '1 minute')");
    fixture_sql(fixture, "UPDATE service SET heard_since = clock_timestamp()");
    fixture_tick(fixture);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 2);
    assert_true(is_online(fixture, "lamp-1"));
    fixture_release(fixture);
}

/* Wills that were lost with the broker: whoever was not heard of since is asked. */
static void after_a_break_everybody_is_a_stranger(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    for (int i = 1; i <= 3; i++) {
        char device[16];
        snprintf(device, sizeof device, "lamp-%d", i);
        hello(fixture, device, "");
    }
    fixture_sql(fixture, "UPDATE service SET heard_since = clock_timestamp()");
    hello(fixture, "lamp-1", "");
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    assert_int_equal(fixture->asks, 2);
    fixture_release(fixture);
}

static void no_more_are_asked_than_could_be_offered(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    fixture_sql(fixture, "UPDATE service SET heard_since = clock_timestamp()");
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES); /* two in the canary */
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 2);
    fixture_release(fixture);
}

static void a_late_will_ends_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = one_that_is_away();
    presence(fixture, "lamp-1", true, "0123abcd.1");
    presence(fixture, "lamp-1", true, "0123abcd.2");
    hello(fixture, "lamp-1", "0123abcd.2");
    presence(fixture, "lamp-1", false, "0123abcd.1");
    assert_true(is_online(fixture, "lamp-1"));
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture_release(fixture);
}

static struct fixture *one_whose_will_has_come(void)
{
    struct fixture *fixture = fixture_make(1);
    hello(fixture, "lamp-1", "");
    presence(fixture, "lamp-1", false, "");
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 0);
    assert_int_equal(fixture->asks, 1);
    return fixture;
}

/* Without sessions nothing tells the last will of an earlier connection, stored late by another orchestrator,
 * from the end of this one: the device is asked, and not given up before its time to answer is over. */
static void a_will_without_a_session_may_be_late(void **state)
{
    (void)state;
    struct fixture *fixture = one_whose_will_has_come();
    fixture_sql(fixture,
                "UPDATE orchestrators SET watermark = clock_timestamp()"); /* its answer may be here */
    fixture_sql(fixture, "UPDATE waves SET opened_at = opened_at - interval '101 s'");
    fixture_sql(fixture, "UPDATE presence SET changed_at = changed_at - interval '101 s'");
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    hello(fixture, "lamp-1", "");
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture_release(fixture);
}

static void who_does_not_answer_has_gone(void **state)
{
    (void)state;
    struct fixture *fixture = one_whose_will_has_come();
    fixture_later(fixture, 101);
    assert_int_equal(fixture_targets(fixture, "skipped"), 1);
    fixture_release(fixture);
}

/* It booted twice in an outage. Of two orchestrators one stored the second boot, then the other one the
 * first, and its end: the device is asked, and who answers is there. */
static void boots_that_are_stored_in_the_wrong_order_are_asked_about(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    hello(fixture, "lamp-1", "0000000a.1");
    hello(fixture, "lamp-1", "0000000c.1");
    presence(fixture, "lamp-1", true, "0000000b.1");
    presence(fixture, "lamp-1", false, "0000000b.1");
    assert_false(is_online(fixture, "lamp-1"));
    fixture->report_age = 1000; /* this hello came before the question */
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 1);
    fixture_report(
        fixture, "lamp-1",
        "{'report':'hello','session':'0000000c.1','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed',"
        "'reset_reason':'power_on','sha256':'5555555555555555555555555555555555555555555555555555555555555555'}");
    assert_false(is_online(fixture, "lamp-1"));
    hello(fixture, "lamp-1", "0000000c.1");
    assert_true(is_online(fixture, "lamp-1"));
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    fixture_release(fixture);
}

/* Within a boot there is an order, and nothing to be asked: the answer could not be believed either. */
static void an_older_hello_of_the_same_boot_asks_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    hello(fixture, "lamp-1", "0000000a.5");
    fixture_tick(fixture);
    int64_t before = fixture->asks;
    for (int i = 0; i < 10; i++) {
        hello(fixture, "lamp-1", "0000000a.2");
        fixture_tick(fixture);
    }
    assert_int_equal(fixture->asks, before);
    fixture_release(fixture);
}

static void an_old_hello_says_nothing_of_what_runs(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    hello(fixture, "lamp-1", "0123abcd.2");
    say(fixture, "lamp-1", "report",
        "{'report':'hello','session':'0123abcd.1','version':'v1.0.0t45772(a)','slot':2,'boot':'confirmed',"
        "'reset_reason':'power_on','sha256':'6666666666666666666666666666666666666666666666666666666666666666'}");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM devices WHERE version = 'v1.0.5t45772(a)'"), 1);
    fixture_release(fixture);
}

/* Firmware without sessions: its will may be late all the same. */
static void who_reports_while_it_is_offline_is_asked(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", ALL_AT_ONCE);
    fixture_tick(fixture);
    presence(fixture, "lamp-1", false, "");
    fixture_sql(fixture, "UPDATE presence SET last_seen = now() - interval '11 s'");
    fixture_reports(fixture, "lamp-1", "accepted");
    assert_false(is_online(fixture, "lamp-1"));
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 1);
    hello(fixture, "lamp-1", "");
    assert_true(is_online(fixture, "lamp-1"));
    fixture_release(fixture);
}

/* --- the retained messages -------------------------------------------------------------------------- */

static void retained(struct report *report, const char *device, bool online, const char *session)
{
    char topic[100], json[200];
    snprintf(topic, sizeof topic, "fota/v1/%s/presence", device);
    snprintf(json, sizeof json, session[0] != '\0' ? "{\"online\":%s,\"session\":\"%s\"}" : "{\"online\":%s}",
             online ? "true" : "false", session);
    report_parse(topic, json, strlen(json), report);
    assert_int_equal(report->kind, REPORT_PRESENCE);
}

static void the_census_finds_who_came_who_went_and_who_is_gone(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    struct report reports[6];
    struct error error;
    bool mine;
    struct census census = {0};
    fixture_sql(fixture, "UPDATE presence SET online = false WHERE device_id IN ('lamp-1', 'lamp-6')");
    hello(fixture, "lamp-2", "0123abcd.1");
    hello(fixture, "lamp-3", "0123abcd.1");
    fixture_sql(
        fixture,
        "UPDATE presence SET changed_at = now() - interval '1 hour', last_seen = NULL, hello_at = NULL "
        "WHERE device_id <> 'lamp-5'");
    fixture_sql(fixture, "UPDATE service SET census_wanted = clock_timestamp()");
    assert_int_equal(census_take(fixture->store, "me", &mine, &census.began, &error), STATUS_OK);
    assert_true(mine);
    assert_int_equal(census_take(fixture->store, "other", &mine, &census.began, &error), STATUS_OK);
    assert_false(mine);
    assert_int_equal(census_take(fixture->store, "me", &mine, &census.began, &error), STATUS_OK);
    assert_true(mine);
    hello(fixture, "lamp-5", "");
    retained(&reports[0], "lamp-1", true, "0123abcd.7");  /* it came while nobody listened */
    retained(&reports[1], "lamp-2", false, "0123abcd.1"); /* it went */
    retained(&reports[2], "lamp-3", true, "0123abcd.1");  /* as it is stored */
    retained(&reports[3], "lamp-6", false, "");
    retained(&reports[4], "nobody", true, "");
    retained(&reports[5], "lamp-1", true, "0123abcd.7"); /* twice */
    assert_int_equal(census_apply(&census, fixture->store, reports, 6, &error), STATUS_OK);
    assert_int_equal(census.changed, 2);
    assert_int_equal(census_finish(&census, fixture->store, "me", &error), STATUS_OK);
    assert_int_equal(census.doubted, 1); /* lamp-4: the broker knows nothing of it. lamp-5 was heard of */
    char *is = services_query(
        fixture->url, "SELECT string_agg(CASE WHEN NOT online THEN 'gone' WHEN awaits_hello THEN 'asked' "
                      "ELSE 'there' END, ' ' ORDER BY device_id) FROM presence");
    assert_string_equal(is, "gone gone there asked there gone");
    free(is);
    fixture_later(fixture, 11);
    assert_int_equal(fixture->asks, 2);
    assert_int_equal(census_take(fixture->store, "other", &mine, &census.began, &error), STATUS_OK);
    assert_false(mine); /* it is done */
    census_release(&census);
    fixture_release(fixture);
}

/* A census in which the broker holds this one for online. */
static void census_of(struct fixture *fixture, const char *device, const char *session)
{
    struct report report;
    struct error error;
    bool mine;
    struct census census = {0};
    fixture_sql(fixture, "UPDATE service SET census_wanted = clock_timestamp()");
    assert_int_equal(census_take(fixture->store, "me", &mine, &census.began, &error), STATUS_OK);
    assert_true(mine);
    retained(&report, device, true, session);
    assert_int_equal(census_apply(&census, fixture->store, &report, 1, &error), STATUS_OK);
    assert_int_equal(census_finish(&census, fixture->store, "me", &error), STATUS_OK);
    census_release(&census);
}

/* As above; and the question was lost with an outage, in which the device connected again. */
static void the_census_asks_whom_the_broker_holds_by_an_earlier_boot(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    hello(fixture, "lamp-1", "0000000c.1");
    presence(fixture, "lamp-1", true, "0000000b.1");
    presence(fixture, "lamp-1", false, "0000000b.1");
    fixture_sql(fixture, "DELETE FROM asks");
    census_of(fixture, "lamp-1", "0000000c.2");
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 1);
    hello(fixture, "lamp-1", "0000000c.2");
    assert_true(is_online(fixture, "lamp-1"));
    fixture_release(fixture);
}

/* It connected again while no orchestrator took reports. */
static void the_census_finds_who_did_not_answer_and_has_come_back(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_sql(fixture, "UPDATE presence SET awaits_hello = true, probed_at = now() - interval '1 minute'");
    fixture_sql(fixture, "UPDATE orchestrators SET watermark = 'infinity'");
    fixture_tick(fixture);
    assert_false(is_online(fixture, "lamp-1"));
    census_of(fixture, "lamp-1", "");
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, 1);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_offer_leaves_between_presence_and_hello),
        cmocka_unit_test(nor_is_anything_sent_again),
        cmocka_unit_test(a_hello_that_does_not_come_is_asked_for),
        cmocka_unit_test(who_was_not_heard_of_for_long_is_asked_first),
        cmocka_unit_test(who_does_not_answer_is_not_online),
        cmocka_unit_test(it_is_asked_again_after_a_break),
        cmocka_unit_test(after_a_break_everybody_is_a_stranger),
        cmocka_unit_test(no_more_are_asked_than_could_be_offered),
        cmocka_unit_test(a_late_will_ends_nothing),
        cmocka_unit_test(a_will_without_a_session_may_be_late),
        cmocka_unit_test(who_does_not_answer_has_gone),
        cmocka_unit_test(boots_that_are_stored_in_the_wrong_order_are_asked_about),
        cmocka_unit_test(an_older_hello_of_the_same_boot_asks_nothing),
        cmocka_unit_test(an_old_hello_says_nothing_of_what_runs),
        cmocka_unit_test(who_reports_while_it_is_offline_is_asked),
        cmocka_unit_test(the_census_finds_who_came_who_went_and_who_is_gone),
        cmocka_unit_test(the_census_asks_whom_the_broker_holds_by_an_earlier_boot),
        cmocka_unit_test(the_census_finds_who_did_not_answer_and_has_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
