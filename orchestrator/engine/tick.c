#include "tick.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit_detail.h"
#include "command.h"
#include "log.h"
#include "offer.h"
#include "planner.h"
#include "rollback.h"
#include "schedule.h"
#include "signing.h"
#include "store_sql.h"
#include "tick_work.h"

/* --- decisions -------------------------------------------------------------------------------------- */

/* The counters first: a target that has just become pending again is among those cancelled. */
static enum status cancel_pending(struct tick_work *work, struct store *store, const char *reason,
                                  struct error *error)
{
    struct campaign *campaign = &work->campaign;
    if (changes_write(&work->changes, store, error) != STATUS_OK ||
        campaign_cancel_pending(store, campaign, reason, error) != STATUS_OK)
        return error->status;
    for (int i = 0; i < campaign->snapshot.wave_count; i++) {
        int64_t *counts = campaign->snapshot.waves[i].counts;
        counts[TARGET_CANCELLED] += counts[TARGET_PENDING];
        counts[TARGET_PENDING] = 0;
    }
    return STATUS_OK;
}

/* A report handled at the very moment of the operator's command may have made a target pending after it. */
static enum status cancel_left_over(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign_snapshot *snapshot = &work->campaign.snapshot;
    if (!campaign_state_stops(snapshot->state) || snapshot_count(snapshot, TARGET_PENDING) == 0)
        return STATUS_OK;
    return cancel_pending(
        work, store, snapshot->state == CAMPAIGN_CANCELLED ? "campaign_cancelled" : "rolled_back", error);
}

/* Targets first, then waves: the order in which reports are handled, so that the two seldom wait for each
 * other. */
static enum status halt(struct tick_work *work, struct store *store, const struct action *action,
                        struct error *error)
{
    struct campaign *campaign = &work->campaign;
    bool goes_back = campaign->policy.on_halt == ON_HALT_ROLLBACK && !campaign->is_rollback;
    char reason[300], detail[AUDIT_DETAIL_SIZE];
    struct rollback_numbers numbers;
    audit_detail_of_wave(campaign, action->wave, detail);
    snprintf(reason, sizeof reason, "wave %s: %s", campaign->policy.waves[action->wave].name, action->words);
    if (campaign_withdraw(store, campaign, true, error) != STATUS_OK ||
        (goes_back && cancel_pending(work, store, "rolled_back", error) != STATUS_OK) ||
        wave_move(store, campaign, action->wave, WAVE_FAILED, action->words, error) != STATUS_OK ||
        campaign_move(store, campaign, CAMPAIGN_EVENT_HALT, ACTOR_ORCHESTRATOR, reason, detail, error) !=
            STATUS_OK)
        return error->status;
    log_write(LOG_WARNING, "campaign_halted", "campaign", campaign->name, "reason", reason, NULL);
    work->more = true;
    if (!goes_back)
        return STATUS_OK;
    if (campaign_close_waves(store, campaign, "rolled_back", error) != STATUS_OK ||
        rollback_count(store, campaign, &numbers, error) != STATUS_OK)
        return error->status;
    return campaign_move(store, campaign, CAMPAIGN_EVENT_ROLLBACK, ACTOR_ORCHESTRATOR, "on_halt is rollback",
                         numbers.detail, error);
}

/* The last key in force that signed the release was revoked: nothing more of it goes out. Whether to roll
 * back is the operator's to say: the release has not been found bad. */
static enum status halt_unsigned(struct tick_work *work, struct store *store, struct error *error)
{
    struct campaign *campaign = &work->campaign;
    struct error why = {0};
    if (campaign->is_rollback || campaign->snapshot.state != CAMPAIGN_RUNNING)
        return STATUS_OK;
    enum status status = campaign_check_signed(store, campaign, NULL, &why);
    if (status == STATUS_OK)
        return STATUS_OK;
    if (status != STATUS_CONFLICT) {
        *error = why;
        return status;
    }
    if (campaign_withdraw(store, campaign, true, error) != STATUS_OK ||
        campaign_close_waves(store, campaign, why.message, error) != STATUS_OK)
        return error->status;
    log_write(LOG_WARNING, "campaign_halted", "campaign", campaign->name, "reason", why.message, NULL);
    work->more = true;
    return campaign_move(store, campaign, CAMPAIGN_EVENT_HALT, ACTOR_ORCHESTRATOR, why.message, NULL, error);
}

