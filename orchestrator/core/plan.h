/* The plan: how a membership is cut into waves, and how long that takes at least. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include <stdint.h>

#include "policy.h"

#define PLAN_ALL INT64_MAX

/* A seed orders the members of a campaign: 53 bits, since JSON shows it. */
#define SEED_MAX ((INT64_C(1) << 53) - 1)
#define SEED_RANDOM (-1)

/* How many devices a wave wants, of `members` in all: percent of the whole (rounded up) or count, within min
 * and max; PLAN_ALL for the rest, and for all with a tag. Waves take in their order, each from what is left,
 * so one may come out smaller, or empty. */
int64_t plan_wanted(const struct wave_size *size, int64_t members);

/* Seconds that waves of these sizes take at the least: offers at the policy's rate, when every device
 * confirms at once, and the soaks. */
int64_t plan_least_seconds(const struct policy *policy, const int64_t sizes[POLICY_WAVES_MAX]);

#endif
