#include "random_policy.h"

/* splitmix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014. */
uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

int random_below(uint64_t *state, int limit)
{
    return (int)(random_next(state) % (uint64_t)limit);
}

static void random_gate(struct gate_policy *gate, uint64_t *state)
{
    gate_defaults(gate);
    gate->min_sample = 1 + random_below(state, 4);
    gate->count_rejected = random_below(state, 2) == 0;
    gate->threshold.success_percent = random_below(state, 101);
    gate->threshold.finished_percent = 1 + random_below(state, 100);
    gate->threshold.failure_percent = 1 + random_below(state, 100);
    if (random_below(state, 2) == 0)
        return;
    gate->kind = GATE_SEQUENTIAL;
    gate->sequential.acceptable_percent = 1 + random_below(state, 20);
    gate->sequential.unacceptable_percent = 30 + random_below(state, 70);
    gate->sequential.alpha = 0.01 * (1 + random_below(state, 50));
    gate->sequential.beta = 0.01 * (1 + random_below(state, 50));
    gate->sequential.max_sample =
        random_below(state, 3) == 0 ? gate->min_sample + random_below(state, 10) : 0;
    gate->sequential.undecided = (enum undecided)random_below(state, 2);
}

void random_policy(struct policy *policy, uint64_t *state)
{
    policy_defaults(policy);
    policy->wave_count = 1 + random_below(state, 4);
    for (int i = 0; i < policy->wave_count; i++) {
        struct wave_policy *wave = &policy->waves[i];
        bool last = i == policy->wave_count - 1;
        wave->size = last ? (struct wave_size){.kind = WAVE_SIZE_REST}
                          : (struct wave_size){.kind = WAVE_SIZE_COUNT, .count = 1 + random_below(state, 8)};
        wave->soak_seconds = random_below(state, 2) * random_below(state, 100);
        random_gate(&wave->gate, state);
    }
    policy->in_flight = 1 + random_below(state, 6);
    policy->rate = (struct rate_policy){.per_minute = random_below(state, 3) * random_below(state, 40),
                                        .growth_factor = 1};
    if (policy->rate.per_minute > 0 && random_below(state, 2) == 0) {
        policy->rate.growth_factor = 1 + random_below(state, 3);
        policy->rate.growth_every = 1 + random_below(state, 5);
        policy->rate.ceiling_per_minute = policy->rate.per_minute + random_below(state, 50);
    }
    policy->offer_seconds = policy->download_seconds = policy->confirm_seconds =
        10 + random_below(state, 100);
    policy->retry.attempts = 1 + random_below(state, 3);
    policy->retry.backoff_seconds = random_below(state, 50);
    policy->retry.on_rejected = random_below(state, 2) == 0;
    policy->retry.on_reverted = random_below(state, 2) == 0;
}
