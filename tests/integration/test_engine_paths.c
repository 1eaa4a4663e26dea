/* Stepping stones on a real database: every hop is a confirmed boot, and only the last one counts. */
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

#define POLICY                                                                                               \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE "}],'rate':{'per_minute':0},"    \
    "'in_flight':4,'timeouts':{'offer_seconds':30,'download_seconds':60,'confirm_seconds':40},"              \
    "'retry':{'attempts':2,'backoff_seconds':0,'backoff_max_seconds':0,'on':['failed']}}"

/* v1.0.5 -> v1.0.8 -> v1.0.9 -> v1.1.0, and nothing straight. */
static struct fixture *fixture_with_stones(int devices)
{
    struct fixture *fixture = fixture_make(devices);
    fixture_sql(
        fixture,
        "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by, requires) VALUES "
        "('v1.0.8t45772(a)', 45772, '108v', 'a', 'tester', 'v1.0.5t45772(a)'), "
        "('v1.0.9t45772(a)', 45772, '109v', 'a', 'tester', 'v1.0.8t45772(a)');"
        "INSERT INTO images SELECT f.firmware_id, i.slot, i.sha256 FROM firmware f, images i "
        "WHERE f.firmware_id > 1 AND i.firmware_id = 1;"
        "UPDATE firmware SET requires = 'v1.0.9t45772(a)' WHERE firmware_id = 1");
    return fixture;
}

static void target_is(struct fixture *fixture, const char *device, const char *expected)
{
    char sql[200];
    snprintf(
        sql, sizeof sql,
        "SELECT state || ' ' || attempt || ' ' || hop || ' ' || to_version FROM targets WHERE device_id = '%s'",
        device);
    char *is = services_query(fixture->url, sql);
    assert_string_equal(is, expected);
    free(is);
}

static void a_device_goes_hop_by_hop(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_stones(1);
    fixture_campaign(fixture, "c", POLICY);
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 1 0 v1.0.8t45772(a)");
    assert_non_null(strstr(fixture->last_payload, "v1.0.8t45772(a)"));
    fixture_updates_itself(fixture, "lamp-1");
    target_is(fixture, "lamp-1", "pending 1 1 v1.0.9t45772(a)");
    assert_int_equal(fixture->acks, 1);
    fixture_state_is(fixture, "c", "running");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 2 1 v1.0.9t45772(a)");
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 3 2 v1.1.0t45772(a)");
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "confirmed 3 2 v1.1.0t45772(a)");
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'confirmed'"), 1);
    fixture_release(fixture);
}

/* The database has lost that a second attempt was made: the next hop must not have its number again. */
static void a_hop_of_a_lost_attempt_uses_up_its_number(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_stones(1);
    char json[400], nonce[NONCE_SIZE], sha256[65];
    fixture_campaign(fixture, "c", POLICY);
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 1 0 v1.0.8t45772(a)");
    nonce_make(fixture->engine.image_secret, 1, "lamp-1", 2, nonce);
    char *sha = services_query(fixture->url, "SELECT sha256 FROM images WHERE firmware_id = 1 AND slot = 2");
    snprintf(sha256, sizeof sha256, "%s", sha);
    free(sha);
    snprintf(json, sizeof json,
             "{'report':'confirmed','campaign':1,'attempt':2,'nonce':'%s','version':'v1.0.8t45772(a)',"
             "'slot':2,'sha256':'%s'}",
             nonce, sha256);
    fixture_report(fixture, "lamp-1", json);
    assert_int_equal(fixture->acks, 1);
    target_is(fixture, "lamp-1", "pending 2 1 v1.0.9t45772(a)");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 3 1 v1.0.9t45772(a)");
    fixture_release(fixture);
}

/* The database has lost a whole hop, and sees by the hello that it is done: the next one begins with a number
 * that the device has used for it. */
static void a_number_that_a_lost_hop_has_used_is_burnt(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_stones(1);
    char json[400], nonce[NONCE_SIZE];
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_campaign(fixture, "c", POLICY);
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "pending 0 0 v1.0.8t45772(a)");
    char *sha256 =
        services_query(fixture->url, "SELECT sha256 FROM images WHERE firmware_id = 1 AND slot = 2");
    snprintf(json, sizeof json,
             "{'report':'hello','version':'v1.0.8t45772(a)','slot':2,'boot':'confirmed','reset_reason':"
             "'power_on','sha256':'%s'}",
             sha256);
    fixture_report(fixture, "lamp-1", json);
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 1 1 v1.0.9t45772(a)");
    nonce_make(fixture->engine.image_secret, 1, "lamp-1", 1, nonce);
    snprintf(json, sizeof json,
             "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'%s','version':'v1.0.8t45772(a)',"
             "'slot':2,'sha256':'%s'}",
             nonce, sha256);
    free(sha256);
    fixture_report(fixture, "lamp-1", json);
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 2 1 v1.0.9t45772(a)");
    assert_int_equal(fixture_rejected(fixture, "image_mismatch"), 1);
    fixture_updates_itself(fixture, "lamp-1");
    target_is(fixture, "lamp-1", "pending 2 2 v1.1.0t45772(a)");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM device_failures"), 0);
    fixture_release(fixture);
}

