#include "gate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int64_t gate_failures(const struct gate_policy *policy, const int64_t counts[TARGET_STATE_COUNT])
{
    int64_t failures = counts[TARGET_FAILED] + counts[TARGET_REVERTED] + counts[TARGET_SILENT];
    return policy->count_rejected ? failures + counts[TARGET_REJECTED] : failures;
}

static void say(struct gate_verdict *verdict, enum gate_decision decision, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct gate_verdict *verdict, enum gate_decision decision, const char *format, ...)
{
    verdict->decision = decision;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->words, sizeof verdict->words, format, arguments);
    va_end(arguments);
}

static void judge(const struct gate_policy *policy, int64_t members, const int64_t counts[TARGET_STATE_COUNT],
                  int64_t excused, struct gate_verdict *verdict)
{
    int64_t finished = 0;
    for (int state = 0; state < TARGET_STATE_COUNT; state++) {
        if (target_state_ended((enum target_state)state))
            finished += counts[state];
    }
    int64_t confirmed = counts[TARGET_CONFIRMED];
    int64_t failures = gate_failures(policy, counts) - excused;
    if (failures < 0)
        failures = 0; /* an excused silence turned out to be a success */
    int64_t decided = confirmed + failures;
    int64_t sample = policy->min_sample < members ? policy->min_sample : members;

    double success = decided > 0 ? 100.0 * (double)confirmed / (double)decided : 0;
    double failed_share = members > 0 ? 100.0 * (double)failures / (double)members : 0;
    double finished_share = members > 0 ? 100.0 * (double)finished / (double)members : 0;
    long long n_confirmed = confirmed, n_failures = failures, n_decided = decided, n_finished = finished,
              n_members = members, n_sample = sample;

    if (failures > 0 && failed_share >= policy->failure_percent) {
        say(verdict, GATE_HALT, "halt: %lld of %lld members failed, the limit is %g%%", n_failures, n_members,
            policy->failure_percent);
        return;
    }
    bool enough = finished_share >= policy->finished_percent && decided + excused >= sample &&
                  success >= policy->success_percent && confirmed > 0;
    if (enough) {
        say(verdict, GATE_PROMOTE,
            "promote: %lld of %lld outcomes are successes (%.1f%%), %lld of %lld members have ended",
            n_confirmed, n_decided, success, n_finished, n_members);
        return;
    }
    if (finished < members) {
        say(verdict, GATE_WAIT, "wait: %lld of %lld members have ended, %lld confirmed, %lld failed",
            n_finished, n_members, n_confirmed, n_failures);
    } else if (confirmed == 0) {
        say(verdict, GATE_HALT, "halt: all %lld members have ended and none succeeded", n_members);
    } else if (decided + excused < sample) {
        say(verdict, GATE_HALT, "halt: all %lld members have ended with only %lld outcomes, %lld are needed",
            n_members, n_decided, n_sample);
    } else {
        say(verdict, GATE_HALT, "halt: %lld of %lld outcomes are successes (%.1f%%), %g%% are needed",
            n_confirmed, n_decided, success, policy->success_percent);
    }
}

void gate_judge(const struct gate_policy *policy, int64_t members, const int64_t counts[TARGET_STATE_COUNT],
                int64_t excused, struct gate_verdict *verdict)
{
    judge(policy, members, counts, excused, verdict);
    if (excused > 0) {
        size_t used = strlen(verdict->words);
        snprintf(verdict->words + used, sizeof verdict->words - used, "; %lld earlier failures are excused",
                 (long long)excused);
    }
}
