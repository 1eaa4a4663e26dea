/* Two devices with one id, as cloned flash makes them, on a real database. */
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

#define POLICY                                                                                               \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"                    \
    "'success_percent':50,'finished_percent':100,'failure_percent':60,'min_sample':1}}],"                    \
    "'rate':{'per_minute':0},'in_flight':9,'retry':{'attempts':4,'on':['failed'],'backoff_seconds':0,"       \
    "'backoff_max_seconds':0}}"

#define ONE_BY_ONE                                                                                           \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"                    \
    "'success_percent':50,'finished_percent':100,'failure_percent':60,'min_sample':1}}],"                    \
    "'rate':{'per_minute':0},'in_flight':1}"

/* One of the two says hello: `boot` is its BOOTID, NULL where it names no sessions. */
static void hello(struct fixture *fixture, const char *version, char digit, const char *boot)
{
    static int connection;
    char json[400], session[64] = "", sha256[65];
    memset(sha256, digit, 64);
    sha256[64] = '\0';
    if (boot != NULL)
        snprintf(session, sizeof session, ",'session':'%s.%d'", boot, ++connection);
    snprintf(
        json, sizeof json,
        "{'report':'hello','version':'%s','slot':1,'boot':'confirmed','reset_reason':'power_on','sha256':"
        "'%s'%s}",
        version, sha256, session);
    fixture_report(fixture, "lamp-1", json);
}

static void both_say_hello(struct fixture *fixture, int times, bool have_sessions)
{
    for (int i = 0; i < times; i++) {
        hello(fixture, "v1.0.7t45772(a)", '7', have_sessions ? "aaaaaaaa" : NULL);
        hello(fixture, "v1.0.5t45772(a)", '5', have_sessions ? "bbbbbbbb" : NULL);
        fixture_tick(fixture);
    }
}

static void two_images_in_turns_are_two_devices(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    hello(fixture, "v1.0.7t45772(a)", '7', NULL); /* somebody has written its flash, and again */
    hello(fixture, "v1.0.8t45772(a)", '8', NULL);
    hello(fixture, "v1.0.5t45772(a)", '5', NULL);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM ops.duplicate_devices"), 0);
    both_say_hello(fixture, 3, false);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM ops.duplicate_devices WHERE device = 'lamp-1' "
                                     "AND images = 3 AND changes >= 4 AND versions @> "
                                     "ARRAY['v1.0.5t45772(a)', 'v1.0.7t45772(a)']"),
                     1);
    fixture_sql(fixture, "UPDATE device_images SET last_at = last_at - interval '25 hours'");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM ops.duplicate_devices"), 0);
    hello(fixture, "v1.0.7t45772(a)", '7', NULL); /* counted from one again */
    hello(fixture, "v1.0.5t45772(a)", '5', NULL);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM ops.duplicate_devices"), 0);
    fixture_release(fixture);
}

static void it_is_asked_once_an_hour(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    both_say_hello(fixture, 3, false);
    fixture_later(fixture, 150);
    int64_t asked = fixture->asks;
    assert_true(asked > 0);
    both_say_hello(fixture, 10, false);
    fixture_later(fixture, 150); /* nor once more after two minutes */
    assert_int_equal(fixture->asks, asked);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM asks WHERE device_id = 'lamp-1'"), 0);
    fixture_sql(fixture, "UPDATE device_images SET asked_at = asked_at - interval '61 minutes'");
    both_say_hello(fixture, 10, false);
    fixture_later(fixture, 150);
    assert_int_equal(fixture->asks, asked + 1);
    /* Others are asked as ever. */
    fixture_sql(fixture, "UPDATE devices SET boot = 'confirmed' WHERE device_id = 'lamp-2'");
    fixture_report(fixture, "lamp-2",
                   "{'report':'hello','version':'v1.0.7t45772(a)','slot':1,'boot':'confirmed','reset_reason':"
                   "'power_on','sha256':'7777777777777777777777777777777777777777777777777777777777777777'}");
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asked + 2);
    fixture_release(fixture);
}

