#include "policy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct policy policy;
static struct error error;

/* A good policy of two waves: ten percent, then the rest. */
static int set_up(void **state)
{
    (void)state;
    policy_defaults(&policy);
    policy.waves[1] = policy.waves[0];
    policy.wave_count = 2;
    snprintf(policy.waves[0].name, sizeof policy.waves[0].name, "canary");
    policy.waves[0].size = (struct wave_size){.kind = WAVE_SIZE_PERCENT, .percent = 10, .min = 2, .max = 20};
    memset(&error, 0, sizeof error);
    return 0;
}

static void assert_refused(const char *field)
{
    assert_int_equal(policy_validate(&policy, &error), STATUS_INVALID);
    assert_string_equal(error.field, field);
    assert_true(strlen(error.message) > 10);
}

static void defaults_are_good(void **state)
{
    (void)state;
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    policy_defaults(&policy);
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    assert_int_equal(policy.wave_count, 1);
    assert_int_equal(policy.waves[0].size.kind, WAVE_SIZE_REST);
}

static void names_are_checked(void **state)
{
    (void)state;
    policy.name[0] = '\0';
    assert_refused("name");
    snprintf(policy.name, sizeof policy.name, "two words");
    assert_refused("name");
    snprintf(policy.name, sizeof policy.name, "good");
    snprintf(policy.waves[1].name, sizeof policy.waves[1].name, "canary");
    assert_refused("waves[1].name");
    assert_non_null(strstr(error.message, "earlier"));
}

static void wave_counts_are_checked(void **state)
{
    (void)state;
    policy.wave_count = 0;
    assert_refused("waves");
    policy.wave_count = POLICY_WAVES_MAX + 1;
    assert_refused("waves");
}

static void sizes_are_checked(void **state)
{
    (void)state;
    struct wave_size *size = &policy.waves[0].size;
    size->percent = 0;
    assert_refused("waves[0].size.percent");
    size->percent = 100.5;
    assert_refused("waves[0].size.percent");
    size->percent = NAN;
    assert_refused("waves[0].size.percent");
    size->percent = 5;
    size->min = -1;
    assert_refused("waves[0].size.min");
    size->min = 10;
    size->max = 9;
    assert_refused("waves[0].size.max");
    size->max = 0; /* none */
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    *size = (struct wave_size){.kind = WAVE_SIZE_COUNT, .count = 0};
    assert_refused("waves[0].size.count");
    size->kind = WAVE_SIZE_REST;
    assert_refused("waves[0].size.rest");
}

static void the_last_wave_takes_all_that_is_left(void **state)
{
    (void)state;
    struct wave_size *size = &policy.waves[1].size;
    *size = (struct wave_size){.kind = WAVE_SIZE_COUNT, .count = 10};
    assert_refused("waves[1].size");
    *size = (struct wave_size){.kind = WAVE_SIZE_PERCENT, .percent = 99.9};
    assert_refused("waves[1].size");
    size->percent = 100;
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    size->max = 50;
    assert_refused("waves[1].size");
}

static void gates_are_checked(void **state)
{
    (void)state;
    struct gate_policy *gate = &policy.waves[1].gate;
    gate->threshold.success_percent = -1;
    assert_refused("waves[1].gate.success_percent");
    gate->threshold.success_percent = 0; /* promote whatever the outcome: allowed */
    gate->threshold.finished_percent = 0;
    assert_refused("waves[1].gate.finished_percent");
    gate->threshold.finished_percent = 100;
    gate->threshold.failure_percent = 0;
    assert_refused("waves[1].gate.failure_percent");
    gate->threshold.failure_percent = NAN;
    assert_refused("waves[1].gate.failure_percent");
    gate->threshold.failure_percent = 100;
    gate->min_sample = 0;
    assert_refused("waves[1].gate.min_sample");
    gate->min_sample = 1;
    policy.waves[1].soak_seconds = -1;
    assert_refused("waves[1].soak_seconds");
}

