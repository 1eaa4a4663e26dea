#include "ingest.h"

#include <string.h>

#include "clock.h"
#include "command.h"
#include "eligibility.h"
#include "ingest_batch.h"
#include "log.h"
#include "names.h"

bool ingest_is_of_target(const struct report *report)
{
    return report->kind == REPORT_TARGET || report->kind == REPORT_CANCELLED;
}

void ingest_reject(struct batch *batch, const struct report *report, enum rejection rejection,
                   const char *detail)
{
    batch->rejected[rejection]++;
    batch->rejected_device[rejection] = report->device;
    batch->summary->rejected++;
    struct batch_rejection *row = arena_allocate(batch->arena, sizeof *row);
    *row = (struct batch_rejection){NULL, report, rejection, detail};
    *batch->last_rejection = row;
    batch->last_rejection = &row->next;
}

/* Duplicates and stragglers are part of a normal day; the rest is worth an operator's look. */
static void log_rejections(const struct batch *batch)
{
    for (const struct batch_rejection *row = batch->first_rejection; row != NULL; row = row->next) {
        bool usual = row->rejection == REJECTION_OUT_OF_ORDER || row->rejection == REJECTION_STALE_ATTEMPT;
        log_limited(usual ? LOG_DEBUG : LOG_WARNING, "report_rejected", row->report->device, "kind",
                    rejection_name(row->rejection), "device", row->report->device, "detail", row->detail,
                    NULL);
    }
}

/* Reports wait so long where the database was away from this orchestrator alone, or its process stood still.
 */
enum { NEWS_MILLISECONDS = 5000 };

/* Whether a report can say what a device runs now. While it waited another orchestrator may have stored what
 * the device said later. What became of an attempt is true for ever; for the rest its device is asked. */
static bool is_news(const struct batch *batch, const struct report *report)
{
    return report->received_at == 0 || batch->began - report->received_at < NEWS_MILLISECONDS;
}

static void acknowledge(struct batch *batch, const struct report *report)
{
    if (!ingest_is_result(report))
        return;
    /* `confirmed` has always had a nonce; an ack has one for whoever knows attempts by it. */
    const struct batch_device *device = ingest_find_device(batch, report->device);
    const char *nonce = report->target.nonce;
    bool knows = nonce[0] != '\0' && (report->target.event != TARGET_EVENT_CONFIRMED ||
                                      (device != NULL && can_has(device->can, "nonce")));
    outbox_put(
        &batch->outbox, batch->arena, report->device,
        command_ack(report->target.campaign, report->target.attempt, knows ? nonce : NULL, batch->arena));
}

static void note_running(struct batch_device *device, const struct running_image *running, const char *boot)
{
    device->running = running;
    device->sha256 = running->sha256;
    device->boot = boot;
}

/* A result may be of long ago, said again for an attempt that a restored database has made again. The hello
 * of its session knows better; without one the device is asked, where nothing was heard of it between offer
 * and confirmation. */
static void note_result(struct batch_device *device, const struct report *report, bool is_sudden)
{
    const struct running_image *running = &report->target.running;
    bool is_news = device->sha256 == NULL || strcmp(device->sha256, running->sha256) != 0;
    if (is_news && presence_has_said(&device->presence, &report->session))
        return;
    device->ask = device->ask || (is_news && is_sudden && report->kind != REPORT_HELLO);
    note_running(device, running, "confirmed");
}

/* Itself, and was not only given up, or passed over when it was to be tried again. */
static bool has_said_that_it_failed(const struct target_row *row)
{
    return row->state == TARGET_FAILED && strcmp(row->reason, TARGET_GIVEN_UP) != 0 &&
           strcmp(row->reason, TARGET_QUARANTINED) != 0 && !misfit_is_reason(row->reason);
}

/* The device had forgotten the attempt, and has taken it again: its own time begins anew, too. */
static bool take_anew(struct batch *batch, struct batch_target *target)
{
    struct target_row *row = &target->row;
    if (!row->rebooted || row->state < TARGET_ACCEPTED || row->state > TARGET_INSTALLED)
        return false;
    target_restart(&batch->changes, row, batch->service_now, &target->timeouts);
    return true;
}

