#include <string.h>

#include "ingest_batch.h"
#include "nonce.h"
#include "store_sql.h"

/* As the present attempt was offered; of any other as it is made again. */
static bool nonce_holds(const struct batch *batch, const struct batch_target *target, int64_t attempt,
                        const char *nonce)
{
    const struct target_row *row = &target->row;
    return (attempt == row->attempt && strcmp(nonce, row->nonce) == 0) ||
           nonce_is(batch->engine->image_secret, target->wire_number, row->device, (int)attempt, nonce);
}

bool ingest_is_of_attempt(const struct batch *batch, const struct batch_target *target, int64_t attempt,
                          const char *nonce)
{
    return nonce[0] == '\0' || nonce_holds(batch, target, attempt, nonce);
}

bool ingest_confirmation_holds(const struct batch *batch, const struct batch_target *target,
                               const struct target_report *said, enum rejection *rejection)
{
    const struct target_row *row = &target->row;
    if (!nonce_holds(batch, target, said->attempt, said->nonce)) {
        *rejection = REJECTION_NONCE_MISMATCH;
        return false;
    }
    const char *sha256 = said->running.sha256;
    const char *offered = row->images[said->running.slot - 1].sha256;
    bool is_offered = offered != NULL && strcmp(sha256, offered) == 0;
    bool is_previous = row->flip_sha256 != NULL && strcmp(sha256, row->flip_sha256) == 0;
    *rejection = REJECTION_IMAGE_MISMATCH;
    return strcmp(said->running.version, row->to_version) == 0 && (is_offered || is_previous);
}

bool ingest_is_result(const struct report *report)
{
    return report->kind != REPORT_CANCELLED && target_event_is_result(report->target.event);
}

static void note_outcome(struct batch *batch, struct batch_outcome **list, const struct batch_target *target,
                         const struct report *report)
{
    struct batch_outcome *outcome = arena_allocate(batch->arena, sizeof *outcome);
    *outcome = (struct batch_outcome){*list, report, target};
    *list = outcome;
}

enum { BURNT_MAX = 8 };

bool ingest_give_back(struct batch *batch, struct batch_target *target, const char *reason)
{
    struct target_row *row = &target->row;
    enum target_event event =
        campaign_state_stops(target->campaign_state) ? TARGET_EVENT_CANCEL : TARGET_EVENT_WITHDRAWN;
    if (target->burnt >= BURNT_MAX || !target_state_in_flight(row->state) ||
        !target_move(&batch->changes, row, event, reason, batch->service_now, &target->timeouts))
        return false;
    target->burnt++;
    array_put_integer(&batch->burnt[0], row->campaign);
    array_put_text(&batch->burnt[1], row->device);
    return true;
}

bool ingest_burn(struct batch *batch, struct batch_target *target)
{
    return ingest_give_back(batch, target, "burnt");
}

void ingest_take_foreign(struct batch *batch, struct batch_target *target, const struct batch_device *device,
                         const struct report *report)
{
    if (!ingest_is_result(report))
        return;
    note_outcome(batch, &batch->foreign, NULL, report);
    /* Firmware that knows attempts by their nonce says it in every result; older one, in `confirmed` alone.
     */
    if (target != NULL && report->target.attempt == target->row.attempt &&
        target->row.state == TARGET_OFFERED && report->target.event == TARGET_EVENT_CONFIRMED &&
        !can_has(device->can, "nonce"))
        (void)ingest_burn(batch, target);
}

void ingest_take_late(struct batch *batch, const struct batch_target *target, const struct report *report)
{
    if (ingest_is_result(report) && report->target.event != TARGET_EVENT_CONFIRMED &&
        report->target.attempt < target->row.attempt)
        note_outcome(batch, &batch->late, target, report);
}

void ingest_take_last(struct batch *batch, const struct report *report)
{
    const struct target_report *last = &report->last;
    struct batch_target *target =
        report->has_last ? ingest_find_target(batch, last->campaign, report->device) : NULL;
    enum rejection ignored;
    if (target == NULL || last->attempt <= target->row.attempt_base)
        return;
    struct target_row *row = &target->row;
    if (last->event == TARGET_EVENT_CONFIRMED) {
        /* It runs still, and not on trial of something else. */
        if (report->on_trial || strcmp(report->hello.sha256, last->running.sha256) != 0 ||
            !ingest_confirmation_holds(batch, target, last, &ignored))
            return;
        if (last->attempt > row->attempt) /* its offer is lost, too */
            row->attempt = last->attempt;
        if (target_confirm(&batch->changes, row, "recovered", batch->service_now, &target->timeouts))
            row->progress = 100;
        return;
    }
    if (last->attempt == row->attempt &&
        (target_state_in_flight(row->state) || row->state == TARGET_SILENT) &&
        nonce_holds(batch, target, last->attempt, last->nonce))
        target_move(&batch->changes, row, last->event, last->reason, batch->service_now, &target->timeouts);
}

static enum status write_late(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[6] = {0};
    for (const struct batch_outcome *late = batch->late; late != NULL; late = late->next) {
        const struct target_report *said = &late->report->target;
        array_put_integer(&columns[0], late->target->row.campaign);
        array_put_integer(&columns[1], late->target->row.wave);
        array_put_text(&columns[2], late->report->device);
        array_put_integer(&columns[3], said->attempt);
        array_put_text(&columns[4], target_event_name(said->event)); /* a result is called as its state */
        array_put_text(&columns[5], said->reason);
    }
    return store_run_arrays(store, &SQL_EVENT_LATE, columns, 6, error);
}

static enum status write_foreign(const struct batch *batch, struct store *store, struct error *error)
{
    struct array columns[8] = {0};
    for (const struct batch_outcome *foreign = batch->foreign; foreign != NULL; foreign = foreign->next) {
        const struct target_report *said = &foreign->report->target;
        array_put_text(&columns[0], foreign->report->device);
        array_put_integer(&columns[1], said->campaign);
        array_put_integer(&columns[2], said->attempt);
        array_put_text(&columns[3], said->nonce);
        array_put_text(&columns[4], target_event_name(said->event));
        array_put_text(&columns[5], said->reason);
        array_put_text(&columns[6], said->has_running ? said->running.version : NULL);
        array_put_text(&columns[7], said->has_running ? said->running.sha256 : NULL);
    }
    return store_run_arrays(store, &SQL_FOREIGN_RESULT_ADD, columns, 8, error);
}

enum status ingest_write_outcomes(struct batch *batch, struct store *store, struct error *error)
{
    if (write_late(batch, store, error) != STATUS_OK || write_foreign(batch, store, error) != STATUS_OK)
        return error->status;
    return store_run_arrays(store, &SQL_TARGET_BURN, batch->burnt, 2, error);
}
