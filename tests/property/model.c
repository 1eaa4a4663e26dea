#include "model.h"

#include <string.h>

#include "plan.h"
#include "random_policy.h"
#include "retry.h"

void model_make(struct model *model, uint64_t seed)
{
    uint64_t state = seed;
    memset(model, 0, sizeof *model);
    random_policy(&model->policy, &state);
    model->now = 1000000;
    model->target_count = 1 + random_below(&state, MODEL_TARGETS_MAX);
    model->snapshot.state = CAMPAIGN_RUNNING;
    model->snapshot.wave_count = model->policy.wave_count;
    int used = 0;
    for (int wave = 0; wave < model->policy.wave_count; wave++) {
        int64_t wanted = plan_wanted(&model->policy.waves[wave].size, model->target_count);
        for (; wanted > 0 && used < model->target_count; wanted--) {
            model->targets[used++].wave = wave;
            model->snapshot.waves[wave].members++;
            model->snapshot.waves[wave].counts[TARGET_PENDING]++;
        }
    }
}

/* --- moving ----------------------------------------------------------------------------------------- */

static bool move(struct model *model, struct model_target *target, enum target_event event)
{
    const struct target_edge *edge = target_edge_find(target->state, event);
    if (edge == NULL)
        return false;
    int64_t *counts = model->snapshot.waves[target->wave].counts;
    counts[target->state]--;
    counts[edge->to]++;
    target->state = edge->to;
    target->deadline =
        target_state_in_flight(edge->to) ? model->now + (double)model->policy.offer_seconds : 0;
    if (!target_state_in_flight(edge->to))
        target->withdrawn = false;
    return true;
}

static void command(struct model *model, enum campaign_event event)
{
    const struct campaign_edge *edge = campaign_edge_find(model->snapshot.state, event);
    if (edge == NULL)
        return;
    if (event == CAMPAIGN_EVENT_RESUME && model->snapshot.state == CAMPAIGN_HALTED) {
        for (int i = 0; i < model->snapshot.wave_count; i++) {
            struct wave_snapshot *wave = &model->snapshot.waves[i];
            if (wave->state != WAVE_FAILED)
                continue;
            wave->excused = gate_failures(&model->policy.waves[i].gate, wave->counts);
            wave->state = WAVE_OPEN;
        }
    }
    model->snapshot.state = edge->to;
    bool stops = campaign_state_stops(edge->to);
    for (int i = 0; i < model->target_count; i++) {
        struct model_target *target = &model->targets[i];
        if (edge->to == CAMPAIGN_PAUSED || edge->to == CAMPAIGN_HALTED || stops)
            target->withdrawn = target->withdrawn || target->state == TARGET_OFFERED;
        if (stops && target->state == TARGET_PENDING)
            move(model, target, TARGET_EVENT_CANCEL);
    }
}

static void expire_and_retry(struct model *model)
{
    enum campaign_state state = model->snapshot.state;
    bool stops = campaign_state_stops(state), retries = state == CAMPAIGN_RUNNING || state == CAMPAIGN_PAUSED;
    for (int i = 0; i < model->target_count; i++) {
        struct model_target *target = &model->targets[i];
        if (target->deadline > 0 && target->deadline < model->now) {
            bool untaken = target->state == TARGET_OFFERED && target->withdrawn;
            move(model, target,
                 !untaken ? TARGET_EVENT_SILENCE
                 : stops  ? TARGET_EVENT_CANCEL
                          : TARGET_EVENT_WITHDRAWN);
        }
        if (stops && target->state == TARGET_PENDING)
            move(model, target, TARGET_EVENT_CANCEL);
        if (!retries || target->attempt >= model->policy.retry.attempts ||
            !retry_is_for(&model->policy.retry, target->state))
            continue;
        struct wave_snapshot *wave = &model->snapshot.waves[target->wave];
        move(model, target, TARGET_EVENT_RETRY);
        target->not_before = model->now + retry_delay(&model->policy.retry, target->attempt);
        int64_t failures = gate_failures(&model->policy.waves[target->wave].gate, wave->counts);
        if (wave->excused > failures)
            wave->excused = failures; /* as the engine: no more are excused than there are */
    }
}

static bool succeeded(const struct wave_snapshot *wave)
{
    return wave->members == 0 || wave->counts[TARGET_CONFIRMED] > 0;
}

/* Applies what is decided, and checks that it may be. */
static void apply(struct model *model, const struct action *action)
{
    struct wave_snapshot *wave = &model->snapshot.waves[action->wave];
    switch (action->kind) {
    case ACTION_OPEN_WAVE:
        for (int i = 0; i < action->wave; i++) {
            if (model->snapshot.waves[i].state != WAVE_PASSED)
                model->broken = "a wave opens after those before it have passed";
        }
        wave->state = WAVE_OPEN;
        break;
    case ACTION_REOPEN_WAVE:
        wave->state = WAVE_OPEN;
        break;
    case ACTION_SOAK_WAVE:
        wave->state = WAVE_SOAKING;
        wave->soak_until = action->until;
        if (!succeeded(wave))
            model->broken = "no wave is promoted without a success";
        break;
    case ACTION_PASS_WAVE:
        if (!succeeded(wave))
            model->broken = "no wave is promoted without a success";
        if (wave->state == WAVE_SOAKING && model->now < wave->soak_until)
            model->broken = "a soak is waited for";
        wave->state = WAVE_PASSED;
        break;
    case ACTION_FAIL_WAVE:
        wave->state = WAVE_FAILED;
        command(model, CAMPAIGN_EVENT_HALT);
        break;
    case ACTION_COMPLETE:
        if (snapshot_count(&model->snapshot, TARGET_PENDING) > 0 || snapshot_in_flight(&model->snapshot) > 0)
            model->broken = "a completed campaign has nothing left";
        command(model, CAMPAIGN_EVENT_COMPLETE);
        break;
    case ACTION_NONE:
        break;
    }
}

