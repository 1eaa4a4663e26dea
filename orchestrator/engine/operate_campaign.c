#include <stdio.h>
#include <string.h>

#include "approval.h"
#include "campaign.h"
#include "fill.h"
#include "membership.h"
#include "names.h"
#include "operate.h"
#include "release.h"
#include "resume.h"
#include "rollback.h"
#include "signing.h"
#include "start.h"
#include "store_sql.h"

static const char *const command_names[] = {
#define X(name, text) [name] = text,
    CAMPAIGN_COMMAND_LIST(X)
#undef X
};

const char *campaign_command_name(enum campaign_command command)
{
    return command_names[command];
}

bool campaign_command_parse(const char *text, enum campaign_command *command)
{
    int found;
    if (!name_find(command_names, NAME_COUNT(command_names), text, &found))
        return false;
    *command = (enum campaign_command)found;
    return true;
}

/* --- commands --------------------------------------------------------------------------------------- */

struct command_work {
    const struct actor *actor;
    const char *name;
    const struct campaign_order *order;
    const char *reason; /* never NULL */
    bool changed;
    char plan[CAMPAIGN_PLAN_SIZE];
};

/* What is asked for is already so. A campaign that is paused may be told to stop its downloads, too. */
static bool is_done(const struct campaign_order *order, enum campaign_state state)
{
    switch (order->command) {
    case CAMPAIGN_START:
        return state == CAMPAIGN_AWAITING_APPROVAL || state == CAMPAIGN_SCHEDULED ||
               state == CAMPAIGN_RUNNING;
    case CAMPAIGN_PAUSE:
        return state == CAMPAIGN_PAUSED && order->downloads != DOWNLOADS_STOPPED;
    case CAMPAIGN_RESUME:
        return state == CAMPAIGN_RUNNING;
    case CAMPAIGN_CANCEL:
        return state == CAMPAIGN_CANCELLED;
    case CAMPAIGN_ROLLBACK:
        return state == CAMPAIGN_ROLLING_BACK;
    }
    return false;
}

/* A rollback is not held up: it leads away from what may be bad. */
static enum status check_signed(struct store *store, const struct campaign *campaign, struct error *error)
{
    if (campaign->is_rollback)
        return STATUS_OK;
    return campaign_check_signed(store, campaign, "campaign", error);
}

/* While members of another campaign are being written they look free: whoever must have no device of others
 * cannot be told so. */
static enum status check_free(struct store *store, const struct campaign *campaign, struct error *error)
{
    char why[200];
    if (campaign->plan == 0 && campaign->overlap != OVERLAP_REFUSE)
        return STATUS_OK;
    if (fill_check_free(store, campaign->ptype, why, sizeof why, error) != STATUS_OK)
        return error->status;
    return why[0] == '\0' ? STATUS_OK
                          : error_set(error, STATUS_CONFLICT, "campaign", "%s: try again then", why);
}

/* A plan runs as it was shown, or not at all. */
static enum status check_plan(struct store *store, const struct campaign *campaign,
                              const struct membership *membership, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    if (membership->taken > 0 && !overlap_waits(campaign->overlap))
        return error_set(
            error, STATUS_CONFLICT, "plan",
            "%lld devices of plan %lld are in other live campaigns now (%.200s): make another plan",
            (long long)membership->taken, (long long)campaign->plan, membership->campaigns);
    store_put_integer(&parameters, campaign->plan);
    store_put_integer(&parameters, campaign->number);
    if (store_run(store, &SQL_PLAN_RIVAL, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) > 0)
        status = error_set(error, STATUS_CONFLICT, "plan", "%s is about to run plan %lld: make another plan",
                           store_rows_text(rows, 0, 0), (long long)campaign->plan);
    store_rows_free(rows);
    return status;
}

static enum status check_selection(const struct campaign *campaign, const struct membership *membership,
                                   struct error *error)
{
    if (membership->free > 0 || (membership->taken > 0 && overlap_waits(campaign->overlap)))
        return STATUS_OK;
    return error_set(
        error, STATUS_CONFLICT, "campaign",
        "no device is eligible: it must be of ptype %d, run a version that matches %s and is "
        "lower than %s, have the tags and be selected, support online upgrades, be of a product that takes %s, "
        "and be in no quarantine and no other live campaign",
        campaign->ptype, campaign->from_rule[0] == '\0' ? "* (any)" : campaign->from_rule,
        campaign->firmware_version, campaign->firmware_version);
}

static enum status check_refusal(const struct campaign *campaign, const struct membership *membership,
                                 struct error *error)
{
    if (membership->taken == 0 || campaign->overlap != OVERLAP_REFUSE)
        return STATUS_OK;
    return error_set(error, STATUS_CONFLICT, "overlap", OVERLAP_REFUSED, (long long)membership->taken,
                     membership->campaigns);
}

