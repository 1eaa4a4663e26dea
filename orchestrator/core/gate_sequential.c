#include "gate_sequential.h"

#include <math.h>
#include <string.h>

/* What one failure, and one success, add to the evidence. */
static double of_failure(const struct sequential_policy *policy)
{
    return log(policy->unacceptable_percent / policy->acceptable_percent);
}

static double of_success(const struct sequential_policy *policy)
{
    return log((100 - policy->unacceptable_percent) / (100 - policy->acceptable_percent));
}

double gate_sequential_evidence(const struct sequential_policy *policy, int64_t failures, int64_t successes)
{
    /* 0 * infinity: an unacceptable rate of 100% and no success yet */
    double good = successes > 0 ? (double)successes * of_success(policy) : 0;
    return (double)failures * of_failure(policy) + good;
}

int gate_sequential_verdict(const struct sequential_policy *policy, int64_t failures, int64_t successes)
{
    double evidence = gate_sequential_evidence(policy, failures, successes);
    if (evidence <= log(policy->beta))
        return -1;
    return evidence >= -log(policy->alpha) ? 1 : 0;
}

int64_t gate_sequential_least_successes(const struct sequential_policy *policy)
{
    double least = ceil(log(policy->beta) / of_success(policy));
    return least > 1 ? (int64_t)least : 1; /* a success may be worth infinitely much */
}

int64_t gate_sequential_least_failures(const struct sequential_policy *policy)
{
    return (int64_t)ceil(-log(policy->alpha) / of_failure(policy));
}

/* Probabilities of the samples that are still open, by their failures. */
struct open_samples {
    double of[GATE_RATES_SAMPLE_MAX + 1];
    int64_t low, high; /* outside there are none */
};

/* One more outcome: samples that reach a verdict leave. */
static void advance(struct open_samples *open, const struct sequential_policy *policy, double rate,
                    int64_t size, struct gate_rates *rates)
{
    struct open_samples next = {.low = open->low, .high = open->high + 1};
    for (int64_t failures = open->low; failures <= open->high; failures++) {
        next.of[failures] += open->of[failures] * (1 - rate);
        next.of[failures + 1] += open->of[failures] * rate;
    }
    for (int64_t failures = next.low; failures <= next.high; failures++) {
        int verdict = gate_sequential_verdict(policy, failures, size - failures);
        if (verdict == 0)
            continue;
        *(verdict < 0 ? &rates->promotes : &rates->halts) += next.of[failures];
        rates->mean_sample += (double)size * next.of[failures];
        next.of[failures] = 0;
    }
    while (next.low < next.high && next.of[next.low] <= 0)
        next.low++;
    while (next.high > next.low && next.of[next.high] <= 0)
        next.high--;
    *open = next;
}

/* With all outcomes on the table at once: the sum over the binomial distribution, by ln to stay in range. */
static double promotes_at_the_end(const struct sequential_policy *policy, double rate, int64_t sample)
{
    double promotes = 0;
    for (int64_t failures = 0; failures < sample; failures++) {
        int verdict = gate_sequential_verdict(policy, failures, sample - failures);
        if (verdict > 0 || (verdict == 0 && policy->undecided == UNDECIDED_HALT))
            continue;
        double ways = lgamma((double)sample + 1) - lgamma((double)failures + 1) -
                      lgamma((double)(sample - failures) + 1);
        double bad = failures > 0 ? (double)failures * log(rate) : 0;
        promotes += exp(ways + bad + (double)(sample - failures) * log1p(-rate));
    }
    return promotes;
}

struct gate_rates gate_sequential_rates(const struct sequential_policy *policy, double rate, int64_t sample)
{
    struct gate_rates rates = {0};
    struct open_samples open = {.of = {1}};
    for (int64_t size = 1; size <= sample; size++)
        advance(&open, policy, rate, size, &rates);
    /* A wave without a success never promotes, whatever the policy says of undecided samples. */
    for (int64_t failures = open.low; failures <= open.high; failures++) {
        bool promotes = policy->undecided == UNDECIDED_PROMOTE && failures < sample;
        *(promotes ? &rates.promotes : &rates.halts) += open.of[failures];
        rates.undecided += open.of[failures];
    }
    rates.mean_sample += (double)sample * rates.undecided;
    rates.late_promotes = promotes_at_the_end(policy, rate, sample);
    return rates;
}
