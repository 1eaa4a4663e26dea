/* The engine on a real database: campaigns whose targets are written while they are under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "store_sql.h"
#include "tick.h"

#define ALL_AT_ONCE                                                                                          \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE                                  \
    "}],'rate':{'per_minute':600000},'in_flight':100}"

enum { DEVICES = 9 };

/* Devices of whom two are written when they are planned, and two after each tick. */
static struct fixture *make(void)
{
    struct fixture *fixture = fixture_make(DEVICES);
    fixture->engine.fill_rows = 2;
    return fixture;
}

static void tick_once_unchecked(struct fixture *fixture)
{
    struct error error = {0};
    bool more;
    if (tick(&fixture->engine, fixture->store, &more, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
}

static void tick_once(struct fixture *fixture)
{
    tick_once_unchecked(fixture);
    /* Whoever is not written is pending. */
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM campaigns c WHERE unwritten <> members - (SELECT "
                                     "count(*) FROM targets t WHERE t.campaign_id = c.campaign_id)"),
                     0);
    assert_int_equal(
        fixture_integer(
            fixture, "SELECT count(*) FROM campaigns c WHERE unwritten <> (SELECT sum(pending) FROM waves w "
                     "WHERE w.campaign_id = c.campaign_id) - (SELECT count(*) FROM targets t WHERE "
                     "t.campaign_id = c.campaign_id AND state = 'pending') AND kind = 'update'"),
        0);
}

/* Without a tick. */
static void command(struct fixture *fixture, const char *name, enum campaign_command command)
{
    struct error error = {0};
    bool moved;
    if (operate_campaign_command(fixture->store, &fixture->actor, name, command, NULL, &moved, &error) !=
        STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
}

static void begin(struct fixture *fixture, const char *name, const char *policy)
{
    fixture_draft(fixture, name, policy);
    command(fixture, name, CAMPAIGN_START);
}

static int64_t unwritten(struct fixture *fixture)
{
    return fixture_integer(fixture, "SELECT unwritten FROM campaigns WHERE name = 'c'");
}

static void offers_leave_before_all_targets_are_written(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    assert_int_equal(unwritten(fixture), DEVICES - 4);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(members) FROM waves"), DEVICES);
    tick_once(fixture);
    assert_int_equal(fixture->updates, 2);
    assert_int_equal(unwritten(fixture), DEVICES - 6);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM plans WHERE in_use"), 1);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(unwritten(fixture), 0);
    assert_int_equal(fixture_targets(fixture, "confirmed"), DEVICES);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM plans WHERE in_use"), 0);
    assert_int_equal(fixture_integer(fixture, "SELECT settled::integer FROM campaigns"), 1);
    fixture_release(fixture);
}

/* All that are written, or only those that are offered, confirm, without a tick. */
static void all_confirm(struct fixture *fixture, const char *states)
{
    char sql[900];
    snprintf(
        sql, sizeof sql,
        "WITH old AS (SELECT device_id, wave, state FROM targets WHERE campaign_id = 1 AND state IN (%s)),"
        "ended AS (UPDATE targets t SET state = 'confirmed', deadline = NULL FROM old WHERE "
        "campaign_id = 1 AND t.device_id = old.device_id),"
        "runs AS (UPDATE devices d SET version = '" FIXTURE_VERSION "', image_sha256 = i.sha256, slot = 2 "
        "FROM old, images i WHERE d.device_id = old.device_id AND i.slot = 2)"
        "UPDATE waves w SET offered = offered - o, pending = pending - p, confirmed = confirmed + o + p FROM "
        "(SELECT wave, count(*) FILTER (WHERE state = 'offered') AS o, count(*) FILTER (WHERE state = "
        "'pending') AS p FROM old GROUP BY wave) e WHERE campaign_id = 1 AND w.wave = e.wave",
        states);
    fixture_sql(fixture, sql);
}

static void a_wave_does_not_end_before_all_of_it_is_written(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", ALL_AT_ONCE);
    tick_once(fixture);
    while (unwritten(fixture) > 0) {
        all_confirm(fixture, "'offered', 'pending'");
        assert_int_equal(fixture_targets(fixture, "confirmed"), DEVICES - unwritten(fixture));
        tick_once(fixture);
        fixture_state_is(fixture, "c", "running");
        assert_int_equal(fixture_integer(fixture,
                                         "SELECT count(*) FROM waves WHERE state = 'open' AND verdict "
                                         "LIKE '%still to be written'"),
                         1);
    }
    tick_once(fixture);
    fixture_state_is(fixture, "c", "running");
    all_confirm(fixture, "'offered'");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), DEVICES);
    fixture_release(fixture);
}