static void each_begins_where_it_stands(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_stones(4);
    fixture_sql(
        fixture,
        "UPDATE devices SET version = 'v1.0.8t45772(a)', version_order = '108v' WHERE device_id = 'lamp-2';"
        "UPDATE devices SET version = 'v1.0.9t45772(a)', version_order = '109v' WHERE device_id = 'lamp-3';"
        "UPDATE devices SET version = 'v1.0.3t45772(a)', version_order = '103v' WHERE device_id = 'lamp-4'");
    struct error error = {0};
    int64_t plan = 0;
    struct campaign_new wanted = {.name = "c",
                                  .firmware = FIXTURE_VERSION,
                                  .tags = "",
                                  .policy_json = "{\"name\":\"p\",\"rate\":{\"per_minute\":0}}"};
    assert_int_equal(operate_plan_create(fixture->store, &fixture->actor, &wanted, &plan, &error), STATUS_OK);
    char *paths = services_query(fixture->url, "SELECT paths FROM plans");
    assert_string_equal(
        paths,
        "[{\"from\":\"v1.0.5t45772(a)\",\"hops\":[\"v1.0.8t45772(a)\",\"v1.0.9t45772(a)\",\"v1.1.0t45772(a)"
        "\"]},{\"from\":\"v1.0.8t45772(a)\",\"hops\":[\"v1.0.9t45772(a)\",\"v1.1.0t45772(a)\"]}]");
    free(paths);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM plan_left_out WHERE device_id = 'lamp-4' AND reason = "
                                 "'no_path'"),
        1);
    struct campaign_new campaign = {.name = "c", .plan = plan, .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error), STATUS_OK);
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 1 0 v1.0.8t45772(a)");
    target_is(fixture, "lamp-2", "offered 1 0 v1.0.9t45772(a)");
    target_is(fixture, "lamp-3", "offered 1 0 v1.1.0t45772(a)");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets"), 3);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 3);
    fixture_release(fixture);
}

static void a_confirmation_said_twice_is_one_hop(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_stones(1);
    char confirmed[500];
    fixture_campaign(fixture, "c", POLICY);
    fixture_tick(fixture);
    char *nonce = services_query(fixture->url, "SELECT nonce FROM targets");
    snprintf(
        confirmed, sizeof confirmed,
        "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'%s','version':'v1.0.8t45772(a)','slot':2,'sha256':"
        "'%%SHA'}",
        nonce);
    free(nonce);
    for (int i = 0; i < 3; i++)
        fixture_report(fixture, "lamp-1", confirmed);
    target_is(fixture, "lamp-1", "pending 1 1 v1.0.9t45772(a)");
    assert_int_equal(fixture->acks, 3); /* and the device need not say it again */
    fixture_tick(fixture);
    fixture_report(fixture, "lamp-1", confirmed);
    target_is(fixture, "lamp-1", "offered 2 1 v1.0.9t45772(a)");
    fixture_release(fixture);
}

/* Two attempts each: the second hop has its own. */
static void every_hop_has_its_own_attempts(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_stones(1);
    fixture_campaign(fixture, "c", POLICY);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "failed");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 2 0 v1.0.8t45772(a)");
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 3 1 v1.0.9t45772(a)");
    fixture_reports(fixture, "lamp-1", "failed");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 4 1 v1.0.9t45772(a)");
    fixture_reports(fixture, "lamp-1", "failed");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "failed 4 1 v1.0.9t45772(a)");
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

static void a_device_that_is_on_the_stone_goes_on(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_stones(1);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_campaign(fixture, "c", POLICY);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE devices SET version = 'v1.0.8t45772(a)', version_order = '108v';"
                         "UPDATE presence SET online = true");
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "offered 1 1 v1.0.9t45772(a)");
    fixture_release(fixture);
}

static void a_cancelled_campaign_offers_no_further_hop(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_with_stones(1);
    fixture_campaign(fixture, "c", POLICY);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    fixture_reports(fixture, "lamp-1", "confirmed");
    fixture_tick(fixture);
    fixture_tick(fixture);
    target_is(fixture, "lamp-1", "cancelled 1 1 v1.0.9t45772(a)");
    assert_int_equal(fixture->updates, 1);
    /* and what runs on the stone can be taken back */
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_tick(fixture);
    fixture_tick(fixture);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets t JOIN campaigns c USING (campaign_id) WHERE "
                                 "c.kind = 'rollback' AND t.to_version = 'v1.0.5t45772(a)'"),
        1);
    fixture_release(fixture);
}

