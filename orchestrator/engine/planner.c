#include "planner.h"

#include <stdio.h>

#include "array.h"
#include "fill.h"
#include "membership.h"
#include "rollback.h"
#include "store_sql.h"

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

/* Of a rollback, whose targets are written at once. */
static enum status count_members(struct store *store, const struct campaign *campaign, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    return store_run(store, &SQL_CAMPAIGN_MEMBERS, &parameters, NULL, error);
}

/* Between its start and its planning another campaign may have taken devices of one that refuses overlap. */
static enum status find_refusal(struct store *store, const struct campaign *campaign, char *reason,
                                size_t size, struct error *error)
{
    struct arena arena = {0};
    struct membership membership = {0};
    reason[0] = '\0';
    if (campaign->overlap != OVERLAP_REFUSE)
        return STATUS_OK;
    enum status status = membership_count(store, campaign, &arena, &membership, error);
    if (membership.taken > 0)
        snprintf(reason, size, OVERLAP_REFUSED, (long long)membership.taken, membership.campaigns);
    arena_release(&arena);
    return status;
}

static enum status plan_rollback(struct store *store, struct campaign *campaign, struct error *error)
{
    struct rollback_numbers numbers = {0};
    char words[200] = "", reason[400];
    if (create_waves(store, campaign, error) != STATUS_OK ||
        rollback_to_targets(store, campaign, &numbers, words, sizeof words, error) != STATUS_OK ||
        count_members(store, campaign, error) != STATUS_OK)
        return error->status;
    int64_t members = numbers.devices;
    /* A rollback of nobody is done. */
    if (members == 0)
        snprintf(reason, sizeof reason, "no device was eligible when it was planned%s", words);
    else
        snprintf(reason, sizeof reason, "%lld members%s", (long long)members, words);
    return campaign_move(store, campaign, members == 0 ? CAMPAIGN_EVENT_COMPLETE : CAMPAIGN_EVENT_PLANNED,
                         ACTOR_ORCHESTRATOR, reason, numbers.detail, error);
}

static enum status plan_update(const struct engine *engine, struct store *store, struct campaign *campaign,
                               struct error *error)
{
    struct fill_members members = {0};
    char queued[80] = "", left_out[80] = "", reason[400], detail[120];
    if (find_refusal(store, campaign, reason, sizeof reason, error) != STATUS_OK)
        return error->status;
    if (reason[0] != '\0')
        return campaign_move(store, campaign, CAMPAIGN_EVENT_CANCEL, ACTOR_ORCHESTRATOR, reason, NULL, error);
    if (create_waves(store, campaign, error) != STATUS_OK ||
        fill_begin(store, campaign, &members, error) != STATUS_OK ||
        fill_go_on(engine, store, campaign, error) != STATUS_OK)
        return error->status;
    if (members.queued > 0)
        snprintf(queued, sizeof queued, "; %lld of them wait for other campaigns", (long long)members.queued);
    if (members.left_out > 0)
        snprintf(left_out, sizeof left_out, "; %lld more of the plan are in other campaigns now",
                 (long long)members.left_out);
    snprintf(detail, sizeof detail, "{\"members\": %lld, \"queued\": %lld, \"left_out\": %lld}",
             (long long)members.count, (long long)members.queued, (long long)members.left_out);
    bool is_empty = members.count == 0;
    if (is_empty)
        snprintf(reason, sizeof reason, "no device was eligible when it was planned%s", left_out);
    else
        snprintf(reason, sizeof reason, "%lld members%s%s", (long long)members.count, queued, left_out);
    /* Nothing was rolled out: whoever waits for "completed" must not take it for done. */
    return campaign_move(store, campaign, is_empty ? CAMPAIGN_EVENT_CANCEL : CAMPAIGN_EVENT_PLANNED,
                         ACTOR_ORCHESTRATOR, reason, detail, error);
}

enum status planner_plan(const struct engine *engine, struct store *store, struct campaign *campaign,
                         struct error *error)
{
    char why[200];
    if (campaign->is_rollback)
        return plan_rollback(store, campaign, error);
    if (fill_lock(store, campaign->ptype, why, sizeof why, error) != STATUS_OK)
        return error->status;
    return why[0] == '\0' ? plan_update(engine, store, campaign, error)
                          : campaign_explain(store, campaign, why, error);
}