/* Every member has an outcome, and the log has all of them. */
static void ended_as(struct fixture *fixture, const char *campaign_state, const char *reason,
                     int64_t cancelled)
{
    char sql[300];
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", campaign_state);
    snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM targets JOIN events e USING (campaign_id, device_id) WHERE campaign_id = 1 AND "
        "state = 'cancelled' AND e.to_state = state AND e.from_state = 'pending' AND e.reason = targets.reason "
        "AND e.reason = '%s'",
        reason);
    assert_int_equal(fixture_integer(fixture, sql), cancelled);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(cancelled) FROM waves WHERE campaign_id = 1"),
                     cancelled);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 1"), DEVICES);
    assert_int_equal(unwritten(fixture), 0);
}

static void who_is_not_written_at_a_cancellation_is_cancelled(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    command(fixture, "c", CAMPAIGN_CANCEL);
    tick_once(fixture);
    assert_int_equal(unwritten(fixture), DEVICES - 6);
    assert_int_equal(fixture_integer(fixture, "SELECT settled::integer FROM campaigns"), 0);
    ended_as(fixture, "cancelled", "campaign_cancelled", DEVICES);
    assert_int_equal(fixture_integer(fixture, "SELECT settled::integer FROM campaigns"), 1);
    fixture_release(fixture);
}

static void who_is_not_written_at_a_rollback_is_cancelled(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    tick_once(fixture);
    all_confirm(fixture, "'offered'");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 2);
    command(fixture, "c", CAMPAIGN_ROLLBACK);
    tick_once(fixture);
    assert_true(unwritten(fixture) > 0);
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 2"), 2);
    ended_as(fixture, "rolling_back", "rolled_back", DEVICES - 2);
    fixture_release(fixture);
}

/* In any other state they would stay pending, and their devices taken. */
static void a_rollback_that_is_stopped_waits_until_all_is_cancelled(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    tick_once(fixture);
    all_confirm(fixture, "'offered'");
    command(fixture, "c", CAMPAIGN_ROLLBACK);
    fixture_sql(fixture, "UPDATE campaigns SET written_to = 0, unwritten = 0"); /* written by nobody, */
    tick_once_unchecked(fixture);
    fixture_sql(fixture,
                "UPDATE campaigns SET written_to = 6, unwritten = 3 WHERE campaign_id = 1"); /* as yet */
    command(fixture, "c.rollback", CAMPAIGN_CANCEL);
    tick_once_unchecked(fixture);
    fixture_state_is(fixture, "c", "rolling_back");
    ended_as(fixture, "halted", "rolled_back", DEVICES - 2);
    fixture_release(fixture);
}

/* Its members look free to others until they are written. */
static void another_campaign_waits_until_all_is_written(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    struct error error = {0};
    const struct campaign_new wanted = {
        .firmware = FIXTURE_VERSION, .tags = "", .policy_json = "{\"name\":\"p\"}"};
    int64_t plan;
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    begin(fixture, "d", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    tick_once(fixture);
    fixture_state_is(fixture, "d", "scheduled");
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM campaigns WHERE name = 'd' AND state_reason LIKE "
                                     "'waits until the members of campaign c are written%'"),
                     1);
    assert_int_equal(operate_plan_create(fixture->store, &fixture->actor, &wanted, &plan, &error),
                     STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "campaign c"));
    struct campaign_new refuses = wanted;
    refuses.name = "e";
    refuses.overlap = OVERLAP_REFUSE;
    refuses.start = true;
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &refuses, &error),
                     STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "campaign c"));
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 1"), DEVICES);
    fixture_state_is(fixture, "d", "cancelled"); /* nobody is left for it */
    assert_int_equal(operate_plan_create(fixture->store, &fixture->actor, &wanted, &plan, &error), STATUS_OK);
    fixture_release(fixture);
}

/* Another campaign's, which an attempt made again or a rollback may be. */
static void take_all(struct fixture *fixture)
{
    fixture_sql(fixture,
                "INSERT INTO campaigns (name, firmware_id, ptype, policy, seed, state, created_by, members) "
                "SELECT 'other', firmware_id, ptype, policy, 1, 'paused', 'x', 0 FROM campaigns;"
                "INSERT INTO waves (campaign_id, wave, name, members) VALUES (2, 0, 'w', 0);"
                "INSERT INTO targets (campaign_id, device_id, wave, position, from_version, to_version) "
                "SELECT 2, device_id, 0, row_number() OVER (), version, version FROM devices WHERE device_id "
                "NOT IN (SELECT device_id FROM targets);"
                "UPDATE waves SET members = n, pending = n FROM (SELECT count(*) AS n FROM targets WHERE "
                "campaign_id = 2) t WHERE campaign_id = 2;"
                "UPDATE campaigns SET members = pending FROM waves w WHERE w.campaign_id = 2 AND "
                "campaigns.campaign_id = 2");
}

