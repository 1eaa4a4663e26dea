/* Rollbacks on a real database: who goes back and how, that a rollback does what its plan shows, and that it
 * is gated and capped as any campaign. */
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

/* Everybody at once, whatever happens; or with a gate that halts at a fifth, four at a time. */
#define AT_ONCE                                                                                               \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold','success_percent':1," \
    "'finished_percent':100,'failure_percent':100,'min_sample':1}}],'rate':{'per_minute':600000}}"
#define GATED                                                                                                \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE "}],'in_flight':4,"              \
    "'rate':{'per_minute':600000}}"

/* A release with images of `bytes1` and `bytes2`. */
static void upload(struct fixture *fixture, const char *version, const char *order, const char *bytes1,
                   const char *bytes2)
{
    char sql[700];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) VALUES ('%s', "
        "45772, '%s', 'a', 'tester');"
        "INSERT INTO image_bytes SELECT encode(sha256(b), 'hex'), octet_length(b), b FROM (VALUES "
        "('%s'::bytea), ('%s'::bytea)) t(b);"
        "INSERT INTO images SELECT max(firmware_id), 1, encode(sha256('%s'::bytea), 'hex') FROM firmware;"
        "INSERT INTO images SELECT max(firmware_id), 2, encode(sha256('%s'::bytea), 'hex') FROM firmware",
        version, order, bytes1, bytes2, bytes1, bytes2);
    fixture_sql(fixture, sql);
}

