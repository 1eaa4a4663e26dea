/* The engine on a real database: devices that are waited for in vain. Who has failed is no gap, whatever
 * comes between its attempts; who was only offered something has not failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "migrate.h"
#include "services.h"

#define TWO_ATTEMPTS                                                                                         \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE                                  \
    "}],'rate':{'per_minute':0},'timeouts':{'offer_seconds':30,'download_seconds':60,'confirm_seconds':40}," \
    "'retry':{'attempts':2,'backoff_seconds':1,'on':['failed','reverted','silent']},"                        \
    "'offline':{'wait_seconds':100,'then':'skip'}}"

static int64_t attempt(struct fixture *fixture, const char *device)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT attempt FROM targets WHERE device_id = '%s'", device);
    return fixture_integer(fixture, sql);
}

static void goes_offline(struct fixture *fixture, const char *device)
{
    char sql[160];
    snprintf(sql, sizeof sql, "UPDATE presence SET online = false, changed_at = now() WHERE device_id = '%s'",
             device);
    fixture_sql(fixture, sql);
}

/* The release has bricked it: that it cannot come back for its second attempt is no excuse. */
static void who_falls_silent_and_never_comes_back_has_failed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_reports(fixture, "lamp-1", "trial");
    goes_offline(fixture, "lamp-1");
    fixture_later(fixture, 41);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_later(fixture, 50);
    assert_int_equal(fixture_targets(fixture, "pending"), 1); /* waited for as any other */
    fixture_sql(fixture, "DELETE FROM events");               /* which are not kept for ever */
    fixture_later(fixture, 100);
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    assert_int_equal(fixture_targets(fixture, "skipped"), 0);
    assert_int_equal(fixture_integer(fixture, "SELECT failed FROM waves"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(devices) FROM ops.failures_by_reason"), 1);
    fixture_state_is(fixture, "c", "halted");
    fixture_reports(fixture, "lamp-1", "confirmed"); /* unless it had done it after all */
    assert_int_equal(fixture_targets(fixture, "confirmed"), 2);
    fixture_release(fixture);
}

/* A rejection is a failure where the gate counts it. */
static void who_rejects_it_and_never_comes_back_fails_only_where_that_counts(void **state)
{
    (void)state;
    static const struct {
        const char *counts, *ends;
    } cases[] = {{"false", "skipped"}, {"true", "failed"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char policy[600];
        struct fixture *fixture = fixture_make(1);
        snprintf(policy, sizeof policy,
                 "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold',"
                 "'count_rejected':%s}}],'rate':{'per_minute':0},'retry':{'attempts':2,'backoff_seconds':1,"
                 "'on':['rejected']},'offline':{'wait_seconds':100,'then':'skip'}}",
                 cases[i].counts);
        fixture_campaign(fixture, "c", policy);
        fixture_tick(fixture);
        fixture_reports(fixture, "lamp-1", "rejected");
        fixture_tick(fixture);
        goes_offline(fixture, "lamp-1");
        assert_int_equal(fixture_targets(fixture, "pending"), 1);
        fixture_later(fixture, 150);
        assert_int_equal(fixture_targets(fixture, cases[i].ends), 1);
        fixture_release(fixture);
    }
}

/* As it failed in the campaign that took it over meanwhile, or so. */
static void who_is_quarantined_before_its_next_attempt_has_failed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_later(fixture, 41);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_sql(fixture, "INSERT INTO quarantines (device_id, until, campaign_id, failures) "
                         "VALUES ('lamp-1', now() + interval '1 day', 1, 3)");
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE state = 'failed' AND "
                                              "reason = 'quarantined'"),
                     1);
    fixture_state_is(fixture, "c", "halted");
    fixture_reports(fixture, "lamp-1", "confirmed"); /* its first attempt was slow */
    assert_int_equal(fixture_targets(fixture, "confirmed"), 2);
    fixture_release(fixture);
}

