#include "resume.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "changes.h"
#include "offer.h"
#include "schedule.h"
#include "signing.h"
#include "store_sql.h"

/* What becomes of one wave that has failed. */
struct way_on {
    bool stands_still;      /* excused failures alone would change nothing */
    bool is_accepted;       /* it passes as it is */
    struct changes changes; /* members that are tried again; not written yet */
    int64_t again;
    bool again_failed; /* these have failed; else they were rejected or skipped */
};

__attribute__((format(printf, 2, 3))) static void say(struct resume *resume, const char *format, ...)
{
    size_t used = strlen(resume->plan);
    if (used > 0)
        used += (size_t)snprintf(resume->plan + used, resume->plan_size - used, "; ");
    if (used >= resume->plan_size)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(resume->plan + used, resume->plan_size - used, format, arguments);
    va_end(arguments);
}

/* After a rollback that was stopped: the gates of the waves whose members it cancelled would halt at once,
 * and that might roll everything back again. */
static enum status check_cancelled(const struct campaign *campaign, struct error *error)
{
    int64_t cancelled = snapshot_count(&campaign->snapshot, TARGET_CANCELLED);
    if (campaign->snapshot.state != CAMPAIGN_HALTED || cancelled == 0)
        return STATUS_OK;
    return error_set(error, STATUS_CONFLICT, "campaign",
                     "%s cannot go on: %lld members were cancelled when it was to go back; create another "
                     "campaign for them, and cancel this one",
                     campaign->name, (long long)cancelled);
}

static int64_t failures_of(const struct campaign *campaign, int wave)
{
    return gate_failures(&campaign->policy.waves[wave].gate, campaign->snapshot.waves[wave].counts);
}

/* All members have ended, and the gate would halt again at once. */
static bool stands_still(const struct campaign *campaign, int wave)
{
    const struct wave_snapshot *snapshot = &campaign->snapshot.waves[wave];
    struct gate_verdict verdict;
    gate_judge(&campaign->policy.waves[wave].gate, snapshot->members, snapshot->counts,
               failures_of(campaign, wave), &verdict);
    return snapshot->members > 0 && verdict.decision == GATE_HALT;
}

/* The columns of target_again.sql behind those of the target. */
enum { AGAIN_ON_TRIAL = TARGET_ROW_COLUMNS, AGAIN_RUNNING, AGAIN_CANDIDATE };

/* Whether the next offer would go to its device. One that would be passed over at once changes nothing: the
 * campaign would halt again at the next tick. */
static bool fits(const struct campaign *campaign, const struct eligibility *eligibility,
                 const struct target_row *target, const struct store_rows *rows, int64_t row)
{
    const char *running = store_rows_text(rows, row, AGAIN_RUNNING);
    if (store_rows_boolean(rows, row, AGAIN_ON_TRIAL))
        return true;
    if (running != NULL && strcmp(running, target->to_version) == 0) /* it has reached a stepping stone */
        return !campaign->is_rollback && strcmp(running, campaign->firmware_version) != 0;
    struct candidate candidate = offer_candidate(target, running, rows, row, AGAIN_CANDIDATE);
    return eligibility_now(campaign, eligibility, &candidate) == MISFIT_NONE;
}