/* Its download was stopped, or its image URL with the attempt and perhaps before it was told, and it says
 * that it could not download: its answer to the cancel. The reason of its target then; else NULL. */
static const char *cut_off(const struct batch_target *target, const struct target_report *said)
{
    static const char *const reasons[] = {"http_status", "connection_lost", "download_timeout"};
    int which;
    if (!target->row.withdrawn || said->event != TARGET_EVENT_FAILED ||
        !name_find(reasons, NAME_COUNT(reasons), said->reason, &which))
        return NULL;
    if (target->is_stopped)
        return "download_stopped";
    return which == 0 ? "cut_off" : NULL;
}

static bool move_by_report(struct batch *batch, struct batch_target *target, const struct report *report)
{
    const struct target_report *said = &report->target;
    enum target_event event = said->event;
    const char *reason = said->reason;
    const char *cancelled = report->kind == REPORT_CANCELLED ? "cancelled_by_device" : cut_off(target, said);
    if (report->kind == REPORT_CANCELLED) {
        if (target->row.state == TARGET_TRIAL)
            return false; /* the image decides */
        /* Nobody asked for it, as far as this database knows: the device answers this offer so for ever. */
        if (!target->row.withdrawn && target->campaign_state != CAMPAIGN_CANCELLED)
            return ingest_burn(batch, target);
    }
    if (cancelled != NULL) {
        event = campaign_state_stops(target->campaign_state) ? TARGET_EVENT_CANCEL : TARGET_EVENT_WITHDRAWN;
        reason = cancelled;
    }
    enum target_state state = target->row.state;
    if (event == TARGET_EVENT_REVERTED && target->is_counted &&
        (state == TARGET_PENDING || state == TARGET_SKIPPED || state == TARGET_FAILED))
        return false; /* said once more, after a retry */
    if (has_said_that_it_failed(&target->row))
        return false;
    if (event == TARGET_EVENT_ACCEPTED && take_anew(batch, target))
        return true;
    if (ingest_excuse_bytes(batch, target, report))
        return true;
    bool in_order =
        event == TARGET_EVENT_CONFIRMED
            ? target_confirm(&batch->changes, &target->row, reason, batch->service_now, &target->timeouts)
            : target_move(&batch->changes, &target->row, event, reason, batch->service_now,
                          &target->timeouts);
    if (in_order &&
        (event == TARGET_EVENT_INSTALLED || event == TARGET_EVENT_TRIAL || event == TARGET_EVENT_CONFIRMED))
        target->row.progress = 100; /* the last of the reports in between may have said less */
    if (event == TARGET_EVENT_DOWNLOADING && target->row.state == TARGET_DOWNLOADING &&
        said->progress > target->row.progress) {
        target->row.progress = said->progress;
        target_touch(&batch->changes, &target->row);
        return true;
    }
    return in_order;
}

/* A device that is at work on an attempt of a campaign that was stopped, and that is not in flight any more:
 * the cancel, or its answer, was lost. What was stopped because it is bad must not be installed all the same.
 */
static void stop_work(struct batch *batch, const struct batch_target *target, const struct report *report,
                      int64_t attempt, const char *nonce)
{
    const struct target_row *row = &target->row;
    bool has_ended = row->state == TARGET_CONFIRMED || row->state == TARGET_REVERTED ||
                     row->state == TARGET_REJECTED || has_said_that_it_failed(row);
    if (target->campaign_state != CAMPAIGN_HALTED && !campaign_state_stops(target->campaign_state))
        return;
    /* A stepping stone that is reached is no work; what is in flight is withdrawn, and the ticker sends it.
     */
    if (attempt <= row->attempt_base || attempt > row->attempt ||
        (attempt == row->attempt && (has_ended || target_state_in_flight(row->state))))
        return;
    outbox_put(
        &batch->outbox, batch->arena, report->device,
        command_cancel(target->wire_number, (int)attempt, nonce[0] != '\0' ? nonce : NULL, batch->arena));
}

static bool is_before_flip(const struct report *report)
{
    return report->kind != REPORT_CANCELLED && (report->target.event == TARGET_EVENT_ACCEPTED ||
                                                report->target.event == TARGET_EVENT_DOWNLOADING);
}

static void reject_unknown(struct batch *batch, const struct report *report)
{
    ingest_reject(batch, report, REJECTION_UNKNOWN_DEVICE, "no such device is registered");
}