/* A draft has devices, and may have them. `detail` is what the audit says of them. */
static enum status check_members(struct store *store, const struct campaign *campaign, char *detail,
                                 size_t size, struct error *error)
{
    struct arena arena = {0};
    struct membership membership = {0};
    enum status status = check_free(store, campaign, error);
    if (status == STATUS_OK)
        status = membership_count(store, campaign, &arena, &membership, error);
    if (status == STATUS_OK)
        status = check_refusal(campaign, &membership, error);
    if (status == STATUS_OK)
        status = campaign->plan != 0 ? check_plan(store, campaign, &membership, error)
                                     : check_selection(campaign, &membership, error);
    if (campaign->plan != 0)
        snprintf(detail, size, "{\"plan\": %lld}", (long long)campaign->plan);
    else
        snprintf(detail, size, "{\"eligible\": %lld, \"in_other_campaigns\": %lld}",
                 (long long)membership.free, (long long)membership.taken);
    arena_release(&arena);
    return status;
}

static enum status start(struct store *store, struct campaign *campaign, const struct command_work *work,
                         struct error *error)
{
    char detail[100] = "{}";
    if (check_signed(store, campaign, error) != STATUS_OK ||
        (campaign->snapshot.state == CAMPAIGN_DRAFT &&
         check_members(store, campaign, detail, sizeof detail, error) != STATUS_OK))
        return error->status;
    int64_t missing = 0;
    if (approval_missing(store, campaign, APPROVAL_OF_START, &missing, error) != STATUS_OK)
        return error->status;
    return campaign_move(store, campaign, missing > 0 ? CAMPAIGN_EVENT_SUBMIT : CAMPAIGN_EVENT_START,
                         work->actor->name, work->reason, detail, error);
}

/* What becomes of the devices that have something. */
static void plan_pause(const struct campaign *campaign, bool stops, char *plan, size_t size)
{
    const struct campaign_snapshot *snapshot = &campaign->snapshot;
    long long offered = snapshot_count(snapshot, TARGET_OFFERED),
              downloads =
                  snapshot_count(snapshot, TARGET_ACCEPTED) + snapshot_count(snapshot, TARGET_DOWNLOADING),
              flipped = snapshot_count(snapshot, TARGET_INSTALLED) + snapshot_count(snapshot, TARGET_TRIAL);
    snprintf(
        plan, size,
        "no new offers, %lld members wait; %lld offers without an answer are withdrawn; %lld downloads %s; "
        "%lld devices that have installed it go on to their end",
        (long long)snapshot_count(snapshot, TARGET_PENDING), offered, downloads,
        stops ? "are stopped, and offered anew after a resume" : "go on", flipped);
}

static enum status pause_or_stop(struct store *store, struct campaign *campaign, struct command_work *work,
                                 struct error *error)
{
    const struct campaign_order *order = work->order;
    bool is_paused = campaign->snapshot.state == CAMPAIGN_PAUSED;
    bool stops =
        order->downloads == DOWNLOADS_STOPPED ||
        (order->downloads == DOWNLOADS_BY_POLICY && campaign->policy.on_pause == ON_PAUSE_STOP_DOWNLOADS);
    if (!is_paused && campaign_edge_find(campaign->snapshot.state, CAMPAIGN_EVENT_PAUSE) == NULL)
        return campaign_move(store, campaign, CAMPAIGN_EVENT_PAUSE, work->actor->name, work->reason, NULL,
                             error); /* says why not */
    plan_pause(campaign, stops, work->plan, sizeof work->plan);
    if (order->only_plan)
        return STATUS_OK;
    if (is_paused)
        return campaign_stop_downloads(store, campaign, work->actor->name, work->reason, &work->changed,
                                       error);
    return campaign_pause(store, campaign, work->actor->name, work->reason, stops, error);
}

static enum status resume(struct store *store, struct campaign *campaign, struct command_work *work,
                          struct error *error)
{
    struct resume resume = {.actor = work->actor->name,
                            .reason = work->reason,
                            .accepts_no_success = work->order->accepts_no_success,
                            .only_plan = work->order->only_plan,
                            .plan = work->plan,
                            .plan_size = sizeof work->plan};
    return campaign_resume(store, campaign, &resume, error);
}

static enum status roll_back(struct store *store, struct campaign *campaign, struct command_work *work,
                             struct error *error)
{
    if (campaign->is_rollback)
        return error_set(error, STATUS_CONFLICT, "campaign", "%s is itself a rollback", campaign->name);
    struct rollback_numbers numbers;
    if (rollback_count(store, campaign, &numbers, error) != STATUS_OK)
        return error->status;
    /* Nobody was left out who could go back by now. */
    if (numbers.devices == 0 && campaign->snapshot.state == CAMPAIGN_ROLLED_BACK) {
        work->changed = false;
        return STATUS_OK;
    }
    /* One that is still under way is stopped all the same. */
    if (numbers.devices == 0 && campaign_state_ended(campaign->snapshot.state))
        return error_set(error, STATUS_CONFLICT, "campaign",
                         "no device of %s would go back: its rollback plan says why", campaign->name);
    return campaign_stop(store, campaign, CAMPAIGN_EVENT_ROLLBACK, work->actor->name, work->reason,
                         "rolled_back", numbers.detail, error);
}