static void format_time(double seconds, char *text, size_t size)
{
    time_t whole = (time_t)seconds;
    struct tm parts;
    strftime(text, size, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&whole, &parts));
}

/* A verdict on a wave that leaves its campaign running: the wave, and who decided what by which numbers. */
static enum status move_wave(struct tick_work *work, struct store *store, const struct action *action,
                             enum wave_state to, const char *words, struct error *error)
{
    static const char *const names[] = {[ACTION_OPEN_WAVE] = "open_wave",
                                        [ACTION_SOAK_WAVE] = "soak_wave",
                                        [ACTION_REOPEN_WAVE] = "reopen_wave",
                                        [ACTION_PASS_WAVE] = "pass_wave"};
    struct campaign *campaign = &work->campaign;
    char detail[AUDIT_DETAIL_SIZE];
    audit_detail_of_wave(campaign, action->wave, detail);
    if (wave_move(store, campaign, action->wave, to, words, error) != STATUS_OK)
        return error->status;
    return audit_add(store, ACTOR_ORCHESTRATOR, names[action->kind], campaign->name, words, detail, error);
}

static enum status apply(struct tick_work *work, struct store *store, const struct action *action,
                         struct error *error)
{
    struct campaign *campaign = &work->campaign;
    struct wave_snapshot *wave = &campaign->snapshot.waves[action->wave];
    char until[40], words[sizeof action->words + 64];
    switch (action->kind) {
    case ACTION_OPEN_WAVE:
    case ACTION_REOPEN_WAVE:
        return move_wave(work, store, action, WAVE_OPEN, action->words, error);
    case ACTION_SOAK_WAVE:
        wave->soak_until = action->until;
        format_time(action->until, until, sizeof until);
        snprintf(words, sizeof words, "%s; soaks until %s", action->words, until);
        return move_wave(work, store, action, WAVE_SOAKING, words, error);
    case ACTION_PASS_WAVE:
        return move_wave(work, store, action, WAVE_PASSED, action->words, error);
    case ACTION_FAIL_WAVE:
        return halt(work, store, action, error);
    case ACTION_COMPLETE:
        log_write(LOG_INFO, "campaign_completed", "campaign", campaign->name, NULL);
        return campaign_move(store, campaign, CAMPAIGN_EVENT_COMPLETE, ACTOR_ORCHESTRATOR, action->words,
                             NULL, error);
    default:
        return STATUS_OK;
    }
}