/* `device` is NULL where it is not registered, or nothing is asked of it: whoever has a target is registered.
 */
static void handle_target(struct batch *batch, struct batch_device *device, const struct report *report)
{
    const struct target_report *said = &report->target;
    struct batch_target *target = ingest_find_target(batch, said->campaign, report->device);
    if (device == NULL && (target == NULL || said->has_running)) {
        reject_unknown(batch, report);
        return;
    }
    if (said->has_running && said->running.parsed.ptype != device->ptype) {
        ingest_reject(batch, report, REJECTION_BAD_MEMBER,
                      "version: is of another product type than the device");
        return;
    }
    if (target == NULL) {
        ingest_reject(batch, report, REJECTION_UNKNOWN_TARGET,
                      "no such campaign, or the device is not in it");
        ingest_take_foreign(batch, NULL, device, report);
        acknowledge(batch, report);
        return;
    }
    if (!ingest_is_of_attempt(batch, target, said->attempt, said->nonce)) {
        ingest_reject(batch, report, REJECTION_NONCE_MISMATCH, "of another attempt with the same number");
        ingest_take_foreign(batch, target, device, report);
        acknowledge(batch, report);
        return;
    }
    bool confirms = report->kind != REPORT_CANCELLED && said->event == TARGET_EVENT_CONFIRMED;
    enum rejection rejection;
    /* A confirmation of an attempt that was given up for another one: the device did it all the same. Or of
     * one that the database has lost. */
    bool is_proven = confirms && said->attempt != target->row.attempt &&
                     said->attempt > target->row.attempt_base &&
                     ingest_confirmation_holds(batch, target, said, &rejection);
    if (said->attempt != target->row.attempt && !is_proven) {
        ingest_reject(batch, report, REJECTION_STALE_ATTEMPT, "not the current attempt");
        if (is_before_flip(report))
            stop_work(batch, target, report, said->attempt, said->nonce);
        ingest_take_late(batch, target, report);
        acknowledge(batch, report);
        return;
    }
    if (said->attempt == target->row.attempt_base) { /* of a stepping stone that is reached */
        ingest_reject(batch, report, REJECTION_OUT_OF_ORDER, "the next hop is to come");
        acknowledge(batch, report);
        return;
    }
    if (confirms && !ingest_confirmation_holds(batch, target, said, &rejection)) {
        ingest_reject(batch, report, rejection,
                      "the confirmation does not prove that the offered image runs");
        /* What it ran already when this was offered: it has used the number, and the nonce with it, for
         * another hop, which the database has lost. */
        if (rejection == REJECTION_IMAGE_MISMATCH && target->row.state == TARGET_OFFERED &&
            device->sha256 != NULL && strcmp(device->sha256, said->running.sha256) == 0)
            (void)ingest_burn(batch, target);
        return;
    }
    /* The device could not be made another offer: it has said nothing since that does not carry this result.
     */
    bool is_last = target_state_in_flight(target->row.state);
    bool is_sudden = confirms && target->row.state < TARGET_ACCEPTED;
    if (said->attempt > target->row.attempt) /* its offer is lost: the next one has another number */
        target->row.attempt = said->attempt;
    if (!move_by_report(batch, target, report)) {
        ingest_reject(batch, report, REJECTION_OUT_OF_ORDER, target_state_name(target->row.state));
        if (is_before_flip(report))
            stop_work(batch, target, report, said->attempt, said->nonce);
    } else if (said->has_running && (is_last || is_news(batch, report)) &&
               !presence_is_older(&device->presence, &report->session)) {
        note_result(device, report, is_sudden);
    }
    acknowledge(batch, report);
}

/* What a hello says that the device is at work on; NULL: nothing that this database knows of. */
static struct batch_target *find_work(const struct batch *batch, const struct report *report)
{
    struct batch_target *work = ingest_find_target(batch, report->work_campaign, report->device);
    return work != NULL && ingest_is_of_attempt(batch, work, report->work_attempt, report->work_nonce) ? work
                                                                                                       : NULL;
}

/* The hello of a trial boot and those after it may come through different orchestrators, and be stored in any
 * order: once its attempt has ended, or another has been made, it is no news. */