/* A campaign to v1.2.0 for some devices. */
static void next_campaign(struct fixture *fixture, const char *const *devices, size_t count)
{
    struct error error = {0};
    char policy[600];
    snprintf(policy, sizeof policy, "%s", AT_ONCE);
    for (char *c = policy; *c != '\0'; c++) {
        if (*c == '\'')
            *c = '"';
    }
    struct campaign_new campaign = {.name = "next",
                                    .firmware = "v1.2.0t45772(a)",
                                    .devices = devices,
                                    .device_count = count,
                                    .policy_json = policy,
                                    .start = true};
    if (operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    fixture_tick(fixture);
}

/* "1 flip, 2 download, 3 other_campaign..." of campaign 1. */
static void plan_is(struct fixture *fixture, const char *wanted)
{
    char *plan = services_query(
        fixture->url,
        "SELECT string_agg(substr(device_id, 6) || ' ' || coalesce(way, left_out), ', ' ORDER BY "
        "length(device_id), device_id) FROM judged_rollback(1)");
    assert_non_null(plan);
    assert_string_equal(plan, wanted);
    free(plan);
}

/* Keeps the plan of campaign 1 as it is shown now ... */
static void the_plan_is_shown(struct fixture *fixture)
{
    fixture_sql(fixture, "CREATE TABLE shown AS SELECT * FROM judged_rollback(1)");
}

/* ... and the campaign that goes back does just that. */
static void the_plan_runs(struct fixture *fixture)
{
    assert_int_equal(
        fixture_integer(
            fixture,
            "SELECT count(*) FROM (SELECT * FROM shown WHERE way IS NOT NULL) s FULL JOIN (SELECT t.* "
            "FROM targets t JOIN campaigns c USING (campaign_id) WHERE c.kind = 'rollback') t USING "
            "(device_id) WHERE (s.way, s.previous, s.version, s.firmware_id, s.flip_sha256) IS DISTINCT "
            "FROM (t.way, t.to_version, t.from_version, t.firmware_id, t.flip_sha256)"),
        0);
    /* and both rows of the audit have its numbers */
    assert_int_equal(
        fixture_integer(
            fixture,
            "SELECT count(*) FROM audit, (SELECT count(*) FILTER (WHERE way = 'flip') AS flip, count(*) FILTER "
            "(WHERE way = 'download') AS download, sum(bytes) AS bytes FROM shown) s, (SELECT "
            "coalesce(jsonb_object_agg(left_out, devices), '{}') AS left_out FROM (SELECT left_out, count(*) AS "
            "devices FROM shown WHERE left_out IS NOT NULL GROUP BY 1) l) l WHERE (object, action) IN (('c', "
            "'rollback'), ('c.rollback', 'planned')) AND detail - 'members' = jsonb_build_object('flip', s.flip, "
            "'download', s.download, 'bytes', s.bytes, 'left_out', l.left_out)"),
        2);
}

static void everybody_is_offered(struct fixture *fixture, const char *campaign, const char *policy)
{
    fixture_campaign(fixture, campaign, policy);
    fixture_tick(fixture);
}

static void goes_back(struct fixture *fixture, const char *device)
{
    fixture_reports(fixture, device, "accepted");
    fixture_report(
        fixture, device,
        "{'report':'confirmed','campaign':2,'attempt':1,'nonce':'%NONCE','version':'v1.0.5t45772(a)',"
        "'slot':1,'sha256':'5555555555555555555555555555555555555555555555555555555555555555'}");
}

static void the_plan_says_how_and_why_not_and_runs(void **state)
{
    (void)state;
    static const char *const updated[] = {"lamp-1", "lamp-2", "lamp-3", "lamp-5",
                                          "lamp-6", "lamp-7", "lamp-9"};
    static const char *const taken[] = {"lamp-3", "lamp-6", "lamp-7"};
    struct fixture *fixture = fixture_make(10);
    upload(fixture, "v1.0.5t45772(a)", "105v", "old one", "old two!");
    upload(fixture, "v1.2.0t45772(a)", "120v", "next one", "next two");
    fixture_sql(fixture, "UPDATE devices SET version = 'v1.0.4t45772(a)', version_order = '104v' WHERE "
                         "device_id IN ('lamp-5', 'lamp-6');"
                         "UPDATE devices SET image_sha256 = NULL WHERE device_id IN ('lamp-2', 'lamp-5');"
                         "UPDATE presence SET online = false WHERE device_id = 'lamp-10'");
    everybody_is_offered(fixture, "c", AT_ONCE);
    for (size_t i = 0; i < sizeof updated / sizeof updated[0]; i++)
        fixture_updates_itself(fixture, updated[i]);
    fixture_reports(fixture, "lamp-4", "reverted");
    fixture_reports(fixture, "lamp-8", "accepted");
    next_campaign(fixture, taken, 3);
    fixture_reports(fixture, "lamp-3", "failed");
    fixture_reports(fixture, "lamp-6", "failed");
    fixture_sql(fixture, "INSERT INTO quarantines (device_id, until, campaign_id, failures) VALUES "
                         "('lamp-9', now() + interval '1 day', 1, 3)");
    /* lamp-10 was offered nothing: it took no part */
    plan_is(fixture, "1 flip, 2 download, 3 download, 4 runs_another_version, 5 previous_not_known, "
                     "6 previous_overwritten, 7 other_campaign, 8 still_in_flight, 9 flip");
    assert_int_equal(fixture_integer(fixture, "SELECT sum(bytes) FROM judged_rollback(1)"),
                     2 * 7); /* both go to slot 1 */
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM judged_rollback(1) WHERE other_campaign = "
                                     "'next' AND device_id = 'lamp-7'"),
                     1);

    fixture_reports(fixture, "lamp-8", "confirmed");
    the_plan_is_shown(fixture);
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_state_is(fixture, "c.rollback", "running");
    the_plan_runs(fixture);
    assert_int_equal(fixture->rollbacks, 5);
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM campaigns WHERE name = 'c.rollback' AND state_reason = '5 "
                        "members; left out: 1 in another live campaign, 1 whose previous image is not "
                        "known, 1 whose previous image is neither in the device nor uploaded'"),
        1);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM audit WHERE action = 'rollback' AND actor = 'tester'"),
        1);
    fixture_release(fixture);
}

static void a_rollback_after_completion_runs_its_plan(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    everybody_is_offered(fixture, "c", AT_ONCE);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    plan_is(fixture, "1 flip, 2 flip, 3 flip, 4 flip, 5 flip, 6 flip");
    the_plan_is_shown(fixture);
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    the_plan_runs(fixture);
    fixture_release(fixture);
}

static void a_rollback_by_on_halt_runs_its_plan(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    char first[65], second[65], policy[1200];
    snprintf(policy, sizeof policy, "{'on_halt':'rollback',%s", &FIXTURE_TWO_WAVES[1]);
    everybody_is_offered(fixture, "c", policy);
    fixture_canary_devices(fixture, first, second);
    fixture_updates_itself(fixture, first);
    fixture_reports(fixture, second, "reverted");
    the_plan_is_shown(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM shown WHERE way = 'flip'"), 1);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM shown WHERE left_out = 'runs_another_version'"), 1);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "rolling_back");
    the_plan_runs(fixture);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM audit WHERE action = 'rollback' AND actor = "
                                     "'orchestrator' AND reason = 'on_halt is rollback'"),
                     1);
    fixture_release(fixture);
}

