/* The plan: how a membership is cut into waves. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include <stdint.h>

#include "policy.h"

/* Members per wave, for `members` devices in all: in order, percent of the whole (rounded up) or count,
 * within min and max, and never more than are left. A wave may come out empty. What is left over after the
 * last wave stays out: policy_validate asks for a last wave of `rest`, so that does not happen. */
void plan_sizes(const struct policy *policy, int64_t members, int64_t sizes[POLICY_WAVES_MAX]);

#endif