static void a_device_that_another_campaign_takes_meanwhile_is_left_to_it(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    take_all(fixture);
    for (int wave = 0; wave < 2; wave++) {
        fixture_tick(fixture);
        all_confirm(fixture, "'offered'");
    }
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_integer(fixture, "SELECT members FROM campaigns WHERE name = 'c'"), 4);
    assert_int_equal(fixture_integer(fixture, "SELECT sum(members) FROM waves WHERE campaign_id = 1"), 4);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT sum((detail ->> 'devices')::integer) FROM audit WHERE action = "
                                     "'leave_out' AND object = 'c'"),
                     DEVICES - 4);
    fixture_release(fixture);
}

static void a_campaign_that_is_left_nobody_is_not_completed(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    fixture_sql(fixture, "DELETE FROM targets; UPDATE campaigns SET members = unwritten;"
                         "UPDATE waves SET members = 0, pending = 0 WHERE wave = 0;"
                         "UPDATE waves SET members = 5, pending = 5 WHERE wave = 1");
    take_all(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "cancelled");
    fixture_release(fixture);
}

/* As when its turn comes where campaigns overlap. */
static void who_runs_something_else_by_then_is_skipped(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    fixture_sql(fixture,
                "UPDATE devices SET version = CASE position WHEN 9 THEN 'v9.9.9t45772(a)' ELSE "
                "'" FIXTURE_VERSION "' END FROM plan_devices p WHERE p.device_id = devices.device_id "
                "AND position IN (8, 9)");
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets t JOIN events e USING (campaign_id, "
                                     "device_id) WHERE state = 'skipped' AND to_state = state AND "
                                     "e.reason = t.reason AND (position, t.reason) IN ((8, "
                                     "'already_there'), (9, 'no_longer_eligible'))"),
                     2);
    fixture_state_is(fixture, "c", "completed");
    fixture_release(fixture);
}

static void members_that_are_not_in_the_plan_any_more_hold_up_nobody(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    fixture_sql(fixture, "DELETE FROM plan_devices WHERE position IN (6, 9)");
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), DEVICES - 2);
    assert_int_equal(fixture_integer(fixture, "SELECT members FROM campaigns"), DEVICES - 2);
    fixture_release(fixture);
}

static void or_waits_for_it_where_overlap_queues(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_sql(fixture, "UPDATE campaigns SET overlap = 'queue'");
    tick_once(fixture);
    take_all(fixture);
    fixture_tick(fixture);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 1 AND queued"),
        DEVICES - 4);
    assert_int_equal(fixture_integer(fixture, "SELECT members FROM campaigns WHERE name = 'c'"), DEVICES);
    fixture_release(fixture);
}

/* Those of the plan that were taken, or given free, between the plan and the start. */
static void members_are_those_that_are_free_at_the_start(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    struct error error = {0};
    struct campaign_new wanted = {
        .firmware = FIXTURE_VERSION, .tags = "", .policy_json = "{\"name\":\"p\"}", .overlap = OVERLAP_QUEUE};
    begin(fixture, "first", ALL_AT_ONCE);
    tick_once(fixture);
    fixture_tick(fixture);
    fixture_sql(
        fixture,
        "UPDATE targets SET queued = true, state = 'pending', deadline = NULL WHERE device_id = 'lamp-3'");
    assert_int_equal(operate_plan_create(fixture->store, &fixture->actor, &wanted, &wanted.plan, &error),
                     STATUS_OK);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM plan_devices WHERE plan_id = 2 AND queued"),
        DEVICES - 1);
    fixture_sql(fixture,
                "UPDATE targets SET state = 'pending', queued = device_id <> 'lamp-3', deadline = NULL");
    const struct campaign_new run = {.name = "c", .plan = wanted.plan, .start = true};
    if (operate_campaign_create(fixture->store, &fixture->actor, &run, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    fixture->engine.fill_rows = 0;
    bool more;
    assert_int_equal(tick(&fixture->engine, fixture->store, &more, &error), STATUS_OK);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets t JOIN campaigns USING (campaign_id) WHERE "
                                 "name = 'c' AND queued = (device_id = 'lamp-3')"),
        DEVICES);
    fixture_release(fixture);
}

