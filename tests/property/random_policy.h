/* Random numbers that a seed repeats, and policies made of them. */
#ifndef PROPERTY_RANDOM_POLICY_H
#define PROPERTY_RANDOM_POLICY_H

#include <stdint.h>

#include "policy.h"

uint64_t random_next(uint64_t *state);

/* 0 to limit - 1. */
int random_below(uint64_t *state, int limit);

/* Waves, gates, cap, rate, timeouts and second chances; names and the rest are the defaults. */
void random_policy(struct policy *policy, uint64_t *state);

#endif
