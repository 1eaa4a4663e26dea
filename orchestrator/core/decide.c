#include "decide.h"

#include <stdio.h>

static struct action act(enum action_kind kind, int wave, const char *words)
{
    struct action action = {.kind = kind, .wave = wave};
    snprintf(action.words, sizeof action.words, "%s", words);
    return action;
}

static bool is_judged(enum wave_state state)
{
    return state == WAVE_OPEN || state == WAVE_SOAKING || state == WAVE_PASSED;
}

/* Failures stop a campaign before anything else is considered, also those that come late, in a wave that has
 * passed. Its promotion was decided, though: the sample may be undecided again, and that is no failure. */
static struct action look_for_failure(const struct campaign_snapshot *snapshot, const struct policy *policy)
{
    for (int i = 0; i < snapshot->wave_count; i++) {
        const struct wave_snapshot *wave = &snapshot->waves[i];
        if (!is_judged(wave->state) || wave->members == 0)
            continue;
        struct gate_verdict verdict;
        gate_judge(&policy->waves[i].gate, wave->members, wave->counts, wave->excused, &verdict);
        if (verdict.decision == GATE_HALT && !(verdict.undecided && wave->state == WAVE_PASSED))
            return act(ACTION_FAIL_WAVE, i, verdict.words);
    }
    return act(ACTION_NONE, 0, "");
}

static struct action advance_wave(const struct wave_snapshot *wave, const struct wave_policy *policy,
                                  int number, double now)
{
    if (wave->members == 0)
        return act(ACTION_PASS_WAVE, number, "promote: the wave has no members");
    struct gate_verdict verdict;
    gate_judge(&policy->gate, wave->members, wave->counts, wave->excused, &verdict);
    bool promotes = verdict.decision == GATE_PROMOTE;
    if (wave->state == WAVE_SOAKING) {
        if (!promotes)
            return act(ACTION_REOPEN_WAVE, number, verdict.words);
        return now >= wave->soak_until ? act(ACTION_PASS_WAVE, number, verdict.words)
                                       : act(ACTION_NONE, number, "");
    }
    if (!promotes)
        return act(ACTION_NONE, number, verdict.words);
    if (policy->soak_seconds == 0)
        return act(ACTION_PASS_WAVE, number, verdict.words);
    struct action action = act(ACTION_SOAK_WAVE, number, verdict.words);
    action.until = now + (double)policy->soak_seconds;
    return action;
}

struct action decide(const struct campaign_snapshot *snapshot, const struct policy *policy, double now)
{
    struct action none = act(ACTION_NONE, 0, "");
    if (snapshot->state != CAMPAIGN_RUNNING && snapshot->state != CAMPAIGN_PAUSED)
        return none;
    struct action failure = look_for_failure(snapshot, policy);
    if (failure.kind != ACTION_NONE || snapshot->state == CAMPAIGN_PAUSED)
        return failure;

    for (int i = 0; i < snapshot->wave_count; i++) {
        const struct wave_snapshot *wave = &snapshot->waves[i];
        if (wave->state == WAVE_PASSED)
            continue;
        if (wave->state == WAVE_PENDING)
            return wave->approvals_missing > 0 ? none : act(ACTION_OPEN_WAVE, i, "");
        return advance_wave(wave, &policy->waves[i], i, now);
    }
    if (snapshot_count(snapshot, TARGET_PENDING) == 0 && snapshot_in_flight(snapshot) == 0)
        return act(ACTION_COMPLETE, 0, "every gate passed and every member has ended");
    return none;
}

int64_t snapshot_count(const struct campaign_snapshot *snapshot, enum target_state state)
{
    int64_t count = 0;
    for (int i = 0; i < snapshot->wave_count; i++)
        count += snapshot->waves[i].counts[state];
    return count;
}

int64_t snapshot_members(const struct campaign_snapshot *snapshot)
{
    int64_t count = 0;
    for (int i = 0; i < snapshot->wave_count; i++)
        count += snapshot->waves[i].members;
    return count;
}

int64_t wave_in_flight(const struct wave_snapshot *wave)
{
    int64_t count = 0;
    for (int state = 0; state < TARGET_STATE_COUNT; state++) {
        if (target_state_in_flight((enum target_state)state))
            count += wave->counts[state];
    }
    return count;
}

int64_t snapshot_in_flight(const struct campaign_snapshot *snapshot)
{
    int64_t count = 0;
    for (int i = 0; i < snapshot->wave_count; i++)
        count += wave_in_flight(&snapshot->waves[i]);
    return count;
}

static bool gate_holds(const struct wave_snapshot *wave, const struct wave_policy *policy)
{
    if (wave->state != WAVE_OPEN && wave->state != WAVE_SOAKING)
        return false;
    struct gate_verdict verdict;
    gate_judge(&policy->gate, wave->members, wave->counts, wave->excused, &verdict);
    return verdict.holds;
}

int64_t decide_offers(const struct campaign_snapshot *snapshot, const struct policy *policy)
{
    if (snapshot->state != CAMPAIGN_RUNNING)
        return 0;
    for (int i = 0; i < snapshot->wave_count; i++) {
        if (gate_holds(&snapshot->waves[i], &policy->waves[i]))
            return 0;
    }
    int64_t room = policy->in_flight - snapshot_in_flight(snapshot);
    return room > 0 ? room : 0;
}
