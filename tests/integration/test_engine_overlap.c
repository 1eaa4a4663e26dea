/* Campaigns whose devices overlap, on a real database: refused, left out, queued in the order of their
 * priorities, or taken over; a device is never in two updates at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "services.h"
#include "tick.h"

#define POLICY                                                                                               \
    "{\"name\":\"p\",\"waves\":[{\"name\":\"all\",\"size\":{\"rest\":true}}],\"rate\":{\"per_minute\":0},"   \
    "\"in_flight\":4,\"offline\":{\"wait_seconds\":100,\"then\":\"skip\"},"                                  \
    "\"retry\":{\"attempts\":2,\"backoff_seconds\":0,\"backoff_max_seconds\":0}}"

static enum status try_create(struct fixture *fixture, const char *name, const char *policy, int priority,
                              enum overlap overlap, struct error *error)
{
    struct campaign_new campaign = {.name = name,
                                    .firmware = FIXTURE_VERSION,
                                    .tags = "",
                                    .policy_json = policy,
                                    .priority = priority,
                                    .overlap = overlap,
                                    .start = true};
    return operate_campaign_create(fixture->store, &fixture->actor, &campaign, error);
}

static void create(struct fixture *fixture, const char *name, int priority, enum overlap overlap)
{
    struct error error = {0};
    if (try_create(fixture, name, POLICY, priority, overlap, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    fixture_tick(fixture);
}

/* At any time, whatever campaigns there are. */
static void every_device_is_in_one_update_at_most(struct fixture *fixture)
{
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM (SELECT FROM targets WHERE deadline IS NOT NULL GROUP BY "
                        "device_id HAVING count(*) > 1) t"),
        0);
}

static int64_t audited(struct fixture *fixture, const char *action, const char *where)
{
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM audit WHERE action = '%s' AND %s", action, where);
    return fixture_integer(fixture, sql);
}

static void words_are_those_of_the_database(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    static const char *const constraints[] = {"campaigns_overlap_check", "plans_overlap_check"};
    for (int kind = 0; kind < 2; kind++) {
        char words[100] = "", sql[300];
        for (enum overlap overlap = OVERLAP_LEAVE_OUT; overlap <= OVERLAP_TAKE_OVER; overlap++)
            snprintf(words + strlen(words), sizeof words - strlen(words), " %s", overlap_name(overlap));
        snprintf(sql, sizeof sql,
                 "SELECT string_agg(' ' || m[1], '') FROM pg_constraint, "
                 "regexp_matches(pg_get_constraintdef(oid), '''([a-z-]+)''', 'g') m WHERE conname = '%s'",
                 constraints[kind]);
        char *is = services_query(fixture->url, sql);
        assert_string_equal(is, words);
        free(is);
    }
    fixture_release(fixture);
}

static void a_campaign_that_refuses_overlap_does_not_start(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    struct error error = {0};
    create(fixture, "first", 50, OVERLAP_LEAVE_OUT);
    assert_int_equal(try_create(fixture, "second", POLICY, 90, OVERLAP_REFUSE, &error), STATUS_CONFLICT);
    assert_string_equal(error.field, "overlap");
    assert_string_equal(error.message, "3 of its devices are in other live campaigns (first)");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns"), 1);
    fixture_release(fixture);
}

static void other_has_lamp_2(struct fixture *fixture)
{
    struct error error = {0};
    static const char *const one[] = {"lamp-2"};
    struct campaign_new other = {.name = "other",
                                 .firmware = FIXTURE_VERSION,
                                 .tags = "",
                                 .devices = one,
                                 .device_count = 1,
                                 .policy_json = POLICY,
                                 .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &other, &error), STATUS_OK);
    fixture_tick(fixture);
}

/* Started for a later time, and by then one of its devices is in another campaign. */
static void a_campaign_that_refuses_overlap_is_cancelled_when_it_comes_later(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    struct error error = {0};
    assert_int_equal(try_create(fixture, "late", POLICY, 50, OVERLAP_REFUSE, &error), STATUS_OK);
    fixture_sql(fixture, "UPDATE campaigns SET start_at = now() + interval '1 hour'");
    other_has_lamp_2(fixture);
    fixture_sql(fixture, "UPDATE campaigns SET start_at = NULL");
    fixture_tick(fixture);
    fixture_state_is(fixture, "late", "cancelled");
    assert_int_equal(
        audited(fixture, "cancel", "reason = '1 of its devices are in other live campaigns (other)'"), 1);
    fixture_targets_are(fixture, "late", "");
    fixture_release(fixture);
}

