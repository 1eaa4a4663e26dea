#include "tick_work.h"

#include <stdio.h>
#include <string.h>

#include "array.h"
#include "clock.h"
#include "eligibility.h"
#include "log.h"
#include "store_sql.h"

enum { GIVE_WAY_AT_ONCE = 10000, WAITING_COUNTED = 10000 };

/* A look that takes longer than this is not made at every tick, but so seldom that it takes one part in
 * LOOK_SHARE of the time. */
#define LOOK_SECONDS 0.05
#define LOOK_SHARE 20

static void put_campaign(struct store_parameters *parameters, const struct campaign *campaign)
{
    store_put_integer(parameters, campaign->number);
    store_put_integer(parameters, campaign->priority);
}

/* --- campaigns that come after this one ------------------------------------------------------------- */

/* In the audit of the campaign that gives way: by whom, why, how many. */
static enum status audit_giving_way(struct store *store, const struct campaign *campaign,
                                    const struct store_rows *rows, int64_t row, struct error *error)
{
    const char *name = store_rows_text(rows, row, 0);
    long long priority = store_rows_integer(rows, row, 1), queued = store_rows_integer(rows, row, 2),
              withdrawn = store_rows_integer(rows, row, 3);
    char reason[300], detail[300];
    snprintf(reason, sizeof reason,
             "%s (priority %d) comes before it (priority %lld): %lld devices wait, %lld offers are withdrawn",
             campaign->name, campaign->priority, priority, queued, withdrawn);
    snprintf(
        detail, sizeof detail,
        "{\"by\": \"%s\", \"by_priority\": %d, \"priority\": %lld, \"queued\": %lld, \"withdrawn\": %lld}",
        campaign->name, campaign->priority, priority, queued, withdrawn);
    log_write(LOG_INFO, "campaign_gives_way", "campaign", name, "reason", reason, NULL);
    return audit_add(store, ACTOR_ORCHESTRATOR, "give_way", name, reason, detail, error);
}

static enum status go_ahead(struct tick_work *work, struct store *store, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    put_campaign(&parameters, &work->campaign);
    store_put_boolean(&parameters, work->campaign.overlap == OVERLAP_TAKE_OVER);
    store_put_integer(&parameters, GIVE_WAY_AT_ONCE);
    if (store_run(store, &SQL_OVERLAP_AHEAD, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    for (int64_t i = 0; i < store_rows_count(rows) && status == STATUS_OK; i++)
        status = audit_giving_way(store, &work->campaign, rows, i, error);
    if (store_rows_count(rows) > 0)
        work->more = true; /* the cancels, which the others send */
    store_rows_free(rows);
    return status;
}

/* --- members whose turn has come -------------------------------------------------------------------- */

struct turns {
    struct array devices;
    struct array back; /* devices in the middle of an attempt of this campaign: as they were */
    char **versions;   /* each once */
    size_t version_count;
};

/* Devices run few versions. */
static void note_version(struct turns *turns, char *version)
{
    for (size_t i = 0; i < turns->version_count; i++) {
        if (strcmp(turns->versions[i], version) == 0)
            return;
    }
    turns->versions[turns->version_count++] = version;
}

/* What the device runs now may not be what it ran when the membership was frozen. */
static enum status judge_turns(struct tick_work *work, const struct store_rows *rows,
                               const struct eligibility *eligibility, struct turns *turns,
                               struct error *error)
{
    const struct campaign *campaign = &work->campaign;
    int64_t count = store_rows_count(rows);
    struct target_row *targets = arena_allocate_array(work->arena, (size_t)count, sizeof *targets);
    turns->versions = arena_allocate_array(work->arena, (size_t)count, sizeof *turns->versions);
    for (int64_t i = 0; i < count; i++) {
        const char *version = store_rows_text(rows, i, TARGET_ROW_COLUMNS);
        if (target_row_read(rows, i, work->arena, &targets[i], error) != STATUS_OK)
            return error->status;
        /* The attempt has not ended well yet, and may never. What it says of it later still counts. */
        if (store_rows_boolean(rows, i, TARGET_ROW_COLUMNS + 1) && version != NULL &&
            strcmp(version, targets[i].to_version) == 0) {
            array_put_text(&turns->back, targets[i].device);
            continue;
        }
        enum misfit misfit = campaign->is_rollback ? MISFIT_NONE : eligibility_of(eligibility, version);
        if (misfit == MISFIT_NONE) {
            array_put_text(&turns->devices, targets[i].device);
            if (version != NULL)
                note_version(turns, arena_copy(work->arena, version));
            continue;
        }
        bool is_there = version != NULL && strcmp(version, campaign->firmware_version) == 0;
        tick_move(work, &targets[i], TARGET_EVENT_SKIP, is_there ? "already_there" : misfit_name(misfit));
    }
    return STATUS_OK;
}

static enum status take_back(struct store *store, const struct campaign *campaign, struct turns *turns,
                             struct error *error)
{
    if (turns->back.count == 0)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, array_text(&turns->back));
    store_put_real(&parameters, campaign->clock);
    return store_run(store, &SQL_OVERLAP_TAKE_BACK, &parameters, NULL, error);
}

static enum status take(struct store *store, const struct campaign *campaign,
                        const struct eligibility *eligibility, struct turns *turns, struct error *error)
{
    if (turns->devices.count == 0)
        return STATUS_OK;
    const char *devices = array_text(&turns->devices);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, devices);
    store_put_text(&parameters, campaign->firmware_version);
    store_put_integer(&parameters, campaign->firmware);
    store_put_real(&parameters, campaign->clock);
    enum status status = store_run(store, &SQL_OVERLAP_TAKE, &parameters, NULL, error);
    if (status != STATUS_OK || campaign->is_rollback)
        return status;
    status = paths_note(store, campaign, &eligibility->paths, turns->versions, turns->version_count, error);
    return status == STATUS_OK ? paths_begin(store, campaign, devices, error) : status;
}