/* With sessions the hello of the other boot is not believed before it answers a question. */
static void sessions_change_nothing_of_that(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    both_say_hello(fixture, 8, true);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM ops.duplicate_devices"), 1);
    int64_t asked = fixture->asks;
    both_say_hello(fixture, 10, true);
    fixture_later(fixture, 150);
    both_say_hello(fixture, 10, true);
    assert_int_equal(fixture->asks, asked);
    fixture_release(fixture);
}

/* Both take the offer. One fails, again and again, and the other one confirms: that is one outcome. */
static void a_gate_counts_it_once(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    static const char once[] =
        "SELECT max(confirmed + failed + reverted + silent + rejected) FROM ops.wave_progress";
    both_say_hello(fixture, 3, false);
    fixture_campaign(fixture, "c", POLICY);
    fixture_tick(fixture);
    for (int i = 0; i < 3; i++) {
        fixture_reports(fixture, "lamp-1", "accepted");
        fixture_reports(fixture, "lamp-1", "failed");
        fixture_reports(fixture, "lamp-1", "failed");
        assert_true(fixture_integer(fixture, once) <= 1);
        fixture_tick(fixture);
    }
    fixture_updates_itself(fixture, "lamp-1");
    fixture_reports(fixture, "lamp-1", "failed");
    fixture_reports(fixture, "lamp-1", "reverted");
    hello(fixture, "v1.0.5t45772(a)", '5', NULL);
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, once), 1);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT members FROM ops.campaign_progress"), 2);
    assert_int_equal(fixture_integer(fixture, once), 2);
    fixture_release(fixture);
}

/* It is not asked within the hour, so nobody knows whether it is there: it keeps no place of those that are.
 */
static void who_is_not_asked_holds_up_nobody(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    for (int i = 0; i < 3; i++)
        both_say_hello(fixture, 1, false);
    fixture_later(fixture, 150);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_campaign(fixture, "c", ONE_BY_ONE);
    fixture_tick(fixture);
    fixture_sql(fixture,
                "UPDATE targets SET position = position + 10 WHERE device_id <> 'lamp-1';"
                "UPDATE device_images SET asked_at = now();"
                "UPDATE presence SET online = true, awaits_hello = false, probed_at = NULL, "
                "last_seen = now(), changed_at = now();"
                "UPDATE presence SET last_seen = now() - interval '2 days', changed_at = now() - "
                "interval '2 days', hello_at = now() - interval '2 days' WHERE device_id = 'lamp-1'");
    int64_t asked = fixture->asks;
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asked);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE state = 'offered' AND "
                                              "device_id <> 'lamp-1'"),
                     1);
    /* And is asked before its offer when it may be. */
    fixture_sql(fixture, "UPDATE device_images SET asked_at = now() - interval '61 minutes'");
    char *other = services_query(fixture->url, "SELECT device_id FROM targets WHERE state = 'offered'");
    fixture_updates_itself(fixture, other);
    free(other);
    fixture_tick(fixture);
    assert_int_equal(fixture->asks, asked + 1);
    fixture_release(fixture);
}

/* It says another image each time: what is kept of it does not grow. */
static void what_is_kept_of_a_device_is_little(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    for (int i = 0; i < 30; i++)
        hello(fixture, "v1.0.7t45772(a)", "0123456789abcdef"[i % 16], NULL);
    assert_true(fixture_integer(fixture, "SELECT count(*) FROM device_images") <= 4);
    fixture_sql(fixture, "DELETE FROM devices");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_images"), 0);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_images_in_turns_are_two_devices),
        cmocka_unit_test(it_is_asked_once_an_hour),
        cmocka_unit_test(sessions_change_nothing_of_that),
        cmocka_unit_test(a_gate_counts_it_once),
        cmocka_unit_test(who_is_not_asked_holds_up_nobody),
        cmocka_unit_test(what_is_kept_of_a_device_is_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
