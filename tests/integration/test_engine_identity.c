/* Whose result a result is: foreign ones, those of earlier attempts, and those that the database has lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "nonce.h"
#include "services.h"

#define OLD_SHA "5555555555555555555555555555555555555555555555555555555555555555"
#define NEW_SHA "7777777777777777777777777777777777777777777777777777777777777777"
#define RETRIES                                                                                              \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE                                  \
    "}],'rate':{'per_minute':600000},'in_flight':10,'timeouts':{'offer_seconds':30,'download_seconds':60,"   \
    "'confirm_seconds':40},'offline':{'wait_seconds':100,'then':'skip'},"                                    \
    "'retry':{'attempts':2,'on':['silent','failed'],'backoff_seconds':1}}"

/* One device that was offered the update; `can` is what its firmware understands. */
static struct fixture *offered(const char *can)
{
    char sql[100];
    struct fixture *fixture = fixture_make(1);
    snprintf(sql, sizeof sql, "UPDATE devices SET can = '%s'", can);
    fixture_sql(fixture, sql);
    fixture_campaign(fixture, "c", RETRIES);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 1);
    return fixture;
}

/* `text` is JSON with ' for "; %N1, %N2: the nonces of the first two attempts. */
static void report(struct fixture *fixture, const char *text)
{
    char json[2000], *place;
    snprintf(json, sizeof json, "%s", text);
    while ((place = strstr(json, "%N1")) != NULL || (place = strstr(json, "%N2")) != NULL) {
        char nonce[NONCE_SIZE], rest[1000];
        snprintf(rest, sizeof rest, "%s", place + 3);
        nonce_make(fixture->engine.image_secret, 1, "lamp-1", place[2] - '0', nonce);
        snprintf(place, sizeof json - (size_t)(place - json), "%s%s", nonce, rest);
    }
    fixture_report(fixture, "lamp-1", json);
}

static bool has_word(struct fixture *fixture, const char *word)
{
    return strstr(fixture->last_payload, word) != NULL;
}

/* Of another attempt with the same number: kept, acknowledged, and counts for nothing. */
static void a_foreign_result_is_kept_and_acknowledged(void **state)
{
    (void)state;
    struct fixture *fixture = offered("nonce,last");
    report(fixture,
           "{'report':'rejected','campaign':1,'attempt':1,'nonce':'00000000000000aa','reason':'busy'}");
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    assert_int_equal(fixture_rejected(fixture, "nonce_mismatch"), 1);
    assert_int_equal(fixture->acks, 1);
    assert_true(has_word(fixture, "00000000000000aa"));
    report(fixture,
           "{'report':'failed','campaign':77,'attempt':3,'nonce':'00000000000000bb','reason':'bad_image'}");
    assert_int_equal(fixture->acks, 2);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM ops.foreign_results WHERE device = 'lamp-1' AND "
                                     "campaign_number = 77 AND result = 'failed' AND times = 2"),
                     1);
    report(fixture, "{'report':'rejected','campaign':1,'attempt':1,'nonce':'%N1','reason':'busy'}");
    assert_int_equal(fixture_targets(fixture, "rejected"), 1);
    fixture_release(fixture);
}

#define OLD_CONFIRMATION                                                                                     \
    "'nonce':'00000000000000aa','version':'v1.0.9t45772(a)','slot':1,'sha256':'" OLD_SHA "'}"

/* Older firmware knows an attempt by its number, and says what it did with that before. */
static void a_number_that_an_older_device_has_used_is_burnt(void **state)
{
    (void)state;
    struct fixture *fixture = offered("");
    for (int attempt = 1; attempt <= 8; attempt++) {
        char json[400];
        snprintf(json, sizeof json, "{'report':'confirmed','campaign':1,'attempt':%d," OLD_CONFIRMATION,
                 attempt);
        report(fixture, json);
        fixture_tick(fixture);
        assert_int_equal(fixture->updates, attempt + 1); /* the next one at once */
        assert_int_equal(fixture->acks, attempt);
        assert_false(has_word(fixture, "ack") && has_word(fixture, "nonce"));
    }
    report(fixture, "{'report':'confirmed','campaign':1,'attempt':9," OLD_CONFIRMATION);
    fixture_tick(fixture);
    assert_int_equal(fixture->updates, 9);
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 0);
    /* None of it was a retry: there are two attempts yet. */
    report(fixture, "{'report':'failed','campaign':1,'attempt':9,'reason':'bad_image'}");
    fixture_later(fixture, 2);
    fixture_later(fixture, 2);
    assert_int_equal(fixture->updates, 10);
    report(fixture, "{'report':'failed','campaign':1,'attempt':10,'reason':'bad_image'}");
    fixture_later(fixture, 2);
    fixture_later(fixture, 2);
    assert_int_equal(fixture->updates, 10);
    fixture_release(fixture);
}