/* An offer that was taken back is no attempt that ended badly. */
static void who_was_only_offered_it_is_skipped_when_offline(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    goes_offline(fixture, "lamp-1");
    fixture_sql(fixture, "UPDATE targets SET withdrawn = true");
    fixture_later(fixture, 300);
    fixture_later(fixture, 300);
    assert_int_equal(attempt(fixture, "lamp-1"), 1);
    assert_int_equal(fixture_targets(fixture, "skipped"), 1);
    fixture_release(fixture);
}

/* The boot on trial is the last that is heard of it; then it is to be tried again. */
static void boots_it_and_dies(struct fixture *fixture, int number)
{
    char json[300];
    fixture_reports(fixture, "lamp-1", "trial");
    snprintf(json, sizeof json,
             "{'report':'hello','version':'" FIXTURE_VERSION
             "','slot':2,'boot':'trial','reset_reason':'software',"
             "'sha256':'%%SHA','activity':{'campaign':1,'attempt':%d,'state':'trial'}}",
             number);
    fixture_report(fixture, "lamp-1", json);
    goes_offline(fixture, "lamp-1");
    fixture_later(fixture, 41);
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
}

/* ... and the other one is done. */
static struct fixture *one_is_bricked(void)
{
    struct fixture *fixture = fixture_make(2);
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-2");
    boots_it_and_dies(fixture, 1);
    return fixture;
}

static void another_begins(struct fixture *fixture)
{
    struct error error = {0};
    struct campaign_new other = {
        .name = "other",
        .firmware = "v1.2.0t45772(a)",
        .tags = "",
        .policy_json = "{\"name\":\"p\",\"waves\":[{\"name\":\"all\",\"size\":{\"rest\":true}}]}",
        .priority = 90,
        .overlap = OVERLAP_QUEUE,
        .start = true};
    fixture_sql(fixture,
                "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) VALUES "
                "('v1.2.0t45772(a)', 45772, '120v', 'a', 'tester');"
                "INSERT INTO images SELECT f.firmware_id, i.slot, i.sha256 FROM firmware f, images i "
                "WHERE f.version = 'v1.2.0t45772(a)' AND i.firmware_id = 1");
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &other, &error), STATUS_OK);
    fixture_tick(fixture);
}

/* Another campaign goes ahead with whatever waits, and ends without an offer. */
static void another_goes_ahead(struct fixture *fixture)
{
    another_begins(fixture);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 1 AND queued"), 1);
    fixture_command(fixture, "other", CAMPAIGN_CANCEL);
    fixture_tick(fixture);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 1 AND queued"), 0);
}

static int64_t failed_of_c(struct fixture *fixture)
{
    return fixture_integer(fixture,
                           "SELECT count(*) FROM targets WHERE campaign_id = 1 AND state = 'failed' AND "
                           "reason = 'offline'");
}

