#include "tick_work.h"

#include <string.h>

#include "array.h"
#include "offer.h"
#include "retry.h"
#include "store_sql.h"

/* Between an outcome and its report: a device connects again with a back-off of a minute, and repeats results
 * after five. */
enum { OUTAGE_MARGIN_SECONDS = 600 };

static void count_move(struct tick_work *work, int wave, enum target_state from, enum target_state to)
{
    int64_t *counts = work->campaign.snapshot.waves[wave].counts;
    counts[from]--;
    counts[to]++;
}

bool tick_move(struct tick_work *work, struct target_row *target, enum target_event event, const char *reason)
{
    struct target_timeouts timeouts = campaign_timeouts(&work->campaign);
    enum target_state from = target->state;
    if (!target_move(&work->changes, target, event, reason, work->campaign.service_now, &timeouts))
        return false;
    count_move(work, target->wave, from, target->state);
    return true;
}

/* A device that is online and has not answered the cancel may be at work on the attempt: it is not offered
 * another one before its own deadlines must have ended that one. */
static bool may_be_at_work(struct tick_work *work, struct target_row *target, bool online)
{
    static const char waited[] = "withdrawal_not_answered";
    if (!online || strcmp(target->reason, waited) == 0)
        return false;
    struct target_timeouts timeouts = campaign_timeouts(&work->campaign);
    target->reason = waited;
    target->deadline = work->campaign.service_now + (double)(timeouts.download + timeouts.confirm);
    target_touch(&work->changes, target);
    return true;
}

static void expire_one(struct tick_work *work, struct target_row *target, const struct store_rows *rows,
                       int64_t row)
{
    bool is_stopped =
        target->state < TARGET_INSTALLED && store_rows_boolean(rows, row, TARGET_ROW_COLUMNS + 1);
    if ((target->state == TARGET_OFFERED || is_stopped) && target->withdrawn) {
        bool for_good = campaign_state_stops(work->campaign.snapshot.state);
        if (!for_good && may_be_at_work(work, target, store_rows_boolean(rows, row, TARGET_ROW_COLUMNS)))
            return;
        /* Nobody took the offer before it was withdrawn, or it was the pause that stopped the download: no
         * outcome of the device's. */
        tick_move(work, target, for_good ? TARGET_EVENT_CANCEL : TARGET_EVENT_WITHDRAWN, "withdrawn");
        return;
    }
    const char *reason = "confirm_timeout";
    if (target->state == TARGET_OFFERED)
        reason = "offer_timeout";
    else if (target->state < TARGET_INSTALLED)
        reason = "download_timeout";
    tick_move(work, target, TARGET_EVENT_SILENCE, reason);
}

static void give_up_one(struct tick_work *work, struct target_row *target, const struct store_rows *rows,
                        int64_t row)
{
    bool is_quarantined = store_rows_boolean(rows, row, TARGET_ROW_COLUMNS);
    /* What was to be tried again, and did not come back for it, is the failure that it was. */
    bool fails = store_rows_boolean(rows, row, TARGET_ROW_COLUMNS + 1) ||
                 (!is_quarantined && work->campaign.policy.offline_then == OFFLINE_FAIL);
    tick_move(work, target, fails ? TARGET_EVENT_OFFLINE : TARGET_EVENT_SKIP,
              is_quarantined ? TARGET_QUARANTINED : TARGET_GIVEN_UP);
}

static void retry_one(struct tick_work *work, struct target_row *target, const struct store_rows *rows,
                      int64_t row)
{
    int tried = target->attempt - (int)store_rows_integer(rows, row, TARGET_ROW_COLUMNS);
    double delay = retry_delay(&work->campaign.policy.retry, tried);
    bool is_excused = store_rows_boolean(rows, row, TARGET_ROW_COLUMNS + 1);
    bool failed = !is_excused && (target->state != TARGET_REJECTED ||
                                  work->campaign.policy.waves[target->wave].gate.count_rejected);
    if (!tick_move(work, target, TARGET_EVENT_RETRY, target->reason))
        return;
    target->not_before = delay > 0 ? work->campaign.clock + delay : 0;
    if (failed)
        target->failed_attempt = target->attempt;
}

static enum status
for_each_target(struct tick_work *work, struct store *store, const struct store_statement *statement,
                const struct store_parameters *parameters,
                void (*visit)(struct tick_work *, struct target_row *, const struct store_rows *, int64_t),
                struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, statement, parameters, &rows, error) != STATUS_OK)
        return error->status;
    int64_t count = store_rows_count(rows);
    struct target_row *targets = arena_allocate_array(work->arena, (size_t)count, sizeof *targets);
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < count && status == STATUS_OK; i++) {
        status = target_row_read(rows, i, work->arena, &targets[i], error);
        if (status == STATUS_OK)
            visit(work, &targets[i], rows, i);
    }
    store_rows_free(rows);
    if (count == ROWS_PER_TICK)
        work->more = true;
    return status;
}