/* It was cancelled, and the database has lost that: it is offered again, and the device says cancelled for
 * ever. */
static void an_attempt_whose_cancel_is_lost_is_burnt(void **state)
{
    (void)state;
    static const char *const can[] = {"", "nonce"}, *const until[] = {"", "accepted"};
    for (int i = 0; i < 4; i++) {
        struct fixture *fixture = offered(can[i % 2]);
        if (i / 2 == 1)
            fixture_reports(fixture, "lamp-1", until[1]);
        report(fixture, i % 2 == 1 ? "{'report':'cancelled','campaign':1,'attempt':1,'nonce':'%N1'}"
                                   : "{'report':'cancelled','campaign':1,'attempt':1}");
        assert_int_equal(fixture_targets(fixture, "pending"), 1);
        fixture_tick(fixture);
        assert_int_equal(fixture->updates, 2);
        assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets WHERE burnt_attempts = 1"), 2);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 0);
        fixture_release(fixture);
    }
}

static void what_an_earlier_attempt_came_to_is_its_event(void **state)
{
    (void)state;
    struct fixture *fixture = offered("nonce");
    fixture_later(fixture, 31);
    fixture_later(fixture, 2);
    assert_int_equal(fixture->updates, 2);
    for (int i = 0; i < 2; i++) /* said twice, noted once */
        report(fixture, "{'report':'failed','campaign':1,'attempt':1,'nonce':'%N1','reason':'flash_error'}");
    assert_int_equal(fixture->acks, 2);
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM ops.device_timeline WHERE device = 'lamp-1' AND "
                                     "attempt = 1 AND to_state = 'failed' AND reason = 'flash_error'"),
                     1);
    fixture_release(fixture);
}

#define HELLO                                                                                                \
    "{'report':'hello','version':'%VERSION','slot':2,'boot':'confirmed','reset_reason':'power_on','sha256':" \
    "'%SHA','can':['nonce','last'],'last':"
#define LAST_CONFIRMED                                                                                       \
    "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'%N1','version':'%VERSION','slot':2,'sha256':'%SHA'}}"

/* The database has lost what it had acknowledged; and the offer before it, too. */
static void a_lost_confirmation_is_recovered(void **state)
{
    (void)state;
    static const char *const lost[] = {
        "SELECT 1",
        "UPDATE targets SET state = 'pending', attempt = 0, deadline = NULL, nonce = NULL; UPDATE waves "
        "SET pending = pending + 1, offered = offered - 1 WHERE offered > 0"};
    for (int i = 0; i < 2; i++) {
        struct fixture *fixture = offered("nonce,last");
        struct error error;
        assert_int_equal(store_run_script(fixture->store, lost[i], &error), STATUS_OK);
        report(fixture, HELLO LAST_CONFIRMED);
        assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
        assert_int_equal(fixture_integer(fixture,
                                         "SELECT count(*) FROM targets WHERE reason = 'recovered' AND "
                                         "attempt = 1"),
                         1);
        assert_int_equal(fixture_integer(fixture,
                                         "SELECT count(*) FROM devices WHERE version = '" FIXTURE_VERSION
                                         "' AND can = 'nonce,last'"),
                         1);
        assert_int_equal(fixture->acks, 0);
        report(fixture, HELLO LAST_CONFIRMED); /* said at each connect */
        assert_int_equal(fixture_integer(fixture, "SELECT sum(count) FROM rejected_reports"), 0);
        fixture_tick(fixture);
        fixture_state_is(fixture, "c", "completed");
        fixture_release(fixture);
    }
}

static void a_lost_failure_is_recovered(void **state)
{
    (void)state;
    struct fixture *fixture = offered("nonce,last");
    report(fixture,
           "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':"
           "'power_on','sha256':'" OLD_SHA "','last':{'report':'failed','campaign':1,'attempt':1,'nonce':"
           "'%N1','reason':'bad_image'}}");
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    assert_int_equal(fixture->acks, 0);
    fixture_release(fixture);
}

static void what_was_last_is_no_news_without_proof(void **state)
{
    (void)state;
    struct fixture *fixture = offered("nonce,last");
    static const char *const hellos[] = {
        /* another nonce; it runs something else by now; of another attempt */
        HELLO
        "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'%N2','version':'%VERSION','slot':2,'sha256':'%SHA'}}",
        "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
        "'sha256':'" OLD_SHA "','last':" LAST_CONFIRMED,
        "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
        "'sha256':'" OLD_SHA
        "','last':{'report':'failed','campaign':1,'attempt':2,'nonce':'%N2','reason':'bad_image'}}",
        "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
        "'sha256':'" OLD_SHA
        "','last':{'report':'failed','campaign':9,'attempt':1,'nonce':'%N1','reason':'bad_image'}}"};
    for (size_t i = 0; i < sizeof hellos / sizeof hellos[0]; i++)
        report(fixture, hellos[i]);
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(count) FROM rejected_reports"), 0);
    fixture_release(fixture);
}

