#include "fill.h"

#include <stdio.h>

#include "log.h"
#include "membership.h"
#include "store_sql.h"
#include "zones.h"

/* A tenth of a second's work or two: deadlines, gates and offers are looked at between slices. */
enum { FILL_ROWS = 5000 };

enum status fill_check_free(struct store *store, int ptype, char *why, size_t size, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, ptype);
    if (store_run(store, &SQL_FILL_OTHER, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    why[0] = '\0';
    if (store_rows_count(rows) > 0)
        snprintf(why, size, "waits until the members of campaign %s are written (%s of %s are missing)",
                 store_rows_text(rows, 0, 0), store_rows_text(rows, 0, 1), store_rows_text(rows, 0, 2));
    store_rows_free(rows);
    return STATUS_OK;
}

enum status fill_lock(struct store *store, int ptype, char *why, size_t size, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, ptype);
    if (store_run(store, &SQL_FILL_LOCK, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool is_ours = store_rows_boolean(rows, 0, 0);
    store_rows_free(rows);
    if (is_ours)
        return fill_check_free(store, ptype, why, size, error);
    snprintf(why, size, "waits while another campaign of the ptype is planned");
    return STATUS_OK;
}

static enum status make_plan(struct store *store, struct campaign *campaign, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, campaign->number);
    if (store_run(store, &SQL_PLAN_OF_CAMPAIGN, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    campaign->members_plan = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return membership_to_plan(store, campaign, campaign->members_plan, false, error);
}

static enum status use_plan(struct store *store, const struct campaign *campaign, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->members_plan);
    if (store_run(store, &SQL_PLANNED_MEMORY, NULL, NULL, error) != STATUS_OK)
        return error->status;
    return store_run(store, &SQL_PLAN_USE, &parameters, NULL, error);
}

static enum status leave_plan(struct store *store, const struct campaign *campaign, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->members_plan);
    return store_run(store, &SQL_PLAN_USED, &parameters, NULL, error);
}

enum status fill_begin(struct store *store, struct campaign *campaign, int64_t *members, int64_t *queued,
                       struct error *error)
{
    campaign->members_plan = campaign->plan;
    if (campaign->plan == 0 && make_plan(store, campaign, error) != STATUS_OK)
        return error->status;
    if (use_plan(store, campaign, error) != STATUS_OK)
        return error->status;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, campaign->members_plan);
    store_put_boolean(&parameters, overlap_waits(campaign->overlap));
    if (store_run(store, &SQL_PLAN_MEMBERS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *members = store_rows_integer(rows, 0, 0);
    *queued = store_rows_integer(rows, 0, 1);
    store_rows_free(rows);
    campaign->unwritten = *members;
    campaign->written_to = 0;
    return *members > 0 ? STATUS_OK : leave_plan(store, campaign, error);
}

/* Only what other campaigns did not get by being planned: rollbacks, and attempts that are made again. */
static enum status audit_left_out(struct store *store, struct campaign *campaign, int64_t devices,
                                  struct error *error)
{
    char reason[150], detail[60];
    if (devices == 0)
        return STATUS_OK;
    if (campaign_read_waves(store, campaign, error) != STATUS_OK) /* they have so many less */
        return error->status;
    snprintf(reason, sizeof reason,
             "%lld members were left to other campaigns, which took them before their targets were written",
             (long long)devices);
    snprintf(detail, sizeof detail, "{\"devices\": %lld}", (long long)devices);
    return audit_add(store, ACTOR_ORCHESTRATOR, "leave_out", campaign->name, reason, detail, error);
}

enum status fill_go_on(const struct engine *engine, struct store *store, struct campaign *campaign,
                       struct error *error)
{
    if (campaign->unwritten == 0)
        return STATUS_OK;
    int64_t after = campaign->written_to;
    int64_t up_to = after + (engine->fill_rows > 0 ? engine->fill_rows : FILL_ROWS);
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    if (membership_note_paths(store, campaign, error) != STATUS_OK)
        return error->status;
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, campaign->members_plan);
    store_put_integer(&parameters, after);
    store_put_integer(&parameters, up_to);
    store_put_text(&parameters, campaign->firmware_version);
    store_put_integer(&parameters, campaign->firmware);
    store_put_boolean(&parameters, overlap_waits(campaign->overlap));
    if (store_run(store, &SQL_TARGET_FILL, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    campaign->unwritten = store_rows_integer(rows, 0, 0);
    campaign->written_to = up_to;
    int64_t left_out = store_rows_integer(rows, 0, 1);
    store_rows_free(rows);
    if (zones_note(store, campaign, after, up_to, error) != STATUS_OK ||
        audit_left_out(store, campaign, left_out, error) != STATUS_OK)
        return error->status;
    if (campaign->unwritten > 0)
        return STATUS_OK;
    if (after > 0)
        log_write(LOG_INFO, "targets_written", "campaign", campaign->name, NULL);
    return leave_plan(store, campaign, error);
}
