/* The sequential gate: Wald's sequential probability ratio test on failures (A. Wald, "Sequential Tests of
 * Statistical Hypotheses", 1945), made for samples as small as a canary.
 *
 * With p0 the acceptable and p1 the unacceptable rate of failures, the evidence after f failures and s
 * successes is f * ln(p1 / p0) + s * ln((1 - p1) / (1 - p0)) It promotes at or below ln(beta), and halts at
 * or above ln(1 / alpha). These bounds are a little wider than Wald's approximate ones: by the martingale
 * bound of J. Ville (1939) a release that fails at p0 is then halted with a probability of at most alpha, and
 * one that fails at p1 promoted with at most beta, whenever and however often the gate looks. A sample that
 * ends before either bound gets the policy's verdict for undecided samples; gate_sequential_rates says what
 * that does to the two rates. */
#ifndef CORE_GATE_SEQUENTIAL_H
#define CORE_GATE_SEQUENTIAL_H

#include <stdint.h>

#include "policy.h"

/* ln of the likelihood ratio. */
double gate_sequential_evidence(const struct sequential_policy *policy, int64_t failures, int64_t successes);

/* Above 0 it halts, below 0 it promotes, 0: the sample goes on. */
int gate_sequential_verdict(const struct sequential_policy *policy, int64_t failures, int64_t successes);

/* Successes in a row that promote, and failures in a row that halt: the least a sample can do with. */
int64_t gate_sequential_least_successes(const struct sequential_policy *policy);
int64_t gate_sequential_least_failures(const struct sequential_policy *policy);

#define GATE_RATES_SAMPLE_MAX 2000

struct gate_rates {
    double promotes, halts; /* probabilities, at the end of the sample at the latest; they add up to 1 */
    double undecided;       /* of reaching the end of the sample without a verdict (within the two above) */
    double mean_sample;     /* outcomes until the verdict, on average */
    double late_promotes;   /* probability of promotion when failures are heard of last, at the end only */
};

/* Exactly what the gate does with a release that fails at `rate` (0 to 1), in a sample of at most `sample` (1
 * to GATE_RATES_SAMPLE_MAX) outcomes: every sequence of outcomes is followed, weighted by its probability. */
struct gate_rates gate_sequential_rates(const struct sequential_policy *policy, double rate, int64_t sample);

#endif