static void devices_of_an_equal_campaign_are_waited_for(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    create(fixture, "first", 50, OVERLAP_LEAVE_OUT);
    create(fixture, "second", 50, OVERLAP_TAKE_OVER); /* not from an equal one */
    fixture_targets_are(fixture, "first", "offered offered");
    fixture_targets_are(fixture, "second", "pending/queued pending/queued");
    char *words = services_query(fixture->url, "SELECT verdict FROM waves ORDER BY campaign_id DESC LIMIT 1");
    assert_non_null(strstr(words, "2 of the campaign wait for their turn behind first (running)"));
    free(words);
    fixture_updates_itself(fixture, "lamp-1"); /* is there, when its turn comes */
    fixture_tick(fixture);
    fixture_targets_are(fixture, "second", "skipped pending/queued");
    fixture_command(fixture, "first", CAMPAIGN_CANCEL);
    fixture_reports(fixture, "lamp-2", "cancelled");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "first", "confirmed cancelled");
    fixture_targets_are(fixture, "second", "skipped offered");
    fixture_updates_itself(fixture, "lamp-2");
    fixture_tick(fixture);
    fixture_state_is(fixture, "second", "completed");
    assert_int_equal(audited(fixture, "give_way", "true"), 0);
    fixture_release(fixture);
}

/* Its device is deleted while it waits: it has no turn, and keeps no campaign open. */
static void a_queued_device_that_is_not_registered_any_more_ends(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    create(fixture, "first", 50, OVERLAP_LEAVE_OUT);
    create(fixture, "second", 50, OVERLAP_QUEUE);
    fixture_targets_are(fixture, "second", "pending/queued pending/queued");
    fixture_sql(fixture, "DELETE FROM devices WHERE device_id = 'lamp-1'");
    fixture_later(fixture, 20);
    fixture_updates_itself(fixture, "lamp-2");
    fixture_later(fixture, 20);
    fixture_later(fixture, 20);
    fixture_targets_are(fixture, "first", "cancelled confirmed");
    fixture_targets_are(fixture, "second", "skipped skipped");
    fixture_state_is(fixture, "first", "completed");
    fixture_release(fixture);
}

/* Priorities put devices before those that are not yet offered, and leave those alone that are. */
static void a_higher_priority_goes_ahead(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    create(fixture, "low", 50, OVERLAP_LEAVE_OUT);
    create(fixture, "high", 60, OVERLAP_QUEUE);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE campaign_id = 1 AND deadline IS "
                                     "NOT NULL AND NOT withdrawn"),
                     4);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 1 AND queued"), 2);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 2 AND state = 'offered'"),
        2);
    assert_int_equal(
        audited(fixture, "give_way",
                "object = 'low' AND actor = 'orchestrator' AND detail ->> 'by' = 'high' AND detail ->> "
                "'queued' = '2' AND detail ->> 'withdrawn' = '0'"),
        1);
    every_device_is_in_one_update_at_most(fixture);
    fixture_everybody_updates(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "low", "completed");
    fixture_state_is(fixture, "high", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 6);
    assert_int_equal(fixture_targets(fixture, "skipped"), 6);
    fixture_release(fixture);
}

static void an_urgent_campaign_takes_over(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    create(fixture, "low", 50, OVERLAP_LEAVE_OUT);
    fixture_reports(fixture, "lamp-2", "accepted");
    fixture_reports(fixture, "lamp-3", "installed"); /* too late to stop */
    create(fixture, "urgent", 90, OVERLAP_TAKE_OVER);
    fixture_tick(fixture);
    assert_int_equal(fixture->cancels, 3);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 1 AND withdrawn"), 3);
    fixture_targets_are(fixture, "urgent", "pending/queued pending/queued pending/queued pending/queued");
    assert_int_equal(
        audited(fixture, "give_way",
                "object = 'low' AND detail ->> 'withdrawn' = '3' AND reason LIKE 'urgent (priority "
                "90) comes before it (priority 50)%'"),
        1);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_reports(fixture, "lamp-2", "cancelled");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "low", "pending/queued pending/queued installed offered");
    fixture_targets_are(fixture, "urgent", "offered offered pending/queued pending/queued");
    every_device_is_in_one_update_at_most(fixture);
    /* What low was not told in time. */
    fixture_report(
        fixture, "lamp-3",
        "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'%NONCE','version':'%VERSION','slot':2,'"
        "sha256':'%SHA'}");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "low", "pending/queued pending/queued confirmed offered");
    fixture_targets_are(fixture, "urgent", "offered offered skipped pending/queued");
    fixture_everybody_updates(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "low", "completed");
    fixture_state_is(fixture, "urgent", "completed");
    fixture_release(fixture);
}

