#include "plan.h"

/* Rounded up without the math library; percent is above 0 and at most 100. */
static int64_t percent_of(double percent, int64_t members)
{
    double exact = (double)members * percent / 100;
    int64_t whole = (int64_t)exact;
    /* 7 percent of 100 is 7.000000000000001 in binary: not 8 */
    return exact - (double)whole > 1e-9 * (double)members ? whole + 1 : whole;
}

static int64_t wanted(const struct wave_size *size, int64_t members, int64_t left)
{
    int64_t count = left;
    if (size->kind == WAVE_SIZE_PERCENT)
        count = percent_of(size->percent, members);
    else if (size->kind == WAVE_SIZE_COUNT)
        count = size->count;
    if (size->max > 0 && count > size->max)
        count = size->max;
    if (count < size->min)
        count = size->min;
    return count;
}

void plan_sizes(const struct policy *policy, int64_t members, int64_t sizes[POLICY_WAVES_MAX])
{
    int64_t left = members;
    for (int i = 0; i < policy->wave_count; i++) {
        int64_t count = wanted(&policy->waves[i].size, members, left);
        sizes[i] = count < left ? count : left;
        left -= sizes[i];
    }
}
