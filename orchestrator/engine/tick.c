#include "tick.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "continuity.h"
#include "fill.h"
#include "offer.h"
#include "planner.h"
#include "rollback.h"
#include "schedule.h"
#include "store_sql.h"
#include "tick_work.h"

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
        } else if (campaign->unwritten > 0) { /* in another state the others would not be cancelled */
            snprintf(reason, sizeof reason, "%s is %s; %lld members are still to be written, and cancelled",
                     name, campaign_state_name(state), (long long)campaign->unwritten);
            status = campaign_explain(store, campaign, reason, error);
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

/* Members that are passed over take no place of those that could be offered something: the next ones are
 * claimed, twice as many each time, since very many may have to be. */
static enum status claim_offers(struct tick_work *work, struct store *store, const char *zones,
                                int64_t allowed, int64_t *offered, struct error *error)
{
    int64_t rows = allowed, claimed, sent, passed_over = 1;
    *offered = 0;
    while (passed_over > 0 && *offered < allowed) {
        struct claim claim = {.zones = zones, .wanted = allowed - *offered, .rows = rows};
        if (offer_claim(work->engine, store, &work->campaign, &claim, &work->changes, &work->outbox, &claimed,
                        &sent, error) != STATUS_OK)
            return error->status;
        *offered += sent;
        passed_over = claimed - sent;
        work->more = work->more || claimed == ROWS_PER_TICK || passed_over > 0;
        if (passed_over > 0 && changes_flush(&work->changes, store, error) != STATUS_OK)
            return error->status;
        if (rows == ROWS_PER_TICK)
            break;
        rows = 2 * rows < ROWS_PER_TICK ? 2 * rows : ROWS_PER_TICK;
    }
    return STATUS_OK;
}

static enum status send_offers(struct tick_work *work, struct store *store, struct error *error)
{
    struct campaign *campaign = &work->campaign;
    int64_t room = decide_offers(&campaign->snapshot, &campaign->policy);
    if (snapshot_count(&campaign->snapshot, TARGET_PENDING) == 0)
        room = 0;
    if (room > ROWS_PER_TICK)
        room = ROWS_PER_TICK;
    if (work->offers_wait || (work->zones.limited && work->zones.open_count == 0))
        return STATUS_OK;
    const char *zones = work->zones.limited ? array_text(&work->zones.open) : NULL;
    int64_t per_minute =
        ramp_per_minute(&campaign->policy.rate, snapshot_count(&campaign->snapshot, TARGET_CONFIRMED));
    int64_t allowed = ramp_allowance(&campaign->ramp, per_minute, campaign->now, room);
    int64_t offered = 0;
    if (claim_offers(work, store, zones, allowed, &offered, error) != STATUS_OK)
        return error->status;
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

/* Counts outcomes as in flight, or (`back`) as what they are again. */
static void count_in_flight(struct campaign_snapshot *snapshot,
                            int64_t outcomes[POLICY_WAVES_MAX][TARGET_STATE_COUNT], bool back)
{
    for (int wave = 0; wave < snapshot->wave_count; wave++) {
        for (int state = 0; state < TARGET_STATE_COUNT; state++) {
            int64_t count = back ? -outcomes[wave][state] : outcomes[wave][state];
            snapshot->waves[wave].counts[state] -= count;
            snapshot->waves[wave].counts[TARGET_TRIAL] += count;
        }
    }
}

/* An outcome that an outage may yet explain is in flight for the gates: the others decide, and a bad release
 * halts. Where the campaign would halt with these outcomes, nothing more is offered until they are judged. */
static enum status decide_what_follows(struct tick_work *work, struct store *store, struct error *error)
{
    int64_t undecided[POLICY_WAVES_MAX][TARGET_STATE_COUNT] = {0}, count = 0;
    struct campaign_snapshot *snapshot = &work->campaign.snapshot;
    if (tick_undecided(work, store, undecided, &count, error) != STATUS_OK)
        return error->status;
    if (count == 0)
        return tick_decide(work, store, error);
    work->offers_wait =
        decide(snapshot, &work->campaign.policy, work->campaign.clock).kind == ACTION_FAIL_WAVE;
    enum campaign_state before = snapshot->state;
    count_in_flight(snapshot, undecided, false);
    enum status status = tick_decide(work, store, error);
    if (status == STATUS_OK && snapshot->state == before)
        count_in_flight(snapshot, undecided, true);
    return status;
}

static enum status settle(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign_snapshot *snapshot = &work->campaign.snapshot;
    if (!campaign_state_ended(snapshot->state) || snapshot_in_flight(snapshot) > 0 ||
        work->campaign.unwritten > 0)
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
    work->offers_wait = false;
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
    /* A way back does not wait: it can be asked for once more. */
    if (campaign->snapshot.state == CAMPAIGN_SCHEDULED && campaign->fleet_is_asked && !campaign->is_rollback)
        return campaign_explain(store, campaign, "the fleet is being asked what it runs", error);
    if (campaign->snapshot.state == CAMPAIGN_SCHEDULED) {
        if (planner_plan(work->engine, store, campaign, error) != STATUS_OK)
            return error->status;
        work->more = campaign->snapshot.state != CAMPAIGN_SCHEDULED; /* look again with the waves loaded */
        return STATUS_OK;
    }
    if (tick_cancel_left_over(work, store, error) != STATUS_OK ||
        tick_removed(work, store, error) != STATUS_OK ||
        changes_flush(&work->changes, store, error) != STATUS_OK ||
        tick_expire(work, store, error) != STATUS_OK || look_at_zones(work, store, error) != STATUS_OK ||
        tick_give_up(work, store, error) != STATUS_OK ||
        changes_flush(&work->changes, store, error) != STATUS_OK ||
        tick_outages(work, store, error) != STATUS_OK || tick_retry(work, store, error) != STATUS_OK ||
        changes_flush(&work->changes, store, error) != STATUS_OK ||
        tick_recount(work, store, error) != STATUS_OK || tick_excuses(work, store, error) != STATUS_OK ||
        tick_overlap(work, store, error) != STATUS_OK ||
        changes_flush(&work->changes, store, error) != STATUS_OK ||
        tick_halt_unsigned(work, store, error) != STATUS_OK ||
        decide_what_follows(work, store, error) != STATUS_OK ||
        send_offers(work, store, error) != STATUS_OK ||
        offer_resend(work->engine, store, campaign, ROWS_PER_TICK, &work->changes, &work->outbox, error) !=
            STATUS_OK)
        return error->status;
    if (campaign->snapshot.state == CAMPAIGN_ROLLING_BACK && !work->more &&
        roll_back(work, store, error) != STATUS_OK)
        return error->status;
    if (changes_write(&work->changes, store, error) != STATUS_OK)
        return error->status;
    if (campaign->has_tick_error && campaign_note_error(store, campaign->number, NULL, error) != STATUS_OK)
        return error->status;
    return settle(work, store, error);
}

/* In a transaction of its own, after what is due has been done and said. */
static enum status write_targets(struct store *store, void *context, struct error *error)
{
    struct tick_work *work = context;
    bool found = false;
    arena_release(work->arena);
    if (campaign_load(store, work->number, CAMPAIGN_IF_FREE, work->arena, &work->campaign, &found, error) !=
        STATUS_OK)
        return error->status;
    return found ? fill_go_on(work->engine, store, &work->campaign, error) : STATUS_OK;
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
    outbox_put_asks(&outbox, &arena, rows);
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

enum { HELLO_SECONDS = 10 }; /* after the presence message of its session */

/* Devices that were asked whether they are there, and have not answered; and those whose hello has not come:
 * it may be lost. */
static enum status look_for_the_gone(const struct engine *engine, struct store *store, struct error *error)
{
    struct store_parameters limit = {0}, awaited = {0};
    struct store_rows *rows;
    store_put_integer(&limit, ROWS_PER_TICK);
    if (store_run(store, &SQL_PRESENCE_UNANSWERED, &limit, NULL, error) != STATUS_OK)
        return error->status;
    store_put_integer(&awaited, HELLO_SECONDS);
    store_put_integer(&awaited, ROWS_PER_TICK);
    if (store_run(store, &SQL_PRESENCE_AWAITED, &awaited, &rows, error) != STATUS_OK)
        return error->status;
    ask(engine, rows);
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
        outbox_send(&work.outbox, &arena, &engine->publisher);
    *more = *more || work.more;
    arena_release(&arena);
    return status;
}

static enum status begin_sweep(struct store *store, struct error *error)
{
    if (continuity_check(store, error) != STATUS_OK ||
        store_run(store, &SQL_OUTAGE_ASK, NULL, NULL, error) != STATUS_OK)
        return error->status;
    return continuity_ask_fleet(store, error);
}

enum status tick(const struct engine *engine, struct store *store, bool *more, struct error *error)
{
    struct arena list = {0};
    int64_t *numbers = NULL, count = 0;
    struct ask_work asks = {.engine = engine};
    enum status status = engine->is_between_sweeps ? STATUS_OK : begin_sweep(store, error);
    if (status == STATUS_OK)
        status = store_transaction(store, ask_registered, &asks, error);
    *more = asks.more;
    if (status == STATUS_OK && !engine->is_between_sweeps)
        status = continuity_release_offers(store, error);
    if (status == STATUS_OK && !engine->is_between_sweeps)
        status = look_for_the_gone(engine, store, error);
    if (status == STATUS_OK)
        status = send_calls(engine, store, more, error);
    if (status == STATUS_OK && !engine->is_between_sweeps)
        status = store_run(store, &SQL_FLEET_FOLD, NULL, NULL, error);
    if (status == STATUS_OK)
        status = list_campaigns(store, &list, &numbers, &count, error);
    for (int64_t i = 0; i < count; i++) {
        struct arena arena = {0};
        struct error own;
        struct tick_work work = {.engine = engine, .number = numbers[i], .arena = &arena};
        enum status result = store_transaction(store, tick_campaign, &work, &own);
        if (result == STATUS_OK) {
            outbox_send(&work.outbox, &arena, &engine->publisher);
            *more = *more || work.more || work.campaign.unwritten > 0;
            if (work.campaign.unwritten > 0)
                result = store_transaction(store, write_targets, &work, &own);
        }
        /* What fails for one campaign is shown there, and keeps nobody else waiting. */
        if (result != STATUS_OK && result != STATUS_UNAVAILABLE)
            result = campaign_note_error(store, numbers[i], own.message, &own);
        if (result != STATUS_OK && status == STATUS_OK) {
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