/* Another campaign has the device between a failure and the next attempt, and gives it back: no reason for
 * more attempts than the policy allows, and no way for two campaigns to bump each other for ever. */
static void attempts_are_counted_over_all_turns(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    create(fixture, "low", 50, OVERLAP_LEAVE_OUT);
    create(fixture, "urgent", 90, OVERLAP_TAKE_OVER);
    for (int turn = 0; turn < 6; turn++) {
        if (fixture_integer(fixture, "SELECT count(*) FROM targets WHERE withdrawn") > 0)
            fixture_reports(fixture, "lamp-1", "cancelled");
        fixture_tick(fixture);
        if (fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 2 AND state = "
                                     "'offered'") > 0)
            fixture_reports(fixture, "lamp-1", "failed");
        fixture_tick(fixture);
    }
    assert_int_equal(fixture_integer(fixture, "SELECT attempt FROM targets WHERE campaign_id = 2"), 2);
    fixture_release(fixture);
}

/* Withdrawn, and queued; but the device had done it already. */
static void what_was_done_before_the_take_over_counts(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    create(fixture, "low", 50, OVERLAP_LEAVE_OUT);
    char *nonce = services_query(fixture->url, "SELECT nonce FROM targets");
    create(fixture, "urgent", 90, OVERLAP_TAKE_OVER);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "low", "pending/queued");
    char json[300];
    snprintf(
        json, sizeof json,
        "{'report':'confirmed','campaign':1,'attempt':1,'nonce':'%s','version':'%%VERSION','slot':2,'sha256':'%%"
        "SHA'}",
        nonce);
    free(nonce);
    fixture_report(fixture, "lamp-1", json);
    fixture_targets_are(fixture, "low", "confirmed");
    fixture_release(fixture);
}

/* Each has what the other one waits for: they would wait for ever, if the order were not one of campaigns. */
static void two_campaigns_never_wait_for_each_other(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct error error = {0};
    fixture_sql(fixture,
                "UPDATE devices SET tags = '{one}' WHERE device_id = 'lamp-1'; UPDATE devices SET tags = "
                "'{two}' WHERE device_id = 'lamp-2'");
    static const char first[] =
        "{\"name\":\"p\",\"waves\":[{\"name\":\"a\",\"size\":{\"tag\":\"two\"}},{\"name\":\"b\",\"size\":{\"rest\":true}}"
        "],\"rate\":{\"per_minute\":0}}";
    assert_int_equal(try_create(fixture, "older", first, 50, OVERLAP_QUEUE, &error), STATUS_OK);
    assert_int_equal(try_create(fixture, "newer", POLICY, 50, OVERLAP_QUEUE, &error), STATUS_OK);
    /* As if newer had been planned first, for lamp-2. */
    fixture_sql(fixture,
                "UPDATE campaigns SET start_at = now() + interval '1 hour' WHERE name = 'older'; UPDATE "
                "devices SET tags = '{}' WHERE device_id = 'lamp-1'; UPDATE presence SET online = false");
    fixture_tick(fixture);
    fixture_sql(fixture,
                "UPDATE devices SET tags = '{one}' WHERE device_id = 'lamp-1'; UPDATE campaigns SET start_at "
                "= NULL");
    fixture_targets_are(fixture, "newer", "pending pending");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "older", "pending pending");
    fixture_targets_are(fixture, "newer", "pending/queued pending/queued");
    fixture_sql(fixture, "UPDATE presence SET online = true");
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "older", "completed");
    fixture_targets_are(fixture, "newer", "skipped skipped");
    fixture_state_is(fixture, "newer", "halted"); /* a wave without a success is not promoted */
    fixture_release(fixture);
}