static void ranges_are_checked(void **state)
{
    (void)state;
    const struct {
        int64_t *member;
        int64_t low, high; /* the nearest values that are refused */
        const char *field;
    } cases[] = {
        {&policy.rate.per_minute, -1, 6000001, "rate.per_minute"},
        {&policy.in_flight, 0, 1000001, "in_flight"},
        {&policy.offer_seconds, 0, 604801, "timeouts.offer_seconds"},
        {&policy.download_seconds, 0, 604801, "timeouts.download_seconds"},
        {&policy.confirm_seconds, 0, 604801, "timeouts.confirm_seconds"},
        {&policy.offline_wait_seconds, -1, 31536001, "offline.wait_seconds"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        *cases[i].member = cases[i].low;
        assert_refused(cases[i].field);
        *cases[i].member = cases[i].high;
        assert_refused(cases[i].field);
        *cases[i].member = cases[i].low + 1;
        assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
        *cases[i].member = cases[i].high - 1;
        assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    }
}

static void sequential_gates_are_checked(void **state)
{
    (void)state;
    struct gate_policy *gate = &policy.waves[1].gate;
    gate->kind = GATE_SEQUENTIAL;
    gate->threshold.failure_percent = -1; /* not this gate's */
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    gate->sequential.acceptable_percent = 0;
    assert_refused("waves[1].gate.acceptable_percent");
    gate->sequential.acceptable_percent = NAN;
    assert_refused("waves[1].gate.acceptable_percent");
    gate->sequential.acceptable_percent = 0.0001;
    assert_refused("waves[1].gate.acceptable_percent");
    gate->sequential.acceptable_percent = 10;
    assert_refused("waves[1].gate.unacceptable_percent");
    gate->sequential.unacceptable_percent = 100.5;
    assert_refused("waves[1].gate.unacceptable_percent");
    gate->sequential.unacceptable_percent = 100;
    gate->sequential.alpha = 0;
    assert_refused("waves[1].gate.alpha");
    gate->sequential.alpha = 0.5;
    gate->sequential.beta = 0.6;
    assert_refused("waves[1].gate.beta");
    gate->sequential.beta = 0.01;
    gate->sequential.max_sample = -1;
    assert_refused("waves[1].gate.max_sample");
    gate->sequential.max_sample = 10;
    gate->min_sample = 11;
    assert_refused("waves[1].gate.max_sample");
    gate->min_sample = 10;
    gate->sequential.beta = 0.5;
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
}

static void growth_is_told_whole_or_not_at_all(void **state)
{
    (void)state;
    struct rate_policy *rate = &policy.rate;
    rate->growth_factor = 0.9;
    assert_refused("rate.growth_factor");
    rate->growth_factor = NAN;
    assert_refused("rate.growth_factor");
    rate->growth_factor = 2;
    assert_refused("rate.growth_every");
    rate->growth_every = -1;
    assert_refused("rate.growth_every");
    rate->growth_every = 10;
    assert_refused("rate.ceiling_per_minute");
    rate->ceiling_per_minute = rate->per_minute - 1;
    assert_refused("rate.ceiling_per_minute");
    rate->ceiling_per_minute = rate->per_minute;
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    rate->per_minute = 0;
    assert_refused("rate.growth_every");
    *rate = (struct rate_policy){.growth_factor = 1, .ceiling_per_minute = 5};
    assert_refused("rate.ceiling_per_minute");
}

static void a_wave_too_small_for_its_gate_is_refused(void **state)
{
    (void)state;
    struct wave_policy *wave = &policy.waves[0];
    wave->gate.kind = GATE_SEQUENTIAL; /* 1%, 10%, 0.05, 0.05: 32 successes are needed */
    wave->size = (struct wave_size){.kind = WAVE_SIZE_COUNT, .count = 31};
    assert_refused("waves[0].gate");
    assert_non_null(strstr(error.message, "needs 32 successes"));
    wave->size.count = 32;
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    wave->gate.sequential.max_sample = 31;
    assert_refused("waves[0].gate");
    wave->gate.sequential.undecided = UNDECIDED_PROMOTE;
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
    wave->gate.sequential.undecided = UNDECIDED_HALT;
    wave->gate.sequential.max_sample = 0;
    wave->size = (struct wave_size){.kind = WAVE_SIZE_PERCENT, .percent = 5, .max = 31};
    assert_refused("waves[0].gate");
    wave->size.max = 0;
    assert_int_equal(policy_validate(&policy, &error), STATUS_OK);
}

static void a_rollback_is_one_wave_with_the_last_gate(void **state)
{
    (void)state;
    struct policy rollback;
    policy.waves[0].gate.threshold.failure_percent = 1;
    policy.waves[1].gate.threshold.failure_percent = 42;
    policy.waves[1].soak_seconds = 600;
    policy.in_flight = 7;
    policy.rate.per_minute = 11;
    policy.on_halt = ON_HALT_ROLLBACK;
    policy.approval = (struct approval_policy){.approvers = 2, .before_start = true, .before_waves = 2};
    policy.windows.count = 1;
    policy_of_rollback(&policy, &rollback);
    assert_int_equal(rollback.wave_count, 1);
    assert_int_equal(rollback.waves[0].size.kind, WAVE_SIZE_REST);
    assert_true(rollback.waves[0].gate.threshold.failure_percent == 42);
    assert_int_equal(rollback.waves[0].soak_seconds, 0);
    assert_int_equal(rollback.in_flight, 7);
    assert_int_equal(rollback.rate.per_minute, 11);
    assert_int_equal(rollback.on_halt, ON_HALT_PAUSE);
    assert_int_equal(rollback.approval.approvers, 0);
    assert_false(rollback.approval.before_start);
    assert_int_equal(rollback.windows.count, 0);
    assert_int_equal(policy_validate(&rollback, &error), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_rollback_is_one_wave_with_the_last_gate, set_up),
        cmocka_unit_test_setup(defaults_are_good, set_up),
        cmocka_unit_test_setup(names_are_checked, set_up),
        cmocka_unit_test_setup(wave_counts_are_checked, set_up),
        cmocka_unit_test_setup(sizes_are_checked, set_up),
        cmocka_unit_test_setup(the_last_wave_takes_all_that_is_left, set_up),
        cmocka_unit_test_setup(gates_are_checked, set_up),
        cmocka_unit_test_setup(sequential_gates_are_checked, set_up),
        cmocka_unit_test_setup(growth_is_told_whole_or_not_at_all, set_up),
        cmocka_unit_test_setup(a_wave_too_small_for_its_gate_is_refused, set_up),
        cmocka_unit_test_setup(ranges_are_checked, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
