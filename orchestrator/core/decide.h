/* The decision: from a campaign as it stands to what is to be done next. Pure: no clock, no I/O. */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "campaign_fsm.h"
#include "gate.h"
#include "policy.h"
#include "target_fsm.h"

struct wave_snapshot {
    enum wave_state state;
    int64_t members;
    int64_t counts[TARGET_STATE_COUNT];
    int64_t excused;
    double soak_until;         /* Unix seconds; while soaking */
    int64_t approvals_missing; /* it does not open before others have approved it */
};

struct campaign_snapshot {
    enum campaign_state state;
    int wave_count; /* as many as policy->wave_count */
    struct wave_snapshot waves[POLICY_WAVES_MAX];
};

enum action_kind {
    ACTION_NONE,        /* nothing more to decide now */
    ACTION_OPEN_WAVE,   /* `wave` */
    ACTION_SOAK_WAVE,   /* `wave`, the gate promotes but the wave is watched until `until` */
    ACTION_REOPEN_WAVE, /* `wave`, a soaking wave whose gate does not promote any more */
    ACTION_PASS_WAVE,   /* `wave` */
    ACTION_FAIL_WAVE,   /* `wave`, and halt the campaign */
    ACTION_COMPLETE,
};

struct action {
    enum action_kind kind;
    int wave;
    double until;
    char words[200];
};

/* The next action for a running or paused campaign, and the gate's words for every wave that is judged. Call
 * again after applying it, until ACTION_NONE: the same snapshot always gives the same action, so a restart in
 * between needs no special path. A paused campaign is only ever failed: devices in flight go on and may trip
 * the gate. */
struct action decide(const struct campaign_snapshot *snapshot, const struct policy *policy, double now);

/* How many new offers the in_flight cap allows now: 0 unless running, and while a gate holds them. */
int64_t decide_offers(const struct campaign_snapshot *snapshot, const struct policy *policy);

int64_t snapshot_members(const struct campaign_snapshot *snapshot);
int64_t snapshot_in_flight(const struct campaign_snapshot *snapshot);
int64_t wave_in_flight(const struct wave_snapshot *wave);
int64_t snapshot_count(const struct campaign_snapshot *snapshot, enum target_state state);

#endif
