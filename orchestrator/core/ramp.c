#include "ramp.h"

#include <math.h>

int64_t ramp_per_minute(const struct rate_policy *rate, int64_t confirmed)
{
    if (rate->per_minute == 0 || rate->growth_every == 0)
        return rate->per_minute;
    int64_t steps = confirmed / rate->growth_every;
    double grown = floor((double)rate->per_minute * pow(rate->growth_factor, (double)steps) + 1e-9);
    return grown < (double)rate->ceiling_per_minute ? (int64_t)grown : rate->ceiling_per_minute;
}

static double capacity(int64_t per_minute)
{
    int64_t bucket = per_minute / 120;
    return bucket < 1 ? 1 : (double)bucket;
}

int64_t ramp_allowance(struct ramp *ramp, int64_t per_minute, double now, int64_t wanted)
{
    if (wanted <= 0)
        return 0;
    if (per_minute <= 0)
        return wanted;
    double full = capacity(per_minute);
    if (ramp->updated_at <= 0) {
        ramp->tokens = full;
        ramp->updated_at = now;
    } else {
        double per_second = ((double)per_minute - full + 1) / 60;
        /* A clock that was set back gives nothing, and must not stop the offers until it has caught up. */
        if (now > ramp->updated_at)
            ramp->tokens += (now - ramp->updated_at) * per_second;
        ramp->updated_at = now;
    }
    if (ramp->tokens > full)
        ramp->tokens = full;
    int64_t whole = (int64_t)ramp->tokens;
    return whole < wanted ? whole : wanted;
}

void ramp_take(struct ramp *ramp, int64_t per_minute, int64_t offers)
{
    if (per_minute <= 0)
        return;
    ramp->tokens -= (double)offers;
    if (ramp->tokens < 0)
        ramp->tokens = 0;
}