static void offer(struct model *model)
{
    int64_t room = decide_offers(&model->snapshot, &model->policy);
    int64_t rate = ramp_per_minute(&model->policy.rate, snapshot_count(&model->snapshot, TARGET_CONFIRMED));
    int64_t allowed = ramp_allowance(&model->ramp, rate, model->now, room), offered = 0;
    for (int i = 0; i < model->target_count && offered < allowed; i++) {
        struct model_target *target = &model->targets[i];
        enum wave_state wave = model->snapshot.waves[target->wave].state;
        if (target->state != TARGET_PENDING || wave == WAVE_PENDING || wave == WAVE_FAILED ||
            target->not_before > model->now)
            continue;
        target->attempt++;
        move(model, target, TARGET_EVENT_OFFER);
        offered++;
        if (model->offers < MODEL_OFFERS_MAX)
            model->offered_at[model->offers++] = model->now;
    }
    if (offered > 0 && rate > 0)
        ramp_take(&model->ramp, rate, offered);
    if (offered > 0 && model->snapshot.state != CAMPAIGN_RUNNING)
        model->broken = "only a running campaign offers";
}

static void tick(struct model *model)
{
    expire_and_retry(model);
    for (int i = 0;; i++) {
        struct action action = decide(&model->snapshot, &model->policy, model->now);
        if (action.kind == ACTION_NONE)
            break;
        apply(model, &action);
        if (i > 4 * POLICY_WAVES_MAX) {
            model->broken = "decisions come to an end";
            return;
        }
    }
    offer(model);
}

/* --- checking --------------------------------------------------------------------------------------- */

static void check(struct model *model)
{
    int64_t real[POLICY_WAVES_MAX][TARGET_STATE_COUNT] = {0}, in_flight = 0;
    for (int i = 0; i < model->target_count; i++) {
        real[model->targets[i].wave][model->targets[i].state]++;
        in_flight += target_state_in_flight(model->targets[i].state);
    }
    for (int wave = 0; wave < model->snapshot.wave_count; wave++) {
        int64_t sum = 0;
        for (int state = 0; state < TARGET_STATE_COUNT; state++) {
            sum += model->snapshot.waves[wave].counts[state];
            if (real[wave][state] != model->snapshot.waves[wave].counts[state])
                model->broken = "the counters are those of the targets";
        }
        if (sum != model->snapshot.waves[wave].members)
            model->broken = "the states add up to the members";
    }
    if (in_flight > model->policy.in_flight)
        model->broken = "the cap holds";
    const struct rate_policy *rate = &model->policy.rate;
    int64_t most = rate->growth_every > 0 ? rate->ceiling_per_minute : rate->per_minute;
    if (most == 0)
        return;
    int64_t in_window = 0;
    for (int i = model->offers - 1; i >= 0 && model->offered_at[i] > model->now - 60; i--)
        in_window++;
    if (in_window > most)
        model->broken = "the rate holds";
}

/* A report of the device's attempt or of an earlier one: only the first counts. */
static void report(struct model *model, uint32_t a, uint32_t b)
{
    struct model_target *target = &model->targets[a % (uint32_t)model->target_count];
    enum target_event event = (enum target_event)(b % (TARGET_EVENT_REVERTED + 1));
    enum target_state before = target->state;
    bool stale = target->attempt == 0 || (b >> 8) % 5 == 0;
    if (!stale)
        move(model, target, event);
    if (before == TARGET_CONFIRMED && target->state != TARGET_CONFIRMED)
        model->broken = "a confirmation stands";
}

void model_step(struct model *model, const struct step *step)
{
    static const enum campaign_event commands[] = {CAMPAIGN_EVENT_PAUSE, CAMPAIGN_EVENT_RESUME,
                                                   CAMPAIGN_EVENT_PAUSE, CAMPAIGN_EVENT_RESUME,
                                                   CAMPAIGN_EVENT_CANCEL};
    switch (step->kind) {
    case STEP_TICK:
        tick(model);
        break;
    case STEP_TIME:
        model->now += step->a % 7 == 0 ? step->b % 400 : step->b % 10;
        break;
    case STEP_REPORT:
        report(model, step->a, step->b);
        break;
    default:
        command(model, commands[step->a % (sizeof commands / sizeof commands[0])]);
        break;
    }
    check(model);
}

void model_finish(struct model *model)
{
    for (int round = 0; round < 5000 && model->broken == NULL; round++) {
        enum campaign_state state = model->snapshot.state;
        if (campaign_state_ended(state) || state == CAMPAIGN_HALTED)
            return;
        command(model, CAMPAIGN_EVENT_RESUME);
        for (int i = 0; i < model->target_count; i++) {
            if (target_state_in_flight(model->targets[i].state))
                move(model, &model->targets[i], TARGET_EVENT_CONFIRMED);
        }
        model->now += 61;
        tick(model);
        check(model);
    }
    if (model->broken == NULL)
        model->broken = "a campaign whose devices answer comes to an end";
}

uint64_t model_digest(const struct model *model)
{
    uint64_t digest = (uint64_t)model->snapshot.state + 1;
    for (int wave = 0; wave < model->snapshot.wave_count; wave++) {
        digest = digest * 31 + (uint64_t)model->snapshot.waves[wave].state;
        for (int state = 0; state < TARGET_STATE_COUNT; state++)
            digest = random_next(&digest) ^ (uint64_t)model->snapshot.waves[wave].counts[state];
    }
    return digest;
}
