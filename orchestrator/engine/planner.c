#include "planner.h"

#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "membership.h"
#include "policy_json.h"
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
    if (store_run(store, &SQL_PLAN_TAKE, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    return membership_note_paths(store, campaign, error);
}

static enum status create_rollback_targets(struct store *store, const struct campaign *campaign,
                                           struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, campaign->parent);
    return store_run(store, &SQL_PLAN_ROLLBACK, &parameters, NULL, error);
}

static enum status count_members(struct store *store, const struct campaign *campaign, int64_t *members,
                                 struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    struct store_rows *rows;
    if (store_run(store, &SQL_CAMPAIGN_MEMBERS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *members = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

/* Whom a rollback could not take, for those who asked for it. */
static enum status explain_left_out(struct store *store, const struct campaign *campaign, char *text,
                                    size_t size, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, campaign->parent);
    struct store_rows *rows;
    if (store_run(store, &SQL_PLAN_ROLLBACK_LEFT, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    int64_t busy = store_rows_integer(rows, 0, 0), unknown = store_rows_integer(rows, 0, 1);
    store_rows_free(rows);
    text[0] = '\0';
    if (busy + unknown > 0)
        snprintf(text, size,
                 "; left out: %lld in another live campaign, %lld whose previous image is not known",
                 (long long)busy, (long long)unknown);
    return STATUS_OK;
}

enum status planner_plan(struct store *store, struct campaign *campaign, struct error *error)
{
    int64_t members = 0;
    char left_out[120] = "", reason[200], detail[64];
    if (create_waves(store, campaign, error) != STATUS_OK)
        return error->status;
    enum status status = campaign->is_rollback ? create_rollback_targets(store, campaign, error)
                                               : create_targets(store, campaign, error);
    if (status != STATUS_OK || count_members(store, campaign, &members, error) != STATUS_OK)
        return error->status;
    if (campaign->is_rollback &&
        explain_left_out(store, campaign, left_out, sizeof left_out, error) != STATUS_OK)
        return error->status;
    snprintf(detail, sizeof detail, "{\"members\": %lld}", (long long)members);
    if (zones_note(store, campaign, error) != STATUS_OK)
        return error->status;
    if (members == 0) {
        snprintf(reason, sizeof reason, "no device was eligible when it was planned%s", left_out);
        /* Nothing was rolled out: whoever waits for "completed" must not take it for done. A rollback of
         * nobody is. */
        enum campaign_event event = campaign->is_rollback ? CAMPAIGN_EVENT_COMPLETE : CAMPAIGN_EVENT_CANCEL;
        return campaign_move(store, campaign, event, ACTOR_ORCHESTRATOR, reason, detail, error);
    }
    snprintf(reason, sizeof reason, "%lld members%s", (long long)members, left_out);
    return campaign_move(store, campaign, CAMPAIGN_EVENT_PLANNED, ACTOR_ORCHESTRATOR, reason, detail, error);
}

enum status planner_make_rollback(struct store *store, const struct campaign *campaign, struct error *error)
{
    /* One wave of everybody, with the parent's last gate, cap, rate and timeouts; nothing to roll back to
     * after it. */
    struct policy policy = campaign->policy;
    policy.waves[0] = policy.waves[policy.wave_count - 1];
    policy.waves[0].size = (struct wave_size){.kind = WAVE_SIZE_REST};
    policy.waves[0].soak_seconds = 0;
    snprintf(policy.waves[0].name, sizeof policy.waves[0].name, "rollback");
    policy.wave_count = 1;
    policy.on_halt = ON_HALT_PAUSE;
    policy.approval = (struct approval_policy){0};
    policy.windows.count = 0; /* what does not work is taken back at once */
    char *text = policy_json_format(&policy);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, text);
    store_put_integer(&parameters, campaign->seed);
    struct store_rows *rows;
    enum status status = store_run(store, &SQL_ROLLBACK_CREATE, &parameters, &rows, error);
    free(text);
    if (status != STATUS_OK)
        return status;
    status = audit_add(store, ACTOR_ORCHESTRATOR, "create", store_rows_text(rows, 0, 1),
                       "takes the devices back", "{}", error);
    store_rows_free(rows);
    return status;
}