/* While paused it takes no turn, and keeps nobody from it. */
static void a_paused_campaign_holds_up_nobody_who_waits(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    create(fixture, "first", 50, OVERLAP_LEAVE_OUT);
    create(fixture, "high", 90, OVERLAP_QUEUE);
    create(fixture, "low", 10, OVERLAP_QUEUE);
    fixture_command(fixture, "high", CAMPAIGN_PAUSE);
    fixture_command(fixture, "first", CAMPAIGN_CANCEL);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "high", "pending/queued");
    fixture_targets_are(fixture, "low", "offered");
    fixture_command(fixture, "high", CAMPAIGN_RESUME);
    fixture_tick(fixture);
    fixture_targets_are(fixture, "low", "offered"); /* it does not take over */
    fixture_reports(fixture, "lamp-1", "failed");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "high", "offered");
    fixture_targets_are(fixture, "low", "pending/queued"); /* its second attempt */
    every_device_is_in_one_update_at_most(fixture);
    fixture_release(fixture);
}

static void turns_go_by_priority(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    create(fixture, "first", 50, OVERLAP_LEAVE_OUT);
    create(fixture, "low", 10, OVERLAP_QUEUE);
    create(fixture, "high", 40, OVERLAP_QUEUE);
    fixture_command(fixture, "first", CAMPAIGN_CANCEL);
    fixture_reports(fixture, "lamp-1", "cancelled");
    fixture_tick(fixture);
    fixture_targets_are(fixture, "high", "offered");
    fixture_targets_are(fixture, "low", "pending/queued");
    assert_int_equal(audited(fixture, "give_way", "true"), 0); /* low never had it */
    fixture_release(fixture);
}

static void who_waits_is_not_given_up_as_offline(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    create(fixture, "first", 50, OVERLAP_LEAVE_OUT);
    create(fixture, "second", 50, OVERLAP_QUEUE);
    fixture_reports(fixture, "lamp-1", "trial");
    fixture_sql(
        fixture,
        "UPDATE presence SET online = false; UPDATE targets SET deadline = deadline + interval '1 day' "
        "WHERE deadline IS NOT NULL");
    fixture_later(fixture, 500);
    fixture_targets_are(fixture, "first", "trial");
    fixture_targets_are(fixture, "second", "pending/queued");
    fixture_report(
        fixture, "lamp-1",
        "{'report':'reverted','campaign':1,'attempt':1,'reason':'health_check','version':'v1.0.5t45772(a)','"
        "slot':1,'sha256':'5555555555555555555555555555555555555555555555555555555555555555'}");
    fixture_command(fixture, "first", CAMPAIGN_CANCEL);
    fixture_tick(fixture);
    fixture_targets_are(fixture, "second", "pending"); /* its time begins now */
    fixture_later(fixture, 101);
    fixture_targets_are(fixture, "second", "skipped");
    fixture_release(fixture);
}

static void *tick_on_its_own(void *context)
{
    struct fixture *fixture = context;
    struct store *store = store_create(fixture->url, "ticker");
    struct error error;
    bool more;
    enum status status = tick(&fixture->engine, store, &more, &error);
    store_destroy(store);
    return (void *)(intptr_t)status;
}

/* Another campaign takes a device while this one is being planned: the second of the two is planned again,
 * and sees it. */
static void who_is_second_at_one_device_waits(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct store *holder = store_create(fixture->url, "holder");
    struct error error = {0};
    pthread_t ticker;
    void *status;
    fixture_draft(fixture, "other", "{'name':'p'}");
    assert_int_equal(try_create(fixture, "c", POLICY, 0, OVERLAP_QUEUE, &error), STATUS_OK);
    assert_int_equal(store_begin(holder, &error), STATUS_OK);
    assert_int_equal(
        store_run_script(
            holder,
            "INSERT INTO waves (campaign_id, wave, name, members, pending) VALUES (1, 0, 'w', 1, 1);UPDATE campaigns SET members = 1 WHERE campaign_id = 1;"
            "INSERT INTO targets (campaign_id, device_id, wave, position, from_version, to_version) "
            "VALUES (1, 'lamp-2', 0, 1, 'v1.0.5t45772(a)', 'v1.1.0t45772(a)')",
            &error),
        STATUS_OK);
    assert_int_equal(pthread_create(&ticker, NULL, tick_on_its_own, fixture), 0);
    while (fixture_integer(fixture, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ticker' "
                                    "AND wait_event_type = 'Lock' AND datname = current_database()") == 0)
        continue;
    assert_int_equal(store_commit(holder, &error), STATUS_OK);
    pthread_join(ticker, &status);
    assert_int_equal((intptr_t)status, STATUS_OK);
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c", "offered pending/queued");
    store_destroy(holder);
    fixture_release(fixture);
}