/* What a later attempt of another campaign leaves of the previous image. */
static void a_later_attempt_may_have_taken_the_slot(void **state)
{
    (void)state;
    static const char *const devices[] = {"lamp-1", "lamp-2", "lamp-3", "lamp-4"};
    struct fixture *fixture = fixture_make(4);
    upload(fixture, "v1.2.0t45772(a)", "120v", "next one", "next two");
    everybody_is_offered(fixture, "c", AT_ONCE);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    next_campaign(fixture, devices, 2);
    fixture_reports(fixture, "lamp-1", "rejected"); /* at once: it has written nothing */
    fixture_reports(fixture, "lamp-2", "downloading");
    fixture_reports(fixture, "lamp-2", "failed");
    fixture_tick(fixture);
    plan_is(fixture, "1 flip, 2 previous_overwritten, 3 flip, 4 flip");
    upload(fixture, "v1.0.5t45772(a)", "105v", "old one", "old two!");
    plan_is(fixture, "1 flip, 2 download, 3 flip, 4 flip");
    fixture_release(fixture);
}

/* What its own rollback, which was given up, says of it. */
static void a_rollback_that_was_tried_leaves_its_traces(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    everybody_is_offered(fixture, "c", AT_ONCE);
    fixture_everybody_updates(fixture);
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_report(
        fixture, "lamp-1", /* the old image ran, and was not well: it is there */
        "{'report':'reverted','campaign':2,'attempt':1,'reason':'health_check','version':'" FIXTURE_VERSION
        "','slot':2,'sha256':'%SHA'}");
    fixture_report(fixture, "lamp-2",
                   "{'report':'rejected','campaign':2,'attempt':1,'reason':'no_previous_image'}");
    plan_is(fixture, "1 flip, 2 previous_overwritten, 3 other_campaign");
    fixture_command(fixture, "c.rollback", CAMPAIGN_CANCEL);
    fixture_report(fixture, "lamp-3", "{'report':'cancelled','campaign':2,'attempt':1}");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    plan_is(fixture, "1 flip, 2 previous_overwritten, 3 flip"); /* a flip writes nothing */
    fixture_release(fixture);
}

/* While a device in flight is waited for nothing has gone back, and there is no rollback to cancel. */
static void a_rollback_that_has_not_begun_is_cancelled_by_its_campaign(void **state)
{
    (void)state;
    struct error error;
    bool changed = true;
    struct fixture *fixture = fixture_make(2);
    everybody_is_offered(fixture, "c", AT_ONCE);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_state_is(fixture, "c", "rolling_back");
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    fixture_state_is(fixture, "c", "cancelled");
    fixture_reports(fixture, "lamp-1", "confirmed");
    fixture_tick(fixture);
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns"), 1);
    assert_int_equal(fixture_targets(fixture, "confirmed"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE settled"), 1);

    /* once it has begun its rollback is the one to cancel */
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c.rollback", "running");
    assert_int_equal(operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_CANCEL, NULL,
                                              &changed, &error),
                     STATUS_CONFLICT);
    assert_string_equal(error.message, "c is rolling back: cancel its rollback, c.rollback");
    assert_false(changed);
    fixture_state_is(fixture, "c", "rolling_back");
    fixture_release(fixture);
}

/* The first one was cancelled in the middle of things: the second waits for what it still has in flight. */
static void a_second_rollback_waits_for_the_first_to_settle(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    everybody_is_offered(fixture, "c", AT_ONCE);
    fixture_everybody_updates(fixture);
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_reports(fixture, "lamp-2", "accepted");
    fixture_command(fixture, "c.rollback", CAMPAIGN_CANCEL);
    fixture_state_is(fixture, "c", "halted");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_state_is(fixture, "c", "rolling_back");
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM campaigns WHERE name = 'c' AND state_reason = "
                                     "'waits for the 2 devices in flight of an earlier rollback to end'"),
                     1);
    goes_back(fixture, "lamp-1");
    fixture_reports(fixture, "lamp-2", "cancelled");
    fixture_tick(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c.rollback-2", "running");
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM targets WHERE campaign_id = 3 AND device_id = 'lamp-2'"),
        1);
    assert_int_equal(fixture_integer(fixture, "SELECT members FROM campaigns WHERE campaign_id = 3"), 1);
    fixture_release(fixture);
}

