#include "schedule.h"

#include <stdio.h>
#include <time.h>

#include "store_sql.h"

enum status schedule_check(struct store *store, const struct schedule *schedule, struct error *error)
{
    double now;
    if (schedule->end_at == 0)
        return STATUS_OK;
    if (store_now(store, &now, error) != STATUS_OK)
        return error->status;
    if (schedule->end_at > schedule->start_at && (double)schedule->end_at > now)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "end_at",
                     "is over, or not after start_at; allowed is a time to come");
}

static void put_moment(struct store_parameters *parameters, int64_t moment)
{
    if (moment == 0)
        store_put_text(parameters, NULL);
    else
        store_put_integer(parameters, moment);
}

void schedule_put(struct store_parameters *parameters, const struct schedule *schedule)
{
    put_moment(parameters, schedule->start_at);
    put_moment(parameters, schedule->end_at);
    store_put_text(parameters, schedule->pauses_at_end ? "pause" : "cancel");
}

static enum status end(struct store *store, struct campaign *campaign, struct error *error)
{
    static const char reason[] = "its end time has come";
    enum campaign_state state = campaign->snapshot.state;
    bool is_under_way = state == CAMPAIGN_RUNNING || state == CAMPAIGN_PAUSED;
    if (campaign->schedule.pauses_at_end && is_under_way)
        return state == CAMPAIGN_PAUSED
                   ? STATUS_OK
                   : campaign_pause(store, campaign, ACTOR_ORCHESTRATOR, reason,
                                    campaign->policy.on_pause == ON_PAUSE_STOP_DOWNLOADS, error);
    if (!is_under_way && state != CAMPAIGN_SCHEDULED && state != CAMPAIGN_AWAITING_APPROVAL)
        return STATUS_OK;
    return campaign_stop(store, campaign, CAMPAIGN_EVENT_CANCEL, ACTOR_ORCHESTRATOR, reason, "campaign_ended",
                         NULL, error);
}

enum status schedule_apply(struct store *store, struct campaign *campaign, bool *waits, struct error *error)
{
    const struct schedule *schedule = &campaign->schedule;
    *waits = false;
    if (schedule->end_at > 0 && campaign->now >= (double)schedule->end_at)
        return end(store, campaign, error);
    if (campaign->snapshot.state != CAMPAIGN_SCHEDULED || campaign->now >= (double)schedule->start_at)
        return STATUS_OK;
    char reason[80];
    time_t start = (time_t)schedule->start_at;
    struct tm parts;
    *waits = true;
    strftime(reason, sizeof reason, "starts at %Y-%m-%d %H:%M:%S UTC", gmtime_r(&start, &parts));
    return campaign_explain(store, campaign, reason, error);
}

enum status schedule_forget_end(struct store *store, struct campaign *campaign, struct error *error)
{
    if (campaign->schedule.end_at == 0 || campaign->now < (double)campaign->schedule.end_at)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    campaign->schedule.end_at = 0;
    return store_run(store, &SQL_CAMPAIGN_FORGET_END, &parameters, NULL, error);
}