static void end_removed(struct tick_work *work, struct target_row *target, const struct store_rows *rows,
                        int64_t row)
{
    (void)rows;
    (void)row;
    tick_move(work, target, target->state == TARGET_PENDING ? TARGET_EVENT_SKIP : TARGET_EVENT_CANCEL,
              "not_registered");
}

enum status tick_removed(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign_snapshot *snapshot = &work->campaign.snapshot;
    if (work->engine->is_between_sweeps ||
        snapshot_in_flight(snapshot) + snapshot_count(snapshot, TARGET_PENDING) == 0)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, work->campaign.number);
    store_put_integer(&parameters, ROWS_PER_TICK);
    return for_each_target(work, store, &SQL_TARGET_REMOVED, &parameters, end_removed, error);
}

enum status tick_expire(struct tick_work *work, struct store *store, struct error *error)
{
    if (work->engine->is_between_sweeps || snapshot_in_flight(&work->campaign.snapshot) == 0)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    struct target_timeouts timeouts = campaign_timeouts(&work->campaign);
    store_put_integer(&parameters, work->campaign.number);
    store_put_integer(&parameters, ROWS_PER_TICK);
    store_put_integer(&parameters, timeouts.offer);
    store_put_integer(&parameters, timeouts.download);
    store_put_integer(&parameters, timeouts.confirm);
    return for_each_target(work, store, &SQL_TARGET_EXPIRE, &parameters, expire_one, error);
}

/* Only while it can be offered something is an offline member waited for. */
static enum status note_offer_time(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    struct store_parameters parameters = {0};
    if (work->zones.limited && work->zones.open_count == 0)
        return STATUS_OK;
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, work->zones.limited ? array_text(&work->zones.open) : "{\"\"}");
    store_put_real(&parameters, campaign->clock);
    store_put_integer(&parameters, campaign->policy.offline_wait_seconds);
    return store_run(store, &SQL_OFFER_TIME, &parameters, NULL, error);
}

enum status tick_give_up(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    struct store_parameters parameters = {0};
    if (work->engine->is_between_sweeps || campaign->snapshot.state != CAMPAIGN_RUNNING)
        return STATUS_OK;
    if (note_offer_time(work, store, error) != STATUS_OK)
        return error->status;
    if (snapshot_count(&campaign->snapshot, TARGET_PENDING) == 0)
        return STATUS_OK;
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, campaign->policy.offline_wait_seconds);
    store_put_integer(&parameters, ROWS_PER_TICK);
    return for_each_target(work, store, &SQL_TARGET_OFFLINE, &parameters, give_up_one, error);
}

/* Seconds after an outage for which outcomes of attempts of that time may come in. */
static int64_t explained_within(const struct campaign *campaign)
{
    struct target_timeouts timeouts = campaign_timeouts(campaign);
    return timeouts.offer + timeouts.download + timeouts.confirm + OUTAGE_MARGIN_SECONDS;
}

/* What says which outcomes an outage may yet explain: the evidence that this tick began with, and whether the
 * tick leaves out the look at outages. */
static void put_evidence(const struct tick_work *work, struct store_parameters *parameters)
{
    const struct campaign *campaign = &work->campaign;
    if (campaign->evidence > 0)
        store_put_real(parameters, campaign->evidence);
    else
        store_put_text(parameters, NULL);
    if (work->engine->is_between_sweeps)
        store_put_integer(parameters, explained_within(campaign));
    else
        store_put_text(parameters, NULL);
}

enum status tick_retry(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    enum campaign_state state = campaign->snapshot.state;
    if (campaign->policy.retry.attempts == 1 || (state != CAMPAIGN_RUNNING && state != CAMPAIGN_PAUSED))
        return STATUS_OK;
    struct array states = {0};
    int64_t waiting = 0;
    for (int i = 0; i < TARGET_STATE_COUNT; i++) {
        if (!retry_is_for(&campaign->policy.retry, (enum target_state)i))
            continue;
        array_put_text(&states, target_state_name((enum target_state)i));
        waiting += snapshot_count(&campaign->snapshot, (enum target_state)i);
    }
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, array_text(&states));
    store_put_integer(&parameters, campaign->policy.retry.attempts);
    store_put_text(&parameters, TARGET_GIVEN_UP);
    put_evidence(work, &parameters);
    enum status status = STATUS_OK;
    if (waiting > 0)
        status = for_each_target(work, store, &SQL_TARGET_RETRY, &parameters, retry_one, error);
    array_release(&states);
    return status;
}