/* The plan of an operator can be run again; one that was made for a campaign is nobody else's. */
static void plans_that_are_in_use_are_kept(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    struct error error = {0};
    struct store_parameters parameters = {0};
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    store_put_integer(&parameters, -1000);
    assert_int_equal(store_run(fixture->store, &SQL_PLAN_FORGET, &parameters, NULL, &error), STATUS_OK);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM plan_devices"), DEVICES);
    const struct campaign_new other = {.name = "d", .plan = 1, .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &other, &error),
                     STATUS_NOT_FOUND);
    fixture_tick(fixture);
    assert_int_equal(fixture_targets(fixture, "pending") + fixture_targets(fixture, "offered"), DEVICES);
    assert_int_equal(store_run(fixture->store, &SQL_PLAN_FORGET, &parameters, NULL, &error), STATUS_OK);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM plans, plan_devices"), 0);
    fixture_release(fixture);
}

static void zones_are_those_of_each_slice(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    fixture_sql(
        fixture,
        "UPDATE devices SET tags = CASE device_id WHEN 'lamp-1' THEN '{tz:Asia/Tokyo}' WHEN 'lamp-7' THEN "
        "'{tz:Europe/Berlin}' ELSE '{}' END::text[]");
    begin(
        fixture, "c",
        "{'name':'p','windows':{'zone':'device','default_zone':'UTC','open':[{'days':['mon'],'from':'00:00','to':'01:00'}]}}");
    fixture_tick(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaign_zones"), 3);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE (device_id, time_zone) IN (('lamp-1', "
                                 "'Asia/Tokyo'), ('lamp-7', 'Europe/Berlin')) OR time_zone = ''"),
        DEVICES);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE time_zone <> ''"), 2);
    fixture_release(fixture);
}

/* Of the version that the device runs when its target is written, also one that nobody ran at the start. */
static void ways_are_those_of_each_slice(void **state)
{
    (void)state;
    struct fixture *fixture = make();
    fixture_sql(fixture,
                "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) VALUES "
                "('v1.0.8t45772(a)', 45772, '108v', 'a', 'tester');"
                "INSERT INTO images SELECT f.firmware_id, i.slot, i.sha256 FROM firmware f, images i "
                "WHERE f.firmware_id > 1 AND i.firmware_id = 1;"
                "UPDATE firmware SET requires = 'v1.0.8t45772(a)' WHERE firmware_id = 1");
    begin(fixture, "c", FIXTURE_TWO_WAVES);
    tick_once(fixture);
    fixture_sql(fixture,
                "UPDATE devices SET version = 'v1.0.3t45772(a)', version_order = '103v' WHERE "
                "device_id = (SELECT device_id FROM plan_devices WHERE position = 9);"
                "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by, requires) "
                "VALUES ('v1.0.9t45772(a)', 45772, '109v', 'a', 'tester', 'v1.0.8t45772(a)');"
                "INSERT INTO images SELECT 3, slot, sha256 FROM images WHERE firmware_id = 1;"
                "UPDATE firmware SET requires = 'v1.0.9t45772(a)' WHERE firmware_id = 1");
    fixture_tick(fixture);
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM campaign_paths WHERE from_version = 'v1.0.5t45772(a)'"),
        2);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE to_version = 'v1.0.8t45772(a)' AND "
                                     "firmware_id = 2 AND path_from = CASE WHEN position = 9 THEN "
                                     "'v1.0.3t45772(a)' ELSE 'v1.0.5t45772(a)' END"),
                     DEVICES);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_leave_before_all_targets_are_written),
        cmocka_unit_test(a_wave_does_not_end_before_all_of_it_is_written),
        cmocka_unit_test(who_is_not_written_at_a_cancellation_is_cancelled),
        cmocka_unit_test(who_is_not_written_at_a_rollback_is_cancelled),
        cmocka_unit_test(a_rollback_that_is_stopped_waits_until_all_is_cancelled),
        cmocka_unit_test(another_campaign_waits_until_all_is_written),
        cmocka_unit_test(a_device_that_another_campaign_takes_meanwhile_is_left_to_it),
        cmocka_unit_test(a_campaign_that_is_left_nobody_is_not_completed),
        cmocka_unit_test(who_runs_something_else_by_then_is_skipped),
        cmocka_unit_test(members_that_are_not_in_the_plan_any_more_hold_up_nobody),
        cmocka_unit_test(or_waits_for_it_where_overlap_queues),
        cmocka_unit_test(members_are_those_that_are_free_at_the_start),
        cmocka_unit_test(plans_that_are_in_use_are_kept),
        cmocka_unit_test(zones_are_those_of_each_slice),
        cmocka_unit_test(ways_are_those_of_each_slice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