/* A wave that stands still for devices that are offline says so. */
static enum status explain_offline(const struct campaign *campaign, int wave, struct store *store,
                                   char *words, size_t size, struct error *error)
{
    if (campaign->snapshot.state != CAMPAIGN_RUNNING ||
        campaign->snapshot.waves[wave].counts[TARGET_PENDING] == 0 ||
        snapshot_in_flight(&campaign->snapshot) > 0)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, wave);
    store_put_integer(&parameters, campaign->policy.offline_wait_seconds);
    struct store_rows *rows;
    if (store_run(store, &SQL_WAVE_OFFLINE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    size_t used = strlen(words);
    if (store_rows_integer(rows, 0, 0) > 0)
        snprintf(words + used, size - used, "; %s offline, given up from %s UTC on",
                 store_rows_text(rows, 0, 0), store_rows_text(rows, 0, 1));
    store_rows_free(rows);
    return STATUS_OK;
}

/* A wave that stands still until its hours come says so. */
static void explain_windows(const struct tick_work *work, int wave, char *words, size_t size)
{
    size_t used = strlen(words);
    if (work->zones.limited && work->zones.open_count == 0 &&
        work->campaign.snapshot.waves[wave].counts[TARGET_PENDING] > 0)
        snprintf(words + used, size - used, "; outside its windows, the next opens %s", work->zones.next);
}

/* Whether it is the wave that would open next. */
static bool is_next(const struct campaign *campaign, int wave)
{
    for (int i = 0; i < wave; i++) {
        if (campaign->snapshot.waves[i].state != WAVE_PASSED)
            return false;
    }
    return campaign->snapshot.waves[wave].state == WAVE_PENDING;
}

/* What the open wave's gate says while it waits, for those who look on. */
static enum status explain_waves(const struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    for (int i = 0; i < campaign->snapshot.wave_count; i++) {
        const struct wave_snapshot *wave = &campaign->snapshot.waves[i];
        bool waits_for_approval = is_next(campaign, i) && wave->approvals_missing > 0;
        if ((wave->state != WAVE_OPEN && !waits_for_approval) || wave->members == 0)
            continue;
        struct gate_verdict verdict;
        if (waits_for_approval)
            snprintf(verdict.words, sizeof verdict.words, "waits for %lld more approval%s",
                     (long long)wave->approvals_missing, wave->approvals_missing == 1 ? "" : "s");
        else
            gate_judge(&campaign->policy.waves[i].gate, wave->members, wave->counts, wave->excused, &verdict);
        char words[sizeof verdict.words + 200];
        snprintf(words, sizeof words, "%s", verdict.words);
        if (explain_offline(campaign, i, store, words, sizeof words, error) != STATUS_OK)
            return error->status;
        explain_windows(work, i, words, sizeof words);
        if (tick_explain_overlap(work, i, store, words, sizeof words, error) != STATUS_OK)
            return error->status;
        struct store_parameters parameters = {0};
        store_put_integer(&parameters, campaign->number);
        store_put_integer(&parameters, i);
        store_put_text(&parameters, words);
        if (store_run(store, &SQL_WAVE_EXPLAIN, &parameters, NULL, error) != STATUS_OK)
            return error->status;
    }
    return STATUS_OK;
}

static enum status decide_and_apply(struct tick_work *work, struct store *store, struct error *error)
{
    for (;;) {
        struct action action = decide(&work->campaign.snapshot, &work->campaign.policy, work->campaign.now);
        if (action.kind == ACTION_NONE)
            return explain_waves(work, store, error);
        if (apply(work, store, &action, error) != STATUS_OK)
            return error->status;
    }
}

/* --- a campaign that goes back ---------------------------------------------------------------------- */

/* One that was cancelled in the middle of things must have ended all of it before there can be another. */
static enum status make_rollback(struct tick_work *work, struct store *store, struct error *error)
{
    struct campaign *campaign = &work->campaign;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    char reason[100];
    store_put_integer(&parameters, campaign->number);
    if (store_run(store, &SQL_ROLLBACK_UNSETTLED, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool waits = store_rows_integer(rows, 0, 0) > 0;
    snprintf(reason, sizeof reason, "waits for the %s devices in flight of an earlier rollback to end",
             store_rows_text(rows, 0, 1));
    store_rows_free(rows);
    if (waits)
        return campaign_explain(store, campaign, reason, error);
    work->more = true;
    return rollback_make(store, campaign, error);
}

static enum status roll_back(struct tick_work *work, struct store *store, struct error *error)
{
    struct campaign *campaign = &work->campaign;
    char reason[200], detail[200];
    int64_t in_flight = snapshot_in_flight(&campaign->snapshot);
    if (in_flight > 0) {
        snprintf(reason, sizeof reason, "waits for the %lld devices in flight to end", (long long)in_flight);
        return campaign_explain(store, campaign, reason, error);
    }
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    struct store_rows *rows;
    if (store_run(store, &SQL_ROLLBACK_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status;
    if (store_rows_count(rows) == 0) {
        status = make_rollback(work, store, error);
    } else {
        const char *name = store_rows_text(rows, 0, 1);
        enum campaign_state state = CAMPAIGN_DRAFT;
        /* Names of campaigns need no escapes. */
        snprintf(detail, sizeof detail, "{\"rollback\": \"%s\", \"members\": %s, \"confirmed\": %s}", name,
                 store_rows_text(rows, 0, 3), store_rows_text(rows, 0, 4));
        if (!campaign_state_parse(store_rows_text(rows, 0, 2), &state)) {
            status = error_set(error, STATUS_INTERNAL, "campaigns.state", "unknown state");
        } else if (state == CAMPAIGN_COMPLETED) {
            snprintf(reason, sizeof reason, "%s: %s of %s devices run the previous firmware again", name,
                     store_rows_text(rows, 0, 4), store_rows_text(rows, 0, 3));
            status = campaign_move(store, campaign, CAMPAIGN_EVENT_ROLLED_BACK, ACTOR_ORCHESTRATOR, reason,
                                   detail, error);
        } else if (state == CAMPAIGN_CANCELLED) {
            snprintf(reason, sizeof reason, "%s was cancelled", name);
            status = campaign_move(store, campaign, CAMPAIGN_EVENT_ROLLBACK_STOPPED, ACTOR_ORCHESTRATOR,
                                   reason, detail, error);
        } else {
            snprintf(reason, sizeof reason, "%s is %s", name, campaign_state_name(state));
            status = campaign_explain(store, campaign, reason, error);
        }
    }
    store_rows_free(rows);
    return status;
}

/* --- one campaign ----------------------------------------------------------------------------------- */

static enum status send_offers(struct tick_work *work, struct store *store, struct error *error)
{
    struct campaign *campaign = &work->campaign;
    int64_t room = decide_offers(&campaign->snapshot, &campaign->policy);
    if (snapshot_count(&campaign->snapshot, TARGET_PENDING) == 0)
        room = 0;
    if (room > ROWS_PER_TICK)
        room = ROWS_PER_TICK;
    if (work->zones.limited && work->zones.open_count == 0)
        return STATUS_OK;
    const char *zones = work->zones.limited ? array_text(&work->zones.open) : NULL;
    int64_t per_minute =
        ramp_per_minute(&campaign->policy.rate, snapshot_count(&campaign->snapshot, TARGET_CONFIRMED));
    int64_t allowed = ramp_allowance(&campaign->ramp, per_minute, campaign->now, room);
    int64_t claimed = 0, offered = 0;
    if (allowed > 0 && offer_claim(work->engine, store, campaign, zones, allowed, &work->changes,
                                   &work->outbox, &claimed, &offered, error) != STATUS_OK)
        return error->status;
    if (claimed == ROWS_PER_TICK || claimed > offered)
        work->more = true;
    if (offered == 0 || per_minute == 0)
        return STATUS_OK;
    ramp_take(&campaign->ramp, per_minute, offered);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_real(&parameters, campaign->ramp.tokens);
    store_put_real(&parameters, campaign->ramp.updated_at);
    store_put_integer(&parameters, per_minute);
    return store_run(store, &SQL_CAMPAIGN_RATE, &parameters, NULL, error);
}

static enum status look_at_zones(struct tick_work *work, struct store *store, struct error *error)
{
    if (work->campaign.snapshot.state != CAMPAIGN_RUNNING)
        return STATUS_OK;
    return zones_look(store, &work->campaign, &work->zones, error);
}

static enum status settle(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign_snapshot *snapshot = &work->campaign.snapshot;
    if (!campaign_state_ended(snapshot->state) || snapshot_in_flight(snapshot) > 0)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, work->campaign.number);
    return store_run(store, &SQL_CAMPAIGN_SETTLE, &parameters, NULL, error);
}

static enum status tick_campaign(struct store *store, void *context, struct error *error)
{
    struct tick_work *work = context;
    struct campaign *campaign = &work->campaign;
    bool found = false;
    arena_release(work->arena);
    memset(&work->outbox, 0, sizeof work->outbox);
    array_release(&work->zones.open); /* of a transaction that is repeated */
    memset(&work->zones, 0, sizeof work->zones);
    changes_start(&work->changes, work->arena);
    if (campaign_load(store, work->number, CAMPAIGN_IF_FREE, work->arena, campaign, &found, error) !=
        STATUS_OK)
        return error->status;
    if (!found || campaign->settled)
        return STATUS_OK;
    bool waits = false;
    if (schedule_apply(store, campaign, &waits, error) != STATUS_OK)
        return error->status;
    if (waits)
        return STATUS_OK;
    if (campaign->snapshot.state == CAMPAIGN_SCHEDULED) {
        work->more = true; /* look again with the waves loaded */
        return planner_plan(store, campaign, error);
    }
    if (cancel_left_over(work, store, error) != STATUS_OK || tick_expire(work, store, error) != STATUS_OK ||
        tick_give_up(work, store, error) != STATUS_OK ||
        changes_flush(&work->changes, store, error) != STATUS_OK ||
        tick_retry(work, store, error) != STATUS_OK ||
        changes_flush(&work->changes, store, error) != STATUS_OK ||
        tick_recount(work, store, error) != STATUS_OK || tick_excuses(work, store, error) != STATUS_OK ||
        tick_overlap(work, store, error) != STATUS_OK ||
        changes_flush(&work->changes, store, error) != STATUS_OK ||
        halt_unsigned(work, store, error) != STATUS_OK || look_at_zones(work, store, error) != STATUS_OK ||
        decide_and_apply(work, store, error) != STATUS_OK || send_offers(work, store, error) != STATUS_OK ||
        offer_resend(work->engine, store, campaign, ROWS_PER_TICK, &work->changes, &work->outbox, error) !=
            STATUS_OK)
        return error->status;
    if (campaign->snapshot.state == CAMPAIGN_ROLLING_BACK && !work->more &&
        roll_back(work, store, error) != STATUS_OK)
        return error->status;
    if (changes_write(&work->changes, store, error) != STATUS_OK)
        return error->status;
    return settle(work, store, error);
}

static enum status list_campaigns(struct store *store, struct arena *arena, int64_t **numbers, int64_t *count,
                                  struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, &SQL_CAMPAIGN_UNSETTLED, NULL, &rows, error) != STATUS_OK)
        return error->status;
    *count = store_rows_count(rows);
    *numbers = arena_allocate_array(arena, (size_t)*count, sizeof **numbers);
    for (int64_t i = 0; i < *count; i++)
        (*numbers)[i] = store_rows_integer(rows, i, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

/* Asks the device of each row for a hello. */
static void ask(const struct engine *engine, const struct store_rows *rows)
{
    struct arena arena = {0};
    struct outbox outbox = {0};
    const char *payload = command_report(&arena);
    for (int64_t i = 0; i < store_rows_count(rows); i++)
        outbox_put(&outbox, &arena, store_rows_text(rows, i, 0), payload);
    outbox_publish(&outbox, &engine->publisher);
    arena_release(&arena);
}

struct ask_work {
    const struct engine *engine;
    bool more;
};

/* Devices just registered: their hello may have come, and been refused, long before. Asked before the commit,
 * so that a crash asks twice rather than never. */
static enum status ask_registered(struct store *store, void *context, struct error *error)
{
    struct ask_work *work = context;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, ROWS_PER_TICK);
    if (store_run(store, &SQL_ASK_TAKE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    ask(work->engine, rows);
    work->more = store_rows_count(rows) == ROWS_PER_TICK;
    store_rows_free(rows);
    return STATUS_OK;
}

struct call_work {
    struct arena *arena;
    struct outbox outbox;
    bool more;
};

static enum status take_calls(struct store *store, void *context, struct error *error)
{
    struct call_work *work = context;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    arena_release(work->arena);
    work->outbox = (struct outbox){0};
    store_put_integer(&parameters, ROWS_PER_TICK);
    if (store_run(store, &SQL_CALL_TAKE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    for (int64_t i = 0; i < store_rows_count(rows); i++)
        outbox_put(&work->outbox, work->arena, store_rows_text(rows, i, 0),
                   command_reboot(store_rows_text(rows, i, 1), work->arena));
    work->more = store_rows_count(rows) == ROWS_PER_TICK;
    store_rows_free(rows);
    return STATUS_OK;
}

/* Sent after the commit, so that a crash loses a call, whose caller is told so, rather than reboots twice. */
static enum status send_calls(const struct engine *engine, struct store *store, bool *more,
                              struct error *error)
{
    struct arena arena = {0};
    struct call_work work = {.arena = &arena};
    enum status status = store_transaction(store, take_calls, &work, error);
    if (status == STATUS_OK)
        outbox_publish(&work.outbox, &engine->publisher);
    *more = *more || work.more;
    arena_release(&arena);
    return status;
}

enum status tick(const struct engine *engine, struct store *store, bool *more, struct error *error)
{
    struct arena list = {0};
    int64_t *numbers = NULL, count = 0;
    struct ask_work asks = {.engine = engine};
    enum status status = store_transaction(store, ask_registered, &asks, error);
    *more = asks.more;
    if (status == STATUS_OK)
        status = send_calls(engine, store, more, error);
    if (status == STATUS_OK)
        status = list_campaigns(store, &list, &numbers, &count, error);
    for (int64_t i = 0; i < count; i++) {
        struct arena arena = {0};
        struct error own;
        struct tick_work work = {.engine = engine, .number = numbers[i], .arena = &arena};
        enum status result = store_transaction(store, tick_campaign, &work, &own);
        if (result == STATUS_OK) {
            outbox_publish(&work.outbox, &engine->publisher);
            *more = *more || work.more;
        } else if (status == STATUS_OK) {
            status = result;
            if (error != NULL)
                *error = own;
        }
        array_release(&work.zones.open);
        arena_release(&arena);
    }
    arena_release(&list);
    return status;
}

enum status tick_ask_devices(const struct engine *engine, struct store *store, struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, &SQL_TARGET_IN_FLIGHT, NULL, &rows, error) != STATUS_OK)
        return error->status;
    ask(engine, rows);
    store_rows_free(rows);
    return STATUS_OK;
}