/* --- outcomes that an outage explains --------------------------------------------------------------- */

/* Failed or reverted: only those have reasons that an outage of ours explains. Silent: those of a database
 * that has lost what devices said. */
static bool may_be_explained(const struct campaign *campaign)
{
    enum campaign_state state = campaign->snapshot.state;
    return (state == CAMPAIGN_RUNNING || state == CAMPAIGN_PAUSED) &&
           snapshot_count(&campaign->snapshot, TARGET_FAILED) +
                   snapshot_count(&campaign->snapshot, TARGET_REVERTED) +
                   snapshot_count(&campaign->snapshot, TARGET_SILENT) >
               0;
}

static void excuse_one(struct tick_work *work, struct target_row *target, const struct store_rows *rows,
                       int64_t row)
{
    (void)rows;
    (void)row;
    tick_move(work, target, TARGET_EVENT_RETRY, target->state == TARGET_SILENT ? "restored" : "outage");
}

enum status tick_outages(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    struct target_event_row **before = work->changes.last_event;
    struct store_parameters parameters = {0}, excused = {0};
    if (work->engine->is_between_sweeps || !may_be_explained(campaign))
        return STATUS_OK;
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, explained_within(campaign));
    if (for_each_target(work, store, &SQL_TARGET_OUTAGE, &parameters, excuse_one, error) != STATUS_OK)
        return error->status;
    struct array devices = {0}, attempts = {0};
    for (const struct target_event_row *event = *before; event != NULL; event = event->next) {
        array_put_text(&devices, event->target->device);
        array_put_integer(&attempts, event->attempt);
    }
    enum status status = STATUS_OK;
    if (devices.count > 0) {
        store_put_integer(&excused, campaign->number);
        store_put_text(&excused, array_text(&devices));
        store_put_text(&excused, array_text(&attempts));
        status = changes_flush(&work->changes, store, error);
        if (status == STATUS_OK)
            status = store_run(store, &SQL_TARGET_OUTAGE_EXCUSE, &excused, NULL, error);
    }
    array_release(&devices);
    array_release(&attempts);
    return status;
}

enum status tick_undecided(struct tick_work *work, struct store *store,
                           int64_t undecided[POLICY_WAVES_MAX][TARGET_STATE_COUNT], int64_t *count,
                           struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    *count = 0;
    if (!may_be_explained(campaign))
        return STATUS_OK;
    store_put_integer(&parameters, campaign->number);
    put_evidence(work, &parameters);
    if (store_run(store, &SQL_TARGET_OUTAGE_UNDECIDED, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    for (int64_t i = 0; i < store_rows_count(rows); i++) {
        enum target_state state = TARGET_FAILED;
        int64_t wave = store_rows_integer(rows, i, 0);
        if (!target_state_parse(store_rows_text(rows, i, 1), &state) || wave >= campaign->snapshot.wave_count)
            continue;
        undecided[wave][state] = store_rows_integer(rows, i, 2);
        *count += undecided[wave][state];
    }
    store_rows_free(rows);
    return STATUS_OK;
}

enum status tick_recount(struct tick_work *work, struct store *store, struct error *error)
{
    if (work->changes.event_count == 0)
        return STATUS_OK;
    if (campaign_read_waves(store, &work->campaign, error) != STATUS_OK)
        return error->status;
    for (const struct target_event_row *event = work->changes.first_event; event != NULL; event = event->next)
        count_move(work, event->target->wave, event->from, event->to);
    return STATUS_OK;
}

enum status tick_excuses(struct tick_work *work, struct store *store, struct error *error)
{
    struct campaign *campaign = &work->campaign;
    for (int i = 0; i < campaign->snapshot.wave_count; i++) {
        struct wave_snapshot *wave = &campaign->snapshot.waves[i];
        int64_t failures = gate_failures(&campaign->policy.waves[i].gate, wave->counts);
        if (wave->excused <= failures)
            continue;
        wave->excused = failures;
        struct store_parameters parameters = {0};
        store_put_integer(&parameters, campaign->number);
        store_put_integer(&parameters, i);
        store_put_integer(&parameters, failures);
        if (store_run(store, &SQL_WAVE_EXCUSED, &parameters, NULL, error) != STATUS_OK)
            return error->status;
    }
    return STATUS_OK;
}
