/* What follows from the numbers of a campaign's waves: halts, moves of waves, and what is said while they
 * wait. */
#include "tick_work.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit_detail.h"
#include "log.h"
#include "rollback.h"
#include "signing.h"
#include "store_sql.h"

/* The counters first: a target that has just become pending again is among those cancelled. Members that are
 * not written yet stay pending until they are. */
static enum status cancel_pending(struct tick_work *work, struct store *store, const char *reason,
                                  struct error *error)
{
    struct campaign *campaign = &work->campaign;
    if (changes_write(&work->changes, store, error) != STATUS_OK ||
        campaign_cancel_pending(store, campaign, reason, error) != STATUS_OK)
        return error->status;
    return campaign_read_waves(store, campaign, error);
}

enum status tick_cancel_left_over(struct tick_work *work, struct store *store, struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    const char *reason = campaign_cancel_reason(campaign);
    if (reason == NULL || snapshot_count(&campaign->snapshot, TARGET_PENDING) == campaign->unwritten)
        return STATUS_OK;
    return cancel_pending(work, store, reason, error);
}

/* Whether the failures are those of images that were sent wrongly, and what the orchestrators' copies have to
 * do with that. */
static enum status add_image_verdict(struct store *store, const struct campaign *campaign, char *words,
                                     size_t size, struct error *error)
{
    struct store_parameters parameters = {0};
    struct arena arena = {0};
    char *said;
    store_put_integer(&parameters, campaign->number);
    enum status status = store_run_text(store, &SQL_IMAGE_VERDICT, &parameters, &arena, &said, error);
    size_t used = strlen(words);
    if (status == STATUS_OK && said != NULL)
        snprintf(words + used, size - used, "; %s", said);
    arena_release(&arena);
    return status;
}

/* Targets first, then waves: the order in which reports are handled, so that the two seldom wait for each
 * other. */