static void a_rollback_whose_devices_fail_is_halted_by_its_gate(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    everybody_is_offered(fixture, "c", GATED);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    assert_int_equal(fixture->rollbacks, 4);
    for (int i = 0; i < 2; i++) {
        char *device =
            services_query(fixture->url, "SELECT min(device_id) FROM targets WHERE state = 'offered'");
        fixture_reports(fixture, device, "failed");
        free(device);
    }
    fixture_tick(fixture);
    fixture_state_is(fixture, "c.rollback", "halted");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "rolling_back");
    assert_int_equal(fixture->rollbacks, 4); /* nobody is offered it after the second failure */
    assert_int_equal(fixture->cancels, 2);
    assert_int_equal(
        fixture_integer(
            fixture,
            "SELECT count(*) FROM audit WHERE action = 'halt' AND object = 'c.rollback' AND actor = "
            "'orchestrator' AND detail @> '{\"wave\": \"rollback\", \"members\": 10, \"finished\": 2, "
            "\"confirmed\": 0, \"failures\": 2, \"failure_percent\": 20}'"),
        1);
    fixture_release(fixture);
}

static void a_rollback_never_goes_beyond_its_cap(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    char *device;
    everybody_is_offered(fixture, "c", GATED);
    fixture_everybody_updates(fixture);
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    for (int64_t back = 1;
         (device = services_query(fixture->url, "SELECT device_id FROM targets WHERE state = "
                                                "'offered' LIMIT 1")) != NULL;
         back++) {
        int64_t left = 10 - back;
        goes_back(fixture, device);
        fixture_tick(fixture);
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE deadline IS NOT NULL"),
                         left < 4 ? left : 4);
        free(device);
    }
    assert_int_equal(fixture->rollbacks, 10);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "rolled_back");
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM audit WHERE action = 'rolled_back' AND detail = "
                                     "'{\"rollback\": \"c.rollback\", \"members\": 10, \"confirmed\": 10}'"),
                     1);
    fixture_release(fixture);
}

static enum status try_rollback(struct fixture *fixture, struct error *error)
{
    bool changed;
    return operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_ROLLBACK, "", &changed,
                                    error);
}

static void a_rollback_of_nobody_is_refused_unless_it_stops_something(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct error error = {0};
    everybody_is_offered(fixture, "c", AT_ONCE);
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM judged_rollback(1) WHERE left_out = "
                                              "'still_in_flight'"),
                     2);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_reports(fixture, "lamp-2", "cancelled");
    fixture_tick(fixture);
    assert_int_equal(try_rollback(fixture, &error), STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "no device of c would go back"));
    fixture_state_is(fixture, "c", "cancelled");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns"), 1);
    fixture_release(fixture);

    fixture = fixture_make(2);
    fixture_sql(fixture, "UPDATE presence SET online = false");
    everybody_is_offered(fixture, "c", AT_ONCE);
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK); /* it is under way: this stops it */
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "rolled_back");
    assert_int_equal(fixture_targets(fixture, "cancelled"), 2);
    fixture_release(fixture);
}

/* What keeps a device from going back may be put right after the others went: the images of its version are
 * uploaded then. */
static void who_was_left_out_goes_back_later(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    bool changed = true;
    struct error error = {0};
    everybody_is_offered(fixture, "c", AT_ONCE);
    fixture_everybody_updates(fixture);
    fixture_sql(fixture, "UPDATE targets SET from_sha256 = NULL WHERE device_id = 'lamp-2'");
    plan_is(fixture, "1 flip, 2 previous_not_known");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_tick(fixture);
    goes_back(fixture, "lamp-1");
    fixture_tick(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "rolled_back");
    assert_int_equal(operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_ROLLBACK, "",
                                              &changed, &error),
                     STATUS_OK);
    assert_false(changed); /* nobody could go back */
    upload(fixture, "v1.0.5t45772(a)", "105v", "old one", "old two!");
    plan_is(fixture, "1 runs_another_version, 2 download");
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_state_is(fixture, "c", "rolling_back");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c.rollback-2", "offered");
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_says_how_and_why_not_and_runs),
        cmocka_unit_test(a_rollback_after_completion_runs_its_plan),
        cmocka_unit_test(a_rollback_by_on_halt_runs_its_plan),
        cmocka_unit_test(a_later_attempt_may_have_taken_the_slot),
        cmocka_unit_test(a_rollback_that_was_tried_leaves_its_traces),
        cmocka_unit_test(a_rollback_that_has_not_begun_is_cancelled_by_its_campaign),
        cmocka_unit_test(a_second_rollback_waits_for_the_first_to_settle),
        cmocka_unit_test(a_rollback_whose_devices_fail_is_halted_by_its_gate),
        cmocka_unit_test(a_rollback_never_goes_beyond_its_cap),
        cmocka_unit_test(a_rollback_of_nobody_is_refused_unless_it_stops_something),
        cmocka_unit_test(who_was_left_out_goes_back_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
