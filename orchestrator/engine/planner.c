#include "planner.h"

#include <stdio.h>

#include "array.h"
#include "membership.h"
#include "rollback.h"
#include "store_sql.h"
#include "zones.h"

static enum status create_waves(struct store *store, const struct campaign *campaign, struct error *error)
{
    struct array names = {0};
    for (int i = 0; i < campaign->policy.wave_count; i++)
        array_put_text(&names, campaign->policy.waves[i].name);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, array_text(&names));
    enum status status = store_run(store, &SQL_WAVE_CREATE, &parameters, NULL, error);
    array_release(&names);
    return status;
}

/* A plan's devices, or those that are eligible now. */
static enum status create_targets(struct store *store, const struct campaign *campaign, struct error *error)
{
    if (campaign->plan == 0)
        return membership_to_targets(store, campaign, error);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, campaign->plan);
    store_put_text(&parameters, campaign->firmware_version);
    store_put_integer(&parameters, campaign->firmware);
    store_put_boolean(&parameters, overlap_waits(campaign->overlap));
    if (store_run(store, &SQL_PLANNED_MEMORY, NULL, NULL, error) != STATUS_OK ||
        store_run(store, &SQL_PLAN_TAKE, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    return membership_note_paths(store, campaign, error);
}

static enum status count_members(struct store *store, const struct campaign *campaign, int64_t *members,
                                 int64_t *queued, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    struct store_rows *rows;
    if (store_run(store, &SQL_CAMPAIGN_MEMBERS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *members = store_rows_integer(rows, 0, 0);
    *queued = store_rows_integer(rows, 0, 1);
    store_rows_free(rows);
    return STATUS_OK;
}

/* Between its start and its planning another campaign may have taken devices of one that refuses overlap. */
static enum status find_refusal(struct store *store, const struct campaign *campaign, char *reason,
                                size_t size, struct error *error)
{
    struct arena arena = {0};
    struct membership membership = {0};
    reason[0] = '\0';
    if (campaign->is_rollback || campaign->overlap != OVERLAP_REFUSE)
        return STATUS_OK;
    enum status status = membership_count(store, campaign, &arena, &membership, error);
    if (membership.taken > 0)
        snprintf(reason, size, OVERLAP_REFUSED, (long long)membership.taken, membership.campaigns);
    arena_release(&arena);
    return status;
}

enum status planner_plan(struct store *store, struct campaign *campaign, struct error *error)
{
    int64_t members = 0, queued = 0;
    struct rollback_numbers numbers = {0};
    char words[200] = "", reason[400];
    if (find_refusal(store, campaign, reason, sizeof reason, error) != STATUS_OK)
        return error->status;
    if (reason[0] != '\0')
        return campaign_move(store, campaign, CAMPAIGN_EVENT_CANCEL, ACTOR_ORCHESTRATOR, reason, NULL, error);
    if (create_waves(store, campaign, error) != STATUS_OK)
        return error->status;
    enum status status = campaign->is_rollback
                             ? rollback_to_targets(store, campaign, &numbers, words, sizeof words, error)
                             : create_targets(store, campaign, error);
    if (status != STATUS_OK || count_members(store, campaign, &members, &queued, error) != STATUS_OK)
        return error->status;
    if (queued > 0)
        snprintf(words, sizeof words, "; %lld of them wait for other campaigns", (long long)queued);
    if (!campaign->is_rollback)
        snprintf(numbers.detail, sizeof numbers.detail, "{\"members\": %lld, \"queued\": %lld}",
                 (long long)members, (long long)queued);
    if (zones_note(store, campaign, error) != STATUS_OK)
        return error->status;
    if (members == 0) {
        snprintf(reason, sizeof reason, "no device was eligible when it was planned%s", words);
        /* Nothing was rolled out: whoever waits for "completed" must not take it for done. A rollback of
         * nobody is. */
        enum campaign_event event = campaign->is_rollback ? CAMPAIGN_EVENT_COMPLETE : CAMPAIGN_EVENT_CANCEL;
        return campaign_move(store, campaign, event, ACTOR_ORCHESTRATOR, reason, numbers.detail, error);
    }
    snprintf(reason, sizeof reason, "%lld members%s", (long long)members, words);
    return campaign_move(store, campaign, CAMPAIGN_EVENT_PLANNED, ACTOR_ORCHESTRATOR, reason, numbers.detail,
                         error);
}
