/* The decision, as an operator would tell it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decide.h"

static struct policy policy;
static struct campaign_snapshot snapshot;

/* A canary of 10 and a wide wave of 90; the canary soaks for 60 s. */
static int a_running_campaign(void **state)
{
    (void)state;
    policy_defaults(&policy);
    policy.wave_count = 2;
    policy.waves[1] = policy.waves[0];
    policy.waves[0].soak_seconds = 60;
    policy.waves[0].gate = (struct gate_policy){
        .threshold = {.success_percent = 90, .finished_percent = 100, .failure_percent = 20},
        .min_sample = 5};
    policy.waves[1].gate = policy.waves[0].gate;
    policy.in_flight = 30;
    memset(&snapshot, 0, sizeof snapshot);
    snapshot.state = CAMPAIGN_RUNNING;
    snapshot.wave_count = 2;
    snapshot.waves[0].members = snapshot.waves[0].counts[TARGET_PENDING] = 10;
    snapshot.waves[1].members = snapshot.waves[1].counts[TARGET_PENDING] = 90;
    return 0;
}

static void end(int wave, enum target_state state, int64_t count)
{
    snapshot.waves[wave].counts[TARGET_PENDING] -= count;
    snapshot.waves[wave].counts[state] += count;
}

static void canary_opens_first_and_alone(void **state)
{
    (void)state;
    struct action action = decide(&snapshot, &policy, 1000);
    assert_int_equal(action.kind, ACTION_OPEN_WAVE);
    assert_int_equal(action.wave, 0);
    snapshot.waves[0].state = WAVE_OPEN;
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_NONE);
}

static void canary_soaks_then_passes_then_wide_opens(void **state)
{
    (void)state;
    snapshot.waves[0].state = WAVE_OPEN;
    end(0, TARGET_CONFIRMED, 10);
    struct action action = decide(&snapshot, &policy, 1000);
    assert_int_equal(action.kind, ACTION_SOAK_WAVE);
    assert_true(action.until > 1059 && action.until < 1061);
    snapshot.waves[0].state = WAVE_SOAKING;
    snapshot.waves[0].soak_until = action.until;
    assert_int_equal(decide(&snapshot, &policy, 1059).kind, ACTION_NONE);
    assert_int_equal(decide(&snapshot, &policy, 1060).kind, ACTION_PASS_WAVE);
    snapshot.waves[0].state = WAVE_PASSED;
    action = decide(&snapshot, &policy, 1061);
    assert_int_equal(action.kind, ACTION_OPEN_WAVE);
    assert_int_equal(action.wave, 1);
}

static void failures_during_the_soak_count(void **state)
{
    (void)state;
    snapshot.waves[0].state = WAVE_SOAKING;
    snapshot.waves[0].soak_until = 1060;
    end(0, TARGET_CONFIRMED, 8);
    end(0, TARGET_SILENT, 2);
    assert_int_equal(decide(&snapshot, &policy, 1061).kind, ACTION_FAIL_WAVE);
}

static void late_failures_of_a_passed_wave_halt_too(void **state)
{
    (void)state;
    snapshot.waves[0].state = WAVE_PASSED;
    snapshot.waves[1].state = WAVE_OPEN;
    end(0, TARGET_CONFIRMED, 8);
    end(0, TARGET_REVERTED, 2);
    struct action action = decide(&snapshot, &policy, 1000);
    assert_int_equal(action.kind, ACTION_FAIL_WAVE);
    assert_int_equal(action.wave, 0);
}

/* What is left of a wave goes along with the next one. Its failures count where they are evidence of a bad
 * release; that they make the sample undecided again takes no promotion back: the error rates would not hold.
 */
