#include "gate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gate_sequential.h"

int64_t gate_failures(const struct gate_policy *policy, const int64_t counts[TARGET_STATE_COUNT])
{
    int64_t failures = counts[TARGET_FAILED] + counts[TARGET_REVERTED] + counts[TARGET_SILENT];
    return policy->count_rejected ? failures + counts[TARGET_REJECTED] : failures;
}

/* What both kinds look at. long long, since all of it is printed. */
struct sample {
    long long members, confirmed, failures, decided, finished, in_flight;
    long long least; /* outcomes wanted before promotion, excused ones included */
    long long excused;
};

static struct sample take_sample(const struct gate_policy *policy, int64_t members,
                                 const int64_t counts[TARGET_STATE_COUNT], int64_t excused)
{
    struct sample sample = {.members = members, .confirmed = counts[TARGET_CONFIRMED], .excused = excused};
    for (int state = 0; state < TARGET_STATE_COUNT; state++) {
        if (target_state_ended((enum target_state)state))
            sample.finished += counts[state];
        else if (target_state_in_flight((enum target_state)state))
            sample.in_flight += counts[state];
    }
    sample.failures = gate_failures(policy, counts) - excused;
    if (sample.failures < 0)
        sample.failures = 0; /* an excused silence turned out to be a success */
    sample.decided = sample.confirmed + sample.failures;
    sample.least = policy->min_sample < members ? policy->min_sample : members;
    return sample;
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

static double percent(long long part, long long whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

/* All members have ended without a verdict that lets them pass. False when a closer look is needed. */
static bool judge_the_end(const struct sample *sample, struct gate_verdict *verdict)
{
    if (sample->confirmed == 0)
        say(verdict, GATE_HALT, "halt: all %lld members have ended and none succeeded", sample->members);
    else if (sample->decided + sample->excused < sample->least)
        say(verdict, GATE_HALT, "halt: all %lld members have ended with only %lld outcomes, %lld are needed",
            sample->members, sample->decided, sample->least);
    else
        return false;
    verdict->undecided = true;
    return true;
}

/* --- threshold -------------------------------------------------------------------------------------- */

static void judge_threshold(const struct threshold_policy *policy, const struct sample *sample,
                            struct gate_verdict *verdict)
{
    double success = percent(sample->confirmed, sample->decided);
    long long left = sample->members - sample->finished;
    if (sample->failures > 0 && percent(sample->failures, sample->members) >= policy->failure_percent) {
        say(verdict, GATE_HALT, "halt: %lld of %lld members failed, the limit is %g%%", sample->failures,
            sample->members, policy->failure_percent);
    } else if (sample->decided > 0 &&
               percent(sample->confirmed + left, sample->decided + left) < policy->success_percent) {
        say(verdict, GATE_HALT,
            "halt: %lld confirmed, %lld failed: with %lld members left at most %.1f%% can be successes, %g%% "
            "are needed",
            sample->confirmed, sample->failures, left,
            percent(sample->confirmed + left, sample->decided + left), policy->success_percent);
    } else if (percent(sample->finished, sample->members) >= policy->finished_percent &&
               sample->decided + sample->excused >= sample->least && success >= policy->success_percent &&
               sample->confirmed > 0) {
        say(verdict, GATE_PROMOTE,
            "promote: %lld of %lld outcomes are successes (%.1f%%), %lld of %lld members have ended",
            sample->confirmed, sample->decided, success, sample->finished, sample->members);
    } else if (left > 0) {
        say(verdict, GATE_WAIT, "wait: %lld of %lld members have ended, %lld confirmed, %lld failed",
            sample->finished, sample->members, sample->confirmed, sample->failures);
    } else if (!judge_the_end(sample, verdict)) {
        say(verdict, GATE_HALT, "halt: %lld of %lld outcomes are successes (%.1f%%), %g%% are needed",
            sample->confirmed, sample->decided, success, policy->success_percent);
    }
}

/* --- sequential ------------------------------------------------------------------------------------- */

static void end_undecided(const struct sequential_policy *policy, const struct sample *sample,
                          struct gate_verdict *verdict)
{
    verdict->undecided = true;
    bool promotes = policy->undecided == UNDECIDED_PROMOTE && sample->confirmed > 0;
    say(verdict, promotes ? GATE_PROMOTE : GATE_HALT,
        "%s: the sample ended undecided with %lld failures in %lld outcomes; then this gate %s",
        promotes ? "promote" : "halt", sample->failures, sample->decided,
        promotes                                 ? "promotes"
        : policy->undecided == UNDECIDED_PROMOTE ? "wants a success"
                                                 : "halts");
}

static void judge_sequential(const struct sequential_policy *policy, const struct sample *sample,
                             struct gate_verdict *verdict)
{
    int evidence = gate_sequential_verdict(policy, sample->failures, sample->confirmed);
    bool may_promote = sample->confirmed > 0 && sample->decided + sample->excused >= sample->least;
    bool all_ended = sample->finished >= sample->members;
    bool full = policy->max_sample > 0 && sample->decided + sample->in_flight >= policy->max_sample;
    verdict->holds = full || (evidence < 0 && may_promote);
    if (evidence > 0) {
        say(verdict, GATE_HALT,
            "halt: %lld failures in %lld outcomes; a release that fails %g%% is halted so at most %g%% of the "
            "time",
            sample->failures, sample->decided, policy->acceptable_percent, 100 * policy->alpha);
    } else if (evidence < 0 && may_promote && sample->in_flight == 0) {
        say(verdict, GATE_PROMOTE,
            "promote: %lld failures in %lld outcomes; a release that fails %g%% passes so at most %g%% of the "
            "time",
            sample->failures, sample->decided, policy->unacceptable_percent, 100 * policy->beta);
    } else if (!all_ended && (sample->in_flight > 0 || !full)) {
        say(verdict, GATE_WAIT, "wait: %lld failures in %lld outcomes, %lld in flight%s", sample->failures,
            sample->decided, sample->in_flight,
            verdict->holds ? "; no more are offered until these have ended" : "");
    } else if (!all_ended || !judge_the_end(sample, verdict)) {
        end_undecided(policy, sample, verdict);
    }
}

void gate_judge(const struct gate_policy *policy, int64_t members, const int64_t counts[TARGET_STATE_COUNT],
                int64_t excused, struct gate_verdict *verdict)
{
    struct sample sample = take_sample(policy, members, counts, excused);
    verdict->holds = verdict->undecided = false;
    if (policy->kind == GATE_SEQUENTIAL)
        judge_sequential(&policy->sequential, &sample, verdict);
    else
        judge_threshold(&policy->threshold, &sample, verdict);
    if (excused > 0) {
        size_t used = strlen(verdict->words);
        snprintf(verdict->words + used, sizeof verdict->words - used, "; %lld earlier failures are excused",
                 (long long)excused);
    }
}