static void who_is_bricked_and_had_to_wait_for_another_campaign_has_failed(void **state)
{
    (void)state;
    struct fixture *fixture = one_is_bricked();
    another_goes_ahead(fixture);
    assert_int_equal(fixture_targets(fixture, "skipped"), 0);
    fixture_later(fixture, 150);
    assert_int_equal(failed_of_c(fixture), 1);
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

static struct fixture *one_is_bricked_on_its_second_hop(void)
{
    struct fixture *fixture = fixture_make(2);
    fixture_sql(fixture,
                "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) VALUES "
                "('v1.0.8t45772(a)', 45772, '108v', 'a', 'tester');"
                "INSERT INTO images SELECT f.firmware_id, i.slot, i.sha256 FROM firmware f, images i "
                "WHERE f.firmware_id > 1 AND i.firmware_id = 1;"
                "UPDATE firmware SET requires = 'v1.0.8t45772(a)' WHERE firmware_id = 1");
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    for (int i = 0; i < 2; i++) {
        fixture_updates_itself(fixture, "lamp-2");
        fixture_tick(fixture);
    }
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    assert_int_equal(attempt(fixture, "lamp-1"), 2);
    boots_it_and_dies(fixture, 2);
    return fixture;
}

static void who_is_bricked_on_its_second_hop_has_failed(void **state)
{
    (void)state;
    struct fixture *fixture = one_is_bricked_on_its_second_hop();
    another_goes_ahead(fixture);
    fixture_later(fixture, 150);
    assert_int_equal(failed_of_c(fixture), 1);
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

/* Without its boot on trial having been heard of. */
static void who_falls_silent_on_its_second_hop_has_failed(void **state)
{
    (void)state;
    struct fixture *fixture = one_is_bricked_on_its_second_hop();
    fixture_sql(fixture,
                "UPDATE devices SET version = 'v1.0.8t45772(a)', version_order = '108v', boot = 'confirmed' "
                "WHERE device_id = 'lamp-1'");
    another_goes_ahead(fixture);
    fixture_later(fixture, 150);
    assert_int_equal(failed_of_c(fixture), 1);
    fixture_release(fixture);
}

static void confirms_late(struct fixture *fixture, int number)
{
    char json[400];
    char *nonce = services_query(fixture->url,
                                 "SELECT nonce FROM targets WHERE campaign_id = 1 AND device_id = 'lamp-1'");
    snprintf(json, sizeof json,
             "{'report':'confirmed','campaign':1,'attempt':%d,'nonce':'%s','version':'" FIXTURE_VERSION
             "','slot':2,'sha256':'%%SHA'}",
             number, nonce);
    free(nonce);
    fixture_sql(fixture, "UPDATE presence SET online = true");
    fixture_report(fixture, "lamp-1", json);
}

/* It was slow, and another campaign went ahead: what it did counts, and leads back to what it ran before. */
static void who_confirms_after_having_waited_can_go_back(void **state)
{
    (void)state;
    struct fixture *fixture = one_is_bricked();
    another_goes_ahead(fixture);
    confirms_late(fixture, 1);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE campaign_id = 1 AND state = "
                                     "'confirmed' AND from_version = 'v1.0.5t45772(a)'"),
                     2);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);

    fixture = one_is_bricked_on_its_second_hop();
    another_goes_ahead(fixture);
    confirms_late(fixture, 2);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE campaign_id = 1 AND state = "
                                     "'confirmed' AND from_version = 'v1.0.8t45772(a)'"),
                     2);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

/* The rollback was halted, another campaign took the device, and the rollback goes on. */
static void who_waits_in_a_rollback_has_its_turn(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_sql(fixture, "UPDATE devices SET image_sha256 = repeat('5', 64)");
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-1");
    fixture_tick(fixture);
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_tick(fixture);
    for (int i = 0; i < 4; i++)
        fixture_later(fixture, i % 2 == 0 ? 31 : 3);
    fixture_state_is(fixture, "c.rollback", "halted");
    /* as if it had been another device that used up its attempts */
    fixture_sql(fixture,
                "UPDATE campaigns SET policy = jsonb_set(policy::jsonb, '{retry,attempts}', '3')::json "
                "WHERE kind = 'rollback'");
    another_begins(fixture);
    fixture_command(fixture, "c.rollback", CAMPAIGN_RESUME);
    fixture_tick(fixture);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 2 AND queued"), 1);
    fixture_command(fixture, "other", CAMPAIGN_CANCEL);
    fixture_later(fixture, 130); /* until nobody can have taken its offer */
    fixture_later(fixture, 130);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE campaign_id = 2 AND NOT queued AND "
                                     "state = 'offered'"),
                     1);
    fixture_release(fixture);
}

/* Why it has failed is heard in the end, once. */
static void who_was_given_up_says_why_when_it_comes_back(void **state)
{
    (void)state;
    struct fixture *fixture = one_is_bricked();
    fixture_later(fixture, 150);
    assert_int_equal(failed_of_c(fixture), 1);
    fixture_reports(fixture, "lamp-1", "reverted");
    assert_int_equal(fixture_targets(fixture, "reverted"), 1);
    assert_int_equal(fixture_integer(fixture, "SELECT failed + 10 * reverted FROM waves"), 10);
    fixture_reports(fixture, "lamp-1", "reverted");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'reverted'"), 1);
    fixture_release(fixture);
}