static enum status try_again(struct store *store, const struct campaign *campaign, int wave,
                             const char *states, struct way_on *way, struct error *error)
{
    struct target_timeouts timeouts = campaign_timeouts(campaign);
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    struct eligibility eligibility = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, wave);
    store_put_text(&parameters, states);
    if (eligibility_read(campaign, &eligibility, error) != STATUS_OK ||
        store_run(store, &SQL_TARGET_AGAIN, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    int64_t count = store_rows_count(rows);
    struct target_row *targets = arena_allocate_array(way->changes.arena, (size_t)count, sizeof *targets);
    for (int64_t i = 0; i < count && status == STATUS_OK; i++) {
        struct target_row *target = &targets[i];
        status = target_row_read(rows, i, way->changes.arena, target, error);
        if (status != STATUS_OK || !fits(campaign, &eligibility, target, rows, i))
            continue;
        way->again++;
        if (!target_move(&way->changes, target, TARGET_EVENT_RETRY, "resumed", campaign->service_now,
                         &timeouts))
            status = error_set(error, STATUS_INTERNAL, "targets.state", "cannot be tried again");
        target->not_before = campaign->clock; /* one that is offline is waited for anew */
    }
    store_rows_free(rows);
    return status;
}

static enum status refuse(const struct campaign *campaign, int wave, struct error *error)
{
    const struct wave_snapshot *snapshot = &campaign->snapshot.waves[wave];
    return error_set(
        error, STATUS_CONFLICT, "campaign",
        "%s cannot go on: all %lld members of wave %s have ended, %lld succeeded, and none can be "
        "tried again; --accept-no-success (accept_no_success) goes on without",
        campaign->name, (long long)snapshot->members, campaign->policy.waves[wave].name,
        (long long)snapshot->counts[TARGET_CONFIRMED]);
}

/* What would be completed then is a campaign that has rolled nothing out. */
static enum status check_rest(const struct campaign *campaign, struct error *error)
{
    if (snapshot_count(&campaign->snapshot, TARGET_PENDING) +
            snapshot_count(&campaign->snapshot, TARGET_CONFIRMED) + snapshot_in_flight(&campaign->snapshot) >
        0)
        return STATUS_OK;
    return error_set(
        error, STATUS_CONFLICT, "accept_no_success",
        "no member of %s is left to be offered anything: resume it without accepting that, which "
        "tries its members again, or cancel it",
        campaign->name);
}

static enum status find_way_on(struct store *store, const struct campaign *campaign, int wave,
                               const struct resume *resume, struct way_on *way, struct error *error)
{
    way->stands_still = stands_still(campaign, wave);
    if (!way->stands_still)
        return STATUS_OK;
    way->is_accepted = resume->accepts_no_success;
    if (way->is_accepted)
        return check_rest(campaign, error);
    if (try_again(store, campaign, wave, "{rejected,skipped}", way, error) != STATUS_OK)
        return error->status;
    if (way->again == 0 && campaign->snapshot.waves[wave].counts[TARGET_CONFIRMED] == 0) {
        way->again_failed = true;
        if (try_again(store, campaign, wave, "{failed,silent,reverted}", way, error) != STATUS_OK)
            return error->status;
    }
    return way->again > 0 ? STATUS_OK : refuse(campaign, wave, error);
}

static void say_way_on(struct resume *resume, const struct campaign *campaign, int wave,
                       const struct way_on *way)
{
    const char *name = campaign->policy.waves[wave].name;
    const int64_t *counts = campaign->snapshot.waves[wave].counts;
    long long failures = failures_of(campaign, wave), succeeded = counts[TARGET_CONFIRMED];
    if (way->is_accepted)
        say(resume, "wave %s passes with %lld successes, as accepted", name, succeeded);
    else if (way->stands_still)
        say(resume, "wave %s: %lld succeeded, so %lld %s are tried again", name, succeeded,
            (long long)way->again,
            way->again_failed ? "members that failed" : "members that were rejected or skipped");
    if (failures > 0)
        say(resume, "wave %s: %lld failures so far are excused", name, failures);
}

/* For the audit: it is the operator who has passed this wave, and not its gate. */
static enum status pass(struct store *store, struct campaign *campaign, int wave, const struct resume *resume,
                        struct error *error)
{
    const struct wave_snapshot *snapshot = &campaign->snapshot.waves[wave];
    char words[200], detail[200];
    snprintf(words, sizeof words, "passed with %lld successes of %lld members: accepted by %.64s",
             (long long)snapshot->counts[TARGET_CONFIRMED], (long long)snapshot->members, resume->actor);
    /* Names of waves need no escapes. */
    snprintf(detail, sizeof detail, "{\"wave\": \"%s\", \"members\": %lld, \"confirmed\": %lld}",
             campaign->policy.waves[wave].name, (long long)snapshot->members,
             (long long)snapshot->counts[TARGET_CONFIRMED]);
    if (wave_move(store, campaign, wave, WAVE_PASSED, words, error) != STATUS_OK)
        return error->status;
    return audit_add(store, resume->actor, "accept_no_success", campaign->name, resume->reason, detail,
                     error);
}

/* The operator takes the failures so far as known: the gate that halted judges only what comes after them. */
static enum status go_on(struct store *store, struct campaign *campaign, int wave, struct way_on *way,
                         const struct resume *resume, struct error *error)
{
    if (changes_write(&way->changes, store, error) != STATUS_OK ||
        (way->again > 0 && campaign_read_waves(store, campaign, error) != STATUS_OK))
        return error->status;
    struct wave_snapshot *snapshot = &campaign->snapshot.waves[wave];
    snapshot->excused = failures_of(campaign, wave);
    if (way->is_accepted)
        return pass(store, campaign, wave, resume, error);
    char words[160];
    int used = snprintf(words, sizeof words, "resumed: %lld failures so far are excused",
                        (long long)snapshot->excused);
    if (way->again > 0)
        snprintf(words + used, sizeof words - (size_t)used, "; %lld members are tried again",
                 (long long)way->again);
    return wave_move(store, campaign, wave, WAVE_OPEN, words, error);
}

static enum status resume_wave(struct store *store, struct campaign *campaign, int wave,
                               struct resume *resume, int64_t *again, struct error *error)
{
    struct arena arena = {0};
    struct way_on way = {0};
    changes_start(&way.changes, &arena);
    enum status status = find_way_on(store, campaign, wave, resume, &way, error);
    if (status == STATUS_OK)
        say_way_on(resume, campaign, wave, &way);
    *again += way.again;
    if (status == STATUS_OK && !resume->only_plan)
        status = go_on(store, campaign, wave, &way, resume, error);
    arena_release(&arena);
    return status;
}

static enum status resume_waves(struct store *store, struct campaign *campaign, struct resume *resume,
                                int64_t *again, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    if (!resume->only_plan && store_run(store, &SQL_TARGET_EXCUSE, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    for (int i = 0; i < campaign->snapshot.wave_count; i++) {
        if (campaign->snapshot.waves[i].state == WAVE_FAILED &&
            resume_wave(store, campaign, i, resume, again, error) != STATUS_OK)
            return error->status;
    }
    return STATUS_OK;
}

enum status campaign_resume(struct store *store, struct campaign *campaign, struct resume *resume,
                            struct error *error)
{
    int64_t waiting = snapshot_count(&campaign->snapshot, TARGET_PENDING);
    if (campaign_edge_find(campaign->snapshot.state, CAMPAIGN_EVENT_RESUME) == NULL) /* says why not */
        return campaign_move(store, campaign, CAMPAIGN_EVENT_RESUME, resume->actor, resume->reason, NULL,
                             error);
    /* A rollback is not held up: it leads away from what may be bad. */
    if (check_cancelled(campaign, error) != STATUS_OK ||
        (!campaign->is_rollback && campaign_check_signed(store, campaign, "campaign", error) != STATUS_OK))
        return error->status;
    if (!resume->only_plan && schedule_forget_end(store, campaign, error) != STATUS_OK)
        return error->status;
    if (campaign->snapshot.state == CAMPAIGN_HALTED &&
        resume_waves(store, campaign, resume, &waiting, error) != STATUS_OK)
        return error->status;
    say(resume, "offers go on, %lld members wait for theirs", (long long)waiting);
    if (resume->only_plan)
        return STATUS_OK;
    return campaign_move(store, campaign, CAMPAIGN_EVENT_RESUME, resume->actor, resume->reason, NULL, error);
}