static bool is_old_trial(const struct batch *batch, const struct report *report)
{
    if (!report->on_trial)
        return false;
    const struct batch_target *target = find_work(batch, report);
    if (target == NULL)
        return false;
    const struct target_row *row = &target->row;
    return report->work_attempt < row->attempt || report->work_attempt <= row->attempt_base ||
           row->state == TARGET_CONFIRMED || row->state == TARGET_REVERTED;
}

/* No attempt has led from what is stored to what it says. Somebody has written its flash, or this hello was
 * on its way for long, to an orchestrator that the broker did not reach, and is older than a confirmation. */
static bool is_unexplained(const struct batch_device *device, const struct report *report)
{
    return !report->on_trial && device->sha256 != NULL && strcmp(device->sha256, report->hello.sha256) != 0 &&
           device->boot != NULL && strcmp(device->boot, "confirmed") == 0;
}

/* Where it says one image and the other in turns, it is two devices (ops.duplicate_devices). */
static void note_strange(struct batch *batch, const struct batch_device *device, const struct report *report)
{
    array_put_text(&batch->strange[0], device->id);
    array_put_text(&batch->strange[1], report->hello.sha256);
    array_put_text(&batch->strange[2], report->hello.version);
    array_put_integer(&batch->strange[3], report->hello.slot);
}

/* Each boot of a trial begins its time anew. A boot is told by its session. */
static void follow_boot(struct batch *batch, struct batch_target *work, const struct report *report)
{
    if (work->row.state == TARGET_TRIAL && report->session.number > 0)
        target_boot(&batch->changes, &work->row, report->session.boot, batch->service_now, &work->timeouts);
}

/* What was stopped meanwhile is not to be booted once more. */
static void follow_retrial(struct batch *batch, struct batch_target *work, const struct report *report)
{
    struct target_row *row = &work->row;
    row->progress = 100;
    if (target_retrial(&batch->changes, row, report->session.boot, batch->service_now, &work->timeouts) &&
        !row->withdrawn &&
        (work->campaign_state == CAMPAIGN_HALTED || campaign_state_stops(work->campaign_state))) {
        row->withdrawn = true;
        target_touch(&batch->changes, row);
    }
}

/* It was silent, and is to be tried again, but is at work still. */
static void hold_offer(struct batch *batch, const struct batch_target *work, const struct report *report)
{
    const struct target_timeouts *timeouts = &work->timeouts;
    bool has_flipped = report->on_trial || report->is_retrial;
    array_put_integer(&batch->held[0], work->row.campaign);
    array_put_text(&batch->held[1], work->row.device);
    array_put_integer(&batch->held[2], timeouts->confirm + (has_flipped ? 0 : timeouts->download));
}

/* A device that is at work on an attempt has taken it, and on trial it has installed it, though the reports
 * that said so may be lost. */
static void follow_activity(struct batch *batch, const struct batch_device *device,
                            const struct report *report)
{
    struct batch_target *work = find_work(batch, report);
    if (work == NULL || report->work_attempt != work->row.attempt ||
        report->work_attempt == work->row.attempt_base)
        return;
    if (work->row.state == TARGET_PENDING)
        hold_offer(batch, work, report);
    if (!target_state_in_flight(work->row.state))
        return;
    bool is_older = presence_is_older(&device->presence, &report->session);
    if (report->is_retrial && !report->on_trial) {
        if (!is_older)
            follow_retrial(batch, work, report);
        return;
    }
    if (!report->on_trial && take_anew(batch, work))
        return;
    target_move(&batch->changes, &work->row, report->on_trial ? TARGET_EVENT_TRIAL : TARGET_EVENT_ACCEPTED,
                "", batch->service_now, &work->timeouts);
    if (report->on_trial && !is_older)
        follow_boot(batch, work, report);
}

