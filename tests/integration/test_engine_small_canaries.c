/* Canaries of 1, 2, 3 and 5 devices on a real database: what becomes of the campaign when all of them end in
 * the same way. */
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

static const int sizes[] = {1, 2, 3, 5};

/* The same question, asked of both kinds of gate. Five successes are evidence enough for the sequential one;
 * with fewer it is told to promote, which it must not do without any success all the same. */
struct gate {
    const char *json;
    int least;     /* a smaller wave would be refused */
    bool forgives; /* one failure beside successes is not enough for a halt */
};
static const struct gate gates[] = {
    {FIXTURE_GATE, 1, false},
    {"'gate':{'type':'sequential','acceptable_percent':5,'unacceptable_percent':50}", 5, false},
    {"'gate':{'type':'sequential','acceptable_percent':5,'unacceptable_percent':50,'undecided':'promote'}", 1,
     true},
};

/* --- what happens to the canary --------------------------------------------------------------------- */

static char *member(struct fixture *fixture, int position)
{
    char sql[128];
    snprintf(
        sql, sizeof sql,
        "SELECT device_id FROM targets WHERE campaign_id = 1 AND wave = 0 ORDER BY position OFFSET %d LIMIT 1",
        position);
    return services_query(fixture->url, sql);
}

static int members(struct fixture *fixture)
{
    return (int)fixture_integer(fixture, "SELECT count(*) FROM targets WHERE campaign_id = 1 AND wave = 0");
}

/* Those from `first` on, one after the other; the gate looks after each. */
static void report_each(struct fixture *fixture, int first, const char *report)
{
    for (int i = first; i < members(fixture); i++) {
        char *device = member(fixture, i);
        fixture_reports(fixture, device, report);
        fixture_tick(fixture);
        free(device);
    }
}

static void all_confirm(struct fixture *fixture)
{
    report_each(fixture, 0, "confirmed");
}

static void one_fails(struct fixture *fixture)
{
    char *device = member(fixture, 0);
    fixture_reports(fixture, device, "failed");
    fixture_tick(fixture);
    free(device);
    report_each(fixture, 1, "confirmed");
}

static void the_last_one_reverts(struct fixture *fixture)
{
    int last = members(fixture) - 1;
    char *device = member(fixture, last);
    fixture_reports(fixture, device, "trial");
    for (int i = 0; i < last; i++) {
        char *other = member(fixture, i);
        fixture_reports(fixture, other, "confirmed");
        fixture_tick(fixture);
        free(other);
    }
    fixture_reports(fixture, device, "reverted");
    fixture_tick(fixture);
    free(device);
}

static void all_fail(struct fixture *fixture)
{
    report_each(fixture, 0, "failed");
}

static void all_revert(struct fixture *fixture)
{
    report_each(fixture, 0, "reverted");
}

static void all_reject(struct fixture *fixture)
{
    report_each(fixture, 0, "rejected");
}

static void all_are_silent(struct fixture *fixture)
{
    report_each(fixture, 0, "downloading");
    fixture_later(fixture, 61);
}

static void all_leave_the_offer_unanswered(struct fixture *fixture)
{
    fixture_later(fixture, 31);
}

static void all_stay_away(struct fixture *fixture)
{
    fixture_later(fixture, 50);
    assert_int_equal(fixture_targets(fixture, "pending"), members(fixture) + 2); /* waited for so long */
    fixture_later(fixture, 51);
}

/* Since they were chosen, and before they could be offered anything. */
static void all_are_quarantined(struct fixture *fixture)
{
    fixture_sql(fixture,
                "INSERT INTO quarantines (device_id, until, campaign_id, failures) SELECT device_id, "
                "now() + interval '1 day', campaign_id, 3 FROM targets WHERE wave = 0;");
    fixture_sql(fixture, "UPDATE presence SET online = true");
    fixture_tick(fixture);
}

static void the_operator_cancels(struct fixture *fixture)
{
    fixture_command(fixture, "c", CAMPAIGN_CANCEL);
    report_each(fixture, 0, "cancelled");
    assert_int_equal(fixture_targets(fixture, "cancelled"), members(fixture) + 2);
}

/* Its members are cancelled, and then it is to go on all the same: it cannot. */
static void the_operator_goes_back_and_thinks_again(struct fixture *fixture)
{
    struct error error = {0};
    bool changed;
    report_each(fixture, 0, "trial"); /* or there would be nobody to take back */
    fixture_command(fixture, "c", CAMPAIGN_ROLLBACK);
    report_each(fixture, 0, "confirmed");
    fixture_command(fixture, "c.rollback", CAMPAIGN_CANCEL);
    fixture_state_is(fixture, "c", "halted");
    assert_int_equal(operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_RESUME, "test",
                                              &changed, &error),
                     STATUS_CONFLICT);
}

/* --- what must come of it --------------------------------------------------------------------------- */

enum outcome { PROMOTES, HALTS, DEPENDS, ENDS }; /* DEPENDS: on whether the gate forgives one failure */

