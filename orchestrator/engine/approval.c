#include "approval.h"

#include <stdio.h>
#include <string.h>

#include "operate.h"
#include "store_sql.h"

/* Whether the policy wants this point approved. */
static bool is_wanted(const struct campaign *campaign, const char *point)
{
    const struct policy *policy = &campaign->policy;
    if (strcmp(point, APPROVAL_OF_START) == 0)
        return policy->approval.before_start;
    for (int i = 0; i < policy->wave_count; i++) {
        if (strcmp(policy->waves[i].name, point) == 0)
            return (policy->approval.before_waves >> i & 1) != 0;
    }
    return false;
}

enum status approval_missing(struct store *store, const struct campaign *campaign, const char *point,
                             int64_t *missing, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    *missing = 0;
    if (!is_wanted(campaign, point))
        return STATUS_OK;
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, point);
    if (store_run(store, &SQL_APPROVAL_COUNT, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *missing = campaign->policy.approval.approvers - store_rows_integer(rows, 0, 0);
    if (*missing < 0)
        *missing = 0;
    store_rows_free(rows);
    return STATUS_OK;
}

struct approval_work {
    const struct actor *actor;
    const char *campaign, *point, *reason;
    bool changed;
    int64_t missing;
};

static enum status check(const struct campaign *campaign, const struct approval_work *work,
                         struct error *error)
{
    bool of_start = strcmp(work->point, APPROVAL_OF_START) == 0;
    if (!is_wanted(campaign, work->point))
        return error_set(error, STATUS_INVALID, "wave", "the policy of %s wants no approval before %s%s",
                         campaign->name, of_start ? "the start" : "wave ", work->point);
    if (strcmp(work->actor->name, campaign->created_by) == 0)
        return error_set(error, STATUS_DENIED, NULL, "%s has created %s: somebody else must approve it",
                         campaign->created_by, campaign->name);
    if (campaign_state_stops(campaign->snapshot.state) || campaign_state_ended(campaign->snapshot.state))
        return error_set(error, STATUS_CONFLICT, "campaign", "%s is %s: there is nothing to approve",
                         campaign->name, campaign_state_name(campaign->snapshot.state));
    return STATUS_OK;
}

static enum status add(struct store *store, const struct campaign *campaign, struct approval_work *work,
                       struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    char detail[200];
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, work->point);
    store_put_text(&parameters, work->actor->name);
    store_put_text(&parameters, work->reason);
    if (store_run(store, &SQL_APPROVAL_ADD, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    work->changed = store_rows_affected(rows) == 1;
    store_rows_free(rows);
    if (approval_missing(store, campaign, work->point, &work->missing, error) != STATUS_OK)
        return error->status;
    if (!work->changed)
        return STATUS_OK;
    /* Names of waves need no escapes. */
    snprintf(detail, sizeof detail, "{\"before\": \"%s\", \"wanted\": %lld, \"missing\": %lld}",
             work->point[0] == '\0' ? "start" : work->point, (long long)campaign->policy.approval.approvers,
             (long long)work->missing);
    return audit_add(store, work->actor->name, "approve", campaign->name, work->reason, detail, error);
}

static enum status approve(struct store *store, void *context, struct error *error)
{
    struct approval_work *work = context;
    struct arena arena = {0};
    struct campaign campaign;
    int64_t number = 0;
    bool found = false;
    work->changed = false;
    enum status status = campaign_resolve(store, work->campaign, &number, error);
    if (status == STATUS_OK)
        status = campaign_load(store, number, CAMPAIGN_WAIT, &arena, &campaign, &found, error);
    if (status == STATUS_OK && found)
        status = check(&campaign, work, error);
    if (status == STATUS_OK && found)
        status = add(store, &campaign, work, error);
    if (status == STATUS_OK && found && work->missing == 0 &&
        campaign.snapshot.state == CAMPAIGN_AWAITING_APPROVAL && work->point[0] == '\0')
        status = campaign_move(store, &campaign, CAMPAIGN_EVENT_APPROVED, work->actor->name, work->reason,
                               NULL, error);
    arena_release(&arena);
    return status;
}

enum status operate_campaign_approve(struct store *store, const struct actor *actor, const char *campaign,
                                     const char *wave, const char *reason, bool *changed, int64_t *missing,
                                     struct error *error)
{
    struct approval_work work = {.actor = actor,
                                 .campaign = campaign,
                                 .point = wave != NULL ? wave : APPROVAL_OF_START,
                                 .reason = reason != NULL ? reason : ""};
    enum status status = store_transaction(store, approve, &work, error);
    *changed = status == STATUS_OK && work.changed;
    *missing = work.missing;
    return status;
}
