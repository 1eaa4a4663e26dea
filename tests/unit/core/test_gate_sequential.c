/* The sequential gate: its bounds, its exact error rates, and that samples of a canary's size are judged
 * soundly. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate.h"
#include "gate_sequential.h"

static const struct sequential_policy usual = {
    .acceptable_percent = 1, .unacceptable_percent = 10, .alpha = 0.05, .beta = 0.05};

static struct gate_verdict judge(const struct gate_policy *policy, int64_t members, int64_t confirmed,
                                 int64_t failed, int64_t in_flight)
{
    int64_t counts[TARGET_STATE_COUNT] = {0};
    counts[TARGET_CONFIRMED] = confirmed;
    counts[TARGET_SILENT] = failed;
    counts[TARGET_DOWNLOADING] = in_flight;
    counts[TARGET_PENDING] = members - confirmed - failed - in_flight;
    struct gate_verdict verdict;
    gate_judge(policy, members, counts, 0, &verdict);
    return verdict;
}

static struct gate_policy gate_of(const struct sequential_policy *sequential)
{
    return (struct gate_policy){.kind = GATE_SEQUENTIAL, .sequential = *sequential, .min_sample = 1};
}

/* By hand: ln(10) a failure, ln(0.90/0.99) a success, bounds -+ln(20). */
static void evidence_is_walds_ratio(void **state)
{
    (void)state;
    assert_true(fabs(gate_sequential_evidence(&usual, 1, 0) - 2.302585) < 1e-6);
    assert_true(fabs(gate_sequential_evidence(&usual, 0, 1) - -0.095310) < 1e-6);
    assert_int_equal(gate_sequential_least_successes(&usual), 32);
    assert_int_equal(gate_sequential_least_failures(&usual), 2);
    assert_int_equal(gate_sequential_verdict(&usual, 0, 31), 0);
    assert_int_equal(gate_sequential_verdict(&usual, 0, 32), -1);
    assert_int_equal(gate_sequential_verdict(&usual, 1, 0), 0);
    assert_int_equal(gate_sequential_verdict(&usual, 2, 0), 1);
}

static void a_rate_of_all_is_understood(void **state)
{
    (void)state;
    struct sequential_policy policy = usual;
    policy.unacceptable_percent = 100;
    assert_int_equal(gate_sequential_verdict(&policy, 0, 0), 0);
    assert_int_equal(gate_sequential_verdict(&policy, 0, 1), -1);
    assert_int_equal(gate_sequential_least_successes(&policy), 1);
    assert_int_equal(gate_sequential_verdict(&policy, 1, 0), 1);
}

/* The exact rates against every sequence of 12 outcomes, one by one. */
static void rates_are_those_of_all_sequences(void **state)
{
    (void)state;
    const struct sequential_policy policy = {.acceptable_percent = 10,
                                             .unacceptable_percent = 50,
                                             .alpha = 0.1,
                                             .beta = 0.1,
                                             .undecided = UNDECIDED_PROMOTE};
    enum { SAMPLE = 12 };
    const double rate = 0.3;
    double promotes = 0, halts = 0, undecided = 0, mean = 0, late = 0;
    for (unsigned bits = 0; bits < 1U << SAMPLE; bits++) {
        double probability = 1;
        int failures = 0, size = 0, verdict = 0;
        for (int i = 0; i < SAMPLE; i++)
            probability *= bits >> i & 1 ? rate : 1 - rate;
        while (size < SAMPLE && verdict == 0) {
            failures += (int)(bits >> size & 1);
            size++;
            verdict = gate_sequential_verdict(&policy, failures, size - failures);
        }
        mean += probability * size;
        int all = __builtin_popcount(bits);
        if (gate_sequential_verdict(&policy, all, SAMPLE - all) <= 0)
            late += probability;
        if (verdict == 0)
            undecided += probability;
        if (verdict < 0 || (verdict == 0 && failures < SAMPLE))
            promotes += probability;
        else
            halts += probability;
    }
    struct gate_rates rates = gate_sequential_rates(&policy, rate, SAMPLE);
    assert_true(fabs(rates.promotes - promotes) < 1e-9);
    assert_true(fabs(rates.halts - halts) < 1e-9);
    assert_true(fabs(rates.undecided - undecided) < 1e-9);
    assert_true(fabs(rates.mean_sample - mean) < 1e-9);
    assert_true(fabs(rates.late_promotes - late) < 1e-9);
}

/* Neither error rate is ever above the stated one, but for samples that end undecided, which do what the
 * policy says; and they add up. */