/* The operator has seen that failure, and gone on. */
static void who_failed_before_a_resume_is_skipped(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_reports(fixture, "lamp-1", "trial");
    for (int i = 0; i < 2; i++) {
        fixture_reports(fixture, "lamp-3", "failed");
        fixture_tick(fixture);
        fixture_later(fixture, 2);
    }
    fixture_state_is(fixture, "c", "halted");
    goes_offline(fixture, "lamp-1");
    fixture_later(fixture, 41);
    assert_int_equal(fixture_targets(fixture, "silent"), 1);
    fixture_command(fixture, "c", CAMPAIGN_RESUME); /* in whose tick it is to be tried again */
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_later(fixture, 150);
    assert_int_equal(fixture_targets(fixture, "skipped"), 1);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

/* One is excused; another one fails after the resume, which a pause does not excuse. */
static void who_failed_after_a_resume_has_failed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_reports(fixture, "lamp-1", "trial");
    for (int i = 0; i < 2; i++) {
        fixture_reports(fixture, "lamp-3", "failed");
        fixture_tick(fixture);
        fixture_later(fixture, 2);
    }
    fixture_state_is(fixture, "c", "halted");
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    fixture_tick(fixture);
    fixture_reports(fixture, "lamp-1", "reverted");
    fixture_command(fixture, "c", CAMPAIGN_PAUSE);
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    fixture_tick(fixture);
    goes_offline(fixture, "lamp-1");
    fixture_later(fixture, 150);
    assert_int_equal(failed_of_c(fixture), 1);
    fixture_state_is(fixture, "c", "halted");
    fixture_release(fixture);
}

/* A database of before migration 0022: one waits to be tried again, one in a queue, one was only offered it.
 */
static void who_had_failed_before_the_migration_has_failed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    struct error error = {0};
    const struct migration *migration = migrations_embedded;
    while (strncmp(migration->name, "0022", 4) != 0)
        migration++;
    fixture_campaign(fixture, "c", TWO_ATTEMPTS);
    fixture_tick(fixture);
    for (int i = 1; i <= 3; i++) {
        char device[16];
        snprintf(device, sizeof device, "lamp-%d", i);
        if (i < 3)
            fixture_reports(fixture, device, "failed");
        goes_offline(fixture, device);
    }
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "pending"), 2);
    fixture_sql(fixture, "UPDATE targets SET queued = true WHERE device_id = 'lamp-2';"
                         "ALTER TABLE targets DROP COLUMN failed_attempt, DROP COLUMN excused_attempt");
    assert_int_equal(store_run_script(fixture->store, migration->text, &error), STATUS_OK);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE failed_attempt = 1 AND device_id IN "
                                     "('lamp-1', 'lamp-2')"),
                     2);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(failed_attempt) FROM targets"), 2);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_falls_silent_and_never_comes_back_has_failed),
        cmocka_unit_test(who_rejects_it_and_never_comes_back_fails_only_where_that_counts),
        cmocka_unit_test(who_is_quarantined_before_its_next_attempt_has_failed),
        cmocka_unit_test(who_was_only_offered_it_is_skipped_when_offline),
        cmocka_unit_test(who_is_bricked_and_had_to_wait_for_another_campaign_has_failed),
        cmocka_unit_test(who_is_bricked_on_its_second_hop_has_failed),
        cmocka_unit_test(who_falls_silent_on_its_second_hop_has_failed),
        cmocka_unit_test(who_confirms_after_having_waited_can_go_back),
        cmocka_unit_test(who_waits_in_a_rollback_has_its_turn),
        cmocka_unit_test(who_was_given_up_says_why_when_it_comes_back),
        cmocka_unit_test(who_failed_before_a_resume_is_skipped),
        cmocka_unit_test(who_failed_after_a_resume_has_failed),
        cmocka_unit_test(who_had_failed_before_the_migration_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