static void handle_hello(struct batch *batch, struct batch_device *device, const struct report *report)
{
    if (report->hello.parsed.ptype != device->ptype) {
        ingest_reject(batch, report, REJECTION_BAD_MEMBER,
                      "version: is of another product type than the device");
        return;
    }
    if (report->has_result)
        handle_target(batch, device, report);
    ingest_take_last(batch, report);
    follow_activity(batch, device, report);
    /* Without a session its age is all that can be known of it: it answers what was asked before it came. */
    bool is_old = !is_news(batch, report) && report->session.number == 0;
    long long age = report->received_at > 0 ? batch->began - report->received_at : 0;
    if (!is_old && !presence_hello(&device->presence, &report->session, age <= device->asked_ago)) {
        /* Or it is the other one that is old; within a boot there is an order. */
        device->ask = device->ask || strcmp(report->session.boot, device->presence.session.boot) != 0;
        if (is_unexplained(device, report))
            note_strange(batch, device, report);
        return;
    }
    device->has_hello = true;
    device->hello_age = age;
    if (is_old)
        return;
    device->connected = true;
    if (!is_news(batch, report))
        return;
    device->reset_reason = report->reset_reason;
    device->can_changed = device->can_changed || strcmp(device->can, report->can) != 0;
    device->can = report->can;
    if (report->flash != NULL)
        device->flash = report->flash;
    if (is_old_trial(batch, report))
        return;
    /* After the result, which is older than the hello that carries it. */
    if (is_unexplained(device, report)) {
        device->ask = true;
        note_strange(batch, device, report);
    }
    note_running(device, &report->hello, report->on_trial ? "trial" : "confirmed");
    device->resend = !report->on_trial;
    device->is_busy = report->is_busy;
    const struct batch_target *work = report->on_trial ? NULL : find_work(batch, report);
    if (work != NULL)
        stop_work(batch, work, report, report->work_attempt, report->work_nonce);
}

static void handle_report(struct batch *batch, const struct report *report)
{
    if (report->kind == REPORT_REJECTED) {
        ingest_reject(batch, report, report->rejection, report->detail);
        return;
    }
    struct batch_device *device = ingest_find_device(batch, report->device);
    if (device == NULL && !ingest_is_of_target(report)) {
        reject_unknown(batch, report);
        return;
    }
    bool says_what_runs =
        report->kind == REPORT_HELLO || (ingest_is_of_target(report) && report->target.has_running);
    if (says_what_runs && !is_news(batch, report) && device != NULL)
        device->ask = true;
    switch (report->kind) {
    case REPORT_PRESENCE:
        if (presence_connection(&device->presence, &report->session, report->online))
            device->connected = device->connected || report->online;
        break;
    case REPORT_HELLO:
        handle_hello(batch, device, report);
        break;
    case REPORT_ANSWERED: /* write_answers */
        break;
    default:
        handle_target(batch, device, report);
        break;
    }
}

static void release_arrays(struct batch *batch)
{
    for (int i = 0; i < 2; i++)
        array_release(&batch->burnt[i]);
    for (int i = 0; i < 3; i++)
        array_release(&batch->held[i]);
    for (int i = 0; i < 4; i++)
        array_release(&batch->strange[i]);
}

static enum status ingest_work(struct store *store, void *context, struct error *error)
{
    struct batch *batch = context;
    arena_release(batch->arena); /* a repeated transaction starts from nothing */
    memset(batch->summary, 0, sizeof *batch->summary);
    memset(batch->rejected, 0, sizeof batch->rejected);
    memset(&batch->outbox, 0, sizeof batch->outbox);
    batch->first_rejection = NULL;
    batch->late = batch->foreign = NULL;
    release_arrays(batch);
    batch->last_rejection = &batch->first_rejection;
    changes_start(&batch->changes, batch->arena);
    batch->attempts++;
    batch->began = clock_milliseconds();
    if (ingest_load(batch, store, error) != STATUS_OK)
        return error->status;
    for (size_t i = 0; i < batch->count; i++)
        handle_report(batch, &batch->reports[i]);
    batch->summary->moved = batch->changes.event_count;
    return ingest_write(batch, store, error);
}

enum status ingest_batch(const struct engine *engine, struct store *store, const struct report *reports,
                         size_t count, struct ingest_summary *summary, struct error *error)
{
    struct arena arena = {0};
    struct batch batch = {
        .engine = engine, .reports = reports, .count = count, .summary = summary, .arena = &arena};
    enum status status = store_transaction(store, ingest_work, &batch, error);
    if (status == STATUS_OK) {
        outbox_publish(&batch.outbox, &engine->publisher);
        log_rejections(&batch);
    }
    release_arrays(&batch);
    arena_release(&arena);
    return status;
}