static void stated_rates_hold(void **state)
{
    (void)state;
    const double acceptable[] = {0.5, 1, 2, 5}, factors[] = {2, 5, 10, 20}, errors[] = {0.01, 0.05, 0.2};
    const int64_t samples[] = {1, 5, 20, 100, 500, GATE_RATES_SAMPLE_MAX};
    for (int a = 0; a < 4; a++)
        for (int f = 0; f < 4; f++)
            for (int e = 0; e < 9; e++)
                for (int n = 0; n < 6; n++) {
                    struct sequential_policy policy = {.acceptable_percent = acceptable[a],
                                                       .unacceptable_percent = acceptable[a] * factors[f],
                                                       .alpha = errors[e / 3],
                                                       .beta = errors[e % 3]};
                    if (policy.unacceptable_percent > 100)
                        continue;
                    struct gate_rates good =
                        gate_sequential_rates(&policy, policy.acceptable_percent / 100, samples[n]);
                    struct gate_rates bad =
                        gate_sequential_rates(&policy, policy.unacceptable_percent / 100, samples[n]);
                    assert_true(good.halts - good.undecided <= policy.alpha + 1e-9);
                    assert_true(bad.promotes <= policy.beta + 1e-9);
                    assert_true(fabs(good.promotes + good.halts - 1) < 1e-9);
                    assert_true(fabs(bad.promotes + bad.halts - 1) < 1e-9);
                }
}

static void a_promotion_waits_for_those_in_flight(void **state)
{
    (void)state;
    struct gate_policy gate = gate_of(&usual);
    struct gate_verdict verdict = judge(&gate, 100, 31, 0, 0);
    assert_int_equal(verdict.decision, GATE_WAIT);
    assert_false(verdict.holds);
    verdict = judge(&gate, 100, 32, 0, 3);
    assert_int_equal(verdict.decision, GATE_WAIT);
    assert_true(verdict.holds);
    assert_non_null(strstr(verdict.words, "no more are offered"));
    verdict = judge(&gate, 100, 32, 0, 0);
    assert_int_equal(verdict.decision, GATE_PROMOTE);
    verdict = judge(&gate, 100, 34, 1, 0); /* one of the three was silent */
    assert_int_equal(verdict.decision, GATE_WAIT);
    assert_false(verdict.holds);
}

static void a_halt_waits_for_nobody(void **state)
{
    (void)state;
    struct gate_policy gate = gate_of(&usual);
    assert_int_equal(judge(&gate, 100, 0, 2, 50).decision, GATE_HALT);
    assert_int_equal(judge(&gate, 100, 10, 2, 50).decision, GATE_HALT);
}

static void the_sample_has_a_cap_and_a_defined_end(void **state)
{
    (void)state;
    struct sequential_policy capped = usual;
    capped.max_sample = 20;
    struct gate_policy gate = gate_of(&capped);
    assert_true(judge(&gate, 100, 10, 0, 10).holds);
    assert_int_equal(judge(&gate, 100, 10, 0, 10).decision, GATE_WAIT);
    assert_int_equal(judge(&gate, 100, 19, 1, 0).decision, GATE_HALT);
    gate.sequential.undecided = UNDECIDED_PROMOTE;
    assert_int_equal(judge(&gate, 100, 19, 1, 0).decision, GATE_PROMOTE);
    assert_int_equal(judge(&gate, 100, 17, 3, 0).decision, GATE_HALT); /* that much is evidence */
}

/* Every way in which a wave of 1 to 8 members can have ended: there is a verdict, and never a promotion
 * without a success or with fewer outcomes than asked for. */
static void small_waves_end_with_a_verdict(void **state)
{
    (void)state;
    for (int promote = 0; promote < 2; promote++)
        for (int64_t members = 1; members <= 8; members++)
            for (int64_t confirmed = 0; confirmed <= members; confirmed++)
                for (int64_t failed = 0; confirmed + failed <= members; failed++) {
                    struct sequential_policy policy = {.acceptable_percent = 5,
                                                       .unacceptable_percent = 50,
                                                       .alpha = 0.05,
                                                       .beta = 0.05,
                                                       .undecided = (enum undecided)promote};
                    struct gate_policy gate = gate_of(&policy);
                    gate.min_sample = 3;
                    int64_t counts[TARGET_STATE_COUNT] = {0};
                    counts[TARGET_CONFIRMED] = confirmed;
                    counts[TARGET_REVERTED] = failed;
                    counts[TARGET_SKIPPED] = members - confirmed - failed;
                    struct gate_verdict verdict;
                    gate_judge(&gate, members, counts, 0, &verdict);
                    assert_int_not_equal(verdict.decision, GATE_WAIT);
                    if (verdict.decision == GATE_PROMOTE) {
                        assert_true(confirmed > 0);
                        assert_true(confirmed + failed >= (members < 3 ? members : 3));
                    }
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_is_walds_ratio),
        cmocka_unit_test(a_rate_of_all_is_understood),
        cmocka_unit_test(rates_are_those_of_all_sequences),
        cmocka_unit_test(stated_rates_hold),
        cmocka_unit_test(a_promotion_waits_for_those_in_flight),
        cmocka_unit_test(a_halt_waits_for_nobody),
        cmocka_unit_test(the_sample_has_a_cap_and_a_defined_end),
        cmocka_unit_test(small_waves_end_with_a_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