static void a_plan_shows_who_will_wait(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    struct error error = {0};
    int64_t plan = 0;
    other_has_lamp_2(fixture);
    struct campaign_new wanted = {.firmware = FIXTURE_VERSION,
                                  .tags = "",
                                  .policy_json = POLICY,
                                  .priority = 70,
                                  .overlap = OVERLAP_QUEUE};
    assert_int_equal(operate_plan_create(fixture->store, &fixture->actor, &wanted, &plan, &error), STATUS_OK);
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM plan_devices JOIN plans USING (plan_id) WHERE NOT of_campaign"),
        3);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM plan_devices WHERE queued AND device_id = 'lamp-2'"),
        1);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM plan_left_out"), 0);
    struct campaign_new campaign = {.name = "c", .plan = plan, .start = true};
    if (operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c", "offered pending/queued offered");
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM campaigns WHERE name = 'c' AND priority = 70 AND overlap = "
                        "'queue'"),
        1);
    assert_int_equal(
        fixture_integer(
            fixture, "SELECT count(*) FROM ops.queued_devices WHERE campaign = 'c' AND device = 'lamp-2' AND "
                     "behind = 'other' AND behind_state = 'offered'"),
        1);
    fixture_release(fixture);
}

/* What it left out for another campaign is what it refuses to start beside. */
static void a_plan_that_refuses_overlap_does_not_start(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct error error = {0};
    int64_t plan = 0;
    other_has_lamp_2(fixture);
    struct campaign_new wanted = {
        .firmware = FIXTURE_VERSION, .tags = "", .policy_json = POLICY, .overlap = OVERLAP_REFUSE};
    assert_int_equal(operate_plan_create(fixture->store, &fixture->actor, &wanted, &plan, &error), STATUS_OK);
    struct campaign_new campaign = {.name = "c", .plan = plan, .start = true};
    assert_int_equal(operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error),
                     STATUS_CONFLICT);
    assert_string_equal(error.message, "1 of its devices are in other live campaigns (other)");
    fixture_command(fixture, "other", CAMPAIGN_CANCEL);
    fixture_reports(fixture, "lamp-2", "cancelled");
    if (operate_campaign_create(fixture->store, &fixture->actor, &campaign, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    fixture_tick(fixture);
    fixture_targets_are(fixture, "c", "offered"); /* exactly what the plan shows */
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_those_of_the_database),
        cmocka_unit_test(a_campaign_that_refuses_overlap_does_not_start),
        cmocka_unit_test(a_campaign_that_refuses_overlap_is_cancelled_when_it_comes_later),
        cmocka_unit_test(devices_of_an_equal_campaign_are_waited_for),
        cmocka_unit_test(a_queued_device_that_is_not_registered_any_more_ends),
        cmocka_unit_test(a_higher_priority_goes_ahead),
        cmocka_unit_test(an_urgent_campaign_takes_over),
        cmocka_unit_test(what_was_done_before_the_take_over_counts),
        cmocka_unit_test(attempts_are_counted_over_all_turns),
        cmocka_unit_test(two_campaigns_never_wait_for_each_other),
        cmocka_unit_test(a_paused_campaign_holds_up_nobody_who_waits),
        cmocka_unit_test(turns_go_by_priority),
        cmocka_unit_test(who_waits_is_not_given_up_as_offline),
        cmocka_unit_test(who_is_second_at_one_device_waits),
        cmocka_unit_test(a_plan_shows_who_will_wait),
        cmocka_unit_test(a_plan_that_refuses_overlap_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