/* Campaign and attempt are those of the database, the nonce is not: it is at work on something else. */
static void foreign_work_moves_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = offered("nonce");
    report(
        fixture,
        "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
        "'sha256':'" OLD_SHA "','can':['nonce'],'activity':{'campaign':1,'attempt':1,'nonce':"
        "'00000000000000aa','state':'accepted'}}");
    assert_int_equal(fixture_targets(fixture, "offered"), 1);
    report(
        fixture,
        "{'report':'hello','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed','reset_reason':'power_on',"
        "'sha256':'" OLD_SHA "','can':['nonce'],'activity':{'campaign':1,'attempt':1,'nonce':"
        "'%N1','state':'accepted'}}");
    assert_int_equal(fixture_targets(fixture, "accepted"), 1);
    fixture_release(fixture);
}

static void cancels_and_acks_have_a_nonce_for_whoever_knows_it(void **state)
{
    (void)state;
    static const char *const can[] = {"", "nonce"};
    for (int i = 0; i < 2; i++) {
        struct fixture *fixture = offered(can[i]);
        fixture_command(fixture, "c", CAMPAIGN_PAUSE);
        fixture_tick(fixture);
        assert_int_equal(fixture->cancels, 1);
        assert_int_equal(has_word(fixture, "nonce"), i);
        report(fixture, i == 1
                            ? "{'report':'rejected','campaign':1,'attempt':1,'nonce':'%N1','reason':'busy'}"
                            : "{'report':'rejected','campaign':1,'attempt':1,'reason':'busy'}");
        assert_int_equal(fixture->acks, 1);
        assert_int_equal(has_word(fixture, "nonce"), i);
        fixture_release(fixture);
    }
}

/* What it runs is what the newer session has said. */
static void a_result_of_an_older_session_says_nothing_of_what_runs(void **state)
{
    (void)state;
    struct fixture *fixture = offered("nonce,session");
    report(fixture,
           "{'report':'hello','session':'0000000a.2','version':'v1.0.5t45772(a)','slot':1,'boot':'confirmed',"
           "'reset_reason':'power_on','sha256':'" OLD_SHA "','can':['nonce']}");
    report(fixture,
           "{'report':'confirmed','session':'0000000a.1','campaign':1,'attempt':1,'nonce':'%N1','version':"
           "'%VERSION','slot':2,'sha256':'%SHA'}");
    assert_int_equal(fixture_targets(fixture, "confirmed"),
                     1); /* what became of the attempt is true for ever */
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM devices WHERE version = 'v1.0.5t45772(a)'"), 1);
    fixture_release(fixture);
}

/* The database was restored to before the campaign that led to what runs: the attempt is made again, and the
 * device says again what it came to. */
static void a_result_said_again_says_nothing_of_what_runs(void **state)
{
    (void)state;
    static const char *const sessions[] = {"", "'session':'0000000a.1',"};
    for (int i = 0; i < 2; i++) {
        char json[500];
        struct fixture *fixture = offered("nonce,last");
        snprintf(json, sizeof json,
                 "{'report':'hello',%s'version':'v1.3.0t45772(a)','slot':1,'boot':'confirmed','reset_reason':"
                 "'power_on','sha256':'" NEW_SHA "','can':['nonce']}",
                 sessions[i]);
        report(fixture, json);
        fixture_tick(fixture);
        int64_t asks = fixture->asks;
        snprintf(json, sizeof json,
                 "{'report':'confirmed',%s'campaign':1,'attempt':1,'nonce':'%%N1','version':"
                 "'%%VERSION','slot':2,'sha256':'%%SHA'}",
                 sessions[i]);
        report(fixture, json);
        fixture_tick(fixture);
        assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
        if (i == 0) /* nothing tells when it was: the device is asked */
            assert_int_equal(fixture->asks, asks + 1);
        else
            assert_int_equal(
                fixture_integer(fixture, "SELECT count(*) FROM devices WHERE version LIKE 'v1.3.0%'"), 1);
        fixture_release(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_foreign_result_is_kept_and_acknowledged),
        cmocka_unit_test(a_number_that_an_older_device_has_used_is_burnt),
        cmocka_unit_test(an_attempt_whose_cancel_is_lost_is_burnt),
        cmocka_unit_test(what_an_earlier_attempt_came_to_is_its_event),
        cmocka_unit_test(a_lost_confirmation_is_recovered),
        cmocka_unit_test(a_lost_failure_is_recovered),
        cmocka_unit_test(what_was_last_is_no_news_without_proof),
        cmocka_unit_test(foreign_work_moves_nothing),
        cmocka_unit_test(cancels_and_acks_have_a_nonce_for_whoever_knows_it),
        cmocka_unit_test(a_result_said_again_says_nothing_of_what_runs),
        cmocka_unit_test(a_result_of_an_older_session_says_nothing_of_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
