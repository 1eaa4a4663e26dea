/* A campaign in memory: the pure engine (core/) with nothing around it but arrays. */
#ifndef PROPERTY_MODEL_H
#define PROPERTY_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "decide.h"
#include "policy.h"
#include "ramp.h"

enum { MODEL_TARGETS_MAX = 24, MODEL_STEPS_MAX = 160, MODEL_OFFERS_MAX = 4096 };

struct model_target {
    enum target_state state;
    int wave, attempt;
    double deadline, not_before;
    bool withdrawn;
};

struct model {
    struct policy policy;
    struct campaign_snapshot snapshot;
    struct model_target targets[MODEL_TARGETS_MAX];
    int target_count;
    struct ramp ramp;
    double now;
    double offered_at[MODEL_OFFERS_MAX];
    int offers;
    const char *broken; /* the invariant that does not hold; NULL while all do */
};

enum step_kind { STEP_TICK, STEP_TIME, STEP_REPORT, STEP_COMMAND, STEP_KINDS };

/* One thing that happens. What a and b mean depends on the kind; any values are allowed. */
struct step {
    enum step_kind kind;
    uint32_t a, b;
};

/* A random policy and fleet: the same for the same seed. */
void model_make(struct model *model, uint64_t seed);

/* Does one step and checks every invariant after it. */
void model_step(struct model *model, const struct step *step);

/* Everybody answers now, the operator resumes what is paused: it must come to an end. Checks that it does. */
void model_finish(struct model *model);

/* The state as one number, for counting distinct ones. */
uint64_t model_digest(const struct model *model);

#endif