static void a_passed_wave_halts_by_failures_only(void **state)
{
    (void)state;
    policy.waves[0].gate = (struct gate_policy){
        .kind = GATE_SEQUENTIAL,
        .sequential = {.acceptable_percent = 5, .unacceptable_percent = 50, .alpha = 0.05, .beta = 0.05},
        .min_sample = 1};
    snapshot.waves[0].state = WAVE_OPEN;
    end(0, TARGET_CONFIRMED, 5);
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_SOAK_WAVE);
    snapshot.waves[0].state = WAVE_PASSED;
    snapshot.waves[1].state = WAVE_OPEN;
    end(0, TARGET_CONFIRMED, 3);
    end(0, TARGET_SILENT, 2); /* 2 of 10: neither good nor bad */
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_NONE);
    snapshot.waves[0].state = WAVE_OPEN;
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_FAIL_WAVE);
    snapshot.waves[0].state = WAVE_PASSED;
    snapshot.waves[0].counts[TARGET_CONFIRMED] = 5;
    snapshot.waves[0].counts[TARGET_SILENT] = 5;
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_FAIL_WAVE);
}

static void completes_only_when_every_member_has_ended(void **state)
{
    (void)state;
    snapshot.waves[0].state = snapshot.waves[1].state = WAVE_PASSED;
    end(0, TARGET_CONFIRMED, 10);
    end(1, TARGET_CONFIRMED, 89);
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_NONE);
    end(1, TARGET_CONFIRMED, 1);
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_COMPLETE);
}

static void a_paused_campaign_promotes_nothing_but_can_fail(void **state)
{
    (void)state;
    snapshot.state = CAMPAIGN_PAUSED;
    snapshot.waves[0].state = WAVE_OPEN;
    end(0, TARGET_CONFIRMED, 8);
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_NONE);
    end(0, TARGET_FAILED, 2);
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_FAIL_WAVE);
}

static void nothing_is_decided_for_campaigns_that_do_not_run(void **state)
{
    (void)state;
    for (int s = 0; s < CAMPAIGN_STATE_COUNT; s++) {
        snapshot.state = (enum campaign_state)s;
        bool runs = s == CAMPAIGN_RUNNING;
        assert_int_equal(decide(&snapshot, &policy, 1000).kind, runs ? ACTION_OPEN_WAVE : ACTION_NONE);
        assert_int_equal(decide_offers(&snapshot, &policy) > 0, runs);
    }
}

static void the_cap_counts_every_state_in_flight(void **state)
{
    (void)state;
    assert_int_equal(decide_offers(&snapshot, &policy), 30);
    end(0, TARGET_OFFERED, 1);
    end(0, TARGET_ACCEPTED, 2);
    end(0, TARGET_DOWNLOADING, 3);
    end(0, TARGET_INSTALLED, 2);
    end(0, TARGET_TRIAL, 2);
    assert_int_equal(decide_offers(&snapshot, &policy), 20);
    end(1, TARGET_OFFERED, 25);
    assert_int_equal(decide_offers(&snapshot, &policy), 0);
}

static void an_empty_wave_passes(void **state)
{
    (void)state;
    snapshot.waves[0].state = WAVE_OPEN;
    snapshot.waves[0].members = snapshot.waves[0].counts[TARGET_PENDING] = 0;
    assert_int_equal(decide(&snapshot, &policy, 1000).kind, ACTION_PASS_WAVE);
}

int main(void)
{
#define SCENARIO(name) cmocka_unit_test_setup(name, a_running_campaign)
    const struct CMUnitTest tests[] = {
        SCENARIO(canary_opens_first_and_alone),
        SCENARIO(canary_soaks_then_passes_then_wide_opens),
        SCENARIO(failures_during_the_soak_count),
        SCENARIO(late_failures_of_a_passed_wave_halt_too),
        SCENARIO(a_passed_wave_halts_by_failures_only),
        SCENARIO(completes_only_when_every_member_has_ended),
        SCENARIO(a_paused_campaign_promotes_nothing_but_can_fail),
        SCENARIO(nothing_is_decided_for_campaigns_that_do_not_run),
        SCENARIO(the_cap_counts_every_state_in_flight),
        SCENARIO(an_empty_wave_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
