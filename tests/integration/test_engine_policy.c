/* The engine on a real database: what the members of a policy do. */
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

/* A canary of 12 that is judged by evidence, then the rest. Five successes in a row are enough for a
 * promotion, two failures for a halt. */
#define SEQUENTIAL                                                                                           \
    "{'name':'p','waves':[{'name':'canary','size':{'count':12},'gate':{'type':'sequential','acceptable_"     \
    "percent':5,'unacceptable_percent':50}},{'name':'wide','size':{'rest':true}," FIXTURE_GATE               \
    "}],'rate':{'per_minute':0},'in_flight':4}"

/* The device that was offered first and is not done yet. */
static char *offered(struct fixture *fixture)
{
    return services_query(fixture->url,
                          "SELECT device_id FROM targets WHERE state = 'offered' ORDER BY position LIMIT 1");
}

static void one_updates_itself(struct fixture *fixture)
{
    char *device = offered(fixture);
    assert_non_null(device);
    fixture_updates_itself(fixture, device);
    free(device);
    fixture_tick(fixture);
}

static void a_sequential_gate_waits_for_those_in_flight(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(20);
    fixture_campaign(fixture, "c", SEQUENTIAL);
    fixture_tick(fixture);
    for (int i = 0; i < 4; i++)
        one_updates_itself(fixture);
    assert_int_equal(fixture->updates, 8);
    one_updates_itself(fixture); /* the fifth success is enough, but three are in flight */
    assert_int_equal(fixture->updates, 8);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE state = 'pending'"), 1);
    for (int i = 0; i < 2; i++)
        one_updates_itself(fixture);
    assert_int_equal(fixture->updates, 8);
    one_updates_itself(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE state = 'passed'"), 1);
    assert_int_equal(fixture->updates, 12);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 20);
    fixture_release(fixture);
}

static void a_sequential_gate_counts_the_silent_ones(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(20);
    fixture_campaign(fixture, "c", SEQUENTIAL);
    fixture_tick(fixture);
    for (int i = 0; i < 5; i++)
        one_updates_itself(fixture);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE deadline IS NOT NULL"), 3);
    fixture_later(fixture, 200); /* the three in flight are silent: five of eight is no promotion */
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE verdict LIKE "
                                              "'halt: 3 failures in 8 outcomes%'"),
                     1);
    assert_int_equal(fixture->updates, 8);
    fixture_release(fixture);
}

/* First sendings only. */
static int64_t offers(struct fixture *fixture)
{
    return fixture_integer(fixture, "SELECT count(*) FROM events WHERE to_state = 'offered'");
}

/* Two offers a minute at first, twice as many for every two confirmed, at most five. */
static void the_rate_grows_with_every_success(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(20);
    fixture_campaign(fixture, "c",
                     "{'name':'p','waves':[{'name':'all','size':{'rest':true}," FIXTURE_GATE
                     "}],'rate':{'per_minute':2,'growth_factor':2,'growth_every':2,'ceiling_per_minute':5},"
                     "'in_flight':20,'timeouts':{'offer_seconds':3600}}");
    for (int i = 0; i < 3; i++) /* time alone does not make it grow */
        fixture_later(fixture, 60);
    int64_t before = offers(fixture);
    fixture_later(fixture, 60);
    assert_in_range(offers(fixture) - before, 1, 2);
    for (int i = 0; i < 4; i++) {
        char *device = offered(fixture);
        fixture_updates_itself(fixture, device);
        free(device);
    }
    before = offers(fixture);
    for (int i = 0; i < 12; i++)
        fixture_later(fixture, 5);
    assert_in_range(offers(fixture) - before, 4, 5);
    assert_int_equal(fixture_integer(fixture, "SELECT rate_now FROM campaigns"), 5);
    fixture_release(fixture);
}

#define APPROVED                                                                                             \
    "{'name':'p','waves':[{'name':'canary','size':{'count':1}," FIXTURE_GATE                                 \
    "},{'name':'wide','size':{'rest':true}," FIXTURE_GATE                                                    \
    "}],'rate':{'per_minute':0},'approval':{'approvers':2,'before':['start','wide']}}"

/* Approves as somebody; returns what the engine answered. */
static enum status approve(struct fixture *fixture, const char *who, const char *wave, int64_t *missing)
{
    struct actor actor = {.role = ROLE_OPERATOR};
    struct error error = {0};
    bool changed;
    snprintf(actor.name, sizeof actor.name, "%s", who);
    enum status status =
        operate_campaign_approve(fixture->store, &actor, "c", wave, "looks good", &changed, missing, &error);
    fixture_tick(fixture);
    return status;
}