/* When its turn comes a device may run another version: it goes the way from there, or is not eligible. */
static void a_turn_begins_with_what_the_device_runs_then(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct error error = {0};
    fixture_sql(
        fixture,
        "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by, requires) VALUES "
        "('v1.0.8t45772(a)', 45772, '108v', 'a', 'tester', 'v1.0.5t45772(a)'), "
        "('v1.0.9t45772(a)', 45772, '109v', 'a', 'tester', 'v1.0.7t45772(a)');"
        "INSERT INTO images SELECT f.firmware_id, i.slot, i.sha256 FROM firmware f, images i "
        "WHERE f.firmware_id > 1 AND i.firmware_id = 1;"
        "UPDATE firmware SET requires = 'v1.0.8t45772(a)' WHERE firmware_id = 1");
    fixture_campaign(fixture, "first", POLICY);
    fixture_tick(fixture);
    struct campaign_new second = {.name = "second",
                                  .firmware = FIXTURE_VERSION,
                                  .from = "<v1.0.9",
                                  .tags = "",
                                  .policy_json = "{\"name\":\"p\",\"rate\":{\"per_minute\":0}}",
                                  .overlap = OVERLAP_QUEUE,
                                  .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &second, &error), STATUS_OK);
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE campaign_id = 2 AND path_from = "
                                     "'v1.0.5t45772(a)' AND to_version = 'v1.0.8t45772(a)'"),
                     2);
    fixture_sql(fixture,
                "UPDATE devices SET version = 'v1.0.8t45772(a)', version_order = '108v' WHERE device_id = "
                "'lamp-1'; UPDATE devices SET version = 'v1.0.9t45772(a)', version_order = '109v' WHERE "
                "device_id = 'lamp-2'");
    fixture_command(fixture, "first", CAMPAIGN_CANCEL);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_reports(fixture, "lamp-2", "cancelled");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "second", "offered skipped");
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE campaign_id = 2 AND reason = "
                                     "'not_in_from'"),
                     1);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE campaign_id = 2 AND path_from IS "
                                     "NULL AND to_version = 'v1.1.0t45772(a)' AND state = 'offered'"),
                     1);
    fixture_release(fixture);
}

/* Silent, then taken by another campaign; and it had reached its stepping stone after all. */
static void who_comes_back_to_pending_waits_its_turn(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_sql(
        fixture,
        "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by, requires) VALUES "
        "('v1.0.8t45772(a)', 45772, '108v', 'a', 'tester', 'v1.0.5t45772(a)');"
        "INSERT INTO images SELECT f.firmware_id, i.slot, i.sha256 FROM firmware f, images i "
        "WHERE f.firmware_id > 1 AND i.firmware_id = 1;"
        "UPDATE firmware SET requires = 'v1.0.8t45772(a)' WHERE firmware_id = 1");
    fixture_campaign(fixture, "first", POLICY);
    fixture_tick(fixture);
    char *nonce = services_query(fixture->url, "SELECT nonce FROM targets");
    fixture_sql(
        fixture,
        "UPDATE targets SET state = 'silent', deadline = NULL, attempt = 2; UPDATE waves SET offered = 0, silent = 1");
    fixture_command(fixture, "first", CAMPAIGN_PAUSE);
    fixture_campaign(fixture, "second", POLICY);
    fixture_tick(fixture);
    fixture_targets_are(fixture, "second", "offered");
    char json[300];
    snprintf(
        json, sizeof json,
        "{'report':'confirmed','campaign':1,'attempt':2,'nonce':'%s','version':'v1.0.8t45772(a)','slot':2,'sha256':"
        "'%%SHA'}",
        nonce);
    free(nonce);
    fixture_report(fixture, "lamp-1", json);
    fixture_targets_are(fixture, "first", "pending/queued");
    fixture_targets_are(fixture, "second", "offered");
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_goes_hop_by_hop),
        cmocka_unit_test(a_hop_of_a_lost_attempt_uses_up_its_number),
        cmocka_unit_test(a_number_that_a_lost_hop_has_used_is_burnt),
        cmocka_unit_test(each_begins_where_it_stands),
        cmocka_unit_test(a_confirmation_said_twice_is_one_hop),
        cmocka_unit_test(every_hop_has_its_own_attempts),
        cmocka_unit_test(a_device_that_is_on_the_stone_goes_on),
        cmocka_unit_test(a_cancelled_campaign_offers_no_further_hop),
        cmocka_unit_test(a_turn_begins_with_what_the_device_runs_then),
        cmocka_unit_test(who_comes_back_to_pending_waits_its_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