static enum status take_turns(struct tick_work *work, struct store *store, struct error *error)
{
    struct campaign *campaign = &work->campaign;
    struct eligibility eligibility = {0};
    struct turns turns = {0};
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    put_campaign(&parameters, campaign);
    store_put_integer(&parameters, ROWS_PER_TICK);
    if (store_run(store, &SQL_OVERLAP_TURNS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) > 0 && !campaign->is_rollback)
        status = eligibility_load(store, campaign, work->arena, &eligibility, error);
    if (status == STATUS_OK)
        status = judge_turns(work, rows, &eligibility, &turns, error);
    if (status == STATUS_OK)
        status = take_back(store, campaign, &turns, error);
    if (status == STATUS_OK)
        status = take(store, campaign, &eligibility, &turns, error);
    if (store_rows_count(rows) == ROWS_PER_TICK)
        work->more = true;
    store_rows_free(rows);
    array_release(&turns.devices);
    array_release(&turns.back);
    return status;
}

/* --- the tick --------------------------------------------------------------------------------------- */

static enum status is_waiting(struct tick_work *work, struct store *store, bool *waits, struct error *error)
{
    const struct campaign_snapshot *snapshot = &work->campaign.snapshot;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    *waits = false;
    if (snapshot->state != CAMPAIGN_RUNNING || snapshot_count(snapshot, TARGET_PENDING) == 0 ||
        work->campaign.now < work->campaign.overlap_at)
        return STATUS_OK;
    store_put_integer(&parameters, work->campaign.number);
    if (store_run(store, &SQL_OVERLAP_ANY, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *waits = store_rows_count(rows) > 0;
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status look_later(const struct campaign *campaign, struct store *store, double took,
                              struct error *error)
{
    struct store_parameters parameters = {0};
    if (took < LOOK_SECONDS)
        return STATUS_OK;
    store_put_integer(&parameters, campaign->number);
    store_put_real(&parameters, took * LOOK_SHARE);
    return store_run(store, &SQL_OVERLAP_LATER, &parameters, NULL, error);
}

enum status tick_overlap(struct tick_work *work, struct store *store, struct error *error)
{
    bool waits;
    int64_t began = clock_milliseconds();
    enum status status = is_waiting(work, store, &waits, error);
    if (status == STATUS_OK && waits)
        status = go_ahead(work, store, error);
    if (status == STATUS_OK && waits)
        status = take_turns(work, store, error);
    if (status == STATUS_OK && waits && !work->more)
        status = look_later(&work->campaign, store, (double)(clock_milliseconds() - began) / 1e3, error);
    return status;
}

enum status tick_explain_overlap(const struct tick_work *work, struct store *store, char *words, size_t size,
                                 struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, work->campaign.number);
    if (store_run(store, &SQL_OVERLAP_WAITS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    size_t used = strlen(words);
    const char *behind = store_rows_text(rows, 0, 1);
    long long waiting = store_rows_integer(rows, 0, 0);
    bool is_more = waiting > WAITING_COUNTED;
    if (waiting > 0)
        snprintf(words + used, size - used, "; %s%lld of the campaign wait for their turn%s%.150s",
                 is_more ? "more than " : "", is_more ? WAITING_COUNTED : waiting,
                 behind != NULL ? " behind " : "", behind != NULL ? behind : "");
    store_rows_free(rows);
    return STATUS_OK;
}