static void others_must_approve_the_start_and_a_wave(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    int64_t missing = 0;
    fixture_campaign(fixture, "c", APPROVED);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "awaiting_approval");
    assert_int_equal(approve(fixture, fixture->actor.name, NULL, &missing), STATUS_DENIED);
    assert_int_equal(approve(fixture, "ann", "canary", &missing), STATUS_INVALID);
    assert_int_equal(approve(fixture, "ann", "no-wave", &missing), STATUS_INVALID);
    assert_int_equal(approve(fixture, "ann", NULL, &missing), STATUS_OK);
    assert_int_equal(missing, 1);
    assert_int_equal(approve(fixture, "ann", NULL, &missing), STATUS_OK); /* counts once */
    assert_int_equal(missing, 1);
    fixture_state_is(fixture, "c", "awaiting_approval");
    assert_int_equal(fixture->updates, 0);
    assert_int_equal(approve(fixture, "bob", NULL, &missing), STATUS_OK);
    fixture_state_is(fixture, "c", "running");
    fixture_everybody_updates(fixture);

    /* the canary is done; the next wave waits, and says for what */
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(fixture_targets(fixture, "pending"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE name = 'wide' AND verdict = "
                                              "'waits for 2 more approvals'"),
                     1);
    assert_int_equal(approve(fixture, "ann", "wide", &missing), STATUS_OK);
    fixture_everybody_updates(fixture);
    assert_int_equal(fixture_targets(fixture, "confirmed"), 1);
    assert_int_equal(approve(fixture, "carl", "wide", &missing), STATUS_OK);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(approve(fixture, "dora", "wide", &missing), STATUS_CONFLICT);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM audit WHERE action = 'approve'"), 4);
    fixture_release(fixture);
}

static void approval_may_come_before_the_start(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    int64_t missing = 0;
    fixture_draft(fixture, "c", APPROVED);
    assert_int_equal(approve(fixture, "ann", NULL, &missing), STATUS_OK);
    assert_int_equal(approve(fixture, "bob", NULL, &missing), STATUS_OK);
    fixture_state_is(fixture, "c", "draft");
    fixture_command(fixture, "c", CAMPAIGN_START);
    fixture_state_is(fixture, "c", "running");
    fixture_release(fixture);
}

static void a_campaign_starts_and_ends_by_the_clock(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    fixture_draft(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_sql(
        fixture,
        "UPDATE campaigns SET start_at = now() + interval '1 hour', end_at = now() + interval '2 hours'");
    fixture_command(fixture, "c", CAMPAIGN_START);
    fixture_state_is(fixture, "c", "scheduled");
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE state_reason LIKE 'starts at %UTC'"),
        1);
    fixture_sql(fixture, "UPDATE campaigns SET start_at = now() - interval '1 second'");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running");
    assert_int_equal(fixture->updates, 2);
    fixture_sql(fixture, "UPDATE campaigns SET end_at = now() - interval '0.5 seconds'");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "cancelled");
    assert_int_equal(
        fixture_integer(fixture,
                        "SELECT count(*) FROM campaigns WHERE state_reason = 'its end time has come'"),
        1);
    assert_int_equal(fixture_targets(fixture, "pending"), 0);
    assert_int_equal(fixture->cancels, 2);
    fixture_release(fixture);
}

static void at_its_end_it_may_pause_and_be_resumed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(6);
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE campaigns SET end_at = now() - interval '1 second', at_end = 'pause'");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "paused");
    fixture_command(fixture, "c", CAMPAIGN_RESUME);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "running"); /* and stays so */
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM campaigns WHERE end_at IS NULL"), 1);
    fixture_release(fixture);
}

/* Quarantined after the plan was made: skipped when its wave opens. */
static void a_member_that_is_quarantined_meanwhile_is_skipped(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(4);
    char first[65], second[65], sql[300];
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_canary_devices(fixture, first, second);
    snprintf(
        sql, sizeof sql,
        "INSERT INTO quarantines (device_id, until, campaign_id, failures) SELECT device_id, now() + interval '1 day', "
        "campaign_id, 3 FROM targets WHERE wave = 1 ORDER BY position LIMIT 1");
    fixture_sql(fixture, sql);
    fixture_everybody_updates(fixture);
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "completed");
    assert_int_equal(fixture_targets(fixture, "confirmed"), 3);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM targets WHERE state = 'skipped' AND reason = "
                                     "'quarantined'"),
                     1);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequential_gate_waits_for_those_in_flight),
        cmocka_unit_test(a_sequential_gate_counts_the_silent_ones),
        cmocka_unit_test(the_rate_grows_with_every_success),
        cmocka_unit_test(a_member_that_is_quarantined_meanwhile_is_skipped),
        cmocka_unit_test(others_must_approve_the_start_and_a_wave),
        cmocka_unit_test(approval_may_come_before_the_start),
        cmocka_unit_test(a_campaign_starts_and_ends_by_the_clock),
        cmocka_unit_test(at_its_end_it_may_pause_and_be_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
