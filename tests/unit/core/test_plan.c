/* Cutting a membership into waves: exact, complete, never more than there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

static struct policy policy_of(struct wave_size first)
{
    struct policy policy;
    policy_defaults(&policy);
    policy.wave_count = 2;
    policy.waves[1] = policy.waves[0];
    policy.waves[0].size = first;
    policy.waves[1].size.kind = WAVE_SIZE_REST;
    return policy;
}

/* Waves take in order, each from what is left. */
static void cut(const struct policy *policy, int64_t members, int64_t sizes[POLICY_WAVES_MAX])
{
    int64_t left = members;
    for (int i = 0; i < policy->wave_count; i++) {
        int64_t wanted = plan_wanted(&policy->waves[i].size, members);
        sizes[i] = wanted < left ? wanted : left;
        left -= sizes[i];
    }
}

static void first_wave_has_its_size(void **state)
{
    (void)state;
    static const struct {
        struct wave_size size;
        int64_t members, first;
    } examples[] = {
        {{.kind = WAVE_SIZE_PERCENT, .percent = 5}, 200, 10},
        {{.kind = WAVE_SIZE_PERCENT, .percent = 5}, 201, 11}, /* rounded up */
        {{.kind = WAVE_SIZE_PERCENT, .percent = 7}, 100, 7},  /* 7.000000000000001 in binary */
        {{.kind = WAVE_SIZE_PERCENT, .percent = 0.1}, 1000000, 1000},
        {{.kind = WAVE_SIZE_PERCENT, .percent = 5, .min = 5}, 20, 5},
        {{.kind = WAVE_SIZE_PERCENT, .percent = 5, .min = 5}, 3, 3},
        {{.kind = WAVE_SIZE_PERCENT, .percent = 50, .max = 50}, 1000, 50},
        {{.kind = WAVE_SIZE_PERCENT, .percent = 100}, 17, 17},
        {{.kind = WAVE_SIZE_COUNT, .count = 10}, 200, 10},
        {{.kind = WAVE_SIZE_COUNT, .count = 10}, 4, 4},
        {{.kind = WAVE_SIZE_PERCENT, .percent = 5, .min = 5}, 0, 0},
        {{.kind = WAVE_SIZE_PERCENT, .percent = 0.0001}, 10, 1},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct policy policy = policy_of(examples[i].size);
        int64_t sizes[POLICY_WAVES_MAX] = {0};
        cut(&policy, examples[i].members, sizes);
        assert_int_equal(sizes[0], examples[i].first);
        assert_int_equal(sizes[0] + sizes[1], examples[i].members);
    }
}

static void waves_always_add_up(void **state)
{
    (void)state;
    for (int64_t members = 0; members < 300; members++) {
        for (int percent = 1; percent <= 100; percent += 3) {
            struct policy policy =
                policy_of((struct wave_size){.kind = WAVE_SIZE_PERCENT, .percent = percent, .min = 2});
            int64_t sizes[POLICY_WAVES_MAX] = {0};
            cut(&policy, members, sizes);
            assert_true(sizes[0] >= 0 && sizes[1] >= 0);
            assert_int_equal(sizes[0] + sizes[1], members);
        }
    }
}

static void the_least_time_is_that_of_rate_and_soak(void **state)
{
    (void)state;
    struct policy policy = policy_of((struct wave_size){.kind = WAVE_SIZE_COUNT, .count = 10});
    int64_t sizes[POLICY_WAVES_MAX] = {10, 590};
    policy.waves[0].soak_seconds = 1000;
    policy.rate = (struct rate_policy){.per_minute = 60, .growth_factor = 1};
    assert_int_equal(plan_least_seconds(&policy, sizes), 1600);
    /* 100 at 60 a minute, 100 at 120, 400 at 200 */
    policy.rate = (struct rate_policy){
        .per_minute = 60, .growth_factor = 2, .growth_every = 100, .ceiling_per_minute = 200};
    assert_int_equal(plan_least_seconds(&policy, sizes), 1000 + 100 + 50 + 120);
    policy.rate.per_minute = 0;
    assert_int_equal(plan_least_seconds(&policy, sizes), 1000);
    sizes[0] = 0;
    assert_int_equal(plan_least_seconds(&policy, sizes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_wave_has_its_size),
        cmocka_unit_test(waves_always_add_up),
        cmocka_unit_test(the_least_time_is_that_of_rate_and_soak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