static enum status halt(struct tick_work *work, struct store *store, const struct action *action,
                        struct error *error)
{
    struct campaign *campaign = &work->campaign;
    bool goes_back = campaign->policy.on_halt == ON_HALT_ROLLBACK && !campaign->is_rollback;
    char words[sizeof action->words + 200], reason[sizeof words + 100], detail[AUDIT_DETAIL_SIZE];
    struct rollback_numbers numbers;
    audit_detail_of_wave(campaign, action->wave, detail);
    snprintf(words, sizeof words, "%s", action->words);
    if (add_image_verdict(store, campaign, words, sizeof words, error) != STATUS_OK)
        return error->status;
    snprintf(reason, sizeof reason, "wave %s: %s", campaign->policy.waves[action->wave].name, words);
    if (campaign_withdraw(store, campaign, true, error) != STATUS_OK ||
        (goes_back && cancel_pending(work, store, "rolled_back", error) != STATUS_OK) ||
        wave_move(store, campaign, action->wave, WAVE_FAILED, words, error) != STATUS_OK ||
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
enum status tick_halt_unsigned(struct tick_work *work, struct store *store, struct error *error)
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

/* As it will be if nothing stands still until then. */
static void add_end_of_soak(const struct campaign *campaign, double soak_until, char *words, size_t size)
{
    char until[40];
    size_t used = strlen(words);
    format_time(campaign->now + (soak_until - campaign->clock), until, sizeof until);
    snprintf(words + used, size - used, "; soaks until %s", until);
}

static enum status apply(struct tick_work *work, struct store *store, const struct action *action,
                         struct error *error)
{
    struct campaign *campaign = &work->campaign;
    struct wave_snapshot *wave = &campaign->snapshot.waves[action->wave];
    char words[sizeof action->words + 64];
    switch (action->kind) {
    case ACTION_OPEN_WAVE:
    case ACTION_REOPEN_WAVE:
        return move_wave(work, store, action, WAVE_OPEN, action->words, error);
    case ACTION_SOAK_WAVE:
        wave->soak_until = action->until;
        snprintf(words, sizeof words, "%s", action->words);
        add_end_of_soak(campaign, action->until, words, sizeof words);
        return move_wave(work, store, action, WAVE_SOAKING, words, error);
    case ACTION_PASS_WAVE:
        return move_wave(work, store, action, WAVE_PASSED, action->words, error);
    case ACTION_FAIL_WAVE:
        return halt(work, store, action, error);
    case ACTION_COMPLETE:
        /* Nothing was rolled out: whoever waits for "completed" must not take it for done. */
        if (snapshot_members(&campaign->snapshot) == 0 && !campaign->is_rollback)
            return campaign_move(store, campaign, CAMPAIGN_EVENT_CANCEL, ACTOR_ORCHESTRATOR,
                                 "other campaigns have taken all of its devices", NULL, error);
        log_write(LOG_INFO, "campaign_completed", "campaign", campaign->name, NULL);
        return campaign_move(store, campaign, CAMPAIGN_EVENT_COMPLETE, ACTOR_ORCHESTRATOR, action->words,
                             NULL, error);
    default:
        return STATUS_OK;
    }
}

/* A wave that stands still for devices that are offline says so. */
static enum status explain_offline(const struct tick_work *work, int wave, struct store *store, char *words,
                                   size_t size, struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, wave);
    store_put_integer(&parameters, campaign->policy.offline_wait_seconds);
    struct store_rows *rows;
    if (store_run(store, &SQL_WAVE_OFFLINE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    size_t used = strlen(words);
    long long minutes = store_rows_integer(rows, 0, 2);
    if (store_rows_integer(rows, 0, 0) > 0 && work->zones.limited)
        snprintf(words + used, size - used, "; %s offline, given up after %lld:%02lld h more of open windows",
                 store_rows_text(rows, 0, 0), minutes / 60, minutes % 60);
    else if (store_rows_integer(rows, 0, 0) > 0)
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

/* Nor is a wave over before all of its members can be offered. */
static void explain_unwritten(const struct campaign *campaign, int wave, char *words, size_t size)
{
    size_t used = strlen(words);
    if (campaign->unwritten > 0 && campaign->snapshot.waves[wave].counts[TARGET_PENDING] > 0)
        snprintf(words + used, size - used, "; the targets of %lld members are still to be written",
                 (long long)campaign->unwritten);
}

enum { EVIDENCE_BEHIND_SECONDS = 15 };

/* Nor is anybody silent before all is stored that was said. */
static void explain_evidence(const struct campaign *campaign, char *words, size_t size)
{
    size_t used = strlen(words);
    if (snapshot_in_flight(&campaign->snapshot) > 0 &&
        campaign->now - campaign->evidence > EVIDENCE_BEHIND_SECONDS)
        snprintf(words + used, size - used, "; deadlines wait for reports that are not stored yet");
}

/* Members are left to be offered, and nobody is at work. */
static bool stands_still(const struct campaign *campaign, int wave)
{
    return campaign->snapshot.state == CAMPAIGN_RUNNING &&
           campaign->snapshot.waves[wave].counts[TARGET_PENDING] > 0 &&
           snapshot_in_flight(&campaign->snapshot) == 0;
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
        bool soaks = wave->state == WAVE_SOAKING;
        if ((wave->state != WAVE_OPEN && !soaks && !waits_for_approval) || wave->members == 0)
            continue;
        struct gate_verdict verdict;
        if (waits_for_approval)
            snprintf(verdict.words, sizeof verdict.words, "waits for %lld more approval%s",
                     (long long)wave->approvals_missing, wave->approvals_missing == 1 ? "" : "s");
        else
            gate_judge(&campaign->policy.waves[i].gate, wave->members, wave->counts, wave->excused, &verdict);
        char words[sizeof verdict.words + 300];
        snprintf(words, sizeof words, "%s", verdict.words);
        if (soaks)
            add_end_of_soak(campaign, wave->soak_until, words, sizeof words);
        bool still = stands_still(campaign, i);
        if (still && explain_offline(work, i, store, words, sizeof words, error) != STATUS_OK)
            return error->status;
        explain_windows(work, i, words, sizeof words);
        explain_unwritten(campaign, i, words, sizeof words);
        explain_evidence(campaign, words, sizeof words);
        if (still && tick_explain_overlap(work, store, words, sizeof words, error) != STATUS_OK)
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

enum status tick_decide(struct tick_work *work, struct store *store, struct error *error)
{
    for (;;) {
        struct action action = decide(&work->campaign.snapshot, &work->campaign.policy, work->campaign.clock);
        if (action.kind == ACTION_NONE)
            return explain_waves(work, store, error);
        if (apply(work, store, &action, error) != STATUS_OK)
            return error->status;
    }
}
