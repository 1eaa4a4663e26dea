/* The rate of offers: how it grows with success, and a ledger that never lets more than `per_minute` offers
 * out in any 60 seconds. */
#ifndef CORE_RAMP_H
#define CORE_RAMP_H

#include <stdint.h>

#include "policy.h"

/* The rate now: the base, times the factor for every `growth_every` confirmed targets of the campaign, to the
 * ceiling. Only success makes it grow. 0 is no limit. */
int64_t ramp_per_minute(const struct rate_policy *rate, int64_t confirmed);

/* A token bucket of capacity b = max(1, per_minute / 120) that refills with (per_minute - b + 1) tokens in 60
 * s. In any window [t, t + 60 s) at most b - 1 + (per_minute - b + 1) = per_minute tokens can be taken, so
 * the cap is exact over every window, not only over calendar minutes, at a cost of at most half a percent of
 * the rate. */
struct ramp {
    double tokens;     /* 0 to capacity */
    double updated_at; /* Unix seconds; 0 before the first use */
};

/* The bound also holds while the rate grows: a window of 60 s that begins at a rate r and ends at a higher
 * one lets out at most what the higher one allows.
 *
 * Refills to `now` and says how many offers may go out: 0 to `wanted`. per_minute 0 is no limit. A clock that
 * steps back refills nothing, and from there on what it shows. */
int64_t ramp_allowance(struct ramp *ramp, int64_t per_minute, double now, int64_t wanted);

/* Takes `offers` (at most the allowance) from the ledger. */
void ramp_take(struct ramp *ramp, int64_t per_minute, int64_t offers);

#endif