struct fate {
    const char *name;
    void (*happens)(struct fixture *fixture);
    bool away;        /* offline from the start */
    const char *then; /* offline.then */
    enum outcome outcome;
    const char *state, *ended_as; /* of the campaign and of the members; NULL: not all the same */
};
static const struct fate fates[] = {
    {"all confirm", all_confirm, false, "skip", PROMOTES, "running", "confirmed"},
    {"one fails", one_fails, false, "skip", DEPENDS, "halted", NULL},
    {"the last one reverts", the_last_one_reverts, false, "skip", DEPENDS, "halted", NULL},
    {"all fail", all_fail, false, "skip", HALTS, "halted", "failed"},
    {"all revert", all_revert, false, "skip", HALTS, "halted", "reverted"},
    {"all reject", all_reject, false, "skip", HALTS, "halted", "rejected"},
    {"all are silent", all_are_silent, false, "skip", HALTS, "halted", "silent"},
    {"no answer to the offer", all_leave_the_offer_unanswered, false, "skip", HALTS, "halted", "silent"},
    {"all are offline, and skipped", all_stay_away, true, "skip", HALTS, "halted", "skipped"},
    {"all are offline, and failed", all_stay_away, true, "fail", HALTS, "halted", "failed"},
    {"all are quarantined", all_are_quarantined, true, "skip", HALTS, "halted", "skipped"},
    {"all are cancelled", the_operator_cancels, false, "skip", ENDS, "cancelled", "cancelled"},
    {"rolled back, and stopped", the_operator_goes_back_and_thinks_again, false, "skip", ENDS, "halted",
     "confirmed"},
};

static void expect_next_wave_untouched(struct fixture *fixture)
{
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM waves WHERE campaign_id = 1 AND ((wave = 0 "
                                     "AND state = 'failed' AND verdict <> '') OR (wave = 1 AND state "
                                     "= 'pending'))"),
                     2);
    assert_int_equal(
        fixture_integer(fixture, "SELECT sum(attempt) FROM targets WHERE campaign_id = 1 AND wave = 1"), 0);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM events WHERE to_state = 'passed' OR (wave = 1 "
                                     "AND to_state = 'open')"),
                     0);
}

static void expect_outcome(struct fixture *fixture, const struct fate *fate, bool promotes)
{
    char sql[160];
    if (fate->ended_as != NULL) {
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM targets WHERE campaign_id = 1 AND wave = 0 AND state <> '%s'",
                 fate->ended_as);
        assert_int_equal(fixture_integer(fixture, sql), 0);
    }
    if (promotes) {
        fixture_state_is(fixture, "c", "running");
        assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM waves WHERE (wave, state) IN ((0, "
                                                  "'passed'), (1, 'open'))"),
                         2);
        assert_int_equal(fixture_integer(fixture, "SELECT sum(attempt) FROM targets WHERE wave = 1"), 2);
        return;
    }
    fixture_state_is(fixture, "c", fate->state);
    expect_next_wave_untouched(fixture);
    if (fate->outcome != ENDS) /* and it says why */
        assert_int_equal(fixture_integer(fixture,
                                         "SELECT count(*) FROM campaigns WHERE state_reason LIKE 'wave "
                                         "canary: halt: %'"),
                         1);
    fixture_sql(fixture,
                "UPDATE presence SET online = true"); /* nor does time or anybody's return change it */
    fixture_later(fixture, 1000);
    fixture_state_is(fixture, "c", fate->state);
    expect_next_wave_untouched(fixture);
}

/* A database for each campaign would take ten times as long. */
static void begin_anew(struct fixture *fixture)
{
    fixture_sql(fixture, "TRUNCATE targets, campaigns, events RESTART IDENTITY CASCADE");
    fixture_sql(
        fixture,
        "UPDATE devices SET version = 'v1.0.5t45772(a)', version_order = '105v', slot = 1, image_sha256 = repeat('5', 64)");
    fixture_sql(fixture, "UPDATE presence SET online = true");
}

static void live(struct fixture *fixture, int size, const struct gate *gate, const struct fate *fate)
{
    char policy[1200];
    snprintf(
        policy, sizeof policy,
        "{'name':'p','waves':[{'name':'canary','size':{'count':%d},%s},{'name':'wide','size':{'rest':true}," FIXTURE_GATE
        "}],'rate':{'per_minute':0},'in_flight':10,'timeouts':{'offer_seconds':30,"
        "'download_seconds':60,'confirm_seconds':40},'offline':{'wait_seconds':100,'then':'%s'}}",
        size, gate->json, fate->then);
    if (fate->away)
        fixture_sql(fixture, "UPDATE presence SET online = false");
    fixture_campaign(fixture, "c", policy);
    fixture_tick(fixture);
    print_message("%d devices, %s, %s\n", size,
                  gate->forgives ? "a gate that promotes when undecided" : "a gate that halts", fate->name);
    fate->happens(fixture);
    bool promotes = fate->outcome == PROMOTES || (fate->outcome == DEPENDS && gate->forgives && size > 1);
    expect_outcome(fixture, fate, promotes);
}

static void live_all(const struct gate *gate)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] < gate->least)
            continue;
        struct fixture *fixture = fixture_make(sizes[i] + 2);
        for (size_t j = 0; j < sizeof fates / sizeof fates[0]; j++) {
            begin_anew(fixture);
            live(fixture, sizes[i], gate, &fates[j]);
        }
        fixture_release(fixture);
    }
}

static void a_threshold_gate_judges_small_canaries(void **state)
{
    (void)state;
    live_all(&gates[0]);
}

static void a_sequential_gate_judges_small_canaries(void **state)
{
    (void)state;
    live_all(&gates[1]);
}

static void a_sequential_gate_that_promotes_when_undecided_wants_a_success(void **state)
{
    (void)state;
    live_all(&gates[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_threshold_gate_judges_small_canaries),
        cmocka_unit_test(a_sequential_gate_judges_small_canaries),
        cmocka_unit_test(a_sequential_gate_that_promotes_when_undecided_wants_a_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