/* Of one that is rolling back only what has not begun: after that its rollback is the one to cancel. */
static enum status cancel(struct store *store, struct campaign *campaign, const struct command_work *work,
                          struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    if (campaign->snapshot.state == CAMPAIGN_ROLLING_BACK) {
        store_put_integer(&parameters, campaign->number);
        if (store_run(store, &SQL_ROLLBACK_FIND, &parameters, &rows, error) != STATUS_OK)
            return error->status;
        bool has_begun = store_rows_count(rows) > 0;
        enum campaign_state state = CAMPAIGN_DRAFT;
        if (has_begun && campaign_state_parse(store_rows_text(rows, 0, 2), &state) &&
            campaign_state_ended(state))
            error_set(error, STATUS_CONFLICT, "campaign",
                      "%s is rolling back: its rollback, %s, is %s; wait for it to follow", campaign->name,
                      store_rows_text(rows, 0, 1), campaign_state_name(state));
        else if (has_begun)
            error_set(error, STATUS_CONFLICT, "campaign", "%s is rolling back: cancel its rollback, %s",
                      campaign->name, store_rows_text(rows, 0, 1));
        store_rows_free(rows);
        if (has_begun)
            return STATUS_CONFLICT;
    }
    return campaign_stop(store, campaign, CAMPAIGN_EVENT_CANCEL, work->actor->name, work->reason,
                         "campaign_cancelled", NULL, error);
}

static enum status command(struct store *store, void *context, struct error *error)
{
    struct command_work *work = context;
    struct arena arena = {0};
    struct campaign campaign;
    int64_t number = 0;
    bool found = false;
    work->changed = false;
    work->plan[0] = '\0';
    enum status status = campaign_resolve(store, work->name, &number, error);
    if (status == STATUS_OK)
        status = campaign_load(store, number, CAMPAIGN_WAIT, &arena, &campaign, &found, error);
    if (status == STATUS_OK && found && !is_done(work->order, campaign.snapshot.state)) {
        work->changed = !work->order->only_plan;
        switch (work->order->command) {
        case CAMPAIGN_START:
            status = start(store, &campaign, work, error);
            break;
        case CAMPAIGN_PAUSE:
            status = pause_or_stop(store, &campaign, work, error);
            break;
        case CAMPAIGN_RESUME:
            status = resume(store, &campaign, work, error);
            break;
        case CAMPAIGN_CANCEL:
            status = cancel(store, &campaign, work, error);
            break;
        case CAMPAIGN_ROLLBACK:
            status = roll_back(store, &campaign, work, error);
            break;
        }
    }
    arena_release(&arena);
    return status;
}

static bool has_plan(enum campaign_command command)
{
    return command == CAMPAIGN_PAUSE || command == CAMPAIGN_RESUME;
}

static enum status check_order(const struct campaign_order *order, struct error *error)
{
    if (order->only_plan && !has_plan(order->command))
        return error_set(error, STATUS_INVALID, "plan_only", "%s has no plan",
                         campaign_command_name(order->command));
    if (order->accepts_no_success && order->command != CAMPAIGN_RESUME)
        return error_set(error, STATUS_INVALID, "accept_no_success", "is for resume");
    if (order->downloads != DOWNLOADS_BY_POLICY && order->command != CAMPAIGN_PAUSE)
        return error_set(error, STATUS_INVALID, "stop_downloads", "is for pause");
    return STATUS_OK;
}

enum status operate_campaign_order(struct store *store, const struct actor *actor, const char *campaign,
                                   const struct campaign_order *order, struct campaign_done *done,
                                   struct error *error)
{
    struct command_work work = {.actor = actor,
                                .name = campaign,
                                .order = order,
                                .reason = order->reason != NULL ? order->reason : ""};
    *done = (struct campaign_done){0};
    if (check_order(order, error) != STATUS_OK)
        return error->status;
    enum status status = store_transaction(store, command, &work, error);
    if (status != STATUS_OK)
        return status;
    done->changed = work.changed;
    snprintf(done->plan, sizeof done->plan, "%s", work.plan);
    return STATUS_OK;
}

enum status operate_campaign_command(struct store *store, const struct actor *actor, const char *campaign,
                                     enum campaign_command what, const char *reason, bool *changed,
                                     struct error *error)
{
    struct campaign_order order = {.command = what, .reason = reason};
    struct campaign_done done;
    enum status status = operate_campaign_order(store, actor, campaign, &order, &done, error);
    *changed = done.changed;
    return status;
}

enum status campaign_start_now(struct store *store, const struct actor *actor, const char *name,
                               struct error *error)
{
    struct campaign_order order = {.command = CAMPAIGN_START};
    struct command_work work = {.actor = actor, .name = name, .order = &order, .reason = ""};
    return command(store, &work, error);
}
