/* The gates: from a wave's outcomes to promote, wait or halt. */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy.h"
#include "target_fsm.h"

enum gate_decision { GATE_WAIT, GATE_PROMOTE, GATE_HALT };

struct gate_verdict {
    enum gate_decision decision;
    bool holds;      /* no further member is to be offered until those in flight have ended */
    bool undecided;  /* decided because the sample ended without evidence, not because of failures */
    char words[200]; /* why, with its numbers; shown to operators and put into the log */
};

/* The gate judges from the members' counts alone, so that every member counts and none can drift out of it:
 *   decided  = confirmed + failures
 *   failures = failed + reverted + silent (+ rejected where the policy says so)
 *   finished = every member that is neither pending nor in flight
 * Neither kind ever promotes a wave none of whose members succeeded, and both halt when all have finished and
 * the gate cannot promote. `excused` failures (an operator resumed over them) count as finished, and neither
 * for nor against.
 *
 * The threshold gate halts as soon as failures reach failure_percent of the members, or so many are failures
 * that success_percent cannot be met any more, however the others end. It promotes when finished, success and
 * sample suffice.
 *
 * The sequential gate (core/gate_sequential.h) halts at once too. It promotes only when no offered member is
 * in flight: devices that fail are heard of late, or not at all, and a sample without them would be too good.
 * Meanwhile it `holds` offers. */
void gate_judge(const struct gate_policy *policy, int64_t members, const int64_t counts[TARGET_STATE_COUNT],
                int64_t excused, struct gate_verdict *verdict);

/* Failures as this gate counts them, excused ones included. */
int64_t gate_failures(const struct gate_policy *policy, const int64_t counts[TARGET_STATE_COUNT]);

#endif
