#include "fill.h"

#include <stdio.h>

#include "array.h"
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

static enum status run_on_plan(struct store *store, const struct store_statement *statement,
                               const struct campaign *campaign, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->members_plan);
    return store_run(store, statement, &parameters, NULL, error);
}

static enum status use_plan(struct store *store, const struct campaign *campaign, struct error *error)
{
    if (store_run(store, &SQL_PLANNED_MEMORY, NULL, NULL, error) != STATUS_OK)
        return error->status;
    return run_on_plan(store, &SQL_PLAN_USE, campaign, error);
}

static enum status leave_plan(struct store *store, const struct campaign *campaign, struct error *error)
{
    return run_on_plan(store, &SQL_PLAN_USED, campaign, error);
}

enum status fill_begin(struct store *store, struct campaign *campaign, struct fill_members *members,
                       struct error *error)
{
    campaign->members_plan = campaign->plan;
    if ((campaign->plan != 0 ? use_plan(store, campaign, error) : make_plan(store, campaign, error)) !=
        STATUS_OK)
        return error->status;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, campaign->members_plan);
    store_put_boolean(&parameters, overlap_waits(campaign->overlap));
    if (store_run(store, &SQL_PLAN_MEMBERS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *members = (struct fill_members){store_rows_integer(rows, 0, 0), store_rows_integer(rows, 0, 1),
                                     store_rows_integer(rows, 0, 2)};
    store_rows_free(rows);
    campaign->unwritten = members->count;
    campaign->written_to = 0;
    return members->count > 0 ? STATUS_OK : leave_plan(store, campaign, error);
}

/* Not those that others got by being planned, but by a rollback or an attempt made again. */
static enum status audit_left_out(struct store *store, const struct campaign *campaign, int64_t devices,
                                  const char *words, struct error *error)
{
    char reason[150], detail[60];
    if (devices == 0)
        return STATUS_OK;
    snprintf(reason, sizeof reason, "%lld members %s before their targets were written", (long long)devices,
             words);
    snprintf(detail, sizeof detail, "{\"devices\": %lld}", (long long)devices);
    return audit_add(store, ACTOR_ORCHESTRATOR, "leave_out", campaign->name, reason, detail, error);
}

/* Nothing in the product deletes them; whoever else has must not hold up the ptype's campaigns for ever. */
static enum status close_members(struct store *store, struct campaign *campaign, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    if (store_run(store, &SQL_FILL_CLOSE, &parameters, NULL, error) != STATUS_OK ||
        audit_left_out(store, campaign, campaign->unwritten, "were deleted from the plan", error) !=
            STATUS_OK)
        return error->status;
    log_write(LOG_ERROR, "members_missing", "campaign", campaign->name, NULL);
    campaign->unwritten = 0;
    return STATUS_OK;
}

static enum status write_slice(struct store *store, struct campaign *campaign, int64_t up_to, bool *is_last,
                               struct error *error)
{
    struct array versions = {0};
    struct store_parameters parameters = {0};
    struct store_rows *rows = NULL;
    enum status status = membership_accept(store, campaign, &versions, error);
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, campaign->members_plan);
    store_put_integer(&parameters, campaign->written_to);
    store_put_integer(&parameters, up_to);
    store_put_text(&parameters, campaign->firmware_version);
    store_put_integer(&parameters, campaign->firmware);
    store_put_text(&parameters, array_text(&versions));
    store_put_boolean(&parameters, overlap_waits(campaign->overlap));
    store_put_text(&parameters, campaign_cancel_reason(campaign));
    if (status == STATUS_OK)
        status = store_run(store, &SQL_TARGET_FILL, &parameters, &rows, error);
    array_release(&versions);
    if (status != STATUS_OK)
        return status;
    int64_t left_out = store_rows_integer(rows, 0, 1);
    campaign->unwritten = store_rows_integer(rows, 0, 0);
    *is_last = store_rows_boolean(rows, 0, 2);
    store_rows_free(rows);
    if (audit_left_out(store, campaign, left_out, "were left to other campaigns, which took them", error) !=
        STATUS_OK)
        return error->status;
    return zones_note(store, campaign, campaign->written_to, up_to, error);
}

enum status fill_go_on(const struct engine *engine, struct store *store, struct campaign *campaign,
                       struct error *error)
{
    if (campaign->unwritten == 0)
        return STATUS_OK;
    bool is_first = campaign->written_to == 0, is_last = false;
    int64_t up_to = campaign->written_to + (engine->fill_rows > 0 ? engine->fill_rows : FILL_ROWS);
    if (write_slice(store, campaign, up_to, &is_last, error) != STATUS_OK)
        return error->status;
    campaign->written_to = up_to;
    if (is_last && campaign->unwritten > 0 && close_members(store, campaign, error) != STATUS_OK)
        return error->status;
    if (campaign->unwritten > 0)
        return STATUS_OK;
    if (!is_first)
        log_write(LOG_INFO, "targets_written", "campaign", campaign->name, NULL);
    return leave_plan(store, campaign, error);
}
