#include "plan.h"

#include "ramp.h"

/* Rounded up without the math library; percent is above 0 and at most 100. */
static int64_t percent_of(double percent, int64_t members)
{
    double exact = (double)members * percent / 100;
    int64_t whole = (int64_t)exact;
    /* 7 percent of 100 is 7.000000000000001 in binary: not 8 */
    return exact - (double)whole > 1e-9 * (double)members ? whole + 1 : whole;
}

int64_t plan_wanted(const struct wave_size *size, int64_t members)
{
    if (size->kind == WAVE_SIZE_REST || size->kind == WAVE_SIZE_TAG)
        return PLAN_ALL;
    int64_t count = size->kind == WAVE_SIZE_PERCENT ? percent_of(size->percent, members) : size->count;
    if (size->max > 0 && count > size->max)
        count = size->max;
    return count < size->min ? size->min : count;
}

int64_t plan_least_seconds(const struct policy *policy, const int64_t sizes[POLICY_WAVES_MAX])
{
    int64_t confirmed = 0;
    double minutes = 0;
    for (int i = 0; i < policy->wave_count; i++) {
        for (int64_t left = sizes[i]; left > 0 && policy->rate.per_minute > 0;) {
            int64_t rate = ramp_per_minute(&policy->rate, confirmed);
            int64_t step = left;
            if (policy->rate.growth_every > 0 && rate < policy->rate.ceiling_per_minute)
                step = policy->rate.growth_every - confirmed % policy->rate.growth_every;
            if (step > left)
                step = left;
            minutes += (double)step / (double)rate;
            confirmed += step;
            left -= step;
        }
    }
    int64_t seconds = (int64_t)(minutes * 60);
    for (int i = 0; i < policy->wave_count; i++)
        seconds += sizes[i] > 0 ? policy->waves[i].soak_seconds : 0;
    return seconds;
}
