#include "campaign.h"

#include <stdio.h>
#include <string.h>

#include "audit_detail.h"
#include "log.h"
#include "policy_json.h"
#include "store_sql.h"

enum status audit_add(struct store *store, const char *actor, const char *action, const char *object,
                      const char *reason, const char *detail, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, actor);
    store_put_text(&parameters, action);
    store_put_text(&parameters, object);
    store_put_text(&parameters, reason != NULL ? reason : "");
    store_put_text(&parameters, detail != NULL ? detail : "{}");
    return store_run(store, &SQL_AUDIT_ADD, &parameters, NULL, error);
}

/* --- loading ---------------------------------------------------------------------------------------- */

enum status campaign_read_waves(struct store *store, struct campaign *campaign, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    struct store_rows *rows;
    if (store_run(store, &SQL_WAVE_LIST, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    int count = (int)store_rows_count(rows);
    if (count > campaign->policy.wave_count)
        status = error_set(error, STATUS_INTERNAL, "waves", "campaign %s has more waves than its policy",
                           campaign->name);
    for (int i = 0; i < count && status == STATUS_OK; i++) {
        struct wave_snapshot *wave = &campaign->snapshot.waves[i];
        if (!wave_state_parse(store_rows_text(rows, i, 1), &wave->state))
            status = error_set(error, STATUS_INTERNAL, "waves.state", "unknown state %s",
                               store_rows_text(rows, i, 1));
        wave->members = store_rows_integer(rows, i, 2);
        wave->excused = store_rows_integer(rows, i, 3);
        wave->soak_until = store_rows_real(rows, i, 4);
        for (int state = 0; state < TARGET_STATE_COUNT; state++)
            wave->counts[state] = store_rows_integer(rows, i, 5 + state);
        if ((campaign->policy.approval.before_waves >> i & 1) != 0)
            wave->approvals_missing =
                campaign->policy.approval.approvers - store_rows_integer(rows, i, 5 + TARGET_STATE_COUNT);
    }
    campaign->snapshot.wave_count = count;
    store_rows_free(rows);
    return status;
}

static const char *copy_or_null(struct arena *arena, const char *text)
{
    return text != NULL ? arena_copy(arena, text) : NULL;
}

static enum status read_campaign(const struct store_rows *rows, struct arena *arena,
                                 struct campaign *campaign, struct error *error)
{
    campaign->number = store_rows_integer(rows, 0, 0);
    campaign->name = arena_copy(arena, store_rows_text(rows, 0, 1));
    campaign->is_rollback = strcmp(store_rows_text(rows, 0, 2), "rollback") == 0;
    if (!campaign_state_parse(store_rows_text(rows, 0, 3), &campaign->snapshot.state))
        return error_set(error, STATUS_INTERNAL, "campaigns.state", "unknown state %s",
                         store_rows_text(rows, 0, 3));
    campaign->settled = store_rows_boolean(rows, 0, 4);
    campaign->firmware = store_rows_integer(rows, 0, 5);
    campaign->firmware_version = copy_or_null(arena, store_rows_text(rows, 0, 6));
    campaign->ptype = (int)store_rows_integer(rows, 0, 7);
    campaign->from_rule = arena_copy(arena, store_rows_text(rows, 0, 8));
    campaign->tags = arena_copy(arena, store_rows_text(rows, 0, 9));
    const char *policy = store_rows_text(rows, 0, 10);
    campaign->seed = store_rows_integer(rows, 0, 11);
    campaign->ramp.tokens = store_rows_real(rows, 0, 12);
    campaign->ramp.updated_at = store_rows_real(rows, 0, 13);
    campaign->now = store_rows_real(rows, 0, 14);
    campaign->parent = store_rows_integer(rows, 0, 15);
    campaign->service_now = store_rows_real(rows, 0, 29);
    campaign->evidence = store_rows_real(rows, 0, 30);
    campaign->has_tick_error = store_rows_boolean(rows, 0, 31);
    campaign->wire_number = store_rows_integer(rows, 0, 32);
    campaign->fleet_is_asked = store_rows_boolean(rows, 0, 33);
    campaign->clock = store_rows_real(rows, 0, 34);
    campaign->devices = arena_copy(arena, store_rows_text(rows, 0, 16));
    campaign->created_by = arena_copy(arena, store_rows_text(rows, 0, 17));
    campaign->schedule.start_at = store_rows_integer(rows, 0, 18);
    campaign->schedule.end_at = store_rows_integer(rows, 0, 19);
    campaign->selector = arena_copy(arena, store_rows_text(rows, 0, 21));
    campaign->plan = store_rows_integer(rows, 0, 22);
    campaign->priority = (int)store_rows_integer(rows, 0, 23);
    if (!overlap_parse(store_rows_text(rows, 0, 24), &campaign->overlap))
        return error_set(error, STATUS_INTERNAL, "campaigns.overlap", "unknown word %s",
                         store_rows_text(rows, 0, 24));
    campaign->overlap_at = store_rows_real(rows, 0, 25);
    campaign->members_plan = store_rows_integer(rows, 0, 26);
    campaign->unwritten = store_rows_integer(rows, 0, 27);
    campaign->written_to = store_rows_integer(rows, 0, 28);
    campaign->schedule.pauses_at_end = strcmp(store_rows_text(rows, 0, 20), "pause") == 0;
    if (policy_json_parse(policy, strlen(policy), &campaign->policy, error) != STATUS_OK)
        return error_context(error, "stored policy of campaign %s", campaign->name);
    return STATUS_OK;
}

enum status campaign_load(struct store *store, int64_t number, enum campaign_locking locking,
                          struct arena *arena, struct campaign *campaign, bool *found, struct error *error)
{
    memset(campaign, 0, sizeof *campaign);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, number);
    struct store_rows *rows;
    const struct store_statement *statement =
        locking == CAMPAIGN_WAIT ? &SQL_CAMPAIGN_LOCK : &SQL_CAMPAIGN_LOCK_FREE;
    if (store_run(store, statement, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *found = store_rows_count(rows) == 1;
    enum status status = STATUS_OK;
    if (*found)
        status = read_campaign(rows, arena, campaign, error);
    store_rows_free(rows);
    if (status != STATUS_OK || !*found)
        return status;
    return campaign_read_waves(store, campaign, error);
}

enum status campaign_note_error(struct store *store, int64_t number, const char *message, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    char copy[sizeof error->message];
    snprintf(copy, sizeof copy, "%s", message != NULL ? message : "");
    store_put_integer(&parameters, number);
    store_put_text(&parameters, message != NULL ? copy : NULL);
    if (store_run(store, &SQL_CAMPAIGN_ERROR, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool is_news = store_rows_count(rows) == 1;
    if (is_news && message != NULL)
        log_write(LOG_ERROR, "campaign_tick_failed", "campaign", store_rows_text(rows, 0, 0), "message", copy,
                  NULL);
    store_rows_free(rows);
    return STATUS_OK;
}

/* --- moving ----------------------------------------------------------------------------------------- */

static enum status log_move(struct store *store, const char *subject, int64_t campaign, int wave,
                            const char *from, const char *to, const char *reason, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, subject);
    store_put_integer(&parameters, campaign);
    if (wave >= 0)
        store_put_integer(&parameters, wave);
    else
        store_put_text(&parameters, NULL);
    store_put_text(&parameters, from);
    store_put_text(&parameters, to);
    store_put_text(&parameters, reason);
    return store_run(store, &SQL_EVENT_CAMPAIGN, &parameters, NULL, error);
}

enum status campaign_move(struct store *store, struct campaign *campaign, enum campaign_event event,
                          const char *actor, const char *reason, const char *detail, struct error *error)
{
    enum campaign_state from = campaign->snapshot.state;
    const struct campaign_edge *edge = campaign_edge_find(from, event);
    if (edge == NULL)
        return error_set(error, STATUS_CONFLICT, "campaign", "%s is %s: %s is not possible", campaign->name,
                         campaign_state_name(from), campaign_event_name(event));
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, campaign_state_name(from));
    store_put_text(&parameters, campaign_state_name(edge->to));
    store_put_text(&parameters, reason);
    struct store_rows *rows;
    if (store_run(store, &SQL_CAMPAIGN_MOVE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    int64_t moved = store_rows_affected(rows);
    store_rows_free(rows);
    if (moved != 1)
        return error_set(error, STATUS_INTERNAL, "campaign", "%s was not in state %s", campaign->name,
                         campaign_state_name(from));
    campaign->snapshot.state = edge->to;
    campaign->settled = false;
    if (log_move(store, "campaign", campaign->number, -1, campaign_state_name(from),
                 campaign_state_name(edge->to), reason, error) != STATUS_OK)
        return error->status;
    char counts[AUDIT_DETAIL_SIZE];
    if (detail == NULL) {
        audit_detail_of_campaign(campaign, counts);
        detail = counts;
    }
    return audit_add(store, actor, campaign_event_name(event), campaign->name, reason, detail, error);
}

enum status campaign_explain(struct store *store, const struct campaign *campaign, const char *reason,
                             struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, reason);
    return store_run(store, &SQL_CAMPAIGN_EXPLAIN, &parameters, NULL, error);
}

enum status wave_move(struct store *store, struct campaign *campaign, int wave, enum wave_state to,
                      const char *verdict, struct error *error)
{
    struct wave_snapshot *snapshot = &campaign->snapshot.waves[wave];
    enum wave_state from = snapshot->state;
    snapshot->state = to;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, wave);
    store_put_text(&parameters, wave_state_name(to));
    store_put_text(&parameters, verdict);
    store_put_integer(&parameters, snapshot->excused);
    if (to == WAVE_SOAKING)
        store_put_real(&parameters, snapshot->soak_until);
    else
        store_put_text(&parameters, NULL);
    if (store_run(store, &SQL_WAVE_MOVE, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    return log_move(store, "wave", campaign->number, wave, wave_state_name(from), wave_state_name(to),
                    verdict, error);
}

enum status campaign_close_waves(struct store *store, struct campaign *campaign, const char *verdict,
                                 struct error *error)
{
    for (int i = 0; i < campaign->snapshot.wave_count; i++) {
        enum wave_state state = campaign->snapshot.waves[i].state;
        if ((state == WAVE_OPEN || state == WAVE_SOAKING) &&
            wave_move(store, campaign, i, WAVE_FAILED, verdict, error) != STATUS_OK)
            return error->status;
    }
    return STATUS_OK;
}

enum status campaign_withdraw(struct store *store, const struct campaign *campaign, bool downloads_too,
                              struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, downloads_too ? "{offered,accepted,downloading}" : "{offered}");
    store_put_boolean(&parameters, false);
    return store_run(store, &SQL_TARGET_WITHDRAW, &parameters, NULL, error);
}

const char *campaign_cancel_reason(const struct campaign *campaign)
{
    enum campaign_state state = campaign->snapshot.state;
    if (!campaign_state_stops(state))
        return NULL;
    return state == CAMPAIGN_CANCELLED ? "campaign_cancelled" : "rolled_back";
}

enum status campaign_cancel_pending(struct store *store, const struct campaign *campaign, const char *reason,
                                    struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, reason);
    return store_run(store, &SQL_TARGET_CANCEL_PENDING, &parameters, NULL, error);
}

enum status campaign_stop(struct store *store, struct campaign *campaign, enum campaign_event event,
                          const char *actor, const char *reason, const char *target_reason,
                          const char *detail, struct error *error)
{
    if (campaign_edge_find(campaign->snapshot.state, event) == NULL) /* say no before anything is touched */
        return campaign_move(store, campaign, event, actor, reason, detail, error);
    if (campaign_withdraw(store, campaign, true, error) != STATUS_OK ||
        campaign_cancel_pending(store, campaign, target_reason, error) != STATUS_OK ||
        campaign_close_waves(store, campaign, target_reason, error) != STATUS_OK)
        return error->status;
    return campaign_move(store, campaign, event, actor, reason, detail, error);
}

enum status campaign_pause(struct store *store, struct campaign *campaign, const char *actor,
                           const char *reason, bool stops_downloads, struct error *error)
{
    bool stopped;
    if (campaign_move(store, campaign, CAMPAIGN_EVENT_PAUSE, actor, reason, NULL, error) != STATUS_OK)
        return error->status;
    return stops_downloads ? campaign_stop_downloads(store, campaign, actor, reason, &stopped, error)
                           : campaign_withdraw(store, campaign, false, error);
}

enum status campaign_stop_downloads(struct store *store, const struct campaign *campaign, const char *actor,
                                    const char *reason, bool *stopped, struct error *error)
{
    struct store_parameters mark = {0}, parameters = {0};
    struct store_rows *rows;
    char counts[AUDIT_DETAIL_SIZE];
    store_put_integer(&mark, campaign->number);
    if (store_run(store, &SQL_CAMPAIGN_STOP_DOWNLOADS, &mark, &rows, error) != STATUS_OK)
        return error->status;
    *stopped = store_rows_count(rows) > 0;
    store_rows_free(rows);
    if (!*stopped)
        return STATUS_OK;
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, "{offered,accepted,downloading}");
    store_put_boolean(&parameters, true);
    if (store_run(store, &SQL_TARGET_WITHDRAW, &parameters, NULL, error) != STATUS_OK)
        return error->status;
    audit_detail_of_campaign(campaign, counts);
    return audit_add(store, actor, "stop_downloads", campaign->name, reason, counts, error);
}

enum status campaign_resolve(struct store *store, const char *name, int64_t *number, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, name);
    struct store_rows *rows;
    if (store_run(store, &SQL_CAMPAIGN_RESOLVE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool found = store_rows_count(rows) == 1;
    if (found)
        *number = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return found ? STATUS_OK
                 : error_set(error, STATUS_NOT_FOUND, "campaign", "no campaign has the name %s", name);
}
